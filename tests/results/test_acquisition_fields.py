"""Each value of an acquisition is there, or null with its reason."""

from dataclasses import replace

import numpy as np
import pytest
from dicom_files import write_series
from phantoms import volume

from ho_detect.acquisition.series.index import index_series
from ho_detect.acquisition.volume.hu_volume import SeriesRecord
from ho_detect.acquisition.volume.load import load_volume
from ho_detect.cohort.plan.series_rows import study_row
from ho_detect.results.acquisition_fields import ACQUISITION_FIELDS, with_acquisition
from ho_detect.results.rows import StudyRow
from ho_detect.settings import Settings
from ho_detect.system.pseudonyms import Pseudonyms

NAMES = [f.name for f in ACQUISITION_FIELDS]
KEY = Pseudonyms(b"k" * 32)


def reasons(series):
    return {n.field: n.code for n in series.not_said}


def loaded(folder, edit=None):
    write_series(folder, edit=edit)
    (entry,) = index_series([folder], Settings().acquisition)
    return entry, load_volume(entry, Settings(), KEY)


@pytest.mark.parametrize("noise_hu", [0.0, 12.5, float("nan")])
@pytest.mark.parametrize("known", [{}, {"kvp": 120.0, "contrast_stated": False}])
def test_a_field_is_null_if_and_only_if_it_has_a_reason(noise_hu, known):
    series = with_acquisition(volume(np.zeros((4, 4, 4)), **known), noise_hu)
    assert {n for n in NAMES if getattr(series, n) is None} == set(reasons(series))
    assert [n.field for n in series.not_said] == [n for n in NAMES if n in reasons(series)]


def test_the_reason_says_where_to_look(tmp_path):
    _, plain = loaded(tmp_path / "a")
    said = reasons(with_acquisition(plain, float("nan")))
    assert said["ctdivol_mgy"] == said["dlp_mgy_cm"] == said["contrast_agent"] == "not_stated"
    assert (said["contrast_phase"], said["noise_hu"]) == ("no_known_word", "no_muscle_seen")
    _, unknown = loaded(tmp_path / "b", lambda k, ds: setattr(ds, "ContrastBolusAgent", "CM"))
    assert reasons(with_acquisition(unknown, 9.0))["contrast_agent"] == "no_known_word"
    _, none = loaded(tmp_path / "c", lambda k, ds: setattr(ds, "ContrastBolusAgent", ""))
    assert reasons(with_acquisition(none, 9.0))["contrast_agent"] == "no_contrast_stated"
    assert set(reasons(with_acquisition(replace(plain, source=None), 9.0)).values()) == {"no_header"}


def test_the_table_of_series_says_what_the_record_says(tmp_path):
    def edit(k, ds):
        ds.CTDIvol, ds.ContrastBolusAgent, ds.SeriesDescription = 6.5, "IOMERON 350", "Pelvis venous"

    entry, scan = loaded(tmp_path, edit)
    row, record = study_row(1, entry, KEY), with_acquisition(scan, float("nan"))
    assert [getattr(row, n) for n in NAMES] == [getattr(record, n) for n in NAMES]
    assert (row.ctdivol_mgy, row.contrast_agent, row.contrast_phase) == (6.5, "iomeprol", "venous")


def test_every_field_is_one_of_the_record_and_a_column_at_the_end():
    assert set(NAMES) <= set(SeriesRecord.__struct_fields__)
    assert StudyRow.__struct_fields__[-len(NAMES) :] == tuple(NAMES)
