"""Simulated follow-up pairs: one person scanned twice, posed anew, with ossification that has grown by a known amount.

    python benchmarks/accuracy/followup.py --n 6 --out FOLDER
    python benchmarks/accuracy/followup.py --n 16 --unchanged --out FOLDER

Writes FOLDER/followup.json: for each pair how each bone was registered, and for each hip the true change of volume
and the one found, in percent of the earlier volume. With --unchanged nothing has grown, and scanner settings differ:
FOLDER/rescanned.json holds the volumes of each matched lesion in both scans, which differ by error alone.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from ho_detect.analyze import analyze_with_anatomy
from ho_detect.followup.compare import compare_analyses
from ho_detect.image.sides import SIDES
from ho_detect.settings import Settings
from ho_detect.simulation.draw import ordinary_person
from ho_detect.simulation.growth_plans import Bridge, Island, Ossification
from ho_detect.simulation.person import HipPlan, Person
from ho_detect.simulation.scan import ScanPlan
from ho_detect.simulation.study import SimulatedStudy, StudyPlan, simulate

#: Seeds of pairs: apart from those of the tuning and testing studies.
FIRST_SEED = 70000
_FIELD = {"above_mm": 95.0, "below_mm": 115.0, "left_mm": 185.0, "right_mm": 185.0, "anterior_mm": 130.0,
          "posterior_mm": 140.0}  # fmt: skip


def posed_anew(rng: np.random.Generator, person: Person) -> Person:
    """Return the same person lying differently: turned, moved, each leg in another pose."""

    def leg(hip: HipPlan) -> HipPlan:
        turns = {n: getattr(hip, n) + float(rng.uniform(-6, 6)) for n in ("flexion_deg", "abduction_deg")}
        return msgspec.structs.replace(hip, rotation_deg=hip.rotation_deg + float(rng.uniform(-10, 10)), **turns)

    x, y, z = person.center_lps_mm
    return msgspec.structs.replace(
        person,
        left=leg(person.left),
        right=leg(person.right),
        turn_deg=person.turn_deg + float(rng.uniform(-12, 12)),
        center_lps_mm=(x + float(rng.uniform(-15, 15)), y + float(rng.uniform(-15, 15)), z + 40.0),
    )


def grown(growth: float) -> tuple[Ossification, ...]:
    """Return an island whose volume is scaled by a factor, and a bridge that has not changed."""
    return (
        Island(side="left", muscle="gluteus_medius", volume_ml=4.0 * growth),
        Bridge(side="right", muscle="iliopsoas", width_mm=20.0),
    )


def pair_of(seed: int) -> tuple[SimulatedStudy, SimulatedStudy]:
    """Return both studies of a pair."""
    rng = np.random.default_rng(seed)
    person = msgspec.structs.replace(ordinary_person(seed), contrast="none", turn_deg=0.0)
    growth = float(rng.uniform(0.7, 1.6))
    studies = []
    for number, (who, factor) in enumerate(((person, 1.0), (posed_anew(rng, person), growth))):
        step = float(rng.choice([1.0, 1.5, 2.0]))
        scan = ScanPlan(spacing_mm=(step, 0.9, 0.9), noise_hu=float(rng.uniform(8, 20)), **_FIELD)
        plan = StudyPlan(name="pair", seed=seed + number, person=who, ossification=grown(factor), scan=scan)
        studies.append(simulate(plan))
    return studies[0], studies[1]


def rescanned(seed: int) -> tuple[SimulatedStudy, SimulatedStudy]:
    """Return two scans of one person whose four ossifications, of 0.1 to 15 mL and free of bone, have not changed.

    The true volume of what is grown from bone differs by up to a quarter with the grid that it is drawn on.
    """
    rng = np.random.default_rng(seed)
    person = msgspec.structs.replace(ordinary_person(seed), contrast="none", turn_deg=0.0)
    ossification: list[Ossification] = [
        Island(
            side=side,
            muscle=muscle,
            volume_ml=float(np.exp(rng.uniform(np.log(0.1), np.log(15.0)))),
            maturity=rng.choice(["mature", "immature"]),
        )
        for side in SIDES
        for muscle in ("gluteus_medius", "iliopsoas")
    ]
    # legs keep their pose: what is drawn along a muscle would change with it
    moved = msgspec.structs.replace(posed_anew(rng, person), left=person.left, right=person.right)
    studies = []
    for who in (person, moved):
        pixel = float(rng.uniform(0.7, 0.95))
        scan = ScanPlan(
            spacing_mm=(float(rng.choice([1.0, 1.5, 2.0])), pixel, pixel),
            noise_hu=float(rng.uniform(8, 20)),
            psf_mm=float(rng.uniform(0.45, 0.75)),
            sharpen=float(rng.uniform(0.0, 0.5)),
            **_FIELD,
        )
        plan = StudyPlan(name="pair", seed=seed, person=who, ossification=tuple(ossification), scan=scan)
        studies.append(simulate(plan))
    return studies[0], studies[1]


def difference(seed: int) -> dict[str, Any]:
    """Return the volumes of each matched lesion in two scans between which nothing has changed."""
    settings = Settings()
    scans = rescanned(seed)
    found = compare_analyses(*(analyze_with_anatomy(s.volume, settings) for s in scans), settings)
    return {
        "seed": seed,
        "spacing_mm": [s.volume.spacing_mm for s in scans],
        "true_mm3": [[round(t.volume_mm3, 1) for t in s.truth.lesions] for s in scans],
        "changes": [x.change for x in found.lesions],
        "matched": [[x.earlier_volume_mm3, x.later_volume_mm3] for x in found.lesions if x.change == "matched"],
        "hips": [[h.earlier_volume_mm3, h.later_volume_mm3] for h in found.hips if h.comparable],
    }


def evaluate(seed: int) -> dict[str, Any]:
    """Simulate, compare and score one pair."""
    settings = Settings()
    before, after = pair_of(seed)
    found = compare_analyses(*(analyze_with_anatomy(s.volume, settings) for s in (before, after)), settings)
    true = {}
    for side in ("left", "right"):
        old, new = (sum(t.volume_mm3 for t in s.truth.lesions if t.side == side) for s in (before, after))
        true[side] = round(100.0 * (new - old) / old, 1) if old else None
    return {
        "seed": seed,
        "spacing_mm": [before.volume.spacing_mm[0], after.volume.spacing_mm[0]],
        "registration": [msgspec.to_builtins(r) for r in found.registration],
        "hips": [
            {
                "side": h.side,
                "reasons": [r.code for r in h.reasons],
                "changes": h.changes,
                "true_percent": true[h.side],
                "found_percent": h.volume_change_percent,
            }
            for h in found.hips
        ],
    }


def main(arguments: list[str] | None = None) -> None:
    """Run the evaluation from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=6)
    parser.add_argument("--first", type=int, default=FIRST_SEED)
    parser.add_argument("--unchanged", action="store_true")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args(arguments)
    args.out.mkdir(parents=True, exist_ok=True)
    one, name = (difference, "rescanned.json") if args.unchanged else (evaluate, "followup.json")
    pairs = []
    for k in range(args.n):
        pairs.append(one(args.first + k))
        (args.out / name).write_text(json.dumps(pairs, indent=1))


if __name__ == "__main__":
    main()
