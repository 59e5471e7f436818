"""Grey and coloured pixels as small files, and the picture of a series in the table over all studies."""

from __future__ import annotations

import base64
import io

import numpy as np
from numpy.typing import NDArray

from ho_detect.export.pictures.figures import PROJECTION_WINDOW_HU, Window, colour_of
from ho_detect.export.pictures.planes import coronal_projection
from ho_detect.results.result import Result

#: Grey values are stored with loss: at this quality no edge moves and noise stays.
_QUALITY = 86
#: Width of the picture in the cohort's table, and how much of a lesion's colour is in it.
_THUMBNAIL_PX, _TINT = 240, 0.65


def thumbnail(result: Result) -> bytes:
    """Return the coronal projection, lesions in their colours, as the bytes of a small WebP file."""
    from PIL import Image, ImageColor

    centers = [h.center_lps_mm for h in result.hips if h.center_lps_mm is not None]
    view = coronal_projection(result.volume, result.labels, centers)
    colours = np.repeat(grey(view.hu, PROJECTION_WINDOW_HU)[..., None], 3, axis=2)
    for lesion_id in np.unique(view.labels[view.labels > 0]).tolist():
        ink = np.array(ImageColor.getrgb(colour_of(lesion_id)))
        mask = view.labels == lesion_id
        colours[mask] = _TINT * ink + (1 - _TINT) * colours[mask]
    left, right, bottom, top = view.extent_mm
    size = _THUMBNAIL_PX, max(1, round(_THUMBNAIL_PX * (bottom - top) / (right - left)))
    small = Image.fromarray(colours).resize(size, Image.Resampling.BILINEAR)
    return webp(np.asarray(small), quality=75)


def grey(hu: NDArray[np.int16], window_hu: Window) -> NDArray[np.uint8]:
    """Return HU as 0 to 255 over a window, clipped."""
    low, high = window_hu
    return np.asarray(np.clip((hu.astype(np.float32) - low) * (255 / (high - low)), 0, 255), dtype=np.uint8)


def data_uri(pixels: NDArray[np.uint8]) -> str:
    """Return (row, column) grey or (row, column, 3) colour values as a WebP data URI."""
    return "data:image/webp;base64," + base64.b64encode(webp(pixels)).decode("ascii")


def webp(pixels: NDArray[np.uint8], quality: int = _QUALITY) -> bytes:
    """Return (row, column) grey or (row, column, 3) colour values as the bytes of a WebP file."""
    # of all formats the one that is needed: asked for one that it does not know Pillow loads every one there is
    from PIL import Image, WebPImagePlugin  # noqa: F401

    data = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(data, format="webp", quality=quality, method=3)
    return data.getvalue()
