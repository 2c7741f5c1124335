"""
The whole document: parts, style, script and data in one file that asks nobody for anything.

Its content security policy lets exactly the scripts and the style of this file run, each named by
its hash, and nothing be loaded. Data stand in blocks that no browser runs, with every sign escaped
that could end them.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from typing import Any

from kursk_timeline.findings import Finding
from kursk_timeline.views.element import Element, el, joined
from kursk_timeline.views.page import parts
from kursk_timeline.views.page.payload import Question, payload, sections
from kursk_timeline.views.page.words import date_words, name_words

_ESCAPES = {ord(c): f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"}


@lru_cache(maxsize=2)
def _shipped(name: str) -> str:
    """A file that comes with this package."""
    return files(__package__ or __name__).joinpath(name).read_text("utf-8")


def data_block(name: str, data: object) -> Element:
    """
    Data for a script, in an element that is never run.

    >>> data_block("x", {"a": "</script>"})
    '<script type="application/json" id="x">{"a":"\\\\u003c/script\\\\u003e"}</script>'
    """
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":")).translate(_ESCAPES)
    return el("script", Element(text), type="application/json", id=name)


def _hash(text: str) -> str:
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"


def _ours(text: str) -> Element:
    """A script or style that comes with the page. It holds nothing from outside, and nothing that would end it."""
    assert not any(end in text.lower() for end in ("</script", "</style", "<!--", "\r"))
    return Element(text)


def document(
    question: Question,
    *,
    title: str,
    charts: Mapping[str, Any],
    library: str,
    findings: Sequence[Finding],
    version: str,
    compact: bool = False,
) -> str:
    """
    The page as HTML text.

    Args:
        title: Its heading.
        charts: See `charts.drawings`.
        library: The script that draws them.
        findings: What the audit found.
        version: Of this library.
        compact: Only what fits a notebook's cell: slider, chart, state and the week's claims.
    """
    found = sections(question)
    keys = parts.keys_of(found)
    numbers = {record.event.id: record.seq for record in question.claims}
    style, player = _ours(_shipped("page.css")), _ours(_shipped("player.js"))
    policy = "; ".join(
        (
            "default-src 'none'",
            f"script-src {_hash(library)} {_hash(player)}",
            f"style-src {_hash(style)}",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )
    head = el(
        "head",
        parts.void("meta", charset="utf-8"),
        parts.void("meta", http_equiv="Content-Security-Policy", content=policy),
        parts.void("meta", name="viewport", content="width=device-width, initial-scale=1"),
        parts.void("meta", name="color-scheme", content="light dark"),
        parts.void("meta", name="referrer", content="no-referrer"),
        el("title", title),
        el("style", style),
    )
    rest = None
    if not compact:
        rest = joined(
            _section("disputes", parts.disagreements(question, keys)),
            _section("findings", parts.findings(findings, numbers)),
        )
    body = el(
        "body",
        _masthead(question, title, compact=compact),
        _clock(question),
        el(
            "main",
            el(
                "div",
                el("div", _state(question, found, numbers), class_="column"),
                el(
                    "div",
                    _section("charts", joined(el("h2", "Over time"), *map(_figure, charts["charts"]))),
                    _section("week", parts.week(question)),
                    class_="column",
                ),
                class_="columns",
            ),
            rest,
            _section("all-claims", parts.timeline(question)),
        ),
        None if compact else el("footer", _section("colophon", parts.colophon(question, version))),
        el("template", parts.account_row(None, 1.0, {}), id="account-row"),
        data_block("answers", payload(question, keys)),
        data_block("drawings", charts),
        el("script", _ours(library)),
        el("script", player),
        class_="compact" if compact else None,
    )
    return "<!DOCTYPE html>\n" + el("html", head, body, lang="en") + "\n"


def _section(name: str, content: Element) -> Element:
    return el("section", content, id=name)


def _masthead(question: Question, title: str, *, compact: bool) -> Element:
    if compact:
        return el("header", el("h1", title), class_="masthead")
    state = question.state
    asked = [f"as known on {date_words(state.known_on)}"] if state.known_on else []
    asked += [f"according to {', '.join(state.according_to)}"] if state.according_to else []
    asked += ["gaps spanned"] if state.gaps == "span" else []
    standing = sum(record.event.id not in question.gone for record in question.claims)
    links = (
        ("state", "State"),
        ("charts", "Over time"),
        ("week", "The week"),
        ("disputes", "Disputes"),
        ("findings", "Findings"),
        ("all-claims", "All claims"),
        ("colophon", "How to check"),
    )
    return el(
        "header",
        el("h1", title),
        el(
            "p",
            "What was the case on a given day, according to whom, and how sure is that? "
            f"{counted_claims(standing)} replayed to any day from {date_words(question.first)} to "
            f"{date_words(question.last)}. Each figure comes with the least and greatest value its sources "
            "allow; where they contradict each other, all sides are shown.",
            class_="dek",
        ),
        el("p", f"Asked: {'; '.join(asked)}.", class_="asked") if asked else None,
        el("nav", *(el("a", words, href=f"#{name}") for name, words in links), aria_label="On this page"),
        class_="masthead",
    )


def counted_claims(count: int) -> str:
    """
    How many claims the page rests on.

    >>> counted_claims(264)
    '264 sourced claims,'
    """
    return parts.counted(count, "sourced claim") + ","


def _clock(question: Question) -> Element:
    """The slider. Without a script there is none, and the page says so."""
    day = date_words(question.state.date)
    slider = parts.void(
        "input",
        type="range",
        id="slider",
        min=0,
        max=(question.last - question.first).days,
        value=(question.state.date - question.first).days,
        aria_label="Date",
        aria_valuetext=day,
    )
    return el(
        "section",
        el(
            "div",
            el("p", el("time", day, id="date", datetime=question.state.date), class_="date"),
            el(
                "div",
                el("button", "‹", id="before", type="button", aria_label="Previous change", title="Previous change"),
                el("button", "▶", id="play", type="button", aria_label="Play", title="Play"),
                el("button", "›", id="after", type="button", aria_label="Next change", title="Next change"),
                class_="buttons",
            ),
            el(
                "div",
                slider,
                el(
                    "p",
                    el("span", date_words(question.first)),
                    el("span", date_words(question.last)),
                    class_="ends",
                    aria_hidden="true",
                ),
                class_="track",
            ),
            id="controls",
            hidden="",
        ),
        el(
            "noscript",
            el("p", f"This page shows the state on {day}. With JavaScript switched on, a slider chooses the date."),
        ),
        id="clock",
        aria_label="Choose a date",
    )


def _state(question: Question, found: Any, numbers: dict[str, int]) -> Element:
    return el(
        "section",
        el("h2", "State on ", el("span", date_words(question.state.date), class_="on")),
        parts.summary(question.state),
        parts.state(question, found, numbers),
        id="state",
    )


def _figure(chart: Mapping[str, Any]) -> Element:
    caption = el("figcaption", el("h3", chart["title"]), el("p", chart["subtitle"]) if chart["subtitle"] else None)
    # To those who listen one description is more than a thousand nameless marks.
    description = chart["spec"].get("description", chart["title"])
    return el("figure", caption, el("div", "", class_="chart", role="img", aria_label=description))


def heading(region: str) -> str:
    """
    A title for a page that is given none.

    >>> heading("kursk")
    'Kursk, day by day'
    """
    return f"{name_words(region)}, day by day"


def frame(page: str, title: str, height: int) -> str:
    """
    A page in a frame of its own, for a notebook.

    It is shut in: its scripts run and see nothing of the notebook; links to sources open beside it.
    """
    # Not by `el`, which spells out invisible characters: some stand in the library's own script, whose
    # hash must stay what it is. Text from outside had them spelled out when the page was made.
    whole = Element(f'<iframe srcdoc="{html.escape(page)}"')
    rest = el(
        "iframe",
        title=title,
        sandbox="allow-scripts allow-popups allow-popups-to-escape-sandbox",
        loading="lazy",
        width="100%",
        height=height,
        style="border:0",
    )
    return whole + rest.removeprefix("<iframe")
