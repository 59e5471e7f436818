"""Surfaces of bone and lesions, coarse enough for a page and small when packed."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from zlib_ng import zlib_ng

from ho_detect.acquisition.volume.hounsfield import AIR_HU
from ho_detect.acquisition.volume.hu_volume import HuVolume
from ho_detect.anatomy.fit.working_grid import resample_to_patient_axes
from ho_detect.detection.measure.lesion import Lesion
from ho_detect.export.pictures.figures import colour_of
from ho_detect.export.pictures.planes import region_around
from ho_detect.image.components import holes_filled
from ho_detect.image.grid import FloatArray, Grid, vertex_normals
from ho_detect.results.hidden import METAL, HiddenZone
from ho_detect.results.result import Result
from ho_detect.system.parallel import in_parallel

#: Edge of the voxels that the surface of bone is taken from, mm; coarser where it would have too many triangles.
_BONE_STEP_MM, _MOST_TRIANGLES = 2.5, 120_000
#: Averaged over such voxels thin cortex is less dense than bone: the surface is taken at this share of its HU.
_AVERAGED_SHARE = 0.8
_BONE_COLOUR, _METAL_COLOUR = "#DDD5C3", "#8FA3B8"
#: Metal is smoothed by so many voxels of its zone; in its place bone is taken to be as dense as this, HU.
_METAL_BLUR, _SOFT_TISSUE_HU = 0.6, 50.0
#: Pieces of bone with fewer triangles are noise, vessels or the table.
_LEAST_TRIANGLES = 300
#: Lesions are smoothed so much, and their surface taken from voxels of about this edge, mm.
_LESION_BLUR_MM, _LESION_STEP_MM = 0.8, 1.5
#: ... in a box so many voxels wider.
_MARGIN = 3
#: Coordinates are rounded to this, mm.
_QUANTUM_MM = 0.1


@dataclass(frozen=True, eq=False)
class Surface:
    """Triangles in patient coordinates.

    Parameters
    ----------
    id
        Of the lesion; 0 for bone, -1 for metal.
    colour
        As ``#RRGGBB``.
    vertices
        (V, 3) LPS mm.
    faces
        (F, 3) counter-clockwise seen from outside.
    """

    id: int
    colour: str
    vertices: FloatArray
    faces: NDArray[np.int64]

    def normals(self) -> FloatArray:
        """Return (V, 3) unit normals, outwards."""
        return vertex_normals(self.vertices, self.faces)


def surfaces(result: Result) -> tuple[Surface, ...]:
    """Return the surface of bone around the joints, without lesions and metal, then metal, then each lesion."""
    canonical = result.volume.canonical()
    centers = [h.center_lps_mm for h in result.hips if h.center_lps_mm is not None]
    box = region_around(canonical.grid, centers)
    voxels = [_voxels(result, lesion) for lesion in result.lesions]
    all_of_them = np.concatenate([np.empty((0, 3), np.int64), *voxels])
    bone_hu = result.record.known_settings().anatomy.bone_hu
    zone = result.metal.zone
    made = (
        _bone_surface(canonical, (all_of_them, zone), box, bone_hu),
        _metal_surface(zone),
        _lesion_surfaces(result.lesions, voxels, canonical.grid),
    )
    bone, metal, lesions = in_parallel(tuple, made)
    return (*bone, *metal, *lesions)


def pack(parts: tuple[Surface, ...]) -> dict[str, Any]:
    """Return surfaces as what the viewer reads: their sizes, and all numbers deflated as base64.

    Coordinates are multiples of 0.1 mm from the lowest corner. They (int16) and the vertex numbers of the triangles
    (int32) are stored as differences to the one before.
    """
    if not parts:
        return {"parts": [], "data": ""}
    low = np.min([part.vertices.min(axis=0) for part in parts], axis=0)
    streams = []
    for part in parts:
        quantised = np.rint((part.vertices - low) / _QUANTUM_MM)
        streams.append(np.diff(quantised, axis=0, prepend=0).astype("<i2").tobytes())
        streams.append(np.diff(part.faces.ravel(), prepend=0).astype("<i4").tobytes())
    packed = zlib_ng.compress(b"".join(streams), 6)
    return {
        "quantum": _QUANTUM_MM,
        "low": [round(float(v), 2) for v in low],
        "parts": [
            {"id": p.id, "colour": p.colour, "vertices": len(p.vertices), "triangles": len(p.faces)} for p in parts
        ],
        "data": base64.b64encode(packed).decode("ascii"),
    }


def _bone_surface(
    canonical: HuVolume,
    without: tuple[NDArray[np.int64], HiddenZone | None],
    box: tuple[slice, slice, slice],
    bone_hu: float,
) -> Iterator[Surface]:
    """Yield the surface of bone in a box, without voxels of lesions, and without metal and what it makes bright."""
    lesions, zone = without
    start, shape = [s.start for s in box], [s.stop - s.start for s in box]
    index = lesions - start
    index = index[((index >= 0) & (index < shape)).all(axis=1)]
    around = replace(canonical, hu=canonical.hu[box], grid=canonical.grid.crop(box))
    step_mm, level = _BONE_STEP_MM, _AVERAGED_SHARE * bone_hu
    while True:
        coarse = resample_to_patient_axes(around, step_mm, muscle=index)
        if zone is not None:
            coarse.hu[ndi.binary_dilation(zone.labels(coarse.grid) == METAL)] = _SOFT_TISSUE_HU
        solid = ndi.gaussian_filter(_without_cavities(coarse.hu, level), 0.5)
        if _n_triangles(solid, level) <= _MOST_TRIANGLES:
            break
        step_mm *= 1.25
    vertices, faces = _large_pieces(*_march(solid, level, coarse.grid))
    if len(faces):
        yield Surface(0, _BONE_COLOUR, vertices, faces)


def _metal_surface(zone: HiddenZone | None) -> Iterator[Surface]:
    if zone is None:
        return
    blurred = ndi.gaussian_filter(np.pad((zone.mask == METAL).astype(np.float32), 1), _METAL_BLUR)
    vertices, faces = _march(blurred, 0.4, zone.grid)
    if len(faces):
        yield Surface(-1, _METAL_COLOUR, vertices, faces)


def _voxels(result: Result, lesion: Lesion) -> NDArray[np.int64]:
    """Return the (n, 3) indices of a lesion in the canonical volume, n at least 1."""
    box, mask = result.lesion_mask(lesion)
    return np.asarray(np.argwhere(mask) + [s.start for s in box])


def _without_cavities(hu: NDArray[np.float32] | NDArray[np.int16], level: float) -> NDArray[np.float32]:
    """Return HU with marrow as dense as the bone around it, so that only outer surfaces are left.

    The shaft's marrow opens at the lower end of the scan: the two ends are closed while holes are filled. A layer of
    air around closes the surfaces.
    """
    dense = np.pad(hu >= level, ((1, 1), (0, 0), (0, 0)), constant_values=True)
    filled = holes_filled(dense)[1:-1] & ~dense[1:-1]
    solid = np.where(filled, np.float32(2 * level), np.minimum(hu, np.float32(4 * level)))
    return np.pad(solid.astype(np.float32, copy=False), 1, constant_values=AIR_HU)


def _lesion_surfaces(lesions: Sequence[Lesion], voxels: Sequence[NDArray[np.int64]], grid: Grid) -> Iterator[Surface]:
    for lesion, index in zip(lesions, voxels, strict=True):
        low, high = index.min(axis=0), index.max(axis=0)
        padded = np.zeros(high - low + 1 + 2 * _MARGIN, np.float32)
        padded[tuple((index - low + _MARGIN).T)] = 1.0
        blurred = ndi.gaussian_filter(padded, _LESION_BLUR_MM / np.array(grid.spacing_mm))
        steps = [max(1, round(_LESION_STEP_MM / s)) for s in grid.spacing_mm]
        affine = grid.affine.copy()
        affine[:3, 3] = grid.to_lps(low - _MARGIN)
        affine[:3, :3] = affine[:3, :3] * steps
        thinned = blurred[tuple(slice(None, None, s) for s in steps)]
        if thinned.max() > 0.5 > thinned.min():
            vertices, faces = _march(thinned, 0.5, Grid(thinned.shape, affine), pad=0)
            yield Surface(lesion.id, colour_of(lesion.id), vertices, faces)


def _march(field: NDArray[np.float32], level: float, grid: Grid, pad: int = 1) -> tuple[FloatArray, NDArray[np.int64]]:
    """Return the triangles of a level of a field that is ``pad`` voxels wider than the grid on every side."""
    from skimage.measure import marching_cubes

    if not field.max() > level > field.min():
        return np.empty((0, 3)), np.empty((0, 3), np.int64)
    index, faces, _, _ = marching_cubes(field, level)
    return grid.to_lps(index - pad), faces.astype(np.int64)


def _n_triangles(field: NDArray[np.float32], level: float) -> int:
    """Return about how many triangles the level of a field has: two for each edge of the lattice that crosses it."""
    inside = field >= level
    crossings = (np.diff(inside, axis=axis) for axis in range(3))
    return 2 * sum(int(np.count_nonzero(across)) for across in crossings)


def _large_pieces(vertices: FloatArray, faces: NDArray[np.int64]) -> tuple[FloatArray, NDArray[np.int64]]:
    """Drop pieces of few triangles, and vertices that no triangle uses."""
    if not len(faces):
        return vertices, faces
    ends = faces[:, [0, 1]].ravel(), faces[:, [1, 2]].ravel()
    links = coo_matrix((np.ones(len(ends[0]), np.int8), ends), (len(vertices), len(vertices)))
    _, piece = connected_components(links, directed=False)
    large = np.bincount(piece[faces[:, 0]], minlength=piece.max() + 1) >= _LEAST_TRIANGLES
    faces = faces[large[piece[faces[:, 0]]]]
    used, numbers = np.unique(faces, return_inverse=True)
    return vertices[used], numbers.reshape(faces.shape).astype(np.int64)
