"""A disk whose files, folders and archive are named after patients, and of which some cannot be read."""

from pathlib import Path

from dicom_files import CtSeries, write_series

UID = "1.2.826.0.1.3680043.8.498"
NAMES = ("ROE_JANE_19500101", "DOE_JOHN_19481231", "MRN0815")


def write_disk(folder: Path) -> Path:
    """A series with a file cut in its header, one with a file cut in its pixels, and an archive that is none."""
    for k, n_bytes in ((1, 700), (2, -40)):
        spec = CtSeries(series_uid=f"{UID}.1.{k}", study_uid=f"{UID}.9.{k}")
        paths = write_series(folder / f"{NAMES[0]}_{k}", spec)
        paths = [path.rename(path.with_name(f"{NAMES[2]}_{k}_{path.name}")) for path in paths]
        paths[5].write_bytes(paths[5].read_bytes()[:n_bytes])
    (folder / f"{NAMES[1]}.zip").write_bytes(b"PK\x03\x04" + b"x" * 100)
    return folder
