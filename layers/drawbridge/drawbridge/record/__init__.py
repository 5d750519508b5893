"""Record: the status that a request reaches, for the ledger and for the bus."""

from msgspec import Struct

from drawbridge.status import Reason, Status


class Outcome(Struct, frozen=True, kw_only=True):
    """A status that a request reaches, why, and whether the attempt ends there."""

    status: Status
    reasons: tuple[Reason, ...]
    settled: bool
    published: tuple[str, ...] = ()
    """The parameters that hold the names, by their full names."""
    seen: str = ""
    """A digest of what AWS lists now, where the attempt itself changed that: accepting a share does."""
