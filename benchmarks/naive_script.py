"""The script researchers write today: read, threshold at 200 HU, label, drop the skeleton, measure the rest.

It stands for what ho-detect is compared with, in time as here and in findings by ``../shared/evaluation/score.py``.

    python benchmarks/naive_script.py STUDY_FOLDER OUT_FOLDER
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
import SimpleITK as sitk  # noqa: N813
from skimage.measure import label, regionprops_table

BONE_HU, LARGEST_MM3, SMALLEST_MM3 = 200, 50_000.0, 100.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("study", type=Path)
    parser.add_argument("out", type=Path)
    options = parser.parse_args()
    folder = next(p.parent for p in sorted(options.study.rglob("*")) if p.is_file() and p.suffix != ".json")
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder)))
    image = reader.Execute()
    hu = sitk.GetArrayFromImage(image)
    voxel_mm3 = float(np.prod(image.GetSpacing()))
    labels = label(hu >= BONE_HU, connectivity=3)
    size = np.bincount(labels.ravel()) * voxel_mm3
    keep = (size >= SMALLEST_MM3) & (size < LARGEST_MM3)
    keep[0] = False
    labels = np.where(keep, np.cumsum(keep), 0).astype(np.uint16)[labels]
    properties = ("label", "area", "centroid", "bbox", "intensity_mean", "intensity_max", "axis_major_length")
    rows = pd.DataFrame(regionprops_table(labels, hu, properties=properties))
    rows["volume_mm3"] = rows["area"] * voxel_mm3
    options.out.mkdir(parents=True, exist_ok=True)
    rows.to_csv(options.out / "lesions.csv", index=False)
    found = sitk.GetImageFromArray(labels)
    found.CopyInformation(image)
    sitk.WriteImage(found, str(options.out / "lesions.nii.gz"))


if __name__ == "__main__":
    main()
