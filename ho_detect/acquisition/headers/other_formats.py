"""Files that are no DICOM and may hold images all the same: packed ones, and images of research formats."""

from __future__ import annotations

import io
import zipfile
import zlib
from typing import Final, Literal, NamedTuple

from ho_detect.acquisition.headers.archives import is_member, open_input
from ho_detect.acquisition.headers.files import FoundFile
from ho_detect.acquisition.headers.walking import looks_like_dicom

#: First bytes of what is packed in a way that is not read here.
_PACKED: Final = {
    b"7z\xbc\xaf\x27\x1c": "7z archive",
    b"Rar!\x1a\x07": "RAR archive",
    b"\xfd7zXZ\0": "xz-compressed file",
    b"BZh": "bzip2-compressed file",
    b"\x28\xb5\x2f\xfd": "zstd-compressed file",
    b"\x04\x22\x4d\x18": "lz4-compressed file",
    b"LZIP": "lzip-compressed file",
    b"\x1f\x9d\x90": "file packed by compress",
    b"070701": "cpio archive",
    b"070702": "cpio archive",
    b"070707": "cpio archive",
}
#: What a zip archive begins with: one within another is not looked into.
_ZIP: Final = b"PK\x03\x04"
#: Where the image of a CD or DVD says that it is one, and how.
_CD: Final = (0x8001, b"CD001")
_GZIP: Final = b"\x1f\x8b\x08"
#: Of a gzip file no more is inflated to see what it holds.
_PEEK_BYTES: Final = 1024
#: So many files of an archive within an archive are looked at.
_FIRST_FILES: Final = 50


class OtherFormat(NamedTuple):
    """What a file is, and whether a CT series may be in it."""

    name: str
    kind: Literal["packed", "image"]


def other_format(found: FoundFile) -> OtherFormat | None:
    """Tell by its first bytes what a file is that is no DICOM; None: nothing that could hold images.

    A file that cannot be read is None: whoever opened it before has said so.
    """
    try:
        with open_input(found.path) as file:
            head = file.read(_PEEK_BYTES) or b""
            file.seek(_CD[0])
            on_cd = file.read(len(_CD[1])) == _CD[1]
            is_inner = head.startswith(_ZIP) and is_member(found.path) and found.path.suffix.lower() == ".zip"
            of_dicom = is_inner and _holds_dicom(file)
    except OSError:
        return None
    if on_cd:
        return OtherFormat("image of a CD or DVD", "packed")
    if of_dicom:
        return OtherFormat("zip archive in an archive", "packed")
    for magic, name in _PACKED.items():
        if head.startswith(magic):
            return OtherFormat(name, "packed")
    if head.startswith(_GZIP):
        return _in_gzip(head)
    return _plain(head)


def _holds_dicom(archive: io.RawIOBase) -> bool:
    """Whether DICOM files are among the first of a zip archive; also where it cannot be looked into."""
    try:
        with zipfile.ZipFile(io.BufferedReader(archive)) as opened:
            files = [info for info in opened.infolist() if not info.is_dir()]
            for info in files[:_FIRST_FILES]:
                with opened.open(info) as file:
                    if looks_like_dicom(file.read(_PEEK_BYTES)):
                        return True
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, NotImplementedError, RuntimeError):
        return True
    return False


def _in_gzip(head: bytes) -> OtherFormat | None:
    try:
        inside = zlib.decompressobj(31).decompress(head, _PEEK_BYTES)
    except zlib.error:
        return OtherFormat("gzip file that cannot be inflated", "packed")
    if looks_like_dicom(inside):
        return OtherFormat("gzip-compressed DICOM file", "packed")
    found = _plain(inside)
    if found is None:
        return None
    return OtherFormat(f"gzip-compressed {found.name}", found.kind)


def _plain(head: bytes) -> OtherFormat | None:
    if head[257:262] == b"ustar":
        return OtherFormat("tar archive", "packed")
    if head[344:348] in (b"n+1\0", b"ni1\0") or head[4:8] in (b"n+2\0", b"ni2\0"):
        return OtherFormat("NIfTI image", "image")
    if head.startswith(b"NRRD000"):
        return OtherFormat("NRRD image", "image")
    if head[:4] in (b"\x5c\x01\0\0", b"\0\0\x01\x5c") and head[38:39] == b"r":
        return OtherFormat("Analyze image", "image")
    if head.startswith((b"ObjectType = Image", b"ObjectType=Image")) or (
        head.startswith(b"NDims") and b"ElementDataFile" in head
    ):
        return OtherFormat("MetaImage", "image")
    return None
