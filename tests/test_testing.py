"""The module for other people's tests: it builds everything, takes what is right, and explains what is wrong."""

from __future__ import annotations

import datetime as dt
import functools
import pickle
import random
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar, Literal

import attrs
import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st

import kursk_timeline as kt
from kursk_timeline import testing
from kursk_timeline.events.base import KINDS
from kursk_timeline.events.codec import decode
from kursk_timeline.projections.forces import forces
from kursk_timeline.projections.settlements import settlements
from kursk_timeline.projections.territory import territory
from kursk_timeline.replay.standing import standing
from kursk_timeline.testing import LAWS, LawBroken, check_fold, check_projection
from kursk_timeline.text import slug

unshrunk = settings(max_examples=1_000, phases=[Phase.generate], database=None)
few = settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
STRIKES = kt.Measure("strikes", unit="items", cumulative=True)

# --- the strategies ----------------------------------------------------------------------------


@few
@given(testing.logs())
def test_every_log_is_appended_whole_and_read_back_the_same(log: list[kt.Event]) -> None:
    """Unique ids, references to what stands before, and a JSON form that gives the same event."""
    tl = kt.Timeline()
    receipt = tl.append(log)
    assert [record.event for record in receipt.added] == log
    assert receipt.already == ()
    assert [decode(event.canonical).canonical for event in log] == [event.canonical for event in log]


@few
@given(testing.events())
def test_every_event_is_a_claim_with_a_start_that_can_be_shown(event: kt.Event) -> None:
    """The bundled projections take it, and its window has a first day."""
    assert event.is_claim
    assert event.window.earliest is not None
    assert repr(event).isprintable()
    list(territory(event)), list(forces(event)), list(settlements(event))


@pytest.mark.parametrize("kind", [kind for kind, cls in KINDS.items() if cls.is_claim])
def test_every_registered_kind_of_claim_is_built(kind: str) -> None:
    """One of a few events without `kinds` could miss it; asked for by name it comes."""
    event = find(testing.events([kind]), lambda event: True, settings=unshrunk)
    assert event.kind == kind


def test_all_kinds_occur_unasked_and_logs_hold_all_events_about_events() -> None:
    """No kind is left out where none is named."""
    seen: set[str] = set()

    @settings(max_examples=250, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(testing.logs(6))
    def look(log: list[kt.Event]) -> None:
        seen.update(event.kind for event in log)

    look()
    assert seen >= {kind for kind in KINDS if not kind.startswith("test-")}


@few
@given(st.data())
def test_days_and_windows_lie_where_they_are_asked_for(data: st.DataObject) -> None:
    """The ends count; a window begins in reach of its written day."""
    first, last = sorted(data.draw(st.lists(testing.days("2024-02-27", "2024-03-02"), min_size=2, max_size=2)))
    day = data.draw(testing.days(first, last))
    assert first <= day <= last
    closed = data.draw(testing.whens(open_end=False))
    assert closed.earliest is not None
    assert closed.latest is not None


@pytest.mark.parametrize(
    "form",
    [
        lambda w: w.is_day,
        lambda w: w.uncertain and w.approximate,
        lambda w: "X" in w.text,
        lambda w: w.text.startswith("["),
        lambda w: w.earliest is None,
        lambda w: w.latest is None,
        lambda w: w.days is not None and w.days > 300,
        lambda w: w.text[5:] in ("21", "22", "23", "24"),
    ],
)
def test_windows_take_every_form(form: Callable[[kt.When], bool]) -> None:
    """Every form of the format can be found."""
    assert form(find(testing.whens(open_start=True), form))


@few
@given(st.sampled_from(["km2", "mi2", "persons", "settlements", "items"]), st.booleans(), st.booleans(), st.data())
def test_quantities_keep_to_their_sign_and_ends(unit: str, signed: bool, open_: bool, data: st.DataObject) -> None:
    """An unsigned one never starts below zero; a closed one has both ends."""
    quantity = data.draw(testing.quantities(unit, signed=signed, open=open_))
    assert quantity.unit == unit
    if not signed:
        assert quantity.low_base is not None
        assert quantity.low_base >= 0
    if not open_:
        assert None not in (quantity.low_base, quantity.high_base)
    assert kt.Quantity.from_json(quantity.to_json()) == quantity
    assert isinstance(quantity.findings, tuple)


def test_quantities_have_open_ends_on_both_sides() -> None:
    """Over 40 gained, over 40 lost."""
    assert find(testing.quantities("km2", signed=True), lambda q: q.low_base is None).high_base is not None
    assert find(testing.quantities("km2"), lambda q: q.high_base is None).low_base is not None


def test_a_region_of_your_own_is_the_region_of_all() -> None:
    """So are days of your own."""
    log = find(testing.logs(2, kinds=["settlement-taken"], region="elsewhere", min="2024-08-06"), bool)
    assert {event.region for event in log if getattr(event, "region", None)} <= {"elsewhere"}
    assert [event.window.earliest for event in log] == [dt.date(2024, 8, 6)]


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda: testing.events(["no-such-kind"]), "there is no event kind 'no-such-kind'"),
        (lambda: testing.events([kt.Retracted]), "use logs"),
        (lambda: testing.events([]), "at least one kind"),
        (lambda: testing.days("2030-02-01", "2030-01-01"), "earlier one first"),
        (lambda: testing.quantities("bushels"), "no unit"),
    ],
)
def test_a_strategy_that_cannot_be_made_says_why(ask: Callable[[], object], words: str) -> None:
    """At once, not on the first example."""
    with pytest.raises(kt.InputError, match=words):
        ask()


# --- kinds of one's own ------------------------------------------------------------------------


@pytest.fixture
def own_kinds() -> Iterator[None]:
    before = dict(KINDS)
    yield
    KINDS.clear()
    KINDS.update(before)


def test_a_kind_of_your_own_is_built_from_its_annotations(own_kinds: None) -> None:
    """Converters and validators are asked what they take; None comes where it is allowed."""

    @kt.register
    @attrs.frozen(kw_only=True, eq=False, repr=False)
    class BridgeHit(kt.Event):
        kind: ClassVar[str] = "test-bridge-hit"
        bridge: str = attrs.field(converter=slug)
        region: str = attrs.field(converter=slug)
        times: int = attrs.field(validator=attrs.validators.gt(0))
        way: Literal["air", "river"]
        by: str | None = attrs.field(default=None, converter=attrs.converters.optional(slug))
        closed: bool = False
        length: kt.Quantity | None = None
        since: dt.date | None = None
        rather: kt.When | None = None
        odd: dict[str, str] = attrs.field(factory=dict)

    seen: dict[str, set[type]] = {}

    @settings(max_examples=100, database=None, suppress_health_check=list(HealthCheck))
    @given(testing.events([BridgeHit], region="testland"))
    def look(event: BridgeHit) -> None:
        assert event.times > 0
        assert event.way in ("air", "river")
        assert event.region == "testland"
        for field in attrs.fields(BridgeHit):
            seen.setdefault(field.name, set()).add(type(getattr(event, field.name)))

    look()
    assert seen["by"] == {str, type(None)}
    assert seen["closed"] == {bool}
    assert seen["since"] == {dt.date, type(None)}
    assert seen["rather"] == {kt.When, type(None)}
    assert seen["length"] == {kt.Quantity, type(None)}
    assert seen["odd"] == {dict}
    found = find(testing.logs(2), lambda log: any(isinstance(event, BridgeHit) for event in log), settings=unshrunk)
    assert found


def test_a_kind_that_cannot_be_built_is_left_out_unless_it_is_named(own_kinds: None) -> None:
    """Then the message names the field, and a strategy of one's own helps."""

    @kt.register
    @attrs.frozen(kw_only=True, eq=False, repr=False)
    class Intercepted(kt.Event):
        kind: ClassVar[str] = "test-intercepted"
        calls: tuple[str, ...]

    with pytest.raises(kt.InputError, match=r"Intercepted\.calls.*fields=\{'calls'"):
        testing.events([Intercepted])
    assert find(testing.events(), lambda event: True).kind != "test-intercepted"
    event = find(testing.events([Intercepted], fields={"calls": st.just(("a",))}), lambda event: True)
    assert event.calls == ("a",)


# --- what is right passes ----------------------------------------------------------------------


@pytest.mark.parametrize("bundled", [territory, forces, settlements], ids=lambda p: p.__name__)
def test_the_bundled_projections_keep_every_law(bundled: kt.Projection, capsys: pytest.CaptureFixture[str]) -> None:
    """And nothing is printed or returned."""
    assert check_projection(bundled, examples=80) is None
    assert check_projection(bundled, examples=20, seed=7) is None
    assert capsys.readouterr() == ("", "")


def test_the_bundled_record_is_good_for_examples_too() -> None:
    """Real claims instead of invented ones."""
    check_projection(territory, examples=40, events=kt.kursk("article").events())


@kt.projection(measures=[STRIKES])
def strikes(event: kt.Event) -> Iterator[kt.Effect]:
    if isinstance(event, kt.StrikesReported) and event.count is not None:
        yield kt.Effect.add(kt.Key("strikes", event.by, event.region), event.count)


def test_a_projection_of_ones_own_passes_in_another_interpreter_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """A plain function, a remembering one and an object that is called pass as well."""
    check_projection(strikes, examples=40)

    @functools.cache
    def remembered(event: kt.Event) -> tuple[kt.Effect, ...]:
        return tuple(strikes(event))

    class Caller:
        def __call__(self, event: kt.Event) -> None:
            return None

    check_projection(kt.projection(measures=[STRIKES])(remembered), examples=40)
    check_projection(Caller(), examples=20)
    check_projection(territory, examples=5, fresh_process=True)


def test_a_common_field_may_be_read_if_one_says_so() -> None:
    """Leaving out what is graded low is a choice, and is said."""

    def graded(event: kt.Event) -> Any:
        return list(territory(event)) if event.grading is None or event.grading < "C" else None

    with pytest.raises(LawBroken, match=r"reads=\['grading'\]"):
        check_projection(graded, examples=60)
    check_projection(graded, examples=60, reads=["grading"])


# --- what is wrong is caught -------------------------------------------------------------------

COUNT = {"calls": 0}
SEEN: list[str] = []
TOTAL = 0


def held(event: kt.Event, measure: str = "held", value: Any = None) -> kt.Effect | None:
    if isinstance(event, kt.TerritoryHeld):
        return kt.Effect.set(kt.Key(measure, event.holder, event.region), event.area if value is None else value)
    return None


def stateful_counter(event: kt.Event) -> Any:
    COUNT["calls"] += 1
    return held(event, value=kt.Quantity(low=COUNT["calls"], high=COUNT["calls"], unit="km2"))


def by_chance(event: kt.Event) -> Any:
    return held(event, "held" if random.random() < 0.5 else "peak")


def reads_the_clock(event: kt.Event) -> Any:
    return held(event) if dt.date.today() > dt.date(2020, 1, 1) else None  # noqa: DTZ011


def reads_the_time(event: kt.Event) -> Iterator[Any]:
    if isinstance(event, kt.TerritoryHeld) and time.time() > 0:
        yield held(event)


def raises_on_others(event: Any) -> Any:
    return kt.Effect.set(kt.Key("held", event.holder, event.region), event.area)


def forgets_none(event: kt.Event) -> Any:
    if isinstance(event, kt.LossesReported):
        yield kt.Effect.add(f"killed/{event.force}/{event.region}", event.killed)


def wrong_unit(event: kt.Event) -> Any:
    return held(event, value=kt.Quantity(low=1, high=1, unit="persons"))


def unknown_measure(event: kt.Event) -> Any:
    return held(event, "glory")


def name_for_a_number(event: kt.Event) -> Any:
    return held(event, value="blue")


def adds_a_name(event: kt.Event) -> Any:
    if isinstance(event, kt.SettlementTaken):
        yield kt.Effect(kt.Key("holder", event.settlement, event.region), event.by, adds=True)


def returns_text(event: kt.Event) -> Any:
    return "held" if held(event) else None


def returns_a_number(event: kt.Event) -> Any:
    return 5 if held(event) else None


def yields_none(event: kt.Event) -> Any:
    yield held(event)


async def not_awaited(event: kt.Event) -> Any:
    return held(event)


def never_ends(event: kt.Event) -> Any:
    while isinstance(event, kt.TerritoryHeld):
        yield held(event)


def mutates_a_list(event: kt.Event) -> Any:
    SEEN.append(event.kind)
    return held(event)


def counts_up(event: kt.Event) -> Any:
    global TOTAL
    TOTAL += 1
    return held(event)


def mutable_default(event: kt.Event, cache: dict[str, Any] = {}) -> Any:  # noqa: B006
    cache[event.id] = 1
    return held(event)


def depends_on_note(event: kt.Event) -> Any:
    return None if event.note else held(event)


def depends_on_the_day(event: kt.Event) -> Any:
    return held(event) if event.occurred.is_day else None


def counts_sources(event: kt.Event) -> Any:
    return held(event) if len(event.sources) + len(event.sources[0].publisher) > 10 else None


def only_once() -> Callable[[kt.Event], Any]:
    class Once:
        __slots__ = ("seen",)  # out of sight: only what it does shows it

        def __init__(self) -> None:
            self.seen: set[str] = set()

    memory = Once()

    def once(event: kt.Event) -> Any:
        found = None if event.id in memory.seen else held(event)
        memory.seen.add(event.id)
        return found

    return once


def exhausted() -> Callable[[kt.Event], Any]:
    @functools.cache
    def exhausted_generator(event: kt.Event) -> Iterator[Any]:
        effect = held(event)
        return (one for one in ([effect] if effect else []))

    return exhausted_generator


def remembers_the_last() -> Callable[[kt.Event], Any]:
    class Last:
        __slots__ = ("kind", "previous")
        kind: str
        previous: str

    last = Last()
    last.kind = last.previous = ""

    def after_another(event: kt.Event) -> Any:
        if event.kind != last.kind:
            last.previous, last.kind = last.kind, event.kind
        return held(event, "peak" if last.previous == "statement-made" else "held")

    return after_another


def drops_what_is_vague(event: kt.Event) -> Any:
    return held(event) if isinstance(event, kt.TerritoryHeld) and event.area.exact else None


def keeps_the_lower_bound(event: kt.Event) -> Any:
    if isinstance(event, kt.TerritoryHeld):
        return held(event, value=kt.Quantity(low=event.area.low, high=event.area.low, unit=event.area.unit))
    return None


BROKEN = [
    (lambda: stateful_counter, "no trace"),
    (lambda: by_chance, "no clock, no chance"),
    (lambda: reads_the_clock, "no clock, no chance"),
    (lambda: reads_the_time, "no clock, no chance"),
    (lambda: raises_on_others, "total"),
    (lambda: forgets_none, "total"),
    (lambda: wrong_unit, "placeable"),
    (lambda: unknown_measure, "placeable"),
    (lambda: name_for_a_number, "placeable"),
    (lambda: adds_a_name, "total"),
    (lambda: returns_text, "effects"),
    (lambda: returns_a_number, "effects"),
    (lambda: yields_none, "effects"),
    (lambda: not_awaited, "effects"),
    (lambda: never_ends, "effects"),
    (lambda: mutates_a_list, "no trace"),
    (lambda: counts_up, "no trace"),
    (lambda: mutable_default, "no trace"),
    (lambda: depends_on_note, "blind"),
    (lambda: depends_on_the_day, "blind"),
    (lambda: counts_sources, "blind"),
    (only_once, "repeatable"),
    (exhausted, "repeatable"),
    (remembers_the_last, "local"),
    (lambda: drops_what_is_vague, "wider quantity"),
    (lambda: keeps_the_lower_bound, "wider quantity"),
]


@pytest.mark.parametrize(("make", "law"), BROKEN)
def test_a_broken_projection_is_caught_and_explained(make: Callable[[], Callable[..., Any]], law: str) -> None:
    """The message names the law, the function and the event, and says what to write instead."""
    function = make()
    with pytest.raises(LawBroken) as caught:
        check_projection(function)
    error = caught.value
    text = str(error)
    assert error.law == law, text
    assert 1 <= len(error.events) <= 4, text
    assert f"{function.__name__!r} breaks the law {law!r}: {LAWS[law]}" in text
    for event in error.events:
        assert repr(event) in text
        assert event.kind in text
    assert text.isascii() or all(line.isprintable() for line in text.split("\n"))
    assert error.happened in text
    assert error.instead in text
    assert isinstance(error, AssertionError)
    assert isinstance(error, kt.TimelineError)
    assert str(pickle.loads(pickle.dumps(error))) == text


def test_the_smallest_event_is_shown_and_the_error_behind_it_kept() -> None:
    """What does not matter has shrunk away."""
    with pytest.raises(LawBroken) as caught:
        check_projection(forgets_none)
    (event,) = caught.value.events
    assert isinstance(event, kt.LossesReported)
    assert event.killed is event.note is event.grading is event.restated_until is None
    assert str(event.occurred) == "2030-01-01"
    assert isinstance(caught.value.__cause__, kt.ProjectionError)
    assert "ProjectionError: " in caught.value.happened


def test_the_same_examples_are_tried_every_time_and_others_with_a_seed() -> None:
    """A failure on one machine is a failure on the next."""

    class Note:
        __slots__ = ("seen",)

        def __init__(self) -> None:
            self.seen: list[str] = []

        def __call__(self, event: kt.Event) -> None:
            self.seen.append(event.id)

    def tried(seed: int | None) -> list[str]:
        note = Note()
        check_projection(note, examples=5, seed=seed)
        return note.seen

    assert tried(None) == tried(None)
    assert tried(1) == tried(1)
    assert tried(1) != tried(2)


def test_the_order_of_a_set_shows_in_another_interpreter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In one process the hash seed is fixed, and a set looks as if it had an order."""
    (tmp_path / "drawn_from_a_set.py").write_text(
        "import kursk_timeline as kt\n"
        "def members(event):\n"
        "    if isinstance(event, kt.TerritoryHeld):\n"
        "        for party in {'blue', 'red', 'green', 'grey', event.holder}:\n"
        "            yield kt.Effect.set(kt.Key('held', party, event.region), event.area)\n"
        "def in_order(event):\n"
        "    return sorted(members(event), key=lambda effect: effect.key)\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    import drawn_from_a_set as module

    check_projection(module.members, examples=10)
    with pytest.raises(LawBroken, match="PYTHONHASHSEED") as caught:
        check_projection(module.members, examples=10, fresh_process=True)
    assert caught.value.law == "fresh"
    check_projection(module.in_order, examples=10, fresh_process=True)


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda: check_projection(5), "5 is no projection"),  # type: ignore[arg-type]
        (lambda: check_projection(territory, reads=["claimant"]), "may be read anyway"),
        (lambda: check_projection(territory, examples=0), "from 1"),
        (lambda: check_projection(territory, events=[]), "no claim"),
        (lambda: check_projection(lambda event: None, examples=1, fresh_process=True), "cannot be imported"),
        (lambda: check_fold(5, 0), "5 is no step"),  # type: ignore[arg-type]
    ],
)
def test_a_check_that_cannot_be_made_says_why(ask: Callable[[], object], words: str) -> None:
    """A wrong question is no broken law."""
    with pytest.raises(kt.InputError, match=words):
        ask()


# --- folds -------------------------------------------------------------------------------------


def _append(state: list[str], event: kt.Event) -> list[str]:
    state.append(event.kind)
    return state


def _clock(state: int, event: kt.Event) -> int:
    return state + int(time.time())


def _partial(state: int, event: Any) -> int:
    return state + len(event.holder)


def _hidden() -> Callable[[int, kt.Event], int]:
    numbers = iter(range(10**9))
    return lambda state, event: state + next(numbers)


class _Every:
    """Counts its own calls, two for each event, and so the second half differently."""

    __slots__ = ("calls",)

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, state: int, event: kt.Event) -> int:
        self.calls += 1
        return state + self.calls // 7


@pytest.mark.parametrize(
    ("step", "initial", "law"),
    [
        (_append, [], "given state"),
        (_clock, 0, "no clock, no chance"),
        (_partial, 0, "total"),
        (_hidden(), 0, "repeatable"),
    ],
)
def test_a_broken_step_is_caught_and_explained(step: Any, initial: Any, law: str) -> None:
    """And the state that was handed in is left as it was."""
    with pytest.raises(LawBroken) as caught:
        check_fold(step, initial)
    assert caught.value.law == law
    assert LAWS[law] in str(caught.value)
    assert initial in ([], 0)


def test_a_step_that_keeps_something_for_itself_cannot_go_on_from_a_snapshot() -> None:
    """It may repeat itself for a while; two runs over the same events differ."""
    with pytest.raises(LawBroken) as caught:
        check_fold(_Every(), 0)
    assert caught.value.law in ("split", "repeatable")


def test_an_honest_step_passes() -> None:
    """A new state each time."""
    assert check_fold(lambda seen, event: {**seen, event.kind: seen.get(event.kind, 0) + 1}, {}, examples=30) is None
    assert check_fold(lambda seen, event: (*seen, event.id), (), examples=30, seed=3) is None


# --- the module --------------------------------------------------------------------------------


def test_without_hypothesis_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """An extra that is missing is named."""
    for name in [name for name in sys.modules if name.startswith("kursk_timeline.testing")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "hypothesis", None)
    with pytest.raises(kt.MissingExtraError, match=r"kursk-timeline\[testing\]"):
        import kursk_timeline.testing  # noqa: F401


# --- replay, tried on whatever a log can hold ----------------------------------------------------


def everything(tl: kt.Timeline, **ask: Any) -> dict[str, Any]:
    return {str(key): tl.history(key, **ask).to_dict() for key in tl.keys()}  # noqa: SIM118 (no mapping)


@few
@given(testing.logs(7), st.sampled_from(["hold", "span"]), testing.days("2029-12-01", "2031-03-01"))
def test_the_bundled_answers_hang_together_on_every_log(log: list[kt.Event], gaps: Any, day: dt.date) -> None:
    """Bounds in order, steps that agree with the day asked about, and no value out of nothing."""
    tl = kt.Timeline(region="testland")
    tl.append(log)
    state = tl.state_at(day, gaps=gaps)
    for key, estimate in state.all_estimates().items():
        assert estimate == tl.history(key, gaps=gaps).at(day)
        assert estimate.counting
        if not estimate.measure.is_name:
            assert estimate.low <= estimate.best <= estimate.high
        steps = [s for s in tl.history(key, gaps=gaps).steps if s.first <= day and (s.last is None or day <= s.last)]
        assert [(s.low, s.best, s.high, s.certain, s.disputed, s.stale) for s in steps] == [
            (None, estimate.best, None, estimate.certain, estimate.disputed, estimate.stale)
            if estimate.measure.is_name
            else (estimate.low, estimate.best, estimate.high, estimate.certain, estimate.disputed, estimate.stale)
        ]
        for account in estimate.accounts.values():
            assert set(account.events) <= {event.id for event in tl.events()}
        assert repr(estimate)
    assert repr(state)


@few
@given(testing.logs(7), testing.days(max="2031-02-28"))
def test_what_was_known_is_what_a_log_of_the_known_says(log: list[kt.Event], day: dt.date) -> None:
    """`known_on` is a filter on the log and nothing more."""
    tl, then = kt.Timeline(), kt.Timeline()
    tl.append(log)
    then.append(standing(log, day))
    assert [e.id for e in tl.events(known_on=day)] == [e.id for e in then.events()]
    for key in then.keys():  # noqa: SIM118 (no mapping)
        assert tl.history(key, known_on=day).to_dict() == then.history(key).to_dict()


@few
@given(testing.logs(7))
def test_the_order_of_claimants_alone_never_matters_across_parties(log: list[kt.Event]) -> None:
    """Accounts are replayed alone: parties may be shuffled in the log as long as each keeps its own order."""
    claims = standing(log)
    by_party = sorted(claims, key=lambda event: event.party)
    one, other = kt.Timeline(), kt.Timeline()
    one.append(claims)
    other.append(by_party)
    for key in one.keys():  # noqa: SIM118 (no mapping)
        mine, theirs = one.history(key).to_dict(), other.history(key).to_dict()
        assert mine["steps"] == theirs["steps"]
        assert dict(mine["accounts"]) == dict(theirs["accounts"])
