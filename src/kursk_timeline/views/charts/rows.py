"""
What a chart shows, as rows of plain values: the only way by which text of sources enters a chart.

Field names are those written here and nowhere else. Text is only ever a value of a row, with
invisible and direction-changing characters spelled out and long texts cut; never a part of a formula,
an address or a field's name. (No field is called ``title`` or ``image``: tooltips treat those apart.)
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

import attrs

from kursk_timeline.errors import QueryError
from kursk_timeline.events.base import Event
from kursk_timeline.replay.account import Account, AccountHistory
from kursk_timeline.replay.bounds import FOREVER
from kursk_timeline.replay.history import History
from kursk_timeline.replay.notation import INFINITY, number, symbol
from kursk_timeline.replay.notation import span as bounds_text
from kursk_timeline.replay.steps import Step
from kursk_timeline.text import visible
from kursk_timeline.views.charts.look import DERIVED

Row: TypeAlias = dict[str, Any]

CURRENT, STALE, UNSURE = "current", "stale", "may not have begun"
STATUSES = (CURRENT, STALE, UNSURE)
"""How an account stands; a line's dash says it."""

MAX_SHOWN = 160
"""Longest text in a tooltip, in characters."""

MARKERS = 40
"""At most so many markers on one line; between them the line speaks for itself."""


def cut(text: object) -> str:
    """A text as a chart may show it."""
    seen = visible(str(text))
    return seen if len(seen) <= MAX_SHOWN else seen[: MAX_SHOWN - 1] + "…"


@attrs.frozen
class Days:
    """
    The days a chart shows, both ends included.

    Raises:
        QueryError: it ends before it begins.
    """

    first: dt.date
    last: dt.date

    def __attrs_post_init__(self) -> None:
        if self.last < self.first:
            raise QueryError(f"a chart from {self.first} to {self.last} has no days; give first= before last=")

    @classmethod
    def around(cls, first: dt.date, last: dt.date) -> Days:
        """These days and a little air on both sides."""
        a, b = sorted((first.toordinal(), last.toordinal()))
        air = max(2, (b - a) // 50)
        return cls(dt.date.fromordinal(max(a - air, 1)), dt.date.fromordinal(min(b + air, FOREVER - 1)))

    @property
    def until(self) -> dt.date:
        """The day after the last."""
        return dt.date.fromordinal(min(self.last.toordinal() + 1, FOREVER))

    def __len__(self) -> int:
        return self.until.toordinal() - self.first.toordinal()

    def cut(self, first: int, until: int) -> tuple[str, str] | None:
        """The part of a span (ordinals, the second excluded) that is shown, as texts; None where nothing is."""
        start, end = max(first, self.first.toordinal()), min(until, self.until.toordinal())
        if start >= end:
            return None
        return dt.date.fromordinal(start).isoformat(), dt.date.fromordinal(end).isoformat()


def days_text(first: int, until: int) -> str:
    """A span of days (ordinals, the second excluded) in words."""
    start = dt.date.fromordinal(first)
    if until >= FOREVER:
        return f"{start} to …"
    last = dt.date.fromordinal(until - 1)
    return f"{start}" if last == start else f"{start} to {last}"


def source_row(events: Sequence[Event]) -> Row:
    """Who says it, where it was read, and the printed words."""
    if not events:
        return {}
    event = events[-1]
    found = {"claimant": cut(event.claimant)}
    for source in event.sources[:1]:
        found["publisher"] = cut(source.publisher)
        if source.wording is not None:
            found["wording"] = cut(source.wording)
    return found


def _finite(value: float) -> float | None:
    return None if abs(value) == float("inf") else value


def _amounts(low: float, best: float, high: float, unit: str | None) -> Row:
    return {
        "low": _finite(low),
        "best": best,
        "high": _finite(high),
        "value": f"{number(best)} {symbol(unit)}",
        "bounds": bounds_text(low, high),
    }


# --- accounts of a number ----------------------------------------------------------------------


def _status(said: Account) -> str:
    return STALE if said.stale else CURRENT if said.certain else UNSURE


def account_rows(account: AccountHistory, days: Days) -> list[Row]:
    """One row for each span of days on which an account of a number says and is the same."""
    found: list[tuple[int, Account]] = []
    for day in sorted(account.days_of_change()):
        said = account.on(day)
        if said is not None and not (found and _same(found[-1][1], said)):
            found.append((day, said))
    rows = []
    for (day, said), until in zip(found, [*(day for day, _ in found[1:]), FOREVER], strict=True):
        shown = days.cut(day, until)
        if shown is None:
            continue
        behind = said.made_by
        best = said.quantity.best
        rows.append(
            {"party": cut(said.party), "day": shown[0], "until": shown[1], "status": _status(said)}
            | _amounts(said.low, best, said.high, said.unit)
            | {"days": days_text(day, until)}
            | source_row(behind.get("best") or behind.get("high") or behind.get("low") or ())
        )
    return rows


def _same(one: Account, other: Account) -> bool:
    return (one.value, one.certain, one.stale) == (other.value, other.certain, other.stale)


def step_rows(steps: Iterable[Step], days: Days, party: str = DERIVED) -> list[Row]:
    """One row for each step of an estimate of a number."""
    rows = []
    for step in steps:
        until = FOREVER if step.last is None else step.last.toordinal() + 1
        shown = days.cut(step.first.toordinal(), until)
        if shown is None or step.low is None or step.high is None or not isinstance(step.best, (int, float)):
            continue
        status = STALE if step.stale else CURRENT if step.certain else UNSURE
        rows.append(
            {"party": party, "day": shown[0], "until": shown[1], "status": status}
            | _amounts(step.low, step.best, step.high, step.unit)
            | {"days": days_text(step.first.toordinal(), until)}
        )
    return rows


def disputed_rows(steps: Iterable[Step], days: Days) -> list[Row]:
    """The spans on which the accounts contradict each other."""
    spans: list[list[int]] = []
    for step in steps:
        if not step.disputed:
            continue
        first, until = step.first.toordinal(), FOREVER if step.last is None else step.last.toordinal() + 1
        if spans and spans[-1][1] == first:
            spans[-1][1] = until
        else:
            spans.append([first, until])
    rows = []
    for first, until in spans:
        shown = days.cut(first, until)
        if shown is not None:
            rows.append({"day": shown[0], "until": shown[1], "days": days_text(first, until), "what": "disputed"})
    return rows


def line_rows(rows: Sequence[Row]) -> list[Row]:
    """
    The rows of one line, ready to be drawn as steps.

    A run is a stretch that is drawn alike. Each ends in a row of no width, which leads the line to
    where the next run begins. Markers stand where the line changes, not closer than `MARKERS` a line.
    """
    drawn: list[Row] = []
    run, marked = 0, _marked(rows)
    for place, row in enumerate(rows):
        following = rows[place + 1] if place + 1 < len(rows) else None
        drawn.append(row | {"run": run, "open": row["high"] is None, "marker": place in marked})
        if following is None or _drawn_as(following) != _drawn_as(row):
            ahead = row if following is None or (following["high"] is None) != (row["high"] is None) else following
            kept = {name: row[name] for name in ("party", "status")}
            levels = {name: ahead[name] for name in ("low", "high")}
            best = row["best"] if following is None else following["best"]
            drawn.append(
                kept
                | levels
                | {"best": best, "day": row["until"], "until": row["until"], "run": run, "open": row["high"] is None}
            )
            run += 1
    return [row | {"derived": True} if row["party"] == DERIVED else row for row in drawn]


def _marked(rows: Sequence[Row]) -> set[int]:
    """
    Where the party said something: its best figure is another one, or it is heard anew.

    That a claim may have been made, at 0 so far, is no place for a marker.
    """
    found = []
    for place, row in enumerate(rows):
        before = rows[place - 1] if place else None
        if before is None:
            speaks = row["status"] != UNSURE or row["best"] != 0
        elif row["status"] == CURRENT and before["status"] != UNSURE:
            speaks = True
        else:
            speaks = row["best"] != before["best"]
        if speaks:
            found.append(place)
    return set(found[:: max(1, -(-len(found) // MARKERS))])


def _drawn_as(row: Row) -> tuple[object, ...]:
    return row["status"], row["high"] is None, row["low"] is None


def ceiling(rows: Iterable[Row]) -> tuple[float, float]:
    """The lowest and highest value to draw; what has no upper bound runs out of the top."""
    several = list(rows)
    amounts = [row[name] for row in several for name in ("low", "best", "high") if row[name] is not None]
    top, bottom = max([0, *amounts]), min([0, *amounts])
    is_open = any(row["high"] is None for row in several)
    return bottom, (top - bottom or 1) * (1.12 if is_open else 1.05) + bottom


def bounded(rows: Sequence[Row], bottom: float, top: float) -> None:
    """Give open bounds a place to be drawn at: the edges of the panel, and two heights at which they fade."""
    for row in rows:
        if row["low"] is None:
            row["low"] = bottom
        if row["high"] is None:
            row["high"] = top
            row["near"] = row["low"] + (top - row["low"]) / 3
            row["far"] = row["low"] + (top - row["low"]) * 2 / 3


def open_rows(rows: Sequence[Row], place: float) -> list[Row]:
    """One sign for each stretch without an upper bound, at a share of its width (so that neighbours' differ)."""
    found: list[Row] = []
    for row in rows:
        if not row["open"]:
            continue
        if found and found[-1]["until"] == row["day"]:
            found[-1]["until"] = row["until"]
        else:
            words = {"sign": f"↑{INFINITY}", "what": "no upper bound is claimed"}
            found.append({"party": row["party"], "from": row["day"], "until": row["until"], **words})
    for one in found:
        first, until = (dt.date.fromisoformat(one[end]).toordinal() for end in ("from", "until"))
        one["day"] = dt.date.fromordinal(first + round((until - first) * place)).isoformat()
    return found


# --- names -------------------------------------------------------------------------------------


def holder_rows(history: History, days: Days) -> list[Row]:
    """
    Who held a place: one row for each step and possible holder.

    Where several are possible, each has its share of the bar's height (`lower` to `upper`, of 1).
    """
    rows = []
    for step in history.steps:
        until = FOREVER if step.last is None else step.last.toordinal() + 1
        shown = days.cut(step.first.toordinal(), until)
        if shown is None or step.holders is None:
            continue
        holders = sorted(step.holders)
        words = [name for name, holds in (("stale", step.stale), ("disputed", step.disputed)) if holds]
        if not step.certain:
            words.append(UNSURE)
        estimate = history.at(step.first)
        accounts = {} if estimate is None else estimate.accounts
        said = "; ".join(f"{a.party}: {' or '.join(sorted(a.holders))}" for a in accounts.values())
        behind = [event for a in accounts.values() if a.counts for event in a.made_by.get("holders", ())]
        for place, holder in enumerate(holders):
            rows.append(
                {
                    "place": cut(history.key.subject),
                    "holder": cut(holder),
                    "day": shown[0],
                    "until": shown[1],
                    "lower": place / len(holders),
                    "upper": (place + 1) / len(holders),
                    "status": STALE if step.stale else CURRENT if step.certain else UNSURE,
                    "names": cut(" or ".join(holders) + (f" ({', '.join(words)})" if words else "")),
                    "disputed": bool(step.disputed),
                    "first": place == 0,
                    "days": days_text(step.first.toordinal(), until),
                    "said": cut(said),
                }
                | source_row(behind)
            )
    return rows
