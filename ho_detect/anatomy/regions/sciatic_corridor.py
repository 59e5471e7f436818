"""Where the sciatic nerve runs past the hip: a risk region. The nerve itself is not seen in CT.

It leaves the pelvis below the piriformis, behind the ischial spine, passes between ischial tuberosity and greater
trochanter under the gluteus maximus, and goes down behind the femur.
"""

from __future__ import annotations

import numpy as np

from ho_detect.anatomy.fit.hips import HipAnatomy
from ho_detect.anatomy.regions.tubes import Knot, Tubes, hung_on

# In the frame of muscle courses (tubes.py). Places as in any atlas of anatomy; radii convention.
#: Below the piriformis, behind the ischial spine, and behind the upper thigh.
_FORAMEN: Knot = ("p", -34.0, 70.0, 6.0, 13.0)
_BEHIND_SPINE: Knot = ("p", -16.0, 68.0, -14.0, 15.0)
_THIGH: Knot = ("f", 14.0, 54.0, -85.0, 15.0)
#: Lateral edge of the ischial tuberosity, and the back of the greater trochanter.
_TUBEROSITY: Knot = ("p", -20.0, 55.0, -41.0, 0.0)
_TROCHANTER: Knot = ("f", 33.0, 44.0, -24.0, 0.0)
#: Between the two the corridor leaves so much to either, and lies so far behind the line that joins them, mm.
_BESIDE_BONE_MM, _BEHIND_MM = 5.0, 8.0
#: ... and is at least so wide, mm.
_LEAST_RADIUS_MM = 10.0


def sciatic_corridor(hip: HipAnatomy) -> Tubes:
    """Return the corridor of one hip, hung on its fitted bones."""
    hung = hung_on(hip)
    foramen, spine, thigh = (hung(knot) for knot in (_FORAMEN, _BEHIND_SPINE, _THIGH))
    tuberosity, trochanter = hung(_TUBEROSITY), hung(_TROCHANTER)
    back = spine - hip.center_lps_mm
    back -= (back @ (trochanter - tuberosity)) * (trochanter - tuberosity) / np.sum((trochanter - tuberosity) ** 2)
    between = (tuberosity + trochanter) / 2 + _BEHIND_MM * back / np.linalg.norm(back)
    wide_mm = max(float(np.linalg.norm(trochanter - tuberosity)) / 2 - _BESIDE_BONE_MM, _LEAST_RADIUS_MM)
    at = np.array([foramen, spine, between, thigh])
    radii = np.array([_FORAMEN[4], _BEHIND_SPINE[4], wide_mm, _THIGH[4]])
    return Tubes(at[:-1], at[1:], np.stack([radii[:-1], radii[1:]], axis=1))
