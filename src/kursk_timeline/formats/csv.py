"""
Comma-separated values that a spreadsheet shows and does not run.

A text cell that a spreadsheet would take for a formula (it starts, after blanks or a line break, with
``=``, ``+``, ``-``, ``@``, or is a tab or a line end) gets a leading apostrophe, as OWASP advises;
numbers are left alone. `restored` takes the apostrophe off again.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from collections.abc import Iterable, Iterator
from typing import Any

from kursk_timeline.formats.arrow import Table

_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
_BLANKS = "".join(c for c in map(chr, range(0x3001)) if c.isspace()) + "'"
_LINE_ENDS = re.compile(r"[\r\n]")


def _would_run(cell: str) -> bool:
    lines = _LINE_ENDS.split(cell)
    # Apostrophes are looked through, so that `restored` can tell ours from the text's own.
    return cell.lstrip("'").startswith(("\t", "\r", "\n")) or any(
        line.lstrip(_BLANKS).startswith(_FORMULA) for line in lines
    )


def safe(cell: str) -> str:
    """
    The text, with an apostrophe before what a spreadsheet would run.

    >>> safe("=1+1"), safe("about 90"), restored(safe("=1+1"))
    ("'=1+1", 'about 90', '=1+1')
    """
    return f"'{cell}" if _would_run(cell) else cell


def restored(cell: str) -> str:
    """The text that `safe` was given."""
    return cell[1:] if cell.startswith("'") and safe(cell[1:]) == cell else cell


def _cell(value: Any) -> Any:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case float() | int():
            return repr(value)
        case dt.date():
            return value.isoformat()
        case _:
            return safe(str(value))


def lines(names: Iterable[str], rows: Iterable[Iterable[Any]]) -> Iterator[str]:
    """A heading and the rows, each with its line feed. None is an empty cell, an open bound ``inf``."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\r\n")  # so that a cell with either character is quoted
    for row in ([*names], *([_cell(value) for value in row] for row in rows)):
        writer.writerow(row)
        yield buffer.getvalue()[:-2] + "\n"
        buffer.seek(0)
        buffer.truncate()


def of(table: Table) -> Iterator[str]:
    """A table's lines."""
    return lines(table.names, table.rows())
