import pytest
from dicom_files import CtSeries, write_series

UID = "1.2.826.0.1.3680043.8.498"


def _without_position(_, dataset):
    del dataset.ImagePositionPatient


@pytest.fixture(scope="session")
def archive(tmp_path_factory):
    """Six usable series of different sizes, a seventh without positions, an eighth that is no CT."""
    folder = tmp_path_factory.mktemp("Secret_Name_archive")
    for k, n_slices in enumerate((16, 12, 30, 13, 22, 14, 12), start=1):
        spec = CtSeries(series_uid=f"{UID}.1.{k}", study_uid=f"{UID}.9.{k}", n_slices=n_slices)
        write_series(folder / f"s{k}", spec, edit=_without_position if k == 7 else None)
    mr = CtSeries(series_uid=f"{UID}.1.8", study_uid=f"{UID}.9.8")
    write_series(folder / "s8", mr, edit=lambda _, ds: setattr(ds, "Modality", "MR"))
    return folder


@pytest.fixture(scope="session")
def key_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("key") / "key"
    path.write_bytes(b"0123456789abcdef")
    return path
