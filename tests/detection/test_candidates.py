"""Candidates: everything dense enough outside of native bone, each once, and nothing of native bone."""

from __future__ import annotations

import numpy as np
import pytest
from made_detection import MUSCLE_HU, anatomy, made_anatomy, region
from phantoms import ball, volume
from scipy import ndimage as ndi

from ho_detect.anatomy.native.surfaces import FAR_MM, native_bone
from ho_detect.anatomy.regions.tissue import Tissue
from ho_detect.detection.candidates import find_candidates, points_of, region_near_hips
from ho_detect.image.grid import Grid
from ho_detect.settings import DetectionSettings

SETTINGS = DetectionSettings()
SHAPE = (40, 50, 60)


def blob(center, radius, hu=600.0):
    return np.where(ball(SHAPE, center, radius), hu, 0.0)


def painted(*blobs, **parts):
    return region(np.maximum(MUSCLE_HU, np.maximum.reduce(blobs)), **parts)


#: Distance to a plane of bone at slice 8.
PLANE = np.broadcast_to((np.arange(40) - 8.0)[:, None, None], SHAPE)


class TestFound:
    def test_each_thing_once(self):
        found = find_candidates(painted(blob((20, 15, 15), 5), blob((20, 35, 45), 4)), SETTINGS)
        centers = sorted(points_of(painted(blob((0, 0, 0), 1)), c).mean(axis=0).round(6).tolist() for c in found)
        assert centers == [[15.0, 15.0, 20.0], [45.0, 35.0, 20.0]]
        assert sorted(c.mask.sum() for c in found) == [257, 515]

    def test_nothing_in_muscle(self):
        assert find_candidates(region(np.full(SHAPE, MUSCLE_HU)), SETTINGS) == []

    def test_too_faint_at_its_densest(self):
        dense = SETTINGS.seed_contrast_hu + 140.0
        assert len(find_candidates(painted(blob((20, 20, 20), 5, dense)), SETTINGS)) == 1
        assert find_candidates(painted(blob((20, 20, 20), 5, dense - 1)), SETTINGS) == []

    def test_too_small(self):
        one = find_candidates(painted(blob((20, 20, 20), 1.8)), SETTINGS)  # 27 voxels of 1 mm³
        assert len(one) == 1
        assert find_candidates(painted(blob((20, 20, 20), 1.8), spacing=(0.9, 1.0, 1.0)), SETTINGS) == []

    def test_at_the_edge_of_the_array(self):
        (one,) = find_candidates(painted(blob((0, 0, 0), 6)), SETTINGS)
        assert one.mask.sum() == (ball(SHAPE, (0, 0, 0), 6)).sum()


class TestNativeBone:
    def test_is_no_candidate(self):
        hu = np.where(PLANE <= 0, 900.0, MUSCLE_HU)
        assert find_candidates(region(hu, distance_mm=PLANE), SETTINGS) == []

    def test_left_outside_by_a_fit_a_little_off_is_none(self):
        hu = np.where(PLANE <= 2.9, 900.0, MUSCLE_HU)
        assert find_candidates(region(hu, distance_mm=PLANE), SETTINGS) == []

    def test_what_stands_on_it_gets_its_foot_back_and_is_joined(self):
        grown = ball(SHAPE, (12, 25, 30), 7)
        hu = np.where((PLANE <= 0) | grown, 900.0, MUSCLE_HU)
        (one,) = find_candidates(region(hu, distance_mm=PLANE), SETTINGS)
        assert one.joined
        whole = np.zeros(SHAPE, bool)
        whole[one.box] = one.mask
        assert np.array_equal(whole, grown & (PLANE > 0))
        assert not (whole & (PLANE <= 0)).any()

    def test_what_lies_free_is_not_joined(self):
        free = ball(SHAPE, (22, 25, 30), 7)
        hu = np.where((PLANE <= 0) | free, 900.0, MUSCLE_HU)
        (one,) = find_candidates(region(hu, distance_mm=PLANE), SETTINGS)
        assert not one.joined
        assert one.mask.sum() == free.sum()

    def test_one_foot_is_never_given_to_two(self):
        two = ball(SHAPE, (13, 25, 22), 6) | ball(SHAPE, (13, 25, 40), 6)
        hu = np.where((PLANE <= 0) | two, 900.0, MUSCLE_HU)
        found = find_candidates(region(hu, distance_mm=PLANE), SETTINGS)
        count = np.zeros(SHAPE, int)
        for one in found:
            count[one.box] += one.mask
        assert len(found) == 2
        assert count.max() == 1


class TestRegion:
    SPACING = (4.0, 2.0, 2.0)

    def made(self, *, muscle_hu=60.0, noise=12.0, settings=SETTINGS, muscle=True):
        """A block of muscle around a left hip."""
        rng = np.random.default_rng(1)
        shape, origin = (90, 150, 150), (-60.0, -150.0, -180.0)
        hu = muscle_hu + rng.normal(0, noise, shape)
        ct = volume(hu, self.SPACING, origin)
        coarse = Grid.axial((40, 60, 60), (10.0, 6.0, 6.0), origin)
        everywhere = np.ones(coarse.shape, bool)
        tissue = Tissue(coarse, everywhere, everywhere, everywhere if muscle else ~everywhere)
        hips = (anatomy("left"),)
        return ct, hips, region_near_hips(ct, made_anatomy(hips=hips, bones=native_bone(hips), tissue=tissue), settings)

    def test_holds_what_is_within_reach(self):
        ct, hips, found = self.made()
        assert np.allclose(found.grid.affine, ct.grid.crop(found.box).affine)
        assert np.array_equal(found.hu, ct.hu[found.box])
        for axis in np.eye(3):
            for sign in (-1, 1):
                point = hips[0].center_lps_mm + sign * 0.999 * SETTINGS.reach_mm * axis
                assert found.grid.contains(point) == ct.grid.contains(point)

    def test_threshold_follows_muscle_and_noise_within_its_bounds(self):
        quiet, noisy = (self.made(noise=n)[2] for n in (6.0, 60.0))
        assert quiet.muscle_hu == pytest.approx(60.0, abs=1)
        assert quiet.low_hu == pytest.approx(60.0 + SETTINGS.least_contrast_hu, abs=1)
        assert quiet.low_hu < noisy.low_hu <= SETTINGS.low_hu[1]
        assert self.made(muscle_hu=0.0)[2].low_hu == SETTINGS.low_hu[0]

    def test_noise_is_that_of_the_smoothed_volume(self):
        found = self.made(noise=30.0)[2]
        assert found.noise_hu == pytest.approx(found.smooth[:].std(), rel=0.1)

    def test_without_muscle_nothing_is_known_of_noise(self):
        found = self.made(muscle=False)[2]
        assert np.isnan(found.noise_hu)
        assert SETTINGS.low_hu[0] <= found.low_hu <= SETTINGS.low_hu[1]

    def test_distance_is_to_the_nearest_bone_and_only_where_it_is_dense(self):
        dense = DetectionSettings(low_hu=(50.0, 50.0))
        found = self.made(muscle_hu=400.0, settings=dense)[2]
        lps = found.grid.to_lps(np.argwhere(np.ones(found.grid.shape, bool)))
        fields = []
        for bone in found.bones:
            at = bone.grid.to_index(lps).T
            fields.append(ndi.map_coordinates(bone.mm, at, order=1, mode="constant", cval=FAR_MM))
        inside = np.all([bone.grid.contains(lps) for bone in found.bones], axis=0)
        assert np.allclose(found.distance_mm[:, :, :].ravel()[inside], np.min(fields, axis=0)[inside], atol=0.01)
        clear = inside & (np.abs(np.subtract(*fields)) > 0.01)
        assert np.array_equal(found.nearest[:, :, :].ravel()[clear], 1 + np.argmin(fields, axis=0)[clear])
        assert (self.made()[2].distance_mm[:, :, :] == FAR_MM).all()
