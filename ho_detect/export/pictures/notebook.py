"""Findings as a self-contained piece of HTML, for notebooks. Everything that is text is escaped."""

from __future__ import annotations

import base64
from html import escape
from typing import TYPE_CHECKING

from ho_detect.errors import UsageError
from ho_detect.results.hip_words import hip_sentence
from ho_detect.results.lesion_words import millilitres, probability_words
from ho_detect.results.sentences import excluded_sentences
from ho_detect.system.extras import need

if TYPE_CHECKING:
    from ho_detect.detection.measure.lesion import Lesion
    from ho_detect.results.result import Result

_CELL = "padding:2px 12px 2px 0;text-align:left"
_HEADS = (
    "lesion", "side", "sector", "volume", "maximum diameter", "mean HU", "highest HU", "maturity", "attached to",
    "gaps", "probability of ossification",
)  # fmt: skip


def findings_html(result: Result) -> str:
    """Return sentences for the hips, the lesions as a table, and a picture as a data URI where there is matplotlib."""
    lines = [f"<p style='margin:2px 0'><b>{escape(hip_sentence(hip, result.lesions))}</b></p>" for hip in result.hips]
    if not result.hips:
        lines.append("<p>No hip in view.</p>")
    if result.lesions:
        lines.append(_table(result))
    small = [*excluded_sentences(result.excluded), *(f"Note: {f.message}." for f in result.flags)]
    lines += [f"<p style='margin:2px 0;opacity:.75'>{escape(text)}</p>" for text in small]
    lines.append(_picture(result))
    return "<div>" + "\n".join(lines) + "</div>"


def _picture(result: Result) -> str:
    """Return the picture, or what to install to see it: a notebook must show the rest all the same."""
    from ho_detect.export.pictures.figures import overview, png

    try:
        need("the picture", "notebook", "matplotlib")
    except UsageError as error:
        return f"<p style='margin:2px 0;opacity:.75'>{escape(error.message)}</p>"
    picture = base64.b64encode(png(overview(result))).decode("ascii")
    return f"<img style='max-width:100%' alt='the hips on CT' src='data:image/png;base64,{picture}'>"


def _table(result: Result) -> str:
    head = "".join(f"<th style='{_CELL}'>{escape(name)}</th>" for name in _HEADS)
    body = "".join(
        "<tr>" + "".join(f"<td style='{_CELL}'>{escape(cell)}</td>" for cell in _cells(lesion)) + "</tr>"
        for lesion in result.lesions
    )
    return f"<table style='border-collapse:collapse'><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _cells(lesion: Lesion) -> tuple[str, ...]:
    gaps = [
        f"{bone} {gap:.0f} mm"
        for bone, gap in (("femur", lesion.gap_femur_mm), ("pelvis", lesion.gap_pelvis_mm))
        if gap is not None
    ]
    return (
        str(lesion.id),
        lesion.side,
        lesion.sector,
        millilitres(lesion.volume_mm3),
        f"{lesion.max_diameter_mm:.0f} mm",
        f"{lesion.mean_hu:.0f}",
        f"{lesion.max_hu:.0f}",
        lesion.maturity or "not judged",
        " and ".join(lesion.attached_to) or "nothing",
        ", ".join(gaps) or "not measured",
        "not judged" if lesion.confidence is None else probability_words(lesion.confidence),
    )
