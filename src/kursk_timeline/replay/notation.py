"""
Answers in the field's own notation: ``90 km² (0–99, disputed: ukraine 81–99, russia 0)``.

First the best figure with its unit, then in brackets the bounds and whatever a reader must know.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from kursk_timeline.replay.bounds import Names
from kursk_timeline.text import visible
from kursk_timeline.units import unit

if TYPE_CHECKING:
    from kursk_timeline.replay.account import Account
    from kursk_timeline.replay.estimate import Estimate
    from kursk_timeline.replay.history import History
    from kursk_timeline.replay.steps import Step

INFINITY = "∞"

NO_SUBJECT = "no one side"
"""Heads what belongs to nobody in particular: contested ground, people brought out."""


def number(value: float | None) -> str:
    """
    A number with grouped digits; at most three decimals, which is a few hundred square metres of a square kilometre.

    >>> number(63000), number(34.7491), number(float("inf"))
    ('63,000', '34.749', '∞')
    """
    if value is None:
        return "?"
    if abs(value) == float("inf"):
        return INFINITY if value > 0 else f"−{INFINITY}"
    text = f"{value:,.3f}".rstrip("0").rstrip(".")
    return text.replace("-", "−") if text != "-0" else "0"


def is_one(low: float | None, high: float | None) -> bool:
    """The bounds read as one number (a square mile is no whole number of square metres)."""
    return number(low) == number(high)


def span(low: float | None, high: float | None) -> str:
    """
    Bounds, or the one value they leave.

    >>> span(81, 99), span(0, 0), span(1000, float("inf"))
    ('81–99', '0', '1,000–∞')
    """
    return number(low) if is_one(low, high) else f"{number(low)}–{number(high)}"


def symbol(name: str | None) -> str:
    """A unit as it is printed after a number."""
    return "" if name is None else unit(name).symbol


def names(possible: Iterable[str]) -> str:
    """Possible names: ``contested or ukraine``."""
    return visible(" or ".join(sorted(possible)))


def value_text(answer: Account | Estimate) -> str:
    """Only the bounds or names, without unit."""
    if isinstance(answer.value, Names):
        return names(answer.holders)
    return span(answer.low, answer.high)


def _remarks(answer: Account | Estimate) -> list[str]:
    remarks = []
    if not answer.certain:
        remarks.append("not certain to have begun")
    if answer.contradictory:
        remarks.append("contradicts itself")
    if answer.stale:
        remarks.append(f"stale, last heard {answer.last_heard}")
    elif answer.is_old_zero:
        remarks.append(f"last heard {answer.last_heard}")
    return remarks


def _assembled(answer: Account | Estimate, more: list[str]) -> str:
    if isinstance(answer.value, Names):
        head = names(answer.holders)
    else:
        head = f"{number(answer.quantity.best)} {symbol(answer.unit)}"
        if not is_one(answer.low, answer.high):
            more = [span(answer.low, answer.high), *more]
    return f"{head} ({', '.join(more)})" if more else head


def said_text(account: Account) -> str:
    """``90 km² (81–99)``."""
    return _assembled(account, _remarks(account))


def account_text(account: Account) -> str:
    """``ukraine: 90 km² (81–99)``."""
    return f"{account.party}: {said_text(account)}"


def _sides(estimate: Estimate) -> str:
    return ", ".join(f"{account.party} {value_text(account)}" for account in estimate.counting)


def estimate_text(estimate: Estimate) -> str:
    """``90 km² (0–99, disputed: ukraine 81–99, russia 0)``."""
    remarks = _remarks(estimate)
    if estimate.disputed:
        derived = [f"{name} {_sides(part)}" for name, part in estimate.parts.items() if part.disputed]
        remarks.append(f"disputed: {'; '.join(derived) or _sides(estimate)}")
    return _assembled(estimate, remarks)


def step_text(step: Step) -> str:
    """``2025-04-26 to 2025-06-21: 16.6 km² (0–17.6, disputed)``."""
    if step.holders is not None:
        what = names(step.holders)
        remarks = []
    else:
        what = f"{number(step.best if isinstance(step.best, (int, float)) else None)} {symbol(step.unit)}"
        remarks = [] if is_one(step.low, step.high) else [span(step.low, step.high)]
    remarks += [
        word
        for word, holds in (
            ("not certain to have begun", not step.certain),
            ("disputed", step.disputed),
            ("stale", step.stale),
        )
        if holds
    ]
    days = f"{step.first}" if step.first == step.last else f"{step.first} to {step.last or '…'}"
    return f"{days}: {what}" + (f" ({', '.join(remarks)})" if remarks else "")


def history_text(history: History) -> str:
    """A heading and one line a step."""
    by = ", ".join(history.accounts)
    lines = [f"{visible(str(history.key))}{f', by {by}' if by else ''}"]
    lines += [f"  {step}" for step in history.steps] or ["  nothing is claimed"]
    return "\n".join(lines)
