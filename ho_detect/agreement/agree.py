"""References and results in, how well they agree out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ho_detect.agreement.masks import Labels, onto, read_mask
from ho_detect.agreement.overlap import BoolArray, Overlap, overlap
from ho_detect.agreement.pairs import Pair, pair_up
from ho_detect.agreement.record import Agreement, CaseRow, GradeAgreement, HipRow, LesionRow
from ho_detect.agreement.statistics import bland_altman, intraclass, kappa, share
from ho_detect.agreement.surfaces import surface_distances
from ho_detect.detection.grade.hip import Hip
from ho_detect.detection.grade.systems import GRADES
from ho_detect.image.grid import Grid
from ho_detect.results.load import load_result
from ho_detect.results.result import Result
from ho_detect.system.extras import need

#: Surfaces of two readers lie within about so much of each other where they agree, mm. Convention.
TOLERANCE_MM = 2.0
#: Of types no order is said.
_NO_ORDER = frozenset({"mavrogenis"})


@dataclass(frozen=True, eq=False)
class _Case:
    """What is said of one series."""

    row: CaseRow
    lesions: tuple[LesionRow, ...]
    hips: tuple[HipRow, ...]


def agree(pairs: Sequence[Pair], tolerance_mm: float = TOLERANCE_MM) -> Agreement:
    """Compare each reference with its result, and say how well they agree over all.

    Parameters
    ----------
    pairs
        By :func:`~ho_detect.agreement.pairs.pair_up`.
    tolerance_mm
        Of surface Dice.

    Raises
    ------
    UsageError
        A mask or result cannot be read, or the libraries of the extra ``agree`` are not installed.
    """
    need("agreement", "agree")
    cases = [_case(pair, tolerance_mm) for pair in pairs]
    rows = [case.row for case in cases]
    hips = [hip for case in cases for hip in case.hips]
    # pairs of nothing and nothing would make limits narrow
    some = [h for h in hips if h.reference_volume_mm3 or h.result_volume_mm3]
    volumes = [[getattr(h, f"{who}_volume_mm3") / 1000 for h in some] for who in ("reference", "result")]
    return Agreement(
        tolerance_mm=tolerance_mm,
        n_cases=len(rows),
        sensitivity=share(sum(r.n_found for r in rows), sum(r.n_reference for r in rows)),
        n_false=sum(r.n_false for r in rows),
        false_per_case=round(float(np.mean([r.n_false for r in rows])), 3),
        median_dice=_median([r.dice for r in rows]),
        median_average_surface_distance_mm=_median([r.average_surface_distance_mm for r in rows]),
        median_hausdorff95_mm=_median([r.hausdorff95_mm for r in rows]),
        volume_ml=bland_altman(*volumes),
        volume_icc=intraclass(*volumes),
        grades=tuple(_grades(hips)),
        cases=tuple(rows),
        lesions=tuple(lesion for case in cases for lesion in case.lesions),
        hips=tuple(hips),
    )


def _case(pair: Pair, tolerance_mm: float) -> _Case:
    result = load_result(pair.result.path)
    grid, labels = result.grid, result.labels
    graded: tuple[Hip, ...] = ()
    if pair.reference.is_result:
        other = load_result(pair.reference.path)
        reference, graded = onto(other.labels, other.grid, grid), other.hips
    else:
        reference = onto(*read_mask(pair.reference.path), grid)
    ignored = None if pair.ignored is None else onto(*read_mask(pair.ignored), grid) > 0
    shared = overlap(reference, labels, grid, ignored)
    case = pair.result.path.name
    return _Case(
        _row(case, pair, shared, _distances(reference, labels, grid, ignored, tolerance_mm)),
        tuple(_lesions(case, shared)),
        tuple(_hips(case, result, reference, ignored, graded)),
    )


def _distances(
    reference: Labels, labels: Labels, grid: Grid, ignored: BoolArray | None, tolerance_mm: float
) -> dict[str, float | None]:
    counts = True if ignored is None else ~ignored
    found = surface_distances((reference > 0) & counts, (labels > 0) & counts, grid)
    names = ("surface_dice", "hausdorff_mm", "hausdorff95_mm", "average_surface_distance_mm")
    if found is None:
        return dict.fromkeys(names)
    values = (found.dice(tolerance_mm), found.hausdorff_mm(), found.hausdorff_mm(95.0), found.average_mm)
    return {name: round(value, 3) for name, value in zip(names, values, strict=True)}


def _row(case: str, pair: Pair, shared: Overlap, distances: dict[str, float | None]) -> CaseRow:
    difference = shared.result_mm3 - shared.reference_mm3
    n_found = sum(lesion.found for lesion in shared.reference)
    return CaseRow(
        case=case,
        reference="result" if pair.reference.is_result else "mask",
        n_reference=len(shared.reference),
        n_found=n_found,
        n_missed=len(shared.reference) - n_found,
        n_false=len(shared.false),
        dice=None if shared.dice is None else round(shared.dice, 3),
        reference_volume_mm3=round(shared.reference_mm3, 1),
        result_volume_mm3=round(shared.result_mm3, 1),
        volume_difference_mm3=round(difference, 1),
        volume_difference_percent=round(100 * difference / shared.reference_mm3, 1) if shared.reference_mm3 else None,
        **distances,
    )


def _lesions(case: str, shared: Overlap) -> list[LesionRow]:
    of_reference = [
        LesionRow(
            case=case,
            outcome="found" if lesion.found else "missed",
            reference_label=lesion.label,
            result_label=lesion.partner,
            cover=round(lesion.cover, 3),
            dice=None if lesion.partner_dice is None else round(lesion.partner_dice, 3),
            volume_mm3=round(lesion.volume_mm3, 1),
        )
        for lesion in shared.reference
    ]
    false = [
        LesionRow(
            case=case,
            outcome="false",
            reference_label=None,
            result_label=lesion.label,
            cover=None,
            dice=None,
            volume_mm3=round(lesion.volume_mm3, 1),
        )
        for lesion in shared.false
    ]
    return of_reference + false


def _hips(
    case: str, result: Result, reference: Labels, ignored: BoolArray | None, graded: tuple[Hip, ...]
) -> list[HipRow]:
    """Return a row for each hip in view: each voxel belongs to the hip whose center is nearer."""
    shown = [hip for hip in result.hips if hip.center_lps_mm is not None]
    if not shown:
        return []
    volumes = [_by_hip(labels, result.grid, ignored, shown) for labels in (reference, result.labels)]
    others = {hip.side: hip for hip in graded}
    return [
        HipRow(
            case=case,
            side=hip.side,
            reference_volume_mm3=volumes[0][k],
            result_volume_mm3=volumes[1][k],
            reference_grades=_grade_text(others.get(hip.side)),
            result_grades=_grade_text(hip),
        )
        for k, hip in enumerate(shown)
    ]


def _by_hip(labels: Labels, grid: Grid, ignored: BoolArray | None, hips: list[Hip]) -> list[float]:
    mask = labels > 0 if ignored is None else (labels > 0) & ~ignored
    points = grid.to_lps(np.argwhere(mask))
    away = np.array([np.linalg.norm(points - np.array(hip.center_lps_mm), axis=1) for hip in hips])
    counts = np.bincount(away.argmin(axis=0), minlength=len(hips))
    return [round(float(n) * grid.voxel_volume_mm3, 1) for n in counts]


def _grade_text(hip: Hip | None) -> str:
    if hip is None:
        return ""
    values = {grade.name: getattr(hip, grade.name) for grade in GRADES}
    return ";".join(f"{name}={value}" for name, value in values.items() if value is not None)


def _grades(hips: list[HipRow]) -> list[GradeAgreement]:
    """Return the agreement on each grade that both have given to a hip."""
    found = []
    for grade in GRADES:
        said = [tuple(_grade_of(text, grade.name) for text in (h.reference_grades, h.result_grades)) for h in hips]
        pairs = [(one, other) for one, other in said if one is not None and other is not None]
        if not pairs:
            continue
        weights = "none" if grade.name in _NO_ORDER else "quadratic"
        table = {v: {w: sum(pair == (v, w) for pair in pairs) for w in grade.values} for v in grade.values}
        value = kappa([a for a, _ in pairs], [b for _, b in pairs], grade.values, weights)  # type: ignore[arg-type]
        found.append(GradeAgreement(name=grade.name, label=grade.label, weights=weights, kappa=value, table=table))  # type: ignore[arg-type]
    return found


def _grade_of(text: str, name: str) -> str | None:
    return dict(part.split("=", 1) for part in text.split(";") if part).get(name)


def _median(values: list[float | None]) -> float | None:
    known = [v for v in values if v is not None]
    return round(float(np.median(known)), 3) if known else None


def agree_folders(
    reference: Path, results: Path, pairs: Path | None = None, link_table: Path | None = None
) -> Agreement:
    """Pair up what is in two folders and compare it: :func:`~ho_detect.agreement.pairs.pair_up`, :func:`agree`.

    Raises
    ------
    UsageError
        As these two.
    """
    return agree(pair_up(reference, results, pairs, link_table))
