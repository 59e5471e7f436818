"""One study from Python, without writing anything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from ho_detect.acquisition.volume.array import is_image_file, volume_of
from ho_detect.errors import SeriesError, UsageError
from ho_detect.findings import Findings
from ho_detect.flags import flag
from ho_detect.settings import Settings
from ho_detect.system.pseudonyms import Pseudonyms

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from ho_detect.acquisition.series.index import SeriesEntry
    from ho_detect.analyze import Analysis
    from ho_detect.results.result import Result


class SeveralPatientsError(UsageError):
    """More than one patient below a path where one is asked for.

    Parameters
    ----------
    patients
        Folders of the series that can be analysed, by patient id; true names.
    path
        As it was given.
    """

    def __init__(self, patients: Mapping[str, Sequence[Path]], path: Path) -> None:
        self.patients = {patient: tuple(folders) for patient, folders in patients.items()}
        said = f"{len(patients)} patients, where one study is asked for: give the folder of one, or series="
        super().__init__(said, path)

    def __str__(self) -> str:
        lines = [f"  {who or 'no patient id'}: {', '.join(map(str, found))}" for who, found in self.patients.items()]
        return "\n".join([super().__str__(), *lines])

    def __reduce__(self) -> tuple[type[SeveralPatientsError], tuple[Any, ...]]:
        return type(self), (self.patients, self.path)


def detect(
    path: Any,  # noqa: ANN401 - also images of libraries that may be there or not
    settings: Settings | Mapping[str, Any] | None = None,
    series: str | None = None,
    anatomy: str | Path | None = None,
    *,
    affine: ArrayLike | None = None,
    key_file: str | Path | None = None,
) -> Findings:
    """Find ossification near the hips in one CT study.

    Parameters
    ----------
    path
        A folder, searched through all levels, or one DICOM file. Or HU that are no DICOM: the path of a NIfTI, NRRD or
        MetaImage file, a SimpleITK or nibabel image, or an array (i, j, k) with its ``affine``.
    settings
        What can change a result: settings, or nested plain values such as ``{"judge": {"keep": 0.5}}``; without them
        the defaults.
    series
        Series Instance UID of the series to analyse. Without it the one that ``ho-detect run`` would analyse; where it
        would analyse several, the first by the rules of :mod:`ho_detect.acquisition.series.preference` that can be
        read and has a hip in view; a flag says so where a better one gave no result.
    anatomy
        Folder of NIfTI masks (``docs/anatomy.md`` has their names), used in place of what is found: those of this
        study, or a folder for each study (:mod:`ho_detect.anatomy.user_masks.folders`).
    affine
        Of an array: (4, 4), from index (i, j, k) to RAS mm, as nibabel has it.
    key_file
        Secret of at least 16 bytes: ``study_uid`` and ``series_uid`` of a series are then the same in every call, and
        those of ``ho-detect run --key-file``. Without it they are new ones each time.

    Returns
    -------
    The findings: print them, show them in a notebook, or take ``.hips``, ``.lesions``, ``.to_dict()``.

    Raises
    ------
    SeveralPatientsError
        Series of more than one patient can be analysed there, and none was asked for: ``.patients`` lists them.
    UsageError
        The path is not there, or holds no series of that UID; no masks are where they are said to be; what is given is
        no image.
    SeriesError
        Nothing there can be analysed; ``.reason`` is the code of the series that came closest.
    """
    known = Settings.of(settings)
    masks = None if anatomy is None else Path(anatomy)
    if not isinstance(path, str | Path) or is_image_file(Path(path)):
        return Findings.of(_of_image(path, known, affine, masks))
    keep = known.output.keep_identity
    mine = None if key_file is None else Pseudonyms.from_file(Path(key_file), keep_identity=keep)
    return Findings.of(analyze_study(Path(path), known, series, masks, mine)[1].result)


def _of_image(image: Any, settings: Settings, affine: ArrayLike | None, masks: Path | None) -> Result:  # noqa: ANN401
    from ho_detect.analyze import analyze_with_anatomy

    return analyze_with_anatomy(volume_of(image, settings.acquisition, affine), settings, masks).result


def analyze_study(
    path: Path,
    settings: Settings,
    series: str | None = None,
    anatomy: Path | None = None,
    pseudonyms: Pseudonyms | None = None,
) -> tuple[SeriesEntry, Analysis]:
    """Do what :func:`detect` does; return the series that was analysed too, and the bones found.

    Raises
    ------
    SeveralPatientsError, UsageError, SeriesError
        As :func:`detect`.
    """
    from ho_detect.acquisition.headers.files import is_there
    from ho_detect.acquisition.series.index import index_series
    from ho_detect.acquisition.volume.load import load_volume
    from ho_detect.anatomy.user_masks.folders import assign_masks

    if not is_there(path):
        raise UsageError("no such file or folder", path)
    if series is not None:
        acquisition = msgspec.structs.replace(settings.acquisition, all_series=True)
        settings = msgspec.structs.replace(settings, acquisition=acquisition)
    entries = by_preference(index_series([path], settings.acquisition), series)
    _check_one_patient(entries, path)
    # long to import, and not needed to say what is wrong with the path
    from ho_detect.analyze import analyze_with_anatomy

    pseudonyms = pseudonyms or Pseudonyms.random(keep_identity=settings.output.keep_identity)
    assigned = assign_masks(anatomy, entries, [""] * len(entries))
    errors: list[SeriesError] = []
    for entry, masks in assigned:
        if errors:
            noted = (*entry.notes, flag("instead_of_better", "; ".join(e.reason for e in errors)))
            entry = msgspec.structs.replace(entry, notes=noted)
        try:
            return entry, analyze_with_anatomy(load_volume(entry, settings, pseudonyms), settings, masks)
        except SeriesError as error:
            errors.append(error)
    raise next((error for error in errors if error.is_failure), errors[0])


def _check_one_patient(entries: list[SeriesEntry], path: Path) -> None:
    """Raise SeveralPatientsError where series state different patient ids; one without is no other patient for that."""
    patients: dict[str, dict[Path, None]] = {}
    for entry in entries:
        patients.setdefault(entry.patient_id, {})[entry.folder] = None
    if len(patients.keys() - {""}) > 1:
        raise SeveralPatientsError({patient: tuple(found) for patient, found in sorted(patients.items())}, path)


def by_preference(entries: list[SeriesEntry], series: str | None = None) -> list[SeriesEntry]:
    """Return the series to analyse, the one that suits bone best first.

    Raises
    ------
    UsageError
        No series has that UID.
    SeriesError
        None can be analysed.
    """
    from ho_detect.acquisition.series.preference import in_its_own_right, preference

    if series is not None:
        entries = [e for e in entries if e.series_uid == series]
        if not entries:
            raise UsageError(f"no series with the UID {series!r}")
    usable = [e for e in map(in_its_own_right, entries) if e.analyse]
    if usable:
        return sorted(usable, key=preference)
    if not entries:
        raise SeriesError("not_ct", "no CT series under the path")
    raise _closest_reason(entries)


def _closest_reason(entries: list[SeriesEntry]) -> SeriesError:
    """Why nothing is analysed: the reason of what came closest, a failed CT before what is rightly left out."""
    errors = [(SeriesError(e.reason or "internal_error", e.detail), e.n_slices) for e in entries]
    return max(errors, key=lambda pair: (pair[0].is_failure, pair[0].reason != "not_ct", pair[1]))[0]
