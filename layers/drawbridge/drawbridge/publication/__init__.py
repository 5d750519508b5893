"""Publication: the name that resolves goes to Parameter Store, where applications read it."""

from msgspec import Struct

from drawbridge.association import Associated
from drawbridge.lattice import ResourceKind


class PointedRecord(Struct, frozen=True, kw_only=True, rename="camel"):
    """A record of ours in a hosted zone, and where it leads."""

    zone_id: str
    name: str
    dns_name: str


class Way(Struct, frozen=True, kw_only=True, rename="camel"):
    """What one association was left as; kept in the ledger."""

    name: str
    resource_arn: str
    resource_kind: ResourceKind
    holds_others: bool
    by: Associated
    state: str
    """A digest of what AWS listed of it."""
    records: tuple[PointedRecord, ...] = ()


class Publication(Struct, frozen=True, kw_only=True, rename="camel"):
    """What was published."""

    dns_name: str
    """Empty for an endpoint that has none."""
    parameters: tuple[str, ...]
    """By full name: the plain name first, if there is one, then the JSON beside it."""
    pending: tuple[str, ...] = ()
    """The ARNs of what is in a group and can't be used yet."""
    taken_back: tuple[str, ...] = ()
    """The parameters that were removed, of what is not in a group any longer."""
    way: Way | None = None
    """How a shared resource's association was left."""
    untold: int = 0
    """Parameters that were written as well, and that there was no room for."""
