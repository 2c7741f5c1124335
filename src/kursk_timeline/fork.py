"""
Forking while other threads are at work.

The child has the locks of its parent's threads, and not the threads that would ever let go of them: so
whoever has locks makes new ones there.

And it has what a library remembers. SQLite remembers which locks the process has on a file; the child does
not have them, and would read and write as if it had. It also keeps its own memory locked while a thread is
within it. So at that moment nobody may be within an append, nor within SQLite at all: forking waits.
"""

from __future__ import annotations

import os
import threading
from typing import ClassVar, Protocol
from weakref import WeakSet


class Renewed(Protocol):
    """Something with locks of its own."""

    def renew(self) -> None:
        """Make new locks, in a forked child, before anything else runs there."""


class Quiet(Renewed, Protocol):
    """Something whose lock a thread holds while it does what must not be under way when the process forks."""

    _lock: threading.RLock
    """Who holds it waits for no other such lock, but for one of a higher rank."""
    fork_rank: ClassVar[int]


_renewed: WeakSet[Renewed] = WeakSet()
_quiet: WeakSet[Quiet] = WeakSet()
_held: list[threading.RLock] = []


def renewed_after_fork(one: Renewed) -> None:
    """From now on, a forked child renews this object's locks."""
    _renewed.add(one)


def quiet_during_fork(one: Quiet) -> None:
    """From now on, forking waits for this object's lock; and a forked child renews it."""
    _quiet.add(one)
    _renewed.add(one)


def _hold() -> None:
    for one in sorted(_quiet, key=lambda one: one.fork_rank):
        lock = one._lock
        lock.acquire()
        _held.append(lock)


def _let_go() -> None:
    while _held:
        _held.pop().release()


def _renew() -> None:
    _held.clear()
    for one in list(_renewed):
        one.renew()


if hasattr(os, "register_at_fork"):  # else the system has no fork
    os.register_at_fork(before=_hold, after_in_parent=_let_go, after_in_child=_renew)
