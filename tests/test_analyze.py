"""Laws of the whole method: what a scan says does not depend on how it was taken or stored."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import lru_cache

import msgspec
import numpy as np
import pytest
from model_hips import BRIDGE, IMMATURE, ISLAND, METAL_MM, SPUR, Growth, Plan, analysed, scan
from phantoms import cropped, hip_phantom, volume

from ho_detect.acquisition.volume.hu_volume import HuVolume
from ho_detect.analyze import analyze
from ho_detect.errors import SeriesError
from ho_detect.findings import Findings
from ho_detect.image.grid import Grid
from ho_detect.results.record import FindingsRecord
from ho_detect.settings import Settings
from ho_detect.simulation.growth_plans import Bridge, Island, Spur
from ho_detect.simulation.person import Person
from ho_detect.system.parallel import set_threads

FREE_AND_BRIDGE = Plan((ISLAND, BRIDGE))
SPUR_AND_IMMATURE = Plan((SPUR, IMMATURE))
#: Fields of a lesion that are lengths, volumes or densities; the others are said exactly.
MEASURED = ("volume_mm3", "volume_second_threshold_mm3", "max_diameter_mm", "axial_long_mm", "axial_short_mm",
            "surface_area_mm2", "sphericity", "mean_hu", "sd_hu", "median_hu", "p95_hu", "max_hu", "boundary_hu",
            "rim_hu", "contact_femur_mm2", "contact_pelvis_mm2", "distance_to_head_center_mm")  # fmt: skip
#: Fields of a hip that are measured whether there is ossification or not.
OF_THE_JOINT = ("head_mean_hu", "neck_mean_hu", "joint_space_mean_mm", "joint_space_resolved")
OTHER_SIDE = {"left": "right", "right": "left"}


@lru_cache(maxsize=8)
def findings(plan=FREE_AND_BRIDGE):
    """Return the findings of a scan; the same plan is analysed once."""
    return Findings.of(analysed(plan).result)


def hip(found, side):
    return next(h for h in found.hips if h.side == side)


def of_side(found, side):
    return [x for x in found.lesions if x.side == side]


def graded(found, side):
    h = hip(found, side)
    return h.status, h.finding, h.n_lesions, h.bridging, h.brooker_ct, h.della_valle_ct, h.mavrogenis, h.sectors


def said(lesion):
    return lesion.sector, lesion.maturity, lesion.attached_to


def joint(found, side):
    """Values of a joint; -1 for what could not be told."""
    values = [getattr(hip(found, side), name) for name in OF_THE_JOINT]
    return [-1.0 if v is None else v for v in values]


def same_but_moved(found, other, move, *, mm, share):
    """Check that both say the same of each hip, places moved, measures within a share."""
    for side in ("left", "right"):
        assert graded(found, side) == graded(other, side)
        assert joint(found, side) == pytest.approx(joint(other, side), rel=0.02, abs=0.03)
        center = hip(other, side).center_lps_mm
        assert move(np.array(hip(found, side).center_lps_mm)) == pytest.approx(np.array(center), abs=mm)
        for a, b in zip(of_side(found, side), of_side(other, side), strict=True):
            assert said(a) == said(b)
            assert move(np.array(a.centroid_lps_mm)) == pytest.approx(np.array(b.centroid_lps_mm), abs=mm)
            for name in MEASURED:
                assert getattr(a, name) == pytest.approx(getattr(b, name), rel=share), name


class TestFindsWhatIsThere:
    @pytest.mark.parametrize("plan", [FREE_AND_BRIDGE, SPUR_AND_IMMATURE], ids=["free and bridge", "spur and immature"])
    def test_each_once_where_it_is(self, plan):
        study, found = scan(plan), findings(plan)
        assert len(found.lesions) == len(plan.growths)
        for growth, mm3, centroid in zip(plan.growths, study.volumes_mm3, study.centroids, strict=True):
            (lesion,) = of_side(found, growth.side)
            assert lesion.volume_mm3 == pytest.approx(mm3, rel=0.08)
            assert np.linalg.norm(lesion.centroid_lps_mm - centroid) < (5.0 if lesion.attached_to else 1.0)

    def test_what_is_said_of_each(self):
        assert said(of_side(findings(), "left")[0]) == ("posterior", "mature", ())
        assert said(of_side(findings(), "right")[0]) == ("lateral", "mature", ("femur", "pelvis"))
        other = findings(SPUR_AND_IMMATURE)
        assert said(of_side(other, "left")[0]) == ("lateral", "mature", ("femur",))
        assert said(of_side(other, "right")[0]) == ("anterior", "immature", ())

    def test_what_is_said_of_each_hip(self):
        assert graded(findings(), "left") == ("assessed", "present", 1, False, "I", "B", "2", ("posterior",))
        assert graded(findings(), "right") == ("assessed", "present", 1, True, "IV", "C", None, ("lateral",))
        assert hip(findings(), "right").min_gap_mm == 0.0
        spur = hip(findings(SPUR_AND_IMMATURE), "left")
        assert (spur.brooker_ct, spur.della_valle_ct, spur.bridging) == ("II", "B", False)
        assert spur.min_gap_mm > 10

    @pytest.mark.parametrize("plan", [FREE_AND_BRIDGE, SPUR_AND_IMMATURE, Plan()], ids=["1", "2", "normal"])
    def test_hips(self, plan):
        assert scan(plan).centers.keys() == {"left", "right"}
        for side, center in scan(plan).centers.items():
            assert np.linalg.norm(hip(findings(plan), side).center_lps_mm - center) < 1.5
            assert hip(findings(plan), side).head_radius_mm == pytest.approx(23.0, abs=1.0)

    def test_the_label_map_is_what_the_lesions_say(self):
        found = findings()
        assert found.labels.shape == found.volume.grid.shape
        assert set(np.unique(found.labels)) == {0, 1, 2}
        for lesion in found.lesions:
            at = np.argwhere(found.labels == lesion.id)
            assert len(at) * 8.0 == lesion.volume_mm3
            assert found.volume.grid.to_lps(at.mean(axis=0)) == pytest.approx(lesion.centroid_lps_mm, abs=0.01)
            assert found.volume.hu[found.labels == lesion.id].mean() == pytest.approx(lesion.mean_hu, abs=0.1)


#: Simulated people, on voxels of 2 mm; bones as measured in people, and bones drawn from tubes and plates.
SIMULATED = cropped(spacing_mm=(2.0, 2.0, 2.0), above_mm=90, below_mm=110)
FREE = Island(side="left", muscle="gluteus_medius", volume_ml=6.0)
BRIDGING = Bridge(side="right", muscle="iliopsoas", width_mm=22.0)
SPURRED = Spur(side="left", muscle="gluteus_medius", origin="femur", length_mm=30.0)
FAINT = Island(side="right", muscle="gluteus_maximus", volume_ml=6.0, maturity="immature")


class TestSimulatedPeople:
    @pytest.mark.parametrize(
        ("grown", "classes"),
        [
            pytest.param(
                (FREE, BRIDGING),
                ("I", "IV"),
                id="free and bridge",
                # found, graded and attached rightly; its lucent core is left out where the rim towards the bone is
                # judged native: 20.9 of 30.2 mL
                marks=pytest.mark.xfail(reason="the core of this bridge is open towards the bone", strict=True),
            ),
            pytest.param((SPURRED, FAINT), ("II", "I"), id="spur and immature"),
        ],
    )
    def test_each_once_where_it_is(self, grown, classes):
        study = hip_phantom(grown, person=Person(shape_seed=3), scan=SIMULATED)
        found = analyze(study.volume)
        assert tuple(h.brooker_ct for h in found.hips) == classes
        assert len(found.lesions) == len(study.truth.lesions) == 2
        for truth in study.truth.lesions:
            (lesion,) = of_side(found, truth.side)
            assert said(lesion) == (truth.sector, truth.maturity, truth.attached_to)
            assert lesion.volume_mm3 == pytest.approx(truth.volume_mm3, rel=0.1)
            assert np.linalg.norm(np.subtract(lesion.centroid_lps_mm, truth.centroid_lps_mm)) < 4.0

    def test_on_bones_unlike_those_expected_what_is_attached_is_undecided_not_denied(self):
        study = hip_phantom((FREE, BRIDGING), scan=SIMULATED)
        found = analyze(study.volume)
        assert graded(found, "left")[:3] == ("assessed", "present", 1)
        right = hip(found, "right")
        assert right.finding == "present" or (right.finding, right.brooker_ct) == ("indeterminate", None)


class TestRecord11:
    """What the record says beside finding, volume and grades."""

    def test_of_the_joint(self):
        # spongy bone is painted with 300 HU; the joint is as the model's two bones leave it
        for side in ("left", "right"):
            h = hip(findings(), side)
            assert h.head_mean_hu == pytest.approx(300, abs=15)
            assert h.neck_mean_hu == pytest.approx(300, abs=15)
            assert h.head_hu_difference == pytest.approx(0, abs=10)
        left, right = (joint(findings(), side) for side in ("left", "right"))
        assert left == pytest.approx(right, rel=0.08, abs=0.03)

    def test_of_the_lesions(self):
        island, bridge = of_side(findings(), "left")[0], of_side(findings(), "right")[0]
        assert (island.muscle_region, island.atypical_pattern) == ("external_rotators", False)
        assert island.sphericity > bridge.sphericity
        assert (island.contact_femur_mm2, island.contact_pelvis_mm2) == (0.0, 0.0)
        # a rod 16 mm wide stands on both bones
        for name in ("contact_femur_mm2", "contact_pelvis_mm2"):
            assert 60 < getattr(bridge, name) < 900
        assert bridge.distance_to_neck_mm < island.distance_to_neck_mm
        assert bridge.distance_to_capsule_mm <= bridge.distance_to_neck_mm

    @pytest.mark.parametrize("plan", [FREE_AND_BRIDGE, SPUR_AND_IMMATURE, Plan()], ids=["1", "2", "normal"])
    def test_every_null_has_its_reason_and_nothing_else_has(self, plan):
        found = findings(plan)
        for thing in (*found.hips, *found.lesions):
            nulls = {name for name, value in msgspec.structs.asdict(thing).items() if value is None}
            assert {n.field for n in thing.not_said} == nulls

    def test_statements_name_how_hu_were_made(self):
        statements = {s.code: s.message for s in findings().record.statements}
        assert set(statements) == {
            "density_grade_1", "nerve_not_assessed", "vessels_not_assessed", "hu_uncalibrated", "research_use",
        }  # fmt: skip
        assert statements["hu_uncalibrated"].endswith("(kVp not stated, contrast not stated)")


class TestNormal:
    def test_no_ossification_is_absent(self):
        found = findings(Plan())
        assert found.lesions == ()
        assert not found.labels.any()
        for h in found.hips:
            assert (h.finding, h.n_lesions, h.total_volume_mm3, h.bridging) == ("absent", 0, 0.0, False)
            assert (h.brooker_ct, h.della_valle_ct, h.mavrogenis, h.min_gap_mm) == ("0", "A", None, None)
        assert found.record.status == "ok"
        assert found.flags == ()

    def test_is_a_valid_record(self):
        assert msgspec.json.decode(findings(Plan()).to_json(), type=FindingsRecord) == findings(Plan()).record


def stored(ct, order, steps):
    """Store the same scan with other axes: transposed, then flipped where the step is -1."""
    hu = ct.hu.transpose(order)[tuple(slice(None, None, s) for s in steps)]
    affine = ct.grid.affine.copy()
    affine[:3, :3] = affine[:3, list(order)]
    for axis, step in enumerate(steps):
        if step < 0:
            affine[:3, 3] += affine[:3, axis] * (hu.shape[axis] - 1)
            affine[:3, axis] *= -1
    return HuVolume(np.ascontiguousarray(hu), Grid(hu.shape, affine), ct.series)


#: How a scan may be stored: order of (superior, posterior, left) along (slice, row, column), and their directions.
STORED = {
    "coronal": ((1, 0, 2), (1, -1, 1)),
    "sagittal, reversed": ((2, 0, 1), (-1, -1, -1)),
    "reversed": ((0, 1, 2), (-1, 1, 1)),
    "feet first": ((0, 1, 2), (-1, 1, -1)),
    "prone": ((0, 1, 2), (1, -1, -1)),
    "prone, feet first": ((0, 1, 2), (-1, -1, 1)),
}


class TestStorage:
    @pytest.mark.parametrize("name", STORED)
    def test_every_order_holds_the_same_scan(self, name):
        ct = scan(FREE_AND_BRIDGE).volume
        canonical = stored(ct, *STORED[name]).canonical()
        assert np.array_equal(canonical.hu, ct.hu)
        assert np.allclose(canonical.grid.affine, ct.grid.affine)

    @pytest.mark.parametrize("name", ["coronal", "prone, feet first"])
    def test_says_the_same_of_it(self, name):
        order, steps = STORED[name]
        other = Findings.of(analyze(stored(scan(FREE_AND_BRIDGE).volume, order, steps)))
        found = findings().to_dict()
        for part in ("hips", "lesions", "excluded", "flags"):
            assert other.to_dict()[part] == found[part]
        labels = replace(findings().volume, hu=findings().labels.astype(np.int16))
        assert np.array_equal(other.labels, stored(labels, order, steps).hu)


class TestPlace:
    def test_moves_with_the_patient(self):
        ct, move = scan(FREE_AND_BRIDGE).volume, np.array([-31.25, 17.5, -812.75])
        affine = ct.grid.affine.copy()
        affine[:3, 3] += move
        other = analyze(replace(ct, grid=Grid(ct.grid.shape, affine)))
        same_but_moved(findings(), other, lambda p: p + move, mm=0.03, share=0.002)
        assert np.array_equal(other.labels > 0, findings().labels > 0)

    def test_mirrored_patient_swaps_sides(self):
        ct = scan(SPUR_AND_IMMATURE).volume
        middle = ct.grid.to_lps((np.array(ct.hu.shape) - 1) / 2)[0]
        other = analyze(replace(ct, hu=np.ascontiguousarray(ct.hu[..., ::-1])))
        mirrored = findings(SPUR_AND_IMMATURE)
        for side in ("left", "right"):
            assert graded(mirrored, side) == graded(other, OTHER_SIDE[side])
            a, b = (np.array(hip(f, s).center_lps_mm) for f, s in ((mirrored, side), (other, OTHER_SIDE[side])))
            assert [2 * middle - a[0], a[1], a[2]] == pytest.approx(b, abs=0.3)
            assert joint(mirrored, side) == pytest.approx(joint(other, OTHER_SIDE[side]), rel=0.03, abs=0.03)
            for one, two in zip(of_side(mirrored, side), of_side(other, OTHER_SIDE[side]), strict=True):
                assert said(one) == said(two)
                assert one.muscle_region == two.muscle_region
                assert [n.field for n in one.not_said] == [n.field for n in two.not_said]
                assert one.volume_mm3 == pytest.approx(two.volume_mm3, rel=0.02)
                for name in ("axial_long_mm", "axial_short_mm", "surface_area_mm2", "rim_hu"):
                    assert getattr(one, name) == pytest.approx(getattr(two, name), rel=0.04), name
                x, y, z = one.centroid_lps_mm
                assert (2 * middle - x, y, z) == pytest.approx(two.centroid_lps_mm, abs=0.3)


@pytest.mark.parametrize(
    "changes",
    [{"turn_deg": 20.0}, {"spacing": (1.5, 1.5, 1.5)}],
    ids=["turned 20 degrees", "finer voxels"],
)
class TestPoseAndSpacing:
    def other(self, changes):
        plan = replace(FREE_AND_BRIDGE, **changes)
        return scan(plan), findings(plan)

    def test_change_nothing_that_is_said(self, changes):
        study, other = self.other(changes)
        for side in ("left", "right"):
            # where a lesion lies is said along the patient's axes of the scanner
            assert graded(other, side)[:6] == graded(findings(), side)[:6]
            assert np.linalg.norm(hip(other, side).center_lps_mm - study.centers[side]) < 1.5
            for a, b in zip(of_side(findings(), side), of_side(other, side), strict=True):
                assert said(a)[1:] == said(b)[1:]

    def test_change_volumes_by_less_than_5_percent(self, changes):
        _, other = self.other(changes)
        for side in ("left", "right"):
            assert hip(other, side).total_volume_mm3 == pytest.approx(hip(findings(), side).total_volume_mm3, rel=0.05)


class TestPartOfThePatient:
    def test_one_hip_in_view(self):
        found = findings(replace(FREE_AND_BRIDGE, right_mm=-12.0))
        left, right = hip(found, "left"), hip(found, "right")
        assert (left.status, left.finding, left.n_lesions) == ("assessed", "present", 1)
        assert right.status == "not_in_view"
        assert [r.code for r in right.reasons] == ["hip_not_in_view"]
        values = msgspec.to_builtins(right)
        said_of_it = {name for name, value in values.items() if value is not None}
        assert said_of_it == {"side", "status", "reasons", "sectors", "not_said"}
        assert "one_hip_in_view" in {f.code for f in found.flags}
        (lesion,) = found.lesions
        whole = of_side(findings(), "left")[0]
        assert lesion.volume_mm3 == pytest.approx(whole.volume_mm3, rel=0.02)
        assert lesion.centroid_lps_mm == pytest.approx(whole.centroid_lps_mm, abs=0.5)

    def test_metal_in_one_hip(self):
        found = findings(Plan((ISLAND,), metal="right"))
        left, right = hip(found, "left"), hip(found, "right")
        assert (left.status, left.finding, left.n_lesions) == ("assessed", "present", 1)
        assert right.status == "assessed_beside_metal"
        assert [r.code for r in right.reasons] == ["hidden_by_metal"]
        assert (right.finding, right.brooker_ct, right.brooker_ct_at_most) == ("absent", "0", "IV")
        assert (right.grades_at_least, left.grades_at_least) == (True, False)
        # without streaks no more than metal and its blooming
        assert (METAL_MM / 60.0) ** 3 < right.hidden_share < (2 * METAL_MM / 60.0) ** 3
        assert left.hidden_share == 0.0
        assert np.linalg.norm(right.center_lps_mm - scan(Plan()).centers["right"]) < 1
        assert right.head_radius_mm == pytest.approx(METAL_MM, abs=1.0)
        assert found.record.metal.volume_mm3 == pytest.approx(4 / 3 * np.pi * METAL_MM**3, rel=0.2)
        assert found.record.metal.hidden_volume_mm3 > found.record.metal.volume_mm3
        assert {n.field: n.code for n in right.not_said}["head_mean_hu"] == "hidden_by_metal"
        assert "metal" in {f.code for f in found.flags}
        assert found.record.status == "warning"

    def test_what_goes_on_in_the_zone_around_metal_is_measured_outside_of_it(self):
        """A rod behind the joint that leads straight away from the metal head."""
        away = np.array([0.38, 0.92, 0.0]) / np.hypot(0.38, 0.92)
        radius, end_mm = 8.0, 56.0
        hidden_mm = METAL_MM + 6.0
        found = findings(Plan((Growth("right", (tuple(away * 15.0), tuple(away * end_mm)), radius),), metal="right"))
        right = hip(found, "right")
        assert (right.status, right.finding) == ("assessed_beside_metal", "present")
        (lesion,) = found.lesions
        assert lesion.cut_at_metal_zone
        assert "cut_at_metal_zone" in {f.code for f in found.flags}
        length_mm = end_mm - hidden_mm
        assert lesion.volume_mm3 == pytest.approx(np.pi * radius**2 * (length_mm + 2 / 3 * radius), rel=0.15)
        assert max(e.volume_mm3 for e in found.record.excluded if e.reason == "near_metal") > 500

    def test_no_hip_in_view(self):
        _, y, x = np.ogrid[:40, -110:110:4, -160:160:4]
        trunk = np.where((x / 150) ** 2 + (y / 100) ** 2 < 1, 55.0, -1000.0) + np.zeros((40, 1, 1))
        with pytest.raises(SeriesError) as caught:
            analyze(volume(trunk, (3, 4, 4)))
        assert caught.value.reason == "no_hip_in_view"


class TestRecord:
    def test_threads_change_nothing(self):
        ct = scan(FREE_AND_BRIDGE).volume
        try:
            set_threads(1)
            one = Findings.of(analyze(ct)).to_json()
        finally:
            set_threads(0)
        assert one == findings().to_json()

    def test_settings_are_written_whole(self):
        settings = Settings.from_dict({"detection": {"short_gap_mm": 40.0}, "judge": {"min_volume_mm3": 41.0}})
        found = Findings.of(analyze(scan(SPUR_AND_IMMATURE).volume, settings))
        written = found.to_dict()["software"]
        assert Settings.from_dict(written["settings"]) == settings
        assert written["settings_digest"] == settings.digest() != Settings().digest()
        # and they were used
        assert hip(found, "left").brooker_ct == "III"

    @pytest.mark.parametrize("plan", [FREE_AND_BRIDGE, SPUR_AND_IMMATURE, Plan()], ids=["1", "2", "normal"])
    def test_nothing_is_nan(self, plan):
        text = findings(plan).to_json()
        assert not any(word in text for word in ("NaN", "Infinity"))
        json.loads(text, parse_constant=pytest.fail)
