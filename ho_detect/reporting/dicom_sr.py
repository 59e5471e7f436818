"""Findings as a DICOM Comprehensive SR by TID 1500: one measurement group per hip, and one per lesion."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ho_detect.reporting import dicom_codes as codes
from ho_detect.reporting.dicom_identity import SERIES_NUMBER, Identity
from ho_detect.reporting.dicom_seg import concept
from ho_detect.reporting.dicom_source import reference_of

if TYPE_CHECKING:
    from highdicom.seg import Segmentation
    from highdicom.sr import ComprehensiveSR, Measurement, QualitativeEvaluation, SourceImageForMeasurementGroup
    from pydicom.dataset import Dataset

    from ho_detect.acquisition.source import SourceSeries
    from ho_detect.detection.grading import Hip
    from ho_detect.detection.lesions import Lesion
    from ho_detect.reporting.findings import Findings


def structured_report(
    findings: Findings, source: SourceSeries, images: list[Dataset], seg: Segmentation | None, identity: Identity
) -> ComprehensiveSR:
    """Return the report; without a lesion it says of each assessed hip that ossification is absent.

    Parameters
    ----------
    findings
        What was found.
    source
        The series.
    images
        All its images, by :func:`~ho_detect.reporting.dicom_source.source_images`: evidence.
    seg
        The Segmentation of its lesions; None without a lesion.
    identity
        UIDs and equipment of the result.
    """
    from highdicom.sr import ComprehensiveSR, MeasurementReport

    groups = [_hip_group(hip, findings, source, identity) for hip in findings.hips]
    if seg is not None:
        groups += [_lesion_group(n, findings.lesions[n - 1], seg, images, identity) for n in seg.segment_numbers]
    report = MeasurementReport(
        observation_context=_observer(identity),
        procedure_reported=concept(codes.CT_PROCEDURE),
        imaging_measurements=groups,
    )
    result = ComprehensiveSR(
        evidence=[*images, *([seg] if seg is not None else [])],
        content=report,
        series_instance_uid=identity.uid("sr series"),
        series_number=SERIES_NUMBER["sr"],
        sop_instance_uid=identity.uid("sr"),
        instance_number=1,
        manufacturer=identity.manufacturer,
        manufacturer_model_name=identity.name,
        software_versions=identity.version,
        device_serial_number=identity.serial,
        series_description="ho-detect findings (research use only)",
        is_complete=True,
        is_final=False,
        is_verified=False,
    )
    result.CodingSchemeIdentificationSequence = [_own_scheme()]
    identity.state_method(result)
    return result


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


def _hip_group(hip: Hip, findings: Findings, source: SourceSeries, identity: Identity) -> Any:  # noqa: ANN401
    from highdicom.sr import FindingSite, MeasurementsAndQualitativeEvaluations, TrackingIdentifier

    return MeasurementsAndQualitativeEvaluations(
        tracking_identifier=TrackingIdentifier(identity.uid(f"{hip.side} hip"), f"{hip.side} hip"),
        finding_type=concept(codes.HETEROTOPIC_OSSIFICATION),
        algorithm_id=_algorithm(identity),
        finding_sites=[FindingSite(concept(codes.HIP_JOINT), laterality=concept(codes.SIDES[hip.side]))],
        measurements=_measurements(
            (codes.NUMBER_OF_LESIONS, hip.n_lesions, codes.ONE, None),
            (codes.VOLUME, hip.total_volume_mm3, codes.MM3, None),
            (codes.VOLUME_SECOND, hip.total_volume_second_threshold_mm3, codes.MM3, None),
            (codes.MIN_GAP, hip.min_gap_mm, codes.MM, None),
            (codes.HEAD_RADIUS, hip.head_radius_mm, codes.MM, None),
        ),
        qualitative_evaluations=_hip_evaluations(hip),
        source_images=[_image_at_hip(hip, findings, source)],
    )


def _hip_evaluations(hip: Hip) -> list[QualitativeEvaluation]:
    found = [
        (codes.HETEROTOPIC_OSSIFICATION, codes.FINDINGS.get(hip.finding or "")),
        (codes.ASSESSMENT, codes.ASSESSMENTS[hip.status]),
        (codes.BRIDGING, None if hip.bridging is None else codes.YES if hip.bridging else codes.NO),
    ]
    for system, value in (
        (codes.BROOKER, hip.brooker_ct),
        (codes.DELLA_VALLE, hip.della_valle_ct),
        (codes.MAVROGENIS, hip.mavrogenis),
    ):
        found.append((system, None if value is None else codes.grade(system, value)))
    found += [(codes.SECTOR, codes.SECTORS[sector]) for sector in hip.sectors]
    found += [(codes.QUALIFICATION, codes.qualification(reason.code)) for reason in hip.reasons]
    return _evaluations(found)


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
        measurements=_measurements(
            (codes.VOLUME, lesion.volume_mm3, codes.MM3, None),
            (codes.VOLUME_SECOND, lesion.volume_second_threshold_mm3, codes.MM3, None),
            (codes.ATTENUATION, lesion.mean_hu, codes.HU, codes.MEAN),
            (codes.ATTENUATION, lesion.sd_hu, codes.HU, codes.STANDARD_DEVIATION),
            (codes.ATTENUATION, lesion.median_hu, codes.HU, codes.MEDIAN),
            (codes.ATTENUATION, lesion.max_hu, codes.HU, codes.MAXIMUM),
            (codes.MAX_DIAMETER, lesion.max_diameter_mm, codes.MM, None),
            (codes.GAPS["femur"], lesion.gap_femur_mm, codes.MM, None),
            (codes.GAPS["pelvis"], lesion.gap_pelvis_mm, codes.MM, None),
            (codes.ZONAL_INDEX, lesion.zonal_index, codes.ONE, None),
            (codes.CONFIDENCE, lesion.confidence, codes.ONE, None),
        ),
        qualitative_evaluations=_evaluations(
            [
                (codes.SECTOR, codes.SECTORS[lesion.sector]),
                (codes.MATURITY, codes.MATURITIES.get(lesion.maturity or "")),
                *((codes.ATTACHED_TO, codes.BONES[bone]) for bone in lesion.attached_to),
                *(() if lesion.attached_to else ((codes.ATTACHED_TO, codes.NOTHING),)),
            ]
        ),
    )


def _measurements(*found: tuple[codes.Coded, float | None, codes.Coded, codes.Coded | None]) -> list[Measurement]:
    """Return what was measured: (name, value, unit, how derived); what was not is left out."""
    from highdicom.sr import Measurement

    return [
        Measurement(concept(name), value, concept(unit), derivation=None if derived is None else concept(derived))
        for name, value, unit, derived in found
        if value is not None
    ]


def _evaluations(found: list[tuple[codes.Coded, codes.Coded | None]]) -> list[QualitativeEvaluation]:
    from highdicom.sr import QualitativeEvaluation

    return [QualitativeEvaluation(concept(name), concept(value)) for name, value in found if value is not None]


def _image_at_hip(hip: Hip, findings: Findings, source: SourceSeries) -> SourceImageForMeasurementGroup:
    """Refer to the image through the femoral head, or the middle one where it is not in view."""
    from highdicom.sr import SourceImageForMeasurementGroup

    slices = source.entry.slices
    k = len(slices) // 2
    if hip.center_lps_mm is not None:
        grid = findings.volume.grid
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
