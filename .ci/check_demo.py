"""Compare what ``make demo`` found with the ``expected.json`` of each sample study; exit 1 where they differ."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import Any

#: How far apart what is found and what is expected may be.
HIP_MM, RADIUS_MM, CENTROID_MM, VOLUME_SHARE = 3.0, 2.0, 4.0, 0.35
#: A smaller lesion has hardly a core: its maturity is not asked for.
MATURITY_FROM_MM3 = 2000.0


def matches(expected: dict[str, Any], found: dict[str, Any]) -> bool:
    """Whether both speak of the same study: it has its hips in the same place."""
    centers = {h["side"]: h["center_lps_mm"] for h in found["hips"]}
    return all(
        centers.get(h["side"]) is not None and math.dist(h["center_lps_mm"], centers[h["side"]]) < 30
        for h in expected["hips"]
    )


def differences(expected: dict[str, Any], found: dict[str, Any]) -> list[str]:
    """Return a sentence for each difference."""
    out = []
    hips = {h["side"]: h for h in found["hips"]}
    for hip in expected["hips"]:
        side, got = hip["side"], hips[hip["side"]]
        away = math.dist(hip["center_lps_mm"], got["center_lps_mm"])
        if away > HIP_MM:
            out.append(f"{side} hip {away:.1f} mm from where it is")
        if abs(got["head_radius_mm"] - hip["head_radius_mm"]) > RADIUS_MM:
            out.append(f"{side} head radius {got['head_radius_mm']:.1f} mm, not {hip['head_radius_mm']:.1f} mm")
        present = any(lesion["side"] == side for lesion in expected["lesions"])
        if got["finding"] != ("present" if present else "absent"):
            out.append(f"{side} hip: finding {got['finding']}")
    left, same = list(found["lesions"]), ("side", "sector", "attached_to")
    for lesion in expected["lesions"]:
        name = f"{lesion['side']} lesion in the {lesion['muscle']}"
        near = [x for x in left if math.dist(x["centroid_lps_mm"], lesion["centroid_lps_mm"]) < CENTROID_MM]
        if not near:
            out.append(f"{name} not found")
            continue
        got = near[0]
        left.remove(got)
        out += [f"{name}: {key} {got[key]}, not {lesion[key]}" for key in same if got[key] != lesion[key]]
        if abs(got["volume_mm3"] / lesion["volume_mm3"] - 1) > VOLUME_SHARE:
            out.append(f"{name}: {got['volume_mm3']:.0f} mm3, not {lesion['volume_mm3']:.0f} mm3")
        if lesion["volume_mm3"] >= MATURITY_FROM_MM3 and got["maturity"] != lesion["maturity"]:
            out.append(f"{name}: {got['maturity']}, not {lesion['maturity']}")
    out += [f"a lesion that is not there: {x['volume_mm3']:.0f} mm3 at {x['centroid_lps_mm']}" for x in left]
    return out


def main(samples: Path, results: Path) -> int:
    """Print a line per study; return the exit status."""
    found = {p.parent: json.loads(p.read_text(encoding="utf-8")) for p in sorted(results.rglob("findings.json"))}
    wrong = []
    for path in sorted(samples.glob("*/expected.json")):
        expected = json.loads(path.read_text(encoding="utf-8"))
        same = [folder for folder, record in found.items() if matches(expected, record)]
        if len(same) != 1:
            faults = [f"{len(same)} findings with its hips"]
        else:
            faults = differences(expected, found[same[0]])
            if not (same[0] / "lesions.nii.gz").is_file():
                faults.append("no lesions.nii.gz")
        sys.stdout.write(f"{expected['study']}: {'; '.join(faults) or 'as expected'}\n")
        wrong += faults
    for table in ("summary", "lesions", "studies"):
        for ending in ("csv", "parquet"):
            if not (results / f"{table}.{ending}").is_file():
                sys.stdout.write(f"no {table}.{ending}\n")
                wrong.append(table)
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1]), Path(sys.argv[2])))
