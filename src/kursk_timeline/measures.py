"""
What numbers are about: measures, and the keys that name one measured thing.

A *measure* says in which unit a number comes, how long a claim stays current, and whether it
counts up. The catalogue below holds the bundled ones; a projection of your own brings its own.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from types import MappingProxyType

import attrs

from kursk_timeline.errors import InputError, QueryError, shown
from kursk_timeline.text import NOBODY, coalition, name, slug
from kursk_timeline.units import unit as find_unit

UNCLAIMED = "unclaimed"
"""The holder of a place before anybody is said to hold it."""

CONTESTED = "contested"
"""The holder of a place that neither side holds in full."""


@attrs.frozen
class Measure:
    """
    What a number (or a name) is about.

    Args:
        name: The word in keys, such as ``held``.
        unit: Unit its answers come in, such as ``km2``; None where the value is a name.
        shelf_life: Days after which an account that was not heard again is stale; None for never.
        cumulative: It counts up from a start, so that an earlier figure means "at least".
        zero_stands: A claim of zero does not age.
        floor: Least value that makes sense, in base units; None where any sign does.
    """

    name: str = attrs.field(converter=slug)
    unit: str | None = attrs.field(kw_only=True, default=None)
    shelf_life: int | None = attrs.field(kw_only=True, default=None)
    cumulative: bool = attrs.field(kw_only=True, default=False)
    zero_stands: bool = attrs.field(kw_only=True, default=False)
    floor: int | None = attrs.field(kw_only=True, default=0)

    def __attrs_post_init__(self) -> None:
        if self.unit is not None:
            find_unit(self.unit)
        if self.shelf_life is not None and self.shelf_life < 0:
            raise InputError(f"measure {self.name!r}: a shelf life cannot be negative: {self.shelf_life}")

    @property
    def is_name(self) -> bool:
        """True where the value is a name (who holds a place) and not a number."""
        return self.unit is None


CATALOGUE: Mapping[str, Measure] = MappingProxyType(
    {
        measure.name: measure
        for measure in (
            Measure("held", unit="km2", shelf_life=30, zero_stands=True),
            Measure("contested", unit="km2", shelf_life=30),
            Measure("controlled", unit="km2", shelf_life=30, zero_stands=True),
            Measure("peak", unit="km2"),
            Measure("retaken", unit="km2", cumulative=True),
            Measure("settlements", unit="settlements", shelf_life=30, zero_stands=True),
            Measure("settlements-retaken", unit="settlements", cumulative=True),
            Measure("holder", shelf_life=30),
            Measure("present", unit="persons", shelf_life=180),
            Measure("peak-present", unit="persons"),
            Measure("engaged", unit="persons", shelf_life=30),
            Measure("announced", unit="persons"),
            Measure("deployed", unit="persons", cumulative=True),
            Measure("killed", unit="persons", cumulative=True),
            Measure("wounded", unit="persons", cumulative=True),
            Measure("captured", unit="persons", cumulative=True),
            Measure("casualties", unit="persons", cumulative=True),
            Measure("evacuated", unit="persons", cumulative=True),
        )
    }
)
"""The bundled measures by name."""

STRENGTH = Measure("strength", unit="persons", shelf_life=180)
"""Derived from `present`, `killed` and `captured`; nobody claims it directly."""


def _subject(value: object) -> str | None:
    if value is None or value == NOBODY:
        return None
    return coalition(name(value))


@attrs.frozen(order=True, cache_hash=True)  # looked up by the thousand
class Key:
    """
    One measured thing: measure, subject and region.

    Its text form is ``measure/subject/region``; a measure without a subject has ``-`` there.

    >>> Key.of("held/ukraine/kursk")
    Key('held/ukraine/kursk')
    >>> Key.of("killed/russia+north-korea/kursk").members
    ('north-korea', 'russia')
    """

    measure: str = attrs.field(converter=slug)
    subject: str | None = attrs.field(converter=_subject)
    region: str = attrs.field(converter=slug)

    @classmethod
    def of(cls, value: Key | str) -> Key:
        """
        A key, or its text form.

        Raises:
            QueryError: the text is not ``measure/subject/region``.
        """
        if isinstance(value, Key):
            return value
        if not isinstance(value, str):
            raise QueryError(f"expected a key or its text, not {shown(value)}")
        return _parse(value)

    @property
    def members(self) -> tuple[str, ...]:
        """The members of a coalition, or the one subject; empty without a subject."""
        return () if self.subject is None else tuple(self.subject.split("+"))

    def __str__(self) -> str:
        return f"{self.measure}/{NOBODY if self.subject is None else self.subject}/{self.region}"

    def __repr__(self) -> str:
        return f"Key({str(self)!r})"


@functools.lru_cache(maxsize=4096)
def _parse(value: str) -> Key:
    parts = value.split("/")
    if len(parts) != 3:
        raise QueryError(f"{shown(value)} is no key: write measure/subject/region, as in 'held/ukraine/kursk'")
    try:
        return Key(*parts)
    except InputError as error:
        raise QueryError(f"{shown(value)} is no key: {error}") from error


def catalogue(extra: Iterable[Measure]) -> Mapping[str, Measure]:
    """
    The bundled measures and some more.

    Raises:
        InputError: a measure of that name is there already and means something else.
    """
    measures = dict(CATALOGUE)
    for measure in extra:
        there = measures.setdefault(measure.name, measure)
        if there != measure or measure.name == STRENGTH.name:
            raise InputError(f"the measure {measure.name!r} is there already with another meaning; choose another name")
    return MappingProxyType(measures)
