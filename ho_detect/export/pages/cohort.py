"""One page over all studies of a run, made from its tables: read them, sort, filter, see how values are spread."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ho_detect._version import __version__
from ho_detect.detection.grade.systems import GRADES
from ho_detect.export.pages.rows import volume_words
from ho_detect.export.pages.templating import date_words, render
from ho_detect.export.parquet import columns_in, read_parquet
from ho_detect.flags import FLAGS, REASONS
from ho_detect.system.files import FINDINGS_FILE, REPORT_FILE, THUMBNAIL_FILE, write_atomically

INDEX_FILE, PAGE_TEMPLATE = "index.html", "cohort.html.jinja"

Table = dict[str, list[Any]]


@dataclass(frozen=True)
class Column:
    """A column of the table of hips.

    Parameters
    ----------
    field
        In ``summary``, or in ``studies`` for what is said of a whole series.
    label, unit
        As shown.
    kind
        ``text``, ``number``, ``date``, or ``finding`` (with its sign).
    digits
        Of a number.
    scale
        What a number is multiplied with to have its unit.
    """

    field: str
    label: str
    unit: str = ""
    kind: str = "text"
    digits: int = 0
    scale: float = 1.0


COLUMNS = (
    Column("number", "Series", kind="number"),
    Column("patient_id", "Patient"),
    Column("study_date", "Study date", kind="date"),
    Column("source", "Source folder"),
    Column("side", "Side"),
    Column("finding", "Finding", kind="finding"),
    Column("n_lesions", "Lesions", kind="number"),
    Column("total_volume_mm3", "Volume", "mL", "number", 2, 0.001),
    Column("sectors", "Sectors"),
    Column("min_gap_mm", "Minimum femur–pelvis gap", "mm", "number", 1),
    *(Column(grade.name, f"{grade.label}, from CT") for grade in GRADES),
    Column("joint_space_min_mm", "Joint space, minimum", "mm", "number", 1),
    Column("flags", "Qualified by"),
)
#: Columns of identities: only where they were asked for.
_IDENTITY = frozenset({"patient_id", "study_date", "source"})
#: Why a hip is indeterminate, or what qualifies it, in few words; other codes are said as they are everywhere.
_WHY = {
    "hip_cut_by_view": "cut by the field of view",
    "head_cut_by_view": "head cut by the field of view",
    "no_femoral_head": "no femoral head in the socket",
    "dislocated_head": "head out of its socket",
    "hip_not_in_view": "",
}
#: What the plots need of each lesion.
_LESION_FIELDS = ("volume_mm3", "mean_hu", "maturity", "sector")


def write_cohort_page(out: Path) -> Path:
    """Write ``index.html`` from the tables, reports and pictures below ``out``; returns its path.

    Raises
    ------
    OSError
        A table is not there, or the page cannot be written.
    """
    out = Path(out)
    hips, lesions, studies = (
        columns_in(read_parquet(out / f"{name}.parquet")) for name in ("summary", "lesions", "studies")
    )
    path = out / INDEX_FILE
    write_atomically(path, cohort_html(out, hips, lesions, studies).encode("utf-8"))
    return path


def cohort_html(out: Path, hips: Table, lesions: Table, studies: Table) -> str:
    """Return the page; ``out`` is only asked which reports and pictures are there.

    Parameters
    ----------
    hips, lesions, studies
        Columns of the tables ``summary``, ``lesions`` and ``studies``.
    """
    series = {folder: place for place, folder in enumerate(studies["folder"]) if folder is not None}
    places = [series[folder] for folder in hips["folder"]]
    columns = [c for c in COLUMNS if c.field not in _IDENTITY or any(studies[c.field])]
    data = {
        "columns": [asdict(column) for column in columns],
        "hips": {c.field: _values(c, hips, studies, places) for c in columns}
        | {
            "folder": hips["folder"],
            "bridging": [{True: "yes", False: "no"}.get(value) for value in hips["bridging"]],
            "at_least": [value or None for value in hips["grades_at_least"]],
            "why": [_why(hips, row) for row in range(len(hips["side"]))],
        },
        "links": {folder: _link(out, folder) for folder in series},
        "pictures": {folder: THUMBNAIL_FILE for folder in series if (out / folder / THUMBNAIL_FILE).is_file()},
        "lesions": {field: lesions[field] for field in _LESION_FIELDS} | {"hip": _hip_of(hips, lesions)},
        "others": _others(studies),
        "reasons": {code: text for code, text in (FLAGS | REASONS).items() if _is_used(code, studies)},
    }
    return render(PAGE_TEMPLATE, data=data, version=__version__, counts=_counts(hips, studies))


def _values(column: Column, hips: Table, studies: Table, places: list[int]) -> list[Any]:
    values = hips[column.field] if column.field in hips else [studies[column.field][place] for place in places]
    if column.field == "finding":
        return [finding or status for finding, status in zip(values, hips["status"], strict=True)]
    if values and isinstance(values[0], list):
        return [";".join(words) for words in values]
    if column.kind == "number":
        return [None if v is None else round(v * column.scale, 3) for v in values]
    if column.kind == "date":
        return [v and date_words(v) for v in values]
    return values


def _why(hips: Table, row: int) -> str:
    """Say in few words what qualifies the finding of a hip: what is undecided, hidden or not in view."""
    words = []
    undecided, share = hips["undecided_volume_mm3"][row], hips["hidden_share"][row]
    if undecided:
        words.append(f"{volume_words(undecided)} mL undecided")
    if share:
        words.append(f"metal hides {100 * share:.0f} %")
    codes = [code for code in hips["reasons"][row] if code not in ("set_aside_undecided", "hidden_by_metal")]
    return "; ".join([*words, *(text for code in codes if (text := _WHY.get(code, FLAGS.get(code, code))))])


def _link(out: Path, folder: str) -> str:
    return f"{folder}/{REPORT_FILE if (out / folder / REPORT_FILE).is_file() else FINDINGS_FILE}"


def _hip_of(hips: Table, lesions: Table) -> list[int]:
    """Return for each lesion the row of its hip."""
    rows = {key: row for row, key in enumerate(zip(hips["folder"], hips["side"], strict=True))}
    return [rows[key] for key in zip(lesions["folder"], lesions["side"], strict=True)]


def _others(studies: Table) -> list[list[Any]]:
    """Return number, status, reason, message, modality and slices of the series without findings."""
    fields = ("number", "status", "reason", "message", "modality", "n_slices")
    rows = zip(*(studies[field] for field in fields), strict=True)
    return [list(row) for row, folder in zip(rows, studies["folder"], strict=True) if folder is None]


def _is_used(code: str, studies: Table) -> bool:
    return code in studies["reason"] or any(code in flags for flags in studies["flags"])


def _counts(hips: Table, studies: Table) -> list[tuple[str, int]]:
    """Return what the head of the page counts, with its name."""
    status = Counter(studies["status"])
    finding = Counter(hips["finding"])
    counted = [
        ("series found", len(studies["status"])),
        ("analysed", status["ok"] + status["warning"]),
        ("left out", status["left_out"]),
        ("failed", status["failed"]),
        ("waiting", status["waiting"]),
        ("hips judged", sum(finding[name] for name in ("present", "absent", "indeterminate"))),
        ("with ossification", finding["present"]),
        ("without", finding["absent"]),
        ("indeterminate", finding["indeterminate"]),
    ]
    return [(name, number) for name, number in counted if number or name != "waiting"]
