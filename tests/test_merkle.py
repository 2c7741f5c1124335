"""
The Merkle tree against its definition, and proofs against forgers.

`mth`, `path` and `proof` are RFC 9162, sections 2.1.1 to 2.1.4, written down as they stand there: slow, and
the definition. `checked_inclusion` and `checked_extension` are its steps for checking.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from functools import cache
from hashlib import sha256
from typing import Any, NamedTuple

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kursk_timeline.errors import InputError, ProofError
from kursk_timeline.log.checkpoint import MAX_SIZE, Checkpoint
from kursk_timeline.log.merkle import (
    EMPTY_ROOT,
    Frontier,
    Tree,
    completed,
    leaf_hash,
    node_among,
    node_hash,
    peaks_of,
    root_from_inclusion,
    roots_from_extension,
)
from kursk_timeline.log.proofs import Extension, Inclusion, verify_extends, verify_inclusion
from made import held

Bodies = tuple[bytes, ...]
Path = tuple[bytes, ...]

MOST = 70
"""Every size up to this is compared with the definition."""

FORGED = 20
"""Every size up to this is attacked."""

BODIES: Bodies = tuple(b"event %d" % number for number in range(MOST))

CT_LEAVES: Bodies = tuple(
    bytes.fromhex(text)
    for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
)
CT_ROOTS = (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)
"""The leaves that tests of certificate transparency have used since RFC 6962, and the roots over the first 1 to 8."""


# --- the definition ----------------------------------------------------------------------------


def largest_power_of_two_below(n: int) -> int:
    k = 1
    while k * 2 < n:
        k *= 2
    return k


@cache
def mth(d: Bodies) -> bytes:
    """RFC 9162, 2.1.1: the Merkle tree hash of a list."""
    n = len(d)
    if n == 0:
        return sha256().digest()
    if n == 1:
        return sha256(b"\x00" + d[0]).digest()
    k = largest_power_of_two_below(n)
    return sha256(b"\x01" + mth(d[:k]) + mth(d[k:])).digest()


def path(m: int, d: Bodies) -> list[bytes]:
    """RFC 9162, 2.1.3.1: the inclusion proof for entry m."""
    n = len(d)
    if n == 1:
        return []
    k = largest_power_of_two_below(n)
    return [*path(m, d[:k]), mth(d[k:])] if m < k else [*path(m - k, d[k:]), mth(d[:k])]


def proof(m: int, d: Bodies) -> list[bytes]:
    """RFC 9162, 2.1.4.1: the consistency proof for the first m entries."""
    return subproof(m, d, True)


def subproof(m: int, d: Bodies, b: bool) -> list[bytes]:
    n = len(d)
    if m == n:
        return [] if b else [mth(d)]
    k = largest_power_of_two_below(n)
    if m <= k:
        return [*subproof(m, d[:k], b), mth(d[k:])]
    return [*subproof(m - k, d[k:], False), mth(d[:k])]


def checked_inclusion(leaf: bytes, index: int, size: int, path: Path, *, wrong: str = "") -> bytes | None:
    """RFC 9162, 2.1.3.2: the root an inclusion proof gives; None where it fails. `wrong` leaves out a step."""
    if index >= size:
        return None
    fn, sn, r = index, size - 1, leaf
    for p in path:
        if sn == 0:
            if wrong == "takes what is left over":
                break
            return None
        if fn % 2 == 1 or fn == sn:
            r = node_hash(p, r)
            while fn % 2 == 0 and fn != 0:
                fn, sn = fn >> 1, sn >> 1
        else:
            r = node_hash(r, p)
        fn, sn = fn >> 1, sn >> 1
    return None if sn != 0 and wrong != "takes a short path" else r


def checked_extension(
    first: int, second: int, first_root: bytes, path: Path, *, wrong: str = ""
) -> tuple[bytes, bytes] | None:
    """RFC 9162, 2.1.4.2: both roots a consistency proof gives; None where it fails. `wrong` leaves out a step."""
    if first == second:
        return None if path and wrong != "takes what is left over" else (first_root, first_root)
    if not path:
        return None
    if first & (first - 1) == 0:
        path = (first_root, *path)
    fn, sn = first - 1, second - 1
    while fn % 2 == 1:
        fn, sn = fn >> 1, sn >> 1
    fr = sr = path[0]
    for c in path[1:]:
        if sn == 0:
            if wrong == "takes what is left over":
                break
            return None
        if fn % 2 == 1 or fn == sn:
            fr, sr = node_hash(c, fr), node_hash(c, sr)
            while fn % 2 == 0 and fn != 0:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = node_hash(sr, c)
        fn, sn = fn >> 1, sn >> 1
    return None if sn != 0 and wrong != "takes a short path" else (fr, sr)


# --- trees -------------------------------------------------------------------------------------


def grown(bodies: Bodies, cuts: list[int] | None = None) -> tuple[Frontier, Tree]:
    """A frontier and a tree, grown in batches that end at these cuts."""
    frontier, tree = Frontier(), Tree()
    ends = [*sorted(cuts or []), len(bodies)]
    for start, end in zip([0, *ends], ends, strict=False):
        tree.add(end - start, frontier.grow([leaf_hash(body) for body in bodies[start:end]]))
    return frontier, tree


WHOLE = grown(BODIES)[1]


@pytest.mark.parametrize("size", range(1, 9))
def test_the_well_known_roots_come_out(size: int) -> None:
    """Certificate transparency's test leaves give the roots everybody else has for them."""
    frontier, tree = grown(CT_LEAVES[:size])
    assert frontier.root.hex() == tree.root(size).hex() == mth(CT_LEAVES[:size]).hex() == CT_ROOTS[size - 1]


def test_no_leaves_have_the_hash_of_nothing() -> None:
    """The empty root is SHA-256 of no bytes."""
    assert EMPTY_ROOT == Frontier().root == Tree().root(0) == mth(()) == sha256(b"").digest()


@pytest.mark.parametrize("size", range(MOST + 1))
def test_roots_and_proofs_are_those_of_the_definition(size: int) -> None:
    """For every size, every leaf and every earlier size; a tree that has grown on says the same."""
    bodies = BODIES[:size]
    frontier, tree = grown(bodies)
    assert frontier.size == tree.size == size
    assert frontier.root == tree.root(size) == WHOLE.root(size) == mth(bodies)
    for index in range(size):
        assert tree.inclusion(index, size) == WHOLE.inclusion(index, size) == path(index, bodies)
    for old in range(1, size + 1):
        assert tree.extension(old, size) == WHOLE.extension(old, size) == proof(old, bodies)


@pytest.mark.parametrize("size", range(1, MOST + 1))
def test_honest_proofs_verify(size: int) -> None:
    """Whatever the tree gives, whoever has a checkpoint can check."""
    new = checkpoint(size)
    for index in range(size):
        verify_inclusion(BODIES[index], inclusion(index, size), new)
    for old in range(1, size + 1):
        verify_extends(extension(old, size), checkpoint(old), new)


@given(
    bodies=st.lists(st.binary(max_size=4), max_size=200).map(tuple),
    cuts=st.lists(st.integers(0, 200), max_size=8),
)
def test_batches_of_any_size_give_the_same_tree(bodies: Bodies, cuts: list[int]) -> None:
    """How the leaves came in does not matter, nor do equal leaves."""
    frontier, tree = grown(bodies, [min(cut, len(bodies)) for cut in cuts])
    assert frontier.root == tree.root(len(bodies)) == mth(bodies)
    for size in {0, len(bodies) // 3, len(bodies)}:
        assert tree.root(size) == mth(bodies[:size])


@given(before=st.integers(0, 300), more=st.integers(0, 300))
def test_a_frontier_is_taken_up_again_from_its_peaks(before: int, more: int) -> None:
    """Whoever kept the complete subtrees can go on from any size, and find each hash among those that came."""
    bodies = tuple(b"%d" % number for number in range(before + more))
    _, tree = grown(bodies)
    frontier = Frontier([peak and tree.node(*peak) for peak in peaks_of(before)])
    assert (frontier.size, frontier.root) == (before, mth(bodies[:before]))
    nodes = frontier.grow([leaf_hash(body) for body in bodies[before:]])
    assert (frontier.size, frontier.root) == (before + more, mth(bodies))
    for level, count in enumerate(completed(before, before + more)):
        for number in range(before >> level, (before >> level) + count):
            assert node_among(nodes, before, before + more, level, number) == tree.node(level, number)


def test_a_tree_takes_only_the_hashes_that_its_leaves_complete() -> None:
    """A hash too few or too many is a mistake of the caller's."""
    for nodes in (b"", leaf_hash(b"") * 2, leaf_hash(b"")[:31]):
        with pytest.raises(ValueError, match="1 leaves complete 1"):
            Tree().add(1, nodes)


digests = st.binary(min_size=32, max_size=32)


@given(data=st.data(), size=st.integers(1, 70), leaf=digests)
def test_inclusion_is_checked_as_the_definition_does(data: st.DataObject, size: int, leaf: bytes) -> None:
    """Any path, right or wrong, gives the same root as the RFC's own steps, or none where those fail."""
    index = data.draw(st.integers(0, size + 1))
    right = len(path(index, BODIES[:size])) if index < size else 3
    some = data.draw(st.integers(max(0, right - 1), right + 1).flatmap(lambda n: st.tuples(*[digests] * n)))
    assert root_from_inclusion(leaf, index, size, some) == checked_inclusion(leaf, index, size, some)


@given(data=st.data(), size=st.integers(1, 70), root=digests)
def test_extension_is_checked_as_the_definition_does(data: st.DataObject, size: int, root: bytes) -> None:
    """Any path, right or wrong, gives the same roots as the RFC's own steps, or none where those fail."""
    old = data.draw(st.integers(1, size))
    right = len(proof(old, BODIES[:size]))
    some = data.draw(st.integers(max(0, right - 1), right + 1).flatmap(lambda n: st.tuples(*[digests] * n)))
    assert roots_from_extension(old, size, root, some) == checked_extension(old, size, root, some)


@pytest.mark.parametrize(("old", "new"), [(0, 3), (-1, 3), (4, 3)])
def test_no_roots_come_from_sizes_that_cannot_be(old: int, new: int) -> None:
    """An empty old tree, and one larger than the new, are no start of anything."""
    assert roots_from_extension(old, new, EMPTY_ROOT, []) is None
    assert root_from_inclusion(EMPTY_ROOT, -1, 3, []) is None


# --- forgers -----------------------------------------------------------------------------------


class Claimed(NamedTuple):
    """That an event is in a log, and what is to show it."""

    body: bytes
    seq: int
    size: int
    path: Path
    checkpoint: Checkpoint


class Grew(NamedTuple):
    """That one checkpoint's log is the start of another's, and what is to show it."""

    old_size: int
    size: int
    path: Path
    old: Checkpoint
    new: Checkpoint


@cache
def checkpoint(size: int) -> Checkpoint:
    return Checkpoint(size=size, root=WHOLE.root(size))


def inclusion(index: int, size: int) -> Inclusion:
    return Inclusion(seq=index + 1, size=size, path=tuple(WHOLE.inclusion(index, size)))


def extension(old: int, size: int) -> Extension:
    return Extension(old_size=old, size=size, path=tuple(WHOLE.extension(old, size)))


def spoiled(right: Path, chance: random.Random) -> Iterator[tuple[str, Path]]:
    """Every way to spoil a path. Some change nothing (two equal hashes swapped); the caller leaves those out."""
    for place, digest in enumerate(right):
        before, after = right[:place], right[place + 1 :]
        bit = chance.randrange(256)
        flipped = bytearray(digest)
        flipped[bit // 8] ^= 1 << bit % 8
        yield f"bit {bit} of hash {place} flipped", (*before, bytes(flipped), *after)
        yield f"hash {place} at random", (*before, chance.randbytes(32), *after)
        yield f"hash {place} cut", (*before, digest[:31], *after)
        yield f"hash {place} lengthened", (*before, digest + b"\0", *after)
        yield f"hash {place} dropped", before + after
        yield f"hash {place} twice", (*before, digest, digest, *after)
        for other in range(place):
            swapped = list(right)
            swapped[place], swapped[other] = swapped[other], swapped[place]
            yield f"hashes {other} and {place} swapped", tuple(swapped)
    for place in range(len(right) + 1):
        yield f"a hash put in at {place}", (*right[:place], chance.randbytes(32), *right[place:])
    yield "no path", ()
    yield "a path too long for any log", (*right, *[chance.randbytes(32)] * 65)
    yield "the path backwards", right[::-1]


def forged_claims(most: int = FORGED) -> Iterator[tuple[str, Claimed]]:
    """Claims of inclusion that must be refused: each is spoiled in one place."""
    chance = random.Random(9162)
    for size in range(1, most + 1):
        for index in range(size):
            right = tuple(WHOLE.inclusion(index, size))
            true = Claimed(BODIES[index], index + 1, size, right, checkpoint(size))
            for how, wrong in spoiled(right, chance):
                if wrong != right:
                    yield how, true._replace(path=wrong)
            for seq in {*range(size + 2), -1} - {index + 1}:
                yield f"number {seq}", true._replace(seq=seq)
            for other in {*range(most + 1), 2**64} - {size}:
                yield "size of the proof", true._replace(size=other)
                if other <= most:
                    yield "checkpoint of another size", true._replace(checkpoint=checkpoint(other))
                    yield "proof at another size", true._replace(size=other, checkpoint=checkpoint(other))
                    root = checkpoint(other).root
                    if size and other:
                        yield "root of another size", true._replace(checkpoint=Checkpoint(size=size, root=root))
            for body in (b"", BODIES[index] + b"\0", BODIES[index - 1] if size > 1 else b"x", leaf_hash(BODIES[index])):
                yield "another event", true._replace(body=body)
            for other in range(index + 1, most + 1):
                longer = tuple(WHOLE.inclusion(index, other))
                if len(longer) != len(right):
                    at_other = attrs.evolve(checkpoint(size), root=checkpoint(other).root)
                    yield "path and root of another size", true._replace(path=longer, checkpoint=at_other)
        yield from second_preimages(size)


def second_preimages(size: int) -> Iterator[tuple[str, Claimed]]:
    """What is hashed at an inner node, given out for a leaf: also of a log that is said to have so many fewer."""
    for level in range(1, size.bit_length()):
        for number in range(size >> level):
            body = WHOLE.node(level - 1, 2 * number) + WHOLE.node(level - 1, 2 * number + 1)
            above = tuple(WHOLE.inclusion(number << level, size)[level:])
            fewer = ((size - 1) >> level) + 1
            for preimage in (body, b"\1" + body):
                for seq in range(1, size + 1):
                    yield "an inner node for a leaf", Claimed(preimage, seq, size, above, checkpoint(size))
                lied = Checkpoint(size=fewer, root=checkpoint(size).root)
                yield "an inner node for a leaf, size lied", Claimed(preimage, number + 1, fewer, above, lied)


def forged_growth(most: int = FORGED) -> Iterator[tuple[str, Grew]]:
    """Claims of growth that must be refused: each is spoiled in one place."""
    chance = random.Random(6962)
    for size in range(1, most + 1):
        for old in range(1, size + 1):
            right = tuple(WHOLE.extension(old, size))
            true = Grew(old, size, right, checkpoint(old), checkpoint(size))
            for how, wrong in spoiled(right, chance):
                if wrong != right:
                    yield how, true._replace(path=wrong)
            if old != size:
                yield "old and new swapped", Grew(size, old, right, true.new, true.old)
                yield "checkpoints swapped", true._replace(old=true.new, new=true.old)
                yield "sizes swapped", true._replace(old_size=size, size=old)
                yield "no growth", true._replace(size=old)
            for other in {*range(-1, most + 1), 2**64} - {old}:
                yield "old size of the proof", true._replace(old_size=other)
                if 0 <= other <= most:
                    at_other = checkpoint(other)
                    yield "old checkpoint of another size", true._replace(old=at_other)
                    if other:
                        yield "old root of another size", true._replace(old=attrs.evolve(true.old, root=at_other.root))
                    if other != size or right:
                        yield "proof from another old size", true._replace(old_size=other, old=at_other)
            for other in set(range(most + 1)) - {size}:
                at_other = checkpoint(other)
                yield "size of the proof", true._replace(size=other)
                yield "new checkpoint of another size", true._replace(new=at_other)
                if other:
                    yield "new root of another size", true._replace(new=attrs.evolve(true.new, root=at_other.root))
                if other != old or right:
                    yield "proof to another new size", true._replace(size=other, new=at_other)
            for other in range(old, most + 1):
                longer = tuple(WHOLE.extension(old, other))
                if len(longer) != len(right):
                    at_other = attrs.evolve(true.new, root=checkpoint(other).root)
                    yield "path and new root of another size", true._replace(path=longer, new=at_other)
            yield "old root at random", true._replace(old=attrs.evolve(true.old, root=chance.randbytes(32)))
            yield "new root at random", true._replace(new=attrs.evolve(true.new, root=chance.randbytes(32)))
            yield "another log", true._replace(new=attrs.evolve(true.new, origin="example.org/other"))
            yield "from nothing", true._replace(old_size=0, old=checkpoint(0))
            yield "from nothing, no path", true._replace(old_size=0, old=checkpoint(0), path=())
        yield "from nothing to nothing", Grew(0, 0, (), checkpoint(0), checkpoint(0))


def ours(claim: Claimed) -> None:
    verify_inclusion(claim.body, Inclusion(seq=claim.seq, size=claim.size, path=claim.path), claim.checkpoint)


def ours_of_growth(claim: Grew) -> None:
    verify_extends(Extension(old_size=claim.old_size, size=claim.size, path=claim.path), claim.old, claim.new)


def accepts(verify: Callable[[Any], None], claim: Claimed | Grew) -> bool:
    """Whether a verifier is content; any other error than the two is one of the test's own."""
    try:
        verify(claim)
    except (InputError, ProofError):
        return False
    return True


def test_forged_inclusion_is_refused() -> None:
    """Whatever is changed in a proof, an event, a place or a checkpoint, the proof no longer holds."""
    tried = 0
    for how, claim in forged_claims():
        tried += 1
        assert not accepts(ours, claim), (how, claim)
    assert tried > 20_000


def test_forged_growth_is_refused() -> None:
    """Whatever is changed in a proof or in one of its checkpoints, the proof no longer holds."""
    tried = 0
    for how, claim in forged_growth():
        tried += 1
        assert not accepts(ours_of_growth, claim), (how, claim)
    assert tried > 20_000


def test_a_rewritten_log_extends_nothing() -> None:
    """One event changed among the old ones, and no path that the new log can give fits the old root."""
    for size in range(2, FORGED + 1):
        for old in range(1, size):
            for changed in {0, old // 2, old - 1}:
                bodies = (*BODIES[:changed], b"rewritten", *BODIES[changed + 1 : size])
                _, tree = grown(bodies)
                new = Checkpoint(size=size, root=tree.root(size))
                for wrong in (tree.extension(old, size), WHOLE.extension(old, size)):
                    assert not accepts(ours_of_growth, Grew(old, size, tuple(wrong), checkpoint(old), new))


# --- do the forgers have teeth? ----------------------------------------------------------------


def wrong_inclusion(claim: Claimed, wrong: str) -> None:
    """A verifier that is right but for one thing."""
    size = claim.checkpoint.size
    if claim.size != size:
        if wrong != "minds only the proof's size":
            raise ProofError(wrong)
        size = claim.size
    if not 0 < claim.seq <= size or any(len(digest) != 32 for digest in claim.path):
        raise ProofError(wrong)
    leaf = leaf_hash(claim.body)
    if wrong == "takes a node for a leaf" and len(claim.body) == 65 and claim.body[:1] == b"\1":
        leaf = sha256(claim.body).digest()
    root = checked_inclusion(leaf, claim.seq - 1, size, claim.path, wrong=wrong)
    if wrong == "takes any place":
        roots = {checked_inclusion(leaf, index, size, claim.path) for index in range(size)}
        root = claim.checkpoint.root if claim.checkpoint.root in roots else None
    if wrong != "never looks" and root != claim.checkpoint.root:
        raise ProofError(wrong)


def wrong_growth(claim: Grew, wrong: str) -> None:
    """A verifier that is right but for one thing."""
    if wrong != "minds no origin" and claim.old.origin != claim.new.origin:
        raise ProofError(wrong)
    if wrong == "takes an empty start" and claim.old.size == 0:
        return
    old, size = claim.old.size, claim.new.size
    if (claim.old_size, claim.size) != (old, size) and wrong != "minds no size of the proof":
        raise ProofError(wrong)
    if not 0 < old <= size or any(len(digest) != 32 for digest in claim.path):
        raise ProofError(wrong)
    roots = checked_extension(old, size, claim.old.root, claim.path, wrong=wrong)
    if roots is None:
        raise ProofError(wrong)
    if wrong != "skips the old root" and roots[0] != claim.old.root:
        raise ProofError(wrong)
    if wrong != "skips the new root" and roots[1] != claim.new.root:
        raise ProofError(wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        "takes what is left over",
        "takes a short path",
        "takes any place",
        "takes a node for a leaf",
        "minds only the proof's size",
        "never looks",
    ],
)
def test_a_wrong_verifier_of_inclusion_is_found_out(wrong: str) -> None:
    """Each takes every honest proof, and some forged one."""
    assert all(
        accepts(lambda c: wrong_inclusion(c, wrong), Claimed(BODIES[i], i + 1, n, inclusion(i, n).path, checkpoint(n)))
        for n in range(1, 10)
        for i in range(n)
    )
    assert any(accepts(lambda c: wrong_inclusion(c, wrong), claim) for _, claim in forged_claims(9))


@pytest.mark.parametrize(
    "wrong",
    [
        "takes what is left over",
        "takes a short path",
        "takes an empty start",
        "minds no origin",
        "minds no size of the proof",
        "skips the old root",
        "skips the new root",
    ],
)
def test_a_wrong_verifier_of_growth_is_found_out(wrong: str) -> None:
    """Each takes every honest proof, and some forged one."""
    assert all(
        accepts(lambda c: wrong_growth(c, wrong), Grew(m, n, extension(m, n).path, checkpoint(m), checkpoint(n)))
        for n in range(1, 10)
        for m in range(1, n + 1)
    )
    assert any(accepts(lambda c: wrong_growth(c, wrong), claim) for _, claim in forged_growth(9))


def test_a_right_verifier_passes() -> None:
    """The RFC's own steps, with nothing left out, refuse all that the forgers made."""
    assert not any(accepts(lambda c: wrong_inclusion(c, ""), claim) for _, claim in forged_claims(9))
    assert not any(accepts(lambda c: wrong_growth(c, ""), claim) for _, claim in forged_growth(9))


# --- the proofs as values ----------------------------------------------------------------------

DIGEST = bytes(range(32))


def test_an_event_is_proven_by_itself_or_by_its_bytes() -> None:
    """The leaf is the event's canonical JSON."""
    event = held("2024-08-20", "90 km2")
    at_one = Checkpoint(size=1, root=leaf_hash(event.canonical))
    verify_inclusion(event, Inclusion(seq=1, size=1, path=()), at_one)
    verify_inclusion(event.canonical, Inclusion(seq=1, size=1, path=()), at_one)
    with pytest.raises(ProofError, match="not number 1"):
        verify_inclusion(held("2024-08-20", "91 km2"), Inclusion(seq=1, size=1, path=()), at_one)


@pytest.mark.parametrize("size", range(1, FORGED + 1))
def test_proofs_come_back_from_json(size: int) -> None:
    """Through text and back, every proof is the same."""
    for index in range(size):
        one = inclusion(index, size)
        assert Inclusion.from_json(json.loads(json.dumps(one.to_json()))) == one
    for old in range(1, size + 1):
        other = extension(old, size)
        assert Extension.from_json(json.loads(json.dumps(other.to_json()))) == other


@pytest.mark.parametrize(
    "change",
    [
        {"seq": 0},
        {"seq": 4},
        {"seq": -1},
        {"seq": True},
        {"seq": 1.0},
        {"seq": "1"},
        {"seq": None},
        {"size": 0},
        {"size": MAX_SIZE + 1},
        {"size": [3]},
        {"path": (DIGEST[:31],)},
        {"path": (DIGEST + b"\0",)},
        {"path": (DIGEST,) * 65},
        {"path": (bytearray(DIGEST),)},
        {"path": (DIGEST.hex(),)},
        {"path": DIGEST},
        {"path": "x" * 32},
        {"path": None},
    ],
)
def test_a_proof_of_impossible_values_cannot_be_made(change: dict[str, Any]) -> None:
    """Numbers are whole and in range, hashes are 32 bytes and at most 64."""
    right: dict[str, Any] = {"seq": 1, "size": 3, "path": (DIGEST,)}
    Inclusion(**right)
    with pytest.raises(InputError):
        Inclusion(**{**right, **change})
    as_extension = {("old_size" if name == "seq" else name): value for name, value in {**right, **change}.items()}
    with pytest.raises(InputError):
        Extension(**as_extension)


def test_the_largest_proofs_can_be_made() -> None:
    """A list does for a path, and 64 hashes are enough for a log of any size that can be told."""
    assert Extension(old_size=1, size=MAX_SIZE, path=[DIGEST] * 64).path == (DIGEST,) * 64
    assert Inclusion(seq=MAX_SIZE, size=MAX_SIZE, path=()).seq == MAX_SIZE


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "extension"},
        {"kind": None},
        {"seq": "1"},
        {"seq": True},
        {"seq": 1.0},
        {"size": None},
        {"path": None},
        {"path": "AAAA"},
        {"path": {}},
        {"path": [None]},
        {"path": [DIGEST.hex()]},
        {"path": ["AAAA"]},
        {"path": ["AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"]},
        {"path": ["AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB="]},
        {"path": ["AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"]},
        {"path": ["é" * 44]},
        {"old_size": 1},
        {"note": "hello"},
        {1: 2},
    ],
)
def test_json_of_another_shape_is_refused(change: dict[Any, Any]) -> None:
    """Unknown fields, wrong types and base64 that is not the one way to write it."""
    right = Inclusion(seq=1, size=3, path=(bytes(32),)).to_json()
    assert Inclusion.from_json(right).path == (bytes(32),)
    with pytest.raises(InputError):
        Inclusion.from_json({**right, **change})


@pytest.mark.parametrize("wrong", [None, [], "inclusion", {}, {"kind": "inclusion", "seq": 1, "size": 1}])
def test_what_is_no_proof_at_all_is_refused(wrong: Any) -> None:
    """A missing field, or no object."""
    for kind in (Inclusion, Extension):
        with pytest.raises(InputError, match="expected a proof with the fields kind"):
            kind.from_json(wrong)


def test_things_of_another_kind_are_refused() -> None:
    """Arguments in the wrong order are told apart from a proof that fails."""
    one, grew, at_one = inclusion(0, 1), extension(1, 1), checkpoint(1)
    wrong: Any
    for wrong in ("event 0", bytearray(b"event 0"), None):
        with pytest.raises(InputError, match="canonical bytes"):
            verify_inclusion(wrong, one, at_one)
    for wrong in (grew, at_one, None):
        with pytest.raises(InputError, match="Inclusion"):
            verify_inclusion(b"event 0", wrong, at_one)
    for wrong in (one, at_one, None):
        with pytest.raises(InputError, match="Extension"):
            verify_extends(wrong, at_one, at_one)
    for wrong in (one, str(at_one), None):
        with pytest.raises(InputError, match="Checkpoint"):
            verify_inclusion(b"event 0", one, wrong)
        with pytest.raises(InputError, match="Checkpoint"):
            verify_extends(grew, at_one, wrong)
        with pytest.raises(InputError, match="Checkpoint"):
            verify_extends(grew, wrong, at_one)


@pytest.mark.parametrize(
    ("claim", "said"),
    [
        (
            Claimed(BODIES[0], 1, 4, inclusion(0, 4).path, checkpoint(5)),
            "a log of 4 events, the checkpoint of one of 5",
        ),
        (Claimed(BODIES[0], 1, 4, inclusion(0, 4).path[1:], checkpoint(4)), "1 hashes are not the path of event 1"),
        (Claimed(BODIES[1], 1, 4, inclusion(0, 4).path, checkpoint(4)), "not number 1 of that log"),
    ],
)
def test_an_inclusion_that_fails_says_why(claim: Claimed, said: str) -> None:
    """Which of the three things does not fit."""
    with pytest.raises(ProofError, match=said):
        ours(claim)


@pytest.mark.parametrize(
    ("claim", "said"),
    [
        (Grew(3, 5, extension(3, 5).path, checkpoint(3), checkpoint(6)), "from 3 to 5 events, the .* are of 3 and 6"),
        (Grew(3, 5, extension(3, 5).path[1:], checkpoint(3), checkpoint(5)), "3 hashes are not the path from 3 to 5"),
        (Grew(3, 3, (), checkpoint(3), Checkpoint(size=3, root=DIGEST)), "new checkpoint's"),
        (Grew(3, 5, extension(3, 5).path, Checkpoint(size=3, root=DIGEST), checkpoint(5)), "old checkpoint's"),
        (Grew(3, 5, extension(3, 5).path, checkpoint(3), Checkpoint(size=5, root=DIGEST)), "new checkpoint's"),
        (Grew(1, 5, extension(1, 5).path, checkpoint(0), checkpoint(5)), "every log begins with none"),
        (Grew(3, 5, (), checkpoint(3), attrs.evolve(checkpoint(5), origin="example.org/b")), "of two logs"),
    ],
)
def test_an_extension_that_fails_says_why(claim: Grew, said: str) -> None:
    """Which of the things does not fit."""
    with pytest.raises(ProofError, match=said):
        ours_of_growth(claim)
