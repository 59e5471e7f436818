"""Slices to their stored values, one at a time: read, inflate or decode."""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ho_detect.acquisition.headers.archives import file_of, open_input
from ho_detect.acquisition.headers.slices import PixelFormat, SliceEntry
from ho_detect.acquisition.volume.codecs import BIG_ENDIAN, CODED, CodingError, decode_frame
from ho_detect.errors import SeriesError, named

_UNDEFINED = 0xFFFFFFFF
_ITEM = b"\xfe\xff\x00\xe0"


class PixelReader:
    """Reads stored values slice by slice; of a multi-frame file that must be taken as a whole, the last is kept."""

    def __init__(self) -> None:
        self._path: Path | None = None
        self._frames: list[bytes] = []

    def read(self, image: SliceEntry) -> NDArray[np.uint16]:
        """Return the bit patterns of one slice's stored values, (rows, columns) uint16; junk bits included.

        Raises
        ------
        SeriesError
            unreadable: the file is gone or has changed; decode_failed: cut short, of another size than its
            header says, or not decodable.
        """
        pixels = image.pixels
        try:
            _check_bits(pixels)
            if pixels.transfer_syntax not in CODED:
                _check_length(pixels)
                kept = pixels.deflated or (pixels.n_frames > 1 and file_of(image.path) != image.path)
                return _checked(_as_array(self._frame(image) if kept else _plain_frame(image), pixels), image)
            return decode_frame(self._frame(image), pixels)
        except CodingError as error:
            raise SeriesError("decode_failed", f"{named(image.path)}: {error}") from error
        except OSError as error:
            raise SeriesError("unreadable", f"{named(image.path)}: {error.strerror}") from error

    def _frame(self, image: SliceEntry) -> bytes:
        if image.path != self._path:
            pixels = image.pixels
            coded = pixels.transfer_syntax in CODED
            self._frames = (_coded_frames if coded else _inflated_frames if pixels.deflated else _plain_frames)(image)
            self._path = image.path
        return self._frames[image.frame]


def is_plain(pixels: PixelFormat) -> bool:
    """Whether a slice is a file's only one, its values as they are: it can be read beside others."""
    return pixels.transfer_syntax not in CODED and not pixels.deflated and pixels.n_frames == 1


def _check_bits(pixels: PixelFormat) -> None:
    if pixels.samples != 1 or pixels.bits_allocated not in (8, 16):
        raise CodingError(f"{pixels.samples} samples of {pixels.bits_allocated} bits")
    if not pixels.bits_stored <= pixels.high_bit + 1 <= pixels.bits_allocated or pixels.bits_stored < 1:
        raise CodingError(f"{pixels.bits_stored} bits stored below bit {pixels.high_bit} of {pixels.bits_allocated}")


def _check_length(pixels: PixelFormat) -> None:
    expected = pixels.frame_bytes * pixels.n_frames
    if pixels.length not in (expected, expected + expected % 2):
        what = "encapsulated" if pixels.length == _UNDEFINED else f"{pixels.length} bytes"
        raise CodingError(f"pixel data are {what}, header says {expected} bytes")


def _checked(stored: NDArray[np.uint16], image: SliceEntry) -> NDArray[np.uint16]:
    """Refuse unsigned values that need more bits than are said to be stored, in some pixels only.

    The same bits above the stored ones in all pixels are junk, and an overlay may lie there where the header says so.
    """
    pixels = image.pixels
    bits = pixels.bits_stored
    if pixels.signed or pixels.high_bit != bits - 1 or bits >= pixels.bits_allocated or image.overlay_in_pixels:
        return stored
    highest, lowest = int(stored.max()), int(stored.min())
    if highest >> bits and highest >> bits != lowest >> bits and _values_above(stored, image):
        raise SeriesError("not_hu", f"{named(image.path)}: value {highest} where {bits} bits are stored")
    return stored


def _values_above(stored: NDArray[np.uint16], image: SliceEntry) -> bool:
    """Whether values beyond the stored bits are other than the declared padding."""
    above = stored[stored >> image.pixels.bits_stored > 0]
    padding = image.rescale.padding
    return padding is None or bool(((above < padding[0]) | (above > padding[1])).any())


def _as_array(data: bytes, pixels: PixelFormat) -> NDArray[np.uint16]:
    if len(data) < pixels.frame_bytes:
        raise CodingError(f"file ends after {len(data)} of {pixels.frame_bytes} bytes of pixels")
    order = ">" if pixels.transfer_syntax == BIG_ENDIAN else "<"
    values = np.frombuffer(data, f"{order}u{pixels.bits_allocated // 8}").astype(np.uint16, copy=False)
    return values.reshape(pixels.rows, pixels.columns)


def _plain_frame(image: SliceEntry) -> bytes:
    n = image.pixels.frame_bytes
    return _bytes_at(image, image.pixels.offset + image.frame * n, n)


def _plain_frames(image: SliceEntry) -> list[bytes]:
    """Read all frames at once: in an archive each would be inflated from the start of the file."""
    n, start = image.pixels.frame_bytes, image.pixels.offset
    if start + n * image.pixels.n_frames > image.size_bytes:
        raise CodingError(f"file of {image.size_bytes} bytes for {image.pixels.n_frames} frames of {n}")
    data = _bytes_at(image, start, n * image.pixels.n_frames)
    return [data[k * n : (k + 1) * n] for k in range(image.pixels.n_frames)]


def _coded_frames(image: SliceEntry) -> list[bytes]:
    from pydicom.encaps import generate_frames

    pixels = image.pixels
    if pixels.length != _UNDEFINED:
        raise CodingError("pixel data are not encapsulated, header says compressed")
    if image.size_bytes - pixels.offset > 2 * pixels.frame_bytes * pixels.n_frames + (1 << 20):
        raise CodingError(f"{image.size_bytes} bytes for {pixels.n_frames} frames of {pixels.frame_bytes}")
    data = _without_trailing_zeros(_bytes_at(image, pixels.offset, image.size_bytes - pixels.offset))
    try:
        frames = list(generate_frames(data, number_of_frames=pixels.n_frames))
    except Exception as error:
        raise CodingError(f"broken encapsulation: {type(error).__name__}") from error
    if len(frames) != pixels.n_frames:
        raise CodingError(f"{len(frames)} frames, header says {pixels.n_frames}")
    return frames


def _without_trailing_zeros(data: bytes) -> bytes:
    """Return encapsulated pixels up to the end of their last fragment where only zeros follow, without a delimiter.

    Some writers leave room there; what ends within a fragment stays as it is, and is refused by its reader.
    """
    at = 0
    while data[at : at + 4] == _ITEM and at + 8 <= len(data):
        at += 8 + int.from_bytes(data[at + 4 : at + 8], "little")
    rest = data[at:]
    return data[:at] if rest and at and not rest.strip(b"\0") else data


def _inflated_frames(image: SliceEntry) -> list[bytes]:
    """Inflate a data set, but no further than its pixels: what follows can be without end."""
    pixels = image.pixels
    whole = pixels.offset + pixels.frame_bytes * pixels.n_frames
    if image.size_bytes > 2 * whole + (1 << 20):
        raise CodingError(f"{image.size_bytes} bytes for a data set of {whole}")
    data = _bytes_at(image, 0, image.size_bytes)
    try:
        inflated = zlib.decompressobj(-15).decompress(data[_deflated_start(data) :], whole)
    except zlib.error as error:
        raise CodingError(f"broken deflated data: {error}") from error
    starts = range(pixels.offset, whole, pixels.frame_bytes)
    return [inflated[start : start + pixels.frame_bytes] for start in starts]


def _bytes_at(image: SliceEntry, start: int, n: int) -> bytes:
    with open_input(image.path) as file:
        if file.seek(0, 2) != image.size_bytes:
            raise CodingError("the file has changed since it was found")
        file.seek(start)
        parts = []
        while n > 0 and (part := file.read(n)):
            parts.append(part)
            n -= len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _deflated_start(data: bytes) -> int:
    """Return the length of what comes before the deflated data set: preamble and file meta information."""
    from io import BytesIO

    from pydicom.filereader import data_element_generator

    stream = BytesIO(data[: 1 << 20])
    stream.seek(132 if data[128:132] == b"DICM" else 0)
    for _ in data_element_generator(stream, False, True, lambda tag, _vr, _n: tag >> 16 != 2):
        pass
    return stream.tell()
