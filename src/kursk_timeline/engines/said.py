"""What every account says on a date, or on many, as columns."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping

import numpy as np

from kursk_timeline.engines.arrays import ArrayTable, Words, in_unit, runs
from kursk_timeline.engines.columns import Codes, Flags, Ints
from kursk_timeline.engines.index import Answers
from kursk_timeline.measures import Key, Measure
from kursk_timeline.rich import Rich

HoldersOn = Callable[[int, int], str]
"""Gives the possible holders that an account (its code) names on a day, as text."""


class Accounts(Rich):
    """
    What every account says on one date, each by itself: no account is weighed against another.

    Arrays have an entry for each of `accounts`, in an order that does not change while the timeline lives;
    new accounts come at the end. As an Arrow stream (``polars.DataFrame(answer)``) it has a row for each
    account that has begun, amounts in the measure's unit.

    Attributes:
        date: The day asked about.
        known_on: Only what was known by the end of this day counts; None for everything.
        low, best, high: int64, whole base units (square metres, persons, …); ±2**62 for no bound. Of a name
            (who holds a place) they are codes, and only the table tells the names.
        certain: Some event of the account must have happened.
        begun: There is an account at all; where there is none, the other arrays say nothing.
    """

    def __init__(
        self,
        date: dt.date,
        known_on: dt.date | None,
        answers: Answers,
        names: Callable[[], Names],
    ) -> None:
        self.date, self.known_on = date, known_on
        self.low, self.best, self.high = answers.low, answers.best, answers.high
        self.certain, self.begun = answers.certain, answers.begun
        self._names = names

    @property
    def accounts(self) -> list[tuple[Key, str]]:
        """Key and party of each entry."""
        return self._names().accounts.things[: len(self.low)]

    def __len__(self) -> int:
        """How many accounts have begun."""
        return int(self.begun.sum())

    def table(self) -> ArrayTable:
        """
        A row for each account that has begun: ``date, measure, subject, region, party, low, best, high, unit,
        holders, certain``. An open bound is infinite; of a name the numbers are null.
        """
        amounts = (np.atleast_2d(column) for column in (self.low, self.best, self.high, self.certain, self.begun))
        return table(np.array([self.date.toordinal()]), Answers(*amounts), self._names())

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return self.table().__arrow_c_stream__(requested_schema)

    def __repr__(self) -> str:
        known = "" if self.known_on is None else f" as known on {self.known_on}"
        return f"<{len(self)} accounts on {self.date}{known}>"


class Names:
    """What the codes in answers stand for."""

    def __init__(self, accounts: Codes, names: Codes, measures: Mapping[str, Measure], holders_on: HoldersOn) -> None:
        self.accounts, self.names, self.measures, self.holders_on = accounts, names, measures, holders_on

    def holders(self, days: Ints, answers: Answers, there: Flags, is_name: Flags) -> Words:
        """For each row of a table the possible holders; None where the measure is a number."""
        texts: list[str | None] = [None, *self.names.things]
        chosen = np.where(is_name, answers.low + 1, 0)
        # Where one name alone is possible its code is in all three.
        for row, account in np.argwhere(there & is_name & (answers.low != answers.high)).tolist():
            texts.append(self.holders_on(account, int(days[row])))
            chosen[row, account] = len(texts) - 1
        return Words(texts, [(chosen[there], 1)])


def table(days: Ints, answers: Answers, names: Names) -> ArrayTable:
    """
    What accounts say on some days as one long table.

    Args:
        days: Ordinals.
        answers: A row for each day.
        names: What the codes stand for.
    """
    there = answers.begun
    accounts = names.accounts.things[: there.shape[1]]
    measures = [names.measures[key.measure] for key, _ in accounts]
    is_name = np.array([measure.is_name for measure in measures], "?")
    whole = bool(there.all())

    def of_rows(column: Ints) -> Ints:
        """What is there of a column, row by row."""
        return column.ravel() if whole else column[there]

    amounts = answers.low, answers.best, answers.high
    units = {measure.unit for measure in measures if measure.unit is not None}
    if len(units) == 1 and not is_name.any():
        low, best, high = map(of_rows, amounts)
        numbers = list(in_unit(low, best, high, units.pop()))
    else:
        mixed = [np.empty(there.shape) for _ in amounts]
        for unit in units:
            some = np.array([measure.unit == unit for measure in measures])
            low, best, high = (np.where(there, amount, 0)[:, some] for amount in amounts)
            for plain, found in zip(mixed, in_unit(low, best, high, unit), strict=True):
                plain[:, some] = found
        numbers = [of_rows(plain) for plain in mixed]
    blocks = runs(there)
    is_number = None if not is_name.any() else of_rows(np.broadcast_to(~is_name, there.shape))
    return ArrayTable(
        [
            ("date", "date", np.repeat(days, there.sum(axis=1)), None),
            ("measure", "string", Words([key.measure for key, _ in accounts], blocks), None),
            ("subject", "string", Words([key.subject for key, _ in accounts], blocks), None),
            ("region", "string", Words([key.region for key, _ in accounts], blocks), None),
            ("party", "string", Words([party for _, party in accounts], blocks), None),
            ("low", "number", numbers[0], is_number),
            ("best", "number", numbers[1], is_number),
            ("high", "number", numbers[2], is_number),
            ("unit", "string", Words([measure.unit for measure in measures], blocks), None),
            ("holders", "string", _holders(days, answers, names, there, is_name), None),
            ("certain", "bool", of_rows(answers.certain), None),
        ],
        int(there.sum()),
    )


def _holders(days: Ints, answers: Answers, names: Names, there: Flags, is_name: Flags) -> Words:
    if not is_name.any():
        return Words([None], [(np.zeros(1, "i4"), int(there.sum()))])
    return names.holders(days, answers, there, is_name)
