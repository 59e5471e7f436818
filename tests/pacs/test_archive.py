"""How an archive is reached, and what is looked for; without one."""

import logging
from datetime import date

import pytest
import requests
from pydicom.dataset import Dataset

from ho_detect.errors import HoDetectError, UsageError
from ho_detect.pacs.archive import (
    PASSWORD_VARIABLE,
    TOKEN_VARIABLE,
    USER_VARIABLE,
    Credentials,
    RefusedError,
    archive_errors,
    connect,
)
from ho_detect.pacs.query import Query, every, reason_to_leave, text
from ho_detect.settings import AcquisitionSettings

SECRET = "s3cret-word"  # noqa: S105


class TestCredentials:
    def test_from_the_environment(self, monkeypatch):
        monkeypatch.setenv(TOKEN_VARIABLE, SECRET)
        assert Credentials.find().token == SECRET
        session = connect("https://pacs.example/x", Credentials.find())._session
        asked = session.prepare_request(requests.Request("GET", "https://pacs.example/x"))
        assert asked.headers["Authorization"] == f"Bearer {SECRET}"

    def test_user_and_password(self, monkeypatch):
        monkeypatch.setenv(USER_VARIABLE, "me")
        monkeypatch.setenv(PASSWORD_VARIABLE, SECRET)
        assert connect("https://pacs.example/x", Credentials.find())._session.auth == ("me", SECRET)

    def test_from_a_file_that_only_its_owner_can_read(self, tmp_path):
        path = tmp_path / "c.toml"
        path.write_text(f'token = "{SECRET}"')
        path.chmod(0o644)
        with pytest.raises(UsageError, match="read by others"):
            Credentials.find(path)
        path.chmod(0o600)
        assert Credentials.find(path) == Credentials(token=SECRET)

    @pytest.mark.parametrize("text", [f'tokn = "{SECRET}"', f"token = {SECRET}", "\udcff"])
    def test_a_wrong_file_is_not_quoted(self, tmp_path, text):
        path = tmp_path / "c.toml"
        path.write_bytes(text.encode("utf-8", "surrogateescape"))
        path.chmod(0o600)
        with pytest.raises(UsageError) as caught:
            Credentials.find(path)
        assert SECRET not in str(caught.value)

    def test_are_not_shown(self):
        shown = repr(Credentials(token=SECRET, user="me", password=SECRET))
        assert SECRET not in shown
        assert "me" not in shown


class TestAddress:
    @pytest.mark.parametrize(
        "url", ["pacs.example", "ftp://pacs.example", "https://", "http://[", "https://me:pw@pacs.example"]
    )
    def test_refused(self, url):
        with pytest.raises(UsageError) as caught:
            connect(url, Credentials())
        assert "pw" not in str(caught.value)

    @pytest.mark.parametrize("url", ["http://pacs.example/dicom-web", "http://10.0.0.1", "http://localhost.example"])
    def test_nothing_is_sent_in_the_open(self, url):
        with pytest.raises(UsageError, match="in the open"):
            connect(url, Credentials(token=SECRET))

    @pytest.mark.parametrize(
        "url", ["http://127.0.0.1:1/x", "http://localhost:1", "http://[::1]:1", "https://pacs.example"]
    )
    def test_accepted(self, url):
        assert connect(url, Credentials()).base_url.startswith("http")


class TestErrors:
    def test_say_no_secret(self):
        response = requests.Response()
        response.status_code = 401
        with pytest.raises(HoDetectError, match="401: credentials are missing or wrong") as caught, archive_errors():
            raise requests.HTTPError(f"401 for url https://pacs/{SECRET}", response=response)
        assert SECRET not in str(caught.value)

    def test_no_archive(self):
        client = connect("http://127.0.0.1:9", Credentials())
        client.set_http_retry_params(retry=False)
        with pytest.raises(HoDetectError, match="cannot be reached"), archive_errors():
            client.search_for_studies()

    def test_the_client_is_silent(self):
        connect("http://127.0.0.1:9", Credentials())
        assert not logging.getLogger("dicomweb_client").propagate


class TestQuery:
    @pytest.mark.parametrize(
        ("since", "until", "asked"),
        [
            (None, None, None),
            (date(2024, 1, 2), None, "20240102-"),
            (None, date(2024, 3, 4), "-20240304"),
            (date(2024, 1, 2), date(2024, 3, 4), "20240102-20240304"),
        ],
    )
    def test_dates(self, since, until, asked):
        assert Query(since=since, until=until).study_filters().get("StudyDate") == asked

    @pytest.mark.parametrize(
        ("query", "texts", "matches"),
        [
            (Query(), ("", "", ""), True),
            (Query(description="*HIP*"), ("CT Hip left", "", ""), True),
            (Query(description="*hip*"), ("", "hip bone", ""), True),
            (Query(description="*hip*"), ("CT head", "brain", ""), False),
            (Query(body_parts=("PELVIS", "hip")), ("", "", "HIP"), True),
            (Query(body_parts=("PELVIS",)), ("", "", "ABDOMENPELVIS"), True),
            (Query(body_parts=("PELVIS",)), ("", "", ""), True),
            (Query(body_parts=("PELVIS",)), ("", "", "HEAD"), False),
        ],
    )
    def test_texts(self, query, texts, matches):
        assert query.matches(*texts) == matches


ALL = [{"0020000D": {"vr": "UI", "Value": [f"1.2.{k}"]}} for k in range(7)]


class TestPages:
    def test_each_once(self):
        def search(offset):
            return ALL[offset : offset + 3]

        found = [text(item, "StudyInstanceUID") for item in every(search, "StudyInstanceUID")]
        assert found == [f"1.2.{k}" for k in range(7)]

    def test_an_archive_that_ignores_the_offset(self):
        assert len(list(every(lambda offset: ALL, "StudyInstanceUID"))) == 7

    def test_nothing(self):
        assert list(every(lambda offset: [], "StudyInstanceUID")) == []

    def test_what_has_no_uid_cannot_be_asked_for(self):
        with pytest.raises(RefusedError, match="without StudyInstanceUID"):
            list(every(lambda offset: [*ALL, {"0020000D": {"vr": "UI"}}], "StudyInstanceUID"))


@pytest.mark.parametrize(
    ("changes", "n", "texts", "reason"),
    [
        ({}, 100, {}, None),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]}, 100, {}, "localizer"),
        ({"ImageType": ["DERIVED", "SECONDARY", "MIP"]}, 100, {}, "derived_object"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.7"}, 100, {}, "derived_object"),
        ({"Modality": "PT"}, 100, {}, "not_ct"),
        ({}, 3, {}, "too_few_slices"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.2.1", "NumberOfFrames": 300}, 1, {}, None),
        ({}, 100, {"BodyPartExamined": "HEAD", "SeriesDescription": "brain"}, "not_hip_region"),
        ({"ProtocolName": "Polytrauma"}, 100, {"BodyPartExamined": "HEAD"}, None),
    ],
)
def test_what_is_not_fetched(changes, n, texts, reason):
    metadata = Dataset()
    metadata.update(
        {"Modality": "CT", "SOPClassUID": "1.2.840.10008.5.1.4.1.1.2", "ImageType": ["ORIGINAL", "PRIMARY"]}
    )
    metadata.update(changes)
    assert reason_to_leave(metadata.to_json_dict(), n, texts, AcquisitionSettings()) == reason
