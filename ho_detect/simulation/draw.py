"""Random studies: who, how they lie, what has grown, what only looks like it, and how it is scanned.

A study is drawn in two parts: an ordinary person first (:func:`ordinary_person`), then what this disease and long
illness do: contracture, wasting, thin bone, worn joints.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
import numpy as np

from ho_detect.image.sides import SIDES, Side
from ho_detect.simulation.bowel import Bowel, Segment
from ho_detect.simulation.draw_growth import draw_growths
from ho_detect.simulation.draw_implants import KINDS, draw_implant
from ho_detect.simulation.implant_plans import Implant
from ho_detect.simulation.measured import half_width_mm
from ho_detect.simulation.mimics import ArterialCalcium, Granuloma, Hand, Mimic, Phleboliths
from ho_detect.simulation.person import HipPlan, Person, draw_person
from ho_detect.simulation.scan import Position, ScanPlan
from ho_detect.simulation.study import StudyPlan

_LARGE_BOWEL: tuple[Segment, ...] = ("cecum", "descending", "sigmoid", "rectum")
#: A study is painted on about so many voxels at most: ten seconds on one core.
_VOXELS = 5e6
#: Share of studies with an implant, and of each kind of those.
_WITH_IMPLANT, _KIND_SHARES = 0.11, (0.4, 0.1, 0.3, 0.1, 0.1)


@dataclass(frozen=True)
class _Pose:
    """Ranges of a hip in degrees: flexion, abduction, outward rotation."""

    flexion: tuple[float, float]
    abduction: tuple[float, float]
    rotation: tuple[float, float]


_STRAIGHT = _Pose((-5, 25), (-8, 12), (-15, 25))
_BENT = _Pose((30, 90), (-8, 30), (-20, 40))
_SWEPT_OUT = _Pose((15, 60), (18, 45), (0, 45))
_SWEPT_IN = _Pose((15, 60), (-24, -6), (-35, 5))
_FROG = _Pose((25, 70), (20, 45), (20, 55))
_STIFF = _Pose((-10, 10), (10, 35), (-30, 35))


def _posed(rng: np.random.Generator, hip: HipPlan, pose: _Pose) -> HipPlan:
    flexion, abduction, rotation = (float(rng.uniform(*r)) for r in (pose.flexion, pose.abduction, pose.rotation))
    return msgspec.structs.replace(hip, flexion_deg=flexion, abduction_deg=abduction, rotation_deg=rotation)


def _draw_pose(rng: np.random.Generator, person: Person) -> Person:
    """Bend, sweep and turn: about half of the people have a contracture, a third lie turned or tilted."""
    pairs = (
        (_STRAIGHT, _STRAIGHT), (_BENT, _BENT), (_SWEPT_OUT, _SWEPT_IN), (_FROG, _FROG), (_BENT, _STRAIGHT),
        (_STIFF, _STRAIGHT), (_SWEPT_OUT, _STRAIGHT),
    )  # fmt: skip
    first, second = pairs[int(rng.choice(len(pairs), p=[0.48, 0.14, 0.1, 0.06, 0.1, 0.06, 0.06]))]
    if rng.random() < 0.5:
        first, second = second, first
    lying = rng.random()
    turn = float(rng.choice([-1, 1]) * rng.uniform(65, 100)) if lying < 0.05 else person.turn_deg
    if 0.05 <= lying < 0.2:
        turn = float(rng.uniform(-40, 40))
    tilted, oblique = rng.random() < 0.25, rng.random() < 0.2
    return msgspec.structs.replace(
        person,
        left=_posed(rng, person.left, first),
        right=_posed(rng, person.right, second),
        turn_deg=turn,
        pelvic_tilt_deg=float(rng.uniform(-30, 35)) if tilted else person.pelvic_tilt_deg,
        obliquity_deg=float(rng.uniform(-20, 20)) if oblique else person.obliquity_deg,
    )


def _draw_illness(rng: np.random.Generator, person: Person) -> Person:
    """Waste muscle, thin bone and wear joints."""
    wasted, thin, worn = rng.random() < 0.45, rng.random() < 0.35, rng.random() < 0.35

    def hip(plan: HipPlan) -> HipPlan:
        if not worn or rng.random() < 0.25:
            return plan
        return msgspec.structs.replace(
            plan,
            joint_space_mm=float(rng.uniform(1.2, 3.5)),
            osteophytes=int(rng.integers(2, 10)),
            enthesophytes=int(rng.integers(0, 5)),
        )

    return msgspec.structs.replace(
        person,
        left=hip(person.left),
        right=hip(person.right),
        wasting=float(rng.uniform(0.15, 0.75)) if wasted else 0.0,
        muscle_hu=float(rng.uniform(25, 45)) if wasted else person.muscle_hu,
        bone_density=float(rng.uniform(0.2, 0.5)) if thin else person.bone_density,
    )


def _draw_mimics(rng: np.random.Generator) -> tuple[Mimic, ...]:
    mimics: list[Mimic] = [
        ArterialCalcium(side=side, amount=float(rng.uniform(0.1, 1))) for side in SIDES if rng.random() < 0.3
    ]
    if rng.random() < 0.35:
        mimics.append(Phleboliths(count=int(rng.integers(1, 8))))
    if rng.random() < 0.12:
        mimics.append(Granuloma(side=_side(rng)))
    hands = rng.random()
    mimics += [
        Hand(side=side, gap_mm=float(rng.choice([-4, -1, 0, 2, 6])), forearm=bool(rng.random() < 0.5))
        for side in (SIDES if hands < 0.07 else (_side(rng),) if hands < 0.17 else ())
    ]
    if rng.random() < 0.3:
        mimics += _draw_bowel(rng)
    return tuple(mimics)


def _draw_implants(rng: np.random.Generator) -> tuple[Implant, ...]:
    """Draw an implant on one side."""
    return (draw_implant(rng, KINDS[int(rng.choice(len(KINDS), p=_KIND_SHARES))], _side(rng)),)


def _side(rng: np.random.Generator) -> Side:
    return SIDES[int(rng.integers(2))]


def _draw_bowel(rng: np.random.Generator) -> list[Bowel]:
    """Fill some segments with what was drunk or given as an enema; barium and tagged stool are much denser."""
    dense = rng.random() < 0.25
    level = float(rng.uniform(900, 3000)) if dense else float(rng.uniform(150, 650))
    segments: list[Segment] = [s for s in _LARGE_BOWEL if rng.random() < 0.5]
    segments.extend(["small_bowel"] * int(rng.integers(0, 4)))
    segments.extend(["low_small_bowel"] * int(rng.integers(0, 3)))
    return [
        Bowel(
            segment=segment,
            content_hu=level * float(rng.uniform(0.7, 1.2)),
            radius_mm=float(rng.uniform(8, 14) if "small" in segment else rng.uniform(12, 26)),
            gas=float(rng.choice([0.0, rng.uniform(0.05, 0.6)])),
            haustra=float(rng.uniform(0.0, 0.12) if "small" in segment else rng.uniform(0.1, 0.4)),
            seed=int(rng.integers(2**31)),
        )
        for segment in segments
    ]


def _draw_scan(rng: np.random.Generator, person: Person, *, hand: bool) -> ScanPlan:
    spacing = float(rng.choice([1.25, 1.5, 2.0, 2.0, 2.5, 3.0, 5.0]))
    low_dose = rng.random() < 0.2
    position: Position = str(rng.choice(["HFS", "HFS", "HFS", "HFS", "FFS", "HFP"]))  # type: ignore[assignment]
    view = ScanPlan(**_draw_view(rng, person, hand=hand))  # type: ignore[arg-type]
    plan = msgspec.structs.replace(
        view,
        thickness_mm=float(spacing * rng.choice([1.0, 1.0, 1.25])),
        psf_mm=float(rng.uniform(0.4, 0.8)),
        sharpen=float(rng.choice([0.0, 0.4, 1.0])),
        noise_hu=float(rng.uniform(30, 60) if low_dose else rng.uniform(8, 30)),
        noise_mm=float(rng.uniform(0.5, 1.6)),
        circle=bool(rng.random() < 0.3),
        position=position,
        kvp=float(rng.choice([100, 120, 120, 140])),
    )
    extent = (plan.above_mm + plan.below_mm, plan.anterior_mm + plan.posterior_mm, plan.left_mm + plan.right_mm)
    step = spacing / max(1, int(np.ceil(spacing / 2.1)))
    finest = float(np.sqrt(extent[0] / step * extent[1] * extent[2] / _VOXELS))
    in_plane = max(float(rng.uniform(0.8, 1.2)), min(finest, 1.6))
    return msgspec.structs.replace(plan, spacing_mm=(spacing, in_plane, in_plane))


def _draw_view(rng: np.random.Generator, person: Person, *, hand: bool) -> dict[str, float]:
    """Draw the field of view: the body as it lies and a margin, or a crop of it."""
    wide = person.half_width_mm + 62 * person.size + person.fat_mm + 12
    deep = 92 * person.size + person.fat_mm + 14
    turn = np.radians(person.turn_deg)
    c, s = abs(float(np.cos(turn))), abs(float(np.sin(turn)))
    side, depth = wide * c + deep * s, deep * c + wide * s
    view = {"left_mm": side, "right_mm": side, "anterior_mm": depth, "posterior_mm": depth + 12}
    forward = max(float(np.sin(np.radians(h.flexion_deg))) for h in (person.left, person.right))
    # the thighs of a bent hip stand out of the ordinary view, to the front of the person
    view["anterior_mm"] += float(rng.uniform(40, 130)) * max(forward - 0.3, 0.0) * c
    if s > 0.5:
        front = "right_mm" if person.turn_deg < 0 else "left_mm"
        view[front] += 80.0 * max(forward - 0.3, 0.0)
    if hand:
        view = {k: v + (48 if k in ("left_mm", "right_mm") else 0) for k, v in view.items()}
    view["above_mm"], view["below_mm"] = float(rng.uniform(70, 130)), float(rng.uniform(65, 130))
    crop = rng.choice(
        ["none", "one hip", "head", "neck", "trochanter", "crest"], p=[0.62, 0.14, 0.05, 0.06, 0.06, 0.07]
    )
    if crop == "one hip":
        view[str(rng.choice(["left_mm", "right_mm"]))] = float(rng.uniform(-25, 10))
    elif crop == "head":
        view["above_mm"] = float(rng.uniform(-2, 15))
    elif crop == "crest":
        view["above_mm"] = float(rng.uniform(30, 65))
    elif crop != "none":
        view["below_mm"] = float(rng.uniform(10, 30) if crop == "neck" else rng.uniform(30, 60))
    return view


def ordinary_person(seed: int) -> Person:
    """Return a person who lies nearly straight, with bones as measured in people.

    >>> ordinary_person(5) == ordinary_person(5)
    True
    """
    return _with_measured_bones(draw_person(np.random.default_rng([seed, 7])), seed)


def _with_measured_bones(person: Person, seed: int) -> Person:
    width = half_width_mm(seed, person.left, person.right)
    return msgspec.structs.replace(person, shape_seed=seed, half_width_mm=width)


def draw_study(seed: int, *, name: str = "random") -> StudyPlan:
    """Draw a study: person, disease, mimics and scan, all from the seed.

    >>> draw_study(5) == draw_study(5)
    True
    """
    rng = np.random.default_rng([seed, 11])
    person = draw_person(np.random.default_rng([seed, 7]))
    person = _with_measured_bones(_draw_illness(rng, _draw_pose(rng, person)), seed)
    growths = draw_growths(rng, person)
    mimics = _draw_mimics(rng)
    # what an implant is like has a generator of its own: what else a seed draws does not hang on it
    with_implant = rng.random() < _WITH_IMPLANT
    implants = _draw_implants(np.random.default_rng([seed, 13])) if with_implant else ()
    scan = _draw_scan(rng, person, hand=any(isinstance(m, Hand) for m in mimics))
    return StudyPlan(
        name=name, seed=seed, person=person, ossification=growths, mimics=mimics, implants=implants, scan=scan
    )
