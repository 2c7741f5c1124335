"""
Why an answer is what it is: from the number to the accounts, the events, and the printed words.

Two questions are answered by search, not by rule, so that they hold for every kind of account:

* *Which events are enough?* `Explanation.events`: replayed alone, they give the same numbers.
* *Which events is a bound owed to?* `Because.all`: without them the bound is another. First the ones
  that make it; then, as long as the rest still gives the same bound, the ones that make it there.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, TypeAlias

import attrs

from kursk_timeline.events.base import Event, Source
from kursk_timeline.measures import STRENGTH, Key
from kursk_timeline.projections import Projection, effects
from kursk_timeline.replay.account import Account, Gaps
from kursk_timeline.replay.estimate import Estimate, leading
from kursk_timeline.replay.ledger import Ledger
from kursk_timeline.replay.standing import is_known, speaks_for, withdrawn
from kursk_timeline.replay.strength import PARTS, owed_to
from kursk_timeline.rich import Rich

Reason: TypeAlias = Literal[
    "not known", "retracted", "superseded", "other claimant", "not yet", "stale", "uncertain", "overtaken", "incomplete"
]


@attrs.frozen
class LeftOut:
    """
    An event that speaks of the key and has no say in the answer.

    Attributes:
        event: The event.
        reason: ``"not known"`` by `known_on`; ``"retracted"`` or ``"superseded"``; an ``"other
            claimant"`` than was asked for; ``"not yet"``: it cannot have happened by the day; its party's
            account is ``"stale"`` or ``"uncertain"`` and does not count, or ``"incomplete"``: a sum of
            which a part is missing; ``"overtaken"`` by later reports of its party.
        by: The event that withdrew it; None otherwise.
    """

    event: Event
    reason: Reason
    by: Event | None = None


@attrs.frozen
class Because:
    """
    What one bound of an answer is owed to.

    Attributes:
        events: The events that make it, in log order. Empty where it is the value before any event.
        also: Events that would give the same bound without those; without all of them it is another.
    """

    events: tuple[Event, ...]
    also: tuple[Event, ...]

    @property
    def all(self) -> tuple[Event, ...]:
        """Both; without them the bound is another."""
        return self.events + self.also


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Explanation(Rich):
    """
    Why the answer for one key on one date is what it is.

    Attributes:
        key: Of what.
        date: Which day.
        question: The date and the options of the question, in words.
        estimate: The answer; None where nothing is claimed.
        because: For ``low``, ``best`` and ``high`` (or ``holders``) the events it is owed to.
        left_out: The events that speak of the key and have no say, in log order, and why.
        parts: Where the answer is derived: the explanation of each estimate it is made of, by measure.
        sources: All places where an event was read, also those added later, by the event's id.
    """

    key: Key
    date: dt.date
    question: str
    estimate: Estimate | None
    because: Mapping[str, Because]
    left_out: tuple[LeftOut, ...]
    parts: Mapping[str, Explanation]
    sources: Mapping[str, tuple[Source, ...]]

    @property
    def accounts(self) -> list[Account]:
        """All accounts of the answer; each has its `worlds` and the events `in_play`."""
        return [] if self.estimate is None else list(self.estimate.accounts.values())

    @property
    def events(self) -> tuple[Event, ...]:
        """The events that alone give the same numbers, in no particular order."""
        if self.estimate is None:
            return ()
        if self.parts:
            return tuple(dict.fromkeys(event for part in self.parts.values() for event in part.events))
        return _in_play(self.estimate.counting)

    def to_dict(self) -> dict[str, object]:
        """Plain JSON: the answer, the ids behind each bound, a witness world for each, and what was left out."""
        return {
            "key": str(self.key),
            "date": self.date.isoformat(),
            "estimate": None if self.estimate is None else self.estimate.to_dict(),
            "because": {
                part: {"events": [e.id for e in found.events], "also": [e.id for e in found.also]}
                for part, found in self.because.items()
            },
            "worlds": {
                account.party: {
                    part: [
                        {
                            "event": placed.event.id,
                            "key": str(placed.key),
                            "day": None if placed.date is None else placed.date.isoformat(),
                            "value": None if placed.amount in (float("inf"), -float("inf")) else placed.amount,
                            "unit": placed.unit,
                            "adds": placed.adds,
                            "counts": world.counts(placed),
                        }
                        for placed in world.placed
                    ]
                    for part, world in account.worlds.items()
                }
                for account in ([] if self.parts else self.accounts)
            },
            "events": [event.id for event in self.events],
            "left_out": [
                {"event": out.event.id, "reason": out.reason, "by": None if out.by is None else out.by.id}
                for out in self.left_out
            ],
            "parts": {measure: part.to_dict() for measure, part in self.parts.items()},
        }

    def __str__(self) -> str:
        from kursk_timeline.replay.reading import explanation_tree

        return "\n".join(explanation_tree(self).lines())

    __repr__ = __str__


def _in_play(accounts: Iterable[Account]) -> tuple[Event, ...]:
    return tuple(dict.fromkeys(event for account in accounts for event in account.in_play))


# --- which events a bound is owed to -----------------------------------------------------------


def _part(estimate: Estimate, part: str) -> object:
    return estimate.value.possible if part == "holders" else getattr(estimate.value, part)  # type: ignore[union-attr]


def makers(estimate: Estimate, part: str) -> tuple[Event, ...]:
    """The events that make one bound of an estimate; empty where it is the value before any event."""
    owed = owed_to(estimate, part) if estimate.parts else []
    if owed:
        return tuple(dict.fromkeys(event for one, of in owed for event in makers(one, of)))
    if part == "best":
        accounts = [leading(estimate.counting)]
    elif part == "holders":
        accounts = estimate.counting
    else:
        wanted = _part(estimate, part)
        accounts = [account for account in estimate.counting if getattr(account.value, part) == wanted]
    return tuple(dict.fromkeys(event for account in accounts for event in account.made_by.get(part, ())))


def _because(
    estimate: Estimate, part: str, events: Sequence[Event], projections: Sequence[Projection], gaps: Gaps
) -> Because:
    wanted = _part(estimate, part)
    made: tuple[Event, ...] | None = None
    also: list[Event] = []
    left = list(events)
    found: Estimate | None = estimate
    while found is not None and _part(found, part) == wanted:
        responsible = makers(found, part)
        if made is None:
            made = responsible
        else:
            also.extend(responsible)
        if not responsible:
            # The value before any event: it is owed to whatever may, or may not, have happened.
            responsible = _all_in_play(found)
            also.extend(responsible)
        gone = set(responsible)
        # What the same party said alike would only step into its place one by one.
        alike = {_alike(event) for event in gone}
        same = [event for event in left if event not in gone and _alike(event) in alike]
        also.extend(same)
        gone.update(same)
        left = [event for event in left if event not in gone]
        found = Ledger(left, projections, gaps).on(estimate.key, estimate.date.toordinal())
    return Because(made or (), tuple(dict.fromkeys(event for event in also if event not in (made or ()))))


def _all_in_play(estimate: Estimate) -> tuple[Event, ...]:
    if estimate.parts:
        return tuple(dict.fromkeys(event for part in estimate.parts.values() for event in _all_in_play(part)))
    return _in_play(estimate.counting)


def _alike(event: Event) -> tuple[object, ...]:
    """Two events of which this is equal say the same of the same thing, for whatever day."""
    common = {"occurred", "reported", "sources", "restated_until", "grading", "note", "claimant"}
    said = tuple(
        getattr(event, field.name) for field in attrs.fields(type(event)) if field.init and field.name not in common
    )
    return (type(event), event.party, said)


# --- the whole ---------------------------------------------------------------------------------


def related(key: Key) -> set[Key]:
    """The keys whose events can have a say in the answer for a key."""
    if key.measure == STRENGTH.name:
        return {attrs.evolve(key, measure=measure) for measure in PARTS}
    if key.measure == "controlled":
        return {key, attrs.evolve(key, measure="held"), Key("contested", None, key.region)}
    return {key}


def explain(
    key: Key,
    day: dt.date,
    *,
    question: str,
    log: Sequence[Event],
    ledger: Ledger,
    projections: Sequence[Projection],
    known_on: dt.date | None,
    paths: Sequence[str] | None,
    sources: Mapping[str, tuple[Source, ...]],
) -> Explanation:
    """
    Why the answer for a key on a day is what it is.

    Args:
        question: The date and the options, in words.
        log: All events, in log order, also those that do not stand.
        ledger: The accounts of the question.
        projections: Those of the ledger.
        known_on, paths: What the ledger was cut by.
        sources: Further places where an event was read, by its id.

    Cost: a few replays of the events that speak of the key.
    """
    estimate = ledger.on(key, day.toordinal())
    keys = related(key)
    speaking = [e for e in log if e.is_claim and any(effect.key in keys for effect in effects(e, projections))]
    because: dict[str, Because] = {}
    parts: dict[str, Explanation] = {}
    if estimate is not None:
        standing = set(ledger.events)
        heard = [event for event in speaking if event in standing]
        names = ("holders",) if estimate.measure.is_name else ("low", "best", "high")
        because = {part: _because(estimate, part, heard, projections, ledger.gaps) for part in names}
        parts = {
            measure: explain(
                part.key,
                day,
                question=question,
                log=log,
                ledger=ledger,
                projections=projections,
                known_on=known_on,
                paths=paths,
                sources=sources,
            )
            for measure, part in estimate.parts.items()
        }
    found = Explanation(
        key=key,
        date=day,
        question=question,
        estimate=estimate,
        because=because,
        left_out=(),
        parts=parts,
        sources={event.id: (*event.sources, *sources.get(event.id, ())) for event in speaking},
    )
    gone = withdrawn(log, known_on)
    left_out = _left_out(found, speaking, gone, known_on, paths)
    return attrs.evolve(found, left_out=tuple(left_out))


def _left_out(
    found: Explanation,
    speaking: Iterable[Event],
    gone: Mapping[str, Event],
    known_on: dt.date | None,
    paths: Sequence[str] | None,
) -> Iterable[LeftOut]:
    having_a_say = set(found.events)
    for event in speaking:
        by = gone.get(event.id)
        if not is_known(event, known_on):
            yield LeftOut(event, "not known")
        elif by is not None:
            yield LeftOut(event, "superseded" if by.kind == "superseded" else "retracted", by)
        elif paths is not None and not speaks_for(event.claimant, paths):
            yield LeftOut(event, "other claimant")
        elif event not in having_a_say:
            yield LeftOut(event, _why_not(found, event))


def _why_not(found: Explanation, event: Event) -> Reason:
    first = event.window.earliest
    if first is None or first > found.date:
        return "not yet"
    account = None if found.estimate is None else found.estimate.accounts.get(event.party)
    if account is None:
        return "incomplete"
    if account.counts or found.parts:
        return "overtaken"
    return "stale" if account.stale else "uncertain"
