"""What is measured of a candidate: its side, surroundings, height and base, each on shapes made for it."""

from __future__ import annotations

import numpy as np
import pytest
from made_detection import MUSCLE_HU, anatomy, frames, made_anatomy, place, region, sure
from model_hips import head_center
from phantoms import ball

from ho_detect.anatomy.metal.metal import Metal, Zone
from ho_detect.anatomy.native.mirror import OtherSide
from ho_detect.anatomy.native.surfaces import FAR_MM
from ho_detect.anatomy.regions.tissue import Tissue
from ho_detect.anatomy.user_masks.masks import supplied_masks
from ho_detect.detection.candidates import Candidate
from ho_detect.detection.evidence import gather
from ho_detect.detection.outline import Outlined
from ho_detect.image.grid import Grid
from ho_detect.image.sides import mirror_of
from ho_detect.settings import Settings

FRAMES = frames()
SHAPE = (41, 41, 41)
NO_MASKS = supplied_masks(None, Grid.axial(SHAPE, (1.0, 1.0, 1.0)))
COARSE = Grid.axial((100, 80, 120), (4.0, 4.0, 4.0), (-240.0, -160.0, -200.0))


def everywhere(value=True):
    return np.full(COARSE.shape, value)


def tissue(body=None, deep=None):
    body = everywhere() if body is None else body
    return Tissue(COARSE, body, body if deep is None else deep, everywhere())


def gathered(
    hu, mask, *, at=(40.0, -30.0, 0.0), side="left", spacing=(1.0, 1.0, 1.0), sides=("left", "right"), joined=False,
    distance_mm=None, tissues=None, metal=None, given=None, other=None,
):  # fmt: skip
    """Gather for a mask whose grid's middle lies ``at`` (lateral, posterior, superior) of a head."""
    found = region(hu, spacing, distance_mm=distance_mm, nearest=None if distance_mm is None else np.ones(mask.shape))
    affine = found.grid.affine.copy()
    center = head_center(side) + mirror_of(side) * np.array(at)
    affine[:3, 3] += center - found.grid.to_lps((np.array(mask.shape) - 1) / 2)
    found = type(found)(**{**vars(found), "grid": Grid(mask.shape, affine)})
    whole = tuple(slice(0, n) for n in mask.shape)
    candidate = Candidate(whole, mask, joined=joined, touching=("femur",) if joined else ())
    outlined = Outlined(candidate, 300.0, 7.0, 0.9)
    here = made_anatomy(
        landmarks=tuple(FRAMES[s] for s in sides),
        tissue=tissues or tissue(),
        metal=metal or Metal(),
        hips=tuple(anatomy(s) for s in sides),
        user_masks=given or NO_MASKS,
        compartments={s: place(s) for s in sides},
        certainty=(sure(),),
        other_sides=(other,),
    )
    return gather(found, outlined, here, Settings())


def blob(around=MUSCLE_HU, radius=6.0, spacing=(1.0, 1.0, 1.0)):
    mask = ball(SHAPE, radius=radius, spacing=spacing)
    return np.where(mask, 600.0, around), mask


class TestPlace:
    @pytest.mark.parametrize("side", ["left", "right"])
    def test_belongs_to_the_nearest_hip(self, side):
        assert gathered(*blob(), side=side).side == side

    def test_distance_to_the_head_is_that_of_its_nearest_voxel(self):
        assert gathered(*blob(), at=(0, -50, 0)).head_distance_mm == pytest.approx(44.0, abs=0.5)

    @pytest.mark.parametrize("side", ["left", "right"])
    @pytest.mark.parametrize(
        ("at", "name"),
        [
            ((-80, 50, 40), "spine"),
            ((-80, 0, 90), "spine"),
            ((-60, -10, 20), "cavity"),
            ((-10, -45, 0), "arterial"),
        ],
    )
    def test_zones_are_the_same_on_both_sides(self, side, at, name):
        assert getattr(gathered(*blob(), at=at, side=side), name) == 1.0
        assert getattr(gathered(*blob(), at=(40, 20, -10), side=side), name) == 0.0

    def test_shaft_beyond_the_model(self):
        end = FRAMES["left"].shaft_end - head_center("left")
        below = tuple(end + 15 * FRAMES["left"].shaft_axis)
        assert gathered(*blob(), at=below).shaft > 0.9
        assert gathered(*blob(), at=(10, 0, -60)).shaft == 0.0

    @pytest.mark.parametrize(("side", "other"), [("left", "right"), ("right", "left")])
    def test_across_the_midline_counts_where_that_hip_is_not_in_view(self, side, other):
        across = {"at": (0, -40, 0), "side": other}
        assert gathered(*blob(), **across, sides=(side,)).across == 1.0
        assert gathered(*blob(), **across).across == 0.0
        assert gathered(*blob(), side=side, sides=(side,)).across == 0.0


class TestBody:
    def test_shares_inside_body_and_deep_tissue(self):
        above = everywhere(False)
        above[COARSE.to_lps(np.argwhere(~above))[:, 2].reshape(COARSE.shape) > 0] = True
        found = gathered(*blob(), at=(40, -30, 2), tissues=tissue(body=above))  # between two of its voxels
        assert found.body == pytest.approx(0.5, abs=0.15)
        assert gathered(*blob(), tissues=tissue(deep=everywhere(False))).deep == 0.0
        assert gathered(*blob()).body == 1.0

    def test_outside_of_the_coarse_grid_is_not_body(self):
        assert gathered(*blob(), at=(400, 0, 0)).body == 0.0

    @pytest.mark.parametrize(
        ("artefact_hu", "hidden", "near_metal"), [(20.0, False, 0.0), (20.0, True, 1.0), (300.0, False, 1.0)]
    )
    def test_near_metal_is_what_it_hides_and_what_does_not_stand_out(self, artefact_hu, hidden, near_metal):
        nothing = np.zeros(COARSE.shape, np.float32)
        metal = Metal(500.0, zone=Zone(COARSE, nothing + 30, nothing + np.float32(artefact_hu), everywhere(hidden)))
        found = gathered(*blob(), metal=metal)
        assert (found.near_metal, found.artefact_hu) == (near_metal, artefact_hu)

    @pytest.mark.parametrize("more_hu", [-30.0, 0.0, 40.0])
    def test_around_hu_is_by_how_much_muscle_there_is_denser_than_elsewhere(self, more_hu):
        assert gathered(*blob(MUSCLE_HU + more_hu)).around_hu == pytest.approx(more_hu, abs=1.0)

    @pytest.mark.parametrize("around", [-100, 300])
    def test_what_is_no_muscle_says_nothing_of_how_dense_muscle_is(self, around):
        assert gathered(*blob(around)).around_hu is None

    def test_no_metal_is_near_where_there_is_none(self):
        assert (gathered(*blob()).near_metal, gathered(*blob()).artefact_hu) == (0.0, 0.0)


class TestForm:
    def test_gap_reach_and_foot_of_a_rod_on_a_plane(self):
        mask = np.zeros(SHAPE, bool)
        mask[11:31, 15:25, 15:25] = True  # 10 by 10 mm, 20 mm high
        distance = np.broadcast_to((np.arange(41) - 10.5)[:, None, None], SHAPE)
        found = gathered(np.where(mask, 600.0, 50.0), mask, distance_mm=distance, joined=True)
        assert (found.gap_mm, found.reach_mm) == (0.5, 19.5)
        assert found.base_mm2 == pytest.approx(100.0, rel=0.02)
        assert found.length_mm == 20.0
        assert found.volume_mm3 == 2000.0

    def test_far_from_bone_gap_and_reach_are_not_measured(self):
        found = gathered(*blob())
        assert (found.gap_mm, found.reach_mm, found.base_mm2) == (None, None, 0.0)

    def test_partly_near_bone_counts_what_is_near(self):
        hu, mask = blob()
        distance = np.full(SHAPE, FAR_MM)
        distance[:20] = 25.0
        found = gathered(hu, mask, distance_mm=distance)
        assert (found.gap_mm, found.reach_mm) == (25.0, 25.0)

    def test_uniform_inside_is_told_from_structure(self):
        hu, mask = blob(radius=9)
        hu[mask] += np.random.default_rng(0).normal(0, 10, mask.sum())
        assert gathered(hu, mask).interior_sd_hu == pytest.approx(10, rel=0.2)
        thin = ball(SHAPE, radius=2.5)
        assert gathered(np.where(thin, 600.0, 50.0), thin).interior_sd_hu is None

    def test_share_at_the_edge_of_the_view(self):
        mask = np.zeros(SHAPE, bool)
        mask[:8, 18:23, 18:23] = True
        assert gathered(np.where(mask, 600.0, 50.0), mask).at_border == 0.5
        assert gathered(*blob()).at_border == 0.0


class TestBesideTheOtherSide:
    """A bone in the lower half, and a candidate that stands on it; the other side lies 20 mm to the left."""

    def found(self, *, there, away_mm=20.0):
        shape = (41, 41, 61)
        distance = np.indices(shape)[0] - 20.0
        mask = ball(shape, center=(26, 20, 15), radius=7.0) & (distance > 0)
        hu = np.where((distance <= 0) | mask, 600.0, MUSCLE_HU)
        if there:
            hu[np.roll(mask, 20, axis=2)] = 600.0
        other = None if away_mm is None else OtherSide(np.eye(3), np.array([away_mm, 0.0, 0.0]))
        return gathered(hu, mask, distance_mm=distance, joined=True, other=other).mirrored

    def test_what_is_there_too_is_mirrored_and_what_is_not_is_not(self):
        assert self.found(there=True) > 0.95
        assert self.found(there=False) < 0.05

    def test_nothing_is_said_without_another_side_or_off_its_view(self):
        assert self.found(there=True, away_mm=None) is None
        assert self.found(there=True, away_mm=500.0) is None
