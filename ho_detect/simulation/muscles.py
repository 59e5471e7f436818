"""Named muscles as tubes and blades hung on the bones, and the map of who fills which voxel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ho_detect.image.grid import FloatArray, Grid
from ho_detect.image.sides import SIDES, Side
from ho_detect.simulation.femur import neck_base, scale_of
from ho_detect.simulation.fields import Field, box_of, coarse_grid, refine
from ho_detect.simulation.person import Person
from ho_detect.simulation.render import render
from ho_detect.simulation.shapes import FAR, Shape, blade, smooth_min, tube
from ho_detect.simulation.skeleton import Frames

Muscle = Literal[
    "iliopsoas", "rectus_femoris", "sartorius", "tensor_fasciae_latae", "gluteus_medius", "gluteus_minimus",
    "gluteus_maximus", "external_rotators", "obturator_externus", "obturator_internus", "pectineus", "adductors",
    "hamstrings", "vastus_lateralis", "vastus_intermedius", "vastus_medialis", "erector_spinae", "rectus_abdominis",
]  # fmt: skip

# ruff: noqa: E501 - a table reads better with a muscle in a row
# p: hip bone frame (from the socket center); f: femur frame, from where the neck meets the shaft;
# then (lateral, posterior, superior, radius or half thickness) mm. One row: a tube. Several: a blade.
Row = tuple[tuple[str, float, float, float, float], ...]
_MUSCLES: tuple[tuple[Muscle, tuple[Row, ...]], ...] = (
    ("iliopsoas", ((("p", -38, 22, 135, 20), ("p", -34, -2, 70, 18), ("p", -20, -30, 26, 16), ("p", -6, -40, -4, 14), ("f", -14, -2, -10, 9), ("f", -15, 10, -30, 4)),)),
    ("iliopsoas", ((("p", 24, -32, 82, 6), ("p", 25, 5, 90, 7), ("p", 2, 36, 84, 6)), (("p", 12, -38, 56, 9), ("p", 3, -8, 58, 11), ("p", -14, 20, 58, 8)), (("p", 0, -42, 18, 9), ("p", -8, -34, 18, 9), ("p", -16, -26, 20, 6)))),
    ("rectus_femoris", ((("p", 12, -44, 30, 4), ("p", 14, -56, 0, 10), ("f", -6, -40, -40, 15), ("f", -4, -44, -100, 19), ("f", 0, -46, -220, 20)),)),
    ("sartorius", ((("p", 32, -57, 72, 5), ("p", 18, -70, 20, 8), ("f", -28, -60, -50, 9), ("f", -44, -46, -130, 9), ("f", -52, -34, -230, 9)),)),
    ("tensor_fasciae_latae", ((("p", 40, -50, 82, 5), ("p", 48, -44, 30, 12), ("f", 24, -28, -20, 11), ("f", 26, -22, -70, 4)),)),
    ("gluteus_medius", ((("p", 47, -30, 92, 6), ("p", 52, 10, 112, 8), ("p", 20, 58, 104, 8)), (("p", 46, -22, 56, 12), ("p", 42, 16, 60, 15), ("p", 20, 50, 56, 12)), (("f", 20, -4, 12, 5), ("f", 20, 4, 18, 7), ("f", 14, 12, 24, 5)))),
    ("gluteus_minimus", ((("p", 34, -30, 66, 4), ("p", 29, 5, 72, 6), ("p", 10, 34, 62, 5)), (("p", 28, -26, 40, 7), ("p", 26, 2, 42, 9), ("p", 10, 28, 40, 6)), (("f", 14, -12, 6, 4), ("f", 14, -10, 12, 4), ("f", 10, -4, 22, 4)))),
    ("gluteus_maximus", ((("p", -42, 104, 74, 8), ("p", -58, 108, 36, 10), ("p", -72, 104, -8, 8)), (("p", 0, 84, 58, 15), ("p", -16, 86, 8, 21), ("p", -36, 76, -40, 16)), (("f", 26, 28, 20, 9), ("f", 20, 34, -26, 15), ("f", -4, 42, -50, 12)), (("f", 28, 14, -18, 4), ("f", 18, 20, -58, 7), ("f", 10, 18, -90, 5)))),
    ("external_rotators", ((("p", -62, 74, 30, 11), ("p", -28, 58, 22, 11), ("f", 4, 22, 22, 5)), )),
    ("external_rotators", ((("p", -36, 50, -18, 8), ("p", -14, 44, -14, 9), ("f", 5, 16, 16, 5)), )),
    ("external_rotators", ((("p", -16, 38, -48, 9), ("f", 0, 25, -14, 11)), )),
    ("obturator_externus", ((("p", -56, -12, -38, 11), ("p", -22, 8, -36, 11), ("f", 0, 12, 8, 4)), )),
    ("obturator_internus", ((("p", -42, -10, -2, 6), ("p", -43, 16, 0, 8)), (("p", -46, -6, -32, 6), ("p", -40, 18, -30, 8)))),
    ("pectineus", ((("p", -46, -50, -2, 8), ("p", -30, -42, -30, 12), ("f", -6, 4, -46, 6)), )),
    ("adductors", ((("p", -72, -46, -30, 9), ("p", -50, -34, -80, 17), ("f", -16, -2, -100, 18), ("f", -14, 4, -220, 12)), )),
    ("adductors", ((("p", -52, 0, -62, 10), ("p", -42, 10, -96, 24), ("f", -34, 16, -110, 27), ("f", -36, 20, -220, 20)), )),
    ("hamstrings", ((("p", -22, 40, -58, 7), ("p", -20, 46, -96, 17), ("f", -18, 46, -110, 22), ("f", -18, 48, -220, 26)), )),
    ("vastus_lateralis", ((("f", 22, -6, -6, 6), ("f", 25, -8, -50, 14), ("f", 27, -8, -110, 19), ("f", 26, -8, -220, 21)), )),
    ("vastus_intermedius", ((("f", 6, -22, -30, 8), ("f", 5, -26, -90, 14), ("f", 4, -27, -220, 17)), )),
    ("vastus_medialis", ((("f", -16, -10, -50, 5), ("f", -22, -16, -110, 13), ("f", -28, -18, -220, 19)), )),
    ("erector_spinae", ((("p", -58, 84, 160, 24), ("p", -62, 94, 110, 20), ("p", -68, 106, 60, 8)), )),
    ("rectus_abdominis", ((("p", -66, -78, 160, 7), ("p", -68, -74, 60, 8), ("p", -78, -54, -10, 5)), (("p", -36, -76, 160, 6), ("p", -40, -74, 60, 6), ("p", -72, -54, -10, 5)))),
)  # fmt: skip

NAMES: tuple[Muscle, ...] = tuple(dict.fromkeys(name for name, _ in _MUSCLES))


@dataclass(frozen=True, eq=False)
class MuscleMap:
    """Which muscle fills which voxel.

    Parameters
    ----------
    owner
        int8: index into :data:`NAMES`, plus ``len(NAMES)`` on the right; -1 where none.
    depth
        Signed distance to the nearest muscle belly, mm.
    rivalry
        How much farther the next muscle is, mm: 0 on the fat sheet between two.
    """

    owner: NDArray[np.int8]
    depth: Field
    rivalry: Field

    def of(self, muscle: Muscle, side: Side) -> NDArray[np.bool_]:
        """Mask of one muscle."""
        wanted = NAMES.index(muscle) + (len(NAMES) if side == "right" else 0)
        return np.asarray(self.owner == wanted, np.bool_)


def muscle_point(
    person: Person, frames: Frames, side: Side, knot: tuple[str, float, float, float, float]
) -> FloatArray:
    """Return where a knot of the muscle table lies, LPS mm."""
    frame, *at = knot
    local = np.array(at[:3], float)
    if frame == "p":
        return frames.socket[side].to_world(local * person.size)
    hip = person.hip(side)
    return frames.femur[side].to_world(neck_base(hip) + local * scale_of(hip))


def course(person: Person, frames: Frames, side: Side, muscle: Muscle) -> FloatArray:
    """Return the middle line of a muscle from origin to insertion, (n, 3) LPS mm."""
    rows = next(rows for name, rows in _MUSCLES if name == muscle)
    knots = rows[0] if len(rows) == 1 else tuple(row[len(row) // 2] for row in rows)
    return np.array([muscle_point(person, frames, side, k) for k in knots])


def _belly(person: Person, frames: Frames, side: Side, rows: tuple[Row, ...]) -> Shape:
    bulk = person.size * (0.5 + 0.5 * person.muscle_bulk)
    points = np.array([[muscle_point(person, frames, side, k) for k in row] for row in rows])
    width = np.array([[k[4] for k in row] for row in rows]) * bulk
    return tube(points[0], width[0], step_mm=3.0) if len(rows) == 1 else blade(points, width, step_mm=3.0)


def build_muscles(person: Person, frames: Frames, grid: Grid, *, step_mm: float = 4.0) -> MuscleMap:
    """Render every muscle on a lattice of about ``step_mm`` and decide who owns each voxel of ``grid``."""
    coarse = coarse_grid(grid, step_mm)
    depth = np.full(grid.shape, FAR, np.float32)
    second = np.full(grid.shape, FAR, np.float32)
    owner = np.full(grid.shape, -1, np.int8)
    for side in SIDES:
        for index, name in enumerate(NAMES):
            bellies = [_belly(person, frames, side, rows) for n, rows in _MUSCLES if n == name]
            field = np.full(coarse.shape, FAR, np.float32)
            for belly in bellies:
                box, distance = render(belly, coarse)
                if distance.size:
                    field[box] = smooth_min(field[box], distance, 2.0)
            low, high = (f([b.bounds[i] for b in bellies], axis=0) for i, f in enumerate((np.min, np.max)))
            fine = box_of(grid, np.array([low, high]), FAR)
            if 0 in [s.stop - s.start for s in fine]:
                continue
            d = refine(field, coarse, grid, fine)
            nearer = d < depth[fine]
            second[fine] = np.where(nearer, depth[fine], np.minimum(second[fine], d))
            depth[fine] = np.where(nearer, d, depth[fine])
            owner[fine] = np.where(nearer, index + (len(NAMES) if side == "right" else 0), owner[fine])
    return MuscleMap(owner, depth, second - depth)
