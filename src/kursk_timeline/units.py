"""
Units: what a number counts, and exact integers for it.

Every amount is kept as a whole number of its dimension's *base unit* (square metres, persons), so
that sums are exact and independent of order. A `Unit` is a factor to that base unit, an exact fraction.

Reading rounds: a lower bound down, an upper bound up, a best value to the nearest base unit. Writing is
its inverse, the shortest decimal number that reads back to the same base amount. In a unit such as km²,
a power of ten of m², that is the amount itself. A square mile is no finite number of m² and no m² is a
finite number of square miles, so there a decimal stands for the whole base unit around it: 30 mi² is
77,699,643.31 m², kept as 77,699,643 to 77,699,644 m², and comes out as 30 again.
"""

from __future__ import annotations

import enum
import math
import numbers
import re
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Literal

import attrs

from kursk_timeline.errors import QuantityError, UnitError, shown

LIMIT = 2**53 - 1
"""Largest amount in base units, either side of zero: what every JSON reader keeps exact."""

Rounding = Literal["floor", "nearest", "ceil"]

_DIGITS = 1_000  # more are refused before anything is computed with them
_DECIMAL = re.compile(r"[+-]?[0-9]{1,1000}(?:\.[0-9]{1,1000})?", re.ASCII)
_BLANKS = re.compile(r"[\s.\u00a0\u2007\u2009\u202f]+")


class Dimension(enum.Enum):
    """What kind of thing is counted. Amounts of two dimensions never mix."""

    AREA = "area"
    HEADCOUNT = "headcount"
    SETTLEMENTS = "settlements"
    ITEMS = "items"

    @property
    def base_unit(self) -> Unit:
        """The unit that amounts are whole numbers of."""
        return UNITS["m2" if self is Dimension.AREA else self.usual_unit.name]

    @property
    def usual_unit(self) -> Unit:
        """The unit that sources count in."""
        return UNITS[_USUAL[self]]


@attrs.frozen
class Unit:
    """
    A unit of one dimension.

    Args:
        name: The word in the API and in stored events, such as ``km2``.
        factor: Base units in one of this unit, exactly.
        symbol: How it is written after a number.
        singular: How it is written after "1".
        spellings: How sources write it, in lower case; every spelling belongs to one unit.
    """

    name: str
    dimension: Dimension
    factor: Fraction
    symbol: str
    singular: str
    spellings: tuple[str, ...] = attrs.field(repr=False)

    def to_base(self, value: Fraction, rounding: Rounding) -> int:
        """
        Whole base units in `value` of this unit.

        Raises:
            QuantityError: more than `LIMIT` base units.

        >>> unit("mi2").to_base(Fraction(30), "floor"), unit("mi2").to_base(Fraction(30), "ceil")
        (77699643, 77699644)
        """
        exact = value * self.factor
        amount = math.floor(exact) if rounding == "floor" else math.ceil(exact) if rounding == "ceil" else round(exact)
        if abs(amount) > LIMIT:
            most = f"{LIMIT:,} {self.dimension.base_unit.symbol}"
            raise QuantityError(f"the amount is too large: at most {most} either way can be kept")
        return amount

    def from_base(self, base: int, rounding: Rounding) -> Fraction:
        """
        The shortest decimal number of this unit that `to_base` reads back as `base`.

        >>> unit("mi2").from_base(77_699_644, "ceil"), unit("km2").from_base(5_370_000, "floor")
        (Fraction(30, 1), Fraction(537, 100))
        """
        return base / self.factor if self.writes_all else self._shortest(base, *_reads_as(base, rounding))

    def figures(
        self, low: int | None, best: int, high: int | None
    ) -> tuple[Fraction | None, Fraction, Fraction | None]:
        """
        Decimal numbers of this unit for three amounts in base units, in order; None for no bound.

        Each reads back to its own base amount. The one exception is an amount known to a single
        base unit in a unit that cannot write it, such as 90,000,000 m² in square miles: then all
        three are the number that is nearest.
        """
        if self.writes_all or low == best == high:
            one = self.from_base(best, "nearest")
            return (
                None if low is None else one if low == best else self.from_base(low, "floor"),
                one,
                None if high is None else one if high == best else self.from_base(high, "ceil"),
            )
        least, most = _reads_as(best, "nearest")
        below = None if low is None else _reads_as(low, "floor")
        above = None if high is None else _reads_as(high, "ceil")
        if low is not None and high is not None and high - low == 1:  # one decimal number serves all three
            assert below is not None
            assert above is not None
            one = self._shortest(best, max(below[0], above[0], least), min(below[1], above[1], most))
            return (one, one, one)
        lowest = None if low is None or below is None else self._shortest(low, below[0], min(below[1], most))
        highest = None if high is None or above is None else self._shortest(high, max(above[0], least), above[1])
        inner = (
            least if lowest is None else max(least, lowest * self.factor),
            most if highest is None else min(most, highest * self.factor),
        )
        return (lowest, self._shortest(best, *inner), highest)

    def text(self, value: Fraction | None) -> str:
        """
        A decimal number of this unit as it is written, with the unit; None is ∞.

        >>> unit("km2").text(Fraction(1263)), unit("settlements").text(Fraction(1))
        ('1,263 km²', '1 settlement')
        """
        return f"{written(value)} {self.singular if value == 1 else self.symbol}"

    @property
    def writes_all(self) -> bool:
        """Every whole base unit is a decimal number of this unit."""
        return self.name != "mi2"  # every other factor is a power of ten

    def _shortest(self, base: int, least: Fraction, most: Fraction) -> Fraction:
        """The decimal number of fewest places in [least, most] base units, nearest to `base`."""
        least, most, wanted = least / self.factor, most / self.factor, base / self.factor
        for scale in (10**places for places in range(40)):
            nearest = min(max(round(wanted * scale), math.ceil(least * scale)), math.floor(most * scale))
            if least * scale <= nearest:
                return Fraction(nearest, scale)
        raise AssertionError(f"no decimal number between {least} and {most}")


# What a bound of a half-open interval keeps off its open end: far below any difference that the
# decimals tried can show, so that closed intervals do.
_OFF = Fraction(1, 10**30)


def _reads_as(base: int, rounding: Rounding) -> tuple[Fraction, Fraction]:
    """The least and greatest amount that rounds to `base`."""
    if rounding == "floor":
        return (Fraction(base), base + 1 - _OFF)
    if rounding == "ceil":
        return (base - 1 + _OFF, Fraction(base))
    half = Fraction(1, 2) - _OFF  # an exact half goes to the even neighbour; leave it out
    return (base - half, base + half)


# --- the table ---------------------------------------------------------------------------------


def _squares(*lengths: str) -> tuple[str, ...]:
    return tuple(f"{square} {length}" for square in ("square", "sq") for length in lengths)


_PEOPLE = (
    "person persons people soldier soldiers troops personnel servicepeople serviceman servicemen servicewomen "
    "servicemembers man men women civilian civilians children resident residents inhabitants evacuees fighters "
    "conscripts recruits reservists volunteers mercenaries sappers engineers builders workers officers marines "
    "paratroopers prisoners captives pows defenders invaders occupiers forces member members casualty casualties "
    "death deaths dead fatalities killed wounded injured captured missing"
)
_THINGS = (
    "item items strike strikes attack attacks drone drones uav uavs missile missiles rocket rockets shells bombs "
    "vehicle vehicles tank tanks aircraft"
)

_MILE = Fraction("2589988.110336")  # 1,609.344 m, squared: the international mile of 1959

UNITS: dict[str, Unit] = {
    one.name: one
    for one in (
        Unit("m2", Dimension.AREA, Fraction(1), "m²", "m²",
             ("m2", "m²", "m^2", *_squares("m", "metre", "metres", "meter", "meters"))),
        Unit("ha", Dimension.AREA, Fraction(10**4), "ha", "ha", ("ha", "hectare", "hectares")),
        Unit("km2", Dimension.AREA, Fraction(10**6), "km²", "km²",
             ("km2", "km²", "km^2", "sqkm",
              *_squares("km", "kms", "kilometre", "kilometres", "kilometer", "kilometers"))),
        Unit("mi2", Dimension.AREA, _MILE, "mi²", "mi²",
             ("mi2", "mi²", "mi^2", "sqmi", *_squares("mi", "mile", "miles"))),
        Unit("persons", Dimension.HEADCOUNT, Fraction(1), "persons", "person",
             (*_PEOPLE.split(), "service members", "killed and wounded", "killed or wounded", "dead and wounded")),
        Unit("settlements", Dimension.SETTLEMENTS, Fraction(1), "settlements", "settlement",
             ("settlement", "settlements", "village", "villages", "town", "towns", "city", "cities", "hamlet",
              "hamlets", "locality", "localities", "communities")),
        Unit("items", Dimension.ITEMS, Fraction(1), "items", "item", tuple(_THINGS.split())),
    )
}  # fmt: skip
"""Every unit by name."""

_USUAL = {
    Dimension.AREA: "km2",
    Dimension.HEADCOUNT: "persons",
    Dimension.SETTLEMENTS: "settlements",
    Dimension.ITEMS: "items",
}

SPELLINGS: dict[str, Unit] = {spelling: one for one in UNITS.values() for spelling in one.spellings}
"""Every unit by every spelling."""


def unit(name: str | Unit) -> Unit:
    """
    The unit of that name or spelling.

    Raises:
        UnitError: there is none; names the nearest.

    >>> unit("sq. miles").name, unit("villages").name
    ('mi2', 'settlements')
    """
    if isinstance(name, Unit):
        return name
    if not isinstance(name, str):
        raise UnitError(f"expected the name of a unit, not {shown(name)}; {_known()}")
    found = UNITS.get(name)
    if found is None and len(name) <= 100:
        found = SPELLINGS.get(_BLANKS.sub(" ", name.lower()).strip())
    if found is None:
        raise UnitError(f"there is no unit {shown(name)}; {_nearest(name) or _known()}")
    return found


def _known() -> str:
    return f"known are {', '.join(UNITS)}"


def _nearest(name: str) -> str:
    import difflib  # only an error needs it

    near = difflib.get_close_matches(name[:100].lower(), SPELLINGS, n=3)
    return f"did you mean {' or '.join(repr(one) for one in near)}?" if near else ""


# --- numbers -----------------------------------------------------------------------------------


def exactly(value: object) -> Fraction:
    """
    A number as its exact value. A float counts as the decimal it prints as: 5.37 is 537/100.

    Args:
        value: int, float, Decimal, Fraction, or a plain decimal in a string.

    Raises:
        QuantityError: anything else; also NaN, infinity, a bool, or a number of absurd length.
    """
    if isinstance(value, bool):
        raise QuantityError(f"{value} is a truth value, not a number")
    if isinstance(value, str):
        if not _DECIMAL.fullmatch(value):
            raise QuantityError(f"{shown(value)} is no plain decimal number; for a phrase use Quantity.parse")
        return Fraction(value)
    if isinstance(value, numbers.Rational):
        top, bottom = int(value.numerator), int(value.denominator)
        if max(top.bit_length(), bottom.bit_length()) > 4 * _DIGITS:
            raise QuantityError(f"{shown(value)} has more digits than any amount")
        return Fraction(top, bottom)
    if isinstance(value, (float, Decimal)):
        decimal = value if isinstance(value, Decimal) else Decimal(repr(float(value)))
        if not decimal.is_finite():
            raise QuantityError(f"{shown(value)} is no number; where there is no upper bound, write high=None")
        # Looked at before converting: Decimal('1e999999999') is short until it is an integer.
        if abs(decimal.adjusted()) > _DIGITS or len(decimal.as_tuple().digits) > _DIGITS:
            raise QuantityError(f"{shown(value)} is out of all proportion for an amount")
        return Fraction(decimal)
    raise QuantityError(f"expected a number, not {shown(value)}")


def plain(value: Fraction | None, *, unbounded: float = math.inf) -> int | float:
    """A decimal number as int where it is whole, else as the nearest float; None is `unbounded`."""
    if value is None:
        return unbounded
    return value.numerator if value.denominator == 1 else value.numerator / value.denominator


def written(value: Fraction | None) -> str:
    """
    A decimal number with its thousands grouped; None is ∞. The minus sign is U+2212.

    Three decimals after a short number get a zero more, so that nobody takes 1.234 for 1,234.

    >>> written(Fraction(-1263)), written(Fraction("5.5")), written(Fraction("1.234"))
    ('−1,263', '5.5', '1.2340')
    """
    if value is None:
        return "∞"
    sign, (whole, rest) = ("−" if value < 0 else ""), divmod(abs(value), 1)
    decimals = "".join(_decimals(rest))
    if len(decimals) == 3 and 0 < whole < 1_000:
        decimals += "0"
    return f"{sign}{whole:,}" + (f".{decimals}" if decimals else "")


def _decimals(rest: Fraction) -> Iterator[str]:
    while rest:
        digit, rest = divmod(rest * 10, 1)
        yield str(digit)
