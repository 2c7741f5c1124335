"""Many states as one long table."""

from __future__ import annotations

from collections.abc import Iterable

from kursk_timeline.formats.arrow import Table
from kursk_timeline.replay.state import State


def table_of(states: Iterable[State]) -> Table:
    """One row for each date and key; see `Timeline.states`."""
    rows = [(state.date, key, found) for state in states for key, found in state.all_estimates().items()]
    amounts = [None if found.measure.is_name else found.quantity for _, _, found in rows]
    holders = [", ".join(sorted(found.holders)) if found.measure.is_name else None for _, _, found in rows]
    return Table(
        [
            ("date", "date", [date for date, _, _ in rows]),
            ("measure", "string", [key.measure for _, key, _ in rows]),
            ("subject", "string", [key.subject for _, key, _ in rows]),
            ("region", "string", [key.region for _, key, _ in rows]),
            ("low", "number", [None if q is None else q.low for q in amounts]),
            ("best", "number", [None if q is None else q.best for q in amounts]),
            ("high", "number", [None if q is None else q.high for q in amounts]),
            ("unit", "string", [None if q is None else q.unit for q in amounts]),
            ("holders", "string", holders),
            ("certain", "bool", [found.certain for _, _, found in rows]),
            ("disputed", "bool", [found.disputed for _, _, found in rows]),
            ("stale", "bool", [found.stale for _, _, found in rows]),
            ("last_heard", "date", [found.last_heard for _, _, found in rows]),
        ]
    )
