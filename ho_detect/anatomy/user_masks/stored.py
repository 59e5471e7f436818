"""Which structures the files of a folder hold: one a file under its name, or many in a label file by their numbers.

Numbers mean nothing by themselves: TotalSegmentator's and MOOSE's have changed with their versions. They are taken from
what the file says of them, from MOOSE's list beside it, or from a name that stands for one table.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from ho_detect.anatomy.user_masks.names import MUSCLEMAP, NAMES, TOTAL, known_name
from ho_detect.errors import SeriesError

_SUFFIXES: Final = (".nii.gz", ".nii")
#: Stands for all of a file that holds one structure.
_WHOLE: Final = 0
#: A label in the header extension that TotalSegmentator writes with ``--ml``.
_LABEL: Final = re.compile(rb'<Label Key="(\d{1,6})"[^>]{0,200}><!\[CDATA\[(\w{1,80})\]\]>')
#: What MOOSE calls its label files, and the list of its numbers.
_MOOSE: Final = re.compile(r"((?:clin_)?ct_(?:muscles|peripheral[_-]bones|vertebrae|organs|digestive|cardiac)_)", re.I)


@dataclass(frozen=True)
class Stored:
    """Where the mask of a structure is.

    Parameters
    ----------
    path
        The file.
    label
        Its number in there; None: all that is not 0.
    """

    path: Path
    label: int | None = None


def stored_masks(folder: Path) -> dict[str, Stored]:
    """Return where each structure of a known name is, in the order of :data:`NAMES`.

    A file of its own comes before a label file, MuscleMap's before TotalSegmentator's, that before MOOSE's.

    Raises
    ------
    SeriesError
        ``bad_anatomy``: a name is there twice in one kind of file, MOOSE's list of numbers is not beside its file, or
        the folder cannot be read.
    """
    try:
        there = {path.name: path for path in sorted(folder.iterdir())}
    except OSError as error:
        raise SeriesError("bad_anatomy", f"the folder of masks cannot be read: {error.strerror}") from error
    found: dict[str, tuple[int, Stored]] = {}
    for path in there.values():
        stem = _stem(path)
        if stem is None:
            continue
        rank, labels = _contents(stem, path, there)
        for label, theirs in labels.items():
            name = known_name(theirs)
            if name is None or (name in found and found[name][0] < rank):
                continue
            if name in found and found[name][0] == rank:
                both = f"{found[name][1].path.name} and {path.name}"
                raise SeriesError("bad_anatomy", f"{both}: one of them is meant" + f" for {name}" * (rank > 0))
            found[name] = rank, Stored(path, None if label == _WHOLE else label)
    return {name: found[name][1] for name in NAMES if name in found}


def _stem(path: Path) -> str | None:
    """Return a file's name without the ending of NIfTI; None for another file."""
    return next((path.name.removesuffix(s) for s in _SUFFIXES if path.name.endswith(s)), None)


def _contents(stem: str, path: Path, there: Mapping[str, Path]) -> tuple[int, Mapping[int, str]]:
    """Return of which kind a file is, lower kinds first, and what its numbers stand for."""
    if known_name(stem) is not None:
        return 0, {_WHOLE: stem}
    if labels := _stated(path):
        return 2, labels
    if stem.endswith("_dseg"):
        return 1, MUSCLEMAP
    if moose := _MOOSE.match(stem):
        return 3, _moose_numbers(path, moose[1], there)
    return 2, TOTAL if stem == "total" else {}


def _moose_numbers(path: Path, prefix: str, there: Mapping[str, Path]) -> dict[int, str]:
    index = f"{prefix}organ_indices.json"
    try:
        listed = msgspec.json.decode(there[index].read_bytes(), type=_OrganIndices).organ_indices
    except KeyError:
        said = f"{path.name}: MOOSE's numbers differ between its versions: put its {index} beside it"
        raise SeriesError("bad_anatomy", said) from None
    except (OSError, msgspec.DecodeError) as error:
        raise SeriesError("bad_anatomy", f"{index} cannot be read as MOOSE's list of numbers") from error
    return {number: organ.name for number, organ in listed.items() if number > 0}


class _Organ(msgspec.Struct):
    name: str


class _OrganIndices(msgspec.Struct):
    organ_indices: dict[int, _Organ]


def _stated(path: Path) -> dict[int, str]:
    """Return the labels that the header of a file names; none where it names none, or is none."""
    # long to import, and not needed where there are no such masks
    from nibabel import nifti1
    from nibabel.filebasedimages import ImageFileError
    from nibabel.spatialimages import HeaderDataError
    from nibabel.wrapstruct import WrapStructError

    try:
        extensions = nifti1.load(path).header.extensions  # type: ignore[no-untyped-call]
    except (ImageFileError, HeaderDataError, WrapStructError, OSError, EOFError, ValueError, zlib.error):
        return {}
    labels: dict[int, str] = {}
    for extension in extensions:
        content = extension.get_content() if extension.get_code() == 0 else b""
        labels |= {int(number): name.decode() for number, name in _LABEL.findall(content) if int(number) > 0}
    return labels
