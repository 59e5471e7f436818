"""What a child process does with one series. Imported once by the fork server, so that children start at once."""

from __future__ import annotations

import contextlib
import os
import resource
import sys
import threading
import time
import traceback
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from ho_detect.errors import HoDetectError, SeriesError
from ho_detect.settings import Settings
from ho_detect.system.memory import give_back_freed_memory
from ho_detect.system.text import printable

if TYPE_CHECKING:
    from collections.abc import Callable

    from ho_detect.acquisition.series.index import SeriesEntry
    from ho_detect.acquisition.volume.hu_volume import HuVolume
    from ho_detect.results.result import Result
    from ho_detect.system.pseudonyms import Pseudonyms


@dataclass(frozen=True)
class Job:
    """One series to analyse.

    Parameters
    ----------
    entry
        The series, with its files.
    folder
        Name of its result folder.
    staging
        Folder in which the result is made; the parent moves it to its place.
    settings
        As the user gave them: they go into the record.
    pseudonyms
        How identities are replaced.
    threads
        Threads this child may use.
    debug
        Leave standard error open and send tracebacks, which may name the patient.
    report
        Make the page for readers too, and the picture for the page over all studies.
    masks
        Folder of the anatomy masks of the series; None where there are none.
    earlier
        Folder of a result that holds the findings of this job, and not all that is to be written of them; None where
        they are still to be found.
    """

    entry: SeriesEntry
    folder: str
    staging: Path
    settings: Settings
    pseudonyms: Pseudonyms
    threads: int
    debug: bool = False
    report: bool = True
    masks: Path | None = None
    earlier: Path | None = None


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a job: its result is in the staging folder, or a reason code with its detail."""

    reason: str | None = None
    detail: str = ""
    seconds: float = 0.0
    peak_memory_mb: float | None = None
    trace: str | None = None
    notes: list[str] = []
    """What the user should know of this machine."""


def serve(task: Callable[[Job], Outcome], job: Job, connection: Connection) -> None:
    """Run ``task(job)`` in this child and send its outcome; end at once when the parent is gone."""
    _end_first_where_memory_ends()
    threading.Thread(target=_end_with_parent, args=(connection,), daemon=True).start()
    if not job.debug:
        _close_standard_streams()
    connection.send_bytes(msgspec.msgpack.encode(task(job)))


def analyse_series(job: Job) -> Outcome:
    """Load, analyse and write one series; whatever goes wrong is an outcome with a reason."""
    start = time.monotonic()
    try:
        _analyse(job)
    except SeriesError as error:
        outcome = Outcome(reason=error.reason, detail=printable(job.pseudonyms.said(error.detail)))
    except MemoryError as error:
        outcome = Outcome(reason="memory_limit", trace=_trace(error, job))
    except Exception as error:  # noqa: BLE001 - an unforeseen error of one series is its row, not the end of the run
        outcome = Outcome(reason="internal_error", detail=_where(error), trace=_trace(error, job))
    else:
        outcome = Outcome()
    return msgspec.structs.replace(
        outcome, seconds=time.monotonic() - start, peak_memory_mb=peak_memory_mb(), notes=_notes()
    )


def _notes() -> list[str]:
    from ho_detect._kernels._cache import troubles_with_cache

    return troubles_with_cache()


def peak_memory_mb() -> float:
    """Return the most resident memory that this process had, MB."""
    unit = 1 if sys.platform == "darwin" else 1024  # bytes there, KiB elsewhere
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6, 1)


def _analyse(job: Job) -> None:
    from ho_detect.analyze import analyze
    from ho_detect.export.save import save

    settings = msgspec.structs.replace(job.settings, threads=job.threads)
    limit_threads(job.threads)
    result = earlier_result(job) or analyze(load(job), settings, job.masks)
    give_back_freed_memory()  # what judging took, before pages take theirs
    try:
        save(result, job.staging / job.folder, pages=job.report)
    except OSError as error:
        raise SeriesError("not_written", error.strerror or "") from error


def earlier_result(job: Job) -> Result | None:
    """Return the findings of an earlier result with the images they are of; None where they are to be found again.

    Native bone is not in a result that was not asked for it, nor which masks of the user were used.
    """
    output = job.settings.output
    if job.earlier is None or output.bones or output.meshes or job.masks is not None:
        return None
    from ho_detect.results.load import load_result

    try:
        result = load_result(job.earlier)
    except HoDetectError:
        return None  # broken since: what it said is found again
    volume = load(job)
    record = msgspec.structs.replace(result.record, series=volume.series)
    return replace(result, record=record, scan=volume, output=job.settings.output)


def load(job: Job) -> HuVolume:
    """Load the series of a job; the name of its folder, where identity is kept, as text that can be written."""
    from ho_detect.acquisition.volume.load import load_volume

    settings = msgspec.structs.replace(job.settings, threads=job.threads)
    volume = load_volume(job.entry, settings, job.pseudonyms)
    if volume.series.source is None:
        return volume
    series = msgspec.structs.replace(volume.series, source=printable(volume.series.source))
    return replace(volume, series=series)


def limit_threads(n: int) -> None:
    """Let compiled kernels and ITK filters of this process use at most ``n`` threads, linear algebra one."""
    from threadpoolctl import threadpool_limits

    from ho_detect.system.parallel import set_threads

    set_threads(n)
    # what is solved is small: more threads only wait for each other, and for those of other workers
    threadpool_limits(limits=1, user_api="blas")
    # ITK reads it when it is loaded; that takes 90 MB, and is left to the end of a study
    os.environ["ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS"] = str(n)
    if loaded := sys.modules.get("SimpleITK"):
        loaded.ProcessObject.SetGlobalDefaultNumberOfThreads(n)


def _end_with_parent(connection: Connection) -> None:
    # the parent never sends: reading ends only when the parent has ended
    try:
        connection.recv_bytes()
    except (EOFError, OSError):
        os._exit(1)


def _end_first_where_memory_ends() -> None:
    # the system's out-of-memory killer then takes this child, not the parent with all the others
    with contextlib.suppress(OSError):  # a system without it, or one that forbids it
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")


def _close_standard_streams() -> None:
    # libraries print file names and header values there
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    os.close(nowhere)


def _where(error: BaseException) -> str:
    """Name the kind and the line of an error; its text may hold header values."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [f for f in frames if "ho_detect" in f.filename] or frames
    return f"{type(error).__name__} at {Path(ours[-1].filename).name}:{ours[-1].lineno}"


def _trace(error: BaseException, job: Job) -> str | None:
    return "".join(traceback.format_exception(error)) if job.debug else None
