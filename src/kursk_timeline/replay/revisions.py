"""How the answer for one key on one date changed as reports came in."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import attrs

from kursk_timeline.formats import arrow
from kursk_timeline.measures import Key
from kursk_timeline.replay.diff import Change, change
from kursk_timeline.replay.estimate import Estimate
from kursk_timeline.replay.notation import estimate_text
from kursk_timeline.rich import Rich
from kursk_timeline.text import visible


@attrs.frozen
class Revision:
    """
    The answer on what was known over a span of days.

    Attributes:
        known_from: The first of these days.
        known_until: The last; None where the answer still stands.
        estimate: The answer; None where nothing was claimed yet, or any more.
        change: How it differs from the one before, and by which events.
    """

    known_from: dt.date
    known_until: dt.date | None
    estimate: Estimate | None
    change: Change

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "known_from": self.known_from.isoformat(),
            "known_until": None if self.known_until is None else self.known_until.isoformat(),
            "estimate": None if self.estimate is None else self.estimate.to_dict(),
            "came": [event.id for event in self.change.came],
            "went": [event.id for event in self.change.went],
        }

    @property
    def span(self) -> str:
        """The days in words, as in ``known 2024-08-08 to 2024-08-11`` or ``known since 2024-10-13``."""
        if self.known_until is None:
            return f"known since {self.known_from}"
        if self.known_until == self.known_from:
            return f"known on {self.known_from}"
        return f"known {self.known_from} to {self.known_until}"

    def __str__(self) -> str:
        said = "nothing is claimed" if self.estimate is None else estimate_text(self.estimate)
        return visible(f"{self.span}: {said}")


class Revisions(Rich):
    """
    The answers for one key on one date, in the order in which one could have given them.

    Reads as an Arrow stream: one row for each.
    """

    def __init__(self, key: Key, date: dt.date, found: Iterable[Revision]) -> None:
        self.key, self.date = key, date
        self._found = tuple(found)

    @classmethod
    def of(
        cls, key: Key, date: dt.date, known: Iterable[dt.date], ask: Callable[[dt.date], Estimate | None]
    ) -> Revisions:
        """
        What `ask` answers on what was known by the end of each of these days, where that changes.

        Args:
            known: The days on which anything that can matter became known, in order.
            ask: Gives the estimate of the key on the date.
        """
        starts: list[tuple[dt.date, Estimate | None, Change]] = []
        before: Estimate | None = None
        for day in known:
            after = ask(day)
            changed = change(key, before, after)
            if changed is not None:
                starts.append((day, after, changed))
                before = after
        ends = [day - dt.timedelta(days=1) for day, _, _ in starts[1:]]
        spans = zip(starts, [*ends, None], strict=False)
        return cls(key, date, (Revision(day, end, estimate, how) for (day, estimate, how), end in spans))

    def __iter__(self) -> Iterator[Revision]:
        return iter(self._found)

    def __getitem__(self, place: int) -> Revision:
        """One of them by its place; -1 is the answer of today."""
        return self._found[place]

    def __len__(self) -> int:
        return len(self._found)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON: the question, and each answer."""
        return {
            "key": str(self.key),
            "date": self.date.isoformat(),
            "revisions": [one.to_dict() for one in self._found],
        }

    def table(self) -> arrow.Table:
        """One row for each answer; of a name, or where nothing is claimed, the numbers are null."""
        estimates = [one.estimate for one in self._found]
        amounts = [None if e is None or e.measure.is_name else e.quantity for e in estimates]
        holders = [", ".join(sorted(e.holders)) if e is not None and e.measure.is_name else None for e in estimates]
        return arrow.Table(
            [
                ("known_from", "date", [one.known_from for one in self._found]),
                ("known_until", "date", [one.known_until for one in self._found]),
                ("low", "number", [None if a is None else a.low for a in amounts]),
                ("best", "number", [None if a is None else a.best for a in amounts]),
                ("high", "number", [None if a is None else a.high for a in amounts]),
                ("unit", "string", [None if a is None else a.unit for a in amounts]),
                ("holders", "string", holders),
                ("certain", "bool", [None if e is None else e.certain for e in estimates]),
                ("disputed", "bool", [None if e is None else e.disputed for e in estimates]),
                ("stale", "bool", [None if e is None else e.stale for e in estimates]),
            ]
        )

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return self.table().__arrow_c_stream__(requested_schema)

    def lines(self) -> Iterator[str]:
        """The answers as text; below each the events that came and went."""
        yield f"{visible(str(self.key))} on {self.date}, as reports came in"
        if not self._found:
            yield "  nothing is claimed"
        for one in self._found:
            yield f"  {one}"
            yield from (f"    + {visible(repr(event))} [{event.id[:12]}]" for event in one.change.came)
            yield from (f"    - {visible(repr(event))} [{event.id[:12]}]" for event in one.change.went)

    def __repr__(self) -> str:
        return "\n".join(self.lines())
