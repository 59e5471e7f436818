"""What children do in the tests of batch runs, in place of an analysis."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import replace
from pathlib import Path

import msgspec
from loaded_findings import put_lesions
from made_findings import make_findings, make_record

import ho_detect.analyze
from ho_detect.cohort.run.worker import Job, Outcome, analyse_series, load, peak_memory_mb


def finds_two_lesions(job: Job) -> Outcome:
    """Load the series and write two lesions made by hand."""
    volume = load(job)
    record = msgspec.structs.replace(make_record(), series=volume.series)
    findings = replace(make_findings(volume.grid, record), scan=volume)
    findings.save(job.staging / job.folder)
    return Outcome(seconds=0.5, peak_memory_mb=peak_memory_mb())


def finds_two_lesions_while_let(job: Job) -> Outcome:
    """Do so once for each file in the folder that LEAVES names, then hang; without that name do so always."""
    if "LEAVES" in os.environ:
        leaf = next(Path(os.environ["LEAVES"]).iterdir(), None)
        if leaf is None:
            time.sleep(600)
        else:
            leaf.unlink()
    return finds_two_lesions(job)


def finds_measured_lesions(job: Job) -> Outcome:
    """Load the series and write lesions whose volumes are those of the label map."""
    put_lesions(load(job), job.settings, 2).save(job.staging / job.folder)
    return Outcome(seconds=0.5)


def analyses(job: Job) -> Outcome:
    """Do what a child does, but for the analysis itself; half a second tells that there was one."""
    n_analysed = []

    def analyze(volume, settings, masks):
        n_analysed.append(1)
        return put_lesions(volume, settings, 2)

    ho_detect.analyze.analyze = analyze
    return msgspec.structs.replace(analyse_series(job), seconds=0.5 if n_analysed else 0.25)


def _is_second(job: Job) -> bool:
    return job.entry.series_uid.endswith(".2")


def second_kills_itself(job: Job) -> Outcome:
    if _is_second(job):
        (job.staging / job.folder).mkdir()
        (job.staging / job.folder / "half").write_text("")
        os.kill(os.getpid(), signal.SIGKILL)
    return finds_two_lesions(job)


def asks_all_but_the_run_to_end(job: Job) -> Outcome:
    """Send what a scheduler sends to the fork server and to this child."""
    for process in (os.getppid(), os.getpid()):
        os.kill(process, signal.SIGTERM)
    time.sleep(0.2)
    return finds_two_lesions(job)


def second_exits(job: Job) -> Outcome:
    if _is_second(job):
        os._exit(7)
    return finds_two_lesions(job)


def second_hangs(job: Job) -> Outcome:
    if _is_second(job):
        time.sleep(600)
    return finds_two_lesions(job)


def second_grows(job: Job) -> Outcome:
    if _is_second(job):
        held = bytearray(600_000_000)
        held[::4096] = b"x" * len(held[::4096])
        time.sleep(600)
    return finds_two_lesions(job)


def gets_ctrl_c(job: Job) -> Outcome:
    os.kill(os.getpid(), signal.SIGINT)
    return finds_two_lesions(job)


def prints_identity(job: Job) -> Outcome:
    os.write(1, str(job.entry).encode())
    os.write(2, str(job.entry).encode())
    return finds_two_lesions(job)


def hangs(job: Job) -> Outcome:
    (job.staging / f"pid-{os.getpid()}").write_text("")
    time.sleep(600)
    return Outcome()


def writes_no_folder(job: Job) -> Outcome:
    return Outcome()


def fifth_exits(job: Job) -> Outcome:
    if job.entry.series_uid.endswith(".5"):
        os._exit(7)
    return finds_two_lesions(job)


def finds_two_lesions_slowly(job: Job) -> Outcome:
    time.sleep(1.5)
    return finds_two_lesions(job)


def has_trouble_with_its_cache(job: Job) -> Outcome:
    return msgspec.structs.replace(finds_two_lesions(job), notes=["the kernel cache is damaged"])


def fails(job: Job) -> Outcome:
    return Outcome(reason="not_hu", detail="it is said so")
