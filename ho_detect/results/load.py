"""A saved result folder read back: what was written there is enough for all but pictures, which need the CT too."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ho_detect.acquisition.volume.hu_volume import HuVolume
from ho_detect.errors import UsageError
from ho_detect.image.grid import Grid
from ho_detect.results.detected import SavedThings, cut_out
from ho_detect.results.hidden import HiddenZone
from ho_detect.results.label_map import read_labels
from ho_detect.results.record import read_record
from ho_detect.results.result import Result
from ho_detect.results.saved_scan import SavedScan
from ho_detect.system.files import BONES_FILE, DETECTED_FILE, FINDINGS_FILE, LABELS_FILE
from ho_detect.system.pseudonyms import Pseudonyms

if TYPE_CHECKING:
    from ho_detect.anatomy.find import Anatomy


def load_result(folder: Path, ct: Path | HuVolume | None = None, pseudonyms: Pseudonyms | None = None) -> Result:
    """Read a result that :func:`ho_detect.export.save.save` wrote.

    Parameters
    ----------
    folder
        With ``findings.json``, ``lesions.nii.gz`` and, where it was asked for, ``native_bone.nii.gz``.
    ct
        The CT, or folder or file of it, read when it is needed; None: where the record says that it was.
    pseudonyms
        Those of the run that made the result.

    Raises
    ------
    UsageError
        No result is there, or a file of it cannot be read.
    RecordError
        Its record is of a version that this one does not read.
    """
    try:
        record = read_record((folder / FINDINGS_FILE).read_bytes())
    except OSError as error:
        raise UsageError(f"no findings to load: {FINDINGS_FILE}: {error.strerror}", folder) from error
    labels, grid = read_labels(folder / LABELS_FILE)
    scan = SavedScan(folder, record, labels, grid, ct, pseudonyms)
    anatomy = SavedAnatomy(scan)
    return Result(record, labels, scan, bones=anatomy, detected=SavedThings(folder / DETECTED_FILE), metal=anatomy)


@dataclass(frozen=True, eq=False)
class SavedAnatomy:
    """Native bone and metal of a saved result: as they were written with it, or found again in the CT, once."""

    scan: SavedScan

    def labels(self, grid: Grid) -> NDArray[np.uint8]:
        """Return the label map of native bone on the grid of the result, or on a part of it in canonical order.

        Raises
        ------
        UsageError
            It was not saved, and the CT or the masks that the user supplied are not known.
        SeriesError
            The CT cannot be read.
        """
        if self._saved is not None:
            return cut_out(self._saved, self.scan.grid, grid).copy()
        if any(f.code == "anatomy_given" for f in self.scan.record.flags):
            raise UsageError(f"native bone rests on masks that were not kept: {BONES_FILE} was not saved (--bones)")
        return self._found.native.labels(grid)

    @property
    def zone(self) -> HiddenZone | None:
        """Metal and what it hides, found again where the record says that there is metal.

        Raises
        ------
        UsageError
            The CT is not known.
        SeriesError
            It cannot be read.
        """
        return None if self.scan.record.metal is None else self._zone

    @cached_property
    def _zone(self) -> HiddenZone | None:
        return HiddenZone.of(self._found.metal)

    @cached_property
    def _saved(self) -> NDArray[np.uint8] | None:
        file = self.scan.folder / BONES_FILE
        return read_labels(file)[0].astype(np.uint8) if file.is_file() else None

    @cached_property
    def _found(self) -> Anatomy:
        from ho_detect.anatomy.find import find_anatomy

        return find_anatomy(self.scan.volume.canonical(), None, self.scan.record.known_settings())
