"""Random studies of hips with implants, and ossification around them: a fixed mix of kinds, scans with thin slices."""

from __future__ import annotations

import msgspec
import numpy as np

from ho_detect.image.sides import SIDES, Side
from ho_detect.simulation.bowel import Bowel, Segment
from ho_detect.simulation.draw import ordinary_person
from ho_detect.simulation.draw_growth import draw_growths
from ho_detect.simulation.draw_implants import ImplantKind, draw_growth_beside, draw_implant
from ho_detect.simulation.growth_plans import Ossification
from ho_detect.simulation.implant_plans import Implant
from ho_detect.simulation.mimics import ArterialCalcium, Mimic, Phleboliths
from ho_detect.simulation.person import Person
from ho_detect.simulation.scan import ScanPlan
from ho_detect.simulation.study import StudyPlan

#: What each of twelve consecutive seeds has, from a multiple of twelve on: implants, or barium in the bowel instead.
MIX: tuple[tuple[ImplantKind, ...] | None, ...] = (
    ("total_hip",), ("nail",), ("total_hip",), ("hemi_hip",), ("total_hip",), ("total_hip", "total_hip"),
    ("plate",), ("total_hip",), ("hemi_hip",), ("cannulated_screws",), ("nail",), None,
)  # fmt: skip


def draw_metal_study(seed: int, *, name: str = "metal") -> StudyPlan:
    """Draw a study of a hip with an implant: what by the seed's place in :data:`MIX`, the rest at random.

    Every second study is reconstructed with metal artefact reduction, every second one holds HU up to 30710.

    >>> draw_metal_study(7) == draw_metal_study(7)
    True
    """
    rng = np.random.default_rng([seed, 17])
    kinds = MIX[seed % len(MIX)]
    person = _older(rng, ordinary_person(seed))
    first = SIDES[int(rng.integers(2))]
    sides: tuple[Side, ...] = (first, SIDES[1 - SIDES.index(first)])
    implants: tuple[Implant, ...] = tuple(
        draw_implant(rng, kind, side) for kind, side in zip(kinds or (), sides, strict=False)
    )
    growths = _growths(rng, person, tuple(i.side for i in implants))
    mimics = _mimics(rng) if kinds else _barium(rng)
    round_of_mix = seed // len(MIX)
    scan = msgspec.structs.replace(
        _scan(rng, person),
        metal_reduction="interpolation" if (seed + round_of_mix) % 2 else "none",
        extended_hu=bool((seed // 2 + round_of_mix) % 2) and bool(kinds),
    )
    return StudyPlan(
        name=name, seed=seed, person=person, ossification=growths, mimics=mimics, implants=implants, scan=scan
    )


def _older(rng: np.random.Generator, person: Person) -> Person:
    """Return the person with the bone and muscle of those who get implants."""
    return msgspec.structs.replace(
        person, bone_density=float(rng.uniform(0.45, 1.0)), wasting=float(rng.choice([0.0, 0.0, 0.2, 0.4]))
    )


def _growths(rng: np.random.Generator, person: Person, sides: tuple[Side, ...]) -> tuple[Ossification, ...]:
    """Draw none to three ossifications, most of them beside the implant."""
    count = int(rng.choice(4, p=[0.2, 0.35, 0.3, 0.15]))
    if not sides:
        return draw_growths(rng, person)[:count]
    return tuple(draw_growth_beside(rng, sides[int(rng.integers(len(sides)))]) for _ in range(count))


def _mimics(rng: np.random.Generator) -> tuple[Mimic, ...]:
    mimics: list[Mimic] = [
        ArterialCalcium(side=side, amount=float(rng.uniform(0.1, 1))) for side in SIDES if rng.random() < 0.3
    ]
    if rng.random() < 0.3:
        mimics.append(Phleboliths(count=int(rng.integers(1, 6))))
    return tuple(mimics)


def _barium(rng: np.random.Generator) -> tuple[Mimic, ...]:
    """Fill the large bowel with barium, denser than 12 bits hold in places."""
    segments: tuple[Segment, ...] = ("cecum", "descending", "sigmoid", "rectum")
    return tuple(
        Bowel(
            segment=segment,
            content_hu=float(rng.uniform(2600, 3600)),
            radius_mm=float(rng.uniform(12, 22)),
            gas=float(rng.uniform(0.0, 0.4)),
            haustra=float(rng.uniform(0.1, 0.4)),
            seed=int(rng.integers(2**31)),
        )
        for segment in segments
        if segment == "sigmoid" or rng.random() < 0.7
    )


def _scan(rng: np.random.Generator, person: Person) -> ScanPlan:
    """Draw a scan with thin slices; all of the body is in view, as it is in the beam."""
    wide = person.half_width_mm + 62 * person.size + person.fat_mm + 35
    spacing = float(rng.choice([1.0, 1.25, 1.5, 2.0]))
    in_plane = float(rng.uniform(0.7, 0.9))
    return ScanPlan(
        spacing_mm=(spacing, in_plane, in_plane),
        thickness_mm=spacing,
        above_mm=float(rng.uniform(90, 120)),
        below_mm=float(rng.uniform(120, 180)),
        left_mm=wide,
        right_mm=wide,
        psf_mm=float(rng.uniform(0.45, 0.7)),
        sharpen=float(rng.choice([0.0, 0.0, 0.4, 1.0])),
        noise_hu=float(rng.uniform(9, 22)),
        noise_mm=float(rng.uniform(0.5, 1.2)),
        kvp=float(rng.choice([120, 120, 140])),
    )
