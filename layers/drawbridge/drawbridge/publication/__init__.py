"""Publication: the name that resolves goes to Parameter Store, where applications read it."""

import msgspec
from msgspec import Struct

from drawbridge.association import MadeAttachment
from drawbridge.lattice import ResourceKind


class PointedRecord(Struct, frozen=True, kw_only=True, rename="camel"):
    """A record of ours in a hosted zone, and where it leads."""

    zone_id: str
    name: str
    dns_name: str


class AttachmentSnapshot(Struct, frozen=True, kw_only=True, rename="camel"):
    """How one association was left; kept in the ledger."""

    name: str
    resource_arn: str
    resource_kind: ResourceKind
    holds_others: bool
    made: MadeAttachment = msgspec.field(name="by")
    observed_fingerprint: str = msgspec.field(name="state")
    """A fingerprint of what AWS listed of it; empty if nobody knows how it was left."""
    records: tuple[PointedRecord, ...] = ()

    @property
    def binding(self) -> str:
        """Return the binding that it was made for: the first part of its name."""
        return self.name.partition("/")[0]


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
    attachment: AttachmentSnapshot | None = msgspec.field(default=None, name="way")
    """How a shared resource's association was left."""
    omitted: int = msgspec.field(default=0, name="untold")
    """How many parameters were written as well, and that there was no room for."""
