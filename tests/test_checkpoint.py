"""Checkpoints: one text for each, signatures that hold or do not, and keys that keep their secret."""

from __future__ import annotations

import base64
import contextlib
import copy
import datetime as dt
import pickle
import sys
from hashlib import sha256
from typing import Any

import attrs
import pendulum
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kursk_timeline.errors import InputError, MissingExtraError, ProofError
from kursk_timeline.log.checkpoint import MAX_SIZE, MAX_TEXT, Checkpoint
from kursk_timeline.log.keys import SigningKey, VerifyingKey
from kursk_timeline.log.merkle import EMPTY_ROOT

ROOT = bytes(range(32))
ROOT_TEXT = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
NOON = dt.datetime(2026, 11, 25, 12, tzinfo=dt.timezone.utc)

EXAMPLE = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
"""The text of the example in C2SP's tlog-checkpoint."""

EXAMPLE_SIGNATURE = (
    "— example.com/behind-the-sofa "
    "Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
)
"""Its signature, by a key that C2SP does not tell."""

GO_SECRET = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
GO_PUBLIC = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
"""A key from the documentation of Go's sumdb/note, and so no secret."""

TAKEN = Checkpoint(size=4, root=ROOT, origin="example.org/kursk", time=NOON)


def key_of(number: int, name: str = "example.org/kursk") -> SigningKey:
    """A key for tests: the number is all of its secret."""
    return SigningKey(name, number.to_bytes(32, "big"))


KEY, OTHER = key_of(1), key_of(2, "example.net/witness")
TWINS = key_of(30663), key_of(46397)
"""Two keys of one name whose ids are the same too: found by trying."""


# --- the text ----------------------------------------------------------------------------------


def letters(without: str) -> st.SearchStrategy[str]:
    return st.characters(exclude_categories=["Cc", "Cf", "Cs", "Zs", "Zl", "Zp"], exclude_characters=without)


names = st.text(letters("+"), min_size=1, max_size=40)
times = st.datetimes(
    dt.datetime(1, 1, 2),  # noqa: DTZ001  # the bounds are given without a zone, and a day within what UTC can say
    dt.datetime(9999, 12, 30),  # noqa: DTZ001
    timezones=st.timezones() | st.just(dt.timezone.utc),
)
lines = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=40)
checkpoints = st.builds(
    Checkpoint,
    size=st.integers(1, MAX_SIZE),
    root=st.binary(min_size=32, max_size=32),
    origin=names,
    time=st.none() | times,
    extensions=st.lists(lines.filter(lambda line: not line.startswith("time ")), max_size=3),
)


@given(checkpoints)
def test_a_checkpoint_comes_back_from_its_text(one: Checkpoint) -> None:
    """Text and value say the same, byte for byte, with whatever others put in."""
    assert Checkpoint.parse(str(one)) == one
    assert str(Checkpoint.parse(str(one))) == str(one)
    assert pickle.loads(pickle.dumps(one)) == copy.deepcopy(one) == one
    assert len(repr(one)) < 600
    assert "\n" not in repr(one)


@given(st.text(max_size=200) | st.text("example.org\n0123456789time TZ:-=+/—A", max_size=200))
def test_any_text_is_a_checkpoint_or_an_input_error(text: str) -> None:
    """There is no third way, and what is read is written the same."""
    with contextlib.suppress(InputError):
        assert str(Checkpoint.parse(text)) == text


def test_the_text_is_that_of_c2sp() -> None:
    """The example of the specification, and one with a time."""
    root = base64.b64decode("CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=")
    one = Checkpoint(size=20852163, root=root, origin="example.com/behind-the-sofa")
    assert str(one) == EXAMPLE
    assert Checkpoint.parse(EXAMPLE) == Checkpoint.parse(f"{EXAMPLE}\n{EXAMPLE_SIGNATURE}") == one
    assert str(TAKEN) == f"example.org/kursk\n4\n{ROOT_TEXT}\ntime 2026-11-25T12:00:00Z\n"
    assert repr(TAKEN) == (
        "<Checkpoint of example.org/kursk at 4 events: root 000102030405…, taken 2026-11-25 12:00:00 UTC>"
    )


@pytest.mark.parametrize(
    "time",
    [
        NOON,
        NOON.replace(microsecond=999_999),
        NOON.astimezone(dt.timezone(dt.timedelta(hours=-3, minutes=-30))),
        pendulum.datetime(2026, 11, 25, 14, 0, 0, 5, tz="Europe/Kyiv"),
    ],
)
def test_a_time_is_kept_in_utc_and_whole_seconds(time: dt.datetime) -> None:
    """The second that had begun, and a plain datetime however it was given."""
    one = Checkpoint(size=4, root=ROOT, time=time)
    assert one.time == NOON
    assert type(one.time) is dt.datetime
    assert one == Checkpoint(size=4, root=ROOT, time=NOON)


def test_lines_of_others_are_kept() -> None:
    """Extension lines that nobody here reads go out as they came in, after the time."""
    text = f"example.org/log\n4\n{ROOT_TEXT}\ntime 2026-11-25T12:00:00Z\nshard 3\n— dash\ntimes two\n"
    one = Checkpoint.parse(text)
    assert (one.time, one.extensions) == (NOON, ("shard 3", "— dash", "times two"))
    assert str(one) == text


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"size": -1}, "size: expected a whole number from 0"),
        ({"size": True}, "size: "),
        ({"size": 4.0}, "size: "),
        ({"size": "4"}, "size: "),
        ({"size": None}, "size: "),
        ({"size": MAX_SIZE + 1}, "size: "),
        ({"size": 10**5000}, "size: .* a very large int"),
        ({"size": 0}, "a log of no events has the root e3b0c442"),
        ({"root": ROOT[:31]}, "root: expected 32 bytes, not 31 bytes"),
        ({"root": ROOT + b"\0"}, "root: expected 32 bytes, not 33 bytes"),
        ({"root": bytearray(ROOT)}, "root: expected 32 bytes, not bytearray"),
        ({"root": ROOT.hex()}, "root: "),
        ({"root": None}, "root: "),
        ({"origin": ""}, "names no log"),
        ({"origin": "a b"}, "names no log"),
        ({"origin": "a\u00a0b"}, "names no log"),
        ({"origin": "a\u2028b"}, "names no log"),
        ({"origin": "a+b"}, "names no log"),
        ({"origin": "a\nb"}, "names no log"),
        ({"origin": "a\x00"}, "names no log"),
        ({"origin": "a\x85"}, "names no log"),
        ({"origin": "\ufeffa"}, "names no log"),
        ({"origin": "a\u202eb"}, "names no log"),
        ({"origin": "a\ud800"}, "names no log"),
        ({"origin": "a" * 256}, "names no log"),
        ({"origin": b"a"}, "names no log"),
        ({"origin": None}, "names no log"),
        ({"time": NOON.replace(tzinfo=None)}, "with its zone"),
        ({"time": NOON.date()}, "with its zone"),
        ({"time": "2026-11-25T12:00:00Z"}, "with its zone"),
        ({"time": 0}, "with its zone"),
        ({"time": dt.datetime(1, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=1)))}, "outside the years"),
        ({"extensions": "one"}, "expected a tuple"),
        ({"extensions": None}, "expected a tuple"),
        ({"extensions": ("",)}, "neither empty"),
        ({"extensions": ("a\nb",)}, "neither empty"),
        ({"extensions": ("a\rb",)}, "neither empty"),
        ({"extensions": ("a\ud800",)}, "neither empty"),
        ({"extensions": (1,)}, "neither empty"),
        ({"extensions": ("time 2026-11-25T12:00:00Z",)}, "give it as time="),
        ({"extensions": ("time ",)}, "give it as time="),
        ({"extensions": ("x" * MAX_TEXT,)}, "at most 32,768 bytes"),
        ({"extensions": ("é" * (MAX_TEXT // 2),)}, "at most 32,768 bytes"),
    ],
)
def test_a_checkpoint_of_bad_values_cannot_be_made(change: dict[str, Any], said: str) -> None:
    """Each value is checked, and the message says what to write."""
    with pytest.raises(InputError, match=said):
        Checkpoint(**{"size": 4, "root": ROOT, **change})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "three lines or more"),
        ("\n", "three lines or more"),
        ("\n\n", "after the empty line come signatures"),
        ("kursk\n4\n", "three lines or more"),
        (f"kursk\n4\n{ROOT_TEXT}", "ends within a line"),
        (f"\n4\n{ROOT_TEXT}\n", "none of them empty"),
        (f"a b\n4\n{ROOT_TEXT}\n", "names no log"),
        (f"a+b\n4\n{ROOT_TEXT}\n", "names no log"),
        (f"\ufeffkursk\n4\n{ROOT_TEXT}\n", "names no log"),
        (f" kursk\n4\n{ROOT_TEXT}\n", "names no log"),
        *[
            (f"kursk\n{size}\n{ROOT_TEXT}\n", "line 2")
            for size in [
                "04",
                "00",
                "+4",
                "-4",
                " 4",
                "4 ",
                "4_0",
                "4.0",
                "0x4",
                "four",
                "٤",
                "４",
                "1" * 20,
                "1" * 999,
            ]
        ],
        (f"kursk\n{MAX_SIZE + 1}\n{ROOT_TEXT}\n", "size: "),
        (f"kursk\n0\n{ROOT_TEXT}\n", "a log of no events"),
        *[
            (f"kursk\n4\n{root}\n", "line 3")
            for root in (
                ROOT_TEXT[:-1],  # no padding
                ROOT_TEXT + "=",
                ROOT_TEXT[:-2] + "9=",  # spare bits
                " " + ROOT_TEXT,
                ROOT_TEXT + " ",
                ROOT_TEXT[:-5] + "-_8=",
                ROOT_TEXT.replace("A", "\uff21"),
                base64.b64encode(ROOT[:31]).decode(),
                base64.b64encode(ROOT + b"\0").decode(),
                ROOT.hex(),
                "é",
                "=",
            )
        ],
        (f"kursk\r\n4\r\n{ROOT_TEXT}\r\n", "save it with Unix line ends"),
        (f"kursk\r4\r{ROOT_TEXT}\r", "save it with Unix line ends"),
        (f"kursk\n4\n{ROOT_TEXT}\nnote\x00\n", r"control sign '\\x00'"),
        (f"kursk\n4\n{ROOT_TEXT}\nnote\x1b[31m\n", r"control sign '\\x1b'"),
        (f"kursk\n4\n{ROOT_TEXT}\nnote\x85\n", r"control sign '\\x85'"),
        (f"kursk\n4\n{ROOT_TEXT}\nnote\ud800\n", r"control sign '\\ud800'"),
        (f"kursk\n4\n{ROOT_TEXT}\n\n", "after the empty line come signatures"),
        (f"kursk\n4\n{ROOT_TEXT}\n\n\n", "after the empty line come signatures"),
        (f"kursk\n\n4\n{ROOT_TEXT}\n", "signature 1 is malformed"),
        (f"kursk\n4\n{ROOT_TEXT}\n\nmore\n", "signature 1 is malformed"),
        (f"kursk\n4\n{ROOT_TEXT}\n\nmore\n\n{EXAMPLE_SIGNATURE}", "none of them empty"),
        (f"kursk\n4\n{ROOT_TEXT}\n\n\n{EXAMPLE_SIGNATURE}", "none of them empty"),
        *[
            (f"kursk\n4\n{ROOT_TEXT}\n{line}\n", said)
            for line, said in {
                "time 2026-11-25T12:00:00": "line 4",
                "time 2026-11-25T12:00:00+00:00": "line 4",
                "time 2026-11-25T12:00:00.0Z": "line 4",
                "time 2026-11-25 12:00:00Z": "line 4",
                "time 2026-11-25T12:00Z": "line 4",
                "time 2026-02-30T12:00:00Z": "line 4",
                "time 2026-11-25T24:00:00Z": "line 4",
                "time 2026-11-25T23:59:60Z": "line 4",
                "time 0000-11-25T12:00:00Z": "line 4",
                "time ２０２６-11-25T12:00:00Z": "line 4",
                "time now": "line 4",
                "time ": "line 4",
                "time 2026-11-25T12:00:00Z\ntime 2026-11-25T12:00:00Z": "one time, its first extension",
                "shard 3\ntime 2026-11-25T12:00:00Z": "one time, its first extension",
            }.items()
        ],
        (f"kursk\n4\n{ROOT_TEXT}\n" + "x" * MAX_TEXT + "\n", "at most 32,768 bytes"),
        ("x" * 65_537, "at most 65,536 bytes"),
        ("é" * 32_769, "at most 65,536 bytes"),
        (b"kursk\n4\n", "decode bytes"),
        (None, "not NoneType"),
    ],
    ids=lambda value: ascii(value)[:40],
)
def test_what_is_no_checkpoint_is_refused(text: Any, said: str) -> None:
    """There is one way to write a checkpoint; each other one is an error that says where."""
    with pytest.raises(InputError, match=said):
        Checkpoint.parse(text)
    signed = f"{text}\n{signature(KEY, text)}" if isinstance(text, str) else text
    with pytest.raises((InputError, ProofError)):  # and no signature helps
        Checkpoint.open(signed, KEY.verifying)


# --- signing and opening -----------------------------------------------------------------------


def signature(key: SigningKey, text: str, *, name: str | None = None, id_: bytes | None = None) -> str:
    """A signature line, possibly under another's name or id."""
    payload = (key.verifying.id if id_ is None else id_) + key.sign(text.encode(errors="replace"))
    return f"— {name or key.name} {base64.b64encode(payload).decode()}\n"


@given(checkpoints)
def test_what_is_signed_is_opened(one: Checkpoint) -> None:
    """The note is the text, an empty line and one signature; opened, it is the same checkpoint."""
    note = one.sign(KEY)
    assert note == f"{one}\n{signature(KEY, str(one))}"
    assert Checkpoint.open(note, KEY.verifying) == Checkpoint.parse(note) == one
    assert Checkpoint.open(note, OTHER.verifying, KEY.verifying, KEY.verifying) == one


def test_signing_is_deterministic() -> None:
    """A checkpoint signed twice is the same note, so that it can be compared."""
    assert TAKEN.sign(KEY) == TAKEN.sign(KEY)


def test_every_byte_of_a_signed_note_matters() -> None:
    """
    With any bit flipped, a note is refused.

    Harmless are only bits within the signature of a key that is not known: of its name, its id and its value,
    as long as the line keeps its form.
    """
    known = TAKEN.sign(KEY)
    note = known + signature(OTHER, str(TAKEN))
    harmless = set()
    for place in range(len(note.encode())):
        for bit in range(8):
            flipped = bytearray(note.encode())
            flipped[place] ^= 1 << bit
            try:
                opened = Checkpoint.open(flipped.decode(errors="surrogateescape"), KEY.verifying)
            except (InputError, ProofError):
                continue
            assert opened == TAKEN, (place, bit)
            harmless.add(place)
    line = len(known.encode())
    assert min(harmless) == line + len("— ".encode())
    assert max(harmless) < len(note.encode()) - 1


def test_no_note_that_was_cut_off_is_opened() -> None:
    """Not one that lost its last newline either."""
    note = TAKEN.sign(KEY)
    for end in range(len(note)):
        with pytest.raises((InputError, ProofError)):
            Checkpoint.open(note[:end], KEY.verifying)


def test_a_signature_belongs_to_one_text() -> None:
    """Under another checkpoint, or with a line put in, a good signature is a bad one."""
    line = signature(KEY, str(TAKEN))
    changes: list[dict[str, Any]] = [
        {"size": 5},
        {"root": bytes(32)},
        {"origin": "k"},
        {"time": None},
        {"extensions": ["x"]},
    ]
    for change in changes:
        with pytest.raises(ProofError, match=r"<VerifyingKey example.org/kursk\+.*> does not hold"):
            Checkpoint.open(f"{attrs.evolve(TAKEN, **change)}\n{line}", KEY.verifying)


def test_signatures_by_unknown_keys_are_passed_over() -> None:
    """Also ones with a known key's name or its id, but not both; and of a kind nobody here knows."""
    ours = KEY.verifying
    text = str(TAKEN)
    strangers = [
        signature(OTHER, text),
        signature(OTHER, "something else"),
        signature(OTHER, text, name=ours.name),
        signature(OTHER, text, id_=ours.id),
        signature(KEY, text, name="example.net/another"),
        "— example.net/short AAAAAAA=\n",
        f"— example.net/long {base64.b64encode(bytes(4000)).decode()}\n",
    ]
    everybody = "".join(strangers)
    assert Checkpoint.open(f"{text}\n{everybody}{signature(KEY, text)}", ours) == TAKEN
    assert Checkpoint.open(f"{text}\n{signature(KEY, text)}{everybody}", ours) == TAKEN
    with pytest.raises(ProofError, match="none of the signatures is by a key that was given"):
        Checkpoint.open(f"{text}\n{everybody}", ours)


@pytest.mark.parametrize("first", [True, False])
def test_a_bad_signature_by_a_known_key_spoils_the_note(first: bool) -> None:
    """A good one beside it does not help, by the same key or by another."""
    text = str(TAKEN)
    for bad in (
        signature(KEY, "something else"),
        signature(OTHER, text, name=KEY.name, id_=KEY.verifying.id),
        f"— {KEY.name} {base64.b64encode(KEY.verifying.id + KEY.sign(text.encode())[:63]).decode()}\n",
        f"— {KEY.name} {base64.b64encode(KEY.verifying.id + KEY.sign(text.encode()) + b'0').decode()}\n",
        f"— {KEY.name} {base64.b64encode(KEY.verifying.id + b'0').decode()}\n",
    ):
        for good in (signature(KEY, text), signature(OTHER, text)):
            both = bad + good if first else good + bad
            with pytest.raises(ProofError, match="does not hold"):
                Checkpoint.open(f"{text}\n{both}", OTHER.verifying, KEY.verifying)


def test_all_known_signatures_may_hold() -> None:
    """Several good ones, one of them twice."""
    text = str(TAKEN)
    note = f"{text}\n{signature(KEY, text)}{signature(OTHER, text)}{signature(KEY, text)}"
    assert Checkpoint.open(note, KEY.verifying, OTHER.verifying) == TAKEN


def test_keys_with_the_same_id_are_not_taken_for_each_other() -> None:
    """An id is four bytes and can be met by chance or by intent; the signature tells."""
    one, two = TWINS
    assert one.verifying.id == two.verifying.id
    assert one.verifying != two.verifying
    assert Checkpoint.open(TAKEN.sign(one), one.verifying) == TAKEN
    with pytest.raises(ProofError, match="does not hold"):
        Checkpoint.open(TAKEN.sign(one), two.verifying)
    with pytest.raises(InputError, match="two different keys are"):
        Checkpoint.open(TAKEN.sign(one), one.verifying, two.verifying)


def test_at_most_a_hundred_signatures_are_read() -> None:
    """A note may not keep its reader busy."""
    text, line = str(TAKEN), "— example.net/short AAAAAAA=\n"
    assert Checkpoint.open(f"{text}\n{line * 99}{signature(KEY, text)}", KEY.verifying) == TAKEN
    for more in (100, 101, 500):
        with pytest.raises(ProofError, match="more than 100"):
            Checkpoint.open(f"{text}\n{signature(KEY, text)}{line * more}", KEY.verifying)


@pytest.mark.parametrize(
    "line",
    [
        "—\n",
        "— \n",
        "— example.net/w\n",
        "— example.net/w \n",
        "— example.net/w AAAA\n",
        "— example.net/w AAAAAA==\n",  # an id and nothing more
        "— example.net/w AAAAAAB=\n",
        "— example.net/w AAAAAAA\n",
        "—  AAAAAAA=\n",
        "— a b AAAAAAA=\n",
        "— a+b AAAAAAA=\n",
        "— a\u00a0b AAAAAAA=\n",
        "— example.net/w  AAAAAAA=\n",
        "— example.net/w AAAAAAA= \n",
        " — example.net/w AAAAAAA=\n",
        "—\u00a0example.net/w AAAAAAA=\n",
        "- example.net/w AAAAAAA=\n",
        "– example.net/w AAAAAAA=\n",
        "-- example.net/w AAAAAAA=\n",
        "hello\n",
        "— example.net/w AAAAAAA=",
    ],
)
def test_a_malformed_signature_spoils_the_note(line: str) -> None:
    """Beside a good one too: such a note was not made by a tool that can be trusted with one."""
    said = "signature 2 is malformed|each with a newline at its end"
    good = signature(KEY, str(TAKEN))
    with pytest.raises(ProofError, match=said):
        Checkpoint.open(f"{TAKEN}\n{good}{line}", KEY.verifying)
    with pytest.raises(InputError, match=said):
        Checkpoint.parse(f"{TAKEN}\n{good}{line}")


def test_the_signed_text_ends_at_the_last_empty_line() -> None:
    """What looks like signatures before it is text, and then it is no checkpoint, whoever signed it."""
    inner, good = TAKEN.sign(OTHER), signature(KEY, str(TAKEN))
    with pytest.raises(InputError, match="none of them empty"):
        Checkpoint.open(f"{inner}\n{signature(KEY, inner)}", KEY.verifying)
    with pytest.raises(ProofError, match="does not hold"):
        Checkpoint.open(f"{TAKEN}\n{good}\n{good}", KEY.verifying)
    with pytest.raises(InputError, match="three lines"):
        Checkpoint.open(f"hello\n\n{signature(KEY, 'hello' + chr(10))}", KEY.verifying)


def test_an_unsigned_checkpoint_is_not_opened() -> None:
    """And without a key there is nothing to open it with."""
    with pytest.raises(ProofError, match="not signed"):
        Checkpoint.open(str(TAKEN), KEY.verifying)
    with pytest.raises(InputError, match="give the key"):
        Checkpoint.open(TAKEN.sign(KEY))
    wrong: Any
    for wrong in (KEY, str(KEY.verifying), None, [KEY.verifying]):
        with pytest.raises(InputError, match=r"VerifyingKey\.parse"):
            Checkpoint.open(TAKEN.sign(KEY), wrong)
    for wrong in (KEY.verifying, KEY.text, None):
        with pytest.raises(InputError, match=r"SigningKey\.parse"):
            TAKEN.sign(wrong)
    with pytest.raises(InputError, match="Unix line ends"):
        Checkpoint.open(TAKEN.sign(KEY).replace("\n", "\r\n"), KEY.verifying)


# --- keys --------------------------------------------------------------------------------------


def test_keys_are_those_of_go() -> None:
    """A key pair that Go's documentation prints is read, belongs together, and is written the same."""
    secret, public = SigningKey.parse(GO_SECRET), VerifyingKey.parse(GO_PUBLIC)
    assert (secret.text, str(public)) == (GO_SECRET, GO_PUBLIC)
    assert secret.verifying == public
    assert Checkpoint.open(TAKEN.sign(secret), public) == TAKEN


def test_a_known_signature_of_rfc_8032_comes_out() -> None:
    """Its first test, 7.1: the empty message."""
    secret = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    key = SigningKey("example.org/kursk", secret)
    assert key.verifying.public.hex() == "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    assert key.sign(b"").hex().startswith("e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb88215")


@given(name=names, seed=st.binary(min_size=32, max_size=32))
def test_keys_come_back_from_their_text(name: str, seed: bytes) -> None:
    """With blanks around it too, as a file has them."""
    key = SigningKey(name, seed)
    assert SigningKey.parse(f" {key.text}\n") == key
    assert VerifyingKey.parse(f"{key.verifying}\r\n") == key.verifying
    name_and_key = name.encode() + b"\n\x01" + key.verifying.public
    assert key.verifying.id == sha256(name_and_key).digest()[:4]


def test_new_keys_differ() -> None:
    """Each is drawn anew."""
    assert SigningKey.generate("example.org/kursk") != SigningKey.generate("example.org/kursk")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "PeterNeumann",
        "PeterNeumann+c74f20a3",
        "PeterNeumann+c74f20a3+",
        "+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "Peter\x00Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeuman+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+0c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+ c74f20a+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TX",
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10T",
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWAAAA",
        "PeterNeumann+c74f20a3+AhpC2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a3+Ahpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a3+AR pc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        None,
        GO_PUBLIC.encode(),
    ],
)
def test_what_is_no_key_is_refused(text: Any) -> None:
    """A name, its own id in lower-case digits, and the bytes of an Ed25519 key."""
    with pytest.raises(InputError):
        VerifyingKey.parse(text)
    with pytest.raises(InputError):
        SigningKey.parse(text)
    if isinstance(text, str):
        with pytest.raises(InputError):
            SigningKey.parse("PRIVATE+KEY+" + text)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\nb", "a\u2003b", "a\u200bb", "a" * 256, b"a", None])
def test_a_key_needs_a_name(name: Any) -> None:
    """The same as a log's: without blanks, plus and what cannot be seen."""
    for make in (SigningKey.generate, lambda name: SigningKey(name, bytes(32)), lambda name: VerifyingKey(name, ROOT)):
        with pytest.raises(InputError, match="names no log and no key"):
            make(name)


def test_a_key_that_is_no_point_verifies_nothing() -> None:
    """Any 32 bytes can be written as a key; most of those that are none fail when used, as a signature does."""
    for byte in range(256):
        odd = VerifyingKey(KEY.name, bytes([byte]) * 32)
        payload = base64.b64encode(odd.id + KEY.sign(str(TAKEN).encode())).decode()
        with pytest.raises(ProofError, match="does not hold"):
            Checkpoint.open(f"{TAKEN}\n— {KEY.name} {payload}\n", odd)


def test_the_secret_is_never_shown() -> None:
    """Not by repr, str, format, nor by an error about a text or bytes that hold it."""
    key = SigningKey.generate("example.org/kursk")
    seed = key._seed
    payload = base64.b64encode(b"\x01" + seed).decode()
    said = [repr(key), str(key), f"{key}", f"{key!r:>3}", repr([key]), repr({"key": key})]
    spoiled: Any
    for spoiled in (
        key.text[:-1],
        key.text + "A",
        key.text.replace("example", "another"),
        key.text.replace("example.org", "ex ample"),
        key.text.removeprefix("PRIVATE+KEY+"),
        "PRIVATE+KEY+" + payload,
        f"PRIVATE+KEY+a {payload}+00000000+{payload}",
        payload,
        seed,
    ):
        with pytest.raises(InputError) as one:
            SigningKey.parse(spoiled)
        said.append(repr(one.value))
    for text in (key.text, " " + key.text, key.text[12:]):
        with pytest.raises(InputError, match="to be kept secret" if "PRIVATE" in text else "has the id") as one:
            VerifyingKey.parse(text)
        said.append(repr(one.value))
    for bad in (seed[:31], seed + b"\0", payload, bytearray(seed)):
        with pytest.raises(InputError) as one:
            SigningKey("example.org/kursk", bad)  # type: ignore[arg-type]
        said.append(repr(one.value))
    with pytest.raises(InputError) as one:
        Checkpoint.open(TAKEN.sign(key), key)  # type: ignore[arg-type]
    said.append(repr(one.value))
    for text in said:
        for hidden in (payload[4:16], seed.hex()[:12], repr(seed)[2:14], key.text):
            assert hidden not in text


def test_only_signatures_need_cryptography(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it, texts are read and written, and the error says what to install."""
    note, secret, public = TAKEN.sign(KEY), KEY.text, str(KEY.verifying)
    for module in [name for name in sys.modules if name.partition(".")[0] == "cryptography"]:
        monkeypatch.setitem(sys.modules, module, None)
    assert Checkpoint.parse(note) == TAKEN
    key = VerifyingKey.parse(public)
    assert str(key) == public
    assert repr(SigningKey(KEY.name, ROOT)) == "<SigningKey example.org/kursk, its secret not shown>"
    for needy in (
        lambda: TAKEN.sign(KEY),
        lambda: Checkpoint.open(note, key),
        lambda: SigningKey.generate("example.org/kursk"),
        lambda: SigningKey.parse(secret),
        lambda: KEY.text,
        lambda: KEY.verifying,
    ):
        with pytest.raises(MissingExtraError, match=r"needs cryptography, .*kursk-timeline\[sign\]"):
            needy()


def test_an_empty_log_has_a_checkpoint() -> None:
    """Size 0 and the hash of nothing."""
    assert Checkpoint.parse(str(Checkpoint(size=0, root=EMPTY_ROOT))).size == 0
