"""The general fold, for state that is no key and number."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import reduce
from itertools import chain
from operator import attrgetter
from typing import TypeVar

from kursk_timeline.events.base import Event, is_unread
from kursk_timeline.events.built import read_ahead
from kursk_timeline.when import day_of

S = TypeVar("S")

MANY = 10_000
"""So many events are put in order as an array; fewer are not worth loading numpy for."""

FETCHED = 1024
"""So many events are fetched at a time."""

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
    if given and is_unread(given[-1]):  # as a rule all are or none is, and asking each takes a tenth of all this
        read_ahead(given)
    return reduce(step, (_sorted if len(given) < MANY else _gathered)(given, last), initial)


def _sorted(events: Sequence[Event], last: int | None) -> Iterable[Event]:
    """The events up to a day, in the order of their middle days and then as they stand."""
    return sorted(events if last is None else (one for one in events if one.middle_day <= last), key=_middle)


def _gathered(events: Sequence[Event], last: int | None) -> Iterable[Event]:
    """
    The same for many events, which lie all over memory.

    Some are fetched at a time: the array's loop has many on their way at once, where a step in Python waits
    for each, and by the time of their step they are near.
    """
    import numpy as np

    days = np.fromiter(map(_middle, events), "i4", len(events))
    start = int(days.min())
    days -= start
    if days.max() < 1 << 16:
        days = days.astype("u2")  # sorted digit by digit, which is ten times as fast
    order = np.argsort(days, kind="stable")
    if last is not None:
        order = order[: np.searchsorted(days, last - start, "right", sorter=order)]
    given = np.fromiter(events, object, len(events))
    return chain.from_iterable(given[order[i : i + FETCHED]].tolist() for i in range(0, len(order), FETCHED))
