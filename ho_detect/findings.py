"""The record of one series, and the object that Python users hold."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from ho_detect.acquisition.volume.hu_volume import HuVolume
from ho_detect.anatomy.native.masks import NativeBone
from ho_detect.detection.grade.hip import Hip
from ho_detect.detection.judge.excluded import Excluded
from ho_detect.detection.measure.lesion import Lesion
from ho_detect.flags import Flag
from ho_detect.results.record import FindingsRecord, record_json
from ho_detect.results.sentences import excluded_sentence, hip_sentence, lesion_sentence

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


@dataclass(frozen=True, eq=False, repr=False)
class Findings:
    """Findings of one series.

    Prints as sentences; in a notebook it shows the sentences, the lesions as a table and a picture.

    Parameters
    ----------
    record
        All that ``findings.json`` holds.
    labels
        (slice, row, column) uint16 on the volume's own grid: 0 background, else the lesion's ``id``.
    volume
        The CT, for pictures.
    masks
        The files of the anatomy masks that were used, by name.
    bones
        What :meth:`native_bone` is made from.

    Raises
    ------
    ValueError
        If labels and volume differ in shape.
    """

    record: FindingsRecord
    labels: NDArray[np.uint16]
    volume: HuVolume
    masks: dict[str, Path] = field(default_factory=dict)
    bones: NativeBone = field(default_factory=NativeBone)

    def __post_init__(self) -> None:
        if self.labels.shape != self.volume.grid.shape:
            raise ValueError(f"labels of shape {self.labels.shape} on a volume of shape {self.volume.grid.shape}")

    @property
    def hips(self) -> tuple[Hip, ...]:
        """What is said of each hip, left first."""
        return self.record.hips

    @property
    def lesions(self) -> tuple[Lesion, ...]:
        """The ossifications found, by id."""
        return self.record.lesions

    @property
    def excluded(self) -> tuple[Excluded, ...]:
        """Dense things that were seen and set aside, with why."""
        return self.record.excluded

    @property
    def flags(self) -> tuple[Flag, ...]:
        """What qualifies the result as a whole."""
        return self.record.flags

    def __str__(self) -> str:
        notes = [f"Note: {f.message}." for f in self.flags]
        aside = excluded_sentence(self.excluded)
        lines = [hip_sentence(h) for h in self.hips] + [lesion_sentence(n) for n in self.lesions]
        return "\n".join(lines + ([aside] if aside else []) + notes) or "No hip in view."

    __repr__ = __str__

    def _repr_html_(self) -> str:
        from ho_detect.export.pictures.notebook import findings_html

        return findings_html(self)

    def to_dict(self) -> dict[str, Any]:
        """Return the record as plain values, as in ``findings.json``: NaN is None."""
        values: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(self.record))
        return values

    def to_json(self) -> str:
        """Return the text of ``findings.json``; what was not measured is ``null``."""
        return record_json(self.record).decode()

    def hips_frame(self) -> pd.DataFrame:
        """Return one row per hip, the columns of ``summary.csv``."""
        from ho_detect.export import tables as table_files
        from ho_detect.results import rows as tables

        return table_files.frame(tables.HipRow, tables.hip_rows(self.record))

    def lesions_frame(self) -> pd.DataFrame:
        """Return one row per lesion, the columns of ``lesions.csv``."""
        from ho_detect.export import tables as table_files
        from ho_detect.results import rows as tables

        return table_files.frame(tables.LesionRow, tables.lesion_rows(self.record))

    def excluded_frame(self) -> pd.DataFrame:
        """Return one row per dense thing that was set aside, with its reason."""
        from ho_detect.export import tables as table_files
        from ho_detect.results import rows as tables

        return table_files.frame(tables.ExcludedRow, tables.excluded_rows(self.record))

    def native_bone(self) -> NDArray[np.uint8]:
        """Return native femur and hip bone: (slice, row, column) uint8 on the volume's own grid, as ``labels``.

        0 background, 1 left femur, 2 right femur, 3 left hip bone, 4 right hip bone
        (:data:`ho_detect.anatomy.native.masks.LABELS`). No voxel of a lesion, and nothing of the joint space, is in it;
        a hip hidden by metal has none.
        """
        labels = self.bones.labels(self.volume.grid)
        labels[self.labels > 0] = 0
        return labels

    def plot(self, lesion_id: int | None = None) -> Figure:
        """Draw the hips in projection and slices through the largest lesions; or slices through one lesion.

        Raises
        ------
        KeyError
            There is no lesion of that id.
        """
        from ho_detect.export.pictures.figures import lesion_figure, overview

        return overview(self) if lesion_id is None else lesion_figure(self, lesion_id)

    def show(self) -> Any:  # noqa: ANN401 - a widget of a library that may be there or not
        """Return a slice browser for a notebook: NiiVue where ipyniivue is installed, else matplotlib with sliders."""
        from ho_detect.export.pictures.browse import show

        return show(self)

    def report(self, path: str | Path) -> Path:
        """Write the findings as one self-contained HTML page for readers.

        Returns
        -------
        Its path; the folder is made when it is not there.

        Raises
        ------
        OSError
            The file cannot be written.
        """
        from ho_detect.export.pages.report import write_report

        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_report(self, path)
        return path

    def save(self, folder: str | Path) -> Path:
        """Write the result into ``folder``, each file whole or not at all.

        ``findings.json``, ``lesions.nii.gz`` and ``provenance.json``, and what ``settings.output`` asks for.

        Returns
        -------
        The folder, made when it was not there.

        Raises
        ------
        OSError
            A file cannot be written.
        """
        from ho_detect.export.save import save

        return save(self, Path(folder))

    def save_dicom(self, folder: str | Path) -> list[Path]:
        """Write a DICOM Segmentation (with a lesion only), structured report and key images into ``folder``.

        Returns
        -------
        The files.

        Raises
        ------
        UsageError
            The findings were not made from DICOM files.
        OSError
            A file cannot be written.
        """
        from ho_detect.export.dicom.write import write_dicom

        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        return write_dicom(self, folder)
