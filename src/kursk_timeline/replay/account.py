"""
Accounts: one party's version of one key, its own events replayed alone.

An `AccountHistory` knows one account on all days; an `Account` is what it says on one day. Days in
here are ordinals (`datetime.date.toordinal`); dates appear at the surface.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from typing import Literal, TypeAlias

import attrs

from kursk_timeline.events.base import Event
from kursk_timeline.measures import Key, Measure
from kursk_timeline.replay.bounds import FOREVER
from kursk_timeline.replay.steps import Step, at
from kursk_timeline.replay.value import Value, Valued
from kursk_timeline.replay.world import World
from kursk_timeline.rich import Rich
from kursk_timeline.when import day_of

Gaps: TypeAlias = Literal["hold", "span"]
"""What a party's silence between two of its own sets means: the last one stands, or anything between."""


def days_of(event: Event) -> tuple[int, int, int]:
    """First, last and middle day of an event's window; `FOREVER` for an end that is open."""
    window = event.window
    assert window.earliest is not None  # claims have a start
    first = window.earliest.toordinal()
    if window.latest is None:
        # No end has no middle. The first day is the one figure the claimant did give.
        return first, FOREVER, first
    last = window.latest.toordinal()
    # The last day of the calendar stands for no end, however it was written.
    return first, last, first if last == FOREVER else (first + last) // 2


@attrs.frozen
class Speech:
    """When an account's party spoke, on all days."""

    begins: tuple[int, ...]
    """First days of its events, in order."""
    heard: tuple[int, ...]
    """For each, the latest day up to which any event begun by then was heard or restated."""
    spoken: tuple[int, ...]
    """For each, the latest middle of any event begun by then."""

    @classmethod
    def of(cls, events: Iterable[Event]) -> Speech:
        rows = []
        for event in events:
            first, last, middle = days_of(event)
            restated = last
            if event.restated_until is not None:
                restated = event.restated_until.toordinal()
            rows.append((first, max(last, restated), middle))
        rows.sort()
        return cls(
            tuple(first for first, _, _ in rows),
            tuple(accumulate((until for _, until, _ in rows), max)),
            tuple(accumulate((middle for _, _, middle in rows), max)),
        )

    def last_heard(self, day: int) -> int:
        return min(day, self.heard[bisect_right(self.begins, day) - 1])

    def last_spoken(self, day: int) -> int:
        return self.spoken[bisect_right(self.begins, day) - 1]


class AccountHistory(Rich):
    """
    One party's version of one key, on all days.

    Its `steps` are spans of days over which its bounds do not change.
    """

    key: Key
    party: str
    measure: Measure

    # What a kind of account must say of itself:

    @property
    def begins(self) -> int:
        """First day on which any of its events can have happened; before it there is no account."""
        raise NotImplementedError

    @property
    def sure_from(self) -> int:
        """First day by which some event must have happened; `FOREVER` if none ever must."""
        raise NotImplementedError

    @property
    def value_steps(self) -> Sequence[tuple[int, Value]]:
        """(first day, value) wherever the value changes."""
        raise NotImplementedError

    def last_heard(self, day: int) -> int:
        """The latest day, up to this one, on which the party said it or said it again."""
        raise NotImplementedError

    def last_spoken(self, day: int) -> int:
        """The latest middle day of its events begun by this day; it may lie after it."""
        raise NotImplementedError

    def is_stale(self, day: int, value: Value, heard: int) -> bool:
        """It was not heard for longer than the measure's shelf life; with its value and the day it was last heard."""
        raise NotImplementedError

    def days_of_change(self) -> set[int]:
        """Days on which the value, or whether or how it counts, can change."""
        raise NotImplementedError

    def made_by(self, day: int) -> Mapping[str, tuple[Event, ...]]:
        """The events behind each part of the value."""
        raise NotImplementedError

    def in_play(self, day: int) -> tuple[Event, ...]:
        """The events that alone give the same account on a day, in log order."""
        raise NotImplementedError

    def worlds(self, day: int) -> Mapping[str, World]:
        """For each bound (or possible name) a world that reaches it."""
        raise NotImplementedError

    def contradicts_itself(self, day: int) -> bool:  # noqa: ARG002 (only numbers need the day)
        """In no world does it stay at or above the measure's floor. (A name has no floor.)"""
        return False

    # What follows for all:

    def value_on(self, day: int) -> Value | None:
        """The value on a day (ordinal); None before it begins."""
        return at(self.value_steps, day)

    def on(self, day: int, counts: bool = False) -> Account | None:
        """What it says on a day (ordinal), and whether its estimate counts it; None before it begins."""
        value = self.value_on(day) if day >= self.begins else None
        return None if value is None else self.saying(day, value, self.last_heard(day), counts=counts)

    def saying(self, day: int, value: Value, heard: int, spoken: int | None = None, *, counts: bool) -> Account:
        """The account of a day on which its value, and when it was last heard and spoken for, are known already."""
        return Account(
            history=self,
            day=day,
            value=value,
            heard=heard,
            spoken=spoken,
            certain=self.sure_from <= day,
            stale=self.is_stale(day, value, heard),
            counts=counts,
            unit=self.measure.unit,
        )

    def at(self, date: object) -> Account | None:
        """What it says on a date; None before it begins."""
        return self.on(day_of(date).toordinal())

    @property
    def steps(self) -> list[Step]:
        """Its steps in order; the last has no end. Cost: O(steps)."""
        days = sorted({day for day, _ in self.value_steps} | ({self.sure_from} - {FOREVER}))
        return Step.run(
            [
                (day, Step.of(self.measure, value, certain=self.sure_from <= day))
                for day in days
                if (value := at(self.value_steps, day)) is not None
            ]
        )

    def __repr__(self) -> str:
        return f"<account of {self.party} on {self.key}: {len(self.steps)} steps>"


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Account(Rich, Valued):
    """
    What one party says of one key on one day.

    Attributes:
        heard: The latest day (ordinal), up to this one, on which the party said it or said it again.
        certain: Some event of the account must have happened.
        stale: Its party was not heard for longer than the measure's shelf life.
        counts: The estimate counts it.
    """

    history: AccountHistory
    day: int
    value: Value
    heard: int
    certain: bool
    stale: bool
    counts: bool = False
    unit: str | None = attrs.field(default=attrs.Factory(lambda self: self.history.measure.unit, takes_self=True))
    _spoken: int | None = None

    def counted(self) -> Account:
        """The same, counted by its estimate."""
        return Account(
            history=self.history,
            day=self.day,
            value=self.value,
            heard=self.heard,
            spoken=self._spoken,
            certain=self.certain,
            stale=self.stale,
            counts=True,
            unit=self.unit,
        )

    @property
    def party(self) -> str:
        """Who says it."""
        return self.history.party

    @property
    def key(self) -> Key:  # type: ignore[override]
        """Of what."""
        return self.history.key

    @property
    def measure(self) -> Measure:  # type: ignore[override]
        """Of which measure."""
        return self.history.measure

    @property
    def date(self) -> dt.date:  # type: ignore[override]
        """The day asked about."""
        return dt.date.fromordinal(self.day)

    @property
    def last_heard(self) -> dt.date:  # type: ignore[override]
        """The latest day, up to this one, on which the party said it or said it again."""
        return dt.date.fromordinal(self.heard)

    @property
    def spoken(self) -> int:
        """The latest middle day (ordinal) of its events begun by this day; it may lie after it."""
        return self.history.last_spoken(self.day) if self._spoken is None else self._spoken

    @property
    def contradictory(self) -> bool:
        """
        In no world does it stay at or above the measure's floor, at which it is then shown.

        More was taken away than there was. Cost: one search.
        """
        return self.history.contradicts_itself(self.day)

    @property
    def made_by(self) -> Mapping[str, tuple[Event, ...]]:
        """The events behind ``low``, ``best`` and ``high`` (or ``holders``), in log order. Cost: one search."""
        return self.history.made_by(self.day)

    @property
    def worlds(self) -> Mapping[str, World]:
        """
        For ``low``, ``best`` and ``high`` (or each possible name) a world that reaches it.

        Replayed, it gives the bound. Cost: one search.
        """
        return self.history.worlds(self.day)

    @property
    def in_play(self) -> tuple[Event, ...]:
        """The events that have a say on that day, in log order; alone they give the same account."""
        return self.history.in_play(self.day)

    @property
    def events(self) -> tuple[str, ...]:
        """The ids of all events that made the bounds."""
        return tuple(dict.fromkeys(event.id for events in self.made_by.values() for event in events))

    def to_dict(self) -> dict[str, object]:
        """Plain JSON; a bound that is open is None."""
        return {
            "party": self.party,
            **self.said(),
            "certain": self.certain,
            "stale": self.stale,
            "counts": self.counts,
            "contradictory": self.contradictory,
            "last_heard": self.last_heard.isoformat(),
            "events": list(self.events),
        }

    def __eq__(self, other: object) -> bool:
        """They say the same of the same key on the same day, by the same events."""
        if not isinstance(other, Account):
            return NotImplemented
        return (self.key, self.day, self.to_dict()) == (other.key, other.day, other.to_dict())

    def __hash__(self) -> int:
        return hash((self.key, self.party, self.day, self.value))

    def __str__(self) -> str:
        from kursk_timeline.replay.notation import account_text

        return account_text(self)

    def __repr__(self) -> str:
        return f"<{self.key} by {self}>"
