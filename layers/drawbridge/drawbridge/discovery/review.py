"""Reviews: whether the policies in force would still let in a connection that was let in before."""

from msgspec import Struct

from drawbridge.status import Reason


class Review(Struct, frozen=True):
    """The effect of a change of policies or registry on a connection. It is announced; nothing is taken down."""

    permitted: bool
    """Whether it would be let in, and each of its resources associated, now as well."""
    reasons: tuple[Reason, ...] = ()
    """Why it would not."""


class ReviewOpen(Struct, frozen=True):
    """A review without a result: facts that it needs were not kept. Nothing is announced."""

    because: str
