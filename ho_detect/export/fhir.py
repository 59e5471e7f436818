"""Findings as FHIR R4: a bundle of one diagnostic report with its observations, the imaging study and the device.

Plain values by https://hl7.org/fhir/R4: no client library is needed to write them. Ids follow from the findings, so
that the same findings give the same bundle. No patient is named: ``subject`` is left for the receiving system, or is
a logical reference by patient id where identities are kept.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec

from ho_detect.image.sides import Side
from ho_detect.results import codes
from ho_detect.results.coded_findings import Number, Said, hip_codes, hip_numbers, lesion_codes, lesion_numbers
from ho_detect.results.hip_words import hip_sentence
from ho_detect.results.lesion_words import lesion_sentence
from ho_detect.results.sentences import excluded_sentences

if TYPE_CHECKING:
    from ho_detect.detection.grade.hip import Hip
    from ho_detect.detection.measure.lesion import Lesion
    from ho_detect.results.record import FindingsRecord

FHIR_FILE: Final = "fhir.json"
_SYSTEMS: Final = {
    "SCT": "http://snomed.info/sct",
    "DCM": "http://dicom.nema.org/resources/ontology/DCM",
    "LN": "http://loinc.org",
    "UCUM": "http://unitsofmeasure.org",
    codes.SCHEME: "urn:ho-detect:codes",
}
_URI: Final = "urn:ietf:rfc:3986"
_CATEGORY: Final = ("http://terminology.hl7.org/CodeSystem/observation-category", "imaging", "Imaging")
_SERVICE: Final = ("http://terminology.hl7.org/CodeSystem/v2-0074", "RAD", "Radiology")
_IMAGING_REPORT: Final = codes.Coded("18748-4", "LN", "Diagnostic imaging study")

Resource = dict[str, Any]
BundleKind = Literal["collection", "transaction"]


def fhir_bundle(record: FindingsRecord, kind: BundleKind = "collection") -> Resource:
    """Return the bundle of one analysed series, of one type or the other.

    A ``collection`` is a document to keep. A ``transaction`` is sent to the base address of a FHIR server: each
    resource has its id as an identifier, and is made only where there is none of that identifier.

    The report's status is ``preliminary``: no physician has read it. What was not measured is left out, as FHIR asks; a
    hip that was not assessed has a ``dataAbsentReason``.
    """
    digest = msgspec.json.encode(record)
    ids = _Ids(uuid.uuid5(uuid.NAMESPACE_OID, digest.hex()))
    hips = [_hip_observation(hip, record, ids) for hip in record.hips]
    lesions = [_lesion_observation(lesion, record, ids) for lesion in record.lesions]
    for hip, observation in zip(record.hips, hips, strict=True):
        members = [ids.reference(f"lesion {lesion.id}") for lesion in record.lesions if lesion.side == hip.side]
        if members:
            observation["hasMember"] = members
    report = _report(record, [ids.reference(f"{hip.side} hip") for hip in record.hips], ids)
    resources = [report, _imaging_study(record, ids), _device(record, ids), *hips, *lesions]
    entry = _entry if kind == "collection" else _request
    return {"resourceType": "Bundle", "type": kind, "entry": [entry(resource) for resource in resources]}


def fhir_json(record: FindingsRecord, kind: BundleKind = "collection") -> bytes:
    """Return the bytes of ``fhir.json``."""
    return msgspec.json.format(msgspec.json.encode(fhir_bundle(record, kind)), indent=1) + b"\n"


def _entry(resource: Resource) -> Resource:
    return {"fullUrl": f"urn:uuid:{resource['id']}", "resource": resource}


def _request(resource: Resource) -> Resource:
    url = f"urn:uuid:{resource['id']}"
    # the server gives ids of its own, and puts them into the references
    named = {name: value for name, value in resource.items() if name != "id"}
    named["identifier"] = [*resource.get("identifier", ()), {"system": _URI, "value": url}]
    request = {"method": "POST", "url": resource["resourceType"], "ifNoneExist": f"identifier={_URI}|{url}"}
    return {"fullUrl": url, "resource": named, "request": request}


class _Ids:
    """Ids of the resources of one bundle, by what they are."""

    def __init__(self, base: uuid.UUID) -> None:
        self._base = base

    def of(self, name: str) -> str:
        return str(uuid.uuid5(self._base, name))

    def reference(self, name: str) -> Resource:
        return {"reference": f"urn:uuid:{self.of(name)}"}


def _report(record: FindingsRecord, results: list[Resource], ids: _Ids) -> Resource:
    said = [hip_sentence(hip, record.lesions) for hip in record.hips] + [
        lesion_sentence(lesion) for lesion in record.lesions
    ]
    said += excluded_sentences(record.excluded)
    said += [f"{flag.message[0].upper()}{flag.message[1:]}." for flag in (*record.flags, *record.statements)]
    return {
        "resourceType": "DiagnosticReport",
        "id": ids.of("report"),
        "status": "preliminary",
        "category": [{"coding": [_coding(*_SERVICE)]}],
        "code": _concept(_IMAGING_REPORT),
        **_subject(record),
        "imagingStudy": [ids.reference("study")],
        "result": results,
        "conclusion": " ".join(said),
    }


def _imaging_study(record: FindingsRecord, ids: _Ids) -> Resource:
    series = record.series
    return {
        "resourceType": "ImagingStudy",
        "id": ids.of("study"),
        "identifier": [{"system": "urn:dicom:uid", "value": f"urn:oid:{series.study_uid}"}],
        "status": "available",
        "subject": _subject(record).get("subject", {"display": "not stated"}),
        "numberOfSeries": 1,
        "numberOfInstances": series.n_images or series.n_slices,
        "series": [
            {
                "uid": series.series_uid,
                "modality": _coding(_SYSTEMS["DCM"], "CT", "Computed Tomography"),
                "numberOfInstances": series.n_images or series.n_slices,
            }
        ],
    }


def _device(record: FindingsRecord, ids: _Ids) -> Resource:
    software = record.software
    return {
        "resourceType": "Device",
        "id": ids.of("device"),
        "status": "active",
        "deviceName": [{"name": software.name, "type": "model-name"}],
        "version": [{"value": software.version}],
        "property": [
            {"type": {"text": "settings"}, "valueCode": [{"text": software.settings_digest}]},
        ],
        "note": [{"text": "For research use only, not for diagnosis."}],
    }


def _hip_observation(hip: Hip, record: FindingsRecord, ids: _Ids) -> Resource:
    found: Resource = {**_observation(record, ids, f"{hip.side} hip", codes.HETEROTOPIC_OSSIFICATION)}
    found["bodySite"] = _site(codes.HIP_JOINT, hip.side)
    if hip.finding is None:
        found["dataAbsentReason"] = {
            "coding": [
                _coding("http://terminology.hl7.org/CodeSystem/data-absent-reason", "not-performed", "Not Performed")
            ],
            "text": hip_sentence(hip, record.lesions),
        }
    else:
        found["valueCodeableConcept"] = _concept(codes.FINDINGS[hip.finding])
    if hip.reasons:
        found["note"] = [{"text": f"{reason.message} ({reason.code})"} for reason in hip.reasons]
    said = [_laterality(hip.side), *hip_codes(hip)]
    found["component"] = [*map(_number, hip_numbers(hip)), *map(_said, said)]
    return found


def _lesion_observation(lesion: Lesion, record: FindingsRecord, ids: _Ids) -> Resource:
    found: Resource = {**_observation(record, ids, f"lesion {lesion.id}", codes.OSSIFICATION)}
    found["identifier"] = [{"system": "urn:ho-detect:lesion", "value": str(lesion.id)}]
    found["bodySite"] = _site(codes.HIP_REGION, lesion.side)
    found["valueQuantity"] = _quantity(lesion.volume_mm3, codes.MM3)
    said = [_laterality(lesion.side), *lesion_codes(lesion)]
    found["component"] = [*map(_number, lesion_numbers(lesion)), *map(_said, said)]
    return found


def _observation(record: FindingsRecord, ids: _Ids, name: str, code: codes.Coded) -> Resource:
    return {
        "resourceType": "Observation",
        "id": ids.of(name),
        "status": "preliminary",
        "category": [{"coding": [_coding(*_CATEGORY)]}],
        "code": _concept(code),
        **_subject(record),
        "derivedFrom": [ids.reference("study")],
        "device": ids.reference("device"),
    }


def _subject(record: FindingsRecord) -> Resource:
    patient_id = record.series.patient_id
    return {} if not patient_id else {"subject": {"type": "Patient", "identifier": {"value": patient_id}}}


def _site(code: codes.Coded, side: Side) -> Resource:
    return {**_concept(code), "text": f"{code.meaning}, {side}"}


def _laterality(side: Side) -> Said:
    return Said(codes.LATERALITY, codes.SIDES[side])


def _number(number: Number) -> Resource:
    name = number.name
    if number.derived is not None:
        # FHIR has no place for how a number is derived but its code
        name = codes.own(f"hu_{number.derived.value}", f"{number.derived.meaning} attenuation")
    return {"code": _concept(name), "valueQuantity": _quantity(number.value, number.unit)}


def _quantity(value: float, unit: codes.Coded) -> Resource:
    return {"value": value, "unit": unit.meaning, "system": _SYSTEMS["UCUM"], "code": unit.value}


def _said(said: Said) -> Resource:
    return {"code": _concept(said.name), "valueCodeableConcept": _concept(said.value)}


def _concept(code: codes.Coded) -> Resource:
    return {"coding": [_coding(_SYSTEMS[code.scheme], code.value, code.meaning)]}


def _coding(system: str, value: str, meaning: str) -> Resource:
    return {"system": system, "code": value, "display": meaning}
