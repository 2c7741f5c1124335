"""Areas and counts of settlements: who held how much."""

from __future__ import annotations

from collections.abc import Iterator

from kursk_timeline.events.base import Event
from kursk_timeline.events.kinds import (
    PeopleEvacuated,
    SettlementsHeld,
    SettlementsRetaken,
    TerritoryChanged,
    TerritoryContested,
    TerritoryHeld,
    TerritoryPeaked,
    TerritoryRetaken,
)
from kursk_timeline.measures import Key
from kursk_timeline.projections import projection
from kursk_timeline.projections.effect import Effect


def _area_measure(including_contested: bool) -> str:
    return "controlled" if including_contested else "held"


@projection
def territory(event: Event) -> Iterator[Effect]:
    """`held`, `controlled`, `contested`, `peak`, `retaken`, `settlements`, `settlements-retaken`, `evacuated`."""
    match event:
        case TerritoryHeld(holder=holder, region=region):
            yield Effect.set(Key(_area_measure(event.including_contested), holder, region), event.area)
        case TerritoryChanged(holder=holder, region=region):
            yield Effect.add(Key(_area_measure(event.including_contested), holder, region), event.area)
        case TerritoryContested(region=region):
            yield Effect.set(Key("contested", None, region), event.area)
        case TerritoryPeaked(holder=holder, region=region):
            yield Effect.set(Key("peak", holder, region), event.area)
        case TerritoryRetaken(by=by, region=region):
            yield Effect(Key("retaken", by, region), event.area, adds=not event.cumulative)
        case SettlementsHeld(holder=holder, region=region):
            yield Effect.set(Key("settlements", holder, region), event.count)
        case SettlementsRetaken(by=by, region=region):
            yield Effect(Key("settlements-retaken", by, region), event.count, adds=not event.cumulative)
        case PeopleEvacuated(region=region):
            yield Effect.set(Key("evacuated", None, region), event.people)
