"""The documentation site has every page and every public name, and no link that leads out of it."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

import ho_detect

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted(p.relative_to(DOCS).with_suffix("").as_posix() for p in DOCS.rglob("*.md"))


@pytest.fixture(scope="module")
def conf():
    spec = importlib.util.spec_from_file_location("docs_conf", DOCS / "conf.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_page_is_in_the_list_once():
    lists = re.findall(r"```\{toctree\}\n(?::.*\n)*\n((?:.+\n)+)```", (DOCS / "index.md").read_text(encoding="utf-8"))
    listed = "".join(lists).split()
    assert sorted(listed) == [p for p in PAGES if p != "index"]


def test_every_public_name_is_documented():
    said = re.findall(r"^\.\. auto\w+:: ho_detect\.(\w+)$", (DOCS / "api.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(said) == sorted(set(ho_detect.__all__) - {"__version__"})


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("[a page](docs/cohort.md#pseudonyms)", "[a page](/cohort.md#pseudonyms)"),
        ("![picture](docs/images/finding.png)", "![picture](/images/finding.png)"),
        ("[the method](ho_detect/analyze.py)", "the method (`ho_detect/analyze.py`)"),
        ("[`ho_detect/analyze.py`](ho_detect/analyze.py)", "`ho_detect/analyze.py`"),
        (
            "[there](https://example.org/a.md) and [here](#place)",
            "[there](https://example.org/a.md) and [here](#place)",
        ),
    ],
)
def test_links_lead_to_pages_or_nowhere(conf, text, made):
    assert conf.with_links_of_the_site(text, ROOT) == made


def test_no_link_of_a_page_leads_out_of_the_site_or_to_nothing(conf):
    paths = [ROOT / "README.md", *(DOCS / f"{page}.md" for page in PAGES)]
    texts = [conf.with_links_of_the_site(path.read_text(encoding="utf-8"), path.parent) for path in paths]
    targets = re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", "\n".join(texts))
    assert len(targets) > 20
    assert [t for t in targets if not (t.startswith("/") and (DOCS / t[1:]).is_file())] == []
