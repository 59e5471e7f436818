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
    side: Annotated[Side, Meta(description="Of the nearest hip in view")]
    volume_mm3: Annotated[float, Meta(description="As it shows: metal blooms")]
    length_mm: Annotated[float, Meta(description="Extent along its axis; of a ball, a cup or a loop its diameter")]
    center_lps_mm: Annotated[
        Point,
        Meta(description="Of a ball, a cup or a loop; half way along a nail, plate or screw; else mean of its metal"),
    ]
    axis_lps: Annotated[
        Point | None,
        Meta(
            description="Unit vector along it, pointing down; out of a cup's opening; normal to the plane of a loop; "
            "null for a head"
        ),
    ] = None
    radius_mm: Annotated[float, Meta(description="Of a ball, a cup or a loop, or half the width of the others")]


class MetalRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Metal inside the body, and what it hides."""

    volume_mm3: Annotated[float, Meta(description="Of all pieces of metal")]
    hidden_volume_mm3: Annotated[float, Meta(description="Of metal and the zone that its artefact hides")]
    parts: tuple[ImplantPart, ...] = ()
