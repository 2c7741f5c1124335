"""Bad input at every door: one error of ours that names the place, and a log that stays as it was."""

from __future__ import annotations

import datetime as dt
import json
import math
import multiprocessing
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

import kursk_timeline as kt
from kursk_timeline.events.codec import from_json
from kursk_timeline.formats import jsonl
from kursk_timeline.log import Log
from kursk_timeline.stores.memory import MemoryStore
from kursk_timeline.stores.sqlite import SqliteStore
from kursk_timeline.text import MAX_TEXT, visible
from made import common, held, present, retracted

GOOD = held("2024-08-06", "5 km2")
LINE = GOOD.canonical


def refused(act: Callable[[], object], *says: str, error: type[BaseException] = kt.TimelineError) -> kt.TimelineError:
    """The act fails with an error of ours whose message says these words and can be printed on one terminal line."""
    with pytest.raises(error) as caught:
        act()
    found = caught.value
    assert isinstance(found, kt.TimelineError)
    for one in says:
        assert one in str(found)
    presentable(found)
    return found


def presentable(error: kt.TimelineError) -> None:
    """The message can be printed on one line of any terminal."""
    message = str(error)
    assert message.strip()
    assert len(message) < 2_000
    message.encode()  # half a surrogate pair would break whoever prints it
    assert visible(message) == message, "control, direction or invisible characters in a message"


@pytest.fixture(params=["memory", "sqlite"])
def timeline(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[kt.Timeline]:
    """A timeline of three events; whatever a test does to it, it must hold the same records afterwards."""
    one = kt.Timeline(Log(MemoryStore() if request.param == "memory" else SqliteStore(tmp_path / "log.db")))
    one.append([GOOD, held("2024-08-10", "about 7 km2"), held("2024-08-12", "0 km2", "russia/mod")])

    def image() -> list[tuple[Any, ...]]:
        return [(r.seq, r.recorded_at, r.event.id, r.event.canonical) for r in one.log]

    before = image()
    yield one
    assert image() == before
    one.close()
    if request.param == "sqlite":
        again = Log(SqliteStore(tmp_path / "log.db"))
        assert [(r.seq, r.recorded_at, r.event.id, r.event.canonical) for r in again] == before
        again.close()


def label(one: object) -> str:
    """A short name for a case, the same in every process."""
    return ascii(one)[:24] if isinstance(one, str) else type(one).__name__


# --- dates -------------------------------------------------------------------------------------

NO_DATES: list[Any] = [
    "", " ", "now", "today", "yesterday", "last autumn", "August 2024", "6 August 2024", "06.08.2024", "08/06/2024",
    "20240806", "202408", "2024-W32-2", "2024W32", "2024-219", "2024-8-6", "24-08-06", "2024-08-06 ", " 2024-08-06",
    "2024-08-06\n", "2024-08-06\0", "2024-13", "2024-00", "2024-08-00", "2024-08-32", "2023-02-29", "2024-19",
    "2024-42",
    "0000", "0000-01-01", "-0001", "-2024-08-06", "10000", "10000-01-01", "Y17E7", "Y-17E7", "9999-12-31~",
    "0001-01-01~", "2024-08-06T24:00:00", "2024-08-06T23:59:60", "2024-08-06T25:00:00Z", "2024-08-06T10:00",
    "2024-08-06T10:00:00+25:00", "2024-08-06T10:00:00-00:00", "2024-08-06T10:00:00[Europe/Moscow]",
    "2024-08-06T10:00:00z",
    "2024-08-07/2024-08-06", "2024-08/2024-07", "2024-08-06/2024-08-07/2024-08-08", "/", "2024-08-06//",
    "{2024-08-06,2024-08-08}", "[2024-08-06,2024-08-08]", "[2024-08-06", "2024-X1", "XXXX-08", "2024-XX-06", "2x24",
    "٢٠٢٤-٠٨-٠٦", "２０２４-08-06",
    "2024\u201108\u201106", "2024\u221208\u221206", "2024-08-0\u0661", "2024-08-06\u202e",
    "\u200b2024-08-06", "2024-08-06\u00a0", "\ufeff2024-08-06", "\ud800", "2024-08-06\ud800", "2024_08_06",
    "2024-08-06?~?~",
    "1" * 5_000, "9" * 100_000, "2024-08-06" * 200, "{0.__class__}", "%s%s%n", "'; DROP TABLE events; --",
    "\x1b[31m2024-08-06",
    None, True, 5, 2024, 20240806, 5.5, math.nan, math.inf, 10**5_000, b"2024-08-06", [], ["2024-08-06"], {}, object,
    dt.time(10), dt.timedelta(1), (2024, 8, 6), Decimal(2024), Fraction(2024),
]  # fmt: skip
NO_DAYS: list[Any] = ["2024", "2024-08", "2024-23", "2024-08-06~", "2024-08-06?", "2024-08-06/2024-08-07",
"2024-08-06/..",
                      "../..", "2024-08-XX", kt.When.parse("2024")]  # fmt: skip


@pytest.mark.parametrize("bad", NO_DATES, ids=label)
def test_what_is_no_date_is_refused_at_every_door(bad: Any) -> None:
    """`When`, the fields of an event, and both dates of a question say the same: no date."""
    refused(lambda: kt.When.parse(bad), error=kt.WhenError)
    refused(lambda: kt.When.of(bad), error=kt.WhenError)
    for field in ("occurred", "reported", "restated_until"):
        if field == "restated_until" and bad is None:
            continue  # left out
        refused(lambda: kt.StatementMade(**{**common("2024-08-06"), field: bad}), field, error=kt.EventError)  # noqa: B023
    timeline = kt.Timeline()
    refused(lambda: timeline.state_at(bad), error=kt.WhenError)
    refused(lambda: timeline.states([bad]), error=kt.WhenError)
    refused(lambda: timeline.history("held/ukraine/kursk").at(bad), error=kt.WhenError)
    if bad is not None:
        refused(lambda: timeline.state_at("2024-08-06", known_on=bad), error=kt.WhenError)
        refused(lambda: timeline.events(known_on=bad), error=kt.WhenError)
        refused(lambda: timeline.history("held/ukraine/kursk", known_on=bad), error=kt.WhenError)


@pytest.mark.parametrize("bad", NO_DAYS, ids=str)
def test_a_question_names_one_sure_day(timeline: kt.Timeline, bad: Any) -> None:
    """A window is a fine date for an event and none for a question."""
    refused(lambda: timeline.state_at(bad), "single", error=kt.WhenError)
    refused(lambda: timeline.state_at("2024-08-06", known_on=bad), "single", error=kt.WhenError)
    refused(lambda: timeline.states([bad]), "single", error=kt.WhenError)


@given(st.text(max_size=40) | st.from_regex(r"[0-9X~?%/.\[\]{},STZ:+-]{1,30}", fullmatch=True))
def test_any_text_is_a_window_or_an_error_of_ours(text: str) -> None:
    """Nothing else comes out, and what is taken prints back."""
    try:
        when = kt.When.parse(text)
    except kt.WhenError as error:
        presentable(error)
    else:
        assert kt.When.parse(str(when)) == when
        assert text.isascii()


def test_a_window_does_not_end_before_it_starts() -> None:
    """Also where the two days come as dates."""
    refused(lambda: kt.When(dt.date(2024, 8, 7), dt.date(2024, 8, 6)), "ends before it starts", error=kt.WhenError)
    for bad in ("2024-08-06", 5, dt.datetime(2024, 8, 6, tzinfo=dt.timezone.utc)):
        refused(lambda: kt.When(bad, None), "earliest", error=kt.WhenError)  # type: ignore[arg-type]  # noqa: B023


def test_moments_keep_the_calendar_of_the_declared_zone() -> None:
    """Gaps, folds and the far ends of the calendar give a day or an error of ours, never another day in silence."""
    kyiv, moscow = ZoneInfo("Europe/Kyiv"), ZoneInfo("Europe/Moscow")
    gap = dt.datetime(2024, 3, 31, 3, 30, tzinfo=kyiv)  # does not exist on the clock
    fold = dt.datetime(2024, 10, 27, 3, 30, tzinfo=kyiv, fold=1)
    assert str(kt.When.of(gap)) == "2024-03-31"
    assert str(kt.When.of(fold)) == "2024-10-27"
    assert str(kt.When.of(dt.datetime(2024, 8, 6, 23, 30, tzinfo=kyiv))) == "2024-08-06"
    assert str(kt.When.of(dt.datetime(2024, 1, 6, 23, 30, tzinfo=kyiv))) == "2024-01-07"  # winter: one hour apart
    assert str(kt.When.of(dt.datetime(2024, 8, 6, 0, 0, tzinfo=moscow))) == "2024-08-06"
    refused(lambda: kt.When.of(dt.datetime(9999, 12, 31, 23, tzinfo=dt.timezone.utc)), "9999", error=kt.WhenError)
    early = dt.datetime(1, 1, 1, 0, tzinfo=dt.timezone(dt.timedelta(hours=14)))
    refused(lambda: kt.When.of(early), "0001", error=kt.WhenError)


@pytest.mark.parametrize(
    "zone", ["", "Mars/Olympus", "../../etc/passwd", "/etc/passwd", "Europe/Moscow\0", "x" * 5_000, "\ud800", 5, None]
)
def test_an_unknown_zone_is_an_error_of_ours(zone: Any) -> None:
    """No file outside the zone database is looked at."""
    refused(lambda: kt.When.parse("2024-08-06T22:30:00Z", zone), "time zone", error=kt.WhenError)
    refused(lambda: kt.When.of(dt.datetime(2024, 8, 6, tzinfo=dt.timezone.utc), zone), "time zone", error=kt.WhenError)


# --- quantities --------------------------------------------------------------------------------

NO_AREAS: list[Any] = [
    "", " ", "\0", "many", "lots of land", "5", "90", "five", "5 persons", "5 km", "5 miles", "km2", "-5 km2",
    "minus 5 km2",
    "9 to 8 km2", "between 900 and 800 sq km", "1,0,0 km2", "1,00 km2", "1.000.000 km2", "1.263 km2", "1_000 km2",
    "0x10 km2", "1e3 km2",
    "1e999999999 km2", "NaN km2", "inf km2", "∞ km2", "--5 km2", "5 km2 5 km2", "5 km2 (", "5 km2)",
    "5 km2 (5 persons)",
    "٥ km2", "５ km2", "５ km²", "5 ㎢",
    "5 km\u202e2", "5\u200b km2", "5 кm2", "\x1b[31m5 km2", "5 km2\0", "\ud800 km2",
    "half of 90 km2", "a third of it", "90% km2", "5 km2 per day", "up to over 5 km2", "{0.__class__} km2", "%d km2",
    "9" * 999 + " km2", "9" * 5_000 + " km2", "9" * 100_000, "1," * 50_000, "about " * 20_000, "(" * 100_000,
    "9007199255 km2",
    None, True, False, 5, 5.0, math.nan, math.inf, 10**5_000, -1, b"5 km2", [], [5], {}, {"low": 1}, object,
    Decimal(5), 5j,
    {"low": "1e400", "best": 1, "high": 1, "unit": "km2"}, {"low": math.nan, "best": 1, "high": 1, "unit": "km2"},
    {"low": 1, "best": math.inf, "high": math.inf, "unit": "km2"}, {"low": 1, "best": 1, "high": 10**400,
    "unit": "km2"},
    {"low": 2, "best": 1, "high": 0, "unit": "km2"}, {"low": None, "best": 1, "high": 1, "unit": "km2"},
    {"low": "", "best": 1, "high": 1, "unit": "km2"}, {"low": 1, "best": 1, "high": 1, "unit": ""},
    {"low": 1, "best": 1, "high": 1, "unit": "km2", "phrase": 5}, {"low": 1, "best": 1, "high": 1, "unit": "km2",
    "phrase": "\ud800"},
    {"low": 1, "best": 1, "high": 1, "unit": "km2", "phrase": "a\0b"}, {"low": 1, "best": 1, "high": 1, "unit": "km2",
    "phrase": "x" * 100_000},
]  # fmt: skip


@pytest.mark.parametrize("bad", NO_AREAS, ids=label)
def test_what_is_no_area_is_refused_and_the_field_named(bad: Any) -> None:
    """As a phrase, a number, or the JSON of a quantity."""
    refused(lambda: held("2024-08-06", bad).canonical, "area", error=kt.EventError)
    if isinstance(bad, str) and bad not in ("-5 km2", "minus 5 km2", "5 persons"):  # fine quantities, and no areas held
        refused(lambda: kt.Quantity.parse(bad), error=kt.QuantityError)


@pytest.mark.parametrize(
    "bad",
    [
        -1,
        "-1",
        "5 km2",
        "5 villages",
        2**53,
        2**63,
        2**64,
        10**5_000,
        math.nan,
        math.inf,
        True,
        None,
        "",
        {},
        "9" * 999,
    ],
    ids=label,
)
def test_what_is_no_headcount_is_refused_and_the_field_named(bad: Any) -> None:
    """Numbers beyond what every JSON reader keeps exact are refused before they reach a file."""
    refused(lambda: present("2024-08-06", bad), "troops", error=kt.EventError)


@pytest.mark.parametrize(
    ("low", "best", "high"),
    [(2, 1, 3), (1, 4, 3), (3, None, 2), (math.nan, 1, 2), (1, math.nan, 2), (1, 2, math.nan), (math.inf, math.inf,
    math.inf),
     (1, math.inf, None), (None, None, None), (True, 1, 2), ("1_000", 1_000, 1_000), ("1e3", 1_000, 1_000), ("٥", 5, 5),
     (" 5", 5, 5), (Decimal("1e999999999"), None, None), (Decimal("NaN"), 1, 2), (Decimal("-Infinity"), 1, None),
     (10**5_000, None, None),
     (b"5", 5, 5), ([5], 5, 5), (5j, 5, 5)],
    ids=label,
)  # fmt: skip
def test_numbers_of_a_quantity_are_finite_and_in_order(low: Any, best: Any, high: Any) -> None:
    """Anything else is refused before it is computed with."""
    refused(lambda: kt.Quantity(low=low, best=best, high=high, unit="persons"), error=kt.QuantityError)


@pytest.mark.parametrize("phrase", [5, b"x", "\ud800", "a\0b", "x" * 100_000], ids=label)
def test_the_phrase_of_a_quantity_is_text_that_a_file_can_carry(phrase: Any) -> None:
    """It ends up in the stored bytes: what cannot be stored is refused before anything is written."""
    refused(lambda: held("2024-08-06", kt.Quantity(low=1, high=1, unit="km2", phrase=phrase)).canonical)


@given(st.text(max_size=60))
def test_any_text_is_a_quantity_or_an_error_of_ours(text: str) -> None:
    """With a unit to fall back on and without."""
    for unit in (None, "persons", "km2"):
        try:
            kt.Quantity.parse(text, unit)
        except kt.QuantityError as error:
            presentable(error)


# --- text --------------------------------------------------------------------------------------

NO_TEXTS: list[Any] = ["", " ", "\n\t", "\u00a0", "\0", "a\0b", "\ud800", "a\udfffb", "\udc00\ud800",
"x" * (MAX_TEXT + 1), 5, True, 5.5, b"x", ["x"], {"x": 1}]  # fmt: skip


def _with_text(field: str, value: Any) -> kt.Event:
    fields = common("2024-08-06")
    match field:
        case "publisher" | "title" | "locator" | "wording":
            return kt.StatementMade(**{**fields, "sources": [{"publisher": "p", field: value}]})
        case "note" | "about":
            return kt.StatementMade(**{**fields, field: value})
        case "role":
            return kt.ForceDeployed(force="russia", region="kursk", troops=5, role=value, **fields)
        case _:
            return kt.Retracted(event=GOOD, reason=value, reported="2024-08-07", claimant="ukraine")


@pytest.mark.parametrize("field", ["publisher", "title", "locator", "wording", "note", "about", "role", "reason"])
@pytest.mark.parametrize("bad", NO_TEXTS, ids=label)
def test_text_that_no_file_can_carry_is_refused_by_its_field(field: str, bad: Any) -> None:
    """NULs, half pairs, nothing at all, and what is no text; so through JSON."""
    refused(lambda: _with_text(field, bad), field, error=kt.EventError)
    raw = _with_text(field, "harmless").to_json()
    if field in raw:
        raw[field] = bad
    else:
        raw["sources"][0][field] = bad
    refused(lambda: from_json(raw), field, error=kt.DecodeError)


NO_NAMES: list[Any] = ["", " Sudzha", "Sudzha ", "Sud/zha", "Sud\nzha", "Sudzha\u202e", "\u2066Sudzha\u2069",
"Sud\u200bzha", "\ufeffSudzha",
                       "Sud\u00adzha", "Sud\x1b[1mzha", "Sud\u00a0zha", "Sud\x85zha", "Sud\u2028zha", "S" * 201, "\0",
                       "\ud800", None, 5, b"Sudzha"]  # fmt: skip


@pytest.mark.parametrize("bad", NO_NAMES, ids=label)
def test_a_settlement_has_a_name_that_one_can_see(bad: Any) -> None:
    """Nothing invisible, nothing that turns the line round, no slash; the field is named."""
    refused(
        lambda: kt.SettlementTaken(settlement=bad, region="kursk", by="ukraine", **common("2024-08-06")),
        "settlement",
        error=kt.EventError,
    )
    refused(
        lambda: kt.SettlementContested(settlement=bad, region="kursk", **common("2024-08-06")),
        "settlement",
        error=kt.EventError,
    )


def test_one_name_in_two_unicode_forms_is_one_settlement_and_a_look_alike_is_another() -> None:
    """NFC and NFD are the same name; a Cyrillic letter in a Latin word is not merged in silence."""
    timeline = kt.Timeline()
    for nth, name in enumerate(("Й-Село", "И\u0306-Село", "Sudzha", "Sud\u0437h\u0430")):
        timeline.append(kt.SettlementTaken(settlement=name, region="kursk", by="ukraine", **common(f"2024-08-1{nth}")))
    assert len(timeline.keys()) == 3
    assert timeline.state_at("2024-09-01").settlements["И\u0306-Село"].holders == {"ukraine"}


def test_settlements_whose_names_hold_a_plus_are_not_merged() -> None:
    """A plus joins the members of a coalition, not the words of a place; and a place is never nobody."""
    timeline = kt.Timeline()
    names = ["A+B", "B+A", "A+A", "A", "Ya+Zh"]
    for name in names:
        timeline.append(kt.SettlementTaken(settlement=name, region="kursk", by="ukraine", **common("2024-08-10")))
    state = timeline.state_at("2024-09-01")
    assert sorted(state.settlements) == sorted(names)
    assert [state.settlements[name].name for name in names] == names
    fields = {"region": "kursk", "by": "ukraine", **common("2024-08-10")}
    refused(lambda: kt.SettlementTaken(settlement="-", **fields), "settlement", error=kt.EventError)


NO_SLUGS: list[Any] = ["", " ", "Ukraine", "north korea", "north_korea ", "north–korea", "ukr\u0430ine",
"ukraine/syrsky", "a" * 101, "+", "a+", "../x",
                       "ukraine\n", "ukraine\0", "\ud800", "ＵＡ", None, 5, b"ukraine", ["ukraine"], {"a": 1},
                       True]  # fmt: skip


@pytest.mark.parametrize("bad", NO_SLUGS, ids=label)
def test_parties_and_regions_have_plain_short_names(bad: Any) -> None:
    """Every such field of an event refuses the same, by its name; so does a region of a timeline."""
    for field in ("holder", "region"):
        refused(lambda: held("2024-08-06", "5 km2", **{field: bad}), field, error=kt.EventError)  # noqa: B023
    refused(
        lambda: kt.OperationLaunched(**{"by": bad, "region": "kursk", **common("2024-08-06")}),
        "by",
        error=kt.EventError,
    )
    refused(lambda: kt.Timeline(region=bad), error=kt.InputError)
    refused(lambda: kt.Timeline.open(region=bad), error=kt.InputError)


def test_format_and_template_signs_stay_what_they_are() -> None:
    """Text with braces and per cent signs comes out as it went in, in answers and in messages."""
    for text in ("{0.__class__}", "{self}", "%s %(x)s %n", "{{7*7}}", "${jndi:ldap://x}", "<%= 7*7 %>"):
        event = kt.StatementMade(about=text, **common("2024-08-06"))
        assert text in repr(event)
        assert text in event.canonical.decode()
        assert text in str(refused(lambda: kt.When.parse(text)))  # noqa: B023
        assert text in str(refused(lambda: kt.Key.of(text)))  # noqa: B023


# --- questions ---------------------------------------------------------------------------------

NO_KEYS: list[Any] = ["", "/", "//", "held", "held/ukraine", "held/ukraine/kursk/x", "held//kursk", "held/ukraine/",
"/ukraine/kursk",
                      "Held/ukraine/kursk", "held/ukraine/Kursk", "nonsense/ukraine/kursk", "held/ukr\0aine/kursk",
                      "held/ukr\u202eaine/kursk",
                      "held/\ud800/kursk", "held/" + "x" * 100_000 + "/kursk", "/" * 100_000, "held/ukraine/kursk\n",
                      None, 5, b"held/ukraine/kursk", [], {}, ("held", "ukraine", "kursk"), object(),
                      math.nan]  # fmt: skip


@pytest.mark.parametrize("bad", NO_KEYS, ids=label)
def test_what_is_no_key_is_refused(timeline: kt.Timeline, bad: Any) -> None:
    """By a state, by a history, and by `Key.of`."""
    refused(lambda: timeline.state_at("2024-08-12")[bad], error=kt.QueryError)
    refused(lambda: timeline.history(bad), error=kt.QueryError)
    if not (isinstance(bad, str) and bad.startswith("nonsense")):
        refused(lambda: kt.Key.of(bad), error=kt.QueryError)


@pytest.mark.parametrize("bad", ["", "a/b", "\0", " x", "\u202e", "x" * 201, 5, b"x", [], {}, (), ("ukraine",),
("ukraine", "kursk", "x"),
                                 ("ukraine", "Kursk"), ("ukraine", None)], ids=label)  # fmt: skip
def test_what_is_no_subject_is_refused(timeline: kt.Timeline, bad: Any) -> None:
    """A name, or a name and a region."""
    state = timeline.state_at("2024-08-12")
    for subjects in (state.territory, state.forces, state.settlements):
        refused(lambda: subjects[bad], error=kt.InputError)  # noqa: B023


@pytest.mark.parametrize("bad", ["", " ", "Ukraine", "ukraine/", "/", "ukr\u0430ine", "\0", "\ud800", "x" * 100_000,
[], [""], ["ukraine", ""], [None],
                                 (), {}, 5, 5.5, True, b"ukraine", object()], ids=label)  # fmt: skip
def test_what_is_no_claimant_is_refused(timeline: kt.Timeline, bad: Any) -> None:
    """`according_to` names somebody, wherever a state is asked for."""
    refused(lambda: timeline.state_at("2024-08-12", according_to=bad), error=kt.InputError)
    refused(lambda: timeline.history("held/ukraine/kursk", according_to=bad), error=kt.InputError)
    refused(lambda: timeline.events(according_to=bad), error=kt.InputError)
    refused(lambda: timeline.states(["2024-08-12"], according_to=bad), error=kt.InputError)


@pytest.mark.parametrize("bad", ["", "HOLD", "hold ", "interpolate", None, 5, True, [], {}, b"hold", "\0"], ids=label)
def test_what_is_no_reading_of_gaps_is_refused(timeline: kt.Timeline, bad: Any) -> None:
    """The message names the two there are."""
    for ask in (
        lambda: timeline.state_at("2024-08-12", gaps=bad),
        lambda: timeline.history("held/ukraine/kursk", gaps=bad),
        lambda: timeline.states(["2024-08-12"], gaps=bad),
    ):
        refused(ask, "hold", "span", error=kt.QueryError)


@pytest.mark.parametrize("bad", ["", "month ", "fortnight", 5, True, [], {}, b"month"], ids=label)
def test_what_is_no_calendar_step_is_refused(timeline: kt.Timeline, bad: Any) -> None:
    """The message names those there are; dates and a step together, or neither, are refused too."""
    refused(lambda: timeline.states(every=bad), "quarter", error=kt.QueryError)
    refused(lambda: timeline.states(), error=kt.QueryError)
    refused(lambda: timeline.states(["2024-08-12"], every="day"), error=kt.QueryError)


@pytest.mark.parametrize("bad", [5, 2.5, object(), ["2024-08-12", 5]], ids=label)
def test_what_are_no_dates_are_refused(timeline: kt.Timeline, bad: Any) -> None:
    """Where many are asked for, as where one is."""
    refused(lambda: timeline.states(bad), error=kt.InputError)
    refused(lambda: timeline.accounts(bad), error=kt.InputError)


@pytest.mark.parametrize("bad", [-1, 4, 2**63, 10**30, -(10**30)])
def test_a_size_the_log_has_not_is_refused(timeline: kt.Timeline, bad: int) -> None:
    """However large: no number reaches the database that it cannot hold."""
    refused(lambda: timeline.at_size(bad), "3", error=kt.QueryError)
    refused(lambda: kt.Timeline(timeline.log, size=bad), "3", error=kt.QueryError)
    refused(lambda: timeline.log[bad], "3", error=kt.QueryError)
    refused(lambda: timeline.append(held("2024-08-20", "1 km2"), expected_size=bad), "3", error=kt.ConflictError)


# --- appending ---------------------------------------------------------------------------------


def test_a_batch_with_one_fault_adds_nothing(timeline: kt.Timeline) -> None:
    """Whether the fault is no event, an unknown reference, or an iterator that fails half way."""
    new = [held("2024-08-20", "1 km2"), held("2024-08-21", "2 km2")]

    def failing() -> Iterator[kt.Event]:
        yield new[0]
        raise kt.DecodeError("broken", source="a file", line=2)

    refused(lambda: timeline.append(failing()), "a file", error=kt.DecodeError)
    for bad in ("text", 5, None, {}, b"", LINE.decode(), GOOD.to_json(), kt.StatementMade):
        refused(lambda: timeline.append([*new, bad]), error=kt.InputError)  # type: ignore[list-item]  # noqa: B023
    refused(
        lambda: timeline.append([*new, retracted(held("2024-08-22", "9 km2"))]), "Retracted.event", error=kt.InputError
    )
    refused(lambda: timeline.at_size(2).append(new), error=kt.InputError)
    refused(lambda: timeline.append(new, expected_size=2), "3", "2", error=kt.ConflictError)
    with pytest.raises(ZeroDivisionError):  # a fault of the caller's own stays the caller's
        timeline.append(1 / 0 for _ in new)  # type: ignore[arg-type, misc]


def test_a_clock_that_jumps_back_never_gives_a_negative_interval() -> None:
    """Records keep their order, and no recording time lies before its predecessor's."""
    start = dt.datetime(2026, 3, 29, 2, 30, tzinfo=dt.timezone.utc)
    ticks = iter([start, start - dt.timedelta(days=400), start, start + dt.timedelta(seconds=1), start])
    log = Log(MemoryStore(), clock=lambda: next(ticks))
    for day in range(5):
        log.append(held(f"2024-08-{day + 10}", "5 km2"))
    taken = [record.recorded_at for record in log]
    assert taken == sorted(taken)
    assert [record.seq for record in log] == [1, 2, 3, 4, 5]


# --- JSON Lines --------------------------------------------------------------------------------


def _area(value: bytes) -> bytes:
    """The good line with other bytes for its area."""
    raw = GOOD.to_json()
    raw["area"] = "@"
    return json.dumps(raw).encode().replace(b'"@"', value)


def _note(value: bytes) -> bytes:
    return LINE.replace(b'"kind"', b'"note":"' + value + b'","kind"')


NUMBER = b'{"low":%b,"best":1,"high":null,"unit":"km2"}'
NO_EVENTS: dict[str, bytes] = {
    # no JSON at all
    "open brace": b"{", "close brace": b"}", "open bracket": b"[", "word": b"event", "comment": b"// " + LINE,
    "block comment": b"/* */" + LINE,
    "single quotes": LINE.replace(b'"', b"'"), "bare key": LINE.replace(b'"kind"', b"kind"),
    "trailing comma": LINE[:-1] + b",}",
    "leading comma": b"{," + LINE[1:], "double comma": LINE.replace(b",", b",,", 1),
    "no colon": LINE.replace(b'"kind":', b'"kind" '),
    "no comma": LINE.replace(b'","', b'" "', 1), "equals": LINE.replace(b":", b"=", 1), "two documents": LINE + LINE,
    "two with blank": LINE + b" " + LINE,
    "garbage after": LINE + b"x", "extra brace": LINE + b"}", "garbage before": b"x" + LINE,
    "half": LINE[: len(LINE) // 2], "all but the last": LINE[:-1],
    "in a list": b"[" + LINE + b"]", "comma after": LINE + b",", "csv": b"territory-held,1,2024-08-06",
    "yaml": b"kind: territory-held", "xml": b"<event/>",
    "record separator": b"\x1e" + LINE, "form feed": b"\x0c" + LINE, "vertical tab": LINE + b"\x0b",
    "no-break space": b"\xc2\xa0" + LINE,
    # other JSON
    "null": b"null", "true": b"true", "number": b"5", "text": b'"territory-held"', "empty list": b"[]",
    "empty object": b"{}", "true in caps": b"True",
    # numbers
    "NaN": _area(b"NaN"), "Infinity": _area(b"Infinity"), "-Infinity": _area(b"-Infinity"),
    "NaN inside": _area(NUMBER % b"NaN"),
    "Infinity inside": _area(NUMBER % b"Infinity"), "1e400": _area(NUMBER % b"1e400"),
    "-1e400": _area(NUMBER % b"-1e400"), "1E+400": _area(NUMBER % b"1E+400"),
    "1e-400": _area(NUMBER % b"1e-400"), "1e999999999": _area(NUMBER % b"1e999999999"), "0.5": _area(NUMBER % b"0.5"),
    "1.0": _area(NUMBER % b"1.0"),
    "leading zero": _area(NUMBER % b"01"), "plus": _area(NUMBER % b"+1"), "hex": _area(NUMBER % b"0x1"),
    "underscore": _area(NUMBER % b"1_0"),
    "no fraction": _area(NUMBER % b"1."), "no whole": _area(NUMBER % b".5"), "minus alone": _area(NUMBER % b"-"),
    "two minus": _area(NUMBER % b"--1"),
    "arabic digits": _area(NUMBER % "٥".encode()), "fullwidth": _area(NUMBER % "５".encode()),
    "5000 digits": _area(NUMBER % (b"9" * 5_000)),
    "-5000 digits": _area(NUMBER % (b"-" + b"9" * 5_000)), "2**63": _area(NUMBER % b"9223372036854775808"),
    "2**53": _area(NUMBER % b"9007199254740993"),
    "huge in text": _area(NUMBER % (b'"' + b"9" * 5_000 + b'"')), "exponent in text": _area(NUMBER % b'"1e999999999"'),
    "negative": _area(NUMBER % b"-1"),
    "version 5000 digits": LINE.replace(b'"v":1', b'"v":' + b"1" * 5_000), "version 1.0": LINE.replace(b'"v":1',
    b'"v":1.0'),
    "version NaN": LINE.replace(b'"v":1', b'"v":NaN'),
    # keys
    "duplicate key": LINE[:-1] + b',"v":1}', "duplicate with another value": LINE[:-1] + b',"holder":"russia"}',
    "duplicate in escapes": LINE[:-1] + b',"\\u006bind":"territory-held"}',
    "duplicate inside": _area(b'{"low":1,"low":2,"best":2,"high":2,"unit":"km2"}'),
    "duplicate in a source": LINE.replace(b'"publisher"', b'"publisher":"x","publisher"'),
    "empty key": LINE[:-1] + b',"":1}',
    "prototype": LINE[:-1] + b',"__proto__":{}}', "class": LINE[:-1] + b',"__class__":"x"}',
    "self": LINE[:-1] + b',"self":1}',
    "stored": LINE[:-1] + b',"_stored":"x"}', "number for a key": LINE[:-1] + b",1:1}",
    "surrogate key": LINE[:-1] + b',"\\ud800":1}',
    # depth
    "deep list": b"[" * 100_000, "deep list closed": b"[" * 100_000 + b"]" * 100_000, "deep object": b'{"a":' * 100_000,
    "deep object closed": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "deep inside": _area(b"[" * 100_000 + b"]" * 100_000), "depth 17": _area(b"[" * 17 + b"]" * 17),
    "only closing": b"]" * 100_000, "deep mixed": b'[{"a":' * 50_000,
    # text
    "lone high surrogate": _note(b"\\ud800"), "lone low surrogate": _note(b"\\udc00"),
    "two high": _note(b"\\ud800\\ud800"), "swapped": _note(b"\\udc00\\ud800"),
    "surrogate in the phrase": _area(b'{"low":1,"best":1,"high":1,"unit":"km2","phrase":"\\ud800"}'),
    "surrogate in a phrase": _area(b'"5 km2 \\ud800"'), "escaped NUL": _note(b"a\\u0000b"), "raw NUL": _note(b"a\0b"),
    "raw tab": _note(b"a\tb"), "raw escape": _note(b"a\x1bb"),
    "bad escape": _note(b"\\x41"), "short escape": _note(b"\\u12"), "half an escape": _note(b"\\"),
    "blank note": _note(b" "), "unclosed": LINE[:-1] + b',"note":"x}',
    "endless text": b'{"kind":"' + b"x" * 100_000, "long note": _note(b"x" * 100_000),
    "long kind": b'{"kind":"' + b"x" * 100_000 + b'","v":1}',
    "line separator": LINE.replace(b'"kind"', '\u2028"kind"'.encode()),
    # bytes
    "FF": b"\xff" + LINE, "FF inside": _note(b"\xff"), "overlong slash": _note(b"\xc0\xaf"),
    "encoded surrogate": _note(b"\xed\xa0\x80"), "cut character": _note(b"\xe2\x82"),
    "beyond Unicode": _note(b"\xf4\x90\x80\x80"), "latin-1": _note("é".encode("latin-1")),
    "UTF-16": LINE.decode().encode("utf-16"), "UTF-32": LINE.decode().encode("utf-32"),
    "BOM in the middle": b"\xef\xbb\xbf" + LINE, "NUL bytes": b"\0" * 1_000, "gzip": b"\x1f\x8b\x08\0\0\0\0\0\0\xff",
    "SQLite": b"SQLite format 3\0",
    "too long": b'"' + b"x" * 1_000_001 + b'"', "too long and blank": b" " * 1_000_001,
}  # fmt: skip


def test_the_table_of_broken_lines_is_long_enough() -> None:
    """Sixty at least, no two of them the same."""
    assert len(set(NO_EVENTS.values())) == len(NO_EVENTS) >= 60


@pytest.mark.parametrize("case", NO_EVENTS)
def test_a_broken_line_is_named_by_file_and_number(timeline: kt.Timeline, tmp_path: Path, case: str) -> None:
    """The good line before it does not get in either: a file goes into a log whole or not at all."""
    file = tmp_path / "broken.jsonl"
    file.write_bytes(
        held("2024-08-20", "1 km2").canonical
        + b"\n"
        + NO_EVENTS[case]
        + b"\n"
        + held("2024-08-21", "2 km2").canonical
        + b"\n"
    )
    error = refused(lambda: timeline.append(jsonl.read(file)), "broken.jsonl", "line 2", error=kt.DecodeError)
    assert isinstance(error, kt.DecodeError)
    assert error.line == 2
    assert str(file) == error.source


@pytest.mark.parametrize("case", sorted(set(NO_EVENTS) - {"BOM in the middle"}))
def test_a_broken_line_alone_is_refused_too(tmp_path: Path, case: str) -> None:
    """As the first and last line, without a line feed after it."""
    file = tmp_path / "broken.jsonl"
    file.write_bytes(NO_EVENTS[case])
    refused(lambda: list(jsonl.read(file)), "broken.jsonl", "line 1", error=kt.DecodeError)


@pytest.mark.parametrize("cut", range(1, len(LINE)))
def test_a_line_cut_off_anywhere_is_never_an_event(cut: int) -> None:
    """No prefix of an event is another event."""
    refused(lambda: jsonl.parse_line(LINE[:cut].decode()), error=kt.DecodeError)


def test_a_file_that_was_cut_off_says_so(tmp_path: Path) -> None:
    """The message of a torn last line asks whether the file is whole."""
    file = tmp_path / "torn.jsonl"
    file.write_bytes(LINE + b"\n" + LINE[:100])
    refused(lambda: list(jsonl.read(file)), "line 2", "cut off", error=kt.DecodeError)


@pytest.mark.parametrize(
    "whole",
    [LINE, LINE + b"\n", LINE + b"\r\n", b"\xef\xbb\xbf" + LINE + b"\n", b"\xef\xbb\xbf" + LINE + b"\r\n",
    b"\n\n  \t\n" + LINE + b"\n\n", b" \t" + LINE + b" \t\n"],
)  # fmt: skip
def test_editors_marks_and_blanks_are_passed_over(tmp_path: Path, whole: bytes) -> None:
    """A byte order mark in front, CRLF, blank lines and a missing last line feed are no faults."""
    file = tmp_path / "good.jsonl"
    file.write_bytes(whole)
    assert [event.id for event in jsonl.read(file)] == [GOOD.id]


@pytest.mark.parametrize("empty", [b"", b"\n", b"\r\n\r\n", b"\xef\xbb\xbf", b"\xef\xbb\xbf\n"])
def test_an_empty_file_holds_no_events(tmp_path: Path, empty: bytes) -> None:
    """It is no error."""
    (tmp_path / "empty.jsonl").write_bytes(empty)
    assert list(jsonl.read(tmp_path / "empty.jsonl")) == []


def test_brackets_inside_text_are_no_depth(tmp_path: Path) -> None:
    """A note full of brackets is a note."""
    event = kt.StatementMade(about="[{" * 4_000 + '\\"[', **common("2024-08-06"))
    assert jsonl.parse_line(event.canonical.decode()) == event


@given(st.binary(max_size=200))
def test_any_bytes_are_events_or_an_error_of_ours(data: bytes) -> None:
    """Whatever a file holds."""
    import io

    try:
        found = list(jsonl.read(io.BytesIO(data)))
    except kt.DecodeError as error:
        presentable(error)
    else:
        assert found == []


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(), max_size=10) | st.sampled_from(["km2",
    "2024-08-06", "ukraine", "5 km2"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["low", "best", "high", "unit", "base",
    "phrase", "publisher", "x"]), inner, max_size=6),
    max_leaves=8,
)  # fmt: skip


@given(
    field=st.sampled_from(sorted(set(GOOD.to_json()) | {"note", "grading", "restated_until", "including_contested"})),
    value=json_values,
)
def test_any_json_in_any_field_is_an_event_or_an_error_of_ours(field: str, value: Any) -> None:
    """And what is taken can be written down: its bytes and its id exist."""
    try:
        event = from_json({**GOOD.to_json(), field: value})
        event.id  # noqa: B018
    except kt.DecodeError as error:
        presentable(error)


# --- files and folders -------------------------------------------------------------------------


def _image(folder: Path) -> dict[str, bytes]:
    return {
        str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file() and not p.is_fifo()
    }


@pytest.mark.parametrize("bad", ["", ".", "folder", "fifo", "nowhere/log.db", "text.txt/log.db", "a\0b.db", "x" * 300,
"x" * 5_000, "\ud800.db", "text.txt", "other.db",
                                 "postgresql://host/db", "http://host/log.db", "file:///etc/passwd", "loop",
                                 "event.jsonl"], ids=label)  # fmt: skip
def test_what_is_no_log_is_refused_and_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bad: str) -> None:
    """Folders, pipes, other people's databases and texts stay byte for byte what they were, and nothing new appears."""
    import sqlite3

    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "text.txt").write_text("not a database, but long enough to be looked at closely\n" * 50)
    (tmp_path / "event.jsonl").write_bytes(LINE + b"\n")
    (tmp_path / "loop").symlink_to("loop")
    other = sqlite3.connect(tmp_path / "other.db")
    other.execute("CREATE TABLE events (seq INTEGER PRIMARY KEY, id TEXT, recorded_at TEXT, body TEXT)")
    other.commit()
    other.close()
    before, names = _image(tmp_path), sorted(os.listdir(tmp_path))
    refused(lambda: len(kt.Timeline.open(bad)))
    assert _image(tmp_path) == before
    assert sorted(os.listdir(tmp_path)) == names


@pytest.mark.parametrize("bad", [None, 5, True, [], {}, b"x.db", object()], ids=label)
def test_what_is_no_path_is_refused(bad: Any) -> None:
    """With an error of ours, in `Timeline.open` as in a read."""
    refused(lambda: kt.Timeline.open(bad))
    refused(lambda: list(jsonl.read(bad)))


@pytest.mark.parametrize(
    "name",
    [
        "file:log.db?mode=memory",
        "log.db?mode=ro",
        "log%2e.db",
        "l o g#1.db",
        ":memory: .db",
        "журнал.db",
        "-log.db",
        "'; DROP.db",
    ],
)
def test_a_path_is_only_a_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Nothing in a file's name is read as an option or an address."""
    monkeypatch.chdir(tmp_path)
    with kt.Timeline.open(name) as timeline:
        timeline.append(GOOD)
    assert os.listdir(tmp_path) == [name]
    with kt.Timeline.open(tmp_path / name) as timeline:
        assert GOOD in timeline.log


@pytest.mark.parametrize(
    "bad", ["", "folder", "nowhere.jsonl", "text.txt/x.jsonl", "a\0b", "x" * 300, "\ud800", "loop"], ids=label
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bad: str) -> None:
    """As an error of ours, before anything is appended."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "text.txt").write_text("x")
    (tmp_path / "loop").symlink_to("loop")
    timeline = kt.Timeline()
    refused(lambda: timeline.append(jsonl.read(bad)))
    assert len(timeline) == 0


@pytest.mark.parametrize(
    "bad",
    ["", "folder", "nowhere/x.jsonl", "text.txt/x.jsonl", "a\0b", "x" * 300, "\ud800", "link", "loop", "fifo"],
    ids=label,
)
def test_a_file_that_cannot_be_written_leaves_everything_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bad: str
) -> None:
    """No link is followed, no pipe or device replaced, and no half-written file stays behind."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "text.txt").write_text("x")
    (tmp_path / "link").symlink_to("text.txt")
    (tmp_path / "loop").symlink_to("loop")
    os.mkfifo(tmp_path / "fifo")
    before, names = _image(tmp_path), sorted(os.listdir(tmp_path))
    refused(lambda: jsonl.write([GOOD], bad))
    assert _image(tmp_path) == before
    assert sorted(os.listdir(tmp_path)) == names
    assert (tmp_path / "fifo").is_fifo()
    assert (tmp_path / "link").is_symlink()


def _read_and_refused(path: Path) -> None:
    if os.geteuid() == 0:
        os.setuid(65534)  # nothing is read-only for root
    with kt.Timeline.open(path) as timeline:
        assert len(timeline) == 1
        refused(lambda: timeline.append(held("2024-08-20", "1 km2")), error=kt.ReadOnlyError)
        assert len(timeline) == 1


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="permissions are those of POSIX")
def test_a_read_only_log_is_read_and_not_written() -> None:
    """Reading works; an append says why it cannot. In a process of its own, which may give up root's rights."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log.db"
        with kt.Timeline.open(path) as timeline:
            timeline.append(GOOD)
        path.chmod(0o444)
        Path(folder).chmod(0o555)
        process = multiprocessing.get_context("fork").Process(target=_read_and_refused, args=[path])
        process.start()
        process.join(60)
        Path(folder).chmod(0o755)
    assert process.exitcode == 0


# --- long and deep -----------------------------------------------------------------------------

LONG = {
    "digits": "9" * 100_000, "commas": "1," * 50_000, "about": "about " * 16_667, "open": "(" * 100_000,
    "close": ")" * 100_000, "X": "X-" * 50_000,
    "blanks": " " * 100_000, "blank digits": "1 " * 50_000, "dashes": "-" * 100_000, "slashes": "a/" * 50_000,
    "dots": "." * 100_000, "tildes": "~" * 100_000,
    "and": "one and " * 12_500, "hundreds": "hundred " * 12_500, "plus": "a+" * 50_000, "quotes": '"' * 100_000,
    "backslashes": "\\" * 100_000,
    "lines": "\n" * 100_000, "NUL": "\0" * 100_000, "bidi": "\u202e" * 33_000, "surrogates": "\ud800" * 33_000,
    "accents": "a" + "\u0301" * 50_000,
    "braces": "{" * 100_000, "brackets": "[" * 100_000, "colons": '{"a":' * 20_000, "equals": "=" * 100_000,
    "bracketed": "5 km2 (" * 14_000,
}  # fmt: skip


@pytest.mark.parametrize("case", LONG)
def test_100_kilobytes_come_to_an_end_in_every_parser(case: str) -> None:
    """Each door gives an error of ours; none looks at the text again and again."""
    text = LONG[case]
    timeline = kt.Timeline()
    for door in (
        lambda: kt.When.parse(text),
        lambda: kt.Quantity.parse(text),
        lambda: kt.Quantity.parse(text, "persons"),
        lambda: kt.Quantity(low=text, high=text, unit="km2"),
        lambda: kt.Quantity(low=1, high=1, unit=text),
        lambda: kt.Key.of(text),
        lambda: jsonl.parse_line(text),
        lambda: timeline.state_at(text),
        lambda: timeline.state_at("2024-08-06", according_to=text),
        lambda: timeline.state_at("2024-08-06", gaps=text),  # type: ignore[arg-type]
        lambda: held("2024-08-06", "5 km2", text),
        lambda: held("2024-08-06", text),
        lambda: held("2024-08-06", "5 km2", note=text),
        lambda: kt.SettlementTaken(settlement=text, region="kursk", by="ukraine", **common("2024-08-06")),
        lambda: kt.kursk(text),
        lambda: timeline.log[text],
    ):
        refused(door)


def test_objects_nested_beyond_pythons_limit_are_refused_like_others() -> None:
    """The message does not need to print them to say that they are wrong."""
    deep: list[Any] = []
    for _ in range(50_000):
        deep = [deep]
    try:
        refused(lambda: kt.When.of(deep))  # type: ignore[arg-type]
        refused(lambda: held("2024-08-06", deep))
        refused(lambda: held("2024-08-06", "5 km2", note=deep))
        refused(lambda: kt.Key.of(deep))  # type: ignore[arg-type]
        refused(lambda: from_json(deep))
    finally:
        while deep:  # freed from the outside in, without recursion
            deep = deep[0]


def test_a_log_with_a_long_history_of_bad_appends_is_still_whole(tmp_path: Path) -> None:
    """Another process sees exactly what was appended before all the refusals."""
    path = tmp_path / "log.db"
    with kt.Timeline.open(path) as timeline:
        timeline.append(GOOD)
        for case in ("NaN", "half", "duplicate key", "depth 17", "FF inside"):
            (tmp_path / "bad.jsonl").write_bytes(held("2024-08-20", "1 km2").canonical + b"\n" + NO_EVENTS[case])
            refused(lambda: timeline.append(jsonl.read(tmp_path / "bad.jsonl")), error=kt.DecodeError)
    ask = "import sys, kursk_timeline as kt; print([r.event.id for r in kt.Timeline.open(sys.argv[1]).log])"
    answer = subprocess.run(
        [sys.executable, "-c", ask, str(path)], capture_output=True, text=True, check=True, env=_environment()
    )
    assert answer.stdout.strip() == repr([GOOD.id])


def _environment() -> dict[str, str]:
    """This process's environment, with the package where this process found it."""
    package = str(Path(kt.__file__).parents[1])
    return {**os.environ, "PYTHONPATH": os.pathsep.join([package, os.environ.get("PYTHONPATH", "")]).strip(os.pathsep)}
