"""
Work cut into parts that one task can hold.

Accounts are free of each other, so any set of whole accounts is a part. An account that is too large by
itself is cut in time. Let some set surely have happened by day d, and let p be its first day. From d on, what
surely happened before p never matters: not to the bounds, since that set comes after it in every world, and
not to the best value, since its middle is before the set's. So the days from d on need only the claims that
may have happened on p or later, and the days before d only those that may have happened before d. Claims
that do both go into both parts. Of all sets known by day d the one with the latest first day serves best.
For a set with an exact day, p is d.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from kursk_timeline.engines.columns import NEVER, Ints


class Span(msgspec.Struct, frozen=True):
    """
    Some of an account's days, and the claims they need: those with ``last >= past`` and ``first < until``.

    Args:
        begin: Its first day (ordinal); 0 where nothing comes before.
        until: The first day after it; `NEVER` where nothing follows.
        past: What surely happened before this day does not matter.
    """

    begin: int
    until: int
    past: int

    def needs(self, first: Ints, last: Ints) -> npt.NDArray[np.bool_]:
        """Which claims it needs."""
        needed: npt.NDArray[np.bool_] = (last >= self.past) & (first < self.until)
        return needed


WHOLE = Span(0, NEVER, 0)


class Windows(NamedTuple):
    """How many claims of an account have the same window and do the same. Days are ordinals, both included."""

    first: Ints
    last: Ints
    adds: npt.NDArray[np.bool_]
    many: Ints

    @classmethod
    def of(cls, first: Ints, last: Ints, adds: npt.NDArray[np.bool_], many: Ints | None = None) -> Windows:
        """Of claims, or of windows of which some are the same."""
        packed = ((first.astype("i8") << 23) + last << 1) + adds  # a day has 22 bits
        several, place = np.unique(packed, return_inverse=True)
        weight = np.ones(len(packed), "i8") if many is None else many
        total = np.zeros(len(several), "i8")
        np.add.at(total, place, weight)
        return cls(several >> 24, (several >> 1) & ((1 << 23) - 1), (several & 1).astype("?"), total)

    def and_(self, other: Windows) -> Windows:
        """These and others of the same account."""
        return Windows.of(*(np.concatenate(columns) for columns in zip(self, other, strict=True)))


def spans(windows: Windows, most: int) -> list[Span]:
    """
    One account's days in order, cut so that no span needs more than so many claims, where that can be.

    Args:
        windows: The account's claims.
        most: Claims that one part should hold.

    A span that needs more is as short as it can be. No other choice of days gives fewer spans.

    >>> day = np.array([10, 20, 30, 40])
    >>> exact = Windows.of(day, day, np.array([False, True, False, True]))
    >>> [(span.begin, span.until == NEVER) for span in spans(exact, 2)]
    [(0, False), (30, True)]

    Cost: a sort of the windows, and a search for each span.
    """
    begins, begun = _totals(windows.first, windows.many)
    ends, ended = _totals(windows.last, windows.many)
    days, pasts = _cuts(windows)
    found: list[Span] = []
    begin = past = 0
    while True:
        dropped = _below(ends, ended, past)
        if begun[-1] - dropped <= most:
            break
        # Only a day on which more of the past is over than now is worth a cut.
        place = int(np.searchsorted(pasts, past, "right"))
        if place == len(days):
            break
        needed = np.array([_below(begins, begun, day) for day in days[place:]]) - dropped
        fitting = int(np.searchsorted(needed, most, "right"))
        place += max(fitting - 1, 0)
        found.append(Span(begin, int(days[place]), past))
        begin, past = int(days[place]), int(pasts[place])
    found.append(Span(begin, NEVER, past))
    return found


def _totals(days: Ints, many: Ints) -> tuple[list[int], list[int]]:
    """The days in order, and how many claims there are on each and before."""
    order = np.argsort(days, kind="stable")
    return days[order].tolist(), np.cumsum(many[order]).tolist()


def _below(days: list[int], totals: list[int], day: int) -> int:
    place = bisect_left(days, day)
    return totals[place - 1] if place else 0


def _cuts(windows: Windows) -> tuple[Ints, Ints]:
    """Days by which some set surely happened, and the latest first day of one; where the latter grows."""
    sets = ~windows.adds
    first, last = windows.first[sets], windows.last[sets]
    order = np.lexsort((-first, last))
    first, last = first[order], last[order]
    latest = np.maximum.accumulate(first)
    grows = np.ones(len(first), "?")
    grows[1:] = latest[1:] > latest[:-1]
    grows &= last < NEVER - 1  # a window without an end is never over
    return last[grows], latest[grows]


def packed(counts: Sequence[int], most: int) -> list[tuple[int, int]]:
    """
    Neighbours packed together, so many claims at most; one that has more stands alone.

    Returns:
        Places of the first and of the last of each pack.

    >>> packed([3, 4, 20, 1, 1], 8)
    [(0, 1), (2, 2), (3, 4)]
    """
    found: list[tuple[int, int]] = []
    room = 0
    for place, count in enumerate(counts):
        if found and count <= room:
            found[-1] = (found[-1][0], place)
            room -= count
        else:
            found.append((place, place))
            room = most - count
    return found
