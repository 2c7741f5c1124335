"""Charts: what is drawn is what was claimed; text from sources is only ever data; anybody can read them."""

from __future__ import annotations

import datetime as dt
import itertools
import json
import math
import re
import subprocess
import sys
import unicodedata
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import kursk_timeline as kt
from kursk_timeline.errors import QueryError, WhenError
from made import changed, common, held, present, retracted
from test_views import NASTY, NASTY_NAMES

alt = pytest.importorskip("altair")
vl_convert = pytest.importorskip("vl_convert")

from kursk_timeline.views.charts import Plot, history_chart, offline, with_cursor  # noqa: E402
from kursk_timeline.views.charts.look import CONTESTED, DERIVED, SHAPES, THEMES, Palette  # noqa: E402


def timeline(*events: kt.Event) -> kt.Timeline:
    made = kt.Timeline.open(":memory:")
    made.append(events)
    return made


@pytest.fixture(scope="module")
def record() -> kt.Timeline:
    return kt.kursk()


def taken(place: str, day: str, by: str = "ukraine", **more: Any) -> kt.SettlementTaken:
    return kt.SettlementTaken(settlement=place, region="kursk", by=by, **common(day, **more))


def panels(chart: Any) -> list[dict[str, Any]]:
    """The panels of a chart as plain data, each data set in its place."""
    spec = chart.to_dict()
    sets = spec.get("datasets", {})

    def filled(node: Any, name: str | None = None) -> Any:
        if isinstance(node, list):
            return [filled(one, name) for one in node]
        if not isinstance(node, dict):
            return node
        name = node.get("data", {}).get("name", name)
        found = {key: filled(value, name) for key, value in node.items() if key not in ("datasets", "data")}
        if name is not None and "mark" in node:
            found["rows"] = list(sets[name])
        return found

    whole = filled(spec)
    return list(whole.get("vconcat", [whole]))


def rows(panel: dict[str, Any], mark: str, having: str = "party") -> list[dict[str, Any]]:
    """The rows of a panel's first layer of a mark whose rows have a field."""
    for layer in panel["layer"]:
        if layer["mark"]["type"] == mark and any(having in row for row in layer["rows"]):
            return list(layer["rows"])
    return []


def headed(chart: Any, words: str) -> dict[str, Any]:
    """The panel whose head has these words."""
    return next(panel for panel in panels(chart) if words in panel.get("title", {}).get("text", ""))


# --- what is drawn is what was claimed ---------------------------------------------------------


def test_a_line_steps_through_what_a_party_said() -> None:
    """Every step of the account is there with its days, figures, claimant, publisher and words."""
    tl = timeline(held("2024-08-10", "90 km2"), held("2024-08-20", "about 100 km2"))
    line = rows(headed(Plot(tl).territory(last="2024-08-25"), "held in full"), "line")
    steps = [row for row in line if "days" in row]
    assert [(r["day"], r["until"], r["low"], r["best"], r["high"]) for r in steps] == [
        ("2024-08-10", "2024-08-20", 90, 90, 90),
        ("2024-08-20", "2024-08-26", 90, 100, 110),
    ]
    assert steps[0]["claimant"] == "ukraine/syrsky"
    assert steps[0]["publisher"] == "An invented paper"
    assert steps[0]["wording"] == "invented for a test"
    assert steps[1]["bounds"] == "90–110"
    assert steps[1]["value"] == "100 km²"
    assert steps[1]["days"] == "2024-08-20 to 2024-09-19", "then it is stale"


def test_every_run_ends_where_the_next_begins() -> None:
    """A line without gaps: stale is another dash, and the drop to the new figure is drawn."""
    tl = timeline(held("2024-08-01", "500 km2"), held("2024-11-01", "90 km2"))
    line = rows(headed(Plot(tl).territory(), "held in full"), "line")
    ends = [row for row in line if "days" not in row]
    assert [(r["day"], r["best"], r["status"]) for r in ends][:2] == [
        ("2024-09-01", 500, "current"),
        ("2024-11-01", 90, "stale"),
    ]
    assert {row["run"] for row in line} == {0, 1, 2}
    assert all(row["marker"] for row in line if row["day"] in ("2024-08-01", "2024-11-01") and "days" in row)


def test_no_upper_bound_is_never_a_number() -> None:
    """An open band runs to the panel's edge, marked ∞, and nothing in words gives it an end."""
    tl = timeline(held("2024-08-10", "over 1,000 km2"))
    panel = headed(Plot(tl).territory(), "held in full")
    (step,) = (row for row in rows(panel, "line") if "days" in row)
    (scale,) = {json.dumps(layer["encoding"]["y"]["scale"]["domain"]) for layer in panel["layer"] if "scale" in
                layer["encoding"].get("y", {})}  # fmt: skip
    assert step["open"]
    assert step["bounds"] == "1,000–∞"
    assert step["high"] == json.loads(scale)[1] > 1000
    assert 1000 < step["near"] < step["far"] < step["high"]
    (sign,) = rows(panel, "text", "sign")
    assert sign["sign"] == "↑∞"
    assert "∞" not in json.dumps(rows(headed(Plot(timeline(held("2024-08-10", "90 km2"))).territory(), "full"), "line"))


def test_disputes_and_doubt_are_marked() -> None:
    """Disputed spans as in the history; what may not have begun is said to be so."""
    tl = timeline(held("2024-08-10", "90 km2"), held("2024-08-15", "none", "russia"), held("2024-08", "80 km2", "uk"))
    panel = headed(Plot(tl).territory(), "held in full")
    disputed = [s for s in tl.history("held/ukraine/kursk").steps if s.disputed]
    (span, *_) = rows(panel, "rect", "what")
    assert span["what"] == "disputed"
    assert span["day"] == disputed[0].first.isoformat()
    uk = [row for row in rows(panel, "line") if row["party"] == "uk" and "days" in row]
    assert uk[0]["status"] == "may not have begun"
    assert not uk[0]["marker"], "that nothing may have been said yet is no point of its own"


def test_the_whole_record_is_drawn(record: kt.Timeline) -> None:
    """Each account of the record's areas has a line that gives its value on any day shown."""
    chart = Plot(record).territory(first="2024-08-01", last="2025-09-01")
    for measure, words in (("held", "held in full"), ("controlled", "contested together")):
        line = [row for row in rows(headed(chart, words), "line") if "days" in row]
        history = record.history(f"{measure}/ukraine/kursk")
        assert {row["party"] for row in line} == set(history.accounts)
        for day in ("2024-08-06", "2024-09-06", "2025-01-05", "2025-06-22"):
            for party, account in history.accounts.items():
                said = account.at(day)
                found = [r for r in line if r["party"] == party and r["day"] <= day < r["until"]]
                assert len(found) == (said is not None)
                if said is not None:
                    assert (found[0]["low"], found[0]["best"]) == (said.low, said.best)
                    assert (found[0]["high"] == said.high) is not found[0]["open"]
                    assert (found[0]["status"] == "stale") is said.stale


def test_strength_is_shown_as_derived_beside_the_headcounts() -> None:
    """Nobody claims a strength: it has the name of no party, and the claims it follows from are there too."""
    tl = timeline(present("2024-08-10", 11_000), kt.LossesReported(
        force="russia", region="kursk", killed=300, cumulative=True, **common("2024-09-01")))  # fmt: skip
    line = rows(headed(Plot(tl).forces("russia"), "strength"), "line")
    assert {row["party"] for row in line} == {DERIVED, "ukraine"}
    assert all(row["derived"] for row in line if row["party"] == DERIVED)
    losses = headed(Plot(tl).forces("russia", "killed"), "killed")
    assert [row["best"] for row in rows(losses, "line") if "days" in row] == [300]


def test_a_place_that_several_may_hold_is_shared() -> None:
    """One of these, and the sources do not settle which: the bar is split, and no full bar is drawn."""
    tl = timeline(taken("Sudzha", "2024-08-15"), taken("Sudzha", "2024-08-15", "russia", claimant="russia/mod"))
    (step,) = [s for s in tl.history("holder/Sudzha/kursk").steps if not s.stale]
    assert step.holders == {"russia", "ukraine"}
    panel = headed(Plot(tl).settlements(last="2024-09-01"), "named settlements")
    full, shared = (layer["rows"] for layer in panel["layer"] if layer["mark"]["type"] == "rect")
    assert not full
    assert [(r["party"], r["upper edge"] < r["lower edge"]) for r in shared] == [("russia", True), ("ukraine", True)]
    assert shared[0]["lower edge"] == shared[1]["upper edge"]
    assert shared[0]["names"] == "russia or ukraine (disputed)"
    assert "ukraine: ukraine" in shared[0]["said"]


def test_settlements_of_one_holder() -> None:
    """Only the places it may have held; and the counts are below."""
    tl = timeline(taken("Sudzha", "2024-08-15"), taken("Podol", "2024-08-16", "russia"), kt.SettlementsHeld(
        holder="ukraine", region="kursk", count=74, **common("2024-08-13")))  # fmt: skip
    chart = Plot(tl).settlements("ukraine")
    assert {row["place"] for row in rows(headed(chart, "named"), "text", "place")} == {"Sudzha"}
    assert [r["best"] for r in rows(headed(chart, "ukraine: settlements"), "line") if "days" in r] == [74]


def test_events_by_kind() -> None:
    """A row for each claim; none for events about events, nor for what is withdrawn."""
    wrong = changed("2024-08-12", "+5 km2")
    tl = timeline(held("2024-08-10", "90 km2"), taken("Sudzha", "2024-08"), wrong, retracted(wrong, "2024-08-20"))
    (panel,) = panels(Plot(tl).events())
    found = {row["kind"]: row for row in rows(panel, "tick", "kind")}
    assert set(found) == {"territory held", "settlement taken"}
    assert found["settlement taken"]["what"] == "Sudzha taken by ukraine"
    assert found["settlement taken"]["wide"]
    assert found["territory held"]["what"] == "territory held, ukraine, area 90 km²"
    assert not found["territory held"]["wide"]


def test_what_happened_stands_above_once() -> None:
    """Two reports of one thing are two marks and one line of words; words never start inside other words."""
    launched = [
        kt.OperationLaunched(by="ukraine", region="kursk", **common("2024-08-06", who)) for who in ("ukraine", "russia")
    ]
    places = [taken(f"Place {n}", f"2024-08-{n:02}") for n in range(7, 27)]
    tl = timeline(*launched, *places, held("2024-08-10", "90 km2"))
    strip = panels(Plot(tl).territory(first="2024-08-01", last="2024-12-01"))[0]
    marks = rows(strip, "point", "lane")
    assert len(marks) == 22
    assert [row["words"] for row in marks].count("operation launched by ukraine") == 1
    lanes: dict[int, str] = {}
    for row in (row for row in marks if row["words"]):
        assert row["lane"] < 3
        assert lanes.get(row["lane"], "") < row["middle"]
        lanes[row["lane"]] = row["middle"]
    assert all(row["lane"] == 3 for row in marks if not row["words"])


def test_questions_are_passed_on() -> None:
    """A chart is as of what was known, by those asked, over the days asked for; and it says so."""
    tl = timeline(held("2024-08-10", "90 km2"), held("2024-08-20", "100 km2", "isw", "2024-09-01"))
    chart = Plot(tl).territory(known_on="2024-08-21", according_to=iter(["ukraine", "isw"]), gaps="span")
    assert {row["party"] for row in rows(headed(chart, "full"), "line")} == {"ukraine"}
    assert chart.title.subtitle[0] == "as known on 2024-08-21, according to ukraine, isw, gaps spanned"
    cut = headed(Plot(tl).territory(first="2024-08-15", last="2024-08-16"), "full")
    assert {(r["day"], r["until"]) for r in rows(cut, "line") if "days" in r} == {("2024-08-15", "2024-08-17")}


def test_nothing_claimed_says_so() -> None:
    """An empty chart is no error: an unknown holder, an empty timeline, days on which nothing is claimed."""
    empty, some = Plot(kt.Timeline.open(":memory:")), Plot(timeline(held("2024-08-10", "90 km2")))
    history = some._timeline.history("held/ukraine/kursk")
    for chart in (
        empty.territory(), empty.forces(), empty.settlements(), empty.events(), some.territory("nobody"),
        some.territory(region="belgorod"), some.forces("russia"), some.settlements(),
        some.territory(first="2024-01-01", last="2024-02-01"), some.events(first="2024-01-01", last="2024-02-01"),
        history_chart(some._timeline.history("held/nobody/kursk")), history_chart(history, last="2024-01-01"),
    ):  # fmt: skip
        (panel,) = panels(chart)
        assert rows(panel, "text", "words")[0]["words"].startswith("Nothing is claimed")
        assert "<svg" in vl_convert.vegalite_to_svg(chart.to_json())


def test_what_cannot_be_drawn_is_said() -> None:
    """Wrong measures, themes, names, days."""
    plot = Plot(timeline(held("2024-08-10", "90 km2")))
    with pytest.raises(QueryError, match="there is no measure 'strenght'"):
        plot.forces("russia", "strenght")
    with pytest.raises(QueryError, match="'light', 'dark' or None"):
        plot.territory(theme="sepia")  # type: ignore[arg-type]
    with pytest.raises(QueryError, match="has no days"):
        plot.territory(first="2024-09-01", last="2024-08-01")
    with pytest.raises(QueryError, match="no short name"):
        plot.territory(region="Kursk Oblast")
    with pytest.raises(WhenError):
        plot.events(first="2024-08")
    with pytest.raises(QueryError, match="gaps"):
        plot.territory(gaps="fill")  # type: ignore[arg-type]


# --- anybody can read them ---------------------------------------------------------------------


def _light(channel: int) -> float:
    c = channel / 255
    return c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4


def _linear(colour: str) -> tuple[float, float, float]:
    return tuple(_light(int(colour[i : i + 2], 16)) for i in (1, 3, 5))  # type: ignore[return-value]


def contrast(one: str, other: str) -> float:
    """WCAG 2: from 1 to 21."""
    light, dark = sorted(
        (sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), _linear(colour), strict=True)) for colour in (one, other)),
        reverse=True,
    )
    return (light + 0.05) / (dark + 0.05)


# Machado, Oliveira, Fernandes 2009, full severity: how a linear colour is seen.
_SIGHT = {
    "usual": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.01182, 0.04294, 0.968881)),
}


def _oklab(colour: str, sight: str) -> tuple[float, ...]:
    linear = _linear(colour)
    r, g, b = (min(1, max(0, sum(w * c for w, c in zip(row, linear, strict=True)))) for row in _SIGHT[sight])
    long = (0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b) ** (1 / 3)
    medium = (0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b) ** (1 / 3)
    short = (0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b) ** (1 / 3)
    return (
        0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short,
    )


@pytest.mark.parametrize("name", ["light", "dark"])
def test_themes_can_be_read(name: str) -> None:
    """Text 4.5 to 1, marks 3 to 1 (the colours of parties also carry words, so 4.5), and the cursor too."""
    theme = THEMES[name]  # type: ignore[index]
    assert contrast(theme.text, theme.background) >= 7
    assert contrast(theme.muted, theme.background) >= 4.5
    assert all(contrast(colour, theme.background) >= 4.5 for colour in theme.parties)
    assert contrast("#888888", theme.background) >= 3
    config = Plot(kt.Timeline.open(":memory:")).events(theme=name).to_dict()["config"]  # type: ignore[arg-type]
    assert config["background"] == theme.background
    assert {config["axis"]["labelColor"], config["legend"]["labelColor"], config["title"]["color"]} == {theme.text}


@pytest.mark.parametrize("sight", list(_SIGHT))
@pytest.mark.parametrize("name", ["light", "dark"])
def test_parties_differ_to_every_eye(name: str, sight: str) -> None:
    """Any two colours stay apart, in Oklab (where 0.02 is just noticeable), to colour-blind readers too."""
    colours = THEMES[name].parties  # type: ignore[index]
    assert len(set(colours)) == len(SHAPES) == len(set(SHAPES))
    nearest = min(math.dist(_oklab(a, sight), _oklab(b, sight)) for a, b in itertools.combinations(colours, 2))
    assert nearest >= (0.14 if sight == "usual" else 0.07)


names = st.lists(st.text("abcxyz", min_size=1, max_size=6), unique=True, max_size=30)


@given(parties=names, more=names, some=st.data())
def test_a_party_keeps_its_colour(parties: list[str], more: list[str], some: st.DataObject) -> None:
    """In every chart that has room, and as the log grows; and within a chart no two share one while others are free."""
    before, after = Palette(parties), Palette([*parties, *more])
    shown = some.draw(st.lists(st.sampled_from(parties), unique=True, max_size=8)) if parties else []
    slots = before.slots(shown)
    assert slots == before.slots(reversed(shown)) == after.slots(shown)
    assert len(set(slots.values())) == len(shown)
    if len(parties) <= len(SHAPES):
        assert slots == {party: slot for party, slot in before.slots(parties).items() if party in shown}


def test_a_stranger_takes_no_partys_colour() -> None:
    """What is nobody's is grey; a party's colour is its own in both kinds of panel."""
    palette = Palette(["ukraine", "russia"])
    colours, shapes = palette.drawn(["ukraine", "russia", CONTESTED, DERIVED], THEMES["light"])
    assert colours[2:] == [THEMES["light"].muted, THEMES["light"].text]
    assert len(set(zip(colours, shapes, strict=True))) == 4
    assert palette.drawn(["ukraine"], THEMES["light"])[0] == colours[:1]


def test_nothing_is_said_by_colour_alone(record: kt.Timeline) -> None:
    """Parties differ by shape and stand in a legend, statuses by dash, disputes by a word; the chart has words."""
    chart = Plot(record).territory()
    panel = headed(chart, "held in full")
    encodings = [layer["encoding"] for layer in panel["layer"]]
    (shape,) = [e["shape"] for e in encodings if "shape" in e]
    assert len(set(shape["scale"]["range"])) == len(shape["scale"]["domain"]) == 7
    assert shape["legend"]["title"] == "according to"
    (dash,) = [e["strokeDash"] for e in encodings if "strokeDash" in e]
    assert len({tuple(one) for one in dash["scale"]["range"]}) == 3
    words = chart.to_dict()["description"]
    assert words.startswith("Territory in kursk. ")
    assert "ukraine: held in full: 7 accounts, 2 disputed spans" in words


def test_axes_start_at_zero_and_have_units() -> None:
    """However far from it the figures lie."""
    plot = Plot(timeline(held("2024-08-10", "900 km2"), held("2024-08-20", "901 km2"), present("2024-08-10", 11_000)))
    for chart, unit in ((plot.territory(), "km²"), (plot.forces(), "persons")):
        for panel in panels(chart):
            scales = [layer["encoding"]["y"] for layer in panel["layer"] if layer["encoding"].get("y", {}).get("title")]
            assert scales
            assert all(y["title"] == unit and y["scale"]["domain"][0] == 0 for y in scales)


# --- plain charts ------------------------------------------------------------------------------


def test_charts_go_on_being_charts(record: kt.Timeline) -> None:
    """A user can change, layer, join and move them."""
    plot = Plot(record)
    chart = history_chart(record.history("killed/north-korea/kursk"))
    assert isinstance(chart, alt.LayerChart)
    assert isinstance(plot.events(), alt.LayerChart)
    assert isinstance(plot.territory(), alt.VConcatChart)
    note = alt.Chart(alt.InlineData(values=[{"at": "2025-05-01"}])).mark_rule().encode(x="at:T")
    assert len((chart + note).to_dict()["layer"]) == len(chart.layer) + 1
    assert chart.properties(width=300).interactive().to_dict()["width"] == 300
    both = plot.territory(theme=None) & plot.events(theme=None)
    assert len(both.to_dict()["vconcat"]) == 4, "what happened, held, controlled, and the events"
    assert "axis" not in plot.events(theme=None).to_dict()["config"]


def test_saved_as_svg(record: kt.Timeline, tmp_path: Path) -> None:
    Plot(record).settlements().save(tmp_path / "chart.svg")
    root = ET.parse(tmp_path / "chart.svg").getroot()
    texts = {node.text for node in root.iter("{http://www.w3.org/2000/svg}text")}
    assert {"Settlements in kursk", "Sudzha", "according to", "disputed", "settlements"} <= texts


def test_saved_as_png(record: kt.Timeline, tmp_path: Path) -> None:
    history_chart(record.history("killed/north-korea/kursk"), theme="dark").save(tmp_path / "chart.png", scale_factor=2)
    written = (tmp_path / "chart.png").read_bytes()
    assert written.startswith(b"\x89PNG")
    assert int.from_bytes(written[16:20]) > 1_200, "twice the chart's width"


def test_specifications_stay_small(record: kt.Timeline) -> None:
    """Of the whole record, in bytes."""
    plot = Plot(record)
    for chart, most in ((plot.territory(), 150_000), (plot.forces(), 100_000), (plot.events(), 250_000)):
        assert len(chart.to_json(indent=None).encode()) < most


# --- the cursor --------------------------------------------------------------------------------


def _line_at(chart: Any, day: dt.date) -> list[float]:
    """Where the cursor stands in each panel, in pixels, with the parameter at a day."""
    spec = chart.to_dict()
    (parameter,) = spec["params"]
    parameter["value"] = (day - dt.date(1970, 1, 1)).days * 86_400_000
    found = re.findall(r'<line transform="translate\(([\d.]+),[\d.]+\)"[^>]*stroke="#888888"', _svg(spec))
    return [float(x) for x in found]


def _svg(spec: dict[str, Any]) -> str:
    return str(vl_convert.vegalite_to_svg(spec))


def test_the_cursor_moves_in_every_panel() -> None:
    """It stands at its day in each panel, moves in proportion, and does not change the chart it was put on."""
    tl = timeline(taken("Sudzha", "2024-08-15"), held("2024-08-10", "90 km2"), held(
        "2024-08-20", "over 1,000 km2", including_contested=True))  # fmt: skip
    plain = Plot(tl).territory(first="2024-08-01", last="2024-11-08")  # 100 days on 640 pixels
    before = plain.to_dict()
    chart = with_cursor(plain, name="day")
    assert plain.to_dict() == before
    assert len(before["vconcat"]) == 3
    assert _line_at(chart, dt.date(2024, 8, 1)) == pytest.approx([0.0] * 3)
    assert _line_at(chart, dt.date(2024, 8, 26)) == pytest.approx([160.0] * 3)
    formulas = {
        step["calculate"] for panel in panels(chart) for layer in panel["layer"] for step in layer.get("transform", [])
        if "calculate" in step
    }  # fmt: skip
    assert formulas == {"toDate(day)"}


def test_the_cursor_goes_on_one_panel_too(record: kt.Timeline) -> None:
    chart = with_cursor(history_chart(record.history("killed/north-korea/kursk")))
    assert chart.to_dict()["params"] == [{"name": "cursor", "value": 0}]
    assert len(_line_at(chart, dt.date(2025, 5, 1))) == 1


@pytest.mark.parametrize("name", ["", "datum", "a b", "a)+alert(1", "día", "1day", "x" * 50, None])
def test_a_cursors_name_is_a_plain_word(name: Any) -> None:
    """It becomes part of a formula, so nothing else may."""
    with pytest.raises(QueryError, match="cannot name a cursor"):
        with_cursor(Plot(kt.Timeline.open(":memory:")).events(), name=name)


# --- text from sources -------------------------------------------------------------------------

FIELDS = frozenset({
    "best", "bounds", "claimant", "day", "days", "derived", "disputed", "far", "first", "from", "high", "holder",
    "kind", "lane", "low", "lower", "lower edge", "marker", "middle", "names", "near", "open", "party", "place",
    "publisher", "run", "said", "sign", "status", "until", "upper", "upper edge", "value", "what", "wide",
    "wording", "words",
})  # fmt: skip


PLACES = list(dict.fromkeys(unicodedata.normalize("NFC", name) for name in NASTY_NAMES))
"""Nasty names of places, each of a place of its own."""


def _dressed(text: Callable[[int], str], name: Callable[[int], str]) -> kt.Timeline:
    """Events with a text of its own in every field that takes one."""

    def fields(n: int, day: str, who: str) -> dict[str, Any]:
        printed = kt.Source(publisher=text(n), title=text(n), locator=text(n), wording=text(n))
        return {**common(day, who), "sources": printed, "note": text(n)}

    events: list[kt.Event] = []
    for n in range(len(NASTY)):
        day, who = f"2024-{8 + n % 4:02}-{1 + n % 28:02}", f"party-{n % 5}/voice"
        events.append(kt.StatementMade(about=text(n), region="kursk", **fields(n, day, who)))
        if n % 10 == 0:
            events.append(
                held(day, f"{n + 1} km2", **{k: v for k, v in fields(n, day, who).items() if k != "occurred"})
            )
    for n in range(len(PLACES)):
        who = f"party-{n % 3}"
        events.append(kt.SettlementTaken(settlement=name(n), region="kursk", by=who, **fields(n, "2024-08-15", who)))
    return timeline(*events)


def _bones(chart: Any) -> Any:
    """A chart without its rows, its title's words and its description."""
    spec = chart.to_dict()
    for values in spec.pop("datasets").values():
        for row in values:
            assert set(row) <= FIELDS
            assert all(isinstance(value, (str, int, float, bool)) or value is None for value in row.values())

    def bare(node: Any) -> Any:
        if isinstance(node, list):
            return [bare(one) for one in node]
        if not isinstance(node, dict):
            return node
        return {key: None if key in ("data", "description") else bare(value) for key, value in node.items()}

    assert isinstance(spec["title"].pop("text"), str)
    assert isinstance(spec["description"], str)
    return bare(spec)


def _charts(tl: kt.Timeline, name: Callable[[int], str]) -> Iterator[Any]:
    plot = Plot(tl)
    yield from (plot.settlements(), plot.events(), with_cursor(plot.territory()))
    for n in range(0, len(PLACES), 25):
        yield history_chart(tl.history(kt.Key("holder", name(n), "kursk")))


def test_texts_change_what_is_said_and_nothing_else() -> None:
    """Five hundred nasty strings in every field of text: the charts are those of plain words, but for their data."""
    plain = _dressed("x{}".format, "x{}".format)
    nasty = _dressed(NASTY.__getitem__, PLACES.__getitem__)
    for one, other in zip(_charts(plain, "x{}".format), _charts(nasty, PLACES.__getitem__), strict=True):
        assert _bones(one) == _bones(other)
        assert not re.search(r'"(href|url|image)"', json.dumps(_bones(other)))


def test_drawn_texts_run_nothing() -> None:
    """The picture of a hostile timeline has no script, no link and no handler."""
    nasty = _dressed(NASTY.__getitem__, PLACES.__getitem__)
    for chart in (Plot(nasty).settlements(), Plot(nasty).territory()):
        root = ET.fromstring(vl_convert.vegalite_to_svg(chart.to_json()))
        for node in root.iter():
            assert node.tag.rpartition("}")[2] in {"svg", "g", "path", "text", "rect", "line", "defs", "clipPath"}
            assert not any(name.lower().startswith("on") or "href" in name for name in node.attrib)


def test_direction_marks_are_spelled_out() -> None:
    """Nothing in a tooltip poses as something else, and nothing in it is endless."""
    printed = kt.Source("a\u202eb", wording="w" * 5_000)
    tl = timeline(kt.StatementMade(about="x\x1b[31m", **{**common("2024-08-10"), "sources": printed}))
    ((row,),) = [rows(panel, "tick", "kind") for panel in panels(Plot(tl).events())]
    assert row["publisher"] == "a\\u202eb"
    assert row["what"] == "statement: x\\x1b[31m"
    assert len(row["wording"]) == 160


# --- where things are missing ------------------------------------------------------------------


def test_without_altair_it_says_what_to_install() -> None:
    code = (
        "import sys; sys.modules['altair'] = None\n"
        "import kursk_timeline as kt\n"
        "try:\n    import kursk_timeline.views.charts\n"
        "except kt.TimelineError as error:\n    print(type(error).__name__, error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("MissingExtraError ")
    assert "kursk-timeline[viz]" in done.stdout


@pytest.fixture
def in_notebook(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=object))  # type: ignore[arg-type]
    before = alt.renderers.active
    alt.renderers.enable("default")
    yield
    alt.renderers.enable(before)


def test_notebooks_need_no_network(in_notebook: None) -> None:
    """The first chart switches Altair's default to its offline way."""
    pytest.importorskip("anywidget")
    Plot(kt.Timeline.open(":memory:")).events()
    assert alt.renderers.active == "jupyter"
    assert alt.renderers.options["offline"] is True
    assert not offline(), "there is nothing left to switch"


def test_a_users_choice_is_left_alone(in_notebook: None) -> None:
    alt.renderers.enable("svg")
    Plot(kt.Timeline.open(":memory:")).events()
    assert alt.renderers.active == "svg"


def test_without_anywidget_nothing_is_switched(in_notebook: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kursk_timeline.views.charts.plot.find_spec", lambda _: None)
    assert not offline()
    assert alt.renderers.active == "default"


def test_outside_notebooks_nothing_is_switched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    assert not offline()
