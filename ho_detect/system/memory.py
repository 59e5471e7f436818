"""How much memory the machine, or a scheduler's job on it, allows; memory that is given back when it is free."""

from __future__ import annotations

import contextlib
import ctypes
import os
from pathlib import Path

from ho_detect.system.cpus import processors, stated_in

_GIGABYTE = 1e9
#: Limit of the control group that the process is in, where there is one (version 2; in a container at this place).
_GROUP_LIMIT = Path("/sys/fs/cgroup/memory.max")

#: malloc.h of glibc; blocks from so many bytes on are given back when they are freed, smaller ones used again.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _LARGE_BYTES = -1, -3, 2**25
#: So much stays where it is free behind all that is in use: of 2**25 an analysis takes and gives back twice as many
#: pages, and has no lower peak.
_KEPT_BYTES = 2**27
#: All threads take their memory from one place: what one of them has freed the others use again.
_M_ARENA_MAX, _ARENAS = -8, 1


def available_gigabytes() -> float:
    """Memory that is free now, and not more than the control group or the Slurm job may have, GB."""
    # macOS does not say what is free: what there is
    pages = "SC_AVPHYS_PAGES" if "SC_AVPHYS_PAGES" in os.sysconf_names else "SC_PHYS_PAGES"
    limits = [os.sysconf(pages) * os.sysconf("SC_PAGE_SIZE") / _GIGABYTE]
    stated = stated_in("SLURM_MEM_PER_NODE") or stated_in("SLURM_MEM_PER_CPU") * processors()
    if stated:
        limits.append(stated * 2**20 / _GIGABYTE)
    with contextlib.suppress(OSError, ValueError):  # no control group, or "max": no limit
        limits.append(int(_GROUP_LIMIT.read_text(encoding="ascii")) / _GIGABYTE)
    return min(limits)


def tells_memory_of_others() -> bool:
    """Whether this system says how much memory another process has: Linux does."""
    return Path("/proc/self/statm").exists()


def give_back_freed_memory() -> None:
    """Give what is free back to the system, now and from now on, in this process and those that are forked from it.

    glibc would keep it for later: a third of what a study takes. Other C libraries have their own ways.
    """
    library = ctypes.CDLL(None)
    if hasattr(library, "malloc_trim"):
        library.mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)
        library.mallopt(_M_TRIM_THRESHOLD, _KEPT_BYTES)
        library.mallopt(_M_ARENA_MAX, _ARENAS)
        library.malloc_trim(0)


def resident_gigabytes(pid: int | None) -> float:
    """Resident memory of a process in GB; 0 when it has ended.

    >>> import os
    >>> 0.001 < resident_gigabytes(os.getpid()) < 100
    True
    """
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / _GIGABYTE
