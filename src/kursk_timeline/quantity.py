"""
Quantities: amounts as sources give them, ``low ≤ best ≤ high`` with a unit.

A source that says "over 1,000 sq km" gives no number but a range without an upper end; one that says
"about 90" gives a number and some room around it. A `Quantity` keeps the whole range, in whole base
units (see `units`), and every comparison answers for the range: yes, no, or maybe.

``str`` writes the amount in a notation that `Quantity.parse` reads back to an equal quantity:

.. code-block:: text

    1,263 km²                       one number
    90 km² (81–99)                  best, and the bounds, both inclusive
    1,000 km² (1,000–∞)             no upper bound
    −40 km² (−44 to −36)            "to" where there are minus signs
    34.7491943 mi² (= 90 km²)       one number that its unit cannot write: the amount that is meant
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction

import attrs

from kursk_timeline.answer import Answer
from kursk_timeline.errors import InputError, MaybeError, QuantityError, UnitError, shown
from kursk_timeline.findings import Finding
from kursk_timeline.rich import Rich
from kursk_timeline.text import text
from kursk_timeline.units import LIMIT, Dimension, Unit, exactly, plain, written
from kursk_timeline.units import unit as find_unit

Number = int | float | Decimal | Fraction | str
"""What a number may be given as; a string is a plain decimal."""


MAX_PHRASE = 1_000
"""Longest phrase, in characters."""


def _share(value: object) -> Fraction:
    share = exactly(value)
    if not 0 <= share <= 1:
        raise QuantityError(f"a tolerance is a share from 0 to 1, not {shown(value)}")
    return share


@attrs.frozen
class Tolerances:
    """
    How much room the soft words of a phrase leave, as shares of the figure.

    Args:
        about: Each way, for "about", "around", "approximately" and their like.
        nearly: Downwards, for "nearly" and "almost".

    >>> Quantity.parse("about 90 sq km", tolerance=Tolerances(about="0.05"))
    Quantity('90 km² (85.5–94.5)')
    """

    about: Fraction = attrs.field(default=Fraction(1, 10), converter=_share)
    nearly: Fraction = attrs.field(default=Fraction(1, 10), converter=_share)


USUAL = Tolerances()
"""The tolerances of the documented table: 10 % each."""


def _end(value: object, *, open_at: float) -> Fraction | None:
    if value is None or (isinstance(value, float) and value == open_at):
        return None
    return exactly(value)


def _phrase(value: object) -> str | None:
    """A phrase that a file can carry."""
    try:
        return None if value is None else text(value, most=MAX_PHRASE)
    except InputError as error:
        raise QuantityError(f"phrase: {error}") from error


@attrs.frozen(init=False, repr=False, order=False)
class Quantity(Rich):
    """
    An amount known to lie between two bounds, both inclusive, with the likeliest value.

    Args:
        low: Lower bound, in `unit`. None (or ``-math.inf``) for none, which only changes have.
        best: The figure itself. Left out: the middle, or the one bound where the other is open.
        high: Upper bound, in `unit`. None (or ``math.inf``) for none.
        unit: Name or spelling of the unit.
        phrase: The words as printed, where there are any.

    Bounds that are no whole number of base units round outward, `best` to the nearest one.

    Raises:
        QuantityError: a value is no finite number, is too large, or the three are out of order.
        UnitError: there is no such unit.

    Two quantities are equal when dimension and base amounts are, whatever their unit or phrase.

    >>> Quantity(low=81, best=90, high=99, unit="km2") == Quantity.parse("about 90 sq km")
    True
    """

    low_base: int | None
    """Lower bound in base units; None for none."""
    best_base: int
    """Best value in base units."""
    high_base: int | None
    """Upper bound in base units; None for none."""
    _unit: Unit = attrs.field(eq=lambda one: one.dimension)
    phrase: str | None = attrs.field(eq=False)
    """The words as printed, or None."""

    def __init__(
        self,
        *,
        low: Number | None,
        best: Number | None = None,
        high: Number | None,
        unit: str | Unit,
        phrase: str | None = None,
    ) -> None:
        found = find_unit(unit)
        least, most = _end(low, open_at=-math.inf), _end(high, open_at=math.inf)
        if best is not None:
            figure = exactly(best)
        elif least is not None and most is not None:
            figure = (least + most) / 2
        elif (one := most if least is None else least) is not None:
            figure = one
        else:
            raise QuantityError("a quantity without bounds needs a best value")
        if (least is not None and least > figure) or (most is not None and figure > most):
            given = f"low={shown(low)}, best={shown(best)}, high={shown(high)}"
            raise QuantityError(f"out of order: {given}; low ≤ best ≤ high")
        self.__attrs_init__(
            None if least is None else found.to_base(least, "floor"),
            found.to_base(figure, "nearest"),
            None if most is None else found.to_base(most, "ceil"),
            found,
            _phrase(phrase),
        )

    @classmethod
    def from_base(
        cls, low: int | None, best: int, high: int | None, unit: str | Unit, phrase: str | None = None
    ) -> Quantity:
        """
        A quantity from whole base units; None for no bound. `unit` is the one it comes out in.

        >>> Quantity.from_base(81_000_000, 90_000_000, None, "km2")
        Quantity('90 km² (81–∞)')
        """
        given: tuple[object, ...] = (best, *(end for end in (low, high) if end is not None))
        for one in given:
            if not isinstance(one, int) or isinstance(one, bool) or abs(one) > LIMIT:
                raise QuantityError(f"expected a whole number of base units up to {LIMIT:,}, not {shown(one)}")
        if (low is not None and low > best) or (high is not None and best > high):
            raise QuantityError(f"out of order: low={low}, best={best}, high={high} base units; low ≤ best ≤ high")
        made: Quantity = cls.__new__(cls)
        made.__attrs_init__(low, best, high, find_unit(unit), _phrase(phrase))
        return made

    @classmethod
    def parse(cls, phrase: str, unit: str | None = None, *, tolerance: Tolerances = USUAL) -> Quantity:
        """
        A quantity from the phrase as printed. The table of what each word means is `phrases.QUALIFIERS`.

        Args:
            phrase: As in "over 1,000 sq km (386 sq miles)"; at most 1,000 characters.
            unit: Unit of a phrase that says none. Where it says one, its own counts.
            tolerance: How much room "about" and "nearly" leave.

        Raises:
            UnitError: no unit is said and none given, or the two are of different dimensions.
            QuantityError: some part of the phrase cannot be read; names the part.

        Cost: linear in the phrase.

        >>> Quantity.parse("over 1,000 sq km (386 sq miles)")
        Quantity('1,000 km² (1,000–∞)')
        >>> Quantity.parse("dozens of villages")
        Quantity('24 settlements (24–99)')
        >>> Quantity.parse("at least 1,000", unit="persons").high
        inf
        """
        from kursk_timeline.phrases import read  # it builds quantities

        default = None if unit is None else find_unit(unit)
        return read(
            phrase, dimension=None if default is None else default.dimension, default_unit=default, tolerance=tolerance
        )

    # --- what it holds -------------------------------------------------------------------------

    @property
    def unit(self) -> str:
        """Name of the unit that the numbers are in."""
        return self._unit.name

    @property
    def dimension(self) -> Dimension:
        """What kind of thing is counted."""
        return self._unit.dimension

    @property
    def low(self) -> int | float:
        """Lower bound in `unit`, inclusive; ``-math.inf`` for none."""
        return plain(self._figures[0], unbounded=-math.inf)

    @property
    def best(self) -> int | float:
        """Best value in `unit`."""
        return plain(self._figures[1])

    @property
    def high(self) -> int | float:
        """Upper bound in `unit`, inclusive; ``math.inf`` for none."""
        return plain(self._figures[2])

    @property
    def exact(self) -> bool:
        """It is one number: `low` and `high` are the same."""
        return self.low == self.high

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is odd about the phrase: a figure given twice whose two numbers disagree."""
        from kursk_timeline.phrases import unit_slips

        return () if self.phrase is None else unit_slips(self.phrase)

    @property
    def _figures(self) -> tuple[Fraction | None, Fraction, Fraction | None]:
        return self._unit.figures(self.low_base, self.best_base, self.high_base)

    def to(self, unit: str | Unit) -> Quantity:
        """
        The same amounts, in another unit of the same dimension.

        Raises:
            UnitError: no such unit, or one of another dimension.

        >>> Quantity.parse("90 km2").to("mi2")
        Quantity('34.7491943 mi² (= 90 km²)')
        """
        found = find_unit(unit)
        if found.dimension is not self.dimension:
            raise UnitError(f"{self} is {self.dimension.value}; {found.name} measures {found.dimension.value}")
        return self.from_base(self.low_base, self.best_base, self.high_base, found, self.phrase)

    def __neg__(self) -> Quantity:
        """The change the other way; "over 40" negated has no lower bound. It has no phrase."""
        low = None if self.high_base is None else -self.high_base
        high = None if self.low_base is None else -self.low_base
        return self.from_base(low, -self.best_base, high, self._unit)

    def __bool__(self) -> bool:
        """
        Whether it is surely not zero.

        Raises:
            MaybeError: zero is possible, and so is something else.
        """
        low, high = self._ends
        if low <= 0 <= high and (low, high) != (0, 0):
            raise MaybeError(f"{self} may be zero or not; compare its .low and .high instead")
        return (low, high) != (0, 0)

    # --- comparisons ---------------------------------------------------------------------------

    @property
    def _ends(self) -> tuple[int | float, int | float]:
        return (
            -math.inf if self.low_base is None else self.low_base,
            math.inf if self.high_base is None else self.high_base,
        )

    def _check_comparable(self, other: Quantity) -> None:
        if other.dimension is not self.dimension:
            raise UnitError(
                f"{self} is {self.dimension.value}, {other} is {other.dimension.value}: they do not compare"
            )

    def __lt__(self, other: object) -> Answer:
        if not isinstance(other, Quantity):
            return NotImplemented
        self._check_comparable(other)
        (low, high), (other_low, other_high) = self._ends, other._ends
        return Answer.YES if high < other_low else Answer.NO if low >= other_high else Answer.MAYBE

    def __le__(self, other: object) -> Answer:
        if not isinstance(other, Quantity):
            return NotImplemented
        self._check_comparable(other)
        (low, high), (other_low, other_high) = self._ends, other._ends
        return Answer.YES if high <= other_low else Answer.NO if low > other_high else Answer.MAYBE

    def __gt__(self, other: object) -> Answer:
        if not isinstance(other, Quantity):
            return NotImplemented
        return other < self

    def __ge__(self, other: object) -> Answer:
        if not isinstance(other, Quantity):
            return NotImplemented
        return other <= self

    # --- in and out ----------------------------------------------------------------------------

    def __str__(self) -> str:
        low, best, high = self._figures
        text = self._unit.text(best)
        if low == best == high:
            base = self.dimension.base_unit
            if self.low_base == self.high_base and best * self._unit.factor != self.best_base:
                exact = self.dimension.usual_unit
                return f"{text} (= {exact.text(self.best_base * base.factor / exact.factor)})"
            return text
        return f"{text} ({_span(low, high)})"

    def __repr__(self) -> str:
        return f"Quantity({str(self)!r})"

    def to_json(self) -> dict[str, str | int | None]:
        """
        The quantity as plain JSON: its unit, and three whole numbers of the unit named by ``base``.

        >>> Quantity.parse("over 40 sq km").to_json() == {
        ...     "unit": "km2", "base": "m2", "low": 40_000_000, "best": 40_000_000, "high": None,
        ...     "phrase": "over 40 sq km"}
        True
        """
        stored: dict[str, str | int | None] = {
            "unit": self.unit,
            "base": self.dimension.base_unit.name,
            "low": self.low_base,
            "best": self.best_base,
            "high": self.high_base,
        }
        return stored if self.phrase is None else {**stored, "phrase": self.phrase}

    @classmethod
    def from_json(cls, raw: Mapping[str, object]) -> Quantity:
        """
        The quantity that `to_json` wrote, or one that a person wrote.

        A stored one names the base unit of its three whole numbers (``base``). A person leaves that
        out, writes the numbers in ``unit``, as whole numbers or decimal text, and None (null) for an
        open bound.

        Raises:
            QuantityError: a field is missing or unknown, or a number cannot be taken.

        >>> Quantity.from_json({"low": 1150, "best": "1225.5", "high": None, "unit": "km2"})
        Quantity('1,225.5 km² (1,150–∞)')
        """
        needed = {"unit", "low", "best", "high"}
        if wrong := (needed - raw.keys()) or (raw.keys() - needed - {"base", "phrase"}):
            problem = "lacks" if needed - raw.keys() else "has no field"
            raise QuantityError(f"a quantity {problem} {shown(sorted(wrong, key=str)[0])}")
        low, best, high, phrase = raw["low"], raw["best"], raw["high"], raw.get("phrase")
        found = find_unit(raw["unit"])  # type: ignore[arg-type]  # it refuses what is no name
        if "base" not in raw:
            return cls(low=low, best=best, high=high, unit=found, phrase=phrase)  # type: ignore[arg-type]  # it refuses what is no number
        if raw["base"] != found.dimension.base_unit.name:
            raise UnitError(
                f"amounts in {found.name} are stored in {found.dimension.base_unit.name}, not {shown(raw['base'])}"
            )
        return cls.from_base(low, best, high, found, phrase)  # type: ignore[arg-type]  # it refuses what is no int


def _span(low: Fraction | None, high: Fraction | None) -> str:
    least, most = "−∞" if low is None else written(low), written(high)
    return f"{least} to {most}" if "−" in least + most else f"{least}–{most}"


def format_amount(base: int | None, unit: str | Unit) -> str:
    """
    An amount in base units as it is written in a unit; None is ∞.

    >>> format_amount(90_000_000, "km2"), format_amount(None, "persons")
    ('90 km²', '∞ persons')
    """
    found = find_unit(unit)
    return found.text(None if base is None else found.from_base(base, "nearest"))


def format_range(low: int | None, high: int | None, unit: str | Unit) -> str:
    """
    A range in base units as it is written in a unit, without the unit; None is no bound.

    >>> format_range(81_000_000, 99_000_000, "km2"), format_range(1_000, None, "persons")
    ('81–99', '1,000–∞')
    """
    found = find_unit(unit)
    if low is not None and high is not None:
        inner = (low + high) // 2
    else:
        inner = low + 1 if low is not None else high - 1 if high is not None else 0
    least, _, most = found.figures(low, inner, high)
    return written(least) if least == most is not None else _span(least, most)
