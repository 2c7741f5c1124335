"""What one event does to one key."""

from __future__ import annotations

import attrs

from kursk_timeline.errors import ProjectionError, shown
from kursk_timeline.measures import Key
from kursk_timeline.quantity import Quantity
from kursk_timeline.text import name


def _key(value: Key | str) -> Key:
    return Key.of(value)


@attrs.frozen
class Effect:
    """
    What one event does to one key: *set* it to a value, or *add* a signed quantity.

    Build one with `Effect.set` or `Effect.add`. The value is a `Quantity`, or a name where the
    measure is about names (who holds a place).

    >>> Effect.add("present/north-korea/kursk", Quantity.parse("about 11,000 troops"))
    Effect.add('present/north-korea/kursk', 11,000 persons (9,900–12,100))
    """

    key: Key = attrs.field(converter=_key)
    value: Quantity | str
    adds: bool

    def __attrs_post_init__(self) -> None:
        if self.adds and not isinstance(self.value, Quantity):
            raise ProjectionError(f"an effect adds a Quantity, not {shown(self.value)}")
        if not isinstance(self.value, (Quantity, str)):
            raise ProjectionError(f"an effect sets a Quantity or a name, not {shown(self.value)}")

    @classmethod
    def set(cls, key: Key | str, value: Quantity | str) -> Effect:
        """From its day on the key is `value`, whatever was there before."""
        return cls(key, name(value) if isinstance(value, str) else value, adds=False)

    @classmethod
    def add(cls, key: Key | str, value: Quantity) -> Effect:
        """From its day on the key is `value` more (less where `value` is negative)."""
        return cls(key, value, adds=True)

    def __repr__(self) -> str:
        return f"Effect.{'add' if self.adds else 'set'}({str(self.key)!r}, {self.value})"
