"""What one event does to one key."""

from __future__ import annotations

import attrs

from kursk_timeline.errors import ProjectionError, shown
from kursk_timeline.measures import Key
from kursk_timeline.quantity import Quantity
from kursk_timeline.text import name


@attrs.frozen
class Effect:
    """
    What one event does to one key: *set* it to a value, or *add* a signed quantity.

    Build one with `Effect.set` or `Effect.add`. The value is a `Quantity`, or a name where the
    measure is about names (who holds a place).

    >>> Effect.add("present/north-korea/kursk", Quantity.parse("about 11,000 troops"))
    Effect.add('present/north-korea/kursk', 11,000 persons (9,900–12,100))
    """

    key: Key
    value: Quantity | str
    adds: bool

    @classmethod
    def set(cls, key: Key | str, value: Quantity | str) -> Effect:
        """From its day on the key is `value`, whatever was there before."""
        if not isinstance(value, Quantity):
            if not isinstance(value, str):
                raise ProjectionError(f"an effect sets a Quantity or a name, not {shown(value)}")
            value = name(value)
        return cls(Key.of(key), value, adds=False)

    @classmethod
    def add(cls, key: Key | str, value: Quantity) -> Effect:
        """From its day on the key is `value` more (less where `value` is negative)."""
        if not isinstance(value, Quantity):
            raise ProjectionError(f"an effect adds a Quantity, not {shown(value)}")
        return cls(Key.of(key), value, adds=True)

    def __repr__(self) -> str:
        return f"Effect.{'add' if self.adds else 'set'}({str(self.key)!r}, {self.value})"
