"""
Colours and shapes: what makes a chart readable in light and dark, in print, and to the colour-blind.

Each colour stands out from its background by at least 4.5 to 1, and any two of a set differ to
people with protanopia and deuteranopia too (both were found by searching under a simulation of
each; the tests repeat the measurement). Shapes say the same as colours, for everybody else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Literal, TypeAlias, get_args

import attrs

from kursk_timeline.errors import QueryError, shown
from kursk_timeline.measures import CONTESTED, UNCLAIMED

ThemeName: TypeAlias = Literal["light", "dark"]

SHAPES = ("circle", "square", "diamond", "triangle-up", "cross", "triangle-down", "triangle-right", "triangle-left")

DERIVED = "derived"
"""Stands where a number has no claimant: it follows from others."""

NEUTRAL = (DERIVED, CONTESTED, UNCLAIMED)
"""Names that are nobody's: they are drawn in the colour of text or greyer, not of a party."""


@attrs.frozen
class Theme:
    """Colours of one theme."""

    background: str
    text: str
    muted: str
    grid: str
    parties: tuple[str, ...]

    def config(self) -> dict[str, Any]:
        """The theme as a chart's configuration."""
        return {
            "background": self.background,
            "font": "Helvetica Neue, Arial, Liberation Sans, sans-serif",
            "view": {"stroke": None},
            "axis": {
                "domainColor": self.muted,
                "gridColor": self.grid,
                "labelColor": self.text,
                "tickColor": self.muted,
                "titleColor": self.text,
                "titleFontWeight": "normal",
                "labelFontSize": 11,
                "titleFontSize": 11,
            },
            "legend": {
                "labelColor": self.text,
                "titleColor": self.text,
                "titleFontWeight": "normal",
                "symbolStrokeColor": self.text,
                "labelFontSize": 11,
                "titleFontSize": 11,
                "labelLimit": 180,
                "symbolOpacity": 1,
            },
            "title": {
                "color": self.text,
                "subtitleColor": self.text,
                "anchor": "start",
                "frame": "group",
                "fontSize": 14,
                "subtitleFontSize": 11,
                "subtitlePadding": 4,
                "offset": 10,
            },
        }


THEMES: Mapping[ThemeName, Theme] = MappingProxyType(
    {
        "light": Theme(
            background="#ffffff",
            text="#1c1f22",
            muted="#6a7077",
            grid="#e4e7ea",
            parties=("#0022cc", "#cc4400", "#008844", "#cc33aa", "#444400", "#006677", "#992244", "#661199"),
        ),
        "dark": Theme(
            background="#14171a",
            text="#eceff1",
            muted="#98a0a8",
            grid="#2d3238",
            parties=("#5588bb", "#cc6611", "#22cc00", "#ff0088", "#eedd77", "#44ddff", "#ff99aa", "#bb44ff"),
        ),
    }
)


def theme_of(name: object) -> Theme:
    """
    A theme by name; None is drawn in the colours of the light one.

    Raises:
        QueryError: there is none of that name.
    """
    if name is None:
        return THEMES["light"]
    if name not in get_args(ThemeName):
        raise QueryError(f"a chart's theme is 'light', 'dark' or None, not {shown(name)}")
    return THEMES[name]  # type: ignore[index]


def _own_slot(name: str, slots: int) -> int:
    """The slot a name asks for: the same on every machine and in every run."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8]) % slots


def _seated(names: Iterable[str], slots: int, asked: Mapping[str, int]) -> dict[str, int]:
    """Each name in the slot it asks for, or the next one that has the fewest names so far."""
    seats: dict[str, int] = {}
    taken = [0] * slots
    for name in dict.fromkeys(names):
        first = asked[name] if name in asked else _own_slot(name, slots)
        seats[name] = min(range(slots), key=lambda slot, first=first: (taken[slot], (slot - first) % slots))  # type: ignore[misc]
        taken[seats[name]] += 1
    return seats


def _each_once(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


@attrs.frozen
class Palette:
    """
    Who is drawn how: the same party looks the same in every chart, run and theme.

    A party's name asks for a slot (by its SHA-256). Where two of a timeline ask for the same, the one that
    came into the log first has it, and the other takes the next that is free: a log only grows, so
    this does not change. A timeline of more parties than there are colours has to use some twice;
    where two such meet in one chart, the later steps aside in that chart.

    Args:
        parties: All parties of the timeline, in the order of the log.

    >>> palette = Palette(["a", "b"])
    >>> palette.slots(["b"]) == {"b": palette.slots(["a", "b"])["b"]}
    True
    """

    parties: Iterable[str] = attrs.field(converter=_each_once)

    def slots(self, names: Iterable[str]) -> dict[str, int]:
        """The slot of each name in one chart that shows them all."""
        slots = len(SHAPES)
        asked = _seated(self.parties, slots, {})
        rank = {party: place for place, party in enumerate(self.parties)}
        wanted = (name for name in names if name not in NEUTRAL)
        return _seated(sorted(wanted, key=lambda name: (rank.get(name, len(rank)), name)), slots, asked)

    def drawn(self, names: Sequence[str], theme: Theme) -> tuple[list[str], list[str]]:
        """A colour and a shape for each name."""
        slots = self.slots(names)
        neutral = {DERIVED: theme.text}
        colours = [theme.parties[slots[name]] if name in slots else neutral.get(name, theme.muted) for name in names]
        return colours, [SHAPES[slots[name]] if name in slots else "stroke" for name in names]
