"""What the files below the inputs are, by the endings of their names: for who finds no study among them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

#: Endings of what may hold DICOM and has to be unpacked first.
_PACKED: Final = re.compile(r"\.(7z|iso|rar|tar|tgz|tbz2|txz|((tar|dcm)\.)?(bz2|gz|xz|zst))$", re.IGNORECASE)
#: Other endings that say what a file is. Any that is not known may be part of a patient's name, and is not repeated.
_KNOWN: Final = re.compile(
    r"\.(nii(\.gz)?|mha|mhd|nrrd|hdr|img|par|rec|npy|npz|mat|h5|dcm|zip|avi|bmp|gif|jpe?g|mp4|pdf|png|stl|tiff?|csv|docx?"
    r"|html?|json|log|md|parquet|py|toml|tsv|txt|xlsx?|xml|ya?ml|dll|exe|inf|ini|jar|js)$",
    re.IGNORECASE,
)
#: What is said of all others.
OTHER: Final = "of another ending or none"


@dataclass(frozen=True)
class LookedAt:
    """How many files were looked at, and what those are that are no DICOM.

    Parameters
    ----------
    n_files
        All of them, those in zip archives one by one.
    others
        Number by ending, the most frequent first, of those that are not DICOM.
    """

    n_files: int = 0
    others: dict[str, int] = field(default_factory=dict)

    @property
    def n_others(self) -> int:
        """How many are no DICOM."""
        return sum(self.others.values())

    @property
    def words(self) -> str:
        """Say it in a line.

        >>> LookedAt(5, {".nii.gz": 3, OTHER: 1}).words
        '5 files looked at, 4 of them no DICOM: 3 .nii.gz, 1 of another ending or none'
        >>> LookedAt(1, {".tgz": 1}).words, LookedAt(2).words
        ('1 file looked at, no DICOM: 1 .tgz', '2 files looked at')
        """
        said = f"{self.n_files} file{'' if self.n_files == 1 else 's'} looked at"
        if not self.others:
            return said
        of_them = "" if self.n_others == self.n_files else f"{self.n_others} of them "
        kinds = ", ".join(f"{n} {ending}" for ending, n in self.others.items())
        return f"{said}, {of_them}no DICOM: {kinds}"


def count_endings(paths: Iterable[Path]) -> dict[str, int]:
    """Count files by ending, the most frequent first.

    >>> count_endings([Path("A.B.NII.GZ"), Path("b.nii.gz"), Path("scan.ROE_JANE"), Path("c.tgz")])
    {'.nii.gz': 2, '.tgz': 1, 'of another ending or none': 1}
    """
    counts = Counter(map(ending_of, paths))
    return dict(sorted(counts.items(), key=lambda pair: (pair[0] == OTHER, -pair[1], pair[0])))


def is_packed(path: Path) -> bool:
    """Whether a name says that the file has to be unpacked first."""
    return _KNOWN.search(path.name) is None and _PACKED.search(path.name) is not None


def ending_of(path: Path) -> str:
    """Return the ending of a name where it is a known one; two of them where they belong together (``.nii.gz``)."""
    found = _KNOWN.search(path.name) or _PACKED.search(path.name)
    return found[0].lower() if found else OTHER
