"""Any day as known on any other: the built columns against `replay.bounds` on the rows that are visible."""

from __future__ import annotations

import importlib.util
import os
import random
import subprocess
import sys
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kursk_timeline.engines import known
from kursk_timeline.engines.known import OPEN64, Pairs
from kursk_timeline.replay.bounds import FOREVER, OPEN, Claim, greatest, least, middling

SET, ADD = False, True
STAYS = FOREVER + 1


class Row(NamedTuple):
    adds: bool
    first: int
    last: int
    low: int
    best: int
    high: int
    known: int = 0
    until: int = STAYS


Answer = tuple[int, int, int, bool, bool]


def is_plain(way: str) -> bool:
    """Both ways are tested; what is compiled only where numba is, and in CI it has to be."""
    if way == "compiled" and importlib.util.find_spec("numba") is None:
        if os.environ.get("KURSK_CI") == "1":
            pytest.fail("no numba to test with: pip install numba")
        pytest.skip("no numba to test with: pip install numba")
    return way == "plain"


@pytest.fixture(params=["compiled", "plain"])
def plain(request: pytest.FixtureRequest) -> bool:
    return is_plain(request.param)


@pytest.fixture(params=[2, 5, known.BLOCK])
def block(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """Small blocks too, so that a few rows fill some."""
    monkeypatch.setattr(known, "BLOCK", request.param)
    return int(request.param)


def do(adds: bool, first: int, last: int, low: int, high: int | None = None, **visible: int) -> Row:
    high = low if high is None else high
    best = next(amount for amount in (low, high, 0) if abs(amount) < OPEN64)
    return Row(adds, first, last, low, best, high, **visible)


def pairs(accounts: Iterable[list[Row]], plain: bool) -> Pairs:
    accounts = list(accounts)
    rows = [row for account in accounts for row in account]
    offsets = np.cumsum([0, *map(len, accounts)])
    columns = {name: [getattr(row, name) for row in rows] for name in Row._fields}
    built = Pairs(offsets, plain=plain, **columns)
    assert built.compiled is not plain
    return built


def answers(built: Pairs, day: int, known_on: int | None, accounts: Any = None) -> list[Answer]:
    return list(zip(*(column.tolist() for column in built.at(day, known_on, accounts)), strict=True))


def by_definition(rows: list[Row], day: int, known_on: int | None) -> Answer:
    """The plain definition, on the rows that are visible."""
    claims = [
        Claim(
            order,
            row.first,
            row.last,
            row.first if row.last == FOREVER else (row.first + row.last) // 2,
            row.adds,
            -OPEN if row.low == -OPEN64 else row.low,
            row.best,
            OPEN if row.high == OPEN64 else row.high,
        )
        for order, row in enumerate(rows)
        if (row.until > FOREVER if known_on is None else row.known <= known_on < row.until)
    ]
    if not any(c.first <= day for c in claims):
        return 0, 0, 0, False, False
    low, high = least(claims, day).value, greatest(claims, day).value
    return (
        -OPEN64 if low <= -(OPEN // 2) else low,
        middling(claims, day).value,
        OPEN64 if high >= OPEN // 2 else high,
        any(c.last <= day for c in claims),
        True,
    )


def check(accounts: list[list[Row]], plain: bool, days: Iterable[int], known_days: Iterable[int | None]) -> None:
    built = pairs(accounts, plain)
    known_days = list(known_days)
    for day in days:
        for known_on in known_days:
            expected = [by_definition(rows, day, known_on) for rows in accounts]
            assert answers(built, day, known_on) == expected, (accounts, day, known_on)


def on(rows: list[Row], plain: bool, day: int, known_on: int | None = None) -> tuple[int, int]:
    """Low and high of the only account, which is what the definition says too."""
    (answer,) = answers(pairs([rows], plain), day, known_on)
    assert answer == by_definition(rows, day, known_on)
    return answer[0], answer[2]


# --- against the definition --------------------------------------------------------------------


@st.composite
def some_rows(draw: st.DrawFn, open_amounts: bool = True, withdrawn: bool = True) -> Row:
    first = draw(st.integers(1, 9))
    last = draw(st.one_of(st.just(first), st.integers(first, 12), st.just(FOREVER)))
    low, best, high = sorted(draw(st.tuples(*[st.integers(-3, 4)] * 3)))
    if open_amounts:
        low = draw(st.sampled_from([low, low, low, -OPEN64]))
        high = draw(st.sampled_from([high, high, high, OPEN64]))
    seen = draw(st.integers(0, 10))
    until = draw(st.one_of(st.just(STAYS), st.integers(0, 12))) if withdrawn else STAYS
    return Row(draw(st.booleans()), first, last, low, best, high, seen, until)


tables = st.lists(st.lists(some_rows(), max_size=9), min_size=1, max_size=4)
known_days = st.one_of(st.none(), st.integers(-1, 13))


@given(
    accounts=tables, day=st.one_of(st.integers(0, 14), st.just(FOREVER)), known_on=known_days, size=st.integers(1, 4)
)
@settings(max_examples=500)
@pytest.mark.parametrize("way", ["compiled", "plain"])
def test_every_pair_of_days_is_what_the_definition_says(
    way: str, accounts: list[list[Row]], day: int, known_on: int | None, size: int
) -> None:
    """Small tables with everything in them: ties, withdrawals, windows without end, open amounts."""
    plain = is_plain(way)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(known, "BLOCK", size)
        check(accounts, plain, [day], [known_on])


def random_rows(rng: random.Random, size: int, days: int) -> list[Row]:
    """Rows of one account: how often it is set, how wide and how late its claims are, differs from one to the next."""
    sets, exact, withdrawn = rng.choice([0, 0.02, 0.2, 0.6]), rng.choice([0, 0.5, 0.9, 1]), rng.choice([0, 0.1])
    open_amounts, negative, width = rng.choice([0, 0, 0.05]), rng.choice([0, 0.5, 1]), rng.choice([2, days // 3])
    in_order, lag = rng.random() < 0.5, rng.choice([2, days])
    firsts = [rng.randint(1, days) for _ in range(size)]
    rows = []
    for first in sorted(firsts) if in_order else firsts:
        last = first if rng.random() < exact else first + rng.randint(0, width)
        last = FOREVER if rng.random() < 0.01 * (exact < 1) else last
        best = rng.randint(0, 20) * (-1 if rng.random() < negative else 1)
        low = -OPEN64 if rng.random() < open_amounts else best - rng.choice([0, 0, 1, 9])
        high = OPEN64 if rng.random() < open_amounts else best + rng.choice([0, 0, 1, 9])
        seen = first + rng.randint(0, lag)
        until = seen + rng.randint(1, days) if rng.random() < withdrawn else STAYS
        rows.append(Row(rng.random() >= sets, first, last, low, best, high, seen, until))
        if until < STAYS and rng.random() < 0.5:  # the same event, told better
            rows.append(rows[-1]._replace(best=low if low > -OPEN64 else best, known=until, until=STAYS))
    return rows


@pytest.mark.parametrize("seed", range(4))
def test_larger_random_accounts_agree(seed: int, plain: bool, block: int) -> None:
    """Hundreds of rows, so that whole blocks are stepped over and summed up."""
    rng = random.Random(seed)
    for days in (15, 80, 400):
        accounts = [random_rows(rng, rng.randint(0, 250), days) for _ in range(4)]
        times = [rng.randint(1, days + 5) for _ in range(5)]
        check(accounts, plain, times, [None, *(rng.randint(1, 2 * days) for _ in range(3))])


@given(rows=st.lists(some_rows(withdrawn=False), max_size=9), day=st.integers(1, 13), early=st.integers(0, 10))
def test_what_is_known_later_adds_claims(rows: list[Row], day: int, early: int) -> None:
    """Where nothing is withdrawn: what had begun has begun, what was certain is, and None is the last word."""
    built = pairs([rows], plain=True)
    (before,), (after,), (all_of_it,) = (answers(built, day, known_on) for known_on in (early, early + 1, None))
    assert before[3] <= after[3] <= all_of_it[3]
    assert before[4] <= after[4] <= all_of_it[4]
    assert answers(built, day, 10) == [all_of_it]


@given(
    rows=st.lists(some_rows(open_amounts=False), min_size=1, max_size=8),
    day=st.integers(1, 13),
    at=st.integers(0, 7),
    wider=st.tuples(*[st.integers(0, 3)] * 4),
    known_on=known_days,
)
def test_widening_a_claim_never_narrows_the_answer(
    rows: list[Row], day: int, at: int, wider: tuple[int, int, int, int], known_on: int | None
) -> None:
    """A claim that says less allows all the worlds it allowed, and more."""
    row = rows[at % len(rows)]
    before, after, less, more = wider
    loose = row._replace(
        first=max(1, row.first - before), last=min(row.last + after, FOREVER), low=row.low - less, high=row.high + more
    )
    changed = [*rows]
    changed[at % len(rows)] = loose
    (narrow,), (wide,) = (answers(pairs([each], plain=True), day, known_on) for each in (rows, changed))
    if narrow[4]:
        assert wide[4]
        assert wide[0] <= narrow[0] <= narrow[2] <= wide[2]
    assert wide[3] <= narrow[3]


@given(rows=st.lists(some_rows(), max_size=9), day=st.integers(1, 13), known_on=known_days)
def test_low_best_high_are_in_order(rows: list[Row], day: int, known_on: int | None) -> None:
    """The best world is one of the worlds."""
    ((low, best, high, certain, begun),) = answers(pairs([rows], plain=True), day, known_on)
    assert low <= best <= high
    assert begun or not certain


# --- the subtle cases --------------------------------------------------------------------------


def test_a_set_moves_behind_another_and_a_later_add_counts(plain: bool, block: int) -> None:
    """Case 1: on day 2 set #2 can fall on day 1, behind #3, and add #1 on day 2, behind both."""
    rows = [do(ADD, 0, 3, 1), do(SET, 0, 3, 1), do(SET, 0, 0, -1)]
    assert [on(rows, plain, day)[1] for day in (1, 2)] == [1, 2]


def test_sure_adds_are_counted_together(plain: bool, block: int) -> None:
    """Case 2: whoever counts the +10 counts the -10 after it."""
    rows = [do(ADD, 2, 2, 10), do(ADD, 4, 4, -10), do(SET, 1, 5, 100)]
    assert on(rows, plain, 9) == (90, 100)


def test_two_sets_with_one_window_come_in_either_order(plain: bool, block: int) -> None:
    """Case 3: all at their first, last or middle day would say 5."""
    assert on([do(SET, 0, 1, 1), do(SET, 0, 1, 5)], plain, 1) == (1, 5)


def test_the_set_that_ends_last_need_not_be_last(plain: bool, block: int) -> None:
    """Case 4: the set with the wider window can come first or last."""
    assert on([do(SET, 1, 5, 1), do(SET, 3, 4, 2)], plain, 10) == (1, 2)


def test_before_anything_can_have_happened_nothing_is_claimed(plain: bool, block: int) -> None:
    """Case 5: no answer, then a possible one that includes the initial 0, then a certain one."""
    built = pairs([[do(SET, 5, 8, 7)]], plain)
    assert [answers(built, day, None)[0] for day in (4, 5, 7, 8)] == [
        (0, 0, 0, False, False),
        (0, 0, 7, False, True),
        (0, 7, 7, False, True),
        (7, 7, 7, True, True),
    ]


def test_bounds_shrink_on_the_last_day_of_a_window(plain: bool, block: int) -> None:
    """Case 6: an add that may have happened is one that has."""
    rows = [do(SET, 1, 1, 10), do(ADD, 3, 6, 5)]
    assert [on(rows, plain, day) for day in (2, 3, 5, 6)] == [(10, 10), (10, 15), (10, 15), (15, 15)]


def test_open_amounts_stay_open_until_the_next_set(plain: bool, block: int) -> None:
    """Case 8: "over 1,000" has no upper bound, and what is added to it neither."""
    rows = [do(SET, 1, 1, 1000, OPEN64), do(ADD, 2, 3, -OPEN64, 0), do(SET, 5, 6, 50), do(ADD, 4, 4, 7, OPEN64)]
    assert [on(rows, plain, day) for day in (1, 2, 5, 6)] == [
        (1000, OPEN64),
        (-OPEN64, OPEN64),
        (-OPEN64, OPEN64),
        (50, 50),
    ]


def test_nothing_is_clamped_inside(plain: bool, block: int) -> None:
    """Case 10: sums go below 0 and come back."""
    assert on([do(ADD, 1, 1, -5), do(ADD, 2, 2, 7)], plain, 1) == (-5, -5)
    assert on([do(ADD, 1, 1, -5), do(ADD, 2, 2, 7)], plain, 2) == (2, 2)


@pytest.mark.parametrize("adds_first", [True, False])
def test_on_one_day_the_log_order_decides(adds_first: bool, plain: bool, block: int) -> None:
    """An add before a set of the same day is lost in it, one after counts; with a window it can be either."""
    both = [do(ADD, 3, 3, 4), do(SET, 3, 3, 10)]
    expected = (10, 10) if adds_first else (14, 14)
    assert on(both if adds_first else both[::-1], plain, 3) == expected
    loose = [do(ADD, 2, 3, 4), do(SET, 3, 3, 10)]
    assert on(loose if adds_first else loose[::-1], plain, 3) == ((10, 10) if adds_first else (10, 14))


def test_a_window_that_straddles_the_day_ends_there(plain: bool, block: int) -> None:
    """By the day of the set, an earlier-logged add that may come later cannot have come after it."""
    rows = [do(ADD, 1, 9, 4), do(SET, 5, 5, 10)]
    assert [on(rows, plain, day) for day in (5, 6)] == [(10, 10), (10, 14)]


def test_a_row_is_seen_from_its_known_day_until_it_is_withdrawn(plain: bool, block: int) -> None:
    """One event in three versions: reported, corrected, retracted."""
    rows = [do(SET, 1, 1, 5, known=2, until=4), do(SET, 1, 1, 6, known=4, until=7), do(ADD, 1, 1, 1, known=9)]
    built = pairs([rows], plain)
    assert [answers(built, 1, k)[0][1] for k in (1, 2, 3, 4, 6, 7, 9)] == [0, 5, 5, 6, 6, 0, 1]
    assert [answers(built, 1, k)[0][4] for k in (1, 2, 7, 9)] == [False, True, False, True]
    assert answers(built, 1, None) == [(1, 1, 1, True, True)]


def test_a_set_behind_a_block_of_settled_adds_is_found(plain: bool, block: int) -> None:
    """Blocks of sure adds are summed up in haste; a possible set from before them undoes that."""
    rows = [do(SET, 1, FOREVER, 100), *(do(ADD, day, day + 1, day) for day in range(2, 160))]
    check([rows, rows[1:]], plain, [1, 3, 80, 161, 170], [None])


def test_a_block_that_begins_on_the_day_of_the_set_is_not_settled(plain: bool, block: int) -> None:
    """Its adds can all come after the set, but those logged before it need not."""
    rows = [*(do(ADD, 5, 6, 3) for _ in range(70)), do(SET, 5, 5, 10)]
    assert on(rows, plain, 7) == (10, 220)
    assert on([rows[-1], *rows[:-1]], plain, 7) == (220, 220)


def test_a_window_without_end_is_in_play_for_ever(plain: bool, block: int) -> None:
    """However many blocks and sets ago it began."""
    rows = [do(ADD, 1, FOREVER, 3), do(SET, 2, FOREVER, 1000), *(do(SET, day, day, day) for day in range(2, 200))]
    assert on(rows, plain, 199) == (199, 199)
    assert on(rows, plain, 300) == (199, 1003)


# --- the ways in -------------------------------------------------------------------------------


def test_without_numba_the_same_source_runs_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody has to ask for it."""
    monkeypatch.setitem(sys.modules, "numba", None)
    known._compiled.cache_clear()
    try:
        built = Pairs([0, 1], [1], [2], [ADD], [3], [4], [5], [1], [STAYS])
    finally:
        known._compiled.cache_clear()
    assert not built.compiled
    assert answers(built, 1, 1) == [(0, 4, 5, False, True)]


def test_importing_it_does_not_import_numba() -> None:
    """It takes longer than most questions, so it waits for one."""
    code = "import sys, kursk_timeline.engines.known; sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_accounts_can_be_chosen(plain: bool) -> None:
    """In any order, more than once, or none."""
    built = pairs([[do(SET, 1, 1, n)] for n in range(5)], plain)
    assert [answer[1] for answer in answers(built, 1, None, np.array([3, 0, 3]))] == [3, 0, 3]
    assert answers(built, 1, None, np.array([], int)) == []
    assert answers(built, 1, None, []) == []
    for wrong in ([5], [-1]):
        with pytest.raises(IndexError, match="0 to 4"):
            built.at(1, None, wrong)
    with pytest.raises(TypeError, match="flatnonzero"):
        built.at(1, None, [True, False, True, True, True])


def test_no_accounts_and_no_rows(plain: bool) -> None:
    """Nothing to answer for, and nothing to answer."""
    assert answers(pairs([], plain), 1, None) == []
    assert answers(pairs([[], []], plain), 1, 1) == [(0, 0, 0, False, False)] * 2


def test_sums_beyond_64_bits_are_exact_or_an_error(plain: bool) -> None:
    """An account that is too large is answered for by the definition; a bound that does not fit is not given."""
    big = 2**53
    rows = [do(ADD, 1, 1, big) for _ in range(600)] + [do(ADD, 2, 3, -big) for _ in range(600)]
    rows.append(do(SET, 4, 5, 1, OPEN64, known=3))
    small = [do(SET, 1, 1, 7)]
    built = pairs([small, rows, small], plain)
    assert answers(built, 3, None)[1] == by_definition(rows, 3, None) == (0, 0, 0, True, True)
    assert answers(built, 5, None) == [by_definition(each, 5, None) for each in (small, rows, small)]
    assert answers(built, 5, 2)[1] == (0, 0, 0, True, True)
    assert answers(built, 2, 0, [0]) == [(7, 7, 7, True, True)]
    with pytest.raises(OverflowError, match="64 bits"):
        built.at(1, None)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"offsets": [0, 3]}, "offsets"),
        ({"offsets": [1, 2]}, "offsets"),
        ({"offsets": [0, 2, 1, 2]}, "offsets"),
        ({"known": [1]}, "unequal length"),
        ({"last": [0, 5]}, "window"),
        ({"low": [9, 5]}, "no more than"),
        ({"low": [-OPEN64 - 1, 5]}, "beyond OPEN64"),
    ],
)
def test_columns_that_make_no_sense_are_refused(change: dict[str, list[int]], message: str) -> None:
    """Before anything is built of them."""
    columns = {"offsets": [0, 2], "first": [1, 2], "last": [1, 2], "adds": [0, 1], "low": [1, 1], "best": [5, 5]}
    columns |= {"high": [9, 9], "known": [1, 1], "until": [STAYS, STAYS]}
    Pairs(**columns, plain=True)
    with pytest.raises(ValueError, match=message):
        Pairs(**(columns | change), plain=True)


def test_given_columns_are_neither_copied_nor_changed(plain: bool) -> None:
    """Read-only columns are as good as others, and few bytes a row are built beside them."""
    size = 10_000
    day = np.arange(1, size + 1, dtype=np.int32)
    amount = np.ones(size, np.int64)
    columns = (day, day, np.ones(size, bool), amount, amount, amount, day, np.full(size, STAYS, np.int32))
    for column in columns:
        column.flags.writeable = False
    built = Pairs(np.array([0, size]), *columns, plain=plain)
    assert built.at(size, None)[1].tolist() == [size]
    assert built.at(size, size - 1)[1].tolist() == [size - 1]
    assert 0 < built.nbytes <= 24 * size
