"""What kind of object a file holds: an image of a CT volume, a localizer, a derived object, no CT at all."""

from __future__ import annotations

from typing import Final, Literal

from ho_detect.acquisition.headers.header import FileHeader
from ho_detect.acquisition.headers.slices import CT_CLASSES, SliceEntry

Kind = Literal["image", "localizer", "derived_object", "not_ct"]

#: Storage classes whose objects are images of another modality: MR, PET, NM, US, CR, DX, XA, enhanced of them.
_OTHER_IMAGES: Final = tuple(
    f"1.2.840.10008.5.1.4.1.1.{n}" for n in ("1", "3", "4", "6", "12", "13", "20", "128", "130", "77")
)
#: Image types of localizers.
LOCALIZER_WORDS: Final = frozenset({"LOCALIZER", "SURVEY", "REF_SURVIEW", "SURVIEW", "SCOUT", "TOPOGRAM", "SCANOGRAM"})
#: Image types whose values are no attenuation of a voxel, though they may lie in a regular stack.
DERIVED_WORDS: Final = frozenset(
    {"MIP", "MINIP", "MIN IP", "MAX IP", "PROJECTION IMAGE", "VRT", "VOLUME RENDERING", "SSD", "SCREEN SAVE",
     "DOSE_INFO", "PATIENT_INFO", "RESULTS", "MIDA", "PERFUSION"}
)  # fmt: skip


def kind_of(header: FileHeader, image: SliceEntry | None) -> Kind:
    """Return what one file, or one frame of it, is.

    Parameters
    ----------
    header
        The file.
    image
        The image or frame; None where the file holds no pixels.
    """
    words = set(image.image_type) if image is not None else set()
    sop_class = header.sop_class
    if header.modality not in ("CT", "") or (not header.modality and sop_class not in CT_CLASSES):
        return "not_ct"
    if _is_other_image(sop_class) or header.has_mr_timing:
        return "not_ct"
    if words & LOCALIZER_WORDS:
        return "localizer"
    if image is None or (sop_class and sop_class not in CT_CLASSES) or words & DERIVED_WORDS:
        return "derived_object"
    return "derived_object" if image.pixels.samples != 1 or not image.pixels.is_integer else "image"


def _is_other_image(sop_class: str) -> bool:
    return any(sop_class == root or sop_class.startswith(f"{root}.") for root in _OTHER_IMAGES)
