"""Files that are written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from kursk_timeline.errors import StorageError, shown
from kursk_timeline.text import file_path


def write_whole(path: str | os.PathLike[str], chunks: Iterable[bytes]) -> Path:
    """
    Write a file: one of that name is replaced only when the new one is complete and on disk.

    Returns:
        The file's path.

    Raises:
        InputError: it is no path.
        StorageError: it is a link or no plain file, or it cannot be written; nothing was changed.
    """
    target = file_path(path)
    try:
        if target.is_symlink() or (target.exists() and not target.is_file()):
            raise StorageError(f"{target} is a link or no plain file; name a file itself")
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


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
