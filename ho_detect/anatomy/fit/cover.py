"""Edges of cortex beneath what covers it: new bone on a femur ends in soft tissue too, farther out."""

from __future__ import annotations

import numpy as np

from ho_detect.acquisition.volume.hounsfield import AIR_HU
from ho_detect.anatomy.fit.working_grid import WorkingVolume
from ho_detect.image.grid import FloatArray
from ho_detect.image.surfaces import along_normals

#: Beneath an edge so far outside of a surface, mm, the surface's own cortex is looked for.
_OUTSIDE_MM = 2.0
#: What lies on a cortex is somewhere fainter than this share of it, and nowhere denser. Convention.
_FAINTER = 0.75
#: HU are read along the normals at these distances from the surface, mm; edges farther out are not looked beneath.
_PROFILE_MM = np.arange(-4.0, 6.25, 0.5)
#: The cortex is the densest of what lies up to 1.5 mm outside.
_OWN = slice(int(np.searchsorted(_PROFILE_MM, 1.75)))


def beneath_cover(volume: WorkingVolume, places: FloatArray, normals: FloatArray, edge_mm: FloatArray) -> FloatArray:
    """Return (V,) mm along the normals to the edges of a surface's own cortex, where they lie beneath what covers it.

    The old cortex goes on beneath new bone, denser than what lies on it: it ends half way down to that.

    Parameters
    ----------
    places, normals
        (V, 3) LPS mm on the surface of a femur, and unit vectors out of it.
    edge_mm
        (V,) to the edges with soft tissue outside; NaN where there is none, and stays so.
    """
    profile = along_normals(volume.hu, volume.grid, places, normals, _PROFILE_MM, AIR_HU)
    at = np.argmax(profile[:, _OWN], axis=1)
    cortex_hu = profile[np.arange(len(at)), at]
    beyond = np.arange(len(_PROFILE_MM)) > at[:, None]
    cover = beyond & (edge_mm[:, None] - 1.0 > _PROFILE_MM)
    low_hu = np.where(cover, profile, np.inf).min(axis=1)
    high_hu = np.where(cover, profile, -np.inf).max(axis=1)
    some = cover.any(axis=1) & (edge_mm > _OUTSIDE_MM) & (edge_mm <= _PROFILE_MM[-1])
    covered = some & (low_hu < _FAINTER * cortex_hu) & (high_hu <= cortex_hu)
    half_hu = (np.where(covered, low_hu, 0.0) + cortex_hu) / 2
    ends = np.argmax(beyond & (profile < half_hu[:, None]), axis=1)
    return np.where(covered, np.minimum(edge_mm, _PROFILE_MM[ends]), edge_mm)
