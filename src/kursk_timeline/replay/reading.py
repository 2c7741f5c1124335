"""Explanations in sentences, as a tree from the number down to the printed words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kursk_timeline.events.base import Event, Source
from kursk_timeline.events.kinds import Retracted, Superseded
from kursk_timeline.replay.account import Account
from kursk_timeline.replay.bounds import Bounds
from kursk_timeline.replay.estimate import Estimate
from kursk_timeline.replay.explain import Because, Explanation, LeftOut, Reason
from kursk_timeline.replay.notation import account_text, estimate_text, number, symbol
from kursk_timeline.replay.tree import Node
from kursk_timeline.replay.world import Placed, World

PARTS = {"low": "at least", "best": "best", "high": "at most"}

REASONS: dict[Reason, str] = {
    "not known": "not known by then",
    "retracted": "retracted",
    "superseded": "replaced by a better event",
    "other claimant": "by another claimant than was asked for",
    "not yet": "cannot have happened by then",
    "stale": "not heard for too long, so that the account does not count",
    "uncertain": "may not have happened by then, while others surely have",
    "overtaken": "overtaken by what the same party said for a later day",
    "incomplete": "a part of the sum is missing in the account",
}
"""Why an event has no say, in words."""

FEW = 4
"""More events than this, left out for one reason by one party, are counted in plain text and not listed."""


def event_text(event: Event) -> str:
    """One event in a line: when, who, what, and its id."""
    return f"{event!r} [{event.id[:12]}]"


def source_node(source: Source) -> Node:
    words = [source.publisher, *([f"“{source.wording}”"] if source.wording else [])]
    words += [source.title] if source.title else []
    return Node(", ".join(words), link=source.locator)


def event_nodes(events: Sequence[Event], found: Explanation) -> list[Node]:
    """Events and the places where each was read."""
    return [Node(event_text(e), [source_node(source) for source in found.sources[e.id]]) for e in events]


def _amount(placed: Placed) -> str:
    if isinstance(placed.amount, str):
        return f"sets {placed.amount}"
    if placed.adds:
        verb, amount = ("takes away", -placed.amount) if placed.amount < 0 else ("adds", placed.amount)
    else:
        verb, amount = "sets", placed.amount
    return f"{verb} {number(amount)} {symbol(placed.unit)}".rstrip()


def world_node(part: str, world: World, value: str) -> Node:
    """One world that reaches a bound, claim by claim."""
    children = []
    for placed in world.placed:
        when = "on its way to the next report" if placed.ahead else str(placed.date or "never")
        late = "" if world.counts(placed) else " (so not yet)"
        children.append(Node(f"{when}{late}: {placed.event.claimant} {_amount(placed)} [{placed.event.id[:12]}]"))
    return Node(f"{PARTS.get(part, 'possible')} {value}: a world that reaches it", children)


def _account_node(account: Account, found: Explanation) -> Node:
    note = "counts" if account.counts else "does not count"
    if isinstance(account.value, Bounds):
        said = {part: number(getattr(account.quantity, part)) for part in PARTS}
    else:
        said = {name: name for name in account.holders}
    is_one = isinstance(account.value, Bounds) and account.value.low == account.value.high
    worlds = [
        world_node(part, world, said.get(part, part))
        for part, world in account.worlds.items()
        if not is_one or part == "best"  # the other two would only say the same
    ]
    events = event_nodes(account.in_play, found)
    return Node(
        f"{account_text(account)} – {note}",
        [Node(f"{_events(len(events))} in play", events, is_open=True), *worlds],
        is_open=account.counts,
    )


def _because_node(part: str, value: str, because: Because, found: Explanation) -> Node:
    word = f"{PARTS[part]} {value}" if part in PARTS else value
    if not because.events:
        return Node(
            f"{word}: as before any event, and these need not have happened",
            event_nodes(because.also, found),
            is_open=True,
        )
    also = [Node("without these, the same would follow from", event_nodes(because.also, found))] if because.also else []
    return Node(word, [*event_nodes(because.events, found), *also], is_open=True)


def _left_out_node(out: LeftOut, found: Explanation) -> Node:
    children = [source_node(source) for source in found.sources[out.event.id]]
    if isinstance(out.by, Superseded):
        children.append(Node(f"by {out.by.by[:12]}, says {out.by.claimant} on {out.by.reported}: {out.by.reason}"))
    elif isinstance(out.by, Retracted):
        children.append(Node(f"by {out.by.claimant} on {out.by.reported}: {out.by.reason}"))
    elif out.reason == "not known":
        children.append(Node(f"reported {out.event.reported}"))
    return Node(event_text(out.event), children)


def _left_out(found: Explanation) -> Iterator[Node]:
    """By reason, then by party."""
    for reason, words in REASONS.items():
        outs = [out for out in found.left_out if out.reason == reason]
        parties = []
        for party in sorted({out.event.party for out in outs}):
            nodes = [_left_out_node(out, found) for out in outs if out.event.party == party]
            parties.append(Node(f"{party}: {_events(len(nodes))}", nodes, is_long=len(nodes) > FEW))
        if parties:
            yield Node(f"{words}: {_events(len(outs))}", parties)


def _events(many: int) -> str:
    return f"{many} event{'' if many == 1 else 's'}"


def _value(estimate: Estimate, part: str) -> str:
    if part == "holders":
        return ", ".join(sorted(estimate.holders))
    return f"{number(getattr(estimate.quantity, part))} {symbol(estimate.unit)}".rstrip()


def explanation_tree(found: Explanation) -> Node:
    """The whole explanation; its first line is the answer."""
    estimate = found.estimate
    head = f"{found.key} on {found.question}"
    children: list[Node] = []
    if estimate is not None:
        because = [_because_node(part, _value(estimate, part), one, found) for part, one in found.because.items()]
        children.append(Node("owed to", because, is_open=True))
    for measure, part in found.parts.items():
        children.append(Node(f"made of {measure}: {part.estimate}", explanation_tree(part).children))
    if not found.parts:
        accounts = [_account_node(account, found) for account in found.accounts]
        if accounts:
            children.append(Node("accounts", accounts, is_open=True))
    if found.left_out:
        children.append(Node(f"left out: {_events(len(found.left_out))}", list(_left_out(found))))
    said = "nothing is claimed" if estimate is None else estimate_text(estimate)
    if estimate is not None and estimate.derivation:
        said += f", derived: {estimate.derivation}"
    return Node(f"{head}: {said}", children, is_open=True)
