"""
The state of every account on a day, by what was known on another: only claims reported by then count.

No table of intervals answers that, for each day of knowledge has another one. What peers can keep is the claims,
sorted by account, day and log order; each question is a filter, the last set of what is left, and a sum.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import duckdb
import numpy as np
import polars as pl
from answers import Peer, spread
from peer_builds import by_account_and_day

from made import PeerColumns

Answer = tuple[Any, Any]


@attrs.frozen(eq=False)
class Sorted:
    """Claims by account, day and log order."""

    account: np.ndarray
    day: np.ndarray
    sets: np.ndarray
    value: np.ndarray
    reported: np.ndarray
    starts: np.ndarray
    """Each account's first row, and the end of the last."""

    @classmethod
    def of(cls, c: PeerColumns) -> Sorted:
        places, _, _ = by_account_and_day(c)
        account = c.account[places]
        starts = np.searchsorted(account, np.arange(int(account.max()) + 2))
        return cls(account, c.day[places], ~c.adds[places], c.value[places], c.reported[places], starts)

    @property
    def accounts(self) -> int:
        return len(self.starts) - 1


def numpy_scan(c: PeerColumns) -> Callable[[int, int], Answer]:
    """
    Two comparisons over all claims; then, account by account, back to the last set that is left, and a sum.

    The loop costs less than grouping would: going back stops at the first set, and copies nothing.
    """
    rows = Sorted.of(c)
    spans = list(zip(rows.starts[:-1].tolist(), rows.starts[1:].tolist(), strict=True))

    def ask(day: int, known: int) -> Answer:
        counts = (rows.day <= day) & (rows.reported <= known)
        sets = counts & rows.sets
        found = []
        for account, (start, end) in enumerate(spans):
            back = sets[start:end][::-1]
            since = int(back.argmax()) if len(back) else 0
            begin = end - 1 - since if since or (len(back) and back[0]) else start
            left = counts[begin:end]
            if left.any():
                found.append((account, rows.value[begin:end][left].sum()))
        return tuple(zip(*found, strict=True)) if found else ((), ())

    return ask


def numpy_look_back(c: PeerColumns) -> Callable[[int, int], Answer]:
    """
    From the day back, for all accounts at once, in stretches that grow until each has met a set that counts.

    What happened after the day of knowledge cannot have been known, so that the way back starts at the earlier of the
    two days and is short where sets are frequent and reports are soon. Where they are not, it is as long as the log.
    """
    rows = Sorted.of(c)
    keys = (rows.account.astype(np.int64) << 32) | rows.day
    zero = np.arange(rows.accounts, dtype=np.int64) << 32
    starts = rows.starts[:-1]

    def ask(day: int, known: int) -> Answer:
        end = keys.searchsorted(zero | min(day, known), "right")
        value, there = np.zeros(rows.accounts, dtype=np.int64), np.zeros(rows.accounts, dtype=bool)
        todo, width = np.arange(rows.accounts), 64
        while len(todo):
            begin = np.maximum(end[todo] - width, starts[todo])
            row = begin[:, None] + np.arange(width)
            inside = row < end[todo][:, None]
            row[~inside] = 0
            counts = inside & (rows.reported[row] <= known)
            sets = counts & rows.sets[row]
            met = sets.any(axis=1)
            since = np.where(met, width - 1 - sets[:, ::-1].argmax(axis=1), 0)
            counts &= np.arange(width) >= since[:, None]
            done = met | (begin == starts[todo])
            value[todo[done]] = (rows.value[row] * counts).sum(axis=1)[done]
            there[todo[done]] = counts.any(axis=1)[done]
            todo, width = todo[~done], width * 4
        return np.flatnonzero(there), value[there]

    return ask


def _polars_frame(c: PeerColumns) -> pl.DataFrame:
    rows = Sorted.of(c)
    return pl.DataFrame(
        {
            "account": rows.account,
            "day": rows.day,
            "place": np.arange(len(c), dtype=np.int32),
            "adds": ~rows.sets,
            "value": rows.value,
            "reported": rows.reported,
        }
    )


def polars_groups(c: PeerColumns) -> Callable[[int, int], Answer]:
    """
    A filter, and one `group_by` that keeps the order and sums each group's tail from its last set on.

    Faster than a window over the accounts, and than a join with each account's last set, eager or lazy.
    """
    frame = _polars_frame(c)
    sets = ~pl.col("adds")
    tail = pl.col("value").slice((pl.len() - 1 - sets.reverse().arg_max()).cast(pl.Int64)).sum()

    def ask(day: int, known: int) -> Answer:
        rows = (
            frame.filter((pl.col("day") <= day) & (pl.col("reported") <= known))
            .group_by("account", maintain_order=True)
            .agg(pl.col("value").sum(), tail=tail, any_set=sets.any())
            .select("account", value=pl.when("any_set").then("tail").otherwise("value"))
        )
        return rows["account"], rows["value"]

    return ask


def duckdb_prepared(c: PeerColumns) -> Callable[[int, int], Answer]:
    """
    A prepared statement: a filter, each account's last set by a hash table, a join and a sum.

    The table is in the order of reports, so that whole row groups of what was not known yet are passed over; in the
    order of accounts and days it takes longer.
    """
    frame = _polars_frame(c).sort("reported", "place")  # noqa: F841  # the query names it
    db = duckdb.connect()
    db.execute("CREATE TABLE claims AS SELECT * FROM frame")
    db.execute(
        "PREPARE ask AS WITH known AS ("
        "  SELECT account, place, adds, value FROM claims WHERE day <= $1 AND reported <= $2"
        "), last_sets AS ("
        "  SELECT account, max(place) FILTER (NOT adds) AS last_set FROM known GROUP BY account"
        ") SELECT account, sum(value)::BIGINT AS value FROM known JOIN last_sets USING (account) "
        "WHERE place >= coalesce(last_set, -1) GROUP BY account"
    )

    def ask(day: int, known: int) -> Answer:
        rows = db.execute(f"EXECUTE ask({day}, {known})").fetchnumpy()
        return rows["account"], rows["value"]

    return ask


def _settled(answer: Answer, accounts: int) -> np.ndarray:
    account, value = (np.asarray(part, dtype=np.int64) for part in answer)
    return spread(account, value, accounts)


PAIRS = {
    "numpy: scan of all claims": Peer(numpy_scan, _settled),
    "numpy: looking back from the day": Peer(numpy_look_back, _settled),
    "polars: filter and groups": Peer(polars_groups, _settled),
    "duckdb: prepared statement, table sorted": Peer(duckdb_prepared, _settled),
}
"""Each takes `PeerColumns` and answers a day and a day of knowledge; plain answers are values by account."""
