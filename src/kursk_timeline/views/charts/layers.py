"""The panels of a chart, drawn from rows. Every formula and field name here is a constant."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import attrs

from kursk_timeline.replay.notation import symbol
from kursk_timeline.views.charts import rows as made
from kursk_timeline.views.charts.happenings import LANES
from kursk_timeline.views.charts.library import alt
from kursk_timeline.views.charts.look import NEUTRAL, Palette, Theme
from kursk_timeline.views.charts.rows import Days, Row

WIDTH = 640
HEIGHT = 230
STRIP = 16 * (LANES + 1)
PLACE = 24
"""Height of a settlement's or kind's row."""

_WIDTHS = [2, 1.2, 1.5]
"""How broad a line is, by status: what no longer or not yet surely holds is thin, and as dark as the rest."""


@attrs.frozen
class Frame:
    """What all panels of one chart have in common."""

    days: Days
    theme: Theme
    palette: Palette
    parties: Sequence[str] = ()

    def x(self, field: str = "day", *, axis: bool = True, line: bool = True, scale: alt.Scale | None = None) -> alt.X:
        """The days, in UTC: a day is a day wherever the chart is read."""
        far = len(self.days) > 150
        return alt.X(
            f"{field}:T",
            title=None,
            scale=alt.Scale(type="utc") if scale is None else scale,
            axis=alt.Axis(
                format="%b %Y" if far else "%d %b %Y",
                labels=axis,
                ticks=axis,
                domain=line,
                tickCount=7,
                labelSeparation=14,
                labelOverlap=True,
                labelFlush=True,
                grid=line,
            ),
        )

    def ground(self, *, axis: bool = True, line: bool = True) -> alt.Chart:
        """
        The lowest layer of a panel: nothing to see, but it says which days the panel shows.

        Said once, and not in every layer: the drawing library reads a scale's ends in two ways, for the start
        of a bar and for its end, and complains that they differ.
        """
        first, until = self.days.first, self.days.until
        ends = [alt.DateTime(year=day.year, month=day.month, date=day.day, utc=True) for day in (first, until)]
        drawn: alt.Chart = (
            chart_of([{"day": first.isoformat()}])
            .mark_point(opacity=0, aria=False)
            .encode(x=self.x(axis=axis, line=line, scale=alt.Scale(type="utc", domain=ends)), y=alt.value(0))
        )
        return drawn

    def colour(self, *, title: str | None) -> alt.Color:
        colours, _ = self.palette.drawn(self.parties, self.theme)
        return alt.Color(
            "party:N",
            scale=alt.Scale(domain=list(self.parties), range=colours),
            legend=None if title is None else alt.Legend(title=title, symbolOpacity=1),
        )

    def shape(self, *, title: str) -> alt.Shape:
        _, shapes = self.palette.drawn(self.parties, self.theme)
        return alt.Shape(
            "party:N",
            scale=alt.Scale(domain=list(self.parties), range=shapes),
            legend=alt.Legend(title=title, symbolOpacity=1),
        )


class _Rows(alt.InlineData):
    """Rows that are never changed once they are in a chart, so that a copy of the chart may share them."""

    _rootschema = alt.InlineData._rootschema

    def __deepcopy__(self, _: object = None) -> _Rows:
        return self  # Altair copies a chart at nearly every call, and would copy every row with it


def chart_of(rows: Sequence[Row]) -> alt.Chart:
    """A chart of rows, which stay plain values inside the chart."""
    return alt.Chart(_Rows(values=list(rows)))


def _said(*names: str) -> list[alt.Tooltip]:
    return [alt.Tooltip(f"{name}:N", title=_HEADS.get(name, name)) for name in names]


_HEADS = {
    "value": "best",
    "bounds": "low – high",
    "names": "held by",
    "said": "accounts",
    "wording": "printed words",
    "what": "what",
}
_ACCOUNT = ("days", "party", "value", "bounds", "status", "claimant", "publisher", "wording")

ACCORDING_TO = "according to"


# --- a number over time ------------------------------------------------------------------------


@attrs.frozen
class Numbers:
    """The rows of one panel that shows a number."""

    head: str
    unit: str | None
    lines: Sequence[Sequence[Row]]
    hull: Sequence[Row] = ()
    disputed: Sequence[Row] = ()

    @property
    def everything(self) -> list[Row]:
        return [row for line in (*self.lines, self.hull) for row in line]


def number_panel(numbers: Numbers, frame: Frame, *, axis: bool = True, height: int = HEIGHT) -> alt.LayerChart:
    """Step lines, bands and markers for each account, over the hull of those that count and what is disputed."""
    bottom, top = made.ceiling(numbers.everything)
    drawn: list[Row] = []
    signs: list[Row] = []
    for place, line in enumerate(numbers.lines, 1):
        of_line = made.line_rows(line)
        signs += made.open_rows(of_line, place / (len(numbers.lines) + 1))
        drawn += of_line
    made.bounded(drawn, bottom, top)
    base = chart_of(drawn)
    x, until = frame.x(axis=axis), alt.X2("until")

    def y(field: str) -> alt.Y:
        return alt.Y(
            f"{field}:Q",
            title=symbol(numbers.unit),
            scale=alt.Scale(domain=[bottom, top], nice=False, zero=True),
            axis=alt.Axis(tickCount=5, format=",~r", titleAngle=0, titleAlign="right", titleY=-9, titleX=-6),
        )

    colour = frame.colour(title=ACCORDING_TO)
    statuses = list(made.STATUSES)
    legend = alt.Legend(title="line", symbolType="stroke", symbolSize=300)
    status = {
        "detail": alt.Detail("run:N"),
        "strokeDash": alt.StrokeDash(
            "status:O", scale=alt.Scale(domain=statuses, range=[[1, 0], [7, 3], [2, 2]]), legend=legend
        ),
        "strokeWidth": alt.StrokeWidth("status:O", scale=alt.Scale(domain=statuses, range=_WIDTHS), legend=legend),
    }
    filled = alt.FillOpacity("status:O", scale=alt.Scale(domain=statuses, range=[0.2, 0.05, 0.07]), legend=None)
    faint = {"detail": alt.Detail("run:N"), "fillOpacity": filled}
    step: dict[str, Any] = {"interpolate": "step-after", "aria": False}
    ink = frame.theme
    quiet = {"x": x, "x2": until}
    layers = [
        frame.ground(axis=axis),
        chart_of(numbers.disputed).mark_rect(color=ink.muted, opacity=0.13, aria=False).encode(**quiet),
        chart_of(numbers.disputed)
        .mark_rule(color=ink.muted, strokeWidth=4, y=-2)
        .encode(**quiet, tooltip=_said("what", "days")),
        chart_of([row for row in numbers.disputed if _room(row, frame.days) > 60])
        .mark_text(align="left", baseline="bottom", y=-6, fontSize=10, color=ink.text, aria=False)
        .encode(x=x, text="what:N"),
        base.transform_filter("!datum.open")
        .mark_area(**step, line=False)
        .encode(x=x, y=y("low"), y2="high", color=colour, **faint),
    ]
    layers += [
        # Three layers, one over the other, grow thinner towards the top: a band that ends nowhere.
        base.transform_filter("datum.open")
        .mark_area(**step, line=False, opacity=0.5)
        .encode(x=x, y=y("low"), y2=edge, color=colour, **faint)
        for edge in ("near", "far", "high")
    ]
    hull = chart_of(numbers.hull)
    layers += [
        hull.mark_rule(color=ink.muted, strokeWidth=1, aria=False).encode(**quiet, y=y(edge))
        for edge in ("low", "high")
    ]
    layers += [
        # What follows from the others runs broad and pale beneath them, and stays seen where they agree.
        base.transform_filter("datum.derived")
        .mark_line(**step, strokeWidth=6, opacity=0.25)
        .encode(x=x, y=y("best"), color=colour, detail=alt.Detail("run:N")),
        base.mark_line(**step, strokeJoin="round").encode(x=x, y=y("best"), color=colour, **status),
        base.transform_filter("datum.marker")
        .mark_point(filled=True, size=42, opacity=1, aria=False)
        .encode(x=x, y=y("best"), color=colour, shape=frame.shape(title=ACCORDING_TO)),
        # What the pointer finds: a broad unseen line over each step.
        base.mark_rule(strokeWidth=11, opacity=0).encode(**quiet, y=y("best"), tooltip=_said(*_ACCOUNT)),
        chart_of(signs)
        .mark_rule(strokeDash=[4, 3], strokeWidth=1.2, y=0, aria=False)
        .encode(x=frame.x("from", axis=axis), x2=until, color=colour),
        chart_of(signs)
        .mark_text(baseline="top", fontSize=12, fontWeight="bold", y=3)
        .encode(x=x, text="sign:N", color=colour, tooltip=_said("party", "what")),
    ]
    return _titled(alt.LayerChart(layer=layers), numbers.head, height)


def _layered(*charts: alt.Chart) -> alt.LayerChart:
    return alt.LayerChart(layer=list(charts))


def _titled(chart: alt.LayerChart, head: str, height: int) -> alt.LayerChart:
    title = alt.Title(head, fontSize=12, fontWeight="bold", offset=8)
    return chart.properties(width=WIDTH, height=height, title=title)


# --- names and events --------------------------------------------------------------------------


def holders_panel(bars: Sequence[Sequence[Row]], frame: Frame, head: str, *, axis: bool = True) -> alt.LayerChart:
    """A bar for each place: who held it when. Where several may have, they share the bar's height."""
    places = [rows[0]["place"] for rows in bars]
    # Rows are stacked by numbers and not by name, so that a bar can be shared.
    placed = [
        row
        | {
            "upper edge": place + 0.14 + 0.72 * row["lower"],
            "lower edge": place + 0.14 + 0.72 * row["upper"],
            "middle": place + 0.5,
            "party": row["holder"],
        }
        for place, rows in enumerate(bars)
        for row in rows
    ]
    return _titled(_bars(placed, places, frame, axis), head, PLACE * len(places))


def _bars(placed: Sequence[Row], places: Sequence[str], frame: Frame, axis: bool) -> alt.LayerChart:
    scale = alt.Scale(domain=[len(places), 0], nice=False, zero=False)
    ink = frame.theme
    x, until = frame.x(axis=axis), alt.X2("until")

    def y(field: str) -> alt.Y:
        return alt.Y(f"{field}:Q", title=None, scale=scale, axis=None)

    def bars(rows: Sequence[Row], **mark: Any) -> alt.Chart:
        tooltip = _said("place", "days", "names", "said", "claimant", "publisher", "wording")
        edges = {"x": x, "x2": until, "y": y("upper edge"), "y2": "lower edge"}
        drawn: alt.Chart = chart_of(rows).mark_rect(**mark).encode(**edges, color=colour, tooltip=tooltip)
        return drawn

    def words(rows: Sequence[Row], colour: str) -> alt.Chart:
        roomy = [row for row in rows if row["first"] and _room(row, frame.days) > len(row["names"]) * 6 + 10]
        mark = chart_of(roomy).mark_text(align="left", baseline="middle", dx=5, fontSize=11, color=colour, aria=False)
        drawn: alt.Chart = mark.encode(x=x, y=y("middle"), text="names:N")
        return drawn

    colour = frame.colour(title="held by")
    # Only what surely and currently holds, by one holder, is a full bar; all else is an outline.
    sure = [row for row in placed if row["status"] == made.CURRENT and row["upper"] - row["lower"] == 1]
    rest = [row for row in placed if row not in sure]
    named = [{"place": place, "middle": n + 0.5} for n, place in enumerate(places)]
    return _layered(
        frame.ground(axis=axis),
        bars(sure, strokeWidth=0),
        bars(rest, fillOpacity=0.16, strokeWidth=1.2, strokeDash=[4, 2], filled=True, stroke=ink.muted),
        chart_of(named)
        .mark_text(align="right", baseline="middle", x=-8, color=ink.text, aria=False)
        .encode(y=y("middle"), text="place:N"),
        words(sure, ink.background),
        words(rest, ink.text),
    )


def _room(row: Row, days: Days) -> float:
    """How wide a span of days is drawn, in pixels."""
    long = (dt.date.fromisoformat(row["until"]) - dt.date.fromisoformat(row["day"])).days
    return long / len(days) * WIDTH


def strip_panel(rows: Sequence[Row], frame: Frame) -> alt.LayerChart:
    """What happened, in words, above the panels that share its days."""
    base = chart_of(rows)
    x = frame.x("middle", axis=False, line=False)
    y = alt.Y("lane:Q", title=None, axis=None, scale=alt.Scale(domain=[LANES + 0.5, -0.5], nice=False, zero=False))
    return _layered(
        frame.ground(axis=False, line=False),
        base.mark_point(shape="triangle-down", filled=True, size=48, opacity=1, color=frame.theme.text).encode(
            x=x, y=y, tooltip=_said("days", "what", "claimant", "publisher", "wording")
        ),
        base.mark_text(align="left", baseline="middle", dx=8, fontSize=11, color=frame.theme.text, aria=False).encode(
            x=x, y=y, text="words:N"
        ),
    ).properties(width=WIDTH, height=STRIP)


def events_panel(rows: Sequence[Row], frame: Frame) -> alt.LayerChart:
    """A mark for each event in the line of its kind: a bar over its window, a tick on its middle day."""
    kinds = sorted(
        {row["kind"] for row in rows}, key=lambda kind: (min(r["day"] for r in rows if r["kind"] == kind), kind)
    )
    y = alt.Y("kind:N", title=None, scale=alt.Scale(domain=kinds), axis=alt.Axis(grid=True, labelLimit=200))
    base = chart_of(rows)
    tooltip = _said("days", "what", "claimant", "publisher", "wording")
    ink = frame.theme
    return _layered(
        frame.ground(),
        base.transform_filter("datum.wide")
        .mark_bar(height=6, color=ink.muted, opacity=0.45)
        .encode(x=frame.x(), x2="until", y=y, tooltip=tooltip),
        base.mark_tick(thickness=1.5, size=14, color=ink.text, opacity=0.85).encode(
            x=frame.x("middle"), y=y, tooltip=tooltip
        ),
    ).properties(width=WIDTH, height=PLACE * len(kinds))


def nothing(words: str, theme: Theme) -> alt.LayerChart:
    """An empty chart that says so."""
    text = chart_of([{"words": made.cut(words)}]).mark_text(fontSize=13, color=theme.text).encode(text="words:N")
    return _layered(text).properties(width=WIDTH, height=60)


def order_of(party: str) -> tuple[bool, str]:
    """Sorts parties by name, and what is nobody's to the end."""
    return party in NEUTRAL, party
