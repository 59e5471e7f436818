"""The first sentence of a hip answers: is it there, how much, how mature, how large, where, what it leaves open."""

import msgspec
from made_findings import make_findings, make_hip, make_lesion, make_record

from ho_detect.anatomy.metal.record import ImplantPart, MetalRecord
from ho_detect.export.pages.report import report_html
from ho_detect.flags import flag
from ho_detect.results.hip_words import hip_sentence, metal_words, reason_words


def present(**changes):
    values = {"finding": "present", "n_lesions": 1, "total_volume_mm3": 3520.0, "sectors": ("anterior",)}
    return make_hip(**values | {"joint_space_resolved": None} | changes)


def test_one_lesion_is_told_whole():
    hip = present(min_gap_mm=12.4, brooker_ct="II", della_valle_ct="B", mavrogenis="1")
    lesion = make_lesion(attached_to=("femur",), gap_femur_mm=0.0, gap_pelvis_mm=12.4)
    assert hip_sentence(hip, [lesion, make_lesion(2, side="right")]) == (
        "Left hip: ossification present, 1 lesion, 3.5 mL, mature by rim density, maximum diameter 31 mm, anterior, "
        "about the iliopsoas or rectus femoris, attached to femur, gap to the pelvis 12 mm; "
        "minimum femur–pelvis gap 12 mm; Brooker II, Della Valle B, Mavrogenis 1 (from CT)."
    )


def test_of_several_lesions_the_largest_is_told():
    hip = present(n_lesions=3, sectors=("anterior", "medial"), bridging=True, brooker_ct="IV")
    lesions = [
        make_lesion(1, volume_mm3=2900.0, attached_to=("femur", "pelvis")),
        make_lesion(2, volume_mm3=500.0, maturity="immature"),
        make_lesion(3, volume_mm3=120.0),
    ]
    assert hip_sentence(hip, lesions).startswith(
        "Left hip: ossification present, 3 lesions, 3.5 mL, 2 mature and 1 immature by rim density, anterior and "
        "medial; the largest, lesion 1: 2.9 mL, maximum diameter 31 mm, anterior, about the iliopsoas or rectus "
        "femoris, attached to femur and pelvis; bridges femur and pelvis; Brooker IV, "
    )


def test_of_an_island_the_gap_to_the_nearer_bone_alone_is_told():
    sentence = hip_sentence(present(), [make_lesion(gap_femur_mm=10.0, gap_pelvis_mm=101.0)])
    assert "free in soft tissue, gap to the femur 10 mm;" in sentence
    assert "101" not in sentence
    assert "femur–pelvis" not in sentence


def test_a_hip_without():
    assert hip_sentence(make_hip("right", joint_space_resolved=None), []) == "Right hip: no ossification found."
    part = make_hip(status="partly_in_view", joint_space_resolved=None)
    assert hip_sentence(part, []) == "Left hip: no ossification found in the part that is in view."


def test_beside_metal_the_hidden_share_is_said_and_grades_are_the_least():
    hip = present(
        status="assessed_beside_metal", hidden_share=0.234, grades_at_least=True, min_gap_mm=12.0, brooker_ct="II",
        brooker_ct_at_most="IV",
    )  # fmt: skip
    sentence = hip_sentence(hip, [make_lesion(attached_to=("femur",))])
    assert "minimum femur–pelvis gap at most 12 mm" in sentence
    assert "Brooker at least II" in sentence
    assert "at most IV" not in sentence
    assert sentence.endswith("metal hides 23 % of the joint region.")
    without = hip_sentence(make_hip(hidden_share=0.234, grades_at_least=True, joint_space_resolved=None), [])
    assert without == "Left hip: no ossification found beside metal; metal hides 23 % of the joint region."


def test_parts_of_implants_are_named_at_their_hip():
    common = {"volume_mm3": 900.0, "length_mm": 40.0, "center_lps_mm": (0.0, 0.0, 0.0), "radius_mm": 3.0}
    kinds = (("screw", "left"), ("plate", "left"), ("screw", "left"), ("cup", "right"))
    parts = tuple(ImplantPart(kind=kind, side=side, **common) for kind, side in kinds)
    metal = MetalRecord(volume_mm3=1.0, hidden_volume_mm3=2.0, parts=parts)
    assert metal_words("left", metal) == "metal: screw (2) and plate"
    assert metal_words("right", metal) == "metal: cup"
    assert metal_words("left", None) == ""
    html = report_html(make_findings(record=msgspec.structs.replace(make_record(), metal=metal)))
    assert html.count("<td>Screw</td>") == 2
    assert "<li>metal: cup</li>" in html


def test_what_is_not_known_is_said_without_codes_or_nested_brackets():
    assert hip_sentence(make_hip(status="not_in_view", finding=None), []) == "Left hip: not in view."
    hidden = make_hip(status="not_assessable", finding=None, reasons=(flag("hidden_by_metal", "81 % of 60 mm"),))
    assert hip_sentence(hidden, []).startswith("Left hip: not assessable: metal and its artefact hide")
    doubt = flag("set_aside_undecided", "native_unsure")
    doubtful = make_hip(finding="indeterminate", undecided_volume_mm3=700.0, joint_space_mean_mm=None, reasons=(doubt,))
    sentence = hip_sentence(doubtful, [])
    assert "indeterminate: undecided: joined with bone" in sentence
    assert "native_unsure" not in sentence
    assert "0.70 mL undecided, not counted" in sentence
    assert "joint space not measurable" in sentence
    assert "joint space 3.4 mm, minimum not measurable" in hip_sentence(make_hip(joint_space_min_mm=None), [])
    assert reason_words(flag("hip_cut_by_view", "81 % of it")).endswith("(81 % of it)")


def test_the_rest_of_a_hidden_hip_with_ossification():
    hip = present(status="not_assessable", reasons=(flag("hidden_by_metal"),))
    assert "the rest not assessable: metal" in hip_sentence(hip, [make_lesion()])
