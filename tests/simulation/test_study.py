"""A plan is one study: the same voxels each time; position, slices and noise change how it is stored."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from phantoms import COARSE, fewer_views, hip_phantom

from ho_detect.simulation.growth_plans import Island
from ho_detect.simulation.implant_plans import TotalHip
from ho_detect.simulation.study import StudyPlan, paint_person, simulate

#: One hip, no farther than a head, a cup and the top of a stem.
SMALL = msgspec.structs.replace(COARSE, above_mm=40.0, below_mm=30.0, right_mm=-20.0)
FINER = msgspec.structs.replace(SMALL, spacing_mm=(2.0, 1.6, 1.6))


class TestScan:
    def test_a_body_painted_once_serves_many_studies_and_stays_as_it_was(self):
        plan = StudyPlan(name="shared", seed=1, scan=SMALL, implants=(TotalHip(side="left"),))
        body = paint_person(plan)
        with fewer_views():
            first, second = simulate(plan, body), simulate(plan, body)
        assert first.metal.any()
        assert (first.volume.hu == second.volume.hu).all()
        assert (first.bone == second.bone).all()
        with pytest.raises(ValueError, match="grid"):
            simulate(msgspec.structs.replace(plan, scan=FINER), body)

    def test_the_same_plan_gives_the_same_voxels_and_another_seed_does_not(self):
        plan = StudyPlan(name="same", seed=4, scan=SMALL)
        a, b = simulate(plan), simulate(plan)
        other = simulate(msgspec.structs.replace(plan, seed=5))
        assert (a.volume.hu == b.volume.hu).all()
        assert a.truth == b.truth
        assert (a.volume.hu != other.volume.hu).mean() > 0.5
        assert (a.bone == other.bone).all()

    @pytest.mark.parametrize("position", ["HFP", "FFS", "FFP"])
    def test_position_changes_how_voxels_are_stored_and_nothing_else(self, position):
        plain = hip_phantom(seed=1)
        other = hip_phantom(seed=1, scan=msgspec.structs.replace(COARSE, position=position))
        assert (other.volume.canonical().hu == plain.volume.hu).all()
        np.testing.assert_allclose(other.volume.canonical().grid.affine, plain.volume.grid.affine, atol=1e-9)
        assert other.truth == plain.truth

    def test_thick_slices_keep_the_volume_of_a_lesion(self):
        plan = (Island(side="left", muscle="gluteus_maximus", volume_ml=12.0),)
        scan = msgspec.structs.replace(COARSE, right_mm=-20.0, spacing_mm=(5.0, 2.0, 2.0), thickness_mm=6.0)
        thick = hip_phantom(plan, scan=scan)
        assert thick.volume.hu.shape[0] == 33
        assert thick.truth.lesions[0].volume_mm3 == pytest.approx(12000, rel=0.06)

    def test_noise_is_what_was_asked_for(self):
        quiet = hip_phantom(scan=msgspec.structs.replace(COARSE, noise_hu=0.0))
        loud = hip_phantom(scan=msgspec.structs.replace(COARSE, noise_hu=30.0))
        muscle = (quiet.volume.hu > 30) & (quiet.volume.hu < 70)
        noise = (loud.volume.hu.astype(float) - quiet.volume.hu)[muscle]
        assert 18 < noise.std() < 32
        assert abs(noise.mean()) < 1
