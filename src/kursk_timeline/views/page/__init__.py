"""
A page one can keep, send and publish: a slider over time, the state it points at, and its sources.

One file without any part outside itself. The same player, smaller, stands in a notebook's cell.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, overload

import attrs

from kursk_timeline.errors import InputError, shown
from kursk_timeline.findings import Finding
from kursk_timeline.formats.whole import write_whole
from kursk_timeline.replay.account import Gaps
from kursk_timeline.text import text
from kursk_timeline.version import __version__
from kursk_timeline.views.page.charts import drawings, library
from kursk_timeline.views.page.document import document, frame, heading
from kursk_timeline.views.page.payload import Question, Told

__all__ = ["Scrub", "report", "scrub"]


@overload
def report(
    timeline: Told,
    path: None = None,
    *,
    date: Any = None,
    known_on: Any = None,
    according_to: Any = None,
    gaps: Gaps = "hold",
    title: str | None = None,
    findings: Sequence[Finding] | None = None,
) -> str: ...
@overload
def report(
    timeline: Told,
    path: str | os.PathLike[str],
    *,
    date: Any = None,
    known_on: Any = None,
    according_to: Any = None,
    gaps: Gaps = "hold",
    title: str | None = None,
    findings: Sequence[Finding] | None = None,
) -> Path: ...
def report(
    timeline: Told,
    path: str | os.PathLike[str] | None = None,
    *,
    date: Any = None,
    known_on: Any = None,
    according_to: Any = None,
    gaps: Gaps = "hold",
    title: str | None = None,
    findings: Sequence[Finding] | None = None,
) -> str | Path:
    """
    A self-contained page: slider, state, charts, claims with their sources, disputes and findings.

    Args:
        timeline: What to show.
        path: A file to write, whole or not at all; None for the text itself.
        date: The day the page opens with; None for the last.
        known_on, according_to, gaps: As in every question; the whole page is about this one.
        title: Its heading; None for one made of the region's name.
        findings: What to show as findings; None for what the timeline's own audit finds.

    Returns:
        The HTML text, or the path written to.

    Raises:
        MissingExtraError: the extra ``viz`` is not installed.
        StorageError: the file cannot be written.
        WhenError: `date` or `known_on` is no single day.
        QueryError: an option that does not exist.

    Cost: one estimate for each key and day of change, and the charts, which take most of the seconds it needs.
    """
    made = _made(timeline, date, known_on, according_to, gaps, title, findings, compact=False)
    return made if path is None else write_whole(path, [made.encode()])


@attrs.frozen(repr=False)
class Scrub:
    """
    A slider over time for a notebook: shown as a frame that needs no kernel and no network.

    Attributes:
        page: The whole document in the frame.
        title: The frame's accessible name.
        height: Of the frame, in pixels.
    """

    page: str
    title: str
    height: int

    def _repr_html_(self) -> str:
        return frame(self.page, self.title, self.height)

    def __repr__(self) -> str:
        return f"<slider: {self.title}>"


def scrub(
    timeline: Told,
    *,
    date: Any = None,
    known_on: Any = None,
    according_to: Any = None,
    gaps: Gaps = "hold",
    title: str | None = None,
    height: int = 720,
) -> Scrub:
    """
    A slider over time: the state, the chart and the week's claims follow it.

    Everything it can show is in it, so that it also works in an exported notebook.

    Args:
        height: Of the frame, in pixels, at least 200.

    The rest, and what is raised, as for `report`.
    """
    if not isinstance(height, int) or isinstance(height, bool) or height < 200:
        raise InputError(f"a height is a number of pixels, 200 or more, not {shown(height)}")
    heading_ = _title(timeline, title)
    page = _made(timeline, date, known_on, according_to, gaps, title, (), compact=True)
    return Scrub(page, heading_, height)


def _title(timeline: Told, title: str | None) -> str:
    return heading(timeline.region) if title is None else text(title)


def _made(
    timeline: Told,
    date: Any,
    known_on: Any,
    according_to: Any,
    gaps: Gaps,
    title: str | None,
    findings: Sequence[Finding] | None,
    *,
    compact: bool,
) -> str:
    if according_to is not None and not isinstance(according_to, str):
        according_to = tuple(according_to)  # it is asked more than once
    question = Question.of(timeline, date, known_on, according_to, gaps)
    ask = {"known_on": known_on, "according_to": according_to, "gaps": gaps}
    if findings is None:
        audit = getattr(timeline, "audit", None)
        findings = () if audit is None else tuple(audit(**ask))
    return document(
        question,
        title=_title(timeline, title),
        # Over the slider's days, so that the cursor never leaves the picture.
        charts=drawings(timeline, ask | {"first": question.first, "last": question.last}, compact=compact),
        library=library(),
        findings=findings,
        version=__version__,
        compact=compact,
    )
