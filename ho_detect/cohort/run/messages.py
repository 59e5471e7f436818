"""What a run tells: what happens while it goes on, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from ho_detect.acquisition.headers.endings import LookedAt
from ho_detect.cohort.plan.series_rows import any_dicom
from ho_detect.cohort.run.time_left import TimeLeft
from ho_detect.results.record import FindingsRecord, read_record
from ho_detect.results.rows import HipRow, LesionRow, StudyRow
from ho_detect.system.files import FINDINGS_FILE


@dataclass(frozen=True)
class Event:
    """Something happened in a run: all series are known, one was started, one is done.

    Parameters
    ----------
    kind
        What.
    n_done, n_total
        Of the series to analyse in this run.
    row
        The series that was started or is done.
    seconds
        What a series took that is done.
    time_left
        How fast the run goes; None before the first series is done.
    n_earlier
        Series to analyse that an earlier run has done.
    """

    kind: Literal["indexed", "started", "finished"]
    n_done: int
    n_total: int
    row: StudyRow | None = None
    seconds: float = 0.0
    time_left: TimeLeft | None = None
    n_earlier: int = 0


@dataclass(frozen=True)
class Report:
    """What came of a run.

    Parameters
    ----------
    out
        Where the results are.
    studies
        One row per series found, in the order of the index.
    hips, lesions
        The rows of ``summary`` and ``lesions``.
    seconds
        Wall time.
    n_earlier
        Result folders of earlier runs in ``out``, of which the tables do not speak.
    stopped
        Why the run ended before all was done, where it did.
    tables
        Whether the tables were written: a shard of a plan leaves that to ``collect``.
    notes
        What the user should know of this machine, each once.
    page
        Whether the page over all studies was written.
    looked_at
        The files below the inputs; None where a plan was made of them before.
    places
        The folder of each series by its number, true names: for the user's own terminal, and nothing that is kept.
    """

    out: Path
    studies: tuple[StudyRow, ...]
    hips: tuple[HipRow, ...]
    lesions: tuple[LesionRow, ...]
    seconds: float
    n_earlier: int = 0
    stopped: str = ""
    tables: bool = True
    notes: tuple[str, ...] = ()
    page: bool = False
    looked_at: LookedAt | None = None
    places: dict[int, Path] = field(default_factory=dict)

    @property
    def folders(self) -> list[str]:
        """The result folders, in the order of the index."""
        return [row.folder for row in self.studies if row.folder is not None]

    def record(self, folder: str) -> FindingsRecord:
        """Read the findings of one result folder."""
        return read_record((self.out / folder / FINDINGS_FILE).read_bytes())

    @property
    def failed(self) -> list[StudyRow]:
        """The series that should have been analysed and were not."""
        return [row for row in self.studies if row.status == "failed"]

    @property
    def waiting(self) -> list[StudyRow]:
        """The series that nothing was done with yet."""
        return [row for row in self.studies if row.status == "waiting"]

    @property
    def exit_status(self) -> int:
        """0 when all that should be analysed was, else 3; also 3 where no DICOM was found, a shard's own apart."""
        found = any_dicom(self.studies) or not self.tables  # a shard may have nothing to do: collect looks at all
        return 3 if self.failed or not found else 0


class Interrupted(KeyboardInterrupt):
    """The user stopped the run; ``report`` holds what was done until then, and the tables are written."""

    def __init__(self, report: Report) -> None:
        super().__init__("the run was stopped")
        self.report = report
