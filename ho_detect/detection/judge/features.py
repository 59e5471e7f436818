"""Evidence to the features that the judgement adds up: each with a name, a fixed sign and words for a reader.

Every feature runs from 0 to 1 over a stated range and does not change beyond it: a mass of 500 mL is as large as one of
10 mL. The signs are fixed by what is known of the disease; only the weights come from the fit.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from ho_detect.detection.clear_of_metal import STANDS_OUT
from ho_detect.detection.evidence import Evidence

#: Underlying bone is as dense as this where none is seen there: neither faint nor dense beside it.
_UNKNOWN_SHARE = 0.85
#: Fat reaches in between wasted muscle: so much of the surroundings says nothing of a mimic; nor does all of it around
#: what is thicker than calcified arteries are, mm.
_SOME_FAT, _AS_ARTERY_MM = 0.3, (4.0, 7.0)
#: Muscle, HU.
MUSCLE_HU = 55.0
#: What stands so many times out of the artefact of metal is clear of it.
_WELL_CLEAR = 8.0
#: Of what it stands out of muscle by, the muscle around it has so much: none beside bone but for what blurs its edge.
_NO_EDGE = (0.03, 0.15)
#: From so much artefact on muscle that is bright is so because of metal, HU.
_SOME_ARTEFACT_HU = (2.0, 10.0)
#: Off the joint, from the head's surface, mm; artefact that may make a thing fainter than bone, HU.
_OFF_JOINT_MM, _BRIGHT_BY_METAL_HU = (2.0, 6.0), (5.0, 30.0)
#: What lies so near bone lies under all the muscle that is there, mm.
_UNDER_MUSCLE_MM = (4.0, 15.0)
#: Radius of a femoral head where there is none, mm.
_HEAD_MM = 22.0


@dataclass(frozen=True)
class Feature:
    """One feature.

    Parameters
    ----------
    sign
        1 where it speaks for ossification, -1 where it speaks against it.
    value
        Evidence to a number from 0 to 1.
    high, low
        What a reader is told where it is high or low, of those with a weight; ``{x}`` is the figure behind it.
    figure
        Evidence to that figure, in words.
    """

    name: str
    sign: int
    value: Callable[[Evidence], float]
    high: str = ""
    low: str = ""
    figure: Callable[[Evidence], str] = lambda _: ""


def ramp(x: float, low: float, high: float) -> float:
    """Return where a number lies between two others, 0 to 1.

    >>> ramp(6.0, 2.0, 10.0), ramp(1.0, 2.0, 10.0)
    (0.5, 0.0)
    """
    return min(1.0, max(0.0, (x - low) / (high - low)))


def log_ramp(x: float, low: float, high: float) -> float:
    """Return where a positive number lies between two others by its logarithm, 0 to 1.

    >>> log_ramp(10.0, 1.0, 100.0)
    0.5
    """
    return ramp(math.log(max(x, 1e-9)), math.log(low), math.log(high))


def _or(value: float | None, otherwise: float) -> float:
    return otherwise if value is None or math.isnan(value) else value


def _faintness(e: Evidence) -> float:
    share = _UNKNOWN_SHARE if not e.underlying_hu or e.underlying_hu <= 0 else e.mean_hu / e.underlying_hu
    return ramp(1.3 - share, 0.0, 1.0)


def _on_sure_ground(e: Evidence) -> float:
    """How much its density beside the cortex's tells: on a surface that is seen, off the joint, off metal's artefact.

    At the joint osteophytes are fainter than the cortex beneath them too.
    """
    off_joint = ramp(e.head_distance_mm - (e.head_radius_mm or _HEAD_MM), *_OFF_JOINT_MM)
    return off_joint * e.base_seen * (1.0 - ramp(e.artefact_hu, *_BRIGHT_BY_METAL_HU))


def _over_cortex(e: Evidence) -> float:
    """Fainter than the cortex that goes on between it and the marrow."""
    if not e.cortex_hu or e.cortex_hu <= 0:
        return 0.0
    return log_ramp(e.cortex_hu / max(e.mean_hu, 1.0), 0.8, 2.2) * _faintness(e) * _on_sure_ground(e)


def _mirrored(e: Evidence) -> float:
    """The same on the other side, where marrow goes on into it: on whole cortices the disease is on both sides."""
    ratio = (e.cortex_hu or 0.0) / max(e.mean_hu, 1.0)
    return _or(e.mirrored, 0.0) * (1.0 - log_ramp(ratio, 1.2, 2.0))


def length_to_width(e: Evidence) -> float:
    """Return its length over the side of a square as large as its mean cross-section."""
    return e.length_mm / math.sqrt(e.volume_mm3 / max(e.length_mm, 1.0))


def uniformity(e: Evidence) -> float:
    """Interior as uniform as muscle is noise: fluid. What has no interior is not uniform."""
    if e.interior_sd_hu is None:
        return 0.0
    return 1.0 - log_ramp(e.interior_sd_hu / max(e.noise_hu, 3.0), 1.0, 5.0)


def _fluid(e: Evidence) -> float:
    """As uniform as noise, or as contents of bowel: new bone varies by a fifth of its density and more."""
    if e.interior_sd_hu is None:
        return 0.0
    return max(uniformity(e), 1.0 - ramp(e.interior_sd_hu / max(e.mean_hu, 1.0), 0.1, 0.22))


def _free_at_joint(e: Evidence) -> float:
    """A piece of an osteophyte or a loose body: free, and no farther from the head than the joint's capsule."""
    if e.joined or e.head_radius_mm is None:
        return 0.0
    return 1.0 - ramp(e.head_distance_mm - e.head_radius_mm, 6.0, 10.0)


def _under_skin(e: Evidence) -> float:
    """In the fat outside of all muscle, and off bone: where muscle is wasted bone itself lies in fat."""
    return (1.0 - e.deep) * ramp(_or(e.gap_mm, math.inf), *_UNDER_MUSCLE_MM)  # farther than gaps are measured


def _bowel(e: Evidence) -> float:
    """As thick and as large as bowel, in part in the cavity; what stands on the femur has grown."""
    if "femur" in e.touching:
        return 0.0
    return ramp(e.cavity, 0.0, 0.2) * ramp(e.thickness_mm, 10.0, 25.0) * log_ramp(e.volume_mm3, 5000.0, 50000.0)


def _tube(e: Evidence) -> float:
    """Long for its cross-section, along the vessels; what the edge of the view cuts there may be as long."""
    return max(ramp(length_to_width(e), 3.0, 9.0), e.at_border) * e.arterial


def _streak(e: Evidence) -> float:
    """How little it stands out of what metal makes of soft tissue there, and how bright the muscle around it is too.

    Streaks and flares have no edge; beside bone muscle is what it is elsewhere.
    """
    if e.artefact_hu <= 0.0:
        return 0.0
    above_hu = max(e.mean_hu - MUSCLE_HU, 1.0)
    hardly = 1.0 - log_ramp(above_hu / e.artefact_hu, STANDS_OUT, _WELL_CLEAR)
    around = ramp(_or(e.around_hu, 0.0) / above_hu, *_NO_EDGE) * ramp(e.artefact_hu, *_SOME_ARTEFACT_HU)
    return 0.5 * (hardly + around)


def _ml(e: Evidence) -> str:
    return f"{e.volume_mm3 / 1000:.1f} mL"


def _height(e: Evidence) -> str:
    return f"{_or(e.reach_mm, 0.0):.0f} mm high on a base of {2 * math.sqrt(e.base_mm2 / math.pi):.0f} mm"


def _density(e: Evidence) -> str:
    return "" if not e.underlying_hu else f"{e.mean_hu:.0f} HU over {e.underlying_hu:.0f} HU"


# ruff: noqa: E501 - a table reads better with a feature in a row
#: Grown or native: of what is joined with bone.
GROWN: tuple[Feature, ...] = (
    Feature("height", 1, lambda e: log_ramp(_or(e.reach_mm, 0.0), 3.0, 25.0), "{x}", "only {x}", _height),
    Feature(
        "beyond", 1, lambda e: ramp(_or(e.beyond_mm, 0.0), 0.0, 15.0),
        "far beyond where the bone could be", "within what the bone's surface could be",
    ),
    Feature(
        "faint", 1, _faintness, "fainter than the underlying bone ({x})", "as dense as the underlying bone ({x})", _density
    ),
    Feature("cortex", 1, _over_cortex, "a denser cortex between it and the marrow", "as dense as the cortex beneath it, or that is not seen, or at the joint"),
    Feature("large", 1, lambda e: log_ramp(e.volume_mm3, 100.0, 10000.0), "large ({x})", "small ({x})", _ml),
    Feature("base_seen", 1, lambda e: e.base_seen, "the underlying bone surface is seen", "the underlying bone surface is not seen"),
    Feature("mirrored", -1, _mirrored, "the same on the other side", "not so on the other side"),
    Feature(
        "process", -1, lambda e: 1.0 - ramp(e.ischial_spine_mm, 6.0, 20.0), "at the ischial spine", "off the ischial spine"
    ),
)  # fmt: skip
#: What a mimic is known by, each with a weight of its own.
_MIMICS: tuple[Feature, ...] = (
    Feature("sacral", -1, lambda e: e.spine, "where sacrum and spine are", "off the sacrum"),
    Feature(
        "arterial", -1, lambda e: e.arterial * (1.0 - ramp(e.thickness_mm, 3.0, 6.0)),
        "thin, where arteries run", "off the arteries, or thick",
    ),
    Feature(
        "blood", -1, lambda e: max(ramp(e.blood, 0.35, 0.75), e.arterial * uniformity(e) * e.round_share),
        "as dense as blood with contrast medium, or round and as uniform where arteries run", "not as dense or as uniform as blood",
    ),
    Feature("tube", -1, _tube, "a tube along the vessels, or cut by the view there", "no tube"),
    Feature(
        "fluid", -1, lambda e: _fluid(e) * ramp(e.cavity, 0.0, 0.3),
        "as uniform as fluid, in the cavity", "not uniform, or outside of the cavity",
    ),
    Feature("bowel", -1, _bowel, "as thick and large as bowel, in part in the cavity", "no bowel's size, or outside of the cavity"),
    Feature("skin", -1, _under_skin, "under the skin", "deep"),
    Feature("too_dense", -1, lambda e: ramp(e.mean_hu, 900.0, 1600.0), "denser than ossification", "of the density of bone"),
    Feature("streak", -1, _streak, "little denser than metal makes the tissue there and around it", "clear of the artefact of metal"),
    Feature(
        "gas", -1, lambda e: ramp(_or(e.air, 0.0), 0.0, 0.2) * ramp(e.cavity, 0.0, 0.3),
        "with gas beside it, in the cavity", "no gas beside it, or outside of the cavity",
    ),
)  # fmt: skip

#: Where what is no finding may lie too, without a weight: that a thing lies elsewhere tells more (``plain``).
_PLACES: tuple[Feature, ...] = (
    Feature("at_joint", -1, _free_at_joint),
    Feature("cavity", -1, lambda e: e.cavity),
    Feature("edge", -1, lambda e: e.at_border),
)
#: All that a mimic is known by.
MIMICS: tuple[Feature, ...] = (*_MIMICS, *_PLACES)


def sign_of_mimic(value: float) -> float:
    """Return how far a feature of a mimic says that a thing may be one, 0 to 1."""
    return ramp(value, 0.0, 0.3)


def _plain(e: Evidence) -> float:
    """Free, and by nothing known as a mimic: deep muscle holds nothing else that is as dense."""
    if e.joined:
        return 0.0
    in_fat = ramp(_or(e.fat, 0.5), _SOME_FAT, 1.0) * (1.0 - ramp(e.thickness_mm, *_AS_ARTERY_MM))
    return 1.0 - sign_of_mimic(max(in_fat, *(f.value(e) for f in MIMICS)))


#: Ossification or a mimic: of everything.
OSSIFIED: tuple[Feature, ...] = (
    Feature("thick", 1, lambda e: log_ramp(e.thickness_mm, 2.0, 15.0), "thick", "thin"),
    Feature("compact", 1, lambda e: ramp(e.solidity, 0.2, 0.8), "compact", "hollow or frayed"),
    Feature("large", 1, lambda e: log_ramp(e.volume_mm3, 100.0, 10000.0), "large ({x})", "small ({x})", _ml),
    Feature("joined", 1, lambda e: float(e.joined), "joined with bone", "free of bone"),
    Feature("plain", 1, _plain, "free, and by nothing known as a mimic", "joined with bone, or where mimics are"),
    *_MIMICS,
)  # fmt: skip


def values(evidence: Evidence) -> dict[str, float]:
    """Return all features of a candidate by name; those of ``GROWN`` are NaN for what is free."""
    grown = {f"grown_{f.name}": f.value(evidence) if evidence.joined else math.nan for f in GROWN}
    return grown | {f"ossified_{f.name}": f.value(evidence) for f in OSSIFIED}
