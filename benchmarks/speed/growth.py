"""
How the cost of each work grows with the log.

    python benchmarks/speed/growth.py [--to 7] [--markdown] [--write docs/performance.md]

From 10**3 to 10**7 invented events of 100 accounts, each size in a process of its own, in a log file. Medians of 5
runs, of one where opening takes tens of seconds. Ten million take some minutes, 11 GB of memory (the first
append by a process reads every id), and 5 GB in the temporary folder.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import measure
import numpy as np
import opening
import ours
from measure import RUNS, duration, fresh, median_of, median_once, median_over, put_into

import kursk_timeline as kt
from kursk_timeline.engines import kernel
from kursk_timeline.engines.columns import OPEN64
from made import BASE, made, sqlite_log

QUESTIONS = 100
APPENDED = 20

ONCE_FROM = 3_000_000
"""Logs so long are opened once."""


def costs(events: int, folder: str) -> dict[str, float]:
    """
    Seconds and bytes for a log of so many events; run in a process of its own.

    The file stays, for `opening` to be measured in others.
    """
    claims, path = made(events), Path(folder, "log.db")
    found: dict[str, float] = {"write": sqlite_log(claims, path)}
    given, floors = ours.kernel_claims(claims), np.full(claims.accounts, -OPEN64)
    found["build"] = median_of(lambda: kernel.histories(given, floors))

    rng = np.random.default_rng(7)

    def days(count: int) -> list[tuple[int]]:
        return [(day,) for day in (rng.permutation(claims.days)[:count] + BASE).tolist()]

    with kt.Timeline.open(path, snapshot=False) as tl:
        index = ours.live_of(tl).index()
        found["columns"] = median_over(index.at, days(QUESTIONS))
        for (day,) in days(8):  # by then the days on which parties spoke are computed
            tl.state_at(ours.day_of(day)).estimates  # noqa: B018  # to be computed
        found["state"] = median_once(lambda day: tl.state_at(ours.day_of(day)).estimates, days(QUESTIONS))
        found["known build"] = median_of(lambda: ours.known_index(tl))
        known = ours.known_index(tl)
        asked = [(day, other) for (day,), (other,) in zip(days(20), days(20), strict=True)]
        found["pair"] = median_over(known.at, asked)
        found["bytes"] = ours.live_of(tl).columns.nbytes + index.nbytes
        del known
        tl.save_snapshot()
    with kt.Timeline.open(path) as tl:
        tl.accounts_at(ours.day_of(BASE))
        more = ours.more_claims(claims, 2 * APPENDED, seed=2)
        took = ours.appended(tl, claims, more, ours.ask_columns)
        found["append"] = statistics.median(took.append[APPENDED:])
        found["answer"] = statistics.median(took.answer[APPENDED:])
        tl.save_snapshot()
    return found


def measured(events: int) -> dict[str, float]:
    """The same, and what only fresh processes can tell."""
    with tempfile.TemporaryDirectory() as folder:
        child = fresh(f"from growth import costs; answer = costs({events}, {folder!r})")
        found: dict[str, float] = child.answer
        found["peak of all"] = child.peak
        day, path = ours.day_of(BASE + 700), Path(folder, "log.db")
        for name, snapshot in (("open", False), ("open with", True)):
            runs = 1 if events >= ONCE_FROM and not snapshot else RUNS
            one = opening.opened(path, "columns", day, snapshot=snapshot, runs=runs)
            found[name], found[f"{name}: peak"] = one.answer, one.peak
    return found


def _bytes(figure: float) -> str:
    return f"{figure / 2**20:,.0f} MiB" if figure < 2**30 else f"{figure / 2**30:,.1f} GiB"


ROWS: Mapping[str, tuple[str, Callable[[float], str]]] = {
    "write": ("write the log file (not a work of the library's: see `made`)", duration),
    "build": ("build all histories from columns", duration),
    "open": ("open without a snapshot and answer one date, fresh process, after the import", duration),
    "open with": ("the same with a snapshot", duration),
    "columns": ("one date, all accounts as columns", duration),
    "state": ("a full State, 100 estimates", duration),
    "known build": ("the build for pairs", duration),
    "pair": ("one (date, known_on) pair", duration),
    "append": ("append one backdated event, durably, to the file", duration),
    "answer": ("then all accounts as columns", duration),
    "per event": ("memory of columns and index, bytes an event", lambda figure: f"{figure:,.0f}"),
    "open: peak": ("peak memory of the process that opens without a snapshot", _bytes),
    "open with: peak": ("the same with a snapshot", _bytes),
    "peak of all": ("peak memory of the process that does everything else here", _bytes),
}


def table(found: Mapping[int, Mapping[str, float]]) -> list[list[str]]:
    """A row for each work, a column for each size."""
    rows = [["", *(f"{events:,}" for events in found)]]
    for name, (what, said) in ROWS.items():
        rows.append([what, *(said(figures[name]) for figures in found.values())])
    return rows


def text(rows: list[list[str]]) -> str:
    """For a terminal."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)


def markdown(rows: list[list[str]]) -> str:
    """For the documentation."""
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([lines[0].replace("|  |", "| events |", 1), "|---|" + "---:|" * (len(rows[0]) - 1), *lines[1:]])


def main() -> None:
    """Measure every size and print the table."""
    measure.as_usual()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--to", type=int, default=7, help="the power of ten to end with")
    parser.add_argument("--markdown", action="store_true")
    parser.add_argument("--write", type=Path, help="a page to put the table into")
    asked = parser.parse_args()
    machine = measure.machine()
    print(f"{machine}\n", flush=True)
    found: dict[int, dict[str, Any]] = {}
    for power in range(3, asked.to + 1):
        figures = found[10**power] = measured(10**power)
        figures["per event"] = figures["bytes"] / 10**power
        print(json.dumps({"events": 10**power, **figures}), flush=True)
    rows = table(found)
    print("\n" + (markdown(rows) if asked.markdown else text(rows)))
    if asked.write is not None:
        said = machine.replace("\n", "<br>\n")
        put_into(asked.write, "growth", f"{said}\n\n{markdown(rows)}")


if __name__ == "__main__":
    sys.exit(main())
