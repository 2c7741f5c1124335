"""Events: what each kind takes and refuses, its canonical bytes, and last year's bytes that must still load."""

from __future__ import annotations

import copy
import datetime as dt
import hashlib
import json
import pickle
from pathlib import Path
from typing import Any, ClassVar

import attrs
import pytest
import rfc8785
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import kursk_timeline as kt
from kursk_timeline.events.base import KINDS, party_of
from kursk_timeline.events.codec import UPCASTERS, decode, from_json
from kursk_timeline.formats import jsonl
from kursk_timeline.text import name as proper_name
from made import INVENTED, common, held, retracted

STORED = Path(__file__).parent / "stored"
BUNDLED = {kind: cls for kind, cls in KINDS.items() if cls.__module__ == "kursk_timeline.events.kinds"}

# --- any event ---------------------------------------------------------------------------------

texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=30).filter(str.strip)
slugs = st.from_regex(r"[a-z0-9][a-z0-9._-]{0,8}(\+[a-z][a-z0-9-]{0,8})?", fullmatch=True)
paths = st.lists(slugs, min_size=1, max_size=3).map("/".join)
ids = st.from_regex(r"[0-9a-f]{64}", fullmatch=True)
days = st.dates(dt.date(2023, 1, 1), dt.date(2026, 12, 31))
sources = st.builds(kt.Source, texts, title=st.none() | texts, locator=st.none() | texts, wording=st.none() | texts)


def _is_name(value: str) -> bool:
    try:
        proper_name(value)
    except kt.InputError:
        return False
    return True


settlements = st.sampled_from(["Sudzha", "Суджа", "Nikolayevo-Daryino"]) | texts.filter(_is_name)


@st.composite
def quantities(draw: st.DrawFn, unit: str, *, signed: bool = False) -> kt.Quantity:
    """Any amount of a unit: exact, ranged or open, with or without its phrase."""
    least = -(10**12) if signed else 0
    low, best, high = sorted(draw(st.tuples(*[st.integers(least, 10**12)] * 3)))
    return kt.Quantity.from_base(
        None if signed and draw(st.booleans()) else low,
        best,
        None if draw(st.booleans()) else high,
        unit,
        draw(st.none() | texts),
    )


area, change = quantities("km2"), quantities("mi2", signed=True)
people, places, things = quantities("persons"), quantities("settlements"), quantities("items")
flags = st.booleans()
troops = {"force": slugs, "region": slugs, "troops": people}
roles = st.none() | texts
OWN: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "operation-launched": {"by": slugs, "region": slugs},
    "statement-made": {"about": st.none() | texts, "region": st.none() | slugs},
    "strikes-reported": {"by": slugs, "region": slugs, "count": st.none() | things},
    "territory-held": {"holder": slugs, "region": slugs, "area": area, "including_contested": flags},
    "territory-changed": {"holder": slugs, "region": slugs, "area": change, "including_contested": flags},
    "territory-contested": {"region": slugs, "area": area},
    "territory-peaked": {"holder": slugs, "region": slugs, "area": area},
    "territory-retaken": {"by": slugs, "region": slugs, "area": area, "cumulative": flags},
    "settlements-held": {"holder": slugs, "region": slugs, "count": places},
    "settlements-retaken": {"by": slugs, "region": slugs, "count": places, "cumulative": flags},
    "settlement-taken": {"settlement": settlements, "region": slugs, "by": slugs},
    "settlement-contested": {"settlement": settlements, "region": slugs},
    "force-present": troops,
    "force-peaked": troops,
    "force-deployed": {**troops, "role": roles, "cumulative": flags},
    "force-withdrawn": {**troops, "role": roles},
    "force-engaged": troops,
    "deployment-announced": {**troops, "role": roles},
    "losses-reported": {
        "force": slugs,
        "region": slugs,
        "killed": people,
        "wounded": st.none() | people,
        "captured": st.none() | people,
        "casualties": st.none() | people,
        "cumulative": flags,
    },
    "people-evacuated": {"region": slugs, "people": people},
    "corroborated": {"event": ids, "source": sources},
    "retracted": {"event": ids, "reason": texts},
    "superseded": {
        "event": ids.map(lambda one: "0" + one[1:]),
        "by": ids.map(lambda one: "1" + one[1:]),
        "reason": texts,
    },
}


@st.composite
def events(draw: st.DrawFn, kind: str | None = None) -> kt.Event:
    """An event of a kind, every optional field given or left out."""
    kind = kind or draw(st.sampled_from(sorted(OWN)))
    first, last = sorted(draw(st.tuples(days, days)))
    occurred = draw(
        st.sampled_from([f"{first}", f"{first}~", f"{first}?", f"{first:%Y-%m}", f"{first}/{last}", f"{first}/.."])
    )
    reported = draw(st.sampled_from([f"{last}", f"{last}%", f"{last:%Y-%m}", f"{first}/{last}", f"../{last}"]))
    fields: dict[str, Any] = {
        "occurred": occurred,
        "reported": reported,
        "claimant": draw(paths),
        "sources": draw(st.lists(sources, min_size=1, max_size=3)),
        "restated_until": draw(st.none() | st.just(last)),
        "grading": draw(st.none() | st.from_regex(r"[A-F][1-6]", fullmatch=True)),
        "note": draw(st.none() | texts),
    }
    if not BUNDLED[kind].is_claim:
        for optional in ("occurred", "sources", "restated_until"):
            if draw(st.booleans()):
                del fields[optional]
        if "occurred" not in fields and reported.startswith(".."):
            fields.pop("restated_until", None)  # without a first day nothing can be restated
    return BUNDLED[kind](**fields, **{name: draw(one) for name, one in OWN[kind].items()})


def test_every_bundled_kind_is_tried_here() -> None:
    """A kind added to the package gets its row in the table above."""
    assert OWN.keys() == BUNDLED.keys()
    for kind, cls in BUNDLED.items():
        assert cls.kind == kind
        assert set(OWN[kind]) == {f.name for f in attrs.fields(cls) if f.init} - {
            f.name for f in attrs.fields(kt.Event)
        }


@pytest.mark.parametrize("kind", sorted(OWN))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_an_event_survives_its_own_bytes(kind: str, data: st.DataObject) -> None:
    """Canonical bytes are RFC 8785, hash to the id, and read back to the same event, field for field."""
    event = data.draw(events(kind))
    assert event.canonical == rfc8785.dumps(event.to_json())
    assert event.id == hashlib.sha256(event.canonical).hexdigest()
    for again in (decode(event.canonical), from_json(event.to_json()), jsonl.parse_line(event.canonical.decode())):
        assert type(again) is type(event)
        assert again == event
        assert again.canonical == event.canonical
        for field in attrs.fields(type(event)):
            assert getattr(again, field.name) == getattr(event, field.name), field.name
        assert str(again.occurred) == str(event.occurred)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(event=events())
def test_events_are_equal_by_content_alone(event: kt.Event) -> None:
    """Copies, pickles and re-made events are the same event, with one hash; another note makes another event."""
    for same in (copy.copy(event), copy.deepcopy(event), pickle.loads(pickle.dumps(event)), attrs.evolve(event)):
        assert same == event
        assert hash(same) == hash(event)
        assert len({same, event}) == 1
    assert attrs.evolve(event, note="another note altogether") != event
    assert event != event.id
    assert event != object()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(event=events())
def test_fields_at_their_default_are_left_out_of_the_bytes(event: kt.Event) -> None:
    """A field that is added later, with a default, changes no old id."""
    raw = event.to_json()
    assert None not in raw.values()
    for field in attrs.fields(type(event)):
        if field.init and field.default is not attrs.NOTHING and not isinstance(field.default, attrs.Factory):
            assert (field.name in raw) == (getattr(event, field.name) != field.default), field.name


def test_left_out_and_given_at_the_default_are_the_same_event() -> None:
    """Saying a default aloud says nothing more."""
    plain = held("2024-08-06", "5 km2")
    assert held("2024-08-06", "5 km2", including_contested=False, note=None, grading=None, restated_until=None) == plain
    assert held("2024-08-06", "5 km2", including_contested=True).id != plain.id
    about = {"event": plain, "reason": "r", "reported": "2024-08-07", "claimant": "ukraine"}
    assert kt.Retracted(**about, occurred="2024-08-07").id == kt.Retracted(**about).id
    assert "occurred" not in kt.Retracted(**about).to_json()
    assert kt.Retracted(**about, occurred="2024-08-06").to_json()["occurred"] == "2024-08-06"


def test_an_amount_counts_by_what_is_stored_not_by_its_python_type() -> None:
    """100, 100.0 and the text "100" are one headcount, and one event."""
    made = [kt.ForcePresent(force="russia", region="kursk", troops=n, **common("2024-08-06")) for n in (100, 100.0)]
    assert made[0].id == made[1].id


# --- frozen ------------------------------------------------------------------------------------


@pytest.mark.parametrize("field", ["area", "occurred", "claimant", "note", "sources", "newfangled"])
def test_an_event_cannot_be_changed(field: str) -> None:
    """Neither an old attribute nor a new one can be set or deleted."""
    event = held("2024-08-06", "5 km2")
    before = event.canonical
    with pytest.raises(AttributeError):
        setattr(event, field, "2024-08-07")
    with pytest.raises(AttributeError):
        delattr(event, field)
    assert event.canonical == before


def test_the_sources_of_an_event_are_its_own() -> None:
    """Changing the list or dict that was handed in changes no event."""
    listed = [kt.Source("a")]
    event = kt.StatementMade(**{**common("2024-08-06"), "sources": listed})
    listed.append(kt.Source("b"))
    assert event.sources == (kt.Source("a"),)
    raw = event.to_json()
    raw["sources"][0]["publisher"] = "someone else"
    raw["note"] = "smuggled"
    assert event.to_json()["sources"] == [{"publisher": "a"}]
    assert event.note is None


# --- two times ---------------------------------------------------------------------------------


def test_what_lies_after_the_report_is_cut_off() -> None:
    """`window` ends with the last day of the report; `occurred` is kept as it was written."""
    event = held("2024-08", "5 km2", reported="2024-08-10")
    assert str(event.occurred) == "2024-08"
    assert (event.window.earliest, event.window.latest) == (dt.date(2024, 8, 1), dt.date(2024, 8, 10))
    open_ended = held("2024-08-06/..", "5 km2", reported="2024-08")
    assert (open_ended.window.earliest, open_ended.window.latest) == (dt.date(2024, 8, 6), dt.date(2024, 8, 31))
    exact = held("2024-08-06", "5 km2", reported="2024-08-07")
    assert exact.window == exact.occurred


def test_an_announcement_may_lie_after_its_report() -> None:
    """What is only foretold is neither cut off nor refused."""
    troops = {"force": "north-korea", "region": "kursk", "troops": "1,000"}
    event = kt.DeploymentAnnounced(**troops, **common("2025-07/2025-08", reported="2025-06-17"))
    assert event.window == event.occurred
    with pytest.raises(kt.EventError, match="lies wholly after"):
        kt.ForceDeployed(**troops, **common("2025-07/2025-08", reported="2025-06-17"))


@pytest.mark.parametrize(
    ("occurred", "reported"), [("2024-08-07", "2024-08-06"), ("2025", "2024"), ("2024-08-10~", "2024-08-06")]
)
def test_nothing_is_reported_before_it_happens(occurred: str, reported: str) -> None:
    """An event wholly after its report is refused, and the field named."""
    with pytest.raises(kt.EventError, match="lies wholly after") as caught:
        held(occurred, "5 km2", reported=reported)
    assert (caught.value.kind, caught.value.field) == ("TerritoryHeld", "occurred")


def test_an_event_may_happen_on_the_last_day_of_its_report() -> None:
    """The day of the report is no day too late, and a widened date may reach into it."""
    assert held("2024-08-31", "5 km2", reported="2024-08").window.is_day
    assert held("2024-08-10~", "5 km2", reported="2024-08-07").window.is_day


@pytest.mark.parametrize("occurred", ["../2024-08-06", "/2024-08-06", "[..2024-08-06]", "../.."])
def test_a_claim_needs_a_first_day(occurred: str) -> None:
    """A window without a start is refused for every claim."""
    with pytest.raises(kt.EventError, match="no start") as caught:
        held(occurred, "5 km2", reported="2024-08-06")
    assert caught.value.field == "occurred"


@pytest.mark.parametrize("reported", ["2024-08-06/..", "2024-08-06/", "../..", "[2024-08-06..]"])
def test_a_report_needs_a_last_day(reported: str) -> None:
    """Without one nobody could say from when on it was known; so of claims, and of events about events."""
    with pytest.raises(kt.EventError, match="no end") as claim:
        held("2024-08-06", "5 km2", reported=reported)
    with pytest.raises(kt.EventError, match="no end") as about:
        kt.Retracted(event="0" * 64, reason="r", reported=reported, claimant="ukraine")
    assert claim.value.field == about.value.field == "reported"


def test_a_restatement_is_not_before_the_event() -> None:
    """`restated_until` is one sure day, from the first day of the event on."""
    assert held("2024-08-06", "5 km2", restated_until="2024-08-06").restated_until == dt.date(2024, 8, 6)
    for bad in ("2024-08-05", "2024-08", "2024-08-09?", "soon"):
        with pytest.raises(kt.EventError) as caught:
            held("2024-08-06", "5 km2", restated_until=bad)
        assert caught.value.field == "restated_until"


def test_instants_become_days_in_moscow() -> None:
    """Half past ten in the evening, UTC, is the next day in Kursk."""
    late = dt.datetime(2024, 8, 6, 22, 30, tzinfo=dt.timezone.utc)
    event = kt.StatementMade(occurred=late, reported="2024-08-06T22:30:00Z", claimant="ukraine", sources="x")
    assert (str(event.occurred), str(event.reported)) == ("2024-08-07", "2024-08-07")
    assert event.to_json()["occurred"] == "2024-08-07"


# --- claimants, gradings, sources --------------------------------------------------------------


@pytest.mark.parametrize(
    ("claimant", "party"),
    [
        ("ukraine", "ukraine"),
        ("ukraine/syrsky", "ukraine"),
        ("russia/mod/briefing", "russia"),
        ("western-officials", "western-officials"),
        ("press/bbc", "press/bbc"),
        ("press/bbc/verify", "press/bbc"),
        ("press", "press"),
        ("pressing/bbc", "pressing"),
        ("press+tv/bbc", "press+tv"),
    ],
)
def test_each_outlet_is_a_party_of_its_own(claimant: str, party: str) -> None:
    """The party is the first segment of the path, of the press the first two."""
    event = held("2024-08-06", "5 km2", claimant)
    assert event.claimant == claimant
    assert event.party == party == party_of(claimant)


@pytest.mark.parametrize(
    "claimant",
    ["", " ", "Ukraine", "ukraine/", "/ukraine", "ukraine//syrsky", "ukraine syrsky", "укр", "ukr\u0430ine",
    "ukraine\n",
     "ukraine\\mod", "-ukraine", "../etc", "a+", "+a", "a++b", "x" * 101, "a/" * 300 + "a", None, 5, b"ukraine",
     ["ukraine"]],
)  # fmt: skip
def test_a_claimant_is_a_path_of_plain_names(claimant: Any) -> None:
    """Anything else, look-alike letters too, is refused by name."""
    with pytest.raises(kt.EventError) as caught:
        kt.StatementMade(**{**common("2024-08-06"), "claimant": claimant})
    assert caught.value.field == "claimant"


def test_gradings_are_the_admiralty_code() -> None:
    """All 36 and no others."""
    for letter in "ABCDEF":
        for digit in "123456":
            assert held("2024-08-06", "5 km2", grading=letter + digit).grading == letter + digit
    for bad in ("", "A", "A0", "A7", "G1", "a1", "1A", "A1 ", "A11", "A١", 5, True, "A1\n", ["A1"]):
        with pytest.raises(kt.EventError) as caught:
            held("2024-08-06", "5 km2", grading=bad)
        assert caught.value.field == "grading"


def test_sources_come_one_or_several() -> None:
    """A publisher's name, a Source, its JSON form, or any iterable of these; the same place twice counts once."""
    a, b = kt.Source("a"), kt.Source("b", wording="w")
    for given_, taken in (
        ("a", (a,)),
        (a, (a,)),
        ({"publisher": "a"}, (a,)),
        ([a, b], (a, b)),
        ((b, a), (b, a)),
        (["a", {"publisher": "b", "wording": "w"}, a, "a"], (a, b)),
        (iter([a, b]), (a, b)),
    ):
        assert kt.StatementMade(**{**common("2024-08-06"), "sources": given_}).sources == taken


def test_sources_in_another_order_make_another_event() -> None:
    """Order is content: the first source is the one that lists show."""
    one = kt.StatementMade(**{**common("2024-08-06"), "sources": ["a", "b"]})
    other = kt.StatementMade(**{**common("2024-08-06"), "sources": ["b", "a"]})
    assert one != other


@pytest.mark.parametrize("bad", [[], (), None, 5, "", " ", [""], [None], [5], {}, {"title": "t"}, {"publisher": "a",
"url": "u"},
                                 {"publisher": 5}, b"a", object(), "a\0", "\ud800"])  # fmt: skip
def test_what_is_no_source_is_refused(bad: Any) -> None:
    """A claim has at least one place where it was read, with a publisher."""
    with pytest.raises(kt.EventError, match=r"sources|publisher"):
        kt.StatementMade(**{**common("2024-08-06"), "sources": bad})


def test_an_event_about_an_event_takes_it_or_its_id() -> None:
    """The event itself and its 64 digits mean the same; the short form is refused."""
    event = held("2024-08-06", "5 km2")
    assert retracted(event).event == event.id
    assert kt.Retracted(event=event.id, reason="a mistake", reported="2025-01-01", claimant="ukraine") == retracted(
        event
    )
    assert kt.Corroborated(event=event, source="b", reported="2025-01-01", claimant="ukraine").source == kt.Source("b")
    for bad in (event.id[:12], event.id.upper(), "", None, 5, "g" * 64, "1" * 65):
        with pytest.raises(kt.EventError) as caught:
            kt.Retracted(event=bad, reason="r", reported="2025-01-01", claimant="ukraine")
        assert caught.value.field == "event"


def test_an_event_cannot_supersede_itself() -> None:
    """That is a retraction, and the message says so."""
    event = held("2024-08-06", "5 km2")
    with pytest.raises(kt.EventError, match="Retracted") as caught:
        kt.Superseded(event=event, by=event, reason="r", reported="2025-01-01", claimant="ukraine")
    assert caught.value.field == "by"


def test_losses_name_at_least_one_figure() -> None:
    """A report of no losses at all says nothing; zero of one kind does."""
    fields = {"force": "russia", "region": "kursk", "cumulative": True, **common("2024-08-06")}
    with pytest.raises(kt.EventError, match="at least one"):
        kt.LossesReported(**fields)
    assert kt.LossesReported(**fields, killed="none").killed == kt.Quantity.parse("none", "persons")


def test_a_kind_of_your_own_keeps_moments_and_what_it_works_out(tmp_path: Path) -> None:
    """A moment is written with its time; a field that is computed is there on an event that comes from a log."""

    @kt.register
    @attrs.frozen(kw_only=True, eq=False, repr=False)
    class SignalHeard(kt.Event):
        kind: ClassVar[str] = "invented-signal-heard"
        at: dt.datetime = attrs.field(converter=lambda v: dt.datetime.fromisoformat(v) if isinstance(v, str) else v)
        hour: int = attrs.field(init=False)

        def __attrs_post_init__(self) -> None:
            kt.Event.__attrs_post_init__(self)
            object.__setattr__(self, "hour", self.at.hour)

    event = SignalHeard(at=dt.datetime(2030, 1, 1, 12, 30), **common("2030-01-01"))  # noqa: DTZ001
    assert b'"at":"2030-01-01T12:30:00"' in event.canonical
    with kt.Timeline.open(tmp_path / "log.db") as timeline:
        timeline.append(event)
    with kt.Timeline.open(tmp_path / "log.db") as timeline:
        assert (timeline.log[1].event.hour, timeline.log[1].event.at) == (12, event.at)
    KINDS.pop("invented-signal-heard")


def test_a_kind_of_your_own_is_stored_and_read_back() -> None:
    """A registered kind goes through the codec like a bundled one; its name cannot be taken twice."""

    @attrs.frozen(kw_only=True, eq=False, repr=False)
    class BridgeBlown(kt.Event):
        kind = "test-bridge-blown"
        river: str

    try:
        assert kt.register(BridgeBlown) is BridgeBlown
        event = BridgeBlown(river="Seim", **common("2024-08-16"))
        assert decode(event.canonical) == event

        class Twin(kt.Event):
            kind = "test-bridge-blown"

        with pytest.raises(kt.InputError, match="there already"):
            kt.register(Twin)
        assert type(decode(event.canonical)) is BridgeBlown
    finally:
        KINDS.pop("test-bridge-blown", None)


# --- reading what others wrote -----------------------------------------------------------------


def raw(**other: Any) -> dict[str, Any]:
    """A good event in plain JSON, with some fields replaced; None drops one."""
    good = {**held("2024-08-06", "about 5 km2").to_json(), **other}
    return {k: v for k, v in good.items() if v is not None}


@pytest.mark.parametrize(
    ("given_", "error", "says"),
    [
        (raw(kind="territory-hold"), kt.UnknownKindError, "territory-hold"),
        (raw(kind=""), kt.UnknownKindError, "kind"),
        (raw(kind=5), kt.UnknownKindError, "kind"),
        (raw(kind=["territory-held"]), kt.UnknownKindError, "kind"),
        (raw(kind=None), kt.UnknownKindError, "'kind' is missing"),
        (raw(v=None), kt.DecodeError, "'v'"),
        (raw(v=0), kt.DecodeError, "'v'"),
        (raw(v=-1), kt.DecodeError, "'v'"),
        (raw(v=True), kt.DecodeError, "'v'"),
        (raw(v="1"), kt.DecodeError, "'v'"),
        (raw(v=1.0), kt.DecodeError, "'v'"),
        (raw(v=2), kt.NewerVersionError, "version 2"),
        (raw(v=10**16), kt.NewerVersionError, "Upgrade"),
        (raw(colour="red"), kt.DecodeError, "'colour'"),
        (raw(_stored="x"), kt.DecodeError, "'_stored'"),
        (raw(stored="x"), kt.DecodeError, "'stored'"),
        (raw(area=None), kt.DecodeError, "'area'"),
        (raw(occurred=None), kt.DecodeError, "'occurred'"),
        (raw(sources=None), kt.DecodeError, "'sources'"),
        (raw(area="5 persons"), kt.DecodeError, "'area'"),
        (raw(area="-5 km2"), kt.DecodeError, "'area'"),
        (raw(area=5), kt.DecodeError, "'area'"),
        (raw(area=True), kt.DecodeError, "'area'"),
        (raw(area=[]), kt.DecodeError, "'area'"),
        (raw(area={"low": 1}), kt.DecodeError, "'area'"),
        (raw(area={"low": 2, "best": 1, "high": 3, "unit": "km2"}), kt.DecodeError, "'area'"),
        (raw(area={"low": 1, "best": 1, "high": 1, "unit": "km2", "best_guess": 1}), kt.DecodeError, "best_guess"),
        (raw(area={"low": 1, "best": 1, "high": 1, "unit": "km2", "base": "persons"}), kt.DecodeError, "'area'"),
        (raw(area={"low": 1, "best": 1, "high": 1, "unit": ["km2"]}), kt.DecodeError, "'area'"),
        (raw(area={"low": 1, "best": 1, "high": 2**53, "unit": "km2", "base": "m2"}), kt.DecodeError, "'area'"),
        (raw(including_contested="yes"), kt.DecodeError, "'including_contested'"),
        (raw(including_contested=1), kt.DecodeError, "'including_contested'"),
        (raw(holder="Ukraine"), kt.DecodeError, "'holder'"),
        (raw(holder=None), kt.DecodeError, "'holder'"),
        (raw(region=["kursk"]), kt.DecodeError, "'region'"),
        (raw(occurred="yesterday"), kt.DecodeError, "'occurred'"),
        (raw(reported=20240806), kt.DecodeError, "'reported'"),
        (raw(sources=[]), kt.DecodeError, "'sources'"),
        (raw(sources=[{"publisher": "a", "isbn": "1"}]), kt.DecodeError, "isbn"),
        (raw(sources=[{"publisher": ""}]), kt.DecodeError, "publisher"),
        (raw(note=""), kt.DecodeError, "'note'"),
        (raw(note="x" * 10_001), kt.DecodeError, "'note'"),
        (raw(grading="Z9"), kt.DecodeError, "'grading'"),
        (raw(restated_until="2024-08"), kt.DecodeError, "'restated_until'"),
    ],
)  # fmt: skip
def test_a_fault_is_named_by_its_field(given_: dict[str, Any], error: type[kt.DecodeError], says: str) -> None:
    """The message says kind and field, and the class says whether an upgrade would help."""
    with pytest.raises(error) as caught:
        from_json(given_)
    assert says in str(caught.value)
    assert type(caught.value) is error


@pytest.mark.parametrize("given_", [None, 5, "x", [], [["kind", "territory-held"]], True, b"{}"])
def test_an_event_is_an_object(given_: Any) -> None:
    """Nothing else is taken for one."""
    with pytest.raises(kt.DecodeError, match="JSON object"):
        from_json(given_)


def test_what_is_read_may_be_changed_by_its_owner() -> None:
    """Reading neither changes nor keeps the dict that was read."""
    given_ = raw()
    before = json.dumps(given_)
    event = from_json(given_)
    assert json.dumps(given_) == before
    bytes_before = event.canonical
    given_["sources"][0]["publisher"] = given_["area"]["unit"] = "other"
    assert attrs.evolve(event).canonical == bytes_before


# --- last year's bytes -------------------------------------------------------------------------

V1_IDS = [
    "c9fa2744d27ac31b6e078c9d3fd95a77db2b812c84bee5459087b76034c29d11",
    "096f53c95616df74d35c03891df5fb076b7f456ed8f77da94b9829c6df32d816",
]
"""The ids of `stored/losses-reported-v1.jsonl`: SHA-256 of the bytes of version 1."""


def test_losses_of_version_1_load_today_under_their_old_ids() -> None:
    """The shape with `prisoners` and `total` reads as today's, keeps bytes and id, and is written back as it was."""
    stored = (STORED / "losses-reported-v1.jsonl").read_bytes()
    read = list(jsonl.read(STORED / "losses-reported-v1.jsonl"))
    assert b"".join(jsonl.lines(read)) == stored
    assert [event.id for event in read] == V1_IDS
    assert [hashlib.sha256(line).hexdigest() for line in stored.splitlines()] == V1_IDS
    assert all(type(event) is kt.LossesReported for event in read)
    total, one_day = read
    assert (total.cumulative, total.captured, total.killed) == (True, kt.Quantity.parse("594 soldiers"), None)
    assert (one_day.cumulative, one_day.captured) == (False, kt.Quantity.parse("about 20 soldiers"))
    assert one_day.killed == kt.Quantity.parse("over 100 soldiers")


def test_losses_of_version_1_count_in_a_state_and_survive_a_log(tmp_path: Path) -> None:
    """An old event is an event like any other: stored, read again, counted, and not taken for a new one."""
    read = list(jsonl.read(STORED / "losses-reported-v1.jsonl"))
    with kt.Timeline.open(tmp_path / "old.db") as timeline:
        timeline.append(read)
        assert timeline.append(read).added == ()
    with kt.Timeline.open(tmp_path / "old.db") as timeline:
        assert [record.event.id for record in timeline.log] == V1_IDS
        captured = timeline.state_at("2024-09-01").forces["russia"].captured
        assert captured is not None
        assert captured.low >= 594


def test_an_old_event_made_anew_is_a_new_one() -> None:
    """Only what was read keeps old bytes: a changed copy is of today's shape."""
    old = next(iter(jsonl.read(STORED / "losses-reported-v1.jsonl")))
    assert b'"v":1' in old.canonical
    changed = attrs.evolve(old, note="changed")
    assert b'"v":2' in changed.canonical
    assert changed.id != old.id
    for same in (copy.deepcopy(old), pickle.loads(pickle.dumps(old))):
        assert (same.id, same.canonical) == (old.id, old.canonical)


def test_every_older_version_has_its_step() -> None:
    """From version 1 to today's no step is missing, and none is there without need."""
    needed = {(kind, version) for kind, cls in BUNDLED.items() for version in range(1, cls.version)}
    assert set(UPCASTERS) == needed


@pytest.mark.parametrize("clash", [{"captured": 6}, {"cumulative": False}])
def test_an_old_shape_that_says_a_thing_twice_is_refused(clash: dict[str, Any]) -> None:
    """Old and new name of one field in one event: neither figure is dropped in silence."""
    old = json.loads((STORED / "losses-reported-v1.jsonl").read_text().splitlines()[0])
    with pytest.raises(kt.DecodeError):
        from_json({**old, **clash})


KIND_IDS = [
    ("operation-launched", "cdb8520cbce85416a2bb27f3ddb47aadab4c21dc8d96dbd93f2233fa9e541a06"),
    ("statement-made", "2b89f5c236bd3ad01d1cd862fc50f3472f187fad47aab24474381cdb2454683c"),
    ("strikes-reported", "ffb12eb32c7d3c3ba14810c3db21621b0245ed14e16aeb5c3342b967855f1955"),
    ("territory-held", "340d81aab241707500ba07842e9b0a5ffc4e1b9c0712b7c8c0e2732727cbd7a6"),
    ("territory-held", "70fa46119caac7f081cc003b239ee893f8aeda2311638fc8bbfa7c1aadfdf773"),
    ("territory-changed", "db59e38682ad2ea9da85b98fe406308881e19272e18f2f3be9f5839275f3062b"),
    ("territory-contested", "bd112b1c05ef05959ed3e0c6e362830f59e762f67e9e3ba98df85ecd6bbbd351"),
    ("territory-peaked", "61859697ceab82bc20609546bcacfc29308e920574f8a35fdc51002add648fa4"),
    ("territory-retaken", "b77f54d8346894bd57dc8b6e7a37f24db4e521c33b41bc42420be055f80064c0"),
    ("settlements-held", "746a38e79fc5b1f60fa6af8b2ce82fe70aaee753a9457aa55f2ec8bf28aade29"),
    ("settlements-retaken", "967fda3213189307111848b4fb0218e8ee44429aaabc5a27efbe123a3022f608"),
    ("settlement-taken", "052d42341438518f4746a5a3fd6347c65d0f603aeddff688281dac0808785227"),
    ("settlement-contested", "a202a3cea1d46dcb052c3dc20c3743b845ebc5c2c2010759d557f59424030f32"),
    ("force-present", "2fb497e3b3af4bfd6321a6b3908ef560aaf31db8722ef5f31ad44be9e74a75e3"),
    ("force-peaked", "26902c1c21a233e0ea2161faee45c2f48a7a05cf9f4fe34d52deb65adea46bcb"),
    ("force-deployed", "3b908c3eaabb747d6bc865e4890052ccf3b4ea4c6ff07ef845b73ee178d4ea57"),
    ("force-withdrawn", "ad231738edda722aa1092b1934c8bdf8a0445158de31efefb9ea5d657066b849"),
    ("force-engaged", "c7c94a5c578d42e24886e7fc480622388bbde6db69f888a0b1296582122ca783"),
    ("deployment-announced", "37649ca908f3579254054a0a884118b116a49fd9d8904093aaf09331b204804e"),
    ("losses-reported", "8799113a445d34c7c955e6b5e1878502cc5dcd08f80a61577b0750af0007c656"),
    ("people-evacuated", "64637936f15bb496e1a89a9e71f4fa4d704c3e412c79c22c25f8d49401ffb21d"),
    ("corroborated", "e930d25c78a2c4e7d1f1133e9e87c1667369a7221a67fb1b7e63fb54eca9c671"),
    ("retracted", "577d73d717d242481aebe906239ad3be6203d47cfd39304d3ea2b24c4e3dd246"),
    ("superseded", "7e5fee322642f93dc03af337c9cbc6701fd4a889ef3dc4aac5c859e2b02849cd"),
]
"""The ids of `stored/all-kinds-v0.1.0.jsonl`, in order: what release 0.1.0 wrote for one event of every kind."""


def test_events_of_every_kind_written_by_0_1_0_load_under_their_ids() -> None:
    """The stored file holds every kind that release had; each line reads back to its id and its own bytes."""
    stored = (STORED / "all-kinds-v0.1.0.jsonl").read_bytes()
    read = list(jsonl.read(STORED / "all-kinds-v0.1.0.jsonl"))
    assert [(event.kind, event.id) for event in read] == KIND_IDS
    assert b"".join(jsonl.lines(read)) == stored
    assert all("invented" in (event.note or "") for event in read)


def test_the_stored_events_make_a_timeline() -> None:
    """They can be appended in their order and asked."""
    timeline = kt.Timeline()
    timeline.append(jsonl.read(STORED / "all-kinds-v0.1.0.jsonl"))
    assert len(timeline) == len(KIND_IDS)
    assert timeline.state_at("2025-06-22").estimates


def test_the_invented_source_says_so() -> None:
    """Nothing made up for a test can pass for a fact."""
    assert "invented" in (INVENTED.wording or "").lower() + INVENTED.publisher.lower()
