"""Comparisons: what changed, and by which events."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

import kursk_timeline as kt
from made import held, retracted
from test_state import day, derived_logs, timeline_of

offsets = st.integers(-1, 60)


@given(derived_logs, offsets, offsets, st.sampled_from(["hold", "span"]))
@settings(max_examples=80, deadline=None)
def test_a_comparison_names_exactly_the_keys_that_differ(
    events: list[kt.Event], one: int, other: int, gaps: Any
) -> None:
    timeline = timeline_of(events)
    before, after = (timeline.state_at(day(offset), gaps=gaps) for offset in (one, other))
    diff = timeline.diff(day(one), day(other), gaps=gaps)
    changed = {str(change.key) for change in diff}
    for key in {*before.all_estimates(), *after.all_estimates()}:
        old, new = before[key], after[key]
        same = (
            old is not None
            and new is not None
            and (old.value, old.certain, old.disputed, old.stale) == (new.value, new.certain, new.disputed, new.stale)
        )
        assert (str(key) in changed) == (not same)
        assert (diff[key] is None) == same
    for change in diff:
        assert not set(change.came) & set(change.went)
    json.dumps(diff.to_dict(), allow_nan=False)


@given(derived_logs, offsets, offsets)
@settings(max_examples=60, deadline=None)
def test_there_and_back(events: list[kt.Event], one: int, other: int) -> None:
    """What came on the way there goes on the way back; a state differs in nothing from itself."""
    timeline = timeline_of(events)
    there, back = timeline.diff(day(one), day(other)), timeline.diff(day(other), day(one))
    assert [(c.key, c.came, c.went, c.before, c.after) for c in there] == [
        (c.key, c.went, c.came, c.after, c.before) for c in back
    ]
    assert len(timeline.diff(day(one), day(one))) == 0


def test_two_dates() -> None:
    early, late = held("2024-08-06", "10 km2"), held("2024-08-20", "20 km2")
    other = held("2024-08-19", "30 km2", "russia")
    timeline = timeline_of([early, late, other])
    (change,) = timeline.diff("2024-08-10", "2024-08-20")
    assert (change.came, change.went) == ((late, other), (early,))
    assert str(change) == "held/ukraine/kursk: 10 km² → 20 km² (20–30, disputed: ukraine 20, russia 30)"
    text = str(timeline.diff("2024-08-10", "2024-08-20"))
    assert "ukraine: 20 km², was 10 km²" in text
    assert "russia: 30 km² (new)" in text


def test_an_account_that_only_goes_stale_is_told() -> None:
    timeline = timeline_of([held("2024-08-06", "10 km2"), held("2024-09-20", "20 km2", "russia")])
    (change,) = timeline.diff("2024-08-10", "2024-09-20")
    ukraine = next(account for account in change.accounts if account.party == "ukraine")
    assert "gone stale, counts no more" in str(ukraine)
    assert (ukraine.came, ukraine.went) == ((), ())


def test_two_days_of_knowledge() -> None:
    wrong = held("2024-08-06", "10 km2")
    timeline = timeline_of([wrong, retracted(wrong, "2025-01-01"), held("2024-08-06", "9 km2", reported="2025-01-01")])
    then, now = timeline.state_at("2024-08-10", known_on="2024-08-10"), timeline.state_at("2024-08-10")
    change = timeline.diff(then, now)["held/ukraine/kursk"]
    assert change is not None
    assert (change.before.best, change.after.best) == (10, 9)  # type: ignore[union-attr]
    assert change.went == (wrong,)
    assert "as known on 2024-08-10 → 2024-08-10" in str(timeline.diff(then, now))


def test_two_claimants() -> None:
    record = kt.kursk()
    states = [record.state_at("2025-06-22", according_to=party) for party in ("ukraine", "russia")]
    change = record.diff(*states)["held/ukraine/kursk"]
    assert change is not None
    assert (change.before.best, change.after.best) == (90, 0)  # type: ignore[union-attr]
    assert change.went[0].claimant == "ukraine/syrsky"
