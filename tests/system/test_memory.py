import os

import pytest

from ho_detect.cohort.run import pool
from ho_detect.cohort.run.pool import Options
from ho_detect.errors import UsageError
from ho_detect.settings import Settings
from ho_detect.system import memory as machine


@pytest.fixture(autouse=True)
def no_scheduler(monkeypatch, tmp_path):
    for name in ("CPUS_PER_TASK", "CPUS_ON_NODE", "MEM_PER_NODE", "MEM_PER_CPU"):
        monkeypatch.delenv(f"SLURM_{name}", raising=False)
    monkeypatch.setattr(machine, "_GROUP_LIMIT", tmp_path / "memory.max")
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)))


class TestProcessors:
    def test_those_the_process_may_use(self):
        assert machine.processors() == 8

    @pytest.mark.parametrize(("stated", "n"), [("3", 3), ("64", 8), ("0", 8), ("", 8), ("many", 8)])
    def test_those_of_the_job(self, monkeypatch, stated, n):
        monkeypatch.setenv("SLURM_CPUS_PER_TASK", stated)
        assert machine.processors() == n

    def test_those_of_a_job_that_did_not_ask(self, monkeypatch):
        monkeypatch.setenv("SLURM_CPUS_ON_NODE", "1")
        assert machine.processors() == 1


class TestMemory:
    def test_limit_of_the_job(self, monkeypatch):
        monkeypatch.setenv("SLURM_MEM_PER_NODE", "100")
        assert machine.available_gigabytes() == pytest.approx(100 * 2**20 / 1e9)

    def test_limit_by_processor(self, monkeypatch):
        monkeypatch.setenv("SLURM_MEM_PER_CPU", "100")
        monkeypatch.setenv("SLURM_CPUS_PER_TASK", "2")
        assert machine.available_gigabytes() == pytest.approx(200 * 2**20 / 1e9)

    def test_limit_of_the_control_group(self, tmp_path):
        free = machine.available_gigabytes()
        (tmp_path / "memory.max").write_text("max\n")
        assert machine.available_gigabytes() == pytest.approx(free, rel=0.5)
        (tmp_path / "memory.max").write_text("50000000\n")
        assert machine.available_gigabytes() == 0.05

    def test_of_a_process_that_has_ended(self):
        assert machine.resident_gigabytes(2**22 + 1) == 0


class TestShares:
    @pytest.mark.parametrize(
        ("workers", "n_jobs", "gigabytes", "shared"),
        [(0, 99, 64.0, (4, 2)), (0, 99, 9.0, (2, 4)), (0, 99, 1.0, (1, 8)), (0, 3, 64.0, (3, 2)), (6, 99, 1.0, (6, 1))],
    )
    def test_workers_and_threads(self, monkeypatch, workers, n_jobs, gigabytes, shared):
        monkeypatch.setattr(pool, "available_gigabytes", lambda: gigabytes)
        options = Options(workers=workers)
        assert (pool.workers_for(options, n_jobs), pool.threads_for(Settings(), options, n_jobs)) == shared


def test_a_system_that_does_not_say_what_is_free_says_what_there_is(monkeypatch):
    names = {name: number for name, number in os.sysconf_names.items() if name != "SC_AVPHYS_PAGES"}
    monkeypatch.setattr(os, "sysconf_names", names)
    whole = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9
    assert machine.available_gigabytes() == pytest.approx(whole)


def test_a_memory_limit_that_cannot_be_watched_is_refused(monkeypatch):
    assert Options(memory_limit_gb=1.0).memory_limit_gb == 1.0
    monkeypatch.setattr(pool, "tells_memory_of_others", lambda: False)
    with pytest.raises(UsageError, match="memory_limit_gb"):
        Options(memory_limit_gb=1.0)
