"""
The one small hook through which values and answers reach their notebook view.

What is shown lives in `views`, above; a value only knows that somebody may have filled the hook.
"""

from __future__ import annotations

from collections.abc import Callable

_render: Callable[[object], str] | None = None


def fill(render: Callable[[object], str]) -> None:
    """Give the hook its renderer: object in, safe HTML out."""
    global _render
    _render = render


class Rich:
    """Has an HTML form in notebooks, and its plain ``repr`` where nobody fills the hook."""

    __slots__ = ()

    def _repr_html_(self) -> str | None:
        return None if _render is None else _render(self)
