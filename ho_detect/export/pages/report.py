"""Findings as one self-contained page: the sentence first, then figures, pictures, what is not counted, and how."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from ho_detect.acquisition.volume.hu_volume import SeriesRecord
from ho_detect.detection.grade.hip import Hip
from ho_detect.detection.judge.excluded import GROUPS, Excluded, Group, group_of, numbered
from ho_detect.detection.measure.lesion import Lesion
from ho_detect.export.pages.pictures import (
    Picture,
    data_uri,
    excluded_picture,
    head_pictures,
    lesion_pictures,
    projection_picture,
)
from ho_detect.export.pages.relief import relief
from ho_detect.export.pages.rows import (
    HIP_FIGURES,
    HIP_ROWS,
    LESION_COLUMNS,
    LESION_GROUPS,
    LESION_ROWS,
    Line,
    lines,
    point_words,
)
from ho_detect.export.pages.settings_table import settings_table
from ho_detect.export.pages.surfaces import Surface, pack, surfaces
from ho_detect.export.pages.templating import render
from ho_detect.export.pictures.figures import colour_of
from ho_detect.results.record import record_json
from ho_detect.results.result import Result
from ho_detect.results.sentences import hip_sentence, lesion_sentence, probability_words
from ho_detect.system.files import write_atomically
from ho_detect.system.parallel import in_parallel

#: Pictures are made of the largest lesions and of the largest things not counted, the undecided ones first: a page
#: stays below 4 MB.
_MOST_LESIONS, _MOST_EXCLUDED = 30, 12
#: Heading and explanation of each kind of thing that is not counted.
_HEADINGS: dict[Group, tuple[str, str]] = {
    "reader": ("Dropped by a reader", "Counted by the software, and not by the reader."),
    "undecided": ("Undecided", "May be ossification. Its volume stands beside that of the lesions, not in it."),
    "outgrowth": (
        "Bony outgrowths beside the joint",
        "Osteophytes and enthesophytes by height, base and density; height and base allow another rule.",
    ),
    "mimic": ("Mimics", "Dense as bone, but not ossification."),
    "elsewhere": ("Native bone, and what is out of reach or too small", "Not ossification of a hip."),
}


@dataclass(frozen=True)
class HipPart:
    """What a page says of one hip before all else."""

    hip: Hip
    sentence: str
    verdict: str
    figures: tuple[Line, ...]


@dataclass(frozen=True)
class LesionPart:
    """One lesion: sentence, measures and pictures."""

    lesion: Lesion
    colour: str
    sentence: str
    groups: dict[str, tuple[Line, ...]]
    pictures: tuple[Picture, ...]


@dataclass(frozen=True)
class ExcludedPart:
    """One thing that was detected and not counted: its number on the page, and a picture of the larger ones."""

    number: int
    thing: Excluded
    probability: str
    place: str
    picture: Picture | None


@dataclass(frozen=True)
class ExcludedGroup:
    """Things of one kind that are not counted, the largest first."""

    name: Group
    heading: str
    explained: str
    parts: tuple[ExcludedPart, ...]

    @property
    def pictured(self) -> tuple[ExcludedPart, ...]:
        """Those with a picture."""
        return tuple(part for part in self.parts if part.picture)


def report_html(result: Result) -> str:
    """Return the page, complete: no other file, and no network, is needed to read it.

    Parameters
    ----------
    result
        Nothing beyond its record, its labels and its CT is used; identities are shown where the record holds them.
    """
    record = result.record
    # as in the pictures, the patient's right is on the left
    hips = tuple(sorted(result.hips, key=lambda h: h.side == "left"))
    made: tuple[Callable[[], Any], ...] = (
        lambda: _shape(surfaces(result)),
        lambda: _lesion_parts(result),
        lambda: _excluded_groups(result),
        lambda: projection_picture(result),
    )
    (mesh, *stills), lesions, excluded, projection = in_parallel(lambda make: make(), made)
    settings = settings_table(record.software.settings)
    return render(
        "report.html.jinja",
        record=record,
        hips=tuple(_hip_part(hip) for hip in hips),
        hip_lines=lines(HIP_ROWS, hips),
        lesions=lesions,
        lesion_columns=lines([r for r in LESION_ROWS if r.field in LESION_COLUMNS], result.lesions),
        head_pictures=() if result.lesions else tuple((h.side, head_pictures(result, h)) for h in hips),
        projection=projection,
        reliefs=tuple(data_uri(still) for still in stills),
        mesh=mesh,
        excluded=excluded,
        acquisition=_acquisition(record.series),
        findings_sha256=hashlib.sha256(record_json(record)).hexdigest(),
        settings=settings,
        changed=sum(not s.is_default for s in settings),
    )


def _shape(parts: tuple[Surface, ...]) -> list[Any]:
    """Return surfaces as the viewer reads them, and seen from in front and from behind where there are any."""
    views = [partial(relief, parts, from_behind=behind) for behind in (False, True) if parts]
    return in_parallel(lambda make: make(), [partial(pack, parts), *views])


def write_report(result: Result, path: Path) -> None:
    """Write the page, whole or not at all.

    Raises
    ------
    OSError
        The file cannot be written.
    """
    write_atomically(path, report_html(result).encode("utf-8"))


def _hip_part(hip: Hip) -> HipPart:
    return HipPart(
        hip=hip,
        sentence=_after_colon(hip_sentence(hip)),
        verdict=hip.finding or hip.status,
        figures=lines([r for r in HIP_ROWS if r.field in HIP_FIGURES], (hip,)) if hip.finding == "present" else (),
    )


def _after_colon(sentence: str) -> str:
    """Drop the name of the side, which the heading says."""
    text = sentence.partition(": ")[2]
    return text[:1].upper() + text[1:]


def _acquisition(series: SeriesRecord) -> tuple[tuple[str, str, str], ...]:
    """Return label, value and unit of what the header says; an empty value where it says nothing."""
    contrast = {True: "stated in the header", False: "none, says the header", None: ""}[series.contrast_stated]
    return (
        ("Slice thickness", "" if series.slice_thickness_mm is None else f"{series.slice_thickness_mm:g}", "mm"),
        ("Tube voltage", "" if series.kvp is None else f"{series.kvp:g}", "kVp"),
        ("Reconstruction kernel", series.kernel or "", ""),
        ("Contrast medium", contrast, ""),
        ("Patient position", series.patient_position or "", ""),
        ("Manufacturer", series.manufacturer or "", ""),
    )


def _lesion_parts(result: Result) -> tuple[LesionPart, ...]:
    pictured = {n.id for n in sorted(result.lesions, key=lambda n: -n.volume_mm3)[:_MOST_LESIONS]}
    return tuple(
        LesionPart(
            lesion=lesion,
            colour=colour_of(lesion.id),
            sentence=_after_colon(lesion_sentence(lesion)),
            groups={heading: lines(rows, (lesion,)) for heading, rows in LESION_GROUPS.items()},
            pictures=lesion_pictures(result, lesion.id) if lesion.id in pictured else (),
        )
        for lesion in result.lesions
    )


def _excluded_groups(result: Result) -> tuple[ExcludedGroup, ...]:
    """Return what is not counted, those kinds that there are, the undecided first."""
    ordered = sorted(numbered(result.excluded), key=lambda e: e.number or 0)
    parts = [
        ExcludedPart(
            number=number,
            thing=thing,
            probability=probability_words(thing.probability),
            place=point_words(thing.centroid_lps_mm),
            picture=excluded_picture(result, thing.centroid_lps_mm) if number <= _MOST_EXCLUDED else None,
        )
        for number, thing in enumerate(ordered, 1)
    ]
    groups = ((name, tuple(p for p in parts if group_of(p.thing.reason) == name)) for name in GROUPS)
    return tuple(ExcludedGroup(name, *_HEADINGS[name], parts=found) for name, found in groups if found)
