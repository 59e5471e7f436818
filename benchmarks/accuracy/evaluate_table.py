"""Judge a judgement as the field would, on a table of make_table.py.

    python benchmarks/accuracy/evaluate_table.py FOLDER/tuning.parquet --out OUT

Writes OUT/judgement.json and OUT/reliability.png: cross-validation grouped by person, one source left out at a time,
one feature left out at a time, calibration, and what 5 % of noise in the evidence changes. The model is named with
``--model MODULE:NAME``, a function that takes features and labels and returns a function from features to
probabilities; a ridge logistic regression on standardised features where none is named.
"""

from __future__ import annotations

import argparse
import importlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from labels import KINDS, SOURCES
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.stats import rankdata

Floats = NDArray[np.float64]
Predict = Callable[[pd.DataFrame], Floats]
Fit = Callable[[pd.DataFrame, Floats], Predict]

#: Columns that say what a candidate is and where it comes from; all others are features.
NOT_FEATURES = ("source", "study", "person", "kind", "label", "ossified", "lesion", "neither", "kept", "undecided",
                "defined", "probability")  # fmt: skip
_FOLDS, _BINS = 10, 10
#: Of one coefficient, on standardised features. Convention.
_PENALTY = 1.0
#: Kept from here on; undecided above the lower one.
_CUTS = (0.2, 0.5)


def rows_that_count(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that are judged and are one thing or the other: not left out.

    Ossification that metal hides need not be found; a streak there is none.
    """
    counts = (table["neither"] == 0) | (table["label"] == 0)
    return table[table["label"].notna() & counts & (table["defined"] == 0)].reset_index(drop=True)


def defined_away(table: pd.DataFrame) -> dict[str, Any]:
    """Return what of true ossification is no finding by definition, and so is never judged."""
    rows = table[(table["label"] == 1) & (table["neither"] == 0) & (table["defined"] == 1)]
    return {"candidates": len(rows), "ml": [round(v, 2) for v in sorted(rows["volume_mm3"] / 1000, reverse=True)]}


def features_of(table: pd.DataFrame) -> pd.DataFrame:
    """Return the columns that are measured."""
    return table[[c for c in table.columns if c not in NOT_FEATURES]]


def ridge(features: pd.DataFrame, label: Floats) -> Predict:
    """Fit a logistic regression with a ridge penalty; what was not measured is the mean, and a column says so."""
    middle, spread = features.mean().fillna(0.0), features.std().replace(0.0, 1.0).fillna(1.0)

    def columns(table: pd.DataFrame) -> Floats:
        z = ((table - middle) / spread).clip(-5, 5)
        out: Floats = np.concatenate([np.ones((len(z), 1)), z.fillna(0.0).to_numpy(), z.isna().to_numpy()], axis=1)
        return out

    x, sign = columns(features), np.where(label > 0.5, 1.0, -1.0)

    def loss(w: Floats) -> tuple[float, Floats]:
        margin = sign * (x @ w)
        slope = x.T @ (-sign / (1 + np.exp(np.clip(margin, -500, 500))))
        bare = np.r_[0.0, w[1:]]
        return float(np.logaddexp(0.0, -margin).sum() + 0.5 * _PENALTY * bare @ bare), slope + _PENALTY * bare

    w = minimize(loss, np.zeros(x.shape[1]), jac=True, method="L-BFGS-B", options={"maxiter": 500}).x
    return lambda table: np.asarray(1 / (1 + np.exp(-np.clip(columns(table) @ w, -500, 500))))


def folds(person: NDArray[np.int64], n: int = _FOLDS, seed: int = 0) -> NDArray[np.int64]:
    """Return each row's fold, 0 to n - 1: all rows of a person in one."""
    people = np.random.default_rng(seed).permutation(np.unique(person))
    place = {p: k % n for k, p in enumerate(people.tolist())}
    return np.array([place[p] for p in person.tolist()])


def cross_validated(fit: Fit, features: pd.DataFrame, label: Floats, fold: NDArray[np.int64]) -> Floats:
    """Return each row's probability by a fit to the other folds."""
    out = np.full(len(label), np.nan)
    for k in np.unique(fold):
        train, test = fold != k, fold == k
        out[test] = fit(features[train], label[train])(features[test])
    return out


def area_under_curve(probability: Floats, label: Floats) -> float | None:
    """Return the chance that ossification has the higher probability; None where there is only one kind."""
    n, m = int((label > 0.5).sum()), int((label <= 0.5).sum())
    if not n or not m:
        return None
    return float((rankdata(probability)[label > 0.5].sum() - n * (n + 1) / 2) / (n * m))


def calibration(probability: Floats, label: Floats, bins: int = _BINS) -> list[dict[str, float]]:
    """Return count, mean probability and share of ossification in bins of equal width that hold anything."""
    which = np.minimum((probability * bins).astype(int), bins - 1)
    return [
        {"n": int(m.sum()), "said": float(probability[m].mean()), "true": float(label[m].mean())}
        for k in range(bins)
        if (m := which == k).any()
    ]


def expected_calibration_error(probability: Floats, label: Floats) -> float:
    """Return the mean distance of what was said from what was true, over bins, by their counts."""
    rows = calibration(probability, label)
    return float(sum(r["n"] * abs(r["said"] - r["true"]) for r in rows) / sum(r["n"] for r in rows))


def figures(table: pd.DataFrame, probability: Floats) -> dict[str, Any]:
    """Return what a set of probabilities is worth, by candidate, by volume, by study and by kind."""
    label, volume = table["label"].to_numpy(float), table["volume_mm3"].to_numpy(float)
    true, kept, unsure = label > 0.5, probability >= _CUTS[1], (probability >= _CUTS[0]) & (probability < _CUTS[1])
    studies = max(1, table[["source", "study"]].drop_duplicates().shape[0])
    eps = np.clip(probability, 1e-6, 1 - 1e-6)
    return {
        "rows": len(table),
        "studies": studies,
        "ossified": int(true.sum()),
        "area_under_curve": area_under_curve(probability, label),
        "log_loss": float(-(label * np.log(eps) + (1 - label) * np.log(1 - eps)).mean()),
        "brier": float(((probability - label) ** 2).mean()),
        "expected_calibration_error": expected_calibration_error(probability, label),
        "sensitivity": _share(kept[true]),
        "undecided_of_true": _share(unsure[true]),
        "volume_kept": _share(kept[true], volume[true]),
        "false_a_study": float((kept & ~true).sum() / studies),
        "false_ml_a_study": float(volume[kept & ~true].sum() / 1000 / studies),
        "undecided_a_study": float((unsure & ~true).sum() / studies),
        "kept_by_kind": {
            KINDS[int(k)]: [int(kept[m].sum()), int(m.sum())]
            for k in sorted(table["kind"].unique())
            if (m := (table["kind"] == k).to_numpy()).any()
        },
    }


def _share(mask: NDArray[np.bool_], weight: Floats | None = None) -> float | None:
    return float(np.average(mask, weights=weight)) if len(mask) else None


def one_source_out(fit: Fit, table: pd.DataFrame) -> dict[str, Any]:
    """Fit on simulation and test on implants and real CT, and the other way round."""
    simulated = (table["source"] == SOURCES.index("simulated")).to_numpy()
    out = {}
    for name, train in (("simulated to the rest", simulated), ("the rest to simulated", ~simulated)):
        if train.all() or not train.any() or table["label"][train].nunique() < 2:
            continue
        test = table[~train]
        p = fit(features_of(table[train]), table["label"][train].to_numpy(float))(features_of(test))
        out[name] = figures(test, p) | {
            SOURCES[int(s)]: figures(test[m], p[m])
            for s in test["source"].unique()
            if (m := (test["source"] == s).to_numpy()).any()
        }
    return out


def ablation(fit: Fit, without: Mapping[str, Fit], table: pd.DataFrame, fold: NDArray[np.int64]) -> dict[str, float]:
    """Return by how much the cross-validated log loss grows without each feature, most first.

    Parameters
    ----------
    without
        By feature, the fit without it; where there is none, columns are left out in turn.
    """
    label, every = table["label"].to_numpy(float), features_of(table)

    def loss(fit: Fit, features: pd.DataFrame) -> float:
        return float(figures(table, cross_validated(fit, features, label, fold))["log_loss"])

    whole = loss(fit, every)
    if without:
        grown = {name: loss(other, every) - whole for name, other in without.items()}
    else:
        grown = {name: loss(fit, every.drop(columns=name)) - whole for name in every.columns}
    return {name: round(v, 5) for name, v in sorted(grown.items(), key=lambda pair: -pair[1])}


def under_noise(fit: Fit, table: pd.DataFrame, share: float = 0.05, repeats: int = 20) -> dict[str, float]:
    """Return what noise of a share of each feature's size changes: decisions, and probabilities."""
    features, rng = features_of(table), np.random.default_rng(1)
    predict = fit(features, table["label"].to_numpy(float))
    plain = predict(features)
    moved, flipped = [], []
    for _ in range(repeats):
        noisy = predict(features * (1 + share * rng.normal(size=features.shape)))
        moved.append(np.abs(noisy - plain).mean())
        flipped.append(((noisy >= _CUTS[1]) != (plain >= _CUTS[1])).mean())
    return {"mean_change": float(np.mean(moved)), "decisions_changed": float(np.mean(flipped))}


def on_variant(fit: Fit, table: pd.DataFrame, variant: pd.DataFrame) -> dict[str, Any]:
    """Return the figures of a variant of the same studies, each person judged by a fit to the plain ones of others."""
    people = np.unique(np.r_[table["person"].to_numpy(np.int64), variant["person"].to_numpy(np.int64)])
    place = dict(zip(people.tolist(), folds(people).tolist(), strict=True))
    fold, other = (np.array([place[p] for p in t["person"].tolist()]) for t in (table, variant))
    p = np.full(len(variant), np.nan)
    for k in np.unique(other):
        train = table[fold != k]
        p[other == k] = fit(features_of(train), train["label"].to_numpy(float))(features_of(variant[other == k]))
    return figures(variant, p)


def draw(probability: Floats, label: Floats, path: Path) -> None:
    """Draw the share of ossification against the probability that was said, with counts."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.0, 4.2), dpi=150, layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color="0.7", linewidth=1, label="as said")
    rows = calibration(probability, label)
    axes.plot([r["said"] for r in rows], [r["true"] for r in rows], "o-", color="tab:blue", label="as it was")
    for r in rows:
        axes.annotate(str(r["n"]), (r["said"], r["true"]), xytext=(4, -9), textcoords="offset points", fontsize=7)
    axes.set(xlabel="probability", ylabel="share that is ossification", xlim=(0, 1), ylim=(0, 1))
    axes.legend(loc="upper left", frameon=False)
    figure.savefig(path)


def evaluated(fit: Fit, table: pd.DataFrame, without: Mapping[str, Fit] | None) -> tuple[dict[str, Any], Floats]:
    """Return all figures, and each row's cross-validated probability; ``without`` as for :func:`ablation`, or none."""
    fold, label = folds(table["person"].to_numpy(np.int64)), table["label"].to_numpy(float)
    p = cross_validated(fit, features_of(table), label, fold)
    record = {
        "grouped by person": figures(table, p),
        "by source": {SOURCES[int(s)]: figures(table[table["source"] == s], p[(table["source"] == s).to_numpy()])
                      for s in sorted(table["source"].unique())},
        "rules of today": figures(table, table["kept"].to_numpy(float)),
        "one source left out": one_source_out(fit, table),
        "under 5 % noise": under_noise(fit, table),
    }  # fmt: skip
    if without is not None:
        record["log loss grows without"] = ablation(fit, without, table, fold)
    return record, p


def main(arguments: list[str] | None = None) -> None:
    """Evaluate from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--model", help="MODULE:NAME of a function that fits")
    parser.add_argument("--variants", type=Path, nargs="*", default=[], help="tables of the same studies, varied")
    parser.add_argument("--no-ablation", action="store_true", help="it takes a fit for each feature and fold")
    args = parser.parse_args(arguments)
    fit: Fit = ridge
    without: Mapping[str, Fit] = {}
    if args.model:
        name, function = args.model.split(":")
        module = importlib.import_module(name)
        fit, without = getattr(module, function), getattr(module, "WITHOUT", {})
    whole = pd.read_parquet(args.table)
    table = rows_that_count(whole)
    record, p = evaluated(fit, table, None if args.no_ablation else without)
    record["ossification that is no finding by definition"] = defined_away(whole)
    for path in args.variants:
        record[path.stem] = on_variant(fit, table, rows_that_count(pd.read_parquet(path)))
    args.out.mkdir(parents=True, exist_ok=True)
    text = json.dumps(record, indent=1)
    (args.out / "judgement.json").write_text(text + "\n", encoding="utf-8")
    draw(p, table["label"].to_numpy(float), args.out / "reliability.png")
    print(text)


if __name__ == "__main__":
    main()
