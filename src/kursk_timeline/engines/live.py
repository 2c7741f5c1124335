"""
A log's columns and what is computed from them, kept up with the log.

What was appended is read once, and only the accounts it touches are computed again. A ledger that was
handed out does not change: whoever holds a state of yesterday's log goes on holding it.
"""

from __future__ import annotations

import datetime as dt
import functools
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import ClassVar, TypeAlias, TypeVar

import numpy as np

from kursk_timeline.engines.accounts import ColumnHolders, ColumnLedger
from kursk_timeline.engines.arrays import ArrayTable
from kursk_timeline.engines.columns import Columns, Moment
from kursk_timeline.engines.index import Answers, Book, Index, KnownIndex, Said
from kursk_timeline.engines.reading import Reader
from kursk_timeline.engines.said import Accounts, Names, table
from kursk_timeline.engines.snapshot import Snapshot, load, save
from kursk_timeline.errors import CorruptLogError, ProjectionError
from kursk_timeline.events.base import Event, party_of
from kursk_timeline.fork import quiet_during_fork
from kursk_timeline.log import Log
from kursk_timeline.log.port import Chunk
from kursk_timeline.measures import Key, catalogue
from kursk_timeline.projections import Projection
from kursk_timeline.projections.fingerprint import fingerprint
from kursk_timeline.replay.account import Gaps
from kursk_timeline.replay.bounds import FOREVER
from kursk_timeline.replay.bounds import Names as NamesSaid
from kursk_timeline.replay.estimate import Estimate
from kursk_timeline.replay.explain import related
from kursk_timeline.replay.revisions import Revisions
from kursk_timeline.replay.standing import speaks_for

KEPT = 16
"""How many questions (known when, according to whom, which gaps) are remembered."""

Paths: TypeAlias = tuple[str, ...] | None
Progress: TypeAlias = Callable[[Iterator[Chunk], int], Iterable[Chunk]]
"""Shows how far a long reading is: the chunks, and how many events they hold."""


K = TypeVar("K")
V = TypeVar("V")


def _kept(kept: dict[K, V], question: K, make: Callable[[], V]) -> V:
    """What was made for a question, or is now; of the many, those asked last are kept."""
    found = kept.pop(question) if question in kept else make()
    kept[question] = found  # the one asked last stands last
    while len(kept) > KEPT:
        del kept[next(iter(kept))]
    return found


def _by(paths: Paths) -> Callable[[str], bool] | None:
    """Whether a claimant is one of these, or below one; None for everybody."""
    return None if paths is None else functools.partial(speaks_for, paths=paths)


class Live:
    """
    The columns of a log, and ledgers over them.

    Args:
        log: The log.
        projections: What events do to which keys.
        size: Look only at the first so many events; None for all, also those still to come.
        progress: Shows how far a long reading is.
        snapshot: A file that may hold a snapshot of this log; None for none.

    Safe to use from several threads; forking waits for them.
    """

    fork_rank: ClassVar[int] = -1  # who works here asks the log, never the other way round

    def __init__(
        self,
        log: Log,
        projections: Sequence[Projection],
        size: int | None = None,
        progress: Progress = lambda chunks, _: chunks,
        snapshot: Path | None = None,
    ) -> None:
        self.log, self.projections, self.size = log, tuple(projections), size
        self.measures = dict(catalogue(m for p in projections for m in p.measures))
        self._progress = progress
        self._lock = threading.RLock()
        self._torn = False
        """Events were read, and an interrupt came before that was worked into what had been computed."""
        self._indexes: dict[Paths, Index] = {}
        self._known: dict[Paths, KnownIndex] = {}
        self._ledgers: dict[tuple[dt.date | None, Paths, Gaps], ColumnLedger] = {}
        kept = None if snapshot is None else self._kept_in(snapshot)
        self.columns = Columns() if kept is None else kept.columns
        self.read_from = len(self.columns)
        """How many events a snapshot held, and so were not read."""
        if kept is not None:
            self._indexes[None] = Index(self.columns, self.measures, kept=(kept.steps, kept.sure_from))
        if size is None:
            log.lend(self.columns.ids_so_far)
        self._reader = Reader(self.columns, self.projections)
        quiet_during_fork(self)

    def renew(self) -> None:
        """In a forked child: a new lock."""
        self._lock = threading.RLock()

    def _kept_in(self, snapshot: Path) -> Snapshot | None:
        if not snapshot.exists():  # before anything is worked out for it
            return None
        try:
            kept = load(snapshot, self.log, fingerprint(self.projections))
        except ProjectionError:  # nobody can tell whether these are the projections it was made by
            return None
        return None if kept is None or (self.size is not None and len(kept.columns) > self.size) else kept

    def save(self, path: Path) -> Path:
        """
        Write a snapshot, whole or not at all.

        Raises:
            ProjectionError: a projection rests on what cannot be compared later.
            StorageError: the file cannot be written.
        """
        with self._lock:
            steps, sure_from = self.index().settled()
            return save(path, self.log, fingerprint(self.projections), Snapshot(self.columns, steps, sure_from))

    # --- keeping up -----------------------------------------------------------------------------

    def refresh(self) -> None:
        """
        Read what the log has and the columns have not.

        Raises:
            CorruptLogError: the log is damaged, or shorter than it was.
            DecodeError: an event cannot be read, or is of an unknown kind or newer version; names it.
        """
        with self._lock:
            known, size = len(self.columns), self.log.size() if self.size is None else self.size
            if size < known:
                raise CorruptLogError(
                    f"the log held {known} events and now holds {size}: it was cut or replaced",
                    what="truncated",
                    seq=size + 1,
                )
            if self._torn:  # what was read was not worked in: nothing that was computed may stand
                self._forget()
            if size > known or self._torn:
                effects = len(self.columns.effects)
                self._torn = True
                try:
                    for chunk in self._progress(self.log.chunks(known), size - known) if size > known else ():
                        left = None if self.size is None else self.size - len(self.columns)
                        self._reader.take(chunk.first, chunk.ids[:left], chunk.bodies[:left])
                        if len(self.columns) >= size:
                            break
                finally:  # also what came before an event that cannot be read is there now
                    self._update(self.columns.touched(effects, self.columns.settle()))
                    self._torn = False

    def _forget(self) -> None:
        self._indexes, self._known, self._ledgers = {}, {}, {}

    def _update(self, touched: set[int]) -> None:
        for index in self._indexes.values():
            index.update(touched)
        for known in self._known.values():
            known.update(touched)
        self._ledgers = {
            question: ledger.after(touched)
            for question, ledger in self._ledgers.items()
            if ledger.book is self._indexes.get(question[1])  # an index that is no longer kept is not kept up
        }

    # --- asking ---------------------------------------------------------------------------------

    def _book(self, known_on: dt.date | None, paths: Paths) -> Book:
        return Book(self.columns, self.measures, None if known_on is None else known_on.toordinal(), _by(paths))

    def index(self, paths: Paths = None) -> Index:
        """All accounts on all days, by these claimants; None for everybody. Cost: see `Index`; once."""
        with self._lock:
            self.refresh()
            return _kept(self._indexes, paths, lambda: Index(self.columns, self.measures, _by(paths)))

    def ledger(self, known_on: dt.date | None, paths: Paths, gaps: Gaps) -> ColumnLedger:
        """The accounts of one question."""
        with self._lock:
            self.refresh()

            def made() -> ColumnLedger:
                if known_on is not None:
                    return ColumnLedger(self._book(known_on, paths), gaps, self.event_of)
                index = self.index(paths)
                return ColumnLedger(index, gaps, self.event_of, all_said=functools.partial(self._all_said, index))

            return _kept(self._ledgers, (known_on, paths, gaps), made)

    def _all_said(self, index: Index, moment: Moment, day: int) -> Said | None:
        with self._lock:
            kept_up = not self._torn and index in self._indexes.values() and moment == self.columns.moment
            return index.all_said(day) if kept_up else None

    def accounts_at(self, day: dt.date, known_on: dt.date | None, paths: Paths) -> Accounts:
        """
        What every account says on a day, on what was known by the end of another (None for everything).

        Cost: that of the answer, after one build.
        """
        with self._lock:
            if known_on is None:
                answers = self.index(paths).at(day.toordinal())
            else:
                answers = self._known_index(paths).at(day.toordinal(), known_on.toordinal())
            names = functools.partial(self._names, known_on, paths, self.columns.moment)
            return Accounts(day, known_on, answers, names)

    def accounts(self, days: Sequence[dt.date], known_on: dt.date | None, paths: Paths) -> ArrayTable:
        """What every account says on some days, as one long table."""
        with self._lock:
            ordinals = np.array([day.toordinal() for day in days], "i8")
            if known_on is None:
                answers = self.index(paths).many(ordinals)
            else:
                index = self._known_index(paths)
                found = [index.at(day, known_on.toordinal()) for day in ordinals.tolist()]
                answers = Answers.stacked(found, len(self.columns.accounts))
            return table(ordinals, answers, self._names(known_on, paths, self.columns.moment))

    def _known_index(self, paths: Paths) -> KnownIndex:
        self.refresh()
        worn = self._known.get(paths)
        if worn is not None and worn.is_worn:
            del self._known[paths]
        return _kept(self._known, paths, lambda: KnownIndex(self._book(None, paths)))

    def _names(self, known_on: dt.date | None, paths: Paths, moment: Moment) -> Names:
        book = self._book(known_on, paths)

        def holders_on(account: int, day: int) -> str:
            key, _ = self.columns.accounts.things[account]
            part, measure = book.part(account, moment), self.measures[key.measure]
            value = ColumnHolders(account, measure, self.columns, part, self.event_of, "hold").value_on(day)
            assert isinstance(value, NamesSaid)
            return ", ".join(sorted(value.possible))

        return Names(self.columns.accounts, self.columns.names, self.measures, holders_on)

    def event_of(self, row: int) -> Event:
        """The event of a row."""
        return self.log.event(row + 1)

    def events(self, known_on: dt.date | None, paths: Paths) -> list[Event]:
        """The claims that stand, in log order. Cost: the whole log is read, and kept."""
        with self._lock:
            self.refresh()
            records = self.log.records(size=len(self.columns))
            return [records[row].event for row in self._book(known_on, paths).events().tolist()]

    def about(self, keys: Collection[Key]) -> list[Event]:
        """
        Every event that says anything about some keys, and every one about these, in log order.

        Replayed alone they give the same answers for those keys.
        """
        with self._lock:
            self.refresh()
            return [self.event_of(row) for row in sorted(self._rows_about(self._codes(keys)))]

    def revisions(self, key: Key, date: dt.date, paths: Paths, gaps: Gaps) -> Revisions:
        """How the answer for a key on a date changed as reports came in."""
        with self._lock:
            self.refresh()
            codes = self._codes(related(key))
            # What cannot have happened by then has no say, but for one who asks what comes next.
            until = FOREVER if gaps == "span" else date.toordinal()
            known = np.unique(self.columns.events["known"][sorted(self._rows_about(codes, until))]).tolist()

            def ask(known_on: dt.date) -> Estimate | None:
                ledger = ColumnLedger(self._book(known_on, paths), gaps, self.event_of, codes)
                return ledger.on(key, date.toordinal())

            return Revisions.of(key, date, map(dt.date.fromordinal, known), ask)

    def _codes(self, keys: Collection[Key]) -> list[int]:
        return [code for code, (key, _) in enumerate(self.columns.accounts.things) if key in keys]

    def _rows_about(self, codes: Iterable[int], until: int = FOREVER) -> set[int]:
        """The rows of the events that can have changed some accounts by a day, and of all that speak of these."""
        columns, rows = self.columns, set[int]()
        for code in codes:
            event = columns.effects["event"][columns.effects_of(code)[0]]
            rows.update(event[columns.events["first"][event] <= until].tolist())
        return rows | columns.speaking_of(rows)

    def parties(self, known_on: dt.date | None = None, paths: Paths = None) -> list[str]:
        """Who makes the claims that stand, in the order in which they first do."""
        with self._lock:
            self.refresh()
            codes = self.columns.events["claimant"][self._book(known_on, paths).events()]
            _, first = np.unique(codes, return_index=True)
            claimants = (self.columns.claimants.things[code] for code in codes[np.sort(first)].tolist())
            return list(dict.fromkeys(map(party_of, claimants)))

    def span(self) -> tuple[dt.date, dt.date] | None:
        """From the first day of the first claim that stands to the last of the last; None where there is none."""
        with self._lock:
            self.refresh()
            rows = self._book(None, None).events()
            if not len(rows):
                return None
            first, last, known = (self.columns.events[name][rows] for name in ("first", "last", "known"))
            ends = np.minimum(np.where(last == FOREVER, first, last), known.max())
            start = int(first.min())
            return dt.date.fromordinal(start), dt.date.fromordinal(max(start, int(ends.max())))
