"""Slices of a study with its lesions, to page through: NiiVue in a notebook, else matplotlib with sliders."""

from __future__ import annotations

import gzip
from dataclasses import dataclass, field
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ho_detect.export.pictures.figures import PLANE_WINDOW_HU, colour_of, draw_plane
from ho_detect.export.pictures.planes import Plane
from ho_detect.image.grid import Grid
from ho_detect.image.sides import Point
from ho_detect.system.extras import need

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from matplotlib.widgets import Slider

    from ho_detect.results.result import Result

#: The LPS axis that each plane is moved along, and what its slider is called.
_AXES: tuple[tuple[Plane, int, str], ...] = (
    ("axial", 2, "superior mm"),
    ("coronal", 1, "posterior mm"),
    ("sagittal", 0, "left mm"),
)


def show(result: Result) -> Any:  # noqa: ANN401 - a NiiVue widget or a SliceBrowser, as there is
    """Return a slice browser: :func:`niivue` where ipyniivue is installed, else a :class:`SliceBrowser`.

    Raises
    ------
    UsageError
        Neither ipyniivue nor matplotlib is installed.
    """
    return niivue(result) if find_spec("ipyniivue") else SliceBrowser.of(result)


def start_point(result: Result) -> Point:
    """Return where browsing starts, LPS mm: the largest lesion, else a femoral head, else the middle of the scan."""
    if result.lesions:
        return max(result.lesions, key=lambda n: n.volume_mm3).centroid_lps_mm
    centers = [hip.center_lps_mm for hip in result.hips if hip.center_lps_mm is not None]
    if centers:
        return centers[0]
    grid = result.volume.grid
    x, y, z = grid.to_lps((np.array(grid.shape) - 1) / 2).tolist()
    return x, y, z


def niivue(result: Result, height: int = 520) -> Any:  # noqa: ANN401 - ipyniivue has no types
    """Return a NiiVue widget: three planes of the CT, radiological convention, lesions in their colours.

    Parameters
    ----------
    height
        In pixels.
    """
    from ipyniivue import LUT, NiiVue, SliceType, Volume

    low, high = PLANE_WINDOW_HU
    grid, ids = result.volume.grid, [lesion.id for lesion in result.lesions]
    viewer = NiiVue(height=height, is_radiological_convention=True, slice_type=SliceType.MULTIPLANAR)
    volumes = [
        Volume(name="ct.nii.gz", data=_nifti(result.volume.hu, grid), colormap="gray", cal_min=low, cal_max=high)
    ]
    if ids:
        table = [value for n in ids for value in (*_rgb(n), 255)]
        lut = LUT(lut=[0, 0, 0, 0, *table], min=0, max=len(ids), labels=["", *(f"lesion {n}" for n in ids)])
        volumes.append(Volume(name="lesions.nii.gz", data=_nifti(result.labels, grid), opacity=0.5, colormap_label=lut))
    viewer.load_volumes(volumes)
    return viewer


def _rgb(lesion_id: int) -> tuple[int, ...]:
    return tuple(bytes.fromhex(colour_of(lesion_id)[1:]))


def _nifti(array: NDArray[Any], grid: Grid) -> bytes:
    from nibabel.nifti1 import Nifti1Image

    made: Any = Nifti1Image
    # quick rather than small: it goes no farther than to the browser
    return gzip.compress(made(array.transpose(2, 1, 0), grid.to_ras()).to_bytes(), 1)


@dataclass(eq=False)
class SliceBrowser:
    """Three planes through a point, each with a slider that moves it.

    The sliders work in a window, and in a notebook with an interactive backend (``%matplotlib widget``).
    """

    result: Result
    figure: Figure
    point: list[float]
    sliders: dict[Plane, Slider] = field(default_factory=dict)

    @classmethod
    def of(cls, result: Result) -> SliceBrowser:
        """Open a browser at the largest lesion."""
        need("show()", "notebook", "matplotlib")
        from matplotlib import pyplot as plt
        from matplotlib.widgets import Slider

        figure = plt.figure(figsize=(11.0, 4.3), facecolor="black")
        browser = cls(result, figure, list(start_point(result)))
        corners = np.array([[k, j, i] for k in (0, 1) for j in (0, 1) for i in (0, 1)])
        lps = result.volume.grid.to_lps(corners * (np.array(result.volume.grid.shape) - 1))
        for k, (plane, axis, label) in enumerate(_AXES):
            figure.add_axes((k / 3 + 0.004, 0.12, 1 / 3 - 0.008, 0.87), label=plane)
            place = figure.add_axes((k / 3 + 0.09, 0.03, 0.17, 0.05))
            slider = Slider(
                place, label, lps[:, axis].min(), lps[:, axis].max(), valinit=browser.point[axis], valfmt="%.0f"
            )
            for text in (slider.label, slider.valtext):
                text.set_color("white")
            slider.on_changed(partial(browser.move, plane))
            browser.sliders[plane] = slider
            browser._draw(plane)
        return browser

    def move(self, plane: Plane, position_mm: float) -> None:
        """Show another slice of one plane: its position along the patient axis across it, LPS mm."""
        axis = next(a for p, a, _ in _AXES if p == plane)
        self.point[axis] = position_mm
        self._draw(plane)
        self.figure.canvas.draw_idle()

    def _draw(self, plane: Plane) -> None:
        axes = next(a for a in self.figure.axes if a.get_label() == plane)
        axes.clear()
        x, y, z = self.point
        draw_plane(axes, self.result, plane, (x, y, z))
