"""The gatherer of facts, for the functions and for the command line."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from drawbridge.aws.consumers_table import ConsumersTable
from drawbridge.aws.endpoint_services import EndpointServices
from drawbridge.aws.organization import Organization
from drawbridge.aws.resource_shares import ResourceShares
from drawbridge.bootstrap.clients import client, organizations_through, table
from drawbridge.decision.facts import Consumer
from drawbridge.decision.gather import ConsumerRegistry, Gatherer
from drawbridge.environment import Environment

if TYPE_CHECKING:
    from mypy_boto3_organizations import OrganizationsClient


def gatherer(environment: Environment) -> Gatherer:
    return gatherer_with(
        client,
        ConsumersTable(table(environment.consumers_table)),
        services=environment.managed_services,
        role=environment.organizations_role,
        role_account=environment.organizations_account,
    )


class Reads(Struct, frozen=True):
    """Where the facts of many requests are read."""

    shares: ResourceShares
    connections: EndpointServices
    organization: Organization
    registry: ConsumersTable

    def consumers(self, account_ids: Collection[str]) -> Mapping[str, Consumer]:
        return self.registry.consumers(account_ids)


def batch_reads(environment: Environment) -> Reads:
    """Return where the facts of many requests are read; what is known of our organization is kept in it."""
    return Reads(
        ResourceShares(client("ram")),
        EndpointServices(client("ec2"), listed=environment.managed_services),
        _organization(client, role=environment.organizations_role, role_account=environment.organizations_account),
        ConsumersTable(table(environment.consumers_table)),
    )


def gatherer_with(
    clients: Callable[[str], Any],
    registry: ConsumerRegistry,
    *,
    services: frozenset[str],
    role: str,
    role_account: str,
) -> Gatherer:
    """Return a gatherer with these clients; ``role`` is the one that may ask Organizations, empty for none."""
    return Gatherer(
        ResourceShares(clients("ram")),
        EndpointServices(clients("ec2"), listed=services),
        _organization(clients, role=role, role_account=role_account),
        registry,
    )


def _organization(clients: Callable[[str], Any], *, role: str, role_account: str) -> Organization:
    def administrator(management_account: str) -> OrganizationsClient:
        return organizations_through(role, role_account or management_account, sts=clients("sts"))

    return Organization(clients("organizations"), administrator if role else None, lambda: datetime.now(UTC))
