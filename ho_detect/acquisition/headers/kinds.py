"""What kind of object a file holds: an image of a CT volume, a localizer, a derived object, no CT at all."""

from __future__ import annotations

import re
from functools import lru_cache
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
    {
        "DOSE_INFO",
        "PATIENT_INFO",
        "RESULTS",
        "MIDA",
        "PERFUSION",
        "SCREEN SAVE",
        "PROJECTION IMAGE",
        # of enhanced and multi-energy CT (PS3.3 C.8.15.3.8, C.8.15.2.1.6)
        "MAXIMUM",
        "MINIMUM",
        "SUBTRACTION",
        "MULTIPLICATION",
        "DIVISION",
        "STD_DEVIATION",
        "QUANTITY",
        "MAT_SPECIFIC",
        "MAT_REMOVED",
        "MAT_FRACTIONAL",
        "MAT_VALUE_BASED",
        "EFF_ATOMIC_NUM",
        "ELECTRON_DENSITY",
    }
)
#: ... and the words of them, as makers put them into image types and descriptions: projections and renderings ...
_PROJECTED: Final = (
    r"MIP|MAXIP|MAX(?:IMUM)? IP|MINIP|MNIP|MIN(?:IMUM)? IP|AIP|AVGIP|AVG IP|PROJECTION|VRT"
    r"|VOLUME RENDER\w*|SSD|RENDERED|CINEMATIC"
)
#: ... and materials of spectral CT: bone, calcium or contrast medium is taken out, or the values are no HU.
_MATERIAL: Final = (
    r"VNC|VNCA|VUE|VIRTUAL ?NON ?\w*|VIRTUAL ?UNENH\w*|NON ?CALCIUM|CA ?SUPP\w*|CALCIUM SUPP\w*"
    r"|BONE REMOVAL|BONE MARROW|IODINE(?: ?\(?WATER\)?| MAPS?| DENSITY| OVERLAY| NO WATER| CONC\w*| MD| IMAGE)?"
    r"|WATER ?\(?IODINE\)?|WATER ?\(?CALCIUM\)?|CALCIUM ?\(?WATER\)?|HAP ?\(\w*\)|URIC ACID|GOUT|PBV"
    r"|MATERIAL MAP|FAT MAP|FAT FRACTION|RHO|RHO ?Z|RHOZ|Z ?EFF|ZEFF|EFF Z"
    r"|EFFECTIVE Z|EFFECTIVE ATOMIC \w*|Z EFFECTIVE|ELECTRON DENSITY"
    r"|PURE ?CALCIUM|PURE ?LUMEN|BONE ?MARROW|DE ?BM|BONES? REMOVED|BONES? SUBTRACT\w*|SUBTRACTION"
)
#: ... as consoles in other languages call them.
_MATERIAL_ELSEWHERE: Final = (
    r"VIRTUELL\w* ?NATIV\w*|KNOCHENMARK\w*|JOD ?(?:KARTE|BILD|DICHTE)|OHNE KNOCHEN|KNOCHEN ?(?:ENTFERN\w*|FREI)"
    r"|(?:EFFEKTIVE )?ORDNUNGSZAHL|ELEKTRONENDICHTE|HARNSÄURE"
    r"|SANS CONTRASTE VIRTUEL\w*|VIRTUEL\w* SANS CONTRASTE|CARTE (?:D.)?IODE|DENSIT[EÉ] (?:D.)?IODE|MOELLE OSSEUSE"
    r"|(?:VIRTUAL|VIRTUALE) S(?:IN|EM|ENZA) CONTRAST[EO]|S(?:IN|EM|ENZA) CONTRAST[EO] VIRTUALE?"
    r"|MAPP?A (?:DE |DI |DELLO )?(?:YODO|IODO|IODIO)|M[EÉ]DULA [OÓ]SEA|VIRTUEEL BLANCO|JODIUM ?KAART"
)
#: Descriptions that are no more than the name of a material.
_MATERIAL_ALONE: Final = re.compile(r"^(WATER|CALCIUM|IODINE|JOD|IODE|YODO|IODO|IODIO|FAT|GADOLINIUM) ?(\(\w+\))?$")
_DERIVED: Final = re.compile(rf"(?<![A-Z0-9])(?:{_PROJECTED}|{_MATERIAL}|{_MATERIAL_ELSEWHERE})(?![A-Z0-9])")
#: Words that stand in descriptions of plain series too (contrast medium, what images are meant for).
_DOUBTFUL: Final = re.compile(r"^(IODINE|VUE|GOUT|BONE MARROW|KNOCHENMARK|MOELLE OSSEUSE|PROJECTION|AIP)$")
_FOR: Final = re.compile(r"\b(FOR|ZU|FUER|FÜR|POUR|SOURCE|THIN|RAW)\W*$")
_MONO: Final = re.compile(r"(?<![A-Z0-9])(MONO ?E\w*|MONO\+?|MONOPLUS|VMI|VMS|\d{2,3} ?KEV)(?![A-Z0-9])")


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
    if no_attenuation(image.image_type, header.texts["SeriesDescription"]):
        return "derived_object"
    return "derived_object" if image.pixels.samples != 1 or not image.pixels.is_integer else "image"


@lru_cache(maxsize=4096)
def no_attenuation(image_type: tuple[str, ...], description: str) -> str:
    """Return the word that says that values are no attenuation of voxels; empty where none does.

    An image type is believed. A description is believed too, but for words that plain series are described with, and
    for what is said to be the source of such images.

    >>> no_attenuation(("DERIVED", "PRIMARY", "AXIAL", "CT_SOM5 MIP"), "")
    'MIP'
    >>> no_attenuation(("ORIGINAL", "PRIMARY", "AXIAL"), "Hips 2.0 VNCa"), no_attenuation((), "thin for MIP")
    ('VNCA', '')
    >>> no_attenuation((), "iodine contrast"), no_attenuation((), "Iodine map"), no_attenuation((), "shipment, clamped")
    ('', 'IODINE MAP', '')
    """
    for value in image_type:
        if word := _DERIVED.search(_plain(value)):
            return word.group()
    said = _plain(description).strip()
    if alone := _MATERIAL_ALONE.match(said):
        return alone.group()
    for word in _DERIVED.finditer(said):
        if _FOR.search(said[: word.start()]) or (_DOUBTFUL.match(word.group()) and "DERIVED" not in image_type):
            continue
        return word.group()
    return ""


@lru_cache(maxsize=4096)
def is_monoenergetic(image_type: tuple[str, ...], description: str) -> bool:
    """Whether values are HU of one photon energy: bone is denser or less dense than on a scan as usual.

    >>> is_monoenergetic((), "Hips MonoE 70 keV"), is_monoenergetic((), "monophasic"), is_monoenergetic((), "120 kV")
    (True, False, False)
    """
    return any(_MONO.search(_plain(text)) for text in (*image_type, description))


def _plain(text: str) -> str:
    return re.sub(r"[\s_/.,;:-]+", " ", text.upper())


def _is_other_image(sop_class: str) -> bool:
    return any(sop_class == root or sop_class.startswith(f"{root}.") for root in _OTHER_IMAGES)
