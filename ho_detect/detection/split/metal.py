"""What metal lets be judged of a candidate, split from what its zone hides and from its streaks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy import ndimage as ndi

from ho_detect.anatomy.metal.metal import Metal
from ho_detect.detection.candidates import BoolArray, Candidate, Region
from ho_detect.detection.clear_of_metal import PLAINLY, clear_of_metal
from ho_detect.detection.outline import Outlined
from ho_detect.image.components import joined_with, label_components
from ho_detect.image.morphology import deeper, neighbours, within
from ho_detect.settings import DetectionSettings

#: Neighbours within a plane across the first axis.
_IN_PLANE = ndi.generate_binary_structure(3, 1) & (np.arange(3) == 1)[:, None, None]
#: Voxels, and the HU that they end at where that is known.
_Part = tuple[BoolArray, float | None]
#: Smaller pieces are left to the zone: streaks leave many, mm³.
_LEAST_MM3 = 200.0
#: The edge of bone is blurred over so much, mm.
_BLUR_MM = 2.0


def split_at_metal_zone(
    region: Region, outlined: Outlined, around_hu: float | None, metal: Metal, settings: DetectionSettings
) -> list[Candidate]:
    """Return the larger pieces of an outlined candidate that are clear of metal, and the rest; none without.

    What stands out plainly is a piece apart from what hardly does: bone in tissue that metal has made nearly as dense.
    A piece that goes on within the zone ends at half its own height, and at the zone; one that only streaks lie against
    is outlined anew.

    Parameters
    ----------
    around_hu
        Of the evidence of the candidate.
    """
    candidate = replace(outlined.candidate, is_clear=True)
    mask, box = candidate.mask, candidate.box
    clear = clear_of_metal(region, candidate, metal, around_hu)
    plainly = _large_pieces(region, clear & clear_of_metal(region, candidate, metal, around_hu, PLAINLY))
    hardly = clear & ~np.any(plainly, axis=0) if plainly else clear
    pieces = plainly + _large_pieces(region, hardly)
    if not pieces:
        return []
    near = region.distance_mm[box] <= settings.native_margin_mm
    hidden = mask & ~clear
    hidden[hidden] = metal.hides(region.grid.crop(box).to_lps(np.argwhere(hidden)))
    parts, rest = [], mask
    for piece in pieces:
        own_parts: list[_Part] = [(piece, None)]
        if (neighbours(piece) & hidden).any():
            own_parts = _parts_at_half_height(region, box, piece, near, settings)
        for part, boundary_hu in own_parts:
            cut = bool((neighbours(part) & hidden).any())
            rest = rest & ~part
            joined = candidate.joined and bool((part & near).any())
            # one that streaks alone lie against may have to be split from a vessel yet
            own = replace(
                candidate, mask=part, joined=joined, touching=(), is_split=cut, boundary_hu=boundary_hu if cut else None
            )
            parts.append(own)
    if not rest.any():
        return parts
    return [*parts, replace(candidate, mask=rest, is_split=True, boundary_hu=outlined.boundary_hu)]


def _parts_at_half_height(
    region: Region, box: tuple[slice, slice, slice], piece: BoolArray, near: BoolArray, settings: DetectionSettings
) -> list[_Part]:
    """Return what is left of a piece above half of its height over muscle, with that HU; and what lies thick below it.

    What lies near native bone stays: it may stand on it; and so does a faint core, open where the piece is cut. Whole
    where too little would be left.
    """
    smooth = region.smooth[box]
    half = 0.5 * (region.muscle_hu + float(np.percentile(smooth[piece], 75)))
    boundary_hu = float(np.clip(half, region.low_hu, settings.highest_boundary_hu))
    low = piece & ~near & (smooth < boundary_hu)
    outer = joined_with(low & neighbours(~piece), low)
    parts = [_with_core(left) & piece for left in _large_pieces(region, piece & ~outer) or [piece]]
    # what surrounds them is the blur of their edge; what is thicker is faint bone that lies against them
    fainter = outer & ~np.any(parts, axis=0)
    spacing_mm = region.grid.spacing_mm
    thick = within(deeper(fainter, _BLUR_MM, spacing_mm), _BLUR_MM, spacing_mm)
    faint = _large_pieces(region, thick & fainter)
    return [*((part, boundary_hu) for part in parts), *((part, None) for part in faint)]


def _with_core(part: BoolArray) -> BoolArray:
    """Fill what a rim encloses in planes across it: where the part is cut the core is open to one side."""
    filled = [ndi.binary_fill_holes(part, _IN_PLANE.swapaxes(0, axis)) for axis in range(3)]
    return np.asarray(np.any(filled, axis=0))


def _large_pieces(region: Region, mask: BoolArray) -> list[BoolArray]:
    """Return the connected pieces of a mask that are not left to the zone."""
    pieces = label_components(mask, 1.0)
    large = np.flatnonzero(pieces.count * region.grid.voxel_volume_mm3 >= _LEAST_MM3)
    return [pieces.paint(np.arange(len(pieces)) == number) for number in large]
