"""How strong the artefact of metal is, place by place, from the soft tissue that is there.

Streaks make soft tissue rough, shadows make it darker than fat, and beside metal itself nothing shows what the beam
left (blooming; what a metal artefact reduction has filled in). All lie in the slices that hold metal.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi

from ho_detect.anatomy.fit.working_grid import WorkingVolume
from ho_detect.image.smoothing import gaussian

#: Voxels of the volume it is measured in, mm.
ARTEFACT_STEP_MM = 1.5
#: Soft tissue and streaks in it; what is darker than fat is shadow. Gas and metal count no more than this. HU
_SOFT_HU, _SHADOW_HU, _CLIPPED_HU = (-300, 200), -150, (-500, 500)
#: Streaks are finer than this, and the strength is that of surroundings so wide, mm.
_STREAK_MM, _AROUND_MM = 1.5, 18.0
#: HU of artefact for: a HU of roughness beyond that of the rest, a HU of mean shadow, and metal itself, falling by e
#: every 6.5 mm. Fitted to simulated pairs with and without metal (``benchmarks/accuracy/artefact.py``).
COEFFICIENTS = (1.4, 2.6, 250.0, 6.5)
#: The roughness of what no artefact reaches: this quantile of all soft tissue in view.
QUIET = 0.25
#: What stands for all of a place, and how much finer than a HU means are: they are smoothed as whole numbers.
_WHOLE, _FINER = 1000, 8
#: With so small a share of soft tissue around no roughness is told.
_LEAST_SOFT = 0.05


def artefact_hu(
    volume: WorkingVolume, distance_mm: NDArray[np.float32], body: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """Return (z, y, x) HU by which metal changes the soft tissue about each place, on average.

    Parameters
    ----------
    volume
        HU in voxels of 1.5 mm along the patient's axes.
    distance_mm
        (z, y, x) to the nearest metal; 0 in it.
    body
        (z, y, x) bool.
    """
    rough, shadow = artefact_terms(volume, body)
    roughness, shadows, beside_hu, falls_mm = COEFFICIENTS
    quiet = float(np.quantile(rough[body], QUIET)) if body.any() else 0.0
    found: NDArray[np.float32] = np.float32(beside_hu) * np.exp(distance_mm / np.float32(-falls_mm))
    # a slice is blurred into its neighbours here
    reached = ndi.binary_dilation((distance_mm == 0.0).any(axis=(1, 2)))
    streaks = roughness * np.sqrt(np.maximum(rough[reached] ** 2 - np.float32(quiet**2), 0.0))
    found[reached] += streaks + shadows * shadow[reached]
    return found


def artefact_terms(volume: WorkingVolume, body: NDArray[np.bool_]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return (z, y, x) HU of roughness of the soft tissue around each place, and of the mean shadow there."""
    step, one = volume.step_mm, np.float32(1.0)
    hu = np.clip(volume.hu, *_CLIPPED_HU).astype(np.int16)
    fine, wide = (0.0, _STREAK_MM / step, _STREAK_MM / step), (0.0, _AROUND_MM / step, _AROUND_MM / step)
    # by the mean about a place: streaks lead single voxels far from what soft tissue has
    mean = gaussian(hu, fine)
    soft = body & (mean > _SOFT_HU[0]) & (mean < _SOFT_HU[1])
    share = np.where(soft, np.int16(_WHOLE), np.int16(0))
    near = gaussian(np.where(soft, hu, np.int16(0)), fine) * (one * _WHOLE / np.maximum(gaussian(share, fine), 1))
    off = np.where(soft, np.abs(hu - near) * (one * _FINER), np.float32(0.0))
    least = np.int16(_WHOLE * _LEAST_SOFT)
    rough = gaussian(off, wide) * (one * _WHOLE / _FINER / np.maximum(gaussian(share, wide), least))
    dark = np.where(body, np.maximum(np.int16(_SHADOW_HU) - hu, 0), np.int16(0)) * np.int16(_FINER)
    shadow = gaussian(dark, wide) * (one / _FINER)
    return np.asarray(rough, np.float32), np.asarray(shadow, np.float32)
