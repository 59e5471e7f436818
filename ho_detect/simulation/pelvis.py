"""Hip bone, sacrum, lowest lumbar vertebra and coccyx as shapes.

A hip bone is described in the frame of its socket: origin at the socket center, axes (lateral, posterior,
superior); the axial bones in the frame of the pelvis: origin midway between the sockets, axes (left, posterior,
superior). Numbers are mm for a pelvis of size 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ho_detect.image.grid import FloatArray
from ho_detect.simulation.person import HipPlan, Person
from ho_detect.simulation.shapes import FAR, Ellipsoid, Frame, Shape, blade, tube

# lattices of (lateral, posterior, superior, half thickness): rows from below up, columns from front to back
_ILIUM = (
    ((6, -31, 32, 8), (8, -16, 33, 9), (2, 4, 36, 11), (-13, 24, 38, 10), (-31, 44, 41, 8), (-44, 74, 40, 6)),
    ((18, -41, 52, 5), (20, -24, 60, 3.2), (14, 2, 64, 2.6), (-3, 28, 62, 3.6), (-24, 52, 58, 6), (-43, 82, 52, 8)),
    ((27, -47, 66, 5), (35, -30, 82, 2.6), (32, 2, 92, 2.1), (13, 36, 90, 2.6), (-14, 64, 80, 5.5), (-42, 88, 64, 9)),
    ((32, -51, 75, 6), (45, -30, 99, 5.5), (47, 8, 121, 5), (26, 46, 122, 4.5), (-8, 77, 104, 6), (-41, 94, 76, 8)),
)
# the inner wall of the socket, continuous with the ilium above and the ischium below
_INNER_WALL = (
    ((-22, -24, 22, 5), (-25, -4, 24, 4), (-24, 16, 26, 5)),
    ((-27, -26, 4, 5), (-31.5, -4, 4, 2.2), (-31, 18, 4, 4.5)),
    ((-26, -20, -16, 3), (-31, -2, -16, 2.2), (-31, 18, -16, 5)),
)
_ROOF = ((4, -28, 30, 10), (6, -6, 31, 11), (-2, 14, 30, 11), (-12, 28, 24, 10))
_POSTERIOR_COLUMN = ((-16, 30, 32, 10), (-21, 33, 10, 9.5), (-23, 33, -12, 9.5), (-22, 30, -34, 12), (-22, 29, -52, 14))
_ISCHIUM = ((-20, 30, -44, 12.5), (-24, 27, -60, 13), (-28, 20, -68, 9.5))
_SPINE = ((-26, 36, -12, 7), (-37, 45, -17, 4.5), (-43, 51, -20, 2.2))
_ANTERIOR_SPINE = ((8, -28, 20, 7), (11, -37, 27, 6), (12, -40, 31, 4.5))

# (mm from the midline, posterior, superior, radius): parts whose place hangs on the symphysis
_SUPERIOR_RAMUS = ((76, -24, 6, 10.5), (60, -34, 2, 8.5), (42, -42, -6, 6.5), (26, -46, -14, 7.5), (15, -46, -20, 8))
_INFERIOR_RAMUS = ((61, 16, -69, 8), (48, 2, -66, 6), (34, -13, -56, 5.6), (21, -26, -46, 6.5), (14, -32, -40, 7))
_PUBIS = (
    ((10.2, -46, -18, 7), (22, -45, -17, 6.5)),
    ((9.2, -40, -32, 7), (19, -39, -31, 6)),
    ((10, -31, -47, 6), (17, -30, -47, 5)),
)

# (left, posterior, superior, half thickness); mirrored to the other side: rows S1 to S5
_SACRUM = (
    ((0, 49, 78, 16), (24, 50, 80, 13), (40, 56, 74, 9), (50, 63, 70, 8)),
    ((0, 65, 54, 12), (22, 64, 54, 10), (36, 67, 52, 8), (45, 72, 50, 7)),
    ((0, 77, 30, 9), (18, 76, 30, 8), (30, 77, 30, 6.5), (37, 79, 30, 5)),
    ((0, 82, 8, 7), (14, 81, 8, 6.5), (22, 81, 9, 5.5), (27, 81, 10, 4.5)),
    ((0, 79, -9, 6), (9, 79, -9, 5.5), (14, 78, -8, 4.5), (17, 78, -7, 3.5)),
)
_COCCYX = ((0, 75, -22, 6), (0, 68, -34, 5), (0, 58, -43, 3.5))
_CANAL = ((0, 72, 96, 9), (0, 84, 66, 7), (0, 88, 36, 4.5))
_MEDIAN_CREST = ((0, 94, 74, 3), (0, 98, 52, 4), (0, 94, 24, 3))


@dataclass(frozen=True, eq=False)
class Socket:
    """The part of a thick ball shell behind a plane: the acetabulum before its hollow is carved.

    Parameters
    ----------
    center, axis
        LPS mm; unit vector out of the opening.
    radius_mm, wall_mm
        Hollow radius and wall thickness.
    cover_mm
        Where the rim plane lies along the axis from the center.
    """

    center: FloatArray
    axis: FloatArray
    radius_mm: float
    wall_mm: float
    cover_mm: float

    @property
    def bounds(self) -> FloatArray:
        """Lowest and highest corner, LPS mm."""
        reach = self.radius_mm + self.wall_mm
        return np.array([self.center - reach, self.center + reach])

    def distance(self, points: FloatArray) -> FloatArray:
        """Signed distance at (n, 3) LPS points, mm."""
        x, y, z = (points[:, i] - self.center[i] for i in range(3))
        r = np.sqrt(x * x + y * y + z * z)
        along = x * self.axis[0] + y * self.axis[1] + z * self.axis[2]
        # the wall thins toward the rim and is thickest in the dome
        wall = self.wall_mm * (1 - 0.45 * np.clip(along / self.radius_mm + 0.4, 0, 1))
        solid: FloatArray = np.maximum(r - self.radius_mm - wall, along - self.cover_mm)
        return np.minimum(solid, FAR)


def socket_axis(person: Person, arthritis_turn: float = 0.0) -> FloatArray:
    """Return the unit vector out of the socket, (lateral, posterior, superior): down, outward, a little forward."""
    tilt = np.radians(48.0 + 2 * person.female + arthritis_turn)
    forward = np.radians(17.0 + 3 * person.female)
    axis: FloatArray = np.array([np.sin(tilt) * np.cos(forward), -np.sin(tilt) * np.sin(forward), -np.cos(tilt)])
    return axis


def socket_radius(hip: HipPlan) -> float:
    """Radius of the hollow: head, cartilage and what arthritis has not worn away."""
    return hip.head_radius_mm + hip.joint_space_mm * (1 - 0.25 * hip.arthritis)


def head_shift(hip: HipPlan) -> FloatArray:
    """Return how far the head lies from the socket center, (lateral, posterior, superior) mm."""
    room = socket_radius(hip) - hip.head_radius_mm
    return np.array([0.25, 0.0, 0.95]) * room * (0.08 + 0.62 * hip.arthritis)


def hip_bone_shapes(person: Person, hip: HipPlan, frame: Frame) -> tuple[Shape, ...]:
    """Return the parts of one hip bone, in world coordinates, to be joined smoothly."""
    size, socket = person.size, socket_radius(hip)
    grow = max(0.0, socket - 27.6 * size)  # a big head pushes the walls of its socket out
    flare = np.array([1 + 0.05 * person.female, 1.0, 1 - 0.04 * person.female])

    def local(points: ArrayLike) -> FloatArray:
        p = np.asarray(points, float) * size * flare
        away = np.sqrt((p**2).sum(-1, keepdims=True))
        grown: FloatArray = p * (1 + grow / np.maximum(away, 20.0))
        return grown

    def midline(points: ArrayLike) -> FloatArray:
        p = np.asarray(points, float) * size
        share = np.clip((p[..., :1] - 10) / 70, 0, 1)  # the pubis stays at the symphysis, the rest with the socket
        wide = np.where(p[..., 2:] < -35, 1 + 0.18 * person.female, 1.0)
        from_midline = p[..., 0] * (wide[..., 0] * share[..., 0] + 1 - share[..., 0])
        stretch = person.half_width_mm / (89 * size)
        lateral = from_midline * (share[..., 0] * stretch + 1 - share[..., 0]) - person.half_width_mm
        return np.concatenate([lateral[..., None], p[..., 1:]], axis=-1)

    def lattice(rows: ArrayLike, place: object = local) -> Shape:
        table = np.array(rows, float)
        put = midline if place is midline else local
        return blade(frame.to_world(put(table[..., :3])), table[..., 3] * size)

    def rod(rows: ArrayLike, place: object = local) -> Shape:
        table = np.array(rows, float)
        put = midline if place is midline else local
        return tube(frame.to_world(put(table[:, :3])), table[:, 3] * size)

    axis = socket_axis(person)
    cup = Socket(frame.origin, frame.rotation @ axis, socket, 6.0 * size, (2.5 + 1.5 * hip.arthritis) * size)
    return (
        lattice(_ILIUM),
        cup,
        rod(_ROOF),
        lattice(_INNER_WALL),
        rod(_POSTERIOR_COLUMN),
        rod(_ISCHIUM),
        rod(_SPINE),
        rod(_ANTERIOR_SPINE),
        rod(_SUPERIOR_RAMUS, midline),
        rod(_INFERIOR_RAMUS, midline),
        lattice(_PUBIS, midline),
    )


def socket_hollows(hip: HipPlan, frame: Frame) -> tuple[Shape, ...]:
    """Return what is carved out of the hip bone: the ball of the joint, the fossa and the notch below it."""
    r = socket_radius(hip)
    fossa = frame.to_world(np.array([-0.80, 0.05, -0.45]) / 0.92 * (r - 8.5))
    notch = np.array([[-0.55, -0.02, -0.8], [-0.25, -0.08, -1.12]]) * r
    return (
        Ellipsoid.ball(frame.origin, r),
        Ellipsoid.ball(fossa, 11.5),
        tube(frame.to_world(notch), [8.0, 9.0]),
    )


def rim(person: Person, hip: HipPlan, frame: Frame, rng: np.random.Generator) -> Shape | None:
    """Return the osteophytes along the rim of an arthritic socket, or None."""
    if hip.arthritis < 0.15:
        return None
    axis = socket_axis(person)
    a = np.cross(axis, [0, 1.0, 0])
    a /= np.sqrt((a**2).sum())
    b = np.cross(axis, a)
    phi = np.linspace(-0.2 * np.pi, 1.25 * np.pi, 12)
    r = socket_radius(hip) + 3.5
    ring = axis * 5.0 + r * (np.cos(phi)[:, None] * a + np.sin(phi)[:, None] * b)
    return tube(frame.to_world(ring), 1.2 + 3.0 * hip.arthritis * rng.uniform(0.2, 1.0, 12))


def axial_shapes(person: Person, frame: Frame) -> tuple[tuple[Shape, ...], tuple[Shape, ...]]:
    """Return the parts of the sacrum, coccyx and L5, and what is carved out of them; world coordinates."""
    size, wide = person.size, person.half_width_mm / 89

    def put(rows: ArrayLike, mirror: float = 1.0) -> FloatArray:
        return frame.to_world(np.asarray(rows, float)[..., :3] * [size * wide * mirror, size, size])

    def rod(rows: ArrayLike) -> Shape:
        return tube(put(rows), np.asarray(rows, float)[:, 3] * size)

    half = np.array(_SACRUM, float)
    other = half[:, :0:-1] * [-1, 1, 1, 1]
    both = np.concatenate([other, half], axis=1)
    parts: list[Shape] = [blade(put(both), both[..., 3] * size), rod(_COCCYX), rod(_MEDIAN_CREST)]
    lean = frame.rotation @ np.array([[1, 0, 0], [0, 0.95, 0.31], [0, -0.31, 0.95]])
    body = Ellipsoid(Frame(lean, put((0, 36, 113))), (26 * size, 18 * size, 16 * size))
    parts += [body, rod(((0, 92, 108, 5), (0, 80, 113, 4.5), (0, 72, 117, 5)))]
    for side in (-1, 1):
        parts += [
            rod(((side * 14, 50, 117, 7), (side * 18, 62, 116, 7), (side * 3, 74, 117, 4.5))),
            rod(((side * 19, 54, 118, 6), (side * 44, 56, 124, 4.5))),
            rod(((side * 19, 66, 112, 8), (side * 22, 72, 94, 7))),
        ]
    holes: list[Shape] = [rod(_CANAL)]
    for row, radius in ((0.5, 5.5), (1.5, 5.0), (2.5, 4.5), (3.5, 3.5)):
        low, high = half[int(row)], half[int(row) + 1]
        at = (low + high)[1] / 2
        for side in (-1, 1):
            x = side * (at[0] - 1)
            holes.append(rod(((x, at[1] - 16, at[2] - 2, radius), (x, at[1] + 16, at[2] + 4, radius))))
    return tuple(parts), tuple(holes)
