"""
Witness worlds: for each bound of an account one choice of days and values that reaches it.

A bound is a claim about all worlds; a witness is the one world a doubter can replay by hand. It
places only the claims *in play*. Every other claim of the account either cannot have happened by the
day asked about or surely stands before a set that surely happened after it, so that it has no say
whatever its day and value (see `replay.bounds`).
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterable

import attrs

from kursk_timeline.events.base import Event
from kursk_timeline.measures import Key
from kursk_timeline.replay.bounds import FOREVER, OPEN, Claim, Naming, Trace
from kursk_timeline.units import unit


@attrs.frozen(kw_only=True)
class Placed:
    """
    One claim's place in a world.

    Attributes:
        event: The event that claims it.
        key: The key it acts on.
        order: Its place among the claims of that key; decides between claims of one day.
        day: The day it happens on in this world (ordinal).
        value: What it sets or adds, in base units (`OPEN` for an amount without bound), or a name.
        adds: It adds to what is there; else it sets it.
        unit: The unit of its measure; None of a name.
        floor: The least value of its measure, in base units; None without one.
        ahead: With ``gaps="span"``: the party is on its way to this next report, and already there.
    """

    event: Event
    key: Key
    order: int
    day: int
    value: int | str
    adds: bool
    unit: str | None
    floor: int | None
    ahead: bool = False

    @property
    def date(self) -> dt.date | None:
        """The day it happens on in this world; None for never."""
        return None if self.day >= FOREVER else dt.date.fromordinal(self.day)

    @property
    def amount(self) -> float | str:
        """The value in `unit`, infinite where it has no bound; or the name."""
        if isinstance(self.value, str) or self.unit is None:
            return self.value
        if abs(self.value) >= OPEN // 2:
            return float("inf") if self.value > 0 else -float("inf")
        return float(self.value / unit(self.unit).factor)


@attrs.frozen(kw_only=True)
class World:
    """
    One choice of a day and a value for every claim in play.

    Attributes:
        day: The day asked about (ordinal).
        placed: Every claim in play, in the order of the replay: day, then log.
        initial: What there is before any claim: 0, or a name.
    """

    day: int
    placed: tuple[Placed, ...]
    initial: int | str = 0

    def counts(self, placed: Placed) -> bool:
        """Whether a claim of this world has happened by the day asked about."""
        return placed.ahead or placed.day <= self.day

    def replay(self) -> int | str:
        """
        The value of this world: the claims up to the day, one after the other, in base units.

        This is the plain definition; the bound comes from a search that never replays. Where a key is
        a sum of others, each is replayed and they are added up. What ends below its measure's floor is
        taken as the floor.
        """
        floors = {placed.key: placed.floor for placed in self.placed if placed.floor is not None}
        values: defaultdict[Key, int | str] = defaultdict(lambda: self.initial)
        for placed in self.placed:
            if not self.counts(placed):
                continue
            before = values[placed.key]
            if placed.adds and isinstance(before, int) and isinstance(placed.value, int):
                values[placed.key] = before + placed.value
            else:
                values[placed.key] = placed.value
        names = [value for value in values.values() if isinstance(value, str)]
        if names or isinstance(self.initial, str):
            return names[0] if names else self.initial
        return sum(max(value, floors.get(key, value)) for key, value in values.items() if isinstance(value, int))


Place = Callable[[Claim], tuple[int, int]]
"""Gives a claim its day and value."""


def reaching(trace: Trace, day: int, *, greatest: bool) -> Place:
    """Places every claim so that the world reaches the trace's value on the day."""
    sign = 1 if greatest else -1
    last = (0, -1) if trace.last_set is None else (trace.day, trace.last_set.order)

    def place(claim: Claim) -> tuple[int, int]:
        value = claim.high if greatest else claim.low
        if trace.last_set is not None and claim.order == trace.last_set.order:
            return trace.day, value
        surely = claim.last <= day
        if claim.first > day:
            return claim.first, value
        if not claim.adds:
            # Before the last set, or not yet.
            return (claim.first if (claim.first, claim.order) < last else day + 1), value
        if value * sign > 0:
            return min(claim.last, day), value  # as late as it can be: it is to come after the last set
        return (claim.first if surely else day + 1), value  # as early as can be, or not yet

    return place


def middle(claim: Claim) -> tuple[int, int]:
    """The best world: the middle of the window, the best value."""
    return claim.middle, claim.best


def name_reaching(last: Naming | None, day: int) -> Callable[[Naming], int]:
    """Places every claim so that `last` (None: no claim at all) gives the name on the day."""
    end = (0, -1) if last is None else (min(last.last, day), last.order)

    def place(claim: Naming) -> int:
        if claim.first > day or (last is not None and claim.order == last.order):
            return max(claim.first, end[0])
        return claim.first if (claim.first, claim.order) < end else day + 1

    return place


def in_replay_order(placed: Iterable[Placed]) -> tuple[Placed, ...]:
    """By day, then by place in the log."""
    return tuple(sorted(placed, key=lambda p: (p.day, p.order)))
