"""A small simulated scan whose analysis calls every kernel with every type of array that a scan can bring."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import numpy as np

from ho_detect.analyze import analyze
from ho_detect.simulation.implant_plans import TotalHip
from ho_detect.simulation.scan import orient
from ho_detect.simulation.studies import SAMPLES
from ho_detect.simulation.study import simulate


def compile_all() -> None:
    """Analyse a hip with ossification beside one of metal, as stored head first and feet first."""
    plan = SAMPLES[0]
    scan = msgspec.structs.replace(plan.scan, spacing_mm=(3.0, 2.0, 2.0))
    volume = simulate(msgspec.structs.replace(plan, scan=scan, implants=(TotalHip(side="right"),))).volume
    analyze(volume)
    # its axes run backwards: arrays of another layout
    grid, steps = orient(volume.grid, "FFS")
    backwards = volume.hu[tuple(slice(None, None, step) for step in steps)]
    analyze(replace(volume, hu=np.ascontiguousarray(backwards), grid=grid))
