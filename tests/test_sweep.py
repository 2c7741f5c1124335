"""The bounds of all days at once: against the plain definition and every world, in each of its forms."""

from __future__ import annotations

import contextlib
import itertools
import math
import os
import random
import sys
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from browsing import lacking
from kursk_timeline.engines import sweep as engine
from kursk_timeline.engines.sweep import OPEN64
from kursk_timeline.replay import bounds as exact
from kursk_timeline.replay.account import at
from kursk_timeline.replay.bounds import FOREVER, OPEN
from oracle import Doing, literal_bounds

SET, ADD = False, True
TREES, ROWS, EITHER = 0, 10**9, engine._PATIENCE


class Row(NamedTuple):
    """One claim, as the columns hold it."""

    adds: bool
    first: int
    last: int
    low: int
    high: int


Steps = list[tuple[int, int, int]]
"""(day, low, high) wherever they change."""


def row(adds: bool, first: int, last: int, low: int, high: int | None = None) -> Row:
    return Row(adds, first, last, low, low if high is None else high)


def columns(accounts: Sequence[Sequence[Row]]) -> tuple[np.ndarray, ...]:
    rows = [r for account in accounts for r in account]
    return (
        np.cumsum([0, *map(len, accounts)], dtype=np.int64),
        np.array([r.first for r in rows], dtype=np.int32),
        np.array([r.last for r in rows], dtype=np.int32),
        np.array([r.adds for r in rows], dtype=np.bool_),
        np.array([r.low for r in rows], dtype=np.int64),
        np.array([r.high for r in rows], dtype=np.int64),
    )


def swept(accounts: Sequence[Sequence[Row]], *, plain: bool, patience: int) -> list[Steps]:
    offsets, day, low, high = engine._sweep(*columns(accounts), plain=plain, patience=patience)
    assert (offsets.dtype, day.dtype, low.dtype, high.dtype) == (np.int64, np.int32, np.int64, np.int64)
    assert offsets[0] == 0
    assert offsets[-1] == len(day) == len(low) == len(high)
    triples = list(zip(day.tolist(), low.tolist(), high.tolist(), strict=True))
    return [triples[start:end] for start, end in itertools.pairwise(offsets)]


WAYS = [(plain, patience) for plain in ((True, False) if engine.compiled() else (True,)) for patience in (TREES, ROWS)]


def by_all_ways(accounts: Sequence[Sequence[Row]]) -> list[Steps]:
    """What the forms agree on: plain and compiled, with rows and with trees."""
    first, *others = (swept(accounts, plain=plain, patience=patience) for plain, patience in WAYS)
    for other in others:
        assert other == first, accounts
    return first


def defined(rows: Sequence[Row]) -> Steps:
    """The same by `bounds.steps`, without its best value."""
    claims = [
        exact.Claim(
            n,
            r.first,
            r.last,
            r.first,
            r.adds,
            -OPEN if r.low == -OPEN64 else r.low,
            0,
            OPEN if r.high == OPEN64 else r.high,
        )
        for n, r in enumerate(rows, 1)
    ]
    found: Steps = []
    for day, (low, _, high) in exact.steps(claims):
        bounds = (-OPEN64 if low <= -OPEN // 2 else low, OPEN64 if high >= OPEN // 2 else high)
        if not found or found[-1][1:] != bounds:
            found.append((day, *bounds))
    return found


def on(steps: Steps, day: int) -> tuple[float, float] | None:
    value = at([(d, (low, high)) for d, low, high in steps], day)
    if value is None:
        return None
    low, high = value
    return (-math.inf if low == -OPEN64 else low, math.inf if high == OPEN64 else high)


def check_against_every_world(rows: Sequence[Row], end: int) -> None:
    """Every day before `end`; a window without end is played as one that ends there."""
    steps = by_all_ways([rows])[0]
    doings = [
        Doing(
            n,
            r.first,
            min(r.last, end),
            r.adds,
            -math.inf if r.low == -OPEN64 else r.low,
            0,
            math.inf if r.high == OPEN64 else r.high,
            None,
            str(n),
        )
        for n, r in enumerate(rows)
    ]
    start = min(r.first for r in rows)
    assert on(steps, start - 1) is None
    for day in range(start, end):
        assert on(steps, day) == literal_bounds(doings, day), (rows, day)


def test_numba_is_there() -> None:
    """Without it only the plain form is tested; where all must be tested it may not be missing."""
    if not engine.compiled():
        lacking("numba, without which nothing is compiled,")


# --- the subtle cases --------------------------------------------------------------------------

CASE_1 = [row(ADD, 0, 3, 1), row(SET, 0, 3, 1), row(SET, 0, 0, -1)]
CASE_2 = [row(ADD, 2, 2, 10), row(ADD, 4, 4, -10), row(SET, 1, 5, 100)]

CASES: dict[str, tuple[list[Row], Steps]] = {
    "1: a bound can change two days after a window opens": (
        CASE_1,
        [(0, -1, -1), (1, -1, 1), (2, -1, 2)],
    ),
    "2: adds around a wandering set are coupled through its day": (
        CASE_2,
        [(1, 0, 100), (2, 10, 110), (4, 0, 100), (5, 90, 100)],
    ),
    "3: earliest, latest and middle replays are no bounds": (
        [row(SET, 0, 1, 1), row(SET, 0, 1, 5)],
        [(0, 0, 5), (1, 1, 5)],
    ),
    "4: the latest end does not win": (
        [row(SET, 1, 5, 7), row(SET, 3, 4, 9)],
        [(1, 0, 7), (3, 0, 9), (4, 7, 9)],
    ),
    "5: nothing before the first day, then from zero": (
        [row(ADD, 3, 5, 10)],
        [(3, 0, 10), (5, 10, 10)],
    ),
    "6: bounds narrow again when a window closes": (
        [row(SET, 0, 0, 1), row(SET, 2, 5, 9)],
        [(0, 1, 1), (2, 1, 9), (5, 9, 9)],
    ),
    "8: open bounds stay open, large sums lose no digit": (
        [row(SET, 0, 0, 1000, OPEN64), row(ADD, 1, 2, 2**53), row(ADD, 3, 3, -OPEN64, -1)],
        [(0, 1000, OPEN64), (2, 1000 + 2**53, OPEN64), (3, -OPEN64, OPEN64)],
    ),
    "10: nothing is clamped inside the replay": (
        [row(ADD, 1, 1, -5), row(ADD, 2, 2, 5)],
        [(1, -5, -5), (2, 0, 0)],
    ),
    "a set then an add on one day": ([row(SET, 3, 3, 10), row(ADD, 3, 3, 5)], [(3, 15, 15)]),
    "an add then a set on one day": ([row(ADD, 3, 3, 5), row(SET, 3, 3, 10)], [(3, 10, 10)]),
    "a window without end stays possible for ever": ([row(SET, 5, FOREVER, 10)], [(5, 0, 10)]),
    "a set for ever possible forbids no other": (
        [row(SET, 1, FOREVER, 9), row(SET, 2, 3, 4), row(ADD, 5, FOREVER, -2)],
        [(1, 0, 9), (3, 4, 9), (5, 2, 9)],
    ),
    "an open set has no bound from the first day it can have happened": (
        [row(SET, 2, 4, -OPEN64, OPEN64), row(SET, 6, 6, 1)],
        [(2, -OPEN64, OPEN64), (6, 1, 1)],
    ),
    "two open adds are as open as one": (
        [row(ADD, 1, 1, 0, OPEN64), row(ADD, 2, 3, 5, OPEN64), row(SET, 5, 5, 7)],
        [(1, 0, OPEN64), (3, 5, OPEN64), (5, 7, 7)],
    ),
    "an exact set ends the doubt about what comes before it, for that day": (
        [row(SET, 1, 4, 50), row(ADD, 2, 4, 3), row(SET, 3, 3, 8), row(ADD, 3, 3, 1)],
        [(1, 0, 50), (2, 0, 53), (3, 9, 9), (4, 9, 53)],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_subtle_case(name: str) -> None:
    """Written out by hand, and checked against every world."""
    rows, expected = CASES[name]
    assert by_all_ways([rows]) == [expected]
    assert defined(rows) == expected
    check_against_every_world(rows, 8)


def test_case_7_the_hull_is_reached_at_both_ends() -> None:
    """1 and 5 are possible and 3 is not; the bounds say [1, 5]."""
    assert on(by_all_ways([[row(SET, 0, 1, 1), row(SET, 0, 1, 5)]])[0], 1) == (1, 5)


def test_days_end_before_forever() -> None:
    """Its day after next would be beyond the calendar; the day itself stands for no end."""
    rows = [row(SET, FOREVER - 2, FOREVER - 1, 3), row(ADD, FOREVER - 1, FOREVER, 4), row(SET, FOREVER, FOREVER, 9)]
    assert by_all_ways([rows]) == [[(FOREVER - 2, 0, 3), (FOREVER - 1, 3, 7)]]
    assert by_all_ways([[row(SET, FOREVER, FOREVER, 9)]]) == [[]]


def test_accounts_are_answered_each_for_itself_also_empty_ones() -> None:
    """Empty accounts have no rows, wherever they stand."""
    accounts = [[], CASE_1, [], [], CASE_2, [row(ADD, 3, 3, 5)], []]
    assert by_all_ways(accounts) == [defined(rows) for rows in accounts]
    assert by_all_ways([]) == []
    assert by_all_ways([[], []]) == [[], []]


def test_the_public_call_is_the_same_compiled_or_plain() -> None:
    """Whoever has no numba gets the same columns."""
    given = columns([CASE_1, CASE_2])
    for one, other in zip(engine.sweep(*given), engine.sweep(*given, plain=True), strict=True):
        assert one.dtype == other.dtype
        assert one.tolist() == other.tolist()


def test_without_numba_the_plain_form_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its absence is no error."""
    monkeypatch.setitem(sys.modules, "numba", None)
    assert not engine.compiled()
    assert swept([CASE_1], plain=False, patience=EITHER) == [defined(CASE_1)]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: (c[0] + 1, *c[1:]), "start at 0"),
        (lambda c: (c[0] * [1, 1, -1], *c[1:]), "never go back"),
        (lambda c: (c[0][:0], *c[1:]), "start at 0"),
        (lambda c: (*c[:5], c[5][:-1]), "unequal length"),
        (lambda c: (c[0][:-1], *c[1:]), "unequal length"),
        (lambda c: (c[0], c[2] + 1, *c[2:]), "window of row 0"),
        (lambda c: (*c[:4], c[5] + 1, c[5]), "range of row 0"),
        (lambda c: (*c[:4], c[5] * 0 + OPEN64, c[5] * 0 + OPEN64), "bounds nothing"),
    ],
)
def test_columns_that_make_no_sense_are_refused(
    change: Callable[[tuple[np.ndarray, ...]], object], message: str
) -> None:
    """An answer to them would be an accident."""
    with pytest.raises(ValueError, match=message):
        engine.sweep(*change(columns([CASE_1, CASE_2])))


# --- random accounts ---------------------------------------------------------------------------


@st.composite
def accounts(draw: st.DrawFn, most: int = 8, days: int = 9, endless: bool = True) -> list[Row]:
    """Few claims in a short time: wide windows, ties, open ends, signed adds."""
    made = []
    for _ in range(draw(st.integers(1, most))):
        first = draw(st.integers(1, days))
        last = first + draw(st.sampled_from([0, 0, 1, 2, 3, 5]))
        if endless and draw(st.integers(0, 9)) == 0:
            last = FOREVER
        low = draw(st.integers(-6, 8))
        high = low + draw(st.sampled_from([0, 0, 1, 3, 12]))
        match draw(st.integers(0, 11)):
            case 0:
                low = -OPEN64
            case 1:
                high = OPEN64
        made.append(Row(draw(st.booleans()), first, last, low, high))
    return made


@given(st.lists(accounts(), max_size=4))
@settings(max_examples=int(os.environ.get("KURSK_WORLDS", "300")))
def test_all_ways_equal_the_definition(many: list[list[Row]]) -> None:
    """Whatever is asked, in whatever company."""
    assert by_all_ways(many) == [defined(rows) for rows in many]


@given(accounts(most=3, days=4))
@settings(max_examples=int(os.environ.get("KURSK_WORLDS", "120")))
def test_all_ways_equal_the_replay_of_every_world(rows: list[Row]) -> None:
    """Not by way of the same theorem, but from the meaning alone."""
    check_against_every_world(rows, 8)


def random_account(
    rng: random.Random,
    count: int,
    days: int,
    *,
    windowed: float = 1.0,
    width: int = 20,
    sets: float = 0.5,
    endless: float = 0.0,
    opens: float = 0.0,
) -> list[Row]:
    made = []
    for _ in range(count):
        adds = rng.random() >= sets
        first = rng.randint(1, days)
        last = first + (rng.randint(1, width) if rng.random() < windowed else 0)
        low = rng.randint(-1000, 1000) * (1 if adds else 5)
        high = low + rng.choice([0, 0, 10, 500])
        made.append(
            Row(
                adds,
                first,
                FOREVER if rng.random() < endless else last,
                -OPEN64 if rng.random() < opens else low,
                OPEN64 if rng.random() < opens else high,
            )
        )
    return made


def test_all_ways_equal_the_definition_on_many_random_accounts() -> None:
    """A fair number here; KURSK_RANDOM_LOGS=200000 is the nightly size."""
    rng = random.Random(20240806)
    left = int(os.environ.get("KURSK_RANDOM_LOGS", "3000"))
    while left > 0:
        many = [
            random_account(
                rng,
                rng.randint(1, 12),
                rng.choice([4, 9, 14]),
                windowed=rng.choice([0.3, 0.7, 1]),
                width=rng.choice([2, 4, 8]),
                sets=rng.choice([0.1, 0.3, 0.6]),
                endless=rng.choice([0, 0.1]),
                opens=rng.choice([0, 0.05]),
            )
            for _ in range(min(left, 500))
        ]
        assert by_all_ways(many) == [defined(rows) for rows in many]
        left -= len(many)


@pytest.mark.parametrize(
    ("count", "days", "shape"),
    [
        (200, 30, {"opens": 0.02}),
        (300, 5000, {"width": 400, "sets": 0.1}),
        (400, 60, {"sets": 0.01, "endless": 0.02}),
        (500, 400, {"sets": 0, "width": 5}),
        (600, 100, {"windowed": 0.1}),
        (600, 200_000, {"windowed": 0.5, "width": 3000}),
        (800, 50, {"windowed": 0}),
        (1000, 300, {"sets": 0.3, "endless": 0.05, "opens": 0.01}),
        (1000, 900, {"sets": 0.02, "width": 60}),
        (2000, 260, {"width": 60}),
    ],
)
def test_all_ways_equal_the_definition_on_long_accounts(count: int, days: int, shape: dict[str, float]) -> None:
    """Hundreds of claims in play at once: at every day of change."""
    rows = random_account(random.Random(count + days), count, days, **shape)
    expected = defined(rows)
    assert by_all_ways([rows]) == [expected]
    assert swept([rows], plain=True, patience=EITHER) == [expected]


def test_rows_give_way_to_trees_in_the_middle_of_an_account(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where everything stays in play; what rows had found by then is found again, once."""
    asked = []
    trees = engine._by_trees
    monkeypatch.setattr(engine, "_by_trees", lambda *args: asked.append(args[0]) or trees(*args))
    rng = random.Random(7)
    hard = [row(ADD, day, day + 2, rng.choice([-3, 4])) for day in range(1, 600)]
    assert swept([CASE_1, hard, CASE_2], plain=True, patience=EITHER) == [defined(r) for r in (CASE_1, hard, CASE_2)]
    assert asked == [len(hard)]


# --- sums that do not fit ----------------------------------------------------------------------


def test_an_account_whose_sums_might_not_fit_is_handed_to_the_definition() -> None:
    """Its neighbours are not touched by it; the bounds are exact all the same."""
    large = [row(ADD, day, day + 3, -(2**53) if day % 2 else 1, 2**53) for day in range(1, 200)]
    mixed = [row(ADD, day, day + 1, 2**53, OPEN64 if day % 9 else 2**53) for day in range(1, 40)]
    back_and_forth = [row(ADD, day, day, 2**60 if day % 2 else -(2**60)) for day in range(1, 17)]
    many = [CASE_1, large, [], mixed, back_and_forth, [*large[:140], row(SET, 90, 95, 5)], CASE_2]
    assert by_all_ways(many) == [defined(rows) for rows in many]


def test_amounts_at_the_edge_of_what_fits() -> None:
    """Just below and just above the room for sums."""
    for amount in (2**58 - 1, 2**58, 2**59, 2**60 - 1, 2**60, 2**60 + 1, 2**61 - 1):
        for high in (amount, OPEN64):
            rows = [row(SET, 1, 3, -amount, amount), row(ADD, 2, 4, -amount, high)]
            assert by_all_ways([rows]) == [defined(rows)]


def test_a_bound_beyond_64_bits_is_an_error_not_a_wrong_number() -> None:
    """It could not be told from one that is open."""
    rows = [row(ADD, 1, 2, 2**53) for _ in range(512)]
    for plain, patience in WAYS:
        with pytest.raises(OverflowError, match="does not fit"):
            swept([rows], plain=plain, patience=patience)
    assert by_all_ways([rows[1:]]) == [defined(rows[1:])]


def test_open_bounds_alone_hand_nothing_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """An open bound stands for no large amount; only what is said counts against the room for sums."""
    monkeypatch.delattr(engine, "_by_definition")
    rng = random.Random(3)
    rows = random_account(rng, 300, 200, opens=0.5)
    assert by_all_ways([rows]) == [defined(rows)]


def test_amounts_that_are_not_whole_are_refused() -> None:
    """A float that was cut to a whole number would be another amount."""
    given = columns([CASE_1])
    with pytest.raises(TypeError, match="float64"):
        engine.sweep(*given[:5], given[5] + 0.5)


# --- laws --------------------------------------------------------------------------------------


@given(accounts(), st.data())
def test_widening_a_window_or_a_range_never_narrows_a_bound(rows: list[Row], data: st.DataObject) -> None:
    """More doubt about one claim never gives less doubt about the answer."""
    which = data.draw(st.integers(0, len(rows) - 1))
    before, after, down, up = (data.draw(st.integers(0, 3)) for _ in range(4))
    one = rows[which]
    wider = list(rows)
    wider[which] = one._replace(
        first=one.first - before,
        last=min(one.last + after, FOREVER),
        low=max(one.low - down, -OPEN64),
        high=min(one.high + up, OPEN64),
    )
    narrow, wide = by_all_ways([rows, wider])
    for day in range(min(r.first for r in rows), 20):
        (low, high), (lower, higher) = on(narrow, day), on(wide, day)
        assert lower <= low
        assert high <= higher


@given(accounts())
def test_the_least_is_the_greatest_of_the_negated_account(rows: list[Row]) -> None:
    """The two directions are one."""
    mirrored = [r._replace(low=-r.high, high=-r.low) for r in rows]
    steps, other = by_all_ways([rows, mirrored])
    assert other == [(day, -high, -low) for day, low, high in steps]


@given(accounts(), st.integers(0, 1000))
def test_days_can_be_counted_from_anywhere(rows: list[Row], shift: int) -> None:
    """Only the order of days and their distance matter."""
    moved = [r._replace(first=r.first + shift, last=min(r.last + shift, FOREVER)) for r in rows]
    steps, later = by_all_ways([rows, moved])
    assert later == [(day + shift, low, high) for day, low, high in steps]


# --- the check can fail ------------------------------------------------------------------------

MUTANTS: dict[str, tuple[str, Callable[..., object]]] = {
    "claims are not sorted by day": ("_sort", lambda *args: None),
    "the open sets between two adds are overlooked": ("_top_of", lambda top, node, end, value: value),
    "one claim too many between two adds": (
        "_top_of",
        lambda top, node, end, value: max([value, *top[node : end + 1]]),
    ),
    "the list is never cut": (
        "_replay_from",
        lambda add, start, node: start[1],
    ),
    "every day is a change": (
        "_note",
        lambda start, at, day, high, low, most, days, lows, highs: (
            days.__setitem__(at, day) or lows.__setitem__(at, -low) or highs.__setitem__(at, high) or at + 1
        ),
    ),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_the_check_notices_a_broken_engine(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each way of breaking the plain form is caught by the comparison with the definition."""
    target, broken = MUTANTS[name]
    monkeypatch.setattr(engine, target, broken)
    rng = random.Random(1)
    many = [random_account(rng, rng.randint(1, 8), 9, width=4) for _ in range(300)]
    expected = [defined(rows) for rows in many]
    right = 0
    for patience in (TREES, ROWS):
        with contextlib.suppress(IndexError):
            right += swept(many, plain=True, patience=patience) == expected
    assert right < 2
