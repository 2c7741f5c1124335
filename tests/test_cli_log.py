"""The commands that keep, prove and check a log, run as users run them."""

from __future__ import annotations

import json
import os
import pty
import signal
import stat
import subprocess
from pathlib import Path

import pytest

import kursk_timeline as kt
from commands import COMMAND, ENVIRONMENT, answer, complaint, run
from kursk_timeline.formats import jsonl
from logs import EVENTS
from made import held
from postgres import database_fixture  # noqa: F401


@pytest.fixture
def db(tmp_path: Path) -> Path:
    """An SQLite log of some events."""
    with kt.Timeline.open(tmp_path / "log.db") as timeline:
        timeline.append(EVENTS[:10])
    return tmp_path / "log.db"


@pytest.fixture
def kept(tmp_path: Path, db: Path) -> Path:
    """A checkpoint of it, kept elsewhere; then the log grew."""
    path = tmp_path / "kept.txt"
    path.write_text(answer("checkpoint", "--log", db))
    with kt.Timeline.open(db) as timeline:
        timeline.append(EVENTS[10:])
    return path


# --- verify ------------------------------------------------------------------------------------


def test_a_log_verifies_with_and_without_a_checkpoint(db: Path, kept: Path) -> None:
    """And says what the checkpoint adds."""
    assert "without a checkpoint" in answer("verify", db)
    assert "agrees with the checkpoint of 10 events" in answer("verify", db, "--checkpoint", kept)


def test_every_kind_of_log_is_verified(db: Path, tmp_path: Path, database: str) -> None:
    """A file of lines, and a database; all have the same root."""
    lines = tmp_path / "log.jsonl"
    assert run("export", lines, "--log", db)[0] == 0
    assert run("append", lines, "--log", database, "--create")[0] == 0
    roots = {answer("verify", one).splitlines()[0] for one in (db, lines, database)}
    assert len(roots) == 1


def test_what_is_wrong_is_exit_code_1_and_said(db: Path, kept: Path, tmp_path: Path) -> None:
    """Damaged, cut off, written anew."""
    whole = db.read_bytes()
    at = whole.index(b'"4 km2') + 1
    db.write_bytes(whole[:at] + b"9" + whole[at + 1 :])
    assert "event 4 is damaged" in complaint(1, "verify", db, "--checkpoint", kept)
    short, anew = tmp_path / "short.db", tmp_path / "anew.db"
    with kt.Timeline.open(short) as timeline:
        timeline.append(EVENTS[:7])
    assert "events 8 to 10 were cut off" in complaint(1, "verify", short, "--checkpoint", kept)
    with kt.Timeline.open(anew) as timeline:
        timeline.append([*EVENTS[:5], held("2024-08-06", "404 km2"), *EVENTS[6:]])
    assert "agree" not in complaint(1, "verify", anew, "--checkpoint", kept)
    assert "something was changed" in complaint(1, "verify", anew, "--checkpoint", kept)
    assert answer("verify", anew)  # without the checkpoint nobody can tell


@pytest.mark.parametrize("target", ["absent.db", "folder", "text.txt", "empty.db"])
def test_what_is_no_log_is_not_verified(tmp_path: Path, target: str) -> None:
    """And stays as it is."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "text.txt").write_text("no log, and long enough to be looked at\n" * 50)
    (tmp_path / "empty.db").touch()
    before = sorted(os.listdir(tmp_path))
    complaint(1, "verify", target, cwd=tmp_path)
    assert sorted(os.listdir(tmp_path)) == before


def test_a_file_that_is_no_checkpoint_is_exit_code_2(db: Path, tmp_path: Path) -> None:
    """Named, and nothing is taken for verified."""
    for name, content in {"a": b"nothing", "b": b"\xff\xfe", "c": b"x\n" * 1_000_000, "d": b""}.items():
        (tmp_path / name).write_bytes(content)
        complaint(2, "verify", db, "--checkpoint", tmp_path / name)
    complaint(1, "verify", db, "--checkpoint", tmp_path / "absent")


# --- keys --------------------------------------------------------------------------------------


def test_a_signed_checkpoint_is_only_taken_from_its_key(db: Path, tmp_path: Path) -> None:
    """The key's name is the log's; the secret is for its owner's eyes alone and never replaced."""
    secret = tmp_path / "secret.key"
    public = answer("keygen", "example.org/kursk", secret).strip()
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert "PRIVATE" not in public
    other = answer("keygen", "example.org/kursk", tmp_path / "other.key").strip()
    before = secret.read_bytes()
    assert "never replaces" in complaint(2, "keygen", "example.org/kursk", secret)
    assert secret.read_bytes() == before
    note = tmp_path / "note.txt"
    note.write_text(answer("checkpoint", "--log", db, "--key", secret))
    assert note.read_text().startswith("example.org/kursk\n10\n")
    assert "agrees" in answer("verify", db, "--checkpoint", note, "--key", public)
    assert "agrees" in answer("verify", db, "--checkpoint", note, "--key", other, "--key", public)
    assert "none of the signatures" in complaint(1, "verify", db, "--checkpoint", note, "--key", other)
    note.write_text(note.read_text().replace("\n10\n", "\n11\n"))
    assert "does not hold" in complaint(1, "verify", db, "--checkpoint", note, "--key", public)
    bare = tmp_path / "bare.txt"
    bare.write_text(answer("checkpoint", "--log", db))
    assert "not signed" in complaint(1, "verify", db, "--checkpoint", bare, "--key", public)
    assert "keygen" not in complaint(2, "checkpoint", "--log", db, "--key", bare)


def test_a_secret_on_the_command_line_is_refused_and_not_repeated(db: Path, tmp_path: Path) -> None:
    """The file is meant; a public key may be given either way."""
    public = answer("keygen", "a", tmp_path / "secret.key")
    secret = (tmp_path / "secret.key").read_text().strip()
    assert secret[-20:] not in complaint(2, "checkpoint", "--log", db, "--key", secret)
    (tmp_path / "public.key").write_text(public)
    (tmp_path / "note").write_text(answer("checkpoint", "--log", db, "--key", tmp_path / "secret.key"))
    assert "agrees" in answer("verify", db, "--checkpoint", tmp_path / "note", "--key", tmp_path / "public.key")
    assert secret[-20:] not in complaint(2, "verify", db, "--checkpoint", tmp_path / "note", "--key", secret)
    assert "give --checkpoint" in complaint(2, "verify", db, "--key", public.strip())


# --- proofs ------------------------------------------------------------------------------------


def test_an_event_is_proven_to_who_has_only_the_checkpoint(db: Path, kept: Path, tmp_path: Path) -> None:
    """By number or id; another checkpoint, another event or another path is refused."""
    proof = tmp_path / "proof.json"
    for event in ("7", EVENTS[6].id, EVENTS[6].id[:8]):
        proof.write_text(answer("prove", event, "--log", db, "--at", kept))
        assert "proven: event 7 of 10 is TerritoryHeld(2024-08-12" in answer("verify", proof, "--checkpoint", kept)
    now = tmp_path / "now.txt"
    now.write_text(answer("checkpoint", "--log", db))
    assert "for a log of 10 events" in complaint(1, "verify", proof, "--checkpoint", now)
    raw = json.loads(proof.read_text())
    for change in ({"event": EVENTS[7].canonical.decode()}, {"seq": 6}, {"path": raw["path"][:-1]}):
        proof.write_text(json.dumps(raw | change))
        complaint(1, "verify", proof, "--checkpoint", kept)
    for broken in ("", "[]", "{}", '{"event":5}', json.dumps(raw | {"more": 1}), "[" * 100_000):
        proof.write_text(broken)
        complaint(2, "verify", proof, "--checkpoint", kept)
    complaint(2, "verify", proof)
    complaint(2, "prove", "--log", db)
    complaint(2, "prove", "7", "--since", kept, "--log", db)
    complaint(2, "prove", "99", "--log", db)


def test_growth_is_proven_between_two_checkpoints(db: Path, kept: Path, tmp_path: Path) -> None:
    """In either order they are given; two of another log are refused."""
    now, proof = tmp_path / "now.txt", tmp_path / "proof.json"
    now.write_text(answer("checkpoint", "--log", db))
    proof.write_text(answer("prove", "--since", kept, "--log", db))
    for order in ((kept, now), (now, kept)):
        said = answer("verify", proof, *(x for one in order for x in ("--checkpoint", one)))
        assert said == f"proven: the log of {len(EVENTS)} events has that of 10, unchanged, as its start\n"
    complaint(2, "verify", proof, "--checkpoint", now)
    with kt.Timeline.open(tmp_path / "anew.db") as timeline:
        timeline.append([held("2024-08-06", "404 km2"), *EVENTS[1:]])
    now.write_text(answer("checkpoint", "--log", tmp_path / "anew.db"))
    complaint(1, "verify", proof, "--checkpoint", kept, "--checkpoint", now)


def test_a_proof_that_would_not_hold_is_not_printed(db: Path, tmp_path: Path) -> None:
    """To the checkpoint of another log, or since one."""
    with kt.Timeline.open(tmp_path / "anew.db") as timeline:
        timeline.append([held("2024-08-06", "404 km2"), *EVENTS[1:10]])
    (tmp_path / "other").write_text(answer("checkpoint", "--log", tmp_path / "anew.db"))
    assert "another root" in complaint(1, "prove", "7", "--log", db, "--at", tmp_path / "other")
    assert "another root" in complaint(1, "prove", "--since", tmp_path / "other", "--log", db)


# --- keeping -----------------------------------------------------------------------------------


def test_a_backup_is_a_new_file(db: Path, tmp_path: Path) -> None:
    """It verifies against a checkpoint of the original; no file is replaced."""
    kept, copy = tmp_path / "kept.txt", tmp_path / "copy.db"
    kept.write_text(answer("checkpoint", "--log", db))
    code, out, err = run("backup", copy, "--log", db)
    assert (code, out) == (0, b"")
    assert b"10 events copied" in err
    assert "agrees" in answer("verify", copy, "--checkpoint", kept)
    assert "takes a new name" in complaint(2, "backup", copy, "--log", db)


def test_a_database_that_has_no_log_is_left_alone(db: Path, tmp_path: Path, database: str) -> None:
    """Until it is asked for; then all commands work on it, and nothing says the password."""
    lines = tmp_path / "log.jsonl"
    assert run("export", lines, "--log", db)[0] == 0
    assert "create" in complaint(1, "append", lines, "--log", database)
    assert "10 appended" in answer("append", lines, "--log", database, "--create")
    assert "0 appended" in answer("append", lines, "--log", database)
    assert "10 km²" in answer("state", "2024-08-15", "--log", database)
    assert "hunter2" not in complaint(1, "state", "2024-08-15", "--log", "postgresql://me:hunter2@127.0.0.1:1/none")
    assert "hunter2" not in complaint(2, "state", "2024-08-15", "--log", "mysql://me:hunter2@127.0.0.1/none")


def test_a_follower_prints_what_others_append(db: Path) -> None:
    """As it comes; Ctrl-C is a good end."""
    command = [*COMMAND, "follow", "--log", str(db), "--after", "9", "--json"]
    with subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as follower:
        assert follower.stdout is not None
        assert follower.stderr is not None
        assert follower.stdout.readline() == EVENTS[9].canonical + b"\n"
        with kt.Timeline.open(db) as timeline:
            for event in EVENTS[10:13]:
                timeline.append(event)
                assert follower.stdout.readline() == event.canonical + b"\n"
        follower.send_signal(signal.SIGINT)
        assert follower.wait(timeout=20) == 0
        assert follower.stderr.read() == b""
    assert answer("follow", "--log", db, "--timeout", "0") == ""
    assert len(answer("follow", "--log", db, "--after", "0", "--timeout", "0").splitlines()) == 13
    complaint(2, "follow", "--log", db, "--after", "14")
    complaint(2, "follow", "--log", db, "--timeout", "nan")
    assert "others append to" in complaint(2, "follow")  # to the bundled record nobody does


def test_a_long_file_shows_a_bar_on_a_terminal_and_only_there(tmp_path: Path) -> None:
    """On standard error; what was appended is the same."""
    many = [held("2024-08-06", f"{n + 1} km2", note="x" * 1_000) for n in range(2_500)]
    lines = tmp_path / "long.jsonl"
    jsonl.write(many, lines)
    assert "2500 appended" in answer("append", lines, "--log", tmp_path / "plain.db")
    mine, its = pty.openpty()
    with subprocess.Popen(
        [*COMMAND, "append", str(lines), "--log", str(tmp_path / "shown.db")],
        env=ENVIRONMENT | {"TERM": "xterm"},
        stdout=subprocess.PIPE,
        stderr=its,
    ) as shown:
        os.close(its)
        seen = b""
        while True:
            try:
                part = os.read(mine, 65536)
            except OSError:  # the other end is closed
                break
            if not part:
                break
            seen += part
        assert shown.stdout is not None
        assert b"2500 appended" in shown.stdout.read()
    os.close(mine)
    assert b"long.jsonl" in seen
    assert b"events" in seen
    with kt.Timeline.open(tmp_path / "plain.db") as one, kt.Timeline.open(tmp_path / "shown.db") as other:
        assert one.log.root == other.log.root


def test_a_bad_line_at_the_end_of_a_long_file_appends_nothing(tmp_path: Path, db: Path) -> None:
    """All or nothing, from a file and from standard input."""
    before = db.read_bytes()
    lines = b"".join(jsonl.lines(EVENTS)) + b"{"
    (tmp_path / "bad.jsonl").write_bytes(lines)
    assert f"line {len(EVENTS) + 1}" in complaint(2, "append", tmp_path / "bad.jsonl", "--log", db)
    assert f"line {len(EVENTS) + 1}" in complaint(2, "append", "-", "--log", db, stdin=lines)
    assert db.read_bytes() == before
