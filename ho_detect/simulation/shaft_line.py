"""Where the medullary canal of a femur runs, and the tip of its greater trochanter, as they are on the canvas."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ho_detect.image.grid import FloatArray
from ho_detect.image.sides import Side
from ho_detect.simulation.canvas import Canvas
from ho_detect.simulation.femur import neck_base, scale_of
from ho_detect.simulation.fields import box_of
from ho_detect.simulation.shapes import Frame

#: The middle is followed from so far below where the neck meets the shaft, and the canal from where the lesser
#: trochanter ends, mm at a head radius of 24.4 mm; in such steps.
_MIDDLE_BELOW_MM, _CANAL_BELOW_MM, _STEP_MM = 6.0, 45.0, 8.0
#: Steps and voxels that must be in view to follow it.
_LEAST_STEPS, _LEAST_VOXELS = 4, 40
#: As in the table of the drawn femur: used where the shaft is out of view.
_USUAL = ((1.0, 0.0, -6.0), (0.0, -3.0, -42.0), (0.0, -7.0, -80.0), (0.0, -10.0, -130.0))
_USUAL_RADIUS_MM = 13.0
#: Cortex of the upper shaft, mm, at a density of 1.
_CORTEX_MM = 5.0


@dataclass(frozen=True, eq=False)
class ShaftLine:
    """The middle of a shaft in its femur's frame.

    Parameters
    ----------
    middles
        (n, 3) mm (lateral, posterior, superior) from the head center, from below up.
    canal_mm
        Radius of the canal.
    """

    frame: Frame
    middles: FloatArray
    canal_mm: float

    def local(self, height_mm: float) -> FloatArray:
        """Middle at a height; as at the nearest end beyond both ends, mm."""
        z = self.middles[:, 2]
        return np.array([*(np.interp(height_mm, z, self.middles[:, i]) for i in range(2)), height_mm])

    def world(self, height_mm: float) -> FloatArray:
        """Middle at a height, LPS mm."""
        return self.frame.to_world(self.local(height_mm))


def shaft_line(canvas: Canvas, side: Side) -> ShaftLine:
    """Follow the middle of the shaft in view; as the drawn femur has it where too little is in view."""
    hip, frame, field = canvas.person.hip(side), canvas.frames.femur[side], canvas.skeleton.femur[side]
    base, k = neck_base(hip), scale_of(hip)
    step = np.maximum(1, (2.0 / np.array(canvas.grid.spacing_mm)).astype(int))
    index = np.argwhere(field[:: step[0], :: step[1], :: step[2]] < 0) * step
    local = np.stack(frame.to_local(*canvas.grid.to_lps(index).T), axis=1)
    depth = -field[tuple(index.T)]
    bins = np.floor((base[2] - _MIDDLE_BELOW_MM * k - local[:, 2]) / _STEP_MM).astype(int)
    rows, radii = [], []
    for b in range(24):
        here = bins == b
        # a step that the edge of the view cuts has its middle elsewhere
        if here.sum() < _LEAST_VOXELS or np.ptp(local[here, 2]) < 0.6 * _STEP_MM:
            continue
        rows.append([*local[here, :2].mean(axis=0), base[2] - _MIDDLE_BELOW_MM * k - (b + 0.5) * _STEP_MM])
        if rows[-1][2] < base[2] - _CANAL_BELOW_MM * k:
            radii.append(float(depth[here].max()))
    rows = rows[:-1]
    cortex = _CORTEX_MM * k * (0.6 + 0.4 * min(canvas.person.bone_density, 1.0))
    if len(rows) < _LEAST_STEPS or not radii:
        return ShaftLine(frame, (base + np.array(_USUAL) * k)[::-1], _USUAL_RADIUS_MM * k - cortex)
    middles = np.array(rows)[::-1]
    inner = (middles[:-2, :2] + 2 * middles[1:-1, :2] + middles[2:, :2]) / 4
    middles[1:-1, :2] = inner
    return ShaftLine(frame, middles, float(np.median(radii)) - cortex)


def trochanter_tip(canvas: Canvas, side: Side) -> FloatArray:
    """Return the tip of the greater trochanter in the femur's frame, mm; as usual where it is out of view."""
    hip, frame, field = canvas.person.hip(side), canvas.frames.femur[side], canvas.skeleton.femur[side]
    base, k = neck_base(hip), scale_of(hip)
    usual = base + np.array([10, 6, 30]) * k
    box = box_of(canvas.grid, np.sort(frame.to_world([usual - 20, usual + 20]), axis=0), 12.0)
    index = np.argwhere(field[box] < -3) + [s.start for s in box]
    local = np.stack(frame.to_local(*canvas.grid.to_lps(index).T), axis=1)
    # lateral of where the neck leaves it
    local = local[local[:, 0] > base[0] - 2 * k]
    if len(local) < _LEAST_VOXELS // 2:
        return usual
    return np.asarray(local[local[:, 2] > local[:, 2].max() - 5].mean(axis=0))
