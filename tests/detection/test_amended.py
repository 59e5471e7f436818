"""A reader's rulings and outlines on a judgement made by hand."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from made_detection import BALLS_SHAPE, anatomy, decide_balls
from phantoms import ball

from ho_detect.anatomy.native.surfaces import native_bone
from ho_detect.detection.amended import Rulings, amended, lesions_of, redrawn, things_of
from ho_detect.detection.detect import candidate_of
from ho_detect.detection.judge.excluded import numbered
from ho_detect.settings import Settings

LARGE, MIDDLE = ((30, 40, 30), 9.0), ((30, 30, 80), 7.0)
SETTINGS = Settings()


@pytest.fixture(scope="module")
def bones():
    return native_bone((anatomy("left"),))


@pytest.fixture(scope="module")
def inside(bones):
    """Two lesions, and how to amend them."""
    judgement, *_, here = decide_balls([LARGE, MIDDLE], bones)
    return judgement, partial(amended, judgement, anatomy=here, settings=SETTINGS)


@pytest.fixture(scope="module")
def outside(bones):
    """The same, excluded by definition as they lie outside of the body."""
    judgement, *_, here = decide_balls([LARGE, MIDDLE], bones, body=False)
    return judgement, partial(amended, judgement, anatomy=here, settings=SETTINGS)


def values(judgement):
    return judgement.lesions, judgement.excluded, judgement.specks


def test_every_thing_that_is_not_counted_has_its_voxels(outside):
    judgement, _ = outside
    assert len(judgement.things) == len(judgement.excluded) == 2
    voxel = judgement.region.grid.voxel_volume_mm3
    for excluded, thing in zip(judgement.excluded, judgement.things, strict=True):
        assert candidate_of(thing).mask.sum() * voxel == pytest.approx(excluded.volume_mm3, abs=0.06)


def test_no_ruling_changes_nothing(inside):
    judgement, amend = inside
    assert values(amend(rulings=Rulings())) == values(judgement)


@pytest.mark.parametrize("drop", [{1}, {2}, {1, 2}])
def test_dropped(inside, drop):
    judgement, amend = inside
    found = amend(rulings=Rulings(drop=frozenset(drop)))
    left = [x for x in judgement.lesions if x.id not in drop]
    assert [x.centroid_lps_mm for x in found.lesions] == [x.centroid_lps_mm for x in left]
    assert [x.id for x in found.lesions] == list(range(1, len(left) + 1))
    assert [e.reason for e in found.excluded] == ["dropped_by_reader"] * len(drop)
    assert {e.volume_mm3 for e in found.excluded} == {x.volume_mm3 for x in judgement.lesions if x.id in drop}
    assert set(things_of(found, judgement).values()) == {("lesion", n) for n in drop}


def test_kept_by_definition_excluded_it_has_no_probability_and_a_reason(outside):
    judgement, amend = outside
    found = amend(rulings=Rulings(keep=frozenset({2})))
    (lesion,) = found.lesions
    assert lesion.volume_mm3 == numbered(judgement.excluded)[1].volume_mm3
    assert lesion.confidence is None
    assert [n.code for n in lesion.not_said if n.field == "confidence"] == ["by_definition"]
    assert lesions_of(found, judgement) == {1: frozenset({("detected", 2)})}
    assert [e.reason for e in found.excluded] == ["outside_body"]


@pytest.mark.parametrize("rulings", [Rulings(drop=frozenset({3})), Rulings(keep=frozenset({1}))])
def test_a_number_that_is_not_there(inside, rulings):
    with pytest.raises(KeyError):
        inside[1](rulings=rulings)


def labels_of(judgement):
    labels = np.zeros(BALLS_SHAPE, np.uint16)
    for k in judgement.kept:
        labels[k.outlined.candidate.box][k.outlined.candidate.mask] = k.lesion.id
    return labels


class TestRedrawn:
    @pytest.fixture
    def redraw(self, inside):
        return partial(redrawn, inside[0], anatomy=inside[1].keywords["anatomy"], settings=SETTINGS)

    def test_with_the_outlines_that_were_found_nothing_changes(self, inside, redraw):
        judgement, _ = inside
        assert values(redraw(labels=labels_of(judgement) * 11)) == values(judgement)

    def test_a_new_outline_is_measured_as_it_is(self, redraw):
        drawn = np.where(ball(BALLS_SHAPE, (15, 30, 50), 6.0), 3, 0).astype(np.uint16)
        found = redraw(labels=drawn)
        (lesion,) = found.lesions
        assert lesion.volume_mm3 == pytest.approx((drawn > 0).sum())
        assert lesion.max_diameter_mm == pytest.approx(13.0, abs=1.0)
        assert not lesion.cut_at_metal_zone
        assert [e.reason for e in found.excluded] == ["dropped_by_reader"] * 2

    def test_two_labels_side_by_side_stay_two(self, inside, redraw):
        labels = labels_of(inside[0])
        cut = np.argwhere(labels == 1)[:, 2]
        labels[:, :, int(np.median(cut)) :][labels[:, :, int(np.median(cut)) :] == 1] = 9
        found = redraw(labels=labels)
        assert len(found.lesions) == 3
        assert sum(x.volume_mm3 for x in found.lesions) == pytest.approx(sum(x.volume_mm3 for x in inside[0].lesions))
        assert found.excluded == ()
