"""The connections to endpoint services by their endpoints, in memory; ``aws.endpoint_services`` lists them in AWS."""

from __future__ import annotations

from collections.abc import Collection

from drawbridge.request.connections import EndpointConnection


class InMemoryListedConnections:
    """Connections, and how often they were listed."""

    def __init__(self, *there: EndpointConnection) -> None:
        self.there = [*there]
        self.listings = 0

    def listed(self, endpoint_ids: Collection[str]) -> list[EndpointConnection]:
        self.listings += 1
        return [each for each in self.there if each.endpoint_id in endpoint_ids]
