"""
Many processes append to one log at once. No number is skipped, given twice or lost, and each race has one winner.

    python benchmarks/reliability/writers.py [--writers 8] [--appends 1000] [--sizes 500] [--store sqlite|postgres]
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from itertools import pairwise

import attrs
from shared import STORES, events, finish, fork, open_store, parser, places, rows

import kursk_timeline as kt
from kursk_timeline.log import Log


@attrs.define
class Result:
    """What the writers did."""

    writers: int
    appends: int = 0
    """Acknowledged, of single events."""
    lost: int = 0
    misplaced: int = 0
    """Records whose number is not the one that was told, or whose time lies before their predecessor's."""
    seconds: float = 0.0
    """That the appends took, all writers together."""
    sizes: int = 0
    """Raced for with `expected_size`."""
    won: int = 0
    refused: int = 0
    """Attempts that were told that somebody was first."""
    said: list[str] = attrs.field(factory=list)

    @property
    def kept(self) -> bool:
        return self.lost == self.misplaced == 0 and self.won == self.sizes and not self.said

    def __str__(self) -> str:
        found = (
            f"{self.writers} writers, {self.appends:,} appends ({self.appends / self.seconds:,.0f}/s): {self.lost} "
            f"lost, {self.misplaced} out of place; races for {self.sizes:,} sizes: {self.won:,} won, {self.refused:,} "
            f"attempts refused, {len(self.said)} wrongly"
        )
        return "\n  ".join([found, *self.said[:10]])


def run(writers: int = 8, appends: int = 1000, sizes: int = 500, store: str = "sqlite") -> Result:
    """So many processes, and so many single appends of each; then races for so many sizes."""
    result = Result(writers)
    with places(store) as new:
        _append(new(), appends, result)
        _race(new(), sizes, result)
    return result


def _together(where: str, writers: int, work: Callable[[Log, int], list[str]]) -> tuple[list[list[str]], float]:
    """Let children work on one log, from the same moment; the words of each line they give, and the seconds it took."""
    children = []
    start_reading, start_writing = os.pipe()
    reading, writing = os.pipe()
    for number in range(writers):

        def child(number: int = number) -> None:
            os.close(start_writing)
            with closing(Log(open_store(where))) as log:  # whoever is first makes it
                os.write(writing, b"ready\n")
                os.read(start_reading, 1)  # ends when the parent closes its end
                said = work(log, number)
                with os.fdopen(writing, "w") as pipe:
                    for line in said:
                        pipe.write(f"{line}\n")
                        pipe.flush()  # so short a line goes in whole

        children.append(fork(child))
    os.close(writing)
    os.close(start_reading)
    with os.fdopen(reading) as pipe:
        for _ in range(writers):
            pipe.readline()
        start = time.perf_counter()
        os.close(start_writing)
        lines = [line.split() for line in pipe]
    seconds = time.perf_counter() - start
    for pid in children:
        if os.waitpid(pid, 0)[1]:
            raise RuntimeError("a writer failed; see above")
    return lines, seconds


def _append(where: str, appends: int, result: Result) -> None:
    def work(log: Log, writer: int) -> list[str]:
        said = []
        for one in events(appends, f"writer {writer}"):
            (record,) = log.append(one).added
            said.append(f"{record.seq} {record.event.id}")
        return said

    told, result.seconds = _together(where, result.writers, work)
    with closing(Log(open_store(where))) as log:
        log.verify()
        found = rows(log)
    result.appends = len(told)
    ids = {id_ for _, _, id_, _ in found}
    wanted = {one.id for writer in range(result.writers) for one in events(appends, f"writer {writer}")}
    result.lost = len(wanted - ids)
    places = {seq: id_ for seq, _, id_, _ in found}
    result.misplaced = sum(places.get(int(seq)) != id_ for seq, id_ in told)
    result.misplaced += sum(later[1] < earlier[1] for earlier, later in pairwise(found))
    if [row[0] for row in found] != list(range(1, len(wanted) + 1)) or len(ids) != len(found):
        result.said.append(f"{len(found)} records of {len(ids)} events, where {len(wanted)} are right, without gaps")


def _race(where: str, sizes: int, result: Result) -> None:
    def work(log: Log, writer: int) -> list[str]:
        said, tries = [], 0
        while (size := len(log)) < sizes:
            tries += 1
            (one,) = events(1, f"writer {writer}, try {tries}")
            try:
                log.append(one, expected_size=size)
                said.append(f"won {size} {one.id}")
            except kt.ConflictError as error:
                said.append(f"refused {size} {error.expected_size} {error.actual_size} {len(log)}")
        return said

    told, _ = _together(where, result.writers, work)
    with closing(Log(open_store(where))) as log:
        log.verify()
        found = rows(log)
    won = {int(size): id_ for what, size, id_, *_ in told if what == "won"}
    winners = Counter(int(size) for what, size, *_ in told if what == "won")
    result.sizes = len(found)  # somebody may win the one after the last
    result.won = sum(count == 1 and found[size][2] == won[size] for size, count in winners.items())
    for what, *numbers in told:
        if what == "refused":
            result.refused += 1
            size, expected, actual, after = map(int, numbers)
            if not size == expected < actual <= after:
                result.said.append(f"refused at size {size}: expected {expected}, actual {actual}, then {after}")


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--writers", type=int, default=8)
    options.add_argument("--appends", type=int, default=1000)
    options.add_argument("--sizes", type=int, default=500)
    options.add_argument("--store", choices=STORES, default="sqlite")
    asked = options.parse_args()
    finish(f"writers, {asked.store}", None, lambda: run(asked.writers, asked.appends, asked.sizes, asked.store))


if __name__ == "__main__":
    main()
