"""
What earlier releases wrote still opens, verifies, and says the same. Files are only ever added to `stored/`.

Every release adds a log of its own, with a signed checkpoint, once it writes anything in another way.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pytest

import kursk_timeline as kt
from kursk_timeline.events import kinds
from kursk_timeline.events.base import Event
from kursk_timeline.formats import jsonl

STORED = Path(__file__).parent / "stored"

KEY = kt.VerifyingKey.parse("example.org/invented+c3a235c7+AZNsppjF6NTOD0XnFxDaUc25zm8NUox/SrIYDttaN7a5")
"""Of the checkpoints there; nobody has its other half any more."""

LOGS = {"log-v0.1.0": "33bad05aeed5d054846f0f5e4ab71a5b3e828ba8c6aace28ce6b89d2570fecf9"}
LINES = {
    "all-kinds-v0.1.0": "ec8e36baf8802aec2c5870d38151f6be64c7522851303ac584bd9a8d33a7d12d",
    "losses-reported-v1": "0c90b2013ac1ba17db0756dc2c76bb597ff79cf279ab6bf9d116e796d4577cdc",
}
"""File to root."""


def test_every_stored_file_is_read_here() -> None:
    """None is forgotten, and none has gone."""
    assert {p.name for p in STORED.iterdir()} == {
        *(f"{name}.{end}" for name in LOGS for end in ("db", "checkpoint")),
        *(f"{name}.jsonl" for name in LINES),
    }


@pytest.mark.parametrize("name", LOGS)
def test_a_log_of_an_earlier_release_opens_verifies_and_grows(name: str, tmp_path: Path) -> None:
    """Its checkpoint holds, its events have their ids, and what is appended today proves that it only grew."""
    shutil.copy(STORED / f"{name}.db", tmp_path / "log.db")
    then = kt.Checkpoint.open((STORED / f"{name}.checkpoint").read_text(encoding="utf-8"), KEY)
    with kt.Timeline.open(tmp_path / "log.db") as timeline:
        assert timeline.log.verify(then).root.hex() == LOGS[name] == then.root.hex()
        assert all(record.event.id == hashlib.sha256(record.event.canonical).hexdigest() for record in timeline.log)
        assert timeline.state_at("2025-06-22").estimates
        timeline.append(kt.StatementMade(occurred="2026-01-01", reported="2026-01-01", claimant="press", sources="-"))
        now = timeline.log.checkpoint(origin=then.origin)
        kt.verify_extends(timeline.log.prove_extends(then.size), then, now)


def test_reading_a_stored_log_changes_no_byte_of_it(tmp_path: Path) -> None:
    """Old shapes are lifted as they are read, and stay what they are in the file."""
    for name in LOGS:
        shutil.copy(STORED / f"{name}.db", tmp_path / "log.db")
        with kt.Timeline.open(tmp_path / "log.db") as timeline:
            lifted = [r.event for r in timeline.log if b'"v":1' in r.event.canonical and type(r.event).version > 1]
            assert all(event.to_json()["v"] == type(event).version for event in lifted)
            assert lifted
            timeline.log.verify()
        assert (tmp_path / "log.db").read_bytes() == (STORED / f"{name}.db").read_bytes()


@pytest.mark.parametrize("name", LINES)
def test_lines_of_an_earlier_release_have_the_same_root(name: str) -> None:
    """Ids and roots are of the stored bytes, whatever shape they are lifted to."""
    timeline = kt.Timeline()
    timeline.append(jsonl.read(STORED / f"{name}.jsonl"))
    assert timeline.log.root.hex() == LINES[name]
    assert timeline.log.verify().size == len(timeline)


def test_every_kind_has_a_stored_line_of_every_version() -> None:
    """So that no upcaster goes untried on bytes that were really written."""
    lines = [line for name in LINES for line in (STORED / f"{name}.jsonl").read_bytes().splitlines()]
    stored = {(raw["kind"], raw["v"]) for raw in map(json.loads, lines)}
    ours = {
        cls for cls in vars(kinds).values() if isinstance(cls, type) and issubclass(cls, Event) and "kind" in vars(cls)
    }
    assert stored >= {(cls.kind, version) for cls in ours for version in range(1, cls.version + 1)}
