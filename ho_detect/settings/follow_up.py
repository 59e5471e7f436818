"""Settings of the comparison of two studies."""

from __future__ import annotations

from typing import Annotated, ClassVar

from ho_detect.system.tunable import Group, Tunable

_SIMULATED = "convention, chosen on simulated studies"


class FollowUpSettings(Group, frozen=True):
    """When two studies of one patient can be compared."""

    place: ClassVar[str] = "follow_up"
    max_residual_mm: Annotated[
        float,
        Tunable(
            "mm",
            0.1,
            10,
            "Two studies are registered when the median distance of a bone's edges is at most this.",
            "convention: of 28 pairs of two simulated people none has both bones of a hip below, of one person all",
        ),
    ] = 0.7
    min_found: Annotated[
        float,
        Tunable(
            "ratio",
            0,
            1,
            "Two studies are registered when this share of the earlier edges in view meets later ones.",
            _SIMULATED,
        ),
    ] = 0.7
    min_seen: Annotated[
        float,
        Tunable("ratio", 0, 1, "Two studies are registered when both show this share of a bone's surface.", _SIMULATED),
    ] = 0.25
    min_overlap: Annotated[
        float,
        Tunable(
            "ratio", 0, 1, "Two lesions are the same when this share of one lies in or beside the other.", _SIMULATED
        ),
    ] = 0.3
    beside_mm: Annotated[
        float, Tunable("mm", 0, 30, "A place no farther from a lesion than this lies beside it.", _SIMULATED)
    ] = 3.0
