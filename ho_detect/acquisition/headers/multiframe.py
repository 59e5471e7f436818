"""Enhanced multi-frame CT to one image per frame, each with its own geometry and rescale."""

from __future__ import annotations

from typing import Any

import msgspec

from ho_detect.acquisition.headers.slices import Rescale, SliceEntry
from ho_detect.acquisition.headers.values import TAGS, Values, clock_seconds, positive

#: Macro of the functional groups, and what is taken from it.
_MACROS: dict[str, tuple[int, tuple[str, ...]]] = {
    "position": (0x00209113, ("ImagePositionPatient",)),
    "orientation": (0x00209116, ("ImageOrientationPatient",)),
    "measures": (0x00289110, ("PixelSpacing", "SliceThickness")),
    "rescale": (0x00289145, ("RescaleIntercept", "RescaleSlope", "RescaleType")),
}
#: Frame Content Sequence; Temporal Position Index (UL) and Frame Acquisition Number (US) in it.
_CONTENT = (0x00209111, 0x00209128, 0x00209156)
#: Stack ID and Frame Acquisition Date Time in it.
_STACK, _ACQUIRED = 0x00209056, 0x00189074
#: CT Image Frame Type Sequence, and Frame Type in it.
_FRAME_TYPE = (0x00189329, 0x00089007)


def split_frames(image: SliceEntry, values: Values) -> tuple[SliceEntry, ...]:
    """Return one image for each item of the per-frame functional groups, else of the shared ones.

    Parameters
    ----------
    image
        What the header says outside of the functional groups.
    values
        The header's elements, with both functional group sequences.

    Raises
    ------
    ValueError
        The number of items is not the number of frames.
    """
    frames = items_of(values.elements.get(TAGS["PerFrameFunctionalGroupsSequence"]))
    shared = items_of(values.elements.get(TAGS["SharedFunctionalGroupsSequence"]))
    if len(frames) != image.n_frames:
        raise ValueError(f"{len(frames)} functional groups for {image.n_frames} frames")
    common = shared[0] if shared else None
    return tuple(_frame(image, k, frame, common, values.little) for k, frame in enumerate(frames))


def _frame(image: SliceEntry, number: int, own: Any, common: Any, little: bool) -> SliceEntry:  # noqa: ANN401
    found: dict[int, Any] = {}
    for macro, names in _MACROS.values():
        item = first_item(own, macro) or first_item(common, macro)
        for name in names:
            element = item.get_item(TAGS[name]) if item is not None else None
            if element is not None:
                found[TAGS[name]] = element
    kind = first_item(own, _FRAME_TYPE[0]) or first_item(common, _FRAME_TYPE[0])
    if kind is not None and _FRAME_TYPE[1] in kind:
        found[TAGS["ImageType"]] = kind.get_item(_FRAME_TYPE[1])
    content = first_item(own, _CONTENT[0])
    time_point, acquisition = (_number(content, tag, little) for tag in _CONTENT[1:])
    acquired = clock_seconds(_words(content, _ACQUIRED))
    values = Values(found, little=little)
    slope, intercept = values.numbers("RescaleSlope"), values.numbers("RescaleIntercept")
    types = tuple(v.strip().upper() for v in values.text("ImageType").split("\\"))
    return msgspec.structs.replace(
        image,
        frame=number,
        instance=number + 1,
        image_type=types if any(types) else image.image_type,
        position=values.numbers("ImagePositionPatient"),
        orientation=values.numbers("ImageOrientationPatient"),
        spacing=values.numbers("PixelSpacing"),
        thickness=positive(values.numbers("SliceThickness")),
        marks=(
            time_point or image.marks[0],
            acquisition or image.marks[1],
            image.marks[2],
            _words(content, _STACK) or image.marks[3],
            *image.marks[4:],
        ),
        acquired=image.acquired if acquired is None else acquired,
        rescale=Rescale(
            slope=slope[0] if slope else image.rescale.slope,
            intercept=intercept[0] if intercept else image.rescale.intercept,
            type=values.text("RescaleType").upper() or image.rescale.type,
            padding=image.rescale.padding,
        ),
    )


def items_of(element: Any) -> list[Any]:  # noqa: ANN401 - a raw element or a sequence, as pydicom read it
    """Return the items of a sequence; none of one that is absent (None)."""
    from pydicom.dataelem import DataElement, convert_raw_data_element

    if element is None:
        return []
    return list((element if isinstance(element, DataElement) else convert_raw_data_element(element)).value)


def first_item(item: Any, tag: int) -> Any:  # noqa: ANN401 - a pydicom data set
    """Return the first item of a sequence in an item; None where there is none."""
    if item is None or tag not in item:
        return None
    items = items_of(item.get_item(tag))
    return items[0] if items else None


def _number(item: Any, tag: int, little: bool) -> str:  # noqa: ANN401 - a pydicom data set
    element = item.get_item(tag) if item is not None and tag in item else None
    raw = element.value if element is not None else b""
    return str(int.from_bytes(raw, "little" if little else "big")) if isinstance(raw, bytes) and raw else ""


def _words(item: Any, tag: int) -> str:  # noqa: ANN401 - a pydicom data set
    element = item.get_item(tag) if item is not None and tag in item else None
    raw = element.value if element is not None else b""
    return raw.decode("latin-1").strip(" \0")[:64] if isinstance(raw, bytes) else str(raw)[:64]
