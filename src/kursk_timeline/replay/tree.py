"""A tree of plain sentences: how an explanation reads, whatever it is shown in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import attrs

from kursk_timeline.text import visible


@attrs.frozen
class Node:
    """
    A sentence and what stands below it.

    Attributes:
        text: The sentence; it may hold text from sources.
        children: What explains it.
        link: Where it can be read, as the source gives it: not checked, and not to be trusted.
        is_open: Shown unfolded where nodes fold.
        is_long: So much stands below it that plain text leaves it out.
    """

    text: str
    children: Sequence[Node] = ()
    link: str | None = None
    is_open: bool = False
    is_long: bool = False

    def lines(self) -> Iterator[str]:
        """
        The tree as text, one line a node.

        >>> print(*Node("a", [Node("b", [Node("c")]), Node("d")]).lines(), sep="\\n")
        a
        ├ b
        │ └ c
        └ d
        """
        yield visible(self.text + (f" <{self.link}>" if self.link else ""))
        for child in () if self.is_long else self.children:
            is_last = child is self.children[-1]
            first, *rest = child.lines()
            yield f"{'└' if is_last else '├'} {first}"
            for line in rest:
                yield f"{' ' if is_last else '│'} {line}"
