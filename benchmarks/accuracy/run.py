"""Measure how well the method does on simulated studies of known truth.

    python benchmarks/accuracy/run.py --split tuning --n 40 --workers 1 --out FOLDER

Writes FOLDER/accuracy.json and FOLDER/accuracy.md. Tuning studies are written case by case, testing studies only as
counts: what has been looked at cannot test. ``--pictures`` draws what was missed and what is false (tuning only).
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import msgspec
from cohort import SPLITS, conditions_of, plan_of, seeds, study_of
from methods import naive_script, this_project
from pictures import draw_errors
from scorer import StudyScore, score
from tables import by_condition, by_lesion, markdown, summary

import ho_detect
from ho_detect.settings import Settings

METHODS = {"ho-detect": this_project, "naive script": naive_script}


class Job(msgspec.Struct, frozen=True):
    """One study to be simulated, analysed and scored."""

    seed: int
    cache: str | None
    pictures: str | None


class Scored(msgspec.Struct, frozen=True):
    """One study's scores by method, and seconds."""

    seed: int
    scores: dict[str, StudyScore]
    seconds: dict[str, float]


def evaluate(job: Job) -> Scored:
    """Simulate, analyse and score one study."""
    start = time.perf_counter()
    study = study_of(job.seed, None if job.cache is None else Path(job.cache))
    seconds = {"simulation": round(time.perf_counter() - start, 2)}
    scores = {}
    for name, method in METHODS.items():
        start = time.perf_counter()
        labels, answer, findings = method(study.volume)
        seconds[name] = round(time.perf_counter() - start, 2)
        scores[name] = score(study, labels, answer)
        if findings is not None and job.pictures is not None:
            draw_errors(study, findings, scores[name], Path(job.pictures), str(job.seed))
    return Scored(job.seed, scores, seconds)


def main(arguments: list[str] | None = None) -> None:
    """Run the evaluation from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--split", choices=tuple(SPLITS), required=True)
    parser.add_argument("--n", type=int, required=True, help="the first N studies of the split")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--cache", type=Path, help="folder to keep simulated studies in (20 to 80 MB each)")
    parser.add_argument("--pictures", action="store_true", help="draw missed lesions and false findings (tuning only)")
    args = parser.parse_args(arguments)
    if args.pictures and not args.split.endswith("tuning"):
        parser.error("testing studies are not looked at case by case: no pictures of them")
    pictures = str(args.out / "pictures") if args.pictures else None
    cache = None if args.cache is None else str(args.cache)
    jobs = [Job(seed, cache, pictures) for seed in seeds(args.split, args.n)]
    args.out.mkdir(parents=True, exist_ok=True)

    done: list[Scored] = []

    def keep(scored: Scored) -> None:
        # the tables so far, so that a run that is stopped has not run for nothing
        done.append(scored)
        _progress(scored, len(done), len(jobs), show=args.split.endswith("tuning"))
        _write(args.out, args.split, done)

    if args.workers > 1:
        with ProcessPoolExecutor(args.workers, mp_context=get_context("spawn")) as pool:
            for scored in pool.map(evaluate, jobs):
                keep(scored)
    else:
        for job in jobs:
            keep(evaluate(job))
    print((args.out / "accuracy.md").read_text(encoding="utf-8"))


def _progress(scored: Scored, k: int, n: int, *, show: bool) -> None:
    text = f"{k} of {n}"
    if show:
        s = scored.scores["ho-detect"]
        counted = [x for x in s.lesions if x.counted]
        heads = [h.error_mm for h in s.hips if h.in_view]
        text += f"  seed {scored.seed}  found {sum(x.found for x in counted)} of {len(counted)}  false {len(s.false)}"
        text += f"  heads {heads}  {s.refused or ''} {scored.seconds}"
    print(text, file=sys.stderr, flush=True)


def _write(out: Path, split: str, done: list[Scored]) -> None:
    methods = {}
    for name in METHODS:
        rows = [(conditions_of(plan_of(d.seed)), d.scores[name]) for d in done]
        methods[name] = {
            "summary": summary(rows),
            "by_lesion": by_lesion(rows),
            "by_condition": by_condition(rows),
        }
    record = {
        "split": split,
        "n": len(done),
        "version": ho_detect.__version__,
        "settings_digest": Settings().digest(),
        "seconds_per_study": {k: round(sum(d.seconds[k] for d in done) / len(done), 2) for k in done[0].seconds},
        "methods": methods,
    }
    if split.endswith("tuning"):
        record["studies"] = [
            {"seed": d.seed, "conditions": conditions_of(plan_of(d.seed)), **msgspec.to_builtins(d)} for d in done
        ]
    (out / "accuracy.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    (out / "accuracy.md").write_text(markdown(split, len(done), methods), encoding="utf-8")


if __name__ == "__main__":
    main()
