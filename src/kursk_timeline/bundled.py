"""The bundled record: the Kursk operation from 6 August 2024, as its sources tell it."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from kursk_timeline.errors import QueryError, StorageError, shown
from kursk_timeline.formats import jsonl
from kursk_timeline.log import Log
from kursk_timeline.replay.account import Gaps
from kursk_timeline.replay.standing import Paths
from kursk_timeline.replay.state import State
from kursk_timeline.stores.memory import MemoryStore
from kursk_timeline.timeline import Day, Timeline

SETS = ("article", "record", "maps")
"""The bundled source sets, in log order: corrections in a later one may speak of an earlier one."""


def seeds() -> Path:
    """
    The folder of the bundled files.

    Raises:
        StorageError: it did not come with this installation.
    """
    package = Path(__file__).parent
    # Inside the wheel the files lie in the package; in a checkout, at the top of the repository.
    for folder in (package / "seeds", package.parents[1] / "seeds"):
        if folder.is_dir():
            return folder
    raise StorageError("the bundled record did not come with this installation; reinstall kursk-timeline")


def kursk(name: str | None = None) -> Timeline:
    """
    The bundled record as a timeline in memory.

    Args:
        name: One source set (``"article"``, ``"record"``, ``"maps"``); None for all.

    Raises:
        QueryError: no such set.

    >>> kursk("article").state_at("2024-09-01").territory["ukraine"].held
    1,000 km² (1,000–∞)
    """
    if name is not None and name not in SETS:
        raise QueryError(f"there is no bundled set {shown(name)}; there are {', '.join(SETS)}")
    timeline = Timeline(Log(MemoryStore()))
    # A set alone cannot correct what another one says.
    for one in SETS if name is None else (name,):
        events = list(jsonl.read(seeds() / f"{one}.jsonl", name=f"seeds/{one}.jsonl"))
        here = {event.id for event in events}
        if name is not None:
            events = [event for event in events if event.is_claim or getattr(event, "event", None) in here]
        timeline.append(events)
    return timeline


@lru_cache(maxsize=1)
def _bundled() -> Timeline:
    return kursk()


def state_at(
    date: Day, *, known_on: Day | None = None, according_to: Paths | None = None, gaps: Gaps = "hold"
) -> State:
    """
    What was the case on a date, by the bundled record; see `Timeline.state_at`.

    >>> state_at("2024-08-20").territory["ukraine"].controlled.disputed
    False
    """
    return _bundled().state_at(date, known_on=known_on, according_to=according_to, gaps=gaps)
