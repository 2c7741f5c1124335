"""The log as columns: how events are read into them, what stands, and how they grow."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Optional

import attrs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kursk_timeline as kt
from kursk_timeline.engines import columns as columns_module
from kursk_timeline.engines import ids as ids_module
from kursk_timeline.engines.columns import (
    EFFECT,
    NEVER,
    OPEN64,
    Codes,
    Columns,
    Growing,
    replay_order,
    withdrawals,
    without,
)
from kursk_timeline.engines.index import Book
from kursk_timeline.engines.kernel import wide
from kursk_timeline.engines.reading import Reader
from kursk_timeline.engines.shapes import recipe
from kursk_timeline.errors import DecodeError, ProjectionError, TimelineError
from kursk_timeline.events import base
from kursk_timeline.events.base import KINDS, Event
from kursk_timeline.events.canonical import encode
from kursk_timeline.events.codec import decode
from kursk_timeline.formats import jsonl
from kursk_timeline.measures import UNCLAIMED, Measure
from kursk_timeline.projections import Projection, effects, projection
from kursk_timeline.projections.effect import Effect
from kursk_timeline.quantity import Quantity
from kursk_timeline.replay.account import days_of
from kursk_timeline.replay.standing import standing
from kursk_timeline.testing.strategies import logs
from kursk_timeline.timeline import PROJECTIONS
from made import INVENTED, changed, common, held, present, retracted

STORED = Path(__file__).parent / "stored"


class Read:
    """Columns with a reader that hands them events, so and so many at a time."""

    def __init__(self, projections: Sequence[Projection] = PROJECTIONS) -> None:
        self.columns = Columns()
        self.reader = Reader(self.columns, projections)

    def take(self, events: Sequence[Event | bytes | dict[str, Any]]) -> set[int]:
        bodies = [e if isinstance(e, bytes) else encode(e) if isinstance(e, dict) else e.canonical for e in events]
        ids = [hashlib.sha256(body).hexdigest() for body in bodies]
        self.reader.take(len(self.columns) + 1, ids, bodies)
        return self.columns.settle()


def read(
    *batches: Sequence[Event | bytes | dict[str, Any]], projections: Sequence[Projection] = PROJECTIONS
) -> Columns:
    found = Read(projections)
    for batch in batches:
        found.take(batch)
    return found.columns


def in_batches(events: Sequence[Event], cuts: Iterable[int]) -> list[Sequence[Event]]:
    ends = sorted({min(cut, len(events)) for cut in cuts} | {0, len(events)})
    return [events[a:b] for a, b in pairwise(ends)]


def shown(columns: Columns) -> tuple[Any, ...]:
    """All there is in columns, to be compared."""
    kept = [one[name].tolist() for one in (columns.events, columns.effects, columns.ids) for name in one.names]
    codes = (columns.accounts.things, columns.claimants.things, columns.names.things)
    awaited = {by: sorted(rows) for by, rows in columns.spoken.awaited.items()}
    return kept, codes, dict(columns.withdrawn), columns.spoken.about, awaited, columns.spoken.mentions


def by_definition(events: Sequence[Event], projections: Sequence[Projection] = PROJECTIONS) -> list[tuple[Any, ...]]:
    """What the projections do, event by event."""
    found: list[tuple[Any, ...]] = []
    for row, event in enumerate(events):
        for effect in effects(event, projections) if event.is_claim else ():
            value = effect.value
            if isinstance(value, Quantity):
                said: tuple[Any, ...] = (value.low_base, value.best_base, value.high_base)
            else:
                said = (value, value, value)
            found.append((row, effect.key, event.party, effect.adds, *days_of(event)[:2], *said))
    return found


def of(columns: Columns) -> list[tuple[Any, ...]]:
    """The same from columns."""
    found = []
    names = ("event", "account", "adds", "low", "best", "high")
    for event, account, adds, low, best, high in zip(*(columns.effects[n].tolist() for n in names), strict=True):
        key, party = columns.accounts.things[account]
        days = (int(columns.events["first"][event]), int(columns.events["last"][event]))
        if key.measure == "holder":
            said: tuple[Any, ...] = tuple(columns.names.things[code] for code in (low, best, high))
        else:
            said = tuple(None if abs(one) == OPEN64 else one for one in (low, best, high))
        found.append((event, key, party, adds, *days, *said))
    return found


# --- what rows are kept in ---------------------------------------------------------------------


@given(st.lists(st.integers(0, 40), max_size=8))
def test_rows_stay_where_they_are_while_columns_grow(sizes: list[int]) -> None:
    """And whoever holds an array holds the rows of then."""
    growing = Growing(a="i4", b="?")
    held_before, size = growing["a"], 0
    for more in sizes:
        before = growing["a"]
        growing.extend([np.arange(size, size + more), np.arange(more) % 2 == 0])
        assert before.tolist() == list(range(size))
        size += more
    assert len(growing) == size
    assert growing["a"].tolist() == list(range(size))
    assert len(growing["b"]) == size
    assert growing.nbytes == size * 5
    assert len(held_before) == 0


def test_adopted_rows_can_be_added_to() -> None:
    """What they were adopted from is left alone."""
    kept = np.arange(3, dtype="i4")
    growing = Growing(a="i4")
    growing.adopt([kept])
    growing.extend([np.array([9])])
    assert growing["a"].tolist() == [0, 1, 2, 9]
    assert kept.tolist() == [0, 1, 2]


def test_codes_count_up_and_come_back() -> None:
    """The same thing has the same number; one that never came has none, and asking gives it none."""
    codes = Codes(["a"])
    assert [codes["b"], codes["a"], codes["b"]] == [1, 0, 1]
    assert codes.get("c") is None
    assert len(codes) == 2


@pytest.mark.parametrize("few", [1, 100])
def test_rows_are_found_by_id(few: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """One by one or many at once; ids that share their first eight bytes are told apart."""
    for module in (ids_module, columns_module):
        monkeypatch.setattr(module, "FEW", few)
    columns = Columns()
    assert columns.rows_of(["00" * 32] * 2) == [None, None]
    ids = [f"{n % 3:016x}{n:016x}" + "0" * 32 for n in range(9)]
    halves = np.frombuffer(bytes.fromhex("".join(ids)), ">u8").reshape(-1, 4)
    columns.ids.extend([halves[:, 0], halves[:, 1]])
    wanted = [*reversed(ids), "f" * 64, f"{0:016x}{1:016x}" + "0" * 32, ids[4], ids[4]]
    assert columns.rows_of(wanted) == [8, 7, 6, 5, 4, 3, 2, 1, 0, None, None, 4, 4]
    assert columns.rows_of([]) == []


@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(1, 9)), max_size=30),
    st.sampled_from([1, 1 << 20, (1 << 31) - 10]),
    st.sampled_from([0, 3_000_000]),
)
def test_replay_order_is_total(rows: list[tuple[int, int]], spread: int, later: int) -> None:
    """Account, day, log order; packed into one number where there is room, sorted by columns where not."""
    account = np.array([min(a * spread, (1 << 31) - 1) for a, _ in rows], "i8").astype("i4")
    day = np.array([d + later * (d % 2) for _, d in rows], "i4")
    expected = sorted(range(len(rows)), key=lambda row: (account[row], day[row], row))
    assert replay_order(account, day).tolist() == expected


# --- reading -----------------------------------------------------------------------------------


@settings(max_examples=200)
@given(logs(12), st.lists(st.integers(0, 12), max_size=4))
def test_columns_hold_what_the_projections_say(log: list[Event], cuts: list[int]) -> None:
    """Event by event, effect by effect, in log order; however many events come at a time."""
    columns = read(*in_batches(log, cuts))
    assert len(columns) == len(log)
    assert of(columns) == by_definition(log)
    names = ("known", "claims", "claimant", "heard")
    for event, known, claims, claimant, heard in zip(log, *(columns.events[n].tolist() for n in names), strict=True):
        assert event.reported.latest is not None
        assert known == event.reported.latest.toordinal()
        assert claims is event.is_claim
        assert columns.claimants.things[claimant] == event.claimant
        if event.is_claim:
            restated = 0 if event.restated_until is None else event.restated_until.toordinal()
            assert heard == max(days_of(event)[1], restated)


@settings(max_examples=150)
@given(logs(10), st.lists(st.integers(0, 10), max_size=4))
def test_batches_leave_no_trace(log: list[Event], cuts: list[int]) -> None:
    """One by one, in any batches, or all at once: the columns are the same to the last code; and made again."""
    whole = shown(read(log))
    assert shown(read(*in_batches(log, cuts))) == whole
    assert shown(read(*([event] for event in log))) == whole
    assert shown(read(log)) == whole


def test_the_record_is_read_as_the_projections_say() -> None:
    """All of it, event by event."""
    events = [record.event for record in kt.kursk().log]
    assert of(read(events)) == by_definition(events)


@pytest.mark.parametrize("name", ["all-kinds-v0.1.0", "losses-reported-v1"])
def test_shapes_of_earlier_releases_are_lifted(name: str) -> None:
    """From the very bytes that were stored."""
    events = list(jsonl.read(STORED / f"{name}.jsonl"))
    lines = (STORED / f"{name}.jsonl").read_bytes().splitlines()
    assert of(read([event.canonical for event in events])) == by_definition(events)
    assert len(lines) == len(events)
    if name == "losses-reported-v1":
        assert any(b'"v":1' in event.canonical for event in events)


def test_nothing_to_read_is_nothing() -> None:
    """No events, and events that do nothing."""
    assert len(read([])) == 0
    columns = read([kt.StatementMade(**common("2024-08-06"))])
    assert (len(columns), len(columns.effects), len(columns.accounts)) == (1, 0, 0)


def test_a_name_is_its_code_and_nobody_is_the_first() -> None:
    """Before the first claim an account of names is at 0: unclaimed."""
    taken = kt.SettlementTaken(settlement="Sudzha", region="kursk", by="ukraine", **common("2024-08-06"))
    columns = read([taken])
    assert columns.names.things == [UNCLAIMED, "ukraine"]
    assert columns.effects["low"].tolist() == columns.effects["high"].tolist() == [1]


def test_open_and_negated_amounts_keep_their_sides() -> None:
    """ "Over 40" withdrawn has no lower bound."""
    gone = kt.ForceWithdrawn(force="russia", region="kursk", troops="over 40", **common("2024-08-06"))
    columns = read([gone, held("2024-08-06", "over 5 km2"), changed("2024-08-07", "-3 km2"), gone])
    assert [wide(one) for one in columns.effects["low"].tolist()][1:3] == [5_000_000, -3_000_000]
    assert columns.effects["low"].tolist()[0] == columns.effects["low"].tolist()[3] == -OPEN64
    assert columns.effects["high"].tolist() == [-40, OPEN64, -3_000_000, -40]


# --- what the constructors would refuse --------------------------------------------------------

GOOD = json.loads(held("2024-08-06", "about 5 km2").canonical)
AREA = GOOD["area"]


def but(**other: Any) -> dict[str, Any]:
    return {name: value for name, value in {**GOOD, **other}.items() if value is not ...}


NOT_TAKEN: dict[str, bytes | dict[str, Any]] = {
    "below zero": but(area={**AREA, "low": -5}),
    "no lower bound": but(area={**AREA, "low": None}),
    "low over best": but(area={**AREA, "low": AREA["best"] + 1}),
    "best over high": but(area={**AREA, "high": AREA["best"] - 1}),
    "another dimension": but(area={**AREA, "unit": "persons", "base": "persons"}),
    "another base": but(area={**AREA, "base": "persons"}),
    "a fraction": but(area={**AREA, "low": 4_500_000.5}),
    "beyond the limit": but(area={**AREA, "high": 2**53}),
    "beyond 64 bits": but(area={**AREA, "high": 2**64}),
    "an unknown field in it": but(area={**AREA, "about": True}),
    "occurred after reported": but(occurred="2024-09-01"),
    "occurred without a start": but(occurred="../2024-08-06"),
    "no day at all": but(occurred="now"),
    "reported without an end": but(reported="2024-08-06/.."),
    "no claimant": but(claimant=...),
    "a claimant in capitals": but(claimant="Ukraine"),
    "a subject in capitals": but(holder="Ukraine"),
    "a number for a name": but(holder=5),
    "an unknown field": but(mood="good"),
    "a newer version": but(v=99),
    "a version in words": but(v="1"),
    "an unknown kind": but(kind="territory-dreamt-of"),
    "no kind": but(kind=...),
    "a list": b"[1]",
    "no JSON": b'{"kind": "territory-held"',
    "two lines": json.dumps(GOOD, indent=1).encode().replace(b"{", b"{\n", 1)[:-1],
    "no amount": but(area=None),
    "an amount left out": but(area=...),
    "restated in some year": but(restated_until="2024"),
    "restated on no day": but(restated_until="soon"),
    "restated before it was": but(restated_until="2024-01-01"),
    "a number for a truth value": but(including_contested=1),
}


@pytest.mark.parametrize("body", NOT_TAKEN.values(), ids=NOT_TAKEN)
def test_what_no_constructor_would_take_is_named_and_nothing_is_half_taken(body: bytes | dict[str, Any]) -> None:
    """Written by hand into a store: the error is ours, and says which event it is. What was there is still there."""
    raw = body if isinstance(body, bytes) else encode(body)
    with pytest.raises(DecodeError):
        decode(raw)
    found = Read()
    found.take([GOOD, but(including_contested=True), but(restated_until="2024-08-09")])
    before = shown(found.columns)
    with pytest.raises(TimelineError) as caught:
        found.take([but(occurred="2024-08-05"), raw, but(occurred="2024-08-04")])
    assert isinstance(caught.value, DecodeError)
    assert f"event 5 ({hashlib.sha256(raw).hexdigest()[:12]}…)" in str(caught.value)
    assert shown(found.columns) == before
    found.take([but(occurred="2024-08-05")])
    assert len(found.columns) == 4


def test_the_source_is_named_where_one_is_given() -> None:
    """A file of many, say."""
    reader = Reader(Columns(), PROJECTIONS)
    with pytest.raises(DecodeError, match=r"part-3\.parquet, event 8 \(abababababab…\)"):
        reader.take(8, ["ab" * 32], [encode(but(v=2))], "part-3.parquet")


def test_a_projection_that_fails_half_way_leaves_nothing_behind() -> None:
    """Its own error comes through, and what it returned before is not taken."""

    @projection
    def touchy(event: Event) -> Iterator[Effect]:
        if event.note == "boom":
            raise ZeroDivisionError
        yield Effect.set("held/a/x", Quantity.parse("1 km2"))
        if event.note == "nonsense":
            yield "held/a/x"  # type: ignore[misc]

    found = Read([touchy])
    found.take([held("2024-08-06", "1 km2")])
    before = shown(found.columns)
    for note, error in (("boom", ZeroDivisionError), ("nonsense", ProjectionError)):
        with pytest.raises(error):
            found.take([held("2024-08-07", "1 km2"), held("2024-08-08", "1 km2", note=note)])
        assert shown(found.columns) == before


@pytest.mark.parametrize("at", [1, 2, 3])
def test_an_interrupt_while_rows_are_added_leaves_whole_events(at: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever comes between the three tables: read on, and every event is there once, with all it does."""
    events = [held("2024-08-06", "5 km2"), held("2024-08-07", "6 km2")]
    found, calls, extend = Read(), iter(range(1, 99)), Growing.extend

    def interrupted(self: Growing, rows: Iterable[Any]) -> None:
        if next(calls) == at:
            raise KeyboardInterrupt
        extend(self, rows)

    monkeypatch.setattr(Growing, "extend", interrupted)
    with pytest.raises(KeyboardInterrupt):
        found.take(events)
    found.take(events[len(found.columns) :])
    assert of(found.columns) == by_definition(events)
    assert found.columns.rows_of([event.id for event in events]) == [0, 1]


# --- shapes ------------------------------------------------------------------------------------

COUNT = Quantity.parse("5", unit="items")
LOOKED: dict[str, Callable[[Any], object]] = {
    "note": lambda e: e.note,
    "note, if any": lambda e: getattr(e, "note", None),
    "whether it has a note": lambda e: hasattr(e, "note") and "yes",
    "id": lambda e: e.id[:4],
    "hash": lambda e: hash(e) % 7,
    "length": lambda e: len(e.canonical),
    "json": lambda e: sorted(e.to_json()),
    "text": lambda e: repr(e),
    "claimant": lambda e: e.claimant,
    "party": lambda e: e.party,
    "source": lambda e: e.sources[0].publisher,
    "window": lambda e: e.window.earliest,
    "middle day": lambda e: e.middle_day,
    "occurred": lambda e: str(e.occurred),
    "reported": lambda e: e.reported.latest.day % 2,
    "restated": lambda e: e.restated_until is None,
    "grading": lambda e: e.grading,
    "equal events": lambda e: e == e,
    "amount": lambda e: e.area.best,
    "exact": lambda e: e.area.exact,
    "phrase": lambda e: e.area.phrase,
    "amount as text": lambda e: str(e.area),
    "amount as truth": lambda e: bool(e.area) if e.area.low else None,
    "amount compared": lambda e: (e.area > Quantity.parse("6 km2")).name,
    "amount equal": lambda e: e.area == Quantity.parse("5 km2"),
    "amount among": lambda e: e.area in (Quantity.parse("5 km2"),),
    "amount in a set": lambda e: len({e.area, Quantity.parse("5 km2")}),
    "amount divided": lambda e: round(9 / (e.area.best + 1)),
    "swallowed lookup": lambda e: _first_word(e),
}


def _first_word(event: Any) -> str:
    try:
        return str(event.sources[0].locator[0])
    except (LookupError, TypeError, AttributeError):
        return "none"


def counted(look: Callable[[Any], object]) -> Projection:
    """One item for whatever is seen."""

    @projection(measures=[Measure("seen", unit="items")])
    def seen(event: Event) -> Effect:
        return Effect.add(f"seen/{hashlib.sha256(repr(look(event)).encode()).hexdigest()[:9]}/x", COUNT)

    return seen


VARIED = [
    held("2024-08-06", "5 km2", note="hello", grading="B2"),
    held("2024-08-07", "6.5 km2"),
    held("2024-08-08", "about 7 km2", note="hello again", restated_until="2024-08-20"),
    held("2024-08-09", "5 km2", "ukraine/zelensky", "2024-08-12"),
    held("2024-08-09", "0 km2", "press/herald"),
    held("2024-08/2024-09", "over 5 km2", reported="2024-09-02"),
    held("2024-08-09", "5 km2", sources=[kt.Source("Another invented paper", locator="p. 3"), INVENTED]),
]


@pytest.mark.parametrize("what", LOOKED)
def test_who_looks_at_more_than_the_shape_is_asked_for_every_event(what: str) -> None:
    """Then there is no recipe, and the answers are those of the function itself."""
    project = counted(LOOKED[what])
    assert recipe(VARIED[0], [project]) is None
    assert of(read(VARIED, projections=[project])) == by_definition(VARIED, [project])


@pytest.mark.parametrize("swallows", [Exception, BaseException])
def test_who_swallows_whatever_is_raised_is_asked_for_every_event_too(swallows: type[BaseException]) -> None:
    """That it looked is known all the same, whatever it made of the exception."""

    def look(event: Any) -> object:
        try:
            return event.note
        except swallows:
            return None

    assert of(read(VARIED, projections=[counted(look)])) == by_definition(VARIED, [counted(look)])


def test_the_class_of_an_amount_is_that_of_any_amount() -> None:
    """A projection may ask for it: it is the same for all."""
    project = counted(lambda e: type(e.area) is Quantity)
    assert of(read(VARIED, projections=[project])) == by_definition(VARIED, [project])


BLIND: dict[str, Callable[[Any], Any]] = {
    "as it is": lambda e: Effect.set("held/a/x", e.area),
    "negated": lambda e: Effect.add("held/a/x", -e.area),
    "negated twice": lambda e: Effect.add("held/a/x", -(-e.area)),  # noqa: B002
    "its unit": lambda e: Effect.set(f"held/{e.area.unit}/x", e.area),
    "its dimension": lambda e: Effect.set(f"held/{e.area.dimension.name.lower()}/x", e.area),
    "a constant": lambda e: Effect.add("held/a/x", Quantity.parse("about -2 km2")),
    "a name": lambda e: Effect.set("holder/Sudzha/x", e.holder),
    "by class": lambda e: Effect.set(f"held/{type(e).__name__.lower()}/x", e.area),
    "by kind": lambda e: Effect.set(f"held/{e.kind}/x", e.area),
    "several": lambda e: [Effect.set("held/a/x", e.area), Effect.add("held/a/x", -e.area)],
    "nothing": lambda e: None,
}


@pytest.mark.parametrize("what", BLIND)
def test_who_looks_at_the_shape_alone_is_asked_once_a_shape(what: str) -> None:
    """A function is called for the shape, not for its events, whatever their days and amounts."""
    asked: list[Event] = []

    @projection
    def blind(event: Event) -> object:  # type: ignore[misc]
        asked.append(event)
        return BLIND[what](event)

    same = [held(f"2024-08-{day:02}", f"{day} km2") for day in range(6, 30)]
    assert of(read(same, projections=[blind])) == by_definition(same, [projection(BLIND[what])])
    assert len(asked) <= 2  # on a form, and once on an event to see that it fits
    assert of(read(VARIED, projections=[blind])) == by_definition(VARIED, [projection(BLIND[what])])


def test_a_pattern_that_wants_a_common_field_is_no_pattern_of_the_shape() -> None:
    """It has to look, so it is asked for every event."""

    @projection
    def matching(event: Event) -> Iterator[Effect]:
        match event:
            case kt.TerritoryHeld(note=None, holder=holder):
                yield Effect.set(f"held/{holder}/x", event.area)
            case kt.TerritoryHeld(area=Quantity(unit="km2")):
                yield Effect.set("held/noted/x", event.area)

    assert recipe(VARIED[0], [matching]) is None
    assert of(read(VARIED, projections=[matching])) == by_definition(VARIED, [matching])


ROLES = ["to the north", "to the south", None, "to hold a bridge", "to hold a road", "to hold a ford"]


def deployed_for(role: str | None, day: int) -> Event:
    """Invented."""
    return kt.ForceDeployed(
        force="russia", region="kursk", troops=f"{day}00", role=role, **common(f"2024-08-{day:02}", "russia/mod")
    )


DEPLOYED = [deployed_for(ROLES[n % len(ROLES)], 6 + n) for n in range(20)]


@pytest.mark.parametrize(
    ("look", "asked_for"),
    [
        (lambda e: "x", 2),  # on a form, and once on an event
        (lambda e: e.role or "none", 1 + 2 * len(ROLES)),  # on a form without it, then twice for each
        (lambda e: "north" if e.role and "north" in e.role else "elsewhere", 1 + 2 * len(ROLES)),
        (lambda e: "short" if e.troops.unit == "km2" and e.role else "long", 2),  # it never came so far
    ],
)
def test_a_text_makes_a_shape_only_for_who_looks_at_it(look: Callable[[Any], str], asked_for: int) -> None:
    """What is written for people, in words of its own for every event, costs nothing."""
    asked: list[Event] = []

    @projection(measures=[Measure("seen", unit="persons")])
    def seen(event: Any) -> Effect:
        asked.append(event)
        return Effect.set(f"seen/{look(event).replace(' ', '-')}/x", event.troops)

    found = of(read(DEPLOYED, projections=[seen]))
    assert len(asked) == asked_for
    assert found == by_definition(DEPLOYED, [seen])


# --- kinds of one's own ------------------------------------------------------------------------


def kind(name: str, **fields: Any) -> type[Event]:
    """A kind of event; who registers it takes it out again."""
    annotations = {field: annotation for field, (annotation, _) in fields.items()}
    body = {"kind": name, "__annotations__": annotations, **{field: made for field, (_, made) in fields.items()}}
    cls = type(f"Own{name.title()}", (Event,), body)
    made: type[Event] = attrs.frozen(kw_only=True, eq=False, repr=False, field_transformer=base.naming_the_field)(cls)
    return made


def _optional(value: Any) -> Quantity | None:
    return None if value is None else base.items(value)


def _list(value: Any) -> list[Any]:
    return list(value)


NEEDED = lambda: attrs.field(converter=base.items)  # noqa: E731
MAYBE = lambda: attrs.field(default=None, converter=_optional)  # noqa: E731

OWN: dict[str, tuple[type[Event], list[dict[str, Any]]]] = {
    "not declared a quantity": (kind("plain", n=(Any, NEEDED())), [{"n": 3}, {"n": "about 50"}]),
    "optional": (kind("optional", n=("Quantity | None", MAYBE())), [{"n": 3}, {}, {"n": 4}]),
    "optional, evaluated": (kind("evaluated", n=(Quantity | None, MAYBE())), [{"n": 3}, {}, {"n": 4}]),
    "optional of typing": (kind("typing", n=(Optional[Quantity], MAYBE())), [{"n": 3}, {}, {"n": 4}]),  # noqa: UP045
    "with a default": (
        kind("default", n=(Quantity, attrs.field(default=COUNT, converter=base.items))),
        [{"n": 3}, {}, {"n": 4}],
    ),
    "a list": (
        kind("listed", n=(Quantity, NEEDED()), tags=(list, attrs.field(converter=_list))),
        [
            {"n": 3, "tags": ["a", "b"]},
            {"n": 4, "tags": []},
            {"n": 4, "tags": ["b"]},
        ],
    ),
    "an object": (
        kind("object", n=(Quantity, NEEDED()), more=(dict, attrs.field())),
        [
            {"n": 3, "more": {"a": [1]}},
            {"n": 4, "more": {}},
        ],
    ),
    "quantity or text": (kind("either", n=("Quantity | str", attrs.field())), [{"n": "dunno"}]),
    "a whole number": (
        kind("number", n=(Quantity, NEEDED()), rank=(int, attrs.field())),
        [
            {"n": 3, "rank": 1},
            {"n": 3, "rank": 2},
            {"n": 4, "rank": 1},
        ],
    ),
    "anything": (
        kind("anything", n=(Quantity, NEEDED()), level=(Any, attrs.field())),
        [
            {"n": 1, "level": True},
            {"n": 2, "level": 1},
            {"n": 3, "level": False},
            {"n": 4, "level": 0},
            {"n": 5, "level": "1"},
            {"n": 6, "level": None},
        ],
    ),
}


@pytest.mark.parametrize("what", OWN)
def test_kinds_with_unusual_fields_are_read_as_they_are(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a field holds and however it is declared."""
    cls, rows = OWN[what]
    monkeypatch.setitem(KINDS, cls.kind, cls)

    @projection(measures=[Measure("seen", unit="items")])
    def seen(event: Event) -> Iterator[Effect]:
        n = getattr(event, "n", None)
        if isinstance(n, Quantity):
            yield Effect.add("seen/all/x", n)
            for own in ("tags", "more", "rank", "level"):
                if hasattr(type(event), own):
                    yield Effect.add(f"seen/{hashlib.sha256(repr(getattr(event, own)).encode()).hexdigest()}/x", n)

    events = [cls(**common(f"2024-08-{day:02}"), **row) for day in (6, 7) for row in rows]
    expected = by_definition(events, [seen])
    assert of(read(events, projections=[seen])) == expected
    assert of(read(*([event] for event in events), projections=[seen])) == expected
    assert of(read([*events, GOOD, *events], projections=[seen]))[: len(expected)] == expected


def test_a_kind_that_is_registered_later_is_read_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """By a reader that was there before it."""
    found = Read()
    cls, rows = OWN["not declared a quantity"]
    monkeypatch.setitem(KINDS, cls.kind, cls)
    found.take([cls(**common("2024-08-06"), **rows[0]), held("2024-08-06", "1 km2")])
    assert (len(found.columns), len(found.columns.effects)) == (2, 1)


# --- what stands -------------------------------------------------------------------------------

spans = st.tuples(st.integers(0, 9), st.integers(0, 9)).map(lambda ends: (min(ends), max(ends)))


@given(spans, st.lists(spans, max_size=5))
def test_what_is_left_of_a_span_is_what_no_other_holds(span: tuple[int, int], gone: list[tuple[int, int]]) -> None:
    """Day by day; in order, and no two that touch could be more than neighbours."""
    left = without(span, gone)
    assert [day for a, b in left for day in range(a, b)] == [
        day for day in range(*span) if not any(a <= day < b for a, b in gone)
    ]
    assert all(a < b for a, b in left)
    assert left == sorted(left)


@settings(max_examples=300)
@given(logs(14), st.lists(st.integers(0, 14), max_size=4))
def test_what_stands_is_what_the_replay_says_on_every_known_day(log: list[Event], cuts: list[int]) -> None:
    """Chains of retractions, successors that come later or are known later: rows, spans and plain replay agree."""
    columns = read(*in_batches(log, cuts))
    known = sorted({int(day) + more for day in columns.events["known"] for more in (-1, 0, 1)})
    for day in (None, *known):
        stands = [log[row] for row in Book(columns, {}, day).events().tolist()]
        assert stands == standing(log, None if day is None else dt.date.fromordinal(day))
        rows = np.arange(len(columns.effects), dtype="i4")
        seen, since, until = columns.visible(rows)
        on = NEVER - 1 if day is None else day
        visible = seen[(since <= on) & (on < until)].tolist()
        ids = {event.id for event in stands}
        assert sorted(visible) == [row for row in rows.tolist() if log[columns.effects["event"][row]].id in ids]


@settings(max_examples=150)
@given(logs(12))
def test_settling_tells_whose_standing_has_changed(log: list[Event]) -> None:
    """No more and no less, claim by claim; settling again tells nothing."""
    found = Read()
    known = [None, *(dt.date(2029, 12, 1) + dt.timedelta(days=d) for d in range(0, 420, 7))]
    before: dict[str, list[bool]] = {}
    for size, event in enumerate(log, 1):
        changed_rows = found.take([event])
        stands = [{e.id for e in standing(log[:size], day)} for day in known]
        after = {e.id: [e.id in one for one in stands] for e in log[:size]}
        really = {row for row, e in enumerate(log[: size - 1]) if e.is_claim and before[e.id] != after[e.id]}
        claims = {row for row in changed_rows if log[row].is_claim}
        assert really <= claims
        touched = found.columns.touched(len(found.columns.effects), really)
        assert touched == {
            found.columns.accounts[effect.key, log[row].party]
            for row in really
            for effect in effects(log[row], PROJECTIONS)
        }
        assert found.columns.settle() == set()
        before = after


def test_who_replaces_whom_when() -> None:
    """A successor that is known later, one that comes later, one that never comes, and a chain that is taken back."""
    first, second, third = (held("2024-08-06", f"{n} km2", reported=f"2024-08-{8 + n:02}") for n in (1, 2, 3))

    def replaced(event: Event, by: Event | str, day: str) -> Event:
        return kt.Superseded(event=event, by=by, reason="better", reported=day, claimant="ukraine")

    def left(*events: Event) -> dict[int, list[tuple[str, str]]]:
        for batches in ([events], [[one] for one in events]):
            columns = read(*batches)

        def day(ordinal: int) -> str:
            return dt.date.fromordinal(min(ordinal, NEVER - 1)).isoformat()[5:]

        return {row: [(day(a), day(b)) for a, b in spans] for row, spans in columns.withdrawn.items()}

    assert left(first, replaced(first, second, "2024-08-09"), second) == {0: [("08-09", "08-10")]}
    assert left(first, second, replaced(first, second, "2024-08-20")) == {0: [("08-09", "08-20")]}
    assert left(first, replaced(first, "e" * 64, "2024-08-20")) == {}
    back = retracted(replaced(first, third, "2024-08-09"), "2024-09-01")
    taken_back = left(first, replaced(first, third, "2024-08-09"), third, back, retracted(back, "2024-10-01"))
    assert taken_back[0] == [("08-09", "08-11"), ("09-01", "10-01")]
    assert left(first, retracted(first, "2024-08-01")) == {0: []}
    assert left(first, retracted(first, "2024-08-20"), retracted(first, "2024-08-15", "again")) == {
        0: [("08-09", "08-15")]
    }
    assert left(first, retracted(first), retracted(retracted(first), "2026-01-01"))[0] == [
        ("08-09", "01-01"),
        ("01-01", "12-31"),
    ]


def test_withdrawals_of_a_long_chain() -> None:
    """A retraction of a retraction of a retraction…: each day the last that is known decides."""
    chain = [("a", "x", 5, 0), ("b", "a", 7, 0), ("c", "b", 6, 0), ("d", "c", 9, 0)]
    gone = withdrawals(reversed(chain))["x"]
    for day in range(4, 12):
        in_force: set[str] = set()
        for event, other, known, _ in reversed(chain):
            if known <= day and event not in in_force:
                in_force.add(other)
        assert any(a <= day < b for a, b in gone) is ("x" in in_force)


def test_who_speaks_of_whom() -> None:
    """The events that say anything of some, those that say anything of these, and the successors they name."""
    a, b, c = (held("2024-08-06", f"{n} km2") for n in (1, 2, 3))
    again = kt.Corroborated(event=a, source=INVENTED, reported="2024-08-09", claimant="press/herald")
    replaced = kt.Superseded(event=a, by=b.id, reason="better", reported="2024-08-09", claimant="ukraine")
    for events in ([a, b, c, again, replaced, retracted(replaced)], [a, again, replaced, retracted(replaced), c, b]):
        columns = read(*([event] for event in events))
        rows = {event.id: row for row, event in enumerate(events)}
        assert columns.speaking_of({rows[a.id]}) == {rows[one.id] for one in (b, again, replaced, retracted(replaced))}
        assert columns.speaking_of({rows[c.id]}) == set()
        assert columns.speaking_of(set()) == set()


# --- by account --------------------------------------------------------------------------------


@settings(max_examples=100)
@given(logs(14), st.lists(st.integers(0, 14), max_size=5), st.sampled_from([0, 2, 4096]), st.booleans(), st.booleans())
def test_the_effects_of_an_account_are_found_however_they_lie(
    log: list[Event], cuts: list[int], fresh: int, laid: bool, asked: bool
) -> None:
    """Grouped or new, laid out or not, asked for between batches or not: its own rows in log order."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(columns_module, "FRESH", fresh)
        found = Read()
        for batch in in_batches(log, cuts):
            found.take(batch)
            if laid:
                found.columns.lay_out()
            if asked:
                for account in range(len(found.columns.accounts)):
                    found.columns.effects_of(account)
        columns = found.columns
        for account in range(len(columns.accounts)):
            rows, does = columns.effects_of(account)
            assert rows.tolist() == np.flatnonzero(columns.effects["account"] == account).tolist()
            event = columns.effects["event"][rows]
            for name, column in zip(EFFECT, does, strict=True):
                whole = event if name == "event" else None
                if whole is None and name in ("adds", "low", "best", "high"):
                    whole = columns.effects[name][rows]
                assert column.tolist() == (columns.events[name][event] if whole is None else whole).tolist()
        account_of = columns.effects["account"][columns.by_account()]
        assert account_of.tolist() == sorted(columns.effects["account"].tolist())


def test_regrouping_between_two_looks_mixes_nothing_up() -> None:
    """Another thread may lay the effects out anew at any moment; who is half way through goes on with what it has."""
    found = Read()
    found.take([held("2024-08-06", "1 km2"), present("2024-08-06", 7), held("2024-08-07", "2 km2")])
    columns = found.columns
    columns.by_account()
    columns.lay_out()

    class Interposed(np.ndarray):  # type: ignore[type-arg]
        """Offsets that are looked at just when somebody else regroups."""

        def __getitem__(self, item: Any) -> Any:
            own = np.asarray(self)[item]
            if isinstance(item, slice):
                found.take([held(f"2024-09-{day:02}", f"{day} km2") for day in range(1, 20)])
                columns.by_account()
                columns.lay_out()
            return own

    columns._grouped = columns._grouped._replace(offsets=columns._grouped.offsets.view(Interposed))
    code = columns.accounts.get((kt.Key.of("present/russia/kursk"), "ukraine"))
    assert code is not None
    _, does = columns.effects_of(code)
    assert dict(zip(EFFECT, (one.tolist() for one in does), strict=True))["best"] == [7]
