"""Accounts made of other accounts of the same party."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

from kursk_timeline.events.base import Event
from kursk_timeline.measures import Key, Measure
from kursk_timeline.replay.account import Account, AccountHistory
from kursk_timeline.replay.bounds import Bounds
from kursk_timeline.replay.steps import merged
from kursk_timeline.replay.value import Value, is_zero
from kursk_timeline.replay.world import World, in_replay_order


class Sum(AccountHistory):
    """
    One party's sum of two of its accounts: `controlled` is `held` and `contested`.

    It exists where both do. The sums of their bounds are sound, and tight where no one report moves
    both parts: two claims of one report share a day that the parts do not know of.
    """

    def __init__(self, key: Key, party: str, measure: Measure, parts: Sequence[AccountHistory]) -> None:
        self.key, self.party, self.measure = key, party, measure
        self.parts = tuple(parts)

    @cached_property
    def begins(self) -> int:
        return max(part.begins for part in self.parts)

    @cached_property
    def sure_from(self) -> int:
        return max(part.sure_from for part in self.parts)

    @cached_property
    def value_steps(self) -> Sequence[tuple[int, Value]]:
        days = sorted({day for part in self.parts for day, _ in part.value_steps} | {self.begins})
        return merged((day, self._total(day)) for day in days if day >= self.begins)

    def _total(self, day: int) -> Bounds:
        # Bounds without an upper end stay so: a sum with `OPEN` in it is not below `OPEN // 2`.
        values = [value for part in self.parts if isinstance(value := part.value_on(day), Bounds)]
        return Bounds(sum(v.low for v in values), sum(v.best for v in values), sum(v.high for v in values))

    def last_heard(self, day: int) -> int:
        # The sum is as old as its older part.
        return min(part.last_heard(day) for part in self.parts)

    def last_spoken(self, day: int) -> int:
        return max(part.last_spoken(day) for part in self.parts)

    def is_stale(self, day: int, value: Value, heard: int) -> bool:  # noqa: ARG002 (each part has its own)
        if self.measure.zero_stands and is_zero(value):
            return False
        return any(account is not None and account.stale for account in (part.on(day) for part in self.parts))

    def days_of_change(self) -> set[int]:
        return {day for part in self.parts for day in part.days_of_change()} | {self.begins}

    def contradicts_itself(self, day: int) -> bool:
        return any(part.contradicts_itself(day) for part in self.parts)

    def made_by(self, day: int) -> Mapping[str, tuple[Event, ...]]:
        made = [part.made_by(day) for part in self.parts]
        return {name: tuple(event for one in made for event in one[name]) for name in ("low", "best", "high")}

    def in_play(self, day: int) -> tuple[Event, ...]:
        return tuple(dict.fromkeys(event for part in self.parts for event in part.in_play(day)))

    def worlds(self, day: int) -> Mapping[str, World]:
        worlds = [part.worlds(day) for part in self.parts]
        return {
            name: World(
                day=day,
                placed=in_replay_order(placed for world in worlds for placed in world[name].placed),
            )
            for name in ("low", "best", "high")
        }


class LastHeard(AccountHistory):
    """One party's version where it gave the figure itself and also its parts: on each day what was heard last."""

    def __init__(self, own: AccountHistory, derived: AccountHistory) -> None:
        self.key, self.party, self.measure = own.key, own.party, own.measure
        self.both = (own, derived)

    def _chosen(self, day: int) -> AccountHistory:
        begun = [account for account in self.both if account.begins <= day]
        # What must have begun goes before what may have; max keeps the first of equals, the party's own figure.
        return max(begun, key=lambda a: (a.sure_from <= day, a.last_heard(day)), default=self.both[0])

    @cached_property
    def begins(self) -> int:
        return min(account.begins for account in self.both)

    @cached_property
    def sure_from(self) -> int:
        return min(account.sure_from for account in self.both)

    @cached_property
    def value_steps(self) -> Sequence[tuple[int, Value]]:
        days = sorted(day for day in self.days_of_change() if day >= self.begins)
        chosen = ((day, self._chosen(day).value_on(day)) for day in days)
        return merged((day, value) for day, value in chosen if value is not None)

    def on(self, day: int, counts: bool = False) -> Account | None:
        return self._chosen(day).on(day, counts)

    def last_heard(self, day: int) -> int:
        return self._chosen(day).last_heard(day)

    def last_spoken(self, day: int) -> int:
        return self._chosen(day).last_spoken(day)

    def is_stale(self, day: int, value: Value, heard: int) -> bool:
        return self._chosen(day).is_stale(day, value, heard)

    def days_of_change(self) -> set[int]:
        return {day for account in self.both for day in account.days_of_change()}

    def contradicts_itself(self, day: int) -> bool:
        return self._chosen(day).contradicts_itself(day)

    def made_by(self, day: int) -> Mapping[str, tuple[Event, ...]]:
        return self._chosen(day).made_by(day)

    def in_play(self, day: int) -> tuple[Event, ...]:
        return self._chosen(day).in_play(day)

    def worlds(self, day: int) -> Mapping[str, World]:
        return self._chosen(day).worlds(day)
