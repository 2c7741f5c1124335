"""Which of a log's events have an id: the first half of each id is kept, and put in order once it is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

FEW = 64
"""So many ids are looked for one by one before it pays to put all in order."""


class Ids:
    """
    The ids of the first so many events. It does not change.

    Half of a SHA-256 is kept, 128 bits: nobody has ever found two inputs that share it.

    Args:
        heads, rests: The two halves of that half, as whole numbers; as columns have them.
    """

    def __init__(self, heads: NDArray[np.uint64], rests: NDArray[np.uint64]) -> None:
        self._heads, self._rests = heads, rests
        self._asked = 0

    def __len__(self) -> int:
        return len(self._heads)

    @cached_property
    def _order(self) -> tuple[NDArray[np.uint64], NDArray[np.int32]]:
        """The heads in order, and their rows."""
        order = np.argsort(self._heads)
        return self._heads[order].astype("u8"), order.astype("i4")

    def rows_of(self, ids: Sequence[str]) -> list[int | None]:
        """
        The rows of events with these ids (64 hexadecimal digits); None where there is none.

        Cost: a pass over all ids for each of the first few; then one sort, and a search for each.
        """
        self._asked += len(ids)
        wanted = [(int(id_[:16], 16), int(id_[16:32], 16)) for id_ in ids]
        if self._asked < FEW and "_order" not in self.__dict__:
            return [self._one_of(np.flatnonzero(self._heads == head), rest) for head, rest in wanted]
        heads, order = self._order
        starts = np.searchsorted(heads, np.array([head for head, _ in wanted], "u8")).tolist()
        found: list[int | None] = []
        for start, (head, rest) in zip(starts, wanted, strict=True):
            end = start
            while end < len(heads) and heads[end] == head:  # hardly ever more than one
                end += 1
            found.append(self._one_of(order[start:end], rest) if end > start else None)
        return found

    def _one_of(self, rows: NDArray[Any], rest: int) -> int | None:
        return next((row for row in rows.tolist() if self._rests[row] == rest), None)
