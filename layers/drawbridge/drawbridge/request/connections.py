"""Endpoint connections as EC2 lists them to the owner of the endpoint service."""

from enum import StrEnum
from typing import Self

from msgspec import Struct


class ConnectionState(StrEnum):
    """A connection's state, in the one spelling that we use.

    AWS's differ: the model says ``PendingAcceptance``, the service answers ``pendingAcceptance`` for interface
    endpoints, and filters want that too.
    """

    PENDING_ACCEPTANCE = "pendingacceptance"
    PENDING = "pending"
    AVAILABLE = "available"
    PARTIAL = "partial"
    REJECTED = "rejected"
    EXPIRED = "expired"
    FAILED = "failed"
    DELETING = "deleting"
    DELETED = "deleted"
    UNKNOWN = "unknown"
    """One that did not exist when this was written."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read AWS's spelling, whichever it is."""
        try:
            return cls(text.lower())
        except ValueError:
            return cls("unknown")

    @property
    def is_open(self) -> bool:
        """Whether there is something to decide or to look after."""
        return self in {self.PENDING_ACCEPTANCE, self.PENDING, self.AVAILABLE, self.PARTIAL}


class Connection(Struct, frozen=True, kw_only=True):
    """A consumer's endpoint, connected or wanting to be, with a service of ours."""

    service_id: str
    endpoint_id: str
    owner: str
    """Told by AWS, and to be trusted; tags and names are not."""
    state: ConnectionState
    region: str
    dns_names: tuple[tuple[str, str], ...] = ()
    """Names with the ids of their hosted zones; the Regional one comes first, then one for each zone."""


class ManagedService(Struct, frozen=True, kw_only=True):
    """An endpoint service that Drawbridge looks after."""

    service_id: str
    tags: dict[str, str]
