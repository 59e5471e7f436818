"""The accuracy benchmark's scorer on hand-made masks with known answers."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage as ndi

from ho_detect.acquisition.volume.hu_volume import HuVolume, SeriesRecord
from ho_detect.image.grid import Grid
from ho_detect.simulation.mimics import MimicTruth
from ho_detect.simulation.study import SimulatedStudy, StudyPlan
from ho_detect.simulation.truth import FEMUR_LEFT, HipTruth, LesionTruth, Truth

FOLDER = Path(__file__).parents[1] / "benchmarks" / "accuracy"
SHAPE = (20, 40, 40)


def _load(name):
    """Import one of the benchmark's modules: they are scripts, not a package."""
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
        sys.modules[name] = module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return sys.modules[name]


grades, hidden = _load("grades"), _load("hidden")
scorer, tables, cohort = _load("scorer"), _load("tables"), _load("cohort")
methods, pictures, run = _load("methods"), _load("pictures"), _load("run")


def box(z, y, x):
    mask = np.zeros(SHAPE, bool)
    mask[slice(*z), slice(*y), slice(*x)] = True
    return mask


CUBE = box((5, 15), (5, 15), (5, 15))  # 1000 mm³ of the 1 mm grid, left of center
FAR = box((5, 15), (25, 35), (25, 35))


def changed_around(metal, reach_mm=20.0):
    """What metal changes in the slices that hold it and all others, up to a distance."""
    away = ndi.distance_transform_edt(~metal, sampling=2.0)
    return np.where(away <= reach_mm, 400, 0).astype(np.int16)


def study(lesions=(CUBE,), *, kinds=("island",), sides=("left",), attached=((),), views=(True, True), metal=None,
          bone=None, mimics=(), spacing=(1.0, 1.0, 1.0)):  # fmt: skip
    grid = Grid.axial(SHAPE, spacing)
    labels = np.zeros(SHAPE, np.uint16)
    truth = []
    for number, (mask, kind, side, touches) in enumerate(zip(lesions, kinds, sides, attached, strict=True), 1):
        labels[mask] = number
        truth.append(
            LesionTruth(
                label=number, kind=kind, muscle=None, side=side, sector="anterior",
                volume_mm3=float(mask.sum()) * grid.voxel_volume_mm3,
                centroid_lps_mm=tuple(grid.to_lps(np.argwhere(mask).mean(0)).tolist()),
                maturity="mature", attached_to=touches, gap_femur_mm=4.0, gap_pelvis_mm=9.0,
            )
        )  # fmt: skip
    hips = tuple(
        HipTruth(side=side, center_lps_mm=(10.0, 10.0, 10.0 * k), head_radius_mm=24.0, in_view=view, metal=False)
        for k, (side, view) in enumerate(zip(("left", "right"), views, strict=True))
    )
    record = SeriesRecord(
        study_uid="s", series_uid="s", n_slices=SHAPE[0], rows=SHAPE[1], columns=SHAPE[2], spacing_mm=grid.spacing_mm
    )
    return SimulatedStudy(
        plan=StudyPlan(name="hand_made", seed=0),
        volume=HuVolume(np.zeros(SHAPE, np.int16), grid, record),
        labels=labels,
        bone=np.zeros(SHAPE, np.uint8) if bone is None else bone,
        hip_bone=np.zeros(SHAPE, np.uint8),
        metal=np.zeros(SHAPE, bool) if metal is None else metal,
        implant=np.zeros(SHAPE, np.uint8) if metal is None else metal.astype(np.uint8),
        mimic=np.zeros(SHAPE, np.uint8),
        metal_change=np.zeros(SHAPE, np.int16) if metal is None else changed_around(metal),
        truth=Truth(name="hand_made", hips=hips, lesions=tuple(truth), mimics=mimics, not_painted=()),
    )


def found_of(*masks):
    labels = np.zeros(SHAPE, np.uint16)
    for number, mask in enumerate(masks, 1):
        labels[mask] = number
    return labels


def claims(*ids, **values):
    return scorer.Answer(claims=tuple(scorer.Claim(id=i, **values) for i in ids))


class TestFound:
    def test_the_same_mask_is_found_with_dice_one_and_no_volume_error(self):
        s = scorer.score(study(), found_of(CUBE), claims(1))
        (x,) = s.lesions
        assert (x.found, x.cover, x.dice, x.volume_error, x.pieces) == (True, 1.0, 1.0, 0.0, 1)
        assert s.false == ()

    @pytest.mark.parametrize(("depth", "hit"), [(2, False), (3, True)])
    def test_thirty_percent_covered_is_found_and_less_is_not(self, depth, hit):
        (x,) = scorer.score(study(), found_of(box((5, 5 + depth), (5, 15), (5, 15))), claims(1)).lesions
        assert x.cover == pytest.approx(depth / 10)
        assert x.found is hit
        assert (x.volume_error is None) is not hit

    def test_two_halves_find_it_together_and_count_as_two_pieces(self):
        halves = box((5, 10), (5, 15), (5, 15)), box((10, 15), (5, 15), (5, 15))
        (x,) = scorer.score(study(), found_of(*halves), claims(1, 2)).lesions
        assert (x.found, x.dice, x.pieces) == (True, 1.0, 2)

    def test_twice_too_large_is_a_volume_error_of_one(self):
        (x,) = scorer.score(study(), found_of(box((5, 15), (5, 15), (5, 25))), claims(1)).lesions
        assert x.volume_error == pytest.approx(1.0)
        assert x.dice == pytest.approx(2 / 3, abs=1e-3)

    def test_one_finding_over_two_lesions_is_measured_against_the_one_it_overlaps_most(self):
        small = box((5, 15), (5, 15), (18, 20))
        both = scorer.score(
            study((CUBE, small), kinds=("island",) * 2, sides=("left",) * 2, attached=((), ())),
            found_of(box((5, 15), (5, 15), (5, 20))),
            claims(1),
        )
        assert [x.found for x in both.lesions] == [True, True]
        assert [x.pieces for x in both.lesions] == [1, 0]
        assert both.lesions[1].dice == 0.0

    def test_nothing_reported_misses_all(self):
        s = scorer.score(study(), found_of(), scorer.Answer(refused="no_hip_in_view"))
        assert s.refused == "no_hip_in_view"
        assert [x.found for x in s.lesions] == [False]
        assert s.false == ()


class TestFalse:
    def test_a_finding_elsewhere_is_false(self):
        s = scorer.score(study(), found_of(CUBE, FAR), claims(1, 2, confidence=0.4))
        (f,) = s.false
        assert (f.id, f.volume_mm3, f.confidence, f.cause) == (2, 1000.0, 0.4, "soft tissue")

    @pytest.mark.parametrize(("gap", "is_false"), [(2, False), (4, True)])
    def test_a_shell_within_three_mm_of_a_lesion_is_not_false(self, gap, is_false):
        start = 15 + gap
        s = scorer.score(study(), found_of(box((5, 15), (5, 15), (start, start + 1))), claims(1))
        assert bool(s.false) is is_false

    def test_distance_is_in_mm_not_voxels(self):
        plate = box((5, 15), (5, 15), (18, 20))
        assert not scorer.score(study(spacing=(1.0, 1.0, 0.5)), found_of(plate), claims(1)).false
        assert scorer.score(study(spacing=(1.0, 1.0, 2.0)), found_of(plate), claims(1)).false

    def test_without_any_lesion_every_finding_is_false(self):
        s = scorer.score(study((), kinds=(), sides=(), attached=()), found_of(CUBE, FAR), claims(1, 2))
        assert [f.id for f in s.false] == [1, 2]

    def test_it_is_put_down_to_the_bone_or_mimic_it_lies_on(self):
        bone = np.where(FAR, FEMUR_LEFT, 0).astype(np.uint8)
        (f,) = scorer.score(study(bone=bone), found_of(FAR), claims(1)).false
        assert f.cause == "femur"
        mimic = MimicTruth(kind="phlebolith", centroid_lps_mm=(30.0, 30.0, 10.0))
        (f,) = scorer.score(study(mimics=(mimic,)), found_of(FAR), claims(1)).false
        assert f.cause == "phlebolith"


class TestNeitherWay:
    def test_a_lesion_of_a_hip_out_of_view_is_not_counted_and_finding_it_is_not_false(self):
        s = scorer.score(study(views=(False, True)), found_of(CUBE), claims(1))
        assert [x.counted for x in s.lesions] == [False]
        assert s.false == ()
        assert tables.summary([((), s)])["lesions"] == 0

    def test_near_metal_nothing_counts(self):
        metal = box((5, 15), (5, 15), (0, 2))
        s = scorer.score(study(metal=metal), found_of(FAR & False, box((5, 15), (16, 18), (2, 8))), claims(2))
        assert [x.counted for x in s.lesions] == [False]
        assert s.false == ()

    def test_far_from_metal_all_counts(self):
        metal = box((0, 1), (38, 40), (38, 40))
        s = scorer.score(study(metal=metal), found_of(CUBE), claims(1))
        assert [x.counted for x in s.lesions] == [True]

    def test_a_hip_whose_lesion_is_not_counted_is_neither_ill_nor_well(self):
        metal = box((5, 15), (5, 15), (0, 2))
        hips = {h.side: h for h in scorer.score(study(metal=metal), found_of(), scorer.Answer()).hips}
        assert hips["left"].ossification is None
        assert hips["right"].ossification is False


class TestWhatIsSaid:
    def test_agreement_with_the_finding_that_covers_most(self):
        wrong = scorer.Claim(id=1, side="right", sector="posterior", maturity="immature", attached_to=("femur",))
        right = scorer.Claim(id=2, side="left", sector="anterior", maturity="mature", attached_to=(),
                             gap_femur_mm=4.5, gap_pelvis_mm=7.0)  # fmt: skip
        parts = found_of(box((5, 8), (5, 15), (5, 15)), box((8, 15), (5, 15), (5, 15)))
        (x,) = scorer.score(study(), parts, scorer.Answer(claims=(wrong, right))).lesions
        assert all((x.side_ok, x.sector_ok, x.maturity_ok, x.attached_ok, x.bridging_ok))
        assert x.gap_error_mm == pytest.approx(2.0)
        (x,) = scorer.score(study(), found_of(CUBE), scorer.Answer(claims=(wrong,))).lesions
        assert not any((x.side_ok, x.sector_ok, x.maturity_ok, x.attached_ok))
        assert x.bridging_ok is True

    def test_a_bridge_said_to_be_a_spur_is_attached_but_not_bridging(self):
        bridge = study(kinds=("bridge",), attached=(("femur", "pelvis"),))
        (x,) = scorer.score(bridge, found_of(CUBE), claims(1, attached_to=("pelvis",))).lesions
        assert (x.kind, x.attached_ok, x.bridging_ok) == ("bridge", True, False)

    def test_a_method_that_says_nothing_is_not_scored_on_it(self):
        s = scorer.score(study(), found_of(CUBE), claims(1))
        assert s.lesions[0].side_ok is None
        assert tables.summary([((), s)])["side_agreement"] == [0, 0]

    def test_why_a_missed_lesion_was_set_aside(self):
        aside = scorer.Answer(set_aside=(("osteophyte", (30.0, 30.0, 10.0)), ("vessel_calcium", (9.0, 9.0, 9.0))))
        (x,) = scorer.score(study(), found_of(), aside).lesions
        assert x.set_aside == "vessel_calcium"

    def test_hip_error_is_the_distance_of_centers(self):
        answer = scorer.Answer(hips={"left": (13.0, 14.0, 0.0)}, verdicts={"left": "present"})
        hips = {h.side: h for h in scorer.score(study(), found_of(), answer).hips}
        assert (hips["left"].error_mm, hips["left"].verdict) == (5.0, "present")
        assert hips["right"].error_mm is None


class TestReliability:
    def test_counts_true_and_false_findings_by_confidence(self):
        said = (scorer.Claim(id=1, confidence=0.97), scorer.Claim(id=2, confidence=0.4))
        s = scorer.score(study(), found_of(CUBE, FAR), scorer.Answer(claims=said))
        values = tables.confidence_values(s.findings)
        assert values["reliability"] == [{"mean": 0.4, "n": 1, "true": 0}, {"mean": 0.97, "n": 1, "true": 1}]
        assert values["separation"] == 1.0

    def test_every_confidence_lies_in_one_range(self):
        said = [x / 100 for x in range(101)]
        findings = [scorer.FindingScore(true=True, confidence=c, fat_fraction=0, thickness_mm=1) for c in said]
        assert sum(b["n"] for b in tables.confidence_values(findings)["reliability"]) == len(said)


class TestTables:
    def test_confidence_separation(self):
        assert tables.separation([0.8, 0.9], [0.1]) == 1.0
        assert tables.separation([0.5], [0.5]) == 0.5
        assert tables.separation([], [0.5]) is None

    def test_interval_holds_the_proportion_and_narrows(self):
        few, many = tables.wilson(8, 10), tables.wilson(80, 100)
        assert few[0] < many[0] < 0.8 < many[1] < few[1]
        assert tables.wilson(0, 0) is None

    def test_the_report_names_every_method_and_condition(self):
        rows = [(("noise under 15 HU",), scorer.score(study(), found_of(CUBE, FAR), claims(1, 2)))]
        values = {
            "summary": tables.summary(rows),
            "by_lesion": tables.by_lesion(rows),
            "by_condition": tables.by_condition(rows),
        }
        assert values["summary"]["false_per_study"] == 1.0
        text = tables.markdown("tuning", 1, {"a": values, "b": values})
        for part in ("| a | b |", "noise under 15 HU", "kind: island", "1 of 1"):
            assert part in text


class TestNaiveScript:
    def test_it_keeps_what_is_dense_and_neither_skeleton_nor_speck(self):
        hu = np.full((60, 60, 60), 40, np.int16)
        hu[:, :, :20] = 900  # 72 mL: skeleton
        hu[30:40, 30:40, 30:40] = 300  # 1 mL
        hu[10:13, 50:53, 50:53] = 300  # 0.03 mL
        grid = Grid.axial(hu.shape, (1.0, 1.0, 1.0))
        record = SeriesRecord(
            study_uid="s", series_uid="s", n_slices=60, rows=60, columns=60, spacing_mm=grid.spacing_mm
        )
        labels, answer, _ = methods.naive_script(HuVolume(hu, grid, record))
        assert (labels > 0).sum() == 1000
        assert (labels[30:40, 30:40, 30:40] == 1).all()
        assert [c.id for c in answer.claims] == [1]


class TestPictures:
    def test_only_what_went_wrong_is_drawn(self, tmp_path):
        class Seen:
            labels = found_of(CUBE & False, FAR)

        s = study()
        missed = scorer.score(s, Seen.labels, claims(2))
        files = pictures.draw_errors(s, Seen, missed, tmp_path, "7")
        assert [f.name for f in files] == ["7_lesion1.png", "7_false2.png"]
        assert all(f.stat().st_size > 1000 for f in files)
        Seen.labels = found_of(CUBE)
        assert pictures.draw_errors(s, Seen, scorer.score(s, Seen.labels, claims(1)), tmp_path, "7") == []


class TestTestingIsOnlyCounted:
    @pytest.mark.parametrize(("split", "by_case"), [("tuning", True), ("testing", False)])
    def test_rows_of_studies_are_written_for_tuning_only(self, tmp_path, split, by_case):
        seed = cohort.SPLITS[split]
        scores = dict.fromkeys(run.METHODS, scorer.score(study(), found_of(CUBE), claims(1)))
        run._write(tmp_path, split, [run.Scored(seed, scores, {"simulation": 1.0})])
        text = (tmp_path / "accuracy.json").read_text()
        assert ("studies" in json.loads(text)) is by_case
        assert (str(seed) in text) is by_case
        assert "1 of 1" in (tmp_path / "accuracy.md").read_text()

    def test_pictures_of_testing_studies_are_refused(self, tmp_path, capsys):
        with pytest.raises(SystemExit):
            run.main(["--split", "testing", "--n", "1", "--out", str(tmp_path), "--pictures"])
        assert "not looked at" in capsys.readouterr().err


class TestSplit:
    def test_tuning_and_testing_share_no_study(self):
        a, b = (set(cohort.seeds(split, cohort.LARGEST)) for split in ("tuning", "testing"))
        assert not a & b

    def test_studies_with_implants_share_none_with_each_other_or_the_rest(self):
        sets = [set(cohort.seeds(split, cohort.LARGEST)) for split in cohort.SPLITS]
        assert len(set.union(*sets)) == len(cohort.SPLITS) * cohort.LARGEST
        assert cohort.plan_of(cohort.SPLITS["metal_testing"]).implants

    def test_unknown_splits_and_sizes_are_refused(self):
        with pytest.raises(ValueError, match="no split"):
            cohort.seeds("training", 3)
        with pytest.raises(ValueError, match="no split"):
            cohort.seeds("testing", 0)

    def test_every_study_is_counted_under_one_condition_of_each_kind(self):
        several = [cohort.conditions_of(cohort.plan_of(s)) for s in cohort.seeds("tuning", 40)]
        assert {len(c) for c in several} == {11}
        names = {name for c in several for name in c}
        assert {
            "slices over 4 mm",
            "view: one hip",
            "metal: head native",
            "turned over 10 degrees",
            "contrast medium",
        } <= names
