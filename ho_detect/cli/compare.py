"""``ho-detect compare``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ho_detect.cli.common import (
    debug_option,
    json_option,
    keep_identity_option,
    out_option,
    quiet_option,
    settings_from,
    settings_option,
)

if TYPE_CHECKING:
    from ho_detect.settings import Settings

_HELP = """Say what has changed between two or more CT studies of one patient (files or folders).

\b
ho-detect compare STUDY_JANUARY STUDY_JUNE --out CHANGE
ho-detect compare STUDY_1 STUDY_2 STUDY_3 --out COURSE      any number: ordered by date

\b
Femur and pelvis of each side are brought together, lesions are matched by where they lie on the bone. Studies that
state different patient ids are refused unless --different-ids. Below OUT appear, of two studies
  comparison.json  the whole record: registration, hips, lesions, and what could not be compared
  comparison.csv   one row per hip, then one per lesion: volume and HU before, after, change
  follow_up.html   the page for readers
  earlier/ later/  findings.json and lesions.nii.gz of either study, whose ids the comparison uses
and of more
  course.json      each study compared with the one before, and the volume over time of each hip and lesion
  course.csv       one row per hip or lesion and study; with the change over all, and a year
  follow_up.html, study-1/ and so on
"""


@click.command("compare", help=_HELP, epilog="Exit status: 0 compared, also where it says not comparable; 2, 3 as run.")
@click.argument("studies", nargs=-1, required=True, metavar="STUDY STUDY...", type=click.Path(path_type=Path))
@out_option
@click.option("--different-ids", is_flag=True, help="They are of one patient, though they state different patient ids.")
@settings_option
@keep_identity_option
@json_option
@quiet_option
@debug_option
def command(studies: tuple[Path, ...], out: Path, **options: Any) -> None:  # noqa: ANN401 - click passes options by name
    """Compare, write, and say what has changed."""
    from ho_detect.cli.terminal import say_if_compiling
    from ho_detect.errors import UsageError

    if len(studies) < 2:
        raise UsageError("two studies or more are compared: only one is given")
    say_if_compiling(sys.stderr, quiet=options["quiet"])
    settings = settings_from(options["settings_file"], keep_identity=options["keep_identity"])
    compared = _two if len(studies) == 2 else _more
    try:
        record, words = compared(studies, settings, out, different_ids=options["different_ids"])
    except OSError as error:
        raise UsageError(f"cannot write below OUT: {error.strerror}", out) from error
    if options["as_json"]:
        click.echo(record.decode(), nl=False)
    elif not options["quiet"]:
        click.echo(words)


def _two(studies: tuple[Path, ...], settings: Settings, out: Path, *, different_ids: bool) -> tuple[bytes, str]:
    """Compare two studies in the order given, and write; return the record and what it says."""
    from ho_detect.followup.compare import compare
    from ho_detect.followup.show import PAGE_FILE
    from ho_detect.followup.tables import comparison_json

    earlier, later = studies
    found = compare(earlier, later, settings, different_ids=different_ids)
    found.save(out)
    found.report(out / PAGE_FILE)
    return comparison_json(found.comparison), str(found)


def _more(studies: tuple[Path, ...], settings: Settings, out: Path, *, different_ids: bool) -> tuple[bytes, str]:
    """Compare more studies in the order of their dates, and write; return the record and what it says."""
    from ho_detect.followup.course import course_json, follow, save_course
    from ho_detect.followup.tracks import course_sentences

    found = follow(studies, settings, different_ids=different_ids)
    save_course(found, out)
    return course_json(found.course), "\n".join(course_sentences(found.course))
