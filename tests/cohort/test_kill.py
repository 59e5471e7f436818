"""Runs that are killed (SIGKILL, the parent alone) at random instants, and go on with ``resume``."""

import os
import subprocess
import sys
import time
from pathlib import Path

import batch_tasks
import numpy as np
import pytest
from dicom_files import CtSeries, write_series
from outputs import contents, names

from ho_detect.cohort.crew import Options
from ho_detect.cohort.run import run

#: More of them locally: HO_DETECT_KILLS=100 python -m pytest tests/cohort/test_kill.py
N_KILLS = int(os.environ.get("HO_DETECT_KILLS", "8"))
#: A run is let alone after so many kills, and its outcome is looked at.
KILLS_PER_RUN = 4
N_SERIES = 12

SCRIPT = """
import sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
import batch_tasks
from ho_detect.cohort.crew import Options
from ho_detect.cohort.run import run

def tell(event):
    print(event.kind, flush=True)

if __name__ == "__main__":
    source, out, key, resume = sys.argv[2:]
    options = Options(task=batch_tasks.finds_two_lesions, workers=2, key_file=Path(key), resume=resume == "resume")
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


def start(tmp_path, many, key_file, resume):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    args = [script, Path(batch_tasks.__file__).parent, many, tmp_path / "out", key_file, resume]
    return subprocess.Popen([sys.executable, *map(str, args)], stdout=subprocess.PIPE, text=True)


def test_nothing_is_lost(many, key_file, tmp_path):
    clock = time.monotonic()
    run(
        [many],
        tmp_path / "undisturbed",
        options=Options(task=batch_tasks.finds_two_lesions, workers=2, key_file=key_file),
    )
    seconds = time.monotonic() - clock
    expected = contents(tmp_path / "undisturbed")
    assert len(expected) == 2 * N_SERIES + 6
    chance = np.random.default_rng(20260131)
    killed = 0
    while killed < N_KILLS:
        folder = tmp_path / f"after-{killed}-kills"
        folder.mkdir()
        resume = "resume" if chance.random() < 0.5 else "anew"
        for _ in range(min(KILLS_PER_RUN, N_KILLS - killed)):
            with start(folder, many, key_file, resume) as process:
                if chance.random() < 0.8:  # most while series are done, the others at any time from the very start
                    process.stdout.readline()
                time.sleep(chance.uniform(0, seconds))
                process.kill()
            killed += process.returncode != 0
            resume = "resume"
        with start(folder, many, key_file, "resume") as process:
            said = process.stdout.read().split()
        assert process.returncode == 0, said
        assert contents(folder / "out") == expected
        assert names(folder / "out" / ".ho-detect") == ["lock", "outcomes"]
