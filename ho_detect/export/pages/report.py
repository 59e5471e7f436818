"""Findings as one self-contained page: the sentence first, then figures, pictures, what is not counted, and how."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from ho_detect.detection.grade.hip import Hip
from ho_detect.detection.judge.excluded import EXCLUSIONS, GROUPS, Excluded, Group, group_of, numbered
from ho_detect.detection.measure.lesion import Lesion
from ho_detect.export.pages.images import data_uri
from ho_detect.export.pages.layers import Layers
from ho_detect.export.pages.pictures import (
    Picture,
    contact_pictures,
    excluded_picture,
    extent_pictures,
    head_pictures,
    picture_layers,
    projection_picture,
)
from ho_detect.export.pages.relief import relief
from ho_detect.export.pages.rows import (
    ACQUISITION_ROWS,
    HIP_FIGURES,
    HIP_ROWS,
    LESION_COLUMNS,
    LESION_GROUPS,
    LESION_ROWS,
    Line,
    lines,
    point_words,
    volume_words,
)
from ho_detect.export.pages.settings_table import settings_table
from ho_detect.export.pages.surfaces import Surface, pack, surfaces
from ho_detect.export.pages.templating import render
from ho_detect.export.pictures.figures import colour_of
from ho_detect.export.pictures.lesion_places import LesionVoxels
from ho_detect.results.hip_words import hip_sentence, metal_words, reason_words
from ho_detect.results.lesion_words import lesion_sentence, probability_words
from ho_detect.results.record import record_json
from ho_detect.results.result import Result
from ho_detect.results.sentences import flag_words
from ho_detect.system.files import write_atomically
from ho_detect.system.parallel import in_parallel, together

#: Pictures are made of the largest lesions and of the largest things not counted, the undecided ones first: a page
#: stays below 4 MB.
_MOST_LESIONS, _MOST_EXCLUDED = 30, 12
#: Pictures of lesions, the largest lesion first, take no more than this: characters of the page.
_MOST_CHARACTERS = 2_300_000
#: Heading and explanation of each kind of thing that is not counted.
_HEADINGS: dict[Group, tuple[str, str]] = {
    "reader": ("Dropped by a reader", "Counted by the software, and not by the reader."),
    "undecided": ("Undecided", "May be ossification. Its volume stands beside that of the lesions, not in it."),
    "outgrowth": (
        "Bony outgrowths beside the joint",
        "Osteophytes and enthesophytes by height, base and density; height and base allow another rule.",
    ),
    "mimic": ("Mimics", "Dense as bone, but not ossification."),
    "elsewhere": (
        "Native bone, what metal hides, and what is out of reach or too small",
        "Not ossification of a hip, or not to be judged.",
    ),
}
#: Reasons of a hip that its sentence, or the list below it, says with a figure.
_SAID_ALREADY = frozenset({"set_aside_undecided", "hidden_by_metal"})


@dataclass(frozen=True)
class HipPart:
    """What a page says of one hip before all else."""

    hip: Hip
    sentence: str
    verdict: str
    figures: tuple[Line, ...]
    undecided: tuple[ExcludedPart, ...]
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class LesionPart:
    """One lesion: sentence, measures and pictures."""

    lesion: Lesion
    colour: str
    sentence: str
    groups: dict[str, tuple[Line, ...]]
    extent: tuple[Picture, ...]
    contacts: tuple[Picture, ...]


@dataclass(frozen=True)
class ExcludedPart:
    """One thing that was detected and not counted: its number on the page, and a picture of the larger ones."""

    number: int
    thing: Excluded
    volume: str
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


@dataclass(frozen=True)
class _Pictured:
    """What of a page has pictures."""

    lesions: tuple[LesionPart, ...]
    heads: tuple[tuple[str, tuple[Picture, ...]], ...]
    excluded: tuple[ExcludedGroup, ...]
    projection: Picture
    no_bone: str


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
    # pictures take longest
    pictured, (mesh, *stills) = together(lambda: _pictured(result, hips), lambda: _shape(surfaces(result)))
    recorded = record.software.settings
    settings = settings_table(recorded)
    parts = [part for group in pictured.excluded if group.name == "undecided" for part in group.parts]
    return render(
        "report.html.jinja",
        record=record,
        hips=tuple(_hip_part(hip, result, parts) for hip in hips),
        hip_lines=lines(HIP_ROWS, hips, recorded),
        lesions=pictured.lesions,
        lesion_columns=lines([r for r in LESION_ROWS if r.field in LESION_COLUMNS], result.lesions, recorded),
        head_pictures=pictured.heads,
        projection=pictured.projection,
        no_bone=pictured.no_bone,
        reliefs=tuple(stills),
        mesh=mesh,
        flags=flag_words(record.flags),
        excluded=pictured.excluded,
        exclusions=EXCLUSIONS,
        acquisition=lines(ACQUISITION_ROWS, (record.series,), record.software.settings),
        findings_sha256=hashlib.sha256(record_json(record)).hexdigest(),
        settings=settings,
        changed=sum(not s.is_default for s in settings),
    )


def _shape(parts: tuple[Surface, ...]) -> list[Any]:
    """Return surfaces as the viewer reads them, and seen from in front and from behind where there are any."""
    views = [lambda behind=behind: data_uri(relief(parts, from_behind=behind)) for behind in (False, True) if parts]
    return in_parallel(lambda make: make(), [partial(pack, parts), *views])


def write_report(result: Result, path: Path) -> None:
    """Write the page, whole or not at all.

    Raises
    ------
    OSError
        The file cannot be written.
    """
    write_atomically(path, report_html(result).encode("utf-8"))


def _hip_part(hip: Hip, result: Result, undecided: list[ExcludedPart]) -> HipPart:
    headline = [r for r in HIP_ROWS if r.field in HIP_FIGURES]
    told = hip.finding in ("present", "absent")  # else the sentence gives the reasons
    return HipPart(
        hip=hip,
        sentence=_after_colon(hip_sentence(hip, result.lesions)),
        verdict=hip.finding or hip.status,
        figures=lines(headline, (hip,), result.record.software.settings) if hip.finding == "present" else (),
        undecided=tuple(part for part in undecided if part.thing.side == hip.side),
        reasons=(
            *filter(None, [metal_words(hip.side, result.record.metal)]),
            *(reason_words(r) for r in hip.reasons if told and r.code not in _SAID_ALREADY),
        ),
    )


def _after_colon(sentence: str) -> str:
    """Drop the name of the side, which the heading says."""
    text = sentence.partition(": ")[2]
    return text[:1].upper() + text[1:]


def _pictured(result: Result, hips: tuple[Hip, ...]) -> _Pictured:
    """Draw all pictures of a page: what lies over them is worked out once."""
    largest = tuple(sorted(result.lesions, key=lambda n: -n.volume_mm3)[:_MOST_LESIONS])
    ordered = sorted(numbered(result.excluded), key=lambda e: e.number or 0)
    things = tuple(e for e in ordered if group_of(e.reason) != "elsewhere")[:_MOST_EXCLUDED]
    layers = picture_layers(result, largest, things)
    without = [h for h in hips if not any(x.side == h.side for x in result.lesions)]
    lesions, excluded, heads, projection = in_parallel(
        lambda make: make(),
        (
            lambda: _lesion_parts(layers, largest),
            lambda: _excluded_groups(layers, ordered, things),
            lambda: tuple((h.side, head_pictures(layers, h)) for h in without),
            lambda: projection_picture(layers),
        ),
    )
    return _Pictured(lesions, heads, excluded, projection, layers.missing)


def _lesion_parts(layers: Layers, largest: tuple[Lesion, ...]) -> tuple[LesionPart, ...]:
    result = layers.result
    pictured = {n.id for n in largest}
    voxels = {n.id: LesionVoxels.of(result, n) for n in result.lesions}
    recorded = result.record.software.settings

    def part(lesion: Lesion) -> LesionPart:
        return LesionPart(
            lesion=lesion,
            colour=colour_of(lesion.id),
            sentence=_after_colon(lesion_sentence(lesion)),
            groups={heading: lines(rows, (lesion,), recorded) for heading, rows in LESION_GROUPS.items()},
            extent=extent_pictures(layers, lesion, voxels[lesion.id]) if lesion.id in pictured else (),
            contacts=contact_pictures(layers, lesion, voxels) if lesion.id in pictured else (),
        )

    parts = in_parallel(part, result.lesions)
    room = _MOST_CHARACTERS
    fitting = {}
    for made in sorted(parts, key=lambda p: -p.lesion.volume_mm3):
        room -= sum(len(picture.image) for picture in (*made.extent, *made.contacts))
        fitting[made.lesion.id] = made if room >= 0 else replace(made, extent=(), contacts=())
    return tuple(fitting[lesion.id] for lesion in result.lesions)


def _excluded_groups(
    layers: Layers, ordered: list[Excluded], pictured: tuple[Excluded, ...]
) -> tuple[ExcludedGroup, ...]:
    """Return what is not counted, those kinds that there are, the undecided first."""

    def part(number: int, thing: Excluded) -> ExcludedPart:
        return ExcludedPart(
            number=number,
            thing=thing,
            volume=volume_words(thing.volume_mm3),
            probability=probability_words(thing.probability),
            place=point_words(thing.centroid_lps_mm),
            picture=excluded_picture(layers, thing) if thing in pictured else None,
        )

    parts = in_parallel(part, range(1, len(ordered) + 1), ordered)
    groups = ((name, tuple(p for p in parts if group_of(p.thing.reason) == name)) for name in GROUPS)
    return tuple(ExcludedGroup(name, *_HEADINGS[name], parts=found) for name, found in groups if found)
