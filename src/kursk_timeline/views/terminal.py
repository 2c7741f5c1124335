"""Answers as lines of plain text. Text from sources is shown with its control characters spelled out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

import attrs

from kursk_timeline.audit import Audit
from kursk_timeline.events.base import Event, Source
from kursk_timeline.log import Record
from kursk_timeline.measures import CATALOGUE
from kursk_timeline.replay.history import History
from kursk_timeline.replay.notation import NO_SUBJECT
from kursk_timeline.replay.state import State
from kursk_timeline.text import visible

_WIDTH = max(len(measure) for measure in CATALOGUE)


def state(answer: State) -> Iterator[str]:
    """Every estimate by subject, with its accounts where there are several."""
    yield f"State on {answer.question}"
    subjects = answer.by_subject()
    if not subjects:
        yield "  nothing is claimed"
    for (region, subject), estimates in subjects.items():
        yield ""
        yield visible(f"{subject or NO_SUBJECT}, {region}")
        for measure, estimate in estimates.items():
            yield f"  {measure:<{_WIDTH}} {estimate}"
            if estimate.derivation is not None:
                yield f"  {'':<{_WIDTH}}   = {estimate.derivation}"
            elif len(estimate.accounts) > 1:
                for account in estimate.accounts.values():
                    yield f"  {'':<{_WIDTH}}   {account}{'' if account.counts else ' [not counted]'}"
    if answer.disputes:
        yield ""
        yield visible(f"Disputed: {', '.join(map(str, answer.disputes))}")


def history(answer: History) -> Iterator[str]:
    """The estimate's steps, then every account's."""
    yield from repr(answer).splitlines()
    for party, account in answer.accounts.items():
        yield f"according to {party}"
        yield from (f"  {step}" for step in account.steps)


def audit(found: Audit) -> Iterator[str]:
    """The findings by severity, each with what would settle it."""
    counts = ", ".join(f"{n} {severity}{'' if n == 1 else 's'}" for severity, n in found.counts.items() if n)
    yield f"Audit: {counts or 'nothing found'}"
    for finding in found:
        yield visible(f"{finding.severity}: {finding.code}: {finding.message}")
        if finding.settles:
            yield visible(f"    to settle it: {finding.settles}")
        if finding.events:
            yield f"    events: {' '.join(one[:12] for one in finding.events)}"


EVENT_COLUMNS = (
    "seq",
    "id",
    "kind",
    "occurred",
    "reported",
    "claimant",
    "says",
    "publisher",
    "locator",
    "wording",
    "note",
    "withdrawn_by",
)


def _says(event: Event) -> str:
    common = {field.name for field in attrs.fields(Event)}
    own = (f for f in attrs.fields(type(event)) if f.name not in common)
    said = ((f.name, getattr(event, f.name)) for f in own)
    return ", ".join(f"{name} {_brief(value)}" for name, value in said if value is not None and value is not False)


def _brief(value: Any) -> str:
    text = getattr(value, "publisher", None) or str(value)
    return f"{text[:12]}…" if len(text) == 64 and " " not in text else text


Gone: TypeAlias = Mapping[str, Event]
"""What withdrew or replaced an event, by its id."""

More: TypeAlias = Mapping[str, tuple[Source, ...]]
"""Further places where an event was read, by its id."""


def event_row(record: Record, gone: Gone, more: More) -> tuple[Any, ...]:
    """One event as cells, in the order of `EVENT_COLUMNS`; several sources are told apart by semicolons."""
    event = record.event
    sources = (*event.sources, *more.get(event.id, ()))
    return (
        record.seq,
        event.id,
        event.kind,
        str(event.occurred),
        str(event.reported),
        event.claimant,
        _says(event),
        *("; ".join(getattr(s, part) or "" for s in sources) for part in ("publisher", "locator", "wording")),
        event.note,
        gone[event.id].id if event.id in gone else None,
    )


def event_line(record: Record, gone: Gone, more: More) -> str:
    """One event on one line."""
    event = record.event
    printed = "; ".join(
        source.publisher + (f" “{source.wording}”" if source.wording else "")
        for source in (*event.sources, *more.get(event.id, ()))
    )
    mark = f"  [{gone[event.id].kind}]" if event.id in gone else ""
    return visible(
        f"{record.seq:>4} {event.id[:8]}  {event.occurred!s:<21} {event.claimant}: {event.kind}, {_says(event)}"
        f"{f'  ({printed})' if printed else ''}{mark}"
    )
