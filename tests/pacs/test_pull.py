"""What one study, series or image is refused ends nothing else."""

import multiprocessing
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner
from faulty_archive import JSON, Archive, serving

from ho_detect.cli import cli
from ho_detect.errors import HoDetectError
from ho_detect.pacs import pull as pulling
from ho_detect.pacs.archive import PASSWORD_VARIABLE, TOKEN_VARIABLE, USER_VARIABLE, Credentials, connect
from ho_detect.pacs.pull import pull
from ho_detect.pacs.query import Query

UID = "1.2.826.0.1.3680043.8.498"
LOGIN = (200, b"<html><body>Please sign in</body></html>", "text/html; charset=utf-8")


def fetch(archive, out, **changes):
    client = connect(archive.url, Credentials())
    client.set_http_retry_params(max_attempts=2, wait_exponential_multiplier=1)
    return pull(client, Query(), out, **changes)


def fetched_into(out):
    return sorted(len(list(series.iterdir())) for series in out.glob("study-*/series-*"))


class TestRefused:
    @pytest.mark.parametrize(
        ("place", "fault", "said"),
        [
            (r"studies/[0-9.]+\.2\.2/series$", 500, "study 2: the archive answered with status 500"),
            (r"\.1\.2/instances$", 409, "study 2, series 1: the archive answered with status 409"),
            (r"\.1\.2/.*metadata$", 404, "study 2, series 1: the archive answered with status 404"),
            (r"\.1\.2/.*metadata$", (200, b"{", JSON), "study 2, series 1: the archive's answer is no DICOM JSON"),
            (r"series/[0-9.]+\.1\.2$", 500, "study 2, series 1: the archive answered with status 500"),
            (r"series/[0-9.]+\.1\.2$", 503, "study 2, series 1: the archive answered with status 503"),
            (r"series/[0-9.]+\.1\.2$", 0, "study 2, series 1: the archive gave no whole answer"),
            (r"series/[0-9.]+\.1\.2$", (200, b"sorry", "text/plain"), "study 2, series 1: the archive's answer cannot"),
        ],
    )
    def test_the_rest_goes_on(self, hospital, tmp_path, place, fault, said):
        hospital.faults["GET", place] = fault
        for n_fetched, n_present in ((2, 0), (0, 2)):
            pulled = fetch(hospital, tmp_path)
            assert (pulled.n_fetched, pulled.n_present) == (n_fetched, n_present)
            (failed,) = pulled.failed
            assert failed.startswith(said)
        assert fetched_into(tmp_path) == [12, 12]

    def test_exit_status_and_what_is_said(self, hospital, tmp_path):
        hospital.faults["GET", r"series/[0-9.]+\.1\.2$"] = 500
        done = CliRunner().invoke(cli, ["pull", hospital.url, "--out", str(tmp_path)], standalone_mode=False)
        assert done.return_value == 3
        assert "2 series fetched, 0 present, 0 left out, 1 refused" in done.output
        assert "not fetched: study 2, series 1: the archive answered with status 500" in done.output
        assert UID not in done.output

    def test_a_series_that_is_not_whole(self, hospital, tmp_path, three_series, monkeypatch):
        whole = Archive._series
        monkeypatch.setattr(Archive, "_series", lambda self, paths: whole(self, paths[: 12 - 3 * ("s1" in str(paths))]))
        pulled = fetch(hospital, tmp_path)
        assert pulled.failed == ("study 2, series 1: the archive sent 9 of 12 images",)
        assert fetched_into(tmp_path) == [12, 12]
        assert not list(tmp_path.glob(".pull-*"))

    def test_a_list_of_studies_that_breaks_off(self, hospital, tmp_path):
        answer = hospital.answer

        def second_page_fails(method, path, query, body):
            if path.endswith("/studies") and query.get("offset", ["0"]) != ["0"]:
                return 500, b"", "text/plain"
            return answer(method, path, query, body)

        hospital.answer = second_page_fails
        pulled = fetch(hospital, tmp_path)
        assert pulled.n_fetched == 3
        assert pulled.failed == ("what follows study 3: the archive answered with status 500",)

    def test_an_end_of_pages_that_is_called_not_found(self, hospital, tmp_path):
        answer = hospital.answer

        def no_second_page(method, path, query, body):
            return (404, b"", "text/plain") if int(query.get("offset", ["0"])[0]) else answer(method, path, query, body)

        hospital.answer = no_second_page
        assert fetch(hospital, tmp_path).n_fetched == 3

    @pytest.mark.parametrize(
        "metadata",
        [
            {"00180050": {"vr": "DS", "Value": ["2,0"]}},
            {"00280008": {"vr": "IS", "Value": ["many"]}},
            {"00091010": {"vr": "OB", "InlineBinary": "%%%"}},
            {"00091011": {"vr": "XX", "Value": "a"}},
            {"00180015": None},
        ],
    )
    def test_a_value_that_is_none_says_nothing(self, hospital, tmp_path, metadata):
        hospital.metadata = metadata
        pulled = fetch(hospital, tmp_path)
        assert (pulled.n_fetched, pulled.failed) == (3, ())


class TestNoAccess:
    @pytest.mark.parametrize(("fault", "said"), [(401, "credentials"), (403, "not allowed"), (LOGIN, "sign-in page")])
    def test_ends_the_pull(self, hospital, tmp_path, fault, said):
        hospital.faults["GET", r"\.2\.2/series$"] = fault
        with pytest.raises(HoDetectError, match=said):
            fetch(hospital, tmp_path)
        assert fetched_into(tmp_path) == [12]
        assert not any(".2.3/" in path for path in hospital.asked)

    def test_an_archive_that_ends_meanwhile(self, three_series, tmp_path):
        archive = Archive()
        archive.add(three_series)
        with serving(archive):
            pass
        with pytest.raises(HoDetectError, match="cannot be reached"):
            fetch(archive, tmp_path)

    def test_an_empty_page_is_nothing_found(self, tmp_path):
        archive = Archive(faults={("GET", "studies$"): (200, b"", "text/html")})
        with serving(archive):
            assert fetch(archive, tmp_path).failed == ()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("certificate")
    args = "req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1"
    made = ["-keyout", folder / "key", "-out", folder / "certificate"]
    subprocess.run(["openssl", *args.split(), *made], check=True, capture_output=True)
    return folder / "certificate", folder / "key"


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl to make a certificate with")
class TestOwnAuthority:
    """A token leaves what the user says of certificates, proxies and other hosts as it is."""

    @pytest.mark.parametrize("given", [{TOKEN_VARIABLE: "abc"}, {USER_VARIABLE: "a", PASSWORD_VARIABLE: "b"}, {}])
    def test_a_bundle_of_the_user_is_used(self, three_series, tmp_path, certificate, monkeypatch, given):
        archive = Archive()
        archive.add(three_series)
        (tmp_path / "netrc").write_text("machine 127.0.0.1 login other password person\n")
        monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate[0]))
        for name, value in given.items():
            monkeypatch.setenv(name, value)
        with serving(archive, certificate):
            assert pull(connect(archive.url, Credentials.find()), Query(), tmp_path / "ct").n_fetched == 3
        authorised = {headers["Authorization"] for headers in archive.sent_headers}
        if TOKEN_VARIABLE in given:
            assert authorised == {"Bearer abc"}
        else:
            assert all(text.startswith("Basic ") for text in authorised) and authorised  # noqa: PT018

    def test_a_proxy_of_the_user_is_used(self, three_series, tmp_path, monkeypatch):
        proxy = Archive()
        with serving(proxy):
            monkeypatch.setenv("HTTPS_PROXY", proxy.url.removesuffix("/dicom-web"))
            monkeypatch.delenv("NO_PROXY", raising=False)
            monkeypatch.delenv("no_proxy", raising=False)
            client = connect("https://pacs.example", Credentials(token="abc"))  # noqa: S106
            client.set_http_retry_params(retry=False)
            with pytest.raises(HoDetectError, match="ProxyError"):
                pull(client, Query(), tmp_path)


class TestTwoAtOnce:
    def test_neither_removes_what_the_other_has_begun(self, hospital, tmp_path):
        with pulling._staging(tmp_path) as other:
            (other / "series").mkdir()
            assert fetch(hospital, tmp_path).n_fetched == 3
            assert (other / "series").is_dir()
        assert not list(tmp_path.glob(".pull-*"))

    def test_what_a_killed_one_left_is_removed(self, hospital, tmp_path):
        (tmp_path / ".pull-0000" / "half").mkdir(parents=True)
        fetch(hospital, tmp_path)
        assert not list(tmp_path.glob(".pull-*"))

    def test_what_a_killed_one_was_about_to_replace_comes_back(self, hospital, tmp_path):
        fetch(hospital, tmp_path)
        series = next(tmp_path.glob("study-*/series-*"))
        aside = tmp_path / ".pull-0000" / series.parent.name / f"{series.name}.old"
        aside.parent.mkdir(parents=True)
        series.rename(aside)
        assert fetch(hospital, tmp_path).n_present == 3
        assert fetched_into(tmp_path) == [12, 12, 12]

    def test_where_folders_cannot_be_locked(self, hospital, tmp_path, monkeypatch):
        def refuse(*_):
            raise OSError(95, "Operation not supported")

        monkeypatch.setattr("fcntl.flock", refuse)
        (tmp_path / ".pull-0000" / "half").mkdir(parents=True)
        assert fetch(hospital, tmp_path).n_fetched == 3
        assert (tmp_path / ".pull-0000" / "half").is_dir()

    def test_both_fetch_all(self, hospital, tmp_path):
        context = multiprocessing.get_context("fork" if os.name == "posix" else "spawn")
        both = [context.Process(target=fetch, args=(hospital, tmp_path / "ct")) for _ in range(2)]
        for process in both:
            process.start()
        for process in both:
            process.join(60)
        assert [process.exitcode for process in both] == [0, 0]
        assert fetched_into(tmp_path / "ct") == [12, 12, 12]
        assert {path.name[:6] for path in Path(tmp_path / "ct").iterdir()} == {"study-"}
