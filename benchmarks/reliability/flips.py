"""
Every byte of a log's file is changed, one at a time. Each must be noticed, or make no difference at all.

    python benchmarks/reliability/flips.py [--every 1] [--bits]
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import attrs
from shared import events, finish, parser, rows

import kursk_timeline as kt
from kursk_timeline.log import Log
from kursk_timeline.log.checkpoint import Checkpoint
from kursk_timeline.stores.sqlite import SqliteStore

APPENDS = (1, 1, 5, 2, 3)
HANG = 1.0
"""Seconds after which a look at so small a file counts as one that never ends."""


@attrs.define
class Result:
    """What the flips did."""

    size: int
    """Of the file, in bytes."""
    flips: int = 0
    noticed: Counter[str] = attrs.field(factory=Counter)
    """How often each error was raised."""
    late: int = 0
    """Of those noticed, by the root or `verify` only."""
    misread: int = 0
    """Of those, where reading gave other records."""
    harmless: int = 0
    silent: int = 0
    other: Counter[str] = attrs.field(factory=Counter)
    """Errors that nobody should see."""
    slowest: float = 0.0
    said: list[str] = attrs.field(factory=list)

    @property
    def kept(self) -> bool:
        noticed = self.noticed.total() + self.harmless == self.flips
        return noticed and self.silent == self.misread == 0 and not self.other and self.slowest < HANG

    def __str__(self) -> str:
        noticed = ", ".join(f"{count:,} {name}" for name, count in self.noticed.most_common())
        others = "".join(f", {count:,} {name}" for name, count in self.other.most_common())
        found = (
            f"{self.flips:,} flips in {self.size:,} bytes: noticed {noticed} ({self.late:,} of them only by verify, "
            f"{self.misread} after other records were read); {self.harmless:,} harmless, {self.silent} silent, "
            f"{self.other.total()} other errors{others}; slowest {self.slowest * 1000:.0f} ms"
        )
        return "\n  ".join([found, *self.said[:10]])


def run(every: int = 1, bits: bool = False, appends: Sequence[int] = APPENDS) -> Result:
    """Flip all bits, or one bit at a time, of every so-manieth byte."""
    with tempfile.TemporaryDirectory(prefix="kursk-flips-") as name:
        whole, path = Path(name) / "whole.db", Path(name) / "log" / "log.db"
        with closing(Log(SqliteStore(whole))) as log:
            for number, count in enumerate(appends):
                log.append(events(count, f"append {number}"))
            right, root, checkpoint = rows(log), log.root, log.checkpoint()
        content = whole.read_bytes()
        result = Result(len(content))
        _put_back(path, content)

        def dropped(left: Any) -> None:
            """An error out of a finaliser, which Python only prints."""
            result.other[f"{type(left.exc_value).__name__} in {left.object.__qualname__}"] += 1

        before, sys.unraisablehook = sys.unraisablehook, dropped
        wanted = [right, root, (len(right), root)]
        for place in range(0, len(content), every):
            for mask in [1 << bit for bit in range(8)] if bits else [0xFF]:
                _write(path, place, content[place] ^ mask)
                start = time.perf_counter()
                result.flips += 1
                found: list[object] = []
                try:
                    for one in _look(path, checkpoint):
                        found.append(one)  # what was found before an error counts
                    if found == wanted:
                        result.harmless += 1
                    else:
                        result.silent += 1
                        result.said.append(f"byte {place}, {mask:#x}: not noticed")
                except (kt.CorruptLogError, kt.NotALogError) as error:
                    result.noticed[type(error).__name__] += 1
                    result.late += bool(found)
                    if found and found[0] != right:
                        result.misread += 1
                        result.said.append(f"byte {place}, {mask:#x}: other records were read; then {error}")
                except Exception as error:
                    result.other[type(error).__name__] += 1
                    result.said.append(f"byte {place}, {mask:#x}: {type(error).__name__}: {error}")
                finally:
                    result.slowest = max(result.slowest, time.perf_counter() - start)
                    _write(path, place, content[place])
                    if [entry.name for entry in os.scandir(path.parent)] != ["log.db"] or path.read_bytes() != content:
                        _put_back(path, content)  # opening it had changed it, as SQLite does with some headers
        sys.unraisablehook = before
    return result


def _look(path: Path, checkpoint: Checkpoint) -> Iterator[object]:
    """The records, then the root, then what `verify` finds."""
    with closing(Log(SqliteStore(path))) as log:
        yield rows(log)
        yield log.root
        found = log.verify(checkpoint)
        yield found.size, found.root


def _write(path: Path, place: int, byte: int) -> None:
    with open(path, "r+b") as file:
        file.seek(place)
        file.write(bytes([byte]))


def _put_back(path: Path, content: bytes) -> None:
    shutil.rmtree(path.parent, ignore_errors=True)
    path.parent.mkdir()
    path.write_bytes(content)


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--every", type=int, default=1, help="only every so-manieth byte")
    options.add_argument("--bits", action="store_true", help="each bit by itself")
    asked = options.parse_args()
    finish("flips" + (", single bits" if asked.bits else ""), None, lambda: run(asked.every, asked.bits))


if __name__ == "__main__":
    main()
