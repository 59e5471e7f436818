"""Work is shared out among threads; results, their order and errors do not depend on it."""

from __future__ import annotations

import os
import signal
import threading
import time
import weakref

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ho_detect.system.parallel import in_parallel, set_threads, threads, using_threads


@pytest.fixture(autouse=True)
def many_processors(monkeypatch):
    """As many threads as are asked for, however few processors there are."""
    monkeypatch.setattr("ho_detect.system.parallel.processors", lambda: 8)
    yield
    set_threads(0)


@pytest.mark.parametrize("n", [1, 2, 3, 8])
def test_results_are_in_the_order_of_the_arguments(n):
    with using_threads(n):
        assert in_parallel(lambda a, b: a - b, range(20), range(0, 40, 2)) == [-k for k in range(20)]
        assert in_parallel(lambda a: a, []) == []


def test_arguments_of_unequal_length_are_refused():
    with pytest.raises(ValueError, match="argument 2 is shorter"):
        in_parallel(lambda a, b: a + b, [1, 2], [1])


tree = st.recursive(st.integers(0, 9), lambda inner: st.lists(inner, max_size=4), max_leaves=30)


@given(tree, st.integers(1, 4))
def test_nested_maps_end_with_what_one_thread_gives(tasks, n):
    def total(task):
        return task if isinstance(task, int) else sum(in_parallel(total, task))

    with using_threads(1):
        alone = total(tasks)
    with using_threads(n):
        assert total(tasks) == alone


def test_more_nested_maps_than_threads_cannot_lock():
    def inner(k):
        time.sleep(0.001)
        return k

    def outer(k):
        return sum(in_parallel(inner, range(k)))

    with using_threads(2):
        result: list[list[int]] = []
        at_work = threading.Thread(target=lambda: result.append(in_parallel(outer, range(12))), daemon=True)
        at_work.start()
        at_work.join(20)
    assert result == [[k * (k - 1) // 2 for k in range(12)]]


def test_what_is_done_is_let_go_while_every_helper_is_busy():
    """Of a call that ended nothing is kept, or all that a study works out in between would stay to its end."""

    class Large:
        pass

    busy, may_end = threading.Barrier(3), threading.Event()

    def inner():
        large = Large()
        in_parallel(lambda _: large, range(4))
        return weakref.ref(large)

    def outer(k):
        busy.wait(10)
        if k > 0:
            may_end.wait(10)
            return None
        left = inner()()
        may_end.set()
        return left

    with using_threads(2):
        assert in_parallel(outer, range(3)) == [None, None, None]


def test_all_threads_work():
    together = threading.Barrier(3)
    with using_threads(3):
        # each call waits for two others: fewer threads would break the barrier
        assert len(set(in_parallel(lambda _: together.wait(10), range(3)))) == 3


def test_one_thread_is_the_callers():
    with using_threads(1):
        assert set(in_parallel(lambda _: threading.get_ident(), range(9))) == {threading.get_ident()}


@pytest.mark.parametrize("n", [1, 2, 4])
@pytest.mark.parametrize("fails_at", [0, 3, 9])
def test_an_error_is_raised_and_what_is_not_begun_is_left(n, fails_at):
    done = []

    def fails(k):
        if k == fails_at:
            raise ValueError(f"of part {k}")
        time.sleep(0.002)
        done.append(k)

    with using_threads(n):
        with pytest.raises(ValueError, match=f"of part {fails_at}"):
            in_parallel(fails, range(200))
        seen = len(done)
        assert seen < 100
        time.sleep(0.02)
        assert len(done) == seen  # nobody is at work any more
        assert in_parallel(abs, range(-3, 0)) == [3, 2, 1]


def test_of_several_errors_the_first_argument_s_is_raised():
    both = threading.Barrier(2)

    def fails(k):
        both.wait(10)
        raise ValueError(f"of part {k}")

    with using_threads(2), pytest.raises(ValueError, match="of part 0"):
        in_parallel(fails, range(2))


def test_what_keeps_threads_from_starting_is_what_is_raised(monkeypatch):
    class Ended:
        def submit(self, _):
            raise RuntimeError("cannot schedule new futures after shutdown")

    monkeypatch.setattr("ho_detect.system.parallel._helpers", lambda _: Ended())
    with using_threads(2), pytest.raises(RuntimeError, match="cannot schedule"):
        in_parallel(abs, [-1, -2])


def test_an_error_of_a_nested_call_is_raised():
    def fails(k):
        raise KeyError(k)

    with using_threads(2), pytest.raises(KeyError):
        in_parallel(lambda k: in_parallel(fails, [k, k]), range(4))


@pytest.mark.skipif(threading.current_thread() is not threading.main_thread(), reason="signals reach the main thread")
def test_interrupted_while_others_work_leaves_nothing_behind():
    """Ctrl-C in a notebook, while another thread is still at work."""
    main = threading.main_thread().ident
    begun, may_end = threading.Event(), threading.Event()
    done = []

    def slow(k):
        if threading.get_ident() == main:
            begun.wait(10)
        else:
            begun.set()
            may_end.wait(10)
        done.append(k)

    def interrupt():
        begun.wait(10)
        time.sleep(0.1)
        signal.pthread_kill(main, signal.SIGINT)

    # whoever starts the tests in the background has interrupts ignored
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with using_threads(2):
            threading.Thread(target=interrupt).start()
            with pytest.raises(KeyboardInterrupt):
                in_parallel(slow, range(2))
            may_end.set()
            assert in_parallel(abs, [-1, -2]) == [1, 2]
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_child_process_has_threads_of_its_own():
    with using_threads(2):
        assert in_parallel(abs, range(-9, 0)) == list(range(9, 0, -1))
        child = os.fork()
        if child == 0:
            # its parent's threads are not there
            together = threading.Barrier(2)
            both = len(set(in_parallel(lambda _: together.wait(10), range(2)))) == 2
            os._exit(0 if both else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_threads_are_limited_by_the_processors():
    for asked, used in ((0, 8), (-1, 8), (3, 3), (8, 8), (99, 8)):
        set_threads(asked)
        assert threads() == used


def test_within_there_are_no_more_threads_than_before():
    set_threads(3)
    for asked, used in ((0, 3), (2, 2), (3, 3), (8, 3)):
        with using_threads(asked):
            assert threads() == used
    assert threads() == 3


def test_as_many_threads_as_before_after_an_error():
    def fails():
        with using_threads(2):
            assert threads() == 2
            raise ValueError("within")

    set_threads(3)
    with pytest.raises(ValueError, match="within"):
        fails()
    assert threads() == 3
