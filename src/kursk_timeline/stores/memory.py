"""A log kept in memory, for notebooks, tests and bundled data."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterator, Sequence

from kursk_timeline.errors import ConflictError
from kursk_timeline.log.port import Entry, plan


class MemoryStore:
    """Keeps entries as long as the process lives."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []
        self._numbers: dict[str, int] = {}
        self._lock = threading.Lock()

    def size(self) -> int:
        return len(self._entries)

    def entries(self, after: int = 0) -> Iterator[Entry]:
        return iter(self._entries[after:])

    def append(
        self, batch: Sequence[tuple[str, bytes]], now: dt.datetime, expected_size: int | None
    ) -> tuple[list[int], int]:
        with self._lock:
            size = len(self._entries)
            there = {id_: self._numbers[id_] for id_, _ in batch if id_ in self._numbers}
            numbers, new = plan(batch, there, size)
            if new and expected_size is not None and expected_size != size:
                raise ConflictError(expected_size, size)
            if self._entries:
                now = max(now, self._entries[-1].recorded_at)
            self._entries += [Entry(seq, id_, now, body) for seq, id_, body in new]
            self._numbers.update((id_, seq) for seq, id_, _ in new)
            return numbers, size

    def close(self) -> None:
        pass
