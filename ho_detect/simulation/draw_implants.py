"""Random implants: which, of what metal and size, and ossification as it grows around them."""

from __future__ import annotations

from typing import Literal

import numpy as np

from ho_detect.image.sides import Side
from ho_detect.simulation.growth_plans import Bridge, Island, Ossification, Sheet, Spur
from ho_detect.simulation.implant_plans import CannulatedScrews, HemiHip, Implant, Nail, Plate, TotalHip
from ho_detect.simulation.maturity import Maturity
from ho_detect.simulation.muscles import Muscle
from ho_detect.simulation.xray import Metal

ImplantKind = Literal["total_hip", "hemi_hip", "nail", "plate", "cannulated_screws"]
KINDS: tuple[ImplantKind, ...] = ("total_hip", "hemi_hip", "nail", "plate", "cannulated_screws")


def _metal(rng: np.random.Generator, *metals: Metal) -> Metal:
    return metals[int(rng.integers(len(metals)))]


def draw_implant(rng: np.random.Generator, kind: ImplantKind, side: Side) -> Implant:
    """Draw metals and sizes of an implant of a kind."""
    if kind == "total_hip":
        cemented = bool(rng.random() < 0.4)
        return TotalHip(
            side=side,
            head=_metal(rng, "cobalt_chromium", "cobalt_chromium", "steel"),
            stem=_metal(rng, "cobalt_chromium", "steel") if cemented else "titanium",
            cup=None if cemented and rng.random() < 0.3 else _metal(rng, "titanium", "titanium", "cobalt_chromium"),
            head_radius_mm=float(rng.choice([11.0, 14.0, 16.0, 18.0])),
            cup_wall_mm=float(rng.uniform(3.0, 5.0)),
            inclination_deg=float(rng.normal(43, 5)),
            anteversion_deg=float(rng.normal(17, 6)),
            shift_mm=(float(rng.uniform(-5, 0)), float(rng.normal(0, 1.5)), float(rng.uniform(-1, 5))),
            stem_length_mm=float(rng.uniform(100, 150)),
            cemented=cemented,
            cup_screws=int(rng.choice([0, 0, 1, 2])),
            wires=int(rng.choice([0, 0, 0, 1, 2, 3])),
        )
    if kind == "hemi_hip":
        metal = _metal(rng, "cobalt_chromium", "steel")
        cemented = bool(rng.random() < 0.7)
        return HemiHip(
            side=side,
            head=metal,
            stem=metal if cemented else "titanium",
            stem_length_mm=float(rng.uniform(100, 140)),
            cemented=cemented,
        )
    if kind == "nail":
        return Nail(
            side=side,
            metal=_metal(rng, "titanium", "titanium", "steel"),
            radius_mm=float(rng.uniform(4.8, 6.0)),
            length_mm=float(rng.choice([170, 180, 200, 240, 380])),
            locking_screw=bool(rng.random() < 0.85),
        )
    if kind == "plate":
        return Plate(
            side=side,
            metal=_metal(rng, "steel", "steel", "titanium"),
            holes=int(rng.integers(3, 6)),
            head_screw=bool(rng.random() < 0.8),
        )
    return CannulatedScrews(
        side=side,
        metal=_metal(rng, "titanium", "steel"),
        count=int(rng.integers(2, 4)),
        radius_mm=float(rng.choice([3.25, 3.65])),
    )


def _maturity(rng: np.random.Generator) -> Maturity:
    return ("mature", "mature", "intermediate", "mixed")[int(rng.integers(4))]


def _muscle(rng: np.random.Generator, *muscles: Muscle) -> Muscle:
    return muscles[int(rng.integers(len(muscles)))]


def draw_growth_beside(rng: np.random.Generator, side: Side) -> Ossification:
    """Draw an ossification as it grows around implants: at trochanter, neck or shaft, above the cup, or a bridge."""
    kind = rng.random()
    along = float(rng.uniform(0.3, 0.7))
    if kind < 0.25:  # from the trochanter up into the abductors
        return Spur(
            side=side, muscle=_muscle(rng, "gluteus_medius", "gluteus_minimus", "gluteus_maximus"), origin="femur",
            length_mm=float(rng.uniform(18, 40)), width_mm=float(rng.uniform(9, 16)), maturity=_maturity(rng),
            along=along, gap_mm=float(rng.choice([3.0, 5.0, 9.0])),
        )  # fmt: skip
    if kind < 0.45:  # from the pelvis above the cup, down
        return Spur(
            side=side, muscle=_muscle(rng, "gluteus_minimus", "rectus_femoris", "iliopsoas"), origin="pelvis",
            length_mm=float(rng.uniform(18, 38)), width_mm=float(rng.uniform(9, 16)), maturity=_maturity(rng),
            along=along, gap_mm=float(rng.choice([3.0, 5.0, 9.0])),
        )  # fmt: skip
    if kind < 0.7:  # an island, most often lateral of or along the neck
        return Island(
            side=side,
            muscle=_muscle(rng, "gluteus_minimus", "gluteus_medius", "iliopsoas", "vastus_lateralis", "rectus_femoris"),
            volume_ml=float(rng.choice([0.6, 1.5, 4.0, 9.0]) * rng.uniform(0.7, 1.4)),
            maturity=_maturity(rng),
            clearance_mm=float(rng.choice([2.0, 4.0, 8.0])),
            along=along,
        )
    if kind < 0.77:
        return Sheet(
            side=side, aspect=("lateral", "medial", "anterior")[int(rng.integers(3))],
            length_mm=float(rng.uniform(30, 60)), width_mm=float(rng.uniform(14, 26)),
            thickness_mm=float(rng.uniform(4, 8)), below_mm=float(rng.uniform(25, 60)), maturity=_maturity(rng),
        )  # fmt: skip
    return Bridge(
        side=side, muscle=_muscle(rng, "gluteus_minimus", "gluteus_medius", "iliopsoas"),
        width_mm=float(rng.uniform(16, 30)), gap_mm=float(rng.choice([0.0, 3.0, 6.0])),
        gap_at="femur" if rng.random() < 0.5 else "pelvis", maturity=_maturity(rng), along=along,
    )  # fmt: skip
