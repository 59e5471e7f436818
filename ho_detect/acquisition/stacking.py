"""Positions and orientations of images to one regular stack, or the reason why they are none.

Slice order, step and direction come from ImagePositionPatient and ImageOrientationPatient alone; names,
instance numbers, SliceThickness and GantryDetectorTilt are not asked.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ho_detect.errors import SeriesError
from ho_detect.geometry import FloatArray
from ho_detect.settings import AcquisitionSettings

#: Headers round direction cosines; a unit vector off by more is not one.
UNIT_TOLERANCE = 0.01
#: Components of the orientation may differ by this much (about 0.06°) between slices of one volume.
SAME_ORIENTATION = 1e-3
#: Slices may be shifted in their plane by this much (mm) against the line through the stack.
MAX_SHIFT_MM = 0.5
#: A step at a limit may come out a little beyond it.
ROUNDING_MM = 1e-3
#: A scanner's reach; beyond it a position is nonsense.
MAX_POSITION_MM = 10_000.0


@dataclass(frozen=True, eq=False)
class Stack:
    """How images make a volume.

    Parameters
    ----------
    order
        (n,) index of the image that is slice 0, 1, ...; along the slice normal.
    affine
        (4, 4) index (slice, row, column, 1) to LPS mm.
    """

    order: NDArray[np.intp]
    affine: FloatArray

    @property
    def step_mm(self) -> float:
        """Distance between slices, mm."""
        return float(np.linalg.norm(self.affine[:3, 0]))


def stack_slices(
    positions: FloatArray, orientations: FloatArray, spacings: FloatArray, settings: AcquisitionSettings
) -> Stack:
    """Order images along their normal and return the affine, after every check.

    Parameters
    ----------
    positions
        (n, 3) ImagePositionPatient, LPS mm.
    orientations
        (n, 6) ImageOrientationPatient: direction of a row, then of a column.
    spacings
        (n, 2) mm between rows, between columns.
    settings
        Tolerances.

    Raises
    ------
    SeriesError
        bad_geometry, mixed_orientation, several_volumes, tilted, missing_slices, uneven_spacing, too_thick,
        not_axial; the first that holds in this order of questions: is each image sound, are
        they parallel, are they in line, are they evenly spaced, is the step usable.
    """
    across, down, normal = common_axes(orientations)
    row_mm, column_mm = common_spacing(spacings)
    if not (np.isfinite(positions).all() and (abs(positions) < MAX_POSITION_MM).all()):
        raise SeriesError("bad_geometry", "a position is not a number or out of range")
    order, heights = order_along(positions, normal)
    if len(order) < 2 or heights[-1] - heights[0] < settings.step_tolerance_mm:
        raise SeriesError("several_volumes", f"all {len(order)} images at one position")
    line = check_line(positions[order], heights, normal, settings.max_shear_degrees)
    step = check_steps(np.diff(heights), settings)
    if step > settings.max_slice_step_mm + ROUNDING_MM:
        raise SeriesError("too_thick", f"slice step {step:.2f} mm")
    affine = np.eye(4)
    affine[:3, 0] = line * (heights[-1] - heights[0]) / (len(heights) - 1)
    affine[:3, 1] = down * row_mm
    affine[:3, 2] = across * column_mm
    # the middle of the stack is kept where it is: jitter of one end slice does not move the volume
    middle = (len(order) - 1) / 2
    affine[:3, 3] = positions[order].mean(axis=0) - middle * affine[:3, 0]
    check_oblique(affine[:3, :3], settings.max_oblique_degrees)
    return Stack(order, affine)


def common_axes(orientations: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the unit directions of row, column and slice normal that all images (n, 6) share.

    Raises
    ------
    SeriesError
        bad_geometry (not numbers, not unit, not orthogonal), mixed_orientation.
    """
    rows, columns = orientations[:, :3], orientations[:, 3:]
    lengths = np.linalg.norm([rows, columns], axis=2)
    skew = abs(np.sum(rows * columns, axis=1))
    sound = np.isfinite(orientations).all() and (abs(lengths - 1) < UNIT_TOLERANCE).all()
    if not sound or (skew > UNIT_TOLERANCE).any():
        raise SeriesError("bad_geometry", "the image orientation is not two orthogonal unit vectors")
    spread = np.ptp(orientations, axis=0)
    if (spread > SAME_ORIENTATION).any():
        n = len(np.unique(np.round(orientations, 2), axis=0))
        raise SeriesError("mixed_orientation", f"{n} orientations among {len(orientations)} images")
    across = np.mean(rows, axis=0)
    across /= np.linalg.norm(across)
    down = np.mean(columns, axis=0)
    down -= across * (down @ across)
    down /= np.linalg.norm(down)
    return across, down, np.cross(across, down)


def common_spacing(spacings: FloatArray) -> tuple[float, float]:
    """Return the (row, column) spacing in mm that all images (n, 2) share.

    Raises
    ------
    SeriesError
        bad_geometry.
    """
    if not np.isfinite(spacings).all() or (spacings <= 0).any() or (spacings > 10).any():
        bad = spacings[~(np.isfinite(spacings) & (spacings > 0) & (spacings <= 10))][0]
        raise SeriesError("bad_geometry", f"pixel spacing {bad:g} mm")
    if (np.ptp(spacings, axis=0) > 1e-3 * spacings.mean(axis=0)).any():
        low, high = spacings.min(), spacings.max()
        raise SeriesError("bad_geometry", f"pixel spacing differs between slices: {low:.4f} to {high:.4f} mm")
    row_mm, column_mm = np.median(spacings, axis=0)
    return float(row_mm), float(column_mm)


def order_along(positions: FloatArray, normal: FloatArray) -> tuple[NDArray[np.intp], FloatArray]:
    """Return the order of positions (n, 3) along ``normal``, and the heights in that order, mm."""
    heights = positions @ normal
    order = np.argsort(heights, kind="stable")
    return order, heights[order]


def check_line(positions: FloatArray, heights: FloatArray, normal: FloatArray, max_degrees: float) -> FloatArray:
    """Return the displacement per mm of height, for ordered positions (n, 3) that lie on one line.

    Raises
    ------
    SeriesError
        tilted: the line leans against the slice normal; bad_geometry: the positions are not on a line.
    """
    # slope @ normal is 1: its in-plane part is the tangent of the tilt. By the median, so that one slice that is
    # out of line does not lean the stack
    rises = np.diff(heights)
    apart = rises > 0.1 * rises.mean()
    slope = np.median(np.diff(positions, axis=0)[apart] / rises[apart, None], axis=0)
    degrees = np.degrees(np.arctan(np.linalg.norm(slope - normal)))
    if degrees > max_degrees:
        raise SeriesError("tilted", f"{degrees:.1f} degrees between slice normal and stack")
    off = positions - heights[:, None] * slope
    shift = np.linalg.norm(off - np.median(off, axis=0), axis=1).max()
    if shift > MAX_SHIFT_MM:
        raise SeriesError("bad_geometry", f"a slice is shifted {shift:.1f} mm in its plane")
    centred = heights - heights.mean()
    return np.asarray((centred @ (positions - positions.mean(axis=0))) / (centred @ centred), np.float64)


def check_steps(steps: FloatArray, settings: AcquisitionSettings) -> float:
    """Return the step (mm) of a stack with steps (n - 1,) between neighbours, all the same.

    Raises
    ------
    SeriesError
        several_volumes: two slices at one place; missing_slices: some steps are multiples of the others;
        uneven_spacing: neither.
    """
    typical = float(np.median(steps))
    tolerance = max(settings.step_tolerance_mm, 0.01 * typical)
    if (steps < settings.step_tolerance_mm).any():
        n = int((steps < settings.step_tolerance_mm).sum())
        raise SeriesError("several_volumes", f"{n} of {len(steps) + 1} images lie where another one lies")
    if (abs(steps - typical) <= tolerance).all():
        return float(steps.mean())
    smallest = float(np.median(steps[steps <= steps.min() + tolerance]))
    times = np.round(steps / smallest)
    if (abs(steps - times * smallest) <= tolerance * times).all():
        raise SeriesError("missing_slices", f"{int((times - 1).sum())} missing at a step of {smallest:.2f} mm")
    raise SeriesError("uneven_spacing", f"slice steps from {steps.min():.2f} to {steps.max():.2f} mm")


def check_oblique(directions: FloatArray, max_degrees: float) -> None:
    """Check that each column of (3, 3) runs near a patient axis.

    Raises
    ------
    SeriesError
        not_axial.
    """
    unit = abs(directions) / np.linalg.norm(directions, axis=0)
    degrees = float(np.degrees(np.arccos(np.clip(unit.max(axis=0), 0, 1))).max())
    if degrees > max_degrees:
        raise SeriesError("not_axial", f"{degrees:.0f} degrees from the nearest patient axis")
