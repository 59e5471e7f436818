"""Planes go through the most of a lesion, its contacts and its gaps."""

import numpy as np
import pytest
from made_findings import make_findings, make_lesion, make_record

from ho_detect.anatomy.native.masks import LABELS
from ho_detect.export.pictures.lesion_places import LesionVoxels, contacts_and_gaps, largest_extent, reach_mm
from ho_detect.image.grid import Grid

GRID = Grid.axial((60, 60, 60), (1.0, 1.0, 1.0), (-30.0, -30.0, -30.0))


def made(**changes):
    lesion = make_lesion(centroid_lps_mm=(0.0, 0.0, 0.0), **changes)
    return make_findings(GRID, make_record(lesions=(lesion,)))


def slab(name, axis, low, high):
    """Bone between two planes across an LPS axis."""

    def bones_in(box):
        grid = GRID.crop(box)
        points = grid.to_lps(np.moveaxis(np.indices(grid.shape), 0, -1))
        inside = (points[..., axis] >= low) & (points[..., axis] <= high)
        return np.where(inside, LABELS[name], 0).astype(np.uint8)

    return bones_in


def places(findings, bones_in):
    (lesion,) = findings.lesions
    return contacts_and_gaps(lesion, findings.lesions, {lesion.id: LesionVoxels.of(findings, lesion)}, bones_in)


def test_the_largest_extent_is_where_most_voxels_are():
    findings = made()
    findings.labels[33, 20:40, 20:40] = 1  # a plate, wider than the ball, 3 mm above its middle
    found = largest_extent(LesionVoxels.of(findings, findings.lesions[0]))
    assert [p.plane for p in found] == ["axial", "coronal", "sagittal"]
    assert found[0].point[2] == pytest.approx(3.0)
    assert largest_extent(LesionVoxels(GRID, np.empty((0, 3), int), np.empty((0, 3), int))) == ()


@pytest.mark.parametrize(
    ("axis", "planes"), [(0, {"axial", "coronal"}), (1, {"axial", "sagittal"}), (2, {"coronal", "sagittal"})]
)
def test_a_gap_lies_in_its_plane_and_has_the_measured_length(axis, planes):
    (place,) = places(made(gap_femur_mm=9.0, gap_pelvis_mm=None), slab("femur_left", axis, 12.0, 16.0))
    assert place.plane in planes
    assert place.gap.mm == 9.0
    assert place.gap.end[axis] == pytest.approx(12.0)
    assert place.gap.start[axis] == pytest.approx(2.0, abs=1.0)
    assert place.shows == "gap to the femur"


def test_where_no_bone_lies_there_is_no_plane():
    for changes in ({"attached_to": ("femur",), "gap_femur_mm": 0.0}, {"gap_femur_mm": 3.0}):
        findings = made(**{"gap_pelvis_mm": None} | changes)
        assert places(findings, slab("femur_left", 0, 20.0, 25.0)) == ()


def test_of_an_island_the_far_bone_is_not_drawn():
    assert reach_mm(make_lesion(gap_femur_mm=8.0, gap_pelvis_mm=111.0)) == pytest.approx(14.0)
    assert reach_mm(make_lesion(gap_femur_mm=8.0, gap_pelvis_mm=20.0)) == pytest.approx(26.0)
    assert reach_mm(make_lesion(attached_to=("femur",), gap_femur_mm=0.0, gap_pelvis_mm=50.0)) == pytest.approx(56.0)


def test_each_contact_of_a_bridge_has_its_plane():
    findings = made(attached_to=("femur", "pelvis"), gap_femur_mm=0.0, gap_pelvis_mm=0.0)

    def both(box):
        return np.maximum(slab("femur_left", 0, 3.0, 9.0)(box), slab("hip_left", 0, -9.0, -3.0)(box))

    femur, pelvis = places(findings, both)
    assert (femur.shows, pelvis.shows) == ("contact with the femur", "contact with the pelvis")
    assert femur.point[0] > 1.0 > -1.0 > pelvis.point[0]
    assert femur.gap is None
