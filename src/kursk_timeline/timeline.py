"""
The one front door: a log, projections, and the questions one may ask of them.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

from kursk_timeline import rich
from kursk_timeline.audit import Audit, audit
from kursk_timeline.errors import InputError, QueryError, shown
from kursk_timeline.events.base import Event
from kursk_timeline.formats import files
from kursk_timeline.formats.arrow import Table
from kursk_timeline.log import Appended, Log, Record
from kursk_timeline.log.port import Store
from kursk_timeline.measures import Key
from kursk_timeline.projections import Project, Projection, distinct
from kursk_timeline.projections.bundled import PROJECTIONS
from kursk_timeline.replay.account import Gaps
from kursk_timeline.replay.diff import Diff
from kursk_timeline.replay.explain import Explanation, explain, related
from kursk_timeline.replay.history import History
from kursk_timeline.replay.ledger import Ledger
from kursk_timeline.replay.revisions import Revisions
from kursk_timeline.replay.standing import Paths, corroborations, paths_of, speaks_for, standing
from kursk_timeline.replay.state import State
from kursk_timeline.replay.table import table_of
from kursk_timeline.rich import Rich
from kursk_timeline.stores.memory import MemoryStore
from kursk_timeline.text import file_path, slug
from kursk_timeline.when import ZONE, When, day_of

if TYPE_CHECKING:  # what draws or computes with arrays is loaded when it is asked for
    from kursk_timeline.engines.live import Live
    from kursk_timeline.engines.said import Accounts
    from kursk_timeline.views.charts.plot import Plot
    from kursk_timeline.views.page import Scrub

Day: TypeAlias = str | dt.date | When
"""A single day: ISO text, a date, a datetime (taken to the timeline's zone), or a one-day `When`."""

Every: TypeAlias = Literal["day", "week", "month", "quarter", "year"]

KEPT_LEDGERS = 16
"""How many questions (known when, according to whom, which gaps) a timeline remembers."""

COLUMNS_FROM = 5_000
"""A log of so many events or more is read into columns; below that, event objects are as fast."""


class Timeline(Rich):
    """
    A log of sourced claims, and the state they give at any date.

    Questions take the same keywords, those that make sense for them:

    * ``known_on``: only what was known by the end of that day counts; None for everything.
    * ``according_to``: only claimants on or below these paths (``"ukraine"``, ``"russia/mod"``); None for everybody.
    * ``gaps``: ``"hold"``: a party's last report stands until its next; ``"span"``: between two of its
      reports anything between them may have been the case.

    Args:
        log: The log; an empty one in memory where None.
        projections: What events do to which keys.
        region: The region meant where none is named.
        zone: Time zone in which an instant becomes a day.
        size: Look only at the first so many events; None for all, also those still to come.
        snapshot: A file that may hold a snapshot of this log (`save_snapshot`); None for none.

    Raises:
        QueryError: the log has not so many events as `size`.
        ProjectionError: something among the projections is no function.
    """

    def __init__(
        self,
        log: Log | None = None,
        *,
        projections: Iterable[Projection | Project] = PROJECTIONS,
        region: str = "kursk",
        zone: str = ZONE,
        size: int | None = None,
        snapshot: str | os.PathLike[str] | None = None,
    ) -> None:
        self.log = Log(MemoryStore()) if log is None else log
        self.projections = distinct(projections)
        self.region = slug(region)
        self.zone = zone
        self._size = None if size is None else _size_of(size, self.log.size())
        self._ledgers: dict[tuple[object, ...], Ledger] = {}
        self._ledgers_at = 0
        self._columns: Live | None = None
        self._snapshot = None if snapshot is None else file_path(snapshot)

    @classmethod
    def open(
        cls,
        target: str | os.PathLike[str] = ":memory:",
        *,
        create: bool = False,
        projections: Iterable[Projection | Project] = PROJECTIONS,
        region: str = "kursk",
        zone: str = ZONE,
        snapshot: str | os.PathLike[str] | bool = True,
    ) -> Timeline:
        """
        Open a log: an SQLite file, made if absent; ``":memory:"``; or the log of a PostgreSQL database.

        Args:
            target: A path; or ``"postgresql://user@host/database"`` (needs the extra ``postgres``).
            create: Make a log in a PostgreSQL database that has none; changes nothing where there is one.
            projections, region, zone: As for a timeline.
            snapshot: A file that `save_snapshot` wrote. True for the one beside an SQLite file, if there is one;
                False for none. One that was made of another log, of other projections or by another version is
                not used, nor is a damaged one: then the log is read as if there were none.

        Raises:
            NotALogError: the file is something else, or the database has no log; it was not touched.
            MissingExtraError: the extra ``postgres`` is not installed.
            LogError: it cannot be opened or read.

        >>> Timeline.open(":memory:")
        <Timeline of 0 events>
        """
        log = Log(_store(target, create))
        kept = _beside(log) if snapshot is True else snapshot or None
        return cls(log, projections=projections, region=region, zone=zone, snapshot=kept)

    def close(self) -> None:
        """Let go of the log's file."""
        self.log.close()

    def __enter__(self) -> Timeline:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- the log -------------------------------------------------------------------------------

    def append(self, events: Event | Iterable[Event], *, expected_size: int | None = None) -> Appended:
        """
        Append one event or a batch: all or none, durable on return; see `Log.append`.

        Raises:
            ConflictError: `expected_size` is given and the log has another.
            InputError: this is a timeline `at_size`, which has no future, or something is no event.
            LogError: nothing was appended.
        """
        self._refuse_the_past("append to")
        return self.log.append(events, expected_size=expected_size)

    def _refuse_the_past(self, act: str) -> None:
        if self._size is not None:
            raise InputError(f"this timeline shows the log at {self._size} events; {act} the timeline itself")

    def export(self, path: str | os.PathLike[str]) -> int:
        """
        Write the whole log to a file, whole or not at all; `read_events` reads it back.

        Args:
            path: Parquet where it ends in ``.parquet`` (extra ``parquet``), else JSON Lines.

        Returns:
            How many events were written.

        Raises:
            StorageError: the file cannot be written, or is a database, such as a log; none is replaced by this.
        """
        return files.write(self.log.records(size=self._size), path)

    def backup(self, path: str | os.PathLike[str]) -> Path:
        """
        Copy the whole log into a new SQLite file, complete or not at all, while others go on reading.

        The copy has the same root, and every record its time. An SQLite file is copied by SQLite's own
        backup; a log in memory or in PostgreSQL is written anew.

        Returns:
            The file's path.

        Raises:
            InputError: there is a file of that name, and no backup replaces another; or this is a timeline `at_size`.
            StorageError: it cannot be written.
        """
        self._refuse_the_past("back up")
        from kursk_timeline.stores.sqlite import backup

        with self.log.at_rest() as store:
            return backup(store, path)

    def save_snapshot(self, path: str | os.PathLike[str] | None = None) -> Path:
        """
        Keep what was computed of this log, so that opening it later reads only what came since.

        A snapshot is a cache and can be deleted at any time. It belongs to this log at this size, by its Merkle
        root, and to these projections, by their code: used for anything else it is as if it were not there.

        Args:
            path: The file; an older snapshot of that name is replaced. None for the one beside an SQLite file,
                whose name is the log's with ``.snapshot`` behind it, and which `open` finds by itself.

        Returns:
            The file's path.

        Raises:
            InputError: no path is given, and the log is no SQLite file; or this is a timeline `at_size`.
            ProjectionError: a projection rests on something that cannot be compared later, such as an open file.
            StorageError: it cannot be written, or there is a file of that name that is no snapshot.

        Cost: some seventy bytes an event, and a build where no question was asked yet.

        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder, Timeline.open(f"{folder}/my.db") as tl:
        ...     print(tl.save_snapshot().name)
        my.db.snapshot
        """
        self._refuse_the_past("save a snapshot of")
        target = _beside(self.log) if path is None else file_path(path)
        if target is None:
            raise InputError("this log is no SQLite file; give the snapshot a path of its own")
        live = self._live(always=True)
        assert live is not None
        return live.save(target)

    def follow(self, after: int | None = None, *, timeout: float | None = None) -> Iterator[Record]:
        """
        The records as they are appended, by whomever; see `Log.follow`. The state follows by itself.

        Args:
            after: Begin behind this number; None for the end of the log as it stands now, 0 for its start.
            timeout: End when nothing came for so many seconds; None to wait for ever.

        Raises:
            QueryError: the log has not so many events yet, or `timeout` is no such number.
            InputError: this is a timeline `at_size`, which has no future.

        >>> tl = Timeline()
        >>> list(tl.follow(timeout=0))
        []
        """
        self._refuse_the_past("follow")
        return self.log.follow(after, timeout=timeout)

    def at_size(self, size: int) -> Timeline:
        """
        The timeline as the log stood at `size` events.

        Raises:
            QueryError: the log has not so many.
        """
        return self._like(size=_size_of(size, len(self)))

    def with_projections(self, *more: Projection | Project) -> Timeline:
        """
        The same log, with projections of your own beside the ones it has.

        One of the same name and module as an earlier one takes its place, so that running a
        notebook's cell again counts nothing twice.

        Raises:
            ProjectionError: something is no function.
        """
        return self._like(projections=(*self.projections, *more))

    def _like(self, **other: Any) -> Timeline:
        kept: dict[str, Any] = {
            "projections": self.projections,
            "region": self.region,
            "zone": self.zone,
            "size": self._size,
        }
        if self._size is None and other.get("size") is None:
            kept["snapshot"] = self._snapshot
        return Timeline(self.log, **(kept | other))

    def __len__(self) -> int:
        """How many events the log holds."""
        return self.log.size() if self._size is None else self._size

    def events(self, *, known_on: Day | None = None, according_to: Paths | None = None) -> list[Event]:
        """
        The claims that stand, in log order: known, not withdrawn, and by those claimants.

        The log itself, with everything ever appended, is `log`.
        """
        known, paths = self._known(known_on), paths_of(according_to)
        live = self._live()
        if live is not None:
            return live.events(known, paths)
        found = standing(self._log(), known)
        return found if paths is None else [e for e in found if speaks_for(e.claimant, paths)]

    def _log(self) -> list[Event]:
        """All events, also those that do not stand."""
        return [record.event for record in self.log.records(size=self._size)]

    def _log_about(self, key: Key) -> list[Event]:
        """The events that can have a say in the answers for a key, with all that is said of them; or more."""
        live = self._live()
        return self._log() if live is None else live.about(related(key))

    # --- asking --------------------------------------------------------------------------------

    def state_at(
        self, date: Day, *, known_on: Day | None = None, according_to: Paths | None = None, gaps: Gaps = "hold"
    ) -> State:
        """
        What was the case on a date, according to whom, and how sure that is.

        Raises:
            WhenError: `date` or `known_on` is no single day.
            QueryError: an option that does not exist.

        Cost: the first question of its kind replays the log; then a look-up for each number asked for,
        however many events there are. What is appended later costs the accounts it touches.
        """
        known, paths = self._known(known_on), paths_of(according_to)
        ledger = self._ledger(known, paths, self._gaps(gaps))
        return State(
            date=self._day(date), known_on=known, according_to=paths, gaps=gaps, region=self.region, ledger=ledger
        )

    def history(
        self,
        key: Key | str,
        *,
        known_on: Day | None = None,
        according_to: Paths | None = None,
        gaps: Gaps = "hold",
    ) -> History:
        """
        One key on all dates: the steps of its estimate and of every account.

        Raises:
            WhenError: `known_on` is no single day.
            QueryError: no such measure, no key at all, or an option that does not exist.
        """
        ledger = self._ledger(self._known(known_on), paths_of(according_to), self._gaps(gaps))
        return History(ledger.key(key), ledger, self.zone, self._parties)

    def _parties(self) -> list[str]:
        live = self._live()
        return [event.party for event in self.events()] if live is None else live.parties()

    def explain(
        self,
        date: Day,
        key: Key | str,
        *,
        known_on: Day | None = None,
        according_to: Paths | None = None,
        gaps: Gaps = "hold",
    ) -> Explanation:
        """
        Why the answer for a key on a date is what it is: number, accounts, events, printed words.

        Raises:
            WhenError: `date` or `known_on` is no single day.
            QueryError: no such measure, no key at all, or an option that does not exist.

        Cost: some replays of the events that speak of the key.
        """
        state = self.state_at(date, known_on=known_on, according_to=according_to, gaps=gaps)
        key = state.ledger.key(key)
        log = self._log_about(key)
        return explain(
            key,
            state.date,
            question=state.question,
            log=log,
            ledger=self._plain_ledger(log, state.known_on, state.according_to, gaps),
            projections=self.projections,
            known_on=state.known_on,
            paths=state.according_to,
            sources=corroborations(log, state.known_on),
        )

    def revisions(
        self, key: Key | str, date: Day, *, according_to: Paths | None = None, gaps: Gaps = "hold"
    ) -> Revisions:
        """
        How the answer for a key on one date changed as reports came in: for each span of known days, the answer.

        Raises:
            WhenError: `date` is no single day.
            QueryError: no such measure, no key at all, or an option that does not exist.

        Cost: one look at the key's own accounts for each day on which a report about them came, and the reading of the
        events that made a difference.

        >>> from kursk_timeline import kursk
        >>> [str(one) for one in kursk("article").revisions("held/ukraine/kursk", "2025-06-22")][:1]
        ['known since 2025-06-23: 90 km² (0–99, disputed: ukraine 81–99, russia 0)']
        """
        known = self._ledger(None, None, "hold").key(key)
        live = self._live(always=True)
        assert live is not None
        return live.revisions(known, self._day(date), paths_of(according_to), self._gaps(gaps))

    def diff(
        self,
        before: Day | State,
        after: Day | State,
        *,
        known_on: Day | None = None,
        according_to: Paths | None = None,
        gaps: Gaps = "hold",
    ) -> Diff:
        """
        What changed between two states, and by which events.

        Args:
            before, after: Two dates, to which the other options apply; or states asked for before. So
                ``tl.diff(tl.state_at(day, known_on=then), tl.state_at(day))`` tells what is thought of
                the day now and was not then, and ``tl.diff(tl.state_at(day, according_to="ukraine"),
                tl.state_at(day, according_to="russia"))`` how two parties differ.

        Raises:
            WhenError: a date is no single day.
            QueryError: an option that does not exist.

        >>> from kursk_timeline import kursk
        >>> tl = kursk("article")
        >>> print(tl.diff("2025-04-25", "2025-06-22")["held/ukraine/kursk"])  # doctest: +ELLIPSIS
        held/ukraine/kursk: 1,000 km² (1,000–∞, stale, ...) → 90 km² (0–99, disputed: ukraine 81–99, russia 0)
        """
        ask: dict[str, Any] = {"known_on": known_on, "according_to": according_to, "gaps": gaps}
        states = [one if isinstance(one, State) else self.state_at(one, **ask) for one in (before, after)]
        return Diff(*states)

    def audit(self, *, known_on: Day | None = None, according_to: Paths | None = None, gaps: Gaps = "hold") -> Audit:
        """
        What is wrong or odd in what the sources say: findings, the gravest first.

        The codes and what each means are in `kursk_timeline.audit.CHECKS`.

        Raises:
            WhenError: `known_on` is no single day.
            QueryError: an option that does not exist.

        Cost: the steps of every account, and a few passes over them.

        >>> from kursk_timeline import kursk
        >>> kursk("article").audit().errors[0].code
        'unit-slip'
        """
        known, paths = self._known(known_on), paths_of(according_to)
        ledger = self._ledger(known, paths, self._gaps(gaps))
        return audit(self._log(), ledger, self.projections, known_on=known, according_to=paths)

    # --- looking -------------------------------------------------------------------------------

    @property
    def plot(self) -> Plot:
        """
        Charts: ``plot.territory()``, ``plot.forces()``, ``plot.settlements()``, ``plot.events()``.

        Drawing needs the extra ``viz``, and is loaded when first asked for.
        """
        from kursk_timeline.views.charts.plot import Plot

        return Plot(self)

    def scrub(
        self,
        *,
        date: Day | None = None,
        known_on: Day | None = None,
        according_to: Paths | None = None,
        gaps: Gaps = "hold",
        title: str | None = None,
        height: int = 720,
    ) -> Scrub:
        """
        A slider over time for a notebook: the state, the chart and the week's claims follow it.

        It needs neither kernel nor network once it is shown.

        Args:
            date: The day it opens with; None for the last.
            title: Its heading; None for one made of the region's name.
            height: Of the frame, in pixels, at least 200.

        Raises:
            MissingExtraError: the extra ``viz`` is not installed.
            WhenError: `date` or `known_on` is no single day.
            QueryError: an option that does not exist.
        """
        from kursk_timeline.views.page import scrub

        return scrub(
            self, date=date, known_on=known_on, according_to=according_to, gaps=gaps, title=title, height=height
        )

    def report(
        self,
        path: str | os.PathLike[str],
        *,
        date: Day | None = None,
        known_on: Day | None = None,
        according_to: Paths | None = None,
        gaps: Gaps = "hold",
        title: str | None = None,
    ) -> Path:
        """
        Write one self-contained page: slider, state, charts, claims with sources, disputes, findings.

        It asks no host for anything, and works from a file.

        Args:
            path: The file, written whole or not at all.
            date: The day it opens with; None for the last.
            title: Its heading; None for one made of the region's name.

        Raises:
            MissingExtraError: the extra ``viz`` is not installed.
            StorageError: the file cannot be written.
            WhenError: `date` or `known_on` is no single day.
            QueryError: an option that does not exist.
        """
        from kursk_timeline.views.page import report

        return report(self, path, date=date, known_on=known_on, according_to=according_to, gaps=gaps, title=title)

    # --- many dates ----------------------------------------------------------------------------

    def states(
        self,
        dates: Day | Iterable[Day] | None = None,
        *,
        every: Every | None = None,
        known_on: Day | None = None,
        according_to: Paths | None = None,
        gaps: Gaps = "hold",
    ) -> Table:
        """
        Many dates as one long table, which polars, pandas, pyarrow and duckdb read.

        Args:
            dates: The dates; or
            every: ``"day"``, ``"week"``, ``"month"``, ``"quarter"`` or ``"year"``: in such steps from the
                first day of the first event to the last of the last, which is always among them. These are
                the events that stand now, by whomever, also where the other options leave some out.

        Returns:
            One row for each date, in the order given and as often as given, and each key claimed by then, with the
            columns ``date, measure, subject, region, low, best, high, unit, holders, certain, disputed, stale,
            last_heard``. Amounts are in the measure's unit, `unit`. An open bound is infinite; of a name, the
            numbers are null and `holders` lists the names.

        Raises:
            WhenError: a date is no single day.
            QueryError: both or neither of `dates` and `every` are given, or an option does not exist.

        Cost: some passes over arrays of dates times keys, after one build; one look at each key for each date
        with ``gaps="span"``.

        >>> from kursk_timeline import kursk
        >>> for row in kursk("article").states(["2024-08-10", "2024-09-01"]).rows():
        ...     print(*row[:8])
        2024-08-10 held ukraine kursk 0 0 inf km2
        2024-08-10 settlements ukraine kursk 0 0 99 settlements
        2024-09-01 held ukraine kursk 1000 1000 inf km2
        2024-09-01 present north-korea kursk 0 0 12100 persons
        2024-09-01 settlements ukraine kursk 24 24 99 settlements
        2024-09-01 strength north-korea kursk 0 0 12100 persons
        """
        days = self._days("states", dates, every)
        if self._live() is not None and self._gaps(gaps) == "hold":
            from kursk_timeline.engines.bulk import states

            return states(self._ledger(self._known(known_on), paths_of(according_to), gaps), days)
        ask: dict[str, Any] = {"known_on": known_on, "according_to": according_to, "gaps": gaps}
        return table_of(self.state_at(day, **ask) for day in days)

    def accounts_at(self, date: Day, *, known_on: Day | None = None, according_to: Paths | None = None) -> Accounts:
        """
        What every account says on a date, as arrays: the raw material of a state, and the fastest answer.

        Raises:
            WhenError: `date` or `known_on` is no single day.
            InputError: `according_to` names no claimant.
            QuantityError: the sums of an account have no room in 64 bits.

        Cost: that of the answer, some microseconds, after one build. With `known_on` some tenths of a millisecond
        for a million events (ten times that without the extra ``fast``), whatever the two days are, after another.

        >>> from kursk_timeline import kursk
        >>> kursk("article").accounts_at("2024-09-01")
        <3 accounts on 2024-09-01>
        """
        live = self._live(always=True)
        assert live is not None
        return live.accounts_at(self._day(date), self._known(known_on), paths_of(according_to))

    def accounts(
        self,
        dates: Day | Iterable[Day] | None = None,
        *,
        every: Every | None = None,
        known_on: Day | None = None,
        according_to: Paths | None = None,
    ) -> Table:
        """
        What every account says on many dates, as one long table.

        Args:
            dates, every: As for `states`.

        Returns:
            One row for each date and account begun by then, with the columns ``date, measure, subject, region,
            party, low, best, high, unit, holders, certain``, in the order of the dates as they are given. Amounts
            are in the measure's unit, `unit`. An open bound is infinite; of a name, the numbers are null and
            `holders` lists the names. Derived accounts are not among them.

        Raises:
            WhenError, QueryError: as for `states`.
            QuantityError: the sums of an account have no room in 64 bits.

        Cost: some passes over arrays of dates times accounts, after one build; with `known_on` that of
        `accounts_at` for each date.

        >>> from kursk_timeline import kursk
        >>> [(row[4], row[6]) for row in kursk("article").accounts("2024-09-01").rows()]
        [('press/onpointinfo', 1000), ('press/onpointinfo', 24), ('press/onpointinfo', 0)]
        """
        live = self._live(always=True)
        assert live is not None
        days = self._days("accounts", dates, every)
        return live.accounts(days, self._known(known_on), paths_of(according_to))

    def keys(self) -> list[Key]:
        """All keys that any standing event claims something about, in order."""
        return self._ledger(None, None, "hold").claimed()

    # --- what questions are made of ------------------------------------------------------------

    def _live(self, *, always: bool = False) -> Live | None:
        """The log's columns, where it is long enough to be worth them (or `always`); None where it is not."""
        if self._columns is None and (always or len(self) >= COLUMNS_FROM):
            from kursk_timeline.engines.live import Live  # it loads numpy, which a small log can do without
            from kursk_timeline.views.progress import reading

            self._columns = Live(self.log, self.projections, self._size, reading, self._snapshot)
        return self._columns

    def _ledger(self, known_on: dt.date | None, paths: tuple[str, ...] | None, gaps: Gaps) -> Ledger:
        live = self._live()
        if live is not None:
            return live.ledger(known_on, paths, gaps)
        size = len(self)
        if size != self._ledgers_at:  # what was computed for a shorter log is of no use any more
            self._ledgers, self._ledgers_at = {}, size
        question = (known_on, paths, gaps)
        ledger = self._ledgers.pop(question, None)
        if ledger is None:
            events = [record.event for record in self.log.records(size=size)]
            ledger = self._plain_ledger(events, known_on, paths, gaps)
        self._ledgers[question] = ledger  # the one asked last stands last
        while len(self._ledgers) > KEPT_LEDGERS:
            del self._ledgers[next(iter(self._ledgers))]
        return ledger

    def _plain_ledger(
        self, log: Sequence[Event], known_on: dt.date | None, paths: tuple[str, ...] | None, gaps: Gaps
    ) -> Ledger:
        heard = (e for e in standing(log, known_on) if paths is None or speaks_for(e.claimant, paths))
        return Ledger(heard, self.projections, gaps)

    def _day(self, value: object) -> dt.date:
        return day_of(value, zone=self.zone)

    def _known(self, value: object) -> dt.date | None:
        return None if value is None else self._day(value)

    @staticmethod
    def _gaps(value: object) -> Gaps:
        if value not in get_args(Gaps):
            raise QueryError(f"gaps is 'hold' or 'span', not {shown(value)}")
        return value  # type: ignore[return-value]

    def _days(self, asked: str, dates: Day | Iterable[Day] | None, every: Every | None) -> Sequence[dt.date]:
        if (dates is None) == (every is None):
            raise QueryError(f"give either dates or every=, as in {asked}(every='month')")
        if isinstance(dates, str) and dates in get_args(Every):
            raise QueryError(f"write {asked}(every={dates!r})")
        if dates is None:
            return self._every(every)
        several = [dates] if isinstance(dates, (str, dt.date, When)) else dates
        if not isinstance(several, Iterable):
            raise QueryError(f"{asked} takes dates such as '2024-09-01', one or several, not {shown(dates)}")
        return [date if type(date) is dt.date else self._day(date) for date in several]

    def _every(self, every: object) -> Sequence[dt.date]:
        if every not in get_args(Every):
            raise QueryError(f"every is one of {', '.join(get_args(Every))}, not {shown(every)}")
        span = self._span()
        if span is None:
            return []
        import pendulum  # calendar steps: the 31st a month later, leap years

        first, last = span
        start, end = (pendulum.datetime(day.year, day.month, day.day) for day in (first, last))
        step, amount = ("months", 3) if every == "quarter" else (f"{every}s", 1)
        days = [dt.date(day.year, day.month, day.day) for day in pendulum.interval(start, end).range(step, amount)]
        return days if days[-1] == last else [*days, last]

    def _span(self) -> tuple[dt.date, dt.date] | None:
        """From the first day of the first claim to the last of the last; None where there is none."""
        live = self._live()
        if live is not None:
            return live.span()
        events = self.events()
        windows = [event.window for event in events]
        if not windows:
            return None
        first = min(w.earliest for w in windows if w.earliest is not None)
        # What is announced for some far day is no reason to go on until then.
        reported = max((e.reported.latest for e in events if e.reported.latest is not None), default=first)
        return first, max(first, *(min(w.latest or w.earliest or first, reported) for w in windows))

    def __repr__(self) -> str:
        shown_at = "" if self._size is None else f" at size {self._size}"
        return f"<Timeline of {len(self)} events{shown_at}>"


def _store(target: str | os.PathLike[str], create: bool) -> Store:
    """Where a log is kept; what keeps it is loaded when it is asked for."""
    if target == ":memory:":
        return MemoryStore()
    if isinstance(target, str) and "://" in target:
        if not target.startswith(("postgresql://", "postgres://")):
            scheme = target.partition("://")[0]  # not the rest: it may hold a password
            raise InputError(
                f"a log is kept in an SQLite file (give a path) or at postgresql://…, not at {shown(scheme)}"
            )
        from kursk_timeline.stores.postgres import PostgresStore

        return PostgresStore(target, create=create)
    from kursk_timeline.stores.sqlite import SqliteStore

    return SqliteStore(target)


def _size_of(value: object, most: int) -> int:
    """A number of events that a log has."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise QueryError(f"a size is a number of events, not {shown(value)}")
    if not 0 <= value <= most:
        raise QueryError(f"the log holds {most} events, not {value}")
    return value


def _beside(log: Log) -> Path | None:
    """Where the snapshot of a log kept in a file is looked for; None for other logs."""
    path = getattr(log.store, "path", None)
    return path.with_name(f"{path.name}.snapshot") if isinstance(path, Path) else None


def _render(answer: object) -> str:
    from kursk_timeline.views import why  # noqa: F401  (it says how explanations look)
    from kursk_timeline.views.html import render

    return render(answer)


def _draw(answer: object, **options: Any) -> Any:
    from kursk_timeline.views.charts.plot import history_chart

    assert isinstance(answer, History)
    return history_chart(answer, **options)


rich.fill(_render, _draw)
