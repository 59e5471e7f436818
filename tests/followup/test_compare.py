"""One person scanned twice: bones that moved are registered, growth is measured; two people are not compared."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import numpy as np
import pytest
from model_hips import analysed, scan
from scanned_twice import EARLIER, LATER, SETTINGS, STOUT, compared, follow_up

from ho_detect.analyze import Analysis
from ho_detect.errors import SeriesError, UsageError
from ho_detect.followup import compare as module
from ho_detect.followup.compare import _trusted, check_one_patient, compare, compare_analyses
from ho_detect.followup.registration import BoneMotion


class TestChange:
    def test_grown_unchanged_and_new(self):
        found = compared()
        assert found.status == "comparable"
        assert [(x.side, x.change) for x in found.lesions] == [
            ("left", "matched"),
            ("right", "matched"),
            ("right", "new"),
        ]

    def test_a_stout_bridge_is_compared_too(self):
        assert compare_analyses(*map(analysed, STOUT), SETTINGS).status == "comparable"

    def test_volume_change_is_true_to_5_percent(self):
        before, after = scan(EARLIER).volumes_mm3, scan(LATER).volumes_mm3
        island, bridge, _ = compared().lesions
        for lesion, k in ((island, 0), (bridge, 1)):
            true = 100 * (after[k] - before[k]) / before[k]
            assert lesion.volume_change_percent == pytest.approx(true, abs=5.0)
        assert island.volume_change_percent > 20

    def test_hips(self):
        left, right = compared().hips
        assert (left.comparable, right.comparable) == (True, True)
        assert left.changes == {"matched": 1}
        assert right.changes == {"matched": 1, "new": 1}
        assert right.volume_change_mm3 == pytest.approx(scan(LATER).volumes_mm3[2], rel=0.15)

    def test_backwards_it_has_shrunk(self):
        back = compared(backwards=True)
        assert sorted((x.side, x.change) for x in back.lesions) == [
            ("left", "matched"),
            ("right", "gone"),
            ("right", "matched"),
        ]
        for a, b in zip(compared().hips, back.hips, strict=True):
            assert b.volume_change_mm3 == -a.volume_change_mm3

    def test_says_how_the_scans_differ(self):
        assert compared().flags == ()
        later = analysed(LATER)
        volume = later.result.volume
        other = msgspec.structs.replace(volume.series, kvp=80.0)
        record = msgspec.structs.replace(later.result.record, series=other)
        result = replace(later.result, record=record)
        (flag,) = compare_analyses(analysed(EARLIER), replace(later, result=result), SETTINGS).flags
        assert (flag.code, "kvp" in flag.message) == ("made_differently", True)

    def test_in_words(self):
        lines = str(follow_up()).splitlines()
        left = compared().hips[0]
        volumes = f"{left.earlier_volume_mm3 / 1000:.0f} mL to {left.later_volume_mm3 / 1000:.0f} mL"
        assert lines[0].startswith(f"Left hip: ossification {volumes} (+")
        assert lines[-1].startswith("Right, earlier none, later ")
        assert ": new, 2." in lines[-1]


def with_id(analysis, patient_id):
    record = analysis.result.record
    series = msgspec.structs.replace(record.series, patient_id=patient_id)
    return replace(analysis.result, record=msgspec.structs.replace(record, series=series))


class TestOnePatient:
    """Bones alone do not always tell two people apart: one good bone of two gave a confident change."""

    @pytest.mark.parametrize(("ids", "which"), [(("A", "B"), 2), ((None, "A", None, "A", "C"), 5)])
    def test_other_patient_ids_are_refused_by_number(self, ids, which):
        studies = [with_id(analysed(EARLIER), patient) for patient in ids]
        with pytest.raises(UsageError, match=f"study {which} states another patient id than study") as caught:
            check_one_patient(studies)
        assert '"A"' not in str(caught.value)

    @pytest.mark.parametrize("ids", [("A", "A"), (None, "A"), (None, None), ("A", "", "A")])
    def test_the_same_or_none_is_one_patient(self, ids):
        check_one_patient([with_id(analysed(EARLIER), patient) for patient in ids])

    def test_unless_it_is_said_that_they_are_one(self, monkeypatch):
        anatomies = [analysed(plan).anatomy for plan in (EARLIER, LATER)]  # found once: it is not what is asked
        known = lambda study, number, _: Analysis(study, anatomies[number - 1])  # noqa: E731
        monkeypatch.setattr(module, "analysis_of", known)
        studies = [with_id(analysed(EARLIER), "A"), with_id(analysed(LATER), "B")]
        with pytest.raises(UsageError, match="--different-ids"):
            compare(*studies)
        assert compare(*studies, different_ids=True).comparison.status == "comparable"

    @pytest.mark.parametrize(
        ("residuals", "seen", "kept"),
        [
            ((0.2, 0.2), (0.9, 0.9), 2),
            ((0.2, 0.9), (0.9, 0.9), 0),  # one bone of another person fits by chance
            ((0.2, 0.9), (0.9, 0.1), 1),  # hardly in view: it says nothing
            ((0.9, 0.9), (0.9, 0.9), 0),
        ],
    )
    def test_places_are_compared_where_all_bones_of_the_side_fit(self, residuals, seen, kept):
        still = np.eye(3), np.zeros(3)
        motions = [
            BoneMotion("left", bone, *still, residual, 0.99, share)
            for bone, residual, share in zip(("femur", "pelvis"), residuals, seen, strict=True)
        ]
        motions.append(BoneMotion("right", "femur", *still, 0.2, 0.99, 0.9))
        trusted = _trusted(motions, SETTINGS.follow_up)
        assert sum(m.side == "left" for m in trusted) == kept
        assert sum(m.side == "right" for m in trusted) == 1

    def test_a_study_that_cannot_be_analysed_is_named_by_its_number(self, tmp_path):
        (tmp_path / "empty").mkdir()
        with pytest.raises(SeriesError, match="study 2"):
            compare(analysed(EARLIER).result, tmp_path / "empty")
