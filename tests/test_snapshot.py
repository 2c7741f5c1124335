"""Snapshots: a cache that only its own log, its own projections and its own release can use."""

from __future__ import annotations

import enum
import importlib
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import kursk_timeline as kt
import kursk_timeline.timeline
from kursk_timeline.projections import fingerprint as fingerprint_module
from kursk_timeline.projections.fingerprint import fingerprint
from kursk_timeline.testing.strategies import logs
from kursk_timeline.units import LIMIT
from logs import EVENTS
from made import common, held, retracted


@pytest.fixture(autouse=True)
def _columns_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also a small log has columns here, or nothing would be kept of it."""
    monkeypatch.setattr(kursk_timeline.timeline, "COLUMNS_FROM", 0)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A log in a file, with a snapshot beside it that knows all but the last ten events."""
    path = tmp_path / "log.db"
    with kt.Timeline.open(path) as timeline:
        timeline.append(EVENTS[:-10])
        assert timeline.save_snapshot() == tmp_path / "log.db.snapshot"
        timeline.append(EVENTS[-10:])
    return path


def read_from(timeline: kt.Timeline) -> int:
    """How many events came out of a snapshot, after a question."""
    timeline.keys()
    live = timeline._live()
    assert live is not None
    return live.read_from


def answers(timeline: kt.Timeline) -> Iterator[Any]:
    for day in ("2024-08-07", "2024-08-20", "2025-06-22"):
        yield timeline.state_at(day).to_dict()
        yield timeline.state_at(day, known_on="2024-10-01", according_to="ukraine").to_dict()
        yield timeline.state_at(day, gaps="span").to_dict()
        yield list(timeline.accounts(day).rows())


def test_opening_with_a_snapshot_reads_the_rest_and_answers_the_same(path: Path) -> None:
    """So does a log whose snapshot is as new as itself."""
    with kt.Timeline.open(path, snapshot=False) as plain, kt.Timeline.open(path) as quick:
        assert (read_from(plain), read_from(quick)) == (0, len(EVENTS) - 10)
        assert list(answers(quick)) == list(answers(plain))
        quick.save_snapshot()
    with kt.Timeline.open(path, snapshot=False) as plain, kt.Timeline.open(path) as quick:
        assert read_from(quick) == len(EVENTS)
        assert list(answers(quick)) == list(answers(plain))
        quick.append(held("2024-08-06", "7 km2", note="late"))
        assert list(answers(quick)) == list(answers(plain))


def test_a_snapshot_reads_no_event_that_it_holds(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the store only the chunks behind it are asked for."""
    with kt.Timeline.open(path) as timeline:
        asked: list[int] = []
        chunks = timeline.log.store.chunks
        monkeypatch.setattr(timeline.log.store, "chunks", lambda after=0: (asked.append(after), chunks(after))[1])
        timeline.state_at("2025-06-22")
        assert asked == [len(EVENTS) - 10]


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(logs(10), st.integers(0, 10))
def test_snapshot_and_rest_are_the_whole(log: list[kt.Event], cut: int) -> None:
    """Also where the rest withdraws what the snapshot holds, or brings the successor that it waits for."""
    with tempfile.TemporaryDirectory() as folder:
        kept = Path(folder) / "kept"
        whole = kt.Timeline()
        whole.append(log[:cut])
        whole.save_snapshot(kept)
        whole.append(log[cut:])
        again = kt.Timeline(whole.log, snapshot=kept)
        fresh = kt.Timeline(whole.log)
        assert read_from(again) == len(log[:cut])
        for day in ("2024-08-10", "2025-01-01", "2030-01-01"):
            assert again.state_at(day).to_dict() == fresh.state_at(day).to_dict() == whole.state_at(day).to_dict()
            known = {"known_on": "2024-12-31"}
            assert again.state_at(day, **known).to_dict() == fresh.state_at(day, **known).to_dict()


def test_the_snapshot_of_another_log_is_not_used(path: Path, tmp_path: Path) -> None:
    """Neither one with other events, nor a longer one, nor one with the same events in another order."""
    for number, events in enumerate((EVENTS[1:], EVENTS[:5], [EVENTS[1], EVENTS[0], *EVENTS[2:]])):
        other = tmp_path / f"{number}.db"
        with kt.Timeline.open(other) as timeline:
            timeline.append([event for event in events if event.is_claim])
        shutil.copy(f"{path}.snapshot", f"{other}.snapshot")
        with kt.Timeline.open(other) as timeline, kt.Timeline.open(other, snapshot=False) as plain:
            assert read_from(timeline) == 0
            assert list(answers(timeline)) == list(answers(plain))


def test_a_log_that_was_rewritten_does_not_use_its_snapshot(path: Path) -> None:
    """Whoever changes the file knows the checksums; the root is another all the same."""
    events = [record.event for record in kt.Timeline.open(path).log]
    path.unlink()
    with kt.Timeline.open(path) as timeline:
        timeline.append([held("2024-08-09", "1 km2", note="forged"), *events[1:]])
        assert read_from(timeline) == 0


@pytest.mark.parametrize("place", [0, 30, 60, 200, -1, -100])
def test_a_damaged_snapshot_is_not_used(path: Path, place: int) -> None:
    """One bit is enough; so is a missing byte, or one too many."""
    kept = Path(f"{path}.snapshot")
    whole = kept.read_bytes()
    flipped = bytearray(whole)
    flipped[place] ^= 4
    for content in (bytes(flipped), whole[:place], whole + b"\0", b"", b"no snapshot at all"):
        kept.write_bytes(content)
        with kt.Timeline.open(path) as timeline:
            assert read_from(timeline) == 0
            assert timeline.state_at("2025-06-22").to_dict()["estimates"]


def test_another_release_does_not_use_it(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it means may have changed."""
    monkeypatch.setattr("kursk_timeline.engines.snapshot.__version__", "9.9")
    with kt.Timeline.open(path) as timeline:
        assert read_from(timeline) == 0


def test_another_projection_does_not_use_it(path: Path) -> None:
    """One more, or one of the same name that does another thing."""

    def counted(event: kt.Event) -> kt.Effect | None:
        return None

    with kt.Timeline.open(path).with_projections(counted) as timeline:
        assert read_from(timeline) == 0
        timeline.save_snapshot()
    with kt.Timeline.open(path).with_projections(counted) as timeline:
        assert read_from(timeline) == len(EVENTS)
    kept = counted

    def counted(event: kt.Event) -> kt.Effect | None:  # type: ignore[no-redef]
        assert event
        return None

    assert kept.__name__ == counted.__name__
    with kt.Timeline.open(path).with_projections(counted) as timeline:
        assert read_from(timeline) == 0


def test_it_belongs_to_no_past_and_needs_a_place(path: Path, tmp_path: Path) -> None:
    """And it is written whole or not at all."""
    with kt.Timeline.open(path) as timeline:
        with pytest.raises(kt.InputError, match="at 5 events"):
            timeline.at_size(5).save_snapshot()
        with pytest.raises(kt.StorageError):
            timeline.save_snapshot(tmp_path / "absent" / "kept")
        assert read_from(timeline.at_size(len(EVENTS) - 10)) == 0
    with pytest.raises(kt.InputError, match="a path of its own"):
        kt.Timeline().save_snapshot()


@pytest.mark.parametrize("size", [0, 3, len(EVENTS) - 10, len(EVENTS)])
def test_a_timeline_of_the_first_events_uses_none_of_more(path: Path, size: int) -> None:
    """Nor takes one for a sign that the log was cut."""
    with kt.Timeline.open(path) as whole:
        then = kt.Timeline(whole.log, size=size, snapshot=f"{path}.snapshot")
        assert list(answers(then)) == list(answers(whole.at_size(size)))
        assert read_from(then) == (len(EVENTS) - 10 if size >= len(EVENTS) - 10 else 0)


def test_nothing_but_a_snapshot_is_replaced_by_one(path: Path, tmp_path: Path) -> None:
    """Least of all the log itself; and an export replaces no log either."""
    other, text, empty = tmp_path / "other.db", tmp_path / "mine.txt", tmp_path / "empty"
    text.write_text("precious")
    empty.touch()
    with kt.Timeline.open(other) as one:
        one.append(EVENTS[:3])
    with kt.Timeline.open(path) as timeline:
        for target in (path, other):
            with pytest.raises(kt.StorageError, match="is a database"):
                timeline.save_snapshot(target)
            with pytest.raises(kt.StorageError, match="is a database"):
                timeline.export(target)
        with pytest.raises(kt.StorageError, match="other things"):
            timeline.save_snapshot(text)
        timeline.save_snapshot(empty)
        timeline.save_snapshot(empty)
        empty.write_bytes(empty.read_bytes()[:10])
        timeline.save_snapshot(empty)
        for target in (Path(f"{path}{suffix}") for suffix in ("-journal", "-wal")):
            target.touch()
            with pytest.raises(kt.StorageError, match="belongs to one"):
                timeline.export(target)
        assert timeline.export(text) == len(EVENTS)  # as ever: what somebody names is written
        assert timeline.log.verify()
    with kt.Timeline.open(other) as one:
        assert len(one) == 3


def test_a_retraction_after_it_counts(path: Path) -> None:
    """Of an event that was in it."""
    with kt.Timeline.open(path) as timeline:
        event = next(r.event for r in timeline.log if isinstance(r.event, kt.TerritoryHeld))
        timeline.append(retracted(event, "2025-01-01"))
    with kt.Timeline.open(path) as timeline, kt.Timeline.open(path, snapshot=False) as plain:
        assert read_from(timeline) == len(EVENTS) - 10
        assert list(answers(timeline)) == list(answers(plain))


# --- fingerprints ------------------------------------------------------------------------------

LEVEL = 3
HELPERS = {"factor": 2}


def _helper(value: int) -> int:
    return value + LEVEL


def _by_helper(event: kt.Event) -> None:
    if _helper(HELPERS["factor"]) > 100:
        raise AssertionError


def of(function: Any) -> str:
    return fingerprint([kt.projection(function)])


def test_a_fingerprint_is_the_same_for_the_same_code(tmp_path: Path) -> None:
    """Wherever the file lies, whatever its comments."""
    one = compile("def f(event):\n    return None\n", "a.py", "exec")
    two = compile("# a comment\n\n\ndef f(event):\n    # another\n    return None\n", "b.py", "exec")
    found = []
    for code in (one, two):
        space: dict[str, Any] = {"__name__": "m"}
        exec(code, space)
        found.append(of(space["f"]))
    assert found[0] == found[1]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LEVEL", 4),
        ("HELPERS", {"factor": 3}),
        ("_helper", lambda value: value - 1),
    ],
)
def test_whatever_a_projection_rests_on_is_in_its_fingerprint(
    monkeypatch: pytest.MonkeyPatch, name: str, value: object
) -> None:
    """A constant, a table, a function that it calls."""
    before = of(_by_helper)
    monkeypatch.setitem(globals(), name, value)
    assert of(_by_helper) != before


def test_defaults_closures_and_order_count() -> None:
    """They are what a function does, too."""

    def made(factor: int) -> Any:
        def inner(event: kt.Event, least: int = 3) -> None:
            assert factor + least

        return inner

    one, other = made(1), made(2)
    assert of(one) == of(made(1)) != of(other)
    other_default = made(1)
    other_default.__defaults__ = (4,)
    assert of(other_default) != of(one)
    both = [kt.projection(one), kt.projection(other)]
    assert fingerprint(both) != fingerprint(both[::-1])


def made_of(folder: Path, files: dict[str, str]) -> str:
    """The fingerprint of `p` in the module `rests`, of files in a folder of their own."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    path, before = list(sys.path), set(sys.modules)
    sys.path[:0] = [str(folder), str(folder / "site-packages")]
    try:
        importlib.invalidate_caches()
        fingerprint_module._version.cache_clear()  # another environment, so to speak
        return of(importlib.import_module("rests").p)
    finally:
        sys.path[:] = path
        for name in set(sys.modules) - before:
            if name.partition(".")[0] in {"rests", "one", "two"}:
                del sys.modules[name]


RESTS_ON = {
    "the default of the second helper": "def a(x=1): return x\ndef b(x=VALUE): return x\ndef p(event): a(), b()",
    "the default of a keyword": "def a(*, x=VALUE): return x\ndef p(event): a()",
    "a table in a class": "class T:\n    F = {'k': VALUE}\ndef p(event): T.F['k']",
    "a list in a class of a class": "class T:\n    class U:\n        F = [VALUE]\ndef p(event): T.U.F",
    "a base class": "class T:\n    F = [VALUE]\nclass U(T): pass\ndef p(event): U.F",
    "a property's setter": (
        "class T:\n    @property\n    def f(self): pass\n    @f.setter\n    def f(self, x): print(VALUE)\n"
        "def p(event): T().f = 1"
    ),
    "a class method": "class T:\n    @classmethod\n    def f(cls): return VALUE\ndef p(event): T.f()",
    "a cached property": (
        "import functools\nclass T:\n    @functools.cached_property\n    def f(self): return VALUE\ndef p(event): T().f"
    ),
    "an enum's value": "import enum\nclass T(enum.Enum):\n    F = VALUE\ndef p(event): T.F.value",
    "an enum's member": "import enum\nclass T(enum.IntEnum):\n    F = VALUE\nF = T.F\ndef p(event): F",
    "a named tuple": (
        "import typing\nclass T(typing.NamedTuple):\n    f: int\n    g: int = 1\nF = T(VALUE)\ndef p(event): F.f"
    ),
    "a field's default": "import attrs\n@attrs.frozen\nclass T:\n    f: int = VALUE\ndef p(event): T().f",
    "a value of a class": (
        "import dataclasses\n@dataclasses.dataclass\nclass T:\n    f: int\nF = T(VALUE)\ndef p(event): F.f"
    ),
    "a kind of event": (
        "import attrs\nfrom typing import ClassVar\nimport kursk_timeline as kt\nfrom kursk_timeline.text import slug\n"
        "@attrs.frozen(kw_only=True, eq=False, repr=False)\nclass Bridge(kt.Event):\n"
        "    kind: ClassVar[str] = 'bridge'\n    bridge: str = attrs.field(converter=slug, default='VALUE')\n"
        "def p(event):\n    if isinstance(event, Bridge): return kt.Effect.set('holder/x/kursk', 'nobody')"
    ),
    "a function's attribute": "def a(): return a.n\na.n = VALUE\ndef p(event): a()",
    "a function that was wrapped": (
        "import functools\ndef a(): return VALUE\n@functools.wraps(a)\ndef b(): return b.__wrapped__()\np = b"
    ),
    "a wrapper that looks like ours": (
        "import functools, kursk_timeline.text as t\n@functools.wraps(t.slug)\ndef a(x): return VALUE\np = a"
    ),
    "a helper with a memory": "import functools\n@functools.cache\ndef a(): return VALUE\ndef p(event): a()",
    "a context": "import contextlib\n@contextlib.contextmanager\ndef a(): yield VALUE\ndef p(event): a()",
    "a partial": "import functools\ndef a(x): return x\nb = functools.partial(a, VALUE)\ndef p(event): b()",
    "a table's method": "a = {'k': VALUE}.get\ndef p(event): a('k')",
    "a subclass of dict": "class T(dict): pass\nF = T(k=VALUE)\ndef p(event): F",
    "a set of tuples": "F = {('a', 1), ('b', VALUE)}\ndef p(event): F",
    "a date": "import datetime\nF = datetime.date(2024, 8, VALUE)\ndef p(event): F",
    "a time": "import datetime as d\nF = d.datetime(2024, 8, 1, VALUE, tzinfo=d.timezone.utc)\ndef p(event): F",
    "a span of time": "import datetime\nF = datetime.timedelta(VALUE)\ndef p(event): F",
    "a decimal": "import decimal\nF = decimal.Decimal('VALUE.5')\ndef p(event): F",
    "a fraction": "import fractions\nF = fractions.Fraction(VALUE, 7)\ndef p(event): F",
    "a union": "T = int | (str, bytes, float, list, dict, set)[VALUE]\ndef p(event): isinstance(1, T)",
    "a pattern": "import re\nF = re.compile('VALUE')\ndef p(event): F",
    "an array": "import numpy\nF = numpy.arange(VALUE)\ndef p(event): F",
    "a sentinel, and one of ours": (
        "import kursk_timeline as kt\nF, G = object(), kt.When.parse('2024-08-0VALUE')\ndef p(event): F, G"
    ),
}
"""Sources whose meaning is another for another VALUE."""


@pytest.mark.parametrize("text", RESTS_ON.values(), ids=RESTS_ON)
def test_what_is_behind_a_name_is_in_the_fingerprint_too(tmp_path: Path, text: str) -> None:
    """But not where it stands, nor what is remarked."""
    one, again, other = (text.replace("VALUE", value) for value in ("1", "1", "5"))
    before = made_of(tmp_path / "one", {"rests.py": one})
    assert made_of(tmp_path / "again", {"rests.py": f"# a remark\n\n\n{again}\n# another\n"}) == before
    assert made_of(tmp_path / "other", {"rests.py": other}) != before


F, G = "def f(): return VALUE", "from one import f\ndef p(event): f()"

DEEP = {
    "site-packages/one/__init__.py": "from one.deep import f",
    "site-packages/one/deep.py": "from one.two import f",
    "site-packages/one/two.py": F,
}
OTHER_NAME = DEEP | {
    "site-packages/py_one-VALUE.dist-info/METADATA": "Metadata-Version: 2.1\nName: py-one\nVersion: VALUE.0\n",
    "site-packages/py_one-VALUE.dist-info/top_level.txt": "one\n",
}


@pytest.mark.parametrize(
    "files",
    [
        {"rests.py": "import one\ndef p(event): one.F", "one.py": "F = VALUE"},
        {"rests.py": G, "one.py": "from two import F\ndef f(): return F", "two.py": "F = VALUE"},
        {"rests.py": "import one\ndef p(event): one.two", "one.py": "import two, sys, attrs", "two.py": "F = VALUE"},
        {"rests.py": "from one.deep import f\ndef p(event): f()", "one/__init__.py": "", "one/deep.py": F},
        # What is installed is known by its version and two files of it,
        {"rests.py": "import one\ndef p(event): one.f()", "site-packages/one.py": F},
        {"rests.py": G, "site-packages/one.py": "def f(): g()\ndef g(): return VALUE"},
        {"rests.py": "def p(event):\n    import one", "site-packages/one.py": F},
        # also where it is installed under another name, or without any version:
        {"rests.py": "import one\ndef p(event): one.f()", **OTHER_NAME},
        {"rests.py": "import one\ndef p(event): one.f()", **DEEP},
        # but read where the projection itself is installed.
        {
            "site-packages/rests/__init__.py": "from rests.one import f\ndef p(event): f()",
            "site-packages/rests/one.py": "from rests.two import f",
            "site-packages/rests/two.py": F,
        },
    ],
)
def test_modules_are_gone_into(tmp_path: Path, files: dict[str, str]) -> None:
    """However far behind one another."""
    one, again, other = (
        made_of(
            tmp_path / str(number),
            {name.replace("VALUE", value): text.replace("VALUE", value) for name, text in files.items()},
        )
        for number, value in enumerate("115")
    )
    assert one == again != other


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("def p(event):\n    from two import F", "an import of 'two' within a function .*at the top of the file"),
        ("def p(event):\n    def f():\n        import two.three\n    f()", "an import of 'two.three' within"),
        ("def p(event):\n    from . import two", r"an import of '\.' within"),
        ("def p(event):\n    from .types import F", r"an import of '\.types' within"),
        ("import threading\nF = threading.Lock()\ndef p(event): F", r"an object of type _thread\.lock \(in rests\.p\)"),
        ("import threading\nclass T:\n    F = [threading.Lock()]\ndef p(event): T", r"_thread\.lock \(in rests\.T\)"),
        ("import msgspec\nclass T(msgspec.Struct):\n    f: int = 1\ndef p(event): T().f", "the class T, of a library"),
        ("F = (n for n in 'ab')\ndef p(event): F", r"type builtins\.generator"),
        (
            "class T:\n    def __getattr__(self, name): raise RuntimeError(name)\nF = T()\ndef p(event): F",
            r"type rests\.T \(in rests\.p\)",
        ),
    ],
)
def test_what_cannot_be_told_has_a_name_and_no_address(tmp_path: Path, text: str, message: str) -> None:
    """And where it was met."""
    with pytest.raises(kt.ProjectionError, match=message) as caught:
        made_of(tmp_path, {"rests.py": text})
    assert "0x" not in str(caught.value)


def test_the_name_of_an_attribute_is_no_global(tmp_path: Path) -> None:
    """In a notebook many a variable is called as something else's field is."""
    text = "import math\ndef p(event):\n    class T:\n        f = math.log(2)\n    event.region"
    alone = made_of(tmp_path / "one", {"rests.py": text})
    more = f"import threading\nlog = region = threading.Lock()\n{text}"
    assert made_of(tmp_path / "two", {"rests.py": more}) == alone
    used = made_of(tmp_path / "three", {"rests.py": f"{text}\nQ = 1\nold = p\ndef p(event): old(event), Q"})
    assert used != made_of(tmp_path / "four", {"rests.py": f"{text}\nQ = 2\nold = p\ndef p(event): old(event), Q"})


def test_the_library_may_come_out_of_an_archive(tmp_path: Path) -> None:
    """Where it has no files of its own."""
    source = Path(kt.__file__).parents[1]
    with zipfile.ZipFile(tmp_path / "library.zip", "w") as archive:
        for file in source.rglob("*.py"):
            archive.write(file, file.relative_to(source))
    ask = (
        "import kursk_timeline as kt; from kursk_timeline.projections.fingerprint import fingerprint;"
        "from kursk_timeline.projections import distinct; from kursk_timeline.timeline import PROJECTIONS;"
        "print(kt.__file__, fingerprint(distinct(PROJECTIONS)))"
    )
    found = subprocess.run(
        [sys.executable, "-c", ask],
        env={**os.environ, "PYTHONPATH": str(tmp_path / "library.zip")},
        check=True,
        capture_output=True,
        text=True,
    )
    assert found.stdout.startswith(str(tmp_path / "library.zip"))


def test_what_an_enum_remembers_does_not_count() -> None:
    """Or the snapshot of a projection that has run would never be used."""

    class Side(enum.Flag):
        NORTH = 1
        SOUTH = 2

    def inner(event: kt.Event) -> None:
        assert Side.NORTH | Side.SOUTH

    before = of(inner)
    inner(EVENTS[0])
    assert ~Side.NORTH is Side.SOUTH
    assert of(inner) == before


def test_a_fingerprint_is_the_same_in_every_process(tmp_path: Path) -> None:
    """Whatever the order of its sets, and whether the code was compiled or loaded."""
    names = "'a', 'b', 'c', ('d', 'e'), frozenset({'f', 'g', 'h'}), T, T.F, T.G, kt.When, kt.TerritoryHeld, re.sub, f"
    (tmp_path / "rests.py").write_text(
        "import enum, re\nimport kursk_timeline as kt\nclass T(enum.Enum):\n    F = 'a'\n    G = 'b'\n"
        f"def f(): return ('x', 'y'), ('x', 'y')\nF = {{{names}}}\ndef p(event): F, event in {{'i', 'j', 'k'}}\n"
    )
    ask = (
        "import rests, kursk_timeline as kt; from kursk_timeline.projections.fingerprint import fingerprint;"
        "print(fingerprint([kt.projection(rests.p)]))"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", ask],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])},
            check=True,
            capture_output=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(found) == 1


def test_what_cannot_be_compared_is_said(tmp_path: Path) -> None:
    """And then a snapshot is neither written nor used."""
    connection = sqlite3.connect(":memory:")

    def asks(event: kt.Event) -> None:
        connection.execute("SELECT 1")

    with pytest.raises(kt.ProjectionError, match=r"'asks' rests on .*Connection"):
        of(asks)
    timeline = kt.Timeline().with_projections(asks)
    timeline.append(EVENTS)
    with pytest.raises(kt.ProjectionError, match="rests on"):
        timeline.save_snapshot(tmp_path / "kept")
    assert list(tmp_path.iterdir()) == []
    connection.close()


def test_a_sum_that_is_too_large_is_said_out_of_a_snapshot_too(tmp_path: Path) -> None:
    """It has no steps that could be kept, and is not nothing for that."""
    deployments = [
        kt.ForceDeployed(
            force="ukraine", region="kursk", troops=kt.Quantity.from_base(LIMIT, LIMIT, LIMIT, "persons"),
            **common(f"2024-{day // 28 + 1:02}-{day % 28 + 1:02}"), note=str(again),
        )
        for day in range(200)
        for again in range(3)
    ]  # fmt: skip
    with kt.Timeline.open(tmp_path / "log.db") as timeline:
        timeline.append([*deployments, held("2024-01-01", "90 km2")])
        timeline.save_snapshot()
    with kt.Timeline.open(tmp_path / "log.db") as timeline:
        assert read_from(timeline) == len(timeline) == 601
        state = timeline.state_at("2024-12-01")
        with pytest.raises(kt.QuantityError, match="beyond what columns can hold"):
            _ = state["present/ukraine/kursk"]
        assert state["held/ukraine/kursk"] is not None
