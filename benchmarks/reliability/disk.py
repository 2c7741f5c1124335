"""
A disk that says what is done to it, and fails when it is told to: an SQLite VFS under the ordinary store.

`Disk` passes everything on to the real file system, and keeps the order of what was asked of it. `DiskStore` is the
store of the library, but for the connection: apsw's, as the standard library's sqlite3 takes no VFS of ours.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Any

import apsw
import attrs

from kursk_timeline.stores.sqlite import SqliteStore

_NAMES = count()


@attrs.frozen
class Op:
    """
    One thing that was asked of the disk.

    Args:
        kind: ``create``, ``write``, ``truncate``, ``sync``, ``delete``, ``dirsync`` (the folder was made durable), or
            ``ack``, which no disk is asked for: an append returned.
        file: Number of the file; a name that is made again gets another.
        name: Its name.
        at: Where it is written, or cut off; of an acknowledgement, how many events there are.
        data: What is written.
    """

    kind: str
    file: int = -1
    name: str = ""
    at: int = 0
    data: bytes = b""


class Disk(apsw.VFS):
    """
    Passes on, and keeps in `ops`, what is asked of it.

    Args:
        around: Called with what is asked, and with a function that does it; may raise instead, before or after.
            The function for a write takes the bytes, so that only some of them can be written.
    """

    def __init__(self, around: Callable[[Op, Callable[..., Any]], Any] = lambda _, do: do()) -> None:
        self.name = f"kursk-{os.getpid()}-{next(_NAMES)}"
        self.ops: list[Op] = []
        self.around = around
        self._numbers: dict[str, int] = {}
        self._files = count()
        super().__init__(self.name, "")

    def take(self, op: Op, do: Callable[..., Any]) -> Any:
        """Do it, and keep that it was done."""
        result = self.around(op, do)
        self.ops.append(op)
        return result

    def number(self, name: str, new: bool = False) -> int:
        """The number of the file that has this name."""
        if new or name not in self._numbers:
            self._numbers[name] = next(self._files)
        return self._numbers[name]

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:  # noqa: N802
        if name is None:  # a temporary file, which no crash needs
            return super().xOpen(name, flags)
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        new = not os.path.exists(path)
        op = Op("create" if new else "open", self.number(path, new), os.path.basename(path))
        file = self.around(op, lambda: DiskFile(self, op, name, flags))
        if new and os.path.exists(path):
            self.ops.append(op)
        return file

    def xDelete(self, name: str, syncdir: bool) -> None:  # noqa: N802
        op = Op("delete", self.number(name), os.path.basename(name))
        self.take(op, lambda: super(Disk, self).xDelete(name, syncdir))
        if syncdir:
            self.ops.append(Op("dirsync"))


class DiskFile(apsw.VFSFile):
    """One open file."""

    def __init__(self, disk: Disk, opened: Op, name: str | apsw.URIFilename, flags: list[int]) -> None:
        journal = apsw.SQLITE_OPEN_MAIN_JOURNAL | apsw.SQLITE_OPEN_SUPER_JOURNAL | apsw.SQLITE_OPEN_WAL
        # SQLite makes the folder durable with the first sync of a journal that it made (os_unix.c, UNIXFILE_DIRSYNC);
        # never with that of a database.
        self._folder_too = bool(opened.kind == "create" and flags[0] & journal)
        self._disk, self._number, self._name = disk, opened.file, opened.name
        super().__init__("", name, flags)

    def xRead(self, amount: int, offset: int) -> bytes:  # noqa: N802
        op = Op("read", self._number, self._name, offset)
        return self._disk.around(op, lambda: super(DiskFile, self).xRead(amount, offset))

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        op = Op("write", self._number, self._name, offset, bytes(data))
        self._disk.take(op, lambda part=op.data: super(DiskFile, self).xWrite(part, offset))

    def xTruncate(self, newsize: int) -> None:  # noqa: N802
        op = Op("truncate", self._number, self._name, newsize)
        self._disk.take(op, lambda: super(DiskFile, self).xTruncate(newsize))

    def xSync(self, flags: int) -> None:  # noqa: N802, ARG002  # the machine does not stop here, so nothing need be synced
        self._disk.take(Op("sync", self._number, self._name), lambda: None)
        if self._folder_too:
            self._disk.ops.append(Op("dirsync"))
            self._folder_too = False


# --- the connection, as sqlite3's --------------------------------------------------------------


class Connection:
    """As much of ``sqlite3.Connection`` as the store uses, over apsw."""

    def __init__(self, uri: str, disk: Disk, busy_seconds: float) -> None:
        self.text_factory: type = str
        mode = {
            "ro": apsw.SQLITE_OPEN_READONLY,
            "rw": apsw.SQLITE_OPEN_READWRITE,
            "rwc": apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE,
        }[uri.rpartition("=")[2]]
        with _as_sqlite3():
            self._db = apsw.Connection(uri, flags=mode | apsw.SQLITE_OPEN_URI, vfs=disk.name)
        self._db.setbusytimeout(int(busy_seconds * 1000))

    def execute(self, statement: str, parameters: Sequence[Any] = ()) -> Rows:
        with _as_sqlite3():
            found = [self._row(row) for row in self._db.execute(statement, parameters)]
        return Rows(found)

    def _row(self, row: Sequence[Any]) -> tuple[Any, ...]:
        if self.text_factory is bytes:
            return tuple(value.encode() if isinstance(value, str) else value for value in row)
        return tuple(row)

    @property
    def in_transaction(self) -> bool:
        return self._db.in_transaction

    def close(self) -> None:
        with _as_sqlite3():
            self._db.close()


class Rows:
    """As much of ``sqlite3.Cursor``."""

    def __init__(self, rows: list[tuple[Any, ...]]) -> None:
        self._rows = iter(rows)

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return self._rows

    def fetchone(self) -> tuple[Any, ...] | None:
        return next(self._rows, None)

    def fetchall(self) -> list[tuple[Any, ...]]:
        return list(self._rows)


class _as_sqlite3:  # noqa: N801  # reads as a function; a generator would cost more than some statements
    """Errors of apsw become those of sqlite3, with SQLite's own code."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, apsw.Error):
            ours = sqlite3.OperationalError(str(error))
            ours.sqlite_errorcode = error.extendedresult
            raise ours from error


class DiskStore(SqliteStore):
    """
    The store, on a disk of ours.

    Args:
        path: Of the file.
        disk: Where it lies.
        pragmas: Settings made after the store's own, such as ``synchronous = OFF``: to see what they do.
    """

    def __init__(self, path: Path, disk: Disk, *pragmas: str) -> None:
        self._disk, self._pragmas = disk, pragmas
        super().__init__(path)

    def _connect(self, mode: str) -> Any:
        return Connection(f"{self.path.absolute().as_uri()}?mode={mode}", self._disk, self._busy_seconds)

    def _open(self) -> None:
        super()._open()
        assert self._connection is not None
        for pragma in self._pragmas:
            self._connection.execute(f"PRAGMA {pragma}")
