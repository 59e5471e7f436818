"""A template scores where its edges are, in the direction in which they rise, and knows what share of it is in view."""

from __future__ import annotations

import numpy as np
import pytest

from ho_detect.anatomy.fit.template import Places, gradient_of, match

SHAPE = (32, 32, 32)
CENTER = np.array([16.0, 15.0, 14.0])


def ball(radius=7.0):
    away = np.linalg.norm(np.moveaxis(np.indices(SHAPE), 0, -1) - CENTER, axis=-1)
    return (400.0 / (1.0 + np.exp(away - radius))).astype(np.float32)


def template(radius=7.0):
    """(1, P, 3) points of a sphere, LPS, and their outward normals."""
    k = np.arange(200) + 0.5
    z, turn = 1.0 - 2.0 * k / 200, np.pi * (1.0 + 5.0**0.5) * k
    normals = np.column_stack([np.sqrt(1 - z**2) * np.cos(turn), np.sqrt(1 - z**2) * np.sin(turn), z])
    return radius * normals[None], normals[None]


def scores(hu, shifts, radius=7.0):
    points, normals = template(radius)
    places = Places(CENTER, np.asarray(shifts, np.int64))
    return match(gradient_of(hu), points, normals, places, full=80.0)


def test_the_gradient_is_the_change_along_each_axis():
    z, y, x = np.indices((5, 6, 7)).astype(np.float32)
    assert gradient_of(3.0 * z - 2.0 * y + x).reshape(-1, 3) == pytest.approx(np.array([[3.0, -2.0, 1.0]] * 210))


def test_it_fits_best_where_it_lies():
    shifts = [(a, b, c) for a in (-3, 0, 3) for b in (-3, 0, 3) for c in (-3, 0, 3)]
    score, seen = scores(ball(), shifts)
    assert score.shape == seen.shape == (1, 27)
    assert shifts[int(score[0].argmax())] == (0, 0, 0)
    assert score[0].max() > 0.8
    assert (seen == 1.0).all()


def test_an_edge_that_rises_the_other_way_counts_for_nothing():
    assert scores(-ball(), [(0, 0, 0)])[0].max() == 0.0
    assert scores(ball(), [(0, 0, 0)], radius=11.0)[0].max() < 0.4


def test_what_lies_out_of_view_is_not_seen():
    _, seen = scores(ball(), [(0, 0, 0), (14, 0, 0), (200, 0, 0)])
    assert seen[0, 0] == 1.0
    assert 0.1 < seen[0, 1] < 0.9
    assert seen[0, 2] == 0.0
