"""What implants to put in: hip replacements, nails, plates and screws, each with its metals and sizes."""

from __future__ import annotations

from typing import ClassVar, Literal

import msgspec

from ho_detect.image.sides import Point, Side
from ho_detect.simulation.xray import Metal

PartKind = Literal[
    "cup", "liner", "head", "stem", "cement", "wire", "cup_screw", "nail", "head_screw", "locking_screw", "plate",
    "screw",
]  # fmt: skip
Material = Metal | Literal["polyethylene", "cement"]


class TotalHip(msgspec.Struct, frozen=True, kw_only=True, tag="total_hip"):
    """A cup with a liner, and a head on a stem, in place of the joint."""

    replaces_head: ClassVar[bool] = True
    side: Side
    head: Metal = "cobalt_chromium"
    stem: Metal = "titanium"
    cup: Metal | None = "titanium"
    """None: a cup all of polyethylene, cemented."""
    head_radius_mm: float = 16.0
    """At most; less where the cup is too small for it."""
    cup_wall_mm: float = 4.0
    inclination_deg: float = 42.0
    anteversion_deg: float = 18.0
    shift_mm: Point = (-2.0, 0.0, 1.5)
    """Of the joint's center from the native one, (lateral, posterior, superior)."""
    stem_length_mm: float = 130.0
    cemented: bool = False
    """The stem in a mantle of cement."""
    cup_screws: int = 0
    wires: int = 0
    """Loops of wire around trochanter and upper shaft."""


class HemiHip(msgspec.Struct, frozen=True, kw_only=True, tag="hemi_hip"):
    """A head as large as the native one on a stem, in the native socket."""

    replaces_head: ClassVar[bool] = True
    side: Side
    head: Metal = "cobalt_chromium"
    stem: Metal = "cobalt_chromium"
    stem_length_mm: float = 120.0
    cemented: bool = True


class Nail(msgspec.Struct, frozen=True, kw_only=True, tag="nail"):
    """A nail in the shaft with a screw through it into the head, locked below."""

    replaces_head: ClassVar[bool] = False
    side: Side
    metal: Metal = "titanium"
    radius_mm: float = 5.5
    length_mm: float = 180.0
    locking_screw: bool = True


class Plate(msgspec.Struct, frozen=True, kw_only=True, tag="plate"):
    """A plate on the lateral side of the upper shaft with screws across it, and one into the head."""

    replaces_head: ClassVar[bool] = False
    side: Side
    metal: Metal = "steel"
    holes: int = 4
    head_screw: bool = True


class CannulatedScrews(msgspec.Struct, frozen=True, kw_only=True, tag="cannulated_screws"):
    """Parallel hollow screws along the neck into the head."""

    replaces_head: ClassVar[bool] = False
    side: Side
    metal: Metal = "titanium"
    count: int = 3
    radius_mm: float = 3.5


Implant = TotalHip | HemiHip | Nail | Plate | CannulatedScrews
