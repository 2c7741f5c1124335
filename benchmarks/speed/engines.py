"""
One history table on each engine: how long it takes, what all processes hold together, and that it is the same table.

    python benchmarks/speed/engines.py [--events 10000000] [--files 10] [--engines local sail spark]
                                       [--alone 100000000] [--write docs/engines.md]

Needs Linux, the extras ``dev``, ``spark`` and ``fast``, and for each event 150 bytes in the temporary folder and, while
they are made (which does not count), 120 of memory. Spark itself is looked for as the tests do, see CONTRIBUTING; an
engine that is not there is left out, and this ends with an error. Each engine runs once, over files that the system has
in memory already. Invented claims: see `made`.
"""

from __future__ import annotations

import argparse
import datetime as dt
import importlib.metadata
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from itertools import zip_longest
from pathlib import Path
from typing import Any

import attrs
import measure
import pytest
from measure import duration, fresh, put_into

from kursk_timeline.engines import history_table
from kursk_timeline.formats import parquet
from kursk_timeline.log.port import Chunk
from made import Made, made, portions

sys.path.append(str(Path(__file__).parents[2] / "tests"))

import spark_servers

CORES = len(os.sched_getaffinity(0))

SERVERS: Mapping[str, Callable[[], AbstractContextManager[str]]] = {
    "local": lambda: nullcontext(""),
    "sail": spark_servers.sail,
    "spark": partial(spark_servers.spark, cores=CORES),
}
"""Each gives the address of a running server, or skips as a test does; `local` has none."""

NAMES: Mapping[str, Callable[[str], str]] = {
    "local": lambda _: "`local` (one process)",
    "sail": lambda _: f"Sail {importlib.metadata.version('pysail')}, server and client",  # it names Spark's version
    "spark": lambda version: f"Spark {version}, {CORES} workers, server and client",
}
"""What each is called, by the version that its server gives."""

TAKEN = dt.datetime(2026, 1, 1, tzinfo=dt.timezone.utc)
"""When a log would have taken the events: the same arguments give the same files."""


def write(claims: Made, folder: Path, files: int) -> int:
    """Claims as events in so many Parquet files; bytes of all."""
    chunks = (Chunk(place + 1, TAKEN, (), lines) for place, lines in portions(claims))
    assert parquet.write_chunks(chunks, folder, rows_per_file=-(-len(claims) // files)) == len(claims)
    found = parquet.files(folder)
    assert len(found) == files, f"{len(claims)} events do not fall into {files} files"
    return sum(path.stat().st_size for path in found)


# --- memory of all processes together ----------------------------------------------------------

EVERY = 0.25
"""Seconds between two looks, which take some 10 ms; a peak that is shorter may be missed."""


def said_of(pid: int, file: str) -> str:
    """What the system says of a process; nothing where it has ended."""
    try:
        return Path(f"/proc/{pid}/{file}").read_text(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return ""


def below(pid: int) -> Iterator[int]:
    """The processes that one started, and those that these started."""
    children: dict[int, list[int]] = {}
    for one in map(int, filter(str.isdecimal, os.listdir("/proc"))):
        after_name = said_of(one, "stat").rpartition(")")[2].split()
        if after_name:
            children.setdefault(int(after_name[1]), []).append(one)
    found = [pid]
    for one in found:
        found += children.get(one, [])
    yield from found[1:]


def held(pid: int) -> int:
    """
    Bytes that a process holds, as its proportional set size (PSS).

    A page that workers share, since they were forked, counts once over all of them; resident sizes would count it for
    each.
    """
    lines = said_of(pid, "smaps_rollup").splitlines()
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), 0)


def most_held(done: threading.Event) -> int:
    """Most bytes that all processes below this one held at a time, until it is done; this one is not counted."""
    most = 0
    while not done.wait(EVERY):
        most = max(most, sum(map(held, below(os.getpid()))))
    return most


# --- one engine --------------------------------------------------------------------------------

_LOCAL = """
import time
from kursk_timeline.engines import local
start = time.perf_counter()
local.histories({events!r}, {out!r})
answer = [time.perf_counter() - start, ""]
"""

_CLIENT = """
import time, warnings
__file__ = "client"  # where there is none, Spark's client takes this for its own doctests
warnings.simplefilter("ignore")  # the client says which pandas it would rather have
from pyspark.sql import SparkSession
from kursk_timeline.engines import spark
session = SparkSession.builder.remote({address!r}).create()
version = session.version
start = time.perf_counter()
spark.histories(session, {events!r}, {out!r})
answer = [time.perf_counter() - start, version]
session.stop()
"""


@attrs.frozen
class Run:
    """
    What one engine did.

    Args:
        engine: Which, with its version and its processes.
        seconds: From files to finished folder; the server ran already.
        peak: Most bytes of all processes together.
        table: What it wrote.
    """

    engine: str
    seconds: float
    peak: int
    table: Any


def run(name: str, events: Path, out: Path) -> Run:
    """Run an engine in processes of its own."""
    done = threading.Event()
    with SERVERS[name]() as address, ThreadPoolExecutor(1) as pool:
        code = (_CLIENT if address else _LOCAL).format(address=address, events=str(events), out=str(out))
        peak = pool.submit(most_held, done)
        try:
            seconds, version = fresh(code).answer
        finally:
            done.set()
    return Run(NAMES[name](version), seconds, peak.result(), history_table.read(out))


def must_agree(one: Run, other: Run) -> None:
    """Their tables are equal, to the last integer."""
    if one.table.equals(other.table):
        return
    rows = zip_longest(one.table.to_pylist(), other.table.to_pylist())
    place, (ours, theirs) = next((place, pair) for place, pair in enumerate(rows) if pair[0] != pair[1])
    raise AssertionError(f"row {place} of {one.engine} is\n  {ours}\nand of {other.engine}\n  {theirs}")


# --- the page ----------------------------------------------------------------------------------


def size(figure: float) -> str:
    """Bytes, as disks and this page count them."""
    return f"{figure / 1e6:,.0f} MB" if figure < 1e9 else f"{figure / 1e9:,.1f} GB"


@attrs.define
class Page:
    """Rows of the table, which engines agree, and which were not there."""

    asked: argparse.Namespace
    folder: Path
    rows: list[str] = attrs.field(factory=list)
    agree: list[str] = attrs.field(factory=list)
    left_out: list[str] = attrs.field(factory=list)

    def measure(self, events: int, engines: Sequence[str]) -> None:
        """Make so many events, and run each engine over them."""
        source = self.folder / f"events-{events}"
        claims = made(events, self.asked.accounts, windowed=self.asked.windowed, seed=self.asked.seed)
        written = write(claims, source, self.asked.files)
        del claims
        runs: list[Run] = []
        for name in engines:
            try:
                one = run(name, source, self.folder / f"{name}-{events}")
            except pytest.skip.Exception as error:
                self.left_out.append(f"{name} ({error})")
                print(f"\nLEFT OUT: {self.left_out[-1]}\n", file=sys.stderr, flush=True)
                continue
            assert len(one.table), "a table without rows agrees with any other"
            runs.append(one)
            must_agree(one, runs[0])
            cells = (f"{events:,}", size(written), one.engine, duration(one.seconds), size(one.peak))
            self.rows.append(f"| {' | '.join(cells)} |")
            print(self.rows[-1], flush=True)
        if len(runs) > 1:
            self.agree.append(f"The {len(runs)} tables of {events:,} events are equal: {len(runs[0].table):,} rows.")

    def markdown(self, machine: str) -> str:
        """For the documentation."""
        head = "| events | files | engine | time | peak memory |\n|---|---|---|---|---|"
        claims = (
            f"Invented events of {self.asked.accounts:,} accounts over 1,300 days, {self.asked.windowed:.0%} with a "
            f"window of up to 60 days, in {self.asked.files} files."
        )
        said = "<br>\n".join([*machine.splitlines(), claims])
        agree = "\n".join(self.agree) or "Nothing was compared: no two engines ran."
        absent = [f"**Left out**: {one}." for one in self.left_out]
        return "\n\n".join([said, "\n".join([head, *self.rows]), agree, *absent])


def main() -> str | None:
    """Run every engine and print the table."""
    measure.as_usual()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that no server outlives this
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--files", type=int, default=10)
    parser.add_argument("--engines", nargs="+", choices=SERVERS, default=list(SERVERS))
    parser.add_argument("--alone", type=int, help="also so many events, on `local` alone")
    parser.add_argument("--accounts", type=int, default=100)
    parser.add_argument("--windowed", type=float, default=0.1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--write", type=Path, help="a page to put the table into")
    asked = parser.parse_args()
    if asked.write is not None and len(set(asked.engines)) < 2:
        parser.error("--write takes two engines at least: a page of one has nothing to compare")
    machine = measure.machine()
    print(f"{machine}\n", flush=True)
    with tempfile.TemporaryDirectory(prefix="kursk-engines-") as folder:
        page = Page(asked, Path(folder))
        page.measure(asked.events, asked.engines)
        if asked.alone is not None:
            page.measure(asked.alone, ["local"])
    print(f"\n{page.markdown(machine)}")
    if page.left_out:
        return f"left out: {'; '.join(page.left_out)}" + (f". {asked.write} stays as it is" if asked.write else "")
    if asked.write is not None:
        put_into(asked.write, "figures", page.markdown(machine))
    return None


if __name__ == "__main__":
    sys.exit(main())
