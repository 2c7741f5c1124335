"""
Every single edit of a small log is made, clumsily and cleverly. A checkpoint kept elsewhere must expose each of them.

    python benchmarks/reliability/edits.py [--events 12]

An event is changed, removed or put in, two change places, the end is cut off, a time is changed: everywhere in the log.
Each by three attackers: one who changes bodies and times in the file and leaves the checksums; one who writes new
checksums too; and one who writes the whole log anew, so that it is as whole as any. Checked against the checkpoints of
every size, one by one and all together. What comes after a checkpoint is not vouched for by it, and not counted.

When an event was taken is not under the root: a time that was changed with its checksum is accepted while times do
not go back. That limit is counted as such.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import combinations
from pathlib import Path

import attrs
from shared import events, finish, parser

import kursk_timeline as kt
from kursk_timeline.errors import ProofError
from kursk_timeline.log import Log
from kursk_timeline.log.checkpoint import Checkpoint
from kursk_timeline.log.proofs import verify_extends
from kursk_timeline.stores.sqlite import SqliteStore, _checksum

START = dt.datetime(2026, 1, 1, tzinfo=dt.timezone.utc)
HOUR = dt.timedelta(hours=1)


@attrs.define
class Result:
    """What became of the edits; each is counted once for each checkpoint, or set of them, it was held against."""

    edits: int = 0
    """Different ones, by attacker."""
    held: int = 0
    """How often one was held against checkpoints that vouch for what was edited."""
    refused: Counter[str] = attrs.field(factory=Counter)
    accepted: int = 0
    misnamed: int = 0
    """Refused as something else than it is."""
    proofs: int = 0
    """Proofs of growth that the edited log was asked for, and that did not verify."""
    limit: int = 0
    """Times that were changed cleverly, and accepted: the known limit."""
    said: list[str] = attrs.field(factory=list)

    @property
    def kept(self) -> bool:
        return self.accepted == self.misnamed == 0 and self.refused.total() == self.held and not self.said

    def __str__(self) -> str:
        refused = ", ".join(f"{count:,} as {what}" for what, count in self.refused.most_common())
        found = (
            f"{self.edits:,} edits, {self.held:,} times held against checkpoints: refused {refused}; "
            f"{self.accepted} accepted, {self.misnamed} misnamed; {self.proofs:,} proofs refused; "
            f"{self.limit} changed times accepted (known limit)"
        )
        return "\n  ".join([found, *self.said[:10]])


def run(count: int = 12) -> Result:
    """Every edit of a log of so many events."""
    result = Result()
    with tempfile.TemporaryDirectory(prefix="kursk-edits-") as name:
        folder = Path(name)
        original = events(count, "original")
        _write(folder / "log.db", original)
        with closing(Log(SqliteStore(folder / "log.db"))) as log:
            checkpoints = [log.checkpoint(size) for size in range(1, count + 1)]
        whole = (folder / "log.db").read_bytes()
        path = folder / "edited.db"
        for label, edited in _edits(original):
            for attacker in ("bodies", "checksums", "everything"):
                path.unlink(missing_ok=True)
                if attacker == "everything":
                    _write(path, edited)
                    touched = False
                else:
                    path.write_bytes(whole)
                    touched = _overwrite(path, [one.canonical for one in edited], checksums=attacker == "checksums")
                result.edits += 1
                what = {"bodies": "damaged", "checksums": "rewritten"}[attacker] if touched else None
                _hold(path, original, edited, what, checkpoints, f"{label}, {attacker}", result)
        for seq in range(1, count + 1):
            _times(path, whole, seq, checkpoints[-1], result)
    return result


def _edits(original: Sequence[kt.Event]) -> Iterator[tuple[str, list[kt.Event]]]:
    """Every sequence of events that a single edit gives, and what was done."""
    other, count = events(1, "put in by somebody")[0], len(original)
    for place in range(count):
        before, here, after = original[:place], original[place], original[place + 1 :]
        yield f"event {place + 1} changed", [*before, other, *after]
        yield f"event {place + 1} removed", [*before, *after]
        yield f"an event put in before event {place + 1}", [*before, other, here, *after]
        yield f"cut off after event {place}", [*before]
    yield "an event put in at the end", [*original, other]
    for one, two in combinations(range(count), 2):
        swapped = [*original]
        swapped[one], swapped[two] = swapped[two], swapped[one]
        yield f"events {one + 1} and {two + 1} swapped", swapped


def _write(path: Path, sequence: Sequence[kt.Event]) -> None:
    """A log of these events in appends of one, two, three and so on; an hour passes between two."""
    hours = iter(range(10_000))
    with closing(Log(SqliteStore(path), clock=lambda: START + HOUR * next(hours))) as log:
        for start, end in _appends(len(sequence)):
            log.append(sequence[start:end])


def _appends(count: int) -> Iterator[tuple[int, int]]:
    start, size = 0, 1
    while start < count:
        yield start, min(count, start + size)
        start, size = start + size, size + 1


# --- the attackers -----------------------------------------------------------------------------


class _Unguarded:
    """The file's rows, with the triggers out of the way while the block lasts."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> sqlite3.Connection:
        self._db = sqlite3.connect(self._path)
        self._guards = self._db.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").fetchall()
        for name, _ in self._guards:
            self._db.execute(f"DROP TRIGGER {name}")
        return self._db

    def __exit__(self, *_: object) -> None:
        for _, sql in self._guards:
            self._db.execute(sql)
        self._db.commit()
        self._db.close()


def _overwrite(path: Path, bodies: Sequence[bytes], *, checksums: bool) -> bool:
    """Lay other bodies over a log's rows, the last of which takes what is left; whether a row was changed, not cut."""
    touched = False
    with _Unguarded(path) as db:
        found = db.execute("SELECT first, count, recorded_at, nodes, bodies FROM chunks ORDER BY first").fetchall()
        for number, (first, count, recorded_at, nodes, text) in enumerate(found, 1):
            part = bodies[first - 1 :] if number == len(found) else bodies[first - 1 : first - 1 + count]
            if not part:
                db.execute("DELETE FROM chunks WHERE first = ?", (first,))
            elif (new := b"\n".join(part)) != text.encode():
                touched = True
                db.execute("UPDATE chunks SET bodies = ? WHERE first = ?", (new.decode(), first))
                if checksums:
                    checksum = _checksum(first, len(part), recorded_at.encode(), nodes, new)
                    db.execute(
                        "UPDATE chunks SET count = ?, checksum = ? WHERE first = ?", (len(part), checksum, first)
                    )
    return touched


# --- the judge ---------------------------------------------------------------------------------


def _hold(
    path: Path,
    original: Sequence[kt.Event],
    edited: Sequence[kt.Event],
    what: str | None,
    checkpoints: Sequence[Checkpoint],
    label: str,
    result: Result,
) -> None:
    """Hold an edited log against checkpoints. `what` is what is wrong with it by itself; None if nothing is."""
    same = next((n for n, (a, b) in enumerate(zip(original, edited, strict=False)) if a.id != b.id), None)
    if same is None:
        same = min(len(original), len(edited))  # the longest start that both have
    sets = [*([one] for one in checkpoints), checkpoints]
    if what is not None:
        sets.append([])
    with closing(Log(SqliteStore(path))) as log:
        for some in sets:
            sizes = [one.size for one in some]
            if what is None and max(sizes) <= same:
                continue  # what these vouch for is there
            right = what or ("rewritten" if any(same < size <= len(edited) for size in sizes) else "truncated")
            result.held += 1
            try:
                log.verify(some)
                result.accepted += 1
                result.said.append(f"{label}: accepted against {sizes}")
            except kt.CorruptLogError as error:
                result.refused[error.what] += 1
                if error.what != right:
                    result.misnamed += 1
                    result.said.append(f"{label}: {error.what}, not {right}, against {sizes}: {error}")
        if what is None:
            for one in checkpoints[same:]:
                _prove(log, one, label, result)


def _prove(log: Log, saved: Checkpoint, label: str, result: Result) -> None:
    """A log that is whole in itself, and another than the saved one, cannot prove that it grew out of that."""
    try:
        verify_extends(log.prove_extends(saved.size), saved, log.checkpoint())
        result.accepted += 1
        result.said.append(f"{label}: proved growth from {saved.size}")
    except (ProofError, kt.QueryError):
        result.proofs += 1


def _times(path: Path, whole: bytes, seq: int, checkpoint: Checkpoint, result: Result) -> None:
    """Change when the append that begins with this event was taken: a little, and to long ago."""
    for checksums in (False, True):
        for shift in (dt.timedelta(minutes=1), -2 * HOUR):
            path.write_bytes(whole)
            with _Unguarded(path) as db:
                found = db.execute(
                    "SELECT count, recorded_at, nodes, bodies FROM chunks WHERE first = ?", (seq,)
                ).fetchone()
                if found is None:
                    return
                count, recorded_at, nodes, text = found
                new = (dt.datetime.fromisoformat(recorded_at) + shift).isoformat(timespec="microseconds")
                db.execute("UPDATE chunks SET recorded_at = ? WHERE first = ?", (new, seq))
                if checksums:
                    checksum = _checksum(seq, count, new.encode(), nodes, text.encode())
                    db.execute("UPDATE chunks SET checksum = ? WHERE first = ?", (checksum, seq))
            result.edits += 1
            goes_back = shift < dt.timedelta(0) and seq > 1
            with closing(Log(SqliteStore(path))) as log:
                try:
                    log.verify(checkpoint)
                except kt.CorruptLogError as error:
                    result.held += 1
                    result.refused[error.what] += 1
                    if error.what != ("rewritten" if checksums else "damaged"):
                        result.misnamed += 1
                        result.said.append(f"time of event {seq} by {shift}: {error.what}: {error}")
                else:
                    if checksums and not goes_back:
                        result.limit += 1
                    else:
                        result.held += 1
                        result.accepted += 1
                        result.said.append(f"time of event {seq} by {shift}: accepted")


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--events", type=int, default=12)
    asked = options.parse_args()
    finish("edits", None, lambda: run(asked.events))


if __name__ == "__main__":
    main()
