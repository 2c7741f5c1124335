"""
Exact bounds of many accounts on all days at once.

The theorem of `replay.bounds` in another form. Take the greatest value on day t; the least is its
mirror image. Write down every *place* (day, order) that counts, in replay order:

* a set that can have happened by t stands at every place (d, order) with a ≤ d ≤ min(b, t);
* an add whose high is positive stands at its last place, (min(b, t), order);
* an add whose high is negative stands at its first place, (a, order), once it surely happened.

Now replay this list: an add adds, and a set means "or start again from my high, if that is more".
The result is the greatest value. For a set last at p, what counts after p is just what stands after p
in the list, so replaying tries all sets at all places at once. The initial 0 is one more start at the
beginning. What must not be last is cut off: the replay begins at the latest first place among the
sets that surely happened. That place only moves forward.

From one day to the next the list hardly changes. *The past*, places on days before t, is fixed but for
the negative adds, which appear at their first place when their window closes. Between two adds only
the highest set matters, so the past is a row of *links* (start, then add): x becomes
max(x, start) + add. *Today* holds the claims whose window is open, in log order; an open add that is
positive always stands on the current day. Bounds change on the days a, a + 1, a + 2 and b only; on the
days between two of those nothing stands but the open sets.

Two structures hold the same list. *Rows*: replay today each day, and the past from where it was
touched by a cut or a late negative add. In real logs few claims are in play on a day, and nothing is
faster than a short loop. *Trees*: links compose (two of them in a row are one of the same form), so a
segment tree over today in log order and one over the past give each day's replay in O(log n), and a
maximum tree over the open sets finds the highest between two adds. Each claim touches them a few times.
An account starts with rows, and is done again with trees once rows have taken about the time that
trees will need.

Of the claims with an exact day, those that an exact set on the same day overtakes are dropped first:
they never matter on any day that can be asked for.

Cost: O(n log n) for n claims of an account at worst, for the whole history; O(n + sum over the days of
change of the claims in play) where that is less. Memory: O(n) for the largest account.

Amounts are 64-bit here. An account whose sums might not fit is handed to `replay.bounds`, where numbers
have no size. Compiled by numba where that is installed (the extra `fast`); else the same source runs as it is, only
slower.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
from collections.abc import Callable, MutableSequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from kursk_timeline.engines.columns import OPEN64, SumError
from kursk_timeline.replay import bounds
from kursk_timeline.replay.bounds import FOREVER

Column: TypeAlias = MutableSequence[int]
"""A list, or an array of 64-bit numbers once compiled. The inner functions use what both can do."""

Columns: TypeAlias = tuple[Column, ...]

Result: TypeAlias = tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int64], NDArray[np.int64]]

_NO = -(1 << 62)
"""No start. Adds move it a little; whatever is reached from a start stays far above."""

_ROOM = 1 << 60
"""Most that all amounts of an account may sum up to: keeps `_NO` apart and every sum in 64 bits."""

_TOO_SLOW = -1

_DIGIT = 11
"""Longest digit to sort by, in bits: its counts fit into the nearest cache."""

_PATIENCE = 12
"""Steps of the row method per claim and tree level before trees take over; measured, not critical."""


def sweep(
    offsets: NDArray[np.int64],
    first: NDArray[np.int32],
    last: NDArray[np.int32],
    adds: NDArray[np.bool_],
    low: NDArray[np.int64],
    high: NDArray[np.int64],
    *,
    plain: bool = False,
) -> Result:
    """
    The bounds of every account at all times, as columns.

    Args:
        offsets: Borders of the k accounts in the rows, k + 1 of them. The rows of an account stand in log order.
        first: First day a claim can have happened; proleptic Gregorian ordinal.
        last: Last day, inclusive. `FOREVER`: may still be to come on every day.
        adds: Whether the claim adds to the account; else it sets it.
        low: Least amount in base units, inclusive; `-OPEN64` if it has no bound.
        high: Greatest amount, inclusive; `OPEN64` if it has no bound.
        plain: Run uncompiled even where numba is installed.

    Returns:
        ``(offsets, day, low, high)``: the rows of each account are the days on which its bounds change,
        ascending, and the bounds from then on; no floor applied. `-OPEN64` and `OPEN64` where there is no
        bound. Before an account's first row nothing is claimed. Days end before `FOREVER`.

    Raises:
        TypeError: amounts that are not whole numbers: sums of floats depend on their order.
        ValueError: columns of unequal length, a window or range that ends before it starts.
        SumError: a bound that is finite but reaches `OPEN64`.
    """
    return _sweep(offsets, first, last, adds, low, high, plain=plain, patience=_PATIENCE)


def compiled() -> bool:
    """Whether `sweep` runs compiled, that is, whether numba is installed."""
    return importlib.util.find_spec("numba") is not None


def _sweep(
    offsets: NDArray[np.int64],
    first: NDArray[np.int32],
    last: NDArray[np.int32],
    adds: NDArray[np.bool_],
    low: NDArray[np.int64],
    high: NDArray[np.int64],
    *,
    plain: bool,
    patience: int,
) -> Result:
    """`sweep`, with a choice of structure: patience 0 is trees only, a large number rows only."""
    borders = np.ascontiguousarray(offsets.astype(np.int64, casting="same_kind", copy=False))
    a = np.ascontiguousarray(first.astype(np.int32, casting="same_kind", copy=False))
    b = np.ascontiguousarray(last.astype(np.int32, casting="same_kind", copy=False))
    add = np.ascontiguousarray(adds.astype(np.bool_, casting="same_kind", copy=False))
    least = np.ascontiguousarray(low.astype(np.int64, casting="same_kind", copy=False))
    most = np.ascontiguousarray(high.astype(np.int64, casting="same_kind", copy=False))
    _check(borders, a, b, add, least, most)
    accounts, rows = len(borders) - 1, int(borders[-1])
    room = 4 * rows  # at most four days of change for each claim
    scratch = _scratch_sizes(int(np.diff(borders).max(initial=0)))
    if plain or not compiled():
        listed = [0] * room, [0] * room, [0] * room, [0] * accounts, [0] * accounts
        sorting, claims, links, trees = (tuple([0] * size for size in sizes) for sizes in scratch)
        given = borders.tolist(), a.tolist(), b.tolist(), add.tolist(), least.tolist(), most.tolist()
        _accounts(*given, patience, sorting, claims, links, trees, *listed)
        used = listed[3][-1] if accounts else 0
        days = np.array(listed[0][:used], dtype=np.int32)
        lows, highs = (np.array(column[:used], dtype=np.int64) for column in listed[1:3])
        ends, large = (np.array(column, dtype=np.int64) for column in listed[3:])
    else:
        days = np.empty(room, dtype=np.int32)
        lows, highs = np.empty(room, dtype=np.int64), np.empty(room, dtype=np.int64)
        ends, large = np.empty(accounts, dtype=np.int64), np.empty(accounts, dtype=np.int64)
        arrays = (tuple(np.empty(size, dtype=np.int64) for size in sizes) for sizes in scratch)
        _machine()(borders, a, b, add, least, most, patience, *arrays, days, lows, highs, ends, large)
        used = int(ends[-1]) if accounts else 0
        days, lows, highs = days[:used].copy(), lows[:used].copy(), highs[:used].copy()
    result: Result = np.concatenate((np.zeros(1, dtype=np.int64), ends)), days, lows, highs
    for account in np.flatnonzero(large).tolist():
        own = slice(int(borders[account]), int(borders[account + 1]))
        result = _spliced(result, account, _by_definition(a[own], b[own], add[own], least[own], most[own]))
    return result


def _check(
    borders: NDArray[np.int64],
    first: NDArray[np.int32],
    last: NDArray[np.int32],
    adds: NDArray[np.bool_],
    low: NDArray[np.int64],
    high: NDArray[np.int64],
) -> None:
    if len(borders) == 0 or borders[0] != 0 or np.any(np.diff(borders) < 0):
        raise ValueError("offsets are the borders of the accounts: they start at 0 and never go back")
    if {len(column) for column in (first, last, adds, low, high)} != {int(borders[-1])}:
        raise ValueError(
            f"columns of unequal length: the last offset is {borders[-1]}, but there are "
            f"{len(first)}, {len(last)}, {len(adds)}, {len(low)}, {len(high)} rows of first, last, adds, low, high"
        )
    for name, starts, ends in (("window", first, last), ("range", low, high)):
        if (wrong := np.flatnonzero(starts > ends)).size:
            row = int(wrong[0])
            raise ValueError(f"the {name} of row {row} ends before it starts: {starts[row]} > {ends[row]}")
    if np.any(low >= OPEN64) or np.any(high <= -OPEN64):
        raise ValueError(
            "a low that is +OPEN64 or a high that is -OPEN64 bounds nothing; no bound is low=-OPEN64, high=OPEN64"
        )


def _by_definition(
    first: NDArray[np.int32],
    last: NDArray[np.int32],
    adds: NDArray[np.bool_],
    low: NDArray[np.int64],
    high: NDArray[np.int64],
) -> list[tuple[int, int, int]]:
    """One account by `bounds.steps`, in numbers without size."""
    claims = []
    columns = (column.tolist() for column in (first, last, adds, low, high))
    for order, (a, b, add, least, most) in enumerate(zip(*columns, strict=True), 1):
        if a < FOREVER:
            down = -bounds.OPEN if least <= -OPEN64 else least
            up = bounds.OPEN if most >= OPEN64 else most
            claims.append(bounds.Claim(order, a, min(b, FOREVER), a, add, down, 0, up))
    found: list[tuple[int, int, int]] = []
    for day, (least, _, most) in bounds.steps(claims):
        if day < FOREVER:
            both = _in_64_bits(least), _in_64_bits(most)
            if not found or found[-1][1:] != both:
                found.append((day, *both))
    return found


def _in_64_bits(value: int) -> int:
    if abs(value) >= bounds.OPEN // 2:
        return OPEN64 if value > 0 else -OPEN64
    if abs(value) >= OPEN64:
        raise SumError(f"a bound of {value} base units does not fit into 64 bits; use replay.bounds for such amounts")
    return value


def _spliced(result: Result, account: int, rows: list[tuple[int, int, int]]) -> Result:
    """With the rows of one account that has none so far."""
    offsets, day, low, high = result
    place = int(offsets[account])
    return (
        np.concatenate((offsets[: account + 1], offsets[account + 1 :] + len(rows))),
        np.insert(day, place, np.array([row[0] for row in rows], dtype=np.int32)),
        np.insert(low, place, np.array([row[1] for row in rows], dtype=np.int64)),
        np.insert(high, place, np.array([row[2] for row in rows], dtype=np.int64)),
    )


@functools.cache
def _machine() -> Callable[..., None]:
    """
    `_accounts`, compiled.

    The one place where types end: numba has none to offer, and is not loaded before it is needed.
    """
    numba: Any = importlib.import_module("numba")
    extending: Any = importlib.import_module("numba.extending")
    for inner in (_sort, _take, _by_rows, _by_trees, _note, _put, _put_top, _replay_from, _top_of):
        extending.register_jitable(inner)
    try:
        machine: Callable[..., None] = numba.njit(cache=True)(_accounts)
    except RuntimeError:  # nowhere to keep it: a read-only installation without a home
        machine = numba.njit(_accounts)
    return machine


# --- from here on plain and compiled alike: loops over lists or arrays of whole numbers ----------


def _scratch_sizes(most: int) -> tuple[list[int], list[int], list[int], list[int]]:
    """Lengths of the working columns for accounts of up to so many claims."""
    size = 1 << max(most, 1).bit_length()
    return [most] * 4 + [1 << _DIGIT], [most + 1] * 14, [2 * most + 2] * 4, [2 * size] * 6 + [8 * size] * 4


def _accounts(
    offsets: Column,
    first: Column,
    last: Column,
    adds: Column,
    low: Column,
    high: Column,
    patience: int,
    sorting: Columns,
    claims: Columns,
    links: Columns,
    trees: Columns,
    days: Column,
    lows: Column,
    highs: Column,
    ends: Column,
    large: Column,
) -> None:
    """All accounts, one after the other; results into the last five."""
    at = 0
    for account in range(len(offsets) - 1):
        count, closings, most = _take(
            offsets[account], offsets[account + 1], first, last, adds, low, high, sorting, claims
        )
        large[account] = 0
        if most < 0:
            large[account] = 1
        elif count > 0:
            levels = 1
            while count >> levels > 0:
                levels += 1
            done = _by_rows(count, closings, most, patience * count * levels, at, claims, links, days, lows, highs)
            if done < 0:
                done = _by_trees(count, closings, most, at, claims, trees, days, lows, highs)
            at = done
        ends[account] = at


def _take(
    start: int,
    stop: int,
    first: Column,
    last: Column,
    adds: Column,
    low: Column,
    high: Column,
    sorting: Columns,
    claims: Columns,
) -> tuple[int, int, int]:
    """
    Lay out the claims of one account that can matter, in log order.

    Returns how many there are, how many of them have a window that closes, and the most that finite
    amounts can sum up to; -1 if sums might not fit.

    For each claim, named by its place among those that can matter, and twice where the greatest value
    (``_h``) and the least (``_l``, negated) differ:

    * begin, end: its window; sets: whether it sets;
    * start: what a set sets to, `_NO` for an add;
    * gain: what an add adds at its last place; pain: what it adds at its first place once it is sure;
    * heads: whether its first place has to be kept in the past, for a pain or as a place to cut at;
    * opening, closing: the claims by begin, and those with windows that close by end; ties in log order.
    """
    order, spare, key, rank, counts = sorting
    begin, end, sets, heads, gain_h, gain_l, start_h, start_l, pain_h, pain_l, _, opening, closing, _ = claims
    size = stop - start
    if size == 0:
        return 0, 0, 0
    earliest = latest = first[start]
    for i in range(size):
        day = first[start + i]
        if day < earliest:
            earliest = day
        if day > latest:
            latest = day
    for i in range(size):
        key[i] = first[start + i] - earliest
        order[i] = i
    _sort(order, spare, key, counts, size, latest - earliest)

    # Of the claims with an exact day, only the last set of each day and what follows it can matter.
    i = size - 1
    while i >= 0:
        day = key[order[i]]
        overtaken = False
        while i >= 0 and key[order[i]] == day:
            row = order[i]
            rank[row] = 0
            if first[start + row] >= FOREVER:
                rank[row] = -1
            elif last[start + row] == first[start + row]:
                if overtaken:
                    rank[row] = -1
                elif not adds[start + row]:
                    overtaken = True
            i -= 1

    count = closings = opens = largest = total = 0
    for i in range(size):
        if rank[i] < 0:
            continue
        row = start + i
        rank[i] = count
        begin[count] = first[row]
        end[count] = last[row] if last[row] < FOREVER else FOREVER
        if begin[count] < end[count] < FOREVER:
            closing[closings] = count
            closings += 1
        sets[count] = 0 if adds[row] else 1
        down, up = low[row], high[row]
        if down <= -OPEN64:
            opens += 1
            down = 0
        if up >= OPEN64:
            opens += 1
            up = 0
        amount = max(abs(down), abs(up))
        if adds[row]:
            total += amount
        elif amount > largest:
            largest = amount
        if total + largest > _ROOM:
            return 0, 0, -1
        count += 1
    most = total + largest
    # An open bound is an amount that no sum of finite ones can hide: what is beyond `most` is open.
    beyond = 2 * most + 1
    if opens + 2 > _ROOM // beyond:
        return 0, 0, -1

    taken = 0
    for i in range(size):
        if rank[order[i]] >= 0:
            opening[taken] = rank[order[i]]
            taken += 1
    for i in range(size):
        k = rank[i]
        if k < 0:
            continue
        row = start + i
        # The least value is the greatest one of negated amounts.
        up = high[row] if high[row] < OPEN64 else beyond
        down = -low[row] if low[row] > -OPEN64 else beyond
        pain_h[k] = pain_l[k] = heads[k] = 0
        if sets[k]:
            gain_h[k] = gain_l[k] = 0
            start_h[k] = up
            start_l[k] = down
            if end[k] < FOREVER:
                heads[k] = 1
            continue
        start_h[k] = start_l[k] = _NO
        gain_h[k] = up
        gain_l[k] = down
        if begin[k] == end[k]:
            continue
        # In doubt about its day an add counts as late as it can if it helps, as early as it can if not.
        if up < 0:
            gain_h[k] = 0
            if end[k] < FOREVER:
                pain_h[k] = up
                heads[k] = 1
        if down < 0:
            gain_l[k] = 0
            if end[k] < FOREVER:
                pain_l[k] = down
                heads[k] = 1
    if closings > 1:
        earliest = latest = end[closing[0]]
        for i in range(closings):
            day = end[closing[i]]
            if day < earliest:
                earliest = day
            if day > latest:
                latest = day
        for i in range(closings):
            key[closing[i]] = end[closing[i]] - earliest
        _sort(closing, spare, key, counts, closings, latest - earliest)
    return count, closings, most


def _sort(order: Column, spare: Column, key: Column, counts: Column, size: int, largest: int) -> None:
    """Put the first `size` of `order` in order of their keys; ties stay as they are."""
    # Digit by digit, with digits about as long as there are claims: linear, and short for short accounts.
    bits = 4
    while bits < _DIGIT and 1 << bits < size:
        bits += 1
    mask = (1 << bits) - 1
    shift = 0
    while largest >> shift > 0:
        for digit in range(mask + 1):
            counts[digit] = 0
        for i in range(size):
            counts[key[order[i]] >> shift & mask] += 1
        before = 0
        for digit in range(mask + 1):
            here = counts[digit]
            counts[digit] = before
            before += here
        for i in range(size):
            digit = key[order[i]] >> shift & mask
            spare[counts[digit]] = order[i]
            counts[digit] += 1
        for i in range(size):
            order[i] = spare[i]
        shift += bits


def _note(
    start: int, at: int, day: int, high: int, low: int, most: int, days: Column, lows: Column, highs: Column
) -> int:
    """Append a row if it says something new; where the next one goes."""
    up = OPEN64 if high > most else high
    down = -OPEN64 if low > most else -low
    if at > start and highs[at - 1] == up and lows[at - 1] == down:
        return at
    days[at] = day
    lows[at] = down
    highs[at] = up
    return at + 1


def _by_rows(
    count: int,
    closings: int,
    most: int,
    budget: int,
    at: int,
    claims: Columns,
    links: Columns,
    days: Column,
    lows: Column,
    highs: Column,
) -> int:
    """One account by replaying rows; where the next result goes, or `_TOO_SLOW`."""
    begin, end, sets, heads, gain_h, gain_l, start_h, start_l, pain_h, pain_l, place, opening, closing, today = claims
    link_start_h, link_start_l, link_add_h, link_add_l = links
    for k in range(count):
        place[k] = -1
    written = at
    # The past: links from `cut` to before `tip`, replayed into `past`; and the start of the link at `tip`,
    # whose add is still to come. The first link is the initial 0.
    cut = tip = 0
    past_h = past_l = _NO
    tip_h = tip_l = 0
    opened = closed = in_play = hot = 0
    day = begin[opening[0]]
    while True:
        stale = False
        while closed < closings and end[closing[closed]] == day:
            k = closing[closed]
            closed += 1
            if place[k] < cut:
                continue
            if sets[k]:
                if place[k] > cut:
                    cut = place[k]
                    stale = True
            else:
                link_add_h[place[k]] += pain_h[k]
                link_add_l[place[k]] += pain_l[k]
                stale = True

        news = opened
        exact = -1
        while opened < count and begin[opening[opened]] == day:
            if sets[opening[opened]] and end[opening[opened]] == day:
                exact = opening[opened]
            opened += 1
        if opened > news:
            hot = day + 2
            i = in_play - 1
            in_play += opened - news
            to = in_play - 1
            for j in range(opened - 1, news - 1, -1):
                while i >= 0 and today[i] > opening[j]:
                    today[to] = today[i]
                    to -= 1
                    i -= 1
                today[to] = opening[j]
                to -= 1

        budget -= in_play
        i = kept = 0
        if exact >= 0:
            # Nothing before this set counts any more: neither the past nor what is before it today.
            high = low = _NO
            while today[i] != exact:
                if end[today[i]] > day:
                    today[kept] = today[i]
                    kept += 1
                i += 1
        else:
            if stale:
                budget -= tip - cut
                past_h = past_l = _NO
                for j in range(cut, tip):
                    past_h = (past_h if past_h > link_start_h[j] else link_start_h[j]) + link_add_h[j]
                    past_l = (past_l if past_l > link_start_l[j] else link_start_l[j]) + link_add_l[j]
            high = past_h if past_h > tip_h else tip_h
            low = past_l if past_l > tip_l else tip_l
        if budget < 0:
            return _TOO_SLOW
        for j in range(i, in_play):
            k = today[j]
            if (begin[k] == day and heads[k] != 0) or (end[k] == day and (gain_h[k] != 0 or gain_l[k] != 0)):
                # A link of the past ends here: with an add that is settled today or may turn out to have
                # been today (0 for now); or before the first place of a set, where the list may be cut.
                add_h = add_l = 0
                if end[k] == day:
                    add_h = gain_h[k]
                    add_l = gain_l[k]
                link_start_h[tip] = tip_h
                link_start_l[tip] = tip_l
                link_add_h[tip] = add_h
                link_add_l[tip] = add_l
                past_h = (past_h if past_h > tip_h else tip_h) + add_h
                past_l = (past_l if past_l > tip_l else tip_l) + add_l
                tip_h = tip_l = _NO
                if begin[k] == day:
                    place[k] = tip + sets[k]
                tip += 1
                if k == exact:
                    cut = tip
                    past_h = past_l = _NO
            high += gain_h[k]
            low += gain_l[k]
            up = start_h[k]
            down = start_l[k]
            high = high if high > up else up
            low = low if low > down else down
            tip_h = tip_h if tip_h > up else up
            tip_l = tip_l if tip_l > down else down
            if end[k] > day:
                today[kept] = k
                kept += 1
        in_play = kept
        at = _note(written, at, day, high, low, most, days, lows, highs)

        following = day + 1 if day < hot else FOREVER
        if opened < count and begin[opening[opened]] < following:
            following = begin[opening[opened]]
        if closed < closings and end[closing[closed]] < following:
            following = end[closing[closed]]
        if following >= FOREVER:
            return at
        if following > day + 1:
            # On the days between, nothing stands but the open sets.
            for j in range(in_play):
                k = today[j]
                tip_h = tip_h if tip_h > start_h[k] else start_h[k]
                tip_l = tip_l if tip_l > start_l[k] else start_l[k]
        day = following


def _by_trees(
    count: int,
    closings: int,
    most: int,
    at: int,
    claims: Columns,
    trees: Columns,
    days: Column,
    lows: Column,
    highs: Column,
) -> int:
    """One account by replaying trees; where the next result goes."""
    begin, end, sets, heads, gain_h, gain_l, start_h, start_l, pain_h, pain_l, place, opening, closing, _ = claims
    now_add_h, now_start_h, now_add_l, now_start_l, top_h, top_l = trees[:6]
    past_add_h, past_start_h, past_add_l, past_start_l = trees[6:]
    size = width = 1
    while size < count:
        size *= 2
    while width < 2 * count + 2:
        width *= 2
    for node in range(2 * size):
        now_add_h[node] = now_add_l[node] = 0
        now_start_h[node] = now_start_l[node] = top_h[node] = top_l[node] = _NO
    for node in range(2 * width):
        past_add_h[node] = past_add_l[node] = 0
        past_start_h[node] = past_start_l[node] = _NO
    for k in range(count):
        place[k] = -1
    written = at
    # As with rows, but a link is "add, then start", like every part of a list: x becomes max(x + add, start).
    cut = tip = 0
    tip_h = tip_l = 0
    _put(past_add_h, past_start_h, width, 0, 0)
    _put(past_add_l, past_start_l, width, 0, 0)
    opened = closed = hot = 0
    day = begin[opening[0]]
    while True:
        gone = closed
        while closed < closings and end[closing[closed]] == day:
            k = closing[closed]
            closed += 1
            if place[k] < cut:
                continue
            if sets[k]:
                cut = place[k]
            else:
                node = width + place[k]
                _put(past_add_h, past_start_h, node, pain_h[k], past_start_h[node] + pain_h[k])
                _put(past_add_l, past_start_l, node, pain_l[k], past_start_l[node] + pain_l[k])
        news = opened
        exact = -1
        while opened < count and begin[opening[opened]] == day:
            k = opening[opened]
            opened += 1
            hot = day + 2
            if sets[k] and end[k] == day:
                exact = k
            _put(now_add_h, now_start_h, size + k, gain_h[k], start_h[k])
            _put(now_add_l, now_start_l, size + k, gain_l[k], start_l[k])
            if sets[k]:
                _put_top(top_h, size + k, start_h[k])
                _put_top(top_l, size + k, start_l[k])
        if exact >= 0:
            high = _replay_from(now_add_h, now_start_h, size + exact)
            low = _replay_from(now_add_l, now_start_l, size + exact)
        else:
            high = _replay_from(past_add_h, past_start_h, width + cut) + now_add_h[1]
            low = _replay_from(past_add_l, past_start_l, width + cut) + now_add_l[1]
            high = high if high > now_start_h[1] else now_start_h[1]
            low = low if low > now_start_l[1] else now_start_l[1]
        at = _note(written, at, day, high, low, most, days, lows, highs)

        # Today becomes past, link by link; the claims that open or close are met in log order.
        i, j = news, gone
        since = 0
        if exact >= 0:
            since = exact
        while i < opened or j < closed:
            if j == closed or (i < opened and opening[i] < closing[j]):
                k = opening[i]
                i += 1
            else:
                k = closing[j]
                j += 1
            if k < since:
                continue
            if (begin[k] == day and heads[k] != 0) or (end[k] == day and (gain_h[k] != 0 or gain_l[k] != 0)):
                tip_h = _top_of(top_h, size + since, size + k, tip_h)
                tip_l = _top_of(top_l, size + since, size + k, tip_l)
                since = k
                add_h = add_l = 0
                if end[k] == day:
                    add_h = gain_h[k]
                    add_l = gain_l[k]
                _put(past_add_h, past_start_h, width + tip, add_h, tip_h + add_h)
                _put(past_add_l, past_start_l, width + tip, add_l, tip_l + add_l)
                tip_h = tip_l = _NO
                if begin[k] == day:
                    place[k] = tip + sets[k]
                tip += 1
                if k == exact:
                    cut = tip
        tip_h = _top_of(top_h, size + since, size + count, tip_h)
        tip_l = _top_of(top_l, size + since, size + count, tip_l)
        for j in range(gone, closed):
            k = closing[j]
            _put(now_add_h, now_start_h, size + k, 0, _NO)
            _put(now_add_l, now_start_l, size + k, 0, _NO)
            if sets[k]:
                _put_top(top_h, size + k, _NO)
                _put_top(top_l, size + k, _NO)
        for j in range(news, opened):
            k = opening[j]
            if end[k] == day:
                _put(now_add_h, now_start_h, size + k, 0, _NO)
                _put(now_add_l, now_start_l, size + k, 0, _NO)
                if sets[k]:
                    _put_top(top_h, size + k, _NO)
                    _put_top(top_l, size + k, _NO)

        following = day + 1 if day < hot else FOREVER
        if opened < count and begin[opening[opened]] < following:
            following = begin[opening[opened]]
        if closed < closings and end[closing[closed]] < following:
            following = end[closing[closed]]
        if following >= FOREVER:
            return at
        if following > day + 1:
            tip_h = tip_h if tip_h > top_h[1] else top_h[1]
            tip_l = tip_l if tip_l > top_l[1] else top_l[1]
        _put(past_add_h, past_start_h, width + tip, 0, tip_h)
        _put(past_add_l, past_start_l, width + tip, 0, tip_l)
        day = following


def _put(add: Column, start: Column, node: int, amount: int, value: int) -> None:
    """Set a leaf to "add the amount, then start from the value if that is more"."""
    add[node] = amount
    start[node] = value
    while node > 1:
        node >>= 1
        right = 2 * node + 1
        add[node] = add[right - 1] + add[right]
        value = start[right - 1] + add[right]
        start[node] = value if value > start[right] else start[right]


def _replay_from(add: Column, start: Column, node: int) -> int:
    """The value after the leaves from this one to the end."""
    value = start[node]
    while node > 1:
        if node & 1 == 0:
            value += add[node + 1]
            if start[node + 1] > value:
                value = start[node + 1]
        node >>= 1
    return value


def _put_top(top: Column, node: int, value: int) -> None:
    """Set a leaf of a maximum tree."""
    top[node] = value
    while node > 1:
        node >>= 1
        value = top[2 * node]
        top[node] = value if value > top[2 * node + 1] else top[2 * node + 1]


def _top_of(top: Column, node: int, end: int, value: int) -> int:
    """The largest of the leaves from one to before another, and of the value."""
    while node < end:
        if node & 1 == 1:
            if top[node] > value:
                value = top[node]
            node += 1
        if end & 1 == 1:
            end -= 1
            if top[end] > value:
                value = top[end]
        node >>= 1
        end >>= 1
    return value
