"""Structured damage to DICOM files: one fault at a time, of a kind, in explicit VR files held in memory.

Each mutation takes a generator and the files of a series and returns the files damaged. ``exact`` says that a reader
can tell: the series must be refused, come out as before, or carry a flag. Where it is False the damaged file is a
valid one of other content (a slope of 1 to a slope of 3), which no reader can tell; its geometry must hold.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

Files = list[bytes]


class Mutation(NamedTuple):
    name: str
    apply: Callable[[np.random.Generator, Files], Files]
    exact: bool


#: Value representation and tag, as they stand in an explicit VR little endian file.
TAGS = {
    "ImagePositionPatient": b"\x20\x00\x32\x00DS",
    "ImageOrientationPatient": b"\x20\x00\x37\x00DS",
    "PixelSpacing": b"\x28\x00\x30\x00DS",
    "FrameOfReferenceUID": b"\x20\x00\x52\x00UI",
    "SOPInstanceUID": b"\x08\x00\x18\x00UI",
    "SeriesInstanceUID": b"\x20\x00\x0e\x00UI",
    "StudyInstanceUID": b"\x20\x00\x0d\x00UI",
    "SOPClassUID": b"\x08\x00\x16\x00UI",
    "Modality": b"\x08\x00\x60\x00CS",
    "ImageType": b"\x08\x00\x08\x00CS",
    "Rows": b"\x28\x00\x10\x00US",
    "Columns": b"\x28\x00\x11\x00US",
    "SamplesPerPixel": b"\x28\x00\x02\x00US",
    "BitsAllocated": b"\x28\x00\x00\x01US",
    "TransferSyntaxUID": b"\x02\x00\x10\x00UI",
    "SliceThickness": b"\x18\x00\x50\x00DS",
    "InstanceNumber": b"\x20\x00\x13\x00IS",
}
#: Valid values of these change what pixels mean.
MEANING = {
    "RescaleSlope": b"\x28\x00\x53\x10DS",
    "RescaleIntercept": b"\x28\x00\x52\x10DS",
    "BitsStored": b"\x28\x00\x01\x01US",
    "HighBit": b"\x28\x00\x02\x01US",
    "PixelRepresentation": b"\x28\x00\x03\x01US",
}
TEXTS = (b"nan", b"abc", b"-1", b"0", b"", b"inf", b"1e99", b"1\\2", b"\\\\\\", b"\xff\xfe", b"1e-30", b"9" * 60)
NUMBERS = (0, 1, 2, 3, 7, 8, 16, 39, 41, 255, 4096, 32768, 65535)
SYNTAXES = ("1.2.840.10008.1.2", "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.5",
            "1.2.840.10008.1.2.4.70", "1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.90", "1.2.3")  # fmt: skip
PIXELS = b"\xe0\x7f\x10\x00"


def element(data: bytes, tag: bytes) -> tuple[int, int, int] | None:
    """First byte of an element, of its value, and of what follows; None where it is not there."""
    start = data.find(tag)
    if start < 0:
        return None
    length = int.from_bytes(data[start + 6 : start + 8], "little")
    return start, start + 8, start + 8 + length


def with_value(data: bytes, tag: bytes, value: bytes) -> bytes:
    at = element(data, tag)
    if at is None:
        return data
    value += b"\0" * (len(value) % 2)
    return data[: at[0]] + tag + len(value).to_bytes(2, "little") + value + data[at[2] :]


def in_one(change: Callable[[np.random.Generator, bytes], bytes]) -> Callable[[np.random.Generator, Files], Files]:
    """Damage one file that is neither the first nor the last of its stack: without those a series is whole."""

    def apply(rng: np.random.Generator, files: Files) -> Files:
        k = int(rng.integers(1, len(files) - 1))
        return [*files[:k], change(rng, files[k]), *files[k + 1 :]]

    return apply


def in_all(change: Callable[[np.random.Generator, bytes], bytes]) -> Callable[[np.random.Generator, Files], Files]:
    def apply(rng: np.random.Generator, files: Files) -> Files:
        seed = int(rng.integers(2**31))
        return [change(np.random.default_rng(seed), data) for data in files]

    return apply


def odd_value(tags: dict[str, bytes]) -> Callable[[np.random.Generator, bytes], bytes]:
    def change(rng: np.random.Generator, data: bytes) -> bytes:
        tag = tags[str(rng.choice(sorted(tags)))]
        if tag.endswith(b"US"):
            return with_value(data, tag, int(rng.choice(NUMBERS)).to_bytes(2, "little"))
        return with_value(data, tag, TEXTS[rng.integers(len(TEXTS))])

    return change


def removed(rng: np.random.Generator, data: bytes) -> bytes:
    at = element(data, TAGS[str(rng.choice(sorted(TAGS)))])
    return data if at is None else data[: at[0]] + data[at[2] :]


def other_syntax(rng: np.random.Generator, data: bytes) -> bytes:
    return with_value(data, TAGS["TransferSyntaxUID"], str(rng.choice(SYNTAXES)).encode())


def cut(rng: np.random.Generator, data: bytes) -> bytes:
    return data[: int(rng.integers(1, len(data)))]


def longer(rng: np.random.Generator, data: bytes) -> bytes:
    return data + rng.bytes(int(rng.integers(1, 5000)))


def header_bytes(rng: np.random.Generator, data: bytes) -> bytes:
    """Change bytes of the header, except in values that change what pixels mean or where the whole scan lies."""
    out = bytearray(data)
    kept = [at for tag in MEANING.values() if (at := element(data, tag)) is not None]
    for _ in range(int(rng.integers(1, 5))):
        k = int(rng.integers(128, data.find(PIXELS) + 12))
        if not any(start <= k < end for start, _, end in kept):
            out[k] = rng.integers(256)
    return bytes(out)


def pixel_length(rng: np.random.Generator, data: bytes) -> bytes:
    at = data.find(PIXELS) + 8
    return (
        data[:at] + int(rng.choice([0, 1, 100, 0xFFFFFFF0, 0xFFFFFFFF, 1 << 20])).to_bytes(4, "little") + data[at + 4 :]
    )


def code_bytes(rng: np.random.Generator, data: bytes) -> bytes:
    out = bytearray(data)
    for _ in range(int(rng.integers(1, 4))):
        out[int(rng.integers(data.find(PIXELS) + 12, len(data)))] = rng.integers(256)
    return bytes(out)


def moved(rng: np.random.Generator, data: bytes) -> bytes:
    """Move one slice by more than any tolerance."""
    at = element(data, TAGS["ImagePositionPatient"])
    if at is None:
        return data
    values = [float(v) for v in data[at[1] : at[2]].strip(b"\0 ").split(b"\\")]
    values[int(rng.integers(3))] += float(rng.choice([-1, 1]) * rng.uniform(0.6, 40))
    return with_value(data, TAGS["ImagePositionPatient"], b"\\".join(b"%.4f" % v for v in values))


def without_some(rng: np.random.Generator, files: Files) -> Files:
    gone = set(rng.choice(np.arange(1, len(files) - 1), int(rng.integers(1, 5)), replace=False).tolist())
    return [data for k, data in enumerate(files) if k not in gone]


def doubled(rng: np.random.Generator, files: Files) -> Files:
    return [*files, *(files[k] for k in rng.integers(len(files), size=3))]


def other_content(rng: np.random.Generator, files: Files) -> Files:
    """One more image at the place of another, of other content and under another UID."""
    k, j = (int(v) for v in rng.choice(len(files), 2, replace=False))
    at = element(files[j], TAGS["ImagePositionPatient"])
    if at is None:
        return files
    copy = with_value(files[k], TAGS["ImagePositionPatient"], files[j][at[1] : at[2]])
    return [*files, with_value(copy, TAGS["SOPInstanceUID"], b"1.2.3.4.5.6")]


def foreign(rng: np.random.Generator, files: Files) -> Files:
    junk = [b"", b"%PDF-1.7", rng.bytes(3000), b"\0" * 128 + b"DICM", b"\0" * 128 + b"DICM" + rng.bytes(500)]
    return [*files, junk[rng.integers(len(junk))]]


MUTATIONS = (
    Mutation("odd value in one", in_one(odd_value(TAGS)), exact=True),
    Mutation("odd value in all", in_all(odd_value(TAGS)), exact=False),
    Mutation("meaning of one", in_one(odd_value(MEANING)), exact=False),
    Mutation("meaning of all", in_all(odd_value(MEANING)), exact=False),
    Mutation("element removed from one", in_one(removed), exact=True),
    Mutation("element removed from all", in_all(removed), exact=False),
    Mutation("other syntax in one", in_one(other_syntax), exact=True),
    Mutation("other syntax in all", in_all(other_syntax), exact=True),
    Mutation("one cut", in_one(cut), exact=True),
    Mutation("one longer", in_one(longer), exact=True),
    Mutation("header bytes of one", in_one(header_bytes), exact=True),
    Mutation("pixel length of one", in_one(pixel_length), exact=True),
    Mutation("code bytes of one", in_one(code_bytes), exact=False),
    Mutation("one moved", in_one(moved), exact=True),
    Mutation("some missing", without_some, exact=True),
    Mutation("some doubled", doubled, exact=True),
    Mutation("other content at a place", other_content, exact=True),
    Mutation("foreign file", foreign, exact=True),
)
