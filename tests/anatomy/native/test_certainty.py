"""A place is as sure as the edges near it: what hides under grown bone counts against no fit, a wrong fit says so."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from model_hips import SPUR, Plan, scan

from ho_detect.anatomy.fit.hips import find_hip_joints
from ho_detect.anatomy.fit.shape_fit import edges_along
from ho_detect.anatomy.fit.shape_model import femur_model
from ho_detect.anatomy.fit.working_grid import COARSE_STEP_MM, resample_to_patient_axes
from ho_detect.anatomy.metal.metal import Metal
from ho_detect.anatomy.native.certainty import (
    HIDDEN,
    OUT_OF_VIEW,
    SEEN,
    UNEXPLAINED,
    classes,
    posterior_sd_mm,
    surface_certainties,
)
from ho_detect.settings import AnatomySettings


@pytest.fixture(scope="module")
def volume():
    return scan(Plan(growths=(SPUR,))).volume.canonical()


@pytest.fixture(scope="module")
def hips(volume):
    return find_hip_joints(volume, resample_to_patient_axes(volume, COARSE_STEP_MM), AnatomySettings())


@pytest.fixture(scope="module")
def certainties(volume, hips):
    return surface_certainties(volume, hips, Metal())


def moved(volume, hip, by_mm):
    """The hip with its femur's surface moved, and the edges that are seen from there."""
    fit = hip.femur
    vertices = fit.vertices + by_mm
    fine = resample_to_patient_axes(volume, 1.5)
    offset, strength = edges_along(fine, vertices, fit.normals, fit.joint, fit.joint, 6.0)
    return replace(hip, femur=replace(fit, vertices=vertices, offset_mm=offset, in_view=~np.isnan(strength)))


class TestSurfaceCertainties:
    def test_follow_the_bones(self, certainties):
        assert [(c.side, c.bone) for c in certainties] == [
            (side, bone) for side in ("left", "right") for bone in ("femur", "pelvis")
        ]
        for c in certainties:
            assert c.sd_mm.shape == c.seen_class.shape == c.vertices.shape[:1]
            assert np.isfinite(c.sd_mm).all()

    def test_what_is_seen_is_surest(self, certainties):
        assert len(certainties) > 0
        for c in certainties:
            seen = np.median(c.sd_mm[c.seen_class == SEEN])
            assert seen < 1.5
            for other in (HIDDEN, OUT_OF_VIEW):
                assert np.median(c.sd_mm[c.seen_class == other]) > seen

    def test_bone_under_a_growth_is_hidden_and_counts_not_against_the_fit(self, certainties):
        femur = next(c for c in certainties if c.side == "left" and c.bone == "femur")
        base = SPUR.points()[0]
        nearest = int(np.linalg.norm(femur.vertices - base, axis=1).argmin())
        assert femur.seen_class[nearest] == HIDDEN
        assert femur.on_bone is not None
        assert femur.on_bone > 0.95

    def test_a_surface_beside_the_bone_is_known_to_be_wrong(self, volume, hips, certainties):
        wrong = moved(volume, hips[0], np.array([14.0, -10.0, 0.0]))
        c = surface_certainties(volume, (wrong,), Metal())[0]
        assert c.lies_on_bone is False
        assert all(right.lies_on_bone for right in certainties)
        # no place of it is sure, also where it happens to meet an edge: that may be any bone's
        assert c.sd_mm.min() > 3 * np.median(certainties[0].sd_mm)

    def test_a_head_that_is_no_more_does_not_count_against_the_fit(self, volume, hips):
        """Of a femur whose head has been replaced its surface is left, in soft tissue and metal, without faces."""
        fit = hips[0].femur
        above = fit.vertices + np.where(fit.joint[:, None], (0.0, 0.0, 25.0), 0.0)
        rest = fit.faces[~fit.joint[fit.faces].any(axis=1)]
        with_head, without = (
            surface_certainties(volume, (replace(hips[0], femur=replace(fit, vertices=above, faces=faces)),), Metal())[
                0
            ]
            for faces in (fit.faces, rest)
        )
        assert (without.seen_class[: len(fit.vertices)][fit.joint] == OUT_OF_VIEW).all()
        assert without.on_bone > 0.95 > with_head.on_bone

    def test_the_nearest_place_answers(self, certainties):
        c = certainties[0]
        sd, known = c.near(c.vertices[::50] + 0.01)
        np.testing.assert_array_equal(sd, c.sd_mm[::50])
        np.testing.assert_array_equal(known, c.known[::50])

    def test_what_is_hidden_is_known_where_the_other_side_confirms_it_and_there_alone(self, volume, hips):
        n = len(hips[0].femur.vertices)
        some = np.arange(n) % 2 == 0
        alone, confirmed = (
            surface_certainties(volume, (replace(hips[0], femur=replace(hips[0].femur, confirmed=c)),), Metal())[0]
            for c in (None, some)
        )
        hidden = alone.seen_class[:n] == HIDDEN
        assert (hidden & some).any()
        np.testing.assert_array_equal(alone.known, alone.seen_class == SEEN)
        np.testing.assert_array_equal(confirmed.known[:n], alone.known[:n] | some)

    def test_many_points_are_answered_from_a_place_nearly_as_near(self, certainties):
        c = certainties[1]
        points = c.vertices[::7] + np.random.default_rng(3).normal(0, 6, (len(c.vertices[::7]), 3))
        exact, quick = c.near(points)[0], c.about(points)[0]
        assert np.median(np.abs(exact - quick)) < 0.1
        assert np.quantile(np.abs(exact - quick), 0.9) < 1.0


class TestClasses:
    def test_by_what_lies_inside_and_outside(self):
        bone, soft = np.r_[np.full(5, 400.0), np.full(4, 40.0)], np.full(9, 40.0)
        profiles = np.array([bone, soft, np.full(9, 400.0), bone, bone])
        apart = np.array([0.2, 0.2, np.nan, 4.0, 0.2])
        in_view = np.array([True, True, True, True, False])
        expected = [SEEN, UNEXPLAINED, HIDDEN, UNEXPLAINED, OUT_OF_VIEW]
        assert classes(profiles, apart, in_view).tolist() == expected


class TestPosterior:
    def test_grows_with_distance_from_what_is_seen(self, hips):
        fit, height = hips[0].femur, femur_model().mean[:, 2]
        seen = height > -40.0
        sd = posterior_sd_mm(femur_model(), fit, "left", seen)
        steps = [np.median(sd[(height < a) & (height > a - 25)]) for a in (0, -50, -80, -110)]
        assert (np.diff(steps) > 0).all()

    def test_more_places_seen_leave_less_open(self, hips):
        fit, height = hips[0].femur, femur_model().mean[:, 2]
        less, more = (posterior_sd_mm(femur_model(), fit, "left", height > a) for a in (-40.0, -90.0))
        assert (more <= less * 1.3).all()
        assert more.mean() < less.mean()

    def test_of_the_mirrored_bone_is_the_same(self, hips):
        left = hips[0].femur
        mirror = np.array([-1.0, 1.0, 1.0])
        right = replace(left, vertices=left.vertices * mirror, normals=left.normals * mirror)
        seen = np.arange(len(left.vertices)) % 3 > 0
        one = posterior_sd_mm(femur_model(), left, "left", seen)
        np.testing.assert_allclose(posterior_sd_mm(femur_model(), right, "right", seen), one, rtol=1e-9)
