"""The page in a real browser, opened from a file: the slider answers as the library does, and nothing else happens."""

from __future__ import annotations

import datetime as dt
import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import kursk_timeline as kt
from browsing import chromium, grave, keep
from kursk_timeline.replay.notation import is_one, names, number, span, symbol
from made import common, held, present

pytest.importorskip("altair")
pytest.importorskip("vl_convert")

from kursk_timeline.views import page
from kursk_timeline.views.page.words import date_words

DAY = "2025-06-22"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of the bundled record, as a file."""
    return page.report(kt.kursk(), tmp_path_factory.mktemp("page") / "kursk.html", date=DAY)


@contextmanager
def opened(browser: Any, path: Path, *, quiet: bool = True, **options: Any) -> Iterator[Any]:
    """The page in a window of its own. At the end nothing was asked of a network, and the console was silent."""
    context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, "reduced_motion": "reduce"} | options)
    heard: list[str] = []
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    shown = context.new_page()
    shown.set_default_timeout(20_000)
    shown.on("console", lambda message: heard.append(f"{message.type}: {message.text}"))
    shown.on("pageerror", lambda error: heard.append(f"error: {error}"))
    shown.on("dialog", lambda dialog: (heard.append(f"dialog: {dialog.message}"), dialog.dismiss()))
    shown.goto(path.as_uri())
    if options.get("java_script_enabled", True):
        shown.wait_for_selector("html[data-ready]")
    yield shown
    context.close()
    if quiet:
        assert heard == []
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:", "about:"))] == []


def until(shown: Any, expression: str, arg: Any = None, seconds: float = 20) -> None:
    """Wait for something to be true. (Playwright's own wait needs `eval` in the page, which its policy refuses.)"""
    end = time.monotonic() + seconds
    while not shown.evaluate(expression, arg):
        assert time.monotonic() < end, f"never true: {expression}"
        shown.wait_for_timeout(20)


def set_day(shown: Any, day: dt.date) -> None:
    """As a drag does: the slider's value, then its event; wait until it was answered."""
    shown.evaluate(
        """(iso) => {
            const slider = document.getElementById("slider");
            const first = Date.parse(JSON.parse(document.getElementById("answers").textContent).first + "T00:00:00Z");
            slider.value = (Date.parse(iso + "T00:00:00Z") - first) / 864e5;
            slider.dispatchEvent(new Event("input", { bubbles: true }));
        }""",
        day.isoformat(),
    )
    until(shown, "(iso) => document.getElementById('date').dateTime === iso", day.isoformat())


def told(shown: Any) -> dict[str, Any]:
    """What the state says, row by row, read from what is visible."""
    return shown.evaluate(
        """() => {
            const keys = JSON.parse(document.getElementById("answers").textContent).keys;
            const text = (row, selector) => row.querySelector(selector).textContent;
            const answer = (row) => ({
                figure: text(row, ".figure"), span: text(row, ".span"),
                marks: Array.from(row.querySelectorAll(".mark"), (mark) => mark.textContent),
            });
            const rows = Array.from(document.querySelectorAll("[data-row]"));
            return Object.fromEntries(rows.filter((row) => row.checkVisibility()).map((row) => {
                const accounts = Array.from(row.querySelectorAll("tbody tr"));
                return [keys[row.dataset.row], {
                    ...answer(row.querySelector("summary")),
                    accounts: accounts.map((one) => [text(one, ".party"), answer(one), text(one, ".heard")]),
                }];
            }));
        }"""
    )


def said(answer: Any) -> dict[str, Any]:
    """The same of the library's answer."""
    remarks = []
    if getattr(answer, "disputed", False):
        remarks.append("disputed")
    if answer.contradictory:
        remarks.append("contradicts itself")
    if not answer.certain:
        remarks.append("not certain to have begun")
    if isinstance(answer, kt.Account):
        remarks += ["stale"] if answer.stale else []
    elif answer.stale:
        remarks.append(f"stale, last heard {answer.last_heard}")
    elif answer.is_old_zero:
        remarks.append(f"last heard {answer.last_heard}")
    if answer.unit is None:
        return {"figure": names(answer.holders), "span": "", "marks": remarks}
    bounds = "" if is_one(answer.low, answer.high) else span(answer.low, answer.high)
    return {"figure": f"{number(answer.best)} {symbol(answer.unit)}", "span": bounds, "marks": remarks}


def expected(state: kt.State) -> dict[str, Any]:
    return {
        str(key): {
            **said(estimate),
            "accounts": [
                [a.party, said(a), "that day" if a.last_heard == a.date else str(a.last_heard)]
                for a in estimate.accounts.values()
            ],
        }
        for key, estimate in state.all_estimates().items()
    }


def test_the_page_says_on_any_day_what_the_library_says(browser: Any, report: Path) -> None:
    """Best, low and high of every key, the remarks and every account, forwards and back again."""
    timeline = kt.kursk()
    with opened(browser, report) as shown:
        shown.evaluate("for (const row of document.querySelectorAll('details.row')) row.open = true")
        assert told(shown) == expected(timeline.state_at(DAY))
        for iso in ("2024-07-25", "2024-08-07", "2024-10-14", "2025-03-12", "2025-12-31", "2025-04-26", "2024-11-30"):
            day = dt.date.fromisoformat(iso)
            set_day(shown, day)
            assert told(shown) == expected(timeline.state_at(day)), iso
            assert shown.text_content("#date") == date_words(day)
            assert shown.get_attribute("#slider", "aria-valuetext") == date_words(day)


def test_a_page_made_for_a_day_is_the_page_brought_to_that_day(browser: Any, tmp_path: Path) -> None:
    """What Python wrote and what the player fills in are the same text, also of the week and the summary."""
    timeline = kt.kursk("article")
    first = page.report(timeline, tmp_path / "a.html", date="2024-09-05")
    other = page.report(timeline, tmp_path / "b.html", date="2025-06-22")
    parts = "['#summary', '#week-days', '#week-claims', '.date'].map((s) => document.querySelector(s).textContent)"
    with opened(browser, first, java_script_enabled=False) as shown:
        without = [shown.text_content(part) for part in ("#summary", "#week-days", "#week-claims", ".date")]
        assert not shown.is_visible("#slider")
        assert "JavaScript" in shown.inner_text("noscript")
        assert len(shown.inner_text("#state")) > 100
    with opened(browser, other) as shown:
        set_day(shown, dt.date(2024, 9, 5))
        until(shown, f"(text) => {parts}[0] === text", without[0])
        assert shown.evaluate(parts) == without


def test_the_keyboard_moves_the_date(browser: Any, report: Path) -> None:
    """A day at a time with the arrows, to the ends with Home and End; buttons go to the days of change."""
    with opened(browser, report) as shown:
        shown.focus("#slider")
        shown.keyboard.press("ArrowRight")
        until(shown, "document.getElementById('date').dateTime === '2025-06-23'")
        shown.keyboard.press("ArrowLeft")
        shown.keyboard.press("ArrowLeft")
        until(shown, "document.getElementById('date').dateTime === '2025-06-21'")
        shown.keyboard.press("Home")
        until(shown, "document.getElementById('date').dateTime === '2024-07-25'")
        before = told(shown)
        shown.press("#after", "Enter")
        until(shown, "document.getElementById('date').dateTime > '2024-07-25'")
        assert told(shown) != before
        shown.focus("#slider")
        shown.keyboard.press("End")
        until(shown, "document.getElementById('slider').value === document.getElementById('slider').max")


def test_a_drag_moves_the_date_and_the_charts_cursor(browser: Any, report: Path) -> None:
    """With the pointer, from end to end."""
    with opened(browser, report) as shown:
        box = shown.locator("#slider").bounding_box()
        drawing = shown.locator("figure .chart svg").first
        before = drawing.evaluate("(svg) => svg.outerHTML")
        shown.mouse.move(box["x"] + 4, box["y"] + box["height"] / 2)
        shown.mouse.down()
        shown.mouse.move(box["x"] + box["width"] / 3, box["y"] + box["height"] / 2, steps=5)
        shown.mouse.up()
        until(shown, "document.getElementById('date').dateTime < '2025-03-01'")
        assert drawing.evaluate("(svg) => svg.outerHTML") != before


def test_play_runs_to_the_end_and_stops(browser: Any, report: Path) -> None:
    """It starts where the slider is; a second press pauses."""
    with opened(browser, report, reduced_motion="no-preference") as shown:
        shown.click("#play")
        assert shown.get_attribute("#play", "aria-label") == "Pause"
        until(shown, "document.getElementById('date').dateTime > '2025-06-24'")
        shown.click("#play")
        assert shown.get_attribute("#play", "aria-label") == "Play"
        stopped = shown.get_attribute("#date", "datetime")
        shown.wait_for_timeout(300)
        assert shown.get_attribute("#date", "datetime") == stopped
        set_day(shown, dt.date(2025, 12, 30))
        shown.click("#play")
        until(shown, "document.getElementById('date').dateTime === '2025-12-31'")
        until(shown, "document.getElementById('play').getAttribute('aria-label') === 'Play'")


def test_the_filter_shows_what_holds_every_word(browser: Any, report: Path) -> None:
    """In any order and case; a link to a claim that was filtered away brings it back."""
    count = "document.querySelectorAll('#claims > li:not([hidden])').length"
    with opened(browser, report) as shown:
        everything = shown.evaluate(count)
        assert everything == sum(record.event.is_claim for record in kt.kursk().log)
        shown.fill("#filter", "SYRSKY held")
        found = shown.evaluate(count)
        assert 0 < found < everything
        assert shown.inner_text("#filter-found") == f"{found} of {everything}"
        texts = shown.locator("#claims > li:not([hidden])").all_text_contents()
        assert all("syrsky" in text.lower() and "held" in text.lower() for text in texts)
        shown.fill("#filter", "no such words anywhere")
        assert shown.evaluate(count) == 0
        shown.evaluate("document.querySelector('[data-row]:not([hidden])').open = true")
        shown.locator("[data-row]:not([hidden]) .claims a").first.click()
        assert shown.evaluate(count) == everything
        assert shown.evaluate("document.querySelector(location.hash).checkVisibility()")


def test_the_week_follows_the_date(browser: Any, report: Path) -> None:
    """The claims that may have happened from Monday to Sunday, each once, without a second name."""
    with opened(browser, report) as shown:
        day = dt.date(2024, 8, 7)
        set_day(shown, day)
        numbers = shown.evaluate(
            "Array.from(document.querySelectorAll('#week-claims > li'), (li) => +li.dataset.claim)"
        )
        monday, sunday = dt.date(2024, 8, 5), dt.date(2024, 8, 11)
        standing = {event.id for event in kt.kursk().events()}
        wanted = {
            record.seq
            for record in kt.kursk().log
            if record.event.id in standing
            and (record.event.window.earliest or dt.date.min) <= sunday
            and (record.event.window.latest or dt.date.max) >= monday
        }
        assert len(numbers) == len(set(numbers))
        assert set(numbers) == wanted
        assert shown.inner_text("#week-days") == "5–11 August 2024"
        assert shown.evaluate(
            "new Set(Array.from(document.querySelectorAll('[id]'), (e) => e.id)).size"
        ) == shown.evaluate("document.querySelectorAll('[id]').length")


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("light", {}),
        ("dark", {"color_scheme": "dark"}),
        ("phone", {"viewport": {"width": 360, "height": 780}}),
        ("phone-dark", {"viewport": {"width": 360, "height": 780}, "color_scheme": "dark"}),
        ("wide", {"viewport": {"width": 2200, "height": 1200}}),
    ],
)
def test_nothing_runs_over_the_side_and_both_themes_are_drawn(
    browser: Any, report: Path, name: str, options: dict[str, Any]
) -> None:
    """At any width; the charts have the theme's colours."""
    with opened(browser, report, **options) as shown:
        shown.evaluate("for (const row of document.querySelectorAll('details.row')) row.open = true")
        assert shown.evaluate("document.documentElement.scrollWidth <= innerWidth")
        drawings = shown.locator("figure .chart svg")
        assert drawings.count() == 2
        room = shown.evaluate("document.querySelector('figure .chart').clientWidth")
        for nth in range(2):
            assert abs(drawings.nth(nth).bounding_box()["width"] - room) <= room * 0.1
        is_dark = "dark" in name
        paper = shown.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (sum(map(int, re.findall(r"\d+", paper)[:3])) < 150) == is_dark
        assert shown.get_attribute("figure .chart", "data-theme") == ("dark" if is_dark else "light")
        shown.evaluate("for (const row of document.querySelectorAll('details.row')) row.open = false")
        keep(shown, f"page-{name}")


def test_a_change_of_theme_draws_the_charts_anew(browser: Any, report: Path) -> None:
    """The reader's system may change it at dusk."""
    with opened(browser, report) as shown:
        shown.emulate_media(color_scheme="dark")
        until(shown, "Array.from(document.querySelectorAll('figure .chart')).every((c) => c.dataset.theme === 'dark')")
        shown.wait_for_timeout(300)
        assert shown.locator("figure .chart svg").count() == 2


def test_on_paper_there_is_the_state_and_no_slider(browser: Any, report: Path) -> None:
    """Charts, state and claims; nothing to press."""
    with opened(browser, report, viewport={"width": 760, "height": 1000}) as shown:
        shown.emulate_media(media="print")
        assert not shown.is_visible("#clock")
        assert not shown.is_visible("#filter")
        assert shown.is_visible("#state")
        assert shown.is_visible("#charts svg >> nth=0")
        assert shown.is_visible("#claims")
        assert shown.evaluate("document.documentElement.scrollWidth <= innerWidth")
        keep(shown, "page-print")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_axe_finds_nothing_grave(browser: Any, report: Path, scheme: str, width: int) -> None:
    """No violation of serious or critical impact, with every row open."""
    # Its own scripts are no part of the page, whose policy would rightly refuse them.
    options = {"bypass_csp": True, "color_scheme": scheme, "viewport": {"width": width, "height": 900}}
    with opened(browser, report, quiet=False, **options) as shown:
        shown.evaluate("for (const row of document.querySelectorAll('details.row')) row.open = true")
        shown.evaluate("scrollTo(0, 0)")
        assert grave(shown) == []


WORST = [
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "\"'><svg onload=alert(1)>",
    "<!--<script>alert(1)</script>",
    "<iframe srcdoc='<script>alert(1)</script>'>",
    "{{constructor.constructor('alert(1)')()}} ${alert(1)} #{alert(1)}",
    "</style><style>*{display:none}</style>",
    "javascript:alert(1)",
    "\u202e\u2028</title>",
]


def test_no_text_from_outside_does_anything(browser: Any, tmp_path: Path) -> None:
    """In every field, as a link too: no dialog and no element more than for harmless text, on any day."""

    def made(texts: list[str]) -> Path:
        timeline = kt.Timeline()
        for nth, text in enumerate(texts):
            source = kt.Source(text, title=text, locator=text, wording=text)
            fields: dict[str, Any] = common(f"2024-08-{nth + 1:02}", sources=source, note=f"{text} {nth}")
            place = "".join(c for c in text if c.isprintable() and c != "/").strip()
            timeline.append(
                [
                    kt.StatementMade(**{**fields, "about": text}),
                    kt.TerritoryHeld(holder="ukraine", region="kursk", area=f"{nth + 1} km2", **fields),
                    kt.ForcePresent(force="russia", region="kursk", troops=1000 + nth, **fields),
                    kt.SettlementTaken(settlement=f"{place} {nth}", region="kursk", by="ukraine", **fields),
                ]
            )
        return page.report(
            timeline, tmp_path / f"{len(list(tmp_path.iterdir()))}.html", title=texts[0], date="2024-08-05"
        )

    def seen(path: Path) -> list[str]:
        with opened(browser, path) as shown:
            for day in (1, 9, 5):
                set_day(shown, dt.date(2024, 8, day))
            for nth in range(shown.locator("figure .chart").count()):
                box = shown.locator("figure .chart").nth(nth).bounding_box()
                for step in range(12):
                    shown.mouse.move(box["x"] + box["width"] * step / 12, box["y"] + box["height"] / 3)
            shown.evaluate("for (const row of document.querySelectorAll('details.row')) row.open = true")
            shown.wait_for_timeout(100)
            return shown.evaluate(
                """() => Array.from(document.querySelectorAll("body *, head *"))
                    .filter((e) => !e.closest("figure, .hint")).map((e) => e.tagName)"""
            )

    assert seen(made(WORST)) == seen(made([f"harmless {nth}" for nth in range(len(WORST))]))


def test_the_slider_runs_in_a_frame_as_in_a_notebook(browser: Any, tmp_path: Path) -> None:
    """Shut in, from its attribute alone; it moves without any kernel."""
    timeline = kt.Timeline()
    timeline.append(
        [held("2024-08-06", "90 km2"), held("2024-08-09", "about 70 km2"), present("2024-08-07", "over 900")]
    )
    slider = page.scrub(timeline, date="2024-08-06")
    notebook = tmp_path / "notebook.html"
    notebook.write_text(f"<!DOCTYPE html><html data-ready><title>x</title>{slider._repr_html_()}", "utf-8")
    with opened(browser, notebook) as shown:
        inside = shown.frame_locator("iframe")
        inside.locator("html[data-ready]").wait_for()
        assert inside.locator("#date").inner_text() == "6 August 2024"
        inside.locator("#slider").focus()
        shown.keyboard.press("End")
        inside.get_by_text("70 km²").first.wait_for()
        assert inside.locator("figure .chart svg").count() == 1
        keys = json.loads(inside.locator("#answers").text_content())["keys"]
        assert "held/ukraine/kursk" in keys
