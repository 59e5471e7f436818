"""Masks of anatomy that the user gives, from NIfTI files, brought to the CT by their geometry.

Bones keep their own voxels; everything else is laid on one label map along the patient's axes.
"""

from __future__ import annotations

import zlib
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi

from ho_detect.anatomy.user_masks.names import BONES, NAMES, ORGANS
from ho_detect.anatomy.user_masks.stored import stored_masks
from ho_detect.errors import SeriesError
from ho_detect.image.grid import FloatArray, Grid

BoolArray = NDArray[np.bool_]
#: Voxel edge of the label map, mm.
_STEP_MM = 1.5
#: A voxel above this lies inside, so that probabilities and masks of 255 are read too.
_INSIDE = 0.5
#: Numbers of label files lie below this.
_NUMBERS = 10_000
#: Voxels looked at to tell whether any of a mask lies in the CT.
_SAMPLE = 20_000


@dataclass(frozen=True, eq=False)
class Mask:
    """One structure: (i, j, k) bool in any axis order, cropped to where it is, on its own grid."""

    grid: Grid
    inside: BoolArray

    def cropped(self) -> Mask:
        """Return the part of it that is not zero; of a mask that is zero everywhere, one voxel."""
        found = ndi.find_objects(self.inside.view(np.uint8))
        a, b, c = found[0] if found else (slice(0, 1),) * 3
        box = (a, b, c)
        return Mask(self.grid.crop(box), np.ascontiguousarray(self.inside[box]))

    def on(self, grid: Grid) -> BoolArray:
        """Return it on another grid, each place as its nearest voxel."""
        matrix, offset = grid.onto(self.grid)
        values = self.inside.view(np.uint8)
        inside = ndi.affine_transform(values, matrix, offset, output_shape=grid.shape, order=0, mode="grid-constant")
        return inside.view(np.bool_)


@dataclass(frozen=True, eq=False)
class UserMasks:
    """What of the anatomy is user-supplied, nothing where no masks are.

    Parameters
    ----------
    bones
        Femurs and hip bones by name.
    grid
        Of the label map: along the patient's axes, over the whole CT.
    labels
        (z, y, x) uint8: 0, or 1 + the place in :data:`NAMES` of all but the bones.
    files
        Of the masks with a voxel in the CT, by name; those in use.
    unused
        Of the bones that do not lie where the CT shows a bone.
    """

    bones: dict[str, Mask]
    grid: Grid
    labels: NDArray[np.uint8]
    files: dict[str, Path]
    unused: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Of the masks in use, in the order of :data:`NAMES`."""
        return tuple(self.files)

    def within(self, names: Collection[str], points: FloatArray) -> BoolArray:
        """Whether (n, 3) LPS points lie in any of these, of which none is a femur or hip bone."""
        index = np.rint(self.grid.to_index(points)).astype(np.int64)
        known = ((index >= 0) & (index < np.array(self.labels.shape))).all(axis=1)
        inside = np.zeros(len(points), bool)
        inside[known] = wanted(names)[self.labels[tuple(index[known].T)]]
        return inside

    def without(self, names: tuple[str, ...]) -> UserMasks:
        """Return all but some of the bones, which are named as unused."""
        return replace(
            self,
            bones={name: mask for name, mask in self.bones.items() if name not in names},
            files={name: path for name, path in self.files.items() if name not in names},
            unused=names,
        )


def wanted(names: Collection[str]) -> BoolArray:
    """Return a table that says of each label whether it is one of these."""
    return np.array([False, *(name in names for name in NAMES)])


def supplied_masks(folder: Path | None, grid: Grid) -> UserMasks:
    """Read the masks that lie in a folder.

    Parameters
    ----------
    folder
        None: there are no user-supplied masks.
    grid
        Of the CT. Masks may lie on any other: they are brought to it by the geometry in their headers, each place
        taking the value of the nearest voxel.

    Raises
    ------
    SeriesError
        ``bad_anatomy``: the folder holds no mask of a known name, one cannot be read, states no place in the patient or
        lies outside of the CT, or none has a voxel there.
    """
    ours = grid.upright(_STEP_MM)
    if folder is None:
        return UserMasks({}, ours, np.zeros((0, 0, 0), np.uint8), {})
    labels = np.zeros(ours.shape, np.uint8)
    bones, used = {}, {}
    stored = stored_masks(folder)
    label_files: dict[Path, _LabelFile] = {}
    for name, at in stored.items():
        if at.label is None:
            there, values = _read(at.path, grid)
            mask = Mask(there, values > _INSIDE).cropped()
        else:
            if at.path not in label_files:
                label_files[at.path] = _LabelFile(*_read(at.path, grid))
            mask = label_files[at.path].mask(at.label)
        if not _in_view(mask, grid):
            continue
        used[name] = at.path
        if name in BONES:
            bones[name] = mask
        else:
            _lay(labels, ours, mask, 1 + NAMES.index(name), walls=name in ORGANS)
    if not used:
        found = f"{len(stored)} masks, none with a voxel in the CT" if stored else "no mask of a known name"
        raise SeriesError("bad_anatomy", found)
    return UserMasks(bones, ours, labels, used)


class _LabelFile:
    """Numbers (i, j, k) of many structures on one grid; each is taken from its own box."""

    def __init__(self, grid: Grid, values: NDArray[Any]) -> None:
        self.grid = grid
        self.numbers = np.where((values > 0) & (values < _NUMBERS), values, 0).astype(np.int16)
        self.boxes = ndi.find_objects(self.numbers)

    def mask(self, label: int) -> Mask:
        """Return one structure; of one that is not there, one voxel of nothing."""
        box = self.boxes[label - 1] if label <= len(self.boxes) else None
        if box is None:
            return Mask(self.grid, np.zeros(self.grid.shape, bool)).cropped()
        a, b, c = box
        return Mask(self.grid.crop((a, b, c)), self.numbers[box] == label)


def _read(path: Path, ct: Grid) -> tuple[Grid, NDArray[Any]]:
    """Return the grid of a file, which shares a place with the CT, and its values (i, j, k)."""
    # long to import, and not needed where there are no such masks
    from nibabel import nifti1
    from nibabel.filebasedimages import ImageFileError
    from nibabel.spatialimages import HeaderDataError
    from nibabel.wrapstruct import WrapStructError

    try:
        image = nifti1.load(path)  # type: ignore[no-untyped-call]
        values = np.asanyarray(image.dataobj)
        grid = Grid.from_ras(values.shape[:3], image.affine)
        values = values.reshape(grid.shape)
        placed = image.header["sform_code"] > 0 or image.header["qform_code"] > 0
    except (ImageFileError, HeaderDataError, WrapStructError, OSError, EOFError, ValueError, zlib.error) as error:
        raise SeriesError("bad_anatomy", f"{path.name} cannot be read as a NIfTI mask") from error
    if not placed:
        raise SeriesError("bad_anatomy", f"{path.name} states no place in the patient (sform and qform codes are 0)")
    if grid.is_apart_from(ct):
        raise SeriesError("bad_anatomy", f"{path.name} lies outside of the CT")
    return grid, values


def _in_view(mask: Mask, grid: Grid) -> bool:
    """Whether any of a sample of a mask's voxels lies in the CT."""
    index = np.argwhere(mask.inside)
    return bool(grid.contains(mask.grid.to_lps(index[:: 1 + len(index) // _SAMPLE])).any())


def _lay(labels: NDArray[np.uint8], grid: Grid, mask: Mask, number: int, *, walls: bool) -> None:
    """Give the voxels of a map that lie in a mask its number, where no earlier one holds.

    Parameters
    ----------
    walls
        Take in one voxel around it: calcium lies in the wall of a vessel, and masks end there.
    """
    low, high = mask.grid.box_lps_mm()
    box = grid.box_around((low + high) / 2, float(np.linalg.norm(high - low)) / 2 + _STEP_MM)
    here = labels[box]
    inside = mask.on(grid.crop(box))
    if walls:
        inside = ndi.binary_dilation(inside)
    here[inside & (here == 0)] = number
