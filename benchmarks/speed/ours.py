"""
This library at the same work as the peers: what each race takes, and what no peer has.

Ours computes low, best and high, where a peer computes the best value alone; the answers are compared on that one.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Mapping

import attrs
import numpy as np
import pyarrow as pa
from answers import NOTHING, Peer, Steps, gridded, spread
from peer_builds import numpy_sorted

import kursk_timeline as kt
from kursk_timeline.engines import kernel
from kursk_timeline.engines.columns import OPEN64
from kursk_timeline.engines.index import Answers, Book, Index, KnownIndex
from kursk_timeline.engines.live import Live
from kursk_timeline.engines.said import Accounts
from made import Made, PeerColumns, event_of, made

FLOOR = 0
"""No force has fewer than nobody: what an answer below that is taken for."""

NAME = "kursk_timeline"


def live_of(tl: kt.Timeline) -> Live:
    """The columns behind a timeline: no question needs them, but a benchmark looks at parts of the work."""
    live = tl._live(always=True)
    assert live is not None
    return live


def numbers(tl: kt.Timeline) -> np.ndarray:
    """By the library's own order of accounts: the number that each has in what was made."""
    return np.array([int(str(key.subject).rpartition("-")[2]) for key, _ in live_of(tl).columns.accounts.things])


def day_of(ordinal: int) -> dt.date:
    """What a question takes."""
    return dt.date.fromordinal(ordinal)


# --- building ----------------------------------------------------------------------------------


def kernel_claims(claims: Made, *, best_alone: bool = False) -> kernel.Claims:
    """What the kernel takes: the columns as they are in a log that was read."""
    amounts = [claims.best] * 3 if best_alone else [claims.low, claims.best, claims.high]
    return kernel.Claims(claims.account, claims.first, claims.last, claims.adds, *amounts)


def _filled(found: kernel.Steps, expected: Steps) -> Steps:
    """
    Steps with a row for each account and day that has claims, as peers have them.

    Ours has none where nothing changed; whatever it has must be among them.
    """
    account = np.repeat(np.arange(len(found.offsets) - 1, dtype=np.int64), np.diff(found.offsets))
    own, wanted = ((who.astype(np.int64) << 32) | day for who, day in ((account, found.day), _keys(expected)))
    assert np.isin(own, wanted).all(), "a step on a day on which nothing was claimed"
    place = own.searchsorted(wanted, "right") - 1
    assert (account[place] == expected.account).all(), "an account is missing"
    return Steps(expected.account, expected.day, found.best[place])


def _keys(steps: Steps) -> tuple[np.ndarray, np.ndarray]:
    return steps.account, steps.day


def builds(claims: Made, tl: kt.Timeline) -> dict[str, Peer]:
    """Entries for the race of that name; of the last, floors are a part, so it is held against floored values."""
    no_floors = np.full(claims.accounts, -OPEN64)

    def prepare(best_alone: bool) -> Callable[[PeerColumns], Callable[[], kernel.Steps]]:
        given = kernel_claims(claims, best_alone=best_alone)
        return lambda _: lambda: kernel.histories(given, no_floors)

    expected = numpy_sorted(claims.columns_for_peers())

    def settle_index(index: Index) -> Steps:
        order = np.argsort(numbers(tl))
        parts = [np.arange(*index.steps.offsets[code : code + 2]) for code in order.tolist()]
        offsets = np.cumsum([0, *map(len, parts)])
        found = _filled(kernel.Steps(offsets, *(one[np.concatenate(parts)] for one in index.steps[1:])), expected)
        floored = np.maximum(expected.value, FLOOR)
        assert np.array_equal(found.value, floored), "the index holds something else"
        return expected

    def index() -> Index:
        live = live_of(tl)
        found = Index(live.columns, live.measures)
        found.at(int(claims.first[0]))  # which makes the table of days
        return found

    return {
        f"{NAME}: best alone": Peer(prepare(best_alone=True), lambda found: _filled(found, expected)),
        f"{NAME}: low, best and high": Peer(prepare(best_alone=False), lambda found: _filled(found, expected)),
        f"{NAME}: the whole index (floors, table of days)": Peer(lambda _: index, settle_index),
    }


# --- looking up --------------------------------------------------------------------------------


def floored(steps: Steps) -> Steps:
    """The table that peers look things up in, with the floors of this library."""
    return attrs.evolve(steps, value=np.maximum(steps.value, FLOOR))


def _settled(tl: kt.Timeline) -> Callable[[Answers | Accounts, int], np.ndarray]:
    number = numbers(tl)
    return lambda found, accounts: spread(number[found.begun], found.best[found.begun], accounts)


def lookups(tl: kt.Timeline) -> dict[str, Peer]:
    """Entries for the race of that name: the index, and the front door."""
    index, settle = live_of(tl).index(), _settled(tl)
    return {
        f"{NAME}: Index.at": Peer(lambda _: index.at, settle),
        f"{NAME}: Timeline.accounts_at": Peer(lambda _: lambda day: tl.accounts_at(day_of(day)), settle),
    }


def dates(tl: kt.Timeline) -> dict[str, Peer]:
    """
    Entries for the race of that name.

    The table has eleven columns, six of them texts; that of peers has three.
    """
    index, number = live_of(tl).index(), numbers(tl)

    def ask(days: np.ndarray) -> pa.Table:
        return pa.table(tl.accounts([day_of(day) for day in days.tolist()]))

    def settle(found: pa.Table, accounts: int) -> np.ndarray:
        day = found["date"].cast(pa.int32()).to_numpy()
        account = [int(name.rpartition("-")[2]) for name in found["subject"].to_pylist()]
        return gridded(day, account, found["best"].to_numpy().astype(np.int64), np.ones(len(day)), accounts)

    def narrow(days: np.ndarray) -> pa.Table:
        found = index.many(days)
        size = found.begun.size
        begun = None if found.begun.all() else pa.py_buffer(np.packbits(found.begun, bitorder="little"))
        amounts = {
            name: pa.Array.from_buffers(pa.int64(), size, [begun, pa.py_buffer(np.ascontiguousarray(column))])
            for name, column in (("low", found.low), ("best", found.best), ("high", found.high))
        }
        certain = pa.py_buffer(np.packbits(found.certain, bitorder="little"))
        return pa.table(
            {
                "day": np.repeat(days, found.begun.shape[1]),
                "account": np.tile(number, len(days)),
                **amounts,
                "certain": pa.Array.from_buffers(pa.bool_(), size, [None, certain]),
            }
        )

    def settle_narrow(found: pa.Table, accounts: int) -> np.ndarray:
        best = found["best"]
        return gridded(found["day"], found["account"], best.fill_null(NOTHING), best.is_valid(), accounts)

    return {
        f"{NAME}: Index.many, to Arrow (low, best, high, certain)": Peer(lambda _: narrow, settle_narrow),
        f"{NAME}: Timeline.accounts, to Arrow (11 columns)": Peer(lambda _: ask, settle),
    }


def known_index(tl: kt.Timeline) -> KnownIndex:
    """A build of its own, to see what it costs."""
    live = live_of(tl)
    return KnownIndex(Book(live.columns, live.measures))


def pairs(tl: kt.Timeline) -> dict[str, Peer]:
    """Entries for the race of that name."""
    index, settle = known_index(tl), _settled(tl)

    def ask(day: int, known: int) -> Accounts:
        return tl.accounts_at(day_of(day), known_on=day_of(known))

    return {
        f"{NAME}: KnownIndex.at": Peer(lambda _: index.at, settle),
        f"{NAME}: Timeline.accounts_at(known_on=)": Peer(lambda _: ask, settle),
    }


# --- appending ---------------------------------------------------------------------------------


@attrs.frozen
class Appended:
    """Seconds that each backdated event took: to append it, and then for a right answer."""

    append: list[float]
    answer: list[float]

    @property
    def both(self) -> list[float]:
        """Together."""
        return [one + other for one, other in zip(self.append, self.answer, strict=True)]


def more_claims(claims: Made, count: int, seed: int) -> Made:
    """So many further ones over the same accounts and days, among them whatever days: all of them come too late."""
    return made(count, claims.accounts, claims.days, seed=seed)


def appended(
    tl: kt.Timeline, claims: Made, more: Made, ask: Callable[[kt.Timeline, kt.Event, int], int | None]
) -> Appended:
    """
    Append claims one at a time, ask after each for the account it is about, and check every answer.

    Args:
        tl: Holds `claims` when this begins, and `more` too when it is over.
        claims, more: What there is and what is added.
        ask: Asks a timeline about the account of an event on a day; gives its best value.
    """
    events = [event_of(more, place) for place in range(len(more))]
    rng = np.random.default_rng(5)
    days = more.first + rng.integers(0, 30, len(more))
    took, answered, found = [], [], []
    for event, day in zip(events, days.tolist(), strict=True):
        start = time.perf_counter()
        tl.append(event)
        between = time.perf_counter()
        found.append(ask(tl, event, day))
        end = time.perf_counter()
        took.append(between - start)
        answered.append(end - between)
    columns = (("account", "first", "adds", "best"), (claims, more))
    account, day, adds, best = (np.concatenate([getattr(c, name) for c in columns[1]]) for name in columns[0])
    for place, (asked, value) in enumerate(zip(days.tolist(), found, strict=True)):
        size = len(claims) + place + 1
        rows = np.flatnonzero((account[:size] == more.account[place]) & (day[:size] <= asked))
        rows = rows[np.argsort(day[rows], kind="stable")]
        sets = np.flatnonzero(~adds[rows])
        expected = int(best[rows[sets[-1] if len(sets) else 0 :]].sum())
        assert value == max(expected, FLOOR), f"after {place + 1} events: {value}, not {expected}"
    return Appended(took, answered)


def ask_columns(tl: kt.Timeline, event: kt.Event, day: int) -> int | None:
    """All accounts as columns; the one of the event is looked for among them."""
    found = tl.accounts_at(day_of(day))
    return int(found.best[_place(tl, event)])


def ask_estimate(tl: kt.Timeline, event: kt.Event, day: int) -> int | None:
    """One estimate of a state."""
    found = tl.state_at(day_of(day))[_key(event)]
    return None if found is None else found.quantity.best_base


def ask_state(tl: kt.Timeline, event: kt.Event, day: int) -> int | None:
    """Every estimate of a state."""
    found = tl.state_at(day_of(day)).estimates.get(_key(event))
    return None if found is None else found.quantity.best_base


ASKS: Mapping[str, Callable[[kt.Timeline, kt.Event, int], int | None]] = {
    "all accounts as columns": ask_columns,
    "one estimate of a state": ask_estimate,
    "every estimate of a state": ask_state,
}


def _key(event: kt.Event) -> kt.Key:
    return kt.Key("present", event.force, event.region)  # type: ignore[attr-defined]  # every kind made here has both


def _place(tl: kt.Timeline, event: kt.Event) -> int:
    place = live_of(tl).columns.accounts.get((_key(event), event.party))
    assert place is not None
    return place


# --- folding -----------------------------------------------------------------------------------


def fold_count(seen: int, _: kt.Event) -> int:
    """The least that a step can be."""
    return seen + 1


def fold_values(values: dict[str, int], event: kt.Event) -> dict[str, int]:
    """What the aggregates of the peer do: a value that is set and added to."""
    kind = type(event)
    if kind is kt.ForcePresent:
        values[event.force] = event.troops.best_base
    elif kind is kt.ForceDeployed:
        values[event.force] = values.get(event.force, 0) + event.troops.best_base
    else:
        values[event.force] = values.get(event.force, 0) - event.troops.best_base
    return values
