"""A CT series from its files to HU in memory: ours (with every check) beside what people use.

``load_volume`` starts from files too: finding the series and reading its headers is counted.

    python benchmarks/bench_loading.py --study FOLDER --json loading.json
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
from measuring import SAMPLE, report, times_of, with_ratios, without


def ours(study: Path) -> np.ndarray:
    from ho_detect.acquisition.series.index import index_series
    from ho_detect.acquisition.volume.load import load_volume
    from ho_detect.settings import Settings
    from ho_detect.system.pseudonyms import Pseudonyms

    entry = next(e for e in index_series([study], Settings().acquisition) if e.analyse)
    return load_volume(entry, Settings(), Pseudonyms(bytes(16))).hu


def pydicom_loop(study: Path) -> np.ndarray:
    import pydicom

    slices = [pydicom.dcmread(p) for p in study.rglob("*") if p.is_file() and p.suffix != ".json"]
    slices = sorted((s for s in slices if "ImagePositionPatient" in s), key=lambda s: s.ImagePositionPatient[2])
    hu = [s.pixel_array * float(s.get("RescaleSlope", 1)) + float(s.get("RescaleIntercept", 0)) for s in slices]
    return np.round(hu).astype(np.int16)


def simpleitk(study: Path) -> np.ndarray:
    import SimpleITK as sitk  # noqa: N813

    folder = next(p.parent for p in sorted(study.rglob("*")) if p.is_file() and p.suffix != ".json")
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder)))
    return np.round(sitk.GetArrayFromImage(reader.Execute())).astype(np.int16)


def dicomsdl_loop(study: Path) -> np.ndarray:
    import dicomsdl

    slices = [dicomsdl.open(str(p)) for p in study.rglob("*") if p.is_file() and p.suffix != ".json"]
    slices.sort(key=lambda s: s.ImagePositionPatient[2])
    return np.round([s.pixelData(storedvalue=False) for s in slices]).astype(np.int16)


def contenders(study: Path) -> dict[str, Callable[[], np.ndarray]]:
    """Return those that can read the study."""
    methods = {"ho-detect": ours, "pydicom loop": pydicom_loop, "SimpleITK": simpleitk, "dicomsdl": dicomsdl_loop}
    found: dict[str, Callable[[], np.ndarray]] = {}
    wanted = ours(study)
    for name, method in methods.items():
        try:
            hu = method(study)
        except Exception as error:  # noqa: BLE001 - a contender that cannot read it is told, whatever it raises
            without(name, f"{type(error).__name__}: {error}")
            continue
        if hu.shape != wanted.shape or (np.maximum(hu, -1024) != wanted).any():
            without(name, "does not give the same HU")
            continue
        found[name] = lambda method=method: method(study)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--study", type=Path, default=SAMPLE, help="folder with one CT series")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    shape = "x".join(map(str, ours(options.study).shape))
    times = with_ratios(times_of(contenders(options.study), options.repeats), "ho-detect")
    report("Files to HU", {f"{options.study.name} {shape}": times}, options.json)


if __name__ == "__main__":
    main()
