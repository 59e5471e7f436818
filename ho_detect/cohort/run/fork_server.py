"""The server that all children of a run are forked from: it has imported what they need."""

from __future__ import annotations

import signal
from multiprocessing import forkserver, get_context, resource_tracker

from ho_detect.cohort.run.stop_signals import STOP_SIGNALS
from ho_detect.errors import UsageError


def start_fork_server() -> None:
    """Let the fork server import what children need, while the caller does something else.

    A scheduler that ends a job asks all its processes at once (SIGTERM), Ctrl-C all of a terminal. Only the caller
    says when a run stops: to the fork server, and so to all children, these signals stay blocked.

    Raises
    ------
    UsageError
        Its socket cannot be made in the folder for temporary files.
    """
    get_context("forkserver").set_forkserver_preload(["ho_detect.cohort.run.preload"])
    resource_tracker.ensure_running()  # first: it unblocks the signals, in Python 3.11
    before = signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    try:
        forkserver.ensure_running()
    except OSError as error:
        raise UsageError(f"TMPDIR: workers cannot be started from there: {error.strerror or error}") from error
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
