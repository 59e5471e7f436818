"""``ho-detect agree``."""

from __future__ import annotations

from pathlib import Path

import click

from ho_detect.cli.common import debug_option, out_option, quiet_option
from ho_detect.errors import UsageError

_HELP = """Say how well RESULTS agree with a REFERENCE: manual masks, or the results of another reader.

\b
ho-detect agree MASKS FINDINGS --out AGREEMENT
ho-detect agree READER_A READER_B --out AGREEMENT     two copies of one run, amended by two readers

\b
Masks are NIfTI, NRRD, MetaImage or DICOM Segmentations, each value one lesion (of one value alone, each connected
part). NAME_ignore.nii.gz beside NAME.nii.gz marks what counts neither way.
A mask belongs to the result that has its name, or that of a folder it is in; a DICOM Segmentation to the series it
refers to. Result folders have pseudonyms: give --link-table of the run, or --pairs with columns reference and result.
Below OUT appear agreement.html, agreement.json, bland_altman.png, and agreement_cases, agreement_lesions and
agreement_hips as CSV and Parquet.
"""


@click.command("agree", help=_HELP)
@click.argument("reference", type=click.Path(path_type=Path))
@click.argument("results", type=click.Path(path_type=Path))
@out_option
@click.option("--pairs", type=click.Path(path_type=Path), help="CSV: which reference belongs to which result.")
@click.option("--link-table", type=click.Path(path_type=Path), help="Table that ho-detect run --link-table wrote.")
@click.option("--tolerance", type=click.FloatRange(min=0), default=2.0, show_default=True, help="Of surface Dice, mm.")
@quiet_option
@debug_option
def command(
    reference: Path, results: Path, out: Path, pairs: Path | None, link_table: Path | None, **given: float
) -> None:
    """Compare, write, and say the figures over all."""
    from ho_detect.agreement.agree import agree
    from ho_detect.agreement.pairs import pair_up
    from ho_detect.agreement.save import PAGE_FILE, estimate_words, save

    found = agree(pair_up(reference, results, pairs, link_table), given["tolerance"])
    try:
        save(found, out)
    except OSError as error:
        raise UsageError(f"cannot write to OUT: {error.strerror}", out) from error
    if given["quiet"]:
        return
    click.echo(f"{found.n_cases} series, {found.sensitivity.n} reference lesions")
    click.echo(f"found {estimate_words(found.sensitivity)}, {found.n_false} false")
    if found.median_dice is not None:
        click.echo(f"median Dice {found.median_dice:.3f}")
    click.echo(
        f"volume of hips: bias {estimate_words(found.volume_ml.bias)} mL, ICC {estimate_words(found.volume_icc, 3)}"
    )
    for grade in found.grades:
        click.echo(f"{grade.label}: kappa {estimate_words(grade.kappa)}")
    click.echo(f"{out / PAGE_FILE}   open it in a browser")
