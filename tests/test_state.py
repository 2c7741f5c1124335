"""Whole answers: against the plain definition on random logs, and the laws they must keep."""

from __future__ import annotations

import datetime as dt
import itertools
import math
import os
import pickle
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kursk_timeline as kt
import oracle
from made import INVENTED, changed, common, held, present, retracted

START = dt.date(2024, 8, 6)


def day(offset: int) -> dt.date:
    return START + dt.timedelta(days=offset)


# --- random logs -------------------------------------------------------------------------------

PARTIES = ["ukraine/a", "ukraine/b", "russia/a", "uk/a"]


def random_log(rng: random.Random, most: int = 7, derived: bool = False) -> list[kt.Event]:
    """
    Few claims by several parties about three keys; some withdrawn, some replaced, some later.

    With `derived`, also what the derived answers are made of: contested ground, sums, totals moved.
    """
    events: list[kt.Event] = []
    for n in range(rng.randint(1, most)):
        if events and rng.random() < 0.2:
            events.append(_about(rng, events, n))
            continue
        first = rng.choice([0, 0, 1, 2, 3, 40])
        width = rng.choice([0, 0, 1, 2, 3])
        reported = first + rng.choice([0, width, width, 5, 60])
        low = rng.randint(0, 6)
        best = low + rng.choice([0, 0, 1])
        high = rng.choice([best, best, best + 2, math.inf])
        unit = "m2" if (measure := rng.choice(["held", "present", "killed"])) == "held" else "persons"
        quantity = kt.Quantity(low=low, best=best, high=high, unit=unit)
        fields: dict[str, Any] = {
            "occurred": kt.When(day(first), day(first + width)),
            "reported": kt.When(day(reported), day(reported)),
            "claimant": rng.choice(PARTIES),
            "sources": INVENTED,
            "note": f"claim {n}",
            "region": "kursk",
        }
        if rng.random() < 0.2:
            fields["restated_until"] = day(first + rng.choice([3, 20, 45]))
        adds = rng.random() < 0.4
        if derived and rng.random() < 0.4:
            events.append(_part_of_a_sum(rng, measure, quantity, fields))
        elif measure == "held":
            fields |= {"holder": "ukraine", "area": -quantity if adds and rng.random() < 0.5 else quantity}
            events.append(kt.TerritoryChanged(**fields) if adds else kt.TerritoryHeld(**fields))
        elif measure == "present":
            kind = rng.choice([kt.ForceDeployed, kt.ForceWithdrawn]) if adds else kt.ForcePresent
            events.append(kind(force="russia", troops=quantity, **fields))
        else:
            events.append(kt.LossesReported(force="russia", killed=quantity, cumulative=not adds, **fields))
    return list({event.id: event for event in events}.values())


def _part_of_a_sum(rng: random.Random, measure: str, quantity: kt.Quantity, fields: dict[str, Any]) -> kt.Event:
    if measure != "held":
        return kt.ForceDeployed(force="russia", troops=quantity, cumulative=True, **fields)
    if rng.random() < 0.5:
        return kt.TerritoryContested(area=quantity, **fields)
    return kt.TerritoryHeld(holder="ukraine", area=quantity, including_contested=True, **fields)


def _about(rng: random.Random, events: list[kt.Event], n: int) -> kt.Event:
    target = rng.choice(events)
    reported = kt.When(day(r := rng.choice([0, 2, 4, 50])), day(r))
    if rng.random() < 0.5:
        return kt.Retracted(event=target, reason=f"because {n}", reported=reported, claimant="ukraine")
    by = rng.choice([e.id for e in events if e != target] or ["0" * 64])
    return kt.Superseded(event=target, by=by, reason=f"because {n}", reported=reported, claimant="ukraine")


KEYS = ["held/ukraine/kursk", "present/russia/kursk", "killed/russia/kursk"]


def compare_with_the_definition(events: list[kt.Event], rng: random.Random) -> int:
    """Every key on every interesting day; how many answers were compared."""
    timeline = kt.Timeline()
    timeline.append(events)
    compared = 0
    known_on = rng.choice([None, None, day(rng.choice([0, 3, 8, 70]))])
    according_to = rng.choice([None, None, "ukraine"])
    gaps = rng.choice(["hold", "span"])
    expected = oracle.doings(events, None if known_on is None else known_on.toordinal(), according_to)
    for key in KEYS:
        accounts = expected.get(key, {})
        measure = key.split("/")[0]
        for offset in [*range(-1, 9), 29, 31, 33, 34, 39, 40, 41, 44, 71, 76, 90, 220, 230]:
            answer = timeline.state_at(day(offset), known_on=known_on, according_to=according_to, gaps=gaps)[key]
            plain = oracle.estimate(accounts, measure, day(offset).toordinal(), gaps)
            compared += 1
            if plain is None:
                assert answer is None
                continue
            assert answer is not None
            quantity = answer.quantity
            seen = oracle.Answered(
                low=-math.inf if quantity.low_base is None else quantity.low_base,
                best=quantity.best_base,
                high=math.inf if quantity.high_base is None else quantity.high_base,
                disputed=answer.disputed,
                certain=answer.certain,
                stale=answer.stale,
                last_heard=answer.last_heard.toordinal(),
                counting=frozenset(account.party for account in answer.counting),
            )
            assert seen == plain, (key, offset, known_on, according_to, gaps, events)
    return compared


@given(st.randoms(use_true_random=False))
@settings(max_examples=int(os.environ.get("KURSK_WORLDS", "100")), deadline=None)
def test_answers_equal_the_plain_definition(rng: random.Random) -> None:
    """Knowledge, retraction, parties, bounds, staleness, counting, disputes, gaps: all at once, on every day."""
    compare_with_the_definition(random_log(rng), rng)


def test_answers_equal_the_plain_definition_on_many_random_logs() -> None:
    """A fair number here; KURSK_RANDOM_LOGS=100000 is the nightly size."""
    rng = random.Random(20250622)
    count = int(os.environ.get("KURSK_RANDOM_LOGS", "600"))
    assert sum(compare_with_the_definition(random_log(rng), rng) for _ in range(count)) > count


# --- laws --------------------------------------------------------------------------------------

logs = st.builds(random_log, st.randoms(use_true_random=False))
derived_logs = st.builds(random_log, st.randoms(use_true_random=False), st.just(9), st.just(True))
DERIVED = ["controlled/ukraine/kursk", "contested/-/kursk", "deployed/russia/kursk", "strength/russia/kursk"]


def answers(timeline: kt.Timeline, **ask: Any) -> list[dict[str, Any]]:
    """All that a timeline says on a spread of days."""
    return [timeline.state_at(day(offset), **ask).to_dict()["estimates"] for offset in (-1, 0, 1, 2, 3, 5, 8, 40, 90)]


def timeline_of(events: list[kt.Event]) -> kt.Timeline:
    timeline = kt.Timeline()
    timeline.append(events)
    return timeline


@given(logs)
@settings(max_examples=60)
def test_the_same_log_gives_the_same_answers(events: list[kt.Event]) -> None:
    """Determinism, also for one event at a time."""
    one_by_one = kt.Timeline()
    for event in events:
        one_by_one.append(event)
    assert answers(timeline_of(events)) == answers(timeline_of(events)) == answers(one_by_one)


@given(logs, st.integers(0, 7))
@settings(max_examples=60)
def test_a_prefix_of_the_log_answers_as_the_log_did_then(events: list[kt.Event], size: int) -> None:
    """Appending changes no answer about the log as it stood."""
    size = min(size, len(events))
    whole = timeline_of(events)
    then = whole.at_size(size)
    assert answers(then) == answers(timeline_of(events[:size]))
    assert len(then) == size


@given(logs)
@settings(max_examples=60)
def test_a_retracted_event_might_as_well_not_be_there(events: list[kt.Event]) -> None:
    """Retract hides; retracting the retraction restores."""
    claims = [event for event in events if event.is_claim]
    timeline = timeline_of(claims)
    before = answers(timeline)
    gone = retracted(claims[-1], "2025-01-01")
    timeline.append(gone)
    assert answers(timeline) == answers(timeline_of(claims[:-1]))
    assert answers(timeline, known_on="2024-12-31") == answers(timeline_of(claims), known_on="2024-12-31")
    timeline.append(retracted(gone, "2025-02-01"))
    assert answers(timeline) == before


@given(logs)
@settings(max_examples=60)
def test_to_know_all_is_no_cut(events: list[kt.Event]) -> None:
    """`known_on` on or after the last report changes nothing."""
    timeline = timeline_of(events)
    last = max(event.reported.latest for event in events if event.reported.latest)
    assert answers(timeline, known_on=last) == answers(timeline)
    assert answers(timeline, known_on="2099-01-01") == answers(timeline)


@given(logs, st.randoms(use_true_random=False))
@settings(max_examples=60)
def test_the_order_of_different_parties_claims_does_not_matter(events: list[kt.Event], rng: random.Random) -> None:
    """Only within an account does the log's order decide between claims of one day."""
    claims = [event for event in events if event.is_claim]
    parties = sorted({event.party for event in claims})
    rng.shuffle(parties)
    grouped = [event for party in parties for event in claims if event.party == party]
    assert answers(timeline_of(grouped)) == answers(timeline_of(claims))


@given(logs, st.data())
@settings(max_examples=60)
def test_more_doubt_about_a_claim_never_narrows_an_answer(events: list[kt.Event], data: st.DataObject) -> None:
    """Widening a range widens the account's bounds or leaves them."""
    claims = [e for e in events if isinstance(e, kt.TerritoryHeld)]
    if not claims:
        return
    one = data.draw(st.sampled_from(claims))
    wide_area = kt.Quantity.from_base(0, one.area.best_base, None, "m2")
    wider = kt.TerritoryHeld(
        holder=one.holder, region=one.region, area=wide_area, occurred=one.occurred, reported=one.reported,
        claimant=one.claimant, sources=one.sources, restated_until=one.restated_until, note="wider",
    )  # fmt: skip
    narrow_log = [e for e in events if e.is_claim]
    wide_log = [wider if e == one else e for e in narrow_log]
    for offset in (0, 2, 5, 60):
        narrow, wide = (timeline_of(log).state_at(day(offset))[KEYS[0]] for log in (narrow_log, wide_log))
        if narrow is not None and wide is not None:
            for party, account in narrow.accounts.items():
                assert wide.accounts[party].low <= account.low
                assert wide.accounts[party].high >= account.high


@given(derived_logs, st.sampled_from([*KEYS, *DERIVED]), st.sampled_from(["hold", "span"]))
@settings(max_examples=int(os.environ.get("KURSK_WORLDS", "150")), deadline=None)
def test_history_is_the_state_of_every_day(events: list[kt.Event], key: str, gaps: Any) -> None:
    """Steps tile the days without gaps, each holds from its first day to its last, and neighbours differ."""
    timeline = timeline_of(events)
    history = timeline.history(key, gaps=gaps)
    for step, following in itertools.pairwise(history.steps):
        assert step.last is not None
        assert step.last + dt.timedelta(days=1) == following.first
    for step in history.steps:
        assert (step.last is None) == (step is history.steps[-1])
        for date in {step.first, step.last or step.first + dt.timedelta(days=400)}:
            estimate = timeline.state_at(date, gaps=gaps)[key]
            assert estimate is not None
            seen = (estimate.low, estimate.best, estimate.high, estimate.disputed, estimate.certain, estimate.stale)
            assert seen == (step.low, step.best, step.high, step.disputed, step.certain, step.stale)
    if history.steps:
        assert timeline.state_at(history.steps[0].first - dt.timedelta(days=1))[key] is None
    for account in history.accounts.values():
        for step in account.steps:
            said = account.at(step.last or step.first)
            assert said is not None
            assert (said.low, said.best, said.high, said.certain) == (step.low, step.best, step.high, step.certain)


@given(logs)
@settings(max_examples=60)
def test_the_bounds_name_events_that_alone_give_them(events: list[kt.Event]) -> None:
    """The named events of an account are its own, and replaying only them reaches the same best value."""
    timeline = timeline_of(events)
    by_id = {event.id: event for event in events}
    for offset in (0, 2, 5):
        for estimate in timeline.state_at(day(offset)).estimates.values():
            for account in estimate.accounts.values():
                named = [by_id[id_] for id_ in account.events]
                assert all(event.party == account.party for event in named)
                alone = timeline_of([e for e in events if e in account.made_by["best"]])
                again = alone.state_at(day(offset))[estimate.key]
                assert (0 if again is None else again.best) == account.best


# --- single rules ------------------------------------------------------------------------------


def state(*events: kt.Event, on: str, **ask: Any) -> kt.State:
    return timeline_of(list(events)).state_at(on, **ask)


def held_on(*events: kt.Event, on: str, **ask: Any) -> kt.Estimate:
    estimate = state(*events, on=on, **ask).territory["ukraine"].held
    assert estimate is not None
    return estimate


def test_two_parties_that_report_the_same_troops_do_not_add_up() -> None:
    one = kt.ForceDeployed(force="north-korea", region="kursk", troops=11_000, **common("2024-10-01", "ukraine"))
    two = kt.ForceDeployed(
        force="north-korea", region="kursk", troops=11_000, **common("2024-10-02", "south-korea/nis")
    )
    estimate = state(one, two, on="2024-11-01").forces["north-korea"].present
    assert estimate is not None
    assert (estimate.low, estimate.high, estimate.disputed) == (11_000, 11_000, False)


def test_a_coalition_is_a_key_of_its_own_in_any_order() -> None:
    both = present("2024-11-10", 50_000, force="russia+north-korea")
    forces = state(both, on="2024-11-10").forces
    assert forces["russia"].present is None
    assert str(forces["north-korea+russia"].present) == str(forces["russia+north-korea"].present) == "50,000 persons"
    assert kt.Key.of("present/russia+north-korea/kursk").members == ("north-korea", "russia")


def test_held_and_contested_of_one_party_make_controlled() -> None:
    contested = kt.TerritoryContested(region="kursk", area="30 km2", **common("2024-08-20", "deepstate"))
    s = state(held("2024-08-20", "70 km2", "deepstate"), contested, on="2024-08-21")
    controlled = s.territory["ukraine"].controlled
    assert controlled is not None
    assert (controlled.low, controlled.high) == (100, 100)
    assert len(controlled.accounts["deepstate"].events) == 2
    assert s.territory.contested is not None
    assert s.territory.contested.best == 30


def test_of_a_stated_and_a_derived_sum_the_one_heard_last_stands() -> None:
    stated = held("2024-08-10", "90 km2", "deepstate", including_contested=True)
    contested = kt.TerritoryContested(region="kursk", area="30 km2", **common("2024-08-20", "deepstate"))
    events = [stated, held("2024-08-20", "70 km2", "deepstate"), contested]
    timeline = timeline_of(events)
    assert [timeline.state_at(d).territory["ukraine"].controlled.best for d in ("2024-08-19", "2024-08-20")] == [
        90,
        100,
    ]  # type: ignore[union-attr]
    later = timeline_of([*events, held("2024-08-25", "95 km2", "deepstate", including_contested=True)])
    assert later.state_at("2024-08-25").territory["ukraine"].controlled.best == 95  # type: ignore[union-attr]
    assert [s.best for s in later.history("controlled/ukraine/kursk").accounts["deepstate"].steps] == [90, 100, 95]


def test_no_area_is_negative_but_the_contradiction_is_seen() -> None:
    timeline = timeline_of(
        [held("2024-08-06", "10 km2"), changed("2024-08-07", "-15 km2"), changed("2024-08-08", "20 km2")]
    )
    account = timeline.history("held/ukraine/kursk").accounts["ukraine"]
    assert [(s.low, s.high) for s in account.steps] == [(10, 10), (0, 0), (15, 15)]
    assert [account.at(f"2024-08-0{n}").contradictory for n in (6, 7, 8)] == [False, True, False]  # type: ignore[union-attr]
    assert "contradicts itself" in str(timeline.state_at("2024-08-07").territory["ukraine"].held)


def test_a_stale_account_is_listed_and_not_counted_unless_all_are() -> None:
    old, new = held("2024-08-06", "10 km2", "uk"), held("2024-09-20", "50 km2", "ukraine")
    estimate = held_on(old, new, on="2024-09-20")
    assert (estimate.low, estimate.high, estimate.stale) == (50, 50, False)
    assert estimate.accounts["uk"].stale
    assert not estimate.accounts["uk"].counts
    late = held_on(old, new, on="2025-03-01")
    assert (late.best, late.stale, late.last_heard) == (50, True, dt.date(2024, 9, 20))


def test_restating_keeps_an_account_current_and_zero_held_does_not_age() -> None:
    restated = held("2024-08-06", "10 km2", "uk", restated_until="2025-01-31")
    assert not held_on(restated, on="2025-03-02").stale
    assert held_on(restated, on="2025-03-03").stale
    assert not held_on(held("2024-08-06", "0 km2"), on="2030-01-01").stale


def test_an_earlier_total_means_at_least() -> None:
    def killed(on: str, troops: Any, claimant: str) -> kt.LossesReported:
        return kt.LossesReported(
            force="north-korea", region="kursk", killed=troops, cumulative=True, **common(on, claimant)
        )

    rising = state(killed("2025-01-13", 300, "south-korea"), killed("2025-09-02", 2000, "uk"), on="2025-09-03")
    assert not rising.forces["north-korea"].killed.disputed  # type: ignore[union-attr]
    falling = state(killed("2025-01-13", 3000, "south-korea"), killed("2025-09-02", 2000, "uk"), on="2025-09-03")
    assert falling.forces["north-korea"].killed.disputed  # type: ignore[union-attr]
    assert falling.disputes == [kt.Key.of("killed/north-korea/kursk")]


def test_the_best_is_of_the_account_spoken_for_last_then_the_narrower_then_by_name() -> None:
    assert held_on(held("2024-08-06", "10 km2", "uk"), held("2024-08-07", "20 km2", "us"), on="2024-08-08").best == 20
    assert (
        held_on(held("2024-08-07", "about 10 km2", "uk"), held("2024-08-07", "20 km2", "us"), on="2024-08-08").best
        == 20
    )
    assert held_on(held("2024-08-07", "10 km2", "uk"), held("2024-08-07", "20 km2", "us"), on="2024-08-08").best == 10


def test_two_open_ranges_are_equally_wide() -> None:
    one, other = held("2024-08-07", "over 10 km2", "uk"), held("2024-08-07", "over 20 km2", "us")
    assert held_on(one, other, on="2024-08-08").best == 10


def test_an_account_that_may_not_have_begun_counts_only_where_none_is_certain() -> None:
    maybe = held("2024-08-06/2024-08-31", "10 km2", "uk", reported="2024-09-01")
    alone = held_on(maybe, on="2024-08-10")
    assert (alone.low, alone.high, alone.certain) == (0, 10, False)
    beside = held_on(maybe, held("2024-08-09", "20 km2", "us"), on="2024-08-10")
    assert (beside.low, beside.high, beside.certain) == (20, 20, True)
    assert "uk" in beside.accounts


def test_gaps_span_what_was_said_last_and_next() -> None:
    two = [held("2024-08-06", "100 km2"), held("2024-12-01", "40 km2"), held("2025-02-01", "60 km2")]
    hold, span = held_on(*two, on="2024-10-15"), held_on(*two, on="2024-10-15", gaps="span")
    assert (hold.low, hold.high, hold.stale) == (100, 100, True)
    assert (span.low, span.best, span.high, span.stale) == (40, 100, 100, False)
    assert set(span.accounts["ukraine"].events) == {two[0].id, two[1].id}
    unknown = held_on(*two, on="2024-10-15", gaps="span", known_on="2024-10-15")
    assert (unknown.low, unknown.high, unknown.stale) == (100, 100, True)


def test_a_supersession_counts_once_its_successor_is_known() -> None:
    old, new = held("2024-08-06", "10 km2"), held("2024-08-06", "12 km2", reported="2024-09-01")
    swap = kt.Superseded(event=old, by=new, reason="a better figure", reported="2024-08-10", claimant="ukraine")
    timeline = kt.Timeline()
    timeline.append([old, swap])
    assert timeline.state_at("2024-08-20").territory["ukraine"].held.best == 10  # type: ignore[union-attr]
    timeline.append(new)
    bests = {
        known: timeline.state_at("2024-08-20", known_on=known).territory["ukraine"].held.best  # type: ignore[union-attr]
        for known in ("2024-08-09", "2024-08-31", "2024-09-01")
    }
    assert bests == {"2024-08-09": 10, "2024-08-31": 10, "2024-09-01": 12}


def test_retraction_looks_at_no_claimant() -> None:
    claim = held("2024-08-06", "10 km2", "ukraine/syrsky")
    gone = kt.Retracted(event=claim, reason="misread", reported="2024-08-07", claimant="press/bbc")
    assert state(claim, gone, on="2024-08-08", according_to="ukraine").territory["ukraine"].held is None


def test_each_outlet_of_the_press_is_a_party() -> None:
    estimate = held_on(
        held("2024-08-06", "10 km2", "press/bbc/verify"), held("2024-08-06", "20 km2", "press/cnn"), on="2024-08-06"
    )
    assert set(estimate.accounts) == {"press/bbc", "press/cnn"}
    assert estimate.disputed


def test_strength_is_the_headcount_or_deployments_less_losses() -> None:
    deployed = kt.ForceDeployed(force="russia", region="kursk", troops=1000, **common("2024-08-06"))
    lost = kt.LossesReported(
        force="russia", region="kursk", killed="about 100", captured=50, cumulative=True, **common("2024-08-10")
    )
    strength = state(deployed, lost, on="2024-08-11").forces["russia"].strength
    assert strength is not None
    assert (strength.low, strength.best, strength.high) == (840, 850, 860)
    assert strength.derivation == "deployments − killed − captured"
    only = state(deployed, on="2024-08-11").forces["russia"].strength
    assert only is not None
    assert "unclaimed, counted 0" in (only.derivation or "")
    counted = state(deployed, lost, present("2024-08-09", 700), on="2024-08-11").forces["russia"].strength
    assert counted is not None
    assert (counted.low, counted.high) == (700, 700)
    assert (counted.derivation or "").startswith("headcount")
    assert state(lost, on="2024-08-11").forces["russia"].strength is None


def test_strength_falls_back_to_the_total_moved_in() -> None:
    moved = kt.ForceDeployed(force="russia", region="kursk", troops=1000, cumulative=True, **common("2024-08-06"))
    lost = kt.LossesReported(force="russia", region="kursk", killed=100, cumulative=True, **common("2024-08-10"))
    force = state(moved, lost, on="2024-08-11").forces["russia"]
    assert force.present is None
    assert force.strength is not None
    assert (force.strength.low, force.strength.high) == (900, 900)
    assert (force.strength.derivation or "").startswith("deployments − killed")


def test_a_zero_that_contradicts_itself_ages() -> None:
    broken = [held("2024-08-06", "10 km2"), changed("2024-08-07", "-15 km2")]
    assert (held_on(*broken, on="2024-12-01").best, held_on(*broken, on="2024-12-01").stale) == (0, True)
    sound = [held("2024-08-06", "10 km2"), changed("2024-08-07", "-10 km2")]
    assert not held_on(*sound, on="2024-12-01").stale


def test_a_sum_that_is_certain_goes_before_a_figure_that_may_not_have_been_given_yet() -> None:
    maybe = held("2024-08-01/2024-09-30", "500 km2", "deepstate", including_contested=True, reported="2024-10-01")
    contested = kt.TerritoryContested(region="kursk", area="30 km2", **common("2024-08-20", "deepstate"))
    log = [maybe, contested, held("2024-08-20", "70 km2", "deepstate")]
    controlled = state(*log, on="2024-08-25").territory["ukraine"].controlled
    assert controlled is not None
    assert (controlled.low, controlled.best, controlled.high, controlled.certain) == (100, 100, 100, True)


def test_a_coalition_may_hold_ground() -> None:
    both = held("2024-08-06", "10 km2", holder="russia+north-korea")
    territory = state(both, on="2024-08-06").territory
    assert str(territory["north-korea+russia"].held) == str(territory["russia+north-korea"].held) == "10 km²"


def test_estimates_compare_and_travel_as_values() -> None:
    log = [held("2024-08-06", "about 10 km2"), held("2024-08-07", "0 km2", "russia")]
    one, same = held_on(*log, on="2024-08-08"), held_on(*log, on="2024-08-08")
    assert one == same
    assert hash(one) == hash(same)
    assert one != held_on(*log, on="2024-08-06")
    assert str(pickle.loads(pickle.dumps(one))) == str(one)


def test_a_closed_log_answers_no_more(tmp_path: Path) -> None:
    with kt.Timeline.open(tmp_path / "log.db") as timeline:
        timeline.append(held("2024-08-06", "1 km2"))
    with pytest.raises(kt.StorageError, match="closed"):
        timeline.state_at("2024-08-06")
    with pytest.raises(kt.StorageError, match="closed"):
        timeline.append(held("2024-08-07", "1 km2"))


def test_states_take_one_day_or_steps_up_to_the_last_day() -> None:
    timeline = timeline_of([held("2024-08-06", "1 km2"), held("2024-09-20", "2 km2")])
    assert {row[0] for row in timeline.states("2024-09-01").rows()} == {dt.date(2024, 9, 1)}
    days = [row[0] for row in timeline.states(every="month").rows()]
    assert days == [dt.date(2024, 8, 6), dt.date(2024, 9, 6), dt.date(2024, 9, 20)]
    with pytest.raises(kt.QueryError, match="every='month'"):
        timeline.states("month")


def test_settlement_holders_are_the_exact_set_of_possible_names() -> None:
    def taken(on: str, by: str, claimant: str = "uk") -> kt.SettlementTaken:
        return kt.SettlementTaken(settlement="Sudzha", region="kursk", by=by, **common(on, claimant, "2025-04-01"))

    events = [taken("2024-08-10/2024-08-15", "ukraine"), taken("2024-08-14/2024-08-20", "russia")]
    timeline = timeline_of(events)
    holders = {
        d: timeline.state_at(f"2024-08-{d}").settlements["Sudzha"].holders for d in ("09", "12", "15", "18", "20")
    }
    assert holders["09"] is None
    assert holders["12"] == {"unclaimed", "ukraine"}
    assert holders["15"] == holders["18"] == holders["20"] == {"ukraine", "russia"}
    sides = timeline_of([taken("2024-08-10", "ukraine"), taken("2024-08-11", "russia", "us")]).state_at("2024-08-12")
    assert sides.disputes == [kt.Key.of("holder/Sudzha/kursk")]
    contested = kt.SettlementContested(settlement="Sudzha", region="kursk", **common("2024-08-12", "uk"))
    assert timeline_of([contested]).state_at("2024-08-12").settlements["Sudzha"].holders == {"contested"}


def test_another_region_and_another_unit() -> None:
    there = held("2025-04-01", "10 km2", region="belgorod")
    territory = state(there, on="2025-04-01").territory
    assert territory["ukraine"].held is None
    area = territory["ukraine", "belgorod"].held
    assert area is not None
    assert area.to("mi2").best == pytest.approx(3.861, abs=1e-3)
    assert area.to("mi2").accounts["ukraine"].unit == "mi2"
    with pytest.raises(kt.UnitError):
        area.to("persons")


def test_replay_folds_in_the_order_of_middle_days_then_the_log() -> None:
    events = [
        held("2024-08-20", "1 km2"),
        held("2024-08-06/2024-08-30", "2 km2", reported="2024-09-01"),
        held("2024-08-07", "3 km2"),
    ]

    def step(seen: tuple[float, ...], event: kt.Event) -> tuple[float, ...]:
        assert isinstance(event, kt.TerritoryHeld)
        return (*seen, event.area.best)

    timeline = timeline_of(events)
    assert kt.replay(timeline.events(), step, ()) == (3, 2, 1)
    assert kt.replay(timeline.events(), step, (), until="2024-08-18") == (3, 2)


def test_a_projection_of_ones_own_beside_the_bundled_ones() -> None:
    @kt.projection(measures=[kt.Measure("strikes", unit="items", cumulative=True)])
    def strikes(event: kt.Event) -> Any:
        """Strikes, counted up."""
        if isinstance(event, kt.StrikesReported) and event.count is not None:
            return kt.Effect.add(f"strikes/{event.by}/{event.region}", event.count)
        return None

    raid = kt.StrikesReported(by="russia", region="kursk", count="about 100 strikes", **common("2025-03-01"))
    timeline = timeline_of([raid]).with_projections(strikes)
    found = timeline.state_at("2025-03-02")["strikes/russia/kursk"]
    assert found is not None
    assert (found.low, found.best, found.high) == (90, 100, 110)
    with pytest.raises(kt.QueryError, match="no measure"):
        timeline_of([raid]).state_at("2025-03-02")["strikes/russia/kursk"]


def test_running_a_notebook_s_cell_again_counts_nothing_twice() -> None:
    raid = kt.StrikesReported(by="russia", region="kursk", count=7, **common("2025-03-01"))
    timeline = timeline_of([raid])
    for _ in range(2):

        def strikes(event: kt.Event) -> Any:
            """A plain function, which brings no measure of its own."""
            if isinstance(event, kt.StrikesReported):
                return kt.Effect.add("killed/nobody/kursk", kt.Quantity(low=7, best=7, high=7, unit="persons"))
            return None

        timeline = timeline.with_projections(strikes)
    found = timeline.state_at("2025-03-02")["killed/nobody/kursk"]
    assert found is not None
    assert found.best == 7


@pytest.mark.parametrize(
    ("returned", "problem"),
    [
        ("nonsense", "no Effect"),
        ("", "no Effect"),
        (5, "no Effect"),
        ({"held/ukraine/kursk": 5}, "no Effect"),
        ([1], "no Effect"),
        (kt.Effect.set("nothing/ukraine/kursk", kt.Quantity.parse("1 km2")), "no measure"),
        (kt.Effect.set("held/ukraine/kursk", kt.Quantity.parse("1 person", unit="persons")), "km2"),
        (kt.Effect.set("held/ukraine/kursk", "ukraine"), "not the name"),
        (kt.Effect.set("holder/Sudzha/kursk", kt.Quantity.parse("1 km2")), "is a name"),
    ],
)
def test_a_projection_that_returns_nonsense_is_named(returned: Any, problem: str) -> None:
    @kt.projection
    def broken(event: kt.Event) -> Any:
        return returned

    timeline = kt.Timeline(projections=[broken])
    timeline.append(held("2024-08-06", "1 km2"))
    with pytest.raises(kt.ProjectionError, match=f"broken.*{problem}"):
        timeline.state_at("2024-08-06")


def test_an_estimate_is_no_truth_value() -> None:
    with pytest.raises(kt.MaybeError, match="is None"):
        bool(held_on(held("2024-08-06", "0 km2"), on="2024-08-06"))


def test_appending_is_seen_by_the_next_question() -> None:
    timeline = timeline_of([held("2024-08-06", "1 km2")])
    assert timeline.state_at("2024-08-08").territory["ukraine"].held.best == 1  # type: ignore[union-attr]
    timeline.append(held("2024-08-07", "2 km2"))
    assert timeline.state_at("2024-08-08").territory["ukraine"].held.best == 2  # type: ignore[union-attr]
    assert timeline.at_size(1).state_at("2024-08-08").territory["ukraine"].held.best == 1  # type: ignore[union-attr]
    with pytest.raises(kt.InputError, match="append to the timeline itself"):
        timeline.at_size(1).append(held("2024-08-09", "3 km2"))


def test_corroboration_adds_a_place_and_changes_no_number() -> None:
    claim = held("2024-08-06", "1 km2")
    again = kt.Corroborated(
        event=claim, source=kt.Source("Another paper"), reported="2024-08-07", claimant="press/another"
    )
    assert answers(timeline_of([claim, again])) == answers(timeline_of([claim]))
