"""
Histories on a cluster, through Spark Connect.

The tasks are those of `tasks`: the engine deals them out, runs them in its Python workers (`mapInArrow`) and
hands back their answers, some bytes each. It never sees an event or a row: workers read and write the files
themselves, and accounts are brought together through files too. So the answer is the same on every engine
that speaks Spark Connect, none has to hold a shuffle in memory, and nothing depends on how an engine writes
days before 1582, null partitions or lists. Files count only when the task's answer was taken, so an engine
may run a task twice.

Workers need this package, with the same Python, and the folders of events and result under the same paths.
Nothing here imports Spark: the session comes from the caller (the extra ``spark`` brings a client).
"""

from __future__ import annotations

import base64
import datetime as dt
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from kursk_timeline import errors
from kursk_timeline.engines import tasks
from kursk_timeline.engines.tasks import MEMORY, Task
from kursk_timeline.errors import DecodeError, StorageError, TimelineError, shown
from kursk_timeline.formats.parquet import Source, arrow
from kursk_timeline.projections import Project, Projection
from kursk_timeline.projections.bundled import PROJECTIONS
from kursk_timeline.replay.standing import Paths
from kursk_timeline.when import When

__all__ = ["histories"]


def histories(
    spark: Any,
    events: Source,
    out: str | os.PathLike[str],
    *,
    known_on: str | dt.date | When | None = None,
    according_to: Paths | None = None,
    projections: Iterable[Projection | Project] = PROJECTIONS,
    memory: int = MEMORY,
) -> Path:
    """
    Write the history table of all accounts, computed on an engine; the same table as that of `local`.

    Args:
        spark: A session of Spark Connect (`pyspark.sql.SparkSession`), Spark 4 or what speaks its protocol.
        events, out, known_on, according_to, projections: As for `local.histories`. The folders must be there
            under these paths for all workers. A function of your own is sent to them by value.
        memory: What one task may take, in bytes; an engine runs as many at a time as it has cores.

    Returns:
        The folder.

    Raises:
        DecodeError, StorageError, InputError, ProjectionError, MissingExtraError: as for `local.histories`,
            whichever worker found it.
        StorageError: also where the engine itself fails; its own error is the cause.
    """

    def run(function: Task, each: Sequence[bytes]) -> Iterator[bytes]:
        return _on_engine(spark, function, each)

    return tasks.histories(run, events, out, tasks.question(known_on, according_to, projections), memory)


MOST_PARTITIONS = 1024


def _on_engine(spark: Any, function: Task, each: Sequence[bytes]) -> Iterator[bytes]:
    if not each:  # a frame without rows is no work, and not every engine takes one
        return iter(())
    pa = arrow()
    frame = spark.createDataFrame(pa.table({"number": pa.array(range(len(each)), pa.int64()), "task": list(each)}))
    # By a column: one batch is not dealt out otherwise.
    frame = frame.repartition(min(len(each), MOST_PARTITIONS), "number")
    try:
        found = frame.mapInArrow(_worker(function), "number bigint, answer binary").toArrow()
    except Exception as error:
        told = _told(str(error))
        if told is not None:
            raise told from None
        lines = str(error).splitlines() or [type(error).__name__]
        raise StorageError(f"the engine failed: {shown(lines[0])}") from error
    answers = dict(zip(found["number"].to_pylist(), found["answer"].to_pylist(), strict=True))
    if len(found) != len(each) or sorted(answers) != list(range(len(each))):
        raise StorageError(f"the engine gave {len(found)} answers to {len(each)} tasks")
    return (answers[number] for number in range(len(each)))


def _worker(function: Task) -> Callable[[Iterator[Any]], Iterator[Any]]:
    """What runs in a worker: batches of tasks in, batches of answers out."""

    def work(batches: Iterator[Any]) -> Iterator[Any]:
        pa = arrow()
        for batch in batches:
            # By place, not by name: that is how columns are matched.
            for number, task in zip(batch.column(0).to_pylist(), batch.column(1).to_pylist(), strict=True):
                columns = [pa.array([number], pa.int64()), pa.array([_answer(function, task)], pa.binary())]
                yield pa.RecordBatch.from_arrays(columns, names=["number", "answer"])

    return work


# --- errors through an engine ------------------------------------------------------------------

_MARK = re.compile(r"KURSK<([A-Za-z0-9_=-]*)>")
_MOST = 700
"""Longest text of an error that is sent, in characters: what is longer than some kilobytes may be cut on the way."""


class _Told(msgspec.Struct):
    type: str
    problem: str
    source: str | None


class WorkerError(Exception):
    """An error of ours, written so that it survives an engine's own."""


def _answer(function: Task, task: bytes) -> bytes:
    try:
        return function(task)
    except TimelineError as error:
        problem, source = (error.problem, error.source) if isinstance(error, DecodeError) else (str(error), None)
        told = _Told(type(error).__name__, problem[:_MOST], None if source is None else source[-_MOST:])
        mark = base64.urlsafe_b64encode(msgspec.json.encode(told)).decode()
        raise WorkerError(f"KURSK<{mark}>") from None


def _told(message: str) -> TimelineError | None:
    """The error of ours in an engine's message, if there is one."""
    marks = _MARK.findall(message)
    if not marks:
        return None
    told = msgspec.json.decode(base64.urlsafe_b64decode(marks[-1]), type=_Told)
    cls: type[TimelineError] = getattr(errors, told.type, TimelineError)
    if issubclass(cls, DecodeError):
        return cls(told.problem, source=told.source)
    # Some are made of other parts than a message, which were not sent.
    own = any("__init__" in vars(base) for base in cls.__mro__ if issubclass(base, TimelineError))
    return TimelineError(told.problem) if own else cls(told.problem)
