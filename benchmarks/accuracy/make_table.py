"""One table of every outlined candidate: features, what it is, and where it comes from.

    python benchmarks/accuracy/make_table.py FOLDER --n 60 --metal 30               # simulated
    python benchmarks/accuracy/make_table.py FOLDER --n 60 --real CT --implants 30  # and real CT, and implants
    python benchmarks/accuracy/make_table.py FOLDER --n 60 --implants 30 --real CT --split testing

Writes FOLDER/<split>.parquet (a row a candidate, numbers only) and FOLDER/<split>_lesions.parquet (a row a lesion:
how much of it any candidate holds). Each study's rows are kept below FOLDER/rows and simulated studies below
FOLDER/studies, so that a run that was stopped goes on where it was: ``--again`` judges anew what was simulated.
``--real`` names folders of real CT without ossification, one series a subfolder; ``--cases`` folders of cases of
another generator, with their truth (``case_folders.py``).

Columns beside the features: ``source`` and ``kind`` are places in ``labels.SOURCES`` and ``labels.KINDS``, ``study``
and ``person`` numbers for grouping, ``ossified`` the share that is ossification, ``label`` 1 for ossification and 0
otherwise (NaN for what is left out), ``neither`` 1 where metal hides it. What the method says today: ``kept``,
``undecided``, ``defined`` (no finding by definition, not judged) and ``probability``.
"""

from __future__ import annotations

import argparse
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pandas as pd
from case_folders import cases_in, truth_of_case
from cohort import seeds, study_of
from implanting import IMPLANT_SPLITS, implanted
from labels import KINDS, SOURCES, Truth, kind_of, share_of, truth_of
from outlined import Looked, looked_at
from real_ct import known_of, load, person_of, series_in
from thicker import thicker

from ho_detect.acquisition.volume.hu_volume import HuVolume
from ho_detect.errors import SeriesError
from ho_detect.settings import Settings

#: What else is made of the same studies, to see how stable a judgement is.
VARIANTS = ("plain", "eroded", "thick")


@dataclass(frozen=True)
class Job:
    """One study: ``number`` is its seed, or 0 for what lies in a folder: real CT as it is, or a case."""

    source: str
    number: int
    folder: Path
    series: Path | None = None
    again: bool = False
    variant: str = "plain"

    @property
    def name(self) -> str:
        """Of its files."""
        return f"{self.source}_{self.number or self.series.name}{ending(self.variant)}"  # type: ignore[union-attr]


def ending(variant: str) -> str:
    """Return what the names of a variant's files end with."""
    return "" if variant == "plain" else f"_{variant}"


def rows_of(volume: HuVolume, truth: Truth, job: Job, person: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return a study's candidates and lesions."""
    lesions = {int(i): truth.lesions == i for i in np.unique(truth.lesions) if i > 0}
    try:
        _, found = looked_at(volume, Settings(threads=1), smaller=job.variant == "eroded")
    except SeriesError as error:
        print(f"{job.name}: {error.reason}", file=sys.stderr, flush=True)
        found = []
    study = job.number or person
    group = {"source": SOURCES.index(job.source), "study": study, "person": person}
    rows = [group | _row(candidate, truth) for candidate in found]
    covered = np.zeros(truth.lesions.shape, bool)
    for candidate in found:
        covered[candidate.box] |= candidate.mask
    of_lesions = [
        group
        | {
            "lesion": i,
            "volume_mm3": float(mask.sum()) * truth.grid.voxel_volume_mm3,
            "outlined": float(covered[mask].mean()),
            "near_metal": 0.0 if truth.near_metal is None else float(truth.near_metal[mask].mean()),
            "refused": float(not found),
        }
        for i, mask in lesions.items()
    ]
    return pd.DataFrame(rows), pd.DataFrame(of_lesions)


def _row(candidate: Looked, truth: Truth) -> dict[str, float]:
    kind, share, lesion = kind_of(candidate, truth)
    verdict = candidate.verdict
    return {
        "kind": KINDS.index(kind),
        "label": float("nan") if kind == "left_out" else float(kind == "ossification"),
        "ossified": share,
        "lesion": lesion,
        "neither": float(share_of(candidate, truth.near_metal) >= 0.5),
        "kept": float(verdict.kept),
        "undecided": float(verdict.decision == "undecided"),
        "defined": float(verdict.probability is None),
        "probability": float("nan") if verdict.probability is None else verdict.probability,
        **candidate.features,
    }


def study_and_truth(job: Job) -> tuple[HuVolume, Truth, int]:
    """Return a study, what is known of it on its canonical grid, and a number of its person."""
    if job.source == "simulated":
        study = study_of(job.number, job.folder / "studies")
        return study.volume, truth_of(study), job.number
    assert job.series is not None
    person = person_of(job.series.name)
    if job.source == "implanted":
        volume, labels = implanted(load(job.series), job.number)
        return volume, Truth(volume.grid, labels, known=known_of(job.series.name)), person
    if job.source == "case":
        volume = load(job.series)
        return volume, truth_of_case(job.series, volume.grid), person
    volume = load(job.series).canonical()
    return volume, Truth(volume.grid, np.zeros(volume.hu.shape, np.uint16), known=known_of(job.series.name)), person


def make(job: Job) -> str:
    """Write one study's rows, unless they are there."""
    rows, lesions = (job.folder / "rows" / f"{job.name}{end}.parquet" for end in ("", "_lesions"))
    start = time.perf_counter()
    if job.again or not rows.exists() or not lesions.exists():
        rows.parent.mkdir(parents=True, exist_ok=True)
        try:
            volume, truth, person = study_and_truth(job)
        except SeriesError as error:  # real CT without a hip has no place for an implant
            return f"{job.name}: {error.reason}"
        if job.variant == "thick":
            volume, truth = thicker(volume, truth)
        for table, path in zip(rows_of(volume, truth, job, person), (rows, lesions), strict=True):
            part = path.with_suffix(".part")
            table.to_parquet(part)
            part.replace(path)
    n = len(pd.read_parquet(rows))
    return f"{job.name}: {n} candidates, {time.perf_counter() - start:.0f} s"


def jobs_of(args: argparse.Namespace) -> list[Job]:
    """Return the studies that are asked for: implants take the real CT in turn."""
    common = {"again": args.again, "variant": args.variant}
    simulated = [*(seeds(args.split, args.n) if args.n else ()), *_metal_seeds(args.split, args.metal)]
    jobs = [Job("simulated", s, args.folder, **common) for s in simulated]
    series = series_in(args.real)
    if args.implants:
        first = IMPLANT_SPLITS[args.split]
        jobs += [
            Job("implanted", first + k, args.folder, series[k % len(series)], **common) for k in range(args.implants)
        ]
    if args.split == "tuning":  # real CT has no seed: it cannot be both
        jobs += [Job("real", 0, args.folder, path, **common) for path in series]
    jobs += [Job("case", 0, args.folder, path, **common) for path in cases_in(args.cases)]
    return jobs


def _metal_seeds(split: str, n: int) -> list[int]:
    return list(seeds(f"metal_{split}", n)) if n else []


def main(arguments: list[str] | None = None) -> None:
    """Make the table from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--n", type=int, default=60, help="the first N simulated studies of the split")
    parser.add_argument("--metal", type=int, default=0, help="the first N simulated studies with implants")
    parser.add_argument("--implants", type=int, default=0, help="so many studies of real CT with lesions implanted")
    parser.add_argument("--real", type=Path, nargs="*", default=[], help="folders of real CT")
    parser.add_argument("--cases", type=Path, nargs="*", default=[], help="folders of cases of another generator")
    parser.add_argument("--split", choices=tuple(IMPLANT_SPLITS), default="tuning")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--variant", choices=VARIANTS, default="plain", help="outlines a voxel smaller, slices of two")
    parser.add_argument("--again", action="store_true", help="judge anew; simulated studies are kept")
    args = parser.parse_args(arguments)
    if args.implants and not series_in(args.real):
        parser.error("implants need real CT: name its folder with --real")
    jobs = jobs_of(args)
    with ProcessPoolExecutor(args.workers, mp_context=get_context("spawn")) as pool:
        for done in as_completed([pool.submit(make, job) for job in jobs]):
            print(done.result(), file=sys.stderr, flush=True)
    for end in ("", "_lesions"):
        files = [args.folder / "rows" / f"{job.name}{end}.parquet" for job in jobs]
        parts = [part for f in files if f.exists() and len(part := pd.read_parquet(f))]
        table = pd.concat(parts, ignore_index=True)
        name = f"{args.split}{ending(args.variant)}{end}"
        table.to_parquet(args.folder / f"{name}.parquet")
        print(f"{name}: {len(table)} rows of {len(parts)} studies")


if __name__ == "__main__":
    main()
