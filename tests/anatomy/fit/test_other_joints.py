"""Chest, head and knees are no hips, although a shoulder is a ball in a socket and condyles are balls on a shaft."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest
from phantoms import volume
from scipy import ndimage as ndi

from ho_detect.anatomy.fit.hips import find_hip_joints
from ho_detect.anatomy.fit.working_grid import COARSE_STEP_MM, resample_to_patient_axes
from ho_detect.image.grid import Grid
from ho_detect.settings import AnatomySettings
from ho_detect.simulation.shapes import Ellipsoid, Frame, blade, tube, turn

AIR, LUNG, FAT, MUSCLE, BRAIN, CORTEX, CANCELLOUS = -1000.0, -850.0, -100.0, 55.0, 35.0, 900.0, 250.0
STEP_MM, CORTEX_MM = 2.5, 2.0


class Body:
    """What is painted: HU on a grid that reaches so far from the origin on both sides, (x, y, z) mm."""

    def __init__(self, reach_mm):
        size = (2 * np.array(reach_mm) / STEP_MM).astype(int) + 1
        self.grid = Grid.axial(tuple(size[::-1].tolist()), (STEP_MM,) * 3, -np.array(reach_mm, float))
        self.at = self.grid.to_lps(np.moveaxis(np.indices(self.grid.shape), 0, -1))
        self.hu = np.full(self.grid.shape, AIR)

    def _near(self, shapes):
        """Return the box around shapes, and the least signed distance to them there."""
        low, high = (
            np.array([s.bounds for s in shapes]).min(axis=0)[0],
            np.array([s.bounds for s in shapes]).max(axis=0)[1],
        )
        ends = self.grid.to_index(np.array([low - STEP_MM, high + STEP_MM])).astype(int)
        box = tuple(slice(max(a, 0), b + 1) for a, b in zip(*ends, strict=True))
        here = self.at[box]
        flat = here.reshape(-1, 3)
        return box, np.min([s.distance(flat) for s in shapes], axis=0).reshape(here.shape[:3])

    def fill(self, shape, hu):
        """Fill a shape."""
        box, depth = self._near([shape])
        self.hu[box][depth < 0] = hu

    def wrap(self, half_width, half_depth, hu, middle=(0, 0)):
        """Fill an upright cylinder: a trunk, a limb."""
        x, y = self.at[..., 0] - middle[0], self.at[..., 1] - middle[1]
        self.hu[(x / half_width) ** 2 + (y / half_depth) ** 2 < 1] = hu

    def bone(self, *shapes):
        """Paint one bone, the union of shapes, with its cortex."""
        box, depth = self._near(shapes)
        self.hu[box][depth < 0] = CORTEX
        self.hu[box][depth < -CORTEX_MM] = CANCELLOUS

    def scanned(self):
        noise = np.random.default_rng(3).normal(0, 12, self.hu.shape)
        return volume(ndi.gaussian_filter(self.hu, 0.5) + noise, grid=self.grid)


def ellipsoid(center, *semi_axes):
    return Ellipsoid(Frame.at(center), semi_axes)


@lru_cache(maxsize=1)
def chest():
    """Shoulders, with heads of 24 mm in their glenoids, collar bones, shoulder blades, ribs, spine and breastbone."""
    body = Body((235.0, 120.0, 150.0))
    body.wrap(165, 105, FAT)
    body.wrap(150, 92, MUSCLE)
    for side in (1, -1):
        body.wrap(48, 48, FAT, (185 * side, 15))
        body.wrap(42, 42, MUSCLE, (185 * side, 15))
        body.fill(ellipsoid((75 * side, -5, -30), 52, 70, 110), LUNG)
    for level in range(-140, 150, 28):
        body.bone(ellipsoid((0, 55, level), 20, 16, 12), tube([(0, 70, level), (0, 92, level - 8)], [4, 3]))
    body.bone(blade([[(-16, -88, z), (16, -88, z)] for z in (-60, 60)], np.full((2, 2), 4.0)))
    turns = np.radians(np.linspace(70, -75, 9))
    for side in (1, -1):
        for level in range(-140, 90, 25):
            arc = [(side * 132 * np.cos(t), 88 * np.sin(t), level - 8 * k) for k, t in enumerate(turns)]
            body.bone(tube(arc, np.full(len(arc), 5.0)))
        rows = [[(side * x, 84 - 0.12 * x, z) for x in (55, 100, 145)] for z in (90, 20, -60)]
        rows[2] = [(side * x, 86, -60) for x in (78, 86, 94)]
        glenoid = ellipsoid((153 * side, 36, 74), 8, 14, 19)
        neck = tube([(140 * side, 66, 74), (152 * side, 40, 74)], [10, 12])
        spine = tube([(70 * side, 92, 60), (150 * side, 80, 96), (188 * side, 30, 108)], [5, 7, 8])
        body.bone(blade(rows, np.full((3, 3), 3.5)), glenoid, neck, spine)
        body.bone(tube([(20 * side, -85, 80), (80 * side, -60, 100), (180 * side, 5, 108)], [9, 6, 7]))
        head = ellipsoid((188 * side, 20, 74), 24, 24, 24)
        shaft = tube([(194 * side, 20, 70), (198 * side, 18, 20), (198 * side, 16, -150)], [20, 13, 11])
        body.bone(head, ellipsoid((205 * side, 12, 78), 14, 14, 16), shaft)
        body.fill(ellipsoid((198 * side, 16, -60), 6, 6, 95), FAT)
    return body.scanned()


@lru_cache(maxsize=1)
def skull():
    """The vault is a shell, the orbits are balls in bone, the jaw a bow, the neck a column."""
    body = Body((105.0, 125.0, 150.0))
    body.fill(ellipsoid((0, 0, 40), 88, 108, 100), MUSCLE)
    body.fill(ellipsoid((0, -55, -30), 70, 62, 85), MUSCLE)
    body.wrap(60, 60, MUSCLE, (0, 20))
    body.bone(ellipsoid((0, 0, 40), 80, 100, 92))
    body.fill(ellipsoid((0, 4, 42), 73, 92, 84), BRAIN)
    body.bone(blade([[(-50, y, -10), (50, y, -10)] for y in (-60, 60)], np.full((2, 2), 5.0)))
    for side in (1, -1):
        body.bone(ellipsoid((32 * side, -68, 5), 25, 30, 24))
        body.fill(ellipsoid((32 * side, -74, 5), 21, 30, 20), FAT)
        body.fill(ellipsoid((32 * side, -88, 5), 12, 12, 12), BRAIN)
        body.bone(ellipsoid((58 * side, 20, -22), 18, 18, 20))
        body.bone(
            ellipsoid((52 * side, -15, -30), 9, 9, 9), tube([(52 * side, -15, -30), (50 * side, -25, -75)], [7, 7])
        )
    bow = [(50, -25, -75), (40, -75, -80), (0, -98, -80), (-40, -75, -80), (-50, -25, -75)]
    body.bone(tube(bow, np.full(5, 9.0)))
    for level in range(-140, -30, 20):
        body.bone(ellipsoid((0, 20, level), 13, 11, 9), tube([(0, 40, level), (0, 62, level - 5)], [5, 4]))
    return body.scanned()


@lru_cache(maxsize=1)
def knees():
    """Two condyles of 22 mm on each shaft, plateau and shin, calf bone, kneecap."""
    body = Body((165.0, 85.0, 150.0))
    for side in (1, -1):
        body.wrap(72, 72, FAT, (85 * side, 5))
        body.wrap(60, 60, MUSCLE, (85 * side, 5))
        upright = Frame.at((85 * side, 5, 0))
        bent = Frame(turn("x", -10.0), upright.origin)
        thigh = bent.to_world([(0, -4, 150), (0, -4, 80), (0, -6, 30)])
        shin = upright.to_world([(0, 2, -25), (0, 0, -70), (0, 0, -150)])
        body.bone(*(ellipsoid(bent.to_world((24 * s, 4, 22)), 21, 27, 22) for s in (1, -1)), tube(thigh, [14, 16, 27]))
        body.bone(ellipsoid(upright.to_world((0, 4, -20)), 40, 27, 16), tube(shin, [27, 16, 13]))
        for marrow in (thigh[:2], shin[1:]):
            body.fill(tube(marrow, [7, 7]), FAT)
        body.bone(tube(upright.to_world([(44 * side, 22, -35), (42 * side, 20, -150)]), [9, 6]))
        body.bone(ellipsoid(upright.to_world((0, -42, 25)), 22, 10, 22))
    return body.scanned()


def right_shoulder():
    ct = chest()
    keep = (slice(None), slice(None), slice(0, int(0.4 * ct.hu.shape[2])))
    return volume(ct.hu[keep], grid=ct.grid.crop((slice(0, ct.hu.shape[0]), slice(0, ct.hu.shape[1]), keep[2])))


@pytest.mark.parametrize("scanned", [chest, right_shoulder, skull, knees])
def test_no_hip_is_found_where_there_is_none(scanned):
    ct = scanned()
    assert find_hip_joints(ct, resample_to_patient_axes(ct, COARSE_STEP_MM), AnatomySettings()) == ()
