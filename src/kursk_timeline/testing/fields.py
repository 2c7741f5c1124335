"""
What can stand in the fields of a kind of event: found out from its annotations, converters and validators.

A converter is a function and says nothing of what it takes. So each field is offered samples of what
its annotation allows, and gets the first pool of which it took every sample.
"""

from __future__ import annotations

import datetime as dt
import types
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import attrs
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from kursk_timeline.events.base import Event, Source
from kursk_timeline.quantity import Quantity
from kursk_timeline.units import UNITS
from kursk_timeline.when import When

Pools = Mapping[str, SearchStrategy[Any]]
Amounts = Callable[..., SearchStrategy[Quantity]]

_DIMENSIONS = ("km2", "persons", "settlements", "items")
"""One unit of each kind of thing that is counted."""
assert {UNITS[name].dimension for name in _DIMENSIONS} == {one.dimension for one in UNITS.values()}

_CONVERTER: Any = attrs.Converter  # it says less of itself to type checkers than in its documentation

_COMMON = frozenset(field.name for field in attrs.fields(Event))


def strategies_of(
    cls: type[Event], own: Pools, pools: Pools, amounts: Amounts
) -> tuple[dict[str, SearchStrategy[Any]], list[str]]:
    """
    A strategy for each field that a kind adds to the common ones, and the required fields for which there is none.

    Args:
        own: Strategies that are given, by name of field.
        pools: What there is to draw from: ``text``, ``name``, ``slug``, ``number``, ``day``, ``window``, ``source``.
        amounts: Makes the strategy of quantities in a unit.
    """
    try:
        hints = typing.get_type_hints(cls)
    except (NameError, TypeError):  # a class made in a function may name types that are gone
        hints = {}
    drawn: dict[str, SearchStrategy[Any]] = {}
    missing = []
    for field in attrs.fields(cls):
        if field.name in _COMMON or not field.init:
            continue
        strategy = own.get(field.name)
        if strategy is None:
            strategy = _fitting(cls, field, hints.get(field.name, field.type), pools, amounts)
        if strategy is not None:
            drawn[field.name] = strategy
        elif field.default is attrs.NOTHING:
            missing.append(field.name)
    return drawn, missing


def _fitting(
    cls: type[Event], field: attrs.Attribute[Any], hint: object, pools: Pools, amounts: Amounts
) -> SearchStrategy[Any] | None:
    several = typing.get_args(hint) if typing.get_origin(hint) in (typing.Union, types.UnionType) else (hint,)
    fits: list[SearchStrategy[Any]] = []
    for one in several:
        taken = (strategy for samples, strategy in _offers(one, pools, amounts) if _takes(cls, field, samples))
        fits.extend(islice(taken, 1))
    if not fits:
        return None
    nothing = [st.none()] if type(None) in several and _takes(cls, field, [None]) else []
    return st.one_of(*nothing, *fits)


def _offers(hint: object, pools: Pools, amounts: Amounts) -> Iterator[tuple[Sequence[object], SearchStrategy[Any]]]:
    """Samples and the pool they are from, the widest pool first."""
    if typing.get_origin(hint) is typing.Literal:
        yield typing.get_args(hint), st.sampled_from(typing.get_args(hint))
    elif hint is bool:
        yield (True, False), st.booleans()
    elif hint is int:
        yield (0, 1, 20), pools["number"]
        yield (1, 20), pools["number"].filter(bool)
    elif hint is str:
        yield ("<b>\n</b>",), pools["text"]
        yield ("Saint-O'Brien & <Sons>",), pools["name"]
        yield ("blue", "blue+red"), pools["slug"]
    elif hint is dt.date:
        yield (dt.date(2030, 1, 1),), pools["day"]
    elif hint is When:
        yield (When.parse("2030"), When.parse("2030-01-01/..")), pools["window"]
    elif hint is Source:
        yield (Source("words"),), pools["source"]
    elif hint is Quantity:
        for unit in _DIMENSIONS:
            for least in (-2, 0):
                sample = Quantity(low=least, best=1, high=None, unit=unit)
                yield (sample,), amounts(unit, signed=least < 0)


def _takes(cls: type[Event], field: attrs.Attribute[Any], samples: Sequence[object]) -> bool:
    """Whether a field takes every one of them."""
    blank = object.__new__(cls)
    try:
        for sample in samples:
            taken = _converted(field, sample, blank)
            if field.validator is not None:
                field.validator(blank, field, taken)
    except Exception:  # a converter may refuse with any error
        return False
    return True


def _converted(field: attrs.Attribute[Any], value: object, instance: Event) -> object:
    convert: Any = field.converter
    if convert is None:
        return value
    if type(convert) is not _CONVERTER:
        return convert(value)
    extra: list[object] = [instance] if convert.takes_self else []
    extra += [field] if convert.takes_field else []
    return convert.converter(value, *extra)
