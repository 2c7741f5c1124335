"""
A projection before the laws: each method takes an example, and raises `LawBroken` if a law does not hold for it.
"""

from __future__ import annotations

import datetime as dt
import inspect
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final, NoReturn

import attrs
from hypothesis import strategies as st
from hypothesis.errors import HypothesisException
from hypothesis.strategies import DataObject

from kursk_timeline.errors import InputError, ProjectionError, shown
from kursk_timeline.events.base import Event, Source
from kursk_timeline.events.kinds import Retracted
from kursk_timeline.measures import Key
from kursk_timeline.projections import Projection
from kursk_timeline.projections.effect import Effect
from kursk_timeline.quantity import Quantity
from kursk_timeline.replay.bounds import Bounds, Names
from kursk_timeline.replay.claimed import Amounts, Holders
from kursk_timeline.replay.steps import at
from kursk_timeline.replay.value import Value
from kursk_timeline.testing import strategies
from kursk_timeline.testing.fresh import effects_elsewhere
from kursk_timeline.testing.laws import LawBroken, Surroundings, watching
from kursk_timeline.timeline import Timeline
from kursk_timeline.when import When

MOST_EFFECTS: Final = 1_000
"""More than this many effects of one event are taken for a loop that does not end."""

COMMON: Final = ("occurred", "reported", "restated_until", "sources", "grading", "note")
"""Fields that say when and where an event was read."""


class Trial:
    """One projection before the laws."""

    def __init__(self, project: Projection, reads: frozenset[str]) -> None:
        self.project = project
        self.reads = reads
        self.around = Surroundings.of(project.function)
        self.kinds: set[str] = set()
        """The kinds of event that had an effect."""

    def broken(self, law: str, events: Sequence[Event], happened: str, instead: str) -> LawBroken:
        return LawBroken(law, self.project.__name__, events, happened, instead)

    # --- one event ---

    def one_event(self, event: Event) -> None:
        first = self.effects(event)
        if first:
            self.kinds.add(event.kind)
        # Equal, and another object: what is remembered by identity shows.
        again = self.effects(copy_of(event))
        if first != again:
            raise self.broken(
                "repeatable",
                [event],
                f"first {_list(first)}, and then, for the same event, {_list(again)}",
                "decide by the fields of the event alone, and make the effects anew on every call: "
                "a counter, a set of what was seen or a generator that was kept gives out",
            )
        changed = self.around.changed()
        if changed is not None:
            self.around = Surroundings.of(self.project.function)  # or every later event would be blamed too
            raise self.broken(
                "no trace",
                [event],
                changed,
                "return effects and change nothing else; what adds up over events is a measure that you `Effect.add` "
                "to, or the state of a fold (`replay`); to remember what is slow to compute, use functools.cache",
            )
        for name, changed_event in _read_elsewhere(event):
            if name not in self.reads:
                self._is_blind_to(name, event, changed_event, first)

    def effects(self, event: Event) -> list[Effect]:
        """The effects of one event, if what comes back is effects at all."""
        try:
            with watching() as calls:
                found = self.project.function(event)
                several = [found] if isinstance(found, Effect) else self._several(found, event)
        except (LawBroken, HypothesisException):
            raise
        except Exception as error:
            raise self.broken(
                "total",
                [event],
                f"it raised {type(error).__name__}: {shown(str(error))}",
                "return None (or yield nothing) for what it has nothing to say about: ask for the kind first, as in "
                "`if isinstance(event, TerritoryHeld)`, and for None in fields that may be left out",
            ) from error
        if calls:
            raise self.broken(
                "no clock, no chance",
                [event],
                f"it called {calls[0]}",
                "take every day from the event (event.occurred, event.reported) and every choice from its fields; "
                "what depends on today is asked with state_at(date)",
            )
        for effect in several:
            self._check_placeable(effect, event)
        return several

    def _several(self, found: Any, event: Event) -> list[Any]:
        if found is None:
            return []
        if isinstance(found, (str, bytes, Mapping)) or not isinstance(found, Iterable):
            shown_as = shown(found)
            if inspect.iscoroutine(found):  # or Python warns that nobody waited for it
                found.close()
            raise self.broken(
                "effects",
                [event],
                f"it returned {shown_as}",
                "return or yield Effect.set(key, value) or Effect.add(key, value), or return None",
            )
        several = list(islice(found, MOST_EFFECTS + 1))
        if len(several) > MOST_EFFECTS:
            raise self.broken(
                "effects",
                [event],
                f"it gave more than {MOST_EFFECTS:,} effects, and would go on",
                "yield one effect for each key that the event is about",
            )
        return several

    def _check_placeable(self, effect: Any, event: Event) -> None:
        if not isinstance(effect, Effect):
            raise self.broken(
                "effects",
                [event],
                f"among what it gave is {shown(effect)}, which is no Effect",
                "yield Effect.set(key, value) or Effect.add(key, value), and nothing else",
            )
        key: object = effect.key  # Effect(...) itself takes anything
        problem = None
        if not isinstance(key, Key):
            problem = f"the key of an effect is {shown(key)}, which is no Key"
        elif not isinstance(effect.adds, bool) or (effect.adds and isinstance(effect.value, str)):
            problem = f"an effect on {effect.key} adds the name {shown(effect.value)}"
        else:
            try:
                self.project._check(effect, event)
            except ProjectionError as error:
                problem = str(error).partition(f"{event!r}: ")[2] or str(error)
        if problem is not None:
            raise self.broken(
                "placeable",
                [event],
                problem,
                "build effects with Effect.set and Effect.add; bring a measure of your own along with its unit, "
                "@projection(measures=[Measure('strikes', unit='items')]), and give values of that unit's kind",
            )

    def _is_blind_to(self, name: str, event: Event, changed: Event, effects: list[Effect]) -> None:
        found = self.effects(changed)
        if found != effects:
            raise self.broken(
                "blind",
                [event],
                f"with {name}={_field(event, name)} it gives {_list(effects)}, "
                f"with {name}={_field(changed, name)} {_list(found)}",
                f"decide by the claimant and by what the kind says, not by {name!r}: days and doubt about them are the "
                f"replay's work. If it is meant to look, say so: check_projection(..., reads=[{name!r}])",
            )

    # --- several events ---

    def several_events(self, events: list[Event]) -> None:
        forward = [self.effects(event) for event in events]
        backward = [self.effects(event) for event in reversed(events)][::-1]
        for event, one, other in zip(events, forward, backward, strict=True):
            if one != other:
                raise self.broken(
                    "local",
                    events,
                    f"for {event!r} it gives {_list(one)} after the events before it, "
                    f"and {_list(other)} after those behind it",
                    "look at nothing but the one event; what needs an earlier one is a fold: replay(events, step, "
                    "initial)",
                )

    # --- whole logs ---

    def whole_log(self, example: tuple[list[Event], DataObject]) -> None:
        log, data = example
        if not log:
            return
        whole = self.timeline(log)
        size = data.draw(st.integers(0, len(log)))
        then, now = _answers(self.timeline(log[:size])), _answers(whole.at_size(size))
        if then != now:
            self._differs("prefix", log, f"at size {size}", "of those events alone", then, now)

        claims = whole.events()
        if not claims:
            return
        place = data.draw(st.integers(0, len(claims) - 1))
        event, others = claims[place], [*claims[:place], *claims[place + 1 :]]
        # Only claims from here on: what speaks of an event by its id would not find the changed one.
        withdrawal = Retracted(event=event, reason="invented", reported="2050-01-01", claimant=event.claimant)
        never, withdrawn = _answers(self.timeline(others)), _answers(self.timeline([*claims, withdrawal]))
        if never != withdrawn:
            self._differs("retraction", [*claims, withdrawal], "withdrawn", "without it", never, withdrawn)

        self._doubt(claims, place)

    def one_claim(self, event: Event) -> None:
        self._doubt([event], 0)

    def _doubt(self, claims: Sequence[Event], place: int) -> None:
        """The laws of doubt for one of the claims."""
        event = claims[place]
        for law, wider in (("wider window", _wider_window(event)), ("wider quantity", _wider_quantities(event))):
            if wider is not None and wider not in claims:
                changed = [*claims[:place], wider, *claims[place + 1 :]]
                self._never_narrows(law, claims, changed, event, wider)

    def timeline(self, log: Sequence[Event]) -> Timeline:
        made = Timeline(projections=[self.project])
        made.append(log)
        return made

    def _differs(self, law: str, log: Sequence[Event], one: str, other: str, then: Any, now: Any) -> NoReturn:
        key = next(key for key in [*then, *now] if then.get(key) != now.get(key))
        raise self.broken(
            law,
            log,
            f"{key} is {_steps(now.get(key))} {one}, and {_steps(then.get(key))} {other}",
            "look at nothing but the one event, and remember nothing between calls",
        )

    def _never_narrows(
        self, law: str, claims: Sequence[Event], changed: Sequence[Event], event: Event, wider: Event
    ) -> None:
        before, after = _accounts(self.timeline(claims)), _accounts(self.timeline(changed))
        for name, steps in before.items():
            wide = after.get(name, [])
            for day in sorted({day for day, _ in [*steps, *wide]}):
                value = at(steps, day)
                if value is not None and not _holds(at(wide, day), value):
                    raise self.broken(
                        law,
                        claims,
                        f"with {wider!r} in the place of {event!r}, the account {' of '.join(name)} on "
                        f"{dt.date.fromordinal(day)} is {at(wide, day)} in base units; before, it was {value}",
                        "pass the event's own quantities on as they are, and leave the days to the replay: to leave "
                        "out what is vague, or to keep one bound alone, makes a doubtful claim look like a sure one",
                    )

    # --- another interpreter ---

    def fresh_process(self, several: Sequence[Event]) -> None:
        here = [[repr(effect) for effect in self.effects(event)] for event in several]
        for hash_seed in (1, 2, 3):
            there = effects_elsewhere(self.project.function, several, hash_seed)
            for event, one_way, other_way in zip(several, here, there, strict=True):
                if one_way != other_way:
                    raise self.broken(
                        "fresh",
                        [event],
                        f"here {', '.join(one_way) or 'nothing'}; in an interpreter with PYTHONHASHSEED={hash_seed} "
                        f"{', '.join(other_way) or 'nothing'}",
                        "a set has no order, and hash() another value in every run: sort before you choose or yield",
                    )


def copy_of(event: Event) -> Event:
    return attrs.evolve(event)


def _read_elsewhere(event: Event) -> Iterator[tuple[str, Event]]:
    """The event with one common field after the other changed, as far as its kind allows."""
    reported = event.reported.latest or strategies.FIRST
    earlier = When(*(_later(reported, -days) for days in (400, 300)))
    others: dict[str, dict[str, Any]] = {
        "occurred": {"occurred": earlier, "restated_until": None},
        "reported": {"reported": When(*[_later(reported, 3_000)] * 2)},
        "restated_until": {"restated_until": None if event.restated_until else _later(reported, 4_000)},
        "sources": {"sources": Source("another paper", "another title", "another place", "other words")},
        "grading": {"grading": "A1" if event.grading == "F6" else "F6"},
        "note": {"note": "another note"},
    }
    for name in COMMON:
        try:
            yield name, attrs.evolve(event, **others[name])
        except InputError:  # a kind with more rules of its own
            continue


def _later(day: dt.date, days: int) -> dt.date:
    return dt.date.fromordinal(max(1, min(day.toordinal() + days, dt.date.max.toordinal())))


def _field(event: Event, name: str) -> str:
    value = getattr(event, name)
    return shown(str(value)) if isinstance(value, When) else shown(value)


def _list(effects: Sequence[object]) -> str:
    return ", ".join(repr(effect) for effect in effects[:5]) + (", …" if len(effects) > 5 else "") or "nothing"


def _steps(history: Any) -> str:
    return shown(history and history["steps"])


def _answers(timeline: Timeline) -> dict[str, dict[str, object]]:
    """Everything a timeline says of every key on every day."""
    return {str(key): timeline.history(key).to_dict() for key in timeline.keys()}  # noqa: SIM118 (no mapping)


def _accounts(timeline: Timeline) -> dict[tuple[str, str], Sequence[tuple[int, Value]]]:
    """
    The values of every account that rests on claims, by key and party.

    Not the estimates: a claim that is no longer certain may stop counting, and leave a narrower one.
    """
    return {
        (str(key), party): account.value_steps
        for key in timeline.keys()  # noqa: SIM118 (no mapping)
        for party, account in timeline.history(key).accounts.items()
        if isinstance(account, (Amounts, Holders))
    }


def _holds(wide: Value | None, value: Value) -> bool:
    if isinstance(wide, Names) and isinstance(value, Names):
        return value.possible <= wide.possible
    return isinstance(wide, Bounds) and isinstance(value, Bounds) and wide.low <= value.low and value.high <= wide.high


def _wider_window(event: Event) -> Event | None:
    """The event with a window that begins earlier and ends later; None where the calendar has no room."""
    earliest, latest = event.occurred.earliest, event.occurred.latest
    try:
        first = None if earliest is None else earliest - dt.timedelta(2)
        last = None if latest is None else latest + dt.timedelta(3)
        return attrs.evolve(event, occurred=When(first, last))
    except (OverflowError, InputError):
        return None


def _wider_quantities(event: Event) -> Event | None:
    """The event with all its quantities wider, each about the same best value; None where it has none."""
    wider: dict[str, Any] = {
        field.name: _wider(value)
        for field in attrs.fields(type(event))
        if isinstance(value := getattr(event, field.name), Quantity)
    }
    try:
        return attrs.evolve(event, **wider) if wider else None
    except InputError:  # a kind with more rules of its own
        return None


def _wider(quantity: Quantity) -> Quantity:
    low, high = quantity.low_base, quantity.high_base
    # What started at or above zero stays there: an area or a headcount takes nothing below it.
    least = None if low is None else low // 2 if low >= 0 else low * 2
    most = None if high is None else high + abs(high) // 2 + 1
    return Quantity.from_base(least, quantity.best_base, most, quantity.unit)
