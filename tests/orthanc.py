"""A real archive on a free port of this machine, for the time of a test."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")
PROGRAM = shutil.which("Orthanc") or shutil.which("Orthanc", path="/usr/sbin:/usr/local/sbin")
USER, PASSWORD = "reader", "of-tests-only"


def is_there() -> bool:
    return PROGRAM is not None and PLUGIN.exists()


@contextmanager
def archive(folder: Path, *, with_password: bool = False) -> Iterator[str]:
    """Start Orthanc with its DICOMweb plug-in; give the root of its DICOMweb services."""
    port, dicom_port = _free_ports(2)
    settings = {
        "Name": "test",
        "StorageDirectory": str(folder / "storage"),
        "IndexDirectory": str(folder / "index"),
        "Plugins": [str(PLUGIN)],
        "HttpPort": port,
        "DicomPort": dicom_port,
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": with_password,
        "RegisteredUsers": {USER: PASSWORD},
        "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "orthanc.json").write_text(json.dumps(settings))
    root = f"http://127.0.0.1:{port}"
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([PROGRAM, str(folder / "orthanc.json")], stdout=log, stderr=log)
        try:
            _wait(process, f"{root}/system")
            yield f"{root}/dicom-web"
        finally:
            process.terminate()
            process.wait(30)


def put(url: str, paths: list[Path]) -> None:
    """Store files by Orthanc's own interface."""
    for path in paths:
        requests.post(url.replace("/dicom-web", "/instances"), data=path.read_bytes(), timeout=30).raise_for_status()


def _wait(process: subprocess.Popen[bytes], url: str) -> None:
    for _ in range(600):
        if process.poll() is not None:
            raise RuntimeError(f"Orthanc ended with status {process.returncode}")
        try:
            if requests.get(url, timeout=5).status_code in (200, 401):
                return
        except requests.ConnectionError:
            time.sleep(0.1)
    raise RuntimeError("Orthanc does not answer")


def _free_ports(n: int) -> list[int]:
    sockets = [socket.socket() for _ in range(n)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports
