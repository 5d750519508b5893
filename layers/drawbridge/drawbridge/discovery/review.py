"""Reviews: what the policies in force would make of a connection that was let in before they were in force."""

from msgspec import Struct

from drawbridge.status import Reason


class Review(Struct, frozen=True):
    """What a change of policies, or of the registry, comes to for a connection. It is told; nothing is taken down."""

    permitted: bool
    """Whether it would be let in, and each of its resources associated, now as well."""
    reasons: tuple[Reason, ...] = ()
    """If not: why not."""


class ReviewOpen(Struct, frozen=True):
    """It is not known what a change comes to: what there was no room for is unknown, and nothing is told of it."""

    because: str
