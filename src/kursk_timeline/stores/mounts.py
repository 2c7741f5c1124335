"""Where a file lies: on this machine, or on another one's disk."""

from __future__ import annotations

import os
from pathlib import Path

NETWORK = frozenset({"9p", "afs", "beegfs", "ceph", "cifs", "glusterfs", "gpfs", "lustre", "ncpfs", "nfs", "nfs4"}) | {
    *{"orangefs", "smb2", "smb3", "smbfs", "virtiofs", "fuse.ceph", "fuse.glusterfs", "fuse.s3fs", "fuse.sshfs"}
}
"""Kinds of file systems, as Linux names them, whose locks and shared memory cannot be relied on."""

MOUNTS = "/proc/self/mounts"


def network_filesystem(path: Path, mounts: str = MOUNTS) -> str | None:
    """
    The kind of network file system a path lies on; None for a local one, or where that cannot be told.

    Args:
        path: The file.
        mounts: The table of mounted file systems, as in proc(5).
    """
    try:
        table = Path(mounts).read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return None
    real = os.path.realpath(path)
    found = ("", "")
    for line in table.splitlines():
        fields = line.split(" ")
        if len(fields) > 2:
            # Blanks in names are written \040, and so on.
            point = fields[1].encode("utf-8", "surrogateescape").decode("unicode_escape").encode("latin-1", "replace")
            place = os.fsdecode(point).rstrip("/")
            if (real == place or real.startswith(place + "/")) and len(place) >= len(found[0]):
                found = (place, fields[2])
    return found[1] if found[1] in NETWORK else None
