"""The test of ``ho_detect/a/b.py`` is ``tests/a/test_b.py``; what has none is named here, with why or what tests it."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE, TESTS = ROOT / "ho_detect", ROOT / "tests"
RECORD = "names and records, nothing that could be wrong by itself"
DECLARED = "declarations: tests/settings/test_settings.py and tests/results/test_fields.py go through every one"
PAINTED = "a step of simulate(): tests/simulation states what all of them come to"
#: Modules without a test file of their name: why, or the file that tests them.
WITHOUT = {
    "__main__.py": "tests/cli/test_cli.py",
    "_kernels/distance.py": "tests/image/test_morphology.py",
    "_kernels/run_lengths.py": "tests/_kernels/test_components.py",
    "_version.py": RECORD,
    "acquisition/series/index.py": "tests/acquisition/series/test_splitting.py",
    "agreement/record.py": RECORD,
    "agreement/save.py": "tests/agreement/test_agree.py",
    "anatomy/fit/search.py": "tests/anatomy/fit/test_hips.py",
    "anatomy/hip_joint.py": RECORD,
    "anatomy/metal/record.py": RECORD,
    "anatomy/regions/muscle_names.py": RECORD,
    "anatomy/user_masks/names.py": DECLARED,
    "cohort/plan/manifest.py": "tests/cohort/run/test_shards.py",
    "cohort/plan/plan.py": "tests/cohort/run/test_shards.py",
    "cohort/run/messages.py": "tests/cohort/run/test_run.py",
    "cohort/run/preload.py": "tests/cohort/run/test_run.py",
    "cohort/run/work.py": "tests/cohort/run/test_run.py",
    "cohort/store/collect.py": "tests/cohort/run/test_shards.py",
    "detection/grade/hip.py": RECORD,
    "detection/measure/lesion.py": RECORD,
    "followup/comparison.py": RECORD,
    "followup/show.py": "tests/followup/test_course.py",
    "pacs/query.py": "tests/pacs/test_pull.py",
    "results/amendment.py": RECORD,
    "results/hip_fields.py": DECLARED,
    "results/lesion_density_fields.py": DECLARED,
    "results/lesion_fields.py": DECLARED,
    "results/saved_scan.py": "tests/results/test_load.py",
    "settings/acquisition.py": DECLARED,
    "settings/anatomy.py": DECLARED,
    "settings/detection.py": DECLARED,
    "settings/follow_up.py": DECLARED,
    "settings/judge.py": DECLARED,
    "settings/output.py": DECLARED,
    "simulation/bone_tissue.py": PAINTED,
    "simulation/canvas.py": PAINTED,
    "simulation/draw_growth.py": PAINTED,
    "simulation/femur.py": PAINTED,
    "simulation/growth_plans.py": RECORD,
    "simulation/implant_plans.py": RECORD,
    "simulation/muscles.py": PAINTED,
    "simulation/pelvis.py": PAINTED,
    "simulation/person.py": PAINTED,
    "simulation/scan.py": PAINTED,
    "simulation/tissue.py": PAINTED,
}
MODULES = sorted(str(path.relative_to(PACKAGE)) for path in PACKAGE.rglob("*.py") if path.name != "__init__.py")


def place_of(module: str) -> Path:
    """Return where the test of a module stands."""
    path = Path(module)
    return TESTS / path.parent / f"test_{path.stem.lstrip('_')}.py"


def test_every_module_has_a_test_of_its_name_or_is_named_here():
    assert len(MODULES) > 250
    assert [m for m in MODULES if not place_of(m).is_file() and m not in WITHOUT] == []


def test_what_is_named_here_is_there_and_has_none():
    assert set(WITHOUT) <= set(MODULES)
    assert [m for m in WITHOUT if place_of(m).is_file()] == []


@pytest.mark.parametrize(("module", "why"), sorted(WITHOUT.items()))
def test_the_file_that_tests_it_is_there(module, why):
    assert why in (RECORD, DECLARED, PAINTED) or (ROOT / why).is_file()
