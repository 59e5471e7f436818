"""The images that findings were made from, as DICOM objects that are written of them must refer to them.

Only what a reference needs is kept: UIDs and geometry as the index read them, and the patient and study where
identities are kept. De-identified images lack attributes that DICOM wants to be there, if empty: they are added here.
"""

from __future__ import annotations

import hashlib
import re
import warnings
from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final

from ho_detect.acquisition.headers.archives import open_input
from ho_detect.acquisition.headers.slices import CT_CLASSES, SliceEntry
from ho_detect.acquisition.volume.source import SourceSeries
from ho_detect.system.pseudonyms import uid_from

if TYPE_CHECKING:
    from pathlib import Path

    from pydicom.dataset import Dataset

#: Of the patient and study modules what SEG, SR and key images carry. All may be empty (type 2).
IDENTITY: Final = ("PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyDate", "StudyTime", "StudyID",
                   "AccessionNumber", "ReferringPhysicianName")  # fmt: skip
#: What was done to remove identity, as PS3.15 asks to state it.
METHOD: Final = "ho-detect: patient, study left empty; UIDs by keyed hash"
#: Longest value by value representation (PS3.5, 6.2).
_LONGEST: Final = {"PN": 64, "LO": 64, "SH": 16}
#: Where a frame that is no slice of the volume is put, so that nothing matches its place, mm.
_AWAY_MM: Final = 1e5


def source_images(source: SourceSeries) -> list[Dataset]:
    """Return one data set without pixels for each single-frame file of the volume, in stack order, or multi-frame file.

    UIDs are pseudonyms and the patient and study modules empty, unless identities are kept.
    """
    by_file: dict[Path, list[SliceEntry]] = defaultdict(list)
    for image in source.entry.slices:
        by_file[image.path].append(image)
    common = _common(source)
    return [
        _multi_frame(source, common, images) if images[0].n_frames > 1 else _single_frame(source, common, images[0])
        for images in by_file.values()
    ]


def reference_of(source: SourceSeries, image: SliceEntry) -> tuple[str, str, list[int] | None]:
    """Return the SOP class, the SOP instance UID as written, and the frame numbers by which an image is referred to."""
    frames = [image.frame + 1] if image.n_frames > 1 else None
    return _sop_class(image), _sop_uid(source, image), frames


def _common(source: SourceSeries) -> Dataset:
    """Patient, study, series and frame of reference."""
    from pydicom.dataset import Dataset

    entry = source.entry
    ds = Dataset()
    ds.SpecificCharacterSet = "ISO_IR 192"
    for name in IDENTITY:
        setattr(ds, name, "")
    if source.pseudonyms.keep_identity:
        ds.update(_identity(entry.slices[0].path))
    else:
        ds.PatientIdentityRemoved = "YES"
        ds.DeidentificationMethod = METHOD
    ds.StudyInstanceUID = _uid(source, entry.study_uid)
    ds.SeriesInstanceUID = _uid(source, entry.series_uid)
    frame = entry.slices[0].frame_of_reference or uid_from(_digest("frame of reference", entry.series_uid))
    ds.FrameOfReferenceUID = _uid(source, frame)
    ds.PositionReferenceIndicator = ""
    ds.Modality = "CT"
    ds.Rows, ds.Columns = entry.rows, entry.columns
    return ds


def _identity(path: Path) -> Dataset:
    """Read the patient and study modules of one file; values that are not valid are left out."""
    import pydicom

    with warnings.catch_warnings():
        # pydicom quotes what it warns of
        warnings.simplefilter("ignore")
        with open_input(path) as file:
            read = pydicom.dcmread(file, stop_before_pixels=True, force=True, specific_tags=list(IDENTITY))
        clean = pydicom.Dataset()
        for name in IDENTITY:
            value = _valid(read, name)
            if value:
                setattr(clean, name, value)
    return clean


def _valid(read: Dataset, name: str) -> str:
    """Return the text of an attribute, or nothing where it is not what its value representation allows."""
    from pydicom.valuerep import DA, TM

    try:
        element = read[name]
        text = str(element.value or "").strip()
        if element.VR == "DA":
            return str(DA(text) or "") if text.isdigit() else ""
        if element.VR == "TM":
            return str(TM(text) or "")
    except (KeyError, ValueError, OverflowError):
        return ""
    if name == "PatientSex":
        return text if text in ("M", "F", "O") else ""
    if not text.isprintable() or "\\" in text or len(text) > _LONGEST[element.VR]:
        return ""
    return text


def _single_frame(source: SourceSeries, common: Dataset, image: SliceEntry) -> Dataset:
    from pydicom.dataset import Dataset

    ds = Dataset()
    ds.update(common)
    ds.SOPClassUID = _sop_class(image)
    ds.SOPInstanceUID = _sop_uid(source, image)
    ds.ImagePositionPatient = _decimals(image.position)
    ds.update(_plane(source, image))
    return ds


def _multi_frame(source: SourceSeries, common: Dataset, images: list[SliceEntry]) -> Dataset:
    """Return a multi-frame file by its frames; frames that are no slice of the volume stand far away."""
    from pydicom.dataset import Dataset

    ds = Dataset()
    ds.update(common)
    ds.SOPClassUID = _sop_class(images[0])
    ds.SOPInstanceUID = _sop_uid(source, images[0])
    ds.NumberOfFrames = images[0].n_frames
    plane = _plane(source, images[0])
    measures, orientation, shared = Dataset(), Dataset(), Dataset()
    measures.PixelSpacing, measures.SliceThickness = plane.PixelSpacing, plane.SliceThickness
    orientation.ImageOrientationPatient = plane.ImageOrientationPatient
    shared.PixelMeasuresSequence, shared.PlaneOrientationSequence = [measures], [orientation]
    ds.SharedFunctionalGroupsSequence = [shared]
    places = {image.frame: image.position for image in images}
    ds.PerFrameFunctionalGroupsSequence = [
        _frame_at(places.get(k, (_AWAY_MM, _AWAY_MM, _AWAY_MM + k))) for k in range(images[0].n_frames)
    ]
    return ds


def _frame_at(position: tuple[float, ...] | None) -> Dataset:
    from pydicom.dataset import Dataset

    place, group = Dataset(), Dataset()
    place.ImagePositionPatient = _decimals(position)
    group.PlanePositionSequence = [place]
    return group


def _plane(source: SourceSeries, image: SliceEntry) -> Dataset:
    from pydicom.dataset import Dataset

    step_mm = source.entry.spacing_mm[0] if source.entry.spacing_mm else None
    ds = Dataset()
    ds.ImageOrientationPatient = _decimals(image.orientation)
    ds.PixelSpacing = _decimals(image.spacing)
    ds.SliceThickness = _decimals((image.thickness or step_mm or 0.0,))[0]
    return ds


def _sop_class(image: SliceEntry) -> str:
    return image.sop_class or CT_CLASSES[0]


def _sop_uid(source: SourceSeries, image: SliceEntry) -> str:
    """Return the UID as written; one made of the place in the series where the image states none."""
    place = f"{source.entry.series_uid}\0{image.position}\0{image.frame}"
    return _uid(source, image.sop_uid or uid_from(_digest("image", place)))


def _uid(source: SourceSeries, uid: str) -> str:
    """Return a UID as written; one made of it where it is none that DICOM allows."""
    from pydicom.uid import RE_VALID_UID

    stated = source.pseudonyms.uid(uid)
    valid = len(stated) <= 64 and re.fullmatch(RE_VALID_UID, stated)
    return stated if valid else uid_from(_digest("uid", uid))


def _digest(purpose: str, text: str) -> bytes:
    return hashlib.sha256(f"{purpose}\0{text}".encode("utf-8", "surrogatepass")).digest()


def _decimals(values: tuple[float, ...] | None) -> list[Any]:
    """Return numbers as decimal strings of at most 16 characters, as DICOM asks."""
    from pydicom.valuerep import DSfloat

    return [DSfloat(float(v), auto_format=True) for v in values or ()]
