"""Change the code on purpose, one place at a time, and count the changes that the tests catch.

    python -m pip install cosmic-ray                        makes the changes; needed by nothing else
    python benchmarks/mutants.py --seed 1 --out mutants.jsonl

Mutants are drawn at random, as many for each area as :data:`AREAS` says: a module by its number of mutants, then a line
of it, then one of cosmic-ray's changes of that line. What changes annotations alone is no mutant. Each is tried in a
copy of the tree, on the tests that belong to its module; *caught* is one that makes a test fail, or that takes longer
than the limit. The tests are run on the code as it is first, and must pass.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
#: Modules, number of mutants, tests of them; of the first prefix that fits.
AREAS: dict[str, tuple[int, tuple[str, ...]]] = {
    "acquisition/headers": (30, ("tests/acquisition/headers", "tests/acquisition/series/test_suitability.py")),
    "acquisition/series": (40, ("tests/acquisition/series", "tests/acquisition/volume/test_load.py")),
    "acquisition/volume": (30, ("tests/acquisition/volume",)),
    "detection/measure": (40, ("tests/detection/measure",)),
    "detection/grade": (30, ("tests/detection/grade",)),
    "cohort/plan": (6, ("tests/cohort/plan", "tests/cohort/store/test_results.py",
                        "tests/cohort/run/test_file_names.py", "tests/cohort/run/test_shards.py")),
    "cohort/run": (8, ("tests/cohort/plan/test_reserves.py", "tests/cohort/run/test_worker.py",
                       "tests/cohort/run/test_run.py")),
    "cohort/store": (8, ("tests/cohort/store",)),
    "export/dicom": (6, ("tests/export/dicom",)),
    "export/pages": (8, ("tests/export/pages",)),
    "export/pictures": (4, ("tests/export/pictures",)),
    "export": (17, ("tests/export/test_dictionary.py", "tests/export/test_fhir.py", "tests/export/test_nifti.py",
                    "tests/export/test_save.py", "tests/export/test_tables.py", "tests/test_findings.py")),
}  # fmt: skip
MUTANT_LIMIT_S = 300.0


def meaning(code: str) -> str:
    """Return what a module does: its syntax tree without annotations and documentation."""
    tree = ast.parse(code)
    for node in ast.walk(tree):
        for name in ("annotation", "returns"):
            if getattr(node, name, None) is not None and not isinstance(node, ast.AnnAssign):
                setattr(node, name, None)
        if isinstance(node, ast.AnnAssign):
            node.annotation = ast.Constant(0)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            node.value.value = ""
    return ast.dump(tree)


def places_of(code: str) -> dict[int, list[tuple[str, int]]]:
    """Return the operators that can change a module, each with its number there, by the line that they change."""
    from cosmic_ray.ast import get_ast  # type: ignore[import-not-found]
    from cosmic_ray.plugins import get_operator, operator_names  # type: ignore[import-not-found]

    nodes: list[Any] = [get_ast(code)]
    for node in nodes:  # grows: depth does not matter to the lines, order does to the numbers
        nodes.extend(getattr(node, "children", ()))
    found: dict[int, list[tuple[str, int]]] = defaultdict(list)
    for name in operator_names():
        if name in ("core/VariableReplacer", "core/VariableInserter"):  # they ask for names to work on
            continue
        operator = get_operator(name)()
        at = sorted(start for node in nodes for start, _ in operator.mutation_positions(node))
        for number, (line, _) in enumerate(at):
            found[line].append((name, number))
    return found


def drawn(area: str, n: int, chance: random.Random) -> list[dict[str, Any]]:
    """Draw mutants of an area: a line, then a change of it that changes what the module does."""
    from cosmic_ray.mutating import mutate_code  # type: ignore[import-not-found]
    from cosmic_ray.plugins import get_operator

    folder = ROOT / "ho_detect" / area
    modules = sorted(p for p in folder.glob("*.py" if area == "export" else "**/*.py") if p.name != "__init__.py")
    lines = [(module, line, made) for module in modules for line, made in sorted(places_of(module.read_text()).items())]
    out: list[dict[str, Any]] = []
    for module, _, made in chance.sample(lines, len(lines)):
        if len(out) == n:
            break
        name, number = chance.choice(made)
        before = module.read_text()
        code = mutate_code(before, get_operator(name)(), number)
        try:
            if code is None or meaning(code) == meaning(before):
                continue
        except SyntaxError:
            continue
        pairs = enumerate(zip(before.splitlines(), code.splitlines(), strict=False), start=1)
        line = next(k for k, (one, other) in pairs if one != other)
        out.append({"area": area, "module": str(module.relative_to(ROOT)), "line": line,
                    "operator": name.removeprefix("core/"), "code": code})  # fmt: skip
    return out


def passes(tree: Path, tests: tuple[str, ...], limit_s: float) -> str:
    """Return whether tests pass in a tree: ``survived``, ``caught``, or ``caught by time``."""
    pid = os.fork()  # libraries are imported once, in this process; the code under test in each child
    if pid == 0:
        os.setsid()
        null = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(null, stream)
        os.chdir(tree)
        sys.path[:0] = [str(tree), str(tree / "tests")]
        os.environ["PYTHONPATH"] = str(tree)
        import pytest

        os._exit(int(pytest.main(["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--no-header", *tests])))
    end = time.monotonic() + limit_s
    while time.monotonic() < end:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return "survived" if status == 0 else "caught"
        time.sleep(0.1)
    os.killpg(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return "caught by time"


def ordered_tests(module: str, tests: tuple[str, ...], tree: Path) -> tuple[str, ...]:
    """Put the test that is named after the module first."""
    own = Path("tests", *Path(module).parts[1:-1], f"test_{Path(module).name}")
    return (str(own), *tests) if (tree / own).exists() else tests


def main() -> int:
    """Draw, try, and write a line for each mutant."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True, help="One JSON object for each mutant; gone on with.")
    parser.add_argument("--areas", nargs="*", default=list(AREAS))
    parser.add_argument("--again", action="store_true", help="Try only those that survived in --out again.")
    given = parser.parse_args()
    import numba  # noqa: F401
    import pydicom  # noqa: F401
    import pytest  # noqa: F401
    import scipy.ndimage  # noqa: F401

    old = [json.loads(line) for line in given.out.read_text().splitlines()] if given.out.exists() else []
    known = {(m["module"], m["line"], m["operator"]): m for m in old}
    with tempfile.TemporaryDirectory(prefix="ho-detect-mutants-") as folder:
        tree = Path(folder) / "tree"
        files = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True).stdout
        for name in files.decode().split("\0")[:-1]:
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, tree / name)
        for area in given.areas:
            n, tests = AREAS[area]
            start = time.monotonic()
            if passes(tree, tests, 3600) != "survived":
                print(f"{area}: tests fail on the code as it is", flush=True)
                continue
            print(f"{area}: tests pass in {time.monotonic() - start:.0f} s", flush=True)
            for mutant in drawn(area, n, random.Random(f"{given.seed} {area}")):  # noqa: S311 - no secret
                key = mutant["module"], mutant["line"], mutant["operator"]
                if (key in known) != given.again or (given.again and known[key]["outcome"] != "survived"):
                    continue
                path, code, clock = tree / mutant["module"], mutant.pop("code"), time.monotonic()
                whole = path.read_text()
                mutant["to"] = code.splitlines()[mutant["line"] - 1].strip()
                mutant["from"] = whole.splitlines()[mutant["line"] - 1].strip()
                path.write_text(code)
                mutant["outcome"] = passes(tree, ordered_tests(mutant["module"], tests, tree), MUTANT_LIMIT_S)
                path.write_text(whole)
                mutant["seconds"] = round(time.monotonic() - clock, 1)
                with given.out.open("a") as out:
                    out.write(json.dumps(mutant) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
