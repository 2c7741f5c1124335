"""Files in and out: JSON Lines whole or not at all, CSV that runs nothing, Arrow that every reader reads alike."""

from __future__ import annotations

import csv as stdlib_csv
import datetime as dt
import io
import math
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import kursk_timeline as kt
from kursk_timeline.formats import csv, jsonl
from kursk_timeline.formats.arrow import Table
from made import common, held, retracted

FORMULAS = [
    "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "  \t =cmd|' /C calc'!A0", "\u00a0=1",
    "\u00a0 \u2003+1", "'=1", "''=1", "'''-1",
    "' =1", "'\t", "'\u00a0'@x", "a\n=1", "a\r=1", "a\r\n@x", "a\n\u00a0 =1", "a\n'=1", "-", "=", "+", "@", "'", "''",
    "'-'", "=HYPERLINK(\"http://x\",\"y\")",
    "-2+3+cmd|' /C calc'!D2", "|calc", "%0A=1", "\x0b=1", "\x0c=1", "\x1c=1", "\x85=1", "\u2028=1", "\u3000=1", '"=1"',
    '=1,"', "-5", "+5.5", "−5",
]  # fmt: skip


# --- CSV ---------------------------------------------------------------------------------------


@given(st.text() | st.text("'=+-@\t\r\n \u00a0\u20030a,\"") | st.sampled_from(FORMULAS))
@example("'")
@example("'=")
@example("\t")
def test_what_is_made_safe_comes_back_whole(text: str) -> None:
    """`restored` undoes `safe`, for every text, and `safe` alone decides where an apostrophe goes."""
    made = csv.safe(text)
    assert csv.restored(made) == text
    assert made in (text, f"'{text}")


@given(st.text("'=+-@\t\r\n \u00a0\u2003\u30000a") | st.sampled_from(FORMULAS))
def test_no_safe_cell_starts_like_a_formula(text: str) -> None:
    """Not after blanks either, which some spreadsheets pass over, nor on a later line of the cell."""
    made = csv.safe(text)
    if not made.startswith("'"):
        for line in made.replace("\r", "\n").split("\n"):
            assert not line.strip().startswith(("=", "+", "-", "@"))
        assert not made.startswith(("\t", "\r"))


@pytest.mark.parametrize("text", ["about 90", "a=1", "1 - 2", "user@example.org", "é", "x\ny", "90–99", "ukraine: 5"])
def test_harmless_text_is_left_alone(text: str) -> None:
    """Only what would run gets an apostrophe."""
    assert csv.safe(text) == text


def _read_back(written: str) -> list[list[str]]:
    return list(stdlib_csv.reader(io.StringIO(written, newline=""), strict=True))


@given(st.lists(st.text() | st.sampled_from(FORMULAS), min_size=2, max_size=4))
@example(["a\rb", "x"])
@example(["a\r=1+1", "x"])
@example(["", '"'])
def test_rows_of_any_text_are_read_back_by_another_reader(texts: list[str]) -> None:
    """A cell stays one cell, whatever line breaks and quotes it holds."""
    heading, row = _read_back("".join(csv.lines([f"c{n}" for n in range(len(texts))], [texts])))
    assert [csv.restored(cell) for cell in row] == texts
    assert len(heading) == len(texts)


def test_a_carriage_return_opens_no_new_row() -> None:
    """A bare one is quoted too: else the rest of the text would stand in a cell of its own, and run."""
    (line,) = list(csv.lines(["note"], [["harmless\r=1+1"]]))[1:]
    assert line == '"\'harmless\r=1+1"\n'


@given(st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(allow_nan=False) | st.none() | st.booleans() | st.dates())
@example(2**53 - 1)
@example(1_234_567_890_123_456)
@example(-math.inf)
def test_numbers_days_and_truth_values_are_written_as_they_are(value: Any) -> None:
    """Negative ones have no apostrophe, large ones lose no digit, and nothing at all is an empty cell."""
    (cell, _) = _read_back("".join(csv.lines(["a", "b"], [[value, "x"]])))[1]
    match value:
        case None:
            assert cell == ""
        case bool():
            assert cell == ("true" if value else "false")
        case int():
            assert int(cell) == value
        case float():
            assert float(cell) == pytest.approx(value, rel=1e-14)
        case dt.date():
            assert cell == value.isoformat()
    assert not cell.startswith("'")


def test_100_kilobytes_of_line_breaks_are_looked_at_once() -> None:
    """A note full of blank lines does not hold up an export."""
    pieces = ["\n", " \n", "\r", " ", "'", "\u00a0", "\n'", "'\n "]
    code = f"from kursk_timeline.formats.csv import safe; [safe(piece * 100_000) for piece in {pieces!r}]"
    package = str(Path(kt.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join([package, os.environ.get("PYTHONPATH", "")]).strip(os.pathsep),
        },
        timeout=30,  # linear needs less than a tenth of a second
    )
    assert done.returncode == 0


def test_a_table_as_csv_has_its_rows() -> None:
    """Heading and rows of `states`, an open bound ``inf``, nothing an empty cell."""
    timeline = kt.Timeline()
    timeline.append(
        [
            held("2024-08-06", "over 1,000 sq km"),
            kt.SettlementTaken(settlement="Sudzha", region="kursk", by="ukraine", **common("2024-08-07")),
        ]
    )
    table = timeline.states(["2024-08-07"])
    heading, *rows = _read_back("".join(csv.of(table)))
    assert heading == table.names
    found = {row[heading.index("measure")]: dict(zip(heading, row, strict=True)) for row in rows}
    assert (found["held"]["low"], found["held"]["high"], found["held"]["holders"]) == ("1000", "inf", "")
    assert (found["holder"]["low"], found["holder"]["unit"], found["holder"]["holders"]) == ("", "", "ukraine")


# --- Arrow -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def timeline() -> kt.Timeline:
    """The bundled record."""
    return kt.kursk()


def _tables(timeline: kt.Timeline) -> dict[str, tuple[Any, Table]]:
    """What can be handed to a reader, and the table whose rows the reader must find."""
    states = timeline.states(["2024-08-05", "2024-08-20", "2025-06-22"])
    held_, holder = timeline.history("held/ukraine/kursk"), timeline.history("present/russia/kursk")
    odd = Table(
        [
            ("text", "string", ["a", None, "", "naïve – “x”", "\x1b[31m", "=1+1", "😀"]),
            ("day", "date", [dt.date(1, 1, 1), None, dt.date(1969, 12, 31), dt.date(1970, 1, 1), dt.date(2024, 2, 29),
            dt.date(9999, 12, 31), None]),
            ("number", "number", [0, None, math.inf, -math.inf, 2**53 - 1, -0.5, 1e-9]),
            ("flag", "bool", [True, None, False, True, True, False, None]),
        ]
    )  # fmt: skip
    nothing = Table([("text", "string", []), ("day", "date", []), ("number", "number", []), ("flag", "bool", [])])
    nulls = Table(
        [("text", "string", [None]), ("day", "date", [None]), ("number", "number", [None]), ("flag", "bool", [None])]
    )
    return {
        "states": (states, states),
        "history": (held_, held_.table()),
        "history of people": (holder, holder.table()),
        "history of nothing": (timeline.history("held/nobody/kursk"), timeline.history("held/nobody/kursk").table()),
        "odd": (odd, odd),
        "nothing": (nothing, nothing),
        "nulls": (nulls, nulls),
    }


CASES = ["states", "history", "history of people", "history of nothing", "odd", "nothing", "nulls"]


def _expected(table: Table) -> list[tuple[Any, ...]]:
    kinds = [kind for _, kind, _ in table.columns]
    return [
        tuple(float(v) if kind == "number" and v is not None else v for kind, v in zip(kinds, row, strict=True))
        for row in table.rows()
    ]


@pytest.mark.parametrize("case", CASES)
def test_pyarrow_reads_the_same_values(timeline: kt.Timeline, case: str) -> None:
    """Null is null, an open bound infinite, a day a day."""
    pa = pytest.importorskip("pyarrow")
    source, table = _tables(timeline)[case]
    read = pa.table(source)
    assert read.column_names == table.names
    types = {"string": pa.string(), "date": pa.date32(), "number": pa.float64(), "bool": pa.bool_()}
    assert read.schema.types == [types[kind] for _, kind, _ in table.columns]
    read.validate(full=True)
    assert [tuple(row.values()) for row in read.to_pylist()] == _expected(table)


@pytest.mark.parametrize("case", CASES)
def test_polars_reads_the_same_values(timeline: kt.Timeline, case: str) -> None:
    """Null and infinity stay two things."""
    pl = pytest.importorskip("polars")
    source, table = _tables(timeline)[case]
    read = pl.DataFrame(source)
    assert read.columns == table.names
    assert read.rows() == _expected(table)


@pytest.mark.parametrize("case", CASES)
def test_pandas_reads_the_same_values(timeline: kt.Timeline, case: str) -> None:
    """Through its Arrow constructor; what is null there is null here, and only that."""
    pd = pytest.importorskip("pandas")
    source, table = _tables(timeline)[case]
    read = pd.DataFrame.from_arrow(source)
    assert list(read.columns) == table.names
    expected = _expected(table)
    assert len(read) == len(expected)
    for nth, (name, kind, _) in enumerate(table.columns):
        for value, wanted in zip(read[name].tolist(), (row[nth] for row in expected), strict=True):
            if wanted is None:
                assert pd.isna(value)
            elif kind == "date":
                assert (value.date() if isinstance(value, dt.datetime) else value) == wanted
            else:
                assert value == wanted


@pytest.mark.parametrize("case", CASES)
def test_duckdb_reads_the_same_values(timeline: kt.Timeline, case: str) -> None:
    """Straight from the stream, by name in a query."""
    duckdb = pytest.importorskip("duckdb")
    source, table = _tables(timeline)[case]
    with duckdb.connect() as db:
        relation = db.from_arrow(source)
        assert relation.columns == table.names
        assert relation.fetchall() == _expected(table)


def test_a_table_can_be_read_more_than_once(timeline: kt.Timeline) -> None:
    """Handing it to one reader takes nothing from the next."""
    pa = pytest.importorskip("pyarrow")
    table = timeline.states(["2024-08-20"])
    assert pa.table(table).equals(pa.table(table))
    assert len(table) == len(list(table.rows())) == pa.table(table).num_rows > 0


def test_a_state_a_table_and_a_history_say_the_same(timeline: kt.Timeline) -> None:
    """Three ways to one number."""
    key, day = kt.Key.of("held/ukraine/kursk"), "2024-10-15"
    estimate = timeline.state_at(day)[key]
    assert estimate is not None
    table = timeline.states([day])
    row = next(
        dict(zip(table.names, r, strict=True))
        for r in table.rows()
        if (r[1], r[2], r[3]) == ("held", "ukraine", "kursk")
    )
    step = timeline.history(key).at(day)
    assert step is not None
    for name in ("low", "best", "high", "unit", "certain", "disputed", "stale", "last_heard"):
        assert row[name] == getattr(estimate, name) == getattr(step, name), name


# --- JSON Lines --------------------------------------------------------------------------------


def test_the_bundled_record_goes_out_and_in_unchanged(timeline: kt.Timeline, tmp_path: Path) -> None:
    """Export, import, export: the same bytes, and every event under its id, through memory and through a database."""
    events = [record.event for record in timeline.log]
    assert jsonl.write(events, tmp_path / "one.jsonl") == len(events)
    read = list(jsonl.read(tmp_path / "one.jsonl"))
    assert [event.id for event in read] == [event.id for event in events]
    assert [type(event) for event in read] == [type(event) for event in events]
    with kt.Timeline.open(tmp_path / "log.db") as other:
        other.append(jsonl.read(tmp_path / "one.jsonl"))
    with kt.Timeline.open(tmp_path / "log.db") as other:
        jsonl.write((record.event for record in other.log), tmp_path / "two.jsonl")
    assert (tmp_path / "one.jsonl").read_bytes() == (tmp_path / "two.jsonl").read_bytes()
    assert other.__class__ is kt.Timeline


def test_lines_are_canonical_and_end_with_a_line_feed(tmp_path: Path) -> None:
    """One event a line: a line break inside a note makes no second line."""
    events = [kt.StatementMade(about="one\ntwo\r\n\u2028three", **common("2024-08-06")), held("2024-08-07", "5 km2")]
    jsonl.write(events, tmp_path / "out.jsonl")
    data = (tmp_path / "out.jsonl").read_bytes()
    assert data.count(b"\n") == 2
    assert data == b"".join(event.canonical + b"\n" for event in events)
    assert list(jsonl.read(tmp_path / "out.jsonl")) == events


def test_events_from_an_open_file_name_it() -> None:
    """An open binary file is read where it stands; the message says the name that was given."""
    event = held("2024-08-07", "5 km2")
    file = io.BytesIO(event.canonical + b"\n{")
    reader = jsonl.read(file, name="the mail of Tuesday")
    assert next(reader) == event
    with pytest.raises(kt.DecodeError, match="the mail of Tuesday, line 2"):
        next(reader)


def test_a_failing_source_of_events_leaves_the_old_file(tmp_path: Path) -> None:
    """Whole or not at all, and nothing temporary stays behind."""
    out = tmp_path / "out.jsonl"
    out.write_bytes(b"the old content\n")

    def failing() -> Iterator[kt.Event]:
        yield held("2024-08-07", "5 km2")
        raise RuntimeError("half way")

    with pytest.raises(RuntimeError, match="half way"):
        jsonl.write(failing(), out)
    assert out.read_bytes() == b"the old content\n"
    assert os.listdir(tmp_path) == ["out.jsonl"]
    with pytest.raises(AttributeError):
        jsonl.write(["no event"], tmp_path / "new.jsonl")  # type: ignore[list-item]
    assert os.listdir(tmp_path) == ["out.jsonl"]


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    """Neither to a file nor to nowhere."""
    (tmp_path / "target").write_bytes(b"precious")
    for name, target in (("link", "target"), ("dangling", "nowhere")):
        (tmp_path / name).symlink_to(target)
        with pytest.raises(kt.StorageError, match="link"):
            jsonl.write([held("2024-08-07", "5 km2")], tmp_path / name)
        assert (tmp_path / name).is_symlink()
    assert (tmp_path / "target").read_bytes() == b"precious"
    assert sorted(os.listdir(tmp_path)) == ["dangling", "link", "target"]


def test_a_new_file_has_the_usual_permissions(tmp_path: Path) -> None:
    """Those that the process gives every file, not those of a temporary one."""
    (tmp_path / "usual").touch()
    jsonl.write([held("2024-08-07", "5 km2")], tmp_path / "out.jsonl")
    assert stat.S_IMODE((tmp_path / "out.jsonl").stat().st_mode) == stat.S_IMODE((tmp_path / "usual").stat().st_mode)


def test_an_empty_log_is_an_empty_file(tmp_path: Path) -> None:
    """And comes back as no events."""
    assert jsonl.write([], tmp_path / "out.jsonl") == 0
    assert (tmp_path / "out.jsonl").read_bytes() == b""
    assert list(jsonl.read(tmp_path / "out.jsonl")) == []


def test_an_export_can_be_the_whole_past_of_a_log(tmp_path: Path) -> None:
    """Withdrawn events and retractions go out too, so that an import replays to the same answers."""
    first, second = held("2024-08-06", "5 km2"), held("2024-08-06", "9 km2", "russia/mod")
    before = kt.Timeline()
    before.append([first, second, retracted(first, reported="2024-09-01")])
    jsonl.write((record.event for record in before.log), tmp_path / "all.jsonl")
    after = kt.Timeline()
    after.append(jsonl.read(tmp_path / "all.jsonl"))
    for known_on in ("2024-08-20", "2024-09-01", None):
        assert repr(after.state_at("2024-08-06", known_on=known_on)) == repr(
            before.state_at("2024-08-06", known_on=known_on)
        )
