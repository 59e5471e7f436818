"""What came of each series, a small file each, so that a killed run can go on and shards can be put together."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from ho_detect.settings import OutputSettings
from ho_detect.system.files import sync_folder, write_atomically


class Settled(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What came of one series: its result folder is there, or a reason why not."""

    key: str
    """Of the result: input files, software and settings. With another key the series is to be done again."""
    identity: str = ""
    """What of the true identity is in the result, by keyed hash; empty where none is."""
    outputs: tuple[str, ...] = ()
    """What was written besides record and label map: names of settings of ``output``."""
    reason: str | None = None
    detail: str = ""
    seconds: float = 0.0
    peak_memory_mb: float | None = None
    ended: str = ""
    """UTC, as 2026-01-31T13:05:59Z."""


def outputs_of(settings: OutputSettings) -> tuple[str, ...]:
    """Return what is to be written besides record and label map; other names for it are no other output.

    >>> outputs_of(OutputSettings(fhir=True, naming="bids"))
    ('fhir',)
    """
    fhir = "fhir" if settings.fhir_bundle == "collection" else f"fhir {settings.fhir_bundle}"
    asked = {"dicom": settings.dicom, "bones": settings.bones, "meshes": settings.meshes, fhir: settings.fhir}
    return tuple(name for name, wanted in asked.items() if wanted)


class Outcomes:
    """The outcomes of a run, by the name of the result folder.

    Parameters
    ----------
    folder
        Where they are.
    staging
        Where they are made.
    """

    def __init__(self, folder: Path, staging: Path) -> None:
        self.folder, self._staging = folder, staging

    def get(self, name: str) -> Settled | None:
        """Return what came of a series, or None when it is not settled."""
        try:
            return msgspec.json.decode(self._path(name).read_bytes(), type=Settled)
        except (FileNotFoundError, msgspec.DecodeError):
            return None

    def put(self, name: str, settled: Settled) -> None:
        """Keep what came of a series; raises OSError when that cannot be written."""
        write_atomically(self._path(name), msgspec.json.encode(settled), self._staging)

    def forget(self, name: str) -> None:
        """Let a series count as not settled."""
        self._path(name).unlink(missing_ok=True)

    def sync(self) -> None:
        """Bring what was forgotten to the disk: a result must not change under an outcome that is still there."""
        sync_folder(self.folder)

    def clear(self) -> None:
        """Forget all."""
        for path in self.folder.iterdir():
            path.unlink()
        self.sync()

    def names(self) -> Iterator[str]:
        """Yield the names of all settled series."""
        return (path.stem for path in self.folder.glob("*.json"))

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.json"
