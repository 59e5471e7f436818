from threading import Thread

import pytest

from ho_detect.image.lazy import LastBox

ONE, OTHER = (slice(0, 1),), (slice(0, 2),)


@pytest.fixture
def asked():
    return []


@pytest.fixture
def work_out(asked):
    def work_out(spans):
        asked.append(spans)
        return f"result of {spans}"

    return work_out


def test_works_out_once_what_is_asked_for_again(asked, work_out):
    box = LastBox()
    assert box.get(ONE, work_out) == box.get(ONE, work_out) == f"result of {ONE}"
    assert asked == [ONE]


def test_keeps_the_last_alone(asked, work_out):
    box = LastBox()
    for spans in (ONE, OTHER, ONE):
        assert box.get(spans, work_out) == f"result of {spans}"
    assert asked == [ONE, OTHER, ONE]


def test_keeps_a_result_that_is_none(asked):
    box = LastBox()
    assert [box.get(ONE, asked.append) for _ in range(2)] == [None, None]
    assert asked == [ONE]


def test_after_an_error_works_out_again_what_was_kept_before(asked, work_out):
    def fail(_):
        raise ValueError("no such box")

    box = LastBox()
    box.get(ONE, work_out)
    with pytest.raises(ValueError, match="no such box"):
        box.get(OTHER, fail)
    assert box.get(ONE, work_out) == f"result of {ONE}"
    assert asked == [ONE, ONE]


def test_asked_for_what_was_kept_before_while_working_out_another(work_out):
    box = LastBox()
    box.get(ONE, work_out)
    assert box.get(OTHER, lambda _: box.get(ONE, work_out)) == f"result of {ONE}"
    assert box.get(OTHER, work_out) == f"result of {ONE}"


def test_each_thread_has_its_own(asked, work_out):
    box, found = LastBox(), []
    box.get(ONE, work_out)
    thread = Thread(target=lambda: found.append(box.get(ONE, work_out)))
    thread.start()
    thread.join()
    assert found == [f"result of {ONE}"]
    assert asked == [ONE, ONE]
