"""Whether what is connected would be let in now, is refused for certain, or neither is known.

What is unknown counts against whoever asks to be let in; it never takes down what is connected.
"""

from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from drawbridge.bounds import shortened
from drawbridge.decision import Because
from drawbridge.request.announced import Announced, period


class Permitted(Struct, frozen=True):
    """It would be let in; or a person would be asked, and one approved it before."""


class PermissionUnknown(Struct, frozen=True):
    """It would not be let in, but could be if more were known, or if every statement could be evaluated."""

    because: Because


class Lapsed(Struct, frozen=True, kw_only=True):
    """It is refused, whatever is unknown of it."""

    because: Because
    urgent: bool
    """Whether an urgent forbid stands against it."""
    forbidden: bool
    """Whether a forbid stands against it: not only does nothing permit it."""
    stated: bool = False
    """Whether one does that goes by no fact that may change by itself: somebody wrote it against just this."""


Permission = Permitted | PermissionUnknown | Lapsed


_MOST_REASONS = 5
_REASON_BYTES = 500
"""Of one mark: whatever it was for has all of them besides."""


def mark_of(
    lapsed: Lapsed,
    before: Announced | None,
    now: datetime,
    wait: timedelta,
    *,
    binding: str = "",
    resource_arn: str = "",
) -> Announced:
    """Return the mark of what is refused: one that stands keeps its time, unless a forbid has become urgent."""
    since, withdraw_after = period(before, now, wait, at_once=lapsed.urgent)
    return Announced(
        binding=binding,
        resource_arn=resource_arn,
        since=since,
        withdraw_after=withdraw_after,
        forbidden=lapsed.stated,
        confirmed=before.confirmed if before else False,
        reasons=tuple(
            replace(reason, text=shortened(reason.text, _REASON_BYTES)) for reason in lapsed.because[:_MOST_REASONS]
        ),
    )
