"""All settings, as one frozen record that is written whole into every result.

Each value's comment says where it comes from: a source, or *convention* (a choice of this project, never
presented as validated).
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Literal

import msgspec

from ho_detect.errors import UsageError


class AcquisitionSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is accepted as a CT volume."""

    min_slices: int = 12
    """Fewer slices are no volume of a joint. Convention."""
    max_slice_step_mm: float = 6.0
    """Thicker slices are refused: a hip would be seen on fewer than nine of them. Convention."""
    step_tolerance_mm: float = 0.05
    """Largest deviation of a slice step from the median step; or 1 % of it, whichever is more. Convention."""
    max_gap_mm: float = 6.0
    """Missing slices are interpolated over no more than this: a gap is then no worse than the thickest slices accepted.
    Convention."""
    max_shear_degrees: float = 0.1
    """Angle between slice normal and stacking direction above which slices are shifted onto a true grid; over 300 mm
    it moves a slice by 0.5 mm. Convention."""
    max_tilt_degrees: float = 31.0
    """CT gantries tilt by up to 30 degrees; a stack that leans more is refused. Convention."""
    max_oblique_degrees: float = 30.0
    """Angle between a volume axis and the nearest patient axis above which a volume is refused. Convention."""
    max_gigabytes: float = 8.0
    """Largest decoded size of one series. Convention."""
    thick_slice_mm: float = 3.0
    """From this slice step on the result is flagged. Convention."""
    all_series: bool = False
    """Analyse also series that a better one of the same study stands in for."""


class AnatomySettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body, bone, metal and the two hip joints."""

    body_hu: float = -300.0
    """Between air and fat. Convention."""
    bone_hu: float = 200.0
    """Bone surfaces on CT: 200 HU, as the VSD surface database uses."""
    metal_hu: float = 2500.0
    """Above the densest cortical bone (about 2000 HU). Convention."""
    metal_zone_mm: float = 20.0
    """Nothing nearer to metal is assessed. Convention."""
    head_radius_mm: float = 23.5
    """Centre of the femoral head radius prior; adults 19 to 29 mm. Convention."""
    given_margin_mm: float = 4.0
    """A mask of femur or hip bone given by the user holds where its surface and the fitted one lie no farther apart: a
    segmenter may take in what has grown on the bone. Convention: the fit is moved to edges seen as far off."""
    min_joint_score: float = 0.5
    """Femoral head score below which no hip is reported. Convention, chosen on simulated and real CT."""


class DetectionSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What counts as ossification near the joint."""

    reach_mm: float = 150.0
    """Distance from the femoral head center within which ossification is looked for. Convention."""
    smoothing_mm: float = 0.7
    """Standard deviation of the Gaussian that the threshold is applied after. Convention."""
    noise_factor: float = 3.5
    """The detection threshold lies this many (robust) standard deviations above muscle. Convention."""
    least_contrast_hu: float = 85.0
    """... but at least this far above muscle. Convention."""
    low_hu: tuple[float, float] = (120.0, 200.0)
    """... and within these bounds: 130 HU is used for vascular calcium, 200 HU for bone surfaces."""
    seed_contrast_hu: float = 60.0
    """The densest voxel of a candidate exceeds the detection threshold by this. Convention."""
    native_margin_mm: float = 1.5
    """What is joined at the threshold with bone inside this distance of a native surface is joined with bone."""
    core_distance_mm: float = 3.0
    """Attached bone is found by what lies farther outside of the native surface than this. Convention."""
    tall_mm: float = 5.0
    """What stands out farther than this is a candidate of its own, parted from the low bone around it. Convention."""
    min_core_mm3: float = 25.0
    """... with at least this volume there. Convention."""
    contact_hu: float = 250.0
    """Two bones touch where voxels of this density are neighbours (26-neighbourhood). Convention."""
    contact_mm2: float = 6.0
    """... over at least this area. Convention."""
    highest_boundary_hu: float = 420.0
    """The outline of a lesion lies at half the height of its edge, but not above this. Convention."""
    second_threshold_hu: float = 300.0
    """Total volume is reported at this threshold too, to show how much it depends on the threshold. Convention."""
    mature_rim_hu: float = 450.0
    """Median HU of the rim from which ossification is mature. Convention."""
    immature_rim_hu: float = 300.0
    """... and below which it is immature; intermediate between. Convention."""
    rim_mm: float = 2.0
    """Depth of the rim. Convention."""
    blur_mm: float = 0.8
    """Depth of the partial-volume layer left out of the rim. Convention."""
    atypical_core_hu: float = 100.0
    """A core denser than its rim by this, the rim not mature, is flagged for a reader. Convention."""
    short_gap_mm: float = 10.0
    """The 1 cm of the Brooker and Della Valle grades."""


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
    largest_mm3: float = 250000.0
    """What is larger and joined with bone is native bone that the fit does not explain."""
    massive_reach_mm: float = 20.0
    """... if they stand out so far,"""
    stout_mm: float = 8.5
    """... or are thicker than this, beside the joint or elsewhere,"""
    stout_solidity: float = 0.45
    """... fill so much of their convex hull,"""
    stout_slenderness: float = 1.05
    """... stand out this many times the radius of the disc they stand on,"""
    stout_reach_mm: float = 11.0
    """... and so far, or ``joint_reach_mm`` at the joint; crests and osteophytes have 0.6 to 0.9 there."""
    sheet_mm3: float = 2000.0
    """Sheets larger than this are kept, standing out as far as slender bone must,"""
    sheet_share: float = 0.5
    """... no denser than this share of the bone beneath them,"""
    whole_share: float = 0.78
    """... or than this share of a cortex of the femur"""
    whole_cortex_hu: float = 700.0
    """... that is so dense on average. Sheets 0.5 to 0.77; native bone that the fit missed there 0.95 and more."""
    bridge_reach_mm: float = 13.0
    """... or so far where they touch femur and pelvis: between two bones nothing is far from either."""
    bridge_mm3: float = 2000.0
    """... or ``joint_reach_mm`` where they touch both, are so large,"""
    bridge_share: float = 0.9
    """... and no denser than this share of what they stand on: osteophytes touching both have 0.96 and more."""
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
    spine_margin_mm: float = 12.0
    """So near to the tip of the ischial spine, bone is native"""
    spine_slenderness: float = 3.0
    """... unless it stands out this many times the radius of the disc it stands on,"""
    spine_mm3: float = 2000.0
    """... or is larger than this and as compact as stout bone."""
    spine_muscle: float = 0.8
    """What lies where the sacrum is, free and with this share of muscle around it, is none of it."""
    marrow_share: float = 0.5
    """Beyond a cleft, bone that is less dense than this share of what stands out is marrow, and that its cortex."""
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
    """... or smaller than this,"""
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


class JointSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is measured at each joint, with ossification or without. All conventions."""

    neck_radii: tuple[float, float] = (1.2, 1.6)
    """The femoral neck is what of the femur lies so far from the head center, in head radii: a ball about the head
    cuts the femur there through the neck alone (on the shape model's mean, whose greater trochanter begins at 1.8)."""
    cortex_mm: float = 4.0
    """Spongy bone, whose mean HU is given, begins so deep under the surface: past the cortex and its blur."""
    least_in_view: float = 0.95
    """With less of head or neck in view no mean HU is given."""
    roof_degrees: float = 70.0
    """The joint space is measured under the acetabulum within so much of straight up."""
    gap_hu: float = 75.0
    """Cartilage and joint fluid."""
    wall_hu: float = 250.0
    """Either wall of the joint space reaches at least this."""
    plate_hu: float = 1100.0
    """Subchondral bone that is not blurred: tells how thin the plate is that is seen lower than this."""
    patch_degrees: float = 12.0
    """The narrowest joint space is the least of means over directions so near to each other."""
    least_resolved: float = 0.7
    """With a smaller share of the roof resolved the joint space is not separable: what is left is its wide part."""
    least_of_patch: float = 0.5
    """With a smaller share of any patch resolved its narrowest place is not."""
    muscle_near_mm: float = 20.0
    """What lies farther from every muscle's course is said to lie in none."""


class FollowUpSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When two studies of one patient can be compared. All conventions, chosen on simulated pairs."""

    max_residual_mm: float = 1.0
    """Largest median distance between the edges of a bone in the later study and the moved ones of the earlier."""
    min_found: float = 0.7
    """Least share of the earlier edges, in view of the later study, that are met by one there."""
    min_seen: float = 0.25
    """Least share of a bone's surface whose edge is seen in both studies."""
    min_overlap: float = 0.3
    """Lesions are the same when this share of the one lies in or beside the other."""
    beside_mm: float = 3.0
    """... that is, so near to it."""


class OutputSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is written, and what it may say of the patient."""

    keep_identity: bool = False
    """Write true UIDs, patient id, study date and source folder instead of pseudonyms."""
    dicom: bool = False
    """Write a DICOM Segmentation, structured report and key images too."""
    bones: bool = False
    """Write a label map of native femur and hip bone too."""
    fhir: bool = False
    """Write a FHIR R4 bundle with a diagnostic report too."""
    naming: Literal["plain", "bids"] = "plain"
    """``bids``: give label maps and records names of a BIDS derivative too."""


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that can change a result, and ``threads``, which cannot."""

    acquisition: AcquisitionSettings = AcquisitionSettings()
    anatomy: AnatomySettings = AnatomySettings()
    detection: DetectionSettings = DetectionSettings()
    mimics: MimicSettings = MimicSettings()
    joint: JointSettings = JointSettings()
    follow_up: FollowUpSettings = FollowUpSettings()
    output: OutputSettings = OutputSettings()
    threads: int = 0
    """Threads one analysis may use; 0: all that the process is allowed."""

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Settings:
        """Build from nested plain values; what is missing keeps its default.

        Raises
        ------
        UsageError
            Unknown name or wrong type, with its place.
        """
        try:
            return msgspec.convert(values, cls, strict=True)
        except msgspec.ValidationError as error:
            raise UsageError(f"settings: {error}") from error

    @classmethod
    def from_file(cls, path: Path) -> Settings:
        """Read a TOML file with the same nesting.

        Raises
        ------
        UsageError
            The file cannot be read, is not TOML, or holds an unknown name or a wrong type.
        """
        import tomllib

        try:
            values = tomllib.loads(Path(path).read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise UsageError(f"settings file {path}: {error}") from error
        try:
            return cls.from_dict(values)
        except UsageError as error:
            raise UsageError(f"settings file {path}: {error}") from error

    def to_dict(self) -> dict[str, Any]:
        """Return nested plain values."""
        values: dict[str, Any] = msgspec.to_builtins(self)
        return values

    def digest(self) -> str:
        """Hash of all that can change a result: 12 hex digits."""
        values = self.to_dict()
        del values["threads"]
        return hashlib.sha256(msgspec.json.encode(values, order="deterministic")).hexdigest()[:12]
