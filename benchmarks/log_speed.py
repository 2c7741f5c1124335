"""
How fast the log takes, keeps, proves and gives back events, beside its peers on the same disk.

    python benchmarks/log_speed.py [--events 100000] [--folder .]

Prints medians and ratios. Needs ``pip install eventsourcing pymerkle`` for the peers. Every peer gets the same work: as
many events, as many bytes each, as durable (``synchronous=FULL`` or more), in batches of the same size.
"""

from __future__ import annotations

import argparse
import gc
import os
import platform
import random
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import Any

import kursk_timeline as kt
import peers
from kursk_timeline.log import Log
from kursk_timeline.log.merkle import Frontier, Tree, leaf_hash
from kursk_timeline.stores.sqlite import SqliteStore

BATCH = 1_000
SINGLES = 500
RUNS = 5


def made(count: int) -> list[kt.Event]:
    """Invented events of some 330 bytes, whose bytes and ids nobody has asked for yet."""
    source = kt.Source("An invented paper", wording="invented for a benchmark")
    dates = random.Random(1)
    return [
        kt.TerritoryHeld(
            holder="ukraine",
            region=f"region-{n % 100}",
            area=f"{n + 1} km2",
            occurred=(day := f"2024-{dates.randrange(8, 13):02}-{dates.randrange(1, 29):02}"),
            reported=day,
            claimant="ukraine/syrsky",
            sources=source,
        )
        for n in range(count)
    ]


class Run:
    """Fresh folders for fresh files, and the clock."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def __call__(self, work: Callable[[Path], float], runs: int = RUNS) -> float:
        """The median of what some runs give, each in an empty folder."""
        found = []
        for _ in range(runs):
            with tempfile.TemporaryDirectory(dir=self.folder) as fresh:
                gc.collect()
                found.append(work(Path(fresh)))
        return statistics.median(found)


def timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def in_batches(take: Callable[[list[Any]], object], things: list[Any], size: int = BATCH) -> float:
    """Seconds to hand over all things, so many at a time."""
    start = time.perf_counter()
    for begin in range(0, len(things), size):
        take(things[begin : begin + size])
    return time.perf_counter() - start


# --- this library ------------------------------------------------------------------------------


def ours(path: Path, events: list[kt.Event], size: int = BATCH) -> float:
    with closing(Log(SqliteStore(path / "log.db"))) as log:
        return in_batches(log.append, events, size)


def ours_read(path: Path, events: list[kt.Event], look: bool) -> float:
    with closing(Log(SqliteStore(path / "log.db"))) as log:
        for begin in range(0, len(events), BATCH):
            log.append(events[begin : begin + BATCH])

    def read() -> None:
        with closing(Log(SqliteStore(path / "log.db"))) as log:
            found = log.records()
            assert len(found) == len(events)
            if look:
                for record in found:
                    record.event.occurred  # noqa: B018  # reads all its fields

    return timed(read)


# --- peers -------------------------------------------------------------------------------------


def bare_sqlite(
    path: Path, bodies: list[str], size: int = BATCH, *, journal: str = "DELETE", synchronous: str = "FULL"
) -> float:
    with closing(sqlite3.connect(path / "bare.db", isolation_level=None)) as db:
        db.execute(f"PRAGMA journal_mode = {journal}")
        db.execute(f"PRAGMA synchronous = {synchronous}")
        db.execute("CREATE TABLE events (seq INTEGER PRIMARY KEY, body TEXT NOT NULL)")

        def take(part: list[str]) -> None:
            db.execute("BEGIN IMMEDIATE")
            db.executemany("INSERT INTO events (body) VALUES (?)", [(body,) for body in part])
            db.execute("COMMIT")

        return in_batches(take, bodies, size)


def our_appends(leaves: list[bytes], size: int) -> float:
    frontier, tree = Frontier(), Tree()

    def take(part: list[bytes]) -> None:
        tree.add(len(part), frontier.grow([leaf_hash(leaf) for leaf in part]))

    return in_batches(take, leaves, size)


# --- the table ---------------------------------------------------------------------------------


def main() -> None:
    """Run everything and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--folder", default=".", help="on the disk to measure")
    asked = parser.parse_args()
    count, run = asked.events, Run(asked.folder)
    print(
        f"kursk_timeline {kt.__version__}, Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, "
        f"{os.cpu_count()} cores, {platform.machine()}, {time.strftime('%Y-%m-%d')}"
    )

    def row(label: str, rate: float, *peers: tuple[str, float]) -> None:
        print(f"{label:62} {rate:12,.0f}/s" + "".join(f"   {rate / other:5.2f} x {name}" for name, other in peers))

    events = made(count)
    bodies = [event.canonical for event in events]
    texts = [body.decode() for body in bodies]
    print(f"{count:,} events of {len(bodies[0])} bytes\n")

    def fresh(path: Path) -> float:
        some = made(count)  # not encoded yet
        gc.collect()
        return ours(path, some)

    print(f"durable batches of {BATCH:,}")
    bare = count / run(lambda p: bare_sqlite(p, texts))
    many = count / run(lambda p: peers.recorder(p, bodies, count, BATCH))
    few = count / run(lambda p: peers.recorder(p, bodies, 100, BATCH))
    raws = [event.to_json() for event in events]
    save = count / run(lambda p: peers.application(p, raws, BATCH)[0])
    get = count / run(lambda p: peers.application(p, raws, BATCH)[1])
    row("  bare sqlite3, one row an event, no hash", bare)
    row("  eventsourcing: SQLite recorder, an aggregate each", many)
    row("  eventsourcing: SQLite recorder, 100 aggregates", few)
    row("  eventsourcing: Application.save, events with the same fields", save)
    for event in events:
        event.id  # noqa: B018  # both are asked for once and kept
    row(
        "  Log.append, hashed, tree kept",
        count / run(lambda p: ours(p, events)),
        ("bare", bare), ("recorder, an aggregate each", many), ("recorder, 100", few), ("save", save),
    )  # fmt: skip
    row(
        "  Log.append of events to be encoded and identified first",
        count / run(fresh),
        ("recorder, 100", few),
        ("save", save),
    )

    print("\ndurable single appends")
    singles, some = events[:SINGLES], texts[:SINGLES]
    bare_full = SINGLES / run(lambda p: bare_sqlite(p, some, 1))
    # FULL does not sync the folder after the journal was deleted: a power cut just then can bring the journal back,
    # and with it the state before the append. EXTRA does, and promises what an append of ours promises.
    bare_extra = SINGLES / run(lambda p: bare_sqlite(p, some, 1, synchronous="EXTRA"))
    row("  bare sqlite3, synchronous=FULL (its default)", bare_full)
    row("  bare sqlite3, synchronous=EXTRA", bare_extra)
    row(
        "  bare sqlite3, synchronous=FULL, write-ahead log",
        SINGLES / run(lambda p: bare_sqlite(p, some, 1, journal="WAL")),
    )
    row("  Log.append", SINGLES / run(lambda p: ours(p, singles, 1)), ("FULL", bare_full), ("EXTRA", bare_extra))

    print("\nreading back")
    row("  eventsourcing: events.get, event objects", get)
    row(
        "  Log.records, event objects, ids and checksums checked",
        count / run(lambda p: ours_read(p, events, False)),
        ("get", get),
    )
    row(
        "  the same, and every field of every event read",
        count / run(lambda p: ours_read(p, events, True), 3),
        ("get", get),
    )

    print("\nthe tree")
    peer = 20_000 / run(lambda _: peers.merkle_appends(bodies[:20_000]))
    row("  pymerkle: InmemoryTree.append_entry", peer)
    row(f"  ours, {BATCH:,} at a time", count / run(lambda _: our_appends(bodies, BATCH)), ("pymerkle", peer))
    row("  ours, one at a time", count / run(lambda _: our_appends(bodies, 1)), ("pymerkle", peer))
    tree = Tree()
    tree.add(10_000, Frontier().grow([leaf_hash(body) for body in bodies[:10_000]]))
    proof = run(lambda _: timed(lambda: [tree.inclusion(n, 10_000) for n in range(0, 10_000, 5)]) / 2_000)
    print(f"{'  an inclusion proof at 10,000 leaves':62} {proof * 1e6:12.1f} µs")
    hashing = run(lambda _: timed(lambda: [sha256(body).digest() for body in bodies]) / count)
    print(f"{'  for comparison: one SHA-256 of an event':62} {hashing * 1e6:12.2f} µs")


if __name__ == "__main__":
    sys.exit(main())
