"""What a part is called hangs on its shape, and for what runs along the shaft on how deep in the femur it lies."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from drawn_implants import DOWN, HEAD, HIP, IN_CANAL, LATERAL, PLATE_ENDS
from made_detection import anatomy

from ho_detect.anatomy.metal.cells import CELL_MM3
from ho_detect.anatomy.metal.describe import described_other, described_rod, described_stem, described_wire
from ho_detect.anatomy.metal.follow_rod import Rod

AXIS = np.arange(-1.0, 1.01, 0.05)


def described(ends, half_mm, hips=(HIP,)):
    """The part that a rod of that size becomes."""
    ends = np.array(ends, float)
    axis = (ends[1] - ends[0]) / np.linalg.norm(ends[1] - ends[0])
    one = np.cross(axis, [0.0, 1.0, 0.0])
    one /= np.linalg.norm(one)
    other = np.cross(axis, one)
    half = np.linalg.norm(ends[1] - ends[0]) / 2
    box = np.stack(np.meshgrid(AXIS, AXIS, AXIS, indexing="ij"), axis=-1).reshape(-1, 3)
    points = ends.mean(axis=0) + box * (half, *half_mm) @ np.stack([axis, one, other])
    rod = Rod(np.ones(len(points), bool), ends, np.stack([axis, one, other]), np.array(half_mm), 1.0)
    return described_rod(rod, points, hips)


SCREW = HEAD, HEAD + np.array([50.0, 10.0, -40.0])
#: Before and above the socket, on the bone.
ON_ILIUM = HEAD + np.array([15.0, -32.0, 45.0]), HEAD + np.array([-35.0, -42.0, 45.0])


@pytest.mark.parametrize(
    ("ends", "half_mm", "kind"),
    [
        (IN_CANAL, (6.0, 6.0), "nail"),
        (IN_CANAL, (8.0, 4.5), "nail"),
        (PLATE_ENDS, (8.0, 3.0), "plate"),
        (PLATE_ENDS, (8.0, 5.5), "plate"),
        (SCREW, (3.5, 3.0), "screw"),
        (SCREW, (4.5, 2.0), "screw"),
        (SCREW, (6.5, 2.0), "screw"),
        (ON_ILIUM, (7.0, 2.5), "plate"),
        (ON_ILIUM, (4.0, 2.5), "screw"),
        (SCREW, (1.5, 1.4), "wire"),
        (IN_CANAL, (3.0, 3.0), "screw"),
    ],
)
def test_kind(ends, half_mm, kind):
    assert described(ends, half_mm).kind == kind


def test_there_is_no_nail_beside_a_stem():
    assert described(IN_CANAL, (6.0, 6.0), (replace(HIP, replaced=True),)).kind == "screw"


def test_extent_and_axis_are_those_of_the_rod():
    part = described(IN_CANAL, (6.0, 6.0))
    assert part.length_mm == pytest.approx(115.0, abs=2.0)
    assert part.center_lps_mm == pytest.approx(np.mean(IN_CANAL, axis=0), abs=0.5)
    assert part.axis_lps == pytest.approx(DOWN, abs=0.01)
    assert part.radius_mm == 6.0


def test_its_end_first_or_last_it_points_down():
    assert described(IN_CANAL[::-1], (6.0, 6.0)).axis_lps == described(IN_CANAL, (6.0, 6.0)).axis_lps


def test_side_is_that_of_the_nearest_hip():
    both = (HIP, anatomy("right"))
    assert described(SCREW, (3.5, 3.0), both).side == "left"
    assert described(np.array(SCREW) * (-1, 1, 1), (3.5, 3.0), both).side == "right"


@pytest.mark.parametrize("describe", [lambda p: described_stem(p, "left"), lambda p: described_other(p, (HIP,))])
def test_what_has_no_rod_has_the_axis_of_its_metal(describe):
    points = HEAD + np.random.default_rng(1).normal(size=(4000, 3)) * (3.0, 2.0, 20.0)
    part = describe(points)
    assert part.axis_lps == pytest.approx((0, 0, -1), abs=0.05)
    assert part.volume_mm3 == pytest.approx(len(points) * CELL_MM3, abs=0.1)
    assert part.radius_mm == pytest.approx(6.0, abs=0.5)


@pytest.mark.parametrize("covered", [2 * np.pi, 1.4 * np.pi])
def test_an_open_loop_has_the_middle_and_radius_of_a_closed_one(covered):
    angle = np.linspace(0, covered, 300)[:, None]
    points = HEAD + 17.0 * (np.cos(angle) * LATERAL + np.sin(angle) * np.array([0.0, 1.0, 0.0]))
    part = described_wire(points, (HIP,))
    assert part.center_lps_mm == pytest.approx(HEAD, abs=1.5)
    assert part.radius_mm == pytest.approx(17.0, abs=1.0)
    assert part.axis_lps == pytest.approx((0, 0, -1), abs=0.01)
