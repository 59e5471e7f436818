"""The fit finds the pose, size and shape of bones painted from the model itself, and extra bone does not pull it."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest
from scipy import ndimage as ndi

from ho_detect._kernels.voxelise import count_crossings, fill_between
from ho_detect.anatomy.fit.femur import find_heads
from ho_detect.anatomy.fit.head import refined_head
from ho_detect.anatomy.fit.shape_fit import Pose, SurfaceFit, fit_surface
from ho_detect.anatomy.fit.shape_model import femur_model, hip_bone_model
from ho_detect.anatomy.fit.working_grid import WorkingVolume
from ho_detect.image.grid import Grid, Sphere, fit_sphere, rotation, vertex_normals

STEP_MM = 1.5
MODELS = {"femur": femur_model, "hip_bone": hip_bone_model}
#: Truth: turned, larger, elsewhere, and not the mean shape.
TURN = rotation("z", 9) @ rotation("x", -7)
SIZE, PLACE, WEIGHTS = 1.05, np.array([12.0, -7.0, 31.0]), np.array([1.2, -1.0, 0.8, 0.5])


def capped(model, vertices):
    """Return vertices and faces with an open lower end closed by a fan."""
    edges = np.concatenate([model.faces[:, [0, 1]], model.faces[:, [1, 2]], model.faces[:, [2, 0]]])
    directed = {tuple(e) for e in edges.tolist()}
    rim = np.array([(b, a) for a, b in directed if (b, a) not in directed])
    if len(rim) == 0:
        return vertices, model.faces
    fan = np.column_stack([rim, np.full(len(rim), len(vertices))])
    return np.vstack([vertices, vertices[rim[:, 0]].mean(axis=0)]), np.concatenate([model.faces, fan])


@lru_cache(maxsize=4)
def painted(bone, *, mirrored=False):
    """Return a volume with one bone of 600 HU in 40 HU, and its true vertices and normals."""
    model = MODELS[bone]()
    shape = model.shape(WEIGHTS)
    mirror = np.array([-1.0, 1.0, 1.0]) if mirrored else np.ones(3)
    vertices = (SIZE * shape @ TURN.T + PLACE) * mirror
    normals = vertex_normals(shape, model.faces) @ TURN.T * mirror
    low, high = vertices.min(axis=0) - 25, vertices.max(axis=0) + 25
    size = np.ceil((high - low) / STEP_MM).astype(int)[::-1]
    grid = Grid.axial(tuple(size.tolist()), (STEP_MM,) * 3, low)
    points, faces = capped(model, vertices)
    index = grid.to_index(points) + np.array([1e-4, 2e-4, 0])
    rows = grid.shape[0] * grid.shape[1]
    most = count_crossings(index, faces, grid.shape, np.zeros(rows, np.int64), np.empty((rows, 0)))
    number, at, inside = np.zeros(rows, np.int64), np.zeros((rows, most)), np.zeros(grid.shape, np.uint8)
    count_crossings(index, faces, grid.shape, number, at)
    fill_between(len(number), number, at, inside)
    hu = ndi.gaussian_filter(np.where(inside, 600.0, 40.0), 0.6).astype(np.float32)
    return WorkingVolume(hu, grid), vertices, normals


def fitted(volume, bone, *, mirrored=False, head=None):
    start = Pose(rotation("y", 6) @ rotation("z", 3), 1.0, PLACE + np.array([4.0, -3.0, 3.0]))
    return fit_surface(volume, MODELS[bone](), start, mirrored=mirrored, innermost=bone == "femur", head=head)


def away_mm(fit, vertices, normals):
    return np.abs(((fit.vertices - vertices) * normals).sum(axis=1))


@pytest.mark.parametrize("mirrored", [False, True], ids=["left", "right"])
@pytest.mark.parametrize("bone", MODELS)
def test_finds_pose_size_and_shape(bone, mirrored):
    volume, vertices, normals = painted(bone, mirrored=mirrored)
    fit = fitted(volume, bone, mirrored=mirrored)
    error_mm = away_mm(fit, vertices, normals)
    assert error_mm.mean() < 1.0
    assert np.percentile(error_mm, 95) < 3.0
    assert fit.explained > 0.9
    assert fit.share_in_view == 1
    if bone == "femur":
        center, radius_mm = fit_sphere(fit.vertices[fit.joint])
        truth, true_radius_mm = fit_sphere(vertices[fit.joint])
        assert np.linalg.norm(center - truth) < 1.0
        assert radius_mm == pytest.approx(true_radius_mm, abs=0.6)


@pytest.mark.parametrize("bone", MODELS)
def test_surfaces_stay_turned_outward_on_either_side(bone):
    for mirrored in (False, True):
        fit = fitted(painted(bone, mirrored=mirrored)[0], bone, mirrored=mirrored)
        np.testing.assert_allclose(vertex_normals(fit.vertices, fit.faces), fit.normals, atol=0.05)
        at = fit.vertices + 3.0 * fit.normals
        volume = painted(bone, mirrored=mirrored)[0]
        outside = ndi.map_coordinates(volume.hu, volume.grid.to_index(at).T, order=1)
        assert np.median(outside) < 100


@pytest.mark.parametrize(("bone", "toward"), [("femur", (1, 0, -1)), ("femur", (0, -1, -1)), ("hip_bone", (1, 1, 1))])
def test_bone_grown_on_the_surface_does_not_pull(bone, toward):
    volume, vertices, normals = painted(bone)
    plain = fitted(volume, bone)
    root = int(np.argmax((vertices - vertices.mean(axis=0)) @ toward))
    center = vertices[root] + 7.0 * normals[root]
    at = np.stack(np.meshgrid(*[np.arange(n) for n in volume.hu.shape], indexing="ij"), -1)
    blob = np.linalg.norm(volume.grid.to_lps(at) - center, axis=-1) < 11.0
    grown = WorkingVolume(np.maximum(volume.hu, np.where(blob, 600.0, -1e3)).astype(np.float32), volume.grid)
    assert (grown.hu != volume.hu).sum() * STEP_MM**3 > 2500
    fit = fitted(grown, bone)
    assert np.linalg.norm(fit.vertices - plain.vertices, axis=1).mean() < 0.5
    covered = np.linalg.norm(vertices - center, axis=1) < 9.0
    inside = ((fit.vertices - center) ** 2).sum(axis=1)[covered]
    assert away_mm(fit, vertices, normals)[covered].mean() < 2.5
    assert (inside < 14.0**2).all()


def test_nothing_there_is_not_explained():
    volume, _, _ = painted("femur")
    rng = np.random.default_rng(1)
    empty = WorkingVolume(rng.normal(40, 15, volume.hu.shape).astype(np.float32), volume.grid)
    fit = fitted(empty, "femur")
    assert fit.explained < 0.1
    assert np.isnan(fit.offset_mm).mean() > 0.8


def test_what_is_out_of_view_is_told_and_the_rest_still_fits():
    volume, vertices, normals = painted("femur")
    cut = round(volume.grid.to_index(PLACE)[0]) + 4
    lower = WorkingVolume(
        np.ascontiguousarray(volume.hu[:cut]), volume.grid.crop((slice(0, cut), slice(None), slice(None)))
    )
    fit = fitted(lower, "femur")
    top = lower.grid.to_lps([cut - 1, 0, 0])[2]
    assert not fit.in_view[vertices[:, 2] > top + 10].any()
    assert fit.in_view[vertices[:, 2] < top - 10].all()
    assert away_mm(fit, vertices, normals)[fit.in_view].mean() < 1.2


class TestHeadSphere:
    def directions(self):
        at = np.random.default_rng(2).normal(size=(150, 3))
        return at / np.linalg.norm(at, axis=1, keepdims=True)

    def ball(self):
        """A ball of 22 mm within a socket: the volume and the center."""
        grid = Grid.axial((50, 50, 50), (STEP_MM,) * 3, (-40, -60, 200))
        at = np.stack(np.meshgrid(*[np.arange(50)] * 3, indexing="ij"), -1)
        middle = grid.to_lps([25, 25, 25])
        r = np.linalg.norm(grid.to_lps(at) - middle, axis=-1)
        socket = (r > 25) & (r < 29) & (at[..., 0] > 22)
        shell = np.where(r < 22, 400.0, np.where(socket, 900.0, 40.0))
        return WorkingVolume(ndi.gaussian_filter(shell, 0.6).astype(np.float32), grid), middle

    @pytest.mark.parametrize("shift", [(0, 0, 0), (3, -2, 2), (-3, 0, 3)])
    def test_a_ball_is_found_within_a_third_of_a_voxel(self, shift):
        volume, middle = self.ball()
        found = refined_head(volume, Sphere(middle + shift, 20.0), self.directions())
        assert np.linalg.norm(found.sphere.center_lps_mm - middle) < 0.5
        assert found.sphere.radius_mm == pytest.approx(22, abs=1.0)
        assert found.seen > 0.9

    def test_it_is_looked_for_around_the_socket_where_neither_start_is_near(self):
        volume, middle = self.ball()
        off = np.array([6.0, 6.0, 6.0])
        alone = refined_head(volume, Sphere(middle + off, 21.0), self.directions())
        assert np.linalg.norm(alone.sphere.center_lps_mm - middle) > 2.0
        missed = SurfaceFit(
            middle + 3 * off + 20.0 * self.directions(), *[np.empty(0)] * 2, np.ones(150, bool), *[np.empty(0)] * 2, 0.0
        )
        heads = find_heads(volume, missed, Sphere(middle + off, 23.5))
        assert np.linalg.norm(heads[0].center_lps_mm - middle) < 0.5

    def test_where_nothing_is_the_expected_one_stays(self):
        volume = WorkingVolume(np.full((30, 30, 30), 40, np.float32), Grid.axial((30, 30, 30), (STEP_MM,) * 3))
        for middle in ([20.0, 20.0, 20.0], [500.0, 0.0, 0.0]):
            found = refined_head(volume, Sphere(np.array(middle), 21.0), self.directions())
            np.testing.assert_array_equal(found.sphere.center_lps_mm, middle)
            assert (found.sphere.radius_mm, found.seen) == (21.0, 0.0)

    def test_it_leads_the_femur_out_of_a_wrong_start(self):
        volume, vertices, _ = painted("femur")
        joint = femur_model().joint
        center, radius_mm = fit_sphere(vertices[joint])
        fit = fitted(volume, "femur", head=Sphere(center + np.array([1.0, -1.0, 0.5]), radius_mm + 0.5))
        assert np.linalg.norm(fit_sphere(fit.vertices[joint])[0] - center) < 1.0
