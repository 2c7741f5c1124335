"""What notebooks and terminals show: any text from outside changes what is said and never what is done."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import kursk_timeline as kt
from kursk_timeline.cli import main
from kursk_timeline.errors import InputError, shown
from kursk_timeline.formats import jsonl
from kursk_timeline.rich import Rich
from kursk_timeline.text import name as proper_name
from kursk_timeline.text import text as free_text
from kursk_timeline.text import visible
from kursk_timeline.views.element import Element, el, escaped
from made import common, held, present

# --- nasty strings -----------------------------------------------------------------------------

_SCRIPTS = ["alert(1)", "fetch('//x')", "document.cookie", "parent.Jupyter.notebook.kernel.execute('1')"]
_MARKUP = [
    "<script>{}</script>", "<SCRIPT SRC=//x>{}</SCRIPT>", "<svg onload={}>", "<svg/onload={}//",
    "<img src=x onerror={}>", "<img/src=x onerror={}>", "<body onload={}>",
    "<iframe src=javascript:{}>", "<iframe srcdoc='<script>{}</script>'>", "<a href=javascript:{}>x</a>",
    "<a href='data:text/html,{}'>x</a>",
    "<math><mi xlink:href=javascript:{}>", "<object data=javascript:{}>", "<embed src=javascript:{}>",
    "<form action=javascript:{}><button>", "<input autofocus onfocus={}>",
    "<details open ontoggle={}>", "<video><source onerror={}>", "<marquee onstart={}>",
    "<meta http-equiv=refresh content='0;url=javascript:{}'>", "<link rel=stylesheet href=//x?{}>",
    "<base href=//x/{}>", "<style>@import'//x?{}';</style>", "<p style=background:url(//x?{})>", "<!--{}-->",
    "<![CDATA[{}]]>", "<?php {} ?>", "<!DOCTYPE x [{}]>",
    "<template>{}</template>", "<noscript><p title='</noscript><script>{}</script>'>", "<textarea>{}",
    "<title>{}</title>", "<plaintext>{}", "<xmp>{}</xmp>",
    "{}<script", "<{}", "</{}>", "<a{}", "< script>{}</ script>", "<\u200bscript>{}", "＜script＞{}＜/script＞",
    "\u02bascript\u02ba{}", "<div id=kt class=kt>{}</div>",
]  # fmt: skip
_BREAKERS = [
    '"', "'", "`", ">", "<", "/>", '">', "'>", "-->", "]]>", "</style>", "</title>", "</td>", "</table>", "</svg>",
    "</details>", "</span>", "</div>", "</pre>", "</textarea>",
    "</script>", '" onmouseover="', "' onmouseover='", "` onmouseover=`", '"/onclick=x//', "\\\"", "\\'", "%22%3E",
    "&#34;&gt;", "&quot;&gt;", "&#x22;", "\\x3c", "\\u003c", "+ADw-",
]  # fmt: skip
_ENTITIES = ["&lt;script&gt;", "&#60;script&#62;", "&#x3c;script&#x3e;", "&LT;b&GT;", "&ltscript>", "&amp;lt;",
"&NewLine;", "&Tab;", "&nbsp;", "&#0;", "&#xD800;", "&#128;", "&",
             "&&", "&;", "&#;", "&#x;", "&notit;", "&#9999999999;", "&copy=1"]  # fmt: skip
_TEMPLATES = ["{0}", "{}", "{self.__class__}", "{0.__init__.__globals__}", "{{7*7}}", "{%raw%}", "${7*7}", "#{7*7}",
"<%=7*7%>", "%s", "%n%n", "%(x)s", "$HOME", "$(id)", "`id`", "; ls",
              "| cat /etc/passwd", "$$x$$", "\\(x\\)", "[x](javascript:alert(1))", "![x](//x)", "**x**",
              "{{constructor.constructor('x')()}}", "${jndi:ldap://x}", "*{7*7}", "@{7*7}"]  # fmt: skip
_SQL = [
    "'; DROP TABLE events; --",
    "' OR '1'='1",
    "1; SELECT 1",
    '" OR 1=1 --',
    "Robert'); --",
    "' UNION SELECT 1,2 --",
    "/* x */",
    "x'--",
    "0x27",
    "') OR ('a'='a",
]
_CONTROLS = [chr(n) for n in (*range(1, 32), *range(0x7F, 0xA0))]
_BIDI = [chr(n) for n in (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))]
_INVISIBLE = [
    "\u00a0",
    "\u00ad",
    "\u034f",
    "\u115f",
    "\u180e",
    "\u200b",
    "\u200c",
    "\u200d",
    "\u2028",
    "\u2029",
    "\u2060",
    "\ufeff",
    "\ufff9",
    "\U000e0041",
    "\ufe0f",
    "\ue000",
    "\uffff",
]
_TERMINAL = [
    "\x1b[2J",
    "\x1b[31mred\x1b[0m",
    "\x1b]0;title\x07",
    "\x1b]8;;http://x\x07x\x1b]8;;\x07",
    "\x1bPq\x1b\\",
    "\x9b31m",
    "a\rb",
    "a\bb",
    "\x1b[6n",
    "\x1b]52;c;eA==\x07",
    "a\x0bb",
    "a\x0cb",
]
_LETTERS = [
    "عربي",
    "עברית",
    "‏שלום",
    "Суджа",
    "苏贾",
    "सुद्झा",
    "😀",
    "👩‍👩‍👧‍👦",
    "🇺🇦🇷🇺",
    "é",
    "e\u0301",
    "Ω≈ç√∫",
    "ﷺ",
    "ﬁ",
    "İı",
    "ß",
    "Z̸̢͝a̷l̴g̵o̶",
    "𝔄",
    "\U0010fffd",
    "Ａ",
    "١٢٣",
]


def _nasty() -> Iterator[str]:
    for markup in _MARKUP:
        for script in _SCRIPTS:
            yield markup.replace("{}", script)
    for breaker in _BREAKERS:
        yield from (breaker, f"x{breaker}y", f"{breaker}<script>alert(1)</script>", f"x{breaker}><b>")
    for one in (*_ENTITIES, *_TEMPLATES, *_SQL, *_LETTERS, *_TERMINAL):
        yield from (one, f"a {one} b")
    for one in (*_CONTROLS, *_BIDI, *_INVISIBLE):
        yield from (f"x{one}y", f"<b{one}>", f"{one}x")
    for one in ("x", "<", "&", '"', "'", "</b>", "é", "😀", "\u202e", "\n", "a b "):
        yield "x" + one * 1_500 + "x"
    yield from (
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "data:text/html,<script>",
        "vbscript:x",
        "//x",
        'http://x"onclick=x',
        "file:///etc/passwd",
        "expression(x)",
        "url(//x)",
    )


def _taken(values: Iterator[str], take: Callable[[object], str]) -> list[str]:
    good = []
    for value in dict.fromkeys(values):
        try:
            take(value)
        except InputError:
            continue
        good.append(value)
    return good


NASTY = _taken(_nasty(), free_text)
NASTY_NAMES = _taken(_nasty(), proper_name)


def test_there_are_enough_nasty_strings() -> None:
    """Five hundred for free text, and a good number that even a name may be."""
    assert len(NASTY) >= 500
    assert len(NASTY_NAMES) >= 150


# --- what HTML does ----------------------------------------------------------------------------


class Shape(HTMLParser):
    """What of a fragment a browser would act on, and the text it would show."""

    VOID = frozenset(
        {"br", "hr", "img", "input", "meta", "link", "source", "wbr", "col", "base", "embed", "track", "area"}
    )

    def __init__(self, fragment: str) -> None:
        super().__init__(convert_charrefs=True)
        self.seen: Counter[Any] = Counter()
        self.attributes: list[tuple[str, str, str | None]] = []
        self.open: list[str] = []
        self.text: list[str] = []
        self.style: list[str] = []
        self.feed(fragment)
        self.close()
        assert self.open == [], "elements left open"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen["<", tag, tuple(sorted(attrs, key=str))] += 1
        self.attributes += [(tag, name, value) for name, value in attrs]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        self.seen["</", tag] += 1
        assert self.open.pop() == tag, "elements closed out of order"

    def handle_data(self, data: str) -> None:
        (self.style if self.open[-1:] == ["style"] else self.text).append(data)

    def handle_comment(self, data: str) -> None:
        self.seen["comment"] += 1

    def handle_decl(self, decl: str) -> None:
        self.seen["declaration"] += 1

    def unknown_decl(self, data: str) -> None:
        self.seen["declaration"] += 1

    def handle_pi(self, data: str) -> None:
        self.seen["instruction"] += 1


TAGS = {"div", "style", "p", "b", "pre", "table", "caption", "thead", "tbody", "tr", "th", "td", "span", "details",
"summary", "svg", "title", "line", "rect", "ul", "ol", "li", "code", "i", "em", "small", "dl", "dt", "dd", "g", "path",
"text", "h3", "h4", "br", "a"}  # fmt: skip


def checked(fragment: object) -> Shape:
    """The shape of a fragment that loads nothing, runs nothing and names nothing."""
    assert isinstance(fragment, str)
    shape = Shape(fragment)
    for kind in shape.seen:
        if isinstance(kind, tuple):
            assert kind[1] in TAGS, kind
        else:
            raise AssertionError(kind)
    for tag, name, value in shape.attributes:
        if (tag, name) == ("a", "href"):  # a place where a claim was read, on the web and nowhere else
            assert re.match(r"https?://[^\s\"'<>]+$", value or "", re.ASCII | re.IGNORECASE), value
            continue
        assert name != "id"
        assert not name.startswith("on")
        assert name not in {
            "src",
            "srcset",
            "href",
            "xlink:href",
            "action",
            "formaction",
            "data",
            "background",
            "poster",
            "style",
        }, (tag, name, value)
        assert not re.search(r"javascript:|data:|//", value or "", re.IGNORECASE)
    for css in shape.style:
        assert not re.search(r"url\(|@import|expression|//|<", css, re.IGNORECASE)
    assert not any(c != "\n" and not c.isprintable() for c in fragment), "invisible characters in HTML"
    return shape


def _all(value: str) -> Iterator[kt.Event]:
    """An event for every free text field there is, holding the value."""
    fields = common("2024-08-06")
    source = kt.Source(value, title=value, locator=value, wording=value)
    yield kt.StatementMade(
        **{**fields, "about": value, "note": value, "sources": [source, kt.Source(f"another {value}")]}
    )
    yield kt.ForceDeployed(force="russia", region="kursk", troops=5, role=value, **fields)
    yield kt.ForceWithdrawn(force="russia", region="kursk", troops=5, role=value, **fields)
    yield kt.DeploymentAnnounced(force="russia", region="kursk", troops=5, role=value, **fields)
    about = {"event": "0" * 64, "reported": "2024-08-07", "claimant": "ukraine"}
    yield kt.Corroborated(source=source, note=value, **about)
    yield kt.Retracted(reason=value, **about)
    yield kt.Superseded(reason=value, by="1" * 64, **about)


HARMLESS = [checked(event._repr_html_()).seen for event in _all("x")]


@pytest.mark.parametrize("start", range(0, 1_200, 100))
def test_no_text_of_an_event_changes_the_shape_of_its_html(start: int) -> None:
    """Tags and attributes are those of a harmless "x", and the text is shown, not swallowed."""
    for value in NASTY[start : start + 100]:
        lines = [visible(line) for line in value.splitlines() if line]
        for event, harmless in zip(_all(value), HARMLESS, strict=True):
            shape = checked(event._repr_html_())
            assert shape.seen == harmless, ascii(value)
            whole = "".join(shape.text)
            assert all(line in whole for line in lines), ascii(value)


def _timeline(place: str) -> kt.Timeline:
    timeline = kt.Timeline()
    timeline.append(
        [
            held("2024-08-06", "about 90 sq km"),
            held("2024-08-07", "0 km2", "russia/mod"),
            present("2024-08-07", "over 10,000"),
            kt.TerritoryContested(region="kursk", area="5 km2", **common("2024-08-08")),
            held("2024-08-06", "3 km2", region="belgorod"),
            held("2024-08-07", "4 km2", region="belgorod", including_contested=True),
            kt.TerritoryContested(region="belgorod", area="5 km2", **common("2024-08-08")),
            kt.SettlementTaken(settlement=place, region="kursk", by="ukraine", **common("2024-08-08")),
            kt.SettlementContested(settlement=place, region="kursk", **common("2024-08-09", "russia/mod")),
        ]
    )
    return timeline


def _answers(place: str) -> dict[str, Any]:
    """Every kind of object that has an HTML form."""
    timeline = _timeline(place)
    state = timeline.state_at("2024-08-09")
    key = kt.Key("holder", place, "kursk")
    estimate, history = state["held/ukraine/kursk"], timeline.history("held/ukraine/kursk")
    assert estimate is not None
    return {
        "timeline": timeline,
        "at size": timeline.at_size(2),
        "state": state,
        "state of nothing": timeline.state_at("2020-01-01"),
        "territories": state.territory,
        "territory": state.territory["ukraine"],
        "forces": state.forces,
        "force": state.forces["russia"],
        "no force": state.forces["nobody"],
        "settlements": state.settlements,
        "settlement": state.settlements[place],
        "unknown settlement": timeline.state_at("2020-01-01").settlements[place],
        "estimate": estimate,
        "in miles": estimate.to("mi2"),
        "strength": state.forces["russia"].strength,
        "holder": state[key],
        "account": estimate.accounts["ukraine"],
        "account of a holder": state.settlements[place].estimate.accounts["russia"],
        "history": history,
        "history of a holder": timeline.history(key),
        "history of nothing": timeline.history("held/nobody/kursk"),
        "account history": history.accounts["ukraine"],
        "account history of a holder": timeline.history(key).accounts["russia"],
        "account history of a sum": timeline.history("controlled/ukraine/kursk").accounts["ukraine"],
        "account history of a sum and a claim": timeline.history("controlled/ukraine/belgorod").accounts["ukraine"],
        "explanation": timeline.explain("2024-08-09", "held/ukraine/kursk"),
        "explanation of a holder": timeline.explain("2024-08-09", key),
        "explanation of nothing": timeline.explain("2020-01-01", key),
        "explanation of a strength": timeline.explain("2024-08-09", "strength/russia/kursk"),
        "diff": timeline.diff("2024-08-06", "2024-08-09"),
        "diff of nothing": timeline.diff("2024-08-09", "2024-08-09"),
        "audit": timeline.audit(),
        "audit of nothing": kt.Timeline().audit(),
        "step": history.steps[0],
        "when": kt.When.parse("2024-08~"),
        "quantity": kt.Quantity.parse("over 1,000 sq km"),
        "revisions": timeline.revisions("held/ukraine/kursk", "2024-08-09"),
        "revisions of a holder": timeline.revisions(key, "2024-08-09"),
        "revisions of nothing": timeline.revisions("held/nobody/kursk", "2024-08-09"),
        "accounts at": timeline.accounts_at("2024-08-09"),
        # From here on the timeline has its columns.
        "account history over columns": timeline.history("held/ukraine/kursk").accounts["ukraine"],
        "account history of a holder over columns": timeline.history(key).accounts["russia"],
        "event": kt.SettlementTaken(settlement=place, region="kursk", by="ukraine", **common("2024-08-08")),
        "strikes": kt.StrikesReported(by="russia", region="kursk", count="dozens of drones", **common("2024-08-08")),
    }


def _explained(value: str) -> tuple[str, str]:
    """An explanation and a comparison that show every text of their events."""
    source = kt.Source(value, title=value, locator=value, wording=value)
    claim = kt.ForceDeployed(
        force="russia", region="kursk", troops=5, role=value, occurred="2024-08-06", reported="2024-08-06",
        claimant="ukraine", sources=source, note=value,
    )  # fmt: skip
    gone = kt.ForceDeployed(force="russia", region="kursk", troops=6, role=value, **common("2024-08-06"))
    out = kt.Retracted(event=gone, reason=value, reported="2024-08-07", claimant="ukraine")
    timeline = kt.Timeline()
    timeline.append([claim, gone, out])
    key = "present/russia/kursk"
    return timeline.explain("2024-08-08", key)._repr_html_(), timeline.diff("2024-08-05", "2024-08-08")._repr_html_()


@pytest.mark.parametrize("start", range(0, 1_200, 100))
def test_no_text_changes_the_shape_of_an_explanation_or_a_comparison(start: int) -> None:
    """Only a locator that is a page of the web becomes a link."""
    plain = [checked(one).seen for one in _explained("x")]
    for value in NASTY[start : start + 100]:
        for fragment, harmless in zip(_explained(value), plain, strict=True):
            shape = checked(fragment)
            assert shape.seen - harmless <= Counter({one: 9 for one in shape.seen if one[1] == "a"}), ascii(value)
            assert not harmless - shape.seen, ascii(value)


RICH = {name: one for name, one in _answers("Sudzha").items() if isinstance(one, Rich)}


def _kinds(cls: type) -> Iterator[type]:
    for below in cls.__subclasses__():
        yield below
        yield from _kinds(below)


def test_every_kind_of_rich_object_is_looked_at_here() -> None:
    """A new one gets its row above."""
    looked_at = {type(one) for one in RICH.values()}
    left = {
        cls.__name__
        for cls in _kinds(Rich)
        if cls.__module__.startswith("kursk_timeline.")
        and not cls.__name__.startswith("_")
        and not issubclass(cls, kt.Event)
        and not any(issubclass(one, cls) for one in looked_at)
    }
    assert left == set()


@pytest.mark.parametrize("case", sorted(RICH))
def test_every_answer_is_sound_html(case: str) -> None:
    """It parses, closes what it opens, loads nothing, runs nothing, has no id, and says something."""
    shape = checked(RICH[case]._repr_html_())
    assert "".join(shape.text).strip()
    assert shape.seen["<", "style", ()] == 1


def test_the_bundled_answers_are_sound_html() -> None:
    """All of the record on one day, and the history of each of its keys."""
    timeline = kt.kursk()
    checked(timeline.state_at("2025-06-22")._repr_html_())
    checked(
        timeline.state_at(
            "2024-10-15", gaps="span", known_on="2024-12-01", according_to=["ukraine", "press"]
        )._repr_html_()
    )
    for key in list(timeline.keys()):
        checked(timeline.history(key)._repr_html_())
    for record in timeline.log:
        checked(record.event._repr_html_())


@pytest.mark.parametrize("start", range(0, 600, 60))
def test_no_name_of_a_place_changes_the_shape_of_an_answer(start: int) -> None:
    """Tags and attributes of all answers are those for a place called "x"."""
    harmless = {name: checked(one._repr_html_()).seen for name, one in _answers("x").items() if isinstance(one, Rich)}
    for place in NASTY_NAMES[start : start + 60 : 3]:
        for name, one in _answers(place).items():
            if isinstance(one, Rich):
                assert checked(one._repr_html_()).seen == harmless[name], (name, ascii(place))


def test_a_party_or_measure_of_ones_own_is_escaped_too() -> None:
    """Names that a projection makes up go the same way as those of events."""
    shapes = []
    for made_up in ("x", "<script>alert(1)<script>", "\"'><img src=q onerror=x>"):

        @kt.projection(measures=[kt.Measure("mood")])
        def mood(event: kt.Event, made_up: str = made_up) -> kt.Effect:
            return kt.Effect.set(kt.Key("mood", made_up, "kursk"), made_up)

        timeline = kt.Timeline().with_projections(mood)
        timeline.append(held("2024-08-06", "5 km2"))
        shapes.append(checked(timeline.state_at("2024-08-06")._repr_html_()).seen)
    assert shapes[0] == shapes[1] == shapes[2]


@given(st.text(st.characters(exclude_categories=["Cs"])) | st.sampled_from(NASTY))
@example('" onmouseover="x')
@example("' onmouseover='x")
def test_an_element_holds_any_text_and_any_attribute(value: str) -> None:
    """One tag, one attribute, and nothing that poses as either."""
    shape = Shape(el("b", value, title=value, nothing=None))
    assert {kind[:2] for kind in shape.seen} == {("<", "b"), ("</", "b")}
    ((_, name, held_),) = shape.attributes
    assert name == "title"
    assert held_ == "\n".join(visible(line) for line in value.splitlines())
    assert all(c == "\n" or c.isprintable() for c in escaped(value))
    assert not {"<", ">", '"', "'"} & set(escaped(value))


def test_only_finished_elements_go_in_unescaped() -> None:
    """A plain string that looks finished is text; an element is not escaped twice."""
    inner = el("i", "<b>")
    assert el("p", inner, "<i>", None) == "<p><i>&lt;b&gt;</i>&lt;i&gt;</p>"
    assert isinstance(inner, Element)
    assert not isinstance(inner + "<b>", Element)
    assert el("p", inner + "<b>").count("<") == 2


# --- plain text --------------------------------------------------------------------------------


def _is_clean(line: str) -> bool:
    """Nothing in it moves a cursor, turns a line round or cannot be seen."""
    return not any(unicodedata.category(c) in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"} for c in line)


@pytest.mark.parametrize("start", range(0, 1_200, 100))
def test_the_repr_of_an_event_is_one_clean_line(start: int) -> None:
    """Whatever its texts hold: no control character, no direction mark, no line break."""
    for value in NASTY[start : start + 100]:
        for event in _all(value):
            assert _is_clean(repr(event)), ascii(repr(event))
            assert all(_is_clean(repr(source)) for source in event.sources)
        log = kt.Timeline()
        log.append(next(iter(_all(value))))
        assert _is_clean(repr(log.log[1])), ascii(value)


def test_the_repr_of_an_answer_is_clean() -> None:
    """Line by line, for every name that a place may have."""
    for place in [*NASTY_NAMES[::7], "Sudzha"]:
        for name, one in _answers(place).items():
            assert all(_is_clean(line) for line in repr(one).split("\n")), (name, ascii(place))
            assert all(_is_clean(line) for line in str(one).split("\n")), (name, ascii(place))


def test_messages_repeat_foreign_text_cleanly() -> None:
    """Quoted, cut when long, on one line."""
    for value in [*NASTY, "\ud800", "a\0b"]:
        assert _is_clean(shown(value)), ascii(value)
        assert len(shown(value)) < 1_000
        with pytest.raises(kt.WhenError) as caught:
            kt.When.parse(value)
        assert _is_clean(str(caught.value)), ascii(value)


def test_the_terminal_shows_every_event_on_one_clean_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Line breaks in a text make no second line, and escape sequences are spelled out."""
    events = []
    for nth, value in enumerate(NASTY):
        source = kt.Source(value, title=value, locator=value, wording=value)
        events.append(
            kt.StatementMade(**{**common("2024-08-06"), "about": value, "note": f"{value}{nth}", "sources": source})
        )
    jsonl.write(events, tmp_path / "nasty.jsonl")
    assert main(["events", "--log", str(tmp_path / "nasty.jsonl")]) == 0
    lines = capsys.readouterr().out.split("\n")
    assert lines.pop() == ""
    assert len(lines) == len(set(events))
    assert all(_is_clean(line) for line in lines)


def test_the_terminal_shows_states_and_histories_cleanly(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """For every name that a place may have; and each name is there to be read."""
    events = [
        kt.SettlementTaken(settlement=place, region="kursk", by="ukraine", **common("2024-08-08"))
        for place in NASTY_NAMES
    ]
    jsonl.write(events, tmp_path / "nasty.jsonl")
    assert main(["state", "2024-08-09", "--log", str(tmp_path / "nasty.jsonl")]) == 0
    out = capsys.readouterr().out
    assert all(_is_clean(line) for line in out.split("\n"))
    assert all(unicodedata.normalize("NFC", place) in out for place in NASTY_NAMES if "+" not in place)
    for place in NASTY_NAMES[::25]:
        assert main(["history", f"holder/{place}/kursk", "--log", str(tmp_path / "nasty.jsonl")]) == 0
        assert all(_is_clean(line) for line in capsys.readouterr().out.split("\n"))


def test_the_terminal_shows_bad_questions_cleanly(capsys: pytest.CaptureFixture[str]) -> None:
    """A question that cannot be taken is repeated on one clean line of the error stream."""
    for value in NASTY[::5]:
        if value.startswith("-"):
            continue
        assert main(["state", value]) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert err.count("\n") == 1
        assert _is_clean(err.rstrip("\n")), ascii(err)
