"""
The checks: a function is tried on invented events, and the smallest that breaks a law is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from hypothesis import HealthCheck, Phase, Verbosity, given, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st
from hypothesis.errors import Flaky
from hypothesis.strategies import SearchStrategy

from kursk_timeline.errors import InputError, shown
from kursk_timeline.events.base import KINDS, Event
from kursk_timeline.projections import Project, Projection, projection
from kursk_timeline.testing import strategies
from kursk_timeline.testing.folds import FoldTrial
from kursk_timeline.testing.laws import LawBroken
from kursk_timeline.testing.trial import COMMON, Trial

S = TypeVar("S")


def check_projection(
    function: Project | Projection,
    *,
    examples: int = 200,
    events: SearchStrategy[Event] | Iterable[Event] | None = None,
    seed: int | None = None,
    reads: Iterable[str] = (),
    fresh_process: bool = False,
) -> None:
    """
    Try to break a projection: one event alone, then whole logs in a timeline. Says nothing if it holds.

    Args:
        function: A projection, or a plain function from one event to its effects.
        examples: How many events to try, spread over all kinds, and a quarter as many logs.
        events: A strategy, or claims to choose from; None for invented ones of every registered kind.
        seed: Another choice of examples; None for the same ones every time.
        reads: Common fields it is meant to look at, such as ``"grading"``, though they say only when and
            where an event was read.
        fresh_process: Also start another interpreter, with another hash seed, and compare. This finds
            effects in the order of a set. The function must be one that can be imported.

    Raises:
        LawBroken: a law of `LAWS` does not hold; shows the smallest example, and says what to write instead.
        InputError: an argument cannot be taken.

    Cost: some 10 calls of the function for each example, and the replay of some small logs: one or
    two seconds for 200, and some more to find the smallest example of what is broken.

    >>> import kursk_timeline as kt
    >>> @kt.projection
    ... def taken(event):
    ...     if isinstance(event, kt.SettlementTaken):
    ...         yield kt.Effect.set(kt.Key("holder", event.settlement, event.region), event.by)
    >>> check_projection(taken, examples=20)
    """
    if not callable(function):
        raise InputError(f"{shown(function)} is no projection; give a function from an event to its effects")
    _check_examples(examples)
    meant = frozenset(reads)
    for name in sorted(meant.difference(COMMON)):
        raise InputError(f"reads: {shown(name)} is none of {', '.join(COMMON)}; all other fields may be read anyway")
    trial = Trial(function if isinstance(function, Projection) else projection(function), meant)
    # The plain laws first: on a function that fails them, the answers of a timeline mean little.
    if events is None:
        by_kind = list(_each_kind())
        for one_kind in by_kind:
            _run(trial.one_event, one_kind, max(1, examples // len(by_kind)), seed)
        # Most functions are about few kinds. From here on these, or what is tried would mostly be nothing.
        kinds = sorted(trial.kinds) or None
        one, log = strategies.events(kinds), strategies.logs(6, kinds=kinds)
    else:
        one = _strategy(events)
        log = _distinct(one, 6)
        _run(trial.one_event, one, examples, seed)
    fewer = max(1, examples // 4)
    # What it remembers may be of a kind that has no effect itself.
    any_kind = st.booleans().flatmap(lambda others: _strategy(events) if others else one)
    _run(trial.several_events, _distinct(any_kind, 4), fewer, seed)
    _run(trial.one_claim, one, fewer, seed)
    _run(trial.whole_log, st.tuples(log, st.data()), fewer, seed)
    if fresh_process:
        drawn: list[Event] = []
        _run(drawn.append, one, min(examples, 50), seed)
        trial.fresh_process(list(dict.fromkeys(drawn)))


def check_fold(
    step: Callable[[S, Event], S],
    initial: S,
    *,
    examples: int = 100,
    events: SearchStrategy[Event] | Iterable[Event] | None = None,
    seed: int | None = None,
) -> None:
    """
    Try to break a step of `replay`: whatever it is folded over, a snapshot and the rest give the whole.

    The state is anything that `copy.deepcopy` copies and ``==`` compares.

    Args:
        step: State and event in, next state out.
        initial: The state before the first event.
        examples, events, seed: As for `check_projection`; `examples` counts short logs.

    Raises:
        LawBroken: it raises, changes the state it was given, or does not give the same state again.

    >>> check_fold(lambda count, event: count + 1, 0, examples=20)
    """
    if not callable(step):
        raise InputError(f"{shown(step)} is no step; give a function from a state and an event to the next state")
    _check_examples(examples)
    trial = FoldTrial(step, initial)
    _run(trial.log, st.tuples(_distinct(_strategy(events), 5), st.data()), examples, seed)


# --- running -----------------------------------------------------------------------------------


def _check_examples(examples: object) -> None:
    if not isinstance(examples, int) or isinstance(examples, bool) or examples < 1:
        raise InputError(f"examples is a whole number from 1, not {shown(examples)}")


def _distinct(one: SearchStrategy[Event], most: int) -> SearchStrategy[list[Event]]:
    return st.lists(one, min_size=1, max_size=most, unique_by=lambda event: event.id)


def _each_kind() -> Iterator[SearchStrategy[Event]]:
    """The claims of one kind after the other, as far as they can be built."""
    for kind, cls in sorted(KINDS.items()):
        if cls.is_claim:
            try:
                yield strategies.events([kind])
            except InputError:  # a field that nothing fits; see `events`
                continue


def _strategy(events: SearchStrategy[Event] | Iterable[Event] | None) -> SearchStrategy[Event]:
    if events is None:
        return strategies.events()
    if isinstance(events, SearchStrategy):
        return events
    several = [event for event in events if event.is_claim]
    if not several:
        raise InputError("events: there is no claim among them to try")
    return st.sampled_from(several)


def _run(test: Callable[[Any], None], strategy: SearchStrategy[Any], examples: int, seed: int | None) -> None:
    """Try examples until one breaks a law, then look for a smaller one, and raise that."""
    seen: list[LawBroken] = []

    def tried(example: Any) -> None:
        try:
            test(example)
        except LawBroken as broken:
            seen.append(broken)
            raise

    run = given(strategy)(tried)
    run = settings(
        max_examples=examples,
        database=None,  # a check leaves no files behind
        deadline=None,
        derandomize=seed is None,
        verbosity=Verbosity.quiet,
        report_multiple_bugs=False,
        print_blob=False,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )(run)
    if seed is not None:
        run = seeded(seed)(run)
    try:
        run()
    except LawBroken as broken:
        found = broken
    except Flaky:
        # It was broken once and not again, as is the way of chance and counters. The smallest that was seen will do.
        if not seen:
            raise
        found = min(seen, key=lambda one: sum(len(event.canonical) for event in one.events))
    else:
        return
    raise LawBroken(*found.args) from found.__cause__
