"""
How fast the peers are, without this library beside them.

    python benchmarks/speed/peers_alone.py [--events 1000000] [--accounts 100] [--days 1300] [--only pairs] [--markdown]

Needs the extras ``dev`` and ``bench``. Every answer is compared with every other's before it is timed; medians of
at least 5 runs after a warm one, the garbage collector off. `peers` holds the races, into which others may enter.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator

import measure
import numpy as np
from measure import Ratios
from peer_builds import numpy_sorted

import peers
from made import BASE, made

RACES = ("builds", "lookups", "dates", "pairs", "replays")

QUESTIONS = 100
PAIRS_ASKED = 20


def tables(asked: argparse.Namespace) -> Iterator[Ratios]:
    """One after the other, as they are done."""
    claims = made(asked.events, asked.accounts, asked.days, seed=asked.seed)
    columns = claims.columns_for_peers()
    days, known = peers.questions(claims, QUESTIONS)
    many = np.random.default_rng(11).choice(asked.days, min(peers.DATES_ASKED, asked.days), replace=False)
    dates = np.sort(many + BASE).astype(np.int32)

    if "builds" in asked.only:
        yield peers.builds(columns, runs=asked.runs)
    for one_per_day in (True, False):
        steps = numpy_sorted(columns, one_per_day=one_per_day)
        if "lookups" in asked.only:
            yield peers.lookups(steps, days, runs=asked.runs)
        if "dates" in asked.only:
            yield peers.dates(steps, dates, runs=asked.runs)
    if "pairs" in asked.only:
        yield peers.pairs(columns, list(zip(days, known, strict=True))[:PAIRS_ASKED], runs=asked.runs)
    if "replays" in asked.only:
        found, count = peers.replays(columns, min(asked.events, asked.aggregate_events), asked.runs)
        yield found
        for name, seconds in found.seconds.items():
            if "at a version" not in name:  # which replays the rest after a snapshot alone
                print(f"  {name}: {count / seconds:,.0f} events/s")


def main() -> None:
    """Run everything and print the tables."""
    measure.as_usual()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--accounts", type=int, default=100)
    parser.add_argument("--days", type=int, default=1_300)
    parser.add_argument("--aggregate-events", type=int, default=50_000, help="how many the eventsourcing package gets")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--runs", type=int, default=measure.RUNS)
    parser.add_argument("--only", nargs="+", choices=RACES, default=RACES)
    parser.add_argument("--markdown", action="store_true")
    asked = parser.parse_args()
    print(measure.machine() + "\n")
    for table in tables(asked):
        print((table.markdown() if asked.markdown else table.text()) + "\n", flush=True)


if __name__ == "__main__":
    sys.exit(main())
