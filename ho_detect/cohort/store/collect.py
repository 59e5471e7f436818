"""The shards of a plan put together: every planned series has one outcome, and the tables say which."""

from __future__ import annotations

import time
from pathlib import Path

from ho_detect.cohort.plan.keys import planned_pseudonyms, supplied_pseudonyms
from ho_detect.cohort.plan.manifest import read_about, read_plan
from ho_detect.cohort.run.messages import Report
from ho_detect.cohort.store.bids import name_results
from ho_detect.cohort.store.output_folder import MANIFEST_FILE, OutputFolder
from ho_detect.cohort.store.results import ResultStore
from ho_detect.errors import HoDetectError, UsageError
from ho_detect.export.pages.cohort import write_cohort_page


def collect(out: Path, key_file: Path | None = None, *, finish: bool = False) -> Report:
    """Write the tables of a plan, and the page over all studies, from what its shards left, at any time.

    Parameters
    ----------
    out
        Where the manifest and the results are.
    key_file
        That of the plan, where it had one.
    finish
        Remove the manifest, the key and the outcomes when every series is done: what is left can be shared, and
        nothing can be resumed.

    Returns
    -------
    What is there; ``waiting`` are the series without an outcome.

    Raises
    ------
    UsageError
        There is no manifest, or ``finish`` was asked for while series wait or a shard is at work.
    HoDetectError
        The tables cannot be written.
    """
    start = time.monotonic()
    manifest = Path(out) / MANIFEST_FILE
    about = read_about(manifest)
    given = supplied_pseudonyms(key_file, about.settings)
    with OutputFolder(out, "" if finish else "collect") as output:
        plan = read_plan(manifest, about, given or planned_pseudonyms(output, about.settings))
        store = ResultStore(plan, output)
        store.recover()
        try:
            store.write_tables()
            write_cohort_page(output.path)
        except OSError as error:
            raise HoDetectError(f"cannot write to OUT: {error.strerror}") from error
        name_results(output.path, about.settings)
        report = Report(
            out=output.path,
            studies=tuple(store.studies),
            hips=tuple(store.hips),
            lesions=tuple(store.lesions),
            seconds=time.monotonic() - start,
            n_earlier=len(output.result_folders() - {row.folder for row in store.studies}),
            page=True,
        )
        if finish:
            if report.waiting:
                raise UsageError(f"{len(report.waiting)} series have no outcome yet: nothing was removed")
            output.forget_at_the_end()
            manifest.unlink()
    return report
