"""Every field is declared once, and what is made from the declarations says what the records hold."""

import pytest
from made_findings import make_hip, make_lesion

from ho_detect.detection.grade.hip import Hip
from ho_detect.detection.measure.lesion import Lesion
from ho_detect.results.acquisition_fields import ACQUISITION_FIELDS
from ho_detect.results.coded_findings import hip_codes, hip_numbers, lesion_codes, lesion_numbers
from ho_detect.results.fields import UNITS
from ho_detect.results.hip_fields import HIP_FIELDS
from ho_detect.results.lesion_fields import LESION_FIELDS

LISTS = pytest.mark.parametrize(("fields", "record"), [(HIP_FIELDS, Hip), (LESION_FIELDS, Lesion)])
WITH_ACQUISITION = pytest.mark.parametrize("fields", [ACQUISITION_FIELDS, HIP_FIELDS, LESION_FIELDS])


@LISTS
def test_every_field_of_a_record_is_declared_once_and_in_its_order(fields, record):
    assert tuple(f.name for f in fields) == record.__struct_fields__


@WITH_ACQUISITION
def test_units_are_known_and_those_of_the_name(fields):
    assert len(fields) > 0
    endings = {"_mm3": "mm3", "_mm2": "mm2", "_mm": "mm", "_hu": "HU", "_mgy": "mGy", "_mgy_cm": "mGy.cm"}
    for f in fields:
        assert f.unit in {"", *UNITS}, f.name
        for ending, unit in endings.items():
            assert not f.name.endswith(ending) or f.unit == unit or f.name.endswith(f"_{unit}"), f.name


@WITH_ACQUISITION
def test_everything_has_a_definition_and_a_label_of_its_own(fields):
    assert all(len(f.definition) > 8 and "`" not in f.description for f in fields)
    labels = [f.page.label for f in fields if f.page]
    assert len(set(labels)) == len(labels)
    names = [(f.code, f.derived) for f in fields if f.code]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("fields", "thing", "numbers", "words"),
    [(HIP_FIELDS, make_hip(), hip_numbers, hip_codes), (LESION_FIELDS, make_lesion(), lesion_numbers, lesion_codes)],
    ids=["hip", "lesion"],
)
def test_what_has_a_code_and_a_value_is_said_to_other_systems(fields, thing, numbers, words):
    said = {n.name for n in numbers(thing)} | {s.name for s in words(thing)}
    expected = {f.code for f in fields if f.code and getattr(thing, f.name) not in (None, ())}
    expected |= {f.code for f in fields if f.empty and getattr(thing, f.name) == ()}
    assert said == expected
