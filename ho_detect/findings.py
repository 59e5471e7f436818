"""What a Python user holds: a result that can be printed, drawn, reported, saved and read back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from ho_detect.acquisition.volume.hu_volume import HuVolume
from ho_detect.errors import UsageError
from ho_detect.results import rows
from ho_detect.results.load import load_result
from ho_detect.results.record import record_json
from ho_detect.results.result import Result
from ho_detect.results.sentences import record_sentences
from ho_detect.system.extras import need
from ho_detect.system.pseudonyms import Pseudonyms

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


#: What findings can be given as an image of.
What = Literal["lesions", "detected", "bones", "ct"]


class LabelArray(NamedTuple):
    """A label map with its place: ``nibabel.Nifti1Image(*findings.lesions_array())``."""

    array: NDArray[np.uint16]
    """(i, j, k): 0 background, else the lesion's ``id``."""
    affine: NDArray[np.float64]
    """(4, 4), from (i, j, k) to RAS mm."""


def pd_strings(values: Sequence[str | None]) -> Any:  # noqa: ANN401 - an array of pandas
    """Return a column of strings that may be missing."""
    import pandas as pd

    return pd.array(list(values), dtype=pd.StringDtype())


class Findings(Result):
    """Findings of one series: a :class:`~ho_detect.results.result.Result` with what is done with one.

    Prints as sentences; in a notebook it shows the sentences, the lesions as a table and a picture. Parameters are
    those of :class:`~ho_detect.results.result.Result`.
    """

    @classmethod
    def of(cls, result: Result) -> Findings:
        """Return the findings of a result."""
        return cls(**{f.name: getattr(result, f.name) for f in fields(result)})

    @classmethod
    def load(
        cls, folder: str | Path, ct: str | Path | HuVolume | None = None, key_file: str | Path | None = None
    ) -> Findings:
        """Read a saved result folder back: all that can be done with fresh findings can be done with these.

        Parameters
        ----------
        folder
            What :meth:`save` or ``ho-detect run`` wrote for one series.
        ct
            Folder or file of the CT, or the CT itself. It is read when it is needed: for pictures, pages, DICOM and
            comparisons. Without it the folder that the record names (with ``keep_identity`` alone it does).
        key_file
            Of the pseudonyms of the run, for DICOM objects whose references to images are the same again.

        Raises
        ------
        UsageError
            No result is there, or a file of it cannot be read.
        RecordError
            Its record is of a version that this one does not read.
        """
        if isinstance(ct, str):
            ct = Path(ct)
        return cls.of(load_result(Path(folder), ct, None if key_file is None else Pseudonyms.from_file(Path(key_file))))

    def __str__(self) -> str:
        return "\n".join(record_sentences(self.record)) or "No hip in view."

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

    @property
    def source(self) -> Path | None:
        """Folder of the series, true name; None for an image, and for saved findings that do not hold it."""
        if isinstance(self.scan, HuVolume) and self.scan.source is not None:
            return self.scan.source.entry.folder
        stated = self.record.series.source
        return None if stated is None else Path(stated)

    def hips_frame(self) -> pd.DataFrame:
        """Return one row per hip: ``source``, then the columns of ``summary.csv``."""
        return self._frame(rows.HipRow, rows.hip_rows(self.record))

    def lesions_frame(self) -> pd.DataFrame:
        """Return one row per lesion: ``source``, then the columns of ``lesions.csv``."""
        return self._frame(rows.LesionRow, rows.lesion_rows(self.record))

    def excluded_frame(self) -> pd.DataFrame:
        """Return one row per dense thing that was detected and not counted: ``source``, then reason and measures."""
        return self._frame(rows.ExcludedRow, rows.excluded_rows(self.record))

    def _frame(self, row_type: type[msgspec.Struct], made: Sequence[msgspec.Struct]) -> pd.DataFrame:
        """Return rows with the folder of the series, which is on no disk unless the user writes it there."""
        from ho_detect.export.tables import frame

        found = frame(row_type, made)
        place = None if self.source is None else str(self.source)
        found.insert(0, "source", pd_strings([place] * len(found)))
        return found

    def lesions_array(self) -> LabelArray:
        """Return the label map as an array (i, j, k) with the affine to RAS mm that fits it, as nibabel has them."""
        return LabelArray(self.labels.transpose(2, 1, 0), self.grid.to_ras())

    def to_nibabel(self, what: What = "lesions") -> Any:  # noqa: ANN401 - nibabel has no types
        """Return a label map, or the CT, as a nibabel image; ``what`` as for :meth:`to_simpleitk`."""
        from nibabel.nifti1 import Nifti1Image

        made: Any = Nifti1Image
        return made(self._array(what).transpose(2, 1, 0), self.grid.to_ras())

    def to_simpleitk(self, what: What = "lesions") -> Any:  # noqa: ANN401 - SimpleITK has no types
        """Return a label map, or the CT, as a SimpleITK image.

        Parameters
        ----------
        what
            ``lesions``: the value is the lesion's ``id``; ``detected``: that of what was not counted, its ``number``;
            ``bones``: native bone (:meth:`native_bone`); ``ct``: HU.

        Raises
        ------
        UsageError
            The findings were saved without it, and their CT is not known; or SimpleITK is not installed.
        """
        return self.grid.to_simpleitk(self._array(what))

    def _array(self, what: What) -> NDArray[Any]:
        if what == "ct":
            return self.volume.hu
        found = {"lesions": lambda: self.labels, "detected": self.detected_things, "bones": self.native_bone}[what]()
        if found is None:
            raise UsageError(f"the findings were made without {what}")
        return np.asarray(found)

    def plot(self, lesion_id: int | None = None) -> Figure:
        """Draw the hips in projection and slices through the largest lesions; or slices through one lesion.

        Raises
        ------
        KeyError
            There is no lesion of that id.
        UsageError
            matplotlib is not installed.
        """
        from ho_detect.export.pictures.figures import lesion_figure, overview

        need("plot()", "notebook", "matplotlib")
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
        UsageError
            ``settings.output`` asks for DICOM, and the libraries of the extra ``dicom`` are not installed.
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
            The findings were not made from DICOM files, or the libraries of the extra ``dicom`` are not installed.
        OSError
            A file cannot be written.
        """
        from ho_detect.export.dicom.write import write_dicom

        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        return write_dicom(self, folder)
