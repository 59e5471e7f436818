"""Which folder of masks belongs to which series."""

from __future__ import annotations

from pathlib import Path

import pytest

from ho_detect.acquisition.series.entry import SeriesEntry
from ho_detect.anatomy.user_masks.folders import assign_masks
from ho_detect.errors import UsageError


def series(study="1.2.3", number=1, folder="/archive/patient_07/ct", reason=None):
    uid = f"{study}.{number}"
    return SeriesEntry(identity=uid, study_uid=study, series_uid=uid, patient_id="p", n_files=1, folder=Path(folder),
                       reason=reason)  # fmt: skip


def folders(root, *names):
    for name in names:
        (root / name).mkdir(parents=True, exist_ok=True)
        (root / name / "femur_left.nii.gz").touch()
    return root


def assigned(root, *entries, names=None):
    found = assign_masks(root, entries, names or [f"series-{k}" for k, _ in enumerate(entries)])
    return [None if folder is None else folder.name for _, folder in found]


def test_without_a_folder_nothing_is_assigned_and_nothing_said():
    entry = series()
    assert assign_masks(None, [entry], ["x"]) == [(entry, None)]


@pytest.mark.parametrize("name", ["series-0", "1.2.3.1", "1.2.3", "ct", "patient_07", "archive"])
def test_a_folder_is_found_by_each_name(tmp_path, name):
    assert assigned(folders(tmp_path, name, "other"), series()) == [name]


def test_by_the_name_of_an_archive(tmp_path):
    root = folders(tmp_path, "patient_07")
    assert assigned(root, series(folder="/archive/patient_07.zip/ct")) == ["patient_07"]


@pytest.mark.parametrize(
    ("names", "chosen"),
    [
        (("patient_07", "ct"), "ct"),
        (("ct", "1.2.3"), "1.2.3"),
        (("1.2.3", "1.2.3.1"), "1.2.3.1"),
        (("1.2.3.1", "series-0"), "series-0"),
    ],
)
def test_the_closer_name_holds(tmp_path, names, chosen):
    assert assigned(folders(tmp_path, *names), series()) == [chosen]


def test_masks_in_the_folder_itself_are_those_of_the_one_study(tmp_path):
    folders(tmp_path, ".")
    assert assigned(tmp_path, series(number=1), series(number=2)) == [tmp_path.name] * 2


def test_a_folder_that_fits_two_studies_is_an_error_of_both(tmp_path):
    two = [series("1.2.3", folder="/archive/p/a"), series("1.2.4", folder="/archive/p/b")]
    found = assign_masks(folders(tmp_path, "p"), two, ["", ""])
    assert [(entry.reason, folder) for entry, folder in found] == [("bad_anatomy", None)] * 2
    assert {entry.detail for entry, _ in found} == {"one folder of masks fits 2 studies"}


def test_a_series_without_masks_is_flagged(tmp_path):
    two = [series("1.2.3", folder="/archive/a"), series("1.2.4", folder="/archive/b")]
    found = assign_masks(folders(tmp_path, "a"), two, ["", ""])
    assert [[f.code for f in entry.notes] for entry, _ in found] == [[], ["anatomy_missing"]]


def test_a_series_that_is_not_analysed_needs_none(tmp_path):
    two = [series("1.2.3", folder="/archive/a"), series("1.2.4", folder="/archive/a", reason="localizer")]
    found = assign_masks(folders(tmp_path, "a"), two, ["", ""])
    assert [(folder is None, entry.repairs, entry.reason) for entry, folder in found] == [
        (False, (), None),
        (True, (), "localizer"),
    ]


def test_a_folder_that_fits_nothing_or_is_not_there_is_wrong_usage(tmp_path):
    with pytest.raises(UsageError, match="no folder that is named"):
        assigned(folders(tmp_path, "other"), series())
    with pytest.raises(UsageError, match="cannot be read"):
        assigned(tmp_path / "none", series())
