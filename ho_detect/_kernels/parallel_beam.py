"""Line integrals through slices along parallel rays, and their way back: the two loops of filtered back projection.

A ray of a view is ``x cos + y sin = offset``, with the view's cosine and sine. Rays are followed by Joseph's method:
from row to row (or column to column, whichever the ray crosses more steeply), linear in between (Joseph 1982,
10.1109/TMI.1982.4307572).

Of a slice of 390 by 512 pixels, 600 views of 650 readings, on one core: 0.3 s there and 0.16 s back, which take
scikit-image's radon and iradon 7.9 and 1.3 s; finufft, which would be one more dependency of every installation, 0.05 s
each. Most rays of a slice meet no metal and are left out.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ho_detect._kernels._jit import kernel

#: Values of a filtered view for each reading: a pixel takes the nearest of so many instead of interpolating.
FINER = 4


@kernel
def project_rays(images: Any, corner: Any, step: Any, rays: Any, sums: Any) -> None:
    """Add line integrals of several images of one slice along given rays.

    Not checked: shapes, and that the steps are positive. Outside of the outermost pixel centers nothing is added.

    Parameters
    ----------
    images
        (m, rows, columns) float32.
    corner, step
        (2,) float64: y and x of the first pixel's center, and between centers, mm.
    rays
        (n, 3) float64: cosine, sine and offset (mm) of each.
    sums
        (n, m) float32, added to in place: integrals, value times mm.
    """
    m, rows, columns = images.shape
    y0, x0 = corner
    dy, dx = step
    for r in range(len(rays)):
        c, s, offset = rays[r]
        along_y = abs(c) * dx >= abs(s) * dy
        if along_y:
            first, slope, count, across = ((offset - y0 * s) / c - x0) / dx, -dy * s / (c * dx), rows, columns
            length = dy / abs(c)
        else:
            first, slope, count, across = ((offset - x0 * c) / s - y0) / dy, -dx * c / (s * dy), columns, rows
            length = dx / abs(s)
        low, high = 0, count
        if slope != 0:
            a, b = -first / slope, (across - 1.0001 - first) / slope
            low, high = max(0, int(np.ceil(min(a, b)))), min(count, int(np.floor(max(a, b))) + 1)
        elif first < 0 or first > across - 1.0001:
            high = 0
        for q in range(m):
            total = 0.0
            for i in range(low, high):
                at = first + i * slope
                j = int(at)
                w = at - j
                if along_y:
                    total += images[q, i, j] * (1.0 - w) + images[q, i, j + 1] * w
                else:
                    total += images[q, j, i] * (1.0 - w) + images[q, j + 1, i] * w
            sums[r, q] += np.float32(total * length)


@kernel
def back_project(views: Any, directions: Any, start: Any, corner: Any, step: Any, image: Any) -> None:
    """Add every view back along its rays.

    Not checked: that every pixel lies on the detector.

    Parameters
    ----------
    views
        (v, n) float32: filtered readings, the nearest is taken.
    directions
        (v, 2) float64: cosine and sine of each view.
    start
        (2,) float64: offset of the first reading and between readings, mm.
    corner, step
        As in :func:`project_rays`.
    image
        (rows, columns) float32, added to in place.
    """
    rows, columns = image.shape
    for v in range(len(views)):
        c, s = directions[v]
        view = views[v]
        along = np.float32(c * step[1] / start[1])
        for i in range(rows):
            y = corner[0] + i * step[0]
            first = np.float32((corner[1] * c + y * s - start[0]) / start[1] + 0.5)
            row = image[i]
            for j in range(columns):
                row[j] += view[np.int32(first + np.float32(j) * along)]
