"""Settings of what only looks like ossification; they come from :mod:`ho_detect.settings` like all others."""

from __future__ import annotations

import msgspec


class MimicSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What only looks like ossification. All conventions, chosen on simulated and real CT."""

    min_volume_mm3: float = 40.0
    """Smaller lesions are set aside."""
    min_thickness_mm: float = 3.0
    """Thinner free lesions are set aside."""
    reach_mm: float = 150.0
    """What is joined with bone and lies wholly farther from the head center is set aside;"""
    free_reach_mm: float = 120.0
    """... what is free, from here on: in the thigh faint free specks are vessels and noise."""
    min_slenderness: float = 1.8
    """Bone grown on bone stands out this many times the radius of the disc it stands on. Lesions 2 to 5, trochanters,
    spines and crests 0.3 to 1.6."""
    min_reach_mm: float = 7.0
    """... and at least so far,"""
    joint_reach_mm: float = 10.0
    """... or so far where it begins at the joint, where osteophytes grow."""
    tall_slenderness: float = 1.2
    """It may stand out less for its foot, this many times,"""
    tall_reach_mm: float = 14.0
    """... if it stands out so far: native bone that the fit misses stands out 13 mm at most."""
    massive_mm3: float = 5000.0
    """Larger masses are kept whatever they stand on,"""
    massive_reach_mm: float = 20.0
    """... if they stand out so far,"""
    bridge_reach_mm: float = 13.0
    """... or so far where they touch femur and pelvis: between two bones nothing is far from either."""
    bridge_mm3: float = 2000.0
    """... or ``joint_reach_mm`` where they touch both, are so large,"""
    bridge_share: float = 0.9
    """... and no denser than this share of what they stand on: osteophytes touching both have 0.96 and more."""
    stout_mm: float = 8.5
    """Stout bone is kept: thicker than this,"""
    stout_solidity: float = 0.45
    """... filling so much of its convex hull,"""
    stout_slenderness: float = 1.05
    """... standing out this many times the radius of the disc it stands on (crests so thick: 0.6 to 0.9),"""
    stout_reach_mm: float = 11.0
    """... and so far, or ``joint_reach_mm`` at the joint."""
    sheet_mm3: float = 2000.0
    """Sheets larger than this are kept, standing out as far as slender bone must,"""
    sheet_share: float = 0.5
    """... no denser than this share of the bone beneath them,"""
    whole_share: float = 0.78
    """... or than this share of a cortex of the femur"""
    whole_cortex_hu: float = 700.0
    """... that is so dense on average. Sheets 0.5 to 0.77; native bone that the fit missed there 0.95 and more."""
    continued_mm: float = 10.0
    """Beside a lesion grown on bone, so near to it, broad-based bone belongs to it"""
    continued_reach_mm: float = 8.0
    """... when it stands out so far,"""
    continued_mm3: float = 2000.0
    """... is so large, and no denser than what it stands on: native bone is densest outside."""
    shaft_mm: float = 55.0
    """So far from the head center, at the shaft, bone is kept whatever it stands on"""
    cortex_hu: float = 750.0
    """... when the native bone beneath it is so dense,"""
    faint_share: float = 0.45
    """... itself no denser than this share of that on average: native bone that the fit missed has 0.8 and more,"""
    faint_reach_mm: float = 3.5
    """... standing out so far"""
    faint_mm3: float = 150.0
    """... and so large."""
    blurred_mm: float = 5.0
    """What is joined with bone but has no foot on it is bone blurred into the next thick slice, if it is no farther."""
    largest_mm3: float = 250000.0
    """What is larger and joined with bone is native bone that the fit does not explain."""
    spine_margin_mm: float = 12.0
    """So near to the tip of the ischial spine, bone is native"""
    spine_slenderness: float = 3.0
    """... unless it stands out this many times the radius of the disc it stands on,"""
    spine_mm3: float = 2000.0
    """... or is larger than this and as compact as stout bone."""
    spine_muscle: float = 0.8
    """What lies where the sacrum is, free and with this share of muscle around it, is none of it."""
    marrow_share: float = 0.5
    """Beyond a cleft, bone that is less dense than this share of what stands out may be marrow, and that its
    cortex."""
    osteophyte_reach_mm: float = 4.0
    """Broad-based bone that stands out so far is named an osteophyte,"""
    joint_margin_mm: float = 40.0
    """... if it begins so near to the head center."""
    uniform_noise: float = 1.8
    """Fluid with contrast medium: inside no less uniform than muscle, times this."""
    contrast_hu: float = 450.0
    """... and no denser than this on average."""
    tube_length_mm: float = 60.0
    """A vessel with contrast medium: a tube at least so long,"""
    tube_area_mm2: float = 160.0
    """... and so thin on average."""
    plaque_mm: float = 5.5
    """Arterial calcium is thinner than this."""
    plaque_mm3: float = 2500.0
    """... or smaller than this and hollow:"""
    plaque_solidity: float = 0.6
    """... filling less than this share of its convex hull,"""
    ring_mm3: float = 1200.0
    """... or, where arteries run all through it, smaller than this"""
    ring_solidity: float = 0.65
    """and filling less than this share."""
    speck_mm3: float = 250.0
    """... or smaller than this, thinner than a vessel's radius, wherever it lies"""
    speck_fat: float = 0.5
    """with more than this share of fat around it."""
    vessel_radius_mm: float = 6.5
    """What is thicker than a vessel of this radius, and joined with one, is looked at apart from it."""
    fat_share: float = 0.8
    """What lies in fat by this share of its surroundings,"""
    no_muscle: float = 0.1
    """... and by no more than this in muscle, is not in muscle;"""
    granuloma_mm3: float = 500.0
    """... nor is what is free, smaller than this,"""
    granuloma_fat: float = 0.7
    """and in fat by this share."""
    zone_share: float = 0.2
    """What lies with more than this share in the zone around metal is parted at its border."""
    streak_reach_mm: float = 80.0
    """So far from metal, faint things are streaks,"""
    streak_hu: float = 500.0
    """... if nothing in them is denser than this,"""
    compact_mm: float = 11.0
    """... unless they are thicker than this"""
    compact_solidity: float = 0.5
    """and fill more than this share of their convex hull,"""
    strand_mm: float = 4.0
    """... or they are thinner than this"""
    strand_hu: float = 300.0
    """and no denser than this on average,"""
    frayed_mm: float = 7.0
    """... or thinner than this"""
    frayed_solidity: float = 0.45
    """and fill less than this share of their convex hull, or lie flat in so few millimetres of height."""
    cut_share: float = 0.25
    """What lies with more than this share at the edge of the view is cut by it; it is set aside,"""
    cut_muscle: float = 0.6
    """... unless it lies free with this share of muscle around it, where no vessel and no bowel runs or thicker than a
    vessel's radius, not uniform and in places denser than contrast medium,"""
    cut_gap_mm: float = 5.0
    """... so far from native bone;"""
    cut_slenderness: float = 2.2
    """... or stands out this many times the radius of the disc it stands on,"""
    cut_reach_mm: float = 12.0
    """... and so far, or so far well inside of the view."""
    wall_gap_mm: float = 12.0
    """What lies in the pelvic cavity farther than this from its wall is set aside."""
    cavity_reach_mm: float = 35.0
    """... or what reaches so far from it,"""
    phlebolith_mm3: float = 250.0
    """... and what is smaller than this anywhere in it."""
    ossicle_mm3: float = 400.0
    """Smaller free ossicles at the joint line cannot be told from fragments and os acetabuli:"""
    ossicle_margin_mm: float = 32.0
    """... those that begin so near to the head center."""
