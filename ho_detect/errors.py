"""Errors a user can meet. Each says which case, which file, which value."""

from __future__ import annotations

from ho_detect.flags import LEFT_OUT, REASONS


class HoDetectError(Exception):
    """Base of all errors raised on purpose."""


class UsageError(HoDetectError):
    """The call itself is wrong: a path that is not there, a setting that does not exist."""


class SettingError(UsageError, ValueError):
    """A setting that is not known, or whose value makes no sense."""


class SeriesError(HoDetectError):
    """A series that cannot be analysed, with its reason code.

    Parameters
    ----------
    reason
        A code registered in :data:`ho_detect.flags.REASONS`.
    detail
        The value and the file that show it; no patient identity and no folder names.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        if reason not in REASONS:
            raise ValueError(f"unknown reason code {reason!r}: register it in ho_detect/flags.py")
        self.reason = reason
        self.detail = detail
        super().__init__(f"{REASONS[reason]} ({detail})" if detail else REASONS[reason])

    def __reduce__(self) -> tuple[type[SeriesError], tuple[str, str]]:
        return type(self), (self.reason, self.detail)

    @property
    def is_failure(self) -> bool:
        """Whether the series should have been analysed (exit status 3), or was rightly left out."""
        return self.reason not in LEFT_OUT
