"""
Phrases: how sources print amounts, read into quantities.

A phrase is read from left to right: filler words ("just", "a total of"), one qualifier ("about", "over"),
a figure or a range of two, a unit or a noun with its adjectives, and in brackets the same figure once
more in another unit. What each word means stands in `QUALIFIERS` and `VAGUE`, which the documentation
and the tests read too. A part that cannot be read is an error that names it: nothing is skipped or guessed.

A phrase that gives its figure twice is read by the first; `unit_slips` says where the second disagrees.
"""

from __future__ import annotations

import enum
import math
import re
from collections.abc import Mapping
from fractions import Fraction
from types import MappingProxyType
from typing import NoReturn

import attrs

from kursk_timeline.errors import QuantityError, UnitError, shown
from kursk_timeline.findings import Finding, unit_slip
from kursk_timeline.quantity import MAX_PHRASE, USUAL, Quantity, Tolerances
from kursk_timeline.units import SPELLINGS, Dimension, Unit
from kursk_timeline.units import unit as find_unit


class Qualifier(enum.Enum):
    """What the words before (or after) a figure do to it; the value says it in words."""

    EXACT = "the figure itself"
    ABOUT = "10 % either way"
    AT_LEAST = "from the figure, no upper bound"
    AT_MOST = "from 0 to the figure"
    NEARLY = "from 90 % of the figure to the figure"


QUALIFIERS: Mapping[str, Qualifier] = MappingProxyType(
    {
        words: meaning
        for meaning, several in (
            (Qualifier.ABOUT, "about, around, approximately, approx, some, roughly, circa, ca, an estimated, "
                              "estimated, ~, ≈"),
            (Qualifier.AT_LEAST, "over, more than, at least, exceeded, exceeds, exceeding, in excess of, "
                                 "no fewer than, no less than, not less than, a minimum of, minimum of, >, >=, ≥"),
            (Qualifier.AT_MOST, "up to, at most, no more than, not more than, less than, under, fewer than, "
                                "as many as, a maximum of, maximum of, <, <=, ≤"),
            (Qualifier.NEARLY, "nearly, almost, close to"),
        )
        for words in several.split(", ")
    }
)  # fmt: skip
"""Qualifiers before a figure."""

SUFFIXES: Mapping[str, Qualifier] = MappingProxyType(
    {
        "+": Qualifier.AT_LEAST,
        "plus": Qualifier.AT_LEAST,
        "- plus": Qualifier.AT_LEAST,
        "or more": Qualifier.AT_LEAST,
        "or less": Qualifier.AT_MOST,
        "or fewer": Qualifier.AT_MOST,
        "or so": Qualifier.ABOUT,
    }
)
"""Qualifiers after a figure, or at the end."""

VAGUE: Mapping[str, tuple[int, int]] = MappingProxyType(
    {
        "dozens": (24, 99),
        "hundreds": (200, 999),
        "thousands": (2_000, 9_999),
        "tens of thousands": (20_000, 99_999),
        "hundreds of thousands": (200_000, 999_999),
    }
)
"""Amounts without a figure, and their bounds; the low one is the best value."""

FILLERS = ("just", "only", "already", "a total of", "total of")
"""Words before a figure that change nothing."""

NOTHING = frozenset({"none", "no", "zero", "nil"})


def _each(words: str) -> frozenset[str]:
    return frozenset(words.split())


_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen"
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_SMALL = {word: value for value, word in enumerate(_ONES.split())}
_SMALL |= {word: 10 * value for value, word in enumerate(_TENS.split(), 2)}
_SCALES = {"dozen": 12, "hundred": 100, "thousand": 1_000, "k": 1_000, "million": 1_000_000}
_LENGTHS = _each("km kms kilometre kilometres kilometer kilometers mi mile miles metre metres meter meters m")

# Between a figure and its noun any plain word may stand ("mine-clearing troops") except these: they start
# something that is not about the figure, or measure something else.
_NO_ADJECTIVES = _LENGTHS.union(
    _SMALL,
    _SCALES,
    _each(
        "a an and or of per percent cent half quarter third more less fewer times by for from to in on at with "
        "without than not no nor but if as out up down over under about around between day days week weeks month "
        "months year years hour hours sq square hectare hectares ha brigade brigades battalion battalions "
        "regiment regiments division divisions company companies billion dozens hundreds thousands tens plus minus"
    ),
)
# Without a noun only these may follow, and only where the unit is known: "2,000 North Korean".
_BARE_ADJECTIVES = _each(
    "north south korean russian ukrainian belarusian chechen british american foreign local enemy military "
    "civilian special regular elite mobilised mobilized combat"
)
_LAND = frozenset({"territory", "land", "soil", "ground"})

# --- words and figures -------------------------------------------------------------------------

_BLANK = re.compile(r"[ \t\n\u00a0\u2007\u2009\u202f]+")
_READABLE = frozenset(map(chr, range(0x20, 0x7F))) | frozenset("²–—‑−≈≥≤∞’")
_TOKEN = re.compile(
    r"(?P<number>[0-9]{1,3}(?: [0-9]{3})+(?![0-9,])(?:\.[0-9]+)?|[0-9]+(?:[.,][0-9]+)*)"
    r"|(?P<word>[a-z][a-z'’]*(?:-[a-z][a-z'’]*)*(?:\^2|[2²])?)"
    r"|(?P<mark><=|>=|[^ ])",
    re.ASCII,
)
_PLAIN = re.compile(r"[0-9]+(?:\.[0-9]+)?|[0-9]{1,3}(?:[, ][0-9]{3})+(?:\.[0-9]+)?", re.ASCII)
_TWO_WAYS = re.compile(r"[1-9][0-9]{0,2}\.[0-9]{3}", re.ASCII)
_DASHES = frozenset("-–—‑")
_SIGNS = {"+": 1, "-": -1, "−": -1, "minus": -1}
_POINTED = frozenset({"sq", "approx", "ca", "km", "mi"})  # abbreviations printed with a point


@attrs.frozen
class _Token:
    kind: str
    text: str
    start: int
    end: int


@attrs.frozen
class _Figure:
    """One printed number: its value, half a unit of its last significant digit, and the scale words that end it."""

    value: Fraction
    half: Fraction
    scales: tuple[str, ...] = ()
    signed: bool = False

    def times(self, scale: int) -> _Figure:
        return attrs.evolve(self, value=self.value * scale, half=self.half * scale)


_ZERO = _Figure(Fraction(0), Fraction(1, 2))


@attrs.frozen
class _Reading:
    """What a phrase says: its figures, the bounds they stand for, and the unit of both."""

    low: Fraction | None
    best: Fraction
    high: Fraction | None
    figures: tuple[_Figure, ...]
    plain: bool  # one figure, and no word that widens it
    unit: Unit | None  # None where the phrase says none


class _Reader:
    """One pass over the tokens of a phrase, from left to right."""

    def __init__(self, phrase: object, tolerance: Tolerances, *, bare: bool) -> None:
        if not isinstance(phrase, str):
            raise QuantityError(f"expected a phrase such as 'about 90 sq km', not {shown(phrase)}")
        if len(phrase) > MAX_PHRASE:
            raise QuantityError(f"{shown(phrase)} is too long: a phrase has at most {MAX_PHRASE:,} characters")
        self.text = _BLANK.sub(" ", phrase).strip()
        if foreign := next((c for c in self.text if c not in _READABLE), None):
            raise QuantityError(f"{shown(phrase)}: cannot read the character {foreign!a} (U+{ord(foreign):04X})")
        if not self.text:
            raise QuantityError("the phrase is empty; write 'none' for zero, or leave the field out")
        self.tolerance, self.bare = tolerance, bare
        self.at = 0
        self.tokens: list[_Token] = []
        for found in _TOKEN.finditer(self.text.rstrip(" .,;").lower()):
            self._add(str(found.lastgroup), found.group(), found.start())

    def _add(self, kind: str, text: str, start: int) -> None:
        parts = text.split("-")
        if kind == "word" and len(parts) > 1 and all(part in _SMALL or part in _SCALES for part in parts):
            for part in parts:  # "one-thousand", "twenty-five"
                self._add(kind, part, start)
                start += len(part) + 1
        elif text != "." or not self.tokens or self.tokens[-1].text not in _POINTED:
            self.tokens.append(_Token(kind, text, start, start + len(text)))

    # --- steps ---------------------------------------------------------------------------------

    def peek(self, ahead: int = 0) -> str:
        """The text of a coming token; empty at the end."""
        return self.tokens[self.at + ahead].text if self.at + ahead < len(self.tokens) else ""

    def take(self, *words: str) -> bool:
        """Step over these tokens, if they come next."""
        comes = all(self.peek(ahead) == word for ahead, word in enumerate(words))
        self.at += len(words) if comes else 0
        return comes

    def longest(self, table: Mapping[str, object]) -> str | None:
        """Step over the longest entry of a table that comes next."""
        for size in (3, 2, 1):
            words = [self.peek(ahead) for ahead in range(size)]
            if all(words) and " ".join(words) in table:
                self.at += size
                return " ".join(words)
        return None

    def fail(self, why: str, error: type[QuantityError] = QuantityError) -> NoReturn:
        raise error(f"{shown(self.text)}: {why}")

    def unread(self, start: int, end: int | None = None) -> NoReturn:
        if start >= len(self.tokens):
            self.fail("it ends where a figure is wanted; write one, as in 'about 90 sq km'")
        tokens = self.tokens[start:end]
        part = self.text[tokens[0].start : tokens[-1].end]
        self.fail(
            f"cannot read {shown(part)}; write a figure and what it counts, as in 'about 90 sq km', "
            "'up to 300 soldiers' or 'between 800 and 900 sq km'"
        )

    # --- numbers -------------------------------------------------------------------------------

    def figure(self, *, joins: bool = True) -> _Figure | None:
        """A number in digits or words, with its sign and scale; `joins` lets "and" stand inside it."""
        start, sign = self.at, _SIGNS.get(self.peek())
        self.at += sign is not None
        digits = self.at < len(self.tokens) and self.tokens[self.at].kind == "number"
        found = self._digits() if digits else self._words(joins)
        if found is None:
            self.at = start
            return None
        return found if sign is None else attrs.evolve(found, value=sign * found.value, signed=sign < 0)

    def _digits(self) -> _Figure:
        text = self.peek()
        self.at += 1
        if not _PLAIN.fullmatch(text) or (text[0] == "0" and text[1:2] not in ("", ".")):
            self.fail(f"{shown(text)} is no number; write thousands as 1,000 or 1 000, and decimals as 5.5")
        digits, scales = text.replace(",", "").replace(" ", ""), self._scales()
        if _TWO_WAYS.fullmatch(text) and not scales:
            grouped = text.replace(".", ",")
            self.fail(f"{shown(text)} can be read in two ways; write {grouped}, or {text}0 where a decimal is meant")
        places = len(digits.partition(".")[2])
        half = Fraction(1, 2 * 10**places) if places else _half(digits)
        return _Figure(Fraction(digits), half, scales).times(_product(scales))

    def _scales(self) -> tuple[str, ...]:
        """The scale words that come next: one, or "hundred" and a larger one."""
        taken: tuple[str, ...] = ()
        while taken in ((), ("hundred",)):
            hyphen = self.peek() == "-"  # "15-hundred"
            word = self.peek(1 if hyphen else 0)
            if word not in _SCALES or _SCALES[word] <= _product(taken):
                break
            taken += (word,)
            self.at += 2 if hyphen else 1
        return taken

    def _words(self, joins: bool) -> _Figure | None:
        """A number in words: what is summed up so far, and the part below the next "thousand"."""
        start, total, part = self.at, Fraction(0), Fraction(0)
        scales: tuple[str, ...] = ()
        last = 10**9  # the smallest large scale so far
        if self.peek() == "a" and self.peek(1) in _SCALES:
            self.at, part = self.at + 1, Fraction(1)
        while word := self.peek():
            small, scale = _SMALL.get(word, 0), _SCALES.get(word, 0)
            if small:
                if part % 100 and not (part % 10 == 0 and part % 100 >= 20 and small < 10):
                    break  # "two three"
                part, scales = part + small, ()
            elif scale and part and scale <= 100 and part < 100:
                part, scales = part * scale, (*scales, word)
            elif scale > 100 and part and scale < last:
                total, part, last, scales = total + part * scale, Fraction(0), scale, (*scales, word)
            elif word == "and" and joins and scales and _SMALL.get(self.peek(1), 0):
                pass  # "two hundred and fifty"
            elif part and not scales and self.take("and", "a", "half") and self.peek() in _SCALES:
                part += Fraction(1, 2)
                continue
            else:
                break
            self.at += 1
        value = total + part
        if not value:
            self.at = start
            return None
        return _Figure(value, _half(str(int(value))), scales)

    def span(self) -> tuple[tuple[_Figure, ...], Unit | None]:
        """A figure, or the two ends of a range; and the unit that the first end says for itself."""
        start, between = self.at, self.take("between")
        until = not between and self.take("from")
        first = self.figure(joins=not between)
        if first is None:
            self.unread(self.at)
        after = self.at
        spelling = self.longest(SPELLINGS)
        if self.peek() in ({"and"} if between else {"to", *_DASHES}):
            self.at += 1
            second = self.figure()
            if second is not None:
                if (
                    not first.scales
                    and not second.scales
                    and first.value < 1_000 <= second.value == 1_000 * (second.value // 1_000)
                    and first.value * 1_000 <= second.value
                    and first.value > 0
                ):
                    self.fail("the first end may mean thousands like the second; write both ends in full")
                # "10 to 12 thousand": the first end shares the scale, unless that puts it above the second.
                if second.scales[: len(first.scales)] == first.scales:
                    scaled = first.times(_product(second.scales[len(first.scales) :]))
                    first = scaled if scaled.value <= second.value else first
                if first.value > second.value:
                    self.fail("the ends of the range are out of order; write the lower one first")
                return (first, second), SPELLINGS.get(spelling or "")
        if between or until:
            self.unread(start)
        self.at = after
        return (first,), None

    # --- what it counts ------------------------------------------------------------------------

    def noun(self) -> Unit | None:
        """The unit or noun up to a bracket or the end; None where there is none."""
        start = self.at
        while self.peek() not in ("", "(", ")"):
            self.at += 1
        tokens = self.tokens[start : self.at]
        words = [token.text for token in tokens]
        if not words or (self.bare and _BARE_ADJECTIVES.issuperset(words)):
            return None
        found = _unit_of(words) if all(token.kind == "word" for token in tokens) else None
        if found is None and words[0] in _LENGTHS:
            self.fail(f"{shown(words[0])} measures a length; for an area write 'sq km' or 'sq miles'", UnitError)
        if found is None:
            self.unread(start, self.at)
        return found

    # --- phrases -------------------------------------------------------------------------------

    def body(self) -> _Reading:
        """All that may stand outside brackets, or inside them."""
        while any(self.take(*filler.split()) for filler in FILLERS):
            pass
        word = self.longest(QUALIFIERS)
        own = None
        if word is None and (vague := self.longest(VAGUE)):
            if self.peek(1):
                self.take("of")
            low, high = map(Fraction, VAGUE[vague])
            return _Reading(low, low, high, (), False, self.noun())
        if word is None and self.peek() in NOTHING:
            self.at += 1
            figures: tuple[_Figure, ...] = (_ZERO,)
        else:
            figures, own = self.span()
        meaning = QUALIFIERS[word] if word else Qualifier.EXACT
        if word is None:
            word, rest = self.longest(SUFFIXES), self.tokens
            if word is None and self.peek() and " ".join(one.text for one in rest[-2:]) in SUFFIXES:
                word = " ".join(one.text for one in rest[-2:])  # "1,000 troops or more"
                self.tokens = rest[:-2]
            meaning = SUFFIXES[word] if word else meaning
        unit = self.noun() or own
        if own is not None and unit is not own:
            self.fail("the two ends of the range are in different units; write both in one", UnitError)
        plain = meaning is Qualifier.EXACT and len(figures) == 1
        return _Reading(*self._bounds(meaning, word, figures), figures, plain, unit)

    def _bounds(
        self, meaning: Qualifier, word: str | None, figures: tuple[_Figure, ...]
    ) -> tuple[Fraction | None, Fraction, Fraction | None]:
        low, high = figures[0].value, figures[-1].value
        best = (low + high) / 2
        if meaning is Qualifier.EXACT:
            return (low, best, high)
        if meaning is Qualifier.ABOUT:
            return (low - abs(low) * self.tolerance.about, best, high + abs(high) * self.tolerance.about)
        if len(figures) > 1:
            self.fail(f"{word!r} goes with one figure, not with a range; leave one of the two out")
        if figures[0].signed:
            self.fail(
                f"{word!r} of a negative figure can be read in two ways; "
                f"parse it without the sign and negate the result: -Quantity.parse('{word} …')"
            )
        match meaning:
            case Qualifier.AT_LEAST:
                return (best, best, None)
            case Qualifier.AT_MOST:
                return (Fraction(0), best, best)
            case _:
                return (best * (1 - self.tolerance.nearly), best, best)

    def whole(self) -> tuple[_Reading, _Reading | None]:
        """The phrase, and what it says once more in brackets."""
        first, start = self.body(), self.at
        second = None
        if self.take("("):
            if bounds := self._own_notation(first):
                first = attrs.evolve(first, low=bounds[0], best=bounds[1], high=bounds[2])
            else:
                second = self.body()
                if first.unit is None or second.unit is None or first.unit.dimension is not second.unit.dimension:
                    self.unread(start)
            if not self.take(")"):
                self.unread(start)
        if self.at < len(self.tokens):
            self.unread(self.at)
        return first, second

    def _own_notation(self, first: _Reading) -> tuple[Fraction | None, Fraction, Fraction | None] | None:
        """The bounds that a printed quantity has in its brackets; None where they hold something else."""
        start = self.at
        if self.take("="):
            same, unit = self.figure(), self.noun()
            if not first.plain or same is None or first.unit is None or unit is None:
                self.unread(start - 1)
            if unit.dimension is not first.unit.dimension:
                self.unread(start - 1)
            amount = same.value * unit.factor
            if round(first.best * first.unit.factor) != round(amount):
                self.fail("the two amounts are not the same")
            return (amount / first.unit.factor,) * 3
        no_low = self.take("−", "∞")
        low = None if no_low else self.figure()
        joined = (no_low or low is not None) and (self.take("to") or self.take("–"))
        no_high = joined and self.take("∞")
        high = self.figure() if joined and not no_high else None
        if not (no_high or high is not None) or self.peek() != ")":
            self.at = start
            return None
        bounds = (None if low is None else low.value, first.best, None if high is None else high.value)
        if not first.plain:
            self.unread(start - 1)
        if (low is not None and low.value > first.best) or (high is not None and high.value < first.best):
            self.fail("the bounds in brackets do not hold the figure before them")
        return bounds


def _half(digits: str) -> Fraction:
    zeros = len(digits) - len(digits.rstrip("0"))
    return Fraction(10**zeros, 2) if zeros < len(digits) else Fraction(1, 2)


def _product(scales: tuple[str, ...]) -> int:
    return math.prod(_SCALES[scale] for scale in scales)


def _unit_of(words: list[str]) -> Unit | None:
    """A unit, an area "of … territory", or adjectives and a noun."""
    if found := SPELLINGS.get(" ".join(words)):
        return found
    if "of" in words and words[-1] in _LAND:
        cut = words.index("of")
        area = SPELLINGS.get(" ".join(words[:cut]))
        if area is not None and area.dimension is Dimension.AREA and _adjectives(words[cut + 1 : -1]):
            return area
    for size in (3, 2, 1):
        noun = SPELLINGS.get(" ".join(words[-size:]))
        if noun is not None and noun.dimension is not Dimension.AREA and _adjectives(words[:-size]):
            return noun
    return None


def _adjectives(words: list[str]) -> bool:
    areas = (word in SPELLINGS and SPELLINGS[word].dimension is Dimension.AREA for word in words)
    return len(words) <= 6 and _NO_ADJECTIVES.isdisjoint(words) and not any(areas)


# --- what others call --------------------------------------------------------------------------


def read(
    phrase: object,
    *,
    dimension: Dimension | None,
    default_unit: str | Unit | None,
    tolerance: Tolerances = USUAL,
) -> Quantity:
    """
    A quantity from the phrase as printed.

    Args:
        phrase: At most `MAX_PHRASE` characters.
        dimension: What must be counted; None for whatever the phrase says.
        default_unit: Unit of a phrase that says none; None where it has to (but zero of a known
            dimension needs no unit).
        tolerance: How much room "about" and "nearly" leave.

    Raises:
        UnitError: the unit is unsaid, or of another dimension.
        QuantityError: some part of the phrase cannot be read.

    >>> read("none", dimension=Dimension.AREA, default_unit=None)
    Quantity('0 km²')
    >>> read("10 to 12 thousand", dimension=Dimension.HEADCOUNT, default_unit="persons")
    Quantity('11,000 persons (10,000–12,000)')
    """
    default = None if default_unit is None else find_unit(default_unit)
    reader = _Reader(phrase, tolerance, bare=default is not None and default.dimension is not Dimension.AREA)
    reading, _ = reader.whole()
    if reading.unit is not None and dimension not in (None, reading.unit.dimension):
        reader.fail(f"this counts {reading.unit.name}, which is no {dimension.value}", UnitError)
    unit = reading.unit or default
    if unit is None and dimension is not None and reading.low == reading.high == 0:
        unit = dimension.usual_unit
    if unit is None:
        reader.fail("it says no unit; write one, as in '90 sq km' or '90 soldiers', or give unit=", UnitError)
    return Quantity.from_base(
        None if reading.low is None else unit.to_base(reading.low, "floor"),
        unit.to_base(reading.best, "nearest"),
        None if reading.high is None else unit.to_base(reading.high, "ceil"),
        unit,
        reader.text,
    )


def unit_slips(phrase: str) -> tuple[Finding, ...]:
    """
    Where a phrase gives its figure in two units, and the two disagree beyond rounding.

    >>> [slip.code for slip in unit_slips("about 90 sq km (56 sq miles)")]
    ['unit-slip']
    >>> unit_slips("over 1,000 sq km (386 sq miles)")
    ()
    """
    try:
        first, second = _Reader(phrase, USUAL, bare=False).whole()
    except QuantityError:
        return ()
    if second is None or first.unit is None or second.unit is None or len(first.figures) != len(second.figures):
        return ()
    return tuple(
        slip
        for one, other in zip(first.figures, second.figures, strict=True)
        if (slip := unit_slip(one.value, one.half, first.unit, other.value, other.half, second.unit))
    )
