"""What a Python user holds: a result that can be printed, drawn, reported, saved and read back."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from ho_detect.acquisition.volume.hu_volume import HuVolume
from ho_detect.results import rows
from ho_detect.results.load import load_result
from ho_detect.results.record import record_json
from ho_detect.results.result import Result
from ho_detect.results.sentences import record_sentences
from ho_detect.system.pseudonyms import Pseudonyms

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


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

    def hips_frame(self) -> pd.DataFrame:
        """Return one row per hip, the columns of ``summary.csv``."""
        from ho_detect.export.tables import frame

        return frame(rows.HipRow, rows.hip_rows(self.record))

    def lesions_frame(self) -> pd.DataFrame:
        """Return one row per lesion, the columns of ``lesions.csv``."""
        from ho_detect.export.tables import frame

        return frame(rows.LesionRow, rows.lesion_rows(self.record))

    def excluded_frame(self) -> pd.DataFrame:
        """Return one row per dense thing that was detected and not counted, with its reason."""
        from ho_detect.export.tables import frame

        return frame(rows.ExcludedRow, rows.excluded_rows(self.record))

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
