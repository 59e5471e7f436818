"""The best series for bone is chosen by the written rules, each of which decides where those before it do not."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import pytest
from dicom_files import CORONAL, CtSeries, write_series

from ho_detect.acquisition.series.index import SeriesEntry, index_series
from ho_detect.acquisition.series.preference import (
    in_its_own_right,
    kernel_class,
    preference,
    ranked,
    stands_in,
    suits,
    why_better,
)
from ho_detect.flags import flag
from ho_detect.settings import AcquisitionSettings

BOX = ((-200.0, -150.0, 0.0), (200.0, 150.0, 240.0))


def entry(uid="1.1", **changes):
    values = {
        "identity": uid,
        "study_uid": "1",
        "series_uid": uid,
        "patient_id": "",
        "n_files": 100,
        "folder": Path(),
        "n_slices": 100,
        "orientation": "axial",
        "spacing_mm": (2.0, 0.7, 0.7),
        "box_lps_mm": BOX,
        "frame_of_reference": "1",
        "kernel": "B40f",
    }
    return SeriesEntry(**values | changes)


#: Each better than the one after it, by one rule more; all that comes before that rule is the same.
LADDER = [
    entry("z1"),
    entry("z2", n_slices=99),
    entry("z3", n_slices=150, box_lps_mm=((-200.0, -150.0, 0.0), (200.0, 150.0, 230.0))),
    entry("z4", spacing_mm=(2.05, 0.7, 0.7)),
    entry("z5", repairs=(flag("resampled_tilt"),), spacing_mm=(1.5, 0.7, 0.7)),
    entry("z6", contrast_stated=True, spacing_mm=(1.4, 0.7, 0.7)),
    entry("z7", kernel="B80f", spacing_mm=(1.4, 0.7, 0.7)),
    entry("z8", kernel="B60f", spacing_mm=(1.0, 0.7, 0.7), thickness_mm=3.0),
    entry("z9", kernel="B60f", spacing_mm=(1.0, 0.7, 0.7), is_lossy=True),
    entry("za", kernel="B60f", spacing_mm=(1.0, 0.7, 0.7), repairs=(flag("gaps_filled"),)),
    entry("zb", kernel="B60f", spacing_mm=(1.0, 0.7, 0.7), repairs=(flag("part_of_series"),)),
    entry("zc", kernel="B60f", spacing_mm=(1.0, 0.7, 0.7), orientation="coronal"),
]


@pytest.mark.parametrize(("better", "other"), [*itertools.combinations(LADDER, 2)])
def test_the_ladder_of_rules(better, other):
    assert preference(better) < preference(other)
    assert why_better(better, other) != "equal in all that is looked at"
    first, second = ranked([other, better], all_series=False)
    assert (first.reason, second.reason) == ("better_series_used", None)
    assert (first.rank, second.rank) == (2, 1)
    first, second = ranked([other, better], all_series=True)
    assert (first.reason, second.reason, first.rank) == (None, None, 2)


def test_equal_ones_by_uid():
    assert why_better(entry("a"), entry("b")) == "equal in all that is looked at"
    assert [e.reason for e in ranked([entry("b"), entry("a")], all_series=False)] == ["better_series_used", None]


@pytest.mark.parametrize(
    ("change", "n_left_out"),
    [
        ({}, 1),
        ({"study_uid": "2"}, 0),
        ({"patient_id": "other"}, 0),
        ({"box_lps_mm": ((-200.0, -150.0, 180.0), (200.0, 150.0, 480.0))}, 0),
        ({"box_lps_mm": ((-200.0, -150.0, -100.0), (200.0, 150.0, 240.0))}, 0),
        ({"box_lps_mm": ((0.0, -100.0, 20.0), (180.0, 100.0, 200.0))}, 1),
        ({"frame_of_reference": "2"}, 1),
        ({"study_date": "20200103"}, 0),
        ({"acquisition_date": "20200103"}, 0),
        ({"frame_of_reference": "2", "box_lps_mm": ((0.0, -100.0, 20.0), (180.0, 100.0, 200.0))}, 0),
        ({"reason": "missing_slices"}, 0),
    ],
    ids=[
        "same",
        "study",
        "patient",
        "beyond",
        "more",
        "within",
        "frame",
        "study date",
        "acquisition date",
        "frame and place",
        "not usable",
    ],
)
def test_a_better_series_stands_in_only_for_what_it_shows(change, n_left_out):
    dates = {"study_date": "20200102", "acquisition_date": "20200102"}
    other = entry("b", spacing_mm=(3.0, 1.0, 1.0), **dates | change)
    entries = ranked([other, entry("a", **dates)], all_series=False)
    assert sum(e.reason == "better_series_used" for e in entries) == n_left_out


@pytest.mark.parametrize(
    ("kernel", "kind"),
    [("B31s", "standard"), ("B70f", "lung"), ("Br59f", "bone"), ("Hr60s", "bone"), ("SOFT", "standard"),
     ("BONE", "bone"), ("DETAIL", "bone"), ("YB", "bone"), ("B", "standard"), ("FC08", "standard"), ("FC51", "lung")],
)  # fmt: skip
def test_kernels(kernel, kind):
    assert kernel_class(kernel) == kind


def test_a_study_of_many_series(tmp_path):
    """Thin bone, thin soft, thick, coronal: one is analysed; the others say why not."""
    specs = {
        "bone": (CtSeries(n_slices=40, step=1.0), "B60f"),
        "soft": (CtSeries(n_slices=40, step=1.0), "B30f"),
        "thick": (CtSeries(n_slices=14, step=3.0), "B60f"),
        "reformat": (
            CtSeries(orientation=CORONAL, origin=(-39.0, -39.0, 740.0), rows=20, n_slices=80, step=1.0),
            "B60f",
        ),
    }
    for k, (name, (spec, kernel)) in enumerate(specs.items()):
        write_series(tmp_path / name, replace(spec, series_uid=f"1.2.{k}"),
                     edit=lambda _, ds, kernel=kernel: setattr(ds, "ConvolutionKernel", kernel))  # fmt: skip
    entries = {e.folder.name: e for e in index_series([tmp_path], AcquisitionSettings())}
    assert [entries[name].rank for name in specs] == [1, 2, 3, 4]
    assert [entries[name].reason for name in specs] == [None] + ["better_series_used"] * 3
    assert entries["soft"].detail.endswith("a kernel for bone: bone there, standard here")
    assert entries["thick"].detail.endswith("thinner slices: 1.00 mm there, 3.00 mm here")
    assert entries["reformat"].detail.endswith("axial slices: axial there, coronal here")
    assert suits(entries["bone"]).startswith("axial, 1.00 mm, bone kernel, no contrast stated, as acquired, 40 mm")
    assert all(e.analyse for e in index_series([tmp_path], AcquisitionSettings(all_series=True)))


def test_frames_of_reference_that_are_not_stated_are_not_the_same():
    inner = ((0.0, -100.0, 20.0), (180.0, 100.0, 200.0))
    series = [entry("a", frame_of_reference=""), entry("b", frame_of_reference="", n_slices=9, box_lps_mm=inner)]
    assert [e.reason for e in ranked(series, all_series=False)] == [None, None]


@pytest.mark.parametrize("lesser", [{"is_derived": True}, {"is_monoenergetic": True}])
def test_originals_and_usual_hu_come_first(lesser):
    thin = entry("a", spacing_mm=(1.0, 0.7, 0.7), kernel="B60f", **lesser)
    first, second = ranked([thin, entry("b")], all_series=False)
    assert (first.reason, first.better, second.reason) == ("better_series_used", second.identity, None)
    assert in_its_own_right(first).analyse


@pytest.mark.parametrize(("better", "other"), [(None, BOX), (BOX, None), (None, None)])
def test_a_field_of_view_that_is_not_known_is_taken_to_be_the_same(better, other):
    assert stands_in(entry(box_lps_mm=better), entry("1.2", box_lps_mm=other))
    assert not stands_in(
        entry(box_lps_mm=better, study_date="20200101"), entry(box_lps_mm=other, study_date="20200102")
    )
