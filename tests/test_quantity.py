"""Quantities: what phrases mean, what they do not, and the laws that every quantity keeps."""

from __future__ import annotations

import math
import pickle
import time
from decimal import Decimal
from fractions import Fraction
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kursk_timeline.answer import Answer
from kursk_timeline.errors import MaybeError, QuantityError, UnitError
from kursk_timeline.phrases import MAX_PHRASE, QUALIFIERS, SUFFIXES, VAGUE, Qualifier, read
from kursk_timeline.quantity import Quantity, Tolerances, format_amount, format_range
from kursk_timeline.units import LIMIT, UNITS, Dimension

INF = math.inf
names = st.sampled_from(list(UNITS))


@st.composite
def quantities(draw: st.DrawFn, unit: str | None = None, limit: int = LIMIT) -> Quantity:
    """Any quantity: exact, ranged, open at either end, far from zero or around it."""
    size = st.integers(-limit, limit) | st.integers(-3, 3) | st.integers(-100_000_000, 100_000_000)
    low, best, high = sorted(draw(st.tuples(size, size, size)) if draw(st.booleans()) else [draw(size)] * 3)
    return Quantity.from_base(
        None if draw(st.integers(0, 5)) == 0 else low,
        best,
        None if draw(st.integers(0, 5)) == 0 else high,
        unit or draw(names),
    )


# --- what phrases mean -------------------------------------------------------------------------

PRINTED = [
    ("over 1,000 sq km (386 sq miles)", "km2", 1000, 1000, INF),
    ("approximately 90 sq km (56 sq miles)", "km2", 81, 90, 99),
    ("around 10,000 Russian troops", "persons", 9000, 10_000, 11_000),
    ("dozens of villages", "settlements", 24, 24, 99),
    ("about 70,000 troops", "persons", 63_000, 70_000, 77_000),
    ("at least 1,000", "persons", 1000, 1000, INF),
    ("thousands of mine-clearing troops", "persons", 2000, 2000, 9999),
    ("up to 300 soldiers", "persons", 0, 300, 300),
    ("up to 1,000 Ukrainian troops", "persons", 0, 1000, 1000),
    ("more than 76,000 people", "persons", 76_000, 76_000, INF),
    ("about 1,000 square kilometres", "km2", 900, 1000, 1100),
    ("28 settlements", "settlements", 28, 28, 28),
    ("1,263 sq km of territory", "km2", 1263, 1263, 1263),
    ("1,294 square kilometers", "km2", 1294, 1294, 1294),
    ("594 Russian soldiers", "persons", 594, 594, 594),
    ("between 1,150 and 1,300", "km2", 1150, 1225, 1300),
    ("more than 9,300 servicepeople", "persons", 9300, 9300, INF),
    ("about 40 thousand", "persons", 36_000, 40_000, 44_000),
    ("up to 4,000 personnel", "persons", 0, 4000, 4000),
    ("some 15-hundred special forces", "persons", 1350, 1500, 1650),
    ("20 842 soldiers", "persons", 20_842, 20_842, 20_842),
    ("already exceeded 3,000", "persons", 3000, 3000, INF),
    ("approximately 480 km2", "km2", 432, 480, 528),
    ("more than 38 thousand", "persons", 38_000, 38_000, INF),
    ("about one-thousand", "persons", 900, 1000, 1100),
    ("about four-thousand casualties", "persons", 3600, 4000, 4400),
    ("over 54.9 thousand people", "persons", 54_900, 54_900, INF),
    ("just 30 square miles", "mi2", 30, 30, 30),
    ("76,000 military personnel", "persons", 76_000, 76_000, 76_000),
    ("62,400 people", "persons", 62_400, 62_400, 62_400),
    ("about 600 deaths", "persons", 540, 600, 660),
    ("one thousand sappers", "persons", 1000, 1000, 1000),
    ("five thousand military builders", "persons", 5000, 5000, 5000),
    ("nearly 63,000 Russian soldiers", "persons", 56_700, 63_000, 63_000),
    ("only 5.5 km²", "km2", 5.5, 5.5, 5.5),
    ("at least 80 000 soldiers", "persons", 80_000, 80_000, INF),
    ("Roughly 2,000 North Korean", "persons", 1800, 2000, 2200),
    ("Nine members", "persons", 9, 9, 9),
    ("a minimum of 75,000", "persons", 75_000, 75_000, INF),
]
"""Wording as printed by the sources, and what it stands for."""

WRITTEN = [
    ("10 to 12 thousand", 10_000, 11_000, 12_000),
    ("ten to twelve thousand", 10_000, 11_000, 12_000),
    ("10–12k", 10_000, 11_000, 12_000),
    ("from 800 to 900", 800, 850, 900),
    ("five to six hundred", 500, 550, 600),
    ("one hundred to two hundred thousand", 100_000, 150_000, 200_000),
    ("900 to 1 thousand", 900, 950, 1000),
    ("five hundred to one thousand", 500, 750, 1000),
    ("between one hundred and two hundred", 100, 150, 200),
    ("about 10-12 thousand", 9000, 11_000, 13_200),
    ("1.5 million", 1_500_000, 1_500_000, 1_500_000),
    ("fifteen hundred", 1500, 1500, 1500),
    ("two and a half thousand", 2500, 2500, 2500),
    ("two hundred and fifty", 250, 250, 250),
    ("one million two hundred thousand", 1_200_000, 1_200_000, 1_200_000),
    ("a hundred", 100, 100, 100),
    ("two dozen", 24, 24, 24),
    ("tens of thousands of troops", 20_000, 20_000, 99_999),
    ("1,000+ troops", 1000, 1000, INF),
    ("1,000-plus troops", 1000, 1000, INF),
    ("1,000 troops or more", 1000, 1000, INF),
    ("300 or fewer", 0, 300, 300),
    ("≥50", 50, 50, INF),
    ("~50", 45, 50, 55),
    ("approx. 50", 45, 50, 55),
    ("1\u00a0150", 1150, 1150, 1150),
    ("1\u202f150\u2009000", 1_150_000, 1_150_000, 1_150_000),
    ("about 9", 8, 9, 10),  # 8.1 to 9.9, rounded outward
    ("none", 0, 0, 0),
    ("no troops", 0, 0, 0),
    ("-40", -40, -40, -40),
    ("minus 40", -40, -40, -40),
    ("\u221240 soldiers", -40, -40, -40),
    ("about -40", -44, -40, -36),
    ("-40 to -20", -40, -30, -20),
    ("+40", 40, 40, 40),
]


@pytest.mark.parametrize(("phrase", "unit", "low", "best", "high"), PRINTED)
def test_phrases_as_printed(phrase: str, unit: str, low: float, best: float, high: float) -> None:
    """The wording of the sources stands for these bounds."""
    quantity = Quantity.parse(phrase, unit)
    assert (quantity.unit, quantity.low, quantity.best, quantity.high) == (unit, low, best, high)
    assert quantity.phrase == phrase


@pytest.mark.parametrize(("phrase", "low", "best", "high"), WRITTEN)
def test_other_ways_to_write(phrase: str, low: float, best: float, high: float) -> None:
    """Words for numbers, scales, grouping, ranges and signs."""
    quantity = Quantity.parse(phrase, "persons")
    assert (quantity.low, quantity.best, quantity.high) == (low, best, high)


MEANINGS = {
    Qualifier.ABOUT: (90, 110),
    Qualifier.AT_LEAST: (100, INF),
    Qualifier.AT_MOST: (0, 100),
    Qualifier.NEARLY: (90, 100),
}


@pytest.mark.parametrize("word", QUALIFIERS)
def test_every_qualifier_means_what_the_table_says(word: str) -> None:
    """The one table is what the parser obeys."""
    quantity = Quantity.parse(f"{word} 100 troops")
    assert (quantity.low, quantity.high) == MEANINGS[QUALIFIERS[word]]
    assert quantity.best == 100


@pytest.mark.parametrize("word", SUFFIXES)
def test_every_suffix_means_what_the_table_says(word: str) -> None:
    """Also after the figure, and mostly after the noun."""
    assert (lambda q: (q.low, q.high))(Quantity.parse(f"100 {word} troops")) == MEANINGS[SUFFIXES[word]]


@pytest.mark.parametrize("words", VAGUE)
def test_every_vague_amount_means_what_the_table_says(words: str) -> None:
    """Dozens and thousands are ranges whose low end is the best value."""
    quantity = Quantity.parse(f"{words} of villages")
    assert (quantity.low, quantity.high) == VAGUE[words]
    assert quantity.best == quantity.low


def test_the_docs_show_the_whole_table() -> None:
    """Every word that the parser knows stands on the page."""
    page = Path(__file__).parents[1].joinpath("docs", "quantities.md").read_text(encoding="utf-8")
    assert [meaning.value for meaning in Qualifier if meaning.value not in page] == []
    words = [*QUALIFIERS, *VAGUE, *(word.replace("- ", "-") for word in SUFFIXES), *UNITS]
    assert [word for word in words if f"`{word}`" not in page] == []


# --- units -------------------------------------------------------------------------------------


def test_the_phrase_names_its_unit_or_is_given_one() -> None:
    """The phrase's own unit counts; without one the given unit does; without either there is no quantity."""
    assert Quantity.parse("30 sq miles", "km2").unit == "mi2"
    assert Quantity.parse("90", "km2").unit == "km2"
    for phrase in ("90", "about 90", "none"):
        with pytest.raises(UnitError, match="unit"):
            Quantity.parse(phrase)
    with pytest.raises(UnitError, match="area"):
        Quantity.parse("90 troops", "km2")
    with pytest.raises(UnitError, match="length"):
        Quantity.parse("80 km")


def test_fields_fix_the_dimension() -> None:
    """An area has no unit of its own accord, but zero needs none; a headcount counts persons."""
    assert read("none", dimension=Dimension.AREA, default_unit=None) == Quantity.parse("0 km2")
    assert read("10 drones", dimension=Dimension.ITEMS, default_unit="items").best == 10
    with pytest.raises(UnitError, match="no unit"):
        read("90", dimension=Dimension.AREA, default_unit=None)
    with pytest.raises(UnitError, match="settlements"):
        read("90 villages", dimension=Dimension.HEADCOUNT, default_unit="persons")


def test_to_changes_the_unit_and_nothing_else() -> None:
    """Another unit of the dimension has the same amounts; another dimension is an error."""
    quantity = Quantity.parse("over 1,000 sq km")
    miles = quantity.to("sq miles")
    assert (miles, miles.unit, miles.high, miles.phrase) == (quantity, "mi2", INF, "over 1,000 sq km")
    assert miles.low == pytest.approx(386.10216)
    with pytest.raises(UnitError, match="area"):
        quantity.to("persons")


# --- figures given twice -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "phrase",
    [
        "over 1,000 sq km (386 sq miles)",
        "90 sq km (35 sq miles)",
        "90 sq km (34.7 sq miles)",
        "30 square miles (78 sq km)",
        "1,000 sq km (about 400 sq miles)",
        "between 800 and 900 sq km (309-347 sq miles)",
        "90 km² (81–99)",
        "90 sq km",
        "dozens of villages",
        "0 km² (0 mi²)",
    ],
)
def test_agreeing_figures_are_no_finding(phrase: str) -> None:
    """Rounding is no disagreement."""
    assert Quantity.parse(phrase).findings == ()


@pytest.mark.parametrize(
    ("phrase", "says"),
    [
        ("approximately 90 sq km (56 sq miles)", ["90 km² is 34.7 mi²", "not 56 mi²", "0.621371", "lengths"]),
        ("30 square miles (48 sq km)", ["30 mi² is 77.7 km²", "not 48 km²", "1.609344", "lengths"]),
        ("over 1,000 sq km (621 sq miles)", ["1,000 km² is 386 mi²", "0.621371"]),
        ("90 sq km (30,000 sq miles)", ["90 km² is 34.7 mi²"]),
        ("between 800 and 900 sq km (309-547 sq miles)", ["900 km² is 347 mi², not 547 mi²"]),
    ],
)
def test_unit_slips_are_findings(phrase: str, says: list[str]) -> None:
    """The first figure counts; a second one that disagrees is data, with its likely cause."""
    quantity = Quantity.parse(phrase)
    assert quantity == Quantity.parse(phrase[: phrase.index("(")])
    (finding,) = quantity.findings
    assert finding.code == "unit-slip"
    assert all(part in finding.message for part in says)


def test_a_slip_without_a_likely_cause_guesses_none() -> None:
    """No cause is named where no ratio matches."""
    (finding,) = Quantity.parse("90 sq km (80 sq miles)").findings
    assert finding.message == "90 km² is 34.7 mi², not 80 mi²"


def test_findings_survive_storage() -> None:
    """They belong to the phrase, so they are there after a round trip and in another unit."""
    quantity = Quantity.parse("90 sq km (56 sq miles)")
    assert Quantity.from_json(quantity.to_json()).findings == quantity.to("mi2").findings == quantity.findings != ()


# --- making one --------------------------------------------------------------------------------


def test_best_may_be_left_out() -> None:
    """Then it is the middle, or the one bound that there is."""
    assert Quantity(low=80, high=100, unit="km2").best == 90
    assert Quantity(low=80, high=None, unit="km2").best == 80
    assert Quantity(low=None, high=-5, unit="km2").best == -5
    with pytest.raises(QuantityError):
        Quantity(low=None, high=None, unit="km2")


def test_numbers_of_every_kind() -> None:
    """int, float, Decimal, Fraction and plain decimal strings mean the same."""
    made = [Quantity(low=x, high=x, unit="km2") for x in (5.5, "5.5", Decimal("5.50"), Fraction(11, 2))]
    assert set(made) == {Quantity.parse("5.5 km²")}
    assert Quantity(low=1, high=INF, unit="ha") == Quantity(low=1, high=None, unit="ha")


def test_what_is_not_whole_rounds_outward() -> None:
    """A bound never moves inward."""
    quantity = Quantity(low="1.2", best="1.5", high="1.8", unit="persons")
    assert (quantity.low_base, quantity.best_base, quantity.high_base) == (1, 2, 2)


@pytest.mark.parametrize(
    ("low", "best", "high"),
    [
        (math.nan, 1, 2), (1, math.inf, None), (INF, None, None), (1, 2, -INF), (True, 1, 1), (2, 1, 3), (1, 4, 3),
        (3, None, 1), ("about 1", 2, 3), (0, Decimal("1e999999999"), None), (10**5000, None, None), (0, 0, LIMIT),
    ],
    ids=range(12),
)  # fmt: skip
def test_bad_numbers_are_refused(low: object, best: object, high: object) -> None:
    """Not a number, out of order, too large: one clear error each."""
    with pytest.raises(QuantityError):
        Quantity(low=low, best=best, high=high, unit="km2")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "bounds", [(1, 0, 2), (0, 3, 2), (0, None, None), (0.0, 0, 0), (False, 0, 1), (0, 0, LIMIT + 1), (0, "0", 0)]
)
def test_from_base_takes_whole_numbers_in_order(bounds: tuple[int, int, int]) -> None:
    """Base amounts are checked as strictly as typed ones."""
    with pytest.raises(QuantityError):
        Quantity.from_base(*bounds, "km2")


@pytest.mark.parametrize(
    "change",
    [{"low": "1"}, {"best": None}, {"high": 1.5}, {"unit": "acres"}, {"unit": None}, {"base": "km2"}, {"phrase": 3},
     {"extra": 1}, {"low": 10**9}, {"best": True}],
)  # fmt: skip
def test_bad_json_is_refused(change: dict[str, object]) -> None:
    """A stored quantity is checked field by field."""
    stored = {"unit": "km2", "base": "m2", "low": 1, "best": 1, "high": 1}
    with pytest.raises(QuantityError):
        Quantity.from_json({**stored, **change})
    for field in stored.keys() - {"base"}:
        with pytest.raises(QuantityError, match=field):
            Quantity.from_json({k: v for k, v in stored.items() if k != field})


def test_people_write_json_in_the_unit() -> None:
    """Without a base unit the numbers are in the unit itself, as whole numbers or decimal text."""
    written = {"unit": "km2", "low": 81, "best": "90.5", "high": None}
    assert Quantity.from_json(written) == Quantity(low=81, best="90.5", high=None, unit="km2")


# --- laws --------------------------------------------------------------------------------------


@given(quantities())
def test_what_is_printed_parses_back(quantity: Quantity) -> None:
    """`str` loses nothing: amounts and unit come back."""
    again = Quantity.parse(str(quantity))
    assert again == quantity
    assert again.unit == quantity.unit
    assert repr(quantity) == f"Quantity({str(quantity)!r})"


@given(quantities())
def test_the_numbers_are_in_order(quantity: Quantity) -> None:
    """low ≤ best ≤ high, in the unit as in base units."""
    assert quantity.low <= quantity.best <= quantity.high
    assert quantity.exact == (quantity.low == quantity.high)


@given(quantities(limit=10**12), names)
def test_numbers_make_the_quantity_again(quantity: Quantity, other: str) -> None:
    """`.low`, `.best` and `.high` are the quantity, but for one square metre known exactly in square miles."""
    if UNITS[other].dimension is quantity.dimension:
        quantity = quantity.to(other)
    again = Quantity(low=quantity.low, best=quantity.best, high=quantity.high, unit=quantity.unit)
    if not (quantity.unit == "mi2" and quantity.low_base == quantity.high_base):
        assert again == quantity
    assert (again <= quantity) is not Answer.NO


@given(quantities(), names)
def test_units_change_nothing(quantity: Quantity, other: str) -> None:
    """Equality, hash and amounts are blind to the unit within a dimension."""
    if UNITS[other].dimension is quantity.dimension:
        there = quantity.to(other)
        assert there == quantity
        assert hash(there) == hash(quantity)
        assert there.to(quantity.unit).low == quantity.low


@given(quantities())
def test_negation_is_an_involution(quantity: Quantity) -> None:
    """Twice negated is itself; once negated, the bounds change places."""
    negated = -quantity
    assert -negated == quantity
    assert negated.unit == quantity.unit
    assert (negated.low_base is None) == (quantity.high_base is None)


@given(quantities())
def test_quantities_survive_pickle_and_json(quantity: Quantity) -> None:
    """They travel whole, unit and phrase with them."""
    quantity = Quantity.parse(str(quantity))
    for again in (pickle.loads(pickle.dumps(quantity)), Quantity.from_json(quantity.to_json())):
        assert (again, again.unit, again.phrase) == (quantity, quantity.unit, quantity.phrase)


def _values(quantity: Quantity) -> range:
    """The whole amounts it may be; an open end goes far enough for small quantities."""
    return range(
        -9 if quantity.low_base is None else quantity.low_base,
        10 if quantity.high_base is None else quantity.high_base + 1,
    )


@st.composite
def small_quantities(draw: st.DrawFn) -> Quantity:
    low, best, high = sorted(draw(st.tuples(*[st.integers(-3, 3)] * 3)))
    return Quantity.from_base(draw(st.sampled_from([low, None])), best, draw(st.sampled_from([high, None])), "persons")


@given(small_quantities(), small_quantities())
def test_comparisons_agree_with_every_choice_of_values(one: Quantity, other: Quantity) -> None:
    """YES if it holds for all values within the bounds, NO if for none, MAYBE else."""
    pairs = list(product(_values(one), _values(other)))

    def over_all(holds: list[bool]) -> Answer:
        return Answer.YES if all(holds) else Answer.MAYBE if any(holds) else Answer.NO

    assert (one < other) is over_all([a < b for a, b in pairs])
    assert (one <= other) is over_all([a <= b for a, b in pairs])
    assert (one > other) is over_all([a > b for a, b in pairs])
    assert (one >= other) is over_all([a >= b for a, b in pairs])


@given(small_quantities())
def test_truth_is_surely_not_zero(quantity: Quantity) -> None:
    """True and False are answers for all values; anything between is refused."""
    possible = {value != 0 for value in _values(quantity)}
    if len(possible) == 1:
        assert bool(quantity) is possible.pop()
    else:
        with pytest.raises(MaybeError):
            bool(quantity)


def test_comparisons_stay_within_a_dimension() -> None:
    """Areas and headcounts do not compare, and nothing compares with a bare number."""
    with pytest.raises(UnitError):
        assert Quantity.parse("90 km2") < Quantity.parse("90 troops")
    with pytest.raises(TypeError):
        assert Quantity.parse("90 km2") < 90
    assert Quantity.parse("90 km2") != Quantity.parse("90 troops")
    assert Quantity.parse("0 km2") != Quantity.parse("0 villages")
    assert Quantity.parse("90 km2") != 90


shares = st.fractions(0, 1, max_denominator=1000)


@given(
    phrase=st.sampled_from(["about 90 km2", "nearly 63,000 troops", "about 10 to 12 thousand troops", "about -7 km2"]),
    narrow=st.tuples(shares, shares),
    wide=st.tuples(shares, shares),
)
def test_more_tolerance_never_narrows(
    phrase: str, narrow: tuple[Fraction, Fraction], wide: tuple[Fraction, Fraction]
) -> None:
    """A wider tolerance holds all that a narrower one did, around the same best value."""
    inner = Quantity.parse(phrase, tolerance=Tolerances(*map(min, narrow, wide)))
    outer = Quantity.parse(phrase, tolerance=Tolerances(*map(max, narrow, wide)))
    assert outer.low <= inner.low <= inner.best == outer.best <= inner.high <= outer.high


@pytest.mark.parametrize("share", [-1, 2, math.nan, "10 %", None, True])
def test_tolerances_are_shares(share: object) -> None:
    """10 % is 0.1."""
    with pytest.raises(QuantityError):
        Tolerances(about=share)  # type: ignore[arg-type]


@given(quantities())
def test_helpers_write_as_str_does(quantity: Quantity) -> None:
    """Other answers print their amounts in the same notation."""
    low, high = (
        format_range(quantity.low_base, quantity.high_base, quantity.unit),
        format_amount(quantity.best_base, quantity.unit),
    )
    if quantity.unit != "mi2":
        assert str(quantity) == high if quantity.exact else f"{high} ({low})"


# --- bad input ---------------------------------------------------------------------------------

UNREADABLE = {
    "2,000 or 3,000": "or 3,000",
    "half": "half",
    "10 per day": "per day",
    "10 percent of troops": "percent of troops",
    "10%": "%",
    "40 bananas": "bananas",
    "four brigades of 12,000": "brigades of 12,000",
    "captured 430 Ukrainian soldiers": "captured 430 Ukrainian soldiers",
    "10,000-strong": "-strong",
    "about about 10": "about 10",
    "1e5": "e5",
    "1_000": "_000",
    "nan": "nan",
    "inf": "inf",
    "1 1500": "1500",
    "dozens or more": "or more",
    "twenty twelve": "twelve",
    "10 (killed)": "killed)",
    "about 90 (81–99)": "(81–99)",
    "{0.__class__}": "{0.__class__}",
    "half a million": "half a million",
    "10 to": "to",
    "between 5": "between 5",
    "from 5": "from 5",
    "several thousand": "several thousand",
}


@pytest.mark.parametrize(("phrase", "part"), UNREADABLE.items())
def test_what_cannot_be_read_is_named(phrase: str, part: str) -> None:
    """Nothing is skipped: the error names the part."""
    with pytest.raises(QuantityError) as caught:
        Quantity.parse(phrase, "persons")
    assert f"cannot read {part!r}" in str(caught.value)


@pytest.mark.parametrize(
    ("phrase", "says"),
    [
        ("", "empty"),
        (" \u00a0\t", "empty"),
        ("1,00", "1,000"),
        ("1,5", "5.5"),
        ("1.234.567", "no number"),
        ("007", "no number"),
        ("121.000", "write 121,000, or 121.0000"),
        ("1.234", "write 1,234, or 1.2340"),
        ("over -40", "negate"),
        ("up to minus 40", "negate"),
        ("nearly -40", "negate"),
        ("-40 or more", "negate"),
        ("12 to 10", "out of order"),
        ("over 10 to 12", "range"),
        ("3 to 4,000", "write both ends in full"),
        ("between 3 and 4,000", "write both ends in full"),
        ("3–4,000", "write both ends in full"),
        ("90 (100–110)", "do not hold"),
        ("about", "ends where a figure"),
        ("9" * 900, "too large"),
        ("9" * 5_000, "too long"),
        ("x" * (MAX_PHRASE + 1), "too long"),
        ("٣", "U+0663"),
        ("１２", "U+FF11"),
        ("\ud800", "U+D800"),
        ("\u202e90", "U+202E"),
        ("90\x00", "U+0000"),
        ("9\u200b0", "U+200B"),
        ("90\x1b[31m", "U+001B"),
        ("900 Кorean troops", "U+041A"),
    ],
)
def test_bad_phrases_are_one_clear_error(phrase: str, says: str) -> None:
    """Foreign digits, hidden characters, half numbers and endless ones."""
    with pytest.raises(QuantityError) as caught:
        Quantity.parse(phrase, "persons")
    assert says in str(caught.value)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("wrong", [None, 90, b"90", ["90"], 9.5])
def test_a_phrase_is_text(wrong: object) -> None:
    """Numbers go to the constructor, where their unit is said."""
    with pytest.raises(QuantityError, match="phrase"):
        Quantity.parse(wrong, "persons")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "phrase", ["90 km² (35 troops)", "90 (35 sq miles)", "90 sq miles to 100 sq km", "90 km² (= 91 km²)"]
)
def test_brackets_must_say_the_same_thing(phrase: str) -> None:
    """A second figure is of the same dimension, and one range has one unit."""
    with pytest.raises(QuantityError):
        Quantity.parse(phrase, "km2")


PIECES = [
    "1,",
    "about ",
    "(",
    "9",
    "X-",
    " ",
    "1 ",
    "-",
    "one ",
    "hundred ",
    "to ",
    "just ",
    "of ",
    "1,000 ",
    "90 (",
    "sq ",
    "a ",
]


@given(st.lists(st.sampled_from([*PIECES, *QUALIFIERS, "km", "troops", "%", ".", "and", "–", "∞", "="]), max_size=30))
def test_any_pile_of_words_is_a_quantity_or_a_quantity_error(words: list[str]) -> None:
    """Nothing else ever comes out; and what comes out prints and parses back."""
    try:
        quantity = Quantity.parse(" ".join(words), "persons")
    except QuantityError:
        return
    assert Quantity.parse(str(quantity)) == quantity


@given(st.text(max_size=60))
def test_any_text_is_a_quantity_or_a_quantity_error(text: str) -> None:
    """Also for text that nobody would print."""
    try:
        Quantity.parse(text, "km2")
    except QuantityError as error:
        message = str(error)
    else:
        message = ""
    assert message.isprintable()


@pytest.mark.parametrize("piece", PIECES)
def test_long_phrases_end_soon(piece: str) -> None:
    """Up to the limit every phrase is read in little time, and beyond it in none."""
    start = time.perf_counter()
    for times in (MAX_PHRASE // len(piece), 100_000):
        try:
            Quantity.parse(piece * times, "persons")
        except QuantityError:
            continue
    assert time.perf_counter() - start < 0.5
