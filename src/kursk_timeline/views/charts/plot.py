"""The charts an analyst asks for by name."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Iterable, Sequence
from importlib.util import find_spec
from typing import Any, TypeAlias, TypeVar

import attrs

from kursk_timeline.errors import InputError, QueryError
from kursk_timeline.events.base import Event
from kursk_timeline.measures import STRENGTH, Key
from kursk_timeline.replay.account import Gaps
from kursk_timeline.replay.bounds import FOREVER
from kursk_timeline.replay.history import History
from kursk_timeline.replay.notation import NO_SUBJECT
from kursk_timeline.views.charts import layers
from kursk_timeline.views.charts.asking import Asked, Day, Paths, Question, listed
from kursk_timeline.views.charts.happenings import event_rows, happening_rows
from kursk_timeline.views.charts.layers import WIDTH, Frame, Numbers
from kursk_timeline.views.charts.library import alt
from kursk_timeline.views.charts.look import Palette, ThemeName, theme_of
from kursk_timeline.views.charts.rows import (
    Days,
    Row,
    account_rows,
    cut,
    disputed_rows,
    holder_rows,
    step_rows,
)
from kursk_timeline.when import ZONE

Chart: TypeAlias = alt.LayerChart | alt.VConcatChart
C = TypeVar("C", alt.LayerChart, alt.VConcatChart)

HEADS = {
    "held": "held in full",
    "controlled": "controlled: held and contested together",
    STRENGTH.name: "strength, and the headcounts claimed",
}
"""What a panel's head says where the measure's name alone could mislead."""


NOTE = "Bands: least to greatest value; ↑∞: no upper bound. Thin grey: over all accounts that count."
"""How to read a number's panel, where the legend does not say it."""


NOTHING, NOTHING_THEN = "Nothing is claimed.", "Nothing is claimed on these days."


class Plot:
    """
    The charts of a timeline: `territory`, `forces`, `settlements`, `events`.

    Each is a plain Altair chart (a `LayerChart`, or a `VConcatChart` of several): go on changing it with
    ``.properties(...)``, ``.interactive()`` or ``+``, and write it with ``.save("chart.svg")`` or ``.png``.
    To join two charts with ``&``, ask for them with ``theme=None``, which leaves out the configuration
    that Altair allows only on the whole.

    How to read one:

    * A line steps through what one party said, with markers where it said so; the band is from the least to
      the greatest value its words allow. A band that fades upwards to a dashed edge and ``↑∞`` has no upper bound.
    * Dashes: *stale*, not heard for longer than the measure's shelf life. Dots: *may not have begun*.
    * Thin grey lines: the least and the greatest value over the accounts that count.
    * Grey behind, under a grey bar: *disputed*, no value fits all that count.
    * Point at a line for the days, the claimant, the publisher and the printed words.

    A party has the same colour and shape in every chart of a timeline (see `Palette`). A day is the same
    day wherever the chart is read.

    In a notebook, Altair's default way to show a chart fetches its scripts from a public network. Where that
    default is in force and anywidget is installed, the first chart switches to Altair's own offline way
    (see `offline`); a choice of yours is left alone.

    Every method takes:

    * ``known_on``, ``according_to``, ``gaps``: as everywhere.
    * ``first``, ``last``: the days to show; None for all from the first claim to the last report.
    * ``theme``: ``"light"``, ``"dark"``, or None for no configuration.

    What nobody claims gives an empty chart that says so. Every method raises `QueryError` where a measure, a
    theme or an option does not exist or the days end before they begin, and `WhenError` where something is no
    single day. Cost: that of the histories, and one search for each step's sources.

    Args:
        timeline: Whom to ask.

    >>> import kursk_timeline as kt
    >>> chart = Plot(kt.kursk("article")).territory(theme="dark")
    >>> chart.title.text
    'Territory in kursk'
    """

    def __init__(self, timeline: Asked) -> None:
        self._timeline = timeline

    def territory(
        self,
        holder: str | None = None,
        region: str | None = None,
        *,
        known_on: Day | None = None,
        according_to: Paths | None = None,
        gaps: Gaps = "hold",
        first: Day | None = None,
        last: Day | None = None,
        theme: ThemeName | None = "light",
    ) -> Chart:
        """
        What a holder holds in full, and below it with the contested ground: two things often mixed up.

        Above both, what happened.

        Args:
            holder: One holder; None for all.
            region: None for the timeline's own.
        """
        ask = Question(known_on, listed(according_to), gaps, first, last, theme)
        return self._stacked("Territory", ("held", "controlled"), holder, region, ask)

    def forces(
        self,
        force: str | None = None,
        measure: str = STRENGTH.name,
        region: str | None = None,
        *,
        known_on: Day | None = None,
        according_to: Paths | None = None,
        gaps: Gaps = "hold",
        first: Day | None = None,
        last: Day | None = None,
        theme: ThemeName | None = "light",
    ) -> Chart:
        """
        Headcounts or losses, one panel a force. Above them, what happened.

        Strength is derived: nobody claims it. Beside it stand the headcounts (`present`) it follows from.

        Args:
            force: One force; None for all.
            measure: ``"strength"``, ``"present"``, ``"killed"``, ``"captured"``…
            region: None for the timeline's own.
        """
        ask = Question(known_on, listed(according_to), gaps, first, last, theme)
        return self._stacked("Forces" if measure == STRENGTH.name else measure, (measure,), force, region, ask)

    def settlements(
        self,
        holder: str | None = None,
        region: str | None = None,
        *,
        known_on: Day | None = None,
        according_to: Paths | None = None,
        gaps: Gaps = "hold",
        first: Day | None = None,
        last: Day | None = None,
        theme: ThemeName | None = "light",
    ) -> Chart:
        """
        Who held which named settlement when, and below it how many settlements were held.

        A bar that several holders share means: one of these, and the sources do not settle which.

        Args:
            holder: Only places that this holder may have held, and its counts; None for all.
            region: None for the timeline's own.
        """
        ask = Question(known_on, listed(according_to), gaps, first, last, theme)
        return self._stacked("Settlements", ("settlements",), holder, region, ask, places=True)

    def events(
        self,
        *,
        known_on: Day | None = None,
        according_to: Paths | None = None,
        first: Day | None = None,
        last: Day | None = None,
        theme: ThemeName | None = "light",
    ) -> alt.LayerChart:
        """
        Every claim in the line of its kind: a tick on the middle of its window, a bar over a window of days.

        Point at one for what happened, the claimant, the publisher and the printed words.
        """
        ask = Question(known_on, listed(according_to), "hold", first, last, theme)
        events = self._events(ask)
        begins = [event.window.earliest for event in events if event.window.earliest is not None]
        days = ask.days(begins, _ends(events), self._zone)
        frame = Frame(days, theme_of(theme), Palette(()))
        rows = event_rows(events, days)
        if not rows:
            return _finished(layers.nothing(NOTHING_THEN, frame.theme), "Events", ask)
        kinds = len({row["kind"] for row in rows})
        words = f"{len(rows)} events of {kinds} kinds, {days.first} to {days.last}"
        return _finished(layers.events_panel(rows, frame), "Events", ask, words)

    # --- how they are made ---------------------------------------------------------------------

    @property
    def _zone(self) -> str:
        return getattr(self._timeline, "zone", ZONE)

    def _events(self, ask: Question) -> list[Event]:
        """The claims that stand; an event about another event has no place in the world."""
        found = self._timeline.events(known_on=ask.known_on, according_to=ask.according_to)
        return [event for event in found if event.is_claim]

    def _history(self, key: Key, ask: Question) -> History:
        return self._timeline.history(key, known_on=ask.known_on, according_to=ask.according_to, gaps=ask.gaps)

    def _histories(self, measures: Sequence[str], subject: str | None, region: str, ask: Question) -> list[History]:
        """Everything claimed of these measures, a subject's side by side."""
        claimed = set(self._timeline.keys())
        moved = [key for key in claimed if key.measure in ("present", "deployed")]
        claimed.update(attrs.evolve(key, measure=STRENGTH.name) for key in moved)
        asked = _key(measures[0], subject, region)
        found = [
            key
            for key in claimed
            if key.measure in measures and key.region == asked.region and asked.subject in (None, key.subject)
        ]
        found.sort(key=lambda key: (key.subject or "", measures.index(key.measure)))
        self._history(asked, ask)  # an unknown measure is said even where nothing is found
        return [history for history in (self._history(key, ask) for key in found) if history.steps]

    def _stacked(
        self,
        topic: str,
        measures: Sequence[str],
        subject: str | None,
        region: str | None,
        ask: Question,
        *,
        places: bool = False,
    ) -> Chart:
        """Panels of numbers one below the other, under a strip of what happened or the bars of places."""
        region = self._timeline.region if region is None else region
        subject = _key(measures[0], subject, region).subject
        head = f"{topic} in {region}" if subject is None else f"{topic} in {region}: {subject}"
        numbers = self._histories(measures, subject, region, ask)
        named = self._histories(("holder",), None, region, ask) if places else []
        if subject is not None:
            named = [h for h in named if any(subject in (step.holders or ()) for step in h.steps)]
        events, theme = self._events(ask), theme_of(ask.theme)
        if not numbers and not named:
            return _finished(layers.nothing(NOTHING, theme), head, ask)

        days = _days([*numbers, *named], events, ask, self._zone)
        panels = [_panel_of(history, days, self._beside(history, ask)) for history in numbers]
        panels = [panel for panel in panels if panel.lines]
        bars = [rows for history in named if (rows := holder_rows(history, days))]
        if not panels and not bars:
            return _finished(layers.nothing(NOTHING_THEN, theme), head, ask)

        frame = Frame(days, theme, Palette(event.party for event in self._timeline.events()), _parties(panels))
        top: list[alt.LayerChart] = []
        if bars:
            above = attrs.evolve(frame, parties=_holders(bars))
            top.append(layers.holders_panel(bars, above, "holders of named settlements", axis=not panels))
        elif not places:
            happened = happening_rows((e for e in events if _is_of(e, region)), days, WIDTH)
            top += [layers.strip_panel(happened, frame)] if happened else []
        height = layers.HEIGHT if len(panels) < 3 else layers.HEIGHT * 3 // 4
        drawn = [
            layers.number_panel(panel, frame, axis=place == len(panels), height=height)
            for place, panel in enumerate(panels, 1)
        ]
        chart: alt.VConcatChart = alt.VConcatChart(vconcat=[*top, *drawn], spacing=26).resolve_scale(x="shared")
        if bars:  # a colour stands for a holder above and for a claimant below: each has its own legend
            apart: Any = dict.fromkeys(("color", "shape", "strokeDash", "strokeWidth"), "independent")
            chart = chart.resolve_scale(**apart)
        return _finished(chart, head, ask, _described(panels, days), NOTE if panels else "")

    def _beside(self, history: History, ask: Question) -> list[History]:
        """What a derived number is shown with."""
        if history.key.measure != STRENGTH.name:
            return []
        return [self._history(attrs.evolve(history.key, measure="present"), ask)]


def history_chart(
    history: History,
    *,
    first: Day | None = None,
    last: Day | None = None,
    theme: ThemeName | None = "light",
    parties: Iterable[str] = (),
) -> alt.LayerChart:
    """
    One key on all dates, as in the panels of `Plot`: a number's accounts, or a name's bars.

    Args:
        first, last: The days to show; None for all on which something changes.
        theme: ``"light"``, ``"dark"``, or None for no configuration.
        parties: All parties of the timeline in the order of its log, so that each has the colour
            it has in the timeline's other charts.

    Raises:
        QueryError: no such theme, or the days end before they begin.

    >>> import kursk_timeline as kt
    >>> history_chart(kt.kursk("article").history("held/ukraine/kursk")).title.text
    'held/ukraine/kursk'
    """
    ask = Question(None, None, "hold", first, last, theme)
    head = cut(history.key)
    colours = theme_of(theme)
    if not history.steps:
        return _finished(layers.nothing(NOTHING, colours), head, ask)
    changes = [step.first for step in history.steps]
    days = ask.days(changes, [], ZONE)
    palette = Palette(parties)
    if history.steps[0].holders is not None:
        bars = [rows for rows in [holder_rows(history, days)] if rows]
        frame = Frame(days, colours, palette, _holders(bars))
        chart = layers.holders_panel(bars, frame, "held by") if bars else layers.nothing(NOTHING_THEN, colours)
        return _finished(chart, head, ask)
    panel = _panel_of(history, days, [])
    if not panel.lines:
        return _finished(layers.nothing(NOTHING_THEN, colours), head, ask)
    frame = Frame(days, colours, palette, _parties([panel]))
    return _finished(layers.number_panel(panel, frame), head, ask, _described([panel], days), NOTE)


def offline() -> bool:
    """
    In a notebook, show charts without the network from now on, where that needs nobody's choice undone.

    Altair's renderer is switched from its default to ``jupyter`` with its scripts brought along, if
    anywidget is installed. `Plot` and `history_chart` do so by themselves. Outside a notebook nothing is changed.

    Returns:
        Whether it was switched.
    """
    shell = sys.modules.get("IPython")
    if shell is None or shell.get_ipython() is None:
        return False
    if alt.renderers.active != "default" or find_spec("anywidget") is None:
        return False
    alt.renderers.enable("jupyter", offline=True)
    return True


def _key(measure: str, subject: str | None, region: str) -> Key:
    try:
        return Key(measure, subject, region)
    except InputError as error:
        raise QueryError(str(error)) from error


def _ends(events: Iterable[Event]) -> list[dt.date]:
    """The last days of all reports: what held then is not known to go on and on."""
    return [event.reported.latest for event in events if event.reported.latest is not None]


def _days(histories: Sequence[History], events: Sequence[Event], ask: Question, zone: str) -> Days:
    """From where the first of these begins to where each was last heard, and no later than the last report."""
    reported = max(_ends(events), default=dt.date.max)
    last = [account.on(FOREVER) for history in histories for account in history.accounts.values()]
    heard = [account.last_heard for account in last if account is not None]
    changes = [step.first for history in histories for step in history.steps]
    return ask.days([h.steps[0].first for h in histories], [min(day, reported) for day in (*heard, *changes)], zone)


def _is_of(event: Event, region: str) -> bool:
    return getattr(event, "region", None) == region


def _panel_of(history: History, days: Days, beside: Sequence[History]) -> Numbers:
    """The rows of a number's panel."""
    key, steps = history.key, history.steps
    lines = [account_rows(account, days) for h in (history, *beside) for account in h.accounts.values()]
    estimate = step_rows(steps, days)
    if not history.accounts:  # derived
        lines.insert(0, estimate)
    counted = len(history.accounts) > 1
    return Numbers(
        head=cut(f"{key.subject or NO_SUBJECT}: {HEADS.get(key.measure, key.measure)}"),
        unit=steps[0].unit,
        lines=[line for line in lines if line],
        hull=estimate if counted else [],
        disputed=disputed_rows(steps, days),
    )


def _parties(panels: Iterable[Numbers]) -> list[str]:
    """Whom the panels show, each once; what is derived last."""
    found = {row["party"] for panel in panels for line in panel.lines for row in line[:1]}
    return sorted(found, key=layers.order_of)


def _holders(bars: Iterable[Sequence[Row]]) -> list[str]:
    """Whom the bars show, each once."""
    return sorted({row["holder"] for rows in bars for row in rows}, key=layers.order_of)


def _described(panels: Sequence[Numbers], days: Days) -> str:
    """The chart in words, for who cannot see it."""
    parts = [f"{days.first} to {days.last}"]
    for panel in panels:
        rows: list[Row] = [row for line in panel.lines for row in line]
        if not rows:
            continue
        last = max(rows, key=lambda row: row["day"])
        parts.append(
            f"{panel.head}: {len(panel.lines)} accounts, {len(panel.disputed)} disputed spans; "
            f"latest change {last['day']}, {last['party']}: {last['value']} ({last['bounds']})"
        )
    return ". ".join(parts)


def _finished(chart: C, head: str, ask: Question, words: str = "", note: str = "") -> C:
    """Title, description and theme. The title names how it was asked."""
    offline()
    said = cut(ask.words)
    lines = [line for line in (said, note) if line]
    title = alt.Title(cut(head), subtitle=lines) if lines else alt.Title(cut(head))
    made = chart.properties(title=title, description=". ".join(part for part in (cut(head), said, words) if part))
    return made if ask.theme is None else made.configure(**theme_of(ask.theme).config())
