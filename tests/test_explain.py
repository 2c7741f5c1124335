"""Explanations: enough, to the point, and witnessed."""

from __future__ import annotations

import json
import os
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kursk_timeline as kt
from kursk_timeline.replay.bounds import FOREVER, OPEN, Bounds
from kursk_timeline.replay.reading import REASONS
from made import changed, common, held, retracted
from test_state import DERIVED, KEYS, day, derived_logs, timeline_of

MANY = settings(max_examples=int(os.environ.get("KURSK_WORLDS", "120")), deadline=None)
questions = st.fixed_dictionaries(
    {
        "gaps": st.sampled_from(["hold", "hold", "span"]),
        "known_on": st.sampled_from([None, None, day(3), day(70)]),
        "according_to": st.sampled_from([None, None, "ukraine"]),
    }
)
keys = st.sampled_from([*KEYS, *DERIVED])
offsets = st.sampled_from([*range(-1, 8), 33, 41, 60, 90])


def numbers(estimate: kt.Estimate | None) -> object:
    """All that an estimate says but for the accounts that do not count."""
    if estimate is None:
        return None
    counting = frozenset(account.party for account in estimate.counting)
    return (estimate.value, estimate.disputed, estimate.certain, estimate.stale, estimate.last_heard, counting)


def ask(events: list[kt.Event], offset: int, key: str, gaps: Any) -> kt.Estimate | None:
    return timeline_of(events).state_at(day(offset), gaps=gaps)[key]


@given(derived_logs, keys, offsets, questions)
@MANY
def test_the_events_named_alone_give_the_same_numbers(
    events: list[kt.Event], key: str, offset: int, question: dict[str, Any]
) -> None:
    why = timeline_of(events).explain(day(offset), key, **question)
    named = [event for event in events if event in why.events]
    assert len(named) == len(why.events)
    assert numbers(ask(named, offset, key, question["gaps"])) == numbers(why.estimate)


@given(derived_logs, keys, offsets, questions)
@MANY
def test_without_the_events_a_bound_is_owed_to_it_is_another(
    events: list[kt.Event], key: str, offset: int, question: dict[str, Any]
) -> None:
    timeline = timeline_of(events)
    why = timeline.explain(day(offset), key, **question)
    standing = timeline.events(known_on=question["known_on"], according_to=question["according_to"])
    assert set(why.because) == (set() if why.estimate is None else {"low", "best", "high"})
    for part, because in why.because.items():
        rest = [event for event in standing if event not in because.all]
        assert len(rest) < len(standing)
        without = ask(rest, offset, key, question["gaps"])
        if without is not None:
            assert getattr(without.bounds, part) != getattr(why.estimate.bounds, part)  # type: ignore[union-attr]


@given(derived_logs, st.sampled_from([*KEYS, *DERIVED[:3]]), offsets, st.sampled_from(["hold", "span"]))
@MANY
def test_witness_worlds_are_worlds_and_replay_to_the_bounds(
    events: list[kt.Event], key: str, offset: int, gaps: Any
) -> None:
    estimate = timeline_of(events).state_at(day(offset), gaps=gaps)[key]
    if estimate is None:
        return
    for account in estimate.accounts.values():
        assert isinstance(account.value, Bounds)
        assert set(account.worlds) == {"low", "best", "high"}
        for part, world in account.worlds.items():
            replayed = world.replay()
            assert isinstance(replayed, int)
            bound = getattr(account.value, part)
            assert replayed == bound or (replayed >= OPEN // 2 and bound >= OPEN // 2)
            assert {placed.event for placed in world.placed} <= {*account.in_play}
            for placed in world.placed:
                _is_a_choice(placed)


def _is_a_choice(placed: Any) -> None:
    """The day lies in the event's window and the value in a range that it claims."""
    window = placed.event.window
    assert window.earliest.toordinal() <= placed.day
    assert placed.day <= (FOREVER if window.latest is None else window.latest.toordinal())
    ranges = []
    for name in ("area", "troops", "killed"):
        quantity = getattr(placed.event, name, None)
        if quantity is not None:
            low = -OPEN if quantity.low_base is None else quantity.low_base
            high = OPEN if quantity.high_base is None else quantity.high_base
            ranges += [(low, high), (-high, -low)] if isinstance(placed.event, kt.ForceWithdrawn) else [(low, high)]
    assert any(low <= placed.value <= high for low, high in ranges)


@given(derived_logs, keys, offsets, questions)
@MANY
def test_every_event_that_speaks_of_the_key_has_a_say_or_a_reason(
    events: list[kt.Event], key: str, offset: int, question: dict[str, Any]
) -> None:
    timeline = timeline_of(events)
    why = timeline.explain(day(offset), key, **question)
    out = {left.event for left in why.left_out}
    assert not out & set(why.events)
    assert {left.reason for left in why.left_out} <= set(REASONS)
    if key in KEYS:
        field = {"held": "area", "present": "troops", "killed": "killed"}[key.split("/")[0]]
        speaking = [e for e in events if e.is_claim and _speaks_of(e, key, field)]
        assert out | set(why.events) == set(speaking)
    json.dumps(why.to_dict(), allow_nan=False)
    assert str(why).startswith(key)


def _speaks_of(event: kt.Event, key: str, field: str) -> bool:
    if getattr(event, field, None) is None or getattr(event, "including_contested", False):
        return False
    if isinstance(event, kt.TerritoryContested):
        return False
    return not (isinstance(event, kt.ForceDeployed) and event.cumulative)


@given(st.randoms(use_true_random=False))
@settings(max_examples=100, deadline=None)
def test_each_possible_holder_has_a_world(rng: random.Random) -> None:
    """Names: every possible one is reached, in a world that is one."""
    events = []
    for n in range(rng.randint(1, 5)):
        first = rng.randint(0, 6)
        fields = common("2024-08-06", rng.choice(["uk", "us"]), note=f"{n}")
        when = kt.When(day(first), day(first + rng.choice([0, 0, 2, 4])))
        fields |= {"occurred": when, "reported": kt.When(day(12), day(12)), "region": "kursk", "settlement": "Village"}
        events.append(kt.SettlementTaken(by=rng.choice(["red", "blue", "green"]), **fields))
    timeline = timeline_of(events)
    gaps: Any = rng.choice(["hold", "span"])
    on = rng.randint(0, 11)
    why = timeline.explain(day(on), "holder/Village/kursk", gaps=gaps)
    if why.estimate is None:
        return
    for account in why.accounts:
        assert set(account.worlds) == account.holders
        for name, world in account.worlds.items():
            assert world.replay() == name
    named = [event for event in events if event in why.events]
    again = timeline_of(named).state_at(day(on), gaps=gaps)["holder/Village/kursk"]
    assert again is not None
    assert again.value == why.estimate.value


# --- single rules ------------------------------------------------------------------------------


def test_reasons_for_leaving_out_are_told() -> None:
    old = held("2024-08-06", "10 km2", "uk")
    wrong, gone = held("2024-09-18", "11 km2"), None
    gone = retracted(wrong, "2024-09-21")
    first, now, later = held("2024-09-19", "20 km2"), held("2024-09-20", "30 km2"), held("2024-09-25", "40 km2")
    late = held("2024-09-20", "31 km2", "us", reported="2024-12-01")
    other = held("2024-09-20", "32 km2", "russia")
    timeline = timeline_of([old, wrong, gone, first, now, later, late, other])
    why = timeline.explain("2024-09-21", "held/ukraine/kursk", known_on="2024-09-30", according_to=["ukraine", "uk"])
    assert {left.event: left.reason for left in why.left_out} == {
        old: "stale", wrong: "retracted", first: "overtaken", later: "not yet", late: "not known",
        other: "other claimant",
    }  # fmt: skip
    assert why.events == (now,)
    (by,) = [left.by for left in why.left_out if left.by is not None]
    assert by == gone
    text = str(why)
    for words in REASONS.values():
        assert (words in text) == (words in {REASONS[left.reason] for left in why.left_out})
    assert "as known on 2024-09-30" in text


def test_an_explanation_goes_down_to_the_printed_words() -> None:
    why = kt.kursk().explain("2025-06-22", "held/ukraine/kursk")
    text = str(why)
    assert "“about 90 sq km”" in text
    assert "https://www.pravda.com.ua/eng/news/2025/06/22/7518200/" in text
    assert "at least 0 km²" in text
    assert why.because["high"].events[0].claimant == "ukraine/syrsky"
    assert why.because["low"].events[0].claimant == "russia/gerasimov"


def test_a_later_place_of_reading_is_told_too() -> None:
    claim = held("2024-08-06", "1 km2")
    more = kt.Corroborated(event=claim, source=kt.Source("A second paper"), reported="2024-08-07", claimant="press/x")
    why = timeline_of([claim, more]).explain("2024-08-08", "held/ukraine/kursk")
    assert "A second paper" in str(why)


def test_where_nothing_is_claimed_it_is_said() -> None:
    why = kt.kursk().explain("2024-07-01", "killed/north-korea/kursk")
    assert why.estimate is None
    assert why.events == ()
    assert why.because == {}
    assert "nothing is claimed" in str(why)
    with pytest.raises(kt.QueryError, match="no measure"):
        kt.kursk().explain("2024-07-01", "nonsense/ukraine/kursk")


def test_a_bound_that_others_would_make_too_names_them() -> None:
    one, again = held("2024-08-06", "10 km2"), held("2024-08-07", "10 km2")
    other = held("2024-08-07", "10 km2", "uk")
    why = timeline_of([one, again, other]).explain("2024-08-08", "held/ukraine/kursk")
    assert set(why.because["low"].events) == {again, other}
    assert why.because["low"].also == (one,)


def test_before_any_event_zero_is_owed_to_what_need_not_have_happened() -> None:
    maybe = changed("2024-08-06/2024-08-10", "5 km2", reported="2024-08-11")
    why = timeline_of([maybe]).explain("2024-08-07", "held/ukraine/kursk")
    assert why.because["low"].events == ()
    assert why.because["low"].also == (maybe,)
    assert "need not have happened" in str(why)
