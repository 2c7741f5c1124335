"""
Proofs out of a log, and checking them without it.

A proof is a handful of hashes. With a checkpoint that is trusted, kept or opened with a key, it shows that
an event is in that log (`Inclusion`), or that the log at one checkpoint is the start of the log at a later
one (`Extension`): that nothing before was changed, removed or put in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NoReturn

import attrs
import msgspec

from kursk_timeline.errors import InputError, ProofError, shown
from kursk_timeline.events.base import Event
from kursk_timeline.events.codec import decode
from kursk_timeline.log.checkpoint import Checkpoint, whole
from kursk_timeline.log.keys import from_base64, to_base64
from kursk_timeline.log.merkle import DIGEST, leaf_hash, root_from_inclusion, roots_from_extension
from kursk_timeline.text import visible

MAX_PATH = 64
"""Most hashes in a proof: no log that can be counted needs more."""


def _path(value: Iterable[bytes]) -> tuple[bytes, ...]:
    if not isinstance(value, (tuple, list)):
        raise InputError(f"path: expected a tuple of hashes, not {shown(value)}")
    if len(value) > MAX_PATH:
        raise InputError(f"path: {len(value)} hashes are more than any log needs ({MAX_PATH})")
    for digest in value:
        if not isinstance(digest, bytes) or len(digest) != DIGEST:
            raise InputError(f"path: expected hashes of {DIGEST} bytes each, not {shown(digest)}")
    return tuple(value)


def _counted(_: object, field: attrs.Attribute[int], value: int) -> None:
    whole(value, field.name, least=1)


def _fields_of(raw: object, kind: str, *counts: str) -> dict[str, Any]:
    """The fields of a proof in plain JSON, the path as bytes; nothing more and nothing less may be there."""
    names = {"kind", *counts, "path"}
    if not isinstance(raw, Mapping) or set(raw) != names:
        raise InputError(f"expected a proof with the fields {', '.join(sorted(names))}, not {shown(raw)}")
    if raw["kind"] != kind:
        raise InputError(f"kind: expected {kind!r}, not {shown(raw['kind'])}")
    if not isinstance(raw["path"], list):
        raise InputError(f"path: expected a list of hashes in base64, not {shown(raw['path'])}")
    path = []
    for one in raw["path"]:
        digest = from_base64(one) if isinstance(one, str) else None
        if digest is None:
            raise InputError(f"path: {shown(one)} is no hash; write {DIGEST} bytes as standard base64 with padding")
        path.append(digest)
    return {**{name: raw[name] for name in counts}, "path": path}


@attrs.frozen
class Inclusion:
    """
    What shows that an event is in a log.

    Args:
        seq: The event's number in the log, from 1.
        size: The size of the log that it is shown for; at least `seq`.
        path: The hashes that the event's is joined with, from the leaf up; at most 64 of 32 bytes each.

    Raises:
        InputError: a value cannot be taken.

    Source: RFC 9162, 2.1.3.

    >>> Inclusion(seq=1, size=1, path=()).to_json()
    {'kind': 'inclusion', 'seq': 1, 'size': 1, 'path': []}
    """

    seq: int = attrs.field(validator=_counted)
    size: int = attrs.field(validator=_counted)
    path: tuple[bytes, ...] = attrs.field(converter=_path)

    def __attrs_post_init__(self) -> None:
        if self.seq > self.size:
            raise InputError(f"seq: a log of {self.size} events has no event {self.seq}")

    def to_json(self) -> dict[str, Any]:
        """The proof as plain JSON; hashes in base64."""
        path = [to_base64(digest) for digest in self.path]
        return {"kind": "inclusion", "seq": self.seq, "size": self.size, "path": path}

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Inclusion:
        """
        Read what `to_json` gave.

        Raises:
            InputError: a field is missing, unknown or of another type.

        >>> Inclusion.from_json({"kind": "inclusion", "seq": 1, "size": 1, "path": []})
        Inclusion(seq=1, size=1, path=())
        """
        return cls(**_fields_of(raw, "inclusion", "seq", "size"))


@attrs.frozen
class Extension:
    """
    What shows that a log only grew.

    Args:
        old_size: The size of the log before; at least 1.
        size: Its size after; at least `old_size`.
        path: The hashes that both roots are put together from; at most 64 of 32 bytes each.

    Raises:
        InputError: a value cannot be taken.

    Source: RFC 9162, 2.1.4, where it is called a consistency proof.

    >>> Extension(old_size=1, size=1, path=()).to_json()
    {'kind': 'extension', 'old_size': 1, 'size': 1, 'path': []}
    """

    old_size: int = attrs.field(validator=_counted)
    size: int = attrs.field(validator=_counted)
    path: tuple[bytes, ...] = attrs.field(converter=_path)

    def __attrs_post_init__(self) -> None:
        if self.old_size > self.size:
            raise InputError(f"old_size: a log does not shrink from {self.old_size} to {self.size} events")

    def to_json(self) -> dict[str, Any]:
        """The proof as plain JSON; hashes in base64."""
        path = [to_base64(digest) for digest in self.path]
        return {"kind": "extension", "old_size": self.old_size, "size": self.size, "path": path}

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Extension:
        """
        Read what `to_json` gave.

        Raises:
            InputError: a field is missing, unknown or of another type.

        >>> Extension.from_json({"kind": "extension", "old_size": 1, "size": 1, "path": []})
        Extension(old_size=1, size=1, path=())
        """
        return cls(**_fields_of(raw, "extension", "old_size", "size"))


# --- checking ----------------------------------------------------------------------------------
# Hashes are compared with ==: all of them are public, so the time that takes tells nobody anything.


def _not(wanted: str, value: object) -> NoReturn:
    raise InputError(f"expected {wanted}, not {shown(value)}")


def verify_inclusion(event: Event | bytes, proof: Inclusion, checkpoint: Checkpoint) -> None:
    """
    Check that an event is in the log that a checkpoint was taken of. Returns if so.

    Args:
        event: The event, or its canonical bytes.
        proof: What `Log.prove` gave, from whomever.
        checkpoint: One that is trusted: kept, or opened with a key.

    Raises:
        ProofError: it is not shown; says what does not fit.
        InputError: something is no event, proof or checkpoint.

    Cost: one hash for each in the path. Source: RFC 9162, 2.1.3.2.

    >>> root = leaf_hash(b"the only event")
    >>> verify_inclusion(b"the only event", Inclusion(seq=1, size=1, path=()), Checkpoint(size=1, root=root))
    >>> verify_inclusion(b"another event", Inclusion(seq=1, size=1, path=()), Checkpoint(size=1, root=root))
    Traceback (most recent call last):
    kursk_timeline.errors.ProofError: the proof gives another root than the checkpoint's: ...
    """
    body = event.canonical if isinstance(event, Event) else event
    if not isinstance(body, bytes):
        _not("an event or its canonical bytes", event)
    if not isinstance(proof, Inclusion):
        _not("an Inclusion", proof)
    if not isinstance(checkpoint, Checkpoint):
        _not("a Checkpoint", checkpoint)
    if proof.size != checkpoint.size:
        raise ProofError(f"the proof is for a log of {proof.size} events, the checkpoint of one of {checkpoint.size}")
    root = root_from_inclusion(leaf_hash(body), proof.seq - 1, proof.size, proof.path)
    if root is None:
        raise ProofError(f"{len(proof.path)} hashes are not the path of event {proof.seq} among {proof.size}")
    if root != checkpoint.root:
        raise ProofError(
            "the proof gives another root than the checkpoint's: "
            f"this event is not number {proof.seq} of that log, or the proof was changed"
        )


def verify_extends(proof: Extension, old: Checkpoint, new: Checkpoint) -> None:
    """
    Check that the log at `new` has the log at `old`, unchanged, as its start. Returns if so.

    Args:
        proof: What `Log.prove_extends` gave, from whomever.
        old: The earlier checkpoint, one that is trusted; of one event or more, as every log extends none.
        new: The later one, of the same origin.

    Raises:
        ProofError: it is not shown; says what does not fit.
        InputError: something is no proof or checkpoint.

    Cost: up to two hashes for each in the path. Source: RFC 9162, 2.1.4.2.

    >>> from kursk_timeline.log.merkle import node_hash
    >>> one, other = leaf_hash(b"one"), leaf_hash(b"other")
    >>> old, new = Checkpoint(size=1, root=one), Checkpoint(size=2, root=node_hash(one, other))
    >>> verify_extends(Extension(old_size=1, size=2, path=(other,)), old, new)
    """
    if not isinstance(proof, Extension):
        _not("an Extension", proof)
    for checkpoint in (old, new):
        if not isinstance(checkpoint, Checkpoint):
            _not("a Checkpoint", checkpoint)
    if old.origin != new.origin:
        raise ProofError(f"the checkpoints are of two logs: {shown(old.origin)} and {shown(new.origin)}")
    if old.size == 0:
        raise ProofError("the old checkpoint is of no events, and every log begins with none: that proves nothing")
    if (proof.old_size, proof.size) != (old.size, new.size):
        raise ProofError(
            f"the proof is for growth from {proof.old_size} to {proof.size} events, "
            f"the checkpoints are of {old.size} and {new.size}"
        )
    roots = roots_from_extension(old.size, new.size, old.root, proof.path)
    if roots is None:
        raise ProofError(f"{len(proof.path)} hashes are not the path from {old.size} to {new.size} events")
    if roots[0] != old.root:
        raise ProofError("the proof gives another root than the old checkpoint's: it is about another log")
    if roots[1] != new.root:
        raise ProofError(
            "the proof gives another root than the new checkpoint's: "
            f"something among the first {old.size} events was changed since, or the proof was"
        )


def check_proof(text: str, checkpoints: Sequence[Checkpoint]) -> str:
    """
    Check a proof as the command line prints it; says in a line what it shows.

    Args:
        text: JSON: an `Inclusion`'s, with the event's canonical text beside it as ``event``; or an `Extension`'s.
        checkpoints: The one it is for; of an extension, the old and the new one.

    Raises:
        ProofError: it is not shown.
        InputError: this is no proof, or there are too few or too many checkpoints.
    """
    try:
        raw = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise InputError(f"this is no proof: not JSON: {error}") from error
    event = raw.pop("event", None) if isinstance(raw, dict) else None
    if event is None:
        extension = Extension.from_json(raw)
        if len(checkpoints) != 2:
            raise InputError("that a log only grew is shown between two checkpoints: give the old one and the new one")
        old, new = sorted(checkpoints, key=lambda one: one.size)
        verify_extends(extension, old, new)
        return f"proven: the log of {new.size} events has that of {old.size}, unchanged, as its start"
    inclusion = Inclusion.from_json(raw)
    if not isinstance(event, str):
        _not("an event's text", event)
    if len(checkpoints) != 1:
        raise InputError("that an event is in a log is shown to one checkpoint: give that one")
    verify_inclusion(event.encode("utf-8", "replace"), inclusion, checkpoints[0])
    return f"proven: event {inclusion.seq} of {checkpoints[0].size} is {visible(repr(decode(event)))}"
