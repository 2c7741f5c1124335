"""What the reliability runs have in common: invented events, logs to put them in, children to kill, a line to print."""

from __future__ import annotations

import argparse
import datetime as dt
import os
import pickle
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn, Protocol

sys.path.append(str(Path(__file__).parents[2] / "tests"))

import kursk_timeline as kt
from kursk_timeline.log import Log
from kursk_timeline.log.port import Store
from kursk_timeline.stores.sqlite import SqliteStore
from made import held

STORES = ("sqlite", "postgres")

Row = tuple[int, dt.datetime, str, bytes]
"""All there is of a record: number, time, id and bytes."""


def events(count: int, tag: str) -> list[kt.Event]:
    """Invented events; another tag gives others."""
    return [held(f"2024-08-{6 + n % 20:02}", f"{n + 1} km2", note=f"{tag}, {n + 1} of {count}") for n in range(count)]


def rows(log: Log) -> list[Row]:
    """Everything a log gives."""
    return [(record.seq, record.recorded_at, record.event.id, record.event.canonical) for record in log.records()]


def open_store(where: str, *, patience: float = 30.0) -> Store:
    """The store in a file or, of a URL, in a database; made where it is absent. It waits so many seconds for others."""
    if where.startswith("postgresql://"):
        from kursk_timeline.stores.postgres import PostgresStore

        return PostgresStore(where, create=True, lock_seconds=patience)
    return SqliteStore(where, busy_seconds=patience)


@contextmanager
def places(store: str) -> Iterator[Callable[[], str]]:
    """Gives a place for a new log as often as it is called."""
    if store == "postgres":
        import psycopg

        from postgres import new_database

        with psycopg.connect(new_database(), autocommit=True) as db:
            db.execute("ALTER SYSTEM SET fsync = on")  # as everywhere but in quick tests
            db.execute("SELECT pg_reload_conf()")
        yield new_database
        return
    with tempfile.TemporaryDirectory(prefix="kursk-reliability-") as folder:
        made = 0

        def new_file() -> str:
            nonlocal made
            made += 1
            (Path(folder) / str(made)).mkdir()
            return str(Path(folder) / str(made) / "log.db")

        yield new_file


# --- children ----------------------------------------------------------------------------------


def fork(work: Callable[[], object]) -> int:
    """
    Run `work` in a child that has everything imported already, and nothing else of its parent's; its process id.

    It ends with 0, or with 1 and the traceback on standard error.
    """
    pid = os.fork()
    if pid:
        return pid
    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        work()
    except BaseException:
        import traceback

        os.write(2, traceback.format_exc().encode())
        os._exit(1)
    os._exit(0)


def in_child(work: Callable[[], Any]) -> Any:
    """What `work` gives in a child of its own, whose limits, rights and handlers it may change."""
    reading, writing = os.pipe()

    def tell() -> None:
        os.close(reading)
        with os.fdopen(writing, "wb") as pipe:
            pickle.dump(work(), pipe)

    pid = fork(tell)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        said = pipe.read()
    if os.waitpid(pid, 0)[1] != 0:
        raise RuntimeError("the child failed; see above")
    return pickle.loads(said)


# --- the line ----------------------------------------------------------------------------------


class Result(Protocol):
    """What a run found."""

    @property
    def kept(self) -> bool:
        """Whether every promise was."""

    def __str__(self) -> str:
        """How many of what, and what was found."""


def parser(doc: str | None, *, seeded: bool = False) -> argparse.ArgumentParser:
    """Options of a run; one that leaves something to chance has a seed."""
    made = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    if seeded:
        made.add_argument("--seed", type=int, default=1)
    return made


def finish(label: str, seed: int | None, run: Callable[[], Result]) -> NoReturn:
    """Run it, print a line, and exit: with 1 where a promise was broken."""
    start = time.perf_counter()
    result = run()
    seconds = time.perf_counter() - start
    verdict = "kept" if result.kept else "BROKEN"
    print(f"{label:26} {verdict:6} {seconds:7.1f} s  seed {'-' if seed is None else seed}  {result}", flush=True)
    sys.exit(not result.kept)
