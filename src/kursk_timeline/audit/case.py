"""What every check looks at, and the few things that several of them do."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

import attrs

from kursk_timeline.events.base import Event, Source
from kursk_timeline.findings import Finding, Severity
from kursk_timeline.measures import Key, Measure
from kursk_timeline.projections import Projection, effects
from kursk_timeline.projections.effect import Effect
from kursk_timeline.replay.bounds import OPEN, Bounds
from kursk_timeline.replay.claimed import Amounts
from kursk_timeline.replay.ledger import Ledger
from kursk_timeline.replay.notation import number, span, symbol
from kursk_timeline.replay.standing import corroborations, is_known, speaks_for, withdrawn
from kursk_timeline.replay.value import quantity
from kursk_timeline.text import visible


@attrs.frozen(kw_only=True)
class Case:
    """
    All that is known of a log at one question.

    Args:
        ledger: The accounts; ``ledger.events`` are the claims that stand, in log order.
        gone: The claims that were withdrawn or replaced, with what did it.
        effects: What each claim does, standing or gone, by its id.
        corroborated: Further places where a claim was read, by its id.
        places: Each event's place in the log, by its id.
        day: The last day (ordinal) on which anything can have happened; None where nothing stands.
    """

    ledger: Ledger
    gone: Mapping[str, tuple[Event, Event]]
    effects: Mapping[str, tuple[Effect, ...]]
    corroborated: Mapping[str, tuple[Source, ...]]
    places: Mapping[str, int]
    day: int | None

    @classmethod
    def of(
        cls,
        events: Sequence[Event],
        ledger: Ledger,
        projections: Sequence[Projection],
        known_on: dt.date | None,
        according_to: Iterable[str] | None,
    ) -> Case:
        by_id = {event.id: event for event in events}
        paths = None if according_to is None else tuple(according_to)
        gone = {
            id_: (event, by)
            for id_, by in withdrawn(events, known_on).items()
            if (event := by_id.get(id_)) is not None
            and event.is_claim
            and is_known(event, known_on)
            and (paths is None or speaks_for(event.claimant, paths))
        }
        claims = [*ledger.events, *(event for event, _ in gone.values())]
        return cls(
            ledger=ledger,
            gone=gone,
            effects={event.id: tuple(effects(event, projections)) for event in claims},
            corroborated=corroborations(events, known_on),
            places={id_: place for place, id_ in enumerate(by_id)},
            day=_last_day(ledger.events),
        )

    def amounts(self) -> Iterator[tuple[Key, str, Amounts]]:
        """Every account of a number that rests on claims of its own, by key and party."""
        for key in self.ledger.claimed():
            for party, account in sorted(self.ledger.accounts(key).items()):
                if isinstance(account, Amounts):
                    yield key, party, account


def _last_day(events: Iterable[Event]) -> int | None:
    """The last day on which a claim can have happened or was restated; what is announced for later is none."""
    reported, happened = dt.date.min, None
    for event in events:
        window = event.window
        reported = max(reported, event.reported.latest or reported)
        until = window.latest or window.earliest
        if until is not None and not event.foretells:
            happened = max(happened or until, until, event.restated_until or until)
    if happened is None:
        return None if reported == dt.date.min else reported.toordinal()
    return happened.toordinal()


@attrs.frozen
class Say:
    """
    How a check puts a finding into words; it gives the code, the severity and the order of the events.

    Args:
        places: Each event's place in the log.
    """

    code: str
    severity: Severity
    places: Mapping[str, int]

    def __call__(
        self,
        message: str,
        *,
        events: Iterable[Event],
        keys: Iterable[Key] = (),
        first: int | None = None,
        last: int | None = None,
        settles: str | None = None,
        severity: Severity | None = None,
    ) -> Finding:
        return Finding(
            self.code,
            message,
            severity=severity or self.severity,
            events=tuple(
                sorted({event.id for event in events}, key=lambda id_: self.places.get(id_, len(self.places)))
            ),
            keys=tuple(sorted({str(key) for key in keys})),
            first=None if first is None else dt.date.fromordinal(first),
            last=None if last is None else dt.date.fromordinal(last),
            settles=settles,
        )


Find: TypeAlias = Callable[[Case, Say], Iterable[Finding]]
"""A check: looks at the case, says what it finds."""


# --- in words ----------------------------------------------------------------------------------


def named(key: Key) -> str:
    """The key's text, safe to show: a settlement's name comes from a source."""
    return visible(str(key))


def amount(value: Bounds, measure: Measure) -> str:
    """
    Bounds as a reader says them.

    >>> from kursk_timeline.measures import CATALOGUE
    >>> amount(Bounds(80_000, 80_000, OPEN), CATALOGUE["casualties"])
    'at least 80,000 persons'
    >>> amount(Bounds(81_000_000, 90_000_000, 99_000_000), CATALOGUE["held"])
    '81–99 km²'
    """
    said = quantity(value, measure)
    figures = f"at least {number(said.low)}" if value.high >= OPEN // 2 else span(said.low, said.high)
    return f"{figures} {symbol(said.unit)}"


def day_text(day: int) -> str:
    """A day (ordinal) as ISO text."""
    return dt.date.fromordinal(day).isoformat()


def days_text(first: int, last: int | None) -> str:
    """A span of days in words: ``on 2025-04-26``, ``from 2025-04-26 to 2025-06-20``, ``from 2025-04-26 on``."""
    if last is None:
        return f"from {day_text(first)} on"
    return f"on {day_text(first)}" if first == last else f"from {day_text(first)} to {day_text(last)}"


def spans(days: Iterable[int], holds: Callable[[int], bool]) -> Iterator[tuple[int, int | None]]:
    """
    The longest spans of days over which something holds that can change only on the given days.

    >>> list(spans([1, 5, 9, 12], lambda day: day in (5, 9)))
    [(5, 11)]
    """
    since: int | None = None
    for day in sorted(set(days)):
        if holds(day):
            since = day if since is None else since
        elif since is not None:
            yield since, day - 1
            since = None
    if since is not None:
        yield since, None
