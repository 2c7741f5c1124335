"""
A log file opened and asked for one date, in processes of their own: with all they have to load, and from nothing.

The file is in the memory of the system already, as it is after a first run; a cold disk comes on top.
"""

from __future__ import annotations

import datetime as dt
import statistics
import time
from pathlib import Path

import attrs
from measure import RUNS, Fresh, fresh

import kursk_timeline as kt

KINDS = ("columns", "estimate", "state")
"""All accounts as columns; one estimate of a state; every estimate."""


def ask(tl: kt.Timeline, kind: str, day: dt.date) -> int:
    """Ask for a date; some number of the answer."""
    if kind == "columns":
        return len(tl.accounts_at(day))
    state = tl.state_at(day)
    return len(state.estimates) if kind == "state" else int(state["present/force-007/kursk"] is not None)


def open_and_ask(path: str | Path, kind: str, day: dt.date, *, snapshot: bool) -> float:
    """Seconds from opening until the answer; nothing is kept."""
    start = time.perf_counter()
    with kt.Timeline.open(path, snapshot=snapshot) as tl:
        ask(tl, kind, day)
        return time.perf_counter() - start


_CODE = """
import time
start = time.perf_counter()
import datetime
import kursk_timeline as kt
from opening import open_and_ask
imported = time.perf_counter() - start
answer = [imported, open_and_ask({path!r}, {kind!r}, datetime.date.fromordinal({day}), snapshot={snapshot})]
"""


@attrs.frozen
class Opened:
    """
    Medians of fresh processes.

    Args:
        imports: Seconds to import the library (and numpy, which this question needs).
        answer: From opening to the answer, imports made on the way included.
        process: From the start of the process to the answer.
        peak: Most bytes that a process held.
    """

    imports: float
    answer: float
    process: float
    peak: int


def opened(path: str | Path, kind: str, day: dt.date, *, snapshot: bool, runs: int = RUNS) -> Opened:
    """In so many processes, one after the other, after one that is not counted."""
    code = _CODE.format(path=str(path), kind=kind, day=day.toordinal(), snapshot=snapshot)
    if runs > 1:
        fresh(code)
    found: list[Fresh] = [fresh(code) for _ in range(runs)]
    return Opened(
        imports=statistics.median(one.answer[0] for one in found),
        answer=statistics.median(one.answer[1] for one in found),
        process=statistics.median(one.seconds for one in found),
        peak=int(statistics.median(one.peak for one in found)),
    )
