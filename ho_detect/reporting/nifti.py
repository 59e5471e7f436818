"""Label maps as NIfTI on the series' own grid."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ho_detect.geometry import Grid
from ho_detect.reporting.files import replacing


def write_labels(path: Path, labels: NDArray[np.uint16] | NDArray[np.uint8], grid: Grid) -> None:
    """Write a label map with the origin, spacing and direction of the series.

    Parameters
    ----------
    path
        Ends in ``.nii.gz``; appears whole or not at all.
    labels
        (slice, row, column): 0 background, else the lesion's id, or the value of a bone. Written as uint16.
    grid
        The series' own grid. NIfTI readers show it in RAS; SimpleITK shows the LPS values given here.

    Raises
    ------
    ValueError
        If the shapes differ.
    OSError
        If the file cannot be written.
    """
    import SimpleITK as sitk  # noqa: N813

    image = grid.to_simpleitk(np.asarray(labels, dtype=np.uint16))
    with replacing(path) as temporary:
        try:
            sitk.WriteImage(image, str(temporary), useCompression=True)
        except RuntimeError as error:
            # ITK says neither why nor where in a form that can be shown
            raise OSError(f"{path.name} could not be written") from error
