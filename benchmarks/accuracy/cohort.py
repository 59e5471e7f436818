"""Which simulated studies are evaluated: a fixed split of seeds, and the conditions each study is counted under."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path

from ho_detect.simulation.draw import draw_study
from ho_detect.simulation.draw_metal import draw_metal_study
from ho_detect.simulation.study import SimulatedStudy, StudyPlan, simulate

#: First seed of each split; a split holds at most :data:`LARGEST` studies. Testing studies are only ever counted, and
#: run once for each version that is published: 40000 to 40059 have been, by an earlier one.
SPLITS: dict[str, int] = {"tuning": 20_000, "testing": 50_000, "metal_tuning": 61_200, "metal_testing": 72_000}
LARGEST = 10_000


def seeds(split: str, n: int) -> range:
    """Return the first ``n`` seeds of a split.

    Raises
    ------
    ValueError
        Unknown split, or more studies than it holds.
    """
    if split not in SPLITS or not 0 < n <= LARGEST:
        raise ValueError(f"no split {split!r} of {n} studies: 1 to {LARGEST} of {', '.join(SPLITS)}")
    return range(SPLITS[split], SPLITS[split] + n)


def plan_of(seed: int) -> StudyPlan:
    """Return the plan of a study of any split."""
    if any(SPLITS[split] <= seed < SPLITS[split] + LARGEST for split in ("metal_tuning", "metal_testing")):
        return draw_metal_study(seed, name=f"metal_{seed}")
    return draw_study(seed, name=f"accuracy_{seed}")


def study_of(seed: int, cache: Path | None = None) -> SimulatedStudy:
    """Simulate a study, or read what an earlier call left in ``cache`` (a folder of this user's own pickles).

    A cached study is only used for the same plan; empty the folder when the simulation itself has changed.
    """
    plan = plan_of(seed)
    if cache is None:
        return simulate(plan)
    file = cache / f"{seed}.pickle"
    if file.exists():
        study: SimulatedStudy = pickle.loads(file.read_bytes())  # noqa: S301 - written below, by the same user
        if study.plan == plan:
            return study
    study = simulate(plan)
    cache.mkdir(parents=True, exist_ok=True)
    part = file.with_suffix(".part")
    part.write_bytes(pickle.dumps(study, protocol=pickle.HIGHEST_PROTOCOL))
    part.replace(file)
    return study


def _slices(plan: StudyPlan) -> str:
    thick = max(plan.scan.spacing_mm[0], plan.scan.thickness_mm or 0.0)
    return "slices up to 1.5 mm" if thick <= 1.6 else "slices to 3 mm" if thick < 4 else "slices over 4 mm"


def _noise(plan: StudyPlan) -> str:
    noise = plan.scan.noise_hu
    return "noise under 15 HU" if noise < 15 else "noise 15 to 25 HU" if noise < 25 else "noise 25 to 35 HU"


def _kernel(plan: StudyPlan) -> str:
    return {0.0: "kernel soft", 0.4: "kernel medium"}.get(plan.scan.sharpen, "kernel sharp")


def _view(plan: StudyPlan) -> str:
    if min(plan.scan.left_mm, plan.scan.right_mm) < 0:
        return "view: one hip"
    return "view: cut near the heads" if plan.scan.above_mm < 20 else "view: both hips"


def _pose(plan: StudyPlan) -> str:
    return "turned over 10 degrees" if abs(plan.person.turn_deg) > 10 else "turned less"


def _bone(plan: StudyPlan) -> str:
    return "bone density under 0.7" if plan.person.bone_density < 0.7 else "bone density over 0.7"


def _arthritis(plan: StudyPlan) -> str:
    person = plan.person
    return "arthritis" if max(person.left.arthritis, person.right.arthritis) > 0.15 else "no arthritis"


def _contrast(plan: StudyPlan) -> str:
    return "contrast medium" if plan.person.contrast != "none" else "no contrast medium"


def _metal(plan: StudyPlan) -> str:
    if not plan.implants:
        return "no metal"
    return "metal: head replaced" if any(i.replaces_head for i in plan.implants) else "metal: head native"


def _mimics(plan: StudyPlan) -> str:
    return "calcified mimics or hand" if plan.mimics else "no mimics"


def _position(plan: StudyPlan) -> str:
    return "prone or feet first" if plan.scan.position != "HFS" else "supine, head first"


_CONDITIONS: tuple[Callable[[StudyPlan], str], ...] = (
    _slices, _noise, _kernel, _view, _pose, _position, _bone, _arthritis, _contrast, _metal, _mimics,
)  # fmt: skip


def conditions_of(plan: StudyPlan) -> tuple[str, ...]:
    """Return the conditions a study is counted under, one of each kind."""
    return tuple(condition(plan) for condition in _CONDITIONS)
