"""How many processors this process may use: by its affinity, its control group and its scheduler."""

from __future__ import annotations

import contextlib
import math
import os
from pathlib import Path

#: "quota period" in microseconds, or "max period": no limit (version 2; in a container at this place).
_GROUP_QUOTA = Path("/sys/fs/cgroup/cpu.max")


def processors() -> int:
    """Processors that this process may use; where Slurm does not bind tasks, it says how many they have."""
    # macOS knows no affinity
    limits = [len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1]
    stated = stated_in("SLURM_CPUS_PER_TASK") or stated_in("SLURM_CPUS_ON_NODE")
    if stated:
        limits.append(stated)
    with contextlib.suppress(OSError, ValueError):  # no control group, or "max": no limit
        quota, period = _GROUP_QUOTA.read_text(encoding="ascii").split()
        limits.append(math.ceil(int(quota) / int(period)))
    return max(1, min(limits))


def stated_in(name: str) -> int:
    """Return a number that Slurm gives a job; 0 where there is none."""
    text = os.environ.get(name, "")
    return int(text) if text.isdecimal() else 0
