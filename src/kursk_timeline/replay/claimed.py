"""Accounts made of claims: of a number (`Amounts`), of a name (`Holders`)."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Generic

from kursk_timeline.events.base import Event
from kursk_timeline.measures import UNCLAIMED, Key, Measure
from kursk_timeline.projections.effect import Effect
from kursk_timeline.quantity import Quantity
from kursk_timeline.replay import bounds as exact
from kursk_timeline.replay.account import AccountHistory, Gaps, Speech, days_of
from kursk_timeline.replay.bounds import FOREVER, OPEN, Bounds, C, Claim, Names, Naming, latest_sure
from kursk_timeline.replay.steps import at, merged
from kursk_timeline.replay.value import Value, is_zero
from kursk_timeline.replay.world import Place, Placed, World, in_replay_order, middle, name_reaching, reaching


def claim_of(order: int, event: Event, effect: Effect) -> Claim:
    """What the event does to a number."""
    value = effect.value
    assert isinstance(value, Quantity)
    first, last, middle = days_of(event)
    low = -OPEN if value.low_base is None else value.low_base
    high = OPEN if value.high_base is None else value.high_base
    return Claim(order, first, last, middle, effect.adds, low, value.best_base, high)


def naming_of(order: int, event: Event, effect: Effect) -> Naming:
    """What the event does to a name."""
    assert isinstance(effect.value, str)
    first, last, middle = days_of(event)
    return Naming(order, first, last, middle, effect.value)


class _Claimed(AccountHistory, Generic[C]):
    """An account made of claims."""

    def __init__(
        self,
        key: Key,
        party: str,
        measure: Measure,
        claims: Sequence[C],
        events: Mapping[int, Event],
        gaps: Gaps,
    ) -> None:
        self.key, self.party, self.measure, self.gaps = key, party, measure, gaps
        self.claims: tuple[C, ...] = tuple(claims)
        self.events = events
        """The event behind each claim, by the claim's order."""

    @cached_property
    def begins(self) -> int:
        return min(c.first for c in self.claims)

    @cached_property
    def sure_from(self) -> int:
        return min(c.last for c in self.claims)

    @cached_property
    def _speech(self) -> Speech:
        return Speech.of({id(event): event for event in self.events.values()}.values())

    def last_heard(self, day: int) -> int:
        return self._speech.last_heard(day)

    def last_spoken(self, day: int) -> int:
        return self._speech.last_spoken(day)

    @cached_property
    def sets(self) -> list[C]:
        """The claims that set the value, by first day, then log order."""
        sets = (c for c in self.claims if isinstance(c, Naming) or not c.adds)
        return sorted(sets, key=lambda c: (c.first, c.order))

    def next_set(self, day: int) -> C | None:
        """With ``gaps="span"``: what the party says next, where it has spoken before."""
        if self.gaps != "span":  # first: whoever has many claims is not asked for them
            return None
        place = bisect_right(self.sets, day, key=lambda c: c.first)
        return self.sets[place] if 0 < place < len(self.sets) else None

    def is_stale(self, day: int, value: Value, heard: int) -> bool:
        shelf_life = self.measure.shelf_life
        if shelf_life is None or day - heard <= shelf_life:
            return False
        if self.measure.zero_stands and is_zero(value) and not self.contradicts_itself(day):
            return False
        return self.next_set(day) is None

    def days_of_change(self) -> set[int]:
        days = {day for day, _ in self.value_steps} | set(self._speech.begins) | {self.sure_from}
        for until in set(self._speech.heard):
            days.add(until + 1)
            if self.measure.shelf_life is not None:
                days.add(until + self.measure.shelf_life + 1)
        return {day for day in days if day <= FOREVER}

    def _days_with_spans(self, steps: Sequence[tuple[int, Value]]) -> list[int]:
        """The days on which the value can change, also by what is said next."""
        days = {day for day, _ in steps}
        return sorted(days | {c.first for c in self.sets} if self.gaps == "span" else days)

    def mattering(self, day: int) -> Sequence[C]:  # noqa: ARG002 (a faster account leaves out what it can)
        """Claims that alone give the same bounds and best value on a day."""
        return self.claims

    def claims_in_play(self, day: int) -> list[C]:
        """
        The claims that have a say in what the account says on a day, in log order.

        Left out is what cannot have happened yet, and what surely stands before the last set that
        surely happened. What is left gives the same account when replayed alone.
        """
        begun: list[C] = [c for c in self.mattering(day) if c.first <= day]
        sure = latest_sure((c for c in begun if isinstance(c, Naming) or not c.adds), day)
        if sure is not None:
            first_place = (sure.first, sure.order)
            begun = [c for c in begun if c is sure or (c.last, c.order) > first_place]
        coming = self.next_set(day)
        if coming is not None:
            begun.append(coming)
        return begun

    def in_play(self, day: int) -> tuple[Event, ...]:
        kept: tuple[Event, ...] = self._events(self.claims_in_play(day))
        if Speech.of(kept).last_heard(day) == self.last_heard(day):
            return kept
        # Overtaken, and yet restated later than anything that overtook it: it keeps the account from ageing.
        begun: list[Event] = [self.events[c.order] for c in self.claims if c.first <= day]
        restated = max(begun, key=lambda e: (e.restated_until or dt.date.min).toordinal())
        return tuple(e for e in dict.fromkeys(self.events[c.order] for c in self.claims) if e in {*kept, restated})

    def _placed(self, claim: C, day: int, value: int | str, *, ahead: bool = False) -> Placed:
        return Placed(
            event=self.events[claim.order],
            key=self.key,
            order=claim.order,
            day=day,
            value=value,
            adds=isinstance(claim, Claim) and claim.adds,
            unit=self.measure.unit,
            floor=self.measure.floor,
            ahead=ahead,
        )

    def _events(self, claims: Iterable[C]) -> tuple[Event, ...]:
        return tuple(dict.fromkeys(self.events[c.order] for c in sorted(claims, key=lambda c: c.order)))


class Amounts(_Claimed[Claim]):
    """An account of a number."""

    @cached_property
    def value_steps(self) -> Sequence[tuple[int, Bounds]]:
        steps = exact.steps(self.claims)
        return merged((day, self._with_floor(self._spanned(steps, day))) for day in self._days_with_spans(steps))

    def _spanned(self, steps: Sequence[tuple[int, Bounds]], day: int) -> Bounds:
        value, coming = at(steps, day), self.next_set(day)
        assert value is not None  # the days start with the first step
        if coming is None:
            return value
        return Bounds(min(value.low, coming.low), value.best, max(value.high, coming.high))

    def _with_floor(self, value: Bounds) -> Bounds:
        """The part of the bounds that makes sense; both at the floor where none does."""
        floor = self.measure.floor
        return value if floor is None else Bounds(*(max(amount, floor) for amount in value))

    def contradicts_itself(self, day: int) -> bool:
        floor = self.measure.floor
        return floor is not None and self.begins <= day and exact.greatest(self.mattering(day), day).value < floor

    def rests_on_set(self, day: int) -> tuple[bool, bool]:
        """Whether a set can have happened by the day, and whether one must have."""
        return any(c.first <= day for c in self.sets), any(c.last <= day for c in self.sets)

    def traces(self, day: int) -> dict[str, exact.Trace]:
        """What makes each bound on a day, before the floor and without regard to gaps."""
        claims = self.mattering(day)
        return {
            "low": exact.least(claims, day),
            "best": exact.middling(claims, day),
            "high": exact.greatest(claims, day),
        }

    def made_by(self, day: int) -> Mapping[str, tuple[Event, ...]]:
        traces = self.traces(day)
        made = {part: [*([t.last_set] if t.last_set else []), *t.adds] for part, t in traces.items()}
        coming = self.next_set(day)
        if coming is not None:
            if coming.low < traces["low"].value:
                made["low"] = [coming]
            if coming.high > traces["high"].value:
                made["high"] = [coming]
        return {part: self._events(claims) for part, claims in made.items()}

    def worlds(self, day: int) -> Mapping[str, World]:
        traces, coming = self.traces(day), self.next_set(day)
        claims = [c for c in self.claims_in_play(day) if c is not coming]
        place: dict[str, Place] = {
            "low": reaching(traces["low"], day, greatest=False),
            "best": middle,
            "high": reaching(traces["high"], day, greatest=True),
        }
        found = {
            part: World(day=day, placed=in_replay_order(self._placed(c, *choose(c)) for c in claims))
            for part, choose in place.items()
        }
        if coming is not None:
            for part, value, farther in (
                ("low", coming.low, coming.low < traces["low"].value),
                ("high", coming.high, coming.high > traces["high"].value),
            ):
                if farther:
                    found[part] = World(day=day, placed=(self._placed(coming, coming.first, value, ahead=True),))
        return found


class Holders(_Claimed[Naming]):
    """An account of a name: who holds a place."""

    @cached_property
    def value_steps(self) -> Sequence[tuple[int, Names]]:
        steps = exact.name_steps(self.claims, UNCLAIMED)
        return merged((day, self._spanned(steps, day)) for day in self._days_with_spans(steps))

    def _spanned(self, steps: Sequence[tuple[int, Names]], day: int) -> Names:
        value, coming = at(steps, day), self.next_set(day)
        assert value is not None  # the days start with the first step
        return value if coming is None else Names(value.possible | {coming.name}, value.best)

    def made_by(self, day: int) -> Mapping[str, tuple[Event, ...]]:
        _, last = exact.names_on(self.mattering(day), day, UNCLAIMED)
        coming = self.next_set(day)
        return {"holders": self._events([*last, *([coming] if coming else [])])}

    def worlds(self, day: int) -> Mapping[str, World]:
        names, can_be_last = exact.names_on(self.mattering(day), day, UNCLAIMED)
        coming = self.next_set(day)
        claims = [c for c in self.claims_in_play(day) if c is not coming]
        last: dict[str, Naming | None] = {UNCLAIMED: None} if UNCLAIMED in names.possible else {}
        last |= {c.name: c for c in can_be_last}
        found = {}
        for said, claim in last.items():
            choose = name_reaching(claim, day)
            placed = in_replay_order(self._placed(c, choose(c), c.name) for c in claims)
            found[said] = World(day=day, placed=placed, initial=UNCLAIMED)
        if coming is not None and coming.name not in found:
            next_one = self._placed(coming, coming.first, coming.name, ahead=True)
            found[coming.name] = World(day=day, placed=(next_one,), initial=UNCLAIMED)
        return dict(sorted(found.items()))
