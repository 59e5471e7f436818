"""One series as a HU volume in patient coordinates."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ho_detect.acquisition.headers.slices import SliceEntry
from ho_detect.acquisition.series.index import SeriesEntry
from ho_detect.acquisition.series.places import ROUNDING_MM
from ho_detect.acquisition.series.stacking import Stack, stack_slices
from ho_detect.acquisition.series.stated import stated_acquisition
from ho_detect.acquisition.volume.hounsfield import check_hounsfield, check_rescales, sign_lost, to_hu
from ho_detect.acquisition.volume.hu_volume import HuVolume, SeriesRecord
from ho_detect.acquisition.volume.neighbours import check_neighbours
from ho_detect.acquisition.volume.pixels import PixelReader, is_plain
from ho_detect.acquisition.volume.source import SourceSeries
from ho_detect.acquisition.volume.true_grid import to_true_grid
from ho_detect.errors import SeriesError, named
from ho_detect.flags import RESAMPLED, Flag, flag
from ho_detect.image.grid import Grid
from ho_detect.settings import Settings
from ho_detect.system.cpus import processors
from ho_detect.system.pseudonyms import Pseudonyms


def load_volume(entry: SeriesEntry, settings: Settings, pseudonyms: Pseudonyms) -> HuVolume:
    """Read a series that :func:`~ho_detect.acquisition.series.index.index_series` found usable.

    Parameters
    ----------
    entry
        The series.
    settings
        ``acquisition`` and ``output.keep_identity`` are used.
    pseudonyms
        Stand-ins for its UIDs.

    Returns
    -------
    HuVolume
        Slices in stack order: HU by each slice's own rescale, rounded to int16; padding, and what is less
        dense than air, is AIR_HU. On the images' own grid, or where they make none, on a true grid made of them.

    Raises
    ------
    SeriesError
        The entry's own reason, where it has one; unreadable, decode_failed, not_hu, several_volumes.
    """
    if entry.reason is not None:
        raise SeriesError(entry.reason, entry.detail)
    slices = entry.slices
    check_rescales([image.rescale for image in slices])
    hu = np.empty((len(slices), entry.rows, entry.columns), np.int16)
    source = SourceSeries(entry, pseudonyms)
    share_padded = _read_slices(slices, hu, settings.threads or processors()) / hu.size
    check_hounsfield(hu, stated=slices[0].rescale.slope is not None)
    check_neighbours(hu, [image.path for image in slices])
    stack = _stack(slices, settings)
    hu = to_true_grid(hu, stack)
    grid = Grid(hu.shape, stack.affine)
    flags = _flags(entry, stack, share_padded, settings)
    return HuVolume(hu, grid, _record(entry, grid, settings, pseudonyms), flags, source)


def _read_slices(slices: tuple[SliceEntry, ...], hu: NDArray[np.int16], threads: int) -> int:
    """Write the HU of all slices, and return about how many pixels are padding."""

    def read(part: slice) -> int:
        reader, out = PixelReader(), hu[part]
        pairs = enumerate(slices[part])
        return sum(_read_slice(reader, image, out[k]) for k, image in pairs)

    # every decoder keeps Python's lock, threads gain nothing there (docs/transfer-syntaxes.md)
    n = min(threads, len(slices)) if all(is_plain(image.pixels) for image in slices) else 1
    bounds = [len(slices) * part // n for part in range(n + 1)]
    with ThreadPoolExecutor(n) as pool:
        return sum(pool.map(read, (slice(*pair) for pair in pairwise(bounds))))


def _read_slice(reader: PixelReader, image: SliceEntry, out: NDArray[np.int16]) -> int:
    stored = reader.read(image)
    if wrong := sign_lost(stored, image.pixels, image.rescale):
        raise SeriesError("not_hu", f"{named(image.path)}: {wrong}")
    return to_hu(stored, image.pixels, image.rescale, out)


def no_hip(volume: HuVolume) -> SeriesError:
    """Return the error of a volume without a hip: a failure where a gap keeps us from looking at the whole series."""
    part = next((f.message for f in volume.flags if f.code == "part_of_series"), "")
    return SeriesError("missing_slices", f"no hip in view; {part}") if part else SeriesError("no_hip_in_view")


def _stack(slices: tuple[SliceEntry, ...], settings: Settings) -> Stack:
    columns = ([getattr(s, name) for s in slices] for name in ("position", "orientation", "spacing"))
    positions, orientations, spacings = (np.array(c, np.float64) for c in columns)
    return stack_slices(positions, orientations, spacings, settings.acquisition)


def _flags(entry: SeriesEntry, stack: Stack, share_padded: float, settings: Settings) -> tuple[Flag, ...]:
    # of uneven steps the largest: there it is as thick a series
    thick = max(stack.largest_step_mm, entry.thickness_mm or 0.0)
    found = {
        "duplicates_removed": (entry.n_duplicates > 0, f"{entry.n_duplicates} images"),
        "one_of_several": (bool(entry.part), entry.part),
        "scan_joined": (entry.n_stretches > 1, f"{entry.n_stretches} stretches, {entry.n_joined} images at overlaps"),
        "images_set_aside": (entry.n_left_out > 0, f"{entry.n_left_out} images"),
        "lossy_compression": (any(s.is_lossy for s in entry.slices), ""),
        "padding_present": (share_padded > 0, f"{100 * share_padded:.0f} % of all pixels"),
        "thick_slices": (thick >= settings.acquisition.thick_slice_mm - ROUNDING_MM, f"{thick:.1f} mm"),
        "monoenergetic": (entry.is_monoenergetic, ""),
        "contrast": (bool(entry.contrast_stated), "stated in the header"),
    }
    return (*entry.repairs, *entry.notes, *(flag(code, detail) for code, (holds, detail) in found.items() if holds))


def _record(entry: SeriesEntry, grid: Grid, settings: Settings, pseudonyms: Pseudonyms) -> SeriesRecord:
    keep = settings.output.keep_identity
    a, b, c = (round(mm, 6) for mm in grid.spacing_mm)
    return SeriesRecord(
        study_uid=pseudonyms.uid(entry.study_uid),
        series_uid=pseudonyms.uid(entry.series_uid),
        n_slices=grid.shape[0],
        rows=grid.shape[1],
        columns=grid.shape[2],
        spacing_mm=(a, b, c),
        n_images=len(entry.slices),
        resampled=any(f.code in RESAMPLED for f in entry.repairs),
        **stated_acquisition(entry),
        patient_position=entry.patient_position or None,
        manufacturer=entry.manufacturer or None,
        patient_id=entry.patient_id if keep else None,
        study_date=entry.study_date if keep else None,
        source=str(entry.folder) if keep else None,
    )
