"""
The state of every account on many days, as one table: day, account, value (nothing where nothing is claimed yet).

All get the days sorted, and make the pairs of day and account themselves, in the order that suits them.
"""

from __future__ import annotations

from collections.abc import Callable

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
from answers import NOTHING, Peer, Steps, gridded
from peer_lookups import composite


def _pairs(days: np.ndarray, accounts: int) -> dict[str, np.ndarray]:
    """Every account on every day, by day."""
    return {
        "day": np.repeat(days, accounts),
        "account": np.tile(np.arange(accounts, dtype=np.int32), len(days)),
    }


def _by_day(steps: Steps) -> dict[str, np.ndarray]:
    order = np.argsort(steps.day, kind="stable")
    return {"day": steps.day[order], "account": steps.account[order], "value": steps.value[order]}


def numpy_composite(steps: Steps) -> Callable[[np.ndarray], pa.Table]:
    """One binary search for all pairs, which come in the order of the keys, so that it walks and hardly jumps."""
    keys, zero, starts = composite(steps)

    def ask(days: np.ndarray) -> pa.Table:
        row = keys.searchsorted((zero[:, None] | days).ravel(), "right") - 1
        missing = row < np.repeat(starts, len(days))
        return pa.table(
            {
                "day": np.tile(days, steps.accounts),
                "account": np.repeat(np.arange(steps.accounts, dtype=np.int32), len(days)),
                "value": pa.array(steps.value[row], mask=missing),
            }
        )

    return ask


def pandas_merge_asof(steps: Steps) -> Callable[[np.ndarray], pd.DataFrame]:
    """`merge_asof` by account, both sides sorted by day, as it wants them."""
    right = pd.DataFrame(_by_day(steps))
    return lambda days: pd.merge_asof(pd.DataFrame(_pairs(days, steps.accounts)), right, on="day", by="account")


def polars_join_asof(steps: Steps) -> Callable[[np.ndarray], pl.DataFrame]:
    """`join_asof` by account, both sides sorted by day and known to be; sorted by account first it is slower."""
    right = pl.DataFrame(_by_day(steps)).with_columns(pl.col("day").set_sorted())

    def ask(days: np.ndarray) -> pl.DataFrame:
        left = pl.DataFrame(_pairs(days, steps.accounts)).with_columns(pl.col("day").set_sorted())
        return left.join_asof(right, on="day", by="account", check_sortedness=False)

    return ask


def duckdb_asof(steps: Steps) -> Callable[[np.ndarray], pa.Table]:
    """
    `ASOF LEFT JOIN` of the pairs, made by a cross join, to Arrow. A range join of the intervals is slower.

    Of two rows of one day it may take either: it needs a table with one row for each account and day.
    """
    assert steps.one_per_day
    rows = pl.DataFrame({"account": steps.account, "day": steps.day, "value": steps.value})  # noqa: F841  # named below
    db = duckdb.connect()
    db.execute("CREATE TABLE steps AS SELECT * FROM rows")
    db.execute(f"CREATE TABLE accounts AS SELECT range::INTEGER AS account FROM range({steps.accounts})")

    def ask(days: np.ndarray) -> pa.Table:
        asked = pl.DataFrame({"day": days})  # noqa: F841  # the query names it
        return db.sql(
            "SELECT asked.day, accounts.account, steps.value FROM asked CROSS JOIN accounts "
            "ASOF LEFT JOIN steps ON steps.account = accounts.account AND steps.day <= asked.day"
        ).to_arrow_table()

    return ask


def _settled_arrow(table: pa.Table, accounts: int) -> np.ndarray:
    value = table["value"]
    return gridded(table["day"], table["account"], value.fill_null(NOTHING), value.is_valid(), accounts)


def _settled_polars(frame: pl.DataFrame, accounts: int) -> np.ndarray:
    value = frame["value"]
    return gridded(frame["day"], frame["account"], value.fill_null(NOTHING), value.is_not_null(), accounts)


def _settled_pandas(frame: pd.DataFrame, accounts: int) -> np.ndarray:
    there = frame["value"].notna()
    return gridded(frame["day"], frame["account"], frame["value"].where(there, 0).astype("int64"), there, accounts)


DATES = {
    "numpy: composite binary search, to Arrow": Peer(numpy_composite, _settled_arrow),
    "pandas: merge_asof": Peer(pandas_merge_asof, _settled_pandas),
    "polars: join_asof": Peer(polars_join_asof, _settled_polars),
    "duckdb: ASOF JOIN, to Arrow": Peer(duckdb_asof, _settled_arrow),
}
"""Each takes `Steps` and answers sorted, distinct days; plain answers are values by day and account."""

ONE_PER_DAY_ONLY = {"duckdb: ASOF JOIN, to Arrow"}
"""Those that cannot do it from a table with a row for each event."""
