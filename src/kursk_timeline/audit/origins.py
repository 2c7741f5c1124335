"""Checks of where claims come from: who copied whom, which names look alike, what was reported too early."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator

from kursk_timeline.audit.case import Case, Say, amount, named
from kursk_timeline.errors import shown
from kursk_timeline.events.base import Event
from kursk_timeline.findings import Finding
from kursk_timeline.measures import Key
from kursk_timeline.quantity import Quantity
from kursk_timeline.replay.bounds import Bounds
from kursk_timeline.replay.claimed import claim_of

# --- time --------------------------------------------------------------------------------------


def reported_before_occurred(case: Case, say: Say) -> Iterator[Finding]:
    """
    A claim dated at both ends as late as its own report or later, so that it may have been reported too early.

    What is surely reported too early is refused when the event is made. Vague windows overlap all the time (a
    claim "in December" reported on the 13th, a report "of November" on something of the 22nd), and are no
    finding: one window lies inside the other. But where the claim's window, as written, starts no earlier than
    the report's and ends after it, the dates were likely mistaken. Announcements are excepted, and claims with
    an open end.
    """
    for event in case.ledger.events:
        occurred, reported = event.occurred, event.reported
        ends = (occurred.earliest, occurred.latest, reported.earliest, reported.latest)
        first, last, told_first, told_last = ends
        if event.foretells or first is None or last is None or told_first is None or told_last is None:
            continue
        if first >= told_first and last > told_last:
            yield say(
                f"{event.claimant} reported on {reported} what is dated {occurred}: "
                "the days reach past the report; those after it were left out",
                events=[event],
                keys=[effect.key for effect in case.effects[event.id]],
                first=first.toordinal(),
                last=last.toordinal(),
                settles="the day of the report and the day it speaks of, from the source",
            )


# --- copies ------------------------------------------------------------------------------------


def plain_words(words: str) -> str:
    """
    Printed words without what a copy may change: case, blanks, punctuation marks.

    >>> plain_words("About  90 sq. km") == plain_words("about 90 sq km")
    True
    """
    folded = unicodedata.normalize("NFKC", words).casefold()
    return " ".join("".join(c if c.isalnum() else " " for c in folded).split())


def copied_report(case: Case, say: Say) -> Iterator[Finding]:
    """
    Accounts of several parties on one key with the same days, the same bounds and the same printed words.

    They count as independent of each other, and may be one report told twice. The words are those of the
    quantity's phrase and of the sources; a claim without any is compared with none.
    """
    alike: defaultdict[tuple[Key, int, int, bool, Bounds, str], list[Event]] = defaultdict(list)
    for event in case.ledger.events:
        for effect in case.effects[event.id]:
            if not isinstance(effect.value, Quantity):
                continue
            claim = claim_of(0, event, effect)
            words = [effect.value.phrase, *(source.wording for source in event.sources)]
            value = Bounds(claim.low, claim.best, claim.high)
            for text in dict.fromkeys(plain_words(one) for one in words if one):
                if text:
                    alike[effect.key, claim.first, claim.last, claim.adds, value, text].append(event)
    told: set[tuple[Key, tuple[str, ...]]] = set()
    for (key, first, last, _, value, _), events in alike.items():
        parties = sorted({event.party for event in events})
        which = (key, tuple(sorted(event.id for event in events)))
        if len(parties) < 2 or which in told:
            continue
        told.add(which)  # phrase and wording may both be the same; that is one finding
        yield say(
            f"{named(key)}: {' and '.join(parties)} give {amount(value, case.ledger.measures[key.measure])} for "
            f"{events[0].occurred} in the same words; they count as independent, and may be one report told "
            f"{'twice' if len(parties) == 2 else f'{len(parties)} times'}",
            events=events,
            keys=[key],
            first=first,
            last=last,
            settles="which of them was first; a copy is then retracted, and filed as one more source (Corroborated)",
        )


# --- look-alikes -------------------------------------------------------------------------------

_LOOKS = str.maketrans(
    "АВЕЗКМНОРСТУХІЈЅавезкмнорстухіјѕԁһԛԝ" + "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧαικνορυ" + "0",
    "ABE3KMHOPCTYXIJSabe3kmhopctyxijsdhqw" + "ABEZHIKMNOPTYXaikvopu" + "o",
)
"""Cyrillic and Greek letters, and nought, that are drawn like a Latin letter."""

_STROKES = str.maketrans("1iı", "lll")
"""Those that are drawn like an l in some typeface, in one case or the other."""


def looks(name: str) -> str:
    """
    What a name looks like: two names with the same looks are taken for one by a reader.

    Folded together: composed and decomposed accents, upper and lower case, letters of other scripts drawn
    alike, 0 and o, 1 and i and l, invisible characters, and what separates words.

    >>> looks("ukraine/general_staff") == looks("Ukraine/general-staff")
    True
    >>> looks("Kyiv Post") == looks("Куіv Роst")
    True
    """
    folded = unicodedata.normalize("NFKC", name).translate(_LOOKS).casefold().translate(_STROKES)
    return "".join(c for c in folded if c not in "-_. '" and unicodedata.category(c) not in ("Cf", "Zs"))


def look_alike(case: Case, say: Say) -> Iterator[Finding]:
    """
    Names that look alike and are taken for two: claimants, publishers, parties and places.

    Of claimants each step of the path is compared with its neighbours.
    """
    claimants: dict[str, Event] = {}
    publishers: dict[str, Event] = {}
    subjects: dict[str, Event] = {}
    of_key: defaultdict[str, set[Key]] = defaultdict(set)
    for event in case.ledger.events:
        parts = event.claimant.split("/")
        for end in range(1, len(parts) + 1):
            claimants.setdefault("/".join(parts[:end]), event)
        for source in (*event.sources, *case.corroborated.get(event.id, ())):
            publishers.setdefault(source.publisher, event)
        for effect in case.effects[event.id]:
            for name in (*effect.key.members, effect.key.region):
                subjects.setdefault(name, event)
                of_key[name].add(effect.key)
    for kind, seen in (("claimants", claimants), ("publishers", publishers), ("names", subjects)):
        for group in _alike(seen):
            letters = [set(name) for name in group]
            differ = sorted(set[str]().union(*letters) - letters[0].intersection(*letters))
            words = ", ".join(unicodedata.name(c, f"U+{ord(c):04X}") for c in differ[:4])
            yield say(
                f"the {kind} {' and '.join(map(shown, group))} look alike and count as {len(group)}"
                + (f"; they differ in {words}" if words else ""),
                events=[seen[name] for name in group],
                keys=[key for name in group for key in of_key[name]] if kind == "names" else [],
                settles="whether they are one; the events under the wrong name are then superseded",
            )


def _alike(seen: Iterable[str]) -> Iterator[list[str]]:
    groups: defaultdict[str, list[str]] = defaultdict(list)
    for name in seen:
        groups[looks(name)].append(name)
    for group in groups.values():
        # Voices of two parties that look alike are no finding of their own: the parties are.
        if len(group) > 1 and len({name.rpartition("/")[2] for name in group}) > 1:
            yield sorted(group)
