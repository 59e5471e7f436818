"""Laws of projection and its way back: a disc comes back as it was, integrals are lengths, noise is as foretold."""

from __future__ import annotations

import numpy as np
import pytest

from ho_detect.simulation.reconstruction import (
    VIEWS,
    Geometry,
    integrals,
    kernel,
    noise_gain,
    reconstructed,
    sparse_integrals,
)

SHAPE, SPACING = (110, 150), (1.5, 1.5)
GEOMETRY = Geometry.around(SHAPE, SPACING)
Y, X = np.meshgrid(*((np.arange(n) - (n - 1) / 2) * s for n, s in zip(SHAPE, SPACING, strict=True)), indexing="ij")
BLUR = kernel(GEOMETRY.readings, 0.8, 0.0)


def disc(x, y, radius_mm):
    return np.clip(0.5 - (np.hypot(X - x, Y - y) - radius_mm) / 1.5, 0, 1).astype(np.float32)


def everywhere():
    return np.ones((VIEWS, GEOMETRY.readings), bool)


def test_a_disc_comes_back_as_it_was():
    image = disc(30, -20, 25)
    values = integrals(image[None], GEOMETRY, everywhere()).reshape(VIEWS, -1)
    back = reconstructed(values, GEOMETRY, BLUR, SHAPE)
    inside, outside = disc(30, -20, 21) == 1, disc(30, -20, 29) == 0
    np.testing.assert_allclose(back[inside], 1, atol=0.03)
    np.testing.assert_allclose(back[outside], 0, atol=0.03)


def test_the_integral_over_a_view_is_the_area():
    image = disc(30, -20, 25)
    values = integrals(image[None], GEOMETRY, everywhere()).reshape(VIEWS, -1)
    areas = values.sum(axis=1) * GEOMETRY.start[1]
    np.testing.assert_allclose(areas, image.sum() * 1.5**2, rtol=0.02)
    assert values.max() == pytest.approx(50, abs=1.5)


def test_spots_are_projected_as_the_whole_is():
    images = np.stack([disc(40, 10, 6) + disc(-50, 0, 9), disc(-50, 0, 4)])
    whole = integrals(images, GEOMETRY, everywhere()).T.reshape(2, VIEWS, -1)
    np.testing.assert_allclose(sparse_integrals(images, GEOMETRY), whole, atol=1e-3)


def test_noise_is_as_foretold():
    noise = np.random.default_rng(0).normal(0, 1, (VIEWS, GEOMETRY.readings))
    image = reconstructed(noise, GEOMETRY, BLUR, SHAPE)
    assert image[np.hypot(X, Y) < 50].std() == pytest.approx(noise_gain(BLUR), rel=0.12)


def test_edges_cost_noise_and_blur_saves_it():
    soft, sharp = kernel(GEOMETRY.readings, 1.2, 0.0), kernel(GEOMETRY.readings, 0.8, 1.0)
    assert noise_gain(soft) < noise_gain(BLUR) < noise_gain(sharp)


def test_every_pixel_lies_on_the_detector():
    reach = np.abs(GEOMETRY.directions) @ np.abs(GEOMETRY.corner)[::-1]
    assert reach.max() < -GEOMETRY.start[0]
    assert GEOMETRY.start[0] + GEOMETRY.start[1] * (GEOMETRY.readings - 1) == pytest.approx(-GEOMETRY.start[0])
