"""How sure each place of a fitted native surface is: a standard deviation in mm, and on what it rests.

A place is *seen* where an edge from bone to soft tissue agrees with the surface; *hidden* where what lies on it is as
dense as bone (ossification, the other bone of the joint, metal); *unexplained* where soft tissue lies outside and no
edge agrees; or *out of view*. What the places that are seen leave open is the posterior covariance of pose, size
and shape given their edges, the shape model's own covariance being the prior: a linear Gaussian model in 27 unknowns
(posterior shape models: Albrecht et al. 2013, Med Image Anal 17:959). It does not know what no mode can take, nor that
an edge may be another's: the standard deviation of each class is a linear function of the posterior one and of what
tells that (:data:`_COEFFICIENTS`), fitted so that 95 % of the errors lie within two standard deviations.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi
from scipy import sparse
from scipy.spatial import cKDTree
from threadpoolctl import threadpool_limits

from ho_detect.acquisition.volume.hounsfield import AIR_HU
from ho_detect.acquisition.volume.hu_volume import HuVolume
from ho_detect.anatomy.fit.hips import HipAnatomy
from ho_detect.anatomy.fit.shape_fit import SurfaceFit
from ho_detect.anatomy.fit.shape_model import BoneModel, femur_model, hip_bone_model
from ho_detect.anatomy.metal.metal import Metal
from ho_detect.anatomy.native.surfaces import smooth_displacement
from ho_detect.image.grid import FloatArray, Grid, align_similarity, vertex_normals
from ho_detect.image.sides import BONES, Bone, Side, mirror_of
from ho_detect.image.surfaces import along_normals, neighbour_mean
from ho_detect.system.parallel import in_parallel

#: Values of ``seen_class``.
SEEN, HIDDEN, UNEXPLAINED, OUT_OF_VIEW = 0, 1, 2, 3
CLASSES = ("seen", "hidden", "unexplained", "out of view")
#: An edge agrees with the surface, once that is moved to the edges, within so much. mm
_AGREES_MM = 1.5
#: HU are read along the normals from inside to outside of the surface, mm.
_PROBE_MM = np.arange(-3.5, 5.0)
#: Of them: where the cortex is to be met, and where soft tissue is.
_INSIDE, _OUTSIDE = (_PROBE_MM > -4.0) & (_PROBE_MM < 1.0), (_PROBE_MM > 1.0) & (_PROBE_MM < 5.0)
#: As dense as bone, HU: between muscle with contrast medium and thin bone blurred by a voxel. Convention.
_DENSE_HU = 140.0
#: Rounds of the mean over neighbours, 4 mm apart, that says how many of the edges near a place agree.
_ROUNDS_NEAR = 24
#: Prior standard deviation of the position in mm, of the turn in radians and of the logarithm of the size.
_PRIOR_SHIFT_MM, _PRIOR_TURN, _PRIOR_SIZE = 50.0, 0.8, 0.08
#: Error of one edge, mm; so many edges are independent, neighbours are not.
_EDGE_MM, _INDEPENDENT = 1.5, 150.0
#: What is seen is not looked for farther away than this, mm.
_FARTHEST_MM = 100.0
#: With fewer places that an edge could be seen at nothing is said of a bone.
_LEAST_PLACES = 60
#: Step of the lattice that many points are looked up on, and how far it reaches beyond the surface, mm.
_LATTICE_MM, _MARGIN_MM = 6.0, 30.0
#: Limits of the standard deviation, mm.
_LEAST_SD_MM, _MOST_SD_MM = 0.3, 25.0
#: mm of standard deviation of each class (rows, in the order of :data:`CLASSES`) for: a constant; the posterior
#: standard deviation; 10 mm from the nearest place seen; edges near that disagree, 0 to 1; those of the whole bone; a
#: mm between the surface and the edge there. Fitted to tuning cases by ``benchmarks/anatomy/calibrate.py``.
_COEFFICIENTS = np.array(
    [
        (0.5, 0.0, 0.0, 0.53, 0.0, 0.39),
        (0.0, 1.21, 0.72, 8.4, 0.0, 0.0),
        (1.15, 0.0, 0.51, 11.31, 0.0, 0.0),
        (0.0, 4.25, 0.0, 0.0, 10.0, 0.0),
    ]
)
#: A surface lies on bone where so large a share of its edges agrees. Of 166 fits, those with at least 0.85 had at least
#: 0.79 of the true surface within 3 mm, those below 0.75 at most 0.70; none lay between.
LIES_ON_BONE = 0.8
#: With so much less of it agreeing nothing is known of where the bone is. Convention.
_BESIDE_BY = 0.3


@dataclass(frozen=True, eq=False)
class SurfaceCertainty:
    """How sure the displaced surface of one bone is, place by place.

    Parameters
    ----------
    vertices
        (V, 3) LPS mm: those of the fitted surface, displaced; after them those of the femur's shaft below the model.
    sd_mm
        (V,) standard deviation of the surface along its normal.
    seen_class
        (V,) uint8: :data:`SEEN`, :data:`HIDDEN`, :data:`UNEXPLAINED` or :data:`OUT_OF_VIEW`.
    known
        (V,) bool: seen, or hidden and confirmed by the other side.
    on_bone
        Does this surface lie on bone? Share of the places where an edge could be seen at which one agrees, 0 to 1; None
        with fewer than 60 of them. What is hidden or out of view does not count against a fit.
    """

    side: Side
    bone: Bone
    vertices: FloatArray
    sd_mm: FloatArray
    seen_class: NDArray[np.uint8]
    known: NDArray[np.bool_]
    on_bone: float | None

    @property
    def lies_on_bone(self) -> bool | None:
        """Whether this surface lies on bone, None where that cannot be told."""
        return None if self.on_bone is None else self.on_bone >= LIES_ON_BONE

    @cached_property
    def _tree(self) -> cKDTree:
        return cKDTree(self.vertices)

    @cached_property
    def _lattice(self) -> tuple[Grid, NDArray[np.int32]]:
        """Grid of 6 mm around the surface, and of each of its points the number of a place about nearest to it."""
        low, high = self.vertices.min(axis=0) - _MARGIN_MM, self.vertices.max(axis=0) + _MARGIN_MM
        x, y, z = (int(n) for n in np.ceil((high - low) / _LATTICE_MM) + 1)
        grid = Grid.axial((z, y, x), (_LATTICE_MM,) * 3, low)
        place = np.full(grid.shape, -1, np.int32)
        place[tuple(np.rint(grid.to_index(self.vertices)).astype(int).T)] = np.arange(len(self.vertices))
        _, at = ndi.distance_transform_edt(place < 0, return_indices=True)
        return grid, place[tuple(at)]

    def near(self, points_lps_mm: FloatArray) -> tuple[FloatArray, NDArray[np.bool_]]:
        """Return the standard deviation of the place nearest to each of (n, 3) points, and whether it is known."""
        _, at = self._tree.query(points_lps_mm)
        return self.sd_mm[at], self.known[at]

    def about(self, points_lps_mm: FloatArray) -> tuple[FloatArray, NDArray[np.bool_]]:
        """Return what :meth:`near` does, of a place within about 6 mm of the nearest: faster for many points."""
        grid, place = self._lattice
        index = np.rint(grid.to_index(points_lps_mm)).astype(np.int64)
        at = place[tuple(np.clip(index, 0, np.array(grid.shape) - 1).T)]
        return self.sd_mm[at], self.known[at]


def surface_certainties(volume: HuVolume, hips: tuple[HipAnatomy, ...], metal: Metal) -> tuple[SurfaceCertainty, ...]:
    """Return how sure femur and hip bone of each hip are, in the order of :func:`.surfaces.native_bone`."""
    with threadpool_limits(limits=1, user_api="blas"):  # the systems solved are small
        return tuple(in_parallel(lambda task: _of_bone(volume, metal, *task), list(product(hips, BONES))))


def _of_bone(volume: HuVolume, metal: Metal, hip: HipAnatomy, bone: Bone) -> SurfaceCertainty:
    vertices, seen_class, terms, on_bone = places_of(volume, metal, hip, bone)
    known = seen_class == SEEN
    confirmed = (hip.femur if bone == "femur" else hip.hip_bone).confirmed
    if confirmed is not None:
        known[: len(confirmed)] |= confirmed
    sd_mm = sd_of_terms(terms, seen_class)
    return unsure_beside_bone(SurfaceCertainty(hip.joint.side, bone, vertices, sd_mm, seen_class, known, on_bone))


def unsure_beside_bone(certainty: SurfaceCertainty) -> SurfaceCertainty:
    """Return a surface that does not lie on bone as unsure everywhere: an edge that it meets may be any bone's.

    The less of it agrees the less sure, without a step: with 0.73 five sixths of a surface were still right.
    """
    if certainty.on_bone is None or certainty.lies_on_bone:
        return certainty
    least_mm = _MOST_SD_MM * min(1.0, (LIES_ON_BONE - certainty.on_bone) / _BESIDE_BY)
    return replace(certainty, sd_mm=np.maximum(certainty.sd_mm, least_mm))


def sd_of_terms(terms: FloatArray, seen_class: NDArray[np.integer]) -> FloatArray:
    """Return (V,) standard deviations in mm of places with (V, 6) terms and (V,) classes."""
    sd = np.einsum("vk,vk->v", terms, _COEFFICIENTS[seen_class])
    return np.asarray(np.clip(sd, _LEAST_SD_MM, _MOST_SD_MM))


def places_of(
    volume: HuVolume, metal: Metal, hip: HipAnatomy, bone: Bone
) -> tuple[FloatArray, NDArray[np.uint8], FloatArray, float | None]:
    """Return (V, 3) vertices, (V,) classes, (V, 6) terms of the standard deviation, and the share on bone."""
    fit = hip.femur if bone == "femur" else hip.hip_bone
    shift = smooth_displacement(fit)
    vertices = fit.vertices + fit.normals * shift[:, None]
    apart = fit.offset_mm - shift
    behind_metal = metal.hides(vertices)
    seen_class = classes(_profiles(volume, vertices, fit.normals), apart, fit.in_view | behind_metal)
    seen_class[(seen_class == UNEXPLAINED) & behind_metal] = HIDDEN
    # a head that is no more is nowhere to be seen
    seen_class[~np.isin(np.arange(len(vertices)), fit.faces)] = OUT_OF_VIEW
    terms, on_bone = sd_terms(bone, fit, hip.joint.side, seen_class, apart)
    if bone == "femur" and len(hip.shaft.faces):
        below = hip.shaft.vertices
        profiles = _profiles(volume, below, vertex_normals(below, hip.shaft.faces))
        below_class = classes(profiles, np.zeros(len(below)), volume.grid.contains(below))
        below_class[(below_class == UNEXPLAINED) & metal.hides(below)] = HIDDEN
        terms = np.concatenate([terms, _shaft_terms(below, below_class, terms)])
        vertices, seen_class = np.concatenate([vertices, below]), np.concatenate([seen_class, below_class])
    return vertices, seen_class, terms, on_bone


def _profiles(volume: HuVolume, vertices: FloatArray, normals: FloatArray) -> FloatArray:
    """Return (V, P) HU along the normals, linear between voxels; air beyond the view."""
    return along_normals(volume.hu, volume.grid, vertices, normals, _PROBE_MM, AIR_HU).astype(np.float64)


def classes(profiles: FloatArray, apart_mm: FloatArray, in_view: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Return the class of each place.

    Parameters
    ----------
    profiles
        (V, P) HU along the normals, from inside to outside.
    apart_mm
        (V,) from the displaced surface to the edge seen, NaN where none is.
    in_view
        (V,) bool.
    """
    bone_inside = profiles[:, _INSIDE].max(axis=1) > _DENSE_HU
    agrees = np.abs(np.nan_to_num(apart_mm, nan=np.inf)) < _AGREES_MM
    covered = profiles[:, _OUTSIDE].mean(axis=1) > _DENSE_HU
    other = np.where(covered, HIDDEN, UNEXPLAINED)
    return np.where(in_view, np.where(agrees & bone_inside, SEEN, other), OUT_OF_VIEW).astype(np.uint8)


def sd_terms(
    bone: Bone, fit: SurfaceFit, side: Side, seen_class: NDArray[np.uint8], apart_mm: FloatArray
) -> tuple[FloatArray, float | None]:
    """Return (V, 6) what the standard deviation is made of, and whether the surface lies on bone.

    Parameters
    ----------
    seen_class
        (V,) uint8.
    apart_mm
        (V,) from the displaced surface to the edge seen, NaN where none is.
    """
    n = len(seen_class)
    seen, unexplained = seen_class == SEEN, seen_class == UNEXPLAINED
    could = int(seen.sum() + unexplained.sum())
    on_bone = float(seen.sum()) / could if could >= _LEAST_PLACES else None
    whole = 0.5 if on_bone is None else 1.0 - on_bone
    counts = np.stack([unexplained, seen | unexplained], axis=1).astype(np.float64)
    mean = _mean_over_neighbours(bone)
    for _ in range(_ROUNDS_NEAR):
        counts = mean @ counts
    disagree = (counts[:, 0] + 0.05 * whole) / (counts[:, 1] + 0.05)
    edge = np.minimum(np.abs(np.nan_to_num(apart_mm, nan=0.0)), 6.0)
    posterior = posterior_sd_mm(model_of(bone), fit, side, seen)
    gap = _to_seen(fit.vertices, seen) / 10.0
    return np.stack([np.ones(n), posterior, gap, disagree, np.full(n, whole), edge], axis=1), on_bone


def _shaft_terms(vertices: FloatArray, seen_class: NDArray[np.uint8], above: FloatArray) -> FloatArray:
    """Return the (S, 6) terms of the shaft below the model, which was followed from edge to edge."""
    n = len(vertices)
    seen, unexplained = seen_class == SEEN, seen_class == UNEXPLAINED
    disagree = float(unexplained.sum()) / max(1, int((seen | unexplained).sum()))
    posterior, whole = np.median(above[:, 1]), above[0, 4]
    rest = (np.full(n, v) for v in (disagree, whole, 0.0))
    return np.stack([np.ones(n), np.full(n, posterior), _to_seen(vertices, seen) / 10.0, *rest], axis=1)


def _to_seen(vertices: FloatArray, seen: NDArray[np.bool_]) -> FloatArray:
    """Return mm from each place to the nearest that is seen, at most 100."""
    if not seen.any():
        return np.full(len(vertices), _FARTHEST_MM)
    away, _ = cKDTree(vertices[seen]).query(vertices, distance_upper_bound=_FARTHEST_MM)
    return np.minimum(away, _FARTHEST_MM)


def model_of(bone: Bone) -> BoneModel:
    """Return the shape model of a bone."""
    return femur_model() if bone == "femur" else hip_bone_model()


@lru_cache(maxsize=2)
def _mean_over_neighbours(bone: Bone) -> sparse.csr_array:
    model = model_of(bone)
    return neighbour_mean(model.faces, len(model.mean))


def posterior_sd_mm(model: BoneModel, fit: SurfaceFit, side: Side, seen: NDArray[np.bool_]) -> FloatArray:
    """Return (V,) standard deviation along the normals of the model's surface, given the places that are seen.

    Shift, turn, size and modes are Gaussian a priori, and so are the errors of the edges: what is left of the
    covariance after the edges are taken into account. Places are linear in the unknowns about the fit.
    """
    mirror = mirror_of(side)
    points, normals = fit.vertices * mirror, fit.normals * mirror
    linear, _ = align_similarity(model.mean, points)
    modes = np.einsum("kvd,vd->vk", model.modes @ linear.T, normals)
    arm = points - points.mean(axis=0)
    size = np.einsum("vd,vd->v", arm, normals)
    design = np.concatenate([normals, np.cross(arm, normals), size[:, None], modes], axis=1)
    prior_sd = [_PRIOR_SHIFT_MM] * 3 + [_PRIOR_TURN] * 3 + [_PRIOR_SIZE] + [1.0] * modes.shape[1]
    variance = _EDGE_MM**2 * max(1.0, seen.sum() / _INDEPENDENT)
    used = design[seen]
    precision = used.T @ used / variance + np.diag(1.0 / np.square(prior_sd))
    root = np.linalg.cholesky(np.linalg.inv(precision))
    return np.asarray(np.linalg.norm(design @ root, axis=1))
