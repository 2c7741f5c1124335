"""
A log kept in one SQLite file.

A row holds a chunk of events that were taken together: their lines, the hashes they add to the tree,
and a checksum over all of it, so that a thousand events cost one row and one look at a checksum.
Triggers refuse UPDATE and DELETE: the database itself is append-only. The view ``events`` shows
one row for each event to whoever opens the file with another program.

A rollback journal that is emptied at the end, with ``synchronous=FULL``, makes an append that returned
survive a power cut (https://www.sqlite.org/pragma.html#pragma_synchronous). To delete the journal would
need the folder synced as well, each time. A write-ahead log would be faster for single events, but while
it is open, and after a crash, the newest events lie in a second file: whoever copies the first one alone
loses them in silence. It also must not be used on network file systems.
"""

from __future__ import annotations

import datetime as dt
import os
import sqlite3
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import Any, ClassVar

from kursk_timeline.errors import (
    CorruptLogError,
    InputError,
    LockedError,
    LogError,
    NotALogError,
    ReadOnlyError,
    StorageError,
    shown,
)
from kursk_timeline.fork import quiet_during_fork
from kursk_timeline.log.merkle import length_of_nodes, node_among, other_leaf
from kursk_timeline.log.port import Chunk, Store
from kursk_timeline.stores.mounts import network_filesystem
from kursk_timeline.text import file_path

APPLICATION_ID = 0x4B54_4C47  # "KTLG"
SCHEMA_VERSION = 2
BUSY_SECONDS = 30.0
LOOK_SECONDS = 0.1
"""How often `SqliteStore.wait` looks for what other processes appended."""

_READ = 64
"""Rows that are read at a time. While one statement runs no other process can finish an append."""

_CHUNK = "SELECT first, count, recorded_at, checksum, nodes, bodies FROM chunks"
_CHUNKS_AFTER = _CHUNK + " WHERE first > ? ORDER BY first LIMIT ?"
_CHUNK_UP_TO = _CHUNK + " WHERE first <= ? ORDER BY first DESC LIMIT 1"

_TYPES = (int, int, bytes, bytes, bytes, bytes)
"""Of a row's values, as they are read; a damaged file may give others."""

_SCHEMA = {
    # First, or PRAGMA integrity_check takes its root page 0 for a wish to see a part of the file only.
    "events": """CREATE VIEW events AS
SELECT first + key AS seq, recorded_at, value AS body
FROM chunks, json_each('[' || replace(bodies, char(10), ',') || ']')""",
    "chunks": """CREATE TABLE chunks (
    first INTEGER PRIMARY KEY,
    count INTEGER NOT NULL CHECK (count > 0),
    recorded_at TEXT NOT NULL,
    checksum BLOB NOT NULL,
    nodes BLOB NOT NULL,
    bodies TEXT NOT NULL
) STRICT""",
    "chunks_are_never_updated": """CREATE TRIGGER chunks_are_never_updated BEFORE UPDATE ON chunks
BEGIN SELECT RAISE(ABORT, 'events are never updated'); END""",
    "chunks_are_never_deleted": """CREATE TRIGGER chunks_are_never_deleted BEFORE DELETE ON chunks
BEGIN SELECT RAISE(ABORT, 'events are never deleted'); END""",
    # INSERT OR REPLACE deletes without asking the trigger above; a number that is taken is refused here.
    "chunks_come_in_order": """CREATE TRIGGER chunks_come_in_order BEFORE INSERT ON chunks
WHEN NEW.first IS NOT coalesce((SELECT first + count FROM chunks ORDER BY first DESC LIMIT 1), 1)
BEGIN SELECT RAISE(ABORT, 'events come in order, each once, without gaps'); END""",
}


class SqliteStore:
    """
    Keeps events in one file, made if absent.

    One connection, used by one thread at a time; several processes may open the same file.

    Args:
        path: A plain path; no URI.
        busy_seconds: How long to wait for another process before `LockedError`.

    Raises:
        InputError: it is no path.
        NotALogError: the file is something else; it was not touched.
        CorruptLogError: the file is damaged.
    """

    fork_rank: ClassVar[int] = 1  # whoever holds a log's lock waits for its store's

    def __init__(self, path: str | os.PathLike[str], *, busy_seconds: float = BUSY_SECONDS) -> None:
        self.path = file_path(path)
        self._there = self.path.absolute()  # the folder that is meant now, whatever the process changes to later
        self._busy_seconds = busy_seconds
        self._pid = -1
        self._closed = False
        self._connection: sqlite3.Connection | None = None
        self._file = (0, 0)
        self._lock = threading.RLock()
        quiet_during_fork(self)
        with self._translated():  # opens it, and says what is wrong with it
            pass

    def renew(self) -> None:
        """New locks, in a forked child."""
        global _looking
        self._lock, _looking = threading.RLock(), threading.RLock()

    # --- reading -------------------------------------------------------------------------------

    def size(self) -> int:
        with self._translated() as db:
            found = db.execute("SELECT first, count FROM chunks ORDER BY first DESC LIMIT 1").fetchone()
            if found is None:
                return 0
            first, count = found
            if not isinstance(count, int):
                raise CorruptLogError(f"{self.path} is damaged: it does not say how many events it has")
            return int(first + count - 1)

    def chunks(self, after: int = 0) -> Iterator[Chunk]:
        while True:
            with self._translated() as db:
                found = db.execute(_CHUNKS_AFTER, (after, _READ)).fetchall()
            for row in found:
                chunk = self._chunk(row, after)
                yield chunk
                after = chunk.last
            if len(found) < _READ:
                return

    def holding(self, seq: int) -> Chunk:
        with self._translated() as db:
            row = db.execute(_CHUNK_UP_TO, (seq,)).fetchone()
        if row is None or not isinstance(row[0], int):
            raise CorruptLogError(f"{self.path}: event {seq} is missing", seq=seq)
        chunk = self._chunk(row, row[0] - 1)
        if chunk.last < seq:
            raise CorruptLogError(f"{self.path}: event {seq} is missing", seq=seq)
        return chunk

    def _chunk(self, row: tuple[Any, ...], after: int) -> Chunk:
        """The events of a row, which is to follow on event `after`."""
        first, count, recorded_at, checksum, nodes, text = row
        if first != after + 1:
            raise CorruptLogError(f"{self.path}: event {after + 1} is missing", seq=after + 1)
        if tuple(map(type, row)) != _TYPES:
            raise CorruptLogError(f"{self.path} is damaged from event {first} on", seq=first)
        bodies = text.split(b"\n")
        if checksum != _checksum(first, count, recorded_at, nodes, text) or len(bodies) != count:
            raise self._damaged(first, nodes, bodies)
        taken = _time(recorded_at)
        if taken is None or len(nodes) != length_of_nodes(after, after + count):
            raise CorruptLogError(
                f"{self.path}: what was kept with the events from {first} on is not what this library writes",
                what="rewritten",
                seq=first,
            )
        return Chunk(first, taken, [sha256(body).hexdigest() for body in bodies], bodies)

    def _damaged(self, first: int, nodes: bytes, bodies: list[bytes]) -> CorruptLogError:
        """The error for a chunk that does not fit its checksum; the tree's hashes tell which event it is."""
        place = other_leaf(bodies, nodes)
        if place is None:
            return CorruptLogError(f"{self.path}: what was kept with the events from {first} on is damaged", seq=first)
        return CorruptLogError(
            f"{self.path}: event {first + place} is damaged: it is not what its hash names", seq=first + place
        )

    def nodes(self, after: int = 0) -> Iterator[tuple[int, bytes]]:
        while True:
            with self._translated() as db:
                found = db.execute(
                    "SELECT count, nodes FROM chunks WHERE first > ? ORDER BY first LIMIT ?", (after, _READ)
                ).fetchall()
            for count, nodes in found:
                if not isinstance(nodes, bytes) or len(nodes) != length_of_nodes(after, after + count):
                    raise CorruptLogError(f"{self.path} is damaged from event {after + 1} on", seq=after + 1)
                yield count, nodes
                after += count
            if len(found) < _READ:
                return

    def node(self, level: int, number: int) -> bytes:
        with self._translated() as db:
            first, count, nodes = db.execute(
                "SELECT first, count, nodes FROM chunks WHERE first <= ? ORDER BY first DESC LIMIT 1",
                (number + 1 << level,),
            ).fetchone()
        return node_among(nodes, first - 1, first - 1 + count, level, number)

    def check(self) -> None:
        with self._translated() as db:
            self._check_schema(db)
            for (said,) in db.execute("PRAGMA integrity_check"):
                if said != b"ok":
                    raise CorruptLogError(f"{self.path} is damaged: {said.decode(errors='replace')}")

    # --- writing -------------------------------------------------------------------------------

    def begin(self) -> None:
        self.roll_back()  # what an interrupt may have left
        with self._translated() as db:
            # IMMEDIATE takes the write lock first: what is read now is still so when we write.
            db.execute("BEGIN IMMEDIATE")

    def insert(self, chunk: Chunk, nodes: bytes) -> None:
        recorded_at = _written(chunk.recorded_at.astimezone(dt.timezone.utc))
        text, count = b"\n".join(chunk.bodies), len(chunk.bodies)
        checksum = _checksum(chunk.first, count, recorded_at.encode(), nodes, text)
        with self._translated() as db:
            assert db.in_transaction, "insert only between begin and commit"
            db.execute(
                "INSERT INTO chunks VALUES (?, ?, ?, ?, ?, ?)",
                (chunk.first, count, recorded_at, checksum, nodes, text.decode()),
            )

    def commit(self) -> None:
        with self._translated() as db:
            db.execute("COMMIT")

    def roll_back(self) -> None:
        with self._lock, suppress(sqlite3.Error):
            if self._connection is not None and self._connection.in_transaction and self._pid == os.getpid():
                self._connection.execute("ROLLBACK")

    def copy_into(self, path: Path) -> None:
        """Copy the file as it stands, while others read and write, by SQLite's own backup."""
        try:
            with closing(self._connect("ro")) as db, closing(sqlite3.connect(path)) as copy:
                db.backup(copy, pages=16_384)  # between two such parts of a large file, others may append
        except sqlite3.Error as error:
            raise StorageError(f"no backup was made: {error}") from error

    def wait(self, size: int, seconds: float) -> None:
        until = time.monotonic() + seconds
        while self.size() <= size and (left := until - time.monotonic()) > 0:
            time.sleep(min(LOOK_SECONDS, left))

    def close(self) -> None:
        """Let go of the file; the store answers no more."""
        with self._lock:
            self._closed = True
            self._let_go()

    def _let_go(self) -> None:
        if self._connection is not None:
            if self._pid == os.getpid():
                with suppress(sqlite3.Error, UnicodeError, OSError):
                    # The empty journal goes, unless somebody else uses it, or another file has this one's name now.
                    if _number(self._there) == self._file:
                        self._connection.execute("PRAGMA journal_mode = DELETE")
                self._connection.close()
                with _looking:
                    _OPENED[self._file] -= 1
            else:
                # After a fork the parent's connection must be neither used nor closed here.
                _LEFT_TO_THE_PARENT.append(self._connection)
        self._connection = None

    def __del__(self) -> None:
        if getattr(self, "_connection", None) is not None:
            self.close()

    # --- the connection ------------------------------------------------------------------------

    def _connect(self, mode: str) -> sqlite3.Connection:
        return sqlite3.connect(
            f"{self._there.as_uri()}?mode={mode}",
            uri=True,
            isolation_level=None,
            timeout=self._busy_seconds,
            check_same_thread=False,  # the lock below lets one thread in at a time
        )

    def _open(self) -> None:
        """Open the file, or make it; look before touching."""
        there = self._there
        if there.exists() and not there.is_file():
            raise NotALogError(f"{self.path} is no file; a log is one SQLite file")
        new = not there.exists() or there.stat().st_size == 0
        if new and self._file != (0, 0):
            raise CorruptLogError(f"{self.path} was removed while it was open", what="truncated")
        if new and not there.parent.is_dir():
            raise StorageError(f"{self.path.parent} is no folder; make it first")
        writable = os.access(there.parent, os.W_OK) and (new or os.access(there, os.W_OK))
        if new and not writable:
            raise ReadOnlyError(f"{self.path} cannot be made: the folder is read-only")
        with _looking:
            if not new:
                self._refuse_what_is_not_ours()
            connection = self._connect("rwc" if new else "rw" if writable else "ro")
            try:
                self._file = _number(there)
            except BaseException:
                connection.close()
                raise
            _OPENED[self._file] += 1
            self._connection, self._pid = connection, os.getpid()
        try:
            db = self._connection
            db.text_factory = bytes
            db.execute("PRAGMA trusted_schema = OFF")
            db.execute("PRAGMA cell_size_check = ON")
            if sys.version_info >= (3, 12):  # nothing that is said in SQL may break the file
                db.setconfig(sqlite3.SQLITE_DBCONFIG_DEFENSIVE, True)
            # A crash while the file was made leaves one that is rolled back to nothing as soon as it is read.
            if new or (writable and not db.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]):
                self._make(db)
            self._check_schema(db)
            db.execute("PRAGMA synchronous = FULL")
            if writable:
                self._journal(db)
        except BaseException:
            self._let_go()
            raise

    def _refuse_what_is_not_ours(self) -> None:
        """
        Whose file is it? Told from its plain bytes, so that nothing of somebody else's is changed, not even recovered.

        To close a file drops every lock that this process has on it, also those of another connection that is
        at work in another thread (https://www.sqlite.org/howtocorrupt.html, 2.2). So that is never done to a file
        that a store here has open; such a file has been looked at before.
        """
        if _OPENED[_number(self._there)]:
            return
        with open(self._there, "rb", buffering=0) as file:
            page = file.read(4096)
        is_database, is_marked = page.startswith(b"SQLite format 3\0"), page[68:72] == APPLICATION_ID.to_bytes(4, "big")
        if is_database and is_marked:
            if page[18:20] == b"\2\2" and (filesystem := network_filesystem(self._there)):
                raise StorageError(
                    f"{self.path} uses write-ahead logging, which damages files on a network file system "
                    f"({filesystem}); copy it to a local disk, with its -wal file, and open it there once"
                )
            return
        if self._was_being_made():
            return
        if is_marked or b"chunks_are_never_updated" in page:
            raise CorruptLogError(f"{self.path} is damaged: its first page is not that of a log")
        if is_database:
            raise NotALogError(f"{self.path} is a database of something else; it was left as it is")
        raise NotALogError(f"{self.path} is no log: not an SQLite file")

    def _was_being_made(self) -> bool:
        """Whether a crash left a journal that says: before this, the file was empty."""
        try:
            with open(f"{self._there}-journal", "rb", buffering=0) as file:
                head = file.read(20)
        except OSError:
            return False
        # https://www.sqlite.org/fileformat.html#the_rollback_journal: a magic, and at 16 the pages there were
        return head[:8] == bytes.fromhex("d9d505f920a163d7") and head[16:] == bytes(4)

    def _make(self, db: sqlite3.Connection) -> None:
        db.execute("BEGIN IMMEDIATE")
        if not db.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]:  # else another process was first
            for statement in _SCHEMA.values():
                db.execute(statement)
            db.execute(f"PRAGMA application_id = {APPLICATION_ID:d}")
            db.execute(f"PRAGMA user_version = {SCHEMA_VERSION:d}")
        db.execute("COMMIT")

    def _check_schema(self, db: sqlite3.Connection) -> None:
        (application,) = db.execute("PRAGMA application_id").fetchone()
        (version,) = db.execute("PRAGMA user_version").fetchone()
        if version > SCHEMA_VERSION:
            raise NotALogError(f"{self.path} was made by a later release (schema {version}); upgrade to open it")
        if version == 1:
            raise NotALogError(
                f"{self.path} is from before the first release; export it with the version that made it, "
                "and append the lines to a new log"
            )
        rows = db.execute(
            "SELECT CAST(name AS BLOB), CAST(coalesce(sql, '') AS BLOB), rootpage FROM sqlite_schema"
        ).fetchall()
        found = {name.decode(errors="replace"): (sql.decode(errors="replace"), page) for name, sql, page in rows}
        # The table's first page is the file's second: another one would be another table.
        ours = {name: (sql, 2 if name == "chunks" else 0) for name, sql in _SCHEMA.items()}
        if (application, version, found) != (APPLICATION_ID, SCHEMA_VERSION, ours):
            raise CorruptLogError(
                f"{self.path} is not built as a log is: its table or the triggers that guard it differ"
            )

    def _journal(self, db: sqlite3.Connection) -> None:
        """Empty the journal after each append; a file that somebody switched to write-ahead logging is brought back."""
        (mode,) = db.execute("PRAGMA journal_mode = TRUNCATE").fetchone()
        if mode != b"truncate":
            raise LockedError(f"{self.path} is kept open in write-ahead mode by another program; close that first")

    @contextmanager
    def _translated(self) -> Iterator[sqlite3.Connection]:
        """The connection, for one thread at a time; the database's errors become ours."""
        with self._lock:
            try:
                if self._closed:
                    raise StorageError(f"{self.path} was closed; open it again")
                if self._pid != os.getpid():
                    self._let_go()
                if self._connection is None:
                    self._open()
                assert self._connection is not None
                yield self._connection
            except sqlite3.Error as error:
                raise self._ours(error) from error
            except OSError as error:
                raise StorageError(f"{shown(str(self.path))} cannot be opened: {error.strerror}") from error
            except UnicodeError as error:
                raise CorruptLogError(f"{self.path} is damaged: {error}") from error

    def _ours(self, error: sqlite3.Error) -> LogError:
        code = getattr(error, "sqlite_errorcode", 0)
        if code in (sqlite3.SQLITE_READONLY_ROLLBACK, sqlite3.SQLITE_READONLY_RECOVERY):
            return ReadOnlyError(
                f"{self.path} was left in the middle of an append, and cannot be put right in a read-only place; "
                "copy it with its -journal file to where you may write"
            )
        match code & 0xFF:
            case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
                return LockedError(f"{self.path} is being written by another process; nothing was appended, try again")
            case sqlite3.SQLITE_READONLY:
                return ReadOnlyError(f"{self.path} can be read and not written")
            case sqlite3.SQLITE_ERROR if "unsupported file format" in str(error):
                return CorruptLogError(f"{self.path} is damaged: {error}")
            case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
                return CorruptLogError(f"{self.path} is damaged: {error}")
            case _:
                return StorageError(f"{self.path}: {error}; nothing was half-written")


def _written(time: dt.datetime) -> str:
    return time.isoformat(timespec="microseconds")


def _time(text: bytes) -> dt.datetime | None:
    """A time in UTC; None where it is not just as `_written` writes it."""
    try:
        time = dt.datetime.fromisoformat(text.decode())
    except ValueError:
        return None
    return time if time.utcoffset() == dt.timedelta(0) and _written(time) == text.decode() else None


def _checksum(first: int, count: int, recorded_at: bytes, nodes: bytes, text: bytes) -> bytes:
    """Over everything in a row, in a form that can be read in one way only."""
    return sha256(b"%d %d %s %d\n%s%s" % (first, count, recorded_at, len(nodes), nodes, text)).digest()


def _number(path: Path) -> tuple[int, int]:
    """What a file is called by the system, under all its names."""
    found = os.stat(path)
    return found.st_dev, found.st_ino


def backup(store: Store, path: str | os.PathLike[str]) -> Path:
    """See `Timeline.backup`."""
    with _new_file(path) as temporary:
        if isinstance(store, SqliteStore):
            store.copy_into(temporary)
        else:
            with closing(SqliteStore(temporary)) as copy:
                copy.begin()
                for chunk, (_, nodes) in zip(store.chunks(), store.nodes(), strict=False):
                    copy.insert(chunk, nodes)
                copy.commit()
    return file_path(path)


@contextmanager
def _new_file(path: str | os.PathLike[str]) -> Iterator[Path]:
    """A temporary file that takes the name `path` at the end; no file there is ever replaced."""
    target = file_path(path)
    try:
        if not target.parent.is_dir():
            raise StorageError(f"{target.parent} is no folder; make it first")
        if os.path.lexists(target):
            raise InputError(f"there is a file {target} already; a backup takes a new name")
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}.") as folder:
            temporary = Path(folder) / target.name
            yield temporary
            with open(temporary, "rb") as written:
                os.fsync(written.fileno())
            try:
                os.link(temporary, target)  # unlike a rename, fails where the name was taken meanwhile
            except FileExistsError:
                raise InputError(f"there is a file {target} already; a backup takes a new name") from None
            except OSError:  # a memory stick, perhaps, whose file system has no links
                os.rename(temporary, target)
            handle = os.open(target.parent, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
    except OSError as error:
        raise StorageError(f"{shown(str(target))} cannot be written: {error.strerror}") from error


_LEFT_TO_THE_PARENT: list[sqlite3.Connection] = []
_OPENED: Counter[tuple[int, int]] = Counter()
"""By how many stores of this process a file is open."""
_looking = threading.RLock()
"""Held from the look at a file until it counts as open."""
