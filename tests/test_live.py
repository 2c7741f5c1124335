"""
A timeline over columns answers what a timeline over event objects answers: every question, at every moment.

The plain path (`replay.ledger.Ledger` over all events) is the definition. Which of the two a timeline takes is
`COLUMNS_FROM`; here it is set to take one or the other, whatever the size of the log.
"""

from __future__ import annotations

import copy
import datetime as dt
import functools
import hashlib
import json
import os
import pickle
import pty
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import kursk_timeline as kt
from kursk_timeline import timeline as timeline_module
from kursk_timeline.engines import accounts as accounts_module
from kursk_timeline.engines import bulk, columns, daily, ids, index, kernel, live, single
from kursk_timeline.engines.columns import OPEN64, SumError
from kursk_timeline.engines.index import Answers
from kursk_timeline.errors import QuantityError, UnknownKindError
from kursk_timeline.events.base import Event
from kursk_timeline.events.canonical import encode
from kursk_timeline.formats import jsonl
from kursk_timeline.formats.arrow import Table
from kursk_timeline.log import Log
from kursk_timeline.log.port import Chunk
from kursk_timeline.measures import Key, Measure
from kursk_timeline.projections import Projection, projection
from kursk_timeline.projections.effect import Effect
from kursk_timeline.quantity import Quantity
from kursk_timeline.replay.account import AccountHistory
from kursk_timeline.replay.bounds import Bounds, Names
from kursk_timeline.replay.ledger import Ledger
from kursk_timeline.replay.standing import speaks_for, standing
from kursk_timeline.replay.value import quantity
from kursk_timeline.stores.memory import MemoryStore
from kursk_timeline.testing.strategies import logs
from kursk_timeline.timeline import PROJECTIONS, Timeline
from kursk_timeline.units import LIMIT
from made import INVENTED, changed, common, held, present, retracted

NEVER_COLUMNS = 1 << 60
STORED = Path(__file__).parent / "stored"
quick = settings(max_examples=60, suppress_health_check=list(HealthCheck))

SMALL = [
    (columns, "FEW", 1),
    (ids, "FEW", 1),
    (columns, "FRESH", 1),
    (index, "FRESH", 1),
    (index, "ROOM", 0),
    (index, "SMALL", 0),
    (single, "OFTEN", 1),
    (index, "MANY", 1),
    (single, "IN_PLAY", 1),
    (accounts_module, "FEW", 1),
    (bulk, "MOST", 5),
    (live, "KEPT", 2),
]
"""Every size from which another way is taken, so small that a log of ten events takes them all."""


@contextmanager
def columns_from(size: int, *, small: bool = False) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(timeline_module, "COLUMNS_FROM", size)
        for module, name, value in SMALL if small else ():
            patch.setattr(module, name, value)
        yield


@pytest.fixture
def columnar(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every timeline is over columns."""
    monkeypatch.setattr(timeline_module, "COLUMNS_FROM", 0)


def filled(events: Iterable[Event], **options: Any) -> Timeline:
    found = Timeline(**options)
    found.append(events)
    return found


def days_about(log: Sequence[Event], most: int = 12) -> list[dt.date]:
    """Days on which something begins or ends, those beside them, and the day a claim goes stale."""
    days = {dt.date(2030, 1, 1)}
    for event in log:
        for end in (event.window.earliest, event.window.latest, event.reported.latest, event.restated_until):
            if end is not None:
                days |= {end + dt.timedelta(d) for d in (-1, 0, 1, 2, 31) if 2 < end.year < 9990}
    found = sorted(days)
    return found[:: max(1, len(found) // most)]


ASKED: list[dict[str, Any]] = [
    {},
    {"gaps": "span"},
    {"known_on": "2030-06-01"},
    {"known_on": "2030-03-01", "gaps": "span"},
    {"according_to": "blue"},
    {"according_to": ["red", "press/herald", "0._-"], "known_on": "2030-08-01"},
    {"according_to": "nobody-at-all"},
]
questions = st.sampled_from(ASKED)


def typed(rows: Iterable[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """1 and 1.0 are not the same answer."""
    return [tuple((type(value).__name__, value) for value in row) for row in rows]


def arrow(table: Any) -> list[tuple[Any, ...]]:
    """What polars and pyarrow both read, with its schema."""
    by_polars, by_pyarrow = pl.DataFrame(table), pa.table(table)
    rows = by_polars.rows()
    by_pyarrow.validate(full=True)
    assert list(zip(*by_pyarrow.to_pydict().values(), strict=True)) == rows
    return [(str(by_pyarrow.schema),), tuple(by_polars.schema.items()), *rows]


def everything(tl: Timeline, days: Sequence[dt.date], **asked: Any) -> dict[str, Any]:
    """All that one can ask, as plain data."""
    gaps = asked.get("gaps", "hold")
    state = {str(day): tl.state_at(day, **asked).to_dict() for day in days}
    found: dict[str, Any] = {
        "length": len(tl),
        "repr": repr(tl),
        "state": state,
        "state as text": [repr(tl.state_at(day, **asked)) for day in days[::4]],
        "claimed": [str(key) for day in days[::3] for key in tl.state_at(day, **asked).claimed()],
        "keys": tl.keys(),
        "diff": tl.diff(days[0], days[-1], **asked).to_dict(),
        "audit": tl.audit(**asked).to_dict(),
        "states": typed(tl.states(days, **asked).rows()),
        "states as Arrow": arrow(tl.states(days, **asked)),
        "every month": typed(tl.states(every="month", **asked).rows()),
    }
    asked.pop("gaps", None)
    found["events"] = [event.id for event in tl.events(**asked)]
    state_keys = tl.keys()
    keys = [*state_keys, *(Key("strength", key.subject, key.region) for key in state_keys if key.measure == "present")]
    for key in keys:
        history = tl.history(key, gaps=gaps, **asked)
        found[f"history of {key}"] = history.to_dict()
        found[f"history of {key} as a table"] = typed(history.table().rows())
        found[f"parties of {key}"] = list(dict.fromkeys(history._parties()))
    for key in keys[:4]:
        found[f"why {key}"] = tl.explain(days[len(days) // 2], key, gaps=gaps, **asked).to_dict()
    for day in days[::4]:
        for key, one in tl.state_at(day, gaps=gaps, **asked).estimates.items():
            for party, account in one.accounts.items():
                worlds = {part: world.to_dict() for part, world in account.worlds.items() if hasattr(world, "to_dict")}
                found[f"worlds {key} {party} {day}"] = worlds
                found[f"in play {key} {party} {day}"] = [event.id for event in account.in_play]
    return found


def same(plain: dict[str, Any], over_columns: dict[str, Any]) -> None:
    """Piece by piece, so that what differs is named."""
    assert plain.keys() == over_columns.keys()
    for name, expected in plain.items():
        assert over_columns[name] == expected, name


class Claimed(Ledger):
    """The accounts that are claimed, without those that follow from them."""

    def _set_accounts(self, claimed: dict[Key, dict[str, AccountHistory]]) -> None:
        self._accounts = claimed
        self._claimed = sorted(claimed, key=str)


def accounts_by_definition(
    log: Sequence[Event],
    days: Sequence[dt.date],
    known_on: str | None = None,
    according_to: str | Sequence[str] | None = None,
    projections: Sequence[Projection] = PROJECTIONS,
) -> list[tuple[Any, ...]]:
    """The rows of `Timeline.accounts`, sorted."""
    paths = [according_to] if isinstance(according_to, str) else according_to
    known = None if known_on is None else dt.date.fromisoformat(known_on)
    stands = [e for e in standing(log, known) if paths is None or speaks_for(e.claimant, paths)]
    ledger = Claimed(stands, projections)
    found: list[tuple[Any, ...]] = []
    for day in days:
        for key in ledger.claimed():
            for party, account in ledger.accounts(key).items():
                said = account.on(day.toordinal())
                if said is None:
                    continue
                if isinstance(said.value, Names):
                    amounts: tuple[Any, ...] = (None, None, None, None, ", ".join(sorted(said.value.possible)))
                else:
                    amount = quantity(said.value, account.measure)
                    amounts = (amount.low, amount.best, amount.high, amount.unit, None)
                found.append((day, key.measure, key.subject, key.region, party, *amounts, said.certain))
    return sorted(found, key=repr)


# --- every question ----------------------------------------------------------------------------


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(logs(9), questions, st.booleans())
def test_every_question_has_the_same_answer(log: list[Event], asked: dict[str, Any], small: bool) -> None:
    """Whatever is in the log."""
    days = days_about(log)
    with columns_from(NEVER_COLUMNS):
        plain = everything(filled(log), days, **asked)
    with columns_from(0, small=small):
        over_columns = filled(log)
        same(plain, everything(over_columns, days, **asked))
        same(plain, everything(over_columns, days, **asked))  # and when all of it is warm


@pytest.mark.parametrize("small", [True, False])
@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"gaps": "span"},
        {"known_on": "2024-10-15"},
        {"according_to": ["ukraine", "press"], "known_on": "2025-02-01"},
    ],
    ids=str,
)
def test_the_record_is_the_same(asked: dict[str, Any], small: bool) -> None:
    """The bundled events, at the ends and every few weeks."""
    log = [record.event for record in kt.kursk().log]
    days = [dt.date(2024, 8, 1) + dt.timedelta(d) for d in range(0, 500, 45)]
    with columns_from(NEVER_COLUMNS):
        plain_states = typed(filled(log).states(days, **asked).rows())
        plain = filled(log)
        histories = {str(key): plain.history(key, **asked).to_dict() for key in list(plain.keys())}
        state = plain.state_at("2025-01-15", **asked).to_dict()
        events = [event.id for event in plain.events(**{k: v for k, v in asked.items() if k != "gaps"})]
    with columns_from(0, small=small):
        over_columns = filled(log)
        assert typed(over_columns.states(days, **asked).rows()) == plain_states
        assert {
            str(key): over_columns.history(key, **asked).to_dict() for key in list(over_columns.keys())
        } == histories
        assert over_columns.state_at("2025-01-15", **asked).to_dict() == state
        assert [e.id for e in over_columns.events(**{k: v for k, v in asked.items() if k != "gaps"})] == events


def test_what_earlier_releases_wrote_is_the_same() -> None:
    """All kinds, and losses in their first shape."""
    for name in ("all-kinds-v0.1.0", "losses-reported-v1"):
        log = list(jsonl.read(STORED / f"{name}.jsonl"))
        days = days_about(log)
        with columns_from(NEVER_COLUMNS):
            plain = everything(filled(log), days)
        with columns_from(0):
            same(plain, everything(filled(log), days))


@settings(max_examples=80, suppress_health_check=list(HealthCheck))
@given(logs(10), questions, st.booleans())
def test_what_every_account_says(log: list[Event], asked: dict[str, Any], small: bool) -> None:
    """One date or many, asked together or one by one, as rows, as Arrow, and as arrays of base units."""
    asked = {name: value for name, value in asked.items() if name != "gaps"}
    days = days_about(log)
    expected = accounts_by_definition(log, days, **asked)
    with columns_from(0, small=small):
        tl = filled(log)
        table = tl.accounts([*days[::-1], days[0]], **asked)
        rows = list(table.rows())
        assert [row[0] for row in rows] == sorted((r[0] for r in rows[: len(expected)]), reverse=True) + [
            row[0] for row in rows[len(expected) :]
        ]
        assert typed(sorted(rows[: len(expected)], key=repr)) == typed(expected)
        assert sorted(rows[len(expected) :], key=repr) == [row for row in expected if row[0] == days[0]]
        assert arrow(table)[2:] == rows
        one_by_one = [row for day in days for row in tl.accounts_at(day, **asked).table().rows()]
        assert sorted(one_by_one, key=repr) == expected
        for day in days[::3]:
            answer = tl.accounts_at(day, **asked)
            assert len(answer) == sum(row[0] == day for row in expected) == int(answer.begun.sum())
            for (key, party), low, high, begun in zip(
                answer.accounts, answer.low.tolist(), answer.high.tolist(), answer.begun.tolist(), strict=True
            ):
                if begun and key.measure != "holder":
                    (row,) = (r for r in expected if r[:5] == (day, key.measure, key.subject, key.region, party))
                    factor = 1_000_000 if row[8] == "km2" else 1
                    assert (low, high == OPEN64) == (round(row[5] * factor), row[7] == float("inf"))


@quick
@given(logs(9), st.integers(0, 9), questions)
def test_the_log_as_it_stood(log: list[Event], size: int, asked: dict[str, Any]) -> None:
    """At every size, also one in the middle of what was appended together; and nothing later changes it."""
    size = min(size, len(log))
    days = days_about(log)[::3]
    with columns_from(NEVER_COLUMNS):
        plain = [filled(log[:size]).state_at(day, **asked).to_dict() for day in days]
        table = typed(filled(log[:size]).states(days, **asked).rows())
    with columns_from(0):
        tl = filled(log)
        then = tl.at_size(size)
        assert [then.state_at(day, **asked).to_dict() for day in days] == plain
        tl.append(held("2030-05-05", "3 km2", "blue"))
        assert typed(then.states(days, **asked).rows()) == table
        assert [event.id for event in then.events()] == [event.id for event in standing(log[:size])]


# --- logs that grow ----------------------------------------------------------------------------


@settings(max_examples=80, suppress_health_check=list(HealthCheck))
@given(logs(12), st.lists(st.integers(0, 12), max_size=5), st.data(), st.booleans())
def test_appending_is_a_full_replay(log: list[Event], cuts: list[int], data: st.DataObject, small: bool) -> None:
    """
    One by one or in batches, with or without questions in between: the answer is always the replay's.

    So a backdated correction, a withdrawal, a new account or claimant finds every index, ledger and table
    warm or cold, and none of them remembers the old answer.
    """
    days = days_about(log)
    ends = sorted({min(cut, len(log)) for cut in cuts} | {0, len(log)})
    with columns_from(0, small=small):
        grown = Timeline()
        for a, b in pairwise(ends):
            grown.append(log[a:b])
            asked = data.draw(st.lists(questions, max_size=3))
            day = data.draw(st.sampled_from(days))
            for one in asked:
                fewer = {name: value for name, value in one.items() if name != "gaps"}
                with columns_from(NEVER_COLUMNS):
                    state = filled(log[:b]).state_at(day, **one).to_dict()
                assert grown.state_at(day, **one).to_dict() == state
                rows = sorted(grown.accounts_at(day, **fewer).table().rows(), key=repr)
                assert rows == accounts_by_definition(log[:b], [day], **fewer)
        for one in ASKED:
            fewer = {name: value for name, value in one.items() if name != "gaps"}
            with columns_from(NEVER_COLUMNS):
                whole = filled(log)
                table, state = typed(whole.states(days, **one).rows()), whole.state_at(days[-1], **one).to_dict()
            assert typed(grown.states(days, **one).rows()) == table
            assert grown.state_at(days[-1], **one).to_dict() == state
            assert sorted(grown.accounts(days, **fewer).rows(), key=repr) == accounts_by_definition(log, days, **fewer)
        again = Timeline(grown.log)
        assert typed(again.states(days).rows()) == typed(grown.states(days).rows())


near = st.builds(
    lambda day, width, amount, force, adds, later: (kt.ForceDeployed if adds else kt.ForcePresent)(
        force=force,
        region="kursk",
        troops=amount,
        **common(f"2024-08-{day:02}/2024-08-{min(day + width, 28):02}", "russia/mod"),
        restated_until=None if later is None else dt.date(2024, 8, min(day + width, 28)) + dt.timedelta(later),
    ),
    st.integers(1, 28),
    st.sampled_from([0, 0, 0, 0, 0, 3]),
    st.integers(1, 9),
    st.sampled_from(["russia", "north-korea", "ukraine"]),
    st.booleans(),
    st.sampled_from([None, None, 0, 4, 40]),
)
"""Claims close to each other, so that there is a table of days; hardly ever one that the last does not touch."""


@settings(max_examples=400, suppress_health_check=list(HealthCheck))
@given(st.lists(near, min_size=2, max_size=16), st.data(), st.sampled_from([1, 31]), st.sampled_from([0, 64]))
def test_what_is_appended_is_worked_into_the_tables_of_days(
    log: list[Event], data: st.DataObject, room: int, few: int
) -> None:
    """Each account in its column, earlier and later days with it: on every day it says what a new table says."""
    with columns_from(0), pytest.MonkeyPatch.context() as patch:
        patch.setattr(daily, "MORE_DAYS", room)
        patch.setattr(kernel, "FEW", few)
        tl = filled(log[:1])
        live_ = tl._live()
        assert live_ is not None
        grown = live_.index()
        span = np.arange(dt.date(2024, 7, 30).toordinal(), dt.date(2024, 9, 3).toordinal())
        handed_out = grown.at(int(span[20]))
        then = said(handed_out)
        there = log[:1]
        for event in log[1:]:
            if data.draw(st.sampled_from([False, False, False, True])):
                tl.append(retracted(data.draw(st.sampled_from(there)), "2024-09-01"))
            else:
                tl.append(event)
                there.append(event)
            if data.draw(st.booleans()):  # steps may be worked out and not yet be in the table
                assert [part.steps for part in map(live_.index().part, range(len(grown.columns.accounts)))]
            if data.draw(st.booleans()):
                assert live_.index() is grown
                new = index.Index(grown.columns, grown.measures)
                expected = [said(new.at(day)) for day in span.tolist()]
                if data.draw(st.booleans()):
                    for day in span.tolist():
                        alone = all_said_alone(new, day)
                        assert new.all_said(day) is not None or not new.accounts()
                        for found in filter(None, (grown.all_said(day), new.all_said(day))):
                            rows = zip(*found, strict=True)
                            assert [row[1:] if row[0] else None for row in rows] == alone
                for _ in range(2):  # an account with windows is worked in once it was asked for some days
                    assert [said(grown.at(day)) for day in span.tolist()] == expected
                assert [said(one) for one in days_of(grown.many(span))] == expected
        assert said(handed_out) == then


def all_said_alone(index_: index.Index, day: int) -> list[tuple[Any, ...] | None]:
    """What every account says on a day, and when it was heard and spoken for, each asked by itself."""
    parts = map(index_.part, range(len(index_.columns.accounts)))
    return [(*part.at(day), part.heard_by(day), part.spoken_by(day)) if part.begins <= day else None for part in parts]


def said(answers: Answers) -> list[tuple[Any, ...] | None]:
    """What every account says; None where it has not begun."""
    columns_ = (answers.begun, answers.low, answers.best, answers.high, answers.certain)
    rows = zip(*(column.tolist() for column in columns_), strict=True)
    return [row if row[0] else None for row in rows]


def days_of(many: Answers) -> list[Answers]:
    """One day after the other."""
    rows = zip(many.low, many.best, many.high, many.certain, many.begun, strict=True)
    return [Answers(*columns_) for columns_ in rows]


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(logs(10), st.integers(0, 10), questions, st.booleans(), st.booleans())
def test_a_state_handed_out_goes_on_answering_as_before(
    log: list[Event], cut: int, asked: dict[str, Any], looked: bool, small: bool
) -> None:
    """Whatever is appended, and whether anybody had looked at it yet."""
    days = days_about(log)[::3]
    fewer = {name: value for name, value in asked.items() if name != "gaps"}
    with columns_from(NEVER_COLUMNS):
        plain = filled(log[:cut])
        before = [plain.state_at(day, **asked).to_dict() for day in days]
        steps = {str(key): plain.history(key, **asked).to_dict() for key in list(plain.keys())}
    with columns_from(0, small=small):
        tl = filled(log[:cut])
        states = [tl.state_at(day, **asked) for day in days]
        histories = {str(key): tl.history(key, **asked) for key in list(tl.keys())}
        arrays = [tl.accounts_at(day, **fewer) for day in days]
        said = [answer.low.tolist() for answer in arrays]
        if looked:
            assert [state.to_dict() for state in states] == before
        tl.append(log[cut:])
        tl.append([held("2030-03-03", "3 km2", "blue"), present("2030-03-03", 7, "red")])
        for day in days:
            tl.state_at(day, **asked).to_dict()
            tl.accounts_at(day, **fewer)
        assert [state.to_dict() for state in states] == before
        assert {key: history.to_dict() for key, history in histories.items()} == steps
        assert [answer.low.tolist() for answer in arrays] == said


def taken(day: str, by: str, **more: Any) -> Event:
    return kt.SettlementTaken(settlement="Sudzha", region="kursk", by=by, **common(day, **more))


@pytest.mark.parametrize("then", ["one more", "none left"])
@pytest.mark.usefixtures("columnar")
def test_accounts_handed_out_name_who_held_a_place_then(then: str) -> None:
    """The table of an answer is that of its day of asking, also of names, also where nothing is left of the account."""
    first, second = taken("2024-08-06", "ukraine"), taken("2024-08-06/2024-08-10", "russia", reported="2024-08-10")
    tl = filled([first, second])
    answer, before = tl.accounts_at("2024-08-08"), list(tl.accounts_at("2024-08-08").table().rows())
    if then == "one more":
        tl.append(taken("2024-08-07/2024-08-09", "north-korea", reported="2024-08-10"))
    else:
        tl.append([retracted(first), retracted(second)])
    tl.state_at("2024-08-08")
    assert list(answer.table().rows()) == before


@pytest.mark.usefixtures("columnar")
def test_the_events_of_a_ledger_are_those_of_its_day() -> None:
    """An audit under way would else find events of which its accounts know nothing."""
    tl = filled([held("2024-08-06", "5 km2")])
    state = tl.state_at("2025-01-01")
    tl.append(held("2024-08-07", "6 km2"))
    tl.state_at("2025-01-01")
    assert len(state.ledger.events) == 1


def test_every_store_is_read_alike(log: Log, columnar: None) -> None:
    """In memory, in a file, in a database; what another writer appended is seen, and so is what came in portions."""
    events = [held(f"2024-08-{day:02}", f"{day} km2") for day in range(6, 26)]
    more = [
        present("2024-08-06", 7),
        retracted(events[3]),
        taken("2024-08-09", "ukraine"),
        changed("2024-09-01", "-2 km2"),
    ]
    tl = Timeline(log)
    assert tl.state_at("2025-01-01").to_dict()["estimates"] == {}
    done: list[Event] = []
    for batch in (events[:1], events[1:12], [more[0]], events[12:], more[1:]):
        tl.append(batch)
        done += batch
        plain = filled(done)
        with columns_from(NEVER_COLUMNS):
            for day in ("2024-08-09", "2024-08-20", "2025-01-01"):
                expected = plain.state_at(day).to_dict()
                known = plain.state_at(day, known_on="2024-08-15").to_dict()
                with columns_from(0):
                    assert tl.state_at(day).to_dict() == expected
                    assert tl.state_at(day, known_on="2024-08-15").to_dict() == known
                    assert Timeline(log).state_at(day).to_dict() == expected
        assert sorted(tl.accounts(["2024-08-20"]).rows(), key=repr) == accounts_by_definition(
            done, [dt.date(2024, 8, 20)]
        )
    assert tl.append(done).added == ()
    assert tl.state_at("2025-01-01")["held/ukraine/kursk"] is not None
    explained = tl.explain("2025-01-01", "held/ukraine/kursk").to_dict()
    with columns_from(NEVER_COLUMNS):
        assert filled(done).explain("2025-01-01", "held/ukraine/kursk").to_dict() == explained


def test_another_timeline_of_the_file_sees_what_is_appended(tmp_path: Path, columnar: None) -> None:
    """Two of them take turns; each reads what the other wrote, and only that."""
    with kt.Timeline.open(tmp_path / "log.db") as one, kt.Timeline.open(tmp_path / "log.db") as other:
        for day in range(6, 20):
            (one if day % 2 else other).append(held(f"2024-08-{day:02}", f"{day} km2"))
            for tl in (one, other):
                estimate = tl.state_at("2024-08-30")["held/ukraine/kursk"]
                assert estimate is not None
                assert estimate.best == day


@pytest.mark.usefixtures("columnar")
def test_a_followed_timeline_is_current() -> None:
    """Whoever follows may ask as each record comes."""
    tl = Timeline()
    writer = threading.Thread(
        target=lambda: [tl.append(held(f"2024-08-{day:02}", f"{day} km2")) for day in range(6, 16)]
    )
    writer.start()
    seen = []
    for record in tl.follow(0, timeout=5):
        estimate = tl.at_size(record.seq).state_at("2024-08-30")["held/ukraine/kursk"]
        now = tl.state_at("2024-08-30")["held/ukraine/kursk"]
        assert estimate is not None
        assert now is not None
        assert now.best >= estimate.best
        seen.append(estimate.best)
        if len(seen) == 10:
            break
    writer.join()
    assert seen == list(range(6, 16))


# --- by hand: ties, withdrawals, newcomers -----------------------------------------------------


@pytest.mark.usefixtures("columnar")
def test_set_then_add_on_one_day_go_by_log_order() -> None:
    """Whatever the index had worked out before the second came."""
    for warm in (False, True):
        tl = filled([present("2024-08-06", 100)])
        added = kt.ForceDeployed(force="russia", region="kursk", troops=7, **common("2024-08-06"))
        if warm:
            tl.state_at("2025-01-01").to_dict()
        tl.append(added)
        assert best(tl, "present/russia/kursk") == 107
        tl.append(present("2024-08-06", 50))
        assert best(tl, "present/russia/kursk") == 50


def best(tl: Timeline, key: str, day: str = "2025-01-01", **asked: Any) -> float | None:
    found = tl.state_at(day, **asked)[key]
    return None if found is None else found.best


@pytest.mark.parametrize("warm", [True, False])
@pytest.mark.usefixtures("columnar")
def test_backdated_corrections_retractions_and_successors(warm: bool) -> None:
    """A chain of them, each asked about at each moment, by date and by what was known."""
    key = "held/ukraine/kursk"
    first = held("2024-08-06", "10 km2")
    better, last = (
        held("2024-08-06", "20 km2", reported="2024-09-01"),
        held("2024-08-06", "30 km2", reported="2024-10-01"),
    )
    replaced = kt.Superseded(event=first, by=better, reason="-", reported="2024-08-20", claimant="ukraine")
    again = kt.Superseded(event=better, by=last.id, reason="-", reported="2024-09-10", claimant="ukraine")
    taken_back = retracted(replaced, "2024-12-01")
    log: list[Event] = []
    tl = Timeline()
    for event in (first, replaced, better, again, last, retracted(last, "2024-11-01"), taken_back):
        log.append(event)
        tl.append(event)
        for known in ("2024-08-10", "2024-08-25", "2024-09-05", "2024-09-15", "2024-10-05", "2024-11-05", "2024-12-05"):
            if warm:
                with columns_from(NEVER_COLUMNS):
                    expected = best(filled(log), key, known_on=known)
                assert best(tl, key, known_on=known) == expected
                said = [row[6] for row in tl.accounts_at("2025-01-01", known_on=known).table().rows()]
                assert said == ([] if expected is None else [expected])
    known = [best(tl, key, known_on=f"{month}-05") for month in ("2024-08", "2024-09", "2024-10", "2024-11", "2024-12")]
    assert known == [None, 20, 30, None, 10]
    assert best(tl, key) == 10


@pytest.mark.usefixtures("columnar")
def test_newcomers_after_the_index_was_built() -> None:
    """An account, a name, a claimant, a region that nobody had heard of, for every question that was asked before."""
    first = held("2024-08-06", "10 km2")
    tl = filled([first])
    asked: list[dict[str, Any]] = [
        {},
        {"known_on": "2024-12-31"},
        {"according_to": "zeta"},
        {"according_to": "ukraine"},
    ]
    for one in asked:
        tl.state_at("2025-01-01", **one).to_dict()
        tl.accounts_at("2025-01-01", **one)
        tl.accounts(["2025-01-01"], **one)
    log: list[Event] = [first]
    for event in (
        held("2024-08-07", "11 km2", "zeta/one"),
        held("2024-08-08", "12 km2", "zeta/two", region="belgorod"),
        taken("2024-08-09", "ukraine", claimant="zeta"),
        taken("2024-08-09/2024-08-20", "nova", claimant="zeta", reported="2024-08-20"),
        kt.ForcePresent(force="nova", region="kursk", troops=5, **common("2024-08-08", "ukraine/new")),
    ):
        log.append(event)
        tl.append(event)
        for one in asked:
            with columns_from(NEVER_COLUMNS):
                plain = filled(log).state_at("2025-01-01", **one).to_dict()
            assert tl.state_at("2025-01-01", **one).to_dict() == plain
            rows = accounts_by_definition(log, [dt.date(2025, 1, 1)], **one)
            assert sorted(tl.accounts_at("2025-01-01", **one).table().rows(), key=repr) == rows
            assert sorted(tl.accounts(["2025-01-01"], **one).rows(), key=repr) == rows


@pytest.mark.usefixtures("columnar")
def test_many_appends_wear_an_index_out_and_nothing_is_seen_of_it() -> None:
    """It is built anew every so often; the answer before, between and after is that of the replay."""
    rng = random.Random(5)
    forces = [f"force-{n}" for n in range(30)]
    log: list[Event] = [
        kt.ForcePresent(force=force, region="kursk", troops=100, **common("2024-08-06")) for force in forces
    ]
    with columns_from(0, small=False), pytest.MonkeyPatch.context() as patch:
        patch.setattr(columns, "FRESH", 16)
        patch.setattr(index, "FRESH", 16)
        tl = filled(log)
        total = dict.fromkeys(forces, 100)
        for n in range(120):
            force, day = rng.choice(forces), dt.date(2024, 8, 7) + dt.timedelta(rng.randrange(90))
            tl.append(kt.ForceDeployed(force=force, region="kursk", troops=n + 1, **common(str(day))))
            total[force] += n + 1
            answer = tl.accounts_at("2025-01-01", **({"known_on": "2024-12-31"} if n % 3 else {}))
            said = {key.subject: amount for (key, _), amount in zip(answer.accounts, answer.best.tolist(), strict=True)}
            assert said == total
            assert best(tl, f"present/{force}/kursk") == total[force]


# --- projections of one's own ------------------------------------------------------------------


@projection(
    measures=[Measure("seen", unit="items", floor=None), Measure("mood"), Measure("debt", unit="km2", floor=None)]
)
def curious(event: Event) -> Iterator[Effect]:
    """Looks at all there is."""
    match event:
        case kt.TerritoryHeld(holder=holder) if event.area.best > 3:
            yield Effect.add(f"debt/{holder}/x", -event.area)
        case kt.ForcePresent(note=None):
            yield Effect.set("mood/quiet/x", event.party.replace("/", "-"))
        case kt.ForcePresent():
            yield Effect.set("mood/quiet/x", "noted")
    if getattr(event, "note", None):
        yield Effect.add(f"seen/{event.middle_day % 3}/x", Quantity.parse("about 10", unit="items"))
    if event.reported.latest is not None and event.reported.latest.month % 2:
        yield Effect.add("seen/odd/x", Quantity.parse("-1", unit="items"))


@quick
@given(logs(9), questions)
def test_a_projection_may_look_at_everything(log: list[Event], asked: dict[str, Any]) -> None:
    """Dates, notes, claimants, the numbers themselves; also a measure that may be negative."""
    days = days_about(log)[::2]
    projections = (*PROJECTIONS, curious)
    with columns_from(NEVER_COLUMNS):
        plain = filled(log, projections=projections)
        table, state = typed(plain.states(days, **asked).rows()), plain.state_at(days[-1], **asked).to_dict()
    with columns_from(0):
        tl = filled(log, projections=projections)
        assert typed(tl.states(days, **asked).rows()) == table
        assert tl.state_at(days[-1], **asked).to_dict() == state
        fewer = {name: value for name, value in asked.items() if name != "gaps"}
        expected = accounts_by_definition(log, days, **fewer, projections=projections)
        assert sorted(tl.accounts(days, **fewer).rows(), key=repr) == expected


@pytest.mark.parametrize("columns", [NEVER_COLUMNS, 0])
def test_what_has_no_least_value_and_no_lower_bound_has_none_on_a_day_alone_either(columns: int) -> None:
    """Of a window one day is looked at by itself: when only a part was known, and after an append."""

    @projection(measures=[Measure("balance", unit="persons", floor=None)])
    def balance(event: Event) -> Iterator[Effect]:
        if isinstance(event, kt.ForceWithdrawn):
            yield Effect.add("balance/-/kursk", -event.troops)

    def left(troops: str) -> Event:
        window = common("2024-08-06/2024-08-09", "ukraine")
        return kt.ForceWithdrawn(force="russia", region="kursk", troops=troops, role="r", **window)

    with columns_from(columns):
        tl = filled([left("over 1,000")], projections=[balance])

        def said(**asked: Any) -> tuple[object, ...]:
            estimate = tl.state_at("2024-08-20", **asked)["balance/-/kursk"]
            assert estimate is not None
            return estimate.low, estimate.best, estimate.high

        assert said(known_on="2024-09-01") == said() == (-float("inf"), -1000, -1000)
        assert len(tl.revisions("balance/-/kursk", "2024-08-20")) == 1
        tl.append(left("over 10"))
        assert said() == (-float("inf"), -1010, -1010)


@pytest.mark.parametrize("columns", [NEVER_COLUMNS, 0])
def test_parties_stand_by_name_whoever_came_first_or_last(columns: int) -> None:
    """However the log was read: at once, event by event, or with the first one not yet known or withdrawn."""
    first = held("2024-09-01", "5 km2", "russia/mod", "2024-12-01")
    log = [first, held("2024-09-01", "3 km2", "ukraine/syrsky"), held("2024-09-02", "4 km2", "russia/mod")]
    key = "held/ukraine/kursk"
    with columns_from(columns):
        at_once, one_by_one = filled(log), Timeline()
        for event in log:
            one_by_one.append(event)
            one_by_one.history(key)
        for tl in (at_once, one_by_one, filled([*log, retracted(first)])):
            for asked in ({}, {"known_on": "2024-11-01"}):
                assert list(tl.history(key, **asked).accounts) == ["russia", "ukraine"]
        at_once.append(held("2024-09-03", "1 km2", "ukraine/syrsky"))
        at_once.append(held("2024-09-03", "2 km2", "russia/mod"))
        history = at_once.history(key)
        assert list(history.accounts) == ["russia", "ukraine"]
        assert list(history.table().rows()) == list(Timeline(at_once.log).history(key).table().rows())


@pytest.mark.usefixtures("columnar")
def test_a_date_touches_no_claim_by_itself_however_late_it_is() -> None:
    """Where everything is stale, too: no claim becomes an object for a state or a table of states."""
    log = [held(f"2024-08-{day:02}", f"{day} km2", by) for day in range(6, 26) for by in ("ukraine", "russia")]
    tl = filled([*log, *(present(f"2024-08-{day:02}", "10") for day in range(6, 26))])
    for asked in ({}, {"known_on": "2024-08-20"}):
        for day in ("2024-08-19", "2031-01-01"):
            state = tl.state_at(day, **asked)
            assert state.estimates
            assert day < "2030" or any(estimate.stale for estimate in state.estimates.values())
            list(tl.states([day], **asked).rows())
            accounts = [one for key in state.estimates for one in state.ledger.accounts(key).values()]
            assert accounts
            assert not [one for one in accounts if {"claims", "sets"} & one.__dict__.keys()]


@pytest.mark.usefixtures("columnar")
def test_square_miles_are_those_of_the_estimate() -> None:
    """A measure of one's own in a unit that is no round number of base units."""

    @projection(measures=[Measure("miles", unit="mi2")])
    def miles(event: Event) -> Iterator[Effect]:
        if isinstance(event, kt.TerritoryHeld):
            yield Effect.set("miles/a/x", event.area)

    tl = filled([held("2024-08-06", "about 90 km2")], projections=[miles])
    estimate = tl.state_at("2024-08-07")["miles/a/x"]
    assert estimate is not None
    (row,) = tl.accounts(["2024-08-07"]).rows()
    assert row[5:8] == (estimate.low, estimate.best, estimate.high)


WAITING = """
import sys
import kursk_timeline as kt
from kursk_timeline.views import progress
progress.PATIENCE = float(sys.argv[1])
tl = kt.Timeline()
tl.append(
    kt.TerritoryHeld(
        holder="ukraine", region="kursk", area=f"{n} km2", occurred="2024-08-06", reported="2024-08-07",
        claimant="ukraine", sources=[kt.Source(publisher="An invented paper", locator=str(n))],
    )
    for n in range(2_500)
)
print(len(tl.accounts_at("2024-09-01")))
"""


@pytest.mark.parametrize(("patience", "terminal", "shown"), [(0, True, True), (60, True, False), (0, False, False)])
def test_whoever_waits_for_a_log_to_be_read_is_shown_how_far_it_is(patience: int, terminal: bool, shown: bool) -> None:
    """On a terminal, and when it takes longer than a moment; the answer is the same."""
    ours, theirs = pty.openpty() if terminal else os.pipe()
    code = [sys.executable, "-c", WAITING, str(patience)]
    environment = os.environ | {"TERM": "xterm", "COLUMNS": "100"}
    done = subprocess.run(code, stderr=theirs, stdout=subprocess.PIPE, env=environment, timeout=120, check=False)
    os.close(theirs)
    said = b""
    with suppress(OSError):  # so a terminal ends
        while some := os.read(ours, 4096):
            said += some
    os.close(ours)
    assert (done.returncode, done.stdout.split()) == (0, [b"1"]), said
    assert (b"reading the log" in said) is shown, said


# --- damage ------------------------------------------------------------------------------------


def raw_log(*chunks: Sequence[dict[str, Any]]) -> Log:
    """A log as somebody may have written it past the log."""
    store, first = MemoryStore(), 1
    store.begin()
    for chunk in chunks:
        bodies = [encode(raw) for raw in chunk]
        ids = [hashlib.sha256(body).hexdigest() for body in bodies]
        store.insert(Chunk(first, dt.datetime.now(dt.timezone.utc), ids, bodies), b"")
        first += len(bodies)
    store.commit()
    return Log(store)


HELD = [json.loads(held(f"2024-08-{day:02}", f"{day} km2").canonical) for day in range(6, 16)]
NEWER = HELD[5] | {"v": 99}


@pytest.mark.usefixtures("columnar")
def test_a_fault_in_the_middle_is_named_and_what_came_before_still_answers() -> None:
    """In the third portion of five: every question fails alike; at a size before it none does; mended, all is well."""
    log = raw_log(HELD[:2], HELD[2:4], [HELD[4], NEWER], HELD[6:8], HELD[8:])
    tl = Timeline(log)
    seen: list[str] = []
    for _ in range(3):
        with pytest.raises(kt.NewerVersionError, match="event 6 ") as caught:
            tl.state_at("2025-01-01")
        seen.append(str(caught.value))
        other = threading.Thread(target=lambda: seen.append(str(log.size())))
        other.start()  # nobody is kept out while the exception is looked at
        other.join(10)
        assert seen.pop() == "10"
    assert len(set(seen)) == 1
    for size in range(5):
        assert best(tl.at_size(size), "held/ukraine/kursk") == (size + 5 if size else None)
    mended = raw_log(HELD[:2], HELD[2:4], HELD[4:6], HELD[6:8], HELD[8:])
    log.store = mended.store  # as if somebody had repaired the file below us
    assert best(tl, "held/ukraine/kursk") == 15
    assert [row[6] for row in tl.accounts_at("2025-01-01").table().rows()] == [15]
    whole = Timeline(raw_log(HELD))
    assert tl.state_at("2025-01-01").to_dict() == whole.state_at("2025-01-01").to_dict()


@pytest.mark.usefixtures("columnar")
def test_an_unknown_kind_that_is_brought_along_later_is_read_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """The columns stand before it until then, and take it up from there."""
    tl = Timeline(raw_log(HELD[:2], [HELD[2] | {"kind": "territory-kept"}], HELD[3:5]))
    for _ in range(2):
        with pytest.raises(UnknownKindError, match="event 3 "):
            tl.keys()
    from kursk_timeline.events.base import KINDS

    class Kept(kt.TerritoryHeld):
        kind = "territory-kept"

    monkeypatch.setitem(KINDS, "territory-kept", Kept)
    assert best(tl, "held/ukraine/kursk") == 10


@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError])
@pytest.mark.usefixtures("columnar")
def test_an_interrupt_while_an_index_is_kept_up_leaves_no_old_answer(
    error: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The columns have the event by then: what was computed without it must not stand."""
    tl = filled([held("2024-08-06", "5 km2")])
    assert best(tl, "held/ukraine/kursk") == 5
    tl.append(held("2024-08-07", "6 km2"))

    def interrupted(*_: object) -> None:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(index.Index, "update", interrupted)
        with pytest.raises(error):
            tl.state_at("2025-01-01")
    assert best(tl, "held/ukraine/kursk") == 6


@pytest.mark.usefixtures("columnar")
def test_an_interrupt_of_a_new_build_leaves_the_index_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """A question may be what has it built anew: wherever that is cut off, later questions are answered as ever."""
    monkeypatch.setattr(index, "MANY", 1)
    code = index.Index._set.__code__
    for line in sorted({line for *_, line in code.co_lines() if line is not None and line > code.co_firstlineno}):
        tl = filled([present("2024-08-06", 1)])
        assert tl.state_at("2024-09-01").estimates
        tl.append([present("2024-08-08", 7), *(deployed(day, 2, f"f{day}") for day in range(4))])
        state = tl.state_at("2024-09-01")

        def interrupting(frame: Any, what: str, _: Any, line: int = line) -> Any:
            if what == "line" and frame.f_lineno == line:
                sys.settrace(None)
                raise KeyboardInterrupt
            return interrupting

        traced = sys.gettrace()
        try:
            sys.settrace(lambda frame, *_: interrupting if frame.f_code is code else None)
            with suppress(KeyboardInterrupt):
                _ = state.estimates
        finally:
            sys.settrace(traced)
        for _ in range(2):
            assert [one.quantity.best for one in tl.state_at("2024-09-01").estimates.values()] == [2, 2, 2, 2, 7]
            assert tl.accounts_at("2024-09-01").best.tolist() == [7, 2, 2, 2, 2]


def test_an_account_that_was_withdrawn_whole_begins_anew() -> None:
    """Nothing that was taken back keeps it from ageing, in a table of days or out of it."""
    for size in (0, NEVER_COLUMNS):
        with columns_from(size):
            first = held("2024-08-10", "5 km2", restated_until="2024-09-30")
            tl = Timeline()
            for events in (
                [first, present("2024-08-10", 6)],
                [retracted(first, "2024-10-01")],
                [held("2024-08-10", "7 km2")],
            ):
                tl.append(events)
                state = tl.state_at("2024-10-10")
                found = state.estimates.get(kt.Key("held", "ukraine", "kursk"))
                assert found == state["held/ukraine/kursk"]
            assert found is not None
            assert (found.stale, found.last_heard) == (True, dt.date(2024, 8, 10))


# --- the ends ----------------------------------------------------------------------------------


@pytest.mark.parametrize("day", ["0001-01-01", "0001-01-02", "2024-08-06", "7000-01-01", "9999-12-30", "9999-12-31"])
@pytest.mark.parametrize(
    ("occurred", "reported"),
    [
        ("0001-01-01", "0001-01-01"),
        ("0001-01-01/0001-01-03", "0001-01-03"),
        ("2024-08-06/..", "2024-08-06"),
        ("9999-12-31", "9999-12-31"),
        ("9999-12-30", "9999-12-31"),
        ("2024-08-06/9999-12-31", "2024-08-06"),
    ],
)
def test_the_first_and_the_last_day_of_the_calendar(occurred: str, reported: str, day: str) -> None:
    """What is announced may lie far ahead, and what has no end never must have happened."""
    fields: dict[str, Any] = {"occurred": occurred, "reported": reported, "claimant": "russia", "sources": INVENTED}
    log: list[Event] = [
        kt.DeploymentAnnounced(force="russia", region="kursk", troops="about 100", **fields),
        held("2024-08-06", "5 km2"),
    ]
    found = []
    for size in (NEVER_COLUMNS, 0):
        with columns_from(size):
            tl = filled(log)
            history = tl.history("announced/russia/kursk").to_dict()
            found.append((tl.state_at(day).to_dict(), history, typed(tl.states([day]).rows())))
    assert found[0] == found[1]
    with columns_from(0):
        expected = accounts_by_definition(log, [dt.date.fromisoformat(day)])
        assert sorted(tl.accounts([day]).rows(), key=repr) == expected
        if occurred.startswith("2024") and day == "9999-12-31":
            return  # the day that stands for "never": `Pairs` takes it for a day on which it happened
        known = accounts_by_definition(log, [dt.date.fromisoformat(day)], known_on="9999-12-31")
        assert sorted(tl.accounts([day], known_on="9999-12-31").rows(), key=repr) == known


@pytest.mark.parametrize("holding", [[], [held("2024-08-06", "5 km2")], [taken("2024-08-06", "ukraine")]], ids=len)
@pytest.mark.usefixtures("columnar")
def test_no_dates_and_dates_before_everything_are_tables_without_rows(holding: list[Event]) -> None:
    """With all their columns, in Arrow too."""
    tl = filled(holding)
    for table in (tl.states(["2024-01-01"]), tl.accounts(["2024-01-01"]), tl.accounts_at("2024-01-01").table()):
        assert list(table.rows()) == []
        assert arrow(table)[2:] == []
    assert list(tl.states([]).rows()) == []


@pytest.mark.parametrize(
    "ask",
    [
        lambda tl: tl.accounts([]),
        lambda tl: tl.accounts([], known_on="2024-12-31"),
        lambda tl: tl.states([], according_to="ukraine"),
    ],
    ids=["accounts", "accounts known", "states"],
)
@pytest.mark.usefixtures("columnar")
def test_no_dates_at_all(ask: Callable[[Timeline], Table]) -> None:
    """As when somebody filters a list of dates; also where the log is all names."""
    tl = filled([taken("2024-08-06", "ukraine")])
    tl.state_at("2025-01-01")
    tl.append(taken("2024-08-07", "russia"))
    assert arrow(ask(tl))[2:] == []


@pytest.mark.usefixtures("columnar")
def test_every_month_of_nothing() -> None:
    """A log without events has no days."""
    assert list(Timeline().accounts(every="month").rows()) == list(Timeline().states(every="month").rows()) == []


def deployed(day: int, troops: int, force: str = "russia") -> Event:
    amount = Quantity.from_base(troops, troops, troops, "persons")
    return kt.ForceDeployed(
        force=force, region="kursk", troops=amount, **common(str(dt.date(2024, 8, 6) + dt.timedelta(day)))
    )


def test_one_sum_that_is_too_large_keeps_nobody_from_the_days_before_it() -> None:
    """Neither in a log that grew nor in a new index; from its first day on it says what is wrong."""
    log = [present("2024-08-01", 5), *(deployed(14 + day, LIMIT, "ukraine") for day in range(600))]
    tl = Timeline()
    tl.append(log[:2])
    with columns_from(0):
        assert tl.accounts_at("2024-08-02").begun.tolist() == [True, False]
        tl.append(log[2:])
        for asked in (tl, Timeline(tl.log)):
            for day, begun in (("2024-07-01", [False, False]), ("2024-08-02", [True, False])):
                answer = asked.accounts_at(day)
                assert answer.begun.tolist() == begun
                assert answer.best[answer.begun].tolist() == [5] * sum(begun)
            with pytest.raises(SumError):
                asked.accounts_at("2024-08-25")


def test_the_table_of_days_does_not_outgrow_its_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """However far events drag it along; beyond that, the days are looked up otherwise."""
    monkeypatch.setattr(index, "SMALL", 400)
    with columns_from(0):
        tl = Timeline()
        for day in range(0, 1500, 15):
            tl.append(deployed(day, 1))
            assert tl.accounts_at(dt.date(2024, 8, 6) + dt.timedelta(day)).best.tolist() == [day // 15 + 1]
            live_ = tl._live()
            assert live_ is not None
            assert live_.index().nbytes < 400 * 24 + 100 * 40 + 1000


def test_whoever_reads_on_lends_all_that_he_has_read_by_then(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A timeline that was opened on a short log appends to a long one without reading it once more."""
    with columns_from(0), Timeline.open(tmp_path / "log.db") as tl, Timeline.open(tmp_path / "log.db") as other:
        other.append([deployed(n, n + 1) for n in range(3)])
        assert tl.accounts_at("2026-01-01").best.tolist() == [6]
        other.append([deployed(n, n + 1) for n in range(3, 9)])
        assert tl.accounts_at("2026-01-01").best.tolist() == [45]
        read: list[int] = []
        chunks = tl.log.store.chunks
        monkeypatch.setattr(tl.log.store, "chunks", lambda after=0: read.append(after) or chunks(after))
        assert [record.seq for record in tl.append([deployed(0, 1), deployed(20, 1)]).added] == [10]
        assert 0 not in read


def test_the_largest_amount_and_sums_of_it() -> None:
    """2**53 - 1 is a number like others; sums of it are exact whole numbers, and refuse to be shown in a unit."""
    for count in (1, 2, 300):
        log = [deployed(day, LIMIT) for day in range(count)]
        for size in (NEVER_COLUMNS, 0):
            with columns_from(size):
                tl = filled(log)
                estimate = tl.state_at("2026-01-01")["present/russia/kursk"]
                assert estimate is not None
                assert estimate.value == Bounds(*[count * LIMIT] * 3)
                if count > 1:
                    with pytest.raises(QuantityError):
                        estimate.to_dict()
                assert tl.append(deployed(500, 1)).added
                grown = tl.state_at("2026-01-01")["present/russia/kursk"]
                assert grown is not None
                assert grown.value == Bounds(*[count * LIMIT + 1] * 3)


@pytest.mark.usefixtures("columnar")
def test_an_account_beyond_64_bits_fails_alone_and_every_time() -> None:
    """Some thousand million million persons: an error of ours for that key, and never an answer without the event."""
    tl = filled([held("2024-08-06", "5 km2")])
    assert best(tl, "held/ukraine/kursk") == 5
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(index, "FRESH", 10)
        tl.append([*(deployed(day, LIMIT) for day in range(600)), held("2024-08-07", "6 km2")])
        for _ in range(2):
            assert best(tl, "held/ukraine/kursk") == 6
            with pytest.raises(kt.TimelineError):
                tl.state_at("2027-01-01")["present/russia/kursk"]


# --- several at once ---------------------------------------------------------------------------


def test_eight_threads_ask_while_one_appends(columnar: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch is there whole or not at all, and time only goes forward; by whatever question."""
    for module, name, value in SMALL[:3]:
        monkeypatch.setattr(module, name, value * 40)
    forces = ["russia", "north-korea", "ukraine"]
    tl = filled(deployed(n % 300, n + 1, force) for n in range(80) for force in forces)
    wrong: list[object] = []
    over, asked = threading.Event(), [0] * 8
    ways: list[dict[str, Any]] = [{}, {"according_to": "ukraine"}, {"known_on": "2030-01-01"}, {"gaps": "span"}]

    def ask(number: int) -> None:
        how, last = ways[number % 4], 0.0
        try:
            while not over.is_set():
                state = tl.state_at("2026-12-31", **how)
                said = [state[f"present/{force}/kursk"].best for force in forces]  # type: ignore[union-attr]
                if number % 4 < 3:
                    said += tl.accounts_at("2026-12-31", **how).best.tolist() if number > 3 else []
                if (
                    len(set(said[:3])) != 1
                    or len(set(said[3:])) > 1
                    or said[0] < last
                    or min(said[3:], default=last) < last
                ):
                    wrong.append((how, last, said))
                last, asked[number] = said[-1], asked[number] + 1
        except Exception as error:
            wrong.append(error)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    switch = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        for thread in threads:
            thread.start()
        for n in range(80, 130):
            tl.append([deployed(n % 300, n + 1, force) for force in forces])
            time.sleep(0.02)
    finally:
        over.set()
        for thread in threads:
            thread.join()
        sys.setswitchinterval(switch)
    assert not wrong, wrong[:2]
    assert all(asked)
    assert best(tl, "present/russia/kursk", "2026-12-31") == sum(range(1, 131))


class Unlocked:
    """A `cached_property` as it is from Python 3.12 on."""

    def __init__(self, find: Callable[[Any], Any], name: str) -> None:
        self.find, self.name = find, name

    def __get__(self, one: Any, _: object) -> Any:
        if self.name not in vars(one):
            vars(one)[self.name] = self.find(one)
        return vars(one)[self.name]


@pytest.mark.usefixtures("columnar")
def test_two_threads_find_out_together_who_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    New claimants are asked about once each, whoever comes first.

    From Python 3.12 on a `cached_property` keeps nobody out, so that two accounts of one ledger are found at once.
    """
    for cls in (single.Part, accounts_module._Columnar, accounts_module.ColumnAmounts):
        for name, found in list(vars(cls).items()):
            if isinstance(found, functools.cached_property):
                monkeypatch.setattr(cls, name, Unlocked(found.func, name))
    both, speaks = threading.Barrier(2), speaks_for

    def slow(claimant: str, paths: Any) -> bool:
        if claimant == "ukraine/v9" and threading.current_thread() is not threading.main_thread():
            with suppress(threading.BrokenBarrierError):
                both.wait(2)
        return speaks(claimant, paths)

    monkeypatch.setattr(live, "speaks_for", slow)
    tl = filled([held("2024-08-06", "5 km2", "ukraine/v0"), present("2024-08-06", 7, "ukraine/v0")])
    state = tl.state_at("2025-01-01", known_on="2025-01-01", according_to="ukraine/v0")
    tl.append([held("2024-08-07", "6 km2", "ukraine/v9"), held("2024-08-07", "6 km2", "ukraine/v10")])
    tl.state_at("2025-01-01")
    keys = ("held/ukraine/kursk", "present/russia/kursk")
    threads = [threading.Thread(target=lambda key=key: state[key]) for key in keys]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    book = state.ledger.book  # type: ignore[attr-defined]
    assert len(book._counting) == len(book.columns.claimants)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.parametrize("busy", [False, True])
def test_a_forked_child_asks_as_its_parent_did(busy: bool, columnar: None) -> None:
    """Also where another thread of the parent was in the midst of a question."""
    tl = filled([held("2024-08-06", "5 km2")])
    assert best(tl, "held/ukraine/kursk") == 5
    tl.append(held("2024-08-07", "6 km2"))
    inside, over = threading.Event(), threading.Event()

    def long_question() -> None:
        assert tl._columns is not None
        with tl._columns._lock:
            inside.set()
            over.wait(20)

    thread = threading.Thread(target=long_question, daemon=True)
    if busy:
        thread.start()
        inside.wait(10)
    child = os.fork()
    if not child:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(3)
        os._exit(0 if best(tl, "held/ukraine/kursk") == 6 else 1)
    over.set()
    assert os.waitpid(child, 0)[1] == 0


@pytest.mark.usefixtures("columnar")
def test_estimates_travel_without_their_columns() -> None:
    """Pickled or copied, an estimate says the same, also why; it takes along the events of its own accounts."""
    log = [
        held(f"2024-08-{day:02}/2024-08-{day + 2:02}", f"about {day} km2", reported="2024-09-01")
        for day in range(6, 20)
    ]
    tl = filled([*log, taken("2024-08-09", "ukraine"), present("2024-08-06", "over 7")])
    for gaps in ("hold", "span"):
        for key, estimate in tl.state_at("2024-08-12", gaps=gaps).all_estimates().items():
            for again in (pickle.loads(pickle.dumps(estimate)), copy.deepcopy(estimate)):
                assert again == estimate, key
                assert again.to_dict() == estimate.to_dict()
                for party, account in again.accounts.items():
                    history = account.history
                    assert history.steps == estimate.accounts[party].history.steps
                    assert not any(isinstance(one, columns.Columns) for one in vars(history).values())
    table = tl.states(["2024-08-12"])
    assert list(pickle.loads(pickle.dumps(table)).rows()) == list(table.rows())


@pytest.mark.usefixtures("columnar")
def test_states_travel_too() -> None:
    """As they do where they are made of event objects: a pool of processes hands them back."""
    tl = filled([held("2024-08-06", "5 km2")])
    state = tl.state_at("2025-01-01")
    assert copy.deepcopy(state).to_dict() == state.to_dict()
    assert pickle.loads(pickle.dumps(state)).to_dict() == state.to_dict()
    assert pickle.loads(pickle.dumps(tl.diff(state, state))).to_dict() == tl.diff(state, state).to_dict()


# --- which way is taken ------------------------------------------------------------------------


def test_small_logs_are_asked_without_columns() -> None:
    """Below the size, and from it on; once there are columns they are kept."""
    with columns_from(3):
        tl = filled([held("2024-08-06", "5 km2"), held("2024-08-07", "6 km2")])
        assert best(tl, "held/ukraine/kursk") == 6
        assert tl._columns is None
        tl.append(held("2024-08-08", "7 km2"))
        assert best(tl, "held/ukraine/kursk") == 7
        assert tl._columns is not None
        small = filled([held("2024-08-06", "5 km2")])
        assert len(small.accounts_at("2024-08-06")) == 1
        assert small._columns is not None


@pytest.mark.usefixtures("columnar")
def test_what_is_remembered_has_an_end() -> None:
    """Whoever asks about every claimant by itself does not keep an index of the log for each."""
    tl = filled([held("2024-08-06", "5 km2", f"ukraine/v{n}") for n in range(40)])
    for n in range(40):
        tl.accounts_at("2024-08-07", known_on="2024-08-07", according_to=f"ukraine/v{n}")
        tl.accounts_at("2024-08-07", according_to=f"ukraine/v{n}")
    assert tl._columns is not None
    assert len(tl._columns._indexes) <= live.KEPT
    assert len(tl._columns._known) <= live.KEPT


@pytest.mark.usefixtures("columnar")
def test_an_index_that_was_forgotten_answers_no_question_of_a_longer_log(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many other questions push out the index behind a state that is remembered longer."""
    monkeypatch.setattr(live, "KEPT", 2)
    for asked_again in (False, True):
        tl = filled([deployed(0, 1)])
        assert said_best(tl, "present/russia/kursk") == 1
        for party in "abc":
            tl.accounts_at("2026-01-01", according_to=party)
        if asked_again:
            assert tl.accounts_at("2026-01-01").best.tolist() == [1]
        tl.append(deployed(1, 2))
        assert said_best(tl, "present/russia/kursk") == 3


def said_best(tl: Timeline, key: str) -> int:
    found = tl.state_at("2026-01-01")[key]
    assert found is not None
    assert isinstance(found.value, Bounds)
    return found.value.best
