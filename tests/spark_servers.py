"""Engines that speak Spark Connect, for tests: Sail from a package, and Spark itself where it is installed."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

import pytest

SECONDS = 120
"""How long a server may take to start."""


def absent(reason: str) -> NoReturn:
    """Skip, so that everybody sees why; in CI it is a failure, where the engine has to be there."""
    if os.environ.get("KURSK_CI") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


def free_port() -> int:
    """A port of this machine that nobody listens on just now."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextlib.contextmanager
def started(command: Sequence[str], port: int, env: Mapping[str, str], stop: signal.Signals) -> Iterator[None]:
    """A server in a process group of its own, from when it listens; the whole group is ended afterwards."""
    work = Path(tempfile.mkdtemp(prefix="kursk-engine-"))
    log = work / "log"
    with log.open("wb") as out:
        server = subprocess.Popen(
            command,
            env=env,
            cwd=work,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        end = time.monotonic() + SECONDS
        while True:
            if server.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"the engine did not start: {log.read_text(errors='replace')[-2000:]}")
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.5):
                break
            time.sleep(0.1)
        yield
    finally:
        try:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(server.pid, stop)
            with contextlib.suppress(subprocess.TimeoutExpired):
                server.wait(20)
        finally:  # also where somebody will not wait so long
            with contextlib.suppress(ProcessLookupError):
                os.killpg(server.pid, signal.SIGKILL)
            server.wait()
            shutil.rmtree(work, ignore_errors=True)


def _environment(**more: str) -> dict[str, str]:
    """The environment without what would make an engine or its workers another one."""
    left_out = {"PYTHONPATH", "SPARK_REMOTE", "SPARK_CONF_DIR", "SPARK_HOME", "PYTHONHASHSEED", "PYTHONWARNINGS"}
    return {name: value for name, value in os.environ.items() if name not in left_out} | more


@contextlib.contextmanager
def sail() -> Iterator[str]:
    """The address of a Sail server."""
    try:
        import pysail  # noqa: F401
    except ImportError as error:
        absent(f"no Sail to test with: pip install pysail ({error})")
    port = free_port()
    command = [sys.executable, "-m", "pysail", "spark", "server", "--port", str(port)]
    with started(command, port, _environment(RUST_LOG="error"), signal.SIGINT):
        yield f"sc://127.0.0.1:{port}"


def spark_home() -> Path | None:
    """
    Where the whole of Spark is: the folder of `pyspark` in an environment of its own.

    It is named by KURSK_SPARK_HOME (that folder, or the environment); else looked for in ``.spark`` beside
    ``tests``. It must not share an environment with the client: both are called pyspark.
    """
    named = os.environ.get("KURSK_SPARK_HOME")
    base = Path(named) if named else Path(__file__).parent.parent / ".spark"
    for folder in (base, *base.glob("lib/python3*/site-packages/pyspark")):
        if (folder / "jars").is_dir():
            return folder
    return None


def java() -> str | None:
    """The program that runs Java."""
    home = os.environ.get("JAVA_HOME")
    return str(Path(home, "bin", "java")) if home else shutil.which("java")


@contextlib.contextmanager
def spark(*, cores: int = 2, memory: str = "1g") -> Iterator[str]:
    """The address of Spark's own Connect server; its workers run this very Python."""
    home = spark_home()
    if home is None:
        absent("no Spark to test with: python -m venv .spark && .spark/bin/pip install 'pyspark[connect]'")
    if java() is None:
        absent("Spark needs Java 17")
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="kursk-spark-", ignore_cleanup_errors=True) as work:
        settings = {
            "spark.connect.grpc.binding.address": "127.0.0.1",
            "spark.connect.grpc.binding.port": str(port),
            "spark.driver.host": "127.0.0.1",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.ui.enabled": "false",
            "spark.sql.warehouse.dir": f"{work}/warehouse",
            "spark.local.dir": f"{work}/local",
            "spark.pyspark.python": sys.executable,
            "spark.task.maxFailures": "1",
        }
        command = ["bash", str(home / "bin" / "spark-submit"), "--master", f"local[{cores}]", "--driver-memory", memory]
        for name, value in settings.items():
            command += ["--conf", f"{name}={value}"]
        command += ["--class", "org.apache.spark.sql.connect.service.SparkConnectServer", "spark-internal"]
        env = _environment(
            SPARK_HOME=str(home), PYSPARK_PYTHON=sys.executable, SPARK_LOCAL_IP="127.0.0.1", PYTHONWARNINGS="ignore"
        )
        with started(command, port, env, signal.SIGTERM):
            yield f"sc://127.0.0.1:{port}"


@contextlib.contextmanager
def session(address: str) -> Iterator[Any]:
    """A session with a server, ended before the server is."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the client says which pandas it would rather have
        from pyspark.sql import SparkSession

        made = SparkSession.builder.remote(address).create()
    yield made
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made.stop()


ENGINES = {"sail": sail, "spark": spark}
