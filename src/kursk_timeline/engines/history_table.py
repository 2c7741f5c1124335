"""
The history table: every account's steps as rows, in a folder of Parquet files.

A row says what a party's account of a key was from one day until another, both included. One filter gives
the state on any day d, in any engine that reads Parquet: ``"from" <= d AND until >= d``. Numbers are whole
base units; the folder has one part for each measure, and in each file rows are sorted by key, party and day.
"""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import quote

import numpy as np
import numpy.typing as npt

from kursk_timeline.engines.columns import NEVER, OPEN64, Ints
from kursk_timeline.engines.effect_rows import Rows
from kursk_timeline.engines.kernel import Claims, Steps, histories
from kursk_timeline.engines.parts import WHOLE, Span
from kursk_timeline.errors import DecodeError, InputError, NewerVersionError, NotALogError, StorageError, shown
from kursk_timeline.formats.parquet import arrow
from kursk_timeline.measures import UNCLAIMED, Measure
from kursk_timeline.replay.bounds import FOREVER, Names, Naming, latest_sure, names_on
from kursk_timeline.text import file_path
from kursk_timeline.units import unit
from kursk_timeline.when import When, day_of

ABOUT = "_history.json"
"""The file in the folder that says what the table was made from."""

VERSION = 1

_EPOCH = dt.date(1970, 1, 1).toordinal()


@cache
def schema() -> Any:
    """The table's columns, as an Arrow schema."""
    pa = arrow()
    return pa.schema(
        [
            pa.field("key", pa.string(), nullable=False),
            pa.field("measure", pa.string(), nullable=False),
            pa.field("subject", pa.string()),
            pa.field("region", pa.string(), nullable=False),
            pa.field("party", pa.string(), nullable=False),
            pa.field("from", pa.date32(), nullable=False),
            pa.field("until", pa.date32(), nullable=False),
            pa.field("low", pa.int64()),
            pa.field("best", pa.int64()),
            pa.field("high", pa.int64()),
            pa.field("unit", pa.string()),
            pa.field("holders", pa.list_(pa.string())),
            pa.field("best_holder", pa.string()),
            pa.field("certain", pa.bool_(), nullable=False),
        ]
    )


def file_schema() -> Any:
    """The columns inside a file: the measure stands in its path."""
    return schema().remove(schema().get_field_index("measure"))


# --- steps to rows -----------------------------------------------------------------------------


class _Found:
    """Steps of some accounts, by account and day. Amounts as in `kernel.Steps`; a name is a place in `possible`."""

    def __init__(self, account: Ints, day: Ints, low: Ints, best: Ints, high: Ints) -> None:
        self.account, self.day = account, day
        self.low, self.best, self.high = low, best, high

    def columns(self) -> tuple[Ints, ...]:
        return self.account, self.day, self.low, self.best, self.high


Possible: TypeAlias = dict[Names, int]


def history_rows(rows: Rows, measures: Mapping[str, Measure], span: Span = WHOLE) -> dict[str, Any]:
    """
    The history table of some accounts.

    Args:
        rows: Their effects; all that a span needs.
        measures: What each key's measure means.
        span: Only these days. A step that holds on its first day begins there.

    Returns:
        For each measure an Arrow table, by key, party and day.

    Raises:
        InputError: a sum of amounts is beyond what 64 bits can hold; names the accounts.

    Cost: that of `kernel.histories`; for names with windows, a look at the claims in play on every day of change.
    """
    effects, accounts = rows.effects, rows.accounts
    is_name = np.array([measures[key.measure].is_name for key, _ in accounts], "?")
    windowed = np.zeros(len(accounts), "?")
    windowed[effects.account[effects.first != effects.last]] = True
    slowly = is_name & windowed
    # A name with exact days is the last that was set: its code does for an amount.
    possible: Possible = {Names(frozenset({name}), name): code for code, name in enumerate(rows.names)}
    quickly = ~slowly[effects.account]
    names = effects.name >= 0
    claims = Claims(
        effects.account[quickly],
        effects.first[quickly],
        effects.last[quickly],
        effects.adds[quickly],
        *(np.where(names, effects.name, amount)[quickly] for amount in effects[5:8]),
    )
    floors = np.array([_floor(measures[key.measure]) for key, _ in accounts], "i8")
    try:
        steps = histories(claims, floors)
    except OverflowError as error:
        whose = ", ".join(sorted({str(key) for key, _ in accounts})[:5])
        raise InputError(f"among the accounts of {whose}: {error}") from None
    found = _with_names(_found(steps), rows, np.flatnonzero(slowly), possible)
    sure_from = np.full(len(accounts), NEVER, "i8")
    np.minimum.at(sure_from, effects.account, effects.last)
    found = _split(found, sure_from)
    until = np.append(found.day[1:], NEVER)
    until[np.append(found.account[1:] != found.account[:-1], True)[: len(until)]] = NEVER
    until = until[: len(found.day)] - 1
    if span != WHOLE:
        kept = (found.day < span.until) & (until >= span.begin)
        found = _Found(*(column[kept] for column in found.columns()))
        found.day = np.maximum(found.day, span.begin)
        until = np.minimum(until[kept], span.until - 1)
    return _tables(rows, measures, found, until, found.day >= sure_from[found.account], list(possible))


def _floor(measure: Measure) -> int:
    return -OPEN64 if measure.floor is None or measure.is_name else measure.floor


def _found(steps: Steps) -> _Found:
    account = np.repeat(np.arange(len(steps.offsets) - 1), np.diff(steps.offsets))
    return _Found(account, steps.day.astype("i8"), steps.low, steps.best, steps.high)


def _with_names(found: _Found, rows: Rows, slowly: Ints, possible: Possible) -> _Found:
    """The same with the steps of accounts of names that have windows."""
    if not len(slowly):
        return found
    more: list[tuple[int, int, int]] = []
    effects = rows.effects
    order = np.argsort(effects.account, kind="stable")
    borders = np.searchsorted(effects.account[order], np.stack([slowly, slowly + 1]))
    for account, start, end in zip(slowly.tolist(), *borders.tolist(), strict=True):
        own = effects.at(order[start:end])
        days = zip(own.first.tolist(), own.last.tolist(), own.name.tolist(), strict=True)
        namings = [
            Naming(place, first, last, first if last == FOREVER else (first + last) // 2, rows.names[name])
            for place, (first, last, name) in enumerate(days)
        ]
        more += ((account, day, possible.setdefault(names, len(possible))) for day, names in _name_steps(namings))
    table = np.array(more, "i8").reshape(-1, 3).T
    together = zip(found.columns(), (*table, table[2], table[2]), strict=True)
    columns = [np.concatenate(pair) for pair in together]
    order = np.lexsort((columns[1], columns[0]))
    return _Found(*(column[order] for column in columns))


def _name_steps(claims: Sequence[Naming]) -> list[tuple[int, Names]]:
    """As `replay.bounds.name_steps`, without a look at claims that are over for good."""
    waiting = sorted(claims, key=lambda c: c.first, reverse=True)
    in_play: list[Naming] = []
    found: list[tuple[int, Names]] = []
    for day in sorted({d for c in claims for d in (c.first, c.first + 1, c.last, c.middle)} - {FOREVER}):
        while waiting and waiting[-1].first <= day:
            in_play.append(waiting.pop())
        sure = latest_sure(in_play, day)
        if sure is not None:
            in_play = [c for c in in_play if c.last >= sure.first]
        names, _ = names_on(in_play, day, UNCLAIMED)
        if not found or found[-1][1] != names:
            found.append((day, names))
    return found


def _split(found: _Found, sure_from: Ints) -> _Found:
    """Begin a step where an account becomes certain."""
    if not len(found.day):
        return found
    moments = found.account * NEVER + found.day
    sure = np.flatnonzero(sure_from < FOREVER)
    wanted = sure * NEVER + sure_from[sure]
    places = np.searchsorted(moments, wanted, "right")
    before = np.maximum(places - 1, 0)
    new = (places > 0) & (found.account[before] == sure) & (moments[before] != wanted)
    places, sure = places[new], sure[new]
    columns = [np.insert(column, places, column[places - 1]) for column in found.columns()]
    columns[1] = np.insert(found.day, places, sure_from[sure])
    return _Found(*columns)


def _tables(
    rows: Rows,
    measures: Mapping[str, Measure],
    found: _Found,
    until: Ints,
    certain: npt.NDArray[np.bool_],
    possible: Sequence[Names],
) -> dict[str, Any]:
    pa = arrow()
    measure_of = [key.measure for key, _ in rows.accounts]
    tables = {}
    for name in sorted(set(measure_of)):
        measure = measures[name]
        here = np.flatnonzero(np.array([one == name for one in measure_of], "?")[found.account])
        if not len(here):
            continue
        own = np.unique(found.account[here])
        place = pa.array(np.searchsorted(own, found.account[here]))
        keys = [rows.accounts[code] for code in own.tolist()]
        if measure.is_name:
            nothing = pa.nulls(len(here), pa.int64())
            codes, which = np.unique(found.best[here], return_inverse=True)
            names = [possible[code] for code in codes.tolist()]
            holders = pa.array([sorted(one.possible) for one in names], pa.list_(pa.string())).take(pa.array(which))
            best_holder = pa.array([one.best for one in names], pa.string()).take(pa.array(which))
            amounts = [nothing, nothing, nothing]
        else:
            amounts = [_amounts(column[here]) for column in (found.low, found.best, found.high)]
            holders, best_holder = pa.nulls(len(here), pa.list_(pa.string())), pa.nulls(len(here), pa.string())
        base = None if measure.unit is None else unit(measure.unit).dimension.base_unit.name
        by_account = (
            [str(key) for key, _ in keys],
            [key.subject for key, _ in keys],
            [key.region for key, _ in keys],
            [party for _, party in keys],
        )
        columns = [
            *(pa.array(words, pa.string()).take(place) for words in by_account),
            *(pa.array((days[here] - _EPOCH).astype("i4")).cast(pa.date32()) for days in (found.day, until)),
            *amounts,
            pa.array([base], pa.string()).take(pa.array(np.zeros(len(here), "i8"))),
            holders,
            best_holder,
            pa.array(certain[here]),
        ]
        tables[name] = pa.Table.from_arrays(columns, schema=file_schema())
    return tables


def _amounts(column: Ints) -> Any:
    return arrow().array(column, mask=np.abs(column) >= OPEN64)


# --- the folder --------------------------------------------------------------------------------


def measure_folder(measure: str) -> str:
    """The name of a measure's folder, as other engines read it too."""
    return f"measure={quote(measure, safe='')}"


def is_history(folder: Path) -> bool:
    """Whether a folder holds a history table."""
    return (folder / ABOUT).is_file()


def write_about(folder: Path, about: Mapping[str, object]) -> None:
    """Write down what a history table was made from."""
    text = json.dumps({"history": VERSION, **about}, indent=1, ensure_ascii=False)
    (folder / ABOUT).write_text(text + "\n", encoding="utf-8")


def made_from(folder: str | os.PathLike[str]) -> dict[str, Any]:
    """
    What a history table was made from: the question, the files of events, the library's version.

    Raises:
        NotALogError: the folder holds no history table.
        NewerVersionError: a later version of the library wrote it.
    """
    path = file_path(folder) / ABOUT
    try:
        about = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise NotALogError(f"{shown(str(folder))} holds no history table: there is no {ABOUT}") from None
    except OSError as error:
        raise StorageError(f"{path} cannot be read: {error.strerror}") from None
    except ValueError:
        raise DecodeError("not JSON", source=str(path)) from None
    version = about.get("history") if isinstance(about, dict) else None
    if not isinstance(version, int):
        raise NotALogError(f"{path} is about something else than a history table")
    if version > VERSION:
        raise NewerVersionError(
            f"version {version} was written by a later release; upgrade to read it", source=str(path)
        )
    return about  # type: ignore[no-any-return]


def read(folder: str | os.PathLike[str]) -> Any:
    """
    A whole history table, by key, party and day.

    Returns:
        A `pyarrow.Table` with the columns ``key, measure, subject, region, party, from, until, low, best,
        high, unit, holders, best_holder, certain``. Days are inclusive, `until` is 9999-12-31 where a step
        has no end. Amounts are in `unit`, a base unit; a null `low` or `high` is no bound. Of a measure of
        names the amounts are null, and `holders` lists the possible names.

    Raises:
        NotALogError: the folder holds no history table.
        DecodeError: a file is damaged.
        StorageError: a file cannot be read.
    """
    return _selected(folder, None)


def state_of(folder: str | os.PathLike[str], date: str | dt.date | When) -> Any:
    """
    What every account says on a day: the rows of `read` that hold then. Cost: a scan with statistics.

    Raises:
        WhenError: `date` is no single day.
        NotALogError, DecodeError, StorageError: as for `read`.
    """
    field = _dataset().field
    day = day_of(date)
    return _selected(folder, (field("from") <= day) & (field("until") >= day))


def _dataset() -> Any:
    arrow()
    import pyarrow.dataset

    return pyarrow.dataset


def _selected(folder: str | os.PathLike[str], wanted: Any) -> Any:
    made_from(folder)
    pa, ds = arrow(), _dataset()
    path = file_path(folder)
    try:
        paths = sorted(str(file) for file in path.glob("measure=*/*.parquet"))
        if not paths:
            return schema().empty_table()
        measure = ds.partitioning(pa.schema([("measure", pa.string())]), flavor="hive")
        source = ds.dataset(
            paths, schema=schema(), format="parquet", partitioning=measure, partition_base_dir=str(path)
        )
        return source.to_table(filter=wanted).sort_by([(name, "ascending") for name in ("key", "party", "from")])
    except (pa.ArrowException, OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise StorageError(f"{path} cannot be read: {error.strerror}") from None
        raise DecodeError(f"damaged: {shown(str(error).splitlines()[0])}", source=str(path)) from None
