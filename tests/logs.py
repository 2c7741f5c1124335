"""The stores that the log's contract is tested over, and some invented events to put into them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import postgres
from kursk_timeline.log.port import Store
from kursk_timeline.stores.memory import MemoryStore
from kursk_timeline.stores.sqlite import SqliteStore
from made import held

DAYS = [f"2024-08-{day:02}" for day in range(6, 30)]
EVENTS = [held(day, f"{n + 1} km2") for n, day in enumerate(DAYS)]


@contextmanager
def exclusive(store: Store) -> Iterator[None]:
    """What the log does around its inserts."""
    store.begin()
    try:
        yield
        store.commit()
    except BaseException:
        store.roll_back()
        raise


STORES: dict[str, Callable[[Path], Store]] = {
    "memory": lambda _: MemoryStore(),
    "sqlite": lambda folder: SqliteStore(folder / "log.db"),
    "postgres": lambda _: _postgres(),
}


def _postgres() -> Store:
    url = postgres.new_database()  # skips where there is no server
    from kursk_timeline.stores.postgres import PostgresStore

    return PostgresStore(url, create=True)
