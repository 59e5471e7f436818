"""The table and the files of a comparison."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import Meta

from ho_detect.export.tables import csv_text
from ho_detect.system.files import write_atomically

if TYPE_CHECKING:
    from ho_detect.followup.compare import FollowUp
    from ho_detect.followup.comparison import Comparison

COMPARISON_FILE, TABLE_FILE = "comparison.json", "comparison.csv"


class ChangeRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row of ``comparison.csv``: the totals of a hip (``what`` is ``hip``), or a lesion."""

    side: str
    what: Annotated[str, Meta(description="hip or lesion")]
    change: Annotated[str | None, Meta(description="Of a lesion: matched, new, gone, merged, split, rearranged")]
    comparable: bool
    earlier_ids: Annotated[str, Meta(description="Separated by ;")]
    later_ids: Annotated[str, Meta(description="Separated by ;")]
    earlier_volume_mm3: float | None
    later_volume_mm3: float | None
    volume_change_mm3: float | None
    volume_change_percent: float | None
    earlier_mean_hu: float | None
    later_mean_hu: float | None
    mean_hu_change: float | None
    reasons: Annotated[str, Meta(description="Codes: what stands against comparing, separated by ;")]


def change_rows(comparison: Comparison) -> list[ChangeRow]:
    """Return one row per hip, then one per lesion."""
    names = [name for name in ChangeRow.__struct_fields__ if "volume" in name or "_hu" in name]
    hips = [
        ChangeRow(
            side=hip.side,
            what="hip",
            change=None,
            comparable=hip.comparable,
            earlier_ids="",
            later_ids="",
            reasons=";".join(r.code for r in hip.reasons),
            **{name: getattr(hip, name) for name in names},
        )
        for hip in comparison.hips
    ]
    lesions = [
        ChangeRow(
            side=lesion.side,
            what="lesion",
            change=lesion.change,
            comparable=lesion.change is not None,
            earlier_ids=";".join(map(str, lesion.earlier_ids)),
            later_ids=";".join(map(str, lesion.later_ids)),
            reasons=";".join(n.code for n in lesion.not_said),
            **{name: getattr(lesion, name) for name in names},
        )
        for lesion in comparison.lesions
    ]
    return hips + lesions


def save(follow_up: FollowUp, folder: str | Path) -> Path:
    """Write ``comparison.json``, ``comparison.csv`` and the findings of both studies, below ``earlier`` and ``later``.

    Returns
    -------
    The folder, made when it was not there.

    Raises
    ------
    OSError
        A file cannot be written.
    """
    folder = Path(folder)
    follow_up.earlier.save(folder / "earlier")
    follow_up.later.save(folder / "later")
    write_atomically(folder / TABLE_FILE, csv_text(ChangeRow, change_rows(follow_up.comparison)).encode())
    write_atomically(folder / COMPARISON_FILE, comparison_json(follow_up.comparison))
    return folder


def comparison_json(comparison: Comparison) -> bytes:
    """Return the bytes of ``comparison.json``: UTF-8, indented, NaN as null."""
    return msgspec.json.format(msgspec.json.encode(comparison), indent=1) + b"\n"
