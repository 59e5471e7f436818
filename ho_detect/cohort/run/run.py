"""Many series: index, one child process for each, collect rows, write the tables.

A child that crashes, hangs or takes too much memory is a row with its reason; the others go on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ho_detect.cohort.plan.keys import kept_pseudonyms, supplied_pseudonyms
from ho_detect.cohort.plan.plan import make_plan
from ho_detect.cohort.plan.series_rows import check_inputs, places_of
from ho_detect.cohort.run.fork_server import start_fork_server
from ho_detect.cohort.run.messages import Event, Interrupted, Report
from ho_detect.cohort.run.pool import Options
from ho_detect.cohort.run.work import Work
from ho_detect.cohort.store.bids import name_results
from ho_detect.cohort.store.link_table import check_link_table, write_link_table
from ho_detect.cohort.store.output_folder import MANIFEST_FILE, OutputFolder
from ho_detect.errors import UsageError
from ho_detect.settings import Settings


def run(
    inputs: str | Path | Sequence[str | Path],
    out: str | Path,
    settings: Settings | Mapping[str, Any] | None = None,
    options: Options | None = None,
    progress: Callable[[Event], None] | None = None,
    anatomy: str | Path | None = None,
) -> Report:
    """Analyse every CT series of the hips under ``inputs``; write folders and tables below ``out``.

    Parameters
    ----------
    inputs
        Files and folders, or one of them, searched through all levels.
    out
        Made when it is not there. Where it holds results, ``options`` must say what is to be done with them.
    settings
        What can change a result: settings, or nested plain values.
    options
        Workers, limits, pseudonyms.
    progress
        Called in this process for each :class:`Event`: ``lambda event: print(event.n_done, event.n_total)``.
    anatomy
        Folder of anatomy masks that are used in place of what is found
        (:mod:`ho_detect.anatomy.user_masks.folders` says which belong to which series).

    Returns
    -------
    What was found for each series, as it was written.

    Raises
    ------
    UsageError
        An input is not there, ``out`` cannot be written, is in use or holds results, the key file or the masks cannot
        be used, or a library for what is to be written is not installed.
    HoDetectError
        ``out`` could not be written any more; what was done until then is there.
    Interrupted
        The user stopped the run (``KeyboardInterrupt``); what was done is written.
    """
    settings, options, out = Settings.of(settings), options or Options(), Path(out)
    paths = [Path(p) for p in ([inputs] if isinstance(inputs, str | Path) else inputs)]
    settings.output.check_libraries()
    check_inputs(paths)
    check_link_table(options.link_table, out)
    given, masks = supplied_pseudonyms(options.key_file, settings), None if anatomy is None else Path(anatomy)
    with OutputFolder(out) as output:
        if (output.path / MANIFEST_FILE).exists():
            raise UsageError("OUT holds a plan: do its shards with --manifest, or choose another OUT")
        if not options.resume:
            if not options.overwrite and output.holds_results():
                raise UsageError(
                    "OUT holds results already: --resume goes on there, --overwrite does all again; "
                    "or choose another OUT",
                    output.path,
                )
            output.start_anew()
        elif given is None and output.key() is None and output.result_folders():
            raise UsageError(
                "OUT holds results of a finished run whose pseudonym key was not kept, so that they cannot be known "
                "again: --overwrite does all again; or choose another OUT"
            )
        start_fork_server()
        plan, index = make_plan(paths, settings, given or kept_pseudonyms(output, settings), anatomy=masks)
        if options.link_table is not None:
            write_link_table(options.link_table, plan, index.series)
        work = Work(plan, output, options, progress or nobody, tables=True)
        by_signal = work.do()
        report = replace(work.report(), looked_at=index.looked_at, places=places_of(index.series))
        if options.link_table is not None:  # with the files that series failed by
            write_link_table(options.link_table, plan, index.series, report.studies)
        name_results(output.path, settings)
        if not (options.resume or by_signal or report.stopped or report.waiting):
            output.forget_at_the_end()
    if by_signal:
        raise Interrupted(report)
    return report


def nobody(_: Event) -> None:
    """Take no notice of an event."""
