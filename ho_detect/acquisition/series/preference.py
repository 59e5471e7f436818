"""Which series of a study suits bone best, by written rules, and which are left for a better one.

Usable series of one patient's study are ranked by :data:`RULES`, the first that tells two apart decides. A series is
left out only for a better ranked one that shows the same: at least :data:`COVERED` of its field of view.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import msgspec

from ho_detect.acquisition.series.entry import SeriesEntry

#: Share of a series' field of view that another one must show to stand in for it. Convention.
COVERED: Final = 0.8
#: ... where the two state different frames of reference: both must show nearly the same place.
_COVERED_ELSEWHERE: Final = 0.95
#: Upper ends of classes of slice thickness, mm: within one the kernel matters more. Convention.
_THICKNESS_MM: Final = (1.3, 2.1, 3.2, 5.2)

_LUNG = re.compile(r"LUNG|^FC(5\d|8[1-9])|^[BHQ][RVLU]?[789]\d|ULTRA|EDGE")
_BONE = re.compile(r"BONE|OSTEO|^FC(3\d|80)|^[BHQ][RVLU]?[56]\d|DETAIL|SHARP|^Y[A-D]$|^[DE]$")


def kernel_class(kernel: str) -> str:
    """Return ``bone``, ``standard`` (or unknown) or ``lung``, by what makers call their kernels.

    >>> [kernel_class(k) for k in ("B60f", "BONEPLUS", "Br40d", "STANDARD", "", "B80f", "LUNG", "FC30")]
    ['bone', 'bone', 'standard', 'standard', 'standard', 'lung', 'lung', 'bone']
    """
    name = kernel.upper().strip()
    if _LUNG.search(name):
        return "lung"
    return "bone" if _BONE.search(name) else "standard"


def _thickness(entry: SeriesEntry) -> float:
    step = entry.spacing_mm[0] if entry.spacing_mm else float("inf")
    return max(step, entry.largest_step_mm, entry.thickness_mm or 0.0)


def _thickness_class(entry: SeriesEntry) -> int:
    return sum(_thickness(entry) > limit for limit in _THICKNESS_MM)


def _codes(entry: SeriesEntry) -> set[str]:
    return {flag.code for flag in entry.repairs}


def _height(entry: SeriesEntry) -> float:
    return entry.box_lps_mm[1][2] - entry.box_lps_mm[0][2] if entry.box_lps_mm else 0.0


_KERNELS: Final = ("bone", "standard", "lung")


class Rule(NamedTuple):
    """What is preferred, how it is measured (less is better), and how that is said."""

    prefers: str
    measure: Callable[[SeriesEntry], float]
    says: Callable[[SeriesEntry], str]


def _grid_said(entry: SeriesEntry) -> str:
    return ", ".join(sorted(_codes(entry))).replace("_", " ") or "as acquired"


def _contrast_said(entry: SeriesEntry) -> str:
    return "contrast" if entry.contrast_stated else "no contrast stated"


#: In this order; each a convention.
RULES: Final = (
    Rule(
        "HU as usual",
        lambda e: e.is_monoenergetic,
        lambda e: "monoenergetic" if e.is_monoenergetic else "polyenergetic or not said",
    ),
    Rule("axial slices", lambda e: e.orientation != "axial", lambda e: e.orientation or "?"),
    Rule("a whole series", lambda e: "part_of_series" in _codes(e), _grid_said),
    Rule("no missing slices", lambda e: "gaps_filled" in _codes(e), _grid_said),
    Rule("no loss", lambda e: e.is_lossy, lambda e: "lossy" if e.is_lossy else "lossless"),
    Rule("original images", lambda e: e.is_derived, lambda e: "derived" if e.is_derived else "original"),
    Rule("thinner slices", _thickness_class, lambda e: f"{_thickness(e):.2f} mm"),
    Rule("a kernel for bone", lambda e: _KERNELS.index(kernel_class(e.kernel)), lambda e: kernel_class(e.kernel)),
    Rule(
        "no contrast medium", lambda e: bool(e.contrast_stated), lambda e: "contrast" if e.contrast_stated else "plain"
    ),
    Rule("a true grid", lambda e: bool(_codes(e)), _grid_said),
    Rule("thinner slices", lambda e: round(_thickness(e), 2), lambda e: f"{_thickness(e):.2f} mm"),
    Rule("more of the patient", lambda e: -round(_height(e)), lambda e: f"{_height(e):.0f} mm"),
    Rule("more slices", lambda e: -e.n_slices, lambda e: f"{e.n_slices} slices"),
)


def preference(entry: SeriesEntry) -> tuple[object, ...]:
    """Return what sorts usable series, best first; by identity where the rules say nothing."""
    return *(rule.measure(entry) for rule in RULES), entry.series_uid, entry.identity


def suits(entry: SeriesEntry) -> str:
    """Return in words what the rank of a series rests on."""
    return (
        f"{entry.orientation}, {_thickness(entry):.2f} mm, {kernel_class(entry.kernel)} kernel, "
        f"{_contrast_said(entry)}, {_grid_said(entry)}, "
        f"{'lossy, ' * entry.is_lossy}{_height(entry):.0f} mm of the patient"
    )


def why_better(better: SeriesEntry, other: SeriesEntry) -> str:
    """Return the first rule that tells two series apart, and what it finds in both."""
    for rule in RULES:
        if rule.measure(better) != rule.measure(other):
            return f"{rule.prefers}: {rule.says(better)} there, {rule.says(other)} here"
    return "equal in all that is looked at"


def ranked(entries: Sequence[SeriesEntry], *, all_series: bool) -> list[SeriesEntry]:
    """Give usable series their rank within their study, and leave out those that a better one stands in for.

    Parameters
    ----------
    entries
        All series found; their order is kept.
    all_series
        Rank them, but leave none out.
    """
    studies: dict[tuple[str, str], list[int]] = defaultdict(list)
    for place, entry in enumerate(entries):
        if entry.analyse:
            studies[entry.study_uid, entry.patient_id].append(place)
    out = list(entries)
    for places in studies.values():
        kept: list[SeriesEntry] = []
        for rank, place in enumerate(sorted(places, key=lambda p: preference(entries[p])), start=1):
            entry = msgspec.structs.replace(entries[place], rank=rank, suits=suits(entries[place]))
            better = next((k for k in kept if stands_in(k, entry)), None)
            if better is None or all_series:
                kept.append(entry)
            else:
                detail = f"that of rank {better.rank}; {why_better(better, entry)}"
                entry = msgspec.structs.replace(
                    entry, reason="better_series_used", detail=detail, better=better.identity
                )
            out[place] = entry
    return out


def in_its_own_right(entry: SeriesEntry) -> SeriesEntry:
    """Return a series that was left for a better one as one to analyse; any other as it is."""
    return msgspec.structs.replace(entry, reason=None, detail="") if entry.reason == "better_series_used" else entry


def stands_in(better: SeriesEntry, other: SeriesEntry) -> bool:
    """Whether ``better`` shows what ``other`` shows: where a field of view is not known, it is taken to be the same.

    Never where the two state different days. Two frames of reference that are not stated are not the same.
    """
    if _differ(better.study_date, other.study_date) or _differ(better.acquisition_date, other.acquisition_date):
        return False
    if better.box_lps_mm is None or other.box_lps_mm is None:
        return True
    share = _share(better.box_lps_mm, other.box_lps_mm)
    if better.frame_of_reference and better.frame_of_reference == other.frame_of_reference:
        return share >= COVERED
    return min(share, _share(other.box_lps_mm, better.box_lps_mm)) >= _COVERED_ELSEWHERE


def _differ(one: str, other: str) -> bool:
    return bool(one and other) and one != other


def _share(box: tuple[tuple[float, ...], ...], of: tuple[tuple[float, ...], ...]) -> float:
    """Return the share of one box (low, high corner; LPS mm) that lies in another, along its worst axis."""
    shares: list[float] = []
    for low, high, own_low, own_high in zip(*box, *of, strict=True):
        common = min(high, own_high) - max(low, own_low)
        shares.append(max(common, 0.0) / max(own_high - own_low, 1e-6))
    return min(shares)
