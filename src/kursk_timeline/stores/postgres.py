"""
A log kept in a PostgreSQL database, in a schema of its own.

A row holds one event, and the hashes of all subtrees of the Merkle tree that end with it, from the
leaf up: what other programs read is plain rows, and any hash is found by its event's number. Triggers
refuse UPDATE, DELETE, TRUNCATE and gaps, whoever asks: the database itself is append-only.

Writers take turns by an advisory lock that is theirs until the commit. So numbers have no gaps, and
nobody sees event n+1 before event n; a sequence could promise neither. A commit tells all who listen.
"""

from __future__ import annotations

import datetime as dt
import os
import struct
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from typing import TYPE_CHECKING, Any, LiteralString, TypeVar

from kursk_timeline.errors import (
    CorruptLogError,
    InputError,
    LockedError,
    LogError,
    LostConnectionError,
    MissingExtraError,
    NotALogError,
    ReadOnlyError,
    StorageError,
    shown,
)
from kursk_timeline.fork import renewed_after_fork
from kursk_timeline.log.merkle import DIGEST, completed
from kursk_timeline.log.port import CHUNK_EVENTS, Chunk

if TYPE_CHECKING:  # at run time it is loaded when the first store is opened
    import psycopg

    _Connection = psycopg.Connection[tuple[Any, ...]]

_T = TypeVar("_T")

SCHEMA_VERSION = 1
LOCK_SECONDS = 30.0
CONNECT_SECONDS = 10
LOOK_SECONDS = 0.1
"""How often `PostgresStore.wait` looks where the server cannot tell."""

_READ = 4096
"""Rows that are read at a time."""

_EPOCH = dt.datetime(2000, 1, 1, tzinfo=dt.timezone.utc)
"""PostgreSQL counts microseconds from here."""

_REFUSE = """
BEGIN
    RAISE EXCEPTION 'events are never changed or removed: % is refused', TG_OP USING ERRCODE = 'restrict_violation';
END
"""

_IN_ORDER = """
DECLARE
    lowest bigint;
    highest bigint;
    number bigint;
    earliest timestamp with time zone;
    latest timestamp with time zone;
BEGIN
    SELECT min(seq), max(seq), count(*), min(recorded_at), max(recorded_at)
        INTO lowest, highest, number, earliest, latest FROM added;
    IF number > 0 AND (
        number <> highest - lowest + 1
        OR lowest <> 1 + coalesce((SELECT max(seq) FROM kursk_timeline.events WHERE seq < lowest), 0)
    ) THEN
        RAISE EXCEPTION 'events come in order, without gaps' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF earliest < (SELECT recorded_at FROM kursk_timeline.events WHERE seq = lowest - 1)
        OR latest > now() + interval '1 hour'
    THEN
        RAISE EXCEPTION 'recording times do not go back, nor lie in the future: is a clock wrong?'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END
"""

# ALWAYS: also in a session that plays the replica, where triggers otherwise rest.
_MAKE = (
    """
REVOKE ALL ON SCHEMA kursk_timeline FROM PUBLIC;
CREATE TABLE kursk_timeline.about (version integer NOT NULL);
CREATE TABLE kursk_timeline.events (
    seq bigint PRIMARY KEY,
    id bytea NOT NULL UNIQUE,
    recorded_at timestamp with time zone NOT NULL,
    body text NOT NULL,
    nodes bytea NOT NULL,
    CONSTRAINT id_is_that_of_the_body CHECK (id = sha256(convert_to(body, 'UTF8'))),
    CONSTRAINT body_is_one_line CHECK (position(chr(10) IN body) = 0),
    CONSTRAINT nodes_end_with_the_event CHECK (octet_length(nodes) = 32 * (1 + round(log(2, (seq & -seq)::numeric))))
);
CREATE FUNCTION kursk_timeline.refuse() RETURNS trigger LANGUAGE plpgsql SET search_path = '' AS $$"""
    + _REFUSE
    + """$$;
CREATE FUNCTION kursk_timeline.in_order() RETURNS trigger LANGUAGE plpgsql SET search_path = '' AS $$"""
    + _IN_ORDER
    + """$$;
CREATE TRIGGER events_are_never_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON kursk_timeline.events
    FOR EACH STATEMENT EXECUTE FUNCTION kursk_timeline.refuse();
CREATE TRIGGER events_come_in_order AFTER INSERT ON kursk_timeline.events
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION kursk_timeline.in_order();
ALTER TABLE kursk_timeline.events ENABLE ALWAYS TRIGGER events_are_never_changed;
ALTER TABLE kursk_timeline.events ENABLE ALWAYS TRIGGER events_come_in_order;
REVOKE ALL ON ALL TABLES IN SCHEMA kursk_timeline FROM PUBLIC;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA kursk_timeline FROM PUBLIC;
"""
)

# Everything that keeps the table what it is. Further indexes are the administrator's business.
_LOOK = """
WITH ours AS (SELECT pg_catalog.to_regclass('kursk_timeline.events') AS oid)
SELECT pg_catalog.format('table %s %s', c.relkind, c.relpersistence)
    FROM pg_catalog.pg_class c JOIN ours ON c.oid = ours.oid
UNION ALL SELECT 'row security' FROM pg_catalog.pg_class c JOIN ours ON c.oid = ours.oid WHERE c.relrowsecurity
UNION ALL SELECT 'rule ' || r.rulename FROM pg_catalog.pg_rewrite r JOIN ours ON r.ev_class = ours.oid
UNION ALL SELECT pg_catalog.format(
        'column %s %s %s', a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), a.attnotnull
    )
    FROM pg_catalog.pg_attribute a JOIN ours ON a.attrelid = ours.oid WHERE a.attnum > 0 AND NOT a.attisdropped
UNION ALL SELECT pg_catalog.format('unique %s %s', pg_catalog.pg_get_indexdef(i.indexrelid, 1, true), i.indisvalid)
    FROM pg_catalog.pg_index i JOIN ours ON i.indrelid = ours.oid
    WHERE i.indisunique AND i.indnkeyatts = 1 AND i.indpred IS NULL
UNION ALL SELECT pg_catalog.format(
        'trigger %s %s %s %s %s %s',
        t.tgname, t.tgenabled, t.tgtype, t.tgqual IS NULL, pg_catalog.array_to_string(p.proconfig, ','), p.prosrc
    )
    FROM pg_catalog.pg_trigger t JOIN ours ON t.tgrelid = ours.oid JOIN pg_catalog.pg_proc p ON p.oid = t.tgfoid
    WHERE NOT t.tgisinternal
"""

_AS_MADE = {
    "table r p",
    "column seq bigint t",
    "column id bytea t",
    "column recorded_at timestamp with time zone t",
    "column body text t",
    "column nodes bytea t",
    "unique seq t",
    "unique id t",
    # The number says when (src/include/catalog/pg_trigger.h): before, delete, update, truncate; then insert.
    f'trigger events_are_never_changed A {2 + 8 + 16 + 32} t search_path="" {_REFUSE}',
    f'trigger events_come_in_order A 4 t search_path="" {_IN_ORDER}',
}

# A weaker setting of the role or database must not weaken what a commit promises; a stronger one stays.
_BEGIN = """
BEGIN ISOLATION LEVEL READ COMMITTED;
SET LOCAL lock_timeout = {};
SELECT pg_catalog.set_config('synchronous_commit', 'on', true)
    WHERE pg_catalog.current_setting('synchronous_commit') IN ('off', 'local', 'remote_write');
SELECT pg_catalog.pg_advisory_xact_lock(1263815751)
"""  # the number is "KTLG"


class PostgresStore:
    """
    Keeps the events of one log in the schema ``kursk_timeline`` of a database.

    One connection, used by one thread at a time, and one more for each thread that waits. A connection that
    broke between two calls is opened again.

    Args:
        url: Such as ``postgresql://user@host/database``. A password is better left to ``~/.pgpass``.
        create: Make the schema where it is absent.
        lock_seconds: How long to wait for another writer before `LockedError`.

    Raises:
        MissingExtraError: psycopg is not installed.
        InputError: it is no such URL.
        NotALogError: the database holds no log, or one of another release.
        CorruptLogError: the table or what guards it is not as it was made.
        LostConnectionError: the database cannot be reached.
    """

    def __init__(self, url: str, *, create: bool = False, lock_seconds: float = LOCK_SECONDS) -> None:
        self._parameters, self.where = _parameters(url)
        self._lock = threading.RLock()
        renewed_after_fork(self)
        self._lock_milliseconds = min(max(1, int(lock_seconds * 1000)), 2**31 - 1)  # 0 would mean for ever
        self._create = create
        self._pid = os.getpid()
        self._closed = False
        self._writing = False
        self._inserted = 0
        self._connection: _Connection | None = None
        self._listeners: list[_Connection] = []
        with self._translated():  # opens it, and says what is wrong with it
            self._create = False

    def renew(self) -> None:
        """A new lock, in a forked child."""
        self._lock = threading.RLock()

    # --- reading -------------------------------------------------------------------------------

    def size(self) -> int:
        ((size,),) = self._read("SELECT max(seq) FROM kursk_timeline.events")
        return size or 0

    def chunks(self, after: int = 0) -> Iterator[Chunk]:
        parts = self._parts(
            after,
            "SELECT seq, xmin, recorded_at, id, body FROM kursk_timeline.events WHERE seq > %s ORDER BY seq LIMIT %s",
        )
        for first, rows in parts:
            _, _, times, ids, bodies = zip(*rows, strict=True)
            for place, (id_, body) in enumerate(zip(ids, bodies, strict=True)):
                if sha256(body).digest() != id_:
                    raise CorruptLogError(
                        f"{self.where}: event {first + place} is damaged: it is not what its id names",
                        seq=first + place,
                    )
            yield Chunk(first, times[0].astimezone(dt.timezone.utc), [id_.hex() for id_ in ids], bodies)

    def holding(self, seq: int) -> Chunk:
        return next(self.chunks(seq - 1))

    def nodes(self, after: int = 0) -> Iterator[tuple[int, bytes]]:
        parts = self._parts(
            after,
            "SELECT seq, xmin, recorded_at, nodes FROM kursk_timeline.events WHERE seq > %s ORDER BY seq LIMIT %s",
        )
        for first, rows in parts:
            kept = [nodes for _, _, _, nodes in rows]
            for seq, nodes in enumerate(kept, first):
                if len(nodes) != DIGEST * (seq & -seq).bit_length():
                    raise CorruptLogError(f"{self.where}: the hashes kept with event {seq} are damaged", seq=seq)
            yield len(rows), _by_level(first, kept)

    def node(self, level: int, number: int) -> bytes:
        seq = number + 1 << level
        found = self._read(
            "SELECT pg_catalog.substr(nodes, %s, 32) FROM kursk_timeline.events WHERE seq = %s", DIGEST * level + 1, seq
        )
        if not found or len(found[0][0]) != DIGEST:
            raise CorruptLogError(f"{self.where}: the hashes kept with event {seq} are missing or damaged", seq=seq)
        return bytes(found[0][0])

    def check(self) -> None:
        self._looked(self._check_schema)

    def _parts(self, after: int, query: LiteralString) -> Iterator[tuple[int, list[tuple[Any, ...]]]]:
        """
        Rows that were taken together, each part with its first number; cut in the same places for all who ask.

        Two appends may have one time, and a later one must not lengthen a part that somebody else saw: the
        transaction, which has all of an append or nothing, tells them apart.
        """
        found = _READ
        while found == _READ:
            rows = self._read(query, after, _READ)
            found, start = len(rows), 0
            for end, row in enumerate(rows, 1):
                if row[0] != after + end:
                    raise CorruptLogError(f"{self.where}: event {after + end} is missing", seq=after + end)
                if end == found or end - start == CHUNK_EVENTS or rows[end][1:3] != row[1:3]:
                    yield after + start + 1, rows[start:end]
                    start = end
            after += found

    # --- writing -------------------------------------------------------------------------------

    def begin(self) -> None:
        from psycopg import sql

        self.roll_back()  # what an interrupt may have left
        with self._translated() as db:
            self._writing, self._inserted = True, 0
            db.execute(sql.SQL(_BEGIN).format(self._lock_milliseconds))

    def insert(self, chunk: Chunk, nodes: bytes) -> None:
        assert self._writing, "insert only between begin and commit"
        with self._translated() as db, db.cursor() as cursor:
            with cursor.copy(
                "COPY kursk_timeline.events (seq, id, recorded_at, body, nodes) FROM STDIN (FORMAT BINARY)"
            ) as copy:
                copy.write(_binary(chunk, nodes))
            self._inserted = chunk.last

    def commit(self) -> None:
        with self._translated() as db:
            if self._inserted:
                db.execute("SELECT pg_catalog.pg_notify('kursk_timeline', %s)", (str(self._inserted),))
            if db.execute("COMMIT").statusmessage != "COMMIT":  # it rolls back without a word after an error
                raise StorageError(f"{self.where}: the append was rolled back; nothing was appended")
            self._writing = False

    def roll_back(self) -> None:
        import psycopg
        from psycopg.pq import TransactionStatus

        with self._lock:
            self._writing = False
            db = self._connection
            if db is None or db.closed or self._pid != os.getpid():
                return
            try:
                match db.info.transaction_status:
                    case TransactionStatus.IDLE:
                        pass
                    case TransactionStatus.ACTIVE:  # interrupted within a COPY: nothing else can be said to the server
                        self._let_go()
                    case _:
                        db.execute("ROLLBACK")
            except psycopg.Error:
                self._let_go()  # and the server rolls back

    def grant(self, role: str, *, write: bool = False) -> None:
        """
        Let a role read the log, and append to it where `write` is true. No role is ever let change or remove anything.

        Args:
            role: A role that exists.

        Raises:
            InputError: there is no such role.
            ReadOnlyError: only the log's owner can do this.
        """
        import psycopg
        from psycopg import sql

        if not isinstance(role, str) or not role or "\0" in role:
            raise InputError(f"{shown(role)} is no name of a role")
        rights = sql.SQL("SELECT, INSERT" if write else "SELECT")
        to = sql.Identifier(role)
        with self._translated() as db:
            try:
                with db.transaction():
                    db.execute(sql.SQL("GRANT USAGE ON SCHEMA kursk_timeline TO {}").format(to))
                    db.execute(sql.SQL("GRANT SELECT ON kursk_timeline.about TO {}").format(to))
                    db.execute(sql.SQL("GRANT {} ON kursk_timeline.events TO {}").format(rights, to))
                    # Somebody who may not grant is only warned where he has the right himself.
                    (granted,) = db.execute(
                        "SELECT pg_catalog.has_schema_privilege(%(role)s, 'kursk_timeline', 'USAGE') "
                        "AND pg_catalog.has_table_privilege(%(role)s, 'kursk_timeline.about', 'SELECT') "
                        "AND pg_catalog.has_table_privilege(%(role)s, 'kursk_timeline.events', 'SELECT') "
                        "AND (NOT %(write)s OR pg_catalog.has_table_privilege("
                        "%(role)s, 'kursk_timeline.events', 'INSERT'))",
                        {"role": role, "write": write},
                    ).fetchone() or (False,)
            except (psycopg.errors.UndefinedObject, psycopg.errors.ReservedName) as error:
                raise InputError(f"{self.where} has no role {shown(role)}") from error
            except psycopg.errors.InsufficientPrivilege:
                granted = False
        if not granted:
            raise ReadOnlyError(f"{self.where}: only the log's owner can grant")

    # --- waiting -------------------------------------------------------------------------------

    def wait(self, size: int, seconds: float) -> None:
        import psycopg

        until = time.monotonic() + seconds
        while True:
            # Each waiting thread has a connection for itself: nobody keeps another from listening, or from appending.
            db = self._listener()
            try:
                _listen(db, size, until)
            except psycopg.Error as error:
                ours = self._ours(error, db)
                db.close()
                if not isinstance(ours, LostConnectionError):
                    raise ours from error
                if time.monotonic() >= until:
                    return
                continue
            except BaseException:
                db.close()
                raise
            if self._closed:
                db.close()
            else:
                self._listeners.append(db)
            return

    def _listener(self) -> _Connection:
        with self._lock:
            self._ready()  # also after a fork, or when it was closed
            return self._listeners.pop() if self._listeners else self._connected()

    def close(self) -> None:
        """Let go of the connections; the store answers no more."""
        with self._lock:
            self._closed = True
            self._let_go()
            self._let_listeners_go()

    def _let_go(self) -> None:
        if self._connection is not None:
            if self._pid == os.getpid():
                self._connection.close()
            else:
                # After a fork the parent's connection must be neither used nor closed here.
                _LEFT_TO_THE_PARENT.append(self._connection)
        self._connection = None

    def _let_listeners_go(self) -> None:
        while self._listeners:
            db = self._listeners.pop()
            if self._pid == os.getpid():
                db.close()
            else:
                _LEFT_TO_THE_PARENT.append(db)

    def __del__(self) -> None:
        if getattr(self, "_connection", None) is not None or getattr(self, "_listeners", None):
            self.close()

    # --- the connection ------------------------------------------------------------------------

    def _connected(self) -> _Connection:
        """A new connection."""
        import psycopg
        from psycopg.types.string import ByteaBinaryLoader

        try:
            # Every statement stands for itself, and none is prepared: poolers may give each to another session.
            db = psycopg.connect(**self._parameters, autocommit=True, prepare_threshold=None)
        except psycopg.Error as error:
            raise LostConnectionError(f"{self.where} cannot be reached: {self._said(error)}") from error
        db.adapters.register_loader("text", ByteaBinaryLoader)  # bodies are bytes, read and written as they are
        return db

    def _open(self) -> None:
        """Connect, and look whether the log is there; make it where that is wanted."""
        import psycopg

        self._connection, self._pid = self._connected(), os.getpid()
        db = self._connection
        try:
            if db.info.parameter_status("server_encoding") != "UTF8":
                raise NotALogError(
                    f"{self.where} does not keep text as UTF-8; "
                    "a log needs CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0"
                )
            try:
                versions = db.execute("SELECT version FROM kursk_timeline.about").fetchall()
            except psycopg.errors.UndefinedTable:
                if not self._create:
                    raise NotALogError(f"{self.where} holds no log; open it with create=True to make one") from None
                self._make(db)
                versions = [(SCHEMA_VERSION,)]
            for (version,) in versions:
                if isinstance(version, int) and version > SCHEMA_VERSION:
                    raise NotALogError(
                        f"{self.where} was made by a later release (schema {version}); upgrade to open it"
                    )
            if versions != [(SCHEMA_VERSION,)]:
                raise NotALogError(f"{self.where} says nothing of its release that can be understood")
            self._check_schema(db)
        except psycopg.Error as error:
            ours = self._ours(error, db)
            self._let_go()
            raise ours from error
        except BaseException:
            self._let_go()
            raise

    def _make(self, db: _Connection) -> None:
        from psycopg import sql

        with db.transaction():
            db.execute(sql.SQL("SET LOCAL lock_timeout = {}").format(self._lock_milliseconds))
            db.execute("SELECT pg_catalog.pg_advisory_xact_lock(1263815751)")
            if db.execute("SELECT pg_catalog.to_regclass('kursk_timeline.about')").fetchone() != (None,):
                return  # another process was first
            if db.execute("SELECT pg_catalog.to_regnamespace('kursk_timeline')").fetchone() == (None,):
                db.execute("CREATE SCHEMA kursk_timeline")  # an administrator may have done that already
            elif db.execute(
                "SELECT 1 FROM pg_catalog.pg_class "
                "WHERE relnamespace = pg_catalog.to_regnamespace('kursk_timeline') LIMIT 1"
            ).fetchone():
                raise NotALogError(f"{self.where}: the schema kursk_timeline is something else's; it was left as it is")
            db.execute(_MAKE)
            db.execute("INSERT INTO kursk_timeline.about VALUES (%s)", (SCHEMA_VERSION,))

    def _check_schema(self, db: _Connection) -> None:
        found = {line for (line,) in db.execute(_LOOK)}
        if found != _AS_MADE:
            different = min(line.split("\n")[0].strip() for line in found ^ _AS_MADE)
            raise CorruptLogError(
                f"{self.where} is not built as a log is: its table or the triggers that guard it differ "
                f"({shown(different)})"
            )

    def _ready(self) -> _Connection:
        """The connection, opened where there is none."""
        if self._closed:
            raise StorageError(f"{self.where} was closed; open it again")
        if self._pid != os.getpid():
            self._let_go()
            self._let_listeners_go()
            self._writing = False  # that was the parent
        db = self._connection
        if self._writing:
            if db is None or db.closed:  # the lock, and what was inserted, went with the connection
                raise LostConnectionError(f"the connection to {self.where} broke; nothing was appended")
            return db
        # Not idle: somebody interrupted even the rolling back.
        if db is None or db.closed or db.info.transaction_status:
            self._let_go()
            self._open()
        assert self._connection is not None
        return self._connection

    def _read(self, query: LiteralString, *parameters: int) -> list[tuple[Any, ...]]:
        return self._looked(lambda db: db.execute(query, parameters, binary=True).fetchall())

    def _looked(self, look: Callable[[_Connection], _T]) -> _T:
        """What somebody sees who looks; a connection that broke since it was last used is opened again."""
        with self._lock:
            try:
                with self._translated() as db:
                    return look(db)
            except LostConnectionError:
                if self._writing:
                    raise
            with self._translated() as db:
                return look(db)

    @contextmanager
    def _translated(self) -> Iterator[_Connection]:
        """The connection, for one thread at a time; the database's errors become ours."""
        import psycopg

        with self._lock:
            db = self._ready()
            try:
                yield db
            except psycopg.Error as error:
                ours = self._ours(error, db)
                if isinstance(ours, LostConnectionError):
                    self._let_go()
                raise ours from error

    def _ours(self, error: psycopg.Error, db: _Connection) -> LogError:
        from psycopg import errors

        if db.closed or error.diag.severity_nonlocalized in ("FATAL", "PANIC"):
            return LostConnectionError(f"the connection to {self.where} broke; whether anything was kept is unknown")
        match error:
            case errors.LockNotAvailable() | errors.DeadlockDetected() | errors.SerializationFailure():
                return LockedError(f"{self.where} is being written by another process; nothing was appended, try again")
            case errors.ReadOnlySqlTransaction():
                return ReadOnlyError(f"{self.where} can be read and not written")
            case errors.InsufficientPrivilege() if self._writing:
                return ReadOnlyError(f"{self.where} can be read and not written by this user; its owner can grant that")
            case errors.InsufficientPrivilege():
                return StorageError(f"{self.where} lets this user not do that: {self._said(error)}")
            case errors.UndefinedTable():
                return NotALogError(f"{self.where} holds no log any more")
            case errors.UndefinedColumn() | errors.DataCorrupted() | errors.IndexCorrupted() | errors.DataError():
                return CorruptLogError(f"{self.where} is damaged: {self._said(error)}")
            case errors.IntegrityError():
                # Only what the log does not know of can be in the way, when it holds the lock.
                return StorageError(
                    f"{self.where} was written by a program that does not take turns; nothing was appended: "
                    f"{self._said(error)}"
                )
            case _:
                return StorageError(f"{self.where}: {self._said(error)}; nothing was half-written")

    def _said(self, error: psycopg.Error) -> str:
        """What the server or the driver said, on one line."""
        said = error.diag.message_primary or " ".join(str(error).split()).rpartition(" failed: ")[2]
        password = self._parameters.get("password")
        return "(not repeated, it names the password)" if password and password in said else shown(said)


def _parameters(url: str) -> tuple[dict[str, Any], str]:
    """The parts of a URL, and what to call the database in messages, which never repeat a password."""
    try:
        from psycopg import ProgrammingError
        from psycopg.conninfo import conninfo_to_dict
    except ImportError as error:
        raise MissingExtraError("postgres", "psycopg") from error

    scheme, separator, rest = url.partition("://") if isinstance(url, str) else ("", "", "")
    if scheme not in ("postgresql", "postgres") or not separator:
        raise InputError("a PostgreSQL database is named by a URL such as postgresql://user@host/database")
    user, _, place = rest.partition("@")
    if "@" in (rest if "/" in user else place).partition("?")[0]:  # else the end of a password would pass for the host
        raise InputError("in the URL's user name and password, write @ as %40, / as %2F, : as %3A and ? as %3F")
    problem = "this is no PostgreSQL URL; one looks like postgresql://user@host:5432/database"
    try:
        parameters = conninfo_to_dict(url)
    except ProgrammingError:
        # Without its cause, which repeats the URL.
        raise InputError(problem) from None
    if not all(port.isdecimal() or not port for port in str(parameters.get("port", "")).split(",")):
        raise InputError(problem)
    name = shown(parameters["dbname"]) if parameters.get("dbname") else "of this user"
    host = parameters.get("host") or parameters.get("hostaddr")
    where = f"the database {name} on {shown(host) if host else 'the usual server'}"
    parameters.setdefault("connect_timeout", CONNECT_SECONDS)
    parameters.setdefault("fallback_application_name", "kursk_timeline")
    parameters["client_encoding"] = "utf8"
    return parameters, where


def _listen(db: _Connection, size: int, until: float) -> None:
    """Return when there are more events, or when the time is over."""
    import psycopg

    pause = float("inf")
    try:
        db.execute("LISTEN kursk_timeline")
    except psycopg.errors.ReadOnlySqlTransaction:  # a standby server cannot
        pause = LOOK_SECONDS
    # Listened first, then looked: an append between the two is told.
    while (left := until - time.monotonic()) > 0:
        (found,) = db.execute("SELECT max(seq) FROM kursk_timeline.events").fetchone() or (None,)
        if (found or 0) > size:
            break
        for _ in db.notifies(timeout=min(left, pause), stop_after=1):
            pass
    # Nobody reads an idle connection: what it is told would pile up in the server.
    db.execute("UNLISTEN *")


def _binary(chunk: Chunk, nodes: bytes) -> bytes:
    """
    A chunk in COPY's binary format: for each row the number of fields, and each field after its length.

    https://www.postgresql.org/docs/current/sql-copy.html, "Binary Format". Bodies go in as the bytes they are.
    """
    taken = struct.pack("!iq", 8, (chunk.recorded_at - _EPOCH) // dt.timedelta(microseconds=1))
    parts = [b"PGCOPY\n\xff\r\n\0", bytes(8)]
    rows = zip(chunk.ids, chunk.bodies, _by_event(chunk.first, len(chunk.bodies), nodes), strict=True)
    for seq, (id_, body, kept) in enumerate(rows, chunk.first):
        parts += (
            struct.pack("!hiqi", 5, 8, seq, 32),
            bytes.fromhex(id_),
            taken,
            struct.pack("!i", len(body)),
            body,
            struct.pack("!i", len(kept)),
            kept,
        )
    parts.append(struct.pack("!h", -1))
    return b"".join(parts)


def _by_event(first: int, count: int, nodes: bytes) -> list[bytes]:
    """Hashes that stand level by level, as `Frontier.grow` gives them, put together by the event they end with."""
    kept, start = [b""] * count, 0
    for level, more in enumerate(completed(first - 1, first - 1 + count)):
        seq = ((first - 1 >> level) + 1) << level
        for place in range(seq - first, seq - first + (more << level), 1 << level):
            kept[place] += nodes[start : start + DIGEST]
            start += DIGEST
    return kept


def _by_level(first: int, kept: Sequence[bytes]) -> bytes:
    """The other way round."""
    grown: list[bytes] = []
    number, start = first - 1, 0
    while kept:
        grown += [nodes[start : start + DIGEST] for nodes in kept]
        kept = kept[(number + 1) % 2 :: 2]  # every second one, the right children, ends a subtree of the next level too
        number, start = number >> 1, start + DIGEST
    return b"".join(grown)


_LEFT_TO_THE_PARENT: list[_Connection] = []
