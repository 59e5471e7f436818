import msgspec
import pytest
from made_findings import make_hip, make_lesion

from ho_detect.acquisition.volume.hu_volume import SeriesRecord
from ho_detect.anatomy.regions.muscle_names import MuscleVolume
from ho_detect.detection.grade.hip import Hip
from ho_detect.detection.grade.systems import GRADES
from ho_detect.detection.measure.lesion import Lesion
from ho_detect.export.pages.rows import (
    ACQUISITION_ROWS,
    HIP_FIGURES,
    HIP_ROWS,
    LESION_COLUMNS,
    LESION_ROWS,
    Row,
    cell,
    lines,
)
from ho_detect.export.pages.settings_table import settings_table
from ho_detect.flags import null
from ho_detect.settings import Settings


def row(rows, field):
    return next(r for r in rows if r.field == field)


@pytest.mark.parametrize(
    ("rows", "record_type", "said_elsewhere"),
    [
        (HIP_ROWS, Hip, {"side", "reasons", "not_said"}),
        (LESION_ROWS, Lesion, {"id", "side", "sector", "not_said"}),
    ],
)
def test_every_field_of_the_record_is_on_the_page(rows, record_type, said_elsewhere):
    assert {r.field for r in rows} | said_elsewhere == {f.name for f in msgspec.structs.fields(record_type)}


def test_acquisition_is_on_the_page_as_it_is_stated_or_with_the_reason():
    series = SeriesRecord(
        study_uid="", series_uid="", n_slices=1, rows=1, columns=1, spacing_mm=(1.0, 1.0, 1.0), kvp=120.0,
        slice_thickness_mm=0.625, ctdivol_mgy=6.54, not_said=(null("dlp_mgy_cm", "not_stated"),),
    )  # fmt: skip
    said = {line.label: line.cells[0] for line in lines(ACQUISITION_ROWS, (series,))}
    assert [said[n].text for n in ("Tube voltage", "Slice thickness", "CTDIvol")] == ["120", "0.625", "6.5"]
    assert said["Dose length product"].why == null("x", "not_stated").message
    assert not said["Noise in smoothed muscle"].known


def test_what_is_shown_large_is_a_row():
    assert set(HIP_FIGURES) <= {r.field for r in HIP_ROWS}
    assert set(LESION_COLUMNS) <= {r.field for r in LESION_ROWS}


class TestCell:
    @pytest.mark.parametrize(
        ("field", "value", "said"),
        [
            ("volume_mm3", 41260.0, "41.3"),
            ("volume_mm3", 84.2, "0.08"),
            ("mean_hu", 0.0, "0"),
            ("muscle_fraction", 0.875, "88"),
            ("attached_to", ("femur", "pelvis"), "femur and pelvis"),
            ("atypical_pattern", True, "yes"),
            ("muscle_region", "gluteus_medius_minimus", "gluteus medius or minimus"),
            ("volume_second_threshold_mm3", 0.0, "0"),
            ("volume_mm3", 2.0, "<0.01"),
            ("confidence", 0.998, ">0.99"),
            (
                "muscle_volumes_mm3",
                (MuscleVolume("gluteus_maximus_left", 3300.0), MuscleVolume("none", 220.0)),
                "left gluteus maximus 3.30, in none 0.22",
            ),
            ("extent_lps_mm", (10.0, 12.4, 30.0), "10 × 12 × 30"),
            ("centroid_lps_mm", (-87.2, -12.0, 301.0), "87 R, 12 A, 301 S"),
        ],
    )
    def test_values_in_words(self, field, value, said):
        got = cell(row(LESION_ROWS, field), make_lesion(**{field: value}))
        assert (got.text, got.known) == (said, True)

    def test_zero_is_a_value_and_null_is_not(self):
        gap = row(LESION_ROWS, "gap_femur_mm")
        assert cell(gap, make_lesion(gap_femur_mm=0.0)).known
        assert not cell(gap, make_lesion(gap_femur_mm=None)).known

    def test_null_has_the_reason_of_the_record(self):
        hip = make_hip(mavrogenis=None, not_said=(null("mavrogenis", "no_type_fits"),))
        got = cell(row(HIP_ROWS, "mavrogenis"), hip)
        assert got.text == "cannot be said"
        assert got.why == "no type is defined for the sectors with ossification"

    def test_differences_have_their_sign(self):
        signed = row(HIP_ROWS, "head_hu_difference")
        assert cell(signed, make_hip(head_hu_difference=-31.6)).text == "−32"
        assert cell(signed, make_hip(head_hu_difference=31.6)).text == "+32"


class TestLines:
    def test_a_cell_for_each_thing_and_the_meaning_of_the_schema(self):
        found = lines([Row("Coverage", "%", "coverage", str)], (make_hip("right"), make_hip("left")))
        assert len(found[0].cells) == 2
        assert found[0].meaning == "Share of the ball of 60 mm about the head center in view."

    def test_a_meaning_says_the_value_of_a_setting_not_its_name(self):
        (default,) = lines([row(LESION_ROWS, "maturity")], (make_lesion(),))
        (other,) = lines(
            [row(LESION_ROWS, "maturity")], (make_lesion(),), {"judge": {}, "detection": {"mature_rim_hu": 777.0}}
        )
        assert "detection." not in default.meaning
        assert "777 HU" in other.meaning
        assert "777" not in default.meaning

    def test_what_needs_a_word_beside_it_has_one(self):
        for rows, thing, names in (
            (HIP_ROWS, make_hip(), {g.name for g in GRADES} | {"head_mean_hu", "neck_mean_hu"}),
            (LESION_ROWS, make_lesion(), {"maturity", "confidence"}),
        ):
            noted = {r.field for r, line in zip(rows, lines(rows, (thing,)), strict=True) if line.note}
            assert names <= noted

    def test_beside_metal_grades_are_the_least_and_the_gap_is_the_most(self):
        hip = make_hip(grades_at_least=True, brooker_ct="II", min_gap_mm=12.3)
        assert cell(row(HIP_ROWS, "brooker_ct"), hip).text == "at least II"
        assert cell(row(HIP_ROWS, "min_gap_mm"), hip).text == "at most 12.3"

    def test_no_things_no_rows(self):
        assert lines(LESION_ROWS, ()) == ()


class TestSettings:
    def test_each_has_its_meaning(self):
        unexplained = [s.name for s in settings_table(Settings().deciding()) if not s.meaning]
        assert unexplained == []

    def test_what_was_changed_is_told(self):
        changed = settings_table(Settings.from_dict({"judge": {"min_volume_mm3": 99.0}}).deciding())
        assert [(s.name, s.value) for s in changed if not s.is_default] == [("judge.min_volume_mm3", "99 mm³")]
