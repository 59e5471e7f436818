"""Positions and orientations of images to one true grid, or the reason why there is none.

Slice order, step and direction come from ImagePositionPatient and ImageOrientationPatient alone; names,
instance numbers, SliceThickness and GantryDetectorTilt are not asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ho_detect.acquisition.series.places import ROUNDING_MM, even_places, whole_multiples
from ho_detect.errors import SeriesError
from ho_detect.flags import Flag, flag
from ho_detect.image.grid import FloatArray
from ho_detect.settings import AcquisitionSettings

#: Headers round direction cosines; a unit vector off by more is not one.
UNIT_TOLERANCE = 0.01
#: Components of the orientation may differ by this much (about 0.06°) between slices of one volume.
SAME_ORIENTATION = 1e-3
#: Slices may be shifted in their plane by this much (mm) against the line through the stack.
MAX_SHIFT_MM = 0.5
#: A scanner's reach; beyond it a position is nonsense.
MAX_POSITION_MM = 10_000.0


@dataclass(frozen=True, eq=False)
class Stack:
    """How images make a volume.

    Parameters
    ----------
    order
        (n,) index of the image that comes first, second, ... along the slice normal.
    affine
        (4, 4) index (slice, row, column, 1) to LPS mm.
    n_slices
        Slices of the volume; more than n where some are made from their neighbours.
    heights
        (n,) where each ordered image lies among the slices: 0, 1, 2, ... for a regular stack.
    shifts
        (n, 2) rows and columns by which each ordered image lies farther than voxel (0, 0) of its slice; 0 for a
        regular stack, none of them negative.
    repairs
        What was done to make a true grid of the images; none for a regular stack.
    """

    order: NDArray[np.intp]
    affine: FloatArray
    n_slices: int
    heights: FloatArray
    shifts: FloatArray
    repairs: tuple[Flag, ...] = ()

    @property
    def step_mm(self) -> float:
        """Distance between slices, mm."""
        return float(np.linalg.norm(self.affine[:3, 0]))

    @property
    def largest_step_mm(self) -> float:
        """Largest distance between neighbouring images, mm."""
        return self.step_mm * float(np.diff(self.heights).max())

    @property
    def is_regular(self) -> bool:
        """Whether each image is a slice as it is."""
        return len(self.order) == self.n_slices and not self.shifts.any() and not (self.heights % 1).any()

    def plane_shape(self, rows: int, columns: int) -> tuple[int, int]:
        """Rows and columns of the volume for images of ``rows`` by ``columns``: room for all of their shifts."""
        down, across = np.ceil(self.shifts.max(axis=0) - ROUNDING_MM).astype(int).tolist()
        return rows + down, columns + across


def stack_slices(
    positions: FloatArray, orientations: FloatArray, spacings: FloatArray, settings: AcquisitionSettings
) -> Stack:
    """Order images along their normal and return the true grid that they make, after every check.

    A leaning stack (gantry tilt) gets a grid along the slice normal, on which its images lie shifted in their
    planes. Uneven steps get a grid of even ones. Beyond steps of ``max_gap_mm`` nothing is filled in: of the stretches
    between such gaps the longest is used.

    Parameters
    ----------
    positions
        (n, 3) ImagePositionPatient, LPS mm.
    orientations
        (n, 6) ImageOrientationPatient: direction of a row, then of a column.
    spacings
        (n, 2) mm between rows, between columns.
    settings
        Tolerances and limits.

    Raises
    ------
    SeriesError
        bad_geometry, mixed_orientation, several_volumes, too_thick, missing_slices, uneven_spacing, tilted,
        not_axial; the first that holds in this order of questions: is each image sound, are they parallel, is there
        one at each place, are they near enough to each other, are they in line, is the volume near
        a patient axis.
    """
    across, down, normal = common_axes(orientations)
    row_mm, column_mm = common_spacing(spacings)
    if not (np.isfinite(positions).all() and (abs(positions) < MAX_POSITION_MM).all()):
        raise SeriesError("bad_geometry", "a position is not a number or out of range")
    order, heights = order_along(positions, normal)
    check_places(heights, settings)
    run, part = longest_run(heights, settings)
    order, heights = order[run], heights[run]
    placed = positions[order]
    line, lean = line_through(placed, heights, normal)
    places, step, repaired = even_places(heights, settings)
    affine, shifts = np.eye(4), np.zeros((len(order), 2))
    affine[:3, 0], affine[:3, 1], affine[:3, 2] = line * step, down * row_mm, across * column_mm
    if lean > settings.max_tilt_degrees:
        raise SeriesError("tilted", f"{lean:.1f} degrees between slice normal and stack")
    untilted: tuple[Flag, ...] = ()
    if lean > settings.max_shear_degrees:
        untilted = (flag("resampled_tilt", f"{lean:.1f} degrees"),)
        affine[:3, 0] = normal * step
        shifts = (placed - placed[0]) @ np.stack([down / row_mm, across / column_mm], axis=1)
        shifts -= shifts.min(axis=0)
    # the middle of the stack is kept where it is: jitter of one end slice does not move the volume
    affine[:3, 3] = (placed - places[:, None] * affine[:3, 0] - shifts @ affine[:3, 1:3].T).mean(axis=0)
    check_oblique(affine[:3, :3], settings.max_oblique_degrees)
    return Stack(order, affine, round(places[-1]) + 1, places, shifts, part + untilted + repaired)


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


def check_places(heights: FloatArray, settings: AcquisitionSettings) -> None:
    """Check that ordered heights (n,) are those of one slice each, not too far apart for a volume.

    Raises
    ------
    SeriesError
        several_volumes: two images at one place; too_thick: most steps are larger than the limit.
    """
    if len(heights) < 2 or heights[-1] - heights[0] < settings.step_tolerance_mm:
        raise SeriesError("several_volumes", f"all {len(heights)} images at one position")
    steps = np.diff(heights)
    if n := int((steps < settings.step_tolerance_mm).sum()):
        raise SeriesError("several_volumes", f"{n} of {len(heights)} images lie where another one lies")
    if (typical := float(np.median(steps))) > settings.max_slice_step_mm + ROUNDING_MM:
        raise SeriesError("too_thick", f"slice step {typical:.2f} mm")


def longest_run(heights: FloatArray, settings: AcquisitionSettings) -> tuple[slice, tuple[Flag, ...]]:
    """Return the stretch of ordered heights (n,) without a gap too large to fill, and a flag where it is not all.

    Raises
    ------
    SeriesError
        missing_slices, uneven_spacing: no stretch has slices enough.
    """
    steps = np.diff(heights)
    cuts = np.flatnonzero(steps > settings.max_gap_mm + ROUNDING_MM) + 1
    if not len(cuts):
        return slice(0, len(heights)), ()
    edges = [0, *cuts.tolist(), len(heights)]
    # the tallest, as it shows most of the patient
    start, end = max(pairwise(edges), key=lambda e: (heights[e[1] - 1] - heights[e[0]], -e[0]))
    gap = f"{len(cuts)} gaps of up to {steps.max():.1f} mm"
    if end - start < settings.min_slices:
        _, _, missing = whole_multiples(steps, settings)
        reason = "missing_slices" if missing else "uneven_spacing"
        raise SeriesError(reason, f"{gap}; at most {end - start} slices without one")
    return slice(start, end), (flag("part_of_series", f"{end - start} of {len(heights)} images used: {gap}"),)


def line_through(positions: FloatArray, heights: FloatArray, normal: FloatArray) -> tuple[FloatArray, float]:
    """Return the displacement per mm of height for ordered positions (n, 3) on one line, and its lean in degrees.

    Raises
    ------
    SeriesError
        bad_geometry: the positions are not on a line.
    """
    # slope @ normal is 1: its in-plane part is the tangent of the tilt. By the median, so that one slice that is
    # out of line does not lean the stack
    rises = np.diff(heights)
    slope = np.median(np.diff(positions, axis=0) / rises[:, None], axis=0)
    off = positions - heights[:, None] * slope
    shift = np.linalg.norm(off - np.median(off, axis=0), axis=1).max()
    if shift > MAX_SHIFT_MM:
        raise SeriesError("bad_geometry", f"a slice is shifted {shift:.1f} mm in its plane")
    centred = heights - heights.mean()
    line = np.asarray((centred @ (positions - positions.mean(axis=0))) / (centred @ centred), np.float64)
    return line, float(np.degrees(np.arctan(np.linalg.norm(line - normal))))


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
