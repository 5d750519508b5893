"""Whether what requests are about, and what shares hold, is there still: asked for by its id."""

from __future__ import annotations

from typing import assert_never

from drawbridge.aws.endpoint_services import EndpointServices
from drawbridge.aws.lattice_entities import LatticeEntities
from drawbridge.aws.resource_shares import ResourceShares
from drawbridge.request import EndpointConnectionRequest, Request, ResourceShareRequest
from drawbridge.request.absence import Existence


class SubjectExistence:
    """Asks the service whose thing it is. An empty answer never says that something is gone."""

    def __init__(self, shares: ResourceShares, entities: LatticeEntities, services: EndpointServices) -> None:
        self._shares = shares
        self._entities = entities
        self._services = services

    def existence(self, request: Request) -> Existence:
        """Return whether the share is in effect, or the connection open."""
        match request:
            case ResourceShareRequest(share_arn=share_arn):
                return self._shares.existence(share_arn)
            case EndpointConnectionRequest(service_id=service_id, endpoint_id=endpoint_id):
                return self._services.existence(service_id, endpoint_id)
            case _:
                assert_never(request)

    def existence_of_resource(self, arn: str) -> Existence:
        """Return whether any share in effect holds the resource, and where none is listed, what VPC Lattice says."""
        if self._shares.holds(arn):
            return Existence.PRESENT
        # What is not shared any longer is denied, what was deleted is not found.
        return Existence.GONE if self._entities.entity(arn) is None else Existence.UNKNOWN
