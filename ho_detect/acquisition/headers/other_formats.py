"""Files that are no DICOM and may hold images all the same: packed ones, and images of research formats."""

from __future__ import annotations

import zlib
from typing import Final, Literal, NamedTuple

from ho_detect.acquisition.headers.archives import open_input
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
}
_GZIP: Final = b"\x1f\x8b\x08"
#: Of a gzip file no more is inflated to see what it holds.
_PEEK_BYTES: Final = 1024


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
    except OSError:
        return None
    for magic, name in _PACKED.items():
        if head.startswith(magic):
            return OtherFormat(name, "packed")
    if head.startswith(_GZIP):
        return _in_gzip(head)
    return _plain(head)


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
    if head.startswith((b"ObjectType = Image", b"ObjectType=Image")):
        return OtherFormat("MetaImage", "image")
    return None
