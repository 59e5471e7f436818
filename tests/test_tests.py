"""A test whose only assertions stand inside of loops passes where the loops have nothing to go through."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent
#: Loops over what is written out in the test, or counted with a number in it, are never empty.
_VIEWS = ("items", "keys", "values")
_LITERAL = (ast.Tuple, ast.List, ast.Set, ast.Dict, ast.Constant)


def functions_of(tree: ast.AST) -> Iterator[ast.FunctionDef]:
    """Yield the test functions of a module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            yield node


def may_be_empty(iterable: ast.expr) -> bool:
    """Whether nothing in the test's own text says how many elements there are."""
    if isinstance(iterable, ast.Call) and isinstance(iterable.func, ast.Name):
        if iterable.func.id == "range":
            return not all(isinstance(a, ast.Constant) for a in iterable.args)
        if iterable.func.id in ("zip", "enumerate", "sorted", "reversed", "product"):
            return all(may_be_empty(a) for a in iterable.args)
    if isinstance(iterable, ast.Name):  # a constant of the module
        return not iterable.id.isupper()
    if isinstance(iterable, ast.Call) and isinstance(iterable.func, ast.Attribute) and iterable.func.attr in _VIEWS:
        return may_be_empty(iterable.func.value)
    return not (isinstance(iterable, _LITERAL) and getattr(iterable, "elts", getattr(iterable, "keys", True)))


def of_nothing(value: ast.expr) -> bool:
    """Whether a value is made by a comprehension over what may be empty."""
    made = isinstance(value, ast.GeneratorExp | ast.ListComp | ast.SetComp | ast.DictComp)
    return made and any(may_be_empty(g.iter) for g in value.generators)


def is_empty(value: ast.expr) -> bool:
    """Whether a value is written as empty: ``[]``, ``()``, ``{}`` or ``set()``."""
    if isinstance(value, ast.Call):
        return isinstance(value.func, ast.Name) and value.func.id == "set" and not value.args
    return isinstance(value, ast.List | ast.Tuple | ast.Dict) and not getattr(value, "elts", getattr(value, "keys", 0))


def quantified(condition: ast.expr, word: str) -> bool:
    """Whether a condition is ``all(...)`` or ``any(...)``, as the word says, of what may be empty."""
    called = isinstance(condition, ast.Call) and isinstance(condition.func, ast.Name) and condition.func.id == word
    return called and of_nothing(condition.args[0])


def asserts_nothing_of_nothing(condition: ast.expr) -> bool:
    """Whether a condition holds where there is nothing: ``all(...)``, ``not any(...)``, ``[... for ...] == []``."""
    if isinstance(condition, ast.BoolOp) and isinstance(condition.op, ast.And):
        return all(asserts_nothing_of_nothing(value) for value in condition.values)
    if isinstance(condition, ast.UnaryOp) and isinstance(condition.op, ast.Not):
        return quantified(condition.operand, "any") or of_nothing(condition.operand)
    if isinstance(condition, ast.Compare) and len(condition.ops) == 1 and isinstance(condition.ops[0], ast.Eq):
        one, other = condition.left, condition.comparators[0]
        return (of_nothing(one) and is_empty(other)) or (of_nothing(other) and is_empty(one))
    return quantified(condition, "all")


def assertions(node: ast.AST, *, looped: bool = False) -> Iterator[bool]:
    """Yield for each assertion below a node whether it may never be looked at."""
    for child in ast.iter_child_nodes(node):
        inside = looped or (isinstance(child, ast.For) and may_be_empty(child.iter))
        if isinstance(child, ast.Assert):
            yield inside or asserts_nothing_of_nothing(child.test)
        if isinstance(child, ast.Call) and isinstance(child.func, ast.Attribute | ast.Name):
            name = child.func.attr if isinstance(child.func, ast.Attribute) else child.func.id
            if name.startswith(("assert_", "check_")) or name in ("raises", "warns"):
                yield inside
        yield from assertions(child, looped=inside)


def hollow(source: str) -> list[str]:
    """Return the tests of a module that may pass without looking at anything."""
    found = []
    for test in functions_of(ast.parse(source)):
        looked = list(assertions(test))
        if looked and all(looked):
            found.append(f"{test.lineno} {test.name}")
    return found


FILES = sorted(HERE.rglob("test_*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(HERE)))
def test_no_test_passes_because_there_is_nothing_to_look_at(path):
    assert hollow(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("body", "is_hollow"),
    [
        ("for x in found():\n  assert x", True),
        ("assert all(x for x in found())", True),
        ("assert not any(x for x in found())", True),
        ("assert not [x for x in found() if x]", True),
        ("assert {x for x in found() if x} == set()", True),
        ("assert [x for x in found() if x] == [1]", False),
        ("assert all(x for x in found()) and found()", False),
        ("assert any(x for x in found())", False),
        ("for x in found():\n  np.testing.assert_array_equal(x, 1)", True),
        ("assert len(found()) == 2\n for x in found():\n  assert x", False),
        ("for x in (1, 2):\n  assert x", False),
        ("for x in ():\n  assert x", True),
        ("for k in range(3):\n  assert k", False),
        ("for k in range(n):\n  assert k", True),
        ("assert found()", False),
        ("found()", False),
    ],
)
def test_what_counts_as_one(body, is_hollow):
    assert bool(hollow("def test_it():\n " + body)) == is_hollow
