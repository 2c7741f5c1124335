"""The log in PostgreSQL: what only the database has to show. (The contract of all stores is in `test_log`.)"""

from __future__ import annotations

import datetime as dt
import multiprocessing
import os
import re
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from typing import Any, Literal
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kursk_timeline as kt
import postgres
from kursk_timeline.log import Log
from kursk_timeline.log.merkle import Frontier, Tree, leaf_hash, node_hash
from kursk_timeline.log.port import Chunk
from kursk_timeline.stores.memory import MemoryStore
from kursk_timeline.stores.postgres import PostgresStore, _by_event, _by_level
from logs import exclusive
from made import held
from postgres import database_fixture  # noqa: F401

EVENTS = [held(f"2024-08-{day:02}", f"{day} km2") for day in range(6, 30)]
NOON = dt.datetime(2026, 1, 1, 12, tzinfo=dt.timezone.utc)

Opened = Callable[..., Log]


@pytest.fixture
def opened(database: str) -> Iterator[Opened]:
    """Opens logs in one database, made by the first, and closes them all in the end."""
    logs: list[Log] = []

    def opened(url: str = database, **options: Any) -> Log:
        logs.append(Log(PostgresStore(url, **{"create": not logs, **options})))
        return logs[-1]

    yield opened
    for log in logs:
        log.close()


def sql(url: str, *statements: str) -> list[tuple[Any, ...]]:
    """What the last statement gives; the caller is the superuser unless the URL says otherwise."""
    import psycopg

    with psycopg.connect(url, autocommit=True) as db:
        for statement in statements:
            cursor = db.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


@contextmanager
def role(url: str) -> Iterator[str]:
    """The URL of the same database for a new role that may do nothing yet."""
    name = f"role_{uuid4().hex[:12]}"
    sql(url, f"CREATE ROLE {name} LOGIN")
    yield url.replace("postgres@", f"{name}@")
    sql(url, f"DROP OWNED BY {name}", f"DROP ROLE {name}")


def name_in(url: str) -> str:
    """The role that a URL names."""
    return url.partition("://")[2].partition("@")[0]


def store_of(log: Log) -> PostgresStore:
    """The store below a log."""
    store = log.store
    assert isinstance(store, PostgresStore)
    return store


def chunk_of(events: Sequence[kt.Event], first: int, grown: Frontier | None = None) -> tuple[Chunk, bytes]:
    """A chunk and its hashes, for tests that write without a log."""
    grown = grown or Frontier()
    bodies = [event.canonical for event in events]
    taken = dt.datetime.now(dt.timezone.utc)
    return Chunk(first, taken, [event.id for event in events], bodies), grown.grow([leaf_hash(body) for body in bodies])


# --- opening -----------------------------------------------------------------------------------


def test_an_empty_database_is_no_log_until_one_is_made(database: str) -> None:
    """Nothing is made in somebody's database unasked."""
    with pytest.raises(kt.NotALogError, match="create=True"):
        PostgresStore(database)
    assert sql(database, "SELECT to_regnamespace('kursk_timeline')") == [(None,)]
    with closing(Log(PostgresStore(database, create=True))) as log:
        log.append(EVENTS[:2])
    for create in (False, True):
        with closing(Log(PostgresStore(database, create=create))) as log:
            assert [record.event for record in log] == EVENTS[:2]


def test_eight_that_make_the_log_at_once_make_one(database: str) -> None:
    """Making it is safe whoever else does."""
    failed: list[BaseException] = []

    def make(event: kt.Event) -> None:
        try:
            with closing(Log(PostgresStore(database, create=True))) as log:
                log.append(event)
        except BaseException as error:
            failed.append(error)

    run([threading.Thread(target=make, args=(event,)) for event in EVENTS[:8]])
    assert failed == []
    with closing(Log(PostgresStore(database))) as log:
        assert {record.event for record in log} == set(EVENTS[:8])


def test_a_schema_prepared_by_an_administrator_is_enough(database: str) -> None:
    """Who may not make schemas can still make the log in one that he owns."""
    with role(database) as url:
        sql(database, f"CREATE SCHEMA kursk_timeline AUTHORIZATION {name_in(url)}")
        with closing(Log(PostgresStore(url, create=True))) as log:
            assert log.append(EVENTS).size == len(EVENTS)


def test_a_schema_of_something_else_is_left_as_it_is(database: str) -> None:
    """The name may be taken."""
    sql(database, "CREATE SCHEMA kursk_timeline", "CREATE TABLE kursk_timeline.photos (name text)")
    with pytest.raises(kt.NotALogError, match="something else"):
        PostgresStore(database, create=True)
    assert sql(database, "SELECT relname FROM pg_class WHERE relnamespace = 'kursk_timeline'::regnamespace") == [
        ("photos",)
    ]


def test_who_may_not_make_the_schema_is_told(database: str) -> None:
    """A new role may not create in the database."""
    with role(database) as url, pytest.raises(kt.StorageError, match="permission denied"):
        PostgresStore(url, create=True)


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE kursk_timeline.about SET version = 99", "later release"),
        ("UPDATE kursk_timeline.about SET version = 0", "release"),
        ("DELETE FROM kursk_timeline.about", "release"),
    ],
)
def test_a_log_of_another_release_is_refused(opened: Opened, database: str, statement: str, said: str) -> None:
    """Its shape is not known here."""
    opened()
    sql(database, statement)
    with pytest.raises(kt.NotALogError, match=said):
        opened()


def test_a_database_that_does_not_keep_utf8_is_refused() -> None:
    """Bodies could not be kept as they are."""
    name = f"latin_{uuid4().hex[:8]}"
    url = postgres.url_of("postgres")
    sql(url, f"CREATE DATABASE {name} ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0")
    with pytest.raises(kt.NotALogError, match="UTF-8"):
        PostgresStore(postgres.url_of(name), create=True)


GUARDS = [
    "DROP TRIGGER events_are_never_changed ON kursk_timeline.events",
    "DROP TRIGGER events_come_in_order ON kursk_timeline.events",
    "ALTER TABLE kursk_timeline.events DISABLE TRIGGER events_are_never_changed",
    "ALTER TABLE kursk_timeline.events ENABLE TRIGGER events_come_in_order",
    "CREATE OR REPLACE FUNCTION kursk_timeline.refuse() RETURNS trigger LANGUAGE plpgsql SET search_path = '' "
    "AS 'BEGIN RETURN NEW; END'",
    "ALTER FUNCTION kursk_timeline.in_order() RESET search_path",
    "ALTER TABLE kursk_timeline.events SET UNLOGGED",
    "ALTER TABLE kursk_timeline.events ADD COLUMN note text",
    "ALTER TABLE kursk_timeline.events ALTER COLUMN nodes DROP NOT NULL",
    "ALTER TABLE kursk_timeline.events DROP CONSTRAINT events_id_key",
    "ALTER TABLE kursk_timeline.events ENABLE ROW LEVEL SECURITY",
    "CREATE RULE nothing AS ON INSERT TO kursk_timeline.events DO INSTEAD NOTHING",
    "CREATE TRIGGER more BEFORE INSERT ON kursk_timeline.events EXECUTE FUNCTION kursk_timeline.refuse()",
]


@pytest.mark.parametrize("statement", GUARDS)
def test_a_missing_guard_is_noticed(opened: Opened, database: str, statement: str) -> None:
    """On opening, and by whoever has it open and checks."""
    log = opened()
    log.append(EVENTS)
    log.verify()
    sql(database, statement)
    for look in (log.verify, opened):
        with pytest.raises(kt.CorruptLogError, match="not built as a log is"):
            look()


def test_an_administrator_may_add_an_index(opened: Opened, database: str) -> None:
    """It guards nothing and harms nothing."""
    opened().append(EVENTS)
    sql(database, "CREATE INDEX taken ON kursk_timeline.events (recorded_at)")
    opened().verify()


# --- the database's own refusals ---------------------------------------------------------------

COPIED = "INSERT INTO kursk_timeline.events SELECT {}, {}, recorded_at, body, nodes FROM kursk_timeline.events"
REFUSED = [
    "UPDATE kursk_timeline.events SET body = '{}'",
    "UPDATE kursk_timeline.events SET body = body WHERE false",
    "DELETE FROM kursk_timeline.events WHERE seq = 3",
    "TRUNCATE kursk_timeline.events",
    "SET session_replication_role = replica; DELETE FROM kursk_timeline.events",
    COPIED.format(5, "sha256('a')") + " WHERE seq = 3",  # a gap
    COPIED.format(0, "sha256('a')") + " WHERE seq = 3",
    COPIED.format(-1, "sha256('a')") + " WHERE seq = 3",
    COPIED.format("2 * seq + 2", "sha256(nodes)"),  # the right start, and gaps within
    COPIED.format("seq + 4", "sha256(nodes)"),
    "SET session_replication_role = replica; " + COPIED.format(9, "sha256('a')") + " WHERE seq = 3",
    COPIED.format(3, "sha256('a')") + " WHERE seq = 3",  # a number once more
    COPIED.format(4, "id") + " WHERE seq = 3",  # an event once more
    COPIED.format(4, "'abc'::bytea") + " WHERE seq = 3",  # no hash
    COPIED.format(3, "id") + " WHERE seq = 3 ON CONFLICT (seq) DO UPDATE SET body = '{}'",
]


@pytest.mark.parametrize("statement", REFUSED)
def test_the_database_itself_refuses_to_change_or_skip(opened: Opened, database: str, statement: str) -> None:
    """Also to the table's owner, who is the superuser here."""
    import psycopg

    log = opened()
    log.append(EVENTS[:3])
    with pytest.raises(psycopg.IntegrityError):
        sql(database, statement)
    assert [record.event for record in opened()] == EVENTS[:3]
    log.append(EVENTS[3])
    log.verify()


BY_HAND = """INSERT INTO kursk_timeline.events
SELECT 4, {id}, {time}, {body}, decode(repeat('00', {length}), 'hex') FROM kursk_timeline.events WHERE seq = 3"""
FITTING = {
    "id": "sha256(convert_to(body || ' ', 'UTF8'))",
    "time": "recorded_at",
    "body": "body || ' '",
    "length": "32 * 3",  # event 4 ends subtrees of one, two and four
}


def test_events_that_fit_may_be_written_by_hand(opened: Opened, database: str) -> None:
    """By number, hash and time; `verify` says that this library did not write them."""
    opened().append(EVENTS[:3])
    sql(database, BY_HAND.format(**FITTING))
    assert sql(database, "SELECT count(*), max(seq) FROM kursk_timeline.events") == [(4, 4)]
    with pytest.raises(kt.CorruptLogError, match="event 4"):
        opened().verify()


@pytest.mark.parametrize(
    "change",
    [
        {"id": "sha256('a')"},
        {"id": "sha256(convert_to(body || chr(10), 'UTF8'))", "body": "body || chr(10)"},
        {"time": "'infinity'"},
        {"time": "'-infinity'"},
        {"time": "now() + interval '1 day'"},
        {"time": "recorded_at - interval '1 microsecond'"},
        {"length": "0"},
        {"length": "32"},
        {"length": "32 * 4"},
    ],
)
def test_events_that_would_make_the_log_unreadable_are_refused(
    opened: Opened, database: str, change: dict[str, str]
) -> None:
    """Whoever writes by hand cannot keep everybody else from reading and appending."""
    import psycopg

    log = opened()
    log.append(EVENTS[:3])
    with pytest.raises(psycopg.IntegrityError):
        sql(database, BY_HAND.format(**{**FITTING, **change}))
    log.append(EVENTS[3])
    log.verify()


# --- roles -------------------------------------------------------------------------------------


def test_a_writing_role_appends_and_changes_nothing(opened: Opened, database: str) -> None:
    """It has the two rights that an append needs."""
    import psycopg

    owner = opened()
    owner.append(EVENTS[0])
    with role(database) as url:
        with pytest.raises(kt.StorageError, match="permission denied"):
            opened(url)
        store_of(owner).grant(name_in(url), write=True)
        writer = opened(url)
        writer.append(EVENTS[1:])
        writer.verify()
        assert [record.event for record in owner] == EVENTS
        for statement in [
            *REFUSED[:4],
            "DROP TRIGGER events_are_never_changed ON kursk_timeline.events",
            "ALTER TABLE kursk_timeline.events DISABLE TRIGGER ALL",
            "DROP TABLE kursk_timeline.events",
            "CREATE TABLE kursk_timeline.more (n int)",
            "INSERT INTO kursk_timeline.about VALUES (2)",
        ]:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                sql(url, statement)
        with role(database) as other, pytest.raises(kt.ReadOnlyError, match="only the log's owner"):
            store_of(writer).grant(name_in(other))
        writer.close()


def test_a_reading_role_reads_and_listens(opened: Opened, database: str) -> None:
    """An append of nothing new is no write."""
    owner = opened()
    owner.append(EVENTS[:2])
    with role(database) as url:
        store_of(owner).grant(name_in(url))
        reader = opened(url, create=True)
        assert len(reader) == 2
        assert reader.append(EVENTS[:2]).added == ()
        with pytest.raises(kt.ReadOnlyError, match="read and not written"):
            reader.append(EVENTS[2])
        store_of(reader).wait(1, 5)
        reader.verify()
        owner.append(EVENTS[2])
        assert len(reader) == 3
        reader.close()


def test_a_read_only_session_gives_one_clear_error(opened: Opened, database: str) -> None:
    """What the administrator set for a database is left as it is."""
    opened().append(EVENTS[0])
    sql(database, f"ALTER DATABASE {database_in(database)} SET default_transaction_read_only = on")
    log = opened()
    with pytest.raises(kt.ReadOnlyError, match="read and not written"):
        log.append(EVENTS[1])
    assert len(log) == 1


def database_in(url: str) -> str:
    """The database that a URL names."""
    return re.sub(r".*/(\w+)\?.*", r"\1", url)


@pytest.mark.parametrize("name", ["nobody_at_all", 'a"; DROP SCHEMA kursk_timeline; --', "", "a\0b", "none", 3])
def test_only_roles_that_exist_are_granted_anything(opened: Opened, name: Any) -> None:
    """A name is a name, whatever is in it."""
    log = opened()
    with pytest.raises(kt.InputError, match="role"):
        store_of(log).grant(name)
    assert len(log) == 0


def test_a_role_with_a_strange_name_is_granted(opened: Opened, database: str) -> None:
    """Names are quoted."""
    name = f'a "strange" name {uuid4().hex[:8]}'
    quoted = '"{}"'.format(name.replace('"', '""'))
    sql(database, f"CREATE ROLE {quoted}")
    store_of(opened()).grant(name, write=True)
    assert sql(database, f"SET ROLE {quoted}", "SELECT count(*) FROM kursk_timeline.events") == [(0,)]
    sql(database, f"DROP OWNED BY {quoted}", f"DROP ROLE {quoted}")


# --- several writers ---------------------------------------------------------------------------


def test_a_paused_writer_hides_what_it_has_not_committed(opened: Opened) -> None:
    """Nobody sees event n+1 before event n: who comes later waits for its number."""
    paused, reader, hasty, patient = opened(), opened(), opened(lock_seconds=0.2), opened()
    paused.append(EVENTS[0])
    grown = Frontier()
    grown.grow([leaf_hash(EVENTS[0].canonical)])
    with exclusive(store_of(paused)):
        store_of(paused).insert(*chunk_of(EVENTS[1:3], 2, grown))
        assert len(reader) == 1
        with pytest.raises(kt.LockedError, match="try again"):
            hasty.append(EVENTS[3])
        assert len(hasty) == 1
        later = threading.Thread(target=patient.append, args=(EVENTS[4:6],))
        later.start()
        time.sleep(0.2)
        assert len(reader) == 1
    later.join()
    hasty.append(EVENTS[3])
    expected = [*EVENTS[:3], *EVENTS[4:6], EVENTS[3]]
    for log in (paused, reader, hasty, patient):
        assert [record.event for record in log] == expected
        assert [record.seq for record in log] == [1, 2, 3, 4, 5, 6]
    reader.verify()


def test_what_raises_while_writing_leaves_nothing(opened: Opened) -> None:
    """The store can be used again at once."""
    log = opened()

    def interrupted(error: type[BaseException]) -> None:
        with exclusive(store_of(log)):
            store_of(log).insert(*chunk_of(EVENTS[:3], 1))
            raise error

    for error in (RuntimeError, KeyboardInterrupt):
        with pytest.raises(error):
            interrupted(error)
        assert len(log) == 0
    log.append(EVENTS)
    log.verify()


def test_a_writer_that_does_not_take_turns_is_refused_or_noticed(opened: Opened, database: str) -> None:
    """The lock is a convention; the table's own rules are none."""
    log = opened()
    log.append(EVENTS[:3])

    def write() -> None:
        with exclusive(store_of(log)):
            sql(database, BY_HAND.format(**FITTING))
            store_of(log).insert(*chunk_of(EVENTS[3:4], 4))

    with pytest.raises(kt.StorageError, match="take turns"):
        write()
    assert store_of(log).size() == 4


def run(threads: list[threading.Thread]) -> None:
    """Start all, wait for all."""
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_eight_threads_lose_nothing(opened: Opened) -> None:
    """Four share a store and four have their own."""
    events = [held("2024-08-06", f"{n + 1} km2") for n in range(160)]
    shared = opened()
    logs = [shared] * 4 + [opened() for _ in range(4)]

    def work(log: Log, start: int) -> None:
        for event in events[start::8]:
            log.append(event)

    run([threading.Thread(target=work, args=(log, n)) for n, log in enumerate(logs)])
    for log in logs:
        assert sorted(record.event.id for record in log) == sorted(event.id for event in events)
    assert shared.verify().root == logs[7].root


def _append_some(url: str, start: int, path: list[str]) -> None:
    sys.path[:0] = path
    log = Log(PostgresStore(url))
    for n in range(start, 60, 3):
        log.append(held("2024-08-06", f"{n + 1} km2", note=f"writer {start}"))
    log.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_several_processes_lose_nothing(opened: Opened, database: str) -> None:
    """Each has a connection of its own."""
    log = opened()
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=_append_some, args=(database, n, sys.path)) for n in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
        assert worker.exitcode == 0
    assert log.verify().size == 60


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_forked_child_leaves_the_parents_connection_alone(opened: Opened) -> None:
    """The parent's session lives on, and so does its listening one."""
    log = opened()
    log.append(EVENTS[0])
    store_of(log).wait(0, 1)
    sessions = [store_of(log)._connection, *store_of(log)._listeners]
    pid = os.fork()
    if pid == 0:
        try:
            log.append(EVENTS[1])
            store_of(log).wait(1, 1)
            log.close()
            os._exit(0)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
    assert os.waitpid(pid, 0)[1] == 0
    log.append(EVENTS[2])
    store_of(log).wait(2, 1)
    assert [store_of(log)._connection, *store_of(log)._listeners] == sessions
    assert [record.event for record in opened()] == EVENTS[:3]


# --- following ---------------------------------------------------------------------------------


def test_a_follower_is_woken_at_once(opened: Opened) -> None:
    """By a commit on another connection, while its own log stays usable."""
    follower, writer = opened(), opened()
    told: list[tuple[int, float]] = []

    def follow() -> None:
        for record in follower.follow(timeout=2):
            told.append((record.seq, time.monotonic()))

    thread = threading.Thread(target=follow)
    thread.start()
    time.sleep(0.3)
    sent = []
    for event in EVENTS[:3]:
        sent.append(time.monotonic())
        writer.append(event)
        time.sleep(0.3)
    started = time.monotonic()
    follower.append(EVENTS[3])  # the waiting thread keeps nobody out
    assert time.monotonic() - started < 1
    thread.join()
    assert [seq for seq, _ in told] == [1, 2, 3, 4]
    for (_, seen), when in zip(told, sent, strict=False):
        assert seen - when < 0.25


def test_waiting_ends_when_the_time_is_over_and_not_before(opened: Opened, database: str) -> None:
    """Messages of others on the same channel are no events."""
    store = store_of(opened())
    noise = threading.Timer(0.1, sql, (database, "SELECT pg_notify('kursk_timeline', 'hello')"))
    noise.start()
    started = time.monotonic()
    store.wait(0, 0.6)
    assert 0.55 < time.monotonic() - started < 2
    noise.join()
    store.wait(0, 0)


def test_several_threads_wait_each_for_its_own_size(opened: Opened) -> None:
    """None keeps another from being told."""
    waiting, writer = opened(), opened()
    woken: dict[int, float] = {}

    def wait(size: int) -> None:
        store_of(waiting).wait(size, 10)
        woken[size] = time.monotonic()

    threads = [threading.Thread(target=wait, args=(size,)) for size in (0, 0, 2, 1)]
    for thread in threads:
        thread.start()
    time.sleep(0.4)
    for event in EVENTS[:3]:
        writer.append(event)
        time.sleep(0.3)
    for thread in threads:
        thread.join(1)
    assert sorted(woken) == [0, 1, 2]
    assert woken[0] + 0.2 < woken[1]
    assert woken[1] + 0.2 < woken[2]
    assert 1 <= len(store_of(waiting)._listeners) <= 4


def test_nothing_listens_between_two_waits(opened: Opened, database: str) -> None:
    """A session that nobody reads would fill the server's queue."""
    store = store_of(opened())
    store.wait(0, 0.01)
    (listener,) = store._listeners
    assert listener.execute("SELECT count(*) FROM pg_listening_channels()").fetchone() == (0,)


# --- connections that break --------------------------------------------------------------------


class Proxy:
    """
    Stands between client and server, and cuts the line once around a COMMIT.

    ``before``: the server never sees it. ``after``: the server has committed, and its answer is lost.
    """

    def __init__(self, cut: Literal["before", "after"]) -> None:
        self.cut: str | None = cut
        self.cuts = 0
        self._target = str(postgres.socket_path())
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port = self._door.getsockname()[1]
        self._open: list[socket.socket] = [self._door]
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._door.accept()
                server = socket.socket(socket.AF_UNIX)
                server.connect(self._target)
                self._open += [client, server]
                for work in (self._to_server, self._to_client):
                    self._threads.append(threading.Thread(target=work, args=(client, server)))
                    self._threads[-1].start()

    def _to_server(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while data := client.recv(65536):
                if self.cut == "before" and b"COMMIT\0" in data:
                    self.cut = None
                    self.cuts += 1
                    break
                if self.cut == "after" and b"COMMIT\0" in data:
                    self.cut = "answer"
                server.sendall(data)
        self._hang_up(client, server)

    def _to_client(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while data := server.recv(65536):
                if self.cut == "answer" and b"COMMIT\0" in data:  # it is done, and says so
                    self.cut = None
                    self.cuts += 1
                    break
                client.sendall(data)
        self._hang_up(client, server)

    def _hang_up(self, *ends: socket.socket) -> None:
        for end in ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Cut everything."""
        self._hang_up(*self._open)
        for thread in self._threads:
            thread.join(5)
        for end in self._open:
            end.close()


@pytest.mark.parametrize("cut", ["before", "after"])
def test_a_commit_that_gets_lost_leaves_one_copy_of_each_event(
    opened: Opened,
    database: str,
    cut: Literal["before", "after"],
) -> None:
    """The append is sent again by itself, and returns when it is certain."""
    direct = opened()
    with closing(Proxy(cut)) as proxy:
        log = opened(postgres.url_of(database_in(database), port=proxy.port))
        receipt = log.append(EVENTS[:5])
        assert proxy.cuts == 1
        assert receipt.size == 5
        assert len(receipt.added if cut == "before" else receipt.already) == 5
        log.append(EVENTS[5:7])
        for one in (log, direct):
            assert [record.event for record in one] == EVENTS[:7]
            one.verify()
        log.close()


@pytest.mark.parametrize("cut", ["before", "after"])
def test_a_lost_commit_is_said_to_be_of_unknown_fate(
    opened: Opened,
    database: str,
    cut: Literal["before", "after"],
) -> None:
    """By the store, which cannot know."""
    direct = opened()
    with closing(Proxy(cut)) as proxy:
        store = store_of(opened(postgres.url_of(database_in(database), port=proxy.port)))
        with pytest.raises(kt.LostConnectionError, match="unknown"), exclusive(store):
            store.insert(*chunk_of(EVENTS[:3], 1))
        assert store.size() == len(direct) == (0 if cut == "before" else 3)
        store.close()


def terminate_all(url: str) -> None:
    """End every other session of the database."""
    own = "datname = current_database() AND pid <> pg_backend_pid()"
    sql(url, f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE {own}")


def test_a_session_that_was_ended_between_two_calls_is_opened_again(opened: Opened, database: str) -> None:
    """Reading and appending go on as if nothing had been."""
    log = opened()
    log.append(EVENTS[:4])
    store = store_of(log)
    calls: list[Callable[[], Any]] = [
        lambda: store.size(),
        lambda: list(store.chunks()),
        lambda: list(store.nodes()),
        lambda: store.node(2, 0),
        lambda: log.append(EVENTS[4]),
        lambda: store.wait(0, 5),
        lambda: store.wait(0, 5),
    ]
    for call in calls:
        terminate_all(database)
        call()
    assert log.verify().size == 5


def test_a_session_that_is_ended_while_writing_is_lost(opened: Opened, database: str) -> None:
    """The lock went with it: neither a read nor a write may go on over a new connection."""
    store = store_of(opened())
    uses: list[Callable[[], Any]] = [store.size, lambda: store.insert(*chunk_of(EVENTS[:3], 1))]

    def write(use: Callable[[], Any]) -> None:
        with exclusive(store):
            terminate_all(database)
            with pytest.raises(kt.LostConnectionError):
                use()
            use()

    for use in uses:
        with pytest.raises(kt.LostConnectionError):
            write(use)
        assert store.size() == 0


def test_a_wait_outlives_its_session(opened: Opened, database: str) -> None:
    """What comes after the break is told too."""
    follower, writer = opened(), opened()
    found: list[int] = []

    def follow() -> None:
        found.extend(record.seq for record in follower.follow(timeout=2))

    thread = threading.Thread(target=follow)
    thread.start()
    time.sleep(0.3)
    terminate_all(database)
    time.sleep(0.3)
    writer.append(EVENTS[:2])
    thread.join()
    assert found == [1, 2]


def test_a_restart_of_the_server_is_survived(opened: Opened) -> None:
    """Between two calls, for readers and writers."""
    log, other = opened(), opened()
    log.append(EVENTS[:2])
    postgres.restart()
    log.append(EVENTS[2])
    assert len(other) == 3
    assert log.verify().size == 3


def test_a_server_that_is_gone_is_said_to_be_so(opened: Opened, database: str) -> None:
    """The database is named, and so is what is wrong."""
    log = opened()
    sql(postgres.url_of("postgres"), f"DROP DATABASE {database_in(database)} WITH (FORCE)")
    with pytest.raises(kt.StorageError, match=f"{database_in(database)}.*does not exist"):
        len(log)


# --- settings of the database ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("default", "used"), [("off", "on"), ("local", "on"), ("remote_write", "on"), ("remote_apply", "remote_apply")]
)
def test_a_weak_default_does_not_weaken_a_commit(opened: Opened, database: str, default: str, used: str) -> None:
    """Nor is a strong one made weaker."""
    opened()
    sql(database, f"ALTER DATABASE {database_in(database)} SET synchronous_commit = {default}")
    store = store_of(opened())
    with exclusive(store):
        assert store._connection is not None
        assert store._connection.execute("SHOW synchronous_commit").fetchone() == (used,)
        assert store._connection.execute("SHOW lock_timeout").fetchone() == ("30s",)
    assert store._connection.execute("SHOW synchronous_commit").fetchone() == (default,)
    assert store._connection.execute("SHOW lock_timeout").fetchone() == ("0",)
    assert store._connection.execute("SHOW application_name").fetchone() == ("kursk_timeline",)


def test_times_are_utc_wherever_the_server_stands(opened: Opened, database: str) -> None:
    """And every microsecond of them is kept; what the search path says is of no matter."""
    opened()
    sql(
        database,
        f"ALTER DATABASE {database_in(database)} SET timezone = 'Asia/Kolkata'",
        f"ALTER DATABASE {database_in(database)} SET datestyle = 'SQL, DMY'",
        f"ALTER DATABASE {database_in(database)} SET search_path = ''",
        f"ALTER DATABASE {database_in(database)} SET bytea_output = 'escape'",
        f"ALTER DATABASE {database_in(database)} SET client_encoding = 'LATIN1'",
    )
    odd = dt.datetime(2026, 3, 29, 1, 59, 59, 999999, tzinfo=dt.timezone.utc)
    log = Log(store_of(opened()), clock=lambda: odd.astimezone(dt.timezone(dt.timedelta(hours=5))))
    event = held("2024-08-06", "1 km2", note="Суджа 🌾 \u0000"[:-1])
    log.append(event)
    (record,) = opened().records()
    assert record.recorded_at == odd
    assert record.recorded_at.tzinfo is dt.timezone.utc
    assert record.event.canonical == event.canonical
    log.verify()


# --- damage ------------------------------------------------------------------------------------

CHANGES = [
    ("UPDATE kursk_timeline.events SET body = replace(body, '20', '30') WHERE seq = 7", 7),
    ("UPDATE kursk_timeline.events SET id = sha256('a') WHERE seq = 2", 2),
    ("DELETE FROM kursk_timeline.events WHERE seq = 9", 9),
    ("DELETE FROM kursk_timeline.events WHERE seq = 1", 1),
    ("UPDATE kursk_timeline.events SET recorded_at = 'infinity' WHERE seq = 3", None),
]
WITHOUT_GUARDS = (
    "ALTER TABLE kursk_timeline.events DISABLE TRIGGER USER",
    "ALTER TABLE kursk_timeline.events "
    "DROP CONSTRAINT IF EXISTS id_is_that_of_the_body, DROP CONSTRAINT IF EXISTS nodes_end_with_the_event",
)
WITH_TRIGGERS = (
    "ALTER TABLE kursk_timeline.events ENABLE ALWAYS TRIGGER events_are_never_changed",
    "ALTER TABLE kursk_timeline.events ENABLE ALWAYS TRIGGER events_come_in_order",
)


@pytest.mark.parametrize(("statement", "seq"), CHANGES)
def test_what_a_superuser_changed_is_noticed(opened: Opened, database: str, statement: str, seq: int | None) -> None:
    """By every reader, with the event's number."""
    opened().append(EVENTS)
    sql(database, *WITHOUT_GUARDS, statement, *WITH_TRIGGERS)
    for look in (lambda log: log.verify(), len):
        with pytest.raises(kt.CorruptLogError) as caught:
            look(opened())
        assert caught.value.what == "damaged"
        assert caught.value.seq == seq


@pytest.mark.parametrize("nodes", ["''", "substr(nodes, 2)", "nodes || nodes", "nodes || '\\x00'"])
def test_hashes_of_the_wrong_length_are_noticed(opened: Opened, database: str, nodes: str) -> None:
    """Before anybody puts a proof together from them."""
    opened().append(EVENTS)
    sql(database, *WITHOUT_GUARDS, f"UPDATE kursk_timeline.events SET nodes = {nodes} WHERE seq = 6", *WITH_TRIGGERS)
    log = opened()
    assert len(log) == len(EVENTS)
    for look in (lambda: log.root, log.verify):
        with pytest.raises(kt.CorruptLogError, match="event 6") as caught:
            look()
        assert caught.value.seq == 6


def test_hashes_that_were_changed_are_noticed(opened: Opened, database: str) -> None:
    """By who computes them anew."""
    opened().append(EVENTS)
    change = "UPDATE kursk_timeline.events SET nodes = substr(nodes, 1, 32) || sha256('a') WHERE seq = 6"
    sql(database, *WITHOUT_GUARDS, change, *WITH_TRIGGERS)
    with pytest.raises(kt.CorruptLogError):
        opened().verify()


def test_a_hash_that_is_missing_is_not_made_up(opened: Opened) -> None:
    """Only complete subtrees have one."""
    log = opened()
    log.append(EVENTS[:3])
    for level, number in ((0, 3), (2, 0), (0, 99)):
        with pytest.raises(kt.CorruptLogError, match="missing"):
            store_of(log).node(level, number)


# --- messages ----------------------------------------------------------------------------------

SECRET = "s3cr/t@:?word"


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://kursk:{SECRET}@localhost/kursk",
        "postgresql://kursk:s3cr@t@localhost/kursk",
        "postgresql://kursk:s3cr/t@localhost/kursk",
        "postgresql://kursk:5432/s3cr@localhost/kursk",
        "postgresql://kursk:s3cr?t@s3cr@localhost/kursk",
        "postgresql://kursk:s3cr?t/u@localhost/kursk",
        "postgresql://kursk:s3cr%ft@localhost/kursk",
        "postgresql://kursk:s3cr@localhost:port/kursk",
        "postgresql://kursk:s3cr@localhost/kursk?colour=blue",
        "postgresql://kursk:s3cr@[localhost/kursk",
        "postgresql:kursk:s3cr@localhost",
        "mysql://kursk:s3cr@localhost/kursk",
        "host=localhost password=s3cr",
        "",
        "s3cr",
        7,
        None,
    ],
)
def test_no_url_is_repeated_where_it_is_wrong(url: Any) -> None:
    """Nor in what led to the error."""
    postgres.server()
    with pytest.raises(kt.InputError, match="URL") as caught:
        PostgresStore(url)
    assert "s3cr" not in "".join(traceback.format_exception_only(caught.value))
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_no_message_has_the_password(opened: Opened, database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever goes wrong."""
    opened().append(EVENTS)
    host = database.partition("?")[2]
    good = f"postgresql://postgres:s3cr%40t@/{database_in(database)}?{host}"
    messages: list[str] = []
    for url in (
        f"postgresql://nobody:s3cr%40t@/{database_in(database)}?{host}",
        f"postgresql://postgres:s3cr%40t@/absent?{host}",
        "postgresql://postgres:s3cr%40t@127.0.0.1:1/kursk",
        "postgresql://postgres:s3cr%40t@/kursk?host=/nowhere",
        "postgresql://postgres:1@127.0.0.1:1/kursk",
    ):
        with pytest.raises(kt.StorageError, match="cannot be reached") as caught:
            PostgresStore(url)
        messages.append("".join(traceback.format_exception(caught.value)))
    log = opened(good)
    messages += [repr(log), repr(store_of(log)), store_of(log).where]
    sql(database, "DROP SCHEMA kursk_timeline CASCADE")
    with pytest.raises(kt.NotALogError, match="no log any more") as gone:
        len(log)
    messages.append("".join(traceback.format_exception(gone.value)))
    log.close()
    with pytest.raises(kt.StorageError, match="was closed") as closed:
        len(log)
    messages.append("".join(traceback.format_exception(closed.value)))
    assert not [message for message in messages if "s3cr@t" in message or "s3cr%40t" in message]


def test_a_closed_store_answers_no_more(opened: Opened) -> None:
    """Closing twice is no error."""
    log = opened()
    log.append(EVENTS)
    store_of(log).wait(0, 1)
    log.close()
    log.close()
    for use in (
        lambda: len(log),
        lambda: log.append(EVENTS),
        lambda: store_of(log).wait(0, 1),
        lambda: store_of(log).check(),
    ):
        with pytest.raises(kt.StorageError, match="was closed"):
            use()


def test_the_driver_is_needed_only_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its absence is said with what to install."""
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(kt.MissingExtraError, match=re.escape("kursk-timeline[postgres]")):
        PostgresStore("postgresql://localhost/kursk")


# --- the tree ----------------------------------------------------------------------------------


@given(st.lists(st.integers(0, 40), max_size=8))
def test_hashes_come_back_as_they_were_given(batches: list[int]) -> None:
    """By event and by level are two orders of the same hashes, whatever parts they are given in."""
    grown, again, tree, first = Frontier(), Frontier(), Tree(), 1
    kept: list[bytes] = []
    for count in batches:
        nodes = grown.grow([leaf_hash(b"%d" % seq) for seq in range(first, first + count)])
        kept += _by_event(first, count, nodes)
        assert _by_level(first, kept[first - 1 :]) == nodes
        first += count
    assert [len(one) for one in kept] == [32 * (seq & -seq).bit_length() for seq in range(1, first)]
    assert _by_level(1, kept) == again.grow([leaf_hash(b"%d" % seq) for seq in range(1, first)])
    tree.add(len(kept), _by_level(1, kept))
    assert tree.root(len(kept)) == grown.root


@settings(max_examples=12)
@given(
    batches=st.lists(st.one_of(st.integers(1, 9), st.integers(1, 300)), min_size=1, max_size=6),
    one_time=st.booleans(),
    data=st.data(),
)
def test_the_tree_is_that_of_every_store(batches: list[int], one_time: bool, data: st.DataObject) -> None:
    """Same roots, same hashes, same proofs as in memory, for batches of any size, cut anywhere."""
    url = postgres.new_database()
    ticks = iter(range(1000))
    clock = lambda: NOON + dt.timedelta(seconds=0 if one_time else next(ticks) // 2)  # noqa: E731
    memory, log = Log(MemoryStore(), clock=clock), Log(PostgresStore(url, create=True), clock=clock)
    events = iter([held("2024-08-06", f"{n + 1} km2") for n in range(sum(batches))])
    for count in batches:
        batch = [next(events) for _ in range(count)]
        memory.append(batch)
        log.append(batch)
    assert log.root == memory.root
    assert log.records() == memory.records()
    size = len(log)
    for level in range(size.bit_length()):
        for number in {0, (size >> level) - 1}:
            assert log.store.node(level, number) == memory.store.node(level, number)
    seq = data.draw(st.integers(1, size))
    assert log.prove(seq) == memory.prove(seq)
    assert log.prove_extends(seq) == memory.prove_extends(seq)
    after = data.draw(st.integers(0, size))
    parts = [(len(chunk.bodies), chunk.first) for chunk in log.store.chunks(after)]
    assert [count for count, _ in parts] == [count for count, _ in log.store.nodes(after)]
    assert sum(count for count, _ in parts) == size - after
    assert all(count <= 1024 for count, _ in parts)
    with closing(Log(PostgresStore(url))) as again:
        assert again.verify().root == memory.root
        assert again.records() == memory.records()
    log.close()
    postgres.drop_database(url)


def test_a_part_that_was_seen_grows_no_more(opened: Opened) -> None:
    """Where the clock stands still, later events have the time of earlier ones, and are a part of their own."""
    opened()
    log, other = (Log(store_of(opened()), clock=lambda: NOON) for _ in range(2))
    log.append(EVENTS[:3])
    chunks, nodes = store_of(log).chunks(), store_of(log).nodes()
    seen = [len(chunk.bodies) for chunk in chunks]
    other.append(EVENTS[3:5])
    assert [count for count, _ in nodes] == [*seen, 2]


def test_a_large_batch_is_one_append(opened: Opened) -> None:
    """Twenty thousand events have the root that they have in memory."""
    events = [held("2024-08-06", f"{n + 1} km2") for n in range(20_000)]
    memory, log = Log(MemoryStore()), opened()
    memory.append(events)
    log.append(events)
    again = opened()
    assert again.root == log.root == memory.root
    chunks = list(store_of(again).chunks())
    assert {len(chunk.bodies) for chunk in chunks[:-1]} <= {1024}
    assert [chunk.first for chunk in chunks] == [1 + n for n in accumulated([len(chunk.bodies) for chunk in chunks])]
    assert again.prove(12_345).path == memory.prove(12_345).path
    assert node_hash(store_of(again).node(13, 0), store_of(again).node(13, 1)) == store_of(again).node(14, 0)
    assert again.verify().size == 20_000


def accumulated(counts: list[int]) -> list[int]:
    """How many stand before each."""
    return [sum(counts[:n]) for n in range(len(counts))]
