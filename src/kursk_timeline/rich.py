"""
The one small hook through which values and answers reach their notebook view and their picture.

What is shown lives in `views`, above; a value only knows that somebody may have filled the hook.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_render: Callable[[object], str] | None = None
_draw: Callable[..., Any] | None = None


def fill(render: Callable[[object], str], draw: Callable[..., Any]) -> None:
    """Give the hook its renderer (object in, safe HTML out) and its draughtsman (object in, chart out)."""
    global _render, _draw
    _render, _draw = render, draw


def draw(answer: object, **options: Any) -> Any:
    """The picture of an answer."""
    assert _draw is not None  # whoever has an answer has asked a timeline, which fills the hook
    return _draw(answer, **options)


class Rich:
    """Has an HTML form in notebooks, and its plain ``repr`` where nobody fills the hook."""

    __slots__ = ()

    def _repr_html_(self) -> str | None:
        return None if _render is None else _render(self)
