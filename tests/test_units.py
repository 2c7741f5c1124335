"""Units: names, exact conversion, and numbers that come from outside."""

from __future__ import annotations

import math
import pickle
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kursk_timeline.errors import QuantityError, UnitError
from kursk_timeline.units import LIMIT, SPELLINGS, UNITS, Dimension, Rounding, Unit, exactly, plain, unit, written

units = st.sampled_from(list(UNITS.values()))
roundings: st.SearchStrategy[Rounding] = st.sampled_from(["floor", "nearest", "ceil"])
bases = st.integers(-LIMIT, LIMIT)


@pytest.mark.parametrize(
    ("spelling", "name"),
    [
        ("km2", "km2"),
        ("km²", "km2"),
        ("sq km", "km2"),
        ("sq. km", "km2"),
        ("Square Kilometres", "km2"),
        ("square kilometers", "km2"),
        ("sq miles", "mi2"),
        ("square\u00a0miles", "mi2"),
        ("mi²", "mi2"),
        ("hectares", "ha"),
        ("square metres", "m2"),
        ("troops", "persons"),
        ("people", "persons"),
        ("villages", "settlements"),
        ("drones", "items"),
    ],
)
def test_units_are_found_by_their_spellings(spelling: str, name: str) -> None:
    """Sources write a unit in many ways; each names one unit."""
    assert unit(spelling).name == name


def test_every_spelling_belongs_to_one_unit() -> None:
    """No spelling is claimed twice, and every unit is found by its own name and symbol."""
    assert len(SPELLINGS) == sum(len(one.spellings) for one in UNITS.values())
    for name, one in UNITS.items():
        assert unit(name) is unit(one.symbol) is unit(one) is one


@pytest.mark.parametrize(
    "wrong", ["", "km", "acres", "kilometre", "Km 2", "ｋｍ2", "x" * 10_000, "sq\x00km", None, 3, b"km2", True]
)
def test_unknown_units_are_refused(wrong: object) -> None:
    """What is no unit is one clear error, however odd."""
    with pytest.raises(UnitError):
        unit(wrong)  # type: ignore[arg-type]


def test_an_unknown_unit_names_the_nearest() -> None:
    """A slip of the pen is answered with what was meant."""
    with pytest.raises(UnitError, match="did you mean 'sq miles'"):
        unit("sq mile s")
    with pytest.raises(UnitError, match="known are m2, ha, km2, mi2"):
        unit("parsec")


def test_factors_are_exact() -> None:
    """The international mile is 1,609.344 m; its square has six decimals and no rounding."""
    assert UNITS["mi2"].factor == Fraction("1609.344") ** 2 == Fraction("2589988.110336")
    assert UNITS["km2"].factor == 100 * UNITS["ha"].factor == 10**6


@pytest.mark.parametrize("dimension", Dimension)
def test_every_dimension_has_a_base_unit_of_factor_one(dimension: Dimension) -> None:
    """Amounts are whole numbers of the base unit; sources count in the usual one."""
    assert dimension.base_unit.factor == 1
    assert dimension.base_unit.dimension is dimension.usual_unit.dimension is dimension


@given(one=units, base=bases, rounding=roundings)
def test_what_comes_out_reads_back(one: Unit, base: int, rounding: Rounding) -> None:
    """`to_base` undoes `from_base` under the same rounding."""
    assert one.to_base(one.from_base(base, rounding), rounding) == base


@given(one=units, base=st.integers(-(10**12), 10**12), rounding=roundings)
def test_what_comes_out_is_the_shortest(one: Unit, base: int, rounding: Rounding) -> None:
    """No number with fewer decimals reads back to the same base amount."""
    value = one.from_base(base, rounding)
    places = len(written(value).partition(".")[2].rstrip("0"))
    if places:
        scale = 10 ** (places - 1)
        near = math.floor(value * scale)
        assert all(one.to_base(Fraction(n, scale), rounding) != base for n in (near, near + 1))


@given(value=st.fractions(-(10**6), 10**6), one=units)
def test_rounding_is_outward(value: Fraction, one: Unit) -> None:
    """Floor and ceiling enclose the exact amount, and the nearest lies between them."""
    low, best, high = (one.to_base(value, rounding) for rounding in ("floor", "nearest", "ceil"))
    assert low <= value * one.factor <= high
    assert low <= best <= high <= low + 1


@given(
    one=units,
    ends=st.tuples(bases, st.integers(0, 3) | st.integers(0, 10**9), st.integers(0, 3) | st.integers(0, 10**9)),
)
def test_figures_of_a_range_are_in_order_and_read_back(one: Unit, ends: tuple[int, int, int]) -> None:
    """Three amounts come out in order; each reads back, unless all three are one that the unit cannot write."""
    low = max(-LIMIT, min(ends[0], LIMIT - ends[1] - ends[2]))
    best, high = low + ends[1], low + ends[1] + ends[2]
    a, b, c = one.figures(low, best, high)
    assert a is not None
    assert c is not None
    assert a <= b <= c
    assert one.to_base(b, "nearest") == best
    if low != high or one.name != "mi2":
        assert (one.to_base(a, "floor"), one.to_base(c, "ceil")) == (low, high)


@pytest.mark.parametrize("typed", ["30", "0.1", "34.7", "386", "500", "1283.25"])
def test_what_people_type_in_square_miles_comes_out_again(typed: str) -> None:
    """30 square miles is no whole number of square metres, and is 30 square miles all the same."""
    mile, value = UNITS["mi2"], Fraction(typed)
    bounds = mile.to_base(value, "floor"), mile.to_base(value, "nearest"), mile.to_base(value, "ceil")
    assert mile.figures(*bounds) == (value, value, value)


def test_amounts_have_a_limit() -> None:
    """Up to 2**53 - 1 base units, either way; then an error that says so."""
    persons = UNITS["persons"]
    assert persons.to_base(Fraction(LIMIT), "ceil") == LIMIT
    for beyond in (LIMIT + 1, -LIMIT - 1):
        with pytest.raises(QuantityError, match="9,007,199,254,740,991 persons"):
            persons.to_base(Fraction(beyond), "nearest")


@pytest.mark.parametrize(
    ("given_as", "value"),
    [(90, 90), (5.37, Fraction("5.37")), (Decimal("1.10"), Fraction(11, 10)), (Fraction(1, 3), Fraction(1, 3)),
     ("-2.50", Fraction(-5, 2)), ("+7", 7), (1e3, 1000), (0.1, Fraction(1, 10)), (-0.0, 0)],
)  # fmt: skip
def test_numbers_are_taken_exactly(given_as: object, value: Fraction) -> None:
    """A float counts as the decimal it prints as, everything else as it is."""
    assert exactly(given_as) == value


@pytest.mark.parametrize(
    "wrong",
    [True, None, math.nan, math.inf, "", " 1", "1,000", "1e5", "1_000", "٣", "１", ".5", "5.", "nan", "9" * 5_000,
     "1" * 1_001, "1." + "1" * 1_001, 10**5_000, Fraction(1, 10**5_000), Decimal("1e999999999"),
     Decimal("1e-999999999"), Decimal("NaN"), Decimal("sNaN"), Decimal("Infinity"), b"1", 1j, [1], "\ud800"],
    ids=lambda value: f"{type(value).__name__}",
)  # fmt: skip
def test_what_is_no_number_is_refused(wrong: object) -> None:
    """One clear error each, before anything long is computed."""
    with pytest.raises(QuantityError):
        exactly(wrong)


@given(st.decimals(allow_nan=False, allow_infinity=False, places=7, min_value=-(10**9), max_value=10**9))
def test_written_numbers_are_the_number(value: Decimal) -> None:
    """Grouping and signs apart, what is written is the exact decimal."""
    assert Fraction(written(Fraction(value)).replace(",", "").replace("−", "-")) == Fraction(value)


def test_plain_numbers() -> None:
    """Whole numbers come out as int, others as float, no bound as infinity."""
    assert [plain(Fraction(30)), plain(Fraction(11, 2)), plain(None)] == [30, 5.5, math.inf]
    assert isinstance(plain(Fraction(30)), int)


def test_units_pickle() -> None:
    """Quantities carry their unit to other processes."""
    assert all(pickle.loads(pickle.dumps(one)) == one for one in UNITS.values())
