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
from ho_detect.simulation.mimics import Mimic, MimicTruth, paint_mimic, paint_table
from ho_detect.simulation.ossification import paint_ossification
from ho_detect.simulation.person import Person
from ho_detect.simulation.scan import (
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

#: Kinds of mimics, as numbered in the map of mimics.
MIMICS = (
    "contrast_vessel", "arterial_calcium", "phlebolith", "injection_granuloma", "hand", "arthroplasty", "nail", "bowel",
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
    metal
        bool on the volume's grid.
    mimic
        uint8 on the volume's grid: what a mimic has made denser, 0 or 1 + the place of its kind in :data:`MIMICS`.
    truth
        What is to be found.
    """

    plan: StudyPlan
    volume: HuVolume
    labels: NDArray[np.uint16]
    bone: NDArray[np.uint8]
    metal: NDArray[np.bool_]
    mimic: NDArray[np.uint8]
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
    hu = acquire(canvas.hu, canvas.skin, grids, plan.scan, rng)
    labels = labels_through_slices(canvas.lesions, grids)
    bone, metal = _masks(canvas, grids)
    truth = Truth(
        name=plan.name,
        hips=tuple(hip_truth(canvas, grids.series, side) for side in SIDES),
        lesions=tuple(lesion_truths(canvas, grids.series, labels, bone, painted)),
        mimics=tuple(mimics),
        not_painted=tuple(missing),
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
        bone[flip].copy(),
        metal[flip].copy(),
        middle_slices(kinds, grids)[flip],
        truth,
    )


def _painted_mimics(canvas: Canvas, plan: StudyPlan) -> tuple[list[MimicTruth], NDArray[np.uint8]]:
    """Paint the mimics; return what of them is in view, and a map of where they are denser than what was there."""
    kinds = np.zeros(canvas.grid.shape, np.uint8)
    if plan.person.contrast != "none":
        kinds[canvas.vessels < 0.5 * canvas.width_mm] = 1 + MIMICS.index("contrast_vessel")
    painted: list[MimicTruth] = []
    for mimic in plan.mimics:
        before = canvas.hu.copy()
        found = paint_mimic(canvas, mimic, prone=plan.scan.position in ("HFP", "FFP"))
        if found:
            kinds[canvas.hu - before > _DENSER_HU] = 1 + MIMICS.index(found[0].kind)
            painted.extend(found)
    return painted, kinds


def _masks(canvas: Canvas, grids: Lattices) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    step = grids.series.spacing_mm[0]
    bone = np.zeros(grids.series.shape, np.uint8)
    fields = (canvas.skeleton.femur["left"], canvas.skeleton.femur["right"], canvas.skeleton.pelvis())
    for value, field in zip((FEMUR_LEFT, FEMUR_RIGHT, PELVIS), fields, strict=True):
        bone[through_slices(field, grids, step) < 0] = value
    metal = np.zeros(grids.series.shape, np.bool_)
    for field in canvas.metal:
        metal |= through_slices(field, grids, step) < 0
    return bone, metal
