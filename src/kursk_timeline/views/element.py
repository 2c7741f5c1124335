"""
HTML that is safe by construction: every text is escaped unless it is already an element.

Text from sources may hold anything. Invisible and direction-changing characters are spelled out as
well, so that nothing can pose as something else.
"""

from __future__ import annotations

import html
from urllib.parse import urlsplit

from kursk_timeline.text import visible


class Element(str):
    """Finished HTML. Only `el` and the constants of the view modules make one."""

    __slots__ = ()


def escaped(text: object) -> Element:
    """Any text as HTML; line breaks stay."""
    lines = (html.escape(visible(line), quote=True) for line in str(text).splitlines())
    return Element("\n".join(lines))


def el(tag: str, *children: object, **attributes: object) -> Element:
    """
    One element. Children that are no elements are escaped, and None is left out; so are attributes.

    A trailing underscore of an attribute's name is dropped (``class_``), inner ones become hyphens.

    >>> el("b", "<i>", class_='"')
    '<b class="&quot;">&lt;i&gt;</b>'
    """
    given = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{escaped(value)}"'
        for name, value in attributes.items()
        if value is not None
    )
    inside = "".join(c if isinstance(c, Element) else escaped(c) for c in children if c is not None)
    return Element(f"<{tag}{given}>{inside}</{tag}>")


def web_host(address: str) -> str | None:
    """
    The host that an address of the web leads to; None where it is no plain one, and so must be no link.

    >>> web_host("https://example.org/1"), web_host("javascript:alert(1)")
    ('example.org', None)
    """
    # A browser reads some addresses otherwise than Python does (a backslash is a slash to it), so only
    # what can be read in one way is a link.
    if not address.isprintable() or not address.isascii() or set(address) & set(" \\\"'<>^`{|}"):
        return None
    try:
        parts = urlsplit(address)
        host = parts.hostname
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not host or parts.username is not None:
        return None
    return host if all(c.isalnum() or c in ".-" for c in host) else None


def link(target: str, *children: object) -> Element:
    """
    A link to a page of the web; any other target may run, so it is shown as text and not linked.

    >>> link("https://example.org/1", "here")
    '<a href="https://example.org/1" rel="noopener noreferrer">here</a>'
    >>> link("javascript:alert(1)", "here")
    'here (javascript:alert(1))'
    """
    if web_host(target) is None:
        return joined(*(c if isinstance(c, Element) else escaped(c) for c in children), escaped(f" ({target})"))
    return el("a", *children, href=target, rel="noopener noreferrer")


def joined(*parts: Element | None) -> Element:
    """Elements one after the other."""
    return Element("".join(part for part in parts if part is not None))


def spaced(*parts: Element) -> list[Element]:
    """The parts with a blank between neighbours, so that they read apart also where styles are taken away."""
    blanks = [Element(" ")] * len(parts)
    return [one for pair in zip(blanks, parts, strict=True) for one in pair][1:]
