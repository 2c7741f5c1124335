"""The projections that come with the library."""

from __future__ import annotations

from kursk_timeline.projections import Projection
from kursk_timeline.projections.forces import forces
from kursk_timeline.projections.settlements import settlements
from kursk_timeline.projections.territory import territory

PROJECTIONS: tuple[Projection, ...] = (territory, forces, settlements)
"""What events do to which keys, unless told otherwise."""
