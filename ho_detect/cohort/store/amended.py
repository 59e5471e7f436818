"""A result of a run replaced by its amended form; tables and page over all follow."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final

from ho_detect.cohort.plan.series_rows import with_findings
from ho_detect.cohort.store.bids import name_results
from ho_detect.cohort.store.output_folder import OutputFolder
from ho_detect.export.pages.cohort import INDEX_FILE, write_cohort_page
from ho_detect.export.parquet import read_parquet, rows_in
from ho_detect.export.tables import columns_of, write_table
from ho_detect.results.rows import HipRow, LesionRow, StudyRow, hip_rows, lesion_rows
from ho_detect.settings import OutputSettings, Settings
from ho_detect.system.files import put_folder

_STUDIES: Final = "studies.parquet"
_BIDS: Final = "dataset_description.json"


def publish(folder: Path, write: Callable[[Path], None]) -> bool:
    """Write a result anew in the place of the one that is there, whole or not at all.

    Parameters
    ----------
    folder
        Of a result, of a run or alone.
    write
        Writes it into a folder that it makes.

    Returns
    -------
    Whether it is one of a run, whose tables and page were written anew too.

    Raises
    ------
    UsageError
        Another run writes there.
    OSError
        Something cannot be written; the result is as it was.
    """
    folder = folder.absolute()
    out = folder.parent
    if not (out / _STUDIES).exists():
        staged = out / f".tmp-{secrets.token_hex(4)}-{folder.name}"
        try:
            write(staged)
            put_folder(staged, folder)
        finally:
            shutil.rmtree(staged, ignore_errors=True)
        return False
    with OutputFolder(out) as output:
        write(output.staging / folder.name)
        output.publish(folder.name)
        _write_tables(output)
        if (out / INDEX_FILE).exists():
            write_cohort_page(out)
        if (out / _BIDS).exists():
            name_results(out, Settings(output=OutputSettings(naming="bids")))
    return True


def _write_tables(output: OutputFolder) -> None:
    """Make the rows of all results from their records again."""
    names = {name for name, _, _ in columns_of(StudyRow)}
    studies, hips, lesions = [], [], []
    for one in rows_in(read_parquet(output.path / _STUDIES)):
        known = {name: v for name, v in one.items() if name in names}
        row = StudyRow(**known | {"flags": tuple(known["flags"])})
        if row.folder is None:
            studies.append(row)
            continue
        record = output.record(row.folder)
        studies.append(with_findings(row, record, row.folder))
        hips += hip_rows(record, row.folder)
        lesions += lesion_rows(record, row.folder)
    write_table(output.path, "summary", HipRow, hips, output.staging)
    write_table(output.path, "lesions", LesionRow, lesions, output.staging)
    write_table(output.path, "studies", StudyRow, studies, output.staging)
