"""
The port between the log and the places that keep it.

A store keeps numbered events as bytes, and the hashes of the tree over them. It has no rules of its
own: what may be appended, under which number and at what time, the log decides while it holds the
store to itself.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Protocol

import attrs

CHUNK_EVENTS = 1024
"""Most events of a chunk."""

CHUNK_BYTES = 1 << 20
"""A chunk that has so many bytes takes no further event."""


@attrs.frozen
class Chunk:
    """
    Some events that stand in a row and were taken at one time.

    Args:
        first: Number of the first, from 1.
        recorded_at: When they were taken, UTC.
        ids: The SHA-256 of each body, 64 hexadecimal digits.
        bodies: The canonical bytes of each; none holds a line feed.
    """

    first: int
    recorded_at: dt.datetime
    ids: Sequence[str]
    bodies: Sequence[bytes]

    @property
    def last(self) -> int:
        """Number of the last."""
        return self.first + len(self.bodies) - 1


class Store(Protocol):
    """Keeps the events of one log; safe to use from several threads."""

    def size(self) -> int:
        """How many events there are."""

    def chunks(self, after: int = 0) -> Iterator[Chunk]:
        """
        The events with a number above `after`, in order. `after` is the end of some chunk.

        Raises:
            CorruptLogError: events are missing, or are not the bytes their ids and checksums name.
        """

    def holding(self, seq: int) -> Chunk:
        """
        Some events next to each other, the one with this number among them. There is such a one.

        Raises:
            CorruptLogError: as for `chunks`.
        """

    def nodes(self, after: int = 0) -> Iterator[tuple[int, bytes]]:
        """
        The hashes that `insert` was given, for the events above `after`: how many events, and their nodes.

        They come in the same portions as `chunks` gives the events.
        """

    def node(self, level: int, number: int) -> bytes:
        """The hash of one complete subtree."""

    def begin(self) -> None:
        """
        Keep every other writer out, until `commit` or `roll_back`.

        The three are called one after the other by one thread: the log sees to that.

        Raises:
            LockedError: another writer did not finish in time.
            ReadOnlyError: nothing may be written here.
            LostConnectionError: the connection broke.
            LogError: anything else.
        """

    def insert(self, chunk: Chunk, nodes: bytes) -> None:
        """
        Keep a chunk that follows on the last one. Only between `begin` and `commit`.

        Args:
            chunk: The events.
            nodes: The hashes of all subtrees that these events complete, as `Frontier.grow` gives them.
        """

    def commit(self) -> None:
        """
        Make what was inserted since `begin` durable, all of it.

        Raises:
            LostConnectionError: the connection broke; whether anything was kept is unknown.
            LogError: anything else; nothing was kept.
        """

    def roll_back(self) -> None:
        """Forget what was inserted and not committed, and let others in. Does nothing where there is nothing to do."""

    def check(self) -> None:
        """
        Look at everything below the events: the database's own structure, and what guards it.

        Raises:
            CorruptLogError: it is damaged, or a guard is missing.
        """

    def wait(self, size: int, seconds: float) -> None:
        """Return when there may be more than `size` events, or when the time is over."""

    def close(self) -> None:
        """Let go of the file or connection."""
