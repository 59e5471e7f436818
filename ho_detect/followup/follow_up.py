"""What a Python user holds of a comparison: it prints as sentences, and is saved with both findings."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ho_detect.findings import Findings
from ho_detect.followup.comparison import Comparison
from ho_detect.followup.sentences import comparison_sentences
from ho_detect.followup.tables import ChangeRow, change_rows, save
from ho_detect.followup.tracks import Track, tracks_of
from ho_detect.results.result import Result
from ho_detect.system.extras import need
from ho_detect.system.files import write_atomically

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


@dataclass(frozen=True, eq=False, repr=False)
class FollowUp:
    """A comparison with the findings of both studies, whose label maps its ids refer to."""

    comparison: Comparison
    earlier: Findings
    later: Findings

    @classmethod
    def of(cls, comparison: Comparison, earlier: Result, later: Result) -> FollowUp:
        """Return the follow-up of two results."""
        return cls(comparison, Findings.of(earlier), Findings.of(later))

    def __str__(self) -> str:
        return "\n".join(comparison_sentences(self.comparison))

    __repr__ = __str__

    def tracks(self) -> tuple[Track, ...]:
        """Return volume before and after of each hip, then of each ossification."""
        return tracks_of((self.earlier, self.later), (self.comparison,), self._days)

    def frame(self) -> pd.DataFrame:
        """Return one row per hip, then one per lesion: the columns of ``comparison.csv``.

        Raises
        ------
        UsageError
            pandas is not installed.
        """
        from ho_detect.export.tables import frame

        return frame(ChangeRow, change_rows(self.comparison))

    def plot(self) -> Figure:
        """Draw volume before and after.

        Raises
        ------
        UsageError
            matplotlib is not installed.
        """
        from ho_detect.followup.show import course_figure

        need("plot()", "followup", "matplotlib")
        return course_figure(self.tracks(), self._days)

    def report(self, path: str | Path) -> Path:
        """Write the follow-up as one self-contained page for readers; returns its path.

        Raises
        ------
        OSError
            The file cannot be written.
        UsageError
            matplotlib is not installed.
        """
        from ho_detect.followup.show import follow_up_html

        need("report()", "followup", "matplotlib")
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        page = follow_up_html((self.earlier, self.later), (self.comparison,), self.tracks(), self._days)
        write_atomically(path, page.encode())
        return path

    @property
    def _days(self) -> tuple[int | None, int | None]:
        interval = self.comparison.interval_days
        return (None if interval is None else 0), interval

    def save(self, folder: str | Path) -> Path:
        """Write ``comparison.json``, ``comparison.csv`` and both findings, see :mod:`ho_detect.followup.tables`.

        Returns
        -------
        The folder, made when it was not there.

        Raises
        ------
        OSError
            A file cannot be written.
        """
        save(self.comparison, self.earlier, self.later, Path(folder))
        return Path(folder)
