"""
One account by itself: its claims that count, and what they say on any day.

Where its days are exact, an account that more claims were added to goes on from the steps it had before.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np

from kursk_timeline.engines.columns import NEVER, OPEN64, Flags, Ints, SumError
from kursk_timeline.engines.kernel import Claims, Steps, histories, history_after, narrow, wide
from kursk_timeline.replay import bounds as plain
from kursk_timeline.replay.bounds import Bounds

OFTEN = 3
"""So many look-ups of an account that was changed, and all its steps are computed."""

IN_PLAY = 256
"""With so many claims in play on a day, an account's steps are found faster than that one day by itself."""


class Found(NamedTuple):
    """Some of an account's effects, in log order: their rows, what they do, and until when their events were heard."""

    rows: Ints
    claims: Claims
    heard: Ints

    @classmethod
    def since(cls, row: int, pieces: Sequence[Found]) -> Found:
        """Those from a row on."""
        some = [piece for piece in pieces if len(piece.rows) and piece.rows[-1] >= row] or pieces[-1:]
        fresh = [slice(int(np.searchsorted(piece.rows, row)), None) for piece in some]
        return cls.joined(
            [cls(one.rows[own], one.claims.at(own), one.heard[own]) for one, own in zip(some, fresh, strict=True)]
        )

    @classmethod
    def joined(cls, pieces: Sequence[Found]) -> Found:
        """Some pieces, in log order, as one."""
        if len(pieces) == 1:
            return pieces[0]
        rows, claims, heard = zip(*pieces, strict=True)
        return cls(np.concatenate(rows), Claims.joined(claims), np.concatenate(heard))


class Before(NamedTuple):
    """
    An account's steps as they were when there were so many effects in all.

    Those of its claims that counted then have exact days, and still count. The table of days may have the steps
    written in it.
    """

    steps: Steps
    effects: int
    written: bool


class Part:
    """
    One account's claims that count, and what they say on any day.

    It does not change: what is added later makes another. Where dates are windows one day alone is found faster
    than all steps, and these are computed when some days have been asked for.

    Args:
        find: Gives its effects, in one piece or several in log order, when they are first needed.
        floor: The least value that makes sense.
        effects: So many effects there were in all.
        kept: Its steps, first day and first sure day, where they are known already.
        before: Its steps as they were before the last effects came, where that is known.
    """

    def __init__(
        self,
        find: Callable[[], list[Found]],
        floor: int,
        effects: int,
        kept: tuple[Steps, int, int] | None = None,
        before: Before | None = None,
    ) -> None:
        self._find, self.floor, self._effects, self._before = find, floor, effects, before
        self._asked = 0
        self._is_too_large = False
        self._changed_days = 0, NEVER
        self._values: dict[int, Bounds] = {}
        if kept is not None:
            self.steps, self.begins, self.sure_from = kept

    @cached_property
    def _pieces(self) -> list[Found]:
        return self._find()

    @cached_property
    def _found(self) -> Found:
        return Found.joined(self._pieces)

    @property
    def rows(self) -> Ints:
        """The rows of its effects, in log order."""
        return self._found.rows

    @property
    def claims(self) -> Claims:
        """What they do; the account is 0 in all."""
        return self._found.claims

    @property
    def heard(self) -> Ints:
        """The day until which the event of each was heard or restated."""
        return self._found.heard

    @cached_property
    def fresh(self) -> Found:
        """Those of its effects that came since its steps were known; all where they never were."""
        return self._found if self._before is None else Found.since(self._before.effects, self._pieces)

    @property
    def _began(self) -> int:
        """The first day of those that came before."""
        return int(self._before.steps.day[0]) if self._before is not None and len(self._before.steps.day) else NEVER

    @cached_property
    def _has_windows(self) -> bool:
        claims = self.fresh.claims
        return bool((claims.first != claims.last).any())

    @property
    def has_steps(self) -> bool:
        """All its steps are known, or found as fast as one day."""
        return "steps" in self.__dict__ or not (self._has_windows or self._is_too_large)

    @cached_property
    def begins(self) -> int:
        """First day on which one of its events can have happened; `NEVER` for none."""
        return min(self._began, int(self.fresh.claims.first.min(initial=NEVER)))

    @cached_property
    def sure_from(self) -> int:
        """First day by which one of its events must have happened."""
        return min(self._began, int(self.fresh.claims.last.min(initial=NEVER)))

    @cached_property
    def steps(self) -> Steps:
        """
        All its steps.

        Raises:
            SumError: one of its sums has no room in 64 bits.
        """
        try:
            if self._before is None or self._has_windows:
                return histories(self.claims, np.array([self.floor], "i8"))
            fresh = self.fresh.claims.first
            if not len(fresh):
                self._changed_days = NEVER, 0
                return self._before.steps
            pieces = [piece.claims for piece in self._pieces]
            steps, *changed = history_after(self._before.steps, pieces, fresh, self.floor)
            self._changed_days = changed[0], changed[1]
            return steps
        except SumError:
            self._is_too_large = True
            raise

    def so_far(self, *, written: bool) -> Before | None:
        """Its steps, which are written or not, or those that it goes on from; None where days are windows."""
        if "steps" not in self.__dict__:
            return self._before
        return None if self._has_windows else Before(self.steps, self._effects, written)

    @property
    def goes_on(self) -> bool:
        """A table of days has what was before, and its days are exact: only what is fresh has to be written."""
        return self._before is not None and self._before.written and not self._has_windows

    @property
    def changed_days(self) -> tuple[int, int]:
        """The first and the last day on which its steps may not be those that are written."""
        return self._changed_days if self.goes_on and "steps" in self.__dict__ else (0, NEVER)

    @cached_property
    def speech(self) -> tuple[Ints, Ints, Ints]:
        """
        When its party spoke.

        Returns:
            First days of its events, each once and in order; for each the day until which any event begun by
            then was heard or restated, and the latest middle of one.
        """
        order = np.argsort(self.claims.first, kind="stable")
        begins = self.claims.first[order]
        # One entry for each day is enough: of several events begun on a day, the last entry knows all.
        last = np.flatnonzero(np.append(begins[1:] != begins[:-1], True)) if len(begins) else order
        heard, spoken = (np.maximum.accumulate(column[order])[last] for column in (self.heard, self.claims.middle))
        return begins[last], heard, spoken

    def heard_by(self, day: int) -> int:
        """The day until which any event begun by a day was heard or restated; 0 before any."""
        return max(int(piece.heard[piece.claims.first <= day].max(initial=0)) for piece in self._pieces)

    def spoken_by(self, day: int) -> int:
        """The latest middle of an event begun by a day; 0 before any."""
        return int(self.claims.middle[self.claims.first <= day].max(initial=0))

    def below(self, days: Ints) -> Flags:
        """On which days the account contradicts itself: in no world is it at or above the floor."""
        steps = histories(self.claims, np.array([-OPEN64]))
        place = np.searchsorted(steps.day, days, "right") - 1
        return (place >= 0) & (steps.high[place] < self.floor)

    @cached_property
    def _days(self) -> list[int]:
        return self.steps.day.tolist()  # type: ignore[no-any-return]

    def mattering(self, day: int) -> Flags:
        """
        The claims that can matter on a day: to the bounds, or to the best value.

        What surely happened before the first day of a set that surely happened never does.
        """
        first, last, middle, sets = self.claims.first, self.claims.last, self.claims.middle, ~self.claims.adds
        sure = int(first[sets & (last <= day)].max(initial=0))
        set_last = int(middle[sets & (middle <= day)].max(initial=0))
        return ((first <= day) & (last >= sure)) | ((middle <= day) & (middle >= set_last))

    def at(self, day: int) -> tuple[int, int, int]:
        """Low, best and high on a day, which is not before it begins."""
        self._asked += 1
        if "steps" not in self.__dict__ and self._asked <= OFTEN and self._has_windows:
            rows = np.flatnonzero(self.mattering(day))
            if len(rows) <= IN_PLAY:
                claims = self.claims.at(rows).plain()
                floor = wide(self.floor)  # what has no bound stays below
                searched = (plain.least, plain.middling, plain.greatest)
                low, best, high = (narrow(max(search(claims, day).value, floor)) for search in searched)
                return low, best, high
        place = bisect_right(self._days, day) - 1
        return self.steps.low.item(place), self.steps.best.item(place), self.steps.high.item(place)

    def value_on(self, day: int) -> Bounds:
        """The same as the plain definition gives it."""
        if "_days" not in self.__dict__:
            return Bounds(*map(wide, self.at(day)))
        place = bisect_right(self._days, day)
        value = self._values.get(place)
        if value is None:
            _, _, lows, bests, highs = self.steps
            low, best, high = lows.item(place - 1), bests.item(place - 1), highs.item(place - 1)
            if low <= -OPEN64 or high >= OPEN64:
                low, best, high = map(wide, (low, best, high))
            value = self._values[place] = Bounds(low, best, high)
        return value
