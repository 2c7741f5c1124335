"""
One history table, whoever computes it: the plain replay, the index in memory, this machine out of core, and
the engines that speak Spark Connect. All are compared to the last integer.
"""

from __future__ import annotations

import datetime as dt
import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

import kursk_timeline as kt
from kursk_timeline.engines import history_table, local, spark
from kursk_timeline.engines.columns import NEVER, OPEN64, Columns
from kursk_timeline.engines.effect_rows import Effects, Question, Rows
from kursk_timeline.engines.index import Index
from kursk_timeline.engines.kernel import bounds_of
from kursk_timeline.engines.parts import Span, Windows, packed, spans
from kursk_timeline.engines.reading import Reader
from kursk_timeline.engines.tasks import ROW_BYTES
from kursk_timeline.errors import (
    DecodeError,
    InputError,
    NewerVersionError,
    NotALogError,
    ProjectionError,
    QueryError,
    StorageError,
    TimelineError,
    UnknownKindError,
    WhenError,
)
from kursk_timeline.formats import parquet
from kursk_timeline.measures import CATALOGUE, Measure
from kursk_timeline.projections import Projection
from kursk_timeline.projections.bundled import PROJECTIONS
from kursk_timeline.replay.bounds import FOREVER, OPEN, Names
from kursk_timeline.replay.ledger import Ledger
from kursk_timeline.replay.standing import speaks_for, standing
from kursk_timeline.replay.steps import at
from kursk_timeline.testing.strategies import logs
from kursk_timeline.units import unit
from made import common, held, present, retracted
from spark_servers import ENGINES, session

pytestmark = [
    # The client says which pandas it would rather have, and leaves sockets to the collector of garbage.
    pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

Histories = Callable[..., Path]

RECORD = [record.event for record in kt.kursk().log.records()]


@pytest.fixture(scope="session")
def _sessions() -> Iterator[Callable[[str], Any]]:
    """Sessions with engines: each is started when the first test wants it, and stopped at the end."""
    with ExitStack() as stack:
        started: dict[str, Any] = {}

        def of(name: str) -> Any:
            if name not in started:
                started[name] = stack.enter_context(session(stack.enter_context(ENGINES[name]())))
            return started[name]

        yield of


@pytest.fixture(params=["local", *ENGINES])
def histories(request: pytest.FixtureRequest, _sessions: Callable[[str], Any]) -> Histories:
    """The way to a history table, on every engine."""
    if request.param == "local":
        return local.histories
    one = _sessions(request.param)
    return lambda *args, **more: spark.histories(one, *args, **more)


@pytest.fixture(params=list(ENGINES))
def cluster(request: pytest.FixtureRequest, _sessions: Callable[[str], Any]) -> Histories:
    """The same, only on the engines that are not this process."""
    one = _sessions(request.param)
    return lambda *args, **more: spark.histories(one, *args, **more)


# --- the plain definition ----------------------------------------------------------------------


class OnlyClaimed(Ledger):
    """A ledger without the accounts that are derived from others."""

    def _set_accounts(self, claimed: Any) -> None:
        self._accounts, self._claimed = dict(claimed), sorted(claimed, key=str)


def row_of(key: kt.Key, party: str, measure: Measure, value: Any) -> dict[str, Any]:
    """What a row of the table says of a value, without its days."""
    row = {"key": str(key), "measure": key.measure, "subject": key.subject, "region": key.region, "party": party}
    if isinstance(value, Names):
        return (
            row
            | dict.fromkeys(("low", "best", "high", "unit"))
            | {
                "holders": sorted(value.possible),
                "best_holder": value.best,
            }
        )
    assert measure.unit is not None
    return row | {
        "low": None if value.low <= -OPEN // 2 else value.low,
        "best": value.best,
        "high": None if value.high >= OPEN // 2 else value.high,
        "unit": unit(measure.unit).dimension.base_unit.name,
        "holders": None,
        "best_holder": None,
    }


def run_of(found: Sequence[tuple[int, dict[str, Any]]]) -> list[dict[str, Any]]:
    """Rows with their days; what says the same as the one before is part of it."""
    kept: list[tuple[int, dict[str, Any]]] = []
    for day, row in found:
        if not kept or kept[-1][1] != row:
            kept.append((day, row))
    ends = [day - 1 for day, _ in kept[1:]] + [FOREVER]
    date = dt.date.fromordinal
    return [{**row, "from": date(day), "until": date(end)} for (day, row), end in zip(kept, ends, strict=True)]


def sorted_rows(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """In the table's order, columns and rows."""
    names = history_table.schema().names
    return sorted(
        ({name: row[name] for name in names} for row in rows), key=lambda r: (r["key"], r["party"], r["from"])
    )


def replayed(
    events: Sequence[kt.Event],
    known_on: str | None = None,
    according_to: Sequence[str] | None = None,
    projections: Sequence[Projection] = PROJECTIONS,
) -> list[dict[str, Any]]:
    """The table by the plain replay of event objects."""
    counting = standing(events, None if known_on is None else dt.date.fromisoformat(known_on))
    counting = [e for e in counting if according_to is None or speaks_for(e.claimant, according_to)]
    ledger = OnlyClaimed(counting, projections)
    rows = []
    for key in ledger.claimed():
        for party, account in ledger.accounts(key).items():
            steps = account.value_steps
            days = sorted({day for day, _ in steps} | ({account.sure_from} - {FOREVER}))
            rows += run_of(
                [
                    (day, {**row_of(key, party, account.measure, at(steps, day)), "certain": account.sure_from <= day})
                    for day in days
                    if at(steps, day) is not None
                ]
            )
    return sorted_rows(rows)


def indexed(events: Sequence[kt.Event]) -> list[dict[str, Any]]:
    """The rows of numbers by the index in memory."""
    columns = Columns()
    Reader(columns, PROJECTIONS).take(1, [event.id for event in events], [event.canonical for event in events])
    columns.settle()
    index = Index(columns, CATALOGUE)
    rows = []
    for code in index.accounts():
        key, party = columns.accounts.things[code]
        measure = CATALOGUE[key.measure]
        if not measure.is_name:
            part = index.part(code)
            steps = bounds_of(part.steps, 0)
            days = sorted({day for day, _ in steps} | ({part.sure_from} - {FOREVER, NEVER}))
            rows += run_of(
                [
                    (day, {**row_of(key, party, measure, at(steps, day)), "certain": part.sure_from <= day})
                    for day in days
                    if at(steps, day) is not None
                ]
            )
    return sorted_rows(rows)


def table(
    histories: Histories, events: Sequence[kt.Event], *, rows_per_group: int = 7, **more: Any
) -> list[dict[str, Any]]:
    """The table by an engine, by way of files."""
    with tempfile.TemporaryDirectory() as folder:
        parquet.write(events, f"{folder}/events", rows_per_file=3 * rows_per_group, rows_per_group=rows_per_group)
        made = histories(f"{folder}/events", f"{folder}/history", **more)
        assert sorted(path.name for path in Path(folder).iterdir()) == ["events", "history"]
        rows: list[dict[str, Any]] = history_table.read(made).to_pylist()
        assert history_table.made_from(made)["rows"] == len(rows)
        return rows


# --- the same answer everywhere ----------------------------------------------------------------

QUESTIONS: list[dict[str, Any]] = [
    {},
    {"known_on": "2024-11-10"},
    {"according_to": ["ukraine"]},
    {"known_on": "2025-03-15", "according_to": ["russia", "press", "deepstate"]},
    {"known_on": "2024-01-01"},
]


@pytest.mark.parametrize("question", QUESTIONS, ids=str)
def test_the_record_is_the_same_everywhere(histories: Histories, question: dict[str, Any]) -> None:
    """To the last integer, for any question."""
    expected = replayed(RECORD, **question)
    assert table(histories, RECORD, **question) == expected
    assert table(histories, RECORD, memory=20 * ROW_BYTES, **question) == expected
    assert bool(expected) is (question != QUESTIONS[-1])


def test_the_index_has_the_same_numbers() -> None:
    """On the record."""
    assert indexed(RECORD) == [row for row in replayed(RECORD) if row["holders"] is None]


def asked(*memory: int) -> st.SearchStrategy[dict[str, Any]]:
    """A question and how the work is cut."""
    return st.fixed_dictionaries(
        {
            "memory": st.sampled_from(memory or [1, 3 * ROW_BYTES, 1 << 30]),
            "rows_per_group": st.sampled_from([1, 3, 50]),
        },
        optional={
            "known_on": st.dates(dt.date(2030, 1, 1), dt.date(2031, 2, 1)).map(str),
            "according_to": st.sampled_from([["blue"], ["press", "red"], ["blue/staff"], ["nobody"]]),
        },
    )


def check_random(histories: Histories, log: list[kt.Event], question: dict[str, Any]) -> None:
    plain = {name: value for name, value in question.items() if name in ("known_on", "according_to")}
    expected = replayed(log, **plain)
    assert table(histories, log, **question) == expected
    if not plain:
        assert indexed(log) == [row for row in expected if row["holders"] is None]


@settings(max_examples=40)
@given(log=logs(14), question=asked())
def test_random_logs_out_of_core(log: list[kt.Event], question: dict[str, Any]) -> None:
    """Retractions, supersessions, windows without end, several parties; a task has room for one row or for all."""
    check_random(local.histories, log, question)


@settings(max_examples=40)
@given(log=logs(14, kinds=["force-present", "force-deployed", "settlement-taken"], region="testland"), question=asked())
def test_random_logs_of_few_accounts_out_of_core(log: list[kt.Event], question: dict[str, Any]) -> None:
    """The same where most events meet in the same accounts."""
    check_random(local.histories, log, question)


def test_random_logs_on_a_cluster(cluster: Histories) -> None:
    """The same, fewer: every example is some jobs."""

    @settings(max_examples=4, phases=[Phase.generate], derandomize=True, database=None)
    @given(log=logs(12), question=asked(3 * ROW_BYTES, 1 << 30))
    def check(log: list[kt.Event], question: dict[str, Any]) -> None:
        check_random(cluster, log, question)

    check()


def chains() -> list[kt.Event]:
    """Retractions of retractions, and successors that come late, early, never, and are withdrawn themselves."""
    one, two, three, four = (held(f"2024-09-0{day}", f"{day} km2") for day in range(1, 5))
    mistaken = retracted(one, "2024-10-01")
    back = kt.Retracted(event=mistaken, reason="no mistake", reported="2024-10-05", claimant="ukraine")
    better = held("2024-09-02", "22 km2", reported="2024-11-01")
    replaced = kt.Superseded(event=two, by=better, reason="better", reported="2024-10-10", claimant="ukraine")
    never = held("2024-09-03", "33 km2")
    waiting = kt.Superseded(event=three, by=never, reason="to come", reported="2024-10-10", claimant="ukraine")
    early = kt.Superseded(event=four, by=one, reason="back", reported="2024-10-20", claimant="ukraine")
    return [one, two, three, four, mistaken, back, replaced, waiting, early, better, retracted(better, "2024-12-01")]


@pytest.mark.parametrize(
    "known_on",
    [
        None,
        "2024-09-30",
        "2024-10-01",
        "2024-10-04",
        "2024-10-05",
        "2024-10-31",
        "2024-11-01",
        "2024-11-30",
        "2024-12-01",
    ],
)
def test_chains_of_withdrawals(known_on: str | None) -> None:
    """On each day on which one of them becomes known, wherever events and those about them lie."""
    expected = replayed(chains(), known_on)
    for rows in (1, 4, 100):
        assert table(local.histories, chains(), rows_per_group=rows, known_on=known_on) == expected


def test_chains_of_withdrawals_on_a_cluster(cluster: Histories) -> None:
    """One of those days."""
    assert table(cluster, chains(), rows_per_group=2, known_on="2024-11-30") == replayed(chains(), "2024-11-30")


@kt.projection(measures=[Measure("raids", unit="items", floor=None)])
def raids(event: kt.Event) -> Iterator[kt.Effect]:
    """A projection with a measure of its own, whose name needs care in a path."""
    if isinstance(event, kt.ForcePresent):
        yield kt.Effect.add(f"raids/{event.force}/{event.region}", kt.Quantity.parse("between 2 and 3 items"))


def test_a_projection_of_ones_own(histories: Histories) -> None:
    """It goes to the workers by value."""
    events = [present("2024-09-01", "500 troops"), present("2024-09-03/2024-09-08", "about 700 troops")]
    expected = replayed(events, projections=[raids])
    assert {row["measure"] for row in expected} == {"raids"}
    assert table(histories, events, projections=[raids]) == expected


def test_a_projection_that_goes_wrong_is_named(histories: Histories, tmp_path: Path) -> None:
    """Whichever worker it was."""

    def wrong(event: kt.Event) -> Any:
        return "no effect"

    parquet.write(RECORD[:20], tmp_path / "events.parquet")
    with pytest.raises(ProjectionError, match="'no effect' is no Effect"):
        histories(tmp_path / "events.parquet", tmp_path / "history", projections=[wrong])
    assert [path.name for path in tmp_path.iterdir()] == ["events.parquet"]


def test_no_events_give_an_empty_table(histories: Histories) -> None:
    """And so do events that claim nothing."""
    assert table(histories, []) == []
    launched = kt.OperationLaunched(by="ukraine", region="kursk", **common("2024-08-06"))
    assert table(histories, [launched]) == []


# --- cutting the work --------------------------------------------------------------------------


def test_how_the_work_is_cut_never_changes_the_answer(cluster: Histories) -> None:
    """Files, row groups, tasks, buckets and parts of hot accounts."""
    expected = table(local.histories, RECORD, rows_per_group=1000)
    for rows, memory in ((1, 1 << 30), (13, 5 * ROW_BYTES), (64, 40 * ROW_BYTES)):
        assert table(cluster, RECORD, rows_per_group=rows, memory=memory) == expected


def test_the_same_events_give_the_same_files(tmp_path: Path) -> None:
    """Rebuilding is idempotent, to the last byte."""
    parquet.write(RECORD, tmp_path / "events", rows_per_file=50)
    for memory in (1 << 30, 10 * ROW_BYTES):
        seen = []
        for _ in range(2):
            out = local.histories(tmp_path / "events", tmp_path / "history", memory=memory)
            seen.append({str(path.relative_to(out)): path.read_bytes() for path in out.rglob("*") if path.is_file()})
        assert seen[0] == seen[1]
        assert len(seen[0]) > 5


CLAIM = st.tuples(
    st.integers(1, 30), st.sampled_from([0, 0, 0, 1, 2, 5, None]), st.booleans(), st.integers(-3, 3), st.integers(0, 2)
)


def effects_of(claims: Sequence[tuple[int, int | None, bool, int, int]], name: bool) -> Rows:
    """One account's effects."""
    count = len(claims)
    first = np.array([day for day, *_ in claims], "i4")
    last = np.array([FOREVER if more is None else day + more for day, more, *_ in claims], "i4")
    best = np.array([value for *_, value, _ in claims], "i8")
    spread = np.array([spread for *_, spread in claims], "i8")
    account = ("holder/x/y" if name else "raids/x/y") + "\0z"
    nothing = np.zeros(count, "i8")
    effects = Effects(
        np.zeros(count, "i4"),
        np.arange(1, count + 1),
        first,
        last,
        np.array([adds and not name for _, _, adds, *_ in claims], "?"),
        nothing if name else np.where(best == -3, -OPEN64, best - spread),
        nothing if name else best,
        nothing if name else np.where(best == 3, OPEN64, best + spread),
        (best + 3).astype("i4") if name else np.full(count, -1, "i4"),
        np.arange(count, dtype="u8"),
        np.arange(count, dtype="u8"),
    )
    return Rows(effects, [account], [f"n{place}" for place in range(7)])


@settings(max_examples=400)
@given(claims=st.lists(CLAIM, min_size=1, max_size=25), most=st.integers(1, 12), name=st.booleans())
@example(claims=[(5, 0, False, 1, 0), (9, 0, False, 1, 0), (12, 0, False, 1, 0)], most=1, name=False)
def test_a_hot_account_is_the_same_in_parts(
    claims: list[tuple[int, int | None, bool, int, int]], most: int, name: bool
) -> None:
    """Cut at days on which the past is over, its days say what they say uncut."""
    measures = {**CATALOGUE, "raids": Measure("raids", unit="items", floor=None)}
    rows = effects_of(claims, name)
    effects = rows.effects
    (whole,) = history_table.history_rows(rows, measures).values()
    cut = spans(Windows.of(effects.first, effects.last, effects.adds), most)
    assert cut[0].begin == 0
    assert cut[-1].until == NEVER
    assert all(one.until == other.begin for one, other in pairwise(cut))
    found: list[dict[str, Any]] = []
    for span in cut:
        needed = effects.at(span.needs(effects.first, effects.last))
        part = Rows(needed, [rows.texts[0]], rows.names)
        for made in history_table.history_rows(part, measures, span).values():
            found += made.to_pylist()
    joined: list[dict[str, Any]] = []
    for row in found:
        before = joined[-1] if joined else None
        if before and {**before, "from": 0, "until": 0} == {**row, "from": 0, "until": 0}:
            assert before["until"] + dt.timedelta(1) == row["from"]
            before["until"] = row["until"]
        else:
            joined.append(dict(row))
    assert joined == whole.to_pylist()


@settings(max_examples=300)
@given(claims=st.lists(CLAIM, min_size=1, max_size=25), most=st.integers(1, 12))
def test_no_part_is_larger_than_need_be(claims: list[tuple[int, int | None, bool, int, int]], most: int) -> None:
    """A part that holds too much has no day inside on which more of the past is over; parts are as few as can be."""
    effects = effects_of(claims, name=False).effects
    first, last, sets = effects.first, effects.last, ~effects.adds

    def past(day: int) -> int:
        return int(first[sets & (last <= day) & (last < FOREVER)].max(initial=0))

    def size(begin: int, until: int) -> int:
        return int(Span(begin, until, past(begin) if begin else 0).needs(first, last).sum())

    days = range(1, 40)
    cut = spans(Windows.of(first, last, effects.adds), most)
    for span in cut:
        if size(span.begin, span.until) > most:
            inside = [day for day in days if span.begin < day < span.until and past(day) > span.past]
            assert not inside or inside[0] == span.until
    # The fewest parts that hold, by trying all: where there are such at all.
    fewest = {NEVER: 0}
    for day in reversed([0, *days]):
        reach = [fewest[end] + 1 for end in (*days, NEVER) if end > day and end in fewest and size(day, end) <= most]
        if reach:
            fewest[day] = min(reach)
    if 0 in fewest:
        assert len(cut) == fewest[0]


def test_hot_accounts_are_cut_and_others_are_not() -> None:
    """Neighbours go together as long as they fit."""
    assert packed([], 5) == []
    assert packed([5, 1, 4, 6, 5], 5) == [(0, 0), (1, 2), (3, 3), (4, 4)]


def test_a_sum_beyond_64_bits_is_said(histories: Histories, tmp_path: Path) -> None:
    """It is not wrapped round; what is large and fits is exact."""
    most = 2**53 - 1
    large = kt.Quantity(low=most, best=most, high=most, unit="persons")
    day = dt.date(2025, 1, 1).toordinal()
    events = [
        kt.ForceDeployed(
            force="russia",
            region="kursk",
            troops=large,
            **common("2024-09-01", reported=dt.date.fromordinal(day + place).isoformat()),
        )
        for place in range(520)
    ]
    assert table(histories, events[:500], rows_per_group=500) == replayed(events[:500])
    with pytest.raises(InputError, match=r"among the accounts of .*present/russia/kursk.*beyond what columns can hold"):
        table(histories, events, rows_per_group=500)


# --- the table in other hands ------------------------------------------------------------------


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The record's history table."""
    folder = tmp_path_factory.mktemp("made")
    parquet.write(RECORD, folder / "events", rows_per_file=60)
    return local.histories(folder / "events", folder / "history", memory=30 * ROW_BYTES)


@pytest.mark.parametrize("date", ["2024-08-05", "2024-08-06", "2024-10-15", "2025-06-22", "9999-12-31"])
def test_one_filter_answers_for_a_date(made: Path, date: str) -> None:
    """Here, in duckdb and in polars: what the accounts of a state say."""
    import duckdb
    import polars as pl

    found = history_table.state_of(made, date).to_pylist()
    ledger = OnlyClaimed(standing(RECORD), PROJECTIONS)
    day = dt.date.fromisoformat(date)
    expected = []
    for key in ledger.claimed():
        for party, account in ledger.accounts(key).items():
            on = account.on(day.toordinal())
            if on is not None:
                expected.append({**row_of(key, party, account.measure, on.value), "certain": on.certain})
    expected.sort(key=lambda row: (row["key"], row["party"]))
    assert [{name: row[name] for name in expected[0]} for row in found] == expected if expected else found == []

    names = ", ".join(f'"{name}"' for name in history_table.schema().names)
    query = f"SELECT {names} FROM read_parquet('{made}/*/*.parquet', hive_partitioning = true) "
    query += f"""WHERE "from" <= DATE '{date}' AND until >= DATE '{date}' ORDER BY key, party"""
    rows = duckdb.sql(query).fetchall()
    assert rows == [tuple(row.values()) for row in found]
    frame = pl.scan_parquet(f"{made}/*/*.parquet", hive_partitioning=True)
    frame = frame.filter((pl.col("from") <= day) & (pl.col("until") >= day)).sort("key", "party")
    assert frame.select(history_table.schema().names).collect().to_dicts() == found


def test_rows_are_sorted_within_files(made: Path) -> None:
    """By key, party and day; the measure is in the path."""
    for path in made.glob("*/*.parquet"):
        rows = pq.read_table(path, partitioning=None).to_pylist()
        assert rows == sorted(rows, key=lambda row: (row["key"], row["party"], row["from"]))
        assert {row["key"].split("/")[0] for row in rows} == {path.parent.name.removeprefix("measure=")}


def test_a_table_says_what_it_was_made_from(made: Path, tmp_path: Path) -> None:
    """Files, how many events, the question, and a fingerprint of the projections' code."""
    about = history_table.made_from(made)
    assert about["events"] == len(RECORD) == sum(file["events"] for file in about["files"])
    assert [file["first"] for file in about["files"]] == list(range(1, len(RECORD) + 1, 60))
    assert (about["known_on"], about["according_to"]) == (None, None)
    assert about["projections"] == ["territory", "forces", "settlements"]
    other = local.histories(made.parent / "events", tmp_path / "history", projections=[*PROJECTIONS, raids])
    assert history_table.made_from(other)["fingerprint"] != about["fingerprint"]


def test_a_table_of_a_later_release_is_refused(tmp_path: Path) -> None:
    """And a folder that holds none, or one that is damaged."""
    with pytest.raises(NotALogError, match="no history table"):
        history_table.read(tmp_path)
    for text, error in (('{"history": 2}', NewerVersionError), ("[]", NotALogError), ("{", DecodeError)):
        (tmp_path / history_table.ABOUT).write_text(text)
        with pytest.raises(error):
            history_table.read(tmp_path)
    (tmp_path / history_table.ABOUT).write_text('{"history": 1}')
    (tmp_path / "measure=held").mkdir()
    (tmp_path / "measure=held" / "part.parquet").write_bytes(b"PAR1")
    with pytest.raises(DecodeError, match="damaged"):
        history_table.read(tmp_path)
    with pytest.raises(WhenError):
        history_table.state_of(tmp_path, "2024")


# --- what does not fit -------------------------------------------------------------------------


EVENTS = [held(f"2024-08-{day:02}", f"{day} km2") for day in range(6, 26)]


def damaged(path: Path) -> None:
    group = pq.ParquetFile(path).metadata.row_group(1)
    at = next(group.column(i) for i in range(group.num_columns) if group.column(i).path_in_schema == "body")
    data = bytearray(path.read_bytes())
    data[at.data_page_offset + at.total_compressed_size // 2] ^= 0xFF
    path.write_bytes(data)


def altered(row: int, **columns: Any) -> Callable[[Path], None]:
    """Put other values in a row; with a body its right hash, unless an id is given."""

    def change(path: Path) -> None:
        table = pq.read_table(path)
        rows = table.to_pylist()
        body = columns.get("body", lambda body: body)(rows[row]["body"])
        rows[row] |= columns | {"body": body, "id": columns.get("id", sha256(body).digest())}
        pq.write_table(pa.Table.from_pylist(rows, table.schema), path, row_group_size=3)

    return change


def replaced(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    return lambda body: body.replace(old, new)


BAD: dict[str, tuple[Callable[[Path], None], type[TimelineError], str]] = {
    "damaged page": (damaged, DecodeError, r"row group 1, row 0 \(event 10\): column 'body': damaged"),
    "newer version": (
        altered(4, body=replaced(b'"v":1', b'"v":7')),
        NewerVersionError,
        r"row group 1, row 1 \(event 11\): .*written by a later release",
    ),
    "unknown kind": (
        altered(4, body=replaced(b"territory-held", b"territory-sold")),
        UnknownKindError,
        r"row group 1, row 1 \(event 11\): there is no event kind",
    ),
    "no event": (
        altered(4, body=replaced(b'"v":1', b'"v":')),
        DecodeError,
        r"row group 1, row 1 \(event 11\): not JSON",
    ),
    "amount out of order": (
        altered(4, body=replaced(b'"best":16000000', b'"best":15000000')),
        DecodeError,
        r"row group 1, row 1 \(event 11\): ",
    ),
    "wrong hash": (altered(5, id=b"\1" * 32), DecodeError, r"row group 1, row 2 \(event 12\): its bytes have"),
    "wrong number": (altered(2, seq=3), DecodeError, r"row group 0, row 2: its number is 3 and not 9"),
    "wrong day": (
        altered(2, known=dt.date(2024, 8, 15)),
        DecodeError,
        r"row group 0, row 2 \(event 9\): its column 'known' says 2024-08-15; the event says 2024-08-14",
    ),
    "withdrawal that is none": (
        altered(2, kind="retracted"),
        DecodeError,
        r"row group 0, row 2 \(event 9\): its column 'kind' says 'retracted'; it is 'territory-held'",
    ),
    "claim that is none": (
        altered(2, body=lambda _: retracted(EVENTS[0], "2024-08-14").canonical),
        DecodeError,
        r"row group 0, row 2 \(event 9\): its column 'kind' says 'territory-held'; it is 'retracted'",
    ),
    "withdrawal of nothing": (
        altered(2, kind="retracted", body=lambda _: retracted(held("2024-09-09", "1 km2"), "2024-08-14").canonical),
        DecodeError,
        r"row group 0, row 2 \(event 9\): it speaks of event .* which is not in the log before it",
    ),
    "event twice": (
        altered(2, body=lambda _: EVENTS[7].canonical, known=dt.date(2024, 8, 13)),
        DecodeError,
        r"row group 0, row 2 \(event 9\): the same event stands at .*row group 0, row 1 \(event 8\)",
    ),
    "missing events": (Path.unlink, DecodeError, r"000013\.parquet, row group 0, row 0 .*: events 7 to 12 are missing"),
    "other columns": (
        lambda path: pq.write_table(pq.read_table(path).drop_columns(["kind"]), path),
        DecodeError,
        "it has no column 'kind'",
    ),
    "no Parquet": (lambda path: path.write_bytes(b"?"), DecodeError, "damaged, or no Parquet"),
}


@pytest.mark.parametrize("case", list(BAD))
def test_what_does_not_fit_is_named(case: str, histories: Histories, tmp_path: Path) -> None:
    """By file, row group and row; and an earlier table stays as it was."""
    change, error, problem = BAD[case]
    parquet.write(EVENTS, tmp_path / "events", rows_per_file=6, rows_per_group=3)
    out = local.histories(tmp_path / "events", tmp_path / "history")
    before = history_table.read(out)
    change(sorted((tmp_path / "events").iterdir())[1])
    with pytest.raises(error, match=problem) as caught:
        histories(tmp_path / "events", out, memory=8 * ROW_BYTES)
    assert "000007.parquet" in str(caught.value) or case == "missing events"
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    assert history_table.read(out).equals(before)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["events", "history"]


def test_a_tail_is_no_whole_log(tmp_path: Path) -> None:
    """What happened before would be missing from every account."""
    parquet.write(EVENTS, tmp_path / "events", rows_per_file=6)
    sorted((tmp_path / "events").iterdir())[0].unlink()
    with pytest.raises(DecodeError, match="from its first event on; this is event 7"):
        local.histories(tmp_path / "events", tmp_path / "history")


def test_only_a_history_table_is_replaced(tmp_path: Path) -> None:
    """Other things stay, and are looked for before any work is done."""
    parquet.write(EVENTS, tmp_path / "events.parquet")
    (tmp_path / "mine").mkdir()
    local.histories(tmp_path / "events.parquet", tmp_path / "mine")  # empty
    local.histories(tmp_path / "events.parquet", tmp_path / "mine", known_on="2024-08-10")  # a table
    assert history_table.made_from(tmp_path / "mine")["known_on"] == "2024-08-10"
    (tmp_path / "mine" / history_table.ABOUT).unlink()
    for target in ("mine", "events.parquet"):
        with pytest.raises(StorageError, match=r"holds other things|no folder"):
            local.histories(tmp_path / "none.parquet", tmp_path / target)
    with pytest.raises(StorageError, match="cannot be written"):
        local.histories(tmp_path / "events.parquet", tmp_path / "not" / "there")


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ({"known_on": "2024"}, WhenError),
        ({"according_to": []}, QueryError),
        ({"according_to": 3}, QueryError),
        ({"according_to": "No Path"}, InputError),
        ({"projections": ["territory"]}, ProjectionError),
        ({"memory": 0}, InputError),
        ({"memory": "1 GB"}, InputError),
    ],
)
def test_arguments_that_cannot_be_taken(more: dict[str, Any], error: type[Exception], tmp_path: Path) -> None:
    """They are looked at before anything else."""
    parquet.write(EVENTS, tmp_path / "events.parquet")
    with pytest.raises(error):
        local.histories(tmp_path / "events.parquet", tmp_path / "history", **more)
    with pytest.raises(error):
        spark.histories(None, tmp_path / "events.parquet", tmp_path / "history", **more)
    assert not (tmp_path / "history").exists()


# --- engines that misbehave --------------------------------------------------------------------


class Engine:
    """What of an engine is used, run here."""

    def __init__(self, change: Callable[[pa.Table], pa.Table]) -> None:
        self.change = change

    def createDataFrame(self, table: pa.Table) -> Engine:  # noqa: N802 (its name)
        self.table = table
        return self

    def repartition(self, number: int, column: str) -> Engine:
        return self

    def mapInArrow(self, work: Callable[[Any], Any], schema: str) -> Engine:  # noqa: N802
        self.work = work
        return self

    def toArrow(self) -> pa.Table:  # noqa: N802
        return self.change(pa.Table.from_batches(self.work(iter(self.table.to_batches()))))


def test_answers_may_come_in_any_order_and_no_other(tmp_path: Path) -> None:
    """Lost or doubled answers are an error, and nothing is written."""
    parquet.write(RECORD, tmp_path / "events.parquet", rows_per_group=20)
    small = {"memory": 30 * ROW_BYTES}

    def run(change: Callable[[pa.Table], pa.Table]) -> Path:
        return spark.histories(Engine(change), tmp_path / "events.parquet", tmp_path / "history", **small)

    for change in (lambda table: table.slice(1), lambda table: pa.concat_tables([table, table.slice(0, 1)])):
        with pytest.raises(StorageError, match="answers to"):
            run(change)
        assert not (tmp_path / "history").exists()
    made = run(lambda table: table.take(list(range(len(table)))[::-1]))
    assert history_table.read(made).to_pylist() == replayed(RECORD)


def test_a_task_that_runs_twice_does_no_harm(tmp_path: Path) -> None:
    """The files of the run whose answer was not taken are not in the table."""
    parquet.write(RECORD, tmp_path / "events.parquet", rows_per_group=20)

    class Twice(Engine):
        def toArrow(self) -> pa.Table:  # noqa: N802
            super().toArrow()
            return super().toArrow()

    made = spark.histories(Twice(lambda table: table), tmp_path / "events.parquet", tmp_path / "history")
    assert history_table.read(made).to_pylist() == replayed(RECORD)
    assert {path.suffix for path in made.glob("*/*")} == {".parquet"}


def test_an_engine_that_fails_is_an_error_of_ours(tmp_path: Path) -> None:
    """With the engine's own as its cause."""
    parquet.write(EVENTS, tmp_path / "events.parquet")

    def fail(table: pa.Table) -> pa.Table:
        raise RuntimeError("the cluster is gone\nand so on")

    with pytest.raises(StorageError, match="the engine failed: 'the cluster is gone'") as caught:
        spark.histories(Engine(fail), tmp_path / "events.parquet", tmp_path / "history")
    assert isinstance(caught.value.__cause__, RuntimeError)
    assert [path.name for path in tmp_path.iterdir()] == ["events.parquet"]


def test_an_error_survives_an_engines_own_words() -> None:
    """Any of ours, long or strange, quoted and cut as engines do."""
    for error in (
        DecodeError('a "problem" }> \n\\n', source="a/b'c.parquet, row 1"),
        NewerVersionError("x" * 5000, source="y" * 5000),
        StorageError("full"),
        UnknownKindError("no source"),
        kt.EventError("Kind", "field", "problem"),
    ):

        def failing(_: bytes, error: TimelineError = error) -> bytes:
            raise error

        with pytest.raises(spark.WorkerError) as caught:
            spark._answer(failing, b"")
        assert len(str(caught.value)) < 4096
        told = spark._told(f"Traceback:\n KURSK<bad> … {json.dumps(str(caught.value))} at line 7")
        assert told is not None
        assert str(told)[:300] == str(error)[:300] or len(str(error)) > 700
        assert type(told) is (TimelineError if isinstance(error, kt.EventError) else type(error))
    assert spark._told("nothing of ours") is None


def test_questions_can_be_sent() -> None:
    """A question is plain data and functions."""
    from pyspark import cloudpickle

    question = Question(5, ("ukraine",), (*PROJECTIONS, raids))
    again = cloudpickle.loads(cloudpickle.dumps(question))
    assert again.measures == question.measures
    assert again.known_on == 5
