"""
What a projection's code is, as one hash: equal as long as it does the same.

What was computed by a projection is worth nothing once its code has changed. So the hash runs over the
function's bytecode and constants, its defaults and what it encloses, and, one after the other, over
whatever it names: other functions, constants, the files of modules. Comments, blank lines and the
file's place do not count. Another version of Python has other bytecode, and so another hash.

What a thing means cannot always be told: an open file, a connection, an object of a foreign class.
"""

from __future__ import annotations

import builtins
import enum
import functools
import hashlib
import re
import types
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from kursk_timeline.errors import ProjectionError, shown
from kursk_timeline.projections import Projection

_PLAIN = (type(None), bool, int, float, complex, str, bytes, type(...))


def fingerprint(projections: Iterable[Projection]) -> str:
    """
    The hash of some projections, in their order: 64 hexadecimal digits.

    Raises:
        ProjectionError: one rests on something whose meaning cannot be compared; says on what.

    Cost: some milliseconds.

    >>> from kursk_timeline.projections.forces import forces
    >>> fingerprint([forces]) == fingerprint([forces])
    True
    """
    digest = hashlib.sha256()
    for projection in projections:
        seen: dict[int, int] = {}
        try:
            for part in _described(projection, seen):
                digest.update(part.encode("utf-8", "surrogatepass") + b"\0")
        except _UnknownError as error:
            raise ProjectionError(
                f"projection {projection.__name__!r} rests on {error}, which cannot be compared from one session to "
                "the next; give it functions and plain values only"
            ) from None
    return digest.hexdigest()


class _UnknownError(Exception):
    """Something whose meaning cannot be told."""


def _described(thing: Any, seen: dict[int, int]) -> Iterator[str]:
    """What a thing is, in words; what was described before is only referred to."""
    if isinstance(thing, _PLAIN):
        yield f"{type(thing).__name__}:{thing!r}"
        return
    if id(thing) in seen:
        yield f"again:{seen[id(thing)]}"
        return
    seen[id(thing)] = len(seen)
    match thing:
        case Projection():
            yield f"projection:{thing.__module__}.{thing.__name__}"
            yield from _described(thing.function, seen)
            for measure in thing.measures:
                yield repr(measure)
        case types.FunctionType():
            yield f"function:{thing.__qualname__}"
            yield from _described(thing.__code__, seen)
            yield from _described((thing.__defaults__, thing.__kwdefaults__), seen)
            for cell in thing.__closure__ or ():
                yield from _described(cell.cell_contents, seen)
            for name in sorted(_names(thing.__code__)):
                if name in thing.__globals__:
                    yield f"name:{name}"
                    yield from _described(thing.__globals__[name], seen)
        case types.CodeType():
            yield f"code:{thing.co_code.hex()}:{thing.co_names}:{thing.co_varnames}:{thing.co_flags}"
            yield from _described(thing.co_consts, seen)
        case types.MethodType():
            yield from _described((thing.__func__, thing.__self__), seen)
        case functools.partial():
            yield from _described((thing.func, thing.args, thing.keywords), seen)
        case types.BuiltinFunctionType():
            yield f"builtin:{thing.__module__}.{thing.__qualname__}"
        case types.ModuleType():
            yield f"module:{thing.__name__}"
            file = getattr(thing, "__file__", None)
            if file is not None and not _is_ours(thing.__name__):
                yield hashlib.sha256(Path(file).read_bytes()).hexdigest()
        case enum.Enum():
            yield f"enum:{thing!r}"
        case type():
            yield f"class:{thing.__module__}.{thing.__qualname__}"
            if thing.__module__ != builtins.__name__ and not _is_ours(thing.__module__):
                for name, value in sorted(vars(thing).items()):
                    if isinstance(value, (types.FunctionType, classmethod, staticmethod, property, *_PLAIN)):
                        yield f"member:{name}"
                        yield from _described(getattr(value, "__func__", getattr(value, "fget", value)), seen)
                yield from _described(thing.__bases__, seen)
        case re.Pattern():
            yield f"pattern:{thing.pattern!r}:{thing.flags}"
        case tuple() | list():
            yield f"{type(thing).__name__}:{len(thing)}"
            for one in thing:
                yield from _described(one, seen)
        case dict() | types.MappingProxyType():
            yield f"mapping:{len(thing)}"
            for key, value in thing.items():
                yield from _described(key, seen)
                yield from _described(value, seen)
        case set() | frozenset():
            yield f"set:{sorted(map(repr, thing))}"
        case _ if _is_ours(type(thing).__module__):
            yield f"{type(thing).__qualname__}:{thing!r}"
        case _:
            raise _UnknownError(shown(thing))


def _is_ours(module: str) -> bool:
    """Part of this package: its version stands for it."""
    return module.partition(".")[0] == __name__.partition(".")[0]


def _names(code: types.CodeType) -> set[str]:
    """The names that code, and the functions within it, look up."""
    found = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            found |= _names(constant)
    return found
