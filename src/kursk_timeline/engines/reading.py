"""
Stored events, in bulk, into columns.

Every kind has a plain record (`records`) with the fields that are looked at here; sources and notes are
passed over unread. What an event of a shape does to which account is found once (`shapes`), and a
date is read once (`days`). Whatever is not as expected in any way, an event of an older version, an amount out
of order, is read the slow and careful way, which gives the same rows or the error that names it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from operator import attrgetter
from typing import Any, TypeAlias, Union

import msgspec
import numpy as np

from kursk_timeline.engines.columns import OPEN64, About, Columns, Ints
from kursk_timeline.engines.shapes import Step, recipe
from kursk_timeline.events.base import KINDS, AboutEvent, Event
from kursk_timeline.events.codec import named
from kursk_timeline.events.days import BEYOND, Days, day, end, start
from kursk_timeline.events.kinds import Retracted, Superseded
from kursk_timeline.events.records import MOST_KNOWN, Amount, Kind, decoded, takes_negative
from kursk_timeline.projections import Projection, effects
from kursk_timeline.quantity import Quantity
from kursk_timeline.replay.account import days_of
from kursk_timeline.replay.bounds import FOREVER

_ADDS, _NEGATED, _SIGNED = 1, 2, 4
"""What may be peculiar to an effect: it adds; with the other sign; its amount may be negative."""

_Does: TypeAlias = tuple[int, list[tuple[int, int, Callable[[Any], Any]]]]
"""
What every event of a shape does: its claimant's code, and for each effect the account, what is peculiar to it,
and the quantity of a record.
"""

_BY_TEXTS: _Does = (-1, [])
"""Stands for a shape whose effects depend on the texts that are no part of it."""

AT_A_TIME = 128
"""So many records are made at a time."""


class Reader:
    """
    Turns a log's events into rows of columns.

    Args:
        columns: What the rows are added to.
        projections: What an event does to which key.

    Cost: some 3 µs an event where shapes repeat.
    """

    def __init__(self, columns: Columns, projections: Sequence[Projection]) -> None:
        self.columns = columns
        self.projections = tuple(projections)
        self._kinds = {kind.struct: kind for kind in map(Kind, KINDS.values()) if kind.is_plain}
        union: Any = Union[tuple(self._kinds)]  # noqa: UP007  (of as many kinds as there are)
        self._decoder = msgspec.json.Decoder(union)
        self._known: dict[Kind, dict[tuple[Any, ...], _Does | None]] = {kind: {} for kind in self._kinds.values()}
        """What an event of each shape does; None where only each one can tell."""
        self._starts, self._ends, self._days = Days(start), Days(end), Days(day)

    def take(self, first: int, ids: Sequence[str], bodies: Sequence[bytes], source: str | None = None) -> None:
        """
        Add a row for each event, and rows for what it does. `Columns.settle` then tells which still stand.

        Args:
            first: The number of the first, for messages.
            ids: The SHA-256 of each body.
            bodies: Their stored bytes, each on one line.
            source: Where they come from, for messages.

        Raises:
            DecodeError: an event cannot be read, or is of an unknown kind or newer version; names it. Nothing
                was added.
            ProjectionError: a projection returned what is no effect. Nothing was added.
        """

        def careful(place: int) -> Event:
            where = f"event {first + place} ({ids[place][:12]}…)"
            return named(bodies[place], where if source is None else f"{source}, {where}")

        starts, ends, days = self._starts, self._ends, self._days
        remembered: tuple[dict[Any, Any], ...] = (starts, ends, days, *self._known.values())
        for some in remembered:
            if len(some) > MOST_KNOWN:  # what comes once is not worth its place
                some.clear()
        size = len(self.columns)
        rows: list[int] = []  # seven numbers an event
        found: list[int] = []  # six numbers an effect
        speaking: list[About] = []
        kinds, known = self._kinds, self._known
        for row, record in enumerate(self._records(bodies), size):
            kind = kinds.get(type(record))
            if kind is None or record.v != kind.version or not kind.is_claim:
                self._carefully(row, careful(row - size), rows, found, speaking)
                continue
            occurred, restated = record.occurred, record.restated_until
            first_day, last_day, known_day = starts[occurred], ends[occurred], ends[record.reported]
            shape = kind.shape(record)
            try:
                does = known[kind][shape]
                if does is _BY_TEXTS:
                    does = known[kind][shape + kind.texts_of(record)]
            except (KeyError, TypeError):  # not seen yet; or a list or an object where none is expected
                does = self._new_shape(kind, record, careful(row - size))
            if (
                does is None
                or not (first_day <= known_day or (kind.foretells and first_day < BEYOND and known_day > -BEYOND))
                or (restated is not None and days[restated] < first_day)
            ):
                self._carefully(row, careful(row - size), rows, found, speaking)
                continue
            if last_day == -BEYOND:  # it has no end
                last_day = FOREVER
            if last_day > known_day and not kind.foretells:
                last_day = known_day
            heard = last_day if restated is None else max(last_day, days[restated])
            claimant, effects_ = does
            rows += (first_day, last_day, known_day, heard, claimant, True, False)
            for account, peculiar, amount_of in effects_:
                amount = amount_of(record)
                low, high = amount.low, amount.high
                found += (
                    row,
                    account,
                    peculiar,
                    -OPEN64 if low is None else low,
                    amount.best,
                    OPEN64 if high is None else high,
                )
        table = np.fromiter(found, "i8", len(found)).reshape(-1, 6).T
        self._check(table, lambda row: careful(row - size))
        self.columns.add(np.fromiter(rows, "i8", len(rows)).reshape(-1, 7).T, self._effects_of(table), ids, speaking)

    def _records(self, bodies: Sequence[bytes]) -> Iterator[Any]:
        """A record of each, made a few at a time: what belongs to them stays in the processor's cache."""
        for begin in range(0, len(bodies), AT_A_TIME):
            yield from decoded(self._decoder, bodies[begin : begin + AT_A_TIME])

    def _new_shape(self, kind: Kind, record: Any, event: Event) -> _Does | None:
        """What an event of a new shape does, and with it all others of the shape; None where only each one can tell."""
        known, shape = self._known[kind], kind.shape(record)
        try:
            by_texts = known.get(shape) is _BY_TEXTS
        except TypeError:
            return None  # nothing to know it by
        steps = None if by_texts else recipe(event, self.projections, hidden=kind.texts)
        if steps is None and kind.texts:  # it may depend on what they say
            known[shape] = _BY_TEXTS
            shape += kind.texts_of(record)
            steps = recipe(event, self.projections)
        if steps is None:
            known[shape] = None
        else:
            known[shape] = self.columns.claimants[event.claimant], [self._effect(step, event) for step in steps]
        return known[shape]

    def _effect(self, step: Step, event: Event) -> tuple[int, int, Callable[[Any], Any]]:
        account = self.columns.accounts[step.key, event.party]
        peculiar = _ADDS * step.adds + _NEGATED * step.negated
        if step.field is None:
            return account, peculiar + _SIGNED, _always(self._amount(step.value))
        return account, peculiar + _SIGNED * takes_negative(event, step.field), attrgetter(step.field)

    def _amount(self, value: Quantity | str | None) -> Amount:
        if isinstance(value, Quantity):
            return Amount("", "", value.low_base, value.best_base, value.high_base)
        assert value is not None
        code = self.columns.names[value]
        return Amount("", "", code, code, code)

    def _carefully(
        self,
        row: int,
        event: Event,
        rows: list[int],
        found: list[int],
        speaking: list[About],
    ) -> None:
        """The same from the event itself."""
        assert event.reported.latest is not None  # no event without
        known = event.reported.latest.toordinal()
        claimant = self.columns.claimants[event.claimant]
        if isinstance(event, AboutEvent):
            withdraws = isinstance(event, (Retracted, Superseded))
            by = event.by if isinstance(event, Superseded) else None
            speaking.append(About(row, event.event, withdraws, by))
        if not event.is_claim:
            rows += (known, known, known, known, claimant, False, False)
            return
        first, last, _ = days_of(event)
        restated = event.restated_until
        heard = last if restated is None else max(last, restated.toordinal())
        rows += (first, last, known, heard, claimant, True, False)
        for effect in effects(event, self.projections):
            amount = self._amount(effect.value)
            found += (
                row,
                self.columns.accounts[effect.key, event.party],
                _ADDS * effect.adds + _SIGNED,
                -OPEN64 if amount.low is None else amount.low,
                amount.best,
                OPEN64 if amount.high is None else amount.high,
            )

    def _check(self, table: Ints, careful: Callable[[int], Event]) -> None:
        """Read whatever has its amounts out of order the careful way, which says what is wrong with it."""
        rows, _, peculiar, low, best, high = table
        wrong = (low > best) | (best > high) | ((low < 0) & (peculiar & _SIGNED == 0))
        for row in rows[wrong].tolist():
            careful(row)

    @staticmethod
    def _effects_of(table: Ints) -> list[Ints]:
        """The columns of `Columns.effects`, from rows as they were found."""
        rows, accounts, peculiar, low, best, high = table
        negated = peculiar & _NEGATED != 0
        low, high = np.where(negated, -high, low), np.where(negated, -low, high)
        return [rows, accounts, peculiar & _ADDS, low, np.where(negated, -best, best), high]


def _always(amount: Amount) -> Callable[[Any], Any]:
    return lambda _: amount
