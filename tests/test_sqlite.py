"""The log in an SQLite file: what only the file has to show. (The contract of all stores is in `test_log`.)"""

from __future__ import annotations

import copy
import datetime as dt
import faulthandler
import hashlib
import multiprocessing
import os
import pickle
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import attrs
import pytest

import kursk_timeline as kt
from kursk_timeline.log import Log
from kursk_timeline.log.merkle import Frontier, leaf_hash, peaks_of
from kursk_timeline.log.port import Chunk
from kursk_timeline.stores import sqlite as sqlite_store
from kursk_timeline.stores.mounts import network_filesystem
from kursk_timeline.stores.sqlite import SqliteStore
from logs import DAYS, EVENTS, exclusive
from made import held


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
    with pytest.raises(kt.InputError, match="an SQLite file"):
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
    with exclusive(store):
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


# --- files of others, and hostile ones ---------------------------------------------------------


def _image(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Every file: its bytes and the time it was last changed."""
    return {p.name: (p.read_bytes(), p.stat().st_mtime_ns) for p in folder.iterdir() if p.is_file()}


def _foreign(path: Path, *, mode: str = "delete") -> sqlite3.Connection:
    db = sqlite3.connect(path, isolation_level=None)
    db.execute(f"PRAGMA journal_mode = {mode}")
    db.execute("CREATE TABLE photos (name TEXT)")
    db.execute("INSERT INTO photos VALUES ('first')")
    return db


def test_a_foreign_database_in_the_middle_of_its_own_work_is_left_as_it_is(tmp_path: Path) -> None:
    """Also one whose program crashed: rolling its journal back is its own business."""
    (tmp_path / "live").mkdir()
    crashed = tmp_path / "crashed"
    crashed.mkdir()
    db = _foreign(tmp_path / "live" / "other.db")
    db.execute("PRAGMA cache_size = 1")
    db.execute("PRAGMA cache_spill = 1")
    db.execute("BEGIN")
    db.execute(
        "INSERT INTO photos SELECT hex(randomblob(500)) FROM photos a, json_each('[1,2,3,4,5,6,7,8,9,10,11,12,13]')"
    )
    db.execute(
        "INSERT INTO photos SELECT hex(randomblob(500)) FROM photos a, json_each('[1,2,3,4,5,6,7,8,9,10,11,12,13]')"
    )
    for file in (tmp_path / "live").iterdir():
        shutil.copy(file, crashed / file.name)
    db.execute("ROLLBACK")
    db.close()
    assert (crashed / "other.db-journal").stat().st_size > 0
    before = _image(crashed)
    with pytest.raises(kt.NotALogError, match="left as it is"):
        kt.Timeline.open(crashed / "other.db")
    assert _image(crashed) == before


@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_a_foreign_database_keeps_its_bytes(tmp_path: Path, mode: str) -> None:
    """Whatever mode it is in."""
    _foreign(tmp_path / "other.db", mode=mode).close()
    before = _image(tmp_path)
    with pytest.raises(kt.NotALogError, match="something else"):
        kt.Timeline.open(tmp_path / "other.db")
    assert _image(tmp_path) == before


def test_a_view_in_place_of_the_table_is_refused_before_it_is_read(path: Path, opened: Opened) -> None:
    """One that never ends would keep whoever asks for ever."""
    opened(path).append(EVENTS[:2])
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("DROP VIEW events")
        db.execute("DROP TABLE chunks")
        db.execute(
            "CREATE VIEW chunks AS WITH RECURSIVE n(first) AS (SELECT 1 UNION ALL SELECT first + 1 FROM n) "
            "SELECT first, 1 AS count, '' AS recorded_at, x'' AS checksum, x'' AS nodes, '{}' AS bodies FROM n"
        )
    start = time.monotonic()
    with pytest.raises(kt.CorruptLogError, match="not built as a log"):
        kt.Timeline.open(path)
    assert time.monotonic() - start < 5


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TRIGGER more AFTER INSERT ON chunks BEGIN SELECT 1; END",
        "CREATE TABLE more (a)",
        "CREATE INDEX more ON chunks (count)",
        "DROP VIEW events",
        "ALTER TABLE chunks ADD COLUMN more TEXT",
        "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, 'never', 'often')",
        "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET rootpage = 3 WHERE name = 'chunks'",
    ],
)
def test_a_schema_that_is_not_just_ours_is_refused(path: Path, opened: Opened, statement: str) -> None:
    """On opening, not first when something goes wrong."""
    opened(path).append(EVENTS[:2])
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.executescript(statement)
    with pytest.raises(kt.CorruptLogError, match=r"not built as a log|malformed database schema"):
        kt.Timeline.open(path)


def test_a_file_of_before_the_first_release_says_what_to_do(path: Path) -> None:
    """It is named, and left as it is."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute(f"PRAGMA application_id = {sqlite_store.APPLICATION_ID}")
        db.execute("PRAGMA user_version = 1")
        db.execute("CREATE TABLE events (seq INTEGER PRIMARY KEY, body TEXT)")
    before = path.read_bytes()
    with pytest.raises(kt.NotALogError, match="export it"):
        kt.Timeline.open(path)
    assert path.read_bytes() == before


# --- write-ahead logging -----------------------------------------------------------------------


def test_a_file_that_was_switched_to_write_ahead_logging_becomes_one_file_again(path: Path, opened: Opened) -> None:
    """With everything that was in its second file."""
    opened(path).append(EVENTS[:3])
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA journal_mode = WAL").fetchone() == ("wal",)
    log = opened(path)
    log.append(EVENTS[3:5])
    log.close()
    assert [record.event for record in opened(path)] == EVENTS[:5]
    assert not path.with_name("log.db-wal").exists()
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA journal_mode").fetchone() == ("delete",)


def test_write_ahead_logging_is_refused_on_a_network_file_system(
    path: Path, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An ordinary log works there; it never uses that mode."""
    monkeypatch.setattr(sqlite_store, "network_filesystem", lambda _: "nfs4")
    log = opened(path)
    log.append(EVENTS[:3])
    log.close()
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA journal_mode = WAL")
    with pytest.raises(kt.StorageError, match="nfs4"):
        kt.Timeline.open(path)
    monkeypatch.undo()
    assert len(opened(path)) == 3


def test_a_file_that_others_keep_in_write_ahead_mode_says_so(path: Path, opened: Opened) -> None:
    """It can be changed back only when nobody has it open."""
    opened(path).append(EVENTS[:3])
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("PRAGMA journal_mode = WAL")
        other.execute("BEGIN")
        other.execute("SELECT count(*) FROM chunks").fetchone()
        with pytest.raises(kt.LockedError):
            opened(path, busy_seconds=0.05)


@pytest.mark.parametrize(
    ("mounts", "path", "found"),
    [
        ("/dev/sda / ext4 rw 0 0\n", "/home/me/log.db", None),
        ("/dev/sda / ext4 rw 0 0\nserver:/x /home nfs4 rw 0 0\n", "/home/me/log.db", "nfs4"),
        ("server:/x /home nfs4 rw 0 0\n/dev/sda /home/me ext4 rw 0 0\n", "/home/me/log.db", None),
        ("/dev/sda / ext4 rw 0 0\n//s/x /homes cifs rw 0 0\n", "/home/me/log.db", None),
        ("//s/x /my\\040share cifs rw 0 0\n", "/my share/log.db", "cifs"),
        ("host /mnt 9p rw 0 0\nhost /mnt ext4 rw 0 0\n", "/mnt/log.db", None),
        ("me@host: /mnt fuse.sshfs rw 0 0\n", "/mnt/log.db", "fuse.sshfs"),
        ("broken\n\n/dev/sda\n", "/home/me/log.db", None),
        ("", "/home/me/log.db", None),
    ],
)
def test_a_network_file_system_is_told_from_the_table_of_mounts(
    tmp_path: Path, mounts: str, path: str, found: str | None
) -> None:
    """The longest mount point wins, of equal ones the later."""
    table = tmp_path / "mounts"
    table.write_text(mounts)
    assert network_filesystem(Path(path), str(table)) == found
    assert network_filesystem(Path(path), str(tmp_path / "absent")) is None


# --- places where nothing can be written -------------------------------------------------------


def test_a_crashed_append_in_a_read_only_place_says_what_to_do(
    tmp_path: Path, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The journal cannot be rolled back there; a copy elsewhere can, and has what was acknowledged."""
    (tmp_path / "live").mkdir()
    there = tmp_path / "there"
    there.mkdir()
    live = tmp_path / "live" / "log.db"
    opened(live).append(EVENTS[:3])
    with closing(sqlite3.connect(live, isolation_level=None)) as db:
        db.execute("PRAGMA cache_size = 1")
        db.execute("BEGIN IMMEDIATE")
        row = "SELECT max(first + count), 1, '', x'', zeroblob(30000), '' FROM chunks"
        for _ in range(3):
            db.execute(f"INSERT INTO chunks {row}")
        for file in (tmp_path / "live").iterdir():
            shutil.copy(file, there / file.name)
        db.execute("ROLLBACK")
    monkeypatch.setattr("kursk_timeline.stores.sqlite.os.access", lambda *_: False)
    with pytest.raises(kt.ReadOnlyError, match="-journal"):
        opened(there / "log.db")
    monkeypatch.undo()
    assert [record.event for record in opened(there / "log.db")] == EVENTS[:3]


@pytest.mark.parametrize(
    "change",
    [
        {"recorded_at": "hello"},
        {"recorded_at": "2026-99-01T00:00:00.000000+00:00"},
        {"recorded_at": "2026-01-01T00:00:00.000000"},
        {"recorded_at": "2026-01-01T00:00:00.000000+03:00"},
        {"recorded_at": "2026-01-01 00:00:00+00:00"},
        {"nodes": b"xx"},
        {"nodes": b""},
    ],
    ids=str,
)
def test_a_row_that_nothing_here_writes_is_refused_though_its_checksum_fits(
    path: Path, opened: Opened, change: dict[str, Any]
) -> None:
    """One error of ours, whoever looks, and nothing is appended on top of it."""
    opened(path).append(EVENTS[:3])
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        columns = ("first", "count", "recorded_at", "nodes", "bodies")
        row = (
            dict(zip(columns, db.execute(f"SELECT {', '.join(columns)} FROM chunks").fetchone(), strict=True)) | change
        )
        checksum = sqlite_store._checksum(
            row["first"], row["count"], row["recorded_at"].encode(), row["nodes"], row["bodies"].encode()
        )
        (trigger,) = db.execute("SELECT sql FROM sqlite_schema WHERE name = 'chunks_are_never_updated'").fetchone()
        db.execute("DROP TRIGGER chunks_are_never_updated")
        db.execute(
            "UPDATE chunks SET recorded_at = ?, nodes = ?, checksum = ?", (row["recorded_at"], row["nodes"], checksum)
        )
        db.execute(trigger)
    for look in (len, lambda log: log.append(EVENTS[3]), lambda log: log.root, lambda log: log.verify()):
        with pytest.raises(kt.CorruptLogError, match="from 1 on") as caught:
            look(opened(path))
        assert (caught.value.what, caught.value.seq) == ("rewritten", 1)


def test_a_store_that_lost_its_folder_does_not_begin_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative path means the folder it was opened in, and a file that was removed is not made again."""
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path)
    log = Log(SqliteStore("log.db"))
    log.append(EVENTS[:2])
    monkeypatch.chdir(tmp_path / "other")
    log.store._pid = -1  # as a forked child sees it
    assert len(log) == 2
    log.append(EVENTS[2])
    assert list((tmp_path / "other").iterdir()) == []
    (tmp_path / "log.db").unlink()
    log.store._pid = -1
    with pytest.raises(kt.CorruptLogError, match="removed"):
        log.append(EVENTS[3])
    assert not (tmp_path / "log.db").exists()
    log.close()


def _fork_while_others_append(path: str) -> None:
    """In a process of its own: a child that is forked while another thread appends can use the log."""
    timeline = kt.Timeline.open(path)
    stop = threading.Event()

    def append() -> None:
        n = 0
        while not stop.is_set():
            n += 1
            timeline.append(held("2024-08-06", f"{n} km2", note="thread"))

    writer = threading.Thread(target=append, daemon=True)
    writer.start()
    for _ in range(10):
        time.sleep(0.01)
        pid = os.fork()
        if pid == 0:
            faulthandler.dump_traceback_later(20, exit=True)  # a child that hangs ends, and says where
            try:
                timeline.append(held("2024-08-07", f"{os.getpid()} km2", note="child"))
                os._exit(0 if len(timeline) else 1)
            except BaseException:
                traceback.print_exc()
                os._exit(1)
        assert os.waitpid(pid, 0)[1] == 0
    stop.set()
    writer.join()
    assert timeline.log.verify().size == len(timeline)
    timeline.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_child_forked_while_another_thread_appends_does_not_hang(path: Path, opened: Opened) -> None:
    """It has none of its parent's threads, and so none of their locks."""
    process = multiprocessing.get_context("spawn").Process(target=_fork_while_others_append, args=(str(path),))
    process.start()
    process.join(120)
    assert process.exitcode == 0
    assert sum("child" in (r.event.note or "") for r in opened(path)) == 10


def test_a_damaged_header_is_damage_where_the_rest_says_whose_it_is(path: Path, opened: Opened) -> None:
    """The magic, or the mark of a log: either alone tells."""
    opened(path).append(EVENTS[:3])
    whole = path.read_bytes()
    for at in (0, 15, 60, 68, 71):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :])
        with pytest.raises(kt.CorruptLogError, match="damaged"):
            opened(path)
