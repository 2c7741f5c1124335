"""
From claims in log order to the value of every account after every day: the index that all look-ups need.

A running total c and, at each row where the past becomes irrelevant (a set, or the first row of an account), the
offset v - c: carried forward, c + offset is the value after each row. All whose tools can carry forward use that.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
from answers import Peer, Steps

from made import PeerColumns

# --- numpy: how fast it can be at all ----------------------------------------------------------


def _changes(column: np.ndarray) -> np.ndarray:
    """True where a value differs from the one before, and at the start."""
    found = np.ones(len(column), dtype=bool)
    np.not_equal(column[1:], column[:-1], out=found[1:])
    return found


def by_account_and_day(c: PeerColumns) -> tuple[np.ndarray, np.ndarray, int]:
    """
    Places of the claims by account, day and log order; account and day of each in one number; the bits of the day.

    All three go into one integer where 63 bits hold them, as they do up to far beyond 10**8 events: numpy sorts plain
    integers several times faster than it finds the order of two columns, or of one.
    """
    start = int(c.day.min())
    day_bits, order_bits = int(c.day.max() - start).bit_length(), len(c).bit_length()
    cell = (c.account.astype(np.int64) << day_bits) | (c.day - start)
    if int(cell.max()).bit_length() + order_bits > 63:
        places = np.argsort(cell, kind="stable")
        return places, cell[places], day_bits
    cell <<= order_bits
    cell |= c.order
    cell.sort()
    places = cell & ((1 << order_bits) - 1)
    cell >>= order_bits
    return places, cell, day_bits


def numpy_sorted(c: PeerColumns, *, one_per_day: bool = True) -> Steps:
    """One sort, one running total, one repeat: the lower limit for all that sort."""
    places, cell, day_bits = by_account_and_day(c)
    account = (cell >> day_bits).astype(np.int32)
    value, resets = c.value[places], ~c.adds[places]
    resets |= _changes(account)
    total = np.cumsum(value)
    begins = np.flatnonzero(resets)
    offset = value[begins] - total[begins]
    kept = np.arange(len(c))
    if one_per_day:
        kept = np.flatnonzero(np.append(cell[1:] != cell[:-1], True))
    state = total[kept] + offset[np.cumsum(resets, dtype=np.int32)[kept] - 1]
    day = ((cell[kept] & ((1 << day_bits) - 1)) + c.day.min()).astype(np.int32)
    return Steps(account[kept], day, state, one_per_day)


def numpy_grid(c: PeerColumns) -> Steps:
    """
    No sort: a cell for each account and day, filled in log order; then sums along the days.

    The quickest where claims are many to a day, as here; slow where cells are as many as claims.
    """
    start, accounts = int(c.day.min()), int(c.account.max()) + 1
    days = int(c.day.max()) - start + 1
    cell = c.account * np.int32(days) + (c.day - np.int32(start))
    sets = np.flatnonzero(~c.adds)
    last_set = np.full(accounts * days, -1, dtype=np.int32)
    last_set[cell[sets]] = sets  # of several in one cell the last stays
    counts = np.flatnonzero(c.order >= last_set[cell])
    there = np.zeros(accounts * days, dtype=bool)
    there[cell[counts]] = True
    # Sums of floats are exact up to 2**53, and these are far below.
    day_sum = np.bincount(cell[counts], weights=c.value[counts], minlength=accounts * days).astype(np.int64)
    total = day_sum.reshape(accounts, days).cumsum(axis=1).ravel()
    resets = last_set >= 0
    resets[::days] = True
    begins = np.flatnonzero(resets)
    offset = day_sum[begins] - total[begins]
    kept = np.flatnonzero(there)
    state = total[kept] + offset[np.cumsum(resets, dtype=np.int32)[kept] - 1]
    return Steps((kept // days).astype(np.int32), (kept % days + start).astype(np.int32), state)


def _numpy(work: Callable[[PeerColumns], Steps]) -> Peer:
    return Peer(prepare=lambda columns: lambda: work(columns), settle=lambda steps: steps)


# --- pandas ------------------------------------------------------------------------------------


def _pandas_frame(c: PeerColumns) -> pd.DataFrame:
    return pd.DataFrame({"account": c.account, "day": c.day, "adds": c.adds, "value": c.value})


def pandas_cumulative(c: PeerColumns) -> Callable[[], pd.DataFrame]:
    """
    Sort by one key of account and day (stable, so log order stays), then `cumsum` and a forward fill.

    `sort_values` by the two columns takes a little longer, and so did that with a `groupby().cumsum()` over the runs
    between two sets, which reads nicer. The fill goes through floats, which are exact up to 2**53.
    """
    frame = _pandas_frame(c)

    def work() -> pd.DataFrame:
        start = frame["day"].min()
        key = frame["account"].astype("int64") * (frame["day"].max() - start + 1) + (frame["day"] - start)
        rows = frame.take(np.argsort(key.to_numpy(), kind="stable"))
        is_first = rows["account"].ne(rows["account"].shift())
        total = rows["value"].cumsum()
        offset = (rows["value"] - total).where(~rows["adds"] | is_first).ffill()
        is_last = is_first.shift(-1, fill_value=True) | rows["day"].ne(rows["day"].shift(-1))
        state = (total + offset)[is_last].astype("int64")
        return pd.DataFrame({"account": rows["account"][is_last], "day": rows["day"][is_last], "state": state})

    return work


# --- polars ------------------------------------------------------------------------------------


def _polars_frame(c: PeerColumns) -> pl.DataFrame:
    return pl.DataFrame({"account": c.account, "day": c.day, "order": c.order, "adds": c.adds, "value": c.value})


def _changed(name: str, to: int) -> pl.Expr:
    """True where a column differs from its neighbour, and at the end of it."""
    return pl.col(name).ne_missing(pl.col(name).shift(to))


def _carried(frame: Any, resets: pl.Expr) -> Any:
    """The value after each row of sorted rows, as `state`."""
    return (
        frame.with_columns(total=pl.col("value").cum_sum(), resets=resets)
        .with_columns(offset=pl.when("resets").then(pl.col("value") - pl.col("total")).forward_fill())
        .with_columns(state=pl.col("total") + pl.col("offset"))
    )


def _polars_cumulative(frame: Any) -> Any:
    rows = _carried(frame, ~pl.col("adds") | _changed("account", 1))
    return rows.filter(_changed("account", -1) | _changed("day", -1)).select("account", "day", "state")


def polars_cumulative(c: PeerColumns) -> Callable[[], pl.DataFrame]:
    """
    A stable sort, then cumulative expressions over the whole column, eager.

    The same lazily, and with `.over("account")`, is slower: all groups' sums at once need no groups.
    """
    frame = _polars_frame(c)
    return lambda: _polars_cumulative(frame.sort("account", "day", maintain_order=True))


def polars_cumulative_one_key(c: PeerColumns) -> Callable[[], pl.DataFrame]:
    """The same, sorted by one integer of account, day and place, as `numpy_sorted` does: the quickest of its sorts."""
    frame, day_bits, order_bits = _polars_frame(c), int(c.day.max()).bit_length(), len(c).bit_length()
    day, order = 1 << order_bits, 1
    account = day << day_bits
    key = (
        pl.col("account").cast(pl.Int64) * account
        + pl.col("day").cast(pl.Int64) * day
        + pl.col("order").cast(pl.Int64) * order
    )
    return lambda: _polars_cumulative(frame.with_columns(key=key).sort("key"))


def polars_by_day(c: PeerColumns) -> Callable[[], pl.DataFrame]:
    """
    First one row for each account and day, then cumulative expressions over those, lazy.

    What lies before a day's last set is dropped by a window, the rest of the day is summed in groups, and only the
    groups are sorted. With a join in place of the window, and eager, it is slower.
    """
    frame = _polars_frame(c)

    def work() -> pl.DataFrame:
        last_set = pl.when(~pl.col("adds")).then("order").max().over("account", "day")
        days = (
            frame.lazy()
            .with_columns(last_set=last_set)
            .filter((pl.col("order") >= pl.col("last_set")).fill_null(True))
            .group_by("account", "day")
            .agg(pl.col("value").sum(), sets=pl.col("last_set").first().is_not_null())
            .sort("account", "day")
        )
        return _carried(days, pl.col("sets") | _changed("account", 1)).select("account", "day", "state").collect()

    return work


# --- duckdb ------------------------------------------------------------------------------------

_RUNNING_WINDOWS = """
WITH counted AS (
    SELECT *, count(*) FILTER (NOT adds) OVER (PARTITION BY account ORDER BY day, place) AS run FROM claims
), summed AS (
    SELECT account, day, place, sum(value) OVER (PARTITION BY account, run ORDER BY day, place) AS state FROM counted
)
SELECT account, day, arg_max(state, place)::BIGINT AS state FROM summed GROUP BY ALL ORDER BY account, day"""

_CARRYING_WINDOWS = """
WITH totals AS (
    SELECT *, sum(value) OVER w AS total FROM claims
    WINDOW w AS (PARTITION BY account ORDER BY day, place ROWS UNBOUNDED PRECEDING)
), carried AS (
    SELECT account, day, total,
        last_value(CASE WHEN NOT adds THEN value - total END IGNORE NULLS) OVER w AS off,
        lead(day) OVER w AS next_day
    FROM totals WINDOW w AS (PARTITION BY account ORDER BY day, place ROWS UNBOUNDED PRECEDING)
)
SELECT account, day, (total + coalesce(off, 0))::BIGINT AS state FROM carried
WHERE next_day IS DISTINCT FROM day ORDER BY account, day"""

_BY_DAY = """
WITH last_sets AS (
    SELECT account, day, max(place) FILTER (NOT adds) AS last_set FROM claims GROUP BY ALL
), days AS (
    SELECT account, day, sum(value)::BIGINT AS value, any_value(last_set) IS NOT NULL AS sets
    FROM claims JOIN last_sets USING (account, day)
    WHERE place >= coalesce(last_set, -1) GROUP BY ALL
), totals AS (
    SELECT *, sum(value) OVER w AS total FROM days WINDOW w AS (PARTITION BY account ORDER BY day)
), carried AS (
    SELECT account, day, total, last_value(CASE WHEN sets THEN value - total END IGNORE NULLS) OVER w AS off
    FROM totals WINDOW w AS (PARTITION BY account ORDER BY day)
)
SELECT account, day, (total + coalesce(off, 0))::BIGINT AS state FROM carried ORDER BY account, day"""


def _duckdb(query: str) -> Callable[[PeerColumns], Callable[[], dict[str, np.ndarray]]]:
    def prepare(c: PeerColumns) -> Callable[[], dict[str, np.ndarray]]:
        frame = _polars_frame(c).rename({"order": "place"})  # noqa: F841  # the query names it
        db = duckdb.connect()
        db.execute("CREATE TABLE claims AS SELECT * FROM frame")
        return lambda: db.execute(query).fetchnumpy()

    return prepare


duckdb_running_windows = _duckdb(_RUNNING_WINDOWS)
"""Windows as one writes them first: a run for each set, a sum within the run, the last row of a day."""

duckdb_carrying_windows = _duckdb(_CARRYING_WINDOWS)
"""Windows of one partition alone: fewer sorts, so the quickest way by windows over all claims."""

duckdb_by_day = _duckdb(_BY_DAY)
"""First one row for each account and day by hash tables, which it is best at; windows only over those."""


# --- all ---------------------------------------------------------------------------------------


def _settled(rows: Any) -> Steps:
    return Steps(*(np.asarray(rows[name]) for name in ("account", "day", "state")))


BUILDS = {
    "numpy: one sort and a scan (the limit by sorting)": _numpy(numpy_sorted),
    "numpy: a cell for each account and day (no sort)": _numpy(numpy_grid),
    "pandas: sort, cumsum, ffill": Peer(pandas_cumulative, _settled),
    "polars: sort, cumulative expressions": Peer(polars_cumulative, _settled),
    "polars: the same, sorted by one integer": Peer(polars_cumulative_one_key, _settled),
    "polars: by day first, then cumulative": Peer(polars_by_day, _settled),
    "duckdb: windows, a run for each set": Peer(duckdb_running_windows, _settled),
    "duckdb: windows, one partition": Peer(duckdb_carrying_windows, _settled),
    "duckdb: by day first, then windows": Peer(duckdb_by_day, _settled),
}
"""Each takes `PeerColumns` and gives `Steps`, a row for each account and day."""

AT_MOST = {"duckdb: windows, a run for each set": 2_000_000}
"""
Events beyond which somebody is left out: with a million runs and more its windows take time that grows faster than
they do, 7 seconds at 2 million events and 20 at 4 million.
"""
