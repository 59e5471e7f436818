"""All settings, as one frozen record that is written whole into every result.

Each value's comment says where it comes from: a source, or *convention* (a choice of this project, never
presented as validated).
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

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
    max_shear_degrees: float = 0.5
    """Angle between slice normal and stacking direction above which slices count as tilted. Convention."""
    max_oblique_degrees: float = 30.0
    """Angle between a volume axis and the nearest patient axis above which a volume is refused. Convention."""
    max_gigabytes: float = 8.0
    """Largest decoded size of one series. Convention."""
    thick_slice_mm: float = 3.0
    """From this slice step on the result is flagged. Convention."""


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
    min_joint_score: float = 0.5
    """Femoral head score below which no hip is reported. Convention, chosen on simulated and real CT."""


class DetectionSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What counts as ossification near the joint."""

    reach_mm: float = 150.0
    """Distance from the femoral head center within which ossification is looked for. Convention."""
    second_threshold_hu: float = 300.0
    """Total volume is reported at this threshold too, to show how much it depends on the threshold. Convention."""
    min_volume_mm3: float = 40.0
    """Smaller lesions are set aside. Convention."""


class OutputSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is written, and what it may say of the patient."""

    keep_identity: bool = False
    """Write true UIDs, patient id, study date and source folder instead of pseudonyms."""


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that can change a result, and ``threads``, which cannot."""

    acquisition: AcquisitionSettings = AcquisitionSettings()
    anatomy: AnatomySettings = AnatomySettings()
    detection: DetectionSettings = DetectionSettings()
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
