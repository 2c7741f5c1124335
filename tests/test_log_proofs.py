"""What a log proves about itself, and what `verify` tells of one that is not what was appended."""

from __future__ import annotations

import datetime as dt
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

import kursk_timeline as kt
from kursk_timeline.log import Log
from kursk_timeline.log.merkle import EMPTY_ROOT, Frontier, leaf_hash
from kursk_timeline.log.port import CHUNK_EVENTS, Chunk
from kursk_timeline.stores.memory import MemoryStore
from kursk_timeline.stores.sqlite import SqliteStore
from logs import EVENTS, exclusive
from made import held, retracted

# --- over every store --------------------------------------------------------------------------


def test_the_root_is_that_of_the_canonical_bytes_however_they_came_in(log: Log) -> None:
    """One by one, in batches, with repeats in between: the same log has the same root."""
    assert log.root == EMPTY_ROOT
    log.append(EVENTS[:1])
    log.append(EVENTS[1:8])
    log.append(EVENTS[3:9])
    for event in EVENTS[9:]:
        log.append(event)
    tree = Frontier()
    tree.grow([leaf_hash(event.canonical) for event in EVENTS])
    assert log.root == tree.root


def test_every_event_is_proven_in_every_later_checkpoint(log: Log) -> None:
    """By whoever has the checkpoint alone; no other event is."""
    for start in range(0, len(EVENTS), 5):
        log.append(EVENTS[start : start + 5])
    for size in range(1, len(EVENTS) + 1):
        checkpoint = log.checkpoint(size)
        for event in EVENTS[:size]:
            proof = log.prove(event, size=size)
            kt.verify_inclusion(event, proof, checkpoint)
            with pytest.raises(kt.ProofError):
                kt.verify_inclusion(held("2024-08-06", "404 km2"), proof, checkpoint)
        for old in range(1, size + 1):
            kt.verify_extends(log.prove_extends(old, size=size), log.checkpoint(old), checkpoint)


def test_a_proof_is_asked_for_by_event_number_or_id(log: Log) -> None:
    """And what cannot be proven is refused."""
    log.append(EVENTS[:6])
    assert log.prove(EVENTS[2]) == log.prove(3) == log.prove(EVENTS[2].id) == log.prove(EVENTS[2].id[:8])
    refused: list[Callable[[], object]] = [
        lambda: log.prove(EVENTS[9]),
        lambda: log.prove(7),
        lambda: log.prove(0),
        lambda: log.prove(5, size=4),
        lambda: log.prove(5, size=7),
        lambda: log.prove(5, size=True),
        lambda: log.prove_extends(0),
        lambda: log.prove_extends(7),
        lambda: log.prove_extends(True),
        lambda: log.prove_extends(5, size=4),
        lambda: log.checkpoint(7),
        lambda: log.checkpoint(-1),
    ]
    for act in refused:
        with pytest.raises(kt.QueryError):
            act()


def test_a_checkpoint_says_size_root_and_the_last_events_time(log: Log) -> None:
    """Also of the log as it stood earlier; of an empty log there is no time."""
    assert log.checkpoint().time is None
    log.append(EVENTS[:3])
    taken = log.checkpoint()
    assert (taken.size, taken.root) == (3, log.root)
    assert taken.time == log[3].recorded_at.replace(microsecond=0)
    log.append(EVENTS[3:], expected_size=3)
    assert log.checkpoint(3) == taken
    assert log.checkpoint(origin="example.org/kursk").origin == "example.org/kursk"
    assert kt.Checkpoint.parse(str(taken)) == taken


def test_a_log_verifies_and_says_what_a_checkpoint_adds(log: Log) -> None:
    """Without one the answer says what nobody can know."""
    log.append(EVENTS[:7])
    early = log.checkpoint()
    log.append([*EVENTS[7:], retracted(EVENTS[0])])
    found = log.verify()
    assert (found.size, found.root) == (len(EVENTS) + 1, log.root)
    assert "without a checkpoint" in str(found)
    assert log.verify(early).checkpoints == (early,)
    assert "agrees with the checkpoint of 7 events" in str(log.verify(early))
    assert f"events 8 to {len(EVENTS) + 1} are vouched for by this log alone" in str(log.verify(early))
    assert "alone" not in str(log.verify([log.checkpoint(), early]))
    with pytest.raises(kt.InputError, match=r"Checkpoint\.parse"):
        log.verify([str(early)])  # type: ignore[list-item]


def test_a_log_that_is_shorter_than_a_checkpoint_was_cut_off(log: Log) -> None:
    """The first missing event is named; one that agrees says that it is the same log."""
    log.append(EVENTS[:5])
    early = log.checkpoint()
    whole = Log(MemoryStore())
    whole.append(EVENTS)
    with pytest.raises(
        kt.CorruptLogError, match=f"events 6 to {len(EVENTS)} were cut off, if it is the same"
    ) as caught:
        log.verify(whole.checkpoint())
    assert (caught.value.what, caught.value.seq) == ("truncated", 6)
    with pytest.raises(kt.CorruptLogError, match=r"were cut off$"):
        log.verify([whole.checkpoint(), early])


def test_another_log_than_the_checkpoints_was_rewritten(log: Log) -> None:
    """Several checkpoints narrow down where."""
    log.append([EVENTS[0], EVENTS[1], EVENTS[3], EVENTS[2], *EVENTS[4:]])
    true = Log(MemoryStore())
    true.append(EVENTS)
    with pytest.raises(kt.CorruptLogError, match=f"among the first {len(EVENTS)}") as caught:
        log.verify(true.checkpoint())
    assert caught.value.what == "rewritten"
    with pytest.raises(kt.CorruptLogError, match="between events 3 and 4"):
        log.verify([true.checkpoint(size) for size in (2, 4, 7)])
    assert log.verify(true.checkpoint(2)).size == len(EVENTS)


def test_a_batch_larger_than_a_chunk_is_one_batch(log: Log) -> None:
    """Same numbers, same root, one time."""
    many = [held("2024-08-06", f"{n + 1} km2") for n in range(2 * CHUNK_EVENTS + 3)]
    log.append(many)
    assert [record.event for record in log] == many
    assert len({record.recorded_at for record in log}) == 1
    tree = Frontier()
    tree.grow([leaf_hash(event.canonical) for event in many])
    assert log.root == tree.root
    kt.verify_inclusion(many[CHUNK_EVENTS], log.prove(many[CHUNK_EVENTS]), log.checkpoint())


def test_a_follower_gets_what_comes_in_order(log: Log) -> None:
    """From the start, from a number, or from now on; it ends when nothing comes for a while."""
    log.append(EVENTS[:3])
    assert [r.seq for r in log.follow(0, timeout=0)] == [1, 2, 3]
    assert [r.seq for r in log.follow(2, timeout=0)] == [3]
    assert list(log.follow(timeout=0)) == []
    for bad in (-1, 4, True, "1"):
        with pytest.raises(kt.QueryError):
            log.follow(bad)  # type: ignore[arg-type]

    def later() -> None:
        for event in EVENTS[3:6]:
            time.sleep(0.05)
            log.append(event)

    writer = threading.Thread(target=later)
    following = log.follow(timeout=20)
    writer.start()
    assert [next(following).event for _ in range(3)] == EVENTS[3:6]
    writer.join()


def test_the_log_as_it_stood_is_neither_appended_to_nor_followed_nor_backed_up(log: Log, tmp_path: Path) -> None:
    """It has no future, and a part of a log is no backup."""
    log.append(EVENTS[:3])
    then = kt.Timeline(log).at_size(2)
    for act in (lambda: then.append(EVENTS[4]), then.follow, lambda: then.backup(tmp_path / "copy.db")):
        with pytest.raises(kt.InputError, match="at 2 events"):
            act()
    assert not (tmp_path / "copy.db").exists()


def test_a_backup_is_the_same_log(log: Log, tmp_path: Path) -> None:
    """Numbers, times, root and all; no file is ever replaced by one."""
    log.append(EVENTS[:4])
    log.append(EVENTS[4:])
    copy = tmp_path / "copy.db"
    assert kt.Timeline(log).backup(copy) == copy
    with kt.Timeline.open(copy) as other:
        assert other.log.records() == log.records()
        assert other.log.root == log.root
        assert other.log.verify(log.checkpoint()).size == len(EVENTS)
        other.append(held("2024-09-30", "1 km2"))
    before = copy.read_bytes()
    for name in ("copy.db", "nowhere/copy.db", "."):
        with pytest.raises((kt.InputError, kt.StorageError)):
            kt.Timeline(log).backup(tmp_path / name)
    assert copy.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []


# --- what an SQLite file that was tampered with shows ------------------------------------------


def _tampered(path: Path, *statements: str) -> None:
    """The file with its triggers out of the way for a moment."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        triggers = db.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").fetchall()
        for name, _ in triggers:
            db.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            db.execute(statement)
        for _, sql in triggers:
            db.execute(sql)


def _rewritten(path: Path, *bodies: bytes, size: int) -> None:
    """The first chunk replaced by one with its own, fitting checksum, but the old hashes."""
    with closing(SqliteStore(path)) as store:
        (chunk, (_, nodes)) = next(store.chunks()), next(store.nodes())
    _tampered(path, f"DELETE FROM chunks WHERE first <= {size}")
    forged = Chunk(1, chunk.recorded_at, [], list(bodies))
    path.with_suffix(".fresh").unlink(missing_ok=True)
    with closing(SqliteStore(path.with_suffix(".fresh"))) as other, exclusive(other):
        other.insert(forged, nodes)
    _tampered(path, f"ATTACH '{path.with_suffix('.fresh')}' AS f", "INSERT INTO chunks SELECT * FROM f.chunks")


def test_an_edit_whose_checksum_was_mended_is_told_from_damage(tmp_path: Path) -> None:
    """A disk does not write checksums: the tree's own hashes name the event that was changed."""
    path = tmp_path / "log.db"
    with kt.Timeline.open(path) as timeline:
        timeline.append(EVENTS[:4])
        kept = timeline.log.checkpoint()
    bodies = [event.canonical for event in EVENTS[:4]]
    bodies[2] = bodies[2].replace(b"3 km2", b"9 km2")
    _rewritten(path, *bodies, size=4)
    with kt.Timeline.open(path) as timeline:
        for checkpoints in ([], [kept]):
            with pytest.raises(kt.CorruptLogError, match="event 3 is not the one that was taken") as caught:
                timeline.log.verify(checkpoints)
            assert (caught.value.what, caught.value.seq) == ("rewritten", 3)


def test_hashes_that_do_not_belong_together_are_told(tmp_path: Path) -> None:
    """Taking a chunk out and renumbering the rest leaves inner hashes that fit no longer."""
    path = tmp_path / "log.db"
    with kt.Timeline.open(path) as timeline:
        for start in (0, 1, 2, 3):
            timeline.append(EVENTS[start])
    with closing(SqliteStore(path)) as store:
        kept = list(zip(store.chunks(), store.nodes(), strict=True))
    path.unlink()
    with closing(SqliteStore(path)) as store, exclusive(store):
        for first, (chunk, (_, nodes)) in enumerate((kept[0], kept[2], kept[3]), 1):
            store.insert(Chunk(first, chunk.recorded_at, chunk.ids, chunk.bodies), nodes)
    with kt.Timeline.open(path) as timeline, pytest.raises(kt.CorruptLogError) as caught:
        timeline.log.verify()
    assert caught.value.what == "rewritten"


@pytest.mark.parametrize(
    ("bodies", "says"),
    [
        ([EVENTS[0].canonical, EVENTS[0].canonical], "event 2 is event 1 once more"),
        ([b" " + EVENTS[0].canonical], "event 1 is not written in canonical form"),
        ([retracted(EVENTS[5]).canonical], "event 1 speaks of an event that is not in the log before it"),
    ],
)
def test_what_this_library_never_appends_is_told(tmp_path: Path, bodies: list[bytes], says: str) -> None:
    """Even where every checksum and every hash fits."""
    with closing(SqliteStore(tmp_path / "log.db")) as store:
        with exclusive(store):
            nodes = Frontier().grow([leaf_hash(body) for body in bodies])
            store.insert(Chunk(1, dt.datetime.now(dt.timezone.utc), [], bodies), nodes)
        with pytest.raises(kt.CorruptLogError, match=says) as caught:
            Log(store).verify()
        assert caught.value.what == "rewritten"


def test_recording_times_that_go_back_are_told(tmp_path: Path) -> None:
    """This log never sets one before its predecessor's."""
    noon = dt.datetime(2026, 1, 1, 12, tzinfo=dt.timezone.utc)
    tree = Frontier()
    with closing(SqliteStore(tmp_path / "log.db")) as store:
        with exclusive(store):
            for seq, event in enumerate(EVENTS[:2], 1):
                at = noon - dt.timedelta(hours=seq)
                store.insert(Chunk(seq, at, [], [event.canonical]), tree.grow([leaf_hash(event.canonical)]))
        with pytest.raises(kt.CorruptLogError, match="event 2 was taken before") as caught:
            Log(store).verify()
        assert (caught.value.what, caught.value.seq) == ("rewritten", 2)


def test_a_missing_guard_and_a_broken_structure_are_damage(tmp_path: Path) -> None:
    """`verify` looks at the database itself too, while it is open."""
    path = tmp_path / "log.db"
    with kt.Timeline.open(path) as timeline:
        timeline.append(EVENTS[:3])
        with closing(sqlite3.connect(path)) as db:
            db.execute("DROP TRIGGER chunks_are_never_updated")
        with pytest.raises(kt.CorruptLogError, match="triggers"):
            timeline.log.verify()


def test_a_file_with_its_end_cut_off_is_damaged(tmp_path: Path) -> None:
    """At every page: an error of ours, and never another answer."""
    whole = tmp_path / "whole.db"
    with kt.Timeline.open(whole) as timeline:
        timeline.append(EVENTS)
    size = whole.stat().st_size
    for length in range(1, size, 512):
        path = tmp_path / "cut.db"
        shutil.copy(whole, path)
        with path.open("rb+") as file:
            file.truncate(length)
        with pytest.raises((kt.CorruptLogError, kt.NotALogError)), kt.Timeline.open(path) as timeline:
            timeline.log.verify()
