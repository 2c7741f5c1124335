"""
The steps of many accounts at once.

Where all days of an account are exact there is one world but for the values: sorted by (day, log order),
the value after a claim is the last set's plus the adds since, which are two cumulative passes over all
accounts together. Where windows overlap, `sweep` finds the bounds; the best value is an exact account on
the middle days. `replay.bounds` is the plain definition of both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import numpy as np

from kursk_timeline.engines.columns import OPEN64, Flags, Ints, SumError, grouped_by, replay_order
from kursk_timeline.engines.sweep import sweep
from kursk_timeline.replay import bounds as plain
from kursk_timeline.replay.bounds import FOREVER, OPEN, Bounds, Claim

FEW = 64
"""So few claims of one account are replayed one by one."""


class Claims(NamedTuple):
    """
    What events do to accounts, in log order; a column each.

    Accounts are whole numbers from 0, days ordinals, amounts base units with ±`OPEN64` for no bound.
    """

    account: Ints
    first: Ints
    last: Ints
    adds: Flags
    low: Ints
    best: Ints
    high: Ints

    @property
    def middle(self) -> Ints:
        """The day of each claim in the best world."""
        return middle(self.first, self.last)

    def at(self, rows: Ints | Flags | slice) -> Claims:
        """Some of the claims."""
        return Claims(*(column[rows] for column in self))

    @classmethod
    def joined(cls, pieces: Iterable[Claims]) -> Claims:
        """Some pieces, in log order, as one."""
        return cls(*map(np.concatenate, zip(*pieces, strict=True)))

    def plain(self) -> list[Claim]:
        """The claims as the plain definition takes them, numbered as they stand."""
        days = [column.tolist() for column in (self.first, self.last, self.middle, self.adds)]
        amounts = [list(map(wide, column.tolist())) for column in (self.low, self.best, self.high)]
        return [Claim(order, *values) for order, values in enumerate(zip(*days, *amounts, strict=True))]


class Steps(NamedTuple):
    """
    Bounds wherever they change: those of account i stand at ``offsets[i]:offsets[i + 1]``, by day.

    Each holds from its day on, until the day before the account's next. Before its first there is nothing.
    """

    offsets: Ints
    day: Ints
    low: Ints
    best: Ints
    high: Ints


def middle(first: Ints, last: Ints) -> Ints:
    """The middle days of some windows; of one without an end the first day."""
    return np.where(last == FOREVER, first, (first + last) // 2)


def wide(amount: int) -> int:
    """A 64-bit amount as the plain definition has it: without a bound where it stands for none."""
    return amount if -OPEN64 < amount < OPEN64 else OPEN if amount > 0 else -OPEN


def narrow(amount: int) -> int:
    """
    The other way round.

    Raises:
        SumError: a finite amount that has no room in 64 bits.
    """
    if abs(amount) >= OPEN // 2:
        return OPEN64 if amount > 0 else -OPEN64
    if abs(amount) >= OPEN64:
        raise SumError(f"a sum of {amount} base units is beyond what columns can hold")
    return amount


def histories(claims: Claims, floors: Ints) -> Steps:
    """
    The steps of all accounts.

    Args:
        claims: In log order.
        floors: Of each account the least value that makes sense; -`OPEN64` for none. As many as there are
            accounts; those without claims have no steps.

    Cost: a sort and some passes where days are exact; see `sweep` for the rest.
    """
    accounts = len(floors)
    windowed = np.zeros(accounts, "?")
    windowed[claims.account[claims.first != claims.last]] = True
    large = too_large(claims, accounts)
    if not (windowed.any() or large.any()):
        found = _scan(claims.account, claims.first, claims.adds, claims[4:])
    else:
        parts: list[tuple[Ints, ...]] = []
        for which, steps in (
            (~windowed & ~large, _exact),
            (windowed & ~large, _windowed),
            (large, _plainly),
        ):
            if which.any():
                parts.append(steps(claims if which.all() else claims.at(which[claims.account])))
        found = parts[0]
        if len(parts) > 1:
            found = tuple(np.concatenate(columns) for columns in zip(*parts, strict=True))
            order = np.argsort(found[0], kind="stable")  # each account comes from one part, in order of days
            found = tuple(column[order] for column in found)
    return _settled(accounts, *found, floors=floors)


def history_after(before: Steps, claims: Sequence[Claims], fresh: Ints, floor: int) -> tuple[Steps, int, int]:
    """
    The steps of one account whose days are exact, from those it had before its last claims came.

    Args:
        before: Its steps by all claims but the fresh ones.
        claims: All its claims, in log order, in pieces.
        fresh: The days of the fresh ones; there are some.
        floor: The least value that makes sense.

    Returns:
        The steps, and the first and the last day on which they may differ from those before.

    What a claim does rests on the last set before it, and ends with the next one: only what lies between
    these is replayed.
    """
    start, end = int(fresh.min()), int(fresh.max())
    sets = [some.first * ~some.adds for some in claims]  # 0 for what adds
    rests = start - 1 - min(_least_from_0(start - 1 - days) for days in sets)
    overtaken = min(end + 1 + min(_least_from_0(days - (end + 1)) for days in sets), FOREVER + 1)
    between = Claims.joined(
        some.at(np.flatnonzero((some.first >= rests) & (some.first <= overtaken))) for some in claims
    )
    if len(between.first) <= FEW:
        changed = _replayed(between, floor)
    else:
        changed = histories(between, np.array([floor], "i8"))[1:]
    kept = int(np.searchsorted(before.day, start)), int(np.searchsorted(before.day, overtaken, "right"))
    new = int(np.searchsorted(changed[0], start))
    both = zip(before[1:], changed, strict=True)
    day, *amounts = (np.concatenate([old[: kept[0]], now[new:], old[kept[1] :]]) for old, now in both)
    return Steps(np.array([0, len(day)]), day, *amounts), start, overtaken


def _least_from_0(numbers: Ints) -> int:
    """The least of some 32-bit numbers that is not below 0; where there is none, one larger than all."""
    return int(numbers.view("u4").min(initial=0xFFFFFFFF))  # without a sign what is below 0 is larger than the rest


def _replayed(claims: Claims, floor: int) -> tuple[Ints, ...]:
    """The steps of one account whose days are exact, claim by claim: where they are few that is faster than passes."""
    days, adds = claims.first.tolist(), claims.adds.tolist()
    amounts = list(zip(*(map(wide, column.tolist()) for column in claims[4:]), strict=True))
    values, after = (0, 0, 0), dict[int, tuple[int, int, int]]()
    for place in sorted(range(len(days)), key=days.__getitem__):
        low, best, high = amounts[place]
        values = (values[0] + low, values[1] + best, values[2] + high) if adds[place] else (low, best, high)
        after[days[place]] = values
    steps: list[tuple[int, ...]] = []
    for day, said in after.items():
        step = (day, *(max(narrow(amount), floor) for amount in said))
        if not steps or steps[-1][1:] != step[1:]:
            steps.append(step)
    day, *found = np.array(steps, "i8").T
    return (day.astype("i4"), *found)


def _exact(claims: Claims) -> tuple[Ints, ...]:
    return _scan(claims.account, claims.first, claims.adds, claims[4:])


def _settled(accounts: int, code: Ints, day: Ints, low: Ints, best: Ints, high: Ints, *, floors: Ints) -> Steps:
    """Apply the floors to finished bounds, and leave out steps that say the same as the one before."""
    if len(floors) and floors.max() > -OPEN64:
        floor = floors[code]
        low, best, high = (np.maximum(amount, floor) for amount in (low, best, high))
    if len(code):
        same = code[1:] == code[:-1]
        for amount in (low, best, high):
            same &= amount[1:] == amount[:-1]
        kept = np.concatenate([[True], ~same])
        if not kept.all():
            code, day, low, best, high = (column[kept] for column in (code, day, low, best, high))
    offsets = np.searchsorted(code, np.arange(accounts + 1))
    return Steps(offsets, day, low, best, high)


def too_large(claims: Claims, accounts: int) -> Flags:
    """The accounts whose sums may not fit in 64 bits. (Hardly ever any: amounts are 2**53 at most.)"""
    if len(claims.account):
        reach = max(max(abs(int(column.min())), int(column.max())) for column in claims[4:])
        if reach * len(claims.account) >= OPEN64 // 2 <= reach * int(np.bincount(claims.account).max()):
            finite = (np.where(np.abs(column) == OPEN64, 0, column) for column in claims[4:])
            sums = [np.bincount(claims.account, np.abs(amount).astype("f8"), accounts) for amount in finite]
            return np.asarray(np.maximum.reduce(sums) >= OPEN64 // 2)
    return np.zeros(accounts, "?")


def _plainly(claims: Claims) -> tuple[Ints, ...]:
    """The steps of accounts by the plain definition."""
    found: list[tuple[int, ...]] = []
    for account in np.unique(claims.account).tolist():
        steps = plain.steps(claims.at(claims.account == account).plain())
        found += ((account, day, *map(narrow, value)) for day, value in steps)
    table = np.array(found, "i8").reshape(-1, 5).T
    return (table[0].astype("i4"), table[1].astype("i4"), *table[2:])


def _windowed(claims: Claims) -> tuple[Ints, ...]:
    """The steps of accounts with windows."""
    best = _scan(claims.account, claims.middle, claims.adds, (claims.best,))
    kept = _not_overtaken(claims)
    account = claims.account if kept is None else claims.account[kept]
    order = grouped_by(account)
    if kept is not None:
        order = kept[order]
    counts = np.bincount(account)
    numbers = np.flatnonzero(counts)
    borders = np.append(0, np.cumsum(counts[numbers]))
    _, first, last, adds, low, _, high = claims
    offsets, day, low, high = sweep(borders, first[order], last[order], adds[order], low[order], high[order])
    return _joined((np.repeat(numbers, np.diff(offsets)), day, low, high), best)


def _not_overtaken(claims: Claims) -> Ints | None:
    """
    The rows of claims that can matter; None where it is not worth looking.

    Of those with an exact day, what comes before an exact set of the same day never does. `sweep` leaves it
    out as well, but where claims are many for their days it is cheaper never to put it in order.
    """
    exact = claims.first == claims.last
    cells = _cells_of(claims.account, claims.first)
    if cells is None:
        return None
    last = _last_sets(cells, np.flatnonzero(exact & ~claims.adds))
    return np.flatnonzero(~exact | (np.arange(len(exact), dtype="i4") >= last[cells.cell]))


def _joined(bounds: tuple[Ints, ...], best: tuple[Ints, ...]) -> tuple[Ints, ...]:
    """Steps of bounds and steps of the best value as steps of both."""
    width = FOREVER + 2
    places = [account.astype("i8") * width + day for account, day in (bounds[:2], best[:2])]
    moments = np.concatenate(places)
    moments.sort()
    moments = moments[np.append(moments[1:] != moments[:-1], True)]
    at_bounds, at_best = (np.searchsorted(place, moments, "right") - 1 for place in places)
    account = (moments // width).astype("i4")
    begun = (at_best >= 0) & (best[0][at_best] == account)  # until a middle day comes it is the initial 0
    value = np.where(begun, best[2][at_best], 0)
    return account, (moments % width).astype("i4"), bounds[2][at_bounds], value, bounds[3][at_bounds]


def _scan(account: Ints, day: Ints, adds: Flags, amounts: Sequence[Ints]) -> tuple[Ints, ...]:
    """
    Accounts whose days are exact: the value after each day on which something happened.

    Returns:
        Account, day, and the value for each of `amounts`, by account and day.
    """
    cells = _cells_of(account, day)
    if cells is None:
        return _sorted_scan(account, day, adds, amounts)
    return _dense_scan(cells, adds, amounts)


class _Cells(NamedTuple):
    """A cell for each account and day: the one that each claim falls into, the first day, and how many of both."""

    cell: Ints
    start: int
    days: int
    accounts: int


def _cells_of(account: Ints, day: Ints) -> _Cells | None:
    """The cells of claims; None where there would be more cells than claims."""
    if not len(account):
        return None
    start, accounts = int(day.min()), int(account.max()) + 1
    days = int(day.max()) - start + 1
    if days * accounts > len(account):
        return None
    cell = account.astype("i4") * days  # fewer cells than claims, so it fits
    cell += day - start
    return _Cells(cell, start, days, accounts)


def _last_sets(cells: _Cells, sets: Ints) -> Ints:
    """For each cell the last of some rows that falls into it, -1 where none does. They are in log order."""
    last = np.full(cells.days * cells.accounts, -1, "i4")
    last[cells.cell[sets]] = sets  # of several in one cell the last one stays
    return last


def _dense_scan(cells: _Cells, adds: Flags, amounts: Sequence[Ints]) -> tuple[Ints, ...]:
    """
    The same where claims are many for the days and accounts they fall on: each falls into its cell, unsorted.

    What counts of a cell is its last set in log order and the adds after it; then a pass over the cells does.
    """
    cell, size = cells.cell, cells.days * cells.accounts
    last = _last_sets(cells, np.flatnonzero(~adds))
    counts = np.flatnonzero(np.arange(len(cell), dtype="i4") >= last[cell])
    where = cell[counts]
    touched = np.zeros(size, "?")
    touched[where] = True
    has_set = last >= 0
    begins = np.zeros(size, "?")
    begins[:: cells.days] = True
    rests = np.arange(size, dtype="i4")
    rests *= begins | has_set
    np.maximum.accumulate(rests, out=rests)
    ends = np.flatnonzero(touched)
    rests = rests[ends]

    def values(amount: Ints) -> Ints:
        if amount.max() == OPEN64 or amount.min() == -OPEN64:
            return _where_open(amount, values)
        total = np.zeros(size, "i8")
        np.add.at(total, where, amount[counts])
        own = total[rests]
        total *= ~(has_set | begins)
        np.cumsum(total, out=total)  # may go round 2**64; differences do not mind
        own += total[ends]
        own -= total[rests]
        return own

    known = {id(amount): values(amount) for amount in amounts}
    account, day = (ends // cells.days).astype("i4"), (ends % cells.days + cells.start).astype("i4")
    return (account, day, *(known[id(amount)] for amount in amounts))


def _where_open(amount: Ints, values: Callable[[Ints], Ints]) -> Ints:
    """The values where some amounts have no bound: open wherever one of those counts."""
    is_open = np.abs(amount) == OPEN64
    sign = 1 if amount[np.argmax(is_open)] > 0 else -1  # only one end of a range can be open
    return np.where(values(is_open.astype("i8")) > 0, sign * OPEN64, values(np.where(is_open, 0, amount)))


def _sorted_scan(account: Ints, day: Ints, adds: Flags, amounts: Sequence[Ints]) -> tuple[Ints, ...]:
    """The same for any claims, sorted by account, day and log order."""
    count = len(account)
    order = replay_order(account, day)
    account, day, adds = account[order], day[order], adds[order]
    begins = np.concatenate([[True], account[1:] != account[:-1]])[:count]
    # The claim that each value rests on: the last set, or the account's first claim.
    rests = np.arange(count, dtype="i4")
    rests *= begins | ~adds
    np.maximum.accumulate(rests, out=rests)
    ends = np.flatnonzero(np.concatenate([begins[1:] | (day[1:] != day[:-1]), [True]])[:count])
    rests = rests[ends]
    values = {id(amount): _running(amount, order, adds, rests, ends) for amount in amounts}
    return (account[ends], day[ends], *(values[id(amount)] for amount in amounts))


def _running(amount: Ints, order: Ints, adds: Flags, rests: Ints, ends: Ints) -> Ints:
    """The values at `ends`: sums of the adds since what each rests on."""
    if len(amount) and (amount.max() == OPEN64 or amount.min() == -OPEN64):
        return _where_open(amount, lambda one: _running(one, order, adds, rests, ends))
    amount = amount[order]  # a copy, and worked on in place: memory is what this takes
    value = amount[rests]
    amount *= adds
    np.cumsum(amount, out=amount)  # may go round 2**64; differences do not mind
    value += amount[ends]
    value -= amount[rests]
    return value


def bounds_of(steps: Steps, account: int) -> list[tuple[int, Bounds]]:
    """The steps of one account as the plain definition gives them."""
    part = slice(int(steps.offsets[account]), int(steps.offsets[account + 1]))
    amounts = [list(map(wide, column[part].tolist())) for column in (steps.low, steps.best, steps.high)]
    return list(zip(steps.day[part].tolist(), map(Bounds, *amounts), strict=True))
