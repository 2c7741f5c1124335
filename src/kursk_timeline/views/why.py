"""Explanations, comparisons and audits as HTML that folds without script."""

from __future__ import annotations

from collections.abc import Iterable

from kursk_timeline.audit import Audit
from kursk_timeline.events.base import Event
from kursk_timeline.findings import SEVERITIES, Finding, Severity
from kursk_timeline.replay.diff import Change, Diff
from kursk_timeline.replay.estimate import Estimate
from kursk_timeline.replay.explain import Explanation
from kursk_timeline.replay.reading import event_text, explanation_tree
from kursk_timeline.replay.tree import Node
from kursk_timeline.views.element import Element, el, escaped, joined, link, spaced
from kursk_timeline.views.html import body, estimate_marks, figure


def _node(node: Node) -> Element:
    text = escaped(node.text) if node.link is None else link(node.link, node.text)
    if not node.children:
        return el("li", text)
    children = el("ul", *(_node(child) for child in node.children))
    return el("li", el("details", el("summary", text), children, open="" if node.is_open else None))


@body.register
def _explanation(found: Explanation) -> Element:
    tree = explanation_tree(found)
    return joined(el("p", el("b", tree.text)), el("ul", *(_node(child) for child in tree.children), class_="kt-tree"))


def _events(events: Iterable[Event], class_: str) -> list[Element]:
    return [el("li", event_text(event), class_=class_) for event in events]


def _said(estimate: Estimate | None) -> Element:
    if estimate is None:
        return el("span", "nothing claimed", class_="kt-off")
    return joined(figure(estimate), estimate_marks(estimate))


def _change(change: Change) -> Element:
    whence: list[Element] = []
    if change.after is not None and change.after.derivation is not None:
        whence = [el("p", f"Derived: {change.after.derivation}")]
    else:
        for account in change.accounts:
            events = [*_events(account.came, "kt-came"), *_events(account.went, "kt-went")]
            whence += [el("p", str(account)), *([el("ul", *events, class_="kt-small")] if events else [])]
    summary = (
        el("span", str(change.key)),
        el("span", _said(change.before)),
        el("span", el("span", "→ ", class_="kt-off"), _said(change.after)),
        el("span", _count(change), class_="kt-more"),
    )
    return el("details", el("summary", *spaced(*summary)), *whence, class_="kt-row kt-change")


def _count(change: Change) -> str:
    many = len(change.accounts)
    return "derived" if not many else f"{many} account{'' if many == 1 else 's'}"


@body.register
def _audit(found: Audit) -> Element:
    groups = []
    for severity in SEVERITIES:
        group = found.grave(severity)
        if len(group):
            rows = [_finding(finding) for finding in group]
            groups.append(el("details", el("summary", f"{severity}s: {len(group)}"), *rows, open=_open(severity)))
    return joined(el("p", el("b", "Audit")), *(groups or [el("p", "Nothing found.")]))


def _open(severity: Severity) -> str | None:
    return None if severity == "note" else ""


def _finding(finding: Finding) -> Element:
    return el(
        "details",
        el(
            "summary",
            *spaced(el("span", finding.code, class_="kt-off"), el("span", finding.message)),
        ),
        el("p", f"What would settle it: {finding.settles}") if finding.settles else None,
        el("p", f"Events: {', '.join(one[:12] for one in finding.events)}") if finding.events else None,
        class_="kt-row kt-finding",
    )


@body.register
def _diff(diff: Diff) -> Element:
    return joined(
        el("p", el("b", diff.before.question), " → ", el("b", diff.after.question)),
        *([_change(change) for change in diff] or [el("p", "Nothing changed.")]),
    )
