"""What a notebook shows: the sentences, a row for each lesion, a picture; text of a study is never markup."""

from __future__ import annotations

import base64
import re

import msgspec
from made_findings import make_excluded, make_findings, make_lesion, make_record

from ho_detect.export.pictures.notebook import findings_html


def test_sentences_rows_and_a_picture():
    findings = make_findings()
    html = findings_html(findings)
    assert html.count("<tr>") == 1 + len(findings.lesions)
    assert "Left hip: ossification present" in html
    (picture,) = re.findall(r"data:image/png;base64,([^']+)'", html)
    assert base64.b64decode(picture).startswith(b"\x89PNG")


def test_without_hips_and_lesions_it_says_so():
    html = findings_html(make_findings(record=make_record(hips=(), lesions=())))
    assert "No hip in view." in html
    assert "<table" not in html


def test_what_is_not_known_is_said_in_words():
    lesion = make_lesion(maturity=None, gap_femur_mm=None, gap_pelvis_mm=None, confidence=None)
    row = findings_html(make_findings(record=make_record(lesions=(lesion,)))).split("<tbody>")[1]
    assert row.count("not judged") == 2
    assert "not measured" in row
    assert "nothing" in row
    assert "None" not in row


def test_text_is_no_markup():
    evil = msgspec.structs.replace(make_excluded("unlikely"), message="<script>x</script>")
    assert "<script>" not in findings_html(make_findings(record=make_record(excluded=(evil,))))
