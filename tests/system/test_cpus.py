"""How many processors may be used: the least of what affinity, control group and Slurm say."""

from __future__ import annotations

import os

import pytest

from ho_detect.system import cpus
from ho_detect.system.cpus import processors


@pytest.fixture(autouse=True)
def group(monkeypatch, tmp_path):
    """Eight processors, no job; the file that holds the quota of the control group."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)))
    monkeypatch.setattr(cpus, "_GROUP_QUOTA", tmp_path / "cpu.max")
    for name in ("SLURM_CPUS_PER_TASK", "SLURM_CPUS_ON_NODE"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "cpu.max"


def test_affinity_alone():
    assert processors() == 8


@pytest.mark.parametrize(("stated", "n"), [("3", 3), ("12", 8), ("0", 8), ("many", 8), ("", 8)])
def test_slurm(monkeypatch, stated, n):
    monkeypatch.setenv("SLURM_CPUS_PER_TASK", stated)
    assert processors() == n


@pytest.mark.parametrize(
    ("text", "n"), [("max 100000", 8), ("200000 100000", 2), ("150000 100000", 2), ("10 100000", 1)]
)
def test_control_group(group, text, n):
    group.write_text(text + "\n")
    assert processors() == n


def test_a_system_that_knows_no_affinity(monkeypatch):
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 6)
    assert processors() == 6
