"""Tables as Arrow streams, which polars, pandas, pyarrow and duckdb read without copying by hand."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal, TypeAlias

Kind: TypeAlias = Literal["string", "date", "number", "bool"]
Column: TypeAlias = tuple[str, Kind, Sequence[Any]]

_EPOCH = dt.date(1970, 1, 1).toordinal()


class Table:
    """
    Columns of equal length.

    An Arrow stream of one batch: strings, dates (date32), numbers (float64; an open bound is
    infinite) and booleans; None is null. Needs nothing installed but the reader.
    """

    def __init__(self, columns: Iterable[Column]) -> None:
        self.columns = tuple(columns)

    @property
    def names(self) -> list[str]:
        """The columns' names in order."""
        return [name for name, _, _ in self.columns]

    def __len__(self) -> int:
        return len(self.columns[0][2]) if self.columns else 0

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """The rows as plain tuples."""
        return zip(*(values for _, _, values in self.columns), strict=True)

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        import nanoarrow as na
        from nanoarrow.c_array import c_array_from_buffers
        from nanoarrow.c_array_stream import CArrayStream

        types = {"string": na.string(), "date": na.date32(), "number": na.float64(), "bool": na.bool_()}
        schema = na.c_schema(na.struct({name: types[kind] for name, kind, _ in self.columns}))
        children = [na.c_array(_plain(kind, values), types[kind]) for _, kind, values in self.columns]
        batch = c_array_from_buffers(schema, len(self), [None], children=children)
        return CArrayStream.from_c_arrays([batch], schema).__arrow_c_stream__(requested_schema)

    def __repr__(self) -> str:
        return f"<table of {len(self)} rows: {', '.join(self.names)}>"


def _plain(kind: Kind, values: Sequence[Any]) -> list[Any]:
    if kind == "date":
        return [None if value is None else value.toordinal() - _EPOCH for value in values]
    if kind == "number":
        return [None if value is None else float(value) for value in values]
    return list(values)
