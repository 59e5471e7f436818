"""Solid shapes as signed distance: balls, ellipsoids, tubes and blades, joined by smooth unions.

A distance is negative inside, in mm, and capped at :data:`FAR` outside. Points are (n, 3) LPS mm. Heavy
arithmetic is elementwise on purpose: matrix products and transcendental functions round differently from one
processor to the next, and the sample studies must come out the same bit for bit.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ho_detect.image.grid import FloatArray

#: Distances are not followed farther than this from a surface, mm.
FAR = 12.0


@dataclass(frozen=True, eq=False)
class Frame:
    """A rigid, possibly mirrored, placement: ``world = rotation @ local + origin``.

    Parameters
    ----------
    rotation
        (3, 3) orthogonal; a determinant of -1 mirrors.
    origin
        (3,) LPS mm.
    """

    rotation: FloatArray
    origin: FloatArray

    @classmethod
    def at(cls, origin: ArrayLike, rotation: ArrayLike | None = None) -> Frame:
        """Return the frame with that origin, unrotated unless told otherwise."""
        return cls(np.eye(3) if rotation is None else np.asarray(rotation, float), np.asarray(origin, float))

    def to_world(self, local: ArrayLike) -> FloatArray:
        """Map (..., 3) local mm to LPS mm."""
        return np.asarray(local, float) @ self.rotation.T + self.origin

    def to_local(self, x: FloatArray, y: FloatArray, z: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Map LPS coordinates, each an array of any one shape, to local coordinates."""
        dx, dy, dz = x - self.origin[0], y - self.origin[1], z - self.origin[2]
        r = self.rotation
        a, b, c = (dx * r[0, i] + dy * r[1, i] + dz * r[2, i] for i in range(3))
        return a, b, c

    def inside(self, outer: Frame) -> Frame:
        """Return this frame, given relative to ``outer``, in the world of ``outer``."""
        return Frame(outer.rotation @ self.rotation, outer.to_world(self.origin))


def turn(axis: str, degrees: float) -> FloatArray:
    """Return the (3, 3) right-handed rotation about the axis ``x``, ``y`` or ``z``."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    i, j = {"x": (1, 2), "y": (2, 0), "z": (0, 1)}[axis]
    matrix = np.eye(3)
    matrix[i, i], matrix[i, j], matrix[j, i], matrix[j, j] = c, -s, s, c
    return matrix


class Shape(Protocol):
    """What can be rendered: bounds (2, 3) LPS mm, and signed distance at points."""

    @property
    def bounds(self) -> FloatArray:
        """Lowest and highest corner, LPS mm."""

    def distance(self, points: FloatArray) -> FloatArray:
        """Signed distance at (n, 3) LPS points, mm."""


@dataclass(frozen=True, eq=False)
class Ellipsoid:
    """An ellipsoid with semi-axes along the axes of its frame; a ball when they are equal."""

    frame: Frame
    semi_axes_mm: tuple[float, float, float]

    @classmethod
    def ball(cls, center: ArrayLike, radius_mm: float) -> Ellipsoid:
        """Return the ball with that center (LPS mm) and radius."""
        return cls(Frame.at(center), (radius_mm, radius_mm, radius_mm))

    @property
    def bounds(self) -> FloatArray:
        """Lowest and highest corner, LPS mm."""
        reach = np.sqrt(((self.frame.rotation * np.array(self.semi_axes_mm)) ** 2).sum(1))
        return np.array([self.frame.origin - reach, self.frame.origin + reach])

    def distance(self, points: FloatArray) -> FloatArray:
        """Signed distance at (n, 3) LPS points: exact for a ball, to first order otherwise."""
        a, b, c = self.frame.to_local(points[:, 0], points[:, 1], points[:, 2])
        p, q, r = self.semi_axes_mm
        level = np.sqrt((a / p) ** 2 + (b / q) ** 2 + (c / r) ** 2)
        slope = np.sqrt((a / p**2) ** 2 + (b / q**2) ** 2 + (c / r**2) ** 2)
        distance: FloatArray = level * (level - 1) / np.maximum(slope, 1e-9)
        return np.where(slope < 1e-9, -min(p, q, r), distance)


@dataclass(frozen=True, eq=False)
class Medial:
    """All within a varying radius of a curve (a tube) or of a surface (a blade), held as dense samples.

    Parameters
    ----------
    samples
        (n, 3) LPS mm points of the curve or surface, about ``step_mm`` apart.
    radii
        (n,) mm.
    axis
        (n, 3) unit tangents of a curve, or unit normals of a surface.
    is_surface
        What ``axis`` means.
    step_mm
        Distance between neighbouring samples.
    """

    samples: FloatArray
    radii: FloatArray
    axis: FloatArray
    is_surface: bool
    step_mm: float

    @property
    def bounds(self) -> FloatArray:
        """Lowest and highest corner, LPS mm."""
        r = self.radii[:, None]
        return np.array([(self.samples - r).min(0), (self.samples + r).max(0)])

    @cached_property
    def _tree(self) -> Any:  # noqa: ANN401 - scipy is imported when used
        from scipy.spatial import cKDTree

        return cKDTree(self.samples)

    def distance(self, points: FloatArray) -> FloatArray:
        """Signed distance at (n, 3) LPS points, capped at :data:`FAR`, mm."""
        reach = FAR + float(self.radii.max())
        near, which = self._tree.query(points, distance_upper_bound=reach)
        out = np.full(len(points), FAR)
        ok = np.isfinite(near)
        i, v = which[ok], points[ok]
        v = v - self.samples[i]
        along = v[:, 0] * self.axis[i, 0] + v[:, 1] * self.axis[i, 1] + v[:, 2] * self.axis[i, 2]
        across = np.sqrt(np.maximum(near[ok] ** 2 - along**2, 0))
        off, beside = (np.abs(along), across) if self.is_surface else (across, np.abs(along))
        # between two samples the surface goes on: only what lies beyond the last one counts as beside it
        beside = np.maximum(beside - 0.75 * self.step_mm, 0)
        out[ok] = np.minimum(np.sqrt(off**2 + beside**2) - self.radii[i], FAR)
        return out


def _spline(points: FloatArray, values: FloatArray, count: int) -> tuple[FloatArray, FloatArray]:
    """Resample along axis 0 at ``count`` places: points by a cubic spline, values without overshoot."""
    from scipy.interpolate import CubicSpline, PchipInterpolator

    step = np.sqrt(((points[1:] - points[:-1]) ** 2).sum(-1))
    step = step.reshape(len(step), -1).mean(1)
    at = np.concatenate([[0.0], np.cumsum(step)])
    new = np.linspace(0, at[-1], count)
    if len(points) == 2:
        w = (new / at[-1]).reshape(-1, *[1] * (points.ndim - 1))
        wv = (new / at[-1]).reshape(-1, *[1] * (values.ndim - 1))
        return points[0] * (1 - w) + points[1] * w, values[0] * (1 - wv) + values[1] * wv
    return CubicSpline(at, points, bc_type="natural")(new), PchipInterpolator(at, values)(new)


def tube(points: ArrayLike, radii: ArrayLike, *, step_mm: float = 2.0) -> Medial:
    """Return the tube along a smooth curve through (n, 3) LPS points, with a radius at each, mm."""
    knots, width = np.asarray(points, float), np.asarray(radii, float)
    length = float(np.sqrt(((knots[1:] - knots[:-1]) ** 2).sum(1)).sum())
    samples, r = _spline(knots, width, max(3, int(np.ceil(length / step_mm)) + 1))
    tangent = np.gradient(samples, axis=0)
    tangent /= np.sqrt((tangent**2).sum(1, keepdims=True))
    return Medial(samples, r, tangent, False, step_mm)


def blade(points: ArrayLike, half_thickness: ArrayLike, *, step_mm: float = 2.0) -> Medial:
    """Return the plate on a smooth surface through a lattice of points.

    Parameters
    ----------
    points
        (rows, columns, 3) LPS mm; two or more of each.
    half_thickness
        (rows, columns) mm.
    step_mm
        Distance between samples.
    """
    knots, width = np.asarray(points, float), np.asarray(half_thickness, float)

    def count(axis: int) -> int:
        length = np.sqrt((np.diff(knots, axis=axis) ** 2).sum(-1)).sum(axis).max()
        return max(3, int(np.ceil(length / step_mm)) + 1)

    rows, columns = count(0), count(1)
    knots, width = _spline(knots, width, rows)
    knots, width = _spline(knots.transpose(1, 0, 2), width.T, columns)
    normal = np.cross(np.gradient(knots, axis=0), np.gradient(knots, axis=1))
    normal /= np.maximum(np.sqrt((normal**2).sum(-1, keepdims=True)), 1e-9)
    return Medial(knots.reshape(-1, 3), width.ravel(), normal.reshape(-1, 3), True, step_mm)


def smooth_min(a: NDArray[Any], b: NDArray[Any], blend_mm: float) -> NDArray[Any]:
    """Union of two distances with a fillet about ``blend_mm`` wide; a plain minimum at 0."""
    joined: NDArray[Any] = np.minimum(a, b)
    if blend_mm > 0:
        h = np.maximum(blend_mm - np.abs(a - b), 0) / blend_mm
        joined = joined - h * h * (blend_mm / 4)
    return joined
