"""How much brighter metal makes soft tissue, place by place: wide bright flares, beside what it shades in the slice.

The beam is hardened and starved along some ways through metal, and what is reconstructed there is too dark; beside it,
over centimeters, muscle is too bright and may be as dense as new bone. Such a flare has no edge: the tissue all around
is bright too. Beside bone soft tissue is what it is everywhere.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi

from ho_detect.anatomy.fit.working_grid import WorkingVolume
from ho_detect.image.morphology import within
from ho_detect.image.smoothing import gaussian

#: Muscle, bright or not: what is darker is fat, what is denser bone, whose blurred edge reaches so far, HU and mm.
_SOFT_HU, _EDGE_MM = (0, 250), 3.0
#: Noise is finer than this, and brightness is that of surroundings so wide, mm. Of 8, 10 and 12 mm, on voxels of
#: lesions and of flares in simulated studies, 10 told them apart best.
_NOISE_MM, _AROUND_MM = 1.5, 10.0
#: What is brightened is streaked too: by no more than so many times the artefact's strength is not due to metal.
_TO_STRENGTH = 5.0
#: With so small a share of soft tissue around no brightness is told.
_LEAST_SOFT = 0.02
#: What stands for all of a place: shares are smoothed as whole numbers.
_WHOLE = 10_000


def brightened_hu(
    volume: WorkingVolume, metal: NDArray[np.bool_], body: NDArray[np.bool_], strength_hu: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return (z, y, x) HU by which metal has made the soft tissue about each place brighter, on average.

    Only in slices that hold metal; compared with all soft tissue in view.

    Parameters
    ----------
    volume
        HU in voxels of 1.5 mm along the patient's axes.
    metal, body
        (z, y, x) bool.
    strength_hu
        (z, y, x) float32: :func:`ho_detect.anatomy.metal.artefact.artefact_hu`.
    """
    found = np.zeros(volume.hu.shape, np.float32)
    # a slice is blurred into its neighbours here
    reached = ndi.binary_dilation(np.asarray(metal.any(axis=(1, 2))))
    here = np.clip(volume.hu[reached], -1024, 1024).astype(np.int16)
    fine, wide = (0.0, _NOISE_MM / volume.step_mm, _NOISE_MM / volume.step_mm), _AROUND_MM / volume.step_mm
    mean = gaussian(here, fine)
    # within its own slice
    bone = within(mean >= _SOFT_HU[1], _EDGE_MM, (2.0 * _EDGE_MM, volume.step_mm, volume.step_mm))
    soft = body[reached] & ~bone & (mean > _SOFT_HU[0])
    share = gaussian(np.where(soft, np.int16(_WHOLE), np.int16(0)), (0.0, wide, wide))
    above = np.where(soft, mean - np.int16(ordinary_hu(volume, body)), np.int16(0))
    # tenfold, as it is smoothed in whole numbers
    bright = gaussian(above * np.int16(10), (0.0, wide, wide)) * np.float32(0.1 * _WHOLE)
    bright /= np.maximum(share, _WHOLE * _LEAST_SOFT)
    found[reached] = np.clip(bright, 0.0, _TO_STRENGTH * strength_hu[reached])
    return found


def ordinary_hu(volume: WorkingVolume, body: NDArray[np.bool_]) -> float:
    """Return the median HU of muscle and of what is as dense, all that is in view; 0 for none."""
    values = volume.hu[::2, ::2, ::2][body[::2, ::2, ::2]]
    values = values[(values > _SOFT_HU[0]) & (values < _SOFT_HU[1])]
    return float(np.median(values)) if values.size else 0.0
