"""A bar on standard error while long files and logs are read."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

from kursk_timeline.events.base import Event
from kursk_timeline.formats import jsonl
from kursk_timeline.formats.files import is_parquet, read_events
from kursk_timeline.log.port import Chunk
from kursk_timeline.text import visible

LONG = 2_000_000
"""Bytes from which reading a file takes a second or more, and is worth a bar."""


def read(files: Iterable[Path | IO[bytes]]) -> Iterator[Event]:
    """
    The events of files, in order; a bar shows how far a long one of JSON Lines has been read.

    The bar is for a person who waits: where standard error is no terminal there is none.

    Raises:
        DecodeError: names file and line.
        StorageError: a file cannot be opened or read.
    """
    for file in files:
        if is_parquet(file):
            yield from read_events(file)
            continue
        events = jsonl.read(file)
        try:
            size = os.path.getsize(file) if isinstance(file, Path) else LONG
        except OSError:
            size = 0  # reading it says what is wrong
        if sys.stderr.isatty() and size >= LONG:
            is_file = isinstance(file, Path)
            events = _with_bar(events, file.name if is_file else "standard input", size if is_file else None)
        yield from events


PATIENCE = 1.0
"""Seconds after which somebody who waits is shown how far it is."""


def reading(chunks: Iterator[Chunk], events: int) -> Iterator[Chunk]:
    """
    A log's chunks as they are read; a bar where that takes longer than a second, and a person looks on.

    Args:
        events: How many events they hold.
    """
    if not sys.stderr.isatty():
        yield from chunks
        return
    started, done = time.monotonic(), 0
    for chunk in chunks:
        yield chunk
        done += len(chunk.bodies)
        if time.monotonic() - started > PATIENCE:
            break
    else:
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("reading the log"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown_bar:
        task = shown_bar.add_task("", total=events, completed=done)
        for chunk in chunks:
            yield chunk
            shown_bar.advance(task, len(chunk.bodies))


def _with_bar(events: Iterable[Event], name: str, size: int | None) -> Iterator[Event]:
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[events]:,} events"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown_bar:
        task = shown_bar.add_task(escape(visible(name)), total=size, events=0)
        read_so_far = 0
        for number, event in enumerate(events, 1):
            read_so_far += len(event.canonical) + 1
            if number % 1000 == 0:
                shown_bar.update(task, completed=read_so_far, events=number)
            yield event
