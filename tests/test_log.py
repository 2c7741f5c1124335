"""The log: one contract for every store, and what only the SQLite file has to show."""

from __future__ import annotations

import copy
import datetime as dt
import hashlib
import multiprocessing
import os
import pickle
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import attrs
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule, run_state_machine_as_test

import kursk_timeline as kt
import postgres
from kursk_timeline.log import Log
from kursk_timeline.log.merkle import Frontier, leaf_hash, peaks_of
from kursk_timeline.log.port import Chunk, Store
from kursk_timeline.stores.memory import MemoryStore
from kursk_timeline.stores.sqlite import SqliteStore
from logs import DAYS, EVENTS
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
    whole = log.store.exclusive

    @contextmanager
    def failing() -> Iterator[None]:
        with whole():
            yield
            raise kt.StorageError("the disk is gone")

    monkeypatch.setattr(log.store, "exclusive", failing)
    with pytest.raises(kt.StorageError, match="gone"):
        log.append(EVENTS[3:5])
    monkeypatch.undo()
    Log(log.store).append(EVENTS[10:12])
    log.append(EVENTS[3:5])
    assert log.verify().size == 7


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


def test_threads_lose_nothing(log: Log) -> None:
    def work(start: int) -> None:
        for event in EVENTS[start::4]:
            log.append(event)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {record.event for record in log} == set(EVENTS)
    assert [record.seq for record in log] == list(range(1, len(EVENTS) + 1))


# --- every store under any calls ---------------------------------------------------------------


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
            if name != "memory":
                self.logs[name].close()
                self.logs[name] = Log(make(), clock=lambda: NOON)

    @rule(other_connection=st.booleans())
    def crash(self, other_connection: bool) -> None:
        """Somebody inserts and is gone before it is all over; the log goes on as if he had never been there."""
        for name, make in self.open.items():
            store = make() if other_connection and name != "memory" else self.logs[name].store
            size = store.size()
            frontier = Frontier([peak and store.node(*peak) for peak in peaks_of(size)])
            ghost = Chunk(size + 1, NOON, [GHOST.id], [GHOST.canonical])
            with suppress(_GoneError), store.exclusive():
                store.insert(ghost, frontier.grow([leaf_hash(GHOST.canonical)]))
                raise _GoneError
            if store is not self.logs[name].store:
                store.close()

    @rule(seq=st.integers(-1, 12))
    def look(self, seq: int) -> None:
        self.all(lambda log: log[seq])

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
        first, *others = (log.records() for log in self.logs.values())
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


# --- the SQLite file ---------------------------------------------------------------------------


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log.db"


Opened = Callable[..., Log]


@pytest.fixture
def opened() -> Iterator[Opened]:
    """Opens logs in files, and closes them all in the end."""
    logs: list[Log] = []

    def opened(path: Path, **options: float) -> Log:
        logs.append(Log(SqliteStore(path, **options)))
        return logs[-1]

    yield opened
    for log in logs:
        log.close()


def test_the_log_is_one_file_and_lasts(path: Path) -> None:
    with kt.Timeline.open(path) as timeline:
        timeline.append(EVENTS)
    assert [p.name for p in path.parent.iterdir()] == ["log.db"]
    with kt.Timeline.open(path) as timeline:
        assert [record.event for record in timeline.log] == EVENTS
        assert [record.event.canonical for record in timeline.log] == [event.canonical for event in EVENTS]


def test_another_process_sees_and_is_seen(path: Path, opened: Opened) -> None:
    mine, other = opened(path), opened(path)
    mine.append(EVENTS[0])
    other.append(EVENTS[1])
    assert len(mine) == len(other) == 2
    with pytest.raises(kt.ConflictError):
        mine.append(EVENTS[2], expected_size=1)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE chunks SET bodies = '{}'",
        "DELETE FROM chunks",
        "INSERT OR REPLACE INTO chunks SELECT 1, count, recorded_at, checksum, nodes, '{}' FROM chunks",
        "REPLACE INTO chunks SELECT 3, count, recorded_at, checksum, nodes, '{}' FROM chunks",
        "INSERT INTO chunks SELECT 7, count, recorded_at, checksum, nodes, bodies FROM chunks",
        "INSERT INTO chunks SELECT 4, 0, recorded_at, checksum, nodes, bodies FROM chunks",
    ],
)
def test_the_database_itself_refuses_to_change_or_skip(path: Path, statement: str, opened: Opened) -> None:
    opened(path).append(EVENTS[:3])
    with sqlite3.connect(path) as db, pytest.raises(sqlite3.IntegrityError, match=r"events|count"):
        db.execute(statement)
    db.close()
    assert len(opened(path)) == 3


def test_a_file_that_is_no_log_is_left_as_it_is(tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("These are my notes. " * 100)
    other = tmp_path / "other.db"
    with sqlite3.connect(other) as db:
        db.execute("CREATE TABLE photos (name TEXT)")
    db.close()
    for file in (text, other):
        before = file.read_bytes()
        with pytest.raises(kt.NotALogError, match=file.name):
            kt.Timeline.open(file)
        assert file.read_bytes() == before
    with pytest.raises(kt.NotALogError, match="no file"):
        kt.Timeline.open(tmp_path)
    with pytest.raises(kt.StorageError, match="no folder"):
        kt.Timeline.open(tmp_path / "absent" / "log.db")
    with pytest.raises(kt.InputError, match="SQLite file"):
        kt.Timeline.open("mysql://localhost/kursk")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["notes.txt", "other.db"]


def test_a_log_of_a_later_release_is_refused(path: Path, opened: Opened) -> None:
    opened(path).append(EVENTS[0])
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(kt.NotALogError, match="later release"):
        kt.Timeline.open(path)


def test_a_log_without_its_guards_is_refused(path: Path, opened: Opened) -> None:
    opened(path).append(EVENTS[0])
    with sqlite3.connect(path) as db:
        db.execute("DROP TRIGGER chunks_are_never_deleted")
    db.close()
    with pytest.raises(kt.CorruptLogError, match="triggers"):
        kt.Timeline.open(path)


def test_a_log_that_shrank_while_it_was_open_is_damaged(path: Path, opened: Opened) -> None:
    log = opened(path)
    log.append(EVENTS[0])
    short = path.read_bytes()
    log.append(EVENTS[1])
    assert len(log) == 2
    path.write_bytes(short)
    with pytest.raises(kt.CorruptLogError):
        len(log)


def _forged(path: Path, *bodies: bytes) -> None:
    """Put events behind the last, as a later release or a forger would: with everything that belongs to them."""
    store = SqliteStore(path)
    size = store.size()
    frontier = Frontier([peak and store.node(*peak) for peak in peaks_of(size)])
    nodes = frontier.grow([leaf_hash(body) for body in bodies])
    with store.exclusive():
        store.insert(Chunk(size + 1, dt.datetime.now(dt.timezone.utc), [], list(bodies)), nodes)
    store.close()


@pytest.mark.parametrize(
    ("body", "error", "says"),
    [
        (b'{"kind":"territory-held","v":7}', kt.NewerVersionError, "version 7"),
        (b'{"kind":"drone-seen","v":1}', kt.UnknownKindError, "drone-seen"),
        (b'{"v":1}', kt.UnknownKindError, "'kind' is missing"),
        (b"no event at all", kt.DecodeError, "not JSON"),
        (b'{"kind":"territory-held","v":1}' * 2, kt.DecodeError, "not JSON"),
    ],
)
def test_an_event_that_cannot_be_read_is_named(
    path: Path, opened: Opened, body: bytes, error: type[kt.DecodeError], says: str
) -> None:
    """Already when the log is opened, before anybody looks at the event."""
    opened(path).append(EVENTS[:2])
    _forged(path, EVENTS[2].canonical, body)
    with pytest.raises(error, match=rf"event 4 \({hashlib.sha256(body).hexdigest()[:12]}…\).*{says}"):
        len(opened(path))


def test_an_event_with_a_broken_field_is_named_when_somebody_looks(path: Path, opened: Opened) -> None:
    """Its fields are read when they are asked for; the rest of the log is not kept from anybody."""
    body = EVENTS[2].canonical.replace(b'"2024-08-08"', b'"last autumn"')
    opened(path).append(EVENTS[:2])
    _forged(path, body)
    log = opened(path)
    assert log[1].event.occurred == EVENTS[0].occurred
    for _ in range(2):
        with pytest.raises(kt.DecodeError, match=rf"event {hashlib.sha256(body).hexdigest()[:12]}….*'occurred'"):
            log[3].event.occurred  # noqa: B018
    with pytest.raises(kt.DecodeError, match=r"event 3 .*'occurred'"):
        log.verify()


def test_an_event_nobody_looked_at_is_like_any_other(path: Path, opened: Opened) -> None:
    """Equal, hashable, printable, copied and pickled before its fields were read."""
    opened(path).append(EVENTS)
    for use in (repr, hash, copy.copy, copy.deepcopy, lambda e: pickle.loads(pickle.dumps(e)), lambda e: e.to_json()):
        events = [record.event for record in opened(path)]
        assert [use(event) for event in events] == [use(event) for event in EVENTS]
    event = opened(path)[1].event
    assert (event.party, event.window, event.area) == ("ukraine", EVENTS[0].window, EVENTS[0].area)
    with pytest.raises(AttributeError, match="nonsense"):
        event.nonsense  # noqa: B018
    assert attrs.evolve(opened(path)[2].event, note="another") != EVENTS[1]


def test_another_program_sees_one_row_for_each_event(path: Path, opened: Opened) -> None:
    """The view gives number, time and the canonical text."""
    log = opened(path)
    log.append(EVENTS[:3])
    log.append(EVENTS[3])
    log.append(EVENTS[4:])
    with closing(sqlite3.connect(path)) as db:
        rows = db.execute("SELECT seq, recorded_at, body FROM events").fetchall()
    assert [(seq, body.encode()) for seq, _, body in rows] == [(r.seq, r.event.canonical) for r in log]
    assert [dt.datetime.fromisoformat(at) for _, at, _ in rows] == [r.recorded_at for r in log]


def test_content_that_was_changed_is_noticed_on_reading(path: Path, opened: Opened) -> None:
    """Whoever gets round the triggers does not get round the checksum; the event is named."""
    opened(path).append(EVENTS[:5])
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        (trigger,) = db.execute("SELECT sql FROM sqlite_schema WHERE name = 'chunks_are_never_updated'").fetchone()
        db.execute("DROP TRIGGER chunks_are_never_updated")
        db.execute("UPDATE chunks SET bodies = replace(bodies, '3 km2', '9 km2')")
        db.execute(trigger)
    with pytest.raises(kt.CorruptLogError, match="event 3 is damaged") as caught:
        len(opened(path))
    assert (caught.value.what, caught.value.seq) == ("damaged", 3)


def test_a_cut_off_file_is_damaged_not_silent(path: Path, opened: Opened) -> None:
    opened(path).append(EVENTS)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises((kt.CorruptLogError, kt.StorageError)):
        list(opened(path))


def test_a_read_only_file_can_be_read_and_not_written(
    path: Path, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(path).append(EVENTS[0])
    # The superuser may write everywhere, so the file's rights alone would not make it read-only for every tester.
    monkeypatch.setattr("kursk_timeline.stores.sqlite.os.access", lambda *_: False)
    log = opened(path)
    assert len(log) == 1
    with pytest.raises(kt.ReadOnlyError):
        log.append(EVENTS[1])
    with pytest.raises(kt.ReadOnlyError):
        kt.Timeline.open(path.parent / "new.db")
    assert len(log) == 1


def test_a_database_that_refuses_writing_gives_one_clear_error(path: Path, opened: Opened) -> None:
    log = opened(path)
    store = log.store
    assert isinstance(store, SqliteStore)
    log.append(EVENTS[0])
    assert store._connection is not None
    store._connection.execute("PRAGMA query_only = ON")
    with pytest.raises(kt.ReadOnlyError, match="read and not written"):
        log.append(EVENTS[1])
    store._connection.execute("PRAGMA query_only = OFF")
    log.append(EVENTS[1])
    assert len(log) == 2


def test_a_full_disk_leaves_nothing_half_written(path: Path, opened: Opened) -> None:
    log = opened(path)
    store = log.store
    assert isinstance(store, SqliteStore)
    log.append(EVENTS[0])
    assert store._connection is not None
    (pages,) = store._connection.execute("PRAGMA page_count").fetchone()
    store._connection.execute(f"PRAGMA max_page_count = {pages}")
    big = [held(day, "1 km2", note="x" * 5000) for day in DAYS]
    with pytest.raises(kt.StorageError, match="full"):
        log.append(big)
    assert len(log) == 1
    store._connection.execute("PRAGMA max_page_count = 100000")
    assert log.append(big).size == 1 + len(big)


def test_a_busy_log_says_so(path: Path, opened: Opened) -> None:
    log = opened(path, busy_seconds=0.05)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(kt.LockedError, match="try again"):
        log.append(EVENTS[0])
    other.execute("ROLLBACK")
    other.close()
    log.append(EVENTS[0])
    assert len(log) == 1


def _append_some(path: str, start: int) -> None:
    log = Log(SqliteStore(path))
    for n in range(start, 60, 3):
        log.append(held("2024-08-06", f"{n + 1} km2", note=f"writer {start}"))
    log.close()


def test_several_processes_lose_nothing(path: Path, opened: Opened) -> None:
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_append_some, args=(str(path), n)) for n in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
        assert worker.exitcode == 0
    records = opened(path).records()
    assert [record.seq for record in records] == list(range(1, 61))
    assert len({record.event.id for record in records}) == 60


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_forked_child_opens_the_file_for_itself(path: Path, opened: Opened) -> None:
    log = opened(path)
    log.append(EVENTS[0])
    pid = os.fork()
    if pid == 0:
        try:
            log.append(EVENTS[1])
            os._exit(0)
        except BaseException:
            os._exit(1)
    assert os.waitpid(pid, 0)[1] == 0
    log.append(EVENTS[2])
    assert [record.event for record in opened(path)] == EVENTS[:3]


_APPENDER = """
import sys
sys.path[:0] = sys.argv[2:]
from kursk_timeline.log import Log
from kursk_timeline.stores.sqlite import SqliteStore
from made import held
log = Log(SqliteStore(sys.argv[1]))
for n in range(10_000):
    receipt = log.append([held("2024-08-06", f"{n + 1} km2", note=f"{n}/{part}") for part in range(3)])
    print(receipt.size, flush=True)
"""


def test_what_was_acknowledged_survives_a_kill(path: Path, opened: Opened) -> None:
    """A few kills here; the log issue's reliability runs do it a thousand times."""
    paths = [str(Path(__file__).parent), str(Path(kt.__file__).parents[1])]
    acknowledged = 0
    for _ in range(3):
        process = subprocess.Popen(
            [sys.executable, "-c", _APPENDER, str(path), *paths], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        for _, line in zip(range(12), process.stdout, strict=False):
            acknowledged = max(acknowledged, int(line))
        process.send_signal(signal.SIGKILL)
        acknowledged = max([acknowledged, *(int(line) for line in process.stdout if line.endswith("\n"))])
        process.stdout.close()
        process.wait()
        size = len(opened(path))
        assert size >= acknowledged
        assert size % 3 == 0
