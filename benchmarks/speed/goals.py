"""
What this library is to reach, and what it reaches: one table.

    python benchmarks/speed/goals.py [--events 1000000] [--only builds pairs] [--markdown] [--write docs/performance.md]

Peers run in the same process, one after the other, and every answer is compared before it is timed. Medians of at least
5 runs after a warm one, the garbage collector off. Needs the extras ``dev``, ``fast`` and ``bench``, a quiet machine,
8 GB of memory, 5 GB in the temporary folder, and a quarter of an hour. Invented claims: see `made`.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from pathlib import Path

import attrs
import measure
import numpy as np
import opening
import ours
from measure import Ratios, duration, fresh, median_of, median_once, median_over, put_into
from peer_builds import numpy_sorted

import kursk_timeline as kt
import peers
from kursk_timeline.engines import kernel
from kursk_timeline.engines.columns import OPEN64
from kursk_timeline.engines.sweep import compiled, sweep
from kursk_timeline.replay import bounds
from made import BASE, Made, PeerColumns, made, memory_log, sqlite_log

QUESTIONS = 100
PAIRS_ASKED = 20
APPENDED = 200
APPENDED_TO_FILE = 50
WINDOWED = 0.1
HOT = 10_000
"""Claims of the one account with nothing but windows."""

PLAIN_BASELINE = 2.9
"""Seconds that a plain version once took for such an account."""

OLD_REPLAY = 108_000
"""Events a second of the `eventsourcing` package, as they were first measured."""

AGGREGATE_EVENTS = 50_000


@attrs.frozen
class Line:
    """
    One line of the table.

    Args:
        work: What was done.
        ours: How long it took, or how much, in words.
        goal: What was to be reached, in words.
        found: The ratio that was found.
        reached: Whether; None for a figure without a goal.
    """

    work: str
    ours: str
    goal: str = ""
    found: str = ""
    reached: bool | None = None

    @property
    def verdict(self) -> str:
        """Whether it was reached, in words."""
        return self.found if self.reached is None else f"{'yes' if self.reached else 'NO'}, {self.found}"


def faster(work: str, seconds: float, who: str, theirs: float, times: float | None = None) -> Line:
    """A line about somebody who should take so many times as long; without `times` it is only said."""
    ratio = theirs / seconds
    goal = f"{who}: {duration(theirs)}"
    if times is None:
        return Line(work, duration(seconds), goal, f"{ratio:,.2f} ×")
    return Line(work, duration(seconds), f"{times:g} × faster than {goal}", f"{ratio:,.2f} ×", ratio >= times)


def within(work: str, seconds: float, limit: float) -> Line:
    """A line about a time that should not be exceeded."""
    return Line(work, duration(seconds), f"≤ {duration(limit)}", f"{seconds / limit:.2f} of it", seconds <= limit)


def at_most(work: str, seconds: float, who: str, theirs: float, times: float) -> Line:
    """A line about somebody of whose time ours should not be more than so many times."""
    ratio = seconds / theirs
    goal = f"≤ {times:g} × {who}: {duration(theirs)}"
    return Line(work, duration(seconds), goal, f"{ratio:.2f} ×", ratio <= times)


def best_of(found: Ratios, *names: str) -> tuple[str, float]:
    """The quickest of those whose name begins so."""
    return min(((n, s) for n, s in found.seconds.items() if n.startswith(names)), key=lambda one: one[1])


class Bench:
    """What all lines are measured on, made when it is first needed."""

    def __init__(self, asked: argparse.Namespace, folder: Path) -> None:
        self.events, self.runs, self.folder = asked.events, asked.runs, folder
        self.replay_events = min(asked.events, asked.replay_events)
        self.races: list[Ratios] = []
        """What was found on the way: everybody's times."""

    @cached_property
    def claims(self) -> Made:
        """Exact days, 100 accounts."""
        return made(self.events)

    @cached_property
    def tl(self) -> kt.Timeline:
        """A log of them in memory, read and built."""
        tl = kt.Timeline(memory_log(self.claims))
        tl.accounts_at(ours.day_of(BASE))
        return tl

    @cached_property
    def path(self) -> Path:
        """A log of them in a file, with a snapshot beside it."""
        path = self.folder / "log.db"
        sqlite_log(self.claims, path)
        with kt.Timeline.open(path, snapshot=False) as tl:
            tl.save_snapshot()
        return path

    def days(self, count: int, seed: int = 7) -> list[int]:
        """Random days, and no day twice where there are enough."""
        rng = np.random.default_rng(seed)
        days = rng.choice(self.claims.days, count, replace=count > self.claims.days)
        return (days + BASE).tolist()

    def race(self, found: Ratios) -> Ratios:
        """Keep it for later."""
        self.races.append(found)
        return found


# --- one section after the other ---------------------------------------------------------------


def builds(bench: Bench) -> Iterator[Line]:
    """All histories from columns."""
    columns = bench.claims.columns_for_peers()
    found = bench.race(peers.builds(columns, ours.builds(bench.claims, bench.tl), bench.runs))
    time_of = found.seconds
    seconds = time_of[f"{ours.NAME}: low, best and high"]
    work = "build all histories from columns (low, best, high)"
    cumulative, windows = "polars: sort, cumulative expressions", "duckdb: windows, one partition"
    bare = "numpy: one sort and a scan (the limit by sorting)"
    yield faster(work, seconds, cumulative, time_of[cumulative], 4)
    yield faster(work, seconds, windows, time_of[windows], 15)
    yield at_most(work, seconds, bare, time_of[bare], 2)
    for name in ("polars: the same, sorted by one integer", "polars: by day first, then cumulative"):
        yield faster(work, seconds, name, time_of[name])
    name = "duckdb: by day first, then windows"
    yield faster(work, seconds, name, time_of[name])
    alone = time_of[f"{ours.NAME}: best alone"]
    yield faster("build the best value alone, which is what peers build", alone, bare, time_of[bare])
    yield faster("build the best value alone", alone, *best_of(found, "polars"))


def lookups(bench: Bench) -> Iterator[Line]:
    """One date, all accounts, as columns."""
    columns = bench.claims.columns_for_peers()
    days = bench.days(QUESTIONS)
    for one_per_day in (True, False):
        steps = ours.floored(numpy_sorted(columns, one_per_day=one_per_day))
        found = bench.race(peers.lookups(steps, days, ours.lookups(bench.tl), bench.runs))
        table = f"table with a row for each {'account and day' if one_per_day else 'event'}"
        for name in ("Index.at", "Timeline.accounts_at"):
            seconds = found.seconds[f"{ours.NAME}: {name}"]
            tables = best_of(found, "polars", "duckdb", "pandas: filter")
            yield faster(f"warm state_at as columns, {name}; {table}", seconds, *tables, 15)
            yield faster(f"warm state_at as columns, {name}; {table}", seconds, *best_of(found, "sqlite3"), 5)
        seconds = found.seconds[f"{ours.NAME}: Index.at"]
        by_hand = best_of(found, "pandas: composite")
        yield faster(f"warm state_at as columns, Index.at; {table}", seconds, *by_hand)
        yield faster(f"warm state_at as columns, Index.at; {table}", seconds, *best_of(found, "numpy"))


def growth(bench: Bench) -> Iterator[Line]:
    """The same on ten times as many events, in a process of its own."""
    days = [(day,) for day in bench.days(QUESTIONS)]
    small = median_over(ours.live_of(bench.tl).index().at, days, bench.runs)
    code = f"import goals; answer = goals.look_up({10 * bench.events}, {[day for (day,) in days]}, {bench.runs})"
    large = fresh(code).answer
    work = f"warm state_at as columns, {10 * bench.events:,} events"
    yield at_most(work, large, f"that of {bench.events:,} events", small, 3)


def look_up(events: int, days: list[int], runs: int) -> float:
    """Median seconds of a look-up in a log of so many events, which is made, written and opened first."""
    with tempfile.TemporaryDirectory() as folder:
        sqlite_log(made(events), Path(folder, "log.db"))
        with kt.Timeline.open(Path(folder, "log.db")) as tl:
            return median_over(ours.live_of(tl).index().at, [(day,) for day in days], runs)


def states(bench: Bench) -> Iterator[Line]:
    """The same as objects, each date asked for once."""
    tl, key = bench.tl, "present/force-007/kursk"
    start = time.perf_counter()
    first = tl.state_at(ours.day_of(BASE + 700))
    assert len(first.estimates) == bench.claims.accounts
    first_seconds = time.perf_counter() - start
    for day in bench.days(8, seed=3):  # by then the days on which parties spoke are computed
        assert tl.state_at(ours.day_of(day)).estimates
    days = [(ours.day_of(day),) for day in bench.days(5 * QUESTIONS, seed=17)]
    full = median_once(lambda day: tl.state_at(day).estimates, days)
    days = [(ours.day_of(day),) for day in bench.days(5 * QUESTIONS, seed=18)]
    lazy = median_once(lambda day: tl.state_at(day)[key], days)
    again = median_over(lambda day: tl.state_at(day).estimates, days[:QUESTIONS], bench.runs)
    yield within(f"a full State: all {bench.claims.accounts} estimates of a date not asked for before", full, 1e-3)
    yield Line("a full State of dates asked for before", duration(again))
    yield Line("the very first State after the build", duration(first_seconds))
    yield faster("a State, and one estimate of it", lazy, "the full one", full, 1)


def dates(bench: Bench) -> Iterator[Line]:
    """Many dates at once, to Arrow."""
    columns = bench.claims.columns_for_peers()
    days = np.sort(bench.days(peers.DATES_ASKED, seed=11)).astype(np.int32)
    for one_per_day in (True, False):
        steps = ours.floored(numpy_sorted(columns, one_per_day=one_per_day))
        found = bench.race(peers.dates(steps, days, ours.dates(bench.tl), bench.runs))
        table = f"table with a row for each {'account and day' if one_per_day else 'event'}"
        for name, what in (
            ("Index.many, to Arrow (low, best, high, certain)", "Index.many, 6 columns"),
            ("Timeline.accounts, to Arrow (11 columns)", "Timeline.accounts, 11 columns"),
        ):
            seconds = found.seconds[f"{ours.NAME}: {name}"]
            for peer in ("polars: join_asof", "pandas: merge_asof"):
                work = f"{len(days):,} dates × {steps.accounts} accounts to Arrow, {what}; {table}"
                yield faster(work, seconds, peer, found.seconds[peer], 3)


def pairs(bench: Bench) -> Iterator[Line]:
    """A date by what was known on another."""
    columns = bench.claims.columns_for_peers()
    build = median_of(lambda: ours.known_index(bench.tl), bench.runs)
    asked = list(zip(*(days[:PAIRS_ASKED] for days in peers.questions(bench.claims, QUESTIONS)), strict=True))
    found = bench.race(peers.pairs(columns, asked, ours.pairs(bench.tl), bench.runs, floor=ours.FLOOR))
    work = "one (date, known_on) pair"
    for name in ("KnownIndex.at", "Timeline.accounts_at(known_on=)"):
        seconds = found.seconds[f"{ours.NAME}: {name}"]
        yield within(f"{work}, {name}", seconds, 1e-3)
        yield faster(f"{work}, {name}", seconds, *best_of(found, "duckdb"), 10)
    seconds = found.seconds[f"{ours.NAME}: KnownIndex.at"]
    for peer in ("numpy", "polars"):
        yield faster(f"{work}, KnownIndex.at", seconds, *best_of(found, peer))
    yield Line("the one build for all pairs", duration(build))
    key = "present/force-007/kursk"
    days = {known: ours.day_of(day) for day, known in asked}  # each day of knowledge once: one helps with no other
    objects = [(day, ours.day_of(known)) for known, day in days.items()]
    half = len(objects) // 2
    one = median_once(lambda day, known: bench.tl.state_at(day, known_on=known)[key], objects[:half])
    every = median_once(lambda day, known: bench.tl.state_at(day, known_on=known).estimates, objects[half:])
    yield within(f"{work}, a State and one estimate of it", one, 1e-3)
    yield Line(f"{work}, every estimate of a State", duration(every))


def appends(bench: Bench) -> Iterator[Line]:
    """A backdated event, and a right answer after it; every answer is checked."""
    tl = kt.Timeline(memory_log(bench.claims))  # one that may change
    tl.state_at(ours.day_of(BASE + 700))
    tl.accounts_at(ours.day_of(BASE + 700))
    claims = bench.claims
    for seed, (what, ask) in enumerate(ours.ASKS.items(), 2):
        more = ours.more_claims(claims, APPENDED, seed)
        took = ours.appended(tl, claims, more, ask).both
        claims = joined(claims, more)
        work = f"append a backdated event, log in memory, then {what}"
        yield within(work, statistics.median(took), 1e-3)
        spread = f"mean {duration(statistics.mean(took))}, worst {duration(max(took))}"
        yield Line(f"{work}: the first of {len(took)}", duration(took[0]), found=spread)
    with kt.Timeline.open(bench.path, snapshot=False) as on_disk:
        on_disk.accounts_at(ours.day_of(BASE + 700))
        more = ours.more_claims(bench.claims, APPENDED_TO_FILE, seed=9)
        took_file = ours.appended(on_disk, bench.claims, more, ours.ask_columns)
    del bench.path  # it has more events now, and is made anew where somebody needs it
    (bench.folder / "log.db").unlink()
    append, answer = statistics.median(took_file.append), statistics.median(took_file.answer)
    yield Line("append a backdated event durably to an SQLite file", duration(append))
    yield Line("all accounts as columns after that", duration(answer))


def joined(claims: Made, more: Made) -> Made:
    """One after the other."""
    both = (attrs.astuple(one, recurse=False)[:8] for one in (claims, more))
    return Made(*(np.concatenate(two) for two in zip(*both, strict=True)), accounts=claims.accounts, days=claims.days)


def replays(bench: Bench) -> Iterator[Line]:
    """The general fold over event objects whose days and amounts were looked at before; the collector off."""
    events = [record.event for record in bench.tl.log.records(size=bench.replay_events)]
    start = time.perf_counter()
    values = kt.replay(events, ours.fold_values, {})
    first = time.perf_counter() - start
    assert values == _last_values(bench.claims, len(events)), "the fold ends with something else"

    peer_events = min(bench.events, AGGREGATE_EVENTS)
    found, count = peers.replays(bench.claims.columns_for_peers(), peer_events, bench.runs)
    peer_rates = {name: count / seconds for name, seconds in found.seconds.items() if "at a version" not in name}
    works: dict[str, tuple[Callable[..., object], list[kt.Event]]] = {
        f"a value set and added to, {len(events):,} events": (_replayed_values, events),
        f"a value set and added to, {count:,} events": (_replayed_values, events[:count]),
        f"a step that counts, {len(events):,} events": (_replayed_count, events),
    }
    rates = {name: len(given) / median_of(lambda w=w, g=given: w(g), bench.runs) for name, (w, given) in works.items()}
    in_order = sorted(events, key=lambda event: event.middle_day)
    plain = len(events) / median_of(lambda: _plain_fold(in_order), bench.runs)
    # As seconds of so many events, so that they can stand in one table.
    everybody = {f"{ours.NAME}: {name}": rate for name, rate in rates.items()} | peer_rates
    bench.race(Ratios("replay event objects, time of a million", {n: 1e6 / rate for n, rate in everybody.items()}))
    peer, fastest = max(peer_rates.items(), key=lambda one: one[1])
    for name, rate in rates.items():
        said, ratio, beside = f"{rate / 1e6:,.2f} million/s", rate / OLD_REPLAY, rate / fastest
        if f"{len(events):,}" in name:
            yield Line(f"replay, {name}", said, f"≥ 40 × {OLD_REPLAY:,}/s", f"{ratio:,.1f} ×", ratio >= 40)
        best = f"{peer}, {count:,} events, in this run: {fastest / 1e6:,.2f} million/s"
        yield Line(f"replay, {name}", said, best, f"{beside:.2f} ×")
    yield Line("the same values, a plain loop over the same objects in the same order", f"{plain / 1e6:,.2f} million/s")
    yield Line("replay of events never looked at before", f"{len(events) / first:,.0f}/s")


def _last_values(claims: Made, count: int) -> dict[str, int]:
    """What every force ends with."""
    columns = claims.columns_for_peers()
    steps = numpy_sorted(PeerColumns(*(column[:count] for column in attrs.astuple(columns, recurse=False))))
    ends = np.flatnonzero(np.append(steps.account[1:] != steps.account[:-1], True))
    pairs_ = zip(steps.account[ends].tolist(), steps.value[ends].tolist(), strict=True)
    return {f"force-{account:03d}": value for account, value in pairs_}


def _replayed_values(events: list[kt.Event]) -> dict[str, int]:
    return kt.replay(events, ours.fold_values, {})


def _replayed_count(events: list[kt.Event]) -> int:
    return kt.replay(events, ours.fold_count, 0)


def _plain_fold(events: list[kt.Event]) -> dict[str, int]:
    values: dict[str, int] = {}
    for event in events:
        values = ours.fold_values(values, event)
    return values


def windows(bench: Bench) -> Iterator[Line]:
    """Histories where days are windows."""
    exact, some = bench.claims, made(bench.events, windowed=WINDOWED)
    floors = np.full(exact.accounts, -OPEN64)
    given = [ours.kernel_claims(one) for one in (exact, some)]
    seconds = [median_of(lambda one=one: kernel.histories(one, floors), bench.runs) for one in given]
    way = "compiled" if compiled() else "not compiled"
    work = f"all histories, {WINDOWED:.0%} with windows up to 60 days, {way}"
    yield at_most(work, seconds[1], "exact days", seconds[0], 5)
    yield from hot(bench, way)


def hot(bench: Bench, way: str) -> Iterator[Line]:
    """One account with nothing but windows."""
    one = made(min(HOT, bench.events), accounts=1, windowed=1.0)
    given = ours.kernel_claims(one)
    work = f"one account of {len(one):,} claims, all with windows, {way}"
    seconds = median_of(lambda: kernel.histories(given, np.array([-OPEN64])), bench.runs)
    yield faster(work, seconds, "the plain version of old", PLAIN_BASELINE, 30)
    if not compiled():
        return
    rows = given.plain()
    plain_steps = bounds.steps(rows)
    assert kernel.bounds_of(kernel.histories(given, np.array([-OPEN64])), 0) == plain_steps, "other bounds"
    # Once more after that, as often as others: it takes seconds.
    plain = median_of(lambda: bounds.steps(rows), bench.runs, is_warm=True)
    yield faster(work, seconds, "replay.bounds.steps, plain Python", plain, 30)
    columns = (np.array([0, len(one)]), one.first, one.last, one.adds, one.low, one.high)
    swept, uncompiled = (
        median_of(lambda plain=plain: sweep(*columns, plain=plain), bench.runs) for plain in (False, True)
    )
    yield faster("the sweep alone (no best value), compiled", swept, "sweep(plain=True)", uncompiled)


def uncompiled(bench: Bench) -> Iterator[Line]:
    """The same where numba is not installed, in a process that finds none."""
    code = f"import goals; answer = goals.lines_without({bench.events}, {bench.runs})"
    yield from (Line(*one) for one in fresh(code, compiled=False).answer)


def lines_without(events: int, runs: int) -> list[tuple[object, ...]]:
    """The lines in which numba has a part, in the process that runs this."""
    assert not compiled(), "there is numba here"
    asked = argparse.Namespace(events=events, runs=runs, replay_events=0)
    bench = Bench(asked, Path())
    lines = list(windows(bench))
    index = ours.known_index(bench.tl)
    questions = list(zip(*(days[:PAIRS_ASKED] for days in peers.questions(bench.claims, QUESTIONS)), strict=True))
    lines.append(within("one (date, known_on) pair, not compiled", median_over(index.at, questions, runs), 1e-3))
    return [attrs.astuple(line) for line in lines]


def openings(bench: Bench) -> Iterator[Line]:
    """A file of a log, opened and asked for one date."""
    day = ours.day_of(bench.days(1)[0])
    for snapshot, limit in ((False, 5.0), (True, 0.3)):
        way = "with a snapshot" if snapshot else "no snapshot"
        here = median_of(lambda s=snapshot: opening.open_and_ask(bench.path, "columns", day, snapshot=s), bench.runs)
        yield within(f"open an SQLite log and answer one date, {way}, libraries loaded", here, limit)
        for kind, what in (("columns", "all accounts as columns"), ("state", "every estimate of a State")):
            found = opening.opened(bench.path, kind, day, snapshot=snapshot, runs=bench.runs)
            work = f"open in a fresh process, {way}, {what}"
            yield within(f"{work}; after the import", found.answer, limit)
            said = f"import {duration(found.imports)}, peak memory {found.peak / 2**20:,.0f} MiB"
            yield Line(f"{work}; from the start of the process", duration(found.process), "", said)
    size = (bench.folder / "log.db.snapshot").stat().st_size
    yield Line("the snapshot, on disk", f"{size / bench.events:.0f} bytes an event")


def memory(bench: Bench) -> Iterator[Line]:
    """What columns and index hold."""
    live = ours.live_of(bench.tl)
    columns, index = live.columns.nbytes / bench.events, live.index().nbytes / bench.events
    total = columns + index
    parts = f"columns {columns:.0f}, index {index:.0f}"
    yield Line("memory of columns and index", f"{total:.0f} bytes an event", "≤ 150", parts, total <= 150)
    known = ours.known_index(bench.tl).pairs
    given = sum(one.nbytes for one in known._given) + known._adds.nbytes
    yield Line(
        "the index for pairs, which is made when first asked for",
        f"{(known.nbytes + given) / bench.events:.0f} bytes an event",
        found=f"its own rows {given / bench.events:.0f}, order and blocks {known.nbytes / bench.events:.0f}",
    )
    empty = fresh("import numpy, kursk_timeline.engines.live").peak
    yield Line("peak memory of a process that imports the library and numpy", f"{empty / 2**20:,.0f} MiB")


SECTIONS: Mapping[str, Callable[[Bench], Iterator[Line]]] = {
    "builds": builds,
    "lookups": lookups,
    "growth": growth,
    "states": states,
    "dates": dates,
    "pairs": pairs,
    "appends": appends,
    "replays": replays,
    "windows": windows,
    "uncompiled": uncompiled,
    "openings": openings,
    "memory": memory,
}


# --- printing ----------------------------------------------------------------------------------


def text(lines: list[Line]) -> str:
    """For a terminal."""
    rows = [(line.work, line.ours, line.goal, line.verdict) for line in lines]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)


def markdown(lines: list[Line]) -> str:
    """For the documentation: what has a goal, and what is only said."""
    tables = []
    for head, some in (
        ("| work | ours | goal | reached |", [line for line in lines if line.reached is not None]),
        ("| work | ours | beside | |", [line for line in lines if line.reached is None]),
    ):
        rows = [f"| {line.work} | {line.ours} | {line.goal} | {_marked(line)} |" for line in some]
        tables.append("\n".join([head, "|---|---:|---|---|", *rows]))
    return "\n\n".join(tables)


def _marked(line: Line) -> str:
    return f"**no**, {line.found}" if line.reached is False else line.verdict


def main() -> None:
    """Run everything and print the table."""
    measure.as_usual()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--replay-events", type=int, default=1_000_000, help="how many event objects are folded")
    parser.add_argument("--runs", type=int, default=measure.RUNS)
    parser.add_argument("--only", nargs="+", choices=SECTIONS, default=list(SECTIONS))
    parser.add_argument("--without", nargs="+", choices=SECTIONS, default=[])
    parser.add_argument("--markdown", action="store_true")
    parser.add_argument("--write", type=Path, help="a page to put the tables into")
    asked = parser.parse_args()
    assert asked.runs >= 5, "a median of fewer says little"
    machine, lines = measure.machine(), []
    print(f"{machine}\n{asked.events:,} events\n", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(asked, Path(folder))
        for name in SECTIONS:
            if name not in asked.only or name in asked.without:
                continue
            found = list(SECTIONS[name](bench))
            lines += found
            print(f"{name}\n{text(found)}\n", flush=True)
    missed = [line for line in lines if line.reached is False]
    print(f"{sum(line.reached is not None for line in lines)} goals, {len(missed)} missed\n")
    print("\n\n".join(race.markdown() if asked.markdown else race.text() for race in bench.races))
    if asked.markdown:
        print("\n" + markdown(lines))
    if asked.write is not None:
        said = f"{machine}".replace("\n", "<br>\n")
        races = "\n\n".join(race.markdown() for race in bench.races)
        put_into(asked.write, "goals", f"{said}<br>\n{asked.events:,} events.\n\n{markdown(lines)}")
        put_into(asked.write, "races", races)


if __name__ == "__main__":
    sys.exit(main())
