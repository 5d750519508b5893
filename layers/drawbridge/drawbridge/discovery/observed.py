"""A request as a sweep observes it: what AWS lists, and fingerprints of what else its outcome could depend on."""

from msgspec import Struct

from drawbridge.association.made import Made
from drawbridge.association.plan_inputs import Inputs
from drawbridge.request import Request
from drawbridge.request.shares import SharedResource


class Seen(Struct, frozen=True, kw_only=True):
    """A request as AWS lists it right now."""

    request: Request
    account_id: str
    """Who asks, as AWS reports it."""
    state: str
    """A digest of all that AWS lists of it and that its outcome could depend on."""
    wanted: str
    """A digest of the bindings that could want something of it."""
    share_name: str = ""
    """A share's; may be empty."""
    matched: str = ""
    """A digest of the bindings that match something of what it is known to hold; empty if that was not looked at."""
    permitted: str
    """A digest of the policies in force, of what the registry knows of the account, and of how many connections it has
    if a policy goes by that."""
    under: str
    """A digest of the policies and the registry's entry alone: what a connection that was let in is reviewed under."""
    held: tuple[SharedResource, ...] = ()
    """What a share in effect holds of VPC Lattice's."""
    contents: tuple[SharedResource, ...] = ()
    """All that a share in effect holds, whatever the service."""
    inputs: Inputs | None = None
    """What else a plan of it would rest on now; ``None`` if that was not looked at, or is not known."""
    left: tuple[Made, ...] | None = None
    """What is left behind of what the row tells of; ``None`` if that was not looked at."""
    drift: str = ""
    """A digest of what is not any longer as it was left; empty if everything is."""
    open: bool
    """Whether there is something to decide or to look after; a request that is over is only followed up."""
