"""The judgement: how probable it is that a candidate is ossification, and what becomes of it.

Two small additive models of log-odds: *grown or native* for what is joined with bone, *ossification or a mimic* for
everything. The probability is their product. Weights come from a fit to a table of labelled candidates
(``benchmarks/accuracy/fit_judge.py``); a person set the signs and the two cut-offs alone.
"""

from __future__ import annotations

import math
from functools import lru_cache
from importlib.resources import files
from typing import Literal

import msgspec

from ho_detect.anatomy.native.certainty import LIES_ON_BONE
from ho_detect.detection.evidence import Evidence
from ho_detect.detection.judge.definitions import defined
from ho_detect.detection.judge.features import GROWN, MIMICS, OSSIFIED, Feature, sign_of_mimic
from ho_detect.settings import Settings

Decision = Literal["kept", "undecided", "excluded"]
#: Which mimic each feature speaks of.
_SPEAKS_OF = {
    "tube": "contrast",
    "too_dense": "contrast",
    "arterial": "vessel_calcium",
    "blood": "contrast",
    "at_joint": "osteophyte",
    "cavity": "pelvic_cavity",
    "fluid": "pelvic_cavity",
    "bowel": "pelvic_cavity",
    "gas": "pelvic_cavity",
    "skin": "subcutaneous",
}
#: So many features are named as the reason.
_NAMED = 3
#: What lies with more than this share at the edge of the view is cut by it.
_CUT_SHARE = 0.25


class Weights(msgspec.Struct, frozen=True):
    """What the fit found: an intercept and a weight for each feature of both models, and where they come from."""

    grown: dict[str, float]
    ossified: dict[str, float]
    grown_intercept: float
    ossified_intercept: float
    grown_mean: dict[str, float]
    ossified_mean: dict[str, float]
    source: str


class Verdict(msgspec.Struct, frozen=True):
    """What becomes of a candidate.

    Parameters
    ----------
    reason
        Code of :data:`~ho_detect.detection.judge.excluded.EXCLUSIONS`; empty for what is kept.
    probability
        Of ossification; None for what is no finding by definition.
    because
        The features that pulled most, in words; empty for a definition.
    """

    decision: Decision
    reason: str
    probability: float | None
    because: str

    @property
    def kept(self) -> bool:
        """Whether it is a lesion."""
        return self.decision == "kept"


@lru_cache(maxsize=1)
def weights() -> Weights:
    """Return the fitted weights that ship with the package."""
    text = files("ho_detect.detection.judge").joinpath("weights.json").read_bytes()
    return msgspec.json.decode(text, type=Weights)


def judge(evidence: Evidence, settings: Settings) -> Verdict:
    """Return what becomes of a candidate: by definition, else by its probability."""
    reason = defined(evidence, settings)
    if reason is not None:
        return Verdict("excluded", reason, None, "")
    grown, ossified = probabilities(evidence, weights())
    probability = grown * ossified
    because = _because(evidence, grown, ossified)
    if beside_bone(evidence) and probability >= settings.judge.exclude:
        return Verdict("undecided", "native_unsure", probability, "on a bone that is fitted badly")
    if probability >= settings.judge.keep:
        return Verdict("kept", "", probability, because)
    native = grown < ossified
    if probability < settings.judge.exclude:
        return Verdict("excluded", _native(evidence) if native else _mimic(evidence), probability, because)
    if evidence.at_border > _CUT_SHARE:
        return Verdict("undecided", "cut_native_bone", probability, because)
    return Verdict("undecided", "native_unsure" if native else "mimic_unsure", probability, because)


def probabilities(evidence: Evidence, fitted: Weights) -> tuple[float, float]:
    """Return the probability that a candidate is grown bone, 1 for what is free, and that it is ossification."""
    grown = 1.0
    if evidence.joined:
        grown = _logistic(
            fitted.grown_intercept + sum(f.value(evidence) * fitted.grown.get(f.name, 0.0) for f in GROWN)
        )
    pull = sum(f.value(evidence) * fitted.ossified.get(f.name, 0.0) for f in OSSIFIED)
    return grown, _logistic(fitted.ossified_intercept + pull)


def beside_bone(evidence: Evidence) -> bool:
    """Whether a candidate stands on a bone whose fitted surface does not lie on it: nothing is kept there."""
    return evidence.joined and evidence.on_bone is not None and evidence.on_bone < LIES_ON_BONE


def _because(evidence: Evidence, grown: float, ossified: float) -> str:
    """Return the features that pulled most from the mean of the table, in words, of the model that decides."""
    fitted = weights()
    features, by_name, mean = (
        (GROWN, fitted.grown, fitted.grown_mean)
        if evidence.joined and grown <= ossified
        else (OSSIFIED, fitted.ossified, fitted.ossified_mean)
    )
    toward = 1.0 if grown * ossified >= 0.5 else -1.0

    def pull(f: Feature) -> float:
        return toward * by_name.get(f.name, 0.0) * (f.value(evidence) - mean.get(f.name, 0.0))

    strongest = sorted((f for f in features if pull(f) > 0.0), key=lambda f: -pull(f))[:_NAMED]
    return ", ".join(_said(f, evidence, high=(toward > 0) == (f.sign > 0)) for f in strongest)


def _said(feature: Feature, evidence: Evidence, *, high: bool) -> str:
    words = feature.high if high else feature.low
    figure = feature.figure(evidence)
    return words.replace("{x}", figure) if figure else words.replace(" ({x})", "").replace("{x}", feature.name)


def _native(e: Evidence) -> str:
    """Return whether native bone at the joint is named an osteophyte: it stands out, and begins near the joint."""
    return "osteophyte" if e.head_distance_mm <= 40.0 and (e.reach_mm or 0.0) >= 4.0 else "native_bone"


def _mimic(e: Evidence) -> str:
    """Return the mimic that the strongest feature against a candidate speaks of."""
    fitted = weights().ossified

    def pull(f: Feature) -> float:
        if f.name in fitted:
            return f.value(e) * fitted[f.name]
        return 0.0 if e.joined else -fitted["plain"] * sign_of_mimic(f.value(e))

    least, reason = min((pull(f), _SPEAKS_OF[f.name]) for f in MIMICS if f.name in _SPEAKS_OF)
    return reason if least < 0.0 else "unlikely"


def _logistic(x: float) -> float:
    return 1.0 / (1.0 + math.exp(-max(-60.0, min(60.0, x))))
