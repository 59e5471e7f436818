import gzip
import struct

import numpy as np
import pytest
from made_findings import make_findings, make_hip, make_record

from ho_detect.export.pictures import browse
from ho_detect.export.pictures.browse import SliceBrowser, niivue, start_point
from ho_detect.export.pictures.figures import colour_of
from ho_detect.export.pictures.planes import plane_through


@pytest.fixture
def browser():
    from matplotlib import pyplot as plt

    yield SliceBrowser.of(make_findings())
    plt.close("all")


def picture(browser, plane):
    axes = next(a for a in browser.figure.axes if a.get_label() == plane)
    return np.asarray(axes.images[0].get_array())


class TestStart:
    def test_at_the_largest_lesion_a_head_or_the_middle(self):
        findings = make_findings()
        assert start_point(findings) == findings.lesions[0].centroid_lps_mm
        healthy = make_findings(record=make_record(hips=(make_hip("right"),), lesions=()))
        assert start_point(healthy) == (-8.0, 0.0, 10.0)
        assert start_point(make_findings(record=make_record(hips=(), lesions=()))) == (-0.5, -0.5, 9.5)


class TestSliders:
    def test_each_moves_its_own_plane(self, browser):
        findings, before = browser.result, {plane: picture(browser, plane) for plane in browser.sliders}
        browser.sliders["axial"].set_val(2.0)
        x, y, _ = findings.lesions[0].centroid_lps_mm
        expected = plane_through(findings.volume, findings.labels, "axial", (x, y, 2.0)).hu
        np.testing.assert_array_equal(picture(browser, "axial"), expected)
        for plane in ("coronal", "sagittal"):
            np.testing.assert_array_equal(picture(browser, plane), before[plane])

    def test_they_reach_from_end_to_end(self, browser):
        ends = {plane: (slider.valmin, slider.valmax) for plane, slider in browser.sliders.items()}
        assert ends == {"axial": (0, 19), "coronal": (-12, 11), "sagittal": (-20, 19)}


class TestNiivue:
    def test_ct_and_lesions_in_the_colours_of_the_report(self):
        pytest.importorskip("ipyniivue", reason="ipyniivue is not installed")
        ct, lesions = niivue(make_findings()).volumes
        assert (ct.cal_min, ct.cal_max) == (-200, 900)
        header = gzip.decompress(ct.data)[:348]
        assert struct.unpack("<4h", header[40:48]) == (3, 40, 24, 20)  # dimensions: x, y, z
        for lesion_id in (1, 2):
            ink = [int(colour_of(lesion_id)[k : k + 2], 16) for k in (1, 3, 5)]
            assert lesions.colormap_label.lut[4 * lesion_id : 4 * lesion_id + 3] == ink

    def test_without_lesions_only_the_ct(self):
        pytest.importorskip("ipyniivue", reason="ipyniivue is not installed")
        assert len(niivue(make_findings(record=make_record(lesions=()))).volumes) == 1


def test_show_takes_what_there_is(monkeypatch):
    monkeypatch.setattr(browse, "niivue", lambda _: "niivue")
    monkeypatch.setattr(browse.SliceBrowser, "of", lambda _: "sliders")
    monkeypatch.setattr(browse, "find_spec", lambda _: None)
    assert make_findings().show() == "sliders"
    monkeypatch.setattr(browse, "find_spec", lambda name: name == "ipyniivue" or None)
    assert make_findings().show() == "niivue"
