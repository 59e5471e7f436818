"""How sure a surface says it is against how wrong it was; and the coefficients that say it, fitted.

    python benchmarks/anatomy/run.py --seed 1 --n 60 --out TUNING --places
    python benchmarks/anatomy/run.py --seed 1001 --n 60 --out TESTING --places
    python benchmarks/anatomy/calibrate.py --tuning TUNING/places.npy --testing TESTING/places.npy

Coefficients are quantile regressions at 0.95 (Koenker and Bassett 1978, Econometrica 46:33) of the size of the error on
the terms of the standard deviation, none negative: two standard deviations hold 95 %. Of places out of
view few belong to a bone whose edges disagree: what they take for that is given, not fitted.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_array, eye_array, hstack

from ho_detect.anatomy.native.certainty import CLASSES, OUT_OF_VIEW, sd_of_terms
from ho_detect.image.grid import FloatArray

#: Terms that each class may have, in the order of :func:`.certainty.sd_terms`, and what is given in place of a fit.
_TERMS = ([0, 1, 2, 3, 4, 5], [0, 1, 2, 3, 4], [0, 1, 2, 3, 4], [0, 1, 2])
_WHOLE, _OUT_OF_VIEW_MM = 4, 10.0
_SAMPLE = 5000


def fitted(rows: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Return the (4, 6) coefficients that rows of :func:`score.place_rows` lead to."""
    out = np.zeros((len(CLASSES), rows.shape[1] - 3))
    for k, used in enumerate(_TERMS):
        mine = rows[rows[:, 1] == k]
        mine = mine[rng.permutation(len(mine))[:_SAMPLE]]
        terms, size = mine[:, 3:], np.abs(mine[:, 2])
        if k == OUT_OF_VIEW:
            out[k, _WHOLE] = _OUT_OF_VIEW_MM
            size = np.maximum(size - 2 * _OUT_OF_VIEW_MM * terms[:, _WHOLE], 0.0)
        out[k, used] = _quantile_regression(2 * terms[:, used], size, 0.95)
    return out


def _quantile_regression(terms: FloatArray, values: FloatArray, quantile: float) -> FloatArray:
    n, p = terms.shape
    above, below = np.full(n, quantile), np.full(n, 1 - quantile)
    system = hstack([csr_array(terms), eye_array(n), -eye_array(n)])
    found = linprog(np.concatenate([np.zeros(p), above, below]), A_eq=system.tocsr(), b_eq=values, method="highs")
    if found.x is None:
        raise ValueError(f"no fit to {n} places: {found.message}")
    return np.asarray(found.x[:p])


def table(rows: FloatArray) -> str:
    """Return how many errors lie within one and two standard deviations, by class."""
    lines = [
        "| class | places | within 2 sd | within 1 sd | sd, median (90th percentile), mm | error, median (95th), mm |",
        "|---|---|---|---|---|---|",
    ]
    for k, name in enumerate(CLASSES):
        mine = rows[rows[:, 1] == k]
        if not len(mine):
            continue
        sd, error = sd_of_terms(mine[:, 3:], mine[:, 1].astype(int)), np.abs(mine[:, 2])
        lines.append(
            f"| {name} | {len(mine)} | {(error < 2 * sd).mean():.3f} | {(error < sd).mean():.3f} | "
            f"{np.median(sd):.2f} ({np.quantile(sd, 0.9):.2f}) | "
            f"{np.median(error):.2f} ({np.quantile(error, 0.95):.2f}) |"
        )
    return "\n".join(lines)


def main() -> None:
    """Fit on the tuning places, print, and tell how the coefficients in use do on either."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tuning", type=Path, nargs="+", default=[])
    parser.add_argument("--testing", type=Path, nargs="+", default=[])
    args = parser.parse_args()
    for name in ("tuning", "testing"):
        files = getattr(args, name)
        if not files:
            continue
        rows = np.concatenate([np.load(f) for f in files]).astype(np.float64)
        if name == "tuning":
            print(
                "fitted now:", np.array2string(fitted(rows, np.random.default_rng(0)), precision=2, suppress_small=True)
            )
        print(f"{name}, coefficients in use\n\n{table(rows)}\n")


if __name__ == "__main__":
    main()
