"""
What the events of a row group do, as rows that can be kept in files and dealt out.

A row is one effect of one claim that counts: its account as text, its place in the log, its window and its
amount. Rows are dealt into *buckets* by their account, so that an account is whole in one bucket, and kept
as one file of *segments*, a segment for each bucket. What reads a bucket reads one stretch of each file.
"""

from __future__ import annotations

import datetime as dt
import zlib
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import attrs
import msgspec
import numpy as np
import numpy.typing as npt

from kursk_timeline.engines.columns import Codes, Columns, Ints
from kursk_timeline.engines.reading import Reader
from kursk_timeline.errors import DecodeError, StorageError, shown
from kursk_timeline.events.base import KINDS
from kursk_timeline.events.codec import decode
from kursk_timeline.formats.parquet import Batch, arrow
from kursk_timeline.measures import Key, Measure, catalogue
from kursk_timeline.projections import Projection
from kursk_timeline.replay.standing import speaks_for


@attrs.frozen
class Question:
    """
    Which claims count, and what they do to which key.

    Args:
        known_on: Only what was known by the end of this day (ordinal); None for everything.
        paths: Only claimants on or below these; None for everybody.
        projections: What an event does to which key.
    """

    known_on: int | None
    paths: tuple[str, ...] | None
    projections: tuple[Projection, ...]

    @property
    def measures(self) -> Mapping[str, Measure]:
        """What each key's measure means."""
        return catalogue(measure for one in self.projections for measure in one.measures)


class Effects(NamedTuple):
    """
    Effects in log order, a column each.

    Accounts are codes; days ordinals; amounts base units with ±`OPEN64` for no bound. A name has its code in
    `name`, else -1. `head` and `rest` are the first half of the event's id.
    """

    account: Ints
    seq: Ints
    first: Ints
    last: Ints
    adds: npt.NDArray[np.bool_]
    low: Ints
    best: Ints
    high: Ints
    name: Ints
    head: Ints
    rest: Ints

    def at(self, rows: Ints | npt.NDArray[np.bool_] | slice) -> Effects:
        """Some of them."""
        return Effects(*(column[rows] for column in self))

    @classmethod
    def joined(cls, several: Sequence[Effects]) -> Effects:
        """One after the other."""
        if not several:
            return cls(*(np.empty(0, type_) for type_ in _TYPES))
        return cls(*(np.concatenate(columns) for columns in zip(*several, strict=True)))


_TYPES = ("i4", "i8", "i4", "i4", "?", "i8", "i8", "i8", "i4", "u8", "u8")


def account_text(key: Key, party: str) -> str:
    """An account in one word that sorts by key, then party."""
    return f"{key}\0{party}"


class Decoder:
    """
    Turns row groups into effects.

    Attributes:
        accounts: The accounts' texts, by code.
        names: The names, by code.
    """

    def __init__(self, question: Question) -> None:
        self.question = question
        self._reader = Reader(Columns(), question.projections)
        self._measures = question.measures
        self._texts: list[str] = []
        self._is_name: list[bool] = []
        self._counting: list[bool] = []
        self._codes = self._reader.columns

    @property
    def accounts(self) -> list[str]:
        """The accounts' texts, by code."""
        things = self._codes.accounts.things
        self._texts += [account_text(key, party) for key, party in things[len(self._texts) :]]
        return self._texts

    @property
    def names(self) -> Sequence[str]:
        """The names, by code."""
        return self._codes.names.things

    def effects(self, batch: Batch, gone: Sequence[int]) -> Effects:
        """
        What the claims that count do.

        Args:
            batch: The events.
            gone: The rows that are withdrawn or replaced.

        Raises:
            DecodeError: an event cannot be read, or what the other columns say of it is not so; names file,
                row group and row.
            ProjectionError: a projection returned what is no effect.
        """
        columns = self._empty_columns()
        try:
            self._reader.take(batch.first, batch.ids, batch.bodies)
        except DecodeError:
            batch.check()
            raise
        self._check(batch, columns)
        standing = columns.events["claims"].copy()
        if self.question.known_on is not None:
            standing &= columns.events["known"] <= self.question.known_on
        standing[list(gone)] = False
        if self.question.paths is not None:
            standing &= np.array(self._heard, "?")[columns.events["claimant"]]

        event = columns.effects["event"]
        kept = np.flatnonzero(standing[event])
        event = event[kept]
        account, adds, *amounts = (columns.effects[name][kept] for name in ("account", "adds", "low", "best", "high"))
        is_name = self._names_among(account)
        heads, rests = (columns.ids[name][event].astype("u8") for name in ("head", "rest"))
        return Effects(
            account,
            event.astype("i8") + batch.first,
            columns.events["first"][event],
            columns.events["last"][event],
            adds,
            np.where(is_name, 0, amounts[0]),
            np.where(is_name, 0, amounts[1]),
            np.where(is_name, 0, amounts[2]),
            np.where(is_name, amounts[1], -1).astype("i4"),
            heads,
            rests,
        )

    def _empty_columns(self) -> Columns:
        """Columns that know the codes given so far, and no rows."""
        columns, before = Columns(), self._codes
        columns.accounts, columns.claimants, columns.names = before.accounts, before.claimants, before.names
        self._reader.columns = self._codes = columns
        return columns

    @property
    def _heard(self) -> list[bool]:
        claimants = self._codes.claimants.things
        paths = self.question.paths or ()
        self._counting += [speaks_for(one, paths) for one in claimants[len(self._counting) :]]
        return self._counting

    def _names_among(self, account: Ints) -> npt.NDArray[np.bool_]:
        things = self._codes.accounts.things
        self._is_name += [self._measures[key.measure].is_name for key, _ in things[len(self._is_name) :]]
        found: npt.NDArray[np.bool_] = np.array(self._is_name, "?")[account] if len(account) else account.astype("?")
        return found

    @staticmethod
    def _check(batch: Batch, columns: Columns) -> None:
        """What withdraws others was found by its kind, and the day by which it was known by its column."""
        wrong = np.flatnonzero(columns.events["known"] != np.array(batch.known, "i8"))
        if len(wrong):
            row = int(wrong[0])
            said, found = (dt.date.fromordinal(int(day)) for day in (batch.known[row], columns.events["known"][row]))
            batch.refuse(row, f"its column 'known' says {said}; the event says {found}")
        for row in np.flatnonzero(~columns.events["claims"]).tolist():
            kind = decode(batch.bodies[row]).kind
            if kind != batch.kinds[row]:
                batch.refuse(row, f"its column 'kind' says {shown(batch.kinds[row])}; it is {kind!r}")
        no_claims = np.array([kind in _NO_CLAIMS for kind in batch.kinds], "?") & columns.events["claims"]
        if no_claims.any():
            row = int(np.argmax(no_claims))
            batch.refuse(row, f"its column 'kind' says {shown(batch.kinds[row])}; it is a claim")


WITHDRAW = ("retracted", "superseded")
"""The kinds that take another event out of the replay."""

_NO_CLAIMS = frozenset(kind for kind, cls in KINDS.items() if not cls.is_claim)


# --- in files ----------------------------------------------------------------------------------


class Segment(msgspec.Struct, frozen=True):
    """A stretch of a file with some rows of one bucket."""

    path: str
    start: int
    size: int
    rows: int


def bucket_of(account: str, buckets: int) -> int:
    """Where an account's rows go; the same in every process."""
    return zlib.crc32(account.encode()) % buckets


def write_segments(
    path: Path, effects: Effects, accounts: Sequence[str], names: Sequence[str], buckets: int
) -> list[Segment]:
    """
    Keep effects in a file, by bucket; within one in the order given.

    Returns:
        A segment for each bucket.

    Raises:
        StorageError: the file cannot be written.
    """
    bucket = np.array([bucket_of(account, buckets) for account in accounts], "i4")[effects.account]
    order = np.argsort(bucket, kind="stable")
    borders = np.searchsorted(bucket[order], np.arange(buckets + 1)).tolist()
    effects = effects.at(order)
    found: list[Segment] = []
    at = 0

    def pieces() -> Iterator[bytes]:
        nonlocal at
        for start, end in pairwise(borders):
            piece = _to_ipc(effects.at(slice(start, end)), accounts, names) if end > start else b""
            found.append(Segment(str(path), at, len(piece), end - start))
            at += len(piece)
            yield piece

    try:  # not on disk for good, as what is read later would have to be
        with path.open("wb") as file:
            file.writelines(pieces())
    except OSError as error:
        raise StorageError(f"{shown(str(path))} cannot be written: {error.strerror}") from None
    return found


def _to_ipc(effects: Effects, accounts: Sequence[str], names: Sequence[str]) -> bytes:
    pa = arrow()
    columns = []
    for field, column in zip(effects._fields, effects, strict=True):
        if field in ("account", "name"):
            texts = accounts if field == "account" else names
            codes, places = np.unique(column, return_inverse=True)
            indices = pa.array(places.astype("i4"), mask=column < 0)
            words = pa.array([texts[code] if code >= 0 else "" for code in codes.tolist()], pa.string())
            columns.append(pa.DictionaryArray.from_arrays(indices, words))
        else:
            columns.append(pa.array(column))
    batch = pa.RecordBatch.from_arrays(columns, names=list(effects._fields))
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema, options=pa.ipc.IpcWriteOptions(compression="lz4")) as stream:
        stream.write_batch(batch)
    return sink.getvalue().to_pybytes()  # type: ignore[no-any-return]


class Bucket:
    """
    Rows of one bucket, segment by segment; codes hold for all of them.

    Args:
        segments: In log order.
    """

    def __init__(self, segments: Sequence[Segment]) -> None:
        self._segments = segments
        self.accounts = Codes()
        self.names = Codes()

    def __iter__(self) -> Iterator[Effects]:
        """
        The rows of each segment.

        Raises:
            StorageError: a file is not as it was written.
        """
        pa = arrow()
        for segment in self._segments:
            if not segment.rows:
                continue
            try:
                with open(segment.path, "rb") as file:
                    file.seek(segment.start)
                    data = file.read(segment.size)
                (batch,) = pa.ipc.open_stream(data)
            except (OSError, ValueError, pa.ArrowException) as error:
                raise StorageError(f"{segment.path}, written a moment ago, cannot be read: {error}") from None
            columns = [self._plain(name, column) for name, column in zip(batch.schema.names, batch, strict=True)]
            yield Effects(*columns)

    def _plain(self, name: str, column: Any) -> Ints:
        if name not in ("account", "name"):
            return column.to_numpy(zero_copy_only=False)  # type: ignore[no-any-return]
        codes = self.accounts if name == "account" else self.names
        table: Ints = np.array([codes[word] for word in column.dictionary.to_pylist()] or [0], "i4")
        places = column.indices.fill_null(0).to_numpy(zero_copy_only=False)
        found: Ints = table[places]
        if column.null_count:
            found[column.is_null().to_numpy(zero_copy_only=False)] = -1
        return found


class Rows:
    """
    Some accounts' effects, all in memory.

    Args:
        effects: In any order of segments; within one in log order.
        accounts, names: What the codes stand for.

    Attributes:
        effects: In log order; accounts are numbered in the order of their texts, those without effects left out.
        texts: The accounts' texts.
    """

    def __init__(self, effects: Effects, accounts: Sequence[str], names: Sequence[str]) -> None:
        order = sorted(np.unique(effects.account).tolist(), key=accounts.__getitem__)
        rank = np.zeros(len(accounts), "i4")
        rank[order] = np.arange(len(order), dtype="i4")
        effects = effects._replace(account=rank[effects.account] if order else effects.account)
        if (effects.seq[1:] < effects.seq[:-1]).any():
            effects = effects.at(np.argsort(effects.seq, kind="stable"))
        self.effects, self.names = effects, names
        self.texts = [accounts[code] for code in order]

    @cached_property
    def accounts(self) -> list[tuple[Key, str]]:
        """Key and party by code."""
        found = []
        for text in self.texts:
            key, _, party = text.rpartition("\0")
            found.append((Key.of(key), party))
        return found

    def twice(self) -> tuple[int, int] | None:
        """Numbers of two events with one id, if there are such."""
        order = np.lexsort((self.effects.rest, self.effects.head))
        head, rest, seq = (column[order] for column in (self.effects.head, self.effects.rest, self.effects.seq))
        same = (head[1:] == head[:-1]) & (rest[1:] == rest[:-1]) & (seq[1:] != seq[:-1])
        if not same.any():
            return None
        place = int(np.flatnonzero(same)[0])
        one, other = sorted((int(seq[place]), int(seq[place + 1])))
        return one, other
