"""Where a volume came from, for what is written beside its findings: the files, and how identities are replaced."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from ho_detect.acquisition.series.index import SeriesEntry
from ho_detect.system.pseudonyms import Pseudonyms


@dataclass(frozen=True, eq=False)
class SourceSeries:
    """The series that a volume was loaded from.

    Parameters
    ----------
    entry
        As indexed: true identities, for use inside.
    pseudonyms
        How they are replaced in what is written.
    read_at
        When its images were read, UTC.
    """

    entry: SeriesEntry
    pseudonyms: Pseudonyms
    read_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def files(self) -> Iterator[Path]:
        """Yield each file of the volume once, in stack order."""
        yield from dict.fromkeys(image.path for image in self.entry.slices)
