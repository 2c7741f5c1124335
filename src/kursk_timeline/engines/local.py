"""
Histories of more events than fit in memory, on this machine.

One pass over the files of events writes what they do to a scratch folder beside the result, dealt into
buckets; each bucket is then computed alone. See `tasks`.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from kursk_timeline.engines import tasks
from kursk_timeline.engines.tasks import MEMORY, Task
from kursk_timeline.formats.parquet import Source
from kursk_timeline.projections import Project, Projection
from kursk_timeline.projections.bundled import PROJECTIONS
from kursk_timeline.replay.standing import Paths
from kursk_timeline.when import When

__all__ = ["histories"]


def histories(
    events: Source,
    out: str | os.PathLike[str],
    *,
    known_on: str | dt.date | When | None = None,
    according_to: Paths | None = None,
    projections: Iterable[Projection | Project] = PROJECTIONS,
    memory: int = MEMORY,
) -> Path:
    """
    Write the history table of all accounts; `history_table` tells what is in it and reads it.

    Args:
        events: Files of events, as `formats.parquet.write` writes them: a file, a folder, or several. Together
            they hold a log from its first event on.
        out: The folder to write. It appears when it is complete. One that holds an earlier history table is
            replaced then; anything else that is there is refused.
        known_on: Only what was known by the end of this day counts; None for everything.
        according_to: Only claimants on or below these paths; None for everybody.
        projections: What an event does to which key.
        memory: What the histories may take while they are computed, in bytes. To it come the libraries and
            one row group of events (some 150 MB at the usual size).

    Returns:
        The folder.

    Raises:
        DecodeError: a file, an event or the order of events is not as it should be; names file, row group and row.
        StorageError: something cannot be read or written, or stands where `out` is to be.
        InputError, ProjectionError: an argument that cannot be taken.
        MissingExtraError: pyarrow is not installed.
        Nothing is left of `out` then, and an earlier history table stays as it was.

    Cost: some 8 µs an event and 70 bytes of disk, besides the steps of all accounts (`kernel.histories`).

    >>> import tempfile
    >>> import kursk_timeline as kt
    >>> from kursk_timeline.engines.history_table import state_of
    >>> from kursk_timeline.formats import parquet
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     written = parquet.write(kt.kursk("article").events(), f"{folder}/events.parquet")
    ...     table = state_of(histories(f"{folder}/events.parquet", f"{folder}/history"), "2024-09-01")
    >>> rows = [row for row in table.to_pylist() if row["key"] == "held/ukraine/kursk"]
    >>> rows[0]["party"], rows[0]["low"], rows[0]["high"], rows[0]["unit"]
    ('press/onpointinfo', 1000000000, None, 'm2')
    """
    return tasks.histories(_here, events, out, tasks.question(known_on, according_to, projections), memory)


def _here(function: Task, each: Sequence[bytes]) -> Iterator[bytes]:
    return map(function, each)
