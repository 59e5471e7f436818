"""Laws of the line through a shaft: it lies inside of the bone, and is the usual one where none is in view."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from implanted import LONG
from phantoms import painted, turned

from ho_detect.simulation.femur import neck_base
from ho_detect.simulation.person import HipPlan, Person
from ho_detect.simulation.shaft_line import shaft_line, trochanter_tip

PEOPLE = {
    "plain": Person(),
    "turned": turned(25),
    "measured": Person(shape_seed=3),
    "bent": Person(left=HipPlan(flexion_deg=25, abduction_deg=15)),
}


def canvas_of(person, **scan):
    return painted(person, msgspec.structs.replace(LONG, **scan))


def depth(canvas, side, point):
    return -canvas.skeleton.femur[side][tuple(np.round(canvas.grid.to_index(point)).astype(int))]


@pytest.mark.parametrize("name", PEOPLE)
def test_it_runs_inside_of_the_shaft(name):
    canvas = canvas_of(PEOPLE[name])
    for side in ("left", "right"):
        line = shaft_line(canvas, side)
        base = neck_base(canvas.person.hip(side))
        inside = [depth(canvas, side, line.world(base[2] - z)) for z in (50, 65, 80)]
        assert min(inside) > 6
        assert 4 < line.canal_mm < 13


@pytest.mark.parametrize("name", PEOPLE)
def test_the_tip_of_the_trochanter_is_bone_with_none_above(name):
    canvas = canvas_of(PEOPLE[name])
    tip = trochanter_tip(canvas, "left")
    base = neck_base(canvas.person.left)
    frame = canvas.frames.femur["left"]
    assert depth(canvas, "left", frame.to_world(tip)) > 0
    assert depth(canvas, "left", frame.to_world(tip + np.array([0, 0, 9]))) < 0
    assert tip[2] > base[2] + 5


def test_out_of_view_it_is_the_usual_one():
    canvas = canvas_of(Person(), below_mm=-30.0)
    line = shaft_line(canvas, "left")
    base = neck_base(canvas.person.left)
    np.testing.assert_allclose(line.local(base[2] - 42)[:2], base[:2] - np.array([0, 3]), atol=1.5)
    assert line.canal_mm > 5
