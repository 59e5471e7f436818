"""Two versions of the method on the same studies: what each finds, what each finds falsely, and McNemar's test.

    python benchmarks/accuracy/duel.py FOLDER --old PATH_TO_OTHER_TREE --n 60 --implants 30 --real CT --out OUT.json

The other version runs from its own source tree, on the same volumes, in processes of its own; this one from here. Both
label maps are scored against the same truth: a lesion is found when at least 30 % of it is covered, a finding is false
when less than 10 % of it lies within 3 mm of a lesion and less than half of it where metal hides it. Studies are those
of the testing split unless told otherwise, and nothing of a single study is written: only counts.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from math import comb
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from make_table import Job, jobs_of, study_and_truth
from numpy.typing import NDArray
from scorer import FOUND_SHARE, false_ids

from ho_detect.acquisition.volume.hu_volume import HuVolume
from ho_detect.errors import SeriesError

HERE = Path(__file__).resolve().parents[2]
#: Run in either tree: a volume in, a label map out; a study that is refused has none.
_ANALYSE = """
import sys, msgspec, numpy as np
try:
    from ho_detect.acquisition.volume.hu_volume import HuVolume, SeriesRecord
    from ho_detect.image.grid import Grid
except ImportError:  # of 2026 and before
    from ho_detect.acquisition.volume import HuVolume, SeriesRecord
    from ho_detect.geometry import Grid
from ho_detect.analyze import analyze
from ho_detect.errors import SeriesError
from ho_detect.settings import Settings
z = np.load(sys.argv[1])
grid = Grid(z["hu"].shape, z["affine"])
shape = grid.shape
series = SeriesRecord(study_uid="s", series_uid="s", n_slices=shape[0], rows=shape[1], columns=shape[2],
                      spacing_mm=grid.spacing_mm)
try:
    found = analyze(HuVolume(z["hu"], grid, series), Settings(threads=1))
    labels = getattr(found, "labels", None)
    labels = found.result.labels if labels is None else labels
except SeriesError:
    labels = np.zeros(shape, np.uint16)
np.savez_compressed(sys.argv[2], labels=labels)
"""


class Counted(msgspec.Struct, frozen=True):
    """One method on one study."""

    found: tuple[bool, ...]
    false: int
    volume_mm3: float
    covered_mm3: float


def labels_by(tree: Path, volume: HuVolume) -> NDArray[np.uint16]:
    """Return the label map of the version in a source tree."""
    with tempfile.TemporaryDirectory() as folder:
        given, answer = Path(folder) / "volume.npz", Path(folder) / "labels.npz"
        np.savez(given, hu=volume.hu, affine=volume.grid.affine)
        environment = os.environ | {"PYTHONPATH": str(tree)}
        command = [sys.executable, "-c", _ANALYSE, str(given), str(answer)]
        subprocess.run(command, env=environment, cwd=folder, check=True)
        labels: NDArray[np.uint16] = np.load(answer)["labels"]
    return labels


def counted(labels: NDArray[np.uint16], lesions: NDArray[np.uint16], neither: Any, spacing: Any) -> Counted:
    """Score a label map."""
    none = np.zeros(lesions.shape, bool) if neither is None else neither
    masks = [lesions == i for i in np.unique(lesions) if i > 0]
    masks = [m for m in masks if none[m].mean() < 0.5]
    cover = [float((labels[m] > 0).mean()) for m in masks]
    voxel = float(np.prod(spacing))
    return Counted(
        found=tuple(c >= FOUND_SHARE for c in cover),
        false=len(false_ids(lesions, labels, none, spacing)),
        volume_mm3=sum(float(m.sum()) for m in masks) * voxel,
        covered_mm3=sum(float(m.sum()) * c for m, c in zip(masks, cover, strict=True)) * voxel,
    )


def mcnemar(first_only: int, second_only: int) -> float:
    """Return the exact two-sided probability that as unlike counts come by chance.

    >>> mcnemar(0, 0), mcnemar(0, 6)
    (1.0, 0.03125)
    """
    n, k = first_only + second_only, min(first_only, second_only)
    return min(1.0, 2 * sum(comb(n, i) for i in range(k + 1)) / 2**n)


def summary(pairs: list[tuple[Counted, Counted]]) -> dict[str, Any]:
    """Return the counts of both versions, and McNemar's test on lesions and on studies without a false finding."""
    out: dict[str, Any] = {"studies": len(pairs)}
    for name, which in (("old", 0), ("new", 1)):
        rows = [pair[which] for pair in pairs]
        found = [f for r in rows for f in r.found]
        out[name] = {
            "lesions": len(found),
            "found": sum(found),
            "sensitivity": round(float(np.mean(found)), 3) if found else None,
            "volume_found": round(sum(r.covered_mm3 for r in rows) / max(sum(r.volume_mm3 for r in rows), 1e-9), 3),
            "false": sum(r.false for r in rows),
            "false_a_study": round(float(np.mean([r.false for r in rows])), 3),
        }
    lesions = [(a, b) for old, new in pairs for a, b in zip(old.found, new.found, strict=True)]
    clean = [(old.false == 0, new.false == 0) for old, new in pairs]
    for name, two in (("lesions found", lesions), ("studies without a false finding", clean)):
        only = [sum(a and not b for a, b in two), sum(b and not a for a, b in two)]
        out[f"mcnemar: {name}"] = {"old only": only[0], "new only": only[1], "p": round(mcnemar(*only), 5)}
    return out


def compared(job: Job, old: Path) -> tuple[Counted, Counted] | None:
    """Return both versions' counts on a study; None for real CT without a hip, which takes no implants."""
    try:
        volume, truth, _ = study_and_truth(job)
    except SeriesError:
        return None
    canonical = volume.canonical()
    spacing = canonical.grid.spacing_mm
    both = [counted(labels_by(tree, canonical), truth.lesions, truth.near_metal, spacing) for tree in (old, HERE)]
    return both[0], both[1]


def main(arguments: list[str] | None = None) -> None:
    """Compare from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="where simulated studies are kept")
    parser.add_argument("--old", type=Path, required=True, help="source tree of the other version")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--n", type=int, default=60)
    parser.add_argument("--implants", type=int, default=0)
    parser.add_argument("--real", type=Path, nargs="*", default=[])
    parser.add_argument("--split", choices=("tuning", "testing"), default="testing")
    args = parser.parse_args(arguments)
    done: dict[str, list[tuple[Counted, Counted]]] = {}
    args.again, args.variant = False, "plain"
    for k, job in enumerate(jobs_of(args), 1):
        pair = compared(job, args.old.resolve())
        if pair is not None:
            done.setdefault(job.source, []).append(pair)
            text = json.dumps({source: summary(pairs) for source, pairs in done.items()}, indent=1)
            args.out.write_text(text + "\n", encoding="utf-8")
        print(k, file=sys.stderr, flush=True)
    print(args.out.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
