"""
The questions of the benchmark, and one plain form for everybody's answers, so that they can be compared.

The state of an account at a day is the value of its last set by (day, place in the log) up to that day, plus all adds
after it; 0 plus all adds where nothing was set yet; and nothing where nothing was claimed yet.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

import attrs
import numpy as np

NOTHING = np.iinfo(np.int64).min
"""Stands in a plain answer where an account has no claim yet."""

FOREVER = np.iinfo(np.int32).max


@attrs.frozen
class Peer:
    """
    One way to do a piece of work.

    Args:
        prepare: Takes what the work starts from, brings it into its own form (that is not timed), and gives the work.
        settle: Brings what the work gives into the plain form (that is not timed either).
    """

    prepare: Callable[[Any], Callable[..., Any]]
    settle: Callable[..., Any]


@attrs.frozen(eq=False, slots=False)
class Steps:
    """
    The value of every account from a day on: rows by account, then day.

    Either one row for each account and day with claims, or one for each event (`one_per_day` False): then a row
    that another of the same day follows is in force on no day at all.
    """

    account: np.ndarray
    day: np.ndarray
    value: np.ndarray
    one_per_day: bool = True

    def __len__(self) -> int:
        return len(self.account)

    @cached_property
    def accounts(self) -> int:
        """Accounts are numbered from 0 to this."""
        return int(self.account.max()) + 1

    @cached_property
    def until(self) -> np.ndarray:
        """The day on which the next row of the account takes over; `FOREVER` for the last."""
        until = np.full(len(self), FOREVER, dtype=np.int32)
        same = self.account[1:] == self.account[:-1]
        until[:-1][same] = self.day[1:][same]
        return until

    def same_as(self, other: Steps) -> bool:
        """Whether they agree to the last integer."""
        return (
            np.array_equal(self.account, other.account)
            and np.array_equal(self.day, other.day)
            and np.array_equal(self.value, other.value)
        )


def spread(account: Any, value: Any, accounts: int) -> np.ndarray:
    """The values by account, from those that have one."""
    found = np.full(accounts, NOTHING)
    found[np.asarray(account)] = np.asarray(value)
    return found


def gridded(day: Any, account: Any, value: Any, there: Any, accounts: int) -> np.ndarray:
    """The values by day and account, from a row for each pair of the two in any order."""
    days, row = np.unique(np.asarray(day), return_inverse=True)
    there = np.asarray(there, dtype=bool)
    found = np.full((len(days), accounts), NOTHING)
    found[row[there], np.asarray(account)[there]] = np.asarray(value)[there]
    return found
