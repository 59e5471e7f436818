"""A hip bone that went astray is brought back by the other side's; two sides that agree are left as they are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage as ndi

from ho_detect.anatomy.fit.refine import refined
from ho_detect.anatomy.fit.shape_fit import SurfaceFit
from ho_detect.anatomy.fit.shape_model import hip_bone_model
from ho_detect.anatomy.fit.symmetry import beneath_what_covers_it, led_by_other_side, mirrored_onto
from ho_detect.anatomy.fit.working_grid import WorkingVolume
from ho_detect.image.grid import Grid, rotation_about, vertex_normals
from ho_detect.image.sides import mirror_of
from ho_detect.image.surfaces import capped, voxelised


def fit_of(side, vertices=None):
    """The model as it is, or with other vertices, as a fit that explains little."""
    model = hip_bone_model()
    vertices = model.mean * mirror_of(side) if vertices is None else vertices
    faces = model.faces[:, ::-1] if side == "right" else model.faces
    n = len(vertices)
    return SurfaceFit(vertices, vertex_normals(vertices, faces), faces, model.joint, np.ones(n, bool), np.zeros(n), 0.5)


def astray(side):
    """The model whose upper back part, the wing at the sacrum, has moved 20 mm inwards."""
    mean = hip_bone_model().mean
    there = np.clip((mean[:, 1] - 10.0) / 20.0, 0, 1) * np.clip((mean[:, 2] - 30.0) / 20.0, 0, 1)
    return fit_of(side, (mean - there[:, None] * np.array([20.0, 0, 0])) * mirror_of(side))


def scanned(side):
    """The model as bone of 600 HU in 40 HU."""
    vertices, faces = fit_of(side).vertices, fit_of(side).faces
    low, high = vertices.min(axis=0) - 30, vertices.max(axis=0) + 30
    grid = Grid.axial(tuple(np.ceil((high - low) / 1.5).astype(int)[::-1].tolist()), (1.5,) * 3, low)
    inside = voxelised(grid, vertices, capped(faces)) > 0
    return WorkingVolume(ndi.gaussian_filter(np.where(inside, 600.0, 40.0), 0.6).astype(np.float32), grid)


turn = st.lists(st.floats(-0.6, 0.6), min_size=3, max_size=3).map(np.array)
shift = st.lists(st.floats(-300, 300), min_size=3, max_size=3).map(np.array)


@settings(max_examples=25, deadline=None)
@given(turn, shift)
def test_the_reflected_bone_lies_on_its_twin_however_both_lie(turned, moved):
    left, right = fit_of("left"), fit_of("right")
    right = replace(right, vertices=right.vertices @ rotation_about(turned).T + moved)
    assert np.abs(mirrored_onto(left, right) - left.vertices).max() < 1e-6


def test_a_part_that_went_astray_does_not_pull_the_rest():
    placed = mirrored_onto(fit_of("left"), astray("right"))
    off = np.linalg.norm(placed - fit_of("left").vertices, axis=1)
    moved = np.linalg.norm(astray("left").vertices - fit_of("left").vertices, axis=1)
    assert moved.max() > 15.0
    assert np.median(off[moved == 0]) < 0.5
    assert off[moved > 15].min() > 12.0


@pytest.mark.parametrize("side", ["left", "right"])
def test_a_part_that_went_astray_is_brought_back(side):
    other = "left" if side == "right" else "right"
    volume = scanned(side)
    wrong = refined(volume, "pelvis", astray(side), side)
    found = led_by_other_side(volume, "pelvis", wrong, fit_of(other), side)
    true = fit_of(side).vertices
    before, after = (np.linalg.norm(f.vertices - true, axis=1) for f in (wrong, found))
    assert found.explained > wrong.explained
    assert before.max() > 10.0
    assert np.quantile(after, 0.99) < 4.0


def test_sides_that_agree_are_left_as_they_are():
    fit = fit_of("left")
    assert led_by_other_side(scanned("left"), "pelvis", fit, fit_of("right"), "left") is fit


def test_a_side_that_is_better_than_the_other_stays():
    volume = scanned("left")
    right_one = refined(volume, "pelvis", fit_of("left"), "left")
    assert led_by_other_side(volume, "pelvis", right_one, astray("right"), "left").explained >= right_one.explained


def covered(side):
    """The left bone with a sheet of 6 mm on the outside of its wing, and the fit that followed the sheet half way."""
    mean = hip_bone_model().mean
    normals = vertex_normals(mean, hip_bone_model().faces)
    on = (mean[:, 2] > 45) & (mean[:, 2] < 85) & (normals[:, 0] > 0.6)
    fit = fit_of(side)
    sheet = fit.vertices + fit.normals * (6.0 * on)[:, None]
    volume = scanned(side)
    inside = voxelised(volume.grid, sheet, capped(fit.faces)) > 0
    bone = voxelised(volume.grid, fit.vertices, capped(fit.faces)) > 0
    hu = np.where(bone, 600.0, np.where(inside, 300.0, 40.0))
    drawn = replace(fit, vertices=fit.vertices + fit.normals * (3.0 * on)[:, None])
    return WorkingVolume(ndi.gaussian_filter(hu, 0.6).astype(np.float32), volume.grid), drawn, on


@pytest.mark.parametrize("side", ["left", "right"])
def test_a_surface_drawn_outwards_by_what_covers_it_lies_beneath_it_again(side):
    volume, drawn, on = covered(side)
    bare = replace(fit_of("right" if side == "left" else "left"), offset_mm=np.zeros(len(on)))
    # the other side is looked at where it lies in the same scan: shifted out of the way
    far = replace(bare, vertices=bare.vertices + np.array([0.0, 0.0, 900.0]))
    found = beneath_what_covers_it(volume, drawn, far)
    off = ((found.vertices - fit_of(side).vertices) * fit_of(side).normals).sum(axis=1)
    inner = on & (np.abs(off - 3.0) > 0.5)
    assert inner.sum() > 0.6 * on.sum()
    assert np.median(np.abs(off[inner])) < 0.7
    assert np.abs(off[~on]).max() < 2.5
    assert np.isnan(found.offset_mm[inner]).mean() > 0.7
    assert found.confirmed[inner].mean() > 0.7
    assert found.confirmed[~on].mean() < 0.2


def test_a_surface_with_nothing_on_it_stays_where_it_is():
    fit, other = (replace(fit_of(s), offset_mm=np.zeros(len(fit_of(s).vertices))) for s in ("left", "right"))
    found = beneath_what_covers_it(scanned("left"), fit, other)
    assert found.vertices is fit.vertices
    assert not found.confirmed.any()
