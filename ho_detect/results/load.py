"""A saved result folder read back: what was written there is enough for all but pictures, which need the CT too."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from ho_detect.acquisition.volume.hu_volume import HuVolume
from ho_detect.errors import UsageError
from ho_detect.image.grid import Grid
from ho_detect.results.record import read_record
from ho_detect.results.result import Result
from ho_detect.results.saved_scan import SavedScan
from ho_detect.system.files import BONES_FILE, FINDINGS_FILE, LABELS_FILE
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
        raise UsageError(f"no findings to load: {FINDINGS_FILE}: {error.strerror}") from error
    labels, grid = read_labels(folder / LABELS_FILE)
    scan = SavedScan(folder, record, labels, grid, ct, pseudonyms)
    return Result(record, labels, scan, bones=SavedBones(scan))


def read_labels(path: Path) -> tuple[NDArray[np.uint16], Grid]:
    """Read a label map, whatever the name of its folder is: (slice, row, column), and its grid.

    Raises
    ------
    UsageError
        The file cannot be read, or holds no label map.
    """
    from nibabel.nifti1 import Nifti1Image

    made = cast("Any", Nifti1Image)
    try:
        image = made.from_bytes(gzip.decompress(path.read_bytes()))
        values = np.asanyarray(image.dataobj)
    except OSError as error:
        raise UsageError(f"{path.name} cannot be read: {error.strerror or 'no compressed file'}") from error
    except Exception as error:  # nibabel has no error of its own for what a broken file may hold
        raise UsageError(f"{path.name} cannot be read as NIfTI ({type(error).__name__})") from error
    if values.ndim != 3 or not np.array_equal(values, values.astype(np.uint16)):
        raise UsageError(f"{path.name} is no label map: not three axes of whole numbers")
    grid = Grid(values.shape[::-1], Grid.from_ras(values.shape, image.affine).affine[:, [2, 1, 0, 3]])
    return np.ascontiguousarray(values.astype(np.uint16).transpose(2, 1, 0)), grid


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
