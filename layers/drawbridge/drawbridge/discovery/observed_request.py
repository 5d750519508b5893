"""A request as a sweep observes it: what AWS lists, and fingerprints of what else its outcome could depend on."""

from datetime import datetime

from msgspec import Struct

from drawbridge.association.plan_inputs import PlanInputs
from drawbridge.request import Request
from drawbridge.request.fingerprints import GONE_FINGERPRINT
from drawbridge.request.shares import SharedResource
from drawbridge.status import Reason


class ObservedRequest(Struct, frozen=True, kw_only=True):
    """A request as AWS lists it right now."""

    request: Request
    account_id: str
    """The requester, as AWS reports it."""
    observed_fingerprint: str
    """A fingerprint of all that AWS lists of it and its outcome could depend on."""
    bindings_fingerprint: str
    """A fingerprint of the bindings that could match something of it."""
    share_name: str = ""
    """Empty for a connection, and for a share whose name is not known."""
    matching_bindings_fingerprint: str = ""
    """A fingerprint of those that match something that it is known to hold; empty if that was not computed."""
    decision_fingerprint: str
    """A fingerprint of the policies in force, of the account's entry in the registry, and, if a policy refers to it, of
    how many connections the account has."""
    policies_fingerprint: str
    """A fingerprint of the policies and the entry alone, under which a connection that was let in is reviewed."""
    lattice_contents: tuple[SharedResource, ...] = ()
    """The VPC Lattice resources that a share in effect holds."""
    contents: tuple[SharedResource, ...] = ()
    """All that a share in effect holds, whatever the service."""
    inputs: PlanInputs | None = None
    """What else a plan of it would rest on now; ``None`` if that was not observed."""
    drift_fingerprint: str = ""
    """A fingerprint of the drift; empty if there is none."""
    deadline: datetime | None = None
    """When the invitation to it expires, in UTC and whole seconds; ``None`` if there is none to answer.

    The earlier deadline where it depends on what the invitation offers, which a sweep does not ask for.
    """
    cause: Reason | None = None
    """Why it gets another attempt, and by which hints it was looked at: for its history, nothing goes by it."""
    open: bool
    """Whether there is something to decide or to maintain; of a request that is over, only the end is recorded."""

    @property
    def is_gone(self) -> bool:
        """Whether AWS does not list it any longer."""
        return self.observed_fingerprint == GONE_FINGERPRINT
