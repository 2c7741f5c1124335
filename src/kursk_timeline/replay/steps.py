"""
Steps: spans of days over which an answer does not change.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import TypeVar

import attrs

from kursk_timeline.measures import Measure
from kursk_timeline.replay.bounds import Names
from kursk_timeline.replay.value import Value, finite, quantity

V = TypeVar("V")


def at(steps: Sequence[tuple[int, V]], day: int) -> V | None:
    """The value on a day; None before the first step."""
    place = bisect_right(steps, day, key=lambda step: step[0])
    return steps[place - 1][1] if place else None


def merged(found: Iterable[tuple[int, V]]) -> list[tuple[int, V]]:
    """The steps without those that say the same as the one before."""
    kept: list[tuple[int, V]] = []
    for day, value in found:
        if not kept or kept[-1][1] != value:
            kept.append((day, value))
    return kept


@attrs.frozen(kw_only=True)
class Step:
    """
    A span of days over which an answer does not change.

    Args:
        first: Its first day.
        last: Its last day; None where it has no end.
        low, best, high: In `unit`; `high` may be ``math.inf``. None where the measure is a name.
        holders: The possible names where the measure is a name.
        certain: Some event must have happened.
        disputed, stale: Of an estimate; see there. An account's step has None.
    """

    first: dt.date
    last: dt.date | None
    low: float | None
    best: float | str | None
    high: float | None
    unit: str | None
    holders: frozenset[str] | None
    certain: bool
    disputed: bool | None
    stale: bool | None

    @classmethod
    def of(
        cls,
        measure: Measure,
        value: Value,
        *,
        certain: bool,
        disputed: bool | None = None,
        stale: bool | None = None,
    ) -> Step:
        """A step whose days are not known yet."""
        low: float | None = None
        high: float | None = None
        best: float | str
        if isinstance(value, Names):
            best, holders = value.best, value.possible
        else:
            amount = quantity(value, measure)
            low, best, high, holders = amount.low, amount.best, amount.high, None
        return cls(
            first=dt.date.min,
            last=None,
            low=low,
            best=best,
            high=high,
            unit=measure.unit,
            holders=holders,
            certain=certain,
            disputed=disputed,
            stale=stale,
        )

    @staticmethod
    def run(found: Iterable[tuple[int, Step]]) -> list[Step]:
        """Join neighbours that say the same, and give each its days."""
        kept = merged(found)
        ends = [dt.date.fromordinal(day - 1) for day, _ in kept[1:]]
        return [
            attrs.evolve(step, first=dt.date.fromordinal(day), last=last)
            for (day, step), last in zip(kept, [*ends, None], strict=False)
        ]

    def to_dict(self) -> dict[str, object]:
        """Plain JSON; a bound that is open is None."""
        raw: dict[str, object] = {
            "first": self.first.isoformat(),
            "last": None if self.last is None else self.last.isoformat(),
        }
        if self.holders is None:
            raw |= {"low": finite(self.low), "best": self.best, "high": finite(self.high), "unit": self.unit}
        else:
            raw |= {"holders": sorted(self.holders), "best": self.best}
        raw["certain"] = self.certain
        if self.disputed is not None:
            raw |= {"disputed": self.disputed, "stale": self.stale}
        return raw

    def __str__(self) -> str:
        from kursk_timeline.replay.notation import step_text

        return step_text(self)
