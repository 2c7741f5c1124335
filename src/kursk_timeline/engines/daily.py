"""A table of days: what every account says on each, so that a date is one row."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kursk_timeline.engines.columns import NEVER, Ints

MORE_DAYS = 31
"""So many days at least a table grows by when something lies behind its last."""


class Daily:
    """
    Some numbers of every account on each of some days.

    On a day before the first the first is asked, on one behind the last the last: whoever asks knows who has
    begun, and where nothing happens any more all days are alike.

    Args:
        first: The first day (ordinal).
        numbers: By number, day and account.
        most: So many days there may be.
    """

    def __init__(self, first: int, numbers: Ints, most: int) -> None:
        self.first, self.numbers, self._most = first, numbers, most

    @property
    def days(self) -> int:
        """How many days there are."""
        return len(self.numbers[0])

    def on(self, day: int) -> Ints:
        """The numbers of a day: by number and account; a copy."""
        numbers: Ints = self.numbers[:, min(max(day - self.first, 0), self.days - 1)].copy()
        return numbers

    def many(self, days: Ints) -> Ints:
        """The numbers of some days: by number, day and account."""
        numbers: Ints = self.numbers.take(np.clip(days - self.first, 0, self.days - 1), axis=1)
        return numbers

    def reaches(self, days: Ints) -> bool:
        """
        Whether some days are there.

        It goes on until the last of them where that is not far off and there is room.
        """
        if not len(days):
            return True
        more = int(days.max()) - self.first - self.days + 1
        if more > 0:
            room = max(MORE_DAYS, self.days // 8)
            if more > room or self.days + room > self._most:
                return False
            self.numbers = np.concatenate([self.numbers, np.repeat(self.numbers[:, -1:], room, axis=1)], axis=1)
        return bool(days.min() >= self.first)

    def write(self, account: int, days: Ints, numbers: Sequence[Ints], since: int = 0, until: int = NEVER) -> None:
        """
        Write what an account says from some days on, each until the next, and 0 before; all of them are there.

        Args:
            account: Its code.
            days: Days in order.
            numbers: What it says from each on: a column for each number.
            since, until: The first and the last day that are written.
        """
        since, until = max(since, self.first), min(until, self.first + self.days - 1)
        if since > until:
            return
        start, end = np.searchsorted(days, [since, until], "right").tolist()
        steps = slice(max(start - 1, 0), end)
        ends = np.append(np.maximum(days[steps], since), until + 1)  # of nothing, and of each but the last
        for row, number in zip(self.numbers[:, :, account], numbers, strict=True):
            row[since - self.first : ends[0] - self.first] = 0
            row[ends[0] - self.first : ends[-1] - self.first] = np.repeat(number[steps], np.diff(ends))

    def raise_to(self, account: int, days: Ints, numbers: Sequence[Ints]) -> None:
        """Have an account's numbers be no less than some from their days on; all of these are there."""
        for row, own in zip(self.numbers[:, :, account], numbers, strict=True):
            for day, number in zip(days.tolist(), own.tolist(), strict=True):
                later = row[day - self.first :]
                np.maximum(later, number, out=later)
