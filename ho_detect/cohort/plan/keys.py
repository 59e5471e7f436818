"""Which key the pseudonyms of a run have.

The user's key file, where there is one: it is never copied. Else a random key that is kept in the private folder of
the output while the run is not finished, as a run that goes on must give the same names.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ho_detect.errors import UsageError
from ho_detect.settings import Settings

if TYPE_CHECKING:
    from ho_detect.cohort.store.output_folder import OutputFolder
    from ho_detect.system.pseudonyms import Pseudonyms


def supplied_pseudonyms(key_file: Path | None, settings: Settings) -> Pseudonyms | None:
    """Return pseudonyms under the key in a file of the user's, or None where there is no such file.

    Raises
    ------
    UsageError
        The file cannot be used.
    """
    from ho_detect.system.pseudonyms import Pseudonyms

    if key_file is None:
        return None
    return Pseudonyms.from_file(key_file, keep_identity=settings.output.keep_identity)


def kept_pseudonyms(output: OutputFolder, settings: Settings) -> Pseudonyms:
    """Return pseudonyms under the random key that is kept in the output; a new one where there is none.

    Raises
    ------
    UsageError
        The key cannot be written.
    """
    from ho_detect.system.pseudonyms import Pseudonyms

    key = output.key()
    if key is not None:
        return Pseudonyms(key, settings.output.keep_identity)
    pseudonyms = Pseudonyms.random(keep_identity=settings.output.keep_identity)
    try:
        output.keep_key(pseudonyms.key)
    except OSError as error:
        raise UsageError(f"cannot write to OUT: {error.strerror}") from error
    return pseudonyms


def planned_pseudonyms(output: OutputFolder, settings: Settings) -> Pseudonyms:
    """Return pseudonyms under the random key that the plan left.

    Raises
    ------
    UsageError
        There is none.
    """
    from ho_detect.system.pseudonyms import Pseudonyms

    key = output.key()
    if key is None:
        raise UsageError("the plan was made with a key file: give it with --key-file")
    return Pseudonyms(key, settings.output.keep_identity)
