"""Files of events, in the format that their name says."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import IO

from kursk_timeline.events.base import Event
from kursk_timeline.formats import jsonl
from kursk_timeline.log import Record


def is_parquet(file: object) -> bool:
    """A Parquet file or a folder of them, by its name; anything else is taken for JSON Lines."""
    return isinstance(file, (str, os.PathLike)) and (str(file).endswith(".parquet") or Path(file).is_dir())


def read_events(file: str | os.PathLike[str] | IO[bytes]) -> list[Event]:
    """
    All events of a file, in order, ready for `Timeline.append`.

    Args:
        file: A JSON Lines file, or an open binary file such as ``sys.stdin.buffer``; or, with the extra
            ``parquet``, a Parquet file (its name ends in ``.parquet``) or a folder of them.

    Raises:
        DecodeError: names file, line and field; of Parquet, file, row group and row.
        StorageError: the file cannot be opened or read.
        MissingExtraError: the extra ``parquet`` is not installed.
    """
    if is_parquet(file):
        from kursk_timeline.formats import parquet

        return list(parquet.read_events(file))  # type: ignore[arg-type]  # a path
    return jsonl.read_events(file)


def write(records: Iterable[Record], path: str | os.PathLike[str]) -> int:
    """
    Write records to a file, whole or not at all: Parquet where its name ends in ``.parquet``, else JSON Lines.

    Returns:
        How many were written.

    Raises:
        StorageError: the file cannot be written.
        MissingExtraError: the extra ``parquet`` is not installed.
    """
    if str(path).endswith(".parquet"):
        from kursk_timeline.formats import parquet

        return parquet.write(records, path)
    return jsonl.write((record.event for record in records), path)
