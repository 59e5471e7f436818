"""How much two scans of one patient differ without any change: CT with ossification, scanned again in silico.

    python benchmarks/accuracy/rescans.py STUDIES... --out rescans.json

Each study (a folder of DICOM files) is turned by up to 6°, moved, sampled linearly on voxels of 0.8 to 1.4 times the
edge, and gets noise of 5 to 20 HU; both are analysed. A lesion of one is paired with that of the other that holds most
of it, where both say so. From the pairs comes the standard deviation of a difference of volumes,
``sqrt(a² + (b · volume)²)``: the likeliest a and b, and how many differences lie within two of it, for studies left out
of the fit.
"""

from __future__ import annotations

import argparse
import json
import sys
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from real_ct import load
from scipy.optimize import minimize

from ho_detect._kernels.resampling import interpolate
from ho_detect.acquisition.volume.hounsfield import AIR_HU
from ho_detect.acquisition.volume.hu_volume import HuVolume
from ho_detect.analyze import analyze
from ho_detect.errors import SeriesError
from ho_detect.image.grid import FloatArray, Grid, rotation
from ho_detect.results.result import Result

_FOLDS = 5


def again(volume: HuVolume, rng: np.random.Generator) -> tuple[HuVolume, FloatArray, FloatArray]:
    """Return a canonical study scanned again, and the (3, 3) and (3,) that take a place of the first to the second."""
    turn = rotation("z", rng.uniform(-6, 6)) @ rotation("x", rng.uniform(-3, 3)) @ rotation("y", rng.uniform(-3, 3))
    shift = rng.uniform(-12, 12, 3)
    low, high = volume.grid.box_lps_mm()
    middle = (low + high) / 2
    spacing_mm = np.array(volume.grid.spacing_mm) * rng.uniform(0.8, 1.4, 3)
    spacing_mm[2] = spacing_mm[1]
    shape = tuple(int(n) for n in np.floor((high - low)[::-1] / spacing_mm))
    affine = np.eye(4)
    affine[:3, :3] = np.diag(spacing_mm[::-1])[:, ::-1]
    affine[:3, 3] = middle + shift - affine[:3, :3] @ ((np.array(shape) - 1) / 2)
    seen_from = Grid(shape, affine)  # type: ignore[arg-type]
    first = np.eye(4)  # the second grid, where it lay in the first scan
    first[:3, :3] = turn.T @ affine[:3, :3]
    first[:3, 3] = turn.T @ (affine[:3, 3] - middle - shift) + middle
    hu = np.empty(shape, np.float32)
    onto = Grid(shape, first).onto(volume.grid)  # type: ignore[arg-type]
    interpolate(len(hu), volume.hu.astype(np.float32), *onto, float(AIR_HU), hu)
    inside = hu > AIR_HU + 100
    hu[inside] += rng.uniform(5, 20) * rng.standard_normal(int(inside.sum()), np.float32)
    made = replace(volume, hu=np.round(hu).astype(np.int16), grid=seen_from, source=None)
    return made, turn, middle + shift - turn @ middle


def pairs(first: Result, second: Result, turn: FloatArray, offset: FloatArray) -> list[tuple[float, float]]:
    """Return the volumes of each lesion in both scans, mm³, where each holds most of the other."""
    to_second = most(first, second, turn, offset)
    to_first = most(second, first, turn.T, -turn.T @ offset)
    volume = {x.id: x.volume_mm3 for x in second.lesions}
    return [
        (x.volume_mm3, volume[to_second[x.id]])
        for x in first.lesions
        if to_second[x.id] and to_first[to_second[x.id]] == x.id
    ]


def most(own: Result, other: Result, turn: FloatArray, offset: FloatArray) -> dict[int, int]:
    """Return for each lesion that of another study which holds most of it, 0 where none holds half."""
    found = {}
    for lesion in own.lesions:
        points = own.grid.to_lps(np.argwhere(own.labels == lesion.id)) @ turn.T + offset
        index = np.rint(other.grid.to_index(points)).astype(int)
        inside = ((index >= 0) & (index < other.grid.shape)).all(axis=1)
        ids = np.bincount(other.labels[tuple(index[inside].T)], minlength=1)
        ids[0] = 0
        found[lesion.id] = int(ids.argmax()) if ids.max() >= 0.5 * len(points) else 0
    return found


def fitted(pairs_mm3: FloatArray) -> FloatArray:
    """Return the likeliest (a mm³, b) of normal differences of (n, 2) volumes."""
    mean, difference = pairs_mm3.mean(axis=1), np.diff(pairs_mm3, axis=1)[:, 0]

    def misfit(t: NDArray[np.float64]) -> float:
        variance = np.exp(2 * t[0]) + (np.exp(t[1]) * mean) ** 2
        return float((np.log(variance) + difference**2 / variance).sum())

    return np.exp(minimize(misfit, np.log([30.0, 0.03]), method="Nelder-Mead").x)


def within(pairs_mm3: FloatArray, model: FloatArray) -> NDArray[np.bool_]:
    """Whether each difference lies within two standard deviations."""
    sd = np.hypot(model[0], model[1] * pairs_mm3.mean(axis=1))
    return np.asarray(np.abs(np.diff(pairs_mm3, axis=1)[:, 0]) <= 2 * sd)


def main() -> None:
    """Measure from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("studies", type=Path, nargs="+")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    rows: list[dict[str, Any]] = []
    for number, folder in enumerate(args.studies):
        try:
            volume = load(folder).canonical()
            second, turn, offset = again(volume, np.random.default_rng(zlib.crc32(str(folder).encode())))
            found = analyze(volume), analyze(second)
        except SeriesError as error:
            print(f"{folder}: {error.reason}", file=sys.stderr)
            continue
        together = pairs(*found, turn, offset)
        lesions = [len(r.lesions) for r in found]
        rows.append({"study": number, "spacing_mm": second.grid.spacing_mm, "lesions": lesions, "pairs_mm3": together})
        print(folder, lesions, [[round(v) for v in p] for p in together], file=sys.stderr, flush=True)
        args.out.write_text(json.dumps({"studies": rows, **figures(rows)}, indent=1) + "\n", encoding="utf-8")


def figures(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the model and how well it holds for studies that it was not fitted to."""
    known = [(row["study"], *pair) for row in rows for pair in row["pairs_mm3"]]
    if len({study for study, *_ in known}) < _FOLDS:
        return {}
    table = np.array(known, float)
    fold = table[:, 0].astype(int) % _FOLDS
    held = [within(table[fold == k, 1:], fitted(table[fold != k, 1:])) for k in np.unique(fold)]
    a, b = fitted(table[:, 1:])
    return {
        "pairs": len(table),
        "a_mm3": round(a, 1),
        "b": round(b, 4),
        "within_2_sd": float(np.concatenate(held).mean()),
    }


if __name__ == "__main__":
    main()
