"""Where a plane is found again in an archive: its slice, its place on the table, its instance number."""

from __future__ import annotations

import numpy as np

from ho_detect.acquisition.volume.hu_volume import HuVolume
from ho_detect.export.pictures.planes import View

#: Names of the array axes of a series, and of the LPS axes that the canonical axes run closest to.
_OWN, _LPS = ("slice", "row", "column"), ((2, "table position z"), (1, "y"), (0, "x"))


def slice_words(volume: HuVolume, view: View) -> str:
    """Say which slice (row, column) of the series a plane is, from 1, as in its label map; empty for a projection.

    The position is that of the plane's middle, LPS mm. The instance number is that of the nearest image, where the
    plane is one of the series' own slices.
    """
    if view.index is None:
        return ""
    _, order, steps = volume.grid.to_canonical()
    own, n = order[view.across], view.grid.shape[view.across]
    number = view.index if steps[view.across] > 0 else n - 1 - view.index
    middle = (np.array(view.grid.shape) - 1) / 2
    middle[view.across] = view.index
    axis, name = _LPS[view.across]
    position = f"{view.grid.to_lps(middle)[axis]:.1f}".replace("-", "−")
    words = [f"{_OWN[own]} {number + 1} of {n}", f"{name} {position} mm"]
    instance = _instance(volume, number) if own == 0 else None
    return " · ".join([*words, *([] if instance is None else [f"instance number {instance}"])])


def _instance(volume: HuVolume, number: int) -> int | None:
    """Return the instance number of the image nearest to a slice; None where headers state none."""
    if volume.source is None:
        return None
    step = volume.grid.affine[:3, 0]
    origin = volume.grid.to_lps([number, 0, 0])
    placed = [image for image in volume.source.entry.slices if image.position is not None]
    nearest = min(placed, key=lambda i: abs(float((np.array(i.position) - origin) @ step)), default=None)
    return None if nearest is None else nearest.instance
