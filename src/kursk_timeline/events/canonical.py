"""
Canonical JSON of an event: RFC 8785 (JCS).

Keys are sorted, there are no blanks, escapes are the shortest. Only strings, integers up to 2**53 - 1,
booleans, null, lists and objects occur, so that any reader gets the same value and any writer the
same bytes.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from functools import cache
from typing import Any, ClassVar, Protocol

import attrs
import msgspec

from kursk_timeline.quantity import Quantity
from kursk_timeline.when import When

Raw = dict[str, Any]

_FACTORY: Any = type(attrs.Factory(list))  # attrs shows its class to type checkers as a function
_encoder = msgspec.json.Encoder(order="sorted")


class Stored(Protocol):
    """Something kept under a kind's name and the version of its shape."""

    kind: ClassVar[str]
    version: ClassVar[int]


def encode(raw: Raw) -> bytes:
    """Canonical bytes of plain JSON."""
    return _encoder.encode(raw)


def _same(value: Any) -> Any:
    return value


def _plain_source(value: Any) -> Any:
    names = _names(type(value))  # type: ignore[arg-type]  # mypy takes no class of Any for hashable
    return {name: field for name in names if (field := getattr(value, name)) is not None}


class _ByType(dict[type, Callable[[Any], Any]]):
    """What becomes of a value, by its type. A source, which is defined above, is read field by field."""

    def __missing__(self, cls: type) -> Callable[[Any], Any]:
        by_base = (self[base] for base in (When, Quantity, dt.date, tuple) if issubclass(cls, base))
        self[cls] = next(by_base, _plain_source if attrs.has(cls) else _same)
        return self[cls]


_plain_by_type = _ByType(
    {
        When: str,
        Quantity: lambda value: value.to_json(),
        dt.date: lambda value: value.isoformat(),
        tuple: lambda value: [_plain(one) for one in value],
    }
)


def _plain(value: Any) -> Any:
    return _plain_by_type[type(value)](value)


@cache
def _names(cls: type) -> tuple[str, ...]:
    return tuple(field.name for field in attrs.fields(cls))


@cache
def _fields(cls: type) -> tuple[tuple[str, Any, Callable[[Any], Any] | None], ...]:
    """Name, default and the default's maker of every field that is stored."""
    found = []
    for field in attrs.fields(cls):
        if field.init:
            default, made = field.default, None
            if isinstance(default, _FACTORY):
                factory = default.factory
                made = factory if default.takes_self else lambda _, factory=factory: factory()
            found.append((field.name, default, made))
    return tuple(found)


def to_json(event: Stored) -> Raw:
    """The event as plain JSON; fields at their default are left out."""
    raw: Raw = {"kind": event.kind, "v": event.version}
    for name, default, made in _fields(type(event)):
        value = getattr(event, name)
        if value is default:
            continue
        if made is not None:
            default = made(event)
        plain = _plain(value)
        # Windows that are equal may be written differently, and what was written is kept.
        if value != default or plain != _plain(default):
            raw[name] = plain
    return raw
