"""
The plain definition of an answer, as slow as it is obvious: replay every world, one after the other.

Written from the meaning alone; it shares no code with the engine. Amounts are base units, days are
ordinals, and an open bound is infinite.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import kursk_timeline as kt

SHELF_LIFE = {"held": 30, "controlled": 30, "contested": 30, "engaged": 30, "present": 180, "settlements": 30}
CUMULATIVE = {"killed", "wounded", "captured", "casualties", "retaken"}
ZERO_STANDS = {"held", "controlled", "settlements"}


@dataclass(frozen=True)
class Doing:
    """One event's effect on one key, for one party."""

    seq: int
    first: int
    last: int
    adds: bool
    low: float
    best: int
    high: float
    restated: int | None
    id: str


# --- worlds ------------------------------------------------------------------------------------


def worlds(doings: Sequence[Doing]) -> Iterable[tuple[tuple[int, float], ...]]:
    """Every choice of a day and an end of the range, for all events together."""
    return itertools.product(
        *([(day, value) for day in range(d.first, d.last + 1) for value in sorted({d.low, d.high})] for d in doings)
    )


def replayed(doings: Sequence[Doing], world: Sequence[tuple[int, float]], day: int) -> float:
    """One world, replayed in (day, log order) up to a day."""
    value: float = 0
    for (when, amount), doing in sorted(zip(world, doings, strict=True), key=lambda row: (row[0][0], row[1].seq)):
        if when <= day:
            value = value + amount if doing.adds else amount
    return value


def literal_bounds(doings: Sequence[Doing], day: int) -> tuple[float, float]:
    """Least and greatest value over all worlds."""
    low, high = math.inf, -math.inf
    for world in worlds(doings):
        value = replayed(doings, world, day)
        low, high = min(low, value), max(high, value)
    return low, high


def literal_best(doings: Sequence[Doing], day: int) -> float:
    """The value in the world of middle days and best values."""
    return replayed(doings, [((d.first + d.last) // 2, d.best) for d in doings], day)


def literal_names(doings: Sequence[tuple[int, int, int, str]], day: int) -> set[str]:
    """Possible names; each doing is (seq, first, last, name)."""
    found = set()
    for days in itertools.product(*(range(first, last + 1) for _, first, last, _ in doings)):
        name = "unclaimed"
        for when, (_, _, _, said) in sorted(zip(days, doings, strict=True), key=lambda row: (row[0], row[1][0])):
            if when <= day:
                name = said
        found.add(name)
    return found


# --- an account on a day -----------------------------------------------------------------------


@dataclass(frozen=True)
class Said:
    low: float
    best: float
    high: float
    certain: bool
    stale: bool
    last_heard: int
    spoken: int


def account(doings: Sequence[Doing], measure: str, day: int, gaps: str) -> Said | None:
    begun = [d for d in doings if d.first <= day]
    if not begun:
        return None
    low, high = literal_bounds(doings, day)
    best = literal_best(doings, day)
    said_before = [d for d in begun if not d.adds]
    coming = sorted((d.first, d.seq, d) for d in doings if not d.adds and d.first > day) if said_before else []
    bracketed = gaps == "span" and bool(coming)
    if bracketed:
        low, high = min(low, coming[0][2].low), max(high, coming[0][2].high)
    contradiction = literal_bounds(doings, day)[1] < 0
    low, best, high = max(low, 0), max(best, 0), max(high, 0)
    last_heard = max(max(min(d.last, day), min(d.restated, day) if d.restated is not None else 0) for d in begun)
    shelf = SHELF_LIFE.get(measure)
    ages = shelf is not None and not (measure in ZERO_STANDS and low == high == 0 and not contradiction)
    stale = ages and day - last_heard > shelf and not bracketed
    return Said(
        low,
        best,
        high,
        certain=any(d.last <= day for d in doings),
        stale=stale,
        last_heard=last_heard,
        spoken=max((d.first + d.last) // 2 for d in begun),
    )


# --- an estimate on a day ----------------------------------------------------------------------


@dataclass(frozen=True)
class Answered:
    low: float
    best: float
    high: float
    disputed: bool
    certain: bool
    stale: bool
    last_heard: int
    counting: frozenset[str]


def estimate(accounts: dict[str, Sequence[Doing]], measure: str, day: int, gaps: str = "hold") -> Answered | None:
    said = {party: s for party, doings in accounts.items() if (s := account(doings, measure, day, gaps)) is not None}
    if not said:
        return None

    def last_word(party: str) -> tuple[object, ...]:
        s = said[party]
        return (-s.spoken, s.high - s.low if s.high < math.inf else math.inf, party)

    current = [p for p in said if not said[p].stale]
    if not current:
        current = [min(said, key=lambda p: (-said[p].last_heard, *last_word(p)))]
    counting = [p for p in current if said[p].certain] or current
    latest = max(said[p].last_heard for p in counting)
    highs = [said[p].high for p in counting if measure not in CUMULATIVE or said[p].last_heard == latest]
    return Answered(
        low=min(said[p].low for p in counting),
        best=said[min(counting, key=last_word)].best,
        high=max(said[p].high for p in counting),
        disputed=max(said[p].low for p in counting) > min(highs),
        certain=any(said[p].certain for p in counting),
        stale=all(said[p].stale for p in counting),
        last_heard=latest,
        counting=frozenset(counting),
    )


# --- a log -------------------------------------------------------------------------------------


def stands(events: Sequence[kt.Event], known_on: int | None) -> list[tuple[int, kt.Event]]:
    """The claims that stand, by the definition read aloud, with their place in the log."""

    def known(event: kt.Event) -> bool:
        return known_on is None or event.reported.latest.toordinal() <= known_on

    def out(event: kt.Event) -> bool:
        for other in events:
            if isinstance(other, kt.Retracted) and other.event == event.id and known(other) and not out(other):
                return True
            if isinstance(other, kt.Superseded) and other.event == event.id and known(other) and not out(other):  # noqa: SIM102
                if any(e.id == other.by and known(e) for e in events):
                    return True
        return False

    return [(n, e) for n, e in enumerate(events, 1) if e.is_claim and known(e) and not out(e)]


def doing(seq: int, event: kt.Event, quantity: kt.Quantity, adds: bool) -> Doing:
    last = min(event.occurred.latest, event.reported.latest)
    return Doing(
        seq,
        event.occurred.earliest.toordinal(),
        last.toordinal(),
        adds,
        -math.inf if quantity.low_base is None else quantity.low_base,
        quantity.best_base,
        math.inf if quantity.high_base is None else quantity.high_base,
        None if event.restated_until is None else event.restated_until.toordinal(),
        event.id,
    )


def doings(
    events: Sequence[kt.Event], known_on: int | None, according_to: str | None
) -> dict[str, dict[str, list[Doing]]]:
    """(measure/subject/region) to party to what its events do."""
    found: dict[str, dict[str, list[Doing]]] = {}
    for seq, event in stands(events, known_on):
        if according_to is not None and event.claimant.split("/")[0] != according_to:
            continue
        party = event.claimant.split("/")[0]
        match event:
            case kt.TerritoryHeld():
                key, quantity, adds = f"held/{event.holder}/{event.region}", event.area, False
            case kt.TerritoryChanged():
                key, quantity, adds = f"held/{event.holder}/{event.region}", event.area, True
            case kt.ForcePresent():
                key, quantity, adds = f"present/{event.force}/{event.region}", event.troops, False
            case kt.ForceDeployed():
                key, quantity, adds = f"present/{event.force}/{event.region}", event.troops, True
            case kt.ForceWithdrawn():
                key, quantity, adds = f"present/{event.force}/{event.region}", -event.troops, True
            case kt.LossesReported(killed=kt.Quantity()):
                key, quantity, adds = f"killed/{event.force}/{event.region}", event.killed, not event.cumulative
            case _:
                continue
        found.setdefault(key, {}).setdefault(party, []).append(doing(seq, event, quantity, adds))
    return found
