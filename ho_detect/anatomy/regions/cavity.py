"""The abdominal and pelvic cavity, bounded by the fitted hip bones, the inguinal ligament and the muscles on its walls.

What is dense in there (bowel with contrast medium, barium, tagged stool, bladder, phleboliths, fibroids) is not
periarticular. Iliacus and psoas, which run along the wall, are: ossification of the iliopsoas lies in them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from ho_detect.anatomy.fit.hips import HipAnatomy
from ho_detect.anatomy.fit.shape_model import hip_bone_model
from ho_detect.anatomy.regions.muscle_groups import MuscleCourses
from ho_detect.anatomy.regions.muscle_names import MuscleGroup
from ho_detect.image.grid import FloatArray, align_similarity, vertex_normals
from ho_detect.image.sides import Side, mirror_of

BoolArray = NDArray[np.bool_]
# Places in the frame of the shape model's mean left hip bone: (lateral, posterior, superior) of the head center, mm.
#: A point in the middle of the pelvic cavity: surfaces that face it are its wall.
_MIDDLE = np.array([-85.0, 20.0, 55.0])
#: The inguinal ligament runs from the anterior superior iliac spine to the pubic tubercle; lateral, superior.
_ILIAC_SPINE, _TUBERCLE = np.array([33.6, 59.7]), np.array([-84.6, -26.9])
#: Behind the pubis and above the pelvic floor, medial of the wall.
_BEHIND_PUBIS, _FLOOR, _MEDIAL = -45.0, -45.0, -15.0
#: In front of this the abdominal wall bulges before the iliac wings.
_FRONT = -40.0
#: Behind the sacrum and the tuberosities.
_BACK = 70.0
#: What is so near to the femur, and nearer than to the hip bone, is thigh, however far it is flexed, mm.
_THIGH_MM = 70.0
#: The iliopsoas is so much thicker than the tubes that stand for it, mm.
_PSOAS_MARGIN_MM = 6.0
_ILIOPSOAS: MuscleGroup = "iliopsoas_rectus_femoris"


@dataclass(frozen=True, eq=False)
class Cavity:
    """The cavity as seen from one hip.

    Parameters
    ----------
    to_model, offset
        (3, 3) and (3,): ``to_model @ (point - offset)`` takes LPS mm to the frame of the mean left hip bone.
    hip_bone, femur
        Trees of the (V, 3) vertices of the fitted surfaces, LPS mm.
    facing
        (V,) whether a vertex of the hip bone is part of the wall of the cavity.
    muscles
        Where the iliopsoas runs.
    """

    side: Side
    to_model: FloatArray
    offset: FloatArray
    hip_bone: cKDTree
    femur: cKDTree
    facing: BoolArray
    muscles: MuscleCourses

    def away_from_wall(self, points: FloatArray, wall_mm: float) -> BoolArray:
        """Whether each of (n, 3) LPS points lies in the cavity, farther than that from bone, not in the iliopsoas."""
        inside, to_bone = self.off_iliopsoas(points)
        return np.asarray(inside & (to_bone > wall_mm))

    def off_iliopsoas(self, points: FloatArray) -> tuple[BoolArray, FloatArray]:
        """Return which of (n, 3) LPS points lie in the cavity and not in the iliopsoas, and distances to bone, mm."""
        inside, to_bone = self.inside(points)
        inside[inside] = self.muscles.outside_mm(points[inside], _ILIOPSOAS) > _PSOAS_MARGIN_MM
        return inside, to_bone

    def above_inguinal_ligament(self, points: FloatArray) -> BoolArray:
        """Whether each of (n, 3) LPS points lies above the plane of the inguinal ligament."""
        lateral, _, superior = ((points - self.offset) @ self.to_model.T).T
        return _above_ligament(lateral, superior)

    def inside(self, points: FloatArray) -> tuple[BoolArray, FloatArray]:
        """Return which of (n, 3) LPS points lie in the cavity, or muscle on its wall, and distances to bone, mm."""
        lateral, posterior, superior = ((points - self.offset) @ self.to_model.T).T
        to_bone, nearest = self.hip_bone.query(points)
        to_femur, _ = self.femur.query(points, distance_upper_bound=_THIGH_MM)
        facing = self.facing[nearest]
        above = _above_ligament(lateral, superior)
        abdomen = above & (facing | (posterior < _FRONT))
        pelvis = facing & (superior > _FLOOR) & (lateral < _MEDIAL) & (posterior > _BEHIND_PUBIS)
        thigh = to_femur < np.minimum(to_bone, _THIGH_MM)
        return np.asarray((abdomen | pelvis) & (posterior < _BACK) & ~thigh), np.asarray(to_bone)


def _above_ligament(lateral: FloatArray, superior: FloatArray) -> BoolArray:
    along = _ILIAC_SPINE - _TUBERCLE
    return np.asarray((superior - _TUBERCLE[1]) * along[0] - (lateral - _TUBERCLE[0]) * along[1] > 0.0)


def cavity_of(hip: HipAnatomy, muscles: MuscleCourses) -> Cavity:
    """Return the cavity as bounded by one fitted hip bone."""
    mirror = mirror_of(hip.joint.side)
    linear, offset = align_similarity(hip_bone_model().mean * mirror, hip.hip_bone.vertices)
    to_model = np.diag(mirror) @ np.linalg.inv(linear)
    femur = np.concatenate([hip.femur.vertices, hip.shaft.vertices])
    return Cavity(
        hip.joint.side, to_model, offset, cKDTree(hip.hip_bone.vertices), cKDTree(femur), _facing_the_middle(), muscles
    )


@lru_cache(maxsize=1)
def _facing_the_middle() -> BoolArray:
    model = hip_bone_model()
    normals = vertex_normals(model.mean, model.faces)
    return np.asarray(((_MIDDLE - model.mean) * normals).sum(axis=1) > 0.0)
