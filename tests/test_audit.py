"""The audit: every planted flaw is found, its mended twin is clean, and the record's known ones are there."""

from __future__ import annotations

import datetime as dt
import random
import unicodedata
from collections.abc import Iterable
from pathlib import Path

import attrs
import polars
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kursk_timeline as kt
from kursk_timeline.audit import CHECKS, Audit, audit
from kursk_timeline.audit.accounts import _in_play, _widest_with_its_day
from kursk_timeline.audit.case import spans
from kursk_timeline.audit.origins import looks
from kursk_timeline.findings import SEVERITIES, Finding
from kursk_timeline.replay.bounds import OPEN
from kursk_timeline.replay.claimed import Amounts
from kursk_timeline.replay.estimate import estimate
from kursk_timeline.replay.ledger import Ledger
from kursk_timeline.replay.standing import speaks_for, standing
from kursk_timeline.timeline import PROJECTIONS
from made import common, held, present, retracted
from test_state import random_log

AUDITED = Path(__file__).parent / "audited"


def audited(
    events: Iterable[kt.Event], known_on: dt.date | None = None, according_to: tuple[str, ...] | None = None
) -> Audit:
    """What an audit of the events finds."""
    log = list(events)
    heard = [e for e in standing(log, known_on) if according_to is None or speaks_for(e.claimant, according_to)]
    ledger = Ledger(heard, PROJECTIONS)
    return audit(log, ledger, PROJECTIONS, known_on=known_on, according_to=according_to)


def events_of(name: str | None = None) -> list[kt.Event]:
    return [record.event for record in kt.kursk(name).log.records()]


FLAWED = list(kt.read_events(AUDITED / "flawed.jsonl"))
CLEAN = list(kt.read_events(AUDITED / "clean.jsonl"))
RECORD = audited(events_of())


def losses(day: str, claimant: str = "ukraine/staff", force: str = "russia", **figures: object) -> kt.LossesReported:
    return kt.LossesReported(force=force, region="kursk", cumulative=True, **common(day, claimant), **figures)


def row(event: kt.Event) -> str:
    """The head of an event's note."""
    return (event.note or "").partition(":")[0]


# --- the planted flaws -------------------------------------------------------------------------


def test_every_planted_flaw_is_found_once_and_by_its_own_events() -> None:
    """Each event of the flawed log says in its note which flaw it is part of, or beside."""
    found = audited(FLAWED)
    assert sorted(finding.code for finding in found) == sorted(CHECKS)
    for finding in found:
        planted = [event.id for event in FLAWED if row(event) == finding.code]
        assert list(finding.events) == planted, finding


def test_the_mended_twin_is_clean() -> None:
    """Event by event the same log, with each flaw mended: not one finding is left."""
    assert len(CLEAN) == len(FLAWED)
    assert audited(CLEAN) == Audit()


def test_findings_say_what_they_are() -> None:
    """Severity from the one table, a sentence, and what would settle it."""
    for finding in audited(FLAWED):
        assert finding.severity == CHECKS[finding.code].severity
        assert len(finding.message) > 40
        assert finding.message.isprintable()
        assert finding.settles
        assert finding.keys or finding.code == "look-alike"


def test_order_does_not_hang_on_the_log_s() -> None:
    """The gravest first, then by code; and the same findings come out in the same order each time."""
    found = audited(FLAWED)
    assert [SEVERITIES.index(f.severity) for f in found] == sorted(SEVERITIES.index(f.severity) for f in found)
    shuffled = FLAWED.copy()
    random.Random(7).shuffle(shuffled)
    again = audited(shuffled)
    assert [(f.code, f.keys, f.first, set(f.events)) for f in again] == [
        (f.code, f.keys, f.first, set(f.events)) for f in found
    ]
    assert audited(FLAWED) == found


# --- the record --------------------------------------------------------------------------------


def test_the_record_has_no_error() -> None:
    """What the article got wrong was replaced, so no answer rests on it. A pull request must keep it so."""
    assert RECORD.errors == Audit()


def test_the_article_s_unit_slip() -> None:
    """An error in the article alone; in the record, where its event was replaced, a note."""
    (error,) = audited(events_of("article")).errors
    (note,) = RECORD.of("unit-slip")
    assert (error.code, error.severity, note.severity) == ("unit-slip", "error", "note")
    assert error.events == note.events
    assert error.keys == note.keys == ("held/ukraine/kursk",)
    assert "34.7" in error.message
    assert "lengths, not areas" in error.message
    assert "withdrawn or replaced" in note.message
    assert "withdrawn or replaced" not in error.message


def test_the_total_that_fell_in_the_summer_of_2025() -> None:
    """At least 80,000 in July, at least 77,000 in August."""
    (fall,) = RECORD.of("total-falls")
    log = kt.kursk().log
    assert [row(log[id_].event) for id_ in fall.events] == ["w86", "w87"]
    assert fall.keys == ("casualties/russia/kursk",)
    assert "80,000" in fall.message
    assert "77,000" in fall.message


def test_the_total_that_counts_prisoners() -> None:
    (note,) = RECORD.of("total-includes-captured")
    assert [row(kt.kursk().log[id_].event) for id_ in note.events] == ["w76"]
    assert note.severity == "note"


def test_the_dispute_over_what_ukraine_held() -> None:
    """From 26 April 2025 on Russia says 0, and others say more."""
    found = [f for f in RECORD.of("dispute") if f.keys == ("held/ukraine/kursk",)]
    (since,) = [f for f in found if f.first == dt.date(2025, 4, 26)]
    assert "russia says 0 km²" in since.message
    assert "deepstate says 27.5–29.5 km²" in since.message
    assert "w73" in {row(kt.kursk().log[id_].event) for id_ in since.events}


def test_disputed_spans_are_those_of_the_histories() -> None:
    """Day for day a key is disputed where, and only where, a finding says so."""
    timeline = kt.kursk()
    for key in timeline.state_at("2025-12-13").estimates:
        said = {(f.first, f.last) for f in RECORD.of("dispute") if f.keys == (str(key),)}
        for step in timeline.history(key).steps:
            inside = [s for s in said if s[0] <= step.first and (s[1] is None or (step.last and step.last <= s[1]))]
            assert len(inside) == bool(step.disputed), (key, step)


def test_stale_keys_are_those_of_the_last_state() -> None:
    state = kt.kursk().state_at("2025-12-13")
    assert {f.keys[0] for f in RECORD.of("stale")} == {str(k) for k, e in state.estimates.items() if e.stale}


def test_nothing_silly_on_the_record() -> None:
    """No row of it was reported too early, copied, mistyped, or more than its whole."""
    silent = ("reported-before-occurred", "copied-report", "look-alike", "part-above-whole", "retaken-above-peak")
    assert [finding for code in silent for finding in RECORD.of(code)] == []


# --- check by check ----------------------------------------------------------------------------


def test_a_withdrawn_slip_is_an_error_until_it_was_withdrawn() -> None:
    slip = held("2025-01-01", "90 sq km (56 sq miles)")
    log = [slip, retracted(slip, "2025-02-01")]
    assert [f.severity for f in audited(log).of("unit-slip")] == ["note"]
    assert [f.severity for f in audited(log, known_on=dt.date(2025, 1, 15)).of("unit-slip")] == ["error"]
    assert audited(log, known_on=dt.date(2024, 12, 31)) == Audit()
    assert audited(log, according_to=("russia",)) == Audit()


@pytest.mark.parametrize(
    ("earlier", "later", "falls"),
    [
        (500, 450, True),
        (500, 500, False),
        ("about 500", 480, False),  # 450 to 550
        ("over 80,000", "over 77,000", True),  # the printed figures fall
        ("over 80,000", "about 79,000", False),  # up to 86,900
        ("up to 500", 100, False),  # "up to" has no lower bound
    ],
)
def test_totals_that_fall(earlier: object, later: object, falls: bool) -> None:
    log = [losses("2025-01-01", killed=earlier), losses("2025-02-01", killed=later)]
    assert bool(audited(log).of("total-falls")) is falls


def test_totals_fall_only_within_a_party_and_on_surely_later_days() -> None:
    first = losses("2025-01-01", killed=500)
    assert not audited([first, losses("2025-02-01", "russia/mod", killed=400)]).of("total-falls")
    assert not audited([first, losses("2025-01-01", killed=400)]).of("total-falls")
    assert not audited([first, losses("2025-01", killed=400)]).of("total-falls")


def test_one_finding_for_each_total_that_later_ones_stay_below() -> None:
    log = [losses("2025-01-01", killed=5000), *(losses(f"2025-02-0{n}", killed=500 + n) for n in range(1, 5))]
    (fall,) = audited(log).of("total-falls")
    assert len(fall.events) == 5
    assert "3 more" in fall.message


@pytest.mark.parametrize(
    ("parts", "total", "above"),
    [
        ({"killed": 600}, 500, True),
        ({"killed": 300, "wounded": 300}, 500, True),
        ({"killed": 300, "wounded": 300}, "over 500", False),  # no upper bound
        ({"killed": "up to 600"}, 500, False),
        ({"killed": 1234, "wounded": 3871}, 5100, False),  # 5,105, rounded
        ({"killed": 300, "captured": 300}, 500, False),  # casualties may leave out prisoners
    ],
)
def test_losses_above_casualties(parts: dict[str, object], total: object, above: bool) -> None:
    assert bool(audited([losses("2025-01-01", casualties=total, **parts)]).of("part-above-whole")) is above


def test_a_running_total_heard_before_its_parts_is_at_least() -> None:
    log = [losses("2025-01-01", casualties=500), losses("2025-02-01", killed=600)]
    assert not audited(log).of("part-above-whole")
    log = [losses("2025-01-01", killed=600), losses("2025-02-01", casualties=500)]
    assert audited(log).of("part-above-whole")


def test_members_together_above_their_coalition() -> None:
    """Each fits alone, both together do not; of another party's accounts nothing follows."""
    whole = present("2025-01-01", 10_000, force="north-korea+russia")
    one, other = (present("2025-01-01", 6_001, force=force) for force in ("north-korea", "russia"))
    assert not audited([whole, one]).of("part-above-whole")
    (found,) = audited([whole, one, other]).of("part-above-whole")
    assert set(found.events) == {whole.id, one.id, other.id}
    elsewhere = present("2025-01-01", 60_000, claimant="us/pentagon")
    assert not audited([whole, elsewhere]).of("part-above-whole")


def test_peaks_of_members_do_not_add_up() -> None:
    """Each may have stood at its peak on another day."""
    peaks = [
        kt.ForcePeaked(force=force, region="kursk", troops=troops, **common("2025-01-01"))
        for force, troops in (("north-korea+russia", 10_000), ("north-korea", 6_000), ("russia", 6_000))
    ]
    assert not audited(peaks).of("part-above-whole")


def test_prisoners_are_seen_only_where_they_make_the_difference() -> None:
    assert audited([losses("2025-01-01", killed=100, wounded=200, captured=55, casualties=355)]).of(
        "total-includes-captured"
    )
    for casualties in (300, 400):
        log = [losses("2025-01-01", killed=100, wounded=200, captured=55, casualties=casualties)]
        assert not audited(log).of("total-includes-captured")
    # one figure of a day from one voice, the rest from another of the same party
    log = [
        losses("2025-01-01", killed=100, wounded=200, captured=55),
        losses("2025-01-01", "ukraine/syrsky", casualties=355),
    ]
    assert len(audited(log).of("total-includes-captured")[0].events) == 2


def test_what_a_coalition_and_its_member_retook_is_not_added_up() -> None:
    def retaken(by: str, area: str) -> kt.TerritoryRetaken:
        return kt.TerritoryRetaken(by=by, region="kursk", area=area, cumulative=True, **common("2025-03-01"))

    peak = kt.TerritoryPeaked(holder="ukraine", region="kursk", area="1000 km2", **common("2025-01-01"))
    member, coalition = retaken("russia", "600 km2"), retaken("north-korea+russia", "700 km2")
    assert not audited([peak, member, coalition]).of("retaken-above-peak")
    assert audited([peak, member, retaken("belarus", "500 km2")]).of("retaken-above-peak")


def test_who_joins_a_dispute_begins_a_new_finding_and_who_leaves_does_not() -> None:
    log = [
        held("2025-01-01", "100 km2"),
        held("2025-01-01", "50 km2", "uk/mod", restated_until="2025-03-01"),
        held("2025-01-20", "0 km2", "russia/mod"),
    ]
    spans_ = [(f.first, f.last) for f in audited(log).of("dispute")]
    assert spans_ == [(dt.date(2025, 1, 1), dt.date(2025, 1, 19)), (dt.date(2025, 1, 20), dt.date(2025, 3, 31))]


@pytest.mark.parametrize(
    ("occurred", "reported", "odd"),
    [
        ("2025-01-10/2025-01-20", "2025-01-10", True),
        ("2025-01-12/2025-01-20", "2025-01-10/2025-01-15", True),
        ("2025-01", "2025-01-10", False),  # a month, and a day in it
        ("2025-01", "2025-01", False),
        ("2025-01-22", "2025-01", False),  # the report's day is the vague one
        ("2025-01-10~", "2025-01-10", False),
        ("2025-01-10/..", "2025-01-10", False),
        ("2025-01-10", "2025-01-10", False),
    ],
)
def test_reported_before_occurred(occurred: str, reported: str, odd: bool) -> None:
    log = [held(occurred, "90 km2", reported=reported)]
    assert bool(audited(log).of("reported-before-occurred")) is odd


def test_an_announcement_may_speak_of_the_future() -> None:
    fields = common("2025-02-01/2025-03-01", reported="2025-02-01")
    log = [kt.DeploymentAnnounced(force="russia", region="kursk", troops=1000, **fields)]
    assert not audited(log).of("reported-before-occurred")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Vale Post", "Vаle Post"),
        ("Café", unicodedata.normalize("NFD", "Café")),
        ("Vale Post", "Vale\u200b Post"),
        ("Vale Post", "vale-post"),
        ("unit-1", "unit-l"),
    ],
)
def test_names_that_look_alike(one: str, other: str) -> None:
    assert one != other
    assert looks(one) == looks(other)
    log = [held(f"2025-01-0{n}", "90 km2", sources=kt.Source(name)) for n, name in enumerate((one, other), start=1)]
    (found,) = audited(log).of("look-alike")
    assert found.message.isprintable()


def test_look_alike_parties_are_one_finding_and_settlements_are_seen() -> None:
    log = [held("2025-01-01", "9 km2", "ukraine/syrsky"), held("2025-01-02", "8 km2", "ukra1ne/syrsky")]
    (found,) = audited(log).of("look-alike")
    assert "'ukra1ne'" in found.message
    taken = [
        kt.SettlementTaken(settlement=name, region="kursk", by="ukraine", **common("2025-01-01"))
        for name in ("Sudzha", "Sudzhа")
    ]
    (found,) = audited(taken).of("look-alike")
    assert "CYRILLIC SMALL LETTER A" in found.message
    assert len(found.keys) == 2
    assert looks("Kyiv") != looks("Kviv")


def test_hostile_text_is_spelled_out() -> None:
    """A publisher with a terminal escape and a direction mark beside one without."""
    log = [held(f"2025-01-0{n}", "9 km2", sources=kt.Source(f"BBC{tail}")) for n, tail in ((1, ""), (2, "\u202e"))]
    (found,) = audited(log).of("look-alike")
    assert "\\u202e" in found.message
    assert "\u202e" not in repr(audited(log))


def test_a_vague_date_is_reported_where_it_makes_half_the_width() -> None:
    """By how much: what is left at worst once the day is known."""
    vague = held("2025-01-05/2025-01-15", "100 km2")
    (found,) = audited([held("2025-01-01", "200 km2"), vague]).of("vague-date")
    assert found.events == (vague.id,)
    assert "at least 100 km²" in found.message
    # Here the figures are what is not known.
    assert not audited([held("2025-01-01", "up to 200 km2"), held("2025-01-05/2025-01-15", "up to 190 km2")]).of(
        "vague-date"
    )
    assert not audited([held("2025-01-01", "200 km2"), held("2025-01-05", "100 km2")]).of("vague-date")
    assert not audited([held("2025-01-05/2025-01-15", "over 100 km2")]).of("vague-date")


@given(seed=st.integers(0, 10_000))
@settings(max_examples=60)
def test_only_days_that_matter_are_tried_and_nothing_is_missed(seed: int) -> None:
    """What is left of a width once a claim's day is known: as if every single day of its window were tried."""
    log = random_log(random.Random(seed), most=6)
    ledger = Ledger(standing(log), PROJECTIONS)
    for key in ledger.claimed():
        accounts = ledger.accounts(key)
        for account in accounts.values():
            assert isinstance(account, Amounts)
            for claim in (c for c in account.claims if c.last > c.first):
                for day in ledger.days_of_change(key):
                    found = ledger.on(key, day)
                    if claim not in _in_play(account, day) or found is None or found.bounds.high >= OPEN // 2:
                        continue
                    tried = []
                    for known in range(claim.first, claim.last + 1):
                        fixed = claim._replace(first=known, last=known, middle=known)
                        claims = [fixed if c.order == claim.order else c for c in account.claims]
                        alone = Amounts(key, account.party, account.measure, claims, account.events, account.gaps)
                        again = estimate(key, account.measure, [*(accounts | {account.party: alone}).values()], day)
                        tried.append(0 if again is None else again.bounds.high - again.bounds.low)
                    playing = _in_play(account, day)
                    assert _widest_with_its_day(accounts, account, playing, claim, day) == max(tried)


# --- the result --------------------------------------------------------------------------------


def test_an_empty_log_has_nothing_to_find() -> None:
    assert audited([]) == Audit()
    assert not audited([])
    assert repr(Audit()) == "Audit: nothing found"
    assert len(polars.DataFrame(Audit())) == 0


def test_the_audit_is_a_sequence_and_a_table() -> None:
    assert RECORD[0] == next(iter(RECORD))
    assert RECORD[:3] == Audit(list(RECORD)[:3])
    assert sum(RECORD.counts.values()) == len(RECORD)
    frame = polars.DataFrame(RECORD)
    assert frame["code"].to_list() == [finding.code for finding in RECORD]
    assert frame["first"].to_list() == [finding.first for finding in RECORD]
    raw = RECORD.to_dict()
    assert raw["counts"] == RECORD.counts
    assert len(raw["findings"]) == len(RECORD)  # type: ignore[arg-type]
    lines = repr(RECORD).splitlines()
    assert lines[0] == f"Audit: {RECORD.counts['warning']} warnings, {RECORD.counts['note']} notes"
    assert len(lines) == 1 + 2 + len(RECORD)


def test_every_code_has_one_check_and_the_table_is_in_order() -> None:
    ranks = [(SEVERITIES.index(check.severity), code) for code, check in CHECKS.items()]
    assert ranks == sorted(ranks)
    assert len({check.find for check in CHECKS.values()}) == len(CHECKS)
    assert all(check.meaning and check.find.__doc__ for check in CHECKS.values())


def test_a_finding_needs_but_code_and_message() -> None:
    finding = Finding("unit-slip", "40 is not 25")
    assert finding == Finding(code="unit-slip", message="40 is not 25", severity="warning")
    with pytest.raises(ValueError, match="severity"):
        attrs.evolve(finding, severity="fatal")  # type: ignore[arg-type]


@given(days=st.sets(st.integers(0, 30)), holding=st.sets(st.integers(0, 30)))
def test_spans_hold_what_holds(days: set[int], holding: set[int]) -> None:
    found = list(spans(days, holding.__contains__))

    def holds(day: int) -> bool:
        begun = [d for d in days if d <= day]
        return bool(begun) and max(begun) in holding

    for day in range(40):
        assert any(a <= day and (b is None or day <= b) for a, b in found) is holds(day)


@given(seed=st.integers(0, 10_000))
@settings(max_examples=40)
def test_any_log_can_be_audited_and_no_finding_names_what_is_not_there(seed: int) -> None:
    """On random logs: it ends, events are known, in log order, and said once."""
    log = random_log(random.Random(seed), most=9, derived=True)
    places = {event.id: place for place, event in enumerate(log)}
    found = audited(log)
    for finding in found:
        assert finding.events
        assert [places[id_] for id_ in finding.events] == sorted({places[id_] for id_ in finding.events})
    assert len({(f.code, f.message) for f in found}) == len(found)
