"""Text that comes from outside: what a name or a note may hold, and how it is shown safely."""

from __future__ import annotations

import codecs
import os
import re
import unicodedata
from functools import lru_cache
from pathlib import Path

from kursk_timeline.errors import InputError, shown

MAX_TEXT = 10_000
"""Longest note, title or wording, in characters."""

NOBODY = "-"
"""Stands in a key's text where a measure has no subject (``contested/-/kursk``), and so is no name."""

_SLUG = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}(?:\+[a-z0-9][a-z0-9._-]{0,99}){0,19}", re.ASCII)


def text(value: object, *, most: int = MAX_TEXT) -> str:
    """
    Take free text as it is, or say why it cannot be stored.

    Raises:
        InputError: not a string, empty, longer than `most`, or holding a NUL or half a surrogate
            pair, which databases and JSON readers cut or refuse.
    """
    if not isinstance(value, str):
        raise InputError(f"expected text, not {shown(value)}")
    value = str.__str__(value)  # a subclass, such as a dataframe's, may not be written as text
    if not value.strip():
        raise InputError("the text is empty; leave the field out instead")
    if len(value) > most:
        raise InputError(f"the text has {len(value):,} characters; at most {most:,} are kept")
    if "\0" in value:
        raise InputError("the text holds a NUL character")
    if not value.isascii() and any("\ud800" <= c <= "\udfff" for c in value):
        raise InputError("the text holds half of a surrogate pair, which no file can carry")
    return value


def name(value: object) -> str:
    """
    A proper name, as for a settlement: NFC-normalised, on one line, without ``/``.

    Two spellings of one name that Unicode holds to be the same become the same name; look-alikes
    of different letters stay different.

    >>> name("Sudzha")
    'Sudzha'
    """
    taken = unicodedata.normalize("NFC", text(value, most=200))
    if taken == NOBODY:
        raise InputError(f"{shown(taken)} stands for no name at all; write one out")
    if "/" in taken or taken != taken.strip() or not taken.isprintable():
        raise InputError(
            f"{shown(taken)} is no name: write it on one line, without '/', invisible characters or outer blanks"
        )
    return taken


def slug(value: object) -> str:
    """
    A short lower-case word for a party, force or region; ``+`` joins the members of a coalition.

    >>> slug("russia+north-korea")
    'russia+north-korea'
    """
    return _read_slug(value) if type(value) is str else _slug(value)


def _slug(value: object) -> str:
    taken = text(value, most=200)
    if not _SLUG.fullmatch(taken):
        raise InputError(
            f"{shown(taken)} is no short name: use lower-case letters, digits and hyphens, as in 'north-korea'"
        )
    return taken


_read_slug = lru_cache(maxsize=4096)(_slug)  # a log has few names, and each of them in a thousand events


def coalition(value: str) -> str:
    """
    A name whose members, joined by ``+``, stand in alphabetical order: in any order they are the same coalition.

    >>> coalition("russia+north-korea")
    'north-korea+russia'
    """
    return "+".join(sorted(set(value.split("+")))) if "+" in value and _SLUG.fullmatch(value) else value


def path(value: object) -> str:
    """
    A claimant, as a path from party to voice.

    >>> path("ukraine/syrsky")
    'ukraine/syrsky'
    """
    return _read_path(value) if type(value) is str else _path(value)


def _path(value: object) -> str:
    taken = text(value, most=400)
    for part in taken.split("/"):
        if not _SLUG.fullmatch(part):
            raise InputError(
                f"{shown(taken)} is no claimant: write a path of lower-case names from party to voice, "
                "as in 'ukraine/syrsky' or 'press/bbc'"
            )
    return taken


_read_path = lru_cache(maxsize=4096)(_path)


def file_path(value: object) -> Path:
    """
    A plain path of a file.

    Raises:
        InputError: it is no path, or one that no system can take.
    """
    if not isinstance(value, (str, os.PathLike)) or isinstance(name := os.fspath(value), bytes):
        raise InputError(f"expected a path, not {shown(value)}")
    try:
        os.fsencode(name)
    except UnicodeEncodeError:
        raise InputError(f"{shown(name)} is no path: it holds half of a surrogate pair") from None
    if not name or "\0" in name:
        raise InputError(f"{shown(name)} is no path: it is empty or holds a NUL character")
    return Path(name)


def visible(value: str) -> str:
    """
    The text with every control, direction and invisible character spelled out, for a terminal.

    >>> visible("a\\x1b[31mb\\u202e")
    'a\\\\x1b[31mb\\\\u202e'
    """
    if value.isprintable():
        return value
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in value)


PLAIN = "kursk_timeline.plain"
"""How an output whose encoding lacks a sign (an ASCII terminal) shows it: by its nearest plain sign, or spelled out."""

_PLAIN_SIGNS = str.maketrans(
    {"–": "-", "²": "2", "×": "x", "…": "...", "′": "'", "→": "->", "±": "+-", "−": "-", "∞": "inf", "“": '"', "”": '"'}
)


def _plain(error: UnicodeError) -> tuple[str | bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end].translate(_PLAIN_SIGNS)
    return lacking.encode("ascii", "backslashreplace").decode("ascii"), error.end


codecs.register_error(PLAIN, _plain)
