"""
A process that appends is killed at a random moment, a thousand times. Nothing it was told is kept may be gone.

    python benchmarks/reliability/kills.py [--kills 1000] [--store sqlite|postgres] [--seed 1]

A kill leaves the operating system running, so this says nothing about power cuts: see `power`.
"""

from __future__ import annotations

import os
import random
import signal
import time

import attrs
from shared import STORES, Row, events, finish, fork, open_store, parser, places, rows

import kursk_timeline as kt
from kursk_timeline.log import Log
from kursk_timeline.log.checkpoint import Checkpoint
from kursk_timeline.log.merkle import EMPTY_ROOT
from kursk_timeline.log.proofs import verify_extends

BATCH = 3
LIVES = (1, 1, 1, 47)
"""How many kills a log goes through: many are killed while they are made, some live long."""
SECONDS = {"sqlite": (0.010, 0.040), "postgres": (0.080, 0.080)}
"""Longest time until a kill, of a new log and of another: to open it takes some milliseconds."""


@attrs.define
class Result:
    """What the kills did; events are counted."""

    kills: int = 0
    logs: int = 0
    early: int = 0
    """Kills before anything was acknowledged."""
    unheard: int = 0
    """Kills after a commit that nobody was told of."""
    acknowledged: int = 0
    lost: int = 0
    changed: int = 0
    halves: int = 0
    """Batches that went in by half."""
    said: list[str] = attrs.field(factory=list)
    """What was wrong, for whoever has to find out why."""

    @property
    def kept(self) -> bool:
        return not self.said and self.lost == self.changed == self.halves == 0

    def __str__(self) -> str:
        found = (
            f"{self.kills:,} kills of {self.logs} logs ({self.early} before the first answer, {self.unheard} between "
            f"commit and answer), {self.acknowledged:,} events acknowledged: {self.lost} lost, {self.changed} changed, "
            f"{self.halves} half batches"
        )
        return "\n  ".join([found, *self.said[:10]])


def run(kills: int = 1000, store: str = "sqlite", seed: int = 1) -> Result:
    """Kill so many times, at moments that the seed gives."""
    rng, result = random.Random(seed), Result()
    with places(store) as new:
        while result.kills < kills:
            where, known, checkpoint = new(), list[Row](), Checkpoint(size=0, root=EMPTY_ROOT)
            result.logs += 1
            for life in range(min(LIVES[result.logs % len(LIVES)], kills - result.kills)):
                tag = f"log {result.logs}, life {life}"
                told = _killed(where, tag, rng.uniform(0, SECONDS[store][bool(known)]), len(known))
                result.kills += 1
                result.early += told == len(known)
                result.acknowledged += told - len(known)
                try:
                    known, checkpoint = _look(where, tag, known, told, checkpoint, result)
                except kt.TimelineError as error:
                    result.said.append(f"{tag}: {type(error).__name__}: {error}")
                    break
    return result


def _batches(tag: str, number: int) -> list[kt.Event]:
    """Batch so-and-so of a child: known here without being told."""
    return events(BATCH, f"{tag}, batch {number}")


def _killed(where: str, tag: str, seconds: float, before: int) -> int:
    """Let a child append until it is killed; how many events there are by the last it told."""
    reading, writing = os.pipe()

    def append() -> None:
        log = Log(open_store(where))
        for number in range(1_000_000):
            os.write(writing, b"%d\n" % log.append(_batches(tag, number)).size)

    pid = fork(append)
    os.close(writing)
    time.sleep(seconds)
    os.kill(pid, signal.SIGKILL)
    status = os.waitpid(pid, 0)[1]
    if not os.WIFSIGNALED(status):
        raise RuntimeError("the child failed by itself; see above")
    with os.fdopen(reading, "rb") as pipe:
        return max([before, *(int(line) for line in pipe if line.endswith(b"\n"))])


def _look(
    where: str, tag: str, known: list[Row], told: int, checkpoint: Checkpoint, result: Result
) -> tuple[list[Row], Checkpoint]:
    """Compare what is there with what was told; everything that is there now, and its checkpoint."""
    log = Log(open_store(where))
    try:
        log.store.begin()  # waits until a server has noticed that the killed one is gone
        log.store.roll_back()
        found = rows(log)
        wanted = [
            (event.id, event.canonical) for n in range((told - len(known)) // BATCH) for event in _batches(tag, n)
        ]
        result.lost += max(0, told - len(found))
        result.changed += sum(one != other for one, other in zip(known, found, strict=False))
        result.changed += sum(one != other[2:] for one, other in zip(wanted, found[len(known) : told], strict=False))
        unheard = found[told:]
        result.halves += len(found) % BATCH != 0
        if unheard:
            result.unheard += 1
            if [row[2:] for row in unheard] != [
                (e.id, e.canonical) for e in _batches(tag, (told - len(known)) // BATCH)
            ]:
                result.said.append(
                    f"{tag}: behind the {told} events told there is not the one batch that was under way"
                )
        log.verify(checkpoint)
        now = log.checkpoint()
        if checkpoint.size:
            verify_extends(log.prove_extends(checkpoint.size), checkpoint, now)
    finally:
        log.close()
    return found, now


def main() -> None:
    options = parser(__doc__, seeded=True)
    options.add_argument("--kills", type=int, default=1000)
    options.add_argument("--store", choices=STORES, default="sqlite")
    asked = options.parse_args()
    finish(f"kills, {asked.store}", asked.seed, lambda: run(asked.kills, asked.store, asked.seed))


if __name__ == "__main__":
    main()
