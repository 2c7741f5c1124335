"""
The append-only log: events in one total order, each with its number and the time we took it.

A Merkle tree runs over the events' canonical bytes (`merkle`). Its root stands for the whole log:
whoever wrote one down can later be shown that an event was in the log (`Log.prove`), and that nothing
before that point was changed (`Log.prove_extends`).
"""

from __future__ import annotations

import datetime as dt
import re
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import ClassVar

import attrs

from kursk_timeline.errors import (
    ConflictError,
    CorruptLogError,
    InputError,
    LogError,
    LostConnectionError,
    QueryError,
    shown,
)
from kursk_timeline.events.base import AboutEvent, Event
from kursk_timeline.events.built import stored
from kursk_timeline.events.checked import checked
from kursk_timeline.fork import quiet_during_fork
from kursk_timeline.log.check import Verified, verify
from kursk_timeline.log.checkpoint import Checkpoint
from kursk_timeline.log.held import Held, KnownIds, Record
from kursk_timeline.log.merkle import Frontier, Tree, leaf_hash, peaks_of
from kursk_timeline.log.port import CHUNK_BYTES, CHUNK_EVENTS, Chunk, Store
from kursk_timeline.log.proofs import Extension, Inclusion

__all__ = ["Appended", "Log", "Record"]

FOLLOW_SECONDS = 5.0
"""How long one wait of `Log.follow` lasts at most."""

_WHOLE_ID = re.compile("[0-9a-f]{64}", re.ASCII)

LATELY = 16
"""So many portions of events are remembered when single ones are asked for."""

RETRY_SECONDS = (0.1, 0.5, 2.0)
"""How long an append waits before each time it is sent again after the connection broke."""


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

    Safe to use from several threads. Records are read once and kept, but for events whose ids somebody
    else has (`lend`) until they are needed; `len(log)` and iteration see what other processes appended.

    Args:
        store: Where the events are kept.
        clock: Gives the time of an append, UTC; only tests want another one.
    """

    fork_rank: ClassVar[int] = 0

    def __init__(self, store: Store, *, clock: Callable[[], dt.datetime] = utc_now) -> None:
        self.store = store
        self._clock = clock
        self._held = Held()
        self._lender: Callable[[], KnownIds] | None = None
        self._looked = 0
        """How many events were looked at by themselves because somebody else had their ids."""
        self._tree = Tree()
        self._frontier = Frontier()
        self._inside = False
        """An append is under way."""
        self._unsettled = False
        """An append was interrupted, and so was whatever was to put that right."""
        self._largest = 0
        """The largest size that was ever seen."""
        self._lately: dict[int, list[Record]] = {}
        """Records that were read with one that was asked for, by the number of the first."""
        self._lock = threading.RLock()
        quiet_during_fork(self)

    def renew(self) -> None:
        """In a forked child: a new lock, and no append that was under way in the parent."""
        self._lock = threading.RLock()
        self._inside, self._unsettled, self._frontier = False, False, Frontier()

    # --- appending -----------------------------------------------------------------------------

    def append(self, events: Event | Iterable[Event], *, expected_size: int | None = None) -> Appended:
        """
        Append one event or a batch: all or none, durable on return.

        An event that is there already is left alone and named in the answer, so that a batch whose
        fate is unknown can simply be sent again. That is also what is done when the connection to a
        database breaks: the batch is sent again, and what the first try had kept counts as there already.

        Args:
            events: In the order they are to stand in.
            expected_size: Length the log must have if anything is added; None for any.

        Raises:
            ConflictError: the log has another length; both are told.
            InputError: something is no event, or speaks of an event that is not in the log before it.
            LogError: the store failed; nothing was appended.
            LostConnectionError: the connection broke again and again; send the batch again later.

        Cost: O(batch) hashes, and one durable write. Events that nobody has looked at yet, as a file gives them,
        are checked first: some 3 µs each, and they are taken from `events` a thousand ahead.
        """
        if not isinstance(events, Iterable):
            events = [events]
        batch: dict[str, Event] = {}
        about: list[AboutEvent] = []
        if expected_size is not None and (not isinstance(expected_size, int) or isinstance(expected_size, bool)):
            raise InputError(f"expected_size is a number of events, not {shown(expected_size)}")
        for event in checked(events):
            if not isinstance(event, Event):
                raise InputError(f"only events can be appended, not {shown(event)}")
            if batch.setdefault(event.id, event) is event and isinstance(event, AboutEvent):
                about.append(event)
        with self._lock:
            if self._inside:
                raise LogError("an append to this log is under way in this very thread; append again when it is over")
            if len(self._numbers_of(batch)) == len(batch):  # nothing to write, so nobody need be kept out
                self._catch_up()
                return self._receipt(batch, self._held.size)
            for pause in (*RETRY_SECONDS, None):
                try:
                    return self._receipt(batch, self._append(batch, about, expected_size))
                except LostConnectionError:
                    if pause is None:
                        raise
                    time.sleep(pause)
            raise AssertionError("unreachable")

    def _append(self, batch: dict[str, Event], about: Sequence[AboutEvent], expected_size: int | None) -> int:
        """Append what is not there yet; the size before."""
        try:
            self._inside = self._unsettled = True
            self.store.begin()
            self._read_on()  # what others appended until now, when nobody else can any more
            self._check_references(about, batch)
            size, there = self._held.size, self._numbers_of(batch)
            ids = [id_ for id_ in batch if id_ not in there]
            events = list(batch.values()) if len(ids) == len(batch) else [batch[id_] for id_ in ids]
            if ids and expected_size is not None and expected_size != size:
                raise ConflictError(expected_size, size)
            now = self._clock().astimezone(dt.timezone.utc)
            if size:
                now = max(now, self._record(size).recorded_at)
            for chunk in _chunks(ids, events, size + 1, now):
                self.store.insert(chunk, self._grown(chunk))
            self.store.commit()
            self._unsettled = False
        except BaseException:
            self._settle()
            raise
        finally:
            self._inside = False
        self._held.add(ids, [Record(seq, now, event) for seq, event in enumerate(events, size + 1)])
        return size

    def _settle(self) -> None:
        """Put an append that was interrupted out of the world; also later, if this is interrupted as well."""
        self.store.roll_back()
        self._frontier = Frontier()  # it may be ahead of what was kept
        self._unsettled = False

    def _grown(self, chunk: Chunk) -> bytes:
        """The hashes that a chunk adds to the tree."""
        size = chunk.first - 1
        if self._frontier.size != size:  # somebody else appended
            self._frontier = self._frontier_at(size)
        return self._frontier.grow([leaf_hash(body) for body in chunk.bodies])

    def _frontier_at(self, size: int) -> Frontier:
        return Frontier([peak and self.store.node(*peak) for peak in peaks_of(size)])

    def _receipt(self, batch: dict[str, Event], before: int) -> Appended:
        held = self._held
        if held.size - before == len(batch):  # all of it is new, and stands at the end
            return Appended(tuple(held.records[before - held.before :]), (), held.size)
        numbers = self._numbers_of(batch)
        records = [self._record(numbers[id_]) for id_ in batch]
        added, already = ([r for r in records if (r.seq > before) is new] for new in (True, False))
        return Appended(tuple(added), tuple(already), held.size)

    def _check_references(self, about: Sequence[AboutEvent], batch: dict[str, Event]) -> None:
        """An event about an event stands after it. (A successor may still be to come.)"""
        places = {id_: place for place, id_ in enumerate(batch)} if about else {}
        there = self._numbers_of([event.event for event in about])
        for event in about:
            if event.event not in there and places.get(event.event, len(batch)) >= places[event.id]:
                raise InputError(
                    f"{type(event).__name__}.event: no event {event.event[:12]}… in the log; append that one first"
                )

    # --- reading -------------------------------------------------------------------------------

    def lend(self, lender: Callable[[], KnownIds]) -> None:
        """
        Let appends rely on somebody who reads the first events, where this log has read none so far.

        Appending then begins at once, and does not notice damage among those events; whatever else needs them
        reads them.

        Args:
            lender: Asked for the ids he has when they are first needed.
        """
        with self._lock:
            if self._held.size == 0:
                self._lender = lender

    def _catch_up(self) -> None:
        """Know which events there are."""
        with self._lock:
            if self._inside:  # somebody is asked in the midst of an append of his own, such as a signal handler
                return
            if self._unsettled:
                self._settle()
            self._read_on()

    def _refresh(self) -> None:
        """Read all that the store has and we have not."""
        with self._lock:
            self._catch_up()
            self._read_back()

    def _read_back(self) -> None:
        """Read what comes before that which was read. It was there before any append that is under way."""
        if self._held.before:
            earlier = Held()
            for chunk in self.store.chunks():
                earlier.add(chunk.ids, _records(chunk))
                if earlier.size >= self._held.before:
                    break
            self._held = self._held.joined(earlier)

    def _size(self) -> int:
        size = self.store.size()
        if size < self._largest:
            raise CorruptLogError(
                f"the log held {self._largest} events and now holds {size}: it was cut or replaced",
                what="truncated",
                seq=size + 1,
            )
        self._largest = size
        return size

    def _read_on(self) -> None:
        with self._lock:
            size = self._size()
            if self._held.size == 0 and size and self._lender is not None:
                lent = self._lender()
                self._held = Held(lent if 0 < len(lent) <= size else None)
            self._lender = None
            if self._held.size < size:
                for chunk in self.store.chunks(after=self._held.size):  # to the end, which tells whether all is there
                    self._held.add(chunk.ids, _records(chunk))

    def _numbers_of(self, ids: Collection[str]) -> dict[str, int]:
        """The numbers of those of some events that are there, as far as was read."""
        held = self._held
        found = {id_: held.numbers[id_] for id_ in ids if id_ in held.numbers}
        if held.lent is not None and len(found) < len(ids):
            others = [id_ for id_ in ids if id_ not in found]
            seen = {id_: row + 1 for id_, row in zip(others, held.lent.rows_of(others), strict=True) if row is not None}
            if self._looked + len(seen) > held.before // CHUNK_EVENTS + LATELY:  # that is as dear as reading all
                self._read_back()
                return self._numbers_of(ids)
            self._looked += len(seen)
            found.update((id_, seq) for id_, seq in seen.items() if self._record(seq).event.id == id_)
        return found

    def _record(self, seq: int) -> Record:
        """The record with this number, which there is, without reading all."""
        found = self._held.get(seq)
        if found is not None:
            return found
        for first, records in self._lately.items():
            if first <= seq < first + len(records):
                return records[seq - first]
        chunk = self.store.holding(seq)
        while len(self._lately) >= LATELY:
            del self._lately[next(iter(self._lately))]
        records = self._lately[chunk.first] = _records(chunk)
        return records[seq - chunk.first]

    def records(self, *, size: int | None = None) -> list[Record]:
        """The records in order; only the first `size` of them where given."""
        self._refresh()
        return self._held.records[:size]

    def __len__(self) -> int:
        with self._lock:
            self._catch_up()
            return self._held.size

    def size(self) -> int:
        """How many events there are, without reading any. In the midst of an append, as many as there were before."""
        with self._lock:
            if self._inside:
                return self._largest
            if self._unsettled:
                self._settle()
            return self._size()

    def chunks(self, after: int = 0) -> Iterator[Chunk]:
        """
        The stored bytes of the events after a number, in portions; nothing of them is kept here.

        Args:
            after: The end of an earlier portion; 0 for all.

        Raises:
            CorruptLogError: events are missing, or are not the bytes their ids and checksums name.
        """
        with self._lock:
            if self.size() > after and not self._inside:
                yield from self.store.chunks(after)

    def event(self, seq: int) -> Event:
        """
        The event with this number, from 1 to `size`, without reading all.

        Cost: that of the few hundred that are stored with it, where it was not read before.
        """
        with self._lock:
            return self._record(seq).event

    def __iter__(self) -> Iterator[Record]:
        return iter(self.records())

    def __getitem__(self, seq: int | str) -> Record:
        """
        The record with this number (from 1), or with this event id (or the start of one, six digits or more).

        Raises:
            QueryError: there is no such record, or several begin like that.
        """
        with self._lock:
            self._catch_up()
            return self._record(self._number(seq))

    def _number(self, seq: object) -> int:
        if isinstance(seq, int) and not isinstance(seq, bool):
            if not 1 <= seq <= self._held.size:
                raise QueryError(f"the log has events 1 to {self._held.size}, not {seq}")
            return seq
        if not isinstance(seq, str):
            raise QueryError(
                f"ask for an event by its number or its id, not by {shown(seq)}; a slice is records()[a:b]"
            )
        if _WHOLE_ID.fullmatch(seq):
            matches = list(self._numbers_of([seq]).values())
        else:
            self._refresh()
            numbers = self._held.numbers
            matches = [n for id_, n in numbers.items() if id_.startswith(seq)] if len(seq) >= 6 else []
        if len(matches) != 1:
            raise QueryError(
                f"{len(matches) or 'no'} events have an id that starts with {shown(seq)}; "
                "give at least 6 digits, enough to tell them apart"
            )
        return matches[0]

    def __contains__(self, event: object) -> bool:
        id_ = event.id if isinstance(event, Event) else event
        with self._lock:
            self._catch_up()
            return isinstance(id_, str) and bool(_WHOLE_ID.fullmatch(id_) and self._numbers_of([id_]))

    def follow(self, after: int | None = None, *, timeout: float | None = None) -> Iterator[Record]:
        """
        The records as they are appended, by whomever: an iterator that waits for the next one.

        Args:
            after: Begin behind this number; None for the end of the log as it stands now, 0 for its start.
            timeout: End when nothing came for so many seconds; None to wait for ever.

        Raises:
            QueryError: the log has not so many events yet, or `timeout` is no such number.

        A database server says at once that there is more; a file is looked at ten times a second.
        """
        size = len(self)
        if after is not None and (not isinstance(after, int) or isinstance(after, bool) or not 0 <= after <= size):
            raise QueryError(f"the log holds {size} events; follow it after 0 to {size}, not after {shown(after)}")
        if timeout is not None and not (isinstance(timeout, (int, float)) and 0 <= timeout < float("inf")):
            raise QueryError(f"timeout is a number of seconds, 0 or more, not {shown(timeout)}; None waits for ever")
        return self._follow(size if after is None else after, timeout)

    def _follow(self, after: int, timeout: float | None) -> Iterator[Record]:
        heard = time.monotonic()
        while True:
            for record in self.records()[after:]:
                after = record.seq
                yield record
                heard = time.monotonic()
            left = FOLLOW_SECONDS if timeout is None else heard + timeout - time.monotonic()
            if left <= 0:
                return
            self.store.wait(after, min(left, FOLLOW_SECONDS))

    # --- proofs --------------------------------------------------------------------------------

    def _tree_at(self, size: int | None) -> tuple[Tree, int]:
        """The tree, at least so large, and the size that is asked for: the log's own where None."""
        with self._lock:
            known = len(self)
            if size is None:
                size = known
            if not isinstance(size, int) or isinstance(size, bool) or not 0 <= size <= known:
                raise QueryError(f"the log holds {known} events, not {shown(size)}")
            try:
                for count, nodes in self.store.nodes(after=self._tree.size) if self._tree.size < known else ():
                    self._tree.add(count, nodes)
                    if self._tree.size == known:  # what an append of this thread's has inserted so far may follow
                        break
            except BaseException:
                self._tree = Tree()  # a part of these hashes may be in
                raise
            return self._tree, size

    @property
    def root(self) -> bytes:
        """
        The root of the Merkle tree (RFC 9162, SHA-256) over the log: 32 bytes that stand for all of it.

        Cost: what was appended since it was last asked for is read, not hashed again.
        """
        tree, size = self._tree_at(None)
        return tree.root(size)

    def root_at(self, size: int) -> bytes:
        """
        The root as it stood at so many events, from the hashes that are stored; no event is read.

        Raises:
            QueryError: the log has not so many events.

        Cost: O(log n).
        """
        with self._lock:
            if not 0 <= size <= self.size():
                raise QueryError(f"the log holds {self.size()} events, not {size}")
            return self._frontier_at(size).root

    def checkpoint(self, size: int | None = None, *, origin: str | None = None) -> Checkpoint:
        """
        The log's size, root and the time of its last event, to be written down elsewhere.

        Args:
            size: As the log stood at so many events; None for now.
            origin: What the log is called, such as ``example.org/kursk``; None for a plain name.

        Raises:
            QueryError: the log has not so many events.
            InputError: the origin cannot be taken.
        """
        with self._lock:
            tree, size = self._tree_at(size)
            time = self._record(size).recorded_at if size else None
        return Checkpoint(size=size, root=tree.root(size), time=time, **({} if origin is None else {"origin": origin}))

    def prove(self, event: Event | str | int, *, size: int | None = None) -> Inclusion:
        """
        Prove that an event is in the log, to somebody who has no more than a checkpoint of it.

        Args:
            event: The event, its id or the start of it, or its number.
            size: Of the checkpoint; None for the log as it stands.

        Raises:
            QueryError: there is no such event, or it came later than that.

        Cost: O(log n); some microseconds.
        """
        record = self[event.id if isinstance(event, Event) else event]
        tree, size = self._tree_at(size)
        if record.seq > size:
            raise QueryError(f"event {record.seq} came after the first {size}; prove it in a later checkpoint")
        return Inclusion(seq=record.seq, size=size, path=tuple(tree.inclusion(record.seq - 1, size)))

    def prove_extends(self, old_size: int, *, size: int | None = None) -> Extension:
        """
        Prove that the log only grew since it had `old_size` events, to somebody who has both checkpoints.

        Raises:
            QueryError: the log has not so many events, or `old_size` is 0: every log extends nothing.

        Cost: O(log n).
        """
        tree, size = self._tree_at(size)
        if not isinstance(old_size, int) or isinstance(old_size, bool) or not 0 < old_size <= size:
            raise QueryError(f"an earlier size lies between 1 and {size}; {shown(old_size)} does not")
        return Extension(old_size=old_size, size=size, path=tuple(tree.extension(old_size, size)))

    def verify(self, checkpoints: Checkpoint | Iterable[Checkpoint] = ()) -> Verified:
        """
        Recompute everything that can be recomputed, from the file's structure to the root.

        Args:
            checkpoints: Ones kept elsewhere, of any age. Without one, nobody can tell that events were cut
                off at the end, or that the whole log was written anew.

        Raises:
            CorruptLogError: `what` is wrong (``"damaged"``, ``"truncated"``, ``"rewritten"``) and with which
                event it begins.
            DecodeError: an event is of a kind or version that this release cannot read.

        Cost: reads and hashes the whole log; some 40,000 events a second.
        """
        with self.at_rest() as store:
            return verify(store, [checkpoints] if isinstance(checkpoints, Checkpoint) else list(checkpoints))

    @contextmanager
    def at_rest(self) -> Iterator[Store]:
        """The store, while this process appends nothing to it."""
        with self._lock:
            self._refresh()
            yield self.store

    def close(self) -> None:
        """Let go of the store's file or connection."""
        self.store.close()

    def __repr__(self) -> str:
        with self._lock:
            size = self.size()
            span = f", last taken {self._record(size).recorded_at:%Y-%m-%d %H:%M} UTC" if size else ""
            return f"<Log of {size} events{span}>"


def _records(chunk: Chunk) -> list[Record]:
    """The records of a portion."""
    events, taken = stored(chunk.ids, chunk.bodies, chunk.first), chunk.recorded_at
    return [Record(seq, taken, event) for seq, event in enumerate(events, chunk.first)]


def _chunks(ids: Sequence[str], events: Sequence[Event], first: int, now: dt.datetime) -> Iterator[Chunk]:
    """Cut a batch into chunks of a size that is good to keep."""
    bodies = [event.canonical for event in events]
    start = total = 0
    for end, body in enumerate(bodies, 1):
        total += len(body)
        if end == len(bodies) or end - start == CHUNK_EVENTS or total >= CHUNK_BYTES:
            yield Chunk(first + start, now, ids[start:end], bodies[start:end])
            start, total = end, 0
