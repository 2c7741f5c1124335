"""Events as rows: what happened, in a few words, and when."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

import attrs

from kursk_timeline.events.base import Event
from kursk_timeline.events.kinds import (
    OperationLaunched,
    SettlementContested,
    SettlementTaken,
    StatementMade,
    StrikesReported,
)
from kursk_timeline.quantity import Quantity
from kursk_timeline.replay.account import days_of
from kursk_timeline.replay.bounds import FOREVER
from kursk_timeline.views.charts.rows import Days, Row, cut, days_text, source_row

LANES = 3
"""How many lines of words the strip of happenings has."""

LETTER = 5.6
"""Width of a letter in a strip's words, in pixels: about that of a digit at this size."""


NEAR = 24
"""So close, in pixels, the same words are not written again."""

STATEMENT = "statement"


def what_happened(event: Event) -> str:
    """
    The event in a few words: ``operation launched by …``, ``… taken by …``, or its kind and its figures.
    """
    match event:
        case OperationLaunched(by=by):
            return f"operation launched by {by}"
        case SettlementTaken(settlement=place, by=by):
            return f"{place} taken by {by}"
        case SettlementContested(settlement=place):
            return f"{place} contested"
        case StrikesReported(by=by):
            return f"strikes by {by}" + (f": {event.count}" if event.count is not None else "")
        case StatementMade(about=str(topic)):
            return f"{STATEMENT}: {topic}"
    figures = [f"{name} {figure}" for name, figure in _figures(event).items()]
    about = [getattr(event, name, None) for name in ("force", "holder", "by")]
    return ", ".join([event.kind.replace("-", " "), *(one for one in about if one), *figures])


def _figures(event: Event) -> dict[str, Quantity]:
    found = {field.name: getattr(event, field.name) for field in attrs.fields(type(event))}
    return {name: value for name, value in found.items() if isinstance(value, Quantity)}


def event_rows(events: Iterable[Event], days: Days) -> list[Row]:
    """One row for each event: its window, its middle (None where that is not shown), its kind and what happened."""
    rows = []
    for event in events:
        if not event.is_claim:
            continue
        first, last, middle = days_of(event)
        until = min(last + 1, FOREVER)
        shown = days.cut(first, until)
        if shown is None:
            continue
        rows.append(
            {
                "kind": event.kind.replace("-", " "),
                "day": shown[0],
                "until": shown[1],
                "middle": at[0] if (at := days.cut(middle, middle + 1)) else None,
                "wide": until - first > 1,
                "what": cut(what_happened(event)),
                "days": days_text(first, until),
            }
            | source_row([event])
        )
    return rows


def happening_rows(events: Iterable[Event], days: Days, width: int) -> list[Row]:
    """
    The events that are no figures, for a strip above a chart: each with a lane, and words where they fit.

    What several claimants report in the same words within a few days is written once. What has no words
    stands in the lowest lane, where it hides none.
    """
    plain = [event for event in events if event.is_claim and not _figures(event)]
    found = [row for row in event_rows(plain, days) if row["middle"] is not None]
    found.sort(key=lambda row: (row["middle"], row["what"].startswith(STATEMENT)))
    ends = [float("-inf")] * LANES
    said: dict[str, float] = {}
    for row in found:
        x = (dt.date.fromisoformat(row["middle"]).toordinal() - days.first.toordinal()) / len(days) * width
        words = row["what"]
        long = len(words) * LETTER + 24
        lane = next((lane for lane, end in enumerate(ends) if end <= x), None)
        is_new = x - said.get(words, float("-inf")) > NEAR
        if lane is None or not is_new or x + long > width or words.startswith(STATEMENT):
            row["lane"], row["words"] = LANES, ""
            continue
        row["lane"], row["words"] = lane, words
        ends[lane], said[words] = x + long, x
    return found
