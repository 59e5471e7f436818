"""The table and the record of a comparison say the same, and fit the schema that ships."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scanned_twice import compared, follow_up

from ho_detect.followup.schema import COMPARISON_SCHEMA_FILE, comparison_schema_bytes


def test_schema_is_current_and_output_validates(tmp_path):
    current = COMPARISON_SCHEMA_FILE.read_bytes() == comparison_schema_bytes()
    assert current, "run: python -m ho_detect.followup.schema"
    jsonschema = pytest.importorskip("jsonschema", reason="jsonschema is not installed")
    follow_up().save(tmp_path)
    values = json.loads((tmp_path / "comparison.json").read_text())
    jsonschema.Draft202012Validator(json.loads(comparison_schema_bytes())).validate(values)


def test_table_says_what_the_record_says(tmp_path):
    pd = pytest.importorskip("pandas")
    follow_up().save(tmp_path)
    table = pd.read_csv(tmp_path / "comparison.csv")
    assert list(table.what) == ["hip", "hip", "lesion", "lesion", "lesion"]
    lesions = table[table.what == "lesion"]
    assert list(lesions.change) == [x.change for x in compared().lesions]
    assert list(lesions.later_volume_mm3) == [x.later_volume_mm3 for x in compared().lesions]
    assert lesions.earlier_volume_mm3.isna().sum() == 1


def test_ids_are_those_of_the_label_maps_beside_it(tmp_path):
    nib = pytest.importorskip("nibabel", reason="nibabel is not installed")
    follow_up().save(tmp_path)
    for name, ids in (("earlier", "earlier_ids"), ("later", "later_ids")):
        labels = np.asarray(nib.load(tmp_path / name / "lesions.nii.gz").dataobj)
        there = {i for x in compared().lesions for i in getattr(x, ids)}
        assert set(np.unique(labels)) - {0} == there
