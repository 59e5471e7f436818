"""Which transfer syntaxes are read, and one compressed frame to its stored values.

Decoders are permissively licensed: pyjpegls (JPEG-LS), openjpeg by pylibjpeg-openjpeg (JPEG 2000, HTJ2K), GDCM
by pydicom (JPEG Lossless, lossy JPEG of 8 and 12 bit) and pydicom's own (RLE). Each is asked only after the code
stream itself was seen to have the declared kind and size: two kilobytes can declare a gigabyte.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from ho_detect.acquisition.headers.slices import PixelFormat

Coding = Literal["jpeg", "jpeg-ls", "jpeg2000", "rle"]

BIG_ENDIAN: Final = "1.2.840.10008.1.2.2"
EXTENDED: Final = "1.2.840.10008.1.2.4.51"
#: Not compressed, or only as a whole data set.
PLAIN: Final = frozenset({"1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.1.99", BIG_ENDIAN})
#: Compressed frame by frame.
CODED: Final[dict[str, Coding]] = {
    "1.2.840.10008.1.2.4.50": "jpeg",  # baseline, 8 bit
    EXTENDED: "jpeg",  # 8 or 12 bit
    "1.2.840.10008.1.2.4.57": "jpeg",  # lossless
    "1.2.840.10008.1.2.4.70": "jpeg",  # lossless, first-order prediction
    "1.2.840.10008.1.2.4.80": "jpeg-ls",
    "1.2.840.10008.1.2.4.81": "jpeg-ls",  # near-lossless
    "1.2.840.10008.1.2.4.90": "jpeg2000",
    "1.2.840.10008.1.2.4.91": "jpeg2000",  # may be lossy
    "1.2.840.10008.1.2.4.201": "jpeg2000",  # high throughput
    "1.2.840.10008.1.2.4.202": "jpeg2000",
    "1.2.840.10008.1.2.4.203": "jpeg2000",  # high throughput, may be lossy
    "1.2.840.10008.1.2.5": "rle",
}
READABLE: Final = PLAIN | CODED.keys()


class CodingError(Exception):
    """A frame that cannot be decoded, with why."""


def decode_frame(data: bytes, pixels: PixelFormat) -> NDArray[np.uint16]:
    """Decode one frame.

    Parameters
    ----------
    data
        The frame's whole code stream.
    pixels
        What the header says of it.

    Returns
    -------
    ndarray
        (rows, columns) uint16: bit patterns of the stored values.

    Raises
    ------
    CodingError
        The code stream is broken, or is not what the header says. Decoders can raise anything, down to panics
        that are no Exception: all but what ends the program becomes a CodingError.
    """
    coding = CODED[pixels.transfer_syntax]
    check_codestream(data, coding, pixels)
    try:
        values = _DECODERS[coding](data, pixels)
    except (CodingError, KeyboardInterrupt, SystemExit, GeneratorExit, MemoryError):
        raise
    except BaseException as error:  # a Rust panic derives from BaseException
        raise CodingError(f"{coding} decoder: {type(error).__name__}") from error
    if values.size != pixels.rows * pixels.columns:
        raise CodingError(f"{values.size} values decoded for {pixels.rows}x{pixels.columns}")
    return values.reshape(pixels.rows, pixels.columns)


def check_codestream(data: bytes, coding: Coding, pixels: PixelFormat) -> None:
    """Check that a frame is of the declared coding and size, before it is decoded.

    Raises
    ------
    CodingError
        It is not, or it is longer than any such frame can be.
    """
    if len(data) > 2 * pixels.frame_bytes + 65536:
        raise CodingError(f"{len(data)} bytes of code for a frame of {pixels.frame_bytes}")
    if coding == "rle":
        segments = struct.unpack("<L", data[:4])[0] if len(data) >= 64 else 0
        if segments != pixels.frame_bytes // (pixels.rows * pixels.columns):
            raise CodingError(f"{segments} RLE segments for {pixels.bits_allocated} bits")
        return
    if coding == "jpeg-ls" and not data.rstrip(b"\0").endswith(b"\xff\xd9"):
        # on a stream that is cut CharLS can go on for many seconds
        raise CodingError("the code stream has no end marker")
    found = _jpeg2000_size(data) if coding == "jpeg2000" else _jpeg_size(data)
    if found is None or found[0] != coding:
        raise CodingError(f"not a {coding} code stream")
    if found[1:] != (pixels.rows, pixels.columns):
        raise CodingError(f"code stream of {found[1]}x{found[2]}, header says {pixels.rows}x{pixels.columns}")


def _jpeg2000_size(data: bytes) -> tuple[Coding, int, int] | None:
    # a bare code stream, or one in the boxes of the JP2 file format
    start = data[:4096].find(b"\xff\x4f\xff\x51")
    if start < 0 or len(data) < start + 24:
        return None
    right, bottom, left, top = struct.unpack(">4L", data[start + 8 : start + 24])
    return "jpeg2000", bottom - top, right - left


def _jpeg_size(data: bytes) -> tuple[Coding, int, int] | None:
    if data[:2] != b"\xff\xd8":
        return None
    at = 2
    while at + 9 <= len(data) and data[at] == 0xFF:
        marker, length = data[at + 1], struct.unpack(">H", data[at + 2 : at + 4])[0]
        is_frame = 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC)
        if is_frame or marker == 0xF7:
            rows, columns = struct.unpack(">HH", data[at + 5 : at + 9])
            return ("jpeg-ls" if marker == 0xF7 else "jpeg"), rows, columns
        at += 2 + length
    return None


def _decode_jpeg_ls(data: bytes, _pixels: PixelFormat) -> NDArray[np.uint16]:
    import jpeg_ls  # type: ignore[import-untyped]

    buffer, info = jpeg_ls.decode_pixel_data(data)
    if info["components"] != 1:
        raise CodingError(f"{info['components']} components")
    return np.frombuffer(buffer, "u1" if info["bits_per_sample"] <= 8 else "<u2").astype(np.uint16, copy=False)


def _decode_jpeg2000(data: bytes, pixels: PixelFormat) -> NDArray[np.uint16]:
    from openjpeg.utils import decode, get_parameters

    info = get_parameters(data)
    precision, signed = int(info["precision"]), bool(info["is_signed"])
    if info["samples_per_pixel"] != 1 or precision > 16:
        raise CodingError(f"{info['samples_per_pixel']} components of {precision} bits")
    if signed and not pixels.signed:
        raise CodingError("signed code stream, header says unsigned")
    values: NDArray[Any] = decode(data)
    if signed or not pixels.signed:
        return values.astype(np.int16 if signed else np.uint16).view(np.uint16)
    # some writers code the bits of signed values as unsigned ones
    shift = 16 - precision
    return ((values.astype(np.uint16) << shift).view(np.int16) >> shift).view(np.uint16)


def _decode_by_pydicom(data: bytes, pixels: PixelFormat) -> NDArray[np.uint16]:
    from pydicom.encaps import encapsulate
    from pydicom.pixels.decoders.base import get_decoder
    from pydicom.uid import JPEGLossless

    # pydicom refuses 12-bit extended JPEG in GDCM's name; GDCM goes by the code stream and decodes it as DCMTK does
    syntax = JPEGLossless if pixels.transfer_syntax == EXTENDED else pixels.transfer_syntax
    # given as bytes of a single frame: the decoder then never sees the rest of the header
    buffer, _ = get_decoder(syntax).as_buffer(
        encapsulate([data], has_bot=False),
        decoding_plugin="pydicom" if CODED[pixels.transfer_syntax] == "rle" else "gdcm",
        rows=pixels.rows,
        columns=pixels.columns,
        number_of_frames=1,
        samples_per_pixel=1,
        bits_allocated=pixels.bits_allocated,
        bits_stored=pixels.bits_stored,
        pixel_representation=int(pixels.signed),
        photometric_interpretation="MONOCHROME2",
        pixel_keyword="PixelData",
    )
    return np.frombuffer(buffer, "u1" if pixels.bits_allocated == 8 else "<u2").astype(np.uint16, copy=False)


_DECODERS: Final[dict[Coding, Callable[[bytes, PixelFormat], NDArray[np.uint16]]]] = {
    "jpeg": _decode_by_pydicom,
    "jpeg-ls": _decode_jpeg_ls,
    "jpeg2000": _decode_jpeg2000,
    "rle": _decode_by_pydicom,
}
