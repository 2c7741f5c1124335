"""
What projections do to all events of one shape at once.

A projection is a plain function of one event. Run on each of a million events it costs more than all
else together, and mostly finds the same: that an event of this kind, about this subject and region,
sets this key to its own figure. So it is run once on a *form*: an event of which only the fields of its
own kind are filled in, with slots (`_Slot`) for quantities. What comes out is a recipe that holds for every
event of the same shape (kind, own fields, and the units of its quantities).

That is sound only if the function did not look at what differs from event to event: the numbers
themselves, the dates, the claimant, the sources. A form has none of these, and a look at one raises
`LookedError`: then there is no recipe, and the function is run on every event of the shape.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, NoReturn, TypeAlias

import attrs

from kursk_timeline.events.base import Event, form
from kursk_timeline.events.records import own_fields
from kursk_timeline.measures import Key
from kursk_timeline.projections import Projection, effects
from kursk_timeline.projections.effect import Effect
from kursk_timeline.quantity import Quantity


class LookedError(Exception):
    """A projection looked at something that is not the same in all events of a shape."""


class _Looks:
    """Whether there was such a look; also one whose error the projection has swallowed."""

    def __init__(self) -> None:
        self.any = False

    def look(self) -> NoReturn:
        self.any = True
        raise LookedError


class _Slot(Quantity):
    """The place of a quantity in a form: it has a unit, can be negated and handed on, and no numbers."""

    field: str
    negated: bool
    looks: _Looks

    @property
    def low_base(self) -> NoReturn:
        self.looks.look()

    best_base = high_base = phrase = low_base

    def __init__(self, like: Quantity, field: str, looks: _Looks, negated: bool = False) -> None:
        Quantity._unit.__set__(self, like._unit)  # type: ignore[attr-defined]  # the slot itself: quantities are frozen
        for name, value in (("field", field), ("negated", negated), ("looks", looks)):
            object.__setattr__(self, name, value)

    def __neg__(self) -> _Slot:
        return _Slot(self, self.field, self.looks, not self.negated)

    def __eq__(self, other: object) -> bool:
        self.looks.look()

    def __hash__(self) -> int:
        self.looks.look()


@attrs.frozen
class Step:
    """
    One effect of all events of a shape.

    Args:
        key: The key.
        adds: Whether it adds; it sets otherwise.
        field: The field that holds the quantity; None where the value is the same in all of them.
        negated: The field's quantity is taken with the other sign.
        value: That same value, a name or a quantity.
    """

    key: Key
    adds: bool
    field: str | None
    negated: bool
    value: Quantity | str | None

    def on(self, event: Event) -> Effect:
        """What it comes to for an event."""
        value = self.value
        if self.field is not None:
            value = getattr(event, self.field)
            value = -value if self.negated else value
        assert value is not None
        return Effect(self.key, value, self.adds)


Recipe: TypeAlias = Sequence[Step]


def _step(effect: Effect) -> Step:
    if isinstance(effect.value, _Slot):
        return Step(effect.key, effect.adds, effect.value.field, effect.value.negated, None)
    return Step(effect.key, effect.adds, None, False, effect.value)


def recipe(event: Event, projections: Sequence[Projection], hidden: Collection[str] = ()) -> Recipe | None:
    """
    What the projections do to every event of this one's shape; None where it depends on more than the shape.

    Args:
        hidden: Own fields that are no part of the shape.

    What comes out is tried on the event itself. Whoever asks for the class of an amount, and not for the
    amount, is found out like that.
    """
    looks = _Looks()
    fields: dict[str, Any] = {}
    for name in {field.name for field in own_fields(type(event))} - set(hidden):
        value = getattr(event, name)
        fields[name] = _Slot(value, name, looks) if isinstance(value, Quantity) else value
    try:
        found = [_step(effect) for effect in effects(form(type(event), fields, looks.look), projections)]
        fits = not looks.any and [step.on(event) for step in found] == list(effects(event, projections))
    except Exception:  # whatever a function does with what it may not see says nothing about real events
        return None
    return found if fits else None
