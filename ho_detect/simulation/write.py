"""A simulated study as an axial CT series in DICOM files, the same bytes of pixels and UIDs each time."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ho_detect._version import __version__
from ho_detect.simulation.scan import HU_RANGE
from ho_detect.simulation.study import SimulatedStudy

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

#: When a study was made, where nobody says.
_DATE = "20200101"


def _uid(study: SimulatedStudy, *parts: str) -> str:
    from pydicom.uid import generate_uid

    return str(generate_uid(entropy_srcs=["ho-detect simulation", study.plan.name, str(study.plan.seed), *parts]))


def _patient_and_study(study: SimulatedStudy, dataset: Dataset, date: str) -> None:
    name = study.plan.name
    dataset.PatientName = f"SIMULATED^{name.upper().replace('_', ' ')}"
    dataset.PatientID = f"SIM-{name}"[:64]
    dataset.PatientBirthDate = ""
    dataset.PatientSex = "O"
    dataset.PatientComments = "Simulated: no such person. Made by ho-detect."
    dataset.StudyInstanceUID = _uid(study, "study")
    dataset.StudyDate = dataset.SeriesDate = dataset.AcquisitionDate = dataset.ContentDate = date
    dataset.StudyTime = dataset.SeriesTime = dataset.AcquisitionTime = dataset.ContentTime = "120000"
    dataset.ReferringPhysicianName = ""
    dataset.StudyID = "1"
    dataset.AccessionNumber = ""
    dataset.StudyDescription = "Simulated CT of both hips"


def _series_and_equipment(study: SimulatedStudy, dataset: Dataset) -> None:
    scan = study.plan.scan
    dataset.Modality = "CT"
    dataset.SeriesInstanceUID = _uid(study, "series")
    dataset.SeriesNumber = "2"
    dataset.SeriesDescription = f"SIMULATED HIPS {scan.spacing_mm[0]:g} mm"
    dataset.BodyPartExamined = "PELVIS"  # a paired part would need a laterality, and both hips are in view
    dataset.PatientPosition = scan.position
    dataset.FrameOfReferenceUID = _uid(study, "frame")
    dataset.PositionReferenceIndicator = ""
    dataset.Manufacturer = "SIMULATED"
    dataset.ManufacturerModelName = "ho-detect simulation"
    dataset.SoftwareVersions = __version__
    dataset.KVP = f"{scan.kvp:g}"
    dataset.ConvolutionKernel = scan.kernel
    dataset.AcquisitionNumber = "1"
    if study.plan.person.contrast != "none":
        dataset.ContrastBolusAgent = "SIMULATED"


def slice_dataset(study: SimulatedStudy, index: int, date: str = _DATE) -> Dataset:
    """Return one slice as a CT Image dataset, not compressed.

    Parameters
    ----------
    study
        What was simulated.
    index
        Slice of the volume.
    date
        Of study and acquisition, as DICOM writes it.
    """
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

    grid, hu = study.volume.grid, study.volume.hu[index]
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = CTImageStorage
    dataset.SOPInstanceUID = _uid(study, "image", str(index))
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    dataset.InstanceNumber = str(index + 1)
    _patient_and_study(study, dataset, date)
    _series_and_equipment(study, dataset)
    row, column = grid.affine[:3, 2], grid.affine[:3, 1]
    cosines = [*(row / grid.spacing_mm[2]), *(column / grid.spacing_mm[1])]
    dataset.ImageOrientationPatient = [f"{v + 0.0:g}" for v in cosines]
    position = grid.to_lps([index, 0, 0])
    dataset.ImagePositionPatient = [f"{v:.4f}" for v in position]
    dataset.SliceLocation = f"{position[2]:.4f}"
    dataset.PixelSpacing = [f"{grid.spacing_mm[1]:.6g}", f"{grid.spacing_mm[2]:.6g}"]
    dataset.SliceThickness = f"{study.plan.scan.thickness_mm or grid.spacing_mm[0]:.6g}"
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.Rows, dataset.Columns = hu.shape
    # stored values begin at 0 with the lowest HU
    extended = study.plan.scan.extended_hu
    lowest, bits = HU_RANGE["extended" if extended else "12-bit"][0], 16 if extended else 12
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, bits, bits - 1, 0
    dataset.RescaleIntercept, dataset.RescaleSlope, dataset.RescaleType = str(lowest), "1", "HU"
    dataset.WindowCenter, dataset.WindowWidth = "300", "1500"
    dataset.PixelData = (hu.astype(np.int32) - lowest).astype("<u2").tobytes()
    return dataset


def write_dicom(study: SimulatedStudy, folder: Path, *, compress: bool = True, date: str = _DATE) -> list[Path]:
    """Write the series, one file per slice, as JPEG-LS lossless or uncompressed.

    Parameters
    ----------
    study
        What was simulated.
    folder
        Made when absent; files of the same names are replaced.
    compress
        JPEG-LS lossless, else explicit VR little endian.
    date
        Of study and acquisition, as DICOM writes it.

    Returns
    -------
    list of Path
        The files, in slice order.
    """
    from pydicom.uid import JPEGLSLossless

    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for index in range(study.volume.grid.shape[0]):
        dataset = slice_dataset(study, index, date)
        if compress:
            dataset.compress(JPEGLSLossless, encoding_plugin="pyjpegls", generate_instance_uid=False)
        path = folder / f"IM{index + 1:04d}.dcm"
        dataset.save_as(path, enforce_file_format=True)
        files.append(path)
    return files
