"""
Canonical JSON of an event: RFC 8785 (JCS).

Keys are sorted, there are no blanks, escapes are the shortest. Only strings, integers up to 2**53 - 1,
booleans, null, lists and objects occur, so that any reader gets the same value and any writer the
same bytes.
"""

from __future__ import annotations

import datetime as dt
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


def _plain(value: Any) -> Any:
    match value:
        case When():
            return str(value)
        case Quantity():
            return value.to_json()
        case dt.date():
            return value.isoformat()
        case tuple():
            return [_plain(one) for one in value]
        case _ if attrs.has(type(value)):  # a source
            return {name: field for name, field in attrs.asdict(value).items() if field is not None}
        case _:
            return value


def to_json(event: Stored) -> Raw:
    """The event as plain JSON; fields at their default are left out."""
    raw: Raw = {"kind": event.kind, "v": event.version}
    for field in attrs.fields(type(event)):  # type: ignore[arg-type]
        if field.init:
            value = getattr(event, field.name)
            default = field.default
            if isinstance(default, _FACTORY):
                default = default.factory(event) if default.takes_self else default.factory()
            # Windows that are equal may be written differently, and what was written is kept.
            if value != default or _plain(value) != _plain(default):
                raw[field.name] = _plain(value)
    return raw
