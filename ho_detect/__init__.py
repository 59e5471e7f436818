"""Find, measure and describe heterotopic ossification around the hip on CT.

Research use only. Start with :func:`detect`, for many studies with :func:`run`::

    import ho_detect

    findings = ho_detect.detect("study_folder")
    findings.hips, findings.lesions

Heavy imports (SimpleITK, numba, pandas) happen when they are first used, not here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ho_detect._version import __version__

if TYPE_CHECKING:
    from ho_detect.cohort.run.messages import Event, Report
    from ho_detect.cohort.run.pool import Options
    from ho_detect.cohort.run.run import run
    from ho_detect.errors import HoDetectError, SeriesError, SettingError, UsageError
    from ho_detect.findings import Findings
    from ho_detect.followup.compare import compare
    from ho_detect.followup.course import follow
    from ho_detect.results.record import RecordError
    from ho_detect.settings import Settings
    from ho_detect.study import SeveralPatientsError, detect

__all__ = [
    "Event",
    "Findings",
    "HoDetectError",
    "Options",
    "RecordError",
    "Report",
    "SeriesError",
    "SettingError",
    "Settings",
    "SeveralPatientsError",
    "UsageError",
    "__version__",
    "compare",
    "detect",
    "follow",
    "run",
]

_WHERE = {
    "Event": "ho_detect.cohort.run.messages",
    "Findings": "ho_detect.findings",
    "HoDetectError": "ho_detect.errors",
    "Options": "ho_detect.cohort.run.pool",
    "RecordError": "ho_detect.results.record",
    "Report": "ho_detect.cohort.run.messages",
    "SeriesError": "ho_detect.errors",
    "SettingError": "ho_detect.errors",
    "Settings": "ho_detect.settings",
    "SeveralPatientsError": "ho_detect.study",
    "UsageError": "ho_detect.errors",
    "compare": "ho_detect.followup.compare",
    "detect": "ho_detect.study",
    "follow": "ho_detect.followup.course",
    "run": "ho_detect.cohort.run.run",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - the module's attributes are of many types
    if name not in _WHERE:
        raise AttributeError(f"module 'ho_detect' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_WHERE[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
