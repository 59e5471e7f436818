"""Runs that are killed (SIGKILL, the parent alone) at random instants, and go on with ``resume``."""

import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import batch_tasks
import numpy as np
import pytest
from dicom_files import CtSeries, write_series
from outputs import contents, names

from ho_detect.cohort.run.pool import Options
from ho_detect.cohort.run.run import run
from ho_detect.cohort.run.shards import plan_shards
from ho_detect.cohort.store.collect import collect

#: More of them locally: HO_DETECT_KILLS=100 python -m pytest tests/cohort/test_kill.py
N_KILLS = int(os.environ.get("HO_DETECT_KILLS", "4"))
#: Each run is killed so many times, then let alone, and its outcome is looked at.
KILLS_PER_RUN = 2
N_SERIES = 8
KILLS = Path(__file__).resolve().parents[3] / "benchmarks" / "kills.py"

SCRIPT = """
import sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
import batch_tasks
from ho_detect.cohort.run.pool import Options
from ho_detect.cohort.run.run import run
from ho_detect.cohort.run.shards import run_shard

def tell(event):
    print(event.kind, flush=True)

if __name__ == "__main__":
    source, out, key, resume, shard = sys.argv[2:]
    options = Options(
        task=batch_tasks.finds_two_lesions_while_let,
        workers=1 if shard else 2,
        key_file=Path(key),
        resume=resume == "resume",
    )
    if shard:
        run_shard(Path(out) / "manifest.parquet", shard, options, tell)
    else:
        run([Path(source)], Path(out), options=options, progress=tell)
    print("over", flush=True)
"""


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    folder = tmp_path_factory.mktemp("many")
    for k in range(1, N_SERIES + 1):
        uid = "1.2.826.0.1.3680043.8.498"
        write_series(
            folder / f"s{k}", CtSeries(n_slices=12 + k % 3, series_uid=f"{uid}.1.{k}", study_uid=f"{uid}.9.{k}")
        )
    return folder


def start(tmp_path, many, key_file, resume, shard="", at_most=None):
    """Start a run, or a shard of one; it hangs once it has done ``at_most`` series."""
    script = tmp_path / "script.py"
    if not script.exists():  # one that is just starting must not find it half written
        script.write_text(SCRIPT)
    args = [script, Path(batch_tasks.__file__).parent, many, tmp_path / "out", key_file, resume, shard]
    env = dict(os.environ)
    if at_most is not None:
        leaves = Path(tempfile.mkdtemp(dir=tmp_path))
        for k in range(at_most):
            (leaves / str(k)).touch()
        env["LEAVES"] = str(leaves)
    return subprocess.Popen([sys.executable, *map(str, args)], env=env, stdout=subprocess.PIPE, text=True)


@pytest.fixture(scope="module")
def undisturbed(many, key_file, tmp_path_factory):
    """What a run writes that nobody kills, and the seconds it takes."""
    out, clock = tmp_path_factory.mktemp("undisturbed"), time.monotonic()
    run([many], out, options=Options(task=batch_tasks.finds_two_lesions, workers=2, key_file=key_file))
    return contents(out), time.monotonic() - clock


@pytest.mark.parametrize("seed", range(N_KILLS // KILLS_PER_RUN))
def test_nothing_is_lost(many, key_file, tmp_path, undisturbed, seed):
    expected, seconds = undisturbed
    assert len(expected) >= 2 * N_SERIES + 6
    chance = np.random.default_rng(seed)
    resume = "resume" if seed % 2 else "anew"
    killed = 0
    while killed < KILLS_PER_RUN:
        with start(tmp_path, many, key_file, resume) as process:
            if chance.random() < 0.8:  # most while series are done, the others at any time from the very start
                process.stdout.readline()
            time.sleep(chance.uniform(0, seconds))
            process.kill()
        killed += process.returncode != 0
        resume = "resume"
    with start(tmp_path, many, key_file, "resume") as process:
        said = process.stdout.read().split()
    assert process.returncode == 0, said
    assert contents(tmp_path / "out") == expected
    assert names(tmp_path / "out" / ".ho-detect") == ["lock", "outcomes"]


def kill_after_one(process, wait_s):
    with process:
        next(line for line in process.stdout if line == "finished\n")
        time.sleep(wait_s)
        process.kill()


def test_nothing_is_lost_of_shards(many, key_file, tmp_path, undisturbed):
    expected, seconds = undisturbed
    chance = np.random.default_rng(5)
    plan_shards([many], tmp_path / "out", n_shards=2, options=Options(key_file=key_file))
    shards = ("1/2", "2/2")
    for at_most in (2, 1):
        # both at work on one folder, each killed soon after its first series; of the four of each, one is left at least
        at_work = [start(tmp_path, many, key_file, "resume", shard, at_most) for shard in shards]
        with ThreadPoolExecutor() as pool:
            list(pool.map(kill_after_one, at_work, chance.uniform(0, seconds / N_SERIES, 2)))
    assert len(collect(tmp_path / "out", key_file).waiting) >= 2
    at_work = [start(tmp_path, many, key_file, "resume", shard) for shard in shards]
    for process in at_work:
        with process:
            said = process.stdout.read().split()
        assert process.returncode == 0, said
    collect(tmp_path / "out", key_file, finish=True)
    assert contents(tmp_path / "out") == expected


@pytest.mark.skipif(not KILLS.exists(), reason="the benchmarks are not in a source distribution")
def test_nothing_is_lost_whoever_is_killed():
    """Children, the server that they are forked from, and the run."""
    # each start ends with the run, after a few of its children
    command = [sys.executable, KILLS, "--kills", str(N_KILLS), "--starts", str(KILLS_PER_RUN)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 files lost or other, 0 half-written" in done.stdout
