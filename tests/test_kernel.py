"""Whole histories of many accounts at once: whatever way the kernel takes, they are those of `replay.bounds`."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kursk_timeline.engines import kernel
from kursk_timeline.engines.columns import OPEN64, Ints, SumError
from kursk_timeline.engines.kernel import Claims, Steps, bounds_of, histories, history_after, narrow, wide
from kursk_timeline.replay import bounds as plain
from kursk_timeline.replay.bounds import FOREVER, OPEN, Bounds
from kursk_timeline.replay.steps import at
from kursk_timeline.units import LIMIT

SET, ADD = False, True

Row = tuple[int, int, int, bool, int, int, int]
"""Account, first and last day, whether it adds, low, best and high."""


def claims(rows: Sequence[Row]) -> Claims:
    types = ("i4", "i4", "i4", "?", "i8", "i8", "i8")
    columns = zip(*rows, strict=True) if rows else [()] * 7
    return Claims(*(np.array(column, type_) for column, type_ in zip(columns, types, strict=True)))


def by_definition(found: Claims, account: int, floor: int) -> list[tuple[int, Bounds]]:
    """The plain steps of one account, with the floor applied to what is finished, and equal neighbours joined."""
    steps: list[tuple[int, Bounds]] = []
    for day, value in plain.steps(found.at(found.account == account).plain()):
        if floor > -OPEN64:
            value = Bounds(*(max(amount, floor) for amount in value))
        if not steps or steps[-1][1] != value:
            steps.append((day, value))
    return steps


def check(found: Claims, floors: Sequence[int]) -> Steps:
    steps = histories(found, np.array(floors, "i8"))
    assert len(steps.offsets) == len(floors) + 1
    for account, floor in enumerate(floors):
        assert bounds_of(steps, account) == by_definition(found, account, floor)
    return steps


# --- against the definition --------------------------------------------------------------------


@st.composite
def rows(draw: st.DrawFn, windows: bool, days: int = 12, accounts: int = 3) -> Row:
    first = draw(st.integers(1, days))
    last = first
    if windows:
        last = draw(st.one_of(st.just(first), st.integers(first, days + 3), st.just(FOREVER)))
    low, best, high = sorted(draw(st.tuples(*[st.integers(-6, 6)] * 3)))
    low = draw(st.sampled_from([low, low, low, -OPEN64]))
    high = draw(st.sampled_from([high, high, high, OPEN64]))
    return draw(st.integers(0, accounts - 1)), first, last, draw(st.booleans()), low, best, high


floors = st.tuples(*[st.sampled_from([-OPEN64, 0, 0, 2, -3])] * 4)  # of three accounts, and one that nobody claims


@settings(max_examples=300)
@given(st.lists(rows(windows=False), max_size=14), floors)
def test_exact_days_are_one_pass_and_the_same(some: list[Row], floors: tuple[int, ...]) -> None:
    """Few claims for the days and accounts they fall on: they are sorted."""
    check(claims(some), floors)


@settings(max_examples=300)
@given(st.lists(rows(windows=False, days=3), max_size=40), floors)
def test_many_claims_on_few_days_fall_into_cells(some: list[Row], floors: tuple[int, ...]) -> None:
    """Several sets and adds a day: the last set in log order counts, and the adds after it."""
    check(claims(some), floors)


@settings(max_examples=300)
@given(st.lists(rows(windows=True), max_size=10), floors)
def test_windows_beside_exact_days(some: list[Row], floors: tuple[int, ...]) -> None:
    """Accounts with windows and accounts without come out in one order, whoever computed them."""
    check(claims(some), floors)


@settings(max_examples=300)
@given(st.lists(rows(windows=True, accounts=2, days=3), min_size=4, max_size=24), floors)
def test_many_claims_on_few_days_some_of_them_windows(some: list[Row], floors: tuple[int, ...]) -> None:
    """What an exact set of the same day overtakes is left out before the sweep; no window ever is."""
    found = claims(some)
    kept = kernel._not_overtaken(found)
    if kept is not None:
        assert set(np.flatnonzero(found.first != found.last)) <= set(kept)
    check(found, floors)


@settings(max_examples=400)
@given(
    st.lists(rows(windows=False, accounts=1), min_size=1, max_size=16),
    st.data(),
    st.sampled_from([-OPEN64, 0, 2]),
    st.sampled_from([0, 64]),
)
def test_a_history_goes_on_from_what_it_was(some: list[Row], data: st.DataObject, floor: int, few: int) -> None:
    """Whatever came, however its claims lie in pieces: it is that of all claims, and no other day has changed."""
    fresh = data.draw(st.integers(1, len(some)))
    cut = data.draw(st.integers(0, len(some)))
    whole, floors = claims(some), np.array([floor], "i8")
    before = histories(whole.at(slice(len(some) - fresh)), floors)
    pieces = [whole.at(slice(cut)), whole.at(slice(cut, None))]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kernel, "FEW", few)
        steps, start, end = history_after(before, pieces, whole.first[-fresh:], floor)
    expected = histories(whole, floors)
    assert [column.tolist() for column in steps] == [column.tolist() for column in expected]
    assert [column.dtype for column in steps] == [column.dtype for column in expected]
    for day in (*range(start), *range(end + 1, 30)):
        assert at(bounds_of(before, 0), day) == at(bounds_of(steps, 0), day)


@given(st.lists(rows(windows=True, accounts=1), max_size=8), st.randoms(use_true_random=False))
def test_an_account_knows_nothing_of_the_others(some: list[Row], rng: random.Random) -> None:
    """Its history is the same alone, and however the claims of others are strewn between its own."""
    others = [(account, 5, 5 + account, SET, 1, 2, 3) for account in (1, 2, 1)]
    mixed = [*some, *others]
    order = [*range(len(some))]  # its own stay in log order
    places = sorted(rng.sample(range(len(mixed)), len(some)))
    strewn: list[Row] = list(others)
    for place, own in zip(places, order, strict=True):
        strewn.insert(place, some[own])
    alone = histories(claims(some), np.zeros(1, "i8"))
    among = histories(claims(strewn), np.zeros(3, "i8"))
    assert bounds_of(among, 0) == bounds_of(alone, 0)


@pytest.mark.parametrize("seed", range(4))
def test_large_random_tables_agree(seed: int) -> None:
    """Thousands of claims, dense and sparse, some accounts with windows, some with open bounds."""
    rng = np.random.default_rng(seed)
    for days, size in ((4, 3000), (300, 800)):
        account = rng.integers(0, 6, size).astype("i4")
        first = (738_000 + rng.integers(0, days, size)).astype("i4")
        wide_ones = (rng.random(size) < 0.3) & (account < 2)
        last = first + np.where(wide_ones, rng.integers(1, 5, size), 0).astype("i4")
        adds = rng.random(size) < 0.6
        best = np.where(adds, rng.integers(-500, 500, size), rng.integers(0, 9000, size))
        low, high = best - rng.integers(0, 50, size), best + rng.integers(0, 50, size)
        high[(rng.random(size) < 0.05) & (account == 3)] = OPEN64
        low[(rng.random(size) < 0.05) & (account == 4)] = -OPEN64
        check(Claims(account, first, last, adds, low, best, high), [0, -OPEN64, 0, 0, -OPEN64, 100, 0])


# --- the two ways of exact days ----------------------------------------------------------------


@settings(max_examples=200)
@given(st.lists(rows(windows=False, days=4), min_size=1, max_size=30))
def test_cells_and_sorting_agree_to_the_type(some: list[Row]) -> None:
    """Which of the two is taken depends on how many claims there are, and nothing else does."""
    found = claims(some)
    start, days = int(found.first.min()), int(np.ptp(found.first)) + 1
    accounts = int(found.account.max()) + 1
    cells = kernel._Cells(found.account * days + found.first - start, start, days, accounts)
    account, day, *values = kernel._dense_scan(cells, found.adds, found[4:])
    sorted_account, sorted_day, *sorted_values = kernel._sorted_scan(found.account, found.first, found.adds, found[4:])
    assert account.tolist() == sorted_account.tolist()
    assert day.tolist() == sorted_day.tolist()
    for one, other in zip(values, sorted_values, strict=True):
        assert one.dtype == other.dtype == np.dtype("i8")
        assert one.tolist() == other.tolist()


@pytest.mark.parametrize("dense", [True, False])
def test_set_then_add_on_one_day_go_by_log_order(dense: bool) -> None:
    """An add before the day's last set is gone with it; an add after it counts."""
    some = [(0, 10, 10, ADD, 7, 7, 7), (0, 10, 10, SET, 1, 1, 1), (0, 10, 10, ADD, 2, 3, 4)]
    if not dense:
        some.append((0, 900, 900, ADD, 0, 0, 0))
    assert bounds_of(check(claims(some), [0]), 0) == [(10, Bounds(3, 4, 5))]
    assert bounds_of(check(claims(some[::-1]), [0]), 0)[0] == (10, Bounds(8, 8, 8))


@pytest.mark.parametrize("dense", [True, False])
def test_sums_go_round_between_accounts_and_no_further(dense: bool) -> None:
    """The running sum over all accounts leaves 64 bits; no account's own does."""
    most = LIMIT
    some = [(a, d, d, ADD, most, most, most) for a in range(40) for d in (1, 2) for _ in range(60 if dense else 1)]
    some += [] if dense else [(0, 5000, 5000, ADD, 0, 0, 0)]
    steps = check(claims(some), [0] * 40)
    assert bounds_of(steps, 39)[-1][1].best == most * (120 if dense else 2)


# --- open bounds, floors, large sums -----------------------------------------------------------


@pytest.mark.parametrize("dense", [True, False])
def test_an_open_bound_lasts_until_the_next_set(dense: bool) -> None:
    """A sum with something open in it is open; a set closes it, also on the same day."""
    some = [
        (0, 1, 1, SET, 5, 5, OPEN64),
        (0, 2, 2, ADD, -1, -1, -1),
        (0, 3, 3, SET, 4, 4, 4),
        (0, 3, 3, ADD, -OPEN64, -2, -1),
        (0, 4, 4, ADD, 0, 0, OPEN64),
        (0, 4, 4, SET, 1, 1, 1),
    ]
    some += [] if dense else [(0, 500, 500, ADD, 0, 0, 0)]
    assert bounds_of(check(claims(some), [-OPEN64]), 0) == [
        (1, Bounds(5, 5, OPEN)),
        (2, Bounds(4, 4, OPEN)),
        (3, Bounds(-OPEN, 2, 3)),
        (4, Bounds(1, 1, 1)),
    ]


def test_a_floor_is_applied_to_what_is_finished() -> None:
    """Never inside: what was taken away too much is still missing later. A floor below all values does nothing."""
    some = [(0, 1, 1, SET, 1, 2, 3), (0, 2, 2, ADD, -5, -5, -5), (0, 3, 3, ADD, 4, 4, 4)]
    assert bounds_of(check(claims(some), [0]), 0) == [
        (1, Bounds(1, 2, 3)),
        (2, Bounds(0, 0, 0)),
        (3, Bounds(0, 1, 2)),
    ]
    check(claims(some), [-OPEN64])
    check(claims(some), [2])


@pytest.mark.parametrize("windowed", [False, True])
def test_sums_beyond_the_half_of_64_bits_are_exact(windowed: bool) -> None:
    """Such an account is computed plainly; the one beside it is none the wiser."""
    some = [(0, d, d + windowed, ADD, LIMIT - 1, LIMIT, LIMIT) for d in range(300)]
    some += [(1, d, d, ADD, 1, 2, 3) for d in range(0, 300, 50)]
    steps = check(claims(some), [0, 0])
    assert bounds_of(steps, 0)[-1][1] == Bounds(300 * (LIMIT - 1), 300 * LIMIT, 300 * LIMIT)


def test_what_has_no_room_in_64_bits_is_an_error_and_no_number() -> None:
    """The known limit: 2**62 base units, four million million square kilometres."""
    with pytest.raises(SumError, match="beyond what columns can hold"):
        histories(claims([(0, d, d, ADD, LIMIT, LIMIT, LIMIT) for d in range(600)]), np.zeros(1, "i8"))


@given(st.integers(-OPEN64 + 1, OPEN64 - 1))
def test_wide_and_narrow_are_each_others_mirror(amount: int) -> None:
    """Also at the ends; and no bound stays no bound."""
    assert narrow(wide(amount)) == amount
    assert [wide(OPEN64), wide(-OPEN64)] == [OPEN, -OPEN]
    assert [narrow(OPEN + amount), narrow(amount - OPEN)] == [OPEN64, -OPEN64]


# --- the ends ----------------------------------------------------------------------------------


def test_no_claims_have_no_steps() -> None:
    """None at all, and none of some accounts: before, between and behind those that have."""
    assert histories(claims([]), np.zeros(0, "i8")).offsets.tolist() == [0]
    assert histories(claims([]), np.zeros(3, "i8")).offsets.tolist() == [0, 0, 0, 0]
    for dense in (1, 3):
        some: list[Row] = [(1, 5, 5, SET, 1, 1, 1), (3, 6, 6, SET, 2, 2, 2)] * dense
        assert check(claims(some), [0] * 5).offsets.tolist() == [0, 0, 1, 1, 2, 2]
    assert check(claims([(1, 5, 8, SET, 1, 1, 1)]), [0, 0, 0]).offsets[[0, 1]].tolist() == [0, 0]


@pytest.mark.parametrize(
    ("first", "last"),
    [(1, 1), (1, 3), (1, FOREVER), (FOREVER - 5, FOREVER), (FOREVER - 1, FOREVER - 1), (FOREVER, FOREVER)],
)
def test_the_first_and_last_day_of_the_calendar(first: int, last: int) -> None:
    """0001-01-01 and 9999-12-31 are days like others; what has no end is never sure to have happened."""
    some: list[Row] = [(0, first, last, SET, 2, 3, 4), (1, 10, 10, SET, 1, 1, 1), (1, 9, 12, ADD, 1, 1, 1)]
    steps = histories(claims(some), np.zeros(2, "i8"))
    for account in (0, 1):
        expected = [step for step in by_definition(claims(some), account, 0) if step[0] <= FOREVER]
        assert [step for step in bounds_of(steps, account) if step[0] <= FOREVER] == expected


def test_claims_of_no_end_are_best_placed_on_their_first_day() -> None:
    """No end has no middle."""
    found = claims([(0, 5, FOREVER, SET, 1, 1, 1), (0, 5, 8, SET, 1, 1, 1)])
    assert found.middle.tolist() == [5, 6]
    assert [one.middle for one in found.plain()] == [5, 6]


def test_what_is_given_is_left_as_it_was() -> None:
    """Columns are shared with everybody else."""
    for days in (3, 400):
        rng = np.random.default_rng(days)
        some = [
            (int(a), int(d), int(d), bool(s), 0, 1, OPEN64) for a, d, s in rng.integers(0, 3, (60, 3)) * [1, days, 1]
        ]
        found = claims(some)
        before: list[Ints] = [column.copy() for column in found]
        histories(found, np.zeros(3, "i8"))
        for column, was in zip(found, before, strict=True):
            assert column.tolist() == was.tolist()
