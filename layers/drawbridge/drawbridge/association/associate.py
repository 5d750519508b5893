"""Associating: one shared resource is made reachable in one VPC."""

import hashlib
from enum import StrEnum
from typing import Protocol, assert_never

from msgspec import Struct

from drawbridge.association import Endpoint, WantedAssociation
from drawbridge.errors import AssociationFailedError, NotReadyError


class EndpointState(StrEnum):
    """The state of a VPC endpoint, as far as it matters here; AWS's spellings differ by endpoint type."""

    PENDING = "pending"
    AVAILABLE = "available"
    PARTIAL = "partial"
    FAILED = "failed"
    OVER = "over"
    """Deleting, deleted, rejected, expired: it will not be usable again."""


class ResourceEndpoint(Struct, frozen=True, kw_only=True):
    """A VPC endpoint of type Resource."""

    endpoint_id: str
    state: EndpointState
    security_group_ids: frozenset[str] = frozenset()
    failure: str = ""


class Endpoints(Protocol):
    """The VPC endpoints of this account."""

    def find(self, wanted: WantedAssociation) -> list[ResourceEndpoint]:
        """Give the endpoints that Drawbridge made for this binding, resource and VPC, oldest first."""
        ...

    def create(self, wanted: WantedAssociation, client_token: str) -> ResourceEndpoint:
        """Make the endpoint, tagged so that ``find`` finds it; the same token gives the same endpoint."""
        ...

    def change_groups(self, endpoint_id: str, *, add: frozenset[str], remove: frozenset[str]) -> None:
        """Give the endpoint security groups, and take others."""
        ...


def associate(wanted: WantedAssociation, endpoints: Endpoints, *, attempt: int) -> Endpoint:
    """See to it that the resource has its endpoint, and that it is available.

    Repeating it makes nothing twice: what exists is found by its tags, and until it shows there, the client token
    keeps AWS from making another.

    Raises:
        NotReadyError: the endpoint is on its way.
        AssociationFailedError: AWS gave up on it.
    """
    usable = [endpoint for endpoint in endpoints.find(wanted) if endpoint.state is not EndpointState.OVER]
    endpoint = usable[0] if usable else endpoints.create(wanted, client_token(wanted, attempt))
    match endpoint.state:
        case EndpointState.AVAILABLE | EndpointState.PARTIAL:
            groups = frozenset(wanted.security_group_ids)
            if groups and groups != endpoint.security_group_ids:
                there = endpoint.security_group_ids
                endpoints.change_groups(endpoint.endpoint_id, add=groups - there, remove=there - groups)
            return Endpoint(endpoint_id=endpoint.endpoint_id)
        case EndpointState.PENDING:
            raise NotReadyError(f"{endpoint.endpoint_id} is not available yet")
        case EndpointState.FAILED | EndpointState.OVER:
            raise AssociationFailedError(
                f"{endpoint.endpoint_id} is {endpoint.state}: {endpoint.failure or 'AWS gives no reason'}; "
                "see to the cause, then delete the endpoint"
            )
        case _:
            assert_never(endpoint.state)


def client_token(wanted: WantedAssociation, attempt: int) -> str:
    """Give the token that names the endpoint to AWS: at most 64 characters.

    It holds all that the endpoint is made with, because AWS refuses a token that comes back with something else; and
    the attempt, because a token whose endpoint was deleted gives the deleted endpoint.
    """
    made_of = "\n".join(
        (
            wanted.binding,
            wanted.resource_arn,
            wanted.mode,
            wanted.vpc_id,
            *wanted.subnet_ids,
            *wanted.security_group_ids,
            wanted.private_dns,
            str(attempt),
        )
    )
    return hashlib.sha256(made_of.encode()).hexdigest()
