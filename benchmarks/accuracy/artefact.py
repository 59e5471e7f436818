"""How strong metal's artefact is, as measured from the image alone, against what metal changed in simulated studies.

    python benchmarks/accuracy/artefact.py --n 12 [--cache FOLDER] [--fit]

Prints a row a study: the volume that metal hides by the truth (:mod:`hidden`), by the measured map, and within 20 mm of
metal; how much of the true zone the measured one holds, and how much of that is true. ``--fit`` looks for the four
coefficients of :mod:`ho_detect.anatomy.metal.artefact` that agree best (mean F1 over studies).
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from cohort import seeds, study_of
from numpy.typing import NDArray
from scipy import ndimage as ndi
from scipy.optimize import minimize

from ho_detect.anatomy.fit.working_grid import COARSE_STEP_MM, resample_to_patient_axes
from ho_detect.anatomy.metal import artefact
from ho_detect.anatomy.metal.metal import on_grid
from ho_detect.anatomy.metal.voxels import find_metal_voxels
from ho_detect.anatomy.regions.tissue import segment_tissue
from ho_detect.image.morphology import distance_anywhere
from ho_detect.settings import AnatomySettings
from ho_detect.simulation.study import SimulatedStudy

#: Metal itself, and what its blooming makes as dense, says nothing of streaks, mm. The zone there was before, mm.
_AWAY_MM, _BEFORE_MM = 2.0, 20.0
#: So many places of each study are taken.
_PLACES = 30_000
#: Width of the soft limit that the fit follows, HU.
_SOFT_HU = 8.0


@dataclass(frozen=True, eq=False)
class Places:
    """Some places of a study: the terms of the artefact, distance to metal, and the mean of what metal changed, HU."""

    name: str
    rough: NDArray[np.float64]
    shadow: NDArray[np.float64]
    away_mm: NDArray[np.float64]
    true_hu: NDArray[np.float64]

    def measured_hu(self, coefficients: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the artefact by the terms."""
        rough, shadow, beside, falls_mm = coefficients
        return np.asarray(rough * self.rough + shadow * self.shadow + beside * np.exp(-self.away_mm / falls_mm))


def places_of(study: SimulatedStudy) -> Places:
    """Return places inside the body, in slices with metal, that are not metal."""
    settings = AnatomySettings()
    volume = study.volume
    fine = resample_to_patient_axes(volume, artefact.ARTEFACT_STEP_MM)
    metal = find_metal_voxels(volume, settings).on(fine.grid)
    tissue = segment_tissue(resample_to_patient_axes(volume, COARSE_STEP_MM), settings)
    body = on_grid(tissue.body, tissue.grid, fine.grid)
    rough, shadow = artefact.artefact_terms(fine, body)
    quiet = float(np.quantile(rough[body], artefact.QUIET))
    away = distance_anywhere(metal, fine.grid.spacing_mm)
    chosen = np.flatnonzero(body & (away > _AWAY_MM) & metal.any(axis=(1, 2))[:, None, None])
    chosen = np.random.default_rng(0).choice(chosen, min(_PLACES, chosen.size), replace=False)
    at = fine.grid.to_lps(np.stack(np.unravel_index(chosen, fine.hu.shape), axis=1))
    spacing_mm = np.array(volume.spacing_mm)
    in_plane = 3.0 / spacing_mm
    in_plane[int(np.abs(volume.grid.affine[2, :3]).argmax())] = 0.0
    change = ndi.gaussian_filter(np.abs(study.metal_change).astype(np.float32), in_plane)
    true = ndi.map_coordinates(change, volume.grid.to_index(at).T, order=1, mode="nearest")
    beyond = np.sqrt(np.maximum(rough.ravel()[chosen].astype(float) ** 2 - quiet**2, 0.0))
    kinds = "+".join(type(i).__name__ for i in study.plan.implants)
    return Places(
        f"{study.plan.seed} {kinds}", beyond, shadow.ravel()[chosen].astype(float), away.ravel()[chosen], true
    )


def agreement(places: Places, coefficients: NDArray[np.float64], limit_hu: float, *, soft: bool) -> NDArray[np.float64]:
    """Return sensitivity, precision and F1 of the measured zone, and its volume and the true one over that of 20 mm."""
    measured = places.measured_hu(coefficients) - limit_hu
    inside = 1.0 / (1.0 + np.exp(-np.clip(measured / _SOFT_HU, -50, 50))) if soft else (measured > 0).astype(float)
    true = places.true_hu > limit_hu
    both, before = float((inside * true).sum()), float((places.away_mm < _BEFORE_MM).sum())
    return np.array(
        [
            both / max(true.sum(), 1),
            both / max(inside.sum(), 1.0),
            2.0 * both / max(true.sum() + inside.sum(), 1.0),
            inside.sum() / max(before, 1.0),
            true.sum() / max(before, 1.0),
        ]
    )


def fitted(every: list[Places], limit_hu: float) -> NDArray[np.float64]:
    """Return the coefficients with the best mean F1."""

    def cost(c: NDArray[np.float64]) -> float:
        return -float(np.mean([agreement(p, np.abs(c), limit_hu, soft=True)[2] for p in every]))

    found = minimize(cost, artefact.COEFFICIENTS, method="Nelder-Mead", options={"maxiter": 200})
    return np.abs(np.asarray(found.x))


def main() -> None:
    """Measure, and fit where that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=12)
    parser.add_argument("--split", choices=("metal_tuning", "metal_testing"), default="metal_tuning")
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--fit", action="store_true")
    args = parser.parse_args()
    limit_hu = AnatomySettings().artefact_hu
    studies = (study_of(seed, args.cache) for seed in seeds(args.split, args.n))
    every = [places_of(study) for study in studies if study.metal.any()]
    print("| study | sensitivity | precision | F1 | zone over that of 20 mm | true zone over that of 20 mm |")
    print("|---|---|---|---|---|---|")
    rows = [agreement(p, np.array(artefact.COEFFICIENTS), limit_hu, soft=False) for p in every]
    for p, row in zip(every, rows, strict=True):
        print(f"| {p.name} | " + " | ".join(f"{v:.2f}" for v in row) + " |")
    print("| mean | " + " | ".join(f"{v:.2f}" for v in np.mean(rows, axis=0)) + " |")
    if args.fit:
        print("fitted:", np.round(fitted(every, limit_hu), 2).tolist())


if __name__ == "__main__":
    main()
