"""The documentation site: these pages, the README as the first, and the Python interface from its docstrings.

``make docs`` builds it into ``build/site``; a warning is an error.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from ho_detect import __version__

if TYPE_CHECKING:
    from sphinx.application import Sphinx

_ROOT = Path(__file__).resolve().parents[1]
#: A link or picture in Markdown: its text and its target without ``#``.
_LINK = re.compile(r"(!?)\[([^\]]*)\]\((?!https?:|#|mailto:)([^)#\s]+)(#[^)\s]*)?\)")

project = "ho-detect"
author = "The ho-detect developers"
version = release = __version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
source_suffix = {".md": "markdown"}
html_theme = "alabaster"
html_theme_options = {"description": "Heterotopic ossification around the hip on CT. Research use only."}
myst_heading_anchors = 3
napoleon_google_docstring = False
autodoc_typehints = "none"
autodoc_member_order = "bysource"


def with_links_of_the_site(text: str, folder: Path) -> str:
    """Return Markdown whose links to pages of the site lead there; other files of the project are named, not linked.

    Parameters
    ----------
    text
        Of a file of the project.
    folder
        That its links start from.
    """
    docs = _ROOT / "docs"

    def link(match: re.Match[str]) -> str:
        mark, words, target, place = match[1], match[2], (folder / match[3]).resolve(), match[4] or ""
        if target.is_relative_to(docs) and target.is_file():
            return f"{mark}[{words}](/{target.relative_to(docs).as_posix()}{place})"
        name = target.relative_to(_ROOT).as_posix()
        return words if name in words.replace("`", "") else f"{words} (`{name}`)"

    return _LINK.sub(link, text)


def _read(app: Sphinx, name: str, source: list[str]) -> None:
    """Put the README before the list of pages, and mend links."""
    path = Path(app.srcdir) / f"{name}.md"
    source[0] = with_links_of_the_site(source[0], path.parent)
    if name == "index":
        readme = _ROOT / "README.md"
        source[0] = with_links_of_the_site(readme.read_text(encoding="utf-8"), _ROOT) + "\n" + source[0]


def setup(app: Sphinx) -> None:
    """Tell Sphinx what to do with each page that it reads."""
    app.connect("source-read", _read)
