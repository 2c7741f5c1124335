"""The page as a file: what it says without a script, what it holds for the script, and what it lets in."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import html
import json
import os
import re
import subprocess
import sys
from collections import Counter
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

import kursk_timeline as kt
from kursk_timeline.errors import InputError, MissingExtraError, QueryError, StorageError, WhenError
from kursk_timeline.findings import Finding
from kursk_timeline.replay.notation import is_one, names, number, span, symbol
from kursk_timeline.text import visible
from made import common, held, present, retracted
from test_views import NASTY, NASTY_NAMES, Shape, _all

pytest.importorskip("altair")
pytest.importorskip("vl_convert")

from kursk_timeline.views import page
from kursk_timeline.views.page import charts
from kursk_timeline.views.page.document import data_block
from kursk_timeline.views.page.parts import keys_of
from kursk_timeline.views.page.payload import Question, days_of, marks, payload, sections
from kursk_timeline.views.page.words import place_words

DAY = "2025-06-22"


@lru_cache(maxsize=1)
def kursk() -> kt.Timeline:
    return kt.kursk()


@lru_cache(maxsize=1)
def whole() -> str:
    """The report of the bundled record."""
    return page.report(kursk(), date=DAY, findings=[Finding("unit-slip", "90 km² is 34.7 mi²", settles="the tape")])


def block(text: str, name: str) -> Any:
    found = re.search(f'<script type="application/json" id="{name}">(.*?)</script>', text, re.DOTALL)
    assert found is not None
    return json.loads(found[1])


class Page(Shape):
    """A whole document; what scripts and data hold is no text of it."""

    VOID = Shape.VOID

    def handle_decl(self, decl: str) -> None:
        assert decl == "DOCTYPE html"

    def handle_data(self, data: str) -> None:
        if self.open[-1:] != ["script"]:
            super().handle_data(data)


# --- what the script is given -------------------------------------------------------------------


def shown(data: Any, key: str, day: dt.date) -> dict[str, Any] | None:
    """What the player shows of a key on a day, looked up in the slow and obvious way."""
    nth = (day - dt.date.fromisoformat(data["first"])).days
    now = [moment for moment in data["moments"][data["keys"].index(key)] if moment[0] <= nth]
    if not now:
        return None
    _, value, remarks, derivation, rows = now[-1]

    def account(row: list[Any]) -> dict[str, Any]:
        party, value, remarks, counts, heard, claims = row
        return {
            "party": party,
            "shown": data["values"][value][:2],
            "marks": data["marks"][remarks],
            "counts": counts,
            "heard": nth if heard is None else min(nth, heard),
            "claims": claims,
        }

    return {
        "shown": data["values"][value][:2],
        "marks": data["marks"][remarks],
        "derivation": data["derivations"][derivation],
        "accounts": [account(data["rows"][row]) for row in rows],
    }


def figure(answer: Any) -> list[str]:
    if answer.unit is None:
        return [names(answer.holders), ""]
    bounds = "" if is_one(answer.low, answer.high) else span(answer.low, answer.high)
    return [f"{number(answer.best)} {symbol(answer.unit)}", bounds]


def expected(estimate: Any, numbers: dict[str, int], start: dt.date) -> dict[str, Any]:
    """The same from the library."""
    return {
        "shown": figure(estimate),
        "marks": [list(mark) for mark in marks(estimate)],
        "derivation": estimate.derivation or "",
        "accounts": [
            {
                "party": account.party,
                "shown": figure(account),
                "marks": [list(mark) for mark in marks(account)],
                "counts": account.counts,
                "heard": (account.last_heard - start).days,
                "claims": [numbers[id_] for id_ in account.events],
            }
            for account in estimate.accounts.values()
        ],
    }


@pytest.mark.parametrize(
    "ask", [{}, {"gaps": "span"}, {"known_on": "2025-03-01", "according_to": ["ukraine", "press"]}]
)
def test_the_data_answer_every_key_on_every_day_as_the_library_does(ask: dict[str, Any]) -> None:
    """All numbers, remarks, accounts and the claims behind them, on every seventh day and around every change."""
    timeline = kursk()
    question = Question.of(timeline, DAY, ask.get("known_on"), ask.get("according_to"), ask.get("gaps", "hold"))
    keys = keys_of(sections(question))
    data = json.loads(json.dumps(payload(question, keys)))
    numbers = {record.event.id: record.seq for record in timeline.log}
    turns = {day + near for key in keys for day in days_of(question.state.ledger, key) for near in (-1, 0)}
    first, last = question.first.toordinal(), question.last.toordinal()
    days = sorted({*range(first, last + 1, 7), *(day for day in turns if first <= day <= last)})
    assert len(days) > 100
    for nth in days:
        day = dt.date.fromordinal(nth)
        state = timeline.state_at(day, **ask)
        for key in keys:
            estimate = state[key]
            answer = shown(data, str(key), day)
            assert answer == (None if estimate is None else expected(estimate, numbers, question.first)), (day, key)


def test_every_key_is_there_once() -> None:
    """Those of the log and the strengths made of them."""
    question = Question.of(kursk(), DAY, None, None, "hold")
    keys = keys_of(sections(question))
    assert len(keys) == len(set(keys))
    assert set(kursk().keys()) <= set(keys)
    assert {key.measure for key in set(keys) - set(kursk().keys())} == {"strength"}


def test_the_slider_runs_over_all_claims_and_the_date_asked_about() -> None:
    """From the first day of any claim to the last report; further where the page opens further off."""
    question = Question.of(kursk(), "2027-01-01", None, None, "hold")
    assert question.last == dt.date(2027, 1, 1)
    assert question.first == min(e.window.earliest for e in kursk().events() if e.window.earliest)
    assert Question.of(kursk(), "2020-02-03", None, None, "hold").first == dt.date(2020, 2, 3)
    data = payload(question, keys_of(sections(question)))
    assert all(moment[0] >= 0 for moments in data["moments"] for moment in moments)


# --- what it says without a script ---------------------------------------------------------------


def test_without_a_script_the_page_tells_the_state_the_claims_and_the_disputes() -> None:
    """Every figure and bound of the date, every claim's publisher and wording, every disputed key."""
    shape = Page(whole())
    text = "".join(shape.text)
    state = kursk().state_at(DAY)
    for key, estimate in state.all_estimates().items():
        assert str(key) in text
        assert all(part in text for part in figure(estimate)), key
    assert "22 June 2025" in text
    assert all(str(key) in text for key in state.disputes)
    for event in kursk().events():
        for source in event.sources:
            assert visible(source.publisher) in text
            assert source.wording is None or visible(source.wording) in text
    assert "the tape" in text
    assert hashlib.sha256(b"".join(r.event.canonical + b"\n" for r in kursk().log)).hexdigest() in text
    assert f"export | head -n {len(kursk())} | sha256sum" in text
    assert kt.__version__ in text


def test_rows_of_what_is_not_claimed_yet_are_hidden() -> None:
    """On the first day almost nothing is; nothing hidden has a figure."""
    timeline = kt.kursk("article")
    text = page.report(timeline, date="2024-08-07")
    rows = re.findall(r'<details class="row" data-row="(\d+)"( hidden="")?>(.*?)</details>', text, re.DOTALL)
    keys = block(text, "answers")["keys"]
    claimed = {str(key) for key in timeline.state_at("2024-08-07").all_estimates()}
    assert {keys[int(nth)] for nth, hidden, _ in rows if not hidden} == claimed
    assert len(rows) == len(keys) > len(claimed) > 0
    assert all('<b class="figure"></b>' in row for _, hidden, row in rows if hidden)


def test_the_week_holds_the_claims_that_may_have_happened_in_it() -> None:
    """From Monday to Sunday, both included; the exactly dated first."""
    timeline = kt.Timeline()
    timeline.append(
        [
            held("2024-08-04", "1 km2"),  # the Sunday before
            held("2024-08-05", "2 km2"),
            held("2024-08-01/2024-08-31", "3 km2"),
            held("2024-08-11", "4 km2"),
            held("2024-08-12", "5 km2"),  # the Monday after
        ]
    )
    text = page.report(timeline, date="2024-08-07")
    week = text[text.index('id="week-claims"') : text.index('id="week-none"')]
    assert re.findall(r'data-claim="(\d)"', week) == ["2", "4", "3"]
    assert "5–11 August 2024" in text


def test_a_withdrawn_claim_is_shown_as_such_and_counts_nowhere() -> None:
    """In the list of all claims alone, with the reason."""
    wrong = held("2024-08-06", "77 km2")
    timeline = kt.Timeline()
    timeline.append([wrong, held("2024-08-07", "5 km2"), retracted(wrong, reason="misread")])
    text = page.report(timeline, date="2024-08-07")
    data = block(text, "answers")
    assert [claim[0] for claim in data["claims"]] == [2]
    assert "77" not in json.dumps(data["values"])
    assert "misread" in text
    assert 'class="claim gone" id="claim-1"' in text
    kept = block(page.report(timeline, date="2024-08-07", known_on="2024-09-01"), "answers")
    assert sorted(claim[0] for claim in kept["claims"]) == [1, 2]


def test_the_page_says_what_was_asked() -> None:
    """Cut-off, claimants and gaps, in words; the date may lie anywhere."""
    text = "".join(
        Page(
            page.report(kt.kursk("article"), date=DAY, known_on="2024-12-01", according_to="ukraine", gaps="span")
        ).text
    )
    assert "as known on 1 December 2024" in text
    assert "according to ukraine" in text
    assert "gaps: span" in text


def test_an_empty_timeline_makes_a_page_too() -> None:
    """It says that nothing is claimed."""
    text = "".join(Page(page.report(kt.Timeline())).text)
    assert "nothing is claimed" in text.lower()


# --- what it lets in -----------------------------------------------------------------------------


def test_the_policy_names_exactly_the_scripts_and_the_style_of_the_page() -> None:
    """No script or style runs but those; nothing is fetched, sent or framed."""
    text = whole()
    found = re.search(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">', text)
    assert found is not None
    policy = dict(part.split(" ", 1) for part in html.unescape(found[1]).split("; "))

    def hashes(tag: str) -> set[str]:
        inside = re.findall(f"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        return {f"'sha256-{base64.b64encode(hashlib.sha256(one.encode()).digest()).decode()}'" for one in inside}

    assert policy["default-src"] == policy["base-uri"] == policy["form-action"] == "'none'"
    assert set(policy["script-src"].split()) == hashes("script")
    assert set(policy["style-src"].split()) == hashes("style")
    assert len(hashes("script")) == 2
    assert "unsafe" not in found[1]
    assert text.index("Content-Security-Policy") < text.index("<style>") < text.index("<script")


def test_nothing_on_the_page_runs_loads_or_leads_anywhere_but_to_sources() -> None:
    """No handler, no inline style, no address but those of sources and of the page itself."""
    shape = Page(whole())
    for tag, name, value in shape.attributes:
        assert not name.startswith("on"), (tag, name)
        assert name not in {"src", "srcset", "style", "action", "formaction", "poster", "background", "xlink:href"}
        if name == "href":
            assert tag == "a"
            assert re.match(r"#[a-z0-9-]+\Z|https?://[a-z0-9]", value or ""), value
    assert {tag for tag, *_ in shape.attributes} & {"iframe", "object", "embed", "link", "base", "img", "form"} == set()
    ids = [value for _, name, value in shape.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    within = {value[1:] for _, name, value in shape.attributes if name == "href" and value and value[0] == "#"}
    assert within <= set(ids)


def test_data_cannot_end_their_element() -> None:
    """Every sign that could is spelled out; reading gives the same back."""
    for value in [*NASTY, "</script><!--<script>", "\u2028\u2029"]:
        text = str(data_block("x", {"v": value}))
        inside = text.removeprefix('<script type="application/json" id="x">').removesuffix("</script>")
        assert not set(inside) & set("<>&\u2028\u2029")
        assert json.loads(inside) == {"v": value}


def test_the_charts_library_cannot_end_its_element() -> None:
    """Nor hide its end."""
    assert not re.search(r"</script|<!--|<script|\r|\0", charts.library(), re.IGNORECASE)


def _kinds(shape: Page) -> Counter[Any]:
    """What a browser would act on. A source's link may be there or not, which its address decides."""
    return Counter(
        {
            kind: count
            for kind, count in shape.seen.items()
            if not (kind[1] == "a" or (kind[1] == "span" and not any(kind[2:])))
        }
    )


def _nasty_page(value: str, place: str = "x") -> str:
    timeline = kt.Timeline()
    claims = [event for event in _all(value) if event.is_claim]
    timeline.append(
        [
            *claims,
            held("2024-08-06", "5 km2", note=value),
            kt.SettlementTaken(settlement=place, region="kursk", by="ukraine", **common("2024-08-06")),
            kt.Retracted(event=claims[0], reason=value, reported="2024-08-07", claimant="ukraine", note=value),
            kt.Corroborated(
                event=claims[1],
                source=kt.Source(value, title=value, locator=value, wording=value),
                reported="2024-08-07",
                claimant="ukraine",
            ),
        ]
    )
    finding = Finding("odd", value, events=(claims[1].id,), settles=value)
    return page.report(timeline, date="2024-08-06", title=value, findings=[finding])


def test_no_text_from_outside_changes_the_shape_of_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """Five hundred nasty strings in every text field there is: tags and attributes are those of "x"."""
    monkeypatch.setattr(page, "library", lambda: "0")  # the same for all, and long
    monkeypatch.setattr(page, "drawings", lambda *_, **__: {"charts": []})  # each chart has tests of its own
    harmless = _kinds(Page(_nasty_page("x")))
    for value in NASTY:
        text = _nasty_page(value)
        shape = Page(text)
        assert _kinds(shape) == harmless, ascii(value)
        shown_ = "".join(shape.text)
        assert all(visible(line) in shown_ for line in value.splitlines() if line), ascii(value)
        policy = text.index("Content-Security-Policy")
        assert text.index("<title>") > policy
        assert not any(c != "\n" and not c.isprintable() for c in text), ascii(value)
    for place in NASTY_NAMES[::3]:
        assert _kinds(Page(_nasty_page("x", place))) == harmless, ascii(place)


@pytest.mark.parametrize("value", ["</script><script>alert(1)</script>", "<!--<script>", "\u202e\u2028x", "{{x}}"])
def test_no_text_from_outside_changes_the_shape_with_its_charts(value: str) -> None:
    """The same with the charts and their library in place."""
    assert _kinds(Page(_nasty_page(value))) == _kinds(Page(_nasty_page("x")))


def test_only_plain_web_addresses_become_links() -> None:
    """The link reads as the host it leads to; everything else is text."""
    links = {
        "https://example.org/a": "example.org",
        "HTTP://Example.ORG:8080/a?b=1&c=2#d": "example.org",
        "http://127.0.0.1/": "127.0.0.1",
    }
    for locator, host in links.items():
        assert re.fullmatch(
            f'<a href="{re.escape(html.escape(locator))}" rel="noopener noreferrer" target="_blank">{host}</a>',
            place_words(locator),
        )
    for locator in (
        "javascript:alert(1)", "JaVaScRiPt://example.org/%0aalert(1)", "data:text/html,x", "//example.org", "p. 12",
        "https://kyiv.example@evil.example/", "https://example.org\\@evil.example", "https://exa\u202emple.org",
        "https://example.org/\u200b", "https://", "http:///x", "https://exam ple.org", "https://[::1", "file:///etc",
        "https://пример.example/", "\thttps://example.org", 'https://example.org/"onclick=x',
    ):  # fmt: skip
        assert "<a" not in place_words(locator), locator
    for value in NASTY:
        shape = Shape(place_words(value))
        assert {kind[1] for kind in shape.seen} <= {"a", "span"}, ascii(value)


# --- files, frames and failures --------------------------------------------------------------------


def test_the_report_is_one_file_below_the_limit(tmp_path: Path) -> None:
    """Written whole, with the rights any new file has; 1.5 MB at most for the bundled record."""
    path = page.report(kursk(), tmp_path / "out.html", date=DAY)
    assert path == tmp_path / "out.html"
    assert path.stat().st_size < 1_500_000
    mask = os.umask(0)
    os.umask(mask)
    assert path.stat().st_mode & 0o777 == 0o666 & ~mask
    assert [one.name for one in tmp_path.iterdir()] == ["out.html"]
    assert Page(path.read_text("utf-8")).seen


def test_a_report_that_cannot_be_written_leaves_things_as_they_were(tmp_path: Path) -> None:
    """No folder, a folder in its place, a link: an error of ours, and no file half written."""
    timeline = kt.Timeline()
    (tmp_path / "old.html").write_text("old")
    (tmp_path / "link.html").symlink_to(tmp_path / "old.html")
    (tmp_path / "folder").mkdir()
    for name in ("link.html", "folder", "nowhere/out.html"):
        with pytest.raises(StorageError):
            page.report(timeline, tmp_path / name)
    assert (tmp_path / "old.html").read_text() == "old"
    assert sorted(one.name for one in tmp_path.iterdir()) == ["folder", "link.html", "old.html"]
    with pytest.raises(InputError):
        page.report(timeline, "a\0b")


def test_a_bad_question_is_refused_as_everywhere() -> None:
    """By the timeline itself."""
    with pytest.raises(WhenError):
        page.report(kursk(), date="yesterday")
    with pytest.raises(QueryError):
        page.report(kursk(), gaps="guess")  # type: ignore[call-overload]
    with pytest.raises(InputError):
        page.report(kursk(), title="")
    with pytest.raises(InputError):
        page.scrub(kursk(), height=10)


def test_the_same_question_gives_the_same_bytes() -> None:
    """Also in another process, where sets have another order."""
    code = (
        "import kursk_timeline as kt, hashlib; from kursk_timeline.views import page;"
        f"print(hashlib.sha256(page.report(kt.kursk('article'), date={DAY!r}).encode()).hexdigest())"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True, text=True, check=True, env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert len(found) == 1


def test_the_sliders_frame_holds_the_whole_page_and_is_shut_in() -> None:
    """One attribute holds the document, byte for byte; scripts in it do not see the notebook."""
    slider = page.scrub(kursk(), date=DAY, title='A "title" & <more>')
    shape = Shape(slider._repr_html_())
    attributes = {name: value for _, name, value in shape.attributes}
    assert {tag for tag, *_ in shape.attributes} == {"iframe"}
    assert attributes["srcdoc"] == slider.page
    assert attributes["title"] == 'A "title" & <more>'
    assert "allow-scripts" in (attributes["sandbox"] or "")
    assert "allow-same-origin" not in (attributes["sandbox"] or "")
    assert repr(slider) == '<slider: A "title" & <more>>'
    assert Page(slider.page).seen["<", "input", ()] == 0


@pytest.mark.parametrize(("module", "call"), [("altair", "drawings"), ("vl_convert", "library")])
def test_a_missing_extra_is_named(module: str, call: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what to install."""
    monkeypatch.setitem(sys.modules, module, None)
    charts.library.cache_clear()
    with pytest.raises(MissingExtraError, match=r"kursk-timeline\[viz\]"):
        charts.library() if call == "library" else charts.drawings(kt.Timeline(), {}, compact=True)


def test_findings_come_from_the_timelines_own_audit_where_none_are_given() -> None:
    """A timeline without one has none."""

    class Audited(kt.Timeline):
        def audit(self, **ask: Any) -> list[Finding]:
            assert ask == {"known_on": None, "according_to": None, "gaps": "hold"}
            return [Finding("odd", "what the audit says", severity="error")]

    timeline = Audited()
    timeline.append([held("2024-08-06", "5 km2"), present("2024-08-07", 6)])
    assert "what the audit says" in page.report(timeline)
    assert "what the audit says" not in page.report(timeline, findings=())
