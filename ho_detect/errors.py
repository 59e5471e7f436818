"""Errors a user can meet. Each says which case, which file, which value."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from ho_detect.flags import LEFT_OUT, REASONS

#: Around the name of a file in a text: what no text of ours holds otherwise.
_BEGIN, _END = "\x02", "\x03"


class HoDetectError(Exception):
    """Base of all errors raised on purpose."""


class UsageError(HoDetectError):
    """The call itself is wrong: a path that is not there, a setting that does not exist.

    Parameters
    ----------
    message
        What is wrong; no name of a file or folder that the user gave, which may name a patient.
    path
        The file or folder that it is about. Who called sees it; the command line shows it on a terminal alone.
    """

    def __init__(self, message: str, path: Path | None = None) -> None:
        self.message, self.path = message, path
        super().__init__(message if path is None else f"{message}: {path}")

    def __reduce__(self) -> tuple[type[UsageError], tuple[str, Path | None]]:
        return type(self), (self.message, self.path)


class SettingError(UsageError, ValueError):
    """A setting that is not known, or whose value makes no sense."""


class SeriesError(HoDetectError):
    """A series that cannot be analysed, with its reason code.

    Parameters
    ----------
    reason
        A code registered in :data:`ho_detect.flags.REASONS`.
    detail
        The value and the file (by :func:`named`) that show it; no patient identity and no folder names.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        if reason not in REASONS:
            raise ValueError(f"unknown reason code {reason!r}: register it in ho_detect/flags.py")
        self.reason = reason
        self.detail = detail
        said = with_names(detail, lambda name: name)
        super().__init__(f"{REASONS[reason]} ({said})" if detail else REASONS[reason])

    def __reduce__(self) -> tuple[type[SeriesError], tuple[str, str]]:
        return type(self), (self.reason, self.detail)

    @property
    def is_failure(self) -> bool:
        """Whether the series should have been analysed (exit status 3), or was rightly left out."""
        return self.reason not in LEFT_OUT


def named(path: Path) -> str:
    """Return the name of a file as it stands in a detail: marked, as it may name a patient.

    >>> with_names(f"one is {named(Path('ROE_JANE.dcm'))}: cut", lambda name: "a file")
    'one is a file: cut'
    """
    return f"{_BEGIN}{path.name.replace(_BEGIN, '').replace(_END, '')}{_END}"


def with_names(text: str, shown: Callable[[str], str]) -> str:
    """Return a text with each file name in it as ``shown`` gives it."""
    return re.sub(f"{_BEGIN}([^{_END}]*){_END}", lambda found: shown(found[1]), text)


def names_in(text: str) -> list[str]:
    """Return the names of files in a text."""
    return re.findall(f"{_BEGIN}([^{_END}]*){_END}", text)
