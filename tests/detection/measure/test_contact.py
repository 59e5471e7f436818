"""Area and length of contact on planes of any direction."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from made_detection import region

from ho_detect.anatomy.native.surfaces import BoneDistance
from ho_detect.detection.measure.contact import measure_contact
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
