"""
Everything an append needs fails once: the disk, its space, the right to write, the patience of whoever waits.

    python benchmarks/reliability/faults.py [--signals 200] [--store sqlite|postgres] [--seed 1]

* Each single call that SQLite makes to open, read, write, sync, truncate or delete a file fails, once or from then on;
  before anything was done, after half of a write, or after all of it.
* The disk is full, at every size the file has on its way: by a limit on files, and by one on the database's pages.
* The file, or its folder, is read-only.
* Ctrl-C comes at every step of an append at which Python looks for signals; SIGINT and SIGTERM at random moments.

Each time there must be a clear error or an answer, all of the batch or nothing in the file, whether the process goes on
or ends there; and the same batch must go in, once, as soon as the cause is gone.
"""

from __future__ import annotations

import contextlib
import dis
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, NoReturn

import attrs
from shared import STORES, events, finish, fork, in_child, open_store, parser, places, rows

import kursk_timeline as kt
import kursk_timeline.log as log_module
from kursk_timeline.log import Log
from kursk_timeline.stores import postgres, sqlite
from kursk_timeline.stores.sqlite import SqliteStore

BEFORE = events(3, "before")
BATCH = events(40, "batch")
"""Some pages."""
NOBODY = 65534


@attrs.define
class Result:
    """What the faults did."""

    faults: Counter[str] = attrs.field(factory=Counter)
    """How many there were of each sort."""
    errors: Counter[str] = attrs.field(factory=Counter)
    """What was raised."""
    whole: int = 0
    """Faults after which the batch was there, though nobody was told so: all of it."""
    unclear: int = 0
    """Errors that are not the library's, or the wrong one."""
    broken: int = 0
    """Files that were not as before, or with all of the batch; and those that took no batch any more."""
    said: list[str] = attrs.field(factory=list)

    @property
    def kept(self) -> bool:
        return self.unclear == self.broken == 0

    def __str__(self) -> str:
        faults = ", ".join(f"{count:,} {sort}" for sort, count in self.faults.items())
        errors = ", ".join(f"{count:,} {name}" for name, count in self.errors.most_common())
        found = (
            f"{self.faults.total():,} faults ({faults}): raised {errors}; {self.whole} kept whole and not "
            f"told, {self.unclear} unclear errors, {self.broken} broken files"
        )
        return "\n  ".join([found, *self.said[:10]])

    def add(self, other: Result) -> None:
        """Count what a child found."""
        self.faults.update(other.faults)
        self.errors.update(other.errors)
        self.whole += other.whole
        self.unclear += other.unclear
        self.broken += other.broken
        self.said += other.said


def run(signals: int = 200, seed: int = 1, store: str = "sqlite") -> Result:
    """Every sort of fault, and so many signals."""
    result = Result()
    if store == "sqlite":
        with tempfile.TemporaryDirectory(prefix="kursk-faults-") as name:
            folder = Path(name)
            _disk_faults(folder, result)
            result.add(in_child(lambda: _full_by_pages(folder)))
            result.add(in_child(lambda: _full_by_limit(folder)))
            _read_only(folder, result)
    with places(store) as new:
        where = new()
        result.add(in_child(lambda: _interrupted(where)))
        _signals(new, signals, random.Random(seed), result)
    return result


# --- the judge ---------------------------------------------------------------------------------


@contextmanager
def _start(folder: Path, log: bool = True) -> Iterator[Path]:
    """A fresh folder with a log of three events, or without; the path of the log."""
    # Another name each time: a connection that nobody has closed yet deletes its journal by name.
    fresh = Path(tempfile.mkdtemp(dir=folder))
    fresh.chmod(0o755)
    if log:
        with closing(Log(SqliteStore(fresh / "log.db"))) as made:
            made.append(BEFORE)
    yield fresh / "log.db"
    shutil.rmtree(fresh)


def _caught(work: Callable[[], object], what: str, result: Result, *right: type[kt.LogError]) -> BaseException | None:
    """The error of some work, counted; it must be one of these."""
    try:
        work()
    except BaseException as error:
        result.errors[type(error).__name__] += 1
        if not isinstance(error, right):
            result.unclear += 1
            result.said.append(f"{what}: {type(error).__name__}: {error}")
        return error
    return None


def _judge(path: Path, before: Sequence[kt.Event], told: bool, what: str, result: Result) -> None:
    """Look at a copy of the files as they are, as if the process had ended here."""
    copy = path.parent.with_suffix(".copy")
    shutil.copytree(path.parent, copy)
    try:
        with closing(Log(SqliteStore(copy / path.name))) as log:
            found = [id_ for _, _, id_, _ in rows(log)]
            log.verify()
        old, new = [e.id for e in before], [e.id for e in [*before, *BATCH]]
        if found not in ([new] if told else [old, new]):
            result.broken += 1
            result.said.append(f"{what}: {len(found)} events, where there were {len(old)}; told: {told}")
        result.whole += found == new and not told
    except Exception as error:
        result.broken += 1
        result.said.append(f"{what}, looked at as it was left: {type(error).__name__}: {error}")
    finally:
        shutil.rmtree(copy)


def _again(log: Log | None, path: Path, before: Sequence[kt.Event], what: str, result: Result) -> None:
    """The cause is gone: the batch goes in, once, by the same object or by a new one."""
    wanted = [e.id for e in [*before, *BATCH]]
    try:
        with closing(log or Log(SqliteStore(path))) as trying:
            trying.append(BATCH)
            assert [id_ for _, _, id_, _ in rows(trying)] == wanted, "the events are others"
        with closing(Log(SqliteStore(path))) as other:
            assert [id_ for _, _, id_, _ in rows(other)] == wanted, "the events are others in the file"
            other.verify()
    except Exception as error:
        result.broken += 1
        result.said.append(f"{what}, tried again: {type(error).__name__}: {error}")


# --- the disk ----------------------------------------------------------------------------------


_CODES = {
    "create": ("SQLITE_CANTOPEN", "SQLITE_CANTOPEN"),
    "open": ("SQLITE_CANTOPEN", "SQLITE_IOERR"),
    "read": ("SQLITE_IOERR_READ", "SQLITE_IOERR_READ"),
    "write": ("SQLITE_IOERR_WRITE", "SQLITE_FULL"),
    "sync": ("SQLITE_IOERR_FSYNC", "SQLITE_IOERR_DIR_FSYNC"),
    "truncate": ("SQLITE_IOERR_TRUNCATE", "SQLITE_IOERR_TRUNCATE"),
    "delete": ("SQLITE_IOERR_DELETE", "SQLITE_IOERR_DIR_FSYNC"),
}
"""What SQLite's own file system says when each call fails."""


class _Bad:
    """A disk on which the call number so-and-so goes wrong."""

    def __init__(self, number: int, moment: str, lasting: bool) -> None:
        self.number, self.moment, self.lasting = number, moment, lasting
        self.calls, self.failed, self.on = 0, "", True

    def __call__(self, op: Any, do: Callable[..., Any]) -> Any:
        import apsw

        if not self.on:
            return do()
        self.calls += 1
        if not (self.calls == self.number or (self.lasting and self.calls > self.number)):
            return do()
        self.failed = self.failed or f"{op.kind} of {op.name}"
        if op.kind == "write":
            if self.moment != "before":
                do(op.data[: len(op.data) // 2] if self.moment == "half" else op.data)
        elif self.moment == "after" and op.kind in ("sync", "truncate", "delete"):
            do()
        raise apsw.exception_for(getattr(apsw, _CODES[op.kind][self.number % 2]))


def _disk_faults(folder: Path, result: Result) -> None:
    """Each call fails, until there are no more calls."""
    for there in (True, False):
        for moment in ("before", "half", "after"):
            for lasting in (False, True):
                for number in count(1):
                    with _start(folder, there) as path:
                        if not _disk_fault(path, _Bad(number, moment, lasting), result):
                            break


def _disk_fault(path: Path, bad: _Bad, result: Result) -> bool:
    """Append while something fails; whether anything did."""
    from disk import Disk, DiskStore

    there = path.exists()
    before = BEFORE if there else []
    disk = Disk(bad)
    log: Log | None = None

    def append() -> None:
        nonlocal log
        bad.on = not there  # a new log may also fail while it is made
        log = Log(DiskStore(path, disk))
        bad.on = True
        log.append(BATCH)

    error = _caught(append, "", result, kt.StorageError, kt.ReadOnlyError)
    what = f"{bad.failed}, call {bad.number}{' and all later' if bad.lasting else ''}, {bad.moment}"
    if error is not None and result.said and result.said[-1].startswith(": "):
        result.said[-1] = what + result.said[-1]
    bad.on = False
    if bad.failed:
        result.faults["calls to the disk"] += 1
        _judge(path, before, error is None, what, result)
        _again(log, path, before, what, result)
    elif log is not None:
        log.close()
    return bool(bad.failed)


# --- no space ----------------------------------------------------------------------------------


def _full_by_pages(folder: Path) -> Result:
    """The database may have no more than so many pages."""
    result = Result()
    for pages in count(1):
        with _start(folder) as path:
            log = Log(SqliteStore(path))
            len(log)
            db = log.store._connection  # type: ignore[attr-defined]
            db.execute(f"PRAGMA max_page_count = {pages}")
            error = _caught(lambda log=log: log.append(BATCH), f"{pages} pages", result, kt.StorageError)
            if error is None:
                log.close()
                return result
            result.faults["limits on pages"] += 1
            _judge(path, BEFORE, False, f"{pages} pages", result)
            db.execute("PRAGMA max_page_count = 1000000")
            _again(log, path, BEFORE, f"{pages} pages", result)
    raise AssertionError("unreachable")


def _full_by_limit(folder: Path) -> Result:
    """No file may be longer than so much."""
    result = Result()
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    for limit in count(0, 1024):
        with _start(folder) as path:
            log = Log(SqliteStore(path))
            len(log)
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
            error = _caught(lambda log=log: log.append(BATCH), f"files of {limit} bytes", result, kt.StorageError)
            resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
            if error is None:
                log.close()
                return result
            result.faults["limits on files"] += 1
            _judge(path, BEFORE, False, f"files of {limit} bytes", result)
            _again(log, path, BEFORE, f"files of {limit} bytes", result)
    raise AssertionError("unreachable")


# --- no right to write -------------------------------------------------------------------------


def _read_only(folder: Path, result: Result) -> None:
    """Reading works, appending says why it does not, and nothing is changed."""
    folder.chmod(0o755)
    cases = {
        "the file is read-only": (0o444, 0o777),
        "the folder is read-only": (0o666, 0o555),
        "both are read-only": (0o444, 0o555),
    }
    for what, (file, place) in cases.items():
        with _start(folder) as path:
            path.chmod(file)
            path.parent.chmod(place)
            content = path.read_bytes()
            result.add(in_child(lambda path=path, what=what: _may_not(path, what)))
            path.parent.chmod(0o755)
            path.chmod(0o644)
            if path.read_bytes() != content or [*path.parent.iterdir()] != [path]:
                result.broken += 1
                result.said.append(f"{what}: something was changed")
            _again(None, path, BEFORE, what, result)
    with _start(folder, log=False) as path:
        path.parent.chmod(0o555)
        result.add(in_child(lambda: _may_not(path, "there is no file, and the folder is read-only")))
        path.parent.chmod(0o755)
        _again(None, path, [], "there is no file, and the folder was read-only", result)
    with _start(folder) as path:
        path.chmod(0)
        result.add(in_child(lambda: _may_not(path, "the file may not even be read")))
        path.chmod(0o644)
        _again(None, path, BEFORE, "the file could not even be read", result)


def _may_not(path: Path, what: str) -> Result:
    result = Result()
    if os.geteuid() == 0:  # whom rights do not bind
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
    result.faults["read-only places"] += 1
    if not os.access(path, os.R_OK):
        right = kt.StorageError if path.exists() else kt.ReadOnlyError
        error = _caught(lambda: SqliteStore(path), what, result, right)
    else:
        log = Log(SqliteStore(path))
        if [row[2] for row in rows(log)] != [e.id for e in BEFORE]:
            result.broken += 1
            result.said.append(f"{what}: other events were read")
        log.verify()
        error = _caught(lambda: log.append(BATCH), what, result, kt.ReadOnlyError)
        log.close()
    if error is None:
        result.unclear += 1
        result.said.append(f"{what}: no error")
    return result


# --- no patience -------------------------------------------------------------------------------

_LOOKS = ("CALL", "RESUME", "JUMP_BACKWARD")
"""How the instructions are called after which CPython looks whether a signal came."""
HANG = 5
"""Seconds after which an append counts as one that never ends."""
_STEPPED = (log_module.__file__, sqlite.__file__, postgres.__file__, contextlib.__file__)


class _Stop:
    """Raises KeyboardInterrupt at the step number so-and-so, as a signal that came before it would."""

    def __init__(self, number: int) -> None:
        self.number, self.steps, self.where = number, 0, ""
        self._names: dict[CodeType, dict[int, str]] = {}
        self._last: dict[FrameType, str] = {}

    def __call__(self, frame: FrameType, event: str, _: object) -> _Stop | None:
        if frame.f_code.co_filename not in _STEPPED:
            return None
        frame.f_trace_opcodes = True
        if event == "return":
            self._last.pop(frame, None)
        if event == "opcode":
            last = self._last.get(frame, "")
            self._last[frame] = self._name(frame)
            if last.startswith(_LOOKS):
                self.steps += 1
                if self.steps == self.number:
                    self.where = f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno} {frame.f_code.co_name}"
                    raise KeyboardInterrupt
        return self

    def _name(self, frame: FrameType) -> str:
        names = self._names.get(frame.f_code)
        if names is None:
            names = {one.offset: one.opname for one in dis.get_instructions(frame.f_code)}
            self._names[frame.f_code] = names
        return names.get(frame.f_lasti, "")


def _interrupted(where: str) -> Result:
    """Ctrl-C at every step of appends to one log."""

    def hangs(*_: object) -> NoReturn:
        raise TimeoutError(f"nothing came back within {HANG} seconds")

    signal.signal(signal.SIGALRM, hangs)
    result, log = Result(), Log(open_store(where))
    log.append(BEFORE)
    for number in count(1):
        known, batch = [record.event.id for record in log], events(3, f"step {number}")
        wanted = known + [one.id for one in batch]
        stop = _Stop(number)
        interrupt: BaseException | None = None
        signal.alarm(HANG)
        sys.settrace(stop)
        try:
            log.append(batch)
        except (KeyboardInterrupt, TimeoutError) as error:
            interrupt = error  # kept with all its frames meanwhile, as a notebook does
        finally:
            sys.settrace(None)
            signal.alarm(0)
        if not stop.where:
            break
        what = f"Ctrl-C at {stop.where}"
        result.faults["steps interrupted"] += 1
        wrong = []
        if interrupt is not None:
            result.errors[type(interrupt).__name__] += 1
        if isinstance(interrupt, TimeoutError):
            wrong.append(f"{what}: {interrupt}")
        try:
            with closing(Log(open_store(where, patience=0.1))) as other:
                found = [record.event.id for record in other]
                result.whole += found == wanted and interrupt is not None
                assert found == wanted or (found == known and interrupt), "there is a part of the batch"
                other.store.begin()  # nobody is kept out
                other.store.roll_back()
        except Exception as error:
            wrong.append(f"{what}, another process: {type(error).__name__}: {error}")
        signal.alarm(HANG)
        try:
            log.append(batch)
            assert [record.event.id for record in log] == wanted, "the batch is in it twice"
        except Exception as error:
            wrong.append(f"{what}, tried again: {type(error).__name__}: {error}")
        signal.alarm(0)
        if wrong:
            result.broken += 1
            result.said += wrong
            interrupt = None
            log.close()
            log = Log(open_store(where))
    try:
        log.verify()
    except kt.CorruptLogError as error:
        result.broken += 1
        result.said.append(f"in the end: {error}")
    log.close()
    return result


def _signals(new: Callable[[], str], number: int, rng: random.Random, result: Result) -> None:
    """A signal at a random moment of many batches; SIGTERM ends the process, SIGINT has the batch sent again."""
    batches = [events(len(BATCH), f"batch {n}") for n in range(100)]
    wanted = [one.id for batch in batches for one in batch]
    for n in range(number):
        kind, where = (signal.SIGINT, signal.SIGTERM)[n % 2], new()
        open_store(where).close()
        ready, go = os.pipe()

        def append(where: str = where, go: int = go) -> None:
            batch: list[kt.Event] = []
            try:
                log = Log(open_store(where))
                os.write(go, b"x")
                for batch in batches:
                    log.append(batch)
            except KeyboardInterrupt:
                signal.signal(signal.SIGINT, signal.SIG_IGN)
                log.append(batch)
                log.verify()

        pid = fork(append)
        os.close(go)
        os.read(ready, 1)
        os.close(ready)
        time.sleep(rng.uniform(0, 0.05))
        os.kill(pid, kind)
        status = os.waitpid(pid, 0)[1]
        result.faults[kind.name] += 1
        if status not in (0, signal.SIGTERM if kind is signal.SIGTERM else 0):
            result.broken += 1
            result.said.append(f"{kind.name} {n}: the child ended with {status}")
        with closing(Log(open_store(where))) as log:
            log.store.begin()  # waits until a server has noticed that the child is gone
            log.store.roll_back()
            log.verify()
            found = [record.event.id for record in log]
        if found != wanted[: len(found)] or len(found) % len(BATCH):
            result.broken += 1
            result.said.append(f"{kind.name} {n}: {len(found)} events")


def main() -> None:
    options = parser(__doc__, seeded=True)
    options.add_argument("--signals", type=int, default=200)
    options.add_argument("--store", choices=STORES, default="sqlite", help="of a server, only what interrupts us")
    asked = options.parse_args()
    finish(f"faults, {asked.store}", asked.seed, lambda: run(asked.signals, asked.seed, asked.store))


if __name__ == "__main__":
    main()
