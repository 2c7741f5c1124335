"""
The power fails at any moment of an append, in thousands of simulated ways. What was acknowledged must be there after.

    python benchmarks/reliability/power.py [--states 4000] [--seed 1]

What the store asks of the disk is recorded (`disk`). Then a moment is chosen, and out of all that the disk need not
have kept by then, what it did keep:

* of each file, what was written up to its last sync is there;
* of what was written later, any part is, in any order, torn at 512 bytes;
* a file that was not synced may have any length it had since, and its new parts may hold zeros, nonsense or an old
  file's bytes;
* a file that was made or deleted is so for sure only when its folder was synced after.

The ordinary store opens what is left. As a check of the simulator itself, weaker settings of SQLite must lose events.
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import attrs
from disk import Disk, DiskStore, Op
from shared import Row, events, finish, parser, rows

import kursk_timeline as kt
from kursk_timeline.log import Log
from kursk_timeline.log.port import CHUNK_EVENTS
from kursk_timeline.stores.sqlite import SqliteStore

SECTOR = 512
CONTROLS = ("synchronous = OFF", "synchronous = NORMAL", "journal_mode = DELETE")
"""Weaker than what the store sets: each of them must be caught losing something."""

Files = Mapping[str, bytes]
"""The files of a folder, by name."""


@attrs.frozen
class Work:
    """
    Appends to be recorded.

    Args:
        sessions: For each time the log is opened, how many events are appended at a time.
        pragmas: Settings that make the database do more than it would, and keep no less.
        crashed: Whether there was a crash before, so that the first thing to do is to recover.
    """

    name: str
    sessions: Sequence[Sequence[int]]
    pragmas: Sequence[str] = ()
    crashed: bool = False


WORKS = (
    Work("a new log, single events", [[1, 1, 1, 1]]),
    Work("batches", [[5, 20, 7]]),
    # A cache of a few pages is written back in the midst of a transaction.
    Work("a batch of several chunks", [[1, CHUNK_EVENTS + 6]], ["cache_size = 8"]),
    Work("opened again and again", [[30], [3, 1], [], [2]]),
    Work("recovering from a crash", [[4, 1]], crashed=True),
)
RECORDINGS = 10
"""How many crashes there are to recover from."""


@attrs.frozen
class Recording:
    """
    What some appends asked of the disk.

    Args:
        ops: In order.
        start: The files that were there before, all of them durable; they have the numbers from 0.
        rows: The records in the end.
        sizes: Every size that a crash may leave: that before, and that after each append.
    """

    ops: Sequence[Op]
    start: Files
    rows: Sequence[Row]
    sizes: Sequence[int]


@attrs.define
class Result:
    """What the crashes left."""

    states: int = 0
    unheard: int = 0
    """States with the batch that was under way, which nobody was told of."""
    lost: int = 0
    damaged: int = 0
    said: list[str] = attrs.field(factory=list)
    controls: dict[str, Result] = attrs.field(factory=dict)

    @property
    def kept(self) -> bool:
        """Nothing is lost as it is, and something is with every weaker setting."""
        return self.lost == self.damaged == 0 and all(one.lost for one in self.controls.values())

    def __str__(self) -> str:
        found = [f"{self.states:,} crash states: {self.lost} lost, {self.damaged} damaged", *self.said[:10]]
        for setting, one in self.controls.items():
            teeth = "" if one.lost else ": THE SIMULATOR HAS NO TEETH"
            found.append(f"control, {setting}: {one.states:,} states, {one.lost} lost, {one.damaged} damaged{teeth}")
        return "\n  ".join(found)


def run(states: int = 4000, seed: int = 1, controls: Sequence[str] = CONTROLS) -> Result:
    """So many crash states, shared among the workloads; a quarter as many for each weaker setting."""
    result = _crashes(states, seed)
    for setting in controls:
        result.controls[setting] = _crashes(states // 4, seed, setting)
    return result


def _crashes(states: int, seed: int, *pragmas: str) -> Result:
    result = Result()
    with tempfile.TemporaryDirectory(prefix="kursk-power-") as name:
        folder = Path(name) / "log"
        recordings = {work.name: _recordings(work, folder, seed, pragmas) for work in WORKS}
        for number in range(states):
            work = WORKS[number % len(WORKS)]
            rng = random.Random(f"{seed} {number}")
            recording = rng.choice(recordings[work.name])
            moment = _moment(recording.ops, rng)
            found = _judge(recording, moment, left(recording, moment, rng), folder)
            result.states += 1
            result.unheard += found == "unheard"
            result.lost += found.startswith("lost")
            result.damaged += found.startswith("damaged")
            if found not in ("", "unheard"):
                result.said.append(f"state {number}, {work.name}, after {moment} of {len(recording.ops)}: {found}")
    return result


def _moment(ops: Sequence[Op], rng: random.Random) -> int:
    """How many of the operations were asked for. Every second time, the last was to say that events are kept."""
    after = [place + 1 for place, op in enumerate(ops) if op.kind == "ack"]
    return rng.choice(after) if rng.random() < 0.5 else rng.randrange(len(ops) + 1)


# --- recording ---------------------------------------------------------------------------------


def _recordings(work: Work, folder: Path, seed: int, pragmas: Sequence[str]) -> list[Recording]:
    if not work.crashed:
        return [_record(work, folder, {}, [], pragmas)]
    before = _record(WORKS[1], folder, {}, [], ())
    made: list[Recording] = []
    rng = random.Random(f"{seed} recovering")
    first = next(place for place, op in enumerate(before.ops) if op.kind == "ack")
    while len(made) < RECORDINGS:
        files = left(before, rng.randrange(first, len(before.ops)), rng)
        if files.get(f"{LOG}-journal"):
            _put(files, folder)
            with closing(Log(SqliteStore(folder / LOG))) as log:
                made.append(_record(work, folder, files, rows(log), pragmas))
    return made


LOG = "log.db"


def _put(files: Files, folder: Path) -> None:
    """A folder with these files and no others."""
    folder.mkdir(exist_ok=True)
    for path in folder.iterdir():
        path.unlink()
    for name, content in files.items():
        (folder / name).write_bytes(content)


def _record(work: Work, folder: Path, start: Files, known: Sequence[Row], pragmas: Sequence[str]) -> Recording:
    """Do the appends, on top of these files and records."""
    _put(start, folder)
    disk, found, sizes = Disk(), list(known), [len(known)]
    for name in start:
        disk.number(str(folder / name))
    for session, batches in enumerate(work.sessions):
        with closing(Log(DiskStore(folder / LOG, disk, *work.pragmas, *pragmas))) as log:
            for number, count in enumerate(batches):
                size = log.append(events(count, f"{work.name}, {session}, {number}")).size
                disk.ops.append(Op("ack", at=size))
                found, sizes = rows(log), [*sizes, size]
    disk.unregister()
    return Recording(disk.ops, start, found, sizes)


# --- what a crash leaves -----------------------------------------------------------------------


def left(recording: Recording, moment: int, rng: random.Random) -> Files:
    """The files after a crash at this moment; the rest is chance."""
    durable = {number: bytearray(content) for number, content in enumerate(recording.start.values())}
    waiting: dict[int, list[Op]] = {number: [] for number in durable}
    names: dict[str, int | None] = {name: number for number, name in enumerate(recording.start)}
    renamed: dict[str, list[int | None]] = {}
    for op in recording.ops[:moment]:
        match op.kind:
            case "write" | "truncate":
                waiting[op.file].append(op)
            case "sync":
                for one in waiting[op.file]:
                    _do(one, durable[op.file])
                waiting[op.file] = []
            case "create":
                durable[op.file], waiting[op.file] = bytearray(), []
                renamed.setdefault(op.name, []).append(op.file)
            case "delete":
                renamed.setdefault(op.name, []).append(None)
            case "dirsync":
                names |= {name: steps[-1] for name, steps in renamed.items()}
                renamed = {}
    for name, steps in renamed.items():
        names[name] = rng.choice([names.get(name), *steps])
    old = b"".join(bytes(content) for content in durable.values())
    return {
        name: bytes(_survived(durable[number], waiting[number], old, rng))
        for name, number in names.items()
        if number is not None
    }


def _do(op: Op, content: bytearray) -> None:
    if op.kind == "truncate":
        del content[op.at :]
        return
    content.extend(bytes(max(0, op.at - len(content))))
    content[op.at : op.at + len(op.data)] = op.data


def _survived(content: bytearray, waiting: Sequence[Op], old: bytes, rng: random.Random) -> bytearray:
    """A file's durable content, and what else of it survived."""
    lengths = [len(content)]
    for op in waiting:
        lengths.append(op.at if op.kind == "truncate" else max(lengths[-1], op.at + len(op.data)))
    share = rng.choice((0.0, rng.random(), 1.0))
    pieces = [piece for op in waiting for piece in (_torn(op) if rng.random() < 0.5 else [op])]
    if rng.random() < 0.5:
        rng.shuffle(pieces)
    kept = [piece for piece in pieces if rng.random() < share]
    length = rng.choice(lengths)
    end = max([length, *(piece.at + len(piece.data) for piece in kept)])
    missing = max(0, end - len(content))
    # What was never written and is in the file nonetheless may be anything, bytes of a deleted file among it.
    match rng.randrange(3):
        case 0:
            content = content + bytes(missing)
        case 1:
            content = content + rng.randbytes(missing)
        case _:
            content = content + (old * (missing // max(1, len(old)) + 1))[:missing].ljust(missing, b"\0")
    for piece in kept:
        _do(piece, content)
    del content[rng.choice((length, max(length, end))) :]
    return content


def _torn(op: Op) -> list[Op]:
    """A write in parts that end where a sector does."""
    if op.kind != "write":
        return [op]
    end = op.at + len(op.data)
    cuts = [op.at, *range(op.at - op.at % SECTOR + SECTOR, end, SECTOR), end]
    return [attrs.evolve(op, at=a, data=op.data[a - op.at : b - op.at]) for a, b in pairwise(cuts)]


# --- the judge ---------------------------------------------------------------------------------


def _judge(recording: Recording, moment: int, files: Files, folder: Path) -> str:
    """What is wrong with what a crash left; nothing if all is well."""
    acknowledged = max([recording.sizes[0], *(op.at for op in recording.ops[:moment] if op.kind == "ack")])
    allowed = [size for size in recording.sizes if size >= acknowledged][:2]
    _put(files, folder)
    try:
        with closing(Log(SqliteStore(folder / LOG))) as log:
            found = rows(log)
            size = len(found)
            log.verify()
            if found != list(recording.rows[:size]):
                return "damaged: the records are others"
            if size not in allowed:
                return (
                    f"{'lost' if size < acknowledged else 'damaged'}: {size} records, where one of {allowed} is right"
                )
            log.append(events(1, "after the crash"))
            log.verify()
    except kt.LogError as error:
        return f"damaged: {type(error).__name__}: {error}"
    return "unheard" if size > acknowledged else ""


def main() -> None:
    options = parser(__doc__, seeded=True)
    options.add_argument("--states", type=int, default=4000)
    asked = options.parse_args()
    finish("power cuts, sqlite", asked.seed, lambda: run(asked.states, asked.seed))


if __name__ == "__main__":
    main()
