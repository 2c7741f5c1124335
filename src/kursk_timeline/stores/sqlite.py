"""
A log kept in one SQLite file.

The file carries our application id and schema version; one that carries something else is left as
it is. Triggers refuse UPDATE and DELETE, so that the database itself is append-only. A rollback
journal with ``synchronous=EXTRA`` keeps the log in a single file and makes an append that returned
survive a power cut (https://www.sqlite.org/pragma.html#pragma_synchronous).
"""

from __future__ import annotations

import datetime as dt
import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from kursk_timeline.errors import (
    ConflictError,
    CorruptLogError,
    LockedError,
    LogError,
    NotALogError,
    ReadOnlyError,
    StorageError,
    shown,
)
from kursk_timeline.log.port import Entry, plan
from kursk_timeline.text import file_path

APPLICATION_ID = 0x4B54_4C47  # "KTLG"
SCHEMA_VERSION = 1
BUSY_SECONDS = 10.0

_SCHEMA = {
    "events": """CREATE TABLE events (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE CHECK (length(id) = 64),
    recorded_at TEXT NOT NULL,
    body TEXT NOT NULL
) STRICT""",
    "events_are_never_updated": """CREATE TRIGGER events_are_never_updated BEFORE UPDATE ON events
BEGIN SELECT RAISE(ABORT, 'events are never updated'); END""",
    "events_are_never_deleted": """CREATE TRIGGER events_are_never_deleted BEFORE DELETE ON events
BEGIN SELECT RAISE(ABORT, 'events are never deleted'); END""",
    # INSERT OR REPLACE deletes without asking the trigger above, so a taken id is refused before it can.
    "events_come_in_order": """CREATE TRIGGER events_come_in_order BEFORE INSERT ON events
WHEN NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM events) OR EXISTS (SELECT 1 FROM events WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'events come in order, each once, without gaps'); END""",
}


class SqliteStore:
    """
    Keeps entries in one file, made if absent.

    One connection, used by one thread at a time; several processes may open the same file.

    Args:
        path: A plain path; no URI.
        busy_seconds: How long to wait for another process before `LockedError`.

    Raises:
        InputError: it is no path.
        NotALogError: the file is something else; it was not touched.
        CorruptLogError: the file is damaged.
    """

    def __init__(self, path: str | os.PathLike[str], *, busy_seconds: float = BUSY_SECONDS) -> None:
        self.path = file_path(path)
        self._lock = threading.RLock()
        self._busy_seconds = busy_seconds
        self._pid = -1
        self._closed = False
        self._connection: sqlite3.Connection | None = None
        with self._translated():  # opens it, and says what is wrong with it
            pass

    # --- reading -------------------------------------------------------------------------------

    def size(self) -> int:
        with self._translated() as db:
            return int(db.execute("SELECT coalesce(max(seq), 0) FROM events").fetchone()[0])

    def entries(self, after: int = 0) -> Iterator[Entry]:
        with self._translated() as db:
            rows = db.execute(
                "SELECT seq, id, recorded_at, body FROM events WHERE seq > ? ORDER BY seq", (after,)
            ).fetchall()
        for expected, (seq, id_, recorded_at, body) in enumerate(rows, after + 1):
            if seq != expected:
                raise CorruptLogError(f"{self.path}: event {expected} is missing")
            try:
                taken = dt.datetime.fromisoformat(recorded_at)
            except ValueError as error:
                raise CorruptLogError(f"{self.path}: event {seq} has no readable recording time") from error
            yield Entry(seq, id_, taken, body.encode())

    # --- writing -------------------------------------------------------------------------------

    def append(
        self, batch: Sequence[tuple[str, bytes]], now: dt.datetime, expected_size: int | None
    ) -> tuple[list[int], int]:
        with self._translated() as db:
            # IMMEDIATE takes the write lock first: what is read below is still so when we write.
            db.execute("BEGIN IMMEDIATE")
            try:
                result = self._append(db, batch, now, expected_size)
                db.execute("COMMIT")
            except BaseException:
                if db.in_transaction:
                    db.execute("ROLLBACK")
                raise
            return result

    def _append(
        self, db: sqlite3.Connection, batch: Sequence[tuple[str, bytes]], now: dt.datetime, expected_size: int | None
    ) -> tuple[list[int], int]:
        (size,) = db.execute("SELECT coalesce(max(seq), 0) FROM events").fetchone()
        last = db.execute("SELECT recorded_at FROM events WHERE seq = ?", (size,)).fetchone()
        there: dict[str, int] = {}
        for id_, _ in batch:
            found = db.execute("SELECT seq FROM events WHERE id = ?", (id_,)).fetchone()
            if found is not None:
                there[id_] = found[0]
        numbers, new = plan(batch, there, size)
        if new and expected_size is not None and expected_size != size:
            raise ConflictError(expected_size, size)
        stamp = now.astimezone(dt.timezone.utc).isoformat(timespec="microseconds")
        if last is not None:
            stamp = max(stamp, last[0])  # one format, one zone: text order is time order
        db.executemany(
            "INSERT INTO events VALUES (?, ?, ?, ?)", ((seq, id_, stamp, body.decode()) for seq, id_, body in new)
        )
        return numbers, size

    def close(self) -> None:
        """Let go of the file; the store answers no more."""
        with self._lock:
            self._closed = True
            self._let_go()

    def _let_go(self) -> None:
        if self._connection is not None:
            if self._pid == os.getpid():
                self._connection.close()
            else:
                # After a fork the parent's connection must be neither used nor closed here.
                _LEFT_TO_THE_PARENT.append(self._connection)
        self._connection = None

    def __del__(self) -> None:
        if getattr(self, "_connection", None) is not None:
            self.close()

    # --- the connection ------------------------------------------------------------------------

    def _open(self) -> None:
        """Open the file, or make it; look before touching."""
        if self.path.exists() and not self.path.is_file():
            raise NotALogError(f"{self.path} is no file; a log is one SQLite file")
        new = not self.path.exists() or self.path.stat().st_size == 0
        if new and not self.path.parent.is_dir():
            raise StorageError(f"{self.path.parent} is no folder; make it first")
        writable = os.access(self.path.parent, os.W_OK) and (new or os.access(self.path, os.W_OK))
        if new and not writable:
            raise ReadOnlyError(f"{self.path} cannot be made: the folder is read-only")
        mode = "rwc" if new else "rw" if writable else "ro"
        db = sqlite3.connect(
            f"{self.path.absolute().as_uri()}?mode={mode}",
            uri=True,
            isolation_level=None,
            timeout=self._busy_seconds,
            check_same_thread=False,  # the lock below lets one thread in at a time
        )
        self._connection, self._pid = db, os.getpid()
        try:
            db.execute("PRAGMA trusted_schema = OFF")
            if new:
                self._make(db)
            self._check(db)
            db.execute("PRAGMA synchronous = EXTRA")
        except BaseException:
            self._let_go()
            raise

    def _make(self, db: sqlite3.Connection) -> None:
        db.execute("BEGIN IMMEDIATE")
        if not db.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]:  # else another process was first
            for statement in _SCHEMA.values():
                db.execute(statement)
            db.execute(f"PRAGMA application_id = {APPLICATION_ID:d}")
            db.execute(f"PRAGMA user_version = {SCHEMA_VERSION:d}")
        db.execute("COMMIT")

    def _check(self, db: sqlite3.Connection) -> None:
        (application,) = db.execute("PRAGMA application_id").fetchone()
        (version,) = db.execute("PRAGMA user_version").fetchone()
        if application != APPLICATION_ID:
            raise NotALogError(f"{self.path} is a database of something else; it was left as it is")
        if version > SCHEMA_VERSION:
            raise NotALogError(f"{self.path} was made by a later release (schema {version}); upgrade to open it")
        found = dict(db.execute("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL"))
        if found != _SCHEMA:
            raise CorruptLogError(
                f"{self.path} is not built as a log is: its table or the triggers that guard it differ"
            )

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
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        match code:
            case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
                return LockedError(f"{self.path} is being written by another process; nothing was appended, try again")
            case sqlite3.SQLITE_READONLY:
                return ReadOnlyError(f"{self.path} can be read and not written")
            case sqlite3.SQLITE_NOTADB:
                return NotALogError(f"{self.path} is no log: not an SQLite file")
            case sqlite3.SQLITE_CORRUPT:
                return CorruptLogError(f"{self.path} is damaged: {error}")
            case _:
                return StorageError(f"{self.path}: {error}; nothing was half-written")


_LEFT_TO_THE_PARENT: list[sqlite3.Connection] = []
