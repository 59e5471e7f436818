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
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ho_detect.image.grid import FloatArray
from ho_detect.simulation.fields import Field
from ho_detect.simulation.reconstruction import Geometry, integrals, kernel, noise_gain, reconstructed, sparse_integrals
from ho_detect.simulation.xray import Metal, bone_hu, transmitted, water_equivalent_mm

#: None; or readings through metal interpolated between those beside it (Kalender 1987,
#: 10.1148/radiology.164.2.3602406).
Reduction = Literal["none", "interpolation"]

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
    geometry: Geometry
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
    image = _image(readings, readings.change)
    return image if beam.reduction == "none" else _reduced(readings, image, rng)


def _read(content: Slice, beam: Beam, rng: np.random.Generator) -> _Readings:
    """Project a slice, count what is left of the beam behind metal, and correct for water."""
    geometry = Geometry.around(content.hu.shape, content.spacing_mm)
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
    return np.where(seen, image, _image(readings, bridged))


def _metal_lengths(content: Slice, geometry: Geometry) -> dict[Metal, NDArray[np.float32]]:
    """Length of every ray in each metal, (views, readings) mm."""
    shares = np.stack(list(content.metal.values()))
    lengths = sparse_integrals(shares, geometry)
    return dict(zip(content.metal, lengths, strict=True))


def _body_lengths(
    content: Slice, geometry: Geometry, wanted: NDArray[np.bool_], kvp: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Length of water and of cortical bone along the rays wanted, (n,) mm."""
    dense = bone_hu(kvp)
    bone = np.maximum(content.hu - np.float32(_SOFT_HU), 0) / np.float32(dense - _SOFT_HU)
    water = 1 + content.hu / np.float32(1000) - bone * np.float32(1 + dense / 1000)
    sums = integrals(np.stack([water, bone]), geometry, wanted)
    return sums[:, 0], sums[:, 1]


def _quanta(content: Slice, geometry: Geometry, beam: Beam) -> float:
    """Quanta of a reading without a body, such that the noise in the middle of the body is what the scan asks for."""
    body = content.hu > -500
    at = (np.argwhere(body).mean(axis=0) * geometry.step + geometry.corner)[::-1]
    nearest = np.round((geometry.directions @ at - geometry.start[0]) / geometry.start[1]).astype(int)
    wanted = np.zeros((len(geometry.directions), geometry.readings), np.bool_)
    wanted[np.arange(len(nearest)), nearest] = True
    water, bone = _body_lengths(content, geometry, wanted, beam.kvp)
    left = transmitted({"water": water, "bone": bone}, beam.kvp)
    gain = noise_gain(kernel(geometry.readings, beam.psf_mm, beam.sharpen))
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


def _trace(seen: NDArray[np.bool_], content: Slice, geometry: Geometry) -> NDArray[np.bool_]:
    """Rays through what is taken for metal."""
    return np.asarray(
        sparse_integrals(seen[None].astype(np.float32), geometry)[0] > _TRACE_SHARE * min(content.spacing_mm)
    )


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


def _image(readings: _Readings, change: FloatArray) -> Field:
    """Reconstruct changes of readings (views, readings) in mm of water: (rows, columns) HU."""
    geometry, beam = readings.geometry, readings.beam
    filtered = kernel(geometry.readings, beam.psf_mm, beam.sharpen)
    return reconstructed(change, geometry, filtered, readings.content.hu.shape) * np.float32(1000)
