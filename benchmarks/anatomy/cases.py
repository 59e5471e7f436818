"""What the anatomy benchmark draws: postures, thin bone, worn hips, ossification, crops of the view."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from body import Drawn, Look, draw_body, volume_of
from skeletons import Bones, HipPose, Posture, posed

from ho_detect.acquisition.volume.hu_volume import HuVolume
from ho_detect.image.grid import FloatArray

#: Kinds of posture in turn; one round of them is six cases.
POSTURES = ("straight", "flexed", "swept", "turned", "abducted", "free")
CROPS = ("none", "one_hip", "head", "neck", "trochanter", "crest")


@dataclass(frozen=True, eq=False)
class Case:
    """A person in a posture: the volume, the bones as they lie, what was drawn."""

    group: str
    kind: str
    bones: Bones
    posture: Posture
    look: Look
    drawn: Drawn


def posture(kind: str, rng: np.random.Generator) -> Posture:
    """Draw a posture of a kind, degrees: hips together over −20 to 120 flexion, −30 to 60 abduction, ±60 rotation."""

    def hip(flexion: tuple[float, float], abduction: tuple[float, float], external: tuple[float, float]) -> HipPose:
        return HipPose(*(float(rng.uniform(*limits)) for limits in (flexion, abduction, external)))

    straight = ((-10.0, 15.0), (-8.0, 12.0), (-15.0, 20.0))
    if kind == "straight":
        return Posture(hip(*straight), hip(*straight), *(float(rng.normal(0, s)) for s in (3, 6, 2)))
    if kind == "flexed":
        one = (15.0, 120.0), (-5.0, 30.0), (-20.0, 30.0)
        return Posture(hip(*one), hip(*(one if rng.random() < 0.6 else straight)))
    if kind == "swept":
        out, inward = ((10.0, 60.0), (10.0, 45.0), (0.0, 50.0)), ((10.0, 60.0), (-30.0, -8.0), (-50.0, 0.0))
        both = (hip(*out), hip(*inward))
        return Posture(*(both if rng.random() < 0.5 else both[::-1]), turn=float(rng.uniform(-20, 20)))
    if kind == "turned":
        turn = float(rng.uniform(-180, 180) if rng.random() < 0.4 else rng.uniform(-50, 50))
        return Posture(
            hip(*straight),
            hip(*straight),
            turn,
            float(rng.uniform(-40, 40)),
            float(rng.uniform(-30, 30)),
        )
    if kind == "abducted":
        one = (-20.0, 60.0), (15.0, 60.0), (-30.0, 60.0)
        return Posture(hip(*one), hip(*(one if rng.random() < 0.5 else straight)))
    one = (-20.0, 120.0), (-30.0, 60.0), (-60.0, 60.0)
    turns = (float(rng.uniform(-r, r)) for r in (50, 25, 20))
    return Posture(hip(*one), hip(*one), *turns)


def make(group: str, number: int, bones: Bones, seed: int, step_mm: float) -> Case:
    """Draw one case of a group: ``pose``, ``thin``, ``worn``, ``mass`` or ``crop``."""
    rng = np.random.default_rng([seed, number, len(group)])
    kind = POSTURES[number % len(POSTURES)] if group == "pose" else "straight" if number % 2 else "flexed"
    look = Look(
        step_mm=step_mm,
        density=float(rng.uniform(0.45, 1.05)),
        muscle_hu=float(rng.uniform(32, 58)),
        wasted=float(rng.uniform(0, 0.4)),
    )
    crop = "none"
    if group == "thin":
        look = replace(look, density=float(rng.uniform(0.2, 0.3)), wasted=float(rng.uniform(0.1, 0.5)))
    elif group == "worn":
        look = replace(look, osteophytes=int(rng.integers(5, 10)))
    elif group == "mass":
        look = replace(look, masses=int(rng.integers(1, 4)))
    elif group == "crop":
        crop = kind = CROPS[1 + number % (len(CROPS) - 1)]
    wanted = posture("straight" if group == "crop" else kind, rng)
    lying, taken = posed(bones, wanted)
    drawn = draw_body(lying, taken.matrix, look, rng)
    if crop != "none":
        drawn = cropped(drawn, lying, crop, rng)
    return Case(group, kind, lying, taken, look, drawn)


def cropped(drawn: Drawn, bones: Bones, crop: str, rng: np.random.Generator) -> Drawn:
    """Cut the view: one hip alone, or everything on one side of a level through or near the joint."""
    grid = drawn.volume.grid
    heads = np.array([bones.center["left"], bones.center["right"]])
    k, _, i = grid.to_index(heads).T
    step = grid.spacing_mm[0]
    whole = [slice(0, n) for n in grid.shape]
    if crop == "one_hip":
        side = int(rng.integers(2))
        half = int((60 + 30 * rng.random()) / step)
        whole[2] = slice(max(0, int(i[side]) - half), int(i[side]) + half)
        whole[0] = slice(max(0, int(k[side] - 90 / step)), int(k[side] + 90 / step))
    elif crop == "head":  # cut through the heads or a little above
        whole[0] = slice(0, int(k.max() + rng.uniform(0, 14) / step))
    elif crop == "neck":
        whole[0] = slice(int(k.min() - rng.uniform(22, 40) / step), grid.shape[0])
    elif crop == "trochanter":
        whole[0] = slice(max(0, int(k.min() - rng.uniform(45, 75) / step)), grid.shape[0])
    else:
        whole[0] = slice(0, int(k.max() + rng.uniform(45, 85) / step))
    box = (whole[0], whole[1], whole[2])
    return Drawn(_cut(drawn.volume, box), drawn.grown[box])


def _cut(volume: HuVolume, box: tuple[slice, slice, slice]) -> HuVolume:
    return volume_of(volume.hu[box], volume.grid.crop(box))


def heads_in_view(case: Case, margin_mm: float = 0.0) -> dict[str, FloatArray]:
    """Centers of the femoral heads that lie in the field of view."""
    grid = case.drawn.volume.grid
    return {s: c for s, c in case.bones.center.items() if bool(grid.contains(c[None]).all()) and margin_mm >= 0}
