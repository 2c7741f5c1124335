"""The one place where the drawing library is imported, so that its absence is said in one way."""

from __future__ import annotations

from kursk_timeline.errors import MissingExtraError

try:
    import altair as alt
except ImportError as error:
    raise MissingExtraError("viz", "altair") from error

__all__ = ["alt"]
