"""Events told in bulk: what is told is what the careful way takes in the same bytes; for the rest nothing changes."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any, ClassVar

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

import kursk_timeline as kt
from kursk_timeline.events import checked, codec, kinds
from kursk_timeline.events.base import KINDS, Event, is_unread, naming_the_field, register
from kursk_timeline.events.built import unread
from kursk_timeline.events.canonical import encode
from kursk_timeline.formats import jsonl
from kursk_timeline.testing.strategies import events, logs
from made import common, held, present, retracted

# --- the careful way ---------------------------------------------------------------------------


def whole(body: bytes) -> type[Event] | None:
    """The kind of an event whose own bytes these are, told by reading it and building it anew; None for all else."""
    try:
        event = codec.decode(body)
        parsed = jsonl.parse_line(body.decode())
    except (kt.DecodeError, UnicodeDecodeError):
        return None
    same = encode(event.to_json()) == body == event.canonical == parsed.canonical
    return type(event) if same else None


def forget() -> None:
    """Begin anew, with nothing remembered."""
    checked._checker.cache_clear()


@pytest.fixture
def careful_reads(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The bytes that the checker reads the careful way, from nothing remembered on."""
    forget()
    found: list[bytes] = []
    read = checked._read

    def counted(body: bytes) -> Event | None:
        found.append(body)
        return read(body)

    monkeypatch.setattr(checked, "_read", counted)
    return found


# --- bytes that are nearly events --------------------------------------------------------------

ODD: list[Any] = [
    None, True, False, 0, 1, 2, -1, 1.0, 1.5, 2**53 - 1, 2**53, -(2**53), 10**17, 10**30, "", " ", "\n", "\u2028",
    "\u00a0",
    "a\0b", "\0", "x", "X", "x" * 1_000, "x" * 1_001, "x" * 10_000, "x" * 10_001, "𝒳" * 1_000, "a\u0301", "é", "1",
    "true",
    "2030-01-01", "2030-06-01", "2030-12-31", "2030-01", "2030", "203X", "2030-21", "2030-01-01~", "2030-01-01?",
    "2030-01-01/2030-01-01", "2030-01-01/..", "../2030-01-01", "..", "[2030-01-01..2030-02-01]", "2030-01-01T10:00:00Z",
    "2030-01-01T23:59:59-11:00", " 2030-01-01", "2030-1-1", "20300101", "9999-12-31~", "now", "2030-02-30", "-0001",
    "km2", "sq km", "mi2", "m2", "persons", "Persons", "people", "items", "settlements", "acres", "A1", "F6", "G1",
    "A7", "a1",
    "B2 ", "blue", "red+blue", "blue/staff", "Blue", "blue/", "/", "-", "90 km2", "about 90", "0" * 64, [], [[]], {},
    [{}],
    [{"publisher": "x"}], [{"publisher": "x"}, {"publisher": "x"}], [{"publisher": "x"}, {"publisher": "y"}], ["x"],
    {"publisher": "x"}, [{"publisher": " "}], [{"publisher": "x", "title": None}], [{"publisher": "x", "title": ""}],
    [{"publisher": "x", "locator": "a\0"}], [{"publisher": "x", "wording": "w" * 10_001}], [{"publisher": 1}],
    {"unit": "km2", "base": "m2", "low": 0, "best": 1, "high": 2}, {"unit": "persons", "base": "persons", "low": 0,
    "best": 0,
    "high": None}, {"unit": "km2", "low": 0, "best": 1, "high": 2},
]  # fmt: skip

odd = st.sampled_from(ODD).map(deepcopy)  # a second change may go into what the first one put there

NAMES = sorted({name for cls in KINDS.values() for name in attrs.fields_dict(cls)} - {"_stored"})


def _spots(raw: Any) -> list[tuple[Any, Any]]:
    """Every place in some JSON that can be written to: a container and a key."""
    inner = list(raw.items()) if isinstance(raw, dict) else list(enumerate(raw)) if isinstance(raw, list) else []
    return [(raw, key) for key, _ in inner] + [spot for _, value in inner for spot in _spots(value)]


def change(draw: Callable[[st.SearchStrategy[Any]], Any], raw: dict[str, Any]) -> None:
    """Change one thing in the JSON of an event."""
    spots = _spots(raw)
    holder, key = draw(st.sampled_from(spots))
    numbers = [(h, k) for h, k in spots if type(h[k]) is int or (h[k] is None and k in ("low", "high"))]
    changes = ["set", "set", "set", "drop", "add", "copy", "twice", "as text"]
    match draw(st.sampled_from([*changes, "number"] if numbers else changes)):
        case "set":
            holder[key] = draw(odd)
        case "number":
            holder, key = draw(st.sampled_from(numbers))
            near = st.integers(-3, 3).map(lambda more: (holder[key] or 0) + more)
            holder[key] = draw(near | st.integers() | st.sampled_from([None, 2**53 - 1, 1 - 2**53, 2**53]))
        case "drop":
            del holder[key]
        case "add":
            raw[draw(st.sampled_from([*NAMES, "x", "v", "kind"]))] = draw(odd)
        case "copy":
            other, name = draw(st.sampled_from(spots))
            holder[key] = json.loads(json.dumps(other[name]))
        case "twice":
            if isinstance(raw.get("sources"), list):
                raw["sources"] = [*raw["sources"], *raw["sources"]]
        case "as text":
            holder[key] = str(holder[key])


def respell(draw: Callable[[st.SearchStrategy[Any]], Any], body: bytes) -> bytes:
    """Write the same, or nearly the same, in other bytes."""
    at = draw(st.integers(0, max(0, len(body) - 1)))
    some = body[at : at + 1]
    match draw(
        st.sampled_from(["blank", "escape", "key twice", "order", "dumps", "byte", "cut", "tail", "number", "null"])
    ):
        case "blank":
            return body[:at] + draw(st.sampled_from([b" ", b"\t", b"\n", b"\r", b"\xef\xbb\xbf", b"\0"])) + body[at:]
        case "escape":
            return body[:at] + (b"\\u%04x" % some[0] if some.isalnum() else b"\\/") + body[at + 1 :]
        case "key twice":
            keys = sorted(json.loads(body))
            key = draw(st.sampled_from(keys))
            value = draw(st.sampled_from([json.loads(body)[key], *ODD]))
            return b"{%s:%s,%s" % (json.dumps(key).encode(), encode(value), body[1:])
        case "order":
            items = draw(st.permutations(list(json.loads(body).items())))
            return json.dumps(dict(items), separators=(",", ":"), ensure_ascii=False).encode()
        case "dumps":
            return json.dumps(json.loads(body), sort_keys=True, separators=(",", ":")).encode()
        case "byte":
            return body[:at] + bytes([draw(st.integers(0, 255))]) + body[at + 1 :]
        case "cut":
            return body[:at]
        case "tail":
            return body + draw(st.sampled_from([b" ", b"\n", b"{}", b"null", b"\n" + body, body, b"\r"]))
        case "number":
            return body.replace(
                b":1,", draw(st.sampled_from([b":1.0,", b":1e0,", b":01,", b":true,", b':"1",', b":-0,"])), 1
            )
        case _:
            return body[:-1] + draw(
                st.sampled_from([b',"zz":null}', b',"v":1}', b',"including_contested":false}', b',"note":null}'])
            )


@st.composite
def nearly(draw: Any, body: bytes) -> bytes:
    """Bytes like those of an event, once to thrice changed."""
    raw = json.loads(body)
    for _ in range(draw(st.integers(0, 2))):
        if _spots(raw):
            change(draw, raw)
    try:
        found = encode(raw)
    except Exception:  # what cannot be written at all
        return b"{"
    if draw(st.booleans()):
        try:
            found = respell(draw, found)
        except (ValueError, TypeError, IndexError, UnicodeError):
            return found
    return found


# --- what is told ------------------------------------------------------------------------------


@given(st.data())
def test_what_is_told_is_what_the_careful_way_takes_in_the_same_bytes(data: st.DataObject) -> None:
    """Whatever the bytes, in whatever company, and whatever is remembered: told events are whole."""
    good = [event.canonical for event in data.draw(st.lists(events(), min_size=1, max_size=3))]
    bodies = [*good]
    for body in good:
        bodies += data.draw(st.lists(nearly(body), min_size=1, max_size=4))
    bodies = data.draw(st.permutations([*bodies, *good]))
    if data.draw(st.booleans()):
        forget()
    for _ in range(2):
        for body, kind in zip(bodies, checked.kinds_of(bodies), strict=True):
            if kind is not None:
                assert kind is whole(body), body
            assert kind is not None or body not in good or len(body) > 10_000


@given(logs(6), st.booleans())
def test_alone_or_together_is_the_same(log: list[Event], anew: bool) -> None:
    """Every claim of a bundled kind is told, by itself as among others; of events about events nothing is said."""
    if anew:
        forget()
    bodies = [event.canonical for event in log]
    together = checked.kinds_of(bodies)
    assert together == [kind for body in bodies for kind in checked.kinds_of([body])]
    assert together == [type(event) if event.is_claim else None for event in log]


GOOD = kt.TerritoryHeld(
    holder="ukraine",
    region="kursk",
    area=kt.Quantity(low=80, best=90, high=100, unit="km2", phrase="about 90"),
    note="a note",
    grading="B2",
    restated_until="2030-02-01",
    **{
        **common("2030-01-10", reported="2030-01-12"),
        "sources": [{"publisher": "A"}, {"publisher": "B", "title": "T"}],
    },
)


def _set(*path: Any, to: Any) -> Callable[[dict[str, Any]], None]:
    def changed(raw: dict[str, Any]) -> None:
        holder: Any = raw
        for key in path[:-1]:
            holder = holder[key]
        holder[path[-1]] = to

    return changed


NOT_WHOLE: dict[str, Callable[[dict[str, Any]], None]] = {
    "version 0": _set("v", to=0), "version 2": _set("v", to=2), "version as text": _set("v", to="1"),
    "version true": _set("v", to=True), "version 1.0": _set("v", to=1.0), "no version": lambda raw: raw.pop("v"),
    "no kind": lambda raw: raw.pop("kind"), "unknown kind": _set("kind", to="x"), "unknown field": _set("x", to=1),
    "no holder": lambda raw: raw.pop("holder"), "null holder": _set("holder", to=None), "bad slug": _set("region",
    to="Kursk"),
    "false spelled out": _set("including_contested", to=False), "flag 1": _set("including_contested", to=1),
    "note null": _set("note", to=None), "note blank": _set("note", to=" \u00a0"), "note empty": _set("note", to=""),
    "note NUL": _set("note", to="a\0b"), "note too long": _set("note", to="x" * 10_001),
    "note a number": _set("note", to=1),
    "grading": _set("grading", to="B7"), "grading null": _set("grading", to=None), "claimant": _set("claimant",
    to="Kyiv"),
    "no source": _set("sources", to=[]), "sources null": _set("sources", to=None), "source a text": _set("sources",
    to=["A"]),
    "one source": _set("sources", to={"publisher": "A"}), "source twice": _set("sources", 1, to={"publisher": "A"}),
    "title null": _set("sources", 0, "title", to=None), "title blank": _set("sources", 0, "title", to="\u2003"),
    "publisher empty": _set("sources", 0, "publisher", to=""), "source field": _set("sources", 0, "x", to="y"),
    "wording too long": _set("sources", 0, "wording", to="x" * 10_001), "locator NUL": _set("sources", 1, "locator",
    to="\0"),
    "moment": _set("occurred", to="2030-01-10T10:00:00Z"), "no start": _set("occurred", to="../2030-01-10"),
    "after report": _set("occurred", to="2030-01-13"), "open report": _set("reported", to="2030-01-12/.."),
    "no date": _set("occurred", to="2030-02-30"), "date of blanks": _set("occurred", to=" 2030-01-10"),
    "restated before": _set("restated_until", to="2030-01-09"), "restated a month": _set("restated_until",
    to="2030-02"),
    "restated in two": _set("restated_until", to="2030-02-01/2030-02-01"), "restated doubted": _set("restated_until",
    to="2030-02-01?"),
    "restated null": _set("restated_until", to=None), "unit spelled": _set("area", "unit", to="sq km"),
    "unit of another": _set("area", "unit", to="persons"), "other base": _set("area", "base", to="km2"),
    "no base": lambda raw: raw["area"].pop("base"), "no high": lambda raw: raw["area"].pop("high"),
    "out of order": _set("area", "low", to=95_000_000), "high below": _set("area", "high", to=85_000_000),
    "below zero": _set("area", "low", to=-1), "no low": _set("area", "low", to=None), "no best": _set("area", "best",
    to=None),
    "too large": _set("area", "high", to=2**53), "number as text": _set("area", "low", to="80000000"),
    "number 80e6": _set("area", "low", to=80e6), "low true": _set("area", "low", to=True),
    "phrase null": _set("area", "phrase", to=None), "phrase blank": _set("area", "phrase", to=" "),
    "phrase too long": _set("area", "phrase", to="x" * 1_001), "phrase NUL": _set("area", "phrase", to="\0"),
    "quantity a phrase": _set("area", to="90 km2"), "quantity null": _set("area", to=None),
    "quantity field": _set("area", "x", to=1),
}  # fmt: skip


@pytest.mark.parametrize("case", NOT_WHOLE)
def test_one_thing_wrong_is_enough(case: str) -> None:
    """Beside a good event of the same shape, and with all of its parts known, one with a fault is not told."""
    raw = json.loads(GOOD.canonical)
    NOT_WHOLE[case](raw)
    bad = encode(raw)
    assert checked.kinds_of([GOOD.canonical, bad, GOOD.canonical]) == [kt.TerritoryHeld, None, kt.TerritoryHeld]
    assert whole(bad) is None


@pytest.mark.parametrize(
    "bodies",
    [
        [GOOD.canonical + b"\n" + GOOD.canonical, b""],
        [b"", GOOD.canonical + b"\n" + GOOD.canonical],
        [GOOD.canonical[:20], GOOD.canonical[20:]],
        [GOOD.canonical + GOOD.canonical],
        [b"\n", b""],
        [GOOD.canonical + b"\n"],
        [GOOD.canonical.replace(b'"note":"a note"', b'"note":"\xff"')],
        [GOOD.canonical.replace(b'"note":"a note"', b'"note":"\xed\xa0\x80"')],
        [GOOD.canonical.replace(b'"note":"a note"', b'"note":"\\ud800"')],
        [],
    ],
)
def test_bytes_that_are_no_line_are_not_told(bodies: list[bytes]) -> None:
    """Whatever they hold, two events in one and half of one included."""
    assert checked.kinds_of(bodies) == [None] * len(bodies)


def test_an_amount_below_zero_is_told_only_where_changes_are() -> None:
    """A loss of area may be open downwards; what is held may not."""
    open_loss = kt.Quantity(low=None, best=-5, high=-1, unit="km2")
    lost = kt.TerritoryChanged(holder="ukraine", region="kursk", area=open_loss, **common("2030-01-10"))
    bad = encode({**GOOD.to_json(), "area": open_loss.to_json()})
    assert checked.kinds_of([GOOD.canonical, lost.canonical, bad]) == [kt.TerritoryHeld, kt.TerritoryChanged, None]


def test_only_the_foretold_may_lie_after_its_report() -> None:
    """The same pair of dates is told of an announcement and not of a presence."""
    more = {"force": "russia", "region": "kursk", "troops": 5, **common("2030-03-01", reported="2030-01-01")}
    to_come = kt.DeploymentAnnounced(**more).to_json()
    bad = encode({**to_come, "kind": "force-present"})
    assert checked.kinds_of([encode(to_come), bad, encode(to_come)]) == [
        kt.DeploymentAnnounced,
        None,
        kt.DeploymentAnnounced,
    ]


def test_other_peoples_kinds_old_shapes_and_events_about_events_are_not_told() -> None:
    """They are read the careful way, each of them."""

    @register
    @attrs.frozen(kw_only=True, eq=False, repr=False, field_transformer=naming_the_field)
    class Odd(Event):
        kind: ClassVar[str] = "odd-for-test-checked"

    try:
        old = encode({**_losses().to_json(), "v": 1})
        mine = Odd(**common("2030-01-10"))
        bodies = [mine.canonical, old, retracted(GOOD).canonical, GOOD.canonical]
        assert checked.kinds_of(bodies) == [None, None, None, kt.TerritoryHeld]
        assert [event.id for event in jsonl.read(io.BytesIO(b"\n".join(bodies)))] == [
            hashlib.sha256(body).hexdigest() for body in bodies
        ]
    finally:
        del KINDS["odd-for-test-checked"]


def _losses(**figures: Any) -> kt.LossesReported:
    return kt.LossesReported(
        force="russia", region="kursk", cumulative=True, **(figures or {"killed": 5}), **common("2030-01-10")
    )


def test_losses_without_any_figure_are_not_told() -> None:
    """Which figures are there is part of the shape."""
    raw = _losses(killed=5, wounded=6).to_json()
    for some in ({"killed"}, {"wounded"}, {"killed", "wounded"}):
        body = encode({name: value for name, value in raw.items() if name not in {"killed", "wounded"} - some})
        assert checked.kinds_of([body, body]) == [kt.LossesReported] * 2
    none = encode({name: value for name, value in raw.items() if name not in ("killed", "wounded")})
    assert checked.kinds_of([none]) == [None]


def test_the_rules_of_no_other_bundled_claim_look_further() -> None:
    """A claim with a check of its own beside losses must be looked at before it is told in bulk."""
    own = {
        cls.__name__
        for cls in vars(kinds).values()
        if isinstance(cls, type) and issubclass(cls, Event) and cls.is_claim and "__attrs_post_init__" in vars(cls)
    }
    assert own - {"Event"} == {"LossesReported"}


# --- how much is told --------------------------------------------------------------------------


def test_all_claims_of_the_bundled_record_are_told(careful_reads: list[bytes]) -> None:
    """And once their shapes are known, none of them is read with care."""
    record = list(kt.kursk().events())
    bodies = [event.canonical for event in record]
    careful_reads.clear()
    wanted = [type(event) if event.is_claim else None for event in record]
    assert checked.kinds_of(bodies) == wanted
    first = len(careful_reads)
    assert checked.kinds_of(bodies) == wanted
    assert len(careful_reads) == first <= len(bodies)


def test_what_repeats_a_shape_is_not_read_with_care(careful_reads: list[bytes]) -> None:
    """Dates, amounts, phrases, notes, sources and free text differ in each event, and cost no careful look."""
    log: list[Event] = []
    for n in range(1_500):
        day = f"2030-{n % 12 + 1:02}-{n % 28 + 1:02}"
        more = {
            "note": f"note {n}",
            "sources": kt.Source("A paper", title=f"No. {n}", locator=f"https://example.org/{n}"),
        }
        log.append(present(day, kt.Quantity(low=n, best=n + 1, high=None, unit="persons", phrase=f"over {n}")))
        log.append(held(day, f"{n + 1} km2", **more))
        log.append(kt.StatementMade(about=f"matter {n}", **{**common(day), **more}))
    assert checked.kinds_of([event.canonical for event in log]) == [type(event) for event in log]
    assert len(careful_reads) == 3


def test_no_more_is_remembered_than_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of ever new names and dates does not fill the memory."""
    forget()
    monkeypatch.setattr(checked, "MOST_KNOWN", 10)
    for n in range(50):
        body = held(f"2030-01-{n % 28 + 1:02}", "5 km2", claimant=f"party-{n}").canonical
        assert checked.kinds_of([body]) == [kt.TerritoryHeld]
    assert len(checked._checker(tuple(KINDS.values()))._shapes) <= 11
    forget()


def test_bytes_that_are_no_text_are_no_event() -> None:
    """They can come from another log or a file of Parquet, and nothing but our own error may come of them."""
    with pytest.raises(kt.DecodeError, match="not JSON"):
        codec.decode(held("2030-01-01", "5 km2").canonical.replace(b"ukraine", b"\xff"))


# --- files -------------------------------------------------------------------------------------


def _plainly(data: bytes, source: str) -> tuple[list[Event], tuple[Any, ...] | None]:
    """What is in a file, line by line, and what is wrong with it."""
    found: list[Event] = []
    for number, raw in enumerate(data.split(b"\n"), 1):
        raw += b"\n" if number <= data.count(b"\n") else b""
        try:
            if len(raw) > jsonl.MAX_LINE:
                raise kt.DecodeError(f"longer than {jsonl.MAX_LINE:,} bytes; is this a file of events?")
            try:
                line = raw.decode("utf-8-sig" if number == 1 else "utf-8").strip(" \t\r\n")
            except UnicodeDecodeError as error:
                raise kt.DecodeError(f"not UTF-8 at byte {error.start + 1}") from error
            if line:
                found.append(jsonl.parse_line(line))
        except kt.DecodeError as error:
            torn = "not JSON" in error.problem and not raw.endswith(b"\n")
            return found, (type(error), error.problem + " (the file ends here: cut off?)" * torn, source, number)
    return found, None


def _in_bulk(source: str | io.BytesIO, **more: Any) -> tuple[list[Event], tuple[Any, ...] | None]:
    found: list[Event] = []
    try:
        for event in jsonl.read(source, **more):
            found.append(event)
    except kt.DecodeError as error:
        return found, (type(error), error.problem, error.source, error.line)
    return found, None


def _agree(data: bytes) -> None:
    wanted, fault = _plainly(data, "a file")
    found, problem = _in_bulk(io.BytesIO(data), name="a file")
    assert problem == fault
    assert [(type(one), one.canonical, one.id) for one in found] == [
        (type(one), one.canonical, one.id) for one in wanted
    ]
    for one, other in zip(found, wanted, strict=True):
        assert one.to_json() == other.to_json()


ENDS = st.sampled_from([b"\n", b"\n", b"\n", b"\r\n", b"\n\n", b" \n", b"\n \t\n"])


@given(st.data())
def test_a_file_read_in_bulk_gives_the_events_and_the_error_of_each_line(data: st.DataObject) -> None:
    """Events, ids, kind of error, message and line are those of reading one line after the other."""
    good = [event.canonical for event in data.draw(st.lists(events(), min_size=1, max_size=3))]
    line = st.sampled_from(good)
    maybe = (
        line | line | line.flatmap(nearly) | st.sampled_from([b"", b" ", b"\xef\xbb\xbf", b"\xff", b"{", good[0][:-1]])
    )
    parts = data.draw(st.lists(st.tuples(maybe | line, ENDS), max_size=8))
    start = data.draw(st.sampled_from([b"", b"", b"\xef\xbb\xbf", b"\xef\xbb\xbf\xef\xbb\xbf", b"\n"]))
    whole_file = start + b"".join(one + end for one, end in parts)
    if data.draw(st.booleans()):
        whole_file = whole_file.rstrip(b"\r\n")
    _agree(whole_file)


@pytest.mark.parametrize("bad", [1, 2, 1_023, 1_024, 1_025, 2_048, 2_500])
def test_a_bad_line_is_named_wherever_in_a_portion_it_stands(bad: int) -> None:
    """The first of several, and with every event before it given."""
    lines = [held(f"2030-01-{n % 28 + 1:02}", f"{n + 1} km2").canonical for n in range(2_500)]
    lines[bad - 1] = lines[bad - 1].replace(b'"low":', b'"low":-')
    lines[-1] = b"{"
    data = b"\n".join(lines)
    found, problem = _in_bulk(io.BytesIO(data), name="a file")
    assert len(found) == bad - 1
    assert problem is not None
    assert problem[3] == bad
    assert all(one.canonical == line for one, line in zip(found, lines, strict=False))


def test_lines_up_to_the_longest_are_read_and_no_longer_ones() -> None:
    """Padded with blanks to a million bytes a line is read, and with one more it is refused, whatever else it is."""
    line = GOOD.canonical
    for length in (jsonl.MAX_LINE - 1, jsonl.MAX_LINE, jsonl.MAX_LINE + 1):
        padded = line.ljust(length - 1) + b"\n"
        _agree(line + b"\n" + padded)
    assert _in_bulk(io.BytesIO(line.ljust(jsonl.MAX_LINE) + b"\n"), name="a file")[1] is not None


def test_a_file_that_breaks_off_gives_what_came_before() -> None:
    """An error of the file itself comes after the events that were read from it."""

    class Broken(io.BytesIO):
        def readline(self, size: int | None = -1, /) -> bytes:
            line = super().readline(size)
            if not line:
                raise ConnectionResetError
            return line

    reading = jsonl.read(Broken(GOOD.canonical + b"\n"))
    assert next(reading) == GOOD
    with pytest.raises(ConnectionResetError):
        next(reading)


def test_events_of_a_file_are_read_when_somebody_looks(tmp_path: Path) -> None:
    """Until then they are their bytes, their id and their kind; what comes of them is the same."""
    (tmp_path / "events.jsonl").write_bytes(b"\xef\xbb\xbf " + GOOD.canonical + b" \r\n")
    (event,) = kt.read_events(tmp_path / "events.jsonl")
    assert is_unread(event)
    assert (event, type(event), event.id, event.canonical) == (GOOD, kt.TerritoryHeld, GOOD.id, GOOD.canonical)
    assert event.area == GOOD.area
    assert repr(event) == repr(GOOD)


# --- appending ---------------------------------------------------------------------------------


def _unread(body: bytes) -> Event:
    return unread(kt.TerritoryHeld, hashlib.sha256(body).hexdigest(), body)


def _one_by_one(things: Any) -> int:
    """What an append says of things, looked at one after the other; how many it takes."""
    taken = 0
    for thing in things:
        if not isinstance(thing, Event):
            raise kt.InputError("no event")
        if is_unread(thing):
            codec.named(thing.canonical, f"event {thing.id[:12]}…")
            if not codec.is_canonical(thing.canonical):
                raise kt.DecodeError("not in canonical form", source=f"event {thing.id[:12]}…")
        taken += 1
    return taken


def _told(check: Callable[[], Any]) -> tuple[Any, ...]:
    try:
        check()
    except kt.InputError as error:
        return (type(error), "no event" if "only events" in str(error) else str(error))
    except ZeroDivisionError as error:
        return (type(error), str(error))
    return ()


@given(st.data())
def test_an_append_finds_the_same_fault_as_a_look_at_each(data: st.DataObject) -> None:
    """The first in order, whether it is bytes that are no event, a thing that is none, or an error of the source."""
    good = [event.canonical for event in data.draw(st.lists(events(), min_size=1, max_size=3))]
    body = st.sampled_from(good) | st.sampled_from(good).flatmap(nearly)
    thing = body.map(_unread) | body.map(_unread) | st.sampled_from([GOOD, "no event", None, ZeroDivisionError()])
    things = data.draw(st.lists(thing, max_size=6))

    def source() -> Iterator[Any]:
        for one in things:
            if isinstance(one, Exception):
                raise one
            yield one

    assert _told(lambda: kt.Timeline().append(source())) == _told(lambda: _one_by_one(source()))


@pytest.mark.parametrize("bad", [0, 1, 1_023, 1_024, 2_999])
def test_the_first_bad_event_of_many_is_named(bad: int) -> None:
    """Wherever in a portion it stands; and nothing is appended."""
    bodies = [held(f"2030-01-{n % 28 + 1:02}", f"{n + 1} km2").canonical for n in range(3_000)]
    for place in {bad, 2_999}:
        bodies[place] = bodies[place].replace(b'"low":', b'"low":-')
    timeline = kt.Timeline()
    with pytest.raises(kt.DecodeError, match=f"event {hashlib.sha256(bodies[bad]).hexdigest()[:12]}"):
        timeline.append(map(_unread, bodies))
    assert len(timeline) == 0


def test_canonical_json_that_spells_out_a_default_is_taken_as_it_is() -> None:
    """It is read with care, and appended with the id of its own bytes, as ever."""
    body = encode({**GOOD.to_json(), "including_contested": False})
    (record,) = kt.Timeline().append(_unread(body)).added
    assert record.event.id == hashlib.sha256(body).hexdigest() != GOOD.id


@given(st.lists(st.integers(0, 400), max_size=60), st.integers(0, 61))
def test_portions_are_the_source_in_pieces(sizes: list[int], broken: int) -> None:
    """Nothing is lost or moved, none is larger than it need be, and an error comes after what came before it."""

    def source() -> Iterator[int]:
        for place, size in enumerate(sizes):
            if place == broken:
                raise ZeroDivisionError
            yield size

    most, checked.MOST_AHEAD = checked.MOST_AHEAD, 7
    largest, checked.MOST_BYTES = checked.MOST_BYTES, 1_000
    found = []
    try:
        for some in checked.portions(source(), int):
            assert some
            assert len(some) <= 7
            assert sum(some[:-1]) < 1_000
            found += some
    except ZeroDivisionError:
        assert broken < len(sizes)
    else:
        assert broken >= len(sizes)
    finally:
        checked.MOST_AHEAD, checked.MOST_BYTES = most, largest
    assert found == sizes[:broken]
