"""Laws of the expected bones: closed, turned outward, the head at the origin, modes that do not repeat each other."""

from __future__ import annotations

import io
import os
import pickle
from pathlib import Path
from runpy import run_path
from types import SimpleNamespace

import numpy as np
import pytest

from ho_detect.anatomy.fit.shape_model import PROXIMAL_MM, femur_model, hip_bone_model
from ho_detect.image.grid import fit_sphere, vertex_normals

SCRIPT = SimpleNamespace(**run_path(str(Path(__file__).parents[3] / "benchmarks/anatomy/derive_shape_model.py")))
MODELS = {"femur": femur_model, "hip bone": hip_bone_model}


def edges(faces):
    """Return directed edges (3 F, 2)."""
    return np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])


def euler(model):
    undirected = np.unique(np.sort(edges(model.faces), axis=1), axis=0)
    return len(model.mean) - len(undirected) + len(model.faces)


@pytest.fixture(params=MODELS)
def model(request):
    return MODELS[request.param]()


class TestSurface:
    def test_neighbours_agree_which_side_is_out(self, model):
        _, times = np.unique(edges(model.faces), axis=0, return_counts=True)
        assert (times == 1).all()

    def test_each_vertex_is_used_and_lies_alone(self, model):
        assert len(np.unique(model.faces)) == len(model.mean)
        assert len(np.unique(model.mean.round(3), axis=0)) == len(model.mean)

    def test_the_hip_bone_is_closed_with_one_hole(self):
        directed = {tuple(e) for e in edges(hip_bone_model().faces).tolist()}
        assert all((b, a) in directed for a, b in directed)
        assert euler(hip_bone_model()) == 0  # a sphere has 2; the obturator foramen makes it a ring

    def test_the_femur_is_open_below_only(self):
        model = femur_model()
        directed = {tuple(e) for e in edges(model.faces).tolist()}
        rim = np.array([v for a, b in directed if (b, a) not in directed for v in (a, b)])
        assert euler(model) == 1  # a disc: one opening
        assert model.mean[rim, 2].max() < -PROXIMAL_MM + 25
        assert model.mean[:, 2].min() > -PROXIMAL_MM

    def test_normals_point_outward(self, model):
        """A step along the normal enlarges the body everywhere, also where it is hollow or thin."""
        normals = vertex_normals(model.mean, model.faces)
        np.testing.assert_allclose(np.linalg.norm(normals, axis=1), 1, atol=1e-9)
        assert enclosed_mm3(model.mean + 0.5 * normals, model.faces) > enclosed_mm3(model.mean, model.faces) > 0

    def test_sizes_are_those_of_bones(self):
        low, high = np.ptp(hip_bone_model().mean, axis=0).min(), np.ptp(hip_bone_model().mean, axis=0).max()
        assert 100 < low < high < 240
        assert 220e3 < enclosed_mm3(hip_bone_model().mean, hip_bone_model().faces) < 420e3


def enclosed_mm3(vertices, faces):
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    return np.einsum("ij,ij->", a, np.cross(b, c)) / 6


class TestJoint:
    def test_the_head_is_a_ball_at_the_origin(self):
        model = femur_model()
        center, radius_mm = fit_sphere(model.mean[model.joint])
        assert np.linalg.norm(center) < 0.5
        assert radius_mm == pytest.approx(22.7, abs=0.5)
        outward = (vertex_normals(model.mean, model.faces) * model.mean)[model.joint].sum(axis=1)
        assert (outward / np.linalg.norm(model.mean[model.joint], axis=1) > 0.6).all()

    def test_the_socket_faces_the_head_and_lies_around_it(self):
        model = hip_bone_model()
        outward = (vertex_normals(model.mean, model.faces) * model.mean)[model.joint].sum(axis=1)
        assert (outward < 0).all()
        distance = np.linalg.norm(model.mean[model.joint], axis=1)
        assert distance.min() > 15
        assert distance.max() < 29

    def test_the_shaft_lies_below_lateral_and_the_hip_bone_above(self):
        """A left hip: +x is lateral."""
        low = femur_model().mean[femur_model().mean[:, 2] < -100]
        assert low[:, 0].mean() > 10
        assert hip_bone_model().mean[:, 2].max() > 120
        assert hip_bone_model().mean[:, 0].min() < -60


class TestModes:
    def test_they_do_not_repeat_each_other(self, model):
        flat = model.modes.reshape(len(model.modes), -1)
        flat = flat / np.linalg.norm(flat, axis=1, keepdims=True)
        assert np.abs(flat @ flat.T - np.eye(len(flat))).max() < 0.15

    def test_they_fall_in_weight_and_are_of_the_size_of_people(self, model):
        rms_mm = np.sqrt((model.modes**2).sum(axis=2).mean(axis=1))
        assert (np.diff(rms_mm) < 0.06).all()
        assert 0.8 < rms_mm[0] < 4
        assert rms_mm[-1] < 0.4

    def test_no_mode_is_a_shift_a_turn_or_a_change_of_size(self, model):
        centered = model.mean - model.mean.mean(axis=0)
        motions = [np.tile(axis, (len(centered), 1)) for axis in np.eye(3)]
        motions += [np.cross(axis, centered) for axis in np.eye(3)] + [centered]
        assert len(model.modes) == 20
        for motion in motions:
            unit = motion.ravel() / np.linalg.norm(motion)
            share = np.abs(model.modes.reshape(len(model.modes), -1) @ unit)
            assert (share / np.linalg.norm(model.modes.reshape(len(model.modes), -1), axis=1)).max() < 0.45

    def test_weights_add_up(self, model):
        rng = np.random.default_rng(0)
        a, b = rng.normal(size=(2, 5))
        np.testing.assert_allclose(
            model.shape(a + b) - model.mean, model.shape(a) + model.shape(b) - 2 * model.mean, atol=1e-9
        )
        np.testing.assert_array_equal(model.shape(np.zeros(0)), model.mean)

    @pytest.mark.parametrize("size", [-2.0, 2.0])
    def test_shapes_within_two_standard_deviations_are_still_bones(self, model, size):
        assert len(model.modes) == 20
        for k in range(len(model.modes)):
            shape = model.shape(size * np.eye(len(model.modes))[k])
            assert enclosed_mm3(shape, model.faces) == pytest.approx(enclosed_mm3(model.mean, model.faces), rel=0.25)


@pytest.fixture(scope="module")
def derived():
    pytest.importorskip("musculoskeletal.models", reason="musculoskeletal-models is not installed")
    return SCRIPT.derive()


class TestDerivation:
    """The data is what its script makes of the package it names."""

    @pytest.mark.parametrize(("name", "read"), [("femur", femur_model), ("hip_bone", hip_bone_model)])
    def test_same_surface(self, derived, name, read):
        made, kept = derived[name], read()
        np.testing.assert_array_equal(made.faces, kept.faces)
        np.testing.assert_array_equal(made.joint, kept.joint)
        # another linear algebra library rounds otherwise, in the last digits
        np.testing.assert_allclose(made.mean, kept.mean, rtol=0, atol=1e-9)
        np.testing.assert_allclose(made.modes, kept.modes, rtol=0, atol=1e-6)


class _Harmful:
    def __init__(self, *call):
        self.call = call

    def __reduce__(self):
        return self.call


class TestPickle:
    @pytest.mark.parametrize("call", [(os.system, ("exit 7",)), (eval, ("1/0",)), (np.load, ("x",))])
    def test_what_would_run_code_is_refused(self, call):
        with pytest.raises(pickle.UnpicklingError, match="no place in a shape model"):
            SCRIPT._ArraysOnly(io.BytesIO(pickle.dumps(_Harmful(*call)))).load()

    def test_arrays_pass(self):
        data = {"mean": np.arange(5.0), "modes": np.eye(2), "n": np.float64(3)}
        for protocol in (0, 2):  # the shape model's own; later ones are refused
            loaded = SCRIPT._ArraysOnly(io.BytesIO(pickle.dumps(data, protocol))).load()
            np.testing.assert_array_equal(loaded["mean"], data["mean"])
