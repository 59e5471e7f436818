"""Grades only rise when a gap shortens; a bridge is the highest; each gives one of its declared values."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from made_findings import make_lesion

from ho_detect.detection.grade.systems import GRADES, brooker, della_valle, femur_pelvis_gap_mm, mavrogenis
from ho_detect.settings import DetectionSettings

SETTINGS = DetectionSettings()
#: Attached to, distance to the femur and to the pelvis, to an opposing lesion, diameter, sector.
gaps = st.one_of(st.none(), st.floats(0, 40))
lesions = st.lists(
    st.builds(
        lambda attached, femur, pelvis, opposing, long, sector: make_lesion(
            attached_to=attached,
            gap_femur_mm=0.0 if "femur" in attached else femur,
            gap_pelvis_mm=0.0 if "pelvis" in attached else pelvis,
            gap_opposing_mm=opposing,
            max_diameter_mm=long,
            sector=sector,
        ),
        st.sampled_from([(), ("femur",), ("pelvis",), ("femur", "pelvis")]),
        gaps,
        gaps,
        gaps,
        st.floats(1, 80),
        st.sampled_from(["anterior", "posterior", "medial", "lateral"]),
    ),
    max_size=4,
)


@given(found=lesions)
def test_each_gives_one_of_its_values(found):
    for grade in GRADES:
        assert grade.function(found, SETTINGS) in (*grade.values, None)
    assert len(GRADES) == 3


@given(found=lesions)
def test_a_lesion_more_lowers_no_class(found):
    more = [*found, make_lesion(attached_to=(), gap_femur_mm=9.0, gap_pelvis_mm=9.0)]
    order = ("0", "I", "II", "III", "IV")
    assert order.index(brooker(more, SETTINGS)) >= order.index(brooker(found, SETTINGS))
    assert della_valle(more, SETTINGS) >= della_valle(found, SETTINGS)


@given(found=lesions)
def test_a_bridge_is_the_highest(found):
    bridge = make_lesion(attached_to=("femur", "pelvis"), gap_femur_mm=0.0, gap_pelvis_mm=0.0)
    assert brooker([*found, bridge], SETTINGS) == "IV"
    assert della_valle([*found, bridge], SETTINGS) == "C"


def test_a_spur_is_graded_by_what_it_leaves_open():
    limit = SETTINGS.short_gap_mm
    short, long = (
        make_lesion(attached_to=("femur",), gap_femur_mm=0.0, gap_pelvis_mm=mm, gap_opposing_mm=None)
        for mm in (limit - 0.1, limit)
    )
    assert [brooker([x], SETTINGS) for x in (short, long)] == ["III", "II"]
    assert [della_valle([x], SETTINGS) for x in (short, long)] == ["C", "B"]


def test_the_gap_is_that_to_the_other_bone_or_the_opposing_one_where_that_is_nearer():
    on_femur = {"attached_to": ("femur",), "gap_femur_mm": 0.0}
    assert femur_pelvis_gap_mm(make_lesion(**on_femur, gap_pelvis_mm=4.5, gap_opposing_mm=None)) == 4.5
    assert femur_pelvis_gap_mm(make_lesion(**on_femur, gap_pelvis_mm=4.5, gap_opposing_mm=2.0)) == 2.0
    assert femur_pelvis_gap_mm(make_lesion(**on_femur, gap_pelvis_mm=None, gap_opposing_mm=None)) is None
    assert femur_pelvis_gap_mm(make_lesion(gap_femur_mm=3.0, gap_pelvis_mm=4.5)) is None


def test_sectors_make_the_type():
    def kind(*sectors):
        return mavrogenis([make_lesion(sector=s) for s in sectors], SETTINGS)

    assert [kind("anterior"), kind("posterior"), kind("medial", "anterior")] == ["1", "2", "3"]
    assert kind("anterior", "posterior") == kind("anterior", "medial", "lateral") == "4"
    assert kind("lateral") is None
    assert kind() is None
