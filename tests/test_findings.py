import json

import msgspec
import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813
from made_findings import make_excluded, make_findings, make_hip, make_lesion, make_record

from ho_detect.anatomy.regions.muscle_groups import GROUPS
from ho_detect.detection.judge.excluded import EXCLUSIONS
from ho_detect.errors import UsageError
from ho_detect.flags import Flag, flag
from ho_detect.results.lesion_words import MUSCLES
from ho_detect.results.record import FindingsRecord
from ho_detect.results.schema import SCHEMA_FILE, schema_bytes, shipped_schema


@pytest.fixture
def validator():
    jsonschema = pytest.importorskip("jsonschema", reason="jsonschema is not installed")
    return jsonschema.Draft202012Validator(shipped_schema())


class TestSchema:
    def test_shipped_schema_is_current(self):
        assert SCHEMA_FILE.read_bytes() == schema_bytes(), "run: python -m ho_detect.results.schema"

    def test_output_validates(self, tmp_path, validator):
        folder = make_findings().save(tmp_path / "result")
        validator.check_schema(shipped_schema())
        validator.validate(json.loads((folder / "findings.json").read_text()))

    def test_names_of_findings_md_are_required(self, validator):
        values = make_findings().to_dict()
        for place, name in (
            (values, "schema_version"),
            (values["hips"][0], "brooker_ct"),
            (values["lesions"][0], "attached_to"),
            (values["lesions"][0], "muscle_region"),
            (values["hips"][0], "joint_space_min_mm"),
            (values["hips"][0], "not_said"),
            (values["excluded"][0], "reason"),
            (values["series"], "spacing_mm"),
        ):
            kept = place.pop(name)
            assert not validator.is_valid(values), name
            place[name] = kept
        assert validator.is_valid(values)

    def test_schema_refuses_a_wrong_side(self, validator):
        values = make_findings().to_dict()
        values["hips"][0]["side"] = "up"
        assert not validator.is_valid(values)


class TestJson:
    def test_reads_back_as_the_same_record(self):
        findings = make_findings()
        assert msgspec.json.decode(findings.to_json(), type=FindingsRecord) == findings.record
        assert json.loads(findings.to_json()) == findings.to_dict()

    def test_nan_is_null(self):
        hip = make_hip(min_gap_mm=float("nan"), total_volume_mm3=float("inf"))
        findings = make_findings(record=make_record(hips=(hip,), lesions=()))
        assert "NaN" not in findings.to_json()
        assert findings.to_dict()["hips"][0]["min_gap_mm"] is None
        assert findings.to_dict()["hips"][0]["total_volume_mm3"] is None


class TestSave:
    def test_holds_three_files_and_no_leftovers(self, tmp_path):
        make_findings().save(tmp_path / "a" / "b")
        names = sorted(p.name for p in (tmp_path / "a" / "b").iterdir())
        assert names == ["findings.json", "lesions.nii.gz", "provenance.json"]

    def test_same_findings_same_bytes(self, tmp_path):
        one, two = (make_findings().save(tmp_path / name) for name in "ab")
        for name in ("findings.json", "lesions.nii.gz"):
            assert (one / name).read_bytes() == (two / name).read_bytes()


def test_labels_on_another_grid_are_refused():
    findings = make_findings()
    with pytest.raises(ValueError, match=r"\(20, 24, 39\)"):
        type(findings)(findings.record, findings.labels[..., 1:], findings.volume)


class TestWords:
    def test_hips_come_first(self):
        lines = str(make_findings()).splitlines()
        assert lines[0].startswith("Left hip: ossification present, 1 lesion, 3.5 mL, mature by rim density, maximum")
        assert (
            "anterior, about the iliopsoas or rectus femoris, attached to femur, gap to the pelvis 20 mm; " in lines[0]
        )
        assert lines[1].startswith("Right hip: ossification present")
        assert lines[2].startswith(
            "Lesion 1: left, anterior, about the iliopsoas or rectus femoris, 3.5 mL, maximum diameter 31 mm"
        )
        assert "1 x calcium" not in lines[4]
        assert lines[-1].startswith("Note: slices of 3 mm or more")

    def test_repr_is_for_readers(self):
        assert repr(make_findings()) == str(make_findings())

    @pytest.mark.parametrize(
        ("changes", "said"),
        [
            ({"status": "not_in_view", "finding": None}, "not in view"),
            (
                {"status": "not_assessable", "finding": None, "reasons": (flag("hidden_by_metal"),)},
                "not assessable: metal and its artefact hide",
            ),
            (
                {
                    "status": "not_assessable",
                    "finding": "present",
                    "n_lesions": 1,
                    "reasons": (flag("hidden_by_metal"),),
                },
                "; the rest not assessable: metal and its artefact hide",
            ),
            ({"status": "partly_in_view"}, "no ossification found in the part that is in view"),
            ({"finding": "indeterminate", "reasons": (flag("noisy"),)}, "indeterminate: high image noise"),
            ({"finding": "present", "bridging": True, "n_lesions": 1}, "bridges femur and pelvis"),
        ],
    )
    def test_each_status_is_said(self, changes, said):
        record = make_record(hips=(make_hip(**changes),), lesions=())
        assert said in str(make_findings(record=record)).splitlines()[0]

    def test_absent_is_not_said_of_what_was_not_seen(self):
        for status in ("not_in_view", "not_assessable"):
            record = make_record(hips=(make_hip(status=status, finding=None),), lesions=())
            assert "no ossification" not in str(make_findings(record=record))

    @pytest.mark.parametrize(
        ("changes", "said"),
        [
            ({}, "joint space 3.4 mm, minimum 2.6 mm"),
            ({"joint_space_min_mm": None}, "joint space 3.4 mm, minimum not measurable"),
            ({"joint_space_min_mm": None, "joint_space_mean_mm": None}, "joint space not measurable"),
        ],
    )
    def test_joint_space_or_that_it_is_not_measurable(self, changes, said):
        record = make_record(hips=(make_hip(**changes),), lesions=())
        assert str(make_findings(record=record)).splitlines()[0] == f"Left hip: no ossification found; {said}."

    @pytest.mark.parametrize(
        ("changes", "said", "not_said"),
        [
            (
                {"finding": "present", "n_lesions": 1, "undecided_volume_mm3": 1240.0, "brooker_ct": "II",
                 "brooker_ct_at_most": "III"},
                "1.2 mL undecided, not counted; Brooker II, at most III with what is undecided, Della Valle A",
                "gap",
            ),
            (
                {"finding": "present", "n_lesions": 1, "undecided_volume_mm3": 0.0, "brooker_ct": "II",
                 "brooker_ct_at_most": "II"},
                "Brooker II, Della Valle A (from CT)",
                "undecided",
            ),
            (
                {"finding": "indeterminate", "undecided_volume_mm3": 900.0, "brooker_ct": None,
                 "brooker_ct_at_most": "I", "della_valle_ct": None},
                "0.90 mL undecided, not counted; Brooker at most I with what is undecided (from CT)",
                "None",
            ),
            ({"undecided_volume_mm3": 90.0}, "no ossification found; 0.09 mL undecided, not counted", "Brooker"),
        ],
    )  # fmt: skip
    def test_what_is_undecided_and_what_it_could_make_of_the_grade(self, changes, said, not_said):
        line = str(make_findings(record=make_record(hips=(make_hip(**changes),), lesions=()))).splitlines()[0]
        assert said in line
        assert not_said not in line

    def test_what_is_undecided_or_an_outgrowth_is_told_one_by_one_the_rest_counted(self):
        made = {
            "vessel_calcium": {"probability": 0.004},
            "osteophyte": {"height_mm": 9.04, "base_mm2": 201.06, "because": "at the joint", "probability": 0.034},
            "near_metal": {"volume_mm3": 800.0},
        }
        excluded = tuple(msgspec.structs.replace(make_excluded(r), **with_) for r, with_ in made.items())
        lines = str(make_findings(record=make_record(hips=(), lesions=(), excluded=excluded, flags=()))).splitlines()
        outgrowth = "right, 0.06 mL, height 9 mm, base 16 mm"
        why = f"{EXCLUSIONS['osteophyte']}; weighed most: at the joint; probability of ossification 0.03"
        assert lines == [
            f"Bony outgrowth beside the joint, not counted: {outgrowth}; {why}.",
            f"Detected, not counted: 1 x {EXCLUSIONS['vessel_calcium']}; 1 x {EXCLUSIONS['near_metal']}.",
        ]

    def test_an_atypical_lesion_is_for_a_reader(self):
        record = make_record(lesions=(make_lesion(atypical_pattern=True),))
        said = str(make_findings(record=record))
        assert "denser inside than at its rim: for a reader to look at" in said
        assert "tumour" not in said

    def test_every_muscle_group_has_words(self):
        assert set(MUSCLES) == set(GROUPS)

    def test_no_hip(self):
        record = make_record(hips=(), lesions=(), flags=(), excluded=())
        assert str(make_findings(record=record)) == "No hip in view."


class TestHtml:
    def test_text_is_escaped(self):
        evil = "<script>alert('x')</script>"
        hip = make_hip(status="not_assessable", finding=None, reasons=(Flag("noisy", evil),))
        record = make_record(hips=(hip,), flags=(Flag("noisy", evil),))
        html = make_findings(record=record)._repr_html_()
        assert "<script" not in html
        assert html.count("&lt;script&gt;") == 2

    def test_is_self_contained(self):
        html = make_findings()._repr_html_()
        assert html.count("<img") == 1
        assert "src='data:image/png;base64,iVBOR" in html
        assert "http" not in html

    def test_a_row_for_each_lesion(self):
        lesions = tuple(make_lesion(n) for n in (1, 2, 3))
        html = make_findings(record=make_record(lesions=lesions))._repr_html_()
        assert html.count("<tr>") == 1 + 3


class TestFrames:
    def test_rows(self):
        findings = make_findings()
        assert list(findings.hips_frame().side) == ["left", "right"]
        assert list(findings.lesions_frame().id) == [1, 2]
        assert list(findings.excluded_frame().reason) == ["vessel_calcium", "contrast"]

    def test_types_without_rows(self):
        full, empty = make_findings(), make_findings(record=make_record(hips=(), lesions=(), excluded=()))
        for name in ("hips_frame", "lesions_frame", "excluded_frame"):
            a, b = getattr(full, name)(), getattr(empty, name)()
            assert len(a) > 0
            assert len(b) == 0
            assert a.dtypes.equals(b.dtypes)

    def test_not_measured_is_missing(self):
        frame = make_findings().hips_frame()
        assert frame.min_gap_mm[0] == 19.5
        assert np.isnan(frame.min_gap_mm[1])
        assert frame.brooker_ct.isna().sum() == 0
        assert frame.mavrogenis.isna().all()


class TestImages:
    """Label maps for other libraries: each voxel of a lesion lies where the record says."""

    def places(self, index, to_lps):
        return to_lps(np.asarray(index, float)).mean(axis=0)

    def test_an_array_with_the_affine_that_fits_it(self):
        findings = make_findings()
        array, affine = findings.lesions_array()
        index = np.argwhere(array == 1)
        ras = index @ affine[:3, :3].T + affine[:3, 3]
        lps = findings.grid.to_lps(np.argwhere(findings.labels == 1))
        assert ras.mean(axis=0) * [-1, -1, 1] == pytest.approx(lps.mean(axis=0))
        assert np.array_equal(findings.to_nibabel().get_fdata(), array)
        assert np.allclose(findings.to_nibabel().affine, affine)

    @pytest.mark.parametrize("what", ["lesions", "ct"])
    def test_simpleitk_and_nibabel_hold_the_same(self, what):
        findings = make_findings()
        image, other = findings.to_simpleitk(what), findings.to_nibabel(what)
        assert np.array_equal(sitk.GetArrayFromImage(image), np.asarray(other.dataobj).transpose(2, 1, 0))
        point = image.TransformIndexToPhysicalPoint((3, 4, 5))
        assert other.affine @ [3, 4, 5, 1] == pytest.approx([-point[0], -point[1], point[2], 1])

    def test_what_was_not_kept_is_said(self):
        with pytest.raises(UsageError, match="without detected"):
            make_findings().to_simpleitk("detected")
