"""One person scanned twice, as the tests of the follow-up compare: analysed once in a process."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from model_hips import BRIDGE, ISLAND, Growth, Plan, analysed

from ho_detect.followup.compare import compare_analyses
from ho_detect.followup.follow_up import FollowUp
from ho_detect.settings import Settings

SETTINGS = Settings()
TURN_DEG = 9.0
#: Slender: of a stout one a piece of its foot on the ilium is undecided in one scan (``STOUT``).
SLENDER = replace(BRIDGE, radius=7.0)
#: The island has grown, the bridge has not, and a second island is new; the patient lies turned.
NEW = Growth("right", ((0.0, 62.0, -6.0),), 8.0)
EARLIER = Plan((ISLAND, SLENDER))
LATER = Plan((replace(ISLAND, radius=11.5), SLENDER, NEW), turn_deg=TURN_DEG, spacing=(1.75, 1.5, 1.5), noise_hu=12.0)
STOUT = replace(EARLIER, growths=(ISLAND, BRIDGE)), replace(LATER, growths=(LATER.growths[0], BRIDGE, NEW))


@lru_cache(maxsize=2)
def compared(*, backwards=False):
    first, second = (LATER, EARLIER) if backwards else (EARLIER, LATER)
    return compare_analyses(analysed(first), analysed(second), SETTINGS)


@lru_cache(maxsize=1)
def follow_up():
    return FollowUp.of(compared(), analysed(EARLIER).result, analysed(LATER).result)
