"""A saved result folder read back: what was written there is enough for all but pictures, which need the CT too."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ho_detect.acquisition.volume.hu_volume import HuVolume
from ho_detect.errors import UsageError
from ho_detect.image.grid import Grid
from ho_detect.results.detected import SavedThings
from ho_detect.results.label_map import read_labels
from ho_detect.results.record import read_record
from ho_detect.results.result import Result
from ho_detect.results.saved_scan import SavedScan
from ho_detect.system.files import BONES_FILE, DETECTED_FILE, FINDINGS_FILE, LABELS_FILE
from ho_detect.system.pseudonyms import Pseudonyms


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
    return Result(record, labels, scan, bones=SavedBones(scan), detected=SavedThings(folder / DETECTED_FILE))


@dataclass(frozen=True, eq=False)
class SavedBones:
    """Native bone of a saved result: the label map that was written with it, or found again in the CT."""

    scan: SavedScan

    def labels(self, grid: Grid) -> NDArray[np.uint8]:
        """Return the label map on the grid of the result.

        Raises
        ------
        UsageError
            It was not saved, and the CT or the masks that the user supplied are not known.
        SeriesError
            The CT cannot be read.
        """
        file = self.scan.folder / BONES_FILE
        if file.is_file():
            return read_labels(file)[0].astype(np.uint8)
        record = self.scan.record
        if any(f.code == "anatomy_given" for f in record.flags):
            raise UsageError(f"native bone rests on masks that were not kept: {BONES_FILE} was not saved (--bones)")
        from ho_detect.anatomy.find import find_anatomy

        return find_anatomy(self.scan.volume.canonical(), None, record.known_settings()).native.labels(grid)
