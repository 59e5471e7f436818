"""The evaluation of a judgement on tables with known answers."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

FOLDER = Path(__file__).parents[1] / "benchmarks" / "accuracy"


def _load(name):
    """Import one of the benchmark's modules: they are scripts, not a package."""
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
        sys.modules[name] = module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return sys.modules[name]


for needed in ("real_ct", "outlined", "labels"):
    _load(needed)
evaluate = _load("evaluate_table")
labels, outlined = _load("labels"), _load("outlined")


def made(n=400, seed=0):
    """Return a table whose label follows one feature, with noise; another feature says nothing."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    label = (x + 0.5 * rng.normal(size=n) > 0).astype(float)
    return pd.DataFrame(
        {
            "source": rng.integers(0, 3, n), "study": rng.integers(0, 40, n), "person": rng.integers(0, 20, n),
            "kind": np.where(label > 0, 0, 1), "label": label, "ossified": label, "lesion": 0, "neither": 0.0,
            "kept": label, "volume_mm3": rng.uniform(50, 500, n), "tells": x, "says_nothing": rng.normal(size=n),
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
    record, p = evaluate.evaluated(evaluate.ridge, table, with_ablation=True)
    grown = record["log loss grows without"]
    assert next(iter(grown)) == "tells"
    assert grown["tells"] > 0.2 > abs(grown["says_nothing"])
    assert record["grouped by person"]["area_under_curve"] > 0.9
    assert record["under 5 % noise"]["decisions_changed"] < 0.02
    assert set(record["one source left out"]) == {"simulated to the rest", "the rest to simulated"}
    assert ((p > 0) & (p < 1)).all()


def test_what_is_left_out_or_beside_metal_does_not_count():
    table = made(10)
    table.loc[0, "label"] = np.nan
    table.loc[1, "neither"] = 1.0
    assert len(evaluate.rows_that_count(table)) == 8


def test_what_was_not_measured_is_no_number_of_its_own():
    table = made()
    table.loc[::3, "tells"] = np.nan
    predict = evaluate.ridge(evaluate.features_of(table), table["label"].to_numpy(float))
    p = predict(evaluate.features_of(table))
    assert np.isfinite(p).all()
    assert p[table["tells"].to_numpy() > 1].min() > p[table["tells"].to_numpy() < -1].max()


def test_a_candidate_is_what_most_of_it_is():
    shape = (6, 12, 12)
    lesions, native = np.zeros(shape, np.uint16), np.zeros(shape, bool)
    lesions[2:4, 2:6, 2:6] = 7
    native[:, 9:, :] = True
    grid = outlined.Grid.axial(shape, (2.0, 1.0, 1.0))
    truth = labels.Truth(grid, lesions, native, np.zeros(shape, np.uint8))

    def at(z, y, x):
        mask = np.ones([s.stop - s.start for s in (z, y, x)], bool)
        return outlined.Looked((z, y, x), mask, {}, False)

    assert labels.kind_of(at(slice(2, 4), slice(2, 6), slice(2, 7)), truth)[0] == "ossification"
    assert labels.kind_of(at(slice(2, 4), slice(2, 6), slice(2, 7)), truth)[1:] == (pytest.approx(0.8), 7)
    assert labels.kind_of(at(slice(2, 4), slice(6, 9), slice(2, 7)), truth)[0] == "native"
    assert labels.kind_of(at(slice(0, 1), slice(0, 3), slice(8, 11)), truth)[0] == "other"
