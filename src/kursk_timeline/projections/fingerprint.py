"""
What a projection's code is, as one hash: equal as long as it does the same.

What was computed by a projection is worth nothing once its code has changed. So the hash runs over the
function's bytecode and constants, its defaults, its attributes and what it encloses, and, one after the
other, over whatever it names: functions, classes and modules with all that they hold, values. A value of a
class that is unknown here is what it would be pickled as. Comments, blank lines and the file's place do not
count.

What has a release is named, not read. Python's version stands for its library, this package's (a snapshot says
that one) and the file at hand for itself, and for an installed package its version, the file at hand and its
first file; only the package that the projection itself lives in is read.

What a thing means cannot always be told: an open file, a connection, a lock. An import within a function is
refused, too, unless what it brings has a release: whether it was done already must not matter. Nobody sees
what a function reads from outside while it runs, or finds by a name that it makes up (`importlib`, `eval`);
but a projection looks at nothing but its event.
"""

from __future__ import annotations

import copyreg
import dis
import enum
import functools
import hashlib
import importlib.util
import operator
import platform
import re
import sys
import sysconfig
import types
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

from kursk_timeline.errors import ProjectionError
from kursk_timeline.projections import Projection
from kursk_timeline.version import __version__

_PLAIN = (type(None), bool, float, complex, str, bytes, type(...), date, timedelta, Decimal, Fraction)
"""Types whose values are what they are printed as."""

_STANDARD = sysconfig.get_path("stdlib")

_CODE = (".py", ".so", ".pyd")
"""How the names of files end that hold code."""

_ASIDE = {
    "__annotate__", "__annotate_func__", "__annotations__", "__annotations_cache__", "__attrs_base_of_slotted__",
    "__builtins__", "__cached__", "__doc__", "__file__", "__firstlineno__", "__loader__", "__module__", "__name__",
    "__orig_bases__", "__package__", "__parameters__", "__path__", "__qualname__", "__spec__", "__static_attributes__",
    "__type_params__", "__warningregistry__", "_abc_impl",
    # An enum fills these as it is used.
    "_hashable_values_", "_inverted_", "_unhashable_values_", "_unhashable_values_map_", "_value2member_map_",
}  # fmt: skip
"""Members of modules, classes and functions that change nothing of what they do."""


def fingerprint(projections: Iterable[Projection]) -> str:
    """
    The hash of some projections, in their order: 64 hexadecimal digits.

    Raises:
        ProjectionError: one rests on something whose meaning cannot be compared; says on what.

    Cost: some milliseconds; more where they name large tables or modules.

    >>> from kursk_timeline.projections.forces import forces
    >>> fingerprint([forces]) == fingerprint([forces])
    True
    """
    digest = hashlib.sha256(f"{platform.python_implementation()} {platform.python_version()}".encode())
    for projection in projections:
        try:
            for line in _described(projection):
                digest.update(line.encode("utf-8", "surrogatepass") + b"\0")
        except _UnknownError as error:
            raise ProjectionError(
                f"projection {projection.__name__!r} rests on {error}, which cannot be compared from one session to "
                f"the next; {error.instead}"
            ) from None
    return digest.hexdigest()


class _UnknownError(Exception):
    """Something whose meaning cannot be told."""

    def __init__(self, what: str, instead: str = "give it functions and plain values only") -> None:
        super().__init__(what)
        self.instead = instead


def _described(projection: Projection) -> Iterator[str]:
    """What a projection is, in words: each thing on a line of its own, in the order in which they are met."""
    own = _home(projection.function)
    # Keeps alive what is made on the way, too: an id may be given to another thing once its own is gone.
    found: list[Any] = [projection]
    numbers = {id(projection): 0}
    met_in = [""]

    def word(part: Any) -> str:
        kind = type(part)
        if kind in _PLAIN:
            return repr(part)
        if kind is int:
            return hex(part)  # one of any size
        # Equal ones may be one object, or not, depending on whether the code was compiled or loaded: no numbers.
        if kind is tuple:
            return f"({','.join(map(word, part))})"
        if kind in (set, frozenset):
            return f"{kind.__name__}({','.join(map(word, sorted(part, key=_place)))})"
        if id(part) not in numbers:
            numbers[id(part)] = len(found)
            found.append(part)
            met_in.append(inside)
        return f"#{numbers[id(part)]}"

    for thing, outside in zip(found, met_in, strict=True):  # both grow
        inside = outside
        try:
            inside = _name(thing) or outside
            line = word(_parts(thing, own))
        except Exception as error:  # classes that are unknown here are asked, and may raise anything
            told = error if isinstance(error, _UnknownError) else _UnknownError(f"an object of type {_type(thing)}")
            raise _UnknownError(f"{told} (in {inside})" if inside else str(told), told.instead) from None
        yield line


def _parts(thing: Any, own: str) -> tuple[Any, ...]:
    """What a thing consists of: plain values, and other things that are described in their turn."""
    if (known := _known(thing, own)) is not None:
        return known
    kind = type(thing)
    match thing:
        case Projection():
            return kind, thing.__module__, thing.__name__, thing.function, thing.measures
        case types.FunctionType():
            space = thing.__globals__
            named = {name: space[name] for name in sorted(_names(thing.__code__)) if name in space}
            enclosed = tuple(map(_content, thing.__closure__ or ()))
            defaults = (thing.__defaults__, thing.__kwdefaults__)
            return "function", thing.__qualname__, thing.__code__, *defaults, enclosed, named, _members(vars(thing))
        case types.CodeType():
            steps = (thing.co_code, thing.co_exceptiontable, thing.co_consts, *_imports(thing, own))
            names = (thing.co_names, thing.co_varnames, thing.co_freevars, thing.co_cellvars)
            counts = (thing.co_flags, thing.co_argcount, thing.co_posonlyargcount, thing.co_kwonlyargcount)
            return "code", steps, names, counts
        case types.MethodType():
            return "method", thing.__func__, thing.__self__
        case types.BuiltinFunctionType():
            return "builtin", thing.__qualname__, thing.__self__
        case functools._lru_cache_wrapper():
            return "cached", _members(vars(thing))
        case property():
            return kind, thing.fget, thing.fset, thing.fdel
        case classmethod() | staticmethod():
            return kind, thing.__func__
        case functools.cached_property():
            return kind, thing.func
        case types.ModuleType():
            file = getattr(thing, "__file__", None) or ".py"
            compiled = None if file.endswith(".py") else _hash(Path(file))
            return "module", thing.__name__, compiled, _members(vars(thing))
        case type():
            if kind.__module__ not in sys.stdlib_module_names and _known(kind, own) is not None:
                raise _UnknownError(f"the class {thing.__qualname__}, of a library that keeps what it means to itself")
            return kind, thing.__module__, thing.__qualname__, thing.__bases__, _members(vars(thing))
        case enum.Enum():
            return kind, _members(vars(thing))
        case types.MappingProxyType():
            return "mapping", dict(thing)
    if kind is list:
        return "list", *thing
    if kind is dict:
        return "dict", *(part for pair in thing.items() for part in pair)
    if isinstance(thing, (set, frozenset)):
        return kind, frozenset(thing), getattr(thing, "__dict__", None)
    return kind, *_pickled(thing)


def _known(thing: Any, own: str) -> tuple[str, ...] | None:
    """A thing by its name, where that and a release are enough: in its module it stands under that name."""
    module, name = getattr(thing, "__module__", None), getattr(thing, "__qualname__", "")
    if isinstance(thing, types.ModuleType):
        module, name = thing.__name__, ""
    if not isinstance(module, str) or module not in sys.modules or not isinstance(name, str):
        return None
    try:
        there = operator.attrgetter(name)(sys.modules[module]) if name else sys.modules[module]
    except AttributeError:
        return None
    release = _release(module, own) if there is thing else None
    return None if release is None else ("known", module, name, release)


def _release(module: str, own: str) -> str | None:
    """What stands for all of a module that is here already, or for a top one; None where it must be read."""
    top = module.partition(".")[0]
    if top == __name__.partition(".")[0]:
        return f"ours:{_ours(module)}"
    try:
        spec, first = importlib.util.find_spec(module), importlib.util.find_spec(top)
    except (ImportError, ValueError):  # a script has none
        return None
    if spec is None or first is None:
        return None
    file = Path(spec.origin) if spec.has_location and spec.origin else None
    installed = file is not None and not {"site-packages", "dist-packages"}.isdisjoint(file.parts)
    if not installed:
        is_pythons = top in sys.stdlib_module_names and (file is None or file.is_relative_to(_STANDARD))
        return "Python's" if is_pythons else None
    if top == own:
        return None
    files = [path for one in (spec, first) if (path := Path(one.origin or "")).is_file()]
    return ":".join([_version(top), *map(_hash, files)])


def _ours(module: str) -> str:
    """The file at hand, as this version may be one that somebody works on; the version alone out of an archive."""
    try:
        return _hash(Path(sys.modules[module].__file__ or ""))
    except OSError:
        return __version__


@functools.cache
def _version(package: str) -> str:
    """The version of an installed package; where nobody knows it, all its files."""
    from importlib.metadata import packages_distributions, version  # slow to load, and seldom needed

    names = packages_distributions().get(package, ())  # dateutil comes with python-dateutil
    if names:
        return ",".join(f"{name} {version(name)}" for name in sorted(set(names)))
    spec = importlib.util.find_spec(package)
    folders = (spec.submodule_search_locations if spec is not None else None) or ()
    files = sorted(file for folder in folders for file in Path(folder).rglob("*") if file.suffix in _CODE)
    return ",".join(map(_hash, files))


def _hash(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _home(function: Any) -> str:
    """The package that a function lives in."""
    while isinstance(function, functools.partial):
        function = function.func
    return str(getattr(function, "__module__", "")).partition(".")[0]


def _members(space: Mapping[str, Any]) -> dict[str, Any]:
    """What a module, a class or a function holds."""
    slots = (types.GetSetDescriptorType, types.MemberDescriptorType)
    return {name: space[name] for name in sorted(space) if name not in _ASIDE and not isinstance(space[name], slots)}


@functools.cache
def _names(code: types.CodeType) -> frozenset[str]:
    """The names that code, and the functions within it, look up; not those of attributes."""
    inner = (constant for constant in code.co_consts if isinstance(constant, types.CodeType))
    looked_up = (step.argval for step in dis.get_instructions(code) if step.opname in _LOOK_UPS)
    return frozenset(looked_up).union(*map(_names, inner))


_LOOK_UPS = {"LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS"}
"""The steps of code that look a global up."""


def _imports(code: types.CodeType, own: str) -> Iterator[str]:
    """What stands for the modules that code imports."""
    if dis.opmap["IMPORT_NAME"] not in code.co_code[::2]:
        return
    steps = [step for step in dis.get_instructions(code) if step.opname != "EXTENDED_ARG"]
    for before, _, step in zip(steps, steps[1:], steps[2:], strict=False):
        if step.opname == "IMPORT_NAME":
            name = "." * before.argval + step.argval
            release = None if before.argval else _release(name.partition(".")[0], own)
            if release is None:
                raise _UnknownError(f"an import of {name!r} within a function", "write it at the top of the file")
            yield f"{name}:{release}"


def _content(cell: types.CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # nothing yet
        return ("empty",)


def _pickled(thing: Any) -> tuple[Any, ...]:
    """What a thing would be made again from."""
    reduce: Callable[[Any], Any] = copyreg.dispatch_table.get(type(thing), lambda thing: thing.__reduce_ex__(4))
    made = reduce(thing)
    if isinstance(made, tuple):  # what makes it, of what, its state; its elements come as iterators
        return tuple(tuple(part) if isinstance(part, Iterator) else part for part in made)
    if type(thing).__module__ in sys.stdlib_module_names:  # a type variable is its name
        return (made,)
    raise _UnknownError(f"an object of type {_type(thing)}")


def _type(thing: Any) -> str:
    return f"{type(thing).__module__}.{type(thing).__qualname__}"


def _name(thing: Any) -> str:
    """Where a reader finds a thing, if it has a name."""
    if isinstance(thing, (types.FunctionType, type)):
        return f"{thing.__module__}.{thing.__qualname__}"
    return thing.__name__ if isinstance(thing, types.ModuleType) else ""


def _place(thing: Any) -> Any:
    """Where a thing comes in a set: not by its hash, which each process has anew, nor by its address."""
    if isinstance(thing, (tuple, frozenset)):
        inner = map(_place, thing)
        return repr(list(inner) if isinstance(thing, tuple) else sorted(inner))
    return re.sub(r" at 0x[0-9a-fA-F]+", "", repr(thing))
