"""
The page's charts as specifications, and the script that draws them.

Everything is drawn in the reader's browser from what the page holds: nothing is fetched.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from kursk_timeline.errors import MissingExtraError

CURSOR = "at_day"
"""
The charts' signal that marks the date, in milliseconds since 1970; the player sets it by this name.

Vega itself has a signal called ``cursor``, which is the pointer's shape.
"""


def drawings(timeline: Any, ask: Mapping[str, Any], *, compact: bool) -> dict[str, Any]:
    """
    The charts of a timeline, for light and dark paper.

    Args:
        ask: ``known_on``, ``according_to`` and ``gaps``; ``first`` and ``last``, the days to show.
        compact: Only the territory.

    Returns:
        ``charts``, each with its ``title`` and ``subtitle``, which the page sets itself (a drawing cannot
        break their lines); its Vega-Lite ``spec`` on light paper; and ``dark``, what is otherwise on dark
        paper (see `changes`). And the ``datasets`` that they share, by name (see `packed`).

    Raises:
        MissingExtraError: Altair is not installed.
    """
    try:
        import altair
    except ImportError as error:
        raise MissingExtraError("viz", "altair") from error
    from kursk_timeline.views.charts import Plot, with_cursor

    plot = Plot(timeline)
    kinds: list[Callable[..., Any]] = [plot.territory, plot.forces]

    def drawn(draw: Callable[..., Any], theme: str) -> dict[str, Any]:
        spec: dict[str, Any] = with_cursor(draw(**ask, theme=theme), name=CURSOR).to_dict()
        return spec | {"background": "transparent"}  # the page's own paper shows through

    found: list[dict[str, Any]] = []
    datasets: dict[str, Any] = {}
    with altair.data_transformers.enable("default", max_rows=None, consolidate_datasets=True):
        for draw in kinds[:1] if compact else kinds:
            light, dark = drawn(draw, "light"), drawn(draw, "dark")
            head = light.pop("title", ""), dark.pop("title", "")
            title, *subtitle = _lines(head[0])
            datasets |= light.pop("datasets", {}) | dark.pop("datasets", {})
            found.append(
                {
                    "title": title,
                    "subtitle": " ".join(subtitle),
                    "spec": light,
                    "dark": list(changes(light, dark)),
                }
            )
    return {"charts": found, "datasets": {name: packed(rows) for name, rows in datasets.items()}}


def _lines(title: Any) -> list[str]:
    """The text of a chart's title, and below it the subtitle's; Vega-Lite takes both in several shapes."""
    if isinstance(title, Mapping):
        return [*_lines(title.get("text", "")), *(line for line in _lines(title.get("subtitle", "")) if line)]
    return [str(line) for line in title] if isinstance(title, list) else [str(title)]


def changes(before: Any, after: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[list[str | int], Any]]:
    """
    What must be put where to make one tree of another.

    >>> list(changes({"a": [1, {"b": 2}]}, {"a": [1, {"b": 3}]}))
    [(['a', 1, 'b'], 3)]
    """
    if isinstance(before, dict) and isinstance(after, dict) and before.keys() == after.keys():
        for key in before:
            yield from changes(before[key], after[key], (*path, key))
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for place, pair in enumerate(zip(before, after, strict=True)):
            yield from changes(*pair, (*path, place))
    elif before != after:
        yield list(path), after


def packed(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """
    Rows whose field names are written once for all rows that have the same.

    >>> packed([{"a": 1, "b": 2}, {"a": 3, "b": 4}, {"a": 5}])
    {'fields': [['a', 'b'], ['a']], 'rows': [[0, 1, 2], [0, 3, 4], [1, 5]]}
    """
    fields: dict[tuple[str, ...], int] = {}
    table = [[fields.setdefault(tuple(row), len(fields)), *row.values()] for row in rows]
    return {"fields": [list(names) for names in fields], "rows": table}


@lru_cache(maxsize=1)
def library() -> str:
    """
    The script that gives the page ``vegaEmbed``: Vega, Vega-Lite and Vega-Embed in one, about 0.9 MB.

    Raises:
        MissingExtraError: vl-convert is not installed.
    """
    try:
        import vl_convert
    except ImportError as error:
        raise MissingExtraError("viz", "vl-convert-python") from error
    bundle: str = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
    # Inside a script element these would end it, or hide its end. In a script's strings, where alone
    # they could stand, a backslash before a sign that needs none changes nothing.
    return re.sub(r"<(?=/script|!--|script)", r"\\x3c", bundle.replace("\r\n", "\n"), flags=re.IGNORECASE)
