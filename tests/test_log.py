"""The log: one contract for every store, and all stores under the same random calls."""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule, run_state_machine_as_test

import kursk_timeline as kt
import postgres
from kursk_timeline.engines.ids import Ids
from kursk_timeline.events.built import stored
from kursk_timeline.log import Log
from kursk_timeline.log.held import Held
from kursk_timeline.log.merkle import Frontier, leaf_hash, peaks_of
from kursk_timeline.log.port import Chunk, Store
from kursk_timeline.stores.memory import MemoryStore
from kursk_timeline.stores.sqlite import SqliteStore
from logs import DAYS, EVENTS, exclusive
from made import held, retracted

NOON = dt.datetime(2026, 1, 1, 12, tzinfo=dt.timezone.utc)


# --- the contract ------------------------------------------------------------------------------


def test_an_empty_log_holds_nothing(log: Log) -> None:
    assert len(log) == 0
    assert list(log) == []


def test_events_get_numbers_from_one_without_gaps(log: Log) -> None:
    log.append(EVENTS[0])
    receipt = log.append(EVENTS[1:4])
    assert [record.seq for record in log] == [1, 2, 3, 4]
    assert [record.event for record in log] == EVENTS[:4]
    assert [record.seq for record in receipt.added] == [2, 3, 4]
    assert receipt.already == ()
    assert receipt.size == 4


def test_the_same_event_twice_is_one_and_said_so(log: Log) -> None:
    log.append(EVENTS[:2])
    receipt = log.append([EVENTS[1], EVENTS[2], EVENTS[2]])
    assert [record.event for record in receipt.added] == [EVENTS[2]]
    assert [record.seq for record in receipt.already] == [2]
    assert len(log) == 3


def test_an_append_of_nothing_changes_nothing(log: Log) -> None:
    assert log.append([]).size == 0


def test_expected_size_refuses_when_somebody_was_first(log: Log) -> None:
    log.append(EVENTS[:2], expected_size=0)
    with pytest.raises(kt.ConflictError) as caught:
        log.append(EVENTS[2], expected_size=1)
    assert (caught.value.expected_size, caught.value.actual_size) == (1, 2)
    assert "2 events, not the 1 expected" in str(caught.value)
    assert len(log) == 2
    log.append(EVENTS[2], expected_size=2)


def test_an_append_that_failed_at_its_end_leaves_no_wrong_hashes(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where somebody else then appends just as many events before it is tried again."""
    log.append(EVENTS[:3])

    def failing() -> None:
        raise kt.StorageError("the disk is gone")

    monkeypatch.setattr(log.store, "commit", failing)
    with pytest.raises(kt.StorageError, match="gone"):
        log.append(EVENTS[3:5])
    monkeypatch.undo()
    Log(log.store).append(EVENTS[10:12])
    log.append(EVENTS[3:5])
    assert log.verify().size == 7


@pytest.mark.parametrize("act", [lambda log: len(log), lambda log: log.append(EVENTS[3:6]), lambda log: log.verify()])
def test_an_append_interrupted_twice_is_rolled_back_by_the_next_call(
    log: Log, monkeypatch: pytest.MonkeyPatch, act: Callable[[Log], object]
) -> None:
    """Ctrl-C before the commit, and once more while it is rolled back: nobody ever sees the batch."""
    log.append(EVENTS[:3])

    def interrupted() -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(log.store, "commit", interrupted)
        patched.setattr(log.store, "roll_back", interrupted)
        with pytest.raises(KeyboardInterrupt):
            log.append(EVENTS[10:14])
    act(log)
    assert [record.event for record in log] in (EVENTS[:3], EVENTS[:6])
    log.append(EVENTS)
    assert log.verify().size == len(EVENTS)


def test_an_interrupt_after_the_commit_counts_nothing_twice(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    """The batch is in; sending it again finds it there."""

    for half in (False, True):
        batch = [held("2024-08-06", f"{len(log) + n} km2", note="cut") for n in range(1, 4)]

        def cut(self: Held, ids: list[str], records: list[kt.Record], half: bool = half) -> None:
            if half:
                self.numbers.update(zip(ids, (record.seq for record in records), strict=True))
            raise KeyboardInterrupt

        with monkeypatch.context() as patched:
            patched.setattr(Held, "add", cut)
            with pytest.raises(KeyboardInterrupt):
                log.append(batch)
        assert log.append(batch).added == ()
        assert log.verify().size == len(log)


def test_a_log_that_is_asked_in_the_midst_of_its_own_append_says_what_it_knew(log: Log) -> None:
    """As by a signal handler: it neither reads what is not committed, nor rolls it back; and it takes no append."""
    log.append(EVENTS[:3])
    answers: list[object] = []

    def asked() -> dt.datetime:
        answers.extend([len(log), repr(log), EVENTS[5] in log, log.root])
        with pytest.raises(kt.LogError, match="under way"):
            log.append(EVENTS[9])
        return NOON

    log._clock = asked
    log.append([held("2024-08-06", f"{n + 1} km2", note="many") for n in range(1500)])
    assert answers[0] == 3
    assert len(log) == 1503
    assert log.checkpoint(3).root == answers[3]
    kt.verify_extends(log.prove_extends(3), log.checkpoint(3), log.checkpoint())
    assert log.verify().size == 1503


def test_a_look_by_the_start_of_an_id_goes_on_while_others_append(log: Log) -> None:
    """Also in another thread."""
    log.append(EVENTS[0])
    writer = threading.Thread(target=lambda: [log.append(event) for event in EVENTS[1:]])
    writer.start()
    while writer.is_alive():
        assert log[EVENTS[0].id[:10]].seq == 1
    writer.join()


@pytest.mark.parametrize("body", [b'{"kind":"statement-made","v":1,"x":1}', b'{"v":1, "kind":"statement-made"}', None])
def test_an_event_that_nobody_looked_at_is_looked_at_before_it_is_appended(log: Log, body: bytes | None) -> None:
    """What another file holds and is no event, or not in canonical form, does not spread."""
    bytes_ = body or EVENTS[0].canonical.replace(b",", b" ,", 1)
    (unread,) = stored([hashlib.sha256(bytes_).hexdigest()], [bytes_], 1)
    with pytest.raises(kt.DecodeError):
        log.append([EVENTS[1], unread])
    assert len(log) == 0


@pytest.mark.parametrize("bad", ["0", True, 1.0, [0]])
def test_an_expected_size_is_a_number_of_events(log: Log, bad: Any) -> None:
    with pytest.raises(kt.InputError, match="expected_size"):
        log.append(EVENTS[0], expected_size=bad)


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -1, "5"])
def test_a_timeout_is_a_number_of_seconds(log: Log, bad: Any) -> None:
    with pytest.raises(kt.QueryError, match="seconds"):
        log.follow(timeout=bad)


def test_sending_a_batch_again_whose_fate_is_unknown_is_no_conflict(log: Log) -> None:
    log.append(EVENTS[:3], expected_size=0)
    assert log.append(EVENTS[:3], expected_size=0).added == ()


def test_a_batch_goes_in_whole_or_not_at_all(log: Log) -> None:
    log.append(EVENTS[0])
    with pytest.raises(kt.InputError, match="only events can be appended"):
        log.append([EVENTS[1], "no event"])  # type: ignore[list-item]
    with pytest.raises(kt.InputError, match="no event"):
        log.append([EVENTS[1], retracted(EVENTS[5])])
    assert [record.event for record in log] == EVENTS[:1]


def test_an_event_about_an_event_stands_after_it(log: Log) -> None:
    with pytest.raises(kt.InputError, match="append that one first"):
        log.append([retracted(EVENTS[0]), EVENTS[0]])
    log.append([EVENTS[0], retracted(EVENTS[0])])
    assert len(log) == 2


def test_recording_times_never_go_back(tmp_path: Path) -> None:
    noon = NOON
    for store in (MemoryStore(), SqliteStore(tmp_path / "clock.db")):
        times = iter([noon, noon - dt.timedelta(hours=1), noon, noon + dt.timedelta(seconds=1)])
        log = Log(store, clock=lambda times=times: next(times))  # type: ignore[misc]
        for event in EVENTS[:4]:
            log.append(event)
        taken = [record.recorded_at for record in log]
        assert taken == [noon, noon, noon, noon + dt.timedelta(seconds=1)]
        assert all(time.tzinfo is not None for time in taken)
        log.close()


def test_a_record_is_found_by_number_and_by_id(log: Log) -> None:
    log.append(EVENTS[:3])
    assert log[2].event == EVENTS[1]
    assert log[EVENTS[2].id].seq == 3
    assert log[EVENTS[2].id[:10]].seq == 3
    assert EVENTS[0] in log
    assert EVENTS[7].id not in log
    for absent in (0, 4, -1, "ffffff", "ff", ""):
        with pytest.raises(kt.QueryError):
            log[absent]


def test_what_was_read_stays_the_same_when_more_is_appended(log: Log) -> None:
    log.append(EVENTS[:5])
    before = [(r.seq, r.recorded_at, r.event.canonical) for r in log.records(size=5)]
    log.append(EVENTS[5:])
    assert [(r.seq, r.recorded_at, r.event.canonical) for r in log.records(size=5)] == before


def in_threads(work: Callable[[int], None]) -> None:
    """Run it four times at once, each with a number of its own."""
    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_threads_lose_nothing(log: Log) -> None:
    def work(start: int) -> None:
        for event in EVENTS[start::4]:
            log.append(event)

    in_threads(work)
    assert {record.event for record in log} == set(EVENTS)
    assert [record.seq for record in log] == list(range(1, len(EVENTS) + 1))


# --- every store under any calls ---------------------------------------------------------------


def ids_of(store: Store) -> Ids:
    """What somebody knows who has read a store."""
    ids = bytes.fromhex("".join(id_ for chunk in store.chunks() for id_ in chunk.ids))
    halves = np.frombuffer(ids, ">u8").reshape(-1, 4)
    return Ids(halves[:, 0], halves[:, 1])


def test_an_append_reads_nothing_that_somebody_else_has_read(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    """It knows what is there already and what is spoken of; whoever asks for all records gets all."""
    log.append(EVENTS[:8])
    other, ids = Log(log.store), ids_of(log.store)
    other.lend(lambda: ids)
    log.append(EVENTS[8])
    read: list[int] = []
    chunks = log.store.chunks

    def seen(after: int = 0) -> Iterator[Chunk]:
        read.append(after)
        return chunks(after)

    monkeypatch.setattr(log.store, "chunks", seen)
    receipt = other.append([EVENTS[2], EVENTS[8], EVENTS[9], retracted(EVENTS[3], "2024-09-01")])
    assert [record.seq for record in receipt.already] == [3, 9]
    assert (receipt.added[0].seq, receipt.added[0].event) == (10, EVENTS[9])
    assert (receipt.size, len(other), EVENTS[1] in other, EVENTS[20] in other) == (11, 11, True, False)
    assert other[EVENTS[4].id].seq == 5
    assert other.append(EVENTS[2]).added == ()
    assert other.checkpoint() == log.checkpoint()
    with pytest.raises(kt.InputError, match="append that one first"):
        other.append(retracted(EVENTS[20], "2024-09-01"))
    assert 0 not in read
    assert other.records() == log.records()
    assert 0 in read


def lent(log: Log, **more: Any) -> Log:
    """Another log over the same store, whose first events somebody else has read."""
    other = Log(log.store, **more)
    other.lend(lambda: ids_of(log.store))
    return other


def test_many_looks_at_what_somebody_else_has_read_read_it_once(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch sent again in any order, or many corrections: all is read when that is no dearer."""
    log.append(EVENTS)
    other = lent(log)
    monkeypatch.setattr("kursk_timeline.log.LATELY", 3)
    looked: list[int] = []
    holding = log.store.holding
    monkeypatch.setattr(log.store, "holding", lambda seq: looked.append(seq) or holding(seq))  # type: ignore[func-returns-value]
    assert [record.event for record in other.append(EVENTS[::-1]).already] == EVENTS[::-1]
    assert len(looked) <= 3
    corrections = [retracted(event, "2024-09-01") for event in EVENTS]
    assert len(other.append(corrections).added) == len(EVENTS)
    assert len(looked) <= 3
    assert other.records() == log.records()


def test_who_asks_in_the_midst_of_an_append_gets_all_that_was_there(log: Log) -> None:
    """Also what only somebody else has read so far."""
    log.append(EVENTS[:6])
    answers: list[object] = []

    def asked() -> dt.datetime:
        answers.extend([len(other.records()), other.records(size=4), other[EVENTS[3].id[:10]].seq, len(other)])
        return NOON

    other = lent(log, clock=asked)
    other.append(EVENTS[6])
    assert answers == [6, log.records(size=4), 4, 6]


def test_threads_look_at_what_somebody_else_has_read(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    """By whatever question, each keeps out of the other's way."""
    for event in EVENTS:
        log.append(event)
    monkeypatch.setattr("kursk_timeline.log.LATELY", 2)
    other = lent(log)
    other.append(EVENTS[0])
    expected = [log.checkpoint(size) for size in range(len(EVENTS) + 1)]
    wrong: list[object] = []

    def work(start: int) -> None:
        try:
            for n in range(60):
                size = (start * 7 + n * 5) % len(EVENTS) + 1
                if other.checkpoint(size) != expected[size] or other.event(size) != EVENTS[size - 1]:
                    wrong.append(size)
        except Exception as error:
            wrong.append(error)

    in_threads(work)
    assert wrong == []


def test_an_id_that_begins_like_another_is_not_there(log: Log) -> None:
    """Whoever lends ids may keep but half of each; what he finds is looked at."""

    class FirstForAll:
        def __len__(self) -> int:
            return 3

        def rows_of(self, ids: Sequence[str]) -> list[int | None]:
            return [0] * len(ids)

    log.append(EVENTS[:3])
    other = Log(log.store)
    other.lend(FirstForAll)
    receipt = other.append([EVENTS[0], EVENTS[5]])
    assert [record.seq for record in receipt.already] == [1]
    assert [record.event for record in receipt.added] == [EVENTS[5]]
    assert EVENTS[6] not in other


GHOST = held("2024-08-06", "404 km2", note="never appended")


class _GoneError(Exception):
    """Somebody stopped in the middle."""


class StoresAgree(RuleBasedStateMachine):
    """Memory, SQLite and PostgreSQL give the same answers to the same calls, whatever breaks in between."""

    folder: Path

    def __init__(self) -> None:
        super().__init__()
        path = self.folder / f"{os.urandom(8).hex()}.db"
        self.open: dict[str, Callable[[], Store]] = {"memory": MemoryStore, "sqlite": lambda: SqliteStore(path)}
        if postgres.there():
            from kursk_timeline.stores.postgres import PostgresStore

            self.url = postgres.new_database()
            self.open["postgres"] = lambda: PostgresStore(self.url, create=True)
        # Of one memory somebody else has read the first events whenever it is opened again, and has their ids.
        self.open["lent"] = self.open["memory"]
        self.logs = {name: Log(make(), clock=lambda: NOON) for name, make in self.open.items()}

    appended = Bundle("appended")

    def all(self, call: Callable[[Log], object]) -> object:
        results = []
        for log in self.logs.values():
            try:
                results.append(repr(call(log)))
            except kt.TimelineError as error:
                results.append(f"{type(error).__name__}: {error}")
        assert len(set(results)) == 1, results
        return results[0]

    @rule(
        target=appended,
        batch=st.lists(st.sampled_from(EVENTS), max_size=4),
        expected=st.one_of(st.none(), st.integers(0, 8)),
    )
    def append(self, batch: list[kt.Event], expected: int | None) -> list[kt.Event]:
        self.all(lambda log: log.append(batch, expected_size=expected))
        return batch

    @rule(batch=consumes(appended), day=st.sampled_from(DAYS))
    def retract(self, batch: list[kt.Event], day: str) -> None:
        self.all(lambda log: log.append([retracted(event, day) for event in batch]))

    @rule()
    def reopen(self) -> None:
        for name, make in self.open.items():
            if name == "lent":
                store = self.logs[name].store
                self.logs[name] = Log(store, clock=lambda: NOON)
                self.logs[name].lend(functools.partial(ids_of, store))
            elif name != "memory":
                self.logs[name].close()
                self.logs[name] = Log(make(), clock=lambda: NOON)

    @rule()
    def read(self) -> None:
        self.all(lambda log: log.records())

    @rule(other_connection=st.booleans())
    def crash(self, other_connection: bool) -> None:
        """Somebody inserts and is gone before it is all over; the log goes on as if he had never been there."""
        for name, make in self.open.items():
            store = make() if other_connection and name not in ("memory", "lent") else self.logs[name].store
            size = store.size()
            frontier = Frontier([peak and store.node(*peak) for peak in peaks_of(size)])
            ghost = Chunk(size + 1, NOON, [GHOST.id], [GHOST.canonical])
            with suppress(_GoneError), exclusive(store):
                store.insert(ghost, frontier.grow([leaf_hash(GHOST.canonical)]))
                raise _GoneError
            if store is not self.logs[name].store:
                store.close()

    @rule(
        seq=st.integers(-1, 12),
        event=st.sampled_from(EVENTS),
        digits=st.sampled_from([5, 6, 64]),
        no_id=st.sampled_from(["z" * 64, " " * 64, "-" + "1" * 63, "é" * 64, "A" * 64, "0" * 64, "0" * 65]),
    )
    def look(self, seq: int, event: kt.Event, digits: int, no_id: str) -> None:
        self.all(lambda log: log[seq])
        self.all(lambda log: event in log)
        self.all(lambda log: log[event.id[:digits]])
        self.all(lambda log: no_id in log)
        self.all(lambda log: log[no_id])

    @rule(seq=st.integers(0, 12), size=st.one_of(st.none(), st.integers(0, 12)))
    def prove(self, seq: int, size: int | None) -> None:
        self.all(lambda log: log.prove(seq, size=size))
        self.all(lambda log: log.prove_extends(seq, size=size))
        self.all(lambda log: log.checkpoint(size))

    @rule(size=st.integers(0, 12))
    def verify(self, size: int) -> None:
        self.all(lambda log: log.verify(log.checkpoint(min(size, len(log)))))

    @invariant()
    def same_records(self) -> None:
        lent = self.logs["lent"]  # asked one by one, it need not read all
        first, *others = (log.records() for log in self.logs.values() if log is not lent)
        others.append([lent[seq] for seq in range(1, len(lent) + 1)])
        assert all(other == first for other in others)
        assert [record.seq for record in first] == list(range(1, len(first) + 1))
        assert len({log.root for log in self.logs.values()}) == 1

    def teardown(self) -> None:
        for log in self.logs.values():
            log.close()
        if "postgres" in self.open:
            postgres.drop_database(self.url)


def test_all_stores_agree_under_any_calls(tmp_path: Path) -> None:
    machine = type("StoresAgreeHere", (StoresAgree,), {"folder": tmp_path})
    examples = int(os.environ.get("KURSK_RANDOM_CALLS", "40"))
    run_state_machine_as_test(machine, settings=settings(max_examples=examples, stateful_step_count=20, deadline=None))
