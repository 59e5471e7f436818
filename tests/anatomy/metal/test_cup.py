"""A cup is a shell on one side of the head; a neck, a stem or a halo of blooming is none."""

from __future__ import annotations

import numpy as np
import pytest

from ho_detect.anatomy.metal.cup import find_cup
from ho_detect.image.grid import Sphere

CELL = 1.25
_AXIS = np.arange(-45.0, 45.1, CELL)
_AT = np.stack(np.meshgrid(_AXIS, _AXIS, _AXIS, indexing="ij"), axis=-1).reshape(-1, 3)
_AWAY = np.linalg.norm(_AT, axis=1)
CENTER = np.array([80.0, -10.0, 300.0])
OUT = np.array([0.6, -0.3, -0.74]) / np.linalg.norm([0.6, -0.3, -0.74])
NECK = (np.linalg.norm(_AT - (_AT @ OUT)[:, None] * OUT, axis=1) <= 6.5) & (_AT @ OUT > 0)


def cup_in(inside, head_mm=14.0):
    return find_cup(_AT[inside] + CENTER, CELL**3, Sphere(CENTER, head_mm))


def bowl(outer, wall):
    return (np.abs(_AWAY - outer + wall / 2) <= wall / 2) & (_AT @ OUT <= 0)


@pytest.mark.parametrize(("outer", "wall"), [(22.0, 3.0), (27.0, 4.0), (34.0, 5.0)])
def test_is_found_with_its_radii_and_opening(outer, wall):
    cup = cup_in((_AWAY <= 14.0) | NECK | bowl(outer, wall))
    assert cup.outside.radius_mm == pytest.approx(outer, abs=0.8)
    assert cup.inner_mm == pytest.approx(outer - wall, abs=0.8)
    assert cup.axis @ OUT > np.cos(np.radians(6))


def test_its_wall_holds_the_shell_and_not_the_neck():
    shell = bowl(27.0, 4.0)
    cup = cup_in((_AWAY <= 14.0) | NECK | shell)
    assert cup.in_wall(_AT[shell] + CENTER).mean() > 0.99
    assert not cup.in_wall(_AT[NECK & (_AT @ OUT > 8.0)] + CENTER).any()
    assert cup.encloses(CENTER[None] - 18.0 * OUT).all()
    assert not cup.encloses(CENTER[None] - 32.0 * OUT).any()


@pytest.mark.parametrize("inside", [_AWAY <= 14.0, (_AWAY <= 14.0) | NECK, _AWAY <= 16.5])
def test_head_neck_and_blooming_are_none(inside):
    assert cup_in(inside) is None


def test_metal_on_all_sides_is_none():
    assert cup_in((_AWAY <= 27.0) & (_AWAY >= 23.0)) is None


def test_a_head_as_large_as_a_cup_has_none():
    assert cup_in(_AWAY <= 37.0, head_mm=37.0) is None
