"""The record of one series: what ``findings.json`` holds, written by this version or read from an earlier one.

Light to import: who only reads records needs none of what makes them.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from ho_detect._version import __version__
from ho_detect.acquisition.volume.hu_volume import SeriesRecord
from ho_detect.anatomy.metal.record import MetalRecord
from ho_detect.detection.grade.hip import Hip
from ho_detect.detection.judge.excluded import Excluded, Specks
from ho_detect.detection.measure.lesion import Lesion
from ho_detect.errors import HoDetectError
from ho_detect.flags import Flag
from ho_detect.results.amendment import Amendment
from ho_detect.settings import Settings

#: The minor number counts fields that came: whoever reads an older record finds their defaults, whoever reads a newer
#: one leaves them. The major number counts what no reader of before could read.
SCHEMA_VERSION = "2.3"


class RecordError(HoDetectError):
    """A record that cannot be read: it is none, or of a version that this one does not know."""


class Software(msgspec.Struct, frozen=True, kw_only=True):
    """What made the record."""

    name: str = "ho-detect"
    version: str = __version__
    settings: Annotated[
        dict[str, Any], Meta(description="Each setting that can change the result, by group and name, as plain values")
    ] = {}
    settings_digest: Annotated[str, Meta(description="SHA-256 of their JSON with sorted names, 12 digits")] = ""

    @classmethod
    def of(cls, settings: Settings) -> Software:
        """Return this version with these settings."""
        plain = msgspec.json.decode(msgspec.json.encode(settings.deciding()))  # as they are read back: no tuples
        return cls(settings=plain, settings_digest=settings.digest())


class FindingsRecord(msgspec.Struct, frozen=True, kw_only=True):
    """``findings.json``."""

    schema_version: str = SCHEMA_VERSION
    software: Software
    status: Literal["ok", "warning", "failed"]
    flags: tuple[Flag, ...]
    statements: tuple[Flag, ...]
    series: SeriesRecord
    hips: tuple[Hip, ...]
    lesions: tuple[Lesion, ...]
    excluded: tuple[Excluded, ...]
    specks: tuple[Specks, ...] = ()
    metal: Annotated[MetalRecord | None, Meta(description="Metal and what it hides; null where there is none")] = None
    amendments: Annotated[
        tuple[Amendment, ...], Meta(description="What a reader has changed of the automatic result, which is beside it")
    ] = ()

    def known_settings(self) -> Settings:
        """Return the settings as far as this version has them; what it does not know is left, the rest is default.

        Raises
        ------
        SettingError
            A value is out of the range that this version allows.
        """
        known = Settings().to_dict()
        kept: dict[str, Any] = {}
        for group, values in self.software.settings.items():
            if isinstance(values, dict) and isinstance(known.get(group), dict):
                kept[group] = {name: value for name, value in values.items() if name in known[group]}
        return Settings.from_dict(kept)


def record_json(record: FindingsRecord) -> bytes:
    """Return the bytes of ``findings.json``: UTF-8, indented, NaN as null."""
    return msgspec.json.format(msgspec.json.encode(record), indent=1) + b"\n"


def read_record(data: bytes) -> FindingsRecord:
    """Read ``findings.json`` as this version or version 1 wrote it; fields that are not known are left.

    Raises
    ------
    RecordError
        It is no such record, or of another major version.
    """
    try:
        version = msgspec.json.decode(data, type=_Versioned).schema_version
        major = version.partition(".")[0]
        if major == "1":
            return msgspec.convert(_of_version_1(msgspec.json.decode(data)), FindingsRecord)
        if major == SCHEMA_VERSION.partition(".")[0]:
            return msgspec.json.decode(data, type=FindingsRecord)
    except (msgspec.DecodeError, KeyError, TypeError, AttributeError) as error:
        raise RecordError(f"not a findings record: {error}") from error
    raise RecordError(f"a record of schema version {version}: version {__version__} of ho-detect reads 1 and 2")


class _Versioned(msgspec.Struct):
    schema_version: str


def _of_version_1(values: dict[str, Any]) -> dict[str, Any]:
    """Bring plain values of version 1 to version 2: the number of threads stood among the settings."""
    del values["software"]["settings"]["threads"]
    return values
