"""What has come of each series of a plan, as it is on disk, and the tables that say so."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from ho_detect.cohort.plan.plan import Plan, Planned
from ho_detect.cohort.plan.reserves import NO_VERDICT, Reserves
from ho_detect.cohort.plan.series_rows import with_findings, with_reason
from ho_detect.cohort.run.worker import Outcome
from ho_detect.cohort.store.outcomes import Settled, outputs_of
from ho_detect.cohort.store.output_folder import OutputFolder
from ho_detect.errors import SeriesError
from ho_detect.export.dictionary import DICTIONARY_FILE, dictionary_csv
from ho_detect.export.tables import write_table
from ho_detect.results.record import FindingsRecord, RecordError
from ho_detect.results.rows import HipRow, LesionRow, StudyRow, TimingRow, hip_rows, lesion_rows
from ho_detect.system.files import AUTOMATIC_FOLDER, FINDINGS_FILE, write_atomically
from ho_detect.system.parallel import in_parallel

log = logging.getLogger(__name__)

#: Outcomes that say nothing of the series: it is done when the run goes on.
_NOT_FINAL: Final = frozenset({"interrupted", "not_written"})


class ResultStore:
    """The rows of a plan, as far as they are known.

    Rows are made from the files of a result, whoever made it: a run, a resumed one and
    :mod:`~ho_detect.cohort.store.collect` write equal tables.

    Parameters
    ----------
    plan
        The series.
    output
        Where results and outcomes are.
    """

    def __init__(self, plan: Plan, output: OutputFolder) -> None:
        self.plan, self._output = plan, output
        self._rows = [
            msgspec.structs.replace(one.row, status="waiting") if one.analyse else one.row for one in plan.series
        ]
        self._hips: dict[int, list[HipRow]] = {}
        self._lesions: dict[int, list[LesionRow]] = {}
        self._timings: dict[int, TimingRow] = {}
        self._found: set[int] = set()
        self._reserves = Reserves(plan)
        self._due: list[int] = []

    def recover(self, *, failed: bool = True) -> list[int]:
        """Take in what earlier runs did with the same files, software and settings.

        Parameters
        ----------
        failed
            False: what failed then is still to be done.

        Returns
        -------
        Places that are still to be done, the largest series first.
        """
        todo: list[int] = []
        places = self.plan.to_analyse
        while places:
            todo += [place for place in places if not self.recovered(place, failed=failed)]
            places = self.take_due()
        return todo

    def take_due(self) -> list[int]:
        """Return the places of series that became due since this was asked last: a better one gave no result."""
        due, self._due = self._due, []
        return due

    def why_due(self, place: int) -> str:
        """Return which better series gave no result and why; empty where the series was to be analysed anyway."""
        better = self._reserves.instead.get(place)
        return "" if better is None else f"series {self._rows[better].number}: {self._rows[better].reason}"

    def recovered(self, place: int, *, failed: bool) -> bool:
        """Take in what an earlier run did with one series; return whether there is anything of it that holds."""
        planned = self.plan.series[place]
        settled = self._output.outcomes.get(planned.folder)
        if (self._output.path / planned.folder / AUTOMATIC_FOLDER).is_dir():
            # a reader's work is not done again by itself
            self._enter(place, settled or self._settled(planned, Outcome()), self._output.record(planned.folder))
            return True
        if settled is None or settled.key != planned.key or (settled.reason is not None and not failed):
            return False
        if settled.reason is None and not self._all_written(planned, settled):
            if (self._output.path / planned.folder / FINDINGS_FILE).exists():
                self._found.add(place)
            return False
        record = None
        if settled.reason is None:
            try:
                record = self._output.record(planned.folder)
            except (OSError, RecordError) as error:
                log.warning("series %d: its result cannot be read (%s)", planned.row.number, type(error).__name__)
                return False
        self._enter(place, settled, record)
        return True

    def _all_written(self, planned: Planned, settled: Settled) -> bool:
        """Whether an earlier result holds all that is asked for now, and no identity that is not."""
        asked = outputs_of(self.plan.settings.output)
        return settled.identity == planned.identity and set(asked) <= set(settled.outputs)

    def earlier(self, place: int) -> Path | None:
        """Return the folder of a result that holds the same findings, and not all that is to be written of them."""
        return self._output.path / self.plan.series[place].folder if place in self._found else None

    def forget(self, places: list[int]) -> None:
        """Let these count as not done, whatever is on disk; raises OSError when that cannot be written.

        Of a result that only lacks an output all that was said stays true, and is replaced with it.
        """
        for place in set(places) - self._found:
            self._output.outcomes.forget(self.plan.series[place].folder)
        self._output.outcomes.sync()

    def settle(self, place: int, outcome: Outcome) -> Outcome:
        """Bring a result to its place, or remove an older one, and keep the outcome.

        Returns
        -------
        The outcome as it is in the end: ``not_written`` where the disk refused it.
        """
        planned, record = self.plan.series[place], None
        try:
            if outcome.reason is None:
                self._output.publish(planned.folder)
                try:
                    record = self._output.record(planned.folder)
                except RecordError:
                    outcome = _without_result(outcome, "internal_error", "its record cannot be read back")
            if outcome.reason not in _NOT_FINAL:
                if record is None:
                    self._output.withdraw(planned.folder)
                self._output.outcomes.put(planned.folder, self._settled(planned, outcome))
        except OSError as error:
            record, outcome = None, _without_result(outcome, "not_written", error.strerror or "")
        self._enter(place, self._settled(planned, outcome), record)
        return outcome

    def _settled(self, planned: Planned, outcome: Outcome) -> Settled:
        return Settled(
            key=planned.key,
            identity=planned.identity,
            outputs=outputs_of(self.plan.settings.output),
            reason=outcome.reason,
            detail=outcome.detail,
            seconds=round(outcome.seconds, 3),
            peak_memory_mb=outcome.peak_memory_mb,
            ended=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        )

    def _enter(self, place: int, settled: Settled, record: FindingsRecord | None) -> None:
        planned = self.plan.series[place]
        row = msgspec.structs.replace(planned.row, reason=None, message=None)
        if record is None:
            self._rows[place] = with_reason(row, SeriesError(settled.reason or "internal_error", settled.detail))
            if settled.reason not in NO_VERDICT:
                self._call_reserves(place)
        else:
            self._rows[place] = with_findings(row, record, planned.folder)
            self._hips[place] = hip_rows(record, planned.folder)
            self._lesions[place] = lesion_rows(record, planned.folder)
        if settled.reason not in _NOT_FINAL:
            self._timings[place] = TimingRow(
                number=row.number,
                series_uid=row.series_uid,
                seconds=settled.seconds,
                peak_memory_mb=settled.peak_memory_mb,
                ended=settled.ended,
            )

    def _call_reserves(self, place: int) -> None:
        due = self._reserves.called(place)
        if not due:
            return
        self._due += due
        numbers = ", ".join(str(self.plan.series[k].row.number) for k in due)
        row = self._rows[place]
        self._rows[place] = msgspec.structs.replace(row, message=f"{row.message}; analysed in its place: {numbers}")
        for k in due:
            row = self.plan.series[k].row
            self._rows[k] = msgspec.structs.replace(row, status="waiting", reason=None, message=None)

    def row(self, place: int) -> StudyRow:
        """Return the row of one series."""
        return self._rows[place]

    @property
    def studies(self) -> list[StudyRow]:
        """The rows of ``studies``, in the order of the index."""
        return list(self._rows)

    @property
    def hips(self) -> list[HipRow]:
        """The rows of ``summary``."""
        return [row for place in sorted(self._hips) for row in self._hips[place]]

    @property
    def lesions(self) -> list[LesionRow]:
        """The rows of ``lesions``."""
        return [row for place in sorted(self._lesions) for row in self._lesions[place]]

    @property
    def timings(self) -> list[TimingRow]:
        """The rows of ``timings``."""
        return [self._timings[place] for place in sorted(self._timings)]

    def write_tables(self) -> None:
        """Write all tables as far as they are known; raises OSError when one cannot be written."""
        out, staging = self._output.path, self._output.staging
        tables = {"summary": HipRow, "lesions": LesionRow, "studies": StudyRow, "timings": TimingRow}
        rows = self.hips, self.lesions, self.studies, self.timings
        # most of the time goes by until the disk says that it has them
        in_parallel(lambda name, kind, of: write_table(out, name, kind, of, staging), tables, tables.values(), rows)
        write_atomically(out / DICTIONARY_FILE, dictionary_csv().encode(), staging)


def _without_result(outcome: Outcome, reason: str, detail: str) -> Outcome:
    return msgspec.structs.replace(outcome, reason=reason, detail=detail)
