"""
The laws of replay, the error that explains a broken one, and the means to catch the breach.
"""

from __future__ import annotations

import copy
import datetime as dt
import inspect
import random
import sys
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any, Final

import attrs

from kursk_timeline.errors import TimelineError, shown
from kursk_timeline.events.base import Event

LAWS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "total": "every claim of every kind is taken; nothing is raised",
        "effects": "what comes back is None, one Effect, or a finite number of Effects",
        "placeable": "every effect names a known measure, and has a value of that measure's kind",
        "no clock, no chance": "nothing but the event decides: not the time, not a random number",
        "repeatable": "the same event gives the same effects in the same order, every time",
        "no trace": "nothing outside is changed",
        "blind": "when and where an event was read does not change its effects",
        "local": "what was seen before does not change the effects of an event",
        "fresh": "another interpreter, with another hash seed, gives the same effects in the same order",
        "prefix": "the log at an earlier size answers as it did then",
        "retraction": "a withdrawn event answers like one that was never there",
        "wider window": "doubt about the day never narrows an account's bounds",
        "wider quantity": "doubt about the amount never narrows an account's bounds",
        "given state": "a step leaves the state it is given as it is",
        "split": "a fold can stop anywhere and go on from what it had",
    }
)
"""Every law by name, in the order in which they are tried. The last two are those of a fold alone."""


class LawBroken(TimelineError, AssertionError):  # noqa: N818 (a failed test, told as one)
    """
    A function breaks a law of replay.

    Attributes:
        law: Name of the law, one of `LAWS`.
        function: Name of the function.
        events: The smallest example found: one event, or a log.
        happened: What it did.
        instead: What to write instead.
    """

    def __init__(self, law: str, function: str, events: Sequence[Event], happened: str, instead: str) -> None:
        super().__init__(law, function, tuple(events), happened, instead)
        self.law, self.function, self.events = law, function, tuple(events)
        self.happened, self.instead = happened, instead

    def __str__(self) -> str:
        lines = [f"{self.function!r} breaks the law {self.law!r}: {LAWS[self.law]}"]
        for number, event in enumerate(self.events, 1):
            label = "event" if len(self.events) == 1 else f"event {number}"
            lines += [f"  {label}: {event!r}", f"    {ascii(event.canonical.decode())[1:-1]}"]
        return "\n".join([*lines, f"  happened: {self.happened}", f"  instead: {self.instead}"])


# --- what a function reads ---------------------------------------------------------------------


def _forbidden(called: Any) -> str | None:
    """The name of a call that brings in the clock or chance; None for any other."""
    name, owner = getattr(called, "__name__", ""), getattr(called, "__self__", None)
    if isinstance(owner, type) and issubclass(owner, dt.date) and name in ("now", "today", "utcnow"):
        return f"{owner.__name__}.{name}()"
    if isinstance(owner, random.Random):
        return f"random.{name}()"
    module = getattr(called, "__module__", None)
    if module == "time" and name not in ("mktime", "strptime"):
        return f"time.{name}()"
    return f"os.{name}()" if name in ("urandom", "getrandom") and module in ("posix", "nt") else None


@contextmanager
def watching() -> Iterator[list[str]]:
    """
    The calls to clock and chance made in the block, as they are made.

    Python's profiler sees calls of built-in functions wherever they are made, also from a library
    that the function uses. It does not see those that one built-in makes for another (``map(f, …)``).
    """
    calls: list[str] = []

    def note(frame: types.FrameType, event: str, called: Any) -> None:
        name = _forbidden(called) if event == "c_call" else None
        # Hypothesis times the garbage collector, which may come by at any moment.
        if name is not None and not str(frame.f_globals.get("__name__")).startswith("hypothesis"):
            calls.append(name)

    earlier = sys.getprofile()
    sys.setprofile(note)
    try:
        yield calls
    finally:
        sys.setprofile(earlier)


# --- what a function changes -------------------------------------------------------------------

_MISSING: Final = object()


def _names_in(code: types.CodeType) -> set[str]:
    inner = [one for one in code.co_consts if isinstance(one, types.CodeType)]
    return set(code.co_names).union(*(_names_in(one) for one in inner))


def _is_data(value: object) -> bool:
    """Data can be compared later; code and modules cannot, and what they hold is their own business."""
    return not (callable(value) or inspect.ismodule(value))


def _reach(function: Callable[..., object]) -> dict[str, object]:
    """The data that a function can reach by name: globals, closure, defaults, its own attributes."""
    plain: Any = inspect.unwrap(function)
    held: Any = plain if hasattr(plain, "__code__") else vars(type(plain)).get("__call__")
    found: dict[str, object] = {}
    if not inspect.isroutine(plain):
        found |= {f"self.{name}": value for name, value in getattr(plain, "__dict__", {}).items()}
    elif owner := getattr(plain, "__self__", None):
        found |= {f"self.{name}": value for name, value in getattr(owner, "__dict__", {}).items()}
    code = getattr(held, "__code__", None)
    if code is not None:
        held = getattr(held, "__func__", held)
        for name in sorted(_names_in(code)):
            found[name] = held.__globals__.get(name, _MISSING)
        for name, cell in zip(code.co_freevars, held.__closure__ or (), strict=False):
            try:
                found[name] = cell.cell_contents
            except ValueError:  # a name that is bound later
                found[name] = _MISSING
        found |= {f"the default {n}": value for n, value in enumerate(held.__defaults__ or (), 1)}
        found |= {f"{held.__name__}.{name}": value for name, value in vars(held).items()}
    return {name: value for name, value in found.items() if _is_data(value)}


@attrs.frozen
class Surroundings:
    """The data around a function as it was, to be compared with what it is."""

    function: Callable[..., object]
    before: Mapping[str, object]

    @classmethod
    def of(cls, function: Callable[..., object]) -> Surroundings:
        """Copies of everything the function can reach by name; what cannot be copied is not watched."""
        kept = {}
        for name, value in _reach(function).items():
            try:
                copied = value if value is _MISSING else copy.deepcopy(value)
                if copied == value:
                    kept[name] = copied
            except Exception:  # noqa: S112 (files, locks, frames with a mind of their own about ==)
                continue
        return cls(function, kept)

    def changed(self) -> str | None:
        """What is no longer as it was, in words; None if all is."""
        now = _reach(self.function)
        for name, was in self.before.items():
            value = now.get(name, _MISSING)
            try:
                same = value is was or bool(was == value)
            except Exception:  # noqa: S112 (as above)
                continue
            if not same:
                before = "not there" if was is _MISSING else shown(was)
                return f"{name} was {before} and is {'gone' if value is _MISSING else shown(value)}"
        return None
