"""Events made up for tests. None of them is a fact."""

from __future__ import annotations

from typing import Any

import kursk_timeline as kt

INVENTED = kt.Source("An invented paper", wording="invented for a test")


def common(day: str, claimant: str = "ukraine/syrsky", reported: str | None = None, **more: Any) -> dict[str, Any]:
    """The fields every event has."""
    return {"occurred": day, "reported": reported or day, "claimant": claimant, "sources": INVENTED, **more}


def held(
    day: str, area: Any, claimant: str = "ukraine/syrsky", reported: str | None = None, **more: Any
) -> kt.TerritoryHeld:
    """Ukraine holds an area of Kursk."""
    fields = {"holder": "ukraine", "region": "kursk", "area": area, **common(day, claimant, reported), **more}
    return kt.TerritoryHeld(**fields)


def changed(day: str, area: Any, claimant: str = "ukraine/syrsky", reported: str | None = None) -> kt.TerritoryChanged:
    """Ukraine gained or lost an area of Kursk."""
    return kt.TerritoryChanged(holder="ukraine", region="kursk", area=area, **common(day, claimant, reported))


def present(day: str, troops: Any, claimant: str = "ukraine/syrsky", force: str = "russia") -> kt.ForcePresent:
    """A headcount."""
    return kt.ForcePresent(force=force, region="kursk", troops=troops, **common(day, claimant))


def retracted(event: kt.Event, reported: str = "2025-01-01", reason: str = "a mistake") -> kt.Retracted:
    """The event is withdrawn."""
    return kt.Retracted(event=event, reason=reason, reported=reported, claimant="ukraine")
