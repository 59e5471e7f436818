"""What an inspection looks like: two lines for each series on a terminal, one elsewhere."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ho_detect.cli.terminal import nothing_found, show_place, status_words
from ho_detect.cohort.plan.series_rows import Inspection
from ho_detect.results.rows import StudyRow

_COLUMNS = ("#", "study", "rank", "modality", "slices", "matrix", "step mm", "pixel mm")


def show_inspection(inspection: Inspection, console: Console) -> None:
    """Print the series found and what would be done with each."""
    rows = inspection.rows
    if not rows:
        console.print(nothing_found(inspection.looked_at))
        return
    studies = list(dict.fromkeys(row.study_uid for row in rows))
    cells = [_cells(row, studies.index(row.study_uid) + 1) for row in rows]
    if console.is_terminal:
        _two_lines_each(inspection, cells, console)
    else:
        _one_line_each(rows, cells, console)
    n = sum(planned(row) == "analyse" for row in rows)
    said = f"{len(rows)} series in {len(studies)} stud{'y' if len(studies) == 1 else 'ies'}, {n} to analyse"
    console.print(f"\n{said}; {inspection.looked_at.words}")


def planned(row: StudyRow) -> str:
    """Return what would be done with a series: analyse, left_out or failed."""
    return row.status if row.reason is not None else "analyse"


def _one_line_each(rows: tuple[StudyRow, ...], cells: list[list[str]], console: Console) -> None:
    table = _table()
    table.add_column("why", overflow="fold")
    for row, of_row in zip(rows, cells, strict=True):
        table.add_row(*of_row, escape(_why(row)))
    console.print(table)


def _two_lines_each(inspection: Inspection, cells: list[list[str]], console: Console) -> None:
    """Print the table line by line, so that what is said of each series has the whole width below it."""
    table = _table()
    for of_row in cells:
        table.add_row(*of_row)
    with console.capture() as captured:
        console.print(table)
    head, *lines = captured.get().splitlines()
    console.print(Text.from_ansi(head))
    for row, line in zip(inspection.rows, lines, strict=True):
        console.print(Text.from_ansi(line))
        console.print(Padding(Text(_why(row), style="dim"), (0, 0, 0, 2), expand=False))
        show_place(console, inspection.places.get(row.number))


def _table() -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in _COLUMNS:
        table.add_column(name, justify="left" if name == "modality" else "right", no_wrap=True)
    table.add_column("would be", no_wrap=True)
    return table


def _cells(row: StudyRow, study: int) -> list[str]:
    return [
        str(row.number),
        str(study),
        str(row.rank or ""),
        escape(row.modality or "?"),
        str(row.n_slices or "?"),
        f"{row.rows}x{row.columns}" if row.rows and row.columns else "?",
        _mm(row.slice_step_mm),
        _mm(row.column_spacing_mm),
        status_words(planned(row)),
    ]


def _why(row: StudyRow) -> str:
    return "; ".join(filter(None, (row.part, row.message or row.suits, row.description)))


def _mm(value: float | None) -> str:
    return "?" if value is None else f"{value:.2f}"
