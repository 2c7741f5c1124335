"""
Many dates at once: the rules of `replay.estimate`, for all dates of a key together.

What an account says on some dates is a column for each of its figures; the rules of counting, hull and
dispute are then few operations on columns, whatever the number of dates. They are those of one estimate,
word for word; `replay.estimate` is their plain form. What is not plain numbers by parties themselves (names,
sums, strengths without a headcount) is asked date by date.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import NamedTuple

import attrs
import numpy as np

from kursk_timeline.engines.accounts import ColumnAmounts
from kursk_timeline.engines.arrays import ArrayTable, Words, in_unit, runs
from kursk_timeline.engines.columns import OPEN64, Flags, Ints
from kursk_timeline.formats.arrow import Table
from kursk_timeline.measures import STRENGTH, Key, Measure
from kursk_timeline.quantity import Quantity
from kursk_timeline.replay.estimate import Estimate
from kursk_timeline.replay.ledger import Ledger
from kursk_timeline.replay.table import table_of
from kursk_timeline.units import unit as find_unit

MOST = 1 << 20
"""So many dates times keys are held at a time."""


class _Said(NamedTuple):
    """What one account says on some dates."""

    begun: Flags
    low: Ints
    best: Ints
    high: Ints
    certain: Flags
    heard: Ints
    spoken: Ints
    stale: Flags
    counted: Flags
    """Whether it must rest on a set: a headcount, where it is about presence."""

    @classmethod
    def by(cls, account: ColumnAmounts, days: Ints) -> _Said:
        part, speech, measure = account.part, account.speech, account.measure
        place = np.searchsorted(part.steps.day, days, "right") - 1
        low, best, high = (column[place] for column in part.steps[2:])
        spoke = np.searchsorted(speech.begins, days, "right") - 1
        heard = np.minimum(np.asarray(speech.heard)[spoke], days)
        stale = np.zeros(len(days), "?")
        if measure.shelf_life is not None:
            stale = (place >= 0) & (days - heard > measure.shelf_life)
            if measure.zero_stands:
                zero = stale & (low == 0) & (high == 0)
                if zero.any():
                    stale &= ~zero | part.below(days)
        sets = part.claims.last[~part.claims.adds]
        counted = days >= sets.min() if len(sets) else np.zeros(len(days), "?")
        spoken = np.asarray(speech.spoken)[spoke]
        return cls(place >= 0, low, best, high, part.sure_from <= days, heard, spoken, stale, counted)


class _Column(NamedTuple):
    """What the estimates of one key are on some dates, in the measure's unit; where none is there, anything."""

    there: Flags
    low: Ints
    best: Ints
    high: Ints
    certain: Flags
    disputed: Flags
    stale: Flags
    last_heard: Ints


def _estimates(accounts: Sequence[_Said], measure: Measure) -> tuple[_Column, Flags]:
    """
    The estimates of a key, of accounts in the order of their parties; and where all that count are headcounts.

    Amounts are base units still.
    """
    first = accounts[0]
    if len(accounts) == 1:
        none = np.zeros(len(first.begun), "?")
        column = _Column(first.begun, first.low, first.best, first.high, first.certain, none, first.stale, first.heard)
        return column, first.counted
    there = np.logical_or.reduce([a.begun for a in accounts])
    counting = [a.begun & ~a.stale for a in accounts]
    # Where all are stale, the one heard last stands.
    alone = there & ~np.logical_or.reduce(counting)
    if alone.any():
        last = _first_of(accounts, [a.begun for a in accounts], by_heard=True)
        counting = [c | (alone & (last == place)) for place, c in enumerate(counting)]
    sure = np.logical_or.reduce([c & a.certain for c, a in zip(counting, accounts, strict=True)])
    counting = [c & (a.certain | ~sure) for c, a in zip(counting, accounts, strict=True)]
    leading = _first_of(accounts, counting)

    def over(amounts: Sequence[Ints], where: Sequence[Flags], take: np.ufunc, other: int) -> Ints:
        return np.array(take.reduce([np.where(w, a, other) for a, w in zip(amounts, where, strict=True)]))

    heard = over([a.heard for a in accounts], counting, np.maximum, -1)
    # Of a cumulative measure, an account heard earlier is taken as "at least".
    bounding = (
        [c & (a.heard == heard) for c, a in zip(counting, accounts, strict=True)] if measure.cumulative else counting
    )
    lows, highs = [a.low for a in accounts], [a.high for a in accounts]
    at_least = over(lows, counting, np.maximum, -OPEN64)
    at_most = over(highs, bounding, np.minimum, OPEN64)
    column = _Column(
        there=there,
        low=over(lows, counting, np.minimum, OPEN64),
        best=_picked(accounts, leading),
        high=over(highs, counting, np.maximum, -OPEN64),
        certain=sure,
        disputed=at_least > at_most,
        stale=~np.logical_or.reduce([c & ~a.stale for c, a in zip(counting, accounts, strict=True)]),
        last_heard=heard,
    )
    return column, np.logical_and.reduce([a.counted | ~c for a, c in zip(accounts, counting, strict=True)])


def _picked(accounts: Sequence[_Said], leading: Ints) -> Ints:
    stacked = np.stack([a.best for a in accounts])
    picked: Ints = np.take_along_axis(stacked, leading[None], axis=0)[0]
    return picked


def _first_of(accounts: Sequence[_Said], among: Sequence[Flags], *, by_heard: bool = False) -> Ints:
    """
    The account spoken for last, then the narrower, then by name, of those among which to choose.

    With `by_heard`, first of all the one heard last.
    """
    best = np.full(len(among[0]), -1, "i4")
    kept: list[Ints] = []
    for place, (account, allowed) in enumerate(zip(accounts, among, strict=True)):
        is_open = (account.low == -OPEN64) | (account.high == OPEN64)
        # An open range is as wide as any other open range; it has to be smaller than what overflows.
        width = np.where(is_open, OPEN64, np.where(is_open, 0, account.high) - np.where(is_open, 0, account.low))
        rank = [*([-account.heard] if by_heard else []), -account.spoken, width]
        if not kept:
            kept, better = [r.copy() for r in rank], allowed
        else:
            equal, less = np.ones(len(best), "?"), np.zeros(len(best), "?")
            for mine, theirs in zip(rank, kept, strict=True):
                less |= equal & (mine < theirs)
                equal &= mine == theirs
            better = allowed & (less | (best < 0))
            for mine, theirs in zip(rank, kept, strict=True):
                theirs[better] = mine[better]
        best[better] = place
    best[best < 0] = 0  # nobody to choose from: anybody will do
    return best


def _in_unit(column: _Column, measure: Measure) -> _Column:
    """Amounts as floats in the measure's unit, an open bound infinite."""
    assert measure.unit is not None
    low, best, high = in_unit(column.low, column.best, column.high, measure.unit)
    return column._replace(low=low, best=best, high=high)


class _Keys:
    """The figures of keys on some dates, gathered key by key."""

    def __init__(self, ledger: Ledger, days: Ints) -> None:
        self.ledger, self.days = ledger, days
        self.texts: list[str | None] = [None]
        self._codes: dict[str, int] = {}
        self.found: dict[Key, tuple[Measure, _Column, Ints | None]] = {}
        """By key: its measure, its figures, and for a name the code of the text of its holders."""
        for key in ledger.claimed():
            self._add(key)

    def _add(self, key: Key) -> None:
        measure = self.ledger.measures[key.measure]
        accounts = [account for _, account in sorted(self.ledger.accounts(key).items())]
        numbers = [account for account in accounts if isinstance(account, ColumnAmounts)]
        strength = attrs.evolve(key, measure=STRENGTH.name) if key.measure in ("present", "deployed") else None
        if len(numbers) == len(accounts) and find_unit(measure.unit or "items").writes_all:
            column, counted = _estimates([_Said.by(account, self.days) for account in numbers], measure)
            column = _in_unit(column, measure)
            self.found[key] = measure, column, None
            if key.measure == "present" and strength is not None:
                same = column.there & counted
                rest = np.flatnonzero(~same)
                self.found[strength] = STRENGTH, self._asked(strength, rest, column)[0], None
                return
        else:
            column, names = self._asked(key, np.arange(len(self.days)))
            self.found[key] = measure, column, names if measure.is_name else None
        if strength is not None and strength not in self.found:
            self.found[strength] = STRENGTH, self._asked(strength, np.arange(len(self.days)))[0], None

    def _asked(self, key: Key, places: Ints, rest: _Column | None = None) -> tuple[_Column, Ints]:
        """A key asked date by date, at some places; at all others its figures are those of `rest`."""
        size = len(self.days)
        if rest is None:
            no, nought = np.zeros(size, "?"), np.zeros(size)
            rest = _Column(no, nought, nought, nought, no, no, no, np.zeros(size, "i8"))
        column = _Column._make(one.copy() for one in rest)
        names = np.zeros(size, "i4")
        for place in places.tolist():
            found = self.ledger.on(key, int(self.days[place]))
            column.there[place] = found is not None
            if found is not None:
                self._put(column, names, place, found)
        return column, names

    def _put(self, column: _Column, names: Ints, place: int, found: Estimate) -> None:
        if found.measure.is_name:
            text = ", ".join(sorted(found.holders))
            code = self._codes.get(text)
            if code is None:
                code = self._codes[text] = len(self.texts)
                self.texts.append(text)
            names[place] = code
        else:
            amount: Quantity = found.quantity
            column.low[place], column.best[place], column.high[place] = amount.low, amount.best, amount.high
        column.certain[place], column.disputed[place], column.stale[place] = found.certain, found.disputed, found.stale
        column.last_heard[place] = found.last_heard.toordinal()


def states(ledger: Ledger, dates: Sequence[dt.date]) -> Table:
    """
    The estimates of all keys on some dates: one row for each date and key claimed by then.

    Args:
        ledger: Over columns, with ``gaps="hold"``.
        dates: In the order in which they are to come.

    Returns:
        The columns of `replay.table.table_of`.

    Cost: a few operations on columns for each key; what is asked date by date costs an estimate each.
    """
    if not dates:
        return table_of(())
    days = np.array([date.toordinal() for date in dates], "i8")
    step = max(1, MOST // max(1, 2 * len(ledger.claimed())))
    parts = [_Keys(ledger, days[start : start + step]) for start in range(0, max(1, len(days)), step)]
    keys = sorted(parts[0].found, key=str)
    if not keys:
        return table_of(())
    measures = [parts[0].found[key][0] for key in keys]
    theres = [np.stack([part.found[key][1].there for key in keys], axis=1) for part in parts]

    def gathered(name: str) -> Ints:
        columns = [np.stack([getattr(part.found[key][1], name) for key in keys], axis=1) for part in parts]
        return np.concatenate([column[there] for column, there in zip(columns, theres, strict=True)])

    blocks = [block for there in theres for block in runs(there)]

    def words(texts: Sequence[str | None]) -> Words:
        return Words(texts, blocks)

    is_number = np.array([not measure.is_name for measure in measures])
    number = np.concatenate([np.broadcast_to(is_number, there.shape)[there] for there in theres])
    holders: list[str | None] = [None]
    codes = []
    for part, there in zip(parts, theres, strict=True):
        names = [part.found[key][2] for key in keys]
        none = np.zeros(len(there), "i4")
        chosen = np.stack([none if one is None else one for one in names], axis=1)[there]
        codes.append((np.where(chosen > 0, chosen + len(holders) - 1, 0), 1))
        holders += part.texts[1:]
    date = np.concatenate([np.repeat(part.days, there.sum(axis=1)) for part, there in zip(parts, theres, strict=True)])
    return ArrayTable(
        [
            ("date", "date", date, None),
            ("measure", "string", words([key.measure for key in keys]), None),
            ("subject", "string", words([key.subject for key in keys]), None),
            ("region", "string", words([key.region for key in keys]), None),
            ("low", "number", gathered("low"), number),
            ("best", "number", gathered("best"), number),
            ("high", "number", gathered("high"), number),
            ("unit", "string", words([measure.unit for measure in measures]), None),
            ("holders", "string", Words(holders, codes), None),
            ("certain", "bool", gathered("certain"), None),
            ("disputed", "bool", gathered("disputed"), None),
            ("stale", "bool", gathered("stale"), None),
            ("last_heard", "date", gathered("last_heard"), None),
        ],
        len(date),
    )
