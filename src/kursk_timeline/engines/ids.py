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
        wanted = [(int(id_[:16], 16), int(id_[16:32], 16)) for id_ in ids]
        self._asked += len(ids)
        if self._asked < FEW and "_order" not in self.__dict__:
            places: list[NDArray[Any]] = [np.flatnonzero(self._heads == head) for head, _ in wanted]
        else:
            heads, order = self._order
            asked = np.array([head for head, _ in wanted], "u8")
            ends = [np.searchsorted(heads, asked, side).tolist() for side in ("left", "right")]
            places = [order[a:b] for a, b in zip(*ends, strict=True)]
        rows = (place[self._rests[place] == rest] for place, (_, rest) in zip(places, wanted, strict=True))
        return [int(row[0]) if len(row) else None for row in rows]
