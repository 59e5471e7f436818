"""What the tests of DICOM objects share: series of any orientation, and the tools of others that read them back."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import SimpleITK as sitk  # noqa: N813
from dicom_files import AXIAL, CORONAL, SAGITTAL, CtSeries, make_dataset
from pydicom.dataset import Dataset

BIN = Path(sys.executable).parent


SECRET = (b"SECRET", b"Secret", b"20200102", b"1.2.3.77")


TILT = np.radians(20)


OBLIQUE = (1.0, 0.0, 0.0, 0.0, float(np.cos(TILT)), float(np.sin(TILT)))


GRIDS = {
    "axial": CtSeries(orientation=AXIAL),
    "head_last": CtSeries(step=-2.5, origin=(-39.0, -40.0, 737.5)),
    "mirrored": CtSeries(orientation=(-1.0, 0, 0, 0, 1.0, 0), origin=(39.0, -40.0, 700.0)),
    "coronal": CtSeries(orientation=CORONAL, origin=(-39.0, -20.0, 760.0)),
    "sagittal": CtSeries(orientation=SAGITTAL, origin=(-20.0, -40.0, 760.0)),
    "oblique": CtSeries(orientation=OBLIQUE),
    "tilted": CtSeries(n_slices=24),
}


def tilt(k, ds):
    """Shear the stack by 10 degrees: the volume is resampled, and its slices are no longer the images."""
    ds.ImagePositionPatient = [
        *ds.ImagePositionPatient[:1],
        f"{-40 + 2.5 * k * np.tan(np.radians(10)):.6f}",
        ds.ImagePositionPatient[2],
    ]


def tool(name, *args):
    done = subprocess.run([BIN / name, *map(str, args)], capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def errors(path):
    """What dciodvfy calls an error in a file."""
    status, said = tool("dciodvfy", path)
    found = [line for line in said.splitlines() if line.startswith("Error")]
    assert bool(found) == (status != 0)
    return found


def drop(*names):
    def edit(_, ds):
        for name in names:
            if name in ds:
                delattr(ds, name)

    return edit


def read_report(path, folder):
    status, said = tool("tid1500reader", "--inputDICOM", path, "--outputMetadata", folder / "report.json")
    assert status == 0, said
    return json.loads((folder / "report.json").read_text())["Measurements"]


def values(group):
    """Numbers and codes of a measurement group, by name (and how derived)."""
    found = {}
    for item in group["measurementItems"]:
        derived = item.get("derivationModifier", {}).get("CodeMeaning")
        found[item["quantity"]["CodeMeaning"] + (f", {derived}" if derived else "")] = float(item["value"])
    for item in group["qualitativeEvaluations"]:
        found.setdefault(item["conceptCode"]["CodeMeaning"], []).append(item["conceptValue"]["CodeMeaning"])
    return found


def read_masks(path, folder, findings):
    """Voxels of each segment as dcmqi reads them, on the grid of the findings: by segment number."""
    status, said = tool(
        "segimage2itkimage", "--inputDICOM", path, "--outputDirectory", folder, "--outputType", "nrrd", "-p", "s"
    )
    assert status == 0, said
    masks = {}
    for file in folder.glob("s-*.nrrd"):
        image = sitk.ReadImage(str(file))
        found = np.argwhere(sitk.GetArrayFromImage(image))
        points = [image.TransformIndexToPhysicalPoint([int(i) for i in index[::-1]]) for index in found]
        index = findings.volume.grid.to_index(points)
        assert abs(index - index.round()).max() < 0.01
        masks[int(file.stem.removeprefix("s-"))] = {tuple(i) for i in index.round().astype(int).tolist()}
    return masks


ENHANCED_ORDER = [int(k) for k in np.random.default_rng(1).permutation(16)]


def enhanced():
    """One multi-frame file with the slices in another order."""
    spec = CtSeries(bits_stored=16)
    ds = make_dataset(spec, 0)
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.2.1"
    geometry = ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "SliceThickness")
    orientation, measures, shared = Dataset(), Dataset(), Dataset()
    orientation.ImageOrientationPatient = ds.ImageOrientationPatient
    measures.PixelSpacing, measures.SliceThickness = ds.PixelSpacing, ds.SliceThickness
    shared.PlaneOrientationSequence, shared.PixelMeasuresSequence = [orientation], [measures]
    for name in geometry:
        delattr(ds, name)
    ds.NumberOfFrames, ds.SharedFunctionalGroupsSequence = 16, [shared]
    frames = []
    for k in ENHANCED_ORDER:
        place, frame = Dataset(), Dataset()
        place.ImagePositionPatient = [float(v) for v in spec.position(k)]
        frame.PlanePositionSequence = [place]
        frames.append(frame)
    ds.PerFrameFunctionalGroupsSequence = frames
    ds.PixelData = b"".join((np.rint(spec.slice_hu(k)) + 1024).astype("<u2").tobytes() for k in ENHANCED_ORDER)
    return ds
