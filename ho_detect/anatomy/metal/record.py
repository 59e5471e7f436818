"""Metal as a record: its parts, and how much it hides."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from ho_detect.image.sides import Point, Side

PartKind = Literal["head", "cup", "stem", "nail", "plate", "screw", "wire", "other"]


class ImplantPart(msgspec.Struct, frozen=True, kw_only=True):
    """One part of an implant, as far as it is as dense as metal."""

    kind: Annotated[PartKind, Meta(description="As told by its shape and place")]
    side: Side
    volume_mm3: Annotated[float, Meta(description="As it shows: metal blooms")]
    length_mm: Annotated[float, Meta(description="Extent along its axis")]
    center_lps_mm: Point
    axis_lps: Annotated[Point | None, Meta(description="Unit vector along it; null for a head or a cup")] = None
    radius_mm: Annotated[float | None, Meta(description="Of a head or a cup, or half the width of the others")] = None


class MetalRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Metal inside the body, and what it hides."""

    volume_mm3: Annotated[float, Meta(description="Of all pieces of metal")]
    hidden_volume_mm3: Annotated[float, Meta(description="Of metal and the zone that its artefact hides")]
    parts: tuple[ImplantPart, ...] = ()
