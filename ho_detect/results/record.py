"""The record of one series: what ``findings.json`` holds.

Light to import: who only reads records needs none of what makes them.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from ho_detect._version import __version__
from ho_detect.acquisition.volume.hu_volume import SeriesRecord
from ho_detect.detection.grade.hip import Hip
from ho_detect.detection.judge.excluded import Excluded, Specks
from ho_detect.detection.measure.lesion import Lesion
from ho_detect.flags import Flag
from ho_detect.settings import Settings

SCHEMA_VERSION = "1.2"


class Software(msgspec.Struct, frozen=True, kw_only=True):
    """What made the record."""

    name: str = "ho-detect"
    version: str = __version__
    settings: Settings = Settings()
    settings_digest: str = ""


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


def record_json(record: FindingsRecord) -> bytes:
    """Return the bytes of ``findings.json``: UTF-8, indented, NaN as null."""
    return msgspec.json.format(msgspec.json.encode(record), indent=1) + b"\n"
