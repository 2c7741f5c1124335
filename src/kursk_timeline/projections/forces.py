"""Headcounts and losses: how many stood where, and how many were lost."""

from __future__ import annotations

from collections.abc import Iterator

from kursk_timeline.events.base import Event
from kursk_timeline.events.kinds import (
    DeploymentAnnounced,
    ForceDeployed,
    ForceEngaged,
    ForcePeaked,
    ForcePresent,
    ForceWithdrawn,
    LossesReported,
)
from kursk_timeline.measures import Key
from kursk_timeline.projections import projection
from kursk_timeline.projections.effect import Effect


@projection
def forces(event: Event) -> Iterator[Effect]:
    """`present`, `peak-present`, `engaged`, `announced`, `deployed`, `killed`, `wounded`, `captured`, `casualties`."""
    match event:
        case ForcePresent(force=force, region=region):
            yield Effect.set(Key("present", force, region), event.troops)
        case ForcePeaked(force=force, region=region):
            yield Effect.set(Key("peak-present", force, region), event.troops)
        case ForceDeployed(force=force, region=region, cumulative=True):
            yield Effect.set(Key("deployed", force, region), event.troops)
        case ForceDeployed(force=force, region=region):
            yield Effect.add(Key("present", force, region), event.troops)
        case ForceWithdrawn(force=force, region=region):
            yield Effect.add(Key("present", force, region), -event.troops)
        case ForceEngaged(force=force, region=region):
            yield Effect.set(Key("engaged", force, region), event.troops)
        case DeploymentAnnounced(force=force, region=region):
            yield Effect.set(Key("announced", force, region), event.troops)
        case LossesReported(force=force, region=region):
            losses = {
                "killed": event.killed,
                "wounded": event.wounded,
                "captured": event.captured,
                "casualties": event.casualties,
            }
            for measure, figure in losses.items():
                if figure is not None:
                    yield Effect(Key(measure, force, region), figure, adds=not event.cumulative)
