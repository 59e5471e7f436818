"""Small, fast phantoms shared by all tests: trivial shapes, and simulated hips on a coarse grid.

``hip_phantom()`` and its variants are cached for the session: never write into their arrays.
"""

from __future__ import annotations

from functools import lru_cache
from unittest.mock import patch

import msgspec
import numpy as np

from ho_detect.acquisition.volume.hu_volume import HuVolume, SeriesRecord
from ho_detect.image.grid import Grid
from ho_detect.simulation import reconstruction
from ho_detect.simulation.growth_plans import Ossification
from ho_detect.simulation.implant_plans import Implant
from ho_detect.simulation.mimics import Mimic
from ho_detect.simulation.person import HipPlan, Person
from ho_detect.simulation.scan import ScanPlan
from ho_detect.simulation.study import SimulatedStudy, StudyPlan, paint_person, simulate

#: A field of view that holds both hips and little else, 3 mm voxels, little noise.
COARSE = ScanPlan(
    spacing_mm=(3.0, 2.5, 2.5), above_mm=75, below_mm=90, left_mm=175, right_mm=175, anterior_mm=120, posterior_mm=130,
    noise_hu=8.0, psf_mm=0.5, table=False,
)  # fmt: skip


#: In place of 580: on voxels of 2.5 mm no streak of theirs within 115 mm of metal, and a quarter of the time.
FEWER_VIEWS = 145


def fewer_views():
    """Return a context in which metal is projected with fewer views: for laws of where things lie, not of artefact."""
    return patch.object(reconstruction, "VIEWS", FEWER_VIEWS)


def ball(shape=(20, 20, 20), center=None, radius=5.0, spacing=(1.0, 1.0, 1.0)):
    """Boolean ball: voxel centers within ``radius`` mm of ``center`` (index, default the middle)."""
    center = (np.array(shape) - 1) / 2 if center is None else np.asarray(center, float)
    axes = np.ogrid[tuple(slice(0, n) for n in shape)]
    return sum(((a - c) * s) ** 2 for a, c, s in zip(axes, center, spacing, strict=True)) <= radius**2


def box(shape, low, high):
    """Boolean box, ``low`` included, ``high`` not."""
    mask = np.zeros(shape, bool)
    mask[tuple(slice(a, b) for a, b in zip(low, high, strict=True))] = True
    return mask


def volume(hu, spacing=(1.0, 1.0, 1.0), origin=(0.0, 0.0, 0.0), grid=None, **series):
    """Return a :class:`HuVolume` of any array, axial unless a grid is given."""
    hu = np.asarray(np.round(hu), np.int16)
    grid = Grid.axial(hu.shape, spacing, origin) if grid is None else grid
    fields = {"study_uid": "s", "series_uid": "s", "n_slices": hu.shape[0], "rows": hu.shape[1], "columns": hu.shape[2]}
    return HuVolume(hu, grid, SeriesRecord(**{**fields, "spacing_mm": grid.spacing_mm, **series}))


@lru_cache(maxsize=16)
def hip_phantom(
    ossification: tuple[Ossification, ...] = (),
    mimics: tuple[Mimic, ...] = (),
    person: Person | None = None,
    scan: ScanPlan | None = None,
    seed: int = 0,
    implants: tuple[Implant, ...] = (),
) -> SimulatedStudy:
    """Return a simulated study on a coarse grid, cached: the same arguments give the same object.

    ``hip_phantom()`` is a normal pelvis; add plans from ``ho_detect.simulation`` for what is to be in it. Vary the
    scan with ``msgspec.structs.replace(COARSE, ...)`` (crop, position, spacing) and the person likewise.
    """
    plan = StudyPlan(
        name="phantom",
        seed=seed,
        person=person or Person(),
        ossification=ossification,
        mimics=mimics,
        implants=implants,
        scan=scan or COARSE,
    )
    with fewer_views():
        return simulate(plan, painted(plan.person, plan.scan))


def painted(person: Person, scan: ScanPlan):
    """Return the body of a person on the grid of a scan, cached: take a copy before anything is laid into it."""
    return _body(person, _geometry(scan))


def _geometry(scan: ScanPlan) -> ScanPlan:
    """Keep of a scan only what decides the grid that the body is painted on."""
    kept = ("spacing_mm", "thickness_mm", "above_mm", "below_mm", "left_mm", "right_mm", "anterior_mm", "posterior_mm")
    return ScanPlan(**{name: getattr(scan, name) for name in kept})


@lru_cache(maxsize=10)
def _body(person: Person, geometry: ScanPlan):
    return paint_person(StudyPlan(name="body", seed=0, person=person, scan=geometry))


def turned(degrees: float) -> Person:
    """Return the standard person turned about the long axis."""
    return Person(turn_deg=degrees)


def small_person() -> Person:
    """Return a small person with hips flexed and turned out."""
    hip = HipPlan(head_radius_mm=21.0, neck_length_mm=44.0, flexion_deg=20.0, rotation_deg=20.0, anteversion_deg=18.0)
    return Person(left=hip, right=hip, female=1.0, size=0.9, half_width_mm=82.0, fat_mm=14.0)


def cropped(**sides_mm: float) -> ScanPlan:
    """Return the coarse scan with other field-of-view sides, e.g. ``cropped(right_mm=-20)`` for the left hip only."""
    return msgspec.structs.replace(COARSE, **sides_mm)
