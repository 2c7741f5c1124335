"""
A Merkle tree over the log: the hash of RFC 9162, section 2.1, with SHA-256.

A leaf is an event's canonical bytes. The tree over n leaves is the full binary tree over the largest
power of two below n, joined with the tree over the rest. Its *complete* subtrees never change again,
so they are computed once and kept: number i on level l covers the leaves ``i * 2**l`` up to, and not
including, ``(i + 1) * 2**l``. Every other hash is put together from those when it is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import sha256

DIGEST = 32
"""Bytes of a hash."""

EMPTY_ROOT = sha256().digest()
"""The root of no leaves."""


def leaf_hash(body: bytes) -> bytes:
    """The hash of one leaf. The prefix keeps a leaf from ever passing for an inner node."""
    return sha256(b"\0" + body).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two subtrees joined."""
    return sha256(b"\1" + left + right).digest()


def completed(before: int, after: int) -> Iterator[int]:
    """How many subtrees become complete on each level as a tree grows from `before` to `after` leaves."""
    while after:
        yield after - before
        before >>= 1
        after >>= 1


def length_of_nodes(before: int, after: int) -> int:
    """How many bytes of hashes a tree completes as it grows from `before` to `after` leaves."""
    return DIGEST * sum(completed(before, after))


def other_leaf(bodies: Sequence[bytes], nodes: bytes) -> int | None:
    """
    The place of the first leaf that is not the one whose hash stands in `nodes`; None if all are.

    Args:
        bodies: The leaves.
        nodes: What `Frontier.grow` gave for them, or for those that stood there before.
    """
    for place, body in enumerate(bodies):
        if leaf_hash(body) != nodes[DIGEST * place : DIGEST * (place + 1)]:
            return place
    return None


def node_among(nodes: bytes, before: int, after: int, level: int, number: int) -> bytes:
    """One hash out of those that `Frontier.grow` gave as a tree grew from `before` to `after` leaves."""
    place = number - (before >> level)
    for _, count in zip(range(level), completed(before, after), strict=False):
        place += count
    return nodes[DIGEST * place : DIGEST * (place + 1)]


class Frontier:
    """
    The right edge of a tree: what is needed to add leaves, and nothing else.

    Args:
        peaks: The roots of the complete subtrees that make up the tree, by level; None where there is none.
    """

    def __init__(self, peaks: Sequence[bytes | None] = ()) -> None:
        self._peaks = list(peaks)
        self.size = sum(1 << level for level, peak in enumerate(peaks) if peak is not None)

    def grow(self, leaves: list[bytes]) -> bytes:
        """
        Add leaf hashes.

        Returns:
            The hashes of all subtrees that became complete: level by level from the leaves, each from left to right.

        Cost: two hashes for three leaves or fewer, about one for each leaf of many.
        """
        self.size += len(leaves)
        nodes, grown, level = leaves, [], 0
        while nodes:
            grown += nodes
            if level == len(self._peaks):
                self._peaks.append(None)
            waiting = self._peaks[level]
            if waiting is not None:
                nodes = [waiting, *nodes]
            self._peaks[level] = nodes[-1] if len(nodes) % 2 else None
            left_right = iter(nodes)
            nodes = [sha256(b"\1" + left + right).digest() for left, right in zip(left_right, left_right, strict=False)]
            level += 1
        return b"".join(grown)

    @property
    def root(self) -> bytes:
        """The root of the tree."""
        root: bytes | None = None
        for peak in self._peaks:
            if peak is not None:
                root = peak if root is None else node_hash(peak, root)
        return EMPTY_ROOT if root is None else root


def peaks_of(size: int) -> Iterator[tuple[int, int] | None]:
    """Level and number of the complete subtrees that make up a tree of this size, by level; None where none is."""
    level = 0
    while size >> level:
        count = size >> level
        yield (level, count - 1) if count % 2 else None
        level += 1


class Tree:
    """
    All complete subtrees, in memory: answers for every size up to its own.

    Memory: 64 bytes a leaf.
    """

    def __init__(self) -> None:
        self.size = 0
        self._levels: list[bytearray] = []

    def add(self, count: int, nodes: bytes) -> None:
        """
        Take what `Frontier.grow` gave for `count` more leaves.

        Raises:
            ValueError: these are not so many hashes as that many leaves complete.
        """
        needed = length_of_nodes(self.size, self.size + count)
        if len(nodes) != needed:
            raise ValueError(f"{len(nodes)} bytes of hashes, where {count} leaves complete {needed // DIGEST} subtrees")
        start = 0
        for level, more in enumerate(completed(self.size, self.size + count)):
            if level == len(self._levels):
                self._levels.append(bytearray())
            self._levels[level] += nodes[start : start + DIGEST * more]
            start += DIGEST * more
        self.size += count

    def node(self, level: int, number: int) -> bytes:
        """The hash of a complete subtree."""
        return bytes(self._levels[level][DIGEST * number : DIGEST * (number + 1)])

    def root(self, size: int) -> bytes:
        """The root of the tree over the first `size` leaves."""
        return self._hash(0, size)

    def inclusion(self, index: int, size: int) -> list[bytes]:
        """
        What leaf `index` (from 0) is joined with, from the leaf up, to give the root at `size`.

        RFC 9162, 2.1.3.1.
        """
        path: list[bytes] = []
        start, end = 0, size
        while end - start > 1:
            middle = start + _split(end - start)
            if index < middle:
                path.append(self._hash(middle, end))
                end = middle
            else:
                path.append(self._hash(start, middle))
                start = middle
        return path[::-1]

    def extension(self, old: int, new: int) -> list[bytes]:
        """
        What shows that the tree over the first `new` leaves has the one over the first `old` as its start.

        RFC 9162, 2.1.4.1; ``0 < old <= new``.
        """
        path: list[bytes] = []
        start, end, whole = 0, new, True
        while end != old:
            middle = start + _split(end - start)
            if old <= middle:
                path.append(self._hash(middle, end))
                end = middle
            else:
                path.append(self._hash(start, middle))
                start, whole = middle, False
        if not whole:  # else the old root itself, which whoever checks has already
            path.append(self._hash(start, end))
        return path[::-1]

    def _hash(self, start: int, end: int) -> bytes:
        """The hash over leaves `start` up to `end`; a full subtree is there already, others are joined."""
        count = end - start
        if count == 0:
            return EMPTY_ROOT
        # `start` is a multiple of every full subtree's size that begins there.
        root: bytes | None = None
        for level in range(count.bit_length()):
            if count >> level & 1:
                peak = self.node(level, ((start + (count >> level << level)) >> level) - 1)
                root = peak if root is None else node_hash(peak, root)
        assert root is not None
        return root


def _split(count: int) -> int:
    """The largest power of two below `count`."""
    return 1 << (count - 1).bit_length() - 1


# --- checking, without a tree ------------------------------------------------------------------


def root_from_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """
    The root that an inclusion path gives; None where the path has the wrong length for that place.

    RFC 9162, 2.1.3.2, with the length settled beforehand: nothing is left over and nothing is made up for.
    """
    if not 0 <= index < size:
        return None
    # Below `inner` both siblings exist; above, only left siblings do, one for each bit set.
    inner = (index ^ (size - 1)).bit_length()
    if len(path) != inner + (index >> inner).bit_count():
        return None
    root = leaf
    for level, sibling in enumerate(path[:inner]):
        root = node_hash(sibling, root) if index >> level & 1 else node_hash(root, sibling)
    for sibling in path[inner:]:
        root = node_hash(sibling, root)
    return root


def roots_from_extension(old: int, new: int, old_root: bytes, path: Sequence[bytes]) -> tuple[bytes, bytes] | None:
    """
    The old and the new root that an extension path gives; None where the path has the wrong length.

    RFC 9162, 2.1.4.2. `old_root` starts the path where the old tree is a full subtree.
    """
    if not 0 < old <= new:
        return None
    if old == new:
        return None if path else (old_root, old_root)
    # The old tree's last full subtree, seen from the new tree's last leaf.
    shift = (old & -old).bit_length() - 1
    number = (old - 1) >> shift
    inner = (number ^ (new - 1) >> shift).bit_length()
    border = (number >> inner).bit_count()
    if number == 0:  # old is a power of two: its root is the start
        start, rest = old_root, path
    elif path:
        start, rest = path[0], path[1:]
    else:
        return None
    if len(rest) != inner + border:
        return None
    old_found = new_found = start
    for level, sibling in enumerate(rest[:inner]):
        if number >> level & 1:
            old_found, new_found = node_hash(sibling, old_found), node_hash(sibling, new_found)
        else:
            new_found = node_hash(new_found, sibling)
    for sibling in rest[inner:]:
        old_found, new_found = node_hash(sibling, old_found), node_hash(sibling, new_found)
    return old_found, new_found
