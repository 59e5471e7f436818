"""Laws of laying parts: what is laid first stays, bone and tissue make way, what is out of view is nothing."""

from __future__ import annotations

import numpy as np
import pytest
from phantoms import COARSE, painted

from ho_detect.simulation.fields import box_of
from ho_detect.simulation.implant_parts import PartPlan, filled_femur_at, joined, lay, resect
from ho_detect.simulation.implanting import metal_labels, metal_shares
from ho_detect.simulation.person import Person
from ho_detect.simulation.shapes import Ellipsoid, tube


@pytest.fixture
def canvas():
    return painted(Person(), COARSE).copy(np.random.default_rng(0))


def ball(canvas, radius_mm, shift=(0.0, 0.0, 0.0)):
    return Ellipsoid.ball(canvas.frames.head_center("left") + np.array(shift), radius_mm)


def test_what_is_laid_first_stays_and_parts_do_not_overlap(canvas):
    first = lay(canvas, "left", 1, PartPlan("head", "titanium", (ball(canvas, 12.0),)))
    second = lay(canvas, "left", 1, PartPlan("stem", "steel", (ball(canvas, 12.0, (8.0, 0, 0)),)))
    assert (first.label, second.label) == (1, 2)
    inside = np.zeros((2, *canvas.grid.shape), bool)
    inside[0][first.box] = first.distance < 0
    inside[1][second.box] = second.distance < 0
    assert not inside.all(axis=0).any()
    assert inside[0].sum() > 1.3 * inside[1].sum()
    shares = metal_shares(canvas)
    assert set(shares) == {"titanium", "steel"}
    assert (shares["titanium"] + shares["steel"]).max() < 1.01
    assert metal_labels(canvas) == [1, 2]


def test_bone_makes_way_and_the_femur_stays_filled(canvas):
    before = canvas.skeleton.femur["left"].copy()
    part = lay(canvas, "left", 1, PartPlan("head", "titanium", (ball(canvas, 12.0),)))
    inside = part.distance < 0
    assert (canvas.skeleton.femur["left"][part.box][inside] > 0).all()
    assert (canvas.bone[part.box][inside] > 0).all()
    assert (canvas.solid(part.box)[inside] < 0).all()
    assert (canvas.filled_femur("left", part.box)[inside & (before[part.box] < 0)] < 0).all()
    center = canvas.frames.head_center("left")
    assert filled_femur_at(canvas, "left", center[None])[0] < 0
    # water where metal will be projected into the slice
    assert np.abs(canvas.hu[part.box][part.distance < -3]).max() < 1


def test_cement_and_polyethylene_have_their_own_density_and_are_no_metal(canvas):
    lay(canvas, "left", 1, PartPlan("cement", "cement", (ball(canvas, 10.0),)))
    lay(
        canvas, "right", 2, PartPlan("liner", "polyethylene", (Ellipsoid.ball(canvas.frames.head_center("right"), 10),))
    )
    index = [tuple(np.round(canvas.grid.to_index(canvas.frames.head_center(s))).astype(int)) for s in ("left", "right")]
    assert canvas.hu[index[0]] > 1000
    assert -130 < canvas.hu[index[1]] < -60
    assert metal_shares(canvas) == {}
    assert metal_labels(canvas) == []


def test_a_hollow_part_has_its_hole(canvas):
    center = canvas.frames.head_center("left")
    ends = center + np.array([[0, 0, -15.0], [0, 0, 15.0]])
    part = lay(
        canvas, "left", 1, PartPlan("screw", "steel", (tube(ends, [9.0, 9.0]),), hollow=(tube(ends, [4.0, 4.0]),))
    )
    index = np.round(canvas.grid.to_index(center)).astype(int) - [s.start for s in part.box]
    assert part.distance[tuple(index)] > 0
    assert (part.distance < 0).any()


def test_a_part_out_of_view_is_none(canvas):
    away = Ellipsoid.ball(canvas.frames.head_center("left") + np.array([0, 0, 900.0]), 10.0)
    assert joined(canvas, (away,)) is None
    assert lay(canvas, "left", 1, PartPlan("head", "steel", (away,))) is None
    assert canvas.parts == []


def test_bone_taken_away_is_soft_tissue(canvas):
    center = canvas.frames.head_center("left")
    box = box_of(canvas.grid, np.array([center, center]), 30.0)
    gone = np.full(canvas.hu[box].shape, -5.0, np.float32)
    before = canvas.skeleton.femur["left"][box] < -3
    resect(canvas, canvas.skeleton.femur["left"], box, gone, 35.0)
    assert not (canvas.skeleton.femur["left"][box] < 0).any()
    assert np.abs(canvas.hu[box][before] - 35).max() < 1
    assert (canvas.bone[box][before] > 0).all()
