"""
All accounts of one question, and the estimates they give on any day.

A ledger answers for one choice of what was known, whom to believe, and what silence means. It
computes an account's steps when that account is first asked for, and keeps them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cached_property

import attrs

from kursk_timeline.errors import QueryError, shown
from kursk_timeline.events.base import Event
from kursk_timeline.events.built import read_ahead
from kursk_timeline.measures import STRENGTH, Key, catalogue
from kursk_timeline.projections import Projection, effects
from kursk_timeline.projections.effect import Effect
from kursk_timeline.replay.account import AccountHistory, Gaps
from kursk_timeline.replay.bounds import FOREVER
from kursk_timeline.replay.claimed import Amounts, Holders, claim_of, naming_of
from kursk_timeline.replay.combined import LastHeard, Sum
from kursk_timeline.replay.estimate import Estimate, estimate
from kursk_timeline.replay.strength import PARTS, strength


class Ledger:
    """
    The accounts of standing events, by key and party.

    Args:
        events: The claims that count, in log order.
        projections: What each does to which key.
        gaps: What silence between two of a party's sets means.

    Cost: O(events) to build; an account's steps are computed on first use.
    """

    def __init__(
        self,
        events: Iterable[Event],
        projections: Sequence[Projection],
        gaps: Gaps = "hold",
    ) -> None:
        self.gaps = gaps
        self.measures = dict(catalogue(m for p in projections for m in p.measures))
        self.events = tuple(events)
        read_ahead(self.events)
        gathered: defaultdict[Key, defaultdict[str, list[tuple[int, Event, Effect]]]] = defaultdict(
            lambda: defaultdict(list)
        )
        order = 0
        for event in self.events:
            for effect in effects(event, projections):
                order += 1
                gathered[effect.key][event.party].append((order, event, effect))
        self._set_accounts(
            {
                key: {party: self._account(key, party, rows) for party, rows in parties.items()}
                for key, parties in gathered.items()
            }
        )

    def _account(self, key: Key, party: str, rows: Sequence[tuple[int, Event, Effect]]) -> AccountHistory:
        measure = self.measures[key.measure]
        behind = {order: event for order, event, _ in rows}
        if measure.is_name:
            namings = [naming_of(*row) for row in rows]
            return Holders(key, party, measure, namings, behind, self.gaps)
        claims = [claim_of(*row) for row in rows]
        return Amounts(key, party, measure, claims, behind, self.gaps)

    def _set_accounts(self, claimed: dict[Key, dict[str, AccountHistory]]) -> None:
        """
        The accounts, as claimed, and what follows from them.

        Who says what is held and what is contested has said what is controlled: the sum.
        """
        self._accounts = dict(claimed)
        controlled = self.measures["controlled"]
        for key in [key for key in claimed if key.measure == "held"]:
            contested = claimed.get(Key("contested", None, key.region), {})
            for party in claimed[key].keys() & contested.keys():
                target = Key("controlled", key.subject, key.region)
                derived = Sum(target, party, controlled, (claimed[key][party], contested[party]))
                own = claimed.get(target, {}).get(party)
                found: AccountHistory = derived if own is None else LastHeard(own, derived)
                self._accounts[target] = {**self._accounts.get(target, {}), party: found}

    @cached_property
    def _claimed(self) -> list[Key]:
        return sorted(self._accounts, key=str)

    # --- asking --------------------------------------------------------------------------------

    def key(self, value: Key | str) -> Key:
        """
        A key, checked against the measures.

        Raises:
            QueryError: no such measure, or no key at all.
        """
        key = Key.of(value)
        if key.measure not in self.measures and key.measure != STRENGTH.name:
            known = ", ".join(sorted([*self.measures, STRENGTH.name]))
            raise QueryError(f"there is no measure {shown(key.measure)}; known are {known}")
        return key

    def claimed(self) -> list[Key]:
        """All keys that anybody claims anything about, in order."""
        return list(self._claimed)

    def accounts(self, key: Key) -> dict[str, AccountHistory]:
        """
        The accounts of a key by party, in any order; empty where nobody claims anything.

        Nobody claims a strength: it is derived, and has no accounts of its own.
        """
        return self._accounts.get(key, {})

    def on(self, key: Key, day: int) -> Estimate | None:
        """The estimate of a key on a day (ordinal); None where nothing is claimed."""
        if key.measure == STRENGTH.name:
            return strength(key, day, self.on)
        accounts = self._accounts.get(key)
        if not accounts:
            return None
        return estimate(key, self.measures[key.measure], accounts.values(), day)

    def all_on(self, day: int) -> dict[Key, Estimate]:
        """Every estimate of a day (ordinal) by key; the derived strengths are not among them."""
        return {key: found for key in self._claimed if (found := self.on(key, day)) is not None}

    def days_of_change(self, key: Key) -> list[int]:
        """All days on which the estimate of a key can change, in order."""
        if key.measure != STRENGTH.name:
            return sorted({day for account in self.accounts(key).values() for day in account.days_of_change()})
        parts = [attrs.evolve(key, measure=measure) for measure in PARTS]
        days = {day for part in parts for day in self.days_of_change(part)}
        # It also changes when a headcount may or must have been given, even one that says the same as before.
        for account in self.accounts(parts[0]).values():
            if isinstance(account, Amounts):
                days |= {day for claim in account.sets for day in (claim.first, claim.last) if day < FOREVER}
        return sorted(days)
