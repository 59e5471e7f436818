"""All settings, as one frozen record: each with its default, unit, range, source and one sentence.

``ho-detect settings`` prints them as a file to edit. *Convention* is a choice of this project, never presented as
validated.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import msgspec

from ho_detect.errors import SettingError, UsageError
from ho_detect.system.tunable import Group, Tunable, refuse_unknown_names, subgroups

_AGATSTON = (
    "Agatston 1990 (130 HU, vascular calcium) to VSD surface database (200 HU, bone surface); 120 is a convention"
)
_BROOKER = "Brooker 1973 and Della Valle 2002: less than 1 cm between bone surfaces"
_SIMULATED = "convention, chosen on simulated studies"


class AcquisitionSettings(Group, frozen=True):
    """What is accepted as a CT volume."""

    place: ClassVar[str] = "acquisition"
    min_slices: Annotated[
        int, Tunable("count", 2, 10000, "A series with fewer slices at different places is no volume of a joint.")
    ] = 12
    max_slice_step_mm: Annotated[
        float, Tunable("mm", 0.1, 20, "A larger distance between slices is refused: too few of them show the hip.")
    ] = 6.0
    step_tolerance_mm: Annotated[
        float, Tunable("mm", 0, 2, "Slice steps may differ by this or by 1 % of the median step, whichever is more.")
    ] = 0.05
    max_gap_mm: Annotated[
        float, Tunable("mm", 0, 20, "Missing slices are interpolated over a gap of at most this size.")
    ] = 6.0
    max_shear_degrees: Annotated[
        float, Tunable("degrees", 0, 10, "Slices that lean more against the stack are shifted onto a true grid.")
    ] = 0.1
    max_tilt_degrees: Annotated[
        float,
        Tunable(
            "degrees", 0, 60, "A stack that leans more than this is refused.", "CT gantries tilt by up to 30 degrees"
        ),
    ] = 31.0
    max_oblique_degrees: Annotated[
        float, Tunable("degrees", 0, 90, "A volume axis farther from every patient axis is refused.")
    ] = 30.0
    max_gigabytes: Annotated[float, Tunable("GB", 0, 1000, "A series that is larger once decoded is refused.")] = 8.0
    thick_slice_mm: Annotated[
        float, Tunable("mm", 0.1, 20, "Results from slices of this step or more are flagged.")
    ] = 3.0
    all_series: Annotated[
        bool,
        Tunable("switch", None, None, "Series that a better one of the same study stands in for are analysed too."),
    ] = False


class AnatomySettings(Group, frozen=True):
    """Body, bone, metal and the two hip joints."""

    place: ClassVar[str] = "anatomy"
    body_hu: Annotated[
        float, Tunable("HU", -900, -150, "What is denser is body, not air: fat begins at about -150 HU.")
    ] = -300.0
    bone_hu: Annotated[
        float, Tunable("HU", 100, 600, "The surface of bone is where this density is crossed.", "VSD surface database")
    ] = 200.0
    metal_hu: Annotated[
        float, Tunable("HU", 1500, 30000, "What is denser is metal: cortical bone reaches about 2000 HU.")
    ] = 2500.0
    metal_zone_mm: Annotated[float, Tunable("mm", 0, 100, "Nothing nearer to metal than this is assessed.")] = 20.0
    head_radius_mm: Annotated[
        float, Tunable("mm", 10, 40, "The search for a femoral head begins with this radius; adults have 19 to 29 mm.")
    ] = 23.5
    given_margin_mm: Annotated[
        float,
        Tunable("mm", 0, 30, "A user's bone mask holds where its surface lies no farther from the fitted bone."),
    ] = 4.0
    min_joint_score: Annotated[
        float,
        Tunable(
            "ratio",
            0,
            1,
            "A fitted femoral head with a lower score is no hip.",
            "convention, chosen on simulated and real CT",
        ),
    ] = 0.5


class DetectionSettings(Group, frozen=True):
    """What counts as ossification near the joint."""

    place: ClassVar[str] = "detection"
    reach_mm: Annotated[
        float, Tunable("mm", 40, 400, "Ossification is looked for within this distance of the femoral head center.")
    ] = 150.0
    smoothing_mm: Annotated[
        float, Tunable("mm", 0, 3, "The threshold is applied after a Gaussian of this standard deviation.")
    ] = 0.7
    noise_factor: Annotated[
        float,
        Tunable("ratio", 0, 20, "The detection threshold lies this many robust standard deviations above muscle."),
    ] = 3.5
    least_contrast_hu: Annotated[
        float, Tunable("HU", 0, 500, "The detection threshold lies at least this far above muscle.")
    ] = 85.0
    low_hu: Annotated[
        tuple[float, float],
        Tunable("HU", 50, 1000, "The detection threshold lies between these two densities.", _AGATSTON),
    ] = (120.0, 200.0)
    seed_contrast_hu: Annotated[
        float, Tunable("HU", 0, 1000, "The densest voxel of a candidate exceeds the detection threshold by this.")
    ] = 60.0
    native_margin_mm: Annotated[
        float,
        Tunable("mm", 0, 10, "What meets bone inside this distance of a native surface is joined with that bone."),
    ] = 1.5
    core_distance_mm: Annotated[
        float, Tunable("mm", 0, 20, "Grown bone is found by what lies farther outside of the native surface than this.")
    ] = 3.0
    tall_mm: Annotated[
        float, Tunable("mm", 0, 50, "What stands higher above the bone surface is split from the low bone around it.")
    ] = 5.0
    min_core_mm3: Annotated[
        float, Tunable("mm³", 0, 5000, "Grown bone has at least this volume far enough outside of the native surface.")
    ] = 25.0
    contact_hu: Annotated[
        float, Tunable("HU", 50, 2000, "Two bones touch where neighbouring voxels of both are at least this dense.")
    ] = 250.0
    contact_mm2: Annotated[float, Tunable("mm²", 0, 500, "Two bones touch over at least this area.")] = 6.0
    highest_boundary_hu: Annotated[
        float,
        Tunable("HU", 100, 2000, "The outline of a lesion lies at half the height of its edge, but not above this."),
    ] = 420.0
    second_threshold_hu: Annotated[
        float, Tunable("HU", 50, 2000, "Total volume is also given at this threshold, to show how much depends on it.")
    ] = 300.0
    mature_rim_hu: Annotated[
        float, Tunable("HU", 0, 3000, "Ossification with a median rim density from here on is mature.")
    ] = 450.0
    immature_rim_hu: Annotated[
        float, Tunable("HU", 0, 3000, "Ossification with a lower median rim density is immature.")
    ] = 300.0
    rim_mm: Annotated[float, Tunable("mm", 0.1, 20, "The rim of a lesion has this depth.")] = 2.0
    blur_mm: Annotated[float, Tunable("mm", 0, 5, "The rim begins below a partial-volume layer of this depth.")] = 0.8
    atypical_core_hu: Annotated[
        float, Tunable("HU", 0, 2000, "A core denser than a rim that is not mature by this much is flagged.")
    ] = 100.0
    short_gap_mm: Annotated[
        float, Tunable("mm", 1, 50, "A gap between bone surfaces below this makes the higher grade.", _BROOKER)
    ] = 10.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.immature_rim_hu > self.mature_rim_hu:
            raise SettingError(
                f"setting detection.immature_rim_hu = {self.immature_rim_hu:g}: it has to be at most "
                f"detection.mature_rim_hu, {self.mature_rim_hu:g} HU"
            )


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
    keep: Annotated[float, Tunable("ratio", 0, 1, "From this probability on a candidate is ossification.")] = 0.35
    exclude: Annotated[float, Tunable("ratio", 0, 1, "Below this probability a candidate is excluded.")] = 0.2
    least_coverage: Annotated[
        float,
        Tunable("ratio", 0, 1, "With a smaller share of the joint region in view a hip is not called free of lesions."),
    ] = 0.9
    undecided_mm3: Annotated[
        float, Tunable("mm³", 0, 1e6, "Less undecided volume does not make a hip indeterminate.")
    ] = 500.0


class JointSettings(Group, frozen=True):
    """What is measured at each joint, with ossification or without."""

    place: ClassVar[str] = "joint"
    neck_radii: Annotated[
        tuple[float, float],
        Tunable(
            "head radii",
            1,
            3,
            "The femoral neck is what of the femur lies between these distances from the head center.",
            "shape model: the greater trochanter of its mean begins at 1.8 head radii",
        ),
    ] = (1.2, 1.6)
    cortex_mm: Annotated[
        float, Tunable("mm", 0, 20, "Trabecular bone, whose mean HU is given, begins this deep below the surface.")
    ] = 4.0
    least_in_view: Annotated[
        float, Tunable("ratio", 0, 1, "With a smaller share of head or neck in view no mean HU is given.")
    ] = 0.95
    roof_degrees: Annotated[
        float, Tunable("degrees", 5, 90, "The joint space is measured within this angle of straight up from the head.")
    ] = 70.0
    gap_hu: Annotated[float, Tunable("HU", -100, 300, "Cartilage and joint fluid have this density.")] = 75.0
    wall_hu: Annotated[
        float, Tunable("HU", 50, 2000, "Either wall of the joint space reaches at least this density.")
    ] = 250.0
    plate_hu: Annotated[
        float, Tunable("HU", 300, 3000, "Subchondral bone has this density where it is not blurred.")
    ] = 1100.0
    patch_degrees: Annotated[
        float,
        Tunable("degrees", 1, 60, "The minimum joint space is the least mean over directions this near to each other."),
    ] = 12.0
    least_resolved: Annotated[
        float, Tunable("ratio", 0, 1, "With a smaller share of the roof resolved no joint space is given.")
    ] = 0.7
    least_of_patch: Annotated[
        float, Tunable("ratio", 0, 1, "With a smaller share of any patch resolved no minimum joint space is given.")
    ] = 0.5
    muscle_near_mm: Annotated[
        float, Tunable("mm", 0, 100, "A lesion farther from the course of every muscle lies in no muscle group.")
    ] = 20.0


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
            _SIMULATED,
        ),
    ] = 1.0
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


class OutputSettings(Group, frozen=True):
    """What is written, and what it may say of the patient."""

    place: ClassVar[str] = "output"
    keep_identity: Annotated[
        bool,
        Tunable(
            "switch", None, None, "True UIDs, patient id, study date and source folder are written, not pseudonyms."
        ),
    ] = False
    dicom: Annotated[
        bool, Tunable("switch", None, None, "A DICOM Segmentation, structured report and key images are written too.")
    ] = False
    bones: Annotated[
        bool, Tunable("switch", None, None, "A label map of native femur and hip bone is written too.")
    ] = False
    fhir: Annotated[
        bool, Tunable("switch", None, None, "A FHIR R4 bundle with a diagnostic report is written too.")
    ] = False
    fhir_bundle: Annotated[
        Literal["collection", "transaction"],
        Tunable("name", None, None, "The FHIR bundle is a collection to keep, or a transaction for a FHIR server."),
    ] = "collection"
    naming: Annotated[
        Literal["plain", "bids"],
        Tunable("name", None, None, "With bids, label maps and records get names of a BIDS derivative too."),
    ] = "plain"


class Settings(Group, frozen=True):
    """Everything that can change a result, what is written, and how many threads work on it."""

    acquisition: AcquisitionSettings = AcquisitionSettings()
    anatomy: AnatomySettings = AnatomySettings()
    detection: DetectionSettings = DetectionSettings()
    judge: JudgeSettings = JudgeSettings()
    joint: JointSettings = JointSettings()
    follow_up: FollowUpSettings = FollowUpSettings()
    output: OutputSettings = OutputSettings()
    threads: Annotated[
        int, Tunable("count", 0, 1024, "One analysis uses at most so many threads; 0 is all that the process may use.")
    ] = 0

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Settings:
        """Build from nested plain values; what is missing keeps its default.

        Raises
        ------
        SettingError
            A name is not known, or a value is of the wrong type or out of range; it names the setting, the value, what
            it has to be, and the nearest name that is known.
        """
        refuse_unknown_names(values, cls)
        groups = {name: kind(**values[name]) for name, kind in subgroups(cls).items() if name in values}
        return cls(**values | groups)

    @classmethod
    def from_file(cls, path: Path) -> Settings:
        """Read a TOML file with the same nesting, with a byte order mark or without.

        Raises
        ------
        UsageError
            The file cannot be read, is not TOML, or holds what :meth:`from_dict` refuses.
        """
        import tomllib

        try:
            values = tomllib.loads(Path(path).read_text(encoding="utf-8-sig"))
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

    def flat(self) -> dict[str, Any]:
        """Return each value under its name with a dot between, as ``detection.rim_mm``; what has no heading first."""
        plain: dict[str, Any] = {}
        below: dict[str, Any] = {}
        for name, value in msgspec.structs.asdict(self).items():
            if isinstance(value, Group):
                below |= {f"{name}.{inner}": v for inner, v in msgspec.structs.asdict(value).items()}
            else:
                plain[name] = value
        return plain | below

    def deciding(self) -> dict[str, Any]:
        """Return nested plain values of all that can change the result of a series.

        What is written, which series are chosen and how many threads work cannot.
        """
        values = self.to_dict()
        del values["threads"], values["output"], values["acquisition"]["all_series"]
        return values

    def digest(self) -> str:
        """Hash of :meth:`deciding`: 12 hex digits."""
        return digest_of(self.deciding())


def digest_of(values: dict[str, Any]) -> str:
    """Hash of nested plain values, in whatever order they are: 12 hex digits."""
    return hashlib.sha256(msgspec.json.encode(values, order="deterministic")).hexdigest()[:12]
