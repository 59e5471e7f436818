"""An inspection names files by stand-ins, and truly on request."""

import pytest
from dicom_files import CtSeries, write_series

from ho_detect.cohort.plan.series_rows import inspect
from ho_detect.settings import Settings

UID = "1.2.826.0.1.3680043.8.498"
NAMES = ("ROE_JANE_19500101", "DOE_JOHN_19481231", "MRN0815")


@pytest.fixture(scope="module")
def disk(tmp_path_factory):
    """A series with a file cut in its header, one with a file cut in its pixels, and an archive that is none."""
    folder = tmp_path_factory.mktemp("disk")
    for k, n_bytes in ((1, 700), (2, -40)):
        spec = CtSeries(series_uid=f"{UID}.1.{k}", study_uid=f"{UID}.9.{k}")
        paths = write_series(folder / f"{NAMES[0]}_{k}", spec)
        paths = [path.rename(path.with_name(f"{NAMES[2]}_{k}_{path.name}")) for path in paths]
        paths[5].write_bytes(paths[5].read_bytes()[:n_bytes])
    (folder / f"{NAMES[1]}.zip").write_bytes(b"PK\x03\x04" + b"x" * 100)
    return folder


def test_an_inspection_shows_them_on_request(disk):
    shown = [row.message for row in inspect([disk]).rows if row.reason == "unreadable"]
    assert len(shown) == 2
    assert not any(name in message for message in shown for name in NAMES)
    true = [row.message for row in inspect([disk], Settings.from_dict({"output": {"keep_identity": True}})).rows]
    assert any(f"{NAMES[1]}.zip" in (message or "") for message in true)
