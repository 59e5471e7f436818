"""Bones that moved are registered, each on its own; another person's are not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from model_hips import analysed, head_center
from scanned_twice import EARLIER, LATER, SETTINGS, TURN_DEG

from ho_detect.followup.registration import register_bones
from ho_detect.image.grid import rotation


class TestRegistration:
    def test_every_bone_to_a_quarter_of_a_millimetre(self):
        motions = register_bones(analysed(EARLIER), analysed(LATER))
        assert [(m.side, m.bone) for m in motions] == [(s, b) for s in ("left", "right") for b in ("femur", "pelvis")]
        turn = rotation("z", TURN_DEG)
        for m in motions:
            assert m.good(SETTINGS.follow_up)
            for offset in ((0.0, 0.0, 0.0), (0.0, 0.0, -60.0)):
                point = head_center(m.side) + offset
                assert np.linalg.norm(m.move(point[None])[0] - turn @ point) < 0.35

    def test_a_study_with_itself_does_not_move(self):
        motions = register_bones(analysed(EARLIER), analysed(EARLIER))
        assert len(motions) == 4
        for m in motions:
            assert m.move(head_center(m.side)[None])[0] == pytest.approx(head_center(m.side), abs=0.05)
            assert m.residual_mm < 0.3

    def test_the_wrong_bone_is_not_good(self):
        # the later study mirrored: no such person
        later = analysed(LATER)
        volume = later.result.volume
        other = replace(later.result, scan=replace(volume, hu=np.ascontiguousarray(volume.hu[:, :, ::-1])))
        motions = register_bones(analysed(EARLIER), replace(later, result=other))
        assert len(motions) == 4
        assert not any(m.good(SETTINGS.follow_up) for m in motions)
