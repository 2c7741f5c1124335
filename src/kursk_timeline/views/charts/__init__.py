"""
Charts: what each party said over time, drawn with Altair (the ``viz`` extra).

Importing this package raises `MissingExtraError` where Altair is not installed.
"""

from kursk_timeline.views.charts.cursor import with_cursor
from kursk_timeline.views.charts.plot import Plot, history_chart, offline

__all__ = ["Plot", "history_chart", "offline", "with_cursor"]
