"""Drawn vessels are followed where contrast medium fills them, and where it does not nothing is said."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from made_detection import frames
from scipy.ndimage import gaussian_filter
from scipy.spatial import KDTree

from ho_detect.acquisition.volume.hu_volume import HuVolume, SeriesRecord
from ho_detect.anatomy.regions.vessels import find_vessels, in_blood
from ho_detect.image.grid import Grid
from ho_detect.image.sides import SIDES, mirror_of

#: Artery and vein from above down, (lateral, posterior, superior) of the head center of either side, mm.
ARTERY = np.array([(-48.0, 0, 110), (-30, -36, 45), (-14, -46, 5), (-12, -44, -25), (-16, -38, -60), (-24, -28, -110)])
VEIN = ARTERY + np.array([-13.0, 4.0, 0.0])
#: The same for a fold of bowel: as dense, and twice as wide.
BOWEL = np.array([(-20.0, -50, 30), (-16.0, -52, -30)])


def course(path):
    return np.concatenate([np.linspace(a, b, 40) for a, b in pairwise(path)])


def scanned(*drawn, spacing_mm=(2.5, 1.2, 1.2), noise_hu=12.0, sides=SIDES):
    """Return muscle with tubes in it: of each (path, radius, HU)."""
    low, high = np.array([-170.0, -100.0, -130.0]), np.array([170.0, 60.0, 130.0])
    shape = tuple(np.ceil((high - low)[::-1] / spacing_mm).astype(int))
    grid = Grid.axial(shape, spacing_mm, tuple(low))
    hu = np.full(shape, 50.0, np.float32)
    for path, radius_mm, dense_hu in drawn:
        for side in sides:
            places = frames()[side].center + mirror_of(side) * course(path)
            box = grid.box_of(places, radius_mm)
            near = hu[box]
            points = grid.crop(box).to_lps(np.argwhere(np.ones(near.shape, bool)))
            inside = KDTree(places).query(points, distance_upper_bound=radius_mm)[0] <= radius_mm
            near[inside.reshape(near.shape)] = dense_hu
    rng = np.random.default_rng(5)
    hu = gaussian_filter(hu, 0.6) + noise_hu * rng.standard_normal(shape).astype(np.float32)
    series = SeriesRecord(
        study_uid="1", series_uid="2", n_slices=shape[0], rows=shape[1], columns=shape[2], spacing_mm=spacing_mm
    )
    return HuVolume(hu.astype(np.int16), grid, series)


def found_in(volume):
    return find_vessels(volume, tuple(frames().values()))


@pytest.mark.parametrize("spacing_mm", [(2.5, 1.2, 1.2), (5.0, 0.9, 0.9)])
def test_arteries_are_followed_on_both_sides(spacing_mm):
    found = found_in(scanned((ARTERY, 4.5, 280.0), spacing_mm=spacing_mm))
    assert found.keys() == set(SIDES)
    for side, filled in found.items():
        artery = filled.artery
        assert filled.vessels == (artery,)
        truth = frames()[side].center + mirror_of(side) * course(ARTERY)
        assert np.quantile(KDTree(truth).query(artery.centers)[0], 0.95) < 1.5
        assert np.median(artery.radii_mm) == pytest.approx(4.5, abs=0.6)
        assert artery.lumen_hu == pytest.approx(280.0, abs=15.0)
        assert artery.centers[0, 2] - artery.centers[-1, 2] > 150.0
        assert (np.diff(artery.centers[:, 2]) < 0).all()


def test_the_lateral_one_of_two_is_the_artery_whichever_is_denser():
    for artery_hu, vein_hu in ((150.0, 150.0), (140.0, 165.0), (300.0, 50.0)):
        filled = found_in(scanned((ARTERY, 4.5, artery_hu), (VEIN, 5.5, vein_hu), sides=("left",)))["left"]
        truth = frames()["left"].center + mirror_of("left") * course(ARTERY)
        assert np.median(KDTree(truth).query(filled.artery.centers)[0]) < 1.5
        assert len(filled.vessels) == (2 if vein_hu > 110 else 1)


def test_one_that_a_vein_may_be_as_dense_as_is_a_vessel_and_not_called_the_artery():
    filled = found_in(scanned((VEIN, 5.0, 150.0), sides=("right",)))["right"]
    assert filled.artery is None
    assert len(filled.vessels) == 1


@pytest.mark.parametrize(
    "drawn",
    [
        (),
        ((ARTERY, 4.5, 50.0),),  # no contrast medium
        ((BOWEL, 14.0, 280.0),),  # too wide
        ((ARTERY[2:4], 4.5, 280.0),),  # too short
        ((ARTERY, 9.5, 280.0),),  # a bar of immature bone: wider than a vessel
        ((ARTERY, 5.0, 900.0),),  # a rod of mature bone: denser than blood
        ((ARTERY[:2], 4.5, 280.0), (ARTERY[4:], 4.5, 280.0)),  # not before the head
    ],
)
def test_nothing_else_is_a_vessel(drawn):
    assert found_in(scanned(*drawn)) == {}


def test_one_that_new_bone_lies_against_before_the_head_goes_on_beyond_it():
    """A lump of new bone from 20 mm above the head center to 20 mm below it: there the vessel is not seen."""
    path = course(ARTERY)
    here = path[np.abs(path[:, 2]) < 20.0]
    lump = [(here + np.array([lateral_mm, 0.0, 0.0]), 13.0, 300.0) for lateral_mm in (6.0, 22.0)]
    found = found_in(scanned((ARTERY, 4.5, 280.0), *((part[::8], radius, hu) for part, radius, hu in lump)))
    assert found.keys() == set(SIDES)
    for side, filled in found.items():
        truth = frames()[side].center + mirror_of(side) * path
        (vessel,) = filled.vessels
        off_mm = KDTree(truth).query(vessel.centers)[0]
        assert np.median(off_mm) < 1.5
        assert off_mm.max() < 7.0  # straight on where it is not seen
        height = vessel.centers[:, 2] - frames()[side].center[2]
        assert height.max() > 60.0
        assert height.min() < -60.0
        assert np.abs(np.diff(height)).max() < 6.0  # between them it is taken to go on


def test_where_it_leaves_for_good_it_is_not_followed_to_another():
    """What is round 40 mm on, but 30 mm to the side of where it was heading, is another thing."""
    upper, lower = course(ARTERY[:4]), course(ARTERY[4:])
    upper = upper[upper[:, 2] > -20.0]
    found = found_in(scanned((upper, 4.5, 280.0), (lower + np.array([30.0, 0.0, 0.0]), 4.5, 280.0)))
    assert found.keys() == set(SIDES)
    for side, filled in found.items():
        (vessel,) = filled.vessels
        assert vessel.centers[:, 2].min() - frames()[side].center[2] > -40.0


def test_a_rod_of_new_bone_is_not_as_even_as_blood():
    shares = np.linspace(0, 1, 9)
    path = course(ARTERY)
    parts = [path[int(a * 199) : int(b * 199) + 2] for a, b in pairwise(shares)]
    uneven = [(part, 4.5, hu) for part, hu in zip(parts, (150, 260, 420, 230, 330, 500, 210, 380), strict=True)]
    assert found_in(scanned(*uneven)) == {}


def test_blood_is_what_lies_in_lumens():
    found = found_in(scanned((ARTERY, 4.5, 280.0)))
    for side in SIDES:
        middle = frames()[side].center + mirror_of(side) * course(ARTERY)[30:-30]
        assert in_blood(found.values(), middle).mean() > 0.98
        beside = middle + mirror_of(side) * np.array([12.0, 0.0, 0.0])
        assert not in_blood(found.values(), beside).any()
    assert not in_blood([], np.zeros((3, 3))).any()
