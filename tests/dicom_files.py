"""Small CT series, written in code: clean ones, and any fault by a callback.

    write_series(folder)                                     a clean axial series of 16 slices
    write_series(folder, CtSeries(signed=True, slope=0.5))   other sizes, geometry or pixel formats
    write_series(folder, edit=drop_position)                 a fault: ``edit(k, dataset)`` changes slice k

What is imaged is a function of patient coordinates (:func:`hu_at`), so any acquisition of it can be checked
voxel by voxel. It has air, soft tissue, fat and bone, but no hip: for acquisition only.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence
from pydicom.uid import (
    CTImageStorage,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
CORONAL = (1.0, 0.0, 0.0, 0.0, 0.0, -1.0)
SAGITTAL = (0.0, 1.0, 0.0, 0.0, 0.0, -1.0)

#: All transfer syntaxes that :func:`write_series` can write.
SYNTAXES = {
    "implicit": ImplicitVRLittleEndian,
    "explicit": ExplicitVRLittleEndian,
    "big_endian": ExplicitVRBigEndian,
    "deflated": DeflatedExplicitVRLittleEndian,
    "rle": RLELossless,
    "jpeg_ls": JPEGLSLossless,
    "jpeg2000": JPEG2000Lossless,
    "jpeg_lossless": JPEGLosslessSV1,
}

Edit = Callable[[int, Dataset], None]


@dataclass(frozen=True)
class CtSeries:
    """How a series is acquired and stored. Positions: of slice 0, then ``step`` further for each slice."""

    n_slices: int = 16
    rows: int = 40
    columns: int = 44
    spacing: tuple[float, float] = (2.0, 1.8)
    """Between rows, between columns, mm."""
    step: float = 2.5
    """Along the slice normal, mm; negative: acquired from the other end."""
    orientation: tuple[float, ...] = AXIAL
    origin: tuple[float, float, float] = (-39.0, -40.0, 700.0)
    slope: float = 1.0
    intercept: float = -1024.0
    signed: bool = False
    bits_stored: int = 12
    junk_bits: bool = False
    """Set the bits above the stored ones."""
    syntax: str = "explicit"
    series_uid: str = "1.2.826.0.1.3680043.8.498.1"
    study_uid: str = "1.2.826.0.1.3680043.8.498.2"

    @property
    def normal(self) -> np.ndarray:
        return np.cross(self.orientation[:3], self.orientation[3:])

    def position(self, k: int) -> np.ndarray:
        return np.array(self.origin) + self.normal * self.step * k

    def slice_hu(self, k: int, position: Any = None) -> np.ndarray:
        """HU (rows, columns) of slice k, or of a slice whose first voxel lies at ``position``."""
        r, c = np.mgrid[: self.rows, : self.columns]
        start = self.position(k) if position is None else np.asarray(position, float)
        across = c[..., None] * self.spacing[1] * np.array(self.orientation[:3])
        down = r[..., None] * self.spacing[0] * np.array(self.orientation[3:])
        return hu_at(start + across + down)


def hu_at(lps: Any) -> np.ndarray:
    """HU (float, continuous, a whole number almost nowhere) at LPS mm (..., 3): a body 60 mm wide along z."""
    x, y, z = np.moveaxis(np.asarray(lps, float), -1, 0)
    depth = 30.0 - np.hypot(x * 0.9, y)
    body = np.clip(depth / 3.0, 0, 1)
    tissue = 30.0 + 0.7 * x - 1.1 * y + 0.9 * (z - 720.0) - 120.0 * (depth < 0)
    bone = 900.0 * np.clip((9.0 - np.sqrt((x - 6) ** 2 + (y + 4) ** 2 + (z - 718) ** 2)) / 3.0, 0, 1)
    return body * (tissue + bone + 1000.0) - 1000.0


def make_dataset(spec: CtSeries, k: int) -> FileDataset:
    """Slice ``k`` as a data set, pixels uncompressed little endian."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = CTImageStorage
    meta.MediaStorageSOPInstanceUID = f"{spec.series_uid}.{k + 1}"
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    ds.SOPClassUID = CTImageStorage
    ds.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
    ds.StudyInstanceUID, ds.SeriesInstanceUID = spec.study_uid, spec.series_uid
    ds.FrameOfReferenceUID = f"{spec.study_uid}.9"
    ds.Modality, ds.ImageType = "CT", ["ORIGINAL", "PRIMARY", "AXIAL"]
    ds.PatientID, ds.PatientName, ds.StudyDate = "SECRET-ID", "Secret^Name", "20200102"
    ds.StudyDescription, ds.SeriesDescription, ds.BodyPartExamined = "CT PELVIS", "bone 2.5", "PELVIS"
    ds.Manufacturer, ds.ConvolutionKernel, ds.KVP, ds.PatientPosition = "Maker", "B60", "120", "HFS"
    ds.InstanceNumber = k + 1
    ds.ImagePositionPatient = [_ds(v) for v in spec.position(k)]
    ds.ImageOrientationPatient = [_ds(v) for v in spec.orientation]
    ds.PixelSpacing = [_ds(v) for v in spec.spacing]
    ds.SliceThickness = _ds(abs(spec.step))
    ds.Rows, ds.Columns, ds.SamplesPerPixel, ds.PhotometricInterpretation = spec.rows, spec.columns, 1, "MONOCHROME2"
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = 16, spec.bits_stored, spec.bits_stored - 1
    ds.PixelRepresentation = int(spec.signed)
    ds.RescaleSlope, ds.RescaleIntercept = _ds(spec.slope), _ds(spec.intercept)
    set_hu(ds, spec.slice_hu(k), junk_bits=spec.junk_bits)
    return ds


def set_hu(ds: Dataset, hu: np.ndarray, *, junk_bits: bool = False) -> None:
    """Store HU in a data set by its own rescale and bits."""
    stored = np.rint((hu - float(ds.RescaleIntercept)) / float(ds.RescaleSlope)).astype(np.int64)
    bits = int(ds.BitsStored)
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if ds.PixelRepresentation else (0, (1 << bits) - 1)
    assert stored.min() >= low
    assert stored.max() <= high
    patterns = (stored & 0xFFFF).astype(np.uint16)
    if bits < 16:
        patterns = patterns & np.uint16((1 << bits) - 1)
        if ds.PixelRepresentation and not junk_bits:
            patterns = (stored & 0xFFFF).astype(np.uint16)
        if junk_bits:
            patterns = patterns | np.uint16(0xA5A5 << bits & 0xFFFF)
    ds.PixelData = patterns.astype("<u2").tobytes()
    ds["PixelData"].VR = "OW"


def save(ds: FileDataset, path: Path, syntax: str = "explicit", *, preamble: bool = True) -> None:
    """Write a data set in a transfer syntax of :data:`SYNTAXES`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    uid = SYNTAXES[syntax]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom warns of the very faults that are wanted here
        if syntax == "big_endian":
            ds.PixelData = np.frombuffer(ds.PixelData, "<u2").astype(">u2").tobytes()
        if uid.is_compressed and not uid.is_deflated:
            _compress(ds, syntax)
        ds.file_meta.TransferSyntaxUID = uid
        if preamble:
            pydicom.dcmwrite(path, ds, enforce_file_format=False)
        else:
            bare = Dataset()
            bare.update(ds)
            pydicom.dcmwrite(path, bare, implicit_vr=uid.is_implicit_VR, little_endian=uid.is_little_endian)


def write_series(folder: Path, spec: CtSeries | None = None, *, edit: Edit | None = None) -> list[Path]:
    """Write a series, one file a slice, and return the files. ``edit`` sees each slice before it is compressed."""
    spec = spec or CtSeries()
    paths = []
    for k in range(spec.n_slices):
        ds = make_dataset(spec, k)
        if edit is not None:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                edit(k, ds)
        paths.append(folder / f"{k:04d}.dcm")
        save(ds, paths[-1], spec.syntax)
    return paths


def _ds(value: float) -> str:
    return f"{value:.12g}"[:16]


def _compress(ds: FileDataset, syntax: str) -> None:
    if syntax == "jpeg_lossless":
        frame = _jpeg_lossless(ds)
    elif syntax == "jpeg2000":
        from openjpeg.utils import encode_array

        signed = bool(ds.PixelRepresentation)
        array = np.frombuffer(ds.PixelData, "<i2" if signed else "<u2").reshape(ds.Rows, ds.Columns)
        frame = encode_array(array, bits_stored=ds.BitsStored, photometric_interpretation=2)
    else:
        ds.compress(SYNTAXES[syntax], generate_instance_uid=False)
        return
    ds.PixelData = encapsulate([bytes(frame)])
    ds["PixelData"].VR = "OB"
    ds["PixelData"].is_undefined_length = True


def _jpeg_lossless(ds: FileDataset) -> bytes:
    """Encode with GDCM, which works on files."""
    import tempfile

    import gdcm

    with tempfile.TemporaryDirectory() as folder:
        plain, coded = f"{folder}/plain", f"{folder}/coded"
        ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        pydicom.dcmwrite(plain, ds)
        ds.file_meta.TransferSyntaxUID = JPEGLosslessSV1
        reader = gdcm.ImageReader()
        reader.SetFileName(plain)
        assert reader.Read()
        change = gdcm.ImageChangeTransferSyntax()
        change.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.JPEGLosslessProcess14_1))
        change.SetInput(reader.GetImage())
        assert change.Change()
        writer = gdcm.ImageWriter()
        writer.SetFileName(coded)
        writer.SetFile(reader.GetFile())
        writer.SetImage(change.GetOutput())
        assert writer.Write()
        return next(pydicom.encaps.generate_frames(pydicom.dcmread(coded).PixelData, number_of_frames=1))


_ENHANCED = "1.2.840.10008.5.1.4.1.1.2.1"
#: What :func:`enhanced` images.
ENHANCED_SPEC = CtSeries(bits_stored=16)


def group(**values):
    """A sequence of one item."""
    ds = Dataset()
    for name, value in values.items():
        setattr(ds, name, value)
    return Sequence([ds])


def enhanced(heights, *, undefined_length=False):
    """One file with a frame at each of the heights (slice numbers of ENHANCED_SPEC), in that order."""
    ds = make_dataset(ENHANCED_SPEC, 0)
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = _ENHANCED
    for name in (
        "ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "SliceThickness", "RescaleSlope",
        "RescaleIntercept",
    ):  # fmt: skip
        delattr(ds, name)
    ds.NumberOfFrames = len(heights)
    shared = Dataset()
    shared.PlaneOrientationSequence = group(ImageOrientationPatient=list(ENHANCED_SPEC.orientation))
    shared.PixelMeasuresSequence = group(PixelSpacing=list(ENHANCED_SPEC.spacing), SliceThickness="2.5")
    ds.SharedFunctionalGroupsSequence = Sequence([shared])
    frames, pixels = [], []
    for k in heights:
        frame = Dataset()
        frame.PlanePositionSequence = group(ImagePositionPatient=[float(v) for v in ENHANCED_SPEC.position(k)])
        frame.PixelValueTransformationSequence = group(
            RescaleIntercept=str(-1024 - k), RescaleSlope="1", RescaleType="HU"
        )
        frames.append(frame)
        pixels.append((np.rint(ENHANCED_SPEC.slice_hu(k)) + 1024 + k).astype("<u2").tobytes())
    ds.PerFrameFunctionalGroupsSequence = Sequence(frames)
    if undefined_length:
        for name in ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"):
            ds[name].is_undefined_length = True
    ds.PixelData = b"".join(pixels)
    return ds
