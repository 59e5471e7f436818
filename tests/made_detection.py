"""Evidence, regions, joints and frames made by hand for the tests of detection."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from model_hips import head_center, surface
from phantoms import ball
from scipy import ndimage as ndi

from ho_detect.anatomy.find import Anatomy
from ho_detect.anatomy.fit.hips import HipAnatomy
from ho_detect.anatomy.fit.shaft import Shaft, follow_shaft
from ho_detect.anatomy.fit.shape_fit import SurfaceFit
from ho_detect.anatomy.fit.shape_model import femur_model, hip_bone_model
from ho_detect.anatomy.fit.working_grid import WorkingVolume
from ho_detect.anatomy.hip_joint import HipJoint
from ho_detect.anatomy.metal.metal import Metal
from ho_detect.anatomy.native.certainty import SEEN, SurfaceCertainty
from ho_detect.anatomy.native.masks import NativeBone
from ho_detect.anatomy.native.surfaces import FAR_MM, BoneDistance, native_bone
from ho_detect.anatomy.regions.compartments import Compartments, compartments
from ho_detect.anatomy.regions.landmarks import Landmarks, landmarks
from ho_detect.anatomy.regions.tissue import Tissue
from ho_detect.anatomy.user_masks.masks import supplied_masks
from ho_detect.detection.candidates import Region, find_candidates
from ho_detect.detection.detect import decide
from ho_detect.detection.evidence import Evidence
from ho_detect.image.grid import Grid, Sphere, vertex_normals
from ho_detect.settings import JointSettings, Settings

MUSCLE_HU = 55.0


def evidence(**changes: Any) -> Evidence:
    """Return the evidence that no rule excludes: 4 mL, dense, free, in muscle beside the joint."""
    values: dict[str, Any] = {
        "side": "left",
        "volume_mm3": 4000.0,
        "length_mm": 25.0,
        "thickness_mm": 14.0,
        "solidity": 0.85,
        "round_share": 0.5,
        "max_hu": 900.0,
        "mean_hu": 500.0,
        "noise_hu": 6.0,
        "blood": 0.0,
        "interior_sd_hu": 150.0,
        "head_distance_mm": 45.0,
        "head_radius_mm": 23.0,
        "gap_mm": 9.0,
        "reach_mm": 25.0,
        "beyond_mm": 20.0,
        "base_seen": 0.0,
        "on_bone": 0.9,
        "mirrored": None,
        "base_mm2": 0.0,
        "underlying_hu": None,
        "cortex_hu": None,
        "joined": False,
        "cleft": False,
        "touching": (),
        "at_border": 0.0,
        "inner_reach_mm": 25.0,
        "muscle": 0.9,
        "fat": 0.1,
        "bone": 0.0,
        "air": 0.0,
        "body": 1.0,
        "deep": 1.0,
        "near_metal": 0.0,
        "artefact_hu": 0.0,
        "around_hu": 0.0,
        "spine": 0.0,
        "shaft": 0.0,
        "cavity": 0.0,
        "away": 0.0,
        "arterial": 0.0,
        "across": 0.0,
        "other_bone": 0.0,
        "organ": 0.0,
        "ischial_spine_mm": 60.0,
    }
    return Evidence(**values | changes)


def grown_on_bone(**changes: Any) -> Evidence:
    """Return the evidence of a spur that no rule excludes."""
    spur = {
        "joined": True,
        "touching": ("femur",),
        "base_mm2": 80.0,
        "gap_mm": 0.0,
        "reach_mm": 25.0,
        "base_seen": 0.6,
        "underlying_hu": 700.0,
        "cortex_hu": 900.0,
    }
    return evidence(**spur | changes)


def region(
    hu: Any,
    spacing: Any = (1.0, 1.0, 1.0),
    *,
    smooth: Any = None,
    distance_mm: Any = None,
    nearest: Any = None,
    bones: Any = (),
    low_hu: float = 140.0,
    noise_hu: float = 6.0,
) -> Region:
    """Return a region with native bone far away unless distances are given; smoothed HU are the HU unless given.

    The distances are those of one femur unless bones are given too.
    """
    hu = np.asarray(hu)
    if distance_mm is not None and not bones:
        bones = (bone_at("femur", Grid.axial(hu.shape, spacing), distance_mm),)
    return Region(
        grid=Grid.axial(hu.shape, spacing),
        box=(slice(None), slice(None), slice(None)),
        hu=np.round(hu).astype(np.int16),
        smooth=np.asarray(hu if smooth is None else smooth, np.float32),
        distance_mm=np.full(hu.shape, FAR_MM, np.float32) if distance_mm is None else np.float32(distance_mm),
        nearest=np.zeros(hu.shape, np.uint8) if nearest is None else np.uint8(nearest),
        bones=bones,
        low_hu=low_hu,
        noise_hu=noise_hu,
        muscle_hu=MUSCLE_HU,
    )


def bone_at(bone: str, grid: Grid, distance_mm: Any) -> BoneDistance:
    """Return a bone of the left side, its head far away, by the distances to it on a grid."""
    mm = np.ascontiguousarray(distance_mm, np.float32)
    return BoneDistance("left", bone, grid, mm, Sphere(np.full(3, 500.0), 23.0))


def scanned_ball(radius: float, spacing: Any, *, rim_hu: float = 800.0, core_hu: float = 150.0, blur_mm: float = 0.7):
    """HU on a grid of that spacing of a ball with a rim 2.5 mm thick, as a scanner sees it; (z, y, x) float64.

    Painted on 0.5 mm, blurred in the slice plane, averaged over each slice; its center lies on no voxel.
    """
    fine, half = 0.5, radius + 12.0
    axis = np.arange(int(2 * half / fine) + 1) * fine - half
    z, y, x = np.meshgrid(axis, axis, axis, indexing="ij", sparse=True)
    away = np.sqrt((z - 0.1) ** 2 + (y - 0.2) ** 2 + (x - 0.3) ** 2)
    hu = np.where(away <= radius - 2.5, core_hu, np.where(away <= radius, rim_hu, MUSCLE_HU))
    hu = ndi.gaussian_filter(hu, (0, blur_mm / fine, blur_mm / fine))
    hu = ndi.uniform_filter1d(hu, max(1, round(spacing[0] / fine)), axis=0)
    at = [np.arange(int((2 * half - 6) / s)) * s / fine + 3 / fine for s in spacing]
    return ndi.map_coordinates(hu, np.meshgrid(*at, indexing="ij"), order=1)


@lru_cache(maxsize=4)
def anatomy(side: str) -> HipAnatomy:
    """Return a hip of the person of :mod:`model_hips`, fitted without an error."""
    fits = []
    for bone, model in (("femur", femur_model()), ("pelvis", hip_bone_model())):
        vertices = surface(bone, side)[0]
        faces = model.faces if side == "left" else model.faces[:, ::-1].copy()
        seen = np.ones(len(vertices), bool)
        normals = vertex_normals(vertices, faces)
        fits.append(SurfaceFit(vertices, normals, faces, model.joint, seen, np.zeros(len(vertices)), 1.0))
    center = (91.0 if side == "left" else -91.0, 0.0, 0.0)
    joint = HipJoint(
        side=side, status="assessed", center_lps_mm=center, head_radius_mm=23.0, residual_mm=0.5, score=0.9
    )
    return HipAnatomy(joint, *fits, shaft=unseen_shaft(fits[0], np.array(center)))


def unseen_shaft(femur: SurfaceFit, center: Any) -> Shaft:
    """Return the shaft of a femur where the field of view ends with the model."""
    air = np.full((2, 2, 2), -1000.0, np.float32)
    return follow_shaft(WorkingVolume(air, Grid.axial(air.shape, (1.5,) * 3)), femur, center)


@lru_cache(maxsize=2)
def place(side: str) -> Compartments:
    """Return the compartments of a hip of that person."""
    return compartments((anatomy(side),), native_bone((anatomy(side),)), JointSettings())[side]


def sure(sd_mm: float = 1.0, seen: int = SEEN, on_bone: float = 0.9) -> SurfaceCertainty:
    """Return a native surface as sure everywhere."""
    vertices = anatomy("left").femur.vertices
    n = len(vertices)
    seen_class = np.full(n, seen, np.uint8)
    return SurfaceCertainty("left", "femur", vertices, np.full(n, sd_mm), seen_class, seen_class == SEEN, on_bone)


def made_anatomy(**parts: Any) -> Anatomy:
    """Return an anatomy of the parts given: no hip, no muscle, no metal and no masks otherwise."""
    coarse = Grid.axial((2, 2, 2), (3.0,) * 3, (0, 0, 0))
    nothing = np.zeros(coarse.shape, bool)
    values: dict[str, Any] = {
        "hips": (),
        "bones": (),
        "certainty": (),
        "other_sides": (None,) * 4,
        "landmarks": (),
        "compartments": {},
        "filled_vessels": {},
        "joint_states": {},
        "tissue": Tissue(coarse, nothing, nothing, nothing),
        "metal": Metal(),
        "user_masks": supplied_masks(None, coarse),
        "native": NativeBone(),
    }
    return Anatomy(**values | parts)


def frames() -> dict[str, Landmarks]:
    """Return the landmarks of both hips of that person, by side."""
    return {f.side: f for f in landmarks((anatomy("left"), anatomy("right")))}


#: Of the region that :func:`decide_balls` looks at, 1 mm voxels.
BALLS_SHAPE = (60, 70, 120)


def decide_balls(balls, bones, settings=None, body=True):
    """Decide on balls of 700 HU, (center index, radius), in muscle in front of a left hip."""
    hu = np.full(BALLS_SHAPE, MUSCLE_HU)
    for center, radius in balls:
        hu[ball(BALLS_SHAPE, center, radius)] = 700.0
    settings = settings or Settings()
    origin = head_center("left") + np.array([-20.0, -110.0, -30.0])
    found = region(hu, bones=bones)
    found = type(found)(**{**vars(found), "grid": Grid.axial(BALLS_SHAPE, (1, 1, 1), origin)})
    coarse = Grid.axial((20, 24, 40), (3.0, 3.0, 3.0), origin)
    whole = np.full(coarse.shape, body)
    tissue = Tissue(coarse, whole, whole, whole)
    candidates = find_candidates(found, settings.detection)
    near = compartments((anatomy("left"),), bones, settings.joint)
    here = made_anatomy(
        hips=(anatomy("left"),),
        landmarks=(frames()["left"],),
        compartments=near,
        tissue=tissue,
        user_masks=supplied_masks(None, found.grid),
    )
    judgement = decide(found, candidates, here, settings)
    return judgement, judgement.kept, judgement.excluded, here
