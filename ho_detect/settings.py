"""All settings, as one frozen record that is written whole into every result.

Each value's comment says where it comes from: a source, or *convention* (a choice of this project, never
presented as validated).
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Literal

import msgspec

from ho_detect.detection.judge.mimic_settings import MimicSettings
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
