"""Implants put into a person on a canvas, and how much of each metal is in each voxel."""

from __future__ import annotations

import numpy as np

from ho_detect.image.sides import Side
from ho_detect.simulation.canvas import Canvas
from ho_detect.simulation.fields import Field, coverage
from ho_detect.simulation.fracture_fixation import place_cannulated_screws, place_nail, place_plate
from ho_detect.simulation.implant_plans import CannulatedScrews, HemiHip, Implant, Nail, Plate, TotalHip
from ho_detect.simulation.joint_replacement import Placed, place_hemi_hip, place_total_hip
from ho_detect.simulation.xray import METALS, Metal


def place_implants(canvas: Canvas, plans: tuple[Implant, ...]) -> dict[Side, Placed]:
    """Put implants in, in place; return the ball of each replaced joint."""
    placed: dict[Side, Placed] = {}
    for number, plan in enumerate(plans, 1):
        match plan:
            case TotalHip():
                placed[plan.side] = place_total_hip(canvas, plan, number)
            case HemiHip():
                placed[plan.side] = place_hemi_hip(canvas, plan, number)
            case Nail():
                place_nail(canvas, plan, number)
            case Plate():
                place_plate(canvas, plan, number)
            case CannulatedScrews():
                place_cannulated_screws(canvas, plan, number)
    return placed


def metal_shares(canvas: Canvas) -> dict[Metal, Field]:
    """Share of every voxel that is of each metal, on the canvas's grid; without metals that are not there."""
    shares: dict[Metal, Field] = {}
    for part in canvas.parts:
        for metal in METALS:
            if part.material == metal:
                share = shares.setdefault(metal, np.zeros(canvas.grid.shape, np.float32))
                share[part.box] = np.minimum(share[part.box] + coverage(part.distance, canvas.width_mm), 1)
    return shares


def metal_labels(canvas: Canvas) -> list[int]:
    """Labels of the parts that are of metal."""
    return [part.label for part in canvas.parts if part.material in METALS]
