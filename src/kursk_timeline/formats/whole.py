"""Files and folders that are written whole or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from kursk_timeline.errors import StorageError, shown
from kursk_timeline.text import file_path

_DATABASE = b"SQLite format 3\0"
"""What an SQLite file begins with (https://www.sqlite.org/fileformat.html#the_database_header), and so a log."""


def write_whole(path: str | os.PathLike[str], chunks: Iterable[bytes], over: bytes = b"") -> Path:
    """
    Write a file: one of that name is replaced only when the new one is complete and on disk.

    Args:
        path: The file.
        chunks: What it is to hold.
        over: A file of that name must begin with this, or hold no more than a part of it, to be replaced.

    Returns:
        The file's path.

    Raises:
        InputError: it is no path.
        StorageError: it is a link or no plain file, or holds what is not to be replaced, such as a log or any other
            database; or it cannot be written. Nothing was changed.
    """
    target = file_path(path)
    try:
        if target.is_symlink() or (target.exists() and not target.is_file()):
            raise StorageError(f"{target} is a link or no plain file; name a file itself")
        if target.exists():
            if _is_of_a_database(target):
                raise StorageError(
                    f"{target} is a database, a log perhaps, or belongs to one, and stays as it is; name another file"
                )
            start = _start(target, len(over))
            if not over.startswith(start):  # a shorter one is what a crash has left
                raise StorageError(f"{target} holds other things, which stay as they are; name another file")
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        try:
            with os.fdopen(handle, "wb") as out:
                for chunk in chunks:
                    out.write(chunk)
                out.flush()
                os.fsync(out.fileno())
            os.chmod(temporary, 0o666 & ~_umask())
            os.replace(temporary, target)
        except BaseException:
            os.unlink(temporary)
            raise
    except OSError as error:
        raise StorageError(f"{shown(str(target))} cannot be written: {error.strerror}") from error
    return target


def _is_of_a_database(path: Path) -> bool:
    names = {path.name.removesuffix(suffix) for suffix in ("", "-journal", "-wal", "-shm")}
    files = (path.with_name(name) for name in names if name)
    return any(file.is_file() and _start(file, len(_DATABASE)) == _DATABASE for file in files)


def _start(path: Path, size: int) -> bytes:
    with path.open("rb") as file:
        return file.read(size)


@contextmanager
def whole_folder(path: str | os.PathLike[str], replaces: Callable[[Path], bool] = lambda _: False) -> Iterator[Path]:
    """
    A folder that appears with all its files, or not at all.

    Gives an empty folder beside it, whose name begins with a dot; at the end that one takes the name.

    Args:
        path: A folder that is empty or not there yet, or
        replaces: one of which this says that it may be replaced. That is done at the end: for a moment, or
            after a power cut just then, the old one lies beside it under another name.

    Raises:
        InputError: it is no path.
        StorageError: it is a link or no folder, holds other things, or cannot be written; nothing was changed.
    """
    target = file_path(path).absolute()
    temporary: Path | None = None
    try:
        if target.is_symlink() or (target.exists() and not target.is_dir()):
            raise StorageError(f"{target} is a link or no folder; name a folder itself")
        if target.exists() and any(target.iterdir()) and not replaces(target):
            raise StorageError(f"{target} holds other things, which stay as they are; name a new folder")
        temporary = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}."))
        temporary.chmod(0o777 & ~_umask())
        yield temporary
        if target.exists():
            old = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}.old."))
            os.rename(target, old)  # onto an empty folder
            try:
                os.rename(temporary, target)
            except BaseException:
                os.rename(old, target)
                raise
            shutil.rmtree(old, ignore_errors=True)
        else:
            os.rename(temporary, target)
        temporary = None
    except OSError as error:
        raise StorageError(f"{shown(str(target))} cannot be written: {error.strerror or error}") from error
    finally:
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
