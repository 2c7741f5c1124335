"""
Strength: how many of a force still stand, derived from what is claimed.

A headcount (`present`, set) already leaves out the dead and stands as it is. Where only deployments
are known, killed and captured come off. This is interval arithmetic on estimates: sound, and wider
than need be where the parts rest on the same reports. Losses nobody claims count 0, and the
derivation says so.
"""

from __future__ import annotations

from collections.abc import Callable

import attrs

from kursk_timeline.measures import STRENGTH, Key
from kursk_timeline.replay.account import Account
from kursk_timeline.replay.bounds import OPEN, Bounds
from kursk_timeline.replay.claimed import Amounts
from kursk_timeline.replay.estimate import Estimate, compose

PARTS = ("present", "deployed", "killed", "captured")
"""The measures that strength is derived from."""


def _headcount(account: Account) -> tuple[bool, bool]:
    """Whether the account can, and whether it must, rest on a headcount."""
    history = account.history
    return history.rests_on_set(account.day) if isinstance(history, Amounts) else (True, True)


def strength(key: Key, day: int, ask: Callable[[Key, int], Estimate | None]) -> Estimate | None:
    """
    The strength of a force on a day (ordinal); None where neither presence nor deployment is claimed.

    Args:
        ask: Gives the estimate of any other key on a day.
    """
    present, deployed, killed, captured = (ask(attrs.evolve(key, measure=measure), day) for measure in PARTS)
    if present is not None:
        headcounts = [account for account in present.counting if _headcount(account)[1]]
        if headcounts:
            found = compose(key, STRENGTH, list(present.accounts.values()), headcounts, day)
            words = "headcount: present, which leaves out the dead"
            return attrs.evolve(found, derivation=words, parts={"present": present})

    moved = deployed if present is None else present
    if moved is None:
        return None
    low, best, high = moved.bounds
    # Where some world has a headcount instead, nothing comes off its upper bound.
    all_deployments = present is None or not any(_headcount(account)[0] for account in present.counting)
    said = ["deployments"]
    parts = {moved.key.measure: moved}
    for measure, losses in (("killed", killed), ("captured", captured)):
        if losses is None:
            said.append(f"{measure} (unclaimed, counted 0)")
            continue
        said.append(measure)
        parts[measure] = losses
        low = low - losses.bounds.high if losses.bounds.high < OPEN // 2 else -OPEN
        best -= losses.bounds.best
        if all_deployments and high < OPEN // 2:
            high -= losses.bounds.low
    found = compose(key, STRENGTH, list(moved.accounts.values()), moved.counting, day)
    return attrs.evolve(
        found,
        value=Bounds(max(low, 0), max(best, 0), max(high, 0)),
        disputed=any(part.disputed for part in parts.values()),
        derivation=" − ".join(said),
        parts=parts,
    )


def owed_to(found: Estimate, part: str) -> list[tuple[Estimate, str]]:
    """
    Which bounds of which parts make ``low``, ``best`` or ``high`` of a derived strength.

    Losses come off crosswise: the least strength takes the greatest losses. Empty for a headcount, which
    is made by the accounts themselves.
    """
    if set(found.parts) == {"present"} and all(_headcount(account)[1] for account in found.counting):
        return []
    crossed = {"low": "high", "best": "best", "high": "low"}[part]
    return [(one, crossed if measure in ("killed", "captured") else part) for measure, one in found.parts.items()]
