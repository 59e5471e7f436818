"""Libraries that only some uses need: which extra brings them, and the one error where they are missing."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Final

from ho_detect.errors import UsageError

#: What each extra of ``pyproject.toml`` brings that is imported here: the module, and what pip calls it.
EXTRAS: Final = {
    "agree": {"matplotlib": "matplotlib", "pandas": "pandas", "pingouin": "pingouin", "statsmodels": "statsmodels"},
    "dicom": {"highdicom": "highdicom", "matplotlib": "matplotlib"},
    "followup": {"matplotlib": "matplotlib", "SimpleITK": "SimpleITK"},
    "notebook": {"matplotlib": "matplotlib", "pandas": "pandas"},
    "pacs": {"dicomweb_client": "dicomweb-client"},
}


def need(what: str, extra: str, *modules: str) -> None:
    """Raise UsageError where a library is missing that a use cannot do without; nothing is imported.

    Parameters
    ----------
    what
        The use, in one word or few: the subject of the sentence that the user reads.
    extra
        Of :data:`EXTRAS`: what to install.
    modules
        Those of the extra that this use needs; all of them where none is named.

    >>> need("follow-up", "followup")
    """
    missing = [EXTRAS[extra][name] for name in modules or EXTRAS[extra] if find_spec(name) is None]
    if missing:
        raise UsageError(f"{what} needs {' and '.join(missing)}: pip install 'ho-detect[{extra}]'")
