"""A lesion's distance to the artery of its side, where it was followed, and what lies where the nerve may run."""

from __future__ import annotations

import numpy as np
import pytest
from made_detection import frames, made_anatomy, place
from scipy.spatial import KDTree

from ho_detect.anatomy.regions.tubes import Tubes
from ho_detect.anatomy.regions.vessels import FilledVessels, Vessel
from ho_detect.detection.measure.vessels_and_nerve import NearArtery, in_corridor_mm3, near_artery

CENTER = frames()["left"].center
#: Straight down before the left head, from 80 mm above to 60 mm below it.
DOWN = CENTER + np.stack([np.full(71, -12.0), np.full(71, -46.0), np.linspace(80, -60, 71)], axis=1)
ARTERY = Vessel(DOWN, np.full(71, 4.0), 300.0)


def near(offset, artery=ARTERY):
    outer = KDTree(CENTER + np.array([offset], float))
    filled = {"left": FilledVessels((ARTERY,), artery)}
    return near_artery(outer, "left", made_anatomy(filled_vessels=filled, compartments={"left": place("left")}))


@pytest.mark.parametrize(
    ("offset", "gap_mm", "name"),
    [
        ((-12.0, -60.0, 0.0), 10.0, "femoral"),
        ((0.0, -46.0, 60.0), 8.0, "external_iliac"),
        ((-12.0, -44.0, -20.0), 0.0, "femoral"),
    ],
)
def test_the_gap_is_to_the_lumen_and_the_part_named(offset, gap_mm, name):
    assert near(offset) == NearArtery("artery_followed", gap_mm, name)


@pytest.mark.parametrize("height_mm", [120.0, -90.0])
def test_beyond_the_ends_it_may_be_nearer(height_mm):
    assert near((-12.0, -60.0, height_mm)) == NearArtery("artery_followed")


def test_where_no_artery_is_known_nothing_is_said():
    assert near((0.0, -50.0, 0.0), artery=None) == NearArtery()
    assert near_artery(KDTree(DOWN), "left", made_anatomy()) == NearArtery()


def test_what_lies_in_the_corridor_is_that_share_of_the_volume():
    corridor = Tubes(np.array([[0.0, 0, 0]]), np.array([[0.0, 0, 50]]), np.array([[10.0, 10.0]]))
    x, y, z = np.meshgrid(np.arange(-20.0, 20.5), np.arange(-3.0, 4), np.arange(5.0, 45), indexing="ij")
    block = np.stack([x.ravel(), y.ravel(), z.ravel()], axis=1)
    inside = float((np.hypot(block[:, 0], block[:, 1]) <= 10.0).mean())
    assert in_corridor_mm3(block, corridor, 8000.0) == pytest.approx(8000 * inside, rel=0.03)
    assert in_corridor_mm3(block + 100.0, corridor, 8000.0) == 0.0
