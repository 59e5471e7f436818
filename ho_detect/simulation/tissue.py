"""Person to HU: skin, fat, muscles with fat sheets, viscera and vessels, with bone laid into them."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np

from ho_detect.image.grid import FloatArray, Grid
from ho_detect.image.sides import SIDES, Side
from ho_detect.simulation.bone_tissue import paint_bone
from ho_detect.simulation.canvas import Canvas
from ho_detect.simulation.femur import neck_base, scale_of
from ho_detect.simulation.fields import (
    Field,
    axes_of,
    blend_in,
    coarse_grid,
    coverage,
    refine,
    smooth_noise,
)
from ho_detect.simulation.muscles import build_muscles
from ho_detect.simulation.person import Person
from ho_detect.simulation.render import render
from ho_detect.simulation.shapes import FAR, Ellipsoid, Frame, smooth_min, tube
from ho_detect.simulation.skeleton import Frames, build_skeleton

#: How far fat-free tissue may fill up between muscle bellies, mm.
FILL_MM = 7.0


def vessel_path(frames: Frames, person: Person, side: Side, *, vein: bool = False) -> FloatArray:
    """Return the course of the iliac and femoral artery or vein, (n, 3) LPS mm from above down."""
    above = np.array(
        [(-62, 26, 140), (-50, 22, 96), (-36, -6, 62), (-24, -38, 26), (-17, -50, 0), (-16, -52, -30)], float
    )
    below = np.array([(-56, -54, -50), (-62, -38, -120), (-62, -26, -200)], float)  # from where neck meets shaft
    aside = np.array([-11.0, 4, 0]) if vein else np.zeros(3)
    hip = person.hip(side)
    thigh = neck_base(hip) + (below + aside) * scale_of(hip)
    return np.concatenate(
        [frames.socket[side].to_world((above + aside) * person.size), frames.femur[side].to_world(thigh)]
    )


def _outline(person: Person, frames: Frames, grid: Grid, rng: np.random.Generator) -> Field:
    """Signed distance to the skin: trunk, buttocks and thighs, joined smoothly."""
    coarse = coarse_grid(grid, 5.0)
    size, fat, bulk = person.size, person.fat_mm, 0.75 + 0.25 * person.muscle_bulk
    x, y, z = axes_of(coarse)
    pelvis = frames.pelvis
    a, b, c = pelvis.to_local(*np.broadcast_arrays(x, y, z))
    # a trunk that is wider at the hips than at the waist
    waist = np.clip((c - 30) / 110, 0, 1)
    half_x = (person.half_width_mm + 60 * size + fat) - 24 * size * waist + 10 * person.female * (1 - waist)
    half_y = 94 * size + fat * (0.9 + 0.5 * waist)
    level = np.sqrt((a / half_x) ** 4 + ((b - 12 * size) / half_y) ** 4) ** 0.5
    trunk = (level - 1) * np.minimum(half_x, half_y)
    # the trunk ends in a rounded saddle between the thighs
    out = -smooth_min(-trunk, c + 58 * size, 45.0)
    out = out.astype(np.float32)
    for side in SIDES:
        base = neck_base(person.hip(side))
        to = frames.femur[side].to_world
        thick = np.array([60, 70, 68, 60]) * size * bulk + 0.9 * fat
        thigh = tube(
            to(base + np.array([[-8, 0, 10], [-22, 2, -50], [-22, 4, -120], [-18, 6, -250]])), thick, step_mm=4.0
        )
        near = np.stack([np.broadcast_to(v, coarse.shape).ravel() for v in (x, y, z)], 1)
        out = smooth_min(out, _far_distance(thigh.samples, thigh.radii, near).reshape(coarse.shape), 30.0)
        buttock = Ellipsoid(
            Frame(frames.socket[side].rotation, frames.socket[side].to_world(np.array([-22, 72, -2]) * size)),
            (64 * size + 0.5 * fat, 48 * size + fat, 72 * size + 0.4 * fat),
        )
        out = smooth_min(out, buttock.distance(near).astype(np.float32).reshape(coarse.shape), 24.0)
    out = out + 2.5 * smooth_noise(rng, coarse, 90.0)
    return refine(out.astype(np.float32), coarse, grid)


def _far_distance(samples: FloatArray, radii: FloatArray, points: FloatArray) -> Field:
    """Distance to a tube without a cap, mm: the smallest over its samples."""
    from scipy.spatial import cKDTree

    near, which = cKDTree(samples).query(points)
    return (near - radii[which]).astype(np.float32)


def _viscera(canvas: Canvas) -> None:
    """Bladder, rectum, bowel loops with gas, uterus or prostate, and the fat between."""
    person, to, size, rng = canvas.person, canvas.frames.pelvis.to_world, canvas.person.size, canvas.rng
    x, y, z = axes_of(canvas.grid)
    a, b, c = canvas.frames.pelvis.to_local(*np.broadcast_arrays(x, y, z))
    wide = person.half_width_mm - 40 * size + np.clip((c - 40) * 0.55, -6, 45)
    cavity = np.sqrt((a / wide) ** 2 + ((b - 4 - 0.15 * c) / (66 * size)) ** 2) < 1
    cavity &= (c > -30 * size) & (canvas.muscles.depth > 2) & (canvas.bone > 2) & (canvas.skin < -person.fat_mm - 6)
    loops = smooth_noise(rng, canvas.grid, 26.0)
    wall = np.abs(smooth_noise(rng, canvas.grid, 40.0))
    bowel = cavity & (c + 14 * loops > 40 * size) & (wall > 0.22)
    canvas.hu[bowel] = 32 + 8 * loops[bowel]
    gas = bowel & (loops > 1.75)
    canvas.hu[gas] = -880
    turned = canvas.frames.pelvis.rotation

    def organ(
        at: tuple[float, float, float], semi: tuple[float, float, float], value: float, below: float = 0.0
    ) -> None:
        p, q, r = (s * size for s in semi)
        canvas.paint(Ellipsoid(Frame(turned, to(np.array(at) * size)), (p, q, r)), value, below=below)

    full = float(rng.uniform(0.75, 1.2))
    content = float(rng.uniform(180, 420)) if person.contrast == "late" else 6.0
    organ((0, -22, 6), (34 * full, 25 * full, 24 * full), 32.0, 2.5)
    organ((0, -22, 6), (34 * full, 25 * full, 24 * full), content)
    organ((0, 18, 6), (26, 16, 22), 48.0)
    organ((rng.normal(0, 3), 52, 4), (15, 13, 40), 34.0)
    organ((rng.normal(0, 3), 48, 10), (7, 6, 16), -860.0)


def _vessels(canvas: Canvas) -> None:
    rng, contrast = canvas.rng, canvas.person.contrast
    artery, vein = 44.0, 40.0
    if contrast == "arterial":
        artery, vein = float(rng.uniform(220, 380)), float(rng.uniform(50, 120))
    elif contrast == "late":
        artery, vein = float(rng.uniform(110, 170)), float(rng.uniform(110, 170))
    for side in SIDES:
        for is_vein, value, radius in ((False, artery, 4.4), (True, vein, 5.2)):
            path = vessel_path(canvas.frames, canvas.person, side, vein=is_vein)
            width = np.linspace(radius + 0.6, radius - 0.6, len(path)) * canvas.person.size
            canvas.paint(tube(path, width + 3.0), -95.0)
            canvas.paint(tube(path, width), value)
            box, distance = render(tube(path, width), canvas.grid)
            if distance.size:
                canvas.vessels[box] = np.minimum(canvas.vessels[box], distance)


def _soft_tissue(canvas: Canvas) -> None:
    person, rng, h = canvas.person, canvas.rng, canvas.width_mm
    inside = coverage(canvas.skin, h)
    canvas.hu[...] = -1000
    blend_in(canvas.hu, -102 + 6 * smooth_noise(rng, canvas.grid, 30.0), inside)
    deep = -canvas.skin - np.float32(person.fat_mm)
    sheet = np.clip((canvas.muscles.rivalry - 0.6) / (0.9 + 1.2 * person.muscle_fat), 0, 1)
    belly = coverage(canvas.muscles.depth - np.float32(FILL_MM), h) * sheet
    # the wall of the belly: a sheet of muscle under the fat
    x, y, z = axes_of(canvas.grid)
    _, b, c = canvas.frames.pelvis.to_local(*np.broadcast_arrays(x, y, z))
    wall = (np.abs(deep - 7) < 7) & (c > 52 * person.size - 0.45 * b)
    wall &= canvas.muscles.depth > FILL_MM
    belly = np.maximum(belly, wall.astype(np.float32)) * np.clip(deep / h + 0.5, 0, 1)
    streaks = np.clip(smooth_noise(rng, canvas.grid, 7.0) - 1.9 + 2.2 * person.muscle_fat, 0, 1)
    meat = person.muscle_hu + 4 * smooth_noise(rng, canvas.grid, 12.0) - 110 * streaks
    if person.wasting > 0:
        strands = smooth_noise(rng, canvas.grid, 7.0) + np.float32(0.6) * smooth_noise(rng, canvas.grid, 30.0)
        # the sum of two such fields has a variance of 1.36
        level = NormalDist(sigma=1.36**0.5).inv_cdf(1 - min(person.wasting, 0.95))
        fatty = np.clip(0.5 + 3 * (strands - np.float32(level)), 0, 1)
        meat = meat + (np.float32(-88) - meat) * fatty
    blend_in(canvas.hu, meat.astype(np.float32), belly)
    canvas.in_muscle = (belly > 0.5) & ~wall
    strands = np.abs(smooth_noise(rng, canvas.grid, 22.0)) < 0.03
    canvas.hu[strands & (deep < 0) & (inside > 0.99)] += 45
    skin = inside * coverage(-canvas.skin - np.float32(1.8), h)
    blend_in(canvas.hu, 15.0, skin)


def paint_body(person: Person, grid: Grid) -> Canvas:
    """Paint a person without ossification on an axial grid; the same person gives the same tissue."""
    tissue = np.random.default_rng(person.texture_seed)
    skeleton = build_skeleton(person, grid, tissue)
    bone = skeleton.all()
    skin = np.minimum(_outline(person, skeleton.frames, grid, tissue), bone + np.float32(-5.0))
    canvas = Canvas(
        person,
        grid,
        np.empty(grid.shape, np.float32),
        skeleton,
        bone,
        skin,
        build_muscles(person, skeleton.frames, grid),
        np.full(grid.shape, FAR, np.float32),
        np.zeros(grid.shape, np.bool_),
        tissue,
        np.zeros(grid.shape, np.uint16),
        np.full(grid.shape, FAR, np.float32),
    )
    _soft_tissue(canvas)
    _viscera(canvas)
    _vessels(canvas)
    paint_bone(canvas)
    return canvas
