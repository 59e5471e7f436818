"""Contrast medium and phase in a fixed set of words: a header's own text is free, and may name a patient."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, Literal

#: Generic names; ``iodine`` and ``barium`` where no more is said.
ContrastAgent = Literal[
    "iohexol", "iopamidol", "iodixanol", "iopromide", "iomeprol", "ioversol", "iobitridol", "ioxitalamate", "ioxaglate",
    "diatrizoate", "gadolinium", "iodine", "barium",
]  # fmt: skip
ContrastPhase = Literal["native", "arterial", "venous", "delayed"]

#: What each agent is called: generic and trade names; the first of this list that is met holds.
_AGENTS: Final[dict[ContrastAgent, str]] = {
    "iohexol": r"IOHEXOL|OMNIPAQUE|ACCUPAQUE|ORALTAG",
    "iopamidol": r"IOPAMIDOL|ISOVUE|IOPAMIRON?|NIOPAM|SOLUTRAST|SCANLUX",
    "iodixanol": r"IODIXANOL|VISIPAQUE",
    "iopromide": r"IOPROMIDE?|ULTRAVIST",
    "iomeprol": r"IOMEPROL|IOMERON|IMERON",
    "ioversol": r"IOVERSOL|OPTIRAY|OPTIJECT",
    "iobitridol": r"IOBITRIDOL|XENETIX",
    "ioxitalamate": r"IOXITALAMATE|TELEBRIX",
    "ioxaglate": r"IOXAGLATE|HEXABRIX",
    "diatrizoate": r"DIATRIZOATE|AMIDOTRIZOATE|GASTROGRAFIN|GASTROVIEW|UROGRAFIN|RENOGRAFIN",
    "gadolinium": r"GADO\w*|DOTAREM|GADAVIST|MAGNEVIST",
    "iodine": r"IODINE|IODINATED|IOD[EÉIO]?\w{0,2}|YODO|JODIUM|JOD(?:HALTIG\w*)?",
    "barium": r"BARIUM|BARYUM|BARIO",
}
_PHASES: Final[dict[ContrastPhase, str]] = {
    "native": r"NATIVE?|NATIF|UNENHANCED|NON ?CON(?:TRAST)?|NO CONTRAST|WITHOUT CONTRAST|OHNE KM|SANS (?:IV|INJ\w*)",
    "arterial": r"ART|ARTERIAL|ARTERIELL?\w*|CTA|ANGIO\w*",
    "venous": r"VENOUS|PORTAL|PORTOVENOUS|PORTAL ?VENOUS|VENÖS\w*|VENOES\w*|PORTALVENÖS\w*|VEINEU\w*",
    "delayed": r"DELAYED|DELAY|LATE|EXCRETORY|UROGRAPHIC|SPÄT\w*|SPAET\w*|TARDI\w*",
}


@lru_cache(maxsize=1024)
def contrast_agent(text: str) -> ContrastAgent | None:
    """Return the agent that a header's text names, in generic words; None for text that names none that is known.

    >>> contrast_agent("OMNIPAQUE 350 100ml"), contrast_agent("Iodinated c.m."), contrast_agent("for Mrs Iohn")
    ('iohexol', 'iodine', None)
    """
    return next((agent for agent, words in _AGENTS.items() if _among(words, text)), None)


@lru_cache(maxsize=1024)
def contrast_phase(text: str) -> ContrastPhase | None:
    """Return the phase that a description names; None where it names none, or more than one.

    >>> contrast_phase("Pelvis 1.0 portal-venous"), contrast_phase("hip native"), contrast_phase("art + venous")
    ('venous', 'native', None)
    >>> contrast_phase("Lateral scan, plate")
    """
    found = [phase for phase, words in _PHASES.items() if _among(words, text)]
    return found[0] if len(found) == 1 else None


def _among(words: str, text: str) -> bool:
    plain = re.sub(r"[\s_/.,;:+-]+", " ", text.upper())
    return re.search(rf"(?<![^\W\d_])(?:{words})(?![^\W\d_])", plain) is not None
