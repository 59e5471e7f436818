"""Write simulated studies with implants as DICOM files with their truth, one folder for each.

    python benchmarks/accuracy/write_cases.py OUT --split metal_tuning --n 12

OUT/<name>/dicom/*.dcm, truth.json and truth.npz (``lesions``, ``native``: 1, 2 left and right femur, 3, 4 left and
right hip bone; ``implant``: labels of parts; ``dont_care``: metal; ``origin`` and ``spacing``), all on the series'
own grid, axes (superior, posterior, left). ``artefact_hu`` is the root mean square of what metal changed outside of
itself, in blocks of ``artefact_block`` voxels, about 4 mm.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from cohort import SPLITS, plan_of, seeds
from numpy.typing import NDArray

from ho_detect.simulation.study import SimulatedStudy, simulate
from ho_detect.simulation.truth import FEMUR_LEFT, FEMUR_RIGHT
from ho_detect.simulation.write import write_dicom

#: Edge of the blocks that artefact is told in, mm.
_BLOCK_MM = 4.0


def _block_rms(change: NDArray[np.int16], implant: NDArray[np.bool_], block: tuple[int, ...]) -> NDArray[np.float32]:
    """Root mean square over whole blocks of what is no implant; 0 where all of a block is."""
    whole = tuple(slice(0, n - n % b) for n, b in zip(change.shape, block, strict=True))
    split = [m for n, b in zip(change[whole].shape, block, strict=True) for m in (n // b, b)]
    free = ~implant[whole].reshape(split)
    square = np.square(change[whole].reshape(split), dtype=np.float32) * free
    count = free.sum(axis=(1, 3, 5))
    return np.sqrt(square.sum(axis=(1, 3, 5)) / np.maximum(count, 1)).astype(np.float32)


def truth_of(study: SimulatedStudy) -> dict[str, Any]:
    """Return what is to be found, as plain values."""
    values: dict[str, Any] = msgspec.to_builtins(study.truth)
    values["case"] = values.pop("name")
    values["hips"] = {h["side"]: {**h, "center_lps": h["center_lps_mm"]} for h in values["hips"] if h["in_view"]}
    for lesion in values["lesions"]:
        lesion["attached"] = bool(lesion["attached_to"])
        lesion["bridging"] = {"femur", "pelvis"} <= set(lesion["attached_to"])
    values["scan"] = msgspec.to_builtins(study.plan.scan)
    return values


def write_case(study: SimulatedStudy, folder: Path) -> None:
    """Write one study and its truth into a folder, made when absent."""
    write_dicom(study, folder / "dicom")
    grid, canonical = study.volume.grid.to_canonical()[0], study.volume.grid.turned

    block = tuple(max(1, round(_BLOCK_MM / s)) for s in grid.spacing_mm)
    native = study.bone.copy()
    native[~np.isin(native, (FEMUR_LEFT, FEMUR_RIGHT))] = 0
    native[study.hip_bone > 0] = 2 + study.hip_bone[study.hip_bone > 0]
    np.savez_compressed(
        folder / "truth.npz",
        lesions=canonical(study.labels),
        native=canonical(native),
        implant=canonical(study.implant),
        dont_care=canonical(study.metal),
        artefact_hu=_block_rms(canonical(study.metal_change), canonical(study.implant) > 0, block).astype(np.float16),
        artefact_block=np.array(block),
        origin=grid.origin_lps_mm,
        spacing=np.array(grid.spacing_mm),
    )
    (folder / "truth.json").write_text(json.dumps(truth_of(study), indent=1) + "\n", encoding="utf-8")


def main() -> None:
    """Write cases from the command line; those that are there stay."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--split", choices=tuple(SPLITS), required=True)
    parser.add_argument("--n", type=int, required=True, help="the first N studies of the split")
    args = parser.parse_args()
    for seed in seeds(args.split, args.n):
        plan = plan_of(seed)
        folder = args.out / plan.name
        if (folder / "truth.json").exists():
            continue
        start = time.perf_counter()
        write_case(simulate(plan), folder)
        print(f"{plan.name}  {time.perf_counter() - start:.0f} s", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
