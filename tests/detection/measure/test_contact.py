"""Area and length of contact on planes of any direction."""

from __future__ import annotations

import numpy as np
import pytest
from made_contacts import WHOLE, on_a_plane

from ho_detect.detection.measure.contact import measure_contact
from ho_detect.detection.measure.touched import touched_bones
from ho_detect.settings import DetectionSettings


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (2.0, 0.8, 0.8)])
@pytest.mark.parametrize("tilt_deg", [0.0, 20.0, 45.0])
def test_a_column_touches_over_its_disc(tilt_deg, spacing):
    found, mask = on_a_plane(tilt_deg, 9.0, spacing)
    touched = touched_bones(found, WHOLE, mask, DetectionSettings()).contact
    assert list(touched) == ["femur"]
    contact = measure_contact(found, WHOLE, mask, touched["femur"], "femur")
    assert contact.area_mm2 == pytest.approx(np.pi * 81, rel=0.06)
    assert contact.length_mm == pytest.approx(18.0, abs=1.0 + max(spacing))


def test_area_of_a_plane_across_an_axis_is_that_of_its_faces():
    found, mask = on_a_plane(0.0, 9.0, (1.0, 0.9, 0.7))
    touched = touched_bones(found, WHOLE, mask, DetectionSettings()).contact["femur"]
    n_faces = np.count_nonzero(touched[:-1] & mask[1:])
    assert n_faces > 100
    contact = measure_contact(found, WHOLE, mask, touched, "femur")
    assert contact.area_mm2 == pytest.approx(n_faces * 0.63, abs=0.06)


def test_area_grows_with_the_disc():
    areas = []
    for radius in (5.0, 10.0):
        found, mask = on_a_plane(30.0, radius, (1.0, 1.0, 1.0))
        touched = touched_bones(found, WHOLE, mask, DetectionSettings()).contact["femur"]
        areas.append(measure_contact(found, WHOLE, mask, touched, "femur").area_mm2)
    assert areas[1] / areas[0] == pytest.approx(4.0, rel=0.1)
