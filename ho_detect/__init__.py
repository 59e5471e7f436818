"""Find, measure and describe heterotopic ossification around the hip on CT.

Research use only. Start with :func:`detect`::

    import ho_detect

    findings = ho_detect.detect("study_folder")
    findings.hips, findings.lesions

Heavy imports (SimpleITK, numba, pandas) happen when they are first used, not here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ho_detect._version import __version__

if TYPE_CHECKING:
    from ho_detect.errors import HoDetectError
    from ho_detect.findings import Findings
    from ho_detect.followup.compare import compare
    from ho_detect.settings import Settings
    from ho_detect.study import detect

__all__ = ["Findings", "HoDetectError", "Settings", "__version__", "compare", "detect"]

_WHERE = {
    "Findings": "ho_detect.findings",
    "HoDetectError": "ho_detect.errors",
    "Settings": "ho_detect.settings",
    "compare": "ho_detect.followup.compare",
    "detect": "ho_detect.study",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - the module's attributes are of many types
    if name not in _WHERE:
        raise AttributeError(f"module 'ho_detect' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_WHERE[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
