"""Stored values to Hounsfield units, and the evidence that they are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

import msgspec
import numpy as np
from numpy.typing import NDArray

from ho_detect.acquisition.headers.slices import PixelFormat, Rescale
from ho_detect.errors import SeriesError

#: HU given to padding and to what lies outside the reconstructed field.
AIR_HU = -1024
#: A declared padding value that would be tissue counts only where it reaches the edge of the image.
_TISSUE_HU = -900
#: No material and no usual noise is as low; such values are fill, also where the header does not say so.
_FILL_HU = -1500
#: Shares of all voxels, and the range of HU, that are no patient's any more: see :func:`_damage`.
_MOST_DENSE, _MOST_CUT, _LEAST_BODY, _LEAST_RANGE_HU = 0.15, 0.05, 0.03, 600
#: Share of soft tissue (-150 to 150 HU) in what is no air: 0.89 and more in real CT of trunks, 0.3 in that of a head
#: phantom, 0.04 where slope 0.5 was lost. Convention.
_LEAST_SOFT = 0.10
#: Share of all voxels at the highest value, where that is below any metal's: below 0.001 % in real CT.
_MOST_CUT_BONE, _BELOW_METAL_HU = 0.002, 1500
#: Fill has one value or a few; around what has lost its sign is bone that is nearly as dense.
_MOST_FILLS, _LEAST_PIXELS, _DENSE_HU = 8, 10, 300
_UNSTATED_TYPES = ("", "HU", "US", "UNSPECIFIED")


def check_rescale(rescale: Rescale) -> None:
    """Check that a header's rescale can give HU.

    Raises
    ------
    SeriesError
        not_hu: another RescaleType, a slope that is not positive, a value that is not a number, or one of the
        two without the other.
    """
    if rescale.type not in _UNSTATED_TYPES:
        raise SeriesError("not_hu", f"rescale type {rescale.type[:16]}")
    if (rescale.slope is None) != (rescale.intercept is None):
        raise SeriesError("not_hu", "rescale slope without intercept, or intercept without slope")
    if rescale.slope is None or rescale.intercept is None:
        return
    if not (math.isfinite(rescale.slope) and rescale.slope > 0 and math.isfinite(rescale.intercept)):
        raise SeriesError("not_hu", f"rescale slope {rescale.slope:g}, intercept {rescale.intercept:g}")


def check_rescales(rescales: Sequence[Rescale]) -> None:
    """Check that the rescales of all slices of a volume can give HU.

    Raises
    ------
    SeriesError
        not_hu: as :func:`check_rescale`, or some slices state a rescale and others none.
    """
    for rescale in set(rescales):
        check_rescale(rescale)
    if len({rescale.slope is None for rescale in rescales}) > 1:
        raise SeriesError("not_hu", "some slices have a rescale slope and intercept, others have none")


@lru_cache(maxsize=8)
def hu_table(pixels: PixelFormat, rescale: Rescale) -> tuple[NDArray[np.int16], NDArray[np.bool_]]:
    """Return HU and whether it is padding, for each of the 65536 bit patterns that a pixel can hold.

    Bits above the stored ones are ignored; what is below :data:`AIR_HU` becomes AIR_HU, as no material is
    less dense; what int16 cannot hold is clipped.

    Parameters
    ----------
    pixels
        Number of bits, their place and sign.
    rescale
        Slope and intercept (1 and 0 where absent) and the padding range, in stored values.
    """
    patterns = np.arange(65536, dtype=np.int64)
    stored = _values(patterns, pixels)
    slope = 1.0 if rescale.slope is None else rescale.slope
    intercept = 0.0 if rescale.intercept is None else rescale.intercept
    hu = np.clip(np.rint(stored * slope + intercept), AIR_HU, 32767).astype(np.int16)
    # far below air: a fill value, said or not (-2000, -2048, -3024 HU are usual)
    padding = stored * slope + intercept < _FILL_HU
    if rescale.padding is not None:
        padding |= (stored >= rescale.padding[0]) & (stored <= rescale.padding[1])
    hu.setflags(write=False)
    padding.setflags(write=False)
    return hu, padding


def to_hu(stored: NDArray[np.uint16], pixels: PixelFormat, rescale: Rescale, out: NDArray[np.int16]) -> int:
    """Write one slice's HU, padding as :data:`AIR_HU`, and return (about) how many pixels are padding.

    Parameters
    ----------
    stored
        (rows, columns) bit patterns.
    pixels, rescale
        What they mean.
    out
        (rows, columns) int16, overwritten.
    """
    table, padding = hu_table(_key(pixels), rescale)
    # a table of all patterns: none lies outside, and of the ways to treat such this takes half the time
    np.take(table, stored, out=out, mode="wrap")
    if rescale.padding is None:
        # the table has made air of any fill; how much there is, is only to be said: every 64th pixel tells
        return 64 * int(np.count_nonzero(padding[stored[::8, ::8]]))
    mask = np.take(padding, stored, mode="wrap")
    if mask.any() and (table[padding] > _TISSUE_HU).any():
        mask = _reaching_edge(mask)
    out[mask] = AIR_HU
    return int(np.count_nonzero(mask))


def _key(pixels: PixelFormat) -> PixelFormat:
    # the table depends on these fields alone; the others would only spoil the cache
    return PixelFormat("", 0, 0, 1, 1, pixels.bits_allocated, pixels.bits_stored, pixels.signed, pixels.high_bit,
                       True, 0, 0)  # fmt: skip


def _values(patterns: NDArray[np.int64], pixels: PixelFormat) -> NDArray[np.int64]:
    """Return the stored values that bit patterns (n,) stand for."""
    low = max(pixels.high_bit + 1 - pixels.bits_stored, 0)
    stored = (patterns >> low) & ((1 << pixels.bits_stored) - 1)
    if not pixels.signed:
        return stored
    half = 1 << (pixels.bits_stored - 1)
    return (stored ^ half) - half


def _reaching_edge(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    from scipy import ndimage

    labels, n = ndimage.label(mask)
    edge = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
    # four pixels in a row: padding is an area, noise of that value at the edge is not
    touching = np.bincount(edge, minlength=n + 1) >= 4
    touching[0] = False
    return np.asarray(touching[labels], np.bool_)


def check_hounsfield(hu: NDArray[np.int16], *, stated: bool) -> None:
    """Check that values (slice, row, column) look like HU of a patient.

    What exports leave behind is refused first (:func:`_damage`). Then asked for: soft tissue (-150 to 150 HU) in at
    least 10 % of what is not air, and ten times more of it than of 850 to 1200 HU, where the body would lie if air
    were 0 (over 100 times in real CT of hips, thighs and trunks). Where the header has no rescale at all, air (-1060 to
    -940 HU) in at least 1 % of all, too: then only the values themselves speak for HU.

    Parameters
    ----------
    hu
        HU to be judged; not changed.
    stated
        Whether slices have a rescale slope and intercept.

    Raises
    ------
    SeriesError
        not_hu.
    """
    step = max(1, round((hu.size / 2_000_000) ** (1 / 3)))
    sample = hu[::step, ::step, ::step].ravel()
    if damage := _damage(sample):
        raise SeriesError("not_hu", damage)
    body = sample[sample > -500]
    soft = np.count_nonzero(abs(body.astype(np.int32)) <= 150)
    shifted = np.count_nonzero((body >= 850) & (body <= 1200))
    if soft < _LEAST_SOFT * body.size or soft < 10 * shifted or sample.min() == sample.max():
        share, high = 100 * soft / max(body.size, 1), 100 * shifted / max(body.size, 1)
        raise SeriesError("not_hu", f"above air, {share:.1f} % lie around 0 HU, {high:.1f} % around 1000 HU")
    air = np.count_nonzero((sample >= -1060) & (sample <= -940))
    if not stated and air < 0.01 * sample.size:
        raise SeriesError("not_hu", "no rescale slope and intercept, and no air at -1000")


def _damage(sample: NDArray[np.int16]) -> str:
    """Return what shows that values (n,) are no HU any more; empty where nothing does.

    In real CT of hips, thighs and trunks 0.0 % lie above 2000 HU (with metal up to 1 %), 24 to 79 % above -500 HU, air
    is at -1000 and no value above is frequent. Limits by convention, far from both.
    """
    lowest, highest = int(sample.min()), int(sample.max())
    n = sample.size
    if lowest == highest:
        return f"all values are {lowest} HU"
    dense = np.count_nonzero(sample > 2000) / n
    if dense > _MOST_DENSE:
        return f"{100 * dense:.0f} % lie above 2000 HU, as where a sign was lost"
    if highest - lowest < _LEAST_RANGE_HU:
        return f"all values lie between {lowest} and {highest} HU, as after windowing to 8 bits"
    at_lowest = np.count_nonzero(sample == lowest) / n
    if lowest > _TISSUE_HU and at_lowest > _MOST_CUT:
        return f"{100 * at_lowest:.0f} % are {lowest} HU and none lies below, as after windowing"
    at_highest = np.count_nonzero(sample == highest) / n
    if at_highest > _MOST_CUT:
        return f"{100 * at_highest:.0f} % are {highest} HU and none lies above, as after windowing"
    if highest < _BELOW_METAL_HU and at_highest > _MOST_CUT_BONE:
        return f"{100 * at_highest:.1f} % are {highest} HU and none lies above, as after windowing"
    if stretched := _stretched(sample):
        return stretched
    body = np.count_nonzero(sample > -500) / n
    # the denser bone in place of a body, and more of the less dense bone where only lung and skin would be
    if body < _LEAST_BODY and np.count_nonzero((sample > -850) & (sample <= -500)) / n > body:
        return f"only {100 * body:.1f} % lie above -500 HU, as where values were rescaled twice"
    return ""


def _stretched(sample: NDArray[np.int16]) -> str:
    """Return what shows that another scale was taken for HU: fat or muscle are not where they lie.

    In real CT of trunks 20 % and more of the body lie between -150 and -50 HU and 28 % and more between 0 and 100 HU;
    at most 1.5 % between -260 and -160 HU, and 4 % between 200 and 450 HU.
    """
    body = np.count_nonzero(sample > -500)

    def n(low: int, high: int) -> int:
        return int(np.count_nonzero((sample >= low) & (sample < high)))

    for low, high, at, where in ((-260, -160, (-150, -50), "fat"), (200, 450, (0, 100), "muscle")):
        if n(low, high) > max(2 * n(*at), 0.05 * body):
            share = 100 * n(low, high) / body
            return f"{share:.0f} % of the body lie between {low} and {high} HU, where no {where} lies: another scale"
    return ""


def sign_lost(stored: NDArray[np.uint16], pixels: PixelFormat, rescale: Rescale) -> str:
    """Return what shows that signed values are unsigned ones: what is densest comes out far below air, amid dense bone.

    Parameters
    ----------
    stored
        (rows, columns) bit patterns.
    pixels, rescale
        What they mean. Unsigned values are not asked. Fill has few values and air around it, dark streaks beside metal
        have soft tissue around them.
    """
    if not pixels.signed:
        return ""
    table, padding = hu_table(_key(pixels), msgspec.structs.replace(rescale, padding=None))
    low = np.take(padding, stored, mode="wrap")
    n = int(np.count_nonzero(low))
    if n < _LEAST_PIXELS:
        return ""
    n_values = len(np.unique(stored[low]))
    around = table[stored[_grown(low) & ~low]]
    if n_values <= _MOST_FILLS or around.size == 0 or np.median(around) < _DENSE_HU:
        return ""
    return f"{n} pixels of {n_values} values below {_FILL_HU} HU amid dense ones, as where a sign is wrong"


def _grown(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return a mask (rows, columns) with what shares an edge with it."""
    out = mask.copy()
    out[1:] |= mask[:-1]
    out[:-1] |= mask[1:]
    out[:, 1:] |= mask[:, :-1]
    out[:, :-1] |= mask[:, 1:]
    return out
