"""
What the page knows: every answer on every day, computed beforehand.

An answer changes on few days. For each key the page holds its *moments*: the days on which anything
about it changes, each with the texts to show from then on. A date is then a look-up, in the reader's
browser and without asking anybody. Texts come from the same notation as everywhere else.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol, TypeAlias

import attrs

from kursk_timeline.events.base import Event
from kursk_timeline.formats import jsonl
from kursk_timeline.log import Log, Record
from kursk_timeline.measures import Key
from kursk_timeline.replay.account import Account, Gaps
from kursk_timeline.replay.bounds import Names
from kursk_timeline.replay.estimate import Estimate
from kursk_timeline.replay.ledger import Ledger
from kursk_timeline.replay.notation import is_one, names, number, span, symbol, value_text
from kursk_timeline.replay.standing import corroborations, is_known, speaks_for, withdrawn
from kursk_timeline.replay.state import State
from kursk_timeline.text import visible
from kursk_timeline.views.terminal import Gone, More


class Told(Protocol):
    """What the page asks of a timeline."""

    region: str

    @property
    def log(self) -> Log: ...

    def __len__(self) -> int: ...

    def state_at(self, date: Any, *, known_on: Any = None, according_to: Any = None, gaps: Gaps = "hold") -> State: ...


@attrs.frozen(kw_only=True)
class Question:
    """
    One timeline, one choice of what was known and whom to believe: everything the page is about.

    Attributes:
        state: The state on the date the page opens with.
        final: The state when everything claimed has begun: it has every key.
        first, last: The days the slider runs over, both included.
        log: The log's records, also those not asked about.
        claims: The claims asked about, by the first day they may have happened; withdrawn ones too.
        gone: What withdrew or replaced a claim, by its id.
        more: Further places where a claim was read, by its id.
    """

    region: str
    state: State
    final: State
    first: dt.date
    last: dt.date
    log: Sequence[Record]
    claims: Sequence[Record]
    gone: Gone
    more: More
    _kept: dict[Key, list[tuple[int, Estimate]]] = attrs.field(factory=dict, init=False)

    @classmethod
    def of(cls, timeline: Told, date: Any, known_on: Any, according_to: Any, gaps: Gaps) -> Question:
        """
        Ask a timeline.

        Raises:
            WhenError: a date that is no single day.
            QueryError: an option that does not exist.
        """
        ask: dict[str, Any] = {"known_on": known_on, "according_to": according_to, "gaps": gaps}
        final = timeline.state_at(dt.date.max, **ask)
        log = timeline.log.records(size=len(timeline))
        events = [record.event for record in log]
        claims = [
            record
            for record in log
            if record.event.is_claim
            and is_known(record.event, final.known_on)
            and (final.according_to is None or speaks_for(record.event.claimant, final.according_to))
        ]
        gone = withdrawn(events, final.known_on)
        first, last = _extent([r.event for r in claims if r.event.id not in gone])
        state = timeline.state_at(last if date is None else date, **ask)
        return cls(
            region=timeline.region,
            state=state,
            final=final,
            first=min(first, state.date),
            last=max(last, state.date),
            log=log,
            claims=sorted(claims, key=lambda r: (r.event.window.earliest or dt.date.min, r.seq)),
            gone=gone,
            more=corroborations(events, final.known_on),
        )

    def estimates(self, key: Key) -> list[tuple[int, Estimate]]:
        """The estimates of a key on all days (ordinals) on which anything shown of it can change."""
        if key not in self._kept:
            ledger = self.state.ledger
            answers = ((day, ledger.on(key, day)) for day in days_of(ledger, key))
            self._kept[key] = [(day, estimate) for day, estimate in answers if estimate is not None]
        return self._kept[key]

    def scale(self, key: Key) -> float:
        """The largest finite amount of any account on any day; the key's bars are drawn to it."""
        amounts = (
            abs(amount)
            for _, estimate in self.estimates(key)
            if not isinstance(estimate.value, Names)
            for quantity in (estimate.quantity, *(account.quantity for account in estimate.accounts.values()))
            for amount in (quantity.low, quantity.best, quantity.high)
        )
        return max((amount for amount in amounts if amount != math.inf), default=0.0) or 1.0

    @property
    def digest(self) -> str:
        """SHA-256 of the log's canonical lines, 64 hexadecimal digits."""
        return hashlib.sha256(b"".join(jsonl.lines(record.event for record in self.log))).hexdigest()


_ANY_DAY = dt.date(2000, 1, 1)
"""Where nothing is claimed of any day, one is as good as another; the clock is not asked."""


def _extent(events: Sequence[Event]) -> tuple[dt.date, dt.date]:
    """First and last day worth a look. What is announced for some far day is no reason to go on until then."""
    if not events:
        return _ANY_DAY, _ANY_DAY
    first = min(e.window.earliest for e in events if e.window.earliest is not None)
    return first, max(first, *(e.reported.latest for e in events if e.reported.latest is not None))


# --- one answer as texts -----------------------------------------------------------------------

REACH = 88.0
"""Where on a bar, of 100, the largest finite amount stands; what is open runs to the end."""


@attrs.frozen
class Shown:
    """
    A value as texts, and its bar.

    Attributes:
        figure: The best figure with its unit, or the possible names.
        span: The bounds; empty where they are one value.
        bar: Left, right and best, of 100; None for a name.
        is_open: There is no upper bound.
    """

    figure: str
    span: str
    bar: tuple[float, float, float] | None
    is_open: bool

    @classmethod
    def of(cls, answer: Account | Estimate, scale: float) -> Shown:
        """Args: answer; scale: the largest finite amount of its key."""
        if isinstance(answer.value, Names):
            return cls(names(answer.holders), "", None, False)
        quantity = answer.quantity
        low, best, high = quantity.low, quantity.best, quantity.high

        def place(amount: float) -> float:
            return round(max(0.0, min(amount, scale)) / scale * REACH, 1)

        is_open = high == math.inf
        return cls(
            f"{number(best)} {symbol(answer.unit)}",
            "" if is_one(low, high) else span(low, high),
            (place(low), 100.0 if is_open else place(high), place(best)),
            is_open,
        )


Mark: TypeAlias = tuple[str, bool]
"""A remark, and whether it is a warning."""


def marks(answer: Account | Estimate) -> tuple[Mark, ...]:
    """What a reader must know of an answer, in words. (An account's row tells when it was last heard anyway.)"""
    found: list[Mark] = []
    if isinstance(answer, Estimate) and answer.disputed:
        found.append(("disputed", True))
    if answer.contradictory:
        found.append(("contradicts itself", True))
    if not answer.certain:
        found.append(("not certain to have begun", False))
    if answer.stale:
        found.append(("stale" if isinstance(answer, Account) else f"stale, last heard {answer.last_heard}", False))
    elif answer.is_old_zero and isinstance(answer, Estimate):
        found.append((f"last heard {answer.last_heard}", False))
    return tuple(found)


# --- moments -----------------------------------------------------------------------------------


def days_of(ledger: Ledger, key: Key) -> list[int]:
    """
    All days (ordinals) on which anything shown of a key can change.

    Beside its value and its standing these are the last days of the events it rests on: an event that
    must have happened may take over a bound from another without moving it.
    """
    days = set(ledger.days_of_change(key))
    latest = {
        window.toordinal()
        for day in tuple(days)
        if (estimate := ledger.on(key, day)) is not None
        for account in estimate.accounts.values()
        for behind in account.made_by.values()
        for event in behind
        if (window := event.window.latest) is not None
    }
    begun = min(days, default=0)
    return sorted(days | {day for day in latest if day >= begun})


class _Table:
    """Distinct things in the order they were first met; each is told by its number."""

    def __init__(self) -> None:
        self._numbers: dict[Any, int] = {}

    def number(self, item: Any) -> int:
        return self._numbers.setdefault(item, len(self._numbers))

    def items(self) -> list[Any]:
        return list(self._numbers)


def payload(question: Question, keys: Sequence[Key]) -> dict[str, Any]:
    """
    What the player needs, as plain JSON. Days count from the slider's first.

    Returns:
        ``moments`` has for each key its ``[day, value, marks, derivation, rows]``, where all but the
        day are numbers of the tables ``values``, ``marks``, ``derivations`` and ``rows`` (one party's
        account: ``[party, value, marks, counts, last heard, claims]``; the last heard is null where it
        is the day itself). ``claims`` are ``[number in the log, first day, last day]``, an open end null.

    Cost: of each key, one estimate a day of change.
    """
    start = question.first.toordinal()
    numbers = {record.event.id: record.seq for record in question.claims}
    values, remarks, derivations, rows = _Table(), _Table(), _Table(), _Table()

    def row(account: Account, scale: float, until: int) -> int:
        # Between two moments it is min(day, some fixed day); on the last day of the span that day can be seen.
        heard = account.history.last_heard(until)
        return rows.number(
            (
                visible(account.party),
                values.number(Shown.of(account, scale)),
                remarks.number(marks(account)),
                account.counts,
                None if heard == until else heard - start,
                tuple(numbers[id_] for id_ in account.events),
            )
        )

    def moments(key: Key) -> Iterator[list[Any]]:
        found, scale = question.estimates(key), question.scale(key)
        ends = [day - 1 for day, _ in found[1:]] + [dt.date.max.toordinal()]
        previous: list[Any] | None = None
        for (day, estimate), until in zip(found, ends, strict=True):
            moment = [
                values.number(Shown.of(estimate, scale)),
                remarks.number(marks(estimate)),
                derivations.number(visible(estimate.derivation or "")),
                [row(account, scale, until) for account in estimate.accounts.values()],
            ]
            if moment != previous:
                yield [day - start, *moment]
            previous = moment

    every = [list(moments(key)) for key in keys]
    return {
        "first": question.first.isoformat(),
        "days": (question.last - question.first).days,
        "day": (question.state.date - question.first).days,
        "keys": [visible(str(key)) for key in keys],
        "moments": every,
        "values": [[v.figure, v.span, v.bar, v.is_open] for v in values.items()],
        "marks": remarks.items(),
        "derivations": derivations.items(),
        "rows": rows.items(),
        "claims": [_place(record, start) for record in question.claims if record.event.id not in question.gone],
    }


def _place(record: Record, start: int) -> list[int | None]:
    first, last = record.event.window.earliest, record.event.window.latest
    assert first is not None  # claims have a start
    return [record.seq, first.toordinal() - start, None if last is None else last.toordinal() - start]


def week_of(day: dt.date) -> tuple[dt.date, dt.date]:
    """
    Monday and Sunday of a day's week.

    >>> week_of(dt.date(2025, 6, 22))
    (datetime.date(2025, 6, 16), datetime.date(2025, 6, 22))
    """
    number_ = day.toordinal()
    monday = number_ - (number_ - 1) % 7
    return dt.date.fromordinal(max(monday, 1)), dt.date.fromordinal(min(monday + 6, dt.date.max.toordinal()))


def in_week(question: Question) -> list[Record]:
    """The claims that may have happened in the week of the page's date, the most exactly dated first."""
    monday, sunday = week_of(question.state.date)

    def width(event: Event) -> int:
        first, last = event.window.earliest, event.window.latest
        return ((last or dt.date.max) - (first or dt.date.min)).days

    found = [
        record
        for record in question.claims
        if record.event.id not in question.gone
        and (record.event.window.earliest or dt.date.min) <= sunday
        and (record.event.window.latest or dt.date.max) >= monday
    ]
    return sorted(found, key=lambda record: width(record.event))


def disputes(question: Question, keys: Iterable[Key]) -> Iterator[tuple[Key, dt.date, dt.date | None, str]]:
    """
    Every span of days on which the parties contradict each other: key, first and last day, and the sides.

    The sides are those of the span's first day. A derived strength has no dispute of its own.
    """
    for key in keys:
        begun: tuple[dt.date, str] | None = None
        for day, estimate in question.estimates(key):
            is_disputed = estimate.disputed and estimate.derivation is None
            if is_disputed and begun is None:
                begun = estimate.date, ", ".join(f"{a.party} {value_text(a)}" for a in estimate.counting)
            elif begun is not None and not is_disputed:
                yield key, begun[0], dt.date.fromordinal(day - 1), begun[1]
                begun = None
        if begun is not None:
            yield key, begun[0], None, begun[1]


Sections: TypeAlias = Mapping[tuple[str, str | None], Mapping[str, Estimate]]


def sections(question: Question) -> Sections:
    """Every key ever claimed, by (region, subject) and measure, in reading order."""
    return question.final.by_subject()
