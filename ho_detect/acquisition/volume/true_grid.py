"""Slices that are shifted, unevenly far apart or missing to a volume on the true grid of their stack."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ho_detect.acquisition.series.stacking import Stack
from ho_detect.acquisition.volume.hounsfield import AIR_HU

Plane = NDArray[np.float32]


def to_true_grid(hu: NDArray[np.int16], stack: Stack) -> NDArray[np.int16]:
    """Resample images to the slices of their stack.

    In the plane by cubic convolution (Keys 1981, a = -1/2), which a shift does not blur; between images linearly.
    Both are exact where HU change linearly with place. What no image covers is :data:`AIR_HU`.

    Parameters
    ----------
    hu
        (image, row, column) HU in the order of the stack.
    stack
        Where they lie.

    Returns
    -------
    ndarray
        (slice, row, column) int16 HU. ``hu`` itself where the stack is regular.
    """
    if stack.is_regular:
        return hu
    shape = stack.plane_shape(*hu.shape[1:])
    out = np.empty((stack.n_slices, *shape), np.int16)
    below = np.clip(np.searchsorted(stack.heights, np.arange(stack.n_slices) + 1e-6) - 1, 0, len(hu) - 1)
    ready: dict[int, Plane] = {}
    for k, j in enumerate(below.tolist()):
        weight = 0.0
        if j + 1 < len(hu):
            weight = float((k - stack.heights[j]) / (stack.heights[j + 1] - stack.heights[j]))
        needed = [j] if weight <= 0 else [j, j + 1]
        ready = {i: ready[i] if i in ready else shifted(hu[i], stack.shifts[i], shape) for i in needed}
        plane = ready[j] if weight <= 0 else ready[j] * np.float32(1 - weight) + ready[j + 1] * np.float32(weight)
        out[k] = np.rint(plane)
    return out


def shifted(plane: NDArray[np.int16], by: NDArray[np.float64], shape: tuple[int, int]) -> Plane:
    """Return HU (rows, columns) moved ``by`` rows and columns into a plane of ``shape``; none of ``by`` negative.

    >>> shifted(np.array([[0, 10], [20, 30]], np.int16), np.array([1.0, 0.5]), (3, 3)).tolist()
    [[-1024.0, -1024.0, -1024.0], [-5.0, 5.0, 15.0], [15.0, 25.0, 35.0]]
    """
    moved = plane.astype(np.float32)
    for axis in (0, 1):
        moved = _shifted_rows(moved.T if axis else moved, float(by[axis]), shape[axis])
        moved = moved.T if axis else moved
    return np.clip(moved, AIR_HU, 32767)


def _shifted_rows(plane: Plane, by: float, n_rows: int) -> Plane:
    whole, part = int(np.floor(by + 1e-9)), max(by - np.floor(by + 1e-9), 0.0)
    out = np.full((n_rows, plane.shape[1]), AIR_HU, np.float32)
    if part < 1e-6:
        out[whole : whole + len(plane)] = plane
        return out
    # row i of the result lies ``part`` before row i of the image: between rows i - 1 and i of it; linear at its ends
    first, last = 2 * plane[0] - plane[1], 2 * plane[-1] - plane[-2]
    padded = np.concatenate([[2 * first - plane[0], first], plane, [last, 2 * last - plane[-1]]])
    t = 1 - part
    taps = (
        -0.5 * t**3 + t**2 - 0.5 * t,
        1.5 * t**3 - 2.5 * t**2 + 1,
        -1.5 * t**3 + 2 * t**2 + 0.5 * t,
        0.5 * t**3 - 0.5 * t**2,
    )
    n = len(plane) + 1
    moved = np.zeros((n, plane.shape[1]), np.float32)
    for k, tap in enumerate(taps):
        moved += np.float32(tap) * padded[k : k + n]
    # the rows at both ends lie half outside of the image: they are of it where they are less than half a row beyond
    start, end = (0 if part <= 0.5 else 1), (n if part >= 0.5 else n - 1)
    out[whole + start : whole + end] = moved[start:end]
    return out
