"""The child processes of a run: one for each series, a few at once, each watched.

Whatever happens to a child, its series gets an outcome: it sent one, it ended by itself, it took too long, or
it grew too large.
"""

from __future__ import annotations

import signal
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing import connection as mp_connection
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from ho_detect.cohort.run.fork_server import start_fork_server
from ho_detect.cohort.run.stop_signals import StopSignals
from ho_detect.cohort.run.worker import Job, Outcome, analyse_series, serve
from ho_detect.errors import UsageError
from ho_detect.settings import Settings
from ho_detect.system.cpus import processors
from ho_detect.system.memory import available_gigabytes, resident_gigabytes, tells_memory_of_others

if TYPE_CHECKING:
    from multiprocessing.context import ForkServerProcess

#: How often memory is looked at where it is limited, s.
_MEMORY_WATCH_S = 0.25
#: How long a child that has closed its connection may take to end, s.
_GRACE_S = 10.0
_GIGABYTES_PER_WORKER = 4.0


@dataclass(frozen=True)
class Options:
    """How a run is done; nothing here changes what is found.

    Parameters
    ----------
    workers
        Series analysed at once; 0: one for two processors, as far as memory goes (4 GB each).
    time_limit_s
        A series that takes longer is stopped and fails with ``timed_out``; None: no limit.
    memory_limit_gb
        A child process whose resident memory grows larger is stopped: ``memory_limit``; None: no limit.
    key_file
        Key of the pseudonyms; None: a new random key, so that two runs cannot be linked.
    overwrite
        Do all again where ``out`` holds results: tables and result folders of the same name are replaced.
    resume
        Do only what an earlier run into the same folder did not do; keep what the next needs for the same.
    retry_failed
        With ``resume``: do again what failed.
    limit
        Analyse no more series than this; the others wait. None: all.
    fail_fast
        Stop at the first series that fails in its analysis.
    link_table
        File for the table that leads from pseudonyms to patients; None: it is not written.
    debug
        Let children write to standard error, and log tracebacks: they may name the patient.
    report
        Make a page for readers of each series, and one over all.
    task
        What is done with one series, in the child.
    """

    workers: int = 0
    time_limit_s: float | None = None
    memory_limit_gb: float | None = None
    key_file: Path | None = None
    overwrite: bool = False
    resume: bool = False
    retry_failed: bool = False
    limit: int | None = None
    fail_fast: bool = False
    link_table: Path | None = None
    debug: bool = False
    report: bool = True
    task: Callable[[Job], Outcome] = analyse_series

    def __post_init__(self) -> None:
        if self.workers < 0:
            raise UsageError(f"workers: {self.workers} is negative")
        if self.limit is not None and self.limit < 1:
            raise UsageError(f"limit: {self.limit} is not above zero")
        if self.overwrite and self.resume:
            raise UsageError("overwrite does all again, resume does not: give one of the two")
        if self.retry_failed and not self.resume:
            raise UsageError("retry_failed is for resume: without it all is done again")
        if self.memory_limit_gb is not None and not tells_memory_of_others():
            raise UsageError("memory_limit_gb: this system does not say how much memory a process has")
        for name, limit in (("time_limit_s", self.time_limit_s), ("memory_limit_gb", self.memory_limit_gb)):
            if limit is not None and not limit > 0:
                raise UsageError(f"{name}: {limit} is not above zero")


@dataclass
class _Child:
    """A child at work on the series at ``place``."""

    place: int
    process: ForkServerProcess
    connection: Connection
    started: float

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.started

    def let_go(self) -> None:
        """End a child that has said that all is done; that the system takes its memory back is not waited for."""
        self.process.kill()
        self.connection.close()

    def end(self) -> None:
        """Leave nothing of the child."""
        self.process.kill()
        self.process.join()
        self.process.close()
        self.connection.close()


class WorkerPool:
    """The children at work, never more than the workers of ``options``.

    Parameters
    ----------
    places
        Of the series in the plan, in the order in which they are done.
    job
        Gives the job at a place, when it is due.
    options
        Workers, limits and task.
    started
        Called with the place of each job that starts.
    settled
        Called with the place and the outcome of each job that ends.
    """

    def __init__(
        self,
        places: Sequence[int],
        job: Callable[[int], Job],
        options: Options,
        started: Callable[[int], None],
        settled: Callable[[int, Outcome], None],
    ) -> None:
        self._job, self._options, self._started, self._settled = job, options, started, settled
        self._waiting = deque(places)
        self._workers = workers_for(options, len(places))
        self._stopped = False
        #: Places of the jobs that were not done, after a stop.
        self.undone: list[int] = []
        self._context = get_context("forkserver")
        start_fork_server()  # a run that cannot start any child says so before it touches what is there
        self._running: list[_Child] = []

    def add(self, place: int) -> None:
        """Do one more job, at the end of those that wait."""
        self._waiting.append(place)

    def stop(self) -> None:
        """Start nothing more, and end what is at work."""
        self._stopped = True

    def work(self) -> bool:
        """Do the jobs, each settled once; return whether a signal stopped the run before its end."""
        waiting = self._waiting
        try:
            with StopSignals() as stop:
                while (waiting or self._running) and not (stop.seen or self._stopped):
                    self._start_next(waiting, stop)
                    ended = self._wait(stop)
                    if not self._options.fail_fast:
                        self._start_next(waiting, stop)  # at work while what came of the others is kept
                    for child, outcome in ended:
                        if outcome.reason is None:
                            child.let_go()
                        else:  # it may be at work still
                            child.end()
                        self._settled(child.place, outcome)
        finally:
            self.undone = [child.place for child in self._running] + list(waiting)
            for child in self._running:
                child.end()
        return bool(self.undone) and stop.seen

    def _start_next(self, waiting: deque[int], stop: StopSignals) -> None:
        while waiting and len(self._running) < self._workers and not stop.seen:
            self._start(waiting.popleft())

    def _start(self, place: int) -> None:
        start_fork_server()  # again, where the system ended it
        ours, theirs = self._context.Pipe(duplex=True)
        process = self._context.Process(target=serve, args=(self._options.task, self._job(place), theirs), daemon=True)
        process.start()
        theirs.close()
        self._running.append(_Child(place, process, ours, time.monotonic()))
        self._started(place)

    def _wait(self, stop: StopSignals) -> list[tuple[_Child, Outcome]]:
        """Wait until something happens to a child; return those that are done, no longer among the running."""
        connections = [child.connection for child in self._running]
        sentinels = [child.process.sentinel for child in self._running]
        mp_connection.wait([*connections, *sentinels, stop.fileno], self._patience())
        outcomes = [(child, self._outcome(child)) for child in self._running]
        self._running = [child for child, outcome in outcomes if outcome is None]
        return [(child, outcome) for child, outcome in outcomes if outcome is not None]

    def _patience(self) -> float | None:
        """Seconds until the next look is due; None: until a child says something."""
        due = [_MEMORY_WATCH_S] if self._options.memory_limit_gb is not None else []
        if self._options.time_limit_s is not None:
            due += [max(0.0, self._options.time_limit_s - child.seconds) for child in self._running]
        return min(due, default=None)

    def _outcome(self, child: _Child) -> Outcome | None:
        """Return what came of the child, or None while it works."""
        if child.connection.poll() or not child.process.is_alive():
            return _received(child)
        limit_s, limit_gb = self._options.time_limit_s, self._options.memory_limit_gb
        if limit_s is not None and child.seconds >= limit_s:
            return Outcome(reason="timed_out", detail=f"limit {limit_s:g} s", seconds=child.seconds)
        if limit_gb is not None and resident_gigabytes(child.process.pid) > limit_gb:
            return Outcome(reason="memory_limit", detail=f"limit {limit_gb:g} GB", seconds=child.seconds)
        return None


def _received(child: _Child) -> Outcome:
    """Return the outcome the child sent, or that it ended without one."""
    try:
        outcome = msgspec.msgpack.decode(child.connection.recv_bytes(), type=Outcome)
    except (EOFError, OSError, msgspec.DecodeError):
        child.process.join(_GRACE_S)
        return Outcome(reason="crashed", detail=_how_it_ended(child.process.exitcode), seconds=child.seconds)
    return outcome


def _how_it_ended(exitcode: int | None) -> str:
    if exitcode is None:
        return "it did not end"
    if exitcode >= 0:
        return f"exit status {exitcode}"
    return f"signal {-exitcode}, {signal.strsignal(-exitcode)}"


def workers_for(options: Options, n_jobs: int) -> int:
    """Return how many children work at once."""
    wanted = options.workers or min(processors() // 2, int(available_gigabytes() / _GIGABYTES_PER_WORKER))
    return max(1, min(wanted, n_jobs))


def threads_for(settings: Settings, options: Options, n_jobs: int) -> int:
    """Threads of each child: its share of what the run may use."""
    return max(1, (settings.threads or processors()) // workers_for(options, n_jobs))
