"""The elements of a little endian data set that most files hold, walked over in one pass; what is unusual is left.

pydicom reads everything, at five times the cost. This reads top-level elements of known form, skips sequences without
looking into them but for their ends, and says so where a file needs more.
"""

from __future__ import annotations

import struct
from collections.abc import Container
from dataclasses import dataclass, field
from typing import Final, NamedTuple

UNDEFINED: Final = 0xFFFFFFFF
#: Value representations with a length of four bytes.
_LONG: Final = frozenset((b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"))
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_HEAD: Final = struct.Struct("<HH2sH")
_IMPLICIT_HEAD: Final = struct.Struct("<HHL")
_LENGTH: Final = struct.Struct("<L")


class Element(NamedTuple):
    """The bytes of a value."""

    value: bytes


@dataclass
class Walked:
    """What was found.

    Parameters
    ----------
    elements
        Those asked for, by tag.
    at_pixels
        Tag, first byte of the value and declared length of the first element at or beyond ``stop``.
    end
        Where the last element before it ends; beyond the data where that is cut.
    """

    elements: dict[int, Element] = field(default_factory=dict)
    at_pixels: tuple[int, int, int] | None = None
    end: int = 0


def walk_elements(data: bytes, begin: int, *, implicit: bool, wanted: Container[int], stop: int) -> Walked | None:
    """Walk from ``begin`` to the first element with a tag of ``stop`` or more.

    Returns
    -------
    Walked or None
        None where this walk is too simple: a value representation that is none, a wanted sequence of undefined
        length, anything cut within a sequence.
    """
    found = Walked(end=begin)
    at, size = begin, len(data)
    while at + 8 <= size:
        head = _head(data, at, implicit)
        if head is None:
            return None
        tag, start, length = head
        if tag in (_ITEM_END, _SEQUENCE_END) and length == 0:
            at = start  # of a sequence that was longer than its length says
            continue
        if tag >= stop:
            found.at_pixels = tag, start, length
            return found
        if length == UNDEFINED:
            after = -1 if tag in wanted else _sequence_end(data, start, implicit)
            if after < 0:
                return None
        else:
            after = start + length
            if tag in wanted and after <= size:
                found.elements[tag] = Element(data[start:after])
        found.end = at = after
    if at < size:
        found.end = size + 1  # cut within the head of an element
    return found


def name_value_representations(data: bytes, begin: int) -> bytes:
    """Give each top-level element of explicit VR whose value representation is none (hyphens, blanks) its own.

    How its length is written is then unknown too: the reading is taken after which a later element of known form
    begins. The first element without such a reading ends it.

    Returns
    -------
    Bytes of the same length; the same object where there is nothing to mend.
    """
    mended = None
    at, size = begin, len(data)
    while at + 12 <= size:
        head = _head(data, at, implicit=False)
        if head is None:
            head = _nameless_head(data, at)
            if head is None:
                break
            mended = bytearray(data) if mended is None else mended
            mended[at + 4 : at + 6] = _value_representation(head[0], is_long=head[1] == at + 12)
        _, start, length = head
        at = _sequence_end(data, start, implicit=False) if length == UNDEFINED else start + length
        if at < 0:
            break
    return data if mended is None else bytes(mended)


def lost_after(data: bytes, begin: int, *, implicit: bool) -> int:
    """Return the tag of the top-level element that is followed by what is no element; 0 where there is none."""
    last, at = 0, begin
    while 0 <= at <= len(data) - 8:
        head = _head(data, at, implicit)
        if head is None or head[0] <= last:
            return last
        last, start, length = head
        at = _sequence_end(data, start, implicit) if length == UNDEFINED else start + length
    return 0


def _nameless_head(data: bytes, at: int) -> tuple[int, int, int] | None:
    """Return tag, first byte of the value and length of an element whose value representation is none."""
    group, number, vr, short = _HEAD.unpack_from(data, at)
    tag = group << 16 | number
    for start, length in ((at + 8, short), (at + 12, _LENGTH.unpack_from(data, at + 8)[0])):
        after = start + length
        if vr not in _LONG and after + 8 <= len(data):
            next_group, next_number, next_vr, _ = _HEAD.unpack_from(data, after)
            if (next_group << 16 | next_number) > tag and (_is_known(next_vr) or next_vr == vr):
                return tag, start, length
    return None


def _is_known(vr: bytes) -> bool:
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
    return (group << 16 | number, at + 8, short) if _is_known(vr) else None


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
        if tag in (_ITEM_END, _SEQUENCE_END):
            depth -= 1
            at = start
        elif length == UNDEFINED:
            depth += 1
            at = start
        else:
            at = start + length
    return at if depth == 0 and at <= len(data) else -1
