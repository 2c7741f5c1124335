"""
Plain records of stored events, for work in bulk.

A record has the fields of one kind just as they are stored, typed, so that a million lines become records
without anything being made of them. What tells one *shape* of a kind from another (its own fields, and
the units of its quantities) is all that what an event does, and whether it may be so, depends on beside
its dates, numbers and texts: what was found out about one event of a shape holds for all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Annotated, Any

import attrs
import msgspec

from kursk_timeline.errors import InputError
from kursk_timeline.events.base import AboutEvent, Event
from kursk_timeline.quantity import Quantity
from kursk_timeline.units import LIMIT

_Base = Annotated[int, msgspec.Meta(ge=-LIMIT, le=LIMIT)]


class Amount(msgspec.Struct, gc=False, forbid_unknown_fields=True, omit_defaults=True):
    """A quantity as it is stored."""

    unit: str
    base: str
    low: _Base | None
    best: _Base
    high: _Base | None
    phrase: str | None = None


class Place(msgspec.Struct, gc=False, forbid_unknown_fields=True, omit_defaults=True):
    """A source as it is stored."""

    publisher: str
    title: str | None = None
    locator: str | None = None
    wording: str | None = None


FREE = frozenset({"about", "role"})
"""Own fields of the bundled kinds that take any text or none, and are there to be read by people."""

MOST_KNOWN = 1 << 18
"""Whoever reads records remembers so many shapes, and so many dates, and then begins anew."""

_ABSENT: Any = msgspec.UNSET

_types: dict[str, Any] = {"str": str, "bool": bool, "str | None": str | None}
"""How fields are read that are declared so; anything else is taken as it comes."""

_COMMON = frozenset(field.name for field in attrs.fields(Event))


def own_fields(cls: type[Event]) -> list[attrs.Attribute[Any]]:
    """The fields that a kind has beside those of every event."""
    return [field for field in attrs.fields(cls) if field.init and field.name not in _COMMON]


class Kind:
    """
    How the stored form of one kind is read, and what tells its shapes apart.

    Args:
        cls: The kind.
        whole: Sources, grading and note are read too; otherwise they are passed over, which is faster.
    """

    def __init__(self, cls: type[Event], *, whole: bool = False) -> None:
        self.cls, self.version, self.foretells = cls, cls.version, cls.foretells
        self.is_claim = cls.is_claim and not issubclass(cls, AboutEvent)  # what speaks of another is read with care
        own = own_fields(cls)
        # A quantity that is not declared as one is read as what it is, JSON, and then the careful way.
        quantities = [field for field in own if "Quantity" in str(field.type)]
        needed = [field.name for field in quantities if field.default is attrs.NOTHING]
        optional = [field.name for field in quantities if field.default is None]
        self.quantities = (*needed, *optional)
        self.is_plain = len(self.quantities) == len(quantities)
        """False where a quantity that is left out stands for some other than none."""
        words = [field.name for field in own if str(field.type) == "str | None" and field.default is None]
        self.texts = tuple(name for name in words if not whole or name in FREE)
        """
        Own fields that are no part of the shape: texts that may be left out. Of a record that is read whole only
        those that take any text: what may stand in others is a matter of the shape.
        """
        getters = tuple(map(attrgetter, self.texts))
        self.texts_of: Callable[[Any], tuple[str | None, ...]] = lambda row: tuple(get(row) for get in getters)
        """What a record says in these."""
        others = [field for field in own if field not in quantities and field.name not in self.texts]
        fields: list[Any] = [
            ("v", int),
            ("reported", str),
            ("claimant", str),
            ("occurred", str, _ABSENT) if issubclass(cls, AboutEvent) else ("occurred", str),
            ("restated_until", str | None, None),
            *(_READ if whole else _PASSED_OVER),
            *((field.name, _types.get(str(field.type), Any), _ABSENT) for field in others),
            *((name, str | None, None) for name in self.texts),
            *((name, Amount) for name in needed),
            *((name, Amount | None, None) for name in optional),
        ]
        fields.sort(key=len)  # those without a default come first
        self.struct = msgspec.defstruct(
            cls.__name__,
            fields,
            tag_field="kind",
            tag=cls.kind,
            forbid_unknown_fields=True,
            omit_defaults=True,
            gc=False,
        )
        plain = [field.name for field in others if str(field.type) in _types]
        loose = [attrgetter(field.name) for field in others if str(field.type) not in _types]
        amounts = [attrgetter(name) for name in optional]
        units = [f"{name}.{part}" for name in needed for part in ("unit", "base")]
        always = attrgetter("claimant", "v", *plain, *units)  # two or more names give a tuple

        def shape(row: Any) -> tuple[Any, ...]:
            found: tuple[Any, ...] = always(row)
            for get in amounts:
                amount = get(row)
                found += (None,) if amount is None else (amount.unit, amount.base)
            for get in loose:
                value = get(row)
                found += (type(value), value)  # 1 and True are one key
            return found

        self.shape: Callable[[Any], tuple[Any, ...]] = shape if amounts or loose else always
        """Everything of an event that its effects can depend on beside numbers, and its claimant."""


_READ: tuple[Any, ...] = (("sources", list[Place], _ABSENT), ("grading", str | None, None), ("note", str | None, None))
_PASSED_OVER: tuple[Any, ...] = tuple((name, msgspec.Raw, _ABSENT) for name in ("sources", "grading", "note"))


def decoded(decoder: msgspec.json.Decoder[Any], bodies: Sequence[bytes]) -> Sequence[Any]:
    """A record of each body; None where it is not as expected."""
    try:
        records = decoder.decode_lines(b"\n".join(bodies))
        if len(records) == len(bodies):
            return records
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    return [_decoded_alone(decoder, body) for body in bodies]


def _decoded_alone(decoder: msgspec.json.Decoder[Any], body: bytes) -> Any:
    try:
        return decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def takes_negative(event: Event, field: str) -> bool:
    """Whether events of this one's kind take an amount below zero in a field."""
    unit = getattr(event, field).unit
    try:
        attrs.evolve(event, **{field: Quantity.from_base(-1, -1, -1, unit)})  # type: ignore[arg-type]  # its own field
    except InputError:
        return False
    return True
