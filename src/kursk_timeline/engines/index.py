"""
All accounts on all days, ready to be looked up.

The index holds the steps of every account (`kernel`), and for each day what every account says, where that
takes little more room than the steps: a look-up then costs what its answer weighs, however many events
there are; else it is a search in the steps. When events are added, only the accounts they touch are
computed again; of those with windows only the day that is asked for, until they are asked often enough to
deserve all days.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property

import numpy as np

from kursk_timeline.engines.columns import FRESH, NEVER, OPEN64, Columns, Flags, Ints, Moment, SumError, Withdrawn
from kursk_timeline.engines.kernel import Claims, Steps, histories, narrow, too_large, wide
from kursk_timeline.engines.known import Pairs
from kursk_timeline.measures import Measure
from kursk_timeline.replay import bounds as plain
from kursk_timeline.replay.bounds import Bounds

ROOM = 2
"""The table of days may have so many times as many places as there are steps, or…"""

SMALL = 1 << 18
"""…so many altogether; else it is left out."""

MORE_DAYS = 31
"""So many days at least the table grows by when an event lies behind its last."""

OFTEN = 3
"""So many look-ups of an account that was changed, and all its steps are computed."""

MANY = 8
"""So few changed accounts that are not in the table of days are always looked at one by one."""

IN_PLAY = 256
"""With so many claims in play on a day, an account's steps are found faster than that one day by itself."""


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


class Part:
    """
    One account's claims that count, and what they say on any day.

    It does not change: what is added later makes another. Where dates are windows one day alone is found faster
    than all steps, and these are computed when some days have been asked for.

    Args:
        find: Gives the rows of its effects, in log order, what they do, and until when their events were
            heard; when that is first needed.
        floor: The least value that makes sense.
        kept: Its steps, first day and first sure day, where they are known already.
    """

    def __init__(
        self,
        find: Callable[[], tuple[Ints, Claims, Ints]],
        floor: int,
        kept: tuple[Steps, int, int] | None = None,
    ) -> None:
        self._find, self.floor = find, floor
        self._asked = 0
        self._is_too_large = False
        self._values: dict[int, Bounds] = {}
        if kept is not None:
            self.steps, self.begins, self.sure_from = kept

    @cached_property
    def _found(self) -> tuple[Ints, Claims, Ints]:
        return self._find()

    @property
    def rows(self) -> Ints:
        """The rows of its effects, in log order."""
        return self._found[0]

    @property
    def claims(self) -> Claims:
        """What they do; the account is 0 in all."""
        return self._found[1]

    @property
    def heard(self) -> Ints:
        """The day until which the event of each was heard or restated."""
        return self._found[2]

    @cached_property
    def _has_windows(self) -> bool:
        return bool((self.claims.first != self.claims.last).any())

    @property
    def has_steps(self) -> bool:
        """All its steps are known, or found as fast as one day."""
        return "steps" in self.__dict__ or not (self._has_windows or self._is_too_large)

    @cached_property
    def begins(self) -> int:
        """First day on which one of its events can have happened; `NEVER` for none."""
        return int(self.claims.first.min(initial=NEVER))

    @cached_property
    def sure_from(self) -> int:
        """First day by which one of its events must have happened."""
        return int(self.claims.last.min(initial=NEVER))

    @cached_property
    def steps(self) -> Steps:
        """
        All its steps.

        Raises:
            SumError: one of its sums has no room in 64 bits.
        """
        try:
            return histories(self.claims, np.array([self.floor], "i8"))
        except SumError:
            self._is_too_large = True
            raise

    def below(self, days: Ints) -> Flags:
        """On which days the account contradicts itself: in no world is it at or above the floor."""
        steps = histories(self.claims, np.array([-OPEN64]))
        place = np.searchsorted(steps.day, days, "right") - 1
        return (place >= 0) & (steps.high[place] < self.floor)

    @cached_property
    def _days(self) -> list[int]:
        return self.steps.day.tolist()  # type: ignore[no-any-return]

    def mattering(self, day: int) -> Flags:
        """
        The claims that can matter on a day: to the bounds, or to the best value.

        What surely happened before the first day of a set that surely happened never does.
        """
        first, last, middle, sets = self.claims.first, self.claims.last, self.claims.middle, ~self.claims.adds
        sure = int(first[sets & (last <= day)].max(initial=0))
        set_last = int(middle[sets & (middle <= day)].max(initial=0))
        return ((first <= day) & (last >= sure)) | ((middle <= day) & (middle >= set_last))

    def at(self, day: int) -> tuple[int, int, int]:
        """Low, best and high on a day, which is not before it begins."""
        self._asked += 1
        if "steps" not in self.__dict__ and self._asked <= OFTEN and self._has_windows:
            rows = np.flatnonzero(self.mattering(day))
            if len(rows) <= IN_PLAY:
                claims = self.claims.at(rows).plain()
                searched = (plain.least, plain.middling, plain.greatest)
                low, best, high = (narrow(max(search(claims, day).value, self.floor)) for search in searched)
                return low, best, high
        place = bisect_right(self._days, day) - 1
        return self.steps.low.item(place), self.steps.best.item(place), self.steps.high.item(place)

    def value_on(self, day: int) -> Bounds:
        """The same as the plain definition gives it."""
        if "_days" not in self.__dict__:
            return Bounds(*map(wide, self.at(day)))
        place = bisect_right(self._days, day)
        value = self._values.get(place)
        if value is None:
            _, _, lows, bests, highs = self.steps
            low, best, high = lows.item(place - 1), bests.item(place - 1), highs.item(place - 1)
            if low <= -OPEN64 or high >= OPEN64:
                low, best, high = map(wide, (low, best, high))
            value = self._values[place] = Bounds(low, best, high)
        return value


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
        rows, codes = self._all_that_count(), self.columns.effects["account"]
        return np.flatnonzero(np.bincount(codes if rows is None else codes[rows])).tolist()

    def part(self, account: int, moment: Moment | None = None) -> Part:
        """
        An account as it is now, or was at a moment.

        Its claims are looked up when they are first needed, and still are those of then.
        """
        return self._part(account, moment or self.columns.moment, None)

    def _part(self, account: int, moment: Moment, kept: tuple[Steps, int, int] | None) -> Part:
        columns = self.columns

        def find() -> tuple[Ints, Claims, Ints]:
            rows, effects = columns.effects_of(account)
            end = int(np.searchsorted(rows, moment.effects))  # what came later is not of then
            event, *does, heard = (column[:end] for column in effects)
            counting = self._that_count(event, moment.withdrawn)
            claims = Claims(np.zeros(end, "i4"), *does)
            if counting.all():
                return rows[:end], claims, heard
            return rows[:end][counting], claims.at(counting), heard[counting]

        return Part(find, self.floor(account), kept)


class Index(Book):
    """
    The accounts of the claims that count, with all their steps.

    Cost: a sort and some passes over all effects, once.
    """

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
            self._set(*kept)
            self._change({*super().accounts()}.difference(np.flatnonzero(self.begins < NEVER).tolist()))

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
        self._set(steps, sure_from)
        self._change(alone)

    def _set(self, steps: Steps, sure_from: Ints) -> None:
        self.steps, self.begins, self.sure_from = steps, _firsts(steps), sure_from.copy()
        self._accounts, self._size = len(sure_from), len(self.columns.effects)
        self._changed: dict[int, Part] = {}
        """Accounts that are not what `steps` has of them."""
        self._apart: set[int] = set()
        """Those of them that are looked at one by one."""
        for name in ("_table", "_moments", "_amounts"):
            self.__dict__.pop(name, None)

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
        self._change(touched)

    def _change(self, accounts: Iterable[int]) -> None:
        changed = {account: super(Index, self).part(account) for account in accounts}
        self._changed.update(changed)
        self._apart.update(changed)

    def _work_in(self) -> None:
        """
        Write what changed accounts say into the table of days.

        An account that is new stays apart, one with windows of which one day is found faster than all, one
        whose days lie too far off, and one whose sums are too large, which says so itself when it is asked.
        """
        for account in sorted(self._apart):
            part = self._changed[account]
            if self._table is None or account >= self._accounts or not part.has_steps:
                continue
            try:
                days = part.steps.day
            except SumError:
                continue
            if len(days):
                if days[0] < self._table[0] or not self._reach(int(days[-1])):
                    continue
                first, table = self._table
                lengths = np.diff(days, append=first + table.shape[1])
                lengths[0] += days[0] - first  # before its first day it says nothing
                for amounts, amount in zip(table, part.steps[2:], strict=True):
                    amounts[:, account] = np.repeat(amount, lengths)
            self.begins[account], self.sure_from[account] = part.begins, part.sure_from
            self._apart.discard(account)

    def _reach(self, day: int) -> bool:
        """Have the table go on until a day, where that is not far off and there is room."""
        assert self._table is not None
        first, table = self._table
        more = day - first - table.shape[1] + 1
        if more > 0:
            room = max(MORE_DAYS, table.shape[1] // 8)
            if more > room or table.shape[1] + room > self._most_days:
                return False
            last = np.repeat(table[:, -1:], room, axis=1)
            self.__dict__["_table"] = first, np.concatenate([table, last], axis=1)
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
        start, end = self.steps.offsets[account : account + 2].tolist()
        steps = Steps(np.array([0, end - start]), *(column[start:end] for column in self.steps[1:]))
        return self._part(
            account, self.columns.moment, (steps, int(self.begins[account]), int(self.sure_from[account]))
        )

    @cached_property
    def _table(self) -> tuple[int, Ints] | None:
        """
        The first day, and low, best and high of every account on each day from then on: by amount, day, account.

        None where it would have many more places than there are steps. Before an account begins it says nothing.
        """
        steps = self.steps
        if not len(steps.day):
            return None
        first, last = int(steps.day.min()), int(steps.day.max())
        if last - first + 1 > self._most_days:
            return None
        places = np.zeros((last - first + 1, self._accounts), "i4")
        places[steps.day - first, self._account_of_steps] = np.arange(len(steps.day), dtype="i4")
        np.maximum.accumulate(places, axis=0, out=places)
        return first, np.stack([amount.take(places) for amount in steps[2:]])

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
        if self._table is None:
            low, best, high = self._searched(day)
        else:
            first, table = self._table
            low, best, high = table[:, min(max(day - first, 0), table.shape[1] - 1)].copy()
        found = Answers(low, best, high, self.sure_from <= day, self.begins <= day)
        if not self._apart:
            return found
        return found.replaced(len(self.columns.accounts), {code: self._changed[code] for code in self._apart}, day)

    def many(self, days: Ints) -> Answers:
        """What every account says on some days: the same columns, a row for each day."""
        self._work_in()
        if self._table is None or self._apart:
            return Answers.stacked([self.at(day) for day in days.tolist()], len(self.columns.accounts))
        first, table = self._table
        low, best, high = table.take(np.clip(days - first, 0, table.shape[1] - 1), axis=1)
        each = days[:, None]
        return Answers(low, best, high, self.sure_from <= each, self.begins <= each)

    def settled(self) -> tuple[Steps, Ints]:
        """All steps, and the day from which each account is sure, with whatever was changed worked in."""
        if self._changed:
            self._build()
        return self.steps, self.sure_from

    @property
    def nbytes(self) -> int:
        """Memory in use beside the columns, in bytes."""
        looked_up = self._amounts if self._table is None else self._table[1]
        kept = [*self.steps, self.begins, self.sure_from, looked_up]
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
