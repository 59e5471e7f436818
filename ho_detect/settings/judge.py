"""Settings of what is split, of the definitions, and of the cuts of the probability."""

from __future__ import annotations

from typing import Annotated, ClassVar

from ho_detect.system.tunable import Group, Tunable


class JudgeSettings(Group, frozen=True):
    """What is split, what is defined, and where the judgement's probability is cut."""

    place: ClassVar[str] = "judge"
    min_volume_mm3: Annotated[float, Tunable("mm³", 0, 1e6, "A lesion smaller than this is too small to report.")] = (
        40.0
    )
    min_thickness_mm: Annotated[
        float, Tunable("mm", 0, 50, "A free lesion thinner than this is too small to report.")
    ] = 3.0
    free_reach_mm: Annotated[
        float, Tunable("mm", 1, 400, "A free lesion that lies wholly farther from the head center is out of reach.")
    ] = 120.0
    mostly: Annotated[
        float, Tunable("ratio", 0, 1, "A thing lies in a place when more than this share of it does.")
    ] = 0.5
    wall_mm: Annotated[
        float,
        Tunable(
            "mm",
            0,
            100,
            "Inside the cavity, off the iliopsoas, nothing farther from its bony wall than this is periarticular.",
            "thickness of the iliacus, convention",
        ),
    ] = 18.0
    zone_share: Annotated[
        float, Tunable("ratio", 0, 1, "What lies with a larger share in the zone around metal is split at its border.")
    ] = 0.2
    tube_length_mm: Annotated[float, Tunable("mm", 0, 400, "A vessel with contrast medium is at least so long.")] = 60.0
    tube_area_mm2: Annotated[
        float, Tunable("mm²", 0, 1e4, "A vessel with contrast medium has a smaller mean cross-section.")
    ] = 160.0
    vessel_radius_mm: Annotated[
        float, Tunable("mm", 0, 50, "What is thicker than a vessel of this radius is split from it.", "iliac artery")
    ] = 6.5
    joint_margin_mm: Annotated[
        float, Tunable("mm", 0, 200, "Osteophytes begin no farther than this from the head center.")
    ] = 40.0
    low_mm: Annotated[
        float, Tunable("mm", 0, 50, "Bone beside what stands out is split from it where it is no higher than this.")
    ] = 8.0
    underlying_share: Annotated[
        float, Tunable("ratio", 0, 5, "Osteophytes are denser than this share of the underlying bone.")
    ] = 0.9
    keep: Annotated[float, Tunable("ratio", 0, 1, "From this probability on a candidate is ossification.")] = 0.5
    exclude: Annotated[float, Tunable("ratio", 0, 1, "Below this probability a candidate is excluded.")] = 0.2
    least_coverage: Annotated[
        float,
        Tunable(
            "ratio",
            0,
            1,
            "With less of the joint region in view and not hidden by metal a hip is not called free of lesions.",
        ),
    ] = 0.9
    undecided_mm3: Annotated[
        float, Tunable("mm³", 0, 1e6, "Less undecided volume does not make a hip indeterminate.")
    ] = 500.0
