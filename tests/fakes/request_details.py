"""What a decision is made on, in memory; AWS tells it to ``aws.resource_shares`` and ``aws.endpoint_services``."""

from __future__ import annotations

from drawbridge.decision.facts import OrganizationPlace
from drawbridge.errors import GoneError
from drawbridge.request import is_attachment
from drawbridge.request.connections import EndpointConnection, ManagedService
from drawbridge.request.shares import Invitation, Share, SharedResource
from tests.builders import SERVICE_ID, shared_resource


class InMemoryShareDetails:
    """One share: whether it is in effect, the invitation to it, and what it holds, or why that is not shown."""

    def __init__(self) -> None:
        self.invitation: Invitation | None = None
        self.in_effect: Share | None = None
        self.contents: list[SharedResource] | Exception = [shared_resource()]

    def newest_invitation(self, share_arn: str) -> Invitation | None:
        return self.invitation

    def share(self, share_arn: str) -> Share | None:
        return self.in_effect

    def contents_of_invitation(self, invitation_arn: str) -> list[SharedResource]:
        if isinstance(self.contents, Exception):
            raise self.contents
        return self.contents

    def contents_of_share(self, share_arn: str) -> list[SharedResource]:
        return self.contents_of_invitation("")


class InMemoryConnectionDetails:
    """One service, and the connections to all services of this account."""

    def __init__(self, *listed: EndpointConnection) -> None:
        self.listed = [*listed]
        self.service: ManagedService | None = ManagedService(
            service_id=SERVICE_ID, tags={"tier": "gold"}, name="its name", private_dns_name="api.example.com"
        )

    def managed_service(self, service_id: str) -> ManagedService | None:
        return self.service

    def connection(self, service_id: str, endpoint_id: str) -> EndpointConnection:
        found = [each for each in self.listed if each.endpoint_id == endpoint_id]
        if not found:
            raise GoneError(f"no connection of {endpoint_id} to {service_id} is listed")
        return found[0]

    def of_owner(self, account_id: str) -> list[EndpointConnection]:
        return [each for each in self.listed if each.owner == account_id and not is_attachment(each.endpoint_id)]

    def attachments_of(self, account_id: str) -> list[EndpointConnection]:
        return [each for each in self.listed if each.owner == account_id and is_attachment(each.endpoint_id)]


class InMemoryOrganizationPlaces:
    """An organization that knows every account by a name."""

    def place_of(self, account_id: str) -> OrganizationPlace:
        return OrganizationPlace(name=f"name of {account_id}")
