"""
How long a first answer takes, and a warm one; and what a whole history costs.

    python benchmarks/first_answer.py

Prints medians. CPU time of fresh processes for the first answer, wall time for the rest.
"""

from __future__ import annotations

import platform
import random
import statistics
import subprocess
import sys
import time
import timeit
from collections.abc import Callable

import kursk_timeline as kt
from kursk_timeline.replay import bounds
from kursk_timeline.replay.bounds import Claim

FRESH = """
import time
import kursk_timeline as kt
imported = time.process_time()
kt.state_at("2025-06-22").territory["ukraine"].held.high
print(imported, time.process_time())
"""


def fresh(runs: int = 11) -> tuple[float, float]:
    """Median CPU seconds of a fresh process: until imported, and until it has answered."""
    rows = []
    for _ in range(runs):
        out = subprocess.run([sys.executable, "-c", FRESH], capture_output=True, text=True, check=True).stdout
        rows.append([float(word) for word in out.split()])
    imported, answered = zip(*rows, strict=True)
    return statistics.median(imported), statistics.median(answered)


def median(call: Callable[[], object], *, number: int, runs: int = 7) -> float:
    """Median seconds of one call."""
    return statistics.median(timeit.repeat(call, number=number, repeat=runs)) / number


def claims(count: int, *, windowed: float, seed: int = 1) -> list[Claim]:
    """An invented account over 1,300 days: half sets, half adds, a share of windows up to 60 days wide."""
    rng = random.Random(seed)
    made = []
    for order in range(1, count + 1):
        first = rng.randrange(1300)
        last = first + (rng.randrange(1, 61) if rng.random() < windowed else 0)
        low = rng.randrange(1000)
        made.append(Claim(order, first, last, (first + last) // 2, rng.random() < 0.5, low, low + 5, low + 10))
    return made


def main() -> None:
    """Run everything and print a table."""
    print(f"kursk_timeline {kt.__version__}, Python {platform.python_version()}, {platform.machine()}")
    imported, answered = fresh()
    print(f"{'import, CPU of a fresh process':58} {imported * 1e3:10.1f} ms")
    print(f"{'import and first answer, CPU of a fresh process':58} {answered * 1e3:10.1f} ms")

    def ask() -> object:
        held = kt.state_at("2025-06-22").territory["ukraine"].held
        assert held is not None
        return held.low, held.best, held.high

    ask()
    print(f"{'warm state_at':58} {median(lambda: kt.state_at('2025-06-22'), number=200) * 1e3:10.4f} ms")
    print(f"{'warm state_at and one estimate':58} {median(ask, number=200) * 1e3:10.4f} ms")
    everything = median(lambda: kt.state_at("2025-06-22").all_estimates(), number=20)
    print(f"{'warm state_at and every estimate of the record':58} {everything * 1e3:10.4f} ms")

    for count, windowed in ((1_000, 0.0), (10_000, 0.0), (1_000, 0.1), (1_000, 1.0)):
        account = claims(count, windowed=windowed)
        start = time.perf_counter()
        steps = bounds.steps(account)
        seconds = time.perf_counter() - start
        label = f"history of {count:,} claims, {windowed:.0%} windowed ({len(steps):,} steps)"
        print(f"{label:58} {seconds * 1e3:10.1f} ms")


if __name__ == "__main__":
    main()
