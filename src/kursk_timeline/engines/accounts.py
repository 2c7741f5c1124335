"""
Accounts and ledgers over columns.

They answer what those of `replay` answer, from the same definitions; only where the numbers come from is
another matter: bounds from the index, the days on which a party was heard from a pass over columns, and
claims and events only when somebody asks where a number comes from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar, TypeAlias

import numpy as np

from kursk_timeline.engines.columns import NEVER, OPEN64, Columns, Ints, Moment
from kursk_timeline.engines.index import Book, Said
from kursk_timeline.engines.kernel import bounds_of, wide
from kursk_timeline.engines.single import Part
from kursk_timeline.events.base import Event
from kursk_timeline.measures import UNCLAIMED, Key, Measure
from kursk_timeline.replay.account import Account, AccountHistory, Gaps, Speech
from kursk_timeline.replay.bounds import Bounds, Claim, Naming, names_on
from kursk_timeline.replay.claimed import Amounts, Holders
from kursk_timeline.replay.estimate import Estimate, estimate
from kursk_timeline.replay.ledger import Ledger
from kursk_timeline.replay.value import Value

FEW = 4
"""So many look-ups of when a party was last heard, and all days are computed."""

EventOf: TypeAlias = Callable[[int], Event]
"""Gives the event of a row."""

AllSaid: TypeAlias = Callable[[Moment, int], Said | None]
"""What all accounts say on a day (ordinal), where columns still are what they were at a moment; else None."""


class _EventsBehind(Mapping[int, Event]):
    """The event behind each effect of an account, read when it is asked for."""

    def __init__(self, columns: Columns, part: Part, event_of: EventOf) -> None:
        self._columns, self._part, self._event_of = columns, part, event_of

    def __getitem__(self, row: int) -> Event:
        return self._event_of(int(self._columns.effects["event"][row]))

    def __iter__(self) -> Iterator[int]:
        return iter(self._part.rows.tolist())

    def __len__(self) -> int:
        return len(self._part.rows)


class _Columnar(AccountHistory):
    """
    What accounts of numbers and of names have in common here.

    Pickled, one is the plain account of its kind, with its own claims and no columns.
    """

    events: Mapping[int, Event]
    gaps: Gaps
    claims: tuple[Any, ...]
    plain: ClassVar[type[AccountHistory]]
    _asked = 0

    def __init__(
        self, code: int, measure: Measure, columns: Columns, part: Part, event_of: EventOf, gaps: Gaps
    ) -> None:
        self.key, self.party = columns.accounts.things[code]
        self.code, self.measure, self.gaps = code, measure, gaps
        self._columns, self.part = columns, part
        self.events = _EventsBehind(columns, part, event_of)

    def __reduce__(self) -> tuple[Any, ...]:
        return self.plain, (self.key, self.party, self.measure, self.claims, dict(self.events), self.gaps)

    @property
    def begins(self) -> int:
        return self.part.begins

    @property
    def sure_from(self) -> int:
        return self.part.sure_from

    @cached_property
    def speech(self) -> Speech:
        """When the party spoke."""
        return Speech(*(tuple(column.tolist()) for column in self.part.speech))

    @property
    def _speech(self) -> Speech:
        return self.speech

    def last_heard(self, day: int) -> int:
        if "speech" in self.__dict__ or self._asked > FEW:
            return self.speech.last_heard(day)
        self._asked += 1  # one day alone is found faster than all
        return min(day, self.part.heard_by(day))

    def _claims(self, places: Ints | slice) -> list[Claim]:
        """The account's claims at these places; each knows the row of its effect as its order."""
        rows = self.part.rows[places].tolist()
        claims = self.part.claims.at(places).plain()
        return [claim._replace(order=row) for claim, row in zip(claims, rows, strict=True)]


class ColumnAmounts(_Columnar, Amounts):
    """An account of a number, over columns."""

    plain = Amounts

    @cached_property
    def claims(self) -> tuple[Claim, ...]:  # type: ignore[override]  # made when somebody asks for all
        return tuple(self._claims(slice(None)))

    def mattering(self, day: int) -> list[Claim]:
        return self._claims(np.flatnonzero(self.part.mattering(day)))

    @cached_property
    def value_steps(self) -> Sequence[tuple[int, Bounds]]:
        return super().value_steps if self.gaps == "span" else bounds_of(self.part.steps, 0)

    def value_on(self, day: int) -> Value | None:
        if self.gaps == "span":
            return super().value_on(day)
        return self.part.value_on(day) if day >= self.part.begins else None

    def rests_on_set(self, day: int) -> tuple[bool, bool]:
        first, last, sets = self.part.claims.first, self.part.claims.last, ~self.part.claims.adds
        return bool((sets & (first <= day)).any()), bool((sets & (last <= day)).any())


class ColumnHolders(_Columnar, Holders):
    """An account of a name, over columns."""

    plain = Holders

    def _namings(self, places: Ints | slice) -> list[Naming]:
        names = self._columns.names.things
        return [Naming(*claim[:4], names[claim.best]) for claim in self._claims(places)]

    @cached_property
    def claims(self) -> tuple[Naming, ...]:  # type: ignore[override]  # made when somebody asks for all
        return tuple(self._namings(slice(None)))

    def mattering(self, day: int) -> list[Naming]:
        return self._namings(np.flatnonzero(self.part.mattering(day)))

    def value_on(self, day: int) -> Value | None:
        if self.gaps == "span":
            return super().value_on(day)
        return names_on(self.mattering(day), day, UNCLAIMED)[0] if day >= self.begins else None


class ColumnLedger(Ledger):
    """
    A ledger over columns.

    Args:
        book: Finds the accounts.
        gaps: What silence between two of a party's sets means.
        event_of: Gives the event of a row.
        only: The codes of the accounts; None for all.
        all_said: Tells what all accounts say on a day.

    Cost: O(accounts); an account's steps are computed or looked up on first use.
    """

    def __init__(
        self,
        book: Book,
        gaps: Gaps,
        event_of: EventOf,
        only: Iterable[int] | None = None,
        all_said: AllSaid = lambda _moment, _day: None,
    ) -> None:
        self.gaps, self.measures = gaps, dict(book.measures)
        self.book, self._event_of, self._all_said = book, event_of, all_said
        self._moment = book.columns.moment
        self._columnar: dict[Key, dict[str, AccountHistory]] = {}
        if only is None:
            parts = {code: book.part(code) for code in book.accounts()}
        else:
            parts = {code: part for code in only if (part := book.part(code)).begins < NEVER}
        for code, part in parts.items():
            self._put(code, part)
        self._set_accounts(self._columnar)

    def _put(self, code: int, part: Part | None) -> None:
        """Put an account as it is now in its place; take it out where nothing is left of it."""
        book = self.book
        key, party = book.columns.accounts.things[code]
        measure = self.measures[key.measure]
        kind = ColumnHolders if measure.is_name else ColumnAmounts
        parties = {name: one for name, one in self._columnar.get(key, {}).items() if name != party}
        if part is not None:
            parties[party] = kind(code, measure, book.columns, part, self._event_of, self.gaps)
        if parties:
            self._columnar[key] = parties
        else:
            self._columnar.pop(key, None)

    def after(self, touched: Iterable[int]) -> ColumnLedger:
        """
        The ledger after some accounts were touched; this one stays as it is.

        Cost: that of those accounts, and O(keys).
        """
        later = ColumnLedger.__new__(ColumnLedger)
        later.__dict__.update(
            {name: value for name, value in self.__dict__.items() if name not in ("events", "_claimed")}
        )
        later._moment = self.book.columns.moment
        later._columnar = dict(self._columnar)
        for code in touched:
            part = self.book.part(code)
            later._put(code, part if part.begins < NEVER else None)
        later._set_accounts(later._columnar)
        return later

    def all_on(self, day: int) -> dict[Key, Estimate]:
        said = None if self.gaps == "span" else self._all_said(self._moment, day)
        if said is None:
            return super().all_on(day)
        begun, low, best, high, heard, spoken = said

        def ask(history: AccountHistory, day: int, counts: bool) -> Account | None:
            if not isinstance(history, ColumnAmounts):
                return history.on(day, counts)
            code = history.code
            if not begun[code]:
                return None
            value = Bounds(low[code], best[code], high[code])
            if value.low <= -OPEN64 or value.high >= OPEN64:
                value = Bounds(*map(wide, value))
            return history.saying(day, value, min(day, heard[code]), spoken[code], counts=counts)

        found = {}
        for key in self._claimed:
            one = estimate(key, self.measures[key.measure], self._accounts[key].values(), day, ask)
            if one is not None:
                found[key] = one
        return found

    @cached_property
    def events(self) -> tuple[Event, ...]:  # type: ignore[override]  # read when somebody asks for all
        return tuple(self._event_of(row) for row in self.book.events(self._moment).tolist())

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled, it takes accounts and events along, and no columns."""
        return _unpickled, (self.gaps, self.measures, self.events, self._columnar)


def _unpickled(
    gaps: Gaps,
    measures: dict[str, Measure],
    events: tuple[Event, ...],
    accounts: dict[Key, dict[str, AccountHistory]],
) -> Ledger:
    ledger = Ledger.__new__(Ledger)
    ledger.gaps, ledger.measures, ledger.events = gaps, measures, events
    ledger._set_accounts(accounts)
    return ledger
