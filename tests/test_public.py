"""The package as a whole: its public names, what importing it loads, and what its source never does."""

from __future__ import annotations

import ast
import inspect
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import kursk_timeline as kt

PACKAGE = Path(kt.__file__).parent
SOURCES = sorted(PACKAGE.rglob("*.py"))
HEAVY = [
    "numpy", "pandas", "polars", "pyarrow", "duckdb", "altair", "psycopg", "pyspark", "cyclopts", "sqlite3",
    "nanoarrow", "pendulum", "hypothesis", "vl_convert", "anywidget", "IPython",
]  # fmt: skip


def _trees() -> Iterator[tuple[str, ast.Module]]:
    for path in SOURCES:
        yield str(path.relative_to(PACKAGE)), ast.parse(path.read_text("utf-8"))


# --- names -------------------------------------------------------------------------------------


def test_public_names_are_sorted_and_whole() -> None:
    """Everything that `__init__` imports without an underscore is public, and nothing else."""
    tree = ast.parse((PACKAGE / "__init__.py").read_text("utf-8"))
    imported = {
        (alias.asname or alias.name)
        for node in tree.body
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for alias in node.names
    }
    assert list(kt.__all__) == sorted(kt.__all__)
    assert set(kt.__all__) == {name for name in imported if not name.startswith("_")}
    assert len(set(kt.__all__)) == len(kt.__all__)


def test_every_error_and_every_kind_is_public() -> None:
    """A user can name whatever can be raised or read."""
    from kursk_timeline import errors
    from kursk_timeline.events.base import KINDS

    raised = {name for name, one in vars(errors).items() if inspect.isclass(one) and issubclass(one, kt.TimelineError)}
    kinds = {cls.__name__ for cls in KINDS.values() if cls.__module__.startswith("kursk_timeline")}
    assert raised | kinds <= set(kt.__all__)


@pytest.mark.parametrize("name", kt.__all__)
def test_every_public_name_says_what_it_is(name: str) -> None:
    """A docstring of its own, and so has every public method and property."""
    public = getattr(kt, name)
    assert (inspect.getdoc(public) or "").strip(), name
    if inspect.isclass(public) and public.__module__.startswith("kursk_timeline"):
        assert public.__dict__.get("__doc__"), f"{name} only inherits its docstring"
        for member, value in vars(public).items():
            if not member.startswith("_") and (
                inspect.isfunction(value) or isinstance(value, (property, classmethod, staticmethod))
            ):
                assert inspect.getdoc(value), f"{name}.{member}"


@pytest.mark.parametrize(
    "name", [n for n in kt.__all__ if inspect.isclass(getattr(kt, n)) and issubclass(getattr(kt, n), Exception)]
)
def test_errors_stand_in_the_drawn_tree(name: str) -> None:
    """The tree at the top of `errors` shows every class, and every one is a `TimelineError`."""
    from kursk_timeline import errors

    assert issubclass(getattr(kt, name), kt.TimelineError)
    assert name in (errors.__doc__ or "")


def test_the_package_is_typed() -> None:
    """The marker that type checkers look for lies in the package."""
    assert (PACKAGE / "py.typed").is_file()


def test_the_version_is_the_one_that_the_command_says() -> None:
    """One place says it."""
    import re

    assert re.fullmatch(r"\d+\.\d+\.\d+", kt.__version__)


# --- a fresh process ---------------------------------------------------------------------------


def _fresh(code: str) -> str:
    """What a new interpreter prints."""
    path = os.pathsep.join([str(PACKAGE.parent), os.environ.get("PYTHONPATH", "")]).strip(os.pathsep)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize(
    "work",
    [
        "",
        "str(kt.state_at('2025-06-22'))",
        "kt.state_at('2025-06-22')._repr_html_()",
        "repr(kt.kursk().history('held/ukraine/kursk'))",
        "day = '2024-08-06'\n"
        "kt.Timeline.open().append(kt.StatementMade(occurred=day, reported=day, claimant='x', sources='y'))",
    ],
)
def test_asking_the_bundled_record_loads_nothing_heavy(work: str) -> None:
    """No database, dataframe, plotting, calendar or command-line library."""
    code = f"import sys, kursk_timeline as kt\n{work}\nprint(*sorted({HEAVY!r} & sys.modules.keys()))".replace(
        f"{HEAVY!r} &", f"set({HEAVY!r}) &"
    )
    assert _fresh(code) == ""


def test_importing_does_nothing_but_define() -> None:
    """Nothing is printed, no file is opened for writing, no warning raised, no thread started."""
    code = (
        "import sys, threading\n"
        "never = ('socket.connect', 'subprocess.Popen', 'os.remove', 'os.mkdir')\n"
        "def writes(path, mode, _):\n"
        "    return isinstance(mode, str) and set(mode) & set('wax+') and '__pycache__' not in str(path)\n"
        "def hook(event, args):\n"
        "    if event in never or (event == 'open' and writes(*args)): print(event, args)\n"
        "sys.addaudithook(hook)\n"
        "import kursk_timeline\n"
        "assert threading.active_count() == 1"
    )
    assert _fresh(code) == ""


# --- what the source never does ----------------------------------------------------------------


def test_there_is_source_to_look_at() -> None:
    """The checks below read the whole package."""
    assert len(SOURCES) > 20


def test_nothing_that_runs_data_is_imported_or_called() -> None:
    """No pickle, marshal or shelve; no eval, exec or compile; no shell."""
    never = {
        "pickle",
        "cPickle",
        "marshal",
        "shelve",
        "dill",
        "yaml",
        "subprocess",
        "ctypes",
        "imp",
        "code",
        "codeop",
        "xml",
    }
    found = []
    for path, tree in _trees():
        for node in ast.walk(tree):
            if path == "testing/fresh.py":
                continue  # it starts another interpreter, of which it asks one question
            if isinstance(node, ast.Import):
                found += [(path, node.lineno, a.name) for a in node.names if a.name.split(".")[0] in never]
            elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in never:
                found.append((path, node.lineno, str(node.module)))
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                if node.func.id in {"eval", "exec", "compile", "__import__"}:
                    found.append((path, node.lineno, node.func.id))
            elif isinstance(node, ast.Attribute) and (node.attr == "system" or (node.attr == "popen")):
                found.append((path, node.lineno, node.attr))
    assert found == []


def test_no_text_is_used_as_a_template() -> None:
    """No `.format(`, `.format_map(`, `string.Template`, and no ``%`` on a string."""
    found = []
    for path, tree in _trees():
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in {"format", "format_map", "vformat"}
                # Composing SQL out of identifiers is what psycopg has this for.
                and not (isinstance(node.func.value, ast.Call) and ast.unparse(node.func.value.func) == "sql.SQL")
            ):
                found.append((path, node.lineno))
            if (
                isinstance(node, ast.BinOp)
                and isinstance(node.op, ast.Mod)
                and (
                    isinstance(node.left, ast.JoinedStr)
                    or (isinstance(node.left, ast.Constant) and isinstance(node.left.value, str))
                )
            ):
                found.append((path, node.lineno))
            if isinstance(node, ast.ImportFrom) and node.module == "string":
                found.append((path, node.lineno))
    assert found == []


def test_no_statement_of_sql_holds_foreign_text() -> None:
    """An f-string handed to `execute` interpolates whole numbers of our own and nothing else."""
    found = []
    for path, tree in _trees():
        for node in ast.walk(tree):
            if not (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr.startswith("execute")
                and node.args
            ):
                continue
            for part in ast.walk(node.args[0]):
                if isinstance(part, ast.FormattedValue):
                    spec = ast.unparse(part.format_spec) if part.format_spec else ""
                    if not (isinstance(part.value, ast.Name) and part.value.id.isupper() and "d" in spec):
                        found.append((path, node.lineno, ast.unparse(node.args[0])))
    assert found == []


def test_the_library_keeps_no_clock_and_no_chance() -> None:
    """Only the log asks what time it is; nothing asks for a random number."""
    clocks, chance = [], []
    for path, tree in _trees():
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Attribute)
                and node.attr in {"now", "utcnow", "today"}
                and isinstance(node.value, (ast.Name, ast.Attribute))
            ):
                clocks.append(path)
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                names = [a.name for a in node.names] + [getattr(node, "module", None) or ""]
                if {"random", "secrets", "uuid"} & set(names):
                    chance.append(path)
    assert set(clocks) <= {"log/__init__.py"}
    assert set(chance) <= {"testing/laws.py", "log/keys.py"}  # one watches others for it, the other makes keys


def test_only_the_command_line_prints() -> None:
    """A library that prints disturbs every notebook it is used in."""
    printing = {
        path
        for path, tree in _trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in {"print", "input", "breakpoint"}
    }
    assert printing <= {"cli.py"}
