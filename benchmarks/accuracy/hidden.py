"""What metal hides in a simulated study, by what it changed there."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi

from ho_detect.settings import AnatomySettings
from ho_detect.simulation.study import SimulatedStudy

#: Blooming: what lies so near to metal is hidden however little is changed, mm. The change is averaged so far, mm.
_BLOOMING_MM, _AROUND_MM = 3.0, 3.0


def hidden_by_metal(study: SimulatedStudy) -> NDArray[np.bool_] | None:
    """Return where metal changes HU by more than the settings allow, on the volume's grid; None without metal."""
    if not study.metal.any():
        return None
    spacing_mm = np.array(study.volume.grid.spacing_mm)
    in_plane = _AROUND_MM / spacing_mm
    in_plane[int(np.abs(study.volume.grid.affine[2, :3]).argmax())] = 0.0  # not across slices
    change = ndi.gaussian_filter(np.abs(study.metal_change).astype(np.float32), in_plane)
    near = ndi.distance_transform_edt(~study.metal, sampling=spacing_mm) <= _BLOOMING_MM
    return np.asarray(near | (change > AnatomySettings().artefact_hu))
