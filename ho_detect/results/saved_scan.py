"""The CT of a result that was read from a folder: found again when it is needed, and checked to be the same."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from threading import Lock

import msgspec
import numpy as np
from numpy.typing import NDArray

from ho_detect.acquisition.volume.array import is_image_file, volume_of
from ho_detect.acquisition.volume.hu_volume import HuVolume
from ho_detect.errors import SeriesError, UsageError
from ho_detect.image.grid import Grid
from ho_detect.results.record import FindingsRecord
from ho_detect.system.pseudonyms import Pseudonyms

#: NIfTI keeps an affine as 32-bit numbers: corners of one grid lie no farther apart, mm.
_SAME_PLACE_MM = 0.05
#: Mean HU of lesions are rounded to 0.1.
_ROUNDING_HU = 0.06


@dataclass(frozen=True)
class RecordedPseudonyms(Pseudonyms):
    """Pseudonyms under any key, but for those that a record holds already: what is written anew fits to it."""

    known: dict[str, str] = field(default_factory=dict)

    def uid(self, uid: str) -> str:
        """Return what the record has in its place, else what the key gives."""
        return self.known.get(uid) or super().uid(uid)


@dataclass(frozen=True, eq=False)
class SavedScan:
    """Where the CT of a saved result is.

    Parameters
    ----------
    folder
        Of the result.
    record, labels, grid
        What was read from there: labels (slice, row, column) on the grid.
    ct
        A volume, or folder or file of the CT; None where it is not known.
    pseudonyms
        Those of the run that made the result, where its key is known.
    """

    folder: Path
    record: FindingsRecord
    labels: NDArray[np.uint16]
    grid: Grid
    ct: Path | HuVolume | None = None
    pseudonyms: Pseudonyms | None = None
    _lock: Lock = field(default_factory=Lock, repr=False)

    @property
    def volume(self) -> HuVolume:
        """The CT, with the identities of the record; read once, whoever asks at the same time.

        Raises
        ------
        UsageError
            It is not known where it is, it is not there, or it is not the one that the result was made from.
        SeriesError
            It cannot be read.
        """
        with self._lock:
            return self._volume

    @cached_property
    def _volume(self) -> HuVolume:
        if isinstance(self.ct, HuVolume):
            if not self._is_of(self.ct):
                raise UsageError("the CT given is not the one that these findings were made from")
            return replace(self.ct, series=self.record.series)
        stated = self.record.series.source
        path = self.ct or (None if stated is None else Path(stated))
        if path is None:
            raise UsageError(
                "the CT of these findings is needed, and they do not say where it is: give its folder "
                "(ct=path, or --input)"
            )
        if not path.exists():
            raise UsageError(
                "the CT of these findings is needed and is not where it was: give its folder (ct=path, or --input)",
                path,
            )
        if is_image_file(path):
            volume = volume_of(path, self.record.known_settings().acquisition)
            if not self._is_of(volume):
                raise UsageError("the image is not the CT that these findings were made from", path)
            return replace(volume, series=self.record.series)
        return self._found_below(path)

    def _found_below(self, path: Path) -> HuVolume:
        """Return the series that the result was made from; the one of that UID, or that has the same voxels."""
        from ho_detect.acquisition.series.index import index_series
        from ho_detect.acquisition.volume.load import load_volume
        from ho_detect.acquisition.volume.source import SourceSeries

        series = self.record.series
        settings = self.record.known_settings()
        acquisition = msgspec.structs.replace(settings.acquisition, all_series=True)
        settings = msgspec.structs.replace(settings, acquisition=acquisition)
        mine = self.pseudonyms or Pseudonyms.random()
        entries = [e for e in index_series([path], acquisition) if e.analyse]
        entries = [e for e in entries if series.n_images in (None, len(e.slices))]
        entries.sort(key=lambda e: series.series_uid not in (e.series_uid, mine.uid(e.series_uid)))
        refused: SeriesError | None = None
        for entry in entries:
            known = {entry.study_uid: series.study_uid, entry.series_uid: series.series_uid}
            true_identity = entry.series_uid == series.series_uid
            pseudonyms = RecordedPseudonyms(mine.key, true_identity, known)
            try:
                volume = load_volume(entry, settings, pseudonyms)
            except SeriesError as error:
                refused = error
                continue
            if self._is_of(volume):
                return replace(volume, series=series, source=SourceSeries(entry, pseudonyms))
        if refused is not None and len(entries) == 1:
            raise refused
        said = f"none of the {len(entries)} CT series of that size is the one these findings were made from"
        raise UsageError(said, path)

    def _is_of(self, volume: HuVolume) -> bool:
        """Whether a volume lies where the label map lies, and is as dense where lesions are as the record says."""
        shape = self.grid.shape
        if volume.grid.shape != shape:
            return False
        ends = np.array([[0, 0, 0], shape, [shape[0], 0, 0], [0, shape[1], 0], [0, 0, shape[2]]])
        if np.abs(volume.grid.to_lps(ends) - self.grid.to_lps(ends)).max() > _SAME_PLACE_MM:
            return False
        return all(
            abs(float(volume.hu[self.labels == lesion.id].mean()) - lesion.mean_hu) <= _ROUNDING_HU
            for lesion in self.record.lesions
        )
