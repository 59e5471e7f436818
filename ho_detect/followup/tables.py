"""The table and the files of a comparison."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from ho_detect.export.save import save as save_result
from ho_detect.export.tables import csv_text
from ho_detect.followup.comparison import Comparison, HipChange, LesionChange
from ho_detect.results.result import Result
from ho_detect.system.files import write_atomically

COMPARISON_FILE, TABLE_FILE = "comparison.json", "comparison.csv"


class ChangeRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row of ``comparison.csv``: the totals of a hip (``what`` is ``hip``), or a lesion."""

    side: str
    what: Annotated[str, Meta(description="hip or lesion")]
    change: Annotated[str | None, Meta(description="Of a lesion: matched, new, gone, merged, split, rearranged")]
    comparable: bool
    earlier_ids: Annotated[tuple[str, ...], Meta(description="Lesions of the earlier study")]
    later_ids: Annotated[tuple[str, ...], Meta(description="Lesions of the later study")]
    earlier_volume_mm3: float | None
    later_volume_mm3: float | None
    volume_change_mm3: float | None
    volume_change_percent: float | None
    volume_change_low_mm3: Annotated[float | None, Meta(description="Lower end of the 95 % interval of that change")]
    volume_change_high_mm3: Annotated[float | None, Meta(description="Upper end")]
    earlier_mean_hu: float | None
    later_mean_hu: float | None
    mean_hu_change: float | None
    reasons: Annotated[tuple[str, ...], Meta(description="Codes: what stands against comparing")]


def change_rows(comparison: Comparison) -> list[ChangeRow]:
    """Return one row per hip, then one per lesion."""
    both = [name for name in ChangeRow.__struct_fields__ if name in HipChange.__struct_fields__]
    names = [name for name in both if "volume" in name or "_hu" in name]
    hips = [
        ChangeRow(
            side=hip.side,
            what="hip",
            change=None,
            comparable=hip.comparable,
            earlier_ids=(),
            later_ids=(),
            reasons=tuple(r.code for r in hip.reasons),
            **_ends(hip),
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
            earlier_ids=tuple(map(str, lesion.earlier_ids)),
            later_ids=tuple(map(str, lesion.later_ids)),
            reasons=tuple(n.code for n in lesion.not_said),
            **_ends(lesion),
            **{name: getattr(lesion, name) for name in names},
        )
        for lesion in comparison.lesions
    ]
    return hips + lesions


def _ends(changed: HipChange | LesionChange) -> dict[str, float | None]:
    low, high = changed.volume_change_interval_mm3 or (None, None)
    return {"volume_change_low_mm3": low, "volume_change_high_mm3": high}


def save(comparison: Comparison, earlier: Result, later: Result, folder: Path) -> None:
    """Write ``comparison.json``, ``comparison.csv`` and the results of both studies, below ``earlier`` and ``later``.

    Raises
    ------
    OSError
        A file cannot be written.
    """
    save_result(earlier, folder / "earlier")
    save_result(later, folder / "later")
    write_atomically(folder / TABLE_FILE, csv_text(ChangeRow, change_rows(comparison)).encode())
    write_atomically(folder / COMPARISON_FILE, comparison_json(comparison))


def comparison_json(comparison: Comparison) -> bytes:
    """Return the bytes of ``comparison.json``: UTF-8, indented, NaN as null."""
    return msgspec.json.format(msgspec.json.encode(comparison), indent=1) + b"\n"
