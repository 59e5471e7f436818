"""The record of one series, and the object that Python users hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from ho_detect import __version__
from ho_detect.acquisition.volume import HuVolume, SeriesRecord
from ho_detect.detection.grading import Hip
from ho_detect.detection.lesions import Lesion
from ho_detect.detection.mimics import Excluded
from ho_detect.flags import Flag
from ho_detect.settings import Settings

SCHEMA_VERSION = "1.0"


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
    series: SeriesRecord
    hips: tuple[Hip, ...]
    lesions: tuple[Lesion, ...]
    excluded: tuple[Excluded, ...]


@dataclass(frozen=True, eq=False)
class Findings:
    """Findings of one series.

    Parameters
    ----------
    record
        All that ``findings.json`` holds.
    labels
        (slice, row, column) uint16 on the volume's own grid: 0 background, else the lesion's ``id``.
    volume
        The CT, for pictures.
    """

    record: FindingsRecord
    labels: NDArray[np.uint16]
    volume: HuVolume

    @property
    def hips(self) -> tuple[Hip, ...]:
        """What is said of each hip, left first."""
        return self.record.hips

    @property
    def lesions(self) -> tuple[Lesion, ...]:
        """The ossifications found, by id."""
        return self.record.lesions

    def to_dict(self) -> dict[str, Any]:
        """Return the record as plain values, as in ``findings.json``."""
        values: dict[str, Any] = msgspec.to_builtins(self.record)
        return values
