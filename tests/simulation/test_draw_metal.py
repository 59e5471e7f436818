"""Laws of random studies with implants: the mix, half with reduction, half in 12 bits, and a seed is a study."""

from __future__ import annotations

from collections import Counter

import msgspec
import pytest

from ho_detect.simulation.bowel import Bowel
from ho_detect.simulation.draw_metal import MIX, draw_metal_study
from ho_detect.simulation.study import StudyPlan

SEEDS = range(600, 648)


@pytest.fixture(scope="module")
def plans():
    return [draw_metal_study(seed) for seed in SEEDS]


def test_a_seed_is_a_study_and_a_plan_survives_json(plans):
    assert draw_metal_study(601) == plans[1]
    assert len({p.person.shape_seed for p in plans}) == len(plans)
    assert [msgspec.json.decode(msgspec.json.encode(p), type=StudyPlan) for p in plans] == plans


def test_each_round_of_seeds_has_the_mix(plans):
    for k, kinds in enumerate(MIX):
        implants = [type(i).__struct_config__.tag for i in plans[k].implants]
        assert implants == list(kinds or ())
    both = plans[5].implants
    assert {i.side for i in both} == {"left", "right"}


def test_without_implants_there_is_barium_at_the_limit(plans):
    bare = [p for p in plans if not p.implants]
    assert len(bare) == len(plans) // len(MIX)
    assert {any(isinstance(m, Bowel) and m.content_hu > 2500 for m in p.mimics) for p in bare} == {True}
    assert {p.scan.extended_hu for p in bare} == {False}


def test_half_are_reduced_and_half_hold_more_than_12_bits(plans):
    counts = Counter((p.scan.metal_reduction, p.scan.extended_hu) for p in plans if p.implants)
    assert len(counts) == 4
    assert min(counts.values()) > 6


def test_what_grows_grows_beside_the_implant(plans):
    grown = [(p, g) for p in plans if p.implants for g in p.ossification]
    assert len(grown) > 30
    assert max(len(p.ossification) for p in plans) == 3
    assert min(len(p.ossification) for p in plans) == 0
    assert {g.side in {i.side for i in p.implants} for p, g in grown} == {True}
    assert {type(g).__name__ for _, g in grown} == {"Spur", "Island", "Sheet", "Bridge"}
