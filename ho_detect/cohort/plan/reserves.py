"""Series that are analysed only where a better one of their study gives no result."""

from __future__ import annotations

from collections import defaultdict

from ho_detect.cohort.plan.plan import Plan, unpack

#: Reasons that say nothing of the series: it is not replaced.
NO_VERDICT = frozenset({"interrupted", "not_written", "better_series_used", "bad_anatomy"})


class Reserves:
    """Which series stand by for which, as outcomes come in.

    Parameters
    ----------
    plan
        All series, or those of a shard.
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        places = {one.row.number: place for place, one in enumerate(plan.series)}
        self._waiting: dict[int, list[int]] = defaultdict(list)
        for place, one in enumerate(plan.series):
            if one.reserve_of in places and one.entry is not None:
                self._waiting[places[one.reserve_of]].append(place)
        #: Of each series that came in place of another one: the place of that one.
        self.instead: dict[int, int] = {}

    def called(self, place: int) -> list[int]:
        """Return the places of series to analyse now that the one at ``place`` gave no result, best first.

        The next best, and those that it does not show; what it shows stands by for it.
        """
        from ho_detect.acquisition.series.preference import stands_in

        series = self._plan.series
        waiting = sorted(self._waiting.pop(place, []), key=lambda k: (series[k].row.rank or 0, k))
        entries = {k: unpack(packed) for k in waiting if (packed := series[k].entry) is not None}
        due: list[int] = []
        for k, entry in entries.items():
            better = next((d for d in due if stands_in(entries[d], entry)), None)
            if better is None:
                due.append(k)
                self.instead[k] = place
            else:
                self._waiting[better].append(k)
        return due
