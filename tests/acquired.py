"""A study acquired anew: other slice heights, a tilted gantry; its voxels interpolated from those of another study."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from dicom_files import CtSeries, make_dataset, save
from scipy.ndimage import map_coordinates

from ho_detect.acquisition.volume.hounsfield import AIR_HU
from ho_detect.acquisition.volume.hu_volume import HuVolume


def acquire(volume: HuVolume, folder: Path, steps_mm: np.ndarray, degrees: float = 0.0) -> None:
    """Write a series of slices ``steps_mm`` apart along the table, the gantry tilted about the left-right axis.

    The middle of the stack is the middle of the volume; slices hold as many rows as the body needs.
    """
    source = volume.canonical()
    _, row_mm, column_mm = source.spacing_mm
    _, rows, columns = source.hu.shape
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    heights = np.concatenate([[0.0], np.cumsum(steps_mm)])
    middle = source.grid.to_lps((np.array(source.hu.shape) - 1) / 2)
    first = middle - [(columns - 1) / 2 * column_mm, c * (rows - 1) / 2 * row_mm, s * (rows - 1) / 2 * row_mm]
    spec = CtSeries(
        spacing=(row_mm, column_mm), bits_stored=16, series_uid=f"1.2.3.{round(degrees) % 360}.{len(heights)}"
    )
    r, q = np.mgrid[:rows, :columns]
    across, down = q[..., None] * column_mm * np.array([1.0, 0, 0]), r[..., None] * row_mm * np.array([0.0, c, s])
    for k, height in enumerate(heights):
        position = first + np.array([0, 0, height - heights[-1] / 2])
        index = np.moveaxis(source.grid.to_index(position + across + down), -1, 0)
        hu = map_coordinates(source.hu.astype(np.float32), index, order=1, mode="constant", cval=AIR_HU)
        ds = make_dataset(spec, 0)
        ds.Rows, ds.Columns, ds.ImageOrientationPatient = rows, columns, ["1", "0", "0", "0", f"{c:.10f}", f"{s:.10f}"]
        ds.PixelData = (np.rint(hu).astype(np.int32) + 1024).astype("<u2").tobytes()
        ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = f"{spec.series_uid}.{k}"
        ds.ImagePositionPatient = [f"{v:.4f}" for v in position]
        ds.SliceThickness, ds.InstanceNumber = f"{np.median(steps_mm):.3f}", k + 1
        save(ds, folder / f"{k:04d}")
