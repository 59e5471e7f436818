"""Native bone of an earlier study to the same bone of a later one: a rigid motion for each bone, and how good it is.

Femur and pelvis move against each other between scans, so each is registered alone, and so is each side: the two hip
bones do not, but a fit that fails on one side says nothing of the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi

from ho_detect._kernels.surface_match import edge_offsets
from ho_detect.acquisition.volume.hounsfield import AIR_HU
from ho_detect.analyze import Analysis
from ho_detect.anatomy.fit.hips import FIT_STEP_MM
from ho_detect.anatomy.fit.shape_fit import SurfaceFit
from ho_detect.anatomy.fit.working_grid import WorkingVolume, resample_to_patient_axes
from ho_detect.anatomy.native.surfaces import FAR_MM, BoneDistance
from ho_detect.image.grid import FloatArray, Grid, align_similarity
from ho_detect.image.sides import Bone, Side
from ho_detect.settings import FollowUpSettings

if TYPE_CHECKING:
    import SimpleITK as sitk  # noqa: N813 - as all call it

#: What is compared: bone and so far outside of it, without what lies so near to the other bone or a lesion, mm.
_BAND_MM, _CLEAR_MM = 3.0, 1.5
#: Between fat and dense bone: denser or thinner differences are metal, air and gas. HU
_WINDOW_HU = (-100.0, 900.0)
#: They are compared at each second voxel of the distance field, 3 mm apart.
_EVERY = 2
#: Steps begin at and end below this, mm at the surface.
_FIRST_STEP_MM, _LAST_STEP_MM, _STEPS = 1.0, 0.01, 80
#: Edges are looked for so far from where the motion puts the surface, mm; soft tissue lies beyond them, HU.
_EDGE_REACH_MM, _SOFT_TISSUE_HU = 4, 300.0


@dataclass(frozen=True, eq=False)
class BoneMotion:
    """Rigid motion of one bone: later = rotation @ earlier + offset, LPS mm.

    Parameters
    ----------
    residual_mm
        Median distance, along the normals, of the bone's edges in the later scan to the moved edges of the earlier.
    found
        Share of the edges of the earlier scan, in view of the later, with an edge within reach there.
    seen
        Share of the bone's surface whose edge is seen in both.
    """

    side: Side
    bone: Bone
    rotation: FloatArray
    offset_mm: FloatArray
    residual_mm: float
    found: float
    seen: float

    def move(self, points: FloatArray) -> FloatArray:
        """Map (n, 3) points of the earlier study to the later."""
        return points @ self.rotation.T + self.offset_mm

    def back(self) -> BoneMotion:
        """Return the motion from later to earlier, with the same figures."""
        turned = self.rotation.T
        return BoneMotion(
            self.side, self.bone, turned, -turned @ self.offset_mm, self.residual_mm, self.found, self.seen
        )

    def good(self, settings: FollowUpSettings) -> bool:
        """Whether places can be compared by this motion."""
        return (
            self.residual_mm <= settings.max_residual_mm
            and self.found >= settings.min_found
            and self.seen >= settings.min_seen
        )


def register_bones(earlier: Analysis, later: Analysis) -> tuple[BoneMotion, ...]:
    """Register femur and hip bone of each side that both studies show."""
    fine = resample_to_patient_axes(later.result.volume, FIT_STEP_MM)
    moving = _windowed(fine.grid.to_simpleitk(fine.hu))
    sides = [
        h.joint.side for h in earlier.anatomy.hips if any(g.joint.side == h.joint.side for g in later.anatomy.hips)
    ]
    return tuple(_register(earlier, later, fine, moving, side, bone) for side in sides for bone in ("femur", "pelvis"))


def _register(
    earlier: Analysis, later: Analysis, later_fine: WorkingVolume, moving: sitk.Image, side: Side, bone: Bone
) -> BoneMotion:
    """Register one bone: first by the fitted surfaces, whose points correspond, then by the voxels in and around it."""
    fits = [_fit(study, side, bone) for study in (earlier, later)]
    both = fits[0].in_view & fits[1].in_view & ~np.isnan(fits[0].offset_mm) & ~np.isnan(fits[1].offset_mm)
    seen = float(both.mean())
    used = both if both.sum() >= 20 else np.ones(len(both), bool)
    linear, _ = align_similarity(fits[0].vertices[used], fits[1].vertices[used])
    rotation = linear / np.cbrt(np.linalg.det(linear))
    middles = [f.vertices[used].mean(axis=0) for f in fits]
    rotation, offset = _refined(earlier, moving, side, bone, rotation, middles)
    residual_mm, found = _edges_met(fits[0], later_fine, rotation, offset)
    return BoneMotion(side, bone, rotation, offset, residual_mm, found, seen)


def _fit(study: Analysis, side: Side, bone: Bone) -> SurfaceFit:
    hip = next(h for h in study.anatomy.hips if h.joint.side == side)
    return hip.femur if bone == "femur" else hip.hip_bone


def _field(study: Analysis, side: Side, bone: str) -> BoneDistance:
    return next(b for b in study.anatomy.bones if (b.side, b.bone) == (side, bone))


def _refined(
    earlier: Analysis, moving: sitk.Image, side: Side, bone: Bone, rotation: FloatArray, middles: list[FloatArray]
) -> tuple[FloatArray, FloatArray]:
    """Minimise the mean squared difference of HU in and around the bone, from where the surfaces put it."""
    import SimpleITK as sitk  # noqa: N813

    field = _field(earlier, side, bone)
    z, y, x = (-(-n // _EVERY) for n in field.grid.shape)
    lattice = Grid.axial((z, y, x), np.multiply(field.grid.spacing_mm, _EVERY), field.grid.origin_lps_mm)
    volume = earlier.result.volume
    fixed = _windowed(_on(lattice, volume.grid.to_simpleitk(volume.hu), sitk.sitkLinear, AIR_HU))
    start = sitk.Euler3DTransform()
    start.SetCenter(middles[0].tolist())
    start.SetMatrix(rotation.ravel().tolist(), 1e-4)
    start.SetTranslation((middles[1] - middles[0]).tolist())
    method = sitk.ImageRegistrationMethod()
    method.SetNumberOfThreads(1)  # sums in one order: the same result in every run
    method.SetMetricAsMeanSquares()
    method.SetMetricFixedMask(_mask(earlier, side, bone, lattice))
    method.SetMetricUseFixedImageGradientFilter(False)
    method.SetMetricUseMovingImageGradientFilter(False)
    method.SetInterpolator(sitk.sitkLinear)
    method.SetOptimizerAsRegularStepGradientDescent(_FIRST_STEP_MM, _LAST_STEP_MM, _STEPS)
    method.SetOptimizerScalesFromPhysicalShift()
    method.SetInitialTransform(start, inPlace=True)
    try:
        method.Execute(fixed, moving)
    except RuntimeError:  # nothing of the bone overlaps: what the surfaces say stands, and its edges will not be found
        return rotation, middles[1] - rotation @ middles[0]
    turned = np.array(start.GetMatrix()).reshape(3, 3)
    return turned, np.array(start.TransformPoint((0.0, 0.0, 0.0)))


def _mask(study: Analysis, side: Side, bone: Bone, lattice: Grid) -> sitk.Image:
    """Mark what is compared of a bone, as uint8."""
    import SimpleITK as sitk  # noqa: N813

    volume = study.result.volume
    other: Bone = "pelvis" if bone == "femur" else "femur"
    mm, beside = (
        sitk.GetArrayFromImage(_on(lattice, f.grid.to_simpleitk(f.mm), sitk.sitkLinear, FAR_MM))
        for f in (_field(study, side, bone), _field(study, side, other))
    )
    labels = sitk.GetArrayFromImage(
        _on(lattice, volume.grid.to_simpleitk(study.result.labels), sitk.sitkNearestNeighbor, 0)
    )
    index = np.argwhere((mm <= _BAND_MM) & (beside > _CLEAR_MM) & ~ndi.binary_dilation(labels > 0))
    index = index[volume.grid.contains(lattice.to_lps(index))]
    mask = np.zeros(lattice.shape, np.uint8)
    mask[tuple(index.T)] = 1
    return lattice.to_simpleitk(mask)


def _on(lattice: Grid, image: sitk.Image, how: int, beyond: float) -> sitk.Image:
    """Resample an image to a lattice; ``beyond`` its edges."""
    import SimpleITK as sitk  # noqa: N813

    reference = lattice.to_simpleitk(np.zeros(lattice.shape, np.uint8))
    there: sitk.Image = sitk.Resample(image, reference, sitk.Transform(), how, float(beyond), sitk.sitkFloat32)
    return there


def _windowed(image: sitk.Image) -> sitk.Image:
    """Limit HU to soft tissue and bone."""
    import SimpleITK as sitk  # noqa: N813

    there: sitk.Image = sitk.Clamp(image, sitk.sitkFloat32, *_WINDOW_HU)
    return there


def _edges_met(fit: SurfaceFit, later: WorkingVolume, rotation: FloatArray, offset: FloatArray) -> tuple[float, float]:
    """Return how far from the earlier edges of a bone those of the later lie, median mm, and what share is met."""
    seen = fit.in_view & (np.abs(np.nan_to_num(fit.offset_mm, nan=np.inf)) < _EDGE_REACH_MM)
    edge = fit.vertices[seen] + fit.normals[seen] * fit.offset_mm[seen, None]
    points, normals = edge @ rotation.T + offset, fit.normals[seen] @ rotation.T
    out, strength = np.empty(len(points)), np.empty(len(points))
    edge_offsets(
        later.hu,
        later.grid.to_index(points),
        np.ascontiguousarray(normals[:, ::-1]),
        1.0 / later.step_mm,
        _EDGE_REACH_MM,
        0.6 * _EDGE_REACH_MM,
        np.full(len(points), _SOFT_TISSUE_HU),
        np.zeros(len(points), bool),
        out,
        strength,
    )
    in_view = ~np.isnan(strength)
    met: NDArray[np.bool_] = ~np.isnan(out)
    if not met.any():
        return float("inf"), 0.0
    return float(np.median(np.abs(out[met]))), float(met.sum() / in_view.sum())
