"""Expected shape of the left femur and hip bone: mean, modes, triangles.

The data, ``llp26/bones.npz``, is derived from a shape model of 26 subjects under a license of its own (MPL-2.0);
``llp26/README.md`` says how. Right hips are handled by mirroring the image, never the model.

Coordinates are LPS mm with the femoral head center of the mean at the origin.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from ho_detect.image.grid import FloatArray

#: The femur is modelled from its head down to this far below the head center.
PROXIMAL_MM = 150.0


@dataclass(frozen=True, eq=False)
class BoneModel:
    """Linear shape model of one bone's surface.

    Parameters
    ----------
    mean
        (V, 3) LPS mm, femoral head center of the mean subject at the origin.
    modes
        (K, V, 3) mm per standard deviation.
    faces
        (F, 3) triangles, counter-clockwise seen from outside.
    joint
        (V,) bool: surface of the femoral head, or of the acetabulum.
    """

    mean: FloatArray
    modes: FloatArray
    faces: NDArray[np.int64]
    joint: NDArray[np.bool_]

    def shape(self, weights: FloatArray) -> FloatArray:
        """Return the (V, 3) surface for mode ``weights`` (up to K) in standard deviations."""
        modes = self.modes[: len(weights)].reshape(len(weights), self.mean.size)
        return np.asarray(self.mean + (weights @ modes).reshape(self.mean.shape))


@lru_cache(maxsize=1)
def femur_model() -> BoneModel:
    """Return the proximal left femur."""
    return _read("femur")


@lru_cache(maxsize=1)
def hip_bone_model() -> BoneModel:
    """Return the left hip bone (ilium, ischium, pubis)."""
    return _read("hip_bone")


def _read(bone: str) -> BoneModel:
    with (files(__package__) / "llp26" / "bones.npz").open("rb") as file, np.load(file) as data:
        return BoneModel(*(data[f"{bone}_{name}"] for name in ("mean", "modes", "faces", "joint")))
