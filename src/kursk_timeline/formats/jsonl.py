"""
JSON Lines: one event a line, for exchange and for git.

Reading is strict, since files come from anywhere: duplicate keys, numbers that are not whole, NaN,
over-long lines and deep nesting are refused, each with file and line. Writing gives the canonical
bytes, so that equal logs give equal files.

Lines as they are written here, which is most lines of most files, are told from others in bulk
(`events.checked`) and are events that are read when somebody looks. `parse_line` reads all others.
"""

from __future__ import annotations

import codecs
import json
import os
from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import IO, Any, NoReturn

from kursk_timeline.errors import DecodeError, NewerVersionError, StorageError, UnknownKindError, shown
from kursk_timeline.events.base import Event
from kursk_timeline.events.built import unread
from kursk_timeline.events.checked import kinds_of, portions
from kursk_timeline.events.codec import from_json
from kursk_timeline.formats.whole import write_whole
from kursk_timeline.text import file_path

MAX_LINE = 1_000_000
"""Longest line, in bytes."""

MAX_DEPTH = 16
"""Deepest nesting of lists and objects; an event needs three."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise DecodeError(f"the key {shown(twice)} comes twice")
    return found


def _no_constant(word: str) -> NoReturn:
    raise DecodeError(f"{word} is no number")


def _fraction(digits: str) -> str:
    raise DecodeError(f'the number {shown(digits)} is not whole; write it as text, as in "5.5 km2"')


def _integer(digits: str) -> int:
    if len(digits) > 17:
        raise DecodeError(f"the number {shown(digits)} is too large")
    return int(digits)


_decoder = json.JSONDecoder(
    object_pairs_hook=_object, parse_constant=_no_constant, parse_float=_fraction, parse_int=_integer
)


def _depth(line: str) -> int:
    """Deepest nesting, brackets inside strings not counted; looked at before any parser recurses."""
    deepest = depth = 0
    quoted = escaped = False
    for character in line:
        if escaped:
            escaped = False
        elif quoted:
            if character == "\\":
                escaped = True
            elif character == '"':
                quoted = False
        elif character == '"':
            quoted = True
        elif character in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in "]}":
            depth -= 1
    return deepest


def parse_line(line: str) -> Event:
    """
    One event from one line.

    Raises:
        DecodeError: says what cannot be taken, without file and line.
    """
    if line.count("[") + line.count("{") > MAX_DEPTH and _depth(line) > MAX_DEPTH:
        raise DecodeError(f"nested deeper than {MAX_DEPTH}")
    try:
        return from_json(_decoder.decode(line))
    except json.JSONDecodeError as error:
        raise DecodeError(f"not JSON: {error.msg} at character {error.pos + 1}") from error


def read(file: str | os.PathLike[str] | IO[bytes], *, name: str | None = None) -> Iterator[Event]:
    """
    The events of a file, in order. Empty lines are passed over.

    Args:
        file: A path, or an open binary file such as ``sys.stdin.buffer``.
        name: What messages call it; the path where not given.

    Raises:
        DecodeError: names file and line. Nothing after that line is given.
        StorageError: the file cannot be opened or read.

    Cost: some 5 µs an event in canonical form, some 35 in any other. Lines are read a thousand ahead.
    """
    if not isinstance(file, (str, os.PathLike)) and hasattr(file, "readline"):
        yield from _read(file, name or "standard input")
        return
    path = file_path(file)
    source = name or str(path)
    try:
        with open(path, "rb") as opened:
            yield from _read(opened, source)
    except OSError as error:
        raise StorageError(f"{shown(source)} cannot be read: {error.strerror}") from error


def read_events(file: str | os.PathLike[str] | IO[bytes]) -> list[Event]:
    """
    All events of a JSON Lines file, in order, ready for `Timeline.append`.

    Args:
        file: A path, or an open binary file such as ``sys.stdin.buffer``.

    Raises:
        DecodeError: names file, line and field.
        StorageError: the file cannot be opened or read.

    Cost: as `read`.
    """
    return list(read(file))


_BLANKS = b" \t\r\n"


def _read(file: IO[bytes], source: str) -> Iterator[Event]:
    number = 0
    for raws in portions(_raw_lines(file), len):
        stripped = [raw.strip(_BLANKS) for raw in raws]
        if not number:
            stripped[0] = raws[0].removeprefix(codecs.BOM_UTF8).strip(_BLANKS)
        for raw, line, kind in zip(raws, stripped, kinds_of(stripped), strict=True):
            number += 1
            if kind is not None and len(raw) <= MAX_LINE:
                yield unread(kind, sha256(line).hexdigest(), line)
            elif (event := _carefully(raw, source, number)) is not None:
                yield event


def _raw_lines(file: IO[bytes]) -> Iterator[bytes]:
    while raw := file.readline(MAX_LINE + 1):
        yield raw


def _carefully(raw: bytes, source: str, number: int) -> Event | None:
    """The event of one line, read with care; None where the line is empty."""
    try:
        if len(raw) > MAX_LINE:
            raise DecodeError(f"longer than {MAX_LINE:,} bytes; is this a file of events?")
        try:
            line = raw.decode("utf-8-sig" if number == 1 else "utf-8").strip(" \t\r\n")
        except UnicodeDecodeError as error:
            raise DecodeError(f"not UTF-8 at byte {error.start + 1}") from error
        return parse_line(line) if line else None
    except (UnknownKindError, NewerVersionError, DecodeError) as error:
        cut = "" if raw.endswith(b"\n") or "not JSON" not in error.problem else " (the file ends here: cut off?)"
        raise type(error)(error.problem + cut, source=source, line=number) from error


def lines(events: Iterable[Event]) -> Iterator[bytes]:
    """Canonical lines, each with its line feed."""
    return (event.canonical + b"\n" for event in events)


def write(events: Iterable[Event], path: str | os.PathLike[str]) -> int:
    """
    Write events to a file, whole or not at all: a file of that name is replaced only at the end.

    Returns:
        How many were written.

    Raises:
        StorageError: the file cannot be written.
    """
    written = 0

    def counted() -> Iterator[bytes]:
        nonlocal written
        for line in lines(events):
            yield line
            written += 1

    write_whole(path, counted())
    return written
