"""Service networks and VPC Lattice's services of all accounts: who owns them, and who sees them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from moto.vpclattice.models import vpclattice_backends

from local_aws.moto_extension.errors import AwsError
from local_aws.moto_extension.operations import ServiceCall
from local_aws.moto_extension.tables import table
from local_aws.services.lattice.store import by_kind, find
from local_aws.services.ram.shares import is_shared_with
from local_aws.time.clock import clock

NETWORK: Final = "SERVICE_NETWORK"
SERVICE: Final = "SERVICE"
ZONE: Final = "Z066783827Z5TWKVAMRM"
"""The hosted zone of Lattice's names, the same for all of them, as on AWS."""


@dataclass
class ServiceNetwork:
    """A service network. ``shareable`` is its ``sharingConfig``, which never changes."""

    id: str
    arn: str
    owner: str
    region: str
    name: str
    auth_type: str
    shareable: bool
    tags: dict[str, str]
    created: datetime = field(default_factory=clock.now)
    updated: datetime = field(default_factory=clock.now)


@dataclass
class Service:
    """A service of VPC Lattice; its listeners and rules are moto's."""

    id: str
    arn: str
    owner: str
    region: str
    name: str
    auth_type: str
    tags: dict[str, str]
    custom_domain: str | None = None
    certificate: str | None = None
    idle_timeout: int = 60
    status: str = "CREATE_IN_PROGRESS"
    failure: str | None = None
    created: datetime = field(default_factory=clock.now)
    updated: datetime = field(default_factory=clock.now)

    @property
    def dns_entry(self) -> dict[str, str]:
        name = f"{self.name}-{self.id.removeprefix('svc-')}.{mark(self.id)}.vpc-lattice-svcs.{self.region}.on.aws"
        return {"domainName": name, "hostedZoneId": ZONE}


networks = table()
services = table()
"""By id."""

by_kind["servicenetwork"] = networks
by_kind["service"] = services


attachments: Final[list[Callable[[ServiceNetwork], bool]]] = []
"""Tests for VPC endpoints to a network, which are kept in a layer above VPC Lattice."""

when_changed: Final[list[Callable[[ServiceNetwork], None]]] = []
"""Called after a change of a network's associations."""


def announce_change(network: ServiceNetwork) -> None:
    for follow in when_changed:
        follow(network)


def mark(identifier: str) -> str:
    """Return the seven digits before the service in a Lattice name."""
    return hashlib.sha256(identifier.encode()).hexdigest()[:7]


def keep(resource: ServiceNetwork | Service) -> None:
    """Keep it here and in moto, whose listeners, auth policies and log subscriptions look it up there."""
    backend = vpclattice_backends[resource.owner][resource.region]
    if isinstance(resource, ServiceNetwork):
        networks[resource.id] = backend.service_networks[resource.id] = resource
    else:
        services[resource.id] = backend.services[resource.id] = resource


def drop(resource: ServiceNetwork | Service) -> None:
    backend = vpclattice_backends[resource.owner][resource.region]
    if isinstance(resource, ServiceNetwork):
        networks.pop(resource.id, None)
        backend.service_networks.pop(resource.id, None)
    else:
        services.pop(resource.id, None)
        backend.services.pop(resource.id, None)


def sees(account_id: str, resource: ServiceNetwork | Service) -> bool:
    """Return whether the account owns it or it is shared with the account."""
    return resource.owner == account_id or is_shared_with(resource.arn, account_id)


def seen_network(call: ServiceCall, identifier: str, *, arn_if_foreign: bool = False) -> ServiceNetwork:
    """Return a network that the caller owns or that is shared with it.

    Args:
        call: the call.
        identifier: an id or an ARN.
        arn_if_foreign: whether another account's is found by ARN only, as for associations.

    Raises:
        AwsError: the caller sees no such network.
    """
    found: ServiceNetwork = _find(call, networks, identifier, NETWORK, arn_if_foreign=arn_if_foreign)
    return found


def seen_service(call: ServiceCall, identifier: str, *, arn_if_foreign: bool = False) -> Service:
    found: Service = _find(call, services, identifier, SERVICE, arn_if_foreign=arn_if_foreign)
    return found


def own_network(call: ServiceCall, identifier: str) -> ServiceNetwork:
    """Return a network of the caller's own.

    Raises:
        AwsError: not found, or access denied if it is only shared with the caller.
    """
    network = seen_network(call, identifier)
    _check_owner(call, network)
    return network


def own_service(call: ServiceCall, identifier: str) -> Service:
    service = seen_service(call, identifier)
    _check_owner(call, service)
    return service


def _check_owner(call: ServiceCall, resource: ServiceNetwork | Service) -> None:
    if resource.owner != call.account_id:
        raise AwsError("AccessDeniedException", f"{resource.arn} belongs to another account.")


def _find(call: ServiceCall, kept: dict[Any, Any], identifier: str, kind: str, *, arn_if_foreign: bool) -> Any:
    any_name = not arn_if_foreign or ":" in identifier

    def seen(found: ServiceNetwork | Service) -> bool:
        return sees(call.account_id, found) and (any_name or found.owner == call.account_id)

    return find(call, kept, identifier, kind, seen)
