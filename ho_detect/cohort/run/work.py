"""Doing what a plan says: each series in a child, each outcome kept when it is there, the tables as they grow."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from ho_detect.cohort.plan.plan import Plan, unpack
from ho_detect.cohort.run.messages import Event, Report
from ho_detect.cohort.run.pool import Options, WorkerPool, threads_for
from ho_detect.cohort.run.time_left import Stopwatch
from ho_detect.cohort.run.worker import Job, Outcome
from ho_detect.cohort.store.output_folder import OutputFolder
from ho_detect.cohort.store.results import ResultStore
from ho_detect.errors import HoDetectError
from ho_detect.export.pages.cohort import PAGE_TEMPLATE, write_cohort_page
from ho_detect.export.pages.templating import prepare
from ho_detect.flags import flag

log = logging.getLogger(__name__)

#: Tables are not written more often than this while a run goes on, s, ...
_TABLES_EVERY_S: Final = 10.0
#: ... and take no more than this share of its time.
_TABLES_SHARE: Final = 0.01


class Work:
    """What is to be done of a plan.

    Parameters
    ----------
    plan
        The series.
    output
        Where results go.
    options
        How it is done.
    progress
        Told of each event.
    tables
        Whether the tables are written: while they grow, and at the end.
    """

    def __init__(
        self, plan: Plan, output: OutputFolder, options: Options, progress: Callable[[Event], None], *, tables: bool
    ) -> None:
        self._start = time.monotonic()
        self._plan, self._output, self._options, self._progress = plan, output, options, progress
        self._store = ResultStore(plan, output)
        todo = self._store.recover(failed=not options.retry_failed) if options.resume else plan.to_analyse
        self._places = list(todo[: options.limit])
        self._n_earlier = len(plan.to_analyse) - len(todo)
        self._n_done = self._n_kept = 0
        self._threads = threads_for(plan.settings, options, len(self._places))
        self._watch = Stopwatch(sum(plan.series[place].cost for place in self._places))
        self._pool = WorkerPool(self._places, self._job, options, self._started, self._settled)
        self._tables, self._tables_due = tables, self._start
        self._with_page = tables and options.report
        self._stopped, self._unwritable = "", ""
        self._page = False
        self._notes: dict[str, None] = {}

    def do(self) -> bool:
        """Do it; return whether a signal stopped it before its end.

        Raises
        ------
        HoDetectError
            The output cannot be written any more; what was done until then is there.
        """
        try:
            self._store.forget(self._places)
        except OSError as error:
            self._give_up(error.strerror or "")
        self._progress(Event("indexed", 0, len(self._places), n_earlier=self._n_earlier))
        if self._with_page:
            prepare(PAGE_TEMPLATE)  # the first child is not there yet
        by_signal = self._pool.work()
        for place in self._pool.undone:
            self._store.settle(place, Outcome(reason="interrupted"))
        self._write_tables()
        self._write_page()
        if self._unwritable:
            raise HoDetectError(
                f"cannot write to OUT: {self._unwritable} ({self._n_kept} of {len(self._places)} series "
                "done; --resume goes on from here)"
            )
        return by_signal

    def report(self) -> Report:
        """Return what came of all series of the plan."""
        store = self._store
        studies = store.studies
        kept = {row.folder for row in studies}
        return Report(
            out=self._output.path,
            studies=tuple(studies),
            hips=tuple(store.hips),
            lesions=tuple(store.lesions),
            seconds=time.monotonic() - self._start,
            n_earlier=len(self._output.result_folders() - kept) if self._tables else 0,
            stopped=self._stopped,
            tables=self._tables,
            notes=tuple(self._notes),
            page=self._page,
        )

    def _job(self, place: int) -> Job:
        planned = self._plan.series[place]
        if planned.entry is None:
            raise ValueError(f"series {planned.row.number} is not to be analysed")
        entry = unpack(planned.entry)
        if why := self._store.why_due(place):
            entry = msgspec.structs.replace(entry, notes=(*entry.notes, flag("instead_of_better", why)))
        return Job(
            entry,
            planned.folder,
            self._output.staging,
            self._plan.settings,
            self._plan.pseudonyms,
            self._threads,
            self._options.debug,
            self._options.report,
            None if planned.masks is None else Path(os.fsdecode(planned.masks)),
            self._store.earlier(place),
        )

    def _started(self, place: int) -> None:
        self._progress(Event("started", self._n_done, len(self._places), self._store.row(place)))

    def _settled(self, place: int, outcome: Outcome) -> None:
        outcome = self._store.settle(place, outcome)
        row = self._store.row(place)
        log.info("series %d (%s): %s %s", row.number, row.series_uid, row.status, row.message or "")
        for note in outcome.notes:
            if note not in self._notes:
                log.warning("%s", note)
            self._notes[note] = None
        if outcome.trace:
            log.error("series %d:\n%s", row.number, outcome.trace)
        self._n_done += 1
        self._n_kept += outcome.reason != "not_written"
        self._add_reserves()
        time_left = self._watch.done(self._plan.series[place].cost)
        self._progress(Event("finished", self._n_done, len(self._places), row, outcome.seconds, time_left))
        if outcome.reason == "not_written":
            # what the disk refuses of one series it refuses of the next, after all its work
            self._give_up(outcome.detail)
        elif row.status == "failed" and self._options.fail_fast:
            self._stopped = f"series {row.number} failed"
            self._pool.stop()
        elif time.monotonic() >= self._tables_due and self._n_done < len(self._places):
            self._write_tables()

    def _add_reserves(self) -> None:
        """Put to work what stands by for a series that gave no result."""
        places = self._store.take_due()
        while places:
            for place in places:
                if self._options.resume and self._store.recovered(place, failed=not self._options.retry_failed):
                    continue
                if len(self._places) == self._options.limit:
                    continue
                self._store.forget([place])
                self._places.append(place)
                self._pool.add(place)
            places = self._store.take_due()

    def _write_tables(self) -> None:
        if not self._tables:
            return
        start = time.monotonic()
        try:
            self._store.write_tables()
        except OSError as error:
            self._give_up(error.strerror or "")
        took = time.monotonic() - start
        self._tables_due = start + max(_TABLES_EVERY_S, took / _TABLES_SHARE)

    def _write_page(self) -> None:
        """Write the page over all studies, where it is wanted and there are tables to make it from."""
        if not self._with_page or self._unwritable:
            return
        try:
            write_cohort_page(self._output.path)
            self._page = True
        except OSError as error:
            self._give_up(error.strerror or "")

    def _give_up(self, why: str) -> None:
        """End a run whose output cannot be written, to say so once."""
        self._unwritable = self._unwritable or why
        self._pool.stop()
