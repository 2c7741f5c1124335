"""
Hypothesis strategies for invented days, windows, quantities, sources, events and logs.

Everything is built from small whole numbers and short lists, so that what breaks a test shrinks to
something a person can read. Names come from small pools, so that events meet on the same keys; free
text is chosen to be nasty: markup, control and direction marks, formulas.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any, Final

from hypothesis import reject
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from kursk_timeline.errors import InputError, QueryError, WhenError, shown
from kursk_timeline.events import kinds as _kinds
from kursk_timeline.events.base import KINDS, Event, Source
from kursk_timeline.quantity import Quantity
from kursk_timeline.testing.fields import strategies_of
from kursk_timeline.units import Dimension
from kursk_timeline.units import unit as find_unit
from kursk_timeline.when import When, day_of

FIRST: Final = dt.date(2030, 1, 1)
"""First day of the invented year, in which nothing has happened."""
LAST: Final = dt.date(2030, 12, 31)
"""Its last day."""

PARTIES: Final = ("blue", "red", "blue+red", "red+blue")
"""Who holds, fights and takes; the last two are one coalition."""
REGIONS: Final = ("testland", "borderland")
"""Where."""
NAMES: Final = ("Northford", "Saint-O'Brien & <Sons>", "Ströbeck 2", "Белое")
"""Proper names, as of settlements."""
TEXTS: Final = (
    "words",
    "<script>alert('x')</script> & \"more\"",
    "=1+1",
    "a | b\n\nc `d` [e](javascript:f)",
    "\x1b[31mred\x1b[0m \u202eback\u202c \u200b",
    "日本語 𝒳 e\u0301",
    "x" * 300,
)
"""Free text, from plain to hostile."""

_WORDS = st.sampled_from(TEXTS)
_PERHAPS_WORDS = st.sampled_from([None, *TEXTS])


def days(min: object = FIRST, max: object = LAST) -> SearchStrategy[dt.date]:  # noqa: A002 (the words of strategies)
    """
    Days from `min` to `max`, both included; shrinks towards `min`.

    >>> from hypothesis import find
    >>> find(days(min="2030-03-01"), lambda day: True)
    datetime.date(2030, 3, 1)
    """
    first, last = day_of(min).toordinal(), day_of(max).toordinal()
    if first > last:
        raise QueryError(f"no day lies from {min} to {max}; write the earlier one first")
    return st.integers(first, last).map(dt.date.fromordinal)


def whens(
    min: object = FIRST,  # noqa: A002
    max: object = LAST,  # noqa: A002
    *,
    open_start: bool = False,
    open_end: bool = True,
) -> SearchStrategy[When]:
    """
    Windows of days in every form of EDTF; shrinks towards the exact day `min`.

    Days, months, seasons, years, runs and intervals, with ``~``, ``?`` and ``%``, unspecified digits
    and open ends. The days that are written lie from `min` to `max`; a month, a year or a ``~``
    reaches further.

    Args:
        open_start: Also windows without a first day. A claim needs one.
        open_end: Also windows without a last day.

    >>> from hypothesis import find
    >>> find(whens(), lambda when: when.approximate)
    When('2030-01-01~')
    >>> find(whens(), lambda when: when.latest is None)
    When('2030-01-01/..')
    """
    return _whens(days(min, max), open_start, open_end)


_MARKS = st.sampled_from(["", "~", "?", "%"])
_SOON = st.integers(0, 40)


@st.composite
def _whens(draw: DrawFn, some_day: SearchStrategy[dt.date], open_start: bool, open_end: bool) -> When:
    day = draw(some_day)
    forms = ["day", "day", "day", "interval", "interval", "month", "season", "year", "run", "digits", "years"]
    form = draw(st.sampled_from([*forms, *(["to-open"] if open_end else []), *(["from-open"] if open_start else [])]))
    mark = draw(_MARKS)
    later = _clamped(day.toordinal() + draw(_SOON)) if form in ("interval", "run") else day
    text = {
        "day": f"{day}{mark}",
        "interval": f"{day}/{later}{mark}",
        "month": f"{day:%Y-%m}{mark}",
        "season": f"{day:%Y}-{21 + day.month % 4}{mark}",
        "year": f"{day:%Y}{mark}",
        "run": f"[{day}..{later}{mark}]",
        "digits": f"{day:%Y-%m}-{day.day // 10}X{mark}",
        "years": f"{day:%Y}"[:3] + f"X{mark}",
        "to-open": f"{day}{mark}/..",
        "from-open": f"../{day}{mark}",
    }[form]
    try:
        return When.parse(text)
    except WhenError:  # "~" beyond the ends of the calendar; a "3X" of a February
        return reject()


def _clamped(ordinal: int) -> dt.date:
    return dt.date.fromordinal(max(1, min(ordinal, dt.date.max.toordinal())))


def quantities(
    unit: str = "persons",
    *,
    signed: bool = False,
    open: bool = True,  # noqa: A002 (the library's word for a bound that is not there)
    max: int = 1_000,  # noqa: A002
) -> SearchStrategy[Quantity]:
    """
    Quantities in a unit, exact and not; shrinks towards an exact zero.

    Args:
        unit: Name or spelling of the unit.
        signed: Also losses: changes below zero.
        open: Also without an upper bound ("over 40") and, where `signed`, without a lower one.
        max: Largest figure, in `unit`.

    >>> from hypothesis import find
    >>> find(quantities("km2"), lambda area: area.low > 5)
    Quantity('6 km²')
    >>> find(quantities("persons"), lambda troops: not troops.exact)
    Quantity('0 persons (0–1)')
    """
    # What is counted has no halves; areas are published with decimals.
    share = 10 if find_unit(unit).dimension is Dimension.AREA else 1
    ends = ["", "", "high", *(["low", "low high"] if signed else [])] if open else [""]
    parts = (st.integers(-max if signed else 0, max), _STEP, _STEP, st.sampled_from([1, share]))
    return st.builds(_quantity, st.just(find_unit(unit).name), *parts, st.sampled_from(ends), _PERHAPS_WORDS)


_STEP = st.integers(0, 20)


def _quantity(unit: str, low: int, more: int, most: int, share: int, open_ends: str, phrase: str | None) -> Quantity:
    return Quantity(
        low=None if "low" in open_ends else Fraction(low, share),
        best=Fraction(low + more, share),
        high=None if "high" in open_ends else Fraction(low + more + most, share),
        unit=unit,
        phrase=phrase,
    )


def claimants() -> SearchStrategy[str]:
    """
    Claimants as paths: parties, voices of one party, a coalition, outlets of the press.

    >>> from hypothesis import find
    >>> find(claimants(), lambda claimant: claimant.startswith("press/"))
    'press/herald'
    """
    return _CLAIMANTS


_CLAIMANTS = st.sampled_from(
    ["blue", "blue/staff", "red", "red/ministry", "press/herald", "press/gazette/desk", "red+blue/envoys", "0._-"]
)


def sources() -> SearchStrategy[Source]:
    """
    Places where something was read, with text that no page, terminal or table may take at its word.

    >>> from hypothesis import find
    >>> find(sources(), lambda source: "<" in source.publisher).publisher
    '<script>alert(\\'x\\')</script> & "more"'
    """
    return _SOURCES


_SOURCES = st.builds(
    Source,
    publisher=_WORDS,
    title=_PERHAPS_WORDS,
    locator=st.sampled_from([None, "https://example.org/1?a=b&c=<d>", "javascript:alert(1)", "p. 3"]),
    wording=_PERHAPS_WORDS,
)


def events(
    kinds: Iterable[type[Event] | str] | None = None,
    *,
    region: str | SearchStrategy[str] | None = None,
    fields: Mapping[str, SearchStrategy[Any]] | None = None,
    min: object = FIRST,  # noqa: A002
    max: object = LAST,  # noqa: A002
) -> SearchStrategy[Event]:
    """
    Claims of every registered kind, your own included; shrinks towards the kind that is first by name.

    A field of a kind of your own is filled by its annotation, with what its converter and validator
    take: text, names, truth values, whole numbers, quantities, days, windows, sources, `Literal`
    texts; None where that is allowed. What fits none of these keeps its default; a required one needs
    a strategy in `fields`. Combinations that the class itself refuses are skipped.

    Args:
        kinds: Classes or stored names; None for all that can be built. Events about other events are in `logs`.
        region: The region of all of them; None for one of two.
        fields: Strategies by name of field, for any kind that has it.
        min, max: The days that are written in `occurred`.

    Raises:
        InputError: a kind does not exist, is no claim, or has a field that cannot be filled.

    >>> from hypothesis import find
    >>> find(events(["force-present"], region="testland"), lambda event: event.troops.low > 5)
    ForcePresent(2030-01-01, blue: force=blue, region=testland, troops=6 persons)
    """
    own = dict(fields or {})
    if region is not None:
        own.setdefault("region", st.just(region) if isinstance(region, str) else region)
    own.setdefault("region", st.sampled_from(REGIONS))
    pools: dict[str, SearchStrategy[Any]] = {
        "text": st.sampled_from(TEXTS),
        "name": st.sampled_from(NAMES),
        "slug": st.sampled_from(PARTIES),
        "number": st.integers(0, 20),
        "day": days(min, max),
        "window": whens(min, max),
        "source": sources(),
    }
    if kinds is None:
        classes = sorted((cls for cls in KINDS.values() if cls.is_claim), key=lambda cls: cls.kind)
    else:
        classes = [_claim_kind(one) for one in kinds]
    found = []
    for cls in classes:
        drawn, missing = strategies_of(cls, own, pools, quantities)
        if not missing:
            found.append(_events(cls, drawn, own, whens(min, max)))
        elif kinds is not None:
            raise InputError(
                f"{cls.__name__}.{missing[0]}: nothing that is built here fits this field; "
                f"bring a strategy: events(fields={{{missing[0]!r}: ...}})"
            )
    if not found:
        raise InputError("name at least one kind of event")
    return st.one_of(found)


def _claim_kind(kind: type[Event] | str) -> type[Event]:
    found = KINDS.get(kind) if isinstance(kind, str) else kind
    if not (isinstance(found, type) and issubclass(found, Event)):
        raise InputError(f"there is no event kind {shown(kind)}; known are {', '.join(sorted(KINDS))}")
    if not found.is_claim:
        raise InputError(f"{found.__name__} is about another event, so it needs a log: use logs()")
    return found


_COMMON = frozenset({"occurred", "reported", "claimant", "sources", "restated_until", "grading", "note"})
_WIDTHS = st.sampled_from([0, 0, 0, 6])
_SEVERAL_SOURCES = st.lists(_SOURCES, min_size=1, max_size=2)
_EXTRA = st.sampled_from([(), (), ("note",), ("grading",), ("restated_until",), ("restated_until", "grading", "note")])
_GRADINGS = st.sampled_from([letter + digit for letter in "ABCDEF" for digit in "123456"])


@st.composite
def _events(
    draw: DrawFn,
    cls: type[Event],
    drawn: Mapping[str, SearchStrategy[Any]],
    own: Mapping[str, SearchStrategy[Any]],
    windows: SearchStrategy[When],
) -> Event:
    values = {name: draw(strategy) for name, strategy in drawn.items()}
    values |= {name: draw(own[name]) for name in _COMMON & own.keys()}
    if "occurred" not in values:
        values["occurred"] = draw(windows)
    occurred = When.of(values["occurred"])
    begins = (occurred.earliest or FIRST).toordinal()
    # From the window's first day on: what lies after the report is cut off. A foretold event may come after it.
    report = begins + draw(_SOON) - (20 if cls.foretells else 0)
    until = report + draw(_WIDTHS)
    first, last = _clamped(report), _clamped(until)
    values.setdefault("reported", When(first, last))
    values.setdefault("claimant", draw(_CLAIMANTS))
    values.setdefault("sources", draw(_SEVERAL_SOURCES))
    # Mostly absent: a common field that does not matter should not be there to be looked at.
    extra = draw(_EXTRA)
    if "restated_until" in extra:
        values.setdefault("restated_until", _clamped(begins + draw(_SOON)))
    if "grading" in extra:
        values.setdefault("grading", draw(_GRADINGS))
    if "note" in extra:
        values.setdefault("note", draw(_WORDS))
    try:
        return cls(**values)
    except InputError:  # a combination that the kind itself refuses, such as losses without any figure
        return reject()


def logs(
    max_events: int = 8,
    *,
    kinds: Iterable[type[Event] | str] | None = None,
    region: str | SearchStrategy[str] | None = None,
    fields: Mapping[str, SearchStrategy[Any]] | None = None,
    min: object = FIRST,  # noqa: A002
    max: object = LAST,  # noqa: A002
) -> SearchStrategy[list[Event]]:
    """
    Whole logs, in the order of the log: claims, and retractions, supersessions and corroborations of earlier events.

    Each event occurs once, and `Timeline.append` takes the list as it is. A retraction may withdraw
    another retraction; the successor of a supersession may stand before or after it. Shrinks towards
    few claims and no events about others.

    Args:
        max_events: Most events in a log.
        kinds, region, fields, min, max: As for `events`.

    >>> from hypothesis import given, settings
    >>> import kursk_timeline as kt
    >>> @settings(max_examples=20, database=None, derandomize=True)
    ... @given(logs(4))
    ... def every_log_is_taken(log):
    ...     assert kt.Timeline().append(log).size == len(log)
    >>> every_log_is_taken()
    """
    about = st.fixed_dictionaries(
        {
            "kind": st.sampled_from(["retracted", "superseded", "corroborated"]),
            "event": st.integers(0, max_events),
            "by": st.integers(0, max_events),
            "reported": days(min, max),
            "claimant": claimants(),
            "words": st.sampled_from(TEXTS),
            "source": sources(),
        }
    )
    claims = events(kinds, region=region, fields=fields, min=min, max=max)
    return st.lists(_planned(claims, about), max_size=max_events).map(_log_of)


@st.composite
def _planned(
    draw: DrawFn, claims: SearchStrategy[Event], about: SearchStrategy[dict[str, Any]]
) -> Event | dict[str, Any]:
    # Not ``claims | about``: among twenty kinds of claims the others would hardly occur.
    return draw(about) if draw(_ONE_IN_FOUR) else draw(claims)


_ONE_IN_FOUR = st.sampled_from([False, False, False, True])


def _log_of(plan: list[Event | dict[str, Any]]) -> list[Event]:
    """The log that a plan says. What refers to nothing, or says again what is there, is left out."""
    claims = list(dict.fromkeys(one for one in plan if isinstance(one, Event)))
    found: dict[str, Event] = {}
    for one in plan:
        if isinstance(one, Event):
            event = one
        elif not found:
            continue
        else:
            earlier = list(found.values())
            target, successor = earlier[one["event"] % len(earlier)], claims[one["by"] % len(claims)]
            common: dict[str, Any] = {"event": target, "reported": one["reported"], "claimant": one["claimant"]}
            if one["kind"] == "corroborated":
                event = _kinds.Corroborated(source=one["source"], **common)
            elif one["kind"] == "superseded" and successor != target:
                event = _kinds.Superseded(by=successor, reason=one["words"], **common)
            else:
                event = _kinds.Retracted(reason=one["words"], **common)
        found.setdefault(event.id, event)
    return list(found.values())
