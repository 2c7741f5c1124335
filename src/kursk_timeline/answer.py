"""Yes, no, or maybe: what can be said of windows and ranges."""

from __future__ import annotations

import enum

from kursk_timeline.errors import MaybeError


class Answer(enum.Enum):
    """
    The answer to a question about uncertain values.

    YES and NO hold in every case that the sources allow; MAYBE means that they allow both.

    >>> bool(Answer.YES), bool(Answer.NO)
    (True, False)
    >>> if Answer.MAYBE: ...
    Traceback (most recent call last):
    kursk_timeline.errors.MaybeError: the answer is maybe, neither true nor false: write `is Answer.YES` ...
    """

    NO = "no"
    MAYBE = "maybe"
    YES = "yes"

    def __bool__(self) -> bool:
        """
        True for YES, False for NO.

        Raises:
            MaybeError: the answer is MAYBE.
        """
        if self is Answer.MAYBE:
            raise MaybeError(
                "the answer is maybe, neither true nor false: "
                "write `is Answer.YES` to ask for surely, `is not Answer.NO` to ask for possibly"
            )
        return self is Answer.YES
