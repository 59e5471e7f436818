"""Muscle groups about the hip by position: each a few courses hung on the fitted bones.

Muscles are not segmented: a place belongs to the group whose course, a tube of the muscle's usual thickness, it lies
deepest in or nearest to. Approximate, and said to be. User-supplied masks take their place
(:mod:`ho_detect.anatomy.user_masks.muscle`).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ho_detect.anatomy.fit.hips import HipAnatomy
from ho_detect.anatomy.regions.muscle_names import MuscleGroup, MuscleSource
from ho_detect.anatomy.regions.tubes import Knot, Tubes, hung_on
from ho_detect.image.grid import FloatArray
from ho_detect.settings import JointSettings

# ruff: noqa: E501 - a table reads better with a course in a row
# Origins and insertions as in any atlas of anatomy, bellies where they lie between.
_COURSES: tuple[tuple[MuscleGroup, tuple[Knot, ...]], ...] = (
    ("iliopsoas_rectus_femoris", (("p", -45, 20, 130, 22), ("p", -30, -5, 70, 20), ("p", -14, -38, 22, 15), ("p", -2, -36, -5, 13), ("f", 0, -12, -25, 11), ("f", 2, 22, -48, 7))),
    ("iliopsoas_rectus_femoris", (("p", 8, -12, 105, 14), ("p", 2, -32, 62, 14), ("p", -8, -40, 25, 12))),
    ("iliopsoas_rectus_femoris", (("p", 22, -50, 26, 6), ("p", 18, -54, 0, 11), ("f", 24, -34, -60, 14), ("f", 22, -26, -150, 18))),
    ("gluteus_medius_minimus", (("p", 66, -34, 88, 10), ("p", 60, -24, 40, 14), ("f", 60, 4, -10, 7))),
    ("gluteus_medius_minimus", (("p", 58, 6, 108, 12), ("p", 54, 14, 55, 18), ("f", 58, 18, 0, 9))),
    ("gluteus_medius_minimus", (("p", 16, 62, 96, 12), ("p", 28, 52, 52, 17), ("f", 50, 30, 12, 8))),
    ("gluteus_maximus", (("p", -40, 95, 80, 14), ("p", -10, 96, 35, 20), ("f", 46, 64, -30, 18), ("f", 42, 46, -85, 10))),
    ("gluteus_maximus", (("p", -65, 95, 15, 14), ("p", -30, 92, -20, 22), ("f", 30, 66, -70, 16), ("f", 34, 46, -95, 9))),
    ("external_rotators", (("p", -60, 70, 45, 10), ("p", -20, 62, 26, 11), ("f", 44, 34, 14, 6))),
    ("external_rotators", (("p", -40, 58, -8, 8), ("p", -14, 54, -8, 10), ("f", 40, 34, 2, 6))),
    ("external_rotators", (("p", -24, 54, -42, 10), ("f", 36, 44, -38, 10))),
    ("adductors_obturators", (("p", -62, -8, -42, 11), ("p", -26, 14, -36, 11), ("f", 34, 24, -6, 5))),
    ("adductors_obturators", (("p", -66, 0, -20, 8), ("p", -54, 28, -8, 8))),
    ("adductors_obturators", (("p", -52, -48, -8, 9), ("p", -32, -40, -30, 12), ("f", 8, 16, -66, 7))),
    ("adductors_obturators", (("p", -80, -36, -46, 10), ("p", -60, -20, -95, 18), ("f", 2, 18, -145, 16))),
    ("adductors_obturators", (("p", -58, 14, -66, 12), ("p", -44, 24, -100, 22), ("f", -12, 30, -140, 22))),
    ("hamstrings", (("p", -30, 62, -62, 8), ("p", -22, 66, -100, 16), ("f", 8, 62, -150, 22))),
    ("vasti", (("f", 62, 2, -34, 6), ("f", 50, 4, -75, 14), ("f", 40, 4, -150, 18))),
    ("vasti", (("f", 28, -8, -50, 8), ("f", 24, -8, -90, 13), ("f", 20, -8, -150, 15))),
    ("vasti", (("f", 2, 8, -80, 7), ("f", -8, 0, -150, 14))),
)  # fmt: skip

GROUPS: tuple[MuscleGroup, ...] = tuple(dict.fromkeys(group for group, _ in _COURSES))


class MuscleRegions(Protocol):
    """What says where muscle groups are."""

    def region_of(self, points: FloatArray) -> tuple[MuscleGroup | None, MuscleSource]:
        """Return the group that most of (n, 3) LPS points lie in, None where most lie in none; and how it is known."""


@dataclass(frozen=True, eq=False)
class MuscleCourses:
    """Muscle groups of one hip as tubes.

    Parameters
    ----------
    tubes
        Of all groups.
    group
        Of each tube the index into :data:`GROUPS`.
    near_mm
        A place farther than this from every tube lies in no group.
    """

    tubes: Tubes
    group: NDArray[np.int64]
    near_mm: float

    def region_of(self, points: FloatArray) -> tuple[MuscleGroup | None, MuscleSource]:
        """Return what :meth:`group_of` does; known by position."""
        return self.group_of(points), "position"

    def group_of(self, points: FloatArray) -> MuscleGroup | None:
        """Return the group whose tubes most of (n, 3) LPS points lie deepest in or nearest to."""
        outside = self.tubes.outside_mm(points)
        nearest = outside.argmin(axis=1)
        near = outside.min(axis=1) <= self.near_mm
        if near.mean() <= 0.5:
            return None
        return GROUPS[int(np.bincount(self.group[nearest[near]]).argmax())]

    def outside_mm(self, points: FloatArray, group: MuscleGroup) -> FloatArray:
        """Return (n,) distances of (n, 3) LPS points to the tubes of a group, negative inside, mm."""
        return np.asarray(self.tubes.outside_mm(points, self.group == GROUPS.index(group)).min(axis=1))


def muscle_courses(hip: HipAnatomy, settings: JointSettings) -> MuscleCourses:
    """Hang the courses on the fitted bones of a hip."""
    hung = hung_on(hip)
    start, end, radius, group = [], [], [], []
    for name, knots in _COURSES:
        at = [hung(knot) for knot in knots]
        start += at[:-1]
        end += at[1:]
        radius += [(a[4], b[4]) for a, b in pairwise(knots)]
        group += [GROUPS.index(name)] * (len(knots) - 1)
    tubes = Tubes(np.array(start), np.array(end), np.array(radius, float))
    return MuscleCourses(tubes, np.array(group), settings.muscle_near_mm)
