"""docs/reason-codes.md explains every code, and no other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ho_detect.acquisition.volume.codecs import READABLE
from ho_detect.detection.judge.excluded import EXCLUSIONS
from ho_detect.flags import COMPARED, FLAGS, LEFT_OUT, NULLS, REASONS

DOCS = Path(__file__).parents[1] / "docs"


def codes_below(heading):
    text = (DOCS / "reason-codes.md").read_text(encoding="utf-8")
    section = text.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return re.findall(r"^\| `(\w+)` \| [^|]{5,} \| [^|]{5,} \|$", section, re.MULTILINE)


@pytest.mark.parametrize(
    ("heading", "codes"),
    [
        ("Left out", [c for c in REASONS if c in LEFT_OUT]),
        ("Failed", [c for c in REASONS if c not in LEFT_OUT]),
        ("Flags", list(FLAGS)),
        ("Null", list(NULLS)),
        ("Compared", list(COMPARED)),
        ("Excluded", list(EXCLUSIONS)),
    ],
)
def test_every_code_is_explained_once_where_it_belongs(heading, codes):
    explained = codes_below(heading)
    assert sorted(explained) == sorted(codes)
    assert len(set(explained)) == len(explained)


def test_every_readable_transfer_syntax_is_listed():
    text = (DOCS / "transfer-syntaxes.md").read_text(encoding="utf-8")
    assert sorted(re.findall(r"\| (1\.2\.840\.10008[\d.]+) \|", text)) == sorted(READABLE)
