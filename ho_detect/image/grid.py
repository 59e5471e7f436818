"""Voxel index, patient coordinates, and the only code that converts between them.

Arrays are (slice, row, column). A :class:`Grid`'s affine takes an index in *array order* (slice, row, column)
to LPS millimetres: +x to the patient's left, +y posterior, +z superior.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ho_detect.system.extras import need

if TYPE_CHECKING:
    import SimpleITK as sitk  # noqa: N813 - the name everyone uses

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Grid:
    """A voxel lattice in patient space.

    Parameters
    ----------
    shape
        Number of voxels along (slice, row, column).
    affine
        (4, 4) float64: index in array order (slice, row, column, 1) to LPS mm.

    Raises
    ------
    ValueError
        If the affine is not finite or not invertible, or the shape is not three positive numbers.
    """

    shape: tuple[int, int, int]
    affine: FloatArray

    def __post_init__(self) -> None:
        affine = np.array(self.affine, dtype=np.float64)
        if affine.shape != (4, 4) or not np.isfinite(affine).all() or abs(np.linalg.det(affine)) < 1e-9:
            raise ValueError(f"not an invertible 4 by 4 affine: {affine.tolist()}")
        if len(self.shape) != 3 or min(self.shape) < 1:
            raise ValueError(f"not the shape of a volume: {self.shape}")
        affine.setflags(write=False)
        object.__setattr__(self, "affine", affine)
        object.__setattr__(self, "shape", tuple(int(n) for n in self.shape))

    @classmethod
    def axial(cls, shape: tuple[int, int, int], spacing_mm: ArrayLike, origin_lps_mm: ArrayLike = (0, 0, 0)) -> Grid:
        """Return the grid whose axes are (superior, posterior, left), spacing (slice, row, column) in mm.

        >>> Grid.axial((4, 3, 2), (2.0, 1.0, 0.5)).spacing_mm
        (2.0, 1.0, 0.5)
        """
        affine = np.zeros((4, 4))
        affine[2, 0], affine[1, 1], affine[0, 2] = np.asarray(spacing_mm, float)
        affine[:3, 3], affine[3, 3] = np.asarray(origin_lps_mm, float), 1
        return cls(shape, affine)

    @classmethod
    def from_ras(cls, shape: tuple[int, int, int], affine: ArrayLike) -> Grid:
        """Return the grid of a NIfTI array (i, j, k), whose affine leads to RAS mm: +x right, +y anterior.

        >>> Grid.from_ras((4, 3, 2), np.diag([1.0, 2.0, 3.0, 1.0])).to_lps([1, 1, 1]).tolist()
        [-1.0, -2.0, 3.0]
        """
        return cls(shape, np.diag([-1.0, -1.0, 1.0, 1.0]) @ np.asarray(affine, float))

    def to_ras(self) -> FloatArray:
        """Return the NIfTI affine of an array on this grid written with its axes reversed (column, row, slice).

        >>> (Grid.axial((4, 3, 2), (2.0, 1.0, 0.5), (10, 20, 30)).to_ras() @ [1, 1, 1, 1]).tolist()
        [-10.5, -21.0, 32.0, 1.0]
        """
        return np.asarray(np.diag([-1.0, -1.0, 1.0, 1.0]) @ self.affine[:, [2, 1, 0, 3]])

    @property
    def spacing_mm(self) -> tuple[float, float, float]:
        """Distance between neighbours along (slice, row, column), mm."""
        a, b, c = np.linalg.norm(self.affine[:3, :3], axis=0)
        return float(a), float(b), float(c)

    @property
    def origin_lps_mm(self) -> FloatArray:
        """LPS mm of the center of voxel (0, 0, 0)."""
        return self.affine[:3, 3].copy()

    @property
    def voxel_volume_mm3(self) -> float:
        """Volume of a voxel: the determinant, right for sheared grids too."""
        return float(abs(np.linalg.det(self.affine[:3, :3])))

    def to_lps(self, index: ArrayLike) -> FloatArray:
        """Map indices (..., 3) in array order to LPS mm (..., 3).

        >>> Grid.axial((4, 3, 2), (2.0, 1.0, 0.5), (10, 20, 30)).to_lps([1, 1, 1]).tolist()
        [10.5, 21.0, 32.0]
        """
        return np.asarray(index, float) @ self.affine[:3, :3].T + self.affine[:3, 3]

    def to_index(self, lps_mm: ArrayLike) -> FloatArray:
        """Map LPS mm (..., 3) to fractional indices (..., 3) in array order."""
        return (np.asarray(lps_mm, float) - self.affine[:3, 3]) @ self._inverse.T

    def onto(self, other: Grid) -> tuple[FloatArray, FloatArray]:
        """Return what leads from indices here to those of another grid: the (3, 3) matrix and the (3,) offset."""
        affine = np.linalg.inv(other.affine) @ self.affine
        return np.ascontiguousarray(affine[:3, :3]), np.ascontiguousarray(affine[:3, 3])

    @cached_property
    def _inverse(self) -> FloatArray:
        """(3, 3): LPS mm from the origin to index."""
        return np.asarray(np.linalg.inv(self.affine[:3, :3]))

    def contains(self, lps_mm: ArrayLike) -> NDArray[np.bool_]:
        """Whether each LPS point (..., 3) lies within the voxels of the grid."""
        index = self.to_index(lps_mm)
        inside = (index >= -0.5) & (index <= np.array(self.shape) - 0.5)
        return np.asarray(inside.all(axis=-1), dtype=np.bool_)

    def box_lps_mm(self) -> tuple[FloatArray, FloatArray]:
        """Return the lowest and the highest corner (3,) of the upright LPS box around all voxels."""
        ends = [(-0.5, n - 0.5) for n in self.shape]
        corners = self.to_lps(np.stack(np.meshgrid(*ends, indexing="ij"), axis=-1).reshape(-1, 3))
        return corners.min(axis=0), corners.max(axis=0)

    def is_apart_from(self, other: Grid) -> bool:
        """Whether the upright LPS boxes around two grids have nothing in common."""
        low, high = self.box_lps_mm()
        other_low, other_high = other.box_lps_mm()
        return bool((low >= other_high).any() or (other_low >= high).any())

    def upright(self, step_mm: float) -> Grid:
        """Return a grid of cubes along (superior, posterior, left) that covers all voxels of this one."""
        low, high = self.box_lps_mm()
        x, y, z = (max(1, int(np.ceil(mm / step_mm))) for mm in high - low)
        return Grid.axial((z, y, x), (step_mm,) * 3, low + step_mm / 2)

    def crop(self, box: tuple[slice, slice, slice]) -> Grid:
        """Return the grid of ``array[box]``; slices with step 1 or None."""
        start = [s.indices(n)[0] for s, n in zip(box, self.shape, strict=True)]
        shape = tuple(len(range(*s.indices(n))) for s, n in zip(box, self.shape, strict=True))
        affine = self.affine.copy()
        affine[:3, 3] = self.to_lps(start)
        return Grid(shape, affine)  # type: ignore[arg-type]

    def box_around(self, center_lps_mm: ArrayLike, half_mm: float) -> tuple[slice, slice, slice]:
        """Return the array slices that hold all within ``half_mm`` of a point, clipped to the grid."""
        return self.box_of(np.atleast_2d(center_lps_mm), half_mm)

    def box_of(self, lps_mm: ArrayLike, margin_mm: float = 0.0) -> tuple[slice, slice, slice]:
        """Return the array slices that hold all near (n, 3) LPS points, n at least 1, clipped to the grid.

        >>> Grid.axial((9, 9, 9), (2.0, 1.0, 1.0), (0, 0, 0)).box_of([[3, 4, 5], [4, 4, 50]])
        (slice(2, 9, None), slice(4, 5, None), slice(3, 5, None))
        """
        index = self.to_index(lps_mm)
        # the half extent along each index axis of an LPS ball is the norm of that row of the inverse
        reach = margin_mm * np.linalg.norm(self._inverse, axis=1)
        low = np.clip(np.floor(index.min(axis=0) - reach).astype(int), 0, self.shape)
        high = np.clip(np.ceil(index.max(axis=0) + reach).astype(int) + 1, low, self.shape)
        a, b, c = (slice(int(i), int(j)) for i, j in zip(low, high, strict=True))
        return a, b, c

    def to_canonical(self) -> tuple[Grid, tuple[int, int, int], tuple[int, int, int]]:
        """Reorder and flip whole axes so that they run closest to (superior, posterior, left).

        Returns
        -------
        grid
            The grid of the reordered array.
        order
            For ``numpy.transpose``.
        steps
            +1 or -1 for each axis *after* the transpose: slice with them to flip.
        """
        order, steps = closest_axes(self.affine[:3, :3])
        affine = self.affine.copy()
        affine[:3, :3] = self.affine[:3, :3][:, order]
        shape = tuple(self.shape[a] for a in order)
        for axis, step in enumerate(steps):
            if step < 0:
                affine[:3, 3] += affine[:3, axis] * (shape[axis] - 1)
                affine[:3, axis] *= -1
        return Grid(shape, affine), order, steps  # type: ignore[arg-type]

    def turned(self, array: NDArray[Any]) -> NDArray[Any]:
        """Return a view of an array on this grid as it lies on the grid of :meth:`to_canonical`."""
        _, order, steps = self.to_canonical()
        return array.transpose(order)[tuple(slice(None, None, s) for s in steps)]

    def from_canonical(self, array: NDArray[Any]) -> NDArray[Any]:
        """Return a view of an array on the grid of :meth:`to_canonical`, back on this grid's own axes."""
        _, order, steps = self.to_canonical()
        back = tuple(int(n) for n in np.argsort(order))
        return array[tuple(slice(None, None, s) for s in steps)].transpose(back)

    def to_simpleitk(self, array: NDArray[Any]) -> sitk.Image:
        """Return ``array`` (slice, row, column) as a SimpleITK image with this geometry."""
        need("an image of SimpleITK", "followup", "SimpleITK")
        import SimpleITK as sitk  # noqa: N813

        if array.shape != self.shape:
            raise ValueError(f"array of shape {array.shape} on a grid of shape {self.shape}")
        image = sitk.GetImageFromArray(np.ascontiguousarray(array))
        spacing = np.array(self.spacing_mm)
        direction = (self.affine[:3, :3] / spacing)[:, ::-1]
        image.SetSpacing(spacing[::-1].tolist())
        image.SetOrigin(self.affine[:3, 3].tolist())
        image.SetDirection(direction.ravel().tolist())
        return image


def closest_axes(direction: FloatArray) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    """Which array axis runs closest to superior, posterior and left, and with which sign.

    Parameters
    ----------
    direction
        (3, 3): column ``a`` is the LPS direction of array axis ``a``, of any length.
    """
    unit = direction / np.linalg.norm(direction, axis=0)
    wanted = (2, 1, 0)  # the LPS component of superior, posterior, left
    best: tuple[float, tuple[int, int, int]] = (-1.0, (0, 1, 2))
    for order in ((0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)):
        total = sum(abs(unit[w, a]) for w, a in zip(wanted, order, strict=True))
        if total > best[0] + 1e-9:
            best = (total, order)
    order = best[1]
    a, b, c = (1 if unit[w, axis] >= 0 else -1 for w, axis in zip(wanted, order, strict=True))
    return order, (a, b, c)


@dataclass(frozen=True, eq=False)
class Sphere:
    """Center (3,) in LPS mm and radius."""

    center_lps_mm: FloatArray
    radius_mm: float


def fit_sphere(points: FloatArray) -> tuple[FloatArray, float]:
    """Return center (3,) and radius of the least-squares sphere through (n, 3) points, n of at least 4.

    Algebraic fit: linear in (2 c, r² − |c|²).
    """
    shift = points.mean(axis=0)
    local = points - shift
    system = np.c_[2 * local, np.ones(len(local))]
    solution = np.linalg.lstsq(system, (local**2).sum(axis=1), rcond=None)[0]
    center = solution[:3]
    return center + shift, float(np.sqrt(max(solution[3] + center @ center, 0.0)))


def align_similarity(points: FloatArray, target: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return (3, 3) scaled rotation and (3,) offset that bring (n, 3) points closest to their targets.

    Least squares after Umeyama (1991, IEEE TPAMI 13:376), reflections excluded.
    """
    a, b = points.mean(axis=0), target.mean(axis=0)
    u, s, vt = np.linalg.svd((target - b).T @ (points - a))
    sign = np.array([1.0, 1.0, np.sign(np.linalg.det(u @ vt))])
    scale = (s * sign).sum() / ((points - a) ** 2).sum()
    linear = scale * (u * sign) @ vt
    return linear, b - linear @ a


def vertex_normals(vertices: FloatArray, faces: NDArray[np.int64]) -> FloatArray:
    """Return (V, 3) unit normals, area-weighted means of the (F, 3) counter-clockwise triangles around each vertex."""
    normal = np.cross(vertices[faces[:, 1]] - vertices[faces[:, 0]], vertices[faces[:, 2]] - vertices[faces[:, 0]])
    total = np.stack([np.bincount(faces.ravel(), np.repeat(normal[:, k], 3), len(vertices)) for k in range(3)], axis=1)
    length = np.linalg.norm(total, axis=1, keepdims=True)
    return np.asarray(total / np.maximum(length, 1e-12))


def rotation(axis: str, degrees: float) -> FloatArray:
    """Return the (3, 3) rotation about LPS axis ``x``, ``y`` or ``z`` by the right-hand rule.

    >>> rotation("z", 90).round().astype(int).tolist()
    [[0, -1, 0], [1, 0, 0], [0, 0, 1]]
    """
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    k = "xyz".index(axis)
    a, b = (k + 1) % 3, (k + 2) % 3
    matrix = np.eye(3)
    matrix[a, a] = matrix[b, b] = c
    matrix[a, b], matrix[b, a] = -s, s
    return matrix


def rotation_about(vector: FloatArray) -> FloatArray:
    """Return the (3, 3) rotation about ``vector`` by its length in radians (Rodrigues)."""
    angle = float(np.linalg.norm(vector))
    if angle < 1e-12:
        return np.eye(3)
    x, y, z = vector / angle
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.asarray(np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross)
