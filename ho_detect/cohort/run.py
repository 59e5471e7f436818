"""Many series: index, one child process for each, collect rows, write the tables.

A child that crashes, hangs or takes too much memory is a row with its reason; the others go on.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from ho_detect.cohort.crew import Crew, Options, threads_for
from ho_detect.cohort.output_folder import OutputFolder
from ho_detect.cohort.series_rows import check_inputs, pseudonyms_for, study_row, with_findings, with_reason
from ho_detect.cohort.worker import Job, Outcome
from ho_detect.errors import HoDetectError, SeriesError
from ho_detect.reporting.findings import FINDINGS_FILE, FindingsRecord
from ho_detect.reporting.tables import HipRow, LesionRow, StudyRow, hip_rows, lesion_rows, write_table
from ho_detect.settings import Settings

if TYPE_CHECKING:
    from ho_detect.acquisition.pseudonyms import Pseudonyms

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Event:
    """Something happened in a run: all series are known, one was started, one is done."""

    kind: Literal["indexed", "started", "finished"]
    n_done: int
    n_total: int
    row: StudyRow | None = None


@dataclass(frozen=True)
class Report:
    """What came of a run.

    Parameters
    ----------
    out
        Where the results are.
    studies
        One row per series found, in the order of the index.
    records
        The findings of the analysed ones, by result folder.
    seconds
        Wall time.
    n_earlier
        Result folders of earlier runs in ``out``, of which the tables do not speak.
    """

    out: Path
    studies: tuple[StudyRow, ...]
    records: dict[str, FindingsRecord]
    seconds: float
    n_earlier: int = 0

    @property
    def hips(self) -> list[HipRow]:
        """The rows of ``summary``."""
        return [row for folder, record in self.records.items() for row in hip_rows(record, folder)]

    @property
    def lesions(self) -> list[LesionRow]:
        """The rows of ``lesions``."""
        return [row for folder, record in self.records.items() for row in lesion_rows(record, folder)]

    @property
    def failed(self) -> list[StudyRow]:
        """The series that should have been analysed and were not."""
        return [row for row in self.studies if row.status == "failed"]

    @property
    def exit_status(self) -> int:
        """0 when all that should be analysed was, else 3."""
        return 3 if self.failed else 0


class Interrupted(KeyboardInterrupt):
    """The user stopped the run; ``report`` holds what was done until then, and the tables are written."""

    def __init__(self, report: Report) -> None:
        super().__init__("the run was stopped")
        self.report = report


def run(
    inputs: Sequence[Path],
    out: Path,
    settings: Settings | None = None,
    options: Options | None = None,
    progress: Callable[[Event], None] | None = None,
) -> Report:
    """Analyse every CT series of the hips under ``inputs``; write folders and tables below ``out``.

    Parameters
    ----------
    inputs
        Files and folders, searched through all levels.
    out
        Made when it is not there. A result folder of the same name is replaced.
    settings
        What can change a result.
    options
        Workers, limits, pseudonyms.
    progress
        Called in this process for each :class:`Event`.

    Returns
    -------
    What was found for each series, as it was written.

    Raises
    ------
    UsageError
        An input is not there, ``out`` cannot be written or is in use, the key file cannot be used.
    HoDetectError
        The tables cannot be written at the end.
    Interrupted
        The user stopped the run (``KeyboardInterrupt``); what was done is written.
    """
    start = time.monotonic()
    settings, options = settings or Settings(), options or Options()
    check_inputs(inputs)
    pseudonyms = pseudonyms_for(settings, options.key_file)
    with OutputFolder(out) as output:
        plan = _Plan.of(inputs, settings, options, pseudonyms, output.staging)
        stopped = _work(plan, output, options, progress or (lambda _: None))
        records = plan.records()
        n_earlier = sum(path.parent.name not in records for path in output.path.glob(f"*/{FINDINGS_FILE}"))
        report = Report(output.path, plan.studies(), records, time.monotonic() - start, n_earlier)
        _write_tables(report)
    if stopped:
        raise Interrupted(report)
    return report


def _work(plan: _Plan, output: OutputFolder, options: Options, progress: Callable[[Event], None]) -> bool:
    """Do the jobs of a plan, settle its rows, tell of progress; return whether the run was stopped."""
    n_total, n_done = len(plan.jobs), 0

    def started(place: int) -> None:
        progress(Event("started", n_done, n_total, plan.rows[place]))

    def settled(place: int, outcome: Outcome) -> None:
        nonlocal n_done
        if outcome.record is not None:
            try:
                output.publish(plan.jobs[place].folder)
            except OSError as error:
                outcome = Outcome(reason="not_written", detail=error.strerror or "", seconds=outcome.seconds)
        row = plan.settle(place, outcome)
        n_done += 1
        log.info("series %d (%s): %s %s", row.number, row.series_uid, row.status, row.message or "")
        if outcome.trace:
            log.error("series %d:\n%s", row.number, outcome.trace)
        progress(Event("finished", n_done, n_total, row))

    progress(Event("indexed", 0, n_total))
    return Crew(plan.jobs, options, started, settled).work()


def _write_tables(report: Report) -> None:
    try:
        write_table(report.out, "summary", HipRow, report.hips)
        write_table(report.out, "lesions", LesionRow, report.lesions)
        write_table(report.out, "studies", StudyRow, report.studies)
    except OSError as error:
        raise HoDetectError(f"the tables cannot be written to OUT: {error.strerror}") from error


@dataclass
class _Plan:
    """Each series in the order of the index, the jobs, and what came of each."""

    rows: list[StudyRow]
    jobs: dict[int, Job]
    found: dict[int, FindingsRecord] = field(default_factory=dict)

    @classmethod
    def of(
        cls, inputs: Sequence[Path], settings: Settings, options: Options, pseudonyms: Pseudonyms, staging: Path
    ) -> _Plan:
        from ho_detect.acquisition.index import index_series

        entries = index_series([Path(p) for p in inputs], settings.acquisition)
        threads = threads_for(settings, options, sum(e.analyse for e in entries))
        rows: list[StudyRow] = []
        jobs: dict[int, Job] = {}
        names: set[str] = set()
        for place, entry in enumerate(entries):
            rows.append(study_row(place + 1, entry, pseudonyms))
            if entry.analyse:
                folder = _unused(pseudonyms.folder(entry.identity), names)
                jobs[place] = Job(entry, folder, staging, settings, pseudonyms, threads, options.debug)
        return cls(rows, jobs)

    def studies(self) -> tuple[StudyRow, ...]:
        return tuple(self.rows)

    def records(self) -> dict[str, FindingsRecord]:
        return {self.jobs[place].folder: self.found[place] for place in sorted(self.found)}

    def settle(self, place: int, outcome: Outcome) -> StudyRow:
        """Put the outcome of a job into its row."""
        row = msgspec.structs.replace(self.rows[place], seconds=round(outcome.seconds, 3))
        if outcome.record is not None:
            self.found[place] = outcome.record
            row = with_findings(row, outcome.record, self.jobs[place].folder)
        else:
            row = with_reason(row, SeriesError(outcome.reason or "internal_error", outcome.detail))
        self.rows[place] = row
        return row


def _unused(name: str, names: set[str]) -> str:
    """Return ``name``, with a number after it when two series of the input share one UID."""
    number, result = 1, name
    while result in names:
        number += 1
        result = f"{name}-{number}"
    names.add(result)
    return result
