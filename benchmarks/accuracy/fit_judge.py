"""Fit the weights of the judgement to a table of make_table.py.

    python benchmarks/accuracy/fit_judge.py TABLE ho_detect/detection/judge/weights.json

The signs of the weights are given (``ho_detect.detection.judge.features``); a weight that would have the other sign is
0. Both models are fitted together, to the likelihood of the product of their probabilities: a candidate that is no
ossification does not say of which of the two it fails. What is no finding by definition, ossification that
metal hides and what is left out is not fitted to. To evaluate the fit:

    python benchmarks/accuracy/evaluate_table.py TABLE --model fit_judge:fit --out OUT
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from evaluate_table import Floats, Predict, features_of, rows_that_count
from labels import SOURCES
from numpy.typing import NDArray
from outlined import evidence_of
from scipy.optimize import minimize

from ho_detect.detection.judge.features import GROWN, OSSIFIED

#: Of one weight, against the sum of log-likelihoods: features run from 0 to 1. Convention.
PENALTY = 0.5


@dataclass(frozen=True, eq=False)
class Design:
    """Features of candidates: (n, F) of each model, and (n,) whether the first has a say."""

    grown: Floats
    ossified: Floats
    stands_on_bone: NDArray[np.bool_]

    @classmethod
    def of(cls, features: pd.DataFrame) -> Design:
        """Return the features of a table's rows."""
        evidence = [evidence_of(row) for row in features.to_dict("records")]
        return cls(
            np.array([[f.value(e) for f in GROWN] for e in evidence]).reshape(-1, len(GROWN)),
            np.array([[f.value(e) for f in OSSIFIED] for e in evidence]).reshape(-1, len(OSSIFIED)),
            np.array([e.joined for e in evidence], bool),
        )

    def without(self, name: str) -> Design:
        """Return the same with one feature, named as in :data:`WITHOUT`, 0 throughout."""
        names = [f"grown_{f.name}" for f in GROWN], [f"ossified_{f.name}" for f in OSSIFIED]
        grown, ossified = (
            m * np.array([n != name for n in own]) for m, own in zip((self.grown, self.ossified), names, strict=True)
        )
        return Design(grown, ossified, self.stands_on_bone)


def _logistic(x: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(x, -60, 60))))


def probabilities(design: Design, t: Floats) -> tuple[Floats, Floats]:
    """Return both models' probabilities; ``t`` holds both intercepts, then the weights."""
    grown = _logistic(t[0] + design.grown @ t[2 : 2 + len(GROWN)])
    return np.where(design.stands_on_bone, grown, 1.0), _logistic(t[1] + design.ossified @ t[2 + len(GROWN) :])


def counts(table: pd.DataFrame) -> Floats:
    """Return how much each candidate counts: of a lesion in several pieces each by its share, a lesion once; others 1.

    The low end of a bridge looks like native bone and is found with the rest of it. Real CT, with lesions implanted or
    without, counts half as much as all of the simulation, however much is simulated.
    """
    whole = table.groupby(["source", "study", "lesion"])["volume_mm3"].transform("sum")
    share = table["volume_mm3"] / whole
    count = np.where((table["label"] == 1) & (table["lesion"] > 0), share, 1.0)
    simulated = table["source"].isin([SOURCES.index("simulated"), SOURCES.index("case")]).to_numpy()
    if simulated.any() and not simulated.all():
        count[~simulated] *= 0.5 * simulated.sum() / (~simulated).sum()
    return np.asarray(count, float)


def fitted(design: Design, label: Floats, count: Floats | None = None) -> Floats:
    """Return both intercepts and the weights that make the labels likeliest, each of its sign or 0."""
    n = len(GROWN)
    count = np.ones(len(label)) if count is None else count

    def loss(t: Floats) -> tuple[float, Floats]:
        g, o = probabilities(design, t)
        p = np.clip(g * o, 1e-9, 1 - 1e-9)
        misfit = -(count * (label * np.log(p) + (1 - label) * np.log(1 - p))).sum()
        slope = count * (p - label) / (1 - p)  # of the misfit against log p
        by_g = slope * (1 - g) * design.stands_on_bone
        by_o = slope * (1 - o)
        gradient = np.r_[by_g.sum(), by_o.sum(), design.grown.T @ by_g, design.ossified.T @ by_o]
        gradient[2:] += PENALTY * t[2:]
        return float(misfit + 0.5 * PENALTY * t[2:] @ t[2:]), gradient

    signs = [f.sign for f in (*GROWN, *OSSIFIED)]
    bounds = [(-30.0, 30.0)] * 2 + [(0.0, 30.0) if s > 0 else (-30.0, 0.0) for s in signs]
    start = np.r_[0.0, 0.0, 0.5 * np.array(signs)]
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 5000})
    t = np.asarray(found.x)
    assert len(t) == 2 + n + len(OSSIFIED)
    return t


def fit(features: pd.DataFrame, label: Floats, without: str = "") -> Predict:
    """Fit to a table's features; return what gives their probabilities to others.

    Parameters
    ----------
    without
        ``grown_`` or ``ossified_`` and the name of a feature that is left out.
    """
    t = fitted(Design.of(features).without(without), label)

    def predict(table: pd.DataFrame) -> Floats:
        g, o = probabilities(Design.of(table).without(without), t)
        return np.asarray(g * o)

    return predict


#: The fit without each feature, for :func:`evaluate_table.ablation`.
WITHOUT = {
    f"{model}_{f.name}": partial(fit, without=f"{model}_{f.name}")
    for model, features in (("grown", GROWN), ("ossified", OSSIFIED))
    for f in features
}


def weights_of(table: pd.DataFrame, source: str) -> dict[str, object]:
    """Return the weights as they ship."""
    table = rows_that_count(table)
    design = Design.of(features_of(table))
    t = fitted(design, table["label"].to_numpy(float), counts(table))
    n = len(GROWN)

    def named(features: tuple[object, ...], numbers: Floats) -> dict[str, float]:
        return {f.name: round(float(x), 3) for f, x in zip(features, numbers, strict=True)}  # type: ignore[attr-defined]

    return {
        "grown": named(GROWN, t[2 : 2 + n]),
        "ossified": named(OSSIFIED, t[2 + n :]),
        "grown_intercept": round(float(t[0]), 3),
        "ossified_intercept": round(float(t[1]), 3),
        "grown_mean": named(GROWN, design.grown[design.stands_on_bone].mean(axis=0)),
        "ossified_mean": named(OSSIFIED, design.ossified.mean(axis=0)),
        "source": source,
    }


def main(arguments: list[str] | None = None) -> None:
    """Fit from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table", type=Path)
    parser.add_argument("weights", type=Path, help="JSON to write")
    args = parser.parse_args(arguments)
    table = pd.read_parquet(args.table)
    rows = rows_that_count(table)
    source = (
        f"{len(rows)} candidates of {rows[['source', 'study']].drop_duplicates().shape[0]} studies, {args.table.name}"
    )
    weights = weights_of(table, source)
    args.weights.write_text(json.dumps(weights, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(weights, indent=1))


if __name__ == "__main__":
    main()
