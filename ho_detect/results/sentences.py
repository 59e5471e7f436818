"""Findings in words: hips, lesions, and what was detected and not counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from ho_detect.detection.judge.excluded import EXCLUSIONS, GROUPS, Excluded, group_of
from ho_detect.flags import FLAGS, Flag
from ho_detect.results.hip_words import hip_sentence
from ho_detect.results.lesion_words import lesion_sentence, millilitres, probability_words
from ho_detect.results.record import FindingsRecord


def record_sentences(record: FindingsRecord) -> Iterator[str]:
    """Say what was found at each hip, of each lesion, of what is not counted, then what qualifies it."""
    yield from (hip_sentence(hip, record.lesions) for hip in record.hips)
    yield from map(lesion_sentence, record.lesions)
    yield from excluded_sentences(record.excluded)
    yield from (f"Note: {words}." for words in flag_words(record.flags))


def flag_words(flags: Iterable[Flag]) -> tuple[str, ...]:
    """Say each flag once, with all its details behind it.

    >>> from ho_detect.flags import flag
    >>> flag_words([flag("cut_at_metal_zone", "lesion 1"), flag("cut_at_metal_zone", "lesion 3")])[0][-20:]
    '(lesion 1, lesion 3)'
    """
    details: dict[str, list[str]] = {}
    for one in flags:
        sentence = FLAGS.get(one.code, one.message)
        detail = one.message.removeprefix(sentence).removeprefix(" (").removesuffix(")")
        details.setdefault(sentence, []).extend([detail] if detail != one.message and detail else [])
    return tuple(f"{words} ({', '.join(said)})" if said else words for words, said in details.items())


def excluded_sentences(excluded: Iterable[Excluded]) -> Iterator[str]:
    """Say each thing that is undecided, each bony outgrowth beside the joint, and how many others are not counted."""
    things = sorted(excluded, key=lambda e: (GROUPS.index(group_of(e.reason)), -e.volume_mm3))
    told = [e for e in things if group_of(e.reason) in _GROUP_WORDS]
    yield from (f"{_GROUP_WORDS[group_of(e.reason)]}: {_excluded_words(e)}." for e in told)
    counts = Counter(e.reason for e in things if e not in told)
    if counts:
        said = "; ".join(f"{n} x {EXCLUSIONS.get(reason, reason)}" for reason, n in counts.items())
        yield f"Detected, not counted: {said}."


_GROUP_WORDS = {
    "reader": "Dropped by a reader",
    "undecided": "Undecided, not counted",
    "outgrowth": "Bony outgrowth beside the joint, not counted",
}


def _excluded_words(thing: Excluded) -> str:
    size = [
        *([thing.side] if thing.side else []),
        millilitres(thing.volume_mm3),
        *([f"height {thing.height_mm:.0f} mm"] if thing.height_mm is not None else []),
        *([f"base {thing.base_mm:.0f} mm"] if thing.base_mm is not None else []),
    ]
    because = f"; weighed most: {thing.because}" if thing.because else ""
    given = "" if thing.probability is None else f"; probability of ossification {probability_words(thing.probability)}"
    return f"{', '.join(size)}; {thing.message}{because}{given}"
