"""What a header states of dose: CTDIvol and DLP of the series. What is nowhere stated is None, never worked out.

CTDIvol has an attribute of its own. DLP has none in CT images: dose reports hold it, and the private elements of two
makers, which are read under their private creator only (as pydicom's dictionary names them).
"""

from __future__ import annotations

import struct
from typing import Any, Final

from ho_detect.acquisition.headers.multiframe import first_item, items_of
from ho_detect.acquisition.headers.values import TAGS, Values, positive

#: CT Exposure Sequence, a macro of the functional groups of enhanced CT.
_EXPOSURE: Final = 0x00189321
#: Names of the private creator, what it has to be, and of the DLP in its first block.
_PRIVATE_DLP: Final = (
    ("ToshibaCreator", "TOSHIBA_MEC_CT3", "ToshibaDLP"),
    ("ElscintCreator", "ELSCINT1", "ElscintDLP"),
)


def stated_ctdivol(values: Values) -> float | None:
    """Return the CTDIvol that a header states, mGy; of enhanced CT the mean over its frames, as far as they state it.

    A value that is not positive and finite says nothing.
    """
    own = _double(values, "CTDIvol")
    if own is not None:
        return own
    frames = items_of(values.elements.get(TAGS["PerFrameFunctionalGroupsSequence"]))
    shared = items_of(values.elements.get(TAGS["SharedFunctionalGroupsSequence"]))
    found = [mgy for item in frames or shared if (mgy := _of_exposure(item, values)) is not None]
    found = found or [mgy for item in shared if (mgy := _of_exposure(item, values)) is not None]
    return sum(found) / len(found) if found else None


def stated_dlp(values: Values) -> float | None:
    """Return the dose length product that a header states, mGy cm; None where it does not, as most do not."""
    for creator, name, element in _PRIVATE_DLP:
        if values.text(creator).upper() == name:
            return _double(values, element) if element == "ToshibaDLP" else positive(values.numbers(element))
    return None


def _of_exposure(item: Any, values: Values) -> float | None:  # noqa: ANN401 - a pydicom data set
    exposure = first_item(item, _EXPOSURE)
    if exposure is None or TAGS["CTDIvol"] not in exposure:
        return None
    found = {TAGS["CTDIvol"]: exposure.get_item(TAGS["CTDIvol"])}
    return _double(Values(found, little=values.little), "CTDIvol")


def _double(values: Values, name: str) -> float | None:
    """Return a 64-bit binary value that is positive and finite."""
    raw = values.raw(name)
    return positive(struct.unpack("<d" if values.little else ">d", raw[:8])) if len(raw) >= 8 else None
