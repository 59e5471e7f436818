"""What is shipped: the source archive whole, a README without dead links, and containers of the pinned versions."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from ho_detect.system.extras import EXTRAS

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
RECIPES = ("Dockerfile", "ho-detect.def")
#: Read by the build itself, which takes them in unasked.
UNASKED = {"pyproject.toml", ".gitignore"}


def tracked():
    try:
        listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no git checkout")
    return listed.splitlines()


def test_the_source_archive_takes_in_all_that_is_tracked():
    included = {entry.removeprefix("/") for entry in PROJECT["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]}
    top = {path.split("/")[0] for path in tracked()}
    assert len(top) > 10
    assert top - UNASKED == included


def test_the_readme_of_the_package_has_no_link_that_leads_nowhere():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    made = text
    for one in PROJECT["tool"]["hatch"]["metadata"]["hooks"]["fancy-pypi-readme"]["substitutions"]:
        made = re.sub(one["pattern"], one["replacement"], made)
    assert re.search(r"\]\((?!https?:|#)", text)
    assert not re.search(r"\]\((?!https?:|#)", made)
    assert "![" not in made
    headings, words = re.compile(r"^#+ .*$", re.MULTILINE), re.compile(r"\[([^]]*)\]\((?!https?:|#)[^)]*\)")
    assert headings.findall(made) == headings.findall(text)
    assert all(said in made for said in words.findall(text.partition("\n## ")[2]))


@pytest.mark.parametrize("name", RECIPES)
def test_a_container_has_the_pinned_versions_and_all_that_the_build_reads(name):
    recipe = (ROOT / "container" / name).read_text(encoding="utf-8")
    extras = re.search(r"pip install --no-cache-dir -c /src/constraints\.txt '/src\[([\w,]+)\]' ", recipe)[1]
    # who uses a container cannot install into it: every command works
    assert set(extras.split(",")) == set(EXTRAS) - {"notebook"}
    for path in ("pyproject.toml", "constraints.txt", "README.md", "LICENSE", "ho_detect"):
        assert re.search(rf"^\s*(COPY .*)?\b{re.escape(path)}\b.* /src", recipe, re.MULTILINE), path
        assert (ROOT / path).exists()


def test_both_containers_start_from_the_python_that_is_pinned():
    bases = {
        re.search(r"^(?:FROM|From:) (\S+)$", (ROOT / "container" / n).read_text(), re.MULTILINE)[1] for n in RECIPES
    }
    assert bases == {"python:3.11-slim-bookworm"}
    assert "Python 3.11 " in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()[0]
