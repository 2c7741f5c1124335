"""Checks of figures: do they convert, do running totals run up, do parts fit their whole."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

import attrs

from kursk_timeline.audit.case import Case, Say, amount, days_text, named, spans
from kursk_timeline.errors import shown
from kursk_timeline.events.base import Event
from kursk_timeline.findings import Finding
from kursk_timeline.measures import Key
from kursk_timeline.quantity import Quantity
from kursk_timeline.replay.account import Account, AccountHistory
from kursk_timeline.replay.bounds import OPEN, Bounds, Claim

PEAKS = ("peak", "peak-present")
"""Measures whose parts may each have stood at another time, so that their sum bounds nothing."""


def unit_slip(case: Case, say: Say) -> Iterator[Finding]:
    """
    A figure printed in two units that does not convert.

    Looked for in every quantity of every known claim. Where the claim was withdrawn or replaced the
    answers no longer rest on it, and the finding is a note.
    """
    for event in [*case.ledger.events, *(event for event, _ in case.gone.values())]:
        gone = case.gone.get(event.id)
        for field in attrs.fields(type(event)):
            value = getattr(event, field.name)
            if not isinstance(value, Quantity):
                continue
            done = case.effects[event.id]
            keys = [effect.key for effect in done if effect.value == value] or [effect.key for effect in done]
            for slip in value.findings:
                message = f"{event.claimant}, {event.occurred}, in {shown(value.phrase)}: {slip.message}"
                if gone is not None:
                    message += f" (withdrawn or replaced by a report of {gone[1].reported}; no answer rests on it)"
                yield say(
                    message,
                    events=[event],
                    keys=keys,
                    settles="the first report of the figure" if gone is None else None,
                    severity=None if gone is None else "note",
                )


def _bounds(claim: Claim) -> Bounds:
    return Bounds(claim.low, claim.best, claim.high)


def total_falls(case: Case, say: Say) -> Iterator[Finding]:
    """
    A party's running total that is lower on a later day.

    Of two totals whose windows do not meet, the later one's upper bound lies below the earlier one's lower
    bound. "Over 77,000" has no upper bound and is taken at its printed figure: who could say
    "over 80,000" before and means the same count would not say less. One finding for each total fallen below.
    """
    for key, party, account in case.amounts():
        if not account.measure.cumulative:
            continue
        waiting = sorted(account.sets, key=lambda c: (c.last, c.order), reverse=True)
        top: Claim | None = None
        fallen: dict[Claim, list[Claim]] = {}
        for later in account.sets:
            while waiting and waiting[-1].last < later.first:
                earlier = waiting.pop()
                top = earlier if top is None or earlier.low > top.low else top
            most = later.high if later.high < OPEN // 2 else later.best
            if top is not None and most < top.low:
                fallen.setdefault(top, []).append(later)
        for high, lows in fallen.items():
            low, more = lows[0], len(lows) - 1
            before, after = account.events[high.order], account.events[low.order]
            message = (
                f"{named(key)}: the running total given by {party} falls from "
                f"{amount(_bounds(high), account.measure)} ({before.occurred}) "
                f"to {amount(_bounds(low), account.measure)} ({after.occurred})"
            )
            if more:
                message += f"; {more} more after it stay{'s' if more == 1 else ''} below"
            yield say(
                message,
                events=[before, *(account.events[c.order] for c in lows)],
                keys=[key],
                first=low.first,
                last=low.last,
                settles=f"word from {party} of what each total counts, and from which day",
            )


# --- parts and wholes --------------------------------------------------------------------------


def _rounding(figure: int) -> int:
    """
    Half a unit of a figure's last significant digit, at most 5 %: what printing it may have rounded away.

    >>> _rounding(62_400), _rounding(983), _rounding(90_000)
    (50, 0, 4500)
    """
    unit = 1
    while figure and figure % (unit * 10) == 0:
        unit *= 10
    return min(unit // 2, figure // 20)


def _groups(case: Case) -> Iterator[tuple[Key, tuple[Key, ...]]]:
    """Every whole, with parts that cannot be more than it together."""
    claimed = case.ledger.claimed()
    alike: defaultdict[tuple[str, str], list[Key]] = defaultdict(list)
    for key in claimed:
        alike[key.measure, key.region].append(key)
    for whole in claimed:
        if case.ledger.measures[whole.measure].is_name:
            continue
        if whole.measure == "casualties":
            # Prisoners are left out: whether a total counts them differs; see `total_includes_captured`.
            yield whole, tuple(attrs.evolve(whole, measure=part) for part in ("killed", "wounded"))
        if len(whole.members) < 2:
            continue
        parts = [key for key in alike[whole.measure, whole.region] if set(key.members) < set(whole.members)]
        singly = [key for key in parts if len(key.members) > 1 or whole.measure in PEAKS]
        jointly = tuple(key for key in parts if key not in singly)
        yield from ((whole, (key,)) for key in singly)
        if jointly:
            yield whole, jointly


def _current(account: Account | None) -> bool:
    return account is not None and account.certain and not account.stale


def part_above_whole(case: Case, say: Say) -> Iterator[Finding]:
    """
    Parts that are more than their whole: a coalition's members, or killed and wounded among casualties.

    Compared within one party's accounts, on every day on which both are certain and current. The sum of
    the parts' lower bounds, less what rounding may have added, is above the whole's upper bound. A running total
    heard before its parts is only "at least", and contradicts none.
    """
    for whole, parts in _groups(case):
        for party, total in sorted(case.ledger.accounts(whole).items()):
            given = [a[party] for part in parts if party in (a := case.ledger.accounts(part))]
            if given:
                yield from _above(say, total, given)


def _above(say: Say, total: AccountHistory, given: list[AccountHistory]) -> Iterator[Finding]:
    def on(day: int) -> tuple[Account, list[Account]] | None:
        whole = total.on(day)
        if whole is None or not _current(whole) or whole.bounds.high >= OPEN // 2:
            return None
        parts = [part for history in given if (part := history.on(day)) is not None and _current(part)]
        if total.measure.cumulative:
            parts = [part for part in parts if part.last_heard <= whole.last_heard]
        lows = [part.bounds.low for part in parts]
        slack = sum(map(_rounding, [*lows, whole.bounds.high]))
        return (whole, parts) if sum(lows) - slack > whole.bounds.high else None

    days = {day for history in (total, *given) for day in history.days_of_change()}
    for first, last in spans(days, lambda day: on(day) is not None):
        found = on(first)
        assert found is not None  # a span is where it holds
        whole, parts = found
        said = " and ".join(f"{named(part.key)} ({amount(part.bounds, part.measure)})" for part in parts)
        yield say(
            f"{days_text(first, last)}, {total.party} puts {said} above "
            f"{named(total.key)} ({amount(whole.bounds, whole.measure)}), which should contain "
            f"{'it' if len(parts) == 1 else 'them'}",
            events=[*whole.made_by["high"], *(event for part in parts for event in part.made_by["low"])],
            keys=[total.key, *(part.key for part in parts)],
            first=first,
            last=last,
            settles=f"word from {total.party} of what {named(total.key)} counts",
        )


LOSSES = ("killed", "wounded", "captured", "casualties")


def total_includes_captured(case: Case, say: Say) -> Iterator[Finding]:
    """
    A casualties total that is its killed, wounded and captured added up, so that it counts prisoners.

    Compared among one party's figures of one force with the same days, at the figures printed and within their
    rounding; and only where killed and wounded alone do not make the total.
    """
    rows: defaultdict[tuple[str, str | None, str, int, int, bool], dict[str, tuple[int, Event]]] = defaultdict(dict)
    for key, party, account in case.amounts():
        if key.measure in LOSSES:
            for claim in account.claims:
                place = (party, key.subject, key.region, claim.first, claim.last, claim.adds)
                rows[place][key.measure] = (claim.best, account.events[claim.order])
    for (party, force, region, first, last, _), row in rows.items():
        if row.keys() != set(LOSSES):
            continue
        killed, wounded, captured, total = (row[measure][0] for measure in LOSSES)
        without = killed + wounded
        slack = sum(_rounding(figure) + 1 for figure in (killed, wounded, captured, total))
        if abs(without + captured - total) <= slack < abs(without - total):
            yield say(
                f"{named(Key('casualties', force, region))}: the total of {total:,} that {party} gives for "
                f"{row['casualties'][1].occurred} is its killed ({killed:,}), wounded ({wounded:,}) and "
                f"captured ({captured:,}) added up, within rounding; so it counts prisoners, and others may not",
                events=[event for _, event in row.values()],
                keys=[Key(measure, force, region) for measure in LOSSES],
                first=first,
                last=last,
                settles=f"word from {party} whether its casualties count prisoners",
            )


# --- territory ---------------------------------------------------------------------------------


def retaken_above_peak(case: Case, say: Say) -> Iterator[Finding]:
    """
    More was taken back from a holder, with what it still holds, than it is said ever to have held.

    Lower bounds of what others than the holder retook (a coalition and its members are not added up) and of
    what the holder still holds, against the upper bound of its peak, on every day. Ground lost and
    retaken twice can also make it so.
    """
    claimed = case.ledger.claimed()
    for peak in claimed:
        if peak.measure != "peak":
            continue
        held = attrs.evolve(peak, measure="held")
        retaken = [
            k for k in claimed if (k.measure, k.region) == ("retaken", peak.region) and k.subject != peak.subject
        ]
        if retaken:
            yield from _above_peak(case, say, peak, held, retaken)


def _above_peak(case: Case, say: Say, peak: Key, held: Key, retaken: list[Key]) -> Iterator[Finding]:
    def sure(key: Key, day: int) -> int:
        found = case.ledger.on(key, day)
        return found.bounds.low if found is not None and found.certain and not found.stale else 0

    def on(day: int) -> tuple[list[Key], int, int] | None:
        most = case.ledger.on(peak, day)
        if most is None or not most.certain or most.bounds.high >= OPEN // 2:
            return None
        taken = _apart(sorted(((sure(key, day), key) for key in retaken), key=lambda pair: (-pair[0], pair[1])))
        back, left = sum(low for low, _ in taken), sure(held, day)
        return ([key for _, key in taken], back, left) if back and back + left > most.bounds.high else None

    days = {day for key in (peak, held, *retaken) for day in case.ledger.days_of_change(key)}
    for first, last in spans(days, lambda day: on(day) is not None):
        found, most = on(first), case.ledger.on(peak, first)
        assert found is not None  # a span is where it holds
        assert most is not None
        keys, back, left = found
        still = f", and it still held {_least(left, most.measure.name, case)}" if left else ""
        estimates = [
            (most, "high"),
            *((case.ledger.on(key, first), "low") for key in (*keys, *([held] if left else []))),
        ]
        yield say(
            f"{days_text(first, last)}, {_least(back, peak.measure, case)} were retaken ({', '.join(map(named, keys))})"
            f"{still}; but {named(peak)} was {amount(most.bounds, most.measure)}",
            events=[e for one, part in estimates if one is not None for a in one.counting for e in a.made_by[part]],
            keys=[peak, *keys, *([held] if left else [])],
            first=first,
            last=last,
            settles="whether ground was lost and retaken more than once, or the peak is put too low",
        )


def _least(low: int, measure: str, case: Case) -> str:
    return amount(Bounds(low, low, OPEN), case.ledger.measures[measure])


def _apart(found: Iterable[tuple[int, Key]]) -> list[tuple[int, Key]]:
    """Of the amounts, the greatest first, those whose parties have no member in common."""
    kept: list[tuple[int, Key]] = []
    for low, key in found:
        if low and not any(set(key.members) & set(other.members) for _, other in kept):
            kept.append((low, key))
    return kept
