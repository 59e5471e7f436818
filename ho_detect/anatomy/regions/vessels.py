"""The external iliac and femoral vessels, followed from the contrast medium in them.

Where blood is no denser than muscle nothing is followed, and nothing said. At the level of the femoral head they lie in
front of it; from there each is followed up and down, slice by slice, as a round thing as dense as it is there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi
from scipy.spatial import KDTree

from ho_detect.acquisition.volume.hu_volume import HuVolume
from ho_detect.anatomy.regions.landmarks import Landmarks
from ho_detect.image.grid import FloatArray
from ho_detect.image.sides import Side

#: Blood with contrast medium is denser than this, HU; without it is at most 70. Convention.
_CONTRAST_HU = 110.0
#: ... and at most this, new bone may be denser. Convention.
_MOST_HU = 600.0
#: Of what is denser so much counts. Convention.
_DENSEST_HU = 700.0
#: Muscle beside a lumen, HU: its edge is half way.
_MUSCLE_HU = 55.0
#: Femoral arteries and veins are at most so wide, a bar of new bone may be wider: radius, mm. Convention.
_WIDEST_MM = 8.0
#: Blood is as dense along the vessel: its standard deviation is at most this share of it, new bone's more. Convention.
_UNEVEN = 0.2
#: A lumen is as dense as where it was followed from within this share, and at least so many HU.
_SAME_SHARE, _SAME_HU = 0.3, 50.0
#: Cross-sections of lumens: 2 mm in radius, and what runs aslant with 9 mm. Convention.
_LEAST_MM2, _MOST_MM2 = 12.5, 600.0
#: An ellipse at most so elongated, and filled so far: what runs across slices, and no rim of bone.
_LONGEST, _FILLED = 2.4, 0.8
#: At the level of the head the artery lies so far lateral and behind of its center, mm: before it. Convention, wide.
_START_LATERAL_MM, _START_BEHIND_MM = (-45.0, 18.0), (-80.0, -12.0)
#: It is looked for at these heights against the head center, mm: new bone may lie against it over some of them.
_START_HEIGHTS_MM = (0.0, 8.0, -8.0, 16.0, -16.0, 28.0, -28.0, 40.0, -40.0)
#: It is followed so far up and down from the head center, no farther to the sides and to front and back of it, mm.
_FOLLOWED_MM, _WIDE_MM, _DEEP_MM = (150.0, 190.0), (-95.0, 95.0), (-100.0, 60.0)
#: From slice to slice its middle moves by so much at most against where it was heading, mm, and by so much of the step.
_SIDEWAYS_MM, _SLANT = 2.5, 0.7
#: It is looked for in slices so far apart, mm, ...
_STEP_MM = 2.5
#: ... within a square of twice this, mm, ...
_WINDOW_MM = 22.0
#: ... and its area by this factor at most; where plaque hides it, it goes on after so much, mm.
_AREA_FACTOR, _LEAP_MM = 2.6, 9.0
#: Where new bone lies against it for longer, it goes on after so much at most where it was heading, as wide and as
#: dense: within so much of the way, by this factor, and this share.
_LONG_LEAP_MM, _LONG_SLANT, _LONG_FACTOR, _LONG_SHARE = 60.0, 0.2, 1.7, 0.15
#: What is followed for less is no artery, mm. Convention.
_LEAST_LENGTH_MM = 60.0
#: A vein that contrast medium has not reached is less than this share as dense; else the artery is the lateral one.
_FAINTER = 0.6
#: Blood of veins is seldom denser: one vessel alone that is not may be one, HU. Convention.
_ARTERIAL_HU = 180.0
#: Its wall, and the blur of its edge, belong to a lumen, mm. Convention.
_WALL_MM = 1.5
#: Smoothed by so much, mm.
_BLUR_MM = 0.9


@dataclass(frozen=True, eq=False)
class Vessel:
    """An artery or vein as far as it was followed.

    Parameters
    ----------
    centers
        (n, 3) LPS mm, from above down.
    radii_mm
        (n,) of its lumen there.
    lumen_hu
        Median of all of it.
    """

    centers: FloatArray
    radii_mm: FloatArray
    lumen_hu: float

    def lumen(self, points: FloatArray) -> NDArray[np.bool_]:
        """Whether each of (n, 3) LPS points lies in the lumen, its wall and its blur included."""
        apart, place = KDTree(self.centers).query(points)
        return np.asarray(apart <= self.radii_mm[place] + _WALL_MM)

    def nearest(self, points: KDTree) -> tuple[float, int]:
        """Return the smallest distance of points to the lumen, mm, 0 inside, and the place of it in ``centers``."""
        to_edge = points.query(self.centers)[0] - self.radii_mm
        place = int(np.argmin(to_edge))
        return max(float(to_edge[place]), 0.0), place


@dataclass(frozen=True, eq=False)
class FilledVessels:
    """The vessels before one hip that contrast medium fills.

    Parameters
    ----------
    vessels
        Arteries and veins, at least one.
    artery
        Which of them is the external iliac and femoral artery; None where that is not known.
    """

    vessels: tuple[Vessel, ...]
    artery: Vessel | None


def in_blood(filled: Iterable[FilledVessels], points: FloatArray) -> NDArray[np.bool_]:
    """Whether each of (n, 3) LPS points lies in the lumen of a vessel that was followed."""
    lumens = [vessel.lumen(points) for side in filled for vessel in side.vessels]
    return np.asarray(np.any(lumens, axis=0)) if lumens else np.zeros(len(points), bool)


@dataclass(frozen=True, eq=False)
class _Round:
    """A round dense thing in one slice; its HU are those of its middle, three quarters of the way up.

    Where a vessel was not seen between two places it is taken to go on, and ``seen`` is False.
    """

    center: FloatArray
    area_mm2: float
    hu: float
    seen: bool = True


class _Slices:
    """The slices around one hip in which its artery may lie."""

    def __init__(self, volume: HuVolume, frame: Landmarks) -> None:
        self._frame = frame
        up_mm, down_mm = _FOLLOWED_MM
        corners = [frame.center + np.array([x, y, z]) for x in _WIDE_MM for y in _DEEP_MM for z in (-down_mm, up_mm)]
        box = volume.grid.box_of(np.array(corners))
        self._grid, self._hu = volume.grid.crop(box), volume.hu[box]
        self.n = self._hu.shape[0]
        spacing_mm = np.array(self._grid.spacing_mm)
        self.step_mm = float(spacing_mm[0])
        upwards = 1 if self._grid.affine[2, 0] > 0 else -1
        self.up = upwards * max(1, round(_STEP_MM / self.step_mm))
        self._blur = _BLUR_MM / spacing_mm[1:]
        self._plane = self._grid.affine[:3, 1:3]

    def level(self, height_mm: float) -> int:
        """Return the slice at a height against the head center; it may be out of view."""
        return round(float(self._grid.to_index(self._frame.center + np.array([0.0, 0.0, height_mm]))[0]))

    def lateral_mm(self, point: FloatArray) -> float:
        """Return how far a (3,) point lies lateral of the head center, mm."""
        return float(np.diff(self._frame.from_midline_mm(np.stack([self._frame.center, point])))[0])

    def at_start(self, k: int) -> list[_Round]:
        """Return what may be an artery before the head."""
        return [r for r in self.rounds(k, _CONTRAST_HU, np.inf) if self._before_head(r.center)]

    def rounds(self, k: int, low_hu: float, high_hu: float, near: FloatArray | None = None) -> Iterator[_Round]:
        """Yield the round things of a slice between two densities, near a (3,) point alone where there is one."""
        rows, columns = (slice(None),) * 2 if near is None else self._grid.box_around(near, _WINDOW_MM)[1:]
        part = np.minimum(self._hu[k, rows, columns], _DENSEST_HU).astype(np.float32)
        if not part.size:  # it runs out of view
            return
        hu = ndi.gaussian_filter(part, self._blur)
        labels, _ = ndi.label((hu >= low_hu) & (hu <= high_hu))
        for number, box in enumerate(ndi.find_objects(labels), start=1):
            at = np.argwhere(labels[box] == number)
            area_mm2 = len(at) * self._grid.voxel_volume_mm3 / self.step_mm
            if not _LEAST_MM2 <= area_mm2 <= _MOST_MM2 or not _is_ellipse(at @ self._plane.T, area_mm2):
                continue
            at += [s.start for s in box]
            row, column = np.add(at.mean(axis=0), (rows.start or 0, columns.start or 0))
            yield _Round(self._grid.to_lps([k, row, column]), area_mm2, float(np.percentile(hu[tuple(at.T)], 75)))

    def hides(self, k: int, low_hu: float, there: FloatArray, last: _Round) -> bool:
        """Whether something dense that is no other round thing as wide lies where a vessel was heading in a slice."""
        row, column = self._grid.to_index(there)[1:].round().astype(int)
        rows, columns = self._hu.shape[1:]
        if not (0 <= row < rows and 0 <= column < columns) or self._hu[k, row, column] < low_hu:
            return False
        others = self.rounds(k, low_hu, np.inf, there)
        return not any(1 / _AREA_FACTOR < r.area_mm2 / last.area_mm2 < _AREA_FACTOR for r in others)

    def _before_head(self, center: FloatArray) -> bool:
        behind_mm = float((center - self._frame.center) @ self._frame.axes[1])
        sides, depths = _START_LATERAL_MM, _START_BEHIND_MM
        return sides[0] < self.lateral_mm(center) < sides[1] and depths[0] < behind_mm < depths[1]


def _is_ellipse(points: FloatArray, area_mm2: float) -> bool:
    """Whether (n, 3) points of a plane fill an ellipse that is not long: a lumen across or aslant, no rim of bone."""
    short, long = np.sqrt(np.maximum(np.linalg.eigvalsh(np.cov(points.T))[1:], 1e-3))
    return bool(long <= _LONGEST * short and area_mm2 >= _FILLED * 4.0 * np.pi * short * long)


def find_vessels(volume: HuVolume, frames: tuple[Landmarks, ...]) -> dict[Side, FilledVessels]:
    """Follow the vessels before each hip in view.

    Parameters
    ----------
    volume
        In canonical orientation.

    Returns
    -------
    By side; a side is missing where no contrast medium fills a vessel before the head.
    """
    found = ((frame.side, _filled(_Slices(volume, frame))) for frame in frames)
    return {side: filled for side, filled in found if filled is not None}


def _filled(slices: _Slices) -> FilledVessels | None:
    for height_mm in _START_HEIGHTS_MM:
        k = slices.level(height_mm)
        starts = slices.at_start(k) if 0 <= k < slices.n else []
        starts.sort(key=lambda start: slices.lateral_mm(start.center))
        vessels = tuple(v for start in starts if (v := _vessel(_followed(slices, k, start))) is not None)
        if vessels:
            return FilledVessels(vessels, _artery(vessels))
    return None


def _artery(vessels: tuple[Vessel, ...]) -> Vessel | None:
    """Return the artery of the vessels before a head, from medial to lateral: the lateral one of those that are filled.

    None where one alone is seen that a vein may be as dense as.
    """
    if len(vessels) == 1 and vessels[0].lumen_hu < _ARTERIAL_HU:
        return None
    least_hu = _FAINTER * max(v.lumen_hu for v in vessels)
    return next(v for v in reversed(vessels) if v.lumen_hu >= least_hu)


def _vessel(course: list[_Round]) -> Vessel | None:
    """Return what was followed, where so much of it as is long was seen, and is as even as blood."""
    hu = np.array([r.hu for r in course if r.seen])
    radii_mm = np.sqrt([r.area_mm2 / np.pi for r in course])
    long_mm = np.linalg.norm(course[0].center - course[-1].center) * len(hu) / len(course)
    is_blood = hu.std() <= _UNEVEN * np.median(hu) and np.median(hu) <= _MOST_HU
    if long_mm < _LEAST_LENGTH_MM or np.median(radii_mm) > _WIDEST_MM or not is_blood:
        return None
    return Vessel(np.array([r.center for r in course]), radii_mm, float(np.median(hu)))


def _followed(slices: _Slices, k: int, start: _Round) -> list[_Round]:
    """Return a vessel from above down, through a place of it in slice ``k``."""
    up = list(_onwards(slices, k, start, slices.up))
    return [*reversed(up), start, *_onwards(slices, k, start, -slices.up)]


def _onwards(slices: _Slices, k: int, start: _Round, step: int) -> Iterator[_Round]:
    """Yield the places of a vessel one after another, from slice ``k`` on by so many slices at a time."""
    low_hu = (start.hu + _MUSCLE_HU) / 2
    high_hu = start.hu + max(_SAME_SHARE * start.hu, _SAME_HU)
    seen, step_mm, missing_mm = [start], abs(step) * slices.step_mm, 0.0
    while 0 <= (k := k + step) < slices.n and missing_mm < _LONG_LEAP_MM:
        missing_mm += step_mm
        back = seen[-4:]  # where it was heading, over the last few slices
        heading = (back[-1].center - back[0].center) / max(len(back) - 1, 1)
        there = back[-1].center + heading * missing_mm / step_mm
        near = [r for r in slices.rounds(k, low_hu, high_hu, there) if _goes_on(back[-1], r, there, missing_mm)]
        if missing_mm > _LEAP_MM and not near and not slices.hides(k, low_hu, there, back[-1]):
            return
        if near:
            found = min(near, key=lambda r: float(np.linalg.norm((r.center - there)[:2])))
            new = [*_between(back[-1], found, round(missing_mm / step_mm) - 1), found]
            seen += new
            missing_mm = 0.0
            yield from new


def _goes_on(last: _Round, new: _Round, there: FloatArray, missing_mm: float) -> bool:
    """Whether a round thing is a vessel's next place; it was heading for ``there``, and was not seen for so much."""
    is_long = missing_mm > _LEAP_MM
    most_mm = _SIDEWAYS_MM + (_LONG_SLANT if is_long else _SLANT) * missing_mm
    factor = _LONG_FACTOR if is_long else _AREA_FACTOR
    as_dense = not is_long or abs(new.hu - last.hu) <= _LONG_SHARE * last.hu
    as_wide = 1 / factor < new.area_mm2 / last.area_mm2 < factor
    return bool(np.linalg.norm((new.center - there)[:2]) < most_mm and as_wide and as_dense)


def _between(last: _Round, new: _Round, n: int) -> Iterator[_Round]:
    """Yield ``n`` places of a vessel that were not seen, evenly from one to the next that was."""
    for share in np.arange(1, n + 1) / (n + 1):
        yield _Round(
            last.center + share * (new.center - last.center),
            last.area_mm2 + share * (new.area_mm2 - last.area_mm2),
            last.hu + share * (new.hu - last.hu),
            seen=False,
        )
