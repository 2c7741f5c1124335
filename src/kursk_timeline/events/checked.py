"""
Which stored bytes are whole events, told in bulk.

Bytes that come from elsewhere are read before they are trusted, which for one event takes some thirty
microseconds: every field has its rule. Most events of a file differ from one before them in little, so
here the lines of a whole portion become plain records (`records`) and are written again at once, which
must give the same bytes: then they are canonical JSON, without a key twice, a default spelled out or a number
that is not whole. What the rules say of a date, a grading or a shape is found once, by reading the first
event that has it the careful way, and remembered. Numbers and free text are looked at in each.

The answer is one-sided. An event that is told is one that `codec.decode` takes, with the same bytes when it is
built anew from its fields; of any other nothing is said but that it must be read with care. So kinds of
users, older versions and events about events are never told, and no error is ever raised here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from operator import attrgetter
from typing import Any, TypeAlias, TypeVar, Union

import msgspec

from kursk_timeline.errors import DecodeError
from kursk_timeline.events import kinds as bundled
from kursk_timeline.events.base import KINDS, Event, is_unread
from kursk_timeline.events.canonical import encode
from kursk_timeline.events.codec import decode, is_canonical, named
from kursk_timeline.events.days import BEYOND, MOST_LETTERS, Days, day, end, start
from kursk_timeline.events.records import MOST_KNOWN, Kind, decoded, takes_negative
from kursk_timeline.quantity import MAX_PHRASE
from kursk_timeline.text import MAX_TEXT

T = TypeVar("T")

MOST_AHEAD = 1_024
"""So many events are looked at together."""

MOST_BYTES = 1 << 20
"""No more are, once their bytes come to so many."""


# --- telling -----------------------------------------------------------------------------------


def kinds_of(bodies: Sequence[bytes]) -> list[type[Event] | None]:
    """
    The kind of each that is surely an event in its own canonical bytes; None where only a careful look can tell.

    Args:
        bodies: Any bytes, meant to be one event each.

    Cost: some 3 µs an event where shapes repeat; as much as the careful way for the first of a shape.
    """
    return [None if found is None else found[0] for found in told(bodies)]


def told(bodies: Sequence[bytes]) -> list[tuple[type[Event], Any] | None]:
    """The same, and with each kind the plain record (`records`) of the event."""
    return _checker(tuple(KINDS.values())).told(bodies)


_OF_ALL = attrgetter("occurred", "reported", "restated_until", "sources", "grading", "note")
_OF_SOURCE = attrgetter("publisher", "title", "locator", "wording")
_OF_AMOUNT = attrgetter("low", "best", "high", "phrase")

_Amounts: TypeAlias = tuple[tuple[Callable[[Any], Any], bool], ...]
"""For each quantity that is there: how it is found in a record, and whether it may be below zero."""


class _Checker:
    """What is remembered of the kinds there are."""

    def __init__(self, kinds: Sequence[type[Event]]) -> None:
        told = [kind for cls in kinds if _is_told(cls) and (kind := Kind(cls, whole=True)).is_plain]
        self._kinds = {kind.struct: kind for kind in told}
        # The others are known by name only, so that one of them does not have a whole portion read line by line.
        others = [
            msgspec.defstruct(cls.__name__, [], tag_field="kind", tag=cls.kind, gc=False)
            for cls in set(kinds) - {kind.cls for kind in told}
        ]
        union: Any = Union[(*self._kinds, *others)]  # of as many kinds as there are
        self._decoder = msgspec.json.Decoder(union)
        self._encoder = msgspec.json.Encoder(order="sorted")
        self._shapes: dict[tuple[Kind, tuple[Any, ...]], _Amounts] = {}
        self._gradings: set[str | None] = {None}
        self._starts, self._ends, self._days = Days(start), Days(end), Days(day)
        self._signed: dict[tuple[Kind, str], bool] = {}

    def told(self, bodies: Sequence[bytes]) -> list[tuple[type[Event], Any] | None]:
        for known in (self._shapes, self._starts, self._ends, self._days):
            if len(known) > MOST_KNOWN:
                known.clear()
        records = decoded(self._decoder, bodies)
        written = self._encoder.encode_lines(records)
        if b"\\u0000" in written:  # of what no text may hold, the one thing that UTF-8 can carry
            bodies = [b"" if b"\\u0000" in body else body for body in bodies]
        found: list[tuple[type[Event], Any] | None] = []
        take = found.append
        kinds, starts, ends, shapes, gradings = self._kinds, self._starts, self._ends, self._shapes, self._gradings
        # Inside a line no line feed comes, it is escaped; after the last one there is an empty piece.
        for record, line, body in zip(records, written.split(b"\n"), bodies, strict=False):
            kind = kinds.get(type(record))
            if kind is None or line != body or len(body) > MAX_TEXT:
                take(None)
                continue
            occurred, reported, restated_until, sources, grading, note = _OF_ALL(record)
            first, last = starts[occurred], ends[reported]
            if (
                not (first <= last or (kind.foretells and first < BEYOND and last > -BEYOND))
                or (restated_until is not None and self._days[restated_until] < first)
                or (note is not None and not _is_text(note))
                or not sources
                or not _are_sources(sources)
                or (kind.texts and not all(text is None or _is_text(text) for text in kind.texts_of(record)))
            ):
                take(None)
                continue
            shape = (kind, kind.shape(record))
            amounts = shapes.get(shape)
            if amounts is None or grading not in gradings:
                amounts = self._new_shape(shape, record, body)
            take((kind.cls, record) if amounts is not None and _are_amounts(amounts, record) else None)
        return found

    def _new_shape(self, shape: tuple[Kind, tuple[Any, ...]], record: Any, body: bytes) -> _Amounts | None:
        """What is known of a shape, once an event of it was read the careful way; None where that fails."""
        event = _read(body)
        if event is None:
            return None
        kind = shape[0]
        there = [name for name in kind.quantities if getattr(record, name) is not None]
        for name in there:
            if (kind, name) not in self._signed:
                self._signed[kind, name] = takes_negative(event, name)
        amounts = tuple((attrgetter(name), self._signed[kind, name]) for name in there)
        if sum(len(part) for part in shape[1] if isinstance(part, str)) <= MOST_LETTERS:
            self._shapes[shape] = amounts
        self._gradings.add(record.grading)
        return amounts


@lru_cache(maxsize=1)
def _checker(kinds: tuple[type[Event], ...]) -> _Checker:
    return _Checker(kinds)


def _is_told(cls: type[Event]) -> bool:
    """
    Whether the rules of a kind are known to look at nothing but what is looked at here.

    Those of `LossesReported` ask which figures are there, and that is part of the shape.
    """
    plain = cls.__attrs_post_init__ is Event.__attrs_post_init__ or cls is bundled.LossesReported
    return plain and cls.is_claim and vars(bundled).get(cls.__name__) is cls


def _is_text(value: str) -> bool:
    """What `text.text` asks of text in a line that is shorter than text may be, and without a NUL."""
    return value != "" and not value.isspace()


def _are_sources(sources: Sequence[Any]) -> bool:
    """Whether no text in them is empty, and none comes twice."""
    for source in sources:
        publisher, title, locator, wording = _OF_SOURCE(source)
        if (
            not publisher
            or publisher.isspace()  # spelled out four times: a call for each takes longer than all else here
            or (title is not None and (not title or title.isspace()))
            or (locator is not None and (not locator or locator.isspace()))
            or (wording is not None and (not wording or wording.isspace()))
        ):
            return False
    return len(sources) == 1 or len(set(map(_OF_SOURCE, sources))) == len(sources)


def _are_amounts(amounts: _Amounts, record: Any) -> bool:
    """Whether the numbers of an event are in order, and their phrases are text."""
    for get, signed in amounts:
        low, best, high, phrase = _OF_AMOUNT(get(record))
        if low is None:
            if not signed:
                return False
        elif low > best or (low < 0 and not signed):
            return False
        if high is not None and best > high:
            return False
        if phrase is not None and (len(phrase) > MAX_PHRASE or not _is_text(phrase)):
            return False
    return True


def _read(body: bytes) -> Event | None:
    """An event that is built anew from its fields in the same bytes; None for any other."""
    try:
        event = decode(body)
    except DecodeError:
        return None
    return event if encode(event.to_json()) == body else None


# --- checking ----------------------------------------------------------------------------------


def check_stored(events: Sequence[Event]) -> None:
    """
    Read events that nobody has looked at yet, to see that they are events.

    Raises:
        DecodeError: the bytes of one are no event, or not in canonical form; names the first such event.

    Cost: some 3 µs an event where shapes repeat.
    """
    bodies = [event.canonical for event in events]
    for event, body, kind in zip(events, bodies, kinds_of(bodies), strict=True):
        if kind is None:
            source = f"event {event.id[:12]}…"
            named(body, source)
            if not is_canonical(body):
                raise DecodeError("not in canonical form", source=source)


def checked(events: Iterable[Any]) -> Iterator[Any]:
    """
    The same things in the same order, those that are events nobody has looked at yet after `check_stored`.

    Up to a thousand are taken ahead of the one that is given, but none beyond a thing that is no event.

    Raises:
        DecodeError: as `check_stored`, and nothing of that portion is given.
    """

    ahead: list[Event] = []

    def size(event: Any) -> int:
        if not isinstance(event, Event):
            return MOST_BYTES
        if not is_unread(event):
            return 0
        ahead.append(event)
        return len(event.canonical)

    for some in portions(events, size):
        if ahead:
            check_stored(ahead)
            ahead.clear()
        yield from some


def portions(source: Iterable[T], size: Callable[[T], int]) -> Iterator[list[T]]:
    """
    What a source gives, in lists of up to `MOST_AHEAD`, or until the sizes in one come to `MOST_BYTES`.

    An error of the source comes after everything that came before it.
    """
    some: list[T] = []
    total = 0
    try:
        for one in source:
            some.append(one)
            total += size(one)
            if total >= MOST_BYTES or len(some) == MOST_AHEAD:
                yield some
                some, total = [], 0
    except Exception:
        if some:
            yield some
        raise
    if some:
        yield some
