"""What is to be found in a simulated study: hips, ossification as it lies in the series, mimics."""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

from ho_detect.image.grid import Grid
from ho_detect.image.sides import BONES, Bone, Point, Sector, Side
from ho_detect.simulation.canvas import Canvas
from ho_detect.simulation.growth_plans import Encasing, Ossification
from ho_detect.simulation.implant_truth import ImplantTruth, rounded
from ho_detect.simulation.joint_replacement import Placed
from ho_detect.simulation.maturity import Maturity
from ho_detect.simulation.mimics import MimicTruth
from ho_detect.simulation.ossification import axial_sector

#: Values of the native bone mask.
FEMUR_LEFT, FEMUR_RIGHT, PELVIS = 1, 2, 3


class HipTruth(msgspec.Struct, frozen=True, kw_only=True):
    """A femoral head, native or of metal, whether in view or not."""

    side: Side
    center_lps_mm: Point
    head_radius_mm: float
    in_view: bool
    """The center lies in the field of view."""
    metal: bool
    """The head is of metal."""


class LesionTruth(msgspec.Struct, frozen=True, kw_only=True):
    """An ossification as it lies in the series."""

    label: int
    kind: str
    muscle: str | None
    side: Side
    sector: Sector
    volume_mm3: float
    centroid_lps_mm: Point
    maturity: Maturity
    attached_to: tuple[Bone, ...]
    gap_femur_mm: float | None
    gap_pelvis_mm: float | None


class Truth(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is to be found in a study."""

    name: str
    hips: tuple[HipTruth, ...]
    lesions: tuple[LesionTruth, ...]
    mimics: tuple[MimicTruth, ...]
    not_painted: tuple[str, ...]
    """Kinds of planned ossification with no place: out of view, or no room beside bone."""
    implants: tuple[ImplantTruth, ...] = ()


def hip_truth(canvas: Canvas, grid: Grid, side: Side, placed: Placed | None) -> HipTruth:
    """Return where a femoral head, or the one in its place, lies, and whether it is in view of a grid."""
    center = canvas.frames.head_center(side) if placed is None else placed.center
    radius = canvas.person.hip(side).head_radius_mm if placed is None else placed.head_radius_mm
    in_view = bool(grid.contains(center))
    return HipTruth(
        side=side,
        center_lps_mm=rounded(center, 2),
        head_radius_mm=round(radius, 2),
        in_view=in_view,
        metal=in_view and placed is not None,
    )


def lesion_truths(
    grid: Grid,
    labels: NDArray[np.uint16],
    bone: NDArray[np.uint8],
    painted: dict[int, Ossification],
    hips: tuple[HipTruth, ...],
) -> list[LesionTruth]:
    """Return what is true of each painted ossification that has voxels in the series.

    Parameters
    ----------
    grid
        Of the series.
    labels, bone
        On that grid: labels of ossification, values of native bone.
    painted
        Plan of each label.
    hips
        Their centers are what sectors are told from.
    """
    out = []
    centers = {hip.side: hip.center_lps_mm for hip in hips}
    for label, growth in painted.items():
        at = np.argwhere(labels == label)
        if not len(at):
            continue
        centroid = grid.to_lps(at.mean(0))
        femur = FEMUR_LEFT if growth.side == "left" else FEMUR_RIGHT
        gaps, touches = _gaps(grid, labels == label, bone, (femur, PELVIS), at)
        attached: tuple[Bone, ...] = tuple(b for b, t in zip(BONES, touches, strict=True) if t)
        out.append(
            LesionTruth(
                label=label,
                kind=type(growth).__name__.lower(),
                muscle="+".join(growth.muscles) if isinstance(growth, Encasing) else getattr(growth, "muscle", None),
                side=growth.side,
                sector=axial_sector(growth.side, np.array(centers[growth.side]), centroid),
                volume_mm3=round(len(at) * grid.voxel_volume_mm3, 1),
                centroid_lps_mm=rounded(centroid, 2),
                maturity=growth.maturity,
                attached_to=attached,
                gap_femur_mm=gaps[0],
                gap_pelvis_mm=gaps[1],
            )
        )
    return out


def _gaps(
    grid: Grid,
    lesion: NDArray[np.bool_],
    bone: NDArray[np.uint8],
    values: tuple[int, int],
    at: NDArray[np.intp],
    margin_mm: float = 60.0,
) -> tuple[list[float | None], list[bool]]:
    """Smallest distance between voxel centers to each bone, mm (0 when touching, None beyond the margin)."""
    from scipy.ndimage import binary_dilation, distance_transform_edt

    reach = np.ceil(margin_mm / np.array(grid.spacing_mm)).astype(int)
    low, high = np.maximum(at.min(0) - reach, 0), at.max(0) + reach + 1
    box = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    away = distance_transform_edt(~lesion[box], sampling=grid.spacing_mm)
    ring = binary_dilation(lesion[box], np.ones((3, 3, 3), np.bool_))
    gaps: list[float | None] = []
    touches: list[bool] = []
    for value in values:
        here = bone[box] == value
        touch = bool((ring & here).any())
        nearest = float(away[here].min()) if here.any() else np.inf
        touches.append(touch)
        gaps.append(0.0 if touch else round(nearest, 2) if nearest <= margin_mm else None)
    return gaps, touches
