"""Running the command line as users run it: in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import kursk_timeline as kt

PACKAGE = str(Path(kt.__file__).parents[1])
ENVIRONMENT = {
    **{
        k: v
        for k, v in os.environ.items()
        if not k.startswith(("LC_", "LANG", "PYTHONIOENCODING", "PYTHONUTF8", "PYTHONCOERCE"))
    },
    "PYTHONPATH": os.pathsep.join([PACKAGE, os.environ.get("PYTHONPATH", "")]).strip(os.pathsep),
    "PYTHONDONTWRITEBYTECODE": "1",
    "COLUMNS": "80",
}
COMMAND = [sys.executable, "-W", "error", "-m", "kursk_timeline"]


def run(
    *arguments: str | Path, cwd: Path | None = None, stdin: bytes = b"", env: dict[str, str] | None = None
) -> tuple[int, bytes, bytes]:
    """Exit code, output and errors of one call."""
    done = subprocess.run(
        [*COMMAND, *map(str, arguments)],
        input=stdin,
        capture_output=True,
        cwd=cwd,
        env=ENVIRONMENT | (env or {}),
        timeout=120,
    )
    assert b"Traceback" not in done.stderr, done.stderr.decode(errors="replace")
    return done.returncode, done.stdout, done.stderr


def answer(*arguments: str | Path, **more: Any) -> str:
    """The output of a call that must succeed and say nothing on the error stream."""
    code, out, err = run(*arguments, **more)
    assert (code, err) == (0, b"")
    return out.decode()


def complaint(code: int, *arguments: str | Path, **more: Any) -> str:
    """The one line on the error stream of a call that must fail in this way, without output."""
    found, out, err = run(*arguments, **more)
    assert (found, out) == (code, b"")
    message = err.decode()
    assert message.startswith("kursk-timeline: ")
    assert message.count("\n") == 1
    assert message.endswith("\n")
    return message
