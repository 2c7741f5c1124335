"""
The log's peers at the same work: ``pip install eventsourcing pymerkle``.
"""

from __future__ import annotations

import time
import uuid
from pathlib import Path
from typing import Any

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from eventsourcing.persistence import StoredEvent
from eventsourcing.sqlite import SQLiteApplicationRecorder, SQLiteDatastore
from pymerkle import InmemoryTree

FIELDS = ("holder", "region", "area", "occurred", "reported", "claimant", "sources")


class Region(Aggregate):
    """An aggregate whose events have the fields of ours."""

    @event("Held")
    def held(self, holder, region, area, occurred, reported, claimant, sources) -> None:  # type: ignore[no-untyped-def]
        """Somebody said so; nothing else follows."""


def recorder(path: Path, bodies: list[bytes], aggregates: int, batch: int) -> float:
    """Seconds for the SQLite recorder to insert ready bytes, spread over so many aggregates."""
    ids = [uuid.uuid4() for _ in range(aggregates)]
    stored = [StoredEvent(ids[n % aggregates], n // aggregates + 1, "made:Held", body) for n, body in enumerate(bodies)]
    store = SQLiteDatastore(str(path / "peer.db"))
    try:
        peer = SQLiteApplicationRecorder(store)
        peer.create_table()
        start = time.perf_counter()
        for begin in range(0, len(stored), batch):
            peer.insert_events(stored[begin : begin + batch])
        return time.perf_counter() - start
    finally:
        store.close()


def application(path: Path, raws: list[dict[str, Any]], batch: int) -> tuple[float, float]:
    """Seconds for `Application.save` alone, and to get the saved events back as event objects."""
    app: Application[uuid.UUID] = Application(
        env={"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": str(path / "app.db")}
    )
    try:
        region, saving = Region(), 0.0
        for begin in range(0, len(raws), batch):
            for raw in raws[begin : begin + batch]:
                region.held(*(raw[name] for name in FIELDS))
            start = time.perf_counter()
            app.save(region)
            saving += time.perf_counter() - start
        start = time.perf_counter()
        found = list(app.events.get(region.id))
        reading = time.perf_counter() - start
        assert len(found) == len(raws) + 1
        return saving, reading
    finally:
        app.close()


def merkle_appends(leaves: list[bytes]) -> float:
    """Seconds for pymerkle to take leaves."""
    tree = InmemoryTree(algorithm="sha256")
    start = time.perf_counter()
    for leaf in leaves:
        tree.append_entry(leaf)
    return time.perf_counter() - start
