"""Fit confidence to the findings of tuning studies, and draw how it holds on testing studies.

    python benchmarks/accuracy/calibrate.py fit FOLDER/findings.csv        # written by run.py --split tuning
    python benchmarks/accuracy/calibrate.py draw FOLDER/accuracy.json docs/images/reliability.png

``fit`` prints the coefficients that stand in ``ho_detect/detection/judge/confidence.py``; those there are of
``tuning_findings.csv`` beside this file.
"""

from __future__ import annotations

import argparse
import csv
import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from tables import wilson

#: Ridge penalty on standardised coefficients: a few dozen findings can be told apart perfectly by chance. Convention.
PENALTY = 1.0
TUNING = Path(__file__).with_name("tuning_findings.csv")


def read_findings(path: Path) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return (n, 2) evidence, share of fat and log10 thickness in mm, and whether each finding is true."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    evidence = [(float(r["fat_fraction"]), np.log10(float(r["thickness_mm"]))) for r in rows]
    return np.array(evidence), np.array([r["true"] == "1" for r in rows])


def fitted(evidence: NDArray[np.float64], true: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return intercept and coefficients of the logistic regression with a ridge penalty."""
    mean, spread = evidence.mean(axis=0), evidence.std(axis=0)
    z = (evidence - mean) / spread
    sign = np.where(true, 1.0, -1.0)

    def loss(w: NDArray[np.float64]) -> float:
        misfit = np.logaddexp(0.0, -sign * (w[0] + z @ w[1:])).sum()
        return float(misfit + 0.5 * PENALTY * (w[1:] ** 2).sum())

    w = minimize(loss, np.zeros(1 + z.shape[1]), method="BFGS").x
    slope = w[1:] / spread
    return np.array([w[0] - slope @ mean, *slope])


def draw(record: dict[str, object], path: Path) -> None:
    """Draw the share of true findings against their mean confidence, with its 95 % interval and the counts."""
    from matplotlib.figure import Figure

    bins = record["methods"]["ho-detect"]["summary"]["confidence"]["reliability"]  # type: ignore[index]
    figure = Figure(figsize=(5.0, 4.2), dpi=150, layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color="0.7", linewidth=1, label="as said")
    for b in bins:
        low, high = wilson(b["true"], b["n"]) or (0.0, 1.0)
        share = b["true"] / b["n"]
        axes.plot([b["mean"]] * 2, [low, high], color="tab:blue", linewidth=1.2)
        axes.plot(b["mean"], share, "o", color="tab:blue")
        axes.annotate(f"{b['true']} of {b['n']}", (b["mean"], share), (-8, -4), textcoords="offset points", ha="right")
    axes.set(xlim=(0, 1.03), ylim=(0, 1.03), xlabel="confidence of the findings, mean",
             ylabel="share that is simulated ossification (95 %)",
             title=f"{record['n']} simulated studies, {record['split']} split")  # fmt: skip
    axes.legend(loc="upper left", frameon=False)
    figure.savefig(path)


def main(arguments: list[str] | None = None) -> None:
    """Fit, or draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    steps = parser.add_subparsers(dest="step", required=True)
    fit = steps.add_parser("fit")
    fit.add_argument("findings", type=Path, nargs="?", default=TUNING)
    picture = steps.add_parser("draw")
    picture.add_argument("accuracy", type=Path)
    picture.add_argument("png", type=Path)
    args = parser.parse_args(arguments)
    if args.step == "draw":
        draw(json.loads(args.accuracy.read_text(encoding="utf-8")), args.png)
        return
    evidence, true = read_findings(args.findings)
    intercept, fat, thickness = fitted(evidence, true)
    print(f"{len(true)} findings, {int(true.sum())} true")
    print(f"intercept {intercept:.3f}, fat {fat:.3f}, log10 thickness {thickness:.3f}")


if __name__ == "__main__":
    main()
