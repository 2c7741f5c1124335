"""
The estimate: all accounts of one key on one date side by side, and what they span.

The rules of counting, in the order they apply:

1. A stale account is not counted, unless all are: then the one heard last stands.
2. Of these the certain ones count; the others only where none is certain.
3. ``low`` and ``high`` are the hull of those that count; ``best`` is that of the one spoken for last
   (latest middle of its events begun by then; then the narrower; then by name).
4. It is disputed when no value lies inside all that count. Of a cumulative measure, an account heard
   earlier than another is taken as "at least".
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, TypeAlias

import attrs

from kursk_timeline.errors import MaybeError
from kursk_timeline.measures import Key, Measure
from kursk_timeline.replay.account import Account, AccountHistory
from kursk_timeline.replay.bounds import OPEN, Bounds, Names
from kursk_timeline.replay.value import Value, Valued
from kursk_timeline.rich import Rich


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Estimate(Rich, Valued):
    """
    The answer for one key on one date.

    Attributes:
        certain: The accounts that count rest on something that must have happened.
        stale: No account was heard recently enough; the one heard last stands.
        disputed: No value lies inside all accounts that count.
        accounts: All accounts by party, whether they count or not.
        derivation: How it was computed from other estimates; None where it was claimed.
        parts: Those other estimates, by measure.
    """

    key: Key
    measure: Measure
    date: dt.date
    value: Value
    disputed: bool
    certain: bool
    stale: bool
    last_heard: dt.date
    accounts: Mapping[str, Account]
    derivation: str | None = None
    parts: Mapping[str, Estimate] = attrs.field(factory=dict)
    unit: str | None = attrs.field(default=attrs.Factory(lambda self: self.measure.unit, takes_self=True))

    @property
    def counting(self) -> list[Account]:
        """The accounts that count."""
        return [account for account in self.accounts.values() if account.counts]

    @property
    def contradictory(self) -> bool:
        """Some account that counts contradicts itself; see `Account.contradictory`."""
        return any(account.contradictory for account in self.counting)

    def to(self, unit: str) -> Estimate:
        """
        The same answer in another unit, such as ``mi2``.

        Raises:
            UnitError: the unit measures something else.
        """
        self.quantity.to(unit)
        accounts = {party: attrs.evolve(account, unit=unit) for party, account in self.accounts.items()}
        return attrs.evolve(self, unit=unit, accounts=accounts)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON; a bound that is open is None."""
        raw: dict[str, Any] = {
            "key": str(self.key),
            "date": self.date.isoformat(),
            **self.said(),
            "certain": self.certain,
            "disputed": self.disputed,
            "stale": self.stale,
            "contradictory": self.contradictory,
            "last_heard": self.last_heard.isoformat(),
        }
        if self.derivation is not None:
            raw["derivation"] = self.derivation
        return raw | {"accounts": [account.to_dict() for account in self.accounts.values()]}

    def __eq__(self, other: object) -> bool:
        """They answer the same question alike, also for each account and its events."""
        return self.to_dict() == other.to_dict() if isinstance(other, Estimate) else NotImplemented

    def __hash__(self) -> int:
        return hash((self.key, self.date, self.value))

    def __bool__(self) -> bool:
        """Refused: "is there an estimate?" and "is it more than zero?" are two questions."""
        raise MaybeError("an estimate is neither true nor false; ask `is None`, or compare .low or .high with 0")

    def __str__(self) -> str:
        from kursk_timeline.replay.notation import estimate_text

        return estimate_text(self)

    __repr__ = __str__


def _rank(account: Account) -> tuple[int, int, str]:
    """Sorts the account spoken for last first; then the narrower; then by name."""
    value = account.value
    # An open range is as wide as any other open range.
    width = min(value.high - value.low, OPEN // 2) if isinstance(value, Bounds) else len(value.possible)
    return (-account.spoken, width, account.party)


def leading(counting: Sequence[Account]) -> Account:
    """The account that gives the best value."""
    return min(counting, key=_rank)


def _are_disputed(counting: Sequence[Account], measure: Measure) -> bool:
    if measure.is_name:
        return not frozenset.intersection(*(account.holders for account in counting))
    said = [(account.heard, account.bounds) for account in counting]
    latest = max(heard for heard, _ in said)
    at_least = max(b.low for _, b in said)
    at_most = min(b.high for heard, b in said if heard == latest or not measure.cumulative)
    return at_least > at_most


def _hull(counting: Sequence[Account], first: Account) -> Value:
    if isinstance(first.value, Names):
        return Names(frozenset[str]().union(*(account.holders for account in counting)), first.value.best)
    all_ = [account.bounds for account in counting]
    return Bounds(min(b.low for b in all_), first.bounds.best, max(b.high for b in all_))


def count(accounts: Sequence[Account]) -> list[Account]:
    """The accounts that count, by the first two rules above."""
    current = [a for a in accounts if not a.stale]
    if not current:
        current = [min(accounts, key=lambda a: (-a.heard, *_rank(a)))]
    return [a for a in current if a.certain] or current


Ask: TypeAlias = Callable[[AccountHistory, int, bool], Account | None]
"""What an account says on a day (ordinal), and whether its estimate counts it; None before it begins."""


def _itself(history: AccountHistory, day: int, counts: bool) -> Account | None:
    return history.on(day, counts)


def estimate(
    key: Key, measure: Measure, histories: Collection[AccountHistory], day: int, ask: Ask = _itself
) -> Estimate | None:
    """The estimate of a key on a day (ordinal) from its accounts; None where none has begun."""
    if len(histories) == 1:
        return _of_one(key, measure, ask(next(iter(histories)), day, True), day)
    accounts = [account for history in histories if (account := ask(history, day, False)) is not None]
    return compose(key, measure, accounts, count(accounts), day) if accounts else None


def _of_one(key: Key, measure: Measure, only: Account | None, day: int) -> Estimate | None:
    """With nobody to compare it with, all that `compose` would find out is plain."""
    if only is None:
        return None
    return Estimate(
        key=key,
        measure=measure,
        date=dt.date.fromordinal(day),
        value=only.value,
        disputed=False,
        certain=only.certain,
        stale=only.stale,
        last_heard=dt.date.fromordinal(only.heard),
        accounts={only.history.party: only},
        unit=measure.unit,
    )


def compose(key: Key, measure: Measure, accounts: Sequence[Account], counting: Sequence[Account], day: int) -> Estimate:
    """The estimate where it is settled which accounts count."""
    parties = {account.party for account in counting}
    return Estimate(
        key=key,
        measure=measure,
        date=dt.date.fromordinal(day),
        value=_hull(counting, leading(counting)),
        disputed=_are_disputed(counting, measure),
        certain=any(a.certain for a in counting),
        stale=all(a.stale for a in counting),
        last_heard=dt.date.fromordinal(max(a.heard for a in counting)),
        accounts={a.party: a.counted() if a.party in parties else a for a in sorted(accounts, key=_rank)},
    )
