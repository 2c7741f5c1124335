"""
The command line: choose a log, ask, show.

Exit codes: 0 done; 1 the log or its file failed; 2 the question or the input cannot be taken; 3 an
audit found errors.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import stat
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import App, Parameter

from kursk_timeline import __version__
from kursk_timeline.bundled import kursk
from kursk_timeline.errors import InputError, StorageError, TimelineError, shown
from kursk_timeline.formats import csv, jsonl
from kursk_timeline.log.checkpoint import Checkpoint
from kursk_timeline.log.keys import SigningKey, VerifyingKey
from kursk_timeline.log.proofs import check_proof, verify_extends, verify_inclusion
from kursk_timeline.replay.standing import corroborations, is_known, speaks_for, withdrawn
from kursk_timeline.text import PLAIN, file_path, visible
from kursk_timeline.text import path as claimant_path
from kursk_timeline.timeline import Timeline
from kursk_timeline.views import progress, terminal
from kursk_timeline.when import day_of

app = App(
    name="kursk-timeline",
    version=__version__,
    help=(
        "What was the case on a given day, according to whom, and how sure that is. "
        "Without --log, the bundled record of the Kursk operation is asked."
    ),
)

MAX_SMALL = 1 << 20
"""Largest file, in bytes, that is read as a checkpoint, a key or a proof."""

FOUND_ERRORS = 3
"""The exit code of an audit that finds errors."""

LogPath = Annotated[
    str | None,
    Parameter(
        name=["--log"],
        help="An SQLite log, a .jsonl file of events, or postgresql://… for a log in a database. "
        "Default: the bundled record.",
    ),
]
KnownOn = Annotated[str | None, Parameter(help="Only what was known by the end of this day counts.")]
AccordingTo = Annotated[
    list[str] | None,
    Parameter(
        negative="",
        help="Only claimants on or below this path, such as ukraine or russia/mod. May be given several times.",
    ),
]
Gaps = Annotated[
    Literal["hold", "span"],
    Parameter(help="Between two reports of a party: the last one stands (hold), or anything between them (span)."),
]
AsJson = Annotated[bool, Parameter(name="--json", negative="", help="JSON instead of text.")]
AsCsv = Annotated[
    bool, Parameter(name="--csv", negative="", help="Comma-separated values, safe to open in a spreadsheet.")
]


def _opened(log: str | None) -> Timeline:
    """The timeline to ask. Asking makes no file."""
    if log is None:
        return kursk()
    if "://" in log:
        return Timeline.open(log)
    path = Path(log)
    try:
        there = path.stat()
    except FileNotFoundError:
        raise StorageError(f"there is no log {log}; 'kursk-timeline append FILE --log {log}' makes one") from None
    except OSError as error:
        raise StorageError(f"{shown(log)} cannot be read: {error.strerror}") from error
    if stat.S_ISREG(there.st_mode) and there.st_size == 0:
        raise StorageError(f"{log} is empty: no log; 'kursk-timeline append FILE --log {log}' makes it one")
    if path.suffix == ".jsonl":
        timeline = Timeline()
        timeline.append(progress.read([path]))
        return timeline
    return Timeline.open(path)


def _print(lines: Iterable[str]) -> None:
    for line in lines:
        sys.stdout.write(line if line.endswith("\n") else f"{line}\n")


def _print_bytes(lines: Iterable[bytes]) -> None:
    """Canonical lines as they are: what is hashed is not encoded anew, whatever the terminal speaks."""
    sys.stdout.flush()
    for line in lines:
        sys.stdout.buffer.write(line)
    sys.stdout.buffer.flush()


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=not _speaks_unicode())


def _speaks_unicode() -> bool:
    return (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"


@app.command
def state(
    date: str,
    *,
    known_on: KnownOn = None,
    according_to: AccordingTo = None,
    gaps: Gaps = "hold",
    log: LogPath = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """
    What was the case on a day: every estimate, and the accounts behind it.

    Parameters
    ----------
    date:
        A single day, such as 2025-06-22.
    """
    timeline = _opened(log)
    ask: dict[str, Any] = {"known_on": known_on, "according_to": according_to, "gaps": gaps}
    answer = timeline.state_at(date, **ask)
    if as_json:
        _print([_json(answer.to_dict())])
    elif as_csv:
        _print(csv.of(timeline.states([date], **ask)))
    else:
        _print(terminal.state(answer))


@app.command
def history(
    key: str,
    *,
    known_on: KnownOn = None,
    according_to: AccordingTo = None,
    gaps: Gaps = "hold",
    log: LogPath = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """
    One key on all dates: the spans of days over which its estimate does not change.

    Parameters
    ----------
    key:
        measure/subject/region, such as held/ukraine/kursk.
    """
    answer = _opened(log).history(key, known_on=known_on, according_to=according_to, gaps=gaps)
    if as_json:
        _print([_json(answer.to_dict())])
    elif as_csv:
        _print(csv.of(answer.table()))
    else:
        _print(terminal.history(answer))


@app.command
def explain(
    date: str,
    key: str,
    *,
    known_on: KnownOn = None,
    according_to: AccordingTo = None,
    gaps: Gaps = "hold",
    log: LogPath = None,
    as_json: AsJson = False,
) -> None:
    """
    Why the answer is what it is: from the number to the accounts, the events, and the printed words.

    Parameters
    ----------
    date:
        A single day, such as 2025-06-22.
    key:
        measure/subject/region, such as held/ukraine/kursk.
    """
    found = _opened(log).explain(date, key, known_on=known_on, according_to=according_to, gaps=gaps)
    _print([_json(found.to_dict())] if as_json else str(found).splitlines())


@app.command
def revisions(
    date: str,
    key: str,
    *,
    according_to: AccordingTo = None,
    gaps: Gaps = "hold",
    log: LogPath = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """
    How the answer for one key on one day changed as reports came in.

    Parameters
    ----------
    date:
        A single day, such as 2025-06-22.
    key:
        measure/subject/region, such as held/ukraine/kursk.
    """
    found = _opened(log).revisions(key, date, according_to=according_to, gaps=gaps)
    if as_json:
        _print([_json(found.to_dict())])
    elif as_csv:
        _print(csv.of(found.table()))
    else:
        _print(found.lines())


@app.command
def diff(
    before: str,
    after: str,
    *,
    known_on: KnownOn = None,
    then_known_on: Annotated[str | None, Parameter(help="Another --known-on for the second date.")] = None,
    according_to: AccordingTo = None,
    then_according_to: Annotated[
        list[str] | None, Parameter(negative="", help="Another --according-to for the second date.")
    ] = None,
    gaps: Gaps = "hold",
    log: LogPath = None,
    as_json: AsJson = False,
) -> None:
    """
    What changed between two dates, two parties or two days of knowledge, and by which events.

    Parameters
    ----------
    before:
        A single day, such as 2025-03-01.
    after:
        A single day; it may be the same.
    """
    timeline = _opened(log)
    found = timeline.diff(
        timeline.state_at(before, known_on=known_on, according_to=according_to, gaps=gaps),
        timeline.state_at(
            after, known_on=then_known_on or known_on, according_to=then_according_to or according_to, gaps=gaps
        ),
    )
    _print([_json(found.to_dict())] if as_json else found.lines())


@app.command
def audit(
    *,
    known_on: KnownOn = None,
    according_to: AccordingTo = None,
    gaps: Gaps = "hold",
    log: LogPath = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> int:
    """What is wrong or odd in what the sources say. The exit code is 3 where a finding is an error."""
    found = _opened(log).audit(known_on=known_on, according_to=according_to, gaps=gaps)
    if as_json:
        _print([_json(found.to_dict())])
    elif as_csv:
        _print(csv.of(found.table()))
    else:
        _print(terminal.audit(found))
    return FOUND_ERRORS if found.errors else 0


@app.command
def events(
    *,
    known_on: KnownOn = None,
    according_to: AccordingTo = None,
    all_: Annotated[bool, Parameter(name="--all", negative="", help="Also what was withdrawn, marked.")] = False,
    log: LogPath = None,
    as_json: Annotated[bool, Parameter(name="--json", negative="", help="JSON Lines instead of text.")] = False,
    as_csv: AsCsv = False,
) -> None:
    """The claims that stand, in log order, with their numbers, ids and sources."""
    timeline = _opened(log)
    records = timeline.log.records()
    known = None if known_on is None else day_of(known_on)
    everything = [record.event for record in records]
    gone, more = withdrawn(everything, known), corroborations(everything, known)
    paths = None if according_to is None else [claimant_path(one) for one in according_to]
    chosen = [
        record
        for record in records
        if is_known(record.event, known)
        and (all_ or (record.event.is_claim and record.event.id not in gone))
        and (paths is None or speaks_for(record.event.claimant, paths))
    ]
    if as_json:
        _print_bytes(jsonl.lines(record.event for record in chosen))
    elif as_csv:
        _print(csv.lines(terminal.EVENT_COLUMNS, (terminal.event_row(r, gone, more) for r in chosen)))
    else:
        _print(terminal.event_line(record, gone, more) for record in chosen)


@app.command
def append(
    *files: Annotated[str, Parameter(allow_leading_hyphen=True)],
    log: Annotated[str, Parameter(help="The SQLite log, made if absent; or postgresql://… for a log in a database.")],
    create: Annotated[bool, Parameter(negative="", help="Make a log in a PostgreSQL database that has none.")] = False,
    expected_size: Annotated[int | None, Parameter(help="Append only if the log holds just so many events.")] = None,
) -> None:
    """
    Append files of events to a log: all events or none. An event that is there already is left alone.

    Parameters
    ----------
    files:
        JSON Lines files, Parquet files or folders of them; or - for standard input (JSON Lines).
    """
    if not files:
        raise InputError("name at least one file, or - for standard input")
    if log.endswith(".jsonl"):
        raise InputError(f"{log} is a text file: add the line to it yourself; --log wants an SQLite log")
    found = list(progress.read(sys.stdin.buffer if file == "-" else file_path(file) for file in files))
    with Timeline.open(log, create=create) as timeline:
        _print([str(timeline.append(found, expected_size=expected_size))])


@app.command
def export(out: Path | None = None, *, log: LogPath = None) -> None:
    """
    Write the whole log: as JSON Lines, canonical, in log order; or as Parquet.

    Parameters
    ----------
    out:
        A file, replaced only when complete; Parquet if its name ends in .parquet. Default: standard output.
    """
    timeline = _opened(log)
    if out is None:
        _print_bytes(jsonl.lines(record.event for record in timeline.log))
    else:
        sys.stderr.write(f"{timeline.export(out)} events written to {out}\n")


@app.command
def backup(out: Path, *, log: LogPath = None) -> None:
    """
    Copy a log into a new SQLite file, complete or not at all, while others go on reading.

    Parameters
    ----------
    out:
        A file that is not there yet.
    """
    _opened(log).backup(out)
    with Timeline.open(out) as copy:
        sys.stderr.write(f"{len(copy)} events copied to {out}\n")


@app.command
def snapshot(
    out: Path | None = None, *, log: Annotated[str, Parameter(help="The log: SQLite, or postgresql://…")]
) -> None:
    """
    Keep what was computed of a log, so that opening it again reads only what came since.

    Parameters
    ----------
    out:
        A file, replaced only when complete. Default: beside an SQLite log, where it is found by itself.
    """
    with _opened(log) as timeline:
        written = timeline.save_snapshot(out)
        sys.stderr.write(f"{len(timeline)} events kept in {written}\n")


@app.command
def follow(
    *,
    after: Annotated[
        int | None, Parameter(help="Begin behind this number; 0 for the start. Default: what comes from now on.")
    ] = None,
    timeout: Annotated[float | None, Parameter(help="End when nothing came for so many seconds.")] = None,
    log: LogPath = None,
    as_json: Annotated[bool, Parameter(name="--json", negative="", help="JSON Lines instead of text.")] = False,
) -> None:
    """Print events as they are appended, by whomever, until interrupted."""
    if log is None or log.endswith(".jsonl"):
        raise InputError("name a log that others append to: --log with an SQLite log, or with postgresql://…")
    timeline = _opened(log)
    with contextlib.suppress(KeyboardInterrupt):
        for record in timeline.follow(after, timeout=timeout):
            if as_json:
                _print_bytes(jsonl.lines([record.event]))
            else:
                _print([terminal.event_line(record, {}, {})])
                sys.stdout.flush()


@app.command
def checkpoint(
    *,
    origin: Annotated[str | None, Parameter(help="What the log is called, such as example.org/kursk.")] = None,
    size: Annotated[int | None, Parameter(help="As the log stood at so many events. Default: now.")] = None,
    key: Annotated[
        Path | None, Parameter(help="A file with a secret key, made by 'keygen': the checkpoint is signed.")
    ] = None,
    log: LogPath = None,
) -> None:
    """
    Print size, root and time of a log: a few lines to keep or publish elsewhere.

    With a key the checkpoint is signed, and has the key's name where no --origin is given.
    """
    if key is not None and str(key).startswith("PRIVATE+KEY+"):
        raise InputError("--key takes the file that 'keygen' wrote; a secret on the command line can be seen by others")
    signing = None if key is None else SigningKey.parse(_text(key))
    if signing is not None and origin is None:
        origin = signing.name
    taken = _opened(log).log.checkpoint(size, origin=origin)
    sys.stdout.write(str(taken) if signing is None else taken.sign(signing))


@app.command
def keygen(name: str, out: Path) -> None:
    """
    Make a key to sign checkpoints with: the secret goes into a file, the public key is printed.

    Parameters
    ----------
    name:
        Whose it is, such as example.org/kursk.
    out:
        A file that is not there yet; only you may read it.
    """
    made = SigningKey.generate(name)
    try:
        handle = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise InputError(f"there is a file {out} already; a key never replaces another") from None
    except OSError as error:
        raise StorageError(f"{shown(str(out))} cannot be written: {error.strerror}") from error
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(f"{made.text}\n")
    _print([str(made.verifying)])


@app.command
def prove(
    event: str | None = None,
    *,
    at: Annotated[
        Path | None, Parameter(help="A file with the checkpoint to prove it to. Default: the log as it is now.")
    ] = None,
    since: Annotated[
        Path | None, Parameter(help="A file with an older checkpoint: prove that the log only grew since.")
    ] = None,
    log: LogPath = None,
) -> None:
    """
    Print a proof as JSON: that an event is in the log, or that the log only grew since a checkpoint.

    'verify PROOF --checkpoint FILE' checks it, without the log.

    Parameters
    ----------
    event:
        Its number, or its id or the start of it (six digits or more).
    """
    if (event is None) == (since is None):
        raise InputError("name either an event, or --since an older checkpoint")
    opened = _opened(log).log
    old = None if since is None else Checkpoint.parse(_text(since))
    now = opened.checkpoint(origin=None if old is None else old.origin) if at is None else Checkpoint.parse(_text(at))
    # What is printed holds: a proof to the checkpoint of another log would only be found out by who gets it.
    if event is not None:
        is_number = event.isascii() and event.isdecimal() and len(event) < 16 and int(event) <= len(opened)
        record = opened[int(event) if is_number else event]
        inclusion = opened.prove(record.seq, size=now.size)
        verify_inclusion(record.event, inclusion, now)
        _print([_json({"event": record.event.canonical.decode(), **inclusion.to_json()})])
    else:
        assert old is not None
        extension = opened.prove_extends(old.size, size=now.size)
        verify_extends(extension, old, now)
        _print([_json(extension.to_json())])


@app.command
def verify(
    target: str,
    *,
    checkpoint: Annotated[
        list[Path] | None,
        Parameter(negative="", help="A file with a checkpoint kept elsewhere. May be given several times."),
    ] = None,
    key: Annotated[
        list[str] | None,
        Parameter(
            negative="",
            help="A public key, or a file with it: each checkpoint must be signed by one of these.",
        ),
    ] = None,
) -> None:
    """
    Recompute a whole log, or check a proof without any log; say what is wrong and where it begins.

    Parameters
    ----------
    target:
        A log (an SQLite file, a .jsonl file, postgresql://…), or a .json file that 'prove' printed.
    """
    if key and not checkpoint:
        raise InputError("--key says who must have signed a checkpoint: give --checkpoint too")
    keys = [VerifyingKey.parse(one if "+" in one else _text(file_path(one))) for one in key or ()]
    kept = [Checkpoint.open(_text(one), *keys) if keys else Checkpoint.parse(_text(one)) for one in checkpoint or ()]
    if target.endswith(".json"):
        _print([check_proof(_text(file_path(target)), kept)])
    else:
        _print(str(_opened(target).log.verify(kept)).splitlines())


def _text(path: Path) -> str:
    """A small text file, as it is: a checkpoint, a key, a proof."""
    try:
        with open(path, "rb") as file:
            data = file.read(MAX_SMALL + 1)
    except OSError as error:
        raise StorageError(f"{shown(str(path))} cannot be read: {error.strerror}") from error
    if len(data) > MAX_SMALL:
        raise InputError(f"{path} is larger than {MAX_SMALL:,} bytes; is it a checkpoint, a key or a proof?")
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise InputError(f"{path} is no text") from None


@app.command
def report(
    out: Path,
    *,
    date: Annotated[str | None, Parameter(help="The day the page opens with. Default: the last.")] = None,
    title: Annotated[str | None, Parameter(help="The page's heading.")] = None,
    known_on: KnownOn = None,
    according_to: AccordingTo = None,
    gaps: Gaps = "hold",
    log: LogPath = None,
) -> None:
    """
    Write one self-contained page: slider over time, charts, claims with sources, disputes, findings.

    Parameters
    ----------
    out:
        An HTML file, replaced only when complete.
    """
    ask: dict[str, Any] = {"known_on": known_on, "according_to": according_to, "gaps": gaps}
    written = _opened(log).report(out, date=date, title=title, **ask)
    sys.stderr.write(f"{written.stat().st_size / 1e6:.2f} MB written to {out}\n")


def main(tokens: list[str] | None = None) -> int:
    """Run one command; the exit code."""
    code: int | None = None
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors=PLAIN)
    try:
        code = app(tokens, result_action="return_value")
        sys.stdout.flush()
    except TimelineError as error:
        sys.stderr.write(f"kursk-timeline: {visible(str(error))}\n")
        return 2 if isinstance(error, InputError) else 1
    except BrokenPipeError:
        _forget_output()  # the reader (head, less) has seen enough
    except OSError as error:
        _forget_output()
        sys.stderr.write(f"kursk-timeline: the output cannot be written: {error.strerror}\n")
        return 1
    return code or 0


def _forget_output() -> None:
    # Python would fail again while closing stdout.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
