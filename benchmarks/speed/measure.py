"""
The clock, the table of ratios, and what must be said of the machine.
"""

from __future__ import annotations

import gc
import importlib.metadata
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import attrs

T = TypeVar("T")

RUNS = 5

_FORCED = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "PYTHONDONTWRITEBYTECODE")
"""What an environment may force: an algebra on numpy, against its choice; each process to compile what it loads."""


def as_usual() -> None:
    """Start this script anew without what an environment forces; call it first of all. Returns where it is nothing."""
    if any(name in os.environ for name in _FORCED):
        free = {name: value for name, value in os.environ.items() if name not in _FORCED}
        sys.stdout.flush()
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], free)


# --- time --------------------------------------------------------------------------------------


def median_of(work: Callable[[], object], runs: int = RUNS, *, is_warm: bool = False) -> float:
    """Median seconds of some runs, after a warm one if there was none yet; the garbage collector waits meanwhile."""
    if not is_warm:
        work()
    found = []
    gc.collect()
    was_on = gc.isenabled()
    gc.disable()
    try:
        for _ in range(runs):
            start = time.perf_counter()
            answer = work()
            found.append(time.perf_counter() - start)
            del answer  # to let go of it is no part of the work
    finally:
        if was_on:
            gc.enable()
    return statistics.median(found)


def median_over(ask: Callable[..., object], questions: Sequence[tuple[object, ...]], runs: int = RUNS) -> float:
    """Median seconds of one question: each run asks all of them, which are too quick for a clock alone."""

    def all_of_them() -> None:
        for question in questions:
            ask(*question)

    return median_of(all_of_them, runs) / len(questions)


def median_once(ask: Callable[..., object], questions: Sequence[tuple[object, ...]]) -> float:
    """Median seconds of questions that are asked once each: what an earlier answer left behind helps with none."""
    found = []
    gc.collect()
    was_on = gc.isenabled()
    gc.disable()
    try:
        for question in questions:
            start = time.perf_counter()
            ask(*question)
            found.append(time.perf_counter() - start)
    finally:
        if was_on:
            gc.enable()
    return statistics.median(found)


# --- memory ------------------------------------------------------------------------------------

_REPORT = """
import json as _json, sys as _sys, time as _time
_done = _time.time()
def _peak():
    try:
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))
    except (OSError, StopIteration):
        import resource
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most if _sys.platform == "darwin" else most * 1024
print(_json.dumps([globals().get("answer"), _done, _peak()]))
"""

_WITHOUT_NUMBA = "import sys; sys.modules['numba'] = None"
"""To Python that is a package which is not installed."""


@attrs.frozen
class Fresh:
    """
    What a process of its own did.

    Args:
        answer: What its code left under this name; plain JSON.
        seconds: Wall time from its start until it had that, so with starting Python and all imports.
        peak: Most bytes that it held at a time.
    """

    answer: Any
    seconds: float
    peak: int


def fresh(code: str, *, compiled: bool = True) -> Fresh:
    """
    Run Python code in a fresh process; it may import what lies here.

    Where Linux keeps a high-water mark of the address space that is read. `ru_maxrss` serves elsewhere: on Linux a
    child inherits its parent's, and would be said to have used what the parent did before.

    Args:
        code: Python; it may leave an `answer`.
        compiled: Whether it finds numba, if that is installed.
    """
    here = str(Path(__file__).parent)
    paths = os.pathsep.join([here, *filter(None, [os.environ.get("PYTHONPATH")])])
    lines = [code, _REPORT] if compiled else [_WITHOUT_NUMBA, code, _REPORT]
    start = time.time()
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(lines)],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        env={name: value for name, value in os.environ.items() if name not in _FORCED} | {"PYTHONPATH": paths},
    )
    answer, end, peak = json.loads(done.stdout.splitlines()[-1])
    return Fresh(answer, end - start, peak)


def peak_memory(code: str) -> int:
    """Most bytes that a fresh process holds at a time while it runs Python code, which may import what lies here."""
    return fresh(code).peak


# --- tables ------------------------------------------------------------------------------------


_UNITS = (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6))


def duration(seconds: float) -> str:
    """Three figures and a unit."""
    unit, size = next((one for one in _UNITS if seconds >= one[1]), _UNITS[-1])
    figure = seconds / size
    return f"{figure:.{max(0, 3 - len(str(int(figure))))}f} {unit}"


@attrs.frozen
class Ratios:
    """
    One piece of work, and how long each took over it.

    Args:
        work: What was done.
        seconds: By who did it, in the order to print.
        beside: Whose time the others are set beside; the quickest where None.
    """

    work: str
    seconds: Mapping[str, float]
    beside: str | None = None

    @property
    def one(self) -> str:
        """Who counts as 1."""
        return self.beside or min(self.seconds, key=lambda name: self.seconds[name])

    def _rows(self) -> Iterable[tuple[str, str, str]]:
        for name, seconds in self.seconds.items():
            yield name, duration(seconds), f"{seconds / self.seconds[self.one]:,.2f}"

    def text(self) -> str:
        """For a terminal."""
        head = f"{self.work}\n{'':60}{'median':>12}{'ratio':>12}"
        return "\n".join([head, *(f"  {name:58}{median:>12}{ratio:>12}" for name, median, ratio in self._rows())])

    def markdown(self) -> str:
        """For the documentation."""
        head = f"| {self.work} | median | beside {self.one} |\n|---|---:|---:|"
        return "\n".join([head, *(f"| {name} | {median} | {ratio} × |" for name, median, ratio in self._rows())])


def put_into(path: Path, name: str, content: str) -> None:
    """Replace what a page has between ``<!-- begin name -->`` and ``<!-- end name -->``."""
    begin, end = f"<!-- begin {name} -->", f"<!-- end {name} -->"
    page = path.read_text(encoding="utf-8")
    assert page.count(begin) == page.count(end) == 1, f"{path} has no place for {name}"
    found = re.sub(f"{begin}.*{end}", lambda _: f"{begin}\n\n{content}\n\n{end}", page, flags=re.DOTALL)
    path.write_text(found, encoding="utf-8")


# --- the machine -------------------------------------------------------------------------------

LIBRARIES = ("kursk-timeline", "numpy", "pandas", "polars", "duckdb", "pyarrow", "eventsourcing", "numba")


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def _cores() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on every system
        return os.cpu_count() or 1


def _memory() -> str:
    try:
        return f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB"
    except (AttributeError, ValueError):
        return "memory unknown"


def _version(library: str) -> str | None:
    try:
        return importlib.metadata.version(library)
    except importlib.metadata.PackageNotFoundError:
        return None


def machine() -> str:
    """Processor, cores, memory, versions, the date, and how busy it was already: figures mean little without."""
    versions = [f"{name} {version}" for name in LIBRARIES if (version := _version(name)) is not None]
    load = f", load {os.getloadavg()[0]:.1f} at the start" if hasattr(os, "getloadavg") else ""
    return (
        f"{_processor()} ({platform.machine()}), {_cores()} cores, {_memory()}, {platform.system()}, "
        f"{time.strftime('%Y-%m-%d')}{load}\n"
        f"Python {platform.python_version()}, {', '.join(versions)}"
    )
