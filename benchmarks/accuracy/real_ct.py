"""Real CT from a folder that the user names: one series a subfolder, and what is known of each."""

from __future__ import annotations

import json
import zlib
from pathlib import Path

import msgspec

from ho_detect.acquisition.series.index import index_series
from ho_detect.acquisition.volume.hu_volume import HuVolume
from ho_detect.acquisition.volume.load import load_volume
from ho_detect.settings import Settings
from ho_detect.system.pseudonyms import Pseudonyms

#: What is known of public series, by name of their folder.
KNOWN = Path(__file__).with_name("real_ct.json")


class KnownBone(msgspec.Struct, frozen=True, kw_only=True):
    """New bone that is known to be there, or that is not to be judged: all within a ball."""

    center_lps_mm: tuple[float, float, float]
    radius_mm: float
    ossification: bool
    """Whether it counts as ossification; otherwise it is left out."""
    note: str = ""


def series_in(folders: list[Path]) -> list[Path]:
    """Return the subfolders that hold a series, in order of their names."""
    return sorted(p for folder in folders for p in folder.iterdir() if p.is_dir() and any(p.iterdir()))


def known_of(name: str) -> tuple[KnownBone, ...]:
    """Return what is known of a series by the name of its folder."""
    table = json.loads(KNOWN.read_text(encoding="utf-8"))
    return tuple(msgspec.convert(row, KnownBone) for row in table.get(name, []))


def load(folder: Path) -> HuVolume:
    """Load the first series below a folder that can be analysed."""
    entry = next(e for e in index_series([folder], Settings().acquisition) if e.analyse)
    return load_volume(entry, Settings(), Pseudonyms(bytes(16)))


def person_of(name: str) -> int:
    """Return a number for a series, the same in every run."""
    return zlib.crc32(name.encode())
