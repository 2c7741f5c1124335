"""
Reading the Extended Date/Time Format (EDTF, ISO 8601-2): from a text to a first and a last day.

1. Each date has a first and a last day: those of its year, month, season or day. A digit written
   ``X`` may be any digit; the days that fit must form one run.
2. ``~`` and ``%`` (approximate), at the end or on any part, move both days outward by what `WIDENING`
   gives for the finest part of the date that is told. ``?`` (uncertain) moves nothing.
3. An interval ``a/b`` or a run ``[a..b]`` goes from the first day of ``a`` to the last day of ``b``.
   ``..`` or nothing at one end leaves the window open on that side.

Specification: https://www.loc.gov/standards/datetime/, levels 0 and 1, and what of level 2 is one
window. Every form is listed in ``docs/dates.md``.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from types import MappingProxyType

from kursk_timeline.errors import WhenError, shown

WIDENING: Mapping[str, int] = MappingProxyType({"day": 3, "month": 10, "season": 30, "year": 30, "years": 30})
"""
Days that ``~`` adds on each side, by the finest part that is told. ``2024-08-1X`` tells the day,
``2024-08-XX`` the month; "season" is any of `SEASONS`; "years" is ``202X`` or ``1950S2``.
"""

_NORTH = ((3, 5), (6, 8), (9, 11), (12, 14))
_SOUTH = ((9, 11), (12, 14), (3, 5), (6, 8))
_QUARTERS = ((1, 3), (4, 6), (7, 9), (10, 12))
_THIRDS = ((1, 4), (5, 8), (9, 12))
_HALVES = ((1, 6), (7, 12))
SEASONS: Mapping[int, tuple[int, int]] = MappingProxyType(
    dict(enumerate((*_NORTH, *_NORTH, *_SOUTH, *_QUARTERS, *_THIRDS, *_HALVES), start=21))
)
"""
EDTF's divisions of a year: first and last month by code. Months 13 and 14 are January and February of
the next year: winter belongs to the year of its December.
"""

_LAST = dt.date.max.toordinal()


def error(text: str, problem: str) -> WhenError:
    """What is wrong with a text, and what to write instead."""
    return WhenError(f"{shown(text)} is no window of days: {problem}")


_DATE = re.compile(
    r"[~?%]?([0-9X]{4})(?:S([0-9]))?[~?%]?(?:-[~?%]?([0-9X]{2})[~?%]?(?:-[~?%]?([0-9X]{2})[~?%]?)?)?",
    re.ASCII,
)
_MOMENT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.[0-9]{1,9})?"
    r"(?:Z|([+-])([0-9]{2})(?::([0-9]{2}))?)?",
    re.ASCII,
)


def window(text: str) -> tuple[dt.date | None, dt.date | None]:
    """
    First and last day of a text that is no moment; None where it is open on that side.

    Raises:
        WhenError: it is no EDTF, or no single window; says what to write instead.
    """
    if text[:1] in ("[", "{") or "/" in text:
        start, end = (None if part in ("", "..") else _date(part) for part in _parts(text))
    else:
        start = end = _date(text)
    if start and end and start[0] > end[1]:
        raise error(text, "it ends before it starts; write the earlier date first")
    earliest = None if start is None else _day(text, start[0] - start[2])
    latest = None if end is None else _day(text, end[1] + end[2])
    return earliest, latest


def _parts(text: str) -> tuple[str, str]:
    """The two ends of an interval or a run."""
    if text[0] in "[{":
        ends = text[1:-1].split("..") if "," not in text else []
        if text[0] == "{" or text[-1] != "]" or len(ends) != 2 or ends == ["", ""]:
            raise error(text, "a set of dates is no window; write a run, as in '[2024-08-06..2024-08-09]'")
    else:
        ends = text.split("/")
        if len(ends) != 2:
            raise error(text, "an interval has two dates, 'start/end'; a date is written 2024-08-06")
        if not {*ends} - {"", ".."} and text != "../..":
            raise error(text, "an interval needs a date at one end; for no limits at all write '../..'")
    return ends[0], ends[1]


def _day(text: str, ordinal: int) -> dt.date:
    if not 1 <= ordinal <= _LAST:
        raise error(text, "it leaves the calendar from 0001-01-01 to 9999-12-31")
    return dt.date.fromordinal(ordinal)


def _date(text: str) -> tuple[int, int, int]:
    """First and last day of one date, as day numbers, and by how many days it is to be widened."""
    found = _DATE.fullmatch(text)
    if found is None:
        raise error(text, next(hint for sign, hint in _HINTS if sign.fullmatch(text)))
    year, significant, month, day = found.groups()
    if significant is not None:
        if month is not None or "X" in year or year[0] == "0" or not 1 <= int(significant) <= 4:
            raise error(text, "S is for a plain year and counts 1 to 4 of its digits, as in '1950S2'")
        year = year[: int(significant)].ljust(4, "X")
    if "X" in (known := year.rstrip("X")):
        raise _scattered(text)
    first_year, last_year = int(known.ljust(4, "0")), int(known.ljust(4, "9"))
    if first_year == 0:
        raise error(text, "it takes in the year 0000; years are 0001 to 9999")
    unit, first_month, last_month = "year" if len(known) == 4 else "years", 1, 12
    if month is not None and month != "XX":
        unit, (first_month, last_month) = _months(text, month)
    if unit == "season" and day is not None:
        raise error(text, f"{month} is a season or part of a year, which has no days of its own")
    if day == "XX":
        day = None
    if (first_year < last_year and (day or unit != "years")) or (first_month < last_month and day):
        raise _scattered(text)
    first, last = _starts(first_year, first_month), _starts(last_year, last_month + 1) - 1
    if day is not None:
        length = last - first + 1
        from_day, to_day = _run(text, day, length, f"no day of that month, which has {length}")
        unit, first, last = "day", first + from_day - 1, first + to_day - 1
    return first, last, WIDENING[unit] if "~" in text or "%" in text else 0


def _months(text: str, digits: str) -> tuple[str, tuple[int, int]]:
    if "X" not in digits and int(digits) in SEASONS:
        return "season", SEASONS[int(digits)]
    return "month", _run(text, digits, 12, "no month (01 to 12) and no season (21 to 41)")


def _run(text: str, digits: str, most: int, otherwise: str) -> tuple[int, int]:
    """The first and last of the numbers from 1 to `most` that fit two digits, of which some may be ``X``."""
    if "X" in digits:
        sign = re.compile(digits.replace("X", "."))
        fits = [n for n in range(1, most + 1) if sign.fullmatch(f"{n:02}")]
    else:
        fits = [int(digits)] if 1 <= int(digits) <= most else []
    if not fits:
        raise error(text, f"{digits} is {otherwise}")
    if fits[-1] - fits[0] + 1 != len(fits):
        raise _scattered(text)
    return fits[0], fits[-1]


def _scattered(text: str) -> WhenError:
    return error(text, "the days that fit have gaps between them; write an interval around them")


def _starts(year: int, month: int) -> int:
    """The number of a month's first day. Month 13 is the next January; the year 10000 counts on."""
    year, month = year + (month - 1) // 12, (month - 1) % 12 + 1
    if year > dt.MAXYEAR:
        return dt.date(year - 400, month, 1).toordinal() + 146_097  # the calendar repeats after 400 years
    return dt.date(year, month, 1).toordinal()


def moment(text: str) -> dt.datetime | None:
    """
    A moment such as ``2024-08-06T22:30:00Z``, aware if it has an offset; None if the text is of another form.

    Raises:
        WhenError: there is no such moment.
    """
    found = _MOMENT.fullmatch(text)
    if found is None:
        return None
    day = dt.date.fromordinal(_date(found[1])[0])
    hour, minute, second = int(found[2]), int(found[3]), int(found[4])
    if hour > 23 or minute > 59 or second > 59:
        raise error(text, "a time is at most 23:59:59; 24:00:00 is 00:00:00 of the next day, and :60 is :59")
    zone = dt.timezone.utc if text.endswith("Z") else None
    if found[5]:
        hours, minutes = int(found[6]), int(found[7] or 0)
        offset = (hours * 60 + minutes) * (-1 if found[5] == "-" else 1)
        if minutes > 59 or not -12 * 60 <= offset <= 14 * 60 or (found[5] == "-" and offset == 0):
            raise error(text, "offsets go from -12:00 to +14:00; zero is written Z or +00:00")
        zone = dt.timezone(dt.timedelta(minutes=offset))
    return dt.datetime.combine(day, dt.time(hour, minute, second), zone)


# What a text that is no EDTF was meant to be, and what to write instead. The first that fits is said.
_HINTS = tuple(
    (re.compile(sign, re.ASCII | re.DOTALL), hint)
    for sign, hint in (
        (r"", "it is empty; write a date such as '2024-08-06'"),
        (r".*[^!-~].*", "write only the digits 0 to 9 and plain signs, without blanks, as in '2024-08-06'"),
        (r"[0-9]{6}|[0-9]{8}", "write it with hyphens, as in '2024-08-06' or '2024-08'"),
        (r"[~?%]?[0-9]{4}-?W.*", "weeks are not read; write their days, as in '2024-08-05/2024-08-11'"),
        (r"[0-9]{4}-[0-9]{3}", "days of the year are not read; write month and day, as in '2024-08-06'"),
        (r"[~?%]?Y.*|-[0-9].*|[0-9]{5}.*", "years are 0001 to 9999, in four digits"),
        (
            r"[0-9-]+T.*",
            "a moment is written 2024-08-06T10:00:00, with Z, an offset such as +03:00 or nothing after it; "
            "it stands alone, without qualifiers and in no interval",
        ),
        (r"[0-9]{1,2}[.-][0-9]{1,2}[.-][0-9]{2,4}", "which is the day and which the month? write 2024-08-06"),
        (r"[0-9]{4}[-.][0-9]{1,2}([-.][0-9]{1,2})?", "write two digits each, with hyphens: 2024-08-06"),
        (r"[~?%0-9xX-]*x[~?%0-9xX-]*", "an unspecified digit is a capital X, as in '2024-08-XX'"),
        (r"[A-Za-z]+", "a word is no date; write the day itself, as in '2024-08-06'"),
        (r".*", "write a date such as '2024-08-06', '2024-08', '2024-08~' or '2024-08-06/2024-08-13'"),
    )
)
