"""Agents and phases are words of a fixed list: no text of a header comes through."""

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ho_detect.acquisition.headers.contrast import ContrastAgent, ContrastPhase, contrast_agent, contrast_phase


@given(st.text(max_size=64))
def test_nothing_but_known_words_comes_out(text):
    assert contrast_agent(text) in {None, *get_args(ContrastAgent)}
    assert contrast_phase(text) in {None, *get_args(ContrastPhase)}


@pytest.mark.parametrize("agent", get_args(ContrastAgent))
def test_each_agent_is_known_by_its_own_name_in_any_case(agent):
    assert contrast_agent(f"100 ml {agent} i.v.") == contrast_agent(agent.upper()) == agent


@pytest.mark.parametrize(
    ("text", "agent"),
    [
        ("Omnipaque350", "iohexol"),
        ("ULTRAVIST-370", "iopromide"),
        ("Visipaque 320/Gastrografin", "iodixanol"),
        ("jodhaltiges KM", "iodine"),
        ("", None),
        ("APPLIED", None),
        ("Miss Iohexolova", None),
        ("JODIE FOSTER", None),
    ],
)
def test_trade_names_are_known_and_names_of_people_are_not(text, agent):
    assert contrast_agent(text) == agent


@pytest.mark.parametrize(
    ("text", "phase"),
    [
        ("Becken nativ 1.0 Br40", "native"),
        ("CTA pelvis", "arterial"),
        ("Abd/Pelvis PORTAL VENOUS", "venous"),
        ("Pelvis delayed 5 min", "delayed"),
        ("arterial + venous", None),
        ("pelvis plate, lateral", None),
        ("MARTIN cartilage", None),
    ],
)
def test_a_phase_is_said_where_one_is_named(text, phase):
    assert contrast_phase(text) == phase
