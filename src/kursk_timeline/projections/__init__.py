"""
Projections: plain functions from one event to its effects.

`territory`, `forces` and `settlements` are bundled; `@projection` makes one of your own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import overload

from kursk_timeline.errors import ProjectionError, shown
from kursk_timeline.events.base import Event
from kursk_timeline.measures import CATALOGUE, Measure, catalogue
from kursk_timeline.projections.effect import Effect
from kursk_timeline.quantity import Quantity
from kursk_timeline.units import unit

__all__ = ["Effect", "Projection", "projection"]

Project = Callable[[Event], "Iterable[Effect] | Effect | None"]


class Projection:
    """
    A function from one event to its effects, and the measures it brings.

    Make one with the `projection` decorator. Calling it checks what the function returns.
    """

    def __init__(self, function: Project, measures: Iterable[Measure] = ()) -> None:
        self.function = function
        self.measures = tuple(measures)
        self.__name__ = getattr(function, "__name__", type(function).__name__)
        self.__doc__ = function.__doc__
        self.__module__ = getattr(function, "__module__", type(function).__module__)
        self._catalogue = catalogue(self.measures) if self.measures else CATALOGUE

    def __call__(self, event: Event) -> Iterator[Effect]:
        """The event's effects: none, one or several.

        Raises:
            ProjectionError: something is no effect, of no known measure, or of another unit than its measure.
        """
        found = self.function(event)
        if found is None:
            return
        if isinstance(found, (str, Mapping)) or not isinstance(found, (Effect, Iterable)):
            self._check(found, event)
        for effect in (found,) if isinstance(found, Effect) else found:
            self._check(effect, event)
            yield effect

    def _check(self, effect: object, event: Event) -> None:
        def refuse(problem: str) -> ProjectionError:
            return ProjectionError(f"projection {self.__name__!r} on {event!r}: {problem}")

        if not isinstance(effect, Effect):
            raise refuse(f"{shown(effect)} is no Effect; return or yield Effect.set(...) or Effect.add(...)")
        measure = self._catalogue.get(effect.key.measure)
        if measure is None:
            raise refuse(
                f"there is no measure {effect.key.measure!r}; bring it along: @projection(measures=[Measure(...)])"
            )
        if measure.unit is None:
            if isinstance(effect.value, Quantity):
                raise refuse(f"{measure.name} is a name, not {effect.value}")
        elif not isinstance(effect.value, Quantity):
            raise refuse(f"{measure.name} is a quantity in {measure.unit}, not the name {effect.value!r}")
        elif effect.value.dimension != unit(measure.unit).dimension:
            raise refuse(f"{measure.name} is in {measure.unit}, not {effect.value}")

    def __repr__(self) -> str:
        return f"<projection {self.__name__}>"


@overload
def projection(function: Project, /) -> Projection: ...
@overload
def projection(*, measures: Iterable[Measure]) -> Callable[[Project], Projection]: ...
def projection(
    function: Project | None = None, /, *, measures: Iterable[Measure] = ()
) -> Projection | Callable[[Project], Projection]:
    """
    Make a projection of a plain function: event in; None, an `Effect`, or several out.

    The function must look at nothing but its event. Hand the projection to
    `Timeline.with_projections`.

    Args:
        measures: Measures of its own, beside the bundled ones.

    >>> from kursk_timeline.events.kinds import StrikesReported
    >>> @projection(measures=[Measure("strikes", unit="items", cumulative=True)])
    ... def strikes(event):
    ...     if isinstance(event, StrikesReported) and event.count:
    ...         yield Effect.add(f"strikes/{event.by}/{event.region}", event.count)
    >>> strikes
    <projection strikes>
    """
    if function is not None:
        return Projection(function)
    measures = tuple(measures)
    return lambda function: Projection(function, measures)


def distinct(projections: Iterable[Projection | Project]) -> tuple[Projection, ...]:
    """Projections in order; a later one of the same name and module replaces the earlier."""
    found: dict[tuple[str, str], Projection] = {}
    for one in projections:
        if not callable(one):
            raise ProjectionError(f"{shown(one)} is no projection; give a function from an event to its effects")
        made = one if isinstance(one, Projection) else projection(one)
        found[made.__module__, made.__name__] = made
    return tuple(found.values())


def effects(event: Event, projections: Iterable[Projection]) -> Iterator[Effect]:
    """The effects of one event by all projections, in their order."""
    for project in projections:
        yield from project(event)
