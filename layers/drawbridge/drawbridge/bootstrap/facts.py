"""What gathering facts works with, wherever they are gathered."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from drawbridge.aws.consumers import Consumers
from drawbridge.aws.endpoint_services import EndpointServices
from drawbridge.aws.organization import Organization
from drawbridge.aws.resource_shares import ResourceShares
from drawbridge.bootstrap.clients import client, organizations_through, table
from drawbridge.decision.gather import Gatherer
from drawbridge.environment import Environment

if TYPE_CHECKING:
    from mypy_boto3_organizations import OrganizationsClient


def gatherer(environment: Environment) -> Gatherer:
    role = environment.organizations_role

    def administrator(management_account: str) -> OrganizationsClient:
        return organizations_through(role, environment.organizations_account or management_account)

    return Gatherer(
        ResourceShares(client("ram")),
        EndpointServices(client("ec2"), region=environment.region, listed=environment.managed_services),
        Organization(client("organizations"), administrator if role else None, lambda: datetime.now(UTC)),
        Consumers(table(environment.consumers_table)),
    )
