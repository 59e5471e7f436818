"""Laws of metal in a slice: its density and place, bands between two heads, starvation, and what reduction does."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ho_detect.simulation.projection import Beam, Slice, metal_change

ROWS, COLUMNS, PIXEL_MM = 150, 220, 1.8
BEAM = Beam(kvp=120.0, noise_hu=1.0, psf_mm=0.7, sharpen=0.0)
Y, X = np.meshgrid(
    (np.arange(ROWS) - (ROWS - 1) / 2) * PIXEL_MM, (np.arange(COLUMNS) - (COLUMNS - 1) / 2) * PIXEL_MM, indexing="ij"
)


def disc(x, y, radius_mm):
    return np.clip(0.5 - (np.hypot(X - x, Y - y) - radius_mm) / PIXEL_MM, 0, 1).astype(np.float32)


def water_body():
    return np.where((X / 175) ** 2 + (Y / 115) ** 2 < 1, 0, -1000).astype(np.float32)


def changed(metal, beam=BEAM, body=None, seed=0):
    content = Slice(water_body() if body is None else body, (PIXEL_MM, PIXEL_MM), metal)
    return metal_change(content, beam, np.random.default_rng(seed))


def at(image, x, y, half=3):
    i, j = round(y / PIXEL_MM + (ROWS - 1) / 2), round(x / PIXEL_MM + (COLUMNS - 1) / 2)
    return float(np.median(image[i - half : i + half + 1, j - half : j + half + 1]))


def test_no_metal_is_no_slice_to_project():
    with pytest.raises(ValueError, match="no metal"):
        changed({"titanium": np.zeros((ROWS, COLUMNS), np.float32)})


def test_metal_is_dense_where_it_is_and_a_thin_rod_nearly_as_its_attenuation_says():
    rod = disc(60, -20, 4)
    image = changed({"titanium": rod})
    assert at(image, 60, -20, half=1) == pytest.approx(8500, rel=0.25)
    assert at(changed({"cobalt_chromium": rod}), 60, -20, half=1) > 1.6 * at(image, 60, -20, half=1)
    bright = np.argwhere(image > 3000).mean(axis=0)
    np.testing.assert_allclose(bright, np.argwhere(rod > 0.5).mean(axis=0), atol=0.3)


def test_a_slice_mirrored_is_its_change_mirrored():
    image = changed({"titanium": disc(60, -20, 6)})
    mirrored = changed({"titanium": disc(-60, -20, 6)}, seed=1)[:, ::-1]
    near = disc(60, -20, 60) > 0
    assert np.abs(image - mirrored)[near].mean() < 25
    assert np.corrcoef(image[near], mirrored[near])[0, 1] > 0.99


def test_the_band_between_two_heads_is_dark_and_darker_than_the_sum_of_each():
    left, right = disc(85, 0, 14), disc(-85, 0, 14)
    both = at(changed({"cobalt_chromium": left + right}), 0, 0)
    alone = at(changed({"cobalt_chromium": left}), 0, 0) + at(changed({"cobalt_chromium": right}), 0, 0)
    assert both < -300
    assert both < alone - 150
    # above and below the two it is not
    assert at(changed({"cobalt_chromium": left + right}), 0, 80) > -60


def test_dense_metal_disturbs_more_than_titanium():
    ring = (disc(70, 0, 45) > 0) & (disc(70, 0, 24) == 0)
    # a round rod hardens the beam alike from all sides: a flat one does not
    flat = disc(63, 0, 6) + disc(70, 0, 6) * (disc(63, 0, 6) == 0) + disc(77, 0, 6) * (disc(70, 0, 6) == 0)
    titanium, cobalt = (changed({name: np.clip(flat, 0, 1)}) for name in ("titanium", "cobalt_chromium"))
    assert np.abs(cobalt)[ring].mean() > 1.5 * np.abs(titanium)[ring].mean()


def test_noise_lies_along_the_rays_that_lose_most_and_grows_as_quanta_get_fewer():
    flat = np.where((np.abs(Y) < 4) & (np.abs(X) < 22), 1, 0).astype(np.float32)
    noise = [
        np.std([changed({"titanium": flat}, replace(BEAM, noise_hu=hu), seed=s) for s in range(5)], axis=0)
        for hu in (5.0, 30.0)
    ]
    along, across = (np.abs(Y) < 6) & (np.abs(X) > 40) & (np.abs(X) < 120), (np.abs(X) < 6) & (np.abs(Y) > 40)
    inside = water_body() == 0
    assert noise[1][along].mean() > 1.5 * noise[1][across & inside].mean()
    assert noise[1][along].mean() > 3 * noise[0][along].mean()


def test_noise_of_no_metal_stays_as_the_scan_has_it():
    # a rod so thin that its rays lose almost nothing adds almost no noise of its own far away
    image = changed({"titanium": 0.05 * disc(85, 0, 2)}, replace(BEAM, noise_hu=15.0))
    assert image[(X < -40) & (water_body() == 0)].std() < 4


@pytest.mark.parametrize("metal", ["titanium", "cobalt_chromium"])
def test_reduction_takes_streaks_and_leaves_the_metal(metal):
    heads = {metal: disc(85, 0, 14) + disc(-85, 0, 14)}
    plain, reduced = (changed(heads, replace(BEAM, reduction=r)) for r in ("none", "interpolation"))
    away = (water_body() == 0) & (disc(85, 0, 20) == 0) & (disc(-85, 0, 20) == 0)
    assert np.abs(reduced)[away].mean() < 0.6 * np.abs(plain)[away].mean()
    inside = heads[metal] > 0.99
    np.testing.assert_allclose(reduced[inside & (plain > 2600)], plain[inside & (plain > 2600)], rtol=1e-5)


def test_reduction_loses_bone_beside_metal_and_bone_elsewhere_less():
    body = water_body()
    body[disc(85, 24, 6) > 0.5] = 900
    body[disc(-85, 0, 6) > 0.5] = 900
    reduced = body + changed({"cobalt_chromium": disc(85, 0, 14)}, replace(BEAM, reduction="interpolation"), body)
    lost = [900 - at(reduced, x, y, half=1) for x, y in ((85, 24), (-85, 0))]
    assert lost[0] > 60
    assert lost[0] > 2 * abs(lost[1])


def test_the_same_seed_is_the_same_slice():
    heads = {"cobalt_chromium": disc(85, 0, 14)}
    assert (changed(heads, seed=3) == changed(heads, seed=3)).all()
    assert (changed(heads, seed=3) != changed(heads, seed=4)).any()
