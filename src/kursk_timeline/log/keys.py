"""
Keys that sign checkpoints, and the names and base64 they are written with.

Ed25519 (RFC 8032) from the package cryptography, which is loaded when a key is used. The texts are those
of Go's ``sumdb/note``, the key id that of C2SP's signed-note.
"""

from __future__ import annotations

import base64
import binascii
import re
import secrets
import unicodedata
from hashlib import sha256
from typing import Any

import attrs

from kursk_timeline.errors import InputError, MissingExtraError, shown
from kursk_timeline.log.merkle import DIGEST

MAX_NAME = 255
"""Longest name of a log or a key, in characters."""

KEY_ID = 4
"""Bytes of a key's id."""

_ED25519 = b"\x01"
_SECRET = "PRIVATE+KEY+"  # noqa: S105  # what a secret begins with, and none itself

_KEY_ID_TEXT = re.compile(r"[0-9a-f]{8}", re.ASCII)
_UNSEEN = frozenset(["Cc", "Cf", "Cs", "Zs", "Zl", "Zp"])  # Unicode's controls, invisible signs and spaces


def to_base64(value: bytes) -> str:
    """Standard base64, with its padding (RFC 4648, section 4)."""
    return base64.b64encode(value).decode("ascii")


def from_base64(value: str) -> bytes | None:
    """
    The bytes; None where the text is not the one way to write them.

    >>> from_base64("AAE="), from_base64("AAF="), from_base64("AAE")
    (b'\\x00\\x01', None, None)
    """
    try:
        found = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return None
    # Spare bits and padding can be written in several ways; two texts must not be one checkpoint.
    return found if to_base64(found) == value else None


def is_name(value: object) -> bool:
    """Whether a log or a key can be called so: what C2SP recommends for both."""
    return (
        isinstance(value, str)
        and 0 < len(value) <= MAX_NAME
        and "+" not in value
        and not any(unicodedata.category(one) in _UNSEEN for one in value)
    )


def a_name(value: str) -> str:
    """
    The name of a log or a key.

    Raises:
        InputError: it is none.
    """
    if not is_name(value):
        raise InputError(
            f"{shown(value)} names no log and no key: write at most {MAX_NAME} characters without spaces, '+' or "
            "invisible signs, as in 'example.org/kursk'"
        )
    return str.__str__(value)


def digest_of(value: bytes, what: str) -> bytes:
    """Just 32 bytes."""
    if not isinstance(value, bytes) or len(value) != DIGEST:
        # What was given may be a secret, so it is not repeated.
        found = f"{len(value)} bytes" if isinstance(value, bytes) else type(value).__name__
        raise InputError(f"{what}: expected {DIGEST} bytes, not {found}")
    return value


def _ed25519() -> tuple[Any, Any]:
    """The classes of private and public keys."""
    try:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
    except ImportError as error:
        raise MissingExtraError("sign", "cryptography") from error
    return Ed25519PrivateKey, Ed25519PublicKey


def _key_parts(text: str) -> tuple[str, bytes, bytes]:
    """Name, id and the 32 bytes of a key, public or secret. Nothing of it is repeated in a message."""
    name, _, rest = text.partition("+")
    id_, _, value = rest.partition("+")  # base64 may hold further ones
    payload = from_base64(value)
    if not is_name(name) or not _KEY_ID_TEXT.fullmatch(id_) or payload is None:
        raise InputError("a key is written 'name+id+base64', the id as 8 lower-case hexadecimal digits")
    if not payload.startswith(_ED25519) or len(payload) != 1 + DIGEST:
        raise InputError("this is no Ed25519 key (1, then 32 bytes), and only those are known here")
    return name, bytes.fromhex(id_), payload[1:]


def _public(value: bytes) -> bytes:
    return digest_of(value, "public")


def _seed(value: bytes) -> bytes:
    return digest_of(value, "seed")


@attrs.frozen(repr=False)
class VerifyingKey:
    """
    The public half of a key: tells whether a checkpoint was signed with the secret half.

    Args:
        name: Whose it is; by custom the name of the log.
        public: The Ed25519 public key: 32 bytes.

    Raises:
        InputError: a value cannot be taken.

    Its text (`str`) is ``name+id+base64``, to be given to everybody. Needs no further library until it verifies.

    >>> print(VerifyingKey("example.org/kursk", bytes(32)))
    example.org/kursk+55917aae+AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
    """

    name: str = attrs.field(converter=a_name)
    public: bytes = attrs.field(converter=_public)

    @property
    def id(self) -> bytes:
        """Four bytes that tell keys of one name apart: a hint for whoever searches, and no proof."""
        return sha256(self.name.encode() + b"\n" + _ED25519 + self.public).digest()[:KEY_ID]

    @classmethod
    def parse(cls, text: str) -> VerifyingKey:
        """
        Read a key from its text; blanks and newlines around it do not matter.

        Raises:
            InputError: it is no public Ed25519 key, or its id is not its own: something was changed.

        >>> VerifyingKey.parse("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
        <VerifyingKey PeterNeumann+c74f20a3>
        """
        if not isinstance(text, str):
            raise InputError(f"expected the text of a key, not {type(text).__name__}")
        text = text.strip()
        if text.startswith(_SECRET):
            raise InputError("this is a signing key, to be kept secret; give the text of its `verifying` half")
        name, id_, public = _key_parts(text)
        key = cls(name, public)
        if key.id != id_:
            raise InputError(
                f"the key {name}+{id_.hex()} has the id {key.id.hex()}: its name or its bytes were changed"
            )
        return key

    def verifies(self, message: bytes, signature: bytes) -> bool:
        """Whether this key's secret half signed just these bytes."""
        from_bytes = _ed25519()[1].from_public_bytes
        from cryptography.exceptions import InvalidSignature

        try:
            from_bytes(self.public).verify(signature, message)
        except (InvalidSignature, ValueError):  # the latter from backends that look for a point first
            return False
        return True

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{to_base64(_ED25519 + self.public)}"

    def __repr__(self) -> str:
        return f"<VerifyingKey {self.name}+{self.id.hex()}>"


@attrs.frozen(repr=False)
class SigningKey:
    """
    The secret half of a key: whoever has it can sign in its name.

    Args:
        name: Whose it is; by custom the name of the log.
        seed: The Ed25519 secret key: 32 bytes.

    Raises:
        InputError: a value cannot be taken.

    Neither `repr` nor `str` nor an error shows the secret; only `text` gives it.

    >>> SigningKey.generate("example.org/kursk")
    <SigningKey example.org/kursk, its secret not shown>
    """

    name: str = attrs.field(converter=a_name)
    _seed: bytes = attrs.field(converter=_seed)

    @classmethod
    def generate(cls, name: str) -> SigningKey:
        """
        A new key, from the system's source of randomness.

        Raises:
            InputError: the name cannot be taken.
            MissingExtraError: cryptography is not installed, so the key could not be used.

        >>> SigningKey.generate("example.org/kursk").name
        'example.org/kursk'
        """
        _ed25519()
        return cls(name, secrets.token_bytes(DIGEST))  # RFC 8032: any 32 bytes are a secret key

    @classmethod
    def parse(cls, text: str) -> SigningKey:
        """
        Read a key from its secret text; blanks and newlines around it do not matter.

        Raises:
            InputError: it is no secret Ed25519 key, or its id is not its own: something was changed.
            MissingExtraError: cryptography is not installed.

        >>> key = SigningKey.generate("example.org/kursk")
        >>> SigningKey.parse(key.text) == key
        True
        """
        if not isinstance(text, str) or not text.strip().startswith(_SECRET):
            raise InputError(f"this is no signing key: those begin with '{_SECRET}', as SigningKey.text gives them")
        name, id_, seed = _key_parts(text.strip().removeprefix(_SECRET))
        key = cls(name, seed)
        if key.verifying.id != id_:
            raise InputError("the signing key has another id than it says: its name or its bytes were changed")
        return key

    @property
    def text(self) -> str:
        """
        The secret, ``PRIVATE+KEY+name+id+base64``: the form of Go's ``sumdb/note``.

        >>> SigningKey.generate("example.org/kursk").text[:30]
        'PRIVATE+KEY+example.org/kursk+'
        """
        return f"{_SECRET}{self.name}+{self.verifying.id.hex()}+{to_base64(_ED25519 + self._seed)}"

    @property
    def verifying(self) -> VerifyingKey:
        """
        The public half, for everybody.

        >>> SigningKey.generate("example.org/kursk").verifying.name
        'example.org/kursk'
        """
        private = _ed25519()[0].from_private_bytes(self._seed)
        return VerifyingKey(self.name, private.public_key().public_bytes_raw())

    def sign(self, message: bytes) -> bytes:
        """The signature of these bytes: 64 more."""
        return bytes(_ed25519()[0].from_private_bytes(self._seed).sign(message))

    def __repr__(self) -> str:
        return f"<SigningKey {self.name}, its secret not shown>"
