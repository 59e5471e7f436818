"""What ossification to paint: islands, spurs, sheets, bridges and encasing masses, each with its maturity."""

from __future__ import annotations

import msgspec

from ho_detect.image.sides import Bone, Sector, Side
from ho_detect.simulation.maturity import Maturity
from ho_detect.simulation.muscles import Muscle


class Island(msgspec.Struct, frozen=True, kw_only=True, tag="island"):
    """Bone free in a muscle."""

    side: Side
    muscle: Muscle
    volume_ml: float
    maturity: Maturity = "mature"
    clearance_mm: float = 4.0
    """Least distance to native bone."""
    along: float = 0.5
    """Where on the muscle's course, 0 origin to 1 insertion."""


class Spur(msgspec.Struct, frozen=True, kw_only=True, tag="spur"):
    """Bone grown out of native bone into a muscle."""

    side: Side
    muscle: Muscle
    origin: Bone
    length_mm: float
    width_mm: float = 11.0
    maturity: Maturity = "mature"
    along: float = 0.5
    gap_mm: float = 10.0
    """Distance kept from the opposite bone."""


class Sheet(msgspec.Struct, frozen=True, kw_only=True, tag="sheet"):
    """A plate along the femoral shaft."""

    side: Side
    aspect: Sector
    length_mm: float
    width_mm: float = 24.0
    thickness_mm: float = 6.0
    gap_mm: float = 0.0
    """0: on the shaft."""
    below_mm: float = 55.0
    """Distance of its middle below where the neck meets the shaft."""
    maturity: Maturity = "mature"


class Bridge(msgspec.Struct, frozen=True, kw_only=True, tag="bridge"):
    """A mass from pelvis to femur through a muscle; with a gap it falls short of fusing."""

    side: Side
    muscle: Muscle
    width_mm: float
    gap_mm: float = 0.0
    gap_at: Bone = "femur"
    maturity: Maturity = "mature"
    along: float = 0.5


class Encasing(msgspec.Struct, frozen=True, kw_only=True, tag="encasing"):
    """One mass from pelvis to femur through several muscles, as in ankylosis."""

    side: Side
    muscles: tuple[Muscle, ...]
    width_mm: float
    maturity: Maturity = "mixed"
    along: float = 0.5


Ossification = Island | Spur | Sheet | Bridge | Encasing
