"""The spine: a folder imports only those below it, and no circle is left, lazy imports and those for types included."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "ho_detect"
#: From the top to the bottom; those on one line do not know each other.
SPINE = (
    ("ho_detect", "ho_detect.__main__"),
    ("ho_detect.cli",),
    ("ho_detect.followup", "ho_detect.cohort", "ho_detect.pacs", "ho_detect.reading", "ho_detect.agreement"),
    ("ho_detect.study",),
    ("ho_detect.analyze", "ho_detect.findings"),
    ("ho_detect.export",),
    ("ho_detect.results",),
    ("ho_detect.detection",),
    ("ho_detect.anatomy",),
    ("ho_detect.acquisition",),
    ("ho_detect.image",),
    ("ho_detect._kernels",),
    ("ho_detect.settings",),
    ("ho_detect.system",),
    ("ho_detect.errors",),
    ("ho_detect.flags", "ho_detect._version"),
)
#: Simulated studies test the method, so they must not be made with it.
FOR_SIMULATION = (
    "ho_detect.simulation",
    "ho_detect.image",
    "ho_detect.anatomy.fit.shape_model",
    "ho_detect._kernels.parallel_beam",  # of no use to the method
    "ho_detect.acquisition.volume.hu_volume",  # the record that a simulated CT is handed over in
    "ho_detect.system",
    "ho_detect._version",
)
MAY_SIMULATE = ("ho_detect.simulation", "ho_detect.cli")
MOST_AT_THE_ROOT = 9


def module_name(path: Path) -> str:
    """Return the dotted name of a module by its place."""
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def imported_by(name: str, source: str) -> set[str]:
    """Return the modules of the package that a source imports anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name}: relative import"
            inner = {f"{node.module}.{alias.name}" for alias in node.names} & MODULES.keys()
            found |= inner or {node.module or ""}
    return {module for module in found if module in MODULES} - {name}


IMPORTS = {name: imported_by(name, path.read_text(encoding="utf-8")) for name, path in MODULES.items()}


def within(module: str, place: str) -> bool:
    return module == place or (place != "ho_detect" and module.startswith(place + "."))


def place_of(module: str) -> tuple[int, str]:
    """Return the line of the spine that a module stands in, and what stands there."""
    places = [(line, place) for line, names in enumerate(SPINE) for place in names if within(module, place)]
    assert len(places) == 1, f"{module} stands nowhere in the spine"
    return places[0]


def circles(graph: dict[str, set[str]]) -> list[set[str]]:
    """Return the sets of more than one node that all reach each other."""

    def reached(start: str) -> set[str]:
        seen, todo = set(), [start]
        while todo:
            for following in graph[todo.pop()] - seen:
                seen.add(following)
                todo.append(following)
        return seen

    reach = {node: reached(node) for node in graph}
    found: list[set[str]] = []
    for node, others in reach.items():
        if node in others and not any(node in circle for circle in found):
            found.append({other for other in others if node in reach[other]})
    return found


OF_THE_METHOD = sorted(name for name in MODULES if not within(name, "ho_detect.simulation"))


def test_a_folder_imports_only_those_below_it():
    upwards = {}
    for module in OF_THE_METHOD:
        line, place = place_of(module)
        for other in IMPORTS[module]:
            if within(other, "ho_detect.simulation"):
                assert module.startswith(MAY_SIMULATE), f"{module} imports {other}"
                continue
            below, where = place_of(other)
            if where != place and below <= line:
                upwards.setdefault((place, where), []).append(f"{module} -> {other}")
    assert upwards == {}


def test_no_module_imports_another_in_a_circle():
    assert circles(IMPORTS) == []


def test_simulation_does_not_know_the_method():
    simulation = {name: IMPORTS[name] for name in MODULES if within(name, "ho_detect.simulation")}
    assert simulation
    known = {f"{a} -> {b}" for a, others in simulation.items() for b in others if not b.startswith(FOR_SIMULATION)}
    assert known == set()


def test_few_modules_stand_at_the_root():
    assert len(list(PACKAGE.glob("*.py"))) <= MOST_AT_THE_ROOT


@pytest.mark.parametrize(
    "source",
    [
        "from ho_detect.flags import Flag",
        "import ho_detect.flags",
        "from ho_detect import flags",
        "def later():\n    from ho_detect.flags import Flag",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from ho_detect.flags import Flag",
    ],
)
def test_an_import_is_found_in_whatever_form(source):
    assert imported_by("ho_detect.errors", source) == {"ho_detect.flags"}


def test_a_circle_is_found():
    graph = {"a": {"b"}, "b": {"c"}, "c": {"a", "d"}, "d": set(), "e": {"e2"}, "e2": {"e"}}
    assert circles(graph) == [{"a", "b", "c"}, {"e", "e2"}]
