"""
Stored events, which are read when somebody looks at a field of one.

An event whose bytes are surely whole (`checked`) needs no second careful look: its plain record has the
fields as the kind's own constructor would leave them, or what they are made of. Any other is read the careful
way (`codec`), which says what is wrong with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache, lru_cache
from operator import attrgetter
from typing import Any, TypeAlias

import attrs
import msgspec

from kursk_timeline.errors import DecodeError
from kursk_timeline.events.base import Event, Source, fill, is_unread
from kursk_timeline.events.checked import portions, told
from kursk_timeline.events.codec import class_of, named
from kursk_timeline.events.records import Amount, Place
from kursk_timeline.quantity import Quantity
from kursk_timeline.units import unit as find_unit
from kursk_timeline.when import When, day_of

Fields: TypeAlias = tuple[tuple[Callable[[Event, Any], None], Callable[[Any], Any]], ...]
"""For each field of a kind: what puts a value in its place, and what takes it from a record."""


def unread(cls: type[Event], id_: str, body: bytes) -> Event:
    """
    An event of a kind, of which only its bytes and their SHA-256 are known so far.

    Looking at a field reads them all, and raises `DecodeError` where that cannot be done.

    Cost: half a microsecond.
    """
    event = cls.__new__(cls)
    _set_stored(event, body)
    _set_canonical(event, body)
    _set_id(event, id_)
    return event


# The slots themselves: a frozen object can be filled no other way, and this one is made by the million.
_set_stored: Callable[[Event, bytes], None] = Event._stored.__set__  # type: ignore[union-attr]
_set_canonical: Callable[[Event, bytes], None] = Event.canonical.__set__  # type: ignore[attr-defined]
_set_id: Callable[[Event, str], None] = Event.id.__set__  # type: ignore[attr-defined]


class _Head(msgspec.Struct, gc=False):
    """What must be known of an event before anybody looks at it."""

    kind: str
    v: int


_heads = msgspec.json.Decoder(_Head)


def stored(ids: Sequence[str], bodies: Sequence[bytes], first: int) -> list[Event]:
    """
    Events of a log, of kinds and versions known here, to be read when somebody looks at them.

    Args:
        ids: The SHA-256 of each body.
        bodies: Their stored bytes, each on one line.
        first: The number of the first, for messages.

    Raises:
        UnknownKindError: no such kind here; names the event.
        NewerVersionError: a later version of the library wrote it; names the event.
        DecodeError: it is no event at all; names the event.

    Cost: under a microsecond an event.
    """
    try:
        heads = _heads.decode_lines(b"\n".join(bodies))
        kinds = {(head.kind, head.v) for head in heads}
        cls_of = {one: class_of(*one) for one in kinds}
        classes = [cls_of[head.kind, head.v] for head in heads]
        if len(classes) == len(bodies):
            return [unread(cls, id_, body) for cls, id_, body in zip(classes, ids, bodies, strict=True)]
    except (msgspec.DecodeError, DecodeError, RecursionError):
        pass
    numbered = enumerate(zip(ids, bodies, strict=True), first)
    return [named(body, f"event {seq} ({id_[:12]}…)") for seq, (id_, body) in numbered]


# --- reading their fields ---------------------------------------------------------------------


def read_into(event: Event, body: bytes) -> None:
    """
    Fill in all fields of an event that nobody has looked at yet.

    Raises:
        DecodeError: its bytes are no event; says so.

    Cost: half of what `codec.decode` takes; as much where the bytes do not tell that they are whole.
    """
    if not _fill_in(event, *told([body])):
        read = named(body, f"event {event.id[:12]}…")
        for field in attrs.fields(type(event)):
            if field.name != "_stored":
                object.__setattr__(event, field.name, getattr(read, field.name))


fill(read_into)


def read_ahead(events: Iterable[Event]) -> None:
    """
    Fill in the fields of those events that nobody has looked at yet: sooner done than when each is looked at.

    One that cannot be read is left as it is, and says so itself when somebody looks at it.
    """
    for some in portions(filter(is_unread, events), lambda event: len(event.canonical)):
        for event, found in zip(some, told([event.canonical for event in some]), strict=True):
            _fill_in(event, found)


def _fill_in(event: Event, found: tuple[type[Event], Any] | None) -> bool:
    if found is None or found[0] is not type(event):
        return False
    cls, record = found
    for put, take in _fields(cls):  # type: ignore[arg-type]  # mypy takes the hash of events for that of their class
        put(event, take(record))
    return True


@cache
def _fields(cls: type) -> Fields:
    return tuple(_each(cls))


def _each(cls: type) -> Iterator[tuple[Callable[[Event, Any], None], Callable[[Any], Any]]]:
    for field in attrs.fields(cls):
        if field.name != "_stored":
            get, make = attrgetter(field.name), _MADE[str(field.type)]
            # The slot itself: a frozen object can be filled no other way.
            yield getattr(cls, field.name).__set__, get if field.type == "str" else _making(get, make, field.default)


def _making(get: Callable[[Any], Any], make: Callable[[Any], Any], default: Any) -> Callable[[Any], Any]:
    def take(record: Any) -> Any:
        stored = get(record)
        return default if stored is None or stored is msgspec.UNSET else make(stored)

    return take


def _quantity(amount: Amount) -> Quantity:
    made = Quantity.__new__(Quantity)  # its own constructors look at everything once more
    made.__attrs_init__(amount.low, amount.best, amount.high, find_unit(amount.unit), amount.phrase)
    return made


_OF_PLACE = attrgetter("publisher", "title", "locator", "wording")


def _sources(places: list[Place]) -> tuple[Source, ...]:
    said = tuple(map(_OF_PLACE, places))
    if len(said) == 1 and sum(map(len, filter(None, said[0]))) < 500:
        return _read_sources(said)
    return _sources_of(said)


def _sources_of(said: tuple[tuple[str | None, ...], ...]) -> tuple[Source, ...]:
    return tuple(map(_source, said))


def _source(texts: tuple[str | None, ...]) -> Source:
    made = Source.__new__(Source)
    for put, said in zip(_PUT_PLACE, texts, strict=True):
        put(made, said)
    return made


_PUT_PLACE: tuple[Callable[[Source, str | None], None], ...] = tuple(
    getattr(Source, field.name).__set__ for field in attrs.fields(Source)
)


_read_sources = lru_cache(maxsize=4096)(_sources_of)  # one page is read for many claims

_MADE: dict[str, Callable[[Any], Any]] = {
    "When": When.parse,
    "dt.date | None": day_of,
    "tuple[Source, ...]": _sources,
    "Quantity": _quantity,
    "Quantity | None": _quantity,
    "bool": lambda stored: stored,
    "str | None": lambda stored: stored,
    "str": lambda stored: stored,
}
"""What is made of what is stored, by the declared type of a field: all types that kinds have which are told."""
