"""Events in Parquet: what is written comes back, in any cut; what does not fit is named."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kursk_timeline as kt
from kursk_timeline.errors import (
    DecodeError,
    InputError,
    MissingExtraError,
    NewerVersionError,
    StorageError,
    UnknownKindError,
)
from kursk_timeline.formats import parquet
from kursk_timeline.testing.strategies import logs
from made import held, retracted

EVENTS = [held(f"2024-08-{day:02}", f"{day} km2") for day in range(6, 26)]


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """Twenty events in four files of two row groups or one."""
    parquet.write(EVENTS, tmp_path / "events", rows_per_file=6, rows_per_group=4)
    return tmp_path / "events"


def changed_table(path: Path, change: Callable[[pa.Table], pa.Table], rows: int = 4) -> None:
    """Write a file again with something changed."""
    pq.write_table(change(pq.read_table(path)), path, row_group_size=rows)


def column_set(name: str, values: list[Any]) -> Callable[[pa.Table], pa.Table]:
    """Put other values in a column."""

    def change(table: pa.Table) -> pa.Table:
        place = table.schema.get_field_index(name)
        return table.set_column(place, table.schema.field(name), pa.array(values, table.schema.field(name).type))

    return change


# --- there and back ----------------------------------------------------------------------------


@settings(max_examples=25)
@given(log=logs(12), per_file=st.integers(1, 5), per_group=st.integers(1, 5))
def test_a_log_comes_back_the_same(
    log: list[kt.Event], per_file: int, per_group: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """However many files and row groups it is cut into."""
    folder = tmp_path_factory.mktemp("cut") / "events"
    assert parquet.write(log, folder, rows_per_file=per_file, rows_per_group=per_group) == len(log)
    again = list(parquet.read_events(folder))
    assert again == log
    assert [event.canonical for event in again] == [event.canonical for event in log]
    assert max(pq.ParquetFile(path).metadata.num_rows for path in folder.iterdir()) <= per_file


def test_a_timeline_takes_what_is_read(tmp_path: Path) -> None:
    """The bundled record, by way of a file, has the same root."""
    record = kt.kursk()
    parquet.write(record.log.records(), tmp_path / "record.parquet")
    again = kt.Timeline()
    again.append(parquet.read_events(tmp_path / "record.parquet"))
    assert again.log.root == record.log.root


def test_records_keep_number_and_time(tmp_path: Path) -> None:
    """A tail of a log can be written, and read again."""
    record = kt.kursk("article")
    tail = list(record.log.records())[2:]
    parquet.write(tail, tmp_path / "tail.parquet", rows_per_group=2)
    batches = list(parquet.read(tmp_path / "tail.parquet"))
    assert [batch.first for batch in batches] == list(range(3, 3 + len(tail), 2))
    assert [at for batch in batches for at in batch.recorded_at] == [one.recorded_at for one in tail]


def test_chunks_of_a_store_are_written_as_they_are(tmp_path: Path) -> None:
    """Without a look at events."""
    record = kt.kursk()
    parquet.write_chunks(record.log.store.chunks(), tmp_path / "all.parquet")
    assert list(parquet.read_events(tmp_path / "all.parquet")) == [one.event for one in record.log.records()]


def test_no_events_are_a_file_without_rows(tmp_path: Path) -> None:
    """An empty log is written and read like any other."""
    assert parquet.write([], tmp_path / "one.parquet") == 0
    assert parquet.write([], tmp_path / "many") == 0
    assert list(parquet.read_events([tmp_path / "one.parquet", tmp_path / "many"])) == []


def test_order_is_that_of_numbers(written: Path) -> None:
    """Whatever files are called, and in whatever order they are named."""
    for path, name in zip(sorted(written.iterdir()), "dbca", strict=True):
        path.rename(written / f"{name}.parquet")
    assert list(parquet.read_events(written)) == EVENTS
    assert list(parquet.read_events(sorted(written.iterdir(), reverse=True))) == EVENTS


def test_other_writers_of_the_same_columns_will_do(written: Path) -> None:
    """Large strings, dictionaries, no metadata of ours."""
    for path in written.iterdir():
        table = pq.read_table(path)
        loose = pa.schema(
            [("seq", pa.int32()), ("id", pa.large_binary()), ("kind", pa.large_string()), ("body", pa.large_binary())]
        )
        columns = [table[field.name].cast(field.type) for field in loose]
        other = pa.Table.from_arrays([*columns, table["known"], table["kind"]], [*loose.names, "known", "more"])
        pq.write_table(other, path, write_statistics=False)
    assert list(parquet.read_events(written)) == EVENTS
    assert next(parquet.read(written)).recorded_at == [None] * 6


# --- writing -----------------------------------------------------------------------------------


def test_a_folder_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    """An event that cannot be written leaves nothing behind."""

    def failing() -> Any:
        yield from EVENTS
        raise RuntimeError("the source failed")

    with pytest.raises(RuntimeError, match="the source failed"):
        parquet.write(failing(), tmp_path / "events", rows_per_file=3)
    with pytest.raises(RuntimeError, match="the source failed"):
        parquet.write(failing(), tmp_path / "events.parquet", rows_per_group=3)
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_stays(tmp_path: Path) -> None:
    """A folder with something in it is refused, a file is replaced only by a whole one."""
    (tmp_path / "events").mkdir()
    (tmp_path / "events" / "mine.txt").write_text("mine")
    with pytest.raises(StorageError, match="holds other things"):
        parquet.write(EVENTS, tmp_path / "events")
    parquet.write(EVENTS, tmp_path / "one.parquet")
    with pytest.raises(InputError):
        parquet.write([*EVENTS, "no event"], tmp_path / "one.parquet")  # type: ignore[list-item]
    assert list(parquet.read_events(tmp_path / "one.parquet")) == EVENTS
    (tmp_path / "link").symlink_to(tmp_path / "events")
    with pytest.raises(StorageError, match="a link"):
        parquet.write(EVENTS, tmp_path / "link")


@pytest.mark.parametrize("rows", [0, -1, True, "10", 1.5])
def test_rows_are_counted_in_whole_numbers(rows: Any, tmp_path: Path) -> None:
    """And there must be some."""
    for name in ("rows_per_file", "rows_per_group"):
        with pytest.raises(InputError, match=name):
            parquet.write(EVENTS, tmp_path / "events", **{name: rows})


def test_records_out_of_order_are_refused(tmp_path: Path) -> None:
    """Numbers follow on each other."""
    one, two, three, *_ = kt.kursk("article").log.records()
    with pytest.raises(InputError, match="record 3 does not follow on record 1"):
        parquet.write([one, three], tmp_path / "events.parquet")
    with pytest.raises(InputError, match="does not follow"):
        parquet.write([two, one], tmp_path / "events.parquet")


# --- what does not fit -------------------------------------------------------------------------


def test_a_damaged_page_is_named(written: Path) -> None:
    """By file, row group and the first row of the page."""
    path = sorted(written.iterdir())[1]
    group = pq.ParquetFile(path).metadata.row_group(1)
    at = next(group.column(i) for i in range(group.num_columns) if group.column(i).path_in_schema == "body")
    data = bytearray(path.read_bytes())
    data[at.data_page_offset + at.total_compressed_size // 2] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(DecodeError, match=r"000007\.parquet, row group 1, row 0 \(event 11\): column 'body': damaged"):
        list(parquet.read_events(written))


@settings(max_examples=150)
@given(data=st.data())
def test_no_damage_passes_or_breaks_out(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Flipped bits anywhere in a file: the same events, or one error of ours."""
    whole = _whole_file(tmp_path_factory)
    hurt = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 3))):
        hurt[data.draw(st.integers(0, len(whole) - 1))] ^= data.draw(st.integers(1, 255))
    cut = data.draw(st.sampled_from([len(hurt), len(hurt), data.draw(st.integers(0, len(hurt)))]))
    path = tmp_path_factory.mktemp("hurt") / "events.parquet"
    path.write_bytes(bytes(hurt[:cut]))
    try:
        found = list(parquet.read_events(path))
    except DecodeError as error:
        named = str(error)
    else:
        named = "events.parquet"
        assert found == EVENTS
    assert "events.parquet" in named


def test_rows_that_damage_hides_are_missed(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A page that says it has fewer rows is no end of the log: each bit before the last numbers is turned."""
    whole = _whole_file(tmp_path_factory)
    path = tmp_path_factory.mktemp("hidden") / "events.parquet"
    path.write_bytes(whole)
    metadata = pq.ParquetFile(path).metadata
    start = metadata.row_group(metadata.num_row_groups - 1).column(0).data_page_offset
    for place in range(start, start + 24):
        for bit in range(8):
            hurt = bytearray(whole)
            hurt[place] ^= 1 << bit
            path.write_bytes(hurt)
            try:
                found = list(parquet.read_events(path))
            except DecodeError:
                found = EVENTS
            assert found == EVENTS


def _whole_file(factory: pytest.TempPathFactory, made: list[bytes] = []) -> bytes:  # noqa: B006 (made once)
    if not made:
        path = factory.mktemp("whole") / "events.parquet"
        parquet.write(EVENTS, path, rows_per_group=4)
        made.append(path.read_bytes())
    return made[0]


def test_a_changed_body_is_named(written: Path) -> None:
    """By file, row group, row and number."""
    path = sorted(written.iterdir())[1]
    bodies = pq.read_table(path)["body"].to_pylist()
    bodies[5] = bodies[5].replace(b"ukraine", b"Ukraine")
    changed_table(path, column_set("body", bodies))
    with pytest.raises(DecodeError, match=r"row group 1, row 1 \(event 12\): its bytes have the SHA-256"):
        list(parquet.read_events(written))


def _put(events: Path, body: bytes) -> Path:
    """Put a body in place of event 12, with its right hash."""
    from hashlib import sha256

    path = sorted(events.iterdir())[1]
    table = pq.read_table(path)
    bodies, ids = table["body"].to_pylist(), table["id"].to_pylist()
    bodies[5], ids[5] = body, sha256(body).digest()
    changed_table(path, lambda table: column_set("id", ids)(column_set("body", bodies)(table)))
    return path


@pytest.mark.parametrize(
    ("old", "new", "error", "problem"),
    [
        (b'"territory-held"', b'"territory-sold"', UnknownKindError, "no event kind 'territory-sold'"),
        (b'"v":1', b'"v":9', NewerVersionError, "shape version 9 was written by a later release"),
        (b'"v":1}', b'"v":1', DecodeError, "not JSON"),
        (b'"v":1}', b'"v":1}\n{}', DecodeError, "not JSON"),
    ],
)
def test_an_event_that_cannot_be_read_is_named(
    old: bytes, new: bytes, error: type[DecodeError], problem: str, written: Path
) -> None:
    """Its hash is right, and it is still no event for us."""
    _put(written, EVENTS[11].canonical.replace(old, new))
    with pytest.raises(error, match=rf"row group 1, row 1 \(event 12\): .*{problem}"):
        list(parquet.read_events(written))


def test_a_kind_that_is_not_the_events_is_named(written: Path) -> None:
    """Who filters by the column would miss it."""
    path = sorted(written.iterdir())[1]
    kinds = pq.read_table(path)["kind"].to_pylist()
    kinds[2] = "retracted"
    changed_table(path, column_set("kind", kinds))
    with pytest.raises(DecodeError, match=r"row group 0, row 2 \(event 9\): its column 'kind' says 'retracted'"):
        list(parquet.read_events(written))


def test_missing_events_are_named(written: Path) -> None:
    """Numbers follow on each other over all files."""
    sorted(written.iterdir())[1].unlink()
    with pytest.raises(DecodeError, match=r"000013\.parquet, row group 0, row 0 .*events 7 to 12 are missing"):
        parquet.read(written)


def test_numbers_that_come_twice_are_named(written: Path) -> None:
    """A file that lies there under two names is no second part."""
    (written / "copy.parquet").write_bytes(sorted(written.iterdir())[2].read_bytes())
    with pytest.raises(DecodeError, match=r"event 13 comes twice: it is in .*, row group 0 too"):
        parquet.read(written)


@pytest.mark.parametrize("statistics", [True, False])
def test_numbers_within_a_row_group_follow_on_each_other(statistics: bool, written: Path) -> None:
    """Swapped rows and gaps are found with statistics and without."""
    path = sorted(written.iterdir())[0]
    for numbers in ([1, 3, 2, 4, 5, 6], [1, 2, 2, 4, 5, 6], [0, 1, 2, 3, 5, 6], [1, 2, 4, 5, 6, 7]):
        table = column_set("seq", numbers)(pq.read_table(path))
        pq.write_table(table, path, row_group_size=4, write_statistics=statistics)
        with pytest.raises(DecodeError, match=r"000001\.parquet, row group"):
            list(parquet.read_events(written))


def test_other_columns_are_refused(written: Path) -> None:
    """A file of something else."""
    path = sorted(written.iterdir())[0]
    whole = pq.read_table(path)
    pq.write_table(whole.drop_columns(["known"]), path)
    with pytest.raises(DecodeError, match=r"no file of events: it has no column 'known'"):
        parquet.read(written)
    for name, type_ in (("id", pa.string()), ("seq", pa.string()), ("body", pa.int64()), ("known", pa.int64())):
        wrong = pa.nulls(6, type_) if type_ != pa.string() else pa.array(["x"] * 6)
        pq.write_table(whole.set_column(whole.schema.get_field_index(name), name, wrong), path)
        with pytest.raises(DecodeError, match=rf"000001\.parquet: column '{name}' holds"):
            list(parquet.read_events(written))
    nothing = column_set("body", [None] * 6)(
        whole.cast(pa.schema([field.with_nullable(True) for field in whole.schema]))
    )
    pq.write_table(nothing, path)
    with pytest.raises(DecodeError, match=r"row group 0, row 0 \(event 1\): column 'body' is empty"):
        list(parquet.read_events(written))


def test_a_file_of_a_later_release_is_refused(written: Path) -> None:
    """Its columns may mean something else."""
    path = sorted(written.iterdir())[0]
    table = pq.read_table(path)
    for note, error in ((b'{"events": 2}', NewerVersionError), (b"?", DecodeError)):
        pq.write_table(table.replace_schema_metadata({b"kursk_timeline": note}), path)
        with pytest.raises(error, match=r"later release|cannot be read"):
            parquet.read(written)


@pytest.mark.parametrize("content", [b"", b"PAR1", b"no parquet at all", b"PAR1" + b"\0" * 100 + b"PAR1"])
def test_no_parquet_is_an_error_of_ours(content: bytes, tmp_path: Path) -> None:
    """Files come from anywhere."""
    path = tmp_path / "events.parquet"
    path.write_bytes(content)
    with pytest.raises(DecodeError, match=r"events\.parquet: damaged, or no Parquet"):
        parquet.read(path)


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    """A missing file, an empty folder, no names at all, no path."""
    with pytest.raises(StorageError, match="is not there"):
        parquet.read(tmp_path / "none.parquet")
    with pytest.raises(StorageError, match=r"holds no .parquet files"):
        parquet.read(tmp_path)
    with pytest.raises(InputError, match="at least one"):
        parquet.read([])
    with pytest.raises(InputError, match="expected a path"):
        parquet.read([3])  # type: ignore[list-item]


def test_what_may_not_be_read_is_said(written: Path) -> None:
    """With the system's own reason."""
    file = sorted(written.iterdir())[0]
    file.chmod(0)
    was = os.geteuid()
    if was == 0:
        os.seteuid(65534)  # root reads everything
    try:
        with pytest.raises(StorageError, match="ermission"):
            parquet.read(file)
    finally:
        os.seteuid(was)


def test_without_pyarrow_the_extra_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What to install is said."""
    import sys

    parquet.arrow.cache_clear()
    parquet.schema.cache_clear()
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtraError, match=r"kursk-timeline\[parquet\]"):
        parquet.write(EVENTS, tmp_path / "events.parquet")


def test_retractions_and_old_shapes_are_read(tmp_path: Path) -> None:
    """Whatever a log may hold: events about events, and losses in the shape of the first version."""
    old = kt.LossesReported(
        force="russia",
        region="kursk",
        captured=12,
        cumulative=True,
        occurred="2024-09-01",
        reported="2024-09-02",
        claimant="ukraine",
        sources=kt.Source("An invented paper"),
    )
    body = old.canonical.replace(b'"captured"', b'"prisoners"').replace(b'"cumulative"', b'"total"')
    from kursk_timeline.events.codec import decode

    first = decode(body.replace(b'"v":2', b'"v":1'))
    log = [first, EVENTS[0], retracted(EVENTS[0])]
    parquet.write(log, tmp_path / "events.parquet")
    assert list(parquet.read_events(tmp_path / "events.parquet")) == log
    assert pq.read_table(tmp_path / "events.parquet")["known"].to_pylist()[2] == dt.date(2025, 1, 1)
