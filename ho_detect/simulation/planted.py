"""Lesions put into a CT that is given, with its own noise and resolution: islands, spurs, sheets and bridges."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ho_detect.image.grid import FloatArray, Grid
from ho_detect.simulation.fields import Box, Field, coverage, smooth_noise, voxel_width
from ho_detect.simulation.maturity import Maturity, attenuation, ragged
from ho_detect.simulation.render import render
from ho_detect.simulation.shapes import Ellipsoid, Frame, tube

#: Standard deviation of the point spread of a body CT in the slice plane, mm.
_PSF_MM = 0.6
#: What is smoothed over so much is tissue without its noise, mm.
_TISSUE_MM = 2.2


@dataclass(frozen=True, eq=False)
class Host:
    """A CT that takes implants.

    Parameters
    ----------
    grid
        Canonical: axes close to (superior, posterior, left).
    hu
        (Z, Y, X) float32; painted in place.
    bone
        bool: bone as seen, which stays as it is.
    body
        bool: inside of the skin by some mm.
    labels
        uint16; painted in place.
    """

    grid: Grid
    hu: Field
    bone: NDArray[np.bool_]
    body: NDArray[np.bool_]
    labels: NDArray[np.uint16]

    def axial(self, box: Box) -> Grid:
        """Return a box's grid as if it were axial, with its own origin: shapes are drawn in its millimetres."""
        shape = (box[0].stop - box[0].start, box[1].stop - box[1].start, box[2].stop - box[2].start)
        return Grid.axial(shape, self.grid.spacing_mm)


def rod(grid: Grid, path: FloatArray, radii: FloatArray, rng: np.random.Generator) -> Field:
    """Return the signed distance to a rod with an uneven surface, on the whole of a small grid, mm."""
    box, d = render(tube(path, radii), grid, margin_mm=12.0)
    out = np.full(grid.shape, 12.0, np.float32)
    out[box] = d
    return out + np.float32(0.15 * float(radii.mean())) * smooth_noise(rng, grid, max(8.0, 1.2 * float(radii.mean())))


def ball(grid: Grid, center: FloatArray, semi_axes_mm: FloatArray, rng: np.random.Generator) -> Field:
    """Return the signed distance to an uneven ellipsoid turned at random, on the whole of a small grid, mm."""
    turned, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    p, q, r = semi_axes_mm.tolist()
    box, d = render(Ellipsoid(Frame(turned, center), (p, q, r)), grid, margin_mm=12.0)
    out = np.full(grid.shape, 12.0, np.float32)
    out[box] = d
    return out + np.float32(0.15 * p) * smooth_noise(rng, grid, max(7.0, 1.1 * p))


def implant(host: Host, box: Box, d: Field, maturity: Maturity, rng: np.random.Generator) -> int | None:
    """Put a lesion in: between what was there and its own attenuation, by its share of each voxel.

    What was there is taken as smoothed, so that the scan's noise goes on through the lesion; edges are as blurred as
    the scan's.

    Parameters
    ----------
    d
        float32 on the box: signed distance to the lesion's surface, mm.

    Returns
    -------
    int or None
        Its label, or None when nothing of at least 40 mm3 is left beside bone and inside of the body.
    """
    from scipy.ndimage import gaussian_filter, label

    grid = host.axial(box)
    d = ragged(rng, grid, d) if maturity == "mixed" else d
    spacing, width = np.array(grid.spacing_mm), voxel_width(grid)
    free = host.body[box] & ~host.bone[box] & (host.labels[box] == 0)
    parts, _ = label((d < 0) & free, np.ones((3, 3, 3), np.bool_))
    size = np.bincount(parts.ravel())
    size[0] = 0
    least = 40.0 / grid.voxel_volume_mm3
    mask = (size >= least)[parts] if maturity == "mixed" else (parts == int(size.argmax())) & (size.max() >= least)
    if not mask.any():
        return None
    share = coverage(d, width) * (host.body[box] & ~host.bone[box])
    share = gaussian_filter(
        np.where(mask | (share < 0.5), share, 0).astype(np.float32), [0.0, *(_PSF_MM / spacing[1:])]
    )
    share = np.where(host.bone[box], 0, share)
    value = attenuation(rng, grid, d, maturity)
    tissue = gaussian_filter(host.hu[box], _TISSUE_MM / spacing)
    host.hu[box] += share * (value - tissue)
    number = int(host.labels.max()) + 1
    host.labels[box][mask] = number
    return number
