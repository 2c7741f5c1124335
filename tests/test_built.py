"""Stored events read when somebody looks: field for field what the careful way makes of the same bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

import kursk_timeline as kt
from kursk_timeline.events import checked, codec
from kursk_timeline.events.base import KINDS, Event, is_unread
from kursk_timeline.events.built import read_ahead, unread
from kursk_timeline.testing.strategies import events, logs
from made import common, held
from test_checked import nearly


def fresh(event: Event, body: bytes | None = None) -> Event:
    body = event.canonical if body is None else body
    return unread(type(event), hashlib.sha256(body).hexdigest(), body)


def deep(value: Any) -> Any:
    """A value with its type, down to every part of it that counts for nothing when two are compared."""
    if isinstance(value, tuple):
        return tuple(map(deep, value))
    if attrs.has(type(value)):
        parts = (getattr(value, field.name) for field in attrs.fields(type(value)))
        return type(value), tuple(map(deep, parts))
    return type(value), value


def look_at_one(some: Sequence[Event]) -> None:
    """At the first field that comes to mind."""
    for event in some:
        _ = event.claimant


ways = pytest.mark.parametrize("read", [look_at_one, read_ahead])


@ways
@given(logs(8), st.booleans())
def test_every_field_is_what_the_careful_way_makes(
    read: Callable[[Sequence[Event]], None], log: list[Event], anew: bool
) -> None:
    """Also of events about events, and of kinds that are never told."""
    if anew:
        checked._checker.cache_clear()
    some = [fresh(event) for event in log]
    assert all(map(is_unread, some))
    read(some)
    for event, one in zip(log, some, strict=True):
        assert is_unread(one) == (read is read_ahead and checked.kinds_of([one.canonical]) == [None])
        assert deep(one)[0] is deep(event)[0]
        careful = codec.decode(event.canonical)
        for field in attrs.fields(type(event)):
            if field.name != "_stored":
                assert deep(getattr(one, field.name)) == deep(getattr(careful, field.name)), field.name
        assert (one.id, one.canonical, one.to_json()) == (event.id, event.canonical, event.to_json())


@pytest.mark.parametrize("including", [False, True])
@pytest.mark.parametrize(
    "sources",
    [[kt.Source("A")], [kt.Source("A"), kt.Source("B", "T", "p. 3", "words")], [kt.Source("long", "t" * 900)]],
    ids=["one", "two", "long"],
)
def test_fields_that_may_be_left_out(sources: list[kt.Source], including: bool) -> None:
    """Filled in, and with one source and several."""
    event = kt.TerritoryHeld(
        holder="ukraine", region="kursk", area="about 90 sq km", including_contested=including,
        restated_until="2030-02-01", grading="B2", note="a note", **{**common("2030-01-10"), "sources": sources},
    )  # fmt: skip
    one = fresh(event)
    for field in attrs.fields(type(event)):
        if field.name != "_stored":
            assert deep(getattr(one, field.name)) == deep(getattr(event, field.name)), field.name


@ways
@given(st.data())
def test_what_is_no_event_says_so_when_it_is_looked_at(
    read: Callable[[Sequence[Event]], None], data: st.DataObject
) -> None:
    """Whatever its bytes are, and whatever stands beside it: the fields of the careful way or its error."""
    good = data.draw(events())
    bodies = [good.canonical, *data.draw(st.lists(nearly(good.canonical), min_size=1, max_size=4))]
    some = [fresh(good, body) for body in bodies]
    if read is read_ahead:
        read_ahead(some)
    for one, body in zip(some, bodies, strict=True):
        problem = ""
        try:
            careful = codec.decode(body)
        except kt.DecodeError as error:
            problem = error.problem
        if problem:
            with pytest.raises(kt.DecodeError) as caught:
                _ = one.claimant
            assert caught.value.problem == problem
        elif type(careful) is type(one):
            assert deep(one.sources) == deep(careful.sources)
            assert deep(one.occurred) == deep(careful.occurred)


def test_a_fold_reads_what_nobody_has_looked_at() -> None:
    """And takes what is no event for what it is, when its turn comes."""
    good = [held(f"2030-01-{day:02}", f"{day} km2") for day in (3, 1, 2)]
    some = [fresh(event) for event in good]
    assert kt.replay(some, lambda seen, event: [*seen, event.occurred.earliest.day], []) == [1, 2, 3]
    bad = fresh(good[0], good[0].canonical.replace(b'"low":', b'"low":-'))
    with pytest.raises(kt.DecodeError, match=bad.id[:12]):
        kt.replay([fresh(good[1]), bad], lambda seen, _: seen + 1, 0)


def test_no_kind_is_told_that_cannot_be_filled_in() -> None:
    """Each bundled claim has a way for every field."""
    told = {cls for cls in KINDS.values() if checked._is_told(cls)}
    assert len(told) == sum(cls.is_claim for cls in KINDS.values() if cls.__module__ == "kursk_timeline.events.kinds")
    from kursk_timeline.events import built

    for cls in told:
        names = [field.name for field in attrs.fields(cls) if field.name != "_stored"]
        assert len(built._fields(cls)) == len(names)
