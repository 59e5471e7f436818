"""The ticks of a report page, in a browser: what they save is what ho-detect amend takes."""

import json

import pytest
from browser import browser
from made_findings import make_findings

from ho_detect.export.pages.report import write_report
from ho_detect.reading.word import read_page_file


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    findings = make_findings()
    findings.save(folder)
    write_report(findings, folder / "report.html")
    return folder


def test_what_is_ticked_is_saved(folder):
    with browser() as running:
        page = running.new_page()
        page.goto((folder / "report.html").as_uri())
        button = page.locator("#amend button")
        assert button.is_disabled()
        page.check('input[data-drop="2"]')
        page.check('input[data-keep="1"]')
        assert page.locator("#ticked").inner_text() == "drop lesion 2; count number 1"
        page.fill('#amend input[name="reader"]', 'R "1" <b>')
        with page.expect_download() as download:
            button.click()
        download.value.save_as(folder / "amendment.json")
        page.uncheck('input[data-drop="2"]')
        page.uncheck('input[data-keep="1"]')
        assert button.is_disabled()
        page.emulate_media(media="print")
        assert not page.locator("#amend").is_visible()
        assert page.locator("input:visible").count() == 0
    word = read_page_file(folder / "amendment.json", folder)
    assert (word.reader, word.drop, word.keep) == ('R "1" <b>', (2,), (1,))
    assert set(json.loads((folder / "amendment.json").read_text())) == {
        "ho_detect", "version", "findings_sha256", "reader", "at", "comment", "keep", "drop",
    }  # fmt: skip
