"""What a Python user holds of a comparison: it prints as sentences, and is saved with both findings."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ho_detect.findings import Findings
from ho_detect.followup.comparison import Comparison
from ho_detect.followup.sentences import comparison_sentences
from ho_detect.followup.tables import save
from ho_detect.results.result import Result


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
