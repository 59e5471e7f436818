"""The fork server: who stops a run, and what it needs."""

import subprocess
import sys
from pathlib import Path

import pytest

from ho_detect.cohort.run.stop_signals import STOP_SIGNALS

#: Starts the server and tells its process number, and which signals its starter does not receive.
SCRIPT = """
import signal
from multiprocessing import forkserver
from ho_detect.cohort.run.fork_server import start_fork_server

if __name__ == "__main__":
    start_fork_server()
    start_fork_server()  # as before each child
    print(forkserver._forkserver._forkserver_pid, signal.pthread_sigmask(signal.SIG_BLOCK, ()) or "none", flush=True)
    input()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only there a process tells which signals it does not receive")
def test_signals_that_stop_a_run_reach_its_starter_alone(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    with subprocess.Popen(
        [sys.executable, script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        pid, blocked_here = process.stdout.readline().split(maxsplit=1)
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        process.stdin.write("\n")
    blocked = int(next(line.partition(":")[2] for line in lines if line.startswith("SigBlk")), 16)
    assert all(blocked >> (number - 1) & 1 for number in STOP_SIGNALS)
    assert blocked_here.strip() == "none"
    assert process.returncode == 0


def test_it_loads_nothing_that_only_compressed_or_other_images_need():
    code = "import ho_detect.cohort.run.preload, sys; print([m for m in ('nibabel', 'pydicom') if m in sys.modules])"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"
