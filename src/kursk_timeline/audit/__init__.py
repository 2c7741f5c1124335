"""
The audit: what is wrong or odd in what the sources say, as data.

Each check is a small function of its own, listed in `CHECKS` by the code of its findings. Nothing is
mended and nothing refused: what was printed stays as printed, and the audit says so.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

import attrs

from kursk_timeline.audit import accounts, figures, origins
from kursk_timeline.audit.case import Case, Find, Say
from kursk_timeline.audit.result import Audit
from kursk_timeline.events.base import Event
from kursk_timeline.findings import SEVERITIES, Finding, Severity
from kursk_timeline.projections import Projection
from kursk_timeline.replay.ledger import Ledger

__all__ = ["CHECKS", "Audit", "Check", "audit"]


@attrs.frozen
class Check:
    """
    One kind of finding.

    Args:
        severity: How grave it is: ``error``, ``warning`` or ``note``.
        meaning: What it says, in one line.
        find: Looks for it.
    """

    severity: Severity
    meaning: str
    find: Find = attrs.field(repr=False)


CHECKS: Mapping[str, Check] = MappingProxyType(
    {
        "unit-slip": Check(
            "error",
            "a figure printed in two units does not convert; a note where its claim was withdrawn",
            figures.unit_slip,
        ),
        "dispute": Check("warning", "parties contradict each other on one key, from which day on", accounts.dispute),
        "look-alike": Check(
            "warning", "two names look alike and count as two claimants, publishers or places", origins.look_alike
        ),
        "part-above-whole": Check(
            "warning",
            "a member is above its coalition, or killed and wounded are above casualties",
            figures.part_above_whole,
        ),
        "reported-before-occurred": Check(
            "warning", "a claim's days reach past its own report", origins.reported_before_occurred
        ),
        "retaken-above-peak": Check(
            "warning", "more was retaken from a holder than it is said ever to have held", figures.retaken_above_peak
        ),
        "total-falls": Check("warning", "a party's running total is lower on a later day", figures.total_falls),
        "copied-report": Check(
            "note", "parties that count as independent give the same figure in the same words", origins.copied_report
        ),
        "stale": Check("note", "on the last day, nobody was heard recently enough", accounts.stale),
        "total-includes-captured": Check(
            "note", "a casualties total is killed, wounded and captured added up", figures.total_includes_captured
        ),
        "vague-date": Check(
            "note", "one vague date makes at least half of the width of an answer", accounts.vague_date
        ),
    }
)
"""Every check by the code of its findings, the gravest first."""


def audit(
    events: Sequence[Event],
    ledger: Ledger,
    projections: Sequence[Projection],
    *,
    known_on: dt.date | None = None,
    according_to: Iterable[str] | None = None,
) -> Audit:
    """
    What is wrong or odd in a log, by every check of `CHECKS`.

    Args:
        events: All events of the log, in its order, also those about other events.
        ledger: The accounts of the claims among them that stand, for the same question.
        projections: What events do to which keys; those of the ledger.
        known_on: Only what was known by the end of this day; None for everything.
        according_to: Only claimants on or below these paths; None for everybody.

    Returns:
        The findings, the gravest first, then by code, key and day. The same log gives the same findings.

    Cost: that of computing every account's steps, and a few passes over them.
    """
    case = Case.of(events, ledger, projections, known_on, according_to)
    found = [
        finding
        for code, check in CHECKS.items()
        for finding in check.find(case, Say(code, check.severity, case.places))
    ]
    return Audit(sorted(found, key=_order))


def _order(finding: Finding) -> tuple[int, str, tuple[str, ...], dt.date, str]:
    """Gravest first, then by code, key and day; the message settles what is left."""
    return (
        SEVERITIES.index(finding.severity),
        finding.code,
        finding.keys,
        finding.first or dt.date.min,
        finding.message,
    )
