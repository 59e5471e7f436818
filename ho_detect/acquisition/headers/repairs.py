"""Bytes of a broken little endian header to bytes that pydicom reads, of the same length; where it cannot be mended.

Only looked at when pydicom has failed: value representations that are none, and delimiters that are left over.
"""

from __future__ import annotations

import struct
from typing import Final

#: Elements from here on are pixels (float, double, integer pixel data).
PIXELS: Final = 0x7FE00008
UNDEFINED: Final = 0xFFFFFFFF
#: Value representations with a length of four bytes.
_LONG: Final = frozenset((b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"))
#: The ends of an item and of a sequence.
DELIMITERS: Final = (0xFFFEE00D, 0xFFFEE0DD)
_HEAD: Final = struct.Struct("<HH2sH")
_IMPLICIT_HEAD: Final = struct.Struct("<HHL")
_LENGTH: Final = struct.Struct("<L")
#: An empty element that nobody asks for, as long as a delimiter.
_BLANK: Final = 0x00090000
_BLANKS: Final = {True: _IMPLICIT_HEAD.pack(9, 0, 0), False: _HEAD.pack(9, 0, b"UL", 0)}


def mended(data: bytes, begin: int, *, implicit: bool) -> bytes:
    """Mend what can be mended of the top-level elements before the pixels.

    A value representation that is none (hyphens, blanks) is replaced by the element's own. How its length is written is
    then unknown too: the reading is taken after which a later element of known form begins. A delimiter that is left
    over, as behind a sequence that is longer than it says, becomes an empty element. The first element that is neither
    ends it.

    Returns
    -------
    Bytes of the same length; the same object where there is nothing to mend.
    """
    changed = None
    at, size = begin, len(data)
    while 0 <= at <= size - 8:
        head = _head(data, at, implicit)
        if head is None:
            head = _nameless_head(data, at)
            if head is None:
                break
            changed = bytearray(data) if changed is None else changed
            changed[at + 4 : at + 6] = _value_representation(head[0], is_long=head[1] == at + 12)
        tag, start, length = head
        if tag in DELIMITERS and length == 0:
            changed = bytearray(data) if changed is None else changed
            changed[at:start] = _BLANKS[implicit]
        elif tag >= PIXELS:
            break
        at = _sequence_end(data, start, implicit) if length == UNDEFINED else start + length
    return data if changed is None else bytes(changed)


def lost_after(data: bytes, begin: int, *, implicit: bool) -> int:
    """Return the tag of the top-level element that is followed by what is no element; 0 where there is none."""
    last, at = 0, begin
    while 0 <= at <= len(data) - 8:
        head = _head(data, at, implicit)
        if head is None or head[0] <= last:
            return last
        tag, start, length = head
        last = last if tag == _BLANK else tag
        at = _sequence_end(data, start, implicit) if length == UNDEFINED else start + length
    return 0


def _nameless_head(data: bytes, at: int) -> tuple[int, int, int] | None:
    """Return tag, first byte of the value and length of an element whose value representation is none."""
    if at + 12 > len(data):
        return None
    group, number, vr, short = _HEAD.unpack_from(data, at)
    tag = group << 16 | number
    for start, length in ((at + 8, short), (at + 12, _LENGTH.unpack_from(data, at + 8)[0])):
        after = start + length
        if vr not in _LONG and after + 8 <= len(data):
            next_group, next_number, next_vr, _ = _HEAD.unpack_from(data, after)
            if (next_group << 16 | next_number) > tag and (is_known(next_vr) or next_vr == vr):
                return tag, start, length
    return None


def is_known(vr: bytes) -> bool:
    """Whether two bytes have the form of a value representation."""
    return vr.isalpha() and vr.isupper()


def _value_representation(tag: int, *, is_long: bool) -> bytes:
    """Return what the dictionary says of a tag, or another one with a length of the same size."""
    from pydicom.datadict import dictionary_VR

    try:
        vr = dictionary_VR(tag).encode()[:2]
    except KeyError:  # private
        vr = b"UN"
    return vr if (vr in _LONG) == is_long else b"UN" if is_long else b"LO"


def _head(data: bytes, at: int, implicit: bool) -> tuple[int, int, int] | None:
    """Return tag, first byte of the value and length of the element (or item) at a place."""
    if implicit:
        group, number, length = _IMPLICIT_HEAD.unpack_from(data, at)
        return group << 16 | number, at + 8, length
    group, number, vr, short = _HEAD.unpack_from(data, at)
    if group == 0xFFFE:
        return group << 16 | number, at + 8, _LENGTH.unpack_from(data, at + 4)[0]
    if vr in _LONG:
        if at + 12 > len(data):
            return None
        return group << 16 | number, at + 12, _LENGTH.unpack_from(data, at + 8)[0]
    return (group << 16 | number, at + 8, short) if is_known(vr) else None


def _sequence_end(data: bytes, at: int, implicit: bool) -> int:
    """Return what follows a sequence of undefined length whose first item is at a place; -1 where it does not end.

    Without recursion: nesting without end costs no more than its bytes.
    """
    depth = 1  # open sequences and items of undefined length
    while depth and at + 8 <= len(data):
        head = _head(data, at, implicit)
        if head is None:
            return -1
        tag, start, length = head
        if tag in DELIMITERS:
            depth -= 1
            at = start
        elif length == UNDEFINED:
            depth += 1
            at = start
        else:
            at = start + length
    return at if depth == 0 and at <= len(data) else -1
