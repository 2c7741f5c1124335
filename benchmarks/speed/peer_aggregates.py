"""
The `eventsourcing` package: a hundred aggregates rebuilt, event by event, all in memory.

An aggregate has one order of versions, so it gets its events by day, then log order; a version is then a day. It holds
far fewer events than the tables do, since it takes each in turn: its rate does not depend on how many there are.
"""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import attrs
import numpy as np
from eventsourcing.application import Application, Repository
from eventsourcing.domain import Aggregate, event
from peer_builds import numpy_sorted

from made import PeerColumns

SNAPSHOT_EVERY = 100
"""Versions; the snapshots of an account are as many states kept as there are hundreds of events."""


class Decorated(Aggregate):
    """A value that is set and added to, written as the package's manual begins: methods that are events."""

    def __init__(self) -> None:
        self.value = 0

    @event("WasSet")
    def put(self, value: int) -> None:
        """The value is this one."""
        self.value = value

    @event("WasAddedTo")
    def add(self, value: int) -> None:
        """The value is so much more."""
        self.value += value


class Account(Aggregate):
    """The same with events that apply themselves: two to three times faster, as no arguments are matched to methods."""

    def __init__(self) -> None:
        self.value = 0

    def put(self, value: int) -> None:
        """The value is this one."""
        self.trigger_event(self.WasSet, value=value)

    def add(self, value: int) -> None:
        """The value is so much more."""
        self.trigger_event(self.WasAddedTo, value=value)

    class WasSet(Aggregate.Event):
        """The value is this one."""

        value: int

        def apply(self, aggregate: Account) -> None:
            aggregate.value = self.value

    class WasAddedTo(Aggregate.Event):
        """The value is so much more."""

        value: int

        def apply(self, aggregate: Account) -> None:
            aggregate.value += self.value


@attrs.frozen
class Aggregates:
    """Saved aggregates, their events as objects, and the value after each event."""

    app: Application[UUID]
    ids: list[UUID]
    events: list[list[Aggregate.Event]]
    values: list[np.ndarray]

    @property
    def count(self) -> int:
        """Events of all aggregates, without those that only say that one was made."""
        return sum(map(len, self.values))


def saved(c: PeerColumns, count: int, kind: type[Account | Decorated] = Account) -> Aggregates:
    """The first so many claims of a log, saved as aggregates in the package's own store in memory."""
    some = PeerColumns(*(column[:count] for column in attrs.astuple(c, recurse=False)))
    order = np.lexsort((some.order, some.day, some.account))
    app: Application[UUID] = Application(env={"IS_SNAPSHOTTING_ENABLED": "yes"})
    steps = numpy_sorted(some, one_per_day=False)
    found = Aggregates(app, [], [], [])
    account, adds, value = some.account[order], some.adds[order].tolist(), some.value[order].tolist()
    ends = [*np.flatnonzero(account[1:] != account[:-1]) + 1, len(order)]
    for start, end in zip([0, *ends[:-1]], ends, strict=True):
        one = kind()
        for row in range(start, end):
            (one.add if adds[row] else one.put)(value[row])
        found.events.append(list(one.pending_events))
        app.save(one)
        found.ids.append(one.id)
        found.values.append(steps.value[start:end])
    return found


def replayed(saved: Aggregates) -> Callable[[], list[Account | Decorated]]:
    """Event objects that are in memory already, applied by the package: its fastest, with no store."""

    def work() -> list[Account | Decorated]:
        found = []
        for events in saved.events:
            one = None
            for happened in events:
                one = happened.mutate(one)
            found.append(one)
        return found

    return work


def got(saved: Aggregates) -> Callable[[], list[Account | Decorated]]:
    """The same through a repository, which reads the events from its store of JSON in memory, without snapshots."""
    repository = Repository(saved.app.events)
    return lambda: [repository.get(one) for one in saved.ids]


def take_snapshots(saved: Aggregates) -> None:
    """Of each aggregate, every `SNAPSHOT_EVERY` versions."""
    for one, values in zip(saved.ids, saved.values, strict=True):
        for version in range(SNAPSHOT_EVERY, len(values) + 2, SNAPSHOT_EVERY):
            saved.app.take_snapshot(one, version)


def got_at(saved: Aggregates, share: float) -> Callable[[], list[Account | Decorated]]:
    """Every aggregate at the version that lies at a share of its events, from the snapshot before it."""
    versions = [version_at(values, share) for values in saved.values]
    get = saved.app.repository.get
    return lambda: [get(one, version=version) for one, version in zip(saved.ids, versions, strict=True)]


def version_at(values: np.ndarray, share: float) -> int:
    """The version after a share of the events; the first version is that of the empty aggregate."""
    return 2 + int(share * (len(values) - 1))
