"""All groups of settings as one record: from a dictionary or a file, flat, and its digest."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec

from ho_detect.errors import UsageError
from ho_detect.settings.acquisition import AcquisitionSettings
from ho_detect.settings.anatomy import AnatomySettings, JointSettings
from ho_detect.settings.detection import DetectionSettings
from ho_detect.settings.follow_up import FollowUpSettings
from ho_detect.settings.judge import JudgeSettings
from ho_detect.settings.output import OutputSettings
from ho_detect.system.tunable import Group, Tunable, refuse_unknown_names, subgroups


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
    def of(cls, settings: Settings | Mapping[str, Any] | None) -> Settings:
        """Return settings, however they are given: nested plain values as in :meth:`from_dict`, or none: the defaults.

        Raises
        ------
        SettingError
            As :meth:`from_dict`.
        """
        if settings is None:
            return cls()
        return settings if isinstance(settings, Settings) else cls.from_dict(dict(settings))

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
