"""What was worked out for a box of a volume, kept until the same thread asks for another."""

from __future__ import annotations

from collections.abc import Callable
from threading import local
from typing import Generic, TypeVar

Spans = tuple[slice, ...]
Kept = TypeVar("Kept")


class LastBox(Generic[Kept]):
    """One result for each thread: what is asked of one candidate comes one after the other in one thread."""

    def __init__(self) -> None:
        self._here = local()

    def get(self, spans: Spans, work_out: Callable[[Spans], Kept]) -> Kept:
        """Return ``work_out(spans)``, or what it returned when it was asked for last.

        ``work_out`` may raise, and may itself ask for another box.
        """
        last: tuple[Spans, Kept] | None = getattr(self._here, "last", None)
        if last is None or last[0] != spans:
            self._here.last = last = None  # not two results at once
            self._here.last = last = spans, work_out(spans)
        return last[1]
