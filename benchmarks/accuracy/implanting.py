"""Lesions implanted into real CT, placed by the anatomy that is fitted to it: islands, spurs, sheets, bridges."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi

from ho_detect.acquisition.volume.hu_volume import HuVolume
from ho_detect.anatomy.find import Anatomy, find_anatomy
from ho_detect.image.grid import FloatArray
from ho_detect.image.sides import Side
from ho_detect.settings import Settings
from ho_detect.simulation.maturity import Maturity
from ho_detect.simulation.planted import Host, ball, implant, rod

#: First seed of each split of implants.
IMPLANT_SPLITS = {"tuning": 30_000, "testing": 60_000}
_MATURITIES: tuple[Maturity, ...] = ("mature", "intermediate", "immature", "mixed")
#: Bone as seen: denser than this once smoothed, and the marrow within, HU; a piece of it is so large at least, mm3.
_BONE_HU, _BONE_MM3 = 190.0, 3000.0
#: Muscle, once smoothed, HU.
_MUSCLE_HU = (15.0, 95.0)
#: Lesions lie so far from the head's center at most, and so far from the skin at least, mm.
_REACH_MM, _SKIN_MM = 85.0, 12.0
#: Bone grows beside the joint, not in it: so far beyond the head, mm.
_JOINT_MM = 8.0
#: Size of the cube that a lesion is drawn in, mm.
_HALF_MM = 75.0


@dataclass(frozen=True, eq=False)
class Place:
    """The surroundings of one hip, in millimetres of its cube: (x, y, z) along (columns, rows, slices).

    Parameters
    ----------
    host, box
        The CT, and the cube in it.
    muscle
        (n, 3) mm: voxels of muscle.
    femur, pelvis
        (n, 3) mm: voxels on the surface of bone as seen that belong to the fitted bone.
    to_bone
        float32 on the box: distance to bone as seen, mm.
    head, radius_mm
        (3,) mm: center of the head.
    """

    host: Host
    box: tuple[slice, slice, slice]
    muscle: FloatArray
    femur: FloatArray
    pelvis: FloatArray
    to_bone: NDArray[np.float32]
    head: FloatArray
    radius_mm: float


Draw = Callable[[np.random.Generator, Place], NDArray[np.float32] | None]


def implanted(volume: HuVolume, seed: int) -> tuple[HuVolume, NDArray[np.uint16]]:
    """Return a CT with one or two lesions beside each of its hips, canonical, and the map of them.

    Raises
    ------
    SeriesError
        No hip in view.
    """
    rng = np.random.default_rng([seed, 21])
    canonical = volume.canonical()
    anatomy = find_anatomy(canonical, None, Settings(threads=1))
    host = _host(canonical)
    for hip in anatomy.hips:
        place = _place(canonical, host, anatomy, hip.joint.side)
        if place is None:
            continue
        for _ in range(int(rng.integers(1, 3))):
            draw = _DRAWS[int(rng.choice(len(_DRAWS), p=_SHARES))]
            for _attempt in range(4):  # not every place has room
                d = draw(rng, place)
                maturity = _MATURITIES[int(rng.choice(4, p=[0.4, 0.2, 0.15, 0.25]))]
                if d is not None and implant(host, place.box, d, maturity, rng) is not None:
                    break
    hu = np.clip(np.round(host.hu), -1024, 3071).astype(np.int16)
    return replace(canonical, hu=hu, source=None), host.labels


def _host(canonical: HuVolume) -> Host:
    spacing = np.array(canonical.grid.spacing_mm)
    hu = canonical.hu.astype(np.float32)
    smooth = ndi.gaussian_filter(hu, 0.7 / spacing)
    dense, _ = ndi.label(smooth > _BONE_HU)
    size = np.bincount(dense.ravel())
    size[0] = 0
    bone = (size * canonical.grid.voxel_volume_mm3 > _BONE_MM3)[dense]
    bone = np.array([ndi.binary_fill_holes(s) for s in bone])
    step = tuple(max(1, round(3.0 / s)) for s in spacing)
    sparse = tuple(slice(None, None, n) for n in step)
    inside = ndi.binary_opening(smooth[sparse] > -300, iterations=2)
    parts, _ = ndi.label(inside)
    largest = parts == int(np.bincount(parts.ravel())[1:].argmax()) + 1
    largest = np.array([ndi.binary_fill_holes(s) for s in largest])
    deep = ndi.distance_transform_edt(np.pad(largest, 1)[1:-1, 1:-1, 1:-1], sampling=spacing * step) > _SKIN_MM
    body = np.repeat(np.repeat(np.repeat(deep, step[0], 0), step[1], 1), step[2], 2)
    a, b, c = hu.shape
    return Host(canonical.grid, hu, bone, body[:a, :b, :c], np.zeros(hu.shape, np.uint16))


def _place(canonical: HuVolume, host: Host, anatomy: Anatomy, side: Side) -> Place | None:
    hip = next(h for h in anatomy.hips if h.joint.side == side)
    box = host.grid.box_around(hip.center_lps_mm, _HALF_MM)
    crop, spacing = host.grid.crop(box), np.array(host.grid.spacing_mm)
    bone = host.bone[box]
    to_bone = ndi.distance_transform_edt(~bone, sampling=spacing).astype(np.float32)
    smooth = ndi.gaussian_filter(canonical.hu[box].astype(np.float32), 1.5 / spacing)
    fits = {b.bone: b for b in anatomy.bones if b.side == side}
    rim = np.argwhere(bone & ~ndi.binary_erosion(bone, border_value=1))
    rim = rim[:: max(1, len(rim) // 6000)]
    lps = crop.to_lps(rim)
    near = {}
    for name, fit in fits.items():
        at = fit.grid.to_index(lps).T
        near[name] = np.abs(ndi.map_coordinates(fit.mm, at, order=1, cval=99.0)) < 3.5
    center, radius = hip.center_lps_mm, hip.joint.head_radius_mm or 23.0
    outside = np.linalg.norm(lps - center, axis=1) > radius + _JOINT_MM
    reach = np.linalg.norm(lps - center, axis=1) < _REACH_MM
    muscle = (smooth > _MUSCLE_HU[0]) & (smooth < _MUSCLE_HU[1]) & host.body[box] & (to_bone > 4)
    at = np.argwhere(muscle)
    at = at[:: max(1, len(at) // 20000)]
    at = at[np.linalg.norm(crop.to_lps(at) - center, axis=1) < _REACH_MM]
    if len(at) < 50:
        return None

    def mm(index: NDArray[np.intp]) -> FloatArray:
        return np.asarray((index * spacing)[:, ::-1])

    return Place(
        host,
        box,
        mm(at),
        mm(rim[near["femur"] & ~near["pelvis"] & outside & reach]),
        mm(rim[near["pelvis"] & ~near["femur"] & outside & reach]),
        to_bone,
        (crop.to_index(center) * spacing)[::-1],
        radius,
    )


def _one(rng: np.random.Generator, points: FloatArray) -> FloatArray:
    return points[int(rng.integers(len(points)))]


def _island(rng: np.random.Generator, place: Place) -> NDArray[np.float32]:
    radius = (float(rng.choice([0.4, 1.0, 2.5, 6.0, 15.0])) * rng.uniform(0.7, 1.4) * 1000 / (4.19 * 1.5)) ** (1 / 3)
    d = ball(place.host.axial(place.box), _one(rng, place.muscle), radius * np.array([1.0, 1.0, 1.5]), rng)
    return np.maximum(d, np.float32(rng.uniform(1.5, 5.0)) - place.to_bone)


def _toward_muscle(rng: np.random.Generator, place: Place, root: FloatArray, length: float) -> FloatArray | None:
    """Return a point of muscle about so far from a root on bone, away from the joint."""
    away = np.linalg.norm(place.muscle - root, axis=1)
    out = np.linalg.norm(place.muscle - place.head, axis=1) > np.linalg.norm(root - place.head) + 0.3 * length
    near = place.muscle[(np.abs(away - length) < 4.0) & out]
    return _one(rng, near) if len(near) else None


def _spur(rng: np.random.Generator, place: Place) -> NDArray[np.float32] | None:
    bone = place.femur if rng.random() < 0.55 else place.pelvis
    if len(bone) < 20:
        return None
    root, length = _one(rng, bone), float(rng.uniform(14, 40))
    tip = _toward_muscle(rng, place, root, length)
    if tip is None:
        return None
    along = (tip - root) / float(np.linalg.norm(tip - root))
    path = np.array([root - 3 * along, (root + tip) / 2 + rng.normal(0, 0.06 * length, 3), tip])
    return rod(place.host.axial(place.box), path, rng.uniform(8, 15) / 2 * np.array([1.2, 1.0, 0.6]), rng)


def _sheet(rng: np.random.Generator, place: Place) -> NDArray[np.float32] | None:
    low = place.femur[place.femur[:, 2] < place.head[2] - 35] if len(place.femur) else place.femur
    if len(low) < 20:
        return None
    half = np.array([rng.uniform(8, 15), rng.uniform(8, 15), rng.uniform(15, 38)])
    d = ball(place.host.axial(place.box), _one(rng, low), half, rng)
    return np.maximum(d, place.to_bone - np.float32(rng.uniform(4, 9)))


def _bridge(rng: np.random.Generator, place: Place) -> NDArray[np.float32] | None:
    if len(place.femur) < 20 or len(place.pelvis) < 20:
        return None
    upper, lower, middle = _one(rng, place.pelvis), _one(rng, place.femur), None
    if not 20 < float(np.linalg.norm(upper - lower)) < 85:
        return None
    beside = np.linalg.norm(place.muscle - (upper + lower) / 2, axis=1)
    middle = place.muscle[int(beside.argmin())]
    path = np.array([1.1 * upper - 0.1 * middle, (upper + 1.5 * middle) / 2.5, middle, (lower + 1.5 * middle) / 2.5,
                     1.1 * lower - 0.1 * middle])  # fmt: skip
    radii = rng.uniform(14, 34) / 2 * rng.uniform(0.8, 1.1, 5)
    d = rod(place.host.axial(place.box), path, radii, rng)
    z, y, x = (np.arange(n) * s for n, s in zip(d.shape, place.host.grid.spacing_mm, strict=True))
    h = place.head
    joint = np.sqrt((x[None, None] - h[0]) ** 2 + (y[None, :, None] - h[1]) ** 2 + (z[:, None, None] - h[2]) ** 2)
    return np.maximum(d, (place.radius_mm + 5 - joint).astype(np.float32))


_DRAWS: tuple[Draw, ...] = (_island, _spur, _sheet, _bridge)
_SHARES = (0.42, 0.28, 0.12, 0.18)
