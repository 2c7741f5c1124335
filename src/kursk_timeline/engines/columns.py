"""
The log's events as columns: what an answer needs of them, and nothing else.

One row an event (its days, when it was known, who says so) and one row an effect (which account it
changes, and by what). Numbers are whole base units, days are ordinals, accounts and claimants are
codes: some seventy bytes an event, where an event object takes a thousand. Rows stand in log order and
are only ever added.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

from kursk_timeline.engines.ids import FEW, Ids
from kursk_timeline.errors import QuantityError
from kursk_timeline.measures import UNCLAIMED, Key
from kursk_timeline.replay.bounds import FOREVER

Ints: TypeAlias = npt.NDArray[Any]
"""A one-dimensional array of whole numbers."""

Flags: TypeAlias = npt.NDArray[np.bool_]
"""An array of truth values."""

OPEN64 = 1 << 62
"""No bound, where a bound is a 64-bit number: `OPEN` of `replay.bounds` does not fit in one."""


class SumError(QuantityError, OverflowError):
    """A sum that is finite and has no room in 64 bits beside `OPEN64`."""


NEVER = FOREVER + 1
"""The day after the last: the end of what never ends."""


FRESH = 4096
"""So many effects may have come since all were grouped by account, or one in sixteen."""


EFFECT = ("event", "first", "last", "adds", "low", "best", "high", "heard")
"""What is known of an effect, with the days of its event."""


class Growing:
    """Columns that rows are added to. Cost of a row: constant, on average."""

    def __init__(self, **types: str) -> None:
        self._types = types
        self._columns = {name: np.empty(16, type_) for name, type_ in types.items()}
        self._size = 0

    def extend(self, rows: Iterable[Ints]) -> None:
        """Add rows: one array for each column, in the columns' order."""
        given = list(rows)
        size = self._size + len(given[0])
        for (name, column), more in zip(self._columns.items(), given, strict=True):
            if size > len(column):
                larger = np.empty(max(size, len(column) * 3 // 2), column.dtype)
                larger[: self._size] = column[: self._size]
                self._columns[name] = column = larger
            column[self._size : size] = more
        self._size = size

    def cut(self, size: int) -> None:
        """Forget the rows behind so many."""
        self._size = size

    def adopt(self, arrays: Iterable[Ints]) -> None:
        """Have these rows and no others: one array for each column, in the columns' order; they are not copied."""
        self._columns = dict(zip(self._types, arrays, strict=True))
        self._size = len(next(iter(self._columns.values())))

    def __getitem__(self, name: str) -> Ints:
        """The rows so far. The array shows what it holds now; later rows come in a later array."""
        return self._columns[name][: self._size]

    def __len__(self) -> int:
        return self._size

    @property
    def nbytes(self) -> int:
        """Memory in use."""
        return sum(self[name].nbytes for name in self._types)

    @property
    def names(self) -> list[str]:
        """The columns' names in order."""
        return list(self._types)


class Codes:
    """Whole numbers from 0 for things that come again and again."""

    def __init__(self, things: Iterable[Any] = ()) -> None:
        self.things: list[Any] = list(things)
        self._code = {thing: code for code, thing in enumerate(self.things)}

    def __getitem__(self, thing: Any) -> int:
        """The thing's number: the one it has, or the next one."""
        code = self._code.get(thing)
        if code is None:
            code = self._code[thing] = len(self.things)
            self.things.append(thing)
        return code

    def get(self, thing: Any) -> int | None:
        """The thing's number; None where it never came."""
        return self._code.get(thing)

    def __len__(self) -> int:
        return len(self.things)


Account: TypeAlias = tuple[Key, str]
"""A key and the party whose version of it this is."""

Intervals: TypeAlias = list[tuple[int, int]]
"""Known days from the first (inclusive) to the second (exclusive), in order, apart from each other."""


Withdrawn: TypeAlias = Mapping[int, Intervals]
"""Rows of events that others speak of: the known days on which they stand. It does not change; others replace it."""


class About(NamedTuple):
    """An event that speaks of another: its row, the other's id, whether it withdraws it, and for what (an id) if so."""

    row: int
    target: str
    withdraws: bool
    by: str | None


class Spoken(NamedTuple):
    """What events say of others; rows stand for events that are there."""

    about: list[tuple[int, int, int | None]]
    """What withdraws or replaces: its row, the row it speaks of, and its successor's row where it has one."""
    awaited: dict[str, list[tuple[int, int]]]
    """The same, of those whose successor has not come: by its id."""
    mentions: list[tuple[int, str]]
    """What speaks of another event and withdraws nothing: its row, and the id it speaks of."""


class Moment(NamedTuple):
    """What columns held at a moment: so many events and effects, and these events withdrawn."""

    events: int
    effects: int
    withdrawn: Withdrawn


class _Grouped(NamedTuple):
    """Effects by account. It is replaced as a whole, so that whoever is half way through it can go on."""

    rows: Ints
    """Of the first so many effects: by account, each account's in log order."""
    offsets: Ints
    size: int
    laid: list[Ints] | None
    """What these do: the columns of `EFFECT`; None where they are picked when they are asked for."""


class _Known(NamedTuple):
    """Since when there is anything about each account."""

    effects: int
    withdrawn: Withdrawn
    """Found out when there were so many effects, and these events were withdrawn."""
    surely: Ints
    """The first day on which a claim was known of which no event speaks; `NEVER` for none."""
    perhaps: Flags
    """Whether there are claims of which events speak."""


class Columns:
    """
    Events as columns, in log order.

    Attributes:
        events: A row an event: first and last day, first day on which it was surely known, the day until
            which it was heard or restated, its claimant's code, whether it is a claim.
        effects: A row an effect: its event's row, its account's code, whether it adds, and its amounts.
            An amount without bound is ±`OPEN64`. A name is its code, in all three.
        ids: The first half of every event's id, as two numbers.
        accounts, claimants, names: What the codes stand for.
    """

    def __init__(self) -> None:
        self.events = Growing(first="i4", last="i4", known="i4", heard="i4", claimant="i4", claims="?", spoken_of="?")
        self.effects = Growing(event="i4", account="i4", adds="?", low="i8", best="i8", high="i8")
        self.ids = Growing(head=">u8", rest=">u8")
        self.accounts = Codes()
        self.claimants = Codes()
        self.names = Codes([UNCLAIMED])  # its code is 0, which is what every account is before its first claim
        self.withdrawn: Withdrawn = {}
        """Of events that others speak of: the known days on which they stand. All others stand once known."""
        self.spoken = Spoken([], {}, [])
        self._unsettled: list[tuple[int, str, str | None]] = []
        """What withdraws or replaces and came since `settle`: its row, and the ids of the other and the successor."""
        self._settled = 0
        self._known_ids = Ids(self.ids["head"], self.ids["rest"])
        """Those of the first so many events."""
        self._grouped = _Grouped(np.empty(0, "i4"), np.zeros(1, "i8"), 0, None)
        self._since = _Known(0, self.withdrawn, np.empty(0, "i4"), np.empty(0, "?"))

    def __len__(self) -> int:
        return len(self.events)

    @property
    def moment(self) -> Moment:
        """What they hold now; it stays what it is when more is added."""
        return Moment(len(self.events), len(self.effects), self.withdrawn)

    @property
    def nbytes(self) -> int:
        """Memory in use, in bytes."""
        return self.events.nbytes + self.effects.nbytes + self.ids.nbytes

    def ids_so_far(self) -> Ids:
        """The ids of all events there are; somebody may ask while others are added."""
        known, size = self._known_ids, len(self.ids)
        if len(known) != size:
            known = self._known_ids = Ids(self.ids["head"][:size], self.ids["rest"][:size])
        return known

    def rows_of(self, ids: Sequence[str]) -> list[int | None]:
        """The rows of events with these ids (64 hexadecimal digits); None where there is none. Cost: see `Ids`."""
        known = self._known_ids
        if len(self.ids) - len(known) > max(FRESH, len(known) // 16) or len(ids) >= FEW:
            known = self.ids_so_far()
        rows = known.rows_of(ids)
        if len(known) < len(self.ids):
            missing = [place for place, row in enumerate(rows) if row is None]
            fresh = Ids(*(self.ids[half][len(known) :] for half in ("head", "rest")))
            for place, row in zip(missing, fresh.rows_of([ids[place] for place in missing]), strict=True):
                rows[place] = None if row is None else row + len(known)
        return rows

    def by_account(self) -> Ints:
        """The rows of all effects by account, each account's in log order. Cost: a sort, where there are many new."""
        codes = self.effects["account"]
        grouped = self._grouped
        if grouped.size != len(codes):
            rows = grouped_by(codes).astype("i4")
            offsets = np.searchsorted(codes[rows], np.arange(len(self.accounts) + 1))
            grouped = self._grouped = _Grouped(rows, offsets, len(codes), None)
        return grouped.rows

    def lay_out(self) -> None:
        """
        Keep what the effects do by account as well, so that one account's lie next to each other.

        Cost: some passes over all effects and forty bytes for each, once; then an account is looked up ten
        times as fast.
        """
        grouped = self._group()
        if grouped.laid is None:
            self._grouped = grouped._replace(laid=self._effects(grouped.rows))

    def _group(self) -> _Grouped:
        if len(self.effects) - self._grouped.size > max(FRESH, self._grouped.size // 16):
            self.by_account()
        return self._grouped

    def _effects(self, rows: Ints) -> list[Ints]:
        event = self.effects["event"][rows]
        own = ("adds", "low", "best", "high")
        return [
            event,
            *(self.events[name][event] for name in ("first", "last")),
            *(self.effects[name][rows] for name in own),
            self.events["heard"][event],
        ]

    def effects_of(self, account: int) -> tuple[Ints, list[Ints]]:
        """
        The rows of an account's effects, in log order, and what they do: the columns of `EFFECT`.

        Cost: their number, and now and then a sort of all.
        """
        rows, effects = zip(*self.pieces_of(account), strict=True)
        if len(rows) == 1:
            return rows[0], effects[0]
        return np.concatenate(rows), [np.concatenate(both) for both in zip(*effects, strict=True)]

    def pieces_of(self, account: int) -> list[tuple[Ints, list[Ints]]]:
        """The same in one piece or two: what was grouped by account, and what came since."""
        rows, offsets, grouped, laid = self._group()
        own = slice(*offsets[account : account + 2]) if account + 1 < len(offsets) else slice(0, 0)
        pieces = [(rows[own], self._effects(rows[own]) if laid is None else [column[own] for column in laid])]
        fresh = np.flatnonzero(self.effects["account"][grouped:] == account)
        if len(fresh):
            more = (fresh + grouped).astype("i4")
            pieces.append((more, self._effects(more)))
        return pieces

    def known_by(self, day: int) -> tuple[list[int], list[int]]:
        """
        The accounts that some claim surely is about that was known by a day, and those where one has to look.

        Cost: the number of accounts; some passes over all effects where any were added or withdrawn.
        """
        since = self._since
        if since.effects != len(self.effects) or since.withdrawn is not self.withdrawn:
            account, event = self.effects["account"], self.effects["event"]
            odd = self.events["spoken_of"][event]
            surely, perhaps = np.full(len(self.accounts), NEVER, "i4"), np.zeros(len(self.accounts), "?")
            np.minimum.at(surely, account[~odd], self.events["known"][event[~odd]])
            perhaps[account[odd]] = True
            since = self._since = _Known(len(self.effects), self.withdrawn, surely, perhaps)
        sure = since.surely <= day
        return np.flatnonzero(sure).tolist(), np.flatnonzero(since.perhaps & ~sure).tolist()

    def touched(self, size: int, changed: Iterable[int]) -> set[int]:
        """
        The accounts of the effects from a row on, and of some events.

        Args:
            size: The first of the effects.
            changed: Rows of events.
        """
        accounts, event = self.effects["account"], self.effects["event"]
        found = set(accounts[size:].tolist())
        for row in changed:
            found.update(accounts[slice(*np.searchsorted(event, [row, row + 1]))].tolist())
        return found

    # --- which claims stand ---------------------------------------------------------------------

    def add(self, events: Iterable[Ints], effects: Iterable[Ints], ids: Sequence[str], about: Iterable[About]) -> None:
        """Add events, and what they do and say of others: all of it, or where that is interrupted nothing."""
        halves = np.frombuffer(bytes.fromhex("".join(ids)), ">u8").reshape(-1, 4)
        parts = ((self.events, events), (self.effects, effects), (self.ids, [halves[:, 0], halves[:, 1]]))
        sizes, said = [len(table) for table, _ in parts], (len(self._unsettled), len(self.spoken.mentions))
        try:
            for table, rows in parts:
                table.extend(rows)
            for one in about:
                if one.withdraws:
                    self._unsettled.append((one.row, one.target, one.by))
                else:
                    self.spoken.mentions.append((one.row, one.target))
        except BaseException:
            for (table, _), size in zip(parts, sizes, strict=True):
                table.cut(size)
            del self._unsettled[said[0] :], self.spoken.mentions[said[1] :]
            raise

    def settle(self) -> set[int]:
        """
        Work out which events are withdrawn, and when, after rows were added.

        Returns:
            The rows whose standing has changed.

        Cost: nothing where no event speaks of another; else some passes over all that do.
        """
        unsettled = list(self._unsettled)
        grown = len(self) > self._settled
        if not unsettled and not (grown and self.spoken.awaited):
            self._settled = len(self)
            return set()
        targets = self.rows_of([target for _, target, _ in unsettled])
        # What speaks of no event before it the log refuses, and a file may still have it.
        settled = [
            (row, place, by)
            for (row, _, by), place in zip(unsettled, targets, strict=True)
            if place is not None and place < row
        ]
        settled += [(row, place, by) for by, those in self.spoken.awaited.items() for row, place in those]
        replaced = list(dict.fromkeys(by for _, _, by in settled if by is not None))
        successors = dict(zip(replaced, self.rows_of(replaced), strict=True))
        about, awaited = list(self.spoken.about), dict[str, list[tuple[int, int]]]()
        for row, place, by in settled:
            successor = None if by is None else successors[by]
            if by is None or successor is not None:
                about.append((row, place, successor))
            else:
                awaited.setdefault(by, []).append((row, place))
        about.sort()  # a successor that came late has put its event at the end
        # In one go: whatever interrupts, it was settled or it was not.
        self.spoken, self._unsettled, self._settled = Spoken(about, awaited, self.spoken.mentions), [], len(self)
        before, self.withdrawn = self.withdrawn, self._withdrawn()
        self.events["spoken_of"][list(self.withdrawn)] = True
        return {row for row, days in self.withdrawn.items() if days != before.get(row)}

    def _withdrawn(self) -> Withdrawn:
        """The known days on which events stand of which others speak."""
        known = self.events["known"]
        gone = withdrawals(
            (row, place, int(known[row]), 0 if successor is None else int(known[successor]))
            for row, place, successor in reversed(self.spoken.about)
        )
        return {place: without((int(known[place]), NEVER), days) for place, days in gone.items()}

    def restore(
        self, accounts: Iterable[Account], claimants: Iterable[str], names: Iterable[str], spoken: Spoken
    ) -> None:
        """Take what was kept of other columns, whose rows are here already."""
        self.accounts, self.claimants, self.names = Codes(accounts), Codes(claimants), Codes(names)
        self.spoken, self._settled = spoken, len(self)
        self.withdrawn = self._withdrawn()

    def standing(self, rows: Ints, known_on: int | None, withdrawn: Withdrawn) -> Flags:
        """
        Which of these claims stand on what was known by the end of a day; None for everything.

        Args:
            rows: Rows of events that are claims, in any order.
            withdrawn: As they were withdrawn now, or at an earlier time.
        """
        found = np.ones(len(rows), "?") if known_on is None else self.events["known"][rows] <= known_on
        if not withdrawn:
            return found
        day = FOREVER if known_on is None else known_on
        for place in np.flatnonzero(self.events["spoken_of"][rows]).tolist():
            intervals = withdrawn.get(int(rows[place]))
            if intervals is not None:
                found[place] &= any(a <= day < b for a, b in intervals)
        return found

    def visible(self, effects: Ints) -> tuple[Ints, Ints, Ints]:
        """
        The known days on which effects count.

        Args:
            effects: Rows of effects.

        Returns:
            Rows, and for each the first known day and the day until which it counts; a row that was
            withdrawn and restored comes once for each span, one that never counted not at all.
        """
        event = self.effects["event"][effects]
        spans = np.ones(len(effects), "i8")
        known, until = self.events["known"][event], np.full(len(effects), NEVER, "i4")
        odd = np.flatnonzero(self.events["spoken_of"][event])
        intervals = [self.withdrawn[row] for row in event[odd].tolist()]
        spans[odd] = [len(one) for one in intervals]
        if (spans != 1).any():
            effects, known, until = (np.repeat(column, spans) for column in (effects, known, until))
        starts = np.cumsum(spans) - spans
        for place, one in zip(starts[odd].tolist(), intervals, strict=True):
            for further, (a, b) in enumerate(one):
                known[place + further], until[place + further] = a, b
        return effects, known, until

    def speaking_of(self, rows: Collection[int]) -> set[int]:
        """The rows of all events that speak of some, or of those that do, and of the successors they name."""
        places = self.rows_of([target for _, target in self.spoken.mentions])
        mentions = [(row, place, None) for (row, _), place in zip(self.spoken.mentions, places, strict=True)]
        found, more = set(rows), set(rows)
        while more:
            named = ((row, successor) for row, target, successor in (*self.spoken.about, *mentions) if target in more)
            more = {one for both in named for one in both if one is not None} - found
            found |= more
        return found - set(rows)


def grouped_by(code: Ints) -> Ints:
    """The rows by code, and then as they stand. Cost: linear where there are fewer than 65,536 codes, else a sort."""
    if len(code) and int(code.max()) < 1 << 16:
        return np.argsort(code.astype("u2"), kind="stable")  # digit by digit
    return replay_order(code, np.zeros(len(code), "i4"))


def replay_order(account: Ints, day: Ints) -> Ints:
    """The rows by account, then day, then as they stand. Cost: one sort of whole numbers where they fit in 64 bits."""
    if not len(day):
        return np.empty(0, "i8")
    first_day = int(day.min())
    places, days = len(day).bit_length(), (int(day.max()) - first_day).bit_length()
    if places + days + int(account.max()).bit_length() > 63:
        return np.lexsort((day, account))
    packed = account.astype("i8")
    packed <<= days
    packed += day - first_day
    packed <<= places
    packed += np.arange(len(day))
    packed.sort()
    packed &= (1 << places) - 1
    return packed


T = TypeVar("T", bound=Hashable)


def withdrawals(about: Iterable[tuple[T, T, int, int]]) -> dict[T, Intervals]:
    """
    The known days on which events are withdrawn or replaced.

    Args:
        about: The events that withdraw or replace another, the last of the log first: itself, the other, the
            day it was known, and the day its successor was (0 where it has none).

    Whatever withdraws such an event comes after it, so it is settled by the time the event's turn comes.

    >>> withdrawals([("c", "b", 9, 0), ("b", "a", 5, 0)])["a"]
    [(5, 9)]
    """
    gone: dict[T, Intervals] = {}
    for event, other, known, since in about:
        acts = without((known, NEVER), gone.get(event, []))
        gone.setdefault(other, []).extend((max(a, since), b) for a, b in acts if max(a, since) < b)
    return gone


def without(span: tuple[int, int], gone: Intervals) -> Intervals:
    """
    What is left of a span when others are taken out.

    >>> without((1, 9), [(2, 3), (5, 20)])
    [(1, 2), (3, 5)]
    """
    start, end = span
    left = []
    for a, b in sorted(gone):
        if a > start:
            left.append((start, min(a, end)))
        start = max(start, b)
        if start >= end:
            break
    if start < end:
        left.append((start, end))
    return [(a, b) for a, b in left if a < b]
