"""Snapshots: a cache that only its own log, its own projections and its own release can use."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import kursk_timeline as kt
import kursk_timeline.timeline
from kursk_timeline.projections.fingerprint import fingerprint
from kursk_timeline.testing.strategies import logs
from kursk_timeline.units import LIMIT
from logs import EVENTS
from made import common, held, retracted


@pytest.fixture(autouse=True)
def _columns_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also a small log has columns here, or nothing would be kept of it."""
    monkeypatch.setattr(kursk_timeline.timeline, "COLUMNS_FROM", 0)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A log in a file, with a snapshot beside it that knows all but the last ten events."""
    path = tmp_path / "log.db"
    with kt.Timeline.open(path) as timeline:
        timeline.append(EVENTS[:-10])
        assert timeline.save_snapshot() == tmp_path / "log.db.snapshot"
        timeline.append(EVENTS[-10:])
    return path


def read_from(timeline: kt.Timeline) -> int:
    """How many events came out of a snapshot, after a question."""
    timeline.keys()
    live = timeline._live()
    assert live is not None
    return live.read_from


def answers(timeline: kt.Timeline) -> Iterator[Any]:
    for day in ("2024-08-07", "2024-08-20", "2025-06-22"):
        yield timeline.state_at(day).to_dict()
        yield timeline.state_at(day, known_on="2024-10-01", according_to="ukraine").to_dict()
        yield timeline.state_at(day, gaps="span").to_dict()
        yield list(timeline.accounts(day).rows())


def test_opening_with_a_snapshot_reads_the_rest_and_answers_the_same(path: Path) -> None:
    """So does a log whose snapshot is as new as itself."""
    with kt.Timeline.open(path, snapshot=False) as plain, kt.Timeline.open(path) as quick:
        assert (read_from(plain), read_from(quick)) == (0, len(EVENTS) - 10)
        assert list(answers(quick)) == list(answers(plain))
        quick.save_snapshot()
    with kt.Timeline.open(path, snapshot=False) as plain, kt.Timeline.open(path) as quick:
        assert read_from(quick) == len(EVENTS)
        assert list(answers(quick)) == list(answers(plain))
        quick.append(held("2024-08-06", "7 km2", note="late"))
        assert list(answers(quick)) == list(answers(plain))


def test_a_snapshot_reads_no_event_that_it_holds(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the store only the chunks behind it are asked for."""
    with kt.Timeline.open(path) as timeline:
        asked: list[int] = []
        chunks = timeline.log.store.chunks
        monkeypatch.setattr(timeline.log.store, "chunks", lambda after=0: (asked.append(after), chunks(after))[1])
        timeline.state_at("2025-06-22")
        assert asked == [len(EVENTS) - 10]


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(logs(10), st.integers(0, 10))
def test_snapshot_and_rest_are_the_whole(log: list[kt.Event], cut: int) -> None:
    """Also where the rest withdraws what the snapshot holds, or brings the successor that it waits for."""
    with tempfile.TemporaryDirectory() as folder:
        kept = Path(folder) / "kept"
        whole = kt.Timeline()
        whole.append(log[:cut])
        whole.save_snapshot(kept)
        whole.append(log[cut:])
        again = kt.Timeline(whole.log, snapshot=kept)
        fresh = kt.Timeline(whole.log)
        assert read_from(again) == len(log[:cut])
        for day in ("2024-08-10", "2025-01-01", "2030-01-01"):
            assert again.state_at(day).to_dict() == fresh.state_at(day).to_dict() == whole.state_at(day).to_dict()
            known = {"known_on": "2024-12-31"}
            assert again.state_at(day, **known).to_dict() == fresh.state_at(day, **known).to_dict()


def test_the_snapshot_of_another_log_is_not_used(path: Path, tmp_path: Path) -> None:
    """Neither one with other events, nor a longer one, nor one with the same events in another order."""
    for number, events in enumerate((EVENTS[1:], EVENTS[:5], [EVENTS[1], EVENTS[0], *EVENTS[2:]])):
        other = tmp_path / f"{number}.db"
        with kt.Timeline.open(other) as timeline:
            timeline.append([event for event in events if event.is_claim])
        shutil.copy(f"{path}.snapshot", f"{other}.snapshot")
        with kt.Timeline.open(other) as timeline, kt.Timeline.open(other, snapshot=False) as plain:
            assert read_from(timeline) == 0
            assert list(answers(timeline)) == list(answers(plain))


def test_a_log_that_was_rewritten_does_not_use_its_snapshot(path: Path) -> None:
    """Whoever changes the file knows the checksums; the root is another all the same."""
    events = [record.event for record in kt.Timeline.open(path).log]
    path.unlink()
    with kt.Timeline.open(path) as timeline:
        timeline.append([held("2024-08-09", "1 km2", note="forged"), *events[1:]])
        assert read_from(timeline) == 0


@pytest.mark.parametrize("place", [0, 30, 60, 200, -1, -100])
def test_a_damaged_snapshot_is_not_used(path: Path, place: int) -> None:
    """One bit is enough; so is a missing byte, or one too many."""
    kept = Path(f"{path}.snapshot")
    whole = kept.read_bytes()
    flipped = bytearray(whole)
    flipped[place] ^= 4
    for content in (bytes(flipped), whole[:place], whole + b"\0", b"", b"no snapshot at all"):
        kept.write_bytes(content)
        with kt.Timeline.open(path) as timeline:
            assert read_from(timeline) == 0
            assert timeline.state_at("2025-06-22").to_dict()["estimates"]


def test_another_release_does_not_use_it(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it means may have changed."""
    monkeypatch.setattr("kursk_timeline.engines.snapshot.__version__", "9.9")
    with kt.Timeline.open(path) as timeline:
        assert read_from(timeline) == 0


def test_another_projection_does_not_use_it(path: Path) -> None:
    """One more, or one of the same name that does another thing."""

    def counted(event: kt.Event) -> kt.Effect | None:
        return None

    with kt.Timeline.open(path).with_projections(counted) as timeline:
        assert read_from(timeline) == 0
        timeline.save_snapshot()
    with kt.Timeline.open(path).with_projections(counted) as timeline:
        assert read_from(timeline) == len(EVENTS)
    kept = counted

    def counted(event: kt.Event) -> kt.Effect | None:  # type: ignore[no-redef]
        assert event
        return None

    assert kept.__name__ == counted.__name__
    with kt.Timeline.open(path).with_projections(counted) as timeline:
        assert read_from(timeline) == 0


def test_it_belongs_to_no_past_and_needs_a_place(path: Path, tmp_path: Path) -> None:
    """And it is written whole or not at all."""
    with kt.Timeline.open(path) as timeline:
        with pytest.raises(kt.InputError, match="at 5 events"):
            timeline.at_size(5).save_snapshot()
        with pytest.raises(kt.StorageError):
            timeline.save_snapshot(tmp_path / "absent" / "kept")
        assert read_from(timeline.at_size(len(EVENTS) - 10)) == 0
    with pytest.raises(kt.InputError, match="a path of its own"):
        kt.Timeline().save_snapshot()


@pytest.mark.parametrize("size", [0, 3, len(EVENTS) - 10, len(EVENTS)])
def test_a_timeline_of_the_first_events_uses_none_of_more(path: Path, size: int) -> None:
    """Nor takes one for a sign that the log was cut."""
    with kt.Timeline.open(path) as whole:
        then = kt.Timeline(whole.log, size=size, snapshot=f"{path}.snapshot")
        assert list(answers(then)) == list(answers(whole.at_size(size)))
        assert read_from(then) == (len(EVENTS) - 10 if size >= len(EVENTS) - 10 else 0)


def test_nothing_but_a_snapshot_is_replaced_by_one(path: Path, tmp_path: Path) -> None:
    """Least of all the log itself; and an export replaces no log either."""
    other, text, empty = tmp_path / "other.db", tmp_path / "mine.txt", tmp_path / "empty"
    text.write_text("precious")
    empty.touch()
    with kt.Timeline.open(other) as one:
        one.append(EVENTS[:3])
    with kt.Timeline.open(path) as timeline:
        for target in (path, other):
            with pytest.raises(kt.StorageError, match="is a database"):
                timeline.save_snapshot(target)
            with pytest.raises(kt.StorageError, match="is a database"):
                timeline.export(target)
        with pytest.raises(kt.StorageError, match="other things"):
            timeline.save_snapshot(text)
        timeline.save_snapshot(empty)
        timeline.save_snapshot(empty)
        assert timeline.export(text) == len(EVENTS)  # as ever: what somebody names is written
        assert timeline.log.verify()
    with kt.Timeline.open(other) as one:
        assert len(one) == 3


def test_a_retraction_after_it_counts(path: Path) -> None:
    """Of an event that was in it."""
    with kt.Timeline.open(path) as timeline:
        event = next(r.event for r in timeline.log if isinstance(r.event, kt.TerritoryHeld))
        timeline.append(retracted(event, "2025-01-01"))
    with kt.Timeline.open(path) as timeline, kt.Timeline.open(path, snapshot=False) as plain:
        assert read_from(timeline) == len(EVENTS) - 10
        assert list(answers(timeline)) == list(answers(plain))


# --- fingerprints ------------------------------------------------------------------------------

LEVEL = 3
HELPERS = {"factor": 2}


def _helper(value: int) -> int:
    return value + LEVEL


def _by_helper(event: kt.Event) -> None:
    if _helper(HELPERS["factor"]) > 100:
        raise AssertionError


def of(function: Any) -> str:
    return fingerprint([kt.projection(function)])


def test_a_fingerprint_is_the_same_for_the_same_code(tmp_path: Path) -> None:
    """Wherever the file lies, whatever its comments."""
    one = compile("def f(event):\n    return None\n", "a.py", "exec")
    two = compile("# a comment\n\n\ndef f(event):\n    # another\n    return None\n", "b.py", "exec")
    found = []
    for code in (one, two):
        space: dict[str, Any] = {"__name__": "m"}
        exec(code, space)
        found.append(of(space["f"]))
    assert found[0] == found[1]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LEVEL", 4),
        ("HELPERS", {"factor": 3}),
        ("_helper", lambda value: value - 1),
    ],
)
def test_whatever_a_projection_rests_on_is_in_its_fingerprint(
    monkeypatch: pytest.MonkeyPatch, name: str, value: object
) -> None:
    """A constant, a table, a function that it calls."""
    before = of(_by_helper)
    monkeypatch.setitem(globals(), name, value)
    assert of(_by_helper) != before


def test_defaults_closures_and_order_count() -> None:
    """They are what a function does, too."""

    def made(factor: int) -> Any:
        def inner(event: kt.Event, least: int = 3) -> None:
            assert factor + least

        return inner

    one, other = made(1), made(2)
    assert of(one) == of(made(1)) != of(other)
    other_default = made(1)
    other_default.__defaults__ = (4,)
    assert of(other_default) != of(one)
    both = [kt.projection(one), kt.projection(other)]
    assert fingerprint(both) != fingerprint(both[::-1])


def test_what_cannot_be_compared_is_said(tmp_path: Path) -> None:
    """And then a snapshot is neither written nor used."""
    connection = sqlite3.connect(":memory:")

    def asks(event: kt.Event) -> None:
        connection.execute("SELECT 1")

    with pytest.raises(kt.ProjectionError, match=r"'asks' rests on .*Connection"):
        of(asks)
    timeline = kt.Timeline().with_projections(asks)
    timeline.append(EVENTS)
    with pytest.raises(kt.ProjectionError, match="rests on"):
        timeline.save_snapshot(tmp_path / "kept")
    assert list(tmp_path.iterdir()) == []
    connection.close()


def test_a_sum_that_is_too_large_is_said_out_of_a_snapshot_too(tmp_path: Path) -> None:
    """It has no steps that could be kept, and is not nothing for that."""
    deployments = [
        kt.ForceDeployed(
            force="ukraine", region="kursk", troops=kt.Quantity.from_base(LIMIT, LIMIT, LIMIT, "persons"),
            **common(f"2024-{day // 28 + 1:02}-{day % 28 + 1:02}"), note=str(again),
        )
        for day in range(200)
        for again in range(3)
    ]  # fmt: skip
    with kt.Timeline.open(tmp_path / "log.db") as timeline:
        timeline.append([*deployments, held("2024-01-01", "90 km2")])
        timeline.save_snapshot()
    with kt.Timeline.open(tmp_path / "log.db") as timeline:
        assert read_from(timeline) == len(timeline) == 601
        state = timeline.state_at("2024-12-01")
        with pytest.raises(kt.QuantityError, match="beyond what columns can hold"):
            _ = state["present/ukraine/kursk"]
        assert state["held/ukraine/kursk"] is not None
