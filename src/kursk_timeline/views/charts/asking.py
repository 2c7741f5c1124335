"""How charts ask a timeline."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Protocol, TypeAlias

import attrs

from kursk_timeline.events.base import Event
from kursk_timeline.measures import Key
from kursk_timeline.replay.account import Gaps
from kursk_timeline.replay.history import History
from kursk_timeline.views.charts.look import ThemeName
from kursk_timeline.views.charts.rows import Days
from kursk_timeline.when import When, day_of

Day: TypeAlias = str | dt.date | When
Paths: TypeAlias = str | Iterable[str]


def listed(paths: Paths | None) -> Paths | None:
    """What can be gone through only once, gone through: it is asked several times."""
    return paths if paths is None or isinstance(paths, str) else tuple(paths)


class Asked(Protocol):
    """What charts ask of a timeline."""

    @property
    def region(self) -> str:
        """The region meant where none is named."""

    def keys(self) -> list[Key]:
        """All keys that anything is claimed of."""

    def events(self, *, known_on: Day | None = None, according_to: Paths | None = None) -> list[Event]:
        """The claims that stand."""

    def history(
        self, key: Key | str, *, known_on: Day | None = None, according_to: Paths | None = None, gaps: Gaps = "hold"
    ) -> History:
        """One key on all dates."""


@attrs.frozen
class Question:
    """What every chart asks alike."""

    known_on: Day | None
    according_to: Paths | None
    gaps: Gaps
    first: Day | None
    last: Day | None
    theme: ThemeName | None

    @property
    def words(self) -> str:
        """How it was asked, where that is not the plain way."""
        paths = [self.according_to] if isinstance(self.according_to, str) else self.according_to
        parts = [] if self.known_on is None else [f"as known on {self.known_on}"]
        parts += [] if paths is None else [f"according to {', '.join(paths)}"]
        parts += ["gaps spanned"] if self.gaps == "span" else []
        return ", ".join(parts)

    def days(self, begins: Iterable[dt.date], ends: Iterable[dt.date], zone: str) -> Days:
        """The days to show: those asked for, or all on which something happens."""
        begun, ended = list(begins), list(ends)
        known = Days.around(min(begun), max([*begun, *ended])) if begun else Days(dt.date.min, dt.date.min)
        first = known.first if self.first is None else day_of(self.first, zone)
        last = max(known.last, first) if self.last is None else day_of(self.last, zone)
        return Days(first if self.last is None or self.first is not None else min(first, last), last)
