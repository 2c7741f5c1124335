"""Tables whose columns are arrays already, and go to Arrow as they are."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from fractions import Fraction
from functools import cached_property
from typing import Any

import attrs
import numpy as np

from kursk_timeline.engines.columns import OPEN64, Flags, Ints
from kursk_timeline.formats.arrow import Column, Kind, Table
from kursk_timeline.quantity import Quantity
from kursk_timeline.units import unit as find_unit

_EPOCH = dt.date(1970, 1, 1).toordinal()


_EXACT = 1 << 53
"""Whole numbers up to here are floats without loss."""


def in_unit(low: Ints, best: Ints, high: Ints, unit: str) -> tuple[Ints, Ints, Ints]:
    """Amounts in base units as floats in a unit; an open bound is infinite."""
    found = find_unit(unit)
    if not found.writes_all:  # each amount has its own shortest decimal number, which depends on the others
        of_each = [quantity_of(*amounts, unit) for amounts in zip(low.flat, best.flat, high.flat, strict=True)]
        columns = ([getattr(one, name) for one in of_each] for name in ("low", "best", "high"))
        plain = [np.array(column, "f8").reshape(low.shape) for column in columns]
        return plain[0], plain[1], plain[2]
    return _floats(low, found.factor), _floats(best, found.factor), _floats(high, found.factor)


def quantity_of(low: int, best: int, high: int, unit: str) -> Quantity:
    """Three 64-bit amounts as a quantity."""
    return Quantity.from_base(
        None if low <= -OPEN64 else int(low), int(best), None if high >= OPEN64 else int(high), unit
    )


def _floats(amount: Ints, factor: Fraction) -> Ints:
    plain = amount.astype("f8")
    plain /= float(factor)
    if amount.size and max(int(amount.max()), -int(amount.min())) > _EXACT:
        plain[amount >= OPEN64] = np.inf
        plain[amount <= -OPEN64] = -np.inf
        # What a float cannot hold is divided exactly first, as it is where one amount is asked for.
        for place in np.argwhere((np.abs(amount) > _EXACT) & np.isfinite(plain)).tolist():
            plain[tuple(place)] = float(int(amount[tuple(place)]) / factor)
    return plain


def runs(there: Flags) -> list[tuple[Ints, int]]:
    """Which columns are there in each row, rows next to each other with the same ones together."""
    if not len(there):
        return []
    starts = np.flatnonzero(np.append(True, (there[1:] != there[:-1]).any(axis=1)))
    lengths = np.diff(np.append(starts, len(there)))
    return [
        (np.flatnonzero(there[start]), times) for start, times in zip(starts.tolist(), lengths.tolist(), strict=True)
    ]


@attrs.frozen(eq=False)
class Words:
    """
    A column of texts that come again and again: what there is, and which one each row has.

    Args:
        texts: The texts; None is null.
        blocks: Runs of rows that repeat: which texts, and how often the whole run comes.
    """

    texts: Sequence[str | None]
    blocks: Sequence[tuple[Ints, int]]

    def tolist(self) -> list[str | None]:
        """The texts row by row."""
        return [text for codes, times in self.blocks for text in [self.texts[c] for c in codes.tolist()] * times]

    def buffers(self) -> tuple[bytes | None, Ints, bytes]:
        """Validity, offsets and data of an Arrow string column."""
        encoded = [b"" if text is None else text.encode() for text in self.texts]
        lengths = np.array([len(one) for one in encoded], "i4")
        present = np.array([text is not None for text in self.texts], "?")
        data = b"".join(b"".join(map(encoded.__getitem__, codes.tolist())) * times for codes, times in self.blocks)
        offsets = np.zeros(1 + sum(len(codes) * times for codes, times in self.blocks), "i4")
        place = end = 0
        for codes, times in self.blocks:
            ends = np.cumsum(lengths[codes], dtype="i4")
            size = int(ends[-1]) if len(ends) else 0
            starts = np.arange(end, end + size * times, size, dtype="i4") if size else np.full(times, end, "i4")
            rows = offsets[place + 1 : place + 1 + len(codes) * times].reshape(times, len(codes))
            np.add(starts[:, None], ends, out=rows)
            place, end = place + len(codes) * times, end + size * times
        if present.all() or not self.blocks:
            return None, offsets, data
        return _bits(np.concatenate([np.tile(present[codes], times) for codes, times in self.blocks])), offsets, data


class ArrayTable(Table):
    """
    Columns of equal length, as arrays.

    Args:
        arrays: Name, kind, values and which of them are there (None for all). Dates are ordinals, numbers
            float64, texts `Words`.
        length: Number of rows.
    """

    def __init__(self, arrays: Sequence[tuple[str, Kind, Any, Flags | None]], length: int) -> None:
        self._arrays, self._length = arrays, length

    @cached_property
    def columns(self) -> tuple[Column, ...]:  # type: ignore[override]  # made when somebody reads rows
        return tuple((name, kind, _listed(kind, values, there)) for name, kind, values, there in self._arrays)

    @property
    def names(self) -> list[str]:
        return [name for name, *_ in self._arrays]

    def __len__(self) -> int:
        return self._length

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        import nanoarrow as na
        from nanoarrow.c_array import c_array_from_buffers
        from nanoarrow.c_array_stream import CArrayStream

        types = {"string": na.string(), "date": na.date32(), "number": na.float64(), "bool": na.bool_()}
        schema = na.c_schema(na.struct({name: types[kind] for name, kind, *_ in self._arrays}))
        children = [
            c_array_from_buffers(na.c_schema(types[kind]), self._length, _buffers(kind, values, there))
            for _, kind, values, there in self._arrays
        ]
        batch = c_array_from_buffers(schema, self._length, [None], children=children)
        return CArrayStream.from_c_arrays([batch], schema).__arrow_c_stream__(requested_schema)


def _bits(flags: Flags) -> bytes:
    return np.packbits(flags, bitorder="little").tobytes()


def _buffers(kind: Kind, values: Any, there: Flags | None) -> list[Any]:
    if isinstance(values, Words):
        return list(values.buffers())
    validity = None if there is None or there.all() else _bits(there)
    if kind == "bool":
        return [validity, _bits(values)]
    if kind == "date":
        return [validity, np.ascontiguousarray(values - _EPOCH, "i4")]
    return [validity, np.ascontiguousarray(values, "f8")]


def _listed(kind: Kind, values: Any, there: Flags | None) -> list[Any]:
    found = values.tolist()
    if kind == "date":
        found = [dt.date.fromordinal(day) for day in found]
    if kind == "number":
        found = [int(number) if number.is_integer() else number for number in found]
    return (
        found if there is None else [value if is_ else None for value, is_ in zip(found, there.tolist(), strict=True)]
    )
