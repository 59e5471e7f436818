"""Simulated hips with implants, for the tests of what is laid and of what is told of it."""

from __future__ import annotations

import msgspec
import numpy as np
from phantoms import COARSE, hip_phantom

from ho_detect.simulation.implant_plans import CannulatedScrews, HemiHip, Nail, Plate, TotalHip

#: A view as far down as implants reach.
LONG = msgspec.structs.replace(COARSE, below_mm=150.0)
TOTAL = TotalHip(side="left", cup_screws=2, wires=1)
CEMENTED = TotalHip(side="left", cup=None, cemented=True, stem="cobalt_chromium")
HEMI = HemiHip(side="left")
NAIL = Nail(side="left", length_mm=150.0)
PLATE = Plate(side="left")
SCREWS = CannulatedScrews(side="left")
REPLACEMENTS, FIXATIONS = (TOTAL, CEMENTED, HEMI), (NAIL, PLATE, SCREWS)


def name_of(implant):
    """Return what a parametrized test calls an implant."""
    return {id(i): n for i, n in ((TOTAL, "total"), (CEMENTED, "cemented"))}.get(id(implant), type(implant).__name__)


def study_of(implant, ossification=(), **scan):
    """Return the cached study with that implant in the left hip."""
    return hip_phantom(ossification, implants=(implant,), scan=msgspec.structs.replace(LONG, **scan))


def points(study, mask):
    """Return where the voxels of a mask lie, (n, 3) LPS mm."""
    return study.volume.grid.to_lps(np.argwhere(mask))


def part_of(study, kind):
    """Return what is true of the first part of a kind."""
    return next(p for p in study.truth.implants[0].parts if p.kind == kind)
