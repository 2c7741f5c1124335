"""The exact bounds against the replay of every world, and the corner cases that catch the shortcuts."""

from __future__ import annotations

import math
import os
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kursk_timeline.replay import bounds as exact
from kursk_timeline.replay.account import at
from kursk_timeline.replay.bounds import OPEN, Bounds, Claim, Naming
from oracle import Doing, literal_best, literal_bounds, literal_names

SET, ADD = False, True


def claim(
    order: int, adds: bool, first: int, last: int, low: int, high: int | None = None, best: int | None = None
) -> Claim:
    high = low if high is None else high
    return Claim(order, first, last, (first + last) // 2, adds, low, low if best is None else best, high)


def as_doing(c: Claim) -> Doing:
    low = -math.inf if c.low == -OPEN else c.low
    high = math.inf if c.high == OPEN else c.high
    return Doing(c.order, c.first, c.last, c.adds, low, c.best, high, None, str(c.order))


def on(claims: list[Claim], day: int) -> tuple[float, float, float]:
    """Low, best and high of the computed steps on a day."""
    value = at(exact.steps(claims), day)
    assert value is not None
    low = -math.inf if value.low <= -OPEN // 2 else value.low
    high = math.inf if value.high >= OPEN // 2 else value.high
    return low, value.best, high


def check_against_every_world(claims: list[Claim]) -> int:
    """Steps and one-day search equal the literal replay on every day; how many days were compared."""
    doings = [as_doing(c) for c in claims]
    start, end = min(c.first for c in claims), max(c.last for c in claims)
    steps = exact.steps(claims)
    assert at(steps, start - 1) is None
    for day in range(start, end + 3):
        low, high = literal_bounds(doings, day)
        assert on(claims, day) == (low, literal_best(doings, day), high), (claims, day)
        assert low <= literal_best(doings, day) <= high
        one_day = exact.least(claims, day).value, exact.middling(claims, day).value, exact.greatest(claims, day).value
        in_steps = at(steps, day)
        assert in_steps is not None
        assert one_day[1] == in_steps.best
        if low > -math.inf:
            assert one_day[0] == low
        if high < math.inf:
            assert one_day[2] == high
    return end + 3 - start


# --- the subtle cases --------------------------------------------------------------------------

CASE_1 = [claim(1, ADD, 0, 3, 1), claim(2, SET, 0, 3, 1), claim(3, SET, 0, 0, -1)]
CASE_2 = [claim(1, ADD, 2, 2, 10), claim(2, ADD, 4, 4, -10), claim(3, SET, 1, 5, 100)]


def test_case_1_a_bound_can_change_two_days_after_a_window_opens() -> None:
    """A set must go to day 1 to beat another, and an add before it in the log to day 2 to come after it."""
    claims = CASE_1
    assert on(claims, 1)[2] == 1
    assert on(claims, 2)[2] == 2
    check_against_every_world(claims)


def test_case_2_adds_around_a_wandering_set_are_coupled_through_its_day() -> None:
    """Counting each add or not at will would allow 110, which no world gives."""
    claims = CASE_2
    low, _, high = on(claims, 9)
    assert (low, high) == (90, 100)
    check_against_every_world(claims)


def test_case_3_earliest_latest_and_middle_replays_are_no_bounds() -> None:
    """All three say 5; the first set may still come last."""
    claims = [claim(1, SET, 0, 1, 1), claim(2, SET, 0, 1, 5)]
    low, best, high = on(claims, 1)
    assert (low, best, high) == (1, 5, 5)
    check_against_every_world(claims)


def test_case_4_the_latest_end_does_not_win() -> None:
    """A window that ends later may have happened earlier."""
    claims = [claim(1, SET, 1, 5, 7), claim(2, SET, 3, 4, 9)]
    low, _, high = on(claims, 10)
    assert (low, high) == (7, 9)
    check_against_every_world(claims)


def test_case_5_there_is_no_account_before_its_first_day_and_it_starts_from_zero() -> None:
    """Nothing claimed is not zero; a change before any set starts from zero."""
    claims = [claim(1, ADD, 3, 5, 10)]
    assert at(exact.steps(claims), 2) is None
    low, _, high = on(claims, 3)
    assert (low, high) == (0, 10)
    assert on(claims, 5) == (10, 10, 10)


def test_case_6_bounds_narrow_again_when_a_window_closes() -> None:
    """What may have happened on day 4 must have happened on day 5."""
    claims = [claim(1, SET, 0, 0, 1), claim(2, SET, 2, 5, 9)]
    assert [on(claims, day)[::2] for day in (1, 2, 4, 5)] == [(1, 1), (1, 9), (1, 9), (9, 9)]
    check_against_every_world(claims)


def test_case_7_the_hull_is_tight_but_not_every_value_in_it_is_possible() -> None:
    """1 and 5 are possible, 3 is not; the bounds are reached all the same."""
    claims = [claim(1, SET, 0, 1, 1), claim(2, SET, 0, 1, 5)]
    for trace in (exact.least(claims, 1), exact.greatest(claims, 1)):
        assert trace.last_set is not None
        assert trace.value in (1, 5)


def test_case_8_open_bounds_stay_open_and_sums_stay_exact() -> None:
    """ "Over 1,000" has no upper end, taken away it has no lower one, and large sums lose no digit."""
    claims = [
        claim(1, SET, 0, 0, 1000, OPEN),
        claim(2, ADD, 1, 2, 2**53, 2**53),
        claim(3, ADD, 3, 3, -OPEN, -1, best=-1),
    ]
    assert on(claims, 2) == (1000 + 2**53, 1000 + 2**53, math.inf)
    assert on(claims, 3) == (-math.inf, 999 + 2**53, math.inf)
    check_against_every_world(claims)


def test_case_10_nothing_is_clamped_inside_the_replay() -> None:
    """-5 then +5 is 0. Clamping on the way would make it 5."""
    claims = [claim(1, ADD, 1, 1, -5), claim(2, ADD, 2, 2, 5)]
    assert on(claims, 1) == (-5, -5, -5)
    assert on(claims, 2) == (0, 0, 0)


def test_a_tie_on_one_day_goes_by_log_order() -> None:
    """Set then add is not add then set."""
    assert on([claim(1, SET, 3, 3, 10), claim(2, ADD, 3, 3, 5)], 3) == (15, 15, 15)
    assert on([claim(1, ADD, 3, 3, 5), claim(2, SET, 3, 3, 10)], 3) == (10, 10, 10)


def test_an_event_with_an_open_window_never_must_happen() -> None:
    """An announcement without an end stays possible for ever and is best placed on its first day."""
    announced = Claim(1, 5, exact.FOREVER, 5, SET, 10, 10, 10)
    assert on([announced], 700_000) == (0, 10, 10)


# --- every world -------------------------------------------------------------------------------

amounts = st.integers(-5, 8)


@st.composite
def claims_of_one_account(draw: st.DrawFn, most: int = 4) -> list[Claim]:
    """Few claims in a short time: wide windows, ties, open ends, signed adds."""
    made = []
    for order in range(1, draw(st.integers(1, most)) + 1):
        first = draw(st.integers(1, 5))
        last = first + draw(st.sampled_from([0, 0, 1, 2, 4]))
        low = draw(amounts)
        high = low + draw(st.sampled_from([0, 0, 1, 3]))
        best = draw(st.integers(low, high))
        adds = draw(st.booleans())
        match draw(st.sampled_from(["closed", "closed", "closed", "open above", "open below"])):
            case "open above":
                high = OPEN
            case "open below" if adds:
                low = -OPEN
        made.append(Claim(order, first, last, (first + last) // 2, adds, low, best, high))
    return made


@given(claims_of_one_account())
@settings(max_examples=int(os.environ.get("KURSK_WORLDS", "400")), deadline=None)
def test_bounds_equal_the_replay_of_every_world(claims: list[Claim]) -> None:
    """The engine is the definition, at every day."""
    check_against_every_world(claims)


def random_claims(rng: random.Random) -> list[Claim]:
    """The same mix as above, made quickly for long runs."""
    made = []
    for order in range(1, rng.randint(1, 4) + 1):
        first = rng.randint(1, 6)
        last = first + rng.choice([0, 0, 1, 2, 3, 4])
        low = rng.randint(-5, 8)
        high = low + rng.choice([0, 0, 1, 3])
        adds = rng.random() < 0.5
        best = rng.randint(low, high)
        if rng.random() < 0.1:
            high = OPEN
        elif adds and rng.random() < 0.1:
            low = -OPEN
        made.append(Claim(order, first, last, (first + last) // 2, adds, low, best, high))
    return made


def test_bounds_equal_every_world_on_many_random_accounts() -> None:
    """A fair number here; KURSK_RANDOM_LOGS=100000 is the nightly size."""
    rng = random.Random(20240806)
    compared = sum(
        check_against_every_world(random_claims(rng)) for _ in range(int(os.environ.get("KURSK_RANDOM_LOGS", "1500")))
    )
    assert compared > 0


@given(
    st.lists(
        st.tuples(st.integers(1, 6), st.integers(0, 4), st.sampled_from(["ukraine", "russia", "contested"])),
        min_size=1,
        max_size=5,
    )
)
@settings(max_examples=300, deadline=None)
def test_possible_names_equal_the_replay_of_every_world(rows: list[tuple[int, int, str]]) -> None:
    """Holders work like numbers: the exact set of names over all worlds."""
    claims = [Naming(n, a, a + w, a + w // 2, name) for n, (a, w, name) in enumerate(rows, 1)]
    steps = exact.name_steps(claims, "unclaimed")
    for day in range(min(c.first for c in claims), 13):
        value = at(steps, day)
        assert value is not None
        assert value.possible == literal_names([(c.order, c.first, c.last, c.name) for c in claims], day)
        assert value.best in value.possible


# --- the witnesses -----------------------------------------------------------------------------


@given(claims_of_one_account(), st.integers(1, 12))
@settings(max_examples=300, deadline=None)
def test_a_trace_names_claims_that_sum_to_the_bound(claims: list[Claim], day: int) -> None:
    """The last set and the adds after it are what the number is made of."""
    if day >= min(c.first for c in claims):
        high = exact.greatest(claims, day)
        assert high.value == (high.last_set.high if high.last_set else 0) + sum(c.high for c in high.adds)
        low = exact.least(claims, day)
        assert low.value == (low.last_set.low if low.last_set else 0) + sum(c.low for c in low.adds)


# --- laws --------------------------------------------------------------------------------------


@given(claims_of_one_account(), st.data())
@settings(max_examples=300, deadline=None)
def test_widening_a_window_or_a_range_never_narrows_a_bound(claims: list[Claim], data: st.DataObject) -> None:
    """More doubt about one claim never gives less doubt about the answer."""
    which = data.draw(st.integers(0, len(claims) - 1))
    before, after, down, up = (data.draw(st.integers(0, 3)) for _ in range(4))
    one = claims[which]
    wider = list(claims)
    wider[which] = one._replace(
        first=one.first - before,
        last=one.last + after,
        low=one.low if one.low == -OPEN else one.low - down,
        high=one.high if one.high == OPEN else one.high + up,
    )
    for day in range(min(c.first for c in claims), 14):
        narrow, wide = on(claims, day), on(wider, day)
        assert wide[0] <= narrow[0]
        assert narrow[2] <= wide[2]


@given(claims_of_one_account(), st.randoms(use_true_random=False))
def test_the_order_in_which_claims_are_handed_over_does_not_matter(claims: list[Claim], rng: random.Random) -> None:
    """Their order in the log is in the claim."""
    shuffled = list(claims)
    rng.shuffle(shuffled)
    assert exact.steps(shuffled) == exact.steps(claims)


@given(claims_of_one_account())
def test_the_scan_of_exact_days_equals_the_search(claims: list[Claim]) -> None:
    """Accounts whose days are all known take a short cut to the same steps."""
    known = [c._replace(last=c.first, middle=c.first) for c in claims]
    searched: list[tuple[int, Bounds]] = []
    for day in exact.days_of_change(known):
        low, best, high = (find(known, day).value for find in (exact.least, exact.middling, exact.greatest))
        # A sum that holds an open amount is open, whatever else was added to it.
        bounds = Bounds(-OPEN if low <= -OPEN // 2 else low, best, OPEN if high >= OPEN // 2 else high)
        if not searched or searched[-1][1] != bounds:
            searched.append((day, bounds))
    assert exact.steps(known) == searched


@pytest.mark.parametrize("adds", [False, True])
def test_what_is_added_to_an_open_amount_is_no_change(adds: bool) -> None:
    """The day after "over 1,000" one more is claimed: no upper bound before, none after, and so no new step."""
    claims = [claim(1, adds, 1, 1, 0, OPEN), claim(2, ADD, 2, 2, 0, 1)]
    assert exact.steps(claims) == [(1, Bounds(0, 0, OPEN))]
    assert exact.greatest(claims, 2).value == OPEN + 1


# --- the check can fail ------------------------------------------------------------------------


MUTANTS = {
    "a set may stay put where it must move behind another": (
        "earliest_day_as_last",
        lambda c, sure: c.first if sure is None else max(c.first, sure.first),
    ),
    "every set moves behind the surest one, also that one itself": (
        "earliest_day_as_last",
        lambda c, sure: c.first if sure is None else max(c.first, sure.first + (sure.order >= c.order)),
    ),
    "days of change without the day two after": (
        "days_of_change",
        lambda claims: sorted({d for c in claims for d in (c.first, c.first + 1, c.last, c.middle)}),
    ),
    "days of change without the last day": (
        "days_of_change",
        lambda claims: sorted({d for c in claims for d in (c.first, c.first + 1, c.first + 2, c.middle)}),
    ),
    "the set whose window ends last is taken for the last": (
        "latest_sure",
        lambda sets, day: max((c for c in sets if c.last <= day), key=lambda c: (c.last, c.order), default=None),
    ),
    "sets count as sure from their first day": (
        "latest_sure",
        lambda sets, day: max(sets, key=lambda c: (c.first, c.order), default=None),
    ),
    "the least is the greatest of what is not negated": (
        "mirrored",
        lambda c: c._replace(low=-c.low, high=-c.high, best=-c.best),
    ),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_the_check_notices_a_broken_engine(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each way of breaking the engine is caught by the comparison with every world."""
    target, broken = MUTANTS[name]
    monkeypatch.setattr(exact, target, broken)
    rng = random.Random(1)

    def check() -> None:
        for claims in (CASE_1, CASE_2):
            check_against_every_world(claims)
        for _ in range(2000):
            check_against_every_world(random_claims(rng))

    with pytest.raises((AssertionError, ValueError)):
        check()
