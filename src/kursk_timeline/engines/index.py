"""
All accounts on all days, ready to be looked up.

The index holds the steps of every account (`kernel`), and for each day what every account says, where that
takes little more room than the steps: a look-up then costs what its answer weighs, however many events
there are; else it is a search in the steps. When events are added, only the accounts they touch are
computed again; of those with windows only the day that is asked for, until they are asked often enough to
deserve all days.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from typing import NamedTuple

import numpy as np

from kursk_timeline.engines.columns import FRESH, NEVER, OPEN64, Columns, Flags, Ints, Moment, SumError, Withdrawn
from kursk_timeline.engines.daily import Daily
from kursk_timeline.engines.kernel import Claims, Steps, histories, middle, too_large
from kursk_timeline.engines.known import Pairs
from kursk_timeline.engines.single import Before, Found, Part
from kursk_timeline.measures import Measure

ROOM = 2
"""The table of days may have so many times as many places as there are steps, or…"""

SMALL = 1 << 18
"""…so many altogether; else it is left out."""

MANY = 8
"""So few changed accounts that are not in the table of days, and so few fresh claims, are looked at one by one."""


class Answers:
    """
    What every account says on one day, as columns; the order is that of the codes in `Columns.accounts`.

    Attributes:
        low, best, high: Whole base units; ±`OPEN64` for no bound. Of a name, its code.
        certain: Some event of the account must have happened.
        begun: There is an account at all; the rest says nothing where there is none.
    """

    __slots__ = ("begun", "best", "certain", "high", "low")

    def __init__(self, low: Ints, best: Ints, high: Ints, certain: Flags, begun: Flags) -> None:
        self.low, self.best, self.high, self.certain, self.begun = low, best, high, certain, begun

    @classmethod
    def stacked(cls, days: Sequence[Answers], accounts: int) -> Answers:
        """The answers of some days, for so many accounts, as one: a row for each day."""
        if not days:
            none, no = np.zeros((0, accounts), "i8"), np.zeros((0, accounts), "?")
            return cls(none, none, none, no, no)
        return cls(
            *(np.stack([getattr(one, name) for one in days]) for name in ("low", "best", "high", "certain", "begun"))
        )

    def replaced(self, accounts: int, parts: Mapping[int, Part], day: int) -> Answers:
        """The same for so many accounts, and what some say anew."""
        columns: list[Ints] = [self.low, self.best, self.high, self.certain, self.begun]
        more = accounts - len(self.low)
        if more:
            columns = [np.concatenate([column, np.zeros(more, column.dtype)]) for column in columns]
        for account, part in parts.items():
            begun = part.begins <= day
            values = (*(part.at(day) if begun else (0, 0, 0)), part.sure_from <= day, begun)
            for column, value in zip(columns, values, strict=True):
                column[account] = value
        return Answers(*columns)


class Said(NamedTuple):
    """
    What every account says on a day, and when it was heard; by account.

    Attributes:
        heard: The latest day until which an event begun by then was heard or restated; it may lie behind the day.
        spoken: The latest middle of one.
    """

    begun: list[bool]
    low: list[int]
    best: list[int]
    high: list[int]
    heard: list[int]
    spoken: list[int]


class Book:
    """
    The accounts of the claims that count, each found when it is asked for.

    Args:
        columns: The log's events.
        measures: What each key's measure means.
        known_on: Only what was known by the end of this day (ordinal); None for everything.
        counts: Whether a claimant counts; None where all do.
    """

    def __init__(
        self,
        columns: Columns,
        measures: Mapping[str, Measure],
        known_on: int | None = None,
        counts: Callable[[str], bool] | None = None,
    ) -> None:
        self.columns, self.measures, self.known_on = columns, measures, known_on
        self.counts = counts
        self._counting: list[bool] = []

    def _that_count(self, events: Ints, withdrawn: Withdrawn) -> Flags:
        """Which of some claims count, where these events are withdrawn."""
        standing = self.columns.standing(events, self.known_on, withdrawn)
        return standing if self.counts is None else standing & self._heard(events)

    def _all_that_count(self) -> Ints | None:
        """The rows of all effects that count; None where all do."""
        counting = self._that_count(self.columns.effects["event"], self.columns.withdrawn)
        return None if counting.all() else np.flatnonzero(counting)

    def _heard(self, events: Ints) -> Flags:
        """Those of some events whose claimant counts."""
        assert self.counts is not None
        counting, claimants = self._counting, self.columns.claimants.things
        if len(counting) < len(claimants):  # a new list: another thread may be at the same
            self._counting = counting = [*counting, *map(self.counts, claimants[len(counting) :])]
        return np.array(counting, "?")[self.columns.events["claimant"][events]]

    def events(self, moment: Moment | None = None) -> Ints:
        """The rows of the events that count, in log order; now, or as that was at a moment."""
        moment = moment or self.columns.moment
        rows = np.flatnonzero(self.columns.events["claims"][: moment.events])
        return rows[self._that_count(rows, moment.withdrawn)]

    def claims(self, rows: Ints | None) -> Claims:
        """What effects do, as the kernel takes it; None for all."""
        effects, events = self.columns.effects, self.columns.events
        names = ("event", "account", "adds", "low", "best", "high")
        event, account, adds, *amounts = (effects[name] if rows is None else effects[name][rows] for name in names)
        return Claims(account, events["first"][event], events["last"][event], adds, *amounts)

    def floor(self, account: int) -> int:
        """The least value that makes sense for an account; a name has none."""
        measure = self.measures[self.columns.accounts.things[account][0].measure]
        return -OPEN64 if measure.floor is None or measure.is_name else measure.floor

    def accounts(self) -> list[int]:
        """The accounts that any claim that counts is about."""
        if self.known_on is not None and self.counts is None:
            there, open_ = self.columns.known_by(self.known_on)
            return sorted(there + [code for code in open_ if self.part(code).begins < NEVER])
        rows, codes = self._all_that_count(), self.columns.effects["account"]
        return np.flatnonzero(np.bincount(codes if rows is None else codes[rows])).tolist()

    def part(self, account: int, moment: Moment | None = None) -> Part:
        """
        An account as it is now, or was at a moment.

        Its claims are looked up when they are first needed, and still are those of then.
        """
        return self._part(account, moment or self.columns.moment)

    def _part(
        self, account: int, moment: Moment, kept: tuple[Steps, int, int] | None = None, before: Before | None = None
    ) -> Part:
        columns = self.columns

        def of_then(rows: Ints, effects: list[Ints]) -> Found:
            end = int(np.searchsorted(rows, moment.effects))  # what came later is not of then
            event, *does, heard = (column[:end] for column in effects)
            counting = self._that_count(event, moment.withdrawn)
            claims = Claims(np.zeros(end, "i4"), *does)
            if counting.all():
                return Found(rows[:end], claims, heard)
            return Found(rows[:end][counting], claims.at(counting), heard[counting])

        def find() -> list[Found]:
            return [of_then(*piece) for piece in columns.pieces_of(account)]

        return Part(find, self.floor(account), moment.effects, kept, before)


class Index(Book):
    """
    The accounts of the claims that count, with all their steps.

    Attributes:
        steps: Those of all accounts when the index was built.
        begins, sure_from: Of each account the first day, and the first by which an event must have happened;
            `NEVER` for none. Those of accounts that lie apart are not kept up.

    Cost: a sort and some passes over all effects, once.
    """

    steps: Steps
    begins: Ints
    sure_from: Ints
    _accounts: int
    """So many accounts there were when it was built,"""
    _size: int
    """so many effects,"""
    _withdrawn: Withdrawn
    """and these events were withdrawn when it was last kept up."""
    _changed: dict[int, Part]
    """Accounts that are not what `steps` has of them."""
    _apart: set[int]
    """Those of them that are not in the tables of days either, and are looked at one by one."""

    def __init__(
        self,
        columns: Columns,
        measures: Mapping[str, Measure],
        counts: Callable[[str], bool] | None = None,
        kept: tuple[Steps, Ints] | None = None,
    ) -> None:
        """
        With `kept`, steps and the days from which accounts are sure as an earlier index had them.

        An account that has claims and no steps is one whose sums are too large.
        """
        super().__init__(columns, measures, counts=counts)
        if kept is None:
            self._build()
        else:
            there = np.flatnonzero(np.diff(kept[0].offsets)).tolist()
            self._set(*kept, alone={*super().accounts()}.difference(there))

    def _build(self) -> None:
        accounts = len(self.columns.accounts)
        claims = self.claims(self._all_that_count())
        floors = np.array([self.floor(code) for code in range(accounts)], "i8")
        alone: list[int] = []
        try:
            steps = histories(claims, floors)
        except SumError:  # one account's: it is asked by itself from now on, and says so by itself
            large = too_large(claims, accounts)
            alone = np.flatnonzero(large).tolist()
            claims = claims.at(~large[claims.account])
            steps = histories(claims, floors)
        sure_from = _firsts(steps)
        if (claims.first != claims.last).any():
            sure_from = np.full(accounts, NEVER, "i4")
            np.minimum.at(sure_from, claims.account, claims.last)
        self._set(steps, sure_from, alone)

    def _set(self, steps: Steps, sure_from: Ints, alone: Iterable[int]) -> None:
        """Have these steps; some accounts have none there, and are asked by themselves."""
        parts = {account: super(Index, self).part(account) for account in alone}
        now = {
            "steps": steps,
            "begins": _firsts(steps),
            "sure_from": sure_from.copy(),
            "_accounts": len(sure_from),
            "_size": len(self.columns.effects),
            "_withdrawn": self.columns.withdrawn,
            "_changed": parts,
            "_apart": set(parts),
        }
        worked_out = ("_table", "_speech", "_windowed", "_moments", "_amounts")
        # In one go: whatever interrupts, it has all of them or is what it was.
        self.__dict__ = {name: value for name, value in self.__dict__.items() if name not in worked_out} | now

    # --- growing --------------------------------------------------------------------------------

    def update(self, touched: Iterable[int]) -> None:
        """
        Take in what was added to the columns since.

        Args:
            touched: The accounts that the added events, or their withdrawing others, have a say in.

        Cost: that of those accounts; nothing else is looked at.
        """
        if len(self.columns.effects) - self._size > max(FRESH, self._size // 16):
            self._build()
            return
        if len(self.columns.effects) > FRESH:
            self.columns.lay_out()
        # An account of which an event of old may stand otherwise than it did is computed anew.
        anew, moment = self.columns.withdrawn is not self._withdrawn, self.columns.moment
        changed = {
            account: self._part(account, moment, before=None if anew else self._so_far(account)) for account in touched
        }
        self._changed.update(changed)
        self._apart.update(changed)
        self._withdrawn = self.columns.withdrawn

    def _so_far(self, account: int) -> Before | None:
        """The steps of an account as they were computed last."""
        changed = self._changed.get(account)
        if changed is not None:
            return changed.so_far(written=account not in self._apart)
        if account >= self._accounts or self._windowed[account]:
            return None
        return Before(self._steps_of(account), self._size, written=True)

    @cached_property
    def _windowed(self) -> Flags:
        """The accounts among whose claims some have windows."""
        account, event = (self.columns.effects[name][: self._size] for name in ("account", "event"))
        found = np.zeros(self._accounts, "?")
        found[account[(self.columns.events["first"] != self.columns.events["last"])[event]]] = True
        return found

    def _steps_of(self, account: int) -> Steps:
        start, end = self.steps.offsets[account : account + 2].tolist()
        return Steps(np.array([0, end - start]), *(column[start:end] for column in self.steps[1:]))

    def _work_in(self) -> None:
        """
        Write what changed accounts say into the tables of days.

        An account that is new stays apart, one with windows of which one day is found faster than all, one
        whose days lie too far off, and one whose sums are too large, which says so itself when it is asked.
        """
        for account in sorted(self._apart):
            part = self._changed[account]
            if self._table is None or account >= self._accounts or not part.has_steps:
                continue
            with suppress(SumError):
                if self._write(account, part, self._table, self.__dict__.get("_speech")):
                    self.begins[account], self.sure_from[account] = part.begins, part.sure_from
                    self._apart.discard(account)

    def _write(self, account: int, part: Part, amounts: Daily, speech: Daily | None) -> bool:
        """Write an account into the tables; false, and nothing is written, where its days lie too far off for one."""
        _, days, *numbers = part.steps
        if not amounts.reaches(days):
            return False
        if speech is not None:
            fresh = part.fresh
            if part.goes_on and len(fresh.rows) <= MANY:  # more are written sooner than raised one by one
                write, begins, *spoken = speech.raise_to, fresh.claims.first, fresh.heard, fresh.claims.middle
            else:
                write, begins, *spoken = speech.write, *part.speech
            if not speech.reaches(begins):
                return False
            write(account, begins, spoken)
        amounts.write(account, days, numbers, *part.changed_days)
        return True

    # --- looking up -----------------------------------------------------------------------------

    def accounts(self) -> list[int]:
        found = set(np.flatnonzero(self.begins < NEVER).tolist())
        changed = {account: part.begins < NEVER for account, part in self._changed.items()}
        return sorted(found - changed.keys() | {account for account, any_ in changed.items() if any_})

    def part(self, account: int, moment: Moment | None = None) -> Part:
        changed = self._changed.get(account)
        if changed is not None and moment is None:
            return changed
        if account >= self._accounts or moment is not None:
            return super().part(account, moment)
        kept = self._steps_of(account), int(self.begins[account]), int(self.sure_from[account])
        return self._part(account, self.columns.moment, kept)

    @cached_property
    def _table(self) -> Daily | None:
        """Low, best and high of every account; None where that would have many more places than there are steps."""
        steps = self.steps
        if not len(steps.day):
            return None
        first, last = int(steps.day.min()), int(steps.day.max())
        if last - first + 1 > self._most_days:
            return None
        places = np.zeros((last - first + 1, self._accounts), "i4")
        places[steps.day - first, self._account_of_steps] = np.arange(len(steps.day), dtype="i4")
        np.maximum.accumulate(places, axis=0, out=places)
        return Daily(first, np.stack([amount.take(places) for amount in steps[2:]]), self._most_days)

    @cached_property
    def _speech(self) -> Daily | None:
        """
        Until when every account was heard by each day, and the latest middle of what it said; see `Part.speech`.

        Cost: some passes over all effects, when it is first needed.
        """
        effects, rows = self.columns.effects, self._all_that_count()
        account, event = (effects[name] if rows is None else effects[name][rows] for name in ("account", "event"))
        if len(self.columns.accounts) > self._accounts:
            known = account < self._accounts
            account, event = account[known], event[known]
        first, last, heard = (self.columns.events[name][event] for name in ("first", "last", "heard"))
        if not len(first):
            return None
        start = int(first.min())
        days = int(first.max()) - start + 1
        if days > self._most_days:
            return None
        numbers = np.zeros((2, days, self._accounts), "i4")
        place = (first - start) * self._accounts + account
        for row, number in zip(numbers, (heard, middle(first, last)), strict=True):
            np.maximum.at(row.reshape(-1), place, number)
        np.maximum.accumulate(numbers, axis=1, out=numbers)
        return Daily(start, numbers, self._most_days)

    @property
    def _most_days(self) -> int:
        """The most days that the table may have."""
        return max(SMALL, ROOM * len(self.steps.day)) // self._accounts

    @property
    def _account_of_steps(self) -> Ints:
        return np.repeat(np.arange(self._accounts, dtype="i4"), np.diff(self.steps.offsets))

    @cached_property
    def _moments(self) -> Ints:
        """Account and day of each step in one number, ascending."""
        return self._account_of_steps * np.int64(NEVER) + self.steps.day

    @cached_property
    def _amounts(self) -> Ints:
        """Low, best and high of each step next to each other: a search takes all three at once."""
        if not len(self.steps.day):
            return np.zeros((1, 3), "i8")
        return np.stack(self.steps[2:], axis=1)

    def _searched(self, day: int) -> Ints:
        """Low, best and high of every account on a day, found among its steps; before it begins it says nothing."""
        wanted = np.arange(self._accounts, dtype="i8") * NEVER + day
        places = np.searchsorted(self._moments, wanted, "right") - 1
        return self._amounts.take(places, axis=0, mode="clip").T

    def at(self, day: int) -> Answers:
        """
        What every account says on a day (ordinal).

        Cost: that of its own size. An account that was changed since the last build costs some passes over
        its own claims.
        """
        self._work_in()
        if len(self._apart) > max(MANY, self._accounts // 2):  # as many look-ups each time cost more than to build
            self._build()
        low, best, high = self._searched(day) if self._table is None else self._table.on(day)
        found = Answers(low, best, high, self.sure_from <= day, self.begins <= day)
        if not self._apart:
            return found
        return found.replaced(len(self.columns.accounts), {code: self._changed[code] for code in self._apart}, day)

    def many(self, days: Ints) -> Answers:
        """What every account says on some days: the same columns, a row for each day."""
        self._work_in()
        if self._table is None or self._apart:
            return Answers.stacked([self.at(day) for day in days.tolist()], len(self.columns.accounts))
        low, best, high = self._table.many(days)
        each = days[:, None]
        return Answers(low, best, high, self.sure_from <= each, self.begins <= each)

    def all_said(self, day: int) -> Said | None:
        """
        What every account says on a day (ordinal), and when it was heard; None where there is no table of days.

        Of a name the amounts are codes.
        """
        said, speech = self.at(day), self._speech
        if speech is None:
            return None
        spoken = speech.on(day)
        more = len(said.begun) - self._accounts
        if more:
            spoken = np.concatenate([spoken, np.zeros((2, more), "i4")], axis=1)
        for account in self._apart:
            part = self._changed[account]
            spoken[:, account] = part.heard_by(day), part.spoken_by(day)
        return Said(*(row.tolist() for row in (said.begun, said.low, said.best, said.high, *spoken)))

    def settled(self) -> tuple[Steps, Ints]:
        """All steps, and the day from which each account is sure, with whatever was changed worked in."""
        if self._changed:
            self._build()
        return self.steps, self.sure_from

    @property
    def nbytes(self) -> int:
        """Memory in use beside the columns, in bytes."""
        speech: Daily | None = self.__dict__.get("_speech")
        looked_up = [self._amounts if self._table is None else self._table.numbers]
        kept = [*self.steps, self.begins, self.sure_from, *looked_up, *([] if speech is None else [speech.numbers])]
        return sum(one.nbytes for one in kept)


def _firsts(steps: Steps) -> Ints:
    """The first day of each account's steps; `NEVER` where it has none."""
    found = np.full(len(steps.offsets) - 1, NEVER, "i4")
    some = steps.offsets[:-1] < steps.offsets[1:]
    found[some] = steps.day[steps.offsets[:-1][some]]
    return found


class KnownIndex(Book):
    """
    The accounts of the claims that count, on any day as known on any other.

    Args:
        book: What counts; whatever it says of what was known is left to each question.

    Cost: a sort and some passes over all effects, once; of a question, that of its answer.
    """

    def __init__(self, book: Book) -> None:
        super().__init__(book.columns, book.measures, counts=book.counts)
        columns = self.columns
        self._accounts = len(columns.accounts)
        rows = columns.by_account()
        if self.counts is not None:
            rows = rows[self._heard(columns.effects["event"][rows])]
        rows, known, until = columns.visible(rows)
        claims = self.claims(rows)
        offsets = np.searchsorted(claims.account, np.arange(self._accounts + 1))
        self.pairs = Pairs(offsets, *claims[1:], known, until)
        self._floors = np.array([self.floor(code) for code in range(self._accounts)], "i8")
        self._touched: set[int] = set()

    def update(self, touched: Iterable[int]) -> None:
        """Take in what was added to the columns since; those accounts are from now on looked at one by one."""
        self._touched.update(touched)

    @property
    def is_worn(self) -> bool:
        """So many accounts were touched that a new index is the better choice."""
        return len(self._touched) > max(MANY, self._accounts // MANY)

    def at(self, day: int, known_on: int) -> Answers:
        """What every account says on a day (ordinal), on what was known by the end of another."""
        low, best, high, certain, begun = self.pairs.at(day, known_on)
        low, best, high = (np.where(begun, np.maximum(amount, self._floors), 0) for amount in (low, best, high))
        found = Answers(low, best, high, certain, begun)
        book = Book(self.columns, self.measures, known_on, self.counts)
        return found.replaced(len(self.columns.accounts), {code: book.part(code) for code in self._touched}, day)
