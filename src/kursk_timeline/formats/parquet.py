"""
Parquet: events in bulk, in one file or many.

A row an event. Its `body`, the canonical bytes, is the event; `id` is their SHA-256. The other columns are
there to be filtered by: `seq` (its number in the log, from 1), `recorded_at`, `kind`, and `known`, the last
day of its `reported`. Many files are one log when their numbers follow on each other without gaps,
whatever the files are called. Reading checks numbers and hashes of every row; whatever does not fit is
named by file, row group and row, both counted from 0, as tools for Parquet count them.

Files are written whole or not at all, with a checksum for every page. Needs pyarrow (the extra ``parquet``).
"""

from __future__ import annotations

import datetime as dt
import io
import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeAlias

import attrs
import msgspec

from kursk_timeline.errors import (
    DecodeError,
    InputError,
    MissingExtraError,
    NewerVersionError,
    StorageError,
    shown,
)
from kursk_timeline.events.base import Event
from kursk_timeline.events.built import stored
from kursk_timeline.events.codec import decode, named
from kursk_timeline.formats.whole import whole_folder, write_whole
from kursk_timeline.log import Record
from kursk_timeline.log.port import Chunk
from kursk_timeline.text import file_path
from kursk_timeline.when import When

Source: TypeAlias = str | os.PathLike[str] | Iterable[str | os.PathLike[str]]
"""A file, a folder of files (those that end in ``.parquet``), or several of either."""

FORMAT = 1
"""Version of the columns and what they mean; kept in each file."""

ROWS_PER_FILE = 1_000_000
ROWS_PER_GROUP = 65_536
"""Rows in a row group, which is what is read at a time: some 100 MB in memory."""

BYTES_PER_GROUP = 1 << 26
"""A row group that has so many bytes of events takes no further one."""

_METADATA = b"kursk_timeline"
_EPOCH = dt.date(1970, 1, 1).toordinal()


@cache
def arrow() -> Any:
    """
    The library pyarrow, with its Parquet part.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        import pyarrow
        import pyarrow.compute
        import pyarrow.parquet
    except ImportError as error:
        raise MissingExtraError("parquet", "pyarrow") from error
    return pyarrow


@cache
def schema() -> Any:
    """The columns of a file of events, as an Arrow schema."""
    pa = arrow()
    return pa.schema(
        [
            pa.field("seq", pa.int64(), nullable=False),
            pa.field("recorded_at", pa.timestamp("us", tz="UTC")),
            pa.field("id", pa.binary(32), nullable=False),
            pa.field("kind", pa.string(), nullable=False),
            pa.field("known", pa.date32(), nullable=False),
            pa.field("body", pa.binary(), nullable=False),
        ],
        metadata={_METADATA: json.dumps({"events": FORMAT}).encode()},
    )


_NEEDED = ("seq", "id", "kind", "known", "body")


# --- writing -----------------------------------------------------------------------------------


def write(
    records: Iterable[Record | Event],
    path: str | os.PathLike[str],
    *,
    rows_per_file: int = ROWS_PER_FILE,
    rows_per_group: int = ROWS_PER_GROUP,
) -> int:
    """
    Write records of a log, or events, in their order.

    Args:
        records: Records keep their numbers; events get the number after the one before, from 1.
        path: One file if it ends in ``.parquet``: one of that name is replaced only at the end. Else a
            folder that is empty or not there yet; it appears with all its files, or not at all.
        rows_per_file: Most events of a file in a folder.
        rows_per_group: Most events of a row group.

    Returns:
        How many were written.

    Raises:
        InputError: numbers that do not follow on each other, something that is no event, no path.
        StorageError: the file or folder cannot be written, or holds other things; nothing was changed.
        MissingExtraError: pyarrow is not installed.

    Cost: 3 µs an event; memory for one row group.
    """
    return write_chunks(_chunks(records), path, rows_per_file=rows_per_file, rows_per_group=rows_per_group)


def write_chunks(
    chunks: Iterable[Chunk],
    path: str | os.PathLike[str],
    *,
    rows_per_file: int = ROWS_PER_FILE,
    rows_per_group: int = ROWS_PER_GROUP,
) -> int:
    """The same for events in bulk, as stores give them (`Store.chunks`); their ids may be left out."""
    for name, rows in (("rows_per_file", rows_per_file), ("rows_per_group", rows_per_group)):
        if not isinstance(rows, int) or isinstance(rows, bool) or rows < 1:
            raise InputError(f"{name} is a number of events from 1, not {shown(rows)}")
    target = file_path(path)
    one_file = target.suffix == ".parquet"
    written = _Counted(_tables(chunks, rows_per_group, None if one_file else rows_per_file))
    if one_file:
        write_whole(target, file_bytes(written, schema(), statistics=["seq", "kind", "known"]))
        return written.rows
    with whole_folder(target) as folder:
        files = _Files(written, rows_per_file)
        while files.more or not files.number:  # no events at all are one empty file
            first = files.first
            inside = folder / f"events-{first:012}.parquet"
            write_whole(inside, file_bytes(files.next_file(), schema(), statistics=["seq", "kind", "known"]))
    return written.rows


class _Counted:
    """Tables passed through, and how many rows they had."""

    def __init__(self, tables: Iterable[Any]) -> None:
        self._tables, self.rows = iter(tables), 0

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        table = next(self._tables)
        self.rows += len(table)
        return table


class _Files:
    """Tables in a row, dealt out to files of so many rows; a table ends where a file does."""

    def __init__(self, tables: Iterator[Any], rows_per_file: int) -> None:
        self._tables, self._most = tables, rows_per_file
        self.number = 0
        self.more = next(tables, None)

    @property
    def first(self) -> int:
        """Number of the next file's first event."""
        return self.more["seq"][0].as_py() if self.more is not None else 1

    def next_file(self) -> Iterator[Any]:
        """The tables of the next file."""
        self.number += 1
        rows = 0
        while self.more is not None and rows < self._most:
            rows += len(self.more)
            yield self.more
            self.more = next(self._tables, None)


def _chunks(records: Iterable[Record | Event]) -> Iterator[Chunk]:
    after = 0
    begun = False
    for record in records:
        if isinstance(record, Record):
            event, seq, recorded_at = record.event, record.seq, record.recorded_at
            if begun and seq != after + 1:
                raise InputError(f"record {seq} does not follow on record {after}: write them all, in log order")
        elif isinstance(record, Event):
            event, seq, recorded_at = record, after + 1, None
        else:
            raise InputError(f"only records and events can be written, not {shown(record)}")
        yield Chunk(seq, recorded_at, (event.id,), (event.canonical,))  # type: ignore[arg-type]  # a time, or none
        after, begun = seq, True


class _Head(msgspec.Struct, gc=False):
    kind: str
    reported: str


def _tables(chunks: Iterable[Chunk], rows_per_group: int, rows_per_file: int | None) -> Iterator[Any]:
    """A table for each row group."""
    heads = msgspec.json.Decoder(_Head)
    days: dict[str, int] = {}
    seqs: list[int] = []
    times: list[dt.datetime | None] = []
    ids: list[bytes] = []
    bodies: list[bytes] = []
    size = in_file = 0

    def day_of(reported: str) -> int:
        latest = When.of(reported).latest
        if latest is None:
            raise InputError(reported)
        days[reported] = day = latest.toordinal() - _EPOCH
        return day

    def table() -> Any:
        pa = arrow()
        try:
            found = heads.decode_lines(b"\n".join(bodies))
            if len(found) != len(bodies):
                raise InputError("an event is not on one line")
            kinds = [head.kind for head in found]
            known = [days[head.reported] if head.reported in days else day_of(head.reported) for head in found]
        except (msgspec.DecodeError, InputError):  # by the careful way, which says what is wrong
            events = [named(body, f"event {seq}") for seq, body in zip(seqs, bodies, strict=True)]
            kinds = [event.kind for event in events]
            known = [event.reported.latest.toordinal() - _EPOCH for event in events]  # type: ignore[union-attr]
        columns = [
            pa.array(seqs, pa.int64()),
            pa.array(times, pa.timestamp("us", tz="UTC")),
            pa.array(ids, pa.binary(32)),
            pa.array(kinds, pa.string()),
            pa.array(known, pa.int32()).cast(pa.date32()),
            pa.array(bodies, pa.binary()),
        ]
        made = pa.Table.from_arrays(columns, schema=schema())
        for column in (seqs, times, ids, bodies):
            column.clear()
        return made

    after: int | None = None
    for chunk in chunks:
        if after is not None and chunk.first != after + 1:
            raise InputError(f"event {chunk.first} does not follow on event {after}")
        for place, body in enumerate(chunk.bodies):
            seqs.append(chunk.first + place)
            times.append(chunk.recorded_at)
            ids.append(bytes.fromhex(chunk.ids[place]) if chunk.ids else sha256(body).digest())
            bodies.append(body)
            size += len(body)
            in_file += 1
            if in_file == rows_per_file or len(seqs) == rows_per_group or size >= BYTES_PER_GROUP:
                yield table()
                size = 0
                in_file %= rows_per_file or in_file
        after = chunk.last
    if seqs:
        yield table()


class _Sink(io.RawIOBase):
    """A file that keeps what is written until somebody takes it."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._size = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        part = bytes(data)
        self._parts.append(part)
        self._size += len(part)
        return len(part)

    def tell(self) -> int:
        return self._size

    def taken(self) -> bytes:
        """What was written since the last time."""
        parts, self._parts = self._parts, []
        return b"".join(parts)


def file_bytes(tables: Iterable[Any], columns: Any, *, statistics: Sequence[str] | bool = True) -> Iterator[bytes]:
    """
    The bytes of a Parquet file, in pieces; a row group for each table.

    Args:
        tables: Arrow tables with these columns.
        columns: Their schema.
        statistics: The columns whose least and greatest values are written for each row group.
    """
    sink = _Sink()
    writer = arrow().parquet.ParquetWriter(
        sink,
        columns,
        compression="zstd",
        use_dictionary=[field.name for field in columns if field.name not in ("seq", "id", "body")],
        write_statistics=statistics,
        write_page_checksum=True,
        store_schema=True,
    )
    with writer:
        for table in tables:
            if len(table):
                writer.write_table(table, row_group_size=len(table))
            yield sink.taken()
    yield sink.taken()


# --- which files, in which order ---------------------------------------------------------------


class RowGroup(msgspec.Struct, frozen=True):
    """
    A row group of a file, and the events in it.

    Args:
        path: The file, as an absolute path.
        number: Which of its row groups, from 0.
        first: Number of its first event in the log.
        rows: How many there are; their numbers follow on each other.
    """

    path: str
    number: int
    first: int
    rows: int

    @property
    def last(self) -> int:
        """Number of its last event."""
        return self.first + self.rows - 1

    def at(self, row: int) -> str:
        """One row, as messages name it."""
        return f"{self}, row {row} (event {self.first + row})"

    def __str__(self) -> str:
        return f"{self.path}, row group {self.number}"


def files(source: Source) -> list[Path]:
    """
    The files that are meant, as absolute paths: of a folder those whose name ends in ``.parquet``, by name.

    Files whose name begins with a dot or an underscore are passed over. Folders inside are not looked at.

    Raises:
        InputError: no path at all.
        StorageError: no such file or folder, or a folder without such files.
    """
    several = [source] if isinstance(source, (str, os.PathLike)) or not isinstance(source, Iterable) else source
    found: list[Path] = []
    for one in several:
        path = file_path(one).absolute()
        try:
            if path.is_dir():
                inside = sorted(p for p in path.iterdir() if p.suffix == ".parquet" and p.name[0] not in "._")
                if not inside:
                    raise StorageError(f"{shown(str(path))} holds no .parquet files")
                found += inside
            elif path.exists():
                found.append(path)
            else:
                raise StorageError(f"{shown(str(path))} is not there")
        except OSError as error:
            raise StorageError(f"{shown(str(path))} cannot be read: {error.strerror}") from error
    if not found:
        raise InputError("name at least one file of events")
    return found


def row_groups(source: Source) -> list[RowGroup]:
    """
    All row groups of some files, in log order.

    Raises:
        DecodeError: a file is damaged or has other columns; events are missing between two row groups, or
            the same number comes twice.
        NewerVersionError: a later version of the library wrote a file.
        StorageError: a file cannot be read.

    Cost: reads the numbers of all events.
    """
    found: list[RowGroup] = []
    for path in files(source):
        with _opened(str(path)) as file:
            # Only by reading: what tells of a row group without that ends the whole process where the file is damaged.
            here = [group for number in range(file.num_row_groups) if (group := _numbered(file, str(path), number))]
            if sum(group.rows for group in here) != file.metadata.num_rows:
                problem = (
                    f"damaged: {sum(group.rows for group in here)} rows where there should be {file.metadata.num_rows}"
                )
                raise DecodeError(problem, source=str(path))
            found += here
    found.sort(key=lambda group: group.first)
    for one, following in pairwise(found):
        if following.first <= one.last:
            raise DecodeError(f"event {following.first} comes twice: it is in {one} too", source=following.at(0))
        if following.first > one.last + 1:
            missing = f"events {one.last + 1} to {following.first - 1} are missing: {one} ends with event {one.last}"
            raise DecodeError(missing, source=following.at(0))
    return found


def _numbered(file: Any, path: str, number: int) -> RowGroup | None:
    """A row group whose numbers follow on each other; None for one without rows."""
    pa = arrow()
    where = f"{path}, row group {number}"
    with _reading(where):
        seqs = file.read_row_group(number, columns=["seq"])["seq"].cast(pa.int64())
        if not len(seqs):
            return None
        first = seqs[0].as_py() or 0
        group = RowGroup(path, number, first, len(seqs))
        follow = pa.compute.equal(seqs, pa.array(range(first, first + len(seqs)), pa.int64()))
        fits = not seqs.null_count and pa.compute.all(follow).as_py()
    if not fits:
        _check_numbers(group, seqs.to_pylist())
    if first < 1:
        raise DecodeError(f"an event's number is {first}; they count from 1", source=group.at(0))
    return group


def _check_numbers(group: RowGroup, seqs: Sequence[int | None]) -> None:
    for row, seq in enumerate(seqs):
        if seq != group.first + row:
            problem = f"its number is {seq} and not {group.first + row}: numbers follow on each other in a row group"
            raise DecodeError(problem, source=f"{group}, row {row}")


@contextmanager
def _reading(where: str) -> Iterator[None]:
    """Say of whatever goes wrong in pyarrow where it did."""
    pa = arrow()
    try:
        yield
    except (DecodeError, StorageError):
        raise
    except (pa.ArrowException, OSError, ValueError, TypeError, KeyError, IndexError, EOFError, MemoryError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise StorageError(f"{where} cannot be read: {error.strerror or error}") from None
        lines = str(error).splitlines() or [type(error).__name__]
        raise DecodeError(f"damaged, or no Parquet: {shown(lines[0])}", source=where) from None


@contextmanager
def _opened(path: str) -> Iterator[Any]:
    """An open file with the columns that are needed."""
    with _reading(path):
        file = arrow().parquet.ParquetFile(path, page_checksum_verification=True)
    with file:
        with _reading(path):
            names, metadata = file.schema_arrow.names, (file.schema_arrow.metadata or {}).get(_METADATA)
        missing = [name for name in _NEEDED if name not in names]
        if missing:
            raise DecodeError(
                f"no file of events: it has no column {', '.join(map(repr, missing))}; needed are {', '.join(_NEEDED)}",
                source=path,
            )
        if metadata is not None:
            _check_version(metadata, path)
        for name, fits in _fitting().items():
            held = file.schema_arrow.field(name).type
            if not fits(held):
                raise DecodeError(f"column {name!r} holds {held} and not {schema().field(name).type}", source=path)
        yield file


@cache
def _fitting() -> dict[str, Callable[[Any], bool]]:
    """For each column that is needed, whether a type will do."""
    types = arrow().types

    def text(held: Any) -> bool:
        held = held.value_type if types.is_dictionary(held) else held
        return bool(types.is_string(held) or types.is_large_string(held) or types.is_string_view(held))

    def data(held: Any) -> bool:
        return bool(types.is_binary(held) or types.is_large_binary(held) or types.is_binary_view(held))

    return {
        "seq": types.is_integer,
        "id": lambda held: data(held) or held == schema().field("id").type,
        "kind": text,
        "known": types.is_date,
        "body": data,
    }


def _check_version(metadata: bytes, path: str) -> None:
    try:
        version = json.loads(metadata)["events"]
    except (ValueError, TypeError, KeyError):
        raise DecodeError("its note of the format's version cannot be read", source=path) from None
    if not isinstance(version, int) or version > FORMAT:
        raise NewerVersionError(
            f"columns of version {shown(version)} were written by a later release; this one reads up to {FORMAT}. "
            "Upgrade to read it",
            source=path,
        )


# --- reading -----------------------------------------------------------------------------------


@attrs.frozen(eq=False)
class Batch:
    """
    The events of one row group; their numbers and hashes fit.

    Attributes:
        group: Where they were read.
        ids: The SHA-256 of each body, 64 hexadecimal digits.
        bodies: Their canonical bytes.
        kinds: What the column `kind` says of each.
        known: What the column `known` says, as ordinals.
        times: When the log took each, as Arrow has it; None where no file says.
    """

    group: RowGroup
    ids: list[str]
    bodies: list[bytes]
    kinds: list[str]
    known: list[int]
    times: Any

    @property
    def first(self) -> int:
        """Number of the first event."""
        return self.group.first

    @property
    def recorded_at(self) -> list[dt.datetime | None]:
        """
        When the log took each; None where that was not kept.

        Raises:
            DecodeError: a time outside the calendar.
        """
        if self.times is None:
            return [None] * self.group.rows
        try:
            return self.times.to_pylist()  # type: ignore[no-any-return]
        except (ValueError, OverflowError):
            raise DecodeError(
                "column 'recorded_at' holds a time outside the calendar", source=str(self.group)
            ) from None

    def events(self) -> list[Event]:
        """
        The events, to be read when somebody looks at them.

        Raises:
            DecodeError: one is of an unknown kind or newer version, or no event; names file, row group and row.
        """
        try:
            found = stored(self.ids, self.bodies, self.first)
        except DecodeError:
            self.check()
            raise
        for row, (event, kind) in enumerate(zip(found, self.kinds, strict=True)):
            if event.kind != kind:
                self.refuse(row, f"its column 'kind' says {shown(kind)}; it is {event.kind!r}")
        return found

    def check(self) -> None:
        """
        Read every event.

        Raises:
            DecodeError: the first that cannot be read; names file, row group and row.
        """
        for row, body in enumerate(self.bodies):
            try:
                decode(body)
            except DecodeError as error:
                raise type(error)(error.problem, source=self.group.at(row)) from None

    def refuse(self, row: int, problem: str) -> None:
        """
        Say what is wrong with a row.

        Raises:
            DecodeError: always.
        """
        raise DecodeError(problem, source=self.group.at(row))


def read_group(group: RowGroup) -> Batch:
    """
    The events of one row group.

    Raises:
        DecodeError: it is damaged, a number is not the one that follows, or a hash is not its event's; names
            file and row group, and the row where that can be told.
        StorageError: the file cannot be read.
    """
    with _opened(group.path) as file:
        names = [name for name in (*_NEEDED, "recorded_at") if name in file.schema_arrow.names]
        seqs, ids, kinds, known, bodies, *times = (_column(file, group, name) for name in names)
    _check_numbers(group, seqs)
    hashes = [sha256(body).digest() for body in bodies]
    if hashes != ids:
        row = next(row for row, (found, said) in enumerate(zip(hashes, ids, strict=True)) if found != said)
        raise DecodeError(
            f"its bytes have the SHA-256 {hashes[row].hex()} and not {ids[row].hex()}: one of the two was changed",
            source=group.at(row),
        )
    digits = b"".join(hashes).hex()
    return Batch(
        group=group,
        ids=[digits[at : at + 64] for at in range(0, len(digits), 64)],
        bodies=bodies,
        kinds=kinds,
        known=[day + _EPOCH for day in known],
        times=times[0] if times else None,
    )


_DAYS_OF_CALENDAR = (1 - _EPOCH, dt.date.max.toordinal() - _EPOCH)


def _column(file: Any, group: RowGroup, name: str) -> Any:
    """
    A column of a row group, of the type it should have, as plain values; days as numbers from 1970.

    Times, which few look at, come as Arrow has them.
    """
    pa = arrow()
    wanted = schema().field(name).type
    try:
        with _reading(str(group)):
            column = file.read_row_group(group.number, columns=[name])[name]
            column.validate(full=True)
    except DecodeError as error:
        raise DecodeError(f"column {name!r}: {error.problem}", source=_unreadable(file, group, name)) from None
    if len(column) != group.rows:
        raise DecodeError(f"damaged: column {name!r} has {len(column)} rows and not {group.rows}", source=str(group))
    try:
        with _reading(str(group)):
            if pa.types.is_dictionary(column.type):
                column = column.cast(column.type.value_type)
            if column.type != wanted:
                column = column.cast(wanted)
            days = column.cast(pa.int32()).to_pylist() if name == "known" else []
    except DecodeError:
        raise DecodeError(f"column {name!r} holds {column.type} and not {wanted}", source=str(group)) from None
    if name == "recorded_at":
        return column
    if column.null_count:
        row = column.is_null().to_pylist().index(True)
        raise DecodeError(f"column {name!r} is empty", source=group.at(row))
    for row, day in enumerate(days):
        if not _DAYS_OF_CALENDAR[0] <= day <= _DAYS_OF_CALENDAR[1]:
            raise DecodeError("column 'known' holds a day outside the calendar", source=group.at(row))
    return days or column.to_pylist()


def _unreadable(file: Any, group: RowGroup, name: str) -> str:
    """Where a damaged column cannot be read on: the first row of the page that is damaged."""
    row = 0
    try:
        with _reading(str(group)):
            for batch in file.iter_batches(1, row_groups=[group.number], columns=[name]):
                row += batch.num_rows
    except DecodeError:
        pass
    return group.at(row) if row < group.rows else str(group)


def column(group: RowGroup, name: str) -> Any:
    """One column of a row group as Arrow has it, for those who look for something in it. Only its length is checked."""
    with _opened(group.path) as file, _reading(f"{group}, column {name!r}"):
        found = file.read_row_group(group.number, columns=[name])[name]
        if len(found) != group.rows or found.null_count:
            raise DecodeError(f"column {name!r} has other rows than it should: damaged", source=str(group))
        return found


def read(source: Source) -> Iterator[Batch]:
    """
    The events of some files, in log order, a row group at a time.

    Args:
        source: A file, a folder, or several; their numbers must follow on each other, from any first one.

    Raises:
        DecodeError: names file and row group, and the row where that can be told. Files and numbers are
            looked at before the first event is given.
        StorageError: a file cannot be read.
        MissingExtraError: pyarrow is not installed.

    Cost: some 2 µs an event; memory for one row group. Whether files are missing at the end cannot be told.
    """
    groups = row_groups(source)
    return (read_group(group) for group in groups)


def read_events(source: Source) -> Iterator[Event]:
    """
    The events of some files, in log order, for `Timeline.append`; each is read when somebody looks at it.

    Args:
        source: A file, a folder, or several, as for `read`.

    Raises:
        DecodeError: names file, row group and row; also for an unknown kind and a newer version.
        StorageError: a file cannot be read.
        MissingExtraError: pyarrow is not installed.

    >>> import tempfile
    >>> import kursk_timeline as kt
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     written = write(kt.kursk("article").events(), f"{folder}/article.parquet")
    ...     again = list(read_events(f"{folder}/article.parquet"))
    >>> again == list(kt.kursk("article").events()), written == len(again)
    (True, True)
    """
    return (event for batch in read(source) for event in batch.events())
