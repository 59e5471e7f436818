"""Gaps between what grows towards each other at one hip: from face to face."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from made_detection import region
from made_findings import make_lesion

from ho_detect.detection.candidates import Candidate
from ho_detect.detection.measure.opposing import with_opposing_gaps

WHOLE = (slice(None),) * 3


class TestOpposing:
    SHAPE = (20, 20, 60)

    def gaps(self, *kinds, sides=None):
        """Boxes at x 5 to 15, 22 to 30 and 40 to 50 voxels of 1 mm, grown from those bones."""
        spans = ((5, 15), (22, 30), (40, 50))
        candidates, lesions = [], []
        for number, (kind, (a, b)) in enumerate(zip(kinds, spans, strict=False), 1):
            mask = np.zeros(self.SHAPE, bool)
            mask[5:15, 5:15, a:b] = True
            candidates.append(Candidate(WHOLE, mask, joined=True, touching=kind))
            side = "left" if sides is None else sides[number - 1]
            lesions.append(make_lesion(number, side=side, attached_to=kind))
        found = region(np.zeros(self.SHAPE))
        return [x.gap_opposing_mm for x in with_opposing_gaps(found, lesions, candidates)]

    def test_between_faces(self):
        # from the end of voxel 14 to the start of voxel 22
        assert self.gaps(("femur",), ("pelvis",)) == [7.0, 7.0]

    def test_with_its_digits(self):
        mask = np.zeros(self.SHAPE, bool)
        mask[5:15, 5:15, 5:15] = True
        other = np.roll(mask, 20, axis=2)
        candidates = [Candidate(WHOLE, m, joined=True) for m in (mask, other)]
        lesions = [make_lesion(1, attached_to=("femur",)), make_lesion(2, attached_to=("pelvis",))]
        found = with_opposing_gaps(region(np.zeros(self.SHAPE), (1.0, 1.0, 0.73)), lesions, candidates)
        assert [lesion.gap_opposing_mm for lesion in found] == [7.3, 7.3]
        found = with_opposing_gaps(region(np.zeros(self.SHAPE), (1.0, 1.0, 0.737)), lesions, candidates)
        assert [lesion.gap_opposing_mm for lesion in found] == [7.37, 7.37]

    def test_the_nearest_counts(self):
        assert self.gaps(("femur",), ("pelvis",), ("femur",)) == [7.0, 7.0, 10.0]

    @pytest.mark.parametrize("kinds", [(("femur",), ("femur",)), ((), ("pelvis",)), (("femur", "pelvis"), ("pelvis",))])
    def test_only_femur_against_pelvis(self, kinds):
        assert self.gaps(*kinds) == [None, None]

    def test_only_at_the_same_hip(self):
        assert self.gaps(("femur",), ("pelvis",), sides=("left", "right")) == [None, None]

    def test_what_is_measured_needs_no_reason(self):
        mask = np.zeros(self.SHAPE, bool)
        mask[5:15, 5:15, 5:15] = True
        other = np.roll(mask, 20, axis=2)
        candidates = [Candidate(WHOLE, m, joined=True) for m in (mask, other)]
        with_masks = {"muscle_volumes_mm3": ()}
        lesions = [make_lesion(k, attached_to=(b,), **with_masks) for k, b in ((1, "femur"), (2, "pelvis"))]
        measured = with_opposing_gaps(region(np.zeros(self.SHAPE)), lesions, candidates)
        assert [lesion.gap_opposing_mm for lesion in measured] == [10.0, 10.0]
        for lesion in measured:
            nulls = {n for n, v in msgspec.structs.asdict(lesion).items() if v is None}
            assert {n.field for n in lesion.not_said} == nulls == set()
