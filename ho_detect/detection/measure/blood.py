"""Whether a candidate is as dense as blood with contrast medium is in this scan."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from ho_detect.anatomy.regions.vessels import FilledVessels
from ho_detect.image.morphology import deeper

#: Blood is as dense as in the vessels that were followed within this share, and at least so many HU. Convention.
_SAME_SHARE, _SAME_HU = 0.15, 25.0
#: What lies deeper is clear of partial volume, mm; fewer voxels say nothing.
_CORE_MM, _LEAST = 1.5, 10


def blood_share(
    hu: NDArray[np.int16],
    mask: NDArray[np.bool_],
    spacing_mm: tuple[float, float, float],
    filled: Collection[FilledVessels],
) -> float:
    """Return the share of a candidate's core that is as dense as a vessel that was followed in this scan.

    Parameters
    ----------
    hu
        (slice, row, column) smoothed HU.
    mask
        Its voxels, of the same shape.
    filled
        The vessels that contrast medium fills, on either side.

    Returns
    -------
    0 to 1; 0 where no vessel is filled: nothing can be blood there. Of a thing without a core the share of all of it.
    """
    lumens_hu = [vessel.lumen_hu for side in filled for vessel in side.vessels]
    if not lumens_hu:
        return 0.0
    core = hu[deeper(np.pad(mask, 1), _CORE_MM, spacing_mm)[1:-1, 1:-1, 1:-1]]
    values = core if core.size >= _LEAST else hu[mask]
    return max(float((np.abs(values - b) <= max(_SAME_SHARE * b, _SAME_HU)).mean()) for b in lumens_hu)
