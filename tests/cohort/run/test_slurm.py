"""Shards on a real Slurm. ``.ci/run`` starts one; by hand::

.ci/slurm start /tmp/slurm; HO_DETECT_SLURM_CONF=/tmp/slurm/slurm.conf python -m pytest tests/cohort/test_slurm.py
"""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import batch_tasks
import pytest
from outputs import contents, names

from ho_detect.cohort.run.pool import Options
from ho_detect.cohort.run.run import run
from ho_detect.cohort.run.shards import plan_shards
from ho_detect.cohort.store.collect import collect

CONF = os.environ.get("HO_DETECT_SLURM_CONF", "")
ROOT = Path(__file__).parents[3]
SBATCH = ROOT / "pipelines" / "slurm" / "cohort.sbatch"

pytestmark = pytest.mark.skipif(
    not (CONF and shutil.which("sbatch")), reason="no Slurm: HO_DETECT_SLURM_CONF names none (.ci/slurm starts one)"
)

#: ho-detect with another task in place of the analysis.
COMMAND = """
import functools, sys
sys.path.insert(0, {tests!r})
import batch_tasks
from ho_detect import cli
from ho_detect.cohort.run import pool
if __name__ == "__main__":
    pool.Options = functools.partial(pool.Options, task=batch_tasks.{task})
    cli.main()
"""


@pytest.fixture
def slurm(monkeypatch, tmp_path):
    """Run a Slurm command in a folder of its own, with the test's ho-detect."""
    monkeypatch.setenv("SLURM_CONF", CONF)
    monkeypatch.setenv("SBATCH_ARGS", "--mem=1500M")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]))
    (tmp_path / "logs").mkdir()

    def call(*args, task="finds_two_lesions_slowly"):
        script = tmp_path / f"{task}.py"
        script.write_text(COMMAND.format(tests=str(Path(batch_tasks.__file__).parent), task=task))
        env = os.environ | {"HO_DETECT": f"{sys.executable} {script}"}
        done = subprocess.run(
            [str(a) for a in args], cwd=tmp_path / "logs", env=env, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    return call


@pytest.fixture(scope="module")
def at_once(archive, key_file, tmp_path_factory):
    out = tmp_path_factory.mktemp("at_once")
    run([archive], out, options=Options(task=batch_tasks.finds_two_lesions, workers=2, key_file=key_file))
    return contents(out)


def wait_for(condition, said, seconds=120):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, said()
        time.sleep(0.1)


def logs(tmp_path):
    return lambda: "\n".join(path.read_text() for path in (tmp_path / "logs").iterdir())


def test_a_task_cancelled_midway_and_submitted_again(archive, key_file, tmp_path, slurm, at_once):
    out = tmp_path / "out"
    plan = plan_shards([archive], out, n_shards=2, options=Options(key_file=key_file))
    of_two = {one.folder for one in plan.series if one.analyse and one.shard == 2}
    assert len(of_two) > 1

    def done():
        return of_two & {path.stem for path in (out / ".ho-detect" / "outcomes").glob("*.json")}

    submit = ("sbatch", "--parsable", "--mem=1500M", "--cpus-per-task=1")
    job = slurm(*submit, "--array=1-2", SBATCH, out, "--key-file", key_file)
    wait_for(done, logs(tmp_path))
    slurm("scancel", f"{job}_2")
    wait_for(lambda: not slurm("squeue", "--noheader", "--job", job), logs(tmp_path))
    assert done() < of_two, "the task was over before it was cancelled"
    report = collect(out, key_file)
    assert {row.number for row in report.waiting} == {
        one.row.number for one in plan.series if one.shard == 2 and one.folder in of_two - done()
    }

    slurm(*submit, "--wait", "--array=2", SBATCH, out, "--key-file", key_file, task="finds_two_lesions")
    report = collect(out, key_file, finish=True)
    assert report.waiting == []
    assert contents(out) == at_once
    assert names(out) == sorted(
        [*report.folders, *(n for n in names(out) if n.endswith((".csv", ".parquet", ".html")))]
    )


@pytest.mark.slow  # Slurm starts what was queued again after two minutes
def test_a_task_that_runs_out_of_time_is_queued_again(archive, key_file, tmp_path, slurm, at_once):
    out = tmp_path / "out"
    plan_shards([archive], out, n_shards=1, options=Options(key_file=key_file))
    job = slurm("sbatch", "--parsable", "--mem=1500M", "--array=1", SBATCH, out, "--key-file", key_file)
    wait_for(lambda: any((out / ".ho-detect" / "outcomes").glob("*.json")), logs(tmp_path))
    slurm("scancel", "--batch", "--signal=USR1", f"{job}_1")  # as Slurm sends it two minutes before the end

    def restarted():
        return "Restarts=1" in slurm("scontrol", "show", "job", f"{job}_1")

    wait_for(restarted, logs(tmp_path))
    wait_for(lambda: not slurm("squeue", "--noheader", "--job", job), logs(tmp_path), seconds=240)
    collect(out, key_file, finish=True)
    assert contents(out) == at_once


def test_plan_array_and_tables_by_one_script(archive, key_file, tmp_path, slurm, at_once):
    out = tmp_path / "out"
    # plan and collect get no key file from the script: a random key is kept in OUT
    slurm(ROOT / "pipelines" / "slurm" / "submit.sh", archive, out, 3, "--workers", 1, task="finds_two_lesions")
    wait_for((out / "studies.csv").exists, logs(tmp_path))
    wait_for(lambda: not slurm("squeue", "--noheader"), logs(tmp_path))
    assert len(contents(out)) == len(at_once)
    assert collect(out, finish=True).waiting == []


def test_submitit(archive, key_file, tmp_path, slurm):
    pytest.importorskip("submitit")
    script = ROOT / "pipelines" / "submitit_cohort.py"
    inputs = tmp_path / "in"
    inputs.mkdir()
    for name in ("s2", "s4", "s8"):
        (inputs / name).symlink_to(archive / name)
    said = slurm(sys.executable, script, inputs, tmp_path / "out", "--shards", 2, "--cpus", 1, "--memory-gb", 2)
    # the real analysis: there is no hip in these
    assert said.splitlines()[-1] == "3 series, 0 analysed, 0 without an outcome"
    assert {row.reason for row in collect(tmp_path / "out").studies} == {"no_hip_in_view", "not_ct"}
