"""``ho-detect amend``."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import Any

import click

from ho_detect.cli.common import debug_option, key_file_option, quiet_option
from ho_detect.errors import UsageError

_HELP = """Change what is counted in a RESULT (the folder of one series), as a reader says.

\b
ho-detect amend OUT/series-1a2b --input CT_FOLDER --reader "A. Reader" --drop 2
ho-detect amend OUT/series-1a2b --input CT_FOLDER --reader "A. Reader" --keep 3 --keep 5
ho-detect amend OUT/series-1a2b --input CT_FOLDER --reader "A. Reader" --labels edited.nii.gz
ho-detect amend OUT/series-1a2b --input CT_FOLDER --from amendment.json      saved by the report page
ho-detect amend OUT/series-1a2b --automatic                                  take all back

\b
--drop takes the number of a lesion, --keep that of a thing under "Detected, not counted": those of the report page,
of findings.json, and of lesions.nii.gz and detected.nii.gz. --labels takes all lesions from a label map that was
drawn or edited on the CT (3D Slicer, ITK-SNAP): each label is one lesion, as it was drawn.
The series is analysed again, so its CT is needed: --input, or the folder that the record names with --keep-identity.
All is measured, graded and reported anew; findings.json says who amended what and when; the automatic result stays in
RESULT/automatic; tables and page of the run follow. What is taken back gives the same files as before.
"""


@click.command("amend", help=_HELP, epilog="Exit status: 0 amended, 2 wrong usage or number, 3 the CT cannot be read.")
@click.argument("result", type=click.Path(path_type=Path))
@click.option("--keep", type=click.IntRange(min=1), multiple=True, help="Count this thing that was not counted.")
@click.option("--drop", type=click.IntRange(min=1), multiple=True, help="Do not count this lesion.")
@click.option("--labels", type=click.Path(path_type=Path), help="Label map of all lesions, as a reader outlines them.")
@click.option("--from", "page_file", type=click.Path(path_type=Path), help="What the report page saved.")
@click.option("--automatic", is_flag=True, help="Go back to the automatic result.")
@click.option("--reader", default="", help="Who says so; written into the record.")
@click.option("--comment", default="", help="Why; written into the record.")
@click.option("--input", "ct", type=click.Path(path_type=Path), help="Folder or file of the CT.")
@click.option("--anatomy", type=click.Path(path_type=Path), help="Masks that the result was made with.")
@key_file_option
@quiet_option
@debug_option
def command(result: Path, **given: Any) -> None:  # noqa: ANN401 - click passes options by name
    """Amend, write, and say what the hips are now."""
    from ho_detect.cohort.store.amended import publish
    from ho_detect.reading.folder import automatic_folder, write_amended, write_automatic
    from ho_detect.results.load import load_result
    from ho_detect.results.sentences import record_sentences

    if given["automatic"]:
        load_result(automatic_folder(result))
        write = partial(write_automatic, result)
    else:
        amended = _amended(result, given)
        write = partial(write_automatic, result) if amended is None else partial(write_amended, amended, result)
    try:
        of_a_run = publish(result, write)
    except OSError as error:
        raise UsageError(f"cannot write the result: {error.strerror}", result) from error
    if not given["quiet"]:
        for sentence in record_sentences(load_result(result).record):
            click.echo(sentence)
        click.echo(f"{result}: written anew{', with the tables of its run' if of_a_run else ''}")


def _amended(result: Path, given: dict[str, Any]) -> Any:  # noqa: ANN401 - imported when it is called
    from ho_detect.cli.terminal import say_if_compiling
    from ho_detect.reading.amend import Given, amend
    from ho_detect.reading.folder import automatic_folder, output_of
    from ho_detect.reading.word import Word, read_page_file
    from ho_detect.system.pseudonyms import Pseudonyms

    if given["page_file"] is not None:
        if given["keep"] or given["drop"] or given["labels"]:
            raise UsageError("--from holds what to keep and to drop: nothing else besides")
        word = read_page_file(given["page_file"], result)
    else:
        word = Word(given["reader"], given["keep"], given["drop"], given["labels"], given["comment"])
        if not (word.keep or word.drop or word.labels):
            raise UsageError("nothing to amend: give --keep, --drop, --labels, --from or --automatic")
    output_of(automatic_folder(result)).check_libraries()  # all that was written is written anew
    say_if_compiling(sys.stderr, quiet=given["quiet"])
    key = None if given["key_file"] is None else Pseudonyms.from_file(given["key_file"])
    return amend(result, word, Given(given["ct"], given["anatomy"], key))
