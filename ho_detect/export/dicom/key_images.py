"""Key images: the pictures of the findings as DICOM Secondary Capture."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ho_detect.export.dicom.identity import Identity
from ho_detect.export.dicom.source import IDENTITY

if TYPE_CHECKING:
    from highdicom.sc import SCImage
    from matplotlib.figure import Figure
    from pydicom.dataset import Dataset

    from ho_detect.results.result import Result

#: The overview, and one picture for each of so many of the largest lesions.
MOST_LESIONS = 8


def key_images(result: Result, image: Dataset, identity: Identity) -> Iterator[SCImage]:
    """Yield the overview, then planes through each of the largest lesions.

    Parameters
    ----------
    result
        What was found.
    image
        One of the source images: patient and study are taken from it.
    identity
        UIDs and equipment of the result.
    """
    from ho_detect.export.pictures.figures import lesion_figure, overview

    yield _capture(overview(result, most_lesions=0), "Hips, coronal projection", 1, image, identity)
    largest = sorted(result.lesions, key=lambda lesion: -lesion.volume_mm3)[:MOST_LESIONS]
    for number, lesion in enumerate(largest, start=2):
        yield _capture(lesion_figure(result, lesion.id), f"Lesion {lesion.id}", number, image, identity)


def _capture(figure: Figure, title: str, number: int, image: Dataset, identity: Identity) -> SCImage:
    from highdicom.sc import SCImage
    from pydicom.uid import ExplicitVRLittleEndian

    result = SCImage(
        pixel_array=_pixels(figure),
        photometric_interpretation="RGB",
        bits_allocated=8,
        coordinate_system="PATIENT",
        patient_orientation=("L", "F"),
        study_instance_uid=image.StudyInstanceUID,
        **identity.attributes("picture", number),
        transfer_syntax_uid=ExplicitVRLittleEndian,
    )
    for name in ("SpecificCharacterSet", *IDENTITY):
        setattr(result, name, image.get(name))
    result.PatientOrientation = []  # planes of three orientations, each with its letters
    result.Laterality = ""  # both hips may be seen
    result.ImageComments = title
    result.BurnedInAnnotation = "NO"
    identity.state_method(result)
    return result


def _pixels(figure: Figure) -> NDArray[np.uint8]:
    """Return a figure as (row, column, 3) uint8 RGB."""
    from matplotlib.image import imread

    from ho_detect.export.pictures.figures import png

    return np.asarray(imread(io.BytesIO(png(figure)), format="png")[..., :3] * 255).round().astype(np.uint8)
