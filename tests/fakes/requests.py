"""What other accounts ask for, in memory; ``aws.resource_shares`` and ``aws.endpoint_services`` have AWS list it."""

from __future__ import annotations

from collections.abc import Collection

from drawbridge.request.connections import EndpointConnection, ManagedService
from drawbridge.request.shares import Invitation, Share, SharedResource
from tests.builders import SERVICE_ID
from tests.fakes.interruptions import Interruptions


class InMemorySweptShares:
    """What other accounts share with this one."""

    def __init__(self, interruptions: Interruptions | None = None) -> None:
        self._interruptions = interruptions or Interruptions()
        self.listed_invitations: list[Invitation] = []
        self.listed_shares: list[Share] = []
        self.listed_resources: list[SharedResource] = []

    def invitations(self) -> list[Invitation]:
        self._interruptions.before_call("invitations")
        return self.listed_invitations

    def shares(self) -> list[Share]:
        return self.listed_shares

    def resources(self) -> list[SharedResource]:
        return self.listed_resources


class InMemorySweptServices:
    """One managed endpoint service, the connections to this account's services, and its connection notification."""

    def __init__(self, interruptions: Interruptions | None = None) -> None:
        self._interruptions = interruptions or Interruptions()
        self.listed_connections: list[EndpointConnection] = []
        self.notified: list[str] = []

    def managed(self) -> list[ManagedService]:
        self._interruptions.before_call("managed")
        return [ManagedService(service_id=SERVICE_ID, tags={})]

    def connections(self) -> list[EndpointConnection]:
        return self.listed_connections

    def without_notification(self, service_ids: Collection[str]) -> list[str]:
        return sorted(set(service_ids) - set(self.notified))

    def create_connection_notification(self, service_id: str) -> None:
        self._interruptions.before_call("notify")
        if service_id not in self.notified:
            self.notified.append(service_id)
