"""The gatherer of facts, for the functions and for the command line."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from drawbridge.aws.consumers_table import ConsumersTable
from drawbridge.aws.endpoint_services import EndpointServices
from drawbridge.aws.organization import Organization
from drawbridge.aws.resource_shares import ResourceShares
from drawbridge.bootstrap.clients import client, organizations_through, table
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


def gatherer_with(
    clients: Callable[[str], Any],
    registry: ConsumerRegistry,
    *,
    services: frozenset[str],
    role: str,
    role_account: str,
) -> Gatherer:
    """Return a gatherer with these clients; ``role`` is the one that may ask Organizations, empty for none."""

    def administrator(management_account: str) -> OrganizationsClient:
        return organizations_through(role, role_account or management_account, sts=clients("sts"))

    return Gatherer(
        ResourceShares(clients("ram")),
        EndpointServices(clients("ec2"), listed=services),
        Organization(clients("organizations"), administrator if role else None, lambda: datetime.now(UTC)),
        registry,
    )
