"""
The state of every account on one day, from a prebuilt table of intervals: account, day, until, value.

The table may have a row for each account and day, or one for each event; all give the same answer from both.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
from answers import Peer, Steps, spread

Answer = tuple[Any, Any]
"""The accounts that have a value, and their values."""


def polars_table(steps: Steps) -> pl.DataFrame:
    """The intervals, in the order of `steps`."""
    return pl.DataFrame({"account": steps.account, "day": steps.day, "until": steps.until, "value": steps.value})


def composite(steps: Steps) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Account and day in one sorted number; that of day 0 for each account; and each account's first row."""
    numbers = np.arange(steps.accounts, dtype=np.int64)
    return (
        (steps.account.astype(np.int64) << 32) | steps.day,
        numbers << 32,
        np.searchsorted(steps.account, numbers),
    )


def numpy_composite(steps: Steps) -> Callable[[int], Answer]:
    """One binary search for all accounts: the limit for what is found by searching."""
    keys, zero, starts = composite(steps)
    value = steps.value

    def ask(day: int) -> Answer:
        row = keys.searchsorted(zero | day, "right") - 1
        there = row >= starts
        return np.flatnonzero(there), value[row[there]]

    return ask


def pandas_filter(steps: Steps) -> Callable[[int], Answer]:
    """
    The table by day: a binary search drops what begins later, a comparison what is over, and one `take` fetches.

    Three times faster than a mask of two comparisons within pandas.
    """
    order = np.argsort(steps.day, kind="stable")
    frame = pd.DataFrame(
        {
            "account": steps.account[order],
            "day": steps.day[order],
            "until": steps.until[order],
            "value": steps.value[order],
        }
    )
    day_of, until = frame["day"], frame["until"].to_numpy()

    def ask(day: int) -> Answer:
        begun = day_of.searchsorted(day, "right")
        rows = frame.take(np.flatnonzero(until[:begun] > day))
        return rows["account"], rows["value"]

    return ask


def pandas_search(steps: Steps) -> Callable[[int], Answer]:
    """The composite search again, with an `Index` of integers made by hand: no longer a question put to a table."""
    keys, zero, starts = composite(steps)
    index, value = pd.Index(keys), pd.Series(steps.value)

    def ask(day: int) -> Answer:
        row = index.searchsorted(zero | day, "right") - 1
        there = row >= starts
        return np.flatnonzero(there), value.array.take(row[there])

    return ask


def polars_filter(steps: Steps) -> Callable[[int], Answer]:
    """
    One eager filter of the table by day.

    Faster than the lazy one, than the table by account, and than `search_sorted` of a composite key with `gather`;
    to cut off what begins later first is slower on the table by day and a little faster on the one by event.
    """
    table = polars_table(steps).sort("day", "account", maintain_order=True)

    def ask(day: int) -> Answer:
        rows = table.filter((pl.col("day") <= day) & (pl.col("until") > day))
        return rows["account"], rows["value"]

    return ask


def duckdb_prepared(steps: Steps) -> Callable[[int], Answer]:
    """A prepared statement over the table by day; by one thread, which was faster than two at so little work."""
    intervals = polars_table(steps)  # noqa: F841  # the query names it
    db = duckdb.connect()
    db.execute("SET threads = 1")
    db.execute("CREATE TABLE steps AS SELECT * FROM intervals ORDER BY day, account")
    db.execute("PREPARE ask AS SELECT account, value FROM steps WHERE day <= $1 AND until > $1")

    def ask(day: int) -> Answer:
        rows = db.execute(f"EXECUTE ask({day})").fetchnumpy()
        return rows["account"], rows["value"]

    return ask


def _sqlite_steps(steps: Steps) -> sqlite3.Connection:
    db = sqlite3.connect(":memory:")
    db.execute(
        "CREATE TABLE steps (account INTEGER, day INTEGER, place INTEGER, value INTEGER, "
        "PRIMARY KEY (account, day, place)) WITHOUT ROWID"
    )
    rows = zip(steps.account.tolist(), steps.day.tolist(), range(len(steps)), steps.value.tolist(), strict=True)
    db.executemany("INSERT INTO steps VALUES (?, ?, ?, ?)", rows)
    db.execute("CREATE TABLE accounts (account INTEGER PRIMARY KEY)")
    db.executemany("INSERT INTO accounts VALUES (?)", [(n,) for n in range(steps.accounts)])
    db.execute("ANALYZE")
    return db


_SEEK = "SELECT value FROM steps WHERE account = {} AND day <= {} ORDER BY day DESC, place DESC LIMIT 1"


def sqlite_seeks(steps: Steps) -> Callable[[int], Answer]:
    """One statement that seeks once for each account, in memory, in a table that is its own index."""
    db = _sqlite_steps(steps)
    query = f"SELECT account, ({_SEEK.format('accounts.account', '?')}) FROM accounts"

    def ask(day: int) -> Answer:
        rows = [row for row in db.execute(query, (day,)) if row[1] is not None]
        return tuple(zip(*rows, strict=True)) if rows else ((), ())

    return ask


def sqlite_statements(steps: Steps) -> Callable[[int], Answer]:
    """A statement for each account: as many seeks, and as many calls."""
    db, seek, accounts = _sqlite_steps(steps), _SEEK.format("?", "?"), range(steps.accounts)

    def ask(day: int) -> Answer:
        execute = db.execute
        found = [(account, execute(seek, (account, day)).fetchone()) for account in accounts]
        return [account for account, row in found if row], [row[0] for _, row in found if row]

    return ask


def _settled(answer: Answer, accounts: int) -> np.ndarray:
    account, value = (np.asarray(part, dtype=np.int64) for part in answer)
    return spread(account, value, accounts)


LOOKUPS = {
    "numpy: composite binary search": Peer(numpy_composite, _settled),
    "pandas: filter of the table": Peer(pandas_filter, _settled),
    "pandas: composite search in an Index": Peer(pandas_search, _settled),
    "polars: filter of the table": Peer(polars_filter, _settled),
    "duckdb: prepared statement, table sorted": Peer(duckdb_prepared, _settled),
    "sqlite3 in memory: one statement, a seek an account": Peer(sqlite_seeks, _settled),
    "sqlite3 in memory: a statement an account": Peer(sqlite_statements, _settled),
}
"""Each takes `Steps` and answers a day; plain answers are values by account."""
