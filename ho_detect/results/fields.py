"""How a field of a record is declared, once: what it is, its unit and source, and where it is shown.

Tables, the structured report, FHIR, pages, ``docs/record.md`` and the data dictionary are made from the lists in
:mod:`~ho_detect.results.hip_fields` and :mod:`~ho_detect.results.lesion_fields`; types are those of the records.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from ho_detect.results import codes
from ho_detect.results.codes import Coded

#: Units of fields, as codes of UCUM.
UNITS: Final = {
    "mm": codes.MM,
    "mm2": codes.MM2,
    "mm3": codes.MM3,
    "HU": codes.HU,
    "ratio": codes.ONE,
    "count": codes.ONE,
    "kV": codes.KV,
    "mGy": codes.MGY,
    "mGy.cm": codes.MGY_CM,
}


@dataclass(frozen=True)
class Shown:
    """How a field is shown on a page.

    Parameters
    ----------
    label, unit
        In words; the unit is that on the page.
    kind
        How the value is written; ``plain``: a number as it is stated.
    digits, scale
        Of a number: what it is multiplied with, and decimals.
    missing
        What stands where the value is empty, or null without a reason in the record.
    group
        Heading under which it stands.
    headline
        It stands beside the sentence of its hip, or in the table over all lesions.
    note
        What readers have to know beside it, on paper too.
    """

    label: str
    unit: str = ""
    kind: Literal["words", "plain", "number", "volume", "point", "signed", "size", "probability", "muscles"] = "words"
    digits: int = 0
    scale: float = 1.0
    missing: str = "not measured"
    group: str = ""
    headline: bool = False
    note: str = ""


@dataclass(frozen=True)
class Field:
    """One field of a record.

    Parameters
    ----------
    name, unit
        In the record and the tables; no unit for words.
    definition
        In Markdown.
    source
        Where that is published, or *convention*.
    page
        How readers see it; None: not on pages.
    code
        Its name in the structured report and FHIR; None: not there.
    derived
        How a number is derived from many, there.
    values
        Codes of its words, where they are not the words themselves.
    empty
        Code of an empty list.
    columns
        Names of the three columns of a point in tables.
    """

    name: str
    unit: str
    definition: str
    source: str = ""
    page: Shown | None = None
    code: Coded | None = None
    derived: Coded | None = None
    values: Mapping[str, Coded] = field(default_factory=dict)
    empty: Coded | None = None
    columns: str = ""

    @property
    def description(self) -> str:
        """The definition without Markdown.

        >>> Field("a", "", "`x` of [this](there.md)").description
        'x of this'
        """
        return re.sub(r"\[(.*?)\]\(.*?\)", r"\1", self.definition).replace("`", "")

    @property
    def goes(self) -> tuple[str, ...]:
        """Where it is said besides the record and the tables, which hold every field."""
        return (*(("page",) if self.page else ()), *(("SR", "FHIR") if self.code else ()))
