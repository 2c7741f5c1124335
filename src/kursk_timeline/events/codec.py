"""
Events from JSON.

Stored events are never rewritten. When a kind's shape changes, its `version` rises by one and an
*upcaster* here lifts the old shape to the next one on reading; the event keeps its old bytes and id.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import attrs
import msgspec

from kursk_timeline.errors import DecodeError, EventError, NewerVersionError, UnknownKindError, shown
from kursk_timeline.events import kinds as _kinds  # noqa: F401  (fills KINDS)
from kursk_timeline.events.base import KINDS, Event
from kursk_timeline.events.canonical import Raw, encode


def from_json(raw: object) -> Event:
    """
    An event from plain JSON: its stored form, or one that a person wrote with phrases for quantities.

    Raises:
        UnknownKindError: no such kind here.
        NewerVersionError: a later version of the library wrote it.
        DecodeError: any other fault, naming the field.
    """
    if not isinstance(raw, dict):
        raise DecodeError(f"an event is a JSON object, not {shown(raw)}")
    if "kind" not in raw:
        raise UnknownKindError("field 'kind' is missing: every event names its kind")
    kind: Any = raw["kind"]
    version: Any = raw.get("v")
    cls = class_of(kind, version)
    fields = lift(kind, version, {k: v for k, v in raw.items() if k not in ("kind", "v")})
    known, needed = _shape(cls)  # type: ignore[arg-type]  # mypy takes the hash of events for that of their class
    for unknown in fields.keys() - known:
        raise DecodeError(f"{kind}: unknown field {shown(unknown)}; it has {', '.join(sorted(known))}")
    for name in needed:
        if name not in fields:
            raise DecodeError(f"{kind}: field {name!r} is missing")
    try:
        event = cls(**fields)
    except EventError as error:
        raise DecodeError(f"{kind}: field {error.field!r}: {error.problem}") from error
    if version < cls.version:
        object.__setattr__(event, "_stored", encode({"v": version, **raw}))
    return event


@cache
def _shape(cls: type) -> tuple[frozenset[str], tuple[str, ...]]:
    """The names of the fields that may be there, and in order of those that must."""
    fields = [field for field in attrs.fields(cls) if field.init]
    return frozenset(f.name for f in fields), tuple(f.name for f in fields if f.default is attrs.NOTHING)


def decode(body: bytes | str) -> Event:
    """An event from its stored bytes."""
    try:
        raw = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise DecodeError(f"not JSON: {error}") from error
    return from_json(raw)


def class_of(kind: object, version: object) -> type[Event]:
    """
    The kind of that stored name, where shapes of that version can be read.

    Raises:
        UnknownKindError: no such kind here.
        NewerVersionError: a later version of the library wrote it.
        DecodeError: that is no version.
    """
    cls = KINDS.get(kind) if isinstance(kind, str) else None
    if cls is None:
        raise UnknownKindError(f"there is no event kind {shown(kind)}; known are {', '.join(sorted(KINDS))}")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise DecodeError(f"{kind}: field 'v' is {shown(version)}; it is the shape's version, a whole number from 1")
    if version > cls.version:
        raise NewerVersionError(
            f"{kind}: shape version {version} was written by a later release; this one reads up to {cls.version}. "
            "Upgrade to read it"
        )
    return cls


def named(body: bytes, source: str) -> Event:
    """One event, read at once; an error says that it is in `source`."""
    try:
        return decode(body)
    except DecodeError as error:
        raise type(error)(error.problem, source=source) from error


def is_canonical(body: bytes) -> bool:
    """Whether bytes that are JSON are written in the one form whose hash is an id."""
    return encode(msgspec.json.decode(body)) == body


# --- old shapes --------------------------------------------------------------------------------


def _losses_v1(raw: Raw) -> Raw:
    """v1 called prisoners `prisoners` and a running total `total`; v2 says `captured` and `cumulative`."""
    return _renamed(raw, {"prisoners": "captured", "total": "cumulative"})


def _renamed(raw: Raw, names: Mapping[str, str]) -> Raw:
    for old, new in names.items():
        if old in raw and new in raw:
            raise DecodeError(f"fields {old!r} and {new!r} are the old and the new name of one thing; keep one")
    return {names.get(k, k): v for k, v in raw.items()}


UPCASTERS: Mapping[tuple[str, int], Callable[[Raw], Raw]] = {("losses-reported", 1): _losses_v1}
"""(kind, version) to the step that lifts that shape to the next version."""


def lift(kind: str, version: int, raw: Raw) -> Raw:
    """Today's shape of an old one, one version at a time."""
    for step in range(version, KINDS[kind].version):
        raw = UPCASTERS[kind, step](raw)
    return raw
