"""``ho-detect fields``."""

from __future__ import annotations

import click


@click.command("fields")
@click.option("--redcap", is_flag=True, help="As a data dictionary that REDCap uploads, in its 18 columns.")
def command(*, redcap: bool) -> None:
    r"""Print what each column of the tables means: type, unit, values, definition and source, as CSV.

    \b
    ho-detect fields > dictionary.csv          the file that every run writes into OUT
    ho-detect fields --redcap > redcap.csv     upload it in REDCap under Designer, Data Dictionary
    """
    from ho_detect.export.dictionary import dictionary_csv, redcap_csv

    click.echo(redcap_csv() if redcap else dictionary_csv(), nl=False)
