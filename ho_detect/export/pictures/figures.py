"""Pictures of findings, in radiological convention: the patient's left is on the right of the picture.

Drawn on :class:`matplotlib.figure.Figure` objects, without pyplot and its global state.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np

from ho_detect.detection.measure.lesion import Lesion
from ho_detect.export.pictures.planes import Plane, View, coronal_projection, plane_through
from ho_detect.image.sides import Point
from ho_detect.results.lesion_words import millilitres

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure
    from matplotlib.patheffects import AbstractPathEffect

    from ho_detect.results.result import Result

Window = tuple[float, float]

#: Lowest and highest HU shown in planes: wide enough for the structure of bone, fat and muscle still told apart.
PLANE_WINDOW_HU: Window = (-200.0, 900.0)
#: In the projection, where soft tissue only hides bone.
PROJECTION_WINDOW_HU: Window = (80.0, 1300.0)
#: One colour for each lesion, in turn; told apart on grey also with red-green blindness (Okabe and Ito).
COLOURS = ("#E69F00", "#56B4E9", "#F0E442", "#CC79A7", "#009E73", "#D55E00")
_PAPER, _INK, _HEAD_INK = "black", "#D8D8D8", "#7FB8E6"
_FIELD_MM = 150.0
_WIDTH_IN, _PLANES_IN, _TITLE_IN = 10.0, 3.3, 0.35
_PLANES: tuple[Plane, ...] = ("axial", "coronal", "sagittal")


def overview(result: Result, most_lesions: int = 3) -> Figure:
    """Draw the hips in coronal projection, and three planes through each of the largest lesions.

    Parameters
    ----------
    result
        Without a lesion, planes through each femoral head are drawn.
    most_lesions
        Further lesions are seen on the projection only.
    """
    largest = sorted(result.lesions, key=lambda n: -n.volume_mm3)[:most_lesions]
    targets = [(_title(n), n.centroid_lps_mm) for n in largest]
    if not targets:
        targets = [(f"{h.side} femoral head", h.center_lps_mm) for h in result.hips if h.center_lps_mm is not None]
    centers = [hip.center_lps_mm for hip in result.hips if hip.center_lps_mm is not None]
    projection = coronal_projection(result.volume, result.labels, centers)
    left, right, bottom, top = projection.extent_mm
    heights = [min(5.2, _WIDTH_IN * (bottom - top) / (right - left)) + _TITLE_IN] + [_PLANES_IN] * len(targets)
    figure = _figure(sum(heights))
    parts = figure.subfigures(len(heights), 1, height_ratios=heights, squeeze=False)[:, 0]
    _headline(parts[0], "coronal maximum intensity projection; dashed: fitted femoral heads")
    axes = parts[0].add_axes((0.0, 0.02, 1.0, 1.0 - _TITLE_IN / heights[0] - 0.02))
    _draw(axes, projection, result, PROJECTION_WINDOW_HU)
    for part, (title, point) in zip(parts[1:], targets, strict=True):
        _draw_planes(part, result, title, point)
    return figure


def lesion_figure(result: Result, lesion_id: int) -> Figure:
    """Draw axial, coronal and sagittal planes through one lesion.

    Raises
    ------
    KeyError
        There is no lesion of that id.
    """
    lesion = {n.id: n for n in result.lesions}[lesion_id]
    figure = _figure(_PLANES_IN)
    _draw_planes(figure, result, _title(lesion), lesion.centroid_lps_mm)
    return figure


def png(figure: Figure, dpi: int = 110) -> bytes:
    """Return a figure as the bytes of a PNG file, the same for the same findings."""
    data = io.BytesIO()
    # without metadata the bytes do not depend on the version of matplotlib
    figure.savefig(data, format="png", dpi=dpi, metadata={"Software": None})
    return data.getvalue()


def colour_of(lesion_id: int) -> str:
    """Return the colour in which a lesion is drawn."""
    return COLOURS[(lesion_id - 1) % len(COLOURS)]


def _figure(height_in: float) -> Figure:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(_WIDTH_IN, height_in), dpi=110, facecolor=_PAPER)
    FigureCanvasAgg(figure)
    return figure


def _title(lesion: Lesion) -> str:
    size = f"{millilitres(lesion.volume_mm3)}, maximum diameter {lesion.max_diameter_mm:.0f} mm"
    return f"lesion {lesion.id}: {lesion.side}, {lesion.sector}, {size}, mean {lesion.mean_hu:.0f} HU"


def _headline(part: Figure | SubFigure, text: str) -> None:
    part.set_facecolor(_PAPER)
    part.suptitle(text, color=_INK, fontsize=10, x=0.015, y=0.985, ha="left", va="top")


def _draw_planes(part: Figure | SubFigure, result: Result, title: str, point: Point) -> None:
    _headline(part, title)
    for k, plane in enumerate(_PLANES):
        axes = part.add_axes((k / 3 + 0.004, 0.02, 1 / 3 - 0.008, 0.98 - _TITLE_IN / _PLANES_IN))
        draw_plane(axes, result, plane, point)


def draw_plane(axes: Axes, result: Result, plane: Plane, point: Point) -> None:
    """Draw one plane through a point, LPS mm, with lesions, heads, directions and a scale."""
    view = plane_through(result.volume, result.labels, plane, point)
    _draw(axes, view, result, PLANE_WINDOW_HU, point)
    _write(axes, plane, (0.02, 0.98), ha="left", va="top", fontsize=7)


def _draw(axes: Axes, view: View, result: Result, window_hu: Window, point: Point | None = None) -> None:
    low, high = window_hu
    axes.set_facecolor(_PAPER)
    axes.imshow(
        view.hu, cmap="gray", vmin=low, vmax=high, extent=view.extent_mm, interpolation="bilinear", aspect="equal"
    )
    axes.set_axis_off()
    if point is not None:
        _look_at(axes, view, point)
    _draw_heads(axes, view, result)
    for lesion in result.lesions:
        _draw_lesion(axes, view, lesion.id)
    left, right, top, bottom = view.letters
    _write(axes, left, (0.015, 0.5), ha="left", va="center")
    _write(axes, right, (0.985, 0.5), ha="right", va="center")
    _write(axes, top, (0.5, 0.985), ha="center", va="top")
    _write(axes, bottom, (0.5, 0.015), ha="center", va="bottom")
    _write(axes, f"{low:.0f} to {high:.0f} HU", (0.02, 0.02), ha="left", va="bottom", fontsize=6)
    _scale_bar(axes)


def _look_at(axes: Axes, view: View, point: Point) -> None:
    """Show the same field around the point in every plane, black where the scan ends."""
    x, y, _ = view.place(point)
    box = axes.get_window_extent()
    half_height = _FIELD_MM / 2
    half_width = half_height * box.width / box.height
    axes.set_xlim(x - half_width, x + half_width)
    axes.set_ylim(y + half_height, y - half_height)


def _draw_heads(axes: Axes, view: View, result: Result) -> None:
    from matplotlib.patches import Circle

    for hip in result.hips:
        x, y, radius = view.circle(hip)
        if radius > 0:
            axes.add_patch(
                Circle((x, y), radius, fill=False, edgecolor=_HEAD_INK, linewidth=0.9, linestyle=(0, (4, 3)))
            )


def _draw_lesion(axes: Axes, view: View, lesion_id: int) -> None:
    """Outline the lesion where the plane meets it, with its id beside."""
    mask = view.labels == lesion_id
    if not mask.any():
        return
    row_mm, column_mm = view.spacing_mm
    padded = np.pad(mask, 1).astype(float)  # so that outlines close at the edge of the scan
    x = (np.arange(padded.shape[1]) - 1) * column_mm
    y = (np.arange(padded.shape[0]) - 1) * row_mm
    if view.is_projection:
        # a lesion behind or before bone has no contrast of its own
        axes.contourf(x, y, padded, levels=[0.5, 1.5], colors=[colour_of(lesion_id)], alpha=0.3)
    axes.contour(x, y, padded, levels=[0.5], colors=[colour_of(lesion_id)], linewidths=1.3)
    rows, columns = np.nonzero(mask)
    top = rows.argmin()
    axes.annotate(
        str(lesion_id),
        (columns[top] * column_mm, rows[top] * row_mm),
        xytext=(5, 3),
        textcoords="offset points",
        color=colour_of(lesion_id),
        fontsize=10,
        fontweight="bold",
        path_effects=_outlined(),
        clip_on=True,
    )


def _write(axes: Axes, text: str, place: tuple[float, float], *, ha: str, va: str, fontsize: float = 10) -> None:
    axes.text(
        *place, text, transform=axes.transAxes, color=_INK, ha=ha, va=va, fontsize=fontsize, path_effects=_outlined()
    )


def _outlined(linewidth: float = 2.0) -> list[AbstractPathEffect]:
    from matplotlib.patheffects import withStroke

    return [withStroke(linewidth=linewidth, foreground=_PAPER)]


def _scale_bar(axes: Axes, length_mm: float = 50.0) -> None:
    """Draw a bar of true length at the lower right."""
    left, right = axes.get_xlim()
    bottom, top = axes.get_ylim()
    x, y = right - 0.03 * (right - left), bottom + 0.035 * (top - bottom)
    axes.plot([x - length_mm, x], [y, y], color=_INK, linewidth=2, solid_capstyle="butt", path_effects=_outlined(1.5))
    axes.annotate(
        f"{length_mm / 10:.0f} cm",
        (x - length_mm / 2, y),
        xytext=(0, 3),
        textcoords="offset points",
        color=_INK,
        fontsize=7,
        ha="center",
        path_effects=_outlined(),
    )
