"""Mutants of made and real series: no crash, no hang, and no volume that changed in silence.

    HO_DETECT_MUTANTS=5000 python -m pytest tests/acquisition/test_fuzz.py -s      prints what became of them

Files are indexed in this process, as a run does, and loaded in a child, as a run does: a child that dies or hangs
would be a row with its reason (``crashed``, ``timed_out``), and is counted here.
"""

from __future__ import annotations

import multiprocessing
import os
import shutil
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pydicom
import pytest
from dicom_files import CtSeries, write_series
from mutations import MUTATIONS

from ho_detect.acquisition.series.index import index_series
from ho_detect.acquisition.volume.load import load_volume
from ho_detect.errors import SeriesError
from ho_detect.settings import Settings
from ho_detect.system.pseudonyms import Pseudonyms

N_MUTANTS = int(os.environ.get("HO_DETECT_MUTANTS", "360"))
TIME_LIMIT_S = 20.0
SHARED = Path(os.environ.get("HO_DETECT_SHARED", Path(__file__).parents[3] / "shared"))
#: Flags that say that the volume is not all, or not just, what the files hold.
SAID = {
    "resampled_tilt", "resampled_spacing", "gaps_filled", "part_of_series", "one_of_several", "scan_joined",
    "images_set_aside", "duplicates_removed", "padding_present",
}  # fmt: skip


def serve(connection):
    """Load what is asked for until the parent is gone: (hu, affine, flags), or the reason."""
    while True:
        try:
            entry = connection.recv()
        except EOFError:
            return
        try:
            volume = load_volume(entry, Settings(), Pseudonyms(bytes(16)))
        except SeriesError as error:
            connection.send(error.reason)
        else:
            connection.send((volume.hu, volume.grid.affine, {f.code for f in volume.flags}))


class Child:
    """A process that loads series, replaced when it dies or hangs."""

    def __init__(self):
        self.process = None

    def load(self, entry):
        if self.process is None:
            context = multiprocessing.get_context("spawn")
            self.connection, theirs = context.Pipe()
            self.process = context.Process(target=serve, args=(theirs,), daemon=True)
            self.process.start()
            theirs.close()
        self.connection.send(entry)
        if not self.connection.poll(TIME_LIMIT_S):
            self.end()
            return "timed_out"
        try:
            return self.connection.recv()
        except EOFError:
            self.end()
            return "crashed"

    def end(self):
        if self.process is not None:
            self.process.kill()
            self.process.join()
            self.connection.close()
            self.process = None


@pytest.fixture(scope="module")
def child():
    child = Child()
    yield child
    child.end()


def outcome(folder, child):
    """Reasons of all series, and what was loaded."""
    start = time.monotonic()
    entries = index_series([folder], Settings().acquisition)
    assert time.monotonic() - start < TIME_LIMIT_S
    results = [child.load(e) if e.analyse else e.reason for e in entries]
    assert all(e.n_duplicates + e.n_left_out >= 0 for e in entries)
    return [r for r in results if isinstance(r, str)], [r for r in results if not isinstance(r, str)]


def judged(mutation, truth, reasons, volumes):
    """``refused``, ``same`` or ``said``; ``changed`` where no reader can tell; fails on silence."""
    hu, affine, _ = truth
    if not volumes:
        assert reasons or mutation.name == "odd value in all"
        return "refused"
    verdicts = set()
    for found, at, flags in volumes:
        said = bool(flags & SAID - truth[2]) or bool(reasons)
        in_place = abs(at - affine).max() < 0.1
        if found.shape == hu.shape and in_place and np.array_equal(found, hu):
            verdicts.add("same")
        elif said:
            verdicts.add("said")
        else:
            assert not mutation.exact, f"{mutation.name}: a volume changed in silence"
            # the place of voxels is said by all files alike, or it is as before
            assert mutation.name.endswith("all") or in_place, f"{mutation.name}: voxels moved in silence"
            verdicts.add("changed")
    return max(verdicts, key=["same", "said", "changed"].index)


def run(source, n, child, tmp_path, seed):
    files = [path.read_bytes() for path in source]
    (tmp_path / "clean").mkdir()
    for path in source:
        shutil.copy(path, tmp_path / "clean")
    (_, (truth,)) = outcome(tmp_path / "clean", child)
    seen = Counter()
    for number in range(n):
        mutation = MUTATIONS[number % len(MUTATIONS)]
        rng = np.random.default_rng([seed, number])
        folder = tmp_path / "mutant"
        folder.mkdir()
        for k, data in enumerate(mutation.apply(rng, files)):
            (folder / f"{k:04d}").write_bytes(data)
        reasons, volumes = outcome(folder, child)
        try:
            seen[mutation.name, judged(mutation, truth, reasons, volumes)] += 1
        except AssertionError as error:
            raise AssertionError(f"seed {seed}, mutant {number}: {error}; {reasons}") from error
        seen.update(("", r) for r in reasons if r in ("crashed", "timed_out", "internal_error"))
        shutil.rmtree(folder)
    return seen


def report(seen):
    for (name, verdict), n in sorted(seen.items()):
        print(f"{name:28} {verdict:10} {n}")  # noqa: T201 - with -s: what a long run found


@pytest.mark.parametrize("syntax", ["explicit", "jpeg_ls", "jpeg2000", "rle", "jpeg_lossless"])
def test_mutants_of_a_made_series(tmp_path, child, syntax):
    paths = write_series(tmp_path / "made", CtSeries(syntax=syntax, bits_stored=16 if syntax == "explicit" else 12))
    seed = ["explicit", "jpeg_ls", "jpeg2000", "rle", "jpeg_lossless"].index(syntax)
    report(run(paths, N_MUTANTS // 6, child, tmp_path, seed))


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.is_dir(), reason=f"no real CT at {SHARED}")
@pytest.mark.filterwarnings("ignore::UserWarning")  # of pydicom, of what real headers hold
@pytest.mark.parametrize("name", ["awkward/jpeg2000_abdomen", "awkward/philips_tilt/S21610/S2010", "real/sts_012"])
def test_mutants_of_real_series(tmp_path, child, name):
    usable = [e for e in index_series([SHARED / name], Settings().acquisition) if e.slices]
    paths = []
    # a stretch in stack order, and in explicit VR, which the mutations are written for
    for k, image in enumerate(usable[0].slices[:24]):
        ds = pydicom.dcmread(image.path)
        if ds.file_meta.TransferSyntaxUID.is_implicit_VR:
            ds.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
        paths.append(tmp_path / "source" / f"{k:04d}")
        paths[-1].parent.mkdir(exist_ok=True)
        pydicom.dcmwrite(paths[-1], ds)
    # JPEG 2000 takes four times as long as the others
    report(run(paths, N_MUTANTS // (36 if "jpeg2000" in name else 18), child, tmp_path, 77))
