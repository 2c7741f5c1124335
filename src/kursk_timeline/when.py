"""
When: a window of days, read from the Extended Date/Time Format (EDTF, ISO 8601-2).

A source that says "in August" names no day. It says that the day lies between two days, and that
much is kept: every text becomes one unbroken window of calendar days, both ends included. A text that
stands for days with gaps between them ("the 6th of some month") is no window and is refused. Nothing
is filled in: ``2024`` is a year-wide window, never 1 January, and ``now`` is an error.

How a text becomes a window is said in `edtf`. ``~`` (approximate) widens the window; ``?`` (uncertain)
doubts the statement and widens nothing; both are kept and shown. A moment (``2024-08-06T22:30:00Z``)
is the calendar day on which it falls in a declared zone.

Two windows leave most questions open, so comparisons give an `Answer`: yes or no only where every
choice of a day in each window agrees. ``==`` compares the windows themselves, not the days meant.
"""

from __future__ import annotations

import datetime as dt
import math
from functools import lru_cache

import attrs

from kursk_timeline import edtf
from kursk_timeline.answer import Answer
from kursk_timeline.errors import WhenError, shown
from kursk_timeline.rich import Rich

ZONE = "Europe/Moscow"
"""The zone whose calendar days are meant where none is named: that of the Kursk region."""

MAX_CHARACTERS = 1_000
"""Longest text that is read as a date."""


# --- the value ---------------------------------------------------------------------------------


@attrs.frozen(init=False, repr=False, order=False, weakref_slot=False)
class When(Rich):
    """
    One day or a span of days, known to lie within a window; or any such window.

    Args:
        earliest: First day, inclusive; None for a window that is open on that side.
        latest: Last day, inclusive; None likewise.

    Texts are read by `parse`, any kind of date by `of`. Two windows are equal when their days and
    both flags are, whatever their text.

    Raises:
        WhenError: an end is no plain date, or the last day is before the first.

    >>> import datetime as dt
    >>> When(dt.date(2024, 8, 1), dt.date(2024, 8, 31)) == When.parse("2024-08")
    True
    """

    earliest: dt.date | None
    """First day, inclusive; None where the window is open."""
    latest: dt.date | None
    """Last day, inclusive; None where the window is open."""
    uncertain: bool
    """A ``?`` or ``%`` stands somewhere: the statement itself is in doubt."""
    approximate: bool
    """A ``~`` or ``%`` stands somewhere; the days are already widened for it."""
    text: str = attrs.field(eq=False)
    """The window as it was written."""

    def __init__(self, earliest: dt.date | None, latest: dt.date | None) -> None:
        first, last = _end("earliest", earliest), _end("latest", latest)
        if first is not None and last is not None and last < first:
            raise WhenError(f"a window ends before it starts: earliest={first}, latest={last}")
        self.__attrs_init__(first, last, False, False, _written(first, last))

    @classmethod
    def parse(cls, text: str, zone: str = ZONE) -> When:
        """
        The window that an EDTF text says. ``str`` gives the text back, a moment's as its day.

        Args:
            text: As in ``2024-08-06``, ``2024-08~``, ``2024-10-08/..``; at most 1,000 characters.
            zone: IANA name of the zone whose calendar day a moment becomes; nothing else needs it.

        Raises:
            WhenError: it is no EDTF, or no single window; says what to write instead.

        Cost: linear in the text; texts read before are remembered.

        >>> When.parse("2024-08-06~").earliest.isoformat()
        '2024-08-03'
        >>> When.parse("2024-08-06T22:30:00Z")
        When('2024-08-07')
        """
        if not isinstance(text, str):
            raise WhenError(f"expected a text such as '2024-08-06', not {shown(text)}")
        if len(text) > MAX_CHARACTERS:
            raise edtf.error(text, f"it has {len(text):,} characters; a date has at most {MAX_CHARACTERS:,}")
        return _read(str.__str__(text), zone)

    @classmethod
    def of(cls, value: When | str | dt.date, zone: str = ZONE) -> When:
        """
        The window of any kind of date: a `When`, an EDTF text, a date or a datetime (pendulum's too).

        An aware datetime becomes the calendar day on which it falls in `zone`; a naive one is read in it.

        Raises:
            WhenError: it is something else (numbers are not taken for years), or a text that `parse` refuses.

        >>> import datetime as dt
        >>> When.of(dt.datetime(2024, 8, 6, 22, 30, tzinfo=dt.timezone.utc))
        When('2024-08-07')
        """
        return _of(value, zone)

    # --- what it holds -------------------------------------------------------------------------

    @property
    def is_day(self) -> bool:
        """It is exactly one day wide."""
        return self.earliest is not None and self.earliest == self.latest

    @property
    def days(self) -> int | None:
        """How many days it is wide; None where an end is open."""
        if self.earliest is None or self.latest is None:
            return None
        return self.latest.toordinal() - self.earliest.toordinal() + 1

    @property
    def middle(self) -> dt.date | None:
        """The middle day, of two the earlier; the one end where the other is open; None where both are."""
        if self.earliest is None or self.latest is None:
            return self.latest if self.earliest is None else self.earliest
        return dt.date.fromordinal((self.earliest.toordinal() + self.latest.toordinal()) // 2)

    def capped(self, latest: dt.date) -> When:
        """
        The window without the days after `latest`.

        Where that cuts nothing, it is the window itself. Else it has a text of its own, which keeps
        ``?``; it is not `approximate`, for its days are what ``~`` has already made of them.

        Raises:
            WhenError: no day would be left.

        >>> When.parse("2024-08-06~").capped(dt.date(2024, 8, 8))
        When('2024-08-03/2024-08-08')
        """
        last = _end("latest", latest)
        if last is None or (self.latest is not None and self.latest <= last):
            return self
        if self.earliest is not None and self.earliest > last:
            raise WhenError(f"{self} lies wholly after {last}: no day of it is left")
        capped: When = When.__new__(When)
        mark = "?" if self.uncertain else ""
        capped.__attrs_init__(self.earliest, last, self.uncertain, False, _written(self.earliest, last, mark))
        return capped

    # --- questions -----------------------------------------------------------------------------

    def on(self, day: When | str | dt.date, zone: str = ZONE) -> Answer:
        """
        Whether it is that day. `day` is taken as by `day_of`.

        >>> When.parse("2024-08").on("2024-08-06"), When.parse("2024-08").on("2024-09-01")
        (<Answer.MAYBE: 'maybe'>, <Answer.NO: 'no'>)
        """
        first, last = self._ends
        number = day_of(day, zone).toordinal()
        if not first <= number <= last:
            return Answer.NO
        return Answer.YES if first == last else Answer.MAYBE

    def before(self, other: When | str | dt.date, zone: str = ZONE) -> Answer:
        """
        Whether it is earlier than `other`, by at least a day: ``<`` for any kind of date.

        >>> When.parse("2024-08").before("2024-09-01"), When.parse("2024-08").before("2024-08-06")
        (<Answer.YES: 'yes'>, <Answer.MAYBE: 'maybe'>)
        """
        return self < When.of(other, zone)

    @property
    def _ends(self) -> tuple[float, float]:
        return (
            -math.inf if self.earliest is None else self.earliest.toordinal(),
            math.inf if self.latest is None else self.latest.toordinal(),
        )

    # Python asks these two, turned round, for > and >= as well.
    def __lt__(self, other: object) -> Answer:
        if not isinstance(other, When):
            return NotImplemented
        (first, last), (other_first, other_last) = self._ends, other._ends
        return Answer.YES if last < other_first else Answer.NO if first >= other_last else Answer.MAYBE

    def __le__(self, other: object) -> Answer:
        if not isinstance(other, When):
            return NotImplemented
        (first, last), (other_first, other_last) = self._ends, other._ends
        return Answer.YES if last <= other_first else Answer.NO if first > other_last else Answer.MAYBE

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"When({self.text!r})"


def day_of(value: object, zone: str = ZONE) -> dt.date:
    """
    The one day that a query date names: a text, date, datetime or `When` that is a single, undoubted day.

    Raises:
        WhenError: it is wider than a day, doubted with ``?``, or no date at all.

    >>> day_of("2024-08-06")
    datetime.date(2024, 8, 6)
    """
    if type(value) is dt.date:  # the commonest by far, and a day already
        return value
    when = _of(value, zone)
    if when.earliest is None or not when.is_day or when.uncertain:
        raise WhenError(f"{shown(str(when))} is no single, sure day; one is needed, as in '2024-08-06'")
    return when.earliest


# --- dates of other kinds ----------------------------------------------------------------------


def _end(name: str, value: object) -> dt.date | None:
    """One end of a window as a plain date: a subclass's arithmetic may differ from the standard library's."""
    if value is None:
        return None
    if not isinstance(value, dt.date) or isinstance(value, dt.datetime):
        raise WhenError(f"{name}={shown(value)} is no datetime.date; When.of and When.parse take other kinds")
    return dt.date(value.year, value.month, value.day)


def _of(value: object, zone: str) -> When:
    if isinstance(value, When):
        return value
    if isinstance(value, str):
        return When.parse(value, zone)
    if isinstance(value, dt.date):
        day = _day_in(zone, value) if isinstance(value, dt.datetime) else value
        return When(day, day)
    hint = f"; a year is a text, {str(value)!r}" if type(value) is int and 1000 <= value <= 9999 else ""
    raise WhenError(f"expected a date, a datetime or a text such as '2024-08-06', not {shown(value)}{hint}")


def _day_in(zone: str, moment: dt.datetime) -> dt.date:
    """The calendar day of a moment in a zone."""
    from zoneinfo import ZoneInfo  # moments are rare, and this costs more than all else here

    try:
        tz = ZoneInfo(zone)
    except (KeyError, ValueError, TypeError, AttributeError, OSError):
        raise WhenError(f"there is no time zone {shown(zone)}; give an IANA name such as {ZONE!r}") from None
    try:
        local = moment if moment.utcoffset() is None else moment.astimezone(tz)
        return dt.date(local.year, local.month, local.day)
    except (OverflowError, ValueError, TypeError):  # the edges of the calendar; pandas' NaT
        raise WhenError(f"{shown(moment)} has no calendar day in {zone} from 0001 to 9999") from None


@lru_cache(maxsize=4096)
def _read(text: str, zone: str) -> When:
    """The window of a whole text."""
    moment = edtf.moment(text)
    if moment is not None:
        day = _day_in(zone, moment)
        return When(day, day)
    earliest, latest = edtf.window(text)
    when: When = When.__new__(When)
    uncertain, approximate = "?" in text or "%" in text, "~" in text or "%" in text
    when.__attrs_init__(earliest, latest, uncertain, approximate, text)
    return when


def _written(earliest: dt.date | None, latest: dt.date | None, mark: str = "") -> str:
    if earliest is not None and earliest == latest:
        return f"{earliest}{mark}"
    return "/".join(".." if end is None else f"{end}{mark}" for end in (earliest, latest))
