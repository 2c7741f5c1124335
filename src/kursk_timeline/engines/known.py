"""
Any account on any day, as known on any other day, from one build.

`replay.bounds` answers from a list of claims. A reader who moves both days, when it was and when it was
known, asks for another list each time, and most of each list cannot matter: the claims after the day, those
not yet reported, and those from before the latest set that surely happened. Here each account's rows lie
sorted by the first day they can have happened, and a question walks back from its day only as far as
something can matter.

* Rows with an exact day have one place in the replay. The walk adds up until it meets a set; what lies
  before that set is over. Blocks of `BLOCK` rows carry their sums and the least and greatest of their
  visibility, so that a block of adds counts in one step, and one of which nothing can be seen in none.
* Rows with a window lie apart, with the latest last day of each block: a block that was over before the
  latest sure set is stepped over. What is left is in play, usually a few dozen rows.
* The best last set and its day are searched among those rows as in `replay.bounds`, over one sorted list of
  the places where a sum changes. The greatest sum that can still follow bounds what a set can reach, so most
  sets are dismissed by one comparison. The least value is the same search on negated numbers.

Cost: for n rows of an account, m of them in play, about log n + n / `BLOCK` + m log m, the middle term only as
far back as the latest sure set. It is O(n) back to there where most blocks are seen in part: adds reported in
no order at all, or many withdrawn. The search is O(m²) at the very worst. Memory: 16 bytes a row, and less than
two for the blocks.

Amounts are 64-bit here. An account whose sums might not fit is handed to `replay.bounds`, where numbers
have no size. Compiled by numba where that is installed; else the same source runs as it is, only slower.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, MutableSequence, Sequence
from types import FunctionType
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kursk_timeline.engines.columns import OPEN64, SumError
from kursk_timeline.replay.bounds import FOREVER, OPEN, Claim, greatest, least, middling

BLOCK = 64
"""
Rows in a block. A question looks at half a block at each end of its walk, row by row, and at the rest block
by block, so the best size is some tens; at this one a block's description costs a byte and a half a row.
"""

_PLACES = 1 << 32
"""A place in the replay, (day, row), is written as day * _PLACES + row: rows are in log order."""

_SAFE = 2.0**61
"""An account whose amounts add up to less cannot reach OPEN64, whatever is summed and however it is rounded."""

_NEVER = (1 << 31) - 1
"""No day that a column can hold is later."""

_LOW, _BEST, _HIGH, _LOWS_OPEN, _HIGHS_OPEN, _SURE, _BEGUN = range(7)
"""What is summed: amounts, how many of them were open, rows that surely happened, rows that may have."""

_HAS_SET, _LAST_MAX, _KNOWN_MIN, _KNOWN_MAX, _UNTIL_MIN, _UNTIL_MAX = range(5, 11)
"""What else is known of a block, beside the five sums of its rows, which come first."""

Answers: TypeAlias = tuple[
    NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_], NDArray[np.bool_]
]
_Column: TypeAlias = Sequence[int]
_Room: TypeAlias = MutableSequence[int]
_Table: TypeAlias = Any  # arrays where compiled, memoryviews where not: numpy's types fit neither `Sequence[int]`


class _Rows(NamedTuple):
    """What a question reads. Part 2a holds the rows of account a with an exact day, part 2a + 1 those with a window."""

    size: int
    """Rows in a block."""
    parts: _Table
    """Part -> its first position; one more entry for the end."""
    blocks: _Table
    """Part -> its first block."""
    large: _Table
    """Account -> whether its sums might not fit."""

    row: _Table
    """Position -> row as given; ~row if it is a set. Positions in a part are sorted by (first, row)."""
    first: _Table
    known: _Table
    until: _Table

    last: _Table
    """Row -> last day it can have happened. This and the next three are the columns as they were given."""
    low: _Table
    best: _Table
    high: _Table

    stats: _Table
    """Block -> what `_HAS_SET` and the names after it say, as a table of two dimensions."""


class Pairs:
    """
    Bounds of all accounts for any pair of days: what was so on one, as known on the other.

    >>> pairs = Pairs([0, 2], first=[10, 12], last=[10, 14], adds=[False, True], low=[5, 1], best=[5, 2],
    ...               high=[5, 3], known=[11, 20], until=[FOREVER + 1, FOREVER + 1], plain=True)
    >>> low, best, high, certain, begun = pairs.at(13, known_on=20)
    >>> int(low[0]), int(best[0]), int(high[0]), bool(certain[0])
    (5, 7, 8, True)
    >>> low, best, high, certain, begun = pairs.at(13, known_on=19)
    >>> int(low[0]), int(best[0]), int(high[0])
    (5, 5, 5)
    """

    def __init__(
        self,
        offsets: ArrayLike,
        first: ArrayLike,
        last: ArrayLike,
        adds: ArrayLike,
        low: ArrayLike,
        best: ArrayLike,
        high: ArrayLike,
        known: ArrayLike,
        until: ArrayLike,
        *,
        plain: bool = False,
    ) -> None:
        """
        Sort the rows and describe their blocks; the columns are kept, not copied, and must not change.

        Args:
            offsets: Borders of the accounts: account a has the rows offsets[a] to offsets[a + 1], in log order.
            first: First day on which the claim can have happened, an ordinal; 32 bits, as all days.
            last: Last day, inclusive; `FOREVER` if it has none, and then the middle of the window is `first`.
            adds: Whether the claim adds to the account; else it sets it.
            low: Least amount in base units, inclusive; `-OPEN64` if it has no bound.
            best: Amount in the best world, never open.
            high: Greatest amount, inclusive; `OPEN64` if it has no bound.
            known: First day on which the row is seen.
            until: Day from which it is seen no more; `FOREVER` + 1 or later if it stays.
            plain: Run uncompiled even where numba is installed.

        Raises:
            ValueError: columns of unequal length, borders that do not ascend from 0 to it, a window or range
                that ends before it starts, an amount beyond `OPEN64`.
        """
        borders = np.ascontiguousarray(offsets, np.int64)
        dates = [np.ascontiguousarray(column, np.int32) for column in (first, last, known, until)]
        amounts = [np.ascontiguousarray(column, np.int64) for column in (low, best, high)]
        adding = np.ascontiguousarray(adds, np.bool_)
        _check(borders, dates, amounts, adding)
        self._given: tuple[NDArray[Any], ...] = (*dates, *amounts)
        self._adds = adding
        self._borders = borders
        kept: dict[str, NDArray[Any]] = {"last": dates[1], "low": amounts[0], "best": amounts[1], "high": amounts[2]}
        built = _built(borders, dates, amounts, adding)
        self._nbytes = sum(int(column.nbytes) for column in built.values())
        self._any_large = bool(built["large"].any())
        self._large = built["large"]
        self._everyone = _fixed(np.arange(len(borders) - 1))
        answer = None if plain else _compiled()
        columns: dict[str, NDArray[Any]] = {name: _fixed(column) for name, column in (built | kept).items()}
        if answer is None:
            # Not lists: a memoryview costs nothing, and gives Python's own numbers, which are faster than numpy's.
            self._rows = _Rows(BLOCK, **{name: _view(column) for name, column in columns.items()})
            self._answer: Callable[..., None] = _answer_uncompiled
        else:
            self._rows = _Rows(BLOCK, **columns)
            self._answer = answer

    @property
    def nbytes(self) -> int:
        """Memory of what was built beside the given columns."""
        return self._nbytes

    @property
    def compiled(self) -> bool:
        """Whether questions run compiled."""
        return self._answer is not _answer_uncompiled

    def at(self, day: int, known_on: int | None, accounts: ArrayLike | None = None) -> Answers:
        """
        Low, best, high of accounts on a day, whether they are certain, and whether they have begun.

        Args:
            day: A day, as an ordinal.
            known_on: Only what was known on this day counts; None for all that was never withdrawn.
            accounts: Numbers of the accounts to answer for, in this order; None for all.

        Returns:
            Five arrays of one entry for each account. Low and high are exact and no floor is applied; `-OPEN64` and
            `OPEN64` where there is no bound. An account has begun if some claim can have happened, is certain
            if some claim must have; where it has not begun, the numbers are 0 and mean nothing.

        Raises:
            TypeError: accounts are no list of whole numbers.
            IndexError: there is no account with that number.
            SumError: a bound that is finite but reaches `OPEN64`.
        """
        if accounts is None:
            wanted = self._everyone
        else:
            given = np.asarray(accounts)
            if given.ndim != 1 or (given.size and given.dtype.kind not in "iu"):
                raise TypeError("accounts must be a list of account numbers; for a mask, write np.flatnonzero(mask)")
            wanted = given.astype(np.int64)
            if wanted.size and not 0 <= wanted.min() <= wanted.max() < len(self._everyone):
                raise IndexError(f"no such account: they are numbered 0 to {len(self._everyone) - 1}")
            wanted.flags.writeable = False
        size = len(wanted)
        numbers = np.zeros((3, size), np.int64)
        marks = np.zeros((2, size), np.bool_)
        low, best, high = numbers
        certain, begun = marks
        # "Everything" is what was known on some day and stays: no one day is both late and early enough.
        seen, gone = (_NEVER, FOREVER) if known_on is None else (int(known_on), int(known_on))
        self._answer(self._rows, wanted, int(day), seen, gone, low, best, high, certain, begun)
        if self._any_large:
            for i in np.flatnonzero(self._large[wanted]).tolist():
                low[i], best[i], high[i], certain[i], begun[i] = self._by_definition(int(wanted[i]), day, seen, gone)
        return low, best, high, certain, begun

    def _by_definition(self, account: int, day: int, seen: int, gone: int) -> tuple[int, int, int, bool, bool]:
        """The answer for one account by `replay.bounds`, whose numbers have no size."""
        rows = slice(self._borders[account], self._borders[account + 1])
        first, last, known, until, low, best, high = (column[rows] for column in self._given)
        adds = self._adds[rows]
        shown = (known <= seen) & (until > gone) & (first <= day)
        sure = first[shown & ~adds & (last <= day)]
        if sure.size:
            shown &= last >= sure.max()
        columns: list[NDArray[Any]] = [
            np.flatnonzero(shown),
            *(column[shown] for column in (first, last, adds, low, best, high)),
        ]
        claims = [
            Claim(order, start, end, start if end == FOREVER else (start + end) // 2, adding, *amounts)
            for order, start, end, adding, *amounts in zip(*(column.tolist() for column in columns), strict=True)
        ]
        claims = [
            c._replace(low=-OPEN if c.low == -OPEN64 else c.low, high=OPEN if c.high == OPEN64 else c.high)
            for c in claims
        ]
        return (
            _in_64_bits(least(claims, day).value),
            _in_64_bits(middling(claims, day).value),
            _in_64_bits(greatest(claims, day).value),
            any(c.last <= day for c in claims),
            bool(claims),
        )


def _in_64_bits(value: int) -> int:
    if abs(value) >= OPEN // 2:
        return OPEN64 if value > 0 else -OPEN64
    if abs(value) >= OPEN64:
        raise SumError(f"{value} does not fit into 64 bits beside OPEN64, which says that there is no bound")
    return value


def _view(column: Any) -> memoryview:
    return memoryview(column)


def _fixed(column: NDArray[Any]) -> NDArray[Any]:
    """The column, read-only: the compiled questions are made for one kind of column, and columns come in both."""
    view = column.view()
    view.flags.writeable = False
    return view


# --- build -------------------------------------------------------------------------------------


def _check(
    borders: NDArray[np.int64],
    dates: list[NDArray[np.int32]],
    amounts: list[NDArray[np.int64]],
    adds: NDArray[np.bool_],
) -> None:
    rows = len(adds)
    columns: tuple[NDArray[Any], ...] = (*dates, *amounts)
    if any(column.shape != (rows,) for column in columns):
        raise ValueError("columns of unequal length: each row needs an entry in every one")
    if rows >= _NEVER:
        raise ValueError(f"{rows} rows: row numbers have 32 bits here; split the accounts")
    if borders.ndim != 1 or not len(borders) or borders[0] != 0 or borders[-1] != rows or np.any(np.diff(borders) < 0):
        raise ValueError(f"offsets must ascend from 0 to the number of rows, {rows}")
    first, last = dates[:2]
    low, best, high = amounts
    if np.any(first < 0) or np.any(first > last):
        raise ValueError("a window must end on or after its first day, and days are ordinals")
    if np.any(low < -OPEN64) or np.any(high > OPEN64):
        raise ValueError("an amount lies beyond OPEN64, which says that there is no bound")
    if np.any(low > best) or np.any(best > high):
        raise ValueError("an amount's low must be no more than its best, and its best no more than its high")


def _built(
    borders: NDArray[np.int64],
    dates: list[NDArray[np.int32]],
    amounts: list[NDArray[np.int64]],
    adds: NDArray[np.bool_],
) -> dict[str, NDArray[Any]]:
    """The columns of `_Rows` that are not given, by name."""
    first, last, known, until = dates
    low, best, high = amounts
    rows, accounts = len(first), len(borders) - 1
    part = np.repeat(np.arange(0, 2 * accounts, 2), np.diff(borders))
    part += first != last
    order = _order(part, first)
    parts = np.zeros(2 * accounts + 1, np.int64)
    np.cumsum(np.bincount(part, minlength=2 * accounts), out=parts[1:])
    del part

    blocks = np.zeros(2 * accounts + 1, np.int64)
    np.cumsum(-(-np.diff(parts) // BLOCK), out=blocks[1:])
    in_part = np.repeat(np.arange(2 * accounts), np.diff(blocks))
    starts = parts[in_part] + BLOCK * (np.arange(blocks[-1]) - blocks[in_part])

    def over(function: np.ufunc, column: NDArray[Any]) -> NDArray[Any]:
        return function.reduceat(column, starts) if rows else column[:0]

    row = np.where(adds[order], order, ~order)
    sorted_known, sorted_until = known[order], until[order]
    stats = np.empty((len(starts), 11), np.int64)
    stats[:, _HAS_SET] = over(np.minimum, row) < 0
    stats[:, _LAST_MAX] = over(np.maximum, last[order])
    stats[:, _KNOWN_MIN], stats[:, _KNOWN_MAX] = over(np.minimum, sorted_known), over(np.maximum, sorted_known)
    stats[:, _UNTIL_MIN], stats[:, _UNTIL_MAX] = over(np.minimum, sorted_until), over(np.maximum, sorted_until)
    stats[:, _BEST] = over(np.add, best[order])
    size = np.abs(best).astype(np.float64)
    for column, total, opens in (low, _LOW, _LOWS_OPEN), (high, _HIGH, _HIGHS_OPEN):
        is_open = np.abs(column) == OPEN64
        finite = np.where(is_open, 0, column)
        np.maximum(size, np.abs(finite), out=size)
        stats[:, total] = over(np.add, finite[order])
        stats[:, opens] = over(np.add, is_open[order].astype(np.int64))
    sizes = np.zeros(accounts)
    some = np.flatnonzero(np.diff(borders))  # `reduceat` knows no empty stretch
    if some.size:
        sizes[some] = np.add.reduceat(size, borders[some])
    return {
        "parts": parts,
        "blocks": blocks,
        "large": sizes >= _SAFE,
        "row": row,
        "first": first[order],
        "known": sorted_known,
        "until": sorted_until,
        "stats": stats,
    }


def _order(part: NDArray[np.int64], first: NDArray[np.int32]) -> NDArray[np.int32]:
    """The rows by (part, first, row)."""
    rows = len(part)
    if not rows:
        return np.zeros(0, np.int32)
    row_bits, day_bits = rows.bit_length(), int(first.max()).bit_length()
    if int(part.max()).bit_length() + day_bits + row_bits > 63:
        return np.lexsort((first, part)).astype(np.int32)
    # All three in one number: numpy sorts numbers several times faster than it sorts positions by them.
    keys = (((part << day_bits) | first) << row_bits) | np.arange(rows)
    keys.sort()
    return (keys & ((1 << row_bits) - 1)).astype(np.int32)


# --- one question ------------------------------------------------------------------------------
#
# Everything below is compiled where numba is installed, and runs as it is where not. So it is written in what
# both can do: numbers, and columns by index. Days `seen` and `gone` say what is known: a row is visible iff
# known <= seen and until > gone. A worth is an amount on the side of the greatest value, and the negated amount
# on the side of the least.


def _answer(
    b: _Rows,
    accounts: _Column,
    day: int,
    seen: int,
    gone: int,
    low: _Room,
    best: _Room,
    high: _Room,
    certain: MutableSequence[bool],
    begun: MutableSequence[bool],
) -> None:
    """The entry for each account, but for those whose sums might not fit."""
    sums = _room(7)
    for n in range(len(accounts)):
        if b.large[accounts[n]]:
            continue
        part = 2 * accounts[n]
        done, low[n], best[n], high[n] = _account(b, part, day, seen, gone, True, sums)
        if not done:
            done, low[n], best[n], high[n] = _account(b, part, day, seen, gone, False, sums)
        certain[n], begun[n] = sums[_SURE] > 0, sums[_BEGUN] > 0


def _account(
    b: _Rows, part: int, day: int, seen: int, gone: int, hasty: bool, sums: _Room
) -> tuple[bool, int, int, int]:
    """
    Low, best and high of an account, whose parts are this one and the next; and `sums` says if it has begun.

    First of all whether this is the answer: see `_in_play` for what `hasty` means.
    """
    for n in range(len(sums)):
        sums[n] = 0
    end = _after(b.first, b.parts[part], b.parts[part + 1], day)
    at = _exact(b, part, end, seen, gone, -1, sums)
    sure = -1
    if at >= 0:
        sure = b.first[at] * _PLACES + ~b.row[at]
        _add(b.low, b.best, b.high, ~b.row[at], sums)
        sums[_SURE] += 1
        sums[_BEGUN] += 1
    begin, window_end = b.parts[part + 1], _after(b.first, b.parts[part + 1], b.parts[part + 2], day)
    if window_end == begin:
        return True, _low(sums), sums[_BEST], _high(sums)

    found = _room(window_end - begin)
    size, sets, latest = _in_play(b, part + 1, window_end, day, seen, gone, sure, hasty, found, sums)
    if size < 0:
        return False, 0, 0, 0
    if sets == 0:
        _add_windows(b, found, size, day, sure, sums)
        sums[_BEST] += _best_after(b, found, size, day, sure)
        return True, _low(sums), sums[_BEST], _high(sums)

    # What comes of the latest sure set, or of none, with no choice about it; then of the sets with windows.
    best = sums[_BEST]
    lower, upper = -OPEN64, -OPEN64
    if latest == sure:
        _add_windows(b, found, size, day, sure, sums)
        lower, upper = -_low(sums), _high(sums)
    lower = _search(b, -1, part, end, day, seen, gone, latest, found, size, lower)
    upper = _search(b, 1, part, end, day, seen, gone, latest, found, size, upper)

    # In the best world every window shrinks to its middle, so there a set with a window may come after `latest`.
    row, first, last = b.row, b.first, b.last
    middle, chosen = sure, -1
    for n in range(size):
        r = ~row[found[n]]
        if r >= 0:
            place = _middle(first[found[n]], last[r], day) * _PLACES + r
            if place > middle:
                middle, chosen = place, r
    if chosen >= 0:
        sums[_BEST] = 0
        _exact(b, part, end, seen, gone, middle, sums)
        best = sums[_BEST] + b.best[chosen]
    return True, -lower, best + _best_after(b, found, size, day, middle), upper


def _exact(b: _Rows, part: int, end: int, seen: int, gone: int, floor: int, sums: _Room) -> int:
    """
    Sum up the adds after the latest set and after the place `floor`; the position of that set, or -1.

    Positions before `end` are looked at, where the days are exact.
    """
    row, first, known, until, stats = b.row, b.first, b.known, b.until, b.stats
    low, best, high = b.low, b.best, b.high
    begin, stop, block = b.parts[part], b.parts[part + 1], b.blocks[part]
    floor_day = floor // _PLACES
    for j in range(block + (end - 1 - begin) // b.size, block - 1, -1):
        head = begin + (j - block) * b.size
        tail = min(head + b.size, stop)
        if stats[j, _KNOWN_MIN] > seen or stats[j, _UNTIL_MAX] <= gone:
            continue
        shown = stats[j, _KNOWN_MAX] <= seen and stats[j, _UNTIL_MIN] > gone
        if shown and tail <= end and stats[j, _HAS_SET] == 0 and first[head] > floor_day:
            _add_block(stats, j, tail - head, sums)
            continue
        for i in range(min(tail, end) - 1, head - 1, -1):
            if first[i] < floor_day:
                return -1
            if known[i] <= seen and until[i] > gone:
                r = row[i]
                if r < 0:
                    return i
                if first[i] * _PLACES + r <= floor:
                    return -1
                _add(low, best, high, r, sums)
                sums[_SURE] += 1
                sums[_BEGUN] += 1
    return -1


def _in_play(
    b: _Rows,
    part: int,
    end: int,
    day: int,
    seen: int,
    gone: int,
    sure: int,
    hasty: bool,
    found: _Room,
    sums: _Room,
) -> tuple[int, int, int]:
    """
    Find the rows with a window that can come after the latest sure set, whose place so far is `sure`.

    Gives how many were `found` (latest first), how many of them are sets, and the place of the latest sure set.

    If no set is among them, nothing but their places against `sure` matters, so `hasty` sums up a block of
    adds that surely come after it. Where a set is found behind such a block, the answer is -1, and the
    caller comes again without haste.
    """
    row, first, lasts, known, until, stats = b.row, b.first, b.last, b.known, b.until, b.stats
    begin, stop, block = b.parts[part], b.parts[part + 1], b.blocks[part]
    size, sets, settled = 0, 0, False
    sure_day = sure // _PLACES
    for j in range(block + (end - 1 - begin) // b.size, block - 1, -1):
        head = begin + (j - block) * b.size
        tail = min(head + b.size, stop)
        if stats[j, _LAST_MAX] < sure_day or stats[j, _KNOWN_MIN] > seen or stats[j, _UNTIL_MAX] <= gone:
            continue
        if hasty and sets == 0 and stats[j, _HAS_SET] == 0:
            shown = stats[j, _KNOWN_MAX] <= seen and stats[j, _UNTIL_MIN] > gone
            if shown and tail <= end and first[head] > sure_day and stats[j, _LAST_MAX] <= day:
                _add_block(stats, j, tail - head, sums)
                settled = True
                continue
        for i in range(min(tail, end) - 1, head - 1, -1):
            if known[i] > seen or until[i] <= gone:
                continue
            r = row[i]
            is_set = r < 0
            if is_set:
                r = ~r
            last = lasts[r]
            sums[_BEGUN] += 1
            if last <= day:
                sums[_SURE] += 1
            if min(last, day) * _PLACES + r > sure:
                if is_set:
                    if settled:
                        return -1, 0, 0
                    sets += 1
                    if last <= day and first[i] * _PLACES + r > sure:
                        sure = first[i] * _PLACES + r
                        sure_day = sure // _PLACES
                found[size] = i
                size += 1
    return size, sets, sure


def _search(
    b: _Rows,
    side: int,
    part: int,
    end: int,
    day: int,
    seen: int,
    gone: int,
    sure: int,
    found: _Room,
    size: int,
    top: int,
) -> int:
    """
    The greatest worth that a set with a window reaches as the last one, or `top` if that is more.

    The adds that can come after some such set are written down as (place, worth): one of positive worth at its
    last place, since it counts where it can, one of negative worth at its first, since it counts where it must.
    What a set reaches on a day is its own worth and the sum of the worths after. It is looked up on
    the set's first feasible day, and just behind each later entry as long as more than `top` could follow.
    """
    row, first, lasts, known, until = b.row, b.first, b.last, b.known, b.until
    amounts = b.high if side > 0 else b.low
    floor = OPEN64
    for n in range(size):
        r = ~row[found[n]]
        if r >= 0:
            floor = min(floor, _first_as_last(first[found[n]], r, sure))
    since = _after(first, b.parts[part], end, floor // _PLACES - 1)
    places, worths = _room(end - since + size), _room(end - since + size)

    # The rows with windows are sorted behind the room for the exact ones, then both are merged to the front.
    begin = end - since
    stop = begin
    for n in range(size):
        r = row[found[n]]
        if r >= 0:
            worth, place = side * amounts[r], -1
            if worth > 0:
                place = min(lasts[r], day) * _PLACES + r
            elif worth < 0 and lasts[r] <= day:
                place = first[found[n]] * _PLACES + r
            if place > floor:
                places[stop], worths[stop] = place, worth
                stop += 1
    _sort(places, worths, begin, stop)
    count = 0
    for i in range(since, end):
        r = row[i]
        place = first[i] * _PLACES + r
        if r >= 0 and place > floor and known[i] <= seen and until[i] > gone:
            while begin < stop and places[begin] < place:
                places[count], worths[count] = places[begin], worths[begin]
                begin += 1
                count += 1
            places[count], worths[count] = place, side * amounts[r]
            count += 1
    while begin < stop:
        places[count], worths[count] = places[begin], worths[begin]
        begin += 1
        count += 1

    after, ceiling = _room(count + 1), _room(count + 1)  # the worth of all entries from one on; the most from there on
    after[count] = ceiling[count] = 0
    last_open = -1
    for i in range(count - 1, -1, -1):
        worth = worths[i]
        if worth == OPEN64:
            last_open = max(last_open, i)
            worth = 0
        after[i] = after[i + 1] + worth
        ceiling[i] = max(ceiling[i + 1], after[i])

    for n in range(size):
        r = ~row[found[n]]
        if r < 0:
            continue
        worth, last = side * amounts[r], min(lasts[r], day)
        start = _first_as_last(first[found[n]], r, sure)
        i = _after(places, 0, count, start)
        if worth == OPEN64 or last_open >= i:
            return OPEN64
        on = start // _PLACES
        while worth + ceiling[i] > top:
            if i == count or on * _PLACES + r < places[i]:  # else no day puts the set right before entry i
                top = max(top, worth + after[i])
            if i == count:
                break
            on = places[i] // _PLACES
            if places[i] % _PLACES > r:
                on += 1
            if on > last:
                break
            i += 1
    return top


def _first_as_last(first: int, r: int, sure: int) -> int:
    """The first place that set r can have as the last one: see `bounds.earliest_day_as_last`."""
    if sure >= 0:
        first = max(first, sure // _PLACES + (1 if sure % _PLACES > r else 0))
    return first * _PLACES + r


def _middle(first: int, last: int, day: int) -> int:
    """The day in the best world; -1 if it is after the day."""
    middle = first if last == FOREVER else (first + last) // 2
    return middle if middle <= day else -1


def _best_after(b: _Rows, found: _Room, size: int, day: int, floor: int) -> int:
    """Sum of the adds found that come after the place `floor` in the best world."""
    row, first, last, best = b.row, b.first, b.last, b.best
    total = 0
    for n in range(size):
        r = row[found[n]]
        if r >= 0 and _middle(first[found[n]], last[r], day) * _PLACES + r > floor:
            total += best[r]
    return total


def _add_windows(b: _Rows, found: _Room, size: int, day: int, sure: int, sums: _Room) -> None:
    """Sum up the low and high of the adds found that can, or must, come after `sure`: all can."""
    row, first, last, low, high = b.row, b.first, b.last, b.low, b.high
    for n in range(size):
        r = row[found[n]]
        if r >= 0:
            must = last[r] <= day and first[found[n]] * _PLACES + r > sure
            if must or low[r] < 0:
                _add_low(low[r], sums)
            if must or high[r] > 0:
                _add_high(high[r], sums)


def _add(low: _Column, best: _Column, high: _Column, r: int, sums: _Room) -> None:
    _add_low(low[r], sums)
    _add_high(high[r], sums)
    sums[_BEST] += best[r]


def _add_low(low: int, sums: _Room) -> None:
    if low == -OPEN64:
        sums[_LOWS_OPEN] += 1
    else:
        sums[_LOW] += low


def _add_high(high: int, sums: _Room) -> None:
    if high == OPEN64:
        sums[_HIGHS_OPEN] += 1
    else:
        sums[_HIGH] += high


def _add_block(stats: _Table, j: int, rows: int, sums: _Room) -> None:
    for n in range(_HAS_SET):
        sums[n] += stats[j, n]
    sums[_SURE] += rows
    sums[_BEGUN] += rows


def _low(sums: _Room) -> int:
    return -OPEN64 if sums[_LOWS_OPEN] > 0 else sums[_LOW]


def _high(sums: _Room) -> int:
    return OPEN64 if sums[_HIGHS_OPEN] > 0 else sums[_HIGH]


def _after(column: _Column, begin: int, end: int, value: int) -> int:
    """The first position from `begin` to `end` whose entry is greater than the value; sorted there."""
    while begin < end:
        middle = (begin + end) // 2
        if column[middle] > value:
            end = middle
        else:
            begin = middle + 1
    return begin


def _sort(keys: _Room, values: _Room, begin: int, end: int) -> None:
    """Sort a stretch by key, and the values with it. Shell's method: short, in place, and quick for dozens."""
    gap = 1
    while gap < (end - begin) // 3:
        gap = 3 * gap + 1
    while gap > 0:
        for i in range(begin + gap, end):
            key, value = keys[i], values[i]
            j = i
            while j - gap >= begin and keys[j - gap] > key:
                keys[j], values[j] = keys[j - gap], values[j - gap]
                j -= gap
            keys[j], values[j] = key, value
        gap //= 3


def _room(size: int) -> _Room:
    return [0] * size


# --- both ways ---------------------------------------------------------------------------------


def _room_compiled(size: int) -> NDArray[np.int64]:
    return np.empty(size, np.int64)


def _answer_uncompiled(
    b: _Rows, accounts: NDArray[np.int64], day: int, seen: int, gone: int, *results: NDArray[Any]
) -> None:
    low, best, high, certain, begun = (_view(column) for column in results)
    _answer(b, accounts.tolist(), day, seen, gone, low, best, high, certain, begun)  # type: ignore[arg-type]  # a view of bools


@functools.cache
def _compiled() -> Callable[..., None] | None:
    """`_answer` and what it calls, compiled when it is first used; None if there is no numba to do it."""
    try:
        import numba  # type: ignore[import-untyped, import-not-found, unused-ignore]  # ships no types, and is optional
    except ImportError:
        return None
    # Compiled copies, that see each other: the functions themselves stay as they are for those who want them plain.
    names = dict(globals())
    for function in (
        *(_room_compiled, _sort, _after, _high, _low, _add_block, _add_high, _add_low, _add, _add_windows),
        *(_best_after, _middle, _first_as_last, _search, _in_play, _exact, _account, _answer),
    ):
        copy = FunctionType(function.__code__, names, function.__name__)
        try:
            names[function.__name__] = numba.njit(copy, cache=True)
        except RuntimeError:  # there is nowhere to keep what was compiled, so each process does it again
            names[function.__name__] = numba.njit(copy)
        if function is _room_compiled:
            names["_room"] = names["_room_compiled"]
    answer: Callable[..., None] = names["_answer"]
    return answer
