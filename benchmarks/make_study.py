"""An uncompressed CT study of any number of slices: what the speed benchmarks run on.

A simulated person with ossification at one hip (or another study) is resampled along its slices, widened with air to
square slices of the matrix asked for, and given the noise that interpolation took away: without it, runs of bone would
be longer than a scanner makes them.

    python benchmarks/make_study.py /tmp/study --slices 400 --matrix 512
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from ho_detect.acquisition.volume.hounsfield import AIR_HU
from ho_detect.acquisition.volume.hu_volume import HuVolume
from ho_detect.image.grid import Grid

#: The person simulated.
SEED = 7
#: Noise added to what was interpolated, HU.
NOISE_HU = 12.0


def load(study: Path) -> HuVolume:
    """Load the first series of a study that can be analysed, along the patient's axes."""
    from ho_detect.acquisition.series.index import index_series
    from ho_detect.acquisition.volume.load import load_volume
    from ho_detect.settings import Settings
    from ho_detect.system.pseudonyms import Pseudonyms

    entry = next(e for e in index_series([study], Settings().acquisition) if e.analyse)
    return load_volume(entry, Settings(), Pseudonyms(bytes(16))).canonical()


def simulated() -> HuVolume:
    """Return a person with bones as measured, and a bridge at the left hip, on 1.5 x 1 x 1 mm."""
    from ho_detect.simulation.draw import ordinary_person
    from ho_detect.simulation.growth_plans import Bridge
    from ho_detect.simulation.study import StudyPlan, simulate

    bridge = Bridge(side="left", muscle="iliopsoas", width_mm=24.0, gap_mm=0.0, gap_at="femur", maturity="mature")
    plan = StudyPlan(name="random", seed=SEED, person=ordinary_person(SEED), ossification=(bridge,))
    return simulate(plan).volume.canonical()


def make_study(out: Path, slices: int, matrix: int, study: Path | None = None) -> Path:
    """Write ``slices`` files of ``matrix`` squared voxels below ``out``, where they are not there yet."""
    if len(list(out.glob("*.dcm"))) == slices:
        return out
    volume = simulated() if study is None else load(study)
    depth, rows, columns = volume.hu.shape
    step = max(rows * volume.spacing_mm[1], columns * volume.spacing_mm[2]) / matrix  # mm
    height = volume.spacing_mm[0] * depth / slices
    grid = Grid.axial((slices, matrix, matrix), (height, step, step), volume.grid.origin_lps_mm)
    at = [np.arange(n) * new / old for n, new, old in zip(grid.shape, grid.spacing_mm, volume.spacing_mm, strict=True)]
    rng = np.random.default_rng(0)
    out.mkdir(parents=True, exist_ok=True)
    for k in range(slices):
        lower = min(int(at[0][k]), depth - 1)
        upper = min(lower + 1, depth - 1)
        share = np.float32(at[0][k] - lower)
        plane = volume.hu[lower] * (1 - share) + volume.hu[upper] * share
        image = _stretched(plane, at[1], at[2]) + NOISE_HU * rng.standard_normal((matrix, matrix), np.float32)
        _write(out / f"{k:05d}.dcm", np.clip(np.rint(image), AIR_HU, 3071).astype(np.int16), grid, k)
    return out


def _stretched(plane: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Interpolate a slice; what lies outside of it is air."""
    from scipy import ndimage as ndi

    at = np.meshgrid(rows, columns, indexing="ij")
    return ndi.map_coordinates(plane.astype(np.float32), at, order=1, mode="constant", cval=-1000.0)


def _write(path: Path, hu: np.ndarray, grid: Grid, k: int) -> None:
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

    def uid(*number: int) -> str:
        return ".".join(["2.25.7351", str(grid.shape[0]), str(grid.shape[1]), *map(str, number)])

    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID = CTImageStorage
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID = uid(3, k)
    ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.FrameOfReferenceUID = uid(1), uid(2), uid(4)
    ds.Modality, ds.ImageType, ds.PatientID = "CT", ["ORIGINAL", "PRIMARY", "AXIAL"], "BENCHMARK"
    ds.InstanceNumber, ds.PatientPosition, ds.KVP = str(k + 1), "HFS", "120"
    ds.ImageOrientationPatient = ["1", "0", "0", "0", "1", "0"]
    ds.ImagePositionPatient = [f"{v:.6f}" for v in grid.to_lps([k, 0, 0])]
    ds.PixelSpacing = [f"{v:.6f}" for v in grid.spacing_mm[1:]]
    ds.SliceThickness = f"{grid.spacing_mm[0]:.6f}"
    ds.Rows, ds.Columns = hu.shape
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 12, 11, 0
    ds.RescaleSlope, ds.RescaleIntercept, ds.RescaleType = "1", str(AIR_HU), "HU"
    ds.PixelData = (hu - AIR_HU).astype("<u2").tobytes()
    ds.save_as(path, enforce_file_format=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--study", type=Path, help="folder with one CT series; otherwise simulated")
    parser.add_argument("--slices", type=int, default=400)
    parser.add_argument("--matrix", type=int, default=512)
    options = parser.parse_args()
    make_study(options.out, options.slices, options.matrix, options.study)


if __name__ == "__main__":
    main()
