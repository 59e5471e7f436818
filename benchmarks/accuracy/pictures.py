"""Pictures of what was missed and what is false, with truth in green and the finding in orange. Tuning studies only."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from scorer import StudyScore

from ho_detect.export.pictures.planes import Plane, plane_through
from ho_detect.image.sides import Point
from ho_detect.results.result import Result
from ho_detect.simulation.study import SimulatedStudy

_PLANES: tuple[Plane, ...] = ("axial", "coronal", "sagittal")
_HALF_MM = 75.0


def draw_errors(study: SimulatedStudy, findings: Result, score: StudyScore, folder: Path, name: str) -> list[Path]:
    """Draw three planes through each missed lesion, badly outlined lesion and false finding.

    Returns
    -------
    list of Path
        One PNG for each.
    """
    truth = {t.label: t for t in study.truth.lesions}
    jobs: list[tuple[str, str, Point]] = []
    for x in score.lesions:
        if x.counted and (not x.found or x.dice < 0.6):
            what = f"missed, excluded: {x.set_aside}" if not x.found else f"Dice {x.dice}"
            gap = "-" if x.gap_mm is None else f"{x.gap_mm:.1f}"
            title = f"{name} {x.kind} {x.maturity} {x.volume_mm3 / 1000:.2f} mL {x.side} {x.muscle} gap {gap}: {what}"
            jobs.append((f"{name}_lesion{x.label}", title, _inside(study, x.label, truth[x.label].centroid_lps_mm)))
    for f in score.false:
        title = f"{name} FALSE {f.volume_mm3 / 1000:.2f} mL on {f.cause}, confidence {f.confidence}"
        jobs.append((f"{name}_false{f.id}", title, f.centroid_lps_mm))
    folder.mkdir(parents=True, exist_ok=True)
    return [_draw(study, findings, title, at, folder / f"{file}.png") for file, title, at in jobs]


def _inside(study: SimulatedStudy, label: int, centroid: Point) -> Point:
    """Return the voxel of a lesion nearest to its centroid: curved lesions do not hold their own."""
    at = study.volume.grid.to_lps(np.argwhere(study.labels == label))
    x, y, z = at[((at - np.array(centroid)) ** 2).sum(axis=1).argmin()]
    return float(x), float(y), float(z)


def _draw(study: SimulatedStudy, findings: Result, title: str, at: Point, file: Path) -> Path:
    figure = Figure(figsize=(12, 4.4), dpi=90, facecolor="black")
    FigureCanvasAgg(figure)
    figure.suptitle(title, color="white", fontsize=9)
    for k, plane in enumerate(_PLANES):
        axes = figure.add_axes((k / 3 + 0.003, 0.01, 1 / 3 - 0.006, 0.92))
        for labels, colour in ((study.labels, "#00FF66"), (findings.labels, "#FF9000")):
            view = plane_through(study.volume, labels, plane, at)
            if colour == "#00FF66":
                axes.imshow(view.hu, cmap="gray", vmin=-200, vmax=900, extent=view.extent_mm, aspect="equal")
            if view.labels.any():
                rows, columns = view.labels.shape
                y, x = np.arange(rows) * view.spacing_mm[0], np.arange(columns) * view.spacing_mm[1]
                axes.contour(x, y, (view.labels > 0).astype(float), levels=[0.5], colors=[colour], linewidths=0.8)
        x0, y0, _ = view.place(at)
        axes.set_xlim(x0 - _HALF_MM, x0 + _HALF_MM)
        axes.set_ylim(y0 + _HALF_MM, y0 - _HALF_MM)
        axes.set_axis_off()
    figure.savefig(file)
    return file
