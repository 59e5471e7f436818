"""A cohort in parts that other processes do, on this machine or others: the plan, and one part of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from ho_detect.cohort.plan.keys import kept_pseudonyms, planned_pseudonyms, supplied_pseudonyms
from ho_detect.cohort.plan.manifest import read_about, read_plan, write_manifest
from ho_detect.cohort.plan.plan import Plan, make_plan
from ho_detect.cohort.plan.series_rows import check_inputs
from ho_detect.cohort.run.messages import Event, Interrupted, Report
from ho_detect.cohort.run.pool import Options
from ho_detect.cohort.run.run import nobody
from ho_detect.cohort.run.work import Work
from ho_detect.cohort.store.link_table import check_link_table, write_link_table
from ho_detect.cohort.store.output_folder import MANIFEST_FILE, OutputFolder
from ho_detect.cohort.store.results import ResultStore
from ho_detect.errors import UsageError
from ho_detect.settings import Settings


def plan_shards(
    inputs: Sequence[Path],
    out: Path,
    settings: Settings | None = None,
    n_shards: int = 1,
    options: Options | None = None,
    anatomy: Path | None = None,
) -> Plan:
    """Index the inputs once and write what is to be done, in parts of about the same cost, to ``OUT/manifest.parquet``.

    Parameters
    ----------
    inputs
        Files and folders, searched through all levels; every process must see them under the same paths.
    out
        Made when it is not there. What was done there by an earlier plan need not be done again.
    settings
        What can change a result; for all parts.
    n_shards
        Number of parts.
    options
        ``key_file`` (None: a new random key, kept in ``out`` for its owner's eyes) and ``link_table`` are used.
    anatomy
        As for :func:`~ho_detect.cohort.run.run.run`; every process must see it under the same path.

    Raises
    ------
    UsageError
        An input is not there, ``out`` cannot be written or is in use, a file or the masks cannot be used, or a library
        for what is to be written is not installed.
    """
    settings, options = settings or Settings(), options or Options()
    settings.output.check_libraries()
    check_inputs(inputs)
    check_link_table(options.link_table, out)
    if n_shards < 1:
        raise UsageError(f"shards: {n_shards} is not above zero")
    given = supplied_pseudonyms(options.key_file, settings)
    with OutputFolder(out) as output:
        plan, index = make_plan(inputs, settings, given or kept_pseudonyms(output, settings), n_shards, anatomy)
        if options.link_table is not None:
            store = ResultStore(plan, output)
            store.recover()
            write_link_table(options.link_table, plan, index.series, store.studies)
        try:
            write_manifest(output.path / MANIFEST_FILE, plan, n_shards, output.staging)
        except OSError as error:
            raise UsageError(f"cannot write to OUT: {error.strerror}") from error
    return plan


def run_shard(
    manifest: Path,
    shard: str | None = None,
    options: Options | None = None,
    progress: Callable[[Event], None] | None = None,
) -> Report:
    """Analyse what one shard of a plan is to do, or all of it; the tables are left to ``collect``.

    Parameters
    ----------
    manifest
        As :func:`~ho_detect.cohort.run.shards.plan_shards` wrote it; results go beside it.
    shard
        ``i`` or ``i/K``, from 1; None: all shards, one after the other.
    options
        As for :func:`run`.
    progress
        Called in this process for each :class:`Event`.

    Returns
    -------
    What was found for each series of the shard.

    Raises
    ------
    UsageError
        The manifest cannot be used, there is no such shard, another process does it now, or a library for what is to be
        written is not installed.
    HoDetectError
        The output could not be written any more; what was done until then is there.
    Interrupted
        The user, or the scheduler, stopped the run; what was done is there.
    """
    options = options or Options()
    about = read_about(manifest)
    about.settings.output.check_libraries()
    part = None if shard is None else parse_shard(shard, about.n_shards)
    given = supplied_pseudonyms(options.key_file, about.settings)
    name = "" if part is None else f"{part}-of-{about.n_shards}"
    with OutputFolder(manifest.absolute().parent, name) as output:
        plan = read_plan(manifest, about, given or planned_pseudonyms(output, about.settings), part)
        work = Work(plan, output, options, progress or nobody, tables=False)
        by_signal = work.do()
        report = work.report()
    if by_signal:
        raise Interrupted(report)
    return report


def parse_shard(text: str, n_shards: int) -> int:
    """Return the number of a shard, given as ``i`` or ``i/K``.

    Raises
    ------
    UsageError
        It is not one of the plan's.

    >>> parse_shard("3/8", 8), parse_shard("3", 8)
    (3, 3)
    """
    number, slash, of = text.partition("/")
    if not number.isdecimal() or (slash and not of.isdecimal()):
        raise UsageError(f"shard {text!r}: give it as i/K, as in 3/8")
    if slash and int(of) != n_shards:
        raise UsageError(f"shard {text}: the plan has {n_shards} shards")
    if not 1 <= int(number) <= n_shards:
        raise UsageError(f"shard {text}: the plan has shards 1 to {n_shards}")
    return int(number)
