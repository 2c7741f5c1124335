"""One key on all dates: the steps of its estimate and of every account."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

from kursk_timeline.formats import arrow
from kursk_timeline.measures import STRENGTH, Key
from kursk_timeline.replay.account import AccountHistory
from kursk_timeline.replay.estimate import Estimate
from kursk_timeline.replay.ledger import Ledger
from kursk_timeline.replay.steps import Step
from kursk_timeline.rich import Rich, draw
from kursk_timeline.when import ZONE, day_of


class History(Rich):
    """
    One key on all dates.

    Reads as an Arrow stream (``polars.DataFrame(history)``): one row for each step of the estimate
    (``party`` is null) and of each account.
    """

    def __init__(
        self, key: Key, ledger: Ledger, zone: str = ZONE, parties: Callable[[], Sequence[str]] = tuple
    ) -> None:
        self.key = key
        self._parties = parties
        self._ledger = ledger
        self._zone = zone

    @property
    def accounts(self) -> Mapping[str, AccountHistory]:
        """Every party's account, by name, with its own `steps`. A strength is derived and has none."""
        return dict(sorted(self._ledger.accounts(self.key).items()))

    @cached_property
    def steps(self) -> list[Step]:
        """The estimate's steps in order; the last has no end. Empty where nothing is claimed."""
        measure = STRENGTH if self.key.measure == STRENGTH.name else self._ledger.measures[self.key.measure]
        found = []
        for day in self._ledger.days_of_change(self.key):
            estimate = self._ledger.on(self.key, day)
            if estimate is not None:
                step = Step.of(
                    measure,
                    estimate.value,
                    certain=estimate.certain,
                    disputed=estimate.disputed,
                    stale=estimate.stale,
                )
                found.append((day, step))
        return Step.run(found)

    def at(self, date: str | dt.date) -> Estimate | None:
        """The estimate on a date; None where nothing is claimed yet."""
        return self._ledger.on(self.key, day_of(date, self._zone).toordinal())

    def plot(self, **options: Any) -> Any:
        """
        A chart of this history: every party's best as a line, its bounds as a band, disputes shaded.

        Args:
            options: ``theme="dark"``, ``first=`` and ``last=`` (dates), as for `Timeline.plot`.

        Returns:
            An Altair chart, to go on with as with any other.

        Raises:
            MissingExtraError: the extra ``viz`` is not installed.
        """
        # Whoever is asked here: a party has the colour that it has in the timeline's other charts.
        return draw(self, parties=self._parties(), **options)

    def to_dict(self) -> dict[str, object]:
        """Plain JSON: the steps of the estimate and of each account."""
        return {
            "key": str(self.key),
            "steps": [step.to_dict() for step in self.steps],
            "accounts": {party: [step.to_dict() for step in a.steps] for party, a in self.accounts.items()},
        }

    def table(self) -> arrow.Table:
        """One row for each step, of the estimate and of each account."""
        rows: list[tuple[str | None, Step]] = [(None, step) for step in self.steps]
        rows += [(party, step) for party, account in self.accounts.items() for step in account.steps]
        return arrow.Table(
            [
                ("key", "string", [str(self.key)] * len(rows)),
                ("party", "string", [party for party, _ in rows]),
                ("first", "date", [step.first for _, step in rows]),
                ("last", "date", [step.last for _, step in rows]),
                ("low", "number", [step.low for _, step in rows]),
                ("best", "number", [step.best if step.holders is None else None for _, step in rows]),
                ("high", "number", [step.high for _, step in rows]),
                ("unit", "string", [step.unit for _, step in rows]),
                ("holders", "string", [None if s.holders is None else ", ".join(sorted(s.holders)) for _, s in rows]),
                ("certain", "bool", [step.certain for _, step in rows]),
                ("disputed", "bool", [step.disputed for _, step in rows]),
                ("stale", "bool", [step.stale for _, step in rows]),
            ]
        )

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return self.table().__arrow_c_stream__(requested_schema)

    def __repr__(self) -> str:
        from kursk_timeline.replay.notation import history_text

        return history_text(self)
