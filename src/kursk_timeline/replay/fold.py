"""The general fold, for state that is no key and number."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from kursk_timeline.errors import InputError
from kursk_timeline.events.base import Event
from kursk_timeline.when import day_of

S = TypeVar("S")


def _middle(event: Event) -> int:
    middle = event.window.middle
    if middle is None:
        raise InputError(f"{event!r} has no day to be replayed on: give `occurred` a start or an end")
    return middle.toordinal()


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

    Cost: O(n log n) for sorting, and n calls of `step`.

    >>> replay([], lambda seen, event: seen + 1, 0, until="2024-12-31")
    0
    """
    last = None if until is None else day_of(until).toordinal()
    state = initial
    for middle, event in sorted(((_middle(e), e) for e in events), key=lambda pair: pair[0]):
        if last is not None and middle > last:
            break
        state = step(state, event)
    return state
