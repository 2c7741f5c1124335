"""
Everybody at the same work, their answers compared to the last integer, and how long each took.

Each function takes a piece of work and gives a table of times. `own` adds others to the race, such as this library:
they prepare and settle as the peers do (`answers.Peer`), and are asserted to give the same answers.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import peer_aggregates as aggregates
from answers import NOTHING, Peer, Steps
from measure import RUNS, Ratios, median_of, median_over
from peer_builds import AT_MOST, BUILDS, numpy_sorted
from peer_dates import DATES, ONE_PER_DAY_ONLY
from peer_lookups import LOOKUPS
from peer_pairs import PAIRS

from made import BASE, Made, PeerColumns

NOBODY: Mapping[str, Peer] = {}

DATES_ASKED = 1_000


def questions(claims: Made, count: int, seed: int = 7) -> tuple[list[int], list[int]]:
    """Random days, and random days of knowledge for them, evenly over the whole span."""
    rng = np.random.default_rng(seed)
    days, known = (rng.integers(BASE, BASE + claims.days, count).tolist() for _ in range(2))
    return days, known


def builds(columns: PeerColumns, own: Mapping[str, Peer] = NOBODY, runs: int = RUNS) -> Ratios:
    """From columns in log order to all values of all accounts."""
    expected, seconds = numpy_sorted(columns), {}
    for name, peer in {**BUILDS, **own}.items():
        if len(columns) > AT_MOST.get(name, len(columns)):
            continue
        work = peer.prepare(columns)
        assert peer.settle(work()).same_as(expected), f"{name} built something else"
        seconds[name] = median_of(work, runs, is_warm=True)  # it has just answered
    return Ratios(f"build all histories from columns, {len(columns):,} events ({len(expected):,} steps)", seconds)


def lookups(steps: Steps, days: list[int], own: Mapping[str, Peer] = NOBODY, runs: int = RUNS) -> Ratios:
    """One day, all accounts."""
    seconds: dict[str, float] = {}
    expected: list[np.ndarray] = []
    for name, peer in {**LOOKUPS, **own}.items():
        ask = peer.prepare(steps)
        found = [peer.settle(ask(day), steps.accounts) for day in days]
        expected = expected or found
        assert np.array_equal(found, expected), f"{name} answers something else"
        seconds[name] = median_over(ask, [(day,) for day in days], runs)
    return Ratios(f"one state_at at a random date, {_table(steps)}", seconds)


def dates(steps: Steps, days: np.ndarray, own: Mapping[str, Peer] = NOBODY, runs: int = RUNS) -> Ratios:
    """Many days, all accounts, as one table."""
    seconds: dict[str, float] = {}
    expected: np.ndarray | None = None
    for name, peer in {**DATES, **own}.items():
        if name in ONE_PER_DAY_ONLY and not steps.one_per_day:
            continue
        ask = peer.prepare(steps)
        found = peer.settle(ask(days), steps.accounts)
        expected = found if expected is None else expected
        assert np.array_equal(found, expected), f"{name} answers something else"
        seconds[name] = median_over(ask, [(days,)], runs)
    return Ratios(f"{len(days):,} dates × {steps.accounts} accounts to a table, {_table(steps)}", seconds)


def pairs(
    columns: PeerColumns,
    asked: list[tuple[int, int]],
    own: Mapping[str, Peer] = NOBODY,
    runs: int = RUNS,
    floor: int | None = None,
) -> Ratios:
    """One day by what was known on another, all accounts; a value below `floor` is compared as that."""
    accounts = int(columns.account.max()) + 1
    seconds: dict[str, float] = {}
    expected: list[np.ndarray] = []
    for name, peer in {**PAIRS, **own}.items():
        ask = peer.prepare(columns)
        found = [peer.settle(ask(day, known), accounts) for day, known in asked]
        if floor is not None:
            found = [np.where(values == NOTHING, NOTHING, np.maximum(values, floor)) for values in found]
        expected = expected or found
        assert np.array_equal(found, expected), f"{name} answers something else"
        seconds[name] = median_over(ask, asked, runs)
    return Ratios(f"one (date, known_on) pair, {len(columns):,} events", seconds)


def replays(columns: PeerColumns, count: int, runs: int = RUNS) -> tuple[Ratios, int]:
    """The `eventsourcing` package over the first so many events; also how many events each replay applies."""
    saved, manual = (aggregates.saved(columns, count, kind) for kind in (aggregates.Account, aggregates.Decorated))
    last = [int(values[-1]) for values in saved.values]
    works = {
        "eventsourcing: mutate, event objects in memory": aggregates.replayed(saved),
        "eventsourcing: mutate, decorated methods": aggregates.replayed(manual),
        "eventsourcing: repository.get, JSON in memory": aggregates.got(saved),
        "eventsourcing: repository.get, decorated methods": aggregates.got(manual),
    }
    seconds = {}
    for name, work in works.items():
        assert [one.value for one in work()] == last, f"{name} replays to something else"
        seconds[name] = median_of(work, runs, is_warm=True)
    aggregates.take_snapshots(saved)
    share = 0.61803  # of no hundred, so that there is a rest to replay
    at = aggregates.got_at(saved, share)
    then = [int(values[aggregates.version_at(values, share) - 2]) for values in saved.values]
    assert [one.value for one in at()] == then, "a snapshot leads to something else"
    seconds[f"eventsourcing: all at a version, snapshot every {aggregates.SNAPSHOT_EVERY}"] = median_of(at, runs)
    return Ratios(f"rebuild {len(saved.ids)} aggregates, {saved.count:,} events", seconds), saved.count


def _table(steps: Steps) -> str:
    return f"table of {len(steps):,} rows, one for each {'account and day' if steps.one_per_day else 'event'}"
