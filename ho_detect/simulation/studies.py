"""The studies that ship with the project."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from ho_detect.simulation.growth_plans import Bridge, Island, Spur
from ho_detect.simulation.mimics import ArterialCalcium, Phleboliths
from ho_detect.simulation.person import HipPlan, Person
from ho_detect.simulation.scan import ScanPlan
from ho_detect.simulation.study import SimulatedStudy, StudyPlan, simulate
from ho_detect.simulation.write import write_dicom

_SAMPLE_SCAN = ScanPlan(
    spacing_mm=(2.0, 1.5, 1.5),
    above_mm=126,
    below_mm=126,
    left_mm=189,
    right_mm=189,
    anterior_mm=120,
    posterior_mm=138,
    noise_hu=7.0,
    noise_mm=1.6,
    sharpen=0.4,
    kernel="SIM-40",
)

#: The shipped studies, by name.
SAMPLES: tuple[StudyPlan, ...] = (
    StudyPlan(
        name="large_lesion",
        seed=11,
        person=Person(
            left=HipPlan(flexion_deg=8, rotation_deg=12, abduction_deg=4),
            right=HipPlan(flexion_deg=4, rotation_deg=3, anteversion_deg=14),
            turn_deg=4.0,
            pelvic_tilt_deg=3.0,
            fat_mm=12.0,
            muscle_bulk=0.9,
            center_lps_mm=(3.0, -12.0, -640.0),
            texture_seed=11,
            shape_seed=3,
        ),
        ossification=(Island(side="left", muscle="gluteus_medius", volume_ml=7.5, clearance_mm=5.0, along=0.55),),
        scan=_SAMPLE_SCAN,
    ),
    StudyPlan(
        name="bent_bridged",
        seed=14,
        person=Person(
            left=HipPlan(head_radius_mm=23.6, flexion_deg=48, abduction_deg=8, rotation_deg=12, joint_space_mm=2.8),
            right=HipPlan(head_radius_mm=23.6, flexion_deg=22, abduction_deg=-2, rotation_deg=4),
            half_width_mm=88.0,
            turn_deg=3.0,
            pelvic_tilt_deg=6.0,
            fat_mm=10.0,
            muscle_bulk=0.78,
            muscle_hu=40.0,
            muscle_fat=0.3,
            wasting=0.45,
            bone_density=0.6,
            center_lps_mm=(2.0, -10.0, -420.0),
            texture_seed=14,
            shape_seed=6,
        ),
        ossification=(
            Bridge(side="left", muscle="iliopsoas", width_mm=28.0),
            Spur(side="right", muscle="gluteus_minimus", origin="pelvis", length_mm=25.0, width_mm=13.0, gap_mm=7.0),
        ),
        # the thigh of a bent hip stands out to the front
        scan=msgspec.structs.replace(_SAMPLE_SCAN, anterior_mm=150.0, above_mm=108.0),
    ),
    StudyPlan(
        name="normal_vessel_calcium",
        seed=13,
        person=Person(
            left=HipPlan(head_radius_mm=24.8, neck_shaft_deg=130, rotation_deg=14, flexion_deg=2),
            right=HipPlan(head_radius_mm=24.8, neck_shaft_deg=130, rotation_deg=10, flexion_deg=5),
            size=1.02,
            half_width_mm=90.0,
            turn_deg=1.5,
            fat_mm=14.0,
            muscle_fat=0.3,
            muscle_hu=44.0,
            muscle_bulk=0.8,
            bone_density=0.8,
            center_lps_mm=(0.0, -15.0, 85.0),
            texture_seed=13,
            shape_seed=5,
        ),
        mimics=(
            ArterialCalcium(side="left", amount=0.6),
            ArterialCalcium(side="right", amount=0.4),
            Phleboliths(count=2),
        ),
        scan=_SAMPLE_SCAN,
    ),
)


def expected(study: SimulatedStudy) -> dict[str, Any]:
    """Return what is to be found in a study, as plain values for a JSON file."""
    values: dict[str, Any] = {
        "study": study.plan.name,
        "note": "Simulated: no such person. Coordinates are LPS mm; volumes are of the label map on the series' grid.",
        "seed": study.plan.seed,
        **msgspec.to_builtins(study.truth),
    }
    del values["name"]
    return values


def write_sample(plan: StudyPlan, folder: Path) -> SimulatedStudy:
    """Simulate a plan and write ``folder/ct/*.dcm`` and ``folder/expected.json``."""
    study = simulate(plan)
    for old in (folder / "ct").glob("IM????.dcm"):  # a longer series made earlier must not mix with this one
        old.unlink()
    write_dicom(study, folder / "ct")
    text = msgspec.json.format(msgspec.json.encode(expected(study)), indent=1)
    (folder / "expected.json").write_bytes(text + b"\n")
    return study


def write_samples(out: Path) -> list[Path]:
    """Write the shipped studies below a folder.

    Parameters
    ----------
    out
        Made when absent; files of the same names are replaced.

    Returns
    -------
    list of Path
        One folder per study.
    """
    folders = [out / plan.name for plan in SAMPLES]
    for plan, folder in zip(SAMPLES, folders, strict=True):
        write_sample(plan, folder)
    return folders
