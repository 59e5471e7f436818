"""Rows say what the record says: each hip and lesion once, in its order, points as three numbers, words as words."""

from __future__ import annotations

import msgspec
import pytest
from made_findings import make_hip, make_lesion, make_record

from ho_detect.detection.grade.hip import Hip
from ho_detect.detection.measure.lesion import Lesion
from ho_detect.flags import flag
from ho_detect.results.hip_fields import HIP_FIELDS
from ho_detect.results.lesion_fields import LESION_FIELDS
from ho_detect.results.rows import (
    ExcludedRow,
    HipRow,
    LesionRow,
    column_names,
    excluded_rows,
    hip_rows,
    lesion_rows,
    words_of,
)

PLACE = ("folder", "study_uid", "series_uid")


@pytest.mark.parametrize(("row", "record", "fields"), [(HipRow, Hip, HIP_FIELDS), (LesionRow, Lesion, LESION_FIELDS)])
def test_every_field_has_its_columns_in_its_order(row, record, fields):
    columns = [name for field in fields for name in column_names(field, record)]
    assert row.__struct_fields__ == (*PLACE, *columns)
    assert len(set(columns)) == len(columns) > len(fields)


def test_one_row_for_each_in_the_order_of_the_record():
    record = make_record()
    hips, lesions = hip_rows(record, "series-1"), lesion_rows(record)
    assert [row.side for row in hips] == [hip.side for hip in record.hips]
    assert [row.id for row in lesions] == [lesion.id for lesion in record.lesions]
    assert {(row.folder, row.study_uid, row.series_uid) for row in hips} == {("series-1", "2.25.1", "2.25.2")}
    assert {row.folder for row in lesions} == {None}


def test_a_point_that_is_not_known_is_three_nulls():
    (known, unknown) = hip_rows(make_record(hips=(make_hip(), make_hip("right", center_lps_mm=None)), lesions=()))
    assert (known.center_x_lps_mm, known.center_y_lps_mm, known.center_z_lps_mm) == make_hip().center_lps_mm
    assert (unknown.center_x_lps_mm, unknown.center_y_lps_mm, unknown.center_z_lps_mm) == (None,) * 3


def test_flags_and_nulls_are_their_codes():
    hip = make_hip(reasons=(flag("hidden_by_metal", "81 %"),))
    (row,) = hip_rows(make_record(hips=(hip,), lesions=()))
    assert row.reasons == ("hidden_by_metal",)
    assert row.not_said == tuple(f"{n.field}={n.code}" for n in hip.not_said)


def test_null_stays_null():
    (row,) = lesion_rows(make_record(hips=(), lesions=(make_lesion(gap_femur_mm=None, core_hu=None),)))
    assert (row.gap_femur_mm, row.core_hu) == (None, None)
    assert row.mean_hu == make_lesion().mean_hu


def test_what_is_not_counted_keeps_all_it_has():
    record = make_record()
    rows = excluded_rows(record)
    assert [type(row) for row in rows] == [ExcludedRow] * len(record.excluded)
    for row, thing in zip(rows, record.excluded, strict=True):
        assert (row.centroid_x_lps_mm, row.centroid_y_lps_mm, row.centroid_z_lps_mm) == thing.centroid_lps_mm
        kept = msgspec.structs.asdict(thing)
        del kept["centroid_lps_mm"]
        assert {name: getattr(row, name) for name in kept} == kept
    assert len(rows) == 2


def test_words_that_may_stand_in_a_column_are_those_of_the_record():
    words = words_of(Hip)
    assert set(words["finding"]) == {"present", "absent", "indeterminate"}
    assert set(words["brooker_ct"]) == {"0", "I", "II", "III", "IV"}
    assert "n_lesions" not in words
    with pytest.raises(TypeError, match="not a record type"):
        words_of(int)
