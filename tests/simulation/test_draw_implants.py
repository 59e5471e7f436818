"""Laws of random implants: every metal, size and option of each kind occurs, in the ranges in which they are made."""

from __future__ import annotations

import numpy as np
import pytest

from ho_detect.simulation.draw_implants import KINDS, draw_implant


def drawn(kind, n=80):
    return [draw_implant(np.random.default_rng(seed), kind, "left") for seed in range(n)]


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_is_drawn_for_its_side_and_varies(kind):
    implants = drawn(kind)
    assert {type(i).__struct_config__.tag for i in implants} == {kind}
    assert {i.side for i in implants} == {"left"}
    assert len(set(map(repr, implants))) > 5


def test_total_hips_are_cemented_or_not_of_three_metals_with_screws_and_wires():
    hips = drawn("total_hip", 200)
    assert {h.cemented for h in hips} == {True, False}
    assert {h.stem for h in hips} == {"titanium", "cobalt_chromium", "steel"}
    assert {h.cup for h in hips} == {"titanium", "cobalt_chromium", None}
    assert max(h.wires for h in hips) > 0
    assert max(h.cup_screws for h in hips) == 2
    assert {h.stem for h in hips if not h.cemented} == {"titanium"}
    assert {h.cemented for h in hips if h.cup is None} == {True}


def test_metals_of_fixation():
    assert {n.metal for n in drawn("nail")} == {"titanium", "steel"}
    assert {n.locking_screw for n in drawn("nail")} == {True, False}
    assert {p.head_screw for p in drawn("plate")} == {True, False}
    assert {s.count for s in drawn("cannulated_screws")} == {2, 3}
