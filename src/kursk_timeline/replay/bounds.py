"""
Exact bounds of one account over every world the sources allow.

A *claim* sets the account to a value or adds to it. Its day lies somewhere in a window [a, b], its
value somewhere in a range [low, high], each free of all others. A *world* picks one day and one
value for every claim; replayed in (day, log order) up to day t, starting from 0, it gives one
number. The bounds on day t are the least and greatest of those numbers. There are exponentially
many worlds; the answer is not hard.

Fix which set comes last, L, and its day τ. Write p = (τ, order of L) for its place in the replay.
Every other choice is then free of the rest:

* another set must stay before p, or after t. It cannot only if it surely happened (b ≤ t) and its
  first place (a, order) lies after p. So L can be last on day τ exactly when p lies after the first
  place of every other set that surely happened.
* an add counts if it comes after p and by t. It *can* count iff its last place (min(b, t), order)
  lies after p, and *must* count iff it surely happened and its first place (a, order) lies after p.

For the greatest value take L's high, plus every positive high that can count, plus every negative
high that must. The first sum falls as τ grows, the second rises, and it rises only just behind the
first place of a negative add. So the best τ is the earliest feasible day or one of those few: a
finite search. "No set at all" (the initial 0) is one more candidate, open while no set surely
happened. The least value is the mirror image: negate everything.

Over time the bounds can change only on the days a, a + 1, a + 2 and b of the claims. And once a set
surely happened, claims that surely happened before its first day never matter again, which keeps
the search small.

Cost: O(k log k) for one day with k claims in play where adds have one sign, O(k²) at worst; times the
number of days on which something can change. Accounts whose days are all exact take one pass.

Nothing is clamped inside the replay: a floor at 0 there would make adds depend on their order. The
floor is applied to the finished bounds.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import NamedTuple, TypeVar

OPEN = 1 << 200
"""
No bound. Larger than any sum of amounts (at most 2**53 each), so that it survives integer sums:
what is not below `OPEN // 2` has no upper bound. (A sum never mixes both signs of it.)
"""

FOREVER = 3_652_059
"""Day number of 9999-12-31; stands for the end of a window that has none."""


class Claim(NamedTuple):
    """What one event does to one account. Days are proleptic Gregorian ordinals; amounts base units."""

    order: int
    """Place in the log; unique within an account."""
    first: int
    """First day it can have happened."""
    last: int
    """Last day it can have happened."""
    middle: int
    """The day it happens on in the best world."""
    adds: bool
    low: int
    best: int
    high: int


class Naming(NamedTuple):
    """A claim that sets a name; see `Claim` for the days."""

    order: int
    first: int
    last: int
    middle: int
    name: str


class Bounds(NamedTuple):
    """Least, best and greatest value; `-OPEN` and `OPEN` where there is no bound."""

    low: int
    best: int
    high: int


C = TypeVar("C", Claim, Naming)


class Trace(NamedTuple):
    """A greatest value and the claims that make it: the last set (None for the initial 0), and adds."""

    value: int
    last_set: Claim | None
    day: int
    """Day on which `last_set` happens in a world that reaches the value; 0 without one."""
    adds: tuple[Claim, ...]


def mirrored(claim: Claim) -> Claim:
    """The claim about the negated number, whose greatest value is minus the least."""
    return claim._replace(low=-claim.high, best=-claim.best, high=-claim.low)


def latest_sure(sets: Iterable[C], day: int) -> C | None:
    """
    Of the sets that surely happened by `day`, the one whose first place is the latest.

    It alone decides which sets can still be last: whoever comes after its first place can come
    after those of all others. And it can itself always be last.
    """
    return max((c for c in sets if c.last <= day), key=lambda c: (c.first, c.order), default=None)


def earliest_day_as_last(claim: Claim, sure: Claim | None) -> int:
    """First day on which a set can be the last one, given the `latest_sure` of all sets."""
    if sure is None or sure.order == claim.order:
        return claim.first
    return max(claim.first, sure.first + (sure.order > claim.order))


class _Sums:
    """Sums of amounts over all places after a given one."""

    def __init__(self, placed: Iterable[tuple[int, int, Claim]]) -> None:
        entries = sorted(placed, key=lambda entry: entry[:2])
        self.places = [(day, order) for day, order, _ in entries]
        self.claims = [claim for _, _, claim in entries]
        self._after = [0, *accumulate(claim.high for claim in reversed(self.claims))]

    def after(self, day: int, order: int) -> int:
        return self._after[len(self.places) - bisect_right(self.places, (day, order))]

    def claims_after(self, day: int, order: int) -> list[Claim]:
        return self.claims[bisect_right(self.places, (day, order)) :]


def greatest(claims: Iterable[Claim], day: int) -> Trace:
    """The greatest value on `day` over all worlds, and what makes it."""
    begun = [c for c in claims if c.first <= day]
    sets = [c for c in begun if not c.adds]
    adds = [c for c in begun if c.adds]
    gains = _Sums((min(c.last, day), c.order, c) for c in adds if c.high > 0)
    pains = _Sums((c.first, c.order, c) for c in adds if c.high < 0 and c.last <= day)
    sure = latest_sure(sets, day)

    best_value: int | None = None
    best_place: tuple[int, int, Claim | None] = (0, -1, None)
    if sure is None:
        best_value = gains.after(0, -1) + pains.after(0, -1)
    for c in sets:
        start, end = earliest_day_as_last(c, sure), min(c.last, day)
        if start > end:
            continue
        if not pains.places:
            days = [start]
        elif not gains.places:
            days = [end]
        else:
            just_behind = (first + (order > c.order) for first, order in pains.places)
            days = [start, *(d for d in just_behind if start < d <= end)]
        for d in days:
            value = c.high + gains.after(d, c.order) + pains.after(d, c.order)
            if best_value is None or value > best_value:
                best_value, best_place = value, (d, c.order, c)
    assert best_value is not None  # some set can always be last, or none has to have happened
    d, order, last_set = best_place
    return Trace(best_value, last_set, d, tuple(gains.claims_after(d, order) + pains.claims_after(d, order)))


def least(claims: Iterable[Claim], day: int) -> Trace:
    """The least value on `day` over all worlds, and what makes it."""
    own = {c.order: c for c in claims}
    trace = greatest((mirrored(c) for c in own.values()), day)
    return Trace(
        -trace.value,
        None if trace.last_set is None else own[trace.last_set.order],
        trace.day,
        tuple(own[c.order] for c in trace.adds),
    )


def middling(claims: Iterable[Claim], day: int) -> Trace:
    """The value on `day` in the best world: every claim in the middle of its window, at its best."""
    last_set: Claim | None = None
    adds: list[Claim] = []
    for c in sorted((c for c in claims if c.middle <= day), key=lambda c: (c.middle, c.order)):
        if c.adds:
            adds.append(c)
        else:
            last_set, adds = c, []
    value = (last_set.best if last_set else 0) + sum(c.best for c in adds)
    return Trace(value, last_set, last_set.middle if last_set else 0, tuple(adds))


def days_of_change(claims: Iterable[Claim]) -> list[int]:
    """All days on which bounds can change, from the first on which any claim can have happened."""
    days: set[int] = set()
    for c in claims:
        days.update((c.first, c.first + 1, c.first + 2, c.last, c.middle))
    days.discard(FOREVER)
    return sorted(days)


def steps(claims: Sequence[Claim]) -> list[tuple[int, Bounds]]:
    """
    The bounds at all times: (first day, bounds) wherever they change, in order of days.

    Before the first entry nothing is claimed. Each entry holds until the day before the next.
    """
    if all(c.first == c.last for c in claims):
        return _scan(claims)
    best = dict(_best_steps(claims))
    best_now = 0
    waiting = sorted(claims, key=lambda c: c.first, reverse=True)
    in_play: list[Claim] = []
    found: list[tuple[int, Bounds]] = []
    for day in days_of_change(claims):
        while waiting and waiting[-1].first <= day:
            in_play.append(waiting.pop())
        sure = latest_sure((c for c in in_play if not c.adds), day)
        if sure is not None:
            in_play = [c for c in in_play if c.last >= sure.first]
        best_now = best.get(day, best_now)
        _note(found, day, Bounds(least(in_play, day).value, best_now, greatest(in_play, day).value))
    return found


def _note(found: list[tuple[int, Bounds]], day: int, bounds: Bounds) -> None:
    low, best, high = bounds
    if low <= -OPEN // 2 or high >= OPEN // 2:  # a sum with no bound is as open as any other
        bounds = Bounds(-OPEN if low <= -OPEN // 2 else low, best, OPEN if high >= OPEN // 2 else high)
    if not found or found[-1][1] != bounds:
        found.append((day, bounds))


def _best_steps(claims: Iterable[Claim]) -> list[tuple[int, int]]:
    value = 0
    found: list[tuple[int, int]] = []
    for c in sorted(claims, key=lambda c: (c.middle, c.order)):
        value = value + c.best if c.adds else c.best
        found.append((c.middle, value))
    return found


def _scan(claims: Iterable[Claim]) -> list[tuple[int, Bounds]]:
    """All days exact: one world but for the values, so one pass gives all three."""
    low = best = high = 0
    by_day: dict[int, Bounds] = {}
    for c in sorted(claims, key=lambda c: (c.first, c.order)):
        if c.adds:
            low, best, high = low + c.low, best + c.best, high + c.high
        else:
            low, best, high = c.low, c.best, c.high
        by_day[c.first] = Bounds(low, best, high)
    found: list[tuple[int, Bounds]] = []
    for day, bounds in by_day.items():
        _note(found, day, bounds)
    return found


# --- names instead of numbers ------------------------------------------------------------------


class Names(NamedTuple):
    """The exact set of possible names, and the one in the best world."""

    possible: frozenset[str]
    best: str


def names_on(claims: Iterable[Naming], day: int, initial: str) -> tuple[Names, tuple[Naming, ...]]:
    """
    The possible names on `day`, and the claims that can be the last.

    The theorem above without adds: a set can be last iff its last place by `day` lies after the
    first place of every other set that surely happened.
    """
    begun = [c for c in claims if c.first <= day]
    sure = latest_sure(begun, day)
    can_be_last = [
        c for c in begun if sure is None or c is sure or (min(c.last, day), c.order) > (sure.first, sure.order)
    ]
    settled = [c for c in begun if c.middle <= day]
    best = max(settled, key=lambda c: (c.middle, c.order)).name if settled else initial
    possible = {c.name for c in can_be_last} | ({initial} if sure is None else set())
    return Names(frozenset(possible), best), tuple(can_be_last)


def name_steps(claims: Sequence[Naming], initial: str) -> list[tuple[int, Names]]:
    """The possible names at all times, like `steps`."""
    days = sorted({d for c in claims for d in (c.first, c.first + 1, c.last, c.middle)} - {FOREVER})
    found: list[tuple[int, Names]] = []
    for day in days:
        names, _ = names_on(claims, day, initial)
        if not found or found[-1][1] != names:
            found.append((day, names))
    return found
