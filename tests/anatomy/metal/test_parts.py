"""Each kind of part is named and located; mirrored, moved and turned over they are the same parts."""

from __future__ import annotations

import numpy as np
import pytest
from drawn_implants import (
    GRID,
    HEAD,
    HEAD_SCREW,
    HIP,
    IN_CANAL,
    NAIL,
    OPENING,
    PLATE,
    PLATE_ENDS,
    PLATE_SCREWS,
    STEM,
    ball,
    bar,
    loop,
    moved,
    parts_of,
    replaced,
    rod,
    scanned,
    shell,
)
from made_detection import anatomy

from ho_detect.image.grid import Grid

AROUND_SHAFT = IN_CANAL[0] + 0.6 * (IN_CANAL[1] - IN_CANAL[0])
CUP_SCREW = HEAD + np.array([-10.0, 8.0, 24.0]), HEAD + np.array([-17.0, 15.0, 47.0])
TOTAL = ball(14.0), shell(27.0, 23.0, OPENING), STEM, rod(*CUP_SCREW, 2.8), loop(AROUND_SHAFT, 19.0)
FIXED = PLATE, HEAD_SCREW, *(rod(*ends, 2.3) for ends in PLATE_SCREWS)


def kinds(found):
    return [f.part.kind for f in found]


def one(found, kind):
    (part,) = (f.part for f in found if f.part.kind == kind)
    return part


def off_mm(part, point):
    return np.linalg.norm(np.subtract(part.center_lps_mm, point))


def off_deg(part, start, end):
    way = np.subtract(end, start)
    return np.degrees(np.arccos(min(1.0, abs(part.axis_lps @ way) / np.linalg.norm(way))))


@pytest.fixture(scope="module")
def total():
    return scanned(*TOTAL)


class TestReplacedHip:
    def test_every_part_is_named(self, total):
        assert kinds(parts_of(total, head_mm=14.0)) == ["head", "cup", "stem", "screw", "wire"]

    def test_head_and_cup_are_spheres(self, total):
        found = parts_of(total, head_mm=14.0)
        head, cup = one(found, "head"), one(found, "cup")
        assert (off_mm(head, HEAD), head.radius_mm, head.axis_lps) == (0.0, 14.0, None)
        assert off_mm(cup, HEAD) < 1.0
        assert cup.radius_mm == pytest.approx(27.0, abs=1.0)
        assert off_deg(cup, (0, 0, 0), OPENING) < 5
        assert cup.axis_lps @ OPENING > 0

    def test_stem_screw_and_wire_lie_where_they_are(self, total):
        found = parts_of(total, head_mm=14.0)
        stem, screw, wire = one(found, "stem"), one(found, "screw"), one(found, "wire")
        assert off_deg(stem, *IN_CANAL) < 15
        assert stem.length_mm > 100
        assert off_mm(screw, np.mean(CUP_SCREW, axis=0)) < 3
        assert off_deg(screw, *CUP_SCREW) < 6
        assert off_mm(wire, AROUND_SHAFT) < 2
        assert off_deg(wire, (0, 0, 0), (0, 0, 1)) < 5
        assert wire.radius_mm == pytest.approx(19.0, abs=1.0)

    def test_half_a_prosthesis_has_no_cup(self):
        assert kinds(parts_of(scanned(ball(24.0), STEM), head_mm=24.0)) == ["head", "stem"]

    def test_a_head_of_metal_alone_has_no_stem(self):
        assert kinds(parts_of(scanned(ball(24.0)), head_mm=24.0)) == ["head"]

    def test_volumes_add_up(self, total):
        found = parts_of(total, head_mm=14.0)
        metal_mm3 = (total.hu >= 2500).sum() * total.grid.voxel_volume_mm3
        assert sum(f.part.volume_mm3 for f in found) == pytest.approx(metal_mm3, rel=0.03)


class TestFixation:
    def test_nail_and_its_screw(self):
        found = parts_of(scanned(NAIL, HEAD_SCREW))
        assert kinds(found) == ["nail", "screw"]
        nail, screw = one(found, "nail"), one(found, "screw")
        assert off_mm(nail, np.mean(IN_CANAL, axis=0)) < 3
        assert off_deg(nail, *IN_CANAL) < 3
        assert nail.radius_mm == pytest.approx(5.5, abs=1.0)
        assert off_deg(screw, IN_CANAL[0] + 60 * HIP.shaft.axis, HEAD) < 3

    def test_plate_and_its_screws(self):
        found = parts_of(scanned(*FIXED))
        assert kinds(found) == ["plate"] + ["screw"] * 4
        plate = one(found, "plate")
        assert off_mm(plate, np.mean(PLATE_ENDS, axis=0)) < 4
        assert off_deg(plate, *PLATE_ENDS) < 5
        for ends in PLATE_SCREWS:
            assert min(off_mm(f.part, np.mean(ends, axis=0)) for f in found) < 6

    def test_screws_side_by_side(self):
        ends = [(HEAD + np.array([0, y, z]), HEAD + np.array([60, y, z - 45])) for y, z in ((-6, 6), (6, 6), (0, -7))]
        found = parts_of(scanned(*(rod(*e, 3.2) for e in ends)))
        assert kinds(found) == ["screw"] * 3
        for e in ends:
            assert min(off_mm(f.part, np.mean(e, axis=0)) for f in found) < 2

    def test_loops_of_wire(self):
        found = parts_of(scanned(loop(AROUND_SHAFT, 17.0), loop(AROUND_SHAFT + np.array([0, 0, 20.0]), 19.0)))
        assert kinds(found) == ["wire"] * 2

    def test_a_plate_on_the_ilium_is_told_by_its_shape(self):
        ends = HEAD + np.array([[15.0, -32.0, 45.0], [-35.0, -42.0, 45.0]])
        found = parts_of(scanned(bar(*ends, np.array([0.0, 0.0, 1.0]), 6.5, 1.8)))
        assert kinds(found) == ["plate"]

    def test_a_lump_is_other(self):
        assert kinds(parts_of(scanned(ball(9.0, HEAD + np.array([40.0, 0.0, 20.0]))))) == ["other"]

    def test_blooming_of_the_extended_scale_is_left_out(self):
        wide, narrow = (one(parts_of(scanned(NAIL, hu=20000.0, top=top)), "nail") for top in (3071.0, 20000.0))
        assert narrow.radius_mm == pytest.approx(5.5, abs=0.5)
        assert wide.radius_mm > narrow.radius_mm


class TestLaws:
    @pytest.mark.parametrize(("shapes", "head_mm"), [(TOTAL, 14.0), (FIXED, None), ((NAIL, HEAD_SCREW), None)])
    def test_mirrored_they_are_those_of_the_other_side(self, shapes, head_mm):
        ct = scanned(*shapes)
        x, y, z = GRID.origin_lps_mm
        last = x + (GRID.shape[2] - 1) * GRID.spacing_mm[2]
        flipped = ct.hu[:, :, ::-1].copy()
        other = type(ct)(flipped, Grid.axial(GRID.shape, GRID.spacing_mm, (-last, y, z)), ct.series)
        left = parts_of(ct, head_mm=head_mm)
        right = parts_of(other, (replaced(anatomy("right"), head_mm),))
        assert kinds(left) == kinds(right)
        assert {f.part.side for f in right} == {"right"}
        for a, b in zip(left, right, strict=True):
            assert b.part.volume_mm3 == pytest.approx(a.part.volume_mm3, rel=0.1)
            assert off_mm(b.part, np.array(a.part.center_lps_mm) * (-1, 1, 1)) < 2.0

    @pytest.mark.parametrize(("shapes", "head_mm"), [(TOTAL, 14.0), (FIXED, None)])
    def test_moved_they_are_the_same(self, shapes, head_mm):
        ct, by = scanned(*shapes), np.array([-31.7, 12.3, 404.9])
        away = type(ct)(ct.hu, Grid.axial(GRID.shape, GRID.spacing_mm, GRID.origin_lps_mm + by), ct.series)
        here = parts_of(ct, head_mm=head_mm)
        there = parts_of(away, (replaced(moved(HIP, by), head_mm),))
        assert kinds(here) == kinds(there)
        for a, b in zip(here, there, strict=True):
            assert off_mm(b.part, a.part.center_lps_mm + by) < 0.5
            assert b.part.volume_mm3 == pytest.approx(a.part.volume_mm3, rel=0.02)

    def test_the_order_of_slices_changes_nothing(self, total):
        affine = GRID.affine.copy()
        affine[:3, 3] = GRID.to_lps((GRID.shape[0] - 1, 0, 0))
        affine[:3, 0] *= -1
        turned = type(total)(total.hu[::-1].copy(), Grid(GRID.shape, affine), total.series)
        one_way, other = parts_of(total, head_mm=14.0), parts_of(turned, head_mm=14.0)
        assert [f.part for f in one_way] == [f.part for f in other]

    def test_the_larger_of_a_kind_comes_first(self):
        ends = [(HEAD + np.array([0, y, 0]), HEAD + np.array([40 + y, y, -30])) for y in (-12, 0, 12)]
        volumes = [f.part.volume_mm3 for f in parts_of(scanned(*(rod(*e, 3.2) for e in ends)))]
        assert len(volumes) == 3
        assert volumes == sorted(volumes, reverse=True)

    def test_points_are_those_of_the_part(self, total):
        found = parts_of(total, head_mm=14.0)
        volumes = [f.part.volume_mm3 for f in found]
        assert [len(f.points) * 1.25**3 for f in found] == pytest.approx(volumes, abs=0.1)

    def test_nothing_without_metal(self):
        assert parts_of(scanned(hu=2400.0)) == ()
        assert parts_of(scanned(STEM, hu=2400.0)) == ()
