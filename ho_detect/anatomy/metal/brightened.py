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
#: Brightness is that of surroundings so wide, mm. Of 8, 10 and 12 mm, on voxels of lesions and of flares in simulated
#: studies, 10 told them apart best.
_AROUND_MM = 10.0
#: What is brightened is streaked too: by no more than so many times the artefact's strength is not due to metal.
_TO_STRENGTH = 5.0
#: With so small a share of soft tissue around no brightness is told.
_LEAST_SOFT = 0.02
#: What stands for all of a place, and how much finer than a HU means are: they are smoothed as whole numbers.
_WHOLE, _FINER = 10_000, 10


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
    mean = _squares(np.clip(volume.hu[reached], -1024, 1024).astype(np.int16)) // np.int16(4)
    inside = _squares(body[reached].astype(np.int16)) > 2
    step_mm = 2.0 * volume.step_mm
    wide = (0.0, _AROUND_MM / step_mm, _AROUND_MM / step_mm)
    # within its own slice
    bone = within(mean >= _SOFT_HU[1], _EDGE_MM, (2.0 * _EDGE_MM, step_mm, step_mm))
    soft = inside & ~bone & (mean > _SOFT_HU[0])
    share = gaussian(np.where(soft, np.int16(_WHOLE), np.int16(0)), wide)
    above = np.where(soft, np.int16(_FINER) * (mean - np.int16(ordinary_hu(volume, body))), np.int16(0))
    bright = gaussian(above, wide) * np.float32(_WHOLE / _FINER) / np.maximum(share, _WHOLE * _LEAST_SOFT)
    fine = bright.repeat(2, axis=1).repeat(2, axis=2)[:, : volume.hu.shape[1], : volume.hu.shape[2]]
    found[reached] = np.clip(fine, 0.0, _TO_STRENGTH * strength_hu[reached])
    return found


def _squares(values: NDArray[np.int16]) -> NDArray[np.int16]:
    """Return the sums of two by two voxels of each slice; a last odd row or column is taken twice."""
    even = np.pad(values, [(0, 0), *((0, n % 2) for n in values.shape[1:])], mode="edge")
    return even[:, ::2, ::2] + even[:, 1::2, ::2] + even[:, ::2, 1::2] + even[:, 1::2, 1::2]


def ordinary_hu(volume: WorkingVolume, body: NDArray[np.bool_]) -> float:
    """Return the median HU of muscle and of what is as dense, all that is in view; 0 for none."""
    values = volume.hu[::2, ::2, ::2][body[::2, ::2, ::2]]
    values = values[(values > _SOFT_HU[0]) & (values < _SOFT_HU[1])]
    return float(np.median(values)) if values.size else 0.0
