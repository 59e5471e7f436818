"""What a candidate is, by the truth of its study: ossification, native bone, a mimic, or other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from hidden import hidden_by_metal
from numpy.typing import NDArray
from outlined import Looked, center_of
from real_ct import KnownBone
from scipy import ndimage as ndi

from ho_detect.image.grid import Grid
from ho_detect.simulation.study import MIMICS, SimulatedStudy

#: Kinds of candidates; a table holds the place in this list.
KINDS = ("ossification", "native", *MIMICS, "other", "left_out")
#: ``case`` is one of another generator.
SOURCES = ("simulated", "implanted", "real", "case")
#: Of a candidate that is ossification, at least so much is.
OSSIFIED_SHARE = 0.5
#: Native bone is looked for so far around a candidate, mm: what is left of it lies on its surface.
_ON_BONE_MM = 2.0
#: A candidate is a mimic, or native, when so much of it is.
_MIMIC_SHARE = 0.3


@dataclass(frozen=True, eq=False)
class Truth:
    """What is known of a study, on its canonical grid.

    Parameters
    ----------
    lesions
        uint16: 0, or the number of a lesion.
    native
        bool: native bone; None where it is not known voxel by voxel.
    mimic
        uint8: 0, or 1 + the place of a mimic in :data:`~ho_detect.simulation.study.MIMICS`; None where not known.
    near_metal
        bool, where nothing counts; None where there is no metal.
    known
        What is known of real CT.
    """

    grid: Grid
    lesions: NDArray[np.uint16]
    native: NDArray[np.bool_] | None = None
    mimic: NDArray[np.uint8] | None = None
    near_metal: NDArray[np.bool_] | None = None
    known: tuple[KnownBone, ...] = ()


def truth_of(study: SimulatedStudy) -> Truth:
    """Return what is known of a simulated study."""
    canonical = study.volume.grid.turned
    hidden = hidden_by_metal(study)
    return Truth(
        study.volume.grid.to_canonical()[0],
        canonical(study.labels),
        canonical(study.bone) > 0,
        canonical(study.mimic),
        None if hidden is None else canonical(hidden),
    )


def share_of(looked: Looked, mask: NDArray[np.bool_] | None) -> float:
    """Return the share of a candidate in a mask of the canonical volume; 0 where there is no such mask."""
    return 0.0 if mask is None else float(mask[looked.box][looked.mask].mean())


def kind_of(looked: Looked, truth: Truth) -> tuple[str, float, int]:
    """Return a candidate's kind, its ossified share, and the lesion that it lies in most, 0 for none."""
    inside = truth.lesions[looked.box][looked.mask]
    share = float((inside > 0).mean())
    lesion = int(np.bincount(inside[inside > 0]).argmax()) if share > 0 else 0
    if share >= OSSIFIED_SHARE:
        return "ossification", share, lesion
    at = center_of(truth.grid, looked.box, looked.mask)
    for known in truth.known:
        if float(np.linalg.norm(at - known.center_lps_mm)) <= known.radius_mm:
            return "ossification" if known.ossification else "left_out", share, lesion
    if truth.mimic is not None:
        kinds = truth.mimic[looked.box][looked.mask]
        if (kinds > 0).mean() >= _MIMIC_SHARE:
            return MIMICS[int(np.bincount(kinds[kinds > 0]).argmax()) - 1], share, lesion
    if truth.native is not None and _on_bone(looked, truth) >= _MIMIC_SHARE:
        return "native", share, lesion
    return "other", share, lesion


def _on_bone(looked: Looked, truth: Truth) -> float:
    """Return the share of a candidate within 2 mm of native bone."""
    assert truth.native is not None
    reach = np.ceil(_ON_BONE_MM / np.array(truth.grid.spacing_mm)).astype(int)
    low = [max(s.start - int(r), 0) for s, r in zip(looked.box, reach, strict=True)]
    wide = tuple(slice(a, s.stop + int(r)) for a, s, r in zip(low, looked.box, reach, strict=True))
    bone = truth.native[wide]
    if not bone.any():
        return 0.0
    away = ndi.distance_transform_edt(~bone, sampling=truth.grid.spacing_mm)
    here = tuple(
        slice(s.start - a, s.start - a + n) for s, a, n in zip(looked.box, low, looked.mask.shape, strict=True)
    )
    return float((away[here][looked.mask] <= _ON_BONE_MM).mean())
