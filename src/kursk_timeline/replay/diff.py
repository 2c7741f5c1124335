"""
What changed between two states, and by which events.

The two may be of two dates, of two days of knowledge, of two choices of whom to believe, or of two
timelines: whatever gives a `State` can be compared.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import attrs

from kursk_timeline.events.base import Event
from kursk_timeline.measures import Key
from kursk_timeline.replay.account import Account
from kursk_timeline.replay.estimate import Estimate
from kursk_timeline.replay.notation import account_text, estimate_text, said_text
from kursk_timeline.replay.state import State
from kursk_timeline.rich import Rich
from kursk_timeline.text import visible


@attrs.frozen
class AccountChange:
    """
    How one party's account differs.

    Attributes:
        party: Whose account.
        before, after: What it said and says; None where there is none.
        came: The events that have a say now and had none, in log order.
        went: The events that had a say and have none now.
    """

    party: str
    before: Account | None
    after: Account | None
    came: tuple[Event, ...]
    went: tuple[Event, ...]

    def __str__(self) -> str:
        if self.before is None and self.after is not None:
            return f"{account_text(self.after)} (new)"
        if self.after is None and self.before is not None:
            return f"{account_text(self.before)} (gone)"
        assert self.before is not None  # an account that was never there has not changed
        assert self.after is not None
        now = account_text(self.after)
        marks = []
        if self.after.stale != self.before.stale:
            marks.append("gone stale" if self.after.stale else "heard again")
        if self.after.counts != self.before.counts:
            marks.append("counts now" if self.after.counts else "counts no more")
        was = "" if _says(self.before) == _says(self.after) else f", was {said_text(self.before)}"
        return now + was + (f" ({', '.join(marks)})" if marks else "")


@attrs.frozen
class Change:
    """
    One key whose answer differs.

    Attributes:
        key: Of what.
        before, after: The estimates; None where nothing is claimed.
        accounts: The accounts that differ, by party. Of a derived answer: see the keys it is made of.
    """

    key: Key
    before: Estimate | None
    after: Estimate | None
    accounts: tuple[AccountChange, ...]

    @property
    def came(self) -> tuple[Event, ...]:
        """The events that have a say now and had none."""
        return tuple(dict.fromkeys(event for account in self.accounts for event in account.came))

    @property
    def went(self) -> tuple[Event, ...]:
        """The events that had a say and have none now."""
        return tuple(dict.fromkeys(event for account in self.accounts for event in account.went))

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "key": str(self.key),
            "before": None if self.before is None else self.before.to_dict(),
            "after": None if self.after is None else self.after.to_dict(),
            "came": [event.id for event in self.came],
            "went": [event.id for event in self.went],
        }

    def __str__(self) -> str:
        before, after = ("nothing claimed" if one is None else estimate_text(one) for one in (self.before, self.after))
        return visible(f"{self.key}: {before} → {after}")


def change(key: Key, before: Estimate | None, after: Estimate | None) -> Change | None:
    """How two answers for a key differ; None where they say the same."""
    if _says(before) == _says(after):
        return None
    return Change(key, before, after, _accounts(before, after))


class Diff(Rich):
    """
    What changed between two states: the changes, in the order of their keys.

    Args:
        before, after: The states.

    Cost: every estimate of both states.
    """

    def __init__(self, before: State, after: State) -> None:
        self.before, self.after = before, after

    @cached_property
    def changes(self) -> tuple[Change, ...]:
        """The keys whose answer differs: its numbers or names, or whether it is certain, disputed or stale."""
        old, new = self.before.all_estimates(), self.after.all_estimates()
        keys = sorted({*old, *new}, key=str)
        changes = (change(key, old.get(key), new.get(key)) for key in keys)
        return tuple(one for one in changes if one is not None)

    def __iter__(self) -> Iterator[Change]:
        return iter(self.changes)

    def __len__(self) -> int:
        return len(self.changes)

    def __getitem__(self, key: Key | str) -> Change | None:
        """The change of a key; None where its answer is the same."""
        wanted = Key.of(key)
        return next((change for change in self.changes if change.key == wanted), None)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON: both questions and every change."""
        return {
            "before": self.before.question,
            "after": self.after.question,
            "changes": [change.to_dict() for change in self.changes],
        }

    def lines(self) -> Iterator[str]:
        """The changes as text; below each the accounts that differ, and the events that came and went."""
        yield f"{self.before.question} → {self.after.question}"
        if not self.changes:
            yield "  nothing changed"
        for change in self.changes:
            yield f"  {change}"
            if change.after is not None and change.after.derivation is not None:
                yield f"    = {change.after.derivation}"
                continue
            for account in change.accounts:
                yield f"    {visible(str(account))}"
                yield from (f"      + {visible(repr(event))} [{event.id[:12]}]" for event in account.came)
                yield from (f"      - {visible(repr(event))} [{event.id[:12]}]" for event in account.went)

    def __repr__(self) -> str:
        return "\n".join(self.lines())


def _says(one: Estimate | Account | None) -> object:
    if one is None:
        return None
    disputed = one.disputed if isinstance(one, Estimate) else one.counts
    return (one.value, one.certain, one.stale, disputed)


def _accounts(before: Estimate | None, after: Estimate | None) -> tuple[AccountChange, ...]:
    old = {} if before is None else before.accounts
    new = {} if after is None else after.accounts
    found = []
    for party in dict.fromkeys([*new, *old]):
        one, other = old.get(party), new.get(party)
        had: Sequence[Event] = () if one is None else one.in_play
        has: Sequence[Event] = () if other is None else other.in_play
        came, went = (tuple(e for e in has if e not in had), tuple(e for e in had if e not in has))
        if _says(one) != _says(other) or came or went:
            found.append(AccountChange(party, one, other, came, went))
    return tuple(found)
