"""Label maps as DICOM Segmentation: one segment per lesion, on the frames that show one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ho_detect.detection.lesions import Lesion
from ho_detect.reporting import dicom_codes as codes
from ho_detect.reporting.dicom_identity import SERIES_NUMBER, Identity

if TYPE_CHECKING:
    from highdicom.seg import Segmentation, SegmentDescription
    from pydicom.dataset import Dataset

    from ho_detect.acquisition.source import SourceSeries


def segmentation(
    labels: NDArray[np.uint16],
    lesions: tuple[Lesion, ...],
    source: SourceSeries,
    images: list[Dataset],
    identity: Identity,
) -> Segmentation:
    """Return the Segmentation of at least one lesion; the segment's number is the place of the lesion in ``lesions``.

    Parameters
    ----------
    labels
        (slice, row, column) uint16 on the series' own grid; each lesion's id occurs.
    lesions
        At least one: a Segmentation without segments is not allowed.
    source
        The series.
    images
        Its images, by :func:`~ho_detect.reporting.dicom_source.source_images`.
    identity
        UIDs and equipment of the result.
    """
    import highdicom as hd
    from highdicom.seg import Segmentation
    from pydicom.uid import ExplicitVRLittleEndian

    # only slices with a lesion are handed on: a whole series would be expanded once for each segment
    shown = [k for k, plane in enumerate(labels) if plane.any()]
    numbers = np.zeros(int(labels.max()) + 1, np.uint16)
    numbers[[lesion.id for lesion in lesions]] = np.arange(1, len(lesions) + 1)
    planes: dict[str, Any] = {}
    if "NumberOfFrames" in images[0]:
        positions = [source.entry.slices[k].position or () for k in shown]
        system = hd.enum.CoordinateSystemNames.PATIENT
        planes["plane_positions"] = [hd.PlanePositionSequence(system, position) for position in positions]
        planes["further_source_images"] = images[1:]
        images = images[:1]
    else:
        images = [images[k] for k in shown]
    result = Segmentation(
        source_images=images,
        pixel_array=numbers[labels[shown]],
        segmentation_type="BINARY",
        segment_descriptions=[_segment(n, lesion, identity) for n, lesion in enumerate(lesions, start=1)],
        series_instance_uid=identity.uid("seg series"),
        series_number=SERIES_NUMBER["seg"],
        sop_instance_uid=identity.uid("seg"),
        instance_number=1,
        manufacturer=identity.manufacturer,
        manufacturer_model_name=identity.name,
        software_versions=identity.version,
        device_serial_number=identity.serial,
        content_label="OSSIFICATION",
        content_description="Ossification near the hip, for research use only",
        content_creator_name=None,
        series_description="ho-detect segmentation (research use only)",
        transfer_syntax_uid=ExplicitVRLittleEndian,
        omit_empty_frames=True,
        **planes,
    )
    identity.state_method(result)
    return result


def _segment(number: int, lesion: Lesion, identity: Identity) -> SegmentDescription:
    from highdicom import AlgorithmIdentificationSequence
    from highdicom.color import CIELabColor
    from highdicom.seg import SegmentAlgorithmTypeValues, SegmentDescription
    from pydicom.sr.codedict import codes as standard

    algorithm = AlgorithmIdentificationSequence(
        name=identity.name,
        family=standard.DCM.ArtificialIntelligence,
        version=identity.version,
        source=identity.manufacturer,
        parameters={"settings": identity.settings_digest},
    )
    segment = SegmentDescription(
        segment_number=number,
        segment_label=f"Lesion {lesion.id}: {lesion.side} hip, {lesion.sector}",
        segmented_property_category=concept(codes.ABNORMAL_STRUCTURE),
        segmented_property_type=concept(codes.OSSIFICATION),
        algorithm_type=SegmentAlgorithmTypeValues.AUTOMATIC,
        algorithm_identification=algorithm,
        tracking_uid=identity.uid("lesion", lesion.id),
        tracking_id=identity.tracking_id(lesion.id),
        anatomic_regions=[concept(codes.HIP_REGION)],
        display_color=CIELabColor(*_colour(lesion.id)),
    )
    segment.AnatomicRegionSequence[0].AnatomicRegionModifierSequence = [concept(codes.SIDES[lesion.side])]
    return segment


def concept(code: codes.Coded) -> Any:  # noqa: ANN401 - highdicom's CodedConcept, which is a pydicom data set
    """Return a code as highdicom takes it."""
    from highdicom.sr import CodedConcept

    return CodedConcept(code.value, code.scheme, code.meaning)


def _colour(lesion_id: int) -> tuple[float, float, float]:
    """Return the colour of a lesion in pictures, as CIE Lab."""
    from matplotlib.colors import to_rgb
    from skimage.color import rgb2lab

    from ho_detect.reporting.figures import colour_of

    lightness, a, b = rgb2lab(np.array([[to_rgb(colour_of(lesion_id))]]))[0, 0]
    return float(lightness), float(a), float(b)
