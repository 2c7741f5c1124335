"""Named settlements: who holds each."""

from __future__ import annotations

from collections.abc import Iterator

from kursk_timeline.events.base import Event
from kursk_timeline.events.kinds import SettlementContested, SettlementTaken
from kursk_timeline.measures import CONTESTED, Key
from kursk_timeline.projections import projection
from kursk_timeline.projections.effect import Effect
from kursk_timeline.text import coalition


@projection
def settlements(event: Event) -> Iterator[Effect]:
    """`holder` of every named settlement: a party's name, or ``contested``."""
    match event:
        case SettlementTaken(settlement=place, region=region, by=by):
            yield Effect.set(Key("holder", place, region), coalition(by))
        case SettlementContested(settlement=place, region=region):
            yield Effect.set(Key("holder", place, region), CONTESTED)
