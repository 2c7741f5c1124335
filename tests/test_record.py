"""The bundled record: what it must answer, and that every line of it is sound."""

from __future__ import annotations

import datetime as dt
import itertools
import json
import math
import re
from collections import Counter

import pytest

import kursk_timeline as kt
from kursk_timeline.bundled import SETS, seeds
from kursk_timeline.formats import jsonl

ARTICLE = kt.kursk("article")
RECORD = kt.kursk()


def bounds(estimate: kt.Estimate | None) -> tuple[object, ...] | None:
    return None if estimate is None else (estimate.low, estimate.best, estimate.high)


# --- the seed article --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("2024-08-04", None),
        ("2024-08-05", (0, 0, 0)),
        ("2024-08-06", (0, 0, math.inf)),
        ("2024-09-01", (1000, 1000, math.inf)),
        ("2025-06-22", (0, 90, 99)),
    ],
)
def test_the_article_says_what_ukraine_held(date: str, expected: object) -> None:
    assert bounds(ARTICLE.state_at(date).territory["ukraine"].held) == expected


def test_the_article_reports_a_dispute() -> None:
    held = ARTICLE.state_at("2025-06-22").territory["ukraine"].held
    assert held is not None
    assert held.disputed
    assert bounds(held) == (0, 90, 99)
    said = {party: (a.low, a.high, a.stale, a.counts) for party, a in held.accounts.items()}
    assert said == {
        "ukraine": (81, 99, False, True),
        "russia": (0, 0, False, True),
        "press/onpointinfo": (1000, math.inf, True, False),
    }
    assert str(held) == "90 km² (0–99, disputed: ukraine 81–99, russia 0)"


def test_the_article_says_how_many_north_koreans() -> None:
    def force(date: str) -> object:
        return ARTICLE.state_at(date).forces["north-korea"]

    assert bounds(force("2024-10-01").present) == (0, 0, 12_100)  # type: ignore[attr-defined]
    assert bounds(force("2024-12-15").present) == (9_900, 11_000, 12_100)  # type: ignore[attr-defined]
    later = ARTICLE.state_at("2025-06-22").forces["north-korea"]
    assert bounds(later.killed) == (1_000, 1_000, math.inf)
    assert bounds(later.strength) == (0, 10_000, 11_100)


def test_the_article_says_how_many_russians() -> None:
    russia = ARTICLE.state_at("2025-06-22").forces["russia"]
    assert bounds(russia.engaged) == (9_000, 10_000, 11_000)
    assert bounds(russia.present) == (63_000, 70_000, 77_000)


def test_before_the_article_was_published_nothing_is_claimed() -> None:
    state = ARTICLE.state_at("2025-06-22", known_on="2025-06-01")
    assert state.estimates == {}
    assert state.territory["ukraine"].held is None
    assert ARTICLE.state_at("2025-06-22", known_on="2025-06-22").estimates == {}
    assert ARTICLE.state_at("2025-06-22", known_on="2025-06-23").estimates != {}


def test_the_article_s_slip_from_kilometres_to_miles_is_found_and_its_right_figure_is_not() -> None:
    findings = [
        (record.event.area.phrase, [f.code for f in record.event.area.findings])
        for record in ARTICLE.log
        if isinstance(record.event, kt.TerritoryHeld) and record.event.area.phrase
    ]
    assert findings == [
        ("over 1,000 sq km (386 sq miles)", []),
        ("approximately 90 sq km (56 sq miles)", ["unit-slip"]),
    ]


# --- the full record ---------------------------------------------------------------------------


def test_in_the_full_record_the_better_sourced_event_stands() -> None:
    standing = {event.note.split(":")[0] for event in RECORD.events() if event.note}
    assert not {"s00", "s02", "s03", "s05", "s06", "s12", "s13"} & standing
    assert {"w07", "w80", "w82", "w73", "w57", "w78", "s09", "s11"} <= standing


def test_kyiv_and_the_map_agree_on_20_august_2024() -> None:
    """Kyiv's 1,263 is held and contested together; only the definitions differ."""
    territory = RECORD.state_at("2024-08-20").territory["ukraine"]
    controlled, held = territory.controlled, territory.held
    assert controlled is not None
    assert not controlled.disputed
    assert controlled.best == 1263
    assert controlled.accounts["deepstate"].low <= 1257 <= controlled.accounts["deepstate"].high
    assert held is not None
    assert set(held.accounts) == {"deepstate"}
    assert not held.disputed
    contested = RECORD.state_at("2024-08-20").territory.contested
    assert contested is not None
    assert contested.best == pytest.approx(598.9)


def test_on_22_june_2025_the_map_stands_beside_the_parties() -> None:
    held = RECORD.state_at("2025-06-22").territory["ukraine"].held
    assert held is not None
    assert held.disputed
    assert bounds(held) == (0, 90, 99)
    assert {a.party for a in held.counting} == {"ukraine", "deepstate", "russia"}
    assert held.accounts["deepstate"].best == pytest.approx(16.6)


@pytest.mark.parametrize("gaps", ["hold", "span"])
def test_every_day_has_a_sensible_answer(gaps: str) -> None:
    """Bounds in order, best between them, no area above any claim, no peak or total in another measure's day."""
    for ordinal in range(dt.date(2024, 7, 1).toordinal(), dt.date(2027, 1, 1).toordinal(), 3):
        state = RECORD.state_at(dt.date.fromordinal(ordinal), gaps=gaps)  # type: ignore[arg-type]
        for key, estimate in state.all_estimates().items():
            assert estimate.counting, key
            if not estimate.measure.is_name:
                assert 0 <= estimate.low <= estimate.best <= estimate.high, (key, state.date)  # type: ignore[operator]
        held = state.territory["ukraine"].held
        if held is not None:
            assert held.high <= 920, (state.date, held)
        controlled = state.territory["ukraine"].controlled
        if controlled is not None:
            assert controlled.best <= 1310, (state.date, controlled)  # type: ignore[operator]


def test_before_the_operation_and_long_after_it() -> None:
    assert RECORD.state_at("2024-07-01").territory["ukraine"].held is None
    assert bounds(RECORD.state_at("2024-08-05").territory["ukraine"].held) == (0, 0, 0)
    last = RECORD.state_at("2026-12-31")
    held = last.territory["ukraine"].held
    assert held is not None
    assert (bounds(held), held.disputed, [a.party for a in held.counting]) == ((0, 0, 0), False, ["russia"])
    assert bounds(last.forces["north-korea"].killed)[2] == 2200  # type: ignore[index]


def test_troops_moved_are_totals_and_never_add_up() -> None:
    russia = RECORD.state_at("2024-09-10").forces["russia"]
    assert bounds(russia.deployed) == (54_000, 60_000, 66_000)
    assert russia.present is not None
    assert russia.present.high < 30_000


def test_the_coalition_and_one_engineer_unit_are_keys_of_their_own() -> None:
    state = RECORD.state_at("2025-12-31")
    assert state.forces["russia+north-korea"].present is not None
    assert bounds(state.forces["north-korea-engineers"].killed) == (9, 9, 9)
    assert state.forces["north-korea"].killed.best == 2000  # type: ignore[union-attr]


def test_the_totals_that_fall_and_that_include_prisoners_are_filed_as_printed() -> None:
    russia = RECORD.history("casualties/russia/kursk", according_to="ukraine")
    bests = [step.best for step in russia.steps]
    assert bests[-2:] == [80_000, 77_000]
    april = RECORD.state_at("2025-04-26", according_to="ukraine").forces["russia"]
    parts = [april.killed.best, april.wounded.best, april.captured.best]  # type: ignore[union-attr]
    assert sum(parts) == 62_383  # type: ignore[arg-type]
    assert april.casualties.best == 62_400  # type: ignore[union-attr]


def test_sudzha_changed_hands_twice() -> None:
    def holders(date: str) -> object:
        return RECORD.state_at(date).settlements["Sudzha"].holders

    assert holders("2024-08-13") is None
    assert holders("2024-10-01") == {"ukraine"}
    assert holders("2025-06-22") == {"russia"}


def test_what_was_known_then_differs_from_what_is_known_now() -> None:
    then = RECORD.state_at("2024-08-06", known_on="2024-08-10").forces["russia"].present
    assert then is None
    now = RECORD.state_at("2024-08-06").forces["russia"].present
    assert now is not None


# --- the files ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SETS)
def test_every_line_is_sourced_and_says_how_it_was_read(name: str) -> None:
    for event in jsonl.read(seeds() / f"{name}.jsonl"):
        assert event.sources, event
        assert event.note, event
        assert all(len(source.wording or "") <= 80 for source in event.sources), event


def test_every_row_has_its_line_and_every_line_is_there_once() -> None:
    """The rows of the collected facts are named in the notes: s00–s14, w01–w90, and the lettered ones."""
    notes = [
        e.note or "" for name in ("article", "record") for e in jsonl.read(seeds() / f"{name}.jsonl") if e.is_claim
    ]
    rows = {match[0] for note in notes if (match := re.match(r"[sw]\d\d[a-e]?", note))}
    expected = {f"s{n:02}" for n in range(15)} | {f"w{n:02}" for n in range(1, 91)} | {f"w77{x}" for x in "abcde"}
    # s04 is the bracket in s03's wording; w79 is one announcement with w78.
    assert expected - rows == {"s04", "w79"}
    assert rows <= expected
    everything = [e.id for name in SETS for e in jsonl.read(seeds() / f"{name}.jsonl")]
    assert len(everything) == len(set(everything)) == len(RECORD)


def test_every_correction_speaks_of_a_line_that_is_there() -> None:
    ids = {record.event.id for record in RECORD.log}
    swaps = [record.event for record in RECORD.log if isinstance(record.event, kt.Superseded)]
    assert len(swaps) == 7
    assert all(swap.event in ids and swap.by in ids for swap in swaps)


def test_the_map_has_a_held_and_a_contested_line_for_every_row_and_each_stands_until_the_next() -> None:
    lines = [e for e in jsonl.read(seeds() / "maps.jsonl") if isinstance(e, (kt.TerritoryHeld, kt.TerritoryContested))]
    days = Counter(str(e.occurred) for e in lines)
    assert len(days) == 76
    assert set(days.values()) == {2}
    held = [e for e in lines if isinstance(e, kt.TerritoryHeld)]
    for one, following in itertools.pairwise(held):
        assert one.restated_until is not None
        assert one.restated_until + dt.timedelta(days=1) == following.occurred.earliest
    assert str(held[-1].restated_until) == "2025-08-03"


def test_the_files_hold_no_geometry_and_no_hidden_characters() -> None:
    for name in SETS:
        text = (seeds() / f"{name}.jsonl").read_text(encoding="utf-8")
        assert "coordinates" not in text
        assert text.isprintable() or set(re.findall(r"[^\x20-\x7e\n]", text)) <= set("²±→–—’“”−×éïüçãó…")
        for line in text.splitlines():
            assert json.loads(line)


def test_states_over_time_are_one_long_table() -> None:
    table = RECORD.states(every="month")
    rows = list(table.rows())
    assert len(rows) == len(table) > 200
    assert rows[0][0] == dt.date(2024, 7, 25)
    assert len({row[0] for row in rows}) == 18
