"""Lesions on bone made by hand: a column on a plane, and a scan of one beyond a gap."""

from __future__ import annotations

import numpy as np
from made_detection import region
from scipy import ndimage as ndi

from ho_detect.anatomy.native.surfaces import BoneDistance
from ho_detect.image.grid import Grid, Sphere, rotation

WHOLE = (slice(None),) * 3
SHAPE, MUSCLE_HU = (40, 40, 40), 50.0
HEIGHT_MM = (np.arange(40) - 14.5)[:, None, None] * np.ones(SHAPE)


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


def scanned(gap_mm, *, core_hu=600.0, sigma_mm=1.0, off_mm=0.0, noise_hu=0.0):
    """HU of a lesion of 12 mm beyond a gap above a plane of bone, blurred, and the distance to a fit that is off."""
    fine = np.full((160, 40, 40), MUSCLE_HU)
    height = (np.arange(160) - 59.5) / 4.0
    fine[height <= 0.0] = 250.0
    fine[(height <= 0.0) & (height > -3.0)] = 700.0
    disc = np.hypot(*(np.indices((40, 40)) - 19.5)) <= 11
    for low, high, hu in ((0.0, 12.0, 600.0), (2.0, 10.0, core_hu)):
        at = (height > gap_mm + low) & (height <= gap_mm + high)
        fine[np.ix_(at, range(40), range(40))] = np.where(disc, hu, fine[np.ix_(at, range(40), range(40))])
    blurred = ndi.gaussian_filter(fine, (4 * sigma_mm, sigma_mm, sigma_mm)).reshape(40, 4, 40, 40).mean(axis=1)
    hu = blurred + np.random.default_rng(1).normal(0.0, noise_hu, SHAPE)
    mask = (HEIGHT_MM + off_mm > 0) & (gap_mm + 12 >= HEIGHT_MM) & disc
    return np.rint(hu).astype(np.int16), (HEIGHT_MM + off_mm).astype(np.float32), mask
