"""
The append-only log: events in one total order, each with its number and the time we took it.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence

import attrs

from kursk_timeline.errors import CorruptLogError, DecodeError, InputError, QueryError, shown
from kursk_timeline.events.base import AboutEvent, Event
from kursk_timeline.events.codec import decode
from kursk_timeline.log.port import Entry, Store

__all__ = ["Appended", "Log", "Record"]


@attrs.frozen
class Record:
    """
    An event and its place in the log.

    Args:
        seq: Its number, from 1, without gaps.
        recorded_at: When the log took it, UTC; never before its predecessor's.
        event: The event.
    """

    seq: int
    recorded_at: dt.datetime
    event: Event


@attrs.frozen
class Appended:
    """
    What an append did.

    Args:
        added: The new records, in order.
        already: The records that were there before, for events appended again.
        size: Length of the log afterwards.
    """

    added: tuple[Record, ...]
    already: tuple[Record, ...]
    size: int

    def __str__(self) -> str:
        return f"{len(self.added)} appended, {len(self.already)} there already; the log holds {self.size} events"


def utc_now() -> dt.datetime:
    return dt.datetime.now(dt.timezone.utc)


class Log:
    """
    An append-only log over a store.

    Safe to use from several threads. Records are read once and kept; `len(log)` and iteration see
    what other processes appended.

    Args:
        store: Where the entries are kept.
        clock: Gives the time of an append, UTC; only tests want another one.
    """

    def __init__(self, store: Store, *, clock: Callable[[], dt.datetime] = utc_now) -> None:
        self._store = store
        self._clock = clock
        self._records: list[Record] = []
        self._numbers: dict[str, int] = {}
        self._lock = threading.RLock()

    def append(self, events: Event | Iterable[Event], *, expected_size: int | None = None) -> Appended:
        """
        Append one event or a batch: all or none, durable on return.

        An event that is there already is left alone and named in the answer, so that a batch whose
        fate is unknown can simply be sent again.

        Args:
            events: In the order they are to stand in.
            expected_size: Length the log must have if anything is added; None for any.

        Raises:
            ConflictError: the log has another length; both are told.
            InputError: something is no event, or speaks of an event that is not in the log before it.
            LogError: the store failed; nothing was appended.

        Cost: O(batch), and one durable write.
        """
        if not isinstance(events, Iterable):
            events = [events]
        batch = list(events)
        for event in batch:
            if not isinstance(event, Event):
                raise InputError(f"only events can be appended, not {shown(event)}")
        with self._lock:
            self._refresh()
            self._check_references(batch)
            numbers, before = self._store.append([(e.id, e.canonical) for e in batch], self._clock(), expected_size)
            self._refresh({event.id: event for event in batch})
            distinct = [self._records[seq - 1] for seq in dict.fromkeys(numbers)]
            if [record.event for record in distinct] != list(dict.fromkeys(batch)):
                raise CorruptLogError("the log was replaced by another while it was open; open it again")
            return Appended(
                added=tuple(r for r in distinct if r.seq > before),
                already=tuple(r for r in distinct if r.seq <= before),
                size=len(self._records),
            )

    def _check_references(self, batch: Sequence[Event]) -> None:
        """An event about an event stands after it. (A successor may still be to come.)"""
        earlier: set[str] = set()
        for event in batch:
            if isinstance(event, AboutEvent) and event.event not in self._numbers and event.event not in earlier:
                raise InputError(
                    f"{type(event).__name__}.event: no event {event.event[:12]}… in the log; append that one first"
                )
            earlier.add(event.id)

    def _refresh(self, known: dict[str, Event] | None = None) -> None:
        """Read what the store has and we have not. Events we hold need no decoding."""
        with self._lock:
            size = self._store.size()
            if size < len(self._records):
                raise CorruptLogError(
                    f"the log held {len(self._records)} events and now holds {size}: it was cut or replaced"
                )
            if size == len(self._records):
                return
            for entry in self._store.entries(after=len(self._records)):
                event = (known or {}).get(entry.id) or self._decoded(entry)
                self._numbers[entry.id] = entry.seq
                self._records.append(Record(entry.seq, entry.recorded_at, event))

    @staticmethod
    def _decoded(entry: Entry) -> Event:
        try:
            event = decode(entry.body)
        except DecodeError as error:
            raise type(error)(error.problem, source=f"event {entry.seq} ({entry.id[:12]}…)") from error
        if event.id != entry.id:
            raise CorruptLogError(f"event {entry.seq} does not have the content its id {entry.id[:12]}… names")
        return event

    # --- reading -------------------------------------------------------------------------------

    def records(self, *, size: int | None = None) -> list[Record]:
        """The records in order; only the first `size` of them where given."""
        self._refresh()
        return self._records[:size]

    def __len__(self) -> int:
        self._refresh()
        return len(self._records)

    def __iter__(self) -> Iterator[Record]:
        return iter(self.records())

    def __getitem__(self, seq: int | str) -> Record:
        """
        The record with this number (from 1), or with this event id (or the start of one, six digits or more).

        Raises:
            QueryError: there is no such record, or several begin like that.
        """
        self._refresh()
        if isinstance(seq, int) and not isinstance(seq, bool):
            if not 1 <= seq <= len(self._records):
                raise QueryError(f"the log has events 1 to {len(self._records)}, not {seq}")
            return self._records[seq - 1]
        if not isinstance(seq, str):
            raise QueryError(
                f"ask for an event by its number or its id, not by {shown(seq)}; a slice is records()[a:b]"
            )
        matches = [n for id_, n in self._numbers.items() if id_.startswith(seq)] if len(seq) >= 6 else []
        if len(matches) != 1:
            raise QueryError(
                f"{len(matches) or 'no'} events have an id that starts with {shown(seq)}; "
                "give at least 6 digits, enough to tell them apart"
            )
        return self._records[matches[0] - 1]

    def __contains__(self, event: object) -> bool:
        self._refresh()
        return (event.id if isinstance(event, Event) else event) in self._numbers

    def close(self) -> None:
        """Let go of the store's file or connection."""
        self._store.close()

    def __repr__(self) -> str:
        records = self.records()
        span = f", last taken {records[-1].recorded_at:%Y-%m-%d %H:%M} UTC" if records else ""
        return f"<Log of {len(records)} events{span}>"
