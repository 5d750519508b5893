"""Reviews: whether the policies in force would still let in a connection that was let in before."""

from msgspec import Struct

from drawbridge.decision.permission import Lapsed
from drawbridge.status import Reason


class Lapse(Struct, frozen=True, kw_only=True):
    """What of a connection policies refuse for certain."""

    binding: str = ""
    resource_arn: str = ""
    """Of the association that they refuse; both are empty where it is the whole request."""
    lapsed: Lapsed

    @property
    def key(self) -> tuple[str, str]:
        """Return what it is of: the binding and the resource's ARN."""
        return self.binding, self.resource_arn


class Review(Struct, frozen=True):
    """The effect of a change of policies or registry on a connection."""

    permitted: bool
    """Whether it would be let in, and each of its resources associated, now as well."""
    reasons: tuple[Reason, ...] = ()
    """Why it would not."""
    lapses: tuple[Lapse, ...] = ()
    """What is to be taken down for that: nothing for an unknown fact."""
    undecided: tuple[tuple[str, str], ...] = ()
    """Of what it is not known whether it is refused for certain: bindings and resources' ARNs, both empty for all."""


class ReviewOpen(Struct, frozen=True):
    """A review without a result: facts that it needs were not kept. Nothing is announced."""

    because: str
