"""Volumes over time as a table, a figure and a page, for two studies or more."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Final, Literal

import msgspec
from msgspec import Meta

from ho_detect.export.pages.templating import render
from ho_detect.export.pictures.figures import COLOURS, overview, png
from ho_detect.followup.comparison import Comparison
from ho_detect.followup.sentences import comparison_sentences
from ho_detect.followup.side_by_side import step_pictures
from ho_detect.followup.tracks import Track
from ho_detect.results.result import Result

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PAGE_FILE: Final = "follow_up.html"


class TrackRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row of ``course``: one hip or one ossification in one study."""

    what: Annotated[Literal["hip", "lesion"], Meta(description="hip or lesion")]
    side: str
    number: Annotated[int | None, Meta(description="Of a lesion over all studies, from 1: the largest first")]
    study: Annotated[int, Meta(description="In order of date, from 1")]
    day: Annotated[int | None, Meta(description="Since the first study; empty where not dated")]
    ids: Annotated[tuple[str, ...], Meta(description="Lesions of that study that it is made of")]
    volume_mm3: Annotated[float | None, Meta(description="0 where it is not there, empty where that cannot be said")]
    change_mm3: Annotated[float | None, Meta(description="Of the whole track: last study less first")]
    change_low_mm3: Annotated[float | None, Meta(description="Lower end of the 95 % interval of that change")]
    change_high_mm3: Annotated[float | None, Meta(description="Upper end")]
    change_mm3_per_year: Annotated[float | None, Meta(description="The same by the dates")]
    why: Annotated[str, Meta(description="Why no change is given")]


def track_rows(tracks: Sequence[Track], days: Sequence[int | None]) -> list[TrackRow]:
    """Return one row for each track and study."""
    return [
        TrackRow(
            what=track.what,
            side=track.side,
            number=track.number,
            study=k + 1,
            day=day,
            ids=tuple(map(str, track.ids[k])),
            volume_mm3=track.volume_mm3[k],
            change_mm3=track.change_mm3,
            change_low_mm3=track.change_interval_mm3[0] if track.change_interval_mm3 else None,
            change_high_mm3=track.change_interval_mm3[1] if track.change_interval_mm3 else None,
            change_mm3_per_year=track.change_mm3_per_year,
            why=track.why,
        )
        for track in tracks
        for k, day in enumerate(days)
    ]


def course_figure(tracks: Sequence[Track], days: Sequence[int | None]) -> Figure:
    """Draw volume over time: hips as thick lines, ossifications as thin ones; dashed where steps are not comparable."""
    from matplotlib.figure import Figure

    dated = all(day is not None for day in days)
    x = [float(day or 0) for day in days] if dated else [float(k) for k in range(1, len(days) + 1)]
    figure = Figure(figsize=(7.0, 3.8), layout="constrained")
    axes = figure.add_subplot()
    for track in tracks:
        if not any(track.volume_mm3):
            continue
        y = [float("nan") if v is None else v / 1000 for v in track.volume_mm3]
        style = "-" if track.change_mm3 is not None else "--"
        if track.what == "hip":
            colour = {"left": "#0b5fa5", "right": "#a34700"}[track.side]
            axes.plot(x, y, style, color=colour, linewidth=2.6, marker="o", label=f"{track.side} hip")
        else:
            colour = COLOURS[((track.number or 1) - 1) % len(COLOURS)]
            axes.plot(
                x, y, style, color=colour, linewidth=1.2, marker="s", markersize=4, label=f"lesion {track.number}"
            )
    axes.set_ylim(bottom=0)
    axes.set_ylabel("Volume, mL")
    axes.set_xlabel("Days since the first study" if dated else "Study, in the order given")
    if not dated:
        axes.set_xticks(x)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(fontsize=8, frameon=False)
    return figure


def follow_up_html(
    studies: Sequence[Result], steps: Sequence[Comparison], tracks: Sequence[Track], days: Sequence[int | None]
) -> str:
    """Return the page for readers, complete: what has changed, volume over time, and the projection of each study."""
    pictures = [_uri(png(overview(study, most_lesions=0), dpi=80)) for study in studies]
    return render(
        "follow_up.html.jinja",
        steps=[list(comparison_sentences(step)) for step in steps],
        changes=step_pictures(steps, studies),
        tracks=tracks,
        days=days,
        figure=_uri(png(course_figure(tracks, days), dpi=150)),
        pictures=pictures,
        record=studies[-1].record,
    )


def _uri(picture: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(picture).decode("ascii")
