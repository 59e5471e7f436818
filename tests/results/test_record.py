"""A record is read by other versions than the one that wrote it, or refused in words."""

import json
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_findings import make_record

from ho_detect.results.record import SCHEMA_VERSION, RecordError, Software, read_record, record_json
from ho_detect.settings import OutputSettings, Settings, digest_of

#: Written by the code before version 2, of a sample.
OF_1_2 = (Path(__file__).parent / "record_1_2.json").read_bytes()


def changed(**changes):
    values = json.loads(record_json(make_record()))
    return values | changes


def encoded(values):
    return json.dumps(values).encode()


class TestRoundTrip:
    def test_what_was_written_is_read(self):
        record = make_record()
        assert read_record(record_json(record)) == record

    @given(st.floats(min_value=0, max_value=1e9), st.none() | st.sampled_from(["mature", "immature"]))
    def test_any_value_survives(self, volume_mm3, maturity):
        record = make_record()
        lesions = tuple(msgspec.structs.replace(x, volume_mm3=volume_mm3, maturity=maturity) for x in record.lesions)
        record = msgspec.structs.replace(record, lesions=lesions)
        assert read_record(record_json(record)) == record


class TestVersion1:
    def test_is_read_whole(self):
        before, record = json.loads(OF_1_2), read_record(OF_1_2)
        after = json.loads(record_json(record))
        for part in ("status", "flags", "statements", "schema_version"):
            assert after[part] == before[part]
        assert before["series"].items() <= after["series"].items()
        for part in ("hips", "lesions", "excluded"):
            for one, other in zip(before[part], after[part], strict=True):
                assert one.items() <= other.items()

    def test_its_digest_is_that_of_the_settings_beside_it(self):
        software = read_record(OF_1_2).software
        assert digest_of(software.settings) == software.settings_digest

    def test_is_used_with_this_versions_settings(self):
        record = read_record(OF_1_2)
        assert "mimics" in record.software.settings
        assert record.known_settings().anatomy.bone_hu == record.software.settings["anatomy"]["bone_hu"]


class TestOtherVersions:
    def test_unknown_fields_and_codes_of_a_minor_version_are_left(self):
        values = changed(schema_version="2.99", news=[1])
        values["software"]["settings"] = {"anatomy": {"bone_hu": 210.0, "not_yet": 1}, "new_group": {"x": True}}
        values["hips"][0]["not_yet"] = {"a": 1}
        values["flags"] = [{"code": "not_yet", "message": "said later"}]
        record = read_record(encoded(values))
        assert record.hips == make_record().hips
        assert record.flags[0].code == "not_yet"
        assert record.software.settings["new_group"] == {"x": True}
        assert record.known_settings().anatomy.bone_hu == 210.0

    @pytest.mark.parametrize("version", ["0.9", "3.0", "x", ""])
    def test_another_major_version_is_refused_by_name(self, version):
        with pytest.raises(RecordError, match=f"schema version {version}: "):
            read_record(encoded(changed(schema_version=version)))

    @pytest.mark.parametrize("data", [b"", b"{}", b"[]", b'{"schema_version": 2}', b'{"schema_version": "1.2"}'])
    def test_what_is_no_record_is_refused(self, data):
        with pytest.raises(RecordError, match="not a findings record"):
            read_record(data)

    def test_a_wrong_value_is_named(self):
        values = changed()
        values["hips"][0]["side"] = "up"
        with pytest.raises(RecordError, match=r"hips\[0\].side"):
            read_record(encoded(values))


class TestSettings:
    def test_stand_as_plain_values_with_their_digest(self):
        settings = Settings.from_dict({"judge": {"min_volume_mm3": 100.0}})
        software = Software.of(settings)
        assert software.settings["judge"]["min_volume_mm3"] == 100.0
        assert digest_of(software.settings) == software.settings_digest == settings.digest()

    def test_digest_survives_the_file(self):
        record = msgspec.structs.replace(make_record(), software=Software.of(Settings()))
        software = read_record(record_json(record)).software
        assert digest_of(software.settings) == software.settings_digest

    @pytest.mark.parametrize("output", [{"fhir": True}, {"dicom": True}, {"bones": True}, {"naming": "bids"}])
    def test_what_is_written_besides_is_no_setting_of_the_result(self, output):
        assert Software.of(Settings(output=OutputSettings(**output))) == Software.of(Settings())

    def test_the_number_of_threads_neither(self):
        assert Software.of(Settings(threads=3)) == Software.of(Settings())


def test_the_version_is_written():
    assert changed()["schema_version"] == SCHEMA_VERSION
