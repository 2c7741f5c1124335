"""
Claims by the million, from a seed. All of them are invented: no force, figure, day or party in here is anybody's.

    python benchmarks/speed/made.py --check                              the short way to events equals the long one
    python benchmarks/speed/made.py log.db [--events 1000000]            a real log file
    python benchmarks/speed/made.py events.jsonl [--windowed 0.1]        the same claims as JSON Lines

`made` gives columns in log order. `write_events` and `sqlite_log` give the same claims as events of the package: a set
is a `ForcePresent`, an add a `ForceDeployed` or a `ForceWithdrawn`, and every account is one key by one party.
"""

from __future__ import annotations

import argparse
import datetime as dt
import io
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import attrs
import numpy as np

import kursk_timeline as kt
from kursk_timeline.events import built, codec
from kursk_timeline.log import Log
from kursk_timeline.log.merkle import Frontier, leaf_hash
from kursk_timeline.log.port import CHUNK_EVENTS, Chunk, Store
from kursk_timeline.quantity import Quantity
from kursk_timeline.stores.memory import MemoryStore
from kursk_timeline.stores.sqlite import SqliteStore

BASE = dt.date(2024, 8, 6).toordinal()
"""The first day on which anything is said to have happened."""

PARTIES = 7
PUBLISHER = "An invented paper"

MEAN_LAG = 5
"""Days from an event to its report, in the mean, for those that are not late."""
LATE = 0.03
"""Share of the claims that are first reported months afterwards, 60 to 359 days."""

PORTION = 1 << 16
"""Events that are written at a time."""


@attrs.frozen(eq=False)
class PeerColumns:
    """What peers are given: they know one value and one day for each event."""

    account: np.ndarray
    day: np.ndarray
    """The middle of the window; the day itself where it is exact."""
    order: np.ndarray
    """Place in the log, from 0."""
    adds: np.ndarray
    value: np.ndarray
    reported: np.ndarray

    def __len__(self) -> int:
        return len(self.account)


@attrs.frozen(eq=False)
class Made:
    """Invented claims as columns, in log order. Days are ordinals, amounts are base units (persons)."""

    account: np.ndarray
    first: np.ndarray
    last: np.ndarray
    adds: np.ndarray
    low: np.ndarray
    best: np.ndarray
    high: np.ndarray
    reported: np.ndarray
    accounts: int
    days: int

    def __len__(self) -> int:
        return len(self.account)

    @property
    def nbytes(self) -> int:
        """Bytes of all columns."""
        return sum(column.nbytes for column in attrs.astuple(self, recurse=False)[:8])

    def columns_for_peers(self) -> PeerColumns:
        """The best value on the middle day, with the place in the log."""
        return PeerColumns(
            account=self.account,
            day=(self.first + self.last) // 2,
            order=np.arange(len(self), dtype=np.int32),
            adds=self.adds,
            value=self.best,
            reported=self.reported,
        )


def made(
    n: int, accounts: int = 100, days: int = 1300, windowed: float = 0.0, sets: float = 0.5, seed: int = 1
) -> Made:
    """
    So many invented claims; equal arguments give equal claims.

    Args:
        n: How many.
        accounts: Over how many accounts they are spread, evenly.
        days: Length of the span in which they begin, from `BASE`.
        windowed: Share with a window that ends 1 to 60 days after it began; the others are exact to the day.
        sets: Share that set a value; the others add to it or take from it.
        seed: Of the random numbers.

    A third of the amounts are exact, the others are ranges around the best value. Sets are large beside adds, so that
    hardly an account ever falls below zero.
    """
    rng = np.random.default_rng(seed)
    account = rng.integers(0, accounts, n, dtype=np.int32)
    first = rng.integers(BASE, BASE + days, n, dtype=np.int32)
    width = rng.integers(1, 61, n, dtype=np.int32)
    width[rng.random(n, dtype=np.float32) >= windowed] = 0
    last = first + width

    lag = (rng.geometric(1 / (MEAN_LAG + 1), n) - 1).astype(np.int32)
    late = rng.random(n, dtype=np.float32) < LATE
    lag[late] = rng.integers(60, 360, int(late.sum()), dtype=np.int32)
    reported = last + lag

    adds = rng.random(n, dtype=np.float32) >= sets
    best = np.where(adds, rng.integers(1, 2_000, n), rng.integers(10_000, 100_000, n))
    # Up to a tenth each way, as `about` is read; the two sides need not be alike.
    spread = rng.random(n, dtype=np.float32) < 2 / 3
    low = best - spread * (best * rng.random(n) * 0.1).astype(np.int64)
    high = best + spread * (best * rng.random(n) * 0.1).astype(np.int64)
    taken = adds & (rng.random(n, dtype=np.float32) < 0.5)
    low[taken], best[taken], high[taken] = -high[taken], -best[taken], -low[taken]

    # A log takes a claim when it is reported. Sixteen bits are sorted by radix, and ties keep their place.
    span = int(reported.max() - BASE) if n else 0
    by_report = np.argsort((reported - BASE).astype(np.uint16 if span < 1 << 16 else np.int32), kind="stable")
    columns = (account, first, last, adds, low, best, high, reported)
    return Made(*(column[by_report] for column in columns), accounts=accounts, days=days)


# --- the same as events ------------------------------------------------------------------------


def event_of(claims: Made, place: int) -> kt.Event:
    """One claim as an event, built the long way, by the constructor."""
    account, taken = int(claims.account[place]), bool(claims.adds[place] and claims.best[place] < 0)
    amounts = [int(column[place]) for column in (claims.low, claims.best, claims.high)]
    if taken:
        amounts = [-amount for amount in reversed(amounts)]
    kind = kt.ForceWithdrawn if taken else kt.ForceDeployed if claims.adds[place] else kt.ForcePresent
    first, last, reported = (
        dt.date.fromordinal(int(column[place])) for column in (claims.first, claims.last, claims.reported)
    )
    return kind(
        force=f"force-{account:03d}",
        region="kursk",
        troops=Quantity.from_base(*amounts, "persons"),
        occurred=str(first) if first == last else f"{first}/{last}",
        reported=reported,
        claimant=f"party-{account % PARTIES}",
        # Each has a page of its own, so that no two events are the same: a log would keep only one of them.
        sources=kt.Source(PUBLISHER, locator=f"p. {place}"),
    )


def bodies(claims: Made, start: int = 0, stop: int | None = None) -> list[bytes]:
    """
    The canonical bytes of claims, by formatting alone; `--check` compares them with what the package writes.

    Cost: under a microsecond an event, where the constructor and its encoding take some twenty.
    """
    part = slice(start, len(claims) if stop is None else stop)
    account, first, last, adds = (c[part] for c in (claims.account, claims.first, claims.last, claims.adds))
    low, best, high, reported = (c[part] for c in (claims.low, claims.best, claims.high, claims.reported))
    if not len(account):
        return []
    taken = adds & (best < 0)
    # A withdrawal states what left, without a sign.
    least, figure, most = np.where(taken, -high, low), np.abs(best), np.where(taken, -low, high)

    heads = [
        f'{{"claimant":"party-{one % PARTIES}","force":"force-{one:03d}","kind":"force-'
        for one in range(claims.accounts)
    ]
    kinds = [f'{kind}","occurred":"' for kind in ("present", "deployed", "withdrawn")]
    begin = int(first.min())
    dates = [dt.date.fromordinal(day).isoformat() for day in range(begin, int(reported.max()) + 1)]
    rows = zip(
        range(part.start, part.stop),
        account.tolist(),
        (adds.astype(np.int8) + taken).tolist(),
        (first - begin).tolist(),
        (last - begin).tolist(),
        (reported - begin).tolist(),
        least.tolist(),
        figure.tolist(),
        most.tolist(),
        strict=True,
    )
    return [
        (
            f"{heads[who]}{kinds[kind]}{dates[a] if a == b else dates[a] + '/' + dates[b]}"
            f'","region":"kursk","reported":"{dates[known]}",'
            f'"sources":[{{"locator":"p. {place}","publisher":"{PUBLISHER}"}}],'
            f'"troops":{{"base":"persons","best":{middle},"high":{high},"low":{low},"unit":"persons"}},"v":1}}'
        ).encode()
        for place, who, kind, a, b, known, low, middle, high in rows
    ]


def portions(claims: Made, size: int = PORTION) -> Iterator[tuple[int, list[bytes]]]:
    """Place of the first, and canonical bytes, of some claims at a time."""
    for start in range(0, len(claims), size):
        yield start, bodies(claims, start, min(start + size, len(claims)))


def write_events(claims: Made, to: str | os.PathLike[str] | io.BufferedIOBase | Log) -> int:
    """
    Write claims as canonical JSON Lines to a file, or append them to a log; how many there were.

    A log reads each event once before it takes it, as it does for anybody's: `sqlite_log` is the fast way.
    """
    if isinstance(to, Log):
        for start, lines in portions(claims):
            to.append(built.stored([sha256(line).hexdigest() for line in lines], lines, start + 1))
    elif isinstance(to, io.BufferedIOBase):
        for _, lines in portions(claims):
            to.write(b"\n".join(lines) + b"\n")
    else:
        with open(to, "wb") as file:
            write_events(claims, file)
    return len(claims)


def sqlite_log(claims: Made, path: str | os.PathLike[str], *, through_log: bool = False) -> float:
    """
    Fill a new log file with claims; the seconds it took.

    Args:
        claims: What to write.
        path: A file that is not there yet.
        through_log: Append by `Log.append`, which reads every event and keeps it in memory. Otherwise the lines go to
            the store as the log would give them: the same file, but for the time of taking.

    Cost: 2 to 3 seconds a million events, some 10 through the log.
    """
    start = time.perf_counter()
    if through_log:
        with closing(Log(SqliteStore(path))) as log:
            write_events(claims, log)
        return time.perf_counter() - start
    with closing(SqliteStore(path)) as store:
        assert store.size() == 0, f"{path} has events already"
        # The store writes no ids: they are the hashes of the bodies, and it gives them back when it reads.
        _fill(store, claims, with_ids=False)
    return time.perf_counter() - start


def memory_log(claims: Made) -> Log:
    """A log in memory that holds the claims, filled in the same short way."""
    store = MemoryStore()
    _fill(store, claims, with_ids=True)
    return Log(store)


def _fill(store: Store, claims: Made, *, with_ids: bool) -> None:
    frontier = Frontier()
    for begin, lines in portions(claims):
        taken = dt.datetime.now(dt.timezone.utc)
        store.begin()
        for at in range(0, len(lines), CHUNK_EVENTS):
            some = lines[at : at + CHUNK_EVENTS]
            ids = [sha256(line).hexdigest() for line in some] if with_ids else ()
            store.insert(Chunk(begin + at + 1, taken, ids, some), frontier.grow([leaf_hash(line) for line in some]))
        store.commit()


# --- is the short way the long one? ------------------------------------------------------------


def check(count: int = 1_000, seed: int = 1) -> None:
    """Compare random claims, written by formatting, with the events that the package itself builds, reads and keeps."""
    claims = made(4 * count, accounts=1_200, windowed=0.4, seed=seed)
    lines = bodies(claims)
    for place in np.random.default_rng(seed).choice(len(claims), count, replace=False).tolist():
        line, event = lines[place], event_of(claims, place)
        read = codec.decode(line)
        assert read.canonical == line, (read.canonical, line)
        assert event.canonical == line, (event.canonical, line)
        assert read == event, (read, event)
        assert event.window.latest == dt.date.fromordinal(int(claims.last[place])), event
        assert event.party == f"party-{claims.account[place] % PARTIES}", event
    assert bodies(claims, 100, 200) == lines[100:200], "the part differs from the whole"
    assert len(set(lines)) == len(lines), "two events are the same"

    with tempfile.TemporaryDirectory() as folder:
        fast, slow = Path(folder, "fast.db"), Path(folder, "slow.db")
        sqlite_log(claims, fast)
        sqlite_log(claims, slow, through_log=True)
        with kt.Timeline.open(fast) as one, kt.Timeline.open(slow) as other:
            assert one.log.checkpoint().root == other.log.checkpoint().root, "the two logs differ"
            assert memory_log(claims).checkpoint().root == one.log.checkpoint().root, "the log in memory differs"
            assert one.log.verify().size == len(claims), "the log does not hold what was written"
            keys = set(map(str, one.keys()))
            wanted = {f"present/force-{account:03d}/kursk" for account in set(claims.account.tolist())}
            assert keys == wanted, "an account is not one key"
        lined = Path(folder, "events.jsonl")
        write_events(claims, lined)
        assert lined.read_bytes().splitlines() == lines, "the file differs"
    print(f"{count:,} random events are the same both ways; a log of {len(claims):,} verifies")


def main() -> None:
    """Check, or write a file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("path", nargs="?", help="ending in .jsonl for JSON Lines; anything else becomes a log")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--accounts", type=int, default=100)
    parser.add_argument("--windowed", type=float, default=0.0)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    if asked.check:
        check(seed=asked.seed)
    if asked.path is None:
        return
    start = time.perf_counter()
    claims = made(asked.events, asked.accounts, windowed=asked.windowed, seed=asked.seed)
    print(f"{len(claims):,} claims as columns: {time.perf_counter() - start:.2f} s, {claims.nbytes / 1e6:,.0f} MB")
    start = time.perf_counter()
    (write_events if asked.path.endswith(".jsonl") else sqlite_log)(claims, asked.path)
    seconds = time.perf_counter() - start
    print(
        f"{asked.path}: {seconds:.2f} s, {len(claims) / seconds:,.0f} events/s, {Path(asked.path).stat().st_size:,} B"
    )


if __name__ == "__main__":
    sys.exit(main())
