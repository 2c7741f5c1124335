"""
The parts of the page, as HTML that says all it has to say without any script.

The player fills the same elements anew when the date changes; what it adds, it clones from here. So
the markup of a row or of a claim is written once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from kursk_timeline.findings import Finding
from kursk_timeline.log import Record
from kursk_timeline.measures import Key
from kursk_timeline.replay.account import Account
from kursk_timeline.replay.estimate import Estimate
from kursk_timeline.replay.state import State
from kursk_timeline.views import terminal
from kursk_timeline.views.element import Element, el, joined
from kursk_timeline.views.page.payload import (
    Mark,
    Question,
    Sections,
    Shown,
    disputes,
    in_week,
    marks,
    week_of,
)
from kursk_timeline.views.page.words import date_words, name_words, place_words, span_words


def void(tag: str, **attributes: object) -> Element:
    """An element without content or end tag."""
    return Element(el(tag, **attributes).removesuffix(f"</{tag}>"))


def counted(count: int, thing: str) -> str:
    """
    A number of things.

    >>> counted(1, "claim"), counted(278, "claim")
    ('1 claim', '278 claims')
    """
    return f"{count:,} {thing}{'' if count == 1 else 's'}"


# --- the state ---------------------------------------------------------------------------------


def bar(shown: Shown | None) -> Element:
    """The bounds as a band and the best as a line, from 0 to the key's scale; an open bound ends in a point."""
    left, right, best = (shown and shown.bar) or (0.0, 0.0, 0.0)
    return el(
        "svg",
        el("rect", class_="band", x=left, y=1, width=max(round(right - left, 1), 0.8), height=8),
        el("path", class_="point", d="M94 0 L100 5 L94 10"),
        el("line", class_="best", x1=best, x2=best, y1=0, y2=10),
        class_="bar open" if shown and shown.is_open else "bar none" if shown and shown.bar is None else "bar",
        viewBox="0 0 100 10",
        preserveAspectRatio="none",
        aria_hidden="true",
    )


def _mark(mark: Mark) -> Element:
    return el("span", mark[0], class_="mark warning" if mark[1] else "mark")


def _value(shown: Shown | None, remarks: Iterable[Mark]) -> Element:
    """Figure, bounds and remarks: what the player fills."""
    return el(
        "span",
        el("b", shown.figure if shown else "", class_="figure"),
        el("span", shown.span if shown else "", class_="span"),
        el("span", *(_mark(mark) for mark in remarks), class_="marks"),
        class_="value",
    )


def account_row(account: Account | None, scale: float, numbers: dict[str, int]) -> Element:
    """One party's account as a row; an empty one, for the player to clone, where None."""
    shown = None if account is None else Shown.of(account, scale)
    heard = ""
    if account is not None:
        heard = "that day" if account.last_heard == account.date else str(account.last_heard)
    return el(
        "tr",
        el("th", "" if account is None else account.party, scope="row", class_="party"),
        el("td", _value(shown, () if account is None else marks(account))),
        el("td", bar(shown)),
        el("td", heard, class_="heard"),
        el("td", "yes" if account and account.counts else "no", class_="counts"),
        el("td", *(_number(numbers[id_]) for id_ in (account.events if account else ())), class_="claims"),
        class_="off" if account is not None and not account.counts else None,
    )


def _number(seq: int) -> Element:
    return el("a", str(seq), href=f"#claim-{seq}")


_HEADS = ("according to", "says", "bounds", "last heard", "counts", "claims no.")


def _row(key: Key, number: int, estimate: Estimate | None, scale: float, numbers: dict[str, int]) -> Element:
    """One estimate, which opens to show the accounts behind it; hidden where nothing is claimed yet."""
    shown = None if estimate is None else Shown.of(estimate, scale)
    accounts = [] if estimate is None else list(estimate.accounts.values())
    derived = "" if estimate is None else estimate.derivation or ""
    return el(
        "details",
        el(
            "summary",
            el("span", key.measure.replace("-", " "), class_="measure"),
            _value(shown, () if estimate is None else marks(estimate)),
            bar(shown),
            el("span", counted(len(accounts), "account"), class_="more"),
        ),
        el("p", el("code", str(key)), el("span", derived, class_="derived")),
        el(
            "div",
            el(
                "table",
                el("thead", el("tr", *(el("th", head, scope="col") for head in _HEADS))),
                el("tbody", *(account_row(account, scale, numbers) for account in accounts)),
            ),
            class_="accounts",
        ),
        class_="row",
        data_row=number,
        hidden="" if estimate is None else None,
    )


def summary(state: State) -> Element:
    """The state in one line. Its date is for those who listen; the others have it in the heading."""
    estimates = state.all_estimates().values()
    said = [counted(len(estimates), "figure")]
    said += [
        f"{count} {word}"
        for word, count in (
            ("disputed", sum(e.disputed for e in estimates)),
            ("stale", sum(e.stale for e in estimates)),
        )
        if count
    ]
    return el(
        "p",
        el("span", f"{date_words(state.date)}: ", class_="unseen"),
        el("span", ", ".join(said) if estimates else "nothing is claimed yet", class_="said"),
        id="summary",
        role="status",
        aria_live="polite",
    )


def keys_of(sections: Sections) -> list[Key]:
    """The keys in the order of their rows."""
    return [estimate.key for estimates in sections.values() for estimate in estimates.values()]


def state(question: Question, sections: Sections, numbers: dict[str, int]) -> Element:
    """Every key ever claimed, those not yet claimed on the page's date hidden."""
    now = question.state.all_estimates()
    blocks, number = [], 0
    for (region, subject), estimates in sections.items():
        rows = []
        for estimate in estimates.values():
            key = estimate.key
            found = now.get(key)
            scale = question.scale(key)
            rows.append(_row(key, number, found, scale, numbers))
            number += 1
        where = None if region == question.region else el("span", f" in {name_words(region)}", class_="region")
        blocks.append(
            el(
                "section",
                el("h3", name_words(subject), where),
                *rows,
                class_="subject",
                hidden=None if any(e.key in now for e in estimates.values()) else "",
            )
        )
    return joined(*blocks) if blocks else el("p", "Nothing is claimed.")


# --- claims ------------------------------------------------------------------------------------


def claim(record: Record, question: Question, *, named: bool = True) -> Element:
    """One claim with the places where it was read. Only the one in the whole list has a name to link to."""
    event = record.event
    row = dict(zip(terminal.EVENT_COLUMNS, terminal.event_row(record, {}, {}), strict=True))
    window, gone = event.window, question.gone.get(event.id)
    reason = None if gone is None else getattr(gone, "reason", None)
    return el(
        "li",
        el(
            "p",
            el("span", span_words(window.earliest, window.latest), class_="when"),
            el("span", event.claimant, class_="who"),
            el("span", f"no. {record.seq}", class_="no"),
            class_="head",
        ),
        el("p", el("b", event.kind.replace("-", " ").capitalize()), f": {row['says']}", class_="what"),
        None if event.note is None else el("p", event.note, class_="note"),
        None
        if gone is None
        else el("p", el("b", gone.kind.capitalize()), f" {gone.reported}: {reason}", class_="withdrawn"),
        el(
            "ul",
            *(
                el(
                    "li",
                    el("span", source.publisher, class_="publisher"),
                    None if source.title is None else el("cite", source.title),
                    None if source.wording is None else el("q", source.wording),
                    None if source.locator is None else place_words(source.locator),
                )
                for source in (*event.sources, *question.more.get(event.id, ()))
            ),
            class_="sources",
        ),
        el(
            "p",
            f"dated {event.occurred}, reported {event.reported}"
            + (f", restated until {event.restated_until}" if event.restated_until else "")
            + (f", graded {event.grading}" if event.grading else ""),
            class_="dated",
        ),
        class_="claim" if gone is None else "claim gone",
        id=f"claim-{record.seq}" if named else None,
        data_claim=record.seq,
    )


def week(question: Question) -> Element:
    """The claims of the date's week, and its heading."""
    monday, sunday = week_of(question.state.date)
    found = in_week(question)
    return joined(
        el("h2", "Claims about the week of ", el("span", span_words(monday, sunday), id="week-days")),
        el("ol", *(claim(record, question, named=False) for record in found), id="week-claims", class_="claims-list"),
        el("p", "No claim is about this week.", id="week-none", hidden="" if found else None),
    )


def timeline(question: Question) -> Element:
    """Every claim asked about, by the first day it may have happened, with a filter."""
    return joined(
        el("h2", "All claims"),
        el(
            "p",
            el("label", "Show only claims with ", for_="filter"),
            void("input", id="filter", type="search", autocomplete="off", spellcheck="false"),
            el("span", "", id="filter-found", role="status"),
            id="filter-line",
            hidden="",
        ),
        el(
            "ol",
            *(claim(record, question) for record in question.claims),
            id="claims",
            class_="claims-list",
            tabindex=0,
            aria_label="All claims",
        ),
    )


# --- disputes, findings, the log ---------------------------------------------------------------


def disagreements(question: Question, keys: Iterable[Key]) -> Element:
    """Every span of days on which the parties contradict each other."""
    items = [
        el(
            "li",
            el("code", str(key)),
            el("span", span_words(first, last), class_="when"),
            el("span", sides, class_="sides"),
        )
        for key, first, last, sides in disputes(question, keys)
    ]
    return joined(
        el("h2", "Disputes"),
        el("p", "Spans of days on which no value lies inside every account that counts; the sides as they began."),
        el("ul", *items, class_="plain") if items else el("p", "None."),
    )


def findings(found: Sequence[Finding], numbers: dict[str, int]) -> Element:
    """What the audit holds to be wrong or odd in the sources."""

    def item(finding: Finding) -> Element:
        about = [numbers[id_] for id_ in finding.events if id_ in numbers]
        return el(
            "li",
            el(
                "p",
                el("span", finding.severity, class_="mark warning" if finding.severity == "error" else "mark"),
                el("b", finding.code.replace("-", " ")),
            ),
            el("p", finding.message),
            None if finding.settles is None else el("p", "Would settle it: ", finding.settles, class_="note"),
            el("p", "Claims no. ", el("span", *map(_number, about), class_="claims"), class_="dated")
            if about
            else None,
            class_="finding",
        )

    return joined(
        el("h2", "Findings"),
        el("p", "What does not add up in the sources, by rule. A finding is a question to them, not a verdict."),
        el("ul", *map(item, found), class_="plain") if found else el("p", "None."),
    )


def colophon(question: Question, version: str) -> Element:
    """What was asked, how many events the log holds, and how anybody can check that it is this log."""
    state_, size = question.state, len(question.log)
    rows = [
        ("Known on", "everything known" if state_.known_on is None else f"only what was known on {state_.known_on}"),
        ("According to", "everybody" if state_.according_to is None else ", ".join(state_.according_to)),
        (
            "Silence",
            "a party's last report stands until its next (gaps: hold)"
            if state_.gaps == "hold"
            else "between two reports of a party anything between them may have been the case (gaps: span)",
        ),
        ("Events", f"{size:,} in the log, of which {counted(len(question.claims), 'claim')} asked about"),
        ("SHA-256", el("code", question.digest, class_="digest")),
        # The log only grows: its first lines are what they were, however long it is by then.
        (
            "Check it",
            el("code", f"kursk-timeline export | head -n {size} | sha256sum"),
            ", with --log FILE for a log of your own",
        ),
        ("Made by", f"kursk_timeline {version}"),
    ]
    return joined(
        el("h2", "What was asked, and how to check it"),
        el("dl", *(joined(el("dt", head), el("dd", *rest)) for head, *rest in rows)),
        el(
            "p",
            "The digest is over the log's canonical lines, one event a line, in log order. "
            "Low and high are the least and greatest value over every reading the sources allow; "
            "an upper bound of ∞ means that the sources give none. What nobody claims is not shown as zero.",
        ),
    )
