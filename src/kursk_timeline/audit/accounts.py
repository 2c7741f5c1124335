"""Checks of accounts: do they contradict each other, are they old, does a vague date spoil an answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import permutations

import attrs

from kursk_timeline.audit.case import Case, Say, amount, day_text, days_text, named
from kursk_timeline.events.base import Event
from kursk_timeline.findings import Finding
from kursk_timeline.measures import Key
from kursk_timeline.replay.account import Account, AccountHistory
from kursk_timeline.replay.bounds import OPEN, Bounds, Claim
from kursk_timeline.replay.claimed import Amounts
from kursk_timeline.replay.estimate import Estimate, estimate
from kursk_timeline.replay.notation import names
from kursk_timeline.replay.value import Value

# --- disputes ----------------------------------------------------------------------------------


def _sides(found: Estimate) -> list[Account]:
    """The counting accounts of a disputed estimate that some other one contradicts."""
    counting = found.counting
    if found.measure.is_name:
        against = [(a, b) for a, b in permutations(counting, 2) if not a.holders & b.holders]
    else:
        latest = max(account.last_heard for account in counting)
        against = [
            (a, b)
            for a, b in permutations(counting, 2)
            # Of a running total, what was heard earlier is "at least" and puts no limit.
            if a.bounds.low > b.bounds.high and (b.last_heard == latest or not found.measure.cumulative)
        ]
    parties = {account.party for pair in against for account in pair}
    # Of three sets of names each two may share one, and all three none.
    return [account for account in counting if account.party in parties or not parties]


def _said(value: Value, account: Account) -> str:
    return amount(value, account.measure) if isinstance(value, Bounds) else names(value.possible)


def dispute(case: Case, say: Say) -> Iterator[Finding]:
    """
    An estimate whose accounts contradict each other.

    One finding for each key and span of days. A span ends where the dispute does, and a new one begins
    where one more party joins it; who leaves it, and new figures of the same parties, begin none.
    """
    for key in case.ledger.claimed():
        run: tuple[int, Estimate, set[str]] | None = None
        for day in case.ledger.days_of_change(key):
            found = case.ledger.on(key, day)
            parties = {a.party for a in _sides(found)} if found is not None and found.disputed else set()
            if run is not None and (not parties or not parties <= run[2]):
                yield _disputed(say, key, run[0], day - 1, run[1])
                run = None
            if found is not None and parties:
                run = (day, found, parties) if run is None else (run[0], run[1], parties)
        if run is not None:
            yield _disputed(say, key, run[0], None, run[1])


def _disputed(say: Say, key: Key, first: int, last: int | None, found: Estimate) -> Finding:
    sides = sorted(_sides(found), key=lambda account: account.party)
    said = ", ".join(f"{account.party} says {_said(account.value, account)}" for account in sides)
    return say(
        f"{named(key)}: {days_text(first, last)} the accounts contradict each other: {said}",
        events=[event for account in sides for made in account.made_by.values() for event in made],
        keys=[key],
        first=first,
        last=last,
        settles=f"a figure for {day_text(first)} from a source independent of {', '.join(a.party for a in sides)}",
    )


# --- age ---------------------------------------------------------------------------------------


def stale(case: Case, say: Say) -> Iterator[Finding]:
    """
    A key on which nobody was heard recently enough, on the last day of the log.

    Then the account heard last stands, marked. One finding for each key, from the first day on which that holds.
    """
    if case.day is None:
        return
    for key in case.ledger.claimed():
        found = case.ledger.on(key, case.day)
        if found is None or not found.stale:
            continue
        shelf_life = found.measure.shelf_life
        assert shelf_life is not None  # what has none is never stale
        (account,) = found.counting
        yield say(
            f"{named(key)}: by {day_text(case.day)} nobody was heard for more than {shelf_life} days; "
            f"{account.party}, last heard {found.last_heard}, still stands with {_said(account.value, account)}",
            events=[event for made in account.made_by.values() for event in made],
            keys=[key],
            first=min(case.day, found.last_heard.toordinal() + shelf_life + 1),
            settles=f"any report on {named(key)} after {found.last_heard}",
        )


# --- vague dates -------------------------------------------------------------------------------

MOST_DAYS = 16
"""How many steps of one key are looked at, the widest first."""

MOST_CLAIMS = 16
"""An account with more claims in play on one day is passed over: each is tried in all its days."""


@attrs.frozen
class _Vague:
    """A claim whose day, if it were known, would narrow an estimate."""

    gain: int
    width: int
    day: int
    party: str
    event: Event
    value: Bounds


def vague_date(case: Case, say: Say) -> Iterator[Finding]:
    """
    A vague date that makes at least half of the width of an answer.

    For each key its steps of finite width are taken, the widest first, and on the first day of each every
    claim of a counting account whose window is wider than one day. The estimate is computed anew with
    that claim on each of its days in turn (only days on which something can change are tried, which is exact), and
    the widest result is what is left at worst once the day is known. The claim that narrows an answer most is
    reported, one for each key, if what it takes away is at least half of the width.

    An open upper bound has no width and is passed over, and so are names. Cost: bounded by `MOST_DAYS` and
    `MOST_CLAIMS`; keys without vague claims cost nothing.
    """
    for key in case.ledger.claimed():
        found = _vaguest(case, key)
        if found is not None:
            measure = case.ledger.measures[key.measure]
            gain = amount(Bounds(found.gain, found.gain, found.gain), measure)
            yield say(
                f"{named(key)} on {day_text(found.day)} is {amount(found.value, measure)}; at least {gain} of that "
                f"width come from the date of one claim by {found.party}, known only as {found.event.occurred}",
                events=[found.event],
                keys=[key],
                first=found.day,
                last=found.day,
                settles=f"the day meant by {found.event.occurred}",
            )


def _vaguest(case: Case, key: Key) -> _Vague | None:
    accounts = case.ledger.accounts(key)
    if not any(isinstance(a, Amounts) and any(_is_vague(c) for c in a.claims) for a in accounts.values()):
        return None
    steps = []
    for day in case.ledger.days_of_change(key):
        found = case.ledger.on(key, day)
        if found is not None and 0 < (width := found.bounds.high - found.bounds.low) < OPEN // 2:
            steps.append((width, day, found))
    steps.sort(key=lambda step: (-step[0], step[1]))
    best: _Vague | None = None
    for width, day, found in steps[:MOST_DAYS]:
        if best is not None and best.gain >= width:
            break  # nothing narrows by more than the width
        for account in sorted(found.counting, key=lambda a: a.party):
            if not isinstance(account.history, Amounts):
                continue
            playing = _in_play(account.history, day)
            for claim in playing:
                if not _is_vague(claim):
                    continue
                # What leaves more than this would not be reported.
                limit = min(width // 2, width - (0 if best is None else best.gain))
                left = _widest_with_its_day(accounts, account.history, playing, claim, day, limit)
                gain = width - left
                if 2 * gain >= width and (best is None or gain > best.gain):
                    event = account.history.events[claim.order]
                    best = _Vague(gain, width, day, account.party, event, found.bounds)
    return best


def _is_vague(claim: Claim) -> bool:
    return claim.last > claim.first


def _in_play(account: Amounts, day: int) -> Sequence[Claim]:
    """The claims that have a say on a day and may have happened by then; none where too many do."""
    playing = [c for c in account.claims_in_play(day) if c.first <= day]
    return playing if len(playing) <= MOST_CLAIMS else []


class _Fixed(Amounts):
    """An account on one day, with the claims that matter on it, one of them moved to a day of its own."""

    def __init__(self, account: Amounts, claims: Sequence[Claim], day: int) -> None:
        coming = account.next_set(day)
        kept = [*claims, *([] if coming is None or coming in claims else [coming])]
        super().__init__(account.key, account.party, account.measure, kept, account.events, account.gaps)
        self.account, self.day = account, day

    @property
    def value_steps(self) -> Sequence[tuple[int, Bounds]]:
        low, best, high = (trace.value for trace in self.traces(self.day).values())
        # `best` plays no part in a width, and may lie outside the bounds of a world that is no longer.
        value = Bounds(low, best, high)
        return [(self.day, self._with_floor(self._spanned([(self.day, value)], self.day)))]

    # Its party was heard when it was heard.
    def last_heard(self, day: int) -> int:
        return self.account.last_heard(day)

    def last_spoken(self, day: int) -> int:
        return self.account.last_spoken(day)


def _widest_with_its_day(
    accounts: Mapping[str, AccountHistory],
    account: Amounts,
    playing: Sequence[Claim],
    claim: Claim,
    day: int,
    limit: int = OPEN,
) -> int:
    """
    How wide the estimate may still be on a day once the claim's own day is known, whichever that is.

    Args:
        playing: The claims of the account that matter on the day.
        limit: Wider than this is as good as any: the search ends.
    """
    # Only the order of the claims' ends and the day asked about matter; between these nothing changes.
    turns = {claim.first, claim.last, day, day + 1} | {
        turn for c in playing if c is not claim for end in (c.first, c.last) for turn in (end, end + 1)
    }
    widest = 0
    for known in sorted(turn for turn in turns if claim.first <= turn <= min(claim.last, day + 1)):
        fixed = claim._replace(first=known, last=known, middle=known)
        changed = _Fixed(account, [fixed if c is claim else c for c in playing], day)
        histories = [changed if party == account.party else history for party, history in accounts.items()]
        found = estimate(account.key, account.measure, histories, day)
        if found is not None:  # else nothing is claimed yet, which is not wide
            widest = max(widest, found.bounds.high - found.bounds.low)
        if widest > limit:
            break
    return widest
