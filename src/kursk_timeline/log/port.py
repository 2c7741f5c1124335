"""
The port between the log and the places that keep it.

A store keeps entries: bytes under an id, numbered 1, 2, 3, … without gaps. It knows nothing of
events. The Merkle tree and further databases come in here.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Protocol

import attrs


@attrs.frozen
class Entry:
    """One kept entry: its number, its id, when it was taken (UTC), and the canonical bytes."""

    seq: int
    id: str
    recorded_at: dt.datetime
    body: bytes


class Store(Protocol):
    """Keeps the entries of one log; safe to use from several threads."""

    def size(self) -> int:
        """How many entries there are."""

    def entries(self, after: int = 0) -> Iterator[Entry]:
        """The entries with a number above `after`, in order."""

    def append(
        self, batch: Sequence[tuple[str, bytes]], now: dt.datetime, expected_size: int | None
    ) -> tuple[list[int], int]:
        """
        Keep (id, body) pairs whose id is not there yet, all or none, durably.

        `now` is raised to the last entry's time where it lies before that.

        Returns:
            The number of every pair's entry, new or old, in the order given; and the size before.

        Raises:
            ConflictError: something would be added, and the size is not `expected_size`.
            LogError: nothing was added.
        """

    def close(self) -> None:
        """Let go of the file or connection."""


def plan(
    batch: Sequence[tuple[str, bytes]], there: dict[str, int], size: int
) -> tuple[list[int], list[tuple[int, str, bytes]]]:
    """
    Number a batch: the entry number of every pair, and the new entries.

    Args:
        batch: (id, body) pairs; an id may come twice.
        there: The numbers of those ids that are kept already.
        size: Entries kept already.
    """
    numbers = dict(there)
    new: list[tuple[int, str, bytes]] = []
    for id_, body in batch:
        if id_ not in numbers:
            numbers[id_] = size + len(new) + 1
            new.append((numbers[id_], id_, body))
    return [numbers[id_] for id_, _ in batch], new
