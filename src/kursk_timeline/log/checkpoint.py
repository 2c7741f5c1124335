"""
Checkpoints: a log's size and root as a text to be kept elsewhere, and signatures under it.

The text is a C2SP checkpoint (c2sp.org/tlog-checkpoint) and, signed, a C2SP note (c2sp.org/signed-note)
with Ed25519, so that other tools for transparency logs read it too.

What is no checkpoint at all is an `InputError`; what is one and does not verify is a `ProofError`.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable

import attrs

from kursk_timeline.errors import InputError, ProofError, shown
from kursk_timeline.log.keys import KEY_ID, SigningKey, VerifyingKey, a_name, digest_of, from_base64, is_name, to_base64
from kursk_timeline.log.merkle import DIGEST, EMPTY_ROOT

MAX_NOTE = 64 * 1024
"""Longest note that is read, in bytes of UTF-8."""

MAX_TEXT = MAX_NOTE // 2
"""Longest checkpoint in the same bytes, so that signatures have room behind it."""

MAX_SIZE = 2**63 - 1
"""Largest size of a log: what other readers of the format can hold."""

MAX_SIGNATURES = 100
"""Most signatures that are looked at."""

_SIZE = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z", re.ASCII)
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")  # with halves of surrogate pairs, which UTF-8 has not


# --- what a field takes ------------------------------------------------------------------------


def whole(value: object, what: str, *, least: int) -> int:
    """
    A count of events or an event's number.

    Raises:
        InputError: no integer, or one that no log has.

    >>> whole(3, "size", least=0)
    3
    """
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= MAX_SIZE:
        raise InputError(f"{what}: expected a whole number from {least} to 2**63 - 1, not {shown(value)}")
    return int(value)


def _size(value: int) -> int:
    return whole(value, "size", least=0)


def _root(value: bytes) -> bytes:
    return digest_of(value, "root")


def _time(value: dt.datetime | None) -> dt.datetime | None:
    if value is None:
        return None
    if not isinstance(value, dt.datetime) or value.utcoffset() is None:
        raise InputError(
            f"time: {shown(value)} is no point in time: give a datetime with its zone, "
            "as in datetime(2026, 11, 25, 12, tzinfo=timezone.utc)"
        )
    try:
        utc = value.astimezone(dt.timezone.utc)
    except OverflowError:
        raise InputError(f"time: {shown(value)} lies outside the years 1 to 9999 in UTC") from None
    # The second that had begun, and no subclass: just what the text can say.
    return dt.datetime(*utc.timetuple()[:6], tzinfo=dt.timezone.utc)


def _extensions(value: Iterable[str]) -> tuple[str, ...]:
    if not isinstance(value, (tuple, list)):
        raise InputError(f"extensions: expected a tuple of lines, not {shown(value)}")
    for line in value:
        if not isinstance(line, str) or not line or _CONTROL.search(line):
            raise InputError(f"extension {shown(line)}: write one line of text, neither empty nor with control signs")
        if line.startswith("time "):
            raise InputError(
                f"extension {shown(line)}: a checkpoint has one time, its first extension: give it as time="
            )
    return tuple(value)


# --- the checkpoint ----------------------------------------------------------------------------


@attrs.frozen(repr=False)
class Checkpoint:
    """
    A log's size and root, to be kept where the log's owner cannot change it.

    Args:
        size: How many events the log had; 0 or more.
        root: The root of the Merkle tree over them (RFC 9162): 32 bytes.
        origin: What the log is called, such as ``example.org/kursk``; no spaces, no ``+``.
        time: When its last event was taken; kept in UTC, cut to whole seconds. None if that is not said.
        extensions: Further lines that others put there and nobody here reads.

    Raises:
        InputError: a value cannot be taken; says what to write instead.

    Its text (`str`) is a C2SP checkpoint of lines that each end with a newline: origin, size, root in base64,
    ``time 2026-11-25T12:00:00Z`` where a time is given, extensions. `parse` reads it back, byte for byte the same.

    >>> taken = Checkpoint(size=0, root=EMPTY_ROOT, time=dt.datetime(2026, 11, 25, 12, tzinfo=dt.timezone.utc))
    >>> print(taken, end="")
    kursk_timeline
    0
    47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=
    time 2026-11-25T12:00:00Z
    >>> taken
    <Checkpoint of kursk_timeline at 0 events: root e3b0c44298fc…, taken 2026-11-25 12:00:00 UTC>
    """

    size: int = attrs.field(converter=_size)
    root: bytes = attrs.field(converter=_root)
    origin: str = attrs.field(default="kursk_timeline", converter=a_name)
    time: dt.datetime | None = attrs.field(default=None, converter=_time)
    extensions: tuple[str, ...] = attrs.field(default=(), converter=_extensions)

    def __attrs_post_init__(self) -> None:
        if self.size == 0 and self.root != EMPTY_ROOT:
            raise InputError(f"root: a log of no events has the root {EMPTY_ROOT.hex()}, not {self.root.hex()}")
        if len(str(self).encode()) > MAX_TEXT:
            raise InputError(f"a checkpoint has at most {MAX_TEXT:,} bytes; leave extensions out")

    def __str__(self) -> str:
        time = [] if self.time is None else [f"time {_written(self.time)}"]
        lines = [self.origin, str(self.size), to_base64(self.root), *time, *self.extensions]
        return "".join(f"{line}\n" for line in lines)

    def __repr__(self) -> str:
        taken = "" if self.time is None else f", taken {self.time.isoformat(' ').removesuffix('+00:00')} UTC"
        return f"<Checkpoint of {self.origin} at {self.size} events: root {self.root.hex()[:12]}…{taken}>"

    @classmethod
    def parse(cls, text: str) -> Checkpoint:
        """
        Read a checkpoint, signed or not.

        Signatures are passed over, so this proves nothing about who wrote it: what came a way that others
        can reach is read with `open`.

        Raises:
            InputError: it is no checkpoint, or not written in the one way there is; says where.

        Cost: O(length); at most 64 KiB are read.

        >>> Checkpoint.parse("example.org/log\\n1\\nbjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoB0=\\n").size
        1
        """
        body, lines = _split(_readable(text))
        if lines is not None:
            _signatures(lines)
        return cls._of_lines(body)

    @classmethod
    def _of_lines(cls, body: str) -> Checkpoint:
        *lines, rest = body.split("\n")
        if rest:
            raise InputError("the checkpoint ends within a line: its last newline, or more, was cut off; put it back")
        if len(lines) < 3 or not all(lines):
            raise InputError(
                "a checkpoint has three lines or more and none of them empty: the log's name, its size and its root"
            )
        origin, size, root, *extensions = lines
        if not _SIZE.fullmatch(size):
            raise InputError(f"line 2: {shown(size)} is no size; write a decimal number without leading zeros")
        digest = from_base64(root)
        if digest is None or len(digest) != DIGEST:
            raise InputError(f"line 3: {shown(root)} is no root; write {DIGEST} bytes as standard base64 with padding")
        time = None
        if extensions and extensions[0].startswith("time "):
            time = _read_time(extensions.pop(0).removeprefix("time "))
        return cls(size=int(size), root=digest, origin=origin, time=time, extensions=tuple(extensions))

    def sign(self, key: SigningKey) -> str:
        """
        The checkpoint as a signed note: its text, an empty line and a signature.

        Readers expect the key to be called like the log.

        Raises:
            InputError: this is no signing key.
            MissingExtraError: cryptography is not installed.

        Source: C2SP signed-note, Ed25519 signatures (RFC 8032).

        >>> key = SigningKey.generate("example.org/kursk")
        >>> note = Checkpoint(size=0, root=EMPTY_ROOT, origin="example.org/kursk").sign(key)
        >>> Checkpoint.open(note, key.verifying)
        <Checkpoint of example.org/kursk at 0 events: root e3b0c44298fc…>
        """
        if not isinstance(key, SigningKey):
            raise InputError(f"expected a SigningKey, not {type(key).__name__}; read one with SigningKey.parse")
        text = str(self)
        signature = key.verifying.id + key.sign(text.encode())
        return f"{text}\n— {key.name} {to_base64(signature)}\n"

    @classmethod
    def open(cls, note: str, *keys: VerifyingKey) -> Checkpoint:
        """
        Read a signed checkpoint if one of these keys signed it.

        Every signature by one of them must hold, and there must be one. Signatures by other keys are passed
        over, also by one that has a key's name or its id, and not both.

        Args:
            note: What `sign` gave, possibly signed by others too.
            keys: The keys that are trusted, one or more; got in some other way than the note.

        Raises:
            ProofError: it is not signed, a signature line is malformed, a signature does not hold, there are
                more than 100, or none is by these keys.
            InputError: the text is no checkpoint, or the keys are none.
            MissingExtraError: cryptography is not installed.

        Cost: O(length), and one verification for each signature by one of the keys.
        Source: C2SP signed-note.

        >>> stranger = SigningKey.generate("example.org/kursk")
        >>> note = Checkpoint(size=0, root=EMPTY_ROOT).sign(stranger)
        >>> Checkpoint.open(note, SigningKey.generate("example.org/kursk").verifying)
        Traceback (most recent call last):
        kursk_timeline.errors.ProofError: none of the signatures is by a key that was given; ...
        """
        known: dict[tuple[str, bytes], VerifyingKey] = {}
        for key in keys:
            if not isinstance(key, VerifyingKey):
                raise InputError(f"expected VerifyingKeys, not {type(key).__name__}; read one with VerifyingKey.parse")
            if known.setdefault((key.name, key.id), key) != key:
                raise InputError(f"two different keys are {key!r}: a signature cannot say by which it is; give one")
        if not known:
            raise InputError("give the key, or keys, that are trusted; without one, Checkpoint.parse reads the text")
        body, lines = _split(_readable(note))
        if lines is None:
            raise ProofError("the checkpoint is not signed; Checkpoint.parse reads it, and proves nothing")
        try:
            signatures = _signatures(lines)
        except InputError as error:
            raise ProofError(str(error)) from None
        by = [(known[name, id_], signature) for name, id_, signature in signatures if (name, id_) in known]
        for key, signature in by:
            if not key.verifies(body.encode(), signature):
                raise ProofError(f"the signature by {key!r} does not hold: the text or the signature was changed")
        if not by:
            raise ProofError(
                "none of the signatures is by a key that was given; they say to be by "
                f"{shown(', '.join(sorted({f'{name}+{id_.hex()}' for name, id_, _ in signatures})))}"
            )
        return cls._of_lines(body)


def _written(time: dt.datetime) -> str:
    return time.isoformat().removesuffix("+00:00") + "Z"


def _read_time(value: str) -> dt.datetime:
    problem = f"line 4: {shown(value)} is no time; write it as in 'time 2026-11-25T12:00:00Z'"
    if not _TIME.fullmatch(value):
        raise InputError(problem)
    try:
        time = dt.datetime.fromisoformat(value)
    except ValueError:
        raise InputError(problem) from None
    if _written(time) != value:  # later Pythons take hour 24 for the next day
        raise InputError(problem)
    return time


def _readable(note: str) -> str:
    """The note itself, if it is text of a bearable length without control signs other than the newline."""
    if not isinstance(note, str):
        raise InputError(f"expected the text of a checkpoint, not {type(note).__name__}; decode bytes as UTF-8")
    if len(note) > MAX_NOTE or len(note.encode(errors="surrogatepass")) > MAX_NOTE:
        raise InputError(f"a checkpoint with its signatures has at most {MAX_NOTE:,} bytes; this is something else")
    if "\r" in note:
        raise InputError(
            "the checkpoint's lines end in CR: something rewrote its line ends, and signatures are over '\\n' alone; "
            "save it with Unix line ends"
        )
    control = _CONTROL.search(note.replace("\n", ""))
    if control:
        raise InputError(f"the checkpoint holds the control sign {shown(control[0])}; it is damaged, or something else")
    return note


def _split(note: str) -> tuple[str, str | None]:
    """The text that is signed, and the lines after the last empty one; None where there is no empty line."""
    text, gap, lines = note.rpartition("\n\n")
    return (f"{text}\n", lines) if gap else (note, None)


def _signatures(lines: str) -> list[tuple[str, bytes, bytes]]:
    """Name, key id and signature on each signature line."""
    *signed, rest = lines.split("\n", MAX_SIGNATURES + 1)
    if len(signed) > MAX_SIGNATURES:
        raise InputError(f"the checkpoint has more than {MAX_SIGNATURES} signatures")
    if rest or not signed:
        raise InputError("after the empty line come signatures, each with a newline at its end; something was cut off")
    found = []
    for number, line in enumerate(signed, 1):
        dash, _, name_and_value = line.partition(" ")
        name, _, value = name_and_value.partition(" ")
        payload = from_base64(value)
        if dash != "—" or not is_name(name) or payload is None or len(payload) <= KEY_ID:
            raise InputError(
                f"signature {number} is malformed; it is written '— name base64', with a long dash (U+2014)"
            )
        found.append((name, payload[:KEY_ID], payload[KEY_ID:]))
    return found
