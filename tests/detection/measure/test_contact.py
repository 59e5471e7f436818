"""Area and length of contact on planes of any direction, and gaps between what grows towards each other."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import numpy as np
import pytest
from made_detection import region
from made_findings import make_lesion

from ho_detect.anatomy.native.surfaces import BoneDistance
from ho_detect.detection.candidates import Candidate
from ho_detect.detection.measure.contact import measure_contact
from ho_detect.detection.measure.opposing import with_opposing_gaps
from ho_detect.detection.outline import touched_bones
from ho_detect.image.grid import Grid, Sphere, rotation
from ho_detect.settings import DetectionSettings

WHOLE = (slice(None),) * 3


def on_a_plane(tilt_deg, radius, spacing):
    """Region with bone below a tilted plane and a column of that radius standing on it; the column's mask."""
    half = 30.0
    shape = tuple(int(2 * half / s) for s in spacing)
    grid = Grid.axial(shape, spacing, (-half,) * 3)
    normal = rotation("x", tilt_deg) @ rotation("y", 0.6 * tilt_deg) @ np.array([0.0, 0.0, 1.0])
    at = grid.to_lps(np.moveaxis(np.indices(shape), 0, -1))
    height = at @ normal
    away = np.linalg.norm(at - height[..., None] * normal, axis=-1)
    mask = (height > 0) & (height < 12) & (away <= radius)
    lattice = Grid.axial((42, 42, 42), (1.5, 1.5, 1.5), (-31.0,) * 3)
    mm = (lattice.to_lps(np.moveaxis(np.indices((42, 42, 42)), 0, -1)) @ normal).astype(np.float32)
    hu = np.where(mask | (height <= 0), 700.0, 50.0)
    bones = (BoneDistance("left", "femur", lattice, mm, Sphere(np.full(3, 500.0), 23.0)),)
    found = region(hu, spacing, distance_mm=height, nearest=np.ones(shape), bones=bones)
    return type(found)(**{**vars(found), "grid": grid}), mask


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (2.0, 0.8, 0.8)])
@pytest.mark.parametrize("tilt_deg", [0.0, 20.0, 45.0])
def test_a_column_touches_over_its_disc(tilt_deg, spacing):
    found, mask = on_a_plane(tilt_deg, 9.0, spacing)
    touched = touched_bones(found, WHOLE, mask, DetectionSettings())
    assert list(touched) == ["femur"]
    contact = measure_contact(found, WHOLE, mask, touched["femur"], "femur")
    assert contact.area_mm2 == pytest.approx(np.pi * 81, rel=0.06)
    assert contact.length_mm == pytest.approx(18.0, abs=1.0 + max(spacing))


def test_area_of_a_plane_across_an_axis_is_that_of_its_faces():
    found, mask = on_a_plane(0.0, 9.0, (1.0, 0.9, 0.7))
    touched = touched_bones(found, WHOLE, mask, DetectionSettings())["femur"]
    n_faces = np.count_nonzero(touched[:-1] & mask[1:])
    assert n_faces > 100
    contact = measure_contact(found, WHOLE, mask, touched, "femur")
    assert contact.area_mm2 == pytest.approx(n_faces * 0.63, abs=0.06)


def test_area_grows_with_the_disc():
    areas = []
    for radius in (5.0, 10.0):
        found, mask = on_a_plane(30.0, radius, (1.0, 1.0, 1.0))
        touched = touched_bones(found, WHOLE, mask, DetectionSettings())["femur"]
        areas.append(measure_contact(found, WHOLE, mask, touched, "femur").area_mm2)
    assert areas[1] / areas[0] == pytest.approx(4.0, rel=0.1)


class TestOpposing:
    SHAPE = (20, 20, 60)

    def gaps(self, *kinds, sides=None):
        """Boxes at x 5 to 15, 22 to 30 and 40 to 50 voxels of 1 mm, grown from those bones."""
        spans = ((5, 15), (22, 30), (40, 50))
        candidates, lesions = [], []
        for number, (kind, (a, b)) in enumerate(zip(kinds, spans, strict=False), 1):
            mask = np.zeros(self.SHAPE, bool)
            mask[5:15, 5:15, a:b] = True
            candidates.append(Candidate(WHOLE, mask, joined=True, touching=kind))
            side = "left" if sides is None else sides[number - 1]
            lesions.append(make_lesion(number, side=side, attached_to=kind))
        found = region(np.zeros(self.SHAPE))
        return [x.gap_opposing_mm for x in with_opposing_gaps(found, lesions, candidates)]

    def test_between_faces(self):
        # from the end of voxel 14 to the start of voxel 22
        assert self.gaps(("femur",), ("pelvis",)) == [7.0, 7.0]

    def test_with_its_digits(self):
        mask = np.zeros(self.SHAPE, bool)
        mask[5:15, 5:15, 5:15] = True
        other = np.roll(mask, 20, axis=2)
        candidates = [Candidate(WHOLE, m, joined=True) for m in (mask, other)]
        lesions = [make_lesion(1, attached_to=("femur",)), make_lesion(2, attached_to=("pelvis",))]
        found = with_opposing_gaps(region(np.zeros(self.SHAPE), (1.0, 1.0, 0.73)), lesions, candidates)
        assert [lesion.gap_opposing_mm for lesion in found] == [7.3, 7.3]
        found = with_opposing_gaps(region(np.zeros(self.SHAPE), (1.0, 1.0, 0.737)), lesions, candidates)
        assert [lesion.gap_opposing_mm for lesion in found] == [7.37, 7.37]

    def test_the_nearest_counts(self):
        assert self.gaps(("femur",), ("pelvis",), ("femur",)) == [7.0, 7.0, 10.0]

    @pytest.mark.parametrize("kinds", [(("femur",), ("femur",)), ((), ("pelvis",)), (("femur", "pelvis"), ("pelvis",))])
    def test_only_femur_against_pelvis(self, kinds):
        assert self.gaps(*kinds) == [None, None]

    def test_only_at_the_same_hip(self):
        assert self.gaps(("femur",), ("pelvis",), sides=("left", "right")) == [None, None]

    def test_what_is_measured_needs_no_reason(self):
        mask = np.zeros(self.SHAPE, bool)
        mask[5:15, 5:15, 5:15] = True
        other = np.roll(mask, 20, axis=2)
        candidates = [Candidate(WHOLE, m, joined=True) for m in (mask, other)]
        with_masks = {"muscle_volumes_mm3": ()}
        lesions = [make_lesion(k, attached_to=(b,), **with_masks) for k, b in ((1, "femur"), (2, "pelvis"))]
        measured = with_opposing_gaps(region(np.zeros(self.SHAPE)), lesions, candidates)
        assert [lesion.gap_opposing_mm for lesion in measured] == [10.0, 10.0]
        for lesion in measured:
            nulls = {n for n, v in msgspec.structs.asdict(lesion).items() if v is None}
            assert {n.field for n in lesion.not_said} == nulls == set()


@pytest.mark.parametrize(("pelvis_mm", "touches"), [(1.0, False), (6.0, True)])
def test_the_femoral_head_is_touched_where_the_socket_is_not_near(pelvis_mm, touches):
    found, mask = on_a_plane(0.0, 9.0, (1.0, 1.0, 1.0))
    (bone,) = found.bones
    head = Sphere(np.zeros(3), 15.0)
    socket = np.full_like(bone.mm, pelvis_mm)
    both = (replace(bone, head=head), BoneDistance("left", "pelvis", bone.grid, socket, head))
    on_head = replace(found, bones=both)
    assert touched_bones(found, WHOLE, mask, DetectionSettings())
    assert bool(touched_bones(on_head, WHOLE, mask, DetectionSettings())) == touches
