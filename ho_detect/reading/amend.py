"""An automatic result and a reader's word to the amended result.

The series is analysed again: anatomy and candidates are not part of a result. What comes of it is compared with what
was saved, and only where both say the same is anything amended; the verdicts of the judgement are then overridden, and
all is measured, graded and reported as in any other analysis.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from ho_detect.acquisition.volume.hu_volume import HuVolume
from ho_detect.analyze import Analysis, analyze_with_anatomy
from ho_detect.detection.amended import Rulings, amended, lesions_of, redrawn, things_of
from ho_detect.detection.detect import Judgement
from ho_detect.detection.grade.grades import grade_hips
from ho_detect.detection.judge.excluded import Excluded, numbered
from ho_detect.detection.measure.lesion import CountedBy, Lesion
from ho_detect.errors import UsageError
from ho_detect.flags import flag
from ho_detect.image.grid import Grid
from ho_detect.reading.folder import automatic_folder
from ho_detect.reading.outlines import read_outlines
from ho_detect.reading.word import Word
from ho_detect.results.amendment import Action, Amendment
from ho_detect.results.assemble import assemble
from ho_detect.results.load import load_result
from ho_detect.results.record import FindingsRecord, read_record, record_json
from ho_detect.results.result import Result
from ho_detect.settings import Settings
from ho_detect.system.parallel import threads, using_threads
from ho_detect.system.pseudonyms import Pseudonyms


@dataclass(frozen=True)
class Given:
    """What a result does not hold, and amending it needs.

    Parameters
    ----------
    ct
        The CT, or folder or file of it; None: where the record says that it was.
    masks
        Folder of the anatomy masks that the result was made with.
    pseudonyms
        Those of the run, for DICOM objects whose references to images are the same again.
    """

    ct: Path | HuVolume | None = None
    masks: Path | None = None
    pseudonyms: Pseudonyms | None = None


def amend(folder: Path, word: Word, given: Given | None = None) -> Result | None:
    """Return the result in a folder as a reader amends it; nothing is written.

    Parameters
    ----------
    folder
        Of a result, automatic or amended.
    word
        Numbers are those of the result as it is now.
    given
        Where the CT is.

    Returns
    -------
    The amended result; None where the reader has come back to the automatic one, which is kept beside it.

    Raises
    ------
    UsageError
        There is no such result or number, its CT is not known, or the analysis does not give the saved result again.
    SeriesError
        The CT cannot be read.
    """
    given = given or Given()
    saved = load_result(automatic_folder(folder), given.ct, given.pseudonyms)
    current = load_result(folder).record
    settings = saved.record.known_settings()
    analysis = analyze_with_anatomy(saved.volume, settings, given.masks)
    automatic = _judgement(analysis)
    _check_same(analysis.result.record, saved.record)
    with using_threads(settings.threads or threads()):
        if word.labels is not None:
            labels = _in_region(read_outlines(word.labels, saved.grid), saved.grid, automatic)
            judgement = redrawn(automatic, labels, analysis.anatomy, settings)
            amendments = _of_outlines(judgement, automatic, word)
        else:
            amendments = _of_numbers(current, automatic, analysis, settings, word)
            judgement = amended(automatic, _rulings(amendments), analysis.anatomy, settings)
        if not amendments:
            return None
        return _assembled(analysis, judgement, amendments, saved, settings)


def _judgement(analysis: Analysis) -> Judgement:
    if analysis.judgement is None:
        raise ValueError("an analysis without its judgement")
    return analysis.judgement


def _check_same(fresh: FindingsRecord, saved: FindingsRecord) -> None:
    """Raise UsageError where the analysis does not give the saved result: numbers would mean something else."""
    fresh = read_record(record_json(fresh))
    for name in ("hips", "lesions", "excluded", "specks"):
        one, other = (tuple(map(_of_any_version, getattr(r, name))) for r in (fresh, saved))
        if one != other:
            raise UsageError(
                f"analysed again, this series does not give the saved result ({name} differ): it was made by version "
                f"{saved.software.version} or with masks of your own (--anatomy); run it again, then amend that"
            )


def _of_any_version(entry: msgspec.Struct) -> msgspec.Struct:
    """Return an entry without what came with version 2.1 of the record."""
    return msgspec.structs.replace(entry, number=None) if isinstance(entry, Excluded) else entry


def _in_region(labels: NDArray[np.uint16], grid: Grid, judgement: Judgement) -> NDArray[np.uint16]:
    """Return outlines on the grid of the region that is analysed."""
    near = np.ascontiguousarray(grid.turned(labels)[judgement.region.box])
    if np.count_nonzero(near) != np.count_nonzero(labels):
        raise UsageError("labels reach out of the part of the scan around the hips that is analysed")
    return near


def _of_numbers(
    current: FindingsRecord, automatic: Judgement, analysis: Analysis, settings: Settings, word: Word
) -> tuple[Amendment, ...]:
    """Return what is amended after a word in numbers of the result as it is now."""
    if any(a.action == "outlined" for a in current.amendments):
        raise UsageError("the result holds a reader's outlines: change these, and give them with --labels")
    now = amended(automatic, _rulings(current.amendments), analysis.anatomy, settings)
    lesions, things = lesions_of(now, automatic), things_of(now, automatic)
    unknown = [f"lesion {n}" for n in word.drop if n not in lesions]
    unknown += [f"number {n}" for n in word.keep if n not in things]
    if unknown:
        raise UsageError(f"the result has no {', no '.join(unknown)}: see its report page, or findings.json")
    made = {(_target(a)): a for a in current.amendments}
    for target in [t for n in word.drop for t in sorted(lesions[n])]:
        _toggle(made, target, "dropped", automatic, word)
    for target in [things[n] for n in word.keep]:
        _toggle(made, target, "kept", automatic, word)
    return tuple(made[target] for target in sorted(made))


def _toggle(
    made: dict[tuple[str, int], Amendment], target: tuple[str, int], action: Action, automatic: Judgement, word: Word
) -> None:
    """Add an amendment; or take one back, where that gives the software's own word again."""
    kind, number = target
    if (kind == "lesion") != (action == "dropped"):
        made.pop(target, None)
        return
    if kind == "lesion":
        thing: Lesion | Excluded = next(k.lesion for k in automatic.kept if k.lesion.id == number)
    else:
        thing = next(e for e in numbered(automatic.excluded) if e.number == number)
    made[target] = Amendment(
        action=action,
        lesion=number if kind == "lesion" else None,
        number=number if kind == "detected" else None,
        reason=thing.reason if isinstance(thing, Excluded) else None,
        side=thing.side,
        volume_mm3=thing.volume_mm3,
        centroid_lps_mm=thing.centroid_lps_mm,
        probability=thing.probability if isinstance(thing, Excluded) else thing.confidence,
        reader=word.reader,
        at=word.time,
        comment=word.comment,
    )


def _target(amendment: Amendment) -> tuple[str, int]:
    if amendment.lesion is not None:
        return "lesion", amendment.lesion
    return "detected", amendment.number or 0


def _rulings(amendments: Iterable[Amendment]) -> Rulings:
    targets = [_target(a) for a in amendments]
    return Rulings(
        frozenset(n for kind, n in targets if kind == "lesion"),
        frozenset(n for kind, n in targets if kind == "detected"),
    )


def _of_outlines(judgement: Judgement, automatic: Judgement, word: Word) -> tuple[Amendment, ...]:
    """Return that all is outlined by a reader; nothing where the outlines are those of the automatic result."""
    if [id(k.outlined) for k in judgement.kept] == [id(k.outlined) for k in automatic.kept]:
        return ()
    return (Amendment(action="outlined", reader=word.reader, at=word.time, comment=word.comment),)


def _assembled(
    analysis: Analysis, judgement: Judgement, amendments: tuple[Amendment, ...], saved: Result, settings: Settings
) -> Result:
    automatic = _judgement(analysis)
    judgement = _by_whom(judgement, automatic, amendments)
    hips = grade_hips(analysis.anatomy, judgement, settings)
    made = assemble(saved.volume, analysis.anatomy, judgement, hips, settings)
    # what was said of the series when it was chosen is not known here
    said = [f for f in saved.record.flags if f not in analysis.result.record.flags]
    told = flag("amended", _summary(amendments))
    record = msgspec.structs.replace(
        made.record, flags=(told, *said, *made.record.flags), status="warning", amendments=amendments
    )
    return replace(made, record=record, scan=saved.scan)


def _by_whom(judgement: Judgement, automatic: Judgement, amendments: tuple[Amendment, ...]) -> Judgement:
    """Say of each lesion by whose word it is counted."""
    kept_numbers = {("detected", a.number) for a in amendments if a.action == "kept"}
    found = {id(k.outlined): "software" for k in automatic.kept} | {id(t): "reader" for t in automatic.things}
    outlined = any(a.action == "outlined" for a in amendments)
    within = {} if outlined else lesions_of(judgement, automatic)

    def whose(lesion: Lesion, outline: object) -> CountedBy:
        if outlined:
            return found.get(id(outline), "reader_outline")  # type: ignore[return-value]
        return "reader" if within[lesion.id] & kept_numbers else "software"

    kept = tuple(
        replace(k, lesion=msgspec.structs.replace(k.lesion, counted_by=whose(k.lesion, k.outlined)))
        for k in judgement.kept
    )
    return replace(judgement, kept=kept)


def _summary(amendments: tuple[Amendment, ...]) -> str:
    """Say who amended what, and when, in a line."""
    parts = []
    for who, day in dict.fromkeys((a.reader, a.at[:10]) for a in amendments):
        mine = [a.action for a in amendments if (a.reader, a.at[:10]) == (who, day)]
        counts = [f"{mine.count(action)} {action}" for action in ("kept", "dropped") if action in mine]
        parts.append(f"{', '.join(counts) or 'all outlined'} by {who}, {day}")
    return "; ".join(parts)
