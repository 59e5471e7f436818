"""``ho-detect verify``."""

from __future__ import annotations

from pathlib import Path

import click

from ho_detect.cli.common import debug_option
from ho_detect.cli.group import EXIT_OK, EXIT_SOME_FAILED

_HELP = """Look over the results below OUT again; write nothing.

\b
ho-detect verify FINDINGS
ho-detect verify FINDINGS --json | jq '.problems[] | .place'

\b
Checked are, for each result folder: every file against the hash in provenance.json; the record against its
schema; the label map against the record (size, spacing, ids, voxel counts); the tables against the records, or the
comparison that ho-detect compare wrote against both of them.
"""


@click.command(
    "verify", help=_HELP, epilog="Exit status: 0 all is well, 2 wrong usage, 3 something is not as it was written."
)
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@debug_option
def command(out: Path, as_json: bool, debug: bool) -> int:  # noqa: ARG001 - click passes it; main() looks at it
    """Say what is wrong with the results below OUT."""
    import msgspec

    from ho_detect.cohort.store.verify import verify
    from ho_detect.followup.verify import is_comparison, look_over

    result = verify(out, look_over if is_comparison(out) else None)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(result), indent=1).decode())
    else:
        for problem in result.problems:
            click.echo(f"{problem.place}: {problem.message}")
        n = len(result.problems)
        click.echo(f"{result.n_results} results, {'all is well' if not n else f'{n} problem' + 's' * (n > 1)}")
    return EXIT_SOME_FAILED if result.problems else EXIT_OK
