"""
The effects of a function in another interpreter, where sets of strings have another order.

In one process the hash seed is fixed, and a set looks as if it had an order. Nothing short of
another process shows that it has none.
"""

from __future__ import annotations

import importlib
import inspect
import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Any

from kursk_timeline.errors import InputError
from kursk_timeline.events.base import Event

_PROGRAM = "from kursk_timeline.testing.fresh import _answer; _answer()"


def effects_elsewhere(function: Callable[..., object], events: Sequence[Event], hash_seed: int) -> list[list[str]]:
    """
    The effects of each event, written out, as another interpreter with that hash seed gives them.

    Raises:
        InputError: the function cannot be found again by its module and name.
    """
    plain = inspect.unwrap(function)
    module, name = getattr(plain, "__module__", None), getattr(plain, "__qualname__", "<no name>")
    if module in (None, "__main__") or "<" in name:
        raise InputError(
            f"fresh_process: {name} cannot be imported by another interpreter; "
            "put it at the top level of a module of its own"
        )
    question = {
        "path": sys.path,
        "modules": sorted({type(event).__module__ for event in events} - {"__main__"}),
        "function": [module, name],
        "events": [event.canonical.decode() for event in events],
    }
    # The program is ours and the input is data: nothing of an event is executed.
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", _PROGRAM],
        input=json.dumps(question),
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONHASHSEED": str(hash_seed), "PYTHONIOENCODING": "utf-8", "PYTHONPATH": _here()},
        check=False,
    )
    if done.returncode != 0:
        raise InputError(f"fresh_process: {module}.{name} does not run elsewhere: {done.stderr.strip()[-300:]}")
    answer: list[list[str]] = json.loads(done.stdout.rpartition("\n")[2])
    return answer


def _here() -> str:
    return os.pathsep.join(path for path in sys.path if path)


def _answer() -> None:
    """In the other interpreter: read the question, write the effects on the last line."""
    from kursk_timeline.events.codec import decode
    from kursk_timeline.projections import Projection, projection

    question = json.loads(sys.stdin.read())
    sys.path[:] = question["path"]
    for module in question["modules"]:
        importlib.import_module(module)
    module, name = question["function"]
    found: Any = importlib.import_module(module)
    for part in name.split("."):
        found = getattr(found, part)
    project = found if isinstance(found, Projection) else projection(found)
    effects = [[repr(effect) for effect in project(decode(body))] for body in question["events"]]
    sys.stdout.write("\n" + json.dumps(effects))
