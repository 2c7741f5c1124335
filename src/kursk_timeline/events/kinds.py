"""
Every kind of event, one class each.

A kind has a stable stored name (`kind`) and the version of its stored shape (`version`). What an
event does to which key is said in `projections`; here it is only said what was asserted.
"""

from __future__ import annotations

from typing import ClassVar

import attrs
from attrs.converters import optional

from kursk_timeline.errors import EventError
from kursk_timeline.events.base import (
    AboutEvent,
    Event,
    Source,
    area,
    change_of_area,
    event_id,
    flag,
    headcount,
    items,
    naming_the_field,
    register,
    settlements,
    source,
)
from kursk_timeline.quantity import Quantity
from kursk_timeline.text import name, slug, text

# Every class is decorated the same way; attrs' type plugin wants to see the call spelled out.

# --- on the timeline, without effect -----------------------------------------------------------


@register
@attrs.frozen(kw_only=True, eq=False, repr=False, field_transformer=naming_the_field)
class OperationLaunched(Event):
    """An operation began."""

    kind: ClassVar[str] = "operation-launched"
    by: str = attrs.field(converter=slug)
    region: str = attrs.field(converter=slug)


@register
@attrs.frozen(kw_only=True, eq=False, repr=False, field_transformer=naming_the_field)
class StatementMade(Event):
    """Somebody said something that is no count: an intention, a denial, a description."""

    kind: ClassVar[str] = "statement-made"
    about: str | None = attrs.field(default=None, converter=optional(text))
    region: str | None = attrs.field(default=None, converter=optional(slug))


@register
@attrs.frozen(kw_only=True, eq=False, repr=False, field_transformer=naming_the_field)
class StrikesReported(Event):
    """Strikes from the air, counted (`count`, items) or not."""

    kind: ClassVar[str] = "strikes-reported"
    by: str = attrs.field(converter=slug)
    region: str = attrs.field(converter=slug)
    count: Quantity | None = attrs.field(default=None, converter=optional(items))


# --- territory ---------------------------------------------------------------------------------


@register
@attrs.frozen(kw_only=True, eq=False, repr=False, field_transformer=naming_the_field)
class TerritoryHeld(Event):
    """
    A holder holds an area of a region.

    Mapmakers publish held and contested apart; officials often mean the sum: `including_contested`.
    """

    kind: ClassVar[str] = "territory-held"
    holder: str = attrs.field(converter=slug)
    region: str = attrs.field(converter=slug)
    area: Quantity = attrs.field(converter=area)
    including_contested: bool = attrs.field(default=False, converter=flag)


@register
@attrs.frozen(kw_only=True, eq=False, repr=False, field_transformer=naming_the_field)
class TerritoryChanged(Event):
    """A holder gained (or, negative, lost) an area."""

    kind: ClassVar[str] = "territory-changed"
    holder: str = attrs.field(converter=slug)
    region: str = attrs.field(converter=slug)
    area: Quantity = attrs.field(converter=change_of_area)
    including_contested: bool = attrs.field(default=False, converter=flag)


@register
@attrs.frozen(kw_only=True, eq=False, repr=False, field_transformer=naming_the_field)
class TerritoryContested(Event):
    """An area of a region is neither side's in full."""

    kind: ClassVar[str] = "territory-contested"
    region: str = attrs.field(converter=slug)
    area: Quantity = attrs.field(converter=area)


@register
@attrs.frozen(kw_only=True, eq=False, repr=False, field_transformer=naming_the_field)
class TerritoryPeaked(Event):
    """The most a holder ever held, said afterwards."""

    kind: ClassVar[str] = "territory-peaked"
    holder: str = attrs.field(converter=slug)
    region: str = attrs.field(converter=slug)
    area: Quantity = attrs.field(converter=area)


@register
@attrs.frozen(kw_only=True, eq=False, repr=False, field_transformer=naming_the_field)
class TerritoryRetaken(Event):
    """An area was taken back: so far (`cumulative`), or in this event alone."""

    kind: ClassVar[str] = "territory-retaken"
    by: str = attrs.field(converter=slug)
    region: str = attrs.field(converter=slug)
    area: Quantity = attrs.field(converter=area)
    cumulative: bool = attrs.field(converter=flag)


@register
@attrs.frozen(kw_only=True, eq=False, repr=False, field_transformer=naming_the_field)
class SettlementsHeld(Event):
    """A holder holds a number of settlements."""

    kind: ClassVar[str] = "settlements-held"
    holder: str = attrs.field(converter=slug)
    region: str = attrs.field(converter=slug)
    count: Quantity = attrs.field(converter=settlements)


@register
@attrs.frozen(kw_only=True, eq=False, repr=False, field_transformer=naming_the_field)
class SettlementsRetaken(Event):
    """A number of settlements was taken back: so far (`cumulative`), or in this event alone."""

    kind: ClassVar[str] = "settlements-retaken"
    by: str = attrs.field(converter=slug)
    region: str = attrs.field(converter=slug)
    count: Quantity = attrs.field(converter=settlements)
    cumulative: bool = attrs.field(converter=flag)


@register
@attrs.frozen(kw_only=True, eq=False, repr=False, field_transformer=naming_the_field)
class SettlementTaken(Event):
    """A named settlement changed hands."""

    kind: ClassVar[str] = "settlement-taken"
    settlement: str = attrs.field(converter=name)
    region: str = attrs.field(converter=slug)
    by: str = attrs.field(converter=slug)


@register
@attrs.frozen(kw_only=True, eq=False, repr=False, field_transformer=naming_the_field)
class SettlementContested(Event):
    """A named settlement is neither side's in full."""

    kind: ClassVar[str] = "settlement-contested"
    settlement: str = attrs.field(converter=name)
    region: str = attrs.field(converter=slug)


# --- forces ------------------------------------------------------------------------------------


@register
@attrs.frozen(kw_only=True, eq=False, repr=False, field_transformer=naming_the_field)
class ForcePresent(Event):
    """A force stands in a region: a headcount, which already leaves out the dead."""

    kind: ClassVar[str] = "force-present"
    force: str = attrs.field(converter=slug)
    region: str = attrs.field(converter=slug)
    troops: Quantity = attrs.field(converter=headcount)


@register
@attrs.frozen(kw_only=True, eq=False, repr=False, field_transformer=naming_the_field)
class ForcePeaked(Event):
    """The most that ever stood there, said afterwards."""

    kind: ClassVar[str] = "force-peaked"
    force: str = attrs.field(converter=slug)
    region: str = attrs.field(converter=slug)
    troops: Quantity = attrs.field(converter=headcount)


@register
@attrs.frozen(kw_only=True, eq=False, repr=False, field_transformer=naming_the_field)
class ForceDeployed(Event):
    """
    Troops were moved into a region.

    With `cumulative` the figure is a running total of all moved so far, which must not be added to
    the last total; it stands as a measure of its own and leaves the headcount alone.
    """

    kind: ClassVar[str] = "force-deployed"
    force: str = attrs.field(converter=slug)
    region: str = attrs.field(converter=slug)
    troops: Quantity = attrs.field(converter=headcount)
    role: str | None = attrs.field(default=None, converter=optional(text))
    cumulative: bool = attrs.field(default=False, converter=flag)


@register
@attrs.frozen(kw_only=True, eq=False, repr=False, field_transformer=naming_the_field)
class ForceWithdrawn(Event):
    """Troops were moved out of a region."""

    kind: ClassVar[str] = "force-withdrawn"
    force: str = attrs.field(converter=slug)
    region: str = attrs.field(converter=slug)
    troops: Quantity = attrs.field(converter=headcount)
    role: str | None = attrs.field(default=None, converter=optional(text))


@register
@attrs.frozen(kw_only=True, eq=False, repr=False, field_transformer=naming_the_field)
class ForceEngaged(Event):
    """Troops are in the fight."""

    kind: ClassVar[str] = "force-engaged"
    force: str = attrs.field(converter=slug)
    region: str = attrs.field(converter=slug)
    troops: Quantity = attrs.field(converter=headcount)


@register
@attrs.frozen(kw_only=True, eq=False, repr=False, field_transformer=naming_the_field)
class DeploymentAnnounced(Event):
    """Troops are to come: an intention is not a presence. It may lie after its report."""

    kind: ClassVar[str] = "deployment-announced"
    foretells: ClassVar[bool] = True
    force: str = attrs.field(converter=slug)
    region: str = attrs.field(converter=slug)
    troops: Quantity = attrs.field(converter=headcount)
    role: str | None = attrs.field(default=None, converter=optional(text))


@register
@attrs.frozen(kw_only=True, eq=False, repr=False, field_transformer=naming_the_field)
class LossesReported(Event):
    """
    Losses of a force: so far (`cumulative`), or in this event alone. At least one figure is given.

    A cumulative total's `occurred` is the day the count stands at, not the period counted.
    """

    kind: ClassVar[str] = "losses-reported"
    version: ClassVar[int] = 2
    force: str = attrs.field(converter=slug)
    region: str = attrs.field(converter=slug)
    killed: Quantity | None = attrs.field(default=None, converter=optional(headcount))
    wounded: Quantity | None = attrs.field(default=None, converter=optional(headcount))
    captured: Quantity | None = attrs.field(default=None, converter=optional(headcount))
    casualties: Quantity | None = attrs.field(default=None, converter=optional(headcount))
    cumulative: bool = attrs.field(converter=flag)

    def __attrs_post_init__(self) -> None:
        Event.__attrs_post_init__(self)
        if self.killed is self.wounded is self.captured is self.casualties is None:
            raise EventError("LossesReported", "killed", "give at least one of killed, wounded, captured, casualties")


@register
@attrs.frozen(kw_only=True, eq=False, repr=False, field_transformer=naming_the_field)
class PeopleEvacuated(Event):
    """People were brought out of a region so far."""

    kind: ClassVar[str] = "people-evacuated"
    region: str = attrs.field(converter=slug)
    people: Quantity = attrs.field(converter=headcount)


# --- about other events ------------------------------------------------------------------------


@register
@attrs.frozen(kw_only=True, eq=False, repr=False, field_transformer=naming_the_field)
class Corroborated(AboutEvent):
    """One more place where an event already in the log was read."""

    kind: ClassVar[str] = "corroborated"
    source: Source = attrs.field(converter=source)


@register
@attrs.frozen(kw_only=True, eq=False, repr=False, field_transformer=naming_the_field)
class Retracted(AboutEvent):
    """An event is withdrawn, from this one's `reported` day on. It can itself be retracted."""

    kind: ClassVar[str] = "retracted"
    reason: str = attrs.field(converter=text)


@register
@attrs.frozen(kw_only=True, eq=False, repr=False, field_transformer=naming_the_field)
class Superseded(AboutEvent):
    """An event gives way to a better one; counts once that one (`by`) is known."""

    kind: ClassVar[str] = "superseded"
    by: str = attrs.field(converter=event_id)
    reason: str = attrs.field(converter=text)

    def __attrs_post_init__(self) -> None:
        Event.__attrs_post_init__(self)
        if self.by == self.event:
            raise EventError("Superseded", "by", "an event cannot supersede itself; use Retracted to withdraw it")
