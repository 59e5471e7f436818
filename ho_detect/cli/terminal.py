"""What a run looks like: sentences and a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from ho_detect.cohort.plan.series_rows import any_dicom
from ho_detect.flags import REASONS
from ho_detect.system.text import printable

if TYPE_CHECKING:
    from ho_detect.acquisition.headers.endings import LookedAt
    from ho_detect.cohort.run.messages import Event, Report
    from ho_detect.cohort.run.time_left import TimeLeft
    from ho_detect.results.rows import StudyRow

#: More lines are not read; the tables hold all.
_MOST_LINES = 40
_MOST_FOLDERS = 3
_COLOURS = {
    "ok": "green",
    "warning": "yellow",
    "failed": "red",
    "left_out": "dim",
    "analyse": "green",
    "waiting": "yellow",
}


class _Console(Console):
    """A console that says nothing more when its reader has gone (``| head``): the status of a command stays its own."""

    def on_broken_pipe(self) -> None:
        """Let what is still said lead nowhere."""
        self.quiet = True
        os.dup2(os.open(os.devnull, os.O_WRONLY), self.file.fileno())


def console_for(stream: TextIO) -> Console:
    """Return a console that never folds lines when nobody looks at a terminal."""
    console = _Console(file=stream, highlight=False, soft_wrap=not stream.isatty(), emoji=False)
    if not stream.isatty():
        console.width = 200
    return console


@contextmanager
def progress_to(stream: TextIO, *, quiet: bool) -> Iterator[Callable[[Event], None]]:
    """Give a callback that shows events: a bar on a terminal, a line for each finished series elsewhere."""
    if quiet:
        yield lambda _: None
    elif stream.isatty():
        with _bar(stream) as bar:
            yield _on_bar(bar)
    else:
        yield _as_lines(console_for(stream))


def _bar(stream: TextIO) -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[time_left]}"),
        console=Console(file=stream, highlight=False, emoji=False),
        transient=True,
    )


def say_if_compiling(stream: TextIO, *, quiet: bool) -> None:
    """Say that what follows waits for compilation, where nothing was compiled before."""
    from ho_detect._kernels.compiled import compiled_before

    if not quiet and not compiled_before():
        said = "First run of this installation: it compiles first, which takes up to a minute and is done once."
        click.echo(said, file=stream)


def _on_bar(bar: Progress) -> Callable[[Event], None]:
    task = bar.add_task("Reading headers", total=None, time_left="")

    def show(event: Event) -> None:
        bar.update(task, description="Analysing series", completed=event.n_done, total=event.n_total)
        if event.time_left is not None:
            bar.update(task, time_left=_time_left_words(event.time_left))

    return show


def _as_lines(console: Console) -> Callable[[Event], None]:
    def show(event: Event) -> None:
        if event.kind == "indexed":
            earlier = f", {event.n_earlier} done earlier" if event.n_earlier else ""
            console.print(f"{event.n_total} series to analyse{earlier}", markup=False)
        elif event.kind == "finished" and event.row is not None:
            words = [f"[{event.n_done}/{event.n_total}] {_what_came(event.row, event.seconds)}"]
            if event.time_left is not None and event.n_done < event.n_total:
                words.append(_time_left_words(event.time_left))
            console.print("; ".join(words), markup=False)

    return show


def _time_left_words(time_left: TimeLeft) -> str:
    left = timedelta(seconds=round(time_left.seconds_left))
    return f"{time_left.per_minute:.1f} per minute, {left} left"


def _what_came(row: StudyRow, seconds: float) -> str:
    words = [f"series {row.number}: {row.status.replace('_', ' ')}"]
    if row.folder is not None:
        words.append(f"{row.n_lesions} lesion{'' if row.n_lesions == 1 else 's'}")
    elif row.message:
        words.append(row.message)
    if seconds:
        words.append(f"{seconds:.1f} s")
    return ", ".join(words)


def show_report(report: Report, console: Console) -> None:
    """Print what a run found, what failed and why, and where the files are."""
    from ho_detect.results.hip_words import hip_sentence  # with records, not before a run: see Work

    console.print(_counts(report))
    if report.tables and not any_dicom(report.studies):
        console.print(nothing_found(report.looked_at))
    if report.stopped:
        console.print(f"[red]Stopped early[/]: {escape(report.stopped)}; --resume goes on from here")
    lines = 0
    for row in report.studies:
        if row.folder is None:
            continue
        record = report.record(row.folder)
        hips = record.hips
        if lines + len(hips) > _MOST_LINES:
            console.print("… and more: summary.csv holds every hip")
            break
        lines += len(hips)
        console.print(f"\n[bold]series {row.number}[/]  {status_words(row.status)}  [dim]{escape(row.folder)}[/]")
        show_place(console, report.places.get(row.number))
        for hip in hips:
            _indented(console, escape(hip_sentence(hip, record.lesions)))
        if row.message:
            _indented(console, f"[dim]Note: {escape(row.message)}[/]")
    _show_failed(report, console)
    _show_left_out([row for row in report.studies if row.status == "left_out"], console)
    _show_places(report, console)
    for note in report.notes:
        console.print(f"[yellow]Note[/]: {escape(note)}")


def _counts(report: Report) -> str:
    n_left = sum(row.status == "left_out" for row in report.studies)
    n_failed = len(report.failed)
    words = [
        f"[bold]{len(report.studies)} series found[/]",
        f"{len(report.folders)} analysed",
        f"{n_left} left out",
        f"[red]{n_failed} failed[/]" if n_failed else "0 failed",
    ]
    if report.waiting:
        words.append(f"[yellow]{len(report.waiting)} not done[/]")
    return ", ".join(words) + f" [dim]({report.seconds:.0f} s)[/]"


def _show_failed(report: Report, console: Console) -> None:
    failed = report.failed
    if failed:
        console.print("\n[bold red]Failed[/]")
    for row in failed[:_MOST_LINES]:
        what = f"series {row.number} ({row.modality or 'unknown modality'}, {_slices(row)})"
        _indented(console, f"{escape(what)}: {escape(row.message or '')} [dim]({row.reason})[/]")
        show_place(console, report.places.get(row.number))
    if len(failed) > _MOST_LINES:
        console.print(f"  … and {len(failed) - _MOST_LINES} more: studies.csv holds every one")


def _show_left_out(left: Sequence[StudyRow], console: Console) -> None:
    if left:
        console.print("\n[bold]Left out[/]")
    for reason, n in sorted(Counter(row.reason or "" for row in left).items()):
        _indented(console, f"{n} x {escape(REASONS.get(reason, reason))} [dim]({reason})[/]")


def _show_places(report: Report, console: Console) -> None:
    out = escape(printable(str(report.out)))
    console.print("\n[bold]Written[/]")
    if not report.tables:
        console.print(f"  {out}/series-…/   {len(report.folders)} folders [dim](tables: ho-detect collect {out})[/]")
        return
    if report.page:
        console.print(f"  [bold]{out}/index.html[/]   all studies on one page: open it in a browser")
    console.print(f"  {out}/summary.csv   one row per hip")
    console.print(f"  {out}/lesions.csv   one row per lesion")
    console.print(f"  {out}/studies.csv   one row per series, analysed or not")
    if len(report.folders) <= _MOST_FOLDERS:
        for folder in report.folders:
            named = "report.html, " if report.page else ""
            console.print(f"  {out}/{escape(folder)}/   {named}findings.json, lesions.nii.gz")
    else:
        console.print(f"  {out}/series-…/   {len(report.folders)} folders, each with findings.json and lesions.nii.gz")
    if report.n_earlier:
        said = f"{report.n_earlier} result folder{'s' if report.n_earlier > 1 else ''} of earlier runs"
        console.print(f"  [yellow]{said} in the same place[/]: the tables speak of this run only")


def show_place(console: Console, place: Path | None) -> None:
    """Name the folder of a series on a terminal; elsewhere not, as what is kept must name no patient."""
    if place is None or not console.is_terminal:
        return
    here = Path.cwd()
    near = place.relative_to(here) if place.is_relative_to(here) else place
    _indented(console, f"[dim]in {escape(printable(str(near)))}[/]")


def nothing_found(looked_at: LookedAt | None) -> str:
    """Say that there is no DICOM, and what there is."""
    if looked_at is None or not looked_at.n_files:
        return "No DICOM series found: there is no file below the inputs."
    return f"No DICOM series found: {looked_at.words}."


def _indented(console: Console, markup: str) -> None:
    """Print a sentence two columns in; on a terminal its further lines too."""
    text = Text.from_markup(markup)
    console.print(Padding(text, (0, 0, 0, 2), expand=False) if console.is_terminal else Text("  ") + text)


def status_words(status: str) -> str:
    """Return a status in words, with its colour."""
    said = {"left_out": "left out", "analyse": "analysed"}.get(status, status)
    return f"[{_COLOURS[status]}]{said}[/]"


def _slices(row: StudyRow) -> str:
    return "1 slice" if row.n_slices == 1 else f"{row.n_slices or 'unknown number of'} slices"
