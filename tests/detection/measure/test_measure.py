"""What is measured of a lesion: place by the clinical definition, density by depth, distances."""

from __future__ import annotations

from functools import lru_cache

import msgspec
import numpy as np
import pytest
from made_detection import anatomy, evidence, frames, made_anatomy, region
from model_hips import head_center
from phantoms import ball
from scipy import ndimage as ndi

from ho_detect.anatomy.native.surfaces import native_bone
from ho_detect.anatomy.regions.compartments import compartments
from ho_detect.detection.candidates import Candidate
from ho_detect.detection.measure.density import _with_faces, maturity_of
from ho_detect.detection.measure.measure import measure, sector_of
from ho_detect.detection.outline import Outlined
from ho_detect.image.sides import mirror_of
from ho_detect.settings import DetectionSettings, JointSettings

SETTINGS = DetectionSettings()
FRAMES = frames()
FORWARD = np.array([0.0, 20.0, 0.0])


def beside(side, lateral, posterior, superior):
    """LPS mm of a place given from the head center."""
    return head_center(side) + mirror_of(side) * np.array([lateral, posterior, superior])


def lesion(
    hu, mask, spacing=(1.0, 1.0, 1.0), *, side="left", at=None, touching=(), distance_mm=None, nearest=None, **changes
):
    """Measure a mask; ``at`` puts the middle of the grid there, else 60 mm in front of the head."""
    at = beside(side, 0, -60, 0) if at is None else np.asarray(at, float)
    found = region(hu, spacing, distance_mm=distance_mm, nearest=nearest, bones=bones(side))
    affine = found.grid.affine.copy()
    affine[:3, 3] += at - found.grid.to_lps((np.array(mask.shape) - 1) / 2)
    grid = type(found.grid)(found.grid.shape, affine)
    found = type(found)(**{**vars(found), "grid": grid})
    whole = tuple(slice(0, n) for n in mask.shape)
    candidate = Candidate(whole, mask, joined=bool(touching), touching=touching)
    outlined = Outlined(candidate, 300.0, 5.0, 0.9)
    here = made_anatomy(landmarks=(FRAMES[side],), compartments={side: place(side)})
    return measure(found, outlined, evidence(**{"side": side} | changes), here, 3, SETTINGS)


@lru_cache(maxsize=2)
def bones(side):
    return native_bone((anatomy(side),))


@lru_cache(maxsize=2)
def place(side):
    return compartments((anatomy(side),), bones(side), JointSettings())[side]


class TestSector:
    #: Offset from the head center in LPS mm of a left hip: +x is lateral, +y is posterior.
    CASES = [  # noqa: RUF012
        ((30.0, 5.0, 0.0), "lateral"),
        ((-30.0, 5.0, 0.0), "medial"),
        ((5.0, 30.0, 0.0), "posterior"),
        ((5.0, -30.0, 0.0), "anterior"),
        ((20.0, -19.0, 300.0), "lateral"),
        ((19.0, -20.0, -300.0), "anterior"),
        ((-20.0, 20.0, 0.0), "posterior"),
        ((0.2, 0.4, 0.0), "posterior"),
        ((0.2, -0.4, 0.0), "anterior"),
        ((0.4, 0.2, 0.0), "lateral"),
        ((-0.4, 0.2, 0.0), "medial"),
    ]

    @pytest.mark.parametrize(("offset", "sector"), CASES)
    @pytest.mark.parametrize("side", ["left", "right"])
    def test_is_the_larger_axial_component(self, side, offset, sector):
        x, y, z = offset
        at = beside(side, x, y, z)
        assert sector_of(FRAMES[side].local_mm(at[None])[0]) == sector

    @pytest.mark.parametrize("side", ["left", "right"])
    def test_of_a_painted_lesion(self, side):
        mask = ball((15, 15, 15), radius=5)
        found = lesion(np.where(mask, 700.0, 50.0), mask, side=side, at=beside(side, 60, 20, 0))
        assert (found.side, found.sector) == (side, "lateral")


def by_depth(shape, radius, rim_hu, core_hu, rim_mm=2.8, spacing=(1.0, 1.0, 1.0)):
    """A ball with a rim, sharp."""
    mask = ball(shape, radius=radius, spacing=spacing)
    depth = ndi.distance_transform_edt(mask, sampling=spacing)
    return np.where(mask, np.where(depth <= rim_mm, rim_hu, core_hu), 50.0), mask


class TestMaturity:
    @pytest.mark.parametrize(
        ("rim_hu", "stage"),
        [(250, "immature"), (299, "immature"), (300, "intermediate"), (449, "intermediate"), (450, "mature")],
    )
    @pytest.mark.parametrize("core_hu", [-50.0, 200.0, 1200.0])
    def test_is_decided_by_the_rim_not_by_the_core(self, rim_hu, stage, core_hu):
        assert maturity_of(rim_hu, SETTINGS) == stage
        assert lesion(*by_depth((29, 29, 29), 11.0, rim_hu, core_hu)).maturity == stage

    def test_partial_volume_at_the_surface_is_no_rim(self):
        fine = (0.7, 0.7, 0.7)
        hu, mask = by_depth((29, 29, 29), 8.0, 600.0, 600.0, spacing=fine)
        hu[mask & ~ndi.binary_erosion(mask)] = 250.0
        assert lesion(hu, mask, fine).maturity == "mature"

    @pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (3.0, 0.9, 0.9)])
    def test_a_rim_thinner_than_the_layer_that_it_is_looked_for_in(self, spacing):
        hu, mask = by_depth((33, 33, 33), 13.0, 700.0, 120.0, rim_mm=1.5, spacing=spacing)
        found = lesion(ndi.gaussian_filter(hu, [0.5 / s for s in spacing]), mask, spacing)
        assert (found.maturity, found.core_hu) == ("mature", pytest.approx(120.0, abs=5.0))

    def test_foot_on_bone_is_no_rim(self):
        # half a ball on a plane of bone: where it stands it is as lucent as its core
        hu, mask = by_depth((29, 29, 29), 12.0, 800.0, 120.0)
        mask[:15] = False
        distance = np.broadcast_to((np.arange(29) - 14.0)[:, None, None], mask.shape)
        assert lesion(hu, mask, distance_mm=distance, touching=("femur",)).maturity == "mature"


def test_the_densest_of_a_voxel_and_those_that_share_a_face():
    values = np.random.default_rng(2).integers(-1000, 1000, (4, 6, 7)).astype(np.int16)
    cross = ndi.generate_binary_structure(3, 1)
    assert np.array_equal(_with_faces(values), ndi.grey_dilation(values, footprint=cross))


class TestZonalIndex:
    def test_is_the_share_by_which_the_core_is_more_lucent(self):
        assert lesion(*by_depth((29, 29, 29), 12.0, 800.0, 200.0)).zonal_index == 0.75

    def test_uniform_is_zero_and_dense_inside_is_negative(self):
        assert lesion(*by_depth((29, 29, 29), 12.0, 500.0, 500.0)).zonal_index == 0.0
        assert lesion(*by_depth((29, 29, 29), 12.0, 400.0, 600.0)).zonal_index == -0.5

    def test_without_a_core_it_is_not_measured(self):
        assert lesion(*by_depth((15, 15, 15), 3.0, 800.0, 200.0)).zonal_index is None


class TestAtypical:
    @pytest.mark.parametrize(
        ("rim_hu", "core_hu", "flagged"),
        [
            (250.0, 700.0, True),
            (250.0, 351.0, True),
            (250.0, 340.0, False),
            # a mature rim is no faint one
            (460.0, 900.0, False),
            (800.0, 200.0, False),
            (240.0, 240.0, False),
        ],
    )
    def test_is_a_dense_core_in_a_faint_rim(self, rim_hu, core_hu, flagged):
        found = lesion(*by_depth((29, 29, 29), 12.0, rim_hu, core_hu))
        assert (found.atypical_pattern, found.rim_hu, found.core_hu) == (flagged, rim_hu, core_hu)

    def test_without_a_core_it_is_not_said_and_why(self):
        found = lesion(*by_depth((15, 15, 15), 3.0, 800.0, 200.0))
        assert (found.atypical_pattern, found.core_hu) == (None, None)
        reasons = {n.field: n.code for n in found.not_said}
        assert {reasons[n] for n in ("atypical_pattern", "core_hu", "zonal_index")} == {"no_core"}


class TestPlace:
    @pytest.mark.parametrize("side", ["left", "right"])
    def test_in_front_of_the_head(self, side):
        mask = ball((21, 21, 21), radius=6)
        found = lesion(np.where(mask, 500.0, 50.0), mask, side=side, at=beside(side, 0, -45, 0))
        assert (found.muscle_region, found.muscle_region_source) == ("iliopsoas_rectus_femoris", "position")
        # from the nearest place of the head's own surface, a little flatter than a ball
        head = np.linalg.norm(anatomy(side).femur.vertices - beside(side, 0, -45, 0), axis=1).min()
        assert found.distance_to_capsule_mm == pytest.approx(head - 6, abs=1.2)
        assert found.distance_to_neck_mm > found.distance_to_capsule_mm
        assert found.vessels == "not_assessed"

    def test_beside_the_neck(self):
        neck = place("left").femur.neck_surface
        front = neck[neck[:, 1].argmin()]
        mask = ball((21, 21, 21), radius=5)
        found = lesion(np.where(mask, 500.0, 50.0), mask, at=front - [0.0, 12.0, 0.0])
        assert found.distance_to_neck_mm == pytest.approx(12 - 5, abs=1.0)
        assert found.distance_to_capsule_mm <= found.distance_to_neck_mm


class TestNulls:
    @pytest.mark.parametrize("radius", [3.0, 11.0])
    @pytest.mark.parametrize("at", [(0, -60, 0), (60, 20, 0), (300, -200, 300)])
    def test_each_has_its_reason_and_nothing_else_has(self, radius, at):
        mask = ball((25, 25, 25), radius=radius)
        found = lesion(np.where(mask, 500.0, 50.0), mask, at=beside("left", *at))
        nulls = {name for name, value in msgspec.structs.asdict(found).items() if value is None}
        assert {n.field for n in found.not_said} == nulls - {"confidence"}  # the judgement gives it


class TestNumbers:
    SPACING = (2.0, 1.0, 0.5)

    def test_of_a_box(self):
        mask = np.zeros((12, 20, 30), bool)
        mask[3:8, 4:14, 5:25] = True
        hu = np.where(mask, 400.0, 50.0)
        hu[3:8, 4:14, 5:15] = 200.0
        found = lesion(hu, mask, self.SPACING, muscle=0.876543, fat=0.1)
        assert found.id == 3
        assert found.volume_mm3 == 1000.0
        assert found.volume_second_threshold_mm3 == 500.0
        assert found.extent_lps_mm == (10.0, 10.0, 10.0)
        # between centers of the outermost voxels, and a voxel along that line
        step = np.array([4 * 2.0, 9 * 1.0, 19 * 0.5])
        along = step / np.linalg.norm(step)
        longest = np.linalg.norm(step) + np.linalg.norm(along * self.SPACING)
        assert found.max_diameter_mm == pytest.approx(longest, abs=0.01)
        assert (found.mean_hu, found.sd_hu, found.median_hu, found.max_hu) == (300.0, 100.0, 300.0, 400.0)
        assert found.p95_hu == 400.0
        assert (found.muscle_fraction, found.fat_fraction, found.boundary_hu) == (0.877, 0.1, 300.0)

    def test_hu_and_shares_with_their_digits(self):
        mask = ball((15, 15, 15), radius=5)
        mask[7, 7, 3] = False
        assert mask.sum() % 2 == 0
        hu = np.full(mask.shape, 50.0)
        hu[mask] = values = 150.0 + np.random.default_rng(1).permutation(np.count_nonzero(mask))
        found = lesion(hu, mask, muscle=0.123456, fat=0.234567, bone=0.345678, air=0.456789)
        assert (found.mean_hu, found.sd_hu) == (round(values.mean(), 1), round(values.std(), 1))
        assert found.median_hu == np.median(values)
        assert found.median_hu % 1 == 0.5
        assert found.p95_hu == round(float(np.percentile(values, 95)), 1)
        shares = (found.muscle_fraction, found.fat_fraction, found.bone_fraction, found.air_fraction)
        assert shares == (0.123, 0.235, 0.346, 0.457)
        assert found.extent_lps_mm == (11.0, 11.0, 11.0)

    def test_surroundings_that_are_not_in_view_are_null_with_a_reason(self):
        nan = float("nan")
        mask = ball((21, 21, 21), radius=6)
        found = lesion(np.where(mask, 500.0, 50.0), mask, muscle=nan, fat=nan, bone=nan, air=nan)
        shares = ("muscle_fraction", "fat_fraction", "bone_fraction", "air_fraction")
        assert {getattr(found, name) for name in shares} == {None}
        assert {n.field for n in found.not_said if n.code == "no_surroundings"} == set(shares)

    def test_centroid_and_distance(self):
        mask = ball((21, 21, 21), radius=6)
        found = lesion(np.where(mask, 500.0, 50.0), mask, at=beside("left", 30, -40, 0))
        assert found.centroid_lps_mm == pytest.approx(tuple(beside("left", 30, -40, 0)), abs=0.01)
        assert found.distance_to_head_center_mm == 50.0

    def test_places_and_distances_with_their_digits(self):
        mask = ball((21, 21, 21), radius=6)
        hu = np.where(mask, 500.0, 50.0)
        hu[mask] += np.random.default_rng(4).integers(0, 99, np.count_nonzero(mask))
        found = [lesion(hu, mask, at=beside("left", 20.003 + 0.27 * k, -40.0, 0.0)) for k in range(3)]
        assert [x.centroid_lps_mm[0] for x in found] == [111.0, 111.27, 111.54]
        for name, digits in (("distance_to_neck_mm", 2), ("distance_to_capsule_mm", 2), ("rim_hu", 1)):
            values = [getattr(x, name) for x in found]
            assert [round(value, digits) for value in values] == values
        assert [round(x.distance_to_neck_mm, 1) for x in found] != [x.distance_to_neck_mm for x in found]

    def test_flat_things_have_a_diameter_too(self):
        mask = np.zeros((5, 20, 20), bool)
        mask[2, 4:10, 4:12] = True
        assert lesion(np.where(mask, 500.0, 50.0), mask).max_diameter_mm == pytest.approx(np.hypot(5, 7) + 1, abs=0.01)


class TestGap:
    @pytest.mark.parametrize("side", ["left", "right"])
    def test_is_the_distance_to_the_surface(self, side):
        # a ball of 6 mm whose center lies 20 mm in front of the most anterior point of the trochanter's side
        vertices = anatomy(side).femur.vertices
        front = vertices[vertices[:, 1].argmin()]
        mask = ball((21, 21, 21), radius=6)
        found = lesion(np.where(mask, 500.0, 50.0), mask, side=side, at=front - FORWARD)
        away = np.linalg.norm(vertices - (front - FORWARD), axis=1).min()
        assert found.gap_femur_mm == pytest.approx(away - 6, abs=1.5)

    def test_of_what_touches_is_zero(self):
        mask = ball((21, 21, 21), radius=6)
        at = beside("left", 20, -40, 0)
        found = lesion(np.where(mask, 500.0, 50.0), mask, at=at, touching=("pelvis",))
        assert (found.attached_to, found.gap_pelvis_mm) == (("pelvis",), 0.0)
        assert found.gap_femur_mm > 0

    @pytest.mark.parametrize("on_low_side", [False, True])
    @pytest.mark.parametrize("spacing", [0.5, 0.73, 2.0])
    def test_of_what_a_cleft_parts_from_the_bone_on_other_grids(self, spacing, on_low_side):
        front = min(anatomy("left").femur.vertices, key=lambda v: v[1])
        mask = ball((round(15 / spacing) * 2,) * 3, radius=6, spacing=(spacing,) * 3)
        y = spacing * (np.arange(mask.shape[1])[:, None] + np.zeros(mask.shape))
        y = y.max() - y if on_low_side else y
        found = lesion(
            np.where(mask | (y >= y[mask].max() + 6), 500.0, 50.0), mask, (spacing,) * 3, at=front + FORWARD / 3,
            distance_mm=np.where(y >= y[mask].max() + 1, -1.0, 1.0), nearest=np.ones(mask.shape),
        )  # fmt: skip
        assert found.gap_femur_mm == pytest.approx(6.0 - spacing, abs=1.1)
        assert found.gap_femur_mm == pytest.approx(round(found.gap_femur_mm / spacing) * spacing, abs=0.006)

    def test_to_the_fitted_surface_with_its_digits(self):
        mask = ball((21, 21, 21), radius=6)
        places = [(20, -40 - 0.37 * k, 0) for k in range(4)]
        gaps = [lesion(np.where(mask, 500.0, 50.0), mask, at=beside("left", *place)).gap_femur_mm for place in places]
        assert [round(gap, 2) for gap in gaps] == gaps
        assert [round(gap, 1) for gap in gaps] != gaps

    def test_of_what_a_cleft_parts_from_the_bone_is_not_zero(self):
        """The fitted surface reaches over the cleft into the lesion, as one that is off by a few millimetres does."""
        vertices = anatomy("left").femur.vertices
        front = vertices[vertices[:, 1].argmin()]
        mask = ball((21, 21, 21), radius=6)
        y = np.arange(21)[:, None] + np.zeros((21, 21, 21))
        bone = y >= 10 + 6 + 4  # dense from 4 mm behind the lesion on
        found = lesion(
            np.where(mask | bone, 500.0, 50.0), mask, at=front + FORWARD / 3, touching=(),
            distance_mm=np.where(y >= 17, -1.0, 1.0), nearest=np.ones(mask.shape),
        )  # fmt: skip
        assert (found.attached_to, found.gap_femur_mm) == ((), pytest.approx(4.0, abs=1.1))

    def test_beyond_the_field_it_is_not_measured(self):
        mask = ball((21, 21, 21), radius=6)
        found = lesion(np.where(mask, 500.0, 50.0), mask, at=beside("left", 0, 0, -300))
        assert (found.gap_femur_mm, found.gap_pelvis_mm) == (None, None)

    def test_half_inside_the_field_is_measured(self):
        femur = bones("left")[0]
        edge = femur.grid.to_lps([femur.grid.shape[0] - 1, *(n // 2 for n in femur.grid.shape[1:])])
        mask = ball((21, 21, 21), radius=6)
        assert lesion(np.where(mask, 500.0, 50.0), mask, at=edge + np.array([0, 0, 0.75])).gap_femur_mm is not None
