import base64
import io
import re
from dataclasses import replace

import msgspec
import numpy as np
import pytest
from made_findings import make_excluded, make_findings, make_grids, make_hip, make_lesion, make_record
from PIL import Image

from ho_detect.anatomy.native.masks import LABELS
from ho_detect.export.pages.pictures import (
    contact_pictures,
    excluded_picture,
    extent_pictures,
    head_pictures,
    picture_layers,
    projection_picture,
)
from ho_detect.export.pictures.lesion_places import LesionVoxels
from ho_detect.image.grid import Grid
from ho_detect.results.detected import DetectedThings
from ho_detect.results.hidden import FoundMetal, HiddenZone
from ho_detect.results.record import MetalRecord

GRIDS = make_grids()


def pixels(uri):
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2]))).convert("L"))


def layers_of(findings):
    return picture_layers(findings, findings.lesions, findings.excluded)


def voxels_of(findings):
    return {n.id: LesionVoxels.of(findings, n) for n in findings.lesions}


def lesion_pictures(findings, lesion_id):
    lesion = {n.id: n for n in findings.lesions}[lesion_id]
    return extent_pictures(layers_of(findings), lesion, voxels_of(findings)[lesion_id])


def points(path):
    return np.array([[float(v) for v in p.split()] for p in re.split("[MLZ]+", path) if p])


@pytest.mark.parametrize("name", GRIDS)
class TestGeometry:
    def test_the_outline_is_around_the_lesion_and_the_lesion_in_the_middle(self, name):
        findings = make_findings(GRIDS[name])
        assert len(findings.lesions) == 2
        for lesion in findings.lesions:
            for picture in lesion_pictures(findings, lesion.id):
                outline = {o.id: o for o in picture.outlines}[lesion.id]
                middle = np.array(picture.size_mm) / 2
                around = points(outline.path)
                np.testing.assert_allclose(around.mean(axis=0), middle, atol=1.2)
                assert np.all(np.linalg.norm(around - middle, axis=1) < 4.6)  # a ball of 3 mm

    def test_grey_values_lie_under_the_outline(self, name):
        findings = make_findings(GRIDS[name])
        shown = lesion_pictures(findings, 1)
        assert len(shown) == 3
        for picture in shown:
            left, top, width, height = picture.image_box_mm
            values = pixels(picture.image)
            row = int((picture.size_mm[1] / 2 - top) / height * values.shape[0])
            column = int((picture.size_mm[0] / 2 - left) / width * values.shape[1])
            assert values[row, column] > 150  # 600 HU in a window of -200 to 900
            assert values[0, 0] < 80

    def test_all_of_the_projection_is_shown(self, name):
        picture = projection_picture(layers_of(make_findings(GRIDS[name])))
        np.testing.assert_allclose(picture.image_box_mm[2:], picture.size_mm)
        assert {o.id for o in picture.outlines} == {1, 2}
        assert len(picture.heads) == 2


class TestPictures:
    def test_a_long_lesion_has_a_field_it_fits_in(self):
        findings = make_findings(record=make_record(lesions=(make_lesion(max_diameter_mm=171.0),)))
        assert {p.size_mm for p in lesion_pictures(findings, 1)} == {(220.0, 220.0)}

    def test_head_circles_are_those_of_the_spheres_on_a_projection(self):
        picture = projection_picture(layers_of(make_findings(record=make_record(hips=(make_hip(),), lesions=()))))
        (_, _, radius), *none = picture.heads
        assert radius == pytest.approx(5.0, abs=0.1)
        assert none == []

    def test_a_hip_has_its_three_planes_with_where_they_are_found_again(self):
        findings = make_findings(record=make_record(hips=(make_hip(),), lesions=()))
        shown = head_pictures(layers_of(findings), findings.hips[0])
        assert [p.title.partition(",")[0] for p in shown] == ["axial", "coronal", "sagittal"]
        assert shown[0].found_at == "slice 11 of 20 · table position z 10.0 mm"
        assert head_pictures(layers_of(findings), make_hip(status="not_in_view", center_lps_mm=None)) == ()

    def test_a_point_beyond_the_scan_still_gives_a_picture(self):
        findings = make_findings()
        far = msgspec.structs.replace(findings.excluded[0], centroid_lps_mm=(500.0, 0.0, 500.0))
        assert pixels(excluded_picture(layers_of(findings), far).image).size >= 1


class Bones:
    """Native bone in a half space beyond a plane x = const: of the left femur."""

    def __init__(self, from_x_mm):
        self.from_x_mm = from_x_mm

    def labels(self, grid):
        points = grid.to_lps(np.moveaxis(np.indices(grid.shape), 0, -1))
        return np.where(points[..., 0] >= self.from_x_mm, LABELS["femur_left"], 0).astype(np.uint8)


GRID = Grid.axial((40, 40, 60), (1.0, 1.0, 1.0), (-20.0, -20.0, -5.0))


def beside_bone(**changes):
    lesion = make_lesion(centroid_lps_mm=(9.0, -7.0, 10.0), gap_femur_mm=12.0, gap_pelvis_mm=None, **changes)
    return replace(make_findings(GRID, make_record(hips=(make_hip(),), lesions=(lesion,))), bones=Bones(24.0))


class TestOverlays:
    def test_native_bone_is_outlined_where_it_lies(self):
        findings = beside_bone()
        axial, coronal, _ = extent_pictures(layers_of(findings), findings.lesions[0], voxels_of(findings)[1])
        # the lesion's middle at x = 9 mm is the middle of the picture; the bone begins 15 mm to the left of it
        for picture, least in ((axial, axial.size_mm[0] / 2 + 14.5), (coronal, coronal.size_mm[0] / 2 + 14.5)):
            assert points(picture.bone)[:, 0].min() == pytest.approx(least, abs=0.6)

    def test_the_gap_is_drawn_from_the_lesion_to_the_bone_with_its_length(self):
        findings = beside_bone()
        (picture,) = contact_pictures(layers_of(findings), findings.lesions[0], voxels_of(findings))
        x1, y1, x2, y2 = picture.gap.ends_mm
        assert picture.gap.words == "12.0 mm"
        assert "gap to the femur" in picture.title
        assert x2 - x1 == pytest.approx(13.0, abs=0.6)  # from the center of a voxel to that of another
        assert y1 == pytest.approx(y2, abs=0.1)

    def test_the_contact_is_in_the_middle(self):
        findings = replace(beside_bone(attached_to=("femur",)), bones=Bones(11.0))
        (picture,) = contact_pictures(layers_of(findings), findings.lesions[0], voxels_of(findings))
        assert "contact with the femur" in picture.title
        middle = np.array(picture.size_mm) / 2
        assert np.abs(points(picture.bone)[:, 0] - middle[0]).min() < 3.0
        assert picture.gap is None

    def test_without_bone_there_is_no_line(self):
        findings = replace(beside_bone(), bones=Bones(1e6))
        assert contact_pictures(layers_of(findings), findings.lesions[0], voxels_of(findings)) == ()

    def test_what_is_undecided_is_drawn_as_such_everywhere_other_things_on_their_own_picture(self):
        findings = make_findings()
        things = (
            (1, (slice(8, 14), slice(3, 8), slice(9, 14)), np.ones((6, 5, 5), bool)),
            (2, (slice(8, 14), slice(15, 20), slice(9, 14)), np.ones((6, 5, 5), bool)),
        )
        excluded = (
            msgspec.structs.replace(make_excluded("native_unsure"), number=1),
            msgspec.structs.replace(make_excluded("contrast"), number=2, centroid_lps_mm=(-9.0, 5.0, 10.5)),
        )
        record = msgspec.structs.replace(findings.record, excluded=excluded)
        findings = replace(findings, record=record, detected=DetectedThings(findings.grid.to_canonical()[0], things))
        layers = layers_of(findings)
        kinds = {(o.kind, o.label) for o in projection_picture(layers).outlines}
        assert kinds == {("lesion", "1"), ("lesion", "2"), ("undecided", "?1")}
        assert {o.kind for o in excluded_picture(layers, excluded[1]).outlines} >= {"thing", "undecided"}
        assert {o.kind for o in excluded_picture(layers, excluded[0]).outlines} >= {"undecided"}

    def test_what_metal_hides_is_drawn_and_metal_is_no_bone(self):
        findings = beside_bone()
        mask = np.zeros((12, 12, 12), np.uint8)
        mask[2:10, 2:10, 2:10], mask[4:8, 4:8, 4:8] = 1, 2
        zone = HiddenZone(Grid.axial((12, 12, 12), (1.5,) * 3, (20.0, -15.0, 1.0)), mask)
        record = msgspec.structs.replace(
            findings.record, metal=MetalRecord(volume_mm3=216.0, hidden_volume_mm3=1728.0, parts=())
        )
        beside = replace(findings, record=record, metal=FoundMetal(zone))
        for picture in (
            *extent_pictures(layers_of(beside), beside.lesions[0], voxels_of(beside)[1])[:2],
            projection_picture(layers_of(beside)),
        ):
            width = np.ptp(points(picture.hidden)[:, 0])
            assert width == pytest.approx(12.0, abs=2.5)
        with_metal, without = (
            extent_pictures(layers_of(f), f.lesions[0], voxels_of(f)[1])[0].bone for f in (beside, findings)
        )
        assert with_metal != without
        assert findings.hidden_in((slice(0, 40),) * 3).max() == 0
