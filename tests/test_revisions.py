"""How one answer changed as reports came in, and the fold that knows no keys."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Sequence
from typing import Any

import polars
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import kursk_timeline as kt
from kursk_timeline.testing.strategies import logs
from made import held, retracted

KEY = "held/ukraine/kursk"


def said(estimate: kt.Estimate | None) -> object:
    return None if estimate is None else estimate.to_dict() | {"last_heard": None, "accounts": None}


def check_against_states(timeline: kt.Timeline, key: str, date: str, days: Sequence[dt.date], **ask: Any) -> None:
    """For every day of knowledge the revision that covers it is the state asked for on it."""
    found = timeline.revisions(key, date, **ask)
    for day in days:
        now = [one for one in found if one.known_from <= day and (one.known_until is None or day <= one.known_until)]
        assert len(now) <= 1
        wanted = timeline.state_at(date, known_on=day, **ask)[key]
        assert said(now[0].estimate if now else None) == said(wanted), (key, date, day)
    for one, other in zip(found, list(found)[1:], strict=False):
        assert one.known_until is not None
        assert one.known_until + dt.timedelta(days=1) == other.known_from
        assert said(one.estimate) != said(other.estimate)


@pytest.mark.parametrize(
    ("key", "date"),
    [
        (KEY, "2024-10-15"),
        ("strength/north-korea/kursk", "2025-01-10"),
        ("controlled/ukraine/kursk", "2024-09-10"),
        ("holder/Sudzha/kursk", "2025-04-01"),
        ("killed/ukraine/kursk", "2025-03-01"),
    ],
)
@pytest.mark.parametrize("ask", [{}, {"according_to": "ukraine"}, {"gaps": "span"}])
def test_the_record_s_revisions_are_its_states(key: str, date: str, ask: dict[str, Any]) -> None:
    """On every seventh day of knowledge."""
    days = [dt.date(2024, 8, 1) + dt.timedelta(days=7 * week) for week in range(80)]
    check_against_states(kt.kursk(), key, date, days, **ask)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(logs(10, min="2024-08-06", max="2024-09-30"), st.data())
def test_revisions_are_states_in_any_log(log: list[kt.Event], data: st.DataObject) -> None:
    """Also with retractions and successors."""
    timeline = kt.Timeline()
    timeline.append(log)
    keys = list(map(str, timeline.keys())) or [KEY]
    key = data.draw(st.sampled_from(keys))
    days = [dt.date(2024, 8, 1) + dt.timedelta(days=day) for day in range(0, 90, 3)]
    check_against_states(timeline, key, "2024-09-10", days)


def test_a_correction_is_a_revision_of_the_same_day() -> None:
    """It came, and was taken back."""
    timeline = kt.Timeline()
    wrong = held("2024-08-10", "900 km2", reported="2024-08-12")
    timeline.append([held("2024-08-08", "100 km2"), wrong, retracted(wrong, "2024-08-20")])
    found = timeline.revisions(KEY, "2024-08-15")
    assert [str(one).partition(" (")[0] for one in found] == [
        "known 2024-08-08 to 2024-08-11: 100 km²",
        "known 2024-08-12 to 2024-08-19: 900 km²",
        "known since 2024-08-20: 100 km²",
    ]
    assert [event for one in found for event in one.change.came][1:2] == [wrong]
    assert found[2].change.went == (wrong,)
    assert (len(found), found[-1].known_until) == (3, None)
    frame = polars.DataFrame(found)
    assert frame["best"].to_list() == [100.0, 900.0, 100.0]
    assert frame["known_until"].to_list() == [dt.date(2024, 8, 11), dt.date(2024, 8, 19), None]


def test_nothing_claimed_has_no_revisions() -> None:
    """And what is no key, or no day, is refused."""
    timeline = kt.Timeline()
    assert len(timeline.revisions(KEY, "2024-08-15")) == 0
    assert "nothing is claimed" in repr(timeline.revisions(KEY, "2024-08-15"))
    with pytest.raises(kt.QueryError):
        timeline.revisions("no/such/measure", "2024-08-15")
    with pytest.raises(kt.WhenError):
        timeline.revisions(KEY, "2024-08")


# --- the fold ----------------------------------------------------------------------------------

FOLD = sys.modules["kursk_timeline.replay.fold"]


@settings(deadline=None, suppress_health_check=list(HealthCheck))
@given(logs(14), st.sampled_from([None, "2024-08-20", "2024-12-31", "2030-01-01"]))
def test_the_fold_of_many_events_is_that_of_few(log: list[kt.Event], until: str | None) -> None:
    """Sorted as an array or one by one; and either is the plain definition."""
    events = [event for event in log if event.is_claim]

    def step(seen: list[str], event: kt.Event) -> list[str]:
        return [*seen, event.id]

    with pytest.MonkeyPatch.context() as patched:
        few = kt.replay(events, step, [], until=until)
        patched.setattr(FOLD, "MANY", 0)
        patched.setattr(FOLD, "FETCHED", 3)
        many = kt.replay(events, step, [], until=until) if events else []
    last = dt.date.max if until is None else dt.date.fromisoformat(until)
    middles = [(event.window.middle, event.id) for event in events]
    plain = [id_ for middle, id_ in sorted(middles, key=lambda one: one[0]) if middle <= last]
    assert few == many == plain
