"""What of a candidate metal lets be judged: outside of its zone, and denser than its artefact makes soft tissue."""

from __future__ import annotations

import numpy as np

from ho_detect.anatomy.metal.metal import Metal
from ho_detect.detection.candidates import BoolArray, Candidate, Region, points_of
from ho_detect.image.morphology import within

#: What stands out of muscle by so many times the artefact there is no streak. Chosen on voxels outside of the zone in
#: 19 simulated studies: 0.85 of those of lesions do, and 0.17 of what metal alone makes as dense. Convention.
STANDS_OUT = 2.5
#: What stands out so many times is no part of what stands out less: bone, in tissue that metal makes nearly as dense.
#: Convention.
PLAINLY = 4.0
#: What surrounds it so far belongs to it, as faint as the edge of bone is, mm.
_EDGE_MM = 2.0


def clear_of_metal(region: Region, candidate: Candidate, metal: Metal, times: float = STANDS_OUT) -> BoolArray:
    """Return the voxels of a candidate, in its box, that can be judged: all of them where there is no metal.

    Parameters
    ----------
    times
        The strength of the artefact that it stands out of muscle by.
    """
    mask = candidate.mask
    if metal.zone is None:
        return mask
    points = points_of(region, candidate)
    stands_out, outside = np.zeros(mask.shape, bool), np.zeros(mask.shape, bool)
    outside[mask] = ~metal.hides(points)
    limit_hu = region.muscle_hu + times * metal.artefact_at(points)
    stands_out[mask] = region.smooth[candidate.box][mask] >= limit_hu
    return within(stands_out & outside, _EDGE_MM, region.grid.spacing_mm) & outside
