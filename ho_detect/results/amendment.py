"""What a reader has changed of an automatic result, as the record holds it."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from ho_detect.image.sides import Point, Side

Action = Literal["kept", "dropped", "outlined"]


class Amendment(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is counted, or not counted, by the word of a reader."""

    action: Annotated[
        Action,
        Meta(
            description="kept: counted, though the software did not; dropped: the reverse; outlined: all lesions are "
            "the reader's own outlines"
        ),
    ]
    lesion: Annotated[int | None, Meta(description="Id in the automatic result of what was dropped")] = None
    number: Annotated[int | None, Meta(description="Number in the automatic result of what was kept")] = None
    reason: Annotated[str | None, Meta(description="Why the software had not counted it; a code")] = None
    side: Side | None = None
    volume_mm3: Annotated[float | None, Meta(description="In the automatic result")] = None
    centroid_lps_mm: Annotated[Point | None, Meta(description="In the automatic result")] = None
    probability: Annotated[float | None, Meta(description="Of ossification, by the software")] = None
    reader: Annotated[str, Meta(description="Who says so, as given")]
    at: Annotated[str, Meta(description="When, UTC, as 2026-01-31T13:05:59Z")]
    comment: str = ""
