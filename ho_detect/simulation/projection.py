"""Metal in a slice as a scanner sees it: projected, attenuated, counted, corrected for water and reconstructed.

Only what metal changes is projected and reconstructed: along each ray that meets metal, the reading with metal less
the reading with water in its place. The difference, filtered and projected back, is added to the slice as painted; a
slice without metal stays as it is. Reconstruction is linear, so that this is the same as to reconstruct all.

Beam hardening (in metal, in bone, and between two hips), streaks from edges, and noise where few photons are left are
in the readings. Left out: the cone angle, the helix and the size of the focal spot; rays are parallel, as after the
rebinning that scanners do.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ho_detect._kernels.parallel_beam import FINER, back_project, project_rays
from ho_detect.image.grid import FloatArray
from ho_detect.simulation.fields import Field
from ho_detect.simulation.xray import Metal, bone_hu, transmitted, water_equivalent_mm

#: None; or readings through metal interpolated between those beside it (Kalender 1987,
#: 10.1148/radiology.164.2.3602406).
Reduction = Literal["none", "interpolation"]

#: Views over half a turn, and between readings at the center, mm: those of a 64-slice scanner (convention).
_VIEWS, _READING_MM = 580, 0.7
#: A ray meets metal from so much of it on, mm; it belongs to the trace of what is seen as metal from this share of a
#: pixel on.
_LEAST_METAL_MM, _TRACE_SHARE = 1e-3, 0.3
#: What of a slice is taken for bone instead of water: what is denser than soft tissue, HU.
_SOFT_HU = 100.0
#: Scatter that is left after its correction, as a share of the beam behind the body (convention).
_SCATTER = 0.01
#: Electronic noise in quanta, and the least reading that is passed on to the logarithm (convention).
_ELECTRONIC, _LEAST = 12.0, 4.0
#: Readings of fewer quanta are mixed with their neighbours before the logarithm, as scanners do
#: (Hsieh 1998, 10.1118/1.598410).
_STARVED = 200.0
_STEADIED = (3, 9)
#: What of a reconstructed slice metal artefact reduction takes for metal, HU (convention).
_METAL_HU = 2500.0


@dataclass(frozen=True, eq=False)
class Slice:
    """One slice as it is.

    Parameters
    ----------
    hu
        (rows, columns) float32: the body, water where metal is.
    spacing_mm
        Between rows, and between columns.
    metal
        (rows, columns) float32 of each metal in it: share of each pixel.
    """

    hu: Field
    spacing_mm: tuple[float, float]
    metal: dict[Metal, Field]


@dataclass(frozen=True)
class Beam:
    """Tube voltage, noise and kernel of a scan, and what is done about metal."""

    kvp: float
    noise_hu: float
    psf_mm: float
    sharpen: float
    reduction: Reduction = "none"


@dataclass(frozen=True, eq=False)
class _Geometry:
    """Views and readings of one turn around the middle of a slice."""

    corner: FloatArray
    step: FloatArray
    directions: FloatArray
    start: FloatArray
    readings: int

    @classmethod
    def around(cls, shape: tuple[int, ...], spacing_mm: tuple[float, float]) -> _Geometry:
        step = np.array(spacing_mm, float)
        corner = -(np.array(shape[-2:]) - 1) / 2 * step
        angles = (np.arange(_VIEWS) + 0.5) * np.pi / _VIEWS
        half = int(np.ceil(np.hypot(*corner) / _READING_MM)) + 3
        start = np.array([-half * _READING_MM, _READING_MM])
        return cls(corner, step, np.stack([np.cos(angles), np.sin(angles)], axis=1), start, 2 * half + 1)

    def rays(self, wanted: NDArray[np.bool_]) -> FloatArray:
        """Cosine, sine and offset of the rays wanted of (views, readings)."""
        view, reading = np.nonzero(wanted)
        offset = self.start[0] + reading * self.start[1]
        return np.column_stack([self.directions[view], offset])


@dataclass(frozen=True, eq=False)
class _Readings:
    """What a scanner reads of a slice along rays that meet metal, corrected for water.

    Parameters
    ----------
    quanta
        Of a reading without a body.
    met
        (views, readings) bool: rays that meet metal.
    plain, change
        (views, readings) mm of water: readings with water in place of metal without noise, and what metal changes;
        0 where no metal is met.
    """

    content: Slice
    beam: Beam
    geometry: _Geometry
    quanta: float
    met: NDArray[np.bool_]
    plain: FloatArray
    change: FloatArray


def metal_change(content: Slice, beam: Beam, rng: np.random.Generator) -> Field:
    """Return what metal changes in a slice: (rows, columns) float32, HU to be added to the slice with water instead.

    Raises
    ------
    ValueError
        There is no metal in it.
    """
    readings = _read(content, beam, rng)
    image = _reconstructed(readings.change, readings)
    return image if beam.reduction == "none" else _reduced(readings, image, rng)


def _read(content: Slice, beam: Beam, rng: np.random.Generator) -> _Readings:
    """Project a slice, count what is left of the beam behind metal, and correct for water."""
    geometry = _Geometry.around(content.hu.shape, content.spacing_mm)
    metal = _metal_lengths(content, geometry)
    total = np.sum(list(metal.values()), axis=0)
    met = total > _LEAST_METAL_MM
    if not met.any():
        raise ValueError("no metal in this slice")
    water, bone = _body_lengths(content, geometry, met, beam.kvp)
    without = transmitted({"water": water, "bone": bone}, beam.kvp)
    inside: dict[str, NDArray[np.float32]] = {name: length[met] for name, length in metal.items()}
    left = transmitted({"water": water - total[met], "bone": bone, **inside}, beam.kvp)
    quanta = _quanta(content, geometry, beam)
    counts, plain, change = (np.zeros(met.shape) for _ in range(3))
    counts[met] = _counted(left + _SCATTER * without, quanta, rng)
    counts = _steadied(counts, met)
    plain[met] = water_equivalent_mm(without, beam.kvp)
    change[met] = water_equivalent_mm(np.maximum(counts[met], _LEAST) / quanta, beam.kvp) - plain[met]
    return _Readings(content, beam, geometry, quanta, met, plain, change)


def _reduced(readings: _Readings, image: Field, rng: np.random.Generator) -> Field:
    """Return the change of a slice with readings through what is seen as metal interpolated, that metal put back."""
    content, beam, geometry = readings.content, readings.beam, readings.geometry
    seen = content.hu + image > _METAL_HU
    if not seen.any():
        return image
    trace = _trace(seen, content, geometry)
    more = (trace | _beside(trace)) & ~readings.met
    water, bone = _body_lengths(content, geometry, more, beam.kvp)
    dry = transmitted({"water": water, "bone": bone}, beam.kvp)
    counts = np.maximum(_counted(dry, readings.quanta, rng), _LEAST)
    plain, change = readings.plain.copy(), readings.change.copy()
    plain[more] = water_equivalent_mm(dry, beam.kvp)
    change[more] = water_equivalent_mm(counts / readings.quanta, beam.kvp) - plain[more]
    bridged = np.where(trace, _bridged(plain + change, trace) - plain, readings.change)
    return np.where(seen, image, _reconstructed(bridged, readings))


def _metal_lengths(content: Slice, geometry: _Geometry) -> dict[Metal, NDArray[np.float32]]:
    """Length of every ray in each metal, (views, readings) mm."""
    shares = np.stack(list(content.metal.values()))
    lengths = _lengths_of(shares, geometry)
    return dict(zip(content.metal, lengths, strict=True))


def _lengths_of(shares: NDArray[np.float32], geometry: _Geometry) -> NDArray[np.float32]:
    """Line integrals of (m, rows, columns) images that are zero but for a few spots: (m, views, readings)."""
    from scipy.ndimage import find_objects, label

    spots, _ = label(shares.any(axis=0), np.ones((3, 3), np.bool_))
    out = np.zeros((len(shares), len(geometry.directions), geometry.readings), np.float32)
    for k, box in enumerate(find_objects(spots)):
        crop = np.pad(np.where(spots[box] == k + 1, shares[:, *box], 0), ((0, 0), (2, 2), (2, 2)))
        corner = geometry.corner + geometry.step * [box[0].start - 2, box[1].start - 2]
        size = geometry.step * (np.array(crop.shape[1:]) - 1)
        middle = geometry.directions @ (corner + size / 2)[::-1]
        reach = np.abs(geometry.directions) @ (size / 2)[::-1]
        offset = geometry.start[0] + geometry.start[1] * np.arange(geometry.readings)
        near = np.abs(offset - middle[:, None]) < reach[:, None]
        sums = np.zeros((int(near.sum()), len(shares)), np.float32)
        project_rays(np.ascontiguousarray(crop), corner, geometry.step, geometry.rays(near), sums)
        out[:, near] += sums.T
    return out


def _body_lengths(
    content: Slice, geometry: _Geometry, wanted: NDArray[np.bool_], kvp: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Length of water and of cortical bone along the rays wanted, (n,) mm."""
    dense = bone_hu(kvp)
    bone = np.maximum(content.hu - np.float32(_SOFT_HU), 0) / np.float32(dense - _SOFT_HU)
    water = 1 + content.hu / np.float32(1000) - bone * np.float32(1 + dense / 1000)
    sums = np.zeros((int(wanted.sum()), 2), np.float32)
    project_rays(np.stack([water, bone]), geometry.corner, geometry.step, geometry.rays(wanted), sums)
    return sums[:, 0], sums[:, 1]


def _quanta(content: Slice, geometry: _Geometry, beam: Beam) -> float:
    """Quanta of a reading without a body, such that the noise in the middle of the body is what the scan asks for.

    Noise of a reconstructed pixel is that of its readings, through the filter: Kak and Slaney 1988, section 5.2.
    """
    body = content.hu > -500
    at = (np.argwhere(body).mean(axis=0) * geometry.step + geometry.corner)[::-1]
    nearest = np.round((geometry.directions @ at - geometry.start[0]) / geometry.start[1]).astype(int)
    wanted = np.zeros((len(geometry.directions), geometry.readings), np.bool_)
    wanted[np.arange(len(nearest)), nearest] = True
    water, bone = _body_lengths(content, geometry, wanted, beam.kvp)
    left = transmitted({"water": water, "bone": bone}, beam.kvp)
    gain = float(np.sqrt((_kernel(geometry.readings, beam)[1] ** 2).sum())) * np.pi / np.sqrt(_VIEWS)
    slope = (water_equivalent_mm(left * 0.99, beam.kvp) - water_equivalent_mm(left, beam.kvp)) / 0.01
    return float((slope**2 / left).mean() * (1000 * gain / max(beam.noise_hu, 1.0)) ** 2)


def _counted(left: FloatArray, quanta: float, rng: np.random.Generator) -> FloatArray:
    """Return quanta that are counted of those that are left, with electronic noise."""
    return np.asarray(rng.poisson(left * quanta) + rng.normal(0, _ELECTRONIC, left.shape))


def _steadied(counts: FloatArray, met: NDArray[np.bool_]) -> FloatArray:
    """Mix readings of few quanta with such neighbours in this view and the next two, the more the fewer they are."""
    from scipy.ndimage import uniform_filter

    few = met & (counts < 2 * _STARVED)
    weight = uniform_filter(few.astype(np.float32), _STEADIED)
    mean = uniform_filter(np.where(few, counts, 0.0), _STEADIED) / np.maximum(weight, 1e-6)
    share = np.clip(1.5 - 1.5 * mean / _STARVED, 0, 1)
    return np.where(few, counts * (1 - share) + mean * share, counts)


def _trace(seen: NDArray[np.bool_], content: Slice, geometry: _Geometry) -> NDArray[np.bool_]:
    """Rays through what is taken for metal."""
    return np.asarray(_lengths_of(seen[None].astype(np.float32), geometry)[0] > _TRACE_SHARE * min(content.spacing_mm))


def _beside(trace: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the readings next to a trace in the same view."""
    beside = np.zeros_like(trace)
    beside[:, 1:] |= trace[:, :-1]
    beside[:, :-1] |= trace[:, 1:]
    return beside & ~trace


def _bridged(reading: FloatArray, trace: NDArray[np.bool_]) -> FloatArray:
    """Return readings interpolated across the trace of metal, view by view."""
    out = reading.copy()
    for view, gone in zip(out, trace, strict=True):
        if gone.any() and not gone.all():
            at = np.flatnonzero(_beside(gone[None])[0])
            view[gone] = np.interp(np.flatnonzero(gone), at, view[at])
    return out


def _kernel(readings: int, beam: Beam) -> tuple[int, FloatArray]:
    """Return the length of the transform, and the reconstruction kernel in space, 1/mm: a ramp and the scan's blur."""
    return _kernel_of(readings, beam.psf_mm, beam.sharpen)


@lru_cache(maxsize=8)
def _kernel_of(readings: int, psf_mm: float, sharpen: float) -> tuple[int, FloatArray]:
    from scipy.fft import next_fast_len

    size = next_fast_len(2 * readings, real=True)
    k = np.fft.fftfreq(size, 1 / size).round().astype(int)
    odd = k % 2 != 0
    ramp = np.where(odd, -1 / (np.pi**2 * np.where(odd, k, 1) ** 2), 0.0)
    ramp[0] = 0.25
    f = np.fft.rfftfreq(size, _READING_MM)
    blur = np.exp(-2 * (np.pi * f * psf_mm) ** 2)
    edge = 1 + sharpen * (1 - np.exp(-2 * (np.pi * f * 1.1) ** 2))
    return size, np.fft.irfft(np.fft.rfft(ramp / _READING_MM).real * blur * edge, size)


def _reconstructed(change: FloatArray, readings: _Readings) -> Field:
    """Filter changes of readings (views, readings) in mm of water and project them back: (rows, columns) HU."""
    from scipy.fft import irfft, rfft

    geometry = readings.geometry
    size, kernel = _kernel(geometry.readings, readings.beam)
    gain = (np.pi / _VIEWS) * rfft(kernel).real.astype(np.float32)
    filtered = irfft(rfft(change.astype(np.float32), size, axis=1) * gain, size, axis=1)[:, : geometry.readings]
    share = (np.arange(FINER, dtype=np.float32) / np.float32(FINER))[None, None]
    finer = (filtered[:, :-1, None] * (1 - share) + filtered[:, 1:, None] * share).reshape(len(change), -1)
    image = np.zeros(readings.content.hu.shape, np.float32)
    start = geometry.start / [1, FINER]
    back_project(np.ascontiguousarray(finer), geometry.directions, start, geometry.corner, geometry.step, image)
    return image * np.float32(1000)
