"""Label maps as DICOM Segmentation: one segment per lesion, on the frames that show one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ho_detect.detection.measure.lesion import Lesion
from ho_detect.export.dicom.identity import Identity
from ho_detect.results import codes

if TYPE_CHECKING:
    from highdicom.seg import Segmentation, SegmentDescription
    from pydicom.dataset import Dataset

    from ho_detect.results.result import Result


def segmentation(result: Result, images: list[Dataset], identity: Identity) -> Segmentation:
    """Return the Segmentation of at least one lesion; a segment's number is the place of its lesion in the record.

    Its frames are those of the images; where these were resampled to a true grid, the slices of that grid.

    Parameters
    ----------
    result
        With at least one lesion: a Segmentation without segments is not allowed.
    images
        Of their series, by :func:`~ho_detect.export.dicom.source.source_images`.
    identity
        UIDs and equipment of the result.
    """
    from highdicom.seg import Segmentation
    from pydicom.uid import ExplicitVRLittleEndian

    labels, lesions = result.labels, result.lesions
    # only slices with a lesion are handed on: a whole series would be expanded once for each segment
    shown = [k for k, plane in enumerate(labels) if plane.any()]
    numbers = np.zeros(max(lesion.id for lesion in lesions) + 1, np.uint16)
    numbers[[lesion.id for lesion in lesions]] = np.arange(1, len(lesions) + 1)
    made = Segmentation(
        **_frames(result, images, shown),
        pixel_array=numbers[labels[shown]],
        segmentation_type="BINARY",
        segment_descriptions=[_segment(n, lesion, identity) for n, lesion in enumerate(lesions, start=1)],
        **identity.attributes("segmentation"),
        content_label="OSSIFICATION",
        content_description="Ossification near the hip, for research use only",
        content_creator_name=None,
        transfer_syntax_uid=ExplicitVRLittleEndian,
        omit_empty_frames=True,
    )
    # highdicom makes a new one each time
    for item in (*made.DimensionOrganizationSequence, *made.DimensionIndexSequence):
        item.DimensionOrganizationUID = identity.uid("dimensions")
    identity.state_method(made)
    return made


def _frames(result: Result, images: list[Dataset], shown: list[int]) -> dict[str, Any]:
    """Return which images the slices ``shown`` are of, and where they lie where no image says so."""
    import highdicom as hd

    system = hd.enum.CoordinateSystemNames.PATIENT
    multi_frame = "NumberOfFrames" in images[0]
    first, further = images[:1], images[1:]
    if result.record.series.resampled:
        grid = result.volume.grid
        across, down = (grid.affine[:3, axis] / grid.spacing_mm[axis] for axis in (2, 1))
        return {
            "source_images": first if multi_frame else images,
            "further_source_images": further if multi_frame else None,
            "plane_positions": [hd.PlanePositionSequence(system, grid.to_lps([k, 0, 0]).tolist()) for k in shown],
            "plane_orientation": hd.PlaneOrientationSequence(system, [*across.tolist(), *down.tolist()]),
            "pixel_measures": hd.PixelMeasuresSequence(grid.spacing_mm[1:], grid.spacing_mm[0], grid.spacing_mm[0]),
        }
    if multi_frame:
        slices = result.volume.source.entry.slices if result.volume.source is not None else ()
        positions = [hd.PlanePositionSequence(system, slices[k].position or ()) for k in shown]
        return {"source_images": first, "further_source_images": further, "plane_positions": positions}
    return {"source_images": [images[k] for k in shown]}


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

    from ho_detect.export.pictures.figures import colour_of

    lightness, a, b = rgb2lab(np.array([[to_rgb(colour_of(lesion_id))]]))[0, 0]
    return float(lightness), float(a), float(b)
