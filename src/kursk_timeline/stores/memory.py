"""A log kept in memory, for notebooks, tests and bundled data."""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections.abc import Iterator

from kursk_timeline.fork import renewed_after_fork
from kursk_timeline.log.merkle import node_among
from kursk_timeline.log.port import Chunk


class MemoryStore:
    """Keeps events as long as the process lives."""

    def __init__(self) -> None:
        self._kept: list[tuple[Chunk, bytes]] = []
        self._new: list[tuple[Chunk, bytes]] = []
        self._changed = threading.Condition()
        renewed_after_fork(self)

    def renew(self) -> None:
        """A new lock, in a forked child."""
        self._changed = threading.Condition()

    def size(self) -> int:
        return self._kept[-1][0].last if self._kept else 0

    def _from(self, seq: int) -> int:
        """Where the chunk of an event stands, or would stand."""
        return max(0, bisect_right(self._kept, seq, key=lambda kept: kept[0].first) - 1)

    def chunks(self, after: int = 0) -> Iterator[Chunk]:
        return (chunk for chunk, _ in self._kept[self._from(after + 1) :] if chunk.first > after)

    def holding(self, seq: int) -> Chunk:
        return self._kept[self._from(seq)][0]

    def nodes(self, after: int = 0) -> Iterator[tuple[int, bytes]]:
        return (
            (len(chunk.bodies), nodes) for chunk, nodes in self._kept[self._from(after + 1) :] if chunk.first > after
        )

    def node(self, level: int, number: int) -> bytes:
        chunk, nodes = self._kept[self._from(number + 1 << level)]
        return node_among(nodes, chunk.first - 1, chunk.last, level, number)

    def begin(self) -> None:
        self._new = []

    def insert(self, chunk: Chunk, nodes: bytes) -> None:
        self._new.append((chunk, nodes))

    def commit(self) -> None:
        with self._changed:
            self._kept += self._new  # in one go: all or nothing, whatever interrupts
            self._changed.notify_all()

    def roll_back(self) -> None:
        self._new = []

    def check(self) -> None:
        """Memory has no structure of its own to look at."""

    def wait(self, size: int, seconds: float) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self.size() > size, seconds)

    def close(self) -> None:
        """There is nothing to let go of."""
