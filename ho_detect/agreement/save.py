"""Agreement as files: record, tables, figure, page."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np

from ho_detect.agreement.record import Agreement, CaseRow, HipRow, LesionRow
from ho_detect.agreement.statistics import Estimate
from ho_detect.export.pages.templating import render
from ho_detect.export.tables import write_table
from ho_detect.system.files import write_atomically

if TYPE_CHECKING:
    from matplotlib.figure import Figure

RECORD_FILE: Final = "agreement.json"
PAGE_FILE: Final = "agreement.html"
FIGURE_FILE: Final = "bland_altman.png"
_DPI: Final = 150


def save(agreement: Agreement, folder: Path) -> None:
    """Write all files into a folder, made when it is not there.

    Raises
    ------
    OSError
        A file cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, kind, rows in (
        ("cases", CaseRow, agreement.cases),
        ("lesions", LesionRow, agreement.lesions),
        ("hips", HipRow, agreement.hips),
    ):
        write_table(folder, f"agreement_{name}", kind, rows)
    picture = None
    if agreement.volume_ml.bias.n:
        picture = _png(bland_altman_figure(agreement))
        write_atomically(folder / FIGURE_FILE, picture)
    write_atomically(folder / PAGE_FILE, page(agreement, picture).encode())
    write_atomically(folder / RECORD_FILE, msgspec.json.format(msgspec.json.encode(agreement), indent=1) + b"\n")


def page(agreement: Agreement, picture: bytes | None) -> str:
    """Return the page for readers, complete."""
    return render(
        "agreement.html.jinja",
        agreement=agreement,
        picture=None if picture is None else "data:image/png;base64," + base64.b64encode(picture).decode("ascii"),
        words=estimate_words,
    )


def estimate_words(estimate: Estimate, digits: int = 2) -> str:
    """Write a figure with its interval, or why there is none.

    >>> estimate_words(Estimate(value=0.876, low=0.7, high=0.95, n=20))
    '0.88 (0.70 to 0.95)'
    >>> estimate_words(Estimate(value=None, n=2, why="fewer than three pairs"))
    'not said: fewer than three pairs'
    """
    if estimate.value is None:
        return f"not said: {estimate.why}"
    said = f"{estimate.value:.{digits}f}"
    if estimate.low is None or estimate.high is None:
        return said
    return f"{said} ({estimate.low:.{digits}f} to {estimate.high:.{digits}f})"


def bland_altman_figure(agreement: Agreement) -> Figure:
    """Draw the differences of the hips' volumes against their means, with bias, limits and their intervals."""
    from matplotlib.figure import Figure

    hips = [h for h in agreement.hips if h.reference_volume_mm3 or h.result_volume_mm3]
    one, other = (np.array([getattr(h, f"{who}_volume_mm3") / 1000 for h in hips]) for who in ("reference", "result"))
    figure = Figure(figsize=(6.4, 4.0), layout="constrained")
    axes = figure.add_subplot()
    axes.scatter((one + other) / 2, other - one, s=22, color="#0b5fa5", zorder=3)
    found = agreement.volume_ml
    for estimate, name, style in (
        (found.bias, "bias", "-"),
        (found.lower_limit, "lower limit", "--"),
        (found.upper_limit, "upper limit", "--"),
    ):
        if estimate.value is None or estimate.low is None or estimate.high is None:
            continue
        axes.axhline(estimate.value, color="#171b21", linestyle=style, linewidth=1)
        axes.axhspan(estimate.low, estimate.high, color="#0b5fa5", alpha=0.08, linewidth=0)
        text = f"{name} {estimate.value:+.2f} mL"
        axes.annotate(text, (1.0, estimate.value), (-3, 2), ("axes fraction", "data"), textcoords="offset points",
                      ha="right", fontsize=8)  # fmt: skip
    axes.set_xlabel("Mean of both, mL")
    axes.set_ylabel("Result less reference, mL")
    axes.set_title(f"Volume of {len(hips)} hips where either has ossification", fontsize=10)
    return figure


def _png(figure: Figure) -> bytes:
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=_DPI, metadata={"Software": None})
    return file.getvalue()
