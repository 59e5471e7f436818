"""The fields of how a series was acquired, in the order of the record, and why each of them is null."""

from __future__ import annotations

import math
from typing import Final

import msgspec

from ho_detect.acquisition.volume.hu_volume import HuVolume, SeriesRecord
from ho_detect.flags import Null, null
from ho_detect.results.fields import Field, Shown

ACQUISITION_FIELDS: Final[tuple[Field, ...]] = (
    Field("kvp", "kV", "Tube voltage (0018,0060).", page=Shown("Tube voltage", "kVp", kind="plain")),
    Field("kernel", "", "Convolution kernel (0018,1210), the maker's text.", page=Shown("Reconstruction kernel")),
    Field(
        "slice_thickness_mm",
        "mm",
        "Stated slice thickness (0018,0050); the distance of slices is in `spacing_mm`.",
        page=Shown("Slice thickness", "mm", kind="plain"),
    ),
    Field(
        "contrast_stated",
        "",
        "Whether contrast medium is named in the header (0018,0010).",
        page=Shown("Contrast medium stated"),
    ),
    Field(
        "contrast_agent",
        "",
        "The agent that text names, by its generic name: known names alone, no text of the header.",
        page=Shown("Contrast agent"),
    ),
    Field(
        "contrast_phase",
        "",
        "The phase that the series description names, from known words.",
        source="convention",
        page=Shown("Contrast phase"),
    ),
    Field(
        "ctdivol_mgy",
        "mGy",
        "CTDIvol (0018,9345) as stated in the images, their mean. Of the whole scan that they are part of.",
        source="IEC 60601-2-44",
        page=Shown("CTDIvol", "mGy", kind="number", digits=1),
    ),
    Field(
        "dlp_mgy_cm",
        "mGy.cm",
        "Dose length product. CT images have no attribute for it: from private elements of Toshiba (7005,xx40) and "
        "Elscint (00E1,xx21); dose reports are not read.",
        source="IEC 60601-2-44",
        page=Shown("Dose length product", "mGy·cm", kind="number"),
    ),
    Field(
        "noise_hu",
        "HU",
        "Noise: 1.48 times the median absolute deviation of HU in muscle near the hips, smoothed with "
        "`detection.smoothing_mm`. Fat and vessels within muscle raise it.",
        source="convention",
        page=Shown("Noise in smoothed muscle", "HU", kind="number"),
    ),
)


def with_acquisition(volume: HuVolume, noise_hu: float) -> SeriesRecord:
    """Return the record of a series with the noise that was measured (NaN: none was), and why each field is null."""
    series = volume.series
    series = msgspec.structs.replace(series, noise_hu=round(noise_hu, 1) if math.isfinite(noise_hu) else None)
    missing = [field.name for field in ACQUISITION_FIELDS if getattr(series, field.name) is None]
    return msgspec.structs.replace(series, not_said=tuple(_reason(name, volume) for name in missing))


def _reason(name: str, volume: HuVolume) -> Null:
    if name == "noise_hu":
        return null(name, "no_muscle_seen")
    if volume.source is None:
        return null(name, "no_header")
    if name == "contrast_agent" and volume.series.contrast_stated:
        return null(name, "no_known_word")
    if name == "contrast_agent" and volume.series.contrast_stated is False:
        return null(name, "no_contrast_stated")
    return null(name, "no_known_word" if name == "contrast_phase" else "not_stated")
