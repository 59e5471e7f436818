"""The result of a series qualifies itself: by its noise, its metal, its fits, what was supplied and what is in view."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from made_detection import made_anatomy, region
from made_findings import make_excluded, make_hip, make_lesion
from phantoms import volume

from ho_detect.detection.candidates import Candidate
from ho_detect.detection.detect import Judgement, Kept
from ho_detect.detection.outline import Outlined
from ho_detect.results.assemble import assemble, statements
from ho_detect.settings import Settings

CT = volume(np.zeros((6, 7, 8)))
HIPS = (make_hip("left"), make_hip("right"))
#: The outline of a lesion without voxels.
NOWHERE = Outlined(Candidate((slice(0, 1),) * 3, np.zeros((1, 1, 1), bool), joined=False), 222.0, 8.0, 0.9)


def assembled(hips=HIPS, *, noise_hu=6.0, lesions=(), excluded=(), **parts):
    kept = tuple(Kept(lesion, NOWHERE) for lesion in lesions)
    judgement = Judgement(
        region(np.zeros((6, 7, 8)), noise_hu=noise_hu), kept, tuple(excluded), things=(NOWHERE,) * len(excluded)
    )
    return assemble(CT, made_anatomy(**parts), judgement, hips, Settings())


def codes(*args, **kwargs):
    return [f.code for f in assembled(*args, **kwargs).record.flags]


def test_where_nothing_qualifies_it_it_is_ok():
    result = assembled()
    assert (result.record.status, result.record.flags) == ("ok", ())
    assert result.labels.shape == CT.hu.shape
    assert result.labels.dtype == np.uint16
    assert result.hips == HIPS


@pytest.mark.parametrize(("noise_hu", "said"), [(24.9, []), (25.0, ["noisy"])])
def test_noise_from_which_faint_ossification_is_missed_is_said(noise_hu, said):
    assert codes(noise_hu=noise_hu) == said


def test_one_hip_alone_is_said():
    assert codes((HIPS[0], make_hip("right", status="not_in_view", finding=None))) == ["one_hip_in_view"]


@pytest.mark.parametrize("residual_mm", [None, 3.0])
def test_a_fit_that_is_not_sure_is_said_for_its_side(residual_mm):
    (flag,) = assembled((make_hip("left", residual_mm=residual_mm), HIPS[1])).record.flags
    assert (flag.code, "left" in flag.message) == ("hip_fit_uncertain", True)


def test_lesions_that_a_reader_should_look_at_are_named():
    lesions = (make_lesion(1, atypical_pattern=True), make_lesion(2, cut_at_metal_zone=True), make_lesion(3))
    flags = assembled(lesions=lesions).record.flags
    assert [f.code for f in flags] == ["atypical_pattern", "cut_at_metal_zone"]
    assert ["lesion 1" in flags[0].message, "lesion 2" in flags[1].message] == [True, True]


def test_a_flag_makes_it_a_warning_and_what_is_not_counted_is_numbered():
    record = assembled(noise_hu=40.0, excluded=(make_excluded("near_metal"), make_excluded("mimic_unsure"))).record
    assert record.status == "warning"
    assert [e.number for e in record.excluded] == [2, 1]


@pytest.mark.parametrize(
    ("stated", "words"), [(True, "contrast stated"), (False, "no contrast stated"), (None, "contrast not stated")]
)
def test_what_is_true_of_every_result_says_how_the_scan_was_made(stated, words):
    series = msgspec.structs.replace(CT.series, contrast_stated=stated, kvp=120.0)
    said = {f.code: f.message for f in statements(series)}
    assert f"120 kVp, {words}" in said["hu_uncalibrated"]
    assert "research_use" in said
