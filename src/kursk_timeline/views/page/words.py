"""Days, names and links as a reader wants them."""

from __future__ import annotations

import datetime as dt

from kursk_timeline.replay.notation import NO_SUBJECT
from kursk_timeline.views.element import Element, el, web_host

_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
           "November", "December")  # fmt: skip


def date_words(day: dt.date) -> str:
    """
    A day in words.

    >>> date_words(dt.date(2025, 6, 22))
    '22 June 2025'
    """
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def span_words(first: dt.date | None, last: dt.date | None) -> str:
    """
    A span of days in words, with nothing said twice.

    >>> span_words(dt.date(2024, 8, 6), dt.date(2024, 8, 13))
    '6–13 August 2024'
    >>> span_words(dt.date(2025, 4, 26), None)
    'from 26 April 2025'
    """
    if first is None:
        return "at any time" if last is None else f"until {date_words(last)}"
    if last is None:
        return f"from {date_words(first)}"
    if first == last:
        return date_words(first)
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day}–{date_words(last)}"
    if first.year == last.year:
        return f"{first.day} {_MONTHS[first.month - 1]} – {date_words(last)}"
    return f"{date_words(first)} – {date_words(last)}"


def name_words(subject: str | None) -> str:
    """
    A short name as a heading; a proper name is left as it is.

    >>> name_words("north-korea+russia"), name_words("Sudzha"), name_words(None)
    ('North Korea and Russia', 'Sudzha', 'No one side')
    """
    if subject is None:
        return NO_SUBJECT.capitalize()
    if subject != subject.lower() or not subject.isascii():
        return subject
    return " and ".join(part.replace("-", " ").title() for part in subject.split("+"))


def place_words(locator: str) -> Element:
    """
    Where to find a source: a link if it is a plain web address, otherwise text.

    The link reads as the host it leads to, which is what a reader can check.

    >>> place_words("https://example.org/a?b=1")
    '<a href="https://example.org/a?b=1" rel="noopener noreferrer" target="_blank">example.org</a>'
    >>> place_words("javascript:alert(1)"), place_words("https://example.org\\\\@example.net")
    ('<span>javascript:alert(1)</span>', '<span>https://example.org\\\\@example.net</span>')
    """
    host = web_host(locator)
    if host is None:
        return el("span", locator)
    return el("a", host, href=locator, rel="noopener noreferrer", target="_blank")
