"""How near a lesion lies to the artery, where contrast medium shows it, and to where the sciatic nerve runs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import KDTree

from ho_detect.anatomy.find import Anatomy
from ho_detect.anatomy.regions.tubes import Tubes
from ho_detect.detection.measure.lesion import Vessels
from ho_detect.image.grid import FloatArray
from ho_detect.image.sides import Artery, Side

#: The volume in the corridor is that of so many of a lesion's voxels, evenly taken.
_SAMPLE = 5000


@dataclass(frozen=True)
class NearArtery:
    """What is known of the artery beside a lesion: all None where nothing is."""

    vessels: Vessels = "not_assessed"
    gap_mm: float | None = None
    name: Artery | None = None


def near_artery(outer: KDTree, side: Side, anatomy: Anatomy) -> NearArtery:
    """Measure a lesion's distance to the artery of its side.

    Where the nearest place is an end of what was followed the artery goes on unseen, perhaps nearer: nothing is said.

    Parameters
    ----------
    outer
        LPS mm of the lesion's outermost voxels.
    """
    filled = anatomy.filled_vessels.get(side)
    if filled is None or (artery := filled.artery) is None:
        return NearArtery()
    gap_mm, place = artery.nearest(outer)
    if place in (0, len(artery.centers) - 1):
        return NearArtery("artery_followed")
    above = anatomy.compartments[side].cavity.above_inguinal_ligament(artery.centers[place][None])[0]
    return NearArtery("artery_followed", round(gap_mm, 1), "external_iliac" if above else "femoral")


def in_corridor_mm3(points: FloatArray, corridor: Tubes, volume_mm3: float) -> float:
    """Return how much of a lesion of (n, 3) voxels, LPS mm, lies where the sciatic nerve may run."""
    inside = corridor.outside_mm(points[:: 1 + len(points) // _SAMPLE]).min(axis=1) <= 0.0
    return round(float(np.mean(inside)) * volume_mm3, 1)
