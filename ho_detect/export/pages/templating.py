"""Templates, styles and scripts that ship with the package; all text that is put into a page is escaped."""

from __future__ import annotations

from datetime import date
from functools import cache
from typing import TYPE_CHECKING, Any

from ho_detect.export.pages.rows import point_words, volume_words

if TYPE_CHECKING:
    from jinja2 import Environment


def render(template: str, **values: Any) -> str:  # noqa: ANN401 - a template takes values of any type
    """Return a page; a value that the template asks for and that is not given is an error."""
    return _environment().get_template(template).render(**values)


def prepare(template: str) -> None:
    """Compile a template before it is needed."""
    _environment().get_template(template)


def date_words(stated: str) -> str:
    """Write a date of DICOM as a date; what is none is left as it is.

    >>> date_words("20240131"), date_words("2024"), date_words("20249931")
    ('2024-01-31', '2024', '20249931')
    """
    try:
        return date(int(stated[:4]), int(stated[4:6]), int(stated[6:])).isoformat() if len(stated) == 8 else stated
    except ValueError:
        return stated


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    loader = PackageLoader("ho_detect.export.pages", "templates")
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )

    def file(name: str) -> Markup:
        """Put in a style or a script as it is: it ships with the package and holds no value of a study."""
        return Markup(loader.get_source(environment, name)[0])  # noqa: S704

    environment.globals["file"] = file
    environment.filters["sentence"] = lambda text: text[:1].upper() + text[1:]
    environment.filters["date"] = date_words
    environment.filters["point"] = point_words
    environment.filters["ml"] = volume_words
    environment.filters["mm"] = lambda value: f"{value:.2f}".rstrip("0").rstrip(".")
    return environment
