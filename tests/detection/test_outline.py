"""The outline lies where the edge is, whatever the density and the voxels; the core belongs to the lesion."""

from __future__ import annotations

import numpy as np
import pytest
from made_detection import MUSCLE_HU, bone_at, region, scanned_ball
from phantoms import ball, box
from scipy import ndimage as ndi

from ho_detect.anatomy.native.surfaces import FAR_MM
from ho_detect.detection.candidates import Candidate, find_candidates, smoothed
from ho_detect.detection.outline import outline
from ho_detect.image.grid import Grid
from ho_detect.settings import DetectionSettings

SETTINGS = DetectionSettings()
#: Name: HU of rim and core.
KINDS = {"mature": (800.0, 150.0), "solid": (800.0, 800.0), "intermediate": (380.0, 210.0), "immature": (240.0, 240.0)}
#: Voxels, mm, and how far the volume may be off: slices from 3 mm on average over rim and muscle, and are flagged.
SPACINGS = [((0.8,) * 3, 0.05), ((1.5,) * 3, 0.05), ((2.0,) * 3, 0.05), ((2.0, 1.0, 1.0), 0.05), ((3.0, 0.8, 0.8), 0.1)]


def seen(hu, spacing=(1.0, 1.0, 1.0), **parts):
    """Return the region that a scan gives."""
    hu = np.asarray(hu, float) + np.random.default_rng(0).normal(0, 6, np.shape(hu))
    smooth = smoothed(np.round(hu).astype(np.int16), Grid.axial(hu.shape, spacing), SETTINGS.smoothing_mm)[:]
    return region(hu, spacing, smooth=smooth, **parts)


def largest(found, settings=SETTINGS):
    """Return the outline of the largest candidate of a region, and its volume in mm³."""
    outlined = [outline(found, c, settings) for c in find_candidates(found, settings)]
    best = max(outlined, key=lambda o: o.candidate.mask.sum())
    return best, best.candidate.mask.sum() * found.grid.voxel_volume_mm3


def _half_of_a_ball(this_hu: float, other_hu: float) -> float:
    """Return the volume of one half of a ball as outlined, without the 5 mm beside the other half, mm³."""
    shape = (44, 44, 60)
    x = np.arange(60) - 30
    hu = np.where(ball(shape, radius=16), np.where(x > 0, other_hu, this_hu), MUSCLE_HU)
    found, _ = largest(seen(ndi.gaussian_filter(hu, 0.7)))
    box_, mask = found.candidate.box, found.candidate.mask
    return float(mask[..., np.arange(box_[2].start, box_[2].stop) < 25].sum())


class TestVolume:
    @pytest.mark.parametrize(("spacing", "off"), SPACINGS, ids=str)
    @pytest.mark.parametrize("kind", KINDS)
    def test_of_a_ball_is_that_of_the_ball(self, kind, spacing, off):
        rim_hu, core_hu = KINDS[kind]
        hu = scanned_ball(12.0, spacing, rim_hu=rim_hu, core_hu=core_hu)
        _, volume_mm3 = largest(seen(hu, spacing))
        assert volume_mm3 == pytest.approx(4 / 3 * np.pi * 12.0**3, rel=off)

    def test_does_not_follow_the_density(self):
        volumes = [largest(seen(scanned_ball(10.0, (1, 1, 1), rim_hu=h, core_hu=h)))[1] for h in (300, 500, 700)]
        assert max(volumes) / min(volumes) < 1.04

    @pytest.mark.parametrize("core_mm", [12.0, 16.0])
    def test_what_lies_in_the_bone_that_a_lesion_lies_on_never_takes_its_place(self, core_mm):
        """A lesion half around a shaft, at the end of the view, where the marrow is none of the native field."""
        z, y, x = np.indices((20, 70, 70)) - np.array([0, 35, 35])[:, None, None, None]
        away = np.hypot(y, x)
        marrow, cortex = away < core_mm, (away >= core_mm) & (away < core_mm + 3)
        lesion = (away >= core_mm + 3) & (away < core_mm + 7) & (x > 0) & (z < 14)
        hu = np.where(marrow, -40.0, np.where(cortex, 1100.0, np.where(lesion, 500.0, MUSCLE_HU)))
        distance = np.where(cortex, -1.0, np.where(marrow, 4.0, away - core_mm - 3))
        found = seen(hu, distance_mm=distance, nearest=np.ones(hu.shape))
        whole = tuple(slice(0, n) for n in hu.shape)
        mask = outline(found, Candidate(whole, lesion, joined=True), SETTINGS).candidate.mask
        assert mask[lesion].mean() > 0.7
        assert (mask & ~lesion).sum() < 0.2 * lesion.sum()


class TestHalfHeight:
    def test_moves_with_the_density_of_the_rim(self):
        boundaries = []
        for rim_hu in (300.0, 450.0, 600.0):
            found, _ = largest(seen(scanned_ball(10.0, (1, 1, 1), rim_hu=rim_hu, core_hu=rim_hu)))
            assert found.boundary_hu == pytest.approx(MUSCLE_HU + (rim_hu - MUSCLE_HU) / 2, rel=0.2)
            boundaries.append(found.boundary_hu)
        assert boundaries == sorted(boundaries)

    def test_lies_where_each_part_of_a_lesion_has_its_own(self):
        """Half of it ripe, half of it faint: one boundary for both would cut the faint half off."""
        faint_hu, ripe_hu = 260.0, 900.0
        sizes = {hu: _half_of_a_ball(hu, hu) for hu in (faint_hu, ripe_hu)}
        assert _half_of_a_ball(faint_hu, ripe_hu) == pytest.approx(sizes[faint_hu], rel=0.06)
        assert _half_of_a_ball(ripe_hu, faint_hu) == pytest.approx(sizes[ripe_hu], rel=0.04)

    def test_keeps_its_limits(self):
        faint, _ = largest(seen(scanned_ball(10.0, (1, 1, 1), rim_hu=215.0, core_hu=215.0)))
        dense, _ = largest(seen(scanned_ball(10.0, (1, 1, 1), rim_hu=2000.0, core_hu=2000.0)))
        assert faint.boundary_hu == 140.0
        assert dense.boundary_hu == SETTINGS.highest_boundary_hu


class TestCore:
    def test_a_core_as_lucent_as_fat_belongs_to_the_lesion(self):
        solid = largest(seen(scanned_ball(10.0, (1, 1, 1), core_hu=800.0)))[1]
        hollow = largest(seen(scanned_ball(10.0, (1, 1, 1), core_hu=-100.0)))[1]
        assert hollow == pytest.approx(solid, rel=0.08)

    def test_a_shell_with_a_gap_is_filled_too(self):
        hu = scanned_ball(10.0, (1, 1, 1), core_hu=20.0)
        whole = largest(seen(hu))[1]
        middle = hu.shape[1] // 2
        hu[middle - 1 : middle + 2, middle - 1 : middle + 2, : middle - 4] = MUSCLE_HU
        assert largest(seen(hu))[1] == pytest.approx(whole, rel=0.06)

    @pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (3.0, 1.0, 1.0)])
    def test_a_core_that_is_open_above_and_below_is_filled(self, spacing):
        height = round(24.0 / spacing[0])
        tube = ball((1, 40, 40), radius=9)
        wall = tube & ~ball((1, 40, 40), radius=7)
        hu = np.full((height + 8, 40, 40), MUSCLE_HU)
        hu[4:-4] = np.where(wall, 700.0, np.where(tube, 110.0, MUSCLE_HU))
        _, volume_mm3 = largest(seen(ndi.gaussian_filter(hu, (0.0, 0.5, 0.5)), spacing))
        assert volume_mm3 == pytest.approx(height * tube.sum() * spacing[0], rel=0.12)

    def test_what_a_wide_ring_goes_around_does_not(self):
        hu = np.full((24, 50, 50), MUSCLE_HU)
        ring = ndi.distance_transform_edt(~_circle((24, 50, 50), 16.0)) <= 4.0
        hu[ring] = 700.0
        _, volume_mm3 = largest(seen(ndi.gaussian_filter(hu, 0.7)))
        assert volume_mm3 == pytest.approx(ring.sum(), rel=0.15)


def _circle(shape, radius):
    z, y, x = (np.arange(n) - n // 2 for n in shape)
    return (z[:, None, None] == 0) & (np.abs(np.hypot(y[:, None], x) - radius) < 0.7)


class TestThickness:
    def test_a_wall_stays_thin_and_a_ball_is_thick(self):
        wall = np.full((40, 40, 40), MUSCLE_HU)
        tube = ball((1, 40, 40), radius=9) & ~ball((1, 40, 40), radius=6.5)
        wall[5:35] = np.where(tube, 900.0, MUSCLE_HU)
        thin, _ = largest(seen(ndi.gaussian_filter(wall, 0.5)))
        thick, _ = largest(seen(scanned_ball(9.0, (1, 1, 1))))
        assert thin.thickness_mm < 6.5
        assert thick.thickness_mm == pytest.approx(18.0, abs=3.0)


def on_bone(cleft_mm, bone_hu=900.0):
    """A block of 10 mm over a slab of native bone (slices below 12), ``cleft_mm`` of muscle between."""
    hu = np.full((50, 40, 40), MUSCLE_HU)
    hu[:12] = bone_hu
    hu[box(hu.shape, (12 + cleft_mm, 12, 12), (24, 28, 28))] = 800.0
    distance = np.broadcast_to((np.arange(50) - 11.5)[:, None, None], hu.shape)
    nearest = np.where(np.arange(40) < 20, 1, 2) * np.ones(hu.shape)  # one bone on either side of the middle
    grid = Grid.axial(hu.shape, (1.0, 1.0, 1.0))
    bones = tuple(
        bone_at(bone, grid, np.where(nearest == number, distance, FAR_MM))
        for number, bone in enumerate(("femur", "pelvis"), 1)
    )
    return seen(ndi.gaussian_filter(hu, 0.5), distance_mm=distance, nearest=nearest, bones=bones)


class TestTouching:
    def test_what_stands_on_bone_touches_it(self):
        assert largest(on_bone(0))[0].candidate.touching == ("femur", "pelvis")

    @pytest.mark.parametrize("cleft_mm", [3, 4, 6])
    def test_a_cleft_parts_what_it_separates(self, cleft_mm):
        assert largest(on_bone(cleft_mm))[0].candidate.touching == ()

    def test_a_cleft_that_smoothing_closes_leaves_it_free(self):
        hu = on_bone(2).hu
        found = on_bone(2)
        found.smooth[:] = ndi.gaussian_filter(hu.astype(float), 1.2)
        middle = (13, 20, 20)
        assert found.smooth[middle] > 300.0 > hu[middle]
        best, _ = largest(found)
        assert (best.candidate.joined, best.candidate.touching, best.cleft) == (False, (), True)
        assert not largest(on_bone(0))[0].cleft

    def test_thin_cortex_outside_of_the_fit_is_not_taken_for_free(self):
        hu = np.full((40, 40, 40), MUSCLE_HU)
        hu[:16] = 80.0
        hu[12:16] = 500.0  # marrow beneath it, and the fitted surface 3 mm inside of its own
        distance = np.broadcast_to((np.arange(40) - 11.5)[:, None, None], hu.shape)
        bones = (bone_at("femur", Grid.axial(hu.shape, (1.0, 1.0, 1.0)), distance),)
        nearest = np.ones(hu.shape)
        candidate = Candidate(tuple(slice(0, n) for n in hu.shape), (hu == 500.0) & (distance > 0), joined=True)
        found = seen(hu, distance_mm=distance, nearest=nearest, bones=bones)
        assert outline(found, candidate, SETTINGS).candidate.joined

    def test_only_the_bone_that_it_stands_on(self):
        found = on_bone(0)
        found.nearest[:] = 2
        assert largest(found)[0].candidate.touching == ("pelvis",)

    def test_soft_contact_is_none(self):
        assert largest(on_bone(2, bone_hu=220.0))[0].candidate.touching == ()

    def test_a_point_of_contact_is_too_little(self):
        found = on_bone(3)
        found.smooth[11:16, 20, 25] = found.hu[11:16, 20, 25] = 800  # one voxel wide: it borders on 9 voxels of bone
        assert largest(found, DetectionSettings(contact_mm2=10.0))[0].candidate.touching == ()
        assert largest(found, DetectionSettings(contact_mm2=8.0))[0].candidate.touching == ("pelvis",)

    @pytest.mark.parametrize("cleft_mm", [0, 3])
    def test_native_bone_is_never_part_of_it(self, cleft_mm):
        found = on_bone(cleft_mm)
        best, volume_mm3 = largest(found)
        assert not (best.candidate.mask & (found.distance_mm[best.candidate.box] <= 0)).any()
        assert volume_mm3 == pytest.approx((12 - cleft_mm) * 16 * 16, rel=0.08)


def test_cortex_left_outside_of_the_fit_is_no_part_of_it():
    found = on_bone(3)
    found.distance_mm[:] += 2.0  # the fitted surface lies 2 mm inside of the true one
    best, volume_mm3 = largest(found)
    assert volume_mm3 == pytest.approx(9 * 16 * 16, rel=0.08)
    assert best.candidate.touching == ()


def test_the_region_is_left_as_it_was():
    found = on_bone(0)
    before = [a.copy() for a in (found.smooth, found.hu, found.distance_mm, found.nearest)]
    largest(found)
    after = (found.smooth, found.hu, found.distance_mm, found.nearest)
    assert [np.array_equal(a, b) for a, b in zip(before, after, strict=True)] == [True] * 4
