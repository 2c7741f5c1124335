"""Findings: something wrong or odd in what the sources say. They are data, never exceptions."""

from __future__ import annotations

import datetime as dt
import math
from fractions import Fraction
from typing import Literal, TypeAlias, get_args

import attrs

from kursk_timeline.units import Unit, written

Severity: TypeAlias = Literal["error", "warning", "note"]
"""Surely a mistake in a claim that stands; two claims that do not fit; what a reader should know."""

SEVERITIES: tuple[Severity, ...] = get_args(Severity)
"""The worst first."""


@attrs.frozen
class Finding:
    """
    One oddity in what the sources say.

    Args:
        code: The kind of oddity, a stable short name such as ``unit-slip``.
        message: What is odd, and its likely cause, for a reader.
        severity: ``error``, ``warning`` or ``note``.
        events: Ids of the events it is about, in log order. Empty where a phrase was looked at alone.
        keys: The keys it is about, as text.
        settles: What would settle it; None if nobody knows.
        first: First day it is about; None where it is about no day.
        last: Last day; None where it has no end, or is about no day.

    >>> Finding("unit-slip", "90 km² is 34.7 mi², not 57 mi²").severity
    'warning'
    """

    code: str
    message: str
    severity: Severity = attrs.field(default="warning", kw_only=True, validator=attrs.validators.in_(SEVERITIES))
    events: tuple[str, ...] = attrs.field(default=(), kw_only=True)
    keys: tuple[str, ...] = attrs.field(default=(), kw_only=True)
    settles: str | None = attrs.field(default=None, kw_only=True)
    first: dt.date | None = attrs.field(default=None, kw_only=True)
    last: dt.date | None = attrs.field(default=None, kw_only=True)

    def to_dict(self) -> dict[str, object]:
        """Plain JSON; days as ISO text."""
        return {
            "code": self.code,
            "severity": self.severity,
            "message": self.message,
            "events": list(self.events),
            "keys": list(self.keys),
            "first": None if self.first is None else self.first.isoformat(),
            "last": None if self.last is None else self.last.isoformat(),
            "settles": self.settles,
        }


_LENGTHS = {("km2", "mi2"): Fraction("0.621371"), ("mi2", "km2"): Fraction("1.609344")}
"""What converts kilometres and miles, and is mistaken for what converts their squares."""

_CAP = Fraction(1, 20)
"""Largest rounding believed of the first figure: "1,000" is rarely 500 to 1,500."""


def unit_slip(
    first: Fraction, first_half: Fraction, unit: Unit, second: Fraction, second_half: Fraction, other: Unit
) -> Finding | None:
    """
    What is wrong where a source gives one amount in two units; None where the two agree.

    Args:
        first: The figure printed first, in `unit`.
        first_half: Half a unit of its last significant digit: 0.5 for 56, 50 for 1,300. At most 5 %
            of the figure is taken.
        second: The figure in brackets, in the unit `other` of the same dimension.
        second_half: Half a unit of the last significant digit of that one.

    >>> from kursk_timeline.units import UNITS
    >>> half, km2, mi2 = Fraction(1, 2), UNITS["km2"], UNITS["mi2"]
    >>> print(unit_slip(Fraction(90), 10 * half, km2, Fraction(57), half, mi2).message)
    90 km² is 34.7 mi², not 57 mi²
    """
    factor = unit.factor / other.factor
    if abs(first * factor - second) <= min(first_half, abs(first) * _CAP) * factor + second_half:
        return None
    message = f"{unit.text(first)} is {other.text(_rounded(first * factor))}, not {other.text(second)}"
    length = _LENGTHS.get((unit.name, other.name))
    if length is not None and abs(first * length - second) <= 2 * second_half:  # rounded, or cut off
        way = "kilometres to miles" if unit.name == "km2" else "miles to kilometres"
        message += (
            f"; {written(second)} is {written(first)} × {written(length)}, "
            f"the factor from {way}: it converts lengths, not areas"
        )
    return Finding("unit-slip", message, severity="error")


def _rounded(value: Fraction) -> Fraction:
    """To three significant digits, or to a whole number where that is finer."""
    return round(value, max(0, 2 - math.floor(math.log10(abs(value))))) if value else value
