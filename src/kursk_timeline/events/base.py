"""
What every event has: two times, a claimant, and the places where it was read.

An event is one immutable record of what one claimant asserted. Its id is the SHA-256 of its
canonical JSON (RFC 8785), so that the same assertion is the same event wherever it is written down.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache, cached_property, lru_cache
from numbers import Number
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, TypeAlias, TypeVar

import attrs
from attrs.converters import optional

from kursk_timeline.errors import EventError, InputError, QuantityError, UnitError, shown
from kursk_timeline.events.canonical import encode, to_json
from kursk_timeline.phrases import read
from kursk_timeline.quantity import Quantity
from kursk_timeline.rich import Rich
from kursk_timeline.text import coalition, path, slug, text, visible
from kursk_timeline.units import Dimension
from kursk_timeline.when import When, day_of

_GRADING = re.compile(r"[A-F][1-6]", re.ASCII)
_ID = re.compile(r"[0-9a-f]{64}", re.ASCII)

E = TypeVar("E", bound="type[Event]")


# --- what a field takes ------------------------------------------------------------------------


def when(value: When | str | dt.date) -> When:
    """A window of days."""
    return When.of(value)


Printed: TypeAlias = Quantity | str | Mapping[str, object]
"""A quantity, a phrase as printed, or the JSON form of a quantity."""


def _amount(value: object, dimension: Dimension, default_unit: str | None, *, signed: bool = False) -> Quantity:
    if isinstance(value, str):
        value = read(value, dimension=dimension, default_unit=default_unit)
    elif isinstance(value, Mapping):
        value = Quantity.from_json(value)
    elif not isinstance(value, bool) and isinstance(value, Number):
        if default_unit is None:
            raise UnitError(f"the number {shown(value)} has no unit: write it with one, as in '90 km2'")
        value = Quantity(low=value, best=value, high=value, unit=default_unit)  # type: ignore[arg-type]  # it checks
    if not isinstance(value, Quantity):
        raise QuantityError(f"expected a phrase or a Quantity, not {shown(value)}")
    if value.dimension != dimension:
        raise UnitError(f"expected {dimension.value}, not {value} ({value.dimension.value})")
    if not signed and (value.low_base is None or value.low_base < 0):
        raise QuantityError(f"{value} can be negative; what is held, present or lost starts at 0")
    return value


def area(value: Printed) -> Quantity:
    """An area; the unit must be said."""
    return _amount(value, Dimension.AREA, None)


def change_of_area(value: Printed) -> Quantity:
    """A gain, or a loss with its sign."""
    return _amount(value, Dimension.AREA, None, signed=True)


def headcount(value: Printed | int) -> Quantity:
    """A number of persons."""
    return _amount(value, Dimension.HEADCOUNT, "persons")


def settlements(value: Printed | int) -> Quantity:
    """A number of settlements."""
    return _amount(value, Dimension.SETTLEMENTS, "settlements")


def items(value: Printed | int) -> Quantity:
    """A number of things: strikes, drones, vehicles."""
    return _amount(value, Dimension.ITEMS, "items")


def flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise InputError(f"expected True or False, not {shown(value)}")
    return value


def event_id(value: object) -> str:
    """The id of another event, or that event itself."""
    if isinstance(value, Event):
        return value.id
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise InputError(f"{shown(value)} is no event id: give the event, or its 64 hexadecimal digits")
    return value


def _grading(value: object) -> str:
    if not isinstance(value, str) or not _GRADING.fullmatch(value):
        raise InputError(
            f"{shown(value)} is no Admiralty grading: write the source's reliability A-F and "
            "the information's credibility 1-6, as in 'B2'"
        )
    return value


def naming_the_field(_cls: type, fields: list[attrs.Attribute[Any]]) -> list[attrs.Attribute[Any]]:
    """Make every converter say which field of which event it could not take (an attrs field transformer)."""

    def named(convert: Callable[[Any], Any]) -> Any:
        def taken(value: Any, self: Any, field: attrs.Attribute[Any]) -> Any:
            try:
                return convert(value)
            except EventError:
                raise
            except InputError as error:
                raise EventError(type(self).__name__, field.name, str(error)) from error

        return attrs.Converter(taken, takes_self=True, takes_field=True)  # type: ignore[call-overload, misc, unused-ignore]

    return [
        field.evolve(converter=named(field.converter))
        if field.converter is not None and not isinstance(field.converter, attrs.Converter)
        else field
        for field in fields
    ]


# --- sources -----------------------------------------------------------------------------------


@attrs.frozen(field_transformer=naming_the_field)
class Source:
    """
    Where an assertion was read.

    Args:
        publisher: Who put it out.
        title: Its heading.
        locator: Where to find it: a URL, a page, a minute.
        wording: The words as printed, a few at most.
    """

    publisher: str = attrs.field(converter=text)
    title: str | None = attrs.field(default=None, converter=optional(text))
    locator: str | None = attrs.field(default=None, converter=optional(text))
    wording: str | None = attrs.field(default=None, converter=optional(text))


OneSource: TypeAlias = "Source | str | Mapping[str, Any]"
"""A source, its JSON form, or just its publisher."""


def source(value: Source | str | Mapping[str, Any]) -> Source:
    """A source, its JSON form, or just its publisher."""
    if isinstance(value, Source):
        return value
    if isinstance(value, Mapping):
        items = tuple(value.items())
        short = all(type(one) is str for _, one in items) and sum(len(one) for _, one in items) < 500
        return _read_source(items) if short else _source(items)
    return Source(value)


def _source(items: tuple[tuple[str, Any], ...]) -> Source:
    fields = dict(items)
    unknown = sorted(set(fields) - {"publisher", "title", "locator", "wording"}, key=str)
    if unknown:
        raise InputError(f"a source has no field {shown(unknown[0])}: publisher, title, locator and wording are known")
    if "publisher" not in fields:
        raise InputError("a source needs a publisher")
    return Source(**fields)


_read_source = lru_cache(maxsize=4096)(_source)  # one page is read for many claims


def sources(value: OneSource | Iterable[OneSource]) -> tuple[Source, ...]:
    """One source or several; the same place named twice counts once."""
    several = [value] if isinstance(value, (Source, str, Mapping)) else value
    if not isinstance(several, Iterable):
        raise InputError(f"expected sources, not {shown(value)}")
    return tuple(dict.fromkeys(source(one) for one in several))


# --- the event ---------------------------------------------------------------------------------


@attrs.frozen(kw_only=True, eq=False, repr=False, field_transformer=naming_the_field)
class Event(Rich):
    """
    One immutable record of the log: what one claimant asserted, and where we read it.

    Args:
        occurred: When it held in the world. What lies after `reported` is cut off.
        reported: When the public could first know it; needs an end.
        claimant: Who asserts it, a path from party to voice such as ``ukraine/syrsky``.
        sources: One or more places where this same assertion was read.
        restated_until: The claimant kept saying so, unchanged, up to this day.
        grading: Admiralty code: the source's reliability A-F and the information's credibility 1-6.
        note: What a reader should know about how this was read.

    Raises:
        EventError: a field cannot be taken; says which, why, and what to write instead.

    Two events are equal when their ids are.

    An event that comes from a log is read field by field only when somebody first looks at one: until
    then it is its bytes, its id and its kind.
    """

    kind: ClassVar[str]
    """The stable name under which this kind is stored."""
    version: ClassVar[int] = 1
    """The version of its stored shape."""
    is_claim: ClassVar[bool] = True
    """False for events about other events: those need no place in the world and no source of their own."""
    foretells: ClassVar[bool] = False
    """True where the event may lie after its report."""

    occurred: When = attrs.field(converter=when)
    reported: When = attrs.field(converter=when)
    claimant: str = attrs.field(converter=path)
    sources: tuple[Source, ...] = attrs.field(converter=sources)
    restated_until: dt.date | None = attrs.field(default=None, converter=optional(day_of))
    grading: str | None = attrs.field(default=None, converter=optional(_grading))
    note: str | None = attrs.field(default=None, converter=optional(text))
    _stored: bytes | None = attrs.field(default=None, init=False)

    def __attrs_post_init__(self) -> None:
        def refuse(field: str, problem: str) -> EventError:
            return EventError(type(self).__name__, field, problem)

        latest_report = self.reported.latest
        if latest_report is None:
            raise refuse(
                "reported",
                f"{self.reported} has no end; an event counts as known from the last day it may have been reported",
            )
        earliest = self.occurred.earliest
        if self.is_claim:
            if not self.sources:
                raise refuse("sources", "name at least one place where this was read")
            if earliest is None:
                raise refuse("occurred", f"{self.occurred} has no start; give the first day it can have been")
        if not self.foretells and earliest is not None and earliest > latest_report:
            raise refuse(
                "occurred",
                f"{self.occurred} lies wholly after the report of {self.reported}; "
                "nothing is reported before it happens",
            )
        if self.restated_until is not None and (earliest is None or self.restated_until < earliest):
            raise refuse("restated_until", f"{self.restated_until} is before the event itself ({self.occurred})")

    if not TYPE_CHECKING:  # else every name would pass for a field

        def __getattr__(self, field: str) -> Any:
            """A field of an event that has not been read yet (`unread`): read them all."""
            if field not in _names_of(type(self)) or _read_into is None:
                raise AttributeError(f"{type(self).__name__!r} object has no attribute {field!r}")
            stored = object.__getattribute__(self, "_stored")
            if isinstance(stored, _Blank):
                stored.looked()
            _read_into(self, stored)
            return object.__getattribute__(self, field)

    @property
    def window(self) -> When:
        """The days on which it can have happened: `occurred`, cut off at the last day of `reported`."""
        latest = self.reported.latest
        if self.foretells or latest is None:
            return self.occurred
        return self.occurred.capped(latest)

    @cached_property
    def middle_day(self) -> int:
        """
        The middle day of `window` as an ordinal, of two the earlier; the one end where the other is open.

        Raises:
            InputError: it has no end at all.
        """
        middle = self.window.middle
        if middle is None:
            raise InputError(f"{self!r} has no day to be replayed on: give `occurred` a start or an end")
        return middle.toordinal()

    @property
    def party(self) -> str:
        """The first segment of the claimant's path; each outlet of the press is a party of its own."""
        return party_of(self.claimant)

    def to_json(self) -> dict[str, Any]:
        """
        The event as plain JSON of today's shape: strings, integers, booleans, lists and objects.

        Fields at their default are left out, so that a field added later changes no old id.
        """
        return to_json(self)

    @cached_property
    def canonical(self) -> bytes:
        """The canonical JSON (RFC 8785): what is hashed and stored. An event read in an older shape keeps its bytes."""
        # A form has no bytes either: it is asked for its fields, and says that it has none.
        return self._stored if isinstance(self._stored, bytes) else encode(self.to_json())

    @cached_property
    def id(self) -> str:
        """SHA-256 of `canonical`, 64 hexadecimal digits."""
        return hashlib.sha256(self.canonical).hexdigest()

    def __eq__(self, other: object) -> bool:
        return self.id == other.id if isinstance(other, Event) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.id)

    def __repr__(self) -> str:
        own = ", ".join(
            f"{field.name}={visible(str(value))}"
            for field in attrs.fields(type(self))
            if field.name not in _COMMON and (value := getattr(self, field.name)) != field.default
        )
        return f"{type(self).__name__}({self.occurred}, {self.claimant}{': ' if own else ''}{own})"


_COMMON = frozenset(field.name for field in attrs.fields(Event))

_read_into: Callable[[Event, bytes], None] | None = None


@cache
def _names_of(cls: type) -> frozenset[str]:
    return frozenset(field.name for field in attrs.fields(cls) if field.name != "_stored")


class _Blank:
    """What a form has in place of its bytes."""

    def __init__(self, looked: Callable[[], NoReturn]) -> None:
        self.looked = looked


def form(cls: type[Event], fields: Mapping[str, Any], looked: Callable[[], NoReturn]) -> Event:
    """
    An event of which only some fields are filled in.

    Args:
        cls: Its kind.
        fields: Values as the kind's own constructor would leave them; nothing is checked.
        looked: Called by a look at anything else (another field, the id, the bytes); it raises.
    """
    event = cls.__new__(cls)
    object.__setattr__(event, "_stored", _Blank(looked))
    for name, value in fields.items():
        object.__setattr__(event, name, value)
    return event


def is_unread(event: Event) -> bool:
    """Whether nobody has looked at a field yet."""
    try:
        _get_reported(event)
    except AttributeError:
        return True
    return False


_get_reported: Callable[[Event], When] = Event.reported.__get__  # type: ignore[attr-defined]


def fill(read_into: Callable[[Event, bytes], None]) -> None:
    """Give unread events their reader, which lies above: it takes one and its bytes, and fills in its fields."""
    global _read_into
    _read_into = read_into


@attrs.frozen(kw_only=True, eq=False, repr=False, field_transformer=naming_the_field)
class AboutEvent(Event):
    """
    An event about another event of the log. It needs no source of its own.

    `occurred` may be left out: it happened when it was reported.
    """

    is_claim: ClassVar[bool] = False

    occurred: When = attrs.field(default=attrs.Factory(lambda self: self.reported, takes_self=True), converter=when)
    sources: tuple[Source, ...] = attrs.field(default=(), converter=sources)
    event: str = attrs.field(converter=event_id)


def party_of(claimant: str) -> str:
    """
    The party a claimant speaks for.

    >>> party_of("ukraine/syrsky"), party_of("press/bbc/verify")
    ('ukraine', 'press/bbc')
    """
    first, _, rest = claimant.partition("/")
    first = coalition(first)
    return f"{first}/{rest.partition('/')[0]}" if first == "press" and rest else first


# --- kinds -------------------------------------------------------------------------------------

KINDS: dict[str, type[Event]] = {}
"""Every kind by its stored name."""


def register(cls: E) -> E:
    """
    Make a kind of event known, so that it can be stored and read back.

    A class decorator, outside `attrs.frozen`. The stored name is the class's `kind`.

    Raises:
        InputError: the stored name is taken, or is no short lower-case name.
    """
    slug(cls.kind)
    if KINDS.setdefault(cls.kind, cls) is not cls:
        raise InputError(f"an event kind {cls.kind!r} is there already")
    return cls
