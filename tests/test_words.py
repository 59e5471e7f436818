"""The words of CONTRIBUTING.md: what is no longer written, in code, docs and pages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
#: Of the column "not", what has no other meaning in this project.
NOT_WRITTEN = (
    "set aside", "parted", "stout", "spongy bone", "settled head", "crew", "ledger", "pace", "allowance", "talk",
    "narrowest", "mm long", "highest HU from front to back", "less the other side", "smallest gap", "least gap",
)  # fmt: skip
SOURCES = sorted(
    path
    for folder, pattern in (("ho_detect", "*.py"), ("ho_detect", "*.jinja"), ("docs", "*.md"), (".", "README.md"))
    for path in ((ROOT / folder).glob(pattern) if folder == "." else (ROOT / folder).rglob(pattern))
)


def written(word: str, text: str) -> bool:
    """Whether a text holds a word, over the end of a line too; not within an identifier, as of a public code."""
    spaced = r"[\s#]+".join(word.split())
    return re.search(rf"(?<![\w-]){spaced}(?![\w-])", text, re.IGNORECASE) is not None


@pytest.mark.parametrize("word", NOT_WRITTEN)
def test_the_field_has_another_word(word):
    assert len(SOURCES) > 200
    assert [str(p.relative_to(ROOT)) for p in SOURCES if written(word, p.read_text(encoding="utf-8"))] == []


@pytest.mark.parametrize("word", NOT_WRITTEN)
def test_the_page_for_contributors_says_so(word):
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert written(word, page.split("## Words")[1])


def test_what_counts_as_written():
    assert written("set aside", "What was set\n    # aside is listed.")
    assert written("Pace", "the pace of a run")
    assert not written("pace", "the space, set_aside")
    assert not written("set aside", "images_set_aside")
