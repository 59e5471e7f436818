"""What ossification is made of by its age: attenuation by depth, and the ragged surface of mixed ages."""

from __future__ import annotations

from typing import Literal

import numpy as np

from ho_detect.image.grid import Grid
from ho_detect.simulation.fields import Field, coverage, smooth_noise, voxel_width

#: Mixed: ragged, with parts of every stage.
Maturity = Literal["mature", "intermediate", "immature", "mixed"]


def ragged(rng: np.random.Generator, grid: Grid, d: Field) -> Field:
    """Return a surface with lobes and clefts, some of them deep enough to part it."""
    lobes = smooth_noise(rng, grid, 11.0)
    torn: Field = np.maximum(d + np.float32(1.2) * smooth_noise(rng, grid, 6.0), np.float32(-4.6) - 4 * lobes)
    return torn


def attenuation(rng: np.random.Generator, grid: Grid, d: Field, maturity: Maturity) -> Field:
    """HU of a lesion by depth: a dense rim and a lucent core once mature, patchy and faint before."""
    width_mm, texture = voxel_width(grid), smooth_noise(rng, grid, 3.6)
    value: Field
    if maturity == "mixed":
        ripe = smooth_noise(rng, grid, 18.0)
        rim_hu = np.interp(ripe, [-1.2, -0.5, 0.1, 0.8], [190.0, 300.0, 420.0, 680.0]) * (1 + 0.13 * texture)
        core_hu = np.interp(ripe, [-1.0, 0.8], [195.0, 140.0]) + 50 * texture
        inner = coverage(d + np.float32(rng.uniform(1.8, 2.8)), width_mm)
        value = (rim_hu * (1 - inner) + core_hu * inner).astype(np.float32)
        return value
    if maturity == "immature":
        patches = np.clip(0.5 + 0.5 * smooth_noise(rng, grid, 8.0), 0, 1)
        value = np.clip(160 + 110 * patches + 18 * texture, 130, 300).astype(np.float32)
        return value
    if maturity == "intermediate":
        rim, core, thick = rng.uniform(345, 410), rng.uniform(190, 240), rng.uniform(2.2, 3.0)
        spread = 28.0
    else:
        rim, core, thick = rng.uniform(620, 950), rng.uniform(90, 210), rng.uniform(2.0, 3.0)
        spread = 60.0
    inner = coverage(d + np.float32(thick), width_mm)
    value = (rim + spread * texture) * (1 - inner) + (core + 0.8 * spread * texture) * inner
    return value.astype(np.float32)
