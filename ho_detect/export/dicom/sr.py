"""Findings as a DICOM Comprehensive SR by TID 1500: one measurement group per hip, and one per lesion."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from ho_detect.export.dicom.identity import Identity
from ho_detect.export.dicom.seg import concept
from ho_detect.export.dicom.source import reference_of
from ho_detect.results import codes
from ho_detect.results.coded_findings import Number, Said, hip_codes, hip_numbers, lesion_codes, lesion_numbers

if TYPE_CHECKING:
    from highdicom.seg import Segmentation
    from highdicom.sr import ComprehensiveSR, Measurement, QualitativeEvaluation, SourceImageForMeasurementGroup
    from pydicom.dataset import Dataset

    from ho_detect.acquisition.volume.source import SourceSeries
    from ho_detect.detection.grade.hip import Hip
    from ho_detect.detection.measure.lesion import Lesion
    from ho_detect.results.result import Result


def structured_report(
    result: Result, source: SourceSeries, images: list[Dataset], seg: Segmentation | None, identity: Identity
) -> ComprehensiveSR:
    """Return the report; without a lesion it says of each assessed hip that ossification is absent.

    Parameters
    ----------
    result
        What was found.
    source
        The series.
    images
        All its images, by :func:`~ho_detect.export.dicom.source.source_images`: evidence.
    seg
        The Segmentation of its lesions; None without a lesion.
    identity
        UIDs and equipment of the result.
    """
    from highdicom.sr import ComprehensiveSR, MeasurementReport

    groups = [_hip_group(hip, result, source, identity) for hip in result.hips]
    if seg is not None:
        groups += [_lesion_group(n, result.lesions[n - 1], seg, images, identity) for n in seg.segment_numbers]
    report = MeasurementReport(
        observation_context=_observer(identity),
        procedure_reported=concept(codes.CT_PROCEDURE),
        imaging_measurements=groups,
    )
    made = ComprehensiveSR(
        evidence=[*images, *([seg] if seg is not None else [])],
        content=report,
        **identity.attributes("report"),
        is_complete=True,
        is_final=False,
        is_verified=False,
    )
    made.CodingSchemeIdentificationSequence = [_own_scheme()]
    identity.state_method(made)
    return made


def _observer(identity: Identity) -> Any:  # noqa: ANN401
    from highdicom.sr import DeviceObserverIdentifyingAttributes, ObservationContext, ObserverContext
    from pydicom.sr.codedict import codes as standard

    device = DeviceObserverIdentifyingAttributes(
        uid=identity.device_uid,
        name=identity.name,
        manufacturer_name=identity.manufacturer,
        model_name=identity.name,
        serial_number=identity.serial,
    )
    return ObservationContext(observer_device_context=ObserverContext(standard.DCM.Device, device))


def _algorithm(identity: Identity) -> Any:  # noqa: ANN401
    from highdicom.sr import AlgorithmIdentification

    return AlgorithmIdentification(
        name=identity.name, version=identity.version, parameters=[f"settings {identity.settings_digest}"]
    )


def _hip_group(hip: Hip, result: Result, source: SourceSeries, identity: Identity) -> Any:  # noqa: ANN401
    from highdicom.sr import FindingSite, MeasurementsAndQualitativeEvaluations, TrackingIdentifier

    present = [] if hip.finding is None else [Said(codes.HETEROTOPIC_OSSIFICATION, codes.FINDINGS[hip.finding])]
    return MeasurementsAndQualitativeEvaluations(
        tracking_identifier=TrackingIdentifier(identity.uid(f"{hip.side} hip"), f"{hip.side} hip"),
        finding_type=concept(codes.HETEROTOPIC_OSSIFICATION),
        algorithm_id=_algorithm(identity),
        finding_sites=[FindingSite(concept(codes.HIP_JOINT), laterality=concept(codes.SIDES[hip.side]))],
        measurements=_measurements(hip_numbers(hip)),
        qualitative_evaluations=_evaluations([*present, *hip_codes(hip)]),
        source_images=[_image_at_hip(hip, result, source)],
    )


def _lesion_group(number: int, lesion: Lesion, seg: Segmentation, images: list[Dataset], identity: Identity) -> Any:  # noqa: ANN401
    from highdicom.sr import (
        FindingSite,
        ReferencedSegment,
        SourceSeriesForSegmentation,
        TrackingIdentifier,
        VolumetricROIMeasurementsAndQualitativeEvaluations,
    )

    return VolumetricROIMeasurementsAndQualitativeEvaluations(
        tracking_identifier=TrackingIdentifier(identity.uid("lesion", lesion.id), identity.tracking_id(lesion.id)),
        referenced_segment=ReferencedSegment(
            sop_class_uid=seg.SOPClassUID,
            sop_instance_uid=seg.SOPInstanceUID,
            segment_number=number,
            source_series=SourceSeriesForSegmentation(images[0].SeriesInstanceUID),
        ),
        finding_type=concept(codes.OSSIFICATION),
        algorithm_id=_algorithm(identity),
        finding_sites=[FindingSite(concept(codes.HIP_REGION), laterality=concept(codes.SIDES[lesion.side]))],
        measurements=_measurements(lesion_numbers(lesion)),
        qualitative_evaluations=_evaluations(lesion_codes(lesion)),
    )


def _measurements(numbers: Iterable[Number]) -> list[Measurement]:
    from highdicom.sr import Measurement

    return [
        Measurement(
            concept(number.name),
            number.value,
            concept(number.unit),
            derivation=None if number.derived is None else concept(number.derived),
        )
        for number in numbers
    ]


def _evaluations(found: Iterable[Said]) -> list[QualitativeEvaluation]:
    from highdicom.sr import QualitativeEvaluation

    return [QualitativeEvaluation(concept(said.name), concept(said.value)) for said in found]


def _image_at_hip(hip: Hip, result: Result, source: SourceSeries) -> SourceImageForMeasurementGroup:
    """Refer to the image through the femoral head, or the middle one where it is not in view."""
    from highdicom.sr import SourceImageForMeasurementGroup

    slices = source.entry.slices
    k = len(slices) // 2
    if hip.center_lps_mm is not None:
        grid = result.volume.grid
        # by place: images that were resampled are not the slices of the grid
        heights = grid.to_index([image.position or () for image in slices])[:, 0]
        k = int(np.argmin(abs(heights - grid.to_index(hip.center_lps_mm)[0])))
    return SourceImageForMeasurementGroup(*reference_of(source, slices[k]))


def _own_scheme() -> Dataset:
    from pydicom.dataset import Dataset

    scheme = Dataset()
    scheme.CodingSchemeDesignator = codes.SCHEME
    scheme.CodingSchemeName = codes.SCHEME_NAME
    scheme.CodingSchemeResponsibleOrganization = "The ho-detect developers"
    return scheme
