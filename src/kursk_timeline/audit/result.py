"""What an audit found: findings in order, and how they are handed on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import overload

from kursk_timeline.findings import SEVERITIES, Finding, Severity
from kursk_timeline.formats import arrow
from kursk_timeline.rich import Rich


class Audit(Rich):
    """
    The findings of an audit: the worst first, then by code, key and day.

    It has a length, is iterated and indexed like a tuple, and is an Arrow stream
    (``polars.DataFrame(audit)``), one row for each finding. Without findings it is empty, and so false.
    """

    # No subclass of Sequence: dataframe libraries would take it for one column and not ask for the stream.
    __slots__ = ("findings",)

    def __init__(self, findings: Iterable[Finding] = ()) -> None:
        self.findings = tuple(findings)

    @overload
    def __getitem__(self, index: int) -> Finding: ...
    @overload
    def __getitem__(self, index: slice) -> Audit: ...
    def __getitem__(self, index: int | slice) -> Finding | Audit:
        return Audit(self.findings[index]) if isinstance(index, slice) else self.findings[index]

    def __len__(self) -> int:
        return len(self.findings)

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)

    def __eq__(self, other: object) -> bool:
        return self.findings == other.findings if isinstance(other, Audit) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.findings)

    # --- parts ---------------------------------------------------------------------------------

    @property
    def errors(self) -> Audit:
        """The findings of severity ``error``: mistakes in claims that stand."""
        return self.grave("error")

    def grave(self, severity: Severity) -> Audit:
        """The findings of one severity."""
        return Audit(finding for finding in self if finding.severity == severity)

    def of(self, code: str) -> Audit:
        """The findings of one code, such as ``dispute``."""
        return Audit(finding for finding in self if finding.code == code)

    @property
    def counts(self) -> dict[Severity, int]:
        """How many findings there are of each severity, the worst first; also where there are none."""
        found = Counter(finding.severity for finding in self)
        return {severity: found[severity] for severity in SEVERITIES}

    # --- out -----------------------------------------------------------------------------------

    def to_dict(self) -> dict[str, object]:
        """Plain JSON: how many of each severity, and every finding."""
        return {"counts": dict(self.counts), "findings": [finding.to_dict() for finding in self]}

    def table(self) -> arrow.Table:
        """One row for each finding; keys and event ids are joined by blanks."""
        return arrow.Table(
            [
                ("severity", "string", [finding.severity for finding in self]),
                ("code", "string", [finding.code for finding in self]),
                ("message", "string", [finding.message for finding in self]),
                ("keys", "string", [" ".join(finding.keys) for finding in self]),
                ("first", "date", [finding.first for finding in self]),
                ("last", "date", [finding.last for finding in self]),
                ("events", "string", [" ".join(finding.events) for finding in self]),
                ("settles", "string", [finding.settles for finding in self]),
            ]
        )

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return self.table().__arrow_c_stream__(requested_schema)

    def __repr__(self) -> str:
        if not self:
            return "Audit: nothing found"
        counted = [f"{n} {severity}{'s' if n != 1 else ''}" for severity, n in self.counts.items() if n]
        lines = [f"Audit: {', '.join(counted)}"]
        for severity in SEVERITIES:
            group = self.grave(severity)
            lines += [f"{severity}s ({len(group)})"] if group else []
            lines += [f"  {finding.code}: {finding.message}" for finding in group]
        return "\n".join(lines)
