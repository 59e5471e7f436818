"""Folders to series: every CT series below them, whether it is analysed, and if not, why. Headers only."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from ho_detect.acquisition.headers.endings import LookedAt, count_endings, is_packed
from ho_detect.acquisition.headers.header import FileHeader, UnreadableHeader
from ho_detect.acquisition.headers.inputs import NoImage, OtherImage, read_headers
from ho_detect.acquisition.headers.kinds import is_monoenergetic
from ho_detect.acquisition.headers.slices import PHASE_MARKS, SliceEntry
from ho_detect.acquisition.series.duplicates import pixel_digest
from ho_detect.acquisition.series.entry import SeriesEntry
from ho_detect.acquisition.series.preference import ranked
from ho_detect.acquisition.series.splitting import Part, split_series
from ho_detect.acquisition.series.stated import dose_of
from ho_detect.acquisition.series.suitability import suitable_volume, volume_images
from ho_detect.acquisition.series.torn import with_torn_apart
from ho_detect.errors import SeriesError, named
from ho_detect.image.grid import Grid
from ho_detect.settings import AcquisitionSettings
from ho_detect.system.pseudonyms import uid_from

__all__ = ["SeriesEntry", "SeriesIndex", "index_files", "index_series"]

#: By the patient axis (x, y, z) that slices are stacked along.
_ORIENTATIONS: Final = ("sagittal", "coronal", "axial")


@dataclass(frozen=True)
class SeriesIndex:
    """All that was found.

    Parameters
    ----------
    series
        Ordered by study, series and patient; independent of names and places of files.
    looked_at
        The files that it was found in.
    """

    series: tuple[SeriesEntry, ...]
    looked_at: LookedAt


def index_series(inputs: Sequence[Path], settings: AcquisitionSettings) -> list[SeriesEntry]:
    """Find every DICOM series at or below the inputs and say what can be done with it.

    Parameters
    ----------
    inputs
        Files and folders, in any mix; nested; names and extensions do not matter.
    settings
        What is accepted.

    Raises
    ------
    UsageError
        An input does not exist. What files hold never raises.
    """
    return list(index_files(inputs, settings).series)


def index_files(inputs: Sequence[Path], settings: AcquisitionSettings) -> SeriesIndex:
    """Do what :func:`index_series` does, and say which files are not DICOM."""
    groups: dict[tuple[str, ...], _Group] = defaultdict(_Group)
    lost: dict[Path, list[UnreadableHeader]] = defaultdict(list)
    others: dict[Path, list[OtherImage]] = defaultdict(list)
    n_files, no_dicom = 0, []
    for header in read_headers(inputs):
        n_files += 1
        if not isinstance(header, FileHeader | UnreadableHeader) or is_packed(header.path):
            no_dicom.append(header.path)
        if isinstance(header, NoImage):
            continue
        if isinstance(header, OtherImage):
            others[header.path.parent].append(header)
        elif isinstance(header, UnreadableHeader) and not header.series_uid:
            lost[header.path.parent].append(header)
        else:
            groups[_group_key(header)].add(header)
    entries = [entry for group in groups.values() for entry in _entries(group, settings)]
    entries += [_lost_entry(folder, headers) for folder, headers in lost.items()]
    entries += [_other_entry(folder, images) for folder, images in others.items()]
    entries = with_torn_apart(entries, settings)
    looked_at = LookedAt(n_files, count_endings(no_dicom))
    return SeriesIndex(tuple(ranked(_ordered(entries), all_series=settings.all_series)), looked_at)


class _Group:
    def __init__(self) -> None:
        self.headers: list[FileHeader] = []
        self.unreadable: list[UnreadableHeader] = []

    def add(self, header: FileHeader | UnreadableHeader) -> None:
        if isinstance(header, FileHeader):
            self.headers.append(header)
        else:
            self.unreadable.append(header)


def _group_key(header: FileHeader | UnreadableHeader) -> tuple[str, ...]:
    # without a series UID a folder is the best guess at a series
    place = "" if header.series_uid else str(header.path.parent)
    return header.study_uid, header.series_uid, header.patient_id, place


def _entries(group: _Group, settings: AcquisitionSettings) -> list[SeriesEntry]:
    """Return one entry for each volume of a series, or one that says why there is none."""
    headers = sorted(group.headers, key=_header_order)
    if not headers:
        return [_lost_entry(group.unreadable[0].path.parent, group.unreadable)]
    first = headers[0]
    try:
        images, n_others = volume_images(headers)
    except SeriesError as error:
        everything: list[SliceEntry] = [i for h in headers for i in h.images]
        entry = _described(first, everything, headers)
        return [msgspec.structs.replace(entry, reason=error.reason, detail=error.detail)]
    parts, n_aside = split_series(images, settings)
    return [
        _entry(parts, number, n_others + n_aside, headers, group.unreadable, settings) for number in range(len(parts))
    ]


def _entry(
    parts: Sequence[Part],
    number: int,
    n_left_out: int,
    headers: Sequence[FileHeader],
    unreadable: Sequence[UnreadableHeader],
    settings: AcquisitionSettings,
) -> SeriesEntry:
    part = parts[number]
    entry = _described(headers[0], part.images, headers)
    entry = msgspec.structs.replace(
        entry,
        identity=entry.identity + f"\0volume {number}" * (number > 0),
        part=f"volume {number + 1} of {len(parts)}: {part.label}" if len(parts) > 1 else "",
        n_left_out=n_left_out,
        n_joined=part.n_joined,
        n_stretches=part.n_stretches,
    )
    if part.refused:
        return msgspec.structs.replace(entry, reason="several_volumes", detail=part.refused)
    try:
        volume = suitable_volume(part.images, unreadable, headers[0].texts, settings)
    except SeriesError as error:
        return msgspec.structs.replace(entry, reason=error.reason, detail=error.detail)
    stack, image = volume.stack, volume.slices[0]
    grid = Grid((stack.n_slices, *stack.plane_shape(image.pixels.rows, image.pixels.columns)), stack.affine)
    a, b, c = (round(mm, 6) for mm in grid.spacing_mm)
    low, high = grid.box_lps_mm()
    return msgspec.structs.replace(
        entry,
        slices=volume.slices,
        n_slices=len(volume.slices),
        repairs=stack.repairs,
        spacing_mm=(a, b, c),
        largest_step_mm=stack.largest_step_mm,
        frame_of_reference=image.frame_of_reference,
        box_lps_mm=(tuple(low.tolist()), tuple(high.tolist())),
        is_lossy=any(i.is_lossy for i in volume.slices),
        orientation=_ORIENTATIONS[int(np.argmax(abs(stack.affine[:3, 0])))],
        n_duplicates=volume.n_duplicates,
    )


def _header_order(header: FileHeader) -> tuple[object, ...]:
    """Sort by content, so that names of files decide nothing but between equal ones."""
    image = header.images[0] if header.images else None
    key = (image.instance or 0, image.sop_uid, str(image.position)) if image else (0, "", "")
    return *key, str(header.path)


def _described(first: FileHeader, images: Sequence[SliceEntry], headers: Sequence[FileHeader]) -> SeriesEntry:
    shown = next((h for h in headers if images and h.path == images[0].path), first)
    texts = shown.texts
    stated = [h.contrast_stated for h in headers if h.contrast_stated is not None]
    image = images[0] if images else None
    paths = {i.path for i in images}
    ctdivol_mgy, dlp_mgy_cm = dose_of([h for h in headers if h.path in paths])
    series_uid = first.series_uid or uid_from(_content_digest(headers))
    study_uid = first.study_uid or uid_from(hashlib.sha256(f"study of {series_uid}".encode()).digest())
    return SeriesEntry(
        identity=f"{study_uid}\0{series_uid}\0{first.patient_id}",
        study_uid=study_uid,
        series_uid=series_uid,
        patient_id=first.patient_id,
        study_date=texts["StudyDate"],
        acquisition_date=texts["AcquisitionDate"],
        is_derived=image is not None and image.image_type[0] == "DERIVED",
        is_monoenergetic=image is not None and is_monoenergetic(image.image_type, texts["SeriesDescription"]),
        modality=shown.modality,
        study_description=texts["StudyDescription"],
        description=texts["SeriesDescription"],
        body_part=texts["BodyPartExamined"],
        kernel=image.marks[PHASE_MARKS.index("kernel")] if image else texts["ConvolutionKernel"],
        manufacturer=texts["Manufacturer"],
        patient_position=texts["PatientPosition"],
        contrast_stated=any(stated) if stated else None,
        contrast_text=texts["ContrastBolusAgent"],
        kvp=shown.kvp,
        ctdivol_mgy=ctdivol_mgy,
        dlp_mgy_cm=dlp_mgy_cm,
        n_slices=len(images),
        rows=image.pixels.rows if image else 0,
        columns=image.pixels.columns if image else 0,
        thickness_mm=image.thickness if image else None,
        n_files=len(headers),
        folder=first.path.parent,
        slices=tuple(images),
    )


def _content_digest(headers: Sequence[FileHeader]) -> bytes:
    images = [i for h in headers for i in h.images]
    digest = hashlib.sha256(repr([(i.sop_uid, i.instance, i.position, i.pixels.offset) for i in images]).encode())
    if images:
        # positions alone can agree between two patients whose identities were removed
        digest.update(pixel_digest(images[len(images) // 2]).encode())
    return digest.digest()


def _lost_entry(folder: Path, unreadable: Sequence[UnreadableHeader]) -> SeriesEntry:
    """One row for the unreadable files of a folder (or of a series of which nothing can be read)."""
    first = min(unreadable, key=lambda u: u.path.name)
    return SeriesEntry(
        identity="\0".join(("unreadable", first.study_uid, first.series_uid, first.patient_id, str(folder))),
        study_uid=first.study_uid,
        series_uid=first.series_uid,
        patient_id=first.patient_id,
        n_files=len(unreadable),
        folder=folder,
        reason="unreadable",
        detail=f"{len(unreadable)} files, one is {named(first.path)}: {first.why}",
    )


def _other_entry(folder: Path, images: Sequence[OtherImage]) -> SeriesEntry:
    """One row for the images of other formats in a folder."""
    kinds = sorted({image.name for image in images})
    return SeriesEntry(
        identity="\0".join(("other format", str(folder))),
        study_uid="",
        series_uid="",
        patient_id="",
        n_files=len(images),
        folder=folder,
        reason="not_dicom",
        detail=f"{len(images)} files: {', '.join(kinds)}",
    )


def _ordered(entries: Sequence[SeriesEntry]) -> list[SeriesEntry]:
    """Sort by identity; of the same unnamed images in two folders one is enough."""
    ordered = sorted(entries, key=lambda e: (e.study_uid, e.series_uid, e.identity, str(e.folder)))
    return [e for k, e in enumerate(ordered) if k == 0 or e.identity != ordered[k - 1].identity]
