"""
Histories from files of events in small tasks, wherever they run.

Five kinds of task, one after the other. None needs more memory than a row group and what it was given room
for, and what goes between them goes through files in a folder that all of them see:

1. *survey*: which events withdraw or replace another; only those are read.
2. *look up*: where the events are that these speak of. Now it is known which rows do not stand.
3. *scatter*: row groups to effects (`effect_rows`), dealt into buckets by account.
4. *weigh*: of a bucket that is too large for one task: which parts it falls into (`parts`).
5. *settle*: a part's effects to rows of the history table, written to files.

A task is bytes in, bytes out, and does no harm when it is run twice: its files have names of their own, and
count only when its answer is taken. `run` decides where: here one after the other (`local`), or on an
engine (`spark`).
"""

from __future__ import annotations

import datetime as dt
import os
import shutil
import tempfile
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import msgspec
import numpy as np

from kursk_timeline.engines.columns import withdrawals
from kursk_timeline.engines.effect_rows import (
    WITHDRAW,
    Bucket,
    Decoder,
    Effects,
    Question,
    Rows,
    Segment,
    write_segments,
)
from kursk_timeline.engines.history_table import (
    file_schema,
    history_rows,
    is_history,
    measure_folder,
    write_about,
)
from kursk_timeline.engines.parts import WHOLE, Span, Windows, packed, spans
from kursk_timeline.errors import DecodeError, InputError, ProjectionError, shown
from kursk_timeline.events.codec import named
from kursk_timeline.events.kinds import Retracted, Superseded
from kursk_timeline.formats import parquet
from kursk_timeline.formats.parquet import RowGroup, Source, file_bytes
from kursk_timeline.formats.whole import whole_folder, write_whole
from kursk_timeline.projections import Project, Projection, distinct
from kursk_timeline.projections.fingerprint import fingerprint
from kursk_timeline.replay.bounds import FOREVER
from kursk_timeline.replay.standing import Paths, paths_of
from kursk_timeline.version import __version__
from kursk_timeline.when import When, day_of

MEMORY = 1 << 30
"""What one task may take, in bytes, beside the libraries."""

ROW_BYTES = 900
"""
What an effect takes while its account is settled, in bytes. Measured: 300 where most days are exact, 500 in
one large account of windows, 900 in a hundred thousand small ones, whose steps outnumber the claims.
"""

ROWS_PER_TASK = 500_000
"""Most events that one task scatters."""

ROWS_PER_DECODER = 2_000_000
"""After so many events what was remembered of accounts and dates is forgotten."""

BUCKETS = 1024
"""Most buckets. One that is still too large is weighed and settled in parts."""

Task: TypeAlias = Callable[[bytes], bytes]
Run: TypeAlias = Callable[[Task, Sequence[bytes]], Iterable[bytes]]
"""Runs a function on each of some tasks; gives the answers in the same order."""


# --- what tasks are told, and answer -----------------------------------------------------------


class _Groups(msgspec.Struct):
    groups: list[RowGroup]


class _About(msgspec.Struct):
    """An event that withdraws another, or gives way to `by`."""

    seq: int
    known: int
    event: str
    by: str | None


class _LookUp(msgspec.Struct):
    groups: list[RowGroup]
    wanted: str


class _Place(msgspec.Struct):
    """Where a wanted event is, and the day it was known."""

    id: str
    seq: int
    known: int


class _Scatter(msgspec.Struct):
    groups: list[RowGroup]
    gone: list[list[int]]
    folder: str
    buckets: int


class _Scattered(msgspec.Struct):
    segments: list[Segment]
    digests: list[str]


class _Weigh(msgspec.Struct):
    segments: list[Segment]
    most: int


class _Part(msgspec.Struct):
    """Some accounts of a bucket: those from one to another by their texts, or some days of one."""

    first: str | None
    last: str | None
    span: Span


class _Settle(msgspec.Struct):
    segments: list[Segment]
    part: _Part
    folder: str
    name: str


class _File(msgspec.Struct):
    """A file of the history table: its measure, where it is, and what it is to be called."""

    measure: str
    path: str
    name: str
    rows: int
    edges: tuple[str, str] | None
    """Of some days of an account: what its first and its last row say."""


class _Settled(msgspec.Struct):
    files: list[_File]
    twice: tuple[int, int] | None
    """Numbers of two events with one id."""


T = TypeVar("T")


def _read(cls: type[T], data: bytes) -> T:
    return msgspec.msgpack.decode(data, type=cls)


_write = msgspec.msgpack.encode


# --- the tasks ---------------------------------------------------------------------------------


def survey(task: bytes) -> bytes:
    """The events that withdraw or replace another, in some row groups."""
    pa = parquet.arrow()
    found = []
    for group in _read(_Groups, task).groups:
        kinds = parquet.column(group, "kind").combine_chunks()
        if not pa.types.is_dictionary(kinds.type):
            kinds = kinds.dictionary_encode()
        codes = [code for code, kind in enumerate(kinds.dictionary.to_pylist()) if kind in WITHDRAW]
        places = kinds.indices.to_numpy(zero_copy_only=False)
        rows: list[int] = np.flatnonzero(np.isin(places, codes)).tolist() if codes else []
        bodies = parquet.column(group, "body").take(rows).to_pylist() if rows else []
        for row, body in zip(rows, bodies, strict=True):
            event = named(body, group.at(row))
            if not isinstance(event, (Retracted, Superseded)):
                problem = f"its column 'kind' says {kinds[row].as_py()!r}; it is {event.kind!r}"
                raise DecodeError(problem, source=group.at(row))
            assert event.reported.latest is not None  # no event without
            by = event.by if isinstance(event, Superseded) else None
            found.append(_About(group.first + row, event.reported.latest.toordinal(), event.event, by))
    return _write(found)


def look_up(task: bytes) -> bytes:
    """Where wanted events are, of those in some row groups."""
    asked = _read(_LookUp, task)
    wanted = np.fromfile(asked.wanted, "V32")
    heads = _heads(wanted.tobytes())
    ids = {bytes(one) for one in wanted.tolist()}
    epoch = dt.date(1970, 1, 1).toordinal()
    found = []
    for group in asked.groups:
        column = parquet.column(group, "id").cast(parquet.arrow().binary(32)).combine_chunks()
        here = b"".join(column.to_pylist())
        known: Sequence[int] | None = None
        for row in np.flatnonzero(np.isin(_heads(here), heads)).tolist():
            id_ = here[32 * row : 32 * row + 32]
            if id_ in ids:
                if known is None:
                    days = parquet.column(group, "known").cast(parquet.arrow().int32())
                    known = days.to_pylist()
                found.append(_Place(id_.hex(), group.first + row, known[row] + epoch))
    return _write(found)


def _heads(ids: bytes) -> Any:
    """The first eight bytes of each id, as numbers."""
    return np.frombuffer(ids, "u8").reshape(-1, 4)[:, 0]


def _new_file(folder: str | Path, name: str) -> Path:
    """An empty file that no other run of a task has."""
    handle, path = tempfile.mkstemp(dir=folder, prefix=f"{name}.")
    os.close(handle)
    return Path(path)


class Scatter:
    """The task that finds what the events of some row groups do, and deals it into buckets."""

    def __init__(self, question: Question) -> None:
        self.question = question
        self._decoder: Decoder | None = None
        self._taken = 0

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.question,)

    def __call__(self, task: bytes) -> bytes:
        """Run one task."""
        asked = _read(_Scatter, task)
        decoder = self._decoder = self._decoder or Decoder(self.question)
        effects, digests = [], []
        for group, gone in zip(asked.groups, asked.gone, strict=True):
            batch = parquet.read_group(group)
            digests.append(sha256("".join(batch.ids).encode()).hexdigest())
            effects.append(decoder.effects(batch, gone))
            del batch
            self._taken += group.rows
        file = _new_file(asked.folder, "rows")
        joined = Effects.joined(effects)
        del effects
        segments = write_segments(file, joined, decoder.accounts, decoder.names, asked.buckets)
        if self._taken > ROWS_PER_DECODER:  # it remembers every account and every pair of dates
            self._decoder, self._taken = None, 0
        return _write(_Scattered(segments, digests))


def weigh(task: bytes) -> bytes:
    """The parts of a bucket, none with more rows than so many where that can be."""
    asked = _read(_Weigh, task)
    bucket = Bucket(asked.segments)
    counts = np.zeros(0, "i8")
    for effects in bucket:
        counts = np.append(counts, np.zeros(len(bucket.accounts) - len(counts), "i8"))
        counts += np.bincount(effects.account, minlength=len(counts))
    texts: list[str] = bucket.accounts.things
    order = sorted(range(len(texts)), key=texts.__getitem__)
    packs = packed([int(counts[code]) for code in order], asked.most)
    hot = {order[first] for first, _ in packs if counts[order[first]] > asked.most}
    windows = _windows(Bucket(asked.segments), {texts[code] for code in hot})
    parts = []
    for first, last in packs:
        ends = texts[order[first]], texts[order[last]]
        cut = spans(windows[ends[0]], asked.most) if order[first] in hot else [WHOLE]
        parts += [_Part(*ends, span) for span in cut]
    return _write(parts)


def _windows(bucket: Bucket, accounts: set[str]) -> dict[str, Windows]:
    """The windows of some accounts' claims."""
    found: dict[str, Windows] = {}
    for effects in bucket if accounts else ():
        for code in np.unique(effects.account).tolist():
            text = bucket.accounts.things[code]
            if text in accounts:
                own = effects.at(effects.account == code)
                here = Windows.of(own.first, own.last, own.adds)
                found[text] = found[text].and_(here) if text in found else here
    return found


def settle(question: Question, task: bytes) -> bytes:
    """The history table of a part, written to files."""
    asked = _read(_Settle, task)
    part, bucket = asked.part, Bucket(asked.segments)
    rows = Rows(Effects.joined(list(_of_part(bucket, part))), bucket.accounts.things, bucket.names.things)
    twice = rows.twice()
    if twice is not None:
        return _write(_Settled([], twice))
    found = []
    for measure, table in history_rows(rows, question.measures, part.span).items():
        folder = Path(asked.folder) / measure_folder(measure)
        folder.mkdir(exist_ok=True)  # not its parents: if they are gone, nobody waits for this any more
        file = _new_file(folder, asked.name)
        write_whole(file, _table_bytes(table))
        edges = None if part.span == WHOLE else (_said(table, 0), _said(table, len(table) - 1))
        found.append(_File(measure, str(file), f"{asked.name}.parquet", len(table), edges))
    return _write(_Settled(found, None))


def _of_part(bucket: Bucket, part: _Part) -> Iterator[Effects]:
    """The rows of a bucket that a part needs."""
    inside: list[bool] = []
    for effects in bucket:
        if part.first is None or part.last is None:
            yield effects
            continue
        inside += [part.first <= text <= part.last for text in bucket.accounts.things[len(inside) :]]
        kept = np.array(inside, "?")[effects.account]
        if part.span != WHOLE:
            kept &= part.span.needs(effects.first, effects.last)
        yield effects.at(kept)


def _said(table: Any, row: int) -> str:
    """What a row of the table says, without its days."""
    values = table.slice(row, 1).drop_columns(["from", "until"]).to_pylist()
    return msgspec.json.encode(values).decode()


ROWS_OF_HISTORY = 100_000
"""Rows of a row group of the history table."""


def _table_bytes(table: Any) -> Iterator[bytes]:
    slices = (table.slice(at, ROWS_OF_HISTORY) for at in range(0, len(table), ROWS_OF_HISTORY))
    return file_bytes(slices, file_schema())


# --- one after the other -----------------------------------------------------------------------


def question(
    known_on: str | dt.date | When | None,
    according_to: Paths | None,
    projections: Iterable[Projection | Project],
) -> Question:
    """
    A question as it is asked.

    Raises:
        WhenError: `known_on` is no single day.
        QueryError: `according_to` names nobody.
        ProjectionError: something is no projection.
    """
    known = None if known_on is None else day_of(known_on).toordinal()
    return Question(known, paths_of(according_to), distinct(projections))


def histories(run: Run, events: Source, out: str | os.PathLike[str], asked: Question, memory: int) -> Path:
    """
    Compute all histories and write their table.

    Args:
        run: Where tasks run. All must see the files of events, and the folder in which `out` lies.
        events: Files of events, from the log's first on; see `formats.parquet`.
        out: The folder to write. One that holds an earlier history table is replaced, at the end.
        asked: Which claims count.
        memory: What one task may take, in bytes, beside the libraries.

    Returns:
        The folder.
    """
    if not isinstance(memory, int) or isinstance(memory, bool) or memory < 1:
        raise InputError(f"memory is a number of bytes, not {shown(memory)}")
    with whole_folder(out, is_history) as folder:
        groups = parquet.row_groups(events)
        if groups and groups[0].first != 1:
            problem = f"a history needs the log from its first event on; this is event {groups[0].first}"
            raise DecodeError(problem, source=groups[0].at(0))
        scratch = folder / "_scratch"
        scratch.mkdir()
        most = max(1, memory // ROW_BYTES)
        gone = _gone(run, groups, scratch, asked.known_on)
        buckets, digests = _scattered(run, groups, gone, scratch, asked, most)
        rows = _settled(run, groups, buckets, _parts(run, buckets, most), folder, asked)
        shutil.rmtree(scratch)
        write_about(folder, _about(groups, digests, rows, asked))
    return Path(out)


def _portions(groups: Sequence[RowGroup], most: int) -> list[list[int]]:
    """Places of row groups that go together into a task."""
    return [list(range(first, last + 1)) for first, last in packed([group.rows for group in groups], most)]


def _gone(run: Run, groups: Sequence[RowGroup], scratch: Path, known_on: int | None) -> list[list[int]]:
    """For each row group the rows that are withdrawn or replaced."""
    tasks = [_write(_Groups([groups[i] for i in some])) for some in _portions(groups, 4 * ROWS_PER_TASK)]
    about = [one for answer in run(survey, tasks) for one in _read(list[_About], answer)]
    found: list[list[int]] = [[] for _ in groups]
    if not about:
        return found
    wanted = sorted({id_ for one in about for id_ in (one.event, one.by) if id_ is not None})
    file = scratch / "wanted"
    file.write_bytes(bytes.fromhex("".join(wanted)))
    tasks = [_write(_LookUp([groups[i] for i in some], str(file))) for some in _portions(groups, 4 * ROWS_PER_TASK)]
    places: dict[str, _Place] = {}
    for answer in run(look_up, tasks):
        for place in _read(list[_Place], answer):
            there = places.setdefault(place.id, place)
            if there is not place:
                raise _twice(groups, there.seq, place.seq)
    for one in about:
        target = places.get(one.event)
        if target is None or target.seq >= one.seq:
            problem = f"it speaks of event {one.event[:12]}…, which is not in the log before it"
            raise DecodeError(problem, source=_at(groups, one.seq))
    intervals = withdrawals(
        (one.seq, places[one.event].seq, one.known, 0 if one.by is None else places[one.by].known)
        for one in sorted(about, key=lambda one: -one.seq)
        if one.by is None or one.by in places
    )
    day = FOREVER if known_on is None else known_on
    firsts = [group.first for group in groups]
    for seq, spans_gone in intervals.items():
        if any(start <= day < end for start, end in spans_gone):
            place_of = bisect_right(firsts, seq) - 1
            found[place_of].append(seq - firsts[place_of])
    return found


def _scattered(
    run: Run, groups: Sequence[RowGroup], gone: Sequence[list[int]], scratch: Path, asked: Question, most: int
) -> tuple[list[list[Segment]], list[str]]:
    """Of each bucket its segments in log order; and of each row group a digest of its events' ids."""
    events = sum(group.rows for group in groups)
    buckets = min(BUCKETS, max(1, -(-2 * events // most)))
    tasks = [
        _write(_Scatter([groups[i] for i in some], [gone[i] for i in some], str(scratch), buckets))
        for some in _portions(groups, min(ROWS_PER_TASK, most))
    ]
    segments: list[list[Segment]] = [[] for _ in range(buckets)]
    digests: list[str] = []
    for answer in run(Scatter(asked), tasks):
        scattered = _read(_Scattered, answer)
        digests += scattered.digests
        for bucket, segment in zip(segments, scattered.segments, strict=True):
            if segment.rows:
                bucket.append(segment)
    return segments, digests


def _parts(run: Run, buckets: Sequence[Sequence[Segment]], most: int) -> list[list[_Part]]:
    """Of each bucket its parts: itself, or what it falls into."""
    rows = [sum(segment.rows for segment in bucket) for bucket in buckets]
    heavy = [place for place, count in enumerate(rows) if count > most]
    weighed = run(weigh, [_write(_Weigh(list(buckets[place]), most)) for place in heavy])
    parts = [[_Part(None, None, WHOLE)] if count else [] for count in rows]
    for place, answer in zip(heavy, weighed, strict=True):
        parts[place] = _read(list[_Part], answer)
    return parts


def _settled(
    run: Run,
    groups: Sequence[RowGroup],
    buckets: Sequence[Sequence[Segment]],
    parts: Sequence[Sequence[_Part]],
    folder: Path,
    asked: Question,
) -> int:
    """Write the history table; how many rows it has."""
    each = [(bucket, number, part) for bucket, some in enumerate(parts) for number, part in enumerate(some)]
    tasks = [
        _write(_Settle(list(buckets[bucket]), part, str(folder), f"part-{bucket:04}-{number:05}"))
        for bucket, number, part in each
    ]
    rows = 0
    cut: dict[str, list[_File]] = {}
    taken: set[Path] = set()
    for (_, _, part), answer in zip(each, run(partial(settle, asked), tasks), strict=True):
        settled = _read(_Settled, answer)
        if settled.twice is not None:
            raise _twice(groups, *settled.twice)
        for file in settled.files:
            rows += file.rows
            named_so = Path(file.path).with_name(file.name)
            os.rename(file.path, named_so)
            file.path = str(named_so)
            taken.add(named_so)
            if file.edges is not None:
                assert part.first is not None
                cut.setdefault(part.first, []).append(file)
    for files in cut.values():
        rows -= _mend(files)
    for file_there in folder.glob("measure=*/*"):
        if file_there not in taken:  # of a task that ran twice
            file_there.unlink()
    return rows


def _mend(files: Sequence[_File]) -> int:
    """
    Join the last step of some days and the first of the next where they say the same.

    Returns:
        How many rows there are less.
    """
    less = 0
    for earlier, later in reversed(list(pairwise(files))):
        assert earlier.edges is not None
        assert later.edges is not None
        if earlier.edges[1] != later.edges[0]:
            continue
        pa = parquet.arrow()
        one, other = (pa.parquet.read_table(file.path, partitioning=None) for file in (earlier, later))
        until = pa.concat_arrays([one["until"].combine_chunks()[:-1], other["until"].combine_chunks()[:1]])
        one = one.set_column(one.schema.get_field_index("until"), file_schema().field("until"), until)
        write_whole(earlier.path, _table_bytes(one))
        if len(other) > 1:
            write_whole(later.path, _table_bytes(other.slice(1)))
        else:
            os.unlink(later.path)
        less += 1
    return less


def _at(groups: Sequence[RowGroup], seq: int) -> str:
    group = groups[bisect_right([group.first for group in groups], seq) - 1]
    return group.at(seq - group.first)


def _twice(groups: Sequence[RowGroup], seq: int, other: int) -> DecodeError:
    problem = f"the same event stands at {_at(groups, seq)}: a log holds each event once"
    return DecodeError(problem, source=_at(groups, other))


def _about(groups: Sequence[RowGroup], digests: Sequence[str], rows: int, asked: Question) -> dict[str, object]:
    files: dict[str, dict[str, Any]] = {}
    for group, digest in zip(groups, digests, strict=True):
        file = files.setdefault(
            group.path, {"name": Path(group.path).name, "first": group.first, "events": 0, "ids": ""}
        )
        file["events"] += group.rows
        file["ids"] = sha256(f"{file['ids']}{digest}".encode()).hexdigest()
    return {
        "library": __version__,
        "known_on": None if asked.known_on is None else dt.date.fromordinal(asked.known_on).isoformat(),
        "according_to": None if asked.paths is None else list(asked.paths),
        "projections": [one.__name__ for one in asked.projections],
        "fingerprint": _fingerprint(asked),
        "events": sum(group.rows for group in groups),
        "rows": rows,
        "files": list(files.values()),
    }


def _fingerprint(asked: Question) -> str | None:
    """The hash of the projections' code; None where it rests on what cannot be compared."""
    try:
        return fingerprint(asked.projections)
    except ProjectionError:
        return None
