"""Element values from their raw bytes, without trusting them.

pydicom walks the elements; its conversion of values is not used, because it warns and fails on the faults
that real files hold, by global configuration.
"""

from __future__ import annotations

import math
import re
from datetime import date
from typing import Any, Final

META: Final[dict[str, int]] = {"MediaStorageSOPClassUID": 0x00020002, "TransferSyntaxUID": 0x00020010}

#: What is read of a header.
TAGS: Final[dict[str, int]] = {
    "ImageType": 0x00080008,
    "SOPClassUID": 0x00080016,
    "SOPInstanceUID": 0x00080018,
    "StudyDate": 0x00080020,
    "AcquisitionDate": 0x00080022,
    "AcquisitionDateTime": 0x0008002A,
    "AcquisitionTime": 0x00080032,
    "ContentTime": 0x00080033,
    "Modality": 0x00080060,
    "Manufacturer": 0x00080070,
    "StudyDescription": 0x00081030,
    "SeriesDescription": 0x0008103E,
    "PatientName": 0x00100010,
    "PatientID": 0x00100020,
    "PatientBirthDate": 0x00100030,
    "ContrastBolusAgent": 0x00180010,
    "BodyPartExamined": 0x00180015,
    "SliceThickness": 0x00180050,
    "KVP": 0x00180060,
    "RepetitionTime": 0x00180080,
    "ProtocolName": 0x00181030,
    "TriggerTime": 0x00181060,
    "ConvolutionKernel": 0x00181210,
    "PatientPosition": 0x00185100,
    "CTDIvol": 0x00189345,
    "StudyInstanceUID": 0x0020000D,
    "SeriesInstanceUID": 0x0020000E,
    "AcquisitionNumber": 0x00200012,
    "InstanceNumber": 0x00200013,
    "ImagePositionPatient": 0x00200032,
    "ImageOrientationPatient": 0x00200037,
    "FrameOfReferenceUID": 0x00200052,
    "TemporalPositionIdentifier": 0x00200100,
    "SamplesPerPixel": 0x00280002,
    "NumberOfFrames": 0x00280008,
    "Rows": 0x00280010,
    "Columns": 0x00280011,
    "PixelSpacing": 0x00280030,
    "BitsAllocated": 0x00280100,
    "BitsStored": 0x00280101,
    "HighBit": 0x00280102,
    "PixelRepresentation": 0x00280103,
    "PixelPaddingValue": 0x00280120,
    "PixelPaddingRangeLimit": 0x00280121,
    "RescaleIntercept": 0x00281052,
    "RescaleSlope": 0x00281053,
    "RescaleType": 0x00281054,
    "LossyImageCompression": 0x00282110,
    "OverlayBitPosition": 0x60000102,
    "SharedFunctionalGroupsSequence": 0x52009229,
    "PerFrameFunctionalGroupsSequence": 0x52009230,
}
#: Of private elements the creator of the first block, and the DLP in it.
PRIVATE: Final[dict[str, int]] = {
    "ElscintCreator": 0x00E10010,
    "ElscintDLP": 0x00E11021,
    "ToshibaCreator": 0x70050010,
    "ToshibaDLP": 0x70051040,
}
_NUMBER_OF: Final = {**META, **TAGS, **PRIVATE}


class Values:
    """Raw elements by name.

    Parameters
    ----------
    elements
        Tag to pydicom's ``RawDataElement`` (or ``DataElement`` for sequences of undefined length).
    little
        Byte order of binary values.
    """

    def __init__(self, elements: dict[int, Any], *, little: bool = True) -> None:
        self.elements = elements
        self.little = little

    def __contains__(self, name: str) -> bool:
        return _NUMBER_OF[name] in self.elements

    def raw(self, name: str) -> bytes:
        """Return the bytes of a value; empty where it is absent."""
        element = self.elements.get(_NUMBER_OF[name])
        value = None if element is None else element.value
        return value if isinstance(value, bytes) else b""

    def text(self, name: str) -> str:
        """Return a value as text without padding and control characters; UTF-8, else Latin-1."""
        raw = self.raw(name)
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError:
            text = raw.decode("latin-1")
        text = text.strip(" \0")
        return text if text.isprintable() else "".join(c for c in text if c.isprintable()).strip()

    def numbers(self, name: str) -> tuple[float, ...] | None:
        """Return the values of a decimal string; NaN for what is no number, None where absent or empty."""
        text = self.text(name)
        return tuple(_number(part) for part in text.split("\\")) if text else None

    def integer(self, name: str) -> int | None:
        """Return a 16-bit binary value or an integer string; None where absent, empty or no integer."""
        raw = self.raw(name)
        if name in ("InstanceNumber", "NumberOfFrames"):
            number = _number(self.text(name))
            return int(number) if number.is_integer() else None
        return int.from_bytes(raw[:2], "little" if self.little else "big") if len(raw) >= 2 else None


def _number(text: str) -> float:
    try:
        return float(text) if "_" not in text else math.nan
    except ValueError:
        return math.nan


def clock_seconds(text: str) -> float | None:
    """Return seconds since midnight of a time (TM), or since year 0 of a date and time (DT); None for neither.

    Zones are left out: only times of one series are compared.

    >>> clock_seconds("120102.5"), clock_seconds("12:01"), clock_seconds("1200"), clock_seconds("abc")
    (43262.5, 43260.0, 43200.0, None)
    >>> clock_seconds("20200102000001.25+0100") - clock_seconds("20200101235959")
    2.25
    """
    digits, _, fraction = re.split(r"[&+-]", text.replace(":", ""))[0].strip().partition(".")
    if not (digits.isascii() and digits.isdecimal()) or len(digits) not in (2, 4, 6, 10, 12, 14):
        return None
    days = 0
    if len(digits) > 6:
        try:
            days = date(int(digits[:4]), int(digits[4:6]), int(digits[6:8])).toordinal()
        except ValueError:
            return None
        digits = digits[8:]
    hours, minutes, seconds = (int(digits[at : at + 2] or 0) for at in (0, 2, 4))
    part = float(f"0.{fraction}") if fraction.isascii() and fraction.isdecimal() else 0.0
    return days * 86400.0 + hours * 3600 + minutes * 60 + seconds + part


def positive(numbers: tuple[float, ...] | None) -> float | None:
    """Return the first number if it is positive and finite, else None: the header does not say.

    >>> positive((2.5,)), positive((0.0,)), positive((float("nan"),)), positive(None)
    (2.5, None, None, None)
    """
    return numbers[0] if numbers and 0 < numbers[0] < math.inf else None
