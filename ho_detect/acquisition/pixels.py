"""Slices to their stored values, one at a time: read, inflate or decode."""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ho_detect.acquisition.codecs import BIG_ENDIAN, CODED, CodingError, decode_frame
from ho_detect.acquisition.slices import PixelFormat, SliceEntry
from ho_detect.errors import SeriesError

_UNDEFINED = 0xFFFFFFFF


def read_stored(image: SliceEntry) -> NDArray[np.uint16]:
    """Return the bit patterns of one slice's stored values, (rows, columns) uint16; junk bits included.

    Raises
    ------
    SeriesError
        unreadable: the file is gone or has changed; decode_failed: cut short, of another size than its header
        says, or not decodable.
    """
    pixels = image.pixels
    name = image.path.name
    try:
        _check_bits(pixels)
        return _read_coded(image) if pixels.transfer_syntax in CODED else _read_plain(image)
    except CodingError as error:
        raise SeriesError("decode_failed", f"{name}: {error}") from error
    except OSError as error:
        raise SeriesError("unreadable", f"{name}: {error.strerror}") from error


def _check_bits(pixels: PixelFormat) -> None:
    if pixels.samples != 1 or pixels.bits_allocated not in (8, 16):
        raise CodingError(f"{pixels.samples} samples of {pixels.bits_allocated} bits")
    if not pixels.bits_stored <= pixels.high_bit + 1 <= pixels.bits_allocated or pixels.bits_stored < 1:
        raise CodingError(f"{pixels.bits_stored} bits stored below bit {pixels.high_bit} of {pixels.bits_allocated}")


def _read_plain(image: SliceEntry) -> NDArray[np.uint16]:
    pixels = image.pixels
    expected = pixels.frame_bytes * pixels.n_frames
    if pixels.length not in (expected, expected + expected % 2):
        what = "encapsulated" if pixels.length == _UNDEFINED else f"{pixels.length} bytes"
        raise CodingError(f"pixel data are {what}, header says {expected} bytes")
    if pixels.deflated:
        data = _inflated(image.path, pixels, expected)[pixels.offset :]
    else:
        data = _bytes_at(image, pixels.offset + image.frame * pixels.frame_bytes, pixels.frame_bytes)
    start = image.frame * pixels.frame_bytes if pixels.deflated else 0
    data = data[start : start + pixels.frame_bytes]
    if len(data) < pixels.frame_bytes:
        raise CodingError(f"file ends after {len(data)} of {pixels.frame_bytes} bytes of pixels")
    order = ">" if pixels.transfer_syntax == BIG_ENDIAN else "<"
    values = np.frombuffer(data, f"{order}u{pixels.bits_allocated // 8}").astype(np.uint16, copy=False)
    return values.reshape(pixels.rows, pixels.columns)


def _read_coded(image: SliceEntry) -> NDArray[np.uint16]:
    from pydicom.encaps import generate_frames

    pixels = image.pixels
    if pixels.length != _UNDEFINED:
        raise CodingError("pixel data are not encapsulated, header says compressed")
    if image.size_bytes - pixels.offset > 2 * pixels.frame_bytes * pixels.n_frames + (1 << 20):
        raise CodingError(f"{image.size_bytes} bytes for {pixels.n_frames} frames of {pixels.frame_bytes}")
    data = _bytes_at(image, pixels.offset, image.size_bytes - pixels.offset)
    try:
        frames = list(generate_frames(data, number_of_frames=pixels.n_frames))
    except Exception as error:
        raise CodingError(f"broken encapsulation: {type(error).__name__}") from error
    if len(frames) != pixels.n_frames:
        raise CodingError(f"{len(frames)} frames, header says {pixels.n_frames}")
    return decode_frame(frames[image.frame], pixels)


def _bytes_at(image: SliceEntry, start: int, n: int) -> bytes:
    with image.path.open("rb", buffering=0) as file:
        if file.seek(0, 2) != image.size_bytes:
            raise CodingError("the file has changed since it was found")
        file.seek(start)
        parts = []
        while n > 0 and (part := file.read(n)):
            parts.append(part)
            n -= len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _inflated(path: Path, pixels: PixelFormat, expected: int) -> bytes:
    """Inflate a data set, but no further than its pixels: what follows can be without end."""
    data = path.read_bytes()
    start = _deflated_start(data)
    try:
        return zlib.decompressobj(-15).decompress(data[start:], pixels.offset + expected)
    except zlib.error as error:
        raise CodingError(f"broken deflated data: {error}") from error


def _deflated_start(data: bytes) -> int:
    """Return the length of what comes before the deflated data set: preamble and file meta information."""
    from io import BytesIO

    from pydicom.filereader import data_element_generator

    stream = BytesIO(data[: 1 << 20])
    stream.seek(132 if data[128:132] == b"DICM" else 0)
    for _ in data_element_generator(stream, False, True, lambda tag, _vr, _n: tag >> 16 != 2):
        pass
    return stream.tell()
