"""Tell whether two result folders say the same of the same studies: for steps that are meant to change nothing.

    ho-detect run CASES --out BEFORE     # with the code before
    ho-detect run CASES --out AFTER      # with the code after
    python benchmarks/same_findings.py BEFORE AFTER

Compares every ``findings.json`` but for times, software and settings, and every voxel of every ``lesions.nii.gz``.
Prints a line a difference; exit status 1 where there is one.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nibabel
import numpy as np

#: What may differ: when and by what the result was made.
NOT_COMPARED = {"software", "created", "schema_version", "settings", "settings_digest", "study_uid", "series_uid"}


def main(before: Path, after: Path) -> int:
    """Print what differs; return the exit status."""
    results = sorted(p.parent.relative_to(before) for p in before.rglob("findings.json"))
    if not results:
        print(f"no findings.json below {before}")
        return 1
    differences = [f"{result}: {d}" for result in results for d in differing(before / result, after / result)]
    others = {p.parent.relative_to(after) for p in after.rglob("findings.json")} - set(results)
    differences += [f"{result}: only in {after}" for result in sorted(others)]
    for line in differences:
        print(line)
    print(f"{len(results)} results, {len(differences)} differences")
    return int(bool(differences))


def differing(before: Path, after: Path) -> Iterator[str]:
    """Yield what differs between two results."""
    if not (after / "findings.json").is_file():
        yield "is missing"
        return
    a, b = (json.loads((folder / "findings.json").read_text(encoding="utf-8")) for folder in (before, after))
    yield from _differing_values(a, b, "")
    labels = [np.asanyarray(nibabel.load(folder / "lesions.nii.gz").dataobj) for folder in (before, after)]
    if labels[0].shape != labels[1].shape:
        yield f"lesions.nii.gz: shape {labels[0].shape} and {labels[1].shape}"
    elif (n := int((labels[0] != labels[1]).sum())) > 0:
        yield f"lesions.nii.gz: {n} voxels"


def _differing_values(a: Any, b: Any, place: str) -> Iterator[str]:
    if isinstance(a, dict) and isinstance(b, dict):
        for key in sorted(set(a) | set(b)):
            if key in NOT_COMPARED:
                continue
            if key not in a or key not in b:
                yield f"{place}.{key}: only {'after' if key in b else 'before'}"
            else:
                yield from _differing_values(a[key], b[key], f"{place}.{key}")
    elif isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        for k, (x, y) in enumerate(zip(a, b, strict=True)):
            yield from _differing_values(x, y, f"{place}[{k}]")
    elif a != b:
        yield f"{place}: {a!r} before, {b!r} after"


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
