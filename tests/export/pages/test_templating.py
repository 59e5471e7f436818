"""What is put into a page is escaped, and what a template asks for and is not given is an error."""

from __future__ import annotations

from importlib.resources import files

import jinja2
import pytest

from ho_detect.export.pages.templating import date_words, prepare, render

PAGES = ("agreement.html.jinja", "cohort.html.jinja", "follow_up.html.jinja", "report.html.jinja")
FOLDER = files("ho_detect.export.pages") / "templates"


def test_every_template_compiles():
    names = {p.name for p in FOLDER.iterdir() if p.name.endswith(".jinja")}
    assert names > set(PAGES)
    for name in sorted(names):
        prepare(name)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_without_its_values_is_an_error(name):
    with pytest.raises((jinja2.UndefinedError, TypeError)):
        render(name)


@pytest.mark.parametrize(
    ("stated", "words"),
    [("20240131", "2024-01-31"), ("20240230", "20240230"), ("2024", "2024"), ("", ""), ("2024013x", "2024013x")],
)
def test_a_date_is_written_as_one_and_nothing_else_is(stated, words):
    assert date_words(stated) == words
