"""A result of two lesions as DICOM objects, made once for a module of tests."""

import pytest
from dicom_files import CtSeries, write_series
from loaded_findings import load_findings


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    """A result of two lesions, and its files by name."""
    folder = tmp_path_factory.mktemp("dicom")
    write_series(folder / "ct", CtSeries(study_uid="1.2.3.77.1", series_uid="1.2.3.77.2"))
    findings = load_findings(folder / "ct")
    return findings, {path.name: path for path in findings.save_dicom(folder / "out")}
