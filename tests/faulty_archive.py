"""A small DICOMweb archive on this machine, in memory, that can be told to answer as faulty ones do."""

from __future__ import annotations

import json
import re
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pydicom

JSON, BOUNDARY = "application/dicom+json", "part"


@dataclass
class Archive:
    """What it holds (study, series, instance to file), what it was asked, and its faults by method and pattern of path.

    A fault is a status, or a status with the body and its media type.
    """

    files: dict[str, dict[str, dict[str, Path]]] = field(default_factory=dict)
    faults: dict[tuple[str, str], int | tuple[int, bytes, str]] = field(default_factory=dict)
    metadata: dict[str, object] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    stored: list[str] = field(default_factory=list)
    sent_headers: list[dict[str, str]] = field(default_factory=list)
    url: str = ""

    def add(self, paths: list[Path]) -> None:
        for path in paths:
            ds = pydicom.dcmread(path, stop_before_pixels=True)
            series = self.files.setdefault(ds.StudyInstanceUID, {}).setdefault(ds.SeriesInstanceUID, {})
            series[ds.SOPInstanceUID] = path

    def answer(self, method: str, path: str, query: dict[str, list[str]], body: bytes) -> tuple[int, bytes, str]:
        self.asked.append(f"{method} {path}")
        for (of_method, pattern), fault in self.faults.items():
            if of_method == method and re.search(pattern, path):
                return fault if isinstance(fault, tuple) else (fault, b"", "text/plain")
        parts = path.split("/")[2:]
        if method == "POST":
            return self._store(body)
        found: object
        if parts == ["studies"]:
            found = [_uid("0020000D", study) for study in self.files]
        else:
            series = self.files.get(parts[1], {})
            if len(parts) == 3:
                found = [_uid("0020000E", uid) for uid in series]
            elif len(parts) == 4:
                return self._series(list(series[parts[3]].values()))
            elif parts[-1] == "metadata":
                ds = pydicom.dcmread(series[parts[3]][parts[5]], stop_before_pixels=True)
                return 200, json.dumps([ds.to_json_dict() | self.metadata]).encode(), JSON
            else:
                found = [_uid("00080018", uid) for uid in series.get(parts[3], {})]
        return 200, json.dumps(found[int(query.get("offset", ["0"])[0]) :]).encode(), JSON

    def _series(self, paths: list[Path]) -> tuple[int, bytes, str]:
        parts = [b"--part\r\nContent-Type: application/dicom\r\n\r\n" + path.read_bytes() + b"\r\n" for path in paths]
        return 200, b"".join(parts) + b"--part--\r\n", 'multipart/related; type="application/dicom"; boundary=part'

    def _store(self, body: bytes) -> tuple[int, bytes, str]:
        uids = [uid.decode().strip("\0") for uid in re.findall(rb"\x08\x00\x18\x00UI..([0-9.]+)", body)]
        self.stored += uids
        answer = {"00081199": {"vr": "SQ", "Value": [_uid("00081155", uid) for uid in uids]}}
        return 200, json.dumps(answer).encode(), JSON


def _uid(tag: str, uid: str) -> dict[str, object]:
    return {tag: {"vr": "UI", "Value": [uid]}}


@contextmanager
def serving(archive: Archive, certificate: tuple[Path, Path] | None = None) -> Iterator[Archive]:
    """Serve an archive while the block lasts; its address is ``archive.url``."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version, wbufsize, disable_nagle_algorithm = "HTTP/1.1", 1 << 16, True

        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            self._answer(b"")

        def do_POST(self) -> None:
            length = self.headers.get("Content-Length")
            self._answer(self.rfile.read(int(length)) if length else b"".join(iter(self._chunk, b"")))

        def _chunk(self) -> bytes:
            data = self.rfile.read(int(self.rfile.readline(), 16))
            self.rfile.readline()
            return data

        def _answer(self, body: bytes) -> None:
            archive.sent_headers.append(dict(self.headers))
            url = urlsplit(self.path)
            status, data, kind = archive.answer(self.command, url.path, parse_qs(url.query), body)
            if status == 0:
                self.close_connection = True  # without a word
                return
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    archive.url = f"http{'' if certificate is None else 's'}://127.0.0.1:{server.server_address[1]}/dicom-web"
    try:
        yield archive
    finally:
        server.shutdown()
        server.server_close()
