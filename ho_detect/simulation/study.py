"""A plan to a simulated study: the CT and the truth about it, in one call."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray

from ho_detect.acquisition.volume.hu_volume import HuVolume, SeriesRecord
from ho_detect.image.sides import SIDES
from ho_detect.simulation.canvas import Canvas
from ho_detect.simulation.growth_plans import Ossification
from ho_detect.simulation.implant_plans import Implant
from ho_detect.simulation.implant_truth import implant_truths
from ho_detect.simulation.implanting import metal_labels, metal_shares, place_implants
from ho_detect.simulation.mimics import Mimic, MimicTruth, paint_mimic, paint_table
from ho_detect.simulation.ossification import paint_ossification
from ho_detect.simulation.person import Person
from ho_detect.simulation.scan import (
    Body,
    Lattices,
    ScanPlan,
    acquire,
    labels_through_slices,
    lattices,
    middle_slices,
    orient,
    through_slices,
)
from ho_detect.simulation.tissue import paint_body
from ho_detect.simulation.truth import FEMUR_LEFT, FEMUR_RIGHT, PELVIS, Truth, hip_truth, lesion_truths

#: Kinds of mimics and implants, as numbered in the map of them.
MIMICS = (
    "contrast_vessel", "arterial_calcium", "phlebolith", "injection_granuloma", "hand", "joint_replacement",
    "fixation", "bowel",
)  # fmt: skip
#: A mimic is where it has made the body denser by so much, HU.
_DENSER_HU = 60.0


class StudyPlan(msgspec.Struct, frozen=True, kw_only=True):
    """All that determines a simulated study."""

    name: str
    seed: int
    person: Person = Person()
    ossification: tuple[Ossification, ...] = ()
    mimics: tuple[Mimic, ...] = ()
    implants: tuple[Implant, ...] = ()
    scan: ScanPlan = ScanPlan()


@dataclass(frozen=True, eq=False)
class SimulatedStudy:
    """A study and its truth.

    Parameters
    ----------
    plan
        What it was made from.
    volume
        The CT, axes as stored for the patient position.
    labels
        uint16 on the volume's grid: 0, or the ``label`` of a lesion in ``truth``.
    bone
        uint8 on the volume's grid: native bone, 0, :data:`FEMUR_LEFT`, :data:`FEMUR_RIGHT` or :data:`PELVIS`.
    hip_bone
        uint8 on the volume's grid: native hip bone, 0, 1 (left) or 2 (right).
    metal
        bool on the volume's grid.
    implant
        uint8 on the volume's grid: 0, or the ``label`` of a part of an implant in ``truth``.
    mimic
        uint8 on the volume's grid: what a mimic has made denser, or an implant is: 0 or 1 + the place of its kind in
        :data:`MIMICS`.
    metal_change
        int16 on the volume's grid: HU of the CT less those with water in place of metal; artefact, outside of metal.
    truth
        What is to be found.
    """

    plan: StudyPlan
    volume: HuVolume
    labels: NDArray[np.uint16]
    bone: NDArray[np.uint8]
    hip_bone: NDArray[np.uint8]
    metal: NDArray[np.bool_]
    implant: NDArray[np.uint8]
    mimic: NDArray[np.uint8]
    metal_change: NDArray[np.int16]
    truth: Truth


def paint_person(plan: StudyPlan) -> Canvas:
    """Paint the person of a plan without ossification or mimics: most of the work of :func:`simulate`."""
    return paint_body(plan.person, lattices(plan.person, plan.scan).object)


def simulate(plan: StudyPlan, body: Canvas | None = None) -> SimulatedStudy:
    """Make a study from its plan; the same plan gives the same voxels.

    Parameters
    ----------
    plan
        All that determines the study.
    body
        What :func:`paint_person` gave for a plan with the same person, field of view and spacing; it is not changed.

    Raises
    ------
    ValueError
        The body is not on the plan's grid.
    """
    rng = np.random.default_rng([plan.seed, zlib.crc32(plan.name.encode())])
    grids = lattices(plan.person, plan.scan)
    canvas = paint_person(plan) if body is None else body
    if canvas.grid.shape != grids.object.shape or (canvas.grid.affine != grids.object.affine).any():
        raise ValueError(f"a body on a grid of shape {canvas.grid.shape} for a scan of {grids.object.shape}")
    canvas = canvas.copy(rng)
    placed = place_implants(canvas, plan.implants)
    painted: dict[int, Ossification] = {}
    missing: list[str] = []
    for growth in plan.ossification:
        label = paint_ossification(canvas, growth)
        if label is None:
            missing.append(type(growth).__name__.lower())
        else:
            painted[label] = growth
    mimics, kinds = _painted_mimics(canvas, plan)
    if plan.scan.table:
        paint_table(canvas, prone=plan.scan.position in ("HFP", "FFP"))
    hu, changed = acquire(Body(canvas.hu, canvas.skin, metal_shares(canvas)), grids, plan.scan, rng)
    labels = labels_through_slices(canvas.lesions, grids)
    masks = _masks(canvas, grids, labels)
    hips = tuple(hip_truth(canvas, grids.series, side, placed.get(side)) for side in SIDES)
    truth = Truth(
        name=plan.name,
        hips=hips,
        lesions=tuple(lesion_truths(grids.series, labels, masks.bone, painted, hips)),
        mimics=tuple(mimics),
        not_painted=tuple(missing),
        implants=implant_truths(canvas, grids.series, masks.implant, plan.implants, placed),
    )
    grid, steps = orient(grids.series, plan.scan.position)
    flip = tuple(slice(None, None, s) for s in steps)
    series = SeriesRecord(
        study_uid=plan.name,
        series_uid=plan.name,
        n_slices=grid.shape[0],
        rows=grid.shape[1],
        columns=grid.shape[2],
        spacing_mm=grid.spacing_mm,
        slice_thickness_mm=plan.scan.thickness_mm or grid.spacing_mm[0],
        kvp=plan.scan.kvp,
        kernel=plan.scan.kernel,
        contrast_stated=plan.person.contrast != "none",
        patient_position=plan.scan.position,
        manufacturer="SIMULATED",
    )
    volume = HuVolume(np.ascontiguousarray(hu[flip]), grid, series)
    return SimulatedStudy(
        plan,
        volume,
        labels[flip].copy(),
        masks.bone[flip].copy(),
        masks.hip_bone[flip].copy(),
        np.isin(masks.implant, metal_labels(canvas))[flip],
        masks.implant[flip].copy(),
        middle_slices(kinds, grids)[flip],
        changed[flip],
        truth,
    )


def _painted_mimics(canvas: Canvas, plan: StudyPlan) -> tuple[list[MimicTruth], NDArray[np.uint8]]:
    """Paint the mimics; return what of them is in view, and a map of where they are denser than what was there."""
    kinds = np.zeros(canvas.grid.shape, np.uint8)
    if plan.person.contrast != "none":
        kinds[canvas.vessels < 0.5 * canvas.width_mm] = 1 + MIMICS.index("contrast_vessel")
    for part in canvas.parts:
        kind = "joint_replacement" if plan.implants[part.implant - 1].replaces_head else "fixation"
        kinds[part.box][part.distance < 0] = 1 + MIMICS.index(kind)
    painted: list[MimicTruth] = []
    for mimic in plan.mimics:
        before = canvas.hu.copy()
        found = paint_mimic(canvas, mimic, prone=plan.scan.position in ("HFP", "FFP"))
        if found:
            kinds[canvas.hu - before > _DENSER_HU] = 1 + MIMICS.index(found[0].kind)
            painted.extend(found)
    return painted, kinds


@dataclass(frozen=True, eq=False)
class _Masks:
    """uint8 on the series' grid: native bone, native hip bone by side, and parts of implants; no voxel is two."""

    bone: NDArray[np.uint8]
    hip_bone: NDArray[np.uint8]
    implant: NDArray[np.uint8]


def _masks(canvas: Canvas, grids: Lattices, lesions: NDArray[np.uint16]) -> _Masks:
    """Return what each voxel of the series is for the most part."""
    step, skeleton = grids.series.spacing_mm[0], canvas.skeleton
    painted = np.zeros(canvas.grid.shape, np.uint16)
    for part in canvas.parts:
        painted[part.box][part.distance < 0] = part.label
    implant = labels_through_slices(painted, grids).astype(np.uint8)
    implant[lesions > 0] = 0
    bone, hip_bone = (np.zeros(grids.series.shape, np.uint8) for _ in range(2))
    fields = (skeleton.femur["left"], skeleton.femur["right"], skeleton.pelvis())
    for value, field in zip((FEMUR_LEFT, FEMUR_RIGHT, PELVIS), fields, strict=True):
        bone[through_slices(field, grids, step) < 0] = value
    for value, side in enumerate(SIDES, 1):
        hip_bone[through_slices(skeleton.hip_bone[side], grids, step) < 0] = value
    bone[implant > 0] = hip_bone[implant > 0] = 0
    return _Masks(bone, hip_bone, implant)
