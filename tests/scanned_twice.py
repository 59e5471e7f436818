"""One person scanned twice, as the tests of the follow-up compare: analysed once in a process."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from model_hips import BRIDGE, ISLAND, Growth, Plan, scan

from ho_detect.analyze import analyze_with_anatomy
from ho_detect.followup.compare import compare_analyses
from ho_detect.followup.follow_up import FollowUp
from ho_detect.settings import Settings

SETTINGS = Settings()
TURN_DEG = 9.0
#: The island has grown, the bridge has not, and a second island is new; the patient lies turned.
NEW = Growth("right", ((0.0, 62.0, -6.0),), 8.0)
EARLIER = Plan((ISLAND, BRIDGE))
LATER = Plan((replace(ISLAND, radius=11.5), BRIDGE, NEW), turn_deg=TURN_DEG, spacing=(1.75, 1.5, 1.5), noise_hu=12.0)


@lru_cache(maxsize=2)
def analysed(plan):
    return analyze_with_anatomy(scan(plan).volume, SETTINGS)


@lru_cache(maxsize=2)
def compared():
    return compare_analyses(analysed(EARLIER), analysed(LATER), SETTINGS)


def follow_up():
    return FollowUp.of(compared(), analysed(EARLIER).result, analysed(LATER).result)
