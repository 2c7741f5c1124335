"""
Values: what an account or an estimate says, and how it becomes numbers in a unit.
"""

from __future__ import annotations

import datetime as dt
from typing import TypeAlias

from kursk_timeline.errors import QueryError
from kursk_timeline.measures import Key, Measure
from kursk_timeline.quantity import Quantity
from kursk_timeline.replay.bounds import OPEN, Bounds, Names

Value: TypeAlias = Bounds | Names
"""Bounds of a number, or possible names."""


def finite(number: float | None) -> float | None:
    """The number; None where it is infinite, since JSON has no infinity."""
    return None if number is None or abs(number) == float("inf") else number


def is_zero(value: Value) -> bool:
    """Surely nothing at all."""
    return isinstance(value, Bounds) and value.low == value.high == 0


def quantity(value: Bounds, measure: Measure, unit: str | None = None) -> Quantity:
    """Bounds as a quantity, in the measure's unit or another."""
    unit = unit or measure.unit
    assert unit is not None
    return Quantity.from_base(
        None if value.low <= -OPEN // 2 else value.low,
        value.best,
        None if value.high >= OPEN // 2 else value.high,
        unit,
    )


class Valued:
    """Something that says a value of a key: an account or an estimate."""

    __slots__ = ()

    key: Key
    measure: Measure
    value: Value
    unit: str | None
    date: dt.date
    last_heard: dt.date
    stale: bool

    @property
    def is_old_zero(self) -> bool:
        """A claim of zero that still stands, longer than the measure's shelf life after it was last heard."""
        shelf_life = self.measure.shelf_life
        if self.stale or shelf_life is None or not is_zero(self.value):
            return False
        return (self.date - self.last_heard).days > shelf_life

    @property
    def bounds(self) -> Bounds:
        """The bounds in base units; the measure must be a number."""
        if isinstance(self.value, Names):
            raise QueryError(f"{self.key} is a name, not a number: ask for .holders")
        return self.value

    @property
    def quantity(self) -> Quantity:
        """The bounds with their unit; the measure must be a number."""
        return quantity(self.bounds, self.measure, self.unit)

    @property
    def low(self) -> float:
        """Least value, in `unit`."""
        return self.quantity.low

    @property
    def best(self) -> float | str:
        """Value in the best world, in `unit`; a name where the measure is a name."""
        return self.value.best if isinstance(self.value, Names) else self.quantity.best

    @property
    def high(self) -> float:
        """Greatest value, in `unit`; ``math.inf`` where there is none."""
        return self.quantity.high

    @property
    def holders(self) -> frozenset[str]:
        """The exact set of possible names; the measure must be a name."""
        if not isinstance(self.value, Names):
            raise QueryError(f"{self.key} is a number, not a name: ask for .low, .best, .high")
        return self.value.possible

    def said(self) -> dict[str, object]:
        """The value as plain JSON; a bound that is open is None."""
        if isinstance(self.value, Names):
            return {"holders": sorted(self.value.possible), "best": self.value.best}
        return {"low": finite(self.low), "best": self.best, "high": finite(self.high), "unit": self.unit}
