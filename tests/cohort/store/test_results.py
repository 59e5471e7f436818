"""What is put down of a series, and in which order: after a kill no outcome speaks of what is not there."""

import batch_tasks
import pytest

from ho_detect.cohort.plan import plan as planning
from ho_detect.cohort.run.pool import Options
from ho_detect.cohort.run.run import run
from ho_detect.cohort.run.worker import Outcome
from ho_detect.cohort.store.outcomes import Outcomes
from ho_detect.cohort.store.output_folder import OutputFolder
from ho_detect.cohort.store.results import ResultStore
from ho_detect.settings import Settings
from ho_detect.system.pseudonyms import Pseudonyms

PSEUDONYMS = Pseudonyms(b"0123456789abcdef")


@pytest.fixture
def planned(archive):
    return planning.make_plan([archive / "s2"], Settings(), PSEUDONYMS)[0]


@pytest.fixture
def call(archive, tmp_path, key_file):
    """Run over one series with ``resume``; give the numbers of the series that were analysed."""

    def call(task=batch_tasks.finds_two_lesions, **changes):
        events = []
        options = Options(**{"task": task, "workers": 1, "resume": True, "key_file": key_file} | changes)
        run([archive / "s2"], tmp_path / "out", None, options, events.append)
        return [e.row.number for e in events if e.kind == "finished"]

    return call


class TestKey:
    def test_another_version_is_another_result(self, call, planned, archive, monkeypatch):
        assert (call(), call()) == ([1], [])
        monkeypatch.setattr(planning, "__version__", "0.0.0-of-another-day")
        assert planning.make_plan([archive / "s2"], Settings(), PSEUDONYMS)[0].series[0].key != planned.series[0].key
        assert (call(), call()) == ([1], [])

    def test_another_key_is_another_result(self, planned, archive):
        other = planning.make_plan([archive / "s2"], Settings(), Pseudonyms(b"fedcba9876543210"))[0]
        assert other.series[0].key != planned.series[0].key


@pytest.mark.parametrize("reason", ["not_written", "interrupted"])
class TestWhatIsNotFinal:
    """It says nothing of the series: neither is it put down, nor, where it was, taken for an outcome."""

    def test_is_not_put_down(self, planned, tmp_path, reason):
        with OutputFolder(tmp_path) as output:
            store = ResultStore(planned, output)
            store.settle(0, Outcome(reason=reason))
            assert list(output.outcomes.names()) == []
            assert store.row(0).reason == reason
            assert store.timings == []
            assert ResultStore(planned, output).recover() == [0]

    def test_leaves_an_earlier_result_where_it_is(self, planned, tmp_path, reason):
        folder = planned.series[0].folder
        (tmp_path / folder).mkdir()
        with OutputFolder(tmp_path) as output:
            ResultStore(planned, output).settle(0, Outcome(reason=reason))
            assert (tmp_path / folder).is_dir()


def test_a_result_that_cannot_be_moved_is_done_on_resume(call, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(OutputFolder, "publish", full)
        with pytest.raises(Exception, match="No space left"):
            call()
    assert (call(), call()) == ([1], [])


class _Killed(BaseException):
    """In place of SIGKILL: nothing after it is done."""


class TestOrder:
    """A run that is killed between two steps."""

    @pytest.fixture
    def steps(self, monkeypatch):
        """Note each step, and what was on disk before it."""
        steps = []

        def watch(of, name, said):
            done = getattr(of, name)

            def noted(self, *arguments, **named):
                steps.append(said)
                return done(self, *arguments, **named)

            monkeypatch.setattr(of, name, noted)

        watch(OutputFolder, "publish", "published")
        watch(OutputFolder, "withdraw", "withdrawn")
        watch(Outcomes, "put", "put down")
        watch(Outcomes, "forget", "forgotten")
        watch(Outcomes, "sync", "forgetting is on the disk")
        return steps

    def test_of_a_result(self, call, steps):
        call()
        assert [s for s in steps if s in ("published", "put down")] == ["published", "put down"]

    def test_of_a_failure_in_place_of_a_result(self, call, steps, monkeypatch):
        call()
        steps.clear()
        monkeypatch.setattr(planning, "__version__", "0.0.0-of-another-day")
        call(batch_tasks.fails)
        assert steps == ["forgotten", "forgetting is on the disk", "withdrawn", "put down"]

    def test_of_work_that_is_done_again(self, call, steps, monkeypatch):
        call()
        steps.clear()
        monkeypatch.setattr(planning, "__version__", "0.0.0-of-another-day")
        call()
        assert steps == ["forgotten", "forgetting is on the disk", "published", "put down"]

    def test_killed_before_the_result_is_there(self, call, tmp_path, monkeypatch):
        def die(*_):
            raise _Killed

        with monkeypatch.context() as patched:
            patched.setattr(OutputFolder, "publish", die)
            with pytest.raises(_Killed):
                call()
        assert not list((tmp_path / "out" / ".ho-detect" / "outcomes").glob("*"))
        assert call() == [1]

    def test_killed_while_old_work_is_redone(self, call, tmp_path, monkeypatch):
        call()
        monkeypatch.setattr(planning, "__version__", "0.0.0-of-another-day")

        def die(*_):
            raise _Killed

        with monkeypatch.context() as patched:
            patched.setattr("ho_detect.cohort.run.work.WorkerPool.work", die)
            with pytest.raises(_Killed):
                call()
        assert not list((tmp_path / "out" / ".ho-detect" / "outcomes").glob("*"))
        monkeypatch.undo()
        assert call() == [1]


def test_an_outcome_that_cannot_be_read_is_none(tmp_path):
    outcomes = Outcomes(tmp_path, tmp_path)
    (tmp_path / "a.json").write_bytes(b"{")
    assert outcomes.get("a") is None
    assert outcomes.get("b") is None
