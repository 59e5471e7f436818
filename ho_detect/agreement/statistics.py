"""Agreement of paired figures: Bland and Altman, intraclass correlation, kappa, shares; each with its interval.

Intraclass correlation comes from pingouin, kappa and the interval of a share from statsmodels: the extra ``agree``.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import Annotated, Any, Literal

import msgspec
import numpy as np
from msgspec import Meta
from scipy import stats

#: Below so many pairs neither limits nor coefficients mean anything.
LEAST_PAIRS = 3

Interval = tuple[float, float]


class Estimate(msgspec.Struct, frozen=True, kw_only=True):
    """A figure with its 95 % confidence interval."""

    value: Annotated[float | None, Meta(description="null where it cannot be said; why tells")]
    low: float | None = None
    high: float | None = None
    n: Annotated[int, Meta(description="Pairs, or things counted")]
    why: str = ""


class BlandAltman(msgspec.Struct, frozen=True, kw_only=True):
    """Differences (result less reference) of pairs, and limits between which 95 % of them are to be expected.

    Intervals: bias ± t s/√n, limits ± t s √(1/n + 1.96²/(2(n−1))), t with n−1 degrees of freedom (Bland and Altman
    1999, Statistical Methods in Medical Research 8:135).
    """

    bias: Estimate
    sd: float | None
    lower_limit: Estimate
    upper_limit: Estimate


def bland_altman(reference: Sequence[float], result: Sequence[float]) -> BlandAltman:
    """Return bias and limits of agreement of at least three pairs; of fewer, null with the reason."""
    n = len(reference)
    if n < LEAST_PAIRS:
        none = Estimate(value=None, n=n, why="fewer than three pairs")
        return BlandAltman(bias=none, sd=None, lower_limit=none, upper_limit=none)
    difference = np.subtract(result, reference)
    bias, sd = float(difference.mean()), float(difference.std(ddof=1))
    t = float(stats.t.ppf(0.975, n - 1))
    of_bias, of_limit = t * sd / math.sqrt(n), t * sd * math.sqrt(1 / n + 1.96**2 / (2 * (n - 1)))

    def around(value: float, half: float) -> Estimate:
        return Estimate(value=value, low=value - half, high=value + half, n=n)

    return BlandAltman(
        bias=around(bias, of_bias),
        sd=sd,
        lower_limit=around(bias - 1.96 * sd, of_limit),
        upper_limit=around(bias + 1.96 * sd, of_limit),
    )


def intraclass(reference: Sequence[float], result: Sequence[float]) -> Estimate:
    """Return ICC(A,1), also written ICC(2,1): two-way random effects, absolute agreement, single measurement."""
    import pandas as pd
    import pingouin as pg

    n = len(reference)
    if n < LEAST_PAIRS:
        return Estimate(value=None, n=n, why="fewer than three pairs")
    if np.ptp([*reference, *result]) == 0:
        return Estimate(value=None, n=n, why="all values are equal")
    long = pd.DataFrame(
        {
            "thing": [*range(n), *range(n)],
            "who": ["reference"] * n + ["result"] * n,
            "value": [*map(float, reference), *map(float, result)],
        }
    )
    if list(reference) == list(result):
        return Estimate(value=1.0, low=1.0, high=1.0, n=n)
    before = pg.options.get("round.column.CI95")
    pg.options["round.column.CI95"] = None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what pingouin uses of pandas is its own affair
            table = pg.intraclass_corr(long, "thing", "who", "value").set_index("Type")
    finally:
        pg.options["round.column.CI95"] = before
    low, high = table.loc["ICC(A,1)", "CI95"]
    return Estimate(value=float(table.loc["ICC(A,1)", "ICC"]), low=float(low), high=float(high), n=n)


def kappa(
    reference: Sequence[str], result: Sequence[str], values: Sequence[str], weights: Literal["quadratic", "none"]
) -> Estimate:
    """Return Cohen's kappa of paired grades, with the asymptotic interval of Fleiss, Cohen and Everitt (1969).

    Parameters
    ----------
    values
        All grades, in order.
    weights
        ``quadratic`` for grades in an order, ``none`` for types.
    """
    from statsmodels.stats.inter_rater import cohens_kappa

    n = len(reference)
    if n < LEAST_PAIRS:
        return Estimate(value=None, n=n, why="fewer than three pairs")
    place = {value: k for k, value in enumerate(values)}
    table = np.zeros((len(values), len(values)))
    np.add.at(table, ([place[v] for v in reference], [place[v] for v in result]), 1)
    if len({*reference, *result}) == 1:
        return Estimate(value=None, n=n, why="all grades are equal: nothing is left to chance")
    with np.errstate(invalid="ignore", divide="ignore"):
        found: Any = cohens_kappa(table, wt="quadratic" if weights == "quadratic" else None)
    if not math.isfinite(found.kappa_low):
        return Estimate(value=float(found.kappa), n=n, why="the grades leave no variance to work out an interval from")
    # the asymptotic interval may reach beyond what kappa can be
    low, high = max(-1.0, float(found.kappa_low)), min(1.0, float(found.kappa_upp))
    return Estimate(value=float(found.kappa), low=low, high=high, n=n)


def share(k: int, n: int) -> Estimate:
    """Return a share with Wilson's interval."""
    from statsmodels.stats.proportion import proportion_confint

    if n == 0:
        return Estimate(value=None, n=0, why="there is nothing to count")
    low, high = proportion_confint(k, n, method="wilson")
    return Estimate(value=k / n, low=float(low), high=float(high), n=n)
