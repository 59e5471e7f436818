"""The evaluation of a judgement on tables with known answers."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import msgspec
import numpy as np
import pandas as pd
import pytest
from phantoms import volume

from ho_detect.detection.evidence import Evidence
from ho_detect.detection.judge.judge import weights

FOLDER = Path(__file__).parents[1] / "benchmarks" / "accuracy"


def _load(name):
    """Import one of the benchmark's modules: they are scripts, not a package."""
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
        sys.modules[name] = module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return sys.modules[name]


for needed in ("cohort", "real_ct", "outlined", "hidden", "labels", "case_folders", "implanting", "grades", "scorer"):
    _load(needed)
evaluate, thicker = _load("evaluate_table"), _load("thicker")
labels, outlined, fit_judge = _load("labels"), _load("outlined"), _load("fit_judge")
make_table = _load("make_table")
duel = _load("duel")


def made(n=400, seed=0):
    """Return a table whose label follows one feature, with noise; another feature says nothing."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    label = (x + 0.5 * rng.normal(size=n) > 0).astype(float)
    return pd.DataFrame(
        {
            "source": rng.integers(0, 3, n), "study": rng.integers(0, 40, n), "person": rng.integers(0, 20, n),
            "kind": np.where(label > 0, 0, 1), "label": label, "ossified": label, "lesion": 0, "neither": 0.0,
            "kept": label, "undecided": 0.0, "defined": 0.0, "probability": label,
            "volume_mm3": rng.uniform(50, 500, n), "tells": x, "says_nothing": rng.normal(size=n),
        }
    )  # fmt: skip


def test_a_person_is_in_one_fold_only():
    person = np.repeat(np.arange(37), 5)
    fold = evaluate.folds(person)
    assert set(fold.tolist()) == set(range(10))
    for p in range(37):
        assert len(set(fold[person == p].tolist())) == 1


def test_area_under_the_curve_and_calibration_of_known_answers():
    label = np.array([0.0, 0, 1, 1])
    assert evaluate.area_under_curve(np.array([0.1, 0.2, 0.8, 0.9]), label) == 1
    assert evaluate.area_under_curve(np.array([0.9, 0.8, 0.2, 0.1]), label) == 0
    assert evaluate.area_under_curve(np.full(4, 0.5), label) == 0.5
    assert evaluate.area_under_curve(np.full(2, 0.5), np.ones(2)) is None
    assert evaluate.expected_calibration_error(np.full(4, 0.5), label) == 0
    assert evaluate.expected_calibration_error(np.full(4, 0.9), label) == pytest.approx(0.4)


def test_the_feature_that_tells_is_the_one_that_is_missed_and_noise_of_5_percent_changes_little():
    table = evaluate.rows_that_count(made())
    record, p = evaluate.evaluated(evaluate.ridge, table, {})
    grown = record["log loss grows without"]
    assert next(iter(grown)) == "tells"
    assert grown["tells"] > 0.2 > abs(grown["says_nothing"])
    assert record["grouped by person"]["area_under_curve"] > 0.9
    assert record["under 5 % noise"]["decisions_changed"] < 0.02
    assert set(record["one source left out"]) == {"simulated to the rest", "the rest to simulated"}
    assert ((p > 0) & (p < 1)).all()


def test_what_is_left_out_or_hidden_by_metal_does_not_count():
    table = made(10)
    table.loc[0, "label"] = np.nan
    table.loc[1, "label"], table.loc[1, "neither"] = 1.0, 1.0
    table.loc[3, "label"], table.loc[3, "neither"] = 0.0, 1.0  # a streak counts
    table.loc[2, "defined"] = 1.0
    table.loc[2, "label"] = 1.0
    assert len(evaluate.rows_that_count(table)) == 7
    assert evaluate.defined_away(table)["candidates"] == 1


def test_what_was_not_measured_is_no_number_of_its_own():
    table = made()
    table.loc[::3, "tells"] = np.nan
    predict = evaluate.ridge(evaluate.features_of(table), table["label"].to_numpy(float))
    p = predict(evaluate.features_of(table))
    assert np.isfinite(p).all()
    assert p[table["tells"].to_numpy() > 1].min() > p[table["tells"].to_numpy() < -1].max()


def test_a_variant_is_judged_by_a_fit_to_other_people():
    plain = evaluate.rows_that_count(made())
    seen = []

    def fit(features, label):
        seen.append(set(features["person_again"]))
        return lambda table: np.full(len(table), 0.5) + 0 * seen[-1].isdisjoint(table["person_again"])

    plain["person_again"] = plain["person"]
    figures = evaluate.on_variant(fit, plain, plain)
    assert figures["rows"] == len(plain)
    assert len(seen) == 10


def made_evidence(joined, reach, rng):
    numbers = {f.name: 0.0 for f in msgspec.structs.fields(Evidence)}
    numbers |= {"left": 1.0, "touching_femur": float(joined), "touching_pelvis": 0.0, "joined": float(joined)}
    numbers |= {"reach_mm": reach, "beyond_mm": max(reach - 3, 0), "base_mm2": 60.0 * joined, "thickness_mm": 6.0}
    numbers |= {"solidity": 0.7, "volume_mm3": 900.0, "mean_hu": 400.0, "deep": 1.0, "body": 1.0, "length_mm": 12.0}
    return numbers | {"head_distance_mm": rng.uniform(30, 70), "head_radius_mm": np.nan, "interior_sd_hu": np.nan}


def test_numbers_are_evidence_again_and_null_stays_null():
    numbers = made_evidence(True, 9.0, np.random.default_rng(0))
    evidence = outlined.evidence_of(numbers)
    assert evidence.head_radius_mm is None
    assert evidence.joined is True
    assert evidence.touching == ("femur",)
    again = dict(outlined.numbers_of(evidence))
    assert again.keys() == numbers.keys() - {"side", "touching"}
    np.testing.assert_equal(again, {k: numbers[k] for k in again})


def test_the_fit_finds_what_tells_and_keeps_the_signs():
    rng = np.random.default_rng(2)
    label = (rng.random(120) < 0.4).astype(float)
    rows = [made_evidence(True, rng.uniform(9, 30) if y else rng.uniform(1, 6), rng) for y in label]
    design = fit_judge.Design.of(pd.DataFrame(rows))
    t = fit_judge.fitted(design, label)
    for weight, feature in zip(t[2:], (*fit_judge.GROWN, *fit_judge.OSSIFIED), strict=True):
        assert weight * feature.sign >= 0
    grown, ossified = fit_judge.probabilities(design, t)
    assert evaluate.area_under_curve(grown * ossified, label) > 0.99
    assert abs((grown * ossified).mean() - label.mean()) < 0.05


def test_mcnemar_of_known_counts():
    assert duel.mcnemar(5, 5) == 1
    assert duel.mcnemar(0, 10) == pytest.approx(2 / 2**10)


def test_slices_twice_as_thick_keep_place_and_truth():
    hu = np.zeros((7, 4, 4), np.int16)
    hu[2] = 100
    lesions = np.zeros(hu.shape, np.uint16)
    lesions[2] = 3
    plain = volume(hu, spacing=(2.0, 1.0, 1.0), origin=(1.0, 2.0, 3.0))
    thick, truth = thicker.thicker(plain, labels.Truth(plain.grid, lesions))
    assert thick.hu.shape == truth.lesions.shape == (3, 4, 4)
    assert thick.spacing_mm == (4.0, 1.0, 1.0)
    assert (thick.hu[1] == 50).all()
    assert (truth.lesions[1] == 3).all()
    np.testing.assert_allclose(thick.grid.to_lps([1, 0, 0]), plain.grid.to_lps([2.5, 0, 0]))


def test_a_candidate_is_what_most_of_it_is():
    shape = (6, 12, 12)
    lesions, native = np.zeros(shape, np.uint16), np.zeros(shape, bool)
    lesions[2:4, 2:6, 2:6] = 7
    native[:, 9:, :] = True
    grid = outlined.Grid.axial(shape, (2.0, 1.0, 1.0))
    truth = labels.Truth(grid, lesions, native, np.zeros(shape, np.uint8))

    def at(z, y, x):
        mask = np.ones([s.stop - s.start for s in (z, y, x)], bool)
        return outlined.Looked((z, y, x), mask, {}, None)

    assert labels.kind_of(at(slice(2, 4), slice(2, 6), slice(2, 7)), truth)[0] == "ossification"
    assert labels.kind_of(at(slice(2, 4), slice(2, 6), slice(2, 7)), truth)[1:] == (pytest.approx(0.8), 7)
    assert labels.kind_of(at(slice(2, 4), slice(6, 9), slice(2, 7)), truth)[0] == "native"
    assert labels.kind_of(at(slice(0, 1), slice(0, 3), slice(8, 11)), truth)[0] == "other"


def test_the_shipped_weights_are_those_of_the_committed_table():
    table = pd.read_parquet(FOLDER / "candidates.parquet")
    again = fit_judge.weights_of(table, "again")
    shipped = msgspec.to_builtins(weights())
    assert len(table) > 500
    for model in ("grown", "ossified"):
        assert again[model] == pytest.approx(shipped[model], abs=0.05)
        assert again[f"{model}_intercept"] == pytest.approx(shipped[f"{model}_intercept"], abs=0.05)
