"""
A log's columns and its accounts' steps in one file, so that opening need only read what came since.

A snapshot is a cache, never a source. It says which log it was made of by the log's size and Merkle root,
by what it was computed (the projections' fingerprint, this package's version), and what it holds by a
hash over all of it. One of another log, of a log that was changed, of other projections or another
version, or one that is damaged, is not used, and what it would have saved is computed again.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np

from kursk_timeline.engines.columns import Columns, Growing, Ints, Spoken
from kursk_timeline.engines.kernel import Steps
from kursk_timeline.formats.whole import write_whole
from kursk_timeline.log import Log
from kursk_timeline.measures import Key
from kursk_timeline.text import file_path
from kursk_timeline.version import __version__

FORMAT = 1
"""Rises whenever what is kept, or what it means, changes."""

TABLES = ("events", "effects", "ids")
"""The tables of `Columns`."""

_WORD = 8
_MAGIC = b"kursk_timeline snapshot\0"  # three words


class _Head(msgspec.Struct, frozen=True):
    """What a snapshot was made of and holds."""

    format: int
    version: str
    projections: str
    size: int
    root: str
    arrays: list[tuple[str, str, int]]
    """Name, type and length of each, in order."""
    accounts: list[tuple[str, str]]
    claimants: list[str]
    names: list[str]
    spoken: Spoken


class Snapshot(NamedTuple):
    """What a snapshot holds: columns up to some size of the log, and the steps of all accounts."""

    columns: Columns
    steps: Steps
    sure_from: Ints


def save(path: str | os.PathLike[str], log: Log, made_by: str, kept: Snapshot) -> Path:
    """
    Write a snapshot, whole or not at all.

    Args:
        path: The file; only another snapshot is replaced.
        log: What it is made of.
        made_by: The fingerprint of the projections.
        kept: The columns have seen as many events as they have rows.

    Raises:
        StorageError: the file cannot be written, or holds something else.
    """
    columns = kept.columns
    arrays = dict(_arrays(columns, kept.steps, kept.sure_from))
    head = _Head(
        format=FORMAT,
        version=__version__,
        projections=made_by,
        size=len(columns),
        root=log.root_at(len(columns)).hex(),
        arrays=[(name, array.dtype.str, len(array)) for name, array in arrays.items()],
        accounts=[(str(key), party) for key, party in columns.accounts.things],
        claimants=columns.claimants.things,
        names=columns.names.things,
        spoken=columns.spoken,
    )
    encoded = msgspec.json.encode(head)
    parts = [len(encoded).to_bytes(8, "little"), _padded(encoded), *(_padded(a.tobytes()) for a in arrays.values())]
    digest = sha256()
    for part in parts:
        digest.update(part)
    return write_whole(path, (_MAGIC, digest.digest(), *parts), over=_MAGIC)


def _padded(data: bytes) -> bytes:
    """Filled up to whole words, so that what follows lies where numbers are read fast."""
    return data + bytes(-len(data) % _WORD)


def _arrays(columns: Columns, steps: Steps, sure_from: Ints) -> Iterator[tuple[str, Ints]]:
    for table in TABLES:
        growing: Growing = getattr(columns, table)
        for name in growing.names:
            yield f"{table}.{name}", np.ascontiguousarray(growing[name])
    for name, array in zip(Steps._fields, steps, strict=True):
        yield f"steps.{name}", np.ascontiguousarray(array)
    yield "sure_from", np.ascontiguousarray(sure_from)


def load(path: str | os.PathLike[str], log: Log, made_by: str) -> Snapshot | None:
    """
    What a snapshot of this log holds; None where there is none that can be used.

    Args:
        path: The file.
        log: The log as it is now.
        made_by: The fingerprint of the projections it is to be made by.

    Cost: reading and hashing the file.
    """
    try:
        with open(file_path(path), "rb") as file:
            content = memoryview(bytearray(os.fstat(file.fileno()).st_size))
            read = file.readinto(content)
    except OSError:
        return None
    start = len(_MAGIC) + sha256().digest_size + 8
    if read != len(content) or len(content) < start or content[: len(_MAGIC)] != _MAGIC:
        return None
    if content[len(_MAGIC) : start - 8] != sha256(content[start - 8 :]).digest():
        return None
    length = int.from_bytes(content[start - 8 : start], "little")
    try:
        head = msgspec.json.decode(content[start : start + length], type=_Head)
    except (msgspec.DecodeError, UnicodeError):  # of another format
        return None
    if (head.format, head.version, head.projections) != (FORMAT, __version__, made_by):
        return None
    if head.size > log.size() or log.root_at(head.size).hex() != head.root:
        return None
    return _restored(head, content, start + length + -length % _WORD)


def _restored(head: _Head, content: memoryview, place: int) -> Snapshot:
    arrays: dict[str, Ints] = {}
    for name, kind, length in head.arrays:
        array = arrays[name] = np.frombuffer(content, kind, length, place)
        place += array.nbytes + -array.nbytes % _WORD
    columns = Columns()
    for table in TABLES:
        growing: Growing = getattr(columns, table)
        growing.adopt(arrays[f"{table}.{name}"] for name in growing.names)
    columns.restore(
        accounts=[(Key.of(key), party) for key, party in head.accounts],
        claimants=head.claimants,
        names=head.names,
        spoken=head.spoken,
    )
    return Snapshot(columns, Steps(*(arrays[f"steps.{name}"] for name in Steps._fields)), arrays["sure_from"])
