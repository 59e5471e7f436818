"""Head and neck are where a ball about the head center cuts the femur, and their HU are those of spongy bone."""

from __future__ import annotations

import numpy as np
import pytest
from made_detection import anatomy
from model_hips import head_center
from phantoms import volume

from ho_detect.anatomy.native.surfaces import bone_distance
from ho_detect.anatomy.regions.head_and_neck import head_and_neck, mean_hu
from ho_detect.image.grid import Grid, Sphere
from ho_detect.image.sides import mirror_of
from ho_detect.settings import JointSettings


@pytest.fixture(scope="module", params=["left", "right"])
def hip(request):
    side = request.param
    found = anatomy(side)
    head = Sphere(found.center_lps_mm, 23.0)
    return side, head_and_neck(found.joint, bone_distance(found.femur, side, "femur", head), JointSettings())


def local(side, points):
    return (points - head_center(side)) * mirror_of(side)


class TestPlaces:
    def test_head_lies_within_its_radius(self, hip):
        side, parts = hip
        away = np.linalg.norm(local(side, parts.head), axis=1)
        assert 15.0 < away.max() <= 23.0
        assert np.abs(local(side, parts.head_surface).mean(axis=0)).max() < 12.0

    def test_neck_runs_outward_and_down_to_the_trochanters_and_holds_neither(self, hip):
        side, parts = hip
        for points in (parts.neck, parts.neck_surface):
            lateral, _, superior = local(side, points).T
            assert lateral.mean() > 10.0
            assert superior.mean() < -10.0
            assert np.linalg.norm(local(side, points), axis=1).max() <= 1.6 * 23.0 + 1.5
            # as thin as a neck is: not half as wide as a ball of that radius
            axis = local(side, points).mean(axis=0)
            axis /= np.linalg.norm(axis)
            off = local(side, points) - np.outer(local(side, points) @ axis, axis)
            assert np.linalg.norm(off, axis=1).max() < 26.0

    def test_inside_is_inside(self, hip):
        _, parts = hip
        for inner, outer in ((parts.head, parts.head_surface), (parts.neck, parts.neck_surface)):
            assert len(inner) > 100
            nearest = np.linalg.norm(inner[::7, None] - outer[None], axis=2).min()
            assert nearest >= 2.0


class TestMeanHu:
    GRID = Grid.axial((30, 20, 20), (2.0, 1.5, 1.5), (10.0, -5.0, 3.0))

    def ct(self):
        z, y, x = np.moveaxis(self.GRID.to_lps(np.moveaxis(np.indices(self.GRID.shape), 0, -1)), -1, 0)[::-1]
        return volume(20 * z + 10 * y - 5 * x, grid=self.GRID)

    def test_of_a_ramp_is_its_value_at_the_middle(self):
        rng = np.random.default_rng(1)
        points = rng.uniform((14, 0, 8), (30, 18, 55), (500, 3))
        x, y, z = points.mean(axis=0)
        assert mean_hu(self.ct(), points, 0.95) == pytest.approx(20 * z + 10 * y - 5 * x, abs=1.0)

    def test_of_a_part_that_is_not_in_view_is_none(self):
        points = np.array([[20.0, 5.0, z] for z in np.linspace(30, 90, 50)])
        assert mean_hu(self.ct(), points, 0.95) is None
        assert mean_hu(self.ct(), np.empty((0, 3)), 0.95) is None
