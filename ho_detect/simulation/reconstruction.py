"""Parallel rays through a slice, line integrals along them, and filtered back projection of what they read."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ho_detect._kernels.parallel_beam import FINER, back_project, project_rays
from ho_detect.image.grid import FloatArray
from ho_detect.simulation.fields import Field

#: Views over half a turn, and between readings at the center, mm: those of a 64-slice scanner (convention).
VIEWS, _READING_MM = 580, 0.7
#: Edges are enhanced over so much, mm: as in :func:`ho_detect.simulation.scan.acquire`.
_EDGE_MM = 1.1


@dataclass(frozen=True, eq=False)
class Geometry:
    """Views and readings of half a turn around the middle of a slice.

    Parameters
    ----------
    corner, step
        (2,) mm: y and x of the first pixel's center, and between centers.
    directions
        (views, 2): cosine and sine of each view.
    start
        (2,) mm: offset of the first reading, and between readings.
    """

    corner: FloatArray
    step: FloatArray
    directions: FloatArray
    start: FloatArray
    readings: int

    @classmethod
    def around(cls, shape: tuple[int, ...], spacing_mm: tuple[float, float]) -> Geometry:
        """Return the views around the middle of slices of a shape; all pixels lie on the detector."""
        step = np.array(spacing_mm, float)
        corner = -(np.array(shape[-2:]) - 1) / 2 * step
        angles = (np.arange(VIEWS) + 0.5) * np.pi / VIEWS
        half = int(np.ceil(np.hypot(*corner) / _READING_MM)) + 3
        start = np.array([-half * _READING_MM, _READING_MM])
        return cls(corner, step, np.stack([np.cos(angles), np.sin(angles)], axis=1), start, 2 * half + 1)

    def rays(self, wanted: NDArray[np.bool_]) -> FloatArray:
        """Cosine, sine and offset of the rays wanted of (views, readings)."""
        view, reading = np.nonzero(wanted)
        offset = self.start[0] + reading * self.start[1]
        return np.column_stack([self.directions[view], offset])


def integrals(images: NDArray[np.float32], geometry: Geometry, wanted: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Line integrals of (m, rows, columns) images along wanted rays of (views, readings): (n, m), value times mm."""
    sums = np.zeros((int(wanted.sum()), len(images)), np.float32)
    project_rays(images, geometry.corner, geometry.step, geometry.rays(wanted), sums)
    return sums


def sparse_integrals(shares: NDArray[np.float32], geometry: Geometry) -> NDArray[np.float32]:
    """Line integrals of (m, rows, columns) images, 0 but for a few spots: (m, views, readings), value times mm."""
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


@lru_cache(maxsize=8)
def kernel(readings: int, psf_mm: float, sharpen: float) -> FloatArray:
    """Reconstruction kernel in space, 1/mm, as long as its transform: a ramp, and the blur and edges of a scan."""
    from scipy.fft import next_fast_len

    size = next_fast_len(2 * readings, real=True)
    k = np.fft.fftfreq(size, 1 / size).round().astype(int)
    odd = k % 2 != 0
    ramp = np.where(odd, -1 / (np.pi**2 * np.where(odd, k, 1) ** 2), 0.0)
    ramp[0] = 0.25
    f = np.fft.rfftfreq(size, _READING_MM)
    blur = np.exp(-2 * (np.pi * f * psf_mm) ** 2)
    edge = 1 + sharpen * (1 - np.exp(-2 * (np.pi * f * _EDGE_MM) ** 2))
    return np.fft.irfft(np.fft.rfft(ramp / _READING_MM).real * blur * edge, size)


def reconstructed(values: FloatArray, geometry: Geometry, kernel: FloatArray, shape: tuple[int, ...]) -> Field:
    """Filter line integrals (views, readings), value times mm, and project them back: (rows, columns) values."""
    from scipy.fft import irfft, rfft

    size, readings = len(kernel), geometry.readings
    gain = (np.pi / VIEWS) * rfft(kernel).real.astype(np.float32)
    filtered = irfft(rfft(values.astype(np.float32), size, axis=1) * gain, size, axis=1)[:, :readings]
    share = (np.arange(FINER, dtype=np.float32) / np.float32(FINER))[None, None]
    finer = (filtered[:, :-1, None] * (1 - share) + filtered[:, 1:, None] * share).reshape(len(values), -1)
    image = np.zeros(shape, np.float32)
    start = geometry.start / [1, FINER]
    back_project(np.ascontiguousarray(finer), geometry.directions, start, geometry.corner, geometry.step, image)
    return image


def noise_gain(kernel: FloatArray) -> float:
    """Noise of a pixel for readings whose noise is 1 value times mm (Kak and Slaney 1988, section 5.2)."""
    return float(np.sqrt((kernel**2).sum()) * np.pi / np.sqrt(VIEWS))
