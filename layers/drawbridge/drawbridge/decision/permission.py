"""Whether what is connected would be let in now, is refused for certain, or neither is known.

What is unknown counts against whoever asks to be let in; it never takes down what is connected.
"""

from msgspec import Struct

from drawbridge.decision import Because


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
