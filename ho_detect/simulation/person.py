"""Who is simulated: size, build, bones, pose and disease, drawn from a random generator."""

from __future__ import annotations

from typing import Literal

import msgspec
import numpy as np

from ho_detect.image.sides import Point, Side

Contrast = Literal["none", "arterial", "late"]


class HipPlan(msgspec.Struct, frozen=True, kw_only=True):
    """One hip: the femur's build and pose, and the joint."""

    head_radius_mm: float = 24.0
    neck_shaft_deg: float = 127.0
    anteversion_deg: float = 12.0
    neck_length_mm: float = 50.0
    joint_space_mm: float = 3.4
    flexion_deg: float = 6.0
    abduction_deg: float = 2.0
    rotation_deg: float = 5.0
    """Outward turn of the femur."""
    arthritis: float = 0.0
    """0: none; 1: joint space lost above, rim osteophytes, sclerosis."""
    osteophytes: int = 0
    """Humps of native bone at the rim of the socket and around the head, beside those of arthritis."""
    enthesophytes: int = 0
    """Spikes of native bone where tendons insert."""


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """One person lying on the table. Lengths in mm, angles in degrees."""

    left: HipPlan = HipPlan()
    right: HipPlan = HipPlan()
    female: float = 0.0
    """0: narrow, high pelvis; 1: wide, low pelvis with a wide subpubic angle."""
    size: float = 1.0
    half_width_mm: float = 89.0
    """Half the distance between the hip centers."""
    pelvic_tilt_deg: float = 0.0
    """Positive: the upper pelvis turns back."""
    obliquity_deg: float = 0.0
    turn_deg: float = 0.0
    """Turn of the whole person about the long axis."""
    center_lps_mm: Point = (0.0, 0.0, 0.0)
    """Midpoint between the hip centers."""
    fat_mm: float = 22.0
    muscle_bulk: float = 1.0
    muscle_hu: float = 52.0
    muscle_fat: float = 0.1
    """Share of fatty streaks in muscle, 0 to 1."""
    wasting: float = 0.0
    """Share of muscle that has turned to fat."""
    bone_density: float = 1.0
    contrast: Contrast = "none"
    texture_seed: int = 0
    shape_seed: int | None = None
    """Bones as measured in people, this one's shape; bones drawn from tubes and plates where not given."""

    def hip(self, side: Side) -> HipPlan:
        """Return the plan of that hip."""
        return self.left if side == "left" else self.right


def draw_person(rng: np.random.Generator) -> Person:
    """Draw a person; left and right differ a little in build and more in pose."""
    female = float(rng.uniform(0, 1))
    size = float(np.clip(rng.normal(1.03 - 0.08 * female, 0.045), 0.87, 1.14))
    radius = float(np.clip(24.6 * size + rng.normal(0, 0.6), 20.0, 27.0))
    neck_shaft, version = rng.normal(127, 4), rng.normal(11 + 4 * female, 6)
    supine_tilt, ill = rng.normal(2, 6), rng.random() < 0.3

    def hip() -> HipPlan:
        return HipPlan(
            head_radius_mm=float(np.clip(radius + rng.normal(0, 0.3), 20.0, 27.0)),
            neck_shaft_deg=float(np.clip(neck_shaft + rng.normal(0, 1.5), 115, 140)),
            anteversion_deg=float(np.clip(version + rng.normal(0, 2.5), -8, 32)),
            neck_length_mm=float(50 * size + rng.normal(0, 2)),
            joint_space_mm=float(rng.uniform(2.5, 4.0)),
            flexion_deg=float(rng.uniform(-3, 25)),
            abduction_deg=float(rng.uniform(-7, 12)),
            rotation_deg=float(rng.uniform(-15, 25)),
            arthritis=float(rng.uniform(0.2, 1.0)) if ill and rng.random() < 0.6 else 0.0,
        )

    turned = rng.random() < 0.25
    return Person(
        left=hip(),
        right=hip(),
        female=female,
        size=size,
        half_width_mm=float((88 + 2 * female) * size + rng.normal(0, 2)),
        pelvic_tilt_deg=float(np.clip(supine_tilt, -12, 16)),
        obliquity_deg=float(rng.normal(0, 1.5)),
        turn_deg=float(rng.uniform(-35, 35)) if turned else float(rng.normal(0, 2.5)),
        center_lps_mm=(float(rng.normal(0, 6)), float(rng.normal(-20, 12)), float(np.round(rng.uniform(-900, 200), 1))),
        fat_mm=float(rng.uniform(9, 38)),
        muscle_bulk=float(rng.uniform(0.75, 1.1)),
        muscle_hu=float(rng.uniform(30, 60)),
        muscle_fat=float(rng.uniform(0.02, 0.5)),
        bone_density=float(rng.uniform(0.5, 1.1)),
        contrast=str(rng.choice(["none", "none", "none", "arterial", "late"])),  # type: ignore[arg-type]
        texture_seed=int(rng.integers(2**31)),
    )
