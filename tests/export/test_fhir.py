"""FHIR R4: valid by SMART's R4 models, refers within itself, and says what the record says."""

import dataclasses
import json

import msgspec
import pytest
from fhirclient.models import bundle as r4
from fhirclient.models.fhirabstractbase import FHIRValidationError
from made_findings import make_findings, make_hip, make_record

from ho_detect.export.fhir import fhir_bundle, fhir_json
from ho_detect.export.save import save
from ho_detect.flags import flag
from ho_detect.settings import Settings

UNASSESSED = make_hip(
    "right", status="not_assessable", finding=None, n_lesions=None, total_volume_mm3=None, bridging=None,
    total_volume_second_threshold_mm3=None, brooker_ct=None, della_valle_ct=None, reasons=(flag("hidden_by_metal"),),
)  # fmt: skip
RECORDS = {
    "two lesions": make_record(),
    "none": make_record(hips=(make_hip("left"), make_hip("right")), lesions=()),
    "one hip not assessed": make_record(hips=(make_hip("left"), UNASSESSED), lesions=()),
    "no hip": make_record(hips=(), lesions=(), excluded=()),
}


def resources(record, kind):
    return [e["resource"] for e in fhir_bundle(record)["entry"] if e["resource"]["resourceType"] == kind]


@pytest.mark.parametrize("name", RECORDS)
class TestEveryRecord:
    def test_is_valid_r4(self, name):
        # strict: unknown elements, wrong types and missing required ones raise
        r4.Bundle(json.loads(fhir_json(RECORDS[name])), strict=True).as_json()

    def test_references_lead_to_resources_of_the_bundle(self, name):
        bundle = fhir_bundle(RECORDS[name])
        urls = {entry["fullUrl"] for entry in bundle["entry"]}
        assert len(urls) == len(bundle["entry"])
        text = json.dumps(bundle)
        found = {part.split('"')[0] for part in text.split('"reference": "')[1:]}
        assert found
        assert found <= urls

    def test_one_report_with_one_result_per_hip(self, name):
        record = RECORDS[name]
        (report,) = resources(record, "DiagnosticReport")
        assert len(report["result"]) == len(record.hips)
        assert len(resources(record, "Observation")) == len(record.hips) + len(record.lesions)
        assert "For research use only" in report["conclusion"]


@pytest.mark.parametrize("name", RECORDS)
class TestTransaction:
    def test_is_valid_and_holds_what_the_collection_holds(self, name):
        record = RECORDS[name]
        bundle = json.loads(fhir_json(record, "transaction"))
        r4.Bundle(bundle, strict=True).as_json()
        assert bundle["type"] == "transaction"
        kinds = [entry["resource"]["resourceType"] for entry in bundle["entry"]]
        assert kinds == [entry["resource"]["resourceType"] for entry in fhir_bundle(record)["entry"]]

    def test_makes_each_resource_once(self, name):
        entries = fhir_bundle(RECORDS[name], "transaction")["entry"]
        conditions = {entry["request"]["ifNoneExist"] for entry in entries}
        assert len(conditions) == len(entries) > 0
        for entry in entries:
            identifier = entry["resource"]["identifier"][-1]
            assert entry["request"] == {
                "method": "POST",
                "url": entry["resource"]["resourceType"],
                "ifNoneExist": f"identifier={identifier['system']}|{identifier['value']}",
            }
            assert identifier["value"] == entry["fullUrl"]
            assert "id" not in entry["resource"]

    def test_references_lead_to_resources_of_the_bundle(self, name):
        bundle = fhir_bundle(RECORDS[name], "transaction")
        found = {part.split('"')[0] for part in json.dumps(bundle).split('"reference": "')[1:]}
        assert found
        assert found <= {entry["fullUrl"] for entry in bundle["entry"]}


@pytest.mark.parametrize("kind", ["collection", "transaction"])
def test_a_saved_bundle_is_of_the_kind_that_was_asked_for(tmp_path, kind):
    findings = make_findings()
    output = Settings.from_dict({"output": {"fhir": True, "fhir_bundle": kind}}).output
    save(dataclasses.replace(findings, output=output), tmp_path)
    assert json.loads((tmp_path / "fhir.json").read_bytes())["type"] == kind


def test_the_validator_can_fail():
    bundle = fhir_bundle(make_record())
    bundle["entry"][0]["resource"]["finding"] = "present"
    with pytest.raises(FHIRValidationError):
        r4.Bundle(bundle, strict=True)


def component(observation, code):
    return [c for c in observation["component"] if c["code"]["coding"][0]["code"] == code]


def test_numbers_and_codes_are_those_of_the_record():
    record = make_record()
    hips, lesions = resources(record, "Observation")[:2], resources(record, "Observation")[2:]
    for hip, observation in zip(record.hips, hips, strict=True):
        assert observation["valueCodeableConcept"]["coding"][0]["display"].lower() == hip.finding
        assert observation["bodySite"]["text"] == f"Hip joint, {hip.side}"
        (side,) = component(observation, "272741003")
        assert side["valueCodeableConcept"]["coding"][0]["display"].lower() == hip.side
        assert len(observation["hasMember"]) == 1
    (gap,) = component(hips[0], "min_gap")
    assert gap["valueQuantity"] == {
        "value": 19.5,
        "unit": "millimeter",
        "system": "http://unitsofmeasure.org",
        "code": "mm",
    }
    assert component(hips[1], "min_gap") == []
    for lesion, observation in zip(record.lesions, lesions, strict=True):
        assert observation["valueQuantity"]["value"] == lesion.volume_mm3
        assert component(observation, "hu_373098007")[0]["valueQuantity"]["value"] == lesion.mean_hu


def test_what_was_not_assessed_has_no_value():
    observation = resources(RECORDS["one hip not assessed"], "Observation")[1]
    assert "valueCodeableConcept" not in observation
    assert observation["dataAbsentReason"]["coding"][0]["code"] == "not-performed"
    assert component(observation, "246206008") == []


def test_the_same_findings_give_the_same_bundle():
    assert fhir_json(make_record()) == fhir_json(make_record())
    first, second = (fhir_bundle(r)["entry"][0]["fullUrl"] for r in (RECORDS["none"], RECORDS["two lesions"]))
    assert first != second


def test_patient_only_where_identity_is_kept():
    assert "subject" not in resources(make_record(), "DiagnosticReport")[0]
    record = make_record()
    record = msgspec.structs.replace(record, series=msgspec.structs.replace(record.series, patient_id="77"))
    r4.Bundle(fhir_bundle(record), strict=True)
    assert resources(record, "DiagnosticReport")[0]["subject"]["identifier"]["value"] == "77"
