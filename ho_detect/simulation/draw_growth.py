"""Random ossification: kinds, places, sizes and maturity of what has grown."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ho_detect.image.sides import SIDES, Side
from ho_detect.simulation.growth_plans import Bridge, Encasing, Island, Ossification, Sheet, Spur
from ho_detect.simulation.maturity import Maturity
from ho_detect.simulation.muscles import Muscle
from ho_detect.simulation.person import Person

_ISLAND_MUSCLES: tuple[Muscle, ...] = (
    "iliopsoas", "rectus_femoris", "gluteus_medius", "gluteus_minimus", "gluteus_maximus", "external_rotators",
    "adductors", "obturator_externus", "vastus_lateralis", "pectineus",
)  # fmt: skip
_BRIDGE_MUSCLES: tuple[Muscle, ...] = (
    "iliopsoas",
    "gluteus_medius",
    "gluteus_minimus",
    "external_rotators",
    "pectineus",
    "rectus_femoris",
)

#: Share of each maturity.
_MATURITY: tuple[tuple[Maturity, float], ...] = (
    ("mature", 0.35),
    ("intermediate", 0.2),
    ("immature", 0.15),
    ("mixed", 0.3),
)


def _maturity(rng: np.random.Generator) -> Maturity:
    return _MATURITY[int(rng.choice(len(_MATURITY), p=[share for _, share in _MATURITY]))][0]


def _of(rng: np.random.Generator, muscles: tuple[Muscle, ...]) -> Muscle:
    return muscles[int(rng.integers(len(muscles)))]


def _island(rng: np.random.Generator, side: Side) -> Ossification:
    volume = float(np.round(rng.choice([0.3, 0.6, 1.2, 3.0, 8.0, 20.0]) * rng.uniform(0.7, 1.4), 2))
    return Island(
        side=side,
        muscle=_of(rng, _ISLAND_MUSCLES),
        volume_ml=volume,
        maturity=_maturity(rng),
        clearance_mm=float(rng.choice([1.5, 3.0, 5.0])),
        along=float(rng.uniform(0.2, 0.8)),
    )


def _spur(rng: np.random.Generator, side: Side) -> Ossification:
    """Draw a spur; every second has 2 to 4 mL, as large as osteophytes are."""
    small = rng.random() < 0.5
    return Spur(
        side=side,
        muscle=_of(rng, _ISLAND_MUSCLES),
        origin="femur" if rng.random() < 0.55 else "pelvis",
        length_mm=float(rng.uniform(15, 22) if small else rng.uniform(18, 45)),
        width_mm=float(rng.uniform(11, 15) if small else rng.uniform(8, 17)),
        gap_mm=float(rng.choice([3.0, 6.0, 11.0])),
        maturity=_maturity(rng),
        along=float(rng.uniform(0.2, 0.8)),
    )


def _sheet(rng: np.random.Generator, side: Side) -> Ossification:
    return Sheet(
        side=side,
        aspect=str(rng.choice(["anterior", "posterior", "medial", "lateral"])),  # type: ignore[arg-type]
        length_mm=float(rng.uniform(30, 80)),
        width_mm=float(rng.uniform(14, 34)),
        thickness_mm=float(rng.uniform(3.5, 9)),
        gap_mm=float(rng.choice([0.0, 0.0, 2.5])),
        below_mm=float(rng.uniform(30, 75)),
        maturity=_maturity(rng),
    )


def _bridge(rng: np.random.Generator, side: Side) -> Ossification:
    return Bridge(
        side=side,
        muscle=_of(rng, _BRIDGE_MUSCLES),
        width_mm=float(rng.uniform(14, 34)),
        gap_mm=float(rng.choice([0.0, 0.0, 4.0, 8.0])),
        gap_at="femur" if rng.random() < 0.5 else "pelvis",
        maturity=_maturity(rng),
        along=float(rng.uniform(0.2, 0.8)),
    )


def _encasing(rng: np.random.Generator, side: Side) -> Ossification:
    muscles = tuple(rng.choice(_BRIDGE_MUSCLES, size=int(rng.integers(1, 4)), replace=False).tolist())
    return Encasing(
        side=side,
        muscles=muscles,
        width_mm=float(rng.uniform(26, 52)),
        maturity="mixed" if rng.random() < 0.75 else "mature",
        along=float(rng.uniform(0.35, 0.65)),
    )


_KINDS: tuple[tuple[Callable[[np.random.Generator, Side], Ossification], float], ...] = (
    (_island, 0.34),
    (_spur, 0.24),
    (_sheet, 0.18),
    (_bridge, 0.14),
    (_encasing, 0.1),
)


def draw_growths(rng: np.random.Generator, person: Person) -> tuple[Ossification, ...]:
    """Draw none to five ossifications; beside osteophytes every second study has a spur more."""
    growths = []
    for _ in range(int(rng.choice(6, p=[0.14, 0.2, 0.26, 0.2, 0.12, 0.08]))):
        draw = _KINDS[int(rng.choice(len(_KINDS), p=[share for _, share in _KINDS]))][0]
        growths.append(draw(rng, SIDES[int(rng.integers(2))]))
    worn = [side for side in SIDES if person.hip(side).osteophytes]
    if worn and rng.random() < 0.5:
        growths.append(_spur(rng, worn[int(rng.integers(len(worn)))]))
    return tuple(growths)
