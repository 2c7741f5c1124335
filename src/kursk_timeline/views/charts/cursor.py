"""A line across all panels that a page can move."""

from __future__ import annotations

import re
from typing import Any, TypeVar

from kursk_timeline.errors import QueryError, shown
from kursk_timeline.views.charts.library import alt

C = TypeVar("C", alt.LayerChart, alt.VConcatChart)

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,40}", re.ASCII)

_TAKEN = frozenset({"datum", "event", "item", "parent", "width", "height", "padding", "autosize", "background"})
"""Names that formulas of the drawing library use themselves."""

_GREY = "#888888"
"""Stands out from both backgrounds."""


def with_cursor(chart: C, name: str = "cursor") -> C:
    """
    The chart with an upright line in every panel, at the day a page chooses.

    The day is a parameter of the whole chart, in milliseconds since 1970 (UTC); a page moves the line by
    ``view.signal("cursor", Date.UTC(2025, 5, 22)).run()``. The line is the one row of a data set of its own,
    placed by a fixed formula from the parameter, and the days shown do not depend on it: a move
    recomputes that row and nothing else (well under a millisecond). At first, and on days that are not
    shown, it is out of sight.

    Args:
        chart: One of `Plot`'s or `history_chart`'s; it is not changed.
        name: The parameter's name, a plain word: it becomes part of a formula.

    Raises:
        QueryError: the name is no plain word, or one that the drawing library uses itself.

    >>> import kursk_timeline as kt
    >>> from kursk_timeline.views.charts import Plot
    >>> with_cursor(Plot(kt.kursk("article")).territory()).to_dict()["params"]
    [{'name': 'cursor', 'value': 0}]
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name) or name in _TAKEN:
        raise QueryError(
            f"{shown(name)} cannot name a cursor: give a plain word, letters first, that the drawing library "
            "does not use itself, as in 'cursor'"
        )
    rule = (
        alt.Chart(alt.InlineData(values=[{}]))
        .transform_calculate(cursor_day=f"toDate({name})")
        .mark_rule(strokeWidth=1.5, color=_GREY, clip=True, aria=False)
        .encode(x=alt.X("cursor_day:T", title=None))
    )
    # Shallow copies: joining by `+` would copy every part of every panel, several times over.
    marked: C = _with(chart, rule)
    before: Any = marked.params
    there: list[Any] = [] if before is alt.Undefined else list(before)
    there.append(alt.param(name=name, value=0).param)
    marked.params = there
    return marked


def _with(chart: Any, rule: alt.Chart) -> Any:
    marked = chart.copy(deep=False)
    if isinstance(marked, alt.VConcatChart):
        marked.vconcat = [_with(panel, rule) for panel in marked.vconcat]
    else:
        marked.layer = [*marked.layer, rule]
    return marked
