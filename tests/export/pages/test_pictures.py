import base64
import io
import re

import numpy as np
import pytest
from made_findings import make_findings, make_grids, make_hip, make_lesion, make_record
from PIL import Image

from ho_detect.export.pages.pictures import (
    excluded_picture,
    grey,
    head_pictures,
    lesion_pictures,
    projection_picture,
    thumbnail,
)
from ho_detect.export.pictures.figures import colour_of

GRIDS = make_grids()


def pixels(uri):
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2]))).convert("L"))


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
        picture = projection_picture(make_findings(GRIDS[name]))
        np.testing.assert_allclose(picture.image_box_mm[2:], picture.size_mm)
        assert {o.id for o in picture.outlines} == {1, 2}
        assert len(picture.heads) == 2


class TestPictures:
    def test_a_long_lesion_has_a_field_it_fits_in(self):
        findings = make_findings(record=make_record(lesions=(make_lesion(max_diameter_mm=171.0),)))
        assert {p.size_mm for p in lesion_pictures(findings, 1)} == {(220.0, 220.0)}

    def test_head_circle_is_that_of_the_sphere(self):
        findings = make_findings(record=make_record(hips=(make_hip(),), lesions=()))
        for picture in head_pictures(findings, findings.hips[0]):
            (x, y, radius), (width, height) = picture.heads[0], picture.size_mm
            assert (x, y) == (width / 2, height / 2)
            assert radius == pytest.approx(5.0, abs=0.1)
        assert head_pictures(findings, make_hip(status="not_in_view", center_lps_mm=None)) == ()

    def test_a_point_beyond_the_scan_still_gives_a_picture(self):
        picture = excluded_picture(make_findings(), (500.0, 0.0, 500.0))
        assert pixels(picture.image).size >= 1

    def test_the_window_is_linear_and_clipped(self):
        assert grey(np.array([[-900, -200, 350, 900, 3000]], np.int16), (-200.0, 900.0)).tolist() == [
            [0, 0, 127, 255, 255]
        ]

    def test_thumbnail_is_small_and_shows_the_lesions(self):
        data = thumbnail(make_findings())
        picture = np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(int)
        assert picture.shape[1] == 240
        assert len(data) < 20_000
        for lesion_id in (1, 2):
            ink = np.array([int(colour_of(lesion_id)[k : k + 2], 16) for k in (1, 3, 5)])
            assert (np.abs(picture - ink).max(axis=-1) < 60).sum() > 50
