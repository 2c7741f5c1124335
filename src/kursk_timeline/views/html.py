"""
Answers as HTML for notebooks: one self-contained fragment, no script, nothing loaded.

Colours follow the page's own text colour, so that light and dark themes both work; nothing is said
by colour alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import singledispatch
from typing import Any

import attrs

from kursk_timeline.events.base import Event
from kursk_timeline.replay.account import Account, AccountHistory
from kursk_timeline.replay.bounds import Names
from kursk_timeline.replay.estimate import Estimate
from kursk_timeline.replay.history import History
from kursk_timeline.replay.notation import NO_SUBJECT, is_one, names, number, span, symbol
from kursk_timeline.replay.revisions import Revisions
from kursk_timeline.replay.state import State
from kursk_timeline.replay.steps import Step
from kursk_timeline.views.element import Element, el, escaped, joined, spaced

_STYLE = Element(
    "<style>"
    ".kt{font-family:system-ui,sans-serif;font-size:14px;line-height:1.45;max-width:60em}"
    ".kt table{border-collapse:collapse;margin:.2em 0 .8em;width:100%}"
    ".kt th,.kt td{text-align:left;vertical-align:top;padding:.25em .9em .25em 0;border:0;background:none}"
    ".kt th,.kt td{white-space:normal}"
    ".kt tr{background:none}"
    ".kt tbody tr{border-top:1px solid rgba(128,128,128,.3)}"
    ".kt caption{text-align:left;font-weight:600;padding:.5em 0 .2em;color:inherit;caption-side:top}"
    ".kt thead th{font-weight:400;opacity:.75;font-size:.86em}"
    ".kt tbody th{font-weight:400}"
    ".kt .kt-best{font-weight:600;font-variant-numeric:tabular-nums;white-space:nowrap}"
    ".kt .kt-span{opacity:.8;font-variant-numeric:tabular-nums;white-space:nowrap}"
    ".kt .kt-mark{border:1px solid currentColor;border-radius:3px;padding:0 .35em;margin-left:.15em}"
    ".kt .kt-mark{font-size:.8em;white-space:nowrap}"
    ".kt .kt-disputed{border-width:2px;font-weight:600}"
    ".kt .kt-off{opacity:.62}"
    ".kt summary{cursor:pointer}"
    ".kt h3{font-size:1em;font-weight:600;margin:1em 0 .2em}"
    ".kt .kt-row{border-top:1px solid rgba(128,128,128,.3)}"
    ".kt .kt-row>summary{display:grid;gap:.8em;padding:.25em 0}"
    ".kt .kt-row>summary{grid-template-columns:11em minmax(12em,1fr) 160px 6.5em}"
    ".kt .kt-row>summary::-webkit-details-marker{display:none}"
    ".kt .kt-more{opacity:.75}"
    ".kt .kt-more::before{content:'\\25B8  '}"
    ".kt .kt-row[open] .kt-more::before{content:'\\25BE  '}"
    ".kt .kt-row table{margin:.2em 0 .8em 1.5em;width:calc(100% - 1.5em)}"
    ".kt svg{vertical-align:middle;overflow:visible}"
    ".kt p{margin:.3em 0}"
    ".kt .kt-tree,.kt .kt-tree ul{list-style:none;margin:0;padding:0 0 0 1.1em}"
    ".kt .kt-tree{padding:0}"
    ".kt .kt-tree li{padding:.12em 0;border-left:1px solid rgba(128,128,128,.3);padding-left:.7em}"
    ".kt .kt-tree>li{border:0;padding-left:0}"
    ".kt .kt-tree a{color:inherit}"
    ".kt .kt-tree summary{list-style-position:outside}"
    ".kt .kt-came::before{content:'+ '}"
    ".kt .kt-went::before{content:'\\2212 '}"
    ".kt .kt-small{font-size:.9em}"
    ".kt .kt-change>summary{grid-template-columns:15em minmax(9em,1fr) minmax(9em,1fr) 6.5em}"
    ".kt .kt-finding>summary{grid-template-columns:11em 1fr}"
    ".kt .kt-finding>p{margin-left:11.8em}"
    ".kt .kt-change>p,.kt .kt-change>ul{margin-left:1.5em}"
    ".kt ul.kt-small{list-style:none;padding:0;margin:.2em 0}"
    "</style>"
)

_WIDTH, _HEIGHT = 150, 10


def render(answer: object) -> str:
    """Any object of this library as an HTML fragment."""
    return el("div", _STYLE, body(answer), class_="kt")


@singledispatch
def body(answer: object) -> Element:
    return el("pre", repr(answer))


# --- parts -------------------------------------------------------------------------------------


def _mark(word: str, *, strong: bool = False) -> Element:
    # The blank is for where styles are taken away, as in a notebook that is not trusted.
    return joined(escaped(" "), el("span", word, class_="kt-mark kt-disputed" if strong else "kt-mark"))


def _marks(*, certain: bool, stale: bool | None, disputed: bool | None = False, contradictory: bool = False) -> Element:
    return joined(
        _mark("disputed", strong=True) if disputed else None,
        None if certain else _mark("not certain to have begun"),
        _mark("contradicts itself", strong=True) if contradictory else None,
        _mark("stale") if stale else None,
    )


def estimate_marks(estimate: Estimate) -> Element:
    return _marks(
        certain=estimate.certain,
        stale=estimate.stale,
        disputed=estimate.disputed,
        contradictory=estimate.contradictory,
    )


def figure(value: Account | Estimate) -> Element:
    """The best figure and the bounds."""
    if isinstance(value.value, Names):
        return el("span", names(value.holders), class_="kt-best")
    best = el("span", f"{number(value.quantity.best)} {symbol(value.unit)}", class_="kt-best")
    if is_one(value.low, value.high):
        return best
    return joined(best, escaped(" "), el("span", span(value.low, value.high), class_="kt-span"))


def _scale(amounts: Iterable[float]) -> float:
    """The largest finite amount; bars end there."""
    return max((abs(a) for a in amounts if abs(a) != float("inf")), default=0.0) or 1.0


def _bar(low: float, best: float, high: float, scale: float) -> Element:
    """The bounds as a band from 0 to the scale's end, with a line at the best. An open bound runs out dashed."""
    reach = _WIDTH * 0.86

    def x(amount: float) -> float:
        return round(max(0.0, min(amount, scale)) / scale * reach, 1)

    is_open = high == float("inf")
    left, right = x(low), float(_WIDTH) if is_open else x(high)
    words = f"{span(low, high)}, best {number(best)}"
    return el(
        "svg",
        el("line", x1=0, x2=_WIDTH, y1=_HEIGHT - 0.5, y2=_HEIGHT - 0.5, stroke="currentColor", stroke_opacity=0.3),
        el("rect", x=left, y=1, width=max(right - left, 1), height=_HEIGHT - 3, fill="currentColor", fill_opacity=0.25),
        el("line", x1=right, x2=right, y1=1, y2=_HEIGHT - 2, stroke="currentColor", stroke_dasharray="2 2")
        if is_open
        else None,
        el("line", x1=x(best), x2=x(best), y1=0, y2=_HEIGHT - 1, stroke="currentColor", stroke_width=2),
        role="img",
        aria_label=words,
        width=_WIDTH,
        height=_HEIGHT,
        viewBox=f"0 0 {_WIDTH} {_HEIGHT}",
    )


def table(caption: str | None, heads: Sequence[str], rows: Iterable[Element]) -> Element:
    return el(
        "table",
        el("caption", caption) if caption else None,
        el("thead", el("tr", *(el("th", head, scope="col") for head in heads))),
        el("tbody", *rows),
    )


def _account_rows(accounts: Sequence[Account], scale: float) -> list[Element]:
    rows = []
    for account in accounts:
        bar = None
        if not isinstance(account.value, Names):
            bar = _bar(account.low, account.quantity.best, account.high, scale)
        rows.append(
            el(
                "tr",
                el("th", account.party, scope="row"),
                el(
                    "td",
                    figure(account),
                    _marks(certain=account.certain, stale=account.stale, contradictory=account.contradictory),
                ),
                el("td", bar),
                el("td", str(account.last_heard)),
                el("td", "yes" if account.counts else "no"),
                class_=None if account.counts else "kt-off",
            )
        )
    return rows


_ACCOUNT_HEADS = ("according to", "says", "", "last heard", "counts")


def _estimate_scale(estimate: Estimate) -> float:
    if isinstance(estimate.value, Names):
        return 1.0
    accounts = estimate.accounts.values()
    return _scale([estimate.low, estimate.high, *(n for a in accounts for n in (a.low, a.quantity.best, a.high))])


def _accounts(estimate: Estimate) -> Element:
    return table(None, _ACCOUNT_HEADS, _account_rows(list(estimate.accounts.values()), _estimate_scale(estimate)))


# --- answers -----------------------------------------------------------------------------------


@body.register
def _estimate(estimate: Estimate) -> Element:
    return joined(
        el(
            "p",
            el("b", str(estimate.key)),
            f" on {estimate.date}: ",
            figure(estimate),
            estimate_marks(estimate),
        ),
        el("p", f"Derived: {estimate.derivation}") if estimate.derivation else None,
        _accounts(estimate),
    )


@body.register
def _account(account: Account) -> Element:
    bounds = [] if isinstance(account.value, Names) else [account.low, account.quantity.best, account.high]
    return table(str(account.key), _ACCOUNT_HEADS, _account_rows([account], _scale(bounds)))


def _state_row(measure: str, estimate: Estimate) -> Element:
    """One estimate on a line that opens to show its accounts."""
    bar = None
    if not isinstance(estimate.value, Names):
        bar = _bar(estimate.low, estimate.quantity.best, estimate.high, _estimate_scale(estimate))
    many = len(estimate.accounts)
    marks = estimate_marks(estimate)
    return el(
        "details",
        el(
            "summary",
            *spaced(
                el("span", measure),
                el("span", figure(estimate), marks),
                el("span", bar),
                el("span", f"{many} account{'' if many == 1 else 's'}", class_="kt-more"),
            ),
        ),
        el("p", f"Derived: {estimate.derivation}") if estimate.derivation else None,
        _accounts(estimate),
        class_="kt-row",
    )


@body.register
def _state(state: State) -> Element:
    sections = [
        joined(
            el("h3", f"{subject or NO_SUBJECT}, {region}"),
            *(_state_row(measure, estimate) for measure, estimate in estimates.items()),
        )
        for (region, subject), estimates in state.by_subject().items()
    ]
    disputes = ", ".join(str(key) for key in state.disputes)
    return joined(
        el("p", el("b", f"State on {state.question}")),
        el("p", f"Disputed: {disputes}") if disputes else None,
        *(sections or [el("p", "Nothing is claimed.")]),
    )


def _step_rows(steps: Sequence[Step]) -> list[Element]:
    amounts = [n for s in steps for n in (s.low, s.high) if n is not None]
    scale = _scale(amounts)
    rows = []
    for step in steps:
        bar = None
        if step.low is not None and step.high is not None and isinstance(step.best, (int, float)):
            figure = el("span", f"{number(step.best)} {symbol(step.unit)}", class_="kt-best")
            bounds = (
                None if is_one(step.low, step.high) else el("span", f" {span(step.low, step.high)}", class_="kt-span")
            )
            bar = _bar(step.low, step.best, step.high, scale)
        else:
            figure, bounds = el("span", names(step.holders or ()), class_="kt-best"), None
        rows.append(
            el(
                "tr",
                el("th", str(step.first), scope="row"),
                el("td", str(step.last or "…")),
                el("td", figure, bounds, _marks(certain=step.certain, stale=step.stale, disputed=step.disputed)),
                el("td", bar),
            )
        )
    return rows


_STEP_HEADS = ("from", "to", "value", "")


@body.register
def _history(history: History) -> Element:
    accounts = [
        el(
            "details",
            el("summary", f"according to {party}: {len(account.steps)} steps"),
            table(None, _STEP_HEADS, _step_rows(account.steps)),
        )
        for party, account in history.accounts.items()
    ]
    if not accounts:
        return el("p", el("b", str(history.key)), ": nothing is claimed")
    return joined(table(str(history.key), _STEP_HEADS, _step_rows(history.steps)), *accounts)


@body.register
def _revisions(revisions: Revisions) -> Element:
    rows = [
        el(
            "tr",
            el("th", one.span, scope="row"),
            el(
                "td",
                "nothing is claimed" if (said := one.estimate) is None else joined(figure(said), estimate_marks(said)),
            ),
            el("td", *(el("div", f"+ {event!r}") for event in one.change.came)),
            el("td", *(el("div", f"− {event!r}") for event in one.change.went)),
        )
        for one in revisions
    ]
    caption = f"{revisions.key} on {revisions.date}, as reports came in"
    return table(caption, ("known", "answer", "came", "went"), rows)


@body.register
def _account_history(account: AccountHistory) -> Element:
    return table(f"{account.key} according to {account.party}", _STEP_HEADS, _step_rows(account.steps))


@body.register
def _event(event: Event) -> Element:
    def shown(value: Any) -> object:
        if isinstance(value, tuple):
            return "; ".join(" · ".join(part for part in attrs.astuple(source) if part) for source in value)
        return value

    rows = [
        el("tr", el("th", field.name, scope="row"), el("td", shown(value)))
        for field in attrs.fields(type(event))
        if field.init and (value := getattr(event, field.name)) not in (None, False, ())
    ]
    return table(
        type(event).__name__, ("field", "value"), [*rows, el("tr", el("th", "id", scope="row"), el("td", event.id))]
    )
