"""Windows of days: what each text means, what is refused, and the laws that hold for all of them."""

from __future__ import annotations

import calendar
import copy
import datetime as dt
import operator
import pickle
import re
import subprocess
import sys
import warnings
import weakref
from collections.abc import Callable
from itertools import pairwise, product
from pathlib import Path
from types import ModuleType

import pendulum
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from kursk_timeline.answer import Answer
from kursk_timeline.edtf import SEASONS, WIDENING
from kursk_timeline.errors import InputError, MaybeError, WhenError
from kursk_timeline.when import MAX_CHARACTERS, ZONE, When, day_of

PAGE = (Path(__file__).parent.parent / "docs" / "dates.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    """One section of the page about dates."""
    return PAGE.split(f"## {title}\n")[1].split("\n## ")[0]


def day(text: str) -> dt.date | None:
    return None if text == "open" else dt.date.fromisoformat(text)


def ends(text: str) -> tuple[dt.date | None, dt.date | None]:
    when = When.parse(text)
    return when.earliest, when.latest


# --- strategies --------------------------------------------------------------------------------

days = st.dates(dt.date(1900, 1, 1), dt.date(2100, 12, 31))
years = st.integers(1900, 2100).map(str)
months = st.builds("{}-{:02}".format, years, st.integers(1, 12))
seasons = st.builds("{}-{}".format, years, st.sampled_from(sorted(SEASONS)))
plain = {"day": days.map(str), "month": months, "season": seasons, "year": years}
dates = st.one_of(*plain.values())
unspecified = st.one_of(
    days.map(lambda d: f"{d}"[:-2] + "XX"),
    months.map(lambda m: m[:-2] + "XX"),
    years.map(lambda y: y[:-1] + "X"),
)
marked = st.builds(
    lambda text, mark, place: text + mark if place == "end" else mark + text,
    dates | unspecified,
    st.sampled_from(["", "~", "?", "%"]),
    st.sampled_from(["start", "end"]),
)


def _intervals(start: str, end: str, form: str) -> str:
    return form.format(start, end)


intervals = st.builds(
    _intervals,
    marked,
    marked,
    st.sampled_from(["{}/{}", "{}/..", "../{}", "{}/", "/{}", "[{}..{}]", "[{}..]", "[..{}]"]),
)
texts = marked | intervals


@st.composite
def windows(draw: st.DrawFn) -> When:
    """Windows of up to five days, or open, within some days that a test can go through one by one."""
    first = draw(st.integers(0, 12))
    last = first + draw(st.integers(0, 4))
    earliest, latest = (dt.date(2024, 8, 5) + dt.timedelta(n) for n in (first, last))
    choose = st.sampled_from
    return When(draw(choose([earliest, earliest, None])), draw(choose([latest, latest, None])))


def members(when: When) -> range:
    """The days of a window from `windows`; an open end goes beyond all that have one."""
    first = when.earliest or dt.date(2024, 7, 1)
    last = when.latest or dt.date(2024, 9, 30)
    return range(first.toordinal(), last.toordinal() + 1)


def covers(wide: When, narrow: When) -> bool:
    """No day of `narrow` is missing from `wide`."""
    starts = wide.earliest is None or (narrow.earliest is not None and wide.earliest <= narrow.earliest)
    stops = wide.latest is None or (narrow.latest is not None and narrow.latest <= wide.latest)
    return starts and stops


def margins(core: When, wide: When) -> tuple[int, int]:
    """By how many days `wide` begins earlier and ends later than `core`; both have their ends."""
    before = core.earliest - wide.earliest  # type: ignore[operator]
    after = wide.latest - core.latest  # type: ignore[operator]
    return before.days, after.days


def parsed(text: str) -> When:
    """The window of a drawn text; a drawn interval that is reversed is no example."""
    try:
        return When.parse(text)
    except WhenError as error:
        assume("ends before" not in str(error))
        raise


# --- the documented tables ---------------------------------------------------------------------


FORMS = re.findall(r"^\| `(.+?)` \| (\S+) \| (\S+) \|", section("Every form and its window"), re.MULTILINE)


def test_the_page_lists_forms() -> None:
    assert len(FORMS) > 40


@pytest.mark.parametrize(("text", "first", "last"), FORMS)
def test_documented_form(text: str, first: str, last: str) -> None:
    """Each row of the page's table is the window that the parser gives, and prints as written."""
    when = When.parse(text)
    assert (when.earliest, when.latest) == (day(first), day(last))
    assert str(when) == (first if "T" in text else text)
    assert repr(when) == f"When({str(when)!r})"


def test_documented_widening_is_the_table() -> None:
    rows = re.findall(r"^\| (\w+) \| (.+) \| (\d+) \|", section('What "about" adds'), re.MULTILINE)
    assert {unit: int(number) for unit, _, number in rows} == dict(WIDENING)
    for unit, cell, _ in rows:
        for text in re.findall("`(.+?)`", cell):
            core, wide = When.parse(text.rstrip("~")), When.parse(text)
            assert margins(core, wide) == (WIDENING[unit], WIDENING[unit])


REFUSED = [
    text for row in re.findall(r"^\| (`.+) \|$", section("What is refused"), re.MULTILINE)
    for text in re.findall("`(.+?)`", row.split(" | ")[0])
]  # fmt: skip


@pytest.mark.parametrize("text", REFUSED)
def test_documented_refusal(text: str) -> None:
    with pytest.raises(WhenError):
        When.parse(text)


# --- meaning -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "uncertain", "approximate"),
    [
        ("2024-08", False, False),
        ("2024-08?", True, False),
        ("2024-08~", False, True),
        ("2024-08%", True, True),
        ("2024-?08-06", True, False),
        ("2024~-08-06", False, True),
        ("2024-08-06/2024-08-09?", True, False),
        ("2024-08-06?/2024-08-09~", True, True),
        ("[2024-08-06..2024-08-09%]", True, True),
    ],
)
def test_flags_tell_of_a_mark_anywhere(text: str, uncertain: bool, approximate: bool) -> None:
    when = When.parse(text)
    assert (when.uncertain, when.approximate) == (uncertain, approximate)


@pytest.mark.parametrize("code", SEASONS)
def test_the_divisions_of_each_kind_are_whole_months(code: int) -> None:
    first, last = ends(f"2024-{code}")
    assert first is not None
    assert last is not None
    assert first.day == 1
    assert (last + dt.timedelta(1)).day == 1
    assert (last.year * 12 + last.month) - (first.year * 12 + first.month) + 1 in (3, 4, 6)


@pytest.mark.parametrize("codes", [range(33, 37), range(37, 40), range(40, 42)])
def test_parts_make_up_the_year(codes: range) -> None:
    parts = [ends(f"2024-{code}") for code in codes]
    assert (parts[0][0], parts[-1][1]) == ends("2024")
    for (_, last), (first, _) in pairwise(parts):
        assert first == last + dt.timedelta(1)  # type: ignore[operator]


def test_each_end_of_an_interval_is_widened_by_its_own_table_row() -> None:
    assert ends("2024-08-06~/2024-10~") == (dt.date(2024, 8, 3), dt.date(2024, 11, 10))


@pytest.mark.parametrize(
    ("text", "days", "middle"),
    [
        ("2024-08-06", 1, "2024-08-06"),
        ("2024-08-06/2024-08-07", 2, "2024-08-06"),
        ("2024-08-06/2024-08-08", 3, "2024-08-07"),
        ("2024-02", 29, "2024-02-15"),
        ("2024-08-06/..", None, "2024-08-06"),
        ("../2024-08-06", None, "2024-08-06"),
    ],
)
def test_days_and_middle(text: str, days: int | None, middle: str) -> None:
    when = When.parse(text)
    assert (when.days, when.middle) == (days, dt.date.fromisoformat(middle))


def test_a_window_without_ends_has_no_middle() -> None:
    assert When(None, None).middle is None
    assert When(None, None).days is None
    assert not When(None, None).is_day
    assert When.parse("../..") == When(None, None)


@pytest.mark.parametrize(
    ("earliest", "latest", "text"),
    [
        ("2024-08-06", "2024-08-06", "2024-08-06"),
        ("2024-08-01", "2024-08-31", "2024-08-01/2024-08-31"),
        ("2024-08-01", "open", "2024-08-01/.."),
        ("open", "2024-08-01", "../2024-08-01"),
        ("open", "open", "../.."),
        ("0001-01-01", "9999-12-31", "0001-01-01/9999-12-31"),
    ],
)
def test_a_window_made_from_days_writes_itself(earliest: str, latest: str, text: str) -> None:
    when = When(day(earliest), day(latest))
    assert str(when) == text
    assert When.parse(text) == when


def test_the_calendar_goes_to_its_edges() -> None:
    assert ends("0001") == (dt.date.min, dt.date(1, 12, 31))
    assert ends("9999-12") == (dt.date(9999, 12, 1), dt.date.max)
    assert ends("9999-41") == (dt.date(9999, 7, 1), dt.date.max)


class TestCapped:
    def test_cuts(self) -> None:
        assert str(When.parse("2024-08").capped(dt.date(2024, 8, 6))) == "2024-08-01/2024-08-06"
        assert str(When.parse("2024-08-06/..").capped(dt.date(2024, 8, 6))) == "2024-08-06"
        assert str(When.parse("../2024").capped(dt.date(2024, 8, 6))) == "../2024-08-06"

    def test_keeps_what_needs_no_cut(self) -> None:
        when = When.parse("2024-08~")
        assert when.capped(dt.date(2024, 12, 31)) is when

    def test_keeps_the_doubt_and_not_the_tilde(self) -> None:
        capped = When.parse("2024-08-06%").capped(dt.date(2024, 8, 7))
        assert str(capped) == "2024-08-03?/2024-08-07?"
        assert (capped.uncertain, capped.approximate) == (True, False)

    def test_refuses_to_leave_nothing(self) -> None:
        with pytest.raises(WhenError, match="wholly after 2024-07-31"):
            When.parse("2024-08").capped(dt.date(2024, 7, 31))

    @given(windows(), windows())
    def test_is_what_both_allow(self, one: When, other: When) -> None:
        assume(other.latest is not None and (one.earliest is None or one.earliest <= other.latest))
        assert other.latest is not None
        capped = one.capped(other.latest)
        assert list(members(capped)) == [n for n in members(one) if n <= other.latest.toordinal()]
        assert When.parse(str(capped)) == capped


# --- other kinds of dates ----------------------------------------------------------------------

UTC_EVENING = dt.datetime(2024, 8, 6, 22, 30, tzinfo=dt.timezone.utc)


@pytest.mark.parametrize(
    "value",
    [
        "2024-08-07",
        dt.date(2024, 8, 7),
        UTC_EVENING,
        dt.datetime.fromisoformat("2024-08-07T23:59:59"),
        pendulum.date(2024, 8, 7),
        pendulum.datetime(2024, 8, 6, 22, 30),
        pendulum.naive(2024, 8, 7, 23, 59),
        When(dt.date(2024, 8, 7), dt.date(2024, 8, 7)),
    ],
    ids=lambda value: type(value).__qualname__,
)
def test_any_kind_of_date(value: When | str | dt.date) -> None:
    when = When.of(value)
    assert str(when) == "2024-08-07"
    assert type(when.earliest) is type(when.latest) is dt.date
    assert day_of(value) == dt.date(2024, 8, 7)
    assert type(day_of(value)) is dt.date


@pytest.mark.parametrize(
    ("zone", "expected"), [(ZONE, "2024-08-07"), ("UTC", "2024-08-06"), ("America/New_York", "2024-08-06")]
)
def test_a_moment_is_a_day_of_the_zone(zone: str, expected: str) -> None:
    assert str(When.of(UTC_EVENING, zone)) == expected
    assert str(When.parse("2024-08-06T22:30:00Z", zone)) == expected
    assert str(When.parse("2024-08-06T22:30:00.125Z", zone)) == expected
    assert str(When.parse("2024-08-06T18:30:00-04", zone)) == expected
    assert str(day_of("2024-08-06T22:30:00Z", zone)) == expected


def test_an_hour_that_a_zone_skips_is_still_in_its_day() -> None:
    """Clocks in Kyiv went from 03:00 to 04:00: a naive 03:30 is on no clock, and on no other day."""
    assert str(When.parse("2024-03-31T03:30:00", "Europe/Kyiv")) == "2024-03-31"


def test_a_plain_date_asks_no_zone() -> None:
    assert str(When.of(dt.date(2024, 8, 6), "Pacific/Kiritimati")) == "2024-08-06"


@pytest.mark.parametrize("zone", ["Nowhere", "../etc/passwd", "Europe", "", "\0", "+03:00", None, 3])
def test_a_zone_that_is_none(zone: str) -> None:
    with pytest.raises(WhenError, match="no time zone"):
        When.of(UTC_EVENING, zone)


@pytest.mark.parametrize(
    "value", [None, True, False, 2024, 20240806, 1.5, b"2024", [], ("2024",), dt.time(1), object()]
)
def test_what_is_no_date(value: object) -> None:
    with pytest.raises(WhenError, match="expected a date"):
        When.of(value)  # type: ignore[arg-type]
    with pytest.raises(WhenError, match="expected a date"):
        day_of(value)


def test_a_number_is_told_how_years_are_written() -> None:
    with pytest.raises(WhenError, match="a year is a text, '2024'"):
        When.of(2024)  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [None, 2024, dt.date(2024, 8, 6)])
def test_parse_takes_text_alone(value: object) -> None:
    with pytest.raises(WhenError, match="expected a text"):
        When.parse(value)  # type: ignore[arg-type]


@pytest.mark.parametrize("value", ["2024-08-06", 5, UTC_EVENING])
def test_ends_are_plain_dates(value: object) -> None:
    with pytest.raises(WhenError, match=r"earliest=.* is no datetime\.date"):
        When(value, None)  # type: ignore[arg-type]
    with pytest.raises(WhenError, match=r"latest=.* is no datetime\.date"):
        When(None, value)  # type: ignore[arg-type]


def test_ends_in_order() -> None:
    with pytest.raises(WhenError, match="earliest=2024-08-07, latest=2024-08-06"):
        When(dt.date(2024, 8, 7), dt.date(2024, 8, 6))


def test_a_moment_beyond_the_calendar() -> None:
    for text in ("0001-01-01T00:00:00+14:00", "9999-12-31T23:00:00Z"):
        with pytest.raises(WhenError, match="no calendar day"):
            When.parse(text)


def test_not_a_time() -> None:
    pandas = pytest.importorskip("pandas")
    with pytest.raises(WhenError, match="no calendar day"):
        When.of(pandas.NaT)


@pytest.mark.parametrize(
    "text", ["2024-08", "2024", "2024-08-06~", "2024-08-06?", "2024-08-06/..", "../..", "2024-08-3X"]
)
def test_a_query_is_about_one_sure_day(text: str) -> None:
    for value in (text, When.parse(text)):
        with pytest.raises(WhenError, match="no single, sure day; one is needed, as in '2024-08-06'"):
            day_of(value)


# --- bad input ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("", "empty"),
        ("now", "a word is no date"),
        ("today", "a word is no date"),
        ("yesterday", "a word is no date"),
        ("August", "a word is no date"),
        ("2024-08-06/now", "a word is no date"),
        (" 2024", "without blanks"),
        ("2024-08-06\n", "without blanks"),
        ("2024 08", "without blanks"),
        ("August 2024", "without blanks"),
        ("2024\u00a0", "without blanks"),
        ("٢٠٢٤-٠٨-٠٦", "the digits 0 to 9"),
        ("２０２４", "the digits 0 to 9"),
        ("2024−08−06", "plain signs"),
        ("2024–2025", "plain signs"),
        ("2024\0", "the digits 0 to 9"),
        ("2024\ud800", "the digits 0 to 9"),
        ("20240806", "hyphens"),
        ("202408", "hyphens"),
        ("2024_08", "write a date such as"),
        ("1_00", "write a date such as"),
        ("2024-W01-1", "weeks"),
        ("2024W011", "weeks"),
        ("2024-219", "days of the year"),
        ("06.08.2024", "which is the day"),
        ("06-08-2024", "which is the day"),
        ("24-08-06", "which is the day"),
        ("06/08/2024", "2024-08-06"),
        ("2024/08/06", "2024-08-06"),
        ("2024.08.06", "two digits each"),
        ("2024-8-6", "two digits each"),
        ("2024-8", "two digits each"),
        ("2024-08-xx", "capital X"),
        ("Y170000002", "0001 to 9999"),
        ("Y-17E7", "0001 to 9999"),
        ("-0044", "0001 to 9999"),
        ("10000", "0001 to 9999"),
        ("0000", "0001 to 9999"),
        ("0000-12-31", "0001 to 9999"),
        ("000X", "0001 to 9999"),
        ("XXXX", "0001 to 9999"),
        ("0001~", "0001-01-01 to 9999-12-31"),
        ("9999~", "0001-01-01 to 9999-12-31"),
        ("9999-24", "0001-01-01 to 9999-12-31"),
        ("2024-00", "no month"),
        ("2024-13", "no month"),
        ("2024-20", "no season"),
        ("2024-42", "no season"),
        ("2024-2X", "no season"),
        ("2024-08-00", "no day"),
        ("2024-08-32", "no day"),
        ("2023-02-29", "which has 28"),
        ("1900-02-29", "which has 28"),
        ("2024-02-3X", "which has 29"),
        ("2024-23-05", "no days of its own"),
        ("2024-23-XX", "no days of its own"),
        ("2024-XX-06", "gaps"),
        ("2024-1X-06", "gaps"),
        ("2024-X1", "gaps"),
        ("2024-08-X5", "gaps"),
        ("156X-12-25", "gaps"),
        ("156X-12", "gaps"),
        ("156X-23", "gaps"),
        ("156X-XX-25", "gaps"),
        ("2X24", "gaps"),
        ("1950S0", "1 to 4"),
        ("1950S5", "1 to 4"),
        ("0950S2", "1 to 4"),
        ("195XS2", "1 to 4"),
        ("1950S2-08", "1 to 4"),
        ("{2024,2025}", "a set"),
        ("{2024..2025}", "a set"),
        ("[2024,2025]", "a set"),
        ("[2024..2025,2026]", "a set"),
        ("[2024]", "a set"),
        ("[..]", "a set"),
        ("[", "a set"),
        ("2024-10/2024-08", "earlier date first"),
        ("[2024-10..2024-08]", "earlier date first"),
        ("2024-08-08/2024-08-06~", "earlier date first"),
        ("/", "a date at one end"),
        ("../", "a date at one end"),
        ("/..", "a date at one end"),
        ("..", "write a date such as"),
        ("2024~~", "write a date such as"),
        ("(2024)", "write a date such as"),
        ("2024-08-06T24:00:00", "of the next day"),
        ("2024-12-31T23:59:60Z", ":60 is :59"),
        ("2024-08-06T10:60:00", "23:59:59"),
        ("2024-08-06T10:00:00+25:00", "-12:00 to"),
        ("2024-08-06T10:00:00+03:75", "-12:00 to"),
        ("2024-08-06T10:00:00-13:00", "-12:00 to"),
        ("2024-08-06T10:00:00-00:00", "zero is written Z"),
        ("2024-02-30T10:00:00Z", "no day"),
        ("2024-08-06T10:00", "2024-08-06T10:00:00"),
        ("2024-08-06T", "2024-08-06T10:00:00"),
        ("2024-08-06T10:00:00~", "without qualifiers"),
        ("2024-08-06T10:00:00Z/2024-08-07", "in no interval"),
    ],
)
def test_refused_and_why(text: str, advice: str) -> None:
    with pytest.raises(WhenError, match=re.escape(advice)):
        When.parse(text)
    with pytest.raises(InputError):
        day_of(text)


@pytest.mark.parametrize("text", ["\x1b[31m2024", "2024\u202e80", "2024\u200b", "2024\r"])
def test_a_message_repeats_no_control_character(text: str) -> None:
    with pytest.raises(WhenError) as caught:
        When.parse(text)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    "piece",
    ["1,", "~", "(", "9", "X-", "X", " ", "2024-08/", "[", "..", "T", "x", "2024-08-06T", "-", "é", "."],
)
def test_long_input_ends_at_once(piece: str) -> None:
    """A long text is refused unread, and one of the greatest length costs no more than it is long."""
    with pytest.raises(WhenError, match="100,000 characters"):
        When.parse((piece * 100_000)[:100_000])
    for text in (
        piece * MAX_CHARACTERS,
        "2024-08-06T10:00:00." + piece * MAX_CHARACTERS,
        "[" + piece * MAX_CHARACTERS,
    ):
        with pytest.raises(WhenError):
            When.parse(text[:MAX_CHARACTERS])


@given(st.text(max_size=30) | st.text("0123456789X-~?%/.[]{},TZ:+SYW", max_size=25))
@example("2024-08-06T99:99:99Z")
@example("0X00")
def test_any_text_is_a_window_or_a_clear_error(text: str) -> None:
    try:
        when = When.parse(text)
    except WhenError as error:
        message = str(error)
    else:
        assert When.parse(str(when)) == when
        return
    assert message.isprintable()


# --- laws --------------------------------------------------------------------------------------


@given(texts)
def test_prints_back_what_was_parsed(text: str) -> None:
    when = parsed(text)
    assert str(when) == when.text == text
    assert When.parse(str(when)) == When.of(text) == When.of(when) == when


@given(texts)
def test_starts_no_later_than_it_ends(text: str) -> None:
    when = parsed(text)
    if when.earliest is not None and when.latest is not None:
        assert when.middle is not None
        assert when.earliest <= when.middle <= when.latest
        assert when.days == (when.latest - when.earliest).days + 1
        assert when.is_day == (when.days == 1)


@given(texts)
def test_survives_pickle_and_copy(text: str) -> None:
    when = parsed(text)
    for again in (pickle.loads(pickle.dumps(when)), copy.copy(when), copy.deepcopy(when)):
        assert (again, hash(again), str(again)) == (when, hash(when), text)


@given(days, days)
def test_equal_windows_are_one(one: dt.date, other: dt.date) -> None:
    one, other = sorted((one, other))
    written = {When.parse(f"{one}/{other}"), When.parse(f"[{one}..{other}]")}
    assert written == {When(one, other)}


@given(st.data(), st.sampled_from(sorted(plain)), st.sampled_from("~%"))
def test_about_widens_by_the_table(data: st.DataObject, unit: str, mark: str) -> None:
    text = data.draw(plain[unit])
    core = When.parse(text)
    for wide in (text + mark, mark + text, text[:4] + mark + text[4:]):
        assert margins(core, When.parse(wide)) == (WIDENING[unit], WIDENING[unit])
    assert margins(core, When.parse(text + "?")) == (0, 0)


@given(dates | unspecified, dates | unspecified, st.booleans(), st.booleans())
def test_about_never_narrows(start: str, end: str, first: bool, last: bool) -> None:
    narrow = parsed(f"{start}/{end}")
    assert covers(When.parse(f"{start}{'~' * first}/{end}{'~' * last}"), narrow)


@given(st.one_of(dates), st.data(), st.sampled_from(["", "~", "?"]))
def test_an_unspecified_digit_never_narrows(text: str, data: st.DataObject, mark: str) -> None:
    hidden = data.draw(st.sets(st.sampled_from([n for n, sign in enumerate(text) if sign != "-"])))
    masked = "".join("X" if n in hidden else sign for n, sign in enumerate(text))
    assume(not re.fullmatch(r"\d{4}-[2-4]\d", text))  # a season's code has no unspecified digits
    try:
        wide = When.parse(masked + mark)
    except WhenError as error:
        message = str(error)
    else:
        assert covers(wide, When.parse(text + mark))
        return
    assert "gaps" in message or "the year 0000" in message


def fitting(text: str) -> list[int]:
    """Every day, by its number, that fits a text whose digits may be ``X``; one by one."""
    year, month, day = [*text.split("-"), "XX", "XX"][:3]

    def fits(pattern: str, number: int) -> bool:
        return re.fullmatch(pattern.replace("X", "."), f"{number:0{len(pattern)}}") is not None

    return [
        dt.date(y, m, d).toordinal()
        for y in range(1990, 2110)
        if fits(year, y)
        for m in range(1, 13)
        if fits(month, m)
        for d in range(1, calendar.monthrange(y, m)[1] + 1)
        if fits(day, d)
    ]


def test_unspecified_digits_agree_with_every_single_day() -> None:
    """The window of a text is its fitting days where they form one run; else it is refused."""
    pairs = ["".join(pair) for pair in product("0123X", "012589X")]
    checked = 0
    for year in ("2024", "2023", "202X", "20X4"):
        for text in [
            year,
            *(f"{year}-{m}" for m in pairs),
            *(f"{year}-{m}-{d}" for m in ("02", "08", "1X", "XX", "X0") for d in pairs),
        ]:
            if text[5:7].isdigit() and int(text[5:7]) in SEASONS:
                continue
            fit = fitting(text)
            checked += 1
            if fit and fit[-1] - fit[0] + 1 == len(fit):
                assert ends(text) == (dt.date.fromordinal(fit[0]), dt.date.fromordinal(fit[-1])), text
            else:
                with pytest.raises(WhenError):
                    When.parse(text)
    assert checked > 500


@given(marked, marked)
def test_an_interval_is_the_hull_of_its_ends(start: str, end: str) -> None:
    when = parsed(f"{start}/{end}")
    assert (when.earliest, when.latest) == (When.parse(start).earliest, When.parse(end).latest)
    assert When.parse(f"[{start}..{end}]") == when
    assert ends(f"{start}/..") == ends(f"{start}/") == ends(f"[{start}..]") == (when.earliest, None)
    assert ends(f"../{end}") == ends(f"/{end}") == ends(f"[..{end}]") == (None, when.latest)


# --- order -------------------------------------------------------------------------------------

OPERATORS = [operator.lt, operator.le, operator.gt, operator.ge]


@given(windows(), windows(), st.sampled_from(OPERATORS))
def test_order_agrees_with_every_choice(one: When, other: When, compare: Callable[..., object]) -> None:
    seen = {compare(a, b) for a in members(one) for b in members(other)}
    expected = Answer.MAYBE if len(seen) == 2 else Answer.YES if seen == {True} else Answer.NO
    assert compare(one, other) is expected


@given(windows(), windows())
def test_order_is_antisymmetric(one: When, other: When) -> None:
    opposite = {Answer.YES: Answer.NO, Answer.MAYBE: Answer.MAYBE, Answer.NO: Answer.YES}
    assert (one < other) is opposite[one >= other]
    assert (one <= other) is opposite[one > other]
    assert not ((one < other) is Answer.YES and (other < one) is not Answer.NO)
    assert one.before(other) is (one < other)


@given(windows(), st.integers(-3, 22))
def test_on_agrees_with_every_day(when: When, offset: int) -> None:
    asked = dt.date(2024, 8, 5) + dt.timedelta(offset)
    seen = {number == asked.toordinal() for number in members(when)}
    expected = Answer.MAYBE if len(seen) == 2 else Answer.YES if seen == {True} else Answer.NO
    assert when.on(asked) is when.on(str(asked)) is expected


def test_questions_take_any_kind_of_date() -> None:
    when = When.parse("2024-08-06")
    assert when.on(UTC_EVENING, "UTC") is Answer.YES
    assert when.on(UTC_EVENING) is Answer.NO
    assert when.before(UTC_EVENING) is Answer.YES
    assert when.before("2024-08") is Answer.MAYBE
    with pytest.raises(WhenError, match="no single, sure day"):
        when.on("2024-08")


@given(st.lists(days, unique=True, max_size=8), st.randoms())
def test_windows_that_share_no_day_sort(bounds: list[dt.date], random: object) -> None:
    bounds.sort()
    expected = [When(a, b) for a, b in zip(bounds[::2], bounds[1::2], strict=False)]
    shuffled = list(expected)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert sorted(shuffled) == expected


def test_windows_that_overlap_do_not_sort() -> None:
    with pytest.raises(MaybeError):
        sorted([When.parse("2024-08"), When.parse("2024-08-06")])


@pytest.mark.parametrize("compare", OPERATORS)
@pytest.mark.parametrize("other", ["2024", dt.date(2024, 8, 6), 5, None])
def test_order_is_among_windows(compare: Callable[..., object], other: object) -> None:
    with pytest.raises(TypeError, match="not supported between"):
        compare(When.parse("2024"), other)


def test_equality_is_of_windows() -> None:
    assert When.parse("2024-08") == When.parse("2024-08-XX")
    assert When.parse("2024-08") != When.parse("2024-08?")
    assert When.parse("2024-08-06") not in ["2024-08-06", dt.date(2024, 8, 6)]
    assert When.parse("2024-08-06~") != When.parse("2024-08-03/2024-08-09")


# --- answers -----------------------------------------------------------------------------------


def test_answers() -> None:
    assert [answer.value for answer in Answer] == ["no", "maybe", "yes"]
    assert bool(Answer.YES) is True
    assert bool(Answer.NO) is False
    with pytest.raises(MaybeError, match=r"is Answer\.YES.*is not Answer\.NO"):
        bool(Answer.MAYBE)
    with pytest.raises(TypeError):
        bool(Answer.MAYBE)


# --- the object --------------------------------------------------------------------------------


def test_frozen_and_small() -> None:
    when = When.parse("2024")
    with pytest.raises(AttributeError):
        when.latest = None  # type: ignore[misc]
    with pytest.raises(TypeError):
        weakref.ref(when)
    assert not hasattr(when, "__dict__")


def test_tables_cannot_be_changed() -> None:
    for table in (WIDENING, SEASONS):
        with pytest.raises(TypeError):
            table["day"] = 0  # type: ignore[index]


def test_importing_it_loads_no_time_zones() -> None:
    """Asked in a fresh process, of the module's own file, without the package around it."""
    code = (
        "import sys, types; p = types.ModuleType('kursk_timeline'); p.__path__ = [sys.argv[1]]\n"
        "sys.modules['kursk_timeline'] = p; import kursk_timeline.when\n"
        "print([m for m in ('zoneinfo', 'pendulum', 'calendar', 'numpy') if m in sys.modules])"
    )
    package = Path(sys.modules["kursk_timeline.when"].__file__ or "").parent
    command = [sys.executable, "-c", code, str(package)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


# --- against another implementation ------------------------------------------------------------


@pytest.fixture(scope="module")
def edtf() -> ModuleType:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        oracle: ModuleType = pytest.importorskip("edtf", reason="the EDTF oracle is not installed")
    return oracle


# Where `edtf` is right. It widens ``~`` by other numbers, ends winters in December, fails on ``X`` beside
# a digit of a month or day, takes only plain dates in intervals, and accepts reversed ones.
level_0 = days.map(str) | months | years
shared = st.one_of(
    level_0,
    level_0.map("{}?".format),
    unspecified,
    seasons.filter(lambda text: text[5:] not in ("24", "28", "30")),
    st.builds("{}/{}".format, level_0, level_0),
)


@pytest.mark.filterwarnings("ignore")
@settings(max_examples=60, deadline=None)  # it takes milliseconds a text
@given(shared)
def test_agrees_with_edtf(edtf: ModuleType, text: str) -> None:
    when = parsed(text)
    theirs = edtf.parse_edtf(text)
    assert tuple(theirs.lower_strict())[:3] == when.earliest.timetuple()[:3]  # type: ignore[union-attr]
    assert tuple(theirs.upper_strict())[:3] == when.latest.timetuple()[:3]  # type: ignore[union-attr]
