import pytest
from dicom_files import CtSeries, write_series
from faulty_archive import Archive, serving

UID = "1.2.826.0.1.3680043.8.498"


@pytest.fixture(scope="session")
def three_series(tmp_path_factory):
    """Files of three studies with one series each."""
    folder = tmp_path_factory.mktemp("three")
    specs = [CtSeries(series_uid=f"{UID}.1.{k}", study_uid=f"{UID}.2.{k}", n_slices=12) for k in (1, 2, 3)]
    return [path for k, spec in enumerate(specs) for path in write_series(folder / f"s{k}", spec)]


@pytest.fixture
def hospital(three_series):
    """An archive with three studies, without faults until it is given some."""
    archive = Archive()
    archive.add(three_series)
    with serving(archive):
        yield archive
