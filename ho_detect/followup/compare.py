"""Two studies of one patient in, what has changed out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np

from ho_detect.acquisition.series.index import SeriesEntry
from ho_detect.acquisition.volume.hu_volume import SeriesRecord
from ho_detect.analyze import Analysis
from ho_detect.errors import SeriesError, UsageError
from ho_detect.flags import Flag, flag
from ho_detect.followup.changes import hip_change, lesion_change
from ho_detect.followup.comparison import Comparison, Registration
from ho_detect.followup.follow_up import FollowUp
from ho_detect.followup.matching import match_lesions
from ho_detect.followup.registration import BoneMotion, register_bones
from ho_detect.image.sides import SIDES
from ho_detect.results.record import Software
from ho_detect.results.result import Result
from ho_detect.settings import FollowUpSettings, Settings
from ho_detect.study import analyze_study
from ho_detect.system.extras import need
from ho_detect.system.parallel import threads, using_threads

#: Slice steps that differ by more than this factor make volumes less comparable. Convention.
_STEP_FACTOR = 1.5


def compare(
    earlier: str | Path | Result,
    later: str | Path | Result,
    settings: Settings | Mapping[str, Any] | None = None,
    *,
    different_ids: bool = False,
) -> FollowUp:
    """Compare two CT studies of one patient.

    Parameters
    ----------
    earlier, later
        Folder or file of each study; of several series the one is taken that :func:`ho_detect.detect` takes. Or its
        findings, fresh or loaded: bones are then found again in their CT, and the findings are those given.
    different_ids
        They are of one patient, though they state different patient ids.

    Returns
    -------
    The comparison and both findings; it prints as sentences.

    Raises
    ------
    UsageError
        A path is not there, the CT of saved findings is not known, the studies state different patient ids, or the
        libraries of the extra ``followup`` are not installed.
    SeriesError
        Nothing in one of them can be analysed.
    """
    need("follow-up", "followup")
    settings = Settings.of(settings)
    before, after = (analysis_of(study, number, settings) for number, study in enumerate((earlier, later), 1))
    if not different_ids:
        check_one_patient([before.result, after.result])
    days = _days_between(before.result, after.result)
    flags = tuple(_stated(before.result, after.result, days))
    comparison = compare_analyses(before, after, settings, interval_days=days, flags=flags)
    return FollowUp.of(comparison, before.result, after.result)


def analysis_of(study: str | Path | Result, number: int, settings: Settings) -> Analysis:
    """Analyse one of the studies, or find the bones of its findings again; an error says which study it is."""
    try:
        return _analysed(study, settings)
    except SeriesError as error:
        raise SeriesError(error.reason, "; ".join(filter(None, (f"study {number}", error.detail)))) from error
    except UsageError as error:
        raise UsageError(f"study {number}: {error.message}", error.path) from error


def _analysed(study: str | Path | Result, settings: Settings) -> Analysis:
    if isinstance(study, Result):
        from ho_detect.anatomy.find import find_anatomy

        masks = next((path.parent for path in study.masks.values()), None)
        return Analysis(study, find_anatomy(study.volume.canonical(), masks, study.record.known_settings()))
    return analyze_study(Path(study), settings)[1]


def check_one_patient(studies: Sequence[Result]) -> None:
    """Raise UsageError where studies state different patient ids; one that states none is no other patient for that.

    A comparison of two people has no meaning, and bones alone do not always tell them apart.
    """
    stated = [_patient_id(study) for study in studies]
    known = [patient for patient in stated if patient]
    for number, patient in enumerate(stated, 1):
        if patient and patient != known[0]:
            raise UsageError(
                f"study {number} states another patient id than study {stated.index(known[0]) + 1}: two people cannot "
                "be compared; --different-ids (different_ids=True) says that they are one"
            )


def _patient_id(result: Result) -> str:
    entry = _entry(result)
    return (entry.patient_id if entry is not None else result.record.series.patient_id) or ""


def _entry(result: Result) -> SeriesEntry | None:
    """Return what the headers say; None for a volume that was not made from DICOM files."""
    source = result.volume.source
    return None if source is None else source.entry


def date_of(result: Result) -> date | None:
    """Return the date of a study; None where its headers, or the record, state none."""
    entry = _entry(result)
    stated = entry.study_date if entry is not None else result.record.series.study_date
    try:
        return datetime.strptime(stated or "", "%Y%m%d").date()  # noqa: DTZ007 - a date has no time zone
    except ValueError:
        return None


def _days_between(earlier: Result, later: Result) -> int | None:
    before, after = date_of(earlier), date_of(later)
    return None if before is None or after is None else (after - before).days


def _stated(earlier: Result, later: Result, days: int | None) -> Iterator[Flag]:
    """Say what the headers state against comparing."""
    if days is not None and days < 0:
        yield flag("dates_reversed", f"by {-days} days")
    ids = {entry.patient_id for entry in map(_entry, (earlier, later)) if entry is not None and entry.patient_id}
    if len(ids) > 1:
        yield flag("other_patient")


def compare_analyses(
    earlier: Analysis,
    later: Analysis,
    settings: Settings,
    *,
    interval_days: int | None = None,
    flags: tuple[Flag, ...] = (),
) -> Comparison:
    """Register the bones, match the lesions, measure the change.

    Parameters
    ----------
    flags
        What is already known against comparing the two.
    """
    limits = settings.follow_up
    with using_threads(settings.threads or threads()):
        motions = register_bones(earlier, later)
    good = _trusted(motions, limits)
    before, after = earlier.result, later.result
    matches = match_lesions(before, after, good, limits)
    lesions = tuple(lesion_change(m, before, after) for m in matches)
    hips = tuple(hip_change(side, before, after, good, lesions) for side in SIDES)
    compared = [h.comparable for h in hips if "not_in_both" not in {r.code for r in h.reasons}]
    return Comparison(
        software=Software.of(settings),
        status="comparable" if compared and all(compared) else "partly_comparable" if good else "not_comparable",
        flags=(*flags, *_differences(before.record.series, after.record.series)),
        statements=after.record.statements,
        interval_days=interval_days,
        earlier=before.record.series,
        later=after.record.series,
        registration=tuple(_registration(m, limits) for m in motions),
        hips=hips,
        lesions=lesions,
    )


def _trusted(motions: Sequence[BoneMotion], limits: FollowUpSettings) -> tuple[BoneMotion, ...]:
    """Return the motions to compare places by: those of a side of which each bone that is seen is registered well.

    One bone of another person may fit by chance; both hardly do.
    """
    seen = [m for m in motions if m.seen >= limits.min_seen]
    sides = {m.side for m in seen} - {m.side for m in seen if not m.good(limits)}
    return tuple(m for m in seen if m.side in sides)


def _differences(earlier: SeriesRecord, later: SeriesRecord) -> Iterator[Flag]:
    steps = earlier.spacing_mm[0], later.spacing_mm[0]
    names = [n for n in ("kvp", "kernel", "contrast_stated") if getattr(earlier, n) != getattr(later, n)]
    if max(steps) > _STEP_FACTOR * min(steps):
        names.append("slice step")
    if names:
        yield flag("made_differently", ", ".join(n.replace("_", " ") for n in names))


def _registration(motion: BoneMotion, limits: FollowUpSettings) -> Registration:
    cosine = np.clip((np.trace(motion.rotation) - 1) / 2, -1, 1)
    return Registration(
        side=motion.side,
        bone=motion.bone,
        good=motion.good(limits),
        residual_mm=round(motion.residual_mm, 2) if np.isfinite(motion.residual_mm) else None,
        found=round(motion.found, 3),
        seen=round(motion.seen, 3),
        turned_deg=round(float(np.degrees(np.arccos(cosine))), 1),
        rotation=tuple(tuple(float(v) for v in row) for row in motion.rotation),  # type: ignore[arg-type]
        offset_mm=tuple(float(v) for v in motion.offset_mm),  # type: ignore[arg-type]
    )
