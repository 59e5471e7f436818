"""The studies that ship with the project, and random ones for measuring how well the methods do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from ho_detect.image.sides import SIDES
from ho_detect.simulation.measured import half_width_mm
from ho_detect.simulation.mimics import ArterialCalcium, Arthroplasty, Granuloma, Hand, Mimic, Phleboliths
from ho_detect.simulation.muscles import Muscle
from ho_detect.simulation.ossification import Bridge, Island, Maturity, Ossification, Sheet, Spur
from ho_detect.simulation.person import HipPlan, Person, draw_person
from ho_detect.simulation.scan import Position, ScanPlan
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
        ),
        ossification=(Island(side="left", muscle="gluteus_medius", volume_ml=7.5, clearance_mm=5.0, along=0.55),),
        scan=_SAMPLE_SCAN,
    ),
    StudyPlan(
        name="two_small",
        seed=12,
        person=Person(
            left=HipPlan(head_radius_mm=22.2, neck_length_mm=46, rotation_deg=-4, anteversion_deg=17),
            right=HipPlan(head_radius_mm=22.4, neck_length_mm=46, rotation_deg=9, anteversion_deg=16, flexion_deg=10),
            female=1.0,
            size=0.94,
            half_width_mm=86.0,
            turn_deg=-6.0,
            pelvic_tilt_deg=-2.0,
            fat_mm=15.0,
            muscle_bulk=0.8,
            bone_density=0.85,
            center_lps_mm=(-2.0, -8.0, -212.0),
            texture_seed=12,
        ),
        ossification=(
            Island(side="right", muscle="iliopsoas", volume_ml=0.8, maturity="mature", along=0.55),
            Island(side="left", muscle="gluteus_maximus", volume_ml=0.6, maturity="mature", along=0.55),
        ),
        scan=_SAMPLE_SCAN,
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


_ISLAND_MUSCLES: tuple[Muscle, ...] = (
    "iliopsoas", "rectus_femoris", "gluteus_medius", "gluteus_minimus", "gluteus_maximus", "external_rotators",
    "adductors", "obturator_externus", "vastus_lateralis", "pectineus",
)  # fmt: skip
_BRIDGE_MUSCLES: tuple[Muscle, ...] = (
    "iliopsoas",
    "gluteus_medius",
    "gluteus_minimus",
    "external_rotators",
    "pectineus",
)


def _draw_growth(rng: np.random.Generator) -> Ossification:
    side = SIDES[int(rng.integers(2))]
    maturity: Maturity = str(rng.choice(["mature", "mature", "intermediate", "immature"]))  # type: ignore[assignment]
    along = float(rng.uniform(0.2, 0.8))
    kind = int(rng.choice(4, p=[0.5, 0.2, 0.1, 0.2]))
    muscle = _ISLAND_MUSCLES[int(rng.integers(len(_ISLAND_MUSCLES)))]
    if kind == 0:
        volume = float(np.round(rng.choice([0.3, 0.6, 1.2, 3.0, 8.0, 20.0]) * rng.uniform(0.7, 1.4), 2))
        clearance = float(rng.choice([1.5, 3.0, 5.0]))
        return Island(
            side=side, muscle=muscle, volume_ml=volume, maturity=maturity, clearance_mm=clearance, along=along
        )
    if kind == 1:
        return Spur(
            side=side,
            muscle=muscle,
            origin="femur" if rng.random() < 0.6 else "pelvis",
            length_mm=float(rng.uniform(12, 45)),
            width_mm=float(rng.uniform(7, 16)),
            gap_mm=float(rng.choice([3.0, 6.0, 11.0])),
            maturity=maturity,
            along=along,
        )
    if kind == 2:
        return Sheet(
            side=side,
            aspect=str(rng.choice(["anterior", "posterior", "medial", "lateral"])),  # type: ignore[arg-type]
            length_mm=float(rng.uniform(30, 80)),
            width_mm=float(rng.uniform(14, 30)),
            thickness_mm=float(rng.uniform(3, 9)),
            gap_mm=float(rng.choice([0.0, 0.0, 2.5])),
            maturity=maturity,
        )
    return Bridge(
        side=side,
        muscle=_BRIDGE_MUSCLES[int(rng.integers(len(_BRIDGE_MUSCLES)))],
        width_mm=float(rng.uniform(14, 32)),
        gap_mm=float(rng.choice([0.0, 0.0, 4.0, 8.0])),
        gap_at="femur" if rng.random() < 0.5 else "pelvis",
        maturity=maturity,
        along=along,
    )


def _draw_scan(rng: np.random.Generator) -> ScanPlan:
    spacing = float(rng.choice([1.0, 1.25, 1.5, 2.0, 3.0, 5.0]))
    in_plane = float(rng.uniform(0.75, 1.1))
    crop = int(rng.choice(4, p=[0.7, 0.12, 0.12, 0.06]))
    position: Position = str(rng.choice(["HFS", "HFS", "HFS", "FFS", "HFP"]))  # type: ignore[assignment]
    return ScanPlan(
        spacing_mm=(spacing, in_plane, in_plane),
        thickness_mm=float(spacing * rng.choice([1.0, 1.0, 1.25])),
        above_mm=float(rng.uniform(-2, 15)) if crop == 3 else float(rng.uniform(60, 135)),
        below_mm=float(rng.uniform(70, 150)),
        psf_mm=float(rng.uniform(0.4, 0.8)),
        sharpen=float(rng.choice([0.0, 0.4, 1.0])),
        noise_hu=float(rng.uniform(8, 35)),
        noise_mm=float(rng.uniform(0.5, 1.6)),
        circle=bool(rng.random() < 0.5),
        position=position,
        kvp=float(rng.choice([100, 120, 120, 140])),
        left_mm=-15.0 if crop == 1 else 205.0,
        right_mm=-15.0 if crop == 2 else 205.0,
    )


def _with_measured_bones(person: Person, seed: int) -> Person:
    width = half_width_mm(seed, person.left, person.right)
    return msgspec.structs.replace(person, shape_seed=seed, half_width_mm=width)


def draw_study(seed: int, *, name: str = "random") -> StudyPlan:
    """Draw a study: person, disease, mimics and scan, all from the seed.

    >>> draw_study(5) == draw_study(5)
    True
    """
    rng = np.random.default_rng([seed, 7])
    person = _with_measured_bones(draw_person(rng), seed)
    growths = tuple(_draw_growth(rng) for _ in range(int(rng.choice([0, 1, 1, 2, 3]))))
    mimics: list[Mimic] = [
        ArterialCalcium(side=side, amount=float(rng.uniform(0.1, 1))) for side in SIDES if rng.random() < 0.35
    ]
    if rng.random() < 0.4:
        mimics.append(Phleboliths(count=int(rng.integers(1, 8))))
    if rng.random() < 0.15:
        mimics.append(Granuloma(side=SIDES[int(rng.integers(2))]))
    if rng.random() < 0.15:
        mimics.append(Hand(side=SIDES[int(rng.integers(2))], gap_mm=float(rng.uniform(0, 8))))
    if rng.random() < 0.08:
        mimics.append(Arthroplasty(side=SIDES[int(rng.integers(2))]))
    scan = _draw_scan(rng)
    if any(isinstance(m, Hand) for m in mimics):  # hands lie at the edge of a wide field of view
        wide = {side: max(value, 245.0) for side in ("left_mm", "right_mm") if (value := getattr(scan, side)) > 0}
        scan = msgspec.structs.replace(scan, **wide)
    return StudyPlan(name=name, seed=seed, person=person, ossification=growths, mimics=tuple(mimics), scan=scan)
