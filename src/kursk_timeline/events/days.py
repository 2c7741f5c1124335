"""
The days that stored texts of dates stand for, as ordinals, in bulk: each text is read once.

A text that is no date, or would be written otherwise than it is, has none; whoever meets one looks with care.
"""

from __future__ import annotations

from collections.abc import Callable

from kursk_timeline.errors import InputError
from kursk_timeline.when import When, day_of

MOST_LETTERS = 500
"""What has more text than that is not remembered: it will not come again."""

BEYOND = 1 << 62
"""Beyond any day."""


class Days(dict[str, int]):
    """A number for each text, found when it is first asked for."""

    def __init__(self, find: Callable[[str], int]) -> None:
        self._find = find

    def __missing__(self, text: str) -> int:
        found = self._find(text)
        if len(text) <= MOST_LETTERS:
            self[text] = found
        return found


def start(text: str) -> int:
    """First day of a window; `BEYOND` where it has none, or would be written otherwise."""
    when = _when(text)
    return BEYOND if when is None or when.earliest is None else when.earliest.toordinal()


def end(text: str) -> int:
    """Last day of a window; ``-BEYOND`` likewise."""
    when = _when(text)
    return -BEYOND if when is None or when.latest is None else when.latest.toordinal()


def _when(text: str) -> When | None:
    """The window of a text; None where it says none, or would be written otherwise, as a moment would."""
    try:
        when = When.of(text)
    except InputError:
        return None
    return when if str(when) == text else None


def day(text: str) -> int:
    """A single day; ``-BEYOND`` where it is none, or would be written otherwise."""
    try:
        found = day_of(text)
    except InputError:
        return -BEYOND
    return found.toordinal() if found.isoformat() == text else -BEYOND
