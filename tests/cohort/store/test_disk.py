"""Output that is full or read-only: said once, and nothing half there. On file systems of the test's own."""

import subprocess
import sys
from pathlib import Path

import batch_tasks
import pytest
from outputs import contents

from ho_detect.cohort.run.pool import Options
from ho_detect.cohort.run.run import run

#: ho-detect with two lesions for each series, and a file of 60 kB beside them.
COMMAND = """
import functools, sys
sys.path.insert(0, {tests!r})
import batch_tasks
from ho_detect import cli
from ho_detect.cohort.run import pool
if __name__ == "__main__":
    pool.Options = functools.partial(pool.Options, task=batch_tasks.finds_two_lesions)
    cli.main()
"""


@pytest.fixture
def on_disk(tmp_path):
    """Run a shell script in which $detect is the command and $out a folder that nobody else sees."""
    (tmp_path / "command.py").write_text(COMMAND.format(tests=str(Path(batch_tasks.__file__).parent)))
    (tmp_path / "out").mkdir()

    def call(script):
        head = f"out={tmp_path / 'out'}; detect='{sys.executable} {tmp_path / 'command.py'}'; cd {tmp_path}\n"
        return subprocess.run(
            ["unshare", "--user", "--map-root-user", "--mount", "bash", "-c", head + script],
            capture_output=True,
            text=True,
        )

    if call("mount -t tmpfs none $out").returncode:
        pytest.skip("this system lets nobody mount a file system of their own")
    return call


def test_a_disk_that_fills_up_and_has_room_again(on_disk, archive, key_file, tmp_path):
    done = on_disk(f"""
        mount -t tmpfs -o size=120k none $out
        $detect run {archive} --out $out --workers 1 --key-file {key_file} --log-file $out/log
        echo "status $?"
        find $out -name '*.nii.gz' | wc -l
        mount -o remount,size=10m none $out
        $detect run {archive} --out $out --workers 1 --key-file {key_file} --resume --quiet
        echo "status $?"
        cp -r $out/. {tmp_path / "kept"}
    """)
    said = [line for line in done.stderr.splitlines() if "No space left" in line]
    assert [line for line in said if line.startswith("Error:")] == said[-1:]
    assert said[-1].startswith("Error: cannot write to OUT: No space left on device (")
    assert said[-1].endswith("of 6 series done; --resume goes on from here)")
    assert "Traceback" not in done.stderr
    first, n_written, second = done.stdout.splitlines()
    assert (first, second) == ("status 3", "status 3")  # of the archive itself one series fails
    assert 0 < int(n_written) < 6
    run([archive], tmp_path / "roomy", options=Options(task=batch_tasks.finds_two_lesions, key_file=key_file))
    kept = contents(tmp_path / "kept")
    kept.pop("log")
    assert kept == contents(tmp_path / "roomy")


def test_read_only(on_disk, archive):
    done = on_disk(f"""
        mount -t tmpfs none $out && mkdir $out/.ho-detect && mount -o remount,ro none $out
        $detect run {archive} --out $out --workers 1
        echo "status $?"
        $detect plan {archive} --out $out/below
        echo "status $?"
    """)
    assert done.stdout.splitlines() == ["status 2", "status 2"]
    assert done.stderr.splitlines() == ["Error: cannot write to OUT: Read-only file system"] * 2
