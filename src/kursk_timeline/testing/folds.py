"""
A step of a fold before the laws.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import strategies as st
from hypothesis.errors import HypothesisException
from hypothesis.strategies import DataObject

from kursk_timeline.errors import shown
from kursk_timeline.events.base import Event
from kursk_timeline.replay.fold import replay
from kursk_timeline.testing.laws import LawBroken, watching
from kursk_timeline.testing.trial import copy_of


class FoldTrial:
    """One step of a fold before the laws."""

    def __init__(self, step: Callable[[Any, Event], Any], initial: Any) -> None:
        self.step, self.initial = step, initial
        self.name = getattr(step, "__name__", type(step).__name__)

    def log(self, example: tuple[list[Event], DataObject]) -> None:
        drawn, data = example
        # Replay goes by the middle of the window; only in that order has a snapshot a rest to go on with.
        events: list[Event] = replay(drawn, lambda seen, event: [*seen, event], [])
        whole = self._fold(events, copy.deepcopy(self.initial))
        cut = data.draw(st.integers(0, len(events)))
        rest = self._fold(events[cut:], self._fold(events[:cut], copy.deepcopy(self.initial)))
        if rest != whole:
            raise LawBroken(
                "split",
                self.name,
                events,
                f"all {len(events)} events give {shown(whole)}; {cut} of them and then the rest give {shown(rest)}",
                "keep everything the step needs in the state it returns, and nothing outside of it",
            )

    def _fold(self, events: Sequence[Event], state: Any) -> Any:
        return replay(events, self._checked(events), state)

    def _checked(self, events: Sequence[Event]) -> Callable[[Any, Event], Any]:
        def step(state: Any, event: Event) -> Any:
            before = copy.deepcopy(state)
            try:
                with watching() as calls:
                    after = self.step(state, event)
            except HypothesisException:
                raise
            except Exception as error:
                raise LawBroken(
                    "total",
                    self.name,
                    events,
                    f"on {event!r} it raised {type(error).__name__}: {shown(str(error))}",
                    "return the state as it is for an event it has nothing to do with",
                ) from error
            if calls:
                raise LawBroken(
                    "no clock, no chance",
                    self.name,
                    events,
                    f"it called {calls[0]}",
                    "take every day from the event, and every choice from its fields and the state",
                )
            if state != before:
                raise LawBroken(
                    "given state",
                    self.name,
                    events,
                    f"on {event!r} the state {shown(before)} became {shown(state)} under its hands",
                    "return a new state, as in {**state, key: value} or [*state, value]; snapshots share the old one",
                )
            kept = copy.deepcopy(after)
            again = self.step(copy.deepcopy(before), copy_of(event))
            if again != kept:
                raise LawBroken(
                    "repeatable",
                    self.name,
                    events,
                    f"the state {shown(before)} and {event!r} give {shown(kept)}, and then {shown(again)}",
                    "decide by the state and the event alone",
                )
            return after

        return step
