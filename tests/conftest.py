"""Hypothesis without clocks: how busy the machine is decides nothing. Side by side, the longest files begin first."""

import os
import re

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("no_clock", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("no_clock")

if "PYTEST_XDIST_WORKER" in os.environ:  # read when the libraries are imported, here and in children
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS"):
        os.environ.setdefault(name, "1")

#: One of them begun last would have the other processors wait for it.
LONGEST = (
    "test_hips",
    "test_analyze",
    "test_tour",
    "test_slurm",
    "test_kill",
    "test_compare",
    "test_implanting",
    "test_femur_starts",
    "test_samples",
    "test_find",
    "test_run",
    "test_resume",
    "test_course",
    "test_report",
    "test_cohort",
    "test_round_trip",
)


def pytest_collection_modifyitems(items):
    # workers of pytest-xdist must collect the same names: no addresses, no gzip header with the second it was made in
    changing = r"0x[0-9a-f]{6}|\\x1f\\x8b\\x08(?!(\\x00){5})"
    addressed = [item.nodeid for item in items if re.search(changing, item.nodeid)]
    if addressed:
        raise pytest.UsageError(f"names of tests that change from run to run: {addressed}")
    order = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: order.get(item.path.stem, len(LONGEST)))
