"""Endpoint connections as EC2 lists them to the owner of the endpoint service."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Self

import msgspec
from msgspec import Struct

from drawbridge.request import is_attachment

MOST_ANSWERED = 25
"""Connections in one call to accept or reject: the API documents no maximum, and for attachments 50."""


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
    def is_live(self) -> bool:
        """Whether it is accepted and open."""
        return self.is_open and self is not ConnectionState.PENDING_ACCEPTANCE

    @property
    def is_over(self) -> bool:
        """Whether it has ended; of what nobody has heard of, that is not known."""
        return not self.is_open and self is not self.UNKNOWN

    @property
    def is_open(self) -> bool:
        """Whether there is something to decide or to maintain."""
        return self in {self.PENDING_ACCEPTANCE, self.PENDING, self.AVAILABLE, self.PARTIAL}


class LoadBalancer(StrEnum):
    """The load balancers behind an endpoint service, each by the type of the endpoints that lead to it."""

    NETWORK = "Interface"
    GATEWAY = "GatewayLoadBalancer"


TRANSIT_GATEWAY_ATTACHMENT = "TransitGatewayAttachment"
"""Stands among the types of endpoints for what is none, and connects all the same."""

NAMELESS_TYPES = frozenset({str(LoadBalancer.GATEWAY), TRANSIT_GATEWAY_ATTACHMENT})


class EndpointConnection(Struct, frozen=True, kw_only=True):
    """The connection of a consumer's endpoint to a service of ours, accepted or asked for."""

    service_id: str
    endpoint_id: str
    """Or the id of a transit gateway's attachment, which asks, and is answered, as an endpoint."""
    owner: str
    """Reported by AWS, and to be trusted; tags and names are not."""
    state: ConnectionState
    region: str
    """Of the endpoint; empty where AWS does not report it."""
    service_region: str = ""
    ip_address_type: str = ""
    """Of the endpoint: ipv4, ipv6 or dualstack; empty where AWS does not report it."""
    payer: str = ""
    """Who is charged for the endpoint, as AWS calls it; empty where AWS does not report it."""
    asked_at: datetime
    load_balancers: frozenset[LoadBalancer] = frozenset()
    """What it leads to; empty where AWS does not report it."""
    dns_names: tuple[tuple[str, str], ...] = ()
    """Names with the ids of their hosted zones; the Regional one comes first, then one for each zone."""


class ManagedService(Struct, frozen=True, kw_only=True):
    """An endpoint service that Drawbridge manages."""

    service_id: str
    tags: dict[str, str] | None
    """``None`` where AWS does not report it."""
    name: str = ""
    types: frozenset[str] = frozenset()
    """Of the endpoints that lead there; empty where AWS does not report it."""
    acceptance_required: bool | None = None
    """``None`` where AWS does not report it."""
    private_dns_name: str = ""


class ConnectionCounts(Struct, frozen=True):
    """How many connections an account has besides a given one."""

    total: int = msgspec.field(name="in_all")
    to_service: int
    """To the same service as the given one."""


NO_CONNECTIONS = ConnectionCounts(0, 0)


def endpoint_type(connection: EndpointConnection, types: frozenset[str] = frozenset()) -> str:
    """Return the endpoint's type, as AWS calls it, by what it leads to and by the ``types`` of its service.

    EC2 does not report it to the service's owner. Empty where it is unknown: if neither says it, or the two disagree.
    """
    if is_attachment(connection.endpoint_id):
        return TRANSIT_GATEWAY_ATTACHMENT
    by_balancer = {str(each) for each in connection.load_balancers}
    possible = by_balancer & types if by_balancer and types else by_balancer or types
    return next(iter(possible)) if len(possible) == 1 else ""


def has_no_names(connection: EndpointConnection) -> bool:
    """Return whether it is of a type that never has DNS names."""
    return endpoint_type(connection) in NAMELESS_TYPES


def count_other_connections(connection: EndpointConnection, listed: Iterable[EndpointConnection]) -> ConnectionCounts:
    """Count the other connections that its owner has, or asked for before this one.

    Endpoints count among endpoints, attachments among attachments: EC2 filters by the owner of endpoints alone, and a
    decision on one is not to wait for a listing of all that others have.
    Of those that nobody has decided on yet only the earlier ones count: each of several that ask at the same time has
    a number of its own then, so that no limit is passed by deciding on all of them at once.
    """
    others = [
        each
        for each in listed
        if each.owner == connection.owner
        and each.endpoint_id != connection.endpoint_id
        and is_attachment(each.endpoint_id) is is_attachment(connection.endpoint_id)
        and each.state.is_open
        and (each.state is not ConnectionState.PENDING_ACCEPTANCE or _turn(each) < _turn(connection))
    ]
    return ConnectionCounts(len(others), sum(each.service_id == connection.service_id for each in others))


def _turn(connection: EndpointConnection) -> tuple[datetime, str]:
    return connection.asked_at, connection.endpoint_id
