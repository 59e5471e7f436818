"""Many series in little time: one CT series written by pydicom, then its bytes with other UIDs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pydicom

#: Stand-ins for the numbers of study, series and image; of one length, so that nothing else in a file moves.
_STUDY, _SERIES, _IMAGE = (f"1.2.826.0.1.{kind}.{10**7}" for kind in (7, 8, 9))


def write_archive(folder: Path, n_series: int, n_slices: int = 12, size: int = 16) -> None:
    """Write ``n_series`` series, each of a study of its own, with ``n_slices`` slices of ``size`` x ``size`` pixels."""
    slices = [_slice_bytes(k, size) for k in range(n_slices)]
    for number in range(1, n_series + 1):
        place = folder / f"{number // 100:03d}" / f"{number:05d}"
        place.mkdir(parents=True)
        for k, data in enumerate(slices):
            for stand_in, value in ((_STUDY, number), (_SERIES, number), (_IMAGE, number * 100 + k)):
                data = data.replace(stand_in.encode(), f"{stand_in[:13]}.{10**7 + value}".encode())
            (place / f"{k:03d}").write_bytes(data)


def _slice_bytes(k: int, size: int) -> bytes:
    from pydicom.dataset import FileMetaDataset
    from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

    ds = pydicom.Dataset()
    ds.SOPClassUID, ds.SOPInstanceUID = CTImageStorage, _IMAGE
    ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.FrameOfReferenceUID = _STUDY, _SERIES, _STUDY
    ds.PatientID, ds.Modality, ds.BodyPartExamined, ds.StudyDate = "P", "CT", "HIP", "20200102"
    ds.ImageType, ds.InstanceNumber = ["ORIGINAL", "PRIMARY", "AXIAL"], k + 1
    ds.ImagePositionPatient, ds.ImageOrientationPatient = [-32.0, -32.0, 3.0 * k], [1, 0, 0, 0, 1, 0]
    ds.PixelSpacing, ds.SliceThickness = [64.0 / size, 64.0 / size], 3.0
    ds.Rows = ds.Columns = size
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.BitsAllocated = ds.BitsStored = 16
    ds.HighBit, ds.PixelRepresentation = 15, 1
    ds.RescaleSlope, ds.RescaleIntercept, ds.RescaleType = 1, 0, "HU"
    rows, columns = np.mgrid[:size, :size] / size - 0.5
    body = np.where(np.hypot(rows, columns) < 0.4, 40, -1000).astype("<i2")
    ds.PixelData = body.tobytes()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.file_meta.MediaStorageSOPClassUID, ds.file_meta.MediaStorageSOPInstanceUID = CTImageStorage, _IMAGE
    buffer = pydicom.filebase.DicomBytesIO()
    pydicom.dcmwrite(buffer, ds, enforce_file_format=True)
    return buffer.getvalue()


def copies(study: Path, folder: Path, n: int) -> Iterator[Path]:
    """Write ``n`` copies of a study, each with UIDs of its own; yield their folders."""
    for number in range(n):
        place = folder / f"{number:03d}"
        place.mkdir(parents=True)
        for k, path in enumerate(sorted(p for p in study.rglob("*") if p.is_file())):
            try:
                ds = pydicom.dcmread(path)
            except pydicom.errors.InvalidDicomError:
                continue
            ds.StudyInstanceUID, ds.SeriesInstanceUID = f"1.2.826.0.1.7.{number + 1}", f"1.2.826.0.1.8.{number + 1}"
            ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = f"{ds.SeriesInstanceUID}.{k}"
            ds.save_as(place / f"{k:04d}.dcm")
        yield place
