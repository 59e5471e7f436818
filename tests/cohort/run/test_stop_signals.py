"""A signal within the context is noted and wakes who waits; outside of it the handlers are those from before."""

from __future__ import annotations

import os
import select
import signal
import threading

import pytest

from ho_detect.cohort.run.stop_signals import STOP_SIGNALS, StopSignals


@pytest.mark.parametrize("number", STOP_SIGNALS)
def test_a_signal_is_noted_and_wakes(number):
    before = signal.getsignal(number)
    with StopSignals() as stop:
        assert not stop.seen
        assert select.select([stop.fileno], [], [], 0)[0] == []
        os.kill(os.getpid(), number)
        os.kill(os.getpid(), number)
        assert select.select([stop.fileno], [], [], 5)[0] == [stop.fileno]
        assert stop.seen
    assert signal.getsignal(number) is before


def test_handlers_come_back_after_an_error():
    before = [signal.getsignal(number) for number in STOP_SIGNALS]
    with pytest.raises(ValueError, match="within"), StopSignals():
        raise ValueError("within")
    assert [signal.getsignal(number) for number in STOP_SIGNALS] == before


def test_outside_of_the_main_thread_nothing_is_caught():
    before, within = signal.getsignal(signal.SIGTERM), []

    def look():
        with StopSignals():
            within.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert within == [before]
