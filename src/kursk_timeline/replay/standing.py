"""
Which claims stand: known by a day, and neither withdrawn nor replaced by then.

Retraction looks at no claimant and comes before any choice of whom to believe.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import TypeAlias

from kursk_timeline.errors import QueryError, shown
from kursk_timeline.events.base import Event, Source
from kursk_timeline.events.kinds import Corroborated, Retracted, Superseded
from kursk_timeline.text import path


def is_known(event: Event, known_on: dt.date | None) -> bool:
    """Surely public by the end of that day; None for ever."""
    if known_on is None:
        return True
    latest = event.reported.latest
    return latest is not None and latest <= known_on


def withdrawn(events: Sequence[Event], known_on: dt.date | None = None) -> dict[str, Event]:
    """
    The ids of withdrawn and replaced events, each with the event that did it.

    Args:
        events: All events, in log order. An event about another stands after it.
        known_on: Only what was known by the end of this day counts; None for everything.

    A retraction that is itself withdrawn withdraws nothing. A supersession counts once its
    successor is known. Cost: O(n).
    """
    known = [event for event in events if is_known(event, known_on)]
    ids = {event.id for event in known}
    gone: dict[str, Event] = {}
    # From the back: whatever may withdraw an event comes after it and is settled by then.
    for event in reversed(known):
        if event.id in gone:
            continue
        if isinstance(event, Retracted) or (isinstance(event, Superseded) and event.by in ids):
            gone[event.event] = event
    return gone


def standing(events: Sequence[Event], known_on: dt.date | None = None) -> list[Event]:
    """The claims that stand on what was known by the end of `known_on`, in log order."""
    gone = withdrawn(events, known_on)
    return [e for e in events if e.is_claim and is_known(e, known_on) and e.id not in gone]


def corroborations(events: Sequence[Event], known_on: dt.date | None = None) -> dict[str, tuple[Source, ...]]:
    """The further places where an event was read, by its id, on what was known by the end of `known_on`."""
    gone = withdrawn(events, known_on)
    found: dict[str, tuple[Source, ...]] = {}
    for event in events:
        if isinstance(event, Corroborated) and is_known(event, known_on) and event.id not in gone:
            found[event.event] = (*found.get(event.event, ()), event.source)
    return found


Paths: TypeAlias = str | Iterable[str]
"""One path of claimants, or several."""


def paths_of(value: Paths | None) -> tuple[str, ...] | None:
    """
    The paths that a question names, each once; None for everybody.

    Raises:
        QueryError: it is something else, or names nobody.
    """
    if value is None:
        return None
    several = [value] if isinstance(value, str) else value
    if not isinstance(several, Iterable):
        raise QueryError(f"according_to takes claimants such as 'ukraine' or 'russia/mod', not {shown(value)}")
    found = tuple(dict.fromkeys(path(one) for one in several))
    if not found:
        raise QueryError("according_to names nobody; leave it out to hear everybody")
    return found


def speaks_for(claimant: str, paths: Iterable[str]) -> bool:
    """
    Is the claimant one of the paths, or below one?

    >>> speaks_for("ukraine/syrsky", ["ukraine"]), speaks_for("ukraine/syrsky", ["ukraine/zelensky"])
    (True, False)
    """
    return any(claimant == path or claimant.startswith(f"{path}/") for path in paths)
