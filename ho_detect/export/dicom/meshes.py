"""Meshes as DICOM Encapsulated STL (PS3.3 A.85.1): one object for each, in the frame of reference of the CT."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from ho_detect.export.dicom.identity import Identity
from ho_detect.export.dicom.source import IDENTITY
from ho_detect.export.meshes import Mesh, stl

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_SOP_CLASS = "1.2.840.10008.5.1.4.1.1.104.3"


def encapsulated_stl(mesh: Mesh, number: int, image: Dataset, identity: Identity) -> Dataset:
    """Return a mesh as an Encapsulated STL.

    Parameters
    ----------
    number
        Of the mesh, from 1.
    image
        One of the source images: patient, study and frame of reference are taken from it.
    identity
        UIDs and equipment of the result.
    """
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian

    now = datetime.now()  # noqa: DTZ005 - DICOM times are local ones
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    for name in ("SpecificCharacterSet", *IDENTITY):
        setattr(ds, name, image.get(name))
    made = identity.attributes("mesh", number)
    ds.SOPClassUID, ds.SOPInstanceUID = _SOP_CLASS, made["sop_instance_uid"]
    ds.StudyInstanceUID, ds.SeriesInstanceUID = image.StudyInstanceUID, made["series_instance_uid"]
    ds.Modality, ds.SeriesNumber, ds.InstanceNumber = "M3D", made["series_number"], number
    ds.SeriesDescription = made["series_description"]
    ds.FrameOfReferenceUID = image.get("FrameOfReferenceUID") or identity.uid("frame of reference")
    ds.PositionReferenceIndicator = ""
    ds.Manufacturer, ds.ManufacturerModelName = made["manufacturer"], made["manufacturer_model_name"]
    ds.DeviceSerialNumber, ds.SoftwareVersions = made["device_serial_number"], made["software_versions"]
    ds.ContentDate, ds.ContentTime = now.strftime("%Y%m%d"), now.strftime("%H%M%S")
    ds.InstanceCreationDate, ds.InstanceCreationTime = ds.ContentDate, ds.ContentTime
    ds.AcquisitionDateTime = ""
    ds.BurnedInAnnotation = "NO"
    ds.DocumentTitle = f"{mesh.name}, LPS mm, research use only"
    ds.ConceptNameCodeSequence = []
    ds.MIMETypeOfEncapsulatedDocument = "model/stl"
    data = stl(mesh)
    ds.EncapsulatedDocumentLength = len(data)
    ds.EncapsulatedDocument = data + b"\0" * (len(data) % 2)
    ds.MeasurementUnitsCodeSequence = [_code("mm", "UCUM", "mm")]
    ds.ModelModification, ds.ModelMirroring = "NO", "NO"
    ds.ContentDescription = "Surface of a label map, smoothed by less than a voxel"
    identity.state_method(ds)
    return ds


def _code(value: str, scheme: str, meaning: str) -> Any:  # noqa: ANN401 - a data set of pydicom
    from pydicom.dataset import Dataset

    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = value, scheme, meaning
    return code
