"""The general fold, for state that is no key and number."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import reduce
from operator import attrgetter
from typing import TypeVar

from kursk_timeline.events.base import Event
from kursk_timeline.when import day_of

S = TypeVar("S")

MANY = 10_000
"""So many events are put in order as an array; fewer are not worth loading numpy for."""

_middle = attrgetter("middle_day")


def replay(events: Iterable[Event], step: Callable[[S, Event], S], initial: S, *, until: object = None) -> S:
    """
    Fold events into a state: the best world, one event after the other.

    Events come in the order of the middle day of their window, then as given (which is the log's
    order). For bounds over *all* worlds ask `Timeline.state_at`.

    Args:
        events: Finite, in log order, as from `Timeline.events`; read once.
        step: State and event in, next state out.
        initial: The state before the first event.
        until: Last day that counts; None for all.

    Returns:
        The state after the last event whose middle day is not after `until`.

    Cost: O(n log n) for sorting, and n calls of `step`; each event is read once and remembers its day.

    >>> replay([], lambda seen, event: seen + 1, 0, until="2024-12-31")
    0
    """
    last = None if until is None else day_of(until).toordinal()
    given = list(events)
    days: list[int] = list(map(_middle, given))
    return reduce(step, map(given.__getitem__, _in_order(days, last)), initial)


def _in_order(days: Sequence[int], last: int | None) -> Iterable[int]:
    """The places of the days up to the last, in the order of days and then as they stand."""
    if len(days) < MANY:
        places = range(len(days)) if last is None else [place for place, day in enumerate(days) if day <= last]
        return sorted(places, key=days.__getitem__)
    import numpy as np

    found = np.array(days, "i4")
    found -= found.min()
    if found.max() < 1 << 16:
        found = found.astype("u2")  # sorted digit by digit, which is ten times as fast
    order = np.argsort(found, kind="stable")
    if last is not None:
        order = order[: np.searchsorted(found, last - min(days), "right", sorter=order)]
    places_: list[int] = order.tolist()
    return places_
