"""``ho-detect warmup``: compile everything once."""

from __future__ import annotations

import os
import time
from pathlib import Path

import click

from ho_detect.cli.common import debug_option
from ho_detect.errors import UsageError

_HELP = """Compile everything that is compiled on first use, so that no later run waits for it.

\b
ho-detect warmup                      for this user and installation
ho-detect warmup --cache /shared/dir  for many machines: set NUMBA_CACHE_DIR=/shared/dir there; it may be read-only
"""


@click.command("warmup", help=_HELP)
@click.option("--cache", type=click.Path(path_type=Path), help="Folder for the compiled code; made if needed.")
@debug_option
def command(cache: Path | None, debug: bool) -> None:
    """Analyse a small simulated scan, which uses every kernel."""
    start = time.monotonic()
    if cache is not None:
        try:
            cache.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"cannot make the cache folder: {error.strerror}", cache) from error
        os.environ["NUMBA_CACHE_DIR"] = str(cache.resolve())  # before numba is imported
    from ho_detect._kernels._cache import troubles_with_cache
    from ho_detect.cli.common import Messages, log_to
    from ho_detect.cli.warmup_scan import compile_all

    with log_to(Messages(quiet=False, json=False, log_file=None, debug=debug)):
        compile_all()
    for trouble in troubles_with_cache():
        click.echo(f"Note: {trouble}", err=True)
    click.echo(f"compiled, or found compiled, in {time.monotonic() - start:.0f} s", err=True)
