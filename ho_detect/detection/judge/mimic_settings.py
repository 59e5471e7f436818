"""Settings of what only looks like ossification; they come from :mod:`ho_detect.settings` like all others."""

from __future__ import annotations

from typing import Annotated, ClassVar

from ho_detect.system.tunable import Group, Tunable

_CHOSEN = "convention, chosen on simulated and real CT"


class MimicSettings(Group, frozen=True):
    """What only looks like ossification."""

    place: ClassVar[str] = "mimics"
    min_volume_mm3: Annotated[
        float, Tunable("mm³", 0, 1e6, "A lesion smaller than this is excluded as too small.", _CHOSEN)
    ] = 40.0
    min_thickness_mm: Annotated[
        float, Tunable("mm", 0, 400, "A free lesion thinner than this is excluded as too small.", _CHOSEN)
    ] = 3.0
    reach_mm: Annotated[
        float,
        Tunable(
            "mm",
            0,
            400,
            "A lesion joined with bone that lies wholly farther from the head center is out of reach.",
            _CHOSEN,
        ),
    ] = 150.0
    free_reach_mm: Annotated[
        float,
        Tunable("mm", 0, 400, "A free lesion that lies wholly farther from the head center is out of reach.", _CHOSEN),
    ] = 120.0
    min_slenderness: Annotated[
        float,
        Tunable(
            "ratio", 0, 10, "Grown bone is at least this many times higher than the radius of its base area.", _CHOSEN
        ),
    ] = 1.8
    min_reach_mm: Annotated[
        float, Tunable("mm", 0, 400, "Grown bone stands at least this high above the bone surface.", _CHOSEN)
    ] = 7.0
    joint_reach_mm: Annotated[
        float,
        Tunable(
            "mm",
            0,
            400,
            "Grown bone that begins at the joint stands at least this high, as osteophytes grow there.",
            _CHOSEN,
        ),
    ] = 10.0
    tall_slenderness: Annotated[
        float,
        Tunable(
            "ratio",
            0,
            10,
            "Tall grown bone is at least this many times higher than the radius of its base area.",
            _CHOSEN,
        ),
    ] = 1.2
    tall_reach_mm: Annotated[
        float,
        Tunable(
            "mm",
            0,
            400,
            "Grown bone from this height on is tall: native bone missed by the fit reaches 13 mm.",
            _CHOSEN,
        ),
    ] = 14.0
    massive_mm3: Annotated[
        float, Tunable("mm³", 0, 1e6, "A mass larger than this is kept on any base, if it is high enough.", _CHOSEN)
    ] = 5000.0
    massive_reach_mm: Annotated[
        float, Tunable("mm", 0, 400, "A mass is kept on any base from this height above the bone surface on.", _CHOSEN)
    ] = 20.0
    bridge_reach_mm: Annotated[
        float, Tunable("mm", 0, 400, "A mass that touches femur and pelvis is kept from this height on.", _CHOSEN)
    ] = 13.0
    bridge_mm3: Annotated[
        float,
        Tunable("mm³", 0, 1e6, "Bone of at least this volume that touches femur and pelvis may be a bridge.", _CHOSEN),
    ] = 2000.0
    bridge_share: Annotated[
        float, Tunable("ratio", 0, 1, "A bridge is no denser than this share of the underlying bone.", _CHOSEN)
    ] = 0.9
    stout_mm: Annotated[float, Tunable("mm", 0, 400, "Compact grown bone is thicker than this.", _CHOSEN)] = 8.5
    stout_solidity: Annotated[
        float, Tunable("ratio", 0, 1, "Compact grown bone fills this share of its convex hull.", _CHOSEN)
    ] = 0.45
    stout_slenderness: Annotated[
        float,
        Tunable(
            "ratio", 0, 10, "Compact grown bone is this many times higher than the radius of its base area.", _CHOSEN
        ),
    ] = 1.05
    stout_reach_mm: Annotated[
        float, Tunable("mm", 0, 400, "Compact grown bone stands this high above the bone surface.", _CHOSEN)
    ] = 11.0
    sheet_mm3: Annotated[
        float, Tunable("mm³", 0, 1e6, "A flat lesion on bone is kept only from this volume on.", _CHOSEN)
    ] = 2000.0
    sheet_share: Annotated[
        float, Tunable("ratio", 0, 1, "A flat lesion is no denser than this share of the underlying bone.", _CHOSEN)
    ] = 0.5
    whole_share: Annotated[
        float,
        Tunable("ratio", 0, 1, "A flat lesion on a whole cortex is no denser than this share of the cortex.", _CHOSEN),
    ] = 0.78
    whole_cortex_hu: Annotated[
        float, Tunable("HU", 0, 3000, "The cortex of the femur is whole from this mean density on.", _CHOSEN)
    ] = 700.0
    continued_mm: Annotated[
        float, Tunable("mm", 0, 400, "Broad-based bone may belong to a grown lesion that lies this near.", _CHOSEN)
    ] = 10.0
    continued_reach_mm: Annotated[
        float, Tunable("mm", 0, 400, "Broad-based bone that belongs to a grown lesion stands this high.", _CHOSEN)
    ] = 8.0
    continued_mm3: Annotated[
        float, Tunable("mm³", 0, 1e6, "Broad-based bone that belongs to a grown lesion has this volume.", _CHOSEN)
    ] = 2000.0
    shaft_mm: Annotated[
        float,
        Tunable("mm", 0, 400, "Bone grown on the cortex of the shaft lies this far from the head center.", _CHOSEN),
    ] = 55.0
    cortex_hu: Annotated[
        float, Tunable("HU", 0, 3000, "Underlying bone from this mean density on is cortex of the shaft.", _CHOSEN)
    ] = 750.0
    faint_share: Annotated[
        float, Tunable("ratio", 0, 1, "Bone grown on the shaft is no denser than this share of its cortex.", _CHOSEN)
    ] = 0.45
    faint_reach_mm: Annotated[
        float, Tunable("mm", 0, 400, "Bone grown on the shaft stands this high above the bone surface.", _CHOSEN)
    ] = 3.5
    faint_mm3: Annotated[
        float, Tunable("mm³", 0, 1e6, "Bone grown on the shaft has at least this volume.", _CHOSEN)
    ] = 150.0
    blurred_mm: Annotated[
        float,
        Tunable(
            "mm",
            0,
            400,
            "Bone without a base that lies this near is native bone blurred into the next thick slice.",
            _CHOSEN,
        ),
    ] = 5.0
    largest_mm3: Annotated[
        float, Tunable("mm³", 0, 1e6, "Bone joined with native bone and larger than this is undecided.", _CHOSEN)
    ] = 250000.0
    spine_margin_mm: Annotated[
        float, Tunable("mm", 0, 400, "Bone this near to the tip of the ischial spine is native.", _CHOSEN)
    ] = 12.0
    spine_slenderness: Annotated[
        float,
        Tunable(
            "ratio",
            0,
            10,
            "Bone at the ischial spine is grown if it is this many times higher than its base radius.",
            _CHOSEN,
        ),
    ] = 3.0
    spine_mm3: Annotated[
        float,
        Tunable("mm³", 0, 1e6, "Bone at the ischial spine is grown if it is compact and larger than this.", _CHOSEN),
    ] = 2000.0
    spine_muscle: Annotated[
        float,
        Tunable("ratio", 0, 1, "A free lesion with this share of muscle around it is not part of the sacrum.", _CHOSEN),
    ] = 0.8
    marrow_share: Annotated[
        float,
        Tunable(
            "ratio",
            0,
            1,
            "Bone beyond a gap below this share of the density of what stands on it may be marrow.",
            _CHOSEN,
        ),
    ] = 0.5
    osteophyte_reach_mm: Annotated[
        float,
        Tunable("mm", 0, 400, "Broad-based bone at the joint from this height on is called an osteophyte.", _CHOSEN),
    ] = 4.0
    joint_margin_mm: Annotated[
        float, Tunable("mm", 0, 400, "Bone that begins this near to the head center is at the joint.", _CHOSEN)
    ] = 40.0
    uniform_noise: Annotated[
        float, Tunable("ratio", 0, 10, "Contrast medium varies less than this many times the noise in muscle.", _CHOSEN)
    ] = 1.8
    contrast_hu: Annotated[
        float, Tunable("HU", 0, 3000, "Contrast medium has a lower mean density than this.", _CHOSEN)
    ] = 450.0
    tube_length_mm: Annotated[
        float, Tunable("mm", 0, 400, "A vessel filled with contrast medium is at least this long.", _CHOSEN)
    ] = 60.0
    tube_area_mm2: Annotated[
        float,
        Tunable("mm²", 0, 2000, "A vessel filled with contrast medium has a smaller mean cross-section.", _CHOSEN),
    ] = 160.0
    plaque_mm: Annotated[float, Tunable("mm", 0, 400, "Calcium of an arterial wall is thinner than this.", _CHOSEN)] = (
        5.5
    )
    plaque_mm3: Annotated[
        float, Tunable("mm³", 0, 1e6, "Hollow calcium of an arterial wall is smaller than this.", _CHOSEN)
    ] = 2500.0
    plaque_solidity: Annotated[
        float,
        Tunable(
            "ratio", 0, 1, "Hollow calcium of an arterial wall fills less than this share of its convex hull.", _CHOSEN
        ),
    ] = 0.6
    ring_mm3: Annotated[float, Tunable("mm³", 0, 1e6, "Calcium all along an artery is smaller than this.", _CHOSEN)] = (
        1200.0
    )
    ring_solidity: Annotated[
        float,
        Tunable("ratio", 0, 1, "Calcium all along an artery fills less than this share of its convex hull.", _CHOSEN),
    ] = 0.65
    speck_mm3: Annotated[
        float, Tunable("mm³", 0, 1e6, "A speck of vessel calcium in fat is smaller than this.", _CHOSEN)
    ] = 250.0
    speck_fat: Annotated[
        float, Tunable("ratio", 0, 1, "A speck of vessel calcium has more than this share of fat around it.", _CHOSEN)
    ] = 0.5
    vessel_radius_mm: Annotated[
        float,
        Tunable(
            "mm", 0, 400, "What is thicker than this radius is split from the vessel that it is joined with.", _CHOSEN
        ),
    ] = 6.5
    fat_share: Annotated[
        float, Tunable("ratio", 0, 1, "A lesion with this share of fat around it lies in fat.", _CHOSEN)
    ] = 0.8
    no_muscle: Annotated[
        float, Tunable("ratio", 0, 1, "A lesion in fat has no more than this share of muscle around it.", _CHOSEN)
    ] = 0.1
    granuloma_mm3: Annotated[float, Tunable("mm³", 0, 1e6, "A granuloma is smaller than this.", _CHOSEN)] = 500.0
    granuloma_fat: Annotated[
        float, Tunable("ratio", 0, 1, "A granuloma has more than this share of fat around it.", _CHOSEN)
    ] = 0.7
    zone_share: Annotated[
        float,
        Tunable(
            "ratio",
            0,
            1,
            "A lesion with more than this share in the zone around metal is split at its border.",
            _CHOSEN,
        ),
    ] = 0.2
    streak_reach_mm: Annotated[float, Tunable("mm", 0, 400, "Streaks reach this far from metal.", _CHOSEN)] = 80.0
    streak_hu: Annotated[float, Tunable("HU", 0, 3000, "A faint streak is nowhere denser than this.", _CHOSEN)] = 500.0
    compact_mm: Annotated[
        float, Tunable("mm", 0, 400, "What is compact near metal and no streak is thicker than this.", _CHOSEN)
    ] = 11.0
    compact_solidity: Annotated[
        float,
        Tunable("ratio", 0, 1, "What is compact near metal fills more than this share of its convex hull.", _CHOSEN),
    ] = 0.5
    strand_mm: Annotated[float, Tunable("mm", 0, 400, "A strand near metal is thinner than this.", _CHOSEN)] = 4.0
    strand_hu: Annotated[
        float, Tunable("HU", 0, 3000, "A strand near metal has a lower mean density than this.", _CHOSEN)
    ] = 300.0
    frayed_mm: Annotated[
        float,
        Tunable(
            "mm", 0, 400, "A fan of strands near metal is thinner than this, or lies flat in less height.", _CHOSEN
        ),
    ] = 7.0
    frayed_solidity: Annotated[
        float,
        Tunable("ratio", 0, 1, "A fan of strands near metal fills less than this share of its convex hull.", _CHOSEN),
    ] = 0.45
    cut_share: Annotated[
        float,
        Tunable("ratio", 0, 1, "A lesion with more than this share at the edge of the view is cut by it.", _CHOSEN),
    ] = 0.25
    cut_muscle: Annotated[
        float,
        Tunable("ratio", 0, 1, "A cut free lesion is kept with more than this share of muscle around it.", _CHOSEN),
    ] = 0.6
    cut_gap_mm: Annotated[
        float, Tunable("mm", 0, 400, "A cut free lesion is kept farther than this from native bone.", _CHOSEN)
    ] = 5.0
    cut_slenderness: Annotated[
        float,
        Tunable(
            "ratio", 0, 10, "A cut grown lesion is kept if it is this many times higher than its base radius.", _CHOSEN
        ),
    ] = 2.2
    cut_reach_mm: Annotated[
        float, Tunable("mm", 0, 400, "A cut grown lesion is kept from this height above the bone surface on.", _CHOSEN)
    ] = 12.0
    wall_gap_mm: Annotated[
        float,
        Tunable(
            "mm",
            0,
            400,
            "A thing in the pelvic cavity farther than this from its wall is content of the pelvis.",
            _CHOSEN,
        ),
    ] = 12.0
    cavity_reach_mm: Annotated[
        float,
        Tunable(
            "mm",
            0,
            400,
            "A thing in the pelvic cavity that reaches farther from bone is content of the pelvis.",
            _CHOSEN,
        ),
    ] = 35.0
    phlebolith_mm3: Annotated[
        float,
        Tunable("mm³", 0, 1e6, "Anything in the pelvic cavity smaller than this is content of the pelvis.", _CHOSEN),
    ] = 250.0
    ossicle_mm3: Annotated[
        float, Tunable("mm³", 0, 1e6, "A free ossicle at the joint line smaller than this is undecided.", _CHOSEN)
    ] = 400.0
    ossicle_margin_mm: Annotated[
        float,
        Tunable("mm", 0, 400, "A free ossicle that begins this near to the head center is at the joint line.", _CHOSEN),
    ] = 32.0
