"""Templates, styles and scripts that ship with the package; all text that is put into a page is escaped."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jinja2 import Environment


def render(template: str, **values: Any) -> str:  # noqa: ANN401 - a template takes values of any type
    """Return a page; a value that the template asks for and that is not given is an error."""
    return _environment().get_template(template).render(**values)


def prepare(template: str) -> None:
    """Compile a template before it is needed."""
    _environment().get_template(template)


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
    environment.filters["mm"] = lambda value: f"{value:.2f}".rstrip("0").rstrip(".")
    return environment
