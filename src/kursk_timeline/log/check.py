"""
Verifying a whole log: what can be recomputed is, and what went wrong is told apart.

* *damaged*: bytes do not fit the checksum that was written with them. Disks and cables do that.
* *rewritten*: every checksum fits, and the tree's hashes, or a checkpoint kept elsewhere, say something else.
  No disk does that.
* *truncated*: what is there is whole, and a checkpoint kept elsewhere knows of more.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import attrs

from kursk_timeline.errors import CorruptLogError, InputError
from kursk_timeline.events.base import AboutEvent
from kursk_timeline.events.codec import is_canonical, named
from kursk_timeline.log.checkpoint import Checkpoint
from kursk_timeline.log.merkle import Frontier, Tree, leaf_hash, other_leaf
from kursk_timeline.log.port import Store


@attrs.frozen
class Verified:
    """
    A log in which nothing wrong was found.

    Args:
        size: How many events it has.
        root: The root of the tree over them, computed anew.
        checkpoints: The ones it agrees with, the latest last.
    """

    size: int
    root: bytes
    checkpoints: tuple[Checkpoint, ...]

    def __str__(self) -> str:
        said = [f"{self.size} events verified; root {self.root.hex()}"]
        if self.checkpoints:
            last = self.checkpoints[-1]
            said.append(
                f"agrees with the checkpoint of {last.size} events"
                + (f", the last of them taken {last.time:%Y-%m-%d %H:%M} UTC" if last.time else "")
                + ": none of those was changed, removed or put in since"
            )
            if last.size < self.size:
                newer = (
                    f"event {self.size} is"
                    if last.size + 1 == self.size
                    else f"events {last.size + 1} to {self.size} are"
                )
                said.append(f"{newer} vouched for by this log alone; keep a newer checkpoint")
        else:
            said.append(
                "without a checkpoint kept elsewhere, nobody can tell whether events were cut off at the end, "
                "or the whole log was written anew"
            )
        return "\n".join(said)


def verify(store: Store, checkpoints: Sequence[Checkpoint]) -> Verified:
    """See `Log.verify`."""
    for one in checkpoints:
        if not isinstance(one, Checkpoint):
            raise InputError(f"expected checkpoints, not {type(one).__name__}; read one with Checkpoint.parse")
    store.check()
    frontier, tree, numbers = Frontier(), Tree(), dict[str, int]()
    last_taken = dt.datetime.min.replace(tzinfo=dt.timezone.utc)
    kept = store.nodes()
    for chunk in store.chunks():
        if chunk.recorded_at < last_taken:
            raise CorruptLogError(
                f"event {chunk.first} was taken before the one that stands before it", what="rewritten", seq=chunk.first
            )
        last_taken = chunk.recorded_at
        _, nodes = next(kept, (0, b""))
        grown = frontier.grow([leaf_hash(body) for body in chunk.bodies])
        if nodes != grown:
            place = other_leaf(chunk.bodies, nodes)
            if place is not None:
                raise CorruptLogError(
                    f"event {chunk.first + place} is not the one that was taken: the tree has another hash for it",
                    what="rewritten",
                    seq=chunk.first + place,
                )
            raise CorruptLogError(
                f"the tree's hashes at events {chunk.first} to {chunk.last} do not belong to the events before: "
                "some of them were changed, removed or put in",
                what="rewritten",
                seq=chunk.first,
            )
        tree.add(len(chunk.bodies), grown)
        for seq, (id_, body) in enumerate(zip(chunk.ids, chunk.bodies, strict=True), chunk.first):
            event = named(body, f"event {seq} ({id_[:12]}…)")
            if not is_canonical(body):
                raise CorruptLogError(
                    f"event {seq} is not written in canonical form: this library did not append it",
                    what="rewritten",
                    seq=seq,
                )
            if numbers.setdefault(id_, seq) != seq:
                raise CorruptLogError(
                    f"event {seq} is event {numbers[id_]} once more: this library did not append it",
                    what="rewritten",
                    seq=seq,
                )
            if isinstance(event, AboutEvent) and event.event not in numbers:
                raise CorruptLogError(
                    f"event {seq} speaks of an event that is not in the log before it", what="rewritten", seq=seq
                )
    return Verified(frontier.size, frontier.root, _agreeing(tree, checkpoints))


def _agreeing(tree: Tree, checkpoints: Sequence[Checkpoint]) -> tuple[Checkpoint, ...]:
    """The checkpoints in order; the first one that does not agree is an error."""
    agreed = 0
    in_order = sorted(checkpoints, key=lambda one: one.size)
    for one in in_order:
        if one.size <= tree.size and tree.root(one.size) != one.root:
            since = f"between events {agreed + 1} and {one.size}" if agreed else f"among the first {one.size} events"
            raise CorruptLogError(
                f"the log is consistent in itself, and another than the one this checkpoint was taken of: {since} "
                "something was changed, removed, put in or put in another order",
                what="rewritten",
            )
        if one.size > tree.size:
            raise CorruptLogError(
                f"a checkpoint knows of {one.size} events, the log has {tree.size}: "
                f"events {tree.size + 1} to {one.size} were cut off"
                + ("" if agreed else ", if it is the same log at all"),
                what="truncated",
                seq=tree.size + 1,
            )
        agreed = one.size
    return tuple(in_order)
