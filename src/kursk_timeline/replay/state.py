"""What was the case on one date: every estimate, looked up when it is asked for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import attrs

from kursk_timeline.errors import QueryError, shown
from kursk_timeline.measures import STRENGTH, Key
from kursk_timeline.replay.account import Gaps
from kursk_timeline.replay.estimate import Estimate
from kursk_timeline.replay.ledger import Ledger
from kursk_timeline.rich import Rich
from kursk_timeline.text import visible

Amount = Estimate | None
"""An estimate of a number; None where nothing is claimed."""

TERRITORY = ("held", "controlled", "peak", "retaken", "settlements", "settlements-retaken")
"""The measures of one holder's territory."""

FORCES = (
    "strength",
    "present",
    "engaged",
    "announced",
    "deployed",
    "peak-present",
    "killed",
    "wounded",
    "captured",
    "casualties",
)
"""The measures of one force."""


def _measure(name: str) -> Any:
    """A property that looks up one measure of a subject."""

    def look(self: _Subject) -> Any:
        return self.state[Key(name, self.name, self.region)]

    look.__doc__ = f"The estimate of `{name}`; None where nothing is claimed."
    return property(look)


@attrs.frozen(repr=False)
class _Subject(Rich):
    """The measures of one holder, force or place in one region."""

    state: State
    name: str
    region: str

    def estimates(self) -> dict[str, Estimate]:
        """Every measure that somebody claims something about."""
        found = {}
        for measure in self._measures():
            estimate = self.state[Key(measure, self.name, self.region)]
            if estimate is not None:
                found[measure] = estimate
        return found

    def _measures(self) -> Iterable[str]:
        raise NotImplementedError

    def __repr__(self) -> str:
        lines = [f"{visible(self.name)}, {self.region}, {self.state.date}"]
        lines += [f"  {measure}: {estimate}" for measure, estimate in self.estimates().items()]
        return "\n".join(lines if len(lines) > 1 else [*lines, "  nothing is claimed"])


class Territory(_Subject):
    """What one holder holds in one region. A measure nobody claims anything about is None."""

    held: Amount = _measure("held")
    controlled: Amount = _measure("controlled")
    peak: Amount = _measure("peak")
    retaken: Amount = _measure("retaken")
    settlements: Amount = _measure("settlements")
    settlements_retaken: Amount = _measure("settlements-retaken")

    def _measures(self) -> Iterable[str]:
        return TERRITORY


class Force(_Subject):
    """One force in one region. A measure nobody claims anything about is None."""

    strength: Amount = _measure("strength")
    present: Amount = _measure("present")
    engaged: Amount = _measure("engaged")
    announced: Amount = _measure("announced")
    deployed: Amount = _measure("deployed")
    peak_present: Amount = _measure("peak-present")
    killed: Amount = _measure("killed")
    wounded: Amount = _measure("wounded")
    captured: Amount = _measure("captured")
    casualties: Amount = _measure("casualties")

    def _measures(self) -> Iterable[str]:
        return FORCES


class Settlement(_Subject):
    """Who may hold one settlement."""

    @property
    def estimate(self) -> Estimate | None:
        """The estimate behind `holders`; None where nothing is claimed."""
        return self.state[Key("holder", self.name, self.region)]

    @property
    def holders(self) -> frozenset[str] | None:
        """
        Everybody who may hold it by any account that counts; None where nothing is claimed.

        ``contested`` (neither side's in full) and ``unclaimed`` (not yet taken by anybody) are possible too.
        """
        estimate = self.estimate
        return None if estimate is None else estimate.holders

    def _measures(self) -> Iterable[str]:
        return ("holder",)


class _Subjects(Rich):
    """Subjects by name, in the timeline's own region or in another."""

    of: type[_Subject]
    measures: tuple[str, ...]

    def __init__(self, state: State) -> None:
        self.state = state

    def _names(self) -> dict[tuple[str, str], None]:
        return {
            (key.subject, key.region): None
            for key in self.state.claimed()
            if key.measure in self.measures and key.subject is not None
        }

    def __iter__(self) -> Iterator[str]:
        """The names claimed in the timeline's own region."""
        return (name for name, region in self._names() if region == self.state.region)

    def __contains__(self, name: object) -> bool:
        return name in set(self)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _get(self, name: str | tuple[str, str]) -> Any:
        pair = name if isinstance(name, tuple) else (name, self.state.region)
        if len(pair) != 2:
            raise QueryError(f"{shown(name)}: give a name, or a name and a region")
        subject, region = pair
        key = Key(self.measures[0], subject, region)  # refuses what is no name
        return self.of(self.state, key.subject or subject, key.region)

    def __repr__(self) -> str:
        shown = [repr(self._get(pair)) for pair in self._names()]
        return "\n".join(shown) if shown else "nothing is claimed"


class Territories(_Subjects):
    """Territory by holder: ``territory["ukraine"]``, ``territory["ukraine", "belgorod"]``."""

    of = Territory
    measures = TERRITORY

    def __getitem__(self, holder: str | tuple[str, str]) -> Territory:
        """One holder; a name never claimed has None everywhere."""
        found: Territory = self._get(holder)
        return found

    @property
    def contested(self) -> Amount:
        """The area of the timeline's own region that is neither side's in full."""
        return self.state[Key("contested", None, self.state.region)]


class Forces(_Subjects):
    """Forces by name: ``forces["north-korea"]``, ``forces["ukraine", "belgorod"]``."""

    of = Force
    measures = FORCES

    def __getitem__(self, force: str | tuple[str, str]) -> Force:
        """One force; a name never claimed has None everywhere."""
        found: Force = self._get(force)
        return found


class Settlements(_Subjects):
    """Settlements by name: ``settlements["Sudzha"]``."""

    of = Settlement
    measures = ("holder",)

    def __getitem__(self, name: str | tuple[str, str]) -> Settlement:
        """One settlement; of one never claimed `holders` is None."""
        found: Settlement = self._get(name)
        return found


@attrs.frozen(kw_only=True, eq=False, repr=False)
class State(Rich):
    """
    What was the case on one date.

    Attributes:
        date: The day asked about.
        known_on: Only what was known by the end of this day counts; None for everything.
        according_to: Only claimants on or below these paths; None for everybody.
        gaps: ``"hold"`` or ``"span"``; what a party's silence between two of its sets means.
        region: The timeline's own region.

    Cost: of an estimate, O(accounts of its key × log steps), when it is asked for.
    """

    date: dt.date
    known_on: dt.date | None
    according_to: tuple[str, ...] | None
    gaps: Gaps
    region: str
    ledger: Ledger

    def __getitem__(self, key: Key | str) -> Estimate | None:
        """The estimate of any key, or of its text form ``measure/subject/region``; None where nothing is claimed."""
        return self.ledger.on(self.ledger.key(key), self.date.toordinal())

    def claimed(self) -> list[Key]:
        """The keys about which something is claimed by this date."""
        day = self.date.toordinal()
        return [k for k in self.ledger.claimed() if any(a.begins <= day for a in self.ledger.accounts(k).values())]

    @property
    def estimates(self) -> Mapping[Key, Estimate]:
        """All estimates of this date by key."""
        return self.ledger.all_on(self.date.toordinal())

    @property
    def territory(self) -> Territories:
        """Areas and counts of settlements, by holder."""
        return Territories(self)

    @property
    def forces(self) -> Forces:
        """Headcounts and losses, by force."""
        return Forces(self)

    @property
    def settlements(self) -> Settlements:
        """Named settlements."""
        return Settlements(self)

    @property
    def disputes(self) -> list[Key]:
        """The keys on which the parties contradict each other, in order."""
        return [key for key, estimate in self.estimates.items() if estimate.disputed]

    def all_estimates(self) -> dict[Key, Estimate]:
        """`estimates` and the derived strengths, in the order of their keys."""
        found = dict(self.estimates)
        for key in list(found):
            if key.measure in ("present", "deployed"):
                strength = attrs.evolve(key, measure=STRENGTH.name)
                estimate = self[strength]
                if estimate is not None:
                    found[strength] = estimate
        return dict(sorted(found.items(), key=lambda item: str(item[0])))

    def by_subject(self) -> dict[tuple[str, str | None], dict[str, Estimate]]:
        """
        All estimates by (region, subject), then by measure, in reading order.

        The timeline's own region comes first; within a region the parties, then what is nobody's
        in particular (None), then the settlements.
        """

        def place(key: Key) -> tuple[bool, str, int, str]:
            kind = 2 if key.measure == "holder" else 1 if key.subject is None else 0
            return (key.region != self.region, key.region, kind, key.subject or "")

        found: dict[tuple[str, str | None], dict[str, Estimate]] = {}
        for key, estimate in sorted(self.all_estimates().items(), key=lambda item: place(item[0])):
            found.setdefault((key.region, key.subject), {})[key.measure] = estimate
        return found

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON: the question and every estimate."""
        return {
            "date": self.date.isoformat(),
            "known_on": None if self.known_on is None else self.known_on.isoformat(),
            "according_to": None if self.according_to is None else list(self.according_to),
            "gaps": self.gaps,
            "region": self.region,
            "estimates": {str(key): estimate.to_dict() for key, estimate in self.all_estimates().items()},
            "disputes": [str(key) for key in self.disputes],
        }

    @property
    def question(self) -> str:
        """The question in words, as in ``2024-11-01, as known on 2024-11-10, according to ukraine``."""
        parts = [str(self.date)]
        if self.known_on is not None:
            parts.append(f"as known on {self.known_on}")
        if self.according_to is not None:
            parts.append(f"according to {', '.join(self.according_to)}")
        if self.gaps != "hold":
            parts.append("gaps spanned")
        return ", ".join(parts)

    def __repr__(self) -> str:
        lines = [f"{visible(str(key))}: {estimate}" for key, estimate in self.all_estimates().items()]
        return "\n".join([f"State on {self.question}", *(f"  {line}" for line in lines or ["nothing is claimed"])])
