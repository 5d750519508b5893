"""A request as a sweep observes it: what AWS lists, and fingerprints of what else its outcome could depend on."""

from msgspec import Struct

from drawbridge.association.owned_object import OwnedObject
from drawbridge.association.plan_inputs import PlanInputs
from drawbridge.request import Request
from drawbridge.request.shares import SharedResource


class ObservedRequest(Struct, frozen=True, kw_only=True):
    """A request as AWS lists it right now."""

    request: Request
    account_id: str
    """Who asks, as AWS reports it."""
    observed_fingerprint: str
    """A fingerprint of all that AWS lists of it and that its outcome could depend on."""
    bindings_fingerprint: str
    """A fingerprint of the bindings that could want something of it."""
    share_name: str = ""
    """A share's; may be empty."""
    matching_bindings_fingerprint: str = ""
    """Of those of them that match something of what it is known to hold; empty if that was not compared."""
    decision_fingerprint: str
    """Of the policies in force, of what the registry knows of the account, and of how many connections it has
    if a policy goes by that."""
    policies_fingerprint: str
    """Of the policies and the registry's entry alone: what a connection that was let in is reviewed under."""
    lattice_contents: tuple[SharedResource, ...] = ()
    """What a share in effect holds of VPC Lattice's."""
    contents: tuple[SharedResource, ...] = ()
    """All that a share in effect holds, whatever the service."""
    inputs: PlanInputs | None = None
    """What else a plan of it would rest on now; ``None`` if that was not looked at, or is not known."""
    left_behind: tuple[OwnedObject, ...] | None = None
    """What is left behind of what the row tells of; ``None`` if that was not looked at."""
    drift_fingerprint: str = ""
    """A fingerprint of what is not any longer as it was left; empty if everything is."""
    open: bool
    """Whether there is something to decide or to look after; a request that is over is only followed up."""
