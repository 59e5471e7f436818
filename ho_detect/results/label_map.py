"""The reader of saved label maps, for who looks over results and for who loads them."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from ho_detect.errors import UsageError
from ho_detect.image.grid import Grid


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
        raise UsageError(f"{path.name} cannot be read: {error.strerror or 'no compressed file'}", path) from error
    except Exception as error:  # nibabel has no error of its own for what a broken file may hold
        raise UsageError(f"{path.name} cannot be read as NIfTI ({type(error).__name__})", path) from error
    if values.ndim != 3 or not np.array_equal(values, values.astype(np.uint16)):
        raise UsageError(f"{path.name} is no label map: not three axes of whole numbers", path)
    grid = Grid(values.shape[::-1], Grid.from_ras(values.shape, image.affine).affine[:, [2, 1, 0, 3]])
    return np.ascontiguousarray(values.astype(np.uint16).transpose(2, 1, 0)), grid
