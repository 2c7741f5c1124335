"""The command line, run as users run it: in a process of its own."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import unicodedata
from pathlib import Path

import pytest

import kursk_timeline as kt
from commands import COMMAND, ENVIRONMENT, answer, complaint, run
from kursk_timeline.formats import jsonl
from made import common, held, retracted

FIRST, SECOND = held("2024-08-06", "about 90 sq km"), held("2024-08-10", "0 km2", "russia/mod")
GONE = held("2024-08-08", "5 km2", "press/invented")
EVENTS = [FIRST, SECOND, GONE, retracted(GONE, reported="2024-09-01")]


@pytest.fixture
def db(tmp_path: Path) -> Path:
    """An SQLite log of four events."""
    with kt.Timeline.open(tmp_path / "log.db") as timeline:
        timeline.append(EVENTS)
    return tmp_path / "log.db"


@pytest.fixture(params=["db", "jsonl"])
def log(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The same four events in either kind of log."""
    if request.param == "db":
        return Path(request.getfixturevalue("db"))
    jsonl.write(EVENTS, tmp_path / "log.jsonl")
    return tmp_path / "log.jsonl"


# --- asking ------------------------------------------------------------------------------------


def test_help_and_version() -> None:
    """Both succeed, on standard output; the help names every command."""
    assert answer("--version").strip() == kt.__version__
    whole = answer("--help")
    for command in (
        *("state", "history", "explain", "diff", "audit", "events", "append", "export", "report"),
        *("follow", "backup", "verify", "prove", "checkpoint", "keygen"),
    ):
        assert command in whole
        assert "Usage" in answer(command, "--help")
    for option in ("--log", "--known-on", "--according-to", "--gaps", "--json", "--csv"):
        assert option in answer("state", "--help")


def test_the_bundled_record_is_asked_where_no_log_is_named(tmp_path: Path) -> None:
    """From any folder; the figures are those of the library."""
    raw = json.loads(answer("state", "2025-06-22", "--json", cwd=tmp_path))
    assert raw == json.loads(json.dumps(kt.state_at("2025-06-22").to_dict()))
    assert "km²" in answer("state", "2025-06-22", cwd=tmp_path)
    assert os.listdir(tmp_path) == []


def test_a_state_in_three_forms(log: Path) -> None:
    """Text, JSON and CSV of the same answer."""
    text = answer("state", "2024-08-12", "--log", log)
    assert text.startswith("State on 2024-08-12\n")
    assert "90 km²" in text
    with kt.Timeline.open() as timeline:
        timeline.append(EVENTS)
        expected = timeline.state_at("2024-08-12")
    raw = json.loads(answer("state", "2024-08-12", "--log", log, "--json"))
    assert raw == json.loads(json.dumps(expected.to_dict()))
    assert raw["estimates"]["held/ukraine/kursk"]["disputed"] is True
    (row,) = csv.DictReader(io.StringIO(answer("state", "2024-08-12", "--log", log, "--csv")))
    assert (row["measure"], row["subject"], row["low"], row["high"], row["unit"]) == (
        "held",
        "ukraine",
        "0",
        "99",
        "km2",
    )


def test_a_history_in_three_forms(log: Path) -> None:
    """Text, JSON and CSV of the same steps."""
    text = answer("history", "held/ukraine/kursk", "--log", log)
    assert "according to ukraine" in text
    assert "according to russia" in text
    raw = json.loads(answer("history", "held/ukraine/kursk", "--log", log, "--json"))
    assert set(raw["accounts"]) == {"ukraine", "russia"}
    rows = list(csv.DictReader(io.StringIO(answer("history", "held/ukraine/kursk", "--log", log, "--csv"))))
    assert [row["first"] for row in rows if row["party"] == ""] == [step["first"] for step in raw["steps"]]
    assert "nothing is claimed" in answer("history", "killed/russia/kursk", "--log", log)


def test_events_in_three_forms(log: Path) -> None:
    """The claims that stand; all of them with `--all`, and the withdrawn one marked."""
    text = answer("events", "--log", log)
    assert len(text.splitlines()) == 2
    assert len(answer("events", "--log", log, "--all").splitlines()) == 4
    assert "[retracted]" in answer("events", "--log", log, "--all")
    found = [jsonl.parse_line(line) for line in answer("events", "--log", log, "--json").splitlines()]
    assert found == [FIRST, SECOND]
    rows = list(csv.DictReader(io.StringIO(answer("events", "--log", log, "--csv", "--all"))))
    assert [row["id"] for row in rows] == [event.id for event in EVENTS]
    assert rows[2]["withdrawn_by"] == EVENTS[3].id


def test_questions_are_narrowed_alike(log: Path) -> None:
    """`--known-on`, `--according-to` (several times) and `--gaps` mean what they mean in the library."""
    ask = ("state", "2024-08-12", "--json", "--log", log)
    early = json.loads(answer(*ask, "--known-on", "2024-08-07"))
    assert [a["party"] for a in early["estimates"]["held/ukraine/kursk"]["accounts"]] == ["ukraine"]
    before = json.loads(answer(*ask, "--known-on", "2024-08-31"))
    assert {a["party"] for a in before["estimates"]["held/ukraine/kursk"]["accounts"]} == {
        "ukraine",
        "russia",
        "press/invented",
    }
    mod = json.loads(answer(*ask, "--according-to", "russia/mod"))
    assert mod["according_to"] == ["russia/mod"]
    both = json.loads(answer(*ask, "--according-to", "russia/mod", "--according-to", "ukraine"))
    assert both["according_to"] == ["russia/mod", "ukraine"]
    assert json.loads(answer(*ask, "--gaps", "span"))["gaps"] == "span"
    assert len(answer("events", "--log", log, "--according-to", "russia").splitlines()) == 1
    assert len(answer("events", "--log", log, "--known-on", "2024-08-31").splitlines()) == 3
    assert (
        "ukraine"
        not in answer("history", "held/ukraine/kursk", "--log", log, "--according-to", "russia").split("\n", 1)[1]
    )


def test_why_and_what_changed(log: Path) -> None:
    """An explanation down to the printed words, and a comparison that names the events; both as JSON too."""
    text = answer("explain", "2024-08-12", "held/ukraine/kursk", "--log", log)
    assert "invented for a test" in text
    assert "retracted" in text
    raw = json.loads(answer("explain", "2024-08-12", "held/ukraine/kursk", "--log", log, "--json"))
    assert raw["because"]["high"]["events"] == [FIRST.id]
    assert {"event": GONE.id, "reason": "retracted", "by": EVENTS[3].id} in raw["left_out"]
    changed = answer("diff", "2024-08-07", "2024-08-12", "--log", log)
    assert (
        f"+ TerritoryHeld(2024-08-10, russia/mod: holder=ukraine, region=kursk, area=0 km²) [{SECOND.id[:12]}]"
        in changed
    )
    assert "nothing changed" in answer("diff", "2024-08-12", "2024-08-12", "--log", log)
    parties = ("--according-to", "ukraine", "--then-according-to", "russia", "--json")
    (change,) = json.loads(answer("diff", "2024-08-12", "2024-08-12", "--log", log, *parties))["changes"]
    assert (change["came"], change["went"]) == ([SECOND.id], [FIRST.id])


def test_an_audit_that_finds_errors_ends_with_3(tmp_path: Path, log: Path) -> None:
    """So that it can guard a review; warnings alone do not."""
    text = answer("audit", "--log", log)
    assert text.startswith("Audit: 1 warning")
    assert "dispute" in text
    slip = held("2024-08-20", "about 90 sq km (56 sq miles)")
    jsonl.write([slip], tmp_path / "slip.jsonl")
    code, out, err = run("audit", "--log", tmp_path / "slip.jsonl")
    assert (code, err) == (3, b"")
    assert b"error: unit-slip" in out
    code, out, _ = run("audit", "--log", tmp_path / "slip.jsonl", "--json")
    assert code == 3
    assert json.loads(out)["findings"][0]["events"] == [slip.id]
    (row,) = csv.DictReader(io.StringIO(run("audit", "--log", tmp_path / "slip.jsonl", "--csv")[1].decode()))
    assert row["severity"] == "error"


def test_a_report_is_one_file(tmp_path: Path, log: Path) -> None:
    """Written whole, over a file and over nothing else; what cannot be asked makes no file."""
    pytest.importorskip("altair")
    code, out, err = run("report", tmp_path / "page.html", "--log", log, "--title", "A <b>title</b>")
    assert (code, out) == (0, b"")
    assert b"MB written to" in err
    page = (tmp_path / "page.html").read_text("utf-8")
    assert "A &lt;b&gt;title&lt;/b&gt;" in page
    assert FIRST.sources[0].publisher in page
    (tmp_path / "folder").mkdir()
    complaint(1, "report", tmp_path / "folder", "--log", log)
    complaint(2, "report", tmp_path / "other.html", "--log", log, "--date", "2024")
    assert not (tmp_path / "other.html").exists()


# --- appending and exporting -------------------------------------------------------------------


def test_append_makes_a_log_and_says_what_it_did(tmp_path: Path) -> None:
    """From files; a second time nothing is new."""
    jsonl.write(EVENTS[:2], tmp_path / "one.jsonl")
    jsonl.write(EVENTS[2:], tmp_path / "two.jsonl")
    target = tmp_path / "new.db"
    assert answer("append", tmp_path / "one.jsonl", tmp_path / "two.jsonl", "--log", target).startswith(
        "4 appended, 0 there already"
    )
    assert answer("append", tmp_path / "one.jsonl", "--log", target).startswith("0 appended, 2 there already")
    assert [jsonl.parse_line(line) for line in answer("export", "--log", target).splitlines()] == EVENTS


def test_append_reads_standard_input(tmp_path: Path) -> None:
    """A lone hyphen is standard input, before or after the options, alone or among files."""
    lines = b"".join(jsonl.lines(EVENTS[:2]))
    assert answer("append", "-", "--log", tmp_path / "a.db", stdin=lines).startswith("2 appended")
    assert answer("append", "--log", tmp_path / "b.db", "-", stdin=lines).startswith("2 appended")
    jsonl.write(EVENTS[2:3], tmp_path / "more.jsonl")
    assert answer("append", "-", tmp_path / "more.jsonl", "--log", tmp_path / "c.db", stdin=lines).startswith(
        "3 appended"
    )
    assert "standard input, line 2" in complaint(
        2, "append", "-", "--log", tmp_path / "d.db", stdin=FIRST.canonical + b"\n{"
    )
    assert not (tmp_path / "d.db").exists()


def test_a_bad_file_appends_nothing_and_makes_no_log(tmp_path: Path, db: Path) -> None:
    """The message names file and line; what was there stays byte for byte."""
    (tmp_path / "bad.jsonl").write_bytes(held("2024-08-20", "1 km2").canonical + b"\n" + b'{"kind":NaN}\n')
    before = db.read_bytes()
    message = complaint(2, "append", tmp_path / "bad.jsonl", "--log", db)
    assert "bad.jsonl, line 2" in message
    assert db.read_bytes() == before
    complaint(2, "append", tmp_path / "bad.jsonl", "--log", tmp_path / "new.db")
    assert not (tmp_path / "new.db").exists()
    complaint(1, "append", tmp_path / "absent.jsonl", "--log", tmp_path / "new.db")
    assert not (tmp_path / "new.db").exists()


def test_append_refuses_when_somebody_was_first(tmp_path: Path, db: Path) -> None:
    """With `--expected-size`; both sizes are told, and it is the log that failed, not the input."""
    jsonl.write([held("2024-08-20", "1 km2")], tmp_path / "one.jsonl")
    message = complaint(1, "append", tmp_path / "one.jsonl", "--log", db, "--expected-size", "3")
    assert "4" in message
    assert "3" in message
    assert answer("append", tmp_path / "one.jsonl", "--log", db, "--expected-size", "4").startswith("1 appended")


def test_append_wants_files_and_a_database(tmp_path: Path) -> None:
    """No file named, or a text file for a log, is a fault of the call."""
    jsonl.write(EVENTS, tmp_path / "one.jsonl")
    complaint(2, "append", "--log", tmp_path / "new.db")
    complaint(2, "append", tmp_path / "one.jsonl", "--log", tmp_path / "new.jsonl")
    assert sorted(os.listdir(tmp_path)) == ["one.jsonl"]


def test_export_is_byte_identical_in_every_way(tmp_path: Path, log: Path) -> None:
    """To standard output and to a file, from either kind of log, under any locale."""
    expected = b"".join(jsonl.lines(EVENTS))
    assert run("export", "--log", log)[1] == expected
    code, out, err = run("export", tmp_path / "out.jsonl", "--log", log)
    assert (code, out) == (0, b"")
    assert b"4 events" in err
    assert (tmp_path / "out.jsonl").read_bytes() == expected


def test_export_of_the_bundled_record_can_be_appended(tmp_path: Path) -> None:
    """Out of one process and into another, with all ids."""
    _, out, _ = run("export")
    assert out == b"".join(jsonl.lines(record.event for record in kt.kursk().log))
    target = tmp_path / "copy.db"
    (tmp_path / "copy.jsonl").write_bytes(out)
    answer("append", tmp_path / "copy.jsonl", "--log", target)
    with kt.Timeline.open(target) as timeline:
        assert [r.event.id for r in timeline.log] == [r.event.id for r in kt.kursk().log]


def test_export_follows_no_link_and_replaces_no_folder(tmp_path: Path, db: Path) -> None:
    """The target stays what it was."""
    (tmp_path / "precious").write_text("precious")
    (tmp_path / "link").symlink_to("precious")
    (tmp_path / "folder").mkdir()
    for target in ("link", "folder", "nowhere/out.jsonl"):
        complaint(1, "export", tmp_path / target, "--log", db)
    assert (tmp_path / "precious").read_text() == "precious"
    assert (tmp_path / "link").is_symlink()


# --- faults ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        ["state", "now"], ["state", "2024"], ["state", ""], ["state", "2024-08-06\x1b[31m"], ["state", "٢٠٢٤-٠٨-٠٦"],
        ["state", "2024-08-06", "--known-on", "soon"], ["explain", "now", "held/ukraine/kursk"],
        ["explain", "2024-08-06", "nonsense/ukraine/kursk"], ["diff", "2024-08-06", "2024"],
        ["audit", "--known-on", "soon"],
        ["state", "2024-08-06", "--according-to", "Ukraine"], ["state", "2024-08-06", "--according-to", ""],
        ["history", "x"], ["history", "nonsense/ukraine/kursk"],
        ["history", "held/ukraine/kursk", "--known-on", "2024"], ["events", "--known-on", "2024"], ["events",
        "--according-to", "a//b"], ["append", "--log", "x.db"],
    ],
)  # fmt: skip
def test_a_question_that_cannot_be_taken_is_exit_code_2(tmp_path: Path, arguments: list[str]) -> None:
    """One line on the error stream, nothing on the other, no file made."""
    message = complaint(2, *arguments, cwd=tmp_path)
    assert not any(unicodedata.category(c) == "Cc" for c in message.rstrip("\n"))
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    "arguments",
    [["state"], ["state", "2024-08-06", "2024-08-07"], ["state", "2024-08-06", "--nope"], ["nope"], ["state",
    "2024-08-06", "--gaps", "x"], ["state", "2024-08-06", "--log"], ["history"],
     ["append", "x.jsonl"], ["append", "x.jsonl", "--log", "x.db", "--expected-size", "x"], ["export", "a", "b"],
     ["--nope"]],
)  # fmt: skip
def test_a_call_that_cannot_be_parsed_is_exit_code_2(tmp_path: Path, arguments: list[str]) -> None:
    """The error stream says why, and nothing is done."""
    code, out, err = run(*arguments, cwd=tmp_path)
    assert (code, out) == (2, b"")
    assert err.strip()
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    "command", [["state", "2024-08-06"], ["history", "held/ukraine/kursk"], ["events"], ["export"]]
)
@pytest.mark.parametrize("log", ["absent.db", "absent.jsonl", "nowhere/absent.db", "folder", "text.db", "", "x" * 300])
def test_a_log_that_is_none_is_exit_code_1_and_asking_makes_no_file(
    tmp_path: Path, command: list[str], log: str
) -> None:
    """What is there stays as it is, and nothing new appears."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "text.db").write_text("this is no database, and long enough to be read as one\n" * 20)
    before = sorted(os.listdir(tmp_path))
    complaint(1, *command, "--log", log, cwd=tmp_path)
    assert sorted(os.listdir(tmp_path)) == before
    assert (tmp_path / "text.db").read_text().startswith("this is no database")


@pytest.mark.parametrize("command", [["state", "2024-08-06"], ["events"], ["export"]])
def test_asking_writes_to_no_file(tmp_path: Path, command: list[str]) -> None:
    """An empty file is not made into a database by a question."""
    (tmp_path / "empty.db").touch()
    run(*command, "--log", tmp_path / "empty.db")
    assert (tmp_path / "empty.db").read_bytes() == b""
    assert os.listdir(tmp_path) == ["empty.db"]


def test_asking_leaves_a_log_byte_for_byte(db: Path) -> None:
    """Also its folder: no journal, no lock file."""
    before, names = db.read_bytes(), os.listdir(db.parent)
    for command in (["state", "2024-08-12"], ["history", "held/ukraine/kursk"], ["events"], ["export"]):
        run(*command, "--log", db)
    assert db.read_bytes() == before
    assert os.listdir(db.parent) == names


def test_a_broken_line_in_a_log_of_text_is_named(tmp_path: Path) -> None:
    """As the input's fault, with file and line."""
    (tmp_path / "log.jsonl").write_bytes(FIRST.canonical + b"\n\n" + SECOND.canonical[:50])
    assert "log.jsonl, line 3" in complaint(2, "state", "2024-08-12", "--log", tmp_path / "log.jsonl")


def test_a_damaged_log_is_exit_code_1(db: Path) -> None:
    """Bytes changed behind our back are the log's fault."""
    data = bytearray(db.read_bytes())
    at = data.find(FIRST.canonical[:20])
    assert at > 0
    data[at + 40 : at + 44] = b"\xff\xfe\xff\xfe"
    db.write_bytes(bytes(data))
    complaint(1, "state", "2024-08-12", "--log", db)


# --- terminals and pipes -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "command", [["export"], ["events"], ["state", "2025-06-22"], ["state", "2025-06-22", "--json"], ["events", "--csv"]]
)
def test_a_reader_that_has_seen_enough_is_no_error(command: list[str]) -> None:
    """As with ``| head -1``: no message, exit code 0."""
    process = subprocess.Popen([*COMMAND, *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=ENVIRONMENT)
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.readline()
    process.stdout.close()
    err = process.stderr.read()
    process.stderr.close()
    assert (process.wait(120), err) == (0, b"")


def test_a_reader_that_never_came_is_no_error() -> None:
    """The pipe is closed before anything is written."""
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run([*COMMAND, "export"], stdout=write, stderr=subprocess.PIPE, env=ENVIRONMENT, timeout=120)
    os.close(write)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device that is always full")
@pytest.mark.parametrize("command", [["export"], ["state", "2025-06-22"], ["events", "--json"]])
def test_a_full_disk_is_exit_code_1_and_no_traceback(command: list[str]) -> None:
    """The output cannot be written: that is said, in one line."""
    with open("/dev/full", "wb") as full:
        done = subprocess.run([*COMMAND, *command], stdout=full, stderr=subprocess.PIPE, env=ENVIRONMENT, timeout=120)
    assert done.returncode == 1
    assert b"Traceback" not in done.stderr
    assert done.stderr.startswith(b"kursk-timeline: ")
    assert done.stderr.count(b"\n") == 1


LOCALES = {
    "C": {"LC_ALL": "C"},
    "C and no help from Python": {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
    "POSIX": {"LC_ALL": "POSIX", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
    "ASCII": {"PYTHONIOENCODING": "ascii"},
    "Latin 1": {"PYTHONIOENCODING": "latin-1"},
    "Cyrillic DOS": {"PYTHONIOENCODING": "cp866"},
    "UTF-8": {"PYTHONIOENCODING": "utf-8"},
}


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize(
    "command",
    [
        ["state", "2025-06-22"],
        ["state", "2025-06-22", "--json"],
        ["state", "2025-06-22", "--csv"],
        ["history", "held/ukraine/kursk"],
        ["events"],
        ["events", "--csv"],
        ["--help"],
    ],
    ids=" ".join,
)
def test_a_poor_terminal_gets_what_it_can_show(locale: str, command: list[str]) -> None:
    """Signs that its encoding lacks are replaced or spelled out; nothing crashes."""
    code, out, _ = run(*command, env=LOCALES[locale])
    assert code == 0
    rich = run(*command, env=LOCALES["UTF-8"])[1]
    assert out.count(b"\n") >= rich.count(b"\n") > 0


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("command", [["export"], ["events", "--json", "--all"]], ids=" ".join)
def test_canonical_bytes_are_the_same_under_every_locale(tmp_path: Path, locale: str, command: list[str]) -> None:
    """What is hashed is never re-encoded on its way out."""
    events = [kt.StatementMade(about="Суджа – 5 km² “é” 😀", **common("2024-08-06")), held("2024-08-07", "5 km2")]
    jsonl.write(events, tmp_path / "log.jsonl")
    code, out, _ = run(*command, "--log", tmp_path / "log.jsonl", env=LOCALES[locale])
    assert code == 0
    assert out == b"".join(jsonl.lines(events))


@pytest.mark.parametrize("locale", LOCALES)
def test_json_is_json_under_every_locale(tmp_path: Path, locale: str) -> None:
    """Letters that the encoding lacks are escaped, so that it reads back the same."""
    jsonl.write(
        [kt.SettlementTaken(settlement="Суджа", region="kursk", by="ukraine", **common("2024-08-06"))],
        tmp_path / "log.jsonl",
    )
    code, out, _ = run("state", "2024-08-06", "--json", "--log", tmp_path / "log.jsonl", env=LOCALES[locale])
    assert code == 0
    assert "holder/Суджа/kursk" in json.loads(out)["estimates"]


def test_hostile_text_is_shown_spelled_out(tmp_path: Path) -> None:
    """Escape sequences, direction marks and line breaks reach no terminal; formulas reach no spreadsheet."""
    text = "\x1b[2J\x1b]0;owned\x07=1+1\r\u202eevil\x9b31m\nsecond"
    source = kt.Source("=cmd|' /C calc'!A0", title=text, locator=text, wording=text)
    event = kt.StatementMade(
        occurred="2024-08-06", reported="2024-08-06", claimant="ukraine", sources=source, about=text, note=text
    )
    jsonl.write([event], tmp_path / "log.jsonl")
    shown = answer("events", "--log", tmp_path / "log.jsonl")
    assert shown.count("\n") == 1
    assert "\\x1b[2J" in shown
    assert "\\u202e" in shown
    assert not any(unicodedata.category(c) in {"Cc", "Cf"} for c in shown.rstrip("\n"))
    _, out, _ = run("events", "--csv", "--log", tmp_path / "log.jsonl")
    _, row = csv.reader(io.StringIO(out.decode(), newline=""), strict=True)
    assert row[7] == "'=cmd|' /C calc'!A0"


def test_a_file_with_a_hostile_name_is_named_spelled_out(tmp_path: Path) -> None:
    """Also where the name is no text at all."""
    for name in ("\x1b[31mred.jsonl", "new\nline.jsonl", "\u202egnp.jsonl", os.fsdecode(b"\xff\xfe.jsonl")):
        _, out, err = run("events", "--log", tmp_path / name)
        assert out == b""
        assert err.count(b"\n") == 1
        assert not any(unicodedata.category(c) in {"Cc", "Cf"} for c in err.decode().rstrip("\n"))


def test_a_log_with_a_hostile_name_works(tmp_path: Path) -> None:
    """A name is only a name."""
    jsonl.write(EVENTS, tmp_path / "in.jsonl")
    for name in ("a b?mode=ro#x.db", "%2e.db", "журнал.db", "new\nline.db"):
        assert answer("append", tmp_path / "in.jsonl", "--log", tmp_path / name).startswith("4 appended")
        assert len(answer("events", "--log", tmp_path / name).splitlines()) == 2
