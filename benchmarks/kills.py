"""Kill runs over light series at random instants, many times, and look at what they leave.

    python benchmarks/kills.py --kills 1000 --seed 1

Killed (SIGKILL) are children, the server that they are forked from, and the run itself; it goes on with ``resume``, is
killed again a few times, and is then let alone. Its output must be that of an undisturbed run, byte
for byte: what is missing or differs is *lost*; and at every kill each result folder that is there must be whole, by
the hashes in its provenance: what is not is *half-written*. A child that is killed fails its series by design
(``crashed``): it is done again with ``retry_failed``.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent / "tests"
sys.path.insert(0, str(TESTS))

import batch_tasks  # noqa: E402
from dicom_files import CtSeries, write_series  # noqa: E402
from outputs import contents  # noqa: E402

from ho_detect.cohort.run.pool import Options  # noqa: E402
from ho_detect.cohort.run.run import run  # noqa: E402
from ho_detect.cohort.store.verify import verify  # noqa: E402

UID = "1.2.826.0.1.3680043.8.498"
N_SERIES = 12
#: So long a kind of process is waited for, s.
WAIT_S = 10.0
#: So often each run is begun and killed, where not said otherwise, before it is let alone.
STARTS = 4
SCRIPT = """
import sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
import batch_tasks
from ho_detect.cohort.run.pool import Options
from ho_detect.cohort.run.run import run
if __name__ == "__main__":
    source, out, key = map(Path, sys.argv[2:])
    options = Options(task=batch_tasks.finds_measured_lesions, workers=2, key_file=key, resume=True, retry_failed=True)
    run([source], out, options=options, progress=lambda event: print(event.kind, flush=True))
"""


def make_archive(folder: Path) -> Path:
    """Write light series of different sizes."""
    for k in range(1, N_SERIES + 1):
        spec = CtSeries(n_slices=12 + k % 3, series_uid=f"{UID}.1.{k}", study_uid=f"{UID}.9.{k}")
        write_series(folder / f"s{k}", spec)
    return folder


def processes_of(run_pid: int) -> dict[str, list[int]]:
    """Return the process ids of a run by what they are: the server is a child of the run, its children are the rest."""
    below: dict[int, list[tuple[int, str]]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            words = stat.read_text().rsplit(")", 1)[1].split()
            command = (stat.parent / "cmdline").read_bytes().decode(errors="replace")
        except (OSError, IndexError):
            continue
        below.setdefault(int(words[1]), []).append((int(stat.parent.name), command))
    servers = [pid for pid, command in below.get(run_pid, []) if "forkserver" in command]
    children = [pid for server in servers for pid, _ in below.get(server, [])]
    return {"run": [run_pid], "server": servers, "child": children}


def kill_until_it_ends(process: subprocess.Popen[str], chance: random.Random, seconds: float) -> Counter[str]:
    """Kill processes of a run, one after the other, the run itself at last; return how many of each kind."""
    killed: Counter[str] = Counter()
    if chance.random() < 0.8 and process.stdout is not None:
        process.stdout.readline()  # most while series are done, the others at any time from the very start
    while not killed["run"]:
        time.sleep(chance.uniform(0, seconds / N_SERIES))
        if process.poll() is not None:
            break
        kind = chance.choices(("child", "server", "run"), (6, 1, 1))[0]
        victims, end = processes_of(process.pid)[kind], time.monotonic() + WAIT_S
        # a child is not there at every instant: without waiting for one mostly the run itself would be killed
        while not victims and process.poll() is None and time.monotonic() < end:
            time.sleep(0.02)
            victims = processes_of(process.pid)[kind]
        if victims and process.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(chance.choice(victims), signal.SIGKILL)
                killed[kind] += 1
    return killed


def half_written(out: Path) -> list[str]:
    """Name what is wrong with the result folders that are there; tables may be older than they are."""
    if not any(out.glob("*/provenance.json")):
        return []
    return [f"{p.place}: {p.message}" for p in verify(out).problems if "/" in p.place]


def main() -> int:
    """Kill, look, and say what was found."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--starts", type=int, default=STARTS, help="So often each run is begun and killed.")
    parser.add_argument("--minutes", type=float, default=1e9, help="Stop after this time, with what was done.")
    given = parser.parse_args()
    chance, start = random.Random(given.seed), time.monotonic()  # noqa: S311 - nothing is to be kept secret
    with tempfile.TemporaryDirectory(prefix="ho-detect-kills-") as folder:
        base = Path(folder)
        source, key, script = make_archive(base / "in"), base / "key", base / "script.py"
        key.write_bytes(b"0123456789abcdef")
        script.write_text(SCRIPT)
        clock = time.monotonic()
        run([source], base / "once", options=Options(task=batch_tasks.finds_measured_lesions, workers=2, key_file=key))
        seconds, expected = time.monotonic() - clock, contents(base / "once")
        killed: Counter[str] = Counter()
        lost: list[str] = []
        halves: list[str] = []
        n_runs = 0
        while killed.total() < given.kills and time.monotonic() - start < 60 * given.minutes:
            n_runs += 1
            out = base / f"out-{n_runs}"
            command = [sys.executable, str(script), str(TESTS), str(source), str(out), str(key)]
            for _ in range(given.starts):
                with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
                    killed += kill_until_it_ends(process, chance, seconds)
                halves += half_written(out)
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            found = contents(out)
            lost += [f"run {n_runs}: {name}" for name in expected.keys() | found.keys()
                     if expected.get(name) != found.get(name)]  # fmt: skip
        said = ", ".join(f"{n} of {kind}" for kind, n in sorted(killed.items()) if kind)
        print(f"{killed.total()} kills ({said}) of {n_runs} runs in {(time.monotonic() - start) / 60:.0f} min: "
              f"{len(lost)} files lost or other, {len(halves)} half-written")  # fmt: skip
        for line in [*lost, *halves]:
            print(" ", line)
    return 1 if lost or halves else 0


if __name__ == "__main__":
    sys.exit(main())
