"""Scores of many studies to tables: counts first, rates with the interval they allow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from scorer import FindingScore, HipScore, LesionScore, StudyScore

Rows = Sequence[tuple[tuple[str, ...], StudyScore]]
"""Each study's conditions and score."""
#: Confidence is held against the share of true findings in these ranges.
_RANGES = (0.0, 0.5, 0.8, 0.95, 1.01)


def wilson(hits: int, n: int, z: float = 1.96) -> tuple[float, float] | None:
    """Return the 95 % interval of a proportion (Wilson 1927), None without cases.

    >>> tuple(round(x, 2) for x in wilson(9, 10))
    (0.6, 0.98)
    """
    if n == 0:
        return None
    p, q = hits / n, 1 + z * z / n
    middle, half = (p + z * z / (2 * n)) / q, z * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / q
    return float(middle - half), float(middle + half)


def separation(true: Sequence[float], false: Sequence[float]) -> float | None:
    """Chance that a true finding's confidence exceeds a false one's; ties count half. None without both."""
    if not true or not false:
        return None
    a, b = np.array(true)[:, None], np.array(false)[None]
    return round(float((a > b).mean() + 0.5 * (a == b).mean()), 3)


def summary(rows: Rows) -> dict[str, Any]:
    """Return everything that is said of one method over a set of studies, as plain values."""
    lesions = [x for _, s in rows for x in s.lesions if x.counted]
    false = [x for _, s in rows for x in s.false]
    hips = [h for _, s in rows for h in s.hips]
    found = [x for x in lesions if x.found]
    return {
        "studies": len(rows),
        "refused": dict(Counter(s.refused for _, s in rows if s.refused)),
        **lesion_values(lesions),
        "counted_neither_way": sum(not x.counted for _, s in rows for x in s.lesions),
        "set_aside": dict(Counter(x.set_aside or "no candidate" for x in lesions if not x.found).most_common()),
        "false": len(false),
        "false_per_study": _mean(len(s.false) for _, s in rows),
        "studies_with_false": sum(bool(s.false) for _, s in rows),
        "false_ml_median": _median(x.volume_mm3 / 1000 for x in false),
        "false_causes": dict(Counter(x.cause for x in false).most_common()),
        **{f"{name}_agreement": _agreement(found, f"{name}_ok") for name in
           ("side", "sector", "maturity", "attached", "bridging")},
        "gap_error_mm_median": _median(x.gap_error_mm for x in found),
        "pieces_per_found_lesion": _mean(x.pieces for x in found),
        "confidence": confidence_values([x for _, s in rows for x in s.findings]),
        "hips": hip_values(hips),
    }  # fmt: skip


def lesion_values(lesions: Sequence[LesionScore]) -> dict[str, Any]:
    """Return detection and measurement over lesions."""
    found = [x for x in lesions if x.found]
    interval = wilson(len(found), len(lesions))
    return {
        "lesions": len(lesions),
        "found": len(found),
        "sensitivity": _ratio(len(found), len(lesions)),
        "sensitivity_95": None if interval is None else [round(v, 3) for v in interval],
        "dice_median": _median(x.dice for x in found),
        "dice_lowest_tenth": _quantile((x.dice for x in found), 0.1),
        "volume_error_median": _median(abs(x.volume_error) for x in found if x.volume_error is not None),
        "volume_bias_median": _median(x.volume_error for x in found),
    }


def confidence_values(findings: Sequence[FindingScore]) -> dict[str, Any]:
    """Return quartiles of the confidence of true and false findings, how well it tells them apart and whether it holds.

    ``reliability`` has for each range of confidence that occurs its mean, the findings and the true ones.
    """
    a = [x.confidence for x in findings if x.true and x.confidence is not None]
    b = [x.confidence for x in findings if not x.true and x.confidence is not None]
    return {
        "true": [_quantile(a, q) for q in (0.25, 0.5, 0.75)],
        "false": [_quantile(b, q) for q in (0.25, 0.5, 0.75)],
        "separation": separation(a, b),
        "reliability": [
            {"mean": _mean(mine), "n": len(mine), "true": sum(low <= x < high for x in a)}
            for low, high in pairwise(_RANGES)
            if (mine := [x for x in a + b if low <= x < high])
        ],
    }


def hip_values(hips: Sequence[HipScore]) -> dict[str, Any]:
    """Return how the femoral heads were found, and what was said of each hip."""
    native = [h for h in hips if h.in_view and not h.metal]
    errors = [h.error_mm for h in native if h.error_mm is not None]
    scored = [h for h in native if h.error_mm is not None and h.score is not None]
    good, bad = ([h for h in scored if (h.error_mm <= 5) is right] for right in (True, False))
    ill = [h for h in native if h.ossification is True and h.verdict is not None]
    well = [h for h in native if h.ossification is False and h.verdict is not None]
    metal = [h for h in hips if h.in_view and h.metal]
    return {
        "in_view": len(native),
        "within_5_mm": sum(e <= 5 for e in errors),
        "missed": len(native) - len(errors),
        "error_mm_median": _median(errors),
        "error_mm_95": _quantile(errors, 0.95),
        "score_of_good_fits": [_quantile((h.score for h in good), q) for q in (0.0, 0.1, 0.5)],
        "score_of_bad_fits": [_quantile((h.score for h in bad), q) for q in (0.5, 0.9, 1.0)],
        "metal_in_view": len(metal),
        "metal_within_10_mm": sum(h.error_mm is not None and h.error_mm <= 10 for h in metal),
        "not_in_view": sum(not h.in_view for h in hips),
        "reported_though_not_in_view": sum(not h.in_view and h.error_mm is not None for h in hips),
        "with_ossification": dict(Counter(h.verdict for h in ill)),
        "without_ossification": dict(Counter(h.verdict for h in well)),
        "grades_right": {
            name: [sum(h.grades_ok[name] for h in hips if name in h.grades_ok), sum(name in h.grades_ok for h in hips)]
            for name in ("brooker_ct", "della_valle_ct", "mavrogenis")
        },
    }


def size_of(x: LesionScore) -> str:
    """Return the size class of a lesion."""
    ml = x.volume_mm3 / 1000
    return "1: under 0.5 mL" if ml < 0.5 else "2: 0.5 to 2 mL" if ml < 2 else "3: 2 to 8 mL" if ml < 8 else "4: over 8"


def gap_of(x: LesionScore) -> str:
    """Return the class of a lesion's distance to bone."""
    if x.gap_mm == 0:
        return "touches bone"
    return "gap under 3 mm" if x.gap_mm is not None and x.gap_mm < 3 else "gap over 3 mm"


_BY_LESION: tuple[tuple[str, Callable[[LesionScore], str]], ...] = (
    ("kind", lambda x: x.kind),
    ("maturity", lambda x: x.maturity),
    ("size", size_of),
    ("distance", gap_of),
    ("sector", lambda x: x.sector),
)


def by_lesion(rows: Rows) -> dict[str, dict[str, dict[str, Any]]]:
    """Return detection by what the lesion is like."""
    lesions = [x for _, s in rows for x in s.lesions if x.counted]
    out = {}
    for name, key in _BY_LESION:
        classes = sorted({key(x) for x in lesions})
        out[name] = {c: lesion_values([x for x in lesions if key(x) == c]) for c in classes}
    return out


def by_condition(rows: Rows) -> dict[str, dict[str, Any]]:
    """Return the main figures by condition of the study."""
    out = {}
    for name in sorted({c for conditions, _ in rows for c in conditions}):
        chosen = [(c, s) for c, s in rows if name in c]
        values = summary(chosen)
        kept = ("studies", "lesions", "found", "sensitivity", "dice_median", "volume_error_median", "false_per_study")
        out[name] = {k: values[k] for k in kept}
        out[name]["hips_within_5_mm"] = [values["hips"]["within_5_mm"], values["hips"]["in_view"]]
        out[name]["hip_error_mm_median"] = values["hips"]["error_mm_median"]
    return out


def markdown(split: str, n: int, methods: dict[str, dict[str, Any]]) -> str:
    """Return the tables as text.

    Parameters
    ----------
    methods
        For each method's name what :func:`summary`, :func:`by_lesion` and :func:`by_condition` gave, under
        ``summary``, ``by_lesion`` and ``by_condition``.
    """
    names = list(methods)
    lines = [f"# Accuracy on {n} simulated studies ({split} split)", ""]
    lines += _overall(names, [m["summary"] for m in methods.values()])
    for name, values in methods.items():
        lines += ["", f"## {name}: by lesion", "", "| class | found | sensitivity (95 %) | Dice | volume error |"]
        lines.append("|---|---|---|---|---|")
        for group, classes in values["by_lesion"].items():
            lines += [
                f"| {group}: {c} | {v['found']} of {v['lesions']} | {_rate(v)} | {_text(v['dice_median'])} "
                f"| {_text(v['volume_error_median'])} |"
                for c, v in classes.items()
            ]
        lines += ["", f"## {name}: by condition of the study", ""]
        lines.append("| condition | studies | found | Dice | volume error | false a study | heads in 5 mm | median |")
        lines.append("|---|---|---|---|---|---|---|---|")
        lines += [
            f"| {c} | {v['studies']} | {v['found']} of {v['lesions']} | {_text(v['dice_median'])} "
            f"| {_text(v['volume_error_median'])} | {_text(v['false_per_study'])} "
            f"| {v['hips_within_5_mm'][0]} of {v['hips_within_5_mm'][1]} | {_text(v['hip_error_mm_median'])} mm |"
            for c, v in values["by_condition"].items()
        ]
    return "\n".join(lines) + "\n"


def _overall(names: list[str], all_values: list[dict[str, Any]]) -> list[str]:
    rows: list[tuple[str, Callable[[dict[str, Any]], str]]] = [
        ("lesions found", lambda v: f"{v['found']} of {v['lesions']}, {_rate(v)}"),
        ("false findings a study", lambda v: f"{_text(v['false_per_study'])} ({v['false']} in all)"),
        ("studies with a false finding", lambda v: f"{v['studies_with_false']} of {v['studies']}"),
        ("Dice of found lesions, median (lowest tenth)", lambda v: f"{_text(v['dice_median'])} "
         f"({_text(v['dice_lowest_tenth'])})"),
        ("volume error, median of its size (bias)", lambda v: f"{_text(v['volume_error_median'])} "
         f"({_text(v['volume_bias_median'])})"),
        *((f"{name} right", lambda v, name=name: _of(v[f"{name}_agreement"])) for name in
          ("side", "sector", "maturity", "attached", "bridging")),
        ("gap to bone, median error", lambda v: f"{_text(v['gap_error_mm_median'])} mm"),
        ("confidence of true findings, quartiles", lambda v: _three(v["confidence"]["true"])),
        ("confidence of false findings, quartiles", lambda v: _three(v["confidence"]["false"])),
        ("true findings more confident than false", lambda v: _text(v["confidence"]["separation"])),
        ("femoral heads within 5 mm", lambda v: f"{v['hips']['within_5_mm']} of {v['hips']['in_view']}"),
        ("head error, median (95th percentile)", lambda v: f"{_text(v['hips']['error_mm_median'])} "
         f"({_text(v['hips']['error_mm_95'])}) mm"),
        ("score of fits within 5 mm: lowest, tenth, median", lambda v: _three(v["hips"]["score_of_good_fits"])),
        ("score of fits farther off: median, ninth tenth, highest", lambda v: _three(v["hips"]["score_of_bad_fits"])),
        ("hips reported that are not in view", lambda v: f"{v['hips']['reported_though_not_in_view']} of "
         f"{v['hips']['not_in_view']}"),
        ("said of hips with ossification", lambda v: _counts(v["hips"]["with_ossification"])),
        ("said of hips without", lambda v: _counts(v["hips"]["without_ossification"])),
        *((f"{name} that follows from the truth, of hips graded", lambda v, key=key: "{} of {}".format(
            *v["hips"]["grades_right"][key])) for name, key in
          (("Brooker", "brooker_ct"), ("Della Valle", "della_valle_ct"), ("Mavrogenis", "mavrogenis"))),
        ("missed lesions: excluded as", lambda v: _counts(v["set_aside"])),
        ("false findings lie on", lambda v: _counts(v["false_causes"])),
        ("studies refused", lambda v: _counts(v["refused"])),
    ]  # fmt: skip
    head = [f"| | {' | '.join(names)} |", "|---|" + "---|" * len(names)]
    return head + [f"| {label} | {' | '.join(text(v) for v in all_values)} |" for label, text in rows]


def _rate(v: dict[str, Any]) -> str:
    if v["sensitivity_95"] is None:
        return "-"
    low, high = v["sensitivity_95"]
    return f"{v['sensitivity']:.2f} ({low:.2f} to {high:.2f})"


def _of(pair: list[int]) -> str:
    return f"{pair[0]} of {pair[1]}" if pair[1] else "-"


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{k} {n}" for k, n in counts.items()) or "-"


def _three(values: list[float | None]) -> str:
    return ", ".join(map(_text, values))


def _text(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _agreement(found: Sequence[LesionScore], name: str) -> list[int]:
    said = [v for x in found if (v := getattr(x, name)) is not None]
    return [sum(said), len(said)]


def _ratio(hits: int, n: int) -> float | None:
    return round(hits / n, 3) if n else None


def _mean(values: Iterable[float]) -> float | None:
    kept = list(values)
    return round(float(np.mean(kept)), 3) if kept else None


def _median(values: Iterable[float | None]) -> float | None:
    return _quantile((v for v in values if v is not None), 0.5)


def _quantile(values: Iterable[float], q: float) -> float | None:
    kept = list(values)
    return round(float(np.quantile(kept, q)), 3) if kept else None
