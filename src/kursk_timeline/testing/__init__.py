"""
For tests of your own: invented events and logs, and the laws that a projection must keep.

Needs hypothesis (``pip install 'kursk-timeline[testing]'``). The strategies build values that the
library takes and a reader may stumble over; `check_projection` and `check_fold` use them to break
your function, and explain how they did.
"""

try:
    import hypothesis as _hypothesis  # noqa: F401  (only to say early, and plainly, that it is missing)
except ModuleNotFoundError as error:
    if error.name != "hypothesis":
        raise
    from kursk_timeline.errors import MissingExtraError

    raise MissingExtraError("testing", "hypothesis") from None

from kursk_timeline.testing.check import check_fold, check_projection
from kursk_timeline.testing.laws import LAWS, LawBroken
from kursk_timeline.testing.strategies import claimants, days, events, logs, quantities, sources, whens

__all__ = [
    "LAWS",
    "LawBroken",
    "check_fold",
    "check_projection",
    "claimants",
    "days",
    "events",
    "logs",
    "quantities",
    "sources",
    "whens",
]
