import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from made_findings import make_findings, make_grids, make_hip, make_record
from matplotlib.image import imread
from matplotlib.patches import Circle

from ho_detect.export.pictures.figures import colour_of, lesion_figure, overview, png
from ho_detect.export.pictures.planes import coronal_projection, plane_through

GRIDS = make_grids()
LETTERS = {"axial": ("R", "L", "A", "P"), "coronal": ("R", "L", "S", "I"), "sagittal": ("A", "P", "S", "I")}


class TestPlanes:
    @pytest.mark.parametrize("plane", LETTERS)
    @pytest.mark.parametrize("name", ["axial", "feet_first", "prone", "coronal", "sagittal"])
    def test_radiological_convention_from_any_acquisition(self, name, plane):
        findings = make_findings(GRIDS[name])
        view = plane_through(findings.volume, findings.labels, plane, findings.lesions[0].centroid_lps_mm)
        assert view.letters == LETTERS[plane]

    def test_oblique_planes_say_so(self):
        findings = make_findings(GRIDS["oblique"])
        view = plane_through(findings.volume, findings.labels, "axial", (0, 0, 10))
        assert view.letters == ("RI", "LS", "A", "P")

    @pytest.mark.parametrize("plane", LETTERS)
    @pytest.mark.parametrize("name", GRIDS)
    def test_a_point_is_placed_on_what_lies_there(self, name, plane):
        findings = make_findings(GRIDS[name])
        assert len(findings.lesions) == 2
        for lesion in findings.lesions:
            view = plane_through(findings.volume, findings.labels, plane, lesion.centroid_lps_mm)
            x, y, depth = view.place(lesion.centroid_lps_mm)
            row, column = round(y / view.spacing_mm[0]), round(x / view.spacing_mm[1])
            assert view.labels[row, column] == lesion.id
            assert view.hu[row, column] == 600
            assert depth <= 1.01

    def test_a_point_beyond_the_scan_gives_its_last_plane(self):
        findings = make_findings()
        view = plane_through(findings.volume, findings.labels, "axial", (0, 0, 500))
        np.testing.assert_array_equal(view.hu, findings.volume.hu[-1])

    def test_projection_shows_every_lesion_where_it_is(self):
        for grid in GRIDS.values():
            findings = make_findings(grid)
            view = coronal_projection(findings.volume, findings.labels, [h.center_lps_mm for h in findings.hips])
            assert len(findings.lesions) == 2
            for lesion in findings.lesions:
                x, y, _ = view.place(lesion.centroid_lps_mm)
                assert view.labels[round(y / view.spacing_mm[0]), round(x / view.spacing_mm[1])] == lesion.id

    def test_left_of_the_patient_is_right_of_the_picture(self):
        findings = make_findings(GRIDS["prone"])
        left, right = findings.lesions
        view = coronal_projection(findings.volume, findings.labels, [])
        assert view.place(left.centroid_lps_mm)[0] > view.place(right.centroid_lps_mm)[0]


class TestFigures:
    def test_colours_of_lesions_are_in_the_picture(self):
        findings = make_findings()
        picture = imread(io.BytesIO(png(overview(findings))))[..., :3]
        assert len(findings.lesions) == 2
        for lesion in findings.lesions:
            ink = np.array([int(colour_of(lesion.id)[k : k + 2], 16) for k in (1, 3, 5)]) / 255
            assert (np.abs(picture - ink).max(axis=-1) < 0.02).sum() > 20

    def test_head_circles_have_the_size_of_the_sphere(self):
        findings = make_findings()
        axes = overview(findings).subfigs[0].axes[0]
        radii = [p.radius for p in axes.patches if isinstance(p, Circle)]
        assert radii == [5.0, 5.0]

    def test_pixels_are_square_in_mm(self):
        axes = [a for part in overview(make_findings(GRIDS["coronal"])).subfigs for a in part.axes]
        assert {a.get_aspect() for a in axes} == {1.0}

    def test_same_findings_same_bytes(self):
        assert png(overview(make_findings())) == png(overview(make_findings()))

    def test_drawn_without_lesion_without_hip_and_for_one_lesion(self):
        no_lesion = make_findings(record=make_record(hips=(make_hip(),), lesions=()))
        nothing = make_findings(record=make_record(hips=(), lesions=()))
        for figure in (overview(no_lesion), overview(nothing), lesion_figure(make_findings(), 2), no_lesion.plot()):
            assert png(figure).startswith(b"\x89PNG")

    def test_unknown_lesion(self):
        with pytest.raises(KeyError):
            lesion_figure(make_findings(), 9)

    def test_pyplot_is_not_used(self):
        code = (
            "import sys; sys.path.insert(0, 'tests'); from made_findings import make_findings; "
            "make_findings()._repr_html_(); assert 'matplotlib.pyplot' not in sys.modules"
        )
        subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[3])
