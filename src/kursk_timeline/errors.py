"""
Everything this library raises on purpose, sorted by who has to act.

.. code-block:: text

    TimelineError
    ├── InputError (ValueError)         what a caller or a file says cannot be taken
    │   ├── WhenError                   a date that is no window of days
    │   ├── QuantityError               a phrase or number that is no quantity
    │   │   └── UnitError               a unit that is unknown, unsaid or of the wrong kind
    │   ├── EventError                  a field of an event
    │   ├── QueryError                  a key, measure, option or projection that is not there
    │   └── DecodeError                 a stored or imported event; says file, line and field
    │       ├── UnknownKindError        … of a kind this version does not know
    │       └── NewerVersionError       … written by a later version of the library
    ├── ProofError (ValueError)         a proof, checkpoint or signature that does not hold
    ├── MaybeError (TypeError)          a yes or no was asked for where the answer is "maybe"
    ├── ProjectionError                 a projection returned something that is no effect
    ├── MissingExtraError (ImportError)  a library is missing that only this needs; says what to install
    └── LogError                        the log or the file it lives in
        ├── ConflictError               somebody else appended first
        ├── LockedError                 another process keeps the log busy
        ├── ReadOnlyError               the log cannot be written
        ├── NotALogError                the file is something else
        ├── CorruptLogError             the log is damaged, cut off or rewritten
        └── StorageError                the disk or the database failed; nothing was half-written
            └── LostConnectionError     the connection to the database broke
"""

from __future__ import annotations

from typing import Literal

MAX_SHOWN = 80
"""Longest piece of foreign text, in characters, that a message repeats."""


def shown(value: object) -> str:
    """
    Quote foreign text for a message: control and direction marks escaped, cut when long.

    >>> shown("2024\\x1b[31m")
    "'2024\\\\x1b[31m'"
    """
    if isinstance(value, str):
        cut = value if len(value) <= MAX_SHOWN else value[:MAX_SHOWN] + "…"
        return ascii(cut) if not cut.isprintable() else repr(cut)
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # an integer too long to print; lists in lists in lists
        text = f"a very large {type(value).__name__}"
    return text if len(text) <= MAX_SHOWN else text[:MAX_SHOWN] + "…"


class TimelineError(Exception):
    """Base of every error this library raises on purpose."""


class InputError(TimelineError, ValueError):
    """What a caller or a file says cannot be taken as it is."""


class WhenError(InputError):
    """A date that is no window of days."""


class QuantityError(InputError):
    """A phrase or a number that is no quantity."""


class UnitError(QuantityError):
    """A unit that is unknown, unsaid, or of another kind than is wanted."""


class EventError(InputError):
    """A field of an event that cannot be taken; `field` names it."""

    def __init__(self, kind: str, field: str, problem: str) -> None:
        super().__init__(kind, field, problem)
        self.kind, self.field, self.problem = kind, field, problem

    def __str__(self) -> str:
        return f"{self.kind}.{self.field}: {self.problem}"


class QueryError(InputError):
    """A question about a key, measure, option or date that the timeline cannot answer."""


class DecodeError(InputError):
    """An event that cannot be read; `source` and `line` say where, when they are known."""

    def __init__(self, problem: str, *, source: str | None = None, line: int | None = None) -> None:
        super().__init__(problem)
        self.problem, self.source, self.line = problem, source, line

    def __reduce__(self) -> tuple[object, ...]:
        return (type(self), (self.problem,), {"source": self.source, "line": self.line})

    def __str__(self) -> str:
        where = [] if self.source is None else [self.source]
        where += [] if self.line is None else [f"line {self.line}"]
        return ": ".join([", ".join(where), self.problem] if where else [self.problem])


class UnknownKindError(DecodeError):
    """An event of a kind that this version does not know."""


class NewerVersionError(DecodeError):
    """An event whose shape was written by a later version of the library."""


class ProofError(TimelineError, ValueError):
    """A proof, a checkpoint or a signature that does not hold: what it is to show is not shown."""


class MaybeError(TimelineError, TypeError):
    """A yes or no was asked for where the sources only allow "maybe"."""


class ProjectionError(TimelineError, TypeError):
    """A projection returned something that is no effect, or an effect nobody can place."""


class MissingExtraError(TimelineError, ImportError):
    """A library that only this needs is not installed; `extra` names what to install."""

    def __init__(self, extra: str, module: str) -> None:
        super().__init__(extra, module)
        self.extra, self.module = extra, module

    def __str__(self) -> str:
        return f"this needs {self.module}, which is not installed: pip install 'kursk-timeline[{self.extra}]'"


class LogError(TimelineError):
    """The log, or the file or database it lives in."""


class ConflictError(LogError):
    """Somebody appended first: the log is not as long as the caller expected."""

    def __init__(self, expected_size: int, actual_size: int) -> None:
        super().__init__(expected_size, actual_size)
        self.expected_size, self.actual_size = expected_size, actual_size

    def __str__(self) -> str:
        return (
            f"the log holds {self.actual_size} events, not the {self.expected_size} expected; "
            "nothing was appended: read what is new, then try again"
        )


class LockedError(LogError):
    """Another process keeps the log busy; nothing was appended."""


class ReadOnlyError(LogError):
    """The log can be read and not written."""


class NotALogError(LogError):
    """The file or database is something else; it was left as it is."""


class CorruptLogError(LogError):
    """
    The log is not what was appended.

    `what` tells how: ``"damaged"`` (bytes do not fit the checksums written with them), ``"truncated"``
    (events are missing at the end) or ``"rewritten"`` (consistent in itself, and not what a hash kept
    inside or outside says). `seq` is the first bad event's number where that can be told.
    """

    def __init__(
        self, problem: str, *, what: Literal["damaged", "truncated", "rewritten"] = "damaged", seq: int | None = None
    ) -> None:
        super().__init__(problem)
        self.what, self.seq = what, seq

    def __reduce__(self) -> tuple[object, ...]:
        return (type(self), self.args, {"what": self.what, "seq": self.seq})


class StorageError(LogError):
    """The disk or the database failed; nothing was half-written."""


class LostConnectionError(StorageError):
    """The connection to the database broke. Whether a batch went in is then unknown; sending it again is safe."""
