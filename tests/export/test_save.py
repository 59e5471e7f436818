"""The list of formats: each is written when it is asked for, and needs no more than it says."""

from dataclasses import replace

import numpy as np
import pytest
from made_findings import make_findings

from ho_detect.errors import UsageError
from ho_detect.export.save import WRITERS, save
from ho_detect.findings import Findings
from ho_detect.results.detected import DetectedThings
from ho_detect.settings import OutputSettings


def made():
    """Findings with something that is not counted."""
    findings = make_findings()
    things = DetectedThings(findings.grid.to_canonical()[0], ((1, (slice(1, 3),) * 3, np.ones((2, 2, 2), bool)),))
    return replace(findings, detected=things)


SWITCHES = [w.name for w in WRITERS if w.when == "asked"]


def names(folder):
    return {p.name for p in folder.iterdir()}


def test_every_format_that_is_asked_for_has_a_switch():
    assert set(SWITCHES) <= set(OutputSettings.__struct_fields__)
    assert len({w.name for w in WRITERS}) == len(WRITERS)


@pytest.mark.parametrize("writer", [w for w in WRITERS if w.needs != "dicom"], ids=lambda w: w.name)
def test_the_files_that_a_writer_names_are_there(writer, tmp_path):
    files = writer.write(made(), tmp_path)
    assert {f.name for f in files} == names(tmp_path) != set()


@pytest.mark.parametrize("writer", [w for w in WRITERS if w.needs == "record"], ids=lambda w: w.name)
def test_what_needs_the_record_alone_does_without_the_ct(writer, tmp_path):
    loaded = Findings.load(made().save(tmp_path / "saved"))
    (tmp_path / "out").mkdir()
    assert writer.write(loaded, tmp_path / "out")


def test_a_switch_adds_its_files_and_no_other(tmp_path):
    plain = names(save(make_findings(), tmp_path / "plain"))
    asked = replace(make_findings(), output=OutputSettings(fhir=True))
    assert names(save(asked, tmp_path / "fhir")) == plain | {"fhir.json"}
    assert names(save(make_findings(), tmp_path / "pages", pages=True)) == plain | {"report.html", "thumbnail.webp"}


def test_without_the_ct_it_needs_there_is_no_record_of_a_result(tmp_path):
    loaded = Findings.load(make_findings().save(tmp_path / "saved"))
    with pytest.raises(UsageError, match="the CT of these findings"):
        save(loaded, tmp_path / "out", pages=True)
    assert "findings.json" not in names(tmp_path / "out")
